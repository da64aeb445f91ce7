"""Spreads and paired differences, against numpy and scipy."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.config import FULL, SMALL_AND_NOISY
from core.course.claimed.layer_norm import SURFACE
from core.course.claims import (
    BEST_ACCURACY,
    BEST_EPOCH,
    BEST_LOSS,
    FIRST_EPOCH,
    FIVE_EPOCHS,
    GAP,
    LAST_ACCURACY,
    LAST_FIVE,
    LAST_LOSS,
    LOSS_GAP,
    MISSING,
    RISE,
    T_QUANTILE,
    TRAIN_ACCURACY,
    compare,
    compare_two,
    in_words,
    paired_difference,
    sentence,
    single_run_margin,
    spread,
    verdict,
)
from core.course.dropout import HALF, agreement, ensembles_of
from core.course.layer_norm import LAYER_NORM
from core.course.over_seeds import DIRECTION_SEEDS
from core.results.library import stored, stored_run
from core.results.surface import SurfaceSpec

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


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.005881, 0.005901], "0.00589 ± 0.00001"),
        ([1234.4, 1230.2], "1232 ± 3"),
        ([0.0, 0.0], "0.00 ± 0.00"),
        ([9.996, 9.998], "10.00 ± 0.00"),
        ([-0.0512], "-0.0512"),
    ],
)
def test_significant_digits_are_those_of_the_mean(values, text):
    assert spread(values).significant() == text


def test_words_follow_from_the_interval():
    clear = paired_difference([0.70, 0.71, 0.69], [0.80, 0.82, 0.79])
    assert clear.verdict("better", "worse").startswith("better (+10.3 points, 95 % interval +8.9 to +11.8, 3 seeds")
    assert (
        paired_difference([0.80, 0.82, 0.79], [0.70, 0.71, 0.69]).verdict("better", "worse").startswith("worse (−10.3")
    )
    unclear = paired_difference([0.70, 0.71, 0.69], [0.71, 0.69, 0.70])
    assert unclear.verdict("better", "worse").startswith("no clear difference (0.0 points")
    assert clear.verdict("better", "worse", over="pairs of directions").endswith("3 pairs of directions)")


def test_unpaired_values_are_refused():
    with pytest.raises(ValueError, match="paired"):
        paired_difference([1.0, 2.0], [1.0])


# --- measures of runs -----------------------------------------------------------------------------------------------


@pytest.fixture
def seeds(trained):
    return [trained(seed=seed) for seed in range(3)]


def test_each_measure_is_the_number_of_its_name(seeds):
    run = seeds[0]
    accuracy, loss = run.curve("held_out_accuracy"), run.curve("held_out_loss")
    assert FIRST_EPOCH.of(run) == accuracy[0]
    assert FIVE_EPOCHS.of(run) == pytest.approx(accuracy[:5].mean())
    assert LAST_ACCURACY.of(run) == accuracy[-1]
    assert LAST_FIVE.of(run) == pytest.approx(np.mean(accuracy[-5:]))
    assert BEST_ACCURACY.of(run) == accuracy[loss.argmin()]
    assert TRAIN_ACCURACY.of(run) == run.curve("train_accuracy")[-1]
    assert BEST_EPOCH.of(run) == 1 + loss.argmin()
    assert BEST_LOSS.of(run) == loss.min()
    assert LAST_LOSS.of(run) == loss[-1]
    assert RISE.of(run) == loss[-1] - loss.min()
    assert GAP.of(run) == pytest.approx(run.curve("train_accuracy")[-1] - accuracy[-1])


def test_a_measure_over_seeds_is_printed_with_its_spread(seeds):
    values = [100 * run.records[-1].held_out_accuracy for run in seeds]
    assert LAST_ACCURACY.over(seeds) == f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f} %"
    assert LAST_ACCURACY.over(seeds[:1]) == f"{values[0]:.1f} %"
    assert LAST_ACCURACY.over([]) == MISSING
    assert "±" in BEST_EPOCH.over(seeds) and not BEST_EPOCH.over(seeds).endswith(" ")


def test_runs_are_paired_by_their_seeds_whatever_their_order(seeds):
    better = [
        replace(run, records=tuple(replace(r, held_out_accuracy=r.held_out_accuracy + 0.05) for r in run.records))
        for run in seeds
    ]
    difference = compare(LAST_ACCURACY, seeds, better[::-1])
    assert difference.mean == pytest.approx(0.05) and difference.n == 3 and difference.is_clear
    assert compare(LAST_ACCURACY, seeds[:2], better[1:]) is None
    assert verdict(LAST_ACCURACY, seeds, better, "ahead", "behind").startswith("ahead (+5.0 points, 95 % interval +5.0")
    assert verdict(LAST_ACCURACY, better, seeds, "ahead", "behind").startswith("behind (−5.0 points")
    assert "python -m core.precompute" in verdict(LAST_ACCURACY, [], better, "ahead", "behind")


def test_a_loss_is_compared_in_nats_with_three_decimals(seeds):
    lower = [
        replace(run, records=tuple(replace(r, held_out_loss=r.held_out_loss - 0.0123) for r in run.records))
        for run in seeds
    ]
    assert verdict(LAST_LOSS, seeds, lower, "higher", "lower").startswith("lower (−0.012, 95 % interval −0.012")
    assert verdict(LAST_LOSS, seeds, seeds, "higher", "lower") == (
        "no clear difference (0.000, 95 % interval 0.000 to 0.000, 3 seeds)"
    )


def test_two_numbers_of_two_networks_are_compared_seed_by_seed(seeds):
    """The first one's best loss against the second one's last: what stopping early is compared by."""
    worse = [
        replace(run, records=tuple(replace(r, held_out_loss=seed + 1.0) for r in run.records))
        for seed, run in enumerate(seeds)
    ]
    expected = stats.ttest_1samp([seed + 1.0 - BEST_LOSS.of(run) for seed, run in enumerate(seeds)], 0)
    low, high = (f"{x:+.3f}".replace("-", "−") for x in expected.confidence_interval(0.95))
    said = in_words(compare_two(BEST_LOSS, seeds, LAST_LOSS, worse[::-1]), LAST_LOSS, "higher", "lower")
    assert f"95 % interval {low} to {high}, 3 seeds" in said
    assert compare_two(BEST_LOSS, seeds, LAST_LOSS, worse[:1]) is None
    assert in_words(None, LAST_LOSS, "higher", "lower") == MISSING


# --- what is stored -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [1.0, 2.0])
def test_surfaces_are_compared_pair_of_directions_by_pair(radius):
    rises = [
        [stored(SurfaceSpec(run, radius=radius, direction_seed=seed)).edge_rise for seed in DIRECTION_SEEDS]
        for run in (FULL, LAYER_NORM)
    ]
    test = stats.ttest_rel(rises[1], rises[0])
    words = "lower" if test.pvalue < 0.05 else "no clear difference"
    said = SURFACE[radius].told
    mean = f"{np.mean(rises[1]) - np.mean(rises[0]):+.2f}".replace("-", "−")
    assert said.startswith(f"{words} ({mean} nats") and said.endswith("3 pairs of directions)")


def test_agreement_counts_the_thinned_networks_that_name_the_right_class():
    shown = ensembles_of(HALF)[0]
    right = sum(int(np.argmax(shown.probabilities[12, mask])) == shown.classes[12] for mask in range(100))
    assert agreement(HALF, 12) == f"{right} of 100"
    assert agreement(HALF, shown.spec.n_shown) == MISSING


def test_the_margin_of_single_runs_holds_95_of_100_pairs():
    """Drawn: five runs to take the margin from, and two more to compare, all of one normal distribution."""
    generator = np.random.default_rng(0)
    runs = generator.normal(0.7, 0.02, (20_000, 7))
    within = np.mean([abs(row[5] - row[6]) <= single_run_margin(row[:5]) for row in runs])
    assert within == pytest.approx(0.95, abs=0.005)  # standard error of the share: 0.0015


def test_the_margin_of_single_runs_needs_a_spread():
    for n in (0, 1, 11):
        with pytest.raises(ValueError, match="2 to 10"):
            single_run_margin([0.7] * n)


def test_the_gap_is_of_losses_and_positive_where_the_network_overfits():
    run = stored_run(SMALL_AND_NOISY)
    assert LOSS_GAP.of(run) == run.last.held_out_loss - run.last.train_loss > 1
    assert LOSS_GAP.over([run]).endswith(" nats")


def test_a_verdict_ends_a_sentence_on_its_subject():
    first, lower, same = [1.0, 2.0, 3.0], [0.5, 1.4, 2.6], [1.1, 1.9, 3.0]
    told = paired_difference(first, lower).verdict("higher", "lower"), paired_difference(first, same).verdict("a", "b")
    assert sentence("The loss", told[0]).startswith("The loss is lower (−50.0 points")
    assert sentence("The loss", told[1]).startswith("The loss shows no clear difference (0.0 points")
