"""Pictures of loss surfaces: in space, as contours, as a slice, and along the line between two networks.

The first two are Plotly figures, for the component that keeps the camera; the others are Vega-Lite charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from core.figures.theme import (
    COLOURS,
    LEGEND_ON_TOP,
    MARK,
    NORMAL,
    SURFACE_SCALE,
    Look,
    Spec,
    layered,
    quantity,
    rows,
    technique,
)
from core.results.surface import Line, Surface, slice_at


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
    narrow: bool = False,
    look: Look = NORMAL,
) -> Spec:
    """The loss over (α, β), in space or as contours, θ* marked where the grid has it.

    log_z: a logarithmic loss axis. z_range: in the units of the axis, to compare two surfaces. as_in_notebook: with the
    notebook's swapped axes. narrow: for a third of the page's width, seen from further away. The reader should see how
    high, how steep and how round the bowl around the trained point is.
    """
    z_range = z_range or shared_z_range([surface], log_z)
    at = [round(float(a), 4) for a in surface.coordinates]
    loss = surface.loss if as_in_notebook else surface.loss.T  # Plotly's z[row] runs along y
    z = np.log10(loss) if log_z else loss
    draw = _contours if view == "contours" else _space
    figure = draw(at, z, loss, z_range, log_z, surface.centre, look)
    return _in_a_third(figure, look) if narrow and view == "3-D" else figure


def _in_a_third(figure: Spec, look: Look) -> Spec:
    """The same scene for a third of the page: from further away, with fewer and smaller numbers."""
    layout, scene = figure["layout"], figure["layout"]["scene"]
    scene["camera"]["eye"] = {name: 1.12 * value for name, value in EYE.items()}
    scene["zaxis"]["title"]["text"] = ""  # there is no room; the caption says it
    layout["font"]["size"] = min(look.font, 13)
    for axis in ("xaxis", "yaxis", "zaxis"):
        scene[axis]["nticks"] = 5
    for trace in figure["data"]:
        if "textfont" in trace:
            trace["textfont"]["size"] = min(look.font + 6, 18)
    return figure


EYE = {"x": 0.9, "y": -1.85, "z": 1.55}
"""Where a surface is seen from at first."""


def _grid(values: np.ndarray) -> list[list[float]]:
    return [[float(f"{v:.5g}") for v in row] for row in values]


def _ticks(z_range: tuple[float, float], log_z: bool) -> Spec:
    """Ticks of a loss axis: short numbers; on a log axis at 1, 2 and 5 times powers of ten, written as losses."""
    if not log_z:
        return {"nticks": 5, **({"tickformat": "~s"} if z_range[1] >= 1000 else {})}
    low, high = z_range
    wide = high - low > 2.5
    steps = (1,) if wide else (1, 2, 5)
    values = [m * 10.0**e for e in range(int(np.floor(low)), int(np.ceil(high)) + 1) for m in steps]
    shown = [v for v in values if low <= np.log10(v) <= high]
    return {
        "tickvals": [float(np.log10(v)) for v in shown],
        "ticktext": [_short(v) for v in shown],
        "tickmode": "array",
    }


def _short(value: float) -> str:
    """A tick's number, short: 0.5, 20, 10⁵, 2·10³."""
    if value < 1000:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e+")
    power = "10" + str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if mantissa == "1" else f"{mantissa}·{power}"


def _font(look: Look) -> Spec:
    return {"font": {"size": look.font}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}


def _space(at, z, loss, z_range, log_z, centre, look: Look) -> Spec:
    hover = "α %{x:.2f}<br>β %{y:.2f}<br>loss %{customdata:.4g}<extra></extra>"
    data: list[Spec] = [
        {
            "type": "surface", "x": at, "y": at, "z": _grid(z), "customdata": _grid(loss), "hovertemplate": hover,
            "colorscale": SURFACE_SCALE, "cmin": z_range[0], "cmax": z_range[1], "showscale": False,
            "contours": {"z": {"show": True, "color": "rgba(255,255,255,0.35)", "width": 1,
                               "start": z_range[0], "end": z_range[1], "size": (z_range[1] - z_range[0]) / 12}},
        }
    ]  # fmt: skip
    if centre is not None:
        height = np.log10(centre) if log_z else centre
        lift = 0.01 * (z_range[1] - z_range[0])
        data.append({
            "type": "scatter3d", "x": [0], "y": [0], "z": [float(height + lift)], "mode": "markers+text",
            "text": ["θ*"], "textposition": "top center", "showlegend": False,
            "textfont": {"color": "#ffffff", "size": look.font + 6},
            "marker": {"size": 5, "color": COLOURS["dropout"]},
            "hovertemplate": f"the trained network<br>loss {centre:.4g}<extra></extra>",
        })  # fmt: skip
    scene = {
        "xaxis": {"title": {"text": "α"}}, "yaxis": {"title": {"text": "β"}},
        "zaxis": {"title": {"text": "loss (log)" if log_z else "loss"}, "range": list(z_range), **_ticks(z_range,
        log_z)}, "aspectmode": "manual", "aspectratio": {"x": 1, "y": 1, "z": 0.75},
        "camera": {"eye": EYE, "center": {"x": 0, "y": 0, "z": -0.12}},
    }  # fmt: skip
    for axis in ("xaxis", "yaxis", "zaxis"):  # numbers along a slanted axis run into each other when they are large
        scene[axis]["tickfont"] = {"size": min(look.font, 13)}
    return {
        "data": data,
        "layout": {"scene": scene, "margin": dict.fromkeys("lrbt", 10), "uirevision": "kept", **_font(look)},
    }


