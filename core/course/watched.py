"""Trainings that are watched epoch by epoch: which, and sentences on what is seen at an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.config import FULL, SMALL_AND_NOISY, RunConfig
from core.course.claims import percent
from core.results.library import stored, stored_runs
from core.results.run import Run
from core.results.watched import THRESHOLD, Watched, WatchedSpec
from core.techniques import BATCH_NORM, DROPOUT, L1, L1_PROXIMAL, L2, LAYER_NORM, PLAIN, Technique

WATCHED = (PLAIN, DROPOUT, L1, L1_PROXIMAL, L2, BATCH_NORM, LAYER_NORM)
"""The techniques whose training can be watched, in both settings, of the first seed."""


@dataclass(frozen=True)
class Training:
    """A training as it was run, and as it was watched."""

    run: Run
    seen: Watched


def watched_of(technique: Technique, base: RunConfig) -> WatchedSpec:
    """The training of a technique in a setting, at the strength that the course speaks of there."""
    return WatchedSpec(technique.in_setting(base))


def measurements_of(run: RunConfig) -> list[WatchedSpec]:
    watched = (watched_of(technique, base) for technique in WATCHED for base in (FULL, SMALL_AND_NOISY))
    return [spec for spec in watched if spec.run == run]


def trainings(named: Mapping[str, WatchedSpec]) -> dict[str, Training]:
    """Those that are stored, by name."""
    found = {name: (stored_runs([spec.run]), stored(spec)) for name, spec in named.items()}
    return {name: Training(runs[0], seen) for name, (runs, seen) in found.items() if runs and seen}


# --- in words --------------------------------------------------------------------------------------------------------


def when(epoch: int) -> str:
    return "before training" if epoch == 0 else f"after {epoch} epoch{'s' if epoch > 1 else ''}"


def at_epoch(found: Mapping[str, Training], epoch: int) -> list[dict[str, str]]:
    """What the networks come to at an epoch, as the rows of a table with a column for each. At least one."""
    held_out = next(iter(found.values())).run.config.held_out
    numbers = {
        f"|w| ≤ {THRESHOLD:g}": lambda seen: seen.share_small[epoch],
        "exactly 0": lambda seen: seen.share_zero[epoch],
        f"right, {held_out}": lambda seen: seen.accuracy[epoch],
    }
    return [
        {when(epoch): what, **{name: percent(of(one.seen)) for name, one in found.items()}}
        for what, of in numbers.items()
    ]


MOST_NAMED = 3
"""Mistakes that are named of a network."""


def parting_in_words(found: Mapping[str, Training]) -> str:
    """When each network's held-out loss was lowest, and which mistakes have become most frequent since: a list in
    Markdown."""
    return "\n".join(f"- {_since_the_best(name, one)}" for name, one in found.items())


def _since_the_best(name: str, one: Training) -> str:
    best, last = one.run.best_epoch, one.run.config.epochs
    lowest = f"**{name.capitalize()}**: the loss on {one.run.config.held_out} images is lowest {when(best)}"
    if best == last:
        return f"{lowest}, the last one."
    before, after = (one.seen.confusion[epoch].astype(int) for epoch in (best, last))
    names = one.seen.spec.run.facts.class_names
    more = after - before
    np.fill_diagonal(more, 0)
    places = [np.unravel_index(at, more.shape) for at in np.argsort(-more, axis=None, kind="stable")[:MOST_NAMED]]
    told = [
        f"“{names[true]}” is taken for “{names[given]}” in {after[true, given]:,} of {after[true].sum():,} images, up "
        f"from {before[true, given]:,}"
        for true, given in places
        if more[true, given] > 0
    ]
    right_then, right_now = (percent(one.seen.accuracy[epoch]) for epoch in (best, last))
    return (
        f"{lowest}. Of these images {right_then} are right then, and {right_now} {when(last)}. "
        f"{'The mistakes that have grown most: ' + '; '.join(told) if told else 'No mistake is more frequent since'}."
    )


def extremes_in_words(seen: Watched, epoch: int) -> str:
    """Where on the image plane the most and the fewest weights are small."""
    shares = seen.small_by_pixel(epoch)
    middle = shares[shares.shape[0] // 2, shares.shape[1] // 2]
    return (
        f"from {percent(shares.min(), 0)} to {percent(shares.max(), 0)} of a pixel's weights, "
        f"{percent(shares[0, 0], 0)} at the upper left corner and {percent(middle, 0)} in the middle"
    )


def zeros_in_words(seen: Watched, epoch: int) -> str:
    """What a picture of the whole matrix shows, in shares."""
    levels = seen.levels(epoch)
    small, zero = (percent((levels < above).mean()) for above in (2, 1))
    return f"{small} of the weights have |w| up to {THRESHOLD:g}, {zero} are exactly 0"


def mistakes_in_words(seen: Watched, epoch: int) -> str:
    """Which class is taken for which other one most often at an epoch."""
    counts = seen.confusion[epoch].astype(int)
    others = counts - np.diag(counts.diagonal())
    true, given = np.unravel_index(others.argmax(), others.shape)
    names = seen.spec.run.facts.class_names
    return (
        f"{percent(seen.accuracy[epoch])} are right; most often “{names[true]}” is taken for “{names[given]}”, "
        f"{others[true, given]} times of {counts[true].sum()}"
    )
