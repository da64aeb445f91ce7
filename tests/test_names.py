"""A technique's printed name is written once, in its row of the table."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from core.techniques import TECHNIQUES

ROOT = Path(__file__).resolve().parent.parent
NAMES = {technique.name for technique in TECHNIQUES}
OTHER_MEANINGS = {
    "core/techniques.py": NAMES,
    "core/maths/shrinkage.py": {"L1", "L2"},  # penalties of one weight, by the names of their norms
    "core/maths/small_vector.py": {"L1", "L2"},
    "core/figures/shrinkage.py": NAMES,  # norms and maps of one weight, in colours told apart
    "core/course/norm_math.py": {"L1", "L2"},
    "core/course/by_heart.py": {"dropout"},  # the lesson
    "core/course/claimed/dropout.py": {"dropout"},
    "core/course/baseline.py": {"augmentation"},  # a step
    "core/app/norm_math.py": {"L1", "L2"},
    "core/typed_code/names.py": {"dropout"},  # PyTorch's function
    "core/engine/models.py": {"dropout"},  # the name of a layer
    "core/engine/training.py": {"augmentation"},  # the purpose of a generator
    "core/export/values.py": {"dropout"},
}
"""Module → names that mean something else there."""
LESSON_ARGUMENTS = {
    "Term",
    "by_heart_panel",
    "measurements_for",
    "at",
    "check_yourself",
    "find_the_fault",
    "fill_in",
    "own_settings",
    "runs_along",
    "paths_of",
}
"""Functions that take a lesson, or a setting: the lesson on dropout is called as its technique is."""


def quoted_names(source: str) -> list[tuple[int, str]]:
    """The lines on which a technique's name stands as a string of its own, and not as a lesson or a setting."""
    tree = ast.parse(source)
    lessons = {
        id(argument)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in LESSON_ARGUMENTS
        for argument in call.args
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in NAMES and id(node) not in lessons
    ]


def test_the_finder_sees_keys_and_arguments_and_passes_lessons_and_prose():
    assert quoted_names('{"plain": 1}["plain"]') == [(1, "plain"), (1, "plain")]
    assert quoted_names('colour("L1")') == [(1, "L1")]
    assert quoted_names('questions.at("dropout", "p")\ntext("with dropout")\nPLAIN.name') == []


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "core").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py")), ROOT / "streamlit_app.py"],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_module_but_the_table_spells_a_technique_s_name(path):
    allowed = OTHER_MEANINGS.get(path.relative_to(ROOT).as_posix(), set())
    assert [found for found in quoted_names(path.read_text(encoding="utf-8")) if found[1] not in allowed] == []
