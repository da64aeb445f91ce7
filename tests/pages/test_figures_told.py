"""Every figure of every step is told to who does not see it: in words, at these settings, and as a table."""

import ast
import json
import re

import pytest
from lesson_steps import steps_of
from page_reader import PAGES, ROOT, open_at

from core.app import frame
from core.course.syllabus import faults_of

LESSONS = {lesson.name: lesson.path for lesson in frame.LESSONS[1:]}
STEPS = [(lesson, step) for lesson in LESSONS for step in steps_of(lesson)]

WITHOUT_A_TABLE = {
    "norm_math/plane": "a drawing of one loss in the plane; both coordinates of its optimum stand above it",
    "norm_math/slope": "the same drawing, with the same two numbers above it",
}
"""Lesson/step → why its figures have no table behind them. At most three."""

FOLDS, TABLES = ("expander", "expandable"), ("table", "arrow_table", "arrow_data_frame", "dataframe")
BEHIND = "Numbers behind"


def told_figures(app) -> list[tuple[str, bool]]:
    """The charts and the scenes of a page: what is said of each, and whether a table stands in its pane or its view."""
    return [*_told(app.main, [])]


def _told(node, around):
    children = [*getattr(node, "children", {}).values()]
    here = [*around, any(_is_table(child) for child in children)]
    for child in children:
        alt = _alt(child)
        if alt is not None:
            yield alt, any(here)
        yield from _told(child, [] if child.type == "main" else here)


def _is_table(node) -> bool:
    """A table that stands open, or a fold of a figure's numbers, or one in which such a fold is."""
    if node.type in FOLDS:
        return node.label.startswith(BEHIND) or any(map(_holds_numbers, node.children.values()))
    return node.type in TABLES


def _holds_numbers(node) -> bool:
    is_fold = node.type in FOLDS and node.label.startswith(BEHIND)
    return is_fold or any(map(_holds_numbers, getattr(node, "children", {}).values()))


def _alt(node) -> str | None:
    """What is said of a figure; None of what is no figure."""
    if node.type == "vega_lite_chart":
        return node.proto.alt
    if node.type == "bidi_component" and node.proto.component_name == "reglab_scene":
        return json.loads(node.proto.json)["alt"]
    return None


def views_of(lesson: str, step: str):
    """A step as it opens, and in each of its other views and faults."""
    app = open_at(LESSONS[lesson], step=step)
    yield "", app
    for choice in [one.key for one in app.get("button_group") if one.label == "Show"]:
        for view in app.segmented_control(key=choice).options[1:]:
            yield view, app.segmented_control(key=choice).set_value(view).run()
    for fault in [*faults_of(lesson)][1:] if step == "find-the-fault" else ():
        yield fault, open_at(LESSONS[lesson], step=step, fault=fault)


def test_few_figures_have_no_table():
    assert len(WITHOUT_A_TABLE) <= 3
    assert all(tuple(name.split("/")) in STEPS for name in WITHOUT_A_TABLE)


@pytest.mark.parametrize(("lesson", "step"), STEPS)
def test_every_figure_of_a_step_says_its_numbers_and_has_its_table(lesson, step):
    for view, app in views_of(lesson, step):
        figures = told_figures(app)
        assert not [alt for alt, _ in figures if not re.search(r"\d.*[.!?]$", alt)], view
        bare = [alt for alt, has_table in figures if not has_table]
        if f"{lesson}/{step}" in WITHOUT_A_TABLE:
            assert bare or view, "no exception is needed any more"
        else:
            assert not bare, view


def test_a_figure_without_a_table_is_found():
    app = open_at(PAGES[0])  # the pictures of the lessons' cards have none
    tables = [has_table for _, has_table in told_figures(app)]
    assert tables.count(False) >= len(LESSONS)


def test_every_picture_and_every_diagram_is_given_a_text():
    """Read from the source: the images themselves are not on a test machine."""
    drawn = ("image", "mermaid_chart")
    calls = [
        call
        for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "core/app").glob("*.py")]
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in drawn
    ]
    assert len(calls) >= 5
    assert all("alt" in {keyword.arg for keyword in call.keywords} for call in calls)
