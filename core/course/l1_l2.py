"""Lesson 5: L1 and L2. Its runs, what is measured of them, its questions, faults and typed code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from core.config import FIELDS, FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course import by_heart
from core.course.claimed import l1_l2 as claimed
from core.course.claims import LAST_ACCURACY, Measure, percent
from core.course.claims import MISSING as NOT_HERE
from core.course.faults import Fault
from core.course.over_seeds import (
    first_layer,
    first_layers,
    first_layers_along,
    own_runs,
    own_settings,
    paths_of,
    runs_along,
    runs_at,
    small_weights,
    sparsities,
)
from core.course.pictures import MISSING, THEIRS_AND_HELD_OUT, Panel, Picture, last_accuracies, loss_curves, spies
from core.course.questions import Choice, Curve, Drawing, Option, question
from core.figures.compare import stops_figure
from core.figures.curves import NOTEBOOK_LOSS
from core.figures.faults import own_range_figure
from core.figures.weights import displaced_figure, weights_figure
from core.results.by_heart import ByHeartSpec
from core.results.displaced import BINS, HIGH, LOW, DisplacedSpec
from core.results.followed import Followed, FollowSpec
from core.results.library import stored, stored_run
from core.results.run import total_parameters
from core.results.sparsity import Sparsity, SparsitySpec
from core.techniques import ADAMW, L1, L1_PROXIMAL, L2, PLAIN, Path
from core.typed_code.exercises import (
    Accepted,
    ByValue,
    Exercise,
    Inputs,
    Mistake,
    draw_numbers,
    mistakes,
    returned,
    variable,
)
from core.typed_code.names import Bound, Thing
from core.typed_code.tensors import METHODS

NUMBER = 5
"""Of the lesson in the course."""
PLANS = {
    15: ("prices", "lambda1", "lambda2"),
    45: (
        "prices",
        "lambda1",
        "zero",
        "lambda2",
        "weight-decay",
        "limit",
        "learned-by-heart",
        "helps",
        "notebook",
        "now-you-can",
    ),
}
"""Minutes → the steps that fill them, by their names in the address."""

# --- runs -----------------------------------------------------------------------------------------------------------

l2_path, decay_path = L2.path, ADAMW.path
"""A setting's networks at every strength."""


def l1_path(base: RunConfig, method: str = "subgradient") -> Path:
    return (L1_PROXIMAL if method == "proximal" else L1).path(base)


THEIRS, PROXIMAL = l1_path(FULL)[1e-3], l1_path(FULL, "proximal")[1e-3]
L2_THEIRS = l2_path(FULL)[1e-3]
"""The notebook's strength, in our way: biases left out."""
NOTEBOOK_L1, NOTEBOOK_L2 = replace(THEIRS, penalised="all"), replace(L2_THEIRS, penalised="all")
"""As the notebook trains them: biases penalised too."""

SMALL_L1, SMALL_L2 = (technique.at(SMALL_AND_NOISY, technique.small) for technique in (L1, L2))
"""Where the sliders of the small and noisy setting stand at first, and where the student's own run begins."""
OWN_PENALTY = own_settings("l1", "l1_method", "l2", "l2_method", "penalised")
"""What the student's own run offers."""


WITH_WEIGHTS = frozenset(
    {SMALL_L1, SMALL_L2, *(config for one in (L1, L1_PROXIMAL, L2) for config in one.path(FULL).values())}
)
"""The runs that are shipped with their weights; of the others the numbers are enough."""


def runs() -> set[RunConfig]:
    """Every stop of every path in both settings, and the notebook's two: each over all seeds. Every stop of every
    slider around the student's own run."""
    notebook = {run for config in (NOTEBOOK_L1, NOTEBOOK_L2) for run in seeds_of(config)}
    return notebook | runs_along("l1_l2") | own_runs(SMALL_L1, OWN_PENALTY)


FOLLOWED_L1 = (1e-4, 3e-4, 1e-3, 3e-3)
"""The strengths at which single weights are followed; at weaker ones 800 steps are too few to reach 0."""
METHODS_OF_L1 = FIELDS["l1_method"].choices
DISPLACED = DisplacedSpec(FULL)
"""What the notebook's landscape loop leaves of the plain network."""


@cache
def followed(optimizer: str, strength: float) -> dict[str, FollowSpec]:
    """Single weights under both ways to apply L1: Adam at the course's learning rate, or SGD at 0.1."""
    base = replace(FULL, optimizer=optimizer, lr=3e-4 if optimizer == "adam" else 0.1, l1=strength)
    return {method: FollowSpec(replace(base, l1_method=method)) for method in METHODS_OF_L1}


def measurements() -> list[DisplacedSpec | FollowSpec | ByHeartSpec]:
    """The moved weights, the followed ones, and what is learned by heart under either penalty."""
    ways = [spec for by in ("adam", "sgd") for strength in FOLLOWED_L1 for spec in followed(by, strength).values()]
    return [DISPLACED, *ways, *by_heart.measurements_for("l1_l2")]


def measurements_of(run: RunConfig) -> list[SparsitySpec]:
    """The first layer of every run along a path."""
    base = replace(run, seed=0)
    paths = (path for setting in (FULL, SMALL_AND_NOISY) for path in paths_of("l1_l2", setting))
    on_a_path = any(base in path.values() for path in paths)
    return [sparsities(base)[run.seed]] if on_a_path else []


