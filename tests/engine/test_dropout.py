"""Dropout: the drawn network, the hidden units, the thinned networks."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.engine import activations, ensemble
from core.engine.activations import hidden_activations, mean_correlation
from core.engine.ensemble import thinned_logits
from core.engine.evaluation import as_pixels, evaluate
from core.engine.models import build_model, model_of, torch_generator
from core.maths.masks import (
    CONVENTIONS,
    WIDTHS,
    draw_masks,
    expected_output,
    forward,
    keep_probability,
    mean_outputs,
    network,
)
from core.results.activations import ACTIVATION_TOP, ActivationSpec
from core.results.ensemble import N_MASKS, EnsembleSpec

P = st.sampled_from([0.1, 0.2, 0.5, 0.8])

# --- the drawn network ----------------------------------------------------------------------------------------------


@given(P, st.integers(0, 50))
def test_in_pytorchs_convention_the_network_is_torchs_own_dropout(p, draw):
    """torch.nn.functional.dropout cannot be given a mask; its result on ones has the mask and the scale in it."""
    masks = draw_masks(p, "PyTorch", draw)
    x, weights = network()
    h = torch.tensor(x)
    for w, mask in zip(weights[:-1], masks, strict=True):
        torch.manual_seed(0)
        scale = torch.nn.functional.dropout(torch.ones(1000, dtype=torch.float64), p).max()  # 1 / (1 − p)
        h = torch.relu(torch.tensor(w) @ h) * torch.tensor(mask) * scale
    expected = (torch.tensor(weights[-1]) @ h).item()
    assert forward(p, "PyTorch", masks).output == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(P, st.integers(0, 50))
def test_the_papers_network_is_pytorchs_without_its_scale(p, draw):
    """The paper's p keeps. Both conventions draw the same masks when they keep with the same probability."""
    masks = draw_masks(p, "paper", draw)
    assert all(np.array_equal(a, b) for a, b in zip(masks, draw_masks(1 - p, "PyTorch", draw), strict=True))
    paper, torchs = forward(p, "paper", masks), forward(1 - p, "PyTorch", masks)
    # two layers were divided by the keep probability p, and ReLU keeps a positive factor
    assert paper.output == pytest.approx(torchs.output * p * p, rel=1e-9, abs=1e-12)
    evaluated = forward(p, "paper", None).output, forward(1 - p, "PyTorch", None).output
    assert evaluated[0] == pytest.approx(evaluated[1] * p * p, rel=1e-9)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_a_unit_of_the_first_layer_is_handed_on_in_training_as_in_evaluation_on_average(convention, p):
    """Over all masks of one unit, by their probabilities: an expectation without any drawing."""
    keep, evaluated = keep_probability(p, convention), forward(p, convention, None)
    on, off = (tuple(np.full(n, state) for n in WIDTHS[1:-1]) for state in (True, False))
    mean = keep * forward(p, convention, on).handed_on[0] + (1 - keep) * forward(p, convention, off).handed_on[0]
    assert np.allclose(mean, evaluated.handed_on[0], rtol=1e-12)


def test_masks_keep_units_with_the_keep_probability_and_a_lower_one_keeps_no_others():
    kept = np.mean([np.concatenate(draw_masks(0.2, "PyTorch", i)).mean() for i in range(2000)])
    assert kept == pytest.approx(0.8, abs=0.01)  # standard error 0.003
    for draw in range(20):
        few, many = (np.concatenate(draw_masks(p, "PyTorch", draw)) for p in (0.7, 0.3))
        assert not (few & ~many).any()


