"""The exercises of every lesson, by name: what the pages show, and what progress is counted over."""

from __future__ import annotations

from core.course.faults import FAULTS
from core.course.fill_in import FILL_IN

QUESTIONS: dict[str, tuple[str, ...]] = {
    "baseline": (
        "draw-images", "images-or-epochs", "vanishing-gap", "loss-and-accuracy", "learned-by-heart", "steeper-bowl",
        "choose-by-test", "what-a-slice-says",
    ),
    "batch_norm": (
        "draw-batches", "one-large-number", "first-and-last", "evaluation-fails", "two-modes", "which-bias",
        "fair-comparison", "fog",
    ),
    "layer_norm": (
        "draw-rates", "alone-or-in-company", "stretched-sample", "gain-per-unit", "wrong-width", "best-network",
        "best-epoch", "smoother",
    ),
    "dropout": (
        "how-many-masks", "draw-p", "paper-p", "forgotten-eval", "training-loss-above", "not-the-mean",
        "best-for-training", "zero-weights", "half-switched-off",
    ),
    "l1_l2": (
        "draw-l1", "which-first", "count-zeros", "finer-ruler", "white-rows", "weight-decay", "default-decay",
    ),
    "norm_math": (
        "draw-kink", "a-tenth", "always-an-axis", "other-sign", "elastic-net", "arrival", "p-above-one",
        "half-the-network",
    ),
}  # fmt: skip
"""Lesson → its questions to commit to, in the order of the page."""


def exercises_of(lesson: str) -> tuple[str, ...]:
    """The names of a lesson's exercises; none for a page that has none."""
    if lesson not in QUESTIONS:
        return ()
    faults = tuple(f"fault-{fault.name}" for fault in FAULTS[lesson])
    code = tuple(f"code-{exercise.name}" for exercise in FILL_IN[lesson])
    return (*QUESTIONS[lesson], *faults, *code)


EXERCISES: dict[str, tuple[str, ...]] = {lesson: exercises_of(lesson) for lesson in QUESTIONS}
"""Lesson → its exercises. An exercise's id is "lesson/name"."""
