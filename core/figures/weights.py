"""Pictures of weights: where the small ones are, how they are distributed, and what becomes of them along a path."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np

from core.figures.compare import current_stop, stop_axis
from core.figures.theme import (
    COLOURS,
    LEGEND_OF_DOTS,
    LEGEND_ON_TOP,
    MARK,
    NORMAL,
    Look,
    Spec,
    by_dash,
    layered,
    quantity,
    rows,
)
from core.results.followed import PLACES, Followed
from core.results.sparsity import bin_edges

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


def spy_figure(levels: np.ndarray, k: int, *, title: str, look: Look = NORMAL) -> Spec:
    """The weight matrix as matplotlib's `spy` draws it: a row for each unit, a column for each pixel of the input.

    Blue: above the threshold. Pale orange: smaller, but not 0. White: exactly 0.
    """
    units, pixels = levels.shape
    picture = {
        "data": rows([{"x": 0, "x2": pixels, "y": 0, "y2": units, "url": spy_image(levels, k)}]),
        "mark": {"type": "image", "aspect": False, "clip": True},
        "encoding": {
            "x": quantity("x", "pixel of the image", scale={"domain": [0, pixels], "nice": False},
                          axis={"grid": False}),
            "x2": {"field": "x2"},
            "y": quantity("y", "unit", scale={"domain": [0, units], "nice": False, "reverse": True},
                          axis={"grid": False}),
            "y2": {"field": "y2"},
            "url": {"field": "url", "type": "nominal"},
        },
    }  # fmt: skip
    return {**layered([picture], look, title), "height": int(0.75 * look.height)}


def kept_figure(kept: np.ndarray, *, title: str, most: int, look: Look = NORMAL) -> Spec:
    """How many weights above the threshold each pixel of the image has, (side, side), as a picture of the image plane.
    most: where the colours end."""
    values = [
        {"row": i, "column": j, "weights": int(kept[i, j])} for i in range(len(kept)) for j in range(kept.shape[1])
    ]
    place = {"type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}
    cells = {
        "data": rows(values),
        "mark": {"type": "rect"},
        "encoding": {
            "x": {"field": "column", **place},
            "y": {"field": "row", **place},
            "color": {
                "field": "weights", "type": "quantitative", "title": None,
                "scale": {"scheme": "viridis", "domain": [0, most]},
                "legend": {"orient": "bottom", "gradientLength": 160, "format": "d",
                           "values": sorted({0, most // 2, most})},
            },
            "tooltip": [quantity("row", "row"), quantity("column", "column"), quantity("weights", "weights left")],
        },
    }  # fmt: skip
    side = int(0.6 * look.height)
    around = 10 * look.font  # what title and legend take of the height
    return {**layered([cells], look, title), "height": side + around, "width": side}


def weights_figure(
    counts: Mapping[str, np.ndarray], *, log: bool, title: str = "", look: Look = NORMAL
) -> Spec:  # fmt: skip
    """Histograms of first-layer weights over the same bins: technique → counts (BINS,). log: counts on a logarithmic
    axis, where empty bins are left out."""
    edges = bin_edges()
    return histogram_figure(counts, edges, {name: COLOURS[name] for name in counts}, log=log, title=title,
                       x_title="weight of the first layer", look=look)  # fmt: skip


def displaced_figure(own: np.ndarray, displaced: np.ndarray, edges: np.ndarray, *, look: Look = NORMAL) -> Spec:
    """The weights of the plain network, and those that the notebook draws in their place."""
    names = {"the network's own": COLOURS["plain"], "after the notebook's loop": MARK}
    return histogram_figure(dict(zip(names, (own, displaced), strict=True)), edges, names, log=False, title="",
                       x_title="weight of the first layer", look=look)  # fmt: skip


def histogram_figure(
    counts: Mapping[str, np.ndarray],
    edges: np.ndarray,
    colours: Mapping[str, str],
    *,
    log: bool,
    title: str,
    x_title: str,
    look: Look,
) -> Spec:
    """Areas in steps. On a logarithmic axis a bin without weights stands at half a weight, below the axis."""
    bottom = 0.5 if log else 0
    values = [
        {"weight": float(f"{left:.6g}"), "count": max(int(count), bottom), "network": name}
        for name, some in counts.items()
        for left, count in zip(edges, (*some, some[-1]), strict=True)
    ]
    scale = {"type": "log", "domainMin": bottom} if log else {}
    areas = {
        "data": rows(values),
        "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.4, "line": {"strokeWidth": 1}, "clip": True},
        "encoding": {
            "x": quantity("weight", x_title, scale={"nice": False}),
            "y": quantity("count", "weights" + (" (logarithmic)" if log else ""), stack=None, scale=scale,
                          axis={"format": "~s", "tickCount": 5}),
            "color": {"field": "network", "type": "nominal", "legend": {**LEGEND_OF_DOTS, "symbolType": "square"},
                      "scale": {"domain": list(colours), "range": list(colours.values())}},
        },
    }  # fmt: skip
    if log:
        areas["encoding"]["y2"] = {"datum": bottom}
    return layered([areas], look, title)


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
    look: Look = NORMAL,
) -> Spec:
    """Numbers along the stops of one strength: line's name → stop → a value for each seed. A dot for each seed, lines
    through the means, a bar at the current stop. The stops stand at equal distances. floor: where the y axis begins at
    the lowest; what is below is cut off. narrow: the legend goes one name a line."""
    means, dots = [], []
    for name, by_stop in lines.items():
        for stop, seeds in by_stop.items():
            row = {"line": name, "stop": f"{stop:g}"}
            shown = [float(f"{v:.5g}") for v in seeds if v > 0 or not log_y]
            dots += [{**row, "value": v} for v in shown]
            if shown:
                means.append({**row, "value": float(f"{np.mean(shown):.5g}")})
    stops = sorted({stop for by_stop in lines.values() for stop in by_stop})
    x = stop_axis(stops, x_title)
    low = min((row["value"] for row in dots), default=0.0)
    scale = {"type": "log"} if log_y else {"zero": False, **({"domainMin": floor} if low < floor else {})}
    axis = {"format": "%" if percent else "~g", "tickCount": 6, "grid": not log_y}
    y = quantity("value", None, scale=scale, axis=axis)
    tooltip = [{"field": "line", "type": "nominal"}, {"field": "stop", "type": "nominal", "title": x_title},
               quantity("value", title, format=".2%" if percent else ".4g")]  # fmt: skip
    encoding = {"x": x, "y": y, "tooltip": tooltip}
    dash = by_dash("line", list(lines), PATH_DASHES[: len(lines)])
    dash["legend"] = {**dash["legend"], "columns": 1 if narrow else 0}
    line = {"data": rows(means), "mark": {"type": "line", "color": colour, "strokeWidth": look.stroke, "clip": True},
            "encoding": {**encoding, "strokeDash": dash}}  # fmt: skip
    mark = {"type": "point", "filled": True, "size": 22, "opacity": 0.7, "color": colour, "clip": True}
    points = {"data": rows(dots), "mark": mark, "encoding": encoding}
    return layered([current_stop(current, x), line, points], look, title)


PATH_DASHES = ("solid", "dashed", "dotted")


# --- step by step ---------------------------------------------------------------------------------------------------

PLACE_COLOURS = dict(zip(PLACES, (COLOURS["dropout"], COLOURS["batch norm"], COLOURS["plain"]), strict=True))


def followed_figure(
    followed: Followed,
    *,
    last: int = 0,
    band: float = 0.0,
    title: str,
    y_range: tuple[float, float],
    look: Look = NORMAL,
) -> Spec:
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
    lines = {
        "data": rows(values),
        "mark": {"type": "line", "strokeWidth": look.stroke / 2, "clip": True, "opacity": 0.85},
        "encoding": {
            "x": quantity("step", "training step", scale={"nice": False, "zero": False}),
            "y": quantity("weight", "weight", scale={"domain": list(y_range), "nice": False},
                          axis={"format": "~g" if not last else ".1e", "tickCount": 5}),
            "color": {"field": "from", "type": "nominal", "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1},
                      "scale": {"domain": list(PLACE_COLOURS), "range": list(PLACE_COLOURS.values())}},
            "detail": {"field": "which", "type": "nominal"},
        },
    }  # fmt: skip
    edges = [{"y": 0.0}, *([{"y": band}, {"y": -band}] if band else [])]
    rules = {"data": rows(edges), "mark": {"type": "rule", "color": MARK, "strokeDash": [4, 4]},
             "encoding": {"y": quantity("y", "weight")}}  # fmt: skip
    return layered([rules, lines], look, title)


def penalties_figure(*, pull: bool, look: Look = NORMAL) -> Spec:
    """|w| and w² over w, or how hard each pulls w towards 0 (its derivative)."""
    at = np.linspace(-1.5, 1.5, 121)
    shapes = {"L1": np.sign(at) if pull else np.abs(at), "L2": 2 * at if pull else at**2}
    values = [
        {"w": float(f"{w:.4g}"), "value": float(f"{v:.4g}"), "technique": name, "side": bool(w > 0)}
        for name, curve in shapes.items()
        for w, v in zip(at, curve, strict=True)
        if not (pull and abs(w) < 1e-9)
    ]
    title = "The pull: derivative" if pull else "The penalty"
    line = {
        "data": rows(values),
        "mark": {"type": "line", "strokeWidth": look.stroke},
        "encoding": {
            "x": quantity("w", "weight w"),
            "y": quantity("value", "sign(w), 2w" if pull else "|w|, w²"),
            "color": {"field": "technique", "type": "nominal", "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1},
                      "scale": {"domain": ["L1", "L2"], "range": [COLOURS["L1"], COLOURS["L2"]]}},
            "detail": {"field": "side", "type": "nominal"},
        },
    }  # fmt: skip
    return layered([line], look, title)


def shrunk_figure(
    points: Mapping[str, Mapping[float, tuple[float, float]]], current: Mapping[str, float], *, look: Look = NORMAL
) -> Spec:
    """Accuracy against the spread of the weights for two ways to apply L2: name → strength → (spread, accuracy). The
    points of one way are joined from its weakest to its strongest; the current strengths are ringed."""
    values = [
        {"applied": name, "strength": f"{stop:g}", "order": i, "spread": float(f"{x:.5g}"), "accuracy": round(y, 5),
         "ringed": current[name] == stop}
        for name, by_stop in points.items()
        for i, (stop, (x, y)) in enumerate(sorted(by_stop.items()))
    ]  # fmt: skip
    names = list(points)
    encoding = {
        "x": quantity("spread", "standard deviation of the first layer's weights", scale={"type": "log", "nice": False},
                      axis={"format": "~g", "tickCount": 5}),
        "y": quantity("accuracy", "held-out accuracy", scale={"zero": False}, axis={"format": "%"}),
        "color": {"field": "applied", "type": "nominal", "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1},
                  "scale": {"domain": names, "range": [COLOURS[name] for name in names]}},
        "order": {"field": "order", "type": "quantitative"},
        "tooltip": [{"field": "applied", "type": "nominal"}, {"field": "strength", "type": "nominal"},
                    quantity("spread", "standard deviation"), quantity("accuracy", "accuracy", format=".2%")],
    }  # fmt: skip
    line = {"data": rows(values), "mark": {"type": "line", "strokeWidth": look.stroke, "point": {"size": 50}},
            "encoding": encoding}  # fmt: skip
    mark = {"type": "point", "size": 300, "strokeWidth": 3, "filled": False}
    ring = {"data": rows([v for v in values if v["ringed"]]), "mark": mark, "encoding": encoding}
    return layered([line, ring], look)
