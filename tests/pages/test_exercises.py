"""The exercises on the pages: each is there, can be answered, and says what it should; what a file or an address holds
breaks none of them."""

import re

import pytest
from page_reader import PAGES, ROOT, open_page
from streamlit.testing.v1 import AppTest

from core.app import frame
from core.course.progress import Answer, Progress, exercise_ids, from_text, to_text
from core.course.syllabus import exercises, faults_of, lessons, questions_of, typed_code_of
from core.typed_code.exercises import judge

LESSONS = {lesson.name: lesson.path for lesson in frame.LESSONS if lesson.name in lessons()}
FAULT_NAMES = [(lesson, name) for lesson in lessons() for name in faults_of(lesson)]
CODE_NAMES = [(lesson, name) for lesson in lessons() for name in typed_code_of(lesson)]


def alone(what: str, lesson: str, **params) -> AppTest:
    """The exercises of one kind without the rest of their page."""
    function = {"faults": "find_the_fault", "code": "fill_in"}[what]
    app = AppTest.from_string(f"from core.app.{what} import {function}\n{function}({lesson!r})", default_timeout=60)
    app.query_params.update(params)
    return app.run()


def figures_of(app) -> int:
    """How many charts and scenes it draws."""
    scenes = [c for c in app.get("bidi_component") if c.proto.component_name.endswith("reglab_scene")]
    return len(app.get("vega_lite_chart")) + len(scenes)


def said(app) -> str:
    return " ".join(m.value for m in app.markdown)


# --- what is there --------------------------------------------------------------------------------------------------


def test_every_lesson_has_exercises():
    assert list(LESSONS) == list(exercises())


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_page_asks_the_questions_of_the_syllabus_in_its_order(lesson):
    app = open_page(LESSONS[lesson])
    asked = [b.key.removesuffix("!") for b in app.button if re.match(rf"{lesson}/(?!fault-|code-).*!$", b.key or "")]
    assert asked == [f"{lesson}/{name}" for name in questions_of(lesson)]
    for radio in app.radio:
        assert radio.value is None and len(radio.options) >= 3


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_committed_answer_brings_its_words_and_the_right_one(lesson):
    app = open_page(LESSONS[lesson])
    radio = next(r for r in app.radio if r.key.startswith(f"{lesson}/") and "/fault-" not in r.key)
    exercise = radio.key.removesuffix("?")
    assert app.button(key=f"{exercise}!").disabled
    verdicts = []
    for option in range(len(radio.options)):
        app.radio(key=f"{exercise}?").set_value(option).run()
        app.button(key=f"{exercise}!").click().run()
        assert app.session_state["_answers"][exercise].given == option
        verdicts.append("**Right.**" in said(app))
        assert app.radio(key=f"{exercise}?").disabled
        assert verdicts[-1] != ("Show the answer" in [e.label for e in app.expander])
        app.button(key=f"{exercise}~").click().run()
    assert sum(verdicts) == 1


@pytest.mark.parametrize("lesson", [name for name in LESSONS if any(q.startswith("draw-") for q in questions_of(name))])
def test_a_drawn_prediction_is_laid_beside_what_was_measured(lesson):
    app = open_page(LESSONS[lesson])
    exercise = next(f"{lesson}/{name}" for name in questions_of(lesson) if name.startswith("draw-"))
    app.slider(key=f"{exercise}=0").set_value(app.slider(key=f"{exercise}=0").min).run()
    app.button(key=f"{exercise}!").click().run()
    answer = app.session_state["_answers"][exercise]
    assert len(answer.given) == len([s for s in app.slider if s.key.startswith(f"{exercise}=")])
    assert re.search(r"You are off by \*\*[\d.]+( points)?\*\* on average", said(app))
    app.button(key=f"{exercise}~").click().run()
    assert exercise not in app.session_state["_answers"]


@pytest.mark.parametrize(("lesson", "name"), FAULT_NAMES)
def test_a_fault_shows_its_code_and_figure_then_the_mended_ones(lesson, name):
    app = alone("faults", lesson, fault=name.replace("-", " "))
    fault = faults_of(lesson)[name]
    assert [c.value for c in app.code] == [fault.code] and not app.exception
    figures = figures_of(app)
    assert figures >= 1 and not app.info
    right = next(i for i, option in enumerate(fault.options) if option.right)
    app.radio(key=f"{lesson}/fault-{name}?").set_value(right).run()
    app.button(key=f"{lesson}/fault-{name}!").click().run()
    assert not app.exception and not app.info
    assert [c.value for c in app.code] == [fault.code, fault.mended] and "**Right.**" in said(app)
    assert figures_of(app) > figures


