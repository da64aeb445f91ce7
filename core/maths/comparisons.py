"""Many comparisons at once: p values of paired differences, and Holm's correction of them.

Of m differences that are all 0 in truth, 5 of 100 are found "clear" at the 95 % level by chance. Holm's correction
holds the chance of any such mistake among the m to 5 %. Needs neither torch nor scipy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LEVEL = 0.05
"""The share of mistakes that is put up with: one minus the level of an interval."""


def t_two_sided(t: float, df: int) -> float:
    """The probability that Student's t with df ≥ 1 degrees of freedom is at least as far from 0 as t.

    In closed form for whole df (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4): 1 − A(t | df), with θ = atan(t/√df) and
    A a finite sum of powers of cos θ. Right to about 10⁻¹⁵, not to so many digits: it is a difference of numbers near
    1. Raises ValueError for other df.
    """
    if df < 1 or df != int(df):
        raise ValueError(f"whole degrees of freedom from 1 on are needed, not {df}")
    theta = math.atan(abs(t) / math.sqrt(df))
    sin, cos = math.sin(theta), math.cos(theta)
    # each term of the sum is the one before it times cos²·(k − 1)/k
    term, total = (cos, 0.0) if df % 2 else (1.0, 0.0)
    for k in range(3 if df % 2 else 2, df + 1, 2):
        total += term
        term *= cos**2 * (k - 1) / k
    within = 2 / math.pi * (theta + sin * total) if df % 2 else sin * total
    return max(0.0, 1 - within)


def t_quantile(tail: float, df: int) -> float:
    """The t ≥ 0 that Student's t with df degrees of freedom reaches on either side with probability `tail` in all, from
    10⁻⁹ to 1; an interval of the level 1 − tail is the mean ± so many standard errors. By bisection of `t_two_sided`.
    Raises ValueError for other tails."""
    if not 1e-9 <= tail <= 1:
        raise ValueError(f"a probability from 1e-9 to 1 is needed, not {tail}")
    low, high = 0.0, 1.0
    while t_two_sided(high, df) > tail:
        high *= 2
    for _ in range(60):  # halves the gap to the last bit
        middle = (low + high) / 2
        low, high = (middle, high) if t_two_sided(middle, df) > tail else (low, middle)
    return high


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's adjusted p values, (m,) in the order given: below `LEVEL` where a difference is clear among all m.

    Sorted upwards, the k-th of m is multiplied by m − k + 1 and is at least as large as the one before it and at most 1
    (Holm 1979, Scand. J. Statist. 6, 65–70; as adjusted values Wright 1992, Biometrics 48, 1005–1013). No assumption
    about how the comparisons depend on each other: they may share a baseline. Raises ValueError for what is no
    probability.
    """
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p values from 0 to 1 are needed")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted
