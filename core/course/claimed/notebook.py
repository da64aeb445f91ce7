"""What the lesson notebook says about results, from which this course grew: in words of our own, in its order."""

from __future__ import annotations

from core.config import FULL
from core.course.claim import NOTEBOOK, Claim, Comparison, across, between
from core.course.claimed import batch_norm, dropout, l1_l2, layer_norm
from core.course.claimed.batch_norm import BATCH, BATCH_NORM
from core.course.claimed.layer_norm import LAYER, LAYER_NORM
from core.course.claims import LAST_ACCURACY, LOSS_GAP, Measure, paired_difference
from core.course.norms import at_batch_size
from core.course.over_seeds import first_layers, over_directions
from core.course.thinned import SCALED_LOSS, averaged_loss, ensembles_of
from core.results.surface import Surface, SurfaceSpec, share_curving_down
from core.techniques import DROPOUT, L1, L2, PLAIN

# --- regularization in general --------------------------------------------------------------------------------------

_ITS_OWN = {
    BATCH: (BATCH_NORM, "batch_norm/picture"),
    LAYER: (LAYER_NORM, "layer_norm/three-networks"),
    f"{DROPOUT.name} at p = 0.5": (dropout.HALF, "dropout/how-much"),
    f"{L1.name} at 0.001": (l1_l2.NOTEBOOK_L1, "l1_l2/notebook"),
    f"{L2.name} at 0.001": (l1_l2.NOTEBOOK_L2, "l1_l2/notebook"),
}
"""What it trains, on all images: the network, and the step that shows it. It leaves p to the reader."""


def _names(technique: str) -> tuple[str, str]:
    return technique.split(" at ")[0], PLAIN.name


PREVENTS = {
    name: Claim(
        f"overfitting prevented by {name.split(' at ')[0]}",
        NOTEBOOK,
        f"Regularization prevents overfitting. Here it is {name}, and the gap between held-out and training loss "
        "should be smaller.",
        at,
        between(LOSS_GAP, FULL, config, names=_names(name)),
        "lower",
    )
    for name, (config, at) in _ITS_OWN.items()
}
IMPROVES = {
    name: Claim(
        f"accuracy improved by {name.split(' at ')[0]}",
        NOTEBOOK,
        f"Regularization thereby improves the accuracy. Here it is {name}.",
        at,
        between(LAST_ACCURACY, FULL, config, names=_names(name)),
        "higher",
    )
    for name, (config, at) in _ITS_OWN.items()
}


def _curving_down() -> Comparison:
    measure: Measure[Surface] = Measure("share of the surface that curves down", share_curving_down, "%", 100)

    def difference():
        shares = [measure.of(surface) for surface in over_directions(SurfaceSpec(FULL))]
        return paired_difference([0.0] * len(shares), shares) if len(shares) > 1 else None

    return Comparison(
        measure, PLAIN.name, "0", "60,000 images, seed 0, range 1", difference, over="pairs of directions"
    )


NOT_CONVEX = Claim(
    "the projection is not convex",
    NOTEBOOK,
    "The projection of the loss around the plain network is definitely not convex. Here that is asked near the "
    "network, within steps as long as its weights.",
    "baseline/surface",
    _curving_down(),
    "higher",
    "Near the trained network each of these slices is a bowl, and only far from it do they bend down. That the loss "
    "itself is not convex is true all the same: a slice that is a bowl says nothing about the rest.",
)

# --- batch norm -----------------------------------------------------------------------------------------------------

SHIFT = {
    preset: Claim(
        f"covariate shift, {preset.lower()}",
        NOTEBOOK,
        "Batch norm answers covariate shift, where the inputs in use differ from those of training. Here the images "
        f"turn {turn}, and its accuracy should be higher.",
        "batch_norm/covariate-shift",
        claim.comparison,
        "higher",
        "Batch norm was made against internal covariate shift, which is something else.",
    )
    for preset, turn, claim in (
        ("Dark", "dark", batch_norm.IN_THE_DARK),
        ("Fog", "foggy", batch_norm.IN_FOG),
        ("Grainy", "grainy", batch_norm.GRAINY),
    )
}
ANYWHERE = Claim(
    "batch norm may stand anywhere",
    NOTEBOOK,
    "Batch norm may be put anywhere, before the non-linearity or after it. Here that is the accuracy at the last "
    "epoch.",
    "batch_norm/picture",
    batch_norm.PLACED_ACCURACY.comparison,
    "equal",
)
SKIP = Claim(
    "batch norm and skip connections",
    NOTEBOOK,
    "With skip connections batch norm is better put before the layer.",
    "batch_norm/picture",
    remark="The network of this course has no skip connections. He et al. (2016) measured it for residual networks.",
)
NO_EFFECT_AT_FIRST = Claim(
    "no effect of batch norm, first epoch",
    NOTEBOOK,
    "Data and model are too simple to see an effect of batch norm. Here that is the accuracy after one epoch.",
    "batch_norm/picture",
    batch_norm.FIRST.comparison,
    "equal",
)
NO_EFFECT_AT_LAST = Claim(
    "no effect of batch norm, last epoch",
    NOTEBOOK,
    "Data and model are too simple to see an effect of batch norm. Here that is the accuracy after the last epoch.",
    "batch_norm/picture",
    batch_norm.LAST.comparison,
    "equal",
)
SMOOTHER = {
    key: Claim(
        f"smoother with batch norm, {batch_norm.STATISTICS[key[0]]}, range {key[1]:g}",
        NOTEBOOK,
        "With batch norm the loss landscape becomes a little smoother. Here that is the rise of the surface with "
        f"{batch_norm.STATISTICS[key[0]]} to range {key[1]:g}.",
        "batch_norm/surface",
        claim.comparison,
        "lower",
        "The notebook compared two pictures with different axes.",
    )
    for key, claim in batch_norm.SURFACE.items()
}

