"""What a student has answered and seen: as plain data, and as a text that is kept and loaded again.

The text is a file that the student saves, and it is what the browser keeps by itself. There is no account, and the
server keeps nothing. Either text may come from anyone.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.course.syllabus import exercises

VERSION = 2
"""Version 1 had neither times nor steps; its files still load."""

LARGEST_FILE = 1_000_000
LONGEST_TEXT = 4_000
MOST_NUMBERS = 40
MOST_STEPS = 1_000
LATEST = 10**14
"""The latest time that is believed, in milliseconds since 1970: in the year 5138."""

STEP = re.compile(r"[a-z0-9_]{1,40}/[a-z0-9-]{1,80}")
"""The name of a step: "lesson/step", as in its address."""


class ProgressError(ValueError):
    """A file that cannot be loaded: says what is wrong with it and what to do."""


@dataclass(frozen=True)
class Answer:
    """What was answered last: an option's number, drawn values, or typed text; and whether it was right."""

    given: int | tuple[float, ...] | str
    right: bool


@dataclass(frozen=True)
class Progress:
    """What one student did, and when. Times are milliseconds since 1970 by the clock of the student's browser.

    answers: by exercise. at: when each exercise was answered or, where it has no answer, when the answer was taken
    back; 0 for an answer of unknown time. visited: when each step ("lesson/step") was seen last. forgotten: all that
    is not newer than this is forgotten; 0 for nothing.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    at: Mapping[str, int] = field(default_factory=dict)
    visited: Mapping[str, int] = field(default_factory=dict)
    forgotten: int = 0


def exercise_ids() -> tuple[str, ...]:
    """Every exercise of the course, lesson by lesson."""
    return tuple(f"{lesson}/{name}" for lesson, names in exercises().items() for name in names)


def tally(answers: Mapping[str, Answer], lesson: str, hidden: Container[str] = ()) -> tuple[int, int, int]:
    """Of one lesson: exercises answered right, answered at all, and there are, without the kinds that are hidden
    ("questions", "faults", "code")."""
    ids = [f"{lesson}/{name}" for name in exercises().get(lesson, ()) if _kind_of(name) not in hidden]
    answered = [answers[i] for i in ids if i in answers]
    return sum(a.right for a in answered), len(answered), len(ids)


def _kind_of(name: str) -> str:
    """What an exercise can be hidden as, by its name."""
    return {"fault-": "faults", "code-": "code"}.get(name[: name.find("-") + 1], "questions")


# --- two of them made one -------------------------------------------------------------------------------------------


def merge(one: Progress, other: Progress) -> Progress:
    """Both together, exercise by exercise: the newest answer or taking back wins, and so does the newest visit of a
    step. The order of the two does not matter: where the times are equal, a taking back wins, then the larger text.

    What is not newer than the last forgetting is gone, and of the visits those beyond the newest MOST_STEPS: the names
    come from outside.
    """
    forgotten = max(one.forgotten, other.forgotten)
    answers, at = {}, {}
    for name in sorted({*one.answers, *one.at, *other.answers, *other.at}):
        winner = max(one, other, key=lambda told: _rank(told, name))
        when = winner.at.get(name, 0)
        if when > forgotten or not forgotten:
            at[name] = when
            if name in winner.answers:
                answers[name] = winner.answers[name]
    visited = {
        name: when
        for name in sorted({*one.visited, *other.visited})
        if (when := max(one.visited.get(name, 0), other.visited.get(name, 0))) > forgotten or not forgotten
    }
    newest = sorted(visited, key=lambda name: (visited[name], name))[-MOST_STEPS:]
    return Progress(answers, at, {name: visited[name] for name in sorted(newest)}, forgotten)


def _rank(told: Progress, name: str) -> tuple[int, bool, str]:
    if name not in told.answers and name not in told.at:
        return -1, False, ""
    answer = told.answers.get(name)
    return told.at.get(name, 0), answer is None, json.dumps(_as_entry(answer, 0))


# --- as a text ------------------------------------------------------------------------------------------------------


def as_plain(progress: Progress) -> dict[str, Any]:
    """What the text says, as JSON has it. An entry without `given` is an answer that was taken back."""
    names = dict.fromkeys([*progress.answers, *progress.at])
    return {
        "course": "Regularization, seen",
        "version": VERSION,
        "answers": {name: _as_entry(progress.answers.get(name), progress.at.get(name, 0)) for name in names},
        "visited": dict(progress.visited),
        "forgotten": progress.forgotten,
    }


def to_text(progress: Progress) -> str:
    """The file to keep: JSON, a line for each value."""
    return json.dumps(as_plain(progress), indent=1)


def _as_entry(answer: Answer | None, at: int) -> dict[str, Any]:
    if answer is None:
        return {"at": at}
    given = list(answer.given) if isinstance(answer.given, tuple) else answer.given
    return {"given": given, "right": answer.right, "at": at}


def from_text(content: bytes) -> tuple[Progress, int]:
    """What a kept text says, and how many answers of it are to exercises that this version of the course does not know.

    Raises ProgressError for anything that `to_text` would not have written: whoever made the text may mean harm.
    """
    if len(content) > LARGEST_FILE:
        raise ProgressError(f"This file has {len(content):,} bytes; a progress file has at most {LARGEST_FILE:,}.")
    try:
        told = json.loads(_decoded(content))
    except (ValueError, RecursionError) as error:  # no such text, no JSON, a number too long, too deep
        raise ProgressError("This is not a progress file: it holds no JSON. Choose the one that you saved.") from error
    if not isinstance(told, dict) or not isinstance(told.get("answers"), dict):
        raise ProgressError("This is not a progress file: it has no answers. Choose the one that you saved.")
    version = told.get("version")
    if isinstance(version, bool) or version not in (1, VERSION):
        raise ProgressError(f"This file is of another version of the course: it must say version 1 or {VERSION}.")
    known = set(exercise_ids())
    entries = {name: entry for name, entry in told["answers"].items() if name in known}
    has_times = version == VERSION
    answers = {name: _answer(name, e) for name, e in entries.items() if not (has_times and _is_taken_back(e))}
    at = {name: _time(entry.get("at")) for name, entry in entries.items()} if has_times else {}
    visited, forgotten = (_visited(told.get("visited")), _time(told.get("forgotten"))) if has_times else ({}, 0)
    return Progress(answers, at, visited, forgotten), len(told["answers"]) - len(entries)


def _decoded(content: bytes) -> str:
    """The text of a file, also of one that an editor has saved in another of Unicode's forms, which begins with a mark.
    Raises ValueError for no text."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _is_text(told: Any) -> bool:
    """JSON can write half a character, which no text field can show."""
    return isinstance(told, str) and len(told) <= LONGEST_TEXT and not any("\ud800" <= c <= "\udfff" for c in told)


def _is_taken_back(entry: Any) -> bool:
    return isinstance(entry, dict) and set(entry) == {"at"}


def _answer(name: str, entry: Any) -> Answer:
    given, right = (entry.get("given"), entry.get("right")) if isinstance(entry, dict) else (None, None)
    if isinstance(right, bool):
        if _is_text(given):
            return Answer(given, right)
        if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < MOST_NUMBERS:
            return Answer(given, right)
        if isinstance(given, list) and len(given) <= MOST_NUMBERS and all(map(_is_number, given)):
            return Answer(tuple(map(float, given)), right)
    raise ProgressError(f"This file was changed: its answer to {name} is none. Choose the file that you saved.")


def _visited(told: Any) -> dict[str, int]:
    if not isinstance(told, dict) or len(told) > MOST_STEPS or not all(map(STEP.fullmatch, told)):
        raise ProgressError("This file was changed: the steps in it are none. Choose the file that you saved.")
    return {name: _time(when) for name, when in told.items()}


def _time(told: Any) -> int:
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= LATEST:
        return told
    raise ProgressError("This file was changed: a time in it is none. Choose the file that you saved.")


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and abs(x) < 1e9 and math.isfinite(x)
