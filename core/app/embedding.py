"""A step inside another page (`embed=true`): the step alone, with no menu and no bar, and a way to the whole lesson."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st


def is_embedded() -> bool:
    """Whether another page shows this one in a frame, as the browser says."""
    return bool(st.context.is_embedded)


def style() -> None:
    """The rules of embedding.css."""
    st.html(f"<style>{_rules()}</style>")


@lru_cache(maxsize=1)
def _rules() -> str:
    return Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
