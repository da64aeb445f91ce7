"""Two regularizers at once: what they gain together that neither gains alone, where one undoes the other, and whether
stopping early still helps beside a technique."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from core.config import SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claims import MISSING, Difference, Measure, paired_difference, spread
from core.course.grid import STOPPED, STRENGTHS, TEST, Place, and_list, candidates, chosen, mean_points, points
from core.course.over_seeds import measured, own_runs, own_settings, runs_at
from core.course.strengths import at_strength
from core.results.library import stored_runs
from core.results.measurement import Spec
from core.results.relative_steps import RelativeSteps, RelativeStepsSpec
from core.results.run import Run
from core.results.variance_shift import VarianceShift, VarianceShiftSpec
from core.techniques import (
    ADAMW,
    AUGMENTATION,
    BATCH_NORM,
    DROPOUT,
    L1,
    L1_PROXIMAL,
    L2,
    MAX_NORM,
    PLAIN,
    Technique,
)

# --- pairs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """Two techniques in the small and noisy setting. strength: of the first, None where it has none; the second has
    the strengths of the grid."""

    first: Technique
    second: Technique
    strength: float | None = None

    @property
    def name(self) -> str:
        return f"{self.first.name} and {self.second.name}"

    @property
    def stops(self) -> tuple[float, ...]:
        """The strengths of the second technique, from none at all."""
        return (0.0, *STRENGTHS[self.second])

    @property
    def first_in_words(self) -> str:
        if self.strength is None:
            return self.first.name
        return f"{self.first.name} {at_strength(self.first, self.strength)}"

    def second_in_words(self, stop: float) -> str:
        return f"{self.second.name} {at_strength(self.second, stop)}"

    def config(self, stop: float, *, both: bool) -> RunConfig:
        """With the second technique at a stop; `both`: and with the first."""
        base = self.second.at(SMALL_AND_NOISY, stop)
        if not both:
            return base
        return self.first.on(base) if self.strength is None else self.first.at(base, self.strength)

    def accuracies(self, stop: float, *, both: bool) -> list[float]:
        """On the test images at the last epoch, one for each seed that is stored."""
        return list(map(TEST.of, runs_at(self.config(stop, both=both))))


DROPOUT_MAX_NORM = Pair(DROPOUT, MAX_NORM, DROPOUT.small)
BATCH_NORM_L2 = Pair(BATCH_NORM, L2)
BATCH_NORM_DROPOUT = Pair(BATCH_NORM, DROPOUT)
PAIRS = (
    DROPOUT_MAX_NORM,
    BATCH_NORM_L2,
    BATCH_NORM_DROPOUT,
    Pair(DROPOUT, L2, DROPOUT.small),
    Pair(DROPOUT, AUGMENTATION, DROPOUT.small),
)
NAMED = {pair.name: pair for pair in PAIRS}
OWN_MIXTURE = own_settings("norm", "norm_position", "dropout", "l1", "l1_method", "l2", "l2_method")
"""The settings of a student's own mixture."""


def runs() -> set[RunConfig]:
    """Every pair at every strength, over all seeds; and every stop of each widget of a mixture, by itself."""
    pairs = {run for pair in PAIRS for stop in pair.stops for run in seeds_of(pair.config(stop, both=True))}
    return pairs | own_runs(SMALL_AND_NOISY, OWN_MIXTURE)


@cache
def _turning() -> frozenset[RunConfig]:
    """The trainings whose relative steps are measured: batch norm at every L2 penalty."""
    return frozenset(run for at in BATCH_NORM_L2.stops for run in seeds_of(BATCH_NORM_L2.config(at, both=True)))


@cache
def _shifted() -> frozenset[RunConfig]:
    """The runs whose variances are measured: batch norm at every p."""
    of = BATCH_NORM_DROPOUT
    return frozenset(run for at in of.stops for run in seeds_of(of.config(at, both=True)))


def measurements_of(run: RunConfig) -> list[Spec]:
    """What shows why two techniques do what they do together."""
    turning = [RelativeStepsSpec(run)] if run in _turning() else []
    return turning + ([VarianceShiftSpec(run)] if run in _shifted() else [])


