"""Training images with a wrong label, and what a network answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np

from core.figures.theme import MARK, Figure, Look, Row, by_colour, dots, figure, layered, rows_of, told
from core.results.by_heart import EPOCHS, ByHeart
from core.techniques import COLOURS, DROPOUT, PLAIN

KINDS = {
    "✗ repeats the wrong label": COLOURS[DROPOUT.name],
    "✓ names the true class": COLOURS[PLAIN.name],
    "? names another class": MARK,
}
"""By LABEL, TRUTH, OTHER of core/results/by_heart.py: a sign, words, and a colour."""
COLUMNS = 4
LETTERS = 22
"""Of the longest answer, with its network: a letter is about half as wide as the font is high."""


def by_heart_figure(found: Mapping[str, ByHeart], epoch: int, names: Sequence[str]) -> Figure:
    """Each image with the label that it was given above it, and below it what each network answers after an epoch, a
    line each. found: one network, or two that were given the same images, by their short names. names: the classes."""
    first = next(iter(found.values()))
    images = [
        {
            **_place(i),
            "image": image_address(image),
            "label": f"“{names[first.labels[i]]}”",
            "is": names[first.classes[i]],
        }
        for i, image in enumerate(first.images)
    ]
    lines = {
        f"line {k}": _answers(one, epoch, names, who if len(found) > 1 else "")
        for k, (who, one) in enumerate(found.items())
    }
    return figure(
        _by_heart_chart, {"images": images, **lines}, rows_of_images=-(-len(images) // COLUMNS), lines=len(lines)
    )


def by_heart_table(found: Mapping[str, ByHeart], epoch: int, names: Sequence[str]) -> list[Row]:
    """What `by_heart_figure` shows, a row for each image: its class, the label that it was given, and what each network
    answers, with its probability."""
    first, at = next(iter(found.values())), EPOCHS.index(epoch)
    return [
        {
            "shows": names[first.classes[i]],
            "label given": names[first.labels[i]],
            **{
                f"{who} answers": f"{names[answer]} ({100 * float(one.probabilities[at, i, answer]):.0f} %)"
                for who, one in found.items()
                for answer in [one.answers(epoch)[i]]
            },
        }
        for i in range(len(first.images))
    ]


def _place(i: int) -> dict[str, int]:
    return {"column": i % COLUMNS, "row": i // COLUMNS}


def _answers(found: ByHeart, epoch: int, names: Sequence[str], who: str) -> list[Row]:
    signs, at = list(KINDS), EPOCHS.index(epoch)
    prefix = f"{who}: " if who else ""
    return [
        {
            **_place(i),
            "answer": f"{prefix}{signs[kind][0]} {names[answer]}",
            "alone": f"{signs[kind][0]} {names[answer]}",
            "kind": signs[kind],
            "sure": float(found.probabilities[at, i, answer]),
        }
        for i, (answer, kind) in enumerate(zip(found.answers(epoch), found.kinds(epoch), strict=True))
    ]


def image_address(image: np.ndarray) -> str:
    """A PNG, as a data address, of an image (side, side) uint8: dark on light."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(255 - image).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _by_heart_chart(look: Look, *, rows_of_images, lines):
    import altair as alt

    place = {
        "x": alt.X("column:Q", axis=None, scale=alt.Scale(domain=[-0.5, COLUMNS - 0.5], nice=False)),
        "y": alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[-0.5, rows_of_images - 0.5], nice=False, reverse=True)),
    }
    height, line = int(1.4 * look.height), look.font + 2
    side = (height - 2 * line) // rows_of_images - (lines + 1) * line - 10
    up = lines * line / 2  # so that an image and its words stand in the middle of their place
    images = rows_of("images").mark_image(width=side, height=side, yOffset=-up)
    label = rows_of("images").mark_text(fontSize=look.font - 1, color=MARK, dy=-up - side / 2 - line / 2)
    colour = by_colour("kind", list(KINDS.items()), dots(columns=2))
    answers = [
        rows_of(f"line {k}")
        .mark_text(
            fontSize=look.font - 1,
            fontWeight="bold",
            dy=-up + side / 2 + (k + 0.6) * line,
            # Where neighbours would run into each other the network is told by its line alone.
            text=alt.expr(f"width > {COLUMNS * LETTERS / 2 * look.font:.0f} ? datum.answer : datum.alone"),
        )
        .encode(**place, color=colour, tooltip=[told("answer"), told("sure", "how sure", ".0%")])
        for k in range(lines)
    ]
    return layered(
        look,
        images.encode(**place, url="image:N", tooltip=[told("is", "shows"), told("label", "label given")]),
        label.encode(**place, text="label:N"),
        *answers,
        height=height,
    )