# --- what a strength costs and buys ---------------------------------------------------------------------------------

SPREAD: Measure[Sparsity] = Measure("standard deviation of w, first layer", lambda s: s.spread, digits=4)
LARGEST: Measure[Sparsity] = Measure("largest |w|, first layer", lambda s: s.largest, digits=2)


def units_alive(config: RunConfig, threshold: float) -> str:
    """Units of the first layer that are alive, over seeds."""
    found = first_layers(config)
    alive: Measure[Sparsity] = Measure("units alive", lambda s: s.alive[s.index(threshold)], digits=0)
    return f"{alive.over(found)} of {found[0].spec.matrix[0]}" if found else NOT_HERE


def left_without_silent_units(config: RunConfig) -> str:
    """The parameters that are left once all units of the first layer without a weight other than 0 are removed, as a
    share of the network's, over seeds. Such a unit takes its incoming weights, its bias and its outgoing weights with
    it."""
    first, second, *_ = config.facts.widths
    of_a_unit, in_all = config.facts.n_inputs + 1 + second, total_parameters(config)
    left: Measure[Sparsity] = Measure(
        "parameters left", lambda s: 1 - (first - int(s.alive[0])) * of_a_unit / in_all, "%", 100
    )
    return left.over(first_layers(config))


def exact_zeros(path: Path) -> str:
    """How many exact zeros the first layer has at most, over all stops of a path and all seeds."""
    found = [s for some in first_layers_along(path).values() for s in some]
    if not found:
        return NOT_HERE
    most = max(int(s.small[0]) for s in found)
    return f"at most {most} of {found[0].n_weights:,}" if most else f"none of {found[0].n_weights:,}"


def pruned_accuracy(config: RunConfig, threshold: float) -> str:
    """The test accuracy without the small weights of the first layer, over seeds."""
    pruned: Measure[Sparsity] = Measure("pruned accuracy", lambda s: s.accuracy[s.index(threshold)], "%", 100)
    return pruned.over(first_layers(config))


def spread_of_weights(config: RunConfig) -> str:
    """The standard deviation of the first layer's weights, over seeds."""
    return SPREAD.over(first_layers(config))


def largest_weight(config: RunConfig) -> str:
    """max |w| of the first layer, over seeds."""
    return LARGEST.over(first_layers(config))


# --- single weights on their way to zero ----------------------------------------------------------------------------

LAST_STEPS = 100
"""Those over which a weight is looked at once it is near 0."""


def one_step(one: Followed) -> float:
    """How far a step of the subgradient moves a weight that the data leave alone: SGD by lr·λ₁, Adam by about lr."""
    run = one.spec.run
    return run.lr * run.l1 if run.optimizer == "sgd" else run.lr


def steps_to_zero(optimizer: str, strength: float, method: str = METHODS_OF_L1[0]) -> str:
    """The steps after which the corner pixel's weights come within one step of 0: "15 to 80"."""
    one = stored(followed(optimizer, strength)[method])
    if one is None:
        return NOT_HERE
    steps = one.arrival("corner", one_step(one))
    return f"{steps.min()} to {steps.max()}" if (steps >= 0).all() else f"more than {one.spec.steps}"


def jitter(optimizer: str, strength: float) -> str:
    """How far the corner pixel's weights stay from 0 under the subgradient, at most, over the last steps."""
    one = stored(followed(optimizer, strength)[METHODS_OF_L1[0]])
    if one is None:
        return NOT_HERE
    band = float(one.band("corner", LAST_STEPS).max())
    return f"±{band:.2g}" + (f" ({band / one.spec.run.lr:.2g} learning rates)" if optimizer == "adam" else "")


# --- questions -------------------------------------------------------------------------------------------------------

DRAWN = (0.0, 1e-5, 1e-4, 1e-3, 1e-2)
"""The stops at which the student draws the accuracy."""


@question("strength")
def draw_l1() -> Drawing:
    accuracies = {strength: LAST_ACCURACY.mean(runs_at(l1_path(FULL)[strength])) for strength in DRAWN}
    lost = {strength: f"{100 * (accuracies[0.0] - accuracy):.1f}" for strength, accuracy in accuracies.items()}
    return Drawing(
        (
            "Before you move the slider, **draw the test accuracy that you expect at each λ₁** with all 60,000 "
            "images. Then commit."
        ),
        Curve(
            "λ₁",
            "test accuracy",
            tuple(f"{stop:g}" for stop in DRAWN),
            tuple(accuracies.values()),
            0.0,
            1.0,
            0.08,
        ),
        (
            f"Compared with no penalty, the mean accuracy of five seeds falls by {lost[1e-5]} points at 0.00001, by "
            f"{lost[1e-4]} at 0.0001 and by {lost[1e-3]} at 0.001. At 0.01 every network only guesses, because no "
            "weight lowers the loss by as much as it costs."
        ),
    )


