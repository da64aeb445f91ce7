"""Two regularizers at once, on a page, what stopping early adds to each, and a mixture of the student's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.app import controls, steps
from core.app.comparisons import course_chart
from core.app.panels import captioned, own_run
from core.config import SMALL_AND_NOISY
from core.course.claims import MISSING, percent, spread
from core.course.grid import OVER_IMAGES, OVER_WRONG_LABELS, Place
from core.course.together import (
    BATCH_NORM_DROPOUT,
    BATCH_NORM_L2,
    NAMED,
    OWN_MIXTURE,
    PAIRS,
    Pair,
    in_words,
    relative_steps,
    shift_in_words,
    steps_in_words,
    stopping_gains,
    stopping_in_words,
    variance_shifts,
)
from core.figures.compare import Course, stops_figure
from core.figures.gains import gains_figure
from core.figures.sharpness import sharpness_figure
from core.results.relative_steps import RelativeSteps
from core.techniques import BATCH_NORM, DROPOUT, L2, MAX_NORM

# --- pairs ----------------------------------------------------------------------------------------------------------


def _key(pair: Pair) -> str:
    """Of the slider of the second technique's strength, in the address."""
    return "with_" + pair.name.replace(" and ", "_").replace(" ", "_").replace("-", "_").lower()


MIXED_FIRST = ("norm", DROPOUT.strength, L2.strength, MAX_NORM.strength)
"""The settings of a mixture that stand open."""
ACCURACY, WHY = "Accuracy", "Why"
EARLY, OWN = "early stopping and each technique", "a mixture of your own"
"""What can be looked at beside the pairs."""
STOPPING_SETTINGS = ("stop_move", "stop_wrong", "stop_images")
SETTINGS = ("pair", "pair_view", *map(_key, PAIRS), *STOPPING_SETTINGS, *OWN_MIXTURE, "notebook_loss")


def panel(*, asks: str, says: dict[str, str]) -> None:
    """One pair of techniques, or stopping early beside each of them, or what the student sets up. asks: a question that
    fits every pair. says: the name of a pair → what a student should know of it, in Markdown."""
    chosen = controls.pick("Together", (*NAMED, EARLY, OWN), key="pair")
    if chosen == OWN:
        own_run(
            OWN_MIXTURE,
            SMALL_AND_NOISY,
            says="2,000 images, a fifth of the labels wrong. Set several techniques at once.",
            first=MIXED_FIRST,
            key="mixture",
        )
    elif chosen == EARLY:
        _stopping_panel()
    else:
        _pair_panel(NAMED[chosen], asks, says[chosen])


def _pair_panel(pair: Pair, asks: str, says: str) -> None:
    """The accuracy of a pair over the strengths of its second technique, with and without the first; for two pairs,
    what was measured to see why."""
    figure, side = steps.side_by_side()
    with side:
        stop = controls.stop(pair.second.label, pair.stops, pair.stops[-1], key=_key(pair))
        st.markdown(asks)
    with figure:
        views = (ACCURACY, WHY) if pair in REASONS else (ACCURACY,)
        for view in steps.views(views, key="pair_view") if len(views) > 1 else views:
            _pair_chart(pair, stop) if view == ACCURACY else REASONS[pair](stop)
    with side:
        st.markdown(in_words(pair, stop))
        with steps.fold("Why?"):
            st.markdown(says)
            st.markdown({BATCH_NORM_L2: steps_in_words, BATCH_NORM_DROPOUT: shift_in_words}.get(pair, _nothing)(stop))


def _nothing(stop: float) -> str:
    return ""


def _pair_chart(pair: Pair, current: float) -> None:
    with_it = f"with {pair.first.name}"
    values = {
        name: {stop: pair.accuracies(stop, both=both) for stop in pair.stops}
        for name, both in ((pair.second.name, False), (with_it, True))
    }
    x_title = f"{pair.second.symbol} of {pair.second.name}"
    captioned(
        stops_figure(
            values,
            current,
            x_title=x_title,
            title="Test accuracy",
            colours={with_it: pair.first.name},
            stops=pair.stops,
        ),
        alt_text=f"Test accuracy against {x_title}, with and without {pair.first.name}.",
        caption=f"2,000 images, a fifth of the labels wrong. Each dot is a seed. At the left, {pair.second.name} is "
        "off.",
        rows=[
            {"network": name, x_title: stop, "mean accuracy": percent(spread(some).mean), "seeds": len(some)}
            for name, by_stop in values.items()
            for stop, some in by_stop.items()
            if some
        ],
        key="pair",
    )


def _relative_steps_chart(stop: float) -> None:
    """How far a step moves the first layer's weights relative to their length, with L2 and without."""
    with_l2 = f"with {L2.name}"
    named = {BATCH_NORM.name: relative_steps(0)} | ({with_l2: relative_steps(stop)} if stop else {})
    course_chart(
        {name: _course(found) for name, found in named.items() if found},
        what="relative step, first layer",
        x="epoch",
        percent=True,
        log_y=True,
        key="pair_steps",
        colours={with_l2: L2.name},
    )
    st.caption("How far one step moves the weights, as a share of their length: the mean over the steps of an epoch.")


def _course(found: Sequence[RelativeSteps]) -> Course:
    values = np.array([steps.relative_step[:, 0] for steps in found])
    return Course(np.arange(1, values.shape[1] + 1), values)


def _variances_chart(stop: float) -> None:
    """The variance that batch norm divides by over the one that is there in evaluation mode, of both layers."""
    found = variance_shifts(stop)
    if not found:
        st.info(f"{MISSING.capitalize()}.")
        return
    values = {f"norm {layer}": [(s.ratio(layer), 0.0) for s in found] for layer in (1, 2)}
    x_title = "running variance / variance in evaluation mode"
    captioned(
        sharpness_figure(values, x_title=x_title),
        alt_text=f"{x_title.capitalize()}, for the norms of both hidden layers.",
        caption="The median over the units of a layer. Dots are seeds. Where it is 1, nothing shifts.",
        rows=[
            {"norm": name, "seed": seed, "ratio": round(ratio, 4)}
            for name, some in values.items()
            for seed, (ratio, _) in enumerate(some)
        ],
        key="pair_variances",
    )


REASONS = {BATCH_NORM_L2: _relative_steps_chart, BATCH_NORM_DROPOUT: _variances_chart}

# --- stopping early -------------------------------------------------------------------------------------------------


def _stopping_panel() -> None:
    """What stopping early gains beside each technique at one place of the grid."""
    figure, side = steps.side_by_side()
    with side:
        st.markdown("**For which techniques does it pay to stop early, and for which no longer?**")
        place = _place()
    found = stopping_gains(place)
    with figure:
        captioned(
            gains_figure(
                {name: change.interval(100) for name, change in found.items()},
                x_title="points gained by stopping early",
                title="Test accuracy",
            ),
            alt_text=f"What stopping early gains in test accuracy for each technique, with {place.in_words}.",
            caption="The weights of the epoch with the lowest validation loss, against those of the last epoch. Each "
            "dot is a mean over seeds, each line its 95 % interval.",
            key="stopping",
        )
    with side:
        st.markdown(stopping_in_words(place))


def _place() -> Place:
    along = controls.choice("Move", ("Wrong labels", "Images"), key="stop_move")
    if along == "Images":
        return OVER_IMAGES[
            int(controls.stop("Training images", tuple(OVER_IMAGES), Place().n_train, key="stop_images"))
        ]
    shares = tuple(OVER_WRONG_LABELS)
    return OVER_WRONG_LABELS[controls.stop("Share of wrong labels", shares, Place().label_noise, key="stop_wrong")]
