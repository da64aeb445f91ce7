"""Pictures that the course describes as data (core/course/pictures.py), drawn on a page."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.app.draw import chart, numbers_of, scene
from core.app.panels import table
from core.course.pictures import Panel, Picture
from core.figures.theme import Figure


def draw_picture(picture: Picture, *, key: str, height: int | None = None) -> None:
    """A picture's panels beside each other, and its caption; or that what it needs is not stored. key: its identity on
    the page. height: of a chart in pixels, where its own is too much; a surface gets a quarter more."""
    if not picture.panels:
        st.info("What this figure needs is missing: `python -m core.precompute` computes it.")
        return
    places = st.columns(len(picture.panels)) if len(picture.panels) > 1 else [st.container()]
    for i, (place, panel) in enumerate(zip(places, picture.panels, strict=True)):
        with place:
            _draw_panel(panel, key=f"{key}_{i}", group=key if len(picture.panels) > 1 else "", height=height)
    if picture.caption:
        st.caption(picture.caption)


def _draw_panel(panel: Panel, *, key: str, group: str, height: int | None) -> None:
    if panel.title:
        st.markdown(f"**{panel.title}**")
    if isinstance(panel.figure, Figure):
        chart(panel.figure, alt=panel.alt, height=height)
    else:
        scene(panel.figure, key=key, alt=panel.alt, group=group, height=5 * (height or 320) // 4)
    if panel.caption:
        st.caption(panel.caption)
    if panel.rows or isinstance(panel.figure, Figure):
        table(panel.rows or partial(numbers_of, panel.figure), key=key)