@question()
def which_first() -> Choice:
    return Choice(
        "Two weights have the values 1 and 0.01, and there is no loss. What does each penalty do to them?",
        (
            Option(
                "L1 takes the large one first, L2 the small one",
                (
                    "Look at the pull, in the right picture of the step *Two prices on a weight*. It is sign(w) for "
                    "L1 and 2w for L2."
                ),
            ),
            Option(
                "L2 pulls a hundred times harder on the 1; L1 pulls on both alike",
                (
                    "When L1 has brought the 1 down to 0.99, it has brought the 0.01 down to 0. The next lesson takes "
                    "this apart with the vector (1, ε)."
                ),
                right=True,
            ),
            Option(
                "Both pull harder on the larger weight",
                "Only L2 does. L1's pull is the same at every size.",
            ),
        ),
    )


@question()
def count_zeros() -> Choice:
    return Choice(
        (
            "You train with λ₁ = 0.001 in the loss, with the subgradient, and count `(w == 0).sum()` in the first "
            "layer. What do you find?"
        ),
        (
            Option(
                "Nearly all of the weights",
                f"{small_weights(THEIRS, 1e-4)} are *at or below 0.0001*. That is not equal to 0.",
            ),
            Option(
                "A few hundred of 307,328",
                (
                    f"There are fewer. Among the networks with a subgradient we counted {exact_zeros(l1_path(FULL))}, "
                    "at any λ₁ and seed."
                ),
            ),
            Option(
                "None",
                (
                    f"We counted {exact_zeros(l1_path(FULL))}, at any λ₁ and seed. The step jumps over zero again and "
                    "again. To get exact zeros use a proximal step. If you count small weights instead, say below "
                    "which threshold."
                ),
                right=True,
            ),
        ),
    )


@question()
def finer_ruler() -> Choice:
    return Choice(
        (
            "The L1 network's spy plot is empty at a threshold of 0.0001. You set the threshold to 0.00001. What do "
            "you see?"
        ),
        (
            Option(
                "It is still empty: the weights are zero",
                (
                    f"{small_weights(THEIRS, 1e-05)} are at or below 0.00001. The others jitter around zero, in a "
                    "band whose width the step decides."
                ),
            ),
            Option(
                "It fills up again",
                (
                    f"{small_weights(THEIRS, 0.0001)} of the weights are at or below 0.0001, and "
                    f"{small_weights(THEIRS, 1e-05)} at or below 0.00001. The network is the same, and only the ruler "
                    "is finer."
                ),
                right=True,
            ),
            Option(
                "It is as full as the plain network's",
                (
                    f"It is nearly as full. At or below 0.00001 are {small_weights(THEIRS, 1e-05)} of its weights, "
                    f"against {small_weights(FULL, 1e-05)} of the plain network's."
                ),
            ),
        ),
    )


@question()
def white_rows() -> Choice:
    return Choice(
        (
            "With the proximal step at λ₁ = 0.001, most rows of the spy plot are white from end to end. What is such "
            "a row?"
        ),
        (
            Option(
                "A unit without any input",
                (
                    "Such a unit hands on a constant, the ReLU of its bias, and could be removed. Only "
                    f"{units_alive(PROXIMAL, 0.0)} units have a weight other than 0. L1 charges each weight by itself, "
                    "and yet whole units die: once all the outgoing weights of a unit are 0, the data give its "
                    "incoming weights no gradient, and the penalty alone takes them to 0."
                ),
                right=True,
            ),
            Option(
                "A pixel that is not used",
                "A pixel is a column of the plot, not a row. The small picture beside it shows the pixels.",
            ),
            Option(
                "A class that is never predicted",
                "The rows of the *first* layer are hidden units, not classes.",
            ),
        ),
    )


@question()
def weight_decay() -> Choice:
    return Choice(
        (
            "A colleague uses `Adam(model.parameters(), weight_decay=0.002)`. Which λ₂ of this lesson is that, biases "
            "aside? The calculator in the step *L2 in the loss, or weight decay?* can tell."
        ),
        (
            Option(
                "λ₂ = 0.002",
                "PyTorch adds weight_decay·w to the gradient, whereas λ₂Σw² adds 2λ₂w.",
            ),
            Option(
                "λ₂ = 0.004",
                "It is the other way round: 2λ₂ = weight_decay.",
            ),
            Option(
                "λ₂ = 0.001, in the loss",
                (
                    "The two gradients are equal, because 2λ₂w = weight_decay·w. (`model.parameters()` also holds the "
                    "biases, so this is exact only for the weights.)"
                ),
                right=True,
            ),
            Option(
                "None: that is AdamW's decoupled decay",
                (
                    "`Adam(weight_decay=…)` adds the decay to the gradient, and Adam rescales it. Only `AdamW` "
                    "decouples it."
                ),
            ),
        ),
    )


@question()
def default_decay() -> Choice:
    return Choice(
        "AdamW's default is `weight_decay=0.01`. What does it do to this network's first layer?",
        (
            Option(
                "It shrinks it to about half",
                (
                    f"The standard deviation of its weights is {spread_of_weights(decay_path(FULL)[0.01])}, against "
                    f"{spread_of_weights(FULL)} without decay. To halve it you need a decay of about 1."
                ),
            ),
            Option(
                "Next to nothing",
                (
                    f"The standard deviation of its weights is {spread_of_weights(decay_path(FULL)[0.01])}, against "
                    f"{spread_of_weights(FULL)} without decay. In each step the decay is multiplied by the learning "
                    "rate, which is only 0.0003."
                ),
                right=True,
            ),
            Option(
                "It sets most weights to zero",
                "Decay scales all weights by the same factor, and no such factor makes a weight zero.",
            ),
        ),
    )


