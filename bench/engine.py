"""Speed: `python -m bench.engine`. Our training and surfaces against the notebook's loops, in one run on one machine.

Ours and theirs take turns, so that both meet the same disturbances; medians and their ratios are printed. Times are
wall clock in seconds. Needs Fashion-MNIST. About three minutes on two cores. On a busy machine the ratios move too.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from bench import notebook
from bench.report import Requirement, at_least, at_most, print_table, verdict
from core.config import FULL, RunConfig
from core.data import Images
from core.engine.evaluation import as_pixels
from core.engine.fetching import find_or_fetch, load_images
from core.engine.landscape import filter_normalised_direction, loss_grid, moved, parameters_of
from core.engine.models import model_of
from core.engine.training import THREADS, fix_threads, train
from core.results.run import EpochRecord

EPOCHS = 3
RESOLUTION, N_IMAGES = 40, 1024
PICTURE = RESOLUTION * RESOLUTION

TRAINING_RATIO, ACCURACY_POINTS, SURFACE_DIFFERENCE = 5, 1.0, 1e-5
"""Least ratio of seconds per epoch; largest difference in accuracy, in points; largest error over the largest loss."""


# --- the machine ----------------------------------------------------------------------------------------------------


def gigaflops(operation: Callable[[], object], flops: float, least_seconds: float = 0.2) -> float:
    """The median rate, in 10⁹ floating-point operations a second, over at least 5 calls and `least_seconds`."""
    rates: list[float] = []
    began = time.perf_counter()
    while len(rates) < 5 or time.perf_counter() - began < least_seconds:
        started = time.perf_counter()
        operation()
        rates.append(flops / (time.perf_counter() - started) / 1e9)
    return median(rates)


def product_rate(n: int = 2048) -> float:
    """The fp32 rate of torch on the product of two n × n matrices."""
    a, b, out = torch.rand(n, n), torch.rand(n, n), torch.empty(n, n)
    return gigaflops(lambda: torch.mm(a, b, out=out), 2 * n**3)


def onednn_rate(n: int = 2048) -> float | None:
    """The same through oneDNN, which this torch may have beside its BLAS. None where it has not.

    torch.mm takes MKL. On an AMD processor with AVX-512 oneDNN was measured to be twice as fast as that.
    """
    if not torch.backends.mkldnn.is_available():
        return None
    a, b = torch.rand(n, n), torch.rand(n, n)
    return gigaflops(lambda: torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], ""), 2 * n**3)


def layer_sizes(config: RunConfig) -> list[tuple[int, int]]:
    """(inputs, outputs) of each linear layer."""
    sizes = (config.facts.n_inputs, *config.facts.widths, len(config.facts.class_names))
    return list(pairwise(sizes))


def training_flops(config: RunConfig) -> float:
    """Of one epoch's matrix products: forward, weight gradients, input gradients of all layers but the first.

    2 per multiplication and addition; biases, ReLU, the loss, Adam and the evaluations are not counted.
    """
    weights = [n_in * n_out for n_in, n_out in layer_sizes(config)]
    return 2 * config.n_train * (3 * sum(weights) - weights[0])


def step_product_rate(config: RunConfig) -> float:
    """The fp32 rate on the very products of one training step: what is left if a step were nothing else."""
    products: list[tuple[Tensor, Tensor]] = []
    for i, (n_in, n_out) in enumerate(layer_sizes(config)):
        x, w, g = torch.rand(config.batch_size, n_in), torch.rand(n_out, n_in), torch.rand(config.batch_size, n_out)
        products += [(x, w.T), (g.T, x)] + ([(g, w)] if i else [])
    flops = training_flops(config) * config.batch_size / config.n_train
    return gigaflops(lambda: [a @ b for a, b in products], flops)


# --- training -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainingRound:
    """EPOCHS epochs of ours and of theirs in turn, from one seed, and the machine's rates around them in GF/s."""

    ours: tuple[EpochRecord, ...]
    theirs: tuple[notebook.Epoch, ...]
    product_rate: float
    step_product_rate: float


