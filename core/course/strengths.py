"""What a technique's strength does over its whole range: where it costs nothing, where it is best, where it breaks."""

from __future__ import annotations

from dataclasses import dataclass

from core.config import FULL, RunConfig
from core.course.claims import LAST_FIVE, MISSING, compare
from core.course.over_seeds import against_plain, runs_at
from core.techniques import AUGMENTATION, Technique

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
        return f"Even {at_strength(of, weakest)}, the seeds show a clear loss of accuracy."
    if found.free == strongest:
        return f"No {_value(of)} on the slider shows a clear loss of accuracy over the seeds."
    to = "Up to" if strongest > weakest else "Down to"
    return f"{to} {_named(of, found.free)}, the seeds show no clear loss of accuracy."


def _best(of: Technique, base: RunConfig, found: Reach) -> str:
    if not found.best:
        return f"No {_value(of)} gives a higher mean accuracy than the plain network has."
    against = against_plain(LAST_FIVE, base, of.at(base, found.best), "higher than the plain network's", "lower")
    return f"The mean accuracy is highest {at_strength(of, found.best)}, where it is {_difference(against)}."


def _difference(verdict: str) -> str:
    """A verdict after "it is": what is not clear is "not clearly different"."""
    return verdict.replace("no clear difference", "not clearly different from the plain network's")


def _broken(of: Technique, found: Reach) -> str:
    lost = f"{100 * BROKEN:.0f} points"
    if found.broken is None:
        return f"No {_value(of)} on the slider costs more than {lost}."
    return f"From {_named(of, found.broken)} on, more than {lost} are lost."


def _value(of: Technique) -> str:
    """What a slider's stops are called after "no"."""
    return "shift" if of.key == AUGMENTATION.key else f"value of {of.symbol}"


def at_strength(of: Technique, stop: float) -> str:
    """A stop with its preposition: "at p = 0.4", "with shifts by up to 2 pixels"."""
    return f"with {_named(of, stop)}" if of.key == AUGMENTATION.key else f"at {_named(of, stop)}"


def _named(of: Technique, stop: float) -> str:
    """A stop by its name: "p = 0.4"; a number of pixels is not a symbol's value, so "shifts by up to 2 pixels"."""
    if of.key == AUGMENTATION.key:
        return f"shifts by up to {stop:g} pixel{'' if stop == 1 else 's'}"
    return f"{of.symbol} = {plainly(stop)}"


def plainly(stop: float) -> str:
    """A stop without an exponent, and as the slider writes it where that has one: 0.00003 (3e-05)."""
    text = f"{stop:.10f}".rstrip("0").rstrip(".")
    return text if f"{stop:g}" == text else f"{text} (the slider writes {stop:g})"
