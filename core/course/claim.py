"""A claim about results: who makes it, what was measured of it, and the verdict that follows from the numbers by one
rule. The lessons take their words from here, so that a text and its numbers cannot disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypeVar

from core.config import FULL, RunConfig
from core.course.claims import Difference, Measure, compare, compare_two, in_words, paired_difference, percent
from core.course.over_seeds import over_directions, runs_at
from core.results.surface import SurfaceSpec
from core.techniques import PLAIN, techniques_in

R = TypeVar("R")

# --- what was measured ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Comparison:
    """One number against another, in pairs. measure: the number, and how its difference is printed. of, against: what
    is compared with what, in words; where: in which setting. difference: `of` minus `against`, None where too little is
    stored. over: what the pairs are."""

    measure: Measure
    of: str
    against: str
    where: str
    difference: Callable[[], Difference | None]
    over: str = "seeds"

    @property
    def told(self) -> str:
        """As the end of a sentence: "higher (+1.2 points, 95 % interval …)", "no clear difference (…)"."""
        return in_words(self.difference(), self.measure, "higher", "lower", over=self.over)

    @property
    def unit(self) -> str:
        return "points" if self.measure.unit == "%" else self.measure.unit

    @property
    def what(self) -> str:
        """What is compared, in a line."""
        return f"{self.measure.label}: {self.of} minus {self.against} ({self.where})"


def between(
    measure: Measure[R],
    first: RunConfig,
    second: RunConfig,
    results: Callable[[RunConfig], Sequence[R]] = runs_at,
    *,
    names: tuple[str, str] | None = None,
    where: str = "",
) -> Comparison:
    """The second network's number minus the first's, paired by seed. results: of a network over its seeds, what the
    measure is of. names: of the second and the first, where their techniques do not say it; where: the same for their
    setting."""
    of, against = names or (named(second), named(first))
    return Comparison(
        measure, of, against, where or setting(second), lambda: compare(measure, results(first), results(second))
    )


def across(
    before: Measure[R],
    first: RunConfig,
    after: Measure[R],
    second: RunConfig,
    results: Callable[[RunConfig], Sequence[R]] = runs_at,
    *,
    names: tuple[str, str],
) -> Comparison:
    """Another number of the second network minus one of the first, paired by seed. names: of the two, the second's
    first."""

    return Comparison(
        after, *names, setting(second), lambda: compare_two(before, results(first), after, results(second))
    )


def at_the_edge(first: SurfaceSpec, second: SurfaceSpec, radius: float, measure: Measure, *, names: Any) -> Comparison:
    """A number of the second surface minus that of the first, paired by their directions."""

    def difference() -> Difference | None:
        found = [{s.spec.direction_seed: measure.of(s) for s in over_directions(x, radius)} for x in (first, second)]
        shared = sorted(found[0].keys() & found[1].keys())
        return paired_difference(*([rises[seed] for seed in shared] for rises in found)) if len(shared) > 1 else None

    where = f"{setting(second.run)}, seed {second.run.seed}, range {radius:g}"
    return Comparison(measure, *names, where, difference, over="pairs of directions")


def named(config: RunConfig) -> str:
    """A network by what it adds to the plain one: "dropout, p = 0.5"."""
    found = []
    for technique in techniques_in(config):
        strength = f", {technique.symbol} = {technique.strength_in(config):g}" if technique.strength else ""
        found.append(f"{technique.name}{strength}")
    return " and ".join(found) or PLAIN.name


def setting(config: RunConfig) -> str:
    """On what a network was trained, and how, where that is not as in the lessons' two settings."""
    told = [f"{config.n_train:,} images"]
    if config.label_noise:
        told.append(f"{percent(config.label_noise, 0)} wrong labels")
    if config.optimizer != FULL.optimizer:
        told.append(f"{config.optimizer.upper()} at {config.lr:g}")
    if config.batch_size != FULL.batch_size:
        told.append(f"batches of {config.batch_size}")
    return ", ".join(told)


# --- the verdict ----------------------------------------------------------------------------------------------------


