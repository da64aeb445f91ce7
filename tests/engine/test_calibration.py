"""Calibration against a slow count over the network's own probabilities, and against scikit-learn's curve."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, log_loss

from core.engine.calibration import measure
from core.engine.evaluation import as_pixels
from core.engine.models import model_of
from core.results.calibration import BINS, Calibration, CalibrationSpec, bins_of


@pytest.fixture(
    scope="module", params=[{"norm": "batch", "dropout": 0.5}, {"label_smoothing": 0.5, "epochs": 10}], ids=str
)
def measured(request, trained, digits):
    """A run's calibration, its (400, 10) probabilities on the test images, and their classes."""
    run = trained(**request.param)
    with torch.no_grad():
        logits = model_of(run)(as_pixels(torch.tensor(digits.test_x)))
    return measure(CalibrationSpec(run.config), digits, [run]), logits.double().softmax(1).numpy(), digits.test_y, run


def test_bins_hold_what_a_count_image_by_image_puts_into_them(measured):
    found, probabilities, y, _ = measured
    count, sums, right = np.zeros(BINS), np.zeros(BINS), np.zeros(BINS)
    for p, label in zip(probabilities, y, strict=True):
        (k,) = (k for k in range(BINS) if k / BINS < p.max() <= (k + 1) / BINS)
        count[k] += 1
        sums[k] += p.max()
        right[k] += p.argmax() == label
    assert np.array_equal(found.count, count) and np.array_equal(found.right, right) and count.sum() == len(y)
    # float32 logits, computed by other products
    assert np.allclose(found.sum_confidence, sums, rtol=1e-5, atol=0)
    full = count > 0
    error = sum(n / len(y) * abs(r / n - s / n) for n, r, s in zip(count[full], right[full], sums[full], strict=True))
    assert found.error == pytest.approx(error, rel=1e-4) and found.error > 0.01
    assert found.overconfidence == pytest.approx(probabilities.max(1).mean() - found.accuracy, abs=1e-6)
    assert abs(found.overconfidence) <= found.error + 1e-12


def test_the_curve_is_scikit_learns(measured):
    """Which takes right or wrong as a binary outcome, has the same edges, and leaves empty bins out."""
    found, probabilities, y, _ = measured
    outcome = probabilities.argmax(1) == y
    right, confidence = calibration_curve(outcome, probabilities.max(1), n_bins=BINS, strategy="uniform")
    full = found.count > 0
    assert np.allclose(found.bin_accuracy[full], right, atol=1e-12)
    assert np.allclose(found.mean_confidence[full], confidence, rtol=1e-5)
    assert np.isnan(found.bin_accuracy[~full]).all() and np.isnan(found.mean_confidence[~full]).all() and not full[0]


def test_loss_and_accuracy_are_scikit_learns_and_the_runs(measured):
    found, probabilities, y, run = measured
    assert found.loss == pytest.approx(log_loss(y, probabilities), rel=1e-5)
    assert found.accuracy == accuracy_score(y, probabilities.argmax(1))
    # the run was evaluated before its matrices were rounded to float16
    assert found.loss == pytest.approx(run.test_last.loss, rel=2e-3)
    assert found.accuracy == pytest.approx(run.test_last.accuracy, abs=1 / 400)


def test_a_network_that_is_as_right_as_it_is_sure_has_no_error(tiny):
    count = np.zeros(BINS)
    count[[4, 14]] = 10, 100
    calibrated = Calibration(CalibrationSpec(tiny), count, 0.97 * count, 0.97 * count, np.array(1.0))
    assert calibrated.error == 0 and calibrated.overconfidence == 0
    # too sure in one bin and not sure enough in the other: the mean hides it, the error does not
    mixed = replace(calibrated, sum_confidence=0.97 * count + np.eye(BINS)[4] - np.eye(BINS)[14])
    assert mixed.overconfidence == pytest.approx(0, abs=1e-12) and mixed.error == pytest.approx(2 / 110)


@given(st.lists(st.sampled_from([k / BINS for k in range(1, BINS + 1)]) | st.floats(1e-9, 1), min_size=1))
def test_a_bin_has_its_upper_edge(values):
    edges = np.linspace(0, 1, BINS + 1)
    for c, k in zip(values, bins_of(np.array(values)), strict=True):
        assert edges[k] < c <= edges[k + 1]


@pytest.mark.parametrize("confidence", [0.0, 1.001, np.nan, -0.5])
def test_what_is_no_confidence_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        bins_of(np.array([0.5, confidence]))


def test_a_run_without_weights_cannot_be_measured(trained, digits):
    run = trained()
    with pytest.raises(ValueError, match="kept its numbers only"):
        measure(CalibrationSpec(run.config), digits, [replace(run, weights=None)])
