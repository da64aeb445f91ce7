"""Questions to commit to before the answer is seen, as plain data. core/app/questions.py draws them.

A lesson's questions are functions of its module, in the order of its page, each under `@question()`; a function's name
is the question's. What is said to an answer holds measured numbers, so a question is made when it is drawn.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One answer to choose: its text, and what is said to whoever chose it."""

    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Choice:
    """A question with options, of which one is right."""

    asks: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Curve:
    """A curve to predict at some stops: its measured values, and the range that it may be drawn in.

    percent: values are shares, shown as percentages. tolerance: how far off a prediction may be on average to count
    as right, in the values' own unit.
    """

    x_title: str
    y_title: str
    stops: tuple[str, ...]
    measured: tuple[float, ...]
    low: float
    high: float
    tolerance: float
    percent: bool = True

    def __post_init__(self):
        if len(self.stops) != len(self.measured):
            raise ValueError(f"{len(self.stops)} stops, but {len(self.measured)} measured values")
        if not all(self.low <= value <= self.high for value in self.measured):
            raise ValueError(f"a measured value lies outside {self.low} to {self.high}, where it cannot be drawn")

    def distance(self, drawn: Sequence[float]) -> float:
        """How far a prediction is off, on average over the stops."""
        return sum(abs(d - m) for d, m in zip(drawn, self.measured, strict=True)) / len(self.measured)


@dataclass(frozen=True)
class Drawing:
    """A question whose answer is drawn: what it asks, the curve, and what is said of the two curves afterwards."""

    asks: str
    curve: Curve
    says: str


@dataclass(frozen=True)
class Question:
    """A question by its name. place: which of the page's places it is asked at, "" for the end of the lesson. make:
    its text with the numbers as they are stored now; raises claims.NotStored where there are none."""

    name: str
    place: str
    make: Callable[[], Choice | Drawing]


def question(place: str = "") -> Callable[[Callable[[], Choice | Drawing]], Question]:
    """Makes a function that words a question into a question of its lesson, named as the function is."""

    def named(make: Callable[[], Choice | Drawing]) -> Question:
        return Question(make.__name__.replace("_", "-"), place, make)

    return named


def shown_order(exercise: str, n: int) -> list[int]:
    """The order in which an exercise's n options are shown: mixed, always in the same way, so that an option's place
    says nothing about it."""
    return sorted(range(n), key=lambda i: zlib.crc32(f"{exercise} {i}".encode()))
