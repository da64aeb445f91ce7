"""Lesson 4: dropout. Its runs, what is measured of them, its questions, faults and typed code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course import by_heart
from core.course.claimed.dropout import MASKS, RIGHT_ACCURACY, RIGHT_LABELS, SMALL_ACCURACY
from core.course.claims import (
    LAST_ACCURACY,
    MISSING,
    TRAIN_ACCURACY,
    Measure,
    NotStored,
    percent,
    sentence,
)
from core.course.faults import Fault
from core.course.over_seeds import (
    measured,
    own_runs,
    own_settings,
    runs_along,
    runs_at,
    small_weights,
    sparsities,
)
from core.course.pictures import THEIRS_AND_HELD_OUT, Panel, Picture, loss_curves, spies
from core.course.questions import Choice, Curve, Drawing, Option, question
from core.course.thinned import SCALED_LOSS, averaged_loss, ensembles, ensembles_of
from core.figures.curves import NOTEBOOK_LOSS
from core.figures.faults import lines_figure
from core.results.activations import SWITCHED_OFF, Activations, ActivationSpec
from core.results.by_heart import ByHeartSpec
from core.results.ensemble import Ensemble, EnsembleSpec
from core.results.sparsity import SparsitySpec
from core.techniques import DROPOUT, MAX_NORM, PLAIN
from core.typed_code.exercises import Accepted, ByValue, Exercise, draw_numbers, mistakes, variable
from core.typed_code.network_check import ByNetwork

NUMBER = 4
"""Of the lesson in the course."""
PLANS = {
    15: ("masks", "how-much", "now-you-can"),
    45: (
        "masks",
        "conventions",
        "why",
        "thinned",
        "predict",
        "how-much",
        "learned-by-heart",
        "weights-and-units",
        "own-run",
        "now-you-can",
    ),
}
"""Minutes → the steps that fill them, by their names in the address."""

# --- runs -----------------------------------------------------------------------------------------------------------

dropout_path = DROPOUT.path
"""A setting's networks at every p."""
HALF = dropout_path(FULL)[0.5]
"""What the lesson speaks of on all images."""
SMALL_DROPOUT = DROPOUT.at(SMALL_AND_NOISY, DROPOUT.small)
"""Where the slider of the small and noisy setting stands at first, and where the student's own run begins."""
WITH_MAX_NORM = {c: MAX_NORM.at(SMALL_DROPOUT, c) for c in MAX_NORM.stops[1:]}
"""Dropout with a limit on the weights, as Srivastava et al. advise, in the small and noisy setting."""
FULL_DROPOUT, FULL_WITH_MAX_NORM = (
    DROPOUT.at(FULL, DROPOUT.default),
    MAX_NORM.at(DROPOUT.at(FULL, DROPOUT.default), MAX_NORM.default),
)
"""The same pair on all images."""
OWN_DROPOUT = own_settings("dropout")
"""What the student's own run offers."""
WITH_WEIGHTS = frozenset({SMALL_DROPOUT, *dropout_path(FULL).values()})
"""The runs that are shipped with their weights; of the others the numbers are enough."""


def runs() -> set[RunConfig]:
    """Every p in both settings over all seeds, and every stop of every slider around the student's own run."""
    pairs = {run for pair in (*WITH_MAX_NORM.values(), FULL_WITH_MAX_NORM) for run in seeds_of(pair)}
    return runs_along("dropout") | own_runs(SMALL_DROPOUT, OWN_DROPOUT) | pairs


def measurements() -> list[ByHeartSpec]:
    """What the network with dropout learns by heart."""
    return by_heart.measurements_for("dropout")


def measurements_of(run: RunConfig) -> list[SparsitySpec | ActivationSpec | EnsembleSpec]:
    """What is measured of one trained run: its first layer, its hidden units, its thinned networks."""
    base = replace(run, seed=0)
    if not any(base in dropout_path(setting).values() for setting in (FULL, SMALL_AND_NOISY)):
        return []
    kinds = (sparsities, activations, ensembles) if run.dropout else (sparsities, activations)
    return [specs(base)[run.seed] for specs in kinds]


