"""Lesson 2: batch norm. Its runs, what is measured of them, its questions, faults and typed code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from core import techniques
from core.config import FULL, RunConfig
from core.course.claimed import batch_norm as claimed
from core.course.claims import FIRST_EPOCH, LAST_ACCURACY, LAST_LOSS, percent
from core.course.claims import MISSING as NOT_HERE
from core.course.faults import Fault
from core.course.norms import (
    BATCH_SIZES,
    BY_HAND,
    CLEAN,
    FROM_STEP,
    LEARNING_RATES,
    NORM_LAYERS,
    OVER_THE_BATCH,
    OVER_THE_UNITS,
    OWN_SETTINGS,
    at_batch_size,
    at_learning_rate,
    draw_batch,
    probes,
    with_eps,
)
from core.course.over_seeds import measured, normalised, over_seeds, own_runs, runs_at, surfaces_of
from core.course.pictures import MISSING, Picture, courses_panel, last_accuracies, surfaces_side_by_side
from core.course.questions import Choice, Curve, Drawing, Option, question
from core.figures.compare import course_of
from core.results.drift import DriftSpec
from core.results.library import stored, stored_outcomes
from core.results.probe import Probe, ProbeSpec
from core.results.shift import ShiftSpec
from core.results.surface import Surface, SurfaceSpec, notebook_spec
from core.techniques import LAYER_NORM, PLAIN
from core.typed_code.exercises import Accepted, ByValue, Exercise, draw_numbers, mistakes, variable
from core.typed_code.network_check import ByNetwork

NUMBER = 2
"""Of the lesson in the course."""
PLANS = {
    15: ("picture", "arithmetic", "now-you-can"),
    45: (
        "picture",
        "arithmetic",
        "two-modes",
        "learning-rates",
        "small-batches",
        "surface",
        "along-the-gradient",
        "now-you-can",
    ),
}
"""Minutes → the steps that fill them, by their names in the address."""

# --- runs -----------------------------------------------------------------------------------------------------------

BATCH_NORM = techniques.BATCH_NORM.on(FULL)
BATCH_NORM_AFTER = replace(BATCH_NORM, norm_position="after")
WITH_WEIGHTS = frozenset({BATCH_NORM})
"""The runs that are shipped with their weights; of the others the numbers are enough."""

REFUSED = "Expected more than 1 value per channel when training, got input size torch.Size([1, 392])"
"""What PyTorch's ValueError says when the first hidden layer's batch norm gets one image in training mode."""

OWN_BATCH = techniques.BATCH_NORM.on(CLEAN)
"""Where the student's own run begins."""


@cache
def shifted_networks() -> dict[str, tuple[ShiftSpec, ...]]:
    """Each network of the full setting, over all seeds, under covariate shift."""
    return {name: tuple(map(ShiftSpec, configs)) for name, configs in over_seeds(normalised(FULL)).items()}


@cache
def drifts() -> dict[str, DriftSpec]:
    """The unit inputs of the plain and of the batch-normed network during the first steps."""
    return {PLAIN.name: DriftSpec(FULL), techniques.BATCH_NORM.name: DriftSpec(BATCH_NORM)}


def runs() -> set[RunConfig]:
    """Both placements, and the three networks along both sweeps, each over all seeds; the student's own run."""
    compared = [{"": config} for config in (BATCH_NORM, BATCH_NORM_AFTER)]
    compared += [at_learning_rate(lr) for lr in LEARNING_RATES] + [at_batch_size(size) for size in BATCH_SIZES]
    found = {config for networks in compared for seeds in over_seeds(networks).values() for config in seeds}
    return found | own_runs(OWN_BATCH, OWN_SETTINGS)


