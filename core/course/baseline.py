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
PLANS = {
    15: ("picture", "overfitting", "own-run"),
    45: (
        "picture",
        "overfitting",
        "learned-by-heart",
        "network",
        "own-run",
        "one-run",
        "augmentation",
        "smoothing",
        "surface",
        "now-you-can",
    ),
}
"""Minutes → the steps that fill them, by their names in the address."""

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
            "How much do more images help? A fifth of the training labels are wrong throughout, and every training "
            "lasts 60 epochs. **Draw the validation accuracy that you expect for each number of training images**, "
            "and then commit."
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
            f"From one number to the next, the accuracy rises by {min(gains):.1f} to {max(gains):.1f} points (one "
            f"seed). With all 50,000 images it ends at {percent(accuracies[-1])}, and with only 2,000 images but right "
            f"labels at {percent(clean.last.held_out_accuracy)}."
        ),
    )


@question()
def images_or_epochs() -> Choice:
    changed = ({"n_train": 20_000}, {"epochs": 20}, {})
    many, short, itself = (
        percent(run_of(replace(SMALL_AND_NOISY, **changes)).last.held_out_accuracy) for changes in changed
    )
    ends = (
        f"The validation accuracy ends at {many} with 20,000 images, at {short} after 20 epochs, and at {itself} in "
        "the small and noisy run itself (one seed of each)."
    )
    return Choice(
        (
            "You start from the small and noisy setting. What does more for the validation accuracy, **ten times "
            "the images** (with the same share of wrong labels) or **a third of the epochs**?"
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
                    "additional images."
                ),
                right=True,
            ),
            Option(
                "Neither changes much",
                f"Both change it. {ends}",
            ),
            Option(
                "A third of the epochs is worse, because it has learned less",
                f"What it has learned less of is the *wrong labels*. {ends}",
            ),
        ),
    )


@question()
def vanishing_gap() -> Choice:
    clean = run_of(CLEAN)
    return Choice(
        (
            "Keep the 2,000 images, and set the share of wrong labels to 0. Does the gap between training and "
            "validation accuracy vanish?"
        ),
        (
            Option(
                "Yes, because nothing wrong is left to learn by heart",
                "It can still learn single images by heart instead of the rule.",
            ),
            Option(
                "It shrinks but remains",
                (
                    f"The training accuracy still rises to {percent(clean.last.train_accuracy)}, while the validation "
                    f"accuracy ends at {percent(clean.last.held_out_accuracy)} (one seed). Wrong labels make "
                    "overfitting costly, but it takes no more than too few images."
                ),
                right=True,
            ),
            Option(
                "It grows, because it overfits more without wrong labels",
                (
                    "Move the slider *Wrong labels* to 0 in the step where you try it: the solid line rises much more "
                    "than the dashed one does."
                ),
            ),
        ),
    )


@question()
def loss_and_accuracy() -> Choice:
    clean = run_of(CLEAN)
    return Choice(
        (
            "With 2,000 images and right labels, the validation loss rises from its best epoch on, while the "
            "validation accuracy hardly changes. How can that be?"
        ),
        (
            Option(
                "The validation images change from epoch to epoch",
                "They are the same 10,000 in every epoch.",
            ),
            Option(
                "More and more images are wrong, and as many others become right",
                "Then nothing would make the loss rise. What rises is the cost of the mistakes.",
            ),
            Option(
                "Its mistakes hardly change in number, but the network becomes more certain of them",
                (
                    "The loss also counts how *sure* the network is, and it may be sure of a mistake. From the best "
                    f"epoch ({clean.best_epoch}) to the last one the loss rises from {clean.best.held_out_loss:.2f} to "
                    f"{clean.last.held_out_loss:.2f} nats, while the accuracy goes from "
                    f"{percent(clean.best.held_out_accuracy)} to {percent(clean.last.held_out_accuracy)} (one seed)."
                ),
                right=True,
            ),
            Option(
                "One of the two curves is computed wrongly",
                "Both are right, but they measure different things.",
            ),
        ),
    )


