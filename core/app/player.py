"""Play, pause and single step for a slider: buttons in the browser that ask for one stop after the other.

Nothing on the server ticks. The browser asks for the next stop some time after the last one has arrived, so that one
session has at most one on its way; it stops at the last stop, and when the step is left, since the buttons that play
are gone then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import streamlit as st

from core.app import controls, failures

_BUTTON = (
    '<button type="button" class="{name}"><svg viewBox="0 0 24 24" aria-hidden="true"><path/></svg>{text}</button>'
)
HTML = (
    '<div class="reglab-player" role="group" aria-label="Playing">'
    + _BUTTON.format(name="reglab-back", text="")
    + _BUTTON.format(name="reglab-play", text="<span></span>")
    + _BUTTON.format(name="reglab-on", text="")
    + "</div>"
)


@lru_cache(maxsize=1)
def _component():
    script, style = (Path(__file__).with_suffix(end).read_text(encoding="utf-8") for end in (".js", ".css"))
    return st.components.v2.component("reglab_player", html=HTML, css=style, js=script, isolate_styles=False)


def played_stop(label: str, stops: Sequence[int], default: int, *, key: str) -> int:
    """A slider over stops with buttons below it that play it. Its key is its name in the address."""
    chosen = int(controls.stop(label, stops, default, key=key))
    data = {"at": list(stops).index(chosen), "last": len(stops) - 1, "what": label.lower()}

    @failures.callback
    def asked() -> None:
        move(key, controls.texts_of(stops))

    _component()(key=f"{key}_player", data=data, height="content", on_stop_change=asked)
    return chosen


def move(key: str, texts: Sequence[str]) -> None:
    """Move the slider to the place, among its texts, that its buttons have asked for. Called before the page is
    drawn; the buttons are gone where the step was left meanwhile."""
    asked = getattr(st.session_state.get(f"{key}_player"), "stop", None)
    if isinstance(asked, int | float) and not isinstance(asked, bool) and 0 <= asked < len(texts):
        st.session_state[key] = texts[int(asked)]