@cache
def activations(config: RunConfig) -> tuple[ActivationSpec, ...]:
    """The hidden units of a network over all seeds."""
    return tuple(map(ActivationSpec, seeds_of(config)))


# --- thinned networks -----------------------------------------------------------------------------------------------

ALONE: Measure[Ensemble] = Measure("one thinned network, mean over masks", lambda e: e.alone.mean(), "%", 100)
ALL_UNITS: Measure[Ensemble] = Measure("accuracy by weight scaling", lambda e: e.scaled[0], "%", 100)


def averaged_accuracy(n: int) -> Measure[Ensemble]:
    return Measure(f"accuracy, mean of {n}", lambda e: e.accuracy[n - 1], "%", 100)


def alone(config: RunConfig) -> str:
    """The test accuracy of one thinned network, the mean over all masks of each seed, over seeds."""
    return ALONE.over(ensembles_of(config))


def all_units(config: RunConfig) -> str:
    """The test accuracy of all units at once, by weight scaling, over seeds."""
    return ALL_UNITS.over(ensembles_of(config))


def scores(config: RunConfig, n: int) -> str:
    """Accuracy and loss of the mean of n thinned networks, over seeds; n = 0: of weight scaling."""
    found = ensembles_of(config)
    accuracy, loss = (averaged_accuracy(n), averaged_loss(n)) if n else (ALL_UNITS, SCALED_LOSS)
    return f"{accuracy.over(found)}, {loss.over(found)}" if found else MISSING


def agreement(config: RunConfig, image: int) -> str:
    """How many thinned networks of seed 0 name the right class of one test image: "56 of 100"."""
    ensemble = next((e for e in ensembles_of(config) if e.spec.n_shown > image), None)
    if ensemble is None:
        return MISSING
    votes = ensemble.probabilities[image].astype(float).argmax(axis=1)
    return f"{int((votes == ensemble.classes[image]).sum())} of {len(votes)}"


def less_extreme(config: RunConfig, n: int) -> str:
    """How sure the mean of n thinned networks is, beside weight scaling, on the single images that are kept (seed 0): a
    sentence."""
    ensemble = next((e for e in ensembles_of(config) if e.spec.n_shown), None)
    if ensemble is None:
        return f"How sure the two are is {MISSING}."
    mean = ensemble.probabilities[:, :n].astype(float).mean(axis=1)
    averaged, scaled = (
        percent(some.max(axis=1).mean()) for some in (mean, ensemble.scaled_probabilities.astype(float))
    )
    return (
        f"A mean of probabilities is less extreme than those of one pass. On the {ensemble.spec.n_shown} images of the "
        f"first view, the most probable class has a probability of {averaged} in the mean of {n} masks and of {scaled} "
        "by weight scaling."
    )


def _first_below(losses: np.ndarray, scaled: float) -> int | None:
    """The fewest thinned networks whose mean has a lower loss than weight scaling; None where none has."""
    better = np.flatnonzero(losses < scaled)
    return int(better[0]) + 1 if len(better) else None


def averages_to_beat_scaling(config: RunConfig) -> str:
    """The fewest thinned networks whose mean has a lower loss than weight scaling: in the mean over seeds, and from
    the seed with the fewest to that with the most."""
    found = ensembles_of(config)
    if not found:
        return MISSING
    mean = _first_below(np.mean([e.loss for e in found], axis=0), float(SCALED_LOSS.mean(found)))
    each = [_first_below(e.loss, float(e.scaled[1])) for e in found]
    most = len(found[0].loss)
    if mean is None:
        return f"more than {most}"
    counts = [n for n in each if n]
    top = str(max(counts)) if len(counts) == len(each) else f"more than {most}"
    return f"{mean} in the mean over {len(each)} seeds, {min(counts)} to {top} seed by seed"


# --- what it gains ---------------------------------------------------------------------------------------------------


