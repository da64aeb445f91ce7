"""Ways through the space of weights: the path of a training in its own plane, and the line between two networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.figures.surfaces import CLEAR, as_lists, loss_ticks
from core.figures.theme import (
    DASHES,
    MARK,
    SURFACE_SCALE,
    Figure,
    Look,
    Spec,
    by_colour,
    by_technique,
    figure,
    layered,
    number_axis,
    rows_of,
    short,
    strokes,
    told,
)
from core.results.path import TrainingPath
from core.techniques import DROPOUT

if TYPE_CHECKING:
    import altair as alt

# --- the path in its plane -------------------------------------------------------------------------------------------

NAMED = 10
"""The path has a larger dot every so many epochs."""


def path_figure(path: TrainingPath, epoch: int) -> Spec:
    """The loss over the plane as a map, the path on it with a dot for each checkpoint, that of `epoch` marked.

    Both axes are distances between weights, and have one scale. The contours are of the logarithm of the loss: the
    reader should see that training came down a valley, and how it turned.
    """
    z = np.log10(path.grid)
    low, high = float(z.min()), float(z.max())
    name = "before training" if epoch == 0 else f"epoch {epoch}"
    loss_map = {
        "type": "contour",
        "x": [short(a) for a in path.alphas],
        "y": [short(b) for b in path.betas],
        "z": as_lists(z.T),  # Plotly's z[row] runs along y
        "customdata": as_lists(path.grid.T),
        "hovertemplate": "%{x:.1f}, %{y:.1f}<br>loss %{customdata:.3g}<extra></extra>",
        "colorscale": SURFACE_SCALE,
        "zmin": low,
        "zmax": high,
        "autocontour": False,
        "contours": {"start": low, "end": high, "size": (high - low) / 20},
        "line": {"width": 0.5, "color": "rgba(255,255,255,0.5)"},
        "colorbar": {
            "title": {"text": "loss"},
            "thickness": 12,
            "outlinewidth": 0,
            "xpad": 4,
            **loss_ticks((low, high), True),
        },
    }
    checkpoints = range(len(path.loss))
    x, y = ([short(c) for c in along] for along in path.coordinates.T)
    walked = {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines+markers",
        "line": {"color": "#ffffff", "width": 1.5},
        "marker": {"color": "#ffffff", "size": [7 if e % NAMED == 0 else 3 for e in checkpoints]},
        "customdata": [[e, short(path.loss[e]), short(path.shadow_loss[e])] for e in checkpoints],
        "hovertemplate": "epoch %{customdata[0]}<br>loss %{customdata[1]:.3g}<br>in the plane %{customdata[2]:.3g}"
        "<extra></extra>",
        "showlegend": False,
    }
    here = {
        "type": "scatter",
        "x": [x[epoch]],
        "y": [y[epoch]],
        "mode": "markers+text",
        "text": [name],
        "textposition": "top left" if path.coordinates[epoch, 0] > path.alphas.mean() else "top right",
        "textfont": {"color": "#ffffff"},
        "marker": {"size": 13, "color": DROPOUT.colour, "line": {"color": "#ffffff", "width": 1.5}},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    layout = {
        "xaxis": {
            "title": {"text": "along the first axis", "standoff": 6},
            "automargin": True,
            "constrain": "domain",
            "constraintoward": "right",  # beside the colour bar
        },
        "yaxis": {"title": {"text": "second axis"}, "scaleanchor": "x", "constrain": "domain"},
        "margin": {"l": 50, "r": 10, "b": 40, "t": 5},
        "uirevision": "kept",
        **CLEAR,
    }
    return {"data": [loss_map, walked, here], "layout": layout}


AT_CHECKPOINT, IN_PLANE = "at the checkpoint", "at its nearest point in the plane"


def losses_figure(path: TrainingPath, epoch: int, colour: str) -> Figure:
    """The loss at every checkpoint, and at its nearest point in the plane, over the epochs; a bar at `epoch`. colour:
    the technique's."""
    rows = [
        {"epoch": e, "loss": short(loss), "where": where}
        for where, losses in ((AT_CHECKPOINT, path.loss), (IN_PLANE, path.shadow_loss))
        for e, loss in enumerate(losses)
    ]
    return figure(_losses_chart, {"here": [{"epoch": epoch}], "losses": rows}, last=len(path.loss) - 1, colour=colour)


def _losses_chart(look: Look, *, last: int, colour: str) -> alt.LayerChart:
    import altair as alt

    axis = number_axis(ticks=10, tickMinStep=1)
    x = alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[0, last], nice=False), axis=axis)
    y = alt.Y("loss:Q", title="nats", scale=alt.Scale(type="log", nice=False, padding=6), axis=number_axis("~g"))
    lines = rows_of("losses").mark_line(strokeWidth=look.stroke)
    return layered(
        look,
        rows_of("here").mark_rule(color=MARK, strokeWidth=12, opacity=0.25).encode(x=x),
        lines.encode(
            x=x,
            y=y,
            color=by_colour("where", [(AT_CHECKPOINT, colour), (IN_PLANE, MARK)], strokes()),
            tooltip=[told("where"), told("epoch", format="d"), told("loss", format=".3g")],
        ),
    )


# --- between two networks --------------------------------------------------------------------------------------------


def between_figure(
    solid: Mapping[str, np.ndarray],
    dashed: Mapping[str, np.ndarray],
    positions: np.ndarray,
    *,
    title: str,
    percent: bool = False,
) -> Figure:
    """A loss, or an accuracy, along the straight line between the networks of two seeds: technique → (points,).

    solid, dashed: two ways to measure it. positions: (points,), from 0 to 1. percent: for an accuracy.
    """
    rows = {
        name: [
            {"technique": technique, "t": short(t), "value": short(v)}
            for technique, values in some.items()
            for t, v in zip(positions, values, strict=True)
        ]
        for name, some in (("solid", solid), ("dashed", dashed))
    }
    return figure(_between_chart, rows, names=list(dict.fromkeys([*solid, *dashed])), title=title, percent=percent)


def _between_chart(look: Look, *, names: Sequence[str], title: str, percent: bool) -> alt.LayerChart:
    import altair as alt

    digits = ".1%" if percent else ".3g"
    place = {
        "x": alt.X("t:Q", title="t: from the network of seed 0 (t = 0) to that of seed 1 (t = 1)", axis=number_axis()),
        "y": alt.Y(
            "value:Q",
            title=None if percent else "nats per image",
            scale=alt.Scale(zero=False),
            axis=number_axis("%" if percent else ""),
        ),
        "color": by_technique(look, names),
        "tooltip": [told("technique"), told("t", format=".2f"), told("value", title, digits)],
    }
    lines = [
        rows_of(rows).mark_line(strokeWidth=look.stroke, **dash).encode(**place)
        for rows, dash in (("solid", {}), ("dashed", {"strokeDash": DASHES["dashed"]}))
    ]
    return layered(look, *lines, title=title)
