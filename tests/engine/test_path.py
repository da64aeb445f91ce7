"""The plane of a path against scikit-learn's principal components of the weights laid end to end, its losses against
the run and against the network itself at each point."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator
from sklearn.decomposition import PCA

from core.data import split_images
from core.engine.evaluation import as_pixels
from core.engine.models import build_model
from core.engine.path import measure, principal_plane
from core.engine.training import first_steps, fix_threads, threads_of, train
from core.results.path import MARGIN, PathSpec, axis_over
from tests.engine.networks import brute_force, flat

SETTINGS = [({}, "running"), ({"norm": "batch", "dropout": 0.2}, "running"), ({"norm": "batch"}, "batch")]
EPOCHS = 6


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
def walked(request, digits):
    """A path, and the checkpoints of the same training as `first_steps` has them: [{name: tensor}]."""
    from tests.conftest import TINY

    settings, statistics = request.param
    config = replace(TINY, epochs=EPOCHS, **settings)
    found = measure(PathSpec(config, statistics, n_images=40, resolution=5), digits)
    model, checkpoints = build_model(config), []

    # biases before batch norm have no gradient but rounding, of which Adam makes whole steps: the bits must be the same
    fix_threads(threads_of(config))

    def keep():
        state = model.state_dict()
        checkpoints.append({name: t.clone() for name, t in state.items() if t.is_floating_point()})

    for i, _, _ in first_steps(model, config, split_images(digits, config), config.steps):
        if i % (config.steps // EPOCHS) == 0:
            keep()
    keep()
    return found, checkpoints


def trained_only(checkpoint):
    return {name: w for name, w in checkpoint.items() if "running" not in name}


def test_the_plane_is_that_of_scikit_learn(walked):
    found, checkpoints = walked
    vectors = np.stack([flat(trained_only(c)).numpy() for c in checkpoints])
    away = vectors - vectors[-1]
    pca = PCA(2, svd_solver="full").fit(away[:-1])
    assert found.explained == pytest.approx(pca.explained_variance_ratio_, rel=1e-6)
    theirs = away @ pca.components_.T  # projections of θₑ − θₙ, not of θₑ − the mean
    signs = np.sign(theirs[0])
    assert np.allclose(found.coordinates, theirs * signs, atol=1e-5 * np.abs(theirs).max())
    assert np.allclose(found.distances, np.linalg.norm(away, axis=1), rtol=1e-6)
    outside = away - theirs @ pca.components_
    assert np.allclose(found.off_plane, np.linalg.norm(outside, axis=1), atol=1e-3 * found.distances[0])
    assert not found.coordinates[-1].any() and (found.coordinates[0] >= 0).all()


def test_the_directions_have_length_1_and_a_right_angle(walked):
    _, checkpoints = walked
    plane = principal_plane(checkpoints)
    u, v = flat(plane.u), flat(plane.v)
    assert (u @ u, v @ v, u @ v) == pytest.approx((1, 1, 0), abs=1e-6)
    assert not any(w.any() for name, w in {**plane.u, **plane.v}.items() if "running" in name)


def test_losses_are_the_networks_own_at_the_checkpoints_and_in_the_plane(walked, digits):
    found, checkpoints = walked
    run, statistics, end = found.spec.run, found.spec.statistics, checkpoints[-1]
    split = split_images(digits, run)
    x, y = as_pixels(torch.tensor(split.train_x[:40])), torch.tensor(split.train_y[:40])
    plane = principal_plane(checkpoints)
    for i, (alpha, beta) in enumerate(found.coordinates):
        own = brute_force(run, checkpoints[i], plane.u, plane.v, 0, 0, x, y, statistics)
        assert found.loss[i] == pytest.approx(own, rel=1e-4)
        shadow = brute_force(run, end, plane.u, plane.v, alpha, beta, x, y, statistics)
        assert found.shadow_loss[i] == pytest.approx(shadow, rel=1e-4)
    for i, j in ((0, 4), (2, 1), (4, 4)):
        there = brute_force(run, end, plane.u, plane.v, found.alphas[i], found.betas[j], x, y, statistics)
        assert found.grid[i, j] == pytest.approx(there, rel=1e-4)
    # in the end it is its own shadow, and nowhere else
    assert found.shadow_loss[-1] == found.loss[-1] and (found.shadow_loss != found.loss)[1:-1].all()


def test_the_true_losses_are_those_that_the_run_records(tiny, digits):
    """All 60 training images, which is what the records have, too."""
    config = replace(tiny, epochs=EPOCHS, norm="batch", l2=1e-3)
    found, run = measure(PathSpec(config, resolution=3), digits), train(config, digits)
    assert found.spec.n_images == 60
    assert found.loss[1:] == pytest.approx(run.curve("train_loss"), rel=1e-5)
    assert found.loss[0] == pytest.approx(np.log(10), abs=0.2)  # before the first step: chance


def test_the_grid_holds_the_path_with_room_around_it(walked):
    found, _ = walked
    for along, axis in zip(found.coordinates.T, (found.alphas, found.betas), strict=True):
        width = along.max() - along.min()
        assert axis[0] == pytest.approx(along.min() - MARGIN * width)
        assert axis[-1] == pytest.approx(along.max() + MARGIN * width) and np.allclose(np.diff(axis, 2), 0, atol=1e-9)
    assert len(axis_over(np.array([0.0, 1.0]), 7)) == 7


def test_a_fine_grid_agrees_with_the_shadows(digits, tiny):
    """What a reader sees: the level of the surface under each point of the path."""
    found = measure(PathSpec(replace(tiny, epochs=EPOCHS), n_images=60, resolution=41), digits)
    level = RegularGridInterpolator((found.alphas, found.betas), found.grid, method="cubic")
    assert level(found.coordinates) == pytest.approx(found.shadow_loss, rel=1e-3)


@pytest.mark.parametrize("odd", [{"run": 2}, {"resolution": 2}, {"n_images": 0}], ids=str)
def test_settings_that_give_no_plane_are_refused(tiny, odd):
    run = replace(tiny, epochs=odd.pop("run", 3))
    with pytest.raises(ValueError, match="at least 3 epochs|must be"):
        PathSpec(run, **odd)
    assert PathSpec(tiny, "batch").statistics == "running"  # without batch norm there is one way only