def gain_without_wrong_labels() -> str:
    """What dropout gains in the small setting where all labels are right, and where a fifth of them is wrong: sentences
    with numbers over the seeds that are stored."""
    told = []
    for when, plain, claim in (
        ("Without wrong labels", RIGHT_LABELS, RIGHT_ACCURACY),
        ("With a fifth of them wrong", SMALL_AND_NOISY, SMALL_ACCURACY),
    ):
        without, with_it = (LAST_ACCURACY.over(runs_at(config)) for config in (plain, DROPOUT.at(plain, 0.5)))
        told.append(
            f"{when}, the validation accuracy after the last epoch is {without} at p = 0 and {with_it} at p = 0.5: "
            f"{sentence('it', claim.told)}."
        )
    return " ".join(told)


# --- hidden units ---------------------------------------------------------------------------------------------------


def activations_of(config: RunConfig) -> list[Activations]:
    """What is stored of a network's hidden units, over seeds."""
    return measured(activations(config))


def active_share(config: RunConfig, layer: int) -> str:
    """The share of a hidden layer's units (1 or 2) that are active for an image, over seeds."""
    share: Measure[Activations] = Measure("active", lambda a: a.active[layer - 1], "%", 100)
    return share.over(activations_of(config))


def accuracy_without(config: RunConfig, share: float) -> str:
    """The test accuracy with a share of the hidden units switched off, over seeds."""
    i = SWITCHED_OFF.index(share)
    left: Measure[Activations] = Measure("accuracy without", lambda a: a.accuracy_without[i], "%", 100)
    return left.over(activations_of(config))


# --- questions --------------------------------------------------------------------------------------------------------


@question("masks")
def how_many_masks() -> Choice:
    return Choice(
        (
            "Commit first: at p = 0.5 on all images, **how many thinned networks must be averaged until their mean "
            "has a lower test loss than weight scaling**, which is one pass?"
        ),
        (
            Option(
                "One: each of them was trained",
                (
                    "Compared with weight scaling, "
                    f"{sentence('the loss of one alone', MASKS[1].told)}. "
                    f"One reaches {scores(HALF, 1)}, and weight scaling {scores(HALF, 0)}."
                ),
            ),
            Option(
                "More than five, and fewer than fifty",
                (
                    f"It takes {averages_to_beat_scaling(HALF)}. One pass with all units is worth that many passes "
                    "with masks."
                ),
                right=True,
            ),
            Option(
                "More than a hundred",
                f"Fewer are enough: it takes {averages_to_beat_scaling(HALF)}.",
            ),
            Option(
                "All of them: weight scaling is the exact mean",
                (
                    "It would be in a network without a nonlinearity between the masks and the softmax. Here it is an "
                    "approximation."
                ),
            ),
        ),
    )


DRAWN = (0.0, 0.2, 0.5, 0.7, 0.9)
"""The stops at which the student draws the accuracy."""


def best_p(base: RunConfig) -> float:
    """The p at which the held-out accuracy of the last epoch is highest, in the mean over seeds. Raises NotStored where
    no stop is stored."""
    means = {p: LAST_ACCURACY.mean(runs) for p, config in dropout_path(base).items() if (runs := runs_at(config))}
    if not means:
        raise NotStored("no p of this setting is stored")
    return max(means, key=means.__getitem__)


def _small(p: float, measure: Measure) -> str:
    """A number of the networks trained at one p on 2,000 noisy images."""
    return measure.over(runs_at(dropout_path(SMALL_AND_NOISY)[p]))


@question("p")
def draw_p() -> Drawing:
    path = dropout_path(SMALL_AND_NOISY)
    best = best_p(SMALL_AND_NOISY)
    return Drawing(
        (
            "2,000 images, a fifth of the labels wrong. **Draw the validation accuracy at each p**, then commit. "
            f"(Without dropout it is {_small(0.0, LAST_ACCURACY)}.)"
        ),
        Curve(
            "p",
            "validation accuracy",
            tuple(f"{p:g}" for p in DRAWN),
            tuple(LAST_ACCURACY.mean(runs_at(path[p])) for p in DRAWN),
            0.5,
            0.9,
            0.04,
        ),
        (
            f"The measured accuracy is highest at p = {best:g}. Up to that point, more dropout means that fewer wrong "
            "labels are learned. Beyond it, too little of the network is left at a time."
        ),
    )


