"""Lesson 7: which regularizer, and when? Its runs, what is measured of them, every technique against any other, its
questions, fault and typed code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course import minima, together, watched
from core.course.claims import (
    LAST_ACCURACY,
    LAST_LOSS,
    LOSS_GAP,
    MEMORISED,
    Difference,
    Measure,
    NotStored,
    compare,
    percent,
    spread,
)
from core.course.family import Family
from core.course.faults import Fault
from core.course.grid import (
    OVER_WRONG_LABELS,
    TEST,
    Place,
    averaged_of,
    candidates,
    chosen,
    gains,
    grid_runs,
    points,
)
from core.course.over_seeds import measured, runs_at, surfaces_of
from core.course.pictures import MISSING, Panel, Picture
from core.course.questions import Choice, Curve, Drawing, Option, question
from core.course.strengths import at_strength
from core.figures.compare import dots_figure
from core.maths.comparisons import LEVEL
from core.results.between import BetweenSpec
from core.results.calibration import Calibration, CalibrationSpec
from core.results.library import stored_runs
from core.results.measurement import Spec
from core.results.probe import ProbeSpec
from core.results.sharpness import SharpnessSpec
from core.results.surface import SurfaceSpec
from core.results.weight_sizes import WeightSizes, WeightSizesSpec
from core.techniques import DROPOUT, L1, L2, MAX_NORM, PLAIN, TECHNIQUES, Technique
from core.typed_code.arguments import Array
from core.typed_code.exercises import Accepted, ByValue, Exercise, mistakes, variable

NUMBER = 7
"""Of the lesson in the course."""
PLANS = {
    15: ("first", "when", "same-axes"),
    45: (
        "first",
        "when",
        "same-axes",
        "numbers",
        "at-once",
        "find-the-fault",
        "fill-in-the-code",
        "check-yourself",
        "now-you-can",
    ),
}
"""Minutes → the steps that fill them, by their names in the address."""
WITH_WEIGHTS: frozenset[RunConfig] = frozenset()
"""No run of this lesson is shipped with its weights."""


@cache
def networks(base: RunConfig) -> dict[str, RunConfig]:
    """Technique → the network of a setting with it, at the strength that the course speaks of there."""
    return {technique.name: technique.in_setting(base) for technique in TECHNIQUES}


def setting_in_words(base: RunConfig) -> str:
    """What a network of a setting is measured on, and with which strength of each technique: in sentences."""
    strengths = [f"{t.name} {at_strength(t, t.strength_for(base))}" for t in TECHNIQUES if t.strength]
    return (
        f"Measured on {base.held_out} images. Each technique has the strength that its lesson speaks of here: "
        f"{', '.join(strengths)}."
    )


def runs() -> set[RunConfig]:
    """Every run of the grid, and every technique in both settings over all seeds."""
    settings = (FULL, SMALL_AND_NOISY)
    alone = {run for base in settings for config in networks(base).values() for run in seeds_of(config)}
    return grid_runs() | alone | together.runs()


def measurements() -> list[BetweenSpec]:
    """What lies between the networks of two seeds."""
    return minima.measurements()


def measurements_of(run: RunConfig) -> list[Spec]:
    """What is told of a network that stands on the same axes as others, of the averaged weights of a plain training,
    and of two techniques together; the trainings that are followed or watched."""
    found: list[Spec] = [*averaged_of(run), *together.measurements_of(run), *minima.measurements_of(run)]
    found += watched.measurements_of(run)
    setting = next((base for base in (FULL, SMALL_AND_NOISY) if replace(run, seed=0) in networks(base).values()), None)
    if setting and run.seed < SEEDS_MEASURED[setting]:
        found += [CalibrationSpec(run), WeightSizesSpec(run), SharpnessSpec(run)]
        found += surfaces_of_seed(run) + ([] if run.dropout else [ProbeSpec(run)])
    return found


def surfaces_of_seed(run: RunConfig) -> list[SurfaceSpec]:
    """The surfaces that stand side by side: of the first seed, at one range, along every pair of directions."""
    return [spec for spec in surfaces_of(run) if spec.radius == RADIUS] if run.seed == 0 else []


SEEDS_MEASURED = {FULL: 3, SMALL_AND_NOISY: 5}
"""Setting → over how many seeds calibration, sizes of weights and sharpness are measured."""
RADIUS = 1.0
"""The range of the surfaces that stand side by side: each unit's weights move by their own length."""


