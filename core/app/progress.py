"""The student's answers of this session: kept between pages, saved to a file and loaded from one.

A loaded answer may fit its exercise no longer, or never have: each kind of exercise asks for its own kind of answer,
and takes any other for none.
"""

from __future__ import annotations

import streamlit as st

from core.progress import Answer
from core.questions import Curve


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
