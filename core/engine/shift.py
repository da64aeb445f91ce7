"""Trained networks on images that they were not trained for: their accuracies under brightness, contrast and noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.data import Images
from core.engine.landscape import network_at, parameters_of
from core.engine.measurement import OnStep, unheard
from core.engine.training import fix_threads
from core.results.run import Run
from core.results.shift import Shifted, ShiftSpec, all_shifts
from core.seeds import seeded


@torch.no_grad()
def measure(spec: ShiftSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Shifted:
    """The accuracy of `run` on shifted test images, for every combination of the stops.

    The network is in evaluation mode. Statistics "batch": each batch norm takes mean and variance over all shifted
    images instead of its running statistics, layer by layer; no labels are used (Nado et al. 2020, arXiv:2006.10963;
    Schneider et al. 2020, arXiv:2006.16971). Every network sees the same noise. Raises ValueError where the run kept
    no weights.
    """
    fix_threads()
    (run,) = runs
    theta = parameters_of(run)
    logits = {statistics: network_at(run.config, statistics) for statistics in spec.statistics}
    grey = images.test_x[: spec.n_images].reshape(spec.n_images, -1)
    y = torch.from_numpy(images.test_y[: spec.n_images])
    pixels = grey.astype(np.float32) / 255
    epsilon = seeded(0, "noise of the shifted test images").standard_normal(pixels.shape, dtype=np.float32)
    accuracy = np.empty(spec.shapes["accuracy"]).reshape(len(spec.statistics), -1)
    for j, shift in enumerate(all_shifts()):
        x = torch.from_numpy(shift.applied(pixels, epsilon).astype(np.float32))
        for i, statistics in enumerate(spec.statistics):
            right = logits[statistics](theta, x).argmax(1) == y
            accuracy[i, j] = right.double().mean().item()
        on_step(j + 1, accuracy.shape[1])
    return Shifted(spec, accuracy.reshape(spec.shapes["accuracy"]), np.bincount(grey.ravel(), minlength=256))
