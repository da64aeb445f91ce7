"""Progress files: what is saved is loaded again, and nothing else is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.course import progress
from core.course.progress import LATEST, Answer, Progress, ProgressError, exercise_ids, from_text, merge, tally, to_text


@pytest.fixture(autouse=True)
def three_exercises(monkeypatch):
    monkeypatch.setattr(progress, "exercises", lambda: {"a": ("one", "two"), "b": ("one",)})


GIVEN = st.one_of(
    st.integers(0, 39),
    st.text(max_size=100),
    st.lists(st.floats(-1e8, 1e8), max_size=40).map(tuple),
)


ENTRIES = st.tuples(st.none() | st.builds(Answer, GIVEN, st.booleans()), st.integers(0, 9))
"""An answer, or one that was taken back, and when; few times, so that many are equal."""


@st.composite
def progresses(draw):
    """What a session may hold: everything in it is newer than what was forgotten."""
    forgotten = draw(st.integers(0, 5))
    entries = draw(st.dictionaries(st.sampled_from(["a/one", "a/two", "b/one"]), ENTRIES))
    lasting = {name: entry for name, entry in entries.items() if entry[1] > forgotten or not forgotten}
    visited = draw(st.dictionaries(st.sampled_from(["a/first", "a/second-step", "b/first"]), st.integers(0, 9)))
    return Progress(
        {name: answer for name, (answer, _) in lasting.items() if answer},
        {name: at for name, (_, at) in lasting.items()},
        {name: at for name, at in visited.items() if at > forgotten or not forgotten},
        forgotten,
    )


@given(progresses())
def test_what_is_saved_is_loaded(progress):
    assert from_text(to_text(progress).encode()) == (progress, 0)


@given(st.dictionaries(st.sampled_from(["a/one", "a/two", "b/one"]), st.builds(Answer, GIVEN, st.booleans())))
def test_a_file_of_the_first_version_is_still_loaded(answers):
    old = {
        n: {"given": list(a.given) if isinstance(a.given, tuple) else a.given, "right": a.right}
        for n, a in answers.items()
    }
    text = json.dumps({"course": "Regularization, seen", "version": 1, "answers": old}, indent=1)
    assert from_text(text.encode()) == (Progress(answers), 0)


# --- two tabs ---------------------------------------------------------------------------------------------------------


@given(progresses(), progresses(), progresses())
def test_a_merge_does_not_depend_on_the_order(a, b, c):
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, a) == a and merge(merge(a, b), b) == merge(a, b)


@given(progresses(), progresses())
def test_the_newest_answer_wins_and_a_taking_back_is_an_answer(a, b):
    both = merge(a, b)
    for name in {*a.at, *b.at}:
        newest = max(told.at[name] for told in (a, b) if name in told.at)
        if newest <= both.forgotten and both.forgotten:
            assert name not in both.at and name not in both.answers
            continue
        given_then = [told.answers.get(name) for told in (a, b) if told.at.get(name) == newest]
        assert both.at[name] == newest and both.answers.get(name) in given_then
        if None in given_then:  # taken back then: no older answer comes again
            assert name not in both.answers
    for step in {*a.visited, *b.visited}:
        newest = max(told.visited[step] for told in (a, b) if step in told.visited)
        assert both.visited.get(step) == (newest if newest > both.forgotten or not both.forgotten else None)


def test_an_answer_after_a_forgetting_stays_and_those_before_it_do_not():
    kept = Progress({"a/one": Answer(1, True), "a/two": Answer(2, True)}, {"a/one": 10, "a/two": 30}, {"a/first": 10})
    assert merge(kept, Progress(forgotten=20)) == Progress({"a/two": Answer(2, True)}, {"a/two": 30}, {}, 20)


# --- what is counted, and what is refused -----------------------------------------------------------------------------


def test_a_lessons_tally_counts_right_answered_and_all():
    answers = {"a/one": Answer(0, True), "a/two": Answer("x", False), "b/one": Answer((1.0,), True)}
    assert exercise_ids() == ("a/one", "a/two", "b/one")
    assert tally(answers, "a") == (1, 2, 2) and tally(answers, "b") == (1, 1, 1) and tally({}, "b") == (0, 0, 1)
    assert tally(answers, "elsewhere") == (0, 0, 0)


def test_exercises_that_the_course_does_not_have_are_counted_and_dropped():
    text = to_text(Progress({"a/one": Answer(1, True), "gone/one": Answer(1, True)}, {"a/one": 5, "gone/one": 5}))
    assert from_text(text.encode()) == (Progress({"a/one": Answer(1, True)}, {"a/one": 5}), 1)


def entry(given, right=True):
    return json.dumps({"version": 1, "answers": {"a/one": {"given": given, "right": right}}}).encode()


def second(entry, visited=None, forgotten=0):
    """A file of version 2 with one entry."""
    told = {"version": 2, "answers": {"a/one": entry}, "visited": visited or {}, "forgotten": forgotten}
    return json.dumps(told).encode()


ENTRY = {"given": 1, "right": True, "at": 5}


def test_the_entries_that_the_refused_ones_differ_from_are_read():
    assert from_text(entry(1)) == (Progress({"a/one": Answer(1, True)}), 0)
    kept = Progress({"a/one": Answer(1, True)}, {"a/one": 5}, {"a/b-c": LATEST}, 3)
    assert from_text(second(ENTRY, {"a/b-c": LATEST}, 3)) == (kept, 0)
    assert from_text(second({"at": 7})) == (Progress({}, {"a/one": 7}), 0)


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
        b'{"version": 2, "answers": {}}',  # has neither steps nor times
        b'{"version": 3, "answers": {}, "visited": {}, "forgotten": 0}',
        b'{"version": true, "answers": {}}',
        second({"given": 1, "right": True}),
        second({"right": True, "at": 5}),
        second({}),
        second(ENTRY | {"at": -1}),
        second(ENTRY | {"at": 1.5}),
        second(ENTRY | {"at": True}),
        second(ENTRY | {"at": "5"}),
        second(ENTRY | {"at": LATEST + 1}),
        second(ENTRY | {"given": -1}),
        second(ENTRY, {"a/b": -1}),
        second(ENTRY, {"a/b": None}),
        second(ENTRY, {"<b>/x": 1}),
        second(ENTRY, {"a": 1}),
        second(ENTRY, {f"a/{i}": 1 for i in range(1_001)}),
        second(ENTRY, [1]),
        second(ENTRY, forgotten=None),
        second(ENTRY, forgotten=LATEST + 1),
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
