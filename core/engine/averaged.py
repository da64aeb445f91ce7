"""The moving average of a network's weights, kept while it is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from core.data import Images, split_images
from core.engine.evaluation import evaluate
from core.engine.measurement import OnStep, unheard
from core.engine.models import build_model
from core.engine.retraining import after_epochs
from core.results.averaged import Averaged, AveragedSpec
from core.results.run import Run


class MovingAverage:
    """The average of the states that `update` was given, in a network of its own, `model`.

    Parameters are averaged, and with them batch norm's running statistics, which are averages over steps already. The
    statistics of the averaged weights themselves would take a pass over the training images (Izmailov et al. 2018,
    arXiv:1803.05407).
    """

    def __init__(self, model: nn.Module, decay: float):
        """model: any fresh network of the same shape; its weights do not matter."""
        self.model, self.decay, self.updates = model, decay, 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move on to the next state, that of `model`, which is only read."""
        self.updates += 1
        # the share that makes Σᵢ d^(t − i)·θᵢ·(1 − d)/(1 − d^t) out of the same sum up to t − 1: 1 at first
        share = (1 - self.decay) / (1 - self.decay**self.updates)
        torch._foreach_lerp_(_state(self.model), _state(model), share)


def _state(model: nn.Module) -> list[Tensor]:
    """Parameters and running statistics; counters apart."""
    return [t for t in model.state_dict().values() if t.is_floating_point()]


def measure(spec: AveragedSpec, images: Images, runs: Sequence[Run] = (), on_step: OnStep = unheard) -> Averaged:
    """Train as `train` does and evaluate the network and its average after every epoch."""
    config = spec.run
    split = split_images(images, config)
    held_out = torch.from_numpy(split.held_out_x), torch.from_numpy(split.held_out_y)
    test = torch.from_numpy(split.test_x), torch.from_numpy(split.test_y)
    average, found = MovingAverage(build_model(config), spec.decay), []

    def after_step(done: int, model: nn.Module) -> None:
        average.update(model)
        on_step(done, config.steps)

    for number, trained in after_epochs(config, split, after_step):
        if number:
            networks = average.model, trained
            # where the test images are the held-out ones, they are looked at once
            first = [evaluate(model, *held_out) for model in networks]
            second = first if config.held_out == "test" else [evaluate(model, *test) for model in networks]
            pairs = zip(first, second, strict=True)
            found.append([[[e.loss, e.accuracy] for e in pair] for pair in pairs])
    (loss, accuracy), (own_loss, own_accuracy) = np.array(found).transpose(1, 3, 0, 2)
    return Averaged(spec, loss=loss, accuracy=accuracy, own_loss=own_loss, own_accuracy=own_accuracy)
