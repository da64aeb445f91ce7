"""What was measured of networks with L1 and L2: along every strength, weight by weight, and against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import streamlit as st

from core.app import controls, steps
from core.app.draw import chart, numbers_of
from core.app.panels import captioned, numbers_table, percent, table
from core.app.strengths import (
    CURVES_CAPTION,
    FLOOR,
    SETTINGS,
    accuracy_path,
    curves_beside_plain,
    falls_below_floor,
    networks_at,
    penalty_curve,
    stop_table,
    strength_controls,
)
from core.app.take_home import take_home
from core.app.watching import MATRIX, watch_in
from core.app.weight_pictures import (
    SPY_CAPTION,
    histogram,
    pixels_kept,
    spies,
    threshold_controls,
    weight_numbers,
)
from core.config import FIELDS, FULL, RunConfig
from core.course.claimed.l1_l2 import HELPS_FULL, HELPS_SMALL
from core.course.claims import LAST_ACCURACY, spread
from core.course.dropout import dropout_path
from core.course.l1_l2 import FOLLOWED_L1, LAST_STEPS, followed, l1_path, l2_path, one_step
from core.course.over_seeds import first_layer, first_layers, first_layers_along, runs_at
from core.figures.theme import Figure
from core.figures.weights import followed_figure, path_figure, penalties_figure, shrunk_figure
from core.results.followed import PLACES, Followed
from core.results.library import stored
from core.techniques import ADAMW, DROPOUT, L1, L1_PROXIMAL, L2, PLAIN, Path, Technique

METHODS = FIELDS["l1_method"].choices

# --- one penalty along its strength ---------------------------------------------------------------------------------


def penalties_picture(key: str) -> None:
    """Both penalties of one weight, and how hard each pulls. key: its identity on the page."""
    left, right = st.columns(2)
    with left:
        alt = "|w| and w² over w from −1.5 to 1.5."
        captioned(penalties_figure(pull=False), alt_text=alt, key=f"{key}_prices", height=340)
    with right:
        alt = "Their derivatives: sign(w), which jumps at 0, and 2w, which passes through 0."
        captioned(penalties_figure(pull=True), alt_text=alt, key=f"{key}_pulls", height=340)


def l1_panel(*, asks: str, says: str) -> None:
    """λ₁ in either setting and by either method, and what becomes of the first layer."""
    figure, side = steps.side_by_side()
    with side:
        plain, strength = strength_controls(L1)
        help_text = "A subgradient in the loss, or a proximal step after each step of the optimizer."
        method = controls.choice("Applied as a", METHODS, key="l1_by", help_text=help_text)
        threshold = _asked(asks, says, "l1", plain)
    with figure:
        _penalty_figures(L1, plain, l1_path(plain, method), strength, threshold, key="l1")


def l2_panel(*, asks: str, says: str) -> None:
    """λ₂ in either setting, and what becomes of the first layer."""
    figure, side = steps.side_by_side()
    with side:
        plain, strength = strength_controls(L2)
        threshold = _asked(asks, says, "l2", plain)
    with figure:
        _penalty_figures(L2, plain, l2_path(plain), strength, threshold, key="l2")


def _asked(asks: str, says: str, key: str, plain: RunConfig) -> float:
    """Below the strength: what to look for, what was measured, and the threshold of what is called small."""
    st.markdown(asks)
    with steps.fold("What was measured"):
        st.markdown(says)
    with steps.fold("What counts as small?"):
        return threshold_controls(key, plain.lr)


def _penalty_figures(
    of: Technique, plain: RunConfig, path: Path, strength: float, threshold: float, *, key: str
) -> None:
    config = path[strength]
    s, named = first_layer(config), networks_at(of.name, plain, config)
    shown = steps.views(("Weights", "All strengths", "Curves", "Histogram", "Penalty"), key=f"{key}_view")
    if s is None:
        st.info("These measurements are missing: `python -m core.precompute` makes them.")
        return
    if "Weights" in shown:
        weight_numbers(s, threshold)
        spies(named, threshold, key=key)
        st.caption(SPY_CAPTION)
    if "All strengths" in shown:
        _path_charts(of, path, strength, threshold, key=key)
    if "Curves" in shown:
        curves_beside_plain(of.name, plain, config, key=key)
        st.caption(CURVES_CAPTION)
    if "Histogram" in shown:
        _histogram_and_pixels(named, config, threshold, key=key)
    if "Penalty" in shown:
        _penalty_and_spread(of, plain, path, strength, key=key)
    take_home(named, key=key)


def _histogram_and_pixels(named: dict[str, RunConfig], config: RunConfig, threshold: float, *, key: str) -> None:
    left, right = st.columns([3, 2])
    with left:
        histogram(named, key=key)
    with right:
        pixels_kept({"weights left for each pixel": config}, threshold, key=key)
    st.caption(
        "On the right is the image plane: how many weights above the threshold each pixel still has. Pixels at the "
        "corners, which are black in nearly every image, lose theirs first."
    )


def _penalty_and_spread(of: Technique, plain: RunConfig, path: Path, strength: float, *, key: str) -> None:
    left, right = st.columns(2)
    with left:
        penalty_curve(of.name, plain, path[strength], key=key)
    along = first_layers_along(path)
    with right:
        wide = {
            "standard deviation": {stop: [float(s.spread) for s in some] for stop, some in along.items()},
            "largest |w|": {stop: [float(s.largest) for s in some] for stop, some in along.items()},
        }
        _path_chart(of, "Spread, first layer", wide, strength, key=key, log=True)
    st.caption(
        f"The loss in the curves is the cross-entropy alone; the penalty {of.symbol}·Σ{'|w|' if of is L1 else 'w²'} "
        "stands here by itself. It may rise, while the data pull the weights outward harder than the penalty pulls "
        "them in."
    )
    with steps.fold("The sums over seeds"):
        _norms(networks_at(of.name, plain, path[strength]))


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
    """Accuracy and sparsity along all strengths, the current one marked."""
    along = first_layers_along(path)
    sparse = {
        f"|w| ≤ {threshold:g}": {stop: [s.share_small(threshold) for s in some] for stop, some in along.items()},
        "exactly 0": {stop: [s.share_zero for s in some] for stop, some in along.items()},
    }
    left, right = st.columns(2)
    with left:
        accuracy_path(of, path, strength, title="Accuracy", key=f"{key}_accuracy_path", narrow=True)
    with right:
        _path_chart(of, "Small weights, first layer", sparse, strength, key=key)
    st.caption(
        f"The strengths stand at equal distances, and the bar marks yours. Each dot is a seed. {of.symbol} = 0 is the "
        "plain network."
        + (f" Accuracies below {percent(FLOOR, 0)} are out of the picture." if falls_below_floor(path) else "")
    )


def _path_chart(
    of: Technique, title: str, lines: dict[str, dict], strength: float, *, key: str, log: bool = False
) -> None:
    """Several numbers of the first layer along all strengths. log: on a logarithmic axis; else they are shares."""
    stops = next(iter(lines.values()))
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
            for stop, some in stops.items()
            if some
        ],
    )


# --- why one never reaches zero -------------------------------------------------------------------------------------

OPTIMIZERS = ("adam", "sgd")


EPOCHS = "Epoch by epoch"


def zero_panel(*, asks: str, asks_of_epochs: Callable[[RunConfig], str], explained: Callable[[], None]) -> None:
    """Single weights under the subgradient and under the proximal step: on the way to 0, and there; and the whole layer
    through its training. asks_of_epochs: what is asked of the training, by its setting. explained: draws what stands
    below the questions."""
    figure, side = steps.side_by_side()
    with figure:
        shown = steps.views(("Single weights", "The whole layer", EPOCHS), key="steps_view")
    if EPOCHS in shown:
        watch_in(figure, side, (L1, L1_PROXIMAL), asks=asks_of_epochs, key="zero", views=(MATRIX,))
    if {*shown} == {EPOCHS}:
        with side:
            explained()
        return
    with side:
        help_text = "Adam at a learning rate of 0.0003, or SGD at 0.1."
        optimizer = controls.choice("Trained by", OPTIMIZERS, key="steps_by", help_text=help_text)
        strength = controls.stop("λ₁", FOLLOWED_L1, 1e-3, key="steps_lambda")
        st.markdown(asks)
    found = {method: stored(spec) for method, spec in followed(optimizer, strength).items()}
    with side:
        if "Single weights" in shown and all(found.values()):
            _what_is_drawn(found[METHODS[0]])
        explained()
    with figure:
        if not all(found.values()):
            st.info("The followed weights are missing: `python -m core.precompute` follows them.")
            return
        if "Single weights" in shown:
            _both_followed(found, optimizer)
        if "The whole layer" in shown:
            spies({method: l1_path(FULL, method)[strength] for method in METHODS}, 1e-4, key="steps")
            st.caption(
                f"This is the first layer after all 20 epochs with Adam at λ₁ = {strength:g}; the threshold is 0.0001. "
                + SPY_CAPTION
            )
        take_home(
            {f"{method}, 20 epochs": l1_path(FULL, method)[strength] for method in METHODS}
            | {f"{method}, as followed": f.spec.run for method, f in found.items()},
            key="steps",
        )


def _both_followed(found: dict[str, Followed], optimizer: str) -> None:
    reach = _reach(optimizer)
    for place, (method, one) in zip(st.columns(2), found.items(), strict=True):
        with place:
            _followed_weights(one, method, reach)


def _enlarged(one: Followed) -> tuple[float, float]:
    """Where the axis of the lower pictures ends, and where beside 0 they have dashed lines: at one step of SGD. Adam's
    is longer than what its momentum leaves of it near 0."""
    step = one_step(one)
    return (1.5 * step, step) if one.spec.run.optimizer == "sgd" else (0.75 * step, 0.0)


def _what_is_drawn(one: Followed) -> None:
    end, band = _enlarged(one)
    if band:
        dashed = (
            "In the upper pictures the dashed line marks 0. In the lower ones there are three: 0, and one step to "
            f"either side of it, which is ± learning rate × λ₁ = ±{band:g}."
        )
    else:
        dashed = (
            f"In all four the dashed line marks 0. One step of Adam, about {one_step(one):g}, would lead beyond the "
            f"lower pictures, which end at ±{end:g}."
        )
    with steps.fold("What is drawn"):
        st.markdown(
            f"These are the first {one.spec.steps} training steps on all images, seed 0. Six weights are followed from "
            "each of three pixels; of the centre pixel they are the six that end largest. The lower pictures enlarge "
            f"the last {LAST_STEPS} steps of the weights that are small, with 0 in the middle. {dashed}"
        )


def _reach(optimizer: str) -> float:
    """The largest |w| that is followed at any strength: on an axis that stays when λ₁ moves, pictures can be compared,
    and are redrawn in place."""
    ways = [stored(spec) for strength in FOLLOWED_L1 for spec in followed(optimizer, strength).values()]
    return max(float(np.abs(one.weights).max()) for one in ways if one)


def _followed_weights(one: Followed, method: str, reach: float) -> None:
    zoom, band = _enlarged(one)
    figure = followed_figure(one, title=method.capitalize(), y_range=(-reach, reach))
    alt = f"Eighteen weights over {one.spec.steps} steps, {method}. {_ends_in_words(one)}"
    chart(figure, alt=alt, height=170)
    title = f"The last {LAST_STEPS} steps, near 0"
    enlarged = followed_figure(one, title=title, y_range=(-zoom, zoom), last=LAST_STEPS, band=band)
    chart(enlarged, alt=f"The small ones among them over the last {LAST_STEPS} steps, enlarged.", height=150)
    st.markdown(
        f"**{percent(one.zeros[-1])}** of the first layer exactly 0, **{percent(one.small[-1])}** up to 0.0001. "
        + _arrival_at_zero(one, one_step(one))
    )
    drawn = {"upper": figure, "lower": enlarged}
    table(partial(_numbers_of_both, drawn), key=f"followed_{method}", label="Numbers behind both figures")


def _numbers_of_both(drawn: Mapping[str, Figure]) -> list[dict]:
    return [{"figure": which, **row} for which, figure in drawn.items() for row in numbers_of(figure)]


def _ends_in_words(one: Followed) -> str:
    """Between which numbers the weights of each place lie at the last step."""
    ends = ((place, one.weights[-1, i]) for i, place in enumerate(PLACES))
    said = "; ".join(f"{place}, {some.min():.2g} to {some.max():.2g}" for place, some in ends)
    return f"At the end they lie: {said}.".replace("-", "−")


def _arrival_at_zero(one: Followed, reach: float) -> str:
    """When the corner's weights came within reach of 0, and what they do there."""
    steps = one.arrival("corner", reach)
    there = steps[steps >= 0]
    if not len(there):
        return f"None of the corner's weights has come to 0 within {one.spec.steps} steps."
    when = f"step {there.min()}" if there.min() == there.max() else f"steps {there.min()} to {there.max()}"
    if len(there) < len(steps):
        some = f"{len(there)} of the corner's {len(steps)} weights have come to 0, at {when}."
        return f"{some} The others are still on their way."
    band = float(one.band("corner", LAST_STEPS).max())
    stay = f"stay within ±{band:.2g}" if band else "stay exactly 0"
    return f"The corner's weights come to 0 at {when}, and {stay}."


