"""Pictures of penalties on one weight and on two: norms of a shortened vector, optima in the plane, maps and flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
from core.maths.plane import Losses, ball
from core.maths.shrinkage import Penalty
from core.maths.small_vector import NORMS

THIRD = "#8E6BBF"
"""Of the penalty that the student chooses."""
LARGEST_DELTA = 1.5
"""Where the curves over δ end: past the vector's large coordinate."""


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _by_penalty(names: Sequence[str], legend: bool = True) -> Spec:
    scale = {"domain": list(names), "range": [COLOURS.get(name, THIRD) for name in names]}
    return {"field": "penalty", "type": "nominal", "scale": scale,
            "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1} if legend else None}  # fmt: skip


# --- the vector (1, ε) ----------------------------------------------------------------------------------------------

FROM = {"large": "δ from the 1", "small": "δ from the ε"}


def shortened_figure(which: str, epsilon: float, delta: float, *, look: Look = NORMAL) -> Spec:
    """One norm ("L1" or "L2") of x − v and of x − d over δ: solid where δ is taken from the 1, dashed from the ε. A
    rule at the current δ, a dot on either line, an open square at a kink."""
    at = np.linspace(0, LARGEST_DELTA, 151)
    values, marks, kinks = [], [], []
    for place, label in FROM.items():
        norm = NORMS[f"{which}, from the {place}"]
        curve = norm.value(epsilon, at)
        values += [{"delta": _short(d), "norm": _short(n), "line": label} for d, n in zip(at, curve, strict=True)]
        marks.append({"delta": delta, "norm": _short(float(norm.value(epsilon, delta))), "line": label})
        kink = norm.kink(epsilon)
        if kink is not None:
            kinks.append({"delta": _short(kink), "norm": _short(float(norm.value(epsilon, kink)))})
    x = quantity("delta", "δ", scale={"nice": False})
    y = quantity("norm", None, scale={"zero": False})
    tooltip = [quantity("delta", "δ"), quantity("norm", "norm", format=".4f")]
    colour = COLOURS[which]
    layers = [
        {"data": rows([{"delta": delta}]), "mark": {"type": "rule", "color": MARK, "strokeWidth": 2},
         "encoding": {"x": x}},
        {"data": rows(values), "mark": {"type": "line", "color": colour, "strokeWidth": look.stroke},
         "encoding": {"x": x, "y": y, "strokeDash": by_dash("line", list(FROM.values()), ["solid", "dashed"]),
                      "tooltip": tooltip}},
        {"data": rows(kinks), "mark": {"type": "point", "shape": "square", "size": 120, "color": MARK,
         "strokeWidth": 2}, "encoding": {"x": x, "y": y}},
        {"data": rows(marks), "mark": {"type": "point", "filled": True, "size": 110, "color": colour, "opacity": 1},
         "encoding": {"x": x, "y": y, "tooltip": tooltip}},
    ]  # fmt: skip
    return layered(layers, look, "Square of the L2 norm" if which == "L2" else "L1 norm")


def moves_figure(epsilon: float, delta: float, *, look: Look = NORMAL) -> Spec:
    """x = (1, ε) in the plane with x − v and x − d, and the curves on which either norm is that of x."""
    curves = {"L1": ball(Penalty(1.0), 1 + epsilon), "L2": ball(Penalty(2.0), 1 + epsilon**2)}
    points = {"x": (1.0, epsilon), "x − v": (1 - delta, epsilon), "x − d": (1.0, epsilon - delta)}
    colours = dict(zip(points, (MARK, COLOURS["batch norm"], COLOURS["layer norm"]), strict=True))
    reach = 1.06 * (1 + epsilon)  # the corners of L1's ball
    place = _axes((-reach, reach), (-reach, reach), "x")
    arrows = [{"w1": 1.0, "w2": _short(epsilon), "to1": _short(a), "to2": _short(b)} for a, b in points.values()]
    colour = {"field": "name", "type": "nominal", "legend": {**LEGEND_OF_DOTS, "columns": 3},
              "scale": {"domain": list(colours), "range": list(colours.values())}}  # fmt: skip
    named = [{"w1": _short(a), "w2": _short(b), "name": name} for name, (a, b) in points.items()]
    layers = [
        *_zero_lines(place),
        _paths(curves, place, look, legend=False),
        {"data": rows(arrows), "mark": {"type": "rule", "color": MARK, "strokeWidth": look.stroke},
         "encoding": {**place, "x2": {"field": "to1"}, "y2": {"field": "to2"}}},
        {"data": rows(named), "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
         "encoding": {**place, "color": colour}},
    ]  # fmt: skip
    return {**_square(layered(layers, look), look), "resolve": {"scale": {"color": "independent"}}}


# --- the plane ------------------------------------------------------------------------------------------------------


def _axes(first: tuple[float, float], second: tuple[float, float], letter: str = "w") -> dict[str, Any]:
    """Both coordinates' axes over their ranges, of one length. letter: what they are called."""
    return {
        name: quantity(field, title, scale={"domain": list(ends), "nice": False}, axis={"tickCount": 5})
        for name, field, title, ends in (("x", "w1", f"{letter}₁", first), ("y", "w2", f"{letter}₂", second))
    }


def _zero_lines(place: dict[str, Any]) -> list[Spec]:
    mark = {"type": "rule", "color": MARK}
    return [
        {"data": rows([{"w1": 0}]), "mark": mark, "encoding": {"x": place["x"]}},
        {"data": rows([{"w2": 0}]), "mark": mark, "encoding": {"y": place["y"]}},
    ]


def _paths(curves: Mapping[str, np.ndarray], place: dict[str, Any], look: Look, legend: bool = True) -> Spec:
    values = [
        {"w1": _short(a), "w2": _short(b), "penalty": name, "order": i}
        for name, curve in curves.items()
        for i, (a, b) in enumerate(curve[::3])
    ]
    return {
        "data": rows(values),
        "mark": {"type": "line", "strokeWidth": look.stroke, "clip": True, "interpolate": "linear-closed"},
        "encoding": {**place, "color": _by_penalty(list(curves), legend), "order": {"field": "order", "type":
                     "quantitative"}},
    }  # fmt: skip


def _square(spec: Spec, look: Look) -> Spec:
    """A picture in which a circle is one: as much height as width, when axes and legend have taken theirs."""
    side = int(0.75 * look.height)
    has_legend = any((layer["encoding"].get("color") or {}).get("legend") for layer in spec["layer"])
    return {**spec, "width": side, "height": side + look.font * (4 if has_legend else 1)}


CONTOURS = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
"""The losses whose ellipses are drawn."""
REACH = 2.6


def optimum_figure(losses: Losses, found: np.ndarray, name: str, penalty: Penalty, *, look: Look = NORMAL) -> Spec:
    """One loss's contours around its centre, the minimum of loss and penalty, and the penalty's ball that touches the
    contour there. found: (2,)."""
    turn = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    half = np.linalg.inv(np.linalg.cholesky(losses.matrices[0])).T  # maps the unit circle to the contour of loss ½
    centre = losses.centres[0]
    at_optimum = float(losses.at(found[None])[0])
    levels = [*CONTOURS, *([at_optimum] if at_optimum > 1e-6 else [])]
    ellipses = [
        {"w1": _short(a), "w2": _short(b), "level": _short(level), "order": i, "touching": level == at_optimum}
        for level in levels
        for i, (a, b) in enumerate(centre + np.sqrt(2 * level) * circle @ half.T)
    ]
    place = _axes((-REACH, REACH), (-REACH, REACH))
    level = float(penalty(found).sum())
    curves = {name: ball(penalty, level)} if level > 1e-9 else {}
    points = [{"w1": _short(a), "w2": _short(b), "what": what}
              for what, (a, b) in (("without penalty", centre), ("with penalty", found))]  # fmt: skip
    scale = {"domain": ["without penalty", "with penalty"], "range": [MARK, COLOURS["dropout"]]}
    colour = {"field": "what", "type": "nominal", "legend": None, "scale": scale}
    touching = {"condition": {"test": "datum.touching", "value": 0.95}, "value": 0.35}
    layers = [
        *_zero_lines(place),
        {"data": rows(ellipses), "mark": {"type": "line", "color": MARK, "strokeWidth": 1.2, "clip": True},
         "encoding": {**place, "detail": {"field": "level", "type": "quantitative"}, "opacity": touching,
                      "order": {"field": "order", "type": "quantitative"}}},
        *([_paths(curves, place, look, legend=False)] if curves else []),
        {"data": rows(points), "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1, "clip": True},
         "encoding": {**place, "color": colour, "tooltip": [{"field": "what", "type": "nominal"},
                      quantity("w1", "w₁", format=".4f"), quantity("w2", "w₂", format=".4f")]}},
        *([_ring(found, place)] if (found == 0).any() else []),
    ]  # fmt: skip
    return {**_square(layered(layers, look), look), "resolve": {"scale": {"color": "independent"}}}


def _ring(at: np.ndarray, place: dict[str, Any]) -> Spec:
    mark = {"type": "point", "size": 420, "strokeWidth": 2, "filled": False, "color": COLOURS["dropout"], "opacity": 1}
    return {"data": rows([{"w1": _short(at[0]), "w2": _short(at[1])}]), "mark": mark, "encoding": place}


def zeros_figure(shares: Mapping[str, tuple[float, float, float]], *, look: Look = NORMAL) -> Spec:
    """Of many random losses: the shares whose optimum has no, one, two coordinates that are exactly 0, for each
    penalty."""
    labels = ("none is 0", "one is 0", "both are 0")
    values = [
        {"penalty": name, "zeros": label, "share": _short(share), "order": i}
        for name, some in shares.items()
        for i, (label, share) in enumerate(zip(labels, some, strict=True))
    ]
    bars = {
        "data": rows(values),
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": "penalty", "type": "nominal", "sort": list(shares), "title": None},
            "x": quantity("share", "share of the random losses", axis={"format": "%"}, scale={"domain": [0, 1]}),
            "color": {"field": "zeros", "type": "nominal", "legend": {**LEGEND_OF_DOTS, "symbolType": "square"},
                      "scale": {"domain": list(labels), "range": ["#B8BDC6", COLOURS["batch norm"],
                                                                  COLOURS["dropout"]]}},
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": [{"field": "penalty", "type": "nominal"}, {"field": "zeros", "type": "nominal"},
                        quantity("share", "share", format=".1%")],
        },
    }  # fmt: skip
    return {**layered([bars], look), "height": look.font * (3 * len(shares) + 8)}