# --- find the fault --------------------------------------------------------------------------------------------------


def _moved_weights() -> Picture:
    found = stored(DISPLACED)
    if found is None:
        return MISSING
    figure = displaced_figure(found.own, found.displaced, np.linspace(LOW, HIGH, BINS + 1))
    return Picture(
        (Panel(figure, "The network's own weights around 0, and those of the notebook's histogram around 1."),)
    )


def _moved_weights_mended() -> Picture:
    found, own = stored(DISPLACED), first_layer(FULL)
    if found is None or own is None:
        return MISSING
    figure = weights_figure({PLAIN.name: own.histogram}, log=False)
    return Picture(
        (Panel(figure, "The plain network's own first-layer weights, around 0."),),
        (
            f"The mean of the weights is {found.mean[1]:.2f} in the notebook's histogram and {found.mean[0]:.3f} in "
            f"the trained network. The displaced network classifies {percent(found.accuracy[1])} of the test images "
            f"correctly, and the trained one {percent(found.accuracy[0])}. The notebook therefore did not compare L2 "
            "with a trained network at all."
        ),
    )


def _own_bins() -> Picture:
    runs_by_name = {PLAIN.name: stored_run(FULL), L2.name: stored_run(L2_THEIRS)}
    if not all(run and run.weights for run in runs_by_name.values()):
        return MISSING
    panels = []
    for name, run in runs_by_name.items():
        weights = run.weights["linear1.weight"].astype(float).ravel()
        alt = f"Histogram of the first layer's weights over their own range, {name}."
        panels.append(Panel(own_range_figure(weights, name), alt))
    return Picture(tuple(panels))


def _own_bins_mended() -> Picture:
    found = {PLAIN.name: first_layer(FULL), L2.name: first_layer(L2_THEIRS)}
    if not all(found.values()):
        return MISSING
    figure = weights_figure({name: layer.histogram for name, layer in found.items()}, log=True)
    spreads = ", ".join(f"{name} {float(layer.spread):.4f}" for name, layer in found.items())
    largest = ", ".join(f"{name} {float(layer.largest):.2f}" for name, layer in found.items())
    return Picture(
        (Panel(figure, "Both histograms over the same bins, counts logarithmic: L2's is much narrower."),),
        f"The standard deviations are: {spreads}. The largest |w| are: {largest}.",
    )


def _same_strength() -> Picture:
    named = {"L1, λ = 0.001": THEIRS, "L2, λ = 0.001": L2_THEIRS}
    return last_accuracies(named, {"L1, λ = 0.001": L1.name, "L2, λ = 0.001": L2.name})


def _same_strength_mended() -> Picture:
    values = {
        name: {stop: [LAST_ACCURACY.of(run) for run in runs_at(config)] for stop, config in path.items()}
        for name, path in ((L1.name, l1_path(FULL)), (L2.name, l2_path(FULL)))
    }
    figure = stops_figure(values, 1e-3, x_title="λ", title="Test accuracy, last epoch")
    return Picture(
        (Panel(figure, "Test accuracy over λ for L1 and for L2."),),
        (
            "The bar marks 0.001, where the code compared them. Each dot is a seed. The accuracy of L1 at 0.001 "
            f"against the plain network is {claimed.L1_COSTS.told}. That of L2 "
            f"at 0.001 is {claimed.L2_COSTS.told}."
        ),
    )


PENALTY_IN_LOSS = Fault(
    name="penalty-in-loss",
    title="Two loss curves",
    code="""\
loss = loss_func(model(x), y)
loss += l1_weight * sum(l1_parameters)
loss.backward()
opt.step()
ep_train_loss.append(loss.item())

# validation: loss_func(model(x), y).item()""",
    picture=lambda: loss_curves(
        THEIRS, THEIRS_AND_HELD_OUT, "The recorded training loss lies far above the test loss."
    ),
    says="These are the two curves of L1 at 0.001 on all images, as this code records them.",
    asks="The training loss stays far above the test loss. Is that underfitting?",
    options=(
        Option(
            "Yes: L1 is so strong that the network cannot learn its training images",
            "L1 is strong here, but these curves cannot show it, because they are of two different quantities.",
        ),
        Option(
            "The training curve contains the penalty; the test curve does not",
            "`loss += …` changes what is recorded. The distance between the curves is mostly λΣ|w|.",
            right=True,
        ),
        Option(
            "The optimizer has not converged yet",
            "More epochs would lower both a little. They would not remove the distance, because the penalty makes it.",
        ),
        Option(
            "The learning rate is too high",
            "Neither curve jumps, as it would at too high a rate. Look at what the code appends.",
        ),
    ),
    mended="""\
loss = loss_func(model(x), y)
penalty = l1_weight * sum(l1_parameters)
(loss + penalty).backward()
opt.step()
# recorded apart, after the epoch, in evaluation mode: the loss, and the penalty""",
    mended_picture=lambda: loss_curves(
        THEIRS, NOTEBOOK_LOSS, "The same two curves, and the cross-entropy of the training images."
    ),
    after=(
        "The third curve is the cross-entropy of the training images alone. It is close to that of the test images, "
        "as it is for a network that is held back."
    ),
)

