"""Pictures of what faulty code gives, where no other figure of the course shows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from core.figures.theme import (
    MARK,
    Figure,
    Look,
    by_colour,
    figure,
    layered,
    number_axis,
    rows_of,
    short,
    strokes,
    told,
)
from core.figures.weights import histogram_figure
from core.results.batches import Batches
from core.techniques import COLOURS, DROPOUT, LAYER_NORM, PLAIN

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
) -> Figure:
    """A line for each name, in the course's colour of that name or in those given. dotted: those that are points."""
    values = [
        {"x": short(x), "y": float(f"{y:.6g}"), "line": name}
        for name, (at, some) in lines.items()
        for x, y in zip(at, some, strict=True)
    ]
    return figure(
        _lines_chart,
        {
            "lines": [v for v in values if v["line"] not in dotted],
            "points": [v for v in values if v["line"] in dotted],
        },
        colours=list(zip(lines, colours or [COLOURS.get(name, MARK) for name in lines], strict=True)),
        x_title=x_title,
        y_title=y_title,
        y_range=y_range,
        title=title,
    )


def _lines_chart(look: Look, *, colours, x_title, y_title, y_range, title):
    import altair as alt

    scale = alt.Scale(domain=list(y_range), nice=False) if y_range else alt.Scale(zero=False)
    place = {
        "x": alt.X("x:Q", title=x_title, scale=alt.Scale(nice=False, zero=False)),
        "y": alt.Y("y:Q", title=y_title, scale=scale, axis=number_axis()),
        "color": by_colour("line", colours, strokes() if len(colours) > 1 else None),
        "tooltip": [told("line"), told("x", x_title, ".3g"), told("y", y_title, ".5g")],
    }
    return layered(
        look,
        rows_of("lines").mark_line(strokeWidth=look.stroke, clip=True).encode(**place),
        rows_of("points").mark_point(filled=True, size=60, opacity=0.9).encode(**place),
        title=title,
    )


def batches_figure(batches: Batches, means: Mapping[str, float]) -> Figure:
    """The accuracy of each test batch, its dot as large as the batch; rules at the means by name."""
    values = [
        {"batch": i, "accuracy": short(a), "images": int(n)}
        for i, (a, n) in enumerate(zip(batches.accuracies, batches.sizes, strict=True), start=1)
    ]
    rules = [{"accuracy": float(f"{m:.6g}"), "mean": name} for name, m in means.items()]
    return figure(
        _batches_chart,
        {"batches": values, **({"means": rules} if means else {})},
        names=list(means),
        count=len(values),
        largest=int(batches.sizes.max()),
    )


def _batches_chart(look: Look, *, names, count, largest):
    import altair as alt

    y = alt.Y("accuracy:Q", title="accuracy of the batch", scale=alt.Scale(zero=False), axis=number_axis(".0%"))
    dots = (
        rows_of("batches")
        .mark_point(filled=True, opacity=0.8, color=PLAIN.colour)
        .encode(
            x=alt.X("batch:Q", title="test batch", scale=alt.Scale(domain=[0, count + 1], nice=False)),
            y=y,
            size=alt.Size("images:Q", legend=None, scale=alt.Scale(domain=[0, largest], range=[10, 140])),
            tooltip=["batch:Q", "images:Q", told("accuracy", format=".2%")],
        )
    )
    if not names:
        return layered(look, dots)
    colours = list(zip(names, (DROPOUT.colour, LAYER_NORM.colour), strict=False))
    rules = rows_of("means").mark_rule(strokeWidth=look.stroke)
    return layered(look, dots, rules.encode(y=y, color=by_colour("mean", colours, strokes())))


def own_range_figure(weights: np.ndarray, name: str, bins: int = 1000) -> Figure:
    """One network's weights over their own range, as `plt.hist(weights, bins=1000)` draws them."""
    counts, edges = np.histogram(weights, bins)
    return histogram_figure({name: counts}, edges, {name: COLOURS[name]}, x_title="weight of the first layer")
