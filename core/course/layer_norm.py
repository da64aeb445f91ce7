"""Lesson 3: layer norm. Its runs, what is measured of them, its questions, faults and typed code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core import techniques
from core.config import FULL, RunConfig, seeds_of
from core.course.batch_norm import probe_ratio
from core.course.claim import Verdict
from core.course.claimed import batch_norm
from core.course.claimed import layer_norm as claimed
from core.course.claims import LAST_ACCURACY, sentence
from core.course.claims import MISSING as NOT_HERE
from core.course.faults import Fault
from core.course.norms import (
    BY_HAND,
    CLEAN,
    LEARNING_RATES,
    NORM_LAYERS,
    OVER_THE_BATCH,
    OVER_THE_UNITS,
    OWN_SETTINGS,
    at_learning_rate,
    draw_batch,
    with_eps,
)
from core.course.over_seeds import normalised, over_seeds, own_runs, runs_at, surfaces_of
from core.course.pictures import MISSING, Panel, Picture, courses_panel
from core.course.questions import Choice, Curve, Drawing, Option, question
from core.figures.compare import course_of, courses_figure
from core.results.library import stored_outcomes, stored_run
from core.results.surface import SurfaceSpec, notebook_spec
from core.techniques import PLAIN
from core.typed_code.exercises import Accepted, ByValue, Exercise, mistakes, variable
from core.typed_code.network_check import ByNetwork

NUMBER = 3
"""Of the lesson in the course."""
PLANS = {
    15: ("which-numbers", "three-networks", "now-you-can"),
    45: (
        "which-numbers",
        "formula",
        "repairs",
        "three-networks",
        "surface",
        "along-the-gradient",
        "own-run",
        "check-yourself",
        "now-you-can",
    ),
}
"""Minutes → the steps that fill them, by their names in the address."""

# --- runs -----------------------------------------------------------------------------------------------------------

LAYER_NORM = techniques.LAYER_NORM.on(FULL)
OWN_LAYER = techniques.LAYER_NORM.on(CLEAN)
"""Where the student's own run begins."""
WITH_WEIGHTS = frozenset({LAYER_NORM})
"""The runs that are shipped with their weights; of the others the numbers are enough."""


def runs() -> set[RunConfig]:
    """The network over all seeds, and every stop of every slider around the student's own run; the sweeps and the
    measures along the gradient are those of the lesson on batch norm."""
    return {*seeds_of(LAYER_NORM)} | own_runs(OWN_LAYER, OWN_SETTINGS)


def measurements() -> list[SurfaceSpec]:
    """Its surfaces, ours and the notebook's."""
    return [*surfaces_of(LAYER_NORM), notebook_spec(LAYER_NORM)]


def measurements_of(run: RunConfig) -> list:
    """Nothing that is measured of every run."""
    return []


# --- what it repairs -------------------------------------------------------------------------------------------------

LEARNS = 0.5
"""Accuracy above which a network counts as having learned something; guessing gives a tenth."""


def learns_up_to(name: str) -> str:
    """The largest learning rate of SGD up to which a network learns with every seed, as a text."""
    able = [
        lr
        for lr in LEARNING_RATES
        if (found := runs_at(at_learning_rate(lr)[name])) and all(LAST_ACCURACY.of(run) > LEARNS for run in found)
    ]
    return f"{max(able):g}" if able else NOT_HERE


def by_batch_size(name: str) -> str:
    """At which batch sizes a network's last accuracy is higher or lower than the plain one's, or cannot be told from
    it, as the end of a sentence."""
    sizes: dict[str, list[str]] = {}
    for size, claim in (batch_norm if name == techniques.BATCH_NORM.name else claimed).AT_SIZE.items():
        difference = claim.comparison.difference()
        if difference:
            word = ("higher" if difference.mean > 0 else "lower") if difference.is_clear else "no clear difference"
            sizes.setdefault(word, []).append(f"{size:g}")
    told = [
        f"{'shows' if word == 'no clear difference' else 'is'} {word} at {_listed(sizes[word])}"
        for word in ("lower", "higher", "no clear difference")
        if word in sizes
    ]
    return _listed(told) if told else NOT_HERE


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


# --- why -------------------------------------------------------------------------------------------------------------


def _smooths_nothing() -> str:
    return "" if claimed.ALONG["sgd"].verdict is Verdict.HOLDS else ", so layer norm smooths nothing there"