def _contours(at, z, loss, z_range, log_z, centre, look: Look) -> Spec:
    hover = "α %{x:.2f}<br>β %{y:.2f}<br>loss %{customdata:.4g}<extra></extra>"
    data: list[Spec] = [
        {
            "type": "contour", "x": at, "y": at, "z": _grid(z), "customdata": _grid(loss), "hovertemplate": hover,
            "colorscale": SURFACE_SCALE, "zmin": z_range[0], "zmax": z_range[1], "autocontour": False,
            "contours": {"start": z_range[0], "end": z_range[1], "size": (z_range[1] - z_range[0]) / 24},
            "line": {"width": 0.5, "color": "rgba(255,255,255,0.5)"},
            "colorbar": {"title": {"text": "loss"}, "thickness": 12, "outlinewidth": 0, **_ticks(z_range, log_z)},
        }
    ]  # fmt: skip
    if centre is not None:
        data.append({"type": "scatter", "x": [0], "y": [0], "mode": "markers+text", "text": ["θ*"],
                     "textposition": "top center", "textfont": {"color": "#ffffff"}, "showlegend": False,
                     "marker": {"size": 9, "color": COLOURS["dropout"]},
                     "hovertemplate": f"the trained network<br>loss {centre:.4g}<extra></extra>"})  # fmt: skip
    square = {"scaleanchor": "x", "constrain": "domain"}
    layout = {"xaxis": {"title": {"text": "α"}, "constrain": "domain"}, "yaxis": {"title": {"text": "β"}, **square},
              "margin": {"l": 50, "r": 10, "b": 45, "t": 10}, "uirevision": "kept", **_font(look)}  # fmt: skip
    return {"data": data, "layout": layout}


def slice_figure(
    surface: Surface, axis: Literal["α", "β"], at: float, *, log_z: bool = False, look: Look = NORMAL
) -> Spec:
    """The surface cut along one axis: one curve of the loss, with the trained point where the cut goes through it."""
    other = "β" if axis == "α" else "α"
    where, losses = slice_at(surface, axis, at)
    scale = {"type": "log", "nice": False} if log_z else {"zero": False}
    curve = {
        "data": rows([{"at": float(a), "loss": float(z)} for a, z in zip(surface.coordinates, losses, strict=True)]),
        "mark": {"type": "line", "color": COLOURS[technique(surface.spec.run)], "strokeWidth": look.stroke},
        "encoding": {
            "x": quantity("at", axis),
            "y": quantity("loss", "loss (nats per image)", scale=scale),
            "tooltip": [quantity("at", axis, format=".3f"), quantity("loss", "loss", format=".4f")],
        },
    }
    layers = [curve]
    if surface.centre is not None and where == 0:
        layers += _trained_point(surface.centre, look)
    return layered(layers, look, f"Slice along {axis} at {other} = {where:.2f}")


def _trained_point(loss: float, look: Look) -> list[Spec]:
    here = {"data": rows([{"at": 0.0, "loss": loss, "name": "θ*"}])}
    place = {"x": {"field": "at", "type": "quantitative"}, "y": {"field": "loss", "type": "quantitative"}}
    text = {"type": "text", "dy": -12, "fontSize": look.font + 2, "color": MARK}
    return [
        {**here, "mark": {"type": "point", "filled": True, "size": 90, "color": COLOURS["dropout"]}, "encoding": place},
        {**here, "mark": text, "encoding": {**place, "text": {"field": "name", "type": "nominal"}}},
    ]


def line_figure(line: Line, *, look: Look = NORMAL) -> Spec:
    """The loss along the straight line between two trained networks, above the chord that a convex function stays
    below."""
    names = ["the loss on the way", "a convex function stays below this"]
    positions = line.spec.positions
    values = [{"t": float(t), "loss": float(z), "what": names[0]} for t, z in zip(positions, line.loss, strict=True)]
    values += [
        {"t": float(t), "loss": float(line.loss[i]), "what": names[1]}
        for t, i in ((positions[0], 0), (positions[-1], -1))
    ]
    curves = {
        "data": rows(values),
        "mark": {"type": "line", "strokeWidth": look.stroke},
        "encoding": {
            "x": quantity("t", "t: from the network of one seed (0) to that of another (1)"),
            "y": quantity("loss", "loss (nats per image)"),
            "color": {"field": "what", "type": "nominal", "legend": LEGEND_ON_TOP,
                      "scale": {"domain": names, "range": [COLOURS["plain"], MARK]}},
            "tooltip": [quantity("t", "t", format=".2f"), quantity("loss", "loss", format=".3f"),
                        {"field": "what", "type": "nominal"}],
        },
    }  # fmt: skip
    return layered([curves], look)
