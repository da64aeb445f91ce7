"""What fails in a page: the visitor sees a sentence with a number, the log has the reason, and the rest goes on."""

from __future__ import annotations

import ast
import logging
import re
from types import SimpleNamespace

import pytest
from lesson_steps import steps_of
from page_reader import PAGES, ROOT, open_at
from streamlit.testing.v1 import AppTest

from core.app import controls, failures, frame, keeping, questions, runs, share, take_home

SECRET = "a secret in /home/somebody/key"
NUMBER = re.compile(r"the number ([0-9a-f]{8})\.$")
LESSON, STEP = "pages/5_l1_l2.py", "lambda1"


def failing(*_, **__):
    raise KeyError(SECRET)


def texts(app) -> str:
    """All that the page shows, and all that it says about itself, as text."""
    return "\n".join(str(element.proto) for element in (*app.main, *app.sidebar, *app.get("toast")))


def told(app, caplog) -> list[str]:
    """The numbers that the page gives, after a look at what stands beside them and in the log."""
    shown = [*app.error, *app.get("toast")]
    numbers = [found[1] for e in shown if (found := NUMBER.search(getattr(e, "value", "") or e.proto.body))]
    logged = [record for record in caplog.records if record.name == failures.__name__]
    assert not app.exception
    assert "secret" not in texts(app) and "Traceback" not in texts(app) and str(ROOT) not in texts(app)
    for number in numbers:
        (record,) = [record for record in logged if number in record.getMessage()]
        assert record.levelno == logging.ERROR and SECRET in str(record.exc_info[1]) and record.exc_info[2]
    return numbers


@pytest.fixture
def broken(monkeypatch):
    """broken(module, name): from now on this function fails."""
    return lambda module, name: monkeypatch.setattr(module, name, failing)


def test_a_step_that_fails_leaves_its_bar_the_menu_and_the_other_steps(seen_by_a_visitor, broken, caplog):
    app = open_at(LESSON, step="prices")
    broken(controls, "stop")
    broken(controls, "choice")
    app.button(key=f"to_{STEP}").click().run()
    assert app.title[0].value == steps_of("l1_l2")[STEP] and len(told(app, caplog)) == 1
    assert {f"to_{name}" for name in steps_of("l1_l2")} < {button.key for button in app.button}
    assert len(app.sidebar.get("page_link")) == len(PAGES)
    assert [c.proto.component_name for c in app.get("bidi_component")][-2:] == ["reglab_keeping", "reglab_figures"]
    app.button(key="to_now-you-can").click().run()
    assert not app.error and app.title[0].value == steps_of("l1_l2")["now-you-can"]


def test_where_a_lesson_is_read_as_a_whole_the_other_steps_are_there(seen_by_a_visitor, broken, caplog):
    broken(questions, "check_yourself")
    app = open_at(LESSON, whole="true")
    assert len(told(app, caplog)) == 1 and [h.value for h in app.header] == [*steps_of("l1_l2").values()]
    assert len(app.get("vega_lite_chart")) > 10


def test_the_log_says_in_which_session_and_at_what_address_in_one_line(seen_by_a_visitor, broken, caplog):
    broken(questions, "check_yourself")
    app = open_at(LESSON, step="check-yourself", hide="solutions", junk="a\nfailure 00000000\r\x1b[31m" + "x" * 9000)
    assert told(app, caplog)
    (line,) = [record.getMessage() for record in caplog.records if record.name == failures.__name__]
    assert app.session_state["_session"][:8] in line and "step=check-yourself" in line and "hide=solutions" in line
    assert line.isprintable() and len(line) < 2 * failures.LONGEST_LOGGED


def test_each_failure_has_a_number_of_its_own(seen_by_a_visitor, broken, caplog):
    broken(questions, "check_yourself")
    numbers = [told(open_at(LESSON, step="check-yourself"), caplog)[0] for _ in range(5)]
    assert len({*numbers}) == 5


def test_what_fails_again_and_again_keeps_its_number_and_is_logged_once_a_minute(
    seen_by_a_visitor, broken, caplog, monkeypatch
):
    broken(questions, "check_yourself")
    app = open_at(LESSON, step="check-yourself")
    numbers = {number for _ in range(4) for number in told(app.run(), caplog)}
    logged = [record for record in caplog.records if record.name == failures.__name__]
    assert len(numbers) == len(logged) == 1
    now = failures.time.monotonic()
    monkeypatch.setattr(failures, "time", SimpleNamespace(monotonic=lambda: now + failures.REPEATED_SECONDS))
    app.run()
    assert len([record for record in caplog.records if record.name == failures.__name__]) == 2
    for i in range(3 * failures.MOST_REMEMBERED):  # in many places
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(failures, "_place", lambda error, i=i: (str(i), "", 0))
            app.run()
    assert len(app.session_state["_failures"]) == failures.MOST_REMEMBERED


