"""What lesson 5 states or asks: what L1 and L2 cost and make small, exact zeros, max-norm, and stopping early beside
them."""

from __future__ import annotations

from dataclasses import replace

from core.config import FULL, SMALL_AND_NOISY, RunConfig
from core.course.claim import Claim, Side, across, between
from core.course.claimed import dropout
from core.course.claimed.dropout import share_small
from core.course.claims import LAST_ACCURACY, LAST_FIVE, TEST_BEST, TEST_LAST, Measure
from core.course.over_seeds import first_layers
from core.results.sparsity import Sparsity
from core.techniques import DROPOUT, L1, L1_PROXIMAL, L2, MAX_NORM, PLAIN, Technique

LESSON = "l1_l2"
THEIRS, L2_THEIRS, PROXIMAL = L1.at(FULL, 1e-3), L2.at(FULL, 1e-3), L1_PROXIMAL.at(FULL, 1e-3)
NOTEBOOK_L1, NOTEBOOK_L2 = replace(THEIRS, penalised="all"), replace(L2_THEIRS, penalised="all")
"""As the notebook trains them: biases penalised too."""


def _accuracy(
    name: str,
    says: str,
    step: str,
    first: RunConfig,
    second: RunConfig,
    side: Side,
    measure: Measure = LAST_ACCURACY,
    names: tuple[str, str] | None = None,
) -> Claim:
    return Claim(name, LESSON, says, f"{LESSON}/{step}", between(measure, first, second, names=names), side)


# --- accuracy -------------------------------------------------------------------------------------------------------

MILD = _accuracy(
    "a mild L1",
    "On all images, L1 at λ₁ = 0.00003 costs accuracy.",
    "lambda1",
    FULL,
    L1.at(FULL, 3e-5),
    "lower",
    LAST_FIVE,
)
L1_COSTS = _accuracy(
    "the notebook's L1",
    "On all images, L1 at λ₁ = 0.001 costs accuracy.",
    "lambda1",
    FULL,
    THEIRS,
    "lower",
)
L2_COSTS = _accuracy(
    "the notebook's L2",
    "On all images, L2 at λ₂ = 0.001 costs accuracy.",
    "lambda2",
    FULL,
    L2_THEIRS,
    "lower",
)
L2_MILD_FIVE = _accuracy(
    "a mild L2, last five epochs",
    "On all images, L2 at λ₂ = 0.0001 costs accuracy, over the last five epochs.",
    "lambda2",
    FULL,
    L2.at(FULL, 1e-4),
    "lower",
    LAST_FIVE,
)
L2_MILD_LAST = _accuracy(
    "a mild L2, last epoch",
    "On all images, L2 at λ₂ = 0.0001 costs accuracy, in the last epoch alone.",
    "lambda2",
    FULL,
    L2.at(FULL, 1e-4),
    "lower",
)
PROXIMAL_ACCURACY = _accuracy(
    "proximal step, accuracy",
    "The proximal step at λ₁ = 0.001 comes to another accuracy than the subgradient.",
    "lambda1",
    THEIRS,
    PROXIMAL,
    "different",
    names=("proximal step", "subgradient"),
)
LIMIT_SMALL = _accuracy(
    "max-norm, few images",
    "On few noisy images, max-norm with c = 0.5 raises the accuracy.",
    "limit",
    SMALL_AND_NOISY,
    MAX_NORM.at(SMALL_AND_NOISY, 0.5),
    "higher",
)
LIMIT_FULL = _accuracy(
    "max-norm, all images",
    "On all images, max-norm with c = 0.5 raises the accuracy.",
    "limit",
    FULL,
    MAX_NORM.at(FULL, 0.5),
    "higher",
)
BIASES = "biases penalised too", "weights only"
L1_BIASES = _accuracy(
    "L1 on the biases too",
    "At λ₁ = 0.001 it changes the accuracy whether the biases are penalised too.",
    "notebook",
    THEIRS,
    NOTEBOOK_L1,
    "different",
    names=BIASES,
)
L1_AS_THEY = _accuracy(
    "L1 as in the notebook",
    "L1 at 0.001 with the biases penalised, as the notebook has it, costs accuracy.",
    "notebook",
    FULL,
    NOTEBOOK_L1,
    "lower",
    names=(f"{L1.name}, biases too", PLAIN.name),
)
L2_AS_THEY = _accuracy(
    "L2 as in the notebook",
    "L2 at 0.001 with the biases penalised, as the notebook has it, costs accuracy.",
    "notebook",
    FULL,
    NOTEBOOK_L2,
    "lower",
    names=(f"{L2.name}, biases too", PLAIN.name),
)

