"""A small picture for each lesson, made of the results that the lesson shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from core.config import FULL, SMALL_AND_NOISY, RunConfig
from core.course.claims import LAST_ACCURACY, TRAIN_ACCURACY, NotStored
from core.course.grid import Place, gains
from core.course.over_seeds import first_layer, normalised, runs_at
from core.figures.cards import Dots, Line, Sketch, Tile
from core.figures.opening import mean_curve
from core.figures.theme import MARK
from core.maths.plane import minimisers, one_loss
from core.maths.shrinkage import Penalty
from core.results.run import Run
from core.techniques import BATCH_NORM, COLOURS, DROPOUT, L1, L2, LAYER_NORM, PLAIN


@cache
def sketch(lesson: str) -> Sketch:
    """The picture of a lesson, by its name in the address. Raises KeyError for a page that is none, NotStored where
    what it shows was not precomputed."""
    return SKETCHES[lesson]()


def _baseline() -> Sketch:
    """The two losses of the small and noisy network."""
    runs = _runs_at(SMALL_AND_NOISY)
    epochs = range(1, SMALL_AND_NOISY.epochs + 1)
    return Sketch(
        "Two learning curves of the plain network. The loss on its own images falls; on new ones it turns and rises.",
        lines=[
            Line(epochs, mean_curve(runs, "held_out_loss"), PLAIN.colour),
            Line(epochs, mean_curve(runs, "train_loss"), PLAIN.colour, dashed=True),
        ],
    )


def _runs_at(config: RunConfig) -> list[Run]:
    if found := runs_at(config):
        return found
    raise NotStored(f"there are no runs of {config}")


def _batch_norm() -> Sketch:
    """The held-out accuracy of the first epochs, without it and with it."""
    networks = normalised(FULL)
    lines = [_accuracy(_runs_at(networks[name]), name) for name in (PLAIN.name, BATCH_NORM.name)]
    return Sketch("Accuracy on new images over the first ten epochs: the plain network and batch norm.", lines=lines)


def _accuracy(runs: Sequence[Run], name: str, epochs: int = 10) -> Line:
    return Line(range(1, epochs + 1), mean_curve(runs, "held_out_accuracy")[:epochs], COLOURS[name])


def _layer_norm() -> Sketch:
    """The final accuracies of three networks, a dot a seed."""
    dots = [
        Dots([LAST_ACCURACY.of(run) for run in runs], [-row] * len(runs), COLOURS[name])
        for row, (name, config) in enumerate(normalised(FULL).items())
        if (runs := runs_at(config))
    ]
    names = ", ".join(normalised(FULL))
    return Sketch(f"Three rows of dots, the final accuracies of five seeds each: {names}.", dots=dots)


def _dropout() -> Sketch:
    """Training and held-out accuracy along p."""
    path = DROPOUT.path(SMALL_AND_NOISY)
    lines = [
        Line([*path], [measure.mean(runs_at(config)) for config in path.values()], DROPOUT.colour, dashed=dashed)
        for measure, dashed in ((LAST_ACCURACY, False), (TRAIN_ACCURACY, True))
    ]
    return Sketch(
        "Accuracy against the dropout probability p: on training images it falls, on new ones it first rises.",
        lines=lines,
    )


def _l1_l2() -> Sketch:
    """Where in the image the first layer's large weights are, without a penalty, with L1 and with L2."""
    configs = {PLAIN.name: FULL, L1.name: L1.at(FULL, 1e-3), L2.name: L2.at(FULL, 1e-3)}
    kept = {name: found.kept_by_pixel(1e-3) for name, config in configs.items() if (found := first_layer(config))}
    tiles = [
        Tile(counts / max(1, counts.max()), COLOURS[name], x=1.15 * place)
        for place, (name, counts) in enumerate(kept.items())
    ]
    return Sketch(
        f"For each pixel of the image, how many large weights the first layer has there: {', '.join(kept)}.",
        tiles=tiles,
        ranges=((0.0, 1.15 * len(configs) - 0.15), (0.0, 1.0)),
    )


def _norm_math() -> Sketch:
    """L1's ball with its corners, and the ellipse of the loss that touches it at one."""
    loss, penalty = one_loss((0.5, 1.4), 30, 1.6), Penalty(p=1)
    (touching,) = minimisers(loss, 0.6, penalty)
    size, level = float(penalty(touching).sum()), float(loss.at(touching[None])[0])
    turn = np.linspace(0, 2 * np.pi, 97)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    values, vectors = np.linalg.eigh(loss.matrices[0])
    ellipse = loss.centres[0][:, None] + vectors @ (circle * np.sqrt(2 * level / values)[:, None])
    corners = size * np.array([[1, 0, -1, 0, 1], [0, 1, 0, -1, 0]])
    return Sketch(
        "The diamond of all weights that cost L1 the same, touched at a corner, where one weight is 0, by an ellipse "
        "of equal loss.",
        lines=[
            Line((-WIDE, WIDE), (0, 0), MARK),
            Line((0, 0), (-1, 2), MARK),
            Line(*corners, L1.colour),
            Line(*ellipse, PLAIN.colour),
        ],
        dots=[Dots([touching[0]], [touching[1]], MARK)],
        ranges=((-WIDE, WIDE), (-1, 2)),
    )


def _compare() -> Sketch:
    """What the first five ways gain over the plain network, with their intervals."""
    found = gains(Place())[:5]
    lines, dots = [Line((0, 0), (-len(found), 1), MARK)], []
    for row, gain in enumerate(found):
        mean, low, high = gain.change.interval(100)
        colour = COLOURS.get(gain.of.name, MARK)
        lines.append(Line((low, high), (-row, -row), colour))
        dots.append(Dots([mean], [-row], colour))
    names = ", ".join(gain.of.name for gain in found)
    return Sketch(f"Five rows, each a gain in accuracy with its interval: {names}.", lines=lines, dots=dots)


WIDE = 3.5
"""Half of the width of the last picture, whose height is 3."""


SKETCHES: dict[str, Callable[[], Sketch]] = {
    PLAIN.lesson: _baseline,
    BATCH_NORM.lesson: _batch_norm,
    LAYER_NORM.lesson: _layer_norm,
    DROPOUT.lesson: _dropout,
    L1.lesson: _l1_l2,
    "norm_math": _norm_math,
    "compare": _compare,
}
"""Lesson → what makes its picture."""