@question()
def learned_by_heart() -> Choice:
    reproduced = percent(run_of(SMALL_AND_NOISY).last.memorised, 0)
    return Choice(
        "Of the wrong labels that the small and noisy network was trained on, how many does it reproduce at the end?",
        (
            Option(
                "About one in ten, as by guessing",
                f"It reproduces far more of them, {reproduced}.",
            ),
            Option(
                "About half of them",
                f"It reproduces more of them, {reproduced}.",
            ),
            Option(
                "Nearly all",
                f"It reproduces {reproduced}. No rule leads to these labels, so they are learned by heart.",
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
            "Go from each trained network to the edge of its loss surface at range 1. Which network's loss rises "
            "more, averaged over the three pairs of directions?"
        ),
        (
            Option(
                "The full one, because it was trained on more",
                (
                    f"To the edge the loss of the full one rises by {edge_rise(SurfaceSpec(FULL))}, and that of the "
                    f"small and noisy one by {edge_rise(SurfaceSpec(SMALL_AND_NOISY))}."
                ),
            ),
            Option(
                "The small and noisy one",
                (
                    f"To the edge its loss rises by {edge_rise(SurfaceSpec(SMALL_AND_NOISY))}, and that of the full "
                    f"one by {edge_rise(SurfaceSpec(FULL))} (mean ± standard deviation over pairs of directions, "
                    f"around one network of each kind). It rises more in {more} of the {len(full)} pairs, and how much "
                    "more depends on the pair. So few pairs prove little, and another seed may differ."
                ),
                right=True,
            ),
            Option(
                "They cannot be compared, because their weights differ in size",
                (
                    "That is why the directions are filter-normalised: in both networks, the weights of each unit are "
                    "moved by their own length."
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
                "Nothing, since it was not measured on training images",
                "The network was not trained on them, but they *chose* the epoch, so part of its low loss is luck.",
            ),
            Option(
                "It was measured on the test images that chose the epoch",
                (
                    "A choice that is made on some images is fitted to them, so the loss on the same images looks "
                    "too good. With 50,000 training images or fewer, the app makes such choices on 10,000 validation "
                    "images and keeps the test images for the end."
                ),
                right=True,
            ),
            Option(
                "The last epoch has seen more data, so it must be reported",
                "You may stop early, as long as validation images decide when.",
            ),
        ),
    )


@question()
def what_a_slice_says() -> Choice:
    return Choice(
        "Near the trained network every random slice of the loss looks like a bowl. What follows from that?",
        (
            Option(
                "The loss is convex there",
                "A slice shows only two of very many directions, and each of these mixes all weights.",
            ),
            Option(
                "Nothing about convexity; the line between two networks shows that the loss is not convex",
                "One slice that is not convex shows that the loss is not. A slice that looks convex shows nothing.",
                right=True,
            ),
            Option(
                "The loss is not convex, because a bowl has a rim",
                "A convex function looks just like a bowl. The rim is only where the picture ends.",
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
            f"The cosine between the two directions is {surface.cosine:.2f}, so the angle is {surface.angle:.0f}°. "
            f"They are {surface.direction_norms[0]:.0f} long, and the weights are {surface.weight_norm:.0f} long."
        )

    return one_surface(notebook_spec(FULL), caption, as_in_notebook=True)


def _directions_mended() -> Picture:
    def caption(surface) -> str:
        return (
            f"The cosine between the two directions is {surface.cosine:.3f}. They are "
            f"{surface.direction_norms[0]:.0f} long, which is as long as the weights that they move."
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
    return Picture(
        (Panel(figure, "The loss against α on fresh batches, computed three times, gives three ragged curves."),)
    )


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
        f"If the weights are not moved at all, {len(found.at_centre)} fresh batches give a loss of "
        f"{found.at_centre.mean():.3f} ± {found.at_centre.std(ddof=1):.3f} nats. That standard deviation comes from "
        "the choice of the batch alone."
    )
    return Picture(
        (Panel(figure, "The loss against α is ragged on fresh batches and smooth on fixed images."),), caption
    )


def _middle(values: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """The points around the middle of a grid."""
    at, half = positions(len(values)), len(values) // 2
    part = slice(half - reach, half + reach + len(values) % 2)
    return at[part], values[part]


def _even_grid(found: Batches) -> Picture:
    points = {"points of the grid": _middle(found.fixed, 5)}
    figure = lines_figure(points, x_title=ALPHA, y_title=LOSS_TITLE, colours=(PLAIN.colour,), dotted=points)
    return Picture(
        (Panel(figure, "These are grid points around the trained network, and none is at α = 0."),),
        (
            "These are the ten points in the middle of 40, for α from −0.25 to 0.25. The lowest loss of the 40 is "
            f"{found.fixed.min():.4f}."
        ),
    )


def _even_grid_mended(found: Batches) -> Picture:
    centre, smallest = float(found.odd[POINTS // 2]), float(found.fixed.min())
    points = {"41 points": _middle(found.odd, 5), "θ*, the trained network": ([0.0], [centre])}
    colours = (PLAIN.colour, DROPOUT.colour)
    figure = lines_figure(points, x_title=ALPHA, y_title=LOSS_TITLE, colours=colours, dotted=points)
    caption = (
        f"The loss at θ* is {centre:.4f}. The lowest of the 40 points was {smallest:.4f}, which is the loss of another "
        "network."
    )
    if smallest < centre:
        caption += " It is even lower, because training stops after its last step and not at a minimum of the loss."
    return Picture((Panel(figure, "Of these grid points, the middle one is the trained network."),), caption)


def _swapped_axes() -> Picture:
    def caption(surface) -> str:
        return f"At α = 1 and β = −1 this picture shows {surface.loss[0, -1]:.2f} nats."

    return one_surface(SurfaceSpec(FULL), caption, view="contours", as_in_notebook=True)


def _swapped_axes_mended() -> Picture:
    def caption(surface) -> str:
        return (
            f"The loss at α = 1 and β = −1 is {surface.loss[-1, 0]:.2f} nats. The faulty picture showed "
            f"{surface.loss[0, -1]:.2f} there, which belongs to α = −1 and β = 1."
        )

    return one_surface(SurfaceSpec(FULL), caption, view="contours")


def _batch_means(found: Batches) -> Picture:
    panel = Panel(batches_figure(found, {}), "The accuracy of 40 test batches, of which the last is a small dot.")
    return Picture((panel,), f"The code prints {found.mean_of_batches:.4f}.")


def _batch_means_mended(found: Batches) -> Picture:
    means = {"mean of the batches": found.mean_of_batches, "share of all images": found.accuracy}
    caption = (
        f"The accuracy over all images is {found.accuracy:.4f}, and the code printed {found.mean_of_batches:.4f}. The "
        f"last batch has {int(found.sizes[-1])} images, of which {percent(float(found.accuracies[-1]))} are right."
    )
    return Picture((Panel(batches_figure(found, means), "The same batches, with both means drawn as lines."),), caption)


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
    says="This is the loss surface of the plain network, in the plane of these two directions.",
    asks="What is wrong with the directions?",
    options=(
        Option(
            "They should be gradients",
            "A surface may be drawn along any directions. What matters is whether they are fair to every weight.",
        ),
        Option(
            "With a seed they are the same each time, so they are not random",
            "A seed makes a picture reproducible, and that is good. But look where it is set, and how often.",
        ),
        Option(
            "No entry is negative, and each tensor repeats the same numbers",
            (
                "`rand_like` draws from [0, 1), so every weight is pushed *up*. The seed is set anew for each tensor, "
                "so all tensors begin with the same numbers. The two directions hardly differ, and they are far "
                "longer than the weights."
            ),
            right=True,
        ),
        Option(
            "A picture in 3-D needs three directions",
            "Two directions span the plane, and the third axis is the loss.",
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
    after=(
        "Now the entries are Gaussian and are drawn from one generator, and each row is as long as the weights of its "
        "unit (Li et al. 2018)."
    ),
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
    says="This is the loss along one direction through the trained network, computed three times.",
    asks="All three should be the same curve. What is wrong with the code?",
    options=(
        Option(
            "Each point is measured on other images",
            (
                "The loader starts anew at every point, and shuffles. So the curve mixes the effect of the weights "
                "with the choice of 128 images."
            ),
            right=True,
        ),
        Option(
            "One batch is too small",
            (
                "A larger batch would help, but the noise falls only with the root of its size. There is a cheaper "
                "way: look at which images each point gets."
            ),
        ),
        Option(
            "The network is not deterministic",
            "In evaluation mode it is deterministic. What changes from point to point is its input.",
        ),
        Option(
            "The loss really is that rough",
            "Then all three curves would be rough in the same places.",
        ),
    ),
    mended="""\
x, y = first_images(train_set, 1024)       # the same for every point and every network
for alpha in alphas:
    move_weights(model, theta, alpha * u)
    losses.append(loss_func(model(x), y).item())""",
    mended_picture=lambda: _of_batches(_fresh_batches_mended),
    after="With the same images at every point the curve is smooth.",
)

EVEN_GRID = Fault(
    name="even-grid",
    title="The grid",
    code="""\
alphas = torch.linspace(-0.25, 0.25, 40)
losses = [loss_at(theta, alpha * u) for alpha in alphas]
print("loss of the trained network:", min(losses))""",
    picture=lambda: _of_batches(_even_grid),
    says="The dots are what the code computes. This is an enlarged part of the curve, near the trained network.",
    asks="Which point is missing?",
    options=(
        Option(
            "The edges, −0.25 and 0.25",
            "`linspace` includes both edges.",
        ),
        Option(
            "The trained network itself",
            (
                "Forty points lie in pairs around the middle, so α = 0 is between two of them. The one network that "
                "was trained is never evaluated."
            ),
            right=True,
        ),
        Option(
            "None, because forty points are enough for any curve",
            "They are enough for the curve. But where is 0, if you go from −0.25 to 0.25 in 39 equal steps?",
        ),
    ),
    mended="""\
alphas = torch.linspace(-0.25, 0.25, 41)   # odd: the middle one is 0
losses = [loss_at(theta, alpha * u) for alpha in alphas]
print("loss of the trained network:", losses[20])""",
    mended_picture=lambda: _of_batches(_even_grid_mended),
    after="With an odd number of points, the middle one is θ* itself.",
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
    says="These are the contours of the plain network's loss, as this code draws them.",
    asks="By its labels, α grows to the right and β upwards. Are the labels right?",
    options=(
        Option(
            "Yes, because x gets A and y gets B",
            "Look at the rows. `z[i]` belongs to *one* α, but a row of A holds *all* values of α.",
        ),
        Option(
            "No, the picture is mirrored at its diagonal",
            (
                "`meshgrid` lets α run along the columns, but the loop lets β run along them. Both have the same "
                "range, so nobody notices."
            ),
            right=True,
        ),
        Option(
            "No, the picture is turned by 180°",
            "For that, both axes would have to be reversed.",
        ),
        Option(
            "It does not matter, because the surface is symmetric",
            "It is not symmetric. Compare two opposite corners.",
        ),
    ),
    mended="""\
A, B = np.meshgrid(alphas, betas, indexing="ij")
go.Surface(x=A, y=B, z=z)""",
    mended_picture=_swapped_axes_mended,
    after=("With `indexing='ij'` the rows belong to α. A test with two different ranges would have found the fault."),
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
    says=("This is the plain network's accuracy on each of the 40 test batches. A larger dot stands for more images."),
    asks="What is wrong with the printed number?",
    options=(
        Option(
            "Accuracies cannot be averaged",
            "They can be averaged if each is weighted by its number of images.",
        ),
        Option(
            "The test images should be shuffled",
            "The order of the images does not change which answers are right.",
        ),
        Option(
            "The last batch is small and counts as much as the others",
            "10,000 is 39 · 256 + 16, so each of those 16 images counts sixteen times as much as any other.",
            right=True,
        ),
        Option(
            "Nothing, since the mean of the batches is the mean of the images",
            "It would be if all batches had the same size. But 10,000 is not a multiple of 256.",
        ),
    ),
    mended="""\
for x, y in test_loader:
    right += (model(x).argmax(1) == y).sum().item()

print(right / len(test_set))""",
    mended_picture=lambda: _of_batches(_batch_means_mended),
    after="The error is small here, but it is an error, and a mean of batch losses has it too.",
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
        "An image has 28 × 28 = 784 pixels, which is `input_shape`. The first hidden layer has half as many units, the "
        "second a quarter, and there is one output for each of the `num_classes` classes. **Fill in the three sizes.**"
    ),
    template=_PERCEPTRON.format(first="...", second="...", third="..."),
    hints=(
        "`nn.Linear(a, b)` takes $a$ numbers for each image and gives $b$ numbers.",
        "A layer must take as many numbers as the layer before it gives. The first gives `input_shape // 2`.",
        "The last layer gives one logit, which is the network's score, for each of the `num_classes` classes.",
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
            f"`opt.step()` is called {times} for {N_BATCHES} batches. It belongs in the loop, once for each batch."
        )
    return np.array([*weights, run.names["_state"]["w"]])


_STEP = "for x, y in batches:\n    {a}\n    loss = loss_func(model(x), y)\n    {b}\n    {c}\n"

TRAINING_STEP = Exercise(
    name="training-step",
    title="One step of training",
    asks=(
        "Three lines are missing. One clears the old gradients, one computes the new ones, and one moves the weights. "
        "**Write them where they belong.** The check follows a network with one weight over three batches."
    ),
    template=_STEP.format(a="...", b="...", c="..."),
    hints=(
        "The optimizer `opt` has `zero_grad()` and `step()`; the `loss` has `backward()`.",
        "`backward()` *adds* to the gradients that are there, so these must be cleared before it in every step.",
        "First clear the gradients, then compute the loss, then call `backward()`, and then `step()`.",
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
                "Each step uses the gradient of its own batch, and no other.",
            ),
        ),
        mistakes=(
            Mistake(
                _STEP.format(a="pass", b="loss.backward()", c="opt.step()"),
                (
                    "The gradients are not cleared in every step. `backward()` adds to them, so the third step uses "
                    "the sum of three batches' gradients. (It is not enough to clear them once before the loop.)"
                ),
            ),
            Mistake(
                _STEP.format(a="opt.zero_grad()", b="opt.step()", c="loss.backward()"),
                (
                    "Nothing moves, because the gradients have just been cleared, or were never computed, when "
                    "`step()` is called. `backward()` belongs between `zero_grad()` and `step()`."
                ),
            ),
            Mistake(
                _STEP.format(a="pass", b="opt.step()", c="loss.backward()"),
                (
                    "`step()` comes before `backward()`, so each step uses the gradients of the earlier batches, and "
                    "these are never cleared."
                ),
            ),
            Mistake(
                _STEP.format(a="opt.step()", b="opt.zero_grad()", c="loss.backward()"),
                (
                    "`step()` comes before the batch's own `backward()`, so each step uses the gradient of the batch "
                    "before it, and that of the last batch is never used."
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
        "A random direction `d` has the shape of a layer's weights `w`, with one row for each unit. So that the loss "
        "surfaces of different networks can be compared, each row of the direction is given the length of the same "
        "row of `w` (Li et al. 2018). **Write the normalised direction `u`.**"
    ),
    template=_DIRECTION.format("..."),
    hints=(
        "The lengths of the rows are `w.norm(dim=1, keepdim=True)`. `keepdim` keeps them as a column, one for each "
        "row.",
        "Divide each row of `d` by its own length first, so that its length is 1.",
        "Then multiply it by the length of the same row of `w`.",
    ),
    solution=_DIRECTION.format("d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)"),
    verdict=ByValue(
        inputs=lambda rng: {"d": draw_numbers(rng, 3, 4), "w": draw_numbers(rng, 3, 4) * 2},
        result=variable("u"),
        accepted=(
            Accepted(
                _DIRECTION.format("d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)"),
                "Each row of `u` now has the length of that unit's weights.",
            ),
        ),
        mistakes=mistakes(
            _DIRECTION,
            {
                "d / d.norm() * w.norm()": (
                    "This gives the right length to the whole matrix but not to each row. A unit with small weights "
                    "would be moved far, relative to these."
                ),
                "d * w.norm(dim=1, keepdim=True)": (
                    "The rows of `d` still have their own lengths. Divide by these first."
                ),
                "d / d.norm(dim=1, keepdim=True)": "Each row now has length 1. It should be as long as the row of `w`.",
                "d / w.norm(dim=1, keepdim=True) * d.norm(dim=1, keepdim=True)": (
                    "The two lengths are the wrong way round."
                ),
                "d / d.norm(dim=0, keepdim=True) * w.norm(dim=0, keepdim=True)": (
                    "`dim=0` runs down the columns, so this takes the length of all weights of one input. A unit is a "
                    "row, so `dim=1` is needed."
                ),
                "w": "That is the network itself, but the direction should be random.",
            },
        ),
    ).verdict,
)
