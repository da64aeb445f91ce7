"""What both lessons on normalisation compare and ask for in code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from core.config import SMALL_AND_NOISY
from core.course.over_seeds import own_settings
from core.typed_code.exercises import Inputs, draw_numbers

OWN_SETTINGS = own_settings("norm", "norm_position", "n_train")
"""What the student's own run of a normalised network offers."""


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
