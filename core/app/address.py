"""What an address says that cannot be used: found by each control as it is drawn, told in one note on top of the page.

Streamlit itself drops what it cannot use, in silence. So each control asks `usable` first, and the page says at its end
what was found, in the place that it kept free at its top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import streamlit as st
from streamlit.errors import StreamlitAPIException

FRAME_KEYS = ("present", "hide", "step", "whole", "notes", "plan")
"""Belong to no page: the frame reads them and writes them back. That they change is no change of a setting."""

LONGEST_SHOWN = 40
"""Characters of a text from the address that the page repeats."""

MOST_TAKEN_OUT = 100
"""Keys that are taken out of an address; no page has so many, and each that goes is told to the browser."""

MANY = 12
"""Values that are listed one by one; of more than these the first three and the last."""


@dataclass(frozen=True)
class Arrival:
    """How a page was reached: its file, what the address gave, and what is wrong with it, by key."""

    path: str
    given: Mapping[str, str]
    taken_out: Mapping[str, list[str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def arrive(path: str) -> None:
    """Called before a page draws anything. What was found wrong is remembered until a setting changes."""
    before, given = st.session_state.get("_arrival"), _given()
    if before and before.path == path and given.items() <= before.given.items():
        return
    taken_out = {} if before and before.path == path else _take_out()
    st.session_state._arrival = Arrival(path, given, taken_out)
    if taken_out:
        st.rerun()


SWITCH = ("true", "false")


def usable(key: str, offered: Sequence[str]) -> str | None:
    """What the address gives for `key`, if that is one of the texts offered; else None, and what is wrong is noted.

    As Streamlit does, this compares texts, and ignores the case of a switch: 3e-4 is not the 0.0003 that a slider
    offers, and TRUE is true.
    """
    given = st.query_params.get_all(key) or _arrival().taken_out.get(key, [])
    if offered == SWITCH:
        given = [text.lower() for text in given]
    if len(given) == 1 and given[0] in offered:
        return given[0]
    if given:
        value = next((text for text in given if text not in offered), given[0])
        how = "one of" if len(given) == 1 else "given once, as one of"
        note(key, f"must be {how} {_listed(offered)}, not {as_text(value)}")
    return None


def note(key: str, problem: str) -> None:
    """Remember what is wrong with the address's value of one key: the rest of a sentence that begins with the key."""
    _arrival().problems[key] = problem


def say_what_was_wrong(place: st.delta_generator.DeltaGenerator) -> None:
    """All problems of the page's address in one warning, at a place reserved at its top. Called when all is drawn.

    Not by the controls: what a fragment draws outside of itself, the browser takes away when the fragment runs again.
    """
    problems = _arrival().problems
    if problems:
        listed = "\n".join(f"- `{key}` {problem}" for key, problem in problems.items())
        place.warning(f"Part of this address could not be used; the defaults take its place.\n\n{listed}")


def as_text(value: str) -> str:
    """A text from an address, in Markdown: as code, in which nothing is a link, an icon or markup."""
    shown = "".join(c for c in value if c.isprintable()).replace("`", "'")
    if not shown.strip():
        return "an empty text"
    return f"`{shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 3] + '...'}`"


def _arrival() -> Arrival:
    """Of this page; a control that is drawn on its own, without a page, begins one."""
    if "_arrival" not in st.session_state:
        st.session_state._arrival = Arrival("", _given())
    return st.session_state._arrival


def _given() -> dict[str, str]:
    return {key: value for key, value in st.query_params.to_dict().items() if key not in FRAME_KEYS}


def _take_out() -> dict[str, list[str]]:
    """Remove from the address, and answer with, what Streamlit would read otherwise than a person: a value that is
    empty, which it takes for *cleared* even where a choice is required, and a key that is given more than once.

    It hands an address to the widgets before the page runs, so this must be followed by another run.
    """
    every = {key: st.query_params.get_all(key) for key in _given()}
    misread = [key for key, values in every.items() if len(values) != 1 or not values[0]]
    taken = {}
    for key in misread[:MOST_TAKEN_OUT]:
        with suppress(StreamlitAPIException):  # bound already, by a page that the session came from
            del st.query_params[key]
            taken[key] = every[key]
    return taken


def _listed(offered: Sequence[str]) -> str:
    names = [f"`{text}`" for text in offered]
    return ", ".join(names if len(names) <= MANY else [*names[:3], "…", names[-1]])
