"""The straight line between the trained networks of two seeds: loss and accuracy on it, as plain data.

Batch norm's running statistics, interpolated like the weights, are not those of the network in the middle, whose units
vary less over the images than those of either end. Measured anew at each point, they are: the repair of Jordan et al.
2023 (arXiv:2211.08403) where there is batch norm; the units of the two networks are not matched first, as they are
there. Both ways are kept. Needs no torch; core/engine/between.py measures it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from core.config import RunConfig
from core.results.line import above_chord
from core.results.measurement import Spec
from core.results.run import TRAIN_SUBSET

SETS = ("start", "end", "test")
"""What losses are measured on: training images of either run with the labels that it was trained on, and the test
images. Two seeds draw other training images and other wrong labels, unless they train on all of them without any."""
KEPT, RECOMPUTED = 0, 1
"""Rows: the statistics interpolated, and measured anew."""


@dataclass(frozen=True)
class BetweenSpec(Spec):
    """The line (1 − t)·θ_start + t·θ_end over all parameters, at `points` even positions from 0 to 1.

    start, end: runs that differ in nothing but their seed; ValueError for others. n_images: the first so many training
    images of each run; its own records have the first 10,000 too.
    """

    start: RunConfig
    end: RunConfig
    points: int = 25
    n_images: int = TRAIN_SUBSET
    kind: ClassVar[str] = "between"

    def __post_init__(self):
        if replace(self.end, seed=self.start.seed) != self.start:
            raise ValueError("the two runs must differ in nothing but their seed")
        if self.points < 2 or self.n_images < 1:
            raise ValueError(f"at least 2 points and 1 image are needed, not {self.points} and {self.n_images}")
        object.__setattr__(self, "n_images", min(self.n_images, self.start.n_train))

    @property
    def positions(self) -> np.ndarray:
        """The values of t, (points,)."""
        return np.linspace(0, 1, self.points)

    @property
    def has_statistics(self) -> bool:
        """Whether the networks have running statistics; without them there is one way to measure a point."""
        return self.start.norm == "batch"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        both = 2 if self.has_statistics else 1, len(SETS), self.points
        return {"loss": both, "accuracy": both}


@dataclass(frozen=True)
class Between:
    """Plain cross-entropies (nats) and accuracies (fractions) along the line, in evaluation mode: (ways, 3, points).

    First axis: KEPT and, for networks with batch norm, RECOMPUTED. Second: as SETS. Recomputed statistics are taken, at
    the ends too, over the training images of both runs at once; so the ends are not quite the runs themselves, as those
    of KEPT are.
    """

    spec: BetweenSpec
    loss: np.ndarray
    accuracy: np.ndarray
    spec_type: ClassVar[type] = BetweenSpec

    @property
    def barrier(self) -> np.ndarray:
        """(ways, 3): the largest height of the loss above the straight line between its two ends (Entezari et al. 2022,
        arXiv:2110.06296). Above 0: on those images the loss is not convex."""
        return above_chord(self.spec.positions, self.loss)

    @property
    def train_loss(self) -> np.ndarray:
        """(ways, points): the mean over both runs' training images."""
        return self.loss[:, :2].mean(axis=1)
