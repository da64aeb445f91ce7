"""The accuracy of a trained network whose small weights are set to zero, and all that is kept of its first layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.data import Images
from core.engine.evaluation import evaluation_images
from core.engine.landscape import network_at, parameters_of
from core.engine.measurement import OnStep, unheard
from core.engine.training import fix_threads
from core.results.run import Run, layer_matrices
from core.results.sparsity import LAYER, Sparsity, SparsitySpec, histogram_of, levels_of


@torch.no_grad()
def measure(spec: SparsitySpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Sparsity:
    """Count, weigh and prune the first layer of `run`; the accuracies are on all test images, in evaluation mode.

    Pruning sets the weights with |w| ≤ threshold to 0 in the first layer only, without training on. Raises ValueError
    where the run kept no weights.
    """
    fix_threads()
    (run,) = runs
    theta, logits = parameters_of(run), network_at(run.config)
    x, y = evaluation_images(images)
    w = run.weights[f"{LAYER}.weight"]
    levels = levels_of(w, spec.thresholds)
    accuracy = []
    for k in range(len(spec.thresholds)):
        kept = torch.from_numpy(levels > k)
        pruned = theta | {f"{LAYER}.weight": theta[f"{LAYER}.weight"] * kept}
        accuracy.append((logits(pruned, x).argmax(1) == y).double().mean().item())
        on_step(k + 1, len(spec.thresholds))
    matrices = [m.astype(np.float64) for m in layer_matrices(run.weights).values()]
    return Sparsity(
        spec=spec,
        small=np.array([(levels <= k).sum() for k in range(len(spec.thresholds))]),
        alive=np.array([(levels > k).any(axis=1).sum() for k in range(len(spec.thresholds))]),
        accuracy=np.array(accuracy),
        histogram=histogram_of(w),
        norms=np.array([[np.abs(m).sum() for m in matrices], [np.square(m).sum() for m in matrices]]),
        largest=np.array(np.abs(matrices[0]).max()),
        spread=np.array(matrices[0].std()),
        levels=levels if spec.with_map else np.empty((0, 0), np.uint8),
    )
