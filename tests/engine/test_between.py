"""The line between two networks against the networks themselves; statistics against a pass in training mode; a convex
loss against the definition of convexity."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from core.config import DIGITS
from core.engine.between import measure
from core.engine.evaluation import as_pixels, evaluate
from core.engine.landscape import parameters_of, with_statistics_of
from core.engine.models import build_model, model_of
from core.results import measurement
from core.results.between import KEPT, RECOMPUTED, SETS, Between, BetweenSpec
from tests.engine.networks import brute_force, images_of, run_of

SETTINGS = [{}, {"norm": "layer", "dropout": 0.5}, {"norm": "batch"}, {"norm": "batch", "norm_position": "after"}]


def sets_of(runs, digits, n):
    """Pixels and classes of SETS."""
    test = as_pixels(torch.tensor(digits.test_x).flatten(1)), torch.tensor(digits.test_y)
    return [*(images_of(run, digits, n) for run in runs), test]


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
def line(request, digits):
    runs = run_of(**request.param), run_of(**request.param, seed=1)
    spec = BetweenSpec(*(run.config for run in runs), points=5, n_images=40)
    return measure(spec, digits, runs), runs


def test_the_ends_are_the_two_networks(line, digits):
    found, runs = line
    for run, at in zip(runs, (0, -1), strict=True):
        model = model_of(run)
        for k, (x, y) in enumerate(sets_of(runs, digits, 40)):
            own = evaluate(model, (x * 255).round().to(torch.uint8), y)
            assert found.loss[KEPT, k, at] == pytest.approx(own.loss, rel=1e-5), SETS[k]
            assert found.accuracy[KEPT, k, at] == pytest.approx(own.accuracy, abs=1 / len(y))


def test_the_ends_are_what_trained_runs_say_of_themselves(trained, digits):
    """Their own training images at the end that is theirs, and the test images."""
    runs = trained(norm="batch"), trained(norm="batch", seed=1)
    found = measure(BetweenSpec(*(run.config for run in runs), points=3), digits, runs)
    assert found.spec.n_images == 60
    for k, run in enumerate(runs):
        at = -k  # the first position, or the last
        # matrices are kept in float16
        assert found.loss[KEPT, k, at] == pytest.approx(run.last.train_loss, rel=2e-3)
        assert found.loss[KEPT, 2, at] == pytest.approx(run.test_last.loss, rel=2e-3)
        assert found.accuracy[KEPT, 2, at] == pytest.approx(run.test_last.accuracy, abs=1 / 400)


def test_points_between_are_networks_with_the_weights_between(line, digits):
    found, runs = line
    a, b = (parameters_of(run) for run in runs)
    nowhere = {name: torch.zeros_like(w) for name, w in a.items()}
    quarter = {name: 0.75 * a[name] + 0.25 * b[name] for name in a}
    for k, (x, y) in enumerate(sets_of(runs, digits, 40)):
        expected = brute_force(runs[0].config, quarter, nowhere, nowhere, 0, 0, x, y)
        assert found.loss[KEPT, k, 1] == pytest.approx(expected, rel=1e-4)
    assert found.loss.shape[0] == (2 if runs[0].config.norm == "batch" else 1)


def by_hooks(config, theta, x):
    """{name: statistic} of what enters each batch norm, layer after layer in training mode, on x in one batch."""
    model, seen = build_model(config), {}
    model.load_state_dict({name: w.clone() for name, w in theta.items()}, strict=False)

    def note(name):
        def hook(_, inputs):
            seen[f"{name}.running_mean"] = inputs[0].double().mean(0)
            seen[f"{name}.running_var"] = inputs[0].double().var(0, unbiased=True)

        return hook

    for name, layer in model.named_modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.register_forward_pre_hook(note(name))
    with torch.no_grad():
        model.train()(x)
    return seen


@pytest.mark.parametrize("position", ["before", "after"])
def test_recomputed_statistics_are_those_of_the_images(position, digits):
    run = run_of(norm="batch", norm_position=position)
    theta, (x, _) = parameters_of(run), images_of(run, digits, 50)
    before = {name: w.clone() for name, w in theta.items()}
    found, expected = with_statistics_of(x, theta, run.config), by_hooks(run.config, theta, x)
    assert len(expected) == 4
    for name, w in theta.items():
        assert torch.equal(w, before[name])  # θ is only read
        if name in expected:
            torch.testing.assert_close(found[name].double(), expected[name], rtol=1e-4, atol=1e-5)
        else:
            assert torch.equal(found[name], w)


def test_recomputed_points_have_the_statistics_of_both_runs_images(digits):
    runs = run_of(norm="batch"), run_of(norm="batch", seed=1)
    found = measure(BetweenSpec(*(run.config for run in runs), points=3, n_images=40), digits, runs)
    a, b = (parameters_of(run) for run in runs)
    middle = {name: (a[name] + b[name]) / 2 for name in a}
    sets = sets_of(runs, digits, 40)
    own = by_hooks(runs[0].config, middle, torch.cat([sets[0][0], sets[1][0]]))
    model = build_model(runs[0].config)
    model.load_state_dict({**middle, **{name: w.float() for name, w in own.items()}}, strict=False)
    with torch.no_grad():
        for k, (x, y) in enumerate(sets):
            logits = model.eval()(x)
            assert found.loss[RECOMPUTED, k, 1] == pytest.approx(cross_entropy(logits, y).item(), rel=1e-4)
    assert (np.abs(found.loss[RECOMPUTED] - found.loss[KEPT]) > 1e-3).all()


def test_of_a_convex_loss_every_line_is_convex_and_none_has_a_barrier(digits):
    """Two networks that differ in their last layer only: a linear softmax over the same 128 features."""
    start, other = run_of(), run_of(seed=1)
    weights = {**start.weights, **{name: w for name, w in other.weights.items() if name.startswith("linear3")}}
    end = replace(start, config=other.config, weights=weights)
    found = measure(BetweenSpec(start.config, end.config, points=9, n_images=50), digits, (start, end))
    second = np.diff(found.loss, 2, axis=-1)
    assert (second > 0).all() and (found.barrier == pytest.approx(0, abs=1e-12))
    # and two whole networks are another matter
    whole = measure(BetweenSpec(start.config, other.config, points=9, n_images=50), digits, (start, other))
    assert np.diff(whole.loss, 2, axis=-1).min() < 0


def test_the_barrier_stands_above_the_chord():
    spec = BetweenSpec(DIGITS, replace(DIGITS, seed=1), points=3)
    loss = np.array([[[1.0, 4.0, 3.0], [0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]])
    found = Between(spec, loss, np.zeros((1, 3, 3)))
    assert found.barrier == pytest.approx(np.array([[2.0, 0.0, 0.0]]))
    assert found.train_loss == pytest.approx(np.array([[0.5, 2.5, 2.5]]))


def test_it_comes_back_from_its_file(tmp_path, digits):
    spec = BetweenSpec(*(replace(DIGITS, norm="batch", seed=seed) for seed in (0, 1)), points=3)
    written = Between(spec, np.ones((2, 3, 3)), np.zeros((2, 3, 3)))
    measurement.to_file(written, tmp_path / "x.npz")
    assert measurement.from_file("between", tmp_path / "x.npz").spec == spec
    assert len({spec.file_name, replace(spec, points=4).file_name, replace(spec, start=spec.end).file_name}) == 3


def test_runs_that_are_no_two_seeds_of_one_setting_are_refused():
    with pytest.raises(ValueError, match="nothing but their seed"):
        BetweenSpec(DIGITS, replace(DIGITS, seed=1, l2=1e-3))
    with pytest.raises(ValueError, match="at least 2 points"):
        BetweenSpec(DIGITS, replace(DIGITS, seed=1), points=1)
