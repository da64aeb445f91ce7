"""What was measured of networks with L1 and L2: along every strength, weight by weight, and against each other."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.app import controls
from core.app.draw import chart
from core.app.panels import captioned, numbers_table, percent
from core.app.strengths import (
    FLOOR,
    SETTINGS,
    accuracy_path,
    curves_beside_plain,
    networks_at,
    stop_table,
    strength_controls,
)
from core.app.take_home import take_home
from core.app.weight_pictures import (
    SPY_CAPTION,
    histogram,
    pixels_kept,
    spies,
    threshold_controls,
    weight_numbers,
)
from core.config import FIELDS, FULL, RunConfig
from core.course.claims import LAST_ACCURACY, spread
from core.course.dropout import dropout_path
from core.course.l1_l2 import FOLLOWED_L1, LAST_STEPS, followed, l1_path, l2_path, one_step
from core.course.over_seeds import against_plain, first_layer, first_layers, first_layers_along, runs_at
from core.figures.weights import followed_figure, path_figure, penalties_figure, shrunk_figure
from core.results.followed import Followed
from core.results.library import stored
from core.techniques import ADAMW, DROPOUT, L1, L2, PLAIN, Path, Technique

METHODS = FIELDS["l1_method"].choices

# --- one penalty along its strength ---------------------------------------------------------------------------------


def penalties_picture() -> None:
    """Both penalties of one weight, and how hard each pulls."""
    left, right = st.columns(2)
    chart(penalties_figure(pull=False), into=left, alt="|w| and w² over w from −1.5 to 1.5.")
    chart(penalties_figure(pull=True), into=right, alt="Their derivatives: sign(w), which jumps at 0, 2w.")


@st.fragment
def l1_panel() -> None:
    """λ₁ in either setting and by either method: curves, weights, and the whole path."""
    plain, strength = strength_controls(L1)
    method = controls.choice(
        "Applied as a", METHODS, key="l1_by", help_text="A subgradient in the loss, or a proximal step after each step."
    )
    _penalty_panel(L1, plain, l1_path(plain, method), strength, key="l1")


@st.fragment
def l2_panel() -> None:
    """λ₂ in either setting: curves, weights, and the whole path."""
    plain, strength = strength_controls(L2)
    _penalty_panel(L2, plain, l2_path(plain), strength, key="l2")


def _penalty_panel(of: Technique, plain: RunConfig, path: Path, strength: float, *, key: str) -> None:
    config = path[strength]
    threshold = threshold_controls(key, plain.lr)
    s = first_layer(config)
    if s is None:
        st.info("These measurements are missing: `python -m core.precompute` makes them.")
        return
    weight_numbers(s, threshold)
    curves_beside_plain(of.name, plain, config, key=key, penalty=True)
    st.caption(
        "Mean of 5 seeds; band: from the lowest to the highest. Solid: held-out images; dashed: training images. "
        f"Loss is the cross-entropy alone, the penalty {of.symbol}·Σ{'|w|' if of is L1 else 'w²'} stands by itself. "
        "It may rise: while the data pull the weights outward harder than the penalty pulls them in."
    )
    left, right = st.columns([2, 1])
    with left:
        spies(networks_at(of.name, plain, config), threshold)
    with right:
        pixels_kept({"weights left for each pixel": config}, threshold)
    st.caption(SPY_CAPTION)
    named = networks_at(of.name, plain, config)
    histogram(named, key=key)
    _norms(named)
    _path_charts(of, path, strength, threshold, key=key)
    take_home(named, key=key)


def _norms(named: dict[str, RunConfig]) -> None:
    """Σ|w|, Σw² and the spread of the weights, over seeds."""
    found = {name: first_layers(config) for name, config in named.items()}
    numbers = {
        "Σ|w|, all layers": lambda s: float(s.norms[0].sum()),
        "Σw², all layers": lambda s: float(s.norms[1].sum()),
        "Σ|w|, first layer": lambda s: float(s.norms[0, 0]),
        "Σw², first layer": lambda s: float(s.norms[1, 0]),
        "standard deviation of w, first layer": lambda s: float(s.spread),
    }
    rows = [
        {"network": name, **{label: spread([of(s) for s in some]).significant() for label, of in numbers.items()}}
        for name, some in found.items()
        if some
    ]
    numbers_table(rows)


def _path_charts(of: Technique, path: Path, strength: float, threshold: float, *, key: str) -> None:
    """Accuracy, sparsity and spread of the weights along all strengths, the current one marked."""
    along = first_layers_along(path)
    places = st.columns(3)
    with places[0]:
        accuracy_path(of, path, strength, title="Accuracy", key=f"{key}_accuracy_path", narrow=True)
    sparse = {
        f"|w| ≤ {threshold:g}": {stop: [s.share_small(threshold) for s in some] for stop, some in along.items()},
        "exactly 0": {stop: [s.share_zero for s in some] for stop, some in along.items()},
    }
    wide = {
        "standard deviation": {stop: [float(s.spread) for s in some] for stop, some in along.items()},
        "largest |w|": {stop: [float(s.largest) for s in some] for stop, some in along.items()},
    }
    for place, title, lines, log in (
        (places[1], "Small weights, first layer", sparse, False),
        (places[2], "Spread, first layer", wide, True),
    ):
        with place:
            captioned(
                path_figure(
                    lines,
                    strength,
                    colour=of.colour,
                    x_title=of.symbol,
                    title=title,
                    percent=not log,
                    log_y=log,
                    narrow=True,
                ),
                alt_text=f"{title}, against {of.symbol}.",
                key=f"{key}_{title}",
                rows=[
                    {of.symbol: f"{stop:g}", **{name: spread(by[stop]).plain(4) for name, by in lines.items()}}
                    for stop, some in along.items()
                    if some
                ],
            )
    st.caption(
        f"Along all strengths, which stand at equal distances; the bar marks yours. A dot for each seed. {of.symbol} "
        f"= 0 is the plain network. Accuracies below {percent(FLOOR, 0)} are out of the picture."
    )


# --- why one never reaches zero -------------------------------------------------------------------------------------

OPTIMIZERS = ("adam", "sgd")


@st.fragment
def zero_panel() -> None:
    """Single weights under the subgradient and under the proximal step: on the way to 0, and there."""
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        optimizer = controls.choice(
            "Trained by", OPTIMIZERS, key="steps_by", help_text="Adam at 0.0003, or SGD at 0.1."
        )
    with right:
        strength = controls.stop("λ₁", FOLLOWED_L1, 1e-3, key="steps_lambda")
    found = {method: stored(spec) for method, spec in followed(optimizer, strength).items()}
    if not all(found.values()):
        st.info("The weights' ways are missing: `python -m core.precompute` follows them.")
        return
    reach = _reach(optimizer)
    step = one_step(found[METHODS[0]])
    zoom = 1.5 * step if optimizer == "sgd" else 0.75 * step
    for place, (method, one) in zip(st.columns(2), found.items(), strict=True):
        with place:
            _followed_weights(one, method, reach, zoom, step if optimizer == "sgd" else 0.0)
    band = f", and ± learning rate × λ₁ = {step:g}" if optimizer == "sgd" else ""
    st.caption(
        f"The first {one.spec.steps} training steps, all images, seed 0; six weights from each of three pixels (of "
        f"the centre pixel the six that end largest). Below: the last {LAST_STEPS} steps of those that are small, 0 "
        f"in the middle; dashed: 0{band}."
    )
    st.markdown(f"And after all 20 epochs (Adam, λ₁ = {strength:g}), the whole first layer, threshold 0.0001:")
    spies({method: l1_path(FULL, method)[strength] for method in METHODS}, 1e-4)
    take_home(
        {f"{method}, 20 epochs": l1_path(FULL, method)[strength] for method in METHODS}
        | {f"{method}, as followed": f.spec.run for method, f in found.items()},
        key="steps",
    )


def _reach(optimizer: str) -> float:
    """The largest |w| that is followed at any strength: on an axis that stays when λ₁ moves, pictures can be compared,
    and are redrawn in place."""
    ways = [stored(spec) for strength in FOLLOWED_L1 for spec in followed(optimizer, strength).values()]
    return max(float(np.abs(one.weights).max()) for one in ways if one)


def _followed_weights(one: Followed, method: str, reach: float, zoom: float, band: float) -> None:
    figure = followed_figure(one, title=method.capitalize(), y_range=(-reach, reach))
    chart(figure, alt=f"Eighteen weights over {one.spec.steps} steps, {method}.")
    title = f"The last {LAST_STEPS} steps, near 0"
    figure = followed_figure(one, title=title, y_range=(-zoom, zoom), last=LAST_STEPS, band=band)
    chart(figure, alt=f"The small ones among them over the last {LAST_STEPS} steps, enlarged.")
    st.markdown(
        f"**{percent(one.zeros[-1])}** of the first layer exactly 0, **{percent(one.small[-1])}** up to 0.0001. "
        + _arrival_at_zero(one, one_step(one))
    )


def _arrival_at_zero(one: Followed, reach: float) -> str:
    """When the corner's weights came within reach of 0, and what they do there."""
    steps = one.arrival("corner", reach)
    there = steps[steps >= 0]
    if not len(there):
        return f"None of the corner's weights has come to 0 within {one.spec.steps} steps."
    when = f"step {there.min()}" if there.min() == there.max() else f"steps {there.min()} to {there.max()}"
    if len(there) < len(steps):
        return f"{len(there)} of the corner's {len(steps)} weights have come to 0, at {when}; the rest is on the way."
    band = float(one.band("corner", LAST_STEPS).max())
    stay = f"stay within ±{band:.2g}" if band else "stay exactly 0"
    return f"The corner's weights come to 0 at {when}, and {stay}."


