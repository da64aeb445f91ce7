"""What the shipped runs reach: `python -m bench.accuracy`. Accuracies and losses against the bands they must lie in.

    python -m bench.accuracy               reads precomputed/, trains nothing
    python -m bench.accuracy --retrain 3   also trains 3 shipped runs again, chosen at random, and compares every number

Accuracies are fractions, losses cross-entropies in nats. ± is the standard deviation over seeds.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.report import Requirement, at_most, print_table, verdict, within
from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.precompute import runs as shown_runs
from core.results.run import RECORD_FIELDS, Diverged, Outcome, Run
from core.results.store import is_precomputed, load_outcome, load_run

ACCURACY = (0.882, 0.898)
LOSS = (0.305, 0.337)
NOTEBOOK_LOSS = (0.180, 0.199)
WEIGHT_STD = (0.0511 * 0.97, 0.0511 * 1.03)
"""Bands of the full setting after 20 epochs, for each seed."""

RETRAINED_POINTS = 2.0
"""Another kind of machine rounds otherwise, and so trains another network: as good to within so many points."""


def shipped(config: RunConfig) -> Run | None:
    return load_run(config) if is_precomputed(config) else None


def spread(values: Sequence[float]) -> str:
    """mean ± standard deviation (with n − 1)."""
    digits = 1 if all(isinstance(value, int) for value in values) else 4
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else "–"


def shown(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def table_of(runs: Sequence[Run], columns: dict[str, Sequence[float | None]], title: str) -> None:
    """One line for each seed, one for mean ± sd; None where a run does not have the number."""
    rows = [
        (f"seed {run.config.seed}", *(shown(values[i]) for values in columns.values())) for i, run in enumerate(runs)
    ]
    summary = [spread([v for v in values if v is not None]) for values in columns.values()]
    print_table(title, ("", *columns), [*rows, ("mean ± sd", *summary)])


def first_layer_std(run: Run) -> float | None:
    """The standard deviation of the first layer's weights; None where the run kept none."""
    return None if run.weights is None else float(run.weights["linear1.weight"].astype(np.float64).std())


def every_seed_shipped(name: str, base: RunConfig, runs: Sequence[Run]) -> Requirement:
    expected = len(seeds_of(base))
    return Requirement(f"{name}: {expected} seeds shipped", str(len(runs)), len(runs) == expected)


def check_full() -> list[Requirement]:
    """The notebook's setting: every seed within its bands."""
    runs = [run for config in seeds_of(FULL) if (run := shipped(config))]
    columns = {
        "test accuracy": [run.test_last.accuracy for run in runs],
        "held-out loss": [run.last.held_out_loss for run in runs],
        "notebook loss": [run.last.notebook_loss for run in runs],
        "first-layer std": [first_layer_std(run) for run in runs],
    }
    table_of(runs, columns, f"Full: {FULL.n_train:,} images, {FULL.epochs} epochs, after the last")
    bands = zip(columns.items(), (ACCURACY, LOSS, NOTEBOOK_LOSS, WEIGHT_STD), strict=True)
    return [
        every_seed_shipped("full", FULL, runs),
        *(
            within(f"full, seed {run.config.seed}, {name}", value, *band)
            for (name, values), band in bands
            for run, value in zip(runs, values, strict=True)
            if value is not None
        ),
    ]


def check_small_and_noisy() -> list[Requirement]:
    """Overfitting in numbers. No bands: the lesson quotes what is measured."""
    base = SMALL_AND_NOISY
    runs = [run for config in seeds_of(base) if (run := shipped(config))]
    columns = {
        "train accuracy": [run.last.train_accuracy for run in runs],
        "held-out accuracy": [run.last.held_out_accuracy for run in runs],
        "best epoch": [run.best_epoch for run in runs],
        "test accuracy, last epoch": [run.test_last.accuracy for run in runs],
        "test accuracy, best epoch": [run.test_best.accuracy for run in runs],
    }
    title = f"Small and noisy: {base.n_train:,} images, {base.label_noise:.0%} wrong labels, {base.epochs} epochs"
    table_of(runs, columns, title)
    return [every_seed_shipped("small and noisy", base, runs)]


