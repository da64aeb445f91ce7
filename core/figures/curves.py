"""Learning curves, and what is read off them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.config import RunConfig
from core.figures.theme import MARK, Figure, Look, Row, by_dash, figure, in_rows, layered, number_axis, rows_of, told
from core.results.run import EpochRecord, Run
from core.techniques import PLAIN, technique_of


@dataclass(frozen=True)
class Curves:
    """Which numbers of a record are drawn, and how high the axis goes (None: as high as the numbers)."""

    title: str
    unit: str
    lines: Mapping[str, str]
    """Field of EpochRecord → the line's name in the legend; "{held out}" stands for validation or test."""
    percent: bool = False


LOSS = Curves(
    "Loss", "cross-entropy (nats per image)", {"train_loss": "training images", "held_out_loss": "{held out} images"}
)
NOTEBOOK_LOSS = Curves(LOSS.title, LOSS.unit, {**LOSS.lines, "notebook_loss": "the notebook's training loss"})
ACCURACY = Curves(
    "Accuracy",
    "share classified as labelled",
    {"train_accuracy": "training images", "held_out_accuracy": "{held out} images"},
    percent=True,
)
LINE_DASHES = ("dashed", "solid", "dotted")


def line_name(name: str, config: RunConfig) -> str:
    return name.replace("{held out}", config.held_out)


def best_epoch(records: Sequence[EpochRecord]) -> int:
    return min(records, key=lambda r: r.held_out_loss).epoch


def learning_curves(
    records: Sequence[EpochRecord],
    config: RunConfig,
    curves: Curves = LOSS,
    *,
    seeds: Sequence[Sequence[EpochRecord]] = (),
    y_range: tuple[float, float] | None = None,
    finished: bool = True,
) -> Figure:
    """One number per epoch for training and held-out images; the best epoch marked once the run is finished.

    The reader should see the two lines part: where the dashed one goes on improving and the solid one turns, the
    network has begun to learn its training images by heart. The x axis is the config's whole length from the first
    epoch on. seeds: the records of the same training with other seeds; the lines then stand in a band from the lowest
    to the highest of them all.
    """
    fields = {field: line_name(name, config) for field, name in curves.lines.items()}
    lines = [
        {"epoch": r.epoch, "value": getattr(r, field), "measured on": name}
        for r in records
        for field, name in fields.items()
    ]
    best = [_best_epoch_mark(records)] if finished and records else []
    return figure(
        _learning_chart,
        {"lines": lines, "best": best, "band": _band([records, *seeds], fields) if seeds else []},
        title=curves.title,
        unit=curves.unit,
        percent=curves.percent,
        names=list(fields.values()),
        colour=technique_of(config).colour,
        epochs=max(2, config.epochs),
        y_range=y_range,
    )


def _band(seeds: Sequence[Sequence[EpochRecord]], fields: Mapping[str, str]) -> list[Row]:
    """The lowest and the highest of each number over the seeds that came so far, epoch by epoch."""
    epochs = max(len(records) for records in seeds)
    found = [(e, [records[e] for records in seeds if len(records) > e]) for e in range(epochs)]
    return [
        {
            "epoch": here[0].epoch,
            "low": min(getattr(r, field) for r in here),
            "high": max(getattr(r, field) for r in here),
            "measured on": name,
        }
        for field, name in fields.items()
        for _, here in found
    ]


def _best_epoch_mark(records: Sequence[EpochRecord]) -> Row:
    best = best_epoch(records)
    return {
        "epoch": best,
        "label": f"lowest loss: epoch {best}",
        "short": f"epoch {best}",
        "late": best > len(records) / 2,
    }


