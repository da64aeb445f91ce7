"""The conventions of L2 against PyTorch's own optimizers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.maths.conventions import ADAMW, CONVENTIONS, HALF, SUM, WEIGHT_DECAY, pull, shrinkage, strength_of

STRENGTHS = st.floats(1e-6, 10)


@given(STRENGTHS, st.sampled_from(CONVENTIONS), st.sampled_from(CONVENTIONS))
def test_a_strength_survives_the_way_through_any_other_convention(strength, one, other):
    c = pull(strength, one)
    assert pull(strength_of(c, other), other) == pytest.approx(c, rel=1e-12)
    assert strength_of(pull(strength, one), one) == pytest.approx(strength, rel=1e-12)


@pytest.mark.parametrize("convention", [SUM, HALF])
def test_the_pull_is_autograds_gradient_of_the_line_of_code(convention):
    weights = [torch.randn(3, 2, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    line = convention.code.format(strength="0.3").replace("loss = ", "").replace("sum((w", "sum((w")
    value = eval(line, {"loss": 0.0, "weights": weights})  # our own text, not a reader's
    gradients = torch.autograd.grad(value, weights)
    for w, g in zip(weights, gradients, strict=True):
        assert torch.allclose(g, pull(0.3, convention) * w, rtol=1e-12)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
def test_weight_decay_of_sgd_and_adam_is_that_pull_in_the_gradient(kind):
    c = pull(0.02, WEIGHT_DECAY)
    torch.manual_seed(0)
    ours, theirs = (torch.randn(50, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    ours, theirs = (w.requires_grad_() for w in (ours, theirs))
    a, b = kind([ours], lr=0.1), kind([theirs], lr=0.1, weight_decay=0.02)
    for step in range(5):
        g = torch.randn(50, dtype=torch.float64, generator=torch.Generator().manual_seed(step))
        ours.grad, theirs.grad = g + c * ours.detach(), g.clone()
        a.step()
        b.step()
    assert torch.allclose(ours, theirs, rtol=1e-10)


@given(st.floats(1e-4, 0.5), st.floats(0, 1), st.integers(0, 200))
def test_what_is_left_of_a_weight_without_a_gradient_is_what_adamw_leaves(lr, c, steps):
    w = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([w], lr=lr, weight_decay=strength_of(c, ADAMW))
    for _ in range(steps):
        w.grad = torch.zeros_like(w)
        optimizer.step()
    assert shrinkage(c, lr, steps) == pytest.approx(w.item(), rel=1e-9, abs=1e-300)