class Verdict(Enum):
    """What the numbers say of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "not shown"
    NOT_MEASURED = "cannot be measured here"
    MISSING = "not computed here"


Side = Literal["higher", "lower", "different", "equal"]
"""Where a claim says that a difference lies: above 0, below 0, on either side, or nowhere."""

RULE: dict[Side, str] = {
    "higher": "It holds where the whole 95 % interval is above 0, and does not hold where no part of it is.",
    "lower": "It holds where the whole 95 % interval is below 0, and does not hold where no part of it is.",
    "different": "It holds where the 95 % interval leaves out 0. Otherwise it is not shown.",
    "equal": (
        "It does not hold where the 95 % interval leaves out 0. Otherwise it is not shown: no interval around 0 can "
        "show that there is no difference at all."
    ),
}


def judge(difference: Difference, side: Side, *, clear: bool | None = None) -> Verdict:
    """The verdict on a claim by the rule of its side. clear: whether the difference counts as clear, where that is not
    for its own interval to say: with a correction for many comparisons."""
    if clear is False and difference.is_clear:
        return Verdict.OPEN
    if side == "equal":
        return Verdict.FAILS if difference.is_clear else Verdict.OPEN
    if side == "different":
        nothing = difference.low == difference.high == 0
        return Verdict.HOLDS if difference.is_clear else Verdict.FAILS if nothing else Verdict.OPEN
    low, high = (difference.low, difference.high) if side == "higher" else (-difference.high, -difference.low)
    return Verdict.HOLDS if low > 0 else Verdict.FAILS if high <= 0 else Verdict.OPEN


NOTEBOOK, OFTEN_SAID = "the notebook", "often said"
"""Who makes a claim, where it is no lesson."""


@dataclass(frozen=True, eq=False)
class Claim:
    """One claim. name: its own, as in the address. by: NOTEBOOK, OFTEN_SAID, or the lesson that states or asks it, by
    its name. says: what is claimed, in a sentence. at: the lesson and the step that show it, by their names in the
    address: "dropout/masks". comparison, side: what was measured, and where the claim has it. remark: what the numbers
    do not say by themselves; where nothing was measured, why."""

    name: str
    by: str
    says: str
    at: str
    comparison: Comparison | None = None
    side: Side | None = None
    remark: str = ""

    @property
    def lesson(self) -> str:
        return self.at.partition("/")[0]

    @property
    def step(self) -> str:
        return self.at.partition("/")[2]

    @property
    def told(self) -> str:
        """What was measured, as the end of a sentence. Raises ValueError where nothing can be."""
        if self.comparison is None:
            raise ValueError(f"nothing was measured of {self.name}")
        return self.comparison.told

    @property
    def verdict(self) -> Verdict:
        """By the claim's own interval."""
        return self.judged(None if self.comparison is None else self.comparison.difference())

    def judged(self, difference: Difference | None, *, clear: bool | None = None) -> Verdict:
        """The verdict on a difference that was found; `clear` as for `judge`."""
        if self.comparison is None or self.side is None:
            return Verdict.NOT_MEASURED
        return Verdict.MISSING if difference is None else judge(difference, self.side, clear=clear)


def if_so(says: str, *claims: Claim, unless: Sequence[Claim] = ()) -> str:
    """What a lesson concludes from claims: `says` where all of them hold and none of `unless` does; otherwise what the
    numbers say of those that are in the way, so that no conclusion outlives its numbers."""
    in_the_way = [claim for claim in claims if claim.verdict is not Verdict.HOLDS]
    in_the_way += [claim for claim in unless if claim.verdict is Verdict.HOLDS]
    if not in_the_way:
        return says
    return " ".join(f"“{claim.says}” This {_verdict_of(claim.verdict)}." for claim in in_the_way)


def as_sentence(claim: Claim, difference: Difference | None, verdict: Verdict) -> str:
    """The verdict on a claim and how it follows, for who has opened the claim. Markdown."""
    if verdict in (Verdict.NOT_MEASURED, Verdict.MISSING) or difference is None:
        return f"**This {_verdict_of(verdict)}.** {claim.remark}".strip()
    if verdict is Verdict.OPEN and difference.is_clear:
        why = "its interval leaves out 0, but with so many comparisons that is not enough"
    elif claim.side in ("different", "equal"):
        why = f"0 is {'outside' if difference.is_clear else 'within'} the interval"
    else:
        side = "above" if claim.side == "higher" else "below"
        why = {
            Verdict.HOLDS: f"the whole interval is {side} 0",
            Verdict.FAILS: f"no part of the interval is {side} 0",
            Verdict.OPEN: "0 is within the interval",
        }[verdict]
    return f"**This {_verdict_of(verdict)}**: {why}. {claim.remark}".strip()


def _verdict_of(verdict: Verdict) -> str:
    return verdict.value if verdict in (Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_MEASURED) else f"is {verdict.value}"
