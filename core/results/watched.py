"""A training watched epoch by epoch: its first layer's weights, and what the network takes each class for.

What a run keeps of every epoch is a few numbers, and of its weights only the last ones. Here a training is gone through
once more, and after every epoch, and before the first, its weights are counted. As in core/results/sparsity.py they
are counted as they would be stored, in float16. Needs no torch; core/engine/watched.py trains and counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec
from core.results.sparsity import BINS

THRESHOLD = 1e-3
"""Up to which a weight is called small: where the sliders of the lessons stand at first."""

PICTURES = 6
"""Of the whole weight matrix in one training: it is too large to be kept after every epoch."""


@dataclass(frozen=True)
class WatchedSpec(RunSpec):
    """Which training is watched."""

    kind: ClassVar[str] = "watched"
    needed_runs: ClassVar = ()  # it trains by itself

    @property
    def moments(self) -> int:
        """How often is looked: before the first epoch, and after each."""
        return self.run.epochs + 1

    @property
    def matrix(self) -> tuple[int, int]:
        """The shape of the first layer's weights: (units, pixels)."""
        return self.run.facts.widths[0], self.run.facts.n_inputs

    @property
    def pictured(self) -> tuple[int, ...]:
        """The epochs of which the whole matrix is kept: 0, the last, and between them such that each is about the same
        multiple of the one before, since most happens early. Fewer than PICTURES where there are fewer epochs."""
        later = np.rint(np.geomspace(1, self.run.epochs, PICTURES - 1)).astype(int)
        return (0, *dict.fromkeys(later.tolist()))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        units, pixels = self.matrix
        n_classes = len(self.run.facts.class_names)
        packed = len(self.pictured), -(-units * pixels // 8)
        return {
            "small": (self.moments, pixels),
            "zero": (self.moments, pixels),
            "histogram": (self.moments, BINS),
            "confusion": (self.moments, n_classes, n_classes),
            "small_bits": packed,
            "zero_bits": packed,
        }


@dataclass(frozen=True)
class Watched:
    """One training. The first axis of an array is the epoch, from 0, the network before training; the matrices' is
    that of `spec.pictured`."""

    spec: WatchedSpec
    small: np.ndarray
    """(epochs + 1, pixels) uint16: how many of the units' weights at each pixel have |w| ≤ THRESHOLD."""
    zero: np.ndarray
    """The same for weights that are exactly 0."""
    histogram: np.ndarray
    """(epochs + 1, BINS) uint32: the first layer's weights in each bin of `sparsity.bin_edges`."""
    confusion: np.ndarray
    """(epochs + 1, 10, 10) uint16: held-out images of each class (row) that the network takes for each class (column),
    in evaluation mode."""
    small_bits: np.ndarray
    """(pictures, bytes) uint8: for each weight, row by row, a bit that says whether |w| ≤ THRESHOLD."""
    zero_bits: np.ndarray
    """The same for exact zeros."""
    spec_type: ClassVar[type] = WatchedSpec

    @cached_property
    def share_small(self) -> np.ndarray:
        """(epochs + 1,): the share of the first layer's weights that are small."""
        return self._share(self.small)

    @cached_property
    def share_zero(self) -> np.ndarray:
        """(epochs + 1,): the share of them that are exactly 0."""
        return self._share(self.zero)

    def _share(self, by_pixel: np.ndarray) -> np.ndarray:
        units, pixels = self.spec.matrix
        return by_pixel.sum(axis=1, dtype=np.int64) / (units * pixels)

    @cached_property
    def accuracy(self) -> np.ndarray:
        """(epochs + 1,): on the held-out images; from epoch 1 on, the run's own."""
        return self.confusion.trace(axis1=1, axis2=2) / self.confusion.sum(axis=(1, 2))

    def small_by_pixel(self, epoch: int) -> np.ndarray:
        """(side, side): the share of the weights at each pixel that are small."""
        side = self.spec.run.facts.side
        return (self.small[epoch] / self.spec.matrix[0]).reshape(side, side)

    def pictured_at(self, epoch: int) -> int:
        """The last epoch up to this one of which the whole matrix is kept."""
        return max(kept for kept in self.spec.pictured if kept <= epoch)

    def levels(self, epoch: int) -> np.ndarray:
        """(units, pixels) uint8 at an epoch of `spec.pictured`: 0 for a weight that is exactly 0, 1 for another small
        one, 2 for a larger one. Raises ValueError for another epoch."""
        units, pixels = self.spec.matrix
        at = self.spec.pictured.index(epoch) if epoch in self.spec.pictured else -1
        if at < 0:
            raise ValueError(f"no picture is kept of epoch {epoch}")
        small, zero = (
            np.unpackbits(bits[at], count=units * pixels).reshape(units, pixels)
            for bits in (self.small_bits, self.zero_bits)
        )
        return (2 - small - zero).astype(np.uint8)
