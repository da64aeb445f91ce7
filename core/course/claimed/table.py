"""All claims in one table, found in the modules beside this one: nothing is entered here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.course.claim import NOTEBOOK, OFTEN_SAID, Claim, Comparison, Verdict
from core.course.claimed import baseline, batch_norm, compare, dropout, l1_l2, layer_norm, notebook, often_said
from core.course.claims import Difference
from core.course.family import Family

MODULES = {
    NOTEBOOK: notebook,
    OFTEN_SAID: often_said,
    **{module.LESSON: module for module in (baseline, batch_norm, layer_norm, dropout, l1_l2, compare)},
}
"""Who makes claims → the module that has them, in the order of the table."""


@cache
def claims() -> dict[str, Claim]:
    """By name, those of the notebook first."""
    found = [claim for module in MODULES.values() for value in vars(module).values() for claim in _claims_in(value)]
    return {claim.name: claim for by in MODULES for claim in found if claim.by == by}


def _claims_in(value: Any) -> Iterator[Claim]:
    values = value.values() if isinstance(value, Mapping) else (value,)
    return (one for one in values if isinstance(one, Claim))


@dataclass(frozen=True)
class Judged:
    """A claim with what was measured of it (None where nothing is stored, or nothing can be) and the verdict."""

    claim: Claim
    difference: Difference | None
    verdict: Verdict


def family(of: Iterable[Claim]) -> Family[Comparison]:
    """The comparisons that claims rest on, as far as they are stored. Several claims may rest on one."""
    comparisons = dict.fromkeys(claim.comparison for claim in of if claim.comparison)
    found = {comparison: comparison.difference() for comparison in comparisons}
    return Family({comparison: difference for comparison, difference in found.items() if difference})


def judged(found: Family[Comparison], *, corrected: bool) -> list[Judged]:
    """The verdict on every claim, by its own interval or with Holm's correction for all comparisons of the table.
    found: those of all claims."""
    clear = set(found.clear(corrected=corrected))
    return [
        Judged(
            claim,
            difference := found.differences.get(claim.comparison),
            claim.judged(difference, clear=claim.comparison in clear),
        )
        for claim in claims().values()
    ]
