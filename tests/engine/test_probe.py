"""Santurkar's measures against a quadratic, whose gradient changes by a known matrix, and against brute force."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from core.engine.evaluation import as_pixels
from core.engine.models import build_model
from core.engine.probe import measure, probe_along_gradient
from core.engine.training import train
from core.results import measurement
from core.results.probe import ProbeSpec

ETAS = np.linspace(0.05, 0.4, 4)


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_losses_and_distances_are_brute_forces_and_the_model_is_put_back(norm, tiny, digits):
    config = replace(tiny, norm=norm)
    model, other = build_model(config), build_model(config)
    x, y = as_pixels(torch.tensor(digits.train_x[:32])).flatten(1), torch.tensor(digits.train_y[:32])
    before = {name: t.clone() for name, t in model.state_dict().items()}
    found = probe_along_gradient(model.eval(), x, y, ETAS)
    assert not model.training and all(torch.equal(t, before[name]) for name, t in model.state_dict().items())

    def at(eta, gradient=None):
        other.load_state_dict(before)
        if gradient is not None:
            with torch.no_grad():
                for w, g in zip(other.parameters(), gradient, strict=True):
                    w -= eta * g
        loss = cross_entropy(other.train()(x), y)
        return loss.item(), torch.autograd.grad(loss, list(other.parameters()))

    _, g = at(0)
    for i, eta in enumerate(ETAS):
        loss, there = at(eta, g)
        distance = torch.cat([(a - b).flatten() for a, b in zip(there, g, strict=True)]).norm().item()
        assert found.losses[i] == pytest.approx(loss, rel=1e-5)
        assert found.distances[i] == pytest.approx(distance, rel=1e-4)


def test_two_classes_of_a_linear_model_give_the_smoothness_of_the_logistic_loss():
    """For one weight and one input the loss is log(1 + e^(−w)): its gradient changes by at most ¼ per distance."""

    class Logistic(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.tensor([0.0]))

        def forward(self, x):
            return torch.cat([self.w * x, torch.zeros_like(x)], dim=1)

    found = probe_along_gradient(Logistic(), torch.ones(1, 1), torch.tensor([0]), np.array([1e-2, 1.0, 3.0]))
    assert found.effective_beta == pytest.approx(0.25, rel=1e-3)
    assert found.gradient_norm == pytest.approx(0.5)


def test_measuring_leaves_the_training_as_it_is_and_a_probe_survives_the_disk(tiny, digits, tmp_path):
    spec = ProbeSpec(replace(tiny, norm="batch"), steps=8, every=2, eta_count=3)
    probe = measure(spec, digits)
    assert probe.losses.shape == probe.distances.shape == (4, 3)
    # the loss before step 0 moved by almost nothing is the loss that training itself starts from
    close = measure(replace(spec, eta_low=1e-6, eta_high=2e-6, steps=1, every=1), digits)
    first = []
    train(replace(tiny, norm="batch", epochs=1, batch_size=60), digits, first.append)
    assert np.isfinite(close.losses).all() and close.losses.shape == (1, 3)
    assert probe.mean_after("effective_beta", 4) == pytest.approx(probe.effective_beta[2:].mean())
    measurement.to_file(probe, tmp_path / "p.npz")
    back = measurement.from_file("probe", tmp_path / "p.npz")
    assert back.spec == spec and np.array_equal(back.losses, probe.losses)
