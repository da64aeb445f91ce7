"""How far a training step moves the weights, relative to their length: the effective learning rate. Needs no torch.

Where a normalisation follows a linear layer, the length of its weights does not change what the network computes, and
what a step does depends on ‖Δw‖/‖w‖ alone (van Laarhoven 2017, arXiv:1706.05350, and Zhang et al. 2019,
arXiv:1810.12281). An L2 penalty shortens the weights there, and so makes the relative steps longer.
core/engine/relative_steps.py measures them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec


@dataclass(frozen=True)
class RelativeStepsSpec(RunSpec):
    """Which training is followed; it is gone through once more."""

    kind: ClassVar[str] = "relative_steps"
    needed_runs: ClassVar = ()  # it trains by itself

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        layers = len(self.run.facts.widths) + 1
        return {"norm": (self.run.epochs + 1, layers), "relative_step": (self.run.epochs, layers)}


@dataclass(frozen=True)
class RelativeSteps:
    """The weight matrix of each linear layer, in order from the pixels on."""

    spec: RelativeStepsSpec
    norm: np.ndarray
    """(epochs + 1, layers): ‖w‖, the Euclidean norm, at the start and after each epoch."""
    relative_step: np.ndarray
    """(epochs, layers): ‖Δw‖/‖w‖ of a step, ‖w‖ before it; the mean over the steps of the epoch."""
    spec_type: ClassVar[type] = RelativeStepsSpec
