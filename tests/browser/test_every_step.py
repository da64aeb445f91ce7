"""Every step of every lesson in a real browser: it fits the screen, is short, and its figures are mostly plot."""

import pytest
from lesson_steps import steps_of
from steps_seen import BESIDE_A_SLIDER, flat_plots, open_step, seen

from core.app import frame

LESSONS = [lesson.name for lesson in frame.LESSONS[1:]]
STEPS = {lesson: steps_of(lesson) for lesson in LESSONS}

DESKTOP, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
MOST_WORDS = 120
LEAST_PLOT = 0.65

LARGER_THAN_THE_SCREEN = {}
"""Lesson/step → why not all of it fits. At most three."""


def test_few_steps_are_larger_than_the_screen():
    assert len(LARGER_THAN_THE_SCREEN) <= 3
    assert all(step in STEPS[lesson] for lesson, step in (name.split("/") for name in LARGER_THAN_THE_SCREEN))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_step_fits_a_screen_is_short_and_its_charts_are_mostly_plot(server, page, lesson):
    page.set_viewport_size(DESKTOP)
    faults = {}
    for step in STEPS[lesson]:
        open_step(page, f"{server.url}/{lesson}?step={step}")
        found = seen(page)
        outside = [] if f"{lesson}/{step}" in LARGER_THAN_THE_SCREEN else found.outside(**DESKTOP)
        wordy = [f"{found.words} words"] if found.words > MOST_WORDS else []
        if problems := outside + wordy + flat_plots(page, LEAST_PLOT):
            faults[step] = problems
    assert not faults


@pytest.mark.parametrize("lesson", LESSONS)
def test_on_a_phone_a_step_has_its_slider_and_its_figure_in_one_view_and_does_not_scroll_sideways(server, page, lesson):
    page.set_viewport_size(PHONE)
    faults = {}
    for step in STEPS[lesson]:
        open_step(page, f"{server.url}/{lesson}?step={step}")
        problems = ["scrolls sideways"] if seen(page).sideways else []
        share = page.evaluate(BESIDE_A_SLIDER)
        if share is not None and share < 0.75:
            problems.append(f"{share:.0%} of the figure is seen beside the slider")
        if problems:
            faults[step] = problems
    assert not faults