# --- one weight -----------------------------------------------------------------------------------------------------


def maps_figure(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], w: float, *, look: Look = NORMAL) -> Spec:
    """Proximal maps: name → (w before (K,), w after (K,)); a dot on each at the current weight, and a dashed line where
    nothing is changed."""
    values = [{"before": _short(a), "after": _short(b), "penalty": name}
              for name, (before, after) in curves.items() for a, b in zip(before, after, strict=True)]  # fmt: skip
    reach = max(float(np.abs(before).max()) for before, _ in curves.values())
    marks = [{"before": w, "after": _short(float(np.interp(w, before, after))), "penalty": name}
             for name, (before, after) in curves.items()]  # fmt: skip
    x, y = quantity("before", "weight before"), quantity("after", "weight after")
    colour = _by_penalty(list(curves))
    layers = [
        {"data": rows([{"before": -reach, "after": -reach}, {"before": reach, "after": reach}]),
         "mark": {"type": "line", "color": MARK, "strokeDash": [4, 4]}, "encoding": {"x": x, "y": y}},
        {"data": rows([{"before": w}]), "mark": {"type": "rule", "color": MARK}, "encoding": {"x": x}},
        {"data": rows(values), "mark": {"type": "line", "strokeWidth": look.stroke}, "encoding": {"x": x, "y": y,
         "color": colour}},
        {"data": rows(marks), "mark": {"type": "point", "filled": True, "size": 100, "opacity": 1},
         "encoding": {"x": x, "y": y, "color": colour, "tooltip": [{"field": "penalty", "type": "nominal"},
                      quantity("after", "after", format=".4f")]}},
    ]  # fmt: skip
    return layered(layers, look, "One proximal step")