ONE_THRESHOLD = Fault(
    name="one-threshold",
    title="l1 works!",
    code="""\
w = model_l1.layers[1].weight.detach()
plt.spy(w, precision=1e-4)
# nearly empty: l1 makes weights zero""",
    picture=lambda: spies({"L1, λ₁ = 0.001, up to 0.0001": THEIRS}, 1e-4),
    says="The first layer at λ₁ = 0.001, as this code draws it.",
    asks="Has L1 made the weights zero?",
    options=(
        Option(
            "Yes, what is not drawn is zero",
            "A weight that is not drawn is only small: `precision=1e-4` leaves out every weight up to 0.0001.",
        ),
        Option(
            "It cannot be seen: the threshold is as wide as the band in which Adam's steps jitter",
            (
                "A step of Adam is about as long as the learning rate, 0.0003, whatever λ is, and the weights stay "
                "within a part of that around zero. The ruler was as coarse as the jitter."
            ),
            right=True,
        ),
        Option(
            "No: L1 only shrinks, as L2 does",
            (
                "Unlike L2, L1 has a kink at 0 that can hold a weight there. But a step along the subgradient jumps "
                "over it."
            ),
        ),
        Option(
            "Yes, but only because λ is so large",
            "Even at this λ you have to ask how many of the weights are *equal* to 0.",
        ),
    ),
    mended="""\
print((w == 0).float().mean())             # exact zeros
for precision in (1e-4, 1e-5):
    plt.spy(w, precision=precision)
# exact zeros come from a proximal step after opt.step(), not from the loss""",
    mended_picture=lambda: spies(
        {"the same, up to 0.00001": THEIRS, "by proximal step, up to 0.00001": PROXIMAL}, 1e-5
    ),
    after=(
        "The left picture shows the same weights with a finer ruler, and the right one shows the network of the "
        "proximal step with that ruler."
    ),
)

MOVED_WEIGHTS = Fault(
    name="moved-weights",
    title="The unregularized weights",
    code="""\
for alpha in alphas:
    for beta in betas:
        for i, w in enumerate(model.parameters()):
            w.data = params[i] + alpha * w2[i] + beta * w1[i]
        losses.append(loss_func(model(x), y).item())

# … many cells later
plt.hist(model[1].weight.detach().flatten(), bins=1000)""",
    picture=_moved_weights,
    says=(
        "The grey histogram is the one that the notebook shows as that of its unregularized network. The blue one "
        "shows the weights that this network really has."
    ),
    asks="What happened?",
    options=(
        Option(
            "Without regularization weights grow that large",
            "The blue weights are those of the same unregularized network, and they are small.",
        ),
        Option(
            "The histogram has too many bins",
            "The bins change how rough a histogram looks, not where it lies.",
        ),
        Option(
            "The loop leaves the network at the last corner of its grid",
            (
                "The loop writes into the parameters, point by point, and never puts θ, the trained weights, back. "
                "At α = β = 1 two random numbers from [0, 1) have been added to every weight."
            ),
            right=True,
        ),
        Option(
            "The histogram is of the biases",
            "`model[1].weight` does hold the first layer's weights. The question is of which network.",
        ),
    ),
    mended="""\
theta = {name: w.clone() for name, w in model.named_parameters()}
point = {name: theta[name] + alpha * u[name] + beta * v[name] for name in theta}
loss = loss_func(torch.func.functional_call(model, point, x), y)   # the model is only read""",
    mended_picture=_moved_weights_mended,
    after="The weights are now read and never written, so the network is the same before and after.",
)

OWN_BINS = Fault(
    name="own-bins",
    title="Two histograms",
    code="""\
plt.hist(model[1].weight.detach().flatten(), bins=1000)
plt.show()
plt.hist(model_l2[1].weight.detach().flatten(), bins=1000)
plt.show()""",
    picture=_own_bins,
    says="These are the first layers of the plain network and of λ₂ = 0.001, this time with the right weights.",
    asks="By how much has L2 narrowed the weights? Why is it hard to say?",
    options=(
        Option(
            "Each picture has its own range and its own bins",
            (
                "Both histograms fill their pictures, however wide they are. Read the numbers on the axes: one axis "
                "spans much more than the other."
            ),
            right=True,
        ),
        Option(
            "A histogram cannot show weights near zero",
            "It can when its bins are fine enough, and these are.",
        ),
        Option(
            "The networks have different numbers of weights",
            "Both first layers have 784 × 392 weights.",
        ),
        Option(
            "They are not normalised to area 1",
            "Both have the same number of weights, so that would change nothing.",
        ),
    ),
    mended="""\
bins = np.linspace(-0.5, 0.5, 200)
for name, model in models.items():
    plt.hist(model[1].weight.detach().flatten(), bins=bins, alpha=0.4, label=name)
plt.yscale("log")                          # or the rare large weights are not seen
plt.legend()""",
    mended_picture=_own_bins_mended,
    after="Both histograms now share one axis and the same bins, so their widths can be compared.",
)

