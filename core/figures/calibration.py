"""How far a network's confidence can be trusted: the share that is right against the confidence, bin by bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.figures.theme import (
    DASHES,
    MARK,
    Figure,
    Look,
    Row,
    by_technique,
    figure,
    layered,
    number_axis,
    rows_of,
    short,
    told,
)
from core.results.calibration import Calibration

if TYPE_CHECKING:
    import altair as alt

LARGEST = 10_000
"""Images: a dot of the largest size stands for so many, all test images of Fashion-MNIST."""


def reliability_figure(found: Mapping[str, Sequence[Calibration]]) -> Figure:
    """A dot for each bin of confidence that has images: its mean confidence, and the share of its images that is right,
    over all seeds together; as large as the images that an average seed has there. The diagonal is where the two agree.

    found: technique → one result for each seed. Dots below the diagonal are of a network that is too sure.
    """
    agree = [{"confidence": 0.0, "accuracy": 0.0, "to": 1.0}]
    rows = [row for name, some in found.items() for row in reliability_rows(name, some)]
    return figure(_reliability_chart, {"diagonal": agree, "bins": rows}, names=list(found))


def reliability_rows(name: str, found: Sequence[Calibration]) -> list[Row]:
    """The bins of one technique that have images, in rising order of confidence."""
    count, confidence, right = (sum(getattr(one, key) for one in found) for key in ("count", "sum_confidence", "right"))
    return [
        {
            "technique": name,
            "confidence": short(confidence[i] / count[i]),
            "accuracy": short(right[i] / count[i]),
            "images": short(count[i] / len(found)),
        }
        for i in count.nonzero()[0]
    ]


def _reliability_chart(look: Look, *, names: Sequence[str]) -> alt.LayerChart:
    import altair as alt

    x = alt.X("confidence:Q", title="confidence", scale=alt.Scale(domain=[0, 1]), axis=number_axis("%", ticks=10))
    y = alt.Y("accuracy:Q", title="share that is right", scale=alt.Scale(domain=[0, 1]), axis=number_axis("%"))
    place = {"x": x, "y": y, "color": by_technique(look, names)}
    size = alt.Size("images:Q", scale=alt.Scale(domain=[0, LARGEST], range=[16, 40 * look.height / 10]), legend=None)
    tooltip = [
        told("technique"),
        told("confidence", "mean confidence", ".1%"),
        told("accuracy", "share that is right", ".1%"),
        told("images", "images, mean over seeds", ",.0f"),
    ]
    return layered(
        look,
        # A rule from one corner to the other: as a line it would be read out with the networks' own.
        rows_of("diagonal").mark_rule(color=MARK, strokeDash=DASHES["dashed"]).encode(x=x, y=y, x2="to:Q", y2="to:Q"),
        rows_of("bins").mark_line(strokeWidth=look.stroke).encode(**place),
        rows_of("bins").mark_point(filled=True, opacity=0.75).encode(**place, size=size, tooltip=tooltip),
    )
