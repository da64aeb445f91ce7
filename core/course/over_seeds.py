"""What several lessons look at: runs over seeds, their first layers, their surfaces over pairs of directions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from core.config import FIELDS, FULL, SMALL_AND_NOISY, RunConfig, seeds_of, sweep
from core.course.claims import Measure, NotStored, verdict
from core.results.library import stored, stored_run, stored_runs
from core.results.run import Run
from core.results.sparsity import Sparsity, SparsitySpec
from core.results.surface import RADII, Statistics, Surface, SurfaceSpec
from core.techniques import BATCH_NORM, LAYER_NORM, PLAIN, TECHNIQUES, Path

DIRECTION_SEEDS = (0, 1, 2)
"""The pairs of directions that the app offers for a surface."""


Networks = dict[str, RunConfig]
"""Technique → config. The names are those of the legends."""


def normalised(base: RunConfig) -> Networks:
    """The same setting without normalisation, with batch norm and with layer norm."""
    return {
        PLAIN.name: replace(base, norm=FIELDS["norm"].default),
        BATCH_NORM.name: BATCH_NORM.on(base),
        LAYER_NORM.name: LAYER_NORM.on(base),
    }


def over_seeds(networks: Networks) -> dict[str, tuple[RunConfig, ...]]:
    return {name: seeds_of(config) for name, config in networks.items()}


def paths_of(lesson: str, base: RunConfig) -> tuple[Path, ...]:
    """The paths of the techniques that a lesson treats, in a setting. All start at the plain network."""
    return tuple(one.path(base) for one in TECHNIQUES if one.strength and one.lesson == lesson)


def runs_along(lesson: str) -> set[RunConfig]:
    """Every stop of a lesson's paths in both settings, each over all seeds."""
    along = {config for base in (FULL, SMALL_AND_NOISY) for path in paths_of(lesson, base) for config in path.values()}
    return {run for config in along for run in seeds_of(config)}


def own_settings(*first: str) -> tuple[str, ...]:
    """What a student's own run offers: a lesson's settings, those of the techniques that can join anywhere, and how the
    network is trained."""
    joining = (name for one in TECHNIQUES if one.anywhere for name in one.fields)
    return (*dict.fromkeys((*first, *joining, "label_noise", "epochs", "batch_size", "lr", "seed")),)


def own_runs(base: RunConfig, settings: Iterable[str]) -> set[RunConfig]:
    """Every stop of every widget around a student's own run."""
    return {config for name in settings for config in sweep(base, name)}


def run_of(config: RunConfig) -> Run:
    """The stored run of a config. Raises NotStored where there is none."""
    run = stored_run(config)
    if run is None:
        raise NotStored(f"no run is stored of {config.to_params()}")
    return run


def runs_at(config: RunConfig) -> list[Run]:
    """The stored runs of a config over all seeds."""
    return stored_runs(seeds_of(config))


def measured(specs: Iterable[Any]) -> list[Any]:
    """Those of several measurements that are stored."""
    return [result for result in map(stored, specs) if result]


def against_plain(measure: Measure[Run], plain: RunConfig, config: RunConfig, higher: str, lower: str) -> str:
    """How a network differs from the plain one, paired over seeds, in words."""
    return verdict(measure, runs_at(plain), runs_at(config), higher, lower)


# --- the first layer ------------------------------------------------------------------------------------------------


@cache
def sparsities(config: RunConfig) -> tuple[SparsitySpec, ...]:
    """The first layer of a network over all seeds; the first seed's with the size of every weight, for the pictures."""
    return tuple(SparsitySpec(run, with_map=run.seed == 0) for run in seeds_of(config))


def first_layers(config: RunConfig) -> list[Sparsity]:
    """What is stored of a network's first layer, over seeds."""
    return measured(sparsities(config))


def first_layers_along(path: dict[float, RunConfig]) -> dict[float, list[Sparsity]]:
    """The stored measurements of the first layer at every stop of a path, over seeds."""
    return {stop: first_layers(config) for stop, config in path.items()}


def first_layer(config: RunConfig) -> Sparsity | None:
    """The stored measurement of a network's first layer, of its first seed, with the size of every weight."""
    return stored(sparsities(config)[0])


def small_weights(config: RunConfig, threshold: float) -> str:
    """The share of first-layer weights up to a threshold, over seeds."""
    share = Measure[Sparsity](f"|w| ≤ {threshold:g}", lambda s: s.share_small(threshold), "%", 100)
    return share.over(first_layers(config))


# --- surfaces -------------------------------------------------------------------------------------------------------


def surfaces_of(config: RunConfig, statistics: Statistics = "running") -> list[SurfaceSpec]:
    """A run's surface at every range and pair of directions."""
    return [
        SurfaceSpec(config, radius=radius, direction_seed=seed, statistics=statistics)
        for radius in RADII
        for seed in DIRECTION_SEEDS
    ]


EDGE_RISE: Measure[Surface] = Measure("rise to the edge", lambda surface: surface.edge_rise, "nats", digits=2)


def over_directions(spec: SurfaceSpec, radius: float = 1.0) -> list[Surface]:
    """What is stored of a surface over its pairs of directions, at one range."""
    return measured(one for one in surfaces_of(spec.run, spec.statistics) if one.radius == radius)


def edge_rise(spec: SurfaceSpec, radius: float = 1.0) -> str:
    """The rise from the trained network to the edge of its square, over the pairs of directions, in words."""
    return EDGE_RISE.over(over_directions(spec, radius))
