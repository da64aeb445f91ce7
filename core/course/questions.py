"""Questions to commit to before the answer is seen, as plain data. core/app/questions.py draws them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One answer to choose: its text, and what is said to whoever chose it."""

    text: str
    feedback: str
    right: bool = False


def shown_order(exercise: str, n: int) -> list[int]:
    """The order in which an exercise's n options are shown: mixed, always in the same way, so that an option's place
    says nothing about it."""
    return sorted(range(n), key=lambda i: zlib.crc32(f"{exercise} {i}".encode()))


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
