"""Hostile values where they come in past the address: what a browser says of each widget and component, the keys of
the frame, a table that is edited, a file, the answers that a browser kept."""

from __future__ import annotations

import json
import random
import re
import types

import pytest
from hostile import ALL, CANARY, OTHER_TYPES, texts
from page_reader import PAGES, open_at, open_page
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest

from core.app import address, frame, norm_arithmetic, progress, projecting, runs, uploads
from core.course.progress import MOST_STEPS, Answer, Progress, exercise_ids, to_text
from core.course.syllabus import exercises, typed_code_of

LIGHT = "pages/5_l1_l2.py", "now-you-can"
"""A step that is drawn in no time."""

# --- what a browser says of the widgets -----------------------------------------------------------------------------

NUMBERS = (float("nan"), float("inf"), float("-inf"), -1e308, 1e308, -1.0, 0.5, 1e-320, 99_999.0)
SHORT = [text for text in ALL if len(text) < 200]
EDITS = (
    {"edited_rows": {"0": {"feature 1": CANARY}}, "added_rows": [], "deleted_rows": []},
    {"edited_rows": {"0": {"feature 1": None}}, "added_rows": [{}], "deleted_rows": []},
    {"edited_rows": {}, "added_rows": [{"feature 1": 1, "feature 2": 2, "feature 3": 3}] * 400, "deleted_rows": []},
    {"edited_rows": {}, "added_rows": [], "deleted_rows": [0, 1, 2, 3]},
)
"""Of a table, as Streamlit's browser side writes them."""
TABLES = (*EDITS, {"store": 5, "turn": [1]}, [1], "x", None)


def of_kind(kind: str, rng: random.Random):
    """A hostile value of the kind that a widget sends."""
    numbers = [rng.choice(NUMBERS) for _ in range(rng.choice((0, 1, 1, 2, 5)))]
    return {
        "string_value": lambda: rng.choice(ALL),
        "int_value": lambda: rng.choice((-1, 0, 7, 2**62, -(2**62))),
        "double_value": lambda: rng.choice(NUMBERS),
        "bool_value": lambda: rng.random() < 0.5,
        "double_array_value": lambda: numbers,
        "int_array_value": lambda: [rng.choice((-1, 0, 9, 2**40)) for _ in numbers],
        "string_array_value": lambda: [rng.choice(SHORT) for _ in numbers],
        "json_value": lambda: json.dumps(rng.choice(TABLES)),
        "trigger_value": lambda: rng.random() < 0.02,  # a press turns the step, and hides what comes after
    }[kind]()


def sent_by(app, rng: random.Random) -> WidgetStates:
    """What a browser that means harm sends of all widgets of a page."""
    states = WidgetStates()
    for widget in app._tree.get_widget_states().widgets:
        kind = widget.WhichOneof("value")
        if kind is None:
            continue
        state, value = WidgetState(id=widget.id), of_kind(kind, rng)
        if isinstance(value, list):
            getattr(state, kind).data.extend(value)
        else:
            setattr(state, kind, value)
        states.widgets.append(state)
    for component in app.get("bidi_component"):
        states.widgets.append(WidgetState(id=component.proto.id, json_value=of_kind("json_value", rng)))
    for table in (table for table in app.dataframe if table.proto.id):  # one that can be edited
        states.widgets.append(WidgetState(id=table.proto.id, string_value=json.dumps(rng.choice(EDITS))))
    return states


@pytest.mark.parametrize("path", PAGES)
def test_whatever_a_browser_sends_of_its_widgets_a_page_stands_and_trains_nothing_past_a_range(path, monkeypatch):
    """A config is in its ranges or is none; so what would be trained is looked at here, and not trained."""
    asked = []
    monkeypatch.setattr(runs, "train_with", lambda worker, config, job: asked.append(config))
    app, rng, sent = open_page(path), random.Random(path), 0
    for _ in range(2):
        states = sent_by(app, rng)
        sent += len(states.widgets)
        app._run(states)
        assert not app.exception, app.exception[0].value
        assert app.title and all(config == type(config)(**config.to_dict()) for config in asked)
    assert sent > (100 if path != PAGES[0] else 10)


HIDDEN = {
    "Solutions": {"solutions"},
    "solutions, questions": {"solutions", "questions"},
    " CODE ,,faults": {"code", "faults"},
    "none": set(),
    "none,code": {"code"},
}


@pytest.mark.parametrize("given", [*HIDDEN, ["solutions", "Code"], ["none", "none"]], ids=str)
def test_what_is_to_be_hidden_is_read_as_it_is_meant(given):
    path, step = LIGHT
    app = open_at(path, step=step, hide=given)
    assert {*app.session_state["_hidden"]} == (
        HIDDEN[given] if isinstance(given, str) else {part.lower() for part in given} & {*frame.HIDEABLE}
    )
    assert not app.warning


