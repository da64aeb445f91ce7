"""The thinned networks of a network that was trained with dropout, and what they say of the test images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, nll_loss

from core.data import Images
from core.engine.evaluation import evaluation_images
from core.engine.measurement import OnStep, unheard
from core.engine.models import Dropout, model_of, torch_generator
from core.engine.training import fix_threads
from core.results.ensemble import N_MASKS, Ensemble, EnsembleSpec
from core.results.run import Run


@torch.no_grad()
def measure(spec: EnsembleSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Ensemble:
    """Run N_MASKS thinned networks of `run` over the test images. Each mask holds for all images: one network.

    Raises ValueError where the run kept no weights or was trained without dropout.
    """
    if not spec.run.dropout:
        raise ValueError("this network was trained without dropout")
    fix_threads()
    (run,) = runs
    model = model_of(run)
    x, y = evaluation_images(images, spec.n_images)
    scaled = log_softmax(model(x), 1).double()
    generator = torch_generator(run.config.seed, "thinned networks")
    sum_p, sum_log = torch.zeros_like(scaled), torch.zeros_like(scaled)
    found, kept = [], []
    for t in range(1, N_MASKS + 1):
        log_p = log_softmax(thinned_logits(model, x, generator), 1).double()
        sum_p += log_p.exp()
        sum_log += log_p
        arithmetic, geometric = (sum_p / t).log(), log_softmax(sum_log / t, 1)
        found.append((*_scores(arithmetic, y), _scores(log_p, y)[0], *_scores(geometric, y)))
        kept.append(log_p[: spec.n_shown].exp().numpy())
        on_step(t, N_MASKS)
    accuracy, loss, alone, geometric_accuracy, geometric_loss = np.array(found).T
    return Ensemble(
        spec=spec,
        accuracy=accuracy,
        loss=loss,
        alone=alone,
        geometric_accuracy=geometric_accuracy,
        geometric_loss=geometric_loss,
        scaled=np.array(_scores(scaled, y)),
        probabilities=np.stack(kept, axis=1).astype(np.float16),
        scaled_probabilities=scaled[: spec.n_shown].exp().numpy().astype(np.float16),
        classes=y[: spec.n_shown].numpy(),
    )


def thinned_logits(model: nn.Sequential, x: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 10) logits of one thinned network for pixels x (N, …): at each dropout layer one mask for all images, the
    units that are kept divided by 1 − p."""
    for layer in model:
        if isinstance(layer, Dropout):
            keep = 1 - layer.p
            x = x * torch.empty(x.shape[1]).bernoulli_(keep, generator=generator).div_(keep)
        else:
            x = layer(x)
    return x


def _scores(log_p: Tensor, y: Tensor) -> tuple[float, float]:
    """Accuracy and loss of log-probabilities (N, 10)."""
    return (log_p.argmax(1) == y).double().mean().item(), nll_loss(log_p, y).item()