def measurements() -> list[SurfaceSpec | DriftSpec | ProbeSpec | ShiftSpec]:
    """Surfaces with either kind of statistics and the notebook's, unit inputs, measures along the gradient, shifts."""
    surfaces = [*surfaces_of(BATCH_NORM), *surfaces_of(BATCH_NORM, "batch"), notebook_spec(BATCH_NORM)]
    found = [*surfaces, *drifts().values()]
    for networks in (probes("adam"), probes("sgd"), shifted_networks()):
        found += [spec for specs in networks.values() for spec in specs]
    return found


def measurements_of(run: RunConfig) -> list:
    """Nothing that is measured of every run."""
    return []


# --- under covariate shift ------------------------------------------------------------------------------------------

VARIANTS = {
    PLAIN.name: (PLAIN.name, "running"),
    LAYER_NORM.name: (LAYER_NORM.name, "running"),
    "batch norm, running": (techniques.BATCH_NORM.name, "running"),
    "batch norm, re-estimated": (techniques.BATCH_NORM.name, "batch"),
}
"""What is shown → which network, and where its statistics come from."""


def accuracy_under(preset: str, variant: str) -> str:
    """The accuracy of one of VARIANTS under one of PRESETS, over seeds, in words."""
    return claimed.under(preset, VARIANTS[variant][1]).over(measured(shifted_networks()[VARIANTS[variant][0]]))


# --- along the gradient ---------------------------------------------------------------------------------------------


def probes_of(optimizer: str) -> dict[str, list[Probe]]:
    """The stored measurements of each network over seeds."""
    return {name: measured(specs) for name, specs in probes(optimizer).items()}


def probe_ratio(optimizer: str, measure: str, over: str = techniques.BATCH_NORM.name, digits: int = 1) -> str:
    """How many times larger a measure is for the plain network than for another, over the steps from FROM_STEP on."""
    found = probes_of(optimizer)
    means = {name: np.mean([p.mean_after(measure, FROM_STEP) for p in some]) for name, some in found.items() if some}
    return f"{means[PLAIN.name] / means[over]:.{digits}f}" if {PLAIN.name, over} <= means.keys() else NOT_HERE


# --- questions -------------------------------------------------------------------------------------------------------


@question("batches")
def draw_batches() -> Drawing:
    runs_by_size = {size: {name: runs_at(c) for name, c in at_batch_size(size).items()} for size in BATCH_SIZES}
    batch = [LAST_ACCURACY.mean(found[techniques.BATCH_NORM.name]) for found in runs_by_size.values()]
    plain = [LAST_ACCURACY.mean(found[PLAIN.name]) for found in runs_by_size.values()]
    return Drawing(
        (
            "Before you look at the figure, **draw batch norm's validation accuracy at each batch size**, and then "
            f"commit. (The plain network reaches {percent(min(plain))} to {percent(max(plain))}, the mean of five "
            "seeds.)"
        ),
        Curve(
            "batch size",
            "validation accuracy",
            tuple(f"{stop:g}" for stop in BATCH_SIZES),
            tuple(batch),
            0.4,
            1.0,
            0.04,
        ),
        "Batch norm still learns with batches of 4, and it breaks with batches of 2.",
    )


@question()
def one_large_number() -> Choice:
    return Choice(
        (
            "In the batch that you can edit, you make one number of feature 1 a hundred times larger. What happens to "
            "the *other* samples of feature 1 after batch norm?"
        ),
        (
            Option(
                "Nothing, because their numbers did not change",
                "Their inputs did not change, but the mean and the variance did.",
            ),
            Option(
                "They are squeezed together",
                (
                    "The large number makes the standard deviation large, and the differences between the others are "
                    "small beside it. Feature 2 stays as it was, because each feature has its own statistics."
                ),
                right=True,
            ),
            Option(
                "They grow a hundred times too",
                "They are divided by a larger deviation, so they shrink.",
            ),
            Option(
                "They become 0 exactly",
                "They become nearly alike, but small differences remain.",
            ),
        ),
    )


