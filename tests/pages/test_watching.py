"""A training that is watched: the slider moves both networks, the buttons move the slider, the page says what is
missing."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from page_reader import charts, open_at, open_page

from core.app import player
from core.config import FULL, SMALL_AND_NOISY
from core.course.claims import MISSING, percent
from core.course.watched import WATCHED, watched_of
from core.results import library
from core.results.library import stored, stored_run
from core.results.sparsity import BINS
from core.techniques import DROPOUT, L1, L1_PROXIMAL, L2, PLAIN

COMPARE, DROPOUT_PAGE, L1_L2 = "pages/7_compare.py", "pages/4_dropout.py", "pages/5_l1_l2.py"


def watched_at(**params):
    return open_at(COMPARE, step="watch", **params)


def rows_of(app, name):
    return [chart.rows[name] for chart in charts(app) if name in chart.rows]


def test_both_networks_are_shown_at_the_epoch_of_the_slider():
    app = watched_at(watch_left="L2", watch_epoch="7")
    for epoch in (7, 8):
        (lines,) = rows_of(app, "lines")
        for technique, cells in zip((L2, L1), rows_of(app, "cells"), strict=True):
            seen = stored(watched_of(technique, SMALL_AND_NOISY))
            assert np.allclose([cell["share"] for cell in cells], seen.small[epoch] / 392, rtol=1e-4)
            held_out = [
                row["value"]
                for row in lines
                if row["technique"] == technique.name and row["measured on"] == "validation images"
            ]
            expected = stored_run(seen.spec.run).curve("held_out_loss")[:epoch]
            assert np.allclose(held_out, expected, rtol=1e-4)  # five digits are sent
        app.select_slider(key="watch_epoch").set_value(f"{epoch + 1}").run()


def test_the_table_of_the_epoch_says_the_accuracy_of_the_run():
    app = watched_at(watch_on="60,000 images", watch_epoch_full="5")
    (table,) = app.table
    right = table.value.set_index(table.value.columns[0]).loc["right, test"]
    for technique in (PLAIN, L1):
        run = stored_run(technique.in_setting(FULL))
        assert right[technique.name] == percent(run.records[4].held_out_accuracy)


def test_mistakes_and_histogram_are_those_of_the_epoch_and_the_axis_stays():
    app = watched_at(watch_view="Mistakes", watch_epoch="3")
    for technique, cells in zip((PLAIN, L1), rows_of(app, "cells"), strict=True):
        counts = stored(watched_of(technique, SMALL_AND_NOISY)).confusion[3]
        assert [cell["images"] for cell in cells] == counts.ravel().tolist()
    ends = set()
    for epoch in ("0", "60"):
        app = watched_at(watch_view="Histogram", watch_epoch=epoch)
        (counts,) = rows_of(app, "counts")
        drawn = [row["count"] for row in counts if row["network"] == "L1"][:BINS]
        assert np.array_equal(drawn, np.maximum(0.5, stored(watched_of(L1, SMALL_AND_NOISY)).histogram[int(epoch)]))
        (chart,) = (chart for chart in charts(app) if "counts" in chart.rows)
        ends.add(json.dumps(chart.specification["layer"][0]["encoding"]["y"]["scale"], sort_keys=True))
    assert len(ends) == 1


def test_every_technique_can_be_chosen_on_either_side_and_one_twice():
    app = watched_at()
    names = {technique.name for technique in WATCHED}
    for key in ("watch_left", "watch_right"):
        assert {*app.selectbox(key=key).options} == names
    app = watched_at(watch_left="dropout", watch_right="dropout")
    assert len(rows_of(app, "cells")) == 1 and not app.exception


def test_the_two_ways_of_l1_are_played_in_their_step_and_one_alone_makes_zeros():
    app = open_at(L1_L2, step="zero", steps_view="Epoch by epoch")
    (table,) = app.table
    zeros = table.value.set_index(table.value.columns[0]).loc["exactly 0"]
    seen = {technique.name: stored(watched_of(technique, SMALL_AND_NOISY)) for technique in (L1, L1_PROXIMAL)}
    assert {name: zeros[name] for name in seen} == {name: percent(one.share_zero[-1]) for name, one in seen.items()}
    assert seen[L1.name].zero.max() <= 1 and seen[L1_PROXIMAL.name].share_zero[-1] > 0.5
    assert {one.spec.run.l1 for one in seen.values()} == {3e-4}
    assert any(m.value.startswith("λ₁ is 0.0003 in both pictures") for m in app.markdown)
    pictures = rows_of(app, "picture")
    app.select_slider(key="zero_epoch").set_value("21").run()
    assert [row["title"] for (row,) in rows_of(app, "picture")] == ["L1, after 8 epochs", "L1 proximal, after 8 epochs"]
    assert [row["url"] for (row,) in rows_of(app, "picture")] != [row["url"] for (row,) in pictures]


def test_dropout_s_lesson_watches_dropout():
    app = open_at(DROPOUT_PAGE, step="watch", watch_epoch="4")
    assert {row["technique"] for row in rows_of(app, "lines")[0]} == {PLAIN.name, DROPOUT.name}


def played(app):
    """What the buttons below a slider were told."""
    (data,) = (
        json.loads(component.proto.json)
        for component in app.get("bidi_component")
        if component.proto.component_name == "reglab_player"
    )
    return data


def test_the_buttons_know_where_the_slider_stands():
    assert played(watched_at(watch_epoch="7")) == {"at": 7, "last": 60, "what": "epoch"}
    assert played(watched_at(watch_on="60,000 images")) == {"at": 20, "last": 20, "what": "epoch"}


@pytest.mark.parametrize(
    ("asked", "stands"), [(3, "3"), (0, "0"), (4.0, "4"), (5, "2"), (-1, "2"), ("3", "2"), (None, "2"), (True, "2")]
)
def test_a_stop_that_the_browser_asks_for_is_taken_where_there_is_one(asked, stands, monkeypatch):
    """The browser's message is not to be trusted: what is no stop leaves the slider where it is."""
    state = {"epoch": "2", "epoch_player": SimpleNamespace(stop=asked)}
    monkeypatch.setattr(player.st, "session_state", state)
    player.move("epoch", tuple("01234"))
    assert state["epoch"] == stands


def test_a_message_that_comes_when_the_step_is_left_changes_nothing(monkeypatch):
    state = {}
    monkeypatch.setattr(player.st, "session_state", state)
    player.move("epoch", tuple("01234"))
    assert state == {}


def test_what_is_not_stored_is_said(monkeypatch):
    monkeypatch.setattr("core.results.measurement.load", lambda spec: None)
    library.forget()
    try:
        app = open_page(COMPARE, step="watch")
        assert MISSING.capitalize() in [info.value.rstrip(".") for info in app.info] and not charts(app)
    finally:
        library.forget()
