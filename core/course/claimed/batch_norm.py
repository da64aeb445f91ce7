"""What lesson 2 states or asks: batch norm against the plain network, its place, batches, rates and surface."""

from __future__ import annotations

from dataclasses import replace

from core import techniques
from core.config import FULL, RunConfig, seeds_of
from core.course.claim import Claim, Comparison, across, at_the_edge, between
from core.course.claims import (
    BEST_ACCURACY,
    BEST_EPOCH,
    BEST_LOSS,
    FIRST_EPOCH,
    FIVE_EPOCHS,
    GAP,
    LAST_ACCURACY,
    LAST_LOSS,
    RISE,
    Measure,
)
from core.course.norms import (
    BATCH_SIZES,
    FROM_STEP,
    LEARNING_RATES,
    PRESETS,
    at_batch_size,
    at_learning_rate,
    probes,
)
from core.course.over_seeds import EDGE_RISE, measured
from core.results.probe import Probe
from core.results.shift import Shifted, ShiftSpec
from core.results.surface import Statistics, SurfaceSpec
from core.techniques import PLAIN

LESSON = "batch_norm"
BATCH = techniques.BATCH_NORM.name
BATCH_NORM = techniques.BATCH_NORM.on(FULL)
AFTER = replace(BATCH_NORM, norm_position="after")

# --- against the plain network --------------------------------------------------------------------------------------

FIRST = Claim(
    "batch norm, first epoch",
    LESSON,
    "Batch norm trains faster at first: after one epoch its accuracy is higher than the plain network's.",
    f"{LESSON}/picture",
    between(FIRST_EPOCH, FULL, BATCH_NORM),
    "higher",
)
FIVE = Claim(
    "batch norm, first five epochs",
    LESSON,
    "Over the first five epochs batch norm's accuracy is higher than the plain network's.",
    f"{LESSON}/picture",
    between(FIVE_EPOCHS, FULL, BATCH_NORM),
    "higher",
)
LAST = Claim(
    "batch norm, last epoch",
    LESSON,
    "After the last epoch batch norm's accuracy is another one than the plain network's.",
    f"{LESSON}/picture",
    between(LAST_ACCURACY, FULL, BATCH_NORM),
    "different",
)
BEST = Claim(
    "batch norm, loss at its best",
    LESSON,
    "At the best epoch of each, batch norm's loss is another one than the plain network's.",
    f"{LESSON}/picture",
    between(BEST_LOSS, FULL, BATCH_NORM),
    "different",
)
SOONER = Claim(
    "batch norm overfits sooner",
    LESSON,
    "With batch norm the loss is lowest at an earlier epoch than without it.",
    f"{LESSON}/picture",
    between(BEST_EPOCH, FULL, BATCH_NORM),
    "lower",
)
OVERFITS = Claim(
    "batch norm overfits more",
    LESSON,
    "From the best epoch to the last, the loss rises more with batch norm than without it.",
    f"{LESSON}/picture",
    between(RISE, FULL, BATCH_NORM),
    "higher",
)

# --- before or after the ReLU ---------------------------------------------------------------------------------------

PLACES = "batch norm after the ReLU", "before it"


def _placed(name: str, what: str, measure: Measure) -> Claim:
    says = f"Batch norm after the ReLU comes to another {what} than before it."
    at = f"{LESSON}/picture"
    return Claim(name, LESSON, says, at, between(measure, BATCH_NORM, AFTER, names=PLACES), "different")


PLACED_ACCURACY = _placed("place of batch norm, accuracy", "accuracy at the last epoch", LAST_ACCURACY)
PLACED_LOSS = _placed("place of batch norm, loss", "loss at the last epoch", LAST_LOSS)
PLACED_BEST = _placed("place of batch norm, loss at its best", "loss at the best epoch", BEST_LOSS)
PLACED_GAP = _placed("place of batch norm, gap", "accuracy gap", GAP)

# --- under covariate shift ------------------------------------------------------------------------------------------


def shifted(config: RunConfig) -> list[Shifted]:
    return measured(map(ShiftSpec, seeds_of(config)))


def under(preset: str, statistics: Statistics = "running") -> Measure[Shifted]:
    """The accuracy on images that are changed as one of PRESETS says."""
    return Measure(f"accuracy, {preset}", lambda s: s.at(PRESETS[preset], statistics), "%", 100)


def _shift(preset: str, says: str) -> Claim:
    comparison = between(under(preset), FULL, BATCH_NORM, shifted, where=f"60,000 images, tested in {preset}")
    return Claim(f"batch norm in {preset.lower()}", LESSON, says, f"{LESSON}/covariate-shift", comparison, "higher")


