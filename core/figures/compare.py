"""Several techniques in one figure, each over seeds: curves with bands, and one number against one setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.figures.theme import (
    DASHES,
    Figure,
    Look,
    Row,
    by_colour,
    by_technique,
    current_stop,
    figure,
    layered,
    number_axis,
    rows_of,
    short,
    stop_axis,
    told,
)
from core.results.run import Outcome
from core.techniques import COLOURS


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
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """A line for each technique: the mean over seeds, in a band from the smallest to the largest of them.

    The reader should see whether two techniques differ by more than their seeds do: where bands overlap, one run each
    would have shown nothing. legend_columns: at most, where the names do not fit one row. dashed: a second
    quantity of the same techniques, as dashed means. colours: a name that is no technique's → the technique whose
    colour it has.
    """
    values = [row for name, course in courses.items() for row in _course_rows(name, course)]
    return figure(
        _courses_chart,
        {
            "courses": values,
            "dashed": [row for name, course in (dashed or {}).items() for row in _course_rows(name, course)],
        },
        names=list(courses),
        x_title=x_title,
        y_title=y_title,
        title=title,
        log_y=log_y,
        percent=percent,
        columns=legend_columns,
        counts=all(row["at"].is_integer() for row in values),  # epochs and steps have no halves, shares do
        colours=colours or {},
    )


def _courses_chart(look: Look, *, names, x_title, y_title, title, log_y, percent, columns, counts, colours):
    import altair as alt

    x_axis = number_axis(ticks=10, tickMinStep=1) if counts else number_axis(ticks=10)
    x = alt.X("at:Q", title=x_title, scale=alt.Scale(nice=False, zero=False), axis=x_axis)
    scale = alt.Scale(type="log", nice=False) if log_y else alt.Scale(zero=False)
    place = {"title": y_title or None, "scale": scale, "axis": number_axis("%" if percent else "")}
    colour, digits = by_technique(look, names, columns or 2, colours), ".2%" if percent else ".4g"
    band = rows_of("courses").mark_area(opacity=0.22, clip=True)
    tooltip = [
        told("technique"),
        alt.Tooltip("at:Q", title=x_title),
        told("mean", format=digits),
        told("low", "lowest seed", digits),
        told("high", "highest seed", digits),
    ]
    means = [
        rows_of(rows)
        .mark_line(strokeWidth=look.stroke, clip=True, **dash)
        .encode(x=x, y=alt.Y("mean:Q", **place), color=colour, tooltip=tooltip)
        for rows, dash in (("courses", {}), ("dashed", {"strokeDash": DASHES["dashed"]}))
    ]
    return layered(look, band.encode(x=x, y=alt.Y("low:Q", **place), y2="high:Q", color=colour), *means, title=title)


def _course_rows(name: str, course: Course) -> list[Row]:
    here = ~np.isnan(course.values).all(axis=0)
    if not here.any():
        return []
    picked = course.values[:, here]
    columns = (course.at[here], *(of(picked, axis=0) for of in (np.nanmean, np.nanmin, np.nanmax)))
    return [
        {"technique": name, "at": float(at), "mean": short(mean), "low": short(low), "high": short(high)}
        for at, mean, low, high in zip(*columns, strict=True)
    ]


def course_table(courses: Mapping[str, Course], at_name: str) -> list[Row]:
    """The numbers of `courses_figure`, a row for each time and technique."""
    return [
        {
            at_name: row["at"],
            "technique": row["technique"],
            "mean": row["mean"],
            "lowest": row["low"],
            "highest": row["high"],
        }
        for name, course in courses.items()
        for row in _course_rows(name, course)
    ]


def stops_figure(
    values: Mapping[str, Mapping[float, Sequence[float | None]]],
    current: float,
    *,
    x_title: str,
    title: str,
    colours: Mapping[str, str] | None = None,
    stops: Sequence[float] = (),
) -> Figure:
    """A share (an accuracy) against one setting: technique → stop → a value for each seed, None for one that diverged.

    A line through the means of the seeds that did not diverge, a dot for each seed, and a rule at the current stop.
    The stops stand at equal distances. A cross on the floor stands for seeds that diverged. colours: a name that is no
    technique's → the technique whose colour it has. stops: in their order, where it is not that of the numbers.
    """
    stops = stops or sorted({stop for by_stop in values.values() for stop in by_stop})
    dots, means, lost = [], [], []
    for name, by_stop in values.items():
        for stop, seeds in by_stop.items():
            found = [value for value in seeds if value is not None]
            row = {"technique": name, "stop": f"{stop:g}"}
            dots += [{**row, "value": short(value)} for value in found]
            if found:
                means.append({**row, "value": short(float(np.mean(found))), "seeds": len(found)})
            if len(found) < len(seeds):
                lost.append({**row, "diverged": f"{len(seeds) - len(found)} of {len(seeds)} seeds diverged"})
    return figure(
        _stops_chart,
        {"here": [{"stop": f"{current:g}"}], "means": means, "seeds": dots, "diverged": lost},
        stops=[f"{stop:g}" for stop in stops],
        names=list(values),
        x_title=x_title,
        title=title,
        colours=colours or {},
    )


def _stops_chart(look: Look, *, stops, names, x_title, title, colours):
    import altair as alt

    x, colour = stop_axis(stops, x_title), by_technique(look, names, colours_of=colours)
    place = {
        "x": x,
        "y": alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=number_axis("%")),
        "color": colour,
        "tooltip": [told("technique"), told("stop", x_title), told("value", title, ".2%")],
    }
    cross = rows_of("diverged").mark_point(shape="cross", filled=True, angle=45, size=160, clip=False)
    return layered(
        look,
        current_stop(x),
        rows_of("means").mark_line(strokeWidth=look.stroke).encode(**place),
        rows_of("seeds").mark_point(filled=True, size=36, opacity=0.75).encode(**place),
        cross.encode(x=x, y=alt.value("height"), color=colour, tooltip=[told("technique"), told("diverged")]),
        title=title,
    )


def dots_figure(
    values: Mapping[str, Sequence[float]],
    colours: Mapping[str, str],
    *,
    x_title: str,
    x_range: tuple[float, float] | None = None,
) -> Figure:
    """A row of dots for each name, a dot for each seed, and a tick at the mean. colours: name → technique."""
    found = [{"name": n, "technique": colours[n], "value": short(v)} for n, some in values.items() for v in some]
    means = [{"name": n, "technique": colours[n], "value": short(float(np.mean(some)))} for n, some in values.items()]
    return figure(_dots_chart, {"means": means, "seeds": found}, names=list(values), x_title=x_title, x_range=x_range)


def _dots_chart(look: Look, *, names, x_title, x_range):
    import altair as alt

    scale = alt.Scale(domain=list(x_range)) if x_range else alt.Scale(zero=False)
    place = {
        "x": alt.X("value:Q", title=x_title, scale=scale, axis=number_axis("%", ticks=10)),
        "y": alt.Y("name:N", sort=list(names), title=None, axis=alt.Axis(labelLimit=260)),
        "color": by_colour("technique", list(COLOURS.items()), None),
        "tooltip": [told("name"), told("value", x_title, ".2%")],
    }
    return layered(
        look,
        rows_of("means").mark_tick(thickness=3, size=look.font * 2).encode(**place),
        rows_of("seeds").mark_point(filled=True, size=60, opacity=0.8).encode(**place),
        height=look.font * (3 * len(names) + 5),
    )
