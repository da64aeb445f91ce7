"""How sparse a network's first layer is: which weights are small, how small, and what it costs to set them to zero.

Counts are of the weights as they are stored, in float16: what is not exactly 0 there was not 0 in training, and the
other way round. core/engine/sparsity.py measures the accuracies. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

LAYER = "linear1"
"""The layer whose weights are drawn and counted: 80 % of all weights, and the one whose inputs are pixels."""

THRESHOLDS = (1e-5, 1e-4, 3e-4, 1e-3, 1e-2)
"""Below which a weight is called small: the slider's stops. 1e-4 is the source notebook's."""
RATES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""The same in learning rates of the run: an optimizer's last steps cannot place a weight more exactly than they are
long."""

BIN_WIDTH, BINS = 0.005, 161
"""Of the histogram: the middle bin is centred at 0, the outermost reach to ±0.4025, and hold what lies beyond too."""


def bin_edges() -> np.ndarray:
    """(BINS + 1,): from −0.4025 to 0.4025."""
    return (np.arange(BINS + 1) - BINS / 2) * BIN_WIDTH


def in_rates(rate: float, lr: float) -> float:
    """A threshold of so many learning rates, rounded so that a file's name can hold it."""
    return float(f"{rate * lr:.6g}")


@dataclass(frozen=True)
class SparsitySpec(RunSpec):
    """Which run is measured. with_map: whether the size of every single weight is kept, for a picture."""

    with_map: bool = False
    kind: ClassVar[str] = "sparsity"

    @property
    def thresholds(self) -> tuple[float, ...]:
        """0, for exact zeros, and every threshold that a slider offers for this run, in rising order."""
        return (0.0, *sorted({*THRESHOLDS, *(in_rates(rate, self.run.lr) for rate in RATES)}))

    @property
    def matrix(self) -> tuple[int, int]:
        """The shape of the first layer's weights: (units, pixels)."""
        return self.run.facts.widths[0], self.run.facts.n_inputs

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        k = len(self.thresholds)
        return {
            "small": (k,),
            "alive": (k,),
            "accuracy": (k,),
            "histogram": (BINS,),
            "norms": (2, 3),
            "largest": (),
            "spread": (),
            "levels": self.matrix if self.with_map else (0, 0),
        }


@dataclass(frozen=True)
class Sparsity:
    """The first layer of one trained network. Arrays over thresholds follow `spec.thresholds`."""

    spec: SparsitySpec
    small: np.ndarray
    """(K,): weights with |w| at most the threshold; the first entry counts the exact zeros."""
    alive: np.ndarray
    """(K,): units with at least one weight above the threshold."""
    accuracy: np.ndarray
    """(K,): on the test images, once all small weights of the layer are set to zero. The first is the run's own."""
    histogram: np.ndarray
    """(BINS,): weights in each bin of `bin_edges`."""
    norms: np.ndarray
    """(2, 3): Σ|w| and Σw² of each linear layer's weights."""
    largest: np.ndarray
    """max |w| of the first layer."""
    spread: np.ndarray
    """The standard deviation of the first layer's weights."""
    levels: np.ndarray
    """(units, pixels) uint8, or (0, 0): for each weight the index of the smallest threshold that it does not exceed, K
    for none."""
    spec_type: ClassVar[type] = SparsitySpec

    def index(self, threshold: float) -> int:
        """Where a threshold stands in the arrays. Raises ValueError for one that was not measured."""
        return self.spec.thresholds.index(threshold)

    @property
    def n_weights(self) -> int:
        return self.spec.matrix[0] * self.spec.matrix[1]

    def share_small(self, threshold: float) -> float:
        """The share of the first layer's weights with |w| ≤ threshold."""
        return float(self.small[self.index(threshold)] / self.n_weights)

    @property
    def share_zero(self) -> float:
        """The share of exact zeros."""
        return self.share_small(0.0)

    def kept_by_pixel(self, threshold: float) -> np.ndarray:
        """(side, side): how many units' weights above the threshold each pixel has. Raises ValueError without a
        map."""
        if not self.spec.with_map:
            raise ValueError("this measurement kept no map")
        side = self.spec.run.facts.side
        return (self.levels > self.index(threshold)).sum(axis=0).reshape(side, side)


def levels_of(w: np.ndarray, thresholds: tuple[float, ...]) -> np.ndarray:
    """For each weight the index of the smallest threshold that |w| does not exceed, len(thresholds) for none; uint8 of
    w's shape."""
    return np.searchsorted(np.asarray(thresholds), np.abs(w.astype(np.float64)), side="left").astype(np.uint8)


def histogram_of(w: np.ndarray) -> np.ndarray:
    """(BINS,): how many of the weights, of any shape, lie in each bin; what is beyond counts to the outermost."""
    edges = bin_edges()
    return np.histogram(np.clip(w.astype(np.float64), edges[0], edges[-1]), edges)[0]
