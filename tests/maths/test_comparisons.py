"""Student's t against scipy, Holm's correction against statsmodels and against what it promises."""

import math
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from core.maths.comparisons import LEVEL, holm, t_quantile, t_two_sided

probabilities = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=12)


@given(st.floats(-1e6, 1e6), st.integers(1, 30))
def test_the_tails_are_scipys(t, df):
    assert t_two_sided(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), abs=2e-15)


@pytest.mark.parametrize("df", range(1, 10))
def test_the_tails_begin_at_1_and_end_at_0(df):
    assert t_two_sided(0.0, df) == 1 and t_two_sided(math.inf, df) == pytest.approx(0, abs=1e-15)


@given(st.floats(1e-6, 1), st.integers(1, 9))
def test_the_quantiles_are_scipys(tail, df):
    # a tail of 1e-6 is known to 1e-15: nine digits
    assert t_quantile(tail, df) == pytest.approx(stats.t.isf(tail / 2, df), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("df", [0, -1, 2.5])
def test_degrees_of_freedom_are_whole_and_above_0(df):
    with pytest.raises(ValueError, match="degrees of freedom"):
        t_two_sided(1.0, df)


@pytest.mark.parametrize("tail", [0.0, -0.1, 1.1, math.nan])
def test_a_quantile_is_of_a_probability(tail):
    with pytest.raises(ValueError, match="probability"):
        t_quantile(tail, 4)


def by_statsmodels(p):
    """Rejected or not, and adjusted p values. It collects garbage each time, which with torch loaded takes 0.2 s."""
    with patch("gc.collect"):
        return multipletests(p, alpha=0.05, method="holm")[:2]


@given(probabilities)
def test_holms_correction_is_that_of_statsmodels(p):
    rejected, adjusted = by_statsmodels(p)
    assert np.allclose(holm(p), adjusted, rtol=1e-12, atol=0)
    near = np.abs(adjusted - LEVEL) < 1e-9  # there the last bit decides
    assert np.array_equal((holm(p) <= LEVEL)[~near], rejected[~near])


@given(probabilities)
def test_correcting_makes_nothing_surer_and_keeps_the_order(p):
    adjusted = holm(p)
    assert (adjusted >= p).all() and (adjusted <= np.minimum(1, len(p) * np.array(p))).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_one_comparison_needs_no_correction_and_none_has_none():
    assert holm([0.03]) == [0.03] and len(holm([])) == 0


@pytest.mark.parametrize("p", [[0.1, 1.1], [-0.1], [math.nan], [[0.1, 0.2]]])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="p values"):
        holm(p)


def test_the_chance_of_any_mistake_among_differences_that_are_not_there_is_5_in_100():
    """5,000 families of 8 independent tests: the share with a mistake has a standard error of 0.003."""
    p = np.random.default_rng(0).random((5000, 8))
    assert np.mean([(holm(row) <= LEVEL).any() for row in p]) == pytest.approx(LEVEL, abs=0.012)
    assert np.mean((p <= LEVEL).any(axis=1)) == pytest.approx(1 - 0.95**8, abs=0.03)
