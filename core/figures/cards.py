"""Small pictures without axes, one a lesson, for the map of the course."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.figures.theme import DASHES, Figure, Look, figure, layered, rows_of, short

HEIGHT = 84
"""In pixels."""


@dataclass(frozen=True)
class Line:
    """A curve, in a technique's colour. x, y: (N,)."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class Dots:
    """Points in a technique's colour. x, y: (N,)."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str


@dataclass(frozen=True)
class Tile:
    """Shares (rows, columns) in [0, 1] as a picture in one colour, whose opacity they are; x: where it begins."""

    shares: np.ndarray
    colour: str
    x: float = 0.0


@dataclass(frozen=True)
class Sketch:
    """What a small picture holds, and what it shows, in a sentence for a screen reader. ranges: of x and of y, where
    both axes must have the same scale; else each is as wide as what is drawn."""

    alt: str
    lines: Sequence[Line] = ()
    dots: Sequence[Dots] = ()
    tiles: Sequence[Tile] = ()
    ranges: tuple[tuple[float, float], tuple[float, float]] | None = None


def card_figure(sketch: Sketch) -> Figure:
    """A sketch as a chart without axes."""
    curves = [
        {"x": short(x), "y": short(y), "at": at, "line": f"{number}", "colour": line.colour, "dashed": line.dashed}
        for number, line in enumerate(sketch.lines)
        for at, (x, y) in enumerate(zip(line.x, line.y, strict=True))
    ]
    rows = {
        "solid": [row for row in curves if not row["dashed"]],
        "dashed": [row for row in curves if row["dashed"]],
        "dots": [
            {"x": short(x), "y": short(y), "colour": dots.colour}
            for dots in sketch.dots
            for x, y in zip(dots.x, dots.y, strict=True)
        ],
        "tiles": [
            {"x": tile.x, "x2": tile.x + 1, "y": 0, "y2": 1, "url": tile_image(tile.shares, tile.colour)}
            for tile in sketch.tiles
        ],
    }
    return figure(_card_chart, rows, ranges=sketch.ranges)


def tile_image(shares: np.ndarray, colour: str) -> str:
    """A PNG, as a data address: a pixel for each share in [0, 1], which is the opacity of the colour ("#rrggbb")."""
    from PIL import Image

    pixels = np.zeros((*shares.shape, 4), np.uint8)
    pixels[..., :3] = tuple(bytes.fromhex(colour.removeprefix("#")))
    pixels[..., 3] = np.rint(255 * shares)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _card_chart(look: Look, *, ranges):
    import altair as alt

    def place(name: str, at: int) -> alt.X | alt.Y:
        scale = alt.Scale(domain=list(ranges[at]), nice=False) if ranges else alt.Scale(zero=False, nice=False)
        return (alt.X if name == "x" else alt.Y)(f"{name}:Q", axis=None, scale=scale)

    x, y, colour = place("x", 0), place("y", 1), alt.Color("colour:N", scale=None)
    line = {"x": x, "y": y, "color": colour, "detail": "line:N", "order": "at:Q"}
    layers = (
        rows_of("tiles").mark_image(aspect=False).encode(x=x, x2="x2:Q", y=y, y2="y2:Q", url="url:N"),
        rows_of("dashed").mark_line(strokeWidth=look.stroke, strokeDash=DASHES["dashed"]).encode(**line),
        rows_of("solid").mark_line(strokeWidth=look.stroke).encode(**line),
        rows_of("dots").mark_point(filled=True, size=45, opacity=0.8).encode(x=x, y=y, color=colour),
    )
    if ranges:
        wide, high = (end - start for start, end in ranges)
        return layered(look, *layers, plot=(round(HEIGHT * wide / high), HEIGHT))
    return layered(look, *layers, height=HEIGHT)
