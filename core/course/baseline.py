"""Lesson 1: the baseline. Its runs, what is measured of them, its questions, faults and typed code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of, sweep
from core.course import by_heart
from core.course.claims import percent
from core.course.faults import Fault
from core.course.over_seeds import edge_rise, over_directions, own_runs, own_settings, run_of, runs_along, surfaces_of
from core.course.pictures import GREY, MISSING, Panel, Picture, one_surface
from core.course.questions import Choice, Curve, Drawing, Option, question
from core.figures.faults import batches_figure, lines_figure
from core.results.batches import POINTS, Batches, BatchesSpec, positions
from core.results.by_heart import ByHeartSpec
from core.results.library import stored
from core.results.line import LineSpec
from core.results.surface import SurfaceSpec, notebook_spec
from core.techniques import BATCH_NORM, DROPOUT, LAYER_NORM, PLAIN
from core.typed_code.arguments import Array, Refused
from core.typed_code.exercises import Accepted, ByValue, Exercise, Inputs, Mistake, draw_numbers, mistakes, variable
from core.typed_code.names import Bound, Thing
from core.typed_code.network_check import ByNetwork
from core.typed_code.syntax import SnippetError

NUMBER = 1
"""Of the lesson in the course."""

# --- runs -----------------------------------------------------------------------------------------------------------

BARRIER = LineSpec(FULL, replace(FULL, seed=1))
"""The line from one seed's trained network to another's."""
BATCHES = BatchesSpec(FULL)
"""What fresh batches do to a landscape, and a small last batch to an accuracy."""
OWN_SETTINGS = own_settings("n_train")
"""What the student's own run offers."""
WITH_WEIGHTS = frozenset({FULL, BARRIER.end, SMALL_AND_NOISY})
"""The runs that are shipped with their weights; of the others the numbers are enough."""


def runs() -> set[RunConfig]:
    """Both settings over all seeds, and every stop of every slider around them; number of images × label noise in
    full."""
    found: set[RunConfig] = set()
    for base in (FULL, SMALL_AND_NOISY):
        found |= {*seeds_of(base)}
        for name in ("lr", "epochs", "batch_size", "n_train", "label_noise"):
            found |= {*sweep(base, name)}
    for config in sweep(SMALL_AND_NOISY, "n_train"):
        found |= {*sweep(config, "label_noise")}
    return found | runs_along("baseline") | own_runs(SMALL_AND_NOISY, OWN_SETTINGS)


def measurements() -> list[SurfaceSpec | LineSpec | BatchesSpec | ByHeartSpec]:
    """The surfaces of both settings, ours and the notebook's; the line between two networks; the notebook's batches."""
    both = (FULL, SMALL_AND_NOISY)
    ours = [spec for config in both for spec in surfaces_of(config)]
    return [*ours, *map(notebook_spec, both), BARRIER, BATCHES, *by_heart.measurements_for("baseline")]


def measurements_of(run: RunConfig) -> list:
    """Nothing that is measured of every run."""
    return []


CLEAN = replace(SMALL_AND_NOISY, label_noise=0.0)
"""2,000 images with right labels."""
IMAGES = (500, 2_000, 10_000, 50_000)
"""The stops at which the student draws the accuracy."""

# --- questions -------------------------------------------------------------------------------------------------------


@question("images")
def draw_images() -> Drawing:
    accuracies = [run_of(replace(SMALL_AND_NOISY, n_train=n)).last.held_out_accuracy for n in IMAGES]
    gains = [100 * (more - fewer) for fewer, more in pairwise(accuracies)]
    clean = run_of(CLEAN)
    return Drawing(
        (
            "Now predict: how much do more images help? 20 % wrong labels throughout, 60 epochs. **Draw the "
            "validation accuracy for each number of training images**, and then commit."
        ),
        Curve(
            "images",
            "validation accuracy",
            tuple(f"{n:,}" for n in IMAGES),
            tuple(accuracies),
            0.4,
            1.0,
            0.05,
        ),
        (
            f"Each step to four or five times the images brings {min(gains):.1f} to {max(gains):.1f} points (one "
            f"seed). With all 50,000 the accuracy ends at {percent(accuracies[-1])}; 2,000 images with right labels "
            f"give {percent(clean.last.held_out_accuracy)}."
        ),
    )


