"""Figures as data: what is in them is what was measured, and Vega-Lite's schema allows them."""

from dataclasses import replace

import altair
import numpy as np
import pytest

from core.drift import Drift, DriftSpec
from core.figures.compare import Course, course_of, course_table, courses_figure, dots_figure, stops_figure
from core.figures.norms import cells_figure, features_figure, pixels_figure, running_figure, unit_figure
from core.figures.theme import COLOURS, PROJECTED
from core.norms import running_course
from core.run import Diverged


def valid(spec):
    altair.Chart.from_dict(spec)
    return spec


def data_of(spec, layer):
    return spec["layer"][layer]["data"]["values"]


# --- techniques over seeds ------------------------------------------------------------------------------------------


@pytest.fixture
def courses():
    values = np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 8.0]])
    return {"plain": Course(np.array([1, 2, 3]), values), "batch norm": Course(np.array([1, 2, 3]), values / 2)}


def test_a_line_is_the_mean_of_the_seeds_in_a_band_from_the_lowest_to_the_highest(courses):
    spec = valid(courses_figure(courses, x_title="epoch", y_title="loss"))
    for layer in (0, 1):
        rows = data_of(spec, layer)
        assert [(r["technique"], r["at"], r["low"], r["mean"], r["high"]) for r in rows[:3]] == [
            ("plain", 1, 1, 2, 3), ("plain", 2, 2, 2, 2), ("plain", 3, 4, 6, 8)]  # fmt: skip
        assert rows[3]["mean"] == 1 and len(rows) == 6
    colours = spec["layer"][1]["encoding"]["color"]["scale"]
    assert colours == {"domain": ["plain", "batch norm"], "range": [COLOURS["plain"], COLOURS["batch norm"]]}
    assert [row["lowest"] for row in course_table(courses, "epoch")] == [1, 2, 4, 0.5, 1, 2]
    valid(courses_figure(courses, x_title="x", y_title="", log_y=True, percent=True, legend_columns=2, look=PROJECTED))


def test_seeds_that_diverged_leave_the_mean_to_the_others_and_nothing_where_none_is_left():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    rows = course_table({"plain": Course(np.arange(3), values)}, "epoch")
    assert [(row["epoch"], row["mean"]) for row in rows] == [(0, 2), (1, 5)]
    assert course_table({"plain": Course(np.arange(3), values * np.nan)}, "epoch") == []
    valid(courses_figure({"plain": Course(np.arange(3), values * np.nan)}, x_title="epoch", y_title="loss"))


def test_a_course_is_read_from_runs_and_from_what_a_divergence_left(trained):
    run = trained()
    lost = Diverged(run.config, 5, run.records[:1], "gone")
    course = course_of([run, lost], "held_out_loss")
    assert list(course.at) == [1, 2, 3]
    assert np.array_equal(course.values[0], run.curve("held_out_loss"))
    assert course.values[1][0] == run.records[0].held_out_loss and np.isnan(course.values[1][1:]).all()
    assert course_of([], "held_out_loss").values.shape == (0, 0)


def test_a_number_against_a_setting_shows_each_seed_and_counts_those_that_diverged():
    values = {"plain": {0.1: [0.8, 0.9], 3.0: [None, 0.1], 10.0: [None, None]}, "layer norm": {0.1: [0.7, 0.7]}}
    spec = valid(stops_figure(values, 3.0, x_title="learning rate", title="accuracy"))
    rule, line, dots, crosses = (data_of(spec, i) for i in range(4))
    assert rule == [{"stop": "3"}]
    assert [(r["technique"], r["stop"], r["value"]) for r in line] == [
        ("plain", "0.1", 0.85), ("plain", "3", 0.1), ("layer norm", "0.1", 0.7)]  # fmt: skip
    assert len(dots) == 5
    assert [r["diverged"] for r in crosses] == ["1 of 2 seeds diverged", "2 of 2 seeds diverged"]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == ["0.1", "3", "10"]
    assert len(stops_figure({"plain": {1: [0.5]}}, 1, x_title="x", title="y")["layer"]) == 3