# --- layer norm -----------------------------------------------------------------------------------------------------

NEEDS_A_BATCH = Claim(
    "batch norm is tied to its batch",
    NOTEBOOK,
    "Batch norm puts constraints on the batch. With batches of 2 its accuracy should be lower than the plain "
    "network's.",
    "layer_norm/repairs",
    batch_norm.AT_SIZE[2].comparison,
    "lower",
)
_OF_2 = at_batch_size(2)
MENDED = Claim(
    "layer norm mends that",
    NOTEBOOK,
    "Layer norm has not that drawback. With batches of 2 its accuracy should be higher than batch norm's.",
    "layer_norm/repairs",
    between(LAST_ACCURACY, _OF_2[BATCH], _OF_2[LAYER]),
    "higher",
)
RECURRENT = Claim(
    "batch norm in recurrent networks",
    NOTEBOOK,
    "Batch norm cannot be used in recurrent networks.",
    "layer_norm/repairs",
    remark="There is no recurrent network in this course. Cooijmans et al. (2016) use batch norm in one and gain by "
    "it, so the sentence is too strong.",
)
LANGUAGE = Claim(
    "batch norm and language",
    NOTEBOOK,
    "Batch norm is less suitable for language.",
    "layer_norm/repairs",
    remark="There is no text in this course. Transformers do use layer norm or a relative of it.",
)
BEST = {
    name: Claim(
        f"layer norm is best, {name}",
        NOTEBOOK,
        f"Layer norm provides the best performance of the three. Here that is its {what} against that of {other}.",
        "layer_norm/three-networks",
        claim.comparison,
        side,
        "The notebook looked at one run of each network.",
    )
    for name, what, other, claim, side in (
        ("loss, against plain", "last loss", "the plain network", layer_norm.LAST_AGAINST[PLAIN.name], "lower"),
        ("loss, against batch norm", "last loss", BATCH, layer_norm.LAST_AGAINST[BATCH], "lower"),
        (
            "accuracy, against plain",
            "last accuracy",
            "the plain network",
            layer_norm.ACCURACY_AGAINST[PLAIN.name],
            "higher",
        ),
        ("accuracy, against batch norm", "last accuracy", BATCH, layer_norm.ACCURACY_AGAINST[BATCH], "higher"),
    )
}

# --- dropout --------------------------------------------------------------------------------------------------------

LARGE_MODELS = Claim(
    "large models overfit",
    NOTEBOOK,
    "Large models are prone to overfitting.",
    "baseline/overfitting",
    remark="Every network of this course has the same size, so nothing here compares sizes.",
)
POSTERIOR = Claim(
    "averaging all settings of the weights",
    NOTEBOOK,
    "With unlimited computing, the most effective regularizer of a model of fixed size averages the predictions of all "
    "settings of its weights.",
    "dropout/why",
    remark="Nobody has unlimited computing. It is a statement about a limit, quoted from the authors of dropout.",
)
MANY_NETWORKS = Claim(
    "dropout combines many networks",
    NOTEBOOK,
    "Dropout combines a vast number of networks efficiently. One pass with all units should then have a lower loss "
    "than a single thinned network.",
    "dropout/thinned",
    across(
        averaged_loss(1),
        dropout.HALF,
        SCALED_LOSS,
        dropout.HALF,
        ensembles_of,
        names=("weight scaling", "one mask"),
    ),
    "lower",
    "The thinned networks share their weights. How far they are many networks is a matter of words.",
)

# --- L1 and L2 ------------------------------------------------------------------------------------------------------

SPARSE = Claim(
    "L1 makes the tensor sparse",
    NOTEBOOK,
    "In a network L1 makes the weights sparse, as it does in linear models. Some of them should be exactly 0.",
    "l1_l2/lambda1",
    l1_l2.ZEROS_SUBGRADIENT.comparison,
    "higher",
    "With a proximal step it does.",
)
WORKS = Claim(
    "L1 works",
    NOTEBOOK,
    "L1 works: beside dropout's, its weights are mostly below 0.0001.",
    "l1_l2/notebook",
    between(dropout.share_small(1e-4), dropout.HALF, l1_l2.THEIRS, first_layers, names=(L1.name, DROPOUT.name)),
    "higher",
    "The threshold is about as wide as the jitter of Adam's steps. No weight is exactly 0.",
)
TOO_BIG = Claim(
    "L2 keeps weights from being large",
    NOTEBOOK,
    "L2 does not allow weights to be too large.",
    "l1_l2/lambda2",
    l1_l2.L2_LARGEST.comparison,
    "lower",
)
MAGNITUDE = Claim(
    "L2 shortens the larger weights",
    NOTEBOOK,
    "L2 tends to shorten the larger weights, and L1 pays no attention to their size.",
    "norm_math/price",
    remark="This follows from the slopes of the two penalties and needs no measurement. It is true of what the next "
    "bit of shortening brings, and not of the norms themselves.",
)
