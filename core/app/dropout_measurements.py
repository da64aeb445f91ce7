"""What was measured of networks trained with dropout: accuracy against p, thinned networks, hidden units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.app import controls, steps
from core.app.comparisons import course_chart
from core.app.gallery import one_image
from core.app.panels import captioned, numbers_table, percent
from core.app.strengths import (
    CURVES_CAPTION,
    PATH_CAPTION,
    SETTINGS,
    accuracy_path,
    curves_beside_plain,
    networks_at,
    stop_table,
    strength_controls,
)
from core.app.take_home import take_home
from core.app.weight_pictures import SPY_CAPTION, spies, threshold_controls
from core.config import DATASETS, SMALL_AND_NOISY, RunConfig
from core.course.claims import spread
from core.course.dropout import activations_of, alone, dropout_path, ensembles_of
from core.figures.compare import Course
from core.figures.dropout import MEANS, activations_figure, masks_figure, votes_figure, votes_table
from core.results.activations import SWITCHED_OFF, Activations
from core.results.ensemble import N_SHOWN, Ensemble
from core.techniques import DROPOUT, PLAIN

# --- p --------------------------------------------------------------------------------------------------------------


def p_panel(*, asks: str, says: str, beside: str) -> None:
    """The p slider: curves beside the plain network's, and accuracy against p in both settings. says, beside: what was
    measured, of dropout and of what else one may do; folded away."""
    figure, side = steps.side_by_side()
    with side:
        plain, p = strength_controls(DROPOUT)
        st.markdown(asks)
        with steps.fold("What was measured"):
            st.markdown(says)
        with steps.fold("Early stopping, and a limit beside it"):
            st.markdown(beside)
    config = dropout_path(plain)[p]
    named = networks_at(DROPOUT.name, plain, config)
    with figure:
        shown = steps.views(("Curves", "Every p"), key="p_view")
        if "Curves" in shown:
            curves_beside_plain(DROPOUT.name, plain, config, key="p", height=290)
            st.caption(CURVES_CAPTION)
            stop_table(named | {DROPOUT.name: config})
        if "Every p" in shown:
            for place, (name, base) in zip(st.columns(2), SETTINGS.items(), strict=True):
                with place:
                    accuracy_path(DROPOUT, dropout_path(base), p, title=name, key=f"p_path_{base.n_train}")
            st.caption(f"Accuracy after the last epoch against p, in both settings. {PATH_CAPTION}")
        take_home(named, key="p")


def p_in_the_small_setting() -> None:
    """Accuracy against p where there is much to overfit: the lesson's figure to remember."""
    path = dropout_path(SMALL_AND_NOISY)
    accuracy_path(DROPOUT, path, DROPOUT.small, title="2,000 images, 20 % wrong labels", key="p_remembered")
    st.caption(
        "Accuracy after the last epoch. Each dot is a seed, and the line is their mean. The bar marks p = "
        f"{DROPOUT.small:g}."
    )


# --- thinned networks -----------------------------------------------------------------------------------------------

AVERAGED = (1, 2, 3, 5, 10, 20, 30, 50, 100)
P_STOPS = DROPOUT.stops[1:]


ONE_IMAGE, ALL_IMAGES = MASKS_VIEWS = ("One image", "All test images")


def ensemble_panel(*, asks: Mapping[str, str], says: str) -> None:
    """One image under 1 to 100 thinned networks, and accuracy and loss of their average, against weight scaling. asks:
    what the student is to find out in each of MASKS_VIEWS. says: what was measured, folded away."""
    figure, side = steps.side_by_side()
    with figure:
        shown = steps.views(MASKS_VIEWS, key="masks_view")
    with side:
        base = SETTINGS[controls.choice("Trained on", tuple(SETTINGS), key="masks_on")]
        n = int(controls.stop("Thinned networks averaged", AVERAGED, 10, key="masks"))
        image = int(controls.stop("Test image", range(N_SHOWN), 12, key="image")) if ONE_IMAGE in shown else 0
        p = controls.stop("p", P_STOPS, 0.5, key="masks_p")
        for view in shown:
            st.markdown(asks[view])
        with steps.fold("What was measured"):
            st.markdown(says)
    found = ensembles_of(dropout_path(base)[p])
    with figure:
        if not found or not found[0].spec.n_shown:
            st.info("The thinned networks are missing: `python -m core.precompute` computes them.")
            return
        if ONE_IMAGE in shown:
            _votes(found[0], image, n)
        if ALL_IMAGES in shown:
            _averaged(found, n)
            st.caption(f"One thinned network alone, the mean over the 100 masks: {alone(dropout_path(base)[p])}.")
        take_home({f"dropout, p = {p:g}": dropout_path(base)[p]}, key="masks")


