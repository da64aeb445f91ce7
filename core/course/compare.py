"""Lesson 7: which regularizer, and when? Its runs, what is measured of them, and every technique against any other."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claims import LAST_ACCURACY, LAST_LOSS, LOSS_GAP, MEMORISED, Measure, compare
from core.course.family import Family
from core.course.grid import grid_runs
from core.course.over_seeds import runs_at
from core.results.calibration import CalibrationSpec
from core.results.run import Run
from core.results.sharpness import SharpnessSpec
from core.results.weight_sizes import WeightSizesSpec
from core.techniques import PLAIN, TECHNIQUES

NUMBER = 7
"""Of the lesson in the course."""
PLANS = {
    15: ("first", "wrong-labels", "same-axes"),
    45: ("first", "more-images", "wrong-labels", "same-axes", "numbers"),
}
"""Minutes → the steps that fill them, by their names in the address."""
WITH_WEIGHTS: frozenset[RunConfig] = frozenset()
"""No run of this lesson is shipped with its weights."""


@cache
def networks(base: RunConfig) -> dict[str, RunConfig]:
    """Technique → the network of a setting with it, at the strength that the course speaks of there."""
    named = {PLAIN.name: base}
    for technique in TECHNIQUES[1:]:
        strength = technique.strength_for(base)
        named[technique.name] = technique.at(base, strength) if technique.strength else technique.on(base)
    return named


def runs() -> set[RunConfig]:
    """Every run of the grid, and every technique in both settings over all seeds."""
    settings = (FULL, SMALL_AND_NOISY)
    return grid_runs() | {run for base in settings for config in networks(base).values() for run in seeds_of(config)}


def measurements() -> list:
    """Nothing that is not of one run."""
    return []


def measurements_of(run: RunConfig) -> list[CalibrationSpec | WeightSizesSpec | SharpnessSpec]:
    """What is told of a network that stands on the same axes as others."""
    base = replace(run, seed=0)
    if not any(base in networks(setting).values() for setting in (FULL, SMALL_AND_NOISY)):
        return []
    return [CalibrationSpec(run), WeightSizesSpec(run), SharpnessSpec(run)]


MEASURES: dict[str, Measure[Run]] = {
    "Accuracy": LAST_ACCURACY,
    "Loss": LAST_LOSS,
    "Gap": LOSS_GAP,
    "Wrong labels reproduced": MEMORISED,
}
"""What is told of every technique, at the last epoch, by name."""


def against(baseline: str, base: RunConfig, measure: Measure[Run]) -> Family[str]:
    """How every other technique differs from one of them in a setting, paired over seeds. Those whose runs are missing
    are left out."""
    named = networks(base)
    first = runs_at(named[baseline])
    changes = {name: compare(measure, first, runs_at(config)) for name, config in named.items() if name != baseline}
    return Family({name: change for name, change in changes.items() if change})