# --- in the loss or decoupled ---------------------------------------------------------------------------------------


def decay_panel(*, asks: str, explained: Callable[[RunConfig], None], below: Callable[[], None]) -> None:
    """L2 in the loss and AdamW's decay, each with its own slider: the weights, and accuracy against their spread.
    explained: draws what stands below the question, for the setting that is chosen. below: what stands below the
    figures."""
    figure, side = steps.side_by_side()
    with side:
        plain, decay = strength_controls(ADAMW)
        coupled = controls.stop("λ₂ of L2 in the loss, beside it", L2.stops, 3e-4, key="coupled")
        st.markdown(asks)
        explained(plain)
    paths = {L2.name: L2.path(plain), ADAMW.name: ADAMW.path(plain)}
    at = {L2.name: coupled, ADAMW.name: decay}
    named = {name: path[at[name]] for name, path in paths.items()}
    told = {
        PLAIN.name: plain,
        f"L2 in the loss, λ₂ = {coupled:g}": named[L2.name],
        f"AdamW, weight_decay = {decay:g}": named[ADAMW.name],
    }
    with figure:
        left, right = st.columns(2)
        with left:
            histogram({PLAIN.name: plain, **named}, key="decay", height=240)
        with right:
            st.space("medium")
            _accuracy_against_spread(paths, at)
        st.caption(
            "On the left is seed 0. On the right each point is a strength, the mean of five seeds; the further left a "
            "point lies, the smaller the weights are. The ringed points are yours."
        )
        with steps.fold("Accuracy and loss of the three"):
            stop_table(told)
        below()
        take_home(told, key="decay")


def _accuracy_against_spread(paths: dict[str, Path], at: dict[str, float]) -> None:
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
    captioned(
        shrunk_figure(points, at),
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
        height=240,
    )


# --- side by side, as the notebook has them -------------------------------------------------------------------------


def three_spies(*, asks: str, says: str) -> None:
    """The plain network, dropout and L1, with one threshold."""
    figure, side = steps.side_by_side(8, 3)
    with side:
        threshold = threshold_controls("three", FULL.lr, 1e-4)
        st.markdown(asks)
        p = controls.stop("Dropout p", DROPOUT.stops, 0.5, key="three_p")
        strength = controls.stop("λ₁", L1.stops, 1e-3, key="three_lambda")
    named = {
        PLAIN.name: FULL,
        f"dropout, p = {p:g}": dropout_path(FULL)[p],
        f"L1, λ₁ = {strength:g}": l1_path(FULL)[strength],
    }
    with figure:
        spies(named, threshold, key="three")
        with steps.fold("What was measured"):
            st.markdown(f"{says}\n\n{SPY_CAPTION}")
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
                    "against plain": (HELPS_FULL if plain == FULL else HELPS_SMALL)[of].told,
                }
            )
        st.markdown(f"**{setting}**")
        st.table(rows)
