"""Figures of where training ends: reliability, sharpness, the path in its plane, the line between two networks."""

import json

import numpy as np
import pytest
from chart_reader import spec_of, valid

from core.figures.calibration import reliability_figure
from core.figures.paths import AT_CHECKPOINT, IN_PLANE, between_figure, losses_figure, path_figure
from core.figures.sharpness import sharpness_figure
from core.results.calibration import BINS, Calibration, CalibrationSpec
from core.results.path import PathSpec, TrainingPath
from core.techniques import COLOURS, DROPOUT, PLAIN


def test_a_dot_of_reliability_is_a_bin_over_all_seeds_together(tiny):
    def seed(count, confidence, right):
        arrays = np.zeros((3, BINS))
        arrays[:, 13], arrays[:, 14] = (1, 0.9, 1), (count, confidence, right)
        return Calibration(CalibrationSpec(tiny), *arrays, np.array(1.0))

    figure = valid(reliability_figure({"plain": [seed(10, 9.5, 8), seed(30, 29.5, 20)], "dropout": [seed(4, 3.9, 4)]}))
    assert figure.rows["diagonal"] == [{"confidence": 0, "accuracy": 0, "to": 1}]
    assert figure.rows["bins"] == [
        {"technique": "plain", "confidence": 0.9, "accuracy": 1, "images": 1},
        {"technique": "plain", "confidence": 39 / 40, "accuracy": 28 / 40, "images": 20},
        {"technique": "dropout", "confidence": 0.9, "accuracy": 1, "images": 1},
        {"technique": "dropout", "confidence": 3.9 / 4, "accuracy": 1, "images": 4},
    ]
    for layer in spec_of(figure)["layer"]:
        assert [layer["encoding"][axis]["scale"]["domain"] for axis in "xy"] == [[0, 1], [0, 1]]


def test_every_seed_has_its_sharpness_and_the_mean_a_tick_in_the_order_given():
    figure = valid(sharpness_figure({"L2": [(2.0, 0.5), (4.0, 0.0)], "plain": [(100.0, 200.0)]}, x_title="trace"))
    assert figure.rows["means"] == [{"technique": "L2", "value": 3}, {"technique": "plain", "value": 100}]
    assert figure.rows["seeds"] == [
        {"technique": "L2", "value": 2, "low": 1.5, "high": 2.5},
        {"technique": "L2", "value": 4, "low": 4, "high": 4},
        {"technique": "plain", "value": 100, "low": 1, "high": 300},  # a line on a log axis has to end above 0
    ]
    assert {layer["encoding"]["x"]["scale"]["type"] for layer in spec_of(figure)["layer"]} == {"log"}
    assert not sharpness_figure({"L2": [(-1.0, 0.5)]}, x_title="trace").rows["seeds"]


@pytest.fixture
def path(tiny):
    """Three epochs, of which the plane lacks something before the last; a grid of three by three."""
    grid = np.arange(1.0, 10).reshape(3, 3)
    return TrainingPath(
        PathSpec(tiny, resolution=3),
        coordinates=np.array([[4.0, 1], [2, -1], [1, 0], [0, 0]]),
        distances=np.array([5.0, 3, 1, 0]),
        explained=np.array([0.8, 0.1]),
        loss=np.array([2.0, 1, 0.5, 0.25]),
        shadow_loss=np.array([1.5, 0.9, 0.4, 0.25]),
        alphas=np.array([-1.0, 2, 5]),
        betas=np.array([-2.0, 0, 2]),
        grid=grid,
    )


@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_the_path_lies_on_the_map_of_its_plane_and_its_epoch_is_marked(path, epoch):
    figure = path_figure(path, epoch)
    loss_map, walked, here = figure["data"]
    assert np.allclose(loss_map["z"], np.log10(path.grid).T, rtol=1e-4)  # a row for each β; five digits are sent
    assert np.allclose(loss_map["customdata"], path.grid.T, rtol=1e-4)
    assert (loss_map["x"], loss_map["y"]) == ([-1, 2, 5], [-2, 0, 2])
    assert [*zip(walked["x"], walked["y"], strict=True)] == [(4, 1), (2, -1), (1, 0), (0, 0)]
    assert walked["customdata"][1] == [1, 1, 0.9]
    assert (here["x"], here["y"]) == ([path.coordinates[epoch, 0]], [path.coordinates[epoch, 1]])
    assert here["text"] == ["before training" if epoch == 0 else f"epoch {epoch}"]
    assert figure["layout"]["yaxis"]["scaleanchor"] == "x"  # one scale: both are distances
    json.dumps(figure)  # only JSON values


def test_each_checkpoint_has_its_own_loss_beside_that_of_the_plane(path):
    figure = valid(losses_figure(path, 2, DROPOUT.colour))
    for where, losses in ((AT_CHECKPOINT, path.loss), (IN_PLANE, path.shadow_loss)):
        assert [r["loss"] for r in figure.rows["losses"] if r["where"] == where] == [*losses]
    assert figure.rows["here"] == [{"epoch": 2}]


@pytest.mark.parametrize("percent", [False, True])
def test_the_line_between_two_networks_has_a_solid_and_a_dashed_way(percent):
    solid, dashed = {"plain": np.array([1.0, 2, 1.5])}, {"batch norm": np.array([1.0, 4, 1])}
    figure = valid(between_figure(solid, dashed, np.array([0, 0.5, 1]), title="Loss", percent=percent))
    assert [(r["t"], r["value"]) for r in figure.rows["solid"]] == [(0, 1), (0.5, 2), (1, 1.5)]
    assert [(r["technique"], r["value"]) for r in figure.rows["dashed"]] == [("batch norm", v) for v in (1, 4, 1)]
    first, second = spec_of(figure)["layer"]
    assert "strokeDash" not in first["mark"] and second["mark"]["strokeDash"]
    colours = first["encoding"]["color"]["scale"]
    assert dict(zip(colours["domain"], colours["range"], strict=True))["plain"] == COLOURS[PLAIN.name]
    assert first["encoding"]["y"]["axis"].get("format") == ("%" if percent else None)
