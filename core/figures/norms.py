"""Pictures of normalisation: a batch as a grid of numbers, running statistics, shifted pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.figures.theme import (
    MARK,
    Figure,
    Look,
    Row,
    by_colour,
    dots,
    figure,
    layered,
    number_axis,
    rows_of,
    short,
    squares,
    told,
)
from core.maths.normalisation import Axis, Running
from core.results.drift import Drift
from core.techniques import BATCH_NORM, COLOURS, DROPOUT

STRIP = "strip"
"""The row below a batch, or the column beside it, that holds the statistics of each group of cells."""


def cells_figure(
    x: np.ndarray,
    picked: tuple[int, int],
    along: Axis | None,
    *,
    title: str,
    limit: float,
    samples: int | None = None,
    statistics: tuple[np.ndarray, np.ndarray] | None = None,
    moved: np.ndarray | None = None,
) -> Figure:
    """A batch x (B, D) as a grid: a row for each sample, a column for each feature, the number in each cell.

    picked: the cell (sample, feature) whose company is shown. along: which cells share its mean: its column ("batch")
    or its row ("layer"); None: none do, everything is shown alike. limit: the value at which colours end. samples: the
    rows of a full batch, of which those that are missing stay empty; by default there are as many as x has.
    statistics: mean and standard deviation of each group, (1, D) for columns, which stand below them, or (B, 1) for
    rows, which stand beside them. moved: (B, D), the cells that get a dot.
    """
    samples = samples or len(x)
    shares = _shares(x.shape, picked, along)
    cells = [
        {
            "sample": f"{i + 1}",
            "feature": f"{j + 1}",
            "value": float(f"{x[i, j]:.4g}"),
            "text": _cell(x[i, j]),
            "shares": bool(shares[i, j]),
            "picked": (i, j) == picked,
            "dot": "" if moved is None or not moved[i, j] else "●",
        }
        for i in range(x.shape[0])
        for j in range(x.shape[1])
    ]
    absent = [{"sample": f"{i + 1}", "feature": f"{j + 1}"} for i in range(len(x), samples) for j in range(x.shape[1])]
    rows = {"absent": absent, "cells": cells, "groups": _group_rows(statistics, picked)}
    return figure(_cells_chart, rows, samples=samples, features=x.shape[1], title=title, limit=limit)


def cells_table(x: np.ndarray, statistics: tuple[np.ndarray, np.ndarray] | None) -> list[Row]:
    """The numbers of `cells_figure` as a table: a row for each sample, a column for each feature; then mean and
    standard deviation of each group, (1, D) as two more rows, (B, 1) as two more columns."""

    def row(name: str, values: np.ndarray) -> Row:
        return {"sample": name, **{f"feature {j + 1}": float(f"{v:.4g}") for j, v in enumerate(values)}}

    rows = [row(f"{i + 1}", values) for i, values in enumerate(x)]
    for name, some in zip(("mean μ", "standard deviation σ"), statistics or (), strict=False):
        if some.shape[1] > 1:
            rows.append(row(name, some[0]))
        else:
            rows = [{**told, name: float(f"{v:.4g}")} for told, v in zip(rows, some[:, 0], strict=True)]
    return rows


def _group_rows(statistics: tuple[np.ndarray, np.ndarray] | None, picked: tuple[int, int]) -> list[Row]:
    """A cell of the strip for each group. Which way it lies is in the rows, so that the picture stays when it turns."""
    if statistics is None:
        return []
    mean, std = statistics
    below = mean.shape[1] > 1  # one sample has as many rows
    return [
        {
            "sample": STRIP if below else f"{i + 1}",
            "feature": f"{i + 1}" if below else STRIP,
            "mean": round(float(m), 4) + 0.0,  # no minus before a zero
            "deviation": round(float(d), 4),
            "mean_text": f"μ {_cell(m)}",
            "deviation_text": f"σ {_cell(d)}",
            "of_picked": i == picked[1 if below else 0],
        }
        for i, (m, d) in enumerate(zip(mean.ravel(), std.ravel(), strict=True))
    ]


NARROW = "width < 260"
"""A grid on a phone, beside another one: its numbers lose a digit and are set smaller."""


def _cells_chart(look: Look, *, samples, features, title, limit):
    import altair as alt

    def band(field: str, count: int, title: str, **more):
        scale = alt.Scale(domain=[*(f"{i + 1}" for i in range(count)), STRIP], paddingInner=0.07, paddingOuter=0.02)
        label = f"datum.value == '{STRIP}' ? '' : datum.label"
        plain = {"labelAngle": 0, "labelExpr": label, "domain": False, "ticks": False}
        return {"field": field, "type": "ordinal", "title": title, "scale": scale, "axis": alt.Axis(**plain, **more)}

    place = {
        "x": alt.X(**band("feature", features, "feature (unit)", orient="top")),
        "y": alt.Y(**band("sample", samples, "sample")),
    }
    scale = alt.Scale(scheme="blueorange", domain=[-limit, 0, limit], clamp=True)
    absent = (
        rows_of("absent")
        .mark_rect(cornerRadius=5, fillOpacity=0, stroke=MARK, strokeOpacity=0.45, strokeDash=[3, 3])
        .encode(**place)
    )
    boxes = (
        rows_of("cells")
        .mark_rect(cornerRadius=5, strokeWidth=3)
        .encode(
            **place,
            opacity=alt.condition("datum.shares", alt.value(1), alt.value(0.22)),
            color=alt.Color("value:Q", legend=None, scale=scale),
            stroke=alt.condition("datum.picked", alt.value(MARK), alt.value(None)),
            tooltip=[told("sample"), told("feature"), told("value", format=".4f")],
        )
    )
    ink = alt.when("!datum.shares").then(alt.value(MARK))
    ink = ink.when(f"abs(datum.value) > {0.6 * limit}").then(alt.value("#FFFFFF")).otherwise(alt.value("#1B1F24"))
    size = alt.ExprRef(f"{NARROW} ? {0.75 * look.font:g} : {look.font}")
    number = alt.ExprRef(f"{NARROW} ? format(datum.value, '.1f') : datum.text")
    numbers = rows_of("cells").mark_text(fontSize=size, text=number).encode(**place, color=ink)
    dot = (
        rows_of("cells")
        .mark_text(fontSize=0.6 * look.font, dy=-1.1 * look.font)
        .encode(**place, text="dot:N", color=ink)
    )
    return layered(
        look, absent, boxes, numbers, dot, *_strip(look, place), title=title, height=min(int(1.3 * look.height), 480)
    )


def _strip(look: Look, place: dict) -> list:
    """Mean and standard deviation of each group, one above the other; those of the picked cell's group stand out."""
    import altair as alt

    told_of = [told("mean", "mean μ", ".4f"), told("deviation", "standard deviation σ", ".4f")]
    seen = alt.condition("datum.of_picked", alt.value(1), alt.value(0.6))
    box = rows_of("groups").mark_rect(cornerRadius=5, fillOpacity=0.12, fill=MARK, stroke=MARK, strokeWidth=1.5)
    layers = [box.encode(**place, opacity=seen, tooltip=told_of)]
    for field, up in (("mean", -1), ("deviation", 1)):
        size = alt.ExprRef(f"{NARROW} ? {0.75 * look.font:g} : {look.font}")
        short = f"{NARROW} ? format(datum.{field}, '.1f') : format(datum.{field}, '.2f')"
        text = alt.ExprRef(f"width < {24 * look.font} ? ({short}) : datum.{field}_text")  # letters where they fit
        words = rows_of("groups").mark_text(fontSize=size, text=text, dy=up * 0.6 * look.font, color=MARK)
        layers.append(words.encode(**place, opacity=seen))
    return layers


