"""How smooth the loss is along the gradient: the three measures of Santurkar et al. 2018 (arXiv:1805.11604, figure 4).

At a training step with weights θ and gradient g = ∇L(θ) on the current batch, the weights are moved to θ − η·g for step
sizes η in a range, on the same batch in training mode. Nothing is trained by it; the weights and running statistics are
put back bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.data import Images, split_images
from core.engine.measurement import OnStep, unheard
from core.engine.models import build_model, in_training_mode
from core.engine.training import first_steps, fix_threads
from core.results.probe import Probe, ProbeSpec
from core.results.run import Run


@dataclass(frozen=True)
class Along:
    """What was found along one gradient: losses (K,), gradient distances (K,) for K step sizes, and ‖g‖."""

    losses: np.ndarray
    distances: np.ndarray
    gradient_norm: float
    etas: np.ndarray

    @property
    def effective_beta(self) -> float:
        """max over η of ‖∇L(θ) − ∇L(θ − ηg)‖ / (η·‖g‖): the steepest change of the gradient per distance moved."""
        return float((self.distances / (self.etas * self.gradient_norm)).max())


def probe_along_gradient(model: nn.Module, x: Tensor, y: Tensor, etas: np.ndarray) -> Along:
    """Measure along the gradient of the model's batch loss on pixels x (B, …), classes y (B,), at each η of etas (K,).

    The model is in training mode meanwhile (batch statistics), and left as it was: weights, buffers, gradients, mode.
    A model with dropout would draw other masks at each η; such models are not measured.
    """
    parameters = list(model.parameters())
    start = [w.detach().clone() for w in parameters]

    def loss_and_gradient() -> tuple[float, Tensor]:
        loss = cross_entropy(model(x), y)
        return loss.item(), torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])

    with in_training_mode(model):
        _, g = loss_and_gradient()
        sizes = [w.numel() for w in parameters]
        directions = [part.view_as(w) for part, w in zip(g.split(sizes), parameters, strict=True)]
        losses, distances = [], []
        try:
            for eta in etas:
                with torch.no_grad():
                    for w, w0, d in zip(parameters, start, directions, strict=True):
                        torch.sub(w0, d, alpha=float(eta), out=w)
                loss, moved = loss_and_gradient()
                losses.append(loss)
                distances.append((moved - g).norm().item())
        finally:
            with torch.no_grad():
                for w, w0 in zip(parameters, start, strict=True):
                    w.copy_(w0)
    return Along(np.array(losses), np.array(distances), g.norm().item(), np.asarray(etas, np.float64))


def measure(spec: ProbeSpec, images: Images, runs: Sequence[Run] = (), on_step: OnStep = unheard) -> Probe:
    """Train a config for spec.steps steps and measure along the gradient every spec.every steps. The training is the
    one that `train` does: same split, first weights, batches and optimizer."""
    fix_threads()
    split = split_images(images, spec.run)
    model = build_model(spec.run)
    found: list[Along] = []
    for step, x, y in first_steps(model, spec.run, split, spec.steps):
        if step % spec.every == 0:
            found.append(probe_along_gradient(model, x, y, spec.etas))
        on_step(step + 1, spec.steps)
    return Probe(
        spec=spec,
        losses=np.array([along.losses for along in found]),
        distances=np.array([along.distances for along in found]),
        gradient_norms=np.array([along.gradient_norm for along in found]),
    )
