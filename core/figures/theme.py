"""What all figures share: one colour per technique, the same names, sizes that can be read from the last row.

A figure is plain data: a Vega-Lite specification, or a Plotly one for three dimensions. Building one through Altair
costs 30 ms of validation a chart, which on a page of ten is a third of a second for every move of a slider; the tests
validate the same specifications with Altair instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]
"""A figure as JSON values."""

COLOURS = {
    "plain": "#0072B2",
    "batch norm": "#E69F00",
    "layer norm": "#009E73",
    "dropout": "#D55E00",
    "L1": "#CC79A7",
    "L2": "#56B4E9",
    "AdamW": "#9A78C8",
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


DASHES = {"solid": [1, 0], "dashed": [6, 4], "dotted": [2, 3]}


def layered(layers: Sequence[Spec], look: Look, title: str = "") -> Spec:
    """A Vega-Lite chart of several layers in the sizes of `look`; Streamlit's own theme gives light and dark."""
    config = {
        "axis": {"labelFontSize": look.font, "titleFontSize": look.font, "titleFontWeight": "normal"},
        "legend": {"labelFontSize": look.font, "titleFontSize": look.font, "labelLimit": 400, "symbolSize": 400},
        "title": {"fontSize": look.font + 2, "anchor": "start", "fontWeight": "normal"},
    }
    chart = {"layer": list(layers), "height": look.height, "width": "container", "config": config}
    return {**chart, "title": title} if title else chart


def rows(values: Sequence[dict[str, Any]]) -> Spec:
    """Rows as the data of a Vega-Lite chart or layer."""
    return {"values": list(values)}


def quantity(field: str, title: str | None, **more: Any) -> Spec:
    """A number's encoding: its axis title (None: none), and further settings."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def by_dash(field: str, names: Sequence[str], dashes: Sequence[str]) -> Spec:
    """Lines told apart by their dashes, named in a legend above the figure."""
    scale = {"domain": list(names), "range": [DASHES[dash] for dash in dashes]}
    legend = {**LEGEND_ON_TOP, "columns": 2 if len(names) > 2 else 0}  # three long names do not fit half a page
    return {"field": field, "type": "nominal", "scale": scale, "legend": legend}


LEGEND_ON_TOP: Spec = {"title": None, "orient": "top", "direction": "horizontal", "symbolType": "stroke"}
LEGEND_OF_DOTS: Spec = {**LEGEND_ON_TOP, "symbolType": "circle", "symbolSize": 120, "symbolOpacity": 1}
