"""The loss along the straight line between two trained networks, as plain data. Needs no torch; core/engine/line.py
measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.config import RunConfig
from core.results.measurement import Spec


@dataclass(frozen=True)
class LineSpec(Spec):
    """The straight line (1 − t)·θ_a + t·θ_b between two trained networks, over all their parameters."""

    start: RunConfig
    end: RunConfig
    points: int = 51
    n_images: int = 1024
    kind: ClassVar[str] = "line"

    @property
    def positions(self) -> np.ndarray:
        """The values of t, from 0 to 1."""
        return np.linspace(0, 1, self.points)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"loss": (self.points,)}

    @property
    def named_by(self) -> list:
        return [self.start.digest, self.end.digest, self.points, self.n_images]


@dataclass(frozen=True)
class Line:
    """Losses (points,) along the line: mean cross-entropy on the first n_images training images of `start`'s run."""

    spec: LineSpec
    loss: np.ndarray
    spec_type: ClassVar[type] = LineSpec

    @property
    def barrier(self) -> float:
        """The largest height of the loss above the chord between the two ends. Above 0: the loss is not convex."""
        return float(above_chord(self.spec.positions, self.loss))


def above_chord(positions: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """The largest height of losses (…, N) above the straight line from the first to the last of them; positions (N,)
    run from 0 to 1."""
    chord = (1 - positions) * losses[..., :1] + positions * losses[..., -1:]
    return (losses - chord).max(axis=-1)
