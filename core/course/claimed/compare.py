"""What lesson 7 states or asks: what each technique gains at its best, what two do to each other, who is too sure."""

from __future__ import annotations

from collections.abc import Callable

from core.config import SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claim import Claim, Comparison, across
from core.course.claims import TEST_BEST, Difference, compare_two, paired_difference
from core.course.grid import STRENGTHS, TEST, Place, chosen
from core.course.minima import ACCURACY, CONFIDENCE
from core.course.over_seeds import measured, runs_at
from core.course.together import BATCH_NORM_DROPOUT, LOSS_ANEW, LOSS_AS_TRAINED, variance_shifts
from core.results.calibration import Calibration, CalibrationSpec
from core.techniques import PLAIN, Technique

LESSON = "compare"
HERE = Place()
"""The small and noisy setting."""


def _difference(first: Callable[[], tuple], second: Callable[[], tuple]) -> Callable[[], Difference | None]:
    def difference() -> Difference | None:
        one, other = first(), second()
        return paired_difference(one, other) if one and len(one) == len(other) else None

    return difference


def _at_best(technique: Technique, at: Place) -> Callable[[], tuple[float, ...]]:
    """Its test accuracies at the strength that validation chose, none where a run is missing."""
    return lambda: way.accuracies if (way := chosen(technique, at)) else ()


def at_best(of: Technique, against: Technique, at: Place = HERE) -> Comparison:
    """Test accuracies at a place of the grid, each technique at the best of its strengths."""
    difference = _difference(_at_best(against, at), _at_best(of, at))
    return Comparison(TEST, of.name, against.name, f"{at.in_words}, each at its best", difference)


def against_stopped(of: Technique) -> Comparison:
    """The same against the plain network stopped early, in the small and noisy setting."""
    difference = _difference(lambda: tuple(map(TEST_BEST.of, runs_at(HERE.plain))), _at_best(of, HERE))
    return Comparison(TEST, of.name, f"{PLAIN.name}, stopped early", f"{HERE.in_words}, at its best", difference)


GAINS = {
    technique: Claim(
        f"{technique.name} at its best",
        LESSON,
        f"On few noisy images, {technique.name} at the strength that validation chose raises the test accuracy.",
        f"{LESSON}/first",
        at_best(technique, PLAIN),
        "higher",
    )
    for technique in STRENGTHS
    if technique is not PLAIN
}


def calibrations(config: RunConfig) -> list[Calibration]:
    return measured(map(CalibrationSpec, seeds_of(config)))


TOO_SURE = Claim(
    "the plain network is too sure",
    LESSON,
    "On few noisy images, the plain network's mean confidence is higher than its accuracy.",
    f"{LESSON}/calibration",
    across(ACCURACY, SMALL_AND_NOISY, CONFIDENCE, SMALL_AND_NOISY, calibrations, names=("confidence", "accuracy")),
    "higher",
)


def _shift_costs() -> Difference | None:
    found = variance_shifts(0.5)
    return compare_two(LOSS_ANEW, found, LOSS_AS_TRAINED, found)


VARIANCE_SHIFT = Claim(
    "dropout before batch norm",
    LESSON,
    "With dropout before batch norm, the variance that batch norm keeps is wrong in evaluation mode, and this raises "
    "the test loss.",
    f"{LESSON}/at-once",
    Comparison(
        LOSS_AS_TRAINED,
        "statistics of training",
        "measured anew",
        f"{HERE.in_words}, {BATCH_NORM_DROPOUT.name}, p = 0.5",
        _shift_costs,
    ),
    "higher",
)
