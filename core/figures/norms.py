"""Pictures of normalisation: a batch as a grid of numbers, running statistics, shifted pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.figures.theme import COLOURS, LEGEND_OF_DOTS, MARK, NORMAL, Look, Spec, layered, quantity, rows
from core.maths.normalisation import Axis, Running
from core.results.drift import Drift


def cells_figure(
    x: np.ndarray, picked: tuple[int, int], along: Axis | None, *, title: str, limit: float, look: Look = NORMAL
) -> Spec:
    """A batch x (B, D) as a grid: a row for each sample, a column for each feature, the number in each cell.

    picked: the cell (sample, feature) whose company is shown. along: which cells share its mean: its column ("batch")
    or its row ("layer"); None: none do, everything is shown alike. limit: the value at which colours end.
    """
    shares = _shares(x.shape, picked, along)
    values = [
        {"sample": f"{i + 1}", "feature": f"{j + 1}", "value": float(f"{x[i, j]:.4g}"), "text": _cell(x[i, j]),
         "shares": bool(shares[i, j]), "picked": (i, j) == picked}
        for i in range(x.shape[0]) for j in range(x.shape[1])
    ]  # fmt: skip
    place = {
        "x": {"field": "feature", "type": "ordinal", "title": "feature (unit)", "axis": {"labelAngle": 0, "orient":
              "top"}},
        "y": {"field": "sample", "type": "ordinal", "title": "sample" if len(x) > 2 else None},
        "opacity": {"condition": {"test": "datum.shares", "value": 1}, "value": 0.25},
    }  # fmt: skip
    colour = {
        "field": "value", "type": "quantitative", "legend": None,
        "scale": {"scheme": "blueorange", "domain": [-limit, 0, limit], "clamp": True},
    }  # fmt: skip
    boxes = {
        "data": rows(values),
        "mark": {"type": "rect", "strokeWidth": 3},
        "encoding": {**place, "color": colour,
                     "stroke": {"condition": {"test": "datum.picked", "value": COLOURS["dropout"]}, "value": None},
                     "tooltip": [{"field": "sample", "type": "nominal"}, {"field": "feature", "type": "nominal"},
                                 quantity("value", "value", format=".4f")]},
    }  # fmt: skip
    dark = f"abs(datum.value) > {0.6 * limit}"
    ink = [{"test": "!datum.shares", "value": MARK}, {"test": dark, "value": "#FFFFFF"}]
    numbers = {
        "data": rows(values),
        "mark": {"type": "text", "fontSize": look.font},
        "encoding": {"x": place["x"], "y": place["y"], "text": {"field": "text", "type": "nominal"},
                     "color": {"condition": ink, "value": "#1B1F24"}},
    }  # fmt: skip
    return {**layered([boxes, numbers], look, title), "height": int(look.font * (2.2 * len(x) + 10))}


def _shares(shape: tuple[int, int], picked: tuple[int, int], along: Axis | None) -> np.ndarray:
    shares = np.ones(shape, bool)
    if along == "batch":
        shares[:] = (np.arange(shape[1]) == picked[1])[None, :]
    elif along == "layer":
        shares[:] = (np.arange(shape[0]) == picked[0])[:, None]
    return shares


def _cell(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if abs(value) < 100 else f"{value:.0f}".replace("-", "−")


def features_figure(
    stages: dict[str, np.ndarray], x_title: str = "value", *, look: Look = NORMAL
) -> Spec:  # fmt: skip
    """Each feature's values before and after: stages is a name → (B, D). One panel of dots for each feature."""
    names, n_features = list(stages), next(iter(stages.values())).shape[1]
    values = [
        {"stage": name, "feature": f"feature {j + 1}", "value": float(f"{v:.5g}"), "sample": i + 1}
        for name, x in stages.items()
        for i, row in enumerate(x)
        for j, v in enumerate(row)
    ]
    dots = {
        "data": rows(values),
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0.8},
        "encoding": {
            "x": quantity("value", x_title, axis={"tickCount": 10}),
            "y": {"field": "feature", "type": "nominal", "title": None},
            "yOffset": {"field": "stage", "type": "nominal", "sort": names},
            "color": {"field": "stage", "type": "nominal", "legend": LEGEND_OF_DOTS,
                      "scale": {"domain": names, "range": [MARK, COLOURS["batch norm"]]}},
            "tooltip": [{"field": "feature", "type": "nominal"}, {"field": "stage", "type": "nominal"},
                        {"field": "sample", "type": "quantitative"}, quantity("value", "value", format=".4f")],
        },
    }  # fmt: skip
    zero = {"data": rows([{"value": 0}]), "mark": {"type": "rule", "color": MARK}, "encoding": {"x": quantity("value",
            x_title)}}  # fmt: skip
    return {**layered([zero, dots], look), "height": look.font * (4 * n_features + 7)}