def test_the_mean_over_masks_of_a_unit_goes_to_evaluations_and_of_the_output_to_its_expectation():
    draws = 3000
    unit, output = mean_outputs(0.5, "PyTorch", draws)
    evaluated = forward(0.5, "PyTorch", None)
    assert unit[0] == forward(0.5, "PyTorch", draw_masks(0.5, "PyTorch", 0)).handed_on[0][0]
    assert unit[-1] == pytest.approx(evaluated.handed_on[0][0], rel=0.06)  # standard error 2 %
    outputs = [forward(0.5, "PyTorch", draw_masks(0.5, "PyTorch", i)).output for i in range(draws)]
    assert output[-1] == pytest.approx(expected_output(0.5, "PyTorch"), abs=3 * np.std(outputs) / draws**0.5)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_expected_output_is_evaluations_but_for_the_second_layers_relu(p):
    """Each second-layer unit's mean over the first layer's masks, by brute force in the paper's convention, where
    everything but ReLU is linear; the scales of PyTorch's are then 1/keep² of it."""
    x, (first, second, last) = network()
    h, keep = np.maximum(first @ x, 0), 1 - p
    masks = np.array(list(itertools.product((0, 1), repeat=5)))
    weight = keep ** masks.sum(axis=1) * p ** (5 - masks.sum(axis=1))
    mean_h = weight @ np.maximum((masks * h) @ second.T, 0)
    expected = float((last @ (keep * mean_h))[0])
    assert expected_output(keep, "paper") == pytest.approx(expected, rel=1e-12)
    assert expected_output(p, "PyTorch") == pytest.approx(expected / keep**2, rel=1e-12)
    assert abs(expected_output(p, "PyTorch") - forward(p, "PyTorch", None).output) > 1e-4


# --- hidden units ---------------------------------------------------------------------------------------------------


@given(st.integers(0, 1000))
def test_the_mean_correlation_is_numpys(seed):
    h = np.random.default_rng(seed).standard_normal((30, 5))
    h[:, 3] = h[:, 0] * 2 + h[:, 1]
    h[:, 4] = 7.0  # constant: has no correlation, and is left out
    table = np.abs(np.corrcoef(h[:, :4].T))
    expected = (table.sum() - 4) / 12
    assert mean_correlation(torch.tensor(h)) == pytest.approx(expected, rel=1e-9)
    assert mean_correlation(torch.tensor(h[:, 4:])) == 0


@pytest.mark.parametrize("settings", [{}, {"dropout": 0.5}, {"norm": "batch"}])
def test_the_units_are_those_that_a_hook_sees(settings, trained, digits):
    run = trained(epochs=20, **settings)
    spec = ActivationSpec(run.config, n_images=100, draws=2)
    found, model = activations.measure(spec, digits, [run]), model_of(run)
    x, y = torch.tensor(digits.test_x[:100]), torch.tensor(digits.test_y[:100])
    seen = {}
    for name in ("relu1", "relu2"):
        getattr(model, name).register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.detach()}))
    with torch.no_grad():
        evaluation = evaluate(model, x, y)
    for i, h in enumerate(seen.values()):
        assert torch.equal(hidden_activations(model, as_pixels(x))[i], h)
        positive = (h > 0).numpy()
        assert found.active[i] == pytest.approx(positive.mean(), abs=1e-9)
        assert found.never[i] == pytest.approx((~positive.any(axis=0)).mean())
        assert found.mean[i] == pytest.approx(h.numpy().mean(), rel=1e-5)
        assert found.histogram[i].sum() == pytest.approx(1) and found.histogram[i][0] == pytest.approx(
            1 - positive.mean(), abs=1e-9
        )
        first = ((h > 0) & (h <= ACTIVATION_TOP / 40)).double().mean().item()
        assert found.histogram[i][1] == pytest.approx(first, abs=2 / h.numel())
    assert found.accuracy_without[0] == pytest.approx(evaluation.accuracy)
    assert found.accuracy_without[-1] < found.accuracy_without[0]


def test_switching_units_off_is_torchs_dropout_on_the_trained_network(trained, digits):
    """Other random numbers, so equal on average only: 400 images, 40 draws."""
    run = trained()
    found = activations.measure(ActivationSpec(run.config, n_images=400, draws=40), digits, [run])
    model = model_of(run)
    x, y = as_pixels(torch.tensor(digits.test_x)), torch.tensor(digits.test_y)
    torch.manual_seed(0)
    right = []
    for _ in range(40):
        h = x
        for name, layer in model.named_children():
            h = layer(h)
            if name.startswith("relu"):
                h = torch.nn.functional.dropout(h, 0.5)
        right.append((h.argmax(1) == y).double().mean().item())
    spread = np.std(right) / np.sqrt(40)
    assert found.accuracy_without[5] == pytest.approx(np.mean(right), abs=6 * spread)


