from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn
from torch.nn.functional import batch_norm, layer_norm, linear, relu

from core.config import DIGITS, RunConfig
from core.course.batch_norm import REFUSED
from core.engine import models
from core.engine.models import Dropout, build_model, model_of, to_float16, torch_generator, weights_of

VARIANTS = [(norm, position) for norm in ("none", "batch", "layer") for position in ("before", "after")]


def variant(norm, position, **settings) -> RunConfig:
    return replace(DIGITS, norm=norm, norm_position=position, **settings)


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (DIGITS, "flatten linear1 relu1 linear2 relu2 linear3"),
        (variant("batch", "before"), "flatten linear1 norm1 relu1 linear2 norm2 relu2 linear3"),
        (
            variant("layer", "after", dropout=0.5),
            "flatten linear1 relu1 norm1 dropout1 linear2 relu2 norm2 dropout2 linear3",
        ),
    ],
    ids=["plain", "norm before", "norm after and dropout"],
)
def test_layers_come_in_the_order_that_the_config_states(config, names):
    assert [name for name, _ in build_model(config).named_children()] == names.split()


def test_the_network_for_fashion_mnist_has_the_notebooks_sizes():
    shapes = [tuple(w.shape) for w in build_model(RunConfig()).parameters()]
    assert shapes == [(392, 784), (392,), (196, 392), (196,), (10, 196), (10,)]


@pytest.mark.parametrize(("norm", "position"), VARIANTS)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_logits_are_those_of_the_formula_written_out(norm, position, training):
    model = build_model(variant(norm, position))
    generator = torch.Generator().manual_seed(0)
    for tensor in model.state_dict().values():
        if tensor.ndim == 1:
            tensor.uniform_(0.5, 1.5, generator=generator)  # biases, γ, β and running statistics that matter
    p = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    x = torch.rand(32, 8, 8, generator=generator)

    def normalise(h, i):
        if norm == "none":
            return h
        scale, shift = p[f"norm{i}.weight"], p[f"norm{i}.bias"]
        if norm == "layer":
            return layer_norm(h, h.shape[1:], scale, shift)
        return batch_norm(h, p[f"norm{i}.running_mean"], p[f"norm{i}.running_var"], scale, shift, training)

    h = x.reshape(32, 64)
    for i in (1, 2):
        h = linear(h, p[f"linear{i}.weight"], p[f"linear{i}.bias"])
        h = relu(normalise(h, i)) if position == "before" else normalise(relu(h), i)
    h = linear(h, p["linear3.weight"], p["linear3.bias"])
    torch.testing.assert_close(model.train(training)(x), h, rtol=1e-5, atol=1e-5)
    for name, tensor in model.state_dict().items():
        if "running" in name:  # batch_norm above moved ours in training, too
            torch.testing.assert_close(tensor, p[name], rtol=1e-6, atol=1e-6)


def test_first_weights_spread_as_those_of_pytorchs_own_layers():
    torch.manual_seed(0)
    for layer in build_model(RunConfig()).children():
        if not isinstance(layer, nn.Linear):
            continue
        theirs, bound = nn.Linear(layer.in_features, layer.out_features), layer.in_features**-0.5
        assert bound * 0.99 < layer.weight.abs().max() <= bound and layer.bias.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(theirs.weight.std().item(), rel=0.05)
        assert abs(layer.weight.mean()) < 5 * bound / (3 * layer.weight.numel()) ** 0.5  # 5 σ of the mean of U(−b, b)
        assert layer.bias.std() > 0


@pytest.mark.parametrize(
    "settings",
    [
        *({"norm": norm, "norm_position": position} for norm, position in VARIANTS[2:]),
        {"dropout": 0.5},
        {"dropout": 0.5, "norm": "batch"},
        {"l1": 1e-3, "l2": 1e-3, "label_noise": 0.5, "n_train": 100, "batch_size": 8, "lr": 1.0, "epochs": 1},
    ],
    ids=str,
)
def test_networks_of_one_seed_start_from_the_same_linear_layers(settings):
    plain, other = build_model(DIGITS).state_dict(), build_model(replace(DIGITS, **settings)).state_dict()
    assert all(torch.equal(w, other[name]) for name, w in plain.items())


def test_networks_of_two_seeds_and_layers_of_one_network_start_differently():
    one, other = (build_model(replace(DIGITS, seed=seed)).state_dict() for seed in (0, 1))
    assert not any(torch.equal(w, other[name]) for name, w in one.items())
    first = [one[f"linear{i}.weight"].flatten()[:99] / one[f"linear{i}.weight"].abs().max() for i in (1, 2, 3)]
    assert torch.corrcoef(torch.stack(first)).triu(1).abs().max() < 0.5  # 5 σ of a chance correlation of 99 pairs


