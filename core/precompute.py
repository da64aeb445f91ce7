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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.batch_norm import BATCH_NORM, BATCH_NORM_AFTER
from core.course.layer_norm import LAYER_NORM
from core.course.syllabus import lessons
from core.folders import PRECOMPUTED
from core.results import measurement, store
from core.results.measurement import Spec
from core.results.run import Outcome, Run, expected_seconds

MAIN = (FULL, SMALL_AND_NOISY, BATCH_NORM, BATCH_NORM_AFTER, LAYER_NORM)
"""Computed first, over all seeds."""


@dataclass(frozen=True)
class Shipped:
    """One file that comes with the app: its name, how to read it back, how to compute and write it."""

    name: str
    what: str
    read: Callable[[Path], object]
    write: Callable[[Path], None]


def runs() -> set[RunConfig]:
    """Every run that a lesson shows."""
    return {config for lesson in lessons().values() for config in lesson.runs()}


@cache
def with_weights() -> frozenset[RunConfig]:
    """The runs that are shipped with their weights; of the others the numbers are enough."""
    return frozenset(config for lesson in lessons().values() for config in lesson.WITH_WEIGHTS)


def plan() -> list[Shipped]:
    """Everything that comes with the app, in an order in which each file finds what it needs; the cheapest runs first,
    each with what is measured of it."""
    first = [config for base in MAIN for config in seeds_of(base)]
    needed = [config for config in sorted(with_weights(), key=expected_seconds) if config not in first]
    others = sorted(runs() - {*first, *needed}, key=expected_seconds)
    measured = [spec for lesson in lessons().values() for spec in lesson.measurements()]
    items = *_with_measurements((*first, *needed)), *map(_measurement, measured), *_with_measurements(others)
    # a surface may be asked for by a lesson, and with its run by the compare page
    return list({item.name: item for item in items}.values())


def measurements_of(config: RunConfig) -> list[Any]:
    """What the lessons measure of one trained run, each once."""
    return list(dict.fromkeys(spec for lesson in lessons().values() for spec in lesson.measurements_of(config)))


def _with_measurements(configs: Iterable[RunConfig]) -> Iterator[Shipped]:
    for config in configs:
        yield _run(config)
        yield from map(_measurement, measurements_of(config))


def _run(config: RunConfig) -> Shipped:
    def write(path: Path) -> None:
        outcome = _outcome(config)
        if isinstance(outcome, Run) and config not in with_weights():
            outcome = dataclasses.replace(outcome, weights=None)
        store.outcome_to_file(outcome, path)

    what = f"run {config.to_params() or 'at the defaults'}"
    return Shipped(store.run_name(config), what, store.outcome_from_file, write)


def _outcome(config: RunConfig) -> Outcome:
    """What a training came to, with all weights: as it was trained here before, or trained now and kept in the cache
    folder for what is measured of it next."""
    from core.engine.measurement import outcome_with_weights

    return outcome_with_weights(config, _images())


def _measurement(spec: Spec) -> Shipped:
    def write(path: Path) -> None:
        from core.engine.measurement import measured

        measurement.to_file(measured(spec, _images()), path)

    settings = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
    told = [f"{name}={value}" for name, value in settings.items() if isinstance(value, int | float | str)]
    run = getattr(spec, "run", None)
    what = " ".join([str(run.to_params()) if run else "", *told])
    return Shipped(spec.file_name, what, partial(measurement.from_file, spec.kind), write)


def _images():
    from core.engine.fetching import load_images

    return load_images("fashion-mnist")


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