IN_FOG = _shift("Fog", "When the images turn foggy, batch norm's accuracy is higher than the plain network's.")
IN_THE_DARK = _shift("Dark", "When the images turn dark, batch norm's accuracy is higher than the plain network's.")
GRAINY = _shift("Grainy", "When the images turn grainy, batch norm's accuracy is higher than the plain network's.")
ANEW = "statistics measured again", "running statistics"
FOG_UNDONE = Claim(
    "fog undone by new statistics",
    LESSON,
    "In fog, batch norm's accuracy is higher when its statistics are measured again on the foggy images.",
    f"{LESSON}/covariate-shift",
    across(under("Fog"), BATCH_NORM, under("Fog", "batch"), BATCH_NORM, shifted, names=ANEW),
    "higher",
)
CLEAR_ANEW = Claim(
    "new statistics on clear images",
    LESSON,
    "On clear images too, batch norm's accuracy is higher when its statistics are measured again.",
    f"{LESSON}/covariate-shift",
    across(under("As in training"), BATCH_NORM, under("As in training", "batch"), BATCH_NORM, shifted, names=ANEW),
    "higher",
)

# --- learning rates and batches -------------------------------------------------------------------------------------

BEST_RATE = 1.0
"""Of the rates that were tried, the one at which batch norm's mean accuracy is highest."""


def _at_rate(lr: float) -> Claim:
    first, second = (at_learning_rate(rate)[BATCH] for rate in (BEST_RATE, lr))
    names = f"learning rate {lr:g}", f"{BEST_RATE:g}"
    return Claim(
        f"batch norm at a rate of {lr:g}",
        LESSON,
        f"By SGD at a learning rate of {lr:g}, batch norm's accuracy is lower than at its best rate, {BEST_RATE:g}.",
        f"{LESSON}/learning-rates",
        between(LAST_ACCURACY, first, second, names=names, where="batch norm, 60,000 images, SGD"),
        "lower",
    )


AT_RATE = {lr: _at_rate(lr) for lr in LEARNING_RATES if lr != BEST_RATE}


def _at_size(size: int) -> Claim:
    networks = at_batch_size(size)
    return Claim(
        f"batch norm with batches of {size}",
        LESSON,
        f"Trained with batches of {size} on 2,000 right labels, batch norm ends below the plain network.",
        f"{LESSON}/small-batches",
        between(LAST_ACCURACY, networks[PLAIN.name], networks[BATCH]),
        "lower",
    )


AT_SIZE = {size: _at_size(size) for size in BATCH_SIZES}
_OF_128 = at_batch_size(128)
FIRST_OF_128 = Claim(
    "batches of 128, first epoch",
    LESSON,
    "With batches of 128, batch norm's accuracy is higher than the plain network's after the first epoch.",
    f"{LESSON}/small-batches",
    between(FIRST_EPOCH, _OF_128[PLAIN.name], _OF_128[BATCH]),
    "higher",
)
BEST_OF_128 = Claim(
    "batches of 128, best epoch",
    LESSON,
    "With batches of 128, batch norm's accuracy is higher than the plain network's at the best epoch of each.",
    f"{LESSON}/small-batches",
    between(BEST_ACCURACY, _OF_128[PLAIN.name], _OF_128[BATCH]),
    "higher",
)

# --- smoother? ------------------------------------------------------------------------------------------------------

STATISTICS: dict[Statistics, str] = {"running": "running statistics", "batch": "batch statistics"}


def _surface(statistics: Statistics, radius: float) -> Claim:
    first, second = SurfaceSpec(FULL), SurfaceSpec(BATCH_NORM, statistics=statistics)
    return Claim(
        f"surface of batch norm, {STATISTICS[statistics]}, range {radius:g}",
        LESSON,
        f"Drawn with {STATISTICS[statistics]} to range {radius:g}, batch norm's loss surface rises less than the plain "
        "network's.",
        f"{LESSON}/surface",
        at_the_edge(first, second, radius, EDGE_RISE, names=(f"{BATCH}, {STATISTICS[statistics]}", PLAIN.name)),
        "lower",
        "One network of each kind, and three pairs of directions: another network may give another answer.",
    )


SURFACE = {(statistics, radius): _surface(statistics, radius) for statistics in STATISTICS for radius in (1.0, 2.0)}

BETA: Measure[Probe] = Measure(
    "effective β along the gradient", lambda p: p.mean_after("effective_beta", FROM_STEP), digits=1
)


def along(optimizer: str, name: str) -> Comparison:
    """How a network's effective β differs from the plain one's while an optimizer trains it."""
    found = probes(optimizer)
    by_run = {specs[0].run: specs for specs in found.values()}
    first, second = found[PLAIN.name][0].run, found[name][0].run
    return between(BETA, first, second, lambda run: measured(by_run[run]), names=(name, PLAIN.name))


def _along(optimizer: str) -> Claim:
    by = {"adam": "Adam", "sgd": "SGD"}[optimizer]
    return Claim(
        f"batch norm along the gradient, {by}",
        LESSON,
        f"While {by} trains it, batch norm's loss is smoother along the gradient than the plain network's.",
        f"{LESSON}/along-the-gradient",
        along(optimizer, BATCH),
        "lower",
    )


ALONG = {optimizer: _along(optimizer) for optimizer in ("adam", "sgd")}