# --- thinned networks -----------------------------------------------------------------------------------------------


def test_a_thinned_network_is_the_network_without_the_masked_units(trained, digits):
    """The units are taken out of the weight matrices by hand; those that stay are worth 1 / (1 − p) each."""
    run = trained(dropout=0.5)
    model, x = model_of(run), as_pixels(torch.tensor(digits.test_x[:20]))
    with torch.no_grad():
        logits = thinned_logits(model, x, torch_generator(3, "thinned networks"))
        generator, h = torch_generator(3, "thinned networks"), x.flatten(1)
        for i in (1, 2):
            layer = getattr(model, f"linear{i}")
            kept = torch.empty(layer.out_features).bernoulli_(0.5, generator=generator).bool()
            full = torch.relu(h @ layer.weight.T + layer.bias)
            h = torch.zeros_like(full)
            h[:, kept] = full[:, kept] * 2
        expected = h @ model.linear3.weight.T + model.linear3.bias
    assert torch.allclose(logits, expected, atol=1e-5)


def test_the_averages_are_those_of_the_single_predictions(trained, digits):
    run = trained(dropout=0.5)
    spec = EnsembleSpec(run.config, n_shown=400, n_images=400)
    found = ensemble.measure(spec, digits, [run])
    y = digits.test_y
    assert np.array_equal(found.classes, y)
    p = found.probabilities.astype(np.float64)  # kept in float16: three digits
    at_class = np.arange(400), y
    for t in (1, 2, 10, N_MASKS):
        mean = p[:, :t].mean(axis=1)
        assert found.accuracy[t - 1] == pytest.approx((mean.argmax(1) == y).mean(), abs=3 / 400)
        assert found.loss[t - 1] == pytest.approx(-np.log(mean[at_class]).mean(), abs=5e-3)
        geometric = np.exp(np.log(p[:, :t].clip(1e-7)).mean(axis=1))
        geometric /= geometric.sum(axis=1, keepdims=True)
        assert found.geometric_loss[t - 1] == pytest.approx(-np.log(geometric[at_class]).mean(), abs=5e-3)
        assert found.geometric_accuracy[t - 1] == pytest.approx((geometric.argmax(1) == y).mean(), abs=3 / 400)
        assert found.alone[t - 1] == pytest.approx((p[:, t - 1].argmax(1) == y).mean(), abs=3 / 400)
    scaled = evaluate(model_of(run), torch.tensor(digits.test_x), torch.tensor(y))
    assert found.scaled == pytest.approx([scaled.accuracy, scaled.loss], rel=1e-5)
    assert np.allclose(found.probabilities.sum(axis=-1), 1, atol=5e-3)


def test_for_a_network_without_hidden_layers_weight_scaling_is_the_geometric_mean(tiny):
    """Goodfellow, Bengio & Courville 2016, equations 7.58 to 7.66: here over all 2⁴ masks of 4 inputs."""
    rng = np.random.default_rng(0)
    w, b, x = rng.standard_normal((3, 4)), rng.standard_normal(3), rng.standard_normal(4)
    masks = np.array(np.meshgrid(*[[0, 1]] * 4)).reshape(4, -1).T
    logits = (masks * x) @ w.T + b
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    geometric = np.exp(log_p.mean(axis=0))
    scaled = np.exp(w @ x / 2 + b)
    assert np.allclose(geometric / geometric.sum(), scaled / scaled.sum(), rtol=1e-12)


def test_a_network_without_dropout_has_no_thinned_networks(trained, digits):
    run = trained()
    with pytest.raises(ValueError, match="without dropout"):
        ensemble.measure(EnsembleSpec(run.config), digits, [run])
    with pytest.raises(ValueError, match="kept its numbers only"):
        run = trained(dropout=0.5)
        ensemble.measure(EnsembleSpec(run.config), digits, [replace(run, weights=None)])
    assert build_model(run.config) is not None
