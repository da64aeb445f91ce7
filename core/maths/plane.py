"""Two weights, a quadratic loss and a penalty: where the sum is smallest, and whether a weight is exactly 0 there.

Loss: ½(w − c)ᵀA(w − c) with A = R·diag(1/s, s)·Rᵀ: centre c, R a turn by the tilt, stretch s ≥ 1 (its contours are
ellipses s times as long as wide). Penalty: strength·(g(w₁) + g(w₂)), as in core/maths/shrinkage.py. Needs no torch.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from core.maths.shrinkage import Penalty, proximal
from core.seeds import seeded


@dataclass(frozen=True)
class Losses:
    """N quadratic losses. matrices: (N, 2, 2), symmetric and positive definite; centres: (N, 2)."""

    matrices: np.ndarray
    centres: np.ndarray

    def at(self, w: np.ndarray) -> np.ndarray:
        """The losses of w, which broadcasts against (N, 2): (N,)."""
        away = w - self.centres
        x, y = away[..., 0], away[..., 1]
        # written out: einsum takes three times as long, and a slider waits for it
        a, b, d = self.matrices[:, 0, 0], self.matrices[:, 0, 1], self.matrices[:, 1, 1]
        return (a * x * x + 2 * b * x * y + d * y * y) / 2


def losses_of(centres: np.ndarray, tilts: np.ndarray, stretches: np.ndarray) -> Losses:
    """From centres (N, 2), tilts (N,) in degrees and stretches (N,), at least 1."""
    turn = np.radians(tilts)
    cos, sin = np.cos(turn), np.sin(turn)
    long, short = 1 / stretches, stretches
    a = long * cos**2 + short * sin**2
    b = (long - short) * cos * sin
    d = long * sin**2 + short * cos**2
    return Losses(np.stack([np.stack([a, b], -1), np.stack([b, d], -1)], -2), np.asarray(centres, float))


def one_loss(centre: tuple[float, float], tilt: float, stretch: float) -> Losses:
    return losses_of(np.array([centre]), np.array([tilt]), np.array([stretch]))


def objective(losses: Losses, w: np.ndarray, strength: float, penalty: Penalty) -> np.ndarray:
    """Loss and penalty of w (N, 2): (N,)."""
    return losses.at(w) + strength * penalty(w).sum(axis=-1)


def minimisers(losses: Losses, strength: float, penalty: Penalty) -> np.ndarray:
    """(N, 2): for each loss the w at which loss and penalty together are smallest. Exact zeros are exact.

    L2, L1 and the elastic net in closed form, the latter two by their nine sign patterns. Another p: the best of the
    points on the axes, whose minima are proximal maps, and of a search of the quadrant of the centre, to about 1e-6.
    """
    if penalty.alpha is not None or penalty.p == 1:
        alpha = 1.0 if penalty.alpha is None else penalty.alpha
        return _by_signs(losses, strength * alpha, strength * (1 - alpha))
    if penalty.p == 2:
        return _by_signs(losses, 0.0, strength)
    return _by_search(losses, strength, penalty)


def _by_signs(losses: Losses, l1: float, l2: float) -> np.ndarray:
    """The minimiser under l1·(|w₁| + |w₂|) + l2·(w₁² + w₂²). Each sign pattern (+, 0, −) of w has one candidate; the
    lowest of the nine is the minimum."""
    h = losses.matrices + 2 * l2 * np.eye(2)
    b = np.einsum("nij,nj->ni", losses.matrices, losses.centres)
    candidates = [np.zeros_like(b)]
    for i in (0, 1):
        alone = np.zeros_like(b)
        alone[:, i] = np.sign(b[:, i]) * np.maximum(np.abs(b[:, i]) - l1, 0) / h[:, i, i]
        candidates.append(alone)
    inverse = np.linalg.inv(h)
    for signs in itertools.product((1.0, -1.0), repeat=2):
        candidates.append(np.einsum("nij,nj->ni", inverse, b - l1 * np.array(signs)))
    values = [losses.at(w) + l1 * np.abs(w).sum(axis=-1) + l2 * np.square(w).sum(axis=-1) for w in candidates]
    return _lowest(candidates, values, exact=3)


def _lowest(candidates: list[np.ndarray], values: list[np.ndarray], exact: int) -> np.ndarray:
    """For each loss the candidate of the lowest value. The first `exact` have exact zeros, and win where another is
    lower by rounding only."""
    table = np.stack(values)
    table[exact:] += 1e-13
    return np.stack(candidates)[table.argmin(axis=0), np.arange(table.shape[1])]


def _by_search(losses: Losses, strength: float, penalty: Penalty, zooms: int = 16, half: int = 8) -> np.ndarray:
    """The best of 0, of the minima along either axis, and of a grid that is drawn around its best point again and again
    (`zooms` times, each about three times as fine). half: points of the first grid to either side."""
    b = np.einsum("nij,nj->ni", losses.matrices, losses.centres)
    candidates = [np.zeros_like(b)]
    for i in (0, 1):
        steep = losses.matrices[:, i, i]
        on_axis = np.zeros_like(b)
        on_axis[:, i] = proximal(b[:, i] / steep, strength / steep, penalty)
        candidates.append(on_axis)
    candidates.append(_zoomed(losses, strength, penalty, zooms, half))
    return _lowest(candidates, [objective(losses, w, strength, penalty) for w in candidates], exact=3)


def _zoomed(losses: Losses, strength: float, penalty: Penalty, zooms: int, half: int) -> np.ndarray:
    """The minimum cannot cost more than the centre, where only the penalty is paid: ½·(w − c)ᵀA(w − c) ≤ λ·P(c). So it
    lies no further from the centre than √(2·λ·P(c) / the smallest eigenvalue of A)."""
    flattest = np.linalg.eigvalsh(losses.matrices)[:, 0]
    reach = np.sqrt(2 * strength * penalty(losses.centres).sum(axis=-1) / flattest)
    best = losses.centres.copy()
    for _ in range(1 + zooms):
        steps = np.linspace(-1, 1, 2 * half + 1)
        offsets = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 1, 2)
        points = best + reach[:, None] * offsets
        values = losses.at(points) + strength * penalty(points).sum(axis=-1)
        best = np.take_along_axis(points, values.argmin(axis=0)[None, :, None], axis=0)[0]
        # the next grid is three times as fine, and reaches a little beyond the neighbours of the best point
        reach, half = reach / half * 4 / 3, 4
    return best


# --- many at once ---------------------------------------------------------------------------------------------------

CENTRE_REACH, LARGEST_STRETCH = 2.0, 4.0


def random_losses(n: int, seed: int = 0) -> Losses:
    """n losses with centres even in [−2, 2]², tilts in [0°, 180°), stretches from 1 to 4, even in their logarithm."""
    rng = seeded(seed, "random losses in the plane")
    return losses_of(
        rng.uniform(-CENTRE_REACH, CENTRE_REACH, (n, 2)),
        rng.uniform(0, 180, n),
        np.exp(rng.uniform(0, np.log(LARGEST_STRETCH), n)),
    )


def rough_minimisers(losses: Losses, strength: float, penalty: Penalty) -> np.ndarray:
    """As `minimisers`, with exact zeros, but what must be searched is searched roughly: enough to count zeros in
    thousands."""
    if penalty.alpha is None and penalty.p not in (1.0, 2.0):
        return _by_search(losses, strength, penalty, zooms=3, half=3)
    return minimisers(losses, strength, penalty)


@dataclass(frozen=True)
class Zeros:
    """Of n minimisers, how many have no, one, or two coordinates that are exactly 0."""

    none: int
    one: int
    both: int


def count_zeros(w: np.ndarray) -> Zeros:
    """Of minimisers (N, 2)."""
    zeros = (w == 0).sum(axis=1)
    return Zeros(*(int((zeros == k).sum()) for k in (0, 1, 2)))


def ball(penalty: Penalty, level: float, points: int = 361) -> np.ndarray:
    """(points, 2): the closed curve on which g(w₁) + g(w₂) = level > 0, from angle 0° to 360°."""
    angles = np.linspace(0, 2 * np.pi, points)
    ray = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    ray[np.abs(ray) < 1e-12] = 0.0  # the corners on the axes are exact
    if penalty.alpha is None:
        radius = (level / (np.abs(ray) ** penalty.p).sum(axis=-1)) ** (1 / penalty.p)
        return radius[:, None] * ray
    linear, square = penalty.alpha * np.abs(ray).sum(axis=-1), 1 - penalty.alpha
    if square == 0:
        return (level / linear)[:, None] * ray
    return ((np.sqrt(linear**2 + 4 * square * level) - linear) / (2 * square))[:, None] * ray
