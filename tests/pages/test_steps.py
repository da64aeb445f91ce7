"""Lessons as steps: their number, what an address opens, what a step computes, what is hidden, what is set back."""

from __future__ import annotations

import pytest
from lesson_steps import steps_of
from page_reader import PAGES, charts, keys_of, open_at, open_page

from core.app import frame

LESSONS = {lesson.name: lesson.path for lesson in frame.LESSONS[1:]}
STEPS = [(lesson, step) for lesson in LESSONS for step in steps_of(lesson)]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_eight_to_fourteen_steps_with_titles_of_their_own(lesson):
    steps = steps_of(lesson)
    assert 8 <= len(steps) <= 14
    assert len({*steps.values()}) == len(steps)
    assert list(steps)[-1] == "now-you-can"


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_opens_at_its_first_step_and_lists_all(lesson):
    app = open_at(LESSONS[lesson])
    steps = steps_of(lesson)
    assert app.title[0].value == next(iter(steps.values()))
    listed = [button.label for button in app.button if button.key and button.key.startswith("to_")]
    assert listed == [f"{i}. {title}" for i, title in enumerate(steps.values(), start=1)]


@pytest.mark.parametrize(("lesson", "step"), STEPS)
def test_a_step_opens_by_its_name_and_its_controls_lead_back_to_it(lesson, step, monkeypatch):
    """An address that names only a setting opens the step that has it."""
    path, steps = LESSONS[lesson], steps_of(lesson)
    app = open_at(path, step=step)
    assert app.title[0].value == steps[step]
    assert not app.error and not app.warning
    for key, offered in keys_of(monkeypatch, path, step=step).items():
        opened = open_at(path, **{key: offered[0]}).title[0].value
        if opened != steps[step]:  # then an earlier one has it as well
            earlier = next(name for name, title in steps.items() if title == opened)
            assert [*steps].index(earlier) < [*steps].index(step), key
            assert key in keys_of(monkeypatch, path, step=earlier), key


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_whole_lesson_has_every_step_and_draws_more_than_any(lesson):
    app = open_page(LESSONS[lesson])
    assert [header.value for header in app.header] == [*steps_of(lesson).values()]
    assert all(len(charts(open_at(LESSONS[lesson], step=step))) < len(charts(app)) for step in steps_of(lesson))


def test_a_step_that_is_not_there_is_named_and_the_first_is_shown():
    app = open_at(PAGES[5], step="<b>x</b>")
    assert app.title[0].value == next(iter(steps_of("l1_l2").values()))
    assert "`step`" in app.warning[0].value


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_an_instructor_hides_is_no_step(lesson):
    app = open_at(LESSONS[lesson], hide="questions,code,faults", step="check-yourself")
    listed = {button.key for button in app.button}
    assert not {"to_check-yourself", "to_fill-in-the-code", "to_find-the-fault"} & listed
    assert app.title[0].value == next(iter(steps_of(lesson).values()))


def test_next_back_and_the_list_turn_the_step_and_what_was_seen_is_marked():
    app = open_at(PAGES[5])
    titles = [*steps_of("l1_l2").values()]
    app.button(key="step_next").click().run()
    assert app.title[0].value == titles[1]
    app.button(key="to_limit").click().run()
    assert app.title[0].value == steps_of("l1_l2")["limit"]
    seen = [app.button(key=f"to_{step}").icon for step in ("prices", "lambda1", "zero", "limit")]
    assert [icon == ":material/check:" for icon in seen] == [True, True, False, True]
    app.button(key="step_back").click().run()
    assert app.title[0].value == titles[titles.index(steps_of("l1_l2")["limit"]) - 1]


def test_what_is_set_in_a_step_is_kept_and_can_be_set_back():
    app = open_at(PAGES[5], step="lambda1", lambda1="0.001")
    app.segmented_control(key="l1_by").set_value("proximal").run()
    app.button(key="step_next").click().run()
    app.button(key="step_back").click().run()
    assert app.select_slider(key="lambda1").value == "0.001"
    assert app.segmented_control(key="l1_by").value == "proximal"
    app.button(key="step_reset").click().run()
    assert app.select_slider(key="lambda1").value == "3e-05"
    assert app.segmented_control(key="l1_by").value == "subgradient"


def test_a_choice_that_is_not_committed_and_a_typed_line_are_still_there_when_one_comes_back():
    app = open_at(PAGES[5], step="fill-in-the-code")
    field = app.text_area[0].key
    app.text_area(key=field).set_value("# not finished").run()
    app.button(key="step_next").click().run()
    question = app.radio[0].key
    app.radio(key=question).set_value(1).run()
    app.button(key="step_next").click().run()
    app.button(key="step_back").click().run()
    assert app.radio(key=question).value == 1 and not app.radio(key=question).disabled
    app.button(key="step_back").click().run()
    assert app.text_area(key=field).value == "# not finished"
