"""What a technique's strength does over its whole range: where it costs nothing, where it is best, where it breaks."""

from __future__ import annotations

from dataclasses import dataclass

from core.config import FULL, RunConfig
from core.course.claims import LAST_FIVE, MISSING, compare
from core.course.over_seeds import against_plain, runs_at
from core.techniques import Technique

BROKEN = 0.05
"""Accuracy lost against the plain network, as a share, from which on a strength is said to break the network."""


@dataclass(frozen=True)
class Reach:
    """Stops of a technique's slider by held-out accuracy, mean of the last five epochs, against the plain network over
    the same seeds.

    free: the strongest one that is not clearly lower, nor is any weaker one. best: the one with the highest mean.
    broken: the weakest one from which on the mean of every stop is lower by more than BROKEN; None where there is none.
    """

    free: float
    best: float
    broken: float | None


def reach(of: Technique, base: RunConfig) -> Reach | None:
    """Where a technique's strength is free, best and too much in a setting; None where runs are missing."""
    path = of.path(base)
    changes = {stop: compare(LAST_FIVE, runs_at(base), runs_at(config)) for stop, config in path.items() if stop}
    if not changes or not all(changes.values()):
        return None
    free = 0.0
    for stop, change in changes.items():
        if change.high < 0:
            break
        free = stop
    means = {0.0: 0.0} | {stop: change.mean for stop, change in changes.items()}
    stops = [*means]
    broken = next((s for i, s in enumerate(stops) if all(means[later] < -BROKEN for later in stops[i:])), None)
    return Reach(free, max(means, key=means.get), broken)


def reach_in_words(of: Technique, base: RunConfig) -> str:
    """Three sentences on a strength in a setting, for a student who holds its slider."""
    found = reach(of, base)
    if found is None:
        return f"{MISSING.capitalize()}."
    images = f"{base.n_train:,} images" + ("" if base.n_train == FULL.n_train else ", some with wrong labels")
    return f"**{images}.** {_free(of, found)} {_best(of, base, found)} {_broken(of, found)}"


def _free(of: Technique, found: Reach) -> str:
    weakest, strongest = of.stops[1], of.stops[-1]
    if not found.free:
        return f"Even {of.symbol} = {_plainly(weakest)} shows a clear loss of accuracy over the seeds."
    if found.free == strongest:
        return f"No {of.symbol} on the slider shows a clear loss of accuracy over the seeds."
    to = "Up to" if strongest > weakest else "Down to"
    return f"{to} {of.symbol} = {_plainly(found.free)}, the seeds show no clear loss of accuracy."


def _best(of: Technique, base: RunConfig, found: Reach) -> str:
    if not found.best:
        return f"No {of.symbol} has a higher mean than the plain network."
    against = against_plain(LAST_FIVE, base, of.at(base, found.best), "higher than the plain network's", "lower")
    return f"The mean is highest at {of.symbol} = {_plainly(found.best)}, where it is {_difference(against)}."


def _difference(verdict: str) -> str:
    """A verdict after "it is": what is not clear is "not clearly different"."""
    return verdict.replace("no clear difference", "not clearly different from the plain network's")


def _broken(of: Technique, found: Reach) -> str:
    lost = f"{100 * BROKEN:.0f} points"
    if found.broken is None:
        return f"No {of.symbol} on the slider costs more than {lost}."
    return f"From {of.symbol} = {_plainly(found.broken)} on, more than {lost} are lost."


def _plainly(stop: float) -> str:
    """A stop without an exponent, and as the slider writes it where that has one: 0.00003 (3e-05)."""
    text = f"{stop:.10f}".rstrip("0").rstrip(".")
    return text if f"{stop:g}" == text else f"{text} (the slider writes {stop:g})"
