"""How far each way to regularize is above the plain network: a mean and its interval in a row of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.figures.theme import MARK, Figure, Look, by_colour, figure, layered, number_axis, rows_of, short, told
from core.techniques import COLOURS

if TYPE_CHECKING:
    import altair as alt

Interval = tuple[float, float, float]
"""A mean difference of shares, and the ends of its interval."""


def gains_figure(changes: Mapping[str, Interval], *, title: str, colours: Mapping[str, str]) -> Figure:
    """Differences of a share (an accuracy) from the plain network's, in points, in the order given: a dot at the mean,
    a line over the interval, a rule at 0. colours: name → technique; other names are grey."""
    rows = [
        {
            "name": name,
            "technique": colours.get(name, ""),
            **{key: short(100 * value) for key, value in zip(("mean", "low", "high"), interval, strict=True)},
        }
        for name, interval in changes.items()
    ]
    return figure(_gains_chart, {"zero": [{"at": 0.0}], "gains": rows}, n=len(rows), title=title)


def _gains_chart(look: Look, *, n: int, title: str) -> alt.LayerChart:
    import altair as alt

    # In the order of the rows, so that another order is other rows and not another chart.
    y = alt.Y("name", type="nominal", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    x = {"title": "points above the plain network", "axis": number_axis(ticks=8)}
    tooltip = [
        told("name"),
        *(told(key, name, "+.1f") for key, name in (("mean", ""), ("low", "from"), ("high", "to"))),
    ]
    place = {"y": y, "color": by_colour("technique", [*COLOURS.items(), ("", MARK)], None), "tooltip": tooltip}
    of = rows_of("gains")
    return layered(
        look,
        rows_of("zero").mark_rule(color=MARK, strokeWidth=1.5).encode(x=alt.X("at:Q", **x)),
        of.mark_rule(strokeWidth=look.stroke + 1, opacity=0.6).encode(x=alt.X("low:Q", **x), x2="high:Q", **place),
        of.mark_point(filled=True, size=110, opacity=1).encode(x=alt.X("mean:Q", **x), **place),
        title=title,
        height=look.font * (2 * n + 6),
    )
