"""Run: what a training run leaves behind, as plain data. Needs no torch, so a page can show one at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from core.config import DATASETS, DIGITS, RunConfig

TRAIN_SUBSET = 10_000
"""The training loss is measured on at most this many training images, the first of the split."""

SMALL_RUN = 5_000
"""Training images up to which one thread trains. Such runs are trained live, beside pages that need a processor too:
there, two threads that wait for each other are slower than one (`python -m bench.app`)."""


@dataclass(frozen=True)
class EpochRecord:
    """The numbers after one epoch (counted from 1). Losses are cross-entropies in nats, averaged over images.

    All are measured in evaluation mode and without the penalty, except `notebook_loss` and `gradient_norm`.
    """

    epoch: int
    train_loss: float
    """On the training images with the labels they are trained on (the first 10,000 where there are more)."""
    train_accuracy: float
    """On the same images and labels; a fraction."""
    memorised: float
    """The share of the wrongly labelled ones among them whose wrong label the network reproduces; nan without any."""
    notebook_loss: float
    """The notebook's number: the mean over the epoch's batches in training mode, penalty added, weights moving
    meanwhile."""
    penalty: float
    """λ₁·Σ|w| + λ₂·Σw² at the end of the epoch, for the penalties of the config."""
    held_out_loss: float
    held_out_accuracy: float
    gradient_norm: float
    """Euclidean norm of the batch gradient of the objective, averaged over the epoch's steps."""
    seconds: float
    """Wall-clock time of the epoch with its evaluations."""

    @property
    def gap(self) -> float:
        """Held-out minus training loss, in nats."""
        return self.held_out_loss - self.train_loss


@dataclass(frozen=True)
class Evaluation:
    """Cross-entropy in nats per image and accuracy as a fraction, both averaged over images."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Run:
    """A finished run. Arrays are numpy, numbers are floats; nothing refers to the model that was trained."""

    config: RunConfig
    records: tuple[EpochRecord, ...]
    test_last: Evaluation
    """On the test images with the weights of the last epoch."""
    test_best: Evaluation
    """On the test images with the weights of the best epoch: what early stopping would have kept."""
    weights: Mapping[str, np.ndarray] | None
    """Parameters and running statistics of the last epoch by layer name; matrices float16, vectors float32. None where
    only the numbers were kept."""
    seconds: float
    device: str
    threads: int
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    def curve(self, name: str) -> np.ndarray:
        """One number of every record, (epochs,) float64. Raises AttributeError for a name that is no record's."""
        return np.array([getattr(record, name) for record in self.records])

    @property
    def best_epoch(self) -> int:
        """The epoch (from 1) with the lowest held-out loss; the first of equals."""
        return int(np.argmin(self.curve("held_out_loss"))) + 1

    @property
    def best(self) -> EpochRecord:
        return self.records[self.best_epoch - 1]

    @property
    def last(self) -> EpochRecord:
        return self.records[-1]

    @property
    def gap(self) -> float:
        """The generalisation gap of the last epoch: training minus held-out accuracy, both in evaluation mode."""
        return self.last.train_accuracy - self.last.held_out_accuracy


@dataclass(frozen=True)
class Diverged:
    """A training that ended because its loss was no longer a finite number."""

    config: RunConfig
    step: int
    """The optimizer step (from 1) at which it was noticed."""
    records: tuple[EpochRecord, ...]
    """Of the epochs before; all their losses are finite."""
    message: str
    """What happened and what to try, for the reader."""


Outcome = Run | Diverged
"""What a config's training comes to."""

RECORD_FIELDS = tuple(f.name for f in fields(EpochRecord))


def layer_matrices(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weight matrices of the linear layers (out, in) by name, without biases and normalisation parameters."""
    return {name: w for name, w in weights.items() if w.ndim == 2}


def parameter_counts(config: RunConfig) -> dict[str, tuple[int, int]]:
    """Weights and biases of each linear layer of a config's network: {"784 → 392": (307328, 392), …}."""
    facts = config.facts
    sizes = (facts.n_inputs, *facts.widths, len(facts.class_names))
    return {f"{i} → {o}": (i * o, o) for i, o in zip(sizes, sizes[1:], strict=False)}


def total_parameters(config: RunConfig) -> int:
    """All trained numbers of a config's network, normalisation's two per hidden unit included."""
    linear = sum(w + b for w, b in parameter_counts(config).values())
    return linear + (2 * sum(config.facts.widths) if config.norm != "none" else 0)


def expected_seconds(config: RunConfig) -> float:
    """How long a run takes on two processor cores, within a factor of two: fitted to the times of the shipped runs."""
    size = sum(w for w, _ in parameter_counts(config).values()) / 386_120
    per_image, per_evaluation = (12e-6, 3e-6) if config.n_train <= SMALL_RUN else (7e-6, 2.3e-6)
    evaluated = config.facts.n_validation + min(config.n_train, TRAIN_SUBSET)
    step = 6e-4 + config.batch_size * size * per_image
    return config.steps * step + config.epochs * evaluated * size * per_evaluation


def digits_twin(config: RunConfig) -> RunConfig:
    """The config's settings on the bundled digits, with as many images as correspond: 2,000 of Fashion-MNIST to 300."""
    from_stops, to_stops = DATASETS["fashion-mnist"].n_train_stops, DATASETS["digits"].n_train_stops
    rank = sum(stop <= config.n_train for stop in from_stops) - 1
    n_train = to_stops[min(max(rank, 0), len(to_stops) - 1)]
    return replace(config, dataset=DIGITS.dataset, n_train=n_train)
