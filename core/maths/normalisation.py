"""Batch and layer normalisation written out: forward, backward, running statistics. numpy, so that a page can step
through.

Arrays are (B, D): B samples of a mini-batch in rows, D features (units) in columns. Batch norm: Ioffe & Szegedy 2015,
arXiv:1502.03167, algorithm 1. Layer norm: Ba, Kiros & Hinton 2016, arXiv:1607.06450, equation 3. Both as torch.nn has
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Axis = Literal["batch", "layer"]

EPS = 1e-5
"""The ε of PyTorch's batch and layer norm."""
MOMENTUM = 0.1
"""PyTorch's momentum of the running statistics: the weight of the new value. (Keras's momentum is 1 minus this.)"""


@dataclass(frozen=True)
class Normalised:
    """Every step of one normalisation. mean, variance, std: (1, D) for batch norm, (B, 1) for layer norm."""

    mean: np.ndarray
    variance: np.ndarray
    """Biased: divided by the number of values."""
    std: np.ndarray
    """√(variance + ε)."""
    x_hat: np.ndarray
    """(B, D): (x − mean) / std."""
    y: np.ndarray
    """(B, D): γ·x_hat + β."""


def normalise(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, along: Axis, eps: float = EPS) -> Normalised:
    """Normalise x (B, D) with γ, β (D,) over the batch (each feature by itself) or the layer (each sample by itself).

    Raises ValueError for batch norm over fewer than two samples: one sample has no variance, and its x̂ would be 0.
    """
    if along == "batch" and len(x) < 2:
        raise ValueError("batch norm in training mode needs at least two samples")
    axis = 0 if along == "batch" else 1
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    std = np.sqrt(variance + eps)
    x_hat = (x - mean) / std
    return Normalised(mean, variance, std, x_hat, gamma * x_hat + beta)


def gradients(
    x: np.ndarray, gamma: np.ndarray, upstream: np.ndarray, along: Axis, eps: float = EPS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """∂L/∂x (B, D), ∂L/∂γ (D,), ∂L/∂β (D,) for upstream = ∂L/∂y (B, D): the chain rule through mean and variance.

    ∂L/∂x = (g − mean(g) − x̂·mean(g·x̂)) / std with g = γ·upstream and means over the normalised axis.
    """
    step = normalise(x, gamma, np.zeros_like(gamma), along, eps)
    axis = 0 if along == "batch" else 1
    g = gamma * upstream
    centred = g - g.mean(axis=axis, keepdims=True) - step.x_hat * (g * step.x_hat).mean(axis=axis, keepdims=True)
    return centred / step.std, (upstream * step.x_hat).sum(axis=0), upstream.sum(axis=0)


@dataclass(frozen=True)
class Running:
    """Batch norm's running statistics, (D,) each: what evaluation mode normalises with."""

    mean: np.ndarray
    variance: np.ndarray
    """Unbiased variances (divided by B − 1) are averaged here, although training divides by the biased one."""

    @staticmethod
    def start(features: int) -> Running:
        """PyTorch's start: mean 0, variance 1."""
        return Running(np.zeros(features), np.ones(features))

    def updated(self, x: np.ndarray, momentum: float = MOMENTUM) -> Running:
        """After one training step on x (B, D), B ≥ 2: (1 − m)·running + m·batch."""
        old, new = 1 - momentum, momentum
        return Running(old * self.mean + new * x.mean(axis=0), old * self.variance + new * x.var(axis=0, ddof=1))

    def normalise(self, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = EPS) -> Normalised:
        """Evaluation mode: γ·(x − running mean)/√(running variance + ε) + β, the same for a sample in any company."""
        std = np.sqrt(self.variance + eps)
        x_hat = (x - self.mean) / std
        return Normalised(self.mean[None], self.variance[None], std[None], x_hat, gamma * x_hat + beta)


def running_course(
    batches: list[np.ndarray], momentum: float = MOMENTUM, *, features: int | None = None
) -> tuple[list[Running], list[tuple[np.ndarray, np.ndarray]]]:
    """The running statistics after each of several training batches (start included), and each batch's own mean and
    unbiased variance. features: how many there are, needed where there are no batches."""
    course = [Running.start(features or batches[0].shape[1])]
    for x in batches:
        course.append(course[-1].updated(x, momentum))
    return course, [(x.mean(axis=0), x.var(axis=0, ddof=1)) for x in batches]
