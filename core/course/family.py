"""A family of comparisons: many differences that are looked at together, and which are clear once that is allowed for.

Of m differences that are not there, m/20 are expected to have a 95 % interval without 0. Holm's correction
(core/maths/comparisons.py) holds the chance that even one of them passes for clear to 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from core.course.claims import Difference
from core.maths.comparisons import LEVEL, holm, t_quantile

K = TypeVar("K", bound=Hashable)
"""What a difference is called by: a technique, or a pair of them."""


@dataclass(frozen=True)
class Family(Generic[K]):
    """Paired differences by what is compared. All that a reader sees at once belong in: leaving out those that came to
    nothing makes the others look surer than they are."""

    differences: Mapping[K, Difference]

    @property
    def by_chance(self) -> float:
        """How many intervals would be expected to leave out 0 if no difference were there."""
        return LEVEL * len(self.differences)

    @cached_property
    def adjusted(self) -> dict[K, float]:
        """Holm's adjusted p values, from 0 to 1."""
        p_values = [difference.p_value for difference in self.differences.values()]
        return dict(zip(self.differences, holm(p_values).tolist(), strict=True))

    def clear(self, *, corrected: bool) -> list[K]:
        """What is clearly different: by each 95 % interval alone, or with Holm's correction."""
        return [
            key
            for key, difference in self.differences.items()
            if difference.is_clear and (not corrected or self.adjusted[key] <= LEVEL)
        ]

    def interval(self, key: K) -> tuple[float, float]:
        """The ends of an interval that is wide enough for all of the family: with probability 95 % or more every one of
        them holds its true difference (Bonferroni: each at the level 1 − 0.05/m).

        Holm's correction has no such simple intervals, and finds at least as much: what it calls clear may have one of
        these with 0 in it, never the other way round.
        """
        difference = self.differences[key]
        if difference.standard_error == 0:
            return difference.mean, difference.mean
        half = t_quantile(LEVEL / len(self.differences), difference.n - 1) * difference.standard_error
        return difference.mean - half, difference.mean + half

    @property
    def chance_of_a_mistake(self) -> float:
        """The chance that at least one interval leaves out 0 though no difference is there, for comparisons that do not
        depend on each other: 1 − 0.95^m."""
        return -math.expm1(len(self.differences) * math.log1p(-LEVEL))
