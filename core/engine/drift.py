"""The inputs of the second hidden layer's non-linearity, read off a network while it is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from core.data import Images, split_images
from core.engine.evaluation import as_pixels
from core.engine.measurement import OnStep, unheard
from core.engine.models import build_model, in_training_mode
from core.engine.training import first_steps, fix_threads
from core.results.drift import PERCENTILES, Drift, DriftSpec
from core.results.run import Run


@torch.no_grad()
def inputs_of(model: nn.Sequential, layer: str, x: Tensor) -> Tensor:
    """What reaches the layer of that name for pixels x (N, …), in training mode: (N, units). Running statistics are
    put back, so the network does not notice."""
    with in_training_mode(model):
        for name, module in model.named_children():
            if name == layer:
                break
            x = module(x)
    return x


def measure(spec: DriftSpec, images: Images, runs: Sequence[Run] = (), on_step: OnStep = unheard) -> Drift:
    """Train for spec.steps steps and read the units before every spec.every-th of them, and at the end."""
    fix_threads()
    split = split_images(images, spec.run)
    fixed = as_pixels(torch.from_numpy(split.train_x[: spec.n_images]))
    found = []

    def read(model: nn.Sequential) -> None:
        inputs = inputs_of(model, "relu2", fixed).double().numpy()
        found.append(np.percentile(inputs, PERCENTILES, axis=0).T)

    model = build_model(spec.run)
    for step, _, _ in first_steps(model, spec.run, split, spec.steps):
        if step % spec.every == 0:
            read(model)
        on_step(step + 1, spec.steps)
    read(model)
    return Drift(spec, np.array(found, np.float32))
