"""Every claim's verdict against scipy on the very pairs that it was made of, and against numbers read by hand; what
follows in the lessons where the numbers are turned round, or missing."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from core.app import frame, steps
from core.config import FULL, seeds_of
from core.course import claim as rules
from core.course.claim import Claim, Comparison, Verdict, as_sentence, between, if_so, judge
from core.course.claimed import baseline, batch_norm, dropout, l1_l2, layer_norm, often_said
from core.course.claimed.table import MODULES, claims, family, judged
from core.course.claims import FIRST_EPOCH, LAST_ACCURACY, MISSING, Measure, paired_difference
from core.results import library, store
from core.results.ensemble import N_SHOWN, EnsembleSpec
from core.results.library import stored
from core.results.shift import BRIGHTNESS, CONTRAST, NOISE, ShiftSpec
from core.techniques import LABEL_SMOOTHING

CLAIMS = claims()
MEASURED = {name: claim for name, claim in CLAIMS.items() if claim.comparison}


def pairs_of(comparison: Comparison) -> tuple[np.ndarray, np.ndarray] | None:
    """The two lists of numbers that a comparison was made of."""
    made = []

    def noted(first, second):
        made.append((np.asarray(first, float), np.asarray(second, float)))
        return paired_difference(first, second)

    modules = (
        "core.course.claims",
        "core.course.claim",
        "core.course.claimed.notebook",
        "core.course.claimed.often_said",
        "core.course.claimed.compare",
    )
    patches = [patch(f"{module}.paired_difference", noted) for module in modules]
    for one in patches:
        one.start()
    try:
        comparison.difference()
    finally:
        for one in patches:
            one.stop()
    return made[-1] if made else None


def by_scipy(first: np.ndarray, second: np.ndarray, side: str) -> Verdict:
    """The rule once more, from the p value and the sign of the mean."""
    change = second - first
    if not change.any():
        return Verdict.OPEN if side == "equal" else Verdict.FAILS
    clear = np.ptp(change) == 0 or stats.ttest_rel(second, first).pvalue < 0.05
    if side in ("different", "equal"):
        return {("different", True): Verdict.HOLDS, ("equal", True): Verdict.FAILS}.get((side, clear), Verdict.OPEN)
    is_there = change.mean() > 0 if side == "higher" else change.mean() < 0
    return (Verdict.HOLDS if is_there else Verdict.FAILS) if clear else Verdict.OPEN


@pytest.mark.parametrize("name", MEASURED)
def test_a_verdict_is_that_of_scipy_s_paired_test(name):
    claim = MEASURED[name]
    pairs = pairs_of(claim.comparison)
    if pairs is None:
        assert claim.verdict is Verdict.MISSING and claim.told == MISSING
        return
    assert claim.verdict is by_scipy(*pairs, claim.side)
    difference, change = claim.comparison.difference(), pairs[1] - pairs[0]
    assert difference.mean == pytest.approx(change.mean(), rel=1e-9, abs=1e-12) and difference.n == len(change)
    if np.ptp(change):
        theirs = stats.ttest_rel(pairs[1], pairs[0]).confidence_interval(0.95)
        width = theirs.high - theirs.low  # the quantiles have three decimals
        assert (difference.low, difference.high) == pytest.approx((theirs.low, theirs.high), abs=1e-3 * width)


# --- read by hand ---------------------------------------------------------------------------------------------------


def loaded(config, of):
    return np.array([of(store.load_outcome(run)) for run in seeds_of(config)])


def first_accuracy(run):
    return run.records[0].held_out_accuracy


def last_accuracy(run):
    return run.records[-1].held_out_accuracy


def thinned(config, of):
    return np.array([of(stored(EnsembleSpec(run, n_shown=0 if run.seed else N_SHOWN))) for run in seeds_of(config)])


def in_fog(run, statistics):
    at = BRIGHTNESS.index(0.1), CONTRAST.index(0.25), NOISE.index(0.0)
    return stored(ShiftSpec(run)).accuracy[(statistics, *at)]


SMOOTHED = LABEL_SMOOTHING.at(FULL, 0.1)
BY_HAND = {
    batch_norm.FIRST: lambda: (loaded(FULL, first_accuracy), loaded(batch_norm.BATCH_NORM, first_accuracy)),
    layer_norm.LAST_AGAINST["batch norm"]: lambda: tuple(
        loaded(config, lambda run: run.records[-1].held_out_loss)
        for config in (batch_norm.BATCH_NORM, layer_norm.LAYER_NORM)
    ),
    baseline.SMOOTHED_FULL: lambda: (loaded(FULL, last_accuracy), loaded(SMOOTHED, last_accuracy)),
    dropout.AGAINST_STOPPED: lambda: (
        loaded(replace(dropout.SMALL[0.5], dropout=0.0), lambda run: run.test_best.accuracy),
        loaded(dropout.SMALL[0.5], lambda run: run.test_last.accuracy),
    ),
    dropout.MASKS[100]: lambda: (
        thinned(dropout.HALF, lambda e: e.scaled[1]),
        thinned(dropout.HALF, lambda e: e.loss[99]),
    ),
    batch_norm.FOG_UNDONE: lambda: tuple(
        np.array([in_fog(run, row) for run in seeds_of(batch_norm.BATCH_NORM)]) for row in (0, 1)
    ),
    l1_l2.L1_COSTS: lambda: (loaded(FULL, last_accuracy), loaded(l1_l2.THEIRS, last_accuracy)),
}


@pytest.mark.parametrize("claim", BY_HAND, ids=lambda claim: claim.name)
def test_a_claim_compares_the_numbers_that_it_names(claim):
    first, second = BY_HAND[claim]()
    theirs = pairs_of(claim.comparison)
    assert np.allclose(theirs[0], first, atol=1e-9) and np.allclose(theirs[1], second, atol=1e-9)


# --- the rule -------------------------------------------------------------------------------------------------------


def turned_round(claim: Claim, first, second, measure: Measure) -> Claim:
    return replace(claim, comparison=between(measure, second, first))


def test_a_claim_whose_numbers_are_turned_round_changes_its_verdict_and_its_sentence():
    claim = batch_norm.FIRST
    turned = turned_round(claim, FULL, batch_norm.BATCH_NORM, FIRST_EPOCH)
    assert (claim.verdict, turned.verdict) == (Verdict.HOLDS, Verdict.FAILS)
    assert claim.told.startswith("higher (+") and turned.told.startswith("lower (−")
    said, unsaid = (as_sentence(one, one.comparison.difference(), one.verdict) for one in (claim, turned))
    assert "This holds" in said and "whole interval is above 0" in said
    assert "This does not hold" in unsaid and "no part of the interval is above 0" in unsaid
    concluded = "So batch norm trains faster."
    assert if_so(concluded, claim) == concluded
    assert if_so(concluded, turned) == f"“{claim.says}” This does not hold."
    assert if_so(concluded, unless=[turned]) == concluded
    assert if_so(concluded, unless=[claim]) == f"“{claim.says}” This holds."


@pytest.mark.parametrize(
    ("low", "high", "verdicts"),
    [
        (0.1, 0.3, ("holds", "does not hold", "holds", "does not hold")),
        (-0.3, -0.1, ("does not hold", "holds", "holds", "does not hold")),
        (-0.1, 0.3, ("not shown", "not shown", "not shown", "not shown")),
        (0.0, 0.0, ("does not hold", "does not hold", "does not hold", "not shown")),
    ],
)
def test_the_rule(low, high, verdicts):
    difference = replace(paired_difference([0.0, 0.0], [1.0, 2.0]), mean=(low + high) / 2, low=low, high=high)
    found = tuple(judge(difference, side).value for side in ("higher", "lower", "different", "equal"))
    assert found == verdicts
    corrected = tuple(judge(difference, side, clear=False) for side in ("higher", "lower", "different", "equal"))
    assert not difference.is_clear or set(corrected) == {Verdict.OPEN}


def test_holm_s_correction_is_statsmodels_over_every_comparison_once():
    found = family(CLAIMS.values())
    assert len(found.differences) <= len({claim.comparison for claim in MEASURED.values()}) < len(MEASURED)
    p = []
    for comparison in found.differences:
        first, second = pairs_of(comparison)
        p.append(stats.ttest_rel(second, first).pvalue if np.ptp(second - first) else float(not (second - first).any()))
    with patch("gc.collect"):
        rejected = dict(zip(found.differences, multipletests(p, alpha=0.05, method="holm")[0], strict=True))
    for one in judged(found, corrected=True):
        if one.difference and one.claim.side in ("higher", "lower"):
            alone = by_scipy(*pairs_of(one.claim.comparison), one.claim.side)
            kept = rejected[one.claim.comparison] or not one.difference.is_clear
            assert one.verdict is (alone if kept else Verdict.OPEN), one.claim.name
    assert found.by_chance == pytest.approx(len(p) / 20)


# --- the table ------------------------------------------------------------------------------------------------------


def test_every_claim_has_a_name_of_its_own_and_a_step_that_shows_it():
    declared = [
        one
        for by, module in MODULES.items()
        for value in vars(module).values()
        for one in (value.values() if isinstance(value, dict) else (value,))
        if isinstance(one, Claim) and one.by == by
    ]
    assert len({*map(id, declared)}) == len(CLAIMS) > 100
    for claim in CLAIMS.values():
        names = [heading.name for heading in steps.headings(frame.lesson_named(claim.lesson).path)]
        assert claim.step in names, claim.name
        assert claim.says.endswith(".") and claim.name == claim.name.strip()
        assert claim.by in (*MODULES,)


def test_what_cannot_be_measured_says_why_and_what_can_has_a_side():
    for claim in CLAIMS.values():
        assert (claim.comparison is None) == (claim.side is None)
        if claim.comparison is None:
            assert claim.remark and claim.verdict is Verdict.NOT_MEASURED
            with pytest.raises(ValueError, match="nothing was measured"):
                _ = claim.told


def test_the_notebook_s_claims_stand_first():
    by = [claim.by for claim in CLAIMS.values()]
    assert (
        by[: by.count(rules.NOTEBOOK)] == [rules.NOTEBOOK] * by.count(rules.NOTEBOOK) and by.count(rules.NOTEBOOK) > 20
    )


def test_a_claim_whose_numbers_are_not_stored_says_so(monkeypatch):
    monkeypatch.setattr(store, "load_outcome", lambda config: None)
    monkeypatch.setattr("core.results.measurement.load", lambda spec: None)
    library.forget()
    try:
        assert {claim.verdict for claim in MEASURED.values()} == {Verdict.MISSING}
        assert batch_norm.FIRST.told == MISSING
        found = family(CLAIMS.values())
        assert not found.differences
        assert {one.verdict for one in judged(found, corrected=True)} == {Verdict.MISSING, Verdict.NOT_MEASURED}
    finally:
        library.forget()


STATED = (
    batch_norm.FIRST,
    batch_norm.SOONER,
    batch_norm.FOG_UNDONE,
    batch_norm.AT_SIZE[2],
    baseline.SMOOTHED_SMALL,
    dropout.HALF_GAP,
    dropout.SMALL_GAP,
    dropout.SPARSE_UNITS,
    dropout.INDEPENDENT,
    dropout.BY_HEART,
    l1_l2.L1_COSTS,
    l1_l2.ZEROS_PROXIMAL,
    l1_l2.L2_LARGEST,
    l1_l2.L2_SMALL,
)
"""What the lessons say in so many words."""


@pytest.mark.parametrize("claim", STATED, ids=lambda claim: claim.name)
def test_what_a_lesson_states_holds(claim):
    assert claim.verdict is Verdict.HOLDS


def test_the_answer_depends_on_the_statistics_and_the_range():
    assert len({claim.verdict for claim in batch_norm.SURFACE.values()}) > 1


def test_the_best_rate_of_batch_norm_is_the_best():
    names = batch_norm.at_learning_rate
    means = {lr: loaded(names(lr)["batch norm"], last_accuracy).mean() for lr in batch_norm.LEARNING_RATES}
    assert max(means, key=means.get) == batch_norm.BEST_RATE


@pytest.mark.parametrize("seed", range(4))
def test_rank_agreement_is_kendall_s(seed):
    first, second = np.random.default_rng(seed).normal(size=(2, 9))
    assert often_said.rank_agreement(list(first), list(second)) == pytest.approx(stats.kendalltau(first, second)[0])


def test_a_comparison_says_what_it_compares():
    comparison = between(LAST_ACCURACY, FULL, dropout.HALF)
    assert comparison.what == "accuracy, last epoch: dropout, p = 0.5 minus plain (60,000 images)"
    assert batch_norm.AT_SIZE[2].comparison.where == "2,000 images, batches of 2"
    assert batch_norm.ALONG["sgd"].comparison.where == "60,000 images, SGD at 0.1"
