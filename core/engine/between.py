"""Loss and accuracy on the straight line between two trained networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.data import Images
from core.engine.evaluation import evaluate_logits, evaluation_images
from core.engine.landscape import (
    Parameters,
    network_at,
    parameters_of,
    training_images,
    with_statistics_of,
)
from core.engine.measurement import OnStep, unheard
from core.engine.training import fix_threads
from core.results.between import Between, BetweenSpec
from core.results.run import Run


@torch.no_grad()
def measure(spec: BetweenSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Between:
    """Evaluate every point between the last weights of two runs, biases, γ and β included. Raises ValueError where a
    run kept no weights."""
    fix_threads()
    ends = [parameters_of(run) for run in runs]
    logits = network_at(spec.start)
    train = [training_images(run.config, images, spec.n_images) for run in runs]
    sets = [*train, evaluation_images(images)]
    of_both = torch.cat([x for x, _ in train])
    found = []
    for i, t in enumerate(spec.positions):
        points = [_mixed(*ends, float(t))]
        if spec.has_statistics:
            points.append(with_statistics_of(of_both, points[0], spec.start))
        found.append([[evaluate_logits(logits(point, x), y) for x, y in sets] for point in points])
        on_step(i + 1, spec.points)
    loss, accuracy = (
        np.array([[[getattr(e, name) for e in row] for row in point] for point in found]).transpose(1, 2, 0)
        for name in ("loss", "accuracy")
    )
    return Between(spec, loss=loss, accuracy=accuracy)


def _mixed(a: Parameters, b: Parameters, t: float) -> dict[str, torch.Tensor]:
    """(1 − t)·a + t·b; exactly a at 0 and b at 1."""
    return {name: (1 - t) * w + t * b[name] for name, w in a.items()}
