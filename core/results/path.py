"""The path of a training in its own plane: the two directions in which the weights moved most, as plain data.

The principal components of θ₀ − θₙ, …, θₙ₋₁ − θₙ, where θₑ are the weights after epoch e (Li et al. 2018,
arXiv:1712.09913, §7.2). They are drawn from the path itself and show it at its widest, which random directions would
not; what the plane leaves out is told by the variance that it explains, and by each checkpoint's true loss beside that
of its shadow in the plane. Needs no torch; core/engine/path.py trains and measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec
from core.results.surface import Statistics

MARGIN = 0.2
"""How far the grid reaches beyond the path on each side, as a share of the path's width."""


@dataclass(frozen=True)
class PathSpec(RunSpec):
    """Which training, of at least three epochs. Losses are on the first n_images of its training images with the labels
    trained on, in evaluation mode, without penalty.

    statistics: batch norm's. "running": each checkpoint has its own, and every other point of the plane those of the
    last one. "batch": those of the images, computed again at each point. resolution: points along an axis of the grid.
    """

    statistics: Statistics = "running"
    n_images: int = 1024
    resolution: int = 25
    kind: ClassVar[str] = "path"
    needed_runs: ClassVar = ()  # it trains by itself

    def __post_init__(self):
        if self.run.epochs < 3:
            raise ValueError(f"a plane needs at least 3 epochs, and this run has {self.run.epochs}")
        if not 3 <= self.resolution <= 201:
            raise ValueError(f"resolution must be from 3 to 201, not {self.resolution}")
        if self.n_images < 1:
            raise ValueError(f"n_images must be at least 1, not {self.n_images}")
        object.__setattr__(self, "n_images", min(self.n_images, self.run.n_train))
        if self.run.norm != "batch":
            object.__setattr__(self, "statistics", "running")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        checkpoints, points = self.run.epochs + 1, self.resolution
        return {
            "coordinates": (checkpoints, 2),
            "distances": (checkpoints,),
            "explained": (2,),
            "loss": (checkpoints,),
            "shadow_loss": (checkpoints,),
            "alphas": (points,),
            "betas": (points,),
            "grid": (points, points),
        }


@dataclass(frozen=True)
class TrainingPath:
    """The checkpoints θ₀ (before training) to θₙ and the plane θₙ + α·u + β·v, with u and v of length 1 over all
    trained parameters: coordinates are distances between weights. Nothing is filter-normalised. Losses in nats."""

    spec: PathSpec
    coordinates: np.ndarray
    """(epochs + 1, 2): α and β of each checkpoint's nearest point in the plane. The last is (0, 0); the first has none
    below 0, since the sign of a principal component is free."""
    distances: np.ndarray
    """(epochs + 1,): ‖θₑ − θₙ‖, the true distance to the end."""
    explained: np.ndarray
    """(2,): the share of the checkpoints' variance around their mean along u, and along v; θₙ not counted."""
    loss: np.ndarray
    """(epochs + 1,): at the checkpoints themselves."""
    shadow_loss: np.ndarray
    """(epochs + 1,): at their nearest points in the plane."""
    alphas: np.ndarray
    """(resolution,): the grid's values of α."""
    betas: np.ndarray
    grid: np.ndarray
    """(resolution, resolution): grid[i, j] is the loss at α = alphas[i], β = betas[j]."""
    spec_type: ClassVar[type] = PathSpec

    @property
    def off_plane(self) -> np.ndarray:
        """(epochs + 1,): the distance of each checkpoint from the plane."""
        within = np.square(self.coordinates).sum(axis=1)
        return np.sqrt(np.maximum(np.square(self.distances) - within, 0))


def axis_over(coordinates: np.ndarray, points: int) -> np.ndarray:
    """Even positions, (points,), over one coordinate of all checkpoints and MARGIN of its width beyond them."""
    low, high = coordinates.min(), coordinates.max()
    beyond = MARGIN * (high - low)
    return np.linspace(low - beyond, high + beyond, points)
