"""The first layer's weights on a page: spy plots with a threshold, histograms, and what is counted of them."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.app import controls
from core.app.panels import captioned, percent
from core.app.pictures import draw_picture
from core.config import RunConfig
from core.course.over_seeds import first_layer
from core.course.pictures import spies as spy_plots
from core.figures.weights import kept_figure, weights_figure
from core.results.sparsity import RATES, THRESHOLDS, Sparsity, in_rates

UNITS = ("as a number", "in learning rates")


def threshold_controls(key: str, lr: float, default: float = 1e-3) -> float:
    """The widgets of the threshold below which a weight is called small: as a number, or in learning rates."""
    unit = controls.choice("Threshold", UNITS, key=f"{key}_unit")
    if unit == UNITS[0]:
        threshold = controls.stop("A weight is small up to |w| =", THRESHOLDS, default, key=f"{key}_threshold")
    else:
        rates = controls.stop("A weight is small up to |w| = … × learning rate", RATES, 1.0, key=f"{key}_rates")
        threshold = in_rates(rates, lr)
    st.caption(f"{_beside_rate(threshold, lr)} Adam moves a weight by about one learning rate in a step.")
    return threshold


def _beside_rate(threshold: float, lr: float) -> str:
    """How large a threshold is beside the learning rate, in a sentence."""
    times = f"{threshold / lr:.2g}"
    return (
        f"{threshold:g} equals the learning rate."
        if times == "1"
        else (f"{threshold:g} is {times} times the learning rate {lr:g}.")
    )


def spies(named: Mapping[str, RunConfig], threshold: float, *, key: str) -> None:
    """Spy plots beside each other, with the count below each."""
    draw_picture(spy_plots(named, threshold), key=f"{key}_spies")


SPY_CAPTION = (
    "Each row is a unit and each column a pixel. A weight is blue above the threshold, pale orange where it is small "
    "but not 0, and white where it is exactly 0. A unit is alive while one of its weights is above the threshold. "
    "Seed 0."
)


def pixels_kept(named: Mapping[str, RunConfig], threshold: float, *, key: str) -> None:
    """For each network the image plane: how many weights above the threshold each pixel still has."""
    found = {name: s for name, config in named.items() if (s := first_layer(config))}
    for place, (name, s) in zip(st.columns(max(1, len(found))), found.items(), strict=True):
        kept = s.kept_by_pixel(threshold)
        with place:
            middle = kept[kept.shape[0] // 2, kept.shape[1] // 2]
            captioned(
                kept_figure(kept, title=name),
                alt_text=f"Weights above the threshold for each pixel, {name}: from {kept.min()} to {kept.max()}, "
                f"{kept[0, 0]} at the upper left corner, {middle} in the middle.",
                rows=[{"row": i + 1, **{f"{j + 1}": int(n) for j, n in enumerate(row)}} for i, row in enumerate(kept)],
                key=f"{key}_kept_{name}",
            )


def weight_numbers(s: Sparsity, threshold: float) -> None:
    """The counts of one network's first layer, and what is left of its accuracy without the small weights."""
    k = s.index(threshold)
    places = st.grid(6, min_column_width=90)
    numbers = {
        "Exactly 0": percent(s.share_zero),
        f"Up to {threshold:g}": percent(s.share_small(threshold)),
        "Units alive": f"{int(s.alive[k])} of {s.spec.matrix[0]}",
        "Test accuracy": percent(s.accuracy[0]),
        "If pruned": percent(s.accuracy[k]),
        "Largest |w|": f"{float(s.largest):.3g}",
    }
    for label, value in numbers.items():
        places.metric(label, value, help=EXPLAINED.get(label))


EXPLAINED = {
    "Units alive": "Units of the first layer with at least one weight above the threshold.",
    "If pruned": "The test accuracy with all small weights of the first layer set to 0, without further training.",
}


def histogram(named: Mapping[str, RunConfig], *, key: str, height: int | None = None) -> None:
    """Histograms of first-layer weights over the same bins, one over the other; counts logarithmic on request."""
    help_text = "Shows the rare large weights beside the many small ones."
    log = controls.toggle("Logarithmic counts", key=f"{key}_log", help_text=help_text)
    counts = {name: s.histogram for name, config in named.items() if (s := first_layer(config))}
    captioned(
        weights_figure(counts, log=log, title="Weights of the first layer"),
        alt_text=f"Histograms of the first layer's weights over the same bins: {', '.join(counts)}.",
        key=f"{key}_histogram",
        height=height,
    )