# --- training again -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """The largest absolute difference between the numbers of two runs of one config, and which number it is in.

    Times are not compared. 0 means equal to the last bit.
    """

    size: float
    where: str


def difference(a: Run, b: Run) -> Difference:
    """Over all records, both test evaluations, and the weights where both runs kept them."""
    pairs = {name: (a.curve(name), b.curve(name)) for name in RECORD_FIELDS if name != "seconds"}
    for name in ("test_last", "test_best"):
        pairs |= {
            f"{name}.{n}": (getattr(getattr(a, name), n), getattr(getattr(b, name), n)) for n in ("loss", "accuracy")
        }
    if a.weights and b.weights:
        pairs |= {name: (w, b.weights[name]) for name, w in a.weights.items()}
    sizes = {name: _largest(*pair) for name, pair in pairs.items()}
    where = max(sizes, key=sizes.__getitem__)
    return Difference(sizes[where], where)


def _largest(a, b) -> float:
    """max |a − b|, with nan equal to nan and different from every number (infinitely)."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if (np.isnan(a) != np.isnan(b)).any():
        return float("inf")
    return float(np.nan_to_num(np.abs(a - b), nan=0.0).max())


def check_retrained(n: int, sample_seed: int) -> list[Requirement]:
    """Train n shipped runs again. Equal bits are expected on the same kind of machine with the same versions."""
    from core.engine.fetching import load_images
    from core.engine.training import train_or_diverge

    planned = shown_runs()
    candidates = sorted(filter(is_precomputed, planned), key=lambda config: config.digest)
    chosen = random.Random(sample_seed).sample(candidates, min(n, len(candidates)))
    print(f"\nTraining {len(chosen)} of {len(candidates)} shipped runs again, sample seed {sample_seed}", flush=True)
    rows, requirements = [], []
    for config in chosen:
        stored = load_outcome(config)
        if stored is None:
            requirements.append(Requirement(f"{config.digest} can be read", "no", False))
            continue
        started = time.perf_counter()
        again = train_or_diverge(config, load_images(config.dataset))
        if isinstance(stored, Diverged) or isinstance(again, Diverged):
            requirements.append(same_divergence(config, stored, again))
            continue
        found = difference(stored, again)
        points = 100 * abs(stored.test_last.accuracy - again.test_last.accuracy)
        verdict_on_bits = "bit-equal" if found.size == 0 else f"{found.size:.2g} in {found.where}"
        rows.append((described(config), f"{time.perf_counter() - started:.1f}", f"{points:.2f}", verdict_on_bits))
        requirements.append(at_most(f"{config.digest} again, test accuracy", points, RETRAINED_POINTS, " points"))
    print_table("Trained again", ("run", "seconds", "test accuracy, points apart", "largest difference"), rows)
    return requirements


def same_divergence(config: RunConfig, stored: Outcome, again: Outcome) -> Requirement:
    """Of two outcomes of which at least one diverged: both must have, at about the same step; rounding moves it."""
    steps = [outcome.step if isinstance(outcome, Diverged) else None for outcome in (stored, again)]
    close = None not in steps and abs(steps[0] - steps[1]) <= 0.5 * max(steps)
    return Requirement(f"{config.digest} diverges again", f"at steps {steps[0]} and {steps[1]}", close)


def described(config: RunConfig) -> str:
    """What is different from the defaults, as in the address bar."""
    told = ", ".join(f"{name} {value}" for name, value in config.to_params().items())
    return f"{config.digest} ({told or 'the defaults'})"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__.splitlines()[0])
    parser.add_argument("--retrain", type=int, default=0, metavar="N", help="also train N shipped runs again")
    parser.add_argument("--sample-seed", type=int, help="which runs those are (default: another choice each time)")
    options = parser.parse_args(arguments)
    requirements = check_full() + check_small_and_noisy()
    if options.retrain > 0:
        seed = random.randrange(10**6) if options.sample_seed is None else options.sample_seed
        requirements += check_retrained(options.retrain, seed)
    return verdict(requirements)


if __name__ == "__main__":
    sys.exit(main())
