"""A family of paired differences against scipy's paired tests and statsmodels' corrections."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from core.course.claims import paired_difference
from core.course.family import Family


def some(m: int, n: int, seed: int):
    """m pairs of n values each, with differences from none to large, and their family by number."""
    generator = np.random.default_rng(seed)
    first = generator.normal(size=(m, n))
    second = first + generator.normal(size=(m, n)) + np.linspace(0, 6, m)[:, None]
    return first, second, Family({k: paired_difference(first[k], second[k]) for k in range(m)})


def by_statsmodels(p):
    """Rejected or not, and adjusted p values. It collects garbage each time, which with torch loaded takes 0.2 s."""
    with patch("gc.collect"):
        return multipletests(p, alpha=0.05, method="holm")[:2]


@given(st.integers(1, 12), st.integers(2, 10), st.integers(0, 1000))
def test_p_values_and_corrections_are_those_of_scipy_and_statsmodels(m, n, seed):
    first, second, family = some(m, n, seed)
    p = [stats.ttest_rel(second[k], first[k]).pvalue for k in range(m)]
    # the interval is by quantiles of three decimals, the p value by what it was made of
    assert [d.p_value for d in family.differences.values()] == pytest.approx(p, rel=1e-7, abs=1e-13)
    rejected, adjusted = by_statsmodels(p)
    assert [family.adjusted[k] for k in range(m)] == pytest.approx(adjusted, rel=1e-7, abs=1e-12)
    if np.abs(adjusted - 0.05).min() > 1e-4 and np.abs(np.array(p) - 0.05).min() > 1e-4:
        assert family.clear(corrected=True) == [*np.flatnonzero(rejected)]
        assert family.clear(corrected=False) == [*np.flatnonzero(np.array(p) < 0.05)]


@given(st.integers(1, 12), st.integers(3, 10), st.integers(0, 1000))
def test_the_wide_intervals_are_scipys_at_bonferronis_level(m, n, seed):
    first, second, family = some(m, n, seed)
    for k in range(m):
        theirs = stats.ttest_rel(second[k], first[k]).confidence_interval(1 - 0.05 / m)
        low, high = family.interval(k)
        assert (low, high) == pytest.approx((theirs.low, theirs.high), rel=1e-6, abs=1e-9)
        assert low <= family.differences[k].low + 1e-3 and high >= family.differences[k].high - 1e-3
        if low > 0 or high < 0:
            assert k in family.clear(corrected=True)


def test_what_is_expected_by_chance_is_a_twentieth_of_the_family():
    _, _, family = some(40, 5, 0)
    assert family.by_chance == pytest.approx(2)
    assert family.chance_of_a_mistake == pytest.approx(1 - 0.95**40)
    assert len(family.clear(corrected=True)) < len(family.clear(corrected=False)) < 40


def test_differences_without_spread_are_sure_or_nothing():
    same = paired_difference([1.0, 2.0, 4.0], [1.0, 2.0, 4.0])
    always = paired_difference([1.0, 2.0, 4.0], [2.0, 3.0, 5.0])
    family = Family({"same": same, "always": always})
    assert (same.p_value, always.p_value) == (1, 0) and family.clear(corrected=True) == ["always"]
    assert family.interval("always") == (1, 1) and family.interval("same") == (0, 0)
    assert Family({}).adjusted == {} and Family({}).by_chance == 0
