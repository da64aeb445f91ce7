"""What a student drew before seeing, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from core.figures.theme import (
    MARK,
    Figure,
    Look,
    by_colour,
    figure,
    in_rows,
    layered,
    number_axis,
    rows_of,
    short,
    stop_axis,
    strokes,
    told,
)
from core.techniques import PLAIN

DRAWN, MEASURED = "your prediction", "measured"


def prediction_figure(
    stops: Sequence[str],
    drawn: Sequence[float],
    measured: Sequence[float] | None,
    *,
    x_title: str,
    y_title: str,
    y_range: tuple[float, float],
    percent: bool = False,
) -> Figure:
    """A number at each stop: what was drawn, and what was measured (None: not shown yet), on an axis that stays."""
    lines = {DRAWN: drawn, **({MEASURED: measured} if measured is not None else {})}
    values = [
        {"stop": stop, "value": short(value), "which": name}
        for name, some in lines.items()
        for stop, value in zip(stops, some, strict=True)
    ]
    return figure(
        _prediction_chart,
        {"lines": values},
        stops=stops,
        x_title=x_title,
        y_title=y_title,
        y_range=y_range,
        percent=percent,
    )


def _prediction_chart(look: Look, *, stops, x_title, y_title, y_range, percent):
    import altair as alt

    y = alt.Y(
        "value:Q",
        title=y_title,
        scale=alt.Scale(domain=list(y_range), nice=False),
        axis=number_axis("%" if percent else ""),
    )
    legend = strokes(in_rows(look, (DRAWN, MEASURED)))
    lines = (
        rows_of("lines")
        .mark_line(strokeWidth=look.stroke, point={"size": 60}, clip=True)
        .encode(
            x=stop_axis(stops, x_title),
            y=y,
            color=by_colour("which", [(DRAWN, MARK), (MEASURED, PLAIN.colour)], legend),
            tooltip=[told("which"), told("stop", x_title), told("value", y_title, ".1%" if percent else ".3g")],
        )
    )
    return layered(look, lines)
