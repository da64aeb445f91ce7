"""Pictures of weights: where the small ones are, how they are distributed, and what becomes of them along a path."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np

from core.figures.theme import (
    MARK,
    Figure,
    Look,
    Row,
    by_colour,
    by_dash,
    current_stop,
    figure,
    in_rows,
    layered,
    number_axis,
    rows_of,
    short,
    squares,
    stop_axis,
    strokes,
    told,
)
from core.results.followed import PLACES, Followed
from core.results.sparsity import THRESHOLDS, Sparsity, bin_edges
from core.techniques import BATCH_NORM, COLOURS, DROPOUT, L1, L2, PLAIN

SPY_COLOURS = {"above": (0x00, 0x4B, 0x87), "small": (0xF3, 0xC9, 0xA5), "zero": (0xFF, 0xFF, 0xFF)}
"""Of a weight above the threshold, of a smaller one that is not 0, of an exact 0; to be told apart on a light and on a
dark page."""


def spy_image(levels: np.ndarray, k: int) -> str:
    """A PNG, as a data address, of levels (units, pixels): one image pixel a weight, in SPY_COLOURS. k: the
    threshold's index."""
    from PIL import Image

    index = np.where(levels > k, 0, np.where(levels > 0, 1, 2)).astype(np.uint8)
    image = Image.fromarray(index, mode="P")
    image.putpalette([channel for colour in SPY_COLOURS.values() for channel in colour])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def spy_figure(levels: np.ndarray, k: int, *, title: str) -> Figure:
    """The weight matrix as matplotlib's `spy` draws it: a row for each unit, a column for each pixel of the input.

    Blue: above the threshold. Pale orange: smaller, but not 0. White: exactly 0.
    """
    units, pixels = levels.shape
    picture = [{"x": 0, "x2": pixels, "y": 0, "y2": units, "url": spy_image(levels, k), "title": title}]
    return figure(_spy_chart, {"picture": picture}, units=units, pixels=pixels)


def spy_table(layer: Sparsity) -> list[Row]:
    """What a spy plot shows at each threshold, as numbers: the share of the weights that are at most as large, and the
    units with a larger one."""
    return [
        {
            "|w| up to": threshold,
            "share of the weights": short(layer.share_small(threshold)),
            "units alive": int(layer.alive[layer.index(threshold)]),
        }
        for threshold in (0.0, *THRESHOLDS)
    ]


def _spy_chart(look: Look, *, units, pixels):
    import altair as alt

    x_scale = alt.Scale(domain=[0, pixels], nice=False)
    y_scale = alt.Scale(domain=[0, units], nice=False, reverse=True)
    picture = (
        rows_of("picture")
        .mark_image(aspect=False, clip=True)
        .encode(
            x=alt.X("x:Q", title="pixel of the image", scale=x_scale, axis=number_axis(grid=False)),
            x2="x2",
            y=alt.Y("y:Q", title="unit", scale=y_scale, axis=number_axis(grid=False)),
            y2="y2",
            url="url:N",
        )
    )
    # from the rows, since the name of the network holds its strength, which a slider moves
    title = alt.TitleParams(text=alt.expr("length(data('picture')) ? data('picture')[0].title : ''"))
    return layered(look, picture, title=title, height=int(0.75 * look.height))


def kept_figure(kept: np.ndarray, *, title: str) -> Figure:
    """How many weights above the threshold each pixel of the image has, (side, side), as a picture of the image plane.
    Its colours begin at 0 and end at the largest number."""
    cells = [
        {"row": i, "column": j, "weights": int(kept[i, j])} for i in range(len(kept)) for j in range(kept.shape[1])
    ]
    return figure(_kept_chart, {"cells": cells}, title=title)


def _kept_chart(look: Look, *, title):
    import altair as alt

    scale = alt.Scale(paddingInner=0, paddingOuter=0)
    side = int(0.6 * look.height)
    legend = alt.Legend(orient="right", gradientLength=side - 4 * look.font, gradientThickness=10, tickCount=3)
    cells = (
        rows_of("cells")
        .mark_rect()
        .encode(
            x=alt.X("column:O", axis=None, scale=scale),
            y=alt.Y("row:O", axis=None, scale=scale),
            color=alt.Color("weights:Q", title=None, scale=alt.Scale(scheme="viridis", domainMin=0), legend=legend),
            tooltip=["row:Q", "column:Q", alt.Tooltip("weights:Q", title="weights left")],
        )
    )
    return layered(look, cells, title=title, plot=(side, side))


def weights_figure(counts: Mapping[str, np.ndarray], *, log: bool, title: str = "", highest: int = 0) -> Figure:
    """Histograms of first-layer weights over the same bins: technique → counts (BINS,). log: counts on a logarithmic
    axis, where empty bins are left out. highest: where the axis ends; 0: at the highest of the counts."""
    colours = {name: COLOURS[name] for name in counts}
    x_title = "weight of the first layer"
    return histogram_figure(counts, bin_edges(), colours, log=log, title=title, x_title=x_title, highest=highest)