def test_dots_keep_their_order_and_their_techniques_colours():
    spec = valid(dots_figure({"b": [0.5, 0.7], "a": [0.1]}, {"b": "batch norm", "a": "plain"}, x_title="accuracy"))
    ticks, dots = (data_of(spec, i) for i in (0, 1))
    assert [(r["name"], r["value"]) for r in ticks] == [("b", 0.6), ("a", 0.1)] and len(dots) == 3
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["b", "a"] and dots[0]["technique"] == "batch norm"


# --- normalisation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("along", "shared"),
    [("batch", {(0, 1), (1, 1), (2, 1)}), ("layer", {(2, 0), (2, 1)}),
     (None, {(i, j) for i in range(3) for j in range(2)})],
)  # fmt: skip
def test_the_cells_that_share_a_mean_with_the_picked_one_stay_bright(along, shared):
    x = np.arange(6.0).reshape(3, 2) - 2
    rows = data_of(valid(cells_figure(x, (2, 1), along, title="x", limit=3)), 0)
    at = {(int(r["sample"]) - 1, int(r["feature"]) - 1): r for r in rows}
    assert {cell for cell, r in at.items() if r["shares"]} == shared
    assert [cell for cell, r in at.items() if r["picked"]] == [(2, 1)]
    assert at[0, 0]["value"] == -2 and at[0, 0]["text"] == "−2.00" and at[2, 1]["text"] == "3.00"


def test_every_value_of_a_batch_is_a_dot_in_its_features_strip():
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    rows = data_of(valid(features_figure({"x": x, "y": -x})), 1)
    assert [(r["stage"], r["feature"], r["sample"], r["value"]) for r in rows[:3]] == [
        ("x", "feature 1", 1, 1), ("x", "feature 2", 1, 2), ("x", "feature 1", 2, 3)]  # fmt: skip
    assert len(rows) == 12 and rows[-1]["value"] == -6


@pytest.mark.parametrize("what", ["mean", "variance"])
def test_running_statistics_are_drawn_from_their_start_with_the_batches_beside(what):
    batches = [np.array([[1.0], [3.0]]), np.array([[4.0], [8.0]])]
    course, own = running_course(batches, 0.5)
    spec = valid(running_figure(course, own, (2.0, 9.0), what=what))
    dots, line, truth = (data_of(spec, i) for i in range(3))
    expected = {"mean": ([0, 1, 3.5], [2, 6], 2), "variance": ([1, 1.5, 4.75], [2, 8], 9)}[what]
    assert [r["value"] for r in line] == expected[0] and [r["step"] for r in line] == [0, 1, 2]
    assert [r["value"] for r in dots] == expected[1] and [r["step"] for r in dots] == [1, 2]
    assert truth == [{"value": expected[2]}]


def test_histograms_share_their_bins():
    rows = data_of(valid(pixels_figure(np.array([0.75, 0.25]), np.array([0.5, 0.5]))), 0)
    assert [(r["which"], r["from"], r["to"], r["share"]) for r in rows] == [
        ("as in training", 0, 0.5, 0.75), ("as in training", 0.5, 1, 0.25),
        ("shifted", 0, 0.5, 0.5), ("shifted", 0.5, 1, 0.5)]  # fmt: skip


def test_the_course_of_a_unit_is_the_units_own(tiny):
    spec = DriftSpec(replace(tiny), steps=2, every=1)
    percentiles = np.arange(3 * 128 * 3, dtype=float).reshape(3, 128, 3)
    rows = data_of(valid(unit_figure(Drift(spec, percentiles), 5, "plain", (0, 10))), 1)
    assert [(r["step"], r["low"], r["middle"], r["high"]) for r in rows] == [
        (step, *percentiles[step, 5]) for step in range(3)]  # fmt: skip
