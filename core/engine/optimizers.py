"""Adam, AdamW and SGD, fused: the functions of torch.optim without its classes.

The classes load PyTorch's compiler at their first step, which nothing here uses: a second and 80 MB, at a moment when
somebody waits for the first point of a curve. The functions are what the classes call, so the bits are theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.sgd import sgd

BETAS, EPS = (0.9, 0.999), 1e-8
"""Adam's decay rates and its ε, as in Kingma & Ba 2015 and in torch.optim."""


class Optimizer:
    """An optimizer of CPU parameters that all have gradients. kind: "sgd" (plain), "adam" or "adamw" (decoupled decay).

    groups: the parameters ("params") that share one "weight_decay". param_groups and state are laid out as in
    torch.optim: of Adam "betas" and "eps", and for each parameter "step", "exp_avg" and "exp_avg_sq".
    """

    def __init__(self, kind: str, groups: Sequence[dict[str, Any]], *, lr: float):
        self.kind = kind
        adams = {} if kind == "sgd" else {"betas": BETAS, "eps": EPS}
        self.param_groups = [{"lr": lr, **adams, **group} for group in groups]
        parameters = [w for group in self.param_groups for w in group["params"]]
        self.state: dict[nn.Parameter, dict[str, Tensor]] = {w: {} for w in parameters}
        if adams:
            for w, state in self.state.items():
                state |= {"step": torch.tensor(0.0), "exp_avg": torch.zeros_like(w), "exp_avg_sq": torch.zeros_like(w)}

    def zero_grad(self) -> None:
        """Drop the gradients of the step before."""
        for w in self.state:
            w.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter by its gradient, in place."""
        for group in self.param_groups:
            if self.kind == "sgd":
                self._sgd(group)
            else:
                self._adam(group)

    def _sgd(self, group: dict[str, Any]) -> None:
        sgd(
            group["params"],
            [w.grad for w in group["params"]],
            [None] * len(group["params"]),
            fused=True,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            momentum=0.0,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )

    def _adam(self, group: dict[str, Any]) -> None:
        states = [self.state[w] for w in group["params"]]
        beta1, beta2 = group["betas"]
        adam(
            group["params"],
            [w.grad for w in group["params"]],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            decoupled_weight_decay=self.kind == "adamw",
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )
