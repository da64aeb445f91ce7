"""What the student did in this session, and when: kept between pages, saved to a file and loaded from one.

Beside it the browser keeps it (core/app/keeping.py). A loaded answer may fit its exercise no longer, or never have:
each kind of exercise asks for its own kind of answer, and takes any other for none.
"""

from __future__ import annotations

import time
from collections.abc import Container, Mapping

import streamlit as st

from core.app import failures
from core.course.progress import LATEST, Answer, Progress, ProgressError, exercise_ids, from_text, merge, tally, to_text
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
    _times()[exercise] = _now(_times().get(exercise, 0))
    _changed().add(exercise)


def take_back(exercise: str) -> None:
    answers().pop(exercise, None)
    _times()[exercise] = _now(_times().get(exercise, 0))
    _changed().add(exercise)


# --- the steps that were seen ---------------------------------------------------------------------------------------


def visit(lesson: str, step: str) -> None:
    """The step is on the screen."""
    name = f"{lesson}/{step}"
    _visits()[name] = _now(0)
    _changed().add(name)


def visited(lesson: str) -> set[str]:
    """The names of the steps of a lesson that were seen."""
    return {step for where, _, step in (name.partition("/") for name in _visits()) if where == lesson}


def last_visited() -> list[tuple[str, str]]:
    """Lesson and step of all that were seen, the last one first."""
    visits = _visits()
    return [tuple(name.split("/", 1)) for name in sorted(visits, key=visits.__getitem__, reverse=True)]


# --- and when -------------------------------------------------------------------------------------------------------


def of_session() -> Progress:
    """All of this session, as it can be kept."""
    return Progress(dict(answers()), dict(_times()), dict(_visits()), _forgotten())


def changes(exercise: str = "") -> Progress:
    """What this session has changed by itself, all of it or one exercise's answer; the browser may know it by now."""
    changed = {exercise} & _changed() if exercise else _changed()
    return Progress(*({n: v for n, v in whole.items() if n in changed} for whole in _all()), _forgotten())


def take_in(other: Progress) -> None:
    """Merge what another session did into this one."""
    _set(merge(of_session(), other))


def forget() -> None:
    """Forget all that was done until now; the browser learns it, and other tabs by it."""
    now = _now(max((_forgotten(), *_times().values(), *_visits().values())))
    _set(Progress(forgotten=now))
    _changed().clear()
    for key in [key for key in st.session_state if str(key).lstrip("_").startswith(exercise_ids())]:
        del st.session_state[key]  # what was chosen or typed and not committed to, and the hints


def set_clock(browser: int) -> None:
    """What the browser's clock says now, in milliseconds since 1970."""
    st.session_state._clock_ahead = browser - _server_clock()


def loaded() -> None:
    """The browser has handed over what it had."""
    st.session_state._is_loaded = True


def is_loading() -> bool:
    """Whether the browser has yet to hand over what it has: nothing is counted until then."""
    return not st.session_state.get("_is_loaded", False)


def _set(progress: Progress) -> None:
    state = st.session_state
    state._answers, state._times, state._visits = map(dict, (progress.answers, progress.at, progress.visited))
    state._forgotten = progress.forgotten


def _all() -> tuple[dict[str, Answer], dict[str, int], dict[str, int]]:
    return answers(), _times(), _visits()


def _times() -> dict[str, int]:
    return st.session_state.setdefault("_times", {})


def _visits() -> dict[str, int]:
    return st.session_state.setdefault("_visits", {})


def _changed() -> set[str]:
    """The exercises and the steps of which this session knows something that the browser may not know yet."""
    return st.session_state.setdefault("_changed", set())


def _forgotten() -> int:
    return st.session_state.get("_forgotten", 0)


def _now(last: int) -> int:
    """The time by the browser's clock; later than `last`, however wrong the clock was then."""
    now = _server_clock() + st.session_state.get("_clock_ahead", 0)
    return min(LATEST, max(now, last + 1, _forgotten() + 1))


def _server_clock() -> int:
    return round(1000 * time.time())