@pytest.mark.parametrize(
    ("module", "name", "step"),
    [
        (frame, "_menu", STEP),
        (share, "copy_button", STEP),
        (take_home, "file_name", "own-run"),
        (questions, "shown_order", "check-yourself"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_part_that_fails_leaves_the_step(seen_by_a_visitor, broken, caplog, module, name, step):
    whole = len(open_at(LESSON, step=step).get("vega_lite_chart"))
    broken(module, name)
    app = open_at(LESSON, step=step)
    if module is take_home:
        app.session_state["yours_home"] = True
        app.run()
    assert len(told(app, caplog)) == 1 and app.title[0].value == steps_of("l1_l2")[step]
    assert len(app.get("vega_lite_chart")) == whole


def test_a_callback_that_fails_leaves_the_page(seen_by_a_visitor, broken, caplog):
    app = open_at(LESSON, step="check-yourself")
    radio = app.radio[0]
    radio.set_value(radio.proto.default or 0).run()
    broken(questions, "keep")
    app.button(key=f"{radio.key.removesuffix('?')}!").click().run()
    assert len(told(app, caplog)) == 1 and app.get("toast") and not app.error
    assert app.title[0].value == steps_of("l1_l2")["check-yourself"]


@pytest.mark.parametrize("name", ["_carry_hidden", "end"])
def test_a_page_that_fails_as_a_whole_says_so(seen_by_a_visitor, broken, caplog, name):
    broken(frame, name)
    for path in PAGES[:2]:
        assert len(told(open_at(path), caplog)) >= 1
        assert any(error.value.startswith(failures.PAGE) for error in open_at(path).error)


def test_streamlits_own_ways_to_end_and_repeat_a_run_pass():
    def script():
        import streamlit as st

        from core.app import failures

        @failures.fragment
        def once():
            if not st.session_state.get("ran"):
                st.session_state.ran = True
                st.rerun()
            with failures.apart():
                st.write("ran again")
                st.stop()
            st.write("never")

        once()
        st.write("never")

    app = AppTest.from_function(script).run()
    assert [m.value for m in app.markdown] == ["ran again"] and not app.error and not app.exception


def test_a_job_that_fails_by_what_nobody_foresaw_is_told_with_one_number(seen_by_a_visitor, monkeypatch, caplog):
    def breaking(worker, config, job):
        raise OSError(28, "No space left on device", SECRET)

    monkeypatch.setattr(runs, "train_with", breaking)
    app = open_at("pages/1_baseline.py", step="own-run", seed="1", lr="0.003")
    runs.job_queue()._executor.shutdown(wait=True)
    numbers = {number for _ in range(3) for number in told(app.run(), caplog)}
    assert len(numbers) == 1 and any(button.label == "Try again" for button in app.button)


# --- nobody goes past the boundary ----------------------------------------------------------------------------------

ON = re.compile(r"on_\w*(click|change|select|submit)")
"""What a widget calls."""
SOURCES = [*sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "core/app").glob("*.py")), ROOT / "streamlit_app.py"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_fragment_and_every_callback_is_a_boundary(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    callbacks, dialogs = [], []
    for node in ast.walk(tree):
        if path.name != "failures.py":
            assert not (isinstance(node, ast.Attribute) and ast.unparse(node) == "st.fragment"), node.lineno
        if isinstance(node, ast.Call):
            callbacks += [
                (k.arg, k.value)
                for k in node.keywords
                if re.fullmatch(r"on_\w*(click|change|select|submit)", k.arg or "")
            ]
        if isinstance(node, ast.FunctionDef):
            by = [ast.unparse(decorator) for decorator in node.decorator_list]
            dialogs += [by] if any(name.startswith("st.dialog") for name in by) else []
    assert all(by[-1] == "failures.guarded" for by in dialogs)
    for key, value in callbacks:
        if not isinstance(value, ast.Constant):
            assert ast.unparse(value) in guarded_in(path) | {"changed"}, (key, ast.unparse(value))


def guarded_in(path) -> set[str]:
    """The callbacks that a module may name: its own, and those of another module as `module.name`."""
    found = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and "failures.callback" in map(ast.unparse, node.decorator_list):
                found.add(node.name if source == path else f"{source.stem}.{node.name}")
    return found


def test_the_browsers_store_cannot_break_a_page(seen_by_a_visitor, broken, caplog):
    def script():
        import streamlit as st

        from core.app import failures, keeping

        st.session_state.keeping = type("Handed", (), {"store": {"now": 1, "store": "{}"}})()
        keeping._take()
        failures.guarded(st.write)("drawn")

    broken(keeping.progress, "set_clock")
    app = AppTest.from_function(script).run()
    assert app.markdown[0].value == "drawn" and len(told(app, caplog)) == 1


def test_without_a_page_a_failure_is_still_told(seen_by_a_visitor, caplog):
    """A fragment that is drawn alone, as the tests of exercises draw it."""
    with caplog.at_level(logging.ERROR):
        assert NUMBER.search(failures.sentence(failures.PART, KeyError(SECRET)))
    assert "no name" in caplog.text
