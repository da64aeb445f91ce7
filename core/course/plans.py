"""Each lesson in 15 and in 45 minutes: which of its steps, by their names in the address, in the order of the lesson.

How long a step takes stands in its notes, at the step.
"""

from __future__ import annotations

from collections.abc import Sequence

MINUTES = (15, 45)
"""The lengths that there are plans for."""

PLANS: dict[str, dict[int, tuple[str, ...]]] = {
    "baseline": {
        15: ("picture", "overfitting", "own-run"),
        45: (
            "picture",
            "overfitting",
            "learned-by-heart",
            "network",
            "own-run",
            "one-run",
            "augmentation",
            "smoothing",
            "surface",
            "now-you-can",
        ),
    },
    "batch_norm": {
        15: ("picture", "arithmetic", "now-you-can"),
        45: (
            "picture",
            "arithmetic",
            "two-modes",
            "learning-rates",
            "small-batches",
            "surface",
            "along-the-gradient",
            "now-you-can",
        ),
    },
    "layer_norm": {
        15: ("which-numbers", "three-networks", "now-you-can"),
        45: (
            "which-numbers",
            "formula",
            "repairs",
            "three-networks",
            "surface",
            "along-the-gradient",
            "own-run",
            "check-yourself",
            "now-you-can",
        ),
    },
    "dropout": {
        15: ("masks", "how-much", "now-you-can"),
        45: (
            "masks",
            "conventions",
            "why",
            "thinned",
            "predict",
            "how-much",
            "learned-by-heart",
            "weights-and-units",
            "own-run",
            "now-you-can",
        ),
    },
    "l1_l2": {
        15: ("prices", "lambda1", "lambda2"),
        45: (
            "prices",
            "lambda1",
            "zero",
            "lambda2",
            "weight-decay",
            "limit",
            "learned-by-heart",
            "helps",
            "notebook",
            "now-you-can",
        ),
    },
    "norm_math": {
        15: ("which-entry", "vector", "slope"),
        45: ("which-entry", "vector", "price", "plane", "slope", "maps", "flow", "network", "now-you-can"),
    },
}
"""Lesson → minutes → steps."""


def plans_with(lesson: str, step: str) -> tuple[int, ...]:
    """The lengths of the plans of a lesson that have a step."""
    return tuple(minutes for minutes, steps in PLANS.get(lesson, {}).items() if step in steps)


def around(steps: Sequence[str], at: int, planned: Sequence[str] | None) -> tuple[int, int]:
    """The places of the step before and of the step after the one at place `at` of `steps`; where a plan is followed,
    of the nearest ones that it has. At the ends −1 and the number of steps."""
    kept = [i for i, step in enumerate(steps) if planned is None or step in planned]
    return max((i for i in kept if i < at), default=-1), min((i for i in kept if i > at), default=len(steps))
