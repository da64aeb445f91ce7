"""The variances against the closed form for independent masks, and the statistics measured anew against PyTorch's own
batch norm in training mode."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.config import DIGITS
from core.data import split_images
from core.engine.evaluation import evaluate
from core.engine.models import model_of
from core.engine.variance_shift import measure
from core.results.variance_shift import VarianceShiftSpec
from tests.engine.networks import images_of, run_of


def outputs(model, x, last):
    """What the module called `last` gives in evaluation mode, float64, and the module after it."""
    for name, module in model.named_children():
        x = module(x)
        if name == last:
            return x.detach().double()
    raise AssertionError(last)


@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize("p", [0.2, 0.5])
def test_masks_add_to_the_second_layers_variance_what_independent_masks_must(p, position, digits):
    run = run_of(norm="batch", dropout=p, norm_position=position)
    found = measure(VarianceShiftSpec(run.config, draws=400), digits, [run])
    model, (x, _) = model_of(run), images_of(run, digits)
    first, second = run.config.facts.widths
    last = "relu1" if position == "before" else "norm1"
    hidden = outputs(model, x, last)
    w, b = model.linear2.weight.detach().double(), model.linear2.bias.detach().double()
    if position == "before":  # what reaches the norm is linear in the masked units
        unmasked = (hidden @ w.T + b).var(0, correction=0)
        masked = unmasked + p / (1 - p) * (hidden.square().mean(0) @ w.square().T)
        np.testing.assert_allclose(found.unmasked[first:], unmasked, rtol=1e-4)
        # 400 draws of 100 images: the standard error of a variance is a few per cent where images are few
        np.testing.assert_allclose(found.masked[first:].mean(), masked.mean(), rtol=0.02)
        np.testing.assert_allclose(found.masked[first:], masked, rtol=0.15)
    assert found.masked.shape == (first + second,)
    # no mask comes before the first norm
    np.testing.assert_allclose(found.masked[:first], found.unmasked[:first], rtol=1e-5)
    assert found.ratio_of_masks(1) == pytest.approx(1, rel=1e-5)
    assert found.ratio_of_masks(2) > 1.01


def test_without_dropout_masks_add_nothing(digits):
    run = run_of(norm="batch")
    found = measure(VarianceShiftSpec(run.config, draws=2), digits, [run])
    np.testing.assert_allclose(found.masked, found.unmasked, rtol=1e-6)


def test_the_running_variance_is_the_networks_own_and_the_ratios_are_medians_over_units(digits):
    run = run_of(norm="batch", dropout=0.5)
    found = measure(VarianceShiftSpec(run.config, draws=1), digits, [run])
    own = np.concatenate([run.weights["norm1.running_var"], run.weights["norm2.running_var"]])
    np.testing.assert_allclose(found.running, own, rtol=1e-6)
    first = run.config.facts.widths[0]
    alive = found.unmasked[first:] > 0
    assert found.ratio(2) == np.median(own[first:][alive] / found.unmasked[first:][alive])


def test_statistics_measured_anew_are_those_of_the_training_images(digits):
    run = run_of(norm="batch", dropout=0.5)
    found = measure(VarianceShiftSpec(run.config, draws=1), digits, [run])
    # with momentum 1, one pass in training mode without dropout leaves the statistics of the images
    bare = model_of(replace(run, config=replace(run.config, dropout=0.0)))
    for norm in (bare.norm1, bare.norm2):
        norm.momentum = 1.0
    x, _ = images_of(run, digits)
    bare.train()(x)
    split = split_images(digits, run.config)
    test = torch.from_numpy(split.test_x), torch.from_numpy(split.test_y)
    expected = evaluate(bare.eval(), *test)
    # in training mode the first norm divides by the variance without Bessel's correction: 1 % of 100 images' variance
    assert found.measured_anew[0] == pytest.approx(expected.loss, rel=2e-3)
    assert found.measured_anew[1] == pytest.approx(expected.accuracy, abs=0.01)
    own = evaluate(model_of(run), *test)
    assert tuple(found.as_trained) == (own.loss, own.accuracy)


def test_only_a_run_with_batch_norm_can_be_asked():
    with pytest.raises(ValueError, match="batch norm"):
        VarianceShiftSpec(DIGITS)
