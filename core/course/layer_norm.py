"""Lesson 3: layer norm. Its runs, what is measured of them, its questions, faults and typed code."""

from __future__ import annotations

from dataclasses import replace

from core import techniques
from core.config import FULL, RunConfig, seeds_of
from core.course.batch_norm import LEARNING_RATES, at_learning_rate, probe_ratio
from core.course.claims import BEST_LOSS, LAST_ACCURACY, verdict
from core.course.claims import MISSING as NOT_HERE
from core.course.faults import Fault
from core.course.norms import (
    BY_HAND,
    CLEAN,
    NORM_LAYERS,
    OVER_THE_BATCH,
    OVER_THE_UNITS,
    OWN_SETTINGS,
    draw_batch,
    with_eps,
)
from core.course.over_seeds import normalised, over_seeds, own_runs, runs_at, surfaces_of
from core.course.pictures import MISSING, Panel, Picture, courses_panel
from core.course.questions import Choice, Curve, Drawing, Option, question
from core.figures.compare import course_of, courses_figure
from core.results.library import stored_outcomes, stored_run
from core.results.surface import SurfaceSpec, notebook_spec
from core.typed_code.exercises import Accepted, ByValue, Exercise, mistakes, variable
from core.typed_code.network_check import ByNetwork

NUMBER = 3
"""Of the lesson in the course."""

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


# --- questions -------------------------------------------------------------------------------------------------------