def displaced_figure(own: np.ndarray, displaced: np.ndarray, edges: np.ndarray) -> Figure:
    """The weights of the plain network, and those that the notebook draws in their place."""
    names = {"the network's own": PLAIN.colour, "after the notebook's loop": MARK}
    counts = dict(zip(names, (own, displaced), strict=True))
    return histogram_figure(counts, edges, names, x_title="weight of the first layer")


def histogram_figure(
    counts: Mapping[str, np.ndarray],
    edges: np.ndarray,
    colours: Mapping[str, str],
    *,
    x_title: str,
    log: bool = False,
    title: str = "",
    highest: int = 0,
) -> Figure:
    """Areas in steps. On a logarithmic axis a bin without weights stands at half a weight, below the axis."""
    bottom = HALF if log else 0
    values = [
        {"weight": float(f"{left:.6g}"), "count": max(int(count), bottom), "network": name}
        for name, some in counts.items()
        for left, count in zip(edges, (*some, some[-1]), strict=True)
    ]
    end = {"highest": highest} if highest else {}
    return figure(_histogram_chart, {"counts": values}, colours=colours, log=log, title=title, x_title=x_title, **end)


HALF = 0.5
"""Of a weight: where an empty bin stands on a logarithmic axis."""


def _histogram_chart(look: Look, *, colours, log, title, x_title, highest=None):
    import altair as alt

    end = {"domainMax": highest} if highest else {}
    y = alt.Y(
        "count:Q",
        title="weights" + (" (logarithmic)" if log else ""),
        stack=None,
        scale=alt.Scale(type="log", domainMin=HALF, **end) if log else alt.Scale(**end),
        axis=number_axis("~s"),
    )
    areas = (
        rows_of("counts")
        .mark_area(interpolate="step-after", opacity=0.4, line={"strokeWidth": 1}, clip=True)
        .encode(
            x=alt.X("weight:Q", title=x_title, scale=alt.Scale(nice=False)),
            y=y,
            color=by_colour("network", colours, squares(in_rows(look, [name for name, _ in colours]))),
        )
    )
    return layered(look, areas.encode(y2=alt.datum(HALF)) if log else areas, title=title)


# --- along a path ---------------------------------------------------------------------------------------------------


def path_figure(
    lines: Mapping[str, Mapping[float, Sequence[float]]],
    current: float,
    *,
    colour: str,
    x_title: str,
    title: str,
    percent: bool = True,
    log_y: bool = False,
    floor: float = 0.0,
    narrow: bool = False,
) -> Figure:
    """Numbers along the stops of one strength: line's name → stop → a value for each seed. A dot for each seed, lines
    through the means, a bar at the current stop. The stops stand at equal distances in the order of the path, which is
    that of the strength: a limit is stronger the lower it is. floor: where the y axis begins at the lowest; what is
    below is cut off. narrow: the legend goes one name a line where not all fit one."""
    means, dots = [], []
    for name, by_stop in lines.items():
        for stop, seeds in by_stop.items():
            row = {"line": name, "stop": f"{stop:g}"}
            shown = [short(v) for v in seeds if v > 0 or not log_y]
            dots += [{**row, "value": v} for v in shown]
            if shown:
                means.append({**row, "value": short(float(np.mean(shown)))})
    stops = dict.fromkeys(stop for by_stop in lines.values() for stop in by_stop)
    low = min((row["value"] for row in dots), default=0.0)
    return figure(
        _path_chart,
        {"here": [{"stop": f"{current:g}"}], "means": means, "seeds": dots},
        names=list(lines),
        stops=[f"{stop:g}" for stop in stops],
        colour=colour,
        x_title=x_title,
        title=title,
        percent=percent,
        log=log_y,
        floor=floor if low < floor else None,
        columns=1 if narrow else 0,
    )


PATH_DASHES = ("solid", "dashed", "dotted")


def _path_chart(look: Look, *, names, stops, colour, x_title, title, percent, log, floor, columns):
    import altair as alt

    x = stop_axis(stops, x_title)
    floored = {} if floor is None else {"domainMin": floor}
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False, **floored)
    y = alt.Y("value:Q", title=None, scale=scale, axis=number_axis("%" if percent else "~g", grid=not log))
    tooltip = [told("line"), told("stop", x_title), told("value", title, ".2%" if percent else ".4g")]
    place = {"x": x, "y": y, "tooltip": tooltip}
    dash = by_dash("line", names, PATH_DASHES[: len(names)], in_rows(look, names, columns or 2))
    return layered(
        look,
        current_stop(x),
        rows_of("means").mark_line(color=colour, strokeWidth=look.stroke, clip=True).encode(**place, strokeDash=dash),
        rows_of("seeds").mark_point(filled=True, size=22, opacity=0.7, color=colour, clip=True).encode(**place),
        title=title,
    )


# --- step by step ---------------------------------------------------------------------------------------------------

PLACE_COLOURS = dict(zip(PLACES, (DROPOUT.colour, BATCH_NORM.colour, PLAIN.colour), strict=True))


