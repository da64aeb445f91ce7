"""Networks for the tests of what is measured around them, and their loss by the slow way."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from core.config import DIGITS, RunConfig
from core.data import split_images
from core.engine.models import Dropout, build_model
from core.results.run import Evaluation, Run

KINDS = [
    (settings, statistics)
    for settings in (
        {},
        {"dropout": 0.5},
        *({"norm": norm, "norm_position": at} for norm in ("batch", "layer") for at in ("before", "after")),
        {"norm": "batch", "dropout": 0.5},
    )
    for statistics in (("running", "batch") if settings.get("norm") == "batch" else ("running",))
]
KIND_IDS = [f"{statistics} {settings}" for settings, statistics in KINDS]


def run_of(**settings) -> Run:
    """A run of digits whose weights are random, biases, γ, β and running statistics too, and none at its default."""
    config = replace(DIGITS, n_train=100, **settings)
    model = build_model(config)
    generator = torch.Generator().manual_seed(config.seed)
    for name, tensor in model.state_dict().items():
        if tensor.ndim == 1:
            low = 0.5 if name.endswith(("norm1.weight", "norm2.weight", "running_var")) else -0.5
            tensor.uniform_(low, low + 1, generator=generator)
    weights = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    nothing = Evaluation(0.0, 0.0)
    return Run(config, (), nothing, nothing, weights, seconds=0.0, device="cpu", threads=1)


def random_direction(theta, seed: int):
    """A direction over every parameter, biases and normalisation too; running statistics stay where they are."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.zeros_like(w) if "running" in name else 0.1 * torch.randn(w.shape, generator=generator)
        for name, w in theta.items()
    }


def images_of(run: Run, digits, n: int | None = None):
    split = split_images(digits, run.config)
    return torch.tensor(split.train_x[:n] / 255.0, dtype=torch.float32), torch.tensor(split.train_y[:n])


def brute_force(config: RunConfig, theta, u, v, alpha, beta, x, y, statistics="running") -> float:
    """The loss at θ + αu + βv by the network itself, with these weights set."""
    model = build_model(config)
    point = {name: w + alpha * u[name] + beta * v[name] for name, w in theta.items()}
    model.load_state_dict(point, strict=False)
    model.train(statistics == "batch")
    for layer in model.modules():
        if isinstance(layer, Dropout):
            layer.eval()
        elif isinstance(layer, nn.Linear):
            layer.__class__ = nn.Linear  # PyTorch's own: ours differs in how it computes the products
    with torch.no_grad():
        return cross_entropy(model(x), y).item()


def flat(direction) -> torch.Tensor:
    return torch.cat([w.flatten().double() for w in direction.values()])
