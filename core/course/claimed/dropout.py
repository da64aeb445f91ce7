"""What lesson 4 states or asks: masks against weight scaling, how much dropout, what stands beside it, its units."""

from __future__ import annotations

from dataclasses import replace

from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claim import Claim, across, between
from core.course.claims import (
    GAP,
    LAST_ACCURACY,
    LAST_FIVE,
    LAST_LOSS,
    MEMORISED,
    TEST_BEST,
    TEST_LAST,
    Measure,
)
from core.course.over_seeds import first_layers, measured
from core.course.thinned import SCALED_LOSS, averaged_loss, ensembles_of
from core.results.activations import SWITCHED_OFF, Activations, ActivationSpec
from core.results.sparsity import Sparsity
from core.techniques import DROPOUT, MAX_NORM, PLAIN

LESSON = "dropout"
FIFTH, HALF = DROPOUT.at(FULL, 0.2), DROPOUT.at(FULL, 0.5)
SMALL = {p: DROPOUT.at(SMALL_AND_NOISY, p) for p in (0.2, 0.5, 0.6, 0.7)}

# --- thinned networks -----------------------------------------------------------------------------------------------


def _masks(config: RunConfig, n: int, setting: str) -> Claim:
    several = f"The mean of {n} thinned networks" if n > 1 else "A single thinned network"
    names = f"{n} mask{'' if n == 1 else 's'}", "weight scaling"
    return Claim(
        f"{names[0]} against weight scaling, {setting}",
        LESSON,
        f"{several} has a lower test loss than weight scaling ({setting}).",
        f"{LESSON}/thinned",
        across(SCALED_LOSS, config, averaged_loss(n), config, ensembles_of, names=names),
        "lower",
    )


MASKS = {n: _masks(HALF, n, "all images, p = 0.5") for n in (1, 10, 100)}
"""By their number, at p = 0.5 on all images."""
SMALL_MASKS = {p: _masks(SMALL[p], 100, f"few noisy images, p = {p:g}") for p in (0.2, 0.5)}
"""The mean of 100, by p."""

# --- how much -------------------------------------------------------------------------------------------------------


def _how_much(name: str, says: str, measure: Measure, first: RunConfig, second: RunConfig, side, remark="") -> Claim:
    return Claim(name, LESSON, says, f"{LESSON}/how-much", between(measure, first, second), side, remark)


CHOSEN = "This p is one of nine, and it was chosen with the test images in view."
FIFTH_ACCURACY = _how_much(
    "dropout at 0.2, accuracy",
    "On all images, dropout at p = 0.2 raises the accuracy at the last epoch.",
    LAST_ACCURACY,
    FULL,
    FIFTH,
    "higher",
    CHOSEN,
)
FIFTH_LOSS = _how_much(
    "dropout at 0.2, loss",
    "On all images, dropout at p = 0.2 lowers the loss at the last epoch.",
    LAST_LOSS,
    FULL,
    FIFTH,
    "lower",
    CHOSEN,
)
FIFTH_LAST_FIVE = _how_much(
    "dropout at 0.2, last five epochs",
    "On all images, dropout at p = 0.2 raises the mean accuracy of the last five epochs.",
    LAST_FIVE,
    FULL,
    FIFTH,
    "higher",
    CHOSEN,
)
HALF_ACCURACY = _how_much(
    "dropout at 0.5, accuracy",
    "On all images, dropout at p = 0.5 raises the accuracy.",
    LAST_ACCURACY,
    FULL,
    HALF,
    "higher",
)
HALF_GAP = _how_much(
    "dropout narrows the gap, all images",
    "On all images, dropout at p = 0.5 narrows the gap between training and held-out accuracy.",
    GAP,
    FULL,
    HALF,
    "lower",
)
SMALL_ACCURACY = _how_much(
    "dropout, few images",
    "On few noisy images, dropout at p = 0.5 raises the accuracy.",
    LAST_ACCURACY,
    SMALL_AND_NOISY,
    SMALL[0.5],
    "higher",
)
RIGHT_LABELS = replace(SMALL_AND_NOISY, label_noise=0.0)
RIGHT_ACCURACY = Claim(
    "dropout, few images, right labels",
    LESSON,
    "On few images without wrong labels, dropout at p = 0.5 raises the accuracy.",
    f"{LESSON}/own-run",
    between(LAST_ACCURACY, RIGHT_LABELS, DROPOUT.at(RIGHT_LABELS, 0.5)),
    "higher",
)
SMALL_GAP = _how_much(
    "dropout narrows the gap, few images",
    "On few noisy images, dropout at p = 0.5 narrows the gap between training and held-out accuracy.",
    GAP,
    SMALL_AND_NOISY,
    SMALL[0.5],
    "lower",
)
BY_HEART = _how_much(
    "dropout and wrong labels",
    "Dropout at p = 0.5 keeps wrong labels from being learned by heart.",
    MEMORISED,
    SMALL_AND_NOISY,
    SMALL[0.5],
    "lower",
)
MORE = _how_much(
    "dropout at 0.7 or 0.6",
    "On few noisy images, p = 0.7 comes to another accuracy than p = 0.6.",
    LAST_ACCURACY,
    SMALL[0.6],
    SMALL[0.7],
    "different",
)