SAME_STRENGTH = Fault(
    name="same-strength",
    title="One strength for both",
    code="""\
l1_weight = 0.001
l2_weight = 0.001
...
print(val_accuracy_l1[-1], val_accuracy_l2[-1])""",
    picture=_same_strength,
    says="This is the test accuracy of both, with a dot for each of five seeds.",
    asks="May L1 and L2 be compared like this?",
    options=(
        Option(
            "Yes, everything but the norm is equal",
            "Only the number is equal. For a weight of 0.03, |w| is 0.03 but w² is 0.0009, so L1 charges far more.",
        ),
        Option(
            "Yes, if the biases are left out",
            "The biases hardly matter here. What matters is what 0.001 means to each penalty.",
        ),
        Option(
            "No: the same number is a different strength for |w| and for w²",
            (
                "At 0.001, L1 is much further beyond its best strength than L2 is. Compare the two along all "
                "strengths, each at its best, or at equal accuracy."
            ),
            right=True,
        ),
        Option(
            "No: L1 needs another optimizer",
            "For exact zeros L1 does need a proximal step, but that is not why this comparison fails.",
        ),
    ),
    mended="""\
for strength in (0, 1e-5, 1e-4, 3e-4, 1e-3, ...):
    for penalty in ("l1", "l2"):
        train(penalty, strength)""",
    mended_picture=_same_strength_mended,
    after="This is the accuracy of each along all its strengths.",
)

# --- typed code ------------------------------------------------------------------------------------------------------

_L1 = "def compute_l1_loss(self, w):\n    return {}\n"

_L2 = "def compute_l2_loss(self, w):\n    return {}\n"


def _weights(rng: np.random.Generator) -> Inputs:
    return {"w": draw_numbers(rng, 2, 3) * 2}


def _with_self(inputs: Inputs) -> dict[str, Any]:
    return {**inputs, "self": Thing("self", {})}


_MEAN = "This is the mean, so the penalty would depend on how large the layer is. The course's λ goes with the sum."

L1_LOSS = Exercise(
    name="l1-loss",
    title="compute_l1_loss",
    asks=(
        "This is a blank in the notebook. `w` holds the weights of one layer, a tensor of any shape. **Return its L1 "
        "penalty, Σ|w|**, which is one number."
    ),
    template=_L1.format("..."),
    hints=(
        "`w.abs()` takes the size of each weight.",
        "`.sum()` adds up all numbers of a tensor.",
        "`w.abs().sum()`",
    ),
    solution=_L1.format("w.abs().sum()"),
    verdict=ByValue(
        inputs=_weights,
        names=_with_self,
        result=returned("compute_l1_loss", "self", "w"),
        gradients=("w",),
        accepted=(
            Accepted(
                _L1.format("w.abs().sum()"),
                "Its value is Σ|w|, and its gradient is sign(w).",
            ),
        ),
        mistakes=mistakes(
            _L1,
            {
                "w.sum()": "Here positive and negative weights cancel. Add up their sizes, |w|.",
                "w.square().sum()": "This squares the weights, which is L2's penalty.",
                "w.abs().mean()": _MEAN,
                "w.abs()": "This has a number for each weight. A penalty is one number, so add them up.",
                "w.norm()": "`w.norm()` is the 2-norm, the root of Σw². For L1 it would be `w.norm(p=1)`.",
                "torch.linalg.norm(w, 1)": (
                    "For a matrix `torch.linalg.norm(w, 1)` is the largest column sum, a norm of the matrix. "
                    "`torch.linalg.vector_norm(w, 1)` adds up all sizes."
                ),
                "-w.abs().sum()": "The sign is wrong: this would reward large weights.",
                "w.abs().sum().square()": "The sum is squared once more.",
                "w.abs().max()": "This is only the largest weight (the ∞-norm).",
                "w.sum().abs()": "Take the sizes first and then the sum. Here weights of opposite sign cancel.",
                "w.sign().sum()": "This adds up signs, and the sizes are missing. (sign(w) is the *gradient* of |w|.)",
            },
        ),
    ).verdict,
)

