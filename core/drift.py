"""How the inputs of a layer's units move during training, as plain data: internal covariate shift, made visible.

Ioffe & Szegedy 2015 (arXiv:1502.03167, figure 1) draw the 15th, 50th and 85th percentile of one unit's input over the
training steps. core/unit_inputs.py measures them. Needs no torch.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core import store
from core.config import RunConfig

PERCENTILES = (15, 50, 85)


@dataclass(frozen=True)
class DriftSpec:
    """Which training, how long, and on how many fixed training images the units of the second hidden layer are read."""

    run: RunConfig
    steps: int = 400
    every: int = 10
    n_images: int = 1024

    @property
    def at_steps(self) -> np.ndarray:
        """The steps before which the units are read, the first of them step 0, and the end."""
        return np.append(np.arange(0, self.steps, self.every), self.steps)

    @property
    def file_name(self) -> str:
        return store.file_name("drift", {**asdict(self), "run": self.run.digest})


@dataclass(frozen=True)
class Drift:
    """percentiles (times, units, 3): of each unit's input to the non-linearity over the images, at `spec.at_steps`."""

    spec: DriftSpec
    percentiles: np.ndarray

    @property
    def travel(self) -> np.ndarray:
        """(units,): how far the median went at most from where it began, in units of the spread it began with (85th
        minus 15th percentile)."""
        medians = self.percentiles[:, :, 1].astype(np.float64)
        spread = self.percentiles[0, :, 2].astype(np.float64) - self.percentiles[0, :, 0]
        return np.abs(medians - medians[0]).max(axis=0) / spread


def drift_to_file(drift: Drift, path: Path) -> None:
    spec = {**asdict(drift.spec), "run": drift.spec.run.to_dict()}
    store.write_npz(path, {"kind": "drift", "spec": spec}, {"percentiles": drift.percentiles.astype(np.float32)})


def drift_from_file(path: Path) -> Drift:
    """Read what `drift_to_file` wrote. Raises StoreError where the file is something else."""
    meta, arrays = store.read_npz(path)
    try:
        spec = DriftSpec(**{**meta["spec"], "run": RunConfig(**meta["spec"]["run"])})
        found = arrays["percentiles"]
        if found.shape != (len(spec.at_steps), spec.run.facts.widths[1], len(PERCENTILES)):
            raise ValueError(f"percentiles of shape {found.shape}")
        return Drift(spec, found)
    except (KeyError, TypeError, ValueError) as error:
        raise store.StoreError(f"{path.name} does not hold the course of unit inputs ({error})") from error


def load_drift(spec: DriftSpec) -> Drift | None:
    """The stored course of a spec, None where there is none that can be used."""
    return store.load(spec.file_name, drift_from_file, lambda drift: drift.spec == spec)
