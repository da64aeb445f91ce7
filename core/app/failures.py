"""What a visitor sees of an unexpected failure: one sentence with a number. The server's log has the rest under it.

Each part of a page that is drawn by itself, and each callback of a widget, is a boundary: what fails inside leaves all
else as it is. Streamlit ends and repeats a run by exceptions of its own; they are no `Exception`, and pass.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.course.claims import NotStored

log = logging.getLogger(__name__)

PART = "This part of the page could not be shown"
PAGE = "This page could not be shown"
MISSING = "What this shows is missing: `python -m core.precompute` computes it."
ACTION = "This could not be done"
WORK = "This could not be computed"

REPEATED_SECONDS, MOST_REMEMBERED = 60.0, 20
"""For how long, and of how many places, a session remembers that a failure was logged."""

LONGEST_LOGGED = 500
"""Characters of an address that the log repeats."""


class Said(Exception):
    """Ends a part of a page that has said already why there is no more of it."""


def sentence(what: str, error: BaseException) -> str:
    """What the visitor is told: what did not work, and the number under which the log has `error`.

    What fails in one place again and again, as a part that is drawn twice a second does, keeps its number and is logged
    once a minute.
    """
    seen, place, now = st.session_state.setdefault("_failures", {}), (what, *_place(error)), time.monotonic()
    number, logged = seen.pop(place, ("", -REPEATED_SECONDS))
    if now - logged >= REPEATED_SECONDS:
        number, logged = number or secrets.token_hex(4), now
        log.error("failure %s in session %s at %s: %s", number, _session(), _address(), what, exc_info=error)
    seen[place] = number, logged
    for old in [*seen][:-MOST_REMEMBERED]:
        del seen[old]
    return f"{what}; the server's log says why, under the number {number}."


def _place(error: BaseException) -> tuple[str, str, int]:
    """Its kind, and the file and the line that raised it."""
    at = error.__traceback__
    while at and at.tb_next:
        at = at.tb_next
    return type(error).__name__, at.tb_frame.f_code.co_filename if at else "", at.tb_lineno if at else 0


def same_sentence(what: str, error: Exception) -> str:
    """The same for an error that is shown again and again, as that of a job is: with one number, logged once."""
    if not hasattr(error, "told_as"):
        error.told_as = sentence(what, error)
    return error.told_as


def tell(what: str, error: Exception) -> None:
    """Log an error, and say so in the place where it happened. That a precomputed file is missing is no error."""
    if isinstance(error, Said):
        return
    if isinstance(error, NotStored):
        log.info("%s", error)
        st.info(MISSING)
        return
    st.error(sentence(what, error), icon=":material/report:")


@contextmanager
def apart() -> Iterator[None]:
    """A part of a page: where it fails, the page goes on after it."""
    try:
        yield
    except Exception as error:  # whatever it is: this is the boundary
        tell(PART, error)


def guarded(draw: Callable[..., Any]) -> Callable[..., Any]:
    """A function that draws a part of a page, set apart."""

    @wraps(draw)  # to Streamlit a fragment is the name of its function
    def drawn(*args: Any, **more: Any) -> Any:
        say_what_could_not_be_done()
        with apart():
            return draw(*args, **more)

    return drawn


def fragment(draw: Callable[..., Any], *, run_every: float | None = None) -> Callable[..., Any]:
    """As st.fragment, set apart. run_every: seconds."""
    return st.fragment(guarded(draw), run_every=run_every)


def callback(act: Callable[..., Any]) -> Callable[..., Any]:
    """A function that a widget calls. It runs before the page does: what it raised would leave no page at all."""

    @wraps(act)
    def acted(*args: Any, **more: Any) -> None:
        try:
            act(*args, **more)
        except Exception as error:  # whatever it is: this is the boundary
            st.session_state._not_done = sentence(ACTION, error)

    return acted


def watch_page() -> None:
    """What a page's own script raises is told as well. Called first by every page."""
    if context := get_script_run_ctx():
        context.on_script_error = _tell_of_page


def _tell_of_page(error: Exception) -> bool:
    """In the place of Streamlit's own message."""
    tell(PAGE, error)
    return True


def say_what_could_not_be_done() -> None:
    """What a callback left to be said: it may not draw by itself. Called by every part of a page, and at its end."""
    if said := st.session_state.pop("_not_done", ""):
        st.toast(said, icon=":material/report:", duration="long")


def _session() -> str:
    """The beginning of the session's name, by which the log tells sessions apart."""
    return str(st.session_state.get("_session", "no name"))[:8]


def _address() -> str:
    """Of the page, as it was asked for, percent-encoded: a line of the log stays one line."""
    given = [(key, value) for key in st.query_params for value in st.query_params.get_all(key)]
    return f"{st.context.url or ''}?{urlencode(given, errors='replace')}"[:LONGEST_LOGGED]
