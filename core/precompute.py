"""Compute what comes with the app: `python -m core.precompute`. Stops and resumes where it stopped.

    python -m core.precompute           computes whatever is missing in precomputed/
    python -m core.precompute --list    says what there is and what is missing, and computes nothing
    python -m core.precompute --prune   also deletes files that the plan no longer names

Needs Fashion-MNIST (REGLAB_DATA, the cache folder, or a network).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core import store
from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.drift import DriftSpec, drift_from_file, drift_to_file
from core.experiments import (
    BARRIER,
    BATCH_NORM,
    BATCH_NORM_AFTER,
    LAYER_NORM,
    RUNS,
    WITH_WEIGHTS,
    drifts,
    probes,
    shifted_networks,
    surfaces,
)
from core.folders import PRECOMPUTED
from core.probes import ProbeSpec, probe_from_file, probe_to_file
from core.run import Run, expected_seconds
from core.shift import ShiftSpec, shifted_from_file, shifted_to_file
from core.surface import SurfaceSpec, line_from_file, line_to_file, surface_from_file, surface_to_file

MAIN = (FULL, SMALL_AND_NOISY, BATCH_NORM, BATCH_NORM_AFTER, LAYER_NORM)
"""Computed first, over all seeds."""


@dataclass(frozen=True)
class Shipped:
    """One file that comes with the app: its name, how to read it back, how to compute and write it."""

    name: str
    what: str
    read: Callable[[Path], object]
    write: Callable[[Path], None]


def plan() -> list[Shipped]:
    """Everything that comes with the app, in an order in which each file finds what it needs; the cheapest runs
    first."""
    runs = set().union(*(runs() for runs in RUNS))
    first = [config for base in MAIN for config in seeds_of(base)]
    others = sorted(runs - {*first} - WITH_WEIGHTS, key=expected_seconds)
    needed = [config for config in sorted(WITH_WEIGHTS, key=expected_seconds) if config not in first]
    parts = (
        [_run(config) for config in (*first, *needed)],
        [_surface(spec) for spec in surfaces()],
        [Shipped(BARRIER.file_name, "line between two seeds", line_from_file, _write_barrier)],
        [_probe(spec) for optimizer in ("adam", "sgd") for specs in probes(optimizer).values() for spec in specs],
        [_drift(spec) for spec in drifts().values()],
        [_shifted(spec) for specs in shifted_networks().values() for spec in specs],
        [_run(config) for config in others],
    )
    return [item for part in parts for item in part]


def _run(config: RunConfig) -> Shipped:
    what = f"run {config.to_params() or 'at the defaults'}"
    return Shipped(store.run_name(config), what, store.outcome_from_file, _run_writer(config))


def _surface(spec: SurfaceSpec) -> Shipped:
    what = f"surface {spec.method}, {spec.run.norm}, {spec.statistics} statistics, radius {spec.radius}"
    return Shipped(spec.file_name, what, surface_from_file, _surface_writer(spec))


def _probe(spec: ProbeSpec) -> Shipped:
    return Shipped(spec.file_name, f"probe {spec.run.to_params()}", probe_from_file, _probe_writer(spec))


def _shifted(spec: ShiftSpec) -> Shipped:
    return Shipped(spec.file_name, f"shift {spec.run.to_params()}", shifted_from_file, _shift_writer(spec))


def _drift(spec: DriftSpec) -> Shipped:
    return Shipped(spec.file_name, f"unit inputs {spec.run.to_params()}", drift_from_file, _drift_writer(spec))


def _images():
    from core.data import load_images

    return load_images("fashion-mnist")


def _run_writer(config: RunConfig) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from core.training import train_or_diverge

        outcome = train_or_diverge(config, _images())
        if isinstance(outcome, Run) and config not in WITH_WEIGHTS:
            outcome = dataclasses.replace(outcome, weights=None)
        store.outcome_to_file(outcome, path)

    return write


def _surface_writer(spec: SurfaceSpec) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from core.landscape import surface

        surface_to_file(surface(spec, _shipped_run(spec.run), _images()), path)

    return write


def _probe_writer(spec: ProbeSpec) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from core.smoothness import probe_training

        probe_to_file(probe_training(spec, _images()), path)

    return write


def _drift_writer(spec: DriftSpec) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from core.unit_inputs import follow_inputs

        drift_to_file(follow_inputs(spec, _images()), path)

    return write


def _shift_writer(spec: ShiftSpec) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from core.deployment import measure_shifted

        shifted_to_file(measure_shifted(spec, _run_with_weights(spec.run), _images()), path)

    return write


def _run_with_weights(config: RunConfig) -> Run:
    """A run that may be shipped without its weights: from the cache folder then, or trained once more."""
    for path in store.places(store.run_name(config)):
        if path.is_file() and (run := store.run_from_file(path)).weights is not None:
            return run
    from core.training import train

    run = train(config, _images())
    store.save_run(run)
    return run


def _write_barrier(path: Path) -> None:
    from core.landscape import line_between

    start, end = _shipped_run(BARRIER.start), _shipped_run(BARRIER.end)
    line_to_file(line_between(BARRIER, start, end, _images()), path)


def _shipped_run(config: RunConfig):
    return store.run_from_file(PRECOMPUTED / store.run_name(config))


def is_good(item: Shipped) -> bool:
    """Whether the file is there and can be read."""
    path = PRECOMPUTED / item.name
    try:
        return path.is_file() and item.read(path) is not None
    except store.StoreError as error:
        print(error, file=sys.stderr)
        return False


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.precompute", description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="say what is missing, compute nothing")
    parser.add_argument("--prune", action="store_true", help="delete files that the plan does not name")
    options = parser.parse_args(arguments)
    items = plan()
    missing = [item for item in items if not is_good(item)]
    stale = sorted({path.name for path in PRECOMPUTED.glob("*.npz")} - {item.name for item in items})
    print(f"{len(items)} files in the plan, {len(missing)} missing, {len(stale)} that the plan does not name")
    if options.list:
        for item in missing:
            print(f"missing  {item.name}  {item.what}")
        return 1 if missing else 0
    if options.prune:
        for name in stale:
            (PRECOMPUTED / name).unlink()
    for i, item in enumerate(missing, start=1):
        started = time.perf_counter()
        item.write(PRECOMPUTED / item.name)
        print(f"{i}/{len(missing)}  {item.name}  {item.what}  {time.perf_counter() - started:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