@question()
def first_and_last() -> Choice:
    plain, batch = runs_at(FULL), runs_at(BATCH_NORM)
    return Choice(
        "Both networks are trained on all images for twenty epochs. Where is batch norm clearly better than the plain "
        "one?",
        (
            Option(
                "In accuracy at the end",
                f"Its accuracy at the last epoch, compared with the plain network's, gives this: {claimed.LAST.told}.",
            ),
            Option(
                "In accuracy after the first epoch",
                (
                    f"After one epoch batch norm reaches {FIRST_EPOCH.over(batch)}, and the plain network "
                    f"{FIRST_EPOCH.over(plain)}. At the end the comparison gives this: "
                    f"{claimed.LAST.told}."
                ),
                right=True,
            ),
            Option(
                "In held-out loss at the end",
                (
                    f"At the end its loss is {LAST_LOSS.over(batch)}, and the plain network's is "
                    f"{LAST_LOSS.over(plain)}. It overfits sooner."
                ),
            ),
            Option(
                "Nowhere, because the task is too simple",
                "Look at the first epochs, where the two bands are apart.",
            ),
        ),
    )


@question()
def evaluation_fails() -> Choice:
    return Choice(
        "A network with batch norm works in training mode and fails in evaluation mode. What do you look at first?",
        (
            Option(
                "The learning rate",
                "A bad learning rate shows in training mode as well.",
            ),
            Option(
                "The running statistics",
                (
                    "Perhaps there were too few training steps for a small momentum, or the batches were too small to "
                    "measure a variance, or the test images come from another distribution. Then evaluation mode "
                    "divides by the wrong numbers. You can try it: choose evaluation and 0 training steps where a "
                    "batch can be edited, or press *Fog*."
                ),
                right=True,
            ),
            Option(
                "γ and β",
                "γ and β are the same in both modes.",
            ),
        ),
    )


@question()
def two_modes() -> Choice:
    return Choice(
        (
            "In training mode you send the same image through the network twice, in two different batches. Are the "
            "two outputs the same?"
        ),
        (
            Option(
                "Yes, because the weights did not change",
                "The weights did not change, but the batch's mean and variance did.",
            ),
            Option(
                "No, because the output depends on the others in the batch",
                "This dependence acts as noise during training. In evaluation mode there is none.",
                right=True,
            ),
            Option(
                "No, because batch norm draws random numbers",
                "Batch norm draws nothing at random. What changes is the other images of the batch.",
            ),
        ),
    )


@question()
def which_bias() -> Choice:
    return Choice(
        "`nn.Linear(784, 392)` stands directly before a batch norm. What does its bias do?",
        (
            Option(
                "It decides which inputs the ReLU lets through",
                "It would do so without batch norm. Here it is subtracted again with the mean, and β does its work.",
            ),
            Option(
                "Nothing, since it is subtracted with the mean of the batch",
                (
                    "So the layer may be built with `bias=False`. If a ReLU stood between them the bias would matter, "
                    "because no mean can undo what the ReLU cut off."
                ),
                right=True,
            ),
            Option(
                "It shifts the running variance",
                "A constant does not change a variance.",
            ),
        ),
    )


@question()
def fair_comparison() -> Choice:
    low, high = (
        {name: LAST_ACCURACY.over(runs_at(config)) for name, config in at_learning_rate(lr).items()}
        for lr in (0.5, 1.0)
    )
    end = claimed.LAST.told
    return Choice(
        "With SGD, is it fair to compare the plain network at a learning rate of 0.5 with batch norm at 1?",
        (
            Option(
                "No, because the rates must be equal",
                "Then one of them would be held back by a rate that does not suit it.",
            ),
            Option(
                "Yes, each at the rate that suits it best",
                (
                    f"The plain network reaches {low[PLAIN.name]} at 0.5, and batch norm "
                    f"{high[techniques.BATCH_NORM.name]} at 1. But this is after five epochs of SGD. After twenty "
                    f"epochs of Adam, the comparison of the two accuracies gives this: {end}. What holds in one "
                    "experiment need not hold in another."
                ),
                right=True,
            ),
            Option(
                "Yes, because a larger rate is always better",
                f"At a rate of 1 the plain network reaches {high[PLAIN.name]}.",
            ),
        ),
    )


