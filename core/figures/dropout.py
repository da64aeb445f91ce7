"""Pictures of dropout: a drawn network with its masks, the word of many thinned networks, hidden units."""

from __future__ import annotations

from collections.abc import Sequence
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
from core.maths.masks import WIDTHS, Pass, network
from core.results.activations import ACTIVATION_BINS, ACTIVATION_TOP


def network_figure(shown: Pass, masks: tuple[np.ndarray, ...] | None, *, look: Look = NORMAL) -> Spec:
    """The drawn network during one forward pass: each unit with what it hands on; units that are off are crossed out,
    and their connections gone."""
    x, _ = network()
    layers = [x, *shown.handed_on, np.array([shown.output])]
    on = [np.ones(3, bool), *(masks or [np.ones(n, bool) for n in WIDTHS[1:-1]]), np.ones(1, bool)]
    places = [((n - 1) / 2 - np.arange(n)) for n in WIDTHS]  # the first unit on top
    edges = [
        {"x": i, "y": float(places[i][a]), "x2": i + 1, "y2": float(places[i + 1][b])}
        for i in range(len(WIDTHS) - 1)
        for a in range(WIDTHS[i])
        for b in range(WIDTHS[i + 1])
        if on[i][a] and on[i + 1][b]
    ]
    units = [
        {"x": i, "y": float(places[i][j]), "text": f"{layers[i][j]:.2f}".replace("-", "−") if on[i][j] else "off",
         "state": "on" if on[i][j] else "off"}
        for i in range(len(WIDTHS)) for j in range(WIDTHS[i])
    ]  # fmt: skip
    names = ("input", "hidden layer 1", "hidden layer 2", "output")
    named = [{"x": i, "y": -2.75, "text": name} for i, name in enumerate(names)]
    at: dict[str, Any] = {
        "x": {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [-0.35, 3.35], "nice": False}},
        "y": {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [-3.0, 2.6], "nice": False}},
    }
    is_on = {"test": "datum.state == 'on'"}
    size = 100 * look.font
    layers_drawn = [
        {"data": rows(edges), "mark": {"type": "rule", "color": MARK, "opacity": 0.6},
         "encoding": {**at, "x2": {"field": "x2"}, "y2": {"field": "y2"}}},
        {"data": rows(units), "mark": {"type": "point", "shape": "circle", "filled": True, "opacity": 1, "size": size},
         "encoding": {**at, "fill": {"condition": {**is_on, "value": "#FBE3D3"}, "value": "#E4E6EA"},
                      "stroke": {"condition": {**is_on, "value": COLOURS["dropout"]}, "value": MARK},
                      "strokeWidth": {"value": 2}}},
        {"data": rows([u for u in units if u["state"] == "off"]),
         "mark": {"type": "point", "shape": "cross", "angle": 45, "size": size / 1.3, "filled": True, "color": MARK,
                  "opacity": 0.45}, "encoding": at},
        {"data": rows(units), "mark": {"type": "text", "fontSize": look.font, "color": "#1B1F24"},
         "encoding": {**at, "text": {"field": "text", "type": "nominal"}}},
        {"data": rows(named), "mark": {"type": "text", "fontSize": look.font, "color": MARK},
         "encoding": {**at, "text": {"field": "text", "type": "nominal"}}},
    ]  # fmt: skip
    return layered(layers_drawn, look)


def expectation_figure(
    means: np.ndarray, evaluated: float, expected: float, *, title: str, look: Look = NORMAL
) -> Spec:
    """The mean over the first 1, 2, … masks; as rules, the number that evaluation mode gives and the mean over all
    masks."""
    picked = sorted({*range(1, 21), *range(20, len(means) + 1, 5)})
    values = [{"masks": t, "value": float(f"{means[t - 1]:.5g}")} for t in picked]
    x = quantity("masks", "masks so far", scale={"nice": False, "zero": False})
    line = {"data": rows(values), "mark": {"type": "line", "color": COLOURS["dropout"], "strokeWidth": look.stroke},
            "encoding": {"x": x, "y": quantity("value", "mean so far", scale={"zero": False})}}  # fmt: skip
    goals = [{"value": evaluated, "is": EVALUATED}, {"value": float(f"{expected:.6g}"), "is": EXPECTED}]
    rules = {"data": rows(goals), "mark": {"type": "rule", "color": MARK, "strokeWidth": look.stroke},
             "encoding": {"y": quantity("value", "mean so far"),
                          "strokeDash": by_dash("is", [EVALUATED, EXPECTED], ("dashed", "dotted"))}}  # fmt: skip
    return layered([rules, line], look, title)


EVALUATED, EXPECTED = "evaluation mode", "mean over all masks"


MEANS = ("mean of the masks", "weight scaling")
VOTE = "#9A78C8"
"""Of a single thinned network: to be seen on both bars, on light and on dark."""