# --- what is shown of it --------------------------------------------------------------------------------------------


def tally_words(lesson: str, hidden: Container[str] = ()) -> str:
    """How much of a lesson is answered, for its entry on the overview; empty for a lesson without exercises. hidden:
    the kinds that are not shown."""
    if is_loading():
        return "Loading your answers …"
    right, answered, there_are = tally(answers(), lesson, hidden)
    if not there_are:
        return ""
    return f"{right} right, {answered} answered, of {there_are} exercises" if answered else f"{there_are} exercises"


def progress_panel() -> None:
    """The answers of this session as a file to keep, a kept file to load again, and a way to forget them."""
    left, right = st.columns(2)
    kept, so_far = answers(), of_session()  # the file is made when it is asked for, and that is outside of the session
    with left:
        st.markdown("**Save**: a file with your answers, on your own disk.")
        st.download_button(
            "Save my answers" if is_loading() else f"Save my answers ({len(kept)})",
            lambda: to_text(so_far),
            file_name="regularization-seen.json",
            mime="application/json",
            on_click="ignore",
            disabled=not kept,
            icon=":material/save:",
            key="save_answers",
        )
    with right:
        st.file_uploader(
            "**Load** a file that you saved: its answers come beside yours",
            type="json",
            key="load_answers",
            on_change=_load,
            max_upload_size=1,
        )
        _say_loaded()
    _forget_panel()


def _forget_panel() -> None:
    """The button that forgets, and once more the question."""
    done = len(answers()) + len(_visits())
    if not (done and st.session_state.get("_asks_to_forget")):
        st.button(
            "Forget my answers",
            key="forget",
            icon=":material/delete:",
            disabled=not done,
            on_click=_ask_to_forget,
            args=(True,),
        )
        return
    st.markdown("Forget all your answers and the steps that you have seen, in this browser? There is no way back.")
    with st.container(horizontal=True):
        st.button("Yes, forget them", key="forget_all", type="primary", on_click=_forget_asked)
        st.button("No, keep them", key="forget_none", on_click=_ask_to_forget, args=(False,))


@failures.callback
def _ask_to_forget(asks: bool) -> None:
    st.session_state._asks_to_forget = asks


@failures.callback
def _forget_asked() -> None:
    _ask_to_forget(False)
    forget()


@failures.callback
def _load() -> None:
    """Add what the file has that was just chosen; nothing is lost by it."""
    chosen = st.session_state.load_answers
    if chosen is None:
        st.session_state.pop("_loaded", None)
        return
    try:
        found, unknown = from_text(chosen.getvalue())
    except ProgressError as error:
        st.session_state._loaded = str(error)
        return
    _take_visits(found.visited)
    st.session_state._loaded = *_take_answers(found), unknown


def _take_visits(visited: Mapping[str, int]) -> None:
    """Steps that a file says were seen, beside those of the session: no more than are kept, as the names are not
    ours."""
    together = merge(Progress(visited=visited), Progress(visited=_visits())).visited
    st.session_state._visits = dict(together)
    _changed().update(visited)
    _changed().intersection_update({*together, *_times()})


def _take_answers(found: Progress) -> tuple[int, int]:
    """The answers of a file beside those of the session: how many were taken, and how many were not, since those here
    are as new or newer."""
    kept = [name for name in found.answers if name in answers() and found.at.get(name, 0) <= _times().get(name, 0)]
    for name in found.answers.keys() - {*kept}:
        keep(name, found.answers[name])
    return len(found.answers) - len(kept), len(kept)


def _say_loaded() -> None:
    loaded = st.session_state.get("_loaded")
    if isinstance(loaded, str):
        st.error(loaded)
    elif loaded:
        n, kept, unknown = loaded
        rest = f" Left as they are, since they were given here later: {kept}." if kept else ""
        if unknown:
            rest += f" Left out, since this version of the course does not have their exercises: {unknown}."
        st.success(f"{n} {'answer is' if n == 1 else 'answers are'} loaded.{rest}")