@question()
def paper_p() -> Choice:
    return Choice(
        (
            "A paper says: *dropout with p = 0.8 on the hidden units*. It uses Srivastava's convention. What do you "
            "write in PyTorch?"
        ),
        (
            Option(
                "`nn.Dropout(0.8)`",
                (
                    "That switches off four fifths of the units, whereas the paper's p is the share that is *kept*. "
                    "The step *How much dropout?* shows what PyTorch's p = 0.8 does."
                ),
            ),
            Option(
                "`nn.Dropout(0.2)`, and multiply the weights by 0.8 in evaluation",
                "The 0.2 is right, but PyTorch has already scaled in training. Scaling twice is once too often.",
            ),
            Option(
                "`nn.Dropout(0.2)`, and nothing else",
                (
                    "The paper keeps a unit with probability 0.8, so PyTorch must switch it off with probability 0.2. "
                    "`nn.Dropout` does the scaling itself, in training."
                ),
                right=True,
            ),
        ),
    )


@question()
def forgotten_eval() -> Choice:
    return Choice(
        (
            "You forget `model.eval()` before testing a network that was trained on all images with p = 0.5. What do "
            "you see?"
        ),
        (
            Option(
                "The same accuracy: training is over",
                "The model does not know that. It draws masks for as long as it is in training mode.",
            ),
            Option(
                "A lower accuracy, and another one each time",
                (
                    "Each image is classified by a single thinned network. The accuracy is then about "
                    f"{alone(HALF)}, instead of {all_units(HALF)}."
                ),
                right=True,
            ),
            Option(
                "Chance: half of the network is missing",
                (
                    f"A thinned network does far better than chance: it gets {alone(HALF)} of the test images right. "
                    "This is how it was trained."
                ),
            ),
        ),
    )


@question()
def training_loss_above() -> Choice:
    return Choice(
        (
            "No label is wrong, and with p = 0.5 your training loss, taken during the epoch, is above the validation "
            "loss in the first epochs. Is something wrong?"
        ),
        (
            Option(
                "Not by that alone: the two are measured in different modes",
                (
                    "In training mode units are missing, and in evaluation mode none is. Measure both losses in "
                    "evaluation mode before you worry: in *Your own run*, the switch *Show the notebook's training "
                    "loss too* draws them all."
                ),
                right=True,
            ),
            Option(
                "Yes: a training loss is always the lower one",
                (
                    "It mostly is, if both losses are measured in evaluation mode and on labels of the same kind. "
                    "Here one of them is measured with masks."
                ),
            ),
            Option(
                "Yes: validation images have leaked into training",
                (
                    "A leak would lower the validation loss, but no leak is needed to explain this. The two losses "
                    "are measured in different modes."
                ),
            ),
        ),
    )


@question()
def not_the_mean() -> Choice:
    return Choice(
        "On the drawn network, the mean of the output over many masks is not exactly what evaluation gives. Why?",
        (
            Option(
                "Too few masks were drawn",
                "The exact mean over all masks, which the figure marks, differs from it as well.",
            ),
            Option(
                "The mean of a curved function is not the function of the mean",
                (
                    "Weight scaling first takes the mean of each unit's *input* and then applies the ReLU. The true "
                    "mean applies the ReLU first, under each mask, and then averages."
                ),
                right=True,
            ),
            Option(
                "The factor 1/(1 − p) is only roughly right",
                "For a single unit, this factor keeps the expected value exactly.",
            ),
        ),
    )


@question()
def best_for_training() -> Choice:
    best = best_p(SMALL_AND_NOISY)
    return Choice(
        "2,000 noisy images: at which p is the *training* accuracy highest, and is that the p to take?",
        (
            Option(
                f"At p = {best:g}, and yes",
                (
                    f"There the *held-out* accuracy is highest ({_small(best, LAST_ACCURACY)}). The training accuracy "
                    f"has by then fallen to {_small(best, TRAIN_ACCURACY)}."
                ),
            ),
            Option(
                "At p = 0, and yes: it has learned most",
                (
                    "It has learned the wrong labels too. It reproduces "
                    f"{_small(0.0, TRAIN_ACCURACY)} of the training labels, and it gets "
                    f"{_small(0.0, LAST_ACCURACY)} of the held-out images right."
                ),
            ),
            Option(
                "At p = 0, and no",
                (
                    f"It reproduces {_small(0.0, TRAIN_ACCURACY)} of labels of which a fifth are wrong, so it has "
                    "learned the wrong ones by heart, and it gets "
                    f"{_small(0.0, LAST_ACCURACY)} of the held-out images right. At p = 0.5 the two numbers are "
                    f"{_small(0.5, TRAIN_ACCURACY)} and {_small(0.5, LAST_ACCURACY)}."
                ),
                right=True,
            ),
        ),
    )