@question()
def fog() -> Choice:
    return Choice(
        (
            "When the images turn foggy, every network fails. Once its statistics are measured again on the foggy "
            "images, batch norm recovers fully. Why?"
        ),
        (
            Option(
                "It was trained on foggy images",
                "No network was trained again, and no label was used.",
            ),
            Option(
                "Fog turns every pixel x into a·x + b, and normalising over the batch removes exactly that",
                (
                    f"So it recovers to {accuracy_under('Fog', 'batch norm, re-estimated')}. Noise is "
                    "different for every pixel and not of this form, so *Grainy* is mended only in part."
                ),
                right=True,
            ),
            Option(
                "Batch norm is robust to covariate shift",
                f"With its running statistics it reaches only {accuracy_under('Fog', 'batch norm, running')}.",
            ),
        ),
    )


# --- find the fault --------------------------------------------------------------------------------------------------


def _stale_statistics() -> Picture:
    named = {PLAIN.name: SurfaceSpec(FULL), "batch norm, evaluation mode": SurfaceSpec(BATCH_NORM)}
    return Picture(surfaces_side_by_side(named))


def _stale_statistics_mended() -> Picture:
    named = {PLAIN.name: SurfaceSpec(FULL), "batch norm, statistics anew": SurfaceSpec(BATCH_NORM, statistics="batch")}
    plain, anew, stale = map(stored, (*named.values(), SurfaceSpec(BATCH_NORM)))
    if not (plain and anew and stale):
        return MISSING
    return Picture(
        surfaces_side_by_side(named),
        "From the trained network to the edge, the plain network's loss rises by "
        f"{plain.edge_rise:.2f} nats and batch norm's by {anew.edge_rise:.2f}. With the stale statistics batch norm's "
        f"rose by {stale.edge_rise:.2f}. (This is one pair of directions.)",
    )


BY_THE_NOTEBOOK = {PLAIN.name: notebook_spec(FULL), techniques.BATCH_NORM.name: notebook_spec(BATCH_NORM)}


def _own_axes() -> Picture:
    return Picture(surfaces_side_by_side(BY_THE_NOTEBOOK, same_z=False, as_in_notebook=True))


def _own_axes_mended() -> Picture:
    found: list[Surface | None] = [stored(spec) for spec in BY_THE_NOTEBOOK.values()]
    if not all(found):
        return MISSING
    plain, batch = (surface.range[1] for surface in found)
    return Picture(
        surfaces_side_by_side(BY_THE_NOTEBOOK, log_z=True, as_in_notebook=True),
        f"The plain network's highest point is at {plain:,.0f} nats, and batch norm's is at {batch:,.0f}, which is "
        f"{batch / plain:.0f} times as high. What smoothness means, and where batch norm has it, is asked in the step "
        "on the gradient.",
    )


COMPARED = {PLAIN.name: FULL, techniques.BATCH_NORM.name: BATCH_NORM}


def _whole_curves() -> Picture:
    outcomes = {name: stored_outcomes(seeds) for name, seeds in over_seeds(COMPARED).items()}
    if not all(outcomes.values()):
        return MISSING
    courses = {name: course_of(found, "held_out_accuracy") for name, found in outcomes.items()}
    return Picture((courses_panel(courses, what="test accuracy", percent=True),))