@dataclass(frozen=True)
class Told:
    """A number that is told of every technique, and where its results over seeds are found."""

    measure: Measure
    results_at: Callable[[RunConfig], list]


def _calibrations(config: RunConfig) -> list[Calibration]:
    return measured(CalibrationSpec(run) for run in seeds_of(config))


def _weight_sizes(config: RunConfig) -> list[WeightSizes]:
    return measured(WeightSizesSpec(run) for run in seeds_of(config))


MEASURES: dict[str, Told] = {
    "Accuracy": Told(LAST_ACCURACY, runs_at),
    "Loss": Told(LAST_LOSS, runs_at),
    "Gap": Told(LOSS_GAP, runs_at),
    "Wrong labels reproduced": Told(MEMORISED, runs_at),
    "Calibration error": Told(minima.CALIBRATION_ERROR, _calibrations),
    "Length of all weights": Told(Measure("length of all weights", lambda w: w.norm), _weight_sizes),
    "Sum of |w|": Told(Measure("sum of |w|", lambda w: w.l1_norm, digits=0), _weight_sizes),
    "Weights up to 0.001": Told(Measure("weights up to 0.001", lambda w: w.share_small(1e-3), "%", 100), _weight_sizes),
    "Exact zeros": Told(Measure("weights that are exactly 0", lambda w: w.share_zero, "%", 100), _weight_sizes),
}
"""What is told of every technique, with the weights of the last epoch, by name."""


def against(baseline: str, base: RunConfig, told: Told) -> Family[str]:
    """How every other technique differs from one of them in a setting, paired over seeds. Those whose results are
    missing are left out."""
    named = networks(base)
    first = told.results_at(named[baseline])
    changes = {
        name: compare(told.measure, first, told.results_at(config))
        for name, config in named.items()
        if name != baseline
    }
    return Family({name: change for name, change in changes.items() if change})


# --- questions -------------------------------------------------------------------------------------------------------


@question("gain")
def draw_gain() -> Drawing:
    changes = {share: _gain_of(DROPOUT, place) for share, place in OVER_WRONG_LABELS.items()}
    return Drawing(
        (
            "There are 2,000 training images, and dropout has the best of three strengths. **Draw how many points of "
            "test accuracy it gains over the plain network for each share of wrong labels**, and then commit."
        ),
        Curve(
            "share of wrong labels",
            "gain in test accuracy",
            tuple(f"{share:g}" for share in changes),
            tuple(change.mean for change in changes.values()),
            -0.05,
            0.35,
            0.025,
        ),
        f"Without wrong labels it gains {points(changes[0.0])}, and with half of them wrong {points(changes[0.5])}.",
    )


def _gain_of(technique: Technique, place: Place) -> Difference:
    found = [gain.change for gain in gains(place) if gain.of.name == technique.name]
    if not found:
        raise NotStored(f"the runs with {technique.name} are not all stored")
    return found[0]


@question()
def clear_by_chance() -> Choice:
    family = against(PLAIN.name, FULL, MEASURES["Accuracy"])
    n = len(family.differences)
    return Choice(
        (
            f"You compare {n} techniques with the plain network, each by a 95 % interval. Suppose that none of them "
            "changes anything. What do you expect to find?"
        ),
        (
            Option(
                "No clear difference, because there is none",
                "Each interval leaves out 0 now and then, though nothing is there.",
            ),
            Option(
                f"About {family.by_chance:.1f} clear differences",
                (
                    f"That is {percent(LEVEL, 0)} of {n}. The chance of at least one is "
                    f"{percent(family.chance_of_a_mistake, 0)} if the comparisons do not depend on each other. Holm's "
                    f"correction keeps it below {percent(LEVEL, 0)}."
                ),
                right=True,
            ),
            Option(
                f"{n} clear differences, since the networks are not the same",
                "Without a true difference an interval contains 0 nearly always.",
            ),
        ),
    )