@pytest.mark.parametrize("onednn", sorted({False, models.HAS_ONEDNN}))
@pytest.mark.parametrize(("n", "n_in", "n_out"), [(128, 64, 256), (1, 256, 128), (7, 784, 10), (33, 1, 1)], ids=str)
@pytest.mark.parametrize("layout", ["rows", "columns", "no gradient of x"])
def test_a_linear_layer_and_its_gradients_are_pytorchs_own(monkeypatch, onednn, n, n_in, n_out, layout):
    monkeypatch.setattr(models, "HAS_ONEDNN", onednn)
    generator = torch.Generator().manual_seed(0)
    ours = models._linear(n_in, n_out, generator)
    theirs = nn.Linear(n_in, n_out, dtype=torch.float64)
    theirs.load_state_dict(ours.state_dict())
    shape = (n_in, n) if layout == "columns" else (n, n_in)
    x, g = torch.randn(shape, generator=generator), torch.randn((n, n_out), generator=generator)
    x = x.T if layout == "columns" else x
    inputs = [x.clone(memory_format=torch.preserve_format), x.double()]
    found = []
    for layer, pixels in zip((ours, theirs), inputs, strict=True):
        pixels.requires_grad_(layout != "no gradient of x")
        y = layer(pixels)
        (y * g.to(y.dtype)).sum().backward()
        found.append([y.detach(), layer.weight.grad, layer.bias.grad, pixels.grad])
    for one, exact in zip(*found, strict=True):
        assert (one is None) == (exact is None)
        if exact is not None:
            torch.testing.assert_close(one.double(), exact, rtol=1e-4, atol=1e-4)


# --- dropout --------------------------------------------------------------------------------------------------------


def dropout(p: float, seed: int = 0) -> Dropout:
    return Dropout(p, torch.Generator().manual_seed(seed)).train()


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8, 0.95])
def test_dropout_has_the_statistics_of_pytorchs(p):
    x = torch.ones(400, 1000)
    ours, theirs = dropout(p)(x), nn.functional.dropout(x, p)
    torch.testing.assert_close(ours.unique(), theirs.unique(), rtol=1e-6, atol=0)  # 0 and 1/(1 − p)
    sigma = (p * (1 - p) / x.numel()) ** 0.5
    assert abs((ours == 0).double().mean() - p) < 5 * sigma
    assert abs(ours.double().mean() - 1) < 5 * sigma / (1 - p)
    by_unit = (ours == 0).double().mean(0)  # no unit and no image is treated apart
    by_image = (ours == 0).double().mean(1)
    assert (by_unit - p).abs().max() < 6 * (p * (1 - p) / 400) ** 0.5
    assert (by_image - p).abs().max() < 6 * (p * (1 - p) / 1000) ** 0.5


def test_dropout_passes_the_gradient_through_its_mask():
    x = torch.randn(20, 30, generator=torch.Generator().manual_seed(1), requires_grad=True)
    y = dropout(0.3)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad * x.detach(), y.detach())


@pytest.mark.parametrize("layer", [dropout(0.7).eval(), dropout(0.0)], ids=["evaluation", "p = 0"])
def test_dropout_that_is_off_returns_its_input(layer):
    x = torch.randn(5, 5)
    assert layer(x) is x


def test_masks_change_from_step_to_step_and_nothing_else_moves_them():
    x, layer = torch.ones(50, 50), dropout(0.5, seed=3)
    first, second = layer(x), layer(x)
    again = dropout(0.5, seed=3)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert torch.equal(again(x), first) and torch.equal(again(x), second) and not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_layers_of_a_network_have_masks_of_their_own():
    config = replace(DIGITS, dropout=0.5)
    one, other = (m for m in build_model(config).modules() if isinstance(m, Dropout))
    x = torch.ones(30, 30)
    assert not torch.equal(one(x), other(x))


def test_building_a_network_leaves_the_global_random_numbers_alone():
    before = torch.get_rng_state()
    build_model(replace(DIGITS, norm="batch", dropout=0.5)).train()(torch.rand(4, 64, generator=torch.Generator()))
    assert torch.equal(torch.get_rng_state(), before)


