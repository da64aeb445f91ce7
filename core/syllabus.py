"""The exercises of every lesson, by name: what the pages show, and what progress is counted over."""

from __future__ import annotations

from core.fill_in import FILL_IN

QUESTIONS: dict[str, tuple[str, ...]] = dict.fromkeys(FILL_IN, ())
"""Lesson → its questions to commit to, in the order of the page."""


def exercises_of(lesson: str) -> tuple[str, ...]:
    """The names of a lesson's exercises; none for a page that has none."""
    if lesson not in QUESTIONS:
        return ()
    code = tuple(f"code-{exercise.name}" for exercise in FILL_IN[lesson])
    return (*QUESTIONS[lesson], *code)


EXERCISES: dict[str, tuple[str, ...]] = {lesson: exercises_of(lesson) for lesson in QUESTIONS}
"""Lesson → its exercises. An exercise's id is "lesson/name"."""
