"""The loss along the straight line between two trained networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.data import Images
from core.engine.landscape import loss_grid, parameters_of, training_images
from core.engine.measurement import OnStep, unheard
from core.engine.training import fix_threads
from core.results.line import Line, LineSpec
from core.results.run import Run


def measure(spec: LineSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Line:
    """The loss along the straight line between two trained networks of one shape, biases included. Raises ValueError
    where a run kept no weights."""
    fix_threads()
    start, end = runs
    a, b = parameters_of(start), parameters_of(end)
    x, y = training_images(start.config, images, spec.n_images)
    toward = {name: b[name] - w for name, w in a.items()}
    nowhere = {name: torch.zeros_like(w) for name, w in a.items()}
    grid = loss_grid(a, toward, nowhere, spec.positions, np.zeros(1), x, y, start.config, on_row=on_step)
    return Line(spec, grid[:, 0].astype(np.float32))
