"""What a presented lesson and its notes have on them: the plans, the notes of a step, the handout."""

import pytest
from lesson_steps import minutes_of, steps_of
from page_reader import PAGES, open_at

from core.app import frame
from core.course.plans import plans

LESSONS = {lesson.name: lesson.path for lesson in frame.LESSONS[1:]}


def written(app):
    return "\n".join(markdown.value for markdown in app.markdown)


def labels(app):
    return {button.key: button.label for button in app.button if button.key}


def test_while_presenting_the_list_of_steps_says_which_plan_has_them():
    presented = labels(open_at(PAGES[5], present="true"))
    assert presented["to_prices"].endswith(" (in 15 and 45 minutes)")
    assert presented["to_zero"].endswith(" (in 45 minutes)")
    assert presented["to_own-run"].endswith("Your own run")
    assert not any("minutes)" in label for label in labels(open_at(PAGES[5])).values())


def test_a_plan_turns_its_steps_only_and_leaves_the_others_in_the_list():
    app = open_at(PAGES[5], plan="15")
    turned = [app.title[0].value]
    for _ in plans("l1_l2")[15][1:]:
        app.button(key="step_next").click().run()
        turned.append(app.title[0].value)
    assert turned == [steps_of("l1_l2")[step] for step in plans("l1_l2")[15]]
    assert "step_next" not in labels(app)  # then comes the next lesson
    assert {f"to_{step}" for step in steps_of("l1_l2")} <= {*labels(app)}


def test_a_plan_of_another_length_is_named_and_left_out():
    app = open_at(PAGES[5], plan="20")
    assert "`plan`" in app.warning[0].value
    app.button(key="step_next").click().run()
    assert app.title[0].value == [*steps_of("l1_l2").values()][1]


def test_the_notes_of_a_step_say_what_comes_next_and_have_the_plans():
    app = open_at(PAGES[5], step="lambda1", notes="true")
    assert app.title[0].value == steps_of("l1_l2")["lambda1"]
    text = written(app)
    for label in ("**Say**", "**Ask**", "**Where the class will be wrong**"):
        assert text.count(label) == 1
    assert f"Next: **{steps_of('l1_l2')['zero']}** ({minutes_of('l1_l2')['zero']} minutes)" in text
    total = sum(minutes_of("l1_l2")[step] for step in plans("l1_l2")[45])
    assert f"**In 45 minutes** (`plan=45`, {total} of them)" in text
    app.button(key="step_next").click().run()
    assert app.title[0].value == steps_of("l1_l2")["zero"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_handout_has_the_notes_of_every_step(lesson):
    app = open_at(LESSONS[lesson], notes="all")
    assert [header.value for header in app.header] == [
        f"{i}. {title}" for i, title in enumerate(steps_of(lesson).values(), start=1)
    ]
    text = written(app)
    assert text.count("**Say.**") == text.count("**Ask.**") == len(steps_of(lesson))
    assert text.count("**Where the class will be wrong.**") == len(steps_of(lesson))
    assert f"take {sum(minutes_of(lesson).values())} minutes" in text


def test_what_is_hidden_has_no_notes_either():
    titles = [header.value for header in open_at(PAGES[5], notes="all", hide="code").header]
    assert len(titles) == len(steps_of("l1_l2")) - 1
