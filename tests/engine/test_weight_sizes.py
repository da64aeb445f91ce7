"""Norms and counts of small weights against numpy's norms, a count weight by weight, and the sparsity measurement."""

from dataclasses import replace

import numpy as np
import pytest

from core.engine import sparsity
from core.engine.weight_sizes import measure
from core.results.run import parameter_counts
from core.results.sparsity import SparsitySpec
from core.results.weight_sizes import WeightSizesSpec


@pytest.fixture(scope="module", params=[{"l1": 1e-2, "l1_method": "proximal"}, {"norm": "batch"}], ids=str)
def sized(request, trained):
    run = trained(**request.param)
    return run, measure(WeightSizesSpec(run.config), None, [run])


def test_norms_are_those_of_the_weights_laid_end_to_end(sized):
    run, found = sized
    vectors = [run.weights[f"linear{i}.weight"].astype(np.float64).ravel() for i in (1, 2, 3)]
    assert np.allclose(found.norms, [np.linalg.norm(w) for w in vectors], rtol=1e-12)
    assert np.allclose(found.l1, [np.linalg.norm(w, 1) for w in vectors], rtol=1e-12)
    together = np.concatenate(vectors)
    assert found.norm == pytest.approx(np.linalg.norm(together), rel=1e-12)
    assert found.l1_norm == pytest.approx(np.linalg.norm(together, 1), rel=1e-12)
    assert [*found.count] == [weights for weights, _ in parameter_counts(run.config).values()]


def test_counts_are_those_of_the_weights_one_by_one(sized):
    run, found = sized
    layers = [run.weights[f"linear{i}.weight"].astype(np.float64) for i in (1, 2, 3)]
    for k, threshold in enumerate(found.spec.thresholds):
        small = [sum(abs(x) <= threshold for x in w.ravel().tolist()) for w in layers]
        assert [*found.small[:, k]] == small
        assert np.array_equal(found.shares_small(threshold), np.array(small) / found.count)
        assert found.share_small(threshold) == sum(small) / found.count.sum()
    zeros = sum((w == 0).sum() for w in layers)
    assert found.share_zero == zeros / found.count.sum() and (zeros > 0) == (run.config.l1 > 0)
    with pytest.raises(ValueError, match="not in"):
        found.share_small(0.123)


def test_the_first_layer_is_as_the_sparsity_measurement_has_it(sized, digits):
    run, found = sized
    theirs = sparsity.measure(SparsitySpec(run.config), digits, [run])
    assert np.array_equal(theirs.norms, [found.l1, found.squares])
    assert all(found.shares_small(t)[0] == theirs.share_small(t) for t in found.spec.thresholds)


def test_a_run_without_weights_cannot_be_measured(trained):
    run = trained()
    with pytest.raises(ValueError, match="kept its numbers only"):
        measure(WeightSizesSpec(run.config), None, [replace(run, weights=None)])
