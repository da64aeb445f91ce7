"""The figures of the overview: the gap, and the lessons' small pictures."""

import base64
import io

import numpy as np
import pytest
from chart_reader import valid
from PIL import Image

from core.app import frame
from core.config import SMALL_AND_NOISY, seeds_of
from core.course.cards import SKETCHES, sketch
from core.course.opening import OFFERED, runs_with
from core.figures.cards import Dots, Line, Sketch, Tile, card_figure, tile_image
from core.figures.opening import HIGHEST, NEW, SEEN, gap_figure, gap_table
from core.maths.plane import one_loss
from core.results.library import stored_runs
from core.techniques import DROPOUT, PLAIN

RUNS = stored_runs(seeds_of(SMALL_AND_NOISY))
HALF = stored_runs(seeds_of(DROPOUT.at(SMALL_AND_NOISY, 0.5)))


def test_the_gap_is_drawn_at_the_last_epoch_between_the_means_of_the_seeds():
    drawn = gap_figure(RUNS, HALF, colour=DROPOUT.colour)
    valid(drawn)
    (gap,) = drawn.rows["gap"]
    last = [run.records[-1] for run in HALF]
    seen, new = (np.mean([getattr(r, f) for r in last]) for f in ("train_loss", "held_out_loss"))
    assert gap["epoch"] == 60
    assert (gap["seen"], gap["new"]) == pytest.approx((seen, new), rel=1e-4)  # five digits are kept
    assert gap["label"] == f"gap {new - seen:.2f}"
    assert gap["at"] < min(seen, new)  # too small to hold its own label
    assert {row["colour"] for row in drawn.rows["lines"]} == {DROPOUT.colour}
    assert {row["colour"] for row in drawn.rows["before"]} == {PLAIN.colour}
    assert len(drawn.rows["before"]) == len(drawn.rows["lines"]) == 2 * 60


def test_the_plain_network_stands_alone_and_its_gap_has_its_label_inside():
    drawn = gap_figure(RUNS, RUNS, colour=PLAIN.colour)
    valid(drawn)
    assert drawn.rows["before"] == drawn.rows["before_label"] == []
    (gap,) = drawn.rows["gap"]
    assert gap["seen"] < gap["at"] < gap["new"]


@pytest.mark.parametrize("technique", OFFERED, ids=lambda technique: technique.name)
def test_the_label_of_the_gap_lies_on_no_end_of_a_line(technique):
    plain = [np.mean([getattr(run.last, f) for run in RUNS]) for f in ("train_loss", "held_out_loss")]
    for stop in technique.stops[1:]:
        (gap,) = gap_figure(RUNS, runs_with(technique, stop), colour="").rows["gap"]
        assert min(abs(gap["at"] - end) for end in (*plain, gap["seen"], gap["new"])) > 0.14, stop
        assert 0 < gap["at"] < HIGHEST + 0.2


def test_the_gap_is_shaded_only_where_the_loss_on_new_images_is_the_higher_one():
    between = gap_figure(RUNS, RUNS, colour=PLAIN.colour).rows["between"]
    for row, a, b in zip(
        between,
        np.mean([run.curve("train_loss") for run in RUNS], axis=0),
        np.mean([run.curve("held_out_loss") for run in RUNS], axis=0),
        strict=True,
    ):
        assert row["new"] - row["seen"] == pytest.approx(max(0, b - a), abs=2e-4)  # differences of five digits
    assert between[0]["seen"] == between[0]["new"] and between[-1]["seen"] < between[-1]["new"]


def test_the_table_holds_both_losses_and_their_difference():
    first, *_, last = gap_table(RUNS)
    assert (first["epoch"], last["epoch"]) == (1, 60)
    assert last["gap"] == pytest.approx(last[NEW] - last[SEEN], abs=2e-4) and last["gap"] > 1


def test_every_lesson_has_a_picture_that_is_told_in_words_and_is_not_empty():
    assert [*SKETCHES] == [lesson.name for lesson in frame.LESSONS[1:]]
    for name in SKETCHES:
        picture = sketch(name)
        drawn = card_figure(picture)
        valid(drawn)
        assert 5 < len(picture.alt.split()) < 40
        assert sum(map(len, drawn.rows.values())) >= 3


def test_lines_dots_and_tiles_become_rows():
    rows = card_figure(
        Sketch(
            "A picture.",
            lines=[Line([1, 2], [3, 4], "#000000"), Line([1], [5], "#111111", dashed=True)],
            dots=[Dots([7], [8], "#222222")],
            tiles=[Tile(np.ones((2, 2)), "#333333", x=1.5)],
        )
    ).rows
    assert [(row["x"], row["y"], row["at"]) for row in rows["solid"]] == [(1, 3, 0), (2, 4, 1)]
    assert [(row["x"], row["y"], row["colour"]) for row in rows["dashed"]] == [(1, 5, "#111111")]
    assert rows["dots"] == [{"x": 7, "y": 8, "colour": "#222222"}]
    assert (rows["tiles"][0]["x"], rows["tiles"][0]["x2"]) == (1.5, 2.5)


def test_a_tile_has_a_pixel_for_each_share_whose_opacity_it_is():
    shares = np.array([[0, 0.5], [1, 0.2], [0.1, 0]])
    content = base64.b64decode(tile_image(shares, "#CC79A7").split(",")[1])
    pixels = np.asarray(Image.open(io.BytesIO(content)))
    assert pixels.shape == (3, 2, 4)
    assert (pixels[..., :3] == (0xCC, 0x79, 0xA7)).all()
    assert pixels[..., 3] / 255 == pytest.approx(shares, abs=1 / 255)


def test_the_ellipse_of_the_last_picture_touches_the_diamond_at_its_corner():
    """From the formulas: the ellipse is one of equal loss and goes through the corner; the diamond reaches no lower."""
    *_, diamond, ellipse = sketch("norm_math").lines
    (dot,) = sketch("norm_math").dots
    corner = np.array([dot.x[0], dot.y[0]])
    assert corner[0] == 0 and corner[1] == max(diamond.y) > 0
    loss = one_loss((0.5, 1.4), 30, 1.6)
    on_ellipse = loss.at(np.stack([ellipse.x, ellipse.y], axis=-1))
    assert on_ellipse == pytest.approx(loss.at(corner[None])[0], rel=1e-9)
    t = np.linspace(0, 1, 201)[:, None]
    sides = [corner * (1 - t) + np.array([sign * corner[1], 0]) * t for sign in (1, -1)]
    assert all(loss.at(side).min() == pytest.approx(loss.at(corner[None])[0]) for side in sides)
