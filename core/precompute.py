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
from core.results.activations import Activations, ActivationSpec
from core.results.batches import Batches, BatchesSpec
from core.results.displaced import Displaced, DisplacedSpec
from core.results.drift import Drift, DriftSpec
from core.results.ensemble import Ensemble, EnsembleSpec
from core.results.followed import Followed, FollowSpec
from core.results.probe import Probe, ProbeSpec
from core.results.run import Outcome, Run, expected_seconds
from core.results.shift import Shifted, ShiftSpec
from core.results.sparsity import Sparsity, SparsitySpec
from core.results.surface import (
    Line,
    LineSpec,
    Surface,
    SurfaceSpec,
    line_from_file,
    line_to_file,
    surface_from_file,
    surface_to_file,
)

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
    return [*_with_measurements((*first, *needed)), *map(_measurement, measured), *_with_measurements(others)]


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
    for path in store.places(store.run_name(config)):
        if path.is_file() and getattr(outcome := store.outcome_from_file(path), "weights", True) is not None:
            return outcome
    from core.engine.training import train_or_diverge

    outcome = train_or_diverge(config, _images())
    store.save_run(outcome)
    return outcome


# --- measurements ---------------------------------------------------------------------------------------------------


def _surface(spec: SurfaceSpec) -> Surface:
    from core.engine.landscape import surface

    return surface(spec, _run_with_weights(spec.run), _images())


def _line(spec: LineSpec) -> Line:
    from core.engine.landscape import line_between

    return line_between(spec, _run_with_weights(spec.start), _run_with_weights(spec.end), _images())


def _probe(spec: ProbeSpec) -> Probe:
    from core.engine.probe import probe_training

    return probe_training(spec, _images())


def _drift(spec: DriftSpec) -> Drift:
    from core.engine.drift import follow_inputs

    return follow_inputs(spec, _images())


def _shifted(spec: ShiftSpec) -> Shifted:
    from core.engine.shift import measure_shifted

    return measure_shifted(spec, _run_with_weights(spec.run), _images())


def _sparsity(spec: SparsitySpec) -> Sparsity:
    from core.engine.sparsity import measure_sparsity

    return measure_sparsity(spec, _run_with_weights(spec.run), _images())


def _activations(spec: ActivationSpec) -> Activations:
    from core.engine.activations import measure_activations

    return measure_activations(spec, _run_with_weights(spec.run), _images())


def _ensemble(spec: EnsembleSpec) -> Ensemble:
    from core.engine.ensemble import measure_ensemble

    return measure_ensemble(spec, _run_with_weights(spec.run), _images())


def _followed(spec: FollowSpec) -> Followed:
    from core.engine.followed import follow_weights

    return follow_weights(spec, _images())


def _displaced(spec: DisplacedSpec) -> Displaced:
    from core.engine.landscape import displaced_by_notebook

    return displaced_by_notebook(spec, _run_with_weights(spec.run), _images())


def _batches(spec: BatchesSpec) -> Batches:
    from core.engine.batches import measure_batches

    return measure_batches(spec, _run_with_weights(spec.run), _images())


def _kept(result_type: type) -> tuple[Callable, Callable]:
    return measurement.to_file, partial(measurement.from_file, result_type)


KINDS: dict[type, tuple[Callable, Callable, Callable]] = {
    SurfaceSpec: (_surface, surface_to_file, surface_from_file),
    LineSpec: (_line, line_to_file, line_from_file),
    ProbeSpec: (_probe, *_kept(Probe)),
    DriftSpec: (_drift, *_kept(Drift)),
    ShiftSpec: (_shifted, *_kept(Shifted)),
    SparsitySpec: (_sparsity, *_kept(Sparsity)),
    ActivationSpec: (_activations, *_kept(Activations)),
    EnsembleSpec: (_ensemble, *_kept(Ensemble)),
    FollowSpec: (_followed, *_kept(Followed)),
    DisplacedSpec: (_displaced, *_kept(Displaced)),
    BatchesSpec: (_batches, *_kept(Batches)),
}
"""What is measured → how it is computed, written and read."""


def _measurement(spec) -> Shipped:
    compute, write, read = KINDS[type(spec)]
    settings = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
    told = [f"{name}={value}" for name, value in settings.items() if isinstance(value, int | float | str)]
    run = getattr(spec, "run", None)
    what = " ".join([str(run.to_params()) if run else "", *told])
    return Shipped(spec.file_name, what, read, lambda path: write(compute(spec), path))


def _images():
    from core.data import load_images

    return load_images("fashion-mnist")


def _run_with_weights(config: RunConfig) -> Run:
    """A run whose weights something is measured of. Raises ValueError where its training diverged."""
    outcome = _outcome(config)
    if not isinstance(outcome, Run):
        raise ValueError(outcome.message)
    return outcome


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
