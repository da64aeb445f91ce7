"""The written-out normalisations against torch.nn: values, gradients, running statistics."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.maths.normalisation import Running, gradients, normalise, running_course

shapes = st.tuples(st.integers(2, 9), st.integers(1, 7), st.integers(0, 10_000))


def drawn(batch, features, seed):
    """x (B, D), γ (D,), β (D,) and an upstream gradient (B, D), float64."""
    generator = np.random.default_rng(seed)
    return (
        generator.normal(2, 3, (batch, features)),
        generator.normal(1, 1, features),
        generator.normal(0, 1, features),
        generator.normal(0, 1, (batch, features)),
    )


def pytorchs(along, features, gamma, beta):
    layer = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[along](features, dtype=torch.float64)
    layer.weight.data, layer.bias.data = torch.tensor(gamma), torch.tensor(beta)
    return layer


@pytest.mark.parametrize("along", ["batch", "layer"])
@given(shapes)
def test_values_and_gradients_are_those_of_torch_nn(along, shape):
    x, gamma, beta, upstream = drawn(*shape)
    layer, theirs = pytorchs(along, shape[1], gamma, beta), torch.tensor(x, requires_grad=True)
    y = layer(theirs)
    y.backward(torch.tensor(upstream))
    assert np.allclose(normalise(x, gamma, beta, along).y, y.detach().numpy(), rtol=1e-9, atol=1e-9)
    for ours, expected in zip(
        gradients(x, gamma, upstream, along), (theirs.grad, layer.weight.grad, layer.bias.grad), strict=True
    ):
        assert np.allclose(ours, expected.numpy(), rtol=1e-6, atol=1e-8)


@given(shapes, st.floats(0.01, 1.0))
def test_running_statistics_and_evaluation_mode_are_those_of_torch_nn(shape, momentum):
    x, gamma, beta, _ = drawn(*shape)
    layer = pytorchs("batch", shape[1], gamma, beta)
    layer.momentum = momentum
    batches = [x, x[::-1] * 2 + 1, x**2]
    for batch in batches:
        layer(torch.tensor(batch.copy()))
    course, _ = running_course(batches, momentum)
    assert np.allclose(course[-1].mean, layer.running_mean.numpy(), rtol=1e-9, atol=1e-9)
    assert np.allclose(course[-1].variance, layer.running_var.numpy(), rtol=1e-9, atol=1e-9)
    expected = layer.eval()(torch.tensor(x)).detach().numpy()
    assert np.allclose(course[-1].normalise(x, gamma, beta).y, expected, rtol=1e-9, atol=1e-9)


def test_a_batch_of_one_is_refused_by_batch_norm_alone():
    x, gamma, beta, _ = drawn(1, 4, 0)
    with pytest.raises(ValueError, match="two samples"):
        normalise(x, gamma, beta, "batch")
    assert normalise(x, gamma, beta, "layer").y.shape == (1, 4)
    assert Running.start(4).normalise(x, gamma, beta).y.shape == (1, 4)