# --- does it help? --------------------------------------------------------------------------------------------------


def _helps(of: Technique, base: RunConfig) -> Claim:
    strength = of.strength_for(base)
    images = "all images" if base.n_train == FULL.n_train else "few noisy images"
    return _accuracy(
        f"{of.name}, {images}",
        f"On {images}, {of.name} at {of.symbol} = {strength:g} raises the accuracy.",
        "helps",
        base,
        of.at(base, strength),
        "higher",
    )


HELPS_SMALL = {DROPOUT: dropout.SMALL_ACCURACY, **{of: _helps(of, SMALL_AND_NOISY) for of in (L1, L2)}}
HELPS_FULL = {DROPOUT: dropout.FIFTH_ACCURACY, **{of: _helps(of, FULL) for of in (L1, L2)}}
"""By technique, at the strength that the course speaks of."""


def _against_stopped(of: Technique) -> Claim:
    config = of.at(SMALL_AND_NOISY, of.small)
    names = f"{of.name}, last epoch", f"{PLAIN.name}, stopped early"
    return Claim(
        f"{of.name} against stopping early",
        LESSON,
        f"On few noisy images, {of.name} at {of.symbol} = {of.small:g} comes to a higher test accuracy than stopping "
        "the plain network early.",
        f"{LESSON}/helps",
        across(TEST_BEST, SMALL_AND_NOISY, TEST_LAST, config, names=names),
        "higher",
    )


AGAINST_STOPPED = {DROPOUT: dropout.AGAINST_STOPPED, **{of: _against_stopped(of) for of in (L1, L2)}}

# --- what becomes small ---------------------------------------------------------------------------------------------


def _weights(
    name: str, says: str, step: str, measure: Measure[Sparsity], first: RunConfig, second: RunConfig, side: Side
) -> Claim:
    return Claim(name, LESSON, says, f"{LESSON}/{step}", between(measure, first, second, first_layers), side)


LARGEST: Measure[Sparsity] = Measure("largest |w|, first layer", lambda s: s.largest, digits=2)
ZEROS_SUBGRADIENT = _weights(
    "L1 in the loss makes zeros",
    "L1 at λ₁ = 0.001, as a term of the loss under Adam, makes weights exactly 0.",
    "lambda1",
    share_small(0.0),
    FULL,
    THEIRS,
    "higher",
)
ZEROS_PROXIMAL = _weights(
    "the proximal step makes zeros",
    "The proximal step at λ₁ = 0.001 makes weights exactly 0.",
    "lambda1",
    share_small(0.0),
    FULL,
    PROXIMAL,
    "higher",
)
L2_SMALL = _weights(
    "L2 makes weights small",
    "L2 at λ₂ = 0.001 makes more weights small, up to 0.001.",
    "lambda2",
    share_small(1e-3),
    FULL,
    L2_THEIRS,
    "higher",
)
L2_LARGEST = _weights(
    "L2 and the largest weight",
    "L2 at λ₂ = 0.001 makes the largest weight smaller.",
    "lambda2",
    LARGEST,
    FULL,
    L2_THEIRS,
    "lower",
)
