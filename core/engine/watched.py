"""A training gone through once more, its weights and its confusions counted after every epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.data import Images, split_images
from core.engine.measurement import OnStep, unheard
from core.engine.models import weights_of
from core.engine.retraining import after_epochs
from core.engine.training import logits_of
from core.results.run import Run
from core.results.sparsity import LAYER, histogram_of
from core.results.watched import THRESHOLD, Watched, WatchedSpec


def measure(spec: WatchedSpec, images: Images, runs: Sequence[Run] = (), on_step: OnStep = unheard) -> Watched:
    """Train as `train` does and count before the first epoch and after each. Raises DivergenceError where the loss of
    a step is not finite."""
    config = spec.run
    split = split_images(images, config)
    x, y = torch.from_numpy(split.held_out_x), split.held_out_y
    n_classes = len(config.facts.class_names)
    small, zero, histograms, confusions, small_bits, zero_bits = [], [], [], [], [], []
    for epoch, model in after_epochs(config, split, lambda done, _: on_step(done, config.steps)):
        w = weights_of(model)[f"{LAYER}.weight"]
        is_small = np.abs(w.astype(np.float64)) <= THRESHOLD
        small.append(is_small.sum(axis=0))
        zero.append((w == 0).sum(axis=0))
        histograms.append(histogram_of(w))
        confusions.append(confusion(y, logits_of(model, x).argmax(1).numpy(), n_classes))
        if epoch in spec.pictured:
            small_bits.append(np.packbits(is_small))
            zero_bits.append(np.packbits(w == 0))
    return Watched(
        spec,
        small=np.array(small, np.uint16),
        zero=np.array(zero, np.uint16),
        histogram=np.array(histograms, np.uint32),
        confusion=np.array(confusions, np.uint16),
        small_bits=np.array(small_bits),
        zero_bits=np.array(zero_bits),
    )


def confusion(true: np.ndarray, given: np.ndarray, n_classes: int) -> np.ndarray:
    """(n_classes, n_classes): how many images of each class (row) are taken for each class (column)."""
    return np.bincount(true.astype(np.int64) * n_classes + given, minlength=n_classes**2).reshape(n_classes, n_classes)
