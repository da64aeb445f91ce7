"""The Hessian of a network's loss by its products with vectors, without ever writing it out: 388,000 × 388,000 numbers.

A product H·v costs about as much as two gradients: it is the derivative of gradient·v (Pearlmutter 1994, Neural
Computation 6, 147–160). From products alone come the largest eigenvalue, by Lanczos' method, and the trace, by
Hutchinson's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from core.config import RunConfig
from core.engine.landscape import Parameters, network_at

Product = Callable[[Tensor], Tensor]
"""v (P,) → H·v (P,), for a symmetric H (P, P)."""


@dataclass(frozen=True)
class Curved:
    """A loss at a point: its value, its gradient (P,), and the product of its Hessian there."""

    loss: float
    gradient: Tensor
    product: Product


def curved_loss(theta: Parameters, x: Tensor, y: Tensor, config: RunConfig, statistics: str = "running") -> Curved:
    """The mean cross-entropy (nats) of pixels x (N, …) with classes y (N,) at θ, in evaluation mode, as a function of
    all P trained parameters: weights, biases, γ and β, laid end to end in the order of θ.

    statistics: as in `network_at`; running ones are constants, whatever the direction of v. ReLU has no second
    derivative at 0, which is taken to be 0 there. Keeps the graph of one pass over all images in memory.
    """
    trained = {name: w.clone().requires_grad_() for name, w in theta.items() if "running" not in name}
    loss = cross_entropy(network_at(config, statistics, twice_differentiable=True)({**theta, **trained}, x), y)
    parts = list(trained.values())
    slopes = torch.autograd.grad(loss, parts, create_graph=True)

    def product(v: Tensor) -> Tensor:
        along = [d.view_as(w) for d, w in zip(v.split([w.numel() for w in parts]), parts, strict=True)]
        return _end_to_end(torch.autograd.grad(slopes, parts, along, retain_graph=True))

    return Curved(loss.item(), _end_to_end(slopes).detach(), product)


def _end_to_end(parts: Iterable[Tensor]) -> Tensor:
    return torch.cat([part.flatten() for part in parts])


@dataclass(frozen=True)
class Eigenvalue:
    """An eigenvalue λ with its unit vector v (P,) as far as it was found, and the residual ‖H·v − λ·v‖."""

    value: float
    vector: Tensor
    residual: float


def top_eigenvalue(
    product: Product, start: Tensor, steps: int, on_step: Callable[[], None] = lambda: None
) -> Eigenvalue:
    """The largest (most positive, not largest in magnitude) eigenvalue of H, by `steps` steps of Lanczos' method from
    `start` (P,), a random vector.

    Every basis vector is made orthogonal to all earlier ones, twice over, so that rounding cannot bring found
    eigenvalues back (Parlett 1998, The Symmetric Eigenvalue Problem, §13). The value is vᵀHv, so never above the
    largest eigenvalue, and some eigenvalue lies within the residual of it (§4.5); that it is the largest one depends on
    `start` having a part along its vector. Stops early where the basis spans all that H makes of `start`.
    """
    basis = [start / start.norm()]
    diagonal, beside = [], []
    for _ in range(steps):
        w = product(basis[-1])
        diagonal.append((w @ basis[-1]).item())
        rows = torch.stack(basis)
        for _ in range(2):
            w = w - rows.T @ (rows @ w)
        beside.append(w.norm().item())
        on_step()
        if beside[-1] <= torch.finfo(w.dtype).eps * max(map(abs, diagonal)) or len(basis) == len(start):
            break
        basis.append(w / beside[-1])
    tridiagonal = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    weights = torch.from_numpy(np.linalg.eigh(tridiagonal)[1][:, -1]).to(start.dtype)
    v = weights @ torch.stack(basis[: len(weights)])
    v = v / v.norm()
    w = product(v)
    value = (v @ w).item()
    return Eigenvalue(value, v, (w - value * v).norm().item())


def trace_samples(product: Product, like: Tensor, n: int, generator: torch.Generator) -> Iterator[float]:
    """n numbers whose expectation is the trace of H: vᵀHv for vectors v of random signs, of the length and type of
    `like` (Hutchinson 1990, Commun. Stat. Simul. 19, 433–450). Their variance is 2·Σ of squares off the diagonal."""
    for _ in range(n):
        v = torch.randint(2, like.shape, generator=generator).to(like.dtype) * 2 - 1
        yield (v @ product(v)).item()
