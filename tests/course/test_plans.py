"""The plans of 15 and 45 minutes: their steps exist, stand in order, and take no longer than that."""

import pytest
from lesson_steps import minutes_of, steps_of

from core.course.plans import MINUTES, around, plans, plans_with
from core.course.syllabus import lessons

EACH = [(lesson, minutes) for lesson in lessons() for minutes in MINUTES]


def test_every_lesson_has_both_plans():
    assert {lesson: tuple(plans(lesson)) for lesson in lessons()} == dict.fromkeys(lessons(), MINUTES)


@pytest.mark.parametrize(("lesson", "minutes"), EACH)
def test_a_plan_has_steps_of_the_lesson_in_their_order_and_its_length(lesson, minutes):
    plan, steps, takes = plans(lesson)[minutes], [*steps_of(lesson)], minutes_of(lesson)
    assert [step for step in steps if step in plan] == [*plan]
    assert 0.8 * minutes <= sum(takes[step] for step in plan) <= minutes


@pytest.mark.parametrize("lesson", lessons())
def test_the_longer_plan_has_what_the_shorter_one_has(lesson):
    assert {*plans(lesson)[15]} <= {*plans(lesson)[45]}


def test_the_plans_with_a_step():
    assert plans_with("l1_l2", "prices") == (15, 45)
    assert plans_with("l1_l2", "zero") == (45,)
    assert plans_with("l1_l2", "own-run") == ()


def test_next_and_back_without_a_plan_are_the_neighbours():
    assert around("abcd", 1, None) == (0, 2)
    assert around("abcd", 0, None) == (-1, 1)
    assert around("abcd", 3, None) == (2, 4)


def test_next_and_back_with_a_plan_are_its_nearest_steps():
    assert around("abcdef", 2, ("a", "e")) == (0, 4)  # from a step outside of it too
    assert around("abcdef", 4, ("a", "e")) == (0, 6)
    assert around("abcdef", 0, ("a", "e")) == (-1, 4)
