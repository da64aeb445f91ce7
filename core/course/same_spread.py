"""L2 in the loss and AdamW's decay, compared where both leave the weights equally wide.

No two strengths of theirs leave the same spread. So the accuracy of L2 is read off at AdamW's spread, seed by seed, on
the line that joins L2's strengths in the picture: straight, over a logarithmic axis of the spread.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from core.config import RunConfig
from core.course.claims import LAST_ACCURACY, MISSING, Difference, paired_difference, signed
from core.course.grid import and_list
from core.course.over_seeds import first_layers, runs_at
from core.techniques import ADAMW, L2, Path

BySeed = Mapping[int, tuple[float, float]]
"""Seed → the standard deviation of the first layer's weights (above 0), and the held-out accuracy."""


def by_seed(config: RunConfig) -> dict[int, tuple[float, float]]:
    """What is stored of a network, of the seeds that have both numbers."""
    spreads = {layer.spec.run.seed: float(layer.spread) for layer in first_layers(config)}
    accuracies = {run.config.seed: LAST_ACCURACY.of(run) for run in runs_at(config)}
    return {seed: (spreads[seed], accuracies[seed]) for seed in sorted(spreads.keys() & accuracies.keys())}


def at_same_spread(line: Mapping[float, BySeed], points: Mapping[float, BySeed]) -> dict[float, Difference]:
    """By the stop of `points`: its accuracy minus that of `line` at the same spread, paired by seed. Left out are the
    stop 0, at which both are the plain network, and stops of which a seed lies beyond either end of its line. line,
    points: stop → its seeds, the same at every stop; at least two."""
    found = {}
    for stop, seeds in points.items():
        pairs = [(_read_off([one[seed] for one in line.values()], x), y) for seed, (x, y) in seeds.items()]
        if stop and not any(np.isnan(read) for read, _ in pairs):
            found[stop] = paired_difference(*zip(*pairs, strict=True))
    return found


def _read_off(line: list[tuple[float, float]], spread: float) -> float:
    """The accuracy on a line at a spread; nan beyond its ends."""
    spreads, accuracies = np.array(sorted(line)).T
    return float(np.interp(np.log(spread), np.log(spreads), accuracies, left=np.nan, right=np.nan))


def decay_at_same_spread(plain: RunConfig) -> dict[float, Difference]:
    """By the strength of the decay: AdamW's held-out accuracy minus that of L2 in the loss at the same spread. Empty
    where results are missing."""
    line, points = (_along(of.path(plain)) for of in (L2, ADAMW))
    seeds = {frozenset(one) for one in (*line.values(), *points.values())}
    return at_same_spread(line, points) if len(seeds) == 1 and len(*seeds) > 1 else {}


def _along(path: Path) -> dict[float, dict[int, tuple[float, float]]]:
    return {stop: by_seed(config) for stop, config in path.items()}


def decay_in_words(plain: RunConfig) -> str:
    """The same in a sentence: at which strengths decay has the lower accuracy, the higher one, or neither clearly."""
    found = decay_at_same_spread(plain)
    if not found:
        return f"This is {MISSING}."
    clear = {"lower": lambda one: one.high < 0, "higher": lambda one: one.low > 0}
    told = []
    for word, is_there in clear.items():
        means = {stop: one.mean for stop, one in found.items() if is_there(one)}
        if means:
            told.append(f"{word} at a decay of {and_list([f'{stop:g}' for stop in means])} ({_reach(means.values())})")
    unclear = [f"{stop:g}" for stop, one in found.items() if not one.is_clear]
    if unclear:
        told.append(f"not clearly different at a decay of {and_list(unclear)}")
    return (
        f"On {plain.n_train:,} images and at the same spread, the accuracy of AdamW compared with that of L2 in the "
        f"loss is {and_list(told)}."
    )


def _reach(means: Collection[float]) -> str:
    """From the smallest to the largest of some means of one sign: "−0.1 to −7.7 points"."""
    ends = [signed(100 * pick(means, key=abs)) for pick in (min, max)]
    return f"{' to '.join(dict.fromkeys(ends))} points"
