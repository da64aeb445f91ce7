"""L1, L2 and max-norm: terms of the loss, and what is done to weights after a step. w is a tensor of any shape."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from core.engine.optimizers import Optimizer


def l1_penalty(parameters: Iterable[Tensor], strength: float) -> Tensor:
    """λ₁·Σ|w| over all parameters, a scalar. Its subgradient is λ₁·sign(w), with sign(0) = 0."""
    return strength * torch.stack([w.abs().sum() for w in parameters]).sum()


def l2_penalty(parameters: Iterable[Tensor], strength: float) -> Tensor:
    """λ₂·Σw² over all parameters, a scalar. Its gradient is 2·λ₂·w: an optimizer's weight_decay of 2·λ₂."""
    return strength * torch.stack([w.square().sum() for w in parameters]).sum()


def soft_threshold(w: Tensor, threshold: float | Tensor) -> Tensor:
    """sign(w)·max(|w| − threshold, 0), elementwise: the proximal map of threshold·|w| (threshold ≥ 0, of w's shape or
    one).

    The minimiser over u of ½(u − w)² + threshold·|u| (Parikh & Boyd 2014, Proximal Algorithms, §6.5.2).
    """
    return torch.sign(w) * (w.abs() - threshold).clamp_min(0)


@torch.no_grad()
def proximal_step(optimizer: Optimizer, parameters: Iterable[nn.Parameter], strength: float) -> None:
    """L1's proximal step after a step of the optimizer, in place.

    After plain SGD: w ← soft_threshold(w, lr·λ₁). After Adam: w ← soft_threshold(w, lr·λ₁ / (√v̂ + eps)). Adam steps
    each weight by its own step size lr/(√v̂ + eps), where v̂ is its bias-corrected mean squared gradient; the proximal
    map must use the same one, or it would solve another problem than λ₁·Σ|w| in the loss (Yun, Lozano & Yang 2020,
    arXiv:2007.07484, algorithm ProxGen). A weight whose data gradient is always 0 becomes exactly 0 at once.
    """
    settings = {id(w): group for group in optimizer.param_groups for w in group["params"]}
    for w in parameters:
        group, state = settings[id(w)], optimizer.state[w]
        step_size = group["lr"]
        if "betas" in group:  # Adam
            corrected = state["exp_avg_sq"] / (1 - group["betas"][1] ** float(state["step"]))
            step_size = step_size / (corrected.sqrt() + group["eps"])
        w.copy_(soft_threshold(w, step_size * strength))


@torch.no_grad()
def limit_norms(model: nn.Module, limit: float) -> None:
    """Max-norm (Srivastava et al. 2014, §5.1), in place: each hidden unit's incoming weights w with ‖w‖₂ above `limit`
    (> 0) are scaled back to that norm, the nearest point of the ball. Biases and the output layer are left alone."""
    *hidden, _ = (layer for layer in model.modules() if isinstance(layer, nn.Linear))
    for layer in hidden:
        layer.weight.renorm_(p=2, dim=0, maxnorm=limit)


def penalised_parameters(model: nn.Module, which: str) -> list[nn.Parameter]:
    """The parameters of the linear layers that are penalised: `which` is "weights", or "all" for the biases too.

    Those of normalisation layers never are: their scale is what the normalisation is free to choose.
    """
    linear = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    weights = [layer.weight for layer in linear]
    return weights if which == "weights" else weights + [layer.bias for layer in linear]
