"""Single weights, followed while the network is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.data import Images, split_images
from core.engine.measurement import OnStep, unheard
from core.engine.models import build_model
from core.engine.training import first_steps, fix_threads
from core.results.followed import FOLLOWED, Followed, FollowSpec, pixels_of
from core.results.run import Run

SMALL = 1e-4


def measure(spec: FollowSpec, images: Images, runs: Sequence[Run] = (), on_step: OnStep = unheard) -> Followed:
    """Train for spec.steps steps, as `train` does, and read the first layer before each of them and at the end."""
    fix_threads()
    split = split_images(images, spec.run)
    model = build_model(spec.run)
    pixels = list(pixels_of(spec.run.facts.side))
    weights, zeros, small = [], [], []

    def read() -> None:
        w = model.linear1.weight.detach()
        weights.append(w[:, pixels].T.numpy().copy())
        zeros.append((w == 0).double().mean().item())
        small.append((w.abs() <= SMALL).double().mean().item())

    for step, _, _ in first_steps(model, spec.run, split, spec.steps):
        read()
        on_step(step + 1, spec.steps)
    read()
    found = np.array(weights)
    largest = np.sort(np.argsort(-np.abs(found[-1, -1]), kind="stable")[:FOLLOWED])
    chosen = np.stack([found[:, 0, :FOLLOWED], found[:, 1, :FOLLOWED], found[:, 2, largest]], axis=1)
    return Followed(spec, chosen, np.array(zeros), np.array(small))