@dataclass(frozen=True)
class Together:
    """Gains over the plain network in test accuracy, paired over seeds: of each technique alone, of both, and by how
    much the gain of both exceeds the sum of the two."""

    first: Difference
    second: Difference
    both: Difference
    beyond_sum: Difference


def together(pair: Pair, stop: float) -> Together | None:
    """What a pair comes to at a strength of the second; None where a run is missing or the strength is 0."""
    plain, second = pair.accuracies(0, both=False), pair.accuracies(stop, both=False)
    first, both = pair.accuracies(0, both=True), pair.accuracies(stop, both=True)
    found = plain, first, second, both
    if not stop or len({len(some) for some in found}) > 1 or len(plain) < 2:
        return None
    sums = [a + b - p for p, a, b in zip(plain, first, second, strict=True)]
    return Together(
        *(paired_difference(plain, some) for some in (first, second, both)),
        beyond_sum=paired_difference(sums, both),
    )


def in_words(pair: Pair, stop: float) -> str:
    """What a pair gains, and whether that is more or less than the sum: in Markdown."""
    found = together(pair, stop)
    if found is None:
        return f"{MISSING.capitalize()}." if stop else f"Without {pair.second.name} there is no pair yet."
    beyond = found.beyond_sum.verdict("more than the sum of the two", "less than the sum of the two")
    beyond = beyond.replace("no clear difference", "not clearly different from the sum of the two")
    return (
        f"The test accuracy differs from the plain network's by {mean_points(found.first)} points with "
        f"{pair.first_in_words} alone, and by {mean_points(found.second)} with {pair.second_in_words(stop)} alone. "
        f"**With both it differs by {points(found.both)}.** "
        f"That is {beyond}."
    )


# --- why ------------------------------------------------------------------------------------------------------------


def relative_steps(stop: float) -> list[RelativeSteps]:
    """What is stored of batch norm's trainings with L2 of that λ₂, over seeds."""
    return measured(RelativeStepsSpec(run) for run in seeds_of(BATCH_NORM_L2.config(stop, both=True)))


def variance_shifts(stop: float) -> list[VarianceShift]:
    """What is stored of batch norm's networks with dropout of that p, over seeds."""
    return measured(VarianceShiftSpec(run) for run in seeds_of(BATCH_NORM_DROPOUT.config(stop, both=True)))


LENGTH: Measure[RelativeSteps] = Measure("length", lambda s: float(s.norm[-1, 0]), digits=None)
RELATIVE: Measure[RelativeSteps] = Measure(
    "relative step", lambda s: float(s.relative_step[-1, 0]), "%", 100, digits=None
)
RATIO: Measure[VarianceShift] = Measure("ratio of the variances", lambda s: s.ratio(2), digits=2)
FIRST_RATIO: Measure[VarianceShift] = Measure("ratio of the variances", lambda s: s.ratio(1), digits=2)
LOSS_AS_TRAINED: Measure[VarianceShift] = Measure("test loss", lambda s: float(s.as_trained[0]), "nats", digits=3)
LOSS_ANEW: Measure[VarianceShift] = Measure("test loss", lambda s: float(s.measured_anew[0]), "nats", digits=3)


def steps_in_words(stop: float) -> str:
    """What L2 does to the first layer's weights and steps under batch norm, in the last epoch."""
    without, found = relative_steps(0), relative_steps(stop)
    if not found or not without or not stop:
        return ""
    return (
        f"With L2 the first layer's weights have a length of {LENGTH.over(found)} at the end, without it "
        f"{LENGTH.over(without)}. A step moves them by {RELATIVE.over(found)} of their length, without L2 by "
        f"{RELATIVE.over(without)}."
    )


