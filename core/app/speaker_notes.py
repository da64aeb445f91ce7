"""An instructor's notes of a lesson: of one step, in a window that follows the presented one (`notes=true`), or of all
steps as a handout (`notes=all`)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.app import address, failures, projecting
from core.course.plans import plans

if TYPE_CHECKING:
    from core.app.steps import Step, Steps

PARTS = (("Say", "say"), ("Ask", "ask"), ("Where the class will be wrong", "trap"))
"""The notes of a step, in the order in which they are needed."""


def asked() -> str | None:
    """Whether the address asks for the notes instead of the lesson: "true" for one step's, "all" for the handout."""
    told = address.usable("notes", projecting.NOTES)
    return None if told == "false" else told


def show_handout(lesson: Steps) -> None:
    """The notes of all steps on one page, to print."""
    _style()
    st.title(f"{lesson.about.title}: the notes", anchor=False)
    st.markdown(f"*{lesson.about.question}* All steps take {_minutes(sum(s.notes.minutes for s in lesson.shown))}.")
    _plans(lesson)
    for i, step in enumerate(lesson.shown, start=1):
        with st.container(key=f"notes_of_{step.name}"):
            st.header(f"{i}. {step.title}", anchor=step.name)
            parts = "\n\n".join(f"**{label}.** {getattr(step.notes, part)}" for label, part in PARTS)
            st.markdown(f"{_minutes(step.notes.minutes)}, `step={step.name}`\n\n{parts}")


def show_step(lesson: Steps, step: Step) -> None:
    """The notes of one step, large, with the clock and what comes next."""
    _style()
    lesson.bar_of_notes(step)
    st.title(step.title, anchor=False)
    _clock(lesson.about.name, step)
    for label, part in PARTS:
        st.markdown(f"**{label}**\n\n{getattr(step.notes, part)}")
    following = lesson.turned(step)[1]
    if following < len(lesson.shown):
        after = lesson.shown[following]
        st.markdown(f"Next: **{after.title}** ({_minutes(after.notes.minutes)})")
    with st.expander("The plans of 15 and 45 minutes", icon=":material/unfold_more:"):
        _plans(lesson, at=step.name)
    projecting.follow(lesson.about.name, step.name, tuple(s.name for s in lesson.shown), is_notes=True)


def _plans(lesson: Steps, at: str = "") -> None:
    """The plans of a lesson beside each other, as lists of steps. at: the step that is shown, in bold."""
    by_name = {step.name: (i, step) for i, step in enumerate(lesson.shown, start=1)}
    for minutes, place in zip(plans(lesson.about.name), st.columns(2), strict=True):
        chosen = [by_name[name] for name in plans(lesson.about.name)[minutes] if name in by_name]
        rows = [
            f"- {'**' * (step.name == at)}{i}. {step.title}{'**' * (step.name == at)}: {_minutes(step.notes.minutes)}"
            for i, step in chosen
        ]
        total = sum(step.notes.minutes for _, step in chosen)
        place.markdown(f"**In {minutes} minutes** (`plan={minutes}`, {total:g} of them)\n" + "\n".join(rows))


def _minutes(count: float) -> str:
    return f"{count:g} minute{'' if count == 1 else 's'}"


def _clock(lesson: str, step: Step) -> None:
    """How long this step and the whole have been on: counted in the browser, speaker_notes.js."""

    @failures.callback
    def restart() -> None:
        st.session_state._restarts = st.session_state.get("_restarts", 0) + 1

    with st.container(horizontal=True, vertical_alignment="center"):
        data = {
            "place": f"{lesson}/{step.name}",
            "minutes": step.notes.minutes,
            "restarts": st.session_state.get("_restarts", 0),
        }
        _component()(key="notes_clock", data=data, width="stretch", height="content")
        st.button("Set the clock to 0", key="restart_clock", icon=":material/timer:", type="tertiary", on_click=restart)


def _style() -> None:
    st.html(f"<style>{_file('.css')}</style>")


@lru_cache(maxsize=2)
def _file(suffix: str) -> str:
    return Path(__file__).with_suffix(suffix).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _component():
    html = '<div class="reglab-clock" role="timer" aria-live="off"></div>'
    return st.components.v2.component("reglab_clock", html=html, js=_file(".js"), isolate_styles=False)
