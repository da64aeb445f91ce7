"""How large the weights of a trained network are, layer by layer: their norms, and how many are small or exactly 0.

What core/results/sparsity.py prunes and draws of the first layer, for every layer and without images: cheap enough to
be kept of every run that is compared. Weight matrices only, as they are stored, in float16: no biases, no γ and β.
Where a normalisation follows a linear layer, its weights and biases may be multiplied by any factor above 0 without
changing what the network computes (van Laarhoven 2017, arXiv:1706.05350), so there a norm says nothing of that. Needs
no torch; core/engine/weight_sizes.py measures them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec
from core.results.sparsity import THRESHOLDS


@dataclass(frozen=True)
class WeightSizesSpec(RunSpec):
    """Which run is measured: its last weights."""

    kind: ClassVar[str] = "weight_sizes"

    @property
    def thresholds(self) -> tuple[float, ...]:
        """0, for exact zeros, and the absolute thresholds of core/results/sparsity.py, in rising order."""
        return (0.0, *THRESHOLDS)

    @property
    def n_layers(self) -> int:
        return len(self.run.facts.widths) + 1

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        layers = self.n_layers
        return {"l1": (layers,), "squares": (layers,), "count": (layers,), "small": (layers, len(self.thresholds))}


@dataclass(frozen=True)
class WeightSizes:
    """Sums over the weights of each linear layer, in order from the pixels on."""

    spec: WeightSizesSpec
    l1: np.ndarray
    """(layers,): Σ|w|, the ℓ1 norm."""
    squares: np.ndarray
    """(layers,): Σw², the square of the Euclidean norm."""
    count: np.ndarray
    """(layers,): weights in all."""
    small: np.ndarray
    """(layers, K): weights with |w| at most each threshold; the first column counts the exact zeros."""
    spec_type: ClassVar[type] = WeightSizesSpec

    @property
    def norms(self) -> np.ndarray:
        """(layers,): the Euclidean norm of each layer's weights, √Σw²."""
        return np.sqrt(self.squares)

    @property
    def norm(self) -> float:
        """The Euclidean norm of all weights together."""
        return float(np.sqrt(self.squares.sum()))

    @property
    def l1_norm(self) -> float:
        """Σ|w| over all weights."""
        return float(self.l1.sum())

    def shares_small(self, threshold: float) -> np.ndarray:
        """(layers,): the share of each layer's weights with |w| ≤ threshold. Raises ValueError for a threshold that was
        not counted."""
        return self.small[:, self.spec.thresholds.index(threshold)] / self.count

    def share_small(self, threshold: float) -> float:
        """The share of all weights with |w| ≤ threshold; raises as `shares_small` does."""
        return float(self.small[:, self.spec.thresholds.index(threshold)].sum() / self.count.sum())

    @property
    def share_zero(self) -> float:
        """The share of all weights that are exactly 0."""
        return self.share_small(0.0)
