"""What the course opens with: the gap between two learning curves, and how a regularizer closes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.figures.theme import MARK, Figure, Look, Row, by_dash, figure, layered, number_axis, rows_of, short, told
from core.results.run import Run
from core.techniques import PLAIN

SEEN, NEW = "images it was trained on", "images it has never seen"
FIELDS = {SEEN: "train_loss", NEW: "held_out_loss"}
HIGHEST = 2.4
"""Of the loss axis, in nats: a little above guessing among ten classes, so that every strength fits."""
TEXT = 0.15
"""Half of the height that a label needs on this axis, with some room around it, in nats."""


def gap_figure(plain: Sequence[Run], runs: Sequence[Run], *, colour: str) -> Figure:
    """The loss on training images and on new ones over the epochs, means over seeds, and the gap at the end.

    The reader should see the space between the two lines open as the plain network learns its images by heart, and
    close as the regularizer gets stronger. plain: of the network without it, faint behind; not drawn where it is the
    network itself. colour: of the technique.
    """
    lines = _lines(runs, colour)
    before = [] if runs == plain else _lines(plain, PLAIN.colour)
    return figure(
        _gap_chart,
        {
            "before": before,
            "before_label": [{**before[-1], "label": "without a regularizer"}] if before else [],
            "lines": lines,
            "between": _between(runs, colour),
            "gap": [_gap_row(runs, plain, colour)],
        },
        epochs=runs[0].config.epochs,
    )


def mean_curve(runs: Sequence[Run], field: str) -> np.ndarray:
    """One number of every epoch, the mean over runs: (epochs,)."""
    return np.mean([run.curve(field) for run in runs], axis=0)


def _lines(runs: Sequence[Run], colour: str) -> list[Row]:
    return [
        {"epoch": epoch, "loss": short(value), "measured on": name, "colour": colour}
        for name, field in FIELDS.items()
        for epoch, value in enumerate(mean_curve(runs, field), start=1)
    ]


def _between(runs: Sequence[Run], colour: str) -> list[Row]:
    """The space between the two curves, where the loss on new images is the higher one; nothing elsewhere."""
    seen, new = (mean_curve(runs, field) for field in FIELDS.values())
    return [
        {"epoch": epoch, "seen": short(min(a, b)), "new": short(b), "colour": colour}
        for epoch, (a, b) in enumerate(zip(seen, new, strict=True), start=1)
    ]


def _gap_row(runs: Sequence[Run], plain: Sequence[Run], colour: str) -> Row:
    """The two ends, and where the label of the gap has room: within it, below or above, but not on the plain network's
    own end."""
    seen, new = _ends(runs)
    places = [min(seen, new) - TEXT, max(seen, new) + TEXT]
    if abs(new - seen) > 2 * TEXT:
        places.insert(0, (seen + new) / 2)
    taken = [] if runs == plain else _ends(plain)
    at = next((place for place in places if all(abs(place - end) > TEXT for end in taken)), places[0])
    row = {"epoch": runs[0].config.epochs, "seen": short(seen), "new": short(new), "colour": colour}
    return {**row, "at": short(at), "label": f"gap {new - seen:.2f}".replace("-", "−")}


def _ends(runs: Sequence[Run]) -> tuple[float, float]:
    """The losses of the last epoch on training images and on new ones, means over runs."""
    seen, new = (float(mean_curve(runs, field)[-1]) for field in FIELDS.values())
    return seen, new


def _gap_chart(look: Look, *, epochs):
    import altair as alt

    x = alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[1, epochs], nice=False), axis=number_axis(ticks=7))
    scale = alt.Scale(domain=[0, HIGHEST], nice=False)
    loss = {"title": "loss (nats per image)", "scale": scale, "axis": number_axis()}
    colour = alt.Color("colour:N", scale=None)
    dash = by_dash("measured on", (NEW, SEEN), ("solid", "dashed"))
    line = {"x": x, "y": alt.Y("loss:Q", **loss), "color": colour, "strokeDash": dash}
    tooltip = [alt.Tooltip("epoch:Q"), told("measured on"), told("loss", format=".2f")]
    between = {"x": x, "y": alt.Y("seen:Q", **loss), "y2": "new:Q"}
    text = {"align": "right", "clip": False}
    return layered(
        look,
        rows_of("between").mark_area(opacity=0.16, clip=True).encode(**between, color=colour),
        rows_of("before").mark_line(strokeWidth=look.stroke, opacity=0.55, clip=True).encode(**line),
        rows_of("lines").mark_line(strokeWidth=1.5 * look.stroke, clip=True).encode(**line, tooltip=tooltip),
        rows_of("before_label")
        .mark_text(**text, baseline="bottom", dy=-5, fontSize=look.font, color=MARK)
        .encode(x=x, y=alt.Y("loss:Q", **loss), text="label:N"),
        rows_of("gap").mark_rule(strokeWidth=look.stroke).encode(**between, color=colour),
        rows_of("gap")
        .mark_text(**text, baseline="middle", dx=-8, fontSize=look.font + 6, fontWeight="bold")
        .encode(x=x, y=alt.Y("at:Q", **loss), text="label:N", color=colour),
    )


def gap_table(runs: Sequence[Run]) -> list[Row]:
    """The numbers of `gap_figure`, a row for each epoch."""
    seen, new = (mean_curve(runs, field) for field in FIELDS.values())
    return [
        {"epoch": epoch, SEEN: short(a), NEW: short(b), "gap": short(b - a)}
        for epoch, (a, b) in enumerate(zip(seen, new, strict=True), start=1)
    ]