L2_LOSS = Exercise(
    name="l2-loss",
    title="compute_l2_loss",
    asks=(
        "**Return the L2 penalty of `w`, Σw²**, which is one number. (λ is applied elsewhere, and the notebook has no "
        "½.)"
    ),
    template=_L2.format("..."),
    hints=(
        "`w ** 2` or `w.square()` squares each weight.",
        "`.sum()` adds them up.",
        "`w.square().sum()`",
    ),
    solution=_L2.format("w.square().sum()"),
    verdict=ByValue(
        inputs=_weights,
        names=_with_self,
        result=returned("compute_l2_loss", "self", "w"),
        gradients=("w",),
        accepted=(
            Accepted(
                _L2.format("w.square().sum()"),
                "Its value is Σw², and its gradient is 2w.",
            ),
        ),
        mistakes=mistakes(
            _L2,
            {
                "w.norm()": (
                    "This is the *root* of Σw². Its gradient has length 1 whatever w is, so a layer with small "
                    "weights would be pulled as hard as one with large weights. Square it, or leave the root out."
                ),
                "w.square().sum() / 2": "½Σw² is what `weight_decay` means. The notebook's penalty has no ½.",
                "w.abs().sum()": "This is L1's penalty. The square is missing.",
                "w.square().mean()": _MEAN,
                "w.square()": "This has a number for each weight. A penalty is one number, so add them up.",
                "w.sum().square()": "Square first and then add. Here weights of opposite sign cancel.",
                "-w.square().sum()": "The sign is wrong: this would reward large weights.",
                "w.sum()": "The square is missing, and so positive and negative weights cancel.",
                "2 * w": "2w is the *gradient* of Σw². The penalty itself was asked for.",
                "torch.linalg.norm(w, 2) ** 2": (
                    "For a matrix `torch.linalg.norm(w, 2)` is its largest singular value. Without the 2, or as "
                    "`torch.linalg.vector_norm(w)`, it is the root of Σw²."
                ),
                "2 * w.sum()": "2w is the *gradient* of w². The penalty itself was asked for.",
                "w.square().sum().square()": "The sum is squared once more.",
                "w.square().sum() * 2": "The factor 2 is too much.",
            },
        ),
    ).verdict,
)

_BRANCH = """\
{name}_weight = 0.001
{name}_parameters = []
for parameter in model.parameters():
    {loop}
{name} = {total}
loss += {name}
"""

SIZES = {"linear1.weight": (3, 4), "linear1.bias": (3,), "linear2.weight": (2, 3), "linear2.bias": (2,)}

STRENGTH = 1e-3


def _small_model(inputs: Inputs) -> dict[str, Any]:
    """A model of two layers, by the names that the notebook's class gives it, and a loss of one number."""
    held = {name: inputs[name] for name in SIZES}
    by_layer = [
        Thing(f"linear{i}", {"weight": held[f"linear{i}.weight"], "bias": held[f"linear{i}.bias"]}) for i in (1, 2)
    ]
    methods = {
        "parameters": Bound("parameters", lambda: list(held.values())),
        "named_parameters": Bound("named_parameters", lambda: list(held.items())),
        "compute_l1_loss": Bound("compute_l1_loss", lambda w: METHODS["abs"](w).sum()),
        "compute_l2_loss": Bound("compute_l2_loss", lambda w: METHODS["square"](w).sum()),
        "layers": by_layer,
    }
    return {"model": Thing("model", methods), "loss": inputs["loss"]}


def _model_inputs(rng: np.random.Generator) -> Inputs:
    return {**{name: draw_numbers(rng, *shape) for name, shape in SIZES.items()}, "loss": np.abs(draw_numbers(rng)) + 1}


def _branch(name: str, one: str, wrong_one: str, wrong_says: str) -> Exercise:
    """The L1 or the L2 branch of the notebook's training loop. one: the penalty of one parameter."""
    term = f"model.compute_{name}_loss(parameter)"

    def text(loop: str = "", total: str = "") -> str:
        loop, total = loop or f"{name}_parameters.append({term})", total or f"{name}_weight * sum({name}_parameters)"
        return _BRANCH.format(name=name, loop=loop, total=total)

    weights_only = text(loop=f"if parameter.dim() > 1:\n        {name}_parameters.append({term})")
    field = {name: STRENGTH}
    roots = (
        (
            Mistake(
                text(total=f"{name}_weight * sum({name}_parameters) ** 0.5"),
                "The root of Σw² is the 2-norm. The penalty is Σw² itself.",
            ),
            Mistake(
                text(loop=f"{name}_parameters.append(parameter.norm())"),
                "These are the 2-norms, the roots of Σw². They have to be squared.",
            ),
        )
        if name == "l2"
        else ()
    )
    return Exercise(
        name=f"{name}-branch",
        title=f"The {name.upper()} branch of the training loop",
        asks=(
            f"This is a blank in the notebook. For every batch, collect the {name.upper()} penalties of all "
            "parameters, add them up, multiply them by λ, and add the result to the loss. The notebook counts the "
            "biases among them; the formula of this lesson's first step leaves them out, and either will do here. "
            f"`model.compute_{name}_loss(w)` gives {one} of one tensor. **Fill in the two blanks.**"
        ),
        template=text(loop=f"{name}_parameters.append(...)", total="..."),
        hints=(
            f"In the loop, append `model.compute_{name}_loss(parameter)`, which is one number for each parameter "
            "tensor.",
            f"After the loop, `sum({name}_parameters)` adds up the list.",
            f"With λ it becomes `{name} = {name}_weight * sum({name}_parameters)`.",
        ),
        solution=text(),
        verdict=ByValue(
            inputs=_model_inputs,
            names=_small_model,
            result=variable("loss"),
            gradients=(
                "loss",
                *SIZES,
            ),
            accepted=(
                Accepted(
                    text(),
                    (
                        "This is λ times the sum over all parameters, the biases included, as in the notebook. (The "
                        "course's sliders leave the biases out.)"
                    ),
                    replace(SMALL_AND_NOISY, penalised="all", **field),
                ),
                Accepted(
                    weights_only,
                    "This is λ times the sum over the weight matrices. The biases are left out, as is usual.",
                    replace(SMALL_AND_NOISY, **field),
                ),
            ),
            mistakes=(
                Mistake(
                    text(total=f"sum({name}_parameters)"),
                    f"λ is missing: `{name}_weight` is never used, so the penalty is a thousand times too strong.",
                ),
                Mistake(
                    text(total=f"{name}_weight * {name}_parameters[-1]"),
                    "Only the last parameter is penalised, because the sum over the list is missing.",
                ),
                Mistake(
                    text(total=f"{name}_weight * {name}_parameters[0]"),
                    "Only the first parameter is penalised.",
                ),
                Mistake(
                    text(total=f"{name}_weight * sum({name}_parameters) / len({name}_parameters)"),
                    "This is the mean over the parameter tensors, not their sum.",
                ),
                Mistake(
                    text(total=f"-{name}_weight * sum({name}_parameters)"),
                    "The sign is wrong: the penalty is subtracted, so large weights would be rewarded.",
                ),
                Mistake(
                    text(loop=f"{name}_parameters.append({wrong_one})"),
                    wrong_says,
                ),
                Mistake(
                    text(loop=f"{name}_parameters.append(parameter.sum())"),
                    f"The parameters are summed with their signs, but {one} was asked for.",
                ),
                Mistake(
                    text(loop="if parameter.dim() == 1:\n        " + f"{name}_parameters.append({term})"),
                    "These are the biases alone, but it is the weights that should be penalised.",
                ),
                Mistake(
                    text(total="0"),
                    "Nothing is added to the loss.",
                ),
                *(
                    Mistake(text().replace("0.001", other), f"λ should stay 0.001, but here it is {other}.")
                    for other in ("0.0001", "0.01", "0.1", "0.00001")
                ),
                Mistake(
                    text().replace("loss +=", "loss ="),
                    "The loss itself is gone, because the penalty replaces it instead of being added.",
                ),
                Mistake(
                    text() + f"loss += {name}\n",
                    "The penalty is added twice.",
                ),
                Mistake(
                    text(total=f"{name}_weight * sum({name}_parameters) / 2"),
                    "There is a ½ here that the notebook does not have.",
                ),
                Mistake(
                    text(total=f"{name}_weight * (sum({name}_parameters) - {name}_parameters[-1])"),
                    "The last parameter is missing from the sum.",
                ),
                Mistake(
                    text(total=f"{name}_weight ** 2 * sum({name}_parameters)"),
                    "λ is squared.",
                ),
                *roots,
            ),
        ).verdict,
    )


