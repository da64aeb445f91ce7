"""The norms of a trained network's weights, and how many of them are small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.data import Images
from core.engine.measurement import OnStep, unheard
from core.results.run import Run, layer_matrices
from core.results.sparsity import levels_of
from core.results.weight_sizes import WeightSizes, WeightSizesSpec


def measure(spec: WeightSizesSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> WeightSizes:
    """Sum and count the stored weights of `run`; images are not looked at. Raises ValueError where it kept none."""
    (run,) = runs
    if run.weights is None:
        raise ValueError("this run kept its numbers only, not its weights")
    layers = [w.astype(np.float64) for w in layer_matrices(run.weights).values()]
    at = np.arange(len(spec.thresholds))
    on_step(1, 1)
    return WeightSizes(
        spec,
        l1=np.array([np.abs(w).sum() for w in layers]),
        squares=np.array([np.square(w).sum() for w in layers]),
        count=np.array([w.size for w in layers]),
        small=np.array([(levels_of(w, spec.thresholds)[..., None] <= at).sum(axis=(0, 1)) for w in layers]),
    )
