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
from dataclasses import dataclass, replace
from pathlib import Path

from core import store
from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of, sweep
from core.folders import PRECOMPUTED
from core.run import expected_seconds
from core.surface import (
    RADII,
    LineSpec,
    SurfaceSpec,
    line_from_file,
    line_to_file,
    notebook_spec,
    surface_from_file,
    surface_to_file,
)

DIRECTION_SEEDS = (0, 1, 2)
"""The pairs of directions that the app offers for a surface."""

BARRIER = LineSpec(FULL, replace(FULL, seed=1))
"""The line from one seed's trained network to another's."""


@dataclass(frozen=True)
class Shipped:
    """One file that comes with the app: its name, how to read it back, how to compute and write it."""

    name: str
    what: str
    read: Callable[[Path], object]
    write: Callable[[Path], None]


def baseline_runs() -> dict[RunConfig, bool]:
    """The runs of the baseline lesson, each with whether its weights are kept.

    Both settings over all seeds, and every stop of every slider around them; number of images × label noise in full.
    """
    runs: dict[RunConfig, bool] = {}
    for base in (FULL, SMALL_AND_NOISY):
        runs |= dict.fromkeys(seeds_of(base), False)
        for name in ("lr", "epochs", "batch_size", "n_train", "label_noise"):
            runs |= dict.fromkeys(sweep(base, name), False)
    for config in sweep(SMALL_AND_NOISY, "n_train"):
        runs |= dict.fromkeys(sweep(config, "label_noise"), False)
    return runs | {FULL: True, replace(FULL, seed=1): True, SMALL_AND_NOISY: True}


def surfaces() -> list[SurfaceSpec]:
    """Both settings' surfaces at every range and pair of directions, and the notebook's picture of the full run."""
    specs = [
        SurfaceSpec(config, radius=radius, direction_seed=seed)
        for config in (FULL, SMALL_AND_NOISY)
        for radius in RADII
        for seed in DIRECTION_SEEDS
    ]
    return [*specs, notebook_spec(FULL), notebook_spec(SMALL_AND_NOISY)]


def plan() -> list[Shipped]:
    """Everything that comes with the app, in an order in which each file finds what it needs; the cheapest runs
    first."""
    keep = baseline_runs()
    main = [config for config in keep if config in (*seeds_of(FULL), *seeds_of(SMALL_AND_NOISY))]
    others = sorted((config for config in keep if config not in main), key=expected_seconds)
    planes = [
        Shipped(s.file_name, f"surface {s.method}, radius {s.radius}", surface_from_file, _surface_writer(s))
        for s in surfaces()
    ]
    barrier = Shipped(BARRIER.file_name, "line between two seeds", line_from_file, _write_barrier)
    return [*(_run(c, keep[c]) for c in main), *planes, barrier, *(_run(c, keep[c]) for c in others)]


def _run(config: RunConfig, keep_weights: bool) -> Shipped:
    what = f"run {config.to_params() or 'at the defaults'}"
    return Shipped(store.run_name(config), what, store.run_from_file, _run_writer(config, keep_weights))


def _images():
    from core.data import load_images

    return load_images("fashion-mnist")


def _run_writer(config: RunConfig, keep_weights: bool) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from core.training import train

        run = train(config, _images())
        store.run_to_file(run if keep_weights else dataclasses.replace(run, weights=None), path)

    return write


def _surface_writer(spec: SurfaceSpec) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from core.landscape import surface

        surface_to_file(surface(spec, _shipped_run(spec.run), _images()), path)

    return write


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
