"""Training images with a wrong label, and what a network answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np

from core.figures.theme import MARK, Figure, Look, by_colour, dots, figure, layered, rows_of, told
from core.results.by_heart import EPOCHS, ByHeart
from core.techniques import COLOURS, DROPOUT, PLAIN

KINDS = {
    "✗ repeats the wrong label": COLOURS[DROPOUT.name],
    "✓ names the true class": COLOURS[PLAIN.name],
    "? names another class": MARK,
}
"""By LABEL, TRUTH, OTHER of core/results/by_heart.py: a sign, words, and a colour."""
COLUMNS = 5


def by_heart_figure(found: ByHeart, epoch: int, names: Sequence[str], *, title: str) -> Figure:
    """Each image with the label that it was given above it, and below it what the network answers after an epoch.
    names: the classes."""
    answers, kinds, signs = found.answers(epoch), found.kinds(epoch), list(KINDS)
    rows = [
        {
            "column": i % COLUMNS,
            "row": i // COLUMNS,
            "image": image_address(found.images[i]),
            "label": f"“{names[found.labels[i]]}”",
            "answer": f"{signs[kinds[i]][0]} {names[answers[i]]}",
            "kind": signs[kinds[i]],
            "is": names[found.classes[i]],
            "sure": float(found.probabilities[EPOCHS.index(epoch), i, answers[i]]),
        }
        for i in range(len(found.images))
    ]
    return figure(_by_heart_chart, {"images": rows}, rows=-(-len(rows) // COLUMNS), title=title)


def image_address(image: np.ndarray) -> str:
    """A PNG, as a data address, of an image (side, side) uint8: dark on light."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(255 - image).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _by_heart_chart(look: Look, *, rows, title):
    import altair as alt

    place = {
        "x": alt.X("column:Q", axis=None, scale=alt.Scale(domain=[-0.5, COLUMNS - 0.5], nice=False)),
        "y": alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[-0.5, rows - 0.5], nice=False, reverse=True)),
    }
    side = look.height // (2 * rows) + 4
    colour = by_colour("kind", list(KINDS.items()), dots())
    given = rows_of("images").mark_text(fontSize=look.font, color=MARK, dy=-side // 2 - look.font // 2 - 1)
    answer = rows_of("images").mark_text(fontSize=look.font, fontWeight="bold", dy=side // 2 + look.font // 2 + 2)
    tooltip = [told("is", "shows"), told("label", "label"), told("answer", "answer"), told("sure", "how sure", ".0%")]
    return layered(
        look,
        rows_of("images").mark_image(width=side, height=side).encode(**place, url="image:N", tooltip=tooltip),
        given.encode(**place, text="label:N"),
        answer.encode(**place, text="answer:N", color=colour),
        title=title,
        height=int(1.25 * look.height),
    )