def flows_figure(
    curves: Mapping[str, np.ndarray], at: np.ndarray, now: int, arrivals: Mapping[str, float], *, title: str,
    look: Look = NORMAL,
) -> Spec:  # fmt: skip
    """A weight over time under each penalty: name → (T,) at the times `at`. Drawn up to the time of index `now` in
    full and beyond in pale; an open circle where 0 is reached."""
    values = [
        {"time": _short(t), "weight": _short(w), "penalty": name, "later": later}
        for name, curve in curves.items()
        for later, part in ((False, slice(None, now + 1)), (True, slice(now, None)))
        for t, w in zip(at[part], curve[part], strict=True)
    ]
    reached = [{"time": _short(t), "weight": 0, "penalty": name} for name, t in arrivals.items() if t <= at[-1]]
    x = quantity("time", "time", scale={"domain": [0, float(at[-1])], "nice": False})
    y = quantity("weight", "weight")
    colour = _by_penalty(list(curves))
    marks = [{"time": _short(at[now]), "weight": _short(curve[now]), "penalty": name}
             for name, curve in curves.items()]  # fmt: skip
    layers = [
        {"data": rows([{"weight": 0}]), "mark": {"type": "rule", "color": MARK}, "encoding": {"y": y}},
        {"data": rows(values), "mark": {"type": "line", "strokeWidth": look.stroke},
         "encoding": {"x": x, "y": y, "color": colour,
                      "opacity": {"condition": {"test": "datum.later", "value": 0.3}, "value": 1},
                      "detail": {"field": "later", "type": "nominal"}}},
        {"data": rows(reached), "mark": {"type": "point", "size": 160, "strokeWidth": 2, "filled": False},
         "encoding": {"x": x, "y": y, "color": colour, "tooltip": [{"field": "penalty", "type": "nominal"},
                      quantity("time", "reaches 0 at", format=".3f")]}},
        {"data": rows(marks), "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
         "encoding": {"x": x, "y": y, "color": colour, "tooltip": [{"field": "penalty", "type": "nominal"},
                      quantity("weight", "weight", format=".4f")]}},
    ]  # fmt: skip
    return layered(layers, look, title)


