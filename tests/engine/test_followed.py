"""Single weights, against the network that training gives; the band of the subgradient and the zeros of the proximal
step."""

from dataclasses import replace

import numpy as np
import pytest

from core.engine.followed import measure
from core.engine.models import build_model
from core.results.followed import FOLLOWED, PLACES, FollowSpec, pixels_of


def test_the_followed_weights_end_where_training_ends(trained, digits):
    """tiny is 12 steps; its stored matrices are rounded to float16."""
    run = trained(l1=1e-3)
    found = measure(FollowSpec(run.config, steps=run.config.steps), digits)
    start = build_model(run.config).linear1.weight.detach().numpy()
    end = run.weights["linear1.weight"].astype(np.float64)
    corner, edge, centre = pixels_of(8)
    assert (corner, edge, centre) == (0, 32, 36)
    assert np.array_equal(found.weights[0, 0], start[:FOLLOWED, corner])
    assert np.allclose(found.weights[-1, 0], end[:FOLLOWED, corner], atol=2e-4)
    assert np.allclose(found.weights[-1, 1], end[:FOLLOWED, edge], atol=2e-4)
    largest = np.sort(np.abs(end[:, centre]))[-FOLLOWED:]
    assert np.allclose(np.sort(np.abs(found.weights[-1, 2])), largest, atol=2e-4)
    assert found.small[-1] == pytest.approx((np.abs(end) <= 1e-4).mean(), abs=1e-3)


def test_under_sgd_the_subgradient_jitters_within_its_step_and_the_proximal_step_arrives(digits, tiny):
    """A corner pixel that is black in every image: its weights feel λ₁ alone, so w goes down by lr·λ₁ a step."""
    assert not digits.train_x[:, 0, 0].any()
    lr, strength, steps = 0.1, 0.05, 60
    run = replace(tiny, optimizer="sgd", lr=lr, l1=strength)
    jump = lr * strength
    by_subgradient = measure(FollowSpec(run, steps=steps), digits)
    w = by_subgradient.weights[:, PLACES.index("corner")].astype(np.float64)
    arrival = np.ceil(np.abs(w[0]) / jump).astype(int)
    first_near = by_subgradient.arrival("corner", 1.0001 * jump)
    assert np.array_equal(first_near, np.maximum(arrival - 1, 0))
    assert (by_subgradient.arrival("corner", -1.0) == -1).all()
    assert arrival.max() < steps - 10
    for i, at in enumerate(arrival):
        straight = w[0, i] - np.sign(w[0, i]) * jump * np.arange(at)
        assert np.allclose(w[:at, i], straight, atol=1e-6)
        assert 0 < np.abs(w[at:, i]).max() <= jump + 1e-6 and by_subgradient.zeros[-1] == 0
    assert (by_subgradient.band("corner", 10) <= jump + 1e-6).all()

    by_proximal = measure(FollowSpec(replace(run, l1_method="proximal"), steps=steps), digits)
    w = by_proximal.weights[:, PLACES.index("corner")]
    for i, at in enumerate(arrival):
        assert (w[: at - 1, i] != 0).all() and (w[at:, i] == 0).all()
    assert by_proximal.zeros[-1] > 0 and by_proximal.band("corner", 10).max() == 0


def test_under_adam_the_band_hangs_on_the_learning_rate_and_not_on_the_strength(digits, tiny):
    """Adam divides the penalty's gradient by its own size, so a weight that feels nothing else ignores how strong it
    is."""
    bands = {}
    for lr in (1e-3, 1e-2):
        for strength in (1e-2, 1e-1):
            run = replace(tiny, lr=lr, l1=strength, epochs=200)
            found = measure(FollowSpec(run, steps=600), digits)
            bands[lr, strength] = found.band("corner", 100).max()
    for lr in (1e-3, 1e-2):
        assert bands[lr, 1e-2] == pytest.approx(bands[lr, 1e-1], rel=0.2) and 0 < bands[lr, 1e-2] < 3 * lr
    assert bands[1e-2, 1e-2] > 3 * bands[1e-3, 1e-2]
