"""What both lessons on normalisation compare and ask for in code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.over_seeds import Networks, normalised, own_settings
from core.results.probe import ProbeSpec
from core.results.shift import Shift
from core.typed_code.exercises import Inputs, draw_numbers

OWN_SETTINGS = own_settings("norm", "norm_position", "n_train")
"""What the student's own run of a normalised network offers."""

# --- what is compared -----------------------------------------------------------------------------------------------

LARGE_STEPS = RunConfig(optimizer="sgd", epochs=5, lr=0.1)
"""Plain gradient descent on all images, which shows what a learning rate does; Adam would rescale it away."""
LEARNING_RATES = (0.03, 0.1, 0.5, 1.0, 3.0)

SMALL_BATCHES = RunConfig(n_train=2000, epochs=10, lr=1e-3)
"""2,000 images with right labels, so that batches of 2 take seconds."""
BATCH_SIZES = (2, 4, 8, 32, 128)


@cache
def at_learning_rate(lr: float) -> Networks:
    return normalised(replace(LARGE_STEPS, lr=lr))


@cache
def at_batch_size(batch_size: int) -> Networks:
    return normalised(replace(SMALL_BATCHES, batch_size=batch_size))


@cache
def probes(optimizer: str) -> dict[str, tuple[ProbeSpec, ...]]:
    """Santurkar's measures for each network over all seeds: Adam at the course's learning rate, or SGD at 0.1."""
    base = replace(FULL, optimizer=optimizer, lr=3e-4 if optimizer == "adam" else 0.1)
    return {name: tuple(map(ProbeSpec, seeds_of(config))) for name, config in normalised(base).items()}


FROM_STEP = 100
"""Before, the plain network hardly answers yet."""

PRESETS = {
    "As in training": Shift(),
    "Dark": Shift(brightness=-0.3),
    "Fog": Shift(brightness=0.1, contrast=0.25),
    "Grainy": Shift(noise=0.3),
}
"""How the images change between training and use, by name."""

# --- typed code -----------------------------------------------------------------------------------------------------

CLEAN = replace(SMALL_AND_NOISY, label_noise=0.0)
"""What a typed network is trained on."""

NORM_LAYERS = """\
model_{short} = nn.Sequential(
    nn.Flatten(),
    nn.Linear(input_shape, {first}),
    {one}
    nn.ReLU(),
    nn.Linear({first}, {second}),
    {two}
    nn.ReLU(),
    nn.Linear({second}, num_classes),
).to(device)
"""
BY_HAND = "x_hat = {}\n"
OVER_THE_BATCH = "(x - x.mean(dim=0)) / torch.sqrt(x.var(dim=0, unbiased=False) + eps)"
OVER_THE_UNITS = "(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True) + eps)"


def draw_batch(rng: np.random.Generator) -> Inputs:
    """Five images with three units each, of different sizes."""
    return {"x": draw_numbers(rng, 5, 3) * np.array([1.0, 10.0, 0.1]) + np.array([0.0, 5.0, -1.0])}


def with_eps(inputs: Inputs) -> dict[str, Any]:
    return {**inputs, "eps": 1e-3}