L1_BRANCH = _branch("l1", "Σ|w|", "model.compute_l2_loss(parameter)", "These are squares, which is the L2 penalty.")

L2_BRANCH = _branch(
    "l2", "Σw²", "model.compute_l1_loss(parameter)", "These are sizes and not squares, which is the L1 penalty."
)

_PROXIMAL = "w_new = {}\n"

_SOFT = "w.sign() * (w.abs() - t).clamp(min=0)"

PROXIMAL_STEP = Exercise(
    name="proximal-step",
    title="The proximal step",
    asks=(
        "After a step of SGD, every weight is moved towards 0 by `t` = learning rate × λ₁, **but not past it**. `w` "
        "is a tensor of weights. **Write `w_new`.**"
    ),
    template=_PROXIMAL.format("..."),
    hints=(
        "The size becomes |w| − t, or 0 where that is negative.",
        "`.clamp(min=0)` cuts negative numbers to 0.",
        "Multiply by `w.sign()` to restore the sign.",
    ),
    solution=_PROXIMAL.format(_SOFT),
    verdict=ByValue(
        inputs=lambda rng: {"w": np.concatenate([draw_numbers(rng, 5), [0.05, -0.05, 0.0]])},
        names=lambda inputs: {**inputs, "t": 0.3},
        result=variable("w_new"),
        accepted=(
            Accepted(
                _PROXIMAL.format(_SOFT),
                "This is soft thresholding. Weights within t of 0 become exactly 0.",
                replace(SMALL_AND_NOISY, l1=STRENGTH, l1_method="proximal"),
            ),
        ),
        mistakes=mistakes(
            _PROXIMAL,
            {
                "w - t * w.sign()": (
                    "This is the subgradient's step. Where |w| < t, the weight is thrown past 0 and changes its sign. "
                    "Cut the size |w| − t off at 0."
                ),
                "(w.abs() - t).clamp(min=0)": "The sign of w is lost, so negative weights come back positive.",
                "(w - t).clamp(min=0)": "This is right for positive weights only. All negative weights become 0.",
                "torch.where(w.abs() > t, w, 0)": (
                    "This is *hard* thresholding, which does not shrink large weights at all."
                ),
                "w * (1 - t)": "This scales the weights, as L2 does, and no weight ever becomes 0.",
                "w / (1 + 2 * t)": "That is L2's proximal map. It scales the weights, and none becomes 0.",
                "w.clamp(min=-t, max=t)": "This is the other way round: it cuts large weights down to t.",
                "w - w.clamp(min=-t, max=t) * 2": "This moves the weights twice as far as it should.",
                "w + t * w.sign()": "The sign is wrong: this moves every weight away from 0.",
                "w - t": "This moves every weight down by t, and so the negative ones away from 0.",
            },
        ),
    ).verdict,
)
