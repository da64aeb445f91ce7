"""A training at one of its epochs: the curves up to it, where weights are small, what is taken for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.figures.curves import LOSS, line_name, shared_range
from core.figures.theme import (
    DASHES,
    MARK,
    Figure,
    Look,
    Row,
    by_colour,
    figure,
    in_rows,
    layered,
    number_axis,
    rows_of,
    short,
    strokes,
    told,
)
from core.results.run import Run
from core.techniques import COLOURS

# --- the curves so far -----------------------------------------------------------------------------------------------


def growing_figure(runs: Mapping[str, Run], epoch: int) -> Figure:
    """The losses of some techniques' runs up to an epoch, on the axes of the whole training, so that they grow in
    place: on training images dashed, on held-out ones solid. What the dashes say stands below, as there is no room
    for it above a low chart."""
    first = next(iter(runs.values()))
    fields = {field: line_name(name, first.config) for field, name in LOSS.lines.items()}
    lines = [
        {"epoch": r.epoch, "value": short(getattr(r, field)), "technique": name, "measured on": line}
        for name, run in runs.items()
        for field, line in fields.items()
        for r in run.records[:epoch]
    ]
    return figure(
        _growing_chart,
        {"now": [{"epoch": epoch}], "lines": lines},
        names=list(runs),
        lines=list(fields.values()),
        epochs=first.config.epochs,
        y_range=shared_range(list(runs.values()), LOSS),
    )


def _growing_chart(look: Look, *, names, lines, epochs, y_range):
    import altair as alt

    scale = alt.Scale(domain=[0, epochs], nice=False)
    # the axis has no name: it is the slider's, and would take a sixth of a low chart
    x = alt.X("epoch:Q", title="epoch", scale=scale, axis=number_axis(tickMinStep=1, title=None))
    y = alt.Y("value:Q", title="loss (nats)", scale=alt.Scale(domain=list(y_range)), axis=number_axis(ticks=4))
    dashes = alt.Scale(domain=list(lines), range=[DASHES["dashed"], DASHES["solid"]])
    drawn = (
        rows_of("lines")
        .mark_line(strokeWidth=look.stroke, clip=True)
        .encode(
            x=x,
            y=y,
            color=by_colour("technique", [(name, COLOURS[name]) for name in names], strokes(in_rows(look, names))),
            strokeDash=alt.StrokeDash("measured on:N", scale=dashes, legend=None),
            tooltip=[
                told("technique"),
                told("measured on"),
                told("epoch", format="d"),
                told("value", "loss", ".3f"),
            ],
        )
    )
    now = rows_of("now").mark_rule(color=MARK, strokeWidth=look.stroke / 2).encode(x=x)
    return layered(look, now, drawn)


# --- where weights are small -----------------------------------------------------------------------------------------


def small_figure(shares: np.ndarray, *, title: str) -> Figure:
    """The share of each pixel's weights that are small, (side, side) from 0 to 1, as a picture of the image plane. Its
    colours always stand for 0 to 1, so that epochs and techniques can be compared."""
    cells = [{"row": i, "column": j, "share": short(share)} for (i, j), share in np.ndenumerate(shares)]
    cells[0]["title"] = title
    return figure(_small_chart, {"cells": cells}, side=len(shares))


def _small_chart(look: Look, *, side):
    import altair as alt

    scale = alt.Scale(paddingInner=0, paddingOuter=0)
    colours = alt.Scale(scheme="viridis", domain=[0, 1])
    side *= round(0.7 * look.height / side)  # of whole pixels each: else the page shines through between the cells
    legend = alt.Legend(
        orient="right",
        gradientLength=side - 2 * look.font,
        gradientThickness=10,
        values=[0, 0.5, 1],
        format="%",
    )
    cells = (
        rows_of("cells")
        .mark_rect()
        .encode(
            x=alt.X("column:O", axis=None, scale=scale),
            y=alt.Y("row:O", axis=None, scale=scale),
            color=alt.Color("share:Q", title=None, scale=colours, legend=legend),
            tooltip=["row:Q", "column:Q", alt.Tooltip("share:Q", title="small weights", format=".1%")],
        )
    )
    return layered(look, cells, title=_title_of_rows(), plot=(side, side))


def _title_of_rows():
    """A title that stands in the first row, so that figures of all techniques share a specification."""
    import altair as alt

    return alt.TitleParams(text=alt.expr("length(data('cells')) ? data('cells')[0].title : ''"))


def small_table(shares: Mapping[str, np.ndarray]) -> list[Row]:
    """Name → (side, side) as rows: a row of pixels each, a column for each pixel in it."""
    return [
        {"network": name, "row": i + 1, **{f"{j + 1}": round(float(share), 3) for j, share in enumerate(row)}}
        for name, some in shares.items()
        for i, row in enumerate(some)
    ]


# --- what is taken for what ------------------------------------------------------------------------------------------


def confusion_figure(counts: np.ndarray, names: Sequence[str], *, title: str) -> Figure:
    """What each class's images (a row) are taken for (a column, in the same order), in per cent of the class; counts of
    the same shape. Numbers that round to 0 are left out.

    The diagonal is right. The colour follows the square root of the share: else mistakes would hardly be seen beside
    the diagonal.
    """
    shares = counts / counts.sum(axis=1, keepdims=True)
    cells = [
        {"true": names[i], "given": names[j], "share": short(share), "images": int(counts[i, j])}
        for (i, j), share in np.ndenumerate(shares)
    ]
    cells[0]["title"] = title
    return figure(_confusion_chart, {"cells": cells}, names=names)


def _confusion_chart(look: Look, *, names):
    import altair as alt

    def along(channel, field):
        scale = alt.Scale(domain=list(names), paddingInner=0, paddingOuter=0)
        axis = alt.Axis(ticks=False, domain=False, labelOverlap=False) if channel is alt.Y else None
        return channel(f"{field}:N", title=None, scale=scale, sort=None, axis=axis)

    place = {"x": along(alt.X, "given"), "y": along(alt.Y, "true")}
    colours = alt.Scale(type="sqrt", scheme="viridis", domain=[0, 1])
    cells = (
        rows_of("cells")
        .mark_rect()
        .encode(
            **place,
            color=alt.Color("share:Q", scale=colours, legend=None),
            tooltip=[
                told("true", "class"),
                told("given", "taken for"),
                told("images", format="d"),
                told("share", format=".1%"),
            ],
        )
    )
    # a number as wide as two digits: where the cells are narrower, there is none
    fits = f"width > {1.25 * look.font * len(names):.0f} && datum.share >= 0.005"
    numbers = (
        rows_of("cells")
        .mark_text(
            fontSize=look.font - 1,
            text=alt.expr(f"{fits} ? format(100 * datum.share, '.0f') : ''"),
            fill=alt.expr("datum.share > 0.3 ? 'black' : 'white'"),
        )
        .encode(**place)
    )
    return layered(look, cells, numbers, title=_title_of_rows())


def confusion_table(counts: Mapping[str, np.ndarray], names: Sequence[str]) -> list[Row]:
    """Name → (10, 10) as rows: a true class each, a column for each class that its images are taken for."""
    return [
        {"network": name, "class": names[i], **dict(zip(names, map(int, row), strict=True))}
        for name, some in counts.items()
        for i, row in enumerate(some)
    ]
