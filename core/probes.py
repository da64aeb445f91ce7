"""Measurements along the gradient during training, as plain data. Needs no torch; core/smoothness.py measures them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from core import store
from core.config import RunConfig


@dataclass(frozen=True)
class ProbeSpec:
    """Which training to measure, when, and how far along the gradient.

    run: its optimizer, batch size, seed and network; its epochs do not matter. steps: training steps in all; every:
    steps between two measurements. eta_low, eta_high, eta_count: the step sizes η, evenly spaced, as multiples of the
    gradient (Santurkar et al. 2018, appendix A.2.2: [½, 4] × learning rate 0.1, hence up to 0.4).
    """

    run: RunConfig
    steps: int = 400
    every: int = 20
    eta_low: float = 0.05
    eta_high: float = 0.4
    eta_count: int = 8

    @property
    def etas(self) -> np.ndarray:
        return np.linspace(self.eta_low, self.eta_high, self.eta_count)

    @property
    def at_steps(self) -> np.ndarray:
        """The steps before which a measurement is taken: 0, every, 2·every, …"""
        return np.arange(0, self.steps, self.every)

    @property
    def file_name(self) -> str:
        return store.file_name("probe", {**asdict(self), "run": self.run.digest})


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
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)

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


def probe_to_file(probe: Probe, path: Path) -> None:
    meta = {"kind": "probe", "spec": {**asdict(probe.spec), "run": probe.spec.run.to_dict()}, "seconds": probe.seconds,
            "versions": dict(probe.versions)}  # fmt: skip
    arrays = {"losses": probe.losses, "distances": probe.distances, "gradient_norms": probe.gradient_norms}
    store.write_npz(path, meta, arrays)


def probe_from_file(path: Path) -> Probe:
    """Read one probe. Raises StoreError where the file is none."""
    meta, arrays = store.read_npz(path)
    try:
        spec = ProbeSpec(**{**meta["spec"], "run": RunConfig(**meta["spec"]["run"])})
        shape = (len(spec.at_steps), spec.eta_count)
        if arrays["losses"].shape != shape or arrays["distances"].shape != shape:
            raise ValueError(f"measurements of shape {arrays['losses'].shape}")
        return Probe(spec, arrays["losses"], arrays["distances"], arrays["gradient_norms"], float(meta["seconds"]),
                     meta["versions"])  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise store.StoreError(f"{path.name} does not hold a probe ({error})") from error


def load_probe(spec: ProbeSpec) -> Probe | None:
    """The stored probe of a spec, None where there is none that can be used."""
    return store.load(spec.file_name, probe_from_file, lambda probe: probe.spec == spec)