def _learning_chart(look: Look, *, title, unit, percent, names, colour, epochs, y_range):
    import altair as alt

    x = alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[1, epochs], nice=False), axis=alt.Axis(tickMinStep=1))
    scale = alt.Scale(domain=list(y_range)) if y_range else alt.Scale(zero=not percent)
    axis = number_axis("%" if percent else "")
    band = (
        rows_of("band")
        .mark_area(color=colour, opacity=0.18, clip=True)
        .encode(x=x, y=alt.Y("low:Q", title=unit, scale=scale, axis=axis), y2="high:Q", detail="measured on:N")
    )
    lines = (
        rows_of("lines")
        .mark_line(color=colour, strokeWidth=look.stroke, clip=True)
        .encode(
            x=x,
            y=alt.Y("value:Q", title=unit, scale=scale, axis=axis),
            strokeDash=by_dash("measured on", names, LINE_DASHES[: len(names)], in_rows(look, names)),
            tooltip=[
                alt.Tooltip("epoch:Q"),
                told("measured on"),
                told("value", title.lower(), ".2%" if percent else ".4f"),
            ],
        )
    )
    rule = rows_of("best").mark_rule(color=MARK, strokeDash=[3, 3]).encode(x=x)
    label = rows_of("best").mark_text(
        baseline="top",
        color=MARK,
        fontSize=look.font,
        text=alt.expr(f"width > {21 * look.font} ? datum.label : datum.short"),  # a long one would leave a phone's plot
        align=alt.expr("datum.late ? 'right' : 'left'"),
        dx=alt.expr("datum.late ? -5 : 5"),
    )
    return layered(look, band, lines, rule, label.encode(x=x, y=alt.value(4)), title=title)


def shared_range(runs: Sequence[Run], curves: Curves) -> tuple[float, float]:
    """One y range for figures that stand side by side."""
    values = np.concatenate([run.curve(field) for run in runs for field in curves.lines])
    return (
        (math.floor(values.min() * 20) / 20, 1.0) if curves.percent else (0.0, float(np.ceil(values.max() * 10) / 10))
    )


def curve_table(records: Sequence[EpochRecord], config: RunConfig) -> list[dict[str, float]]:
    """The records as rows for a table, columns named as the legends name them."""
    columns = {
        "train_loss": "loss, training images",
        "held_out_loss": f"loss, {config.held_out} images",
        "train_accuracy": "accuracy, training images",
        "held_out_accuracy": f"accuracy, {config.held_out} images",
        "memorised": "wrong labels reproduced",
        "notebook_loss": "the notebook's training loss",
        "penalty": "penalty",
        "gradient_norm": "gradient norm",
        "seconds": "seconds",
    }
    rows = [{"epoch": r.epoch, **{column: getattr(r, field) for field, column in columns.items()}} for r in records]
    unused = [c for f, c in columns.items() if all(math.isnan(v := getattr(r, f)) or v == 0 for r in records)]
    return [{column: value for column, value in row.items() if column not in unused} for row in rows]


def sweep_figure(runs: Sequence[Run], field: str, field_label: str, *, log: bool) -> Figure:
    """Accuracy on training and held-out images at the last epoch against one setting: the space between is the gap."""
    values = sweep_table(runs, field)
    lines = [{"x": v[field], "accuracy": v[name], "measured on": name} for v in values for name in SWEPT]
    stops = sorted({value[field] for value in values})
    return figure(_sweep_chart, {"lines": lines}, label=field_label, stops=stops, log=log)


SWEPT = ("training images", "held-out images")


def _sweep_chart(look: Look, *, label, stops, log):
    import altair as alt

    x = alt.X(
        "x:Q",
        title=label,
        scale=alt.Scale(type="log" if log else "linear", domain=[stops[0], stops[-1]]),
        axis=alt.Axis(values=list(stops), format="~s" if log else "~%"),
    )
    lines = (
        rows_of("lines")
        .mark_line(color=PLAIN.colour, strokeWidth=look.stroke, point={"size": 40, "color": PLAIN.colour})
        .encode(
            x=x,
            y=alt.Y("accuracy:Q", title="accuracy, last epoch", axis=number_axis("%"), scale=alt.Scale(zero=False)),
            strokeDash=by_dash("measured on", SWEPT, ["dashed", "solid"]),
            tooltip=[alt.Tooltip("x:Q", title=label), told("measured on"), told("accuracy", format=".2%")],
        )
    )
    return layered(look, lines)


def sweep_table(runs: Sequence[Run], field: str) -> list[dict[str, float]]:
    """The numbers of a sweep: the setting, and the accuracies of the last epoch."""
    return [
        {
            field: getattr(run.config, field),
            "training images": run.last.train_accuracy,
            "held-out images": run.last.held_out_accuracy,
        }
        for run in runs
    ]
