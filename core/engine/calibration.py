"""A trained network's confidence on the test images, against how often it is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.data import Images
from core.engine.evaluation import evaluate_logits, evaluation_images
from core.engine.landscape import network_at, parameters_of
from core.engine.measurement import OnStep, unheard
from core.engine.training import fix_threads
from core.results.calibration import BINS, Calibration, CalibrationSpec, bins_of
from core.results.run import Run


@torch.no_grad()
def measure(spec: CalibrationSpec, images: Images, runs: Sequence[Run], on_step: OnStep = unheard) -> Calibration:
    """Ask `run`, in evaluation mode with its last weights, for its answer to every test image. Raises ValueError where
    the run kept no weights."""
    fix_threads()
    (run,) = runs
    x, y = evaluation_images(images)
    logits = network_at(run.config)(parameters_of(run), x)
    confidence, answer = logits.double().softmax(1).max(1)
    at = bins_of(confidence.numpy())
    right = (answer == y).numpy()
    on_step(1, 1)
    return Calibration(
        spec,
        count=np.bincount(at, minlength=BINS),
        sum_confidence=np.bincount(at, weights=confidence.numpy(), minlength=BINS),
        right=np.bincount(at[right], minlength=BINS),
        loss=np.array(evaluate_logits(logits, y).loss),
    )
