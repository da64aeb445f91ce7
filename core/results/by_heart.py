"""What a network says to training images whose label is wrong, while it is trained: the label, the truth, or something
else. Needs no torch; core/engine/by_heart.py trains and asks it.

The pictures in it are Fashion-MNIST's, © 2017 Zalando SE, under the MIT licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec

EPOCHS = (5, 20, 60)
"""After these the network is asked."""
LABEL, TRUTH, OTHER = range(3)
"""What it may name: the label that it was given, the class that it shows, another one."""


@dataclass(frozen=True)
class ByHeartSpec(RunSpec):
    """Which training. per_class: pictures of each true class that are kept, the first with a wrong label in the order
    of the training images; 0 where only the shares are wanted. Raises ValueError for a run without wrong labels, or one
    that ends before the last of EPOCHS."""

    per_class: int = 2
    kind: ClassVar[str] = "by_heart"
    needed_runs: ClassVar = ()  # it trains by itself

    def __post_init__(self):
        if not self.run.label_noise or self.run.epochs < EPOCHS[-1]:
            raise ValueError(f"it needs wrong labels and {EPOCHS[-1]} epochs, and {self.run.to_params()} has not both")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        classes, side = len(self.run.facts.class_names), self.run.facts.side
        shown = classes * self.per_class
        return {
            "images": (shown, side, side),
            "classes": (shown,),
            "labels": (shown,),
            "probabilities": (len(EPOCHS), shown, classes),
            "shares": (len(EPOCHS), 3),
        }


@dataclass(frozen=True)
class ByHeart:
    """The answers, in evaluation mode after each of EPOCHS."""

    spec: ByHeartSpec
    images: np.ndarray
    """(shown, side, side) uint8: white on black, as the network sees them."""
    classes: np.ndarray
    """(shown,): what each image shows."""
    labels: np.ndarray
    """(shown,): the wrong label that the network was given for it."""
    probabilities: np.ndarray
    """(epochs, shown, classes) float16."""
    shares: np.ndarray
    """(epochs, 3): of all training images with a wrong label, how many are answered with LABEL, TRUTH, OTHER."""
    spec_type: ClassVar[type] = ByHeartSpec

    def answers(self, epoch: int) -> np.ndarray:
        """The class that it names for each image after one of EPOCHS, (shown,)."""
        return self.probabilities[EPOCHS.index(epoch)].argmax(axis=1)

    def kinds(self, epoch: int) -> np.ndarray:
        """LABEL, TRUTH or OTHER for each image after one of EPOCHS, (shown,)."""
        return kinds_of(self.answers(epoch), self.labels, self.classes)


def kinds_of(answers: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """LABEL, TRUTH or OTHER for each answer, (N,); labels and classes differ everywhere."""
    return np.where(answers == labels, LABEL, np.where(answers == classes, TRUTH, OTHER))
