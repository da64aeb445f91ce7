"""What all figures share: one colour per technique, the same names, sizes that can be read from the last row.

A chart is a `Figure`: its kind, which is a function that builds an Altair chart without data, the options of that
function, and the rows beside. It is built once for its options and the look of the page (specifications.py); what moves
with a slider is rows wherever that is possible.
A picture of three dimensions is a Plotly figure as JSON values.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.techniques import COLOURS

if TYPE_CHECKING:
    import altair as alt

Spec = dict[str, Any]
"""A Plotly figure as JSON values."""
Row = dict[str, Any]

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


# --- a figure and its specification ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """A chart: `kind(look, **options)` builds it in Altair without its rows, which are tables by the names of the
    chart's data. The options are hashable, so that figures of one kind with the same options share a specification."""

    kind: Callable[..., alt.LayerChart]
    options: tuple[tuple[str, Hashable], ...]
    rows: Mapping[str, Sequence[Row]]


def figure(kind: Callable[..., alt.LayerChart], rows: Mapping[str, Sequence[Row]], **options: Any) -> Figure:
    """A figure of a kind. Lists among the options become tuples, mappings become tuples of pairs."""
    return Figure(kind, tuple((name, _hashable(option)) for name, option in options.items()), rows)


def _hashable(option: Any) -> Hashable:
    if isinstance(option, Mapping):
        return tuple((name, _hashable(value)) for name, value in option.items())
    if isinstance(option, list | tuple):
        return tuple(_hashable(value) for value in option)
    return option.item() if isinstance(option, np.generic) else option


# --- what the kinds are made of -------------------------------------------------------------------------------------

DASHES = {"solid": [1, 0], "dashed": [6, 4], "dotted": [2, 3]}


def rows_of(name: str) -> alt.Chart:
    """The beginning of a layer over the rows of that name."""
    import altair as alt

    return alt.Chart(alt.NamedData(name=name))


def layered(
    look: Look,
    *layers: alt.Chart,
    title: str | alt.TitleParams = "",
    height: int | None = None,
    plot: tuple[int, int] | None = None,
) -> alt.LayerChart:
    """A chart of several layers in the sizes of `look`; Streamlit's own theme gives light and dark. As wide as its
    place. height: of the whole, with axes, legend and title; these are set tight, so that most of it is plot. plot:
    the width and height of the plot alone, where they must have a proportion."""
    import altair as alt

    config = alt.Config(
        axis={
            "labelFontSize": look.font,
            "titleFontSize": look.font,
            "titleFontWeight": "normal",
            "labelPadding": 3,
            "titlePadding": 3,
            "tickSize": 4,
        },
        legend={
            "labelFontSize": look.font,
            "titleFontSize": look.font,
            "labelLimit": 400,
            "symbolSize": 400,
            "padding": 0,
            "offset": 3,
            "rowPadding": 1,
            "columnPadding": look.font,
            "labelOffset": 5,
        },
        title={"fontSize": look.font + 2, "anchor": "start", "fontWeight": "normal", "offset": 3},
    )
    around = {"padding": {"left": 2, "top": 0, "right": 8, "bottom": 3}, **({"title": title} if title else {})}
    # In one call: each of the configure_… methods would copy the whole chart.
    size = {"width": "container", "height": height or look.height}
    if plot:
        size = {"width": plot[0], "height": plot[1], "autosize": "pad"}
    return alt.LayerChart(layer=list(layers), config=config, **size, **around)


def strokes(columns: int | alt.ExprRef = 0) -> alt.Legend:
    """A legend of lines in one row above the plot (0 columns: as many as there are)."""
    return _legend("stroke", columns=columns)


def dots(columns: int = 0) -> alt.Legend:
    return _legend("circle", symbolSize=120, columns=columns)


def squares(columns: int | alt.ExprRef = 0) -> alt.Legend:
    return _legend("square", symbolSize=120, columns=columns)


def _legend(symbol: str, **more: Any) -> alt.Legend:
    import altair as alt

    return alt.Legend(title=None, orient="top", direction="horizontal", symbolType=symbol, symbolOpacity=1, **more)


def by_colour(field: str, colours: Sequence[tuple[str, str]], legend: alt.Legend | None) -> alt.Color:
    """Things told apart by their colours: pairs of a name and its colour."""
    import altair as alt

    names, shades = [name for name, _ in colours], [shade for _, shade in colours]
    return alt.Color(field, type="nominal", scale=alt.Scale(domain=names, range=shades), legend=legend)