@pytest.mark.parametrize("given", ["solution", "x" * 3_000, "code,;faults", "", [" ", ""], CANARY, "<b>", "none;code"])
def test_what_nobody_can_hide_is_named(given):
    path, step = LIGHT
    app = open_at(path, step=step, hide=given)
    assert "`hide` must be a list of questions, code, solutions, faults, downloads, or none" in app.warning[0].value


@pytest.mark.parametrize("hidden", ["questions", "faults", "code", "faults,code,questions", "solutions"])
def test_the_overview_counts_the_exercises_that_are_shown(hidden):
    app = open_page(PAGES[0], hide=hidden)
    counts = [re.search(r"(\d+) exercises?$", caption.value) for caption in app.caption]
    counts = [int(count[1]) for count in counts if count]
    for lesson, names in exercises().items():
        kinds = [
            "faults" if n.startswith("fault-") else "code" if n.startswith("code-") else "questions" for n in names
        ]
        shown = len([kind for kind in kinds if kind not in hidden.split(",")])
        assert not shown or counts.pop(0) == shown, lesson
    assert counts == []


def test_what_a_link_does_not_hold_is_said_where_it_is_made():
    assert any("a copied link opens at draw 1" in c.value for c in open_at(PAGES[4], step="masks").caption)
    assert any(
        "A copied link opens the batch as it came" in c.value for c in open_at(PAGES[2], step="arithmetic").caption
    )


# --- the keys of the frame ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_junk_in_the_frames_keys_is_named_or_means_nothing(seed):
    path, _ = LIGHT
    rng = random.Random(seed)
    junk = {key: rng.choice([text for text in ALL if len(text) < 1_000]) for key in (*address.FRAME_KEYS, "embed")}
    app = open_at(path, **junk, unknown=CANARY)
    assert len(app.title) == 1 and app.sidebar.get("page_link")
    for warning in app.warning:
        outside_code = "".join(warning.value.split("`")[::2])
        assert CANARY not in outside_code and "<" not in outside_code
    for link in app.get("page_link"):
        assert CANARY not in repr(link.proto) and "unknown" not in link.proto.query_string


def test_hundreds_of_keys_that_nobody_knows_cost_no_more_than_some():
    path, step = LIGHT
    few, many = ({f"k{i}": "" for i in range(n)} for n in (address.MOST_TAKEN_OUT, 900))
    told = []
    for keys in (few, many):
        app = open_at(path, step=step, **keys)
        assert app.title and not app.warning
        told.append(len([key for key in keys if key not in app.query_params]))
    assert told == [address.MOST_TAKEN_OUT] * 2


def test_a_page_that_is_asked_for_by_another_window_is_one_of_ours():
    steps = ("prices", "limit")
    told = [*OTHER_TYPES, *texts(150), {"lesson": CANARY, "step": CANARY}, {"lesson": ["l1_l2"], "step": {}}]
    turns = [{"lesson": value, "step": value} for value in told] + [
        {"lesson": "l1_l2", "step": value} for value in told
    ]
    assert all(projecting.turn_of(value, "l1_l2", steps) is None for value in (*told, *turns))
    assert projecting.turn_of({"lesson": "l1_l2", "step": "limit"}, "l1_l2", steps) == "limit"
    there, step = projecting.turn_of({"lesson": "dropout", "step": "x" * 9_000}, "l1_l2", steps)
    assert there == "dropout" and len(step) == projecting.LONGEST_STEP


# --- a table that is edited, answers that are kept ------------------------------------------------------------------

CELLS = (*OTHER_TYPES, *SHORT[:60], 1e6, -1e6, 1.0000001e6, 10**400)


