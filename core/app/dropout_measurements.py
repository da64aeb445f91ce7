"""What was measured of networks trained with dropout: accuracy against p, thinned networks, hidden units."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.app import controls
from core.app.comparisons import course_chart
from core.app.draw import chart
from core.app.gallery import one_image
from core.app.panels import captioned, numbers_table
from core.app.strengths import (
    SETTINGS,
    accuracy_path,
    curves_beside_plain,
    networks_at,
    stop_table,
    strength_controls,
)
from core.app.take_home import take_home
from core.app.weight_pictures import SPY_CAPTION, spies, threshold_controls
from core.config import DATASETS
from core.course.claims import spread
from core.course.dropout import activations_of, alone, dropout_path, ensembles_of
from core.figures.compare import Course
from core.figures.dropout import activations_figure, masks_figure, votes_figure
from core.results.activations import SWITCHED_OFF, Activations
from core.results.ensemble import N_SHOWN, Ensemble
from core.techniques import DROPOUT, PLAIN

# --- p --------------------------------------------------------------------------------------------------------------


@st.fragment
def p_panel() -> None:
    """The p slider: curves beside the plain network's, and accuracy against p in both settings."""
    plain, p = strength_controls(DROPOUT)
    config = dropout_path(plain)[p]
    curves_beside_plain(DROPOUT.name, plain, config, key="p")
    st.caption(
        "Line: mean of 5 seeds; band: from the lowest to the highest. Solid: held-out images; dashed: training "
        "images, measured in evaluation mode with the labels that they are trained on."
    )
    stop_table(networks_at(DROPOUT.name, plain, config) | {DROPOUT.name: config})
    for place, (name, base) in zip(st.columns(2), SETTINGS.items(), strict=True):
        with place:
            accuracy_path(DROPOUT, dropout_path(base), p, title=name, key=f"p_path_{base.n_train}")
    st.caption("Accuracy after the last epoch against p, in both settings. Each dot is a seed.")
    take_home(networks_at(DROPOUT.name, plain, config), key="p")


# --- thinned networks -----------------------------------------------------------------------------------------------

AVERAGED = (1, 2, 3, 5, 10, 20, 30, 50, 100)
P_STOPS = DROPOUT.stops[1:]


@st.fragment
def ensemble_panel() -> None:
    """One image under 1 to 100 thinned networks, and accuracy and loss of their average, against weight scaling."""
    with st.grid(2, min_column_width=300):
        base = SETTINGS[controls.choice("Trained on", tuple(SETTINGS), key="masks_on")]
        p = controls.stop("p", P_STOPS, 0.5, key="masks_p")
        image = int(controls.stop("Test image", range(N_SHOWN), 12, key="image"))
        n = int(controls.stop("Thinned networks averaged", AVERAGED, 10, key="masks"))
    found = ensembles_of(dropout_path(base)[p])
    if not found or not found[0].spec.n_shown:
        st.info("The thinned networks are missing: `python -m core.precompute` computes them.")
        return
    _votes(found[0], image, n)
    lines = {
        "accuracy": ({"mean of the masks": _over_seeds(found, "accuracy")}, [e.scaled[0] for e in found]),
        "loss": (
            {"mean of the masks": _over_seeds(found, "loss"), "geometric mean": _over_seeds(found, "geometric_loss")},
            [e.scaled[1] for e in found],
        ),
    }
    for place, (what, (some, scaled)) in zip(st.columns(2), lines.items(), strict=True):
        with place:
            captioned(
                masks_figure(some, scaled, n, title=f"Test {what}", percent=what == "accuracy"),
                alt_text=f"Test {what} of the average of 1 to 100 thinned networks, and by weight scaling.",
                rows=_mask_rows(found, what),
                key=f"masks_{what}",
            )
    st.caption(
        f"10,000 test images, mean of {len(found)} seeds, band from the lowest to the highest. Loss in nats per image. "
        f"One thinned network alone, the mean over the 100 masks: {alone(dropout_path(base)[p])}."
    )
    take_home({f"dropout, p = {p:g}": dropout_path(base)[p]}, key="masks")


