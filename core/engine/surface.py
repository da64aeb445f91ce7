"""Loss surfaces around a trained network, by filter-normalised directions or by the source notebook's method."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from core.data import Images
from core.engine.landscape import (
    filter_normalised_direction,
    inner_product,
    loss_grid,
    moved,
    network_at,
    norm_of,
    notebook_direction,
    parameters_of,
    training_images,
)
from core.engine.measurement import OnStep, unheard
from core.engine.models import torch_generator
from core.engine.training import fix_threads, versions
from core.results.run import Run
from core.results.surface import Surface, SurfaceSpec


def measure(spec: SurfaceSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Surface:
    """The surface that `spec` describes around its run. Raises ValueError where the run kept no weights."""
    (run,) = runs
    if spec.method == "notebook":
        return _by_notebook(spec, run, images, on_step)
    fix_threads()
    started = time.perf_counter()
    theta = parameters_of(run)
    u, v = (filter_normalised_direction(theta, spec.direction_seed, which) for which in "uv")
    x, y = training_images(run.config, images, spec.n_images)
    grid = loss_grid(theta, u, v, spec.coordinates, spec.coordinates, x, y, run.config, spec.statistics, on_step)
    return _finished(spec, grid, theta, u, v, x, y, started)


@torch.no_grad()
def _by_notebook(spec: SurfaceSpec, run: Run, images: Images, on_step: OnStep) -> Surface:
    """The notebook's method, its faults included: positive, repeated, unnormalised directions over all parameters, a
    grid that misses θ*, fresh shuffled images at each point, running statistics that belong to θ*.

    Two of its faults are left out, since they are no part of the picture: it leaves the network at the grid's last
    corner, and it draws its axes swapped (the figure does that, where it is asked to).
    """
    fix_threads()
    started = time.perf_counter()
    theta = parameters_of(run)
    w1, w2 = notebook_direction(theta, 1), notebook_direction(theta, 2)
    x, y = training_images(run.config, images)
    shuffle = torch_generator(run.config.seed, "notebook batches")
    logits = network_at(run.config)
    grid = np.empty((spec.resolution, spec.resolution))
    for i, alpha in enumerate(spec.coordinates):
        for j, beta in enumerate(spec.coordinates):
            batch = torch.randperm(len(x), generator=shuffle)[: spec.n_images]
            point = moved(theta, w2, w1, float(alpha), float(beta))
            grid[i, j] = cross_entropy(logits(point, x[batch]), y[batch]).item()
        on_step(i + 1, spec.resolution)
    batch = slice(spec.n_images)
    return _finished(spec, grid, theta, w2, w1, x[batch], y[batch], started)


@torch.no_grad()
def _finished(spec, grid, theta, u, v, x, y, started) -> Surface:
    trained = {name: w for name, w in theta.items() if "running" not in name}
    norms = norm_of(u), norm_of(v)
    at_theta = cross_entropy(network_at(spec.run, spec.statistics)(theta, x), y, reduction="none")
    return Surface(
        spec=spec,
        loss=grid.astype(np.float32),
        cosine=inner_product(u, v) / (norms[0] * norms[1]),
        direction_norms=norms,
        weight_norm=norm_of(trained),
        standard_error=at_theta.std().item() / math.sqrt(len(x)),
        seconds=time.perf_counter() - started,
        versions=versions(),
    )
