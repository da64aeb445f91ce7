"""The lengths of a network's weights and of the steps that they are moved by, while it is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from core.data import Images, split_images
from core.engine.measurement import OnStep, unheard
from core.engine.retraining import after_epochs
from core.results.relative_steps import RelativeSteps, RelativeStepsSpec
from core.results.run import Run


def measure(
    spec: RelativeStepsSpec, images: Images, runs: Sequence[Run] = (), on_step: OnStep = unheard
) -> RelativeSteps:
    """Train as `train` does, and measure every step."""
    config = spec.run
    before: list[Tensor] = []
    steps: list[np.ndarray] = []
    norms, means = [], []

    @torch.no_grad()
    def after_step(done: int, model: nn.Module) -> None:
        now = _matrices(model)
        moved = torch._foreach_norm(torch._foreach_sub(now, before))
        steps.append(torch.stack([m / n for m, n in zip(moved, torch._foreach_norm(before), strict=True)]).numpy())
        torch._foreach_copy_(before, now)
        on_step(done, config.steps)

    for number, model in after_epochs(config, split_images(images, config), after_step):
        if number:
            means.append(np.mean(steps, axis=0))
            steps.clear()
        else:
            before.extend(w.clone() for w in _matrices(model))
        norms.append(torch.stack(torch._foreach_norm(before)).numpy())
    return RelativeSteps(spec, norm=np.array(norms, np.float64), relative_step=np.array(means, np.float64))


def _matrices(model: nn.Module) -> list[Tensor]:
    """The weight matrices of the linear layers, without their gradients' history."""
    return [module.weight.detach() for module in model.modules() if isinstance(module, nn.Linear)]
