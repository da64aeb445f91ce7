"""Progress files: what is saved is loaded again, and nothing else is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.course import progress
from core.course.progress import Answer, ProgressError, exercise_ids, from_text, tally, to_text


@pytest.fixture(autouse=True)
def three_exercises(monkeypatch):
    monkeypatch.setattr(progress, "exercises", lambda: {"a": ("one", "two"), "b": ("one",)})


GIVEN = st.one_of(
    st.integers(0, 39),
    st.text(max_size=100),
    st.lists(st.floats(-1e8, 1e8), max_size=40).map(tuple),
)


@given(st.dictionaries(st.sampled_from(["a/one", "a/two", "b/one"]), st.builds(Answer, GIVEN, st.booleans())))
def test_what_is_saved_is_loaded(answers):
    assert from_text(to_text(answers).encode()) == (answers, 0)


def test_a_lessons_tally_counts_right_answered_and_all():
    answers = {"a/one": Answer(0, True), "a/two": Answer("x", False), "b/one": Answer((1.0,), True)}
    assert exercise_ids() == ("a/one", "a/two", "b/one")
    assert tally(answers, "a") == (1, 2, 2) and tally(answers, "b") == (1, 1, 1) and tally({}, "b") == (0, 0, 1)
    assert tally(answers, "elsewhere") == (0, 0, 0)


def test_exercises_that_the_course_does_not_have_are_counted_and_dropped():
    text = to_text({"a/one": Answer(1, True), "gone/one": Answer(1, True)})
    assert from_text(text.encode()) == ({"a/one": Answer(1, True)}, 1)


def entry(given, right=True):
    return json.dumps({"version": 1, "answers": {"a/one": {"given": given, "right": right}}}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
        b'{"version": 1}',
        b'{"version": 1, "answers": []}',
        b'{"version": 2, "answers": {}}',
        b"[" * 100_000,
        b"1" * 5_000,
        b" " * 1_000_001,
        entry(None),
        entry(True),
        entry(-1),
        entry(40),
        entry(1.5),
        entry("x" * 4_001),
        entry([0.0] * 41),
        entry(["1"]),
        entry([True]),
        entry([1e300]),
        entry({}),
        entry(1, right=1),
        entry(1, right="yes"),
        entry(float("nan")),
        entry([float("inf")]),
        b'{"version": 1, "answers": {"a/one": 3}}',
    ],
)
def test_anything_else_is_refused_in_words(content):
    with pytest.raises(ProgressError, match="This file|This is not"):
        from_text(content)