def why_it_is_faster() -> str:
    """What is known of why normalised networks train faster at first, and what is not: for both lessons."""
    return (
        "Why normalised networks train faster at first is not settled. Batch norm was made to keep the inputs of each "
        "layer stable, but [Santurkar and colleagues](https://arxiv.org/abs/1805.11604) found that it trains about as "
        "fast when these inputs are made unstable again. Their own explanation is a loss that is smoother along the "
        "gradient. Here that fits batch norm under both optimizers, but **it cannot be the whole reason**. Under SGD "
        f"the plain network's effective β is {probe_ratio('sgd', 'effective_beta', techniques.LAYER_NORM.name, 2)} "
        "times layer norm's{_smooths_nothing()}. Even so, compared with the plain network's, "
        f"{sentence('its accuracy after one epoch', claimed.FIRST_BY_SGD.told)}."
    )


# --- questions -------------------------------------------------------------------------------------------------------


@question("rates")
def draw_rates() -> Drawing:
    accuracies = [
        LAST_ACCURACY.mean(runs_at(at_learning_rate(lr)[techniques.LAYER_NORM.name])) for lr in LEARNING_RATES
    ]
    return Drawing(
        (
            "These networks are trained for five epochs with SGD, as in the batch norm lesson. There batch norm coped "
            "with all five learning rates, and the plain network with none above 0.5. **Draw layer norm's test "
            "accuracy at each rate**, then commit."
        ),
        Curve(
            "learning rate",
            "test accuracy",
            tuple(f"{stop:g}" for stop in LEARNING_RATES),
            tuple(accuracies),
            0.0,
            1.0,
            0.08,
        ),
        "Layer norm copes with a rate of 1, as batch norm does. At 3 it only guesses, like the plain network.",
    )


@question()
def alone_or_in_company() -> Choice:
    return Choice(
        (
            "A trained network with layer norm classifies one image alone, and then the same image in a batch of 512. "
            "Do its outputs differ?"
        ),
        (
            Option(
                "They differ in training mode, but not in evaluation mode",
                "That is how batch norm behaves. Layer norm computes the same in both modes.",
            ),
            Option(
                "They differ in neither mode",
                "No other image takes part in this image's statistics.",
                right=True,
            ),
            Option(
                "They differ in both, because the mean changes",
                "The mean runs over the features of the one image, and these stay the same.",
            ),
        ),
    )


@question()
def stretched_sample() -> Choice:
    return Choice(
        "You multiply all features of one sample by 5. Whose normalised values change under layer norm?",
        (
            Option(
                "That sample's",
                "Its mean and its standard deviation grow five times as well, so x̂ stays as it was.",
            ),
            Option(
                "Those of all other samples",
                "That happens with batch norm, where the others are squeezed together.",
            ),
            Option(
                "Nobody's",
                (
                    "The row is scaled back as a whole, and no other row depends on it. Only the small ε keeps this "
                    "from being exact."
                ),
                right=True,
            ),
        ),
    )


@question()
def gain_per_unit() -> Choice:
    return Choice(
        "Why does layer norm have a γ for each *unit*, although its statistics are those of a *sample*?",
        (
            Option(
                "One for each sample would cost more memory",
                "It would be impossible rather than expensive. Which γ would a new image get?",
            ),
            Option(
                "A parameter must belong to something that is still there for the next image",
                (
                    "The units are still there, and the samples are not. The statistics come from the row, while the "
                    "parameters stay with the column."
                ),
                right=True,
            ),
            Option(
                "It is a tradition, and γ could be left out without any change",
                "γ and β let training choose a scale and a shift of its own for each unit.",
            ),
        ),
    )


@question()
def wrong_width() -> Choice:
    return Choice(
        "You write `nn.LayerNorm(784)` after `nn.Linear(784, 392)`. What happens?",
        (
            Option(
                "It normalises over the 784 pixels",
                "The pixels do not arrive here. The linear layer passes on 392 numbers.",
            ),
            Option(
                "The first batch raises an error, because 392 numbers arrive where 784 are expected",
                "`nn.BatchNorm1d(784)` fails for the same reason.",
                right=True,
            ),
            Option(
                "It pads the 392 numbers with zeros",
                "PyTorch does not guess. It stops with an error.",
            ),
        ),
    )


