"""What each lesson compares, named once: the pages show these runs, core/precompute.py computes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of, sweep
from core.drift import DriftSpec
from core.probes import ProbeSpec
from core.shift import ShiftSpec
from core.surface import RADII, LineSpec, Statistics, SurfaceSpec, notebook_spec

DIRECTION_SEEDS = (0, 1, 2)
"""The pairs of directions that the app offers for a surface."""

# --- baseline -------------------------------------------------------------------------------------------------------

BARRIER = LineSpec(FULL, replace(FULL, seed=1))
"""The line from one seed's trained network to another's."""


def baseline_runs() -> set[RunConfig]:
    """Both settings over all seeds, and every stop of every slider around them; number of images × label noise in
    full."""
    runs: set[RunConfig] = set()
    for base in (FULL, SMALL_AND_NOISY):
        runs |= {*seeds_of(base)}
        for name in ("lr", "epochs", "batch_size", "n_train", "label_noise"):
            runs |= {*sweep(base, name)}
    for config in sweep(SMALL_AND_NOISY, "n_train"):
        runs |= {*sweep(config, "label_noise")}
    return runs


# --- batch norm and layer norm --------------------------------------------------------------------------------------

Networks = dict[str, RunConfig]
"""Technique → config. The names are those of the legends."""

BATCH_NORM = replace(FULL, norm="batch")
BATCH_NORM_AFTER = replace(BATCH_NORM, norm_position="after")
LAYER_NORM = replace(FULL, norm="layer")


def normalised(base: RunConfig) -> Networks:
    """The same setting without normalisation, with batch norm and with layer norm."""
    return {
        "plain": replace(base, norm="none"),
        "batch norm": replace(base, norm="batch"),
        "layer norm": replace(base, norm="layer"),
    }


LARGE_STEPS = RunConfig(optimizer="sgd", epochs=5, lr=0.1)
"""Plain gradient descent on all images, which shows what a learning rate does; Adam would rescale it away."""
LEARNING_RATES = (0.03, 0.1, 0.5, 1.0, 3.0)

SMALL_BATCHES = RunConfig(n_train=2000, epochs=10, lr=1e-3)
"""2,000 images with right labels, so that batches of 2 take seconds."""
BATCH_SIZES = (2, 4, 8, 32, 128)

OWN_BATCH = replace(SMALL_AND_NOISY, label_noise=0.0, norm="batch")
OWN_LAYER = replace(OWN_BATCH, norm="layer")
"""Where the student's own run of a normalised network starts, on either page."""
OWN_SLIDERS = ("n_train", "label_noise", "epochs", "batch_size", "lr", "seed")
OWN_SETTINGS = ("norm", "norm_position", *OWN_SLIDERS)
"""What it offers: two choices, and sliders whose every stop is shipped."""


@cache
def at_learning_rate(lr: float) -> Networks:
    return normalised(replace(LARGE_STEPS, lr=lr))


@cache
def at_batch_size(batch_size: int) -> Networks:
    return normalised(replace(SMALL_BATCHES, batch_size=batch_size))


def own_runs() -> set[RunConfig]:
    """Every stop of every slider around the student's own run, for either normalisation."""
    return {config for base in (OWN_BATCH, OWN_LAYER) for name in OWN_SLIDERS for config in sweep(base, name)}


def over_seeds(networks: Networks) -> dict[str, tuple[RunConfig, ...]]:
    return {name: seeds_of(config) for name, config in networks.items()}


@cache
def probes(optimizer: str) -> dict[str, tuple[ProbeSpec, ...]]:
    """Santurkar's measures for each network over all seeds: Adam at the course's learning rate, or SGD at 0.1."""
    base = replace(FULL, optimizer=optimizer, lr=3e-4 if optimizer == "adam" else 0.1)
    return {name: tuple(map(ProbeSpec, seeds_of(config))) for name, config in normalised(base).items()}


@cache
def shifted_networks() -> dict[str, tuple[ShiftSpec, ...]]:
    """Each network of the full setting, over all seeds, under covariate shift."""
    return {name: tuple(map(ShiftSpec, configs)) for name, configs in over_seeds(normalised(FULL)).items()}


@cache
def drifts() -> dict[str, DriftSpec]:
    """The unit inputs of the plain and of the batch-normed network during the first steps."""
    return {"plain": DriftSpec(FULL), "batch norm": DriftSpec(BATCH_NORM)}


def norm_runs() -> set[RunConfig]:
    """Both placements of batch norm, layer norm, the two sweeps: each over all seeds."""
    compared = [{"": config} for config in (BATCH_NORM, BATCH_NORM_AFTER, LAYER_NORM)]
    compared += [at_learning_rate(lr) for lr in LEARNING_RATES] + [at_batch_size(size) for size in BATCH_SIZES]
    return {config for networks in compared for seeds in over_seeds(networks).values() for config in seeds}


# --- surfaces -------------------------------------------------------------------------------------------------------


def surfaces_of(config: RunConfig, statistics: Statistics = "running") -> list[SurfaceSpec]:
    """A run's surface at every range and pair of directions."""
    return [
        SurfaceSpec(config, radius=radius, direction_seed=seed, statistics=statistics)
        for radius in RADII
        for seed in DIRECTION_SEEDS
    ]


def surfaces() -> list[SurfaceSpec]:
    """All that the lessons show: ours, with either kind of statistics for batch norm, and the notebook's."""
    runs = (FULL, SMALL_AND_NOISY, BATCH_NORM, LAYER_NORM)
    ours = [spec for config in runs for spec in surfaces_of(config)]
    return [*ours, *surfaces_of(BATCH_NORM, "batch"), *map(notebook_spec, runs)]


# --- altogether -----------------------------------------------------------------------------------------------------

WITH_WEIGHTS = frozenset({FULL, BARRIER.end, SMALL_AND_NOISY, BATCH_NORM, LAYER_NORM})
"""The runs that are shipped with their weights; of the others the numbers are enough."""

RUNS: tuple[Callable[[], set[RunConfig]], ...] = (baseline_runs, norm_runs, own_runs)
