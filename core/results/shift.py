"""Covariate shift by light and noise: what is done to the test images, and what it costs each network. Needs no torch.

A pixel x in [0, 1] becomes clip(½ + contrast·(x − ½) + brightness + noise·ε, 0, 1) with ε from the standard normal
distribution; brightness 0, contrast 1 and noise 0 leave it as it is. The labels stay: only P(x) changes, which is the
definition of covariate shift (Shimodaira 2000). core/engine/shift.py measures the accuracies.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec
from core.results.surface import Statistics

BRIGHTNESS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
CONTRAST = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
NOISE = (0.0, 0.1, 0.2, 0.3, 0.5)
"""The sliders' stops."""


@dataclass(frozen=True)
class Shift:
    """What is done to the pixels. brightness is added, contrast stretches around mid-grey, noise is the standard
    deviation."""

    brightness: float = 0.0
    contrast: float = 1.0
    noise: float = 0.0

    def moved(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels in [0, 1] after brightness and contrast, before noise and clipping."""
        return 0.5 + self.contrast * (pixels - 0.5) + self.brightness

    def applied(self, pixels: np.ndarray, epsilon: np.ndarray) -> np.ndarray:
        """Shifted pixels in [0, 1]. pixels in [0, 1] and epsilon, standard normal numbers, have the same shape."""
        return np.clip(self.moved(pixels) + self.noise * epsilon, 0, 1)

    def histogram(self, counts: np.ndarray, bins: int = 32) -> np.ndarray:
        """The shares (bins,) of shifted pixels in equal bins of [0, 1], from the counts (256,) of the grey values
        0…255.

        Exact, without drawing noise: what would fall below 0 or above 1 is clipped into the first or the last bin.
        """
        at = self.moved(np.arange(256) / 255)
        edges = np.linspace(0, 1, bins + 1)[1:-1]
        if self.noise == 0:
            below = (at[:, None] < edges).astype(float)
        else:
            below = np.vectorize(NormalDist().cdf)((edges - at[:, None]) / self.noise)
        shares = np.diff(below, axis=1, prepend=0, append=1)
        return counts @ shares / counts.sum()


def all_shifts() -> Iterator[Shift]:
    """Every combination of the stops, in the order of `Shifted.accuracy`."""
    return itertools.starmap(Shift, itertools.product(BRIGHTNESS, CONTRAST, NOISE))


@dataclass(frozen=True)
class ShiftSpec(RunSpec):
    """Which network is measured. n_images: on the first so many test images."""

    n_images: int = 10_000
    kind: ClassVar[str] = "shift"

    @property
    def statistics(self) -> tuple[Statistics, ...]:
        """The statistics that the network is measured with: batch norm with its own and with re-estimated ones."""
        return ("running", "batch") if self.run.norm == "batch" else ("running",)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        stops = len(self.statistics), len(BRIGHTNESS), len(CONTRAST), len(NOISE)
        return {"accuracy": stops, "pixel_counts": (256,)}

    @property
    def named_by(self) -> list:
        """The stops too: other ones are another measurement."""
        return [self.run.digest, self.n_images, BRIGHTNESS, CONTRAST, NOISE]


@dataclass(frozen=True)
class Shifted:
    """The accuracies of one network under every shift."""

    spec: ShiftSpec
    accuracy: np.ndarray
    """(statistics, brightness, contrast, noise), fractions of the test images."""
    pixel_counts: np.ndarray
    """(256,): how often each grey value occurs in the unshifted test images."""
    spec_type: ClassVar[type] = ShiftSpec

    def at(self, shift: Shift, statistics: Statistics = "running") -> float:
        """The accuracy under one shift. Raises ValueError for a shift that is no stop."""
        return float(
            self.accuracy[
                self.spec.statistics.index(statistics),
                BRIGHTNESS.index(shift.brightness),
                CONTRAST.index(shift.contrast),
                NOISE.index(shift.noise),
            ]
        )
