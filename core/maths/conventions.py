"""The ways in which the strength of L2 is written down, and what each makes of one weight. Needs no torch.

All say: beside the loss's own gradient, a weight w is pulled to zero by c·w. They differ in how c is called, and in
where the pull is applied: in the gradient, which Adam then rescales, or beside the step (Loshchilov & Hutter 2019,
arXiv:1711.05101).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """One way to write L2 down. per_strength: c divided by the strength."""

    name: str
    penalty: str
    """The term of the loss, in LaTeX; empty where there is none."""
    code: str
    """A line of PyTorch, with {strength} to be filled in."""
    per_strength: float
    in_gradient: bool
    """Whether the optimizer sees the pull as a part of the gradient."""


SUM = Convention(
    "λ Σw²", r"\lambda \sum w^2", "loss = loss + {strength} * sum((w ** 2).sum() for w in weights)", 2.0, True
)
HALF = Convention(
    "λ/2 Σw²",
    r"\tfrac{\lambda}{2} \sum w^2",
    "loss = loss + {strength} / 2 * sum((w ** 2).sum() for w in weights)",
    1.0,
    True,
)
WEIGHT_DECAY = Convention(
    "weight_decay of SGD and Adam", "", "torch.optim.Adam(weights, lr={lr}, weight_decay={strength})", 1.0, True
)
ADAMW = Convention(
    "weight_decay of AdamW", "", "torch.optim.AdamW(weights, lr={lr}, weight_decay={strength})", 1.0, False
)
CONVENTIONS = (SUM, HALF, WEIGHT_DECAY, ADAMW)


def pull(strength: float, convention: Convention) -> float:
    """c of the pull c·w."""
    return strength * convention.per_strength


def strength_of(c: float, convention: Convention) -> float:
    """The strength at which a convention pulls with c·w."""
    return c / convention.per_strength


def shrinkage(c: float, lr: float, steps: int) -> float:
    """What is left of a weight after so many steps without a data gradient, as a share, by plain SGD or by AdamW:
    (1 − lr·c)^steps. lr·c must be at most 2: beyond, each step makes the weight larger."""
    return (1 - lr * c) ** steps