@question()
def zero_weights() -> Choice:
    return Choice(
        "Compare the pictures of the weights, plain and with dropout, at a threshold of 0.0001. What does dropout do "
        "to the number of tiny weights?",
        (
            Option(
                "Many more are tiny: units that are off lose their weights",
                (
                    "A unit is off for one image in one step only. That image then does not move its weights, but "
                    "nothing makes them smaller."
                ),
            ),
            Option(
                "About as many as without",
                (
                    f"The share is {small_weights(HALF, 0.0001)} with dropout and {small_weights(FULL, 0.0001)} "
                    "without. It is the *activations* that become sparser."
                ),
                right=True,
            ),
            Option(
                "None is tiny any more: dropout spreads the weights",
                (
                    f"Some still are: {small_weights(HALF, 0.0001)} with dropout, and {small_weights(FULL, 0.0001)} "
                    "without."
                ),
            ),
        ),
    )


@question()
def half_switched_off() -> Choice:
    return Choice(
        (
            "Half of the hidden units of a *trained* network are switched off, different ones for each image, and the "
            "rest are scaled up. Which network copes better?"
        ),
        (
            Option(
                "The plain one: none of its units was ever weakened",
                (
                    f"The plain network gets {accuracy_without(FULL, 0.5)} of the test images right, and the one with "
                    f"dropout {accuracy_without(HALF, 0.5)}."
                ),
            ),
            Option(
                "The one trained with p = 0.5",
                (
                    f"It gets {accuracy_without(HALF, 0.5)} of the test images right, and the plain one "
                    f"{accuracy_without(FULL, 0.5)}. None of its units has learned to depend on another."
                ),
                right=True,
            ),
            Option(
                "Both alike: the mean is the same",
                (
                    "The mean of each unit is the same, but the accuracy is not: it is "
                    f"{accuracy_without(FULL, 0.5)} for the plain network and {accuracy_without(HALF, 0.5)} for the "
                    "other."
                ),
            ),
        ),
    )


# --- find the fault ---------------------------------------------------------------------------------------------------


def _handed_on(train: Callable[[np.ndarray], np.ndarray], evaluate: Callable[[np.ndarray], np.ndarray]) -> Picture:
    """What the next layer gets on average of a unit that gives 1, over p, in training and in evaluation."""
    p = np.linspace(0.05, 0.95, 19)
    figure = lines_figure(
        {"training, on average": (p, train(p)), "evaluation": (p, evaluate(p))},
        x_title="p",
        y_title="what is handed on",
        colours=(DROPOUT.colour, PLAIN.colour),
        dotted=["evaluation"],
        y_range=(0, 1.2),
    )
    return Picture((Panel(figure, "What a unit that gives 1 hands on, over p, in training and in evaluation."),))


