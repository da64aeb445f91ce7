"""How the inputs of a layer's units move during training, as plain data: internal covariate shift, made visible.

Ioffe & Szegedy 2015 (arXiv:1502.03167, figure 1) draw the 15th, 50th and 85th percentile of one unit's input over the
training steps. core/engine/drift.py measures them. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

PERCENTILES = (15, 50, 85)


@dataclass(frozen=True)
class DriftSpec(RunSpec):
    """Which training, how long, and on how many fixed training images the units of the second hidden layer are read."""

    steps: int = 400
    every: int = 10
    n_images: int = 1024
    kind: ClassVar[str] = "drift"
    needed_runs: ClassVar = ()  # it trains by itself

    @property
    def at_steps(self) -> np.ndarray:
        """The steps before which the units are read, the first of them step 0, and the end."""
        return np.append(np.arange(0, self.steps, self.every), self.steps)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"percentiles": (len(self.at_steps), self.run.facts.widths[1], len(PERCENTILES))}


@dataclass(frozen=True)
class Drift:
    """percentiles (times, units, 3): of each unit's input to the non-linearity over the images, at `spec.at_steps`."""

    spec: DriftSpec
    percentiles: np.ndarray
    spec_type: ClassVar[type] = DriftSpec

    @property
    def travel(self) -> np.ndarray:
        """(units,): how far the median went at most from where it began, in units of the spread it began with (85th
        minus 15th percentile)."""
        return self.way / self._widths(0)

    @property
    def way(self) -> np.ndarray:
        """(units,): how far the median went at most from where it began, in the units of the input itself."""
        medians = self.percentiles[:, :, 1].astype(np.float64)
        return np.abs(medians - medians[0]).max(axis=0)

    @property
    def last_travel(self) -> np.ndarray:
        """(units,): the same way, in units of the spread at the last step."""
        return self.way / self._widths(-1)

    def _widths(self, at: int) -> np.ndarray:
        return self.percentiles[at, :, 2].astype(np.float64) - self.percentiles[at, :, 0]