def test_generators_of_other_purposes_or_seeds_give_other_numbers():
    draws = [torch.rand(3, generator=torch_generator(*of)).tolist() for of in ((0, "a"), (0, "b"), (1, "a"), (0, "a"))]
    assert draws[0] == draws[3] and draws[0] != draws[1] != draws[2] != draws[0]


# --- stored weights -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("norm", "position"), VARIANTS)
def test_the_network_of_a_run_computes_what_the_trained_one_did(trained, norm, position):
    run = trained(norm=norm, norm_position=position, dropout=0.3)
    model = model_of(run)
    assert not model.training
    for name, tensor in model.state_dict().items():
        stored = run.weights[name]
        assert np.array_equal(tensor.numpy(), stored)
        assert stored.dtype == (np.float16 if stored.ndim == 2 else tensor.numpy().dtype)
    if norm == "batch":
        assert model.norm1.num_batches_tracked == run.config.steps


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_network_survives_being_stored(norm):
    model = build_model(replace(DIGITS, norm=norm))
    for name, stored in weights_of(model).items():
        exact = model.state_dict()[name].numpy()
        assert np.allclose(stored, exact, rtol=2**-11, atol=2**-25)  # half a unit in float16's last place


def test_stored_weights_do_not_follow_the_network():
    model = build_model(DIGITS)
    stored = weights_of(model)
    with torch.no_grad():
        for w in model.parameters():
            w.zero_()
    assert all(w.any() for w in stored.values())


def test_writing_into_a_restored_network_leaves_the_run_alone(trained):
    run = trained()
    before = {name: w.copy() for name, w in run.weights.items()}
    with torch.no_grad():
        for w in model_of(run).parameters():
            w.zero_()
    assert all(np.array_equal(w, before[name]) for name, w in run.weights.items())


def test_a_run_without_weights_has_no_network(trained):
    with pytest.raises(ValueError, match="not its weights"):
        model_of(replace(trained(), weights=None))


WEIGHTS = arrays(np.float32, 20, elements=st.floats(-60_000, 60_000, width=32))


@given(WEIGHTS)
def test_float16_keeps_zeros_zero_everything_else_not_and_every_sign(w):
    rounded = to_float16(w)
    assert rounded.dtype == np.float16
    assert np.array_equal(rounded == 0, w == 0) and np.array_equal(np.sign(rounded), np.sign(w))


@given(WEIGHTS)
def test_float16_is_the_nearest_where_the_nearest_is_not_a_false_zero(w):
    error = np.abs(to_float16(w).astype(np.float64) - w)
    assert (error <= np.maximum(2.0**-11 * np.abs(w), 2.0**-24)).all()


def test_a_weight_beyond_the_range_of_float16_is_stored_as_it_is():
    """A run whose weights grew beyond 65,504 without diverging must not become one that the store refuses."""
    model = build_model(DIGITS)
    with torch.no_grad():
        model.linear2.weight[0, 0] = 1e6
    stored = weights_of(model)["linear2.weight"]
    assert stored[0, 0] == pytest.approx(1e6, rel=1e-3) and np.isfinite(stored).all()


def test_pytorch_refuses_one_image_in_training_mode_in_the_words_that_the_lesson_quotes():
    layer = torch.nn.BatchNorm1d(392)
    with pytest.raises(ValueError) as refused:
        layer(torch.zeros(1, 392))
    assert str(refused.value) == REFUSED
    assert layer.eval()(torch.zeros(1, 392)).shape == (1, 392)


@pytest.mark.parametrize("times", [2.0, 10.0])
def test_a_units_weights_times_c_leave_the_batch_norm_and_divide_the_gradient_by_c(times):
    """By the chain rule, as the lesson derives it; and the gradient is perpendicular to the weights."""
    draw = torch.Generator().manual_seed(0)
    x, target, w = (torch.randn(*shape, generator=draw, dtype=torch.float64) for shape in ((64, 9), (64, 1), (1, 9)))

    def loss_and_gradient(weights):
        weights = weights.clone().requires_grad_()
        loss = ((batch_norm(linear(x, weights), None, None, training=True, eps=1e-12) - target) ** 2).mean()
        loss.backward()
        return loss.item(), weights.grad

    (loss, gradient), (again, smaller) = loss_and_gradient(w), loss_and_gradient(times * w)
    assert again == pytest.approx(loss, rel=1e-9)  # float64, and the tiny ε
    assert torch.allclose(smaller * times, gradient, rtol=1e-6, atol=1e-9)
    assert abs((gradient * w).sum().item()) < 1e-9 * gradient.norm() * w.norm() + 1e-9
