"""Pictures of what faulty code gives, where no other figure of the course shows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from core.figures.theme import COLOURS, LEGEND_ON_TOP, MARK, NORMAL, Look, Spec, layered, quantity, rows
from core.figures.weights import histogram_figure
from core.results.batches import Batches

Points = tuple[Sequence[float] | np.ndarray, Sequence[float] | np.ndarray]
"""Where along x, and how much."""


def lines_figure(
    lines: Mapping[str, Points],
    *,
    x_title: str,
    y_title: str,
    colours: Sequence[str] = (),
    dotted: Collection[str] = (),
    y_range: tuple[float, float] | None = None,
    title: str = "",
    look: Look = NORMAL,
) -> Spec:
    """A line for each name, in the course's colour of that name or in those given. dotted: those that are points."""
    names = list(lines)
    values = [
        {"x": float(f"{x:.5g}"), "y": float(f"{y:.6g}"), "line": name}
        for name, (at, some) in lines.items()
        for x, y in zip(at, some, strict=True)
    ]
    scale = {"domain": list(y_range), "nice": False} if y_range else {"zero": False}
    encoding = {
        "x": quantity("x", x_title, scale={"nice": False, "zero": False}),
        "y": quantity("y", y_title, scale=scale),
        "color": {"field": "line", "type": "nominal",
                  "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1} if len(names) > 1 else None,
                  "scale": {"domain": names, "range": list(colours) or [COLOURS.get(n, MARK) for n in names]}},
        "tooltip": [{"field": "line", "type": "nominal"}, quantity("x", x_title, format=".3g"),
                    quantity("y", y_title, format=".5g")],
    }  # fmt: skip
    drawn = [v for v in values if v["line"] not in dotted]
    points = [v for v in values if v["line"] in dotted]
    layers = [
        {"data": rows(drawn), "mark": {"type": "line", "strokeWidth": look.stroke, "clip": True}, "encoding": encoding},
        {"data": rows(points), "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0.9},
         "encoding": encoding},
    ]  # fmt: skip
    return layered([layer for layer in layers if layer["data"]["values"]], look, title)


def batches_figure(batches: Batches, means: Mapping[str, float], *, look: Look = NORMAL) -> Spec:
    """The accuracy of each test batch, its dot as large as the batch; rules at the means by name."""
    values = [
        {"batch": i, "accuracy": float(f"{a:.5g}"), "images": int(n)}
        for i, (a, n) in enumerate(zip(batches.accuracies, batches.sizes, strict=True), start=1)
    ]
    y = quantity("accuracy", "accuracy of the batch", scale={"zero": False}, axis={"format": ".0%"})
    dots = {
        "data": rows(values),
        "mark": {"type": "point", "filled": True, "opacity": 0.8, "color": COLOURS["plain"]},
        "encoding": {
            "x": quantity("batch", "test batch", scale={"domain": [0, len(values) + 1], "nice": False}),
            "y": y,
            "size": {"field": "images", "type": "quantitative", "legend": None,
                     "scale": {"domain": [0, int(batches.sizes.max())], "range": [10, 140]}},
            "tooltip": [quantity("batch", "batch"), quantity("images", "images"),
                        quantity("accuracy", "accuracy", format=".2%")],
        },
    }  # fmt: skip
    rules = {
        "data": rows([{"accuracy": float(f"{m:.6g}"), "mean": name} for name, m in means.items()]),
        "mark": {"type": "rule", "strokeWidth": look.stroke},
        "encoding": {
            "y": y,
            "color": {"field": "mean", "type": "nominal", "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1},
                      "scale": {"domain": list(means), "range": [COLOURS["dropout"], COLOURS["layer norm"]]}},
        },
    }  # fmt: skip
    return layered([dots, *([rules] if means else [])], look)


def own_range_figure(weights: np.ndarray, name: str, bins: int = 1000, *, look: Look = NORMAL) -> Spec:
    """One network's weights over their own range, as `plt.hist(weights, bins=1000)` draws them."""
    counts, edges = np.histogram(weights, bins)
    return histogram_figure({name: counts}, edges, {name: COLOURS[name]}, log=False, title="",
                            x_title="weight of the first layer", look=look)  # fmt: skip
