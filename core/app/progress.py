"""The student's answers of this session: kept between pages, saved to a file and loaded from one."""

from __future__ import annotations

import streamlit as st

from core.progress import Answer


def answers() -> dict[str, Answer]:
    """Exercise's id → the last answer, of this session."""
    return st.session_state.setdefault("_answers", {})


def answer_to(exercise: str) -> Answer | None:
    return answers().get(exercise)


def keep(exercise: str, answer: Answer) -> None:
    answers()[exercise] = answer


def take_back(exercise: str) -> None:
    answers().pop(exercise, None)
