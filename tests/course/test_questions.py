"""Options, faults and curves to draw: one right answer each, words for every wrong one, names that the course knows."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.app.faults import PICTURES
from core.course.faults import FAULTS
from core.course.fill_in import FILL_IN
from core.course.questions import Curve, shown_order
from core.course.syllabus import EXERCISES, QUESTIONS

PAGES = Path(__file__).resolve().parents[2] / "pages"
ALL_FAULTS = [fault for faults in FAULTS.values() for fault in faults]


def test_there_are_at_least_twelve_faults_and_five_questions_a_lesson():
    assert len(ALL_FAULTS) >= 12
    assert all(len(names) >= 5 for names in QUESTIONS.values())
    assert QUESTIONS.keys() == FAULTS.keys() == FILL_IN.keys()


def test_no_exercise_has_the_name_of_another():
    for lesson, names in EXERCISES.items():
        assert len(set(names)) == len(names), lesson


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_one_right_option_words_for_each_and_a_picture_before_and_after(fault):
    assert sum(option.right for option in fault.options) == 1 and len(fault.options) >= 3
    assert len({option.text for option in fault.options}) == len(fault.options)
    assert all(len(option.feedback) > 20 for option in fault.options)
    assert fault.name in PICTURES and fault.says and fault.asks.endswith("?") and fault.after


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=lambda fault: fault.name)
def test_a_faults_code_is_python_before_and_after(fault):
    for code in (fault.code, fault.mended):
        ast.parse(_unindented(code))


def _unindented(code: str) -> str:
    """Code that continues a function or a loop, as a text of its own."""
    margin = len(code) - len(code.lstrip(" "))
    return "\n".join(line[margin:] if line[:margin].isspace() else line for line in code.splitlines())


def test_where_an_option_is_shown_does_not_tell_whether_it_is_right():
    """Of the questions on the pages too, which are read from their sources."""
    rights = {f"{lesson}/fault-{fault.name}": [option.right for option in fault.options]
              for lesson, faults in FAULTS.items() for fault in faults}  # fmt: skip
    rights |= {call.args[0].value: [any(k.arg == "right" for k in option.keywords) for option in call.args[2].elts]
               for path in PAGES.glob("*.py") for call in ast.walk(ast.parse(path.read_text()))
               if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "choose"}  # fmt: skip
    assert len(rights) >= 60 and all(sum(some) == 1 for some in rights.values())
    places = Counter([rights[name][i] for i in shown_order(name, len(rights[name]))].index(True) for name in rights)
    assert max(places.values()) < 0.5 * len(rights)


@given(st.text(max_size=30), st.integers(1, 12))
def test_the_order_shown_is_of_all_options_and_stays(exercise, n):
    assert sorted(shown_order(exercise, n)) == list(range(n)) and shown_order(exercise, n) == shown_order(exercise, n)


def test_a_curve_that_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="stops"):
        Curve("x", "y", ("1", "2"), (0.5,), 0, 1, 0.1)
    with pytest.raises(ValueError, match="outside"):
        Curve("x", "y", ("1",), (1.5,), 0, 1, 0.1)


def test_a_prediction_is_off_by_its_mean_distance():
    assert Curve("x", "y", ("1", "2"), (0.5, 0.7), 0, 1, 0.1).distance((0.6, 0.4)) == pytest.approx(0.2)
