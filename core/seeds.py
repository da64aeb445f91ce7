"""Random numbers: one generator for each purpose of a seed."""

from __future__ import annotations

import numpy as np


def seeded(seed: int, purpose: str) -> np.random.Generator:
    """A generator for one purpose of one seed, so that what one purpose draws never moves what another draws."""
    return np.random.default_rng([seed, *purpose.encode()])