@question()
def best_network() -> Choice:
    against_plain, against_batch = (
        sentence("layer norm's accuracy", claim.told) for claim in claimed.ACCURACY_AGAINST.values()
    )
    return Choice(
        (
            "The notebook says: *Layer normalization provided the best performance*. What do five seeds of each "
            "network say about the accuracy at the last epoch?"
        ),
        (
            Option(
                "Layer norm's accuracy is clearly higher than the plain network's",
                f"Compared with the plain network's, {against_plain}.",
            ),
            Option(
                "Layer norm's accuracy is clearly higher than batch norm's",
                f"Compared with batch norm's, {against_batch}.",
            ),
            Option(
                "Layer norm shows no clear difference from either",
                (
                    f"Compared with the plain network's, {against_plain}. Compared with batch norm's, "
                    f"{against_batch}. One run of each could not tell."
                ),
                right=True,
            ),
        ),
    )


@question()
def best_epoch() -> Choice:
    against_plain = claimed.BEST_AGAINST[PLAIN.name]
    return Choice(
        (
            "Layer norm's mean loss at its best epoch is the lowest of the three. May you report that number as the "
            "loss to expect on new images?"
        ),
        (
            Option(
                "Yes, because the network was not trained on these images",
                "That is true, but the epoch was chosen by its loss on these images.",
            ),
            Option(
                "No, because the epoch was chosen on the images that it is measured on",
                (
                    "A number that was chosen for being low is too low. And compared with the plain network's, "
                    f"{sentence('its loss at the best epoch', against_plain.told)}."
                ),
                right=True,
            ),
            Option(
                "Yes, if its standard deviation is given as well",
                "The spread over seeds does not undo the choice of the epoch.",
            ),
        ),
    )


@question()
def smoother() -> Choice:
    return Choice(
        "Is layer norm's loss along the gradient smoother than the plain network's?",
        (
            Option(
                "Yes, under Adam and under SGD",
                "Look at layer norm's line under SGD: it is not below the plain network's.",
            ),
            Option(
                "It is under Adam, but not under SGD",
                (
                    "The plain network's effective β is "
                    f"{probe_ratio('adam', 'effective_beta', techniques.LAYER_NORM.name)} times layer norm's "
                    f"under Adam and {probe_ratio('sgd', 'effective_beta', techniques.LAYER_NORM.name, 2)} times "
                    "under SGD."
                ),
                right=True,
            ),
            Option(
                "No, under neither of them",
                "Look at layer norm's line under Adam: it is below the plain network's.",
            ),
        ),
    )


# --- find the fault --------------------------------------------------------------------------------------------------


def _one_run() -> Picture:
    runs_by_name = {name: stored_run(config) for name, config in normalised(FULL).items()}
    if not all(runs_by_name.values()):
        return MISSING
    figure = courses_figure(
        {name: course_of([run], "held_out_loss") for name, run in runs_by_name.items()},
        x_title="epoch",
        y_title="nats per image",
        title="Test loss",
        log_y=True,
    )
    last = "; ".join(f"{name} {run.last.held_out_loss:.3f}" for name, run in runs_by_name.items())
    alt = "The test loss of one training of each network, on a logarithmic axis."
    return Picture((Panel(figure, alt),), f"This is seed 0. Test loss at the last epoch: {last}.")


def _one_run_mended() -> Picture:
    outcomes = {name: stored_outcomes(seeds) for name, seeds in over_seeds(normalised(FULL)).items()}
    if not all(outcomes.values()):
        return MISSING
    courses = {name: course_of(found, "held_out_loss") for name, found in outcomes.items()}
    lowest = ", ".join(_lowest_at_the_end(seed) for seed in range(5))
    panel = courses_panel(courses, what="test loss", log_y=True)
    return Picture((panel,), f"Lowest at the last epoch, from seed 0 to seed 4: {lowest}.")


def _lowest_at_the_end(seed: int) -> str:
    found = {name: run for name, c in normalised(FULL).items() if (run := stored_run(replace(c, seed=seed)))}
    return min(found, key=lambda name: found[name].last.held_out_loss) if found else NOT_HERE


ONE_RUN = Fault(
    name="one-run",
    title="The best network",
    code="""\
plt.semilogy(val_loss_ln, label="layer norm")
plt.semilogy(val_loss_bn, label="batch norm")
plt.semilogy(val_loss_plain, label="plain")
# layer norm provided the best performance""",
    picture=_one_run,
    says="Each network is trained once, as in the notebook.",
    asks="Which network is best?",
    options=(
        Option(
            "Layer norm: its curve is lowest",
            (
                "In this training it is lowest in many epochs, and the caption says which is lowest at the last one. "
                "Would it be the same in the next training?"
            ),
        ),
        Option(
            "That cannot be said from one run each",
            (
                "Another seed may give another order. A difference counts only if it is larger than what a new seed "
                "changes."
            ),
            right=True,
        ),
        Option(
            "The plain one, because it is the simplest",
            "That is a good rule among equals, but whether they are equal is the question here.",
        ),
        Option(
            "Whichever has the lowest loss at the last epoch",
            "The caption says which network that is in this training. How much would it change with another seed?",
        ),
    ),
    mended="""\
for name, histories in runs.items():       # five seeds each
    losses = np.array([h["val_loss"] for h in histories])
    plt.plot(losses.mean(0), label=name)
    plt.fill_between(epochs, losses.min(0), losses.max(0), alpha=0.2)""",
    mended_picture=_one_run_mended,
    after=(
        "There are five seeds of each network. The line is their mean, and the band reaches from the lowest to the "
        "highest."
    ),
)

