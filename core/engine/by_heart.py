"""What a network answers to its wrong-labelled training images, asked while it is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.data import Images, Split, split_images
from core.engine.evaluation import logits_of
from core.engine.measurement import OnStep, unheard
from core.engine.training import begin, epoch, fix_threads, step, threads_of
from core.results.by_heart import EPOCHS, ByHeart, ByHeartSpec, kinds_of
from core.results.run import Run


def measure(spec: ByHeartSpec, images: Images, runs: Sequence[Run] = (), on_step: OnStep = unheard) -> ByHeart:
    """Train as `train` does, up to the last of EPOCHS, and ask the network in evaluation mode after each of them."""
    config = spec.run
    fix_threads(threads_of(config))
    split = split_images(images, config)
    x, y = torch.from_numpy(split.train_x), torch.from_numpy(split.train_y)
    wrong = np.flatnonzero(split.train_y != split.train_true_y)
    shown = _shown(split, wrong, spec)
    training, probabilities, shares = begin(config), [], []
    steps = EPOCHS[-1] * (config.steps // config.epochs)
    done = 0
    for number in range(1, EPOCHS[-1] + 1):
        for batch in epoch(training, x, y):
            step(training, *batch)
            done += 1
            on_step(done, steps)
        if number in EPOCHS:
            of_all = logits_of(training.model, x).softmax(1).numpy()
            kinds = kinds_of(of_all[wrong].argmax(axis=1), split.train_y[wrong], split.train_true_y[wrong])
            probabilities.append(of_all[shown].astype(np.float16))
            shares.append(np.bincount(kinds, minlength=3) / len(wrong))
    side = config.facts.side
    return ByHeart(
        spec,
        images=split.train_x[shown].reshape(-1, side, side),
        classes=split.train_true_y[shown].astype(np.uint8),
        labels=split.train_y[shown].astype(np.uint8),
        probabilities=np.array(probabilities),
        shares=np.array(shares),
    )


def _shown(split: Split, wrong: np.ndarray, spec: ByHeartSpec) -> np.ndarray:
    """The training images whose pictures are kept: of each true class the first with a wrong label."""
    classes = range(len(spec.run.facts.class_names))
    by_class = [wrong[split.train_true_y[wrong] == c][: spec.per_class] for c in classes]
    return np.concatenate(by_class)