def running_figure(
    course: Sequence[Running],
    batches: Sequence[tuple[np.ndarray, np.ndarray]],
    truth: tuple[float, float],
    *,
    what: str,
    look: Look = NORMAL,
) -> Spec:
    """Running mean or variance of one feature over steps, the batches' own values as dots, the true value as a rule.

    The reader should see the line come from its start (0 or 1) to the truth, fast and restless or slow and calm.
    """
    pick = (lambda r: r.mean[0], lambda b: b[0][0], truth[0]) if what == "mean" else (
        lambda r: r.variance[0], lambda b: b[1][0], truth[1])  # fmt: skip
    names = ["of each batch", "running"]
    line = [{"step": i, "value": float(pick[0](r)), "which": names[1]} for i, r in enumerate(course)]
    dots = [{"step": i + 1, "value": float(pick[1](b)), "which": names[0]} for i, b in enumerate(batches)]
    colour = {"field": "which", "type": "nominal", "legend": LEGEND_OF_DOTS,
              "scale": {"domain": names, "range": [MARK, COLOURS["batch norm"]]}}  # fmt: skip
    encoding: dict[str, Any] = {
        "x": quantity("step", "training step"),
        "y": quantity("value", what),
        "color": colour,
        "tooltip": [quantity("step", "step"), {"field": "which", "type": "nominal"},
                    quantity("value", what, format=".3f")],
    }  # fmt: skip
    layers = [
        {"data": rows(dots), "mark": {"type": "point", "filled": True, "size": 30, "opacity": 0.6}, "encoding":
         encoding},
        {"data": rows(line), "mark": {"type": "line", "strokeWidth": look.stroke}, "encoding": encoding},
        {"data": rows([{"value": pick[2]}]), "mark": {"type": "rule", "strokeDash": [6, 4], "color": MARK},
         "encoding": {"y": quantity("value", what)}},
    ]  # fmt: skip
    return layered(layers, look, f"Running {what}")


def pixels_figure(before: np.ndarray, after: np.ndarray, *, look: Look = NORMAL) -> Spec:
    """Two histograms of pixel values over the same bins (shares that sum to 1): training images, shifted images."""
    names = ["as in training", "shifted"]
    edges = np.linspace(0, 1, len(before) + 1)
    values = [
        {"from": float(edges[i]), "to": float(edges[i + 1]), "share": float(f"{share:.5g}"), "which": name}
        for name, shares in zip(names, (before, after), strict=True)
        for i, share in enumerate(shares)
    ]
    bars = {
        "data": rows(values),
        "mark": {"type": "bar", "opacity": 0.55, "binSpacing": 0},
        "encoding": {
            "x": quantity("from", "grey value (0 black, 1 white)", bin={"binned": True}, axis={"format": "~g"}),
            "x2": {"field": "to"},
            "y": quantity("share", "share of the pixels (square-root axis)", stack=None, scale={"type": "sqrt"},
                          axis={"format": "%"}),
            "color": {"field": "which", "type": "nominal", "legend": {**LEGEND_OF_DOTS, "symbolType": "square"},
                      "scale": {"domain": names, "range": [MARK, COLOURS["dropout"]]}},
            "tooltip": [{"field": "which", "type": "nominal"}, quantity("share", "share", format=".2%")],
        },
    }  # fmt: skip
    return layered([bars], look)


def unit_figure(drift: Drift, unit: int, technique: str, y_range: tuple[float, float], *, look: Look = NORMAL) -> Spec:
    """The input of one unit's non-linearity over training steps: the median in a band from the 15th to the 85th
    percentile."""
    values = [
        {"step": int(step), **dict(zip(("low", "middle", "high"), (float(f"{p:.4g}") for p in row), strict=True))}
        for step, row in zip(drift.spec.at_steps, drift.percentiles[:, unit], strict=True)
    ]
    x = quantity("step", "training step")
    scale = {"domain": list(y_range), "nice": True}
    title = "input of the unit's ReLU"
    colour = COLOURS[technique]
    band = {"data": rows(values), "mark": {"type": "area", "opacity": 0.3, "color": colour},
            "encoding": {"x": x, "y": quantity("low", title, scale=scale), "y2": {"field": "high"}}}  # fmt: skip
    line = {"data": rows(values), "mark": {"type": "line", "strokeWidth": look.stroke, "color": colour},
            "encoding": {"x": x, "y": quantity("middle", title, scale=scale),
                         "tooltip": [quantity("step", "step"), quantity("low", "15th percentile"),
                                     quantity("middle", "median"), quantity("high", "85th percentile")]}}  # fmt: skip
    zero = {"data": rows([{"y": 0}]), "mark": {"type": "rule", "color": MARK, "strokeDash": [4, 4]},
            "encoding": {"y": quantity("y", title, scale=scale)}}  # fmt: skip
    return layered([zero, band, line], look, technique)
