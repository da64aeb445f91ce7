"""Claims over seeds: a number, its spread, and words that follow from the spread."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from core.maths.comparisons import t_two_sided
from core.results.run import Run

R = TypeVar("R")
"""What a number is measured of: a run, or the result of a measurement."""

MISSING = "not computed here (`python -m core.precompute` computes it)"
"""What stands in a sentence for a number that is not stored."""


def percent(fraction: float, digits: int = 1) -> str:
    return f"{100 * fraction:.{digits}f} %"


class NotStored(ValueError):
    """There is no result to take a number from."""


T_QUANTILE = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""Number of values → Student's t at 97.5 % with one degree of freedom less (any table of the t distribution)."""


@dataclass(frozen=True)
class Spread:
    """A quantity over seeds: mean and sample standard deviation (nan for one value)."""

    mean: float
    sd: float
    n: int

    def percent(self, digits: int = 1) -> str:
        """As percentages: "71.2 ± 0.9 %"."""
        return f"{100 * self.mean:.{digits}f}{self._sd(100, digits)} %"

    def points(self, digits: int = 1) -> str:
        """A difference of percentages: "+7.1 ± 0.9 points"."""
        return f"{100 * self.mean:+.{digits}f}{self._sd(100, digits)} points"

    def plain(self, digits: int = 2) -> str:
        return f"{self.mean:.{digits}f}{self._sd(1, digits)}"

    def significant(self, digits: int = 3) -> str:
        """With so many significant digits of the mean: "0.00589 ± 0.00002", "1234 ± 5"."""
        size = math.floor(math.log10(abs(self.mean))) if self.mean else 0
        return self.plain(max(0, digits - 1 - size))

    def _sd(self, scale: float, digits: int) -> str:
        return f" ± {scale * self.sd:.{digits}f}" if self.n > 1 else ""


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation. Raises NotStored for no values."""
    if not len(values):
        raise NotStored("there is nothing to take the mean of")
    array = np.asarray(values, dtype=np.float64)
    return Spread(float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else math.nan, len(array))


@dataclass(frozen=True)
class Difference:
    """Paired differences over seeds (second minus first, same seed): mean, 95 % t-interval, how many are above 0."""

    mean: float
    low: float
    high: float
    n: int
    n_above: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def interval(self, scale: float = 1.0) -> tuple[float, float, float]:
        """The mean and the ends of its 95 % interval, times `scale`."""
        return scale * self.mean, scale * self.low, scale * self.high

    @property
    def standard_error(self) -> float:
        """Of the mean."""
        return (self.high - self.low) / 2 / T_QUANTILE[self.n]

    @property
    def p_value(self) -> float:
        """Of Student's paired test: how probable a mean at least as far from 0 is where there is no difference. Without
        any spread it is 0, or 1 for a mean of 0."""
        if self.standard_error == 0:
            return float(self.mean == 0)
        return t_two_sided(self.mean / self.standard_error, self.n - 1)

    def verdict(
        self,
        higher: str,
        lower: str,
        *,
        scale: float = 100.0,
        unit: str = "points",
        digits: int = 1,
        over: str = "seeds",
    ) -> str:
        """In words: what is `higher` or `lower` and by how much, or that there is no clear difference. over: what the
        pairs are."""
        mean, low, high = (signed(scale * x, digits) for x in (self.mean, self.low, self.high))
        numbers = f"{mean} {unit}".rstrip() + f", 95 % interval {low} to {high}, {self.n} {over}"
        if not self.is_clear:
            return f"no clear difference ({numbers})"
        return f"{higher if self.mean > 0 else lower} ({numbers})"


def paired_difference(first: Sequence[float], second: Sequence[float]) -> Difference:
    """second − first for each seed, with Student's 95 % interval of the mean. Raises ValueError for unequal or single
    values."""
    if len(first) != len(second) or len(first) not in T_QUANTILE:
        raise ValueError(f"paired values of 2 to 10 seeds are needed, not {len(first)} and {len(second)}")
    differences = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    mean = float(differences.mean())
    half = T_QUANTILE[len(differences)] * float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return Difference(mean, mean - half, mean + half, len(differences), int((differences > 0).sum()))


def single_run_margin(values: Sequence[float]) -> float:
    """How far apart two single runs of equally good networks must be expected to lie: in 95 of 100 pairs, no further.

    values: one number over seeds, from which the spread s of a single run is estimated; the margin is t·√2·s, as the
    difference of two runs has the variance of both. Raises ValueError for fewer than 2 or more than 10 values.
    """
    if len(values) not in T_QUANTILE:
        raise ValueError(f"2 to 10 values are needed, not {len(values)}")
    return T_QUANTILE[len(values)] * math.sqrt(2) * spread(values).sd


def signed(x: float, digits: int = 1) -> str:
    """With its sign, and no sign where it rounds to 0: "+8.9", "−0.6", "0.0"."""
    return f"{x:+.{digits}f}".replace("-", "−") if abs(x) >= 0.5 * 10**-digits else f"{0:.{digits}f}"


# --- what is measured and compared ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure(Generic[R]):
    """One number of a result, and how it is printed: times `scale`, with `digits` decimals (None: three significant
    digits), in `unit`."""

    label: str
    of: Callable[[R], float]
    unit: str = ""
    scale: float = 1.0
    digits: int | None = 1

    def mean(self, results: Sequence[R]) -> float:
        """The mean over results, in their own unit. Raises NotStored without any."""
        return spread(list(map(self.of, results))).mean

    def over(self, results: Sequence[R]) -> str:
        """Mean ± standard deviation over results: "88.9 ± 0.2 %"; MISSING without any."""
        if not results:
            return MISSING
        found = spread([self.scale * float(self.of(result)) for result in results])
        number = found.significant() if self.digits is None else found.plain(self.digits)
        return f"{number} {self.unit}".rstrip()


FIRST_EPOCH: Measure[Run] = Measure("accuracy after epoch 1", lambda run: run.records[0].held_out_accuracy, "%", 100)
FIVE_EPOCHS: Measure[Run] = Measure(
    "accuracy, mean of epochs 1 to 5", lambda run: float(run.curve("held_out_accuracy")[:5].mean()), "%", 100
)
LAST_FIVE: Measure[Run] = Measure(
    "accuracy, mean of the last five epochs", lambda run: float(run.curve("held_out_accuracy")[-5:].mean()), "%", 100
)
"""Steadier than the last epoch alone: for small effects."""
BEST_ACCURACY: Measure[Run] = Measure("accuracy, best epoch", lambda run: run.best.held_out_accuracy, "%", 100)
LAST_ACCURACY: Measure[Run] = Measure("accuracy, last epoch", lambda run: run.last.held_out_accuracy, "%", 100)
TRAIN_ACCURACY: Measure[Run] = Measure("training accuracy, last epoch", lambda run: run.last.train_accuracy, "%", 100)
MEMORISED: Measure[Run] = Measure("wrong labels reproduced, last epoch", lambda run: run.last.memorised, "%", 100)
BEST_EPOCH: Measure[Run] = Measure("best epoch", lambda run: run.best_epoch, "")
BEST_LOSS: Measure[Run] = Measure("loss, best epoch", lambda run: run.best.held_out_loss, "", digits=3)
LAST_LOSS: Measure[Run] = Measure("loss, last epoch", lambda run: run.last.held_out_loss, "", digits=3)
RISE: Measure[Run] = Measure(
    "loss, last minus best epoch", lambda run: run.last.held_out_loss - run.best.held_out_loss, "", digits=3
)
TEST_LAST: Measure[Run] = Measure("test accuracy, last epoch", lambda run: run.test_last.accuracy, "%", 100)
TEST_BEST: Measure[Run] = Measure("test accuracy, best epoch", lambda run: run.test_best.accuracy, "%", 100)
GAP: Measure[Run] = Measure("accuracy gap", lambda run: run.gap, "points", 100)
LOSS_GAP: Measure[Run] = Measure(
    "gap, held-out minus training loss", lambda run: run.last.held_out_loss - run.last.train_loss, "nats", digits=2
)


def _seed(result: Any) -> int:
    """The seed of a run, or of the run that a measurement is of."""
    return (result.config if hasattr(result, "config") else result.spec.run).seed


def compare(measure: Measure[R], first: Sequence[R], second: Sequence[R]) -> Difference | None:
    """second − first, paired by the seeds that both have; None where there are fewer than two of them."""
    return compare_two(measure, first, measure, second)


def compare_two(before: Measure[R], first: Sequence[R], after: Measure[R], second: Sequence[R]) -> Difference | None:
    """One number of the second results minus another number of the first ones, paired by the seeds that both have; None
    where there are fewer than two of them."""
    firsts, seconds = (
        {_seed(result): float(measure.of(result)) for result in results}
        for measure, results in ((before, first), (after, second))
    )
    shared = sorted(firsts.keys() & seconds.keys())
    if len(shared) < 2:
        return None
    return paired_difference([firsts[seed] for seed in shared], [seconds[seed] for seed in shared])


def verdict(measure: Measure[R], first: Sequence[R], second: Sequence[R], higher: str, lower: str) -> str:
    """In words how the second results' number differs from the first's: by how much, how surely, or that it cannot be
    told."""
    return in_words(compare(measure, first, second), measure, higher, lower)


def sentence(subject: str, told: str) -> str:
    """A verdict as the end of a sentence on its subject: "The loss is lower (…)", "The loss shows no clear
    difference (…)"."""
    return f"{subject} {'shows' if told.startswith('no clear difference') else 'is'} {told}"


def in_words(difference: Difference | None, measure: Measure, higher: str, lower: str, *, over: str = "seeds") -> str:
    """A difference of a measure's numbers in words; MISSING without one. over: what the pairs are."""
    if difference is None:
        return MISSING
    unit = "points" if measure.unit == "%" else measure.unit
    digits = 3 if measure.digits is None else measure.digits
    return difference.verdict(higher, lower, scale=measure.scale, unit=unit, digits=digits, over=over)
