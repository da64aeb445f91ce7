"""Exercises in which code is typed: a text field, a verdict, hints in three steps, a solution, and a training of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core.app import failures, frame, keeping
from core.app.comparisons import course_chart
from core.app.controls import one_of
from core.app.frame import is_hidden, is_presenting
from core.app.panels import settings_in_words
from core.app.progress import keep, typed_text
from core.app.questions import RIGHT, WRONG
from core.app.runs import run_or_training
from core.app.take_home import take_home
from core.config import RunConfig
from core.course.progress import LONGEST_TEXT, Answer
from core.course.syllabus import typed_code_of
from core.figures.compare import Course
from core.results.library import stored_run
from core.results.run import Run
from core.techniques import PLAIN, technique_of
from core.typed_code.exercises import Exercise, Verdict, judge

LINE = 24
"""Pixels of a line in the text field."""


def fill_in(lesson: str) -> None:
    """A lesson's exercises, one at a time; which one stands in the address as `exercise`."""
    exercises = typed_code_of(lesson)
    for exercise in exercises.values() if frame.is_whole() else [one_of(exercises, key="exercise")]:
        _exercise(f"{lesson}/code-{exercise.name}", exercise)
    st.caption(
        "Type in place of the dots. What you type is read and interpreted, but never run. It is judged by what it "
        "does, so another right answer counts as well, as long as it needs no more of Python than functions, loops and "
        "conditions. The names `torch`, `nn`, `F`, `device` and those in the text are there."
    )


@failures.fragment
def _exercise(key: str, exercise: Exercise) -> None:
    with st.container(border=True):
        st.markdown(f"**{exercise.title}.** {exercise.asks}")
        _put(key, typed_text(key) or exercise.template)
        line = round(1.4 * LINE) if is_presenting() else LINE
        text = st.text_area(
            "Your code",
            key=f"{key}=",
            height=line * max(4, exercise.template.count("\n") + 2),
            max_chars=LONGEST_TEXT,
            label_visibility="collapsed",
            persist_state="session",
        )
        with st.container(horizontal=True):
            st.button("Check", key=f"{key}!", on_click=_check, args=(key, exercise), type="primary")
            st.button("Hint", key=f"{key}?", on_click=_next_hint, args=(key,), icon=":material/lightbulb:")
            st.button("Start again", key=f"{key}~", on_click=_start_again, args=(key, exercise), type="tertiary")
        checked = typed_text(key)
        if checked is not None:
            _say(judge(exercise, checked), key, changed=text != checked)
        hints = exercise.hints[:-1] if is_hidden("solutions") else exercise.hints  # the last one says it nearly all
        for i, hint in enumerate(hints[: st.session_state.get(f"_{key}_hints", 0)], start=1):
            st.markdown(f"**Hint {i} of {len(hints)}.** {hint}")
        if st.session_state.get(f"_{key}_hints", 0) >= 3 and not is_hidden("solutions"):
            with st.expander("A solution"):
                st.code(exercise.solution, language="python")
                st.caption("Other solutions are right as well, since only what the code does counts.")
        keeping.exercise_at_browser(key)


def _put(key: str, checked: str) -> None:
    """Puts the text that was checked last into the field, which may come later: from the browser's store, or from
    another tab. What has been typed since stays."""
    field, put = f"{key}=", f"_{key}_put"
    if st.session_state.get(field) in (None, st.session_state.get(put)):
        st.session_state[field] = checked
    st.session_state[put] = checked


@failures.callback
def _check(key: str, exercise: Exercise) -> None:
    text = st.session_state[f"{key}="][:LONGEST_TEXT]
    keep(key, Answer(text, judge(exercise, text).right))


@failures.callback
def _next_hint(key: str) -> None:
    st.session_state[f"_{key}_hints"] = min(3, st.session_state.get(f"_{key}_hints", 0) + 1)


@failures.callback
def _start_again(key: str, exercise: Exercise) -> None:
    st.session_state[f"{key}="] = exercise.template
    st.session_state.pop(f"_{key}_hints", None)


def _say(verdict: Verdict, key: str, *, changed: bool) -> None:
    label = "Right." if verdict.right else "Not yet." if verdict.is_read else "This cannot be read here."
    st.markdown(f"{RIGHT if verdict.right else WRONG} **{label}** {verdict.says}")
    if changed:
        st.caption("You have changed the code since then. Check it again.")
    elif verdict.config and st.toggle("Train the network with it", key=f"{key}%", persist_state="session"):
        _trained(verdict.config, key)


def _trained(config: RunConfig, key: str) -> None:
    """Trains what the answer stands for, 2,000 images, and puts its curves beside the plain network's."""
    run = run_or_training(config, key=key)
    if run is None:
        return
    plain = stored_run(replace(config, norm="none", norm_position="before", dropout=0.0, l1=0.0, l2=0.0))
    yours = technique_of(run.config).name
    st.caption(f"{run.config.n_train:,} images · {settings_in_words(run.config)}")
    runs = {PLAIN.name: plain, yours: run} if plain and run.config.dataset == config.dataset else {yours: run}
    for place, what in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        held_out = {name: _course(r, f"held_out_{what}") for name, r in runs.items()}
        train = {name: _course(r, f"train_{what}") for name, r in runs.items()}
        with place:
            course_chart(held_out, dashed=train, what=what, x="epoch", percent=what == "accuracy", key=f"{key}{what}")
    beside = " beside the plain network" if len(runs) > 1 else ""
    st.caption(
        f"This is your network ({yours}){beside}, with seed 0. Solid lines are measured on held-out images, dashed "
        "ones on training images. This is one run, and another seed would give other curves."
    )
    take_home({"your network": run.config}, key=key)


def _course(run: Run, field: str) -> Course:
    values = run.curve(field)
    return Course(np.arange(1, len(values) + 1), values[None])