def training_round(images: Images, root: Path, seed: int) -> TrainingRound:
    config = replace(FULL, epochs=EPOCHS, seed=seed)
    rates = product_rate(), step_product_rate(config)
    plain, theirs = notebook.training(root, seed), []
    run = train(config, images, on_epoch=lambda record: theirs.append(next(plain)))
    return TrainingRound(run.records, tuple(theirs), *rates)


def measure_training(images: Images, root: Path, rounds: int) -> list[Requirement]:
    """Print the table of training speed and return its requirements."""
    measured = [training_round(images, root, seed) for seed in range(rounds)]
    ours = median(record.seconds for r in measured for record in r.ours)
    theirs = median(epoch.seconds for r in measured for epoch in r.theirs)
    our_accuracy = float(np.mean([r.ours[-1].held_out_accuracy for r in measured]))
    their_accuracy = float(np.mean([r.theirs[-1].accuracy for r in measured]))
    print_table(
        f"Training: {FULL.n_train:,} images, batch {FULL.batch_size}, Adam, {EPOCHS} epochs × {rounds} seeds in turn",
        ("", "ours", "notebook", "ratio"),
        [
            ("seconds per epoch, evaluation included", f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.1f}"),
            ("  fastest epoch", *fastest(measured)),
            (f"test accuracy after {EPOCHS} epochs, mean", f"{our_accuracy:.4f}", f"{their_accuracy:.4f}", ""),
            *(
                (f"  seed {i}", f"{r.ours[-1].held_out_accuracy:.4f}", f"{r.theirs[-1].accuracy:.4f}", "")
                for i, r in enumerate(measured)
            ),
        ],
        ["Ours also evaluates 10,000 training images each epoch and records the norm of each step's gradient."],
    )
    print_arithmetic(measured, ours, theirs)
    return [
        at_least("training, notebook's seconds over ours", theirs / ours, TRAINING_RATIO),
        at_most(
            f"accuracy after {EPOCHS} epochs, difference",
            100 * abs(our_accuracy - their_accuracy),
            ACCURACY_POINTS,
            " points",
        ),
    ]


def print_arithmetic(measured: Sequence[TrainingRound], ours: float, theirs: float) -> None:
    """The share of the machine's rate that training reaches, from the median seconds per epoch of ours and theirs."""
    flops, machine = training_flops(FULL), median(r.product_rate for r in measured)
    onednn = onednn_rate()
    rates = {
        "torch.mm of two 2048 × 2048 matrices": machine,
        "  the same product through oneDNN": onednn,
        "the products of a training step, nothing else": median(r.step_product_rate for r in measured),
        "our training, evaluations included in the time": flops / ours / 1e9,
        "the notebook's training": flops / theirs / 1e9,
    }
    print_table(
        "Arithmetic, fp32",
        ("", "GF/s", "share"),
        [(name, f"{rate:.0f}", f"{rate / machine:.0%}") for name, rate in rates.items() if rate],
        [f"{flops / 1e9:.1f} GF per epoch: forward, weight gradients, input gradients of all layers but the first."],
    )


def fastest(measured: Sequence[TrainingRound]) -> tuple[str, str, str]:
    ours = min(record.seconds for r in measured for record in r.ours)
    theirs = min(epoch.seconds for r in measured for epoch in r.theirs)
    return f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.1f}"


# --- surfaces -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SurfaceCase:
    """A network whose surface is timed, and how many times as fast per image ours must be."""

    label: str
    norm: str
    statistics: str
    least_ratio: float


CASES = (
    SurfaceCase("plain", "none", "running", 500),
    SurfaceCase("batch norm, running statistics", "batch", "running", 350),
    SurfaceCase("batch norm, batch statistics", "batch", "batch", 350),
    SurfaceCase("layer norm", "layer", "running", 350),
)


@dataclass(frozen=True)
class SurfaceTimes:
    """Median seconds of one grid point, ours and theirs, and our largest error over the surface's largest loss."""

    case: SurfaceCase
    ours: float
    theirs: float
    difference: float

    @property
    def per_image_ratio(self) -> float:
        return (self.theirs / notebook.BATCH) / (self.ours / N_IMAGES)


