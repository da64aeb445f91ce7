"""The source notebook's demonstration: the vector x = (1, ε), made shorter by δ along either axis. Needs no torch.

v = (δ, 0) takes δ from the large coordinate, d = (0, δ) from the small one; ε > 0 and δ ≥ 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Numbers = float | np.ndarray


@dataclass(frozen=True)
class ShortenedNorm:
    """One of the four norms: its name, its formula with its two pieces, and its value."""

    tex: str
    formula: str
    """In LaTeX, valid where `kink` is not exceeded."""
    beyond: str
    """In LaTeX, valid beyond the kink; empty where there is none."""
    value: Callable[[float, Numbers], Numbers]
    """(ε, δ) → the norm; δ may be an array."""
    kink: Callable[[float], float | None]
    """ε → the δ at which the formula stops holding, None for never."""


NORMS = {
    "L2, from the large": ShortenedNorm(
        r"\|x - v\|_2^2",
        r"1 - 2\delta + \delta^2 + \varepsilon^2",
        "",
        lambda epsilon, delta: (1 - delta) ** 2 + epsilon**2,
        lambda epsilon: None,
    ),
    "L1, from the large": ShortenedNorm(
        r"\|x - v\|_1",
        r"1 - \delta + \varepsilon",
        r"\delta - 1 + \varepsilon",
        lambda epsilon, delta: np.abs(1 - delta) + epsilon,
        lambda epsilon: 1.0,
    ),
    "L2, from the small": ShortenedNorm(
        r"\|x - d\|_2^2",
        r"1 - 2\delta\varepsilon + \delta^2 + \varepsilon^2",
        "",
        lambda epsilon, delta: 1 + (epsilon - delta) ** 2,
        lambda epsilon: None,
    ),
    "L1, from the small": ShortenedNorm(
        r"\|x - d\|_1",
        r"1 - \delta + \varepsilon",
        r"1 + \delta - \varepsilon",
        lambda epsilon, delta: 1 + np.abs(epsilon - delta),
        lambda epsilon: epsilon,
    ),
}
"""What is measured, from where δ is taken → the norm."""


def gradients(epsilon: float) -> dict[str, tuple[float, float]]:
    """What each norm gains per unit by shortening either coordinate of x = (1, ε): ∂‖x‖₂² = 2x, ∂‖x‖₁ = sign(x)."""
    return {"L1": (1.0, float(np.sign(epsilon))), "L2": (2.0, 2.0 * epsilon)}
