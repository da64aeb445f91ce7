"""Lesson 7: which regularizer, and when? Every technique over the number of images and the share of wrong labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from core.config import FIELDS, SMALL_AND_NOISY, RunConfig, seeds_of
from core.techniques import (
    ADAMW,
    AUGMENTATION,
    BATCH_NORM,
    DROPOUT,
    L1,
    L1_PROXIMAL,
    L2,
    LABEL_SMOOTHING,
    LAYER_NORM,
    MAX_NORM,
    PLAIN,
    Technique,
)

# --- the grid: when does which help? --------------------------------------------------------------------------------

IMAGES = (500, 1000, 2000, 5000, 20_000)
"""How many images, at the small and noisy setting's share of wrong labels."""
WRONG_LABELS = FIELDS["label_noise"].stops
"""Which share of wrong labels, at the small and noisy setting's number of images."""

STRENGTHS: dict[Technique, tuple[float, ...]] = {
    PLAIN: (),
    BATCH_NORM: (),
    LAYER_NORM: (),
    DROPOUT: (0.2, 0.5, 0.7),
    L1: (1e-4, 3e-4, 1e-3),
    L1_PROXIMAL: (1e-4, 3e-4, 1e-3),
    L2: (1e-3, 3e-3, 1e-2),
    ADAMW: (1.0, 3.0, 10.0),
    MAX_NORM: (2.0, 1.0, 0.5),
    LABEL_SMOOTHING: (0.1, 0.2, 0.5),
    AUGMENTATION: (1, 2),
}
"""The strengths among which the validation images choose, at every place of the grid; none where there is none."""


@dataclass(frozen=True)
class Place:
    """One place of the grid: so many images, of which such a share has a wrong label. Everything else, the 60 epochs
    too, is as in the small and noisy setting."""

    n_train: int = SMALL_AND_NOISY.n_train
    label_noise: float = SMALL_AND_NOISY.label_noise

    @property
    def plain(self) -> RunConfig:
        """The plain network there."""
        return replace(SMALL_AND_NOISY, n_train=self.n_train, label_noise=self.label_noise)

    @property
    def seeds(self) -> int:
        """Over how many seeds it is measured: all of them at the setting that the course speaks of."""
        return len(FIELDS["seed"].stops) if self == Place() else 3


PLACES = tuple(dict.fromkeys([*(Place(n_train=n) for n in IMAGES), *(Place(label_noise=n) for n in WRONG_LABELS)]))


@cache
def candidates(technique: Technique, place: Place) -> dict[float | None, tuple[RunConfig, ...]]:
    """Strength → the runs with a technique at a place, one a seed; the one key None where it has no strength."""
    if technique in (PLAIN, BATCH_NORM, LAYER_NORM):
        return {None: seeds_of(technique.on(place.plain))[: place.seeds]}
    return {s: seeds_of(technique.at(place.plain, s))[: place.seeds] for s in STRENGTHS[technique]}


def runs() -> set[RunConfig]:
    """Every run of the grid."""
    return {
        run for place in PLACES for technique in STRENGTHS for some in candidates(technique, place).values() for run in some
    }
