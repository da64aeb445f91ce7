"""Questions to commit to before the answer is seen: a choice of options, or values to draw.

An exercise's id is "lesson/name"; the answer is kept in the session's progress. Each is a fragment of its own, so that
answering redraws nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.app import controls, failures, frame, keeping, steps
from core.app.panels import captioned
from core.app.progress import drawn_values, keep, option_given, take_back
from core.course.claims import NotStored
from core.course.progress import Answer
from core.course.questions import Choice, Curve, Drawing, Option, Question, shown_order
from core.course.syllabus import questions_of
from core.figures.predictions import prediction_figure

RIGHT, WRONG = ":green[:material/check_circle:]", ":orange[:material/cancel:]"
"""Beside the words, never instead of them."""


def _nothing() -> None:
    pass


def at(lesson: str, place: str) -> None:
    """The questions that a lesson asks at one of its page's places."""
    for question in questions_of(lesson).values():
        if question.place == place:
            _ask(lesson, question)


def check_yourself(lesson: str) -> None:
    """The questions that a lesson asks at its end: one at a time, or all where the whole lesson is read."""
    asked = [question for question in questions_of(lesson).values() if not question.place and _made(question)]
    frame.text("Commit to an answer first, and then read the reply to it. The lesson's figures hold the answers.")
    numbers = tuple(f"Question {i + 1}" for i in range(len(asked)))
    shown = numbers if frame.is_whole() else (controls.choice("Question", numbers, key="question", bare=True),)
    for number, question in zip(numbers, asked, strict=True):
        if number in shown:
            _ask(lesson, question)


def _made(question: Question) -> Choice | Drawing | None:
    """The question with its numbers; None where what it asks about is not stored."""
    try:
        return question.make()
    except NotStored:
        return None


def _ask(lesson: str, question: Question) -> None:
    made = None if frame.is_hidden("questions") else _made(question)
    if not made:
        return
    exercise = f"{lesson}/{question.name}"
    if isinstance(made, Drawing):
        _drawing(exercise, made)
    else:
        choose(exercise, made)


def choose(
    exercise: str,
    choice: Choice,
    *,
    show: Callable[[], None] = _nothing,
    asks: str = "",
    reveal: Callable[[], None] = _nothing,
    hidden_as: str = "questions",
) -> None:
    """A question with options, of which one is right: commit to one, then see what is said to it, and the right one.

    show: drawn to the left of it all; asks: a second question before the options. reveal: drawn below once the right
    answer is in sight, because it was given or asked for: who was wrong can try again. hidden_as: what an instructor's
    address hides it by.
    """
    if not frame.is_hidden(hidden_as):
        _choice(exercise, choice, show, asks, reveal)


@failures.fragment
def _choice(exercise: str, choice: Choice, show, asks: str, reveal) -> None:
    options = choice.options
    given, order = option_given(exercise, len(options)), shown_order(exercise, len(options))
    if show is _nothing:
        place = st.container(border=True)
    else:
        left, place = steps.side_by_side(11, 9)
        with left:
            show()
    with place:
        st.markdown(choice.asks)
        if asks:
            st.markdown(f"**{asks}**")
        if given is not None:  # it may have come from a file or from the browser, after something else was chosen here
            st.session_state[f"{exercise}?"] = given
        chosen = st.radio(
            "Your answer",
            order,
            format_func=lambda i: options[i].text,
            key=f"{exercise}?",
            index=None,
            disabled=given is not None,
            persist_state="session",
            label_visibility="collapsed",
        )
        if given is None:
            st.button("Commit", key=f"{exercise}!", on_click=_commit, args=(exercise, options), disabled=chosen is None)
            keeping.exercise_at_browser(exercise)
            return
        is_seen = _feedback(exercise, options, given)
        st.button("Answer again", key=f"{exercise}~", on_click=_again, args=(exercise,), type="tertiary")
        keeping.exercise_at_browser(exercise)
    if is_seen:
        reveal()


@failures.callback
def _commit(exercise: str, options: Sequence[Option]) -> None:
    chosen = st.session_state[f"{exercise}?"]
    keep(exercise, Answer(chosen, options[chosen].right))


@failures.callback
def _again(exercise: str) -> None:
    take_back(exercise)
    for key in (f"{exercise}?", f"{exercise}>"):
        st.session_state.pop(key, None)


def _feedback(exercise: str, options: Sequence[Option], chosen: int) -> bool:
    """What is said to an answer. Returns whether the right one is in sight."""
    yours, right = options[chosen], next(option for option in options if option.right)
    st.markdown(f"{RIGHT if yours.right else WRONG} **{'Right' if yours.right else 'Not quite'}.** {yours.feedback}")
    if yours.right:
        return True
    answer = st.expander("Show the answer", key=f"{exercise}>", on_change="rerun")
    answer.markdown(f"*{right.text.rstrip('.')}.* {right.feedback}")
    return answer.open


# --- drawing --------------------------------------------------------------------------------------------------------


@failures.fragment
def _drawing(exercise: str, drawing: Drawing) -> None:
    """A curve to draw with a slider for each stop; after the commitment the measured one is laid over it."""
    curve = drawing.curve
    given = drawn_values(exercise, curve)
    with st.container(border=True):
        st.markdown(drawing.asks)
        beside, sliders = st.columns([3, 2])
        with sliders:
            drawn = tuple(_drawn(exercise, curve, i, given) for i in range(len(curve.stops)))
        with beside:
            figure = prediction_figure(
                curve.stops,
                drawn,
                curve.measured if given else None,
                x_title=curve.x_title,
                y_title=curve.y_title,
                y_range=(curve.low, curve.high),
                percent=curve.percent,
            )
            measured = ", and what was measured." if given else "."
            alt = f"Your prediction of {curve.y_title} against {curve.x_title}{measured}"
            captioned(figure, alt_text=alt, key=f"{exercise}_drawn")
        if given is None:
            st.button("Commit", key=f"{exercise}!", on_click=_commit_drawing, args=(exercise, curve))
            keeping.exercise_at_browser(exercise)
            return
        off = curve.distance(drawn)
        by = f"{100 * off:.1f} points" if curve.percent else f"{off:.2g}"
        st.markdown(f"{RIGHT if off <= curve.tolerance else WRONG} You are off by **{by}** on average. {drawing.says}")
        st.button("Answer again", key=f"{exercise}~", on_click=_again, args=(exercise,), type="tertiary")
        keeping.exercise_at_browser(exercise)


STEPS = 40


def _drawn(exercise: str, curve: Curve, i: int, given: tuple[float, ...] | None) -> float:
    """One stop's slider; before the first move it stands in the middle."""
    scale = 100 if curve.percent else 1
    unit = "%d %%" if curve.percent else "%.2f"
    if given:
        st.session_state[f"{exercise}={i}"] = scale * given[i]
    value = st.slider(
        f"{curve.x_title} = {curve.stops[i]}",
        scale * curve.low,
        scale * curve.high,
        None if given else scale * (curve.low + curve.high) / 2,
        step=1.0 if curve.percent else (curve.high - curve.low) / STEPS,
        format=unit,
        key=f"{exercise}={i}",
        disabled=given is not None,
        persist_state="session",
    )
    return value / scale


@failures.callback
def _commit_drawing(exercise: str, curve: Curve) -> None:
    scale = 100 if curve.percent else 1
    drawn = tuple(st.session_state[f"{exercise}={i}"] / scale for i in range(len(curve.stops)))
    keep(exercise, Answer(drawn, curve.distance(drawn) <= curve.tolerance))
