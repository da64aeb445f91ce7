"""Questions, faults and curves to draw: one right answer each, words for every wrong one, names that stay."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.course import dropout
from core.course.questions import Choice, Curve, Drawing, shown_order
from core.course.syllabus import exercises, faults_of, lessons, questions_of, typed_code_of

ROOT = Path(__file__).resolve().parents[2]
FAULTS = {(lesson, name): fault for lesson in lessons() for name, fault in faults_of(lesson).items()}
QUESTIONS = {(lesson, name): asked for lesson in lessons() for name, asked in questions_of(lesson).items()}


def a_name(value):
    return "/".join(value) if isinstance(value, tuple) else None


KEPT = {
    "baseline": (
        "draw-images images-or-epochs vanishing-gap loss-and-accuracy learned-by-heart steeper-bowl "
        "choose-by-test what-a-slice-says fault-directions fault-fresh-batches fault-even-grid "
        "fault-swapped-axes fault-batch-means code-perceptron code-training-step code-filter-normalised"
    ),
    "batch_norm": (
        "draw-batches one-large-number first-and-last evaluation-fails two-modes which-bias fair-comparison "
        "fog fault-stale-statistics fault-own-axes fault-last-number code-batch-norm-layers "
        "code-batch-norm-by-hand code-running-mean"
    ),
    "layer_norm": (
        "draw-rates alone-or-in-company stretched-sample gain-per-unit wrong-width best-network best-epoch "
        "smoother fault-one-run code-layer-norm-layers code-layer-norm-by-hand"
    ),
    "dropout": (
        "how-many-masks draw-p paper-p forgotten-eval training-loss-above not-the-mean best-for-training "
        "zero-weights half-switched-off fault-two-conventions fault-masked-loss fault-layer-by-number "
        "code-dropout-layers code-dropout-by-hand"
    ),
    "l1_l2": (
        "draw-l1 which-first count-zeros finer-ruler white-rows weight-decay default-decay "
        "fault-penalty-in-loss fault-one-threshold fault-moved-weights fault-own-bins fault-same-strength "
        "code-l1-loss code-l2-loss code-l1-branch code-l2-branch code-proximal-step"
    ),
    "norm_math": (
        "draw-kink a-tenth always-an-axis other-sign elastic-net arrival p-above-one half-the-network "
        "fault-no-kink fault-norm-alone code-norms-of-x code-l2-shrinks code-l1-zeroes"
    ),
    "compare": (
        "draw-gain clear-by-chance smallest-gap images-or-dropout one-best-technique fault-luckiest code-early-stopping"
    ),
}
"""The exercises whose answers lie in students' files, in the order of the course."""


# --- the course -----------------------------------------------------------------------------------------------------


def test_there_are_at_least_twelve_faults_and_five_questions_a_lesson():
    assert len(FAULTS) >= 12
    assert all(len(questions_of(lesson)) >= 5 and faults_of(lesson) and typed_code_of(lesson) for lesson in lessons())


@pytest.mark.parametrize("lesson", KEPT)
def test_an_exercise_keeps_its_name_and_its_place(lesson):
    kept = KEPT[lesson].split()
    assert [name for name in exercises()[lesson] if name in kept] == kept
    assert [name for name in exercises() if name in KEPT] == [*KEPT]


def test_no_exercise_has_the_name_of_another():
    """Each object of a module is found under its name once: two of one name would be one exercise too few."""
    for lesson, names in exercises().items():
        assert len(set(names)) == len(names), lesson
        kinds = [type(value).__name__ for value in vars(lessons()[lesson]).values()]
        assert len(names) == sum(kinds.count(kind) for kind in ("Question", "Fault", "Exercise")), lesson


