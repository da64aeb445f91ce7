"""A network whose weights are the average of those that training passed through, beside the network itself.

After step t of a training the averaged weights are an exponential moving average of θ₁ … θₜ,

    θ̄ₜ = (1 − d)·Σᵢ d^(t − i)·θᵢ / (1 − d^t),

with decay d (Polyak & Juditsky 1992, SIAM J. Control Optim. 30, 838–855, for the plain mean; the division, which keeps
the start θ₀ out of it, as in Kingma & Ba 2015, arXiv:1412.6980, §3). Training does not notice: only what is evaluated
differs. Needs no torch; core/engine/averaged.py trains and averages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

SETS = ("held out", "test")
"""What the columns are measured on: the held-out images of the run (validation, or test where it trains on all), and
the test images."""


@dataclass(frozen=True)
class AveragedSpec(RunSpec):
    """Which training, and the decay d of the average: from 0, no averaging, to below 1. Raises ValueError for
    another."""

    decay: float = 0.99
    kind: ClassVar[str] = "averaged"
    needed_runs: ClassVar = ()  # it trains by itself

    def __post_init__(self):
        if not 0 <= self.decay < 1:
            raise ValueError(f"decay must be from 0 to below 1, not {self.decay}")
        object.__setattr__(self, "decay", float(self.decay))

    @property
    def reach(self) -> float:
        """Over about how many of the last steps it averages: 1/(1 − d)."""
        return 1 / (1 - self.decay)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        both = self.run.epochs, len(SETS)
        return {"loss": both, "accuracy": both, "own_loss": both, "own_accuracy": both}


@dataclass(frozen=True)
class Averaged:
    """Both networks after every epoch, in evaluation mode: (epochs, 2) each, columns as in SETS. Losses are plain
    cross-entropies in nats, accuracies fractions."""

    spec: AveragedSpec
    loss: np.ndarray
    """Of the network with the averaged weights."""
    accuracy: np.ndarray
    own_loss: np.ndarray
    """Of the network that is trained: its first column is the run's own curve."""
    own_accuracy: np.ndarray
    spec_type: ClassVar[type] = AveragedSpec

    @property
    def best_epoch(self) -> int:
        """The epoch (from 1) at which the averaged network has its lowest held-out loss; the first of equals."""
        return int(self.loss[:, 0].argmin()) + 1