def in_rows(look: Look, names: Sequence[str], most: int = 2) -> alt.ExprRef:
    """The columns of a legend of lines: all names in one row where the plot is wide enough; else two columns where two
    fit (most=1: never), else one. How wide the plot is, is known only when it is drawn. A letter counts as 0.48 of
    the font's size; a name's line and its distances as 25 pixels, one size, and what Vega keeps free around a stroke
    (measured in the browser)."""
    import altair as alt

    widths = [0.48 * look.font * len(name) + 25 + look.font + 5 * look.stroke for name in names]
    fewer = f"width > {2 * max(widths):.0f} ? 2 : 1" if most > 1 and len(names) > 2 else "1"
    return alt.ExprRef(f"width > {sum(widths) - look.font:.0f} ? 0 : {fewer}")


def by_technique(
    look: Look, names: Sequence[str], most: int = 2, colours_of: Sequence[tuple[str, str]] = ()
) -> alt.Color:
    """The colours of lines and points by technique, with their legend, of at most so many columns where the names do
    not fit one row. A name that is no technique's is grey, or has the colour of the technique in colours_of."""
    as_of = dict(colours_of)
    colours = [(name, COLOURS.get(as_of.get(name, name), MARK)) for name in names]
    return by_colour("technique", colours, strokes(in_rows(look, names, most)))


def by_dash(field: str, names: Sequence[str], dashes: Sequence[str], columns: int | alt.ExprRef = 0) -> alt.StrokeDash:
    """Lines told apart by their dashes. columns: of the legend."""
    import altair as alt

    scale = alt.Scale(domain=list(names), range=[DASHES[dash] for dash in dashes])
    return alt.StrokeDash(field, type="nominal", scale=scale, legend=strokes(columns))


def stop_axis(stops: Sequence[str], title: str) -> alt.X:
    """An x axis on which a setting's stops stand at equal distances. Numbers that would run into their neighbours are
    left out: turned, they would take a fifth of a low chart."""
    import altair as alt

    axis = alt.Axis(labelAngle=0, labelOverlap="parity", labelSeparation=4)
    return alt.X("stop", type="ordinal", title=title, scale=alt.Scale(domain=list(stops)), sort=None, axis=axis)


def current_stop(x: alt.X) -> alt.Chart:
    """A bar behind the stop at which the slider stands: the row of "here"."""
    return rows_of("here").mark_rule(color=MARK, strokeWidth=12, opacity=0.25).encode(x=x)


def number_axis(format: str = "", ticks: int = 5, **more: Any) -> alt.Axis:
    """An axis with few ticks. format: of d3; none: as many digits as the numbers need."""
    import altair as alt

    return alt.Axis(tickCount=ticks, **({"format": format} if format else {}), **more)


def told(field: str, title: str | None = None, format: str = "") -> alt.Tooltip:
    """A line of a tooltip: a number where it has a format, else a name."""
    import altair as alt

    named = {"title": title} if title else {}
    if not format:
        return alt.Tooltip(field, type="nominal", **named)
    return alt.Tooltip(field, type="quantitative", format=format, **named)


def short(value: float) -> float:
    """A number with five digits, enough for a chart."""
    return float(f"{value:.5g}")


# --- three dimensions -----------------------------------------------------------------------------------------------


LARGEST_TICK = 18
"""Of the numbers along a slanted axis, in pixels: larger, and as many as usual, they would run into each other."""


def sized(spec: Spec, look: Look) -> Spec:
    """A Plotly figure in the sizes of `look`. Its own "small": for a third of the page's width."""
    spec = copy.deepcopy(spec)
    tick = min(look.font, LARGEST_TICK)
    small = spec.pop("small", False)
    layout = spec["layout"]
    layout["font"] = {"size": tick if small else look.font}
    for axis in layout.get("scene", {}):
        if axis.endswith("axis"):
            layout["scene"][axis]["tickfont"] = {"size": tick}
            if look.font > LARGEST_TICK and axis != "zaxis":
                layout["scene"][axis]["nticks"] = 3
    for trace in spec["data"]:
        if "textfont" in trace:
            trace["textfont"]["size"] = min(look.font + 6, 18) if small else look.font + 6
    return spec