def votes_figure(
    votes: np.ndarray, scaled: np.ndarray, class_names: Sequence[str], right: int, *, look: Look = NORMAL
) -> Spec:
    """The class probabilities of one image: each thinned network's as a dot, their mean and weight scaling's as bars.

    votes: (T, classes); scaled: (classes,). The right class is named in the axis.
    """
    names = [f"{name}{' ✓' if i == right else ''}" for i, name in enumerate(class_names)]
    dots = [{"class": names[c], "probability": round(float(v), 4)} for row in votes for c, v in enumerate(row)]
    bars = [
        {"class": names[c], "probability": round(float(p), 4), "which": which}
        for which, some in zip(MEANS, (votes.mean(axis=0), scaled), strict=True)
        for c, p in enumerate(some)
    ]
    y = {"field": "class", "type": "nominal", "sort": names, "title": None, "axis": {"labelLimit": 200}}
    x = quantity("probability", "probability", scale={"domain": [0, 1]}, axis={"format": "%"})
    means = {
        "data": rows(bars),
        "mark": {"type": "bar", "opacity": 0.85},
        "encoding": {
            "x": x, "y": y, "yOffset": {"field": "which", "type": "nominal", "sort": list(MEANS)},
            "color": {"field": "which", "type": "nominal", "legend": {**LEGEND_OF_DOTS, "symbolType": "square"},
                      "scale": {"domain": list(MEANS), "range": [COLOURS["dropout"], MARK]}},
            "tooltip": [{"field": "class", "type": "nominal"}, {"field": "which", "type": "nominal"},
                        quantity("probability", "probability", format=".1%")],
        },
    }  # fmt: skip
    single = {"data": rows(dots), "mark": {"type": "tick", "color": VOTE, "opacity": 0.7, "size": 16},
              "encoding": {"x": x, "y": y}}  # fmt: skip
    return {**layered([means, single], look), "height": look.font * 34}


def masks_figure(
    lines: dict[str, np.ndarray],
    scaled: Sequence[float],
    current: int,
    *,
    title: str,
    percent: bool,
    look: Look = NORMAL,
) -> Spec:
    """A number against how many thinned networks are averaged: line's name → (seeds, T). Line: mean over seeds; band:
    from the lowest to the highest; dashed rule: weight scaling, mean over seeds."""
    n = next(iter(lines.values())).shape[1]
    values = [
        {"masks": t + 1, "which": name, **{key: float(f"{of(some[:, t]):.5g}") for key, of in _BAND.items()}}
        for name, some in lines.items()
        for t in range(n)
    ]
    x = quantity("masks", "thinned networks averaged", scale={"type": "log", "nice": False},
                 axis={"values": [1, 2, 5, 10, 20, 50, 100]})  # fmt: skip
    y_axis = {"axis": {"format": ".1%" if percent else ".2f", "tickCount": 5}, "scale": {"zero": False}}
    names, colours = [*lines, "weight scaling"], [COLOURS["dropout"], COLOURS["batch norm"], MARK]
    colour = {"field": "which", "type": "nominal", "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1, "columns": 2},
              "scale": {"domain": names, "range": [*colours[: len(lines)], MARK]}}  # fmt: skip
    rule = [{"value": float(np.mean(scaled)), "which": "weight scaling"}]
    layers = [
        {"data": rows([{"masks": current}]), "mark": {"type": "rule", "color": MARK, "strokeWidth": 12,
         "opacity": 0.25}, "encoding": {"x": x}},
        {"data": rows(values), "mark": {"type": "area", "opacity": 0.2},
         "encoding": {"x": x, "y": quantity("low", None, **y_axis), "y2": {"field": "high"}, "color": colour}},
        {"data": rows(values), "mark": {"type": "line", "strokeWidth": look.stroke},
         "encoding": {"x": x, "y": quantity("mean", None, **y_axis), "color": colour,
                      "tooltip": [quantity("masks", "networks"), {"field": "which", "type": "nominal"},
                                  quantity("mean", title, format=".2%" if percent else ".4f")]}},
        {"data": rows(rule), "mark": {"type": "rule", "strokeWidth": look.stroke, "strokeDash": [6, 4]},
         "encoding": {"y": quantity("value", None), "color": colour}},
    ]  # fmt: skip
    return layered(layers, look, title)


_BAND = {"mean": np.mean, "low": np.min, "high": np.max}


def activations_figure(histograms: dict[str, np.ndarray], *, title: str, look: Look = NORMAL) -> Spec:
    """How the positive activations of a layer are distributed: technique → shares (1 + bins,), of which the first, the
    zeros, is left out and told in the legend."""
    edges = np.linspace(0, ACTIVATION_TOP, ACTIVATION_BINS + 1)
    named = {f"{name}: {100 * shares[0]:.0f} % are 0": (name, shares) for name, shares in histograms.items()}
    values = [
        {"activation": float(f"{left:.4g}"), "share": float(f"{share:.5g}"), "which": label}
        for label, (_, shares) in named.items()
        for left, share in zip(edges, (*shares[1:], shares[-1]), strict=True)
    ]
    areas = {
        "data": rows(values),
        "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.4, "line": {"strokeWidth": 1}},
        "encoding": {
            "x": quantity("activation", f"activation above 0; the last bin: all from {edges[-2]:g} on",
                          scale={"nice": False}),
            "y": quantity("share", "share of all activations", stack=None, axis={"format": "%", "tickCount": 5}),
            "color": {"field": "which", "type": "nominal",
                      "legend": {**LEGEND_OF_DOTS, "symbolType": "square", "columns": 1},
                      "scale": {"domain": list(named), "range": [COLOURS[name] for name, _ in named.values()]}},
        },
    }  # fmt: skip
    return layered([areas], look, title)
