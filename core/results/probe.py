"""Measurements along the gradient during training, as plain data. core/engine/probe.py measures them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.results.measurement import RunSpec


@dataclass(frozen=True)
class ProbeSpec(RunSpec):
    """Which training to measure, when, and how far along the gradient.

    run: its optimizer, batch size, seed and network; its epochs do not matter. steps: training steps in all; every:
    steps between two measurements. eta_low, eta_high, eta_count: the step sizes η, evenly spaced, as multiples of the
    gradient (Santurkar et al. 2018, appendix A.2.2: [½, 4] × learning rate 0.1, hence up to 0.4).
    """

    steps: int = 400
    every: int = 20
    eta_low: float = 0.05
    eta_high: float = 0.4
    eta_count: int = 8
    kind: ClassVar[str] = "probe"
    needed_runs: ClassVar = ()  # it trains by itself

    @property
    def etas(self) -> np.ndarray:
        return np.linspace(self.eta_low, self.eta_high, self.eta_count)

    @property
    def at_steps(self) -> np.ndarray:
        """The steps before which a measurement is taken: 0, every, 2·every, …"""
        return np.arange(0, self.steps, self.every)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        both = len(self.at_steps), self.eta_count
        return {"losses": both, "distances": both, "gradient_norms": both[:1]}


@dataclass(frozen=True)
class Probe:
    """What was measured: M measurements at K step sizes."""

    spec: ProbeSpec
    losses: np.ndarray
    """(M, K): the batch loss at θ − η·g, nats."""
    distances: np.ndarray
    """(M, K): ‖∇L(θ) − ∇L(θ − η·g)‖."""
    gradient_norms: np.ndarray
    """(M,): ‖g‖."""
    spec_type: ClassVar[type] = ProbeSpec

    @property
    def loss_range(self) -> np.ndarray:
        """(M,): the largest minus the smallest loss along the gradient."""
        return self.losses.max(axis=1) - self.losses.min(axis=1)

    @property
    def gradient_change(self) -> np.ndarray:
        """(M,): the largest change of the gradient; small means that the gradient predicts what comes."""
        return self.distances.max(axis=1)

    @property
    def effective_beta(self) -> np.ndarray:
        """(M,): the largest change of the gradient per distance moved."""
        return (self.distances / (self.spec.etas * self.gradient_norms[:, None])).max(axis=1)

    def mean_after(self, name: str, first_step: int) -> float:
        """The mean of one measure over the measurements from `first_step` on."""
        return float(getattr(self, name)[self.spec.at_steps >= first_step].mean())
