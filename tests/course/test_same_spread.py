"""L2 and decay at the same spread of the weights: against accuracies that are known, and against the stored runs."""

import math

import numpy as np
import pytest

from core.config import FULL, SMALL_AND_NOISY, seeds_of
from core.course.same_spread import at_same_spread, by_seed, decay_at_same_spread, decay_in_words
from core.results import store
from core.techniques import ADAMW, L2

SEEDS = range(5)


def known(spread, seed):
    """An accuracy that is straight over the logarithm of the spread, for each seed another."""
    return 0.7 + 0.01 * seed + 0.05 * (1 + seed) * math.log(spread)


def test_an_accuracy_is_read_off_at_the_point_s_own_spread_seed_by_seed():
    above = [0.004, 0.006, 0.005, 0.003, 0.007]
    line = {s: {i: (x + 0.001 * i, known(x + 0.001 * i, i)) for i in SEEDS} for s, x in ((0.0, 0.09), (1e-3, 0.03))}
    line[1e-2] = {i: (0.01, known(0.01, i)) for i in SEEDS}
    wide = {i: (0.02 + 0.01 * i, known(0.02 + 0.01 * i, i) + above[i]) for i in SEEDS}
    found = at_same_spread(line, {0.0: line[0.0], 1.0: wide, 3.0: {i: (0.011, known(0.011, i)) for i in SEEDS}})
    assert [*found] == [1.0, 3.0]
    assert found[1.0].mean == pytest.approx(np.mean(above), abs=1e-12)
    half = 2.776 * np.std(above, ddof=1) / math.sqrt(5)  # Student's t, 4 degrees of freedom, 97.5 %
    assert (found[1.0].low, found[1.0].high) == pytest.approx((0.005 - half, 0.005 + half), abs=1e-9)
    assert found[3.0].mean == pytest.approx(0, abs=1e-12)


def test_a_point_beyond_the_line_is_compared_with_nothing():
    line = {s: {0: (x, 0.8), 1: (x, 0.9)} for s, x in ((0.0, 0.05), (1e-3, 0.02))}
    for beyond in (0.0199, 0.0501):
        assert not at_same_spread(line, {1.0: {0: (0.03, 0.8), 1: (beyond, 0.9)}})


def test_what_is_compared_is_what_is_stored():
    config = ADAMW.path(SMALL_AND_NOISY)[3.0]
    for run, (seed, (spread, accuracy)) in zip(seeds_of(config), by_seed(config).items(), strict=True):
        assert run.seed == seed and 0 < spread < 0.1
        assert accuracy == store.load_run(run).last.held_out_accuracy


@pytest.mark.parametrize("base", [FULL, SMALL_AND_NOISY], ids=["full", "small and noisy"])
def test_the_words_are_those_of_the_means_that_the_picture_draws(base):
    """The picture joins means over seeds, so its distances are near those that are taken seed by seed."""
    line, points = (
        {stop: np.mean([*by_seed(config).values()], axis=0) for stop, config in of.path(base).items()}
        for of in (L2, ADAMW)
    )
    spreads, accuracies = np.array(sorted(map(tuple, line.values()))).T
    found, told = decay_at_same_spread(base), decay_in_words(base)
    assert f"On {base.n_train:,} images" in told
    for stop, difference in found.items():
        x, y = points[stop]
        drawn = y - np.interp(math.log(x), np.log(spreads), accuracies)
        assert difference.mean == pytest.approx(drawn, abs=4e-3)  # less than half a point beside the mean's own line
        word = "lower" if difference.high < 0 else "higher" if difference.low > 0 else "not clearly different"
        part = told.split(f"{word} at a decay of ")[1].split(" at a decay of ")[0]
        assert f"{stop:g}" in part.split(" (")[0].rstrip(".").replace(",", "").split()


def test_decay_costs_on_many_clean_images_what_it_gains_on_few_noisy_ones():
    full, small = (decay_at_same_spread(base) for base in (FULL, SMALL_AND_NOISY))
    assert all(full[stop].high < 0 < small[stop].low for stop in (1.0, 3.0))


def test_without_results_it_says_so(monkeypatch):
    monkeypatch.setattr("core.course.same_spread.first_layers", lambda config: [])
    assert "not computed here" in decay_in_words(FULL)
