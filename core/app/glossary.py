"""The words of the course and how its numbers are read, over any page: drawn only when they are opened."""

from __future__ import annotations

import streamlit as st

from core.app import failures, frame
from core.course.glossary import TERMS, Term, matching
from core.course.reading import how_to_read_the_numbers

LONGEST_SOUGHT = 80
"""Characters; the browser keeps to it, and who goes past the browser is cut."""

WORDS, NUMBERS = "Words", "How to read the numbers"


def glossary_button() -> None:
    """A button that opens the glossary over the page."""
    if st.button("Glossary", key="glossary", icon=":material/dictionary:", type="tertiary"):
        _glossary()


@st.dialog("Glossary", width="large", icon=":material/dictionary:")
@failures.guarded
def _glossary() -> None:
    words, numbers = st.tabs((WORDS, NUMBERS), key="glossary_tab", on_change="rerun")
    if words.open:
        with words:
            _words()
    if numbers.open:
        with numbers:
            st.markdown(how_to_read_the_numbers())


def _words() -> None:
    sought = st.text_input(
        "Search",
        key="glossary_sought",
        live=True,
        icon=":material/search:",
        placeholder="gap",
        autocomplete="off",
        max_chars=LONGEST_SOUGHT,
    )
    found = matching((sought or "")[:LONGEST_SOUGHT])
    st.caption(f"{len(found)} of {len(TERMS)} words")
    for term in found:
        _entry(term)
    if not found:
        st.markdown("No word of the course matches this.")


def _entry(term: Term) -> None:
    """A term with its other spellings, its definition, and the way to where it is explained."""
    lesson = frame.lesson_named(term.lesson)
    words, way = st.columns([5, 1])
    words.markdown(_in_words(term))
    way.page_link(
        lesson.path,
        label=lesson.title,
        icon=":material/arrow_forward:",
        query_params={"step": term.step} if term.step else None,
    )


def _in_words(term: Term) -> str:
    also = f" *(also: {', '.join(term.also)})*" if term.also else ""
    source = f" {term.source}." if term.source else ""
    return f"**{term.term}**{also} · {term.definition}{source}"