@pytest.mark.parametrize(("lesson", "name"), CODE_NAMES)
def test_code_is_checked_with_hints_and_a_solution_at_last(lesson, name):
    key = f"{lesson}/code-{name}"
    app = alone("code", lesson, exercise=name.replace("-", " "))
    exercise = typed_code_of(lesson)[name]
    assert app.text_area(key=f"{key}=").value == exercise.template
    app.button(key=f"{key}!").click().run()
    assert "**Not yet.**" in said(app)
    for n in (1, 2, 3):
        assert not app.expander
        app.button(key=f"{key}?").click().run()
        assert f"**Hint {n} of 3.**" in said(app)
    assert [c.value for c in app.code] == [exercise.solution.strip()]
    app.text_area(key=f"{key}=").set_value(exercise.solution).run()
    assert "You have changed the code since" in " ".join(c.value for c in app.caption)
    app.button(key=f"{key}!").click().run()
    assert "**Right.**" in said(app) and app.session_state["_answers"][key].right
    assert bool([t for t in app.toggle if t.key == f"{key}%"]) == (
        judge(exercise, exercise.solution).config is not None
    )
    app.button(key=f"{key}~").click().run()
    assert app.text_area(key=f"{key}=").value == exercise.template


def test_a_right_answer_is_trained_then_and_there_and_joins_the_figure():
    """Where the run is stored; a live one is tested with the other runs."""
    app = alone("code", "dropout", exercise="dropout layers")
    key = "dropout/code-dropout-layers"
    app.text_area(key=f"{key}=").set_value(typed_code_of("dropout")["dropout-layers"].solution)
    app.button(key=f"{key}!").click().run()
    app.toggle(key=f"{key}%").set_value(True).run()
    assert not app.exception and len(app.get("vega_lite_chart")) == 2
    assert "your network (dropout) beside the plain network" in " ".join(c.value for c in app.caption)


# --- what an instructor hides ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_the_address_hides_is_left_out_with_its_heading(lesson):
    app = open_page(LESSONS[lesson], hide="questions,faults,code,downloads")
    headings = [h.value for h in app.header]
    assert not {"Check yourself", "Find the fault", "Fill in the code"} & {*headings}
    assert not app.radio and not app.text_area
    assert "Take it home" not in [e.label for e in app.expander]
    app = open_page(LESSONS[lesson], hide="nonsense")
    assert {"Check yourself", "Find the fault", "Fill in the code"} <= {h.value for h in app.header}


def test_hidden_solutions_leave_the_hints():
    app = AppTest.from_string(
        "import streamlit as st\nst.session_state._hidden = ('solutions',)\nfrom core.app.code import fill_in\n"
        "fill_in('dropout')",
        default_timeout=60,
    ).run()
    for _ in range(3):
        app.button(key="dropout/code-dropout-layers?").click().run()
    assert "**Hint 2 of 2.**" in said(app) and not app.expander


# --- what a file may hold -------------------------------------------------------------------------------------------


MISFITS = (39, (), (0.0,) * 40, (1e9 - 1,) * 5, "", "x" * 4_000, "\x00", 0)


@pytest.mark.parametrize("shift", [0, 3])
@pytest.mark.parametrize("path", PAGES)
def test_an_answer_that_does_not_fit_its_exercise_counts_as_none_and_breaks_nothing(path, shift):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.session_state["_answers"] = {
        name: Answer(MISFITS[(i + shift) % len(MISFITS)], True) for i, name in enumerate(exercise_ids())
    }
    app.run()
    if path != PAGES[0]:
        app.switch_page(path).run()
    assert not app.exception, app.exception[0].value


def test_the_overview_counts_what_is_answered():
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    kept = {"dropout/paper-p": Answer(2, True), "dropout/zero-weights": Answer(0, False)}
    app.run()
    assert not any("answered" in c.value or "0 of" in c.value for c in app.caption)
    loading = [c.value for c in app.caption if c.value == "Loading your answers …"]
    assert len(loading) == len(LESSONS)
    app.session_state["_answers"] = dict(from_text(to_text(Progress(kept)).encode())[0].answers)
    app.session_state["_is_loaded"] = True  # the browser has handed over what it had
    app.run()
    captions = [c.value for c in app.caption]
    assert any(c.endswith(f"1 right, 2 answered, of {len(exercises()['dropout'])} exercises") for c in captions)
    baseline = f"{len(exercises()['baseline'])} exercises"
    assert any(c == baseline or c.endswith(f" · {baseline}") for c in captions)
