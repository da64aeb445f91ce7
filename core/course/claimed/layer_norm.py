"""What lesson 3 states or asks: layer norm against the plain network and against batch norm."""

from __future__ import annotations

from core import techniques
from core.config import FULL, RunConfig
from core.course.claim import Claim, at_the_edge, between
from core.course.claimed.batch_norm import BATCH, BATCH_NORM, along
from core.course.claims import BEST_LOSS, FIRST_EPOCH, LAST_ACCURACY, LAST_LOSS, Measure
from core.course.norms import BATCH_SIZES, at_batch_size, at_learning_rate
from core.course.over_seeds import EDGE_RISE
from core.results.surface import SurfaceSpec
from core.techniques import PLAIN

LESSON = "layer_norm"
LAYER = techniques.LAYER_NORM.name
LAYER_NORM = techniques.LAYER_NORM.on(FULL)

FIRST = Claim(
    "layer norm, first epoch",
    LESSON,
    "After one epoch layer norm's accuracy is higher than the plain network's.",
    f"{LESSON}/three-networks",
    between(FIRST_EPOCH, FULL, LAYER_NORM),
    "higher",
)


def _against(other: RunConfig, name: str, what: str, measure: Measure) -> Claim:
    side = "higher" if measure is LAST_ACCURACY else "lower"
    return Claim(
        f"layer norm against {name}, {what}",
        LESSON,
        f"Layer norm's {what} is {side} than that of {'the plain network' if name == PLAIN.name else name}.",
        f"{LESSON}/three-networks",
        between(measure, other, LAYER_NORM),
        side,
    )


BEST_AGAINST, LAST_AGAINST, ACCURACY_AGAINST = (
    {name: _against(other, name, what, measure) for name, other in ((PLAIN.name, FULL), (BATCH, BATCH_NORM))}
    for what, measure in (
        ("loss at the best epoch", BEST_LOSS),
        ("loss at the last epoch", LAST_LOSS),
        ("accuracy at the last epoch", LAST_ACCURACY),
    )
)
"""By the network that it is compared with."""


def _at_size(size: int) -> Claim:
    networks = at_batch_size(size)
    return Claim(
        f"layer norm with batches of {size}",
        LESSON,
        f"Trained with batches of {size} on 2,000 right labels, layer norm ends below the plain network.",
        f"{LESSON}/repairs",
        between(LAST_ACCURACY, networks[PLAIN.name], networks[LAYER]),
        "lower",
    )


AT_SIZE = {size: _at_size(size) for size in BATCH_SIZES}

_BY_SGD = at_learning_rate(0.1)
FIRST_BY_SGD = Claim(
    "layer norm, first epoch of SGD",
    LESSON,
    "By SGD at a learning rate of 0.1, layer norm's accuracy after one epoch is higher than the plain network's.",
    f"{LESSON}/along-the-gradient",
    between(FIRST_EPOCH, _BY_SGD[PLAIN.name], _BY_SGD[LAYER]),
    "higher",
)


def _surface(radius: float) -> Claim:
    first, second = SurfaceSpec(FULL), SurfaceSpec(LAYER_NORM)
    return Claim(
        f"surface of layer norm, range {radius:g}",
        LESSON,
        f"To range {radius:g}, layer norm's loss surface rises less than the plain network's.",
        f"{LESSON}/surface",
        at_the_edge(first, second, radius, EDGE_RISE, names=(LAYER, PLAIN.name)),
        "lower",
        "One network of each kind, and three pairs of directions: another network may give another answer.",
    )


SURFACE = {radius: _surface(radius) for radius in (1.0, 2.0)}


def _along(optimizer: str) -> Claim:
    by = {"adam": "Adam", "sgd": "SGD"}[optimizer]
    return Claim(
        f"layer norm along the gradient, {by}",
        LESSON,
        f"While {by} trains it, layer norm's loss is smoother along the gradient than the plain network's.",
        f"{LESSON}/along-the-gradient",
        along(optimizer, LAYER),
        "lower",
    )


ALONG = {optimizer: _along(optimizer) for optimizer in ("adam", "sgd")}