def followed_figure(
    followed: Followed, *, last: int = 0, band: float = 0.0, title: str, y_range: tuple[float, float]
) -> Figure:
    """Single weights over the training steps, a line each. last: only so many steps at the end; band: rules at ± so
    much."""
    steps = followed.spec.steps
    picked = range(steps - last, steps + 1) if last else range(0, steps + 1, 8)
    values = [
        {"step": t, "weight": float(f"{followed.weights[t, i, j]:.4g}"), "from": place, "which": f"{place} {j}"}
        for i, place in enumerate(PLACES)
        for j in range(followed.weights.shape[2])
        if not last or abs(followed.weights[-1, i, j]) <= y_range[1]
        for t in picked
    ]
    edges = [{"y": 0.0}, *([{"y": band}, {"y": -band}] if band else [])]
    return figure(
        _followed_chart,
        {"rules": edges, "weights": values},
        title=title,
        y_range=y_range,
        enlarged=bool(last),
    )


def _followed_chart(look: Look, *, title, y_range, enlarged):
    """enlarged: the lower of two pictures, which has the other's colours and gives both their x axis a name."""
    import altair as alt

    scale = alt.Scale(domain=list(y_range), nice=False)
    lines = (
        rows_of("weights")
        .mark_line(strokeWidth=look.stroke / 2, clip=True, opacity=0.85)
        .encode(
            x=alt.X("step:Q", title="training step" if enlarged else None, scale=alt.Scale(nice=False, zero=False)),
            y=alt.Y("weight:Q", title="weight", scale=scale, axis=number_axis(".1e" if enlarged else "~g")),
            color=by_colour("from", list(PLACE_COLOURS.items()), None if enlarged else strokes()),
            detail="which:N",
        )
    )
    rules = rows_of("rules").mark_rule(color=MARK, strokeDash=[4, 4]).encode(y=alt.Y("y:Q", title="weight"))
    return layered(look, rules, lines, title=title)


def penalties_figure(*, pull: bool) -> Figure:
    """|w| and w² over w, or how hard each pulls w towards 0 (its derivative). Only sign(w) is broken at 0, where it
    jumps; the others pass through."""
    at = np.linspace(-1.5, 1.5, 121)
    shapes = {L1.name: np.sign(at) if pull else np.abs(at), L2.name: 2 * at if pull else at**2}
    jumps = {L1.name} if pull else set()
    values = [
        {"w": short(w), "value": short(v), "technique": name, "side": name in jumps and bool(w > 0)}
        for name, curve in shapes.items()
        for w, v in zip(at, curve, strict=True)
        if w or name not in jumps
    ]
    return figure(_penalties_chart, {"curves": values}, pull=pull)


def _penalties_chart(look: Look, *, pull):
    import altair as alt

    curves = (
        rows_of("curves")
        .mark_line(strokeWidth=look.stroke)
        .encode(
            x=alt.X("w:Q", title="weight w"),
            y=alt.Y("value:Q", title="sign(w), 2w" if pull else "|w|, w²", axis=number_axis()),
            color=by_colour("technique", [(name, COLOURS[name]) for name in (L1.name, L2.name)], strokes()),
            detail="side:N",
        )
    )
    return layered(look, curves, title="The pull: derivative" if pull else "The penalty")


def shrunk_figure(points: Mapping[str, Mapping[float, tuple[float, float]]], current: Mapping[str, float]) -> Figure:
    """Accuracy against the spread of the weights for two ways to apply L2: name → strength → (spread, accuracy). The
    points of one way are joined from its weakest to its strongest; the current strengths are ringed."""
    values = [
        {"applied": name, "strength": f"{stop:g}", "order": i, "spread": short(x), "accuracy": round(y, 5)}
        for name, by_stop in points.items()
        for i, (stop, (x, y)) in enumerate(sorted(by_stop.items()))
    ]
    ringed = [v for v in values if v["strength"] == f"{current[v['applied']]:g}"]
    return figure(_shrunk_chart, {"ways": values, "current": ringed}, names=list(points))


def _shrunk_chart(look: Look, *, names):
    import altair as alt

    x = alt.X(
        "spread:Q",
        title="standard deviation of w",
        scale=alt.Scale(type="log", nice=False),
        axis=number_axis("~g"),
    )
    place = {
        "x": x,
        "y": alt.Y("accuracy:Q", title="held-out accuracy", scale=alt.Scale(zero=False), axis=number_axis("%")),
        "color": by_colour("applied", [(name, COLOURS[name]) for name in names], strokes(in_rows(look, names))),
        "order": "order:Q",
        "tooltip": [
            told("applied"),
            told("strength"),
            alt.Tooltip("spread:Q", title="standard deviation"),
            told("accuracy", format=".2%"),
        ],
    }
    ways = rows_of("ways").mark_line(strokeWidth=look.stroke, point={"size": 50})
    ring = rows_of("current").mark_point(size=300, strokeWidth=3, filled=False)
    return layered(look, ways.encode(**place), ring.encode(**place))
