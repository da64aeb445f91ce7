"""What a student drew before seeing, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from core.figures.compare import stop_axis
from core.figures.theme import COLOURS, LEGEND_ON_TOP, MARK, NORMAL, Look, Spec, layered, quantity, rows

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
    look: Look = NORMAL,
) -> Spec:
    """A number at each stop: what was drawn, and what was measured (None: not shown yet), on an axis that stays."""
    lines = {DRAWN: drawn, **({MEASURED: measured} if measured is not None else {})}
    values = [
        {"stop": stop, "value": float(f"{value:.5g}"), "which": name}
        for name, some in lines.items()
        for stop, value in zip(stops, some, strict=True)
    ]
    number = ".1%" if percent else ".3g"
    encoding = {
        "x": stop_axis(stops, x_title),
        "y": quantity("value", y_title, scale={"domain": list(y_range), "nice": False},
                      axis={"format": "%"} if percent else {}),
        "color": {"field": "which", "type": "nominal", "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1},
                  "scale": {"domain": [DRAWN, MEASURED], "range": [MARK, COLOURS["plain"]]}},
        "tooltip": [{"field": "which", "type": "nominal"}, {"field": "stop", "type": "nominal", "title": x_title},
                    quantity("value", y_title, format=number)],
    }  # fmt: skip
    mark = {"type": "line", "strokeWidth": look.stroke, "point": {"size": 60}, "clip": True}
    return layered([{"data": rows(values), "mark": mark, "encoding": encoding}], look)
