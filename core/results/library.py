"""What is stored: runs, surfaces and measurements, read once per process and kept in bounded caches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from core.config import RunConfig
from core.results import measurement, store
from core.results.run import Outcome, Run


class _NotStored(LookupError):
    """Raised inside the caches, which remember results but not exceptions."""


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
    return _or_not_stored(measurement.load(spec))


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
