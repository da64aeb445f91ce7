"""The variance of what reaches batch norm, with dropout's masks and without them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from core.data import Images, split_images
from core.engine.evaluation import as_pixels, evaluate
from core.engine.measurement import OnStep, unheard
from core.engine.models import Dropout, model_of
from core.engine.training import fix_threads
from core.results.run import Run
from core.results.variance_shift import VarianceShift, VarianceShiftSpec


@torch.no_grad()
def measure(spec: VarianceShiftSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> VarianceShift:
    """Look at the inputs of both norms of `run`, and at its test images with either statistics. Raises ValueError where
    the run kept no weights."""
    fix_threads()
    (run,) = runs
    model, split = model_of(run), split_images(images, spec.run)
    x = as_pixels(torch.from_numpy(split.train_x[: spec.n_images]))
    test = torch.from_numpy(split.test_x), torch.from_numpy(split.test_y)
    running = torch.cat([norm.running_var.double() for norm in _norms(model)])
    unmasked = _variances([_inputs(model, x)])
    drawn = []
    for done in range(spec.draws):
        drawn.append(_inputs(model, x, masked=True))
        on_step(done + 1, spec.draws)
    as_trained = evaluate(model, *test)
    _measure_anew(model, x)
    anew = evaluate(model, *test)
    return VarianceShift(
        spec,
        running=running.numpy(),
        masked=_variances(drawn),
        unmasked=unmasked,
        as_trained=np.array([as_trained.loss, as_trained.accuracy]),
        measured_anew=np.array([anew.loss, anew.accuracy]),
    )


def _norms(model: nn.Sequential) -> list[nn.BatchNorm1d]:
    return [module for module in model if isinstance(module, nn.BatchNorm1d)]


def _inputs(model: nn.Sequential, x: Tensor, *, masked: bool = False) -> list[Tensor]:
    """What reaches each norm for pixels x (N, …): [(N, units)], batch norm in evaluation mode, masks on or off."""
    found = []
    for module in model:
        if isinstance(module, nn.BatchNorm1d):
            found.append(x.double())
        module.train(masked and isinstance(module, Dropout))
        x = module(x)
    model.eval()
    return found


def _variances(draws: list[list[Tensor]]) -> np.ndarray:
    """The variance of each unit over images and draws: (units of both layers,) float64."""
    layers = [torch.cat(of_layer) for of_layer in zip(*draws, strict=True)]
    return torch.cat([layer.var(0, correction=0) for layer in layers]).numpy()


def _measure_anew(model: nn.Sequential, x: Tensor) -> None:
    """Put mean and variance of the images, in evaluation mode, into the running statistics: the first layer's first,
    since the second sees what the first gives then."""
    for number, norm in enumerate(_norms(model)):
        inputs = _inputs(model, x)[number]
        norm.running_mean.copy_(inputs.mean(0))
        norm.running_var.copy_(inputs.var(0))