TWO_CONVENTIONS = Fault(
    name="two-conventions",
    title="Dropout by hand",
    code="""\
# p: probability to turn a unit off
class Dropout(nn.Module):
    def forward(self, h):
        if self.training:
            return h * (torch.rand_like(h) > self.p)
        return h * self.p""",
    picture=lambda: _handed_on(train=lambda p: 1 - p, evaluate=lambda p: p),
    says="The figure shows what the next layer gets, on average, from a unit whose activation is 1.",
    asks="What is wrong?",
    options=(
        Option(
            "The mask keeps a unit with probability p",
            "`rand > p` is true with probability 1 − p, so p switches a unit off, as the comment says.",
        ),
        Option(
            "Nothing may be scaled in evaluation",
            (
                "That is PyTorch's way, but then training must scale. This training does not, so evaluation must. The "
                "question is by which number."
            ),
        ),
        Option(
            "In evaluation the factor must be 1 − p",
            (
                "On average 1 − p of the activation is left in training. The notebook's figure is the paper's, in "
                "which p *keeps* a unit, but its text says that p turns it off. Mixed like this, the two modes agree "
                "only at p = 0.5."
            ),
            right=True,
        ),
        Option(
            "The mask must be the same for all images",
            "Each image draws its own mask, as it should.",
        ),
    ),
    mended="""\
    def forward(self, h):
        if self.training:
            on = torch.rand_like(h) > self.p
            return h * on
        # what training hands on, on average
        return h * (1 - self.p)

# nn.Dropout divides by 1 - p in training
# instead, and hands h on in evaluation""",
    mended_picture=lambda: _handed_on(train=lambda p: 1 - p, evaluate=lambda p: 1 - p),
    after="Now both modes hand on 1 − p on average. In PyTorch's way, which scales in training, both hand on 1.",
)

MASKED = dropout_path(FULL)[0.8]

MASKED_LOSS = Fault(
    name="masked-loss",
    title="A training loss above the held-out loss",
    code="""\
model.train()
for x, y in train_loader:
    loss = loss_func(model(x), y)
    ...
    losses.append(loss.item())
train_loss.append(np.mean(losses))
# then model.eval() for the validation loss""",
    picture=lambda: loss_curves(MASKED, THEIRS_AND_HELD_OUT, "The recorded training loss lies above the test loss."),
    says="The network has dropout with p = 0.8 and is trained on all 60,000 images. The figure shows this loss.",
    asks="The network seems to be better on images that it never saw. Why?",
    options=(
        Option(
            "Dropout makes it generalise that well",
            "Look at what is compared: two losses that were measured in two different modes.",
        ),
        Option(
            "The held-out images are easier",
            "They are of the same kind: other photographs of the same ten classes.",
        ),
        Option(
            "The training loss is measured with units switched off, and while the weights still move",
            "The mean runs over an epoch in training mode; the held-out loss is taken after it, in evaluation mode.",
            right=True,
        ),
        Option(
            "Some held-out images are also in the training set",
            "No image is in both sets.",
        ),
    ),
    mended="""\
# both after the epoch, in evaluation mode
model.eval()
with torch.no_grad():
    loss = loss_over(model, train_set)
    train_loss.append(loss)
    val_loss.append(loss_over(model, val_set))""",
    mended_picture=lambda: loss_curves(
        MASKED, NOTEBOOK_LOSS, "The same, and the training loss in evaluation mode, below both."
    ),
    after="In evaluation mode the training loss is the lower one, as it should be.",
)

LAYER_BY_NUMBER = Fault(
    name="layer-by-number",
    title="The first layer's weights",
    code="""\
model_do = nn.Sequential(
    nn.Flatten(), nn.Linear(784, 392),
    nn.ReLU(), nn.Dropout(0.5), ...)

# what dropout does to the weights
weight = model_do[1].weight.detach()
plt.spy(weight, precision=1e-4)""",
    picture=lambda: spies({"dropout, p = 0.5": HALF}, 1e-4),
    says=(
        "This is the picture that the code draws. It picks the layer by its number, and here number 1 is the first "
        "linear layer. With dropout on the input it would be the dropout, which has no weight."
    ),
    asks="The number is one weakness. What else is missing before anything may be said about dropout?",
    options=(
        Option(
            "A smaller precision",
            "Any threshold will do, as long as two networks are measured with the same one.",
        ),
        Option(
            "The plain network's picture beside it",
            (
                "Without it nobody can tell what *dropout* did. The mended code draws both, and picks the layer by its "
                "kind and not by its number."
            ),
            right=True,
        ),
        Option(
            "The biases",
            "A spy plot is of a matrix; the biases would add nothing here.",
        ),
        Option(
            "The weights of the last layer",
            "The question was about the first layer. What is missing is a comparison.",
        ),
    ),
    mended="""\
fig, axes = plt.subplots(1, 2)
models = {"plain": model, "dropout": model_do}
for ax, name in zip(axes, models):
    # by kind, not by number
    first = next(m for m in models[name]
                 if isinstance(m, nn.Linear))
    weight = first.weight.detach()
    ax.spy(weight, precision=1e-4)
    ax.set_title(name)""",
    mended_picture=lambda: spies({PLAIN.name: FULL, "dropout, p = 0.5": HALF}, 1e-4),
    after="Side by side, the pictures show that dropout's first layer is as full as the plain network's.",
)