@question()
def images_or_epochs() -> Choice:
    changed = {"20,000 images": {"n_train": 20_000}, "20 epochs": {"epochs": 20}, "the small and noisy run itself": {}}
    ends = ", ".join(
        f"{name} {percent(run_of(replace(SMALL_AND_NOISY, **changes)).last.held_out_accuracy)}"
        for name, changes in changed.items()
    )
    ends = f"These shares of the validation images are right at the end (one seed): {ends}."
    return Choice(
        (
            "From the small and noisy setting: what does more for the validation accuracy, **ten times the images** "
            "(with as many wrong labels among them) or **a third of the epochs**?"
        ),
        (
            Option(
                "Ten times the images, by far",
                f"More images help, but so does stopping. {ends}",
            ),
            Option(
                "Each gains several points, and stopping early no fewer",
                (
                    f"{ends} Stopping before the wrong labels are learned is worth about as much as eighteen thousand "
                    "more images."
                ),
                right=True,
            ),
            Option(
                "Neither changes much",
                f"Both change it. {ends}",
            ),
            Option(
                "A third of the epochs makes it worse: it has learned less",
                f"It has learned less of the *wrong labels*. {ends}",
            ),
        ),
    )


@question()
def vanishing_gap() -> Choice:
    clean = run_of(CLEAN)
    return Choice(
        "Keep the 2,000 images and set the wrong labels to 0. Does the gap between the lines vanish?",
        (
            Option(
                "Yes: there is nothing wrong left to learn by heart",
                "It can still learn single images by heart instead of the rule.",
            ),
            Option(
                "It shrinks but remains",
                (
                    f"The training accuracy still goes to {percent(clean.last.train_accuracy)}, the validation "
                    f"accuracy to {percent(clean.last.held_out_accuracy)}. Noise makes overfitting costly; too "
                    "few images make it possible."
                ),
                right=True,
            ),
            Option(
                "It grows: without noise it overfits more",
                "Move the slider: the solid line rises much more than the dashed one does.",
            ),
        ),
    )


@question()
def loss_and_accuracy() -> Choice:
    clean = run_of(CLEAN)
    return Choice(
        (
            "Clean labels, 2,000 images: the validation loss rises from its best epoch on, while the validation "
            "accuracy stays the same. How can that be?"
        ),
        (
            Option(
                "The validation images change from epoch to epoch",
                "They are the same 10,000 in every epoch.",
            ),
            Option(
                "More and more images are wrong, and as many others become right",
                "Then the loss need not rise. What rises is what the mistakes cost.",
            ),
            Option(
                "Its mistakes hardly change in number, but the network becomes more certain of them",
                (
                    "Loss counts how *sure* the network is, of its mistakes too. From its best epoch "
                    f"({clean.best_epoch}) to its last the loss rises from {clean.best.held_out_loss:.2f} to "
                    f"{clean.last.held_out_loss:.2f} nats; the accuracy goes from "
                    f"{percent(clean.best.held_out_accuracy)} to "
                    f"{percent(clean.last.held_out_accuracy)}."
                ),
                right=True,
            ),
            Option(
                "One of the two curves is computed wrongly",
                "Both are right: they measure different things.",
            ),
        ),
    )


@question()
def learned_by_heart() -> Choice:
    given_back = percent(run_of(SMALL_AND_NOISY).last.memorised, 0)
    return Choice(
        "Of the wrong labels that the small and noisy network was trained on, how many does it reproduce at the end?",
        (
            Option(
                "About one in ten, as by guessing",
                f"Far more: it reproduces {given_back} of them.",
            ),
            Option(
                "About half of them",
                f"More: it reproduces {given_back} of them.",
            ),
            Option(
                "Nearly all",
                f"It reproduces {given_back}. No rule leads to these labels, so they are learned by heart.",
                right=True,
            ),
        ),
    )


