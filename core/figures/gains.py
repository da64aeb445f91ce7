"""How far each way to regularize is from one network: a mean and its interval in a row of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.figures.theme import MARK, Figure, Look, by_colour, figure, layered, number_axis, rows_of, short, told
from core.techniques import COLOURS

if TYPE_CHECKING:
    import altair as alt

Interval = tuple[float, float, float]
"""A mean difference, and the ends of its interval."""


def gains_figure(changes: Mapping[str, Interval], *, x_title: str, title: str) -> Figure:
    """Differences from one network's number, by name, in the order given: a dot at the mean, a line over the interval,
    a rule at 0. Names that are no technique's are grey."""
    rows = [
        {
            "name": name,
            "technique": name if name in COLOURS else "",
            **{key: short(value) for key, value in zip(("mean", "low", "high"), interval, strict=True)},
        }
        for name, interval in changes.items()
    ]
    return figure(_gains_chart, {"zero": [{"at": 0.0}], "gains": rows}, n=len(rows), x_title=x_title, title=title)


def _gains_chart(look: Look, *, n: int, x_title: str, title: str) -> alt.LayerChart:
    import altair as alt

    # In the order of the rows, so that another order is other rows and not another chart.
    y = alt.Y("name", type="nominal", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    x = {"title": x_title, "axis": number_axis(ticks=8)}
    tooltip = [
        told("name"),
        *(told(key, name, "+.3~g") for key, name in (("mean", ""), ("low", "from"), ("high", "to"))),
    ]
    place = {"y": y, "color": by_colour("technique", [*COLOURS.items(), ("", MARK)], None), "tooltip": tooltip}
    of = rows_of("gains")
    return layered(
        look,
        rows_of("zero").mark_rule(color=MARK, strokeWidth=1.5).encode(x=alt.X("at:Q", **x)),
        of.mark_rule(strokeWidth=look.stroke + 1, opacity=0.6).encode(x=alt.X("low:Q", **x), x2="high:Q", **place),
        of.mark_point(filled=True, size=110, opacity=1).encode(x=alt.X("mean:Q", **x), **place),
        title=title,
        height=look.font * max(2 * n + 6, 12),  # below that, title and axis would take more room than the plot
    )