@question("rates")
def draw_rates() -> Drawing:
    accuracies = [
        LAST_ACCURACY.mean(runs_at(at_learning_rate(lr)[techniques.LAYER_NORM.name])) for lr in LEARNING_RATES
    ]
    return Drawing(
        (
            "Five epochs of SGD, as in the last lesson: there batch norm stood all five learning rates, and the plain "
            "network none above 0.5. **Draw layer norm's test accuracy at each**, then commit."
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
        "It stands a rate of 1, as batch norm does, and at 3 it only guesses, like the plain network.",
    )


@question()
def alone_or_in_company() -> Choice:
    return Choice(
        "A trained network with layer norm classifies one image alone, and in a batch of 512. Do its outputs differ?",
        (
            Option(
                "In training mode yes, in evaluation mode no",
                "That is batch norm. Layer norm has only one mode.",
            ),
            Option(
                "No, in neither mode",
                "No other image takes part in its statistics.",
                right=True,
            ),
            Option(
                "Yes, in both: the mean is another",
                "The mean runs over the features of the one image.",
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
                "Its mean and deviation grow five times as well, and x̂ stays.",
            ),
            Option(
                "Everybody else's",
                "That happens with batch norm: the others are squeezed.",
            ),
            Option(
                "Nobody's",
                "The row is scaled back as a whole, and no other row looks at it. (Up to ε.)",
                right=True,
            ),
        ),
    )


@question()
def gain_per_unit() -> Choice:
    return Choice(
        "Why has layer norm a γ for each *unit*, though its statistics are those of a *sample*?",
        (
            Option(
                "It would be cheaper to have one for each sample",
                "It would be impossible: which γ would a new image get?",
            ),
            Option(
                "A parameter must belong to something that is there again tomorrow",
                (
                    "Units are; samples are not. The statistics are taken from the row, the parameters stay with the "
                    "column."
                ),
                right=True,
            ),
            Option(
                "By tradition; γ could be left out without a change",
                "γ and β let training choose another scale and shift for each unit.",
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
                "The pixels are gone: what arrives are 392 numbers.",
            ),
            Option(
                "An error at the first batch: 392 arrive, 784 were announced",
                "`nn.BatchNorm1d(784)` fails for the same reason.",
                right=True,
            ),
            Option(
                "It pads with zeros",
                "PyTorch does not guess: it stops.",
            ),
        ),
    )


@question()
def best_network() -> Choice:
    plain, batch, layer = (runs_at(config) for config in normalised(FULL).values())
    return Choice(
        (
            "*Layer normalization provided the best performance*, says the notebook. What do five seeds of each say "
            "of the accuracy at the last epoch?"
        ),
        (
            Option(
                "Layer norm is clearly better than plain",
                f"{verdict(LAST_ACCURACY, plain, layer, 'higher', 'lower')}.",
            ),
            Option(
                "Layer norm is clearly better than batch norm",
                f"{verdict(LAST_ACCURACY, batch, layer, 'higher', 'lower')}.",
            ),
            Option(
                "No clear difference between any two",
                (
                    f"Against plain: {verdict(LAST_ACCURACY, plain, layer, 'higher', 'lower')}. Against batch norm: "
                    f"{verdict(LAST_ACCURACY, batch, layer, 'higher', 'lower')}. One run of each cannot tell."
                ),
                right=True,
            ),
        ),
    )


@question()
def best_epoch() -> Choice:
    plain, layer = runs_at(FULL), runs_at(LAYER_NORM)
    return Choice(
        (
            "Layer norm's loss at its best epoch is the lowest of the three. May you report that number as what to "
            "expect on new images?"
        ),
        (
            Option(
                "Yes: the images were not trained on",
                "But the epoch was picked by them.",
            ),
            Option(
                "No: the epoch was picked by the images that it is measured on",
                f"And against plain the verdict is: {verdict(BEST_LOSS, plain, layer, 'higher', 'lower')}.",
                right=True,
            ),
            Option(
                "Yes, with its standard deviation",
                "The spread over seeds does not undo the choice.",
            ),
        ),
    )


@question()
def smoother() -> Choice:
    return Choice(
        "Along the gradient, does layer norm make the loss smoother than the plain network's?",
        (
            Option(
                "Yes, under Adam and under SGD",
                "Look at the green line under SGD.",
            ),
            Option(
                "Under Adam yes, under SGD no",
                (
                    "Plain's effective β is "
                    f"{probe_ratio('adam', 'effective_beta', techniques.LAYER_NORM.name)} times layer norm's "
                    f"under Adam and {probe_ratio('sgd', 'effective_beta', techniques.LAYER_NORM.name, 2)} times "
                    "under SGD."
                ),
                right=True,
            ),
            Option(
                "No, under neither",
                "Look at the green line under Adam.",
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
    return Picture((Panel(figure, "The test loss of one training of each network."),), f"Seed 0. Last epoch: {last}.")


def _one_run_mended() -> Picture:
    outcomes = {name: stored_outcomes(seeds) for name, seeds in over_seeds(normalised(FULL)).items()}
    if not all(outcomes.values()):
        return MISSING
    courses = {name: course_of(found, "held_out_loss") for name, found in outcomes.items()}
    lowest = ", ".join(_lowest_at_the_end(seed) for seed in range(5))
    panel = courses_panel(courses, what="test loss", log_y=True)
    return Picture((panel,), f"Lowest at the last epoch, seed 0 to 4: {lowest}.")


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
    says="One training of each network, as in the notebook.",
    asks="Which network is best?",
    options=(
        Option(
            "Layer norm: its curve is lowest",
            (
                "Over many epochs of this training it is; the caption tells who is lowest at the last one. Would it "
                "be so in the next training?"
            ),
        ),
        Option(
            "That cannot be said from one run each",
            "Another seed, another order. A difference counts if it is larger than what seeds do.",
            right=True,
        ),
        Option(
            "The plain one: it is simplest",
            "A fine rule between equals; but whether they are equals is the question.",
        ),
        Option(
            "Whichever has the lowest loss at the last epoch",
            "The caption tells which, in this training. By how much would it differ with another seed?",
        ),
    ),
    mended="""\
for name, histories in runs.items():       # five seeds each
    losses = np.array([h["val_loss"] for h in histories])
    plt.plot(losses.mean(0), label=name)
    plt.fill_between(epochs, losses.min(0), losses.max(0), alpha=0.2)""",
    mended_picture=_one_run_mended,
    after="Five seeds each: mean, and from the lowest to the highest.",
)

# --- typed code ------------------------------------------------------------------------------------------------------

LAYER_NORM_LAYERS = Exercise(
    name="layer-norm-layers",
    title="Layer norm, in layers",
    asks="The notebook's blank: **put `nn.LayerNorm` into both hidden layers** and fill in the sizes.",
    template=NORM_LAYERS.format(short="ln", first="...", second="...", one="...,", two="...,"),
    hints=(
        "`nn.LayerNorm(n)` normalises the n units of one image: n is what the layer before gives.",
        "After the first linear layer that is `input_shape // 2` = 392, not 784.",
        "After the second it is `input_shape // 4`. Nothing follows the last layer.",
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
        "The same `x`: a row for each image, a column for each unit. **Write $\\hat x$ of layer norm**, biased "
        "variance, `eps` under the root."
    ),
    template=BY_HAND.format("..."),
    hints=(
        "Now mean and variance run over the units of one image: `dim=1` (or −1).",
        "`x.mean(dim=1)` has one number for each image, in a row; `keepdim=True` makes it a column that fits beside x.",
        "`(x - mean) / torch.sqrt(variance + eps)` with both taken along dim=1, keepdim=True.",
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
                "Value and gradient are those of `nn.LayerNorm`. The same line serves in training and in evaluation.",
            ),
        ),
        mistakes=mistakes(
            BY_HAND,
            {
                OVER_THE_BATCH: (
                    "This normalises each unit over the batch: that is batch norm. The units are dimension 1."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, keepdim=True) + eps)": (
                    "The variance here divides by n − 1; layer norm divides by n: `unbiased=False`."
                ),
                "(x - x.mean()) / torch.sqrt(x.var(unbiased=False) + eps)": (
                    "One mean for the whole table: an image would depend on the others again."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / (x.var(dim=1, unbiased=False, keepdim=True) + eps)": (
                    "This divides by the variance: the root is missing."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / (x.std(dim=1, unbiased=False, keepdim=True) + eps)": (
                    "Close: eps belongs under the root, added to the variance."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / (x.std(dim=1, keepdim=True) + eps)": (
                    "Two things: `std` divides by n − 1 unless `unbiased=False`, and eps belongs under the root, "
                    "added to the variance."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)": (
                    "Two things: `std` divides by n − 1 unless `unbiased=False`, and eps is missing under the root."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True))": (
                    "eps is missing: an image whose units are all the same would be divided by 0."
                ),
                "x - x.mean(dim=1, keepdim=True) / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True) + eps)": (
                    "Brackets: only the mean is divided here. It is (x − mean) that is."
                ),
                "(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True)) + eps": (
                    "Brackets: eps is added to the result here. It belongs under the root."
                ),
                "x / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True) + eps)": "The mean is not subtracted.",
                "x - x.mean(dim=1, keepdim=True)": "The mean is gone, the variance is not 1 yet.",
            },
        ),
    ).verdict,
)
