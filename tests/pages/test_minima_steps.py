"""The steps of the compare page that say where training ends: they show what is stored, and say what is not."""

import numpy as np
import pytest
from page_reader import charts, open_page

from core.app.minima import BETWEEN_FIRST
from core.config import SMALL_AND_NOISY, seeds_of
from core.course.claims import MISSING
from core.course.compare import networks
from core.course.minima import between_of, path_of
from core.results import library
from core.results.calibration import CalibrationSpec
from core.results.library import stored
from core.results.sharpness import SharpnessSpec
from core.techniques import ADAMW, BATCH_NORM, DROPOUT, TECHNIQUES

COMPARE = "pages/7_compare.py"


def words(app):
    return " ".join(m.value for m in (*app.markdown, *app.caption, *app.info))


def test_the_epoch_slider_moves_the_checkpoint_that_is_told():
    found = stored(path_of(DROPOUT))
    app = open_page(COMPARE, step="ways", path_of="dropout", path_epoch="20")
    assert f"**{found.loss[20]:.3f}** nats" in words(app) and f"**{found.shadow_loss[20]:.3f}**" in words(app)
    app.select_slider(key="path_epoch").set_value("0").run()
    assert f"**{found.loss[0]:.3f}** nats" in words(app)
    (chart,) = charts(app)
    assert chart.rows["here"] == [{"epoch": 0}]
    assert app.selectbox(key="path_of").options == [technique.name for technique in TECHNIQUES]


@pytest.mark.parametrize(("images", "rows"), [("Test images", [2]), ("Training images", [0, 1])])
def test_the_line_is_that_of_the_images_that_are_chosen_and_batch_norm_is_drawn_both_ways(images, rows):
    app = open_page(COMPARE, step="ways", way="Between two networks", between_on=images, between_view="Accuracy")
    (chart,) = charts(app)
    line = stored(between_of(BATCH_NORM))
    for name, way in (("dashed", 0), ("solid", 1)):
        drawn = [row["value"] for row in chart.rows[name] if row["technique"] == "batch norm"]
        assert np.allclose(drawn, line.accuracy[way, rows].mean(axis=0), rtol=1e-4)  # five digits are sent
    first = {technique.name for technique in BETWEEN_FIRST}
    assert {row["technique"] for row in chart.rows["solid"]} == first
    app.toggle(key="between_adamw").set_value(True).run()
    (chart,) = charts(app)
    assert {row["technique"] for row in chart.rows["solid"]} == first | {ADAMW.name}


def stored_of(spec, base):
    """Technique → what is stored of it over seeds, for those of which something is."""
    found = {name: [stored(spec(run)) for run in seeds_of(config)] for name, config in networks(base).items()}
    return {name: [one for one in some if one] for name, some in found.items() if any(some)}


def test_the_flattest_stands_on_top_with_a_dot_for_each_seed():
    found = stored_of(SharpnessSpec, SMALL_AND_NOISY)
    assert found
    app = open_page(COMPARE, step="sharpness", sharp_view="All directions")
    (chart,) = charts(app)
    means = {name: np.mean([s.trace_samples.mean() for s in some]) for name, some in found.items()}
    assert [row["technique"] for row in chart.rows["means"]] == sorted(means, key=means.get)
    for name, some in found.items():
        rows = [row for row in chart.rows["seeds"] if row["technique"] == name]
        errors = [s.trace_samples.std(ddof=1) / len(s.trace_samples) ** 0.5 for s in some]
        highs = [s.trace_samples.mean() + error for s, error in zip(some, errors, strict=True)]
        assert np.allclose([row["high"] for row in rows], highs, rtol=1e-4)  # five digits are sent


def test_a_switch_takes_a_technique_s_dots_away_and_the_table_has_all():
    found = stored_of(CalibrationSpec, SMALL_AND_NOISY)
    assert "plain" in found
    (chart,) = charts(open_page(COMPARE, step="calibration"))
    plain = [row for row in chart.rows["bins"] if row["technique"] == "plain"]
    assert sum(row["images"] for row in plain) == pytest.approx(10_000, rel=1e-3)
    (chart,) = charts(open_page(COMPARE, step="calibration", sure_plain="false"))
    assert not [row for row in chart.rows["bins"] if row["technique"] == "plain"]
    app = open_page(COMPARE, step="calibration", sure_view="All techniques in numbers")
    (table,) = app.dataframe
    errors = dict(zip(table.value["technique"], table.value["calibration error"], strict=True))
    assert errors == {name: round(100 * np.mean([c.error for c in some]), 1) for name, some in found.items()}


@pytest.mark.parametrize(
    "asked",
    [
        {"step": "calibration"},
        {"step": "sharpness"},
        {"step": "ways"},
        {"step": "ways", "way": "Between two networks"},
    ],
    ids=str,
)
def test_what_is_not_stored_is_said(asked, monkeypatch):
    monkeypatch.setattr("core.results.measurement.load", lambda spec: None)
    library.forget()
    try:
        app = open_page(COMPARE, **asked)
        assert MISSING.capitalize() in words(app) and not charts(app) and not app.exception
    finally:
        library.forget()
