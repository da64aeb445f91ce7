"""Covariate shift: the shifted pixels against drawn ones, the accuracies against the torch model itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.engine.models import model_of
from core.engine.shift import measure
from core.results.shift import (
    BRIGHTNESS,
    CONTRAST,
    NOISE,
    Shift,
    Shifted,
    ShiftSpec,
    all_shifts,
)
from core.seeds import seeded

shifts = st.builds(Shift, st.floats(-1, 1), st.floats(0, 3), st.floats(0, 1))


def test_no_shift_is_a_stop_of_every_slider_and_leaves_the_pixels():
    assert Shift() in list(all_shifts())
    pixels = np.linspace(0, 1, 256)
    assert np.allclose(Shift().applied(pixels, np.ones(256)), pixels, atol=1e-15)


@given(shifts, st.integers(0, 100))
def test_shifted_pixels_stay_pixels(shift, seed):
    generator = np.random.default_rng(seed)
    shifted = shift.applied(generator.random((5, 7)), generator.standard_normal((5, 7)))
    assert shifted.shape == (5, 7) and shifted.min() >= 0 and shifted.max() <= 1


@pytest.mark.parametrize(
    ("shift", "pixel", "expected"),
    [
        (Shift(brightness=0.2), 0.5, 0.7),
        (Shift(brightness=0.2), 0.9, 1.0),
        (Shift(brightness=-0.3), 0.1, 0.0),
        (Shift(contrast=0.5), 0.0, 0.25),
        (Shift(contrast=0.5), 1.0, 0.75),
        (Shift(contrast=2.0), 0.6, 0.7),
        (Shift(noise=0.1), 0.5, 0.7),
        (Shift(0.1, 0.5, 0.1), 0.0, 0.55),
    ],
)
def test_brightness_contrast_and_noise_do_what_they_say(shift, pixel, expected):
    assert shift.applied(np.array([pixel]), np.array([2.0]))[0] == pytest.approx(expected)


@given(shifts, st.integers(0, 1000))
def test_the_histogram_is_that_of_drawn_pixels(shift, seed):
    """Against 20,000 draws: a share p is hit to within 5·√(p(1 − p)/n) but once in a million."""
    generator = np.random.default_rng(seed)
    counts = generator.integers(0, 50, 256) + np.eye(256)[0] * 500
    n = 20_000
    grey = generator.choice(256, n, p=counts / counts.sum()) / 255
    drawn = shift.applied(grey, generator.standard_normal(n))
    # a value on the edge of two bins is the upper one's, as np.histogram has it, but for the last bin
    expected = np.histogram(drawn, bins=np.linspace(0, 1, 33))[0] / n
    found = shift.histogram(counts)
    assert found.sum() == pytest.approx(1)
    if shift.noise > 0.01:  # without noise, rounding may put a grey value on the other side of an edge
        assert np.abs(found - expected).max() < 5 * np.sqrt(0.25 / n)


def test_without_noise_the_histogram_counts_each_grey_value_once():
    counts = np.zeros(256)
    counts[[0, 255, 128]] = 6, 3, 1
    found = Shift().histogram(counts)
    assert found[0] == pytest.approx(0.6) and found[-1] == pytest.approx(0.3) and found[16] == pytest.approx(0.1)
    assert Shift(brightness=2.0).histogram(counts)[-1] == 1 and Shift(brightness=-2.0).histogram(counts)[0] == 1


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_accuracies_are_those_of_the_torch_model(norm, trained, digits):
    run = trained(norm=norm)
    spec = ShiftSpec(run.config, n_images=60)
    found = measure(spec, digits, [run])
    shift = Shift(BRIGHTNESS[1], CONTRAST[0], NOISE[-1])
    pixels = digits.test_x[:60].reshape(60, -1).astype(np.float32) / 255
    epsilon = seeded(0, "noise of the shifted test images").standard_normal(pixels.shape, dtype=np.float32)
    x, y = torch.tensor(shift.applied(pixels, epsilon), dtype=torch.float32), torch.tensor(digits.test_y[:60])
    model = model_of(run)
    for statistics in spec.statistics:
        model.train(statistics == "batch")  # no dropout here: training mode differs by batch norm's statistics only
        with torch.no_grad():
            expected = (model(x).argmax(1) == y).double().mean().item()
        assert found.at(shift, statistics) == pytest.approx(expected, abs=1e-12)
    assert found.accuracy.std() > 0.02
    assert spec.statistics == (("running", "batch") if norm == "batch" else ("running",))
    assert found.pixel_counts.sum() == pixels.size


def test_a_run_without_weights_cannot_be_measured(trained, digits):
    run = trained()
    with pytest.raises(ValueError, match="weights"):
        measure(ShiftSpec(run.config, n_images=5), digits, [replace(run, weights=None)])


@pytest.fixture
def some(tiny) -> Shifted:
    spec = ShiftSpec(replace(tiny, norm="batch"))
    shape = (2, len(BRIGHTNESS), len(CONTRAST), len(NOISE))
    return Shifted(spec, np.random.default_rng(0).random(shape), np.arange(256))


def test_a_shift_that_is_no_stop_has_no_accuracy(some):
    with pytest.raises(ValueError, match="not in"):
        some.at(Shift(brightness=0.123))
