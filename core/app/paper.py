"""What is printed: a handout of a lesson or of a step, without what only a screen can use."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st


def for_paper() -> None:
    """Prepare the page for a printer: the rules of paper.css, and what paper.js does just before."""
    st.html(f"<style>{_file('.css')}</style>")
    _component()(key="paper_script", height=1)


@lru_cache(maxsize=2)
def _file(kind: str) -> str:
    return Path(__file__).with_suffix(kind).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _component():
    return st.components.v2.component("reglab_paper", js=_file(".js"))
