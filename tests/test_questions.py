"""Options, faults and curves to draw: one right answer each, words for every wrong one, names that the course knows."""

import ast

import pytest

from core.app.faults import PICTURES
from core.faults import FAULTS
from core.fill_in import FILL_IN
from core.questions import Curve
from core.syllabus import EXERCISES, QUESTIONS

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


def test_the_right_options_stand_in_different_places():
    places = {next(i for i, option in enumerate(fault.options) if option.right) for fault in ALL_FAULTS}
    assert len(places) >= 3


def test_a_curve_that_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="stops"):
        Curve("x", "y", ("1", "2"), (0.5,), 0, 1, 0.1)
    with pytest.raises(ValueError, match="outside"):
        Curve("x", "y", ("1",), (1.5,), 0, 1, 0.1)


def test_a_prediction_is_off_by_its_mean_distance():
    assert Curve("x", "y", ("1", "2"), (0.5, 0.7), 0, 1, 0.1).distance((0.6, 0.4)) == pytest.approx(0.2)
