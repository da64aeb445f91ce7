"""The words of the course, explained where any step can open them."""

from __future__ import annotations

import streamlit as st

from core.app import frame


def glossary_button() -> None:
    """A button that opens the glossary over the page."""
    if st.button("Glossary", key="glossary", icon=":material/dictionary:", type="tertiary"):
        _glossary()


@st.dialog("Words and numbers", width="large")
def _glossary() -> None:
    frame.text(frame.NUMBERS)