@pytest.mark.parametrize("lesson", lessons())
def test_a_lessons_file_is_the_only_one_that_names_its_exercises(lesson):
    """So adding one touches that file. Names of one word, such as "arrival", are words of the language too, and the
    glossary and the plans name steps, of which some are called as exercises are."""
    names = {name for asked in (questions_of, faults_of, typed_code_of) for name in asked(lesson) if "-" in name}
    own = ROOT / "core" / "course" / f"{lesson}.py"
    elsewhere = [path for room in ("core/course", "core/app", "pages") for path in (ROOT / room).glob("*.py")]
    found = {}
    for path in elsewhere:
        parts = [part for part in ast.parse(path.read_text()).body if ast.unparse(part).split(" ")[0] != "PLANS"]
        nodes = [node for part in parts for node in ast.walk(part)]
        strings = {node.value for node in nodes if isinstance(node, ast.Constant)}
        if path not in (own, ROOT / "core/course/glossary.py") and (
            named := {name for name in names if {name, f"{lesson}/{name}"} & strings}
        ):
            found[str(path)] = named
    assert not found


def test_every_place_at_which_a_question_is_asked_is_one_of_its_page():
    for lesson in lessons():
        [page] = (ROOT / "pages").glob(f"*_{lesson}.py")
        calls = [node for node in ast.walk(ast.parse(page.read_text())) if isinstance(node, ast.Call)]
        asked = {call.args[1].value for call in calls if ast.unparse(call.func) == "questions.at"}
        assert {question.place for question in questions_of(lesson).values()} - {""} == asked
        assert any(ast.unparse(call.func) == "questions.check_yourself" for call in calls)


# --- questions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS, ids=a_name)
def test_a_question_can_be_asked_of_what_is_shipped(name):
    made = QUESTIONS[name].make()
    assert made.asks and made.asks.count("**") % 2 == 0
    if isinstance(made, Drawing):
        assert made.says and len(made.curve.stops) >= 4
    else:
        assert isinstance(made, Choice) and len(made.options) >= 3
        assert sum(option.right for option in made.options) == 1
        assert len({option.text for option in made.options}) == len(made.options)
        assert all(len(option.feedback) > 20 and "not computed here" not in option.feedback for option in made.options)


def test_a_drawing_that_is_not_stored_is_not_asked_and_a_choice_says_what_is_missing(precomputed):
    from core.course.claims import MISSING, NotStored
    from core.results import library

    library.forget()
    with pytest.raises(NotStored):
        questions_of("dropout")["draw-p"].make()
    assert any(MISSING in option.feedback for option in questions_of("dropout")["zero-weights"].make().options)
    library.forget()


def test_the_options_that_stand_for_a_number_hold_it():
    """Those whose text gives a range, so that the number is only told afterwards."""
    found = dropout.averages_to_beat_scaling(dropout.HALF)
    assert 5 < int(found.split()[0]) < 50


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTS, ids=a_name)
def test_a_fault_has_one_right_option_words_for_each_and_a_picture_before_and_after(name):
    fault = FAULTS[name]
    assert sum(option.right for option in fault.options) == 1 and len(fault.options) >= 3
    assert len({option.text for option in fault.options}) == len(fault.options)
    assert all(len(option.feedback) > 20 for option in fault.options)
    assert fault.says and fault.asks.endswith("?") and fault.after
    for picture in (fault.picture(), fault.mended_picture()):
        assert picture.panels and all(len(panel.alt) > 10 for panel in picture.panels)


@pytest.mark.parametrize("name", FAULTS, ids=a_name)
def test_a_faults_code_is_python_before_and_after(name):
    for code in (FAULTS[name].code, FAULTS[name].mended):
        ast.parse(_unindented(code))


def _unindented(code: str) -> str:
    """Code that continues a function or a loop, as a text of its own."""
    margin = len(code) - len(code.lstrip(" "))
    return "\n".join(line[margin:] if line[:margin].isspace() else line for line in code.splitlines())


# --- options and curves ---------------------------------------------------------------------------------------------


def test_where_an_option_is_shown_does_not_tell_whether_it_is_right():
    options = {f"{lesson}/fault-{name}": fault.options for (lesson, name), fault in FAULTS.items()}
    made = {f"{lesson}/{name}": asked.make() for (lesson, name), asked in QUESTIONS.items()}
    options |= {name: choice.options for name, choice in made.items() if isinstance(choice, Choice)}
    rights = {name: [option.right for option in some] for name, some in options.items()}
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
