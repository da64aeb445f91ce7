"""How sharp the minimum is at which a network ended, in three numbers that need not agree. Needs no torch;
core/engine/sharpness.py measures them.

The largest eigenvalue of the Hessian of the data loss is the curvature in the steepest direction, its trace the sum of
the curvatures in all directions. Both depend on the scale of the weights: a ReLU network whose one layer is multiplied
by a factor and whose next is divided by it computes the same, with another Hessian (Dinh et al. 2017,
arXiv:1703.04933). The rise along filter-normalised directions (Li et al. 2018, arXiv:1712.09913, §4) does not depend on
that scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec
from core.results.surface import Statistics


@dataclass(frozen=True)
class SharpnessSpec(RunSpec):
    """Which run is measured, at its last weights.

    The loss is the plain cross-entropy, without penalty or label smoothing, in evaluation mode, over the first n_images
    of the run's training images with the labels that it was trained on. statistics: batch norm's; "running" takes those
    that training left, as constants, "batch" those of the images, computed again wherever the weights are.
    lanczos_steps: Hessian-vector products for the largest eigenvalue; probes: for the trace. directions, radius: how
    many filter-normalised directions u are followed, to θ* ± radius·u.
    """

    statistics: Statistics = "running"
    n_images: int = 4096
    lanczos_steps: int = 15
    probes: int = 30
    directions: int = 10
    radius: float = 1.0
    kind: ClassVar[str] = "sharpness"

    def __post_init__(self):
        for name, least in (("n_images", 1), ("lanczos_steps", 1), ("probes", 2), ("directions", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if not 0 < self.radius <= 10:
            raise ValueError(f"radius must be above 0 and at most 10, not {self.radius}")
        object.__setattr__(self, "n_images", min(self.n_images, self.run.n_train))
        object.__setattr__(self, "radius", float(self.radius))
        if self.run.norm != "batch":
            object.__setattr__(self, "statistics", "running")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"trace_samples": (self.probes,), "rises": (self.directions, 2)}


@dataclass(frozen=True)
class Sharpness:
    """What was found around one trained network. Losses in nats; the Hessian is over all trained parameters."""

    spec: SharpnessSpec
    loss: float
    """At θ*."""
    gradient_norm: float
    """‖∇L(θ*)‖: 0 at a minimum of this loss. Networks with a penalty, or stopped on the way, are at none."""
    top: float
    """The largest eigenvalue of the Hessian as far as it was found: never above the true one, but for rounding."""
    residual: float
    """‖H·v − top·v‖ for the unit vector v that was found: some eigenvalue lies within it of `top`."""
    trace_samples: np.ndarray
    """(probes,): independent estimates of the trace, each right on average."""
    rises: np.ndarray
    """(directions, 2): L(θ* − radius·u) − L(θ*) and L(θ* + radius·u) − L(θ*)."""
    spec_type: ClassVar[type] = SharpnessSpec

    @property
    def trace(self) -> float:
        return float(self.trace_samples.mean())

    @property
    def trace_error(self) -> float:
        """The standard error of the trace."""
        return _standard_error(self.trace_samples)

    @property
    def rise(self) -> float:
        """The mean rise of the loss at the radius, over directions and both ways along each."""
        return float(self.rises.mean())

    @property
    def rise_error(self) -> float:
        """Its standard error, over directions."""
        return _standard_error(self.rises.mean(axis=1))


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values)))
