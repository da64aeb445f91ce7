"""The weights that the source notebook draws as those of its unregularized network, beside the network's own.

Its landscape loop adds two directions to the parameters in place and never takes them away again. After the loop the
model stands at the last corner of the grid, θ + w1 + w2, and the histogram is drawn of that. Needs no torch;
core/engine/displaced.py measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

LOW, HIGH, BINS = -0.5, 2.5, 300
"""The histograms' range and number of equal bins."""


@dataclass(frozen=True)
class DisplacedSpec(RunSpec):
    """Which run the notebook's loop is let loose on."""

    kind: ClassVar[str] = "displaced"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"own": (BINS,), "displaced": (BINS,), "mean": (2,), "accuracy": (2,)}


@dataclass(frozen=True)
class Displaced:
    """The first layer's weights before the loop and after it; pairs are (own, displaced)."""

    spec: DisplacedSpec
    own: np.ndarray
    """(BINS,): weights in each bin."""
    displaced: np.ndarray
    mean: np.ndarray
    """(2,): of the weights."""
    accuracy: np.ndarray
    """(2,): on the test images."""
    spec_type: ClassVar[type] = DisplacedSpec