def _over_seeds(found: list[Ensemble], name: str) -> np.ndarray:
    return np.array([getattr(e, name) for e in found])


def _votes(e: Ensemble, image: int, n: int) -> None:
    names, right = DATASETS["fashion-mnist"].class_names, int(e.classes[image])
    votes = e.probabilities[image, :n].astype(float)
    left, middle = st.columns([1, 3])
    with left:
        one_image(image)
        agree = int((votes.argmax(axis=1) == right).sum())
        st.markdown(f"Test image {image}: **{names[right]}**. {agree} of {n} thinned networks say so.")
    with middle:
        chart(
            votes_figure(votes, e.scaled_probabilities[image].astype(float), names, right),
            alt=f"Class probabilities of image {image} by {n} thinned networks, their mean, and weight scaling.",
        )
        st.caption("A tick for each thinned network; bars: their mean, and weight scaling, which is one pass.")


def _mask_rows(found: list[Ensemble], what: str) -> list[dict]:
    numbers = {f"mean: {what}": what, f"geometric mean: {what}": f"geometric_{what}"}
    return [
        {
            "networks": t,
            **{label: round(float(_over_seeds(found, name)[:, t - 1].mean()), 4) for label, name in numbers.items()},
        }
        for t in AVERAGED
    ]


# --- weights and units ----------------------------------------------------------------------------------------------


@st.fragment
def units_panel() -> None:
    """First-layer weights with and without dropout; then what the hidden units do."""
    with st.grid(2, min_column_width=300):
        base = SETTINGS[controls.choice("Trained on", tuple(SETTINGS), key="units_on")]
        p = controls.stop("p", P_STOPS, 0.5, key="units_p")
    config = dropout_path(base)[p]
    threshold = threshold_controls("spy", base.lr, 1e-4)
    spies({PLAIN.name: base, f"dropout, p = {p:g}": config}, threshold)
    st.caption(SPY_CAPTION)
    st.subheader("What it changes instead: the units")
    found = {name: activations_of(c) for name, c in {PLAIN.name: base, DROPOUT.name: config}.items()}
    if not all(found.values()):
        st.info("The hidden units are missing: `python -m core.precompute` measures them.")
        return
    layer = int(controls.choice("Hidden layer", ("1", "2"), key="units_layer")) - 1
    left, right = st.columns(2)
    with left:
        chart(
            activations_figure(
                {name: some[0].histogram[layer] for name, some in found.items()},
                title=f"Activations of hidden layer {layer + 1}",
            ),
            alt=f"Histograms of the activations of hidden layer {layer + 1}, plain and with dropout.",
        )
    with right:
        course_chart(
            {
                name: Course(np.array(SWITCHED_OFF), np.array([a.accuracy_without for a in some]))
                for name, some in found.items()
            },
            what="test accuracy with units switched off",
            x="share of hidden units switched off",
            percent=True,
            key="without",
        )
    numbers_table(
        [
            {
                "hidden layer": str(i + 1),
                "network": name,
                **{label: _of_units(some, key, i, scale, unit) for label, (key, scale, unit) in UNIT_NUMBERS.items()},
            }
            for i in (0, 1)
            for name, some in found.items()
        ]
    )
    st.caption(
        "10,000 test images, evaluation mode, mean ± standard deviation over 5 seeds. Active: the share of units above "
        "0 for an image. |Correlation|: of two units' activations over the images, averaged over all pairs. Right: "
        "the units that stay are scaled up, as in training; other units for each image."
    )
    take_home({PLAIN.name: base, f"dropout, p = {p:g}": config}, key="units")


UNIT_NUMBERS = {
    "active": ("active", 100, " %"),
    "never active": ("never", 100, " %"),
    "|correlation|": ("correlation", 1, ""),
    "mean activation": ("mean", 1, ""),
}


def _of_units(found: list[Activations], key: str, layer: int, scale: float, unit: str) -> str:
    return spread([scale * float(getattr(a, key)[layer]) for a in found]).plain(1 if unit else 3) + unit
