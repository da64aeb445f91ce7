"""Pictures of loss surfaces: in space, as contours, as a slice, and along the line between two networks.

The first two are Plotly figures, for the component that keeps the camera; the others are charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from core.figures.theme import (
    MARK,
    SURFACE_SCALE,
    Figure,
    Look,
    Row,
    Spec,
    by_colour,
    figure,
    layered,
    number_axis,
    rows_of,
    strokes,
    told,
)
from core.results.line import Line
from core.results.surface import Surface, slice_at
from core.techniques import DROPOUT, PLAIN, technique_of


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
) -> Spec:
    """The loss over (α, β), in space or as contours, θ* marked where the grid has it.

    log_z: a logarithmic loss axis. z_range: in the units of the axis, to compare two surfaces. as_in_notebook: with the
    notebook's swapped axes. narrow: for a third of the page's width, with fewer numbers. The reader should see how
    high, how steep and how round the bowl around the trained point is.
    """
    z_range = z_range or shared_z_range([surface], log_z)
    at = [round(float(a), 4) for a in surface.coordinates]
    loss = surface.loss if as_in_notebook else surface.loss.T  # Plotly's z[row] runs along y
    z = np.log10(loss) if log_z else loss
    draw = _contours if view == "contours" else _space
    figure = draw(at, z, loss, z_range, log_z, surface.centre)
    return _in_a_third(figure) if narrow and view == "3-D" else figure


def surface_table(surface: Surface, *, as_in_notebook: bool = False) -> list[Row]:
    """Every fifth point of a surface as a table: a row for each α, a column for each β. as_in_notebook: with α and β in
    each other's place, as the picture then has them."""
    at = surface.coordinates
    loss = surface.loss.T if as_in_notebook else surface.loss
    picked = range(0, len(at), 5)
    return [{"α \\ β": _signed(at[i]), **{_signed(at[j]): float(f"{loss[i, j]:.5g}") for j in picked}} for i in picked]


def _signed(coordinate: float) -> str:
    return f"{coordinate:.2f}".replace("-", "−")


def _in_a_third(figure: Spec) -> Spec:
    """The same scene for a third of the page, with fewer and smaller numbers."""
    scene = figure["layout"]["scene"]
    scene["zaxis"]["title"]["text"] = ""  # there is no room; the caption says it
    for axis in ("xaxis", "yaxis", "zaxis"):
        scene[axis]["nticks"] = 5
    return {**figure, "small": True}


EYE = {"x": 0.77, "y": -1.58, "z": 1.32}
"""From where a surface is seen at first: the direction. The distance is fitted to the pane (scene.js)."""


def as_lists(values: np.ndarray) -> list[list[float]]:
    """A grid as JSON values, with five digits."""
    return [[float(f"{v:.5g}") for v in row] for row in values]


def loss_ticks(z_range: tuple[float, float], log_z: bool) -> Spec:
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


def _round_ticks(low: float, high: float) -> Spec:
    """Three to seven round numbers between two."""
    raw = (high - low) / 5
    unit = 10.0 ** np.floor(np.log10(raw))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= raw)
    values = [float(f"{n * step:.6g}") for n in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
    return {"tickmode": "array", "tickvals": values, "ticktext": [_short(v) for v in values]}


def _short(value: float) -> str:
    """A tick's number, short: 0.5, 20, 10⁵, 2·10³."""
    if value < 1000:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e+")
    power = "10" + str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if mantissa == "1" else f"{mantissa}·{power}"


CLEAR = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}
HOVER = "α %{x:.2f}<br>β %{y:.2f}<br>loss %{customdata:.4g}<extra></extra>"


def _trained(centre: float) -> Spec:
    """How θ* is marked, in space and on a map. Its font's size is that of the look."""
    return {
        "x": [0],
        "y": [0],
        "mode": "markers+text",
        "text": ["θ*"],
        "textposition": "top center",
        "textfont": {"color": "#ffffff"},
        "showlegend": False,
        "hovertemplate": f"the trained network<br>loss {centre:.4g}<extra></extra>",
    }


def _space(at, z, loss, z_range, log_z, centre) -> Spec:
    low, high = z_range
    rings = {"show": True, "color": "rgba(255,255,255,0.35)", "width": 1, "start": low, "end": high}
    surface = {
        "type": "surface",
        "x": at,
        "y": at,
        "z": as_lists(z),
        "customdata": as_lists(loss),
        "hovertemplate": HOVER,
        "colorscale": SURFACE_SCALE,
        "cmin": low,
        "cmax": high,
        "showscale": False,
        "contours": {"z": {**rings, "size": (high - low) / 12}},
    }
    data: list[Spec] = [surface]
    if centre is not None:
        height = float((np.log10(centre) if log_z else centre) + 0.01 * (high - low))
        marker = {"size": 5, "color": DROPOUT.colour}
        data.append({"type": "scatter3d", **_trained(centre), "z": [height], "marker": marker})
    loss_axis = {
        "title": {"text": "loss (log)" if log_z else "loss"},
        "range": list(z_range),
        **loss_ticks(z_range, log_z),
    }
    scene = {
        "xaxis": {"title": {"text": "α"}},
        "yaxis": {"title": {"text": "β"}},
        "zaxis": loss_axis,
        "aspectmode": "manual",
        "aspectratio": {"x": 1, "y": 1, "z": 0.75},
        "camera": {"eye": EYE, "center": {"x": 0, "y": 0, "z": -0.12}},
    }
    return {"data": data, "layout": {"scene": scene, "margin": dict.fromkeys("lrbt", 0), "uirevision": "kept", **CLEAR}}