STALE_STATISTICS = Fault(
    name="stale-statistics",
    title="The landscape of batch norm",
    code="""\
model_bn.eval()
for i, alpha in enumerate(alphas):
    for j, beta in enumerate(betas):
        move_weights(model_bn, theta, alpha * u + beta * v)
        z[i, j] = loss_func(model_bn(x), y).item()""",
    picture=_stale_statistics,
    says="These are the plain network's surface and the one that this code draws of batch norm.",
    asks="Batch norm looks much steeper than the plain network. What is wrong?",
    options=(
        Option(
            "Nothing, since batch norm makes the loss steeper",
            "It is steeper in this picture. But which network is measured at each point?",
        ),
        Option(
            "The running statistics belong to the trained weights, not to the moved ones",
            (
                "Once the weights have moved, each layer gives other numbers, which are still normalised by the old "
                "mean and variance. Nobody would ever use such a network."
            ),
            right=True,
        ),
        Option(
            "The directions must also move γ and β",
            "They are left alone on purpose, as biases are, because they are on another scale than weights.",
        ),
        Option(
            "`loss_func` must be averaged over the batch",
            "It is averaged already, because PyTorch's cross-entropy is a mean by default.",
        ),
    ),
    mended="""\
        move_weights(model_bn, theta, alpha * u + beta * v)
        model_bn.train()                   # statistics of these images, at this point
        z[i, j] = loss_func(model_bn(x), y).item()
        # (and put the running statistics back: training mode moves them)""",
    mended_picture=_stale_statistics_mended,
    after=(
        "When the statistics are computed anew at each point, the steep walls are gone. The step on the loss surface "
        "compares the heights."
    ),
)

OWN_AXES = Fault(
    name="own-axes",
    title="Smoother?",
    code="""\
for losses in (losses_plain, losses_bn):
    fig = go.Figure(go.Surface(x=A, y=B, z=losses))
    fig.update_layout(width=500, height=500)
    fig.show()""",
    picture=_own_axes,
    says=(
        "These are the plain network and the one with batch norm, drawn by the notebook's own method. The notebook "
        "says: *The landscape became a little smoother.*"
    ),
    asks="Why do these two pictures not show that?",
    options=(
        Option(
            "Each has its own loss axis, so both fill their box",
            "The eye compares shapes, but the two axes have different scales. Look at the numbers on them.",
            right=True,
        ),
        Option(
            "A 3-D picture always misleads, and contours do not",
            "Contours with two different scales mislead as well.",
        ),
        Option(
            "The networks have different numbers of weights",
            "They have nearly the same number of weights, and it would not matter here.",
        ),
        Option(
            "They do show it, because one has fewer bumps",
            "A bump on one axis is not as high as one on the other. Look at the numbers on the axes.",
        ),
    ),
    mended="""\
logs = [np.log10(losses) for losses in (losses_plain, losses_bn)]
z_range = [min(z.min() for z in logs), max(z.max() for z in logs)]
for z in logs:
    fig = go.Figure(go.Surface(x=A, y=B, z=z))
    fig.update_layout(scene_zaxis_range=z_range)
    fig.show()""",
    mended_picture=_own_axes_mended,
    after="Now both have the same loss axis. It is logarithmic, because otherwise the lower surface would look flat.",
)

LAST_NUMBER = Fault(
    name="last-number",
    title="No effect to see?",
    code="""\
for name, history in results.items():
    print(name, history["val_accuracy"][-1])
# about the same: batch norm has no effect""",
    picture=lambda: last_accuracies(COMPARED, {name: name for name in COMPARED}),
    says="This is the test accuracy after epoch 20, with a dot for each of five seeds.",
    asks="The notebook concludes: *We cannot see the effect of batch norm.* Is that right?",
    options=(
        Option(
            "Yes, since five seeds of each show no clear difference",
            "There is no clear difference *in this number*. But batch norm is an aid to training, so look at how the "
            "training goes.",
        ),
        Option(
            "No, it looks only at the end, and batch norm acts at the beginning",
            (
                "Batch norm learns faster, copes with larger learning rates, and breaks with very small batches. The "
                "last accuracy shows none of this."
            ),
            right=True,
        ),
        Option(
            "No, the accuracy should be measured on training images",
            "On these it is higher, but that only shows how well it knows its training images.",
        ),
    ),
    mended="""\
for name, history in results.items():
    plt.plot(history["val_accuracy"], label=name)""",
    mended_picture=_whole_curves,
    after="The whole curves show the effect: after the first epoch batch norm is higher by more than the seeds differ.",
)

