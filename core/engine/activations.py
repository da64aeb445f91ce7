"""The hidden units of a trained network, read off the test images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from core.data import Images
from core.engine.evaluation import evaluation_images
from core.engine.measurement import OnStep, unheard
from core.engine.models import model_of, torch_generator
from core.engine.training import fix_threads
from core.results.activations import ACTIVATION_BINS, ACTIVATION_TOP, SWITCHED_OFF, Activations, ActivationSpec
from core.results.run import Run

LAST_OF_BLOCK = ("relu1", "relu2")


@torch.no_grad()
def measure(spec: ActivationSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Activations:
    """Everything of `Activations` for one run. Raises ValueError where the run kept no weights."""
    fix_threads()
    (run,) = runs
    model = model_of(run)
    x, y = evaluation_images(images, spec.n_images)
    hidden = hidden_activations(model, x)
    without = []
    for share in SWITCHED_OFF:
        without.append(_accuracy_without(model, x, y, share, spec.draws))
        on_step(len(without), len(SWITCHED_OFF))
    return Activations(
        spec=spec,
        active=np.array([(h > 0).double().mean().item() for h in hidden]),
        never=np.array([(~(h > 0).any(dim=0)).double().mean().item() for h in hidden]),
        correlation=np.array([mean_correlation(h) for h in hidden]),
        mean=np.array([h.double().mean().item() for h in hidden]),
        histogram=np.array([_shares(h) for h in hidden]),
        accuracy_without=np.array(without),
    )


def hidden_activations(model: nn.Sequential, x: Tensor) -> list[Tensor]:
    """The activations (N, units) of both hidden layers after their ReLU, for pixels x (N, …), in the model's mode."""
    found = []
    for name, layer in model.named_children():
        x = layer(x)
        if name in LAST_OF_BLOCK:
            found.append(x)
    return found


def mean_correlation(h: Tensor) -> float:
    """The mean |Pearson correlation| of two different columns of h (N, units), over all pairs; columns that are
    constant are left out, and without a pair it is 0."""
    centred = h.double() - h.double().mean(dim=0)
    lengths = centred.norm(dim=0)
    unit = (centred / lengths)[:, lengths > 0]
    n = unit.shape[1]
    if n < 2:
        return 0.0
    correlations = (unit.T @ unit).abs()
    return ((correlations.sum() - correlations.diagonal().sum()) / (n * (n - 1))).item()


def _shares(h: Tensor) -> np.ndarray:
    """The share of zeros, then of each bin of (0, ACTIVATION_TOP]."""
    positive = h[h > 0].clamp(max=ACTIVATION_TOP).numpy()
    counts, _ = np.histogram(positive, np.linspace(0, ACTIVATION_TOP, ACTIVATION_BINS + 1))
    return np.concatenate([[h.numel() - len(positive)], counts]) / h.numel()


def _accuracy_without(model: nn.Sequential, x: Tensor, y: Tensor, share: float, draws: int) -> float:
    """The accuracy with each hidden unit switched off with probability `share`, anew for each image, the others divided
    by 1 − share: inverted dropout on a network in evaluation mode."""
    found = []
    for draw in range(draws if share else 1):
        generator, h = torch_generator(draw, f"units switched off {share:g}"), x
        for name, layer in model.named_children():
            h = layer(h)
            if name in LAST_OF_BLOCK and share:
                h = h * torch.empty_like(h).bernoulli_(1 - share, generator=generator) / (1 - share)
        found.append((h.argmax(1) == y).double().mean().item())
    return float(np.mean(found))