def _contours(at, z, loss, z_range, log_z, centre) -> Spec:
    low, high = z_range
    # Left to itself, a contour's colour bar puts its numbers at the contours, which are not round.
    ticks = loss_ticks(z_range, log_z) if log_z else _round_ticks(low, high)
    contour = {
        "type": "contour",
        "x": at,
        "y": at,
        "z": as_lists(z),
        "customdata": as_lists(loss),
        "hovertemplate": HOVER,
        "colorscale": SURFACE_SCALE,
        "zmin": low,
        "zmax": high,
        "autocontour": False,
        "contours": {"start": low, "end": high, "size": (high - low) / 24},
        "line": {"width": 0.5, "color": "rgba(255,255,255,0.5)"},
        "colorbar": {"title": {"text": "loss"}, "thickness": 12, "outlinewidth": 0, "xpad": 4, **ticks},
    }
    data: list[Spec] = [contour]
    if centre is not None:
        data.append({"type": "scatter", **_trained(centre), "marker": {"size": 9, "color": DROPOUT.colour}})
    layout = {
        "xaxis": {"title": {"text": "α"}, "constrain": "domain", "constraintoward": "right"},
        "yaxis": {"title": {"text": "β"}, "scaleanchor": "x", "constrain": "domain"},
        "margin": {"l": 50, "r": 10, "b": 45, "t": 10},
        "uirevision": "kept",
        **CLEAR,
    }
    return {"data": data, "layout": layout}


def slice_figure(surface: Surface, axis: Literal["α", "β"], at: float, *, log_z: bool = False) -> Figure:
    """The surface cut along one axis: one curve of the loss, with the trained point where the cut goes through it."""
    other = "β" if axis == "α" else "α"
    where, losses = slice_at(surface, axis, at)
    curve = [{"at": float(a), "loss": float(z)} for a, z in zip(surface.coordinates, losses, strict=True)]
    is_through = surface.centre is not None and where == 0
    low, high = float(surface.coordinates[0]), float(surface.coordinates[-1])
    return figure(
        _slice_chart,
        {
            "curve": curve,
            "trained": [{"at": 0.0, "loss": surface.centre, "name": "θ*"}] if is_through else [],
            "cut": [{"label": f"at {other} = {where:.2f}".replace("-", "−")}],
        },
        axis=axis,
        ends=(low, high),
        log=log_z,
        colour=technique_of(surface.spec.run).colour,
    )


def _slice_chart(look: Look, *, axis, ends, log, colour):
    import altair as alt

    x = alt.X("at:Q", title=axis, scale=alt.Scale(domain=list(ends), nice=False))
    scale = alt.Scale(type="log", nice=False) if log else alt.Scale(zero=False)
    place = {"x": x, "y": alt.Y("loss:Q", title="loss (nats per image)", scale=scale, axis=number_axis())}
    tooltip = [told("at", axis, ".3f"), told("loss", format=".4f")]
    point = rows_of("trained").mark_point(filled=True, size=90, color=DROPOUT.colour)
    name = rows_of("trained").mark_text(dy=-12, fontSize=look.font + 2, color=MARK)
    cut = rows_of("cut").mark_text(align="left", baseline="top", fontSize=look.font, color=MARK)
    return layered(
        look,
        rows_of("curve").mark_line(color=colour, strokeWidth=look.stroke).encode(**place, tooltip=tooltip),
        point.encode(**place),
        name.encode(**place, text="name:N"),
        cut.encode(x=alt.value(6), y=alt.value(4), text="label:N"),
        title=f"Slice along {axis}",
    )


def line_figure(line: Line) -> Figure:
    """The loss along the straight line between two trained networks, above the chord that a convex function stays
    below."""
    positions = line.spec.positions
    values = [{"t": float(t), "loss": float(z), "what": ON_THE_WAY} for t, z in zip(positions, line.loss, strict=True)]
    values += [
        {"t": float(t), "loss": float(line.loss[i]), "what": CHORD} for t, i in ((positions[0], 0), (positions[-1], -1))
    ]
    return figure(_line_chart, {"curves": values})


ON_THE_WAY, CHORD = "the loss on the way", "a convex function stays below this"


def _line_chart(look: Look):
    import altair as alt

    curves = (
        rows_of("curves")
        .mark_line(strokeWidth=look.stroke)
        .encode(
            x=alt.X("t:Q", title="t: from the network of one seed (0) to that of another (1)"),
            y=alt.Y("loss:Q", title="loss (nats per image)", axis=number_axis()),
            color=by_colour("what", [(ON_THE_WAY, PLAIN.colour), (CHORD, MARK)], strokes()),
            tooltip=[told("t", format=".2f"), told("loss", format=".3f"), told("what")],
        )
    )
    return layered(look, curves)
