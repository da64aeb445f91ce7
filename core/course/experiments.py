"""What each lesson compares, named once: the pages show these runs, core/precompute.py computes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from core import techniques
from core.config import FIELDS, FULL, SMALL_AND_NOISY, RunConfig, seeds_of, sweep
from core.results.activations import ActivationSpec
from core.results.batches import BatchesSpec
from core.results.displaced import DisplacedSpec
from core.results.drift import DriftSpec
from core.results.ensemble import N_SHOWN, EnsembleSpec
from core.results.followed import FollowSpec
from core.results.probe import ProbeSpec
from core.results.shift import ShiftSpec
from core.results.sparsity import SparsitySpec
from core.results.surface import RADII, LineSpec, Statistics, SurfaceSpec, notebook_spec
from core.techniques import ADAMW, DROPOUT, L1, L1_PROXIMAL, L2, PLAIN, TECHNIQUES, Path

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

BATCH_NORM = techniques.BATCH_NORM.on(FULL)
BATCH_NORM_AFTER = replace(BATCH_NORM, norm_position="after")
LAYER_NORM = techniques.LAYER_NORM.on(FULL)


def normalised(base: RunConfig) -> Networks:
    """The same setting without normalisation, with batch norm and with layer norm."""
    return {
        PLAIN.name: replace(base, norm=FIELDS["norm"].default),
        techniques.BATCH_NORM.name: techniques.BATCH_NORM.on(base),
        techniques.LAYER_NORM.name: techniques.LAYER_NORM.on(base),
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


# --- dropout, L1 and L2 ---------------------------------------------------------------------------------------------

RegularizationPath = Path
"""A strength's stops → config, everything else the same: the path along which a lesson's slider moves."""

dropout_path, l2_path, decay_path = DROPOUT.path, L2.path, ADAMW.path


def l1_path(base: RunConfig, method: str = "subgradient") -> RegularizationPath:
    return (L1_PROXIMAL if method == "proximal" else L1).path(base)


def paths_of(base: RunConfig) -> tuple[RegularizationPath, ...]:
    """Every path of a setting. All start at the plain network."""
    return tuple(technique.path(base) for technique in TECHNIQUES if technique.strength)


NOTEBOOK_L1 = replace(FULL, l1=1e-3, penalised="all")
NOTEBOOK_L2 = replace(FULL, l2=1e-3, penalised="all")
"""As the notebook trains them: strength 0.001, biases penalised too."""


SMALL_DROPOUT, SMALL_L1, SMALL_L2 = (t.at(SMALL_AND_NOISY, t.small) for t in (DROPOUT, L1, L2))
"""Where the sliders of the small-and-noisy setting stand at first, and where the student's own runs begin."""


def penalty_runs() -> set[RunConfig]:
    """Every stop of every path in both settings, and the notebook's two: each over all seeds."""
    configs = {NOTEBOOK_L1, NOTEBOOK_L2}
    for base in (FULL, SMALL_AND_NOISY):
        configs |= {config for path in paths_of(base) for config in path.values()}
    return {run for config in configs for run in seeds_of(config)}


@cache
def sparsities(config: RunConfig) -> tuple[SparsitySpec, ...]:
    """The first layer of a network over all seeds; the first seed's with the size of every weight, for the pictures."""
    return tuple(SparsitySpec(run, with_map=run.seed == 0) for run in seeds_of(config))


@cache
def activations(config: RunConfig) -> tuple[ActivationSpec, ...]:
    return tuple(map(ActivationSpec, seeds_of(config)))


@cache
def ensembles(config: RunConfig) -> tuple[EnsembleSpec, ...]:
    """The thinned networks of a network over all seeds; the first seed's with their word on single images."""
    return tuple(EnsembleSpec(run, n_shown=0 if run.seed else N_SHOWN) for run in seeds_of(config))


FOLLOWED_L1 = (1e-4, 3e-4, 1e-3, 3e-3)
"""The strengths at which single weights are followed; at weaker ones 800 steps are too few to reach 0."""


@cache
def followed(optimizer: str, strength: float) -> dict[str, FollowSpec]:
    """Single weights under both ways to apply L1: Adam at the course's learning rate, or SGD at 0.1."""
    base = replace(FULL, optimizer=optimizer, lr=3e-4 if optimizer == "adam" else 0.1, l1=strength)
    return {method: FollowSpec(replace(base, l1_method=method)) for method in FIELDS["l1_method"].choices}


DISPLACED = DisplacedSpec(FULL)
"""What the notebook's landscape loop leaves of the plain network."""
BATCHES = BatchesSpec(FULL)
"""What fresh batches do to its landscape, and a small last batch to its accuracy."""


def measurements_of(run: RunConfig) -> list[SparsitySpec | ActivationSpec | EnsembleSpec]:
    """What the lessons on dropout, L1 and L2 measure of one trained run."""
    base = replace(run, seed=0)
    found: list[SparsitySpec | ActivationSpec | EnsembleSpec] = []
    for setting in (FULL, SMALL_AND_NOISY):
        if any(base in path.values() for path in paths_of(setting)):
            found.append(sparsities(base)[run.seed])
        if base in dropout_path(setting).values():
            found.append(activations(base)[run.seed])
            if run.dropout:
                found.append(ensembles(base)[run.seed])
    return found


PENALTY_SLIDERS = ("label_noise", "epochs", "batch_size", "lr", "seed")
OWN_DROPOUT = ("dropout", *PENALTY_SLIDERS)
OWN_PENALTY = ("l1", "l1_method", "l2", "l2_method", "penalised", *PENALTY_SLIDERS)
"""What the student's own run offers on either page."""


def own_penalty_runs() -> set[RunConfig]:
    """Every stop of every slider around the student's own run with dropout, and with L1 (and L2 beside it)."""
    runs = {config for name in OWN_DROPOUT for config in sweep(SMALL_DROPOUT, name)}
    sliders = [name for name in OWN_PENALTY if FIELDS[name].stops]
    runs |= {config for name in sliders for config in sweep(SMALL_L1, name)}
    return runs | {replace(SMALL_L1, penalised="all"), replace(SMALL_L1, l1_method="proximal")}


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

WITH_WEIGHTS = frozenset({
    FULL, BARRIER.end, SMALL_AND_NOISY, BATCH_NORM, LAYER_NORM, SMALL_DROPOUT, SMALL_L1, SMALL_L2,
    *(config for path in paths_of(FULL) if path != decay_path(FULL) for config in path.values()),
})  # fmt: skip
"""The runs that are shipped with their weights; of the others the numbers are enough."""

RUNS: tuple[Callable[[], set[RunConfig]], ...] = (baseline_runs, norm_runs, own_runs, penalty_runs, own_penalty_runs)
