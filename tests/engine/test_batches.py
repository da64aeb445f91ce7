"""What fresh batches and means of batches do, against the model itself on the bundled digits."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from core.data import split_images
from core.engine.batches import measure
from core.engine.landscape import filter_normalised_direction, parameters_of
from core.engine.models import build_model
from core.results.batches import FIXED_IMAGES, POINTS, TEST_BATCH, BatchesSpec, positions


@pytest.fixture(scope="module")
def found(trained, digits):
    run = trained()
    return measure(BatchesSpec(run.config), digits, [run]), run


def test_the_losses_are_those_of_the_model_with_moved_weights(found, digits):
    batches, run = found
    split = split_images(digits, run.config)
    x, y = torch.from_numpy(split.train_x).float() / 255, torch.from_numpy(split.train_y)
    theta = parameters_of(run)
    u = filter_normalised_direction(theta, 0, "u")
    model = build_model(run.config).eval()
    for points, losses in ((POINTS, batches.fixed), (POINTS + 1, batches.odd)):
        for i in (0, points // 2, points - 1):
            model.load_state_dict({n: w + float(positions(points)[i]) * u[n] for n, w in theta.items()})
            with torch.no_grad():
                expected = cross_entropy(model(x[:FIXED_IMAGES]), y[:FIXED_IMAGES]).item()
            assert losses[i] == pytest.approx(expected, rel=1e-5)


def test_only_the_odd_grid_has_the_trained_network_in_it():
    assert 0 not in positions(POINTS) and positions(POINTS + 1)[POINTS // 2] == 0


def test_fresh_batches_scatter_around_the_loss_of_all_images(found):
    batches, _ = found
    error = batches.at_centre.std(ddof=1) / np.sqrt(len(batches.at_centre))
    assert abs(batches.at_centre.mean() - batches.odd[POINTS // 2]) < 4 * error
    assert len(np.unique(batches.fresh)) == batches.fresh.size


def test_the_mean_of_batches_is_not_the_share_of_images_where_the_last_batch_is_small(found, digits):
    batches, run = found
    assert list(batches.sizes) == [TEST_BATCH, len(digits.test_y) - TEST_BATCH]
    assert batches.accuracy == pytest.approx(run.test_last.accuracy, abs=1e-9)
    assert batches.mean_of_batches == pytest.approx(batches.accuracies.sum() / 2)
    assert batches.mean_of_batches != pytest.approx(batches.accuracy, abs=1e-6)
