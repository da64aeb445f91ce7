"""Which networks are asked what they learned by heart, in the lessons that show it, and the answers in words."""

from __future__ import annotations

from functools import cache

from core.config import SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claims import MISSING, Measure
from core.course.over_seeds import measured
from core.results.by_heart import EPOCHS, LABEL, TRUTH, ByHeart, ByHeartSpec
from core.techniques import DROPOUT, L1, L2, PLAIN

BY_LESSON = {"baseline": (), "dropout": (DROPOUT,), "l1_l2": (L1, L2)}
"""Lesson → the techniques whose networks stand beside the plain one."""


def networks(lesson: str) -> dict[str, RunConfig]:
    """What a lesson shows, by name and strength: the small and noisy network, and its techniques' at the strength that
    the course speaks of there."""
    found = {PLAIN.name: SMALL_AND_NOISY}
    for of in BY_LESSON[lesson]:
        found[f"{of.name}, {of.symbol} = {of.small:g}"] = of.at(SMALL_AND_NOISY, of.small)
    return found


@cache
def by_heart(config: RunConfig) -> tuple[ByHeartSpec, ...]:
    """A network over all seeds; the first seed's with the pictures."""
    return tuple(ByHeartSpec(run, per_class=0 if run.seed else 2) for run in seeds_of(config))


def measurements_for(lesson: str) -> list[ByHeartSpec]:
    """What a lesson adds: its techniques' networks; the plain one is the baseline's."""
    own = networks(lesson).values() if not BY_LESSON[lesson] else [*networks(lesson).values()][1:]
    return [spec for config in own for spec in by_heart(config)]


def shares(config: RunConfig, epoch: int, kind: int) -> str:
    """Of the wrong-labelled training images, the share answered with LABEL, TRUTH or OTHER after an epoch, over
    seeds."""
    of: Measure[ByHeart] = Measure("share", lambda found: found.shares[EPOCHS.index(epoch), kind], "%", 100, digits=0)
    return of.over(measured(by_heart(config)))


def _called(name: str) -> str:
    """A network in a sentence: "the plain network", "the network with dropout (p = 0.5)"."""
    technique, _, strength = name.partition(", ")
    return f"the network with {technique} ({strength})" if strength else f"the {technique} network"


def shares_in_words(name: str, config: RunConfig, epoch: int) -> str:
    """A sentence on one network after an epoch."""
    label, truth = (shares(config, epoch, kind) for kind in (LABEL, TRUTH))
    if MISSING in (label, truth):
        return f"What {_called(name)} answers is {MISSING}."
    return (
        f"After epoch {epoch} {_called(name)} reproduces the wrong label for **{label}** of these images and names "
        f"the true class for {truth}."
    )
