"""Every claim of the course in a table, and one of them opened: what was measured, and the verdict by its rule."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.app import controls, failures, frame, steps
from core.app.compare import HOLM
from core.app.draw import chart
from core.course.claim import NOTEBOOK, OFTEN_SAID, Claim, Comparison, Verdict, as_sentence
from core.course.claimed.table import MODULES, Judged, claims, family, judged
from core.course.claims import percent
from core.course.family import Family
from core.figures.gains import gains_figure
from core.maths.comparisons import LEVEL

SETTINGS = ("claim", "claim_by", "claim_verdict", "claims_holm")
ANYBODY, ANY = "anybody", "any"
TABLE_HEIGHT = 215
"""Of the table, in pixels: it scrolls by itself, so that the claim that is opened stays in view."""
PROJECTED_ROWS = 3
"""So many can be read from the last row above the claim that is opened."""


def claims_panel(*, asks: str) -> None:
    """The table of claims between its filters and the claim that is opened."""
    st.markdown(asks if frame.is_presenting() else f"{asks} Click on a row to open it.")
    for_by, for_verdict, for_claim, for_holm = st.columns([3, 3, 4, 3], gap="small", vertical_alignment="bottom")
    with for_by:
        by = controls.pick("Said or asked by", (ANYBODY, *map(_who, MODULES)), key="claim_by")
    with for_verdict:
        verdict = controls.pick("Verdict", (ANY, *(one.value for one in Verdict)), key="claim_verdict")
    with for_claim:
        name = controls.pick("Opened below", tuple(claims()), key="claim")
    with for_holm:
        corrected = controls.toggle("Holm's correction", key="claims_holm", help_text=HOLM)
    found = family(claims().values())
    table = judged(found, corrected=corrected)
    shown = [one for one in table if by in (ANYBODY, _who(one.claim.by)) and verdict in (ANY, one.verdict.value)]
    if not shown:
        st.info("No claim has this verdict.")
    elif frame.is_presenting():
        _projected_table(shown, name)
    else:
        _table(shown)
    _opened(next(one for one in table if one.claim.name == name), found, corrected=corrected)
    with steps.fold("How many hold, the rule, and chance"):
        st.markdown(f"{_counted(shown, found, corrected=corrected)}\n\n{HOW_IT_IS_JUDGED}")


HOW_IT_IS_JUDGED = (
    "What is measured of a claim is a difference, seed by seed, with Student's 95 % interval of its mean. **A claim "
    "that something is higher holds** where the whole interval is above 0, and does not hold where no part of it is; "
    "*lower* is the same on the other side. Otherwise it is *not shown*, and more seeds might show it. That two things "
    "are *equal* can be refuted, where the interval leaves out 0, but no interval shows it.\n\nAn interval of 95 % "
    "leaves out 0 by chance once in twenty times. Holm's correction, over all comparisons of the table, holds the "
    f"chance of even one such mistake to {percent(LEVEL, 0)}. The price is that many true differences are no longer "
    "shown: five seeds are few. Several claims may rest on one comparison, which is counted once.\n\nThe words of the "
    "claims are ours. A lesson's claim is what it states, or what it asks and then measures."
)


def _who(by: str) -> str:
    """Who makes a claim, as the filter and the table have it."""
    return by if by in (NOTEBOOK, OFTEN_SAID) else f"lesson {frame.lesson_named(by).title}"


# --- the table --------------------------------------------------------------------------------------------------------


def _projected_table(shown: Sequence[Judged], opened: str) -> None:
    """The claim that is opened, if it is shown, and those beside it; else the first ones."""
    names = [one.claim.name for one in shown]
    before = names.index(opened) - 1 if opened in names else 0
    first = max(0, min(before, len(names) - PROJECTED_ROWS))
    rows = [_row(one) for one in shown[first : first + PROJECTED_ROWS]]
    st.table([{key: row[key] for key in ("verdict", "claim", "by")} for row in rows])
    st.caption(f"Rows {first + 1} to {first + len(rows)} of {len(names)}.")


def _table(shown: Sequence[Judged]) -> None:
    @failures.callback
    def clicked() -> None:
        _open([one.claim.name for one in shown])

    st.dataframe(
        [_row(one) for one in shown],
        hide_index=True,
        height=TABLE_HEIGHT,
        key="claims_table",
        on_select=clicked,
        selection_mode="single-row",
        column_config={
            "verdict": st.column_config.TextColumn(width=110),
            "claim": st.column_config.TextColumn(width=300),
            "by": st.column_config.TextColumn(width=110),
            **{key: st.column_config.NumberColumn(format="%.3g", width=75) for key in ENDS},
            "unit": st.column_config.TextColumn(width=60),
        },
    )


def _open(names: Sequence[str]) -> None:
    """Opens the claim whose row was clicked."""
    chosen = st.session_state.claims_table.selection.rows
    if chosen and chosen[0] < len(names):
        st.session_state.claim = names[chosen[0]]


ENDS = ("mean", "from", "to")
"""A difference and the ends of its interval, as the table names them."""


def _row(one: Judged) -> dict:
    comparison, difference = one.claim.comparison, one.difference
    ends = difference.interval(comparison.measure.scale) if comparison and difference else (None, None, None)
    return {
        "verdict": one.verdict.value,
        "claim": one.claim.name,
        "by": _who(one.claim.by),
        **dict(zip(ENDS, ends, strict=True)),
        "unit": comparison.unit if comparison else "",
        "pairs": difference.n if difference else None,
        "in words": one.claim.says,
        "measured": comparison.what if comparison else "",
    }


# --- one claim --------------------------------------------------------------------------------------------------------


def _opened(one: Judged, found: Family[Comparison], *, corrected: bool) -> None:
    """A claim in full: who says what, the verdict and why; beside it the interval against 0."""
    claim, comparison = one.claim, one.claim.comparison
    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.markdown(f"“{claim.says}” ({_who(claim.by)})\n\n{as_sentence(claim, one.difference, one.verdict)}")
        _way(claim)
    if comparison is None or one.difference is None:
        return
    scale = comparison.measure.scale
    rows = {"95 % interval": one.difference.interval(scale)}
    if corrected:
        ends = (one.difference.mean, *found.interval(comparison))
        rows[f"for all {len(found.differences)}"] = tuple(scale * end for end in ends)
    unit = f", in {comparison.unit}" if comparison.unit else ""
    with right:
        chart(
            gains_figure(
                rows,
                x_title=f"{comparison.of} minus {comparison.against}{unit}",
                title=comparison.measure.label.capitalize(),
            ),
            alt=f"{comparison.what}: {comparison.told}.",
        )
        st.caption(f"{comparison.where}; {one.difference.n} {comparison.over}")


def _way(claim: Claim) -> None:
    steps.link_to(claim.lesson, claim.step)


def _counted(shown: Sequence[Judged], found: Family[Comparison], *, corrected: bool) -> str:
    """How many claims have which verdict, and what chance alone would do: in sentences."""
    count = {verdict: sum(one.verdict is verdict for one in shown) for verdict in Verdict}
    rest = len(shown) - sum(count[verdict] for verdict in (Verdict.HOLDS, Verdict.FAILS, Verdict.OPEN))
    clear = len(found.clear(corrected=False))
    told = (
        f"**Of the {len(shown)} claims in the table {count[Verdict.HOLDS]} hold and {count[Verdict.FAILS]} do not.** "
        f"{count[Verdict.OPEN]} are not shown, {rest} not measured. Of the {len(found.differences)} intervals behind "
        f"all claims {clear} leave out 0; by chance alone, {found.by_chance:.1f} would be expected to."
    )
    if corrected:
        told += f" With Holm's correction {len(found.clear(corrected=True))} are clear."
    return told