@question()
def smallest_gap() -> Choice:
    runs_by_name = {name: runs_at(config) for name, config in networks(SMALL_AND_NOISY).items()}
    gaps = {name: abs(LOSS_GAP.mean(found)) for name, found in runs_by_name.items()}
    accuracies = {name: LAST_ACCURACY.mean(found) for name, found in runs_by_name.items()}
    smallest, best = min(gaps, key=gaps.get), max(accuracies, key=accuracies.get)
    return Choice(
        (
            "In the small and noisy setting one technique has the smallest gap between held-out and training loss. "
            "Is it the one to use?"
        ),
        (
            Option(
                "Yes, because the gap is what overfitting is",
                f"The smallest gap is that of {smallest}, but the highest accuracy is that of {best}.",
            ),
            Option(
                "Not for that reason: the gap says nothing about how good the network is",
                (
                    f"The smallest gap is that of {smallest}, whose accuracy is {percent(accuracies[smallest])}. The "
                    f"highest accuracy is that of {best}, {percent(accuracies[best])}. A network that learns nothing "
                    "has no gap at all."
                ),
                right=True,
            ),
            Option(
                "No, the technique with the largest gap is better",
                "The plain network has the largest gap, and it is not the best one either.",
            ),
        ),
    )


@question()
def images_or_dropout() -> Choice:
    place, more = Place(), Place(n_train=5000)
    gain = _gain_of(DROPOUT, place)
    plain = chosen(PLAIN, place), chosen(PLAIN, more)
    if not all(plain):
        raise NotStored("the plain runs are not all stored")
    here, there = (sum(way.accuracies) / len(way.accuracies) for way in plain)
    return Choice(
        (
            "You have 2,000 images, a fifth of them with a wrong label. Somebody offers you 3,000 more, with as many "
            "wrong labels among them. What is dropout worth, compared with them, in test accuracy?"
        ),
        (
            Option(
                "Far less than the images",
                f"The images take the plain network from {percent(here)} to {percent(there)}. Dropout gains "
                f"{points(gain)} with the 2,000.",
                right=there - here > gain.high,
            ),
            Option(
                "More than the images",
                f"Dropout gains {points(gain)}. The images take the plain network from {percent(here)} to "
                f"{percent(there)}, because it learns their wrong labels by heart as well.",
                right=there - here < gain.low,
            ),
            Option(
                "About as much as the images",
                f"Dropout gains {points(gain)}, and the images {100 * (there - here):.1f} points.",
                right=gain.low <= there - here <= gain.high,
            ),
        ),
    )


@question()
def one_best_technique() -> Choice:
    first = {place: gains(place)[0] for place in OVER_WRONG_LABELS.values() if gains(place)}
    if not first:
        raise NotStored("the grid is not stored")
    named = "; ".join(f"{place.in_words}: {gain.of.name}" for place, gain in first.items())
    return Choice(
        "“Dropout is the best regularizer.” What is missing from this sentence?",
        (
            Option(
                "Nothing, if it is the best in most papers",
                f"Here is what has the highest mean accuracy at each share of wrong labels: {named}.",
            ),
            Option(
                "For how many images, for how many wrong labels, and by how much compared with the spread over seeds",
                f"Here is what has the highest mean accuracy at each share of wrong labels: {named}. Where intervals "
                "overlap, the order of the means is not to be trusted.",
                right=True,
            ),
            Option(
                "The value of p",
                "That is missing as well, but a strength can be chosen on validation images, as it was here.",
            ),
        ),
    )


# --- find the fault --------------------------------------------------------------------------------------------------


SEARCHED = (DROPOUT, L1, L2, MAX_NORM)
"""The techniques of the fault's table."""


def _luckiest() -> Picture:
    """Of each technique the highest test accuracy of all its runs."""
    runs_by_name = {
        technique.name: [run for configs in candidates(technique, Place()).values() for run in stored_runs(configs)]
        for technique in SEARCHED
    }
    if not all(runs_by_name.values()):
        return MISSING
    best = {name: max(map(TEST.of, found)) for name, found in runs_by_name.items()}
    told = "; ".join(f"{name}: {percent(value)}" for name, value in best.items())
    return _dots({name: (value,) for name, value in best.items()}, "The highest test accuracy of each technique.", told)


def _chosen_first() -> Picture:
    """Of each technique all seeds at the strength that validation chose."""
    found = {technique.name: way.accuracies for technique in SEARCHED if (way := chosen(technique, Place()))}
    if len(found) < len(SEARCHED):
        return MISSING
    told = "; ".join(f"{name}: {spread(values).percent()}" for name, values in found.items())
    return _dots(found, "Test accuracy of five seeds of each technique, and their means.", told)