@question()
def steeper_bowl() -> Choice:
    full, small = (over_directions(SurfaceSpec(config)) for config in (FULL, SMALL_AND_NOISY))
    more = sum(s.edge_rise > f.edge_rise for f, s in zip(full, small, strict=False))
    return Choice(
        (
            "Go from each trained network to the edge of the picture at range 1. Whose loss rises more, averaged "
            "over the three pairs of directions?"
        ),
        (
            Option(
                "The full one, because it was trained on more",
                (
                    f"Look at how far the loss rises to the edge: {edge_rise(SurfaceSpec(FULL))} for the "
                    f"full one, {edge_rise(SurfaceSpec(SMALL_AND_NOISY))} for the small and noisy one."
                ),
            ),
            Option(
                "The small and noisy one",
                (
                    f"To the edge the loss rises by {edge_rise(SurfaceSpec(SMALL_AND_NOISY))}, for the full one by "
                    f"{edge_rise(SurfaceSpec(FULL))} (mean ± standard deviation over pairs of directions, of one "
                    "network each). It "
                    f"rises more in {more} of the {len(full)} pairs. How much more depends on the pair. These "
                    "are few, and another seed may differ."
                ),
                right=True,
            ),
            Option(
                "It cannot be compared: their weights differ in size",
                (
                    "That is why the directions are filter-normalised: each unit's weights move by their own length "
                    "in both."
                ),
            ),
        ),
    )


@question()
def choose_by_test() -> Choice:
    return Choice(
        (
            "You look at the curves of the full run and pick the epoch with the lowest loss. What is wrong with "
            "reporting that loss?"
        ),
        (
            Option(
                "Nothing: it was measured on images that were not trained on",
                "They were not trained on, but they *chose* the epoch, which therefore fits them by luck as well.",
            ),
            Option(
                "It was measured on the test images that chose the epoch",
                (
                    "A choice made by images is fitted to them, and the number that is left is too good. With 50,000 "
                    "images or fewer the app validates on 10,000 others, and keeps the test images for the end."
                ),
                right=True,
            ),
            Option(
                "The last epoch has seen more data, so it must be reported",
                "Stopping early is allowed if validation images decide when.",
            ),
        ),
    )


@question()
def what_a_slice_says() -> Choice:
    return Choice(
        "Near the trained network every random slice of the loss looks like a bowl. What follows?",
        (
            Option(
                "The loss is convex there",
                "A slice shows two of very many directions, and each mixes all weights.",
            ),
            Option(
                "Nothing about convexity; the line between two networks shows that the loss is not convex",
                "If a slice is not convex, the whole is not. If it looks convex, that says nothing.",
                right=True,
            ),
            Option(
                "The loss is not convex: a bowl has a rim",
                "A bowl is what a convex function looks like. The rim of the picture is the end of the picture.",
            ),
        ),
    )


# --- find the fault --------------------------------------------------------------------------------------------------


LOSS_TITLE, ALPHA = "training loss (nats)", "α"


def _of_batches(draw: Callable[[Batches], Picture]) -> Picture:
    """What one of the functions below makes of the stored batches."""
    found = stored(BATCHES)
    return draw(found) if found else MISSING


def _directions() -> Picture:
    def caption(surface) -> str:
        return (
            f"Cosine between the two directions: {surface.cosine:.2f}, an angle of {surface.angle:.0f}°. They are "
            f"{surface.direction_norms[0]:.0f} long, the weights {surface.weight_norm:.0f}."
        )

    return one_surface(notebook_spec(FULL), caption, as_in_notebook=True)


def _directions_mended() -> Picture:
    def caption(surface) -> str:
        return (
            f"Cosine between the two directions: {surface.cosine:.3f}. They are {surface.direction_norms[0]:.0f} long, "
            "as long as the weights that they move."
        )

    return one_surface(SurfaceSpec(FULL), caption)