def _shares(shape: tuple[int, int], picked: tuple[int, int], along: Axis | None) -> np.ndarray:
    shares = np.ones(shape, bool)
    if along == "batch":
        shares[:] = (np.arange(shape[1]) == picked[1])[None, :]
    elif along == "layer":
        shares[:] = (np.arange(shape[0]) == picked[0])[:, None]
    return shares


def _cell(value: float) -> str:
    digits = 2 if abs(value) < 100 else 0
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")  # + 0.0: no minus before a zero


def features_figure(stages: Mapping[str, np.ndarray], x_title: str = "value") -> Figure:
    """Each feature's values before and after: stages is a name → (B, D). One panel of dots for each feature."""
    values = [
        {"stage": name, "feature": f"feature {j + 1}", "value": short(v), "sample": i + 1}
        for name, x in stages.items()
        for i, row in enumerate(x)
        for j, v in enumerate(row)
    ]
    n_features = next(iter(stages.values())).shape[1]
    return figure(
        _features_chart,
        {"zero": [{"value": 0}], "values": values},
        names=list(stages),
        features=n_features,
        x_title=x_title,
    )


def _features_chart(look: Look, *, names, features, x_title):
    import altair as alt

    x = alt.X("value:Q", title=x_title, axis=number_axis(ticks=10))
    values = (
        rows_of("values")
        .mark_point(filled=True, size=90, opacity=0.8)
        .encode(
            x=x,
            y=alt.Y("feature:N", title=None),
            yOffset=alt.YOffset("stage:N", sort=list(names)),
            color=by_colour("stage", list(zip(names, (MARK, BATCH_NORM.colour), strict=True)), dots()),
            tooltip=[told("feature"), told("stage"), "sample:Q", told("value", format=".4f")],
        )
    )
    zero = rows_of("zero").mark_rule(color=MARK).encode(x=x)
    return layered(look, zero, values, height=look.font * (4 * features + 6))


OF_BATCH, RUNNING = "of each batch", "running"


