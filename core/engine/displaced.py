"""Where the landscape loop of the source notebook leaves a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.data import Images
from core.engine.evaluation import evaluation_images
from core.engine.landscape import moved, network_at, notebook_direction, parameters_of
from core.engine.measurement import OnStep, unheard
from core.engine.training import fix_threads
from core.results.displaced import BINS, HIGH, LOW, Displaced, DisplacedSpec
from core.results.run import Run


@torch.no_grad()
def measure(spec: DisplacedSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Displaced:
    """Where the notebook's loop leaves a network, the last corner of its grid: the first layer's weights, and what is
    left of the accuracy. Raises ValueError where the run kept no weights."""
    fix_threads()
    (run,) = runs
    logits = network_at(run.config)
    theta = parameters_of(run)
    corner = moved(theta, notebook_direction(theta, 1), notebook_direction(theta, 2), 1.0, 1.0)
    x, y = evaluation_images(images)
    first = [p["linear1.weight"].double().numpy() for p in (theta, corner)]
    own, displaced = (np.histogram(w.clip(LOW, HIGH), BINS, (LOW, HIGH))[0] for w in first)
    accuracy = [(logits(p, x).argmax(1) == y).double().mean().item() for p in (theta, corner)]
    on_step(1, 1)
    return Displaced(spec, own, displaced, np.array([w.mean() for w in first]), np.array(accuracy))