def mapped_figure(histograms: Mapping[str, np.ndarray], edges: np.ndarray, *, look: Look = NORMAL) -> Spec:
    """Histograms of the network's weights before (name "before") and after each map, counts on a logarithmic axis."""
    names = list(histograms)
    colours = [COLOURS.get(name, MARK if name == "before" else THIRD) for name in names]
    values = [
        {"weight": _short(left), "count": max(int(count), 0.5), "which": name}
        for name, counts in histograms.items()
        for left, count in zip(edges, (*counts, counts[-1]), strict=True)
    ]
    before = {
        "data": rows([v for v in values if v["which"] == "before"]),
        "mark": {"type": "area", "interpolate": "step-after", "color": MARK, "opacity": 0.35, "clip": True},
        "encoding": {
            "x": quantity("weight", "weight of the first layer", scale={"nice": False}),
            "y": quantity("count", "weights (logarithmic)", scale={"type": "log", "domainMin": 0.5}),
            "y2": {"datum": 0.5},
        },
    }
    lines = {
        "data": rows(values),
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": look.stroke, "clip": True},
        "encoding": {
            "x": quantity("weight", "weight of the first layer", scale={"nice": False}),
            "y": quantity("count", "weights (logarithmic)", scale={"type": "log", "domainMin": 0.5},
                          axis={"format": "~s", "tickCount": 5}),
            "color": {"field": "which", "type": "nominal", "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1},
                      "scale": {"domain": names, "range": colours}},
        },
    }  # fmt: skip
    return layered([before, lines], look)
