"""The thinned networks of a network that was trained with dropout: the mean of several, and weight scaling."""

from __future__ import annotations

from functools import cache

from core.config import RunConfig, seeds_of
from core.course.claims import Measure
from core.course.over_seeds import measured
from core.results.ensemble import N_SHOWN, Ensemble, EnsembleSpec


@cache
def ensembles(config: RunConfig) -> tuple[EnsembleSpec, ...]:
    """The thinned networks of a network over all seeds; the first seed's with their word on single images."""
    return tuple(EnsembleSpec(run, n_shown=0 if run.seed else N_SHOWN) for run in seeds_of(config))


def ensembles_of(config: RunConfig) -> list[Ensemble]:
    """What is stored of a network's thinned networks, over seeds."""
    return measured(ensembles(config))


SCALED_LOSS: Measure[Ensemble] = Measure("loss by weight scaling", lambda e: e.scaled[1], "nats", digits=3)


def averaged_loss(n: int) -> Measure[Ensemble]:
    return Measure(f"loss, mean of {n}", lambda e: e.loss[n - 1], "nats", digits=3)
