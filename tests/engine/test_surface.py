"""Surfaces against a plain evaluation of the network at single points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy

from core.engine import line
from core.engine.evaluation import evaluate
from core.engine.landscape import filter_normalised_direction, notebook_direction, parameters_of
from core.engine.models import model_of
from core.engine.surface import measure
from core.results.line import LineSpec
from core.results.surface import SurfaceSpec, notebook_spec
from tests.engine.networks import KIND_IDS, KINDS, brute_force, flat, images_of, run_of


@pytest.mark.parametrize(("settings", "statistics"), KINDS, ids=KIND_IDS)
def test_a_surface_reports_what_a_plain_evaluation_finds(digits, settings, statistics):
    run = run_of(**settings)
    spec = SurfaceSpec(run.config, radius=0.5, resolution=3, n_images=70, direction_seed=4, statistics=statistics)
    found = measure(spec, digits, [run])
    theta, (x, y) = parameters_of(run), images_of(run, digits, 70)
    u, v = (filter_normalised_direction(theta, 4, which) for which in "uv")
    for i, j in ((0, 0), (0, 2), (1, 1), (2, 1)):
        alpha, beta = spec.coordinates[i], spec.coordinates[j]
        expected = brute_force(run.config, theta, u, v, alpha, beta, x, y, statistics)
        assert found.loss[i, j] == pytest.approx(expected, rel=1e-4)
    model = model_of(run)
    if statistics == "running":
        plain = evaluate(model, *map(torch.tensor, (x.mul(255).round().to(torch.uint8).numpy(), y.numpy())))
        assert found.centre == pytest.approx(plain.loss, rel=1e-5)
        with torch.no_grad():
            each = cross_entropy(model(x), y, reduction="none")
        assert found.standard_error == pytest.approx(each.std().item() / 70**0.5, rel=1e-4)
    assert found.cosine == pytest.approx(cosine_similarity(flat(u), flat(v), dim=0).item(), abs=1e-6)
    assert found.direction_norms == pytest.approx((flat(u).norm().item(), flat(v).norm().item()), rel=1e-6)
    trained = dict(model.named_parameters())
    assert found.weight_norm == pytest.approx(flat(trained).norm().item(), rel=1e-6)


def test_a_surface_is_the_same_each_time_and_another_with_other_directions(digits):
    run = run_of()
    spec = SurfaceSpec(run.config, resolution=5)
    one, again, other = (measure(s, digits, [run]).loss for s in (spec, spec, replace(spec, direction_seed=1)))
    assert np.array_equal(one, again) and one[2, 2] == other[2, 2] and (one != other).sum() == 24


def test_a_trained_network_lies_lower_than_what_surrounds_it(trained, digits):
    run = trained(epochs=30)
    found = measure(SurfaceSpec(run.config, resolution=5, radius=2), digits, [run])
    assert (
        found.centre == found.range[0] == pytest.approx(run.last.train_loss, rel=2e-3)
    )  # the run's 60 images, in float16


def test_the_notebooks_surface_lies_along_its_own_directions_with_its_axes_in_our_order(digits):
    run = run_of(norm="batch")
    spec = replace(notebook_spec(run.config), resolution=4, radius=0.3)
    assert (
        spec.n_images == 100
    )  # all that there are: "fresh" images at each point are then the same ones in another order
    found = measure(spec, digits, [run])
    theta, (x, y) = parameters_of(run), images_of(run, digits)
    w1, w2 = notebook_direction(theta, 1), notebook_direction(theta, 2)
    expected = [
        [brute_force(run.config, theta, w2, w1, a, b, x, y) for b in spec.coordinates] for a in spec.coordinates
    ]
    np.testing.assert_allclose(found.loss, expected, rtol=1e-4)
    assert found.cosine == pytest.approx(0.75, abs=0.02) and found.centre is None


def test_the_notebooks_surface_takes_fresh_images_at_each_point(digits):
    run = run_of()
    spec = SurfaceSpec(run.config, method="notebook", radius=1e-9, resolution=4, n_images=20)
    one, again = measure(spec, digits, [run]).loss, measure(spec, digits, [run]).loss
    assert np.array_equal(one, again) and len(set(one.flat)) == 16  # all at θ*, and yet all different


@pytest.mark.parametrize("method", ["filter", "notebook"])
def test_rows_are_counted_and_what_the_counter_raises_ends_the_surface(digits, method):
    class Enough(Exception):
        pass

    rows = []

    def on_row(done, total):
        rows.append((done, total))
        if done == enough:
            raise Enough

    run, enough = run_of(), None
    spec = SurfaceSpec(run.config, method=method, resolution=5, n_images=10)
    measure(spec, digits, [run], on_row)
    assert rows == [(i, 5) for i in range(1, 6)]
    rows.clear()
    enough = 2
    with pytest.raises(Enough):
        measure(spec, digits, [run], on_row)
    assert len(rows) == 2


@pytest.mark.parametrize("method", ["filter", "notebook"])
def test_a_run_without_weights_has_no_surface(digits, method):
    run = replace(run_of(), weights=None)
    with pytest.raises(ValueError, match="not its weights"):
        measure(SurfaceSpec(run.config, method=method), digits, [run])


@pytest.mark.parametrize("settings", [{}, {"norm": "batch"}, {"norm": "layer", "norm_position": "after"}], ids=str)
def test_neither_the_weights_nor_the_random_numbers_are_touched(digits, settings):
    run = run_of(**settings)
    before = {name: w.copy() for name, w in run.weights.items()}
    state = torch.get_rng_state()
    for spec in (SurfaceSpec(run.config, resolution=3), replace(notebook_spec(run.config), resolution=4)):
        measure(spec, digits, [run])
    line.measure(LineSpec(run.config, run.config, points=3), digits, [run, run])
    assert all(np.array_equal(w, before[name]) for name, w in run.weights.items())
    assert torch.equal(torch.get_rng_state(), state)
