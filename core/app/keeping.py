"""What the student did is kept in the browser's own storage, on that machine only: core/app/keeping.js.

The browser hands its store to the session once, after the session's first run; from then on the session hands its
changes to the browser, which merges them into the store entry by entry. The server keeps nothing.
"""

from __future__ import annotations

import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.app import failures, progress
from core.course.progress import LATEST, Progress, ProgressError, as_plain, from_text

TROUBLE = {
    "full": "This browser's storage is full, so your answers last only until this tab is closed: save them to a file.",
    "forbidden": (
        "This browser does not let the course keep anything, so your answers last only until this tab is closed: save "
        "them to a file."
    ),
    "unreadable": (
        "What this browser had kept of the course could not be read and is left out; your answers are kept anew from "
        "now on."
    ),
}
"""What the browser's store may have against it → what the reader is told."""


def at_browser() -> None:
    """Hands over what there is between the session and the browser. Called once by every page, at its end."""
    if st.session_state.pop("_trouble_is_new", False) and trouble():
        st.toast(trouble(), icon=":material/save:", duration="long")
    _component()(key="keeping", data=_data(progress.changes(), hands=True), height=1, on_store_change=_take)


def exercise_at_browser(exercise: str) -> None:
    """The same for one exercise, which is a fragment of its own. Called where it is drawn, after all else of it."""
    changed = progress.changes(exercise)
    if not changed.at:
        return
    _component()(key=f"keeping_{exercise}", data=_data(changed, hands=False), height=1)
    if exercise in changed.answers and trouble() and not is_only_said_once():
        st.caption(f":material/save: {trouble()}")


def trouble() -> str:
    """What the browser's store has against it, in a sentence; empty for nothing."""
    return TROUBLE.get(st.session_state.get("_trouble", ""), "")


def is_only_said_once() -> bool:
    """Whether the trouble is over: what could not be read has been replaced."""
    return st.session_state.get("_trouble") == "unreadable"


def _data(changes: Progress, *, hands: bool) -> dict[str, Any]:
    return {
        "session": st.session_state.setdefault("_keeping", uuid.uuid4().hex),
        "changes": as_plain(changes),
        "refused": bool(st.session_state.get("_refused")),
        "hands": hands,
    }


@failures.callback
def _take() -> None:
    """Take what the browser hands over, if it is anything at all."""
    handed = st.session_state.keeping.store
    if not isinstance(handed, dict):
        return
    now, store = handed.get("now"), handed.get("store")
    if isinstance(now, (int, float)) and 0 <= now <= LATEST:
        progress.set_clock(int(now))
    told = handed.get("trouble")
    told = told if isinstance(told, str) and told in TROUBLE else ""
    if isinstance(store, str):
        try:
            progress.take_in(from_text(store.encode("utf-8", "replace"))[0])
        except ProgressError:
            told, st.session_state._refused = told or "unreadable", True
    st.session_state._trouble_is_new = told and told != st.session_state.get("_trouble")
    st.session_state._trouble = told
    progress.loaded()


@lru_cache(maxsize=1)
def _component():
    return st.components.v2.component("reglab_keeping", js=Path(__file__).with_suffix(".js").read_text("utf-8"))
