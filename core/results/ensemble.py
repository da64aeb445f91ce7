"""A network trained with dropout as many thinned networks: what they say one by one, averaged, and by weight scaling.

A mask over all hidden units makes one thinned network out of the trained one. Averaging the class probabilities of T
of them is Monte Carlo dropout (Gal & Ghahramani 2016, arXiv:1506.02142); evaluation mode, which uses all units at once,
is the weight scaling rule (Srivastava et al. 2014, §4). Needs no torch; core/engine/ensemble.py measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

N_MASKS = 100
N_SHOWN = 24
"""The first so many test images are shown one by one."""


@dataclass(frozen=True)
class EnsembleSpec(RunSpec):
    """Which run (dropout above 0), on the first so many test images; n_shown: images whose probabilities are kept."""

    n_shown: int = 0
    n_images: int = 10_000
    kind: ClassVar[str] = "ensemble"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            "accuracy": (N_MASKS,),
            "loss": (N_MASKS,),
            "alone": (N_MASKS,),
            "geometric_accuracy": (N_MASKS,),
            "geometric_loss": (N_MASKS,),
            "scaled": (2,),
            "probabilities": (self.n_shown, N_MASKS, 10),
            "scaled_probabilities": (self.n_shown, 10),
            "classes": (self.n_shown,),
        }


@dataclass(frozen=True)
class Ensemble:
    """The predictions of one run's thinned networks. Losses are cross-entropies in nats, accuracies fractions."""

    spec: EnsembleSpec
    accuracy: np.ndarray
    """(T,): of the mean class probabilities of the first 1, 2, …, T thinned networks."""
    loss: np.ndarray
    """(T,): of the same."""
    alone: np.ndarray
    """(T,): the accuracy of each thinned network by itself."""
    geometric_accuracy: np.ndarray
    """(T,): of their geometric mean, brought to sum 1; what weight scaling stands for."""
    geometric_loss: np.ndarray
    """(T,)."""
    scaled: np.ndarray
    """(2,): accuracy and loss by weight scaling."""
    probabilities: np.ndarray
    """(n_shown, T, 10): what each thinned network says of each shown image."""
    scaled_probabilities: np.ndarray
    """(n_shown, 10): what weight scaling says."""
    classes: np.ndarray
    """(n_shown,): what they are."""
    spec_type: ClassVar[type] = EnsembleSpec
