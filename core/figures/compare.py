"""Several techniques in one figure, each over seeds: curves with bands, and one number against one setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.figures.theme import (
    COLOURS,
    DASHES,
    LEGEND_ON_TOP,
    MARK,
    NORMAL,
    Look,
    Spec,
    layered,
    quantity,
    rows,
)
from core.results.run import Outcome


@dataclass(frozen=True)
class Course:
    """A quantity over time for one technique: `at` (T,), and `values` (seeds, T), nan where a seed has none."""

    at: np.ndarray
    values: np.ndarray


def course_of(outcomes: Sequence[Outcome], field: str) -> Course:
    """One number of every epoch over the seeds of one config; after a divergence there is none."""
    epochs = max((outcome.config.epochs for outcome in outcomes), default=0)
    values = np.full((len(outcomes), epochs), np.nan)
    for row, outcome in zip(values, outcomes, strict=True):
        row[: len(outcome.records)] = [getattr(record, field) for record in outcome.records]
    return Course(np.arange(1, epochs + 1), values)


def by_technique(names: Sequence[str], legend_columns: int = 0) -> Spec:
    """The colours of lines and points, and a legend above the figure (0 columns: as many as there are)."""
    scale = {"domain": list(names), "range": [COLOURS[name] for name in names]}
    return {
        "field": "technique",
        "type": "nominal",
        "scale": scale,
        "legend": {**LEGEND_ON_TOP, "symbolOpacity": 1, "columns": legend_columns},
    }


def courses_figure(
    courses: Mapping[str, Course],
    *,
    x_title: str,
    y_title: str,
    title: str = "",
    log_y: bool = False,
    percent: bool = False,
    legend_columns: int = 0,
    dashed: Mapping[str, Course] | None = None,
    look: Look = NORMAL,
) -> Spec:
    """A line for each technique: the mean over seeds, in a band from the smallest to the largest of them.

    The reader should see whether two techniques differ by more than their seeds do: where bands overlap, one run each
    would have shown nothing. legend_columns: fewer than techniques where the figure is narrow. dashed: a second
    quantity of the same techniques, as dashed means.
    """
    values = [row for name, course in courses.items() for row in _course_rows(name, course)]
    counts = all(row["at"].is_integer() for row in values)  # epochs and steps have no halves, shares do
    scale: dict[str, Any] = {"type": "log", "nice": False} if log_y else {"zero": False}
    number = ".2%" if percent else ".4g"
    encoding = {
        "x": quantity("at", x_title, scale={"nice": False, "zero": False}, axis={"tickMinStep": 1} if counts else {}),
        "color": by_technique(list(courses), legend_columns),
    }
    data = rows(values)
    band = {
        "data": data,
        "mark": {"type": "area", "opacity": 0.22, "clip": True},
        "encoding": {**encoding, "y": quantity("low", y_title or None, scale=scale), "y2": {"field": "high"}},
    }
    line = {
        "data": data,
        "mark": {"type": "line", "strokeWidth": look.stroke, "clip": True},
        "encoding": {
            **encoding,
            "y": quantity("mean", y_title or None, scale=scale, axis={"format": "%"} if percent else {}),
            "tooltip": [{"field": "technique", "type": "nominal"}, quantity("at", x_title),
                        quantity("mean", "mean", format=number), quantity("low", "lowest seed", format=number),
                        quantity("high", "highest seed", format=number)],
        },
    }  # fmt: skip
    other = [row for name, course in (dashed or {}).items() for row in _course_rows(name, course)]
    mark = {**line["mark"], "strokeDash": DASHES["dashed"]}
    return layered([band, line, *([{**line, "data": rows(other), "mark": mark}] if other else [])], look, title)


def _course_rows(name: str, course: Course) -> list[dict[str, Any]]:
    here = ~np.isnan(course.values).all(axis=0)
    if not here.any():
        return []
    picked = course.values[:, here]
    columns = (course.at[here], *(of(picked, axis=0) for of in (np.nanmean, np.nanmin, np.nanmax)))
    return [
        {"technique": name, "at": float(at), "mean": _short(mean), "low": _short(low), "high": _short(high)}
        for at, mean, low, high in zip(*columns, strict=True)
    ]


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def course_table(courses: Mapping[str, Course], at_name: str) -> list[dict[str, Any]]:
    """The numbers of `courses_figure`, a row for each time and technique."""
    return [
        {at_name: row["at"], "technique": row["technique"], "mean": row["mean"], "lowest": row["low"],
         "highest": row["high"]}
        for name, course in courses.items()
        for row in _course_rows(name, course)
    ]  # fmt: skip


def stops_figure(
    values: Mapping[str, Mapping[float, Sequence[float | None]]],
    current: float,
    *,
    x_title: str,
    title: str,
    look: Look = NORMAL,
) -> Spec:
    """A share (an accuracy) against one setting: technique → stop → a value for each seed, None for one that diverged.

    A line through the means of the seeds that did not diverge, a dot for each seed, and a rule at the current stop.
    The stops stand at equal distances. A cross on the floor stands for seeds that diverged.
    """
    stops = sorted({stop for by_stop in values.values() for stop in by_stop})
    dots, lines, lost = [], [], []
    for name, by_stop in values.items():
        for stop, seeds in by_stop.items():
            found = [value for value in seeds if value is not None]
            row = {"technique": name, "stop": f"{stop:g}"}
            dots += [{**row, "value": _short(value)} for value in found]
            if found:
                lines.append({**row, "value": _short(float(np.mean(found))), "seeds": len(found)})
            if len(found) < len(seeds):
                lost.append({**row, "diverged": f"{len(seeds) - len(found)} of {len(seeds)} seeds diverged"})
    x = stop_axis(stops, x_title)
    encoding = {
        "x": x,
        "y": quantity("value", None, scale={"zero": False}, axis={"format": "%"}),
        "color": by_technique(list(values)),
        "tooltip": [{"field": "technique", "type": "nominal"}, {"field": "stop", "type": "nominal", "title": x_title},
                    quantity("value", title, format=".2%")],
    }  # fmt: skip
    layers: list[Spec] = [
        current_stop(current, x),
        {"data": rows(lines), "mark": {"type": "line", "strokeWidth": look.stroke}, "encoding": encoding},
        {"data": rows(dots), "mark": {"type": "point", "filled": True, "size": 36, "opacity": 0.75},
         "encoding": encoding},
    ]  # fmt: skip
    if lost:
        cross = {"type": "point", "shape": "cross", "filled": True, "angle": 45, "size": 160, "clip": False}
        told = [{"field": "technique", "type": "nominal"}, {"field": "diverged", "type": "nominal"}]
        layers.append({
            "data": rows(lost), "mark": cross,
            "encoding": {"x": x, "y": {"value": "height"}, "color": by_technique(list(values)),
                         "tooltip": told},
        })  # fmt: skip
    return layered(layers, look, title)


def stop_axis(stops: Sequence[float | str], title: str) -> Spec:
    """An x axis on which a setting's stops stand at equal distances."""
    scale = {"domain": [stop if isinstance(stop, str) else f"{stop:g}" for stop in stops]}
    angle = -45 if len(stops) > 6 else 0
    axis = {"labelAngle": angle, "labelOverlap": False}
    return {"field": "stop", "type": "ordinal", "title": title, "scale": scale, "sort": None, "axis": axis}


