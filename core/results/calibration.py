"""How far a network's confidence can be trusted: among the images of which it is 90 % sure, are 90 % right?

A network's confidence in its answer is the largest of its softmax probabilities. Images are put into equal bins of
confidence, and in each the mean confidence is set against the share that is right (Guo et al. 2017, arXiv:1706.04599,
§2). Needs no torch; core/engine/calibration.py measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

BINS = 15
"""Equal bins of (0, 1], each with its upper edge; as many as in the paper. With ten classes no confidence is below
1/10, so the first bin stays empty."""


@dataclass(frozen=True)
class CalibrationSpec(RunSpec):
    """Which run is measured: its last weights, on all test images."""

    kind: ClassVar[str] = "calibration"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"count": (BINS,), "sum_confidence": (BINS,), "right": (BINS,), "loss": ()}


@dataclass(frozen=True)
class Calibration:
    """The confidence of one network on the test images, bin by bin. Sums, because an empty bin has no mean."""

    spec: CalibrationSpec
    count: np.ndarray
    """(BINS,): images whose confidence lies in each bin."""
    sum_confidence: np.ndarray
    """(BINS,): the sum of their confidences."""
    right: np.ndarray
    """(BINS,): how many of them are classified right."""
    loss: np.ndarray
    """(): the negative log likelihood, which is the cross-entropy; nats per image."""
    spec_type: ClassVar[type] = CalibrationSpec

    @property
    def mean_confidence(self) -> np.ndarray:
        """(BINS,): the mean confidence in each bin, nan in an empty one."""
        return _per_image(self.sum_confidence, self.count)

    @property
    def bin_accuracy(self) -> np.ndarray:
        """(BINS,): the share that is right in each bin, nan in an empty one."""
        return _per_image(self.right, self.count)

    @property
    def accuracy(self) -> float:
        """Over all images, a fraction."""
        return float(self.right.sum() / self.count.sum())

    @property
    def overconfidence(self) -> float:
        """The mean confidence minus the accuracy, over all images: above 0 the network is too sure, below 0 not sure
        enough. Bins do not matter to it; a network may be both, and then this hides what `error` shows."""
        return float((self.sum_confidence.sum() - self.right.sum()) / self.count.sum())

    @property
    def error(self) -> float:
        """The expected calibration error: Σ over bins of (images in it / all)·|accuracy − confidence| (equation 3).

        Of a perfectly calibrated network it is not 0 but a little above: in every bin the share that is right differs
        from its expectation by chance, and the absolute value counts that.
        """
        return float(np.abs(self.right - self.sum_confidence).sum() / self.count.sum())


def _per_image(sums: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def bins_of(confidence: np.ndarray) -> np.ndarray:
    """The bin of each confidence, (N,) from 0 to BINS − 1: k for one in (k/BINS, (k + 1)/BINS]. Raises ValueError for
    one outside (0, 1]."""
    if not ((confidence > 0) & (confidence <= 1)).all():
        raise ValueError("a confidence lies above 0 and is at most 1")
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence, side="left")