def time_surface(case: SurfaceCase, images: Images, root: Path, rounds: int, n_points: int) -> SurfaceTimes:
    """Our whole picture and n_points of theirs in turn, around one network trained for an epoch on 2,000 images."""
    run = train(RunConfig(n_train=2000, epochs=1, norm=case.norm), images)
    model, batches = model_of(run), notebook.data_loader(root, train=True)
    theta = parameters_of(run)
    u, v = (filter_normalised_direction(theta, 0, which) for which in "uv")
    coordinates = np.linspace(-1, 1, RESOLUTION)
    x = as_pixels(torch.from_numpy(np.array(images.train_x[:N_IMAGES])).flatten(1))
    y = torch.from_numpy(images.train_y[:N_IMAGES])
    ours, theirs = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        grid = loss_grid(theta, u, v, coordinates, coordinates, x, y, run.config, case.statistics)
        ours.append((time.perf_counter() - started) / PICTURE)
        theirs.append(notebook.surface_points(model, batches, coordinates.tolist(), n_points)[0] / n_points)
    places = np.random.default_rng(0).integers(RESOLUTION, size=(12, 2))
    errors = [
        abs(grid[i, j] - plain_loss(model, moved(theta, u, v, coordinates[i], coordinates[j]), x, y, case.statistics))
        for i, j in places
    ]
    return SurfaceTimes(case, median(ours), median(theirs), max(errors) / grid.max())


@torch.no_grad()
def plain_loss(model: nn.Module, parameters: dict[str, Tensor], x: Tensor, y: Tensor, statistics: str) -> float:
    """The loss at one point by PyTorch's own modules; in training mode batch norm uses the statistics of x."""
    model.train(statistics == "batch")
    state = {name: w.clone() for name, w in parameters.items()}
    loss = cross_entropy(functional_call(model, state, (x,)), y).item()
    model.eval()
    return loss


def measure_surfaces(images: Images, root: Path, rounds: int, n_points: int) -> list[Requirement]:
    """Print the tables of surface speed and return their requirements."""
    times = [time_surface(case, images, root, rounds, n_points) for case in CASES]
    print_table(
        f"Surfaces, per image: {PICTURE:,} points × {N_IMAGES:,} images (ours), × {notebook.BATCH} (notebook's)",
        ("", "ours, µs", "notebook, µs", "ratio", "largest error / largest loss"),
        [
            (
                t.case.label,
                f"{1e6 * t.ours / N_IMAGES:.3f}",
                f"{1e6 * t.theirs / notebook.BATCH:.1f}",
                f"{t.per_image_ratio:.0f}",
                f"{t.difference:.1e}",
            )
            for t in times
        ],
        [
            f"Medians of {rounds} turns. The notebook's loop is timed on {n_points} points and scaled to {PICTURE:,}.",
            "It only knows running statistics: its loop is the same in both rows of batch norm.",
            "Error: against PyTorch's own modules, one by one at 12 grid points.",
        ],
    )
    print_table(
        f"Surfaces, per picture of {PICTURE:,} points",
        ("", "ours, s", "notebook, s (scaled)", "ratio"),
        [
            (t.case.label, f"{PICTURE * t.ours:.2f}", f"{PICTURE * t.theirs:.1f}", f"{t.theirs / t.ours:.0f}")
            for t in times
        ],
    )
    speed = [
        at_least(f"surface, {t.case.label}, per image", t.per_image_ratio, t.case.least_ratio, " times as fast")
        for t in times
    ]
    return [*speed, at_most("surfaces, error / largest loss", max(t.difference for t in times), SURFACE_DIFFERENCE)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help=f"seeds of training, {EPOCHS} epochs each (default 3)")
    parser.add_argument("--turns", type=int, default=5, help="repetitions of each surface (default 5)")
    parser.add_argument("--points", type=int, default=24, help="points of the notebook's loop a turn (default 24)")
    options = parser.parse_args(arguments)
    fix_threads()
    root = find_or_fetch().parent.parent
    images = load_images("fashion-mnist")
    print(f"torch {torch.__version__}, python {platform.python_version()}, {platform.machine()}, {THREADS} threads")
    requirements = measure_training(images, root, options.rounds)
    requirements += measure_surfaces(images, root, options.turns, options.points)
    return verdict(requirements)


if __name__ == "__main__":
    sys.exit(main())
