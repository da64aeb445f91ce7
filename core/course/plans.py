"""Each lesson in 15 and in 45 minutes: which of its steps, by their names in the address, in the order of the lesson.

How long a step takes stands in its notes, at the step.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.course.syllabus import lessons

MINUTES = (15, 45)
"""The lengths that there are plans for."""


def plans(lesson: str) -> dict[int, tuple[str, ...]]:
    """Minutes → the steps of a lesson's plan, as its module in core/course has them; no plan for another page."""
    module = lessons().get(lesson)
    return module.PLANS if module else {}


def plans_with(lesson: str, step: str) -> tuple[int, ...]:
    """The lengths of the plans of a lesson that have a step."""
    return tuple(minutes for minutes, steps in plans(lesson).items() if step in steps)


def around(steps: Sequence[str], at: int, planned: Sequence[str] | None) -> tuple[int, int]:
    """The places of the step before and of the step after the one at place `at` of `steps`; where a plan is followed,
    of the nearest ones that it has. At the ends −1 and the number of steps."""
    kept = [i for i, step in enumerate(steps) if planned is None or step in planned]
    return max((i for i in kept if i < at), default=-1), min((i for i in kept if i > at), default=len(steps))
