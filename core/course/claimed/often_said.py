"""What is often said of regularization, as far as the stored numbers can judge it."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from core.config import SMALL_AND_NOISY, seeds_of
from core.course.claim import OFTEN_SAID, Claim, Comparison, between, setting
from core.course.claimed import batch_norm, dropout, l1_l2
from core.course.claimed.compare import against_stopped, at_best, calibrations
from core.course.claimed.dropout import share_small
from core.course.claims import (
    LAST_ACCURACY,
    MEMORISED,
    Difference,
    Measure,
    paired_difference,
)
from core.course.grid import TEST, Place
from core.course.minima import CALIBRATION_ERROR, RISE, TOP, TRACE
from core.course.over_seeds import first_layers, measured, runs_at
from core.course.together import BATCH_NORM_L2
from core.results.sharpness import Sharpness, SharpnessSpec
from core.techniques import (
    ADAMW,
    BATCH_NORM,
    DROPOUT,
    L1,
    L2,
    LABEL_SMOOTHING,
    LAYER_NORM,
    PLAIN,
    TECHNIQUES,
    Technique,
)

# --- normalisation --------------------------------------------------------------------------------------------------

SMOOTHS = {
    optimizer: Claim(
        f"batch norm smooths, {by}",
        OFTEN_SAID,
        f"Batch norm smooths the loss. Here that is along the gradient, while {by} trains it.",
        "batch_norm/along-the-gradient",
        batch_norm.ALONG[optimizer].comparison,
        "lower",
    )
    for optimizer, by in (("adam", "Adam"), ("sgd", "SGD"))
}


def _small(measure: Measure, technique: Technique) -> Comparison:
    return between(measure, SMALL_AND_NOISY, technique.in_setting(SMALL_AND_NOISY))


BATCH_NORM_REGULARIZES = Claim(
    "batch norm is a regularizer",
    OFTEN_SAID,
    "Batch norm is a regularizer. On few noisy images it should raise the accuracy.",
    "compare/first",
    _small(LAST_ACCURACY, BATCH_NORM),
    "higher",
)
LAYER_NORM_REGULARIZES = Claim(
    "layer norm is a regularizer",
    OFTEN_SAID,
    "Layer norm is a regularizer. On few noisy images it should raise the accuracy.",
    "compare/first",
    _small(LAST_ACCURACY, LAYER_NORM),
    "higher",
)
BATCH_NORM_BY_HEART = Claim(
    "batch norm and wrong labels",
    OFTEN_SAID,
    "Batch norm's noise keeps wrong labels from being learned by heart.",
    "compare/numbers",
    _small(MEMORISED, BATCH_NORM),
    "lower",
)

# --- flat minima ----------------------------------------------------------------------------------------------------


def rank_agreement(first: list[float], second: list[float]) -> float:
    """Kendall's τ without ties: the share of pairs that two lists of numbers have in the same order, minus that of the
    others; from −1 to 1."""
    pairs = list(combinations(range(len(first)), 2))
    return float(np.mean([np.sign((first[i] - first[j]) * (second[i] - second[j])) for i, j in pairs]))


def _flat_and_accurate(measure: Measure[Sharpness]) -> Comparison:
    def difference() -> Difference | None:
        found = {}
        for technique in TECHNIQUES:
            config = technique.in_setting(SMALL_AND_NOISY)
            sharp = {s.spec.run.seed: measure.of(s) for s in measured(map(SharpnessSpec, seeds_of(config)))}
            right = {run.config.seed: LAST_ACCURACY.of(run) for run in runs_at(config)}
            if sharp.keys() & right.keys():
                found[technique] = {seed: (sharp[seed], right[seed]) for seed in sharp.keys() & right.keys()}
        seeds = sorted(set.intersection(*map(set, found.values()))) if len(found) > 2 else []
        agreements = [rank_agreement(*zip(*(pairs[seed] for pairs in found.values()), strict=True)) for seed in seeds]
        return paired_difference([0.0] * len(seeds), agreements) if len(seeds) > 1 else None

    what: Measure = Measure(f"rank correlation of accuracy with the {measure.label}", measure.of, digits=2)
    return Comparison(what, "all techniques", "0", setting(SMALL_AND_NOISY), difference)


FLAT = {
    measure.label: Claim(
        f"flat minima are better, {measure.label}",
        OFTEN_SAID,
        f"Flat minima generalise better. Measured by the {measure.label}, the sharper of two techniques should have "
        "the lower accuracy.",
        "compare/sharpness",
        _flat_and_accurate(measure),
        "lower",
        "Over the techniques of the course at one strength each. Other networks may give another answer.",
    )
    for measure in (TOP, TRACE, RISE)
}

# --- dropout --------------------------------------------------------------------------------------------------------

ENSEMBLE = {
    n: Claim(
        f"dropout is an ensemble of {n}",
        OFTEN_SAID,
        f"Dropout is an ensemble. The mean of {n} thinned networks should have a lower test loss than one pass with "
        "all units.",
        "dropout/thinned",
        dropout.MASKS[n].comparison,
        "lower",
        "The thinned networks share their weights, so whether they are an ensemble is also a matter of words.",
    )
    for n in (10, 100)
}
SPARSE_WEIGHTS = Claim(
    "dropout makes a network sparse",
    OFTEN_SAID,
    "Dropout makes a network sparse. More of its weights should be at most 0.0001.",
    "dropout/weights-and-units",
    dropout.SPARSE_WEIGHTS.comparison,
    "higher",
    "Its activations are sparser, which is something else.",
)
ALWAYS_HELPS = Claim(
    "dropout at one half helps",
    OFTEN_SAID,
    "Dropout at p = 0.5 is a good default. On all images it should raise the accuracy.",
    "dropout/how-much",
    dropout.HALF_ACCURACY.comparison,
    "higher",
)

# --- L1 and L2 ------------------------------------------------------------------------------------------------------

L2_ZEROS = Claim(
    "L2 makes weights zero",
    OFTEN_SAID,
    "L2 makes weights zero.",
    "l1_l2/lambda2",
    between(share_small(0.0), batch_norm.FULL, l1_l2.L2_THEIRS, first_layers),
    "higher",
)
L2_SPARSE = Claim(
    "L2 leaves no small weights",
    OFTEN_SAID,
    "L2 makes nothing sparse: it leaves as many weights up to 0.001 as there are without it.",
    "l1_l2/lambda2",
    l1_l2.L2_SMALL.comparison,
    "equal",
    "Adam makes them small. None is exactly 0.",
)
STOPPED_IS_L2 = Claim(
    "stopping early equals L2",
    OFTEN_SAID,
    "Stopping early is the same as L2. On few noisy images both should come to the same test accuracy.",
    "l1_l2/helps",
    l1_l2.AGAINST_STOPPED[L2].comparison,
    "equal",
    "For a quadratic loss and small steps the two are nearly the same. This network is neither.",
)

# --- against each other ---------------------------------------------------------------------------------------------

DECOUPLED = Claim(
    "AdamW beats L2 in the loss",
    OFTEN_SAID,
    "Decoupled weight decay generalises better than L2 in the loss. On few noisy images AdamW should come to a higher "
    "test accuracy.",
    "compare/first",
    at_best(ADAMW, L2),
    "higher",
)
ANY_BEATS_STOPPING = {
    technique: Claim(
        f"{technique.name} beats stopping early",
        OFTEN_SAID,
        f"A regularizer gains more than stopping early. On few noisy images {technique.name} at its best strength "
        "should come to a higher test accuracy.",
        "compare/first",
        against_stopped(technique),
        "higher",
    )
    for technique in (DROPOUT, L1, L2, LABEL_SMOOTHING)
}
L2_BESIDE_BATCH_NORM = Claim(
    "L2 beside batch norm",
    OFTEN_SAID,
    "Beside batch norm L2 does not regularize. On few noisy images, λ₂ = 0.01 should leave its test accuracy as it is.",
    "compare/at-once",
    between(TEST, BATCH_NORM_L2.config(0.0, both=True), BATCH_NORM_L2.config(1e-2, both=True)),
    "equal",
    "It changes how far a step moves the weights relative to their length, and that may change where training ends.",
)
NO_NOISE = Claim(
    "dropout helps without wrong labels",
    OFTEN_SAID,
    "Dropout helps whenever images are few. With 2,000 right labels it should raise the test accuracy.",
    "compare/when",
    at_best(DROPOUT, PLAIN, Place(label_noise=0.0)),
    "higher",
)


def _calibrated(of: Technique, says: str) -> Claim:
    return Claim(
        f"{of.name} and confidence",
        OFTEN_SAID,
        says,
        "compare/calibration",
        between(CALIBRATION_ERROR, SMALL_AND_NOISY, of.in_setting(SMALL_AND_NOISY), calibrations),
        "lower",
    )


CALIBRATED = {
    DROPOUT: _calibrated(DROPOUT, "Dropout makes a network's confidence more trustworthy."),
    LABEL_SMOOTHING: _calibrated(LABEL_SMOOTHING, "Label smoothing makes a network's confidence more trustworthy."),
}
