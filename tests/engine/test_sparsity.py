"""Counts of small weights against counting one by one; pruning against a network that is pruned by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.engine.evaluation import evaluate
from core.engine.models import model_of
from core.engine.sparsity import measure
from core.results.sparsity import BINS, RATES, THRESHOLDS, SparsitySpec, bin_edges, histogram_of, in_rates, levels_of

THREE = (0.0, 1e-4, 1e-2)


@given(st.lists(st.sampled_from([0.0, 1e-4, 1e-2]) | st.floats(-1, 1), min_size=1, max_size=30))
def test_a_level_is_the_first_threshold_that_a_weight_does_not_exceed(values):
    levels = levels_of(np.array(values), THREE)
    for w, level in zip(values, levels, strict=True):
        assert all(abs(w) > t for t in THREE[:level]) and all(abs(w) <= t for t in THREE[level:])


@pytest.fixture(scope="module")
def sparse(trained, digits):
    """A run with exact zeros, and what was measured of it with its map."""
    run = trained(l1=1e-3, l1_method="proximal", epochs=60)
    return run, measure(SparsitySpec(run.config, with_map=True), digits, [run])


def test_counts_are_those_of_the_weights_one_by_one(sparse):
    run, found = sparse
    w = run.weights["linear1.weight"].astype(np.float64)
    assert found.spec.thresholds[0] == 0 and {*THRESHOLDS} <= {*found.spec.thresholds}
    assert {in_rates(rate, run.config.lr) for rate in RATES} <= {*found.spec.thresholds}
    for k, threshold in enumerate(found.spec.thresholds):
        small = np.abs(w) <= threshold
        assert found.small[k] == small.sum() and found.share_small(threshold) == small.mean()
        assert found.alive[k] == (~small).any(axis=1).sum()
        assert np.array_equal(found.kept_by_pixel(threshold), (~small).sum(axis=0).reshape(8, 8))
        assert np.array_equal(found.levels <= k, small)
    assert 0 < found.share_zero < 1 and found.share_zero == (w == 0).mean()
    assert found.largest == np.abs(w).max() and found.spread == pytest.approx(w.std(), rel=1e-12)
    matrices = [run.weights[f"linear{i}.weight"].astype(np.float64) for i in (1, 2, 3)]
    assert np.allclose(found.norms, [[np.abs(m).sum() for m in matrices], [(m**2).sum() for m in matrices]])
    with pytest.raises(ValueError, match="not in|is not"):
        found.share_small(0.123)


def test_the_accuracy_without_small_weights_is_that_of_a_network_pruned_by_hand(sparse, digits):
    run, found = sparse
    x, y = torch.tensor(digits.test_x), torch.tensor(digits.test_y)
    for threshold in found.spec.thresholds:
        model = model_of(run)
        with torch.no_grad():
            w = model.linear1.weight
            w[w.abs() <= threshold] = 0
        expected = evaluate(model, x, y).accuracy
        # summed in another order: one of 400 images may fall on the other side
        assert found.accuracy[found.index(threshold)] == pytest.approx(expected, abs=1 / 400)
    assert found.accuracy[0] != found.accuracy[-1]


def test_without_a_map_everything_else_is_the_same(sparse, digits):
    run, found = sparse
    slim = measure(SparsitySpec(run.config), digits, [run])
    assert slim.levels.shape == (0, 0) and np.array_equal(slim.small, found.small)
    with pytest.raises(ValueError, match="no map"):
        slim.kept_by_pixel(1e-3)
    with pytest.raises(ValueError, match="kept its numbers only"):
        measure(SparsitySpec(run.config), digits, [replace(run, weights=None)])


def test_the_histogram_counts_every_weight_once_and_what_is_beyond_in_the_outermost_bins():
    w = np.array([0.0, 0.0024, -0.0024, 0.0026, 5.0, -7.0, 0.4])
    counts, edges = histogram_of(w), bin_edges()
    assert counts.sum() == len(w) and len(edges) == BINS + 1 and edges[0] == pytest.approx(-edges[-1])
    middle = BINS // 2
    assert (counts[middle], counts[middle + 1], counts[0], counts[-1]) == (3, 1, 1, 2)


def test_exact_zeros_come_from_the_proximal_step_only(trained, digits):
    run = trained(l1=0.02)
    found = measure(SparsitySpec(run.config), digits, [run])
    assert found.share_zero == 0 and found.share_small(1e-2) > 0.1