def shift_in_words(stop: float) -> str:
    """By how much batch norm's variance is wrong in evaluation mode, and what that costs."""
    found = variance_shifts(stop)
    if not found:
        return ""
    cost = paired_difference([s.measured_anew[0] for s in found], [s.as_trained[0] for s in found])
    return (
        f"In evaluation mode, the second norm divides by a variance that is {RATIO.over(found)} times the one that is "
        f"there. For the first norm, before which nothing is masked, it is {FIRST_RATIO.over(found)} times. The test "
        f"loss is {LOSS_AS_TRAINED.over(found)}; with the variance measured anew, without masks, it is "
        f"{LOSS_ANEW.over(found)}. The statistics of training give a loss that is "
        f"{_cost(cost.verdict('higher', 'lower', scale=1, unit='nats', digits=3))}."
    )


def _cost(verdict: str) -> str:
    return verdict.replace("no clear difference", "not clearly different")


# --- a warning where a student sets both ----------------------------------------------------------------------------

_SCALE_FREE = (L1, L1_PROXIMAL, L2, ADAMW, MAX_NORM)
"""What acts on the length of weights."""


def cautions(config: RunConfig) -> list[str]:
    """What a student should know who sets two techniques that get in each other's way: sentences."""
    found = []
    if BATCH_NORM.is_in(config) and DROPOUT.is_in(config):
        found.append(
            "**Dropout before batch norm.** Masks raise the variance that batch norm keeps, and in evaluation mode "
            "they are gone: the variance that it divides by is too large then. The page *Compare* shows it under *Two "
            "techniques at once*."
        )
    named = [one.name for one in _SCALE_FREE if one.is_in(config)]
    if config.norm != "none" and named:
        found.append(
            f"**{' and '.join(named)} with {_norm(config)}.** The length of the weights that lead into a normalisation "
            "does not change what the network computes. There a penalty or limit on that length changes how far a step "
            "moves the weights relative to their length. It acts as usual on the last layer only."
        )
    return found


def _norm(config: RunConfig) -> str:
    return f"{config.norm} norm"


# --- early stopping beside a technique ------------------------------------------------------------------------------


def stopping_gains(place: Place) -> dict[str, Difference]:
    """What stopping early gains in test accuracy over training to the end, for each technique at the strength that
    validation chose there: paired over seeds, the largest mean first. Those with missing runs are left out."""
    found = {}
    for technique in STRENGTHS:
        if some := _runs_of(technique, place):
            found[technique.name] = paired_difference(*(list(map(of.of, some)) for of in (TEST, STOPPED)))
    return dict(sorted(found.items(), key=lambda named: -named[1].mean))


def _runs_of(technique: Technique, place: Place) -> list[Run]:
    way = chosen(technique, place)
    return stored_runs(candidates(technique, place)[way.strength]) if way else []


def stopping_in_words(place: Place) -> str:
    """For how many techniques stopping early still gains clearly, for whom most, and how the best stopped network
    compares: in Markdown."""
    found = stopping_gains(place)
    if not found:
        return f"{MISSING.capitalize()}."
    gained = sum(change.low > 0 for change in found.values())
    level = [name for name, change in found.items() if not change.is_clear]
    first, change = next(iter(found.items()))
    told = [f"Of {len(found)} networks {gained or 'none'} are clearly better when stopped early."]
    if level:
        told.append(f"It makes no clear difference for {and_list(level)}.")
    if gained:
        told.append(f"Most is gained by {first}, whose last epoch is that much worse than its best: {points(change)}.")
    return " ".join([*told, _best_stopped(place, list(found))])


def _best_stopped(place: Place, names: list[str]) -> str:
    runs_by_name = {t.name: _runs_of(t, place) for t in STRENGTHS if t.name in names}
    means = {name: STOPPED.mean(some) for name, some in runs_by_name.items()}
    best, plain = max(means, key=means.get), runs_by_name.get(PLAIN.name)
    if not plain or best == PLAIN.name:
        return ""
    told = spread(list(map(STOPPED.of, runs_by_name[best]))).percent()
    change = paired_difference(*(list(map(STOPPED.of, some)) for some in (plain, runs_by_name[best])))
    return (
        f"**Stopped early, {best} has the highest mean, {told}.** The difference from plain, stopped early as well, is "
        f"{points(change)}."
    )
