"""Questions to commit to before the answer is seen: a choice of options, or values to draw.

An exercise's id is "lesson/name"; the answer is kept in the session's progress. Each is a fragment of its own, so that
answering redraws nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.app.progress import answer_to, keep, take_back
from core.progress import Answer

RIGHT, WRONG = ":green[:material/check_circle:]", ":orange[:material/cancel:]"
"""Beside the words, never instead of them."""


@dataclass(frozen=True)
class Option:
    """One answer to choose: its text, and what is said to whoever chose it."""

    text: str
    feedback: str
    right: bool = False


def _nothing() -> None:
    pass


@st.fragment
def choose(
    exercise: str,
    question: str,
    options: Sequence[Option],
    *,
    show: Callable[[], None] = _nothing,
    reveal: Callable[[], None] = _nothing,
) -> None:
    """A question with options, of which one is right: commit to one, then see what is said to it, and the right one.

    show: drawn between the question and the options. reveal: drawn after the commitment, whatever was chosen.
    """
    given = answer_to(exercise)
    with st.container(border=True):
        st.markdown(question)
        show()
        chosen = st.radio(
            "Your answer", range(len(options)), format_func=lambda i: options[i].text, key=f"{exercise}?",
            index=given.given if given else None, disabled=given is not None, label_visibility="collapsed",
        )  # fmt: skip
        if given is None:
            st.button("Commit", key=f"{exercise}!", on_click=_commit, args=(exercise, options), disabled=chosen is None)
            return
        _feedback(options, given.given)
        reveal()
        st.button("Answer again", key=f"{exercise}~", on_click=_again, args=(exercise,), type="tertiary")


def _commit(exercise: str, options: Sequence[Option]) -> None:
    chosen = st.session_state[f"{exercise}?"]
    keep(exercise, Answer(chosen, options[chosen].right))


def _again(exercise: str) -> None:
    take_back(exercise)
    st.session_state.pop(f"{exercise}?", None)


def _feedback(options: Sequence[Option], chosen: int) -> None:
    yours, right = options[chosen], next(option for option in options if option.right)
    st.markdown(f"{RIGHT if yours.right else WRONG} **{'Right' if yours.right else 'Not quite'}.** {yours.feedback}")
    if not yours.right:
        st.markdown(f"**The answer:** {right.text} {right.feedback}")
