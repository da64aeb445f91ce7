"""What dropout before batch norm does to batch norm's statistics: variance shift. Needs no torch.

In training, masks and their factor 1/(1 − p) add to the variance of what reaches the next layer; in evaluation mode
they are gone, but batch norm still divides by the running variance that it met in training (Li, Chen, Hu & Yang 2019,
arXiv:1801.05134). With x the inputs of a linear layer of weights w, and masks drawn independently, a unit's input has

    Var(masked) = Var(unmasked) + p/(1 − p)·Σⱼ wⱼ²·E[xⱼ²].

core/engine/variance_shift.py measures both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec


@dataclass(frozen=True)
class VarianceShiftSpec(RunSpec):
    """Which run with batch norm, on how many of its training images, and over how many draws of all masks. Raises
    ValueError for a run without batch norm."""

    n_images: int = 2000
    draws: int = 20
    kind: ClassVar[str] = "variance_shift"

    def __post_init__(self):
        if self.run.norm != "batch":
            raise ValueError("only batch norm keeps a running variance")
        object.__setattr__(self, "n_images", min(self.n_images, self.run.n_train))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        units = (sum(self.run.facts.widths),)
        return dict.fromkeys(("running", "masked", "unmasked"), units) | {"as_trained": (2,), "measured_anew": (2,)}


@dataclass(frozen=True)
class VarianceShift:
    """Variances of each unit's input to batch norm, first the units of the first hidden layer, then those of the
    second: (units,) each. Loss (nats) and accuracy on the test images, in evaluation mode: (2,) each."""

    spec: VarianceShiftSpec
    running: np.ndarray
    """What batch norm divides by in evaluation mode."""
    masked: np.ndarray
    """Over training images and masks; batch norm as in evaluation mode."""
    unmasked: np.ndarray
    """Over training images without masks, as in evaluation mode."""
    as_trained: np.ndarray
    """With the running statistics that training left."""
    measured_anew: np.ndarray
    """With mean and variance of the training images without masks instead, layer after layer."""
    spec_type: ClassVar[type] = VarianceShiftSpec

    def ratio(self, layer: int) -> float:
        """By how much the variance that is divided by exceeds the one that is there in evaluation mode: running over
        unmasked, the median over the units of a hidden layer (1 or 2). Units that never change are left out."""
        return self._median(self.running, layer)

    def ratio_of_masks(self, layer: int) -> float:
        """The part of it that masks alone make: masked over unmasked."""
        return self._median(self.masked, layer)

    def _median(self, variance: np.ndarray, layer: int) -> float:
        first = self.spec.run.facts.widths[0]
        at = slice(0, first) if layer == 1 else slice(first, None)
        alive = self.unmasked[at] > 0
        return float(np.median(variance[at][alive] / self.unmasked[at][alive]))
