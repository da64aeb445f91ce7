"""What a student has answered: as plain data, and as a file that they keep and load again. No account, no server."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.course.syllabus import exercises

VERSION = 1
LARGEST_FILE = 1_000_000
LONGEST_TEXT = 4_000
MOST_NUMBERS = 40


class ProgressError(ValueError):
    """A file that cannot be loaded: says what is wrong with it and what to do."""


@dataclass(frozen=True)
class Answer:
    """What was answered last: an option's number, drawn values, or typed text; and whether it was right."""

    given: int | tuple[float, ...] | str
    right: bool


def exercise_ids() -> tuple[str, ...]:
    """Every exercise of the course, lesson by lesson."""
    return tuple(f"{lesson}/{name}" for lesson, names in exercises().items() for name in names)


def tally(answers: Mapping[str, Answer], lesson: str) -> tuple[int, int, int]:
    """Of one lesson: exercises answered right, answered at all, and there are."""
    ids = [f"{lesson}/{name}" for name in exercises().get(lesson, ())]
    answered = [answers[i] for i in ids if i in answers]
    return sum(a.right for a in answered), len(answered), len(ids)


def to_text(answers: Mapping[str, Answer]) -> str:
    """The file to keep: JSON, a line for each answer."""
    kept = {
        name: {"given": list(a.given) if isinstance(a.given, tuple) else a.given, "right": a.right}
        for name, a in answers.items()
    }
    return json.dumps({"course": "Regularization, seen", "version": VERSION, "answers": kept}, indent=1)


def from_text(content: bytes) -> tuple[dict[str, Answer], int]:
    """The answers in a kept file, and how many of its entries this version of the course does not know.

    Raises ProgressError for anything that `to_text` would not have written: whoever made the file may mean harm.
    """
    if len(content) > LARGEST_FILE:
        raise ProgressError(f"This file has {len(content):,} bytes; a progress file has at most {LARGEST_FILE:,}.")
    try:
        told = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, a number too long, too deep
        raise ProgressError("This is not a progress file: it holds no JSON. Choose the one that you saved.") from error
    if not isinstance(told, dict) or not isinstance(told.get("answers"), dict):
        raise ProgressError("This is not a progress file: it has no answers. Choose the one that you saved.")
    if told.get("version") != VERSION:
        raise ProgressError(f"This file is of another version of the course: it must say version {VERSION}.")
    known = set(exercise_ids())
    answers = {name: _answer(name, entry) for name, entry in told["answers"].items() if name in known}
    return answers, len(told["answers"]) - len(answers)


def _answer(name: str, entry: Any) -> Answer:
    given, right = (entry.get("given"), entry.get("right")) if isinstance(entry, dict) else (None, None)
    if isinstance(right, bool):
        if isinstance(given, str) and len(given) <= LONGEST_TEXT:
            return Answer(given, right)
        if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < MOST_NUMBERS:
            return Answer(given, right)
        if isinstance(given, list) and len(given) <= MOST_NUMBERS and all(map(_is_number, given)):
            return Answer(tuple(map(float, given)), right)
    raise ProgressError(f"This file was changed: its answer to {name} is none. Choose the file that you saved.")


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and abs(x) < 1e9 and math.isfinite(x)
