"""Figures as data: what is in them is what was measured, and Vega-Lite's schema allows them."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from chart_reader import spec_of, valid
from PIL import Image

from core.figures.compare import Course, course_of, course_table, courses_figure, dots_figure, stops_figure
from core.figures.curves import ACCURACY, learning_curves, sweep_figure
from core.figures.dropout import (
    MEANS,
    activations_figure,
    expectation_figure,
    masks_figure,
    network_figure,
    votes_figure,
)
from core.figures.faults import lines_figure
from core.figures.norms import cells_figure, features_figure, pixels_figure, running_figure, unit_figure
from core.figures.predictions import DRAWN, MEASURED, prediction_figure
from core.figures.shrinkage import (
    flows_figure,
    mapped_figure,
    maps_figure,
    moves_figure,
    optimum_figure,
    shortened_figure,
    slopes_figure,
    zeros_figure,
)
from core.figures.specifications import specification
from core.figures.theme import MARK, NORMAL, PROJECTED
from core.figures.weights import (
    SPY_COLOURS,
    displaced_figure,
    followed_figure,
    kept_figure,
    path_figure,
    penalties_figure,
    shrunk_figure,
    spy_figure,
    spy_image,
    weights_figure,
)
from core.maths.masks import forward
from core.maths.normalisation import running_course
from core.maths.plane import minimisers, one_loss
from core.maths.shrinkage import Penalty
from core.results.activations import ACTIVATION_BINS
from core.results.drift import Drift, DriftSpec
from core.results.followed import FOLLOWED, PLACES, Followed, FollowSpec
from core.results.run import Diverged
from core.results.sparsity import BINS
from core.techniques import COLOURS

# --- techniques over seeds ------------------------------------------------------------------------------------------


@pytest.fixture
def courses():
    values = np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 8.0]])
    return {"plain": Course(np.array([1, 2, 3]), values), "batch norm": Course(np.array([1, 2, 3]), values / 2)}


def test_a_line_is_the_mean_of_the_seeds_in_a_band_from_the_lowest_to_the_highest(courses):
    figure = valid(courses_figure(courses, x_title="epoch", y_title="loss"))
    rows, spec = figure.rows["courses"], spec_of(figure)
    assert [layer["data"]["name"] for layer in spec["layer"]] == ["courses", "courses", "dashed"]
    assert [(r["technique"], r["at"], r["low"], r["mean"], r["high"]) for r in rows[:3]] == [
        ("plain", 1, 1, 2, 3),
        ("plain", 2, 2, 2, 2),
        ("plain", 3, 4, 6, 8),
    ]
    assert rows[3]["mean"] == 1 and len(rows) == 6
    assert not figure.rows["dashed"]
    colours = spec["layer"][1]["encoding"]["color"]["scale"]
    assert colours == {"domain": ["plain", "batch norm"], "range": [COLOURS["plain"], COLOURS["batch norm"]]}
    assert [row["lowest"] for row in course_table(courses, "epoch")] == [1, 2, 4, 0.5, 1, 2]
    valid(courses_figure(courses, x_title="x", y_title="", log_y=True, percent=True, legend_columns=2))


def _columns_at(expression, width):
    """What Vega makes of `width > a ? b : width > c ? d : e`."""
    *cases, last = [part.split(" ? ") for part in expression.split(" : ")]
    return next((int(then) for when, then in cases if width > float(when.removeprefix("width > "))), int(last[0]))


@pytest.mark.parametrize(("look", "width"), [(NORMAL, 300), (PROJECTED, 420)])
def test_a_legend_takes_one_row_where_its_names_fit_and_no_more_columns_than_fit_elsewhere(courses, look, width):
    courses = courses | {"layer norm": courses["plain"]}
    for most, in_between in ((0, 2), (1, 1)):
        spec = spec_of(courses_figure(courses, x_title="", y_title="", legend_columns=most), look)
        columns = spec["layer"][1]["encoding"]["color"]["legend"]["columns"]["expr"]
        found = [_columns_at(columns, w) for w in (width, 0.8 * width, 0.3 * width)]
        assert found == [0, in_between, 1]  # 0: as many as there are names


@pytest.mark.parametrize("stops", [4, 12])
def test_numbers_at_stops_are_level_however_many_there_are(stops):
    values = {"plain": {i / 10: [0.5] for i in range(stops)}}
    spec = spec_of(stops_figure(values, 0.1, x_title="p", title="Accuracy"))
    axes = [layer["encoding"]["x"]["axis"] for layer in spec["layer"]]
    assert all((axis["labelAngle"], axis["labelOverlap"]) == (0, "parity") for axis in axes)


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
    figure = valid(stops_figure(values, 3.0, x_title="learning rate", title="accuracy"))
    rule, line, dots, crosses = figure.rows.values()
    assert rule == [{"stop": "3"}]
    assert [(r["technique"], r["stop"], r["value"]) for r in line] == [
        ("plain", "0.1", 0.85),
        ("plain", "3", 0.1),
        ("layer norm", "0.1", 0.7),
    ]
    assert len(dots) == 5
    assert [r["diverged"] for r in crosses] == ["1 of 2 seeds diverged", "2 of 2 seeds diverged"]
    assert spec_of(figure)["layer"][0]["encoding"]["x"]["scale"]["domain"] == ["0.1", "3", "10"]
    assert not valid(stops_figure({"plain": {1: [0.5]}}, 1, x_title="x", title="y")).rows["diverged"]


def test_dots_keep_their_order_and_their_techniques_colours():
    figure = valid(dots_figure({"b": [0.5, 0.7], "a": [0.1]}, {"b": "batch norm", "a": "plain"}, x_title="accuracy"))
    ticks, dots = figure.rows.values()
    assert [(r["name"], r["value"]) for r in ticks] == [("b", 0.6), ("a", 0.1)] and len(dots) == 3
    assert spec_of(figure)["layer"][0]["encoding"]["y"]["sort"] == ["b", "a"] and dots[0]["technique"] == "batch norm"


# --- learning curves ------------------------------------------------------------------------------------------------


def test_learning_curves_draw_each_number_and_mark_the_best_epoch(trained):
    run = trained()
    rows = valid(learning_curves(run.records, run.config)).rows
    assert [r["value"] for r in rows["lines"]] == [
        loss for r in run.records for loss in (r.train_loss, r.held_out_loss)
    ]
    lowest = int(np.argmin(run.curve("held_out_loss"))) + 1
    assert [(r["epoch"], r["late"]) for r in rows["best"]] == [(lowest, lowest > len(run.records) / 2)]
    unfinished = valid(learning_curves(run.records[:1], run.config, ACCURACY, y_range=(0, 1), finished=False))
    assert not unfinished.rows["best"] and not unfinished.rows["band"] and len(unfinished.rows["lines"]) == 2


def test_the_band_of_learning_curves_goes_from_the_lowest_to_the_highest_seed(trained):
    runs = [trained(seed=seed) for seed in range(3)]
    records = [runs[0].records, runs[1].records, runs[2].records[:2]]  # one that stopped early
    band = valid(learning_curves(records[0], runs[0].config, seeds=records[1:])).rows["band"]
    for field, name in (("train_loss", "training images"), ("held_out_loss", f"{runs[0].config.held_out} images")):
        found = {r["epoch"]: (r["low"], r["high"]) for r in band if r["measured on"] == name}
        for epoch in (1, 2, 3):
            values = [getattr(r, field) for some in records for r in some if r.epoch == epoch]
            assert len(values) == (3 if epoch < 3 else 2) and found[epoch] == (min(values), max(values))
        assert len(found) == 3


def test_a_sweep_draws_both_accuracies_at_each_stop(trained):
    runs = [trained(seed=seed) for seed in (1, 2)]
    rows = valid(sweep_figure(runs, "seed", "seed", log=False)).rows["lines"]
    assert [(r["x"], r["accuracy"]) for r in rows] == [
        (run.config.seed, value) for run in runs for value in (run.last.train_accuracy, run.last.held_out_accuracy)
    ]


def test_what_moves_with_a_slider_is_rows_so_that_the_chart_is_built_once(courses):
    values = {"plain": {0.1: [0.8, 0.9], 3.0: [0.5, 0.1]}}
    one, other = (stops_figure(values, stop, x_title="learning rate", title="accuracy") for stop in (0.1, 3.0))
    assert one.rows != other.rows and specification(one) is specification(other)
    assert specification(one) is not specification(one, PROJECTED)
    moved = [shortened_figure("L1", 0.2, delta) for delta in (0.1, 0.3)]
    assert moved[0].rows != moved[1].rows and specification(moved[0]) is specification(moved[1])


def test_a_third_penalty_or_a_strength_in_a_title_leaves_the_chart_as_it_is():
    losses, times, before = one_loss((1.5, 0.5), 30, 2), np.array([0.0, 1.0]), np.linspace(-1, 1, 3)
    drawn = []
    for p in (0.5, 3.0):
        third, name = Penalty(p), f"p = {p:g}"
        three = {"L1": Penalty(1.0), "L2": Penalty(2.0), name: third}
        found = minimisers(losses, 0.5, third)[0]
        drawn.append(
            [
                moves_figure(p / 4, 0.1),
                slopes_figure(three),
                optimum_figure(losses, found, name, third),
                zeros_figure(dict.fromkeys(three, (1.0, 0.0, 0.0))),
                maps_figure(dict.fromkeys(three, (before, before / p)), 1.0),
                flows_figure(dict.fromkeys(three, times / p), times, 0, {}, title="x"),
                mapped_figure({one: np.array([1, p]) for one in ("before", *three)}, np.arange(3)),
                spy_figure(np.zeros((2, 2), np.uint8), 1, title=name),
            ]
        )
    for one, other in zip(*drawn, strict=True):
        assert one.rows != other.rows and specification(one) is specification(other)


def test_slopes_are_those_of_the_penalties_with_a_dot_at_the_size():
    rows = valid(slopes_figure({"L1": Penalty(1.0), "L2": Penalty(2.0)}, 0.1)).rows
    assert {r["slope"] for r in rows["slopes"] if r["penalty"] == "L1"} == {1}
    assert all(r["slope"] == pytest.approx(2 * r["size"]) for r in rows["slopes"] if r["penalty"] == "L2")
    assert [(r["penalty"], r["slope"]) for r in rows["marks"]] == [("L1", 1), ("L2", 0.2)]


def test_a_specification_holds_no_rows(courses):
    built = spec_of(valid(courses_figure(courses, x_title="epoch", y_title="loss")))
    assert "datasets" not in built and "values" not in json.dumps(built)


# --- faults and predictions -----------------------------------------------------------------------------------------


def test_lines_are_drawn_in_their_order_and_points_where_they_are_asked_for():
    lines = {"plain": ([0, 1], [2.0, 3.0]), "other": ([0.5], [4.0])}
    figure = valid(lines_figure(lines, x_title="x", y_title="y", dotted=["other"], y_range=(0, 5), title="t"))
    assert figure.rows["lines"] == [{"x": 0, "y": 2, "line": "plain"}, {"x": 1, "y": 3, "line": "plain"}]
    assert figure.rows["points"] == [{"x": 0.5, "y": 4, "line": "other"}]
    colours = spec_of(figure)["layer"][0]["encoding"]["color"]["scale"]
    assert colours == {"domain": ["plain", "other"], "range": [COLOURS["plain"], MARK]}


def test_a_drawn_prediction_stands_alone_until_it_is_measured():
    titles = {"x_title": "p", "y_title": "accuracy", "y_range": (0, 1), "percent": True}
    drawn = valid(prediction_figure(["0", "0.5"], [0.2, 0.4], None, **titles))
    assert [(r["stop"], r["value"], r["which"]) for r in drawn.rows["lines"]] == [
        ("0", 0.2, DRAWN),
        ("0.5", 0.4, DRAWN),
    ]
    both = valid(prediction_figure(["0", "0.5"], [0.2, 0.4], [0.3, 0.5], **titles))
    assert [r["value"] for r in both.rows["lines"] if r["which"] == MEASURED] == [0.3, 0.5]
    assert specification(drawn) is specification(both)


# --- normalisation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("along", "shared"),
    [
        ("batch", {(0, 1), (1, 1), (2, 1)}),
        ("layer", {(2, 0), (2, 1)}),
        (None, {(i, j) for i in range(3) for j in range(2)}),
    ],
)
def test_the_cells_that_share_a_mean_with_the_picked_one_stay_bright(along, shared):
    x = np.arange(6.0).reshape(3, 2) - 2
    rows = valid(cells_figure(x, (2, 1), along, title="x", limit=3)).rows["cells"]
    at = {(int(r["sample"]) - 1, int(r["feature"]) - 1): r for r in rows}
    assert {cell for cell, r in at.items() if r["shares"]} == shared
    assert [cell for cell, r in at.items() if r["picked"]] == [(2, 1)]
    assert at[0, 0]["value"] == -2 and at[0, 0]["text"] == "−2.00" and at[2, 1]["text"] == "3.00"


def test_every_value_of_a_batch_is_a_dot_in_its_features_strip():
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    rows = valid(features_figure({"x": x, "y": -x})).rows["values"]
    assert [(r["stage"], r["feature"], r["sample"], r["value"]) for r in rows[:3]] == [
        ("x", "feature 1", 1, 1),
        ("x", "feature 2", 1, 2),
        ("x", "feature 1", 2, 3),
    ]
    assert len(rows) == 12 and rows[-1]["value"] == -6


@pytest.mark.parametrize("what", ["mean", "variance"])
def test_running_statistics_are_drawn_from_their_start_with_the_batches_beside(what):
    batches = [np.array([[1.0], [3.0]]), np.array([[4.0], [8.0]])]
    course, own = running_course(batches, 0.5)
    dots, line, truth = valid(running_figure(course, own, (2.0, 9.0), what=what)).rows.values()
    expected = {"mean": ([0, 1, 3.5], [2, 6], 2), "variance": ([1, 1.5, 4.75], [2, 8], 9)}[what]
    assert [r["value"] for r in line] == expected[0] and [r["step"] for r in line] == [0, 1, 2]
    assert [r["value"] for r in dots] == expected[1] and [r["step"] for r in dots] == [1, 2]
    assert truth == [{"value": expected[2]}]


def test_histograms_share_their_bins():
    rows = valid(pixels_figure(np.array([0.75, 0.25]), np.array([0.5, 0.5]))).rows["shares"]
    assert [(r["which"], r["from"], r["to"], r["share"]) for r in rows] == [
        ("as in training", 0, 0.5, 0.75),
        ("as in training", 0.5, 1, 0.25),
        ("shifted", 0, 0.5, 0.5),
        ("shifted", 0.5, 1, 0.5),
    ]


def test_the_course_of_a_unit_is_the_units_own(tiny):
    spec = DriftSpec(replace(tiny), steps=2, every=1)
    percentiles = np.arange(3 * 128 * 3, dtype=float).reshape(3, 128, 3)
    figure = valid(unit_figure(Drift(spec, percentiles), 5, "plain", (0, 10)))
    rows = figure.rows["input"]
    assert [r["y"] for r in figure.rows["corners"]] == [0, 10]
    assert [(r["step"], r["low"], r["middle"], r["high"]) for r in rows] == [
        (step, *percentiles[step, 5]) for step in range(3)
    ]


# --- weights --------------------------------------------------------------------------------------------------------


def test_the_spy_image_has_one_pixel_a_weight_in_the_colour_of_its_size():
    levels = np.array([[0, 1, 2], [3, 2, 0]], np.uint8)  # exact 0, small, small, above
    address = spy_image(levels, 2)
    image = Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,"))))
    pixels = np.array(image.convert("RGB"))
    names = [["zero", "small", "small"], ["above", "small", "zero"]]
    assert np.array_equal(pixels, [[SPY_COLOURS[name] for name in row] for row in names])
    figure = valid(spy_figure(levels, 2, title="x"))
    assert figure.rows["picture"][0] | {"url": ""} == {"x": 0, "x2": 3, "y": 0, "y2": 2, "url": "", "title": "x"}
    assert spec_of(figure)["layer"][0]["encoding"]["y"]["scale"]["reverse"]


def test_the_picture_of_the_image_plane_holds_each_pixels_count():
    rows = valid(kept_figure(np.array([[1, 0], [5, 2]]), title="x")).rows["cells"]
    assert [(r["row"], r["column"], r["weights"]) for r in rows] == [(0, 0, 1), (0, 1, 0), (1, 0, 5), (1, 1, 2)]


def test_weight_histograms_share_their_bins_and_a_log_axis_hides_empty_ones_below_one():
    counts = np.zeros(BINS, int)
    counts[80], counts[81] = 1000, 1
    rows = valid(weights_figure({"plain": counts, "L1": counts[::-1]}, log=False)).rows["counts"]
    assert len(rows) == 2 * (BINS + 1) and [r["weight"] for r in rows[: BINS + 1]] == [
        r["weight"] for r in rows[BINS + 1 :]
    ]
    assert rows[80] == {"weight": -0.0025, "count": 1000, "network": "plain"} and rows[0]["count"] == 0
    rows = valid(weights_figure({"plain": counts}, log=True)).rows["counts"]
    assert (rows[80]["count"], rows[81]["count"], rows[0]["count"]) == (1000, 1, 0.5)
    valid(displaced_figure(np.arange(4), np.arange(4), np.linspace(0, 1, 5)))


def test_a_path_has_a_dot_a_seed_a_line_through_the_means_and_a_bar_at_the_current_stop():
    lines = {"held-out images": {0.0: [0.8, 0.9], 1e-5: [0.1, 0.2]}, "training images": {0.0: [1.0, 1.0], 1e-5: [0.3]}}
    figure = valid(path_figure(lines, 1e-5, colour="#123456", x_title="λ", title="Accuracy", floor=0.6))
    here, means, dots = figure.rows.values()
    assert here == [{"stop": "1e-05"}] and len(dots) == 7
    assert [(r["line"], r["stop"], r["value"]) for r in means] == [
        ("held-out images", "0", 0.85),
        ("held-out images", "1e-05", 0.15),
        ("training images", "0", 1.0),
        ("training images", "1e-05", 0.3),
    ]
    assert scale_of(figure)["domainMin"] == 0.6
    high = {"x": {0.0: [0.9], 1.0: [0.95]}}
    higher = valid(path_figure(high, 0.0, colour="#123456", x_title="p", title="", floor=0.6))
    assert "domainMin" not in scale_of(higher)
    zeros = {"x": {0.0: [0.0, 2.0], 1.0: [0.0]}}
    logs = valid(path_figure(zeros, 0.0, colour="#123456", x_title="p", title="", log_y=True, narrow=True))
    assert [r["value"] for r in logs.rows["means"]] == [2.0]  # a logarithmic axis has no 0


def scale_of(path):
    return spec_of(path)["layer"][1]["encoding"]["y"]["scale"]


def test_followed_weights_are_drawn_from_the_first_step_or_near_zero_at_the_end(tiny):
    spec = FollowSpec(tiny, steps=16)
    weights = np.zeros((17, len(PLACES), FOLLOWED))
    weights[:, 2] = 0.5
    weights[:, 0, 1] = np.arange(17) / 100
    found = Followed(spec, weights, np.zeros(17), np.zeros(17))
    rows = valid(followed_figure(found, title="x", y_range=(-1, 1))).rows["weights"]
    assert {r["step"] for r in rows} == {0, 8, 16} and len(rows) == 3 * len(PLACES) * FOLLOWED
    near = valid(followed_figure(found, title="x", y_range=(-0.2, 0.2), last=4, band=0.1)).rows["weights"]
    assert {r["step"] for r in near} == {12, 13, 14, 15, 16} and {r["from"] for r in near} == {*PLACES[:2]}
    moved = [r["weight"] for r in near if r["which"] == "corner 1"]
    assert moved == pytest.approx([0.12, 0.13, 0.14, 0.15, 0.16])


def test_the_penalties_and_their_pulls_are_their_formulas():
    for pull, shapes in ((False, {"L1": abs, "L2": lambda w: w * w}), (True, {"L1": np.sign, "L2": lambda w: 2 * w})):
        rows = valid(penalties_figure(pull=pull)).rows["curves"]
        assert len(rows) > 200
        for r in rows:
            assert r["value"] == pytest.approx(shapes[r["technique"]](r["w"]), abs=1e-3)


def test_only_the_pull_of_l1_is_broken_at_zero():
    for pull in (False, True):
        lines = {}
        for r in valid(penalties_figure(pull=pull)).rows["curves"]:
            lines.setdefault((r["technique"], r["side"]), []).append(r["w"])
        broken = [name for name in ("L1", "L2") if len([line for line in lines if line[0] == name]) == 2]
        assert broken == (["L1"] if pull else [])
        for (name, _), at in lines.items():
            assert (0 in at) == (name not in broken)
            assert np.diff(at).max() < 0.03 and (min(at) < 0 < max(at)) == (name not in broken)


def test_the_current_strengths_are_ringed_and_joined_in_their_order():
    points = {"L2": {1e-3: (0.01, 0.8), 0.0: (0.05, 0.9)}, "AdamW": {0.0: (0.05, 0.9), 1.0: (0.02, 0.85)}}
    figure = valid(shrunk_figure(points, {"L2": 1e-3, "AdamW": 0.0}))
    assert [(r["applied"], r["strength"], r["order"]) for r in figure.rows["ways"]] == [
        ("L2", "0", 0),
        ("L2", "0.001", 1),
        ("AdamW", "0", 0),
        ("AdamW", "1", 1),
    ]
    assert [(r["applied"], r["spread"]) for r in figure.rows["current"]] == [("L2", 0.01), ("AdamW", 0.05)]


def test_a_dashed_course_is_a_second_line_of_the_same_technique(courses):
    figure = valid(courses_figure(courses, x_title="epoch", y_title="", dashed={"plain": courses["batch norm"]}))
    assert [r["mean"] for r in figure.rows["dashed"]] == [1, 1, 3]
    _, solid, dashed = spec_of(figure)["layer"]
    assert dashed["mark"]["strokeDash"] and "strokeDash" not in solid["mark"]


# --- dropout --------------------------------------------------------------------------------------------------------


def test_units_that_are_off_are_crossed_out_and_have_no_connections():
    masks = (np.array([True, False, True, True, False]), np.array([False, True, True, True]))
    shown = forward(0.5, "PyTorch", masks)
    edges, units, off, _ = valid(network_figure(shown, masks)).rows.values()
    assert len(edges) == 3 * 3 + 3 * 3 + 3 * 1 and len(units) == 13
    assert [u["text"] for u in off] == ["off"] * 3 and units[-1]["text"] == f"{shown.output:.2f}".replace("-", "−")
    assert len(valid(network_figure(forward(0.5, "paper", None), None)).rows["connections"]) == 15 + 20 + 4


def test_votes_show_every_thinned_network_their_mean_and_weight_scaling():
    votes = np.array([[0.8, 0.2], [0.4, 0.6]])
    bars, ticks = valid(votes_figure(votes, np.array([0.7, 0.3]), ("Shirt", "Coat"), 1)).rows.values()
    assert [(r["class"], r["which"], r["probability"]) for r in bars] == [
        ("Shirt", MEANS[0], 0.6),
        ("Coat ✓", MEANS[0], 0.4),
        ("Shirt", MEANS[1], 0.7),
        ("Coat ✓", MEANS[1], 0.3),
    ]
    assert len(ticks) == 4


def test_averages_over_masks_are_drawn_for_each_number_of_networks():
    values = {"mean of the masks": np.array([[0.5, 0.7], [0.7, 0.9]])}
    here, band, rule = valid(masks_figure(values, [0.6, 0.8], 2, title="accuracy", percent=True)).rows.values()
    assert here == [{"masks": 2}] and rule[0]["value"] == pytest.approx(0.7)
    assert [(r["masks"], r["low"], r["mean"], r["high"]) for r in band] == [(1, 0.5, 0.6, 0.7), (2, 0.7, 0.8, 0.9)]


def test_the_zeros_of_activations_are_told_beside_the_names_and_the_rest_is_drawn():
    shares = np.concatenate([[0.6], np.full(ACTIVATION_BINS, 0.4 / ACTIVATION_BINS)])
    figure = valid(activations_figure({"plain": shares, "dropout": shares}, title="x"))
    rows = figure.rows["shares"]
    assert [r["told"] for r in figure.rows["zeros"]] == ["plain: 60 % are 0", "dropout: 60 % are 0"]
    assert len(rows) == 2 * (ACTIVATION_BINS + 1) and rows[0]["share"] == pytest.approx(0.01)
    means = valid(expectation_figure(np.arange(1.0, 31), 3.0, 3.5, title="x")).rows["means"]
    assert [r["masks"] for r in means] == [*range(1, 21), 25, 30] and means[-1]["value"] == 30
    goals = valid(expectation_figure(np.ones(30), 3.0, 3.5, title="x")).rows["goals"]
    assert [g["value"] for g in goals] == [3.0, 3.5]


# --- norm maths -----------------------------------------------------------------------------------------------------


def test_the_norms_over_delta_are_marked_at_the_current_delta_and_at_their_kinks():
    here, curves, kinks, dots = valid(shortened_figure("L1", 0.2, 0.3)).rows.values()
    assert here == [{"delta": 0.3}] and [k["delta"] for k in kinks] == [1.0, 0.2]
    assert [(d["line"], d["norm"]) for d in dots] == [("δ from the 1", 0.9), ("δ from the ε", 1.1)]
    assert len(curves) == 302 and curves[0]["norm"] == 1.2
    assert valid(shortened_figure("L2", 0.2, 0.3)).rows["kinks"] == []


def test_the_moves_are_drawn_from_x_and_both_balls_go_through_it():
    rows = valid(moves_figure(0.25, 0.5)).rows
    named = {r["name"]: (r["w1"], r["w2"]) for r in rows["points"]}
    assert named == {"x": (1, 0.25), "x − v": (0.5, 0.25), "x − d": (1, -0.25)}
    assert {r["penalty"] for r in rows["balls"]} == {"L1", "L2"}
    for r in rows["balls"]:
        size = abs(r["w1"]) + abs(r["w2"]) if r["penalty"] == "L1" else r["w1"] ** 2 + r["w2"] ** 2
        assert size == pytest.approx(1.25 if r["penalty"] == "L1" else 1.0625, rel=1e-3)


def test_the_ball_and_the_strong_ellipse_both_go_through_the_optimum():
    losses, penalty = one_loss((1.5, 0.5), 30, 2), Penalty(2.0)
    found = minimisers(losses, 0.5, penalty)[0]
    rows = valid(optimum_figure(losses, found, "L2", penalty)).rows
    strong = np.array([(r["w1"], r["w2"]) for r in rows["ellipses"] if r["touching"]])
    circle = np.array([(r["w1"], r["w2"]) for r in rows["balls"]])
    for curve in (strong, circle):
        assert np.linalg.norm(curve - found, axis=1).min() < 0.08  # half the distance of two drawn points
    assert np.allclose(losses.at(strong), losses.at(found[None]), rtol=1e-3)
    assert [r["what"] for r in rows["minima"]] == ["without penalty", "with penalty"] and not rows["zeros"]
    origin = valid(optimum_figure(losses, np.zeros(2), "L1", Penalty(1.0))).rows
    assert origin["zeros"] == [{"w1": 0, "w2": 0}]  # a ring around the exact zeros
    assert not origin["balls"]  # of no size


def test_shares_maps_flows_and_mapped_weights_are_the_numbers_they_are_given():
    rows = valid(zeros_figure({"L1": (0.5, 0.3, 0.2), "L2": (1.0, 0.0, 0.0)})).rows["shares"]
    assert [r["share"] for r in rows] == [0.5, 0.3, 0.2, 1, 0, 0]
    before = np.linspace(-2, 2, 5)
    rows = valid(maps_figure({"L1": (before, before / 2), "p = 3": (before, before)}, 1.0)).rows
    assert [(r["penalty"], r["after"]) for r in rows["marks"]] == [("L1", 0.5), ("p = 3", 1.0)]
    times = np.array([0.0, 1.0, 2.0])
    curves = {"L1": np.array([1, 0.5, 0]), "L2": np.array([1, 0.4, 0.2])}
    rows = valid(flows_figure(curves, times, 1, {"L1": 2.0, "L2": float("inf")}, title="x")).rows
    assert [(r["penalty"], r["time"]) for r in rows["arrivals"]] == [("L1", 2.0)]
    drawn = [(r["penalty"], r["time"], r["later"]) for r in rows["flows"]]
    assert drawn[:4] == [("L1", 0, False), ("L1", 1, False), ("L1", 1, True), ("L1", 2, True)]
    rows = valid(mapped_figure({"before": np.array([3, 0]), "L1": np.array([0, 3])}, np.arange(3))).rows["all"]
    assert [(r["which"], r["count"]) for r in rows] == [
        ("before", 3),
        ("before", 0.5),
        ("before", 0.5),
        ("L1", 0.5),
        ("L1", 3),
        ("L1", 3),
    ]


def test_the_stops_of_a_path_keep_its_order_though_a_stronger_limit_is_a_lower_number():
    path = {0.0: [0.9], 2.0: [0.8], 0.5: [0.7]}
    figure = path_figure({"held-out images": path}, 2.0, colour="#123456", x_title="c", title="")
    assert dict(figure.options)["stops"] == ("0", "2", "0.5")
    assert [row["stop"] for row in figure.rows["means"]] == ["0", "2", "0.5"]
