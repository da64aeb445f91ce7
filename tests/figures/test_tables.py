"""The tables behind figures: their numbers are those that were measured, in the order in which they are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from core.figures.dropout import MEANS, network_table, votes_table
from core.figures.in_words import in_numbers, in_words
from core.figures.norms import cells_table, unit_table
from core.figures.surfaces import surface_table
from core.figures.weights import spy_table
from core.maths.masks import draw_masks, forward
from core.results.drift import Drift, DriftSpec
from core.results.sparsity import BINS, THRESHOLDS, Sparsity, SparsitySpec
from core.results.surface import Surface, SurfaceSpec

EPOCH = {"field": "at", "type": "quantitative", "title": "epoch"}
WHO = {"field": "who", "type": "nominal"}


def layer(data, mark="line", x=EPOCH, **more):
    y = {"field": "y", "type": "quantitative", "title": "loss"}
    return {"mark": {"type": mark}, "data": {"name": data}, "encoding": {"x": x, "y": y, "color": WHO, **more}}


# --- of the lines of any chart --------------------------------------------------------------------------------------


def test_lines_stand_side_by_side_in_the_order_of_x_and_what_is_missing_is_empty():
    rows = [{"who": "plain", "at": 2, "y": 0.5}, {"who": "plain", "at": 1, "y": 1.5}, {"who": "L1", "at": 1, "y": 3.0}]
    table = in_numbers({"layer": [layer("runs")]}, {"runs": rows})
    assert table == [{"epoch": 1, "plain": 1.5, "L1": 3.0}, {"epoch": 2, "plain": 0.5, "L1": None}]


def test_several_numbers_at_one_place_stand_below_each_other():
    rows = [{"who": "plain", "at": 1, "y": 1.5}, {"who": "plain", "at": 1, "y": 2.5}]
    table = in_numbers({"layer": [layer("runs", "point")]}, {"runs": rows})
    assert table == [{"": "plain", "epoch": 1, "loss": 1.5}, {"": "plain", "epoch": 1, "loss": 2.5}]


def test_names_down_the_side_are_rows_and_stops_keep_their_order():
    x, y = {"field": "v", "type": "quantitative", "title": "accuracy"}, {"field": "who", "type": "nominal"}
    lying = {"mark": {"type": "bar"}, "data": {"name": "seeds"}, "encoding": {"x": x, "y": y}}
    table = in_numbers({"layer": [lying]}, {"seeds": [{"who": "plain", "v": 0.5}, {"who": "L2", "v": 0.75}]})
    assert table == [{"": "plain", "accuracy": 0.5}, {"": "L2", "accuracy": 0.75}]
    stops = [{"who": "plain", "at": stop, "y": 1.0} for stop in ("0", "3e-05", "0.001")]
    assert [row["epoch"] for row in in_numbers({"layer": [layer("runs")]}, {"runs": stops})] == ["0", "3e-05", "0.001"]


def test_a_chart_of_one_layer_keeps_its_data_beside_it_and_colours_are_no_names():
    only = layer("runs")
    spec = {"data": only.pop("data"), "layer": [only]}
    rows = {"runs": [{"who": "plain", "at": 1, "y": 1.5}, {"who": "plain", "at": 2, "y": 0.5}]}
    assert in_words(spec, rows) == "plain: 1.5 at 1 to 0.5 at 2 (loss against epoch)."
    only["encoding"]["color"] = {**WHO, "scale": None}  # the rows hold the colour itself
    assert in_words(spec, rows) == "1.5 at 1 to 0.5 at 2 (loss against epoch)."


def test_a_histogram_is_told_and_a_band_is_not():
    rows = {"runs": [{"who": "plain", "at": 1, "y": 1.5, "up": 2.0}, {"who": "plain", "at": 2, "y": 0.5, "up": 1.0}]}
    histogram, band = layer("runs", "area", y2={"datum": 0.5}), layer("runs", "area", y2={"field": "up"})
    assert in_numbers({"layer": [histogram]}, rows) == [{"epoch": 1, "plain": 1.5}, {"epoch": 2, "plain": 0.5}]
    assert in_numbers({"layer": [band]}, rows) == []


# --- of single figures ----------------------------------------------------------------------------------------------


def test_a_surface_has_a_row_for_each_alpha_as_the_picture_has_it(tiny):
    loss = np.arange(1.0, 122).reshape(11, 11)
    surface = Surface(SurfaceSpec(tiny, resolution=11), loss, 0.0, (1.0, 1.0), 1.0, 0.01, 1.0)
    at = ("−1.00", "0.00", "1.00")
    table = surface_table(surface)
    assert [row["α \\ β"] for row in table] == [*at]
    assert [[row[b] for b in at] for row in table] == loss[::5, ::5].tolist()
    swapped = surface_table(surface, as_in_notebook=True)
    assert [[row[b] for b in at] for row in swapped] == loss[::5, ::5].T.tolist()


def test_a_batch_has_a_row_for_each_sample_and_its_groups_statistics_below_or_beside():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    below = cells_table(x, (x.mean(0, keepdims=True), x.std(0, keepdims=True)))
    assert below[1] == {"sample": "2", "feature 1": 3.0, "feature 2": 4.0}
    assert below[2:] == [
        {"sample": "mean μ", "feature 1": 2.0, "feature 2": 3.0},
        {"sample": "standard deviation σ", "feature 1": 1.0, "feature 2": 1.0},
    ]
    one = x[:1]  # of a single sample a row's statistics are a row and a column
    beside = cells_table(one, (one.mean(1, keepdims=True), one.std(1, keepdims=True)))
    assert beside == [{"sample": "1", "feature 1": 1.0, "feature 2": 2.0, "mean μ": 1.5, "standard deviation σ": 0.5}]
    assert len(cells_table(x, None)) == 2


def test_a_units_percentiles_are_its_own(tiny):
    percentiles = np.arange(3 * 128 * 3, dtype=float).reshape(3, 128, 3)
    table = unit_table(Drift(DriftSpec(tiny, steps=2, every=1), percentiles), 5)
    assert [[*row.values()] for row in table] == [[step, *percentiles[step, 5]] for step in range(3)]


def test_the_drawn_network_hands_on_what_its_pass_does_and_nothing_where_a_unit_is_off():
    masks = draw_masks(0.5, "PyTorch", 0)
    shown = forward(0.5, "PyTorch", masks)
    table = network_table(shown, masks)
    assert [row["hands on"] == "off" for row in table[3:12]] == [not on for mask in masks for on in mask]
    numbers = [float(row["hands on"].replace("−", "-")) for row in table[3:12] if row["hands on"] != "off"]
    expected = [v for mask, some in zip(masks, shown.handed_on, strict=True) for v in some[mask]]
    assert numbers == pytest.approx(expected, abs=5e-5)  # four digits after the point
    assert float(table[-1]["hands on"]) == pytest.approx(shown.output, abs=5e-5)
    assert len(network_table(forward(0.5, "PyTorch", None), None)) == 13


def test_votes_are_counted_and_averaged():
    votes = np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1]])
    table = votes_table(votes, np.array([0.7, 0.3]), ("Shirt", "Coat"))
    assert table == [
        {"class": "Shirt", "networks that say so": 2, MEANS[0]: 0.7, MEANS[1]: 0.7},
        {"class": "Coat", "networks that say so": 1, MEANS[0]: 0.3, MEANS[1]: 0.3},
    ]


def test_a_spy_plot_is_counted_at_every_threshold(tiny):
    spec = SparsitySpec(replace(tiny))
    k, n = len(spec.thresholds), spec.matrix[0] * spec.matrix[1]
    small, alive = np.arange(k) * n // k, np.arange(k, 0, -1)
    zeros = np.zeros(k)
    layer = Sparsity(spec, small, alive, zeros, np.zeros(BINS), np.zeros((2, 3)), zeros[0], zeros[0], np.zeros((0, 0)))
    table = spy_table(layer)
    assert [row["|w| up to"] for row in table] == [0.0, *THRESHOLDS]
    places = [spec.thresholds.index(threshold) for threshold in (0.0, *THRESHOLDS)]
    assert [row["units alive"] for row in table] == [k - place for place in places]
    assert [row["share of the weights"] for row in table] == pytest.approx([small[i] / n for i in places], rel=1e-4)
