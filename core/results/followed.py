"""Single weights of the first layer, step by step, from the start of a training on. Needs no torch;
core/engine/followed.py follows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

PLACES = ("corner", "edge", "centre")
"""Pixels of the image whose weights are followed. In a corner nearly every image is black, so the data hardly move a
weight there."""
FOLLOWED = 6
"""Weights of each pixel: those into the first units; of the centre pixel those that are largest at the end."""


def pixels_of(side: int) -> tuple[int, ...]:
    """The indices of PLACES in a flattened image of side × side pixels: top left, half-way down the left edge, the
    centre."""
    return 0, side // 2 * side, side // 2 * side + side // 2


@dataclass(frozen=True)
class FollowSpec(RunSpec):
    """Which training, and for how many of its first steps."""

    steps: int = 800
    kind: ClassVar[str] = "followed"
    needed_runs: ClassVar = ()  # it trains by itself

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        times = self.steps + 1
        return {"weights": (times, len(PLACES), FOLLOWED), "zeros": (times,), "small": (times,)}


@dataclass(frozen=True)
class Followed:
    """What became of the weights: at the start, and after each step."""

    spec: FollowSpec
    weights: np.ndarray
    """(steps + 1, places, FOLLOWED)."""
    zeros: np.ndarray
    """(steps + 1,): the share of the first layer's weights that are exactly 0."""
    small: np.ndarray
    """(steps + 1,): the share with |w| ≤ 1e-4."""
    spec_type: ClassVar[type] = FollowSpec

    def arrival(self, place: str, reach: float) -> np.ndarray:
        """The first step after which each of a place's weights has |w| ≤ reach, (FOLLOWED,); −1 where none has."""
        near = np.abs(self.weights[:, PLACES.index(place)]) <= reach
        return np.where(near.any(axis=0), near.argmax(axis=0), -1)

    def band(self, place: str, last: int) -> np.ndarray:
        """The largest |w| of each of a place's weights over the last so many steps, (FOLLOWED,)."""
        return np.abs(self.weights[-last:, PLACES.index(place)]).max(axis=0)
