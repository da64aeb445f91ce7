"""Loss surfaces as plain data: what to compute, what came out, what may be read from it. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from core.config import RunConfig
from core.results import store

RADII = (0.25, 0.5, 1.0, 2.0)
"""The ranges of α and β that the app offers: both run from −radius to +radius."""

Statistics = Literal["running", "batch"]


@dataclass(frozen=True)
class SurfaceSpec:
    """Which surface: L(θ* + α·u + β·v) of a run's training loss over a square of (α, β).

    method: "filter" for Gaussian filter-normalised directions u, v (Li et al. 2018, arXiv:1712.09913), "notebook" for
    the source notebook's. resolution: points along an axis; odd with "filter", so that θ* itself is one. n_images: the
    loss averages over the first n_images of the run's training images ("filter"), or over that many drawn afresh at
    each point ("notebook"). statistics: for batch norm, its running statistics, or those of the images, computed again
    at each point.
    """

    run: RunConfig
    method: Literal["filter", "notebook"] = "filter"
    radius: float = 1.0
    resolution: int = 41
    n_images: int = 1024
    direction_seed: int = 0
    statistics: Statistics = "running"

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

    @cached_property
    def file_name(self) -> str:
        return store.file_name("surface", {**asdict(self), "run": self.run.digest})


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


# --- the line between two networks ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineSpec:
    """The straight line (1 − t)·θ_a + t·θ_b between two trained networks, over all their parameters."""

    start: RunConfig
    end: RunConfig
    points: int = 51
    n_images: int = 1024

    @property
    def positions(self) -> np.ndarray:
        """The values of t, from 0 to 1."""
        return np.linspace(0, 1, self.points)

    @property
    def file_name(self) -> str:
        return store.file_name("line", [self.start.digest, self.end.digest, self.points, self.n_images])


@dataclass(frozen=True)
class Line:
    """Losses (points,) along the line: mean cross-entropy on the first n_images training images of `start`'s run."""

    spec: LineSpec
    loss: np.ndarray

    @property
    def barrier(self) -> float:
        """The largest height of the loss above the chord between the two ends. Above 0: the loss is not convex."""
        chord = np.interp(self.spec.positions, (0, 1), (self.loss[0], self.loss[-1]))
        return float((self.loss - chord).max())


# --- on disk --------------------------------------------------------------------------------------------------------


def surface_to_file(surface: Surface, path: Path) -> None:
    numbers = {
        "cosine": surface.cosine,
        "direction_norms": list(surface.direction_norms),
        "weight_norm": surface.weight_norm,
        "standard_error": surface.standard_error,
        "seconds": surface.seconds,
        "versions": dict(surface.versions),
    }
    spec = {**asdict(surface.spec), "run": surface.spec.run.to_dict()}
    store.write_npz(path, {"kind": "surface", "spec": spec, **numbers}, {"loss": surface.loss.astype(np.float32)})


def surface_from_file(path: Path) -> Surface:
    """Read one surface. Raises StoreError where the file is none."""
    meta, arrays = store.read_npz(path)
    try:
        spec = SurfaceSpec(**{**meta["spec"], "run": RunConfig(**meta["spec"]["run"])})
        loss = arrays["loss"]
        if loss.shape != (spec.resolution, spec.resolution) or not np.isfinite(loss).all():
            raise ValueError(f"a grid of shape {loss.shape}, or not finite")
        u, v = meta["direction_norms"]
        return Surface(spec, loss, float(meta["cosine"]), (float(u), float(v)), float(meta["weight_norm"]),
                       float(meta["standard_error"]), float(meta["seconds"]), meta["versions"])  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise store.StoreError(f"{path.name} does not hold a surface ({error})") from error


def line_to_file(line: Line, path: Path) -> None:
    spec = {"start": line.spec.start.to_dict(), "end": line.spec.end.to_dict(), "points": line.spec.points,
            "n_images": line.spec.n_images}  # fmt: skip
    store.write_npz(path, {"kind": "line", "spec": spec}, {"loss": line.loss.astype(np.float32)})


def line_from_file(path: Path) -> Line:
    """Read one line. Raises StoreError where the file is none."""
    meta, arrays = store.read_npz(path)
    try:
        told = meta["spec"]
        spec = LineSpec(RunConfig(**told["start"]), RunConfig(**told["end"]), told["points"], told["n_images"])
        if arrays["loss"].shape != (spec.points,):
            raise ValueError(f"losses of shape {arrays['loss'].shape}")
        return Line(spec, arrays["loss"])
    except (KeyError, TypeError, ValueError) as error:
        raise store.StoreError(f"{path.name} does not hold a line ({error})") from error


def load_surface(spec: SurfaceSpec) -> Surface | None:
    """The stored surface of a spec, None where there is none that can be used."""
    return store.load(spec.file_name, surface_from_file, lambda surface: surface.spec == spec)


def save_surface(surface: Surface) -> Path:
    return store.save(surface.spec.file_name, lambda path: surface_to_file(surface, path))


def load_line(spec: LineSpec) -> Line | None:
    return store.load(spec.file_name, line_from_file, lambda line: line.spec == spec)