# --- typed code ------------------------------------------------------------------------------------------------------

BATCH_NORM_LAYERS = Exercise(
    name="batch-norm-layers",
    title="Batch norm, in layers",
    asks=(
        "This blank is the notebook's. **Put `nn.BatchNorm1d` into both hidden layers, and fill in the sizes** "
        "(`input_shape // 2` and `input_shape // 4`)."
    ),
    template=NORM_LAYERS.format(short="bn", first="...", second="...", one="...,", two="...,"),
    hints=(
        "`nn.BatchNorm1d(n)` normalises each of $n$ units over the batch, and $n$ is what the layer before it gives.",
        "The first linear layer gives `input_shape // 2` numbers, so its norm is `nn.BatchNorm1d(input_shape // 2)`.",
        "The second linear layer gives `input_shape // 4`. No norm follows the last layer.",
    ),
    solution=NORM_LAYERS.format(
        short="bn",
        first="input_shape // 2",
        second="input_shape // 4",
        one="nn.BatchNorm1d(input_shape // 2),",
        two="nn.BatchNorm1d(input_shape // 4),",
    ),
    verdict=ByNetwork("BatchNorm1d", CLEAN).verdict,
)

BATCH_NORM_BY_HAND = Exercise(
    name="batch-norm-by-hand",
    title="Batch norm, by hand",
    asks=(
        "`x` is a batch, with a row for each image and a column for each unit. **Write $\\hat x$ in training mode, "
        "without γ and β.** It takes the mean and the *biased* variance over the batch, and `eps` under the root."
    ),
    template=BY_HAND.format("..."),
    hints=(
        "The batch is dimension 0, so `x.mean(dim=0)` has a number for each unit.",
        "`x.var(dim=0)` divides by n − 1. Batch norm divides by n, and `unbiased=False` does so.",
        "The whole is `(x - mean) / torch.sqrt(variance + eps)`.",
    ),
    solution=BY_HAND.format(OVER_THE_BATCH),
    verdict=ByValue(
        inputs=draw_batch,
        names=with_eps,
        result=variable("x_hat"),
        gradients=("x",),
        accepted=(
            Accepted(
                BY_HAND.format(OVER_THE_BATCH),
                "Value and gradient are those of `nn.BatchNorm1d`. The gradient flows through mean and variance too.",
            ),
        ),
        mistakes=mistakes(
            BY_HAND,
            {
                "(x - x.mean()) / torch.sqrt(x.var(dim=0, unbiased=False) + eps)": (
                    "One mean for the whole table mixes the units. `x.mean()` needs `dim=0`, as the variance has it."
                ),
                "(x - x.mean(dim=0)) / torch.sqrt(x.var(dim=0) + eps)": (
                    "This variance divides by n − 1. Batch norm normalises with the biased one, which takes "
                    "`unbiased=False`. (Its running variance, for evaluation, is the unbiased one.)"
                ),
                OVER_THE_UNITS: (
                    "This normalises each image over its units, which is layer norm. The batch is dimension 0."
                ),
                "(x - x.mean()) / torch.sqrt(x.var(unbiased=False) + eps)": (
                    "One mean and one variance for the whole table mix the units. Each unit needs its own, so `dim=0`."
                ),
                "(x - x.mean(dim=0)) / (x.var(dim=0, unbiased=False) + eps)": (
                    "This divides by the variance. The root is missing, so the result does not have variance 1."
                ),
                "(x - x.mean(dim=0)) / (x.std(dim=0, unbiased=False) + eps)": (
                    "This is close, but eps stands beside the root. Batch norm adds it to the variance, under the root."
                ),
                "(x - x.mean(dim=0)) / torch.sqrt(x.var(dim=0, unbiased=False))": (
                    "eps is missing. A unit that is the same for the whole batch would be divided by 0."
                ),
                "(x - x.mean(dim=0)) / (x.std(dim=0) + eps)": (
                    "Two things are wrong. `std` divides by n − 1 unless `unbiased=False` is given, and eps belongs "
                    "under the root, where it is added to the variance."
                ),
                "(x - x.mean(dim=0)) / x.std(dim=0)": (
                    "Two things are wrong. `std` divides by n − 1 unless `unbiased=False` is given, and eps is missing "
                    "under the root."
                ),
                "x - x.mean(dim=0) / torch.sqrt(x.var(dim=0, unbiased=False) + eps)": (
                    "Brackets are missing. Only the mean is divided here, but all of x − mean should be."
                ),
                "(x - x.mean(dim=0)) / torch.sqrt(x.var(dim=0, unbiased=False)) + eps": (
                    "A bracket is in the wrong place. eps is added to the result here, but it belongs under the root."
                ),
                "x / torch.sqrt(x.var(dim=0, unbiased=False) + eps)": "The mean is not subtracted here.",
                "x - x.mean(dim=0)": "The mean is gone, but the variance is not 1 yet.",
            },
        ),
    ).verdict,
)

