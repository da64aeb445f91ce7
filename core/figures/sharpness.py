"""How sharp the minima are at which networks ended: a row of dots for each, a dot for each seed, on a log axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.figures.theme import Figure, Look, by_colour, figure, layered, number_axis, rows_of, short, told
from core.techniques import COLOURS

if TYPE_CHECKING:
    import altair as alt

Estimate = tuple[float, float]
"""A number and its standard error, 0 where it has none."""


def sharpness_figure(values: Mapping[str, Sequence[Estimate]], *, x_title: str) -> Figure:
    """Technique → an estimate for each seed, in the order given: a dot with a line of one standard error to both sides,
    and a tick at the mean over seeds. Values at or below 0 cannot stand on a log axis, and are left out."""
    seeds = [
        {
            "technique": name,
            "value": short(value),
            "low": short(max(value - error, value / 100)),
            "high": short(value + error),
        }
        for name, some in values.items()
        for value, error in some
        if value > 0
    ]
    means = [{"technique": name, "value": short(float(np.mean([v for v, _ in some])))} for name, some in values.items()]
    means = [row for row in means if row["value"] > 0]
    return figure(_sharpness_chart, {"means": means, "seeds": seeds}, n=len(values), x_title=x_title)


def _sharpness_chart(look: Look, *, n: int, x_title: str) -> alt.LayerChart:
    import altair as alt

    # In the order of the rows, so that another order is other rows and not another chart.
    y = alt.Y("technique", type="nominal", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    scale = alt.Scale(type="log", nice=False, padding=10)
    x = {"title": x_title, "scale": scale, "axis": number_axis("~g", ticks=8)}
    colour = by_colour("technique", list(COLOURS.items()), None)
    tooltip = [told("technique"), told("value", x_title, ".3~g")]
    place = {"y": y, "color": colour, "tooltip": tooltip}
    return layered(
        look,
        rows_of("means").mark_tick(thickness=3, size=look.font * 1.6).encode(x=alt.X("value:Q", **x), **place),
        rows_of("seeds").mark_rule(strokeWidth=look.stroke).encode(x=alt.X("low:Q", **x), x2="high:Q", **place),
        rows_of("seeds").mark_point(filled=True, size=50, opacity=0.75).encode(x=alt.X("value:Q", **x), **place),
        height=look.font * (2 * n + 4),
    )
