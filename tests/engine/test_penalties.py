from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import softshrink

from core.config import DIGITS
from core.engine.models import build_model
from core.engine.penalties import (
    l1_penalty,
    l2_penalty,
    limit_norms,
    penalised_parameters,
    proximal_step,
    soft_threshold,
)

STRENGTH = st.floats(0, 10)


def random_parameters(seed: int = 0) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    tensors = [
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((7, 5), (7,), (1, 1), (3, 2, 2))
    ]
    tensors[0][2] = 0.0
    return [nn.Parameter(w) for w in tensors]


@given(STRENGTH, st.integers(0, 100))
def test_the_penalties_are_their_formulas_and_their_gradients_the_closed_forms(strength, seed):
    parameters = random_parameters(seed)
    flat = np.concatenate([w.detach().numpy().ravel() for w in parameters])
    for penalty, value, slope in (
        (l1_penalty, np.abs(flat).sum(), np.sign(flat)),
        (l2_penalty, flat @ flat, 2 * flat),
    ):
        result = penalty(parameters, strength)
        assert result.shape == () and result.item() == pytest.approx(strength * value, rel=1e-12)
        gradient = np.concatenate([g.numpy().ravel() for g in torch.autograd.grad(result, parameters)])
        np.testing.assert_allclose(gradient, strength * slope, rtol=1e-12)  # 0 where w is 0: sign(0) = 0


def test_an_l2_penalty_is_a_weight_decay_of_twice_its_strength_for_sgd():
    ours, theirs = random_parameters(), random_parameters()
    l2_penalty(ours, 0.3).backward()
    torch.optim.SGD(ours, lr=0.1).step()
    for w in theirs:
        w.grad = torch.zeros_like(w)
    torch.optim.SGD(theirs, lr=0.1, weight_decay=0.6).step()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@given(st.floats(-5, 5), st.floats(0, 5))
def test_soft_thresholding_minimises_its_objective(w, threshold):
    def objective(u):
        return (u - w) ** 2 / 2 + threshold * np.abs(u)

    found = soft_threshold(torch.tensor(w, dtype=torch.float64), threshold).item()
    assert objective(found) <= objective(np.linspace(-6, 6, 2401)).min() + 1e-12
    assert (found == 0) == (abs(w) <= threshold)


@given(st.floats(0, 3), st.integers(0, 100))
def test_soft_thresholding_is_pytorchs_softshrink_with_one_threshold_or_one_each(threshold, seed):
    w = torch.randn(50, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    expected = softshrink(w, threshold)
    for t in (threshold, torch.full_like(w, threshold)):
        torch.testing.assert_close(soft_threshold(w, t), expected, rtol=0, atol=1e-15)


def test_a_proximal_step_thresholds_by_adams_own_step_size_in_every_group():
    """Adam's moments are computed here once more, by hand, in float64."""
    strength, beta1, beta2, eps = 0.3, 0.8, 0.95, 1e-3
    ours = random_parameters()
    optimizer = torch.optim.Adam(
        [{"params": ours[:2], "lr": 0.1}, {"params": ours[2:], "lr": 0.01}], betas=(beta1, beta2), eps=eps
    )
    theirs = [w.detach().clone() for w in ours]
    m, v = [torch.zeros_like(w) for w in theirs], [torch.zeros_like(w) for w in theirs]
    generator = torch.Generator().manual_seed(5)
    for step in range(1, 6):
        for i, w in enumerate(ours):
            w.grad = torch.randn(w.shape, generator=generator, dtype=w.dtype)
            lr = 0.1 if i < 2 else 0.01
            m[i] = beta1 * m[i] + (1 - beta1) * w.grad
            v[i] = beta2 * v[i] + (1 - beta2) * w.grad**2
            sizes = lr / ((v[i] / (1 - beta2**step)).sqrt() + eps)
            moved = theirs[i] - sizes * m[i] / (1 - beta1**step)
            theirs[i] = moved.sign() * (moved.abs() - sizes * strength).clamp(min=0)
        optimizer.step()
        proximal_step(optimizer, ours, strength)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.detach(), other, rtol=1e-10, atol=1e-12)


def test_proximal_adam_finds_the_minimum_of_a_lasso_with_its_exact_zeros():
    """½(w − c)² + λ|w| has its minimum at soft_threshold(c, λ), a closed form that Adam knows nothing of."""
    c, strength = torch.tensor([3.0, -2.0, 0.9, -0.5, 1.1, 0.0]), 1.0
    w = nn.Parameter(torch.ones(6))
    optimizer = torch.optim.Adam([w], lr=0.01)
    for _ in range(1500):
        w.grad = w.detach() - c
        optimizer.step()
        proximal_step(optimizer, [w], strength)
    torch.testing.assert_close(w.detach(), softshrink(c, strength), atol=0.02, rtol=0)
    assert torch.equal(w == 0, c.abs() < strength)


def test_only_the_given_parameters_are_thresholded_and_none_at_strength_zero():
    ours = random_parameters()
    optimizer = torch.optim.Adam(ours, lr=0.1)
    for w in ours:
        w.grad = torch.ones_like(w)
    optimizer.step()
    before = copy.deepcopy(ours)
    proximal_step(optimizer, ours, 0.0)
    assert all(torch.equal(w, b) for w, b in zip(ours, before, strict=True))
    proximal_step(optimizer, ours[:1], 5.0)
    assert [torch.equal(w, b) for w, b in zip(ours, before, strict=True)] == [False, True, True, True]


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize(("which", "kinds"), [("weights", {"weight"}), ("all", {"weight", "bias"})])
def test_the_parameters_of_linear_layers_are_penalised_and_never_the_normalisations(norm, which, kinds):
    model = build_model(replace(DIGITS, norm=norm, dropout=0.5))
    chosen = {id(w) for w in penalised_parameters(model, which)}
    names = {name for name, w in model.named_parameters() if id(w) in chosen}
    assert names == {f"linear{i}.{kind}" for i in (1, 2, 3) for kind in kinds}


# --- max-norm -------------------------------------------------------------------------------------------------------


@given(st.floats(0.05, 20.0), st.integers(0, 100))
def test_max_norm_projects_each_hidden_unit_s_weights_onto_the_ball_and_leaves_the_rest(limit, seed):
    """The projection of w onto the ball of radius c is w where ‖w‖ ≤ c, and c·w/‖w‖ beyond."""
    model = build_model(replace(DIGITS, seed=seed))
    with torch.no_grad():
        for w in model.parameters():
            w.mul_(5)
    before = {name: w.detach().double().numpy().copy() for name, w in model.named_parameters()}
    limit_norms(model, limit)
    for name, w in model.named_parameters():
        expected = before[name]
        if name in ("linear1.weight", "linear2.weight"):
            norms = np.linalg.norm(expected, axis=1, keepdims=True)
            expected = expected * np.minimum(1, limit / norms)
            assert np.linalg.norm(w.detach().double().numpy(), axis=1).max() <= limit * (1 + 1e-6)
        np.testing.assert_allclose(w.detach().numpy(), expected, rtol=2e-6, atol=1e-9, err_msg=name)
