"""Lengths and relative steps against the weights of every step, taken by themselves and measured in float64."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.data import split_images
from core.engine.models import build_model, model_of
from core.engine.relative_steps import measure
from core.engine.training import first_steps, fix_threads, threads_of
from core.results.relative_steps import RelativeStepsSpec
from tests.engine.networks import images_of, run_of

SETTINGS = [{}, {"norm": "batch", "l2": 1e-2}, {"max_norm": 0.5}]


def matrices(model):
    return [model.get_submodule(f"linear{i}").weight.detach().double().numpy().copy() for i in (1, 2, 3)]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_lengths_and_steps_are_those_of_the_weights(settings, tiny, digits):
    config = replace(tiny, **settings)
    found = measure(RelativeStepsSpec(config), digits)
    fix_threads(threads_of(config))
    model, passed = build_model(config), []
    for _ in first_steps(model, config, split_images(digits, config), config.steps):
        passed.append(matrices(model))
    passed.append(matrices(model))
    norms = np.array([[np.linalg.norm(w) for w in state] for state in passed])
    moved = [[np.linalg.norm(b - a) for a, b in zip(*pair, strict=True)] for pair in itertools.pairwise(passed)]
    relative = np.array(moved) / norms[:-1]
    each = config.steps // config.epochs
    np.testing.assert_allclose(found.norm, norms[::each], rtol=1e-5)  # float32 sums against float64 ones
    np.testing.assert_allclose(found.relative_step, relative.reshape(config.epochs, each, 3).mean(1), rtol=1e-3)


def test_with_batch_norm_the_length_of_the_weights_that_lead_into_it_changes_nothing(digits):
    """What the lesson says of L2 with batch norm rests on this."""
    run = run_of(norm="batch")
    model, (x, _) = model_of(run).train(), images_of(run, digits)
    before = model(x)
    with torch.no_grad():
        for i in (1, 2):
            model.get_submodule(f"linear{i}").weight.mul_(8)
            model.get_submodule(f"linear{i}").bias.mul_(8)
    # ε = 1e-5 beside the variance is all that notices
    torch.testing.assert_close(model(x), before, rtol=1e-3, atol=1e-3)
