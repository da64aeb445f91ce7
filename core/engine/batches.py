"""Measures what core/results/batches.py describes, of a trained network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from core.data import Images
from core.engine.evaluation import evaluation_images
from core.engine.landscape import filter_normalised_direction, moved, network_at, parameters_of, training_images
from core.engine.measurement import OnStep, unheard
from core.engine.models import torch_generator
from core.engine.training import fix_threads
from core.results.batches import (
    AT_CENTRE,
    FIXED_IMAGES,
    FRESH_BATCH,
    POINTS,
    REPEATS,
    TEST_BATCH,
    Batches,
    BatchesSpec,
    positions,
)
from core.results.run import Run


@torch.no_grad()
def measure(spec: BatchesSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Batches:
    """Losses along one direction on fresh and on fixed images, and the accuracy of each test batch. Raises ValueError
    where the run kept no weights."""
    fix_threads()
    (run,) = runs
    theta, logits = parameters_of(run), network_at(run.config)
    u = filter_normalised_direction(theta, 0, "u")
    x, y = training_images(run.config, images)
    shuffle = torch_generator(run.config.seed, "fresh batches")

    def loss(alpha: float, chosen: torch.Tensor | slice) -> float:
        at = moved(theta, u, u, alpha, 0.0)
        return cross_entropy(logits(at, x[chosen]), y[chosen]).item()

    def fresh() -> torch.Tensor:
        return torch.randint(len(x), (FRESH_BATCH,), generator=shuffle)

    same = slice(FIXED_IMAGES)
    test_x, test_y = evaluation_images(images)
    right = (logits(theta, test_x).argmax(1) == test_y).double()
    on_fresh = []
    for _ in range(REPEATS):
        on_fresh.append([loss(alpha, fresh()) for alpha in positions(POINTS)])
        on_step(len(on_fresh), REPEATS)
    return Batches(
        spec,
        fresh=np.array(on_fresh),
        fixed=np.array([loss(alpha, same) for alpha in positions(POINTS)]),
        odd=np.array([loss(alpha, same) for alpha in positions(POINTS + 1)]),
        at_centre=np.array([loss(0.0, fresh()) for _ in range(AT_CENTRE)]),
        accuracies=np.array([batch.mean().item() for batch in right.split(TEST_BATCH)]),
        sizes=np.array([len(batch) for batch in right.split(TEST_BATCH)]),
    )
