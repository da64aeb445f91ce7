"""Dropout on a network that is small enough to be drawn: masks, both conventions, training and evaluation.

Three inputs, five and four hidden units with ReLU, one output; all its weights and its input are fixed. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal

import numpy as np

from core.seeds import seeded

WIDTHS = (3, 5, 4, 1)
"""Inputs, units of the two hidden layers, outputs."""

Convention = Literal["PyTorch", "paper"]
"""What p is, and who is scaled. "PyTorch": p switches a unit off, and the units that stay are divided by 1 − p in
training; evaluation changes nothing. "paper" (Srivastava et al. 2014): p keeps a unit, training changes nothing more,
and in evaluation every unit's output is multiplied by p."""

CONVENTIONS: tuple[Convention, ...] = ("PyTorch", "paper")


def keep_probability(p: float, convention: Convention) -> float:
    return 1 - p if convention == "PyTorch" else p


@lru_cache(maxsize=1)
def network() -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The input (3,) and the weight matrices (out, in). Mostly positive, so that no unit is silent by itself."""
    rng = seeded(0, "the drawn network")
    weights = tuple(
        np.round(rng.uniform(-0.3, 1.0, (n_out, n_in)), 1) for n_in, n_out in zip(WIDTHS, WIDTHS[1:], strict=False)
    )
    return np.array([1.0, 0.5, 2.0]), weights


def draw_masks(p: float, convention: Convention, draw: int) -> tuple[np.ndarray, ...]:
    """Which units of the two hidden layers stay, (5,) and (4,) bool; each with the keep probability. draw: its number.

    The same draw keeps more units at a higher keep probability, never others.
    """
    rng = seeded(draw, "masks of the drawn network")
    keep = keep_probability(p, convention)
    return tuple(rng.random(n) < keep for n in WIDTHS[1:-1])


@dataclass(frozen=True)
class Pass:
    """One forward pass: what each hidden layer computes, what it hands on, and the output."""

    computed: tuple[np.ndarray, ...]
    handed_on: tuple[np.ndarray, ...]
    output: float


def forward(p: float, convention: Convention, masks: tuple[np.ndarray, ...] | None) -> Pass:
    """The network with masks, as in training; without (None), as in evaluation."""
    keep = keep_probability(p, convention)
    h, weights = network()
    computed, handed_on = [], []
    for i, w in enumerate(weights[:-1]):
        a = np.maximum(w @ h, 0)
        computed.append(a)
        h = a * _factor(convention, keep, None if masks is None else masks[i])
        handed_on.append(h)
    return Pass(tuple(computed), tuple(handed_on), float((weights[-1] @ h)[0]))


def _factor(convention: Convention, keep: float, mask: np.ndarray | None) -> np.ndarray | float:
    if convention == "PyTorch":
        return 1.0 if mask is None else mask / keep
    return keep if mask is None else mask.astype(float)


@lru_cache(maxsize=64)
def expected_output(p: float, convention: Convention) -> float:
    """The output in training, averaged over all 2⁹ masks by their probabilities: what many draws go to."""
    keep = keep_probability(p, convention)
    total = 0.0
    for bits in product((True, False), repeat=sum(WIDTHS[1:-1])):
        masks = np.split(np.array(bits), [WIDTHS[1]])
        total += keep ** sum(bits) * (1 - keep) ** (len(bits) - sum(bits)) * forward(p, convention, tuple(masks)).output
    return total


def mean_outputs(p: float, convention: Convention, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Over the first 1, 2, …, draws masks: the mean of what the first hidden unit hands on, and of the output."""
    passes = [forward(p, convention, draw_masks(p, convention, i)) for i in range(draws)]
    n = np.arange(1, draws + 1)
    return np.cumsum([q.handed_on[0][0] for q in passes]) / n, np.cumsum([q.output for q in passes]) / n