# --- in the loss or decoupled ---------------------------------------------------------------------------------------


@st.fragment
def decay_panel() -> None:
    """L2 in the loss and AdamW's decay, each with its own slider: the weights, and accuracy against their spread."""
    plain, decay = strength_controls(ADAMW)
    coupled = controls.stop("λ₂ of L2 in the loss, beside it", L2.stops, 3e-4, key="coupled")
    paths = {L2.name: L2.path(plain), ADAMW.name: ADAMW.path(plain)}
    named = {L2.name: paths[L2.name][coupled], ADAMW.name: paths[ADAMW.name][decay]}
    stop_table(
        {
            PLAIN.name: plain,
            f"L2 in the loss, λ₂ = {coupled:g}": named[L2.name],
            f"AdamW, weight_decay = {decay:g}": named[ADAMW.name],
        }
    )
    left, right = st.columns(2)
    with left:
        histogram({PLAIN.name: plain, **named}, key="decay")
    with right:
        points = {
            name: {
                stop: (
                    spread([float(s.spread) for s in first_layers(config)]).mean,
                    spread(list(map(LAST_ACCURACY.of, runs_at(config)))).mean,
                )
                for stop, config in path.items()
                if first_layers(config) and runs_at(config)
            }
            for name, path in paths.items()
        }
        st.space("medium")
        captioned(
            shrunk_figure(points, {L2.name: coupled, ADAMW.name: decay}),
            alt_text="Held-out accuracy against the standard deviation of the first layer's weights, for both.",
            rows=[
                {
                    "applied": name,
                    "strength": f"{stop:g}",
                    "standard deviation of w": f"{x:.4f}",
                    "held-out accuracy": percent(y),
                }
                for name, by in points.items()
                for stop, (x, y) in by.items()
            ],
            key="shrunk",
        )
    st.caption(
        "Left: seed 0. Right: a point for each strength, mean of 5 seeds; to the left the weights are smaller. The "
        "ringed points are yours."
    )
    take_home(
        {
            PLAIN.name: plain,
            f"L2 in the loss, λ₂ = {coupled:g}": named[L2.name],
            f"AdamW, weight_decay = {decay:g}": named[ADAMW.name],
        },
        key="decay",
    )


