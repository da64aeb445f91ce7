"""Every key of every page's address, empty and with junk: the page opens, the default stands, the key is named."""

from __future__ import annotations

import ast

import pytest
from page_reader import PAGES, ROOT, keys_of, open_page

JUNK = (" ", "nan", "no such value", "x" * 10_000, "\x00\x07", "<b>x</b>", "](javascript:alert(1))", "`", "99999999999")


def values(app) -> dict[str, object]:
    """What every control with a key stands at."""
    kinds = (app.select_slider, app.segmented_control, app.toggle)
    return {widget.key: widget.value for kind in kinds for widget in kind if widget.key}


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
    for turn in range(2):
        app = open_page(path, **{key: JUNK[(i + turn * 4) % len(JUNK)] for i, key in enumerate(keys)})
        assert values(app) == before
        (note,) = app.warning
        assert all(f"`{key}`" in note.value for key in keys)
        assert "x" * 41 not in note.value and "\x00" not in note.value
        outside_code = "".join(note.value.split("`")[::2])
        assert "<b>" not in outside_code and "javascript" not in outside_code


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
