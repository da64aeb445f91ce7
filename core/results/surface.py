"""Loss surfaces as plain data: what to compute, what came out, what may be read from it. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from core.config import RunConfig
from core.results.measurement import RunSpec

RADII = (0.25, 0.5, 1.0, 2.0)
"""The ranges of α and β that the app offers: both run from −radius to +radius."""

Statistics = Literal["running", "batch"]


@dataclass(frozen=True)
class SurfaceSpec(RunSpec):
    """Which surface: L(θ* + α·u + β·v) of a run's training loss over a square of (α, β).

    method: "filter" for Gaussian filter-normalised directions u, v (Li et al. 2018, arXiv:1712.09913), "notebook" for
    the source notebook's. resolution: points along an axis; odd with "filter", so that θ* itself is one. n_images: the
    loss averages over the first n_images of the run's training images ("filter"), or over that many drawn afresh at
    each point ("notebook"). statistics: for batch norm, its running statistics, or those of the images, computed again
    at each point.
    """

    method: Literal["filter", "notebook"] = "filter"
    radius: float = 1.0
    resolution: int = 41
    n_images: int = 1024
    direction_seed: int = 0
    statistics: Statistics = "running"
    kind: ClassVar[str] = "surface"

    def __post_init__(self):
        if not 0 < self.radius <= 10:
            raise ValueError(f"radius must be above 0 and at most 10, not {self.radius}")
        if self.method == "filter" and self.resolution % 2 == 0:
            raise ValueError(f"resolution must be odd, so that the trained point is on the grid, not {self.resolution}")
        if not 3 <= self.resolution <= 201:
            raise ValueError(f"resolution must be from 3 to 201, not {self.resolution}")
        if self.n_images < 1:
            raise ValueError(f"n_images must be at least 1, not {self.n_images}")
        object.__setattr__(self, "n_images", min(self.n_images, self.run.n_train))
        object.__setattr__(self, "radius", float(self.radius))
        if self.run.norm != "batch":
            object.__setattr__(self, "statistics", "running")

    @property
    def coordinates(self) -> np.ndarray:
        """The values of α, and of β: (resolution,) float64."""
        return np.linspace(-self.radius, self.radius, self.resolution)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"loss": (self.resolution, self.resolution)}


def notebook_spec(run: RunConfig) -> SurfaceSpec:
    """The notebook's own picture of a run: 40 × 40 points in [−1, 1]², 128 fresh images at each."""
    return SurfaceSpec(run, method="notebook", resolution=40, n_images=128)


@dataclass(frozen=True)
class Surface:
    """A computed surface. loss[i, j] is the mean cross-entropy (nats) at α = coordinates[i], β = coordinates[j]."""

    spec: SurfaceSpec
    loss: np.ndarray
    cosine: float
    """Of the angle between u and v: 0 for orthogonal directions."""
    direction_norms: tuple[float, float]
    """‖u‖ and ‖v‖."""
    weight_norm: float
    """‖θ*‖ over the same parameters."""
    standard_error: float
    """Of the loss at θ* as an estimate for all training images: the standard deviation over the images / √n_images."""
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)
    spec_type: ClassVar[type] = SurfaceSpec

    @property
    def coordinates(self) -> np.ndarray:
        return self.spec.coordinates

    @property
    def centre(self) -> float | None:
        """The loss at θ* itself; None on an even grid, which has no such point."""
        half, rest = divmod(self.spec.resolution, 2)
        return float(self.loss[half, half]) if rest else None

    @property
    def angle(self) -> float:
        """Between u and v, in degrees."""
        return float(np.degrees(np.arccos(np.clip(self.cosine, -1, 1))))

    @property
    def range(self) -> tuple[float, float]:
        return float(self.loss.min()), float(self.loss.max())

    @property
    def edge_rise(self) -> float:
        """The mean loss on the four edges of the square above the loss at θ*. Raises TypeError on an even grid."""
        inner = self.loss[1:-1, 1:-1]
        edges = (self.loss.sum() - inner.sum()) / (self.loss.size - inner.size)
        return float(edges) - self.centre

    @property
    def worse_than_chance(self) -> float:
        """The share of the points whose loss exceeds that of guessing, ln 10."""
        return float((self.loss > np.log(10)).mean())


def slice_at(surface: Surface, axis: Literal["α", "β"], value: float) -> tuple[float, np.ndarray]:
    """The losses (resolution,) along `axis` where the other coordinate is nearest to `value`, after that coordinate."""
    nearest = int(np.argmin(np.abs(surface.coordinates - value)))
    losses = surface.loss[:, nearest] if axis == "α" else surface.loss[nearest, :]
    return float(surface.coordinates[nearest]), losses


def share_curving_down(surface: Surface) -> float:
    """The share of inner grid points at which the surface curves down in some direction.

    By the smaller eigenvalue of the 2 × 2 Hessian from central differences. "Down" means below −10⁻³ of the largest
    curvature found: rounding in the losses is no curvature.
    """
    z = surface.loss.astype(np.float64)
    h2 = (surface.coordinates[1] - surface.coordinates[0]) ** 2
    middle = z[1:-1, 1:-1]
    aa = (z[2:, 1:-1] - 2 * middle + z[:-2, 1:-1]) / h2
    bb = (z[1:-1, 2:] - 2 * middle + z[1:-1, :-2]) / h2
    ab = (z[2:, 2:] - z[2:, :-2] - z[:-2, 2:] + z[:-2, :-2]) / (4 * h2)
    mean, spread = (aa + bb) / 2, np.hypot((aa - bb) / 2, ab)
    return float((mean - spread < -1e-3 * (mean + spread).max()).mean())
