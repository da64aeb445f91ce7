"""What two habits of the source notebook do to its numbers: a fresh batch at each point of a landscape, and a mean of
batch accuracies whose last batch is smaller. Needs no torch; core/engine/batches.py measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

RADIUS = 0.25
"""α runs from −RADIUS to RADIUS along a filter-normalised direction."""
POINTS = 40
"""The notebook's, an even number: none of them is θ* itself."""
FRESH_BATCH, FIXED_IMAGES, REPEATS, AT_CENTRE = 128, 1024, 3, 200
TEST_BATCH = 256
"""The notebook's test loader."""


def positions(points: int) -> np.ndarray:
    """The values of α, (points,)."""
    return np.linspace(-RADIUS, RADIUS, points)


@dataclass(frozen=True)
class BatchesSpec(RunSpec):
    """Which trained network is looked at."""

    kind: ClassVar[str] = "batches"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        test_batches = -(-self.run.facts.n_test // TEST_BATCH)
        return {
            "fresh": (REPEATS, POINTS),
            "fixed": (POINTS,),
            "odd": (POINTS + 1,),
            "at_centre": (AT_CENTRE,),
            "accuracies": (test_batches,),
            "sizes": (test_batches,),
        }


@dataclass(frozen=True)
class Batches:
    """Training losses (nats) near a trained network, and its accuracy batch by batch."""

    spec: BatchesSpec
    fresh: np.ndarray
    """(REPEATS, POINTS): the loss at each α on a batch of FRESH_BATCH training images of its own, three times over."""
    fixed: np.ndarray
    """(POINTS,): on the same FIXED_IMAGES at each α."""
    odd: np.ndarray
    """(POINTS + 1,): the same at one point more, so that θ* is in the middle."""
    at_centre: np.ndarray
    """(AT_CENTRE,): at θ* itself, on fresh batches."""
    accuracies: np.ndarray
    """(test batches,): the share of each test batch that is classified right."""
    sizes: np.ndarray
    """(test batches,): images in each test batch; the last has fewer."""
    spec_type: ClassVar[type] = BatchesSpec

    @property
    def mean_of_batches(self) -> float:
        """The notebook's accuracy: every batch counts the same."""
        return float(self.accuracies.mean())

    @property
    def accuracy(self) -> float:
        """Every image counts the same."""
        return float((self.accuracies * self.sizes).sum() / self.sizes.sum())
