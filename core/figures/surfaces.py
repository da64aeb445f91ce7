"""Pictures of loss surfaces: in space, as contours, as a slice, and along the line between two networks.

The first two are Plotly figures as plain data, for the component that keeps the camera; the others are Altair charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import numpy as np

from core.figures.theme import COLOURS, MARK, NORMAL, SURFACE_SCALE, Look, styled, technique
from core.surface import Line, Surface, slice_at

Spec = dict[str, Any]
"""A Plotly figure: {"data": [...], "layout": {...}}, JSON values only."""


def shared_z_range(surfaces: Sequence[Surface], log_z: bool) -> tuple[float, float]:
    """One z range, in the units of the axis, for surfaces that are to be compared."""
    low, high = min(s.range[0] for s in surfaces), max(s.range[1] for s in surfaces)
    if log_z:
        low, high = np.log10(low), np.log10(high)
    margin = 0.03 * (high - low)
    return float(low - margin), float(high + margin)


def surface_figure(
    surface: Surface,
    *,
    view: Literal["3-D", "contours"] = "3-D",
    log_z: bool = False,
    z_range: tuple[float, float] | None = None,
    as_in_notebook: bool = False,
    look: Look = NORMAL,
) -> Spec:
    """The loss over (α, β), in space or as contours, θ* marked where the grid has it.

    log_z: a logarithmic loss axis. z_range: in the units of the axis, to compare two surfaces. as_in_notebook: with the
    notebook's swapped axes. The reader should see how high, how steep and how round the bowl around the trained point is.
    """
    z_range = z_range or shared_z_range([surface], log_z)
    at = [round(float(a), 4) for a in surface.coordinates]
    loss = surface.loss if as_in_notebook else surface.loss.T  # Plotly's z[row] runs along y
    z = np.log10(loss) if log_z else loss
    draw = _contours if view == "contours" else _space
    return draw(at, z, loss, z_range, log_z, surface.centre, look)


def _rows(values: np.ndarray) -> list[list[float]]:
    return [[float(f"{v:.5g}") for v in row] for row in values]


def _ticks(z_range: tuple[float, float], log_z: bool) -> Spec:
    """Ticks of a loss axis; on a log axis at 1, 2 and 5 times powers of ten, written as losses."""
    if not log_z:
        return {}
    low, high = z_range
    wide = high - low > 2.5
    steps = (1,) if wide else (1, 2, 5)
    values = [m * 10.0**e for e in range(int(np.floor(low)), int(np.ceil(high)) + 1) for m in steps]
    shown = [v for v in values if low <= np.log10(v) <= high]
    return {"tickvals": [float(np.log10(v)) for v in shown], "ticktext": [f"{v:g}" for v in shown], "tickmode": "array"}


def _font(look: Look) -> Spec:
    return {"font": {"size": look.font}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}


def _space(at, z, loss, z_range, log_z, centre, look: Look) -> Spec:
    hover = "α %{x:.2f}<br>β %{y:.2f}<br>loss %{customdata:.4g}<extra></extra>"
    data: list[Spec] = [
        {
            "type": "surface", "x": at, "y": at, "z": _rows(z), "customdata": _rows(loss), "hovertemplate": hover,
            "colorscale": SURFACE_SCALE, "cmin": z_range[0], "cmax": z_range[1], "showscale": False,
            "contours": {"z": {"show": True, "color": "rgba(255,255,255,0.35)", "width": 1,
                               "start": z_range[0], "end": z_range[1], "size": (z_range[1] - z_range[0]) / 12}},
        }
    ]  # fmt: skip
    if centre is not None:
        height = np.log10(centre) if log_z else centre
        lift = 0.01 * (z_range[1] - z_range[0])
        data.append({
            "type": "scatter3d", "x": [0], "y": [0], "z": [float(height + lift)], "mode": "markers+text", "text": ["θ*"],
            "textposition": "top center", "marker": {"size": 5, "color": COLOURS["dropout"]}, "showlegend": False,
            "hovertemplate": f"the trained network<br>loss {centre:.4g}<extra></extra>",
        })  # fmt: skip
    scene = {
        "xaxis": {"title": {"text": "α"}}, "yaxis": {"title": {"text": "β"}},
        "zaxis": {"title": {"text": "loss (log)" if log_z else "loss"}, "range": list(z_range), **_ticks(z_range, log_z)},
        "aspectmode": "manual", "aspectratio": {"x": 1, "y": 1, "z": 0.75},
        "camera": {"eye": {"x": 1.35, "y": -1.35, "z": 0.95}, "center": {"x": 0, "y": 0, "z": -0.12}},
    }  # fmt: skip
    return {"data": data, "layout": {"scene": scene, "margin": dict.fromkeys("lrbt", 0), "uirevision": "kept", **_font(look)}}


def _contours(at, z, loss, z_range, log_z, centre, look: Look) -> Spec:
    hover = "α %{x:.2f}<br>β %{y:.2f}<br>loss %{customdata:.4g}<extra></extra>"
    data: list[Spec] = [
        {
            "type": "contour", "x": at, "y": at, "z": _rows(z), "customdata": _rows(loss), "hovertemplate": hover,
            "colorscale": SURFACE_SCALE, "zmin": z_range[0], "zmax": z_range[1], "autocontour": False,
            "contours": {"start": z_range[0], "end": z_range[1], "size": (z_range[1] - z_range[0]) / 24},
            "line": {"width": 0.5, "color": "rgba(255,255,255,0.5)"},
            "colorbar": {"title": {"text": "loss"}, "thickness": 12, "outlinewidth": 0, **_ticks(z_range, log_z)},
        }
    ]  # fmt: skip
    if centre is not None:
        data.append({"type": "scatter", "x": [0], "y": [0], "mode": "markers+text", "text": ["θ*"], "textposition": "top center",
                     "textfont": {"color": "#ffffff"}, "marker": {"size": 9, "color": COLOURS["dropout"]}, "showlegend": False,
                     "hovertemplate": f"the trained network<br>loss {centre:.4g}<extra></extra>"})  # fmt: skip
    square = {"scaleanchor": "x", "constrain": "domain"}
    layout = {"xaxis": {"title": {"text": "α"}, "constrain": "domain"}, "yaxis": {"title": {"text": "β"}, **square},
              "margin": {"l": 50, "r": 10, "b": 45, "t": 10}, "uirevision": "kept", **_font(look)}  # fmt: skip
    return {"data": data, "layout": layout}


def slice_figure(
    surface: Surface, axis: Literal["α", "β"], at: float, *, log_z: bool = False, look: Look = NORMAL
) -> alt.TopLevelMixin:
    """The surface cut along one axis: one curve of the loss, with the trained point where the cut goes through it."""
    other = "β" if axis == "α" else "α"
    where, losses = slice_at(surface, axis, at)
    rows = [{"at": float(a), "loss": float(z)} for a, z in zip(surface.coordinates, losses, strict=True)]
    scale = alt.Scale(type="log", nice=False) if log_z else alt.Scale(zero=False)
    line = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(color=COLOURS[technique(surface.spec.run)], strokeWidth=look.stroke)
        .encode(
            x=alt.X("at:Q", title=axis),
            y=alt.Y("loss:Q", title="loss (nats per image)", scale=scale),
            tooltip=[alt.Tooltip("at:Q", title=axis, format=".3f"), alt.Tooltip("loss:Q", format=".4f")],
        )
    )
    layers = [line]
    if surface.centre is not None and where == 0:
        dot = alt.Chart(alt.Data(values=[{"at": 0.0, "loss": surface.centre, "name": "θ*"}])).encode(x="at:Q", y="loss:Q")
        layers += [dot.mark_point(filled=True, size=90, color=COLOURS["dropout"]),
                   dot.mark_text(dy=-12, fontSize=look.font + 2, color=MARK).encode(text="name:N")]  # fmt: skip
    title = f"Slice along {axis} at {other} = {where:.2f}"
    return styled(alt.layer(*layers).properties(title=title, height=look.height), look)


def line_figure(line: Line, *, look: Look = NORMAL) -> alt.TopLevelMixin:
    """The loss along the straight line between two trained networks, above the chord that a convex function stays below."""
    ends = [float(line.loss[0]), float(line.loss[-1])]
    rows = [{"t": float(t), "loss": float(z), "what": "the loss on the way"} for t, z in zip(line.spec.positions, line.loss, strict=True)]
    rows += [{"t": float(t), "loss": z, "what": "a convex function stays below this"} for t, z in zip((0, 1), ends, strict=True)]
    names = ["the loss on the way", "a convex function stays below this"]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=look.stroke)
        .encode(
            x=alt.X("t:Q", title="t: from the network of one seed (0) to that of another (1)"),
            y=alt.Y("loss:Q", title="loss (nats per image)"),
            color=alt.Color("what:N", scale=alt.Scale(domain=names, range=[COLOURS["plain"], MARK]),
                            legend=alt.Legend(title=None, orient="top", symbolType="stroke")),
            strokeDash=alt.StrokeDash("what:N", scale=alt.Scale(domain=names, range=[[1, 0], [4, 4]]), legend=None),
            tooltip=[alt.Tooltip("t:Q", format=".2f"), alt.Tooltip("loss:Q", format=".3f"), "what:N"],
        )
        .properties(height=look.height)
    )  # fmt: skip
    return styled(chart, look)