# --- beside it ------------------------------------------------------------------------------------------------------

TESTED_LAST = _how_much(
    "dropout on the test images",
    "On few noisy images, dropout at p = 0.5 raises the test accuracy at the last epoch.",
    TEST_LAST,
    SMALL_AND_NOISY,
    SMALL[0.5],
    "higher",
)
AGAINST_STOPPED = Claim(
    "dropout against stopping early",
    LESSON,
    "On few noisy images, dropout at p = 0.5 comes to a higher test accuracy than stopping the plain network early.",
    f"{LESSON}/how-much",
    across(
        TEST_BEST,
        SMALL_AND_NOISY,
        TEST_LAST,
        SMALL[0.5],
        names=(f"{DROPOUT.name}, last epoch", f"{PLAIN.name}, stopped early"),
    ),
    "higher",
)
SMALL_LIMITED = _how_much(
    "max-norm beside dropout, few images",
    "On few noisy images, max-norm with c = 0.5 beside dropout raises the accuracy above that of dropout alone.",
    LAST_ACCURACY,
    SMALL[0.5],
    MAX_NORM.at(SMALL[0.5], 0.5),
    "higher",
)
FULL_LIMITED = _how_much(
    "max-norm beside dropout, all images",
    "On all images, max-norm with c = 2 beside dropout raises the accuracy above that of dropout alone.",
    LAST_ACCURACY,
    FIFTH,
    MAX_NORM.at(FIFTH, 2.0),
    "higher",
)

# --- weights and units ----------------------------------------------------------------------------------------------


def activations_of(config: RunConfig) -> list[Activations]:
    return measured(map(ActivationSpec, seeds_of(config)))


def share_small(threshold: float) -> Measure[Sparsity]:
    """The share of the first layer's weights up to a threshold."""
    what = f"first-layer weights with |w| ≤ {threshold:g}" if threshold else "first-layer weights exactly 0"
    return Measure(what, lambda s: s.share_small(threshold), "%", 100, digits=2)


def _units(name: str, says: str, measure: Measure[Activations], side) -> Claim:
    comparison = between(measure, FULL, HALF, activations_of)
    return Claim(name, LESSON, says, f"{LESSON}/weights-and-units", comparison, side)


SPARSE_WEIGHTS = Claim(
    "dropout makes weights sparse",
    LESSON,
    "Dropout at p = 0.5 makes more weights of the first layer small, up to 0.0001.",
    f"{LESSON}/weights-and-units",
    between(share_small(1e-4), FULL, HALF, first_layers),
    "higher",
)
SPARSE_UNITS = _units(
    "dropout makes activations sparse",
    "With dropout at p = 0.5, fewer units of the first layer are active for an image.",
    Measure("active units, first layer", lambda a: a.active[0], "%", 100),
    "lower",
)
INDEPENDENT = _units(
    "dropout and missing units",
    "With half of its hidden units switched off, the network trained with dropout keeps a higher accuracy than the "
    "plain one.",
    Measure("accuracy without half of the units", lambda a: a.accuracy_without[SWITCHED_OFF.index(0.5)], "%", 100),
    "higher",
)


def _correlated(layer: int) -> Claim:
    nth = ("first", "second")[layer - 1]
    return _units(
        f"dropout and correlation, {nth} layer",
        f"Dropout at p = 0.5 lowers the mean correlation between two units of the {nth} layer.",
        Measure(f"mean |correlation|, {nth} layer", lambda a: a.correlation[layer - 1], digits=3),
        "lower",
    )


CORRELATED = {layer: _correlated(layer) for layer in (1, 2)}
