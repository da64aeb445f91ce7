"""What a visitor sees of an unexpected failure: one sentence with a number. The server's log has the rest under it.

Each part of a page that is drawn by itself, and each callback of a widget, is a boundary: what fails inside leaves all
else as it is. Streamlit ends and repeats a run by exceptions of its own; they are no `Exception`, and pass.
"""

from __future__ import annotations

import logging
import secrets
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

LONGEST_LOGGED = 500
"""Characters of an address that the log repeats."""


class Said(Exception):
    """Ends a part of a page that has said already why there is no more of it."""


def sentence(what: str, error: BaseException) -> str:
    """What the visitor is told: what did not work, and the number under which the log has `error`."""
    number = secrets.token_hex(4)
    log.error("failure %s in session %s at %s: %s", number, _session(), _address(), what, exc_info=error)
    return f"{what}. The server's log says why, under the number {number}."


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
            _toast(error)

    return acted


def watch_page() -> None:
    """What a page's own script raises is told as well. Called first by every page."""
    if context := get_script_run_ctx():
        context.on_script_error = _tell_of_page


def _tell_of_page(error: Exception) -> bool:
    """In the place of Streamlit's own message."""
    tell(PAGE, error)
    return True


def _toast(error: Exception) -> None:
    st.toast(sentence(ACTION, error), icon=":material/report:", duration="long")


def _session() -> str:
    """The beginning of the session's name, by which the log tells sessions apart."""
    return str(st.session_state.get("_session", "no name"))[:8]


def _address() -> str:
    """Of the page, as it was asked for, percent-encoded: a line of the log stays one line."""
    given = [(key, value) for key in st.query_params for value in st.query_params.get_all(key)]
    return f"{st.context.url or ''}?{urlencode(given, errors='replace')}"[:LONGEST_LOGGED]