def running_figure(
    course: Sequence[Running],
    batches: Sequence[tuple[np.ndarray, np.ndarray]],
    truth: tuple[float, float],
    *,
    what: str,
) -> Figure:
    """Running mean or variance of one feature over steps, the batches' own values as dots, the true value as a rule.

    The reader should see the line come from its start (0 or 1) to the truth, fast and restless or slow and calm.
    """
    place = ("mean", "variance").index(what)
    running = [
        {"step": i, "value": float((r.mean, r.variance)[place][0]), "which": RUNNING} for i, r in enumerate(course)
    ]
    own = [{"step": i + 1, "value": float(b[place][0]), "which": OF_BATCH} for i, b in enumerate(batches)]
    rows = {"batches": own, "running": running, "truth": [{"value": truth[place]}]}
    return figure(_running_chart, rows, what=what)


def _running_chart(look: Look, *, what):
    import altair as alt

    y = alt.Y("value:Q", title=what, axis=number_axis())
    place = {
        "x": alt.X("step:Q", title="training step"),
        "y": y,
        "color": by_colour("which", [(OF_BATCH, MARK), (RUNNING, BATCH_NORM.colour)], dots()),
        "tooltip": ["step:Q", told("which"), told("value", what, ".3f")],
    }
    return layered(
        look,
        rows_of("batches").mark_point(filled=True, size=30, opacity=0.6).encode(**place),
        rows_of("running").mark_line(strokeWidth=look.stroke).encode(**place),
        rows_of("truth").mark_rule(strokeDash=[6, 4], color=MARK).encode(y=y),
        title=f"Running {what}",
    )


PIXELS = ("as in training", "shifted")


def pixels_figure(before: np.ndarray, after: np.ndarray) -> Figure:
    """Two histograms of pixel values over the same bins (shares that sum to 1): training images, shifted images."""
    edges = np.linspace(0, 1, len(before) + 1)
    values = [
        {"from": float(edges[i]), "to": float(edges[i + 1]), "share": short(share), "which": name}
        for name, shares in zip(PIXELS, (before, after), strict=True)
        for i, share in enumerate(shares)
    ]
    return figure(_pixels_chart, {"shares": values})


def _pixels_chart(look: Look):
    import altair as alt

    bars = (
        rows_of("shares")
        .mark_bar(opacity=0.55, binSpacing=0)
        .encode(
            x=alt.X("from:Q", title="grey value (0 black, 1 white)", bin="binned", axis=alt.Axis(format="~g")),
            x2="to",
            y=alt.Y(
                "share:Q",
                title="share of the pixels (square-root axis)",
                stack=None,
                scale=alt.Scale(type="sqrt"),
                axis=number_axis("%"),
            ),
            color=by_colour("which", list(zip(PIXELS, (MARK, DROPOUT.colour), strict=True)), squares()),
            tooltip=[told("which"), told("share", format=".2%")],
        )
    )
    return layered(look, bars)


def unit_figure(drift: Drift, unit: int, technique: str, y_range: tuple[float, float]) -> Figure:
    """The input of one unit's non-linearity over training steps: the median in a band from the 15th to the 85th
    percentile."""
    values = [
        {"step": int(step), **dict(zip(("low", "middle", "high"), (float(f"{p:.4g}") for p in row), strict=True))}
        for step, row in zip(drift.spec.at_steps, drift.percentiles[:, unit], strict=True)
    ]
    # The corners of the axis are rows, not its domain: the axis differs from unit to unit.
    rows = {"corners": [{"y": float(end)} for end in y_range], "zero": [{"y": 0}], "input": values}
    return figure(_unit_chart, rows, technique=technique)


def unit_table(drift: Drift, unit: int) -> list[Row]:
    """The numbers of `unit_figure`: the three percentiles of a unit's input at each step."""
    names = ("15th percentile", "median", "85th percentile")
    return [
        {"training step": int(step), **{name: short(v) for name, v in zip(names, row, strict=True)}}
        for step, row in zip(drift.spec.at_steps, drift.percentiles[:, unit], strict=True)
    ]


def _unit_chart(look: Look, *, technique):
    import altair as alt

    x, colour = alt.X("step:Q", title="training step"), COLOURS[technique]
    place = {"title": "input of the unit's ReLU", "axis": number_axis()}
    tooltip = [
        alt.Tooltip("step:Q"),
        alt.Tooltip("low:Q", title="15th percentile"),
        alt.Tooltip("middle:Q", title="median"),
        alt.Tooltip("high:Q", title="85th percentile"),
    ]
    band = rows_of("input").mark_area(opacity=0.3, color=colour)
    line = rows_of("input").mark_line(strokeWidth=look.stroke, color=colour)
    return layered(
        look,
        rows_of("corners").mark_point(opacity=0).encode(y=alt.Y("y:Q", **place)),
        rows_of("zero").mark_rule(color=MARK, strokeDash=[4, 4]).encode(y=alt.Y("y:Q", **place)),
        band.encode(x=x, y=alt.Y("low:Q", **place), y2="high:Q"),
        line.encode(x=x, y=alt.Y("middle:Q", **place), tooltip=tooltip),
        title=technique,
    )
