"""The student's answers of this session: kept between pages, saved to a file and loaded from one.

A loaded answer may fit its exercise no longer, or never have: each kind of exercise asks for its own kind of answer,
and takes any other for none.
"""

from __future__ import annotations

import streamlit as st

from core.course.progress import Answer, ProgressError, from_text, tally, to_text
from core.course.questions import Curve


def answers() -> dict[str, Answer]:
    """Exercise's id → the last answer, of this session."""
    return st.session_state.setdefault("_answers", {})


def option_given(exercise: str, n_options: int) -> int | None:
    """The number of the option that was committed to."""
    answer = answers().get(exercise)
    fits = answer and isinstance(answer.given, int) and answer.given < n_options
    return answer.given if fits else None


def drawn_values(exercise: str, curve: Curve) -> tuple[float, ...] | None:
    """The values that were drawn and committed to."""
    answer = answers().get(exercise)
    fits = (
        answer
        and isinstance(answer.given, tuple)
        and len(answer.given) == len(curve.stops)
        and all(curve.low <= value <= curve.high for value in answer.given)
    )
    return answer.given if fits else None


def typed_text(exercise: str) -> str | None:
    """The code that was checked last."""
    answer = answers().get(exercise)
    return answer.given if answer and isinstance(answer.given, str) else None


def keep(exercise: str, answer: Answer) -> None:
    answers()[exercise] = answer


def take_back(exercise: str) -> None:
    answers().pop(exercise, None)


# --- what is shown of it --------------------------------------------------------------------------------------------


def tally_words(lesson: str) -> str:
    """How much of a lesson is answered, for its entry on the overview; empty for a lesson without exercises."""
    right, answered, there_are = tally(answers(), lesson)
    if not there_are:
        return ""
    return f"{right} right, {answered} answered, of {there_are} exercises" if answered else f"{there_are} exercises"


def progress_panel() -> None:
    """The answers of this session as a file to keep, and a kept file to load again."""
    left, right = st.columns(2)
    kept = answers()
    with left:
        st.markdown("**Save**: a file with your answers, on your own disk.")
        st.download_button(
            f"Save my answers ({len(kept)})",
            lambda: to_text(dict(kept)),
            file_name="regularization-seen.json",
            mime="application/json",
            on_click="ignore",
            disabled=not kept,
            icon=":material/save:",
            key="save_answers",
        )
    with right:
        st.file_uploader(
            "**Load** a file that you saved", type="json", key="load_answers", on_change=_load, max_upload_size=1
        )
        _say_loaded()


def _load() -> None:
    """Replace the answers by those of the file that was just chosen; keep them where it cannot be read."""
    chosen = st.session_state.load_answers
    if chosen is None:
        st.session_state.pop("_loaded", None)
        return
    try:
        found, unknown = from_text(chosen.getvalue())
    except ProgressError as error:
        st.session_state._loaded = str(error)
        return
    st.session_state._answers = found
    st.session_state._loaded = len(found), unknown


def _say_loaded() -> None:
    loaded = st.session_state.get("_loaded")
    if isinstance(loaded, str):
        st.error(loaded)
    elif loaded:
        n, unknown = loaded
        rest = (
            f" Left out, since this version of the course does not have their exercises: {unknown}." if unknown else ""
        )
        st.success(f"{n} {'answer is' if n == 1 else 'answers are'} loaded.{rest}")
