"""Where training ends with each technique: ranks, bounds and sentences, worked out once more by hand."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from core.config import FULL, SMALL_AND_NOISY
from core.course import minima
from core.course.claims import MISSING, Measure
from core.course.minima import IMAGES, between_of, path_of, walls
from core.results.between import KEPT, RECOMPUTED
from core.results.calibration import BINS, Calibration, CalibrationSpec
from core.results.library import stored
from core.results.sharpness import Sharpness, SharpnessSpec
from core.results.weight_sizes import WeightSizes, WeightSizesSpec
from core.techniques import BATCH_NORM, DROPOUT, PLAIN, TECHNIQUES, techniques_in

# --- what is measured ------------------------------------------------------------------------------------------------


def test_the_widest_seeds_are_those_with_the_largest_ratio():
    measure = Measure("value", lambda x: x)
    assert minima.widest({"a": [10.0, 11.0], "b": [0.1, 0.4, 0.2]}, measure) == (
        "The seeds of b differ most: the largest of its values is 4.0 times the smallest."
    )
    assert minima.widest({}, measure) == ""


def test_everything_that_the_steps_ask_for_is_stored():
    specs = [*minima.measurements(), *(spec for t in TECHNIQUES for spec in minima.measurements_of(path_of(t).run))]
    assert len(specs) == 2 * len(TECHNIQUES)
    assert not [spec for spec in specs if stored(spec) is None]


def test_paths_and_lines_are_those_of_the_small_and_noisy_setting_and_its_first_seeds():
    for technique in TECHNIQUES:
        path, line = path_of(technique), between_of(technique)
        assert path.run == line.start and (path.run.seed, line.end.seed) == (0, 1)
        assert techniques_in(path.run) == (() if technique is PLAIN else (technique,))
        assert path.run.n_train == SMALL_AND_NOISY.n_train and path.run.label_noise == SMALL_AND_NOISY.label_noise
    assert path_of(BATCH_NORM).statistics == "batch"
    assert minima.measurements_of(FULL) == []


# --- how sure --------------------------------------------------------------------------------------------------------


def calibrated(tiny, shift, seeds=3, n=1000):
    """Results whose networks are right in 70, 71, … % and as sure, but for a shift; and a little for each seed."""
    count = np.zeros(BINS)
    count[10] = n
    return [
        Calibration(
            CalibrationSpec(tiny),
            count,
            count * (0.70 + 0.01 * seed + shift + 0.001 * (seed - 1)),
            count * (0.70 + 0.01 * seed),
            np.array(1.0),
        )
        for seed in range(seeds)
    ]


@pytest.mark.parametrize(
    ("shift", "told"), [(0.1, "too sure**"), (-0.1, "not sure enough**"), (0.0, "neither too sure")]
)
def test_a_network_is_called_too_sure_where_the_interval_of_its_overconfidence_is_above_0(tiny, shift, told):
    found = calibrated(tiny, shift)
    words = minima.how_sure("plain", found)
    assert told in words
    assert f"{100 * (0.71 + shift):.1f} ± {1.1:.1f} %" in words and "71.0 ± 1.0 %" in words
    assert minima.how_sure("plain", found[:1]) == f"{MISSING.capitalize()}."


def test_who_is_best_calibrated_is_told_with_the_most_accurate_one(tiny):
    named = {"sure": calibrated(tiny, 0.2), "fair": calibrated(tiny, 0.01), "shy": calibrated(tiny, -0.1)}
    words = minima.calibration_order(named)
    errors = {name: np.mean([c.error for c in some]) for name, some in named.items()}
    best, worst = min(errors, key=errors.get), max(errors, key=errors.get)
    assert f"**{best}** has the smallest" in words and f"{worst} the largest, {100 * errors[worst]:.1f} ±" in words


def test_the_error_that_chance_alone_gives_is_that_of_drawn_answers(tiny):
    rng = np.random.default_rng(0)
    count = np.zeros(BINS)
    count[[6, 9, 14]] = 400, 900, 2700
    confidence = np.zeros(BINS)
    confidence[[6, 9, 14]] = 0.44, 0.63, 0.97
    found = Calibration(CalibrationSpec(tiny), count, count * confidence, count * confidence, np.array(1.0))
    drawn = rng.binomial(count.astype(int), confidence, size=(20_000, BINS))
    errors = np.abs(drawn - count * confidence).sum(axis=1) / count.sum()
    # 20,000 draws: their own error is 0.4 % of the mean; the normal approximation is within 1 %
    assert minima.by_chance(found) == pytest.approx(errors.mean(), rel=0.015)


# --- how sharp -------------------------------------------------------------------------------------------------------


def sharp(tiny, top, trace, rise, gradient=1.0):
    spec = SharpnessSpec(tiny)
    return Sharpness(
        spec, 0.1, gradient, top, 0.0, np.full(spec.probes, trace), np.full((spec.directions, 2), float(rise))
    )


@pytest.fixture
def named(tiny):
    """Four networks over two seeds; a's mean largest eigenvalue is 2, b's 3, and so on."""
    numbers = {"a": (2, 10, 4), "b": (3, 40, 1), "c": (4, 20, 2), "d": (5, 30, 3)}
    return {n: [sharp(tiny, v[0] + e, v[1], v[2], v[0]) for e in (-0.25, 0.25)] for n, v in numbers.items()}


@given(st.permutations(range(7)), st.permutations(range(7)))
def test_pairs_that_are_turned_round_are_kendalls_discordant_ones(first, second):
    turned = minima.turned_round(first, second)
    places = [[order.index(i) for i in range(7)] for order in (first, second)]
    pairs = 7 * 6 // 2
    assert 1 - 2 * len(turned) / pairs == pytest.approx(kendalltau(*places).statistic, abs=1e-12)
    assert all(first.index(a) < first.index(b) and second.index(a) > second.index(b) for a, b in turned)


def test_the_flattest_and_the_pairs_in_opposite_orders_are_told(named):
    words = minima.flattest(named)
    assert "the flattest of 4 is **a** by the largest eigenvalue, **a** by the trace, and **b** by the" in words
    top, rise = ({n: np.mean([of(s) for s in some]) for n, some in named.items()} for of in (TOP, RISE))
    opposite = sum((top[a] - top[b]) * (rise[a] - rise[b]) < 0 for a, b in combinations(named, 2))
    assert f"put {opposite} of 6 pairs in opposite orders" in words
    assert "A is number 1 by the eigenvalue and number 4 by the rise." in words


TOP, RISE = (lambda s: s.top), (lambda s: s.rises.mean())


def test_how_often_the_flatter_one_is_the_more_accurate_one_is_counted(named):
    accuracies = {"a": 0.9, "b": 0.6, "c": 0.8, "d": 0.7}
    measures = [TOP, lambda s: s.trace_samples.mean(), RISE]
    counts = []
    for of in measures:
        means = {n: np.mean([of(s) for s in some]) for n, some in named.items()}
        counts.append(
            sum((means[a] - means[b]) * (accuracies[a] - accuracies[b]) < 0 for a, b in combinations(named, 2))
        )
    words = minima.flat_and_accurate(named, accuracies)
    assert "Of 6 pairs" in words and len(set(counts)) > 1
    labels = ("largest eigenvalue", "trace", "filter-normalised rise")
    assert all(f"{count} by the {label}" in words for count, label in zip(counts, labels, strict=True))


def test_the_gradients_are_told_from_the_smallest_to_the_largest(named):
    assert "from 2.00 ± 0.00 (a) to 5.00 ± 0.00 (d)" in minima.not_minima(named)


@pytest.mark.parametrize(
    "told",
    [
        minima.flattest({}),
        minima.not_minima({}),
        minima.flat_and_accurate({}, {}),
        minima.calibration_order({}),
        minima.walls_in_words([]),
    ],
)
def test_what_is_not_stored_is_said_to_be_missing(told):
    assert told == f"{MISSING.capitalize()}."


def test_the_weights_of_all_layers_are_told_together(tiny):
    spec = WeightSizesSpec(tiny)
    layers, thresholds = spec.n_layers, len(spec.thresholds)
    small = np.zeros((layers, thresholds))
    small[:, 0] = 1
    sizes = WeightSizes(spec, np.full(layers, 2.0), np.full(layers, 3.0), np.full(layers, 4.0), small)
    found = {name: measure.of(sizes) for name, measure in minima.WEIGHTS.items()}
    assert found == {
        "Norm": pytest.approx(math.sqrt(3 * layers)),
        "Sum of |w|": 2 * layers,
        "Exact zeros": 0.25,
    }


# --- which way, and what lies between --------------------------------------------------------------------------------


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.name)
def test_a_checkpoint_is_told_with_its_own_loss_and_that_of_the_plane(technique):
    found = minima.training_path(technique)
    u, v = found.explained
    assert f"**{100 * u:.0f} % and {100 * v:.0f} %**" in minima.plane_explains(found)
    for epoch in (0, 1, 30):
        words = minima.checkpoint(found, epoch)
        off = math.sqrt(max(found.distances[epoch] ** 2 - (found.coordinates[epoch] ** 2).sum(), 0))
        for number in (f"**{found.loss[epoch]:.3f}**", f"**{found.shadow_loss[epoch]:.3f}**", f"{off:.2f} from the"):
            assert number in words
        assert words.startswith("Before training" if epoch == 0 else f"After epoch {epoch} ")
    assert f"**{found.loss[-1]:.3f}**" in minima.checkpoint(found, len(found.loss) - 1)


@pytest.mark.parametrize("images", IMAGES.values())
def test_a_wall_is_the_largest_height_above_the_straight_line_between_the_ends(images):
    found = walls(images)
    assert [wall.name for wall in found] == [t.name for t in TECHNIQUES for _ in range(1 + (t is BATCH_NORM))]
    for wall in found:
        (technique,) = (t for t in TECHNIQUES if t.name == wall.name)
        line = stored(between_of(technique))
        way = RECOMPUTED if wall.way == minima.WAYS[RECOMPUTED] else KEPT
        sets = (2,) if images == "test" else (0, 1)
        loss, accuracy = (sum(of[way, i] for i in sets) / len(sets) for of in (line.loss, line.accuracy))
        heights = [
            z - ((1 - i / 24) * loss[0] + i / 24 * loss[24])
            for i, z in enumerate(loss)  # 25 points
        ]
        assert wall.barrier == pytest.approx(max(heights), abs=1e-12)
        assert np.allclose(wall.loss, loss, rtol=1e-12) and np.allclose(wall.accuracy, accuracy, rtol=1e-12)
        assert wall.lowest == pytest.approx(min(accuracy)) and wall.at_ends == pytest.approx(accuracy[[0, 24]].mean())


@pytest.mark.parametrize("images", IMAGES.values())
def test_every_technique_is_said_to_have_a_wall_or_none_and_whose_accuracy_falls_most(images):
    found = walls(images)
    words = minima.walls_in_words(found)
    walled, rest = words.split("**None:**")
    level, falls = rest.split("The accuracy falls most")
    own = {wall.name: wall for wall in found if wall.way != minima.WAYS[KEPT]}
    assert own.keys() == {technique.name for technique in TECHNIQUES}
    for name, wall in own.items():
        there, number = (walled, wall.barrier) if wall.barrier >= 0.005 else (level, (wall.loss[0] + wall.loss[24]) / 2)
        assert f"{name} ({number:.2f}" in there
    most = max(own, key=lambda name: own[name].at_ends - own[name].lowest)
    assert f"for {most}: from {100 * own[most].at_ends:.1f} % at the ends to {100 * own[most].lowest:.1f} %" in falls


@pytest.mark.parametrize("images", IMAGES.values())
def test_batch_norms_halfway_network_is_told_with_either_statistics(images):
    line = stored(between_of(BATCH_NORM))
    sets = [2] if images == "test" else [0, 1]
    kept, anew = line.loss[:, sets, 12].mean(axis=1)
    assert f"is {kept:.2f} nats where" in minima.statistics_in_words(walls(images))
    assert f"and {anew:.2f} where they are measured anew" in minima.statistics_in_words(walls(images))
    assert minima.statistics_in_words([]) == ""


def test_a_technique_in_a_setting_has_the_strength_that_the_course_speaks_of_there():
    assert PLAIN.in_setting(FULL) == FULL
    assert BATCH_NORM.in_setting(FULL).norm == "batch"
    assert (DROPOUT.in_setting(FULL).dropout, DROPOUT.in_setting(SMALL_AND_NOISY).dropout) == (0.2, 0.5)
    for technique in TECHNIQUES[1:]:
        assert technique.is_in(technique.in_setting(SMALL_AND_NOISY))
