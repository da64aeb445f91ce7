"""Surfaces in space, as contours, as a slice, and the line between two networks: what is drawn is what was measured."""

import json
from dataclasses import replace

import numpy as np
import pytest
from chart_reader import spec_of, valid

from core.figures.faults import batches_figure
from core.figures.surfaces import CHORD, ON_THE_WAY, line_figure, shared_z_range, slice_figure, surface_figure
from core.figures.theme import NORMAL, PROJECTED, sized
from core.results.batches import Batches, BatchesSpec
from core.results.line import Line, LineSpec
from core.results.surface import Surface, SurfaceSpec
from core.techniques import COLOURS


@pytest.fixture
def surface(tiny):
    spec = SurfaceSpec(tiny, resolution=5)
    loss = np.arange(1.0, 26).reshape(5, 5)
    return Surface(spec, loss, 0.0, (1.0, 1.0), 1.0, 0.01, 1.0)


@pytest.mark.parametrize("view", ["3-D", "contours"])
@pytest.mark.parametrize("log_z", [False, True])
def test_a_surface_has_its_losses_over_alpha_and_beta_and_the_trained_network(surface, view, log_z):
    figure = surface_figure(surface, view=view, log_z=log_z)
    drawn, trained = figure["data"]
    heights = np.log10(surface.loss) if log_z else surface.loss
    assert np.allclose(drawn["z"], heights.T, rtol=1e-4)  # a row for each β; five digits are sent
    assert np.allclose(drawn["customdata"], surface.loss.T, rtol=1e-4)
    assert drawn["x"] == drawn["y"] == [-1, -0.5, 0, 0.5, 1]
    assert trained["x"] == trained["y"] == [0] and "loss 13" in trained["hovertemplate"]
    json.dumps(figure)  # only JSON values
    swapped = surface_figure(surface, view=view, as_in_notebook=True)["data"][0]
    assert np.allclose(swapped["z"], surface.loss, rtol=1e-4)


def test_surfaces_that_are_compared_share_their_losses_range(surface):
    higher = replace(surface, loss=surface.loss + 75)
    low, high = shared_z_range([surface, higher], log_z=False)
    assert low < 1 and high > 100 and high - low == pytest.approx(1.06 * 99)
    figure = surface_figure(surface, z_range=(low, high))
    assert figure["layout"]["scene"]["zaxis"]["range"] == [low, high]
    assert (figure["data"][0]["cmin"], figure["data"][0]["cmax"]) == (low, high)


def test_a_surface_is_drawn_in_the_sizes_of_the_look_and_itself_left_alone(surface):
    figure = surface_figure(surface)
    before = json.dumps(figure)
    normal, large = sized(figure, NORMAL), sized(figure, PROJECTED)
    assert json.dumps(figure) == before
    assert (normal["layout"]["font"]["size"], large["layout"]["font"]["size"]) == (NORMAL.font, PROJECTED.font)
    assert large["data"][1]["textfont"]["size"] == PROJECTED.font + 6
    third = sized(surface_figure(surface, narrow=True), PROJECTED)
    assert third["layout"]["font"]["size"] == 18 and "small" not in third
    assert [third["layout"]["scene"][axis].get("nticks") for axis in ("xaxis", "yaxis")] == [3, 3]
    assert "nticks" not in normal["layout"]["scene"]["xaxis"]
    assert third["layout"]["scene"]["zaxis"]["nticks"] == 5


def test_a_slice_is_a_row_of_the_surface_and_marks_the_trained_network_where_it_goes_through_it(surface):
    through = valid(slice_figure(surface, "α", 0.0)).rows
    assert [r["at"] for r in through["curve"]] == [-1, -0.5, 0, 0.5, 1]
    assert [r["loss"] for r in through["curve"]] == [*surface.loss[:, 2]]
    assert through["trained"] == [{"at": 0, "loss": 13, "name": "θ*"}]
    beside = slice_figure(surface, "β", 0.4, log_z=True)
    assert [r["loss"] for r in valid(beside).rows["curve"]] == [*surface.loss[3]]
    assert not beside.rows["trained"] and beside.rows["cut"] == [{"label": "at α = 0.50"}]
    assert spec_of(beside)["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"


def test_the_way_between_two_networks_is_drawn_above_its_chord(tiny):
    losses = np.linspace(1, 2, 51) + np.sin(np.pi * np.linspace(0, 1, 51))
    rows = valid(line_figure(Line(LineSpec(tiny, replace(tiny, seed=1)), losses))).rows["curves"]
    assert [r["loss"] for r in rows if r["what"] == ON_THE_WAY] == [*losses]
    assert [(r["t"], r["loss"]) for r in rows if r["what"] == CHORD] == [(0, losses[0]), (1, losses[-1])]


def test_each_batch_is_a_dot_of_its_size_and_the_means_are_rules(tiny):
    empty = np.zeros(0)
    found = Batches(BatchesSpec(tiny), empty, empty, empty, empty, np.array([0.75, 0.5]), np.array([256, 16]))
    alone = valid(batches_figure(found, {}))
    assert [(r["batch"], r["accuracy"], r["images"]) for r in alone.rows["batches"]] == [(1, 0.75, 256), (2, 0.5, 16)]
    both = valid(batches_figure(found, {"of the batches": found.mean_of_batches, "of the images": found.accuracy}))
    assert [r["accuracy"] for r in both.rows["means"]] == [0.625, pytest.approx(200 / 272)]
    assert spec_of(both)["layer"][1]["encoding"]["color"]["scale"]["range"][0] == COLOURS["dropout"]


@pytest.mark.parametrize(("low", "high"), [(0.065, 4.4), (0.0, 1.0), (0.31, 0.34), (2.0, 9800.0), (0.2, 75.0)])
def test_the_numbers_beside_a_map_of_the_loss_are_round_and_few(surface, low, high):
    bar = surface_figure(surface, view="contours", z_range=(low, high))["data"][0]["colorbar"]
    ticks = bar["tickvals"]
    assert 3 <= len(ticks) <= 7
    assert low <= ticks[0] and ticks[-1] <= high
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0], rtol=1e-3)  # of ticks rounded to six digits
    assert f"{steps[0]:.0e}"[0] in "125" and np.isclose(ticks[0] / steps[0], round(ticks[0] / steps[0]), atol=1e-3)
    assert len(set(bar["ticktext"])) == len(ticks)