def _fresh_batches(found: Batches) -> Picture:
    names = ("first time", "second time", "third time")
    figure = lines_figure(
        {name: (positions(POINTS), curve) for name, curve in zip(names, found.fresh, strict=True)},
        x_title=ALPHA,
        y_title=LOSS_TITLE,
        colours=(PLAIN.colour, BATCH_NORM.colour, LAYER_NORM.colour),
    )
    return Picture((Panel(figure, "The loss over α on fresh batches, three times: three ragged curves."),))


def _fresh_batches_mended(found: Batches) -> Picture:
    lines = {
        "a fresh batch at each point": (positions(POINTS), found.fresh[0]),
        "the same 1,024 images": (positions(POINTS), found.fixed),
    }
    figure = lines_figure(
        lines,
        x_title=ALPHA,
        y_title=LOSS_TITLE,
        colours=(GREY, PLAIN.colour),
        y_range=(float(found.fresh.min()) * 0.95, float(found.fresh.max()) * 1.05),
    )
    caption = (
        f"Without moving at all, {len(found.at_centre)} fresh batches give {found.at_centre.mean():.3f} ± "
        f"{found.at_centre.std(ddof=1):.3f} nats: the standard deviation of one point, by the luck of its batch."
    )
    return Picture((Panel(figure, "The loss over α: ragged on fresh batches, smooth on fixed images."),), caption)