def _averaged(found: list[Ensemble], n: int) -> None:
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
        f"Each line is the mean over {len(found)} seeds on the 10,000 test images, in a band from the lowest to the "
        "highest. The loss is in nats per image."
    )


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
        scaled = e.scaled_probabilities[image].astype(float)
        told = (
            f"{which}: {names[some.argmax()]}, {percent(some.max(), 0)}."
            for which, some in zip(MEANS, (votes.mean(axis=0), scaled), strict=True)
        )
        captioned(
            votes_figure(votes, scaled, names, right),
            alt_text=f"Class probabilities of image {image} by {n} thinned networks, their mean, and weight scaling. "
            f"Most probable by {' By '.join(told)}",
            caption="Each tick is a thinned network. The bars are their mean, and weight scaling, which takes one "
            "pass.",
            rows=votes_table(votes, scaled, names),
            key="votes",
            height=290,
        )


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


def units_panel(*, asks: str, says: str) -> None:
    """First-layer weights with and without dropout; and what the hidden units do."""
    figure, side = steps.side_by_side()
    with side:
        base = SETTINGS[controls.choice("Trained on", tuple(SETTINGS), key="units_on")]
        p = controls.stop("p", P_STOPS, 0.5, key="units_p")
        st.markdown(asks)
        with steps.fold("What was measured"):
            st.markdown(says)
        with steps.fold("What counts as small?"):
            threshold = threshold_controls("spy", base.lr, 1e-4)
    named = {PLAIN.name: base, f"dropout, p = {p:g}": dropout_path(base)[p]}
    with figure:
        shown = steps.views(("Weights", "Units off", "Activations"), key="units_view")
        if "Weights" in shown:
            spies(named, threshold, key="units")
            st.caption(SPY_CAPTION)
        if {"Units off", "Activations"} & {*shown}:
            _units(base, dropout_path(base)[p], shown)
        take_home(named, key="units")


def _units(plain: RunConfig, config: RunConfig, shown: Sequence[str]) -> None:
    found = {name: activations_of(c) for name, c in {PLAIN.name: plain, DROPOUT.name: config}.items()}
    if not all(found.values()):
        st.info("The hidden units are missing: `python -m core.precompute` measures them.")
        return
    if "Units off" in shown:
        _switched_off(found)
    if "Activations" in shown:
        _activations(found)


def _switched_off(found: dict[str, list[Activations]]) -> None:
    course_chart(
        {
            name: Course(np.array(SWITCHED_OFF), np.array([a.accuracy_without for a in some]))
            for name, some in found.items()
        },
        what="test accuracy with units switched off",
        x="share of hidden units switched off",
        percent=True,
        key="without",
        height=330,
    )
    st.caption(
        "A share of the units is switched off after training, different ones for each image, and the rest are scaled "
        "up as in training. Each line is the mean over five seeds on the 10,000 test images."
    )


def _activations(found: dict[str, list[Activations]]) -> None:
    layer = int(controls.choice("Hidden layer", ("1", "2"), key="units_layer")) - 1
    histograms = {name: some[0].histogram[layer] for name, some in found.items()}
    zeros = ", ".join(f"{name} {percent(shares[0], 0)}" for name, shares in histograms.items())
    captioned(
        activations_figure(histograms, title=f"Activations of hidden layer {layer + 1}"),
        alt_text=f"Histograms of the activations of hidden layer {layer + 1}. Exactly 0: {zeros}.",
        caption="All units and all 10,000 test images, in evaluation mode, seed 0.",
        key="activations",
        height=300,
    )
    with steps.fold("The units in numbers"):
        _unit_numbers(found)


def _unit_numbers(found: dict[str, list[Activations]]) -> None:
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
        "Mean ± standard deviation over five seeds. *Active* is the share of units above 0 for an image. "
        "*|Correlation|* is that of two units' activations over the images, averaged over all pairs."
    )


UNIT_NUMBERS = {
    "active": ("active", 100, " %"),
    "never active": ("never", 100, " %"),
    "|correlation|": ("correlation", 1, ""),
    "mean activation": ("mean", 1, ""),
}


def _of_units(found: list[Activations], key: str, layer: int, scale: float, unit: str) -> str:
    return spread([scale * float(getattr(a, key)[layer]) for a in found]).plain(1 if unit else 3) + unit
