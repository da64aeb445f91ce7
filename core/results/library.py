"""What is stored: runs, surfaces and measurements, read once per process and kept in bounded caches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from core.config import RunConfig
from core.results import measurement, store
from core.results.activations import Activations
from core.results.batches import Batches
from core.results.displaced import Displaced
from core.results.drift import Drift
from core.results.ensemble import Ensemble
from core.results.followed import Followed
from core.results.probe import Probe
from core.results.run import Outcome, Run
from core.results.shift import Shifted
from core.results.sparsity import Sparsity
from core.results.surface import LineSpec, SurfaceSpec, load_line, load_surface


class _NotStored(LookupError):
    """Raised inside the caches, which remember results but not exceptions."""


MEASUREMENTS = (Probe, Shifted, Drift, Sparsity, Activations, Ensemble, Followed, Displaced, Batches)

LOADERS: dict[type, Callable[[Any], Any]] = {
    SurfaceSpec: load_surface,
    LineSpec: load_line,
    **{kind.spec_type: partial(measurement.load, kind) for kind in MEASUREMENTS},
}
"""How the result of each kind of measurement is found on disk."""


def _or_not_stored(result: Any) -> Any:
    if result is None:
        raise _NotStored
    return result


@lru_cache(64)
def _outcome(config: RunConfig) -> Outcome:
    return _or_not_stored(store.load_outcome(config))


@lru_cache(1024)
def _numbers(config: RunConfig) -> Outcome:
    """Without the weights, so that hundreds can be kept."""
    outcome = _or_not_stored(store.load_outcome(config))
    return replace(outcome, weights=None) if isinstance(outcome, Run) else outcome


@lru_cache(1024)
def _result(spec: Any) -> Any:
    return _or_not_stored(LOADERS[type(spec)](spec))


def forget() -> None:
    """Read everything from disk again: for tests, which change what is there."""
    for cached in (_outcome, _numbers, _result):
        cached.cache_clear()


def _none_if_not_stored(read: Callable, key: Any) -> Any:
    try:
        return read(key)
    except _NotStored:
        return None


def stored_outcome(config: RunConfig) -> Outcome | None:
    """What a config's training came to, if it is precomputed or was trained here before."""
    return _none_if_not_stored(_outcome, config)


def stored_run(config: RunConfig) -> Run | None:
    """The run of a config if it is precomputed or was trained here before, and did not diverge."""
    outcome = stored_outcome(config)
    return outcome if isinstance(outcome, Run) else None


def stored(spec: Any) -> Any:
    """The result of a measurement (a surface, a line, a probe, …) if it is stored, else None."""
    return _none_if_not_stored(_result, spec)


def stored_outcomes(configs: Iterable[RunConfig]) -> list[Outcome]:
    """What those of several trainings that are stored came to: the numbers, without the weights."""
    found = (_none_if_not_stored(_numbers, config) for config in configs)
    return [outcome for outcome in found if outcome]


def stored_runs(configs: Iterable[RunConfig]) -> list[Run]:
    """Those of several runs that are stored and did not diverge: the numbers, without the weights."""
    return [outcome for outcome in stored_outcomes(configs) if isinstance(outcome, Run)]