# --- side by side, as the notebook has them -------------------------------------------------------------------------


@st.fragment
def three_spies() -> None:
    """The plain network, dropout and L1, with one threshold."""
    left, right = st.columns(2)
    with left:
        p = controls.stop("Dropout p", DROPOUT.stops, 0.5, key="three_p")
    with right:
        strength = controls.stop("λ₁", L1.stops, 1e-3, key="three_lambda")
    threshold = threshold_controls("three", FULL.lr, 1e-4)
    named = {
        PLAIN.name: FULL,
        f"dropout, p = {p:g}": dropout_path(FULL)[p],
        f"L1, λ₁ = {strength:g}": l1_path(FULL)[strength],
    }
    spies(named, threshold)
    st.caption(SPY_CAPTION)
    take_home(named, key="three")


# --- all of them ----------------------------------------------------------------------------------------------------


def defaults_table() -> None:
    """Every technique at one strength, in both settings, against the plain network."""
    for setting, plain in SETTINGS.items():
        rows = [{"network": PLAIN.name, "held-out accuracy": LAST_ACCURACY.over(runs_at(plain)), "against plain": "–"}]
        for of in (DROPOUT, L1, L2):
            at = of.strength_for(plain)
            config = of.path(plain)[at]
            rows.append(
                {
                    "network": f"{of.name}, {of.symbol} = {at:g}",
                    "held-out accuracy": LAST_ACCURACY.over(runs_at(config)),
                    "against plain": against_plain(LAST_ACCURACY, plain, config, "higher", "lower"),
                }
            )
        st.markdown(f"**{setting}**")
        st.table(rows)