# --- typed code -------------------------------------------------------------------------------------------------------

_DROPOUT_LAYERS = """\
model_do = nn.Sequential(
    nn.Flatten(),
    nn.Linear(input_shape, input_shape // 2),
    nn.ReLU(),
    {one}
    nn.Linear(input_shape // 2, input_shape // 4),
    nn.ReLU(),
    {two}
    nn.Linear(input_shape // 4, num_classes),
).to(device)
"""

DROPOUT_LAYERS = Exercise(
    name="dropout-layers",
    title="Dropout, in layers",
    asks=(
        "This is the blank in the notebook. **Switch off the units of both hidden layers in training.** You may choose "
        "p."
    ),
    template=_DROPOUT_LAYERS.format(one="...,", two="...,"),
    hints=(
        "`nn.Dropout(p)` switches each number that reaches it off with probability p.",
        "It takes no size: it works on whatever shape comes.",
        "Put `nn.Dropout(0.5)` after each ReLU.",
    ),
    solution=_DROPOUT_LAYERS.format(one="nn.Dropout(0.5),", two="nn.Dropout(0.5),"),
    verdict=ByNetwork("Dropout", SMALL_AND_NOISY).verdict,
)

_MASKED = "h_train = {}\n"

DROPOUT_BY_HAND = Exercise(
    name="dropout-by-hand",
    title="Dropout, by hand",
    asks=(
        "`h` holds activations. `mask` is 1 for units that stay and 0 for those that are off; each is off with "
        "probability `p`. **Write what PyTorch's dropout hands on in training**, so that evaluation need not change "
        "anything."
    ),
    template=_MASKED.format("..."),
    hints=(
        "Switching off is a product: `h * mask`.",
        "On average only 1 − p of it is left. The expected value must be `h`.",
        "So divide the product by `1 - p`.",
    ),
    solution=_MASKED.format("h * mask / (1 - p)"),
    verdict=ByValue(
        inputs=lambda rng: {"h": draw_numbers(rng, 3, 4), "mask": (rng.random((3, 4)) > 0.25).astype(float)},
        names=lambda inputs: {**inputs, "p": 0.25},
        result=variable("h_train"),
        gradients=("h",),
        accepted=(
            Accepted(
                _MASKED.format("h * mask / (1 - p)"),
                "The expected value is h: (1 − p) · h / (1 − p). Evaluation hands on h as it is.",
            ),
        ),
        mistakes=mistakes(
            _MASKED,
            {
                "h * mask": (
                    "This is the paper's way: nothing is scaled in training, and evaluation multiplies by 1 − p. "
                    "PyTorch scales in training."
                ),
                "h * mask / p": "p is the probability to be *off*. What stays is 1 − p of it.",
                "h * mask * (1 - p)": "This shrinks twice: once by the mask, once by 1 − p. Divide.",
                "h / (1 - p)": "Nothing is switched off: the mask is not used.",
                "h * (1 - mask) / (1 - p)": "The mask is turned round. Here 1 means that a unit stays.",
                "h * mask * p": "p is the probability to be off, and the sum must grow, not shrink: divide by 1 − p.",
                "h * mask + (1 - mask)": "Units that are off should hand on 0, not 1.",
                "h * mask / mask.mean()": (
                    "This divides by the share of ones in *this* mask. PyTorch divides by 1 − p, the expected share."
                ),
                "h * mask / 1 - p": "Brackets are missing. This divides by 1 and then subtracts p. Write `/ (1 - p)`.",
                "mask / (1 - p)": "This is the scaled mask alone. Multiply `h` by it.",
            },
        ),
    ).verdict,
)
