"""Three measures of sharpness at the weights with which a training ended."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
import torch

from core.data import Images
from core.engine.hessian import curved_loss, top_eigenvalue, trace_samples
from core.engine.landscape import (
    Parameters,
    filter_normalised_direction,
    loss_grid,
    parameters_of,
    training_images,
)
from core.engine.measurement import OnStep, unheard
from core.engine.models import torch_generator
from core.engine.training import fix_threads
from core.results.run import Run
from core.results.sharpness import Sharpness, SharpnessSpec


def measure(spec: SharpnessSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Sharpness:
    """Measure around the last weights of `run`. Its seed fixes the random vectors; the directions are the first of
    those that a surface can have. Raises ValueError where the run kept no weights."""
    fix_threads()
    (run,) = runs
    theta = parameters_of(run)
    x, y = training_images(run.config, images, spec.n_images)
    total, done = spec.lanczos_steps + spec.probes + spec.directions, count(1)

    def advance() -> None:
        on_step(next(done), total)

    at = curved_loss(theta, x, y, run.config, spec.statistics)
    start = torch.randn(at.gradient.shape, generator=torch_generator(run.config.seed, "Lanczos start"))
    top = top_eigenvalue(at.product, start, spec.lanczos_steps, advance)
    samples = []
    signs = torch_generator(run.config.seed, "trace")
    for sample in trace_samples(at.product, at.gradient, spec.probes, signs):
        samples.append(sample)
        advance()
    losses = []
    for seed in range(spec.directions):
        losses.append(_along(theta, seed, spec, x, y))
        advance()
    return Sharpness(
        spec,
        loss=at.loss,
        gradient_norm=at.gradient.norm().item(),
        top=top.value,
        residual=top.residual,
        trace_samples=np.array(samples),
        rises=np.array(losses) - at.loss,
    )


def _along(theta: Parameters, seed: int, spec: SharpnessSpec, x, y) -> np.ndarray:
    """(2,): the loss at θ* − radius·u and θ* + radius·u for one filter-normalised direction u."""
    u = filter_normalised_direction(theta, seed, "u")
    nowhere = {name: torch.zeros_like(w) for name, w in theta.items()}
    ends = np.array([-spec.radius, spec.radius])
    return loss_grid(theta, u, nowhere, ends, np.zeros(1), x, y, spec.run, spec.statistics)[:, 0]
