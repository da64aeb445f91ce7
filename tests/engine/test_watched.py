"""A watched training against the run that training gives, and against counting one by one the weights of a second
training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix

from core.data import split_images
from core.engine.models import build_model, model_of
from core.engine.sparsity import measure as measure_sparsity
from core.engine.training import DivergenceError, as_pixels, first_steps, fix_threads, threads_of
from core.engine.watched import confusion, measure
from core.results.sparsity import SparsitySpec, bin_edges
from core.results.watched import THRESHOLD, WatchedSpec

SETTINGS = [{}, {"norm": "batch", "dropout": 0.2}, {"l1": 3e-3, "l1_method": "proximal", "epochs": 7}]


def after_every_epoch(config, digits):
    """float64 weights of the first layer after each epoch of a training of its own, as they would be stored, and the
    classes that the network gives the held-out images."""
    fix_threads(threads_of(config))
    split, model, found = split_images(digits, config), build_model(config), []

    def look():
        with torch.no_grad():
            given = model.eval()(as_pixels(torch.tensor(split.held_out_x))).argmax(1).numpy()
        found.append((model.linear1.weight.detach().numpy().astype(np.float16).astype(np.float64), given))
        model.train()

    per_epoch = config.steps // config.epochs
    for i, _, _ in first_steps(model, config, split, config.steps):
        if i % per_epoch == 0:
            look()
    look()
    return found, split.held_out_y


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_every_epoch_is_counted_as_one_by_one(settings, tiny, digits):
    config = replace(tiny, **settings)
    found = measure(WatchedSpec(config), digits)
    passed, labels = after_every_epoch(config, digits)
    assert len(passed) == found.spec.moments == config.epochs + 1
    edges = bin_edges()
    for epoch, (w, given) in enumerate(passed):
        small = np.abs(w) <= THRESHOLD
        assert np.array_equal(found.small[epoch], small.sum(axis=0))
        assert np.allclose(found.small_by_pixel(epoch), small.mean(axis=0).reshape(8, 8), rtol=0, atol=1e-12)
        assert found.share_small[epoch] == pytest.approx(small.mean(), abs=1e-12)
        assert found.share_zero[epoch] == pytest.approx((w == 0).mean(), abs=1e-12)
        inside = [int(((low <= w) & (w < high)).sum()) for low, high in zip(edges[1:-2], edges[2:-1], strict=True)]
        assert found.histogram[epoch, 1:-1].tolist() == inside
        assert found.histogram[epoch].sum() == w.size
        assert np.array_equal(found.confusion[epoch], confusion_matrix(labels, given, labels=range(10)))
    for epoch in found.spec.pictured:
        w = passed[epoch][0]
        assert np.array_equal(found.levels(epoch), (w != 0).astype(int) + (np.abs(w) > THRESHOLD))


def test_the_proximal_step_is_seen_to_make_zeros(tiny, digits):
    found = measure(WatchedSpec(replace(tiny, **SETTINGS[-1])), digits)
    assert found.share_zero[0] == 0 < found.share_zero[-1] < found.share_small[-1] < 1
    assert {*np.unique(found.levels(7))} == {0, 1, 2} and {*np.unique(found.levels(0))} == {1, 2}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_trace_of_the_confusions_is_the_accuracy_of_the_run(settings, trained, digits):
    run = trained(**settings)
    found = measure(WatchedSpec(run.config), digits)
    assert np.array_equal(found.accuracy[1:], run.curve("held_out_accuracy"))
    held_out = np.bincount(split_images(digits, run.config).held_out_y, minlength=10)
    assert (found.confusion.sum(axis=2) == held_out).all()


def test_the_last_epoch_is_what_is_measured_of_the_run(trained, digits):
    run = trained(**SETTINGS[-1])
    found, theirs = (
        measure(WatchedSpec(run.config), digits),
        measure_sparsity(SparsitySpec(run.config, with_map=True), digits, [run]),
    )
    units = found.spec.matrix[0]
    assert np.array_equal(units - found.small[-1].reshape(8, 8), theirs.kept_by_pixel(THRESHOLD))
    assert np.array_equal(found.histogram[-1], theirs.histogram)
    assert found.share_zero[-1] == theirs.share_zero
    w = model_of(run).linear1.weight.detach().abs().numpy()
    assert np.array_equal(found.levels(run.config.epochs) == 2, w > THRESHOLD)


def test_confusions_are_counted_by_true_class_and_given_class():
    counts = confusion(np.array([0, 0, 2], np.uint8), np.array([0, 1, 1]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 0, 0], [0, 1, 0]]


def test_a_training_that_diverges_says_so(tiny, digits):
    with pytest.raises(DivergenceError, match="no longer a finite number"):
        measure(WatchedSpec(replace(tiny, optimizer="sgd", lr=10.0, l2=10.0)), digits)
