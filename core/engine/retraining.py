"""A training gone through once more, for what a finished run has not kept: its weights on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import nn

from core.config import RunConfig
from core.data import Split
from core.engine.training import DivergenceError, begin, epoch, fix_threads, step, threads_of


def after_epochs(
    config: RunConfig, split: Split, after_step: Callable[[int, nn.Module], None]
) -> Iterator[tuple[int, nn.Module]]:
    """Train as `train` does, to the same bits on the same machine, and hand out (epoch, model): 0 before the first
    step, then after each epoch.

    after_step: called with (steps done, model) after each step. The model is the one that is trained: it may be looked
    at and evaluated, not changed. Raises DivergenceError where the loss of a step is not finite.
    """
    fix_threads(threads_of(config))
    x, y = torch.from_numpy(split.train_x), torch.from_numpy(split.train_y)
    training, done = begin(config), 0
    yield 0, training.model
    for number in range(1, config.epochs + 1):
        for batch in epoch(training, x, y):
            loss, _ = step(training, *batch)
            done += 1
            if not math.isfinite(loss):
                raise DivergenceError(config, done, ())
            after_step(done, training.model)
        yield number, training.model
