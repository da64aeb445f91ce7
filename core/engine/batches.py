"""Measures what core/results/batches.py describes, of a trained network."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from core.data import Images, split_images
from core.engine.landscape import filter_normalised_direction, logits_at, moved, parameters_of
from core.engine.models import torch_generator
from core.engine.training import as_pixels, fix_threads, test_tensors
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
def measure_batches(spec: BatchesSpec, run: Run, images: Images) -> Batches:
    """Losses along one direction on fresh and on fixed images, and the accuracy of each test batch. Raises ValueError
    where the run kept no weights."""
    fix_threads()
    theta = parameters_of(run)
    u = filter_normalised_direction(theta, 0, "u")
    split = split_images(images, run.config)
    x, y = as_pixels(torch.from_numpy(split.train_x)), torch.from_numpy(split.train_y)
    shuffle = torch_generator(run.config.seed, "fresh batches")

    def loss(alpha: float, chosen: torch.Tensor | slice) -> float:
        at = moved(theta, u, u, alpha, 0.0)
        return cross_entropy(logits_at(at, x[chosen], run.config), y[chosen]).item()

    def fresh() -> torch.Tensor:
        return torch.randint(len(x), (FRESH_BATCH,), generator=shuffle)

    same = slice(FIXED_IMAGES)
    test_x, test_y = test_tensors(images)
    right = (logits_at(theta, test_x.flatten(1), run.config).argmax(1) == test_y).double()
    return Batches(
        spec,
        fresh=np.array([[loss(alpha, fresh()) for alpha in positions(POINTS)] for _ in range(REPEATS)]),
        fixed=np.array([loss(alpha, same) for alpha in positions(POINTS)]),
        odd=np.array([loss(alpha, same) for alpha in positions(POINTS + 1)]),
        at_centre=np.array([loss(0.0, fresh()) for _ in range(AT_CENTRE)]),
        accuracies=np.array([batch.mean().item() for batch in right.split(TEST_BATCH)]),
        sizes=np.array([len(batch) for batch in right.split(TEST_BATCH)]),
    )