# --- typed code ------------------------------------------------------------------------------------------------------

LAYER_NORM_LAYERS = Exercise(
    name="layer-norm-layers",
    title="Layer norm, in layers",
    asks="This is the notebook's blank. **Put `nn.LayerNorm` into both hidden layers** and fill in the sizes.",
    template=NORM_LAYERS.format(short="ln", first="...", second="...", one="...,", two="...,"),
    hints=(
        "`nn.LayerNorm(n)` normalises the n units of one image, so n is the width of the layer before it.",
        "After the first linear layer that is `input_shape // 2` = 392, not 784.",
        "After the second it is `input_shape // 4`. No normalisation follows the last layer.",
    ),
    solution=NORM_LAYERS.format(
        short="ln",
        first="input_shape // 2",
        second="input_shape // 4",
        one="nn.LayerNorm(input_shape // 2),",
        two="nn.LayerNorm(input_shape // 4),",
    ),
    verdict=ByNetwork("LayerNorm", CLEAN).verdict,
)

LAYER_NORM_BY_HAND = Exercise(
    name="layer-norm-by-hand",
    title="Layer norm, by hand",
    asks=(
        "`x` has a row for each image and a column for each unit. **Write $\\hat x$ of layer norm**, with the biased "
        "variance, and with `eps` under the root."
    ),
    template=BY_HAND.format("..."),
    hints=(
        "Mean and variance now run over the units of one image, which is `dim=1` (or −1).",
        "`x.mean(dim=1)` holds one number for each image. With `keepdim=True` it is a column that fits beside x.",
        "Write `(x - mean) / torch.sqrt(variance + eps)`, with both taken along dim=1 and with keepdim=True.",
    ),
    solution=BY_HAND.format(OVER_THE_UNITS),
    verdict=ByValue(
        inputs=draw_batch,
        names=with_eps,
        result=variable("x_hat"),
        gradients=("x",),
        accepted=(
            Accepted(
                BY_HAND.format(OVER_THE_UNITS),
                (
                    "Value and gradient are those of `nn.LayerNorm`. The same line serves in training mode and in "
                    "evaluation mode."
                ),
            ),
        ),
        mistakes=mistakes(
            BY_HAND,
            {
                OVER_THE_BATCH: (
                    "This normalises each unit over the batch, and that is batch norm. The units are dimension 1."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, keepdim=True) + eps)": (
                    "The variance here divides by n − 1. Layer norm divides by n, which is `unbiased=False`."
                ),
                "(x - x.mean()) / torch.sqrt(x.var(unbiased=False) + eps)": (
                    "This is one mean for the whole table, so an image would depend on the others again."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / (x.var(dim=1, unbiased=False, keepdim=True) + eps)": (
                    "This divides by the variance. The root is missing."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / (x.std(dim=1, unbiased=False, keepdim=True) + eps)": (
                    "This is close, but eps belongs under the root, added to the variance."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / (x.std(dim=1, keepdim=True) + eps)": (
                    "Two things are wrong: `std` divides by n − 1 unless `unbiased=False` is given, and eps belongs "
                    "under the root, added to the variance."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)": (
                    "Two things are wrong: `std` divides by n − 1 unless `unbiased=False` is given, and eps is missing "
                    "under the root."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True))": (
                    "eps is missing. An image whose units all have the same value would be divided by 0."
                ),
                "x - x.mean(dim=1, keepdim=True) / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True) + eps)": (
                    "Look at the brackets: only the mean is divided here, but (x − mean) should be."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True)) + eps": (
                    "Look at the brackets: eps is added to the result here, but it belongs under the root."
                ),
                "x / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True) + eps)": "The mean is not subtracted.",
                "x - x.mean(dim=1, keepdim=True)": "The mean is 0 now, but the variance is not 1 yet.",
            },
        ),
    ).verdict,
)
