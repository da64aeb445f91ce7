"""Learning curves, and what is read off them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.config import RunConfig
from core.figures.theme import COLOURS, MARK, NORMAL, Look, Spec, by_dash, layered, quantity, rows, technique
from core.results.run import EpochRecord, Run

CHANCE = math.log(10)
"""The cross-entropy of guessing among ten classes, in nats."""


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
    y_range: tuple[float, float] | None = None,
    finished: bool = True,
    look: Look = NORMAL,
) -> Spec:
    """One number per epoch for training and held-out images; the best epoch marked once the run is finished.

    The reader should see the two lines part: where the dashed one goes on improving and the solid one turns, the
    network has begun to learn its training images by heart. The x axis is the config's whole length from the first
    epoch on.
    """
    names = [line_name(name, config) for name in curves.lines.values()]
    values = [
        {"epoch": r.epoch, "value": getattr(r, field), "measured on": name}
        for r in records
        for field, name in zip(curves.lines, names, strict=True)
    ]
    scale = {"domain": list(y_range)} if y_range else {"zero": not curves.percent}
    lines = {
        "data": rows(values),
        "mark": {"type": "line", "color": COLOURS[technique(config)], "strokeWidth": look.stroke, "clip": True},
        "encoding": {
            "x": quantity(
                "epoch", "epoch", scale={"domain": [1, max(2, config.epochs)], "nice": False}, axis={"tickMinStep": 1}
            ),
            "y": quantity("value", curves.unit, scale=scale, axis={"format": "%"} if curves.percent else {}),
            "strokeDash": by_dash("measured on", names, LINE_DASHES[: len(names)]),
            "tooltip": [
                quantity("epoch", "epoch"),
                {"field": "measured on", "type": "nominal"},
                quantity("value", curves.title.lower(), format=".2%" if curves.percent else ".4f"),
            ],
        },
    }
    marks = _best_epoch_marks(records, look) if finished and records else []
    return layered([lines, *marks], look, curves.title)


def _best_epoch_marks(records: Sequence[EpochRecord], look: Look) -> list[Spec]:
    best = best_epoch(records)
    late = best > len(records) / 2
    at = {"data": rows([{"epoch": best, "label": f"lowest loss: epoch {best}"}])}
    x = {"field": "epoch", "type": "quantitative"}
    side = {"align": "right", "dx": -5} if late else {"align": "left", "dx": 5}
    text = {"type": "text", "baseline": "top", "color": MARK, "fontSize": look.font, **side}
    return [
        {**at, "mark": {"type": "rule", "color": MARK, "strokeDash": [3, 3]}, "encoding": {"x": x}},
        {**at, "mark": text, "encoding": {"x": x, "y": {"value": 4}, "text": {"field": "label", "type": "nominal"}}},
    ]


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
        "memorised": "wrong labels given back",
        "notebook_loss": "the notebook's training loss",
        "penalty": "penalty",
        "gradient_norm": "gradient norm",
        "seconds": "seconds",
    }
    rows = [{"epoch": r.epoch, **{column: getattr(r, field) for field, column in columns.items()}} for r in records]
    unused = [c for f, c in columns.items() if all(math.isnan(v := getattr(r, f)) or v == 0 for r in records)]
    return [{column: value for column, value in row.items() if column not in unused} for row in rows]


def sweep_figure(runs: Sequence[Run], field: str, field_label: str, *, log: bool, look: Look = NORMAL) -> Spec:
    """Accuracy on training and held-out images at the last epoch against one setting: the space between is the gap."""
    names = ["training images", "held-out images"]
    values = sweep_table(runs, field)
    stops = sorted({value[field] for value in values})
    mark = {
        "type": "line",
        "color": COLOURS["plain"],
        "strokeWidth": look.stroke,
        "point": {"size": 40, "color": COLOURS["plain"]},
    }
    lines = {
        "data": rows([{"x": v[field], "accuracy": v[name], "measured on": name} for v in values for name in names]),
        "mark": mark,
        "encoding": {
            "x": quantity("x", field_label, scale={"type": "log" if log else "linear", "domain": [stops[0], stops[-1]]},
                          axis={"values": stops, "format": "~s" if log else "~%"}),
            "y": quantity("accuracy", "accuracy, last epoch", axis={"format": "%"}, scale={"zero": False}),
            "strokeDash": by_dash("measured on", names, ["dashed", "solid"]),
            "tooltip": [quantity("x", field_label), {"field": "measured on", "type": "nominal"},
                        quantity("accuracy", "accuracy", format=".2%")],
        },
    }  # fmt: skip
    return layered([lines], look)


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
