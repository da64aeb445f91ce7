"""Learning curves, and what is read off them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from core.config import RunConfig
from core.figures.theme import COLOURS, MARK, NORMAL, Look, styled, technique
from core.run import EpochRecord, Run

CHANCE = math.log(10)
"""The cross-entropy of guessing among ten classes, in nats."""

DASHES = {"solid": [1, 0], "dashed": [6, 4], "dotted": [2, 3]}


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
    "Accuracy", "share classified as labelled", {"train_accuracy": "training images", "held_out_accuracy": "{held out} images"},
    percent=True,
)  # fmt: skip
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
    y_range: tuple[float, float] | None = None,
    finished: bool = True,
    look: Look = NORMAL,
) -> alt.TopLevelMixin:
    """One number per epoch for training and held-out images; the best epoch marked once the run is finished.

    The reader should see the two lines part: where the dashed one goes on improving and the solid one turns, the network
    has begun to learn its training images by heart. The x axis is the config's whole length from the first epoch on.
    """
    colour = COLOURS[technique(config)]
    names = [line_name(name, config) for name in curves.lines.values()]
    rows = [
        {"epoch": r.epoch, "value": getattr(r, field), "measured on": name}
        for r in records
        for field, name in zip(curves.lines, names, strict=True)
    ]
    y_axis = alt.Axis(format="%") if curves.percent else alt.Axis()
    y_scale = alt.Scale(domain=y_range, clamp=True) if y_range else alt.Scale(zero=not curves.percent)
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[1, max(2, config.epochs)], nice=False), axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("value:Q", title=curves.unit, scale=y_scale, axis=y_axis),
        strokeDash=alt.StrokeDash(
            "measured on:N",
            scale=alt.Scale(domain=names, range=[DASHES[d] for d in LINE_DASHES[: len(names)]]),
            legend=alt.Legend(title=None, orient="top", direction="horizontal", symbolType="stroke"),
        ),
        tooltip=["epoch:Q", "measured on:N", alt.Tooltip("value:Q", format=".2%" if curves.percent else ".4f")],
    )
    layers = [base.mark_line(color=colour, strokeWidth=look.stroke)]
    if finished and records:
        layers += _best_epoch_marks(records, look)
    return styled(alt.layer(*layers).properties(title=curves.title, height=look.height), look)


def _best_epoch_marks(records: Sequence[EpochRecord], look: Look) -> list[alt.Chart]:
    best = best_epoch(records)
    late = best > len(records) / 2
    at = alt.Chart(alt.Data(values=[{"epoch": best, "label": f"best epoch: {best}"}])).encode(x="epoch:Q")
    return [
        at.mark_rule(color=MARK, strokeDash=[3, 3]),
        at.mark_text(
            align="right" if late else "left", dx=-5 if late else 5, baseline="top", color=MARK, fontSize=look.font
        ).encode(text="label:N", y=alt.value(4)),
    ]


def shared_range(runs: Sequence[Run], curves: Curves) -> tuple[float, float]:
    """One y range for figures that stand side by side."""
    values = np.concatenate([run.curve(field) for run in runs for field in curves.lines])
    return (math.floor(values.min() * 20) / 20, 1.0) if curves.percent else (0.0, float(np.ceil(values.max() * 10) / 10))


def curve_table(records: Sequence[EpochRecord], config: RunConfig) -> list[dict[str, float]]:
    """The records as rows for a table, columns named as the legends name them."""
    columns = {
        "train_loss": "loss, training images",
        "held_out_loss": f"loss, {config.held_out} images",
        "train_accuracy": "accuracy, training images",
        "held_out_accuracy": f"accuracy, {config.held_out} images",
        "memorised": "wrong labels given back",
        "notebook_loss": "the notebook's training loss",
        "penalty": "penalty",
        "gradient_norm": "gradient norm",
        "seconds": "seconds",
    }
    rows = [{"epoch": r.epoch, **{column: getattr(r, field) for field, column in columns.items()}} for r in records]
    unused = [c for f, c in columns.items() if all(math.isnan(v := getattr(r, f)) or v == 0 for r in records)]
    return [{column: value for column, value in row.items() if column not in unused} for row in rows]


def sweep_figure(
    runs: Sequence[Run], field: str, field_label: str, *, log: bool, look: Look = NORMAL
) -> alt.TopLevelMixin:
    """Accuracy on training and held-out images at the last epoch against one setting: the space between is the gap."""
    rows = []
    for run in runs:
        x = getattr(run.config, field)
        train, held = run.last.train_accuracy, run.last.held_out_accuracy
        rows += [
            {"x": x, "accuracy": train, "measured on": "training images"},
            {"x": x, "accuracy": held, "measured on": "held-out images"},
        ]
    names = ["training images", "held-out images"]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(color=COLOURS["plain"], strokeWidth=look.stroke, point={"size": 40, "color": COLOURS["plain"]})
        .encode(
            x=alt.X("x:Q", title=field_label, scale=alt.Scale(type="log" if log else "linear"),
                    axis=alt.Axis(values=[r["x"] for r in rows[::2]], format="~s" if log else "~%")),
            y=alt.Y("accuracy:Q", title="accuracy, last epoch", axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)),
            strokeDash=alt.StrokeDash("measured on:N", scale=alt.Scale(domain=names, range=[DASHES["dashed"], DASHES["solid"]]),
                                      legend=alt.Legend(title=None, orient="top", symbolType="stroke")),
            tooltip=["x:Q", "measured on:N", alt.Tooltip("accuracy:Q", format=".2%")],
        )
        .properties(height=look.height)
    )  # fmt: skip
    return styled(chart, look)
