"""Figures of a training at an epoch: they grow on axes that stay, and their cells are the numbers given."""

import numpy as np
import pytest
from chart_reader import spec_of, valid

from core.figures.theme import NORMAL, PROJECTED
from core.figures.watched import confusion_figure, confusion_table, growing_figure, small_figure, small_table
from core.figures.weights import weights_figure
from core.results.sparsity import BINS


@pytest.fixture
def runs(trained):
    return {"plain": trained(), "dropout": trained(dropout=0.5)}


def test_curves_have_the_epochs_so_far_and_the_axes_of_the_whole_training(runs):
    figures = [valid(growing_figure(runs, epoch)) for epoch in range(4)]
    assert len({str(spec_of(figure)) for figure in figures}) == 1
    assert [len(figure.rows["lines"]) for figure in figures] == [0, 4, 8, 12]
    assert [figure.rows["now"] for figure in figures] == [[{"epoch": epoch}] for epoch in range(4)]
    for row in figures[2].rows["lines"]:
        record = runs[row["technique"]].records[row["epoch"] - 1]
        expected = record.train_loss if row["measured on"] == "training images" else record.held_out_loss
        assert row["value"] == pytest.approx(expected, rel=1e-4)  # five digits are sent
    y = spec_of(figures[0])["layer"][1]["encoding"]["y"]["scale"]["domain"]
    assert y[0] <= min(row["value"] for row in figures[3].rows["lines"])
    assert y[1] >= max(row["value"] for row in figures[3].rows["lines"])


def test_a_map_s_colours_always_stand_for_0_to_1_and_its_cells_are_whole_pixels():
    shares = np.linspace(0.1, 0.3, 64).reshape(8, 8)
    figure = valid(small_figure(shares, title="L1"))
    cells = figure.rows["cells"]
    assert [cells[k]["share"] for k in (0, 63)] == [0.1, 0.3] and (cells[9]["row"], cells[9]["column"]) == (1, 1)
    assert cells[0]["title"] == "L1"
    for look in (NORMAL, PROJECTED):
        spec = spec_of(figure, look)
        (layer,) = spec["layer"]
        assert layer["encoding"]["color"]["scale"]["domain"] == [0, 1]
        assert spec["width"] == spec["height"] and spec["width"] % 8 == 0
    (first, *_) = rows = small_table({"L1": shares})
    assert len(rows) == 8 and first == {
        "network": "L1",
        "row": 1,
        **{f"{j + 1}": round(shares[0, j], 3) for j in range(8)},
    }


def test_a_confusion_s_cells_are_shares_of_their_class():
    counts = np.array([[8, 2, 0], [0, 5, 0], [1, 1, 2]])
    figure = valid(confusion_figure(counts, ("a", "b", "c"), title="plain"))
    shares = {(row["true"], row["given"]): row["share"] for row in figure.rows["cells"]}
    assert shares["a", "a"] == 0.8 and shares["a", "b"] == 0.2 and shares["b", "b"] == 1 and shares["c", "a"] == 0.25
    assert sum(shares.values()) == pytest.approx(3)
    for layer in spec_of(figure)["layer"]:
        assert layer["encoding"]["x"]["scale"]["domain"] == layer["encoding"]["y"]["scale"]["domain"] == ["a", "b", "c"]
    assert confusion_table({"plain": counts}, ("a", "b", "c"))[2] == {
        "network": "plain",
        "class": "c",
        "a": 1,
        "b": 1,
        "c": 2,
    }


def test_a_histogram_can_have_an_axis_that_stays():
    counts = np.full(BINS, 7)
    scale = [
        spec_of(valid(weights_figure({"L1": counts}, log=True, **more)))["layer"][0]["encoding"]["y"]["scale"]
        for more in ({}, {"highest": 300_000})
    ]
    assert "domainMax" not in scale[0] and scale[1]["domainMax"] == 300_000
