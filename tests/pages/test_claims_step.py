"""The step of the claims: its table, its filters, the claim that is opened; and that the lessons say what it says."""

import re

import pytest
from page_reader import PAGES, charts, open_page

from core.course.claim import NOTEBOOK, Verdict
from core.course.claimed import batch_norm, layer_norm
from core.course.claimed.table import claims, family, judged

COMPARE = "pages/7_compare.py"
TABLE = judged(family(claims().values()), corrected=False)


def opened(**params):
    return open_page(COMPARE, step="claimed", **params)


def words(app):
    return " ".join(m.value for m in (*app.markdown, *app.caption, *app.info))


def names(app):
    (table,) = app.dataframe
    return [*table.value["claim"]]


def test_all_claims_are_in_the_table_and_the_filters_take_some_out():
    assert names(opened()) == [*claims()]
    theirs = [one.claim.name for one in TABLE if one.claim.by == NOTEBOOK]
    assert names(opened(claim_by=NOTEBOOK)) == theirs
    holding = [one.claim.name for one in TABLE if one.verdict is Verdict.HOLDS]
    assert names(opened(claim_verdict="holds")) == holding
    assert set(names(opened(claim_by="lesson Dropout"))) == {n for n, one in claims().items() if one.by == "dropout"}


def test_an_address_opens_a_claim_with_its_interval_its_verdict_and_the_way_to_its_step():
    claim = layer_norm.SURFACE[2.0]
    app = opened(claim=claim.name)
    assert claim.says in words(app) and "This holds" in words(app)
    (chart,) = charts(app)
    (row,) = chart.rows["gains"]
    difference = claim.comparison.difference()
    assert [row[key] for key in ("mean", "low", "high")] == pytest.approx(difference.interval(), rel=1e-4)
    assert "3 pairs of directions" in words(app)


def test_a_claim_that_cannot_be_measured_says_why_and_draws_nothing():
    app = opened(claim="batch norm in recurrent networks")
    assert "cannot be measured here" in words(app) and "Cooijmans" in words(app) and not charts(app)


def test_holm_s_correction_changes_verdicts_and_draws_the_wide_interval():
    claim = batch_norm.SOONER
    app = opened(claim=claim.name, claims_holm="true")
    corrected = {one.claim.name: one.verdict for one in judged(family(claims().values()), corrected=True)}
    assert corrected[claim.name] is Verdict.OPEN and "with so many comparisons" in words(app)
    (table,) = app.dataframe
    assert [*table.value["verdict"]] == [verdict.value for verdict in corrected.values()]
    narrow, wide = charts(app)[0].rows["gains"]
    assert wide["low"] < narrow["low"] and wide["high"] > narrow["high"]


def test_a_verdict_that_no_claim_has_is_said():
    app = opened(claim_by="lesson Batch norm", claim_verdict=Verdict.NOT_MEASURED.value)
    assert "No claim has this verdict" in words(app) and not app.dataframe


VERDICT = re.compile(r"(?:higher|lower|no clear difference) \([^()]*95 % interval[^()]*\)")


@pytest.mark.parametrize("path", PAGES[1:-1])
def test_every_verdict_that_a_lesson_prints_is_a_claim_s(path):
    """What follows "higher than the plain network's" is of a slider's whole range, and no claim."""
    said = {claim.told for claim in claims().values() if claim.comparison}
    app = open_page(path)
    found = VERDICT.findall(words(app))
    assert [verdict for verdict in found if verdict not in said] == []
    assert found or path == "pages/6_norm_math.py"


@pytest.mark.parametrize(("at", "first"), [(0, 0), (1, 0), (5, 4), (-1, -3)])
def test_projected_the_table_has_the_opened_claim_and_those_beside_it(at, first):
    names = [*claims()]
    app = open_page(COMPARE, step="claimed", present="true", claim=names[at])
    (table,) = app.table
    assert [*table.value["claim"]] == names[first : first + 3 or None]
    assert f"Rows {(first % len(names)) + 1} to {(first % len(names)) + 3} of {len(names)}." in [
        c.value for c in app.caption
    ]
