"""What all figures share: one colour per technique, the same names, sizes that can be read from the last row."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt

COLOURS = {
    "plain": "#0072B2",
    "batch norm": "#E69F00",
    "layer norm": "#009E73",
    "dropout": "#D55E00",
    "L1": "#CC79A7",
    "L2": "#56B4E9",
}
"""Okabe & Ito's palette, which colour-blind readers can tell apart. One colour per technique, on every page."""

MARK = "#8A8F98"
"""For rules and notes: legible on light and dark."""

SURFACE_SCALE = "Viridis"
"""Even in lightness, so that it survives grey print and every kind of colour vision."""


@dataclass(frozen=True)
class Look:
    """How large a figure is drawn. Sizes in pixels."""

    font: int = 12
    height: int = 320
    stroke: float = 2.0


NORMAL = Look()
PROJECTED = Look(font=20, height=430, stroke=3.5)


def technique(config) -> str:
    """The name of what a config adds to the plain network, for legends and colours; the first of several."""
    if config.norm != "none":
        return f"{config.norm} norm"
    named = {"dropout": config.dropout, "L1": config.l1, "L2": config.l2}
    return next((name for name, strength in named.items() if strength), "plain")


def styled(chart: alt.TopLevelMixin, look: Look) -> alt.TopLevelMixin:
    """The chart with the sizes of `look`; Streamlit's own theme gives the colours of light and dark."""
    return (
        chart.configure_axis(labelFontSize=look.font, titleFontSize=look.font, titleFontWeight="normal")
        .configure_legend(labelFontSize=look.font, titleFontSize=look.font, labelLimit=400, symbolStrokeWidth=look.stroke)
        .configure_title(fontSize=look.font + 2, anchor="start", fontWeight="normal")
    )