_RUNNING = "running_mean = {}\n"

RUNNING_MEAN = Exercise(
    name="running-mean",
    title="The running mean",
    asks=(
        "After each batch the running mean takes a step towards the mean of that batch. **Write the new "
        "`running_mean`** from the old one, the batch `x`, and `momentum` as PyTorch means it (0.1 by default)."
    ),
    template=_RUNNING.format("..."),
    hints=(
        "PyTorch's momentum is the weight of what is *new*, so the batch's mean counts with 0.1.",
        "The weight of what was there before is 1 − momentum.",
        "The whole is `(1 - momentum) * running_mean + momentum * x.mean(dim=0)`.",
    ),
    solution=_RUNNING.format("(1 - momentum) * running_mean + momentum * x.mean(dim=0)"),
    verdict=ByValue(
        inputs=lambda rng: {**draw_batch(rng), "running_mean": draw_numbers(rng, 3)},
        names=lambda inputs: {**inputs, "momentum": 0.1},
        result=variable("running_mean"),
        accepted=(
            Accepted(
                _RUNNING.format("(1 - momentum) * running_mean + momentum * x.mean(dim=0)"),
                "In each step it goes a tenth of the way towards the batch's mean.",
            ),
        ),
        mistakes=mistakes(
            _RUNNING,
            {
                "momentum * running_mean + (1 - momentum) * x.mean(dim=0)": (
                    "The weights are the other way round. That is how Keras counts; PyTorch's momentum is the share "
                    "of the new batch."
                ),
                "running_mean + momentum * x.mean(dim=0)": (
                    "Nothing of the old mean is given up, so this grows without end."
                ),
                "x.mean(dim=0)": "This forgets everything but the last batch.",
                "(1 - momentum) * running_mean + momentum * x.mean()": (
                    "This is one mean for all units. Each unit needs its own, so `dim=0`."
                ),
                "(1 - momentum) * running_mean + momentum * x.var(dim=0)": (
                    "That uses the batch's variance, but the running *mean* was asked for."
                ),
                "running_mean - momentum * (x.mean(dim=0) - running_mean)": (
                    "The sign is wrong, so this moves away from the batch's mean."
                ),
                "(1 - momentum) * running_mean + momentum * x.sum(dim=0)": (
                    "That uses the batch's sum, which grows with the size of the batch."
                ),
                "momentum * x.mean(dim=0)": "Nothing is left of the old mean. It should keep the weight 1 − momentum.",
                "running_mean": "The running mean has not moved.",
            },
        ),
    ).verdict,
)
