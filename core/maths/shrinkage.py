"""What a penalty does to one weight: proximal maps, and the flow down it with and without a loss. Needs no torch.

A penalty is λ·g(w). g is |w|^p for one p from 0.5 to 4 (L1: p = 1, L2: p = 2), or the elastic net α|w| + (1 − α)w².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOWEST, HIGHEST = 0.5, 4.0
"""The p that are offered."""


@dataclass(frozen=True)
class Penalty:
    """g of a penalty λ·g(w): |w|^p, or, where alpha is a number, the elastic net alpha·|w| + (1 − alpha)·w².

    Raises ValueError for p outside [0.5, 4] or alpha outside [0, 1].
    """

    p: float = 2.0
    alpha: float | None = None

    def __post_init__(self):
        if not LOWEST <= self.p <= HIGHEST or (self.alpha is not None and not 0 <= self.alpha <= 1):
            raise ValueError(f"p must lie in [{LOWEST:g}, {HIGHEST:g}] and alpha in [0, 1]")

    def __call__(self, w: np.ndarray | float) -> np.ndarray:
        size = np.abs(w)
        if self.alpha is not None:
            return self.alpha * size + (1 - self.alpha) * size**2
        return size**self.p

    @property
    def makes_zeros(self) -> bool:
        """Whether a weight with a gradient of its own may be held at exactly 0: where g has a kink there."""
        return self.p <= 1 if self.alpha is None else self.alpha > 0


L1, L2 = Penalty(1.0), Penalty(2.0)


def slope(size: np.ndarray | float, penalty: Penalty) -> np.ndarray:
    """g′ at w = size ≥ 0; at 0 the slope on the right of it, which holds a weight there: 0 for p > 1, 1 for L1, α for
    an elastic net, inf for p < 1."""
    size = np.asarray(size, float)
    if penalty.alpha is not None:
        return penalty.alpha + 2 * (1 - penalty.alpha) * size
    with np.errstate(divide="ignore"):
        return penalty.p * size ** (penalty.p - 1)


def soft_threshold(w: np.ndarray | float, threshold: float | np.ndarray) -> np.ndarray:
    """sign(w)·max(|w| − threshold, 0): the proximal map of threshold·|w|."""
    return np.sign(w) * np.maximum(np.abs(w) - threshold, 0)


def proximal(w: np.ndarray | float, strength: float | np.ndarray, penalty: Penalty) -> np.ndarray:
    """argmin over u of ½(u − w)² + strength·g(u), elementwise; strength ≥ 0. Of two equal minima the one at 0.

    Closed forms for L1 (soft threshold), L2 (w / (1 + 2λ)) and the elastic net (both, one after the other; Parikh &
    Boyd 2014, §6.5.3). For another p the root of u + λp·u^(p−1) = |w|, by bisection to the last bits; for p < 1 the
    larger of its two roots, or 0 where that is lower.
    """
    w, strength = np.asarray(w, float), np.asarray(strength, float)
    if penalty.alpha is not None:
        return soft_threshold(w, strength * penalty.alpha) / (1 + 2 * strength * (1 - penalty.alpha))
    if penalty.p == 1:
        return soft_threshold(w, strength)
    if penalty.p == 2:
        return w / (1 + 2 * strength)
    return np.sign(w) * _root(np.abs(w), strength, penalty.p)


def _root(size: np.ndarray, strength: np.ndarray, p: float) -> np.ndarray:
    """The minimiser over u ≥ 0 of ½(u − size)² + strength·u^p, for p other than 1."""
    size, strength = np.broadcast_arrays(size, strength)
    low, high = np.zeros_like(size), size.copy()
    if p < 1:
        # left of this point the derivative falls: what is there is a maximum, never a minimum
        low = np.minimum((strength * p * (1 - p)) ** (1 / (2 - p)), size)
    for _ in range(60):
        middle = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            rises = middle + strength * p * middle ** (p - 1) > size
        low, high = np.where(rises, low, middle), np.where(rises, middle, high)
    u = (low + high) / 2
    if p > 1:
        return np.where(strength == 0, size, u)
    better = (u - size) ** 2 / 2 + strength * u**p < size**2 / 2
    return np.where(strength == 0, size, np.where(better, u, 0.0))


# --- gradient flow --------------------------------------------------------------------------------------------------


def flow(w0: float, strength: float, t: np.ndarray | float, penalty: Penalty) -> np.ndarray:
    """w(t) of dw/dt = −strength·g′(w) from w0: the penalty alone, at times t ≥ 0. Once at 0 it stays.

    |w|^p: |w|^(2−p) falls by strength·p·(2 − p) a unit of time, so 0 is reached for p < 2 and not for p ≥ 2; p = 2 is
    w0·e^(−2λt). Elastic net: linear and exponential decay at once.
    """
    t = np.asarray(t, float)
    size, sign = abs(w0), np.sign(w0)
    if size == 0 or strength == 0:
        return np.full(t.shape, float(w0))
    if penalty.alpha is not None:
        return sign * _elastic(size, strength * penalty.alpha, 2 * strength * (1 - penalty.alpha), t)
    p = penalty.p
    if p == 2:
        return w0 * np.exp(-2 * strength * t)
    left = size ** (2 - p) - strength * p * (2 - p) * t
    return sign * np.maximum(left, 0) ** (1 / (2 - p)) if p < 2 else sign * left ** (1 / (2 - p))


def _elastic(size: float, constant: float, rate: float, t: np.ndarray) -> np.ndarray:
    """w of dw/dt = −constant − rate·w from size > 0, until 0."""
    if rate == 0:
        return np.maximum(size - constant * t, 0)
    return np.maximum((size + constant / rate) * np.exp(-rate * t) - constant / rate, 0)


def arrival(w0: float, strength: float, penalty: Penalty) -> float:
    """The time at which `flow` reaches 0; inf where it never does."""
    size = abs(w0)
    if size == 0:
        return 0.0
    if strength == 0:
        return float("inf")
    if penalty.alpha is not None:
        constant, rate = strength * penalty.alpha, 2 * strength * (1 - penalty.alpha)
        if constant == 0:
            return float("inf")
        return float(np.log1p(rate * size / constant) / rate) if rate else size / constant
    p = penalty.p
    return float("inf") if p >= 2 else float(size ** (2 - p) / (strength * p * (2 - p)))


@dataclass(frozen=True)
class Bowl:
    """The loss ½·steepness·(w − centre)² of one weight; steepness > 0."""

    steepness: float
    centre: float


def flow_in_bowl(w0: float, strength: float, t: np.ndarray | float, bowl: Bowl, which: str) -> np.ndarray:
    """w(t) of dw/dt = −steepness·(w − centre) − strength·g′(w) from w0, for `which` "L1" or "L2".

    L2: exponentially to steepness·centre / (steepness + 2λ). L1: exponentially towards centre ∓ λ/steepness, until 0 is
    met; there it stays where |steepness·centre| ≤ λ, else it goes on on the other side.
    """
    t, a, c = np.asarray(t, float), bowl.steepness, bowl.centre
    if which == "L2":
        end, rate = a * c / (a + 2 * strength), a + 2 * strength
        return end + (w0 - end) * np.exp(-rate * t)
    sign = np.sign(w0) or np.sign(np.sign(a * c) * max(abs(a * c) - strength, 0))
    target = c - sign * strength / a
    w = target + (w0 - target) * np.exp(-a * t)
    met = arrival_in_bowl(w0, strength, bowl)
    if not np.isfinite(met):
        return w
    after = np.maximum(t - met, 0)
    other = c + sign * strength / a if abs(a * c) > strength else 0.0
    return np.where(t < met, w, other * (1 - np.exp(-a * after)))


def arrival_in_bowl(w0: float, strength: float, bowl: Bowl, which: str = "L1") -> float:
    """The time at which the flow in the bowl first meets 0; inf where it never does. L1 stays there where
    |steepness·centre| ≤ λ; L2, and L1 otherwise, go through."""
    a, c = bowl.steepness, bowl.centre
    if which == "L1":
        rate, end = a, c - np.sign(w0) * strength / a
    else:
        rate, end = a + 2 * strength, a * c / (a + 2 * strength)
    if w0 == 0:
        return 0.0 if which == "L2" or abs(a * c) <= strength else float("inf")
    behind = -np.sign(w0) * end  # how far beyond 0 it is heading
    return float(np.log1p(abs(w0) / behind) / rate) if behind > 0 else float("inf")


STEP = 1e-3


def flow_by_steps(w0: float, strength: float, end: float, bowl: Bowl, penalty: Penalty) -> np.ndarray:
    """w at the times 0, STEP, 2·STEP, …, end of dw/dt = −steepness·(w − centre) − strength·g′(w): any penalty, by
    explicit steps, accurate to about STEP.

    A weight that would step over 0 is put there and held, if g holds it: for p < 1 always (g has an infinite slope),
    for a kink of height k where |steepness·centre| ≤ strength·k, for a smooth g only where nothing pulls (centre 0).
    """
    a, c, alpha, p = bowl.steepness, bowl.centre, penalty.alpha, penalty.p
    kink = (1.0 if p == 1 else np.inf if p < 1 else 0.0) if alpha is None else alpha
    holds = c == 0 or kink > 0 and abs(a * c) <= strength * kink
    w, found = float(w0), [float(w0)]
    for _ in range(round(end / STEP)):
        if w == 0 and holds:
            found.append(0.0)
            continue
        size, sign = abs(w), (w > 0) - (w < 0)
        slope = (alpha + 2 * (1 - alpha) * size) if alpha is not None else (p * size ** (p - 1) if size else 0.0)
        moved = w - STEP * (a * (w - c) + strength * slope * sign)
        w = 0.0 if holds and moved * w < 0 else moved
        found.append(w)
    return np.array(found)


def arrival_by_speed(w0: float, strength: float, bowl: Bowl, penalty: Penalty, points: int = 20_000) -> float:
    """The time at which the flow of `flow_by_steps` first meets 0, however late, to about a per cent; inf for never.

    It never does where the loss holds it back on the way, or where it slows down exponentially (p ≥ 2, centre 0).

    The time is the sum of dw / speed over the way, at the middles of `points` equal parts.
    """
    size, sign = abs(w0), 1.0 if w0 >= 0 else -1.0
    if size == 0:
        return 0.0
    a, c, alpha, p = bowl.steepness, sign * bowl.centre, penalty.alpha, penalty.p
    smooth = alpha is None and p > 1
    kink = 1.0 if alpha is None and p == 1 else alpha  # None: smooth, or infinitely steep at 0
    if smooth and (c > 0 or c == 0 and p >= 2) or kink is not None and a * c >= strength * kink:
        return float("inf")
    w = (np.arange(points) + 0.5) * (size / points)
    slope = alpha + 2 * (1 - alpha) * w if alpha is not None else p * w ** (p - 1)
    speed = a * (w - c) + strength * slope
    return float((size / points / speed).sum()) if speed.min() > 0 else float("inf")


def zero_band(strength: float, penalty: Penalty) -> float:
    """The largest |w| that one proximal step makes exactly 0; 0 where only 0 itself stays there.

    L1: λ. Elastic net: λα. p < 1: (2 − p) / (2·(1 − p)) · (2λ·(1 − p))^(1/(2 − p)), where the minimum away from 0 and
    the one at 0 are level. p > 1: none.
    """
    if penalty.alpha is not None:
        return strength * penalty.alpha
    p = penalty.p
    if p >= 1:
        return strength if p == 1 else 0.0
    return (2 - p) / (2 * (1 - p)) * (2 * strength * (1 - p)) ** (1 / (2 - p))