def test_an_edited_table_is_numbers_in_their_range_or_is_refused(monkeypatch):
    refused = []
    monkeypatch.setattr(norm_arithmetic.st, "error", refused.append)
    taken = 0
    for i, cell in enumerate(CELLS):
        n = (1, 2, 16, 17, 0, 5_000)[i % 6]
        table = {name: [1.0] * n for name in norm_arithmetic.START}
        table["feature 2"][: n // 2 + 1] = [cell] * len(table["feature 2"][: n // 2 + 1])
        monkeypatch.setattr(norm_arithmetic.st, "data_editor", lambda *_, table=table, **__: table)
        refused.clear()
        x = norm_arithmetic._edited_batch()
        assert (x is None) == bool(refused)
        if x is not None:
            taken += 1
            assert x.shape == (n, 3) and abs(x).max() <= norm_arithmetic.LARGEST
        assert not any(CANARY in words for words in refused)
    assert 3 <= taken < len(CELLS) / 2


def test_whatever_a_browser_hands_over_as_kept_the_page_is_drawn():
    """More than two hundred stores in one session, the last of them a good one."""

    def script():
        import streamlit as st

        from core.app import keeping, progress

        for handed in st.session_state.all_handed:
            st.session_state.keeping = type("Handed", (), {"store": handed})()
            keeping._take()
            assert keeping.trouble() == "" or keeping.trouble() in keeping.TROUBLE.values()
        st.session_state.keeping = None
        assert len(progress.of_session().visited) <= 1_000
        st.markdown(f"{len(progress.answers())} {progress.is_loading()}")

    values = [*(v for v in OTHER_TYPES if not callable(v)), *texts(150)]
    handed = [*values, *({"now": value, "store": value, "trouble": value} for value in values if is_plain(value))]
    for i in range(5):  # each as many steps of no lesson as one store may have
        visited = {f"n{i}/s{k}": k for k in range(MOST_STEPS)}
        handed.append({"now": 1.0, "store": to_text(Progress(visited=visited))})
    good = Progress({"l1_l2/code-l1-branch": Answer("x", False)}, {"l1_l2/code-l1-branch": 5})
    app = AppTest.from_function(script, default_timeout=30)
    app.session_state["all_handed"] = [*handed, {"now": 1, "store": to_text(good)}]
    app.run()
    assert not app.exception, app.exception[0].value
    assert len(handed) > 300 and app.markdown[0].value == "1 False"


def is_plain(value) -> bool:
    """Whether a browser can send it."""
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("lesson", frame.LESSONS[1:], ids=lambda lesson: lesson.name)
def test_a_kept_answer_of_any_text_is_shown_as_code_in_its_field(lesson, seed):
    typed = [
        text for text in texts(200, seed) if "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
    ]
    app = AppTest.from_string(f"from core.app.code import fill_in\nfill_in({lesson.name!r})", default_timeout=60)
    app.query_params["whole"] = "true"
    app.session_state["_is_loaded"] = True
    names = [f"{lesson.name}/code-{exercise}" for exercise in typed_code_of(lesson.name)]
    app.session_state["_answers"] = {name: Answer(typed[i * 7 + 3][:4_000], True) for i, name in enumerate(names)}
    app.run()
    assert not app.exception and len(app.text_area) == len(names)
    for said in (m.value for m in app.markdown):
        outside_code = "".join(said.split("`")[::2])
        assert CANARY not in outside_code and "<script" not in outside_code and "javascript:" not in outside_code


class Session(dict):
    """What a session keeps, without a page."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__
    __delattr__ = dict.__delitem__


def test_a_file_takes_nothing_away_and_the_newest_answer_counts(monkeypatch):
    one, two, three, four = list(exercise_ids())[:4]
    session = Session()
    monkeypatch.setattr(progress.st, "session_state", session)
    for name in (one, two, four):
        progress.keep(name, Answer(1, True))
    progress.take_back(four)
    at = progress.of_session().at
    told = Progress(
        {one: Answer(2, False), two: Answer(2, False), three: Answer(2, False), four: Answer(2, False)},
        {one: at[one] + 1, two: at[two] - 1, three: 5, four: 5},
        forgotten=at[two] + 100,
    )
    session["load_answers"] = types.SimpleNamespace(getvalue=lambda: to_text(told).encode())
    progress._load()
    assert {name: answer.given for name, answer in progress.answers().items()} == {one: 2, two: 1, three: 2, four: 2}
    assert session["_loaded"] == (3, 1, 0)
    before = progress.of_session()
    session["load_answers"] = types.SimpleNamespace(getvalue=lambda: b"{}")
    progress._load()
    assert progress.of_session() == before and isinstance(session["_loaded"], str)


def test_files_that_are_loaded_again_and_again_take_no_more_memory(monkeypatch):
    chosen = types.SimpleNamespace(getvalue=None)
    session = Session(load_answers=chosen)
    monkeypatch.setattr(progress.st, "session_state", session)
    for i in range(6):
        visited = {f"n{i}/s{k}": k for k in range(MOST_STEPS)}
        chosen.getvalue = lambda visited=visited: to_text(Progress(visited=visited)).encode()
        progress._load()
    assert len(session["_visits"]) == MOST_STEPS and len(session["_changed"]) <= MOST_STEPS


def test_however_many_files_a_session_sends_the_newest_are_kept():
    """Streamlit keeps all of them for as long as the session lasts, and takes them at any time."""

    def script():
        import streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx
        from streamlit.runtime.uploaded_file_manager import UploadedFileRec

        from core.app.uploads import bound_uploads

        manager = get_script_run_ctx().uploaded_file_mgr
        for i in range(300):
            bound_uploads()
            for session in ("one", "other"):
                manager.add_file(session, UploadedFileRec(f"{i % 200}", "x.json", "application/json", bytes(1_000)))
        st.markdown(f"{[*manager.file_storage['one']]} {manager._total_bytes}")
        manager.remove_session_files("one")
        st.markdown(f"{manager._total_bytes}")

    app = AppTest.from_function(script).run()
    assert not app.exception, app.exception[0].value
    kept = [str(i % 200) for i in range(300 - uploads.MOST_FILES, 300)]
    assert [m.value for m in app.markdown] == [f"{kept} {8_000}", "4000"]


def test_every_page_sees_to_that(monkeypatch):
    called = []
    monkeypatch.setattr(frame, "bound_uploads", lambda: called.append(1))
    for path in PAGES:
        called.clear()
        open_at(path)
        assert called
