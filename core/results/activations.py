"""What the hidden units of a trained network do: how many are active, how alike they are, how much they need each
other. Needs no torch; core/engine/activations.py measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

SWITCHED_OFF = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The shares of hidden units that are switched off in a trained network, to see what it can spare."""

ACTIVATION_BINS, ACTIVATION_TOP = 40, 4.0
"""Of the histogram of positive activations: equal bins of (0, 4], the last one with what is above too."""


@dataclass(frozen=True)
class ActivationSpec(RunSpec):
    """Which run is measured, on the first so many test images; draws: masks for each share of units switched off."""

    n_images: int = 10_000
    draws: int = 3
    kind: ClassVar[str] = "activations"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            "active": (2,),
            "never": (2,),
            "correlation": (2,),
            "mean": (2,),
            "histogram": (2, ACTIVATION_BINS + 1),
            "accuracy_without": (len(SWITCHED_OFF),),
        }


@dataclass(frozen=True)
class Activations:
    """The units of both hidden layers after their non-linearity, in evaluation mode."""

    spec: ActivationSpec
    active: np.ndarray
    """(2,): the share of a layer's units whose activation is above 0, averaged over images."""
    never: np.ndarray
    """(2,): the share of units that are above 0 for no image."""
    correlation: np.ndarray
    """(2,): the mean |correlation| of two units over the images, over all pairs of units that are not constant."""
    mean: np.ndarray
    """(2,): the mean activation, over units and images."""
    histogram: np.ndarray
    """(2, ACTIVATION_BINS + 1): the shares of activations that are 0, and in each bin."""
    accuracy_without: np.ndarray
    """(S,): the test accuracy with so many of the hidden units switched off at random (`SWITCHED_OFF`), the others
    scaled up, averaged over draws."""
    spec_type: ClassVar[type] = ActivationSpec
