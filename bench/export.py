"""What the exported scripts give on the real images: `python -m bench.export`, `--full` for 60,000 images too.

Each script runs in a process and a folder of its own. Its numbers are compared with the shipped run's, which differ by
the order in which the products add; and with those of the app where its products are PyTorch's own, which should not.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from bench.report import Requirement, at_most, print_table, verdict
from core.config import FULL, SMALL_AND_NOISY, RunConfig
from core.engine.fetching import find_or_fetch, load_images
from core.export.document import file_name, to_script
from core.results.run import Run
from core.results.store import load_run

SCRIPTS = {
    "plain": SMALL_AND_NOISY,
    "dropout 0.5": replace(SMALL_AND_NOISY, dropout=0.5),
    "L1, proximal": replace(SMALL_AND_NOISY, l1=1e-3, l1_method="proximal"),
    "batch norm": replace(SMALL_AND_NOISY, norm="batch"),
}
LOSSES = ("train_loss", "held_out_loss")
ACCURACIES = ("train_accuracy", "held_out_accuracy")

SAME = 1e-6
"""The largest difference that is allowed with PyTorch's own products: none is expected on one machine."""
FEW_STEPS, FIRST_EPOCH = 100, (1e-3, 1e-2)
"""The largest difference of a loss after the first epoch, in nats: where that is a few steps, and where it is more."""
POINTS = {"none": 2.0, "batch": 6.0, "layer": 2.0}
"""Of the accuracy on the test images after all epochs, by normalisation. Batch norm makes rounding differences large,
and its accuracy with these images jumps by some points from epoch to epoch."""


@dataclass(frozen=True)
class Exported:
    """What a script wrote: each epoch's numbers under the app's names, its results by name; its time in seconds."""

    epochs: list[dict[str, float]]
    results: dict[str, float]
    seconds: float


def run_script(config: RunConfig, expected: Run | None) -> Exported:
    """Run the exported script. Without matplotlib, what comes before its figures."""
    text = to_script(config, expected)
    if importlib.util.find_spec("matplotlib") is None:
        text = text[: text.index("# --- Learning curves")]
    environment = {**os.environ, "MPLBACKEND": "Agg", "REGLAB_DATA": str(find_or_fetch().parents[1])}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / file_name(config, "py")
        script.write_text(text, encoding="utf-8")
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, script.name], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            raise RuntimeError(f"{script.name} failed:\n{done.stderr}")
        with script.with_suffix(".csv").open() as file:
            rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    names = {f"{config.held_out}_{what}": f"held_out_{what}" for what in ("loss", "accuracy")}
    names["running_loss"] = "notebook_loss"
    epochs = [{names.get(name, name): value for name, value in row.items()} for row in rows]
    # "test accuracy   0.7317  0.7249  6.8e-03": a name, the script's number, perhaps the app's and the difference
    lines = [line for line in done.stdout.splitlines() if line.startswith(("test", "best"))]
    results = {line[:32].strip(): float(line[32:42]) for line in lines}
    return Exported(epochs, results, seconds)


def with_pytorchs_products(config: RunConfig) -> Run:
    """The app's own training, its products left to PyTorch."""
    from core.engine import models
    from core.engine.training import train

    had = models.HAS_ONEDNN
    models.HAS_ONEDNN = False
    try:
        return train(config, load_images(config.dataset))
    finally:
        models.HAS_ONEDNN = had


def furthest(exported: Exported, run: Run, names: tuple[str, ...], epoch: int | None = None) -> float:
    """The largest absolute difference in these numbers; of one epoch, or of all."""
    pairs = list(zip(exported.epochs, run.records, strict=True))
    chosen = pairs if epoch is None else [pairs[epoch - 1]]
    return max(abs(row[name] - getattr(record, name)) for row, record in chosen for name in names)


def compare(name: str, config: RunConfig) -> list[Requirement]:
    shipped = load_run(config)
    if shipped is None:
        return [Requirement(f"{name} is shipped", "no", False)]
    print(f"\n{name}: {file_name(config, 'py')}", flush=True)
    exported = run_script(config, shipped)
    plain = with_pytorchs_products(config)
    epochs = sorted({1, 2, 5, 10, 20, config.epochs} & set(range(1, config.epochs + 1)))
    print_table(
        "Largest difference after an epoch, of both losses and of both accuracies",
        ("epoch", "loss, shipped", "accuracy, shipped", "loss, PyTorch's products", "accuracy, PyTorch's products"),
        [
            (
                str(e),
                *(
                    f"{furthest(exported, run, names, e):.1e}"
                    for run in (shipped, plain)
                    for names in (LOSSES, ACCURACIES)
                ),
            )
            for e in epochs
        ],
    )
    pairs = {
        "test accuracy": [run.test_last.accuracy for run in (shipped, plain)],
        "test accuracy at the best epoch": [run.test_best.accuracy for run in (shipped, plain)],
        "best epoch": [run.best_epoch for run in (shipped, plain)],
    }
    print_table(
        "Results",
        ("", "script", "shipped", "the app, PyTorch's products"),
        [(what, *(f"{value:.4g}" for value in (exported.results[what], *values))) for what, values in pairs.items()],
        [
            f"The script took {exported.seconds:.0f} s with all it draws, the shipped run {shipped.seconds:.0f} s, the "
            f"app with PyTorch's products {plain.seconds:.0f} s."
        ],
    )

    everything = tuple(n for n in exported.epochs[0] if n not in ("epoch", "memorised"))
    points, first = POINTS[config.norm], FIRST_EPOCH[config.steps / config.epochs > FEW_STEPS]
    return [
        at_most(f"{name}, PyTorch's products, any number of any epoch", furthest(exported, plain, everything), SAME),
        at_most(f"{name}, shipped, losses of the first epoch", furthest(exported, shipped, LOSSES, 1), first, " nats"),
        *(
            at_most(f"{name}, shipped, {what}", 100 * abs(exported.results[what] - pairs[what][0]), points, " points")
            for what in ("test accuracy", "test accuracy at the best epoch")
        ),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.export", description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="also the full setting (some minutes)")
    options = parser.parse_args(arguments)
    scripts = {**SCRIPTS, "full": FULL} if options.full else SCRIPTS
    if importlib.util.find_spec("matplotlib") is None:
        print("matplotlib is not installed: the scripts run without their figures.")
    return verdict([requirement for name, config in scripts.items() for requirement in compare(name, config)])


if __name__ == "__main__":
    sys.exit(main())