def current_stop(current: float, x: Spec) -> Spec:
    """A bar behind the stop at which the slider stands."""
    mark = {"type": "rule", "color": MARK, "strokeWidth": 12, "opacity": 0.25}
    return {"data": rows([{"stop": f"{current:g}"}]), "mark": mark, "encoding": {"x": x}}


def dots_figure(
    values: Mapping[str, Sequence[float]],
    colours: Mapping[str, str],
    *,
    x_title: str,
    x_range: tuple[float, float] | None = None,
    look: Look = NORMAL,
) -> Spec:
    """A row of dots for each name, a dot for each seed, and a tick at the mean. colours: name → technique."""
    names = list(values)
    found = [{"name": n, "technique": colours[n], "value": _short(v)} for n in names for v in values[n]]
    means = [{"name": n, "technique": colours[n], "value": _short(float(np.mean(values[n])))} for n in names]
    x = quantity(
        "value", x_title, scale={"domain": list(x_range)} if x_range else {"zero": False}, axis={"format": "%"}
    )
    scale = {"domain": list(COLOURS), "range": list(COLOURS.values())}
    encoding = {
        "x": x,
        "y": {"field": "name", "type": "nominal", "sort": names, "title": None, "axis": {"labelLimit": 260}},
        "color": {"field": "technique", "type": "nominal", "scale": scale, "legend": None},
        "tooltip": [{"field": "name", "type": "nominal"}, quantity("value", x_title, format=".2%")],
    }  # fmt: skip
    ticks = {"data": rows(means), "mark": {"type": "tick", "thickness": 3, "size": look.font * 2}, "encoding": encoding}
    dots = {"data": rows(found), "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0.8}, "encoding":
            encoding}  # fmt: skip
    return {**layered([ticks, dots], look), "height": look.font * (3 * len(names) + 5)}
