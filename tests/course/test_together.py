"""Two techniques at once, and stopping early beside each, worked out once more from the stored runs; and what a student
is warned of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from core.config import FULL, SMALL_AND_NOISY
from core.course import together
from core.course.grid import STRENGTHS, Place, candidates, chosen
from core.course.together import BATCH_NORM_DROPOUT, BATCH_NORM_L2, PAIRS, cautions, in_words, stopping_gains
from core.results import store
from core.results.library import stored
from core.results.weight_sizes import WeightSizesSpec
from core.techniques import AUGMENTATION, BATCH_NORM, DROPOUT, L2, LAYER_NORM, MAX_NORM, PLAIN, techniques_in

ALL = [(pair, stop) for pair in PAIRS for stop in pair.stops[1:]]


def accuracies_of(config):
    """Test accuracies at the last epoch over five seeds, read from the files."""
    return np.array([store.load_outcome(replace(config, seed=seed)).test_last.accuracy for seed in range(5)])


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_pair_is_both_of_its_techniques_and_differs_from_each_alone_by_the_other(pair):
    for stop in pair.stops:
        both, alone = pair.config(stop, both=True), pair.config(stop, both=False)
        assert set(techniques_in(both)) == {pair.first} | ({pair.second} if stop else set())
        assert set(techniques_in(alone)) == ({pair.second} if stop else set())
        assert (both.n_train, both.label_noise) == (SMALL_AND_NOISY.n_train, SMALL_AND_NOISY.label_noise)


@pytest.mark.parametrize(("pair", "stop"), ALL, ids=lambda value: getattr(value, "name", value))
def test_gains_of_a_pair_are_paired_over_seeds_and_their_sum_is_compared_seed_by_seed(pair, stop):
    plain, second = accuracies_of(SMALL_AND_NOISY), accuracies_of(pair.config(stop, both=False))
    first, both = accuracies_of(pair.config(0, both=True)), accuracies_of(pair.config(stop, both=True))
    found = together.together(pair, stop)
    for change, values in (
        (found.first, first - plain),
        (found.second, second - plain),
        (found.both, both - plain),
        (found.beyond_sum, (both - plain) - (first - plain) - (second - plain)),
    ):
        interval = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
        # the quantiles of our table have four digits, and the intervals are up to a quarter wide
        assert change.interval() == pytest.approx((values.mean(), *interval), abs=5e-5)
    told = in_words(pair, stop)
    verdict = (
        "not clearly different from"
        if found.beyond_sum.low <= 0 <= found.beyond_sum.high
        else ("more than" if found.beyond_sum.mean > 0 else "less than")
    )
    assert f"{verdict} the sum of the two" in told


def test_every_measurement_that_explains_a_pair_is_stored_for_every_seed():
    for pair, found in ((BATCH_NORM_L2, together.relative_steps), (BATCH_NORM_DROPOUT, together.variance_shifts)):
        for stop in pair.stops:
            assert [one.spec.run.seed for one in found(stop)] == [0, 1, 2, 3, 4]
            assert all(one.spec.run == pair.config(stop, both=True) for one in found(stop)[:1])


def test_l2_shortens_the_weights_under_batch_norm_and_lengthens_the_relative_steps():
    for strength in STRENGTHS[L2][1:]:
        without, found = together.relative_steps(0), together.relative_steps(strength)
        for plain, short in zip(without, found, strict=True):
            assert short.norm[-1, 0] < plain.norm[-1, 0]
            assert short.relative_step[-1, 0] > plain.relative_step[-1, 0]


def test_masks_shift_the_variance_of_the_second_norm_only_and_more_with_a_larger_p():
    means = [np.mean([s.ratio_of_masks(2) for s in together.variance_shifts(p)]) for p in BATCH_NORM_DROPOUT.stops]
    assert means == sorted(means) and means[0] == pytest.approx(1, abs=1e-6) and means[-1] > 1.05
    for p in BATCH_NORM_DROPOUT.stops:
        assert all(s.ratio_of_masks(1) == pytest.approx(1, abs=1e-6) for s in together.variance_shifts(p))


def test_the_last_epoch_of_what_followed_the_steps_is_the_stored_run_with_its_weights():
    """The training that was gone through once more is the one whose accuracy is told: its lengths are the run's."""
    found = together.relative_steps(0)[0]
    sizes = stored(WeightSizesSpec(found.spec.run))
    np.testing.assert_allclose(found.norm[-1], sizes.norms, rtol=1e-3)  # the stored weights are float16


@pytest.mark.parametrize("place", [Place(), Place(label_noise=0.0)], ids=lambda place: place.in_words)
def test_stopping_early_is_compared_with_the_last_epoch_of_the_same_runs(place):
    found = stopping_gains(place)
    assert set(found) == {technique.name for technique in STRENGTHS}
    for technique in (PLAIN, DROPOUT):
        configs = candidates(technique, place)[chosen(technique, place).strength]
        runs = [store.load_outcome(config) for config in configs]
        change = np.array([run.test_best.accuracy - run.test_last.accuracy for run in runs])
        assert found[technique.name].mean == pytest.approx(change.mean(), abs=1e-12)
    assert [*found.values()] == sorted(found.values(), key=lambda change: -change.mean)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"norm": "batch", "dropout": 0.2}, ["Dropout before batch norm"]),
        ({"norm": "layer", "dropout": 0.2}, []),
        ({"norm": "batch", "l2": 1e-3}, ["L2 with batch norm"]),
        ({"norm": "layer", "max_norm": 1.0}, ["max-norm with layer norm"]),
        ({"norm": "batch", "dropout": 0.2, "l1": 1e-4}, ["Dropout before batch norm", "L1 with batch norm"]),
        ({"dropout": 0.5, "max_norm": 1.0, "l2": 1e-3}, []),
        ({}, []),
    ],
)
def test_a_student_is_warned_of_techniques_that_get_in_each_others_way(settings, words):
    found = cautions(replace(SMALL_AND_NOISY, **settings))
    assert len(found) == len(words) and all(word in told for word, told in zip(words, found, strict=True))


def test_no_technique_alone_is_warned_of():
    for base in (FULL, SMALL_AND_NOISY):
        for technique in (BATCH_NORM, LAYER_NORM, DROPOUT, L2, MAX_NORM, AUGMENTATION):
            assert cautions(technique.in_setting(base)) == []
