"""Reading without eyes or mouse, and figures to take along: what every page needs for them of the browser."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st


@lru_cache(maxsize=1)
def access_rules() -> str:
    """Rules of style for contrast, focus and motion."""
    return Path(__file__).with_name("access.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _component():
    return st.components.v2.component("reglab_figures", js=Path(__file__).with_name("figures.js").read_text("utf-8"))


def figures_to_take_along() -> None:
    """Buttons beside Streamlit's own: a chart as SVG, a short table as CSV. Called once by every page."""
    _component()(key="figures", height=1)
