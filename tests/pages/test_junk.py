"""Every key of every page's address, empty, with junk and given twice: the page opens, the default stands, the key is
named, and nothing of the junk stands anywhere else."""

from __future__ import annotations

import ast

import pytest
from hostile import ALL, CANARY
from page_reader import PAGES, ROOT, keys_of, open_page

JUNK = (" ", "nan", "no such value", "x" * 10_000, "\x00\x07", "<b>x</b>", "](javascript:alert(1))", "`", "99999999999")
HOSTILE = [text for text in ALL if 0 < len(text) < 200 and text.lower() not in ("0", "-0", "+1", "true", "false", ".")]
"""Those that no control offers, and so short that all of them fit into one address."""


def values(app) -> dict[str, object]:
    """What every control with a key stands at."""
    kinds = (app.select_slider, app.segmented_control, app.toggle)
    return {widget.key: widget.value for kind in kinds for widget in kind if widget.key}


def but_for_the_note(app) -> list[bytes]:
    """All else that goes to the browser, element by element: texts, figures, the data of components."""
    sent = [element.proto for element in (*app.main, *app.sidebar) if getattr(element, "proto", None)]
    return [proto.SerializeToString() for proto in sent if "Part of this address" not in getattr(proto, "body", "")]


@pytest.mark.parametrize("path", PAGES[1:])
def test_an_empty_value_of_any_key_is_its_default_and_named(path, monkeypatch):
    keys = [*keys_of(monkeypatch, path)]
    assert len(keys) > 5
    before = values(open_page(path))
    app = open_page(path, **dict.fromkeys(keys, ""))
    assert values(app) == before
    (note,) = app.warning
    assert all(f"`{key}`" in note.value for key in keys)


@pytest.mark.parametrize("path", PAGES[1:])
def test_junk_in_all_keys_at_once_leaves_the_defaults_and_is_never_repeated_at_length(path, monkeypatch):
    keys = [*keys_of(monkeypatch, path)]
    before = values(open_page(path))
    for turn, kinds in enumerate((JUNK, [[text, "0"] if i % 3 == 0 else text for i, text in enumerate(HOSTILE)])):
        app = open_page(path, **{key: kinds[(i + turn * 41) % len(kinds)] for i, key in enumerate(keys)})
        assert values(app) == before
        (note,) = app.warning
        assert all(f"`{key}`" in note.value for key in keys)
        assert "x" * 41 not in note.value and "\x00" not in note.value
        outside_code = "".join(note.value.split("`")[::2])
        assert not any(harm in outside_code for harm in ("<", "javascript", "](", CANARY))
        assert not [sent for sent in but_for_the_note(app) if CANARY.encode() in sent]


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "core/app").glob("*.py")), ROOT / "streamlit_app.py"],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_only_the_controls_bind_a_widget_to_the_address(path):
    """Who binds a widget past core/app/controls.py forgets to say what its address cannot use."""
    bound = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and any(keyword.arg == "bind" for keyword in node.keywords)
    ]
    assert bool(bound) == (path.name == "controls.py")


KEEPABLE = ("select_slider", "slider", "segmented_control", "radio", "toggle", "number_input", "selectbox", "text_area")


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "core/app").glob("*.py")), ROOT / "streamlit_app.py"],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_what_a_widget_is_set_to_is_kept_when_its_step_is_left(path):
    """The presentation switch is carried from page to page by the frame itself."""
    lost = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith("st.")
        and getattr(node.func, "attr", "") in KEEPABLE
        and not any(keyword.arg == "persist_state" for keyword in node.keywords)
    ]
    assert len(lost) == (path.name == "frame.py")
