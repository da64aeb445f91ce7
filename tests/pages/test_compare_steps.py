"""The steps of the compare page on gains, numbers and pairs: what is set is what is shown and told."""

from __future__ import annotations

import re

import numpy as np
import pytest
from page_reader import charts, open_page
from scipy import stats

from core.app.compare import BESIDE
from core.config import SMALL_AND_NOISY, seeds_of
from core.course.compare import MEASURES, networks
from core.course.grid import Place, gains
from core.course.together import NAMED
from core.results import store
from core.results.library import stored
from core.results.weight_sizes import WeightSizesSpec
from core.techniques import DROPOUT, TECHNIQUES

COMPARE = "pages/7_compare.py"


def words(app):
    return " ".join(m.value for m in (*app.markdown, *app.caption, *app.warning))


def test_the_gains_are_those_of_the_place_that_is_set():
    app = open_page(COMPARE, step="first", wrong="0")
    (chart,) = charts(app)
    assert [row["name"] for row in chart.rows["gains"]] == [gain.of.name for gain in gains(Place(label_noise=0.0))]
    app.segmented_control(key="move").set_value("Images").run()
    app.select_slider(key="images").set_value("500").run()
    (chart,) = charts(app)
    found = {row["name"]: row["mean"] for row in chart.rows["gains"]}
    assert found == {
        gain.of.name: pytest.approx(100 * gain.change.mean, rel=1e-4) for gain in gains(Place(n_train=500))
    }


def test_what_stands_beside_the_techniques_can_be_switched_on():
    for name in BESIDE:
        app = open_page(COMPARE, step="when", when="Wrong labels")
        assert name not in {row["technique"] for chart in charts(app) for row in chart.rows["means"]}
        app.toggle(key=f"wrong_{name.replace(' ', '_')}").set_value(True).run()
        assert name in {row["technique"] for chart in charts(app) for row in chart.rows["means"]}


@pytest.mark.parametrize("baseline", ["plain", "dropout"])
def test_a_number_of_every_technique_and_its_difference_from_the_chosen_one(baseline):
    app = open_page(COMPARE, step="numbers", number="Length of all weights", against=baseline, numbers_view="Table")
    (table,) = app.dataframe
    rows = {row["technique"]: row for row in table.value.to_dict("records")}
    assert [*rows] == [technique.name for technique in TECHNIQUES]
    lengths = {
        name: np.array([stored(WeightSizesSpec(run)).norm for run in seeds_of(config)])
        for name, config in networks(SMALL_AND_NOISY).items()
    }
    for name, row in rows.items():
        assert row["mean"] == pytest.approx(lengths[name].mean(), abs=1e-3)
        if name == baseline:
            continue
        change = lengths[name] - lengths[baseline]
        low, high = stats.t.interval(0.95, 4, change.mean(), stats.sem(change))
        assert (row["difference"], row["from"], row["to"]) == pytest.approx((change.mean(), low, high), abs=2e-3)
        assert row["clear"] == (low > 0 or high < 0)


def test_holms_correction_never_makes_more_differences_clear():
    for number in MEASURES:
        asked = {"step": "numbers", "number": number}
        plain, corrected = (clear(open_page(COMPARE, **asked, holm=holm)) for holm in ("false", "true"))
        assert corrected <= plain


def clear(app):
    """How many differences the page calls clear."""
    (told,) = re.findall(r"\*\*(\d+) of \d+ differences are clear", words(app))
    return int(told)


@pytest.mark.parametrize("name", NAMED)
def test_a_pair_is_drawn_with_and_without_its_first_technique_at_every_strength(name):
    pair, app = NAMED[name], open_page(COMPARE, step="at-once", pair=name)
    chart = next(chart for chart in charts(app) if "means" in chart.rows)
    drawn = {(row["technique"], float(row["stop"])): row["value"] for row in chart.rows["means"]}
    for stop in pair.stops:
        for both, line in ((False, pair.second.name), (True, f"with {pair.first.name}")):
            runs = [store.load_outcome(run) for run in seeds_of(pair.config(stop, both=both))]
            assert drawn[line, stop] == pytest.approx(np.mean([run.test_last.accuracy for run in runs]), rel=1e-4)
    assert "With both it differs by" in words(app)


def test_a_mixture_that_gets_in_its_own_way_is_warned_of():
    asked = {"step": "at-once", "pair": "a mixture of your own"}
    assert not open_page(COMPARE, **asked, norm="batch").warning
    app = open_page(COMPARE, **asked, norm="batch", max_norm="1")
    (warning,) = app.warning
    assert "max-norm with batch norm" in warning.value


def test_dropout_stands_among_the_gains_with_the_strength_that_was_chosen():
    app = open_page(COMPARE, step="first")
    (gain,) = (gain for gain in gains(Place()) if gain.of.name == DROPOUT.name)
    assert f"p = {gain.of.strength:g}" in words(app)
