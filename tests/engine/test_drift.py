"""The inputs of a layer's units, against a model trained and read by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.engine.drift import inputs_of, measure
from core.engine.evaluation import as_pixels
from core.engine.models import build_model, model_of
from core.results.drift import Drift, DriftSpec


@pytest.mark.parametrize(
    ("norm", "position"), [("none", "before"), ("batch", "before"), ("batch", "after"), ("layer", "before")]
)
def test_the_inputs_are_what_a_hook_sees_and_the_network_does_not_notice(norm, position, tiny, digits):
    model = build_model(replace(tiny, norm=norm, norm_position=position)).eval()
    x = as_pixels(torch.tensor(digits.train_x[:32]))
    before = {name: t.clone() for name, t in model.state_dict().items()}
    found = inputs_of(model, "relu2", x)
    assert not model.training and all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    seen = []
    model.relu2.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    model.train()(x)
    assert torch.allclose(found, seen[0], atol=1e-6)


def test_the_course_ends_at_the_network_that_training_gives(trained, tiny, digits):
    """tiny is 3 epochs of 4 steps. Its stored matrices are rounded to float16."""
    run = trained(norm="batch")
    spec = DriftSpec(run.config, steps=run.config.steps, every=5, n_images=50)
    found = measure(spec, digits)
    assert list(spec.at_steps) == [0, 5, 10, 12] and found.percentiles.shape == (4, 128, 3)
    from core.data import split_images

    x = as_pixels(torch.from_numpy(split_images(digits, run.config).train_x[:50]))
    for row, model in ((0, build_model(run.config)), (-1, model_of(run))):
        expected = np.percentile(inputs_of(model, "relu2", x).double().numpy(), (15, 50, 85), axis=0).T
        assert np.allclose(found.percentiles[row], expected, atol=5e-3)
    assert np.abs(found.percentiles[0] - found.percentiles[-1]).max() > 0.05


def test_travel_is_the_largest_way_of_the_median_in_units_of_the_first_spread(tiny):
    spec = DriftSpec(tiny, steps=2, every=1)
    percentiles = np.zeros((3, 128, 3))
    percentiles[:, :, 0], percentiles[:, :, 2] = -1, 3
    percentiles[:, 5, 1] = 1, -7, 2
    percentiles[-1, :, 2] = 7
    drift = Drift(spec, percentiles)
    travel = drift.travel
    assert travel[5] == pytest.approx(2.0) and np.delete(travel, 5).max() == 0
    assert drift.way[5] == pytest.approx(8.0) and drift.last_travel[5] == pytest.approx(1.0)