def _dots(values: Mapping[str, Sequence[float]], alt: str, told: str) -> Picture:
    figure = dots_figure(values, {name: name for name in values}, x_title="test accuracy", x_range=(0.7, 0.83))
    return Picture((Panel(figure, alt),), f"{told}.")


LUCKIEST = Fault(
    name="luckiest",
    title="The best of many runs",
    code="""\
for name, strengths in techniques.items():
    best = 0
    for strength in strengths:             # three of them
        for seed in range(5):
            model = train(name, strength, seed)
            best = max(best, accuracy(model, test_set))
    print(name, best)""",
    picture=_luckiest,
    says="Four techniques are compared in the small and noisy setting, each by the number that this code prints.",
    asks="What is wrong with these numbers?",
    options=(
        Option(
            "Fifteen runs are too few to find the best strength",
            "More runs would make it worse: the highest of more numbers is higher still.",
        ),
        Option(
            "Each is the luckiest of fifteen runs, and it was chosen on the images that it is told of",
            (
                "The highest of many numbers is too high, even if all runs are equally good. What is chosen must be "
                "chosen on other images than it is told of, and the seeds belong into a mean."
            ),
            right=True,
        ),
        Option(
            "The techniques should all have the same strength",
            "A p and a λ cannot be compared. Each technique must be allowed its own best strength.",
        ),
        Option(
            "The accuracy should be measured on the training images",
            "Then the network that learns most by heart would win.",
        ),
    ),
    mended="""\
for name, strengths in techniques.items():
    runs = {s: [train(name, s, seed) for seed in range(5)] for s in strengths}
    chosen = max(strengths, key=lambda s: mean(accuracy(m, validation_set) for m in runs[s]))
    found = [accuracy(m, test_set) for m in runs[chosen]]
    print(name, mean(found), "±", stdev(found))""",
    mended_picture=_chosen_first,
    after=(
        "The strength is chosen on the validation images, and the test accuracy is told of all five seeds. The order "
        "of the techniques may change, and where the dots overlap there is none to speak of."
    ),
)

# --- typed code ------------------------------------------------------------------------------------------------------

_STOP = """\
best, kept, waited = losses[0] + 1, 0, 0
for epoch in range(len(losses)):
    if {better}:
        best, kept, waited = losses[epoch], epoch, 0
    else:
        waited = waited + 1
    if {enough}:
        break
"""


def _stopped(run: Any) -> Array:
    """The epoch whose weights are kept, and the one at which the loop ends."""
    return np.array([float(variable("kept")(run)), float(variable("epoch")(run))])


EARLY_STOPPING = Exercise(
    name="early-stopping",
    title="Early stopping",
    asks=(
        "`losses` has the validation loss after each epoch, and `patience` says how many epochs without a new lowest "
        "loss are waited for. **Write the two conditions**: when is an epoch the best so far, and when does training "
        "end? The check follows several courses of the loss."
    ),
    template=_STOP.format(better="...", enough="..."),
    hints=(
        "The first condition compares this epoch's loss, `losses[epoch]`, with the lowest one so far, `best`.",
        "`waited` counts the epochs since the best one, and goes back to 0 at a new best one.",
        "Training ends when as many epochs as `patience` have been waited for in vain.",
    ),
    solution=_STOP.format(better="losses[epoch] < best", enough="waited >= patience"),
    verdict=ByValue(
        inputs=lambda rng: {
            "losses": np.round(np.abs(np.linspace(-1, 1.5, 14)) + rng.normal(0, 0.2, 14), 3),
            "patience": np.array(rng.integers(2, 4)),
        },
        result=_stopped,
        accepted=(
            Accepted(
                _STOP.format(better="losses[epoch] < best", enough="waited >= patience"),
                "The weights of the best epoch are kept, not those of the epoch at which training ends.",
            ),
        ),
        mistakes=mistakes(
            _STOP.replace("{enough}", "waited >= patience").replace("{better}", "{}"),
            {
                "losses[epoch] > best": "That keeps the epoch with the *highest* loss: the comparison is turned round.",
            },
        )
        + mistakes(
            _STOP.replace("{better}", "losses[epoch] < best").replace("{enough}", "{}"),
            {
                "waited > patience": "That waits one epoch longer than `patience` says.",
                "waited < patience": "That ends the training while there is still patience left, in the first epoch.",
                "waited == 1": "It ends at the first epoch that is not the best. `patience` is never used.",
            },
        ),
    ).verdict,
)