def _middle(values: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """The points around the middle of a grid."""
    at, half = positions(len(values)), len(values) // 2
    part = slice(half - reach, half + reach + len(values) % 2)
    return at[part], values[part]


def _even_grid(found: Batches) -> Picture:
    points = {"points of the grid": _middle(found.fixed, 5)}
    figure = lines_figure(points, x_title=ALPHA, y_title=LOSS_TITLE, colours=(PLAIN.colour,), dotted=points)
    return Picture(
        (Panel(figure, "Ten grid points around the trained network; none at α = 0."),),
        f"The ten points in the middle of 40; α from −0.25 to 0.25. The smallest: {found.fixed.min():.4f}.",
    )


def _even_grid_mended(found: Batches) -> Picture:
    centre, smallest = float(found.odd[POINTS // 2]), float(found.fixed.min())
    points = {"41 points": _middle(found.odd, 5), "θ*, the trained network": ([0.0], [centre])}
    colours = (PLAIN.colour, DROPOUT.colour)
    figure = lines_figure(points, x_title=ALPHA, y_title=LOSS_TITLE, colours=colours, dotted=points)
    caption = f"θ* has {centre:.4f}. The smallest of the 40 points was {smallest:.4f}: of another network"
    if smallest < centre:
        caption += ", and lower. Training ends after its last step, not at a minimum of the training loss"
    return Picture((Panel(figure, "Eleven grid points; the middle one is the trained network."),), f"{caption}.")


def _swapped_axes() -> Picture:
    def caption(surface) -> str:
        return f"Read off the picture at α = 1, β = −1: {surface.loss[0, -1]:.2f} nats."

    return one_surface(SurfaceSpec(FULL), caption, view="contours", as_in_notebook=True)


def _swapped_axes_mended() -> Picture:
    def caption(surface) -> str:
        return (
            f"Computed at α = 1, β = −1: {surface.loss[-1, 0]:.2f} nats. The faulty picture showed "
            f"{surface.loss[0, -1]:.2f} there, which belongs to α = −1, β = 1."
        )

    return one_surface(SurfaceSpec(FULL), caption, view="contours")


def _batch_means(found: Batches) -> Picture:
    panel = Panel(batches_figure(found, {}), "The accuracy of 40 test batches; the last is a small dot.")
    return Picture((panel,), f"Printed: {found.mean_of_batches:.4f}.")


def _batch_means_mended(found: Batches) -> Picture:
    means = {"mean of the batches": found.mean_of_batches, "share of all images": found.accuracy}
    caption = (
        f"Of all images {found.accuracy:.4f} are right, printed was {found.mean_of_batches:.4f}. The last batch "
        f"has {int(found.sizes[-1])} images, of which {found.accuracies[-1]:.1%} are right."
    )
    return Picture((Panel(batches_figure(found, means), "The same, with both means as lines."),), caption)


DIRECTIONS = Fault(
    name="directions",
    title="Two random directions",
    code="""\
def direction(model, seed):
    found = []
    for w in model.parameters():
        torch.manual_seed(seed)
        found.append(torch.rand_like(w))
    return found

w1, w2 = direction(model, 1), direction(model, 2)""",
    picture=_directions,
    says="The loss landscape of the plain network, in the plane of these two directions.",
    asks="What is wrong with the directions?",
    options=(
        Option(
            "They should be gradients",
            "A landscape may be drawn along any directions. What matters is whether they are fair to every weight.",
        ),
        Option(
            "A seed makes them equal for every network: they are not random any more",
            "A seed is what makes a picture reproducible. But look where it is set, and how often.",
        ),
        Option(
            "They point into one corner: no entry is negative, and each tensor repeats the same numbers",
            (
                "`rand_like` draws from [0, 1): every weight is pushed *up*. The seed is set anew for each tensor, so "
                "all begin with the same numbers. The two directions are hardly different, and far longer than the "
                "weights themselves."
            ),
            right=True,
        ),
        Option(
            "There should be three of them for a picture in 3-D",
            "Two for the plane; the third axis is the loss.",
        ),
    ),
    mended="""\
def direction(model, generator):          # one generator for all tensors
    found = []
    for w in model.parameters():
        if w.ndim < 2:
            found.append(torch.zeros_like(w))
            continue
        d = torch.randn(w.shape, generator=generator)
        found.append(d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True))
    return found""",
    mended_picture=_directions_mended,
    after="Gaussian, drawn once, each row as long as the weights of its unit (Li et al. 2018).",
)

FRESH_BATCHES = Fault(
    name="fresh-batches",
    title="The loss at each point",
    code="""\
for alpha in alphas:
    move_weights(model, theta, alpha * u)
    for x, y in train_loader:              # shuffle=True
        losses.append(loss_func(model(x), y).item())
        break                              # one batch is enough""",
    picture=lambda: _of_batches(_fresh_batches),
    says="The loss along one direction through the trained network, computed three times.",
    asks="Three computations of the same curve. What is wrong with the code?",
    options=(
        Option(
            "Each point is measured on other images",
            (
                "The loader is started anew, and shuffled, at every point: the curve mixes what the weights do with "
                "which 128 images came up."
            ),
            right=True,
        ),
        Option(
            "One batch is too small: take a larger one",
            (
                "That would help, but only by the root of its size. Another thing is cheaper: look at which images "
                "each point gets."
            ),
        ),
        Option(
            "The network is not deterministic",
            "In evaluation mode it is. What changes from point to point is its input.",
        ),
        Option(
            "The loss landscape really is that rough",
            "Then all three curves would be rough in the same places.",
        ),
    ),
    mended="""\
x, y = first_images(train_set, 1024)       # the same for every point and every network
for alpha in alphas:
    move_weights(model, theta, alpha * u)
    losses.append(loss_func(model(x), y).item())""",
    mended_picture=lambda: _of_batches(_fresh_batches_mended),
    after="On the same images at every point the curve is smooth.",
)

EVEN_GRID = Fault(
    name="even-grid",
    title="The grid",
    code="""\
alphas = torch.linspace(-0.25, 0.25, 40)
losses = [loss_at(theta, alpha * u) for alpha in alphas]
print("loss of the trained network:", min(losses))""",
    picture=lambda: _of_batches(_even_grid),
    says="The dots are what the code computes: a cut through the landscape near the trained network, enlarged.",
    asks="Which point is missing?",
    options=(
        Option(
            "The edges, −0.25 and 0.25",
            "`linspace` includes both ends.",
        ),
        Option(
            "The trained network itself",
            (
                "Forty points lie in pairs around the middle: α = 0 is between two of them. The one point that was "
                "trained is never evaluated."
            ),
            right=True,
        ),
        Option(
            "None: forty points are enough for any curve",
            "For the curve, yes. But go from −0.25 to 0.25 in 39 equal steps: where is 0?",
        ),
    ),
    mended="""\
alphas = torch.linspace(-0.25, 0.25, 41)   # odd: the middle one is 0
losses = [loss_at(theta, alpha * u) for alpha in alphas]
print("loss of the trained network:", losses[20])""",
    mended_picture=lambda: _of_batches(_even_grid_mended),
    after="With an odd number the middle point is θ* itself.",
)

SWAPPED_AXES = Fault(
    name="swapped-axes",
    title="Which axis is which",
    code="""\
for i, alpha in enumerate(alphas):
    for j, beta in enumerate(betas):
        z[i, j] = loss_at(theta + alpha * u + beta * v)

A, B = np.meshgrid(alphas, betas)
go.Surface(x=A, y=B, z=z)""",
    picture=_swapped_axes,
    says="Contours of the plain network's loss, as this code draws them.",
    asks="The labels say α to the right and β upwards. Do they tell the truth?",
    options=(
        Option(
            "Yes: x gets A and y gets B",
            "Look at the rows: z[i] is a row of *one* α, but a row of A holds *all* alphas.",
        ),
        Option(
            "No: the picture is mirrored at its diagonal",
            (
                "`meshgrid` lets x run along the columns, but the loop lets β run along them. Both ranges are equal, "
                "so nobody notices."
            ),
            right=True,
        ),
        Option(
            "No: the picture is turned by 180°",
            "That would need both axes reversed.",
        ),
        Option(
            "It cannot be told: the landscape is symmetric",
            "It nearly never is. Compare two opposite corners.",
        ),
    ),
    mended="""\
A, B = np.meshgrid(alphas, betas, indexing="ij")
go.Surface(x=A, y=B, z=z)""",
    mended_picture=_swapped_axes_mended,
    after="With `indexing='ij'` rows belong to α. A test with two different ranges would have found it.",
)

BATCH_MEANS = Fault(
    name="batch-means",
    title="The accuracy of 10,000 images",
    code="""\
for x, y in test_loader:                   # batch_size=256
    y_pred = model(x).argmax(1)
    accuracies.append((y_pred == y).float().mean().item())

print(np.mean(accuracies))""",
    picture=lambda: _of_batches(_batch_means),
    says=(
        "The accuracy of each of the 40 test batches of the plain network. The larger a dot, the more images are in it."
    ),
    asks="What is wrong with the printed number?",
    options=(
        Option(
            "Accuracies cannot be averaged",
            "They can, if each counts for as many images as it stands for.",
        ),
        Option(
            "The test images should be shuffled",
            "The order of the images does not change which are right.",
        ),
        Option(
            "The last batch is small and counts like the others",
            "10,000 = 39 · 256 + 16. Each of those 16 images counts sixteen times as much as any other.",
            right=True,
        ),
        Option(
            "Nothing: the mean of the batches is the mean of the images",
            "Only if all batches have the same size. 10,000 is not a multiple of 256.",
        ),
    ),
    mended="""\
for x, y in test_loader:
    right += (model(x).argmax(1) == y).sum().item()

print(right / len(test_set))""",
    mended_picture=lambda: _of_batches(_batch_means_mended),
    after="A small error here, but an error; with the same habit in the loss, too.",
)

# --- typed code ------------------------------------------------------------------------------------------------------

_PERCEPTRON = """\
model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(input_shape, {first}),
    nn.ReLU(),
    nn.Linear({second}, input_shape // 4),
    nn.ReLU(),
    nn.Linear(input_shape // 4, {third}),
).to(device)
"""

PERCEPTRON = Exercise(
    name="perceptron",
    title="The perceptron",
    asks=(
        "Images have 28 × 28 = 784 = `input_shape` pixels. The first hidden layer has half as many units, the second "
        "a quarter, and there is an output for each of the `num_classes` classes. **Fill in the three sizes.**"
    ),
    template=_PERCEPTRON.format(first="...", second="...", third="..."),
    hints=(
        "`nn.Linear(a, b)` takes a numbers for each image and gives b.",
        "A layer must take what the one before gives: the first gives `input_shape // 2`.",
        "The last one gives a logit for each class: `num_classes`.",
    ),
    solution=_PERCEPTRON.format(first="input_shape // 2", second="input_shape // 2", third="num_classes"),
    verdict=ByNetwork("", SMALL_AND_NOISY).verdict,
)

LR, N_BATCHES = 0.1, 3


def _training(inputs: Inputs) -> dict[str, Any]:
    """Three batches for a model with one weight: prediction w·x, loss (w·x − y)². What the weight was after each step
    is kept out of reach."""
    state = {"w": float(inputs["w"]), "gradient": 0.0}
    weights: list[float] = []

    def predict(x: float) -> Thing:
        if not isinstance(x, (Array, float)) or np.size(x) != 1:
            raise Refused("model takes a batch's x")
        return Thing("the prediction", {"_value": state["w"] * float(x), "_x": float(x)})

    def loss(prediction: Thing, y: float) -> Thing:
        if not isinstance(prediction, Thing) or "_value" not in prediction.table:
            raise Refused("loss_func takes the prediction first, then y")
        if not isinstance(y, (Array, float)) or np.size(y) != 1:
            raise Refused("loss_func takes the prediction, then y")
        x, error = prediction.table["_x"], prediction.table["_value"] - float(y)

        def backward() -> None:
            state["gradient"] += 2 * error * x

        return Thing(
            "the loss", {"backward": Bound("backward", backward), "item": Bound("item", lambda: error * error)}
        )

    def step() -> None:
        state["w"] -= LR * state["gradient"]
        weights.append(state["w"])

    def zero_grad(set_to_none: bool = True) -> None:
        state["gradient"] = 0.0

    clear = Bound("zero_grad", zero_grad)
    modes = {name: Bound(name, lambda: None) for name in ("train", "eval")}
    return {
        "batches": [(float(x), float(y)) for x, y in zip(inputs["x"], inputs["y"], strict=True)],
        "model": Thing("model", {"zero_grad": clear, **modes}, predict),
        "loss_func": Thing("loss_func", {}, loss),
        "opt": Thing("opt", {"zero_grad": clear, "step": Bound("step", step)}),
        "_weights": weights,
        "_state": state,
    }


def _steps_taken(run: Any) -> Array:
    """The weight after each step of the optimizer, and at the end."""
    weights = run.names["_weights"]
    if len(weights) not in (0, N_BATCHES):
        times = "1 time" if len(weights) == 1 else f"{len(weights)} times"
        raise SnippetError(
            f"`opt.step()` is called {times} for {N_BATCHES} batches. It belongs into the loop, once for each batch."
        )
    return np.array([*weights, run.names["_state"]["w"]])


_STEP = "for x, y in batches:\n    {a}\n    loss = loss_func(model(x), y)\n    {b}\n    {c}\n"

TRAINING_STEP = Exercise(
    name="training-step",
    title="One step of training",
    asks=(
        "Three lines are missing: one clears the old gradients, one computes the new ones, one moves the weights. "
        "**Put them where they belong.** The check follows a network of one weight over three batches."
    ),
    template=_STEP.format(a="...", b="...", c="..."),
    hints=(
        "The optimizer `opt` has `zero_grad()` and `step()`; the `loss` has `backward()`.",
        "`backward()` *adds* to the gradients that are there. So they must be cleared before it, in every step.",
        "The order is: clear, compute the loss, `backward()`, `step()`.",
    ),
    solution=_STEP.format(a="opt.zero_grad()", b="loss.backward()", c="opt.step()"),
    verdict=ByValue(
        inputs=lambda rng: {
            "w": draw_numbers(rng),
            "x": draw_numbers(rng, N_BATCHES) + 2,
            "y": draw_numbers(rng, N_BATCHES),
        },
        names=_training,
        result=_steps_taken,
        accepted=(
            Accepted(
                _STEP.format(a="opt.zero_grad()", b="loss.backward()", c="opt.step()"),
                "Each step uses the gradient of its own batch, and only that.",
            ),
        ),
        mistakes=(
            Mistake(
                _STEP.format(a="pass", b="loss.backward()", c="opt.step()"),
                (
                    "The gradients are not cleared in every step. `backward()` adds to them, so the third step moves "
                    "by the sum of three batches' gradients. (Once before the loop is not enough.)"
                ),
            ),
            Mistake(
                _STEP.format(a="opt.zero_grad()", b="opt.step()", c="loss.backward()"),
                (
                    "Nothing moves: when `step()` comes, the gradients have just been cleared, or were never "
                    "computed. `backward()` belongs between `zero_grad()` and `step()`."
                ),
            ),
            Mistake(
                _STEP.format(a="pass", b="opt.step()", c="loss.backward()"),
                (
                    "`step()` comes before `backward()`: each step uses the gradients of the batches before, and they "
                    "are never cleared."
                ),
            ),
            Mistake(
                _STEP.format(a="opt.step()", b="opt.zero_grad()", c="loss.backward()"),
                (
                    "`step()` comes before the batch's own `backward()`: each step uses the gradient of the batch "
                    "before, and the last one's is never used."
                ),
            ),
            Mistake(
                _STEP.format(a="opt.zero_grad()", b="loss.backward()", c="pass"),
                "Without `opt.step()` the gradients are computed and never used.",
            ),
            Mistake(
                _STEP.format(a="opt.zero_grad()", b="loss.backward()\n    loss.backward()", c="opt.step()"),
                "`backward()` is called twice, so each gradient counts twice. (PyTorch would complain.)",
            ),
        ),
    ).verdict,
)

_DIRECTION = "u = {}\n"

DIRECTION = Exercise(
    name="filter-normalised",
    title="A fair direction",
    asks=(
        "A random direction `d` has the shape of a layer's weights `w`: a row for each unit. To compare landscapes of "
        "different networks, each row of the direction gets the length of the same row of `w` (Li et al. 2018). "
        "**Write the normalised direction `u`.**"
    ),
    template=_DIRECTION.format("..."),
    hints=(
        "A row's length is `w.norm(dim=1, keepdim=True)`; `keepdim` keeps it a column that fits beside the rows.",
        "Divide each row of `d` by its own length first: it is then 1 long.",
        "Then multiply by the length of the row of `w`.",
    ),
    solution=_DIRECTION.format("d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)"),
    verdict=ByValue(
        inputs=lambda rng: {"d": draw_numbers(rng, 3, 4), "w": draw_numbers(rng, 3, 4) * 2},
        result=variable("u"),
        accepted=(
            Accepted(
                _DIRECTION.format("d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)"),
                "Each row of u now has the length of that unit's weights.",
            ),
        ),
        mistakes=mistakes(
            _DIRECTION,
            {
                "d / d.norm() * w.norm()": (
                    "This gives the whole matrix the right length, not each row: a unit with small weights would be "
                    "moved far, relative to them."
                ),
                "d * w.norm(dim=1, keepdim=True)": (
                    "The rows of `d` keep their own lengths as well: divide by them first."
                ),
                "d / d.norm(dim=1, keepdim=True)": "Each row is 1 long now. It should be as long as the row of `w`.",
                "d / w.norm(dim=1, keepdim=True) * d.norm(dim=1, keepdim=True)": (
                    "The two lengths are the wrong way round."
                ),
                "d / d.norm(dim=0, keepdim=True) * w.norm(dim=0, keepdim=True)": (
                    "dim=0 runs down the columns: that is the length of a pixel's weights. A unit is a row: dim=1."
                ),
                "w": "That is the network itself: the direction was to be random.",
            },
        ),
    ).verdict,
)
