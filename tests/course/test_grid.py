"""The grid of techniques over images and wrong labels, worked out once more by hand from the stored runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.config import SMALL_AND_NOISY
from core.course.grid import (
    AVERAGED_WEIGHTS,
    EARLY_STOPPING,
    PLACES,
    STRENGTHS,
    Place,
    candidates,
    chosen,
    gains,
    grid_runs,
    guide,
)
from core.results import store
from core.results.averaged import AveragedSpec
from core.results.library import stored
from core.techniques import DROPOUT, L1, PLAIN


def runs_of(technique, place, strength):
    return [store.load_outcome(config) for config in candidates(technique, place)[strength]]


def test_a_place_is_the_small_and_noisy_setting_but_for_its_two_numbers():
    assert Place().plain == SMALL_AND_NOISY and Place() in PLACES
    fields = [
        name
        for place in PLACES
        for name, value in place.plain.to_dict().items()
        if value != SMALL_AND_NOISY.to_dict()[name]
    ]
    assert set(fields) == {"n_train", "label_noise"}
    assert len(PLACES) == 5 + 6 - 1


def test_every_technique_has_three_strengths_or_none_and_the_slider_of_its_lesson_offers_them():
    for technique, strengths in STRENGTHS.items():
        assert set(strengths) <= set(technique.stops if technique.strength else ())
        assert len(strengths) == (3 if technique.strength != "shift" else 2) * bool(technique.strength)


@pytest.mark.parametrize("place", [Place(), Place(n_train=500)], ids=lambda place: place.in_words)
@pytest.mark.parametrize("technique", [DROPOUT, L1], ids=lambda technique: technique.name)
def test_the_strength_is_chosen_on_validation_images_and_told_of_test_images(technique, place):
    means = {}
    for strength in STRENGTHS[technique]:
        choosing = candidates(technique, place)[strength][: 5 if place == Place() else 1]
        curves = [[r.held_out_accuracy for r in store.load_outcome(config).records] for config in choosing]
        means[strength] = np.mean([curve[-5:] for curve in curves])
    best = max(means, key=means.get)
    way = chosen(technique, place)
    assert way.strength == best
    assert list(way.accuracies) == [run.test_last.accuracy for run in runs_of(technique, place, best)]


def test_a_gain_is_the_mean_of_the_differences_from_plain_seed_by_seed_with_its_interval():
    place = Place()
    plain = np.array([run.test_last.accuracy for run in runs_of(PLAIN, place, None)])
    (gain,) = (gain for gain in gains(place) if gain.of.name == DROPOUT.name)
    there = np.array([run.test_last.accuracy for run in runs_of(DROPOUT, place, gain.of.strength)])
    change = there - plain
    half = 2.776 * change.std(ddof=1) / math.sqrt(5)  # Student's t, 4 degrees of freedom, 97.5 %
    assert gain.change.interval() == pytest.approx(
        (change.mean(), change.mean() - half, change.mean() + half), abs=1e-12
    )
    assert [gain.change.mean for gain in gains(place)] == sorted((g.change.mean for g in gains(place)), reverse=True)


def test_early_stopping_stands_beside_them_with_the_weights_of_the_best_epoch():
    (stopped,) = (gain for gain in gains(Place()) if gain.of.name == EARLY_STOPPING)
    assert list(stopped.of.accuracies) == [run.test_best.accuracy for run in runs_of(PLAIN, Place(), None)]


def test_averaged_weights_stand_beside_them_with_the_average_after_the_last_epoch():
    (averaged,) = (gain for gain in gains(Place()) if gain.of.name == AVERAGED_WEIGHTS)
    found = [stored(AveragedSpec(config)) for config in candidates(PLAIN, Place())[None]]
    assert list(averaged.of.accuracies) == [one.accuracy[-1, 1] for one in found]
    # the training beside which they were averaged is the stored one: its accuracies are the run's own
    for one, run in zip(found, runs_of(PLAIN, Place(), None), strict=True):
        np.testing.assert_allclose(one.own_accuracy[:, 0], run.curve("held_out_accuracy"), atol=2e-3)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.in_words)
def test_every_way_is_in_one_sentence_of_the_guide(place):
    told = " ".join(guide(place))
    for gain in gains(place):
        assert told.lower().count(f"{gain.of.name.lower()} ") + told.lower().count(f"{gain.of.name.lower()} (") >= 1


def test_every_run_of_the_grid_is_stored():
    missing = [config for config in grid_runs() if store.load_outcome(config) is None]
    assert not missing
