"""A lesson on a projector: its type, a key that blanks the screen, the notes that follow, the plan that is followed.

What the browser does is in projecting.js, and what it looks like in projecting.css.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

from core.app import address, failures, frame
from core.course.plans import MINUTES, plans, plans_with
from core.course.syllabus import lessons

KEY = "projecting"

NOTES = ("true", "all", "false")
"""What an address may say of the notes: those of one step, the handout, none."""

LONGEST_STEP = 80
"""Characters of a step's name that are carried to another page."""


@lru_cache(maxsize=1)
def style() -> str:
    """The rules of a presented page, to stand after those of steps.css."""
    return Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


# --- the plan that is followed ---------------------------------------------------------------------------------------


def plan() -> int | None:
    """The minutes of the plan that the address asks for (`plan=15`), or None: then a lesson has all its steps."""
    told = address.usable("plan", tuple(map(str, MINUTES)))
    return int(told) if told else None


def planned(lesson: str) -> tuple[str, ...] | None:
    """The steps of the plan that the address asks for, or None where it asks for none."""
    minutes = plan()
    return plans(lesson)[minutes] if minutes else None


def in_plans(lesson: str, step: str) -> str:
    """What the list of steps adds to a step while presenting: the plans that it belongs to."""
    minutes = plans_with(lesson, step) if frame.is_presenting() else ()
    return f" (in {' and '.join(map(str, minutes))} minutes)" if minutes else ""


def kept() -> dict[str, str]:
    """What a link to another lesson carries on: the plan, and whether it is the notes that are open."""
    notes = address.usable("notes", NOTES)
    return {**({"notes": notes} if notes else {}), **({"plan": str(minutes)} if (minutes := plan()) else {})}


# --- the browser's side ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _component():
    script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return st.components.v2.component("reglab_projecting", js=script)


def turn_of(asked: object, lesson: str, steps: tuple[str, ...]) -> str | tuple[str, str] | None:
    """What another window asks for, which may be anything: a step of this lesson, another lesson and its step, or
    nothing that there is."""
    there, step = (asked.get("lesson"), asked.get("step")) if isinstance(asked, dict) else (None, None)
    if not isinstance(there, str) or not isinstance(step, str):
        return None
    if there == lesson:
        return step if step in steps else None
    return (there, step[:LONGEST_STEP]) if there in lessons() else None


def follow(lesson: str, step: str, steps: tuple[str, ...], *, is_notes: bool = False) -> None:
    """Make the page one of the windows of a presentation: one turns to what another one is turned to. Called when the
    step is drawn. steps: those that the page can turn to. is_notes: the window has the notes, not the screen."""

    @failures.callback
    def turn() -> None:
        asked = turn_of(st.session_state[KEY].turn, lesson, steps)
        if isinstance(asked, str):
            st.query_params["step"] = asked
        elif asked:
            st.session_state._follow = asked

    data = {"lesson": lesson, "step": step, "isNotes": is_notes}
    _component()(key=KEY, data=data, height=1, on_turn_change=turn)
    if elsewhere := st.session_state.pop("_follow", None):
        there, its_step = elsewhere
        st.switch_page(frame.lesson_named(there).path, query_params={**kept(), "step": its_step})


def follow_from_elsewhere() -> None:
    """The same for a page that is at no step: the overview, or a lesson as a whole. It tells nothing, its screen can be
    made blank, and it turns to the step that the notes turn to."""
    if frame.is_presenting():
        follow("", "", ())


def notes_button() -> None:
    """Opens the notes in a window of their own, at this step: projecting.js does, as only the browser can."""
    st.button("Open the notes", key="open_notes", icon=":material/speaker_notes:", type="tertiary")
