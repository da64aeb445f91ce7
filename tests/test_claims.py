"""Spreads and paired differences, against numpy and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.claims import T_QUANTILE, paired_difference, spread

values = st.lists(st.floats(-10, 10), min_size=2, max_size=10)


@given(values)
def test_a_spread_is_mean_and_sample_standard_deviation(numbers):
    found = spread(numbers)
    assert found.mean == pytest.approx(np.mean(numbers), abs=1e-12)
    assert found.sd == pytest.approx(np.std(numbers, ddof=1), abs=1e-12)


def test_one_value_has_no_standard_deviation_and_none_has_no_mean():
    assert math.isnan(spread([1.0]).sd)
    with pytest.raises(ValueError, match="nothing"):
        spread([])


@pytest.mark.parametrize("n", T_QUANTILE)
def test_the_quantiles_are_students(n):
    assert T_QUANTILE[n] == pytest.approx(stats.t.ppf(0.975, n - 1), abs=5e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_is_scipys(seed):
    first, second = np.random.default_rng(seed).normal(size=(2, 6))
    found = paired_difference(first, second)
    theirs = stats.ttest_rel(second, first).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-3)
    assert found.n_above == (second > first).sum()


def test_words_follow_from_the_interval():
    clear = paired_difference([0.70, 0.71, 0.69], [0.80, 0.82, 0.79])
    assert clear.verdict("better", "worse").startswith("better (+10.3 points, 95 % interval +8.9 to +11.8, 3 seeds")
    assert (
        paired_difference([0.80, 0.82, 0.79], [0.70, 0.71, 0.69]).verdict("better", "worse").startswith("worse (−10.3")
    )
    unclear = paired_difference([0.70, 0.71, 0.69], [0.71, 0.69, 0.70])
    assert unclear.verdict("better", "worse").startswith("no clear difference (0.0 points")


def test_unpaired_values_are_refused():
    with pytest.raises(ValueError, match="paired"):
        paired_difference([1.0, 2.0], [1.0])
