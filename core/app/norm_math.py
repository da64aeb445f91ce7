"""The mathematics of norms with sliders: the vector (1, ε), optima in the plane, maps, flows, real weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.app import controls, failures, frame, steps
from core.app.draw import chart
from core.app.panels import captioned, percent
from core.app.take_home import take_home
from core.config import FULL
from core.figures.shrinkage import (
    flows_figure,
    mapped_figure,
    maps_figure,
    moves_figure,
    optimum_figure,
    shortened_figure,
    slopes_figure,
    zeros_figure,
)
from core.maths.plane import Losses, count_zeros, minimisers, one_loss, random_losses, rough_minimisers
from core.maths.shrinkage import (
    L1,
    L2,
    STEP,
    Bowl,
    Penalty,
    arrival,
    arrival_by_speed,
    arrival_in_bowl,
    flow,
    flow_by_steps,
    flow_in_bowl,
    proximal,
    slope,
    zero_band,
)
from core.maths.small_vector import NORMS, gradients
from core.results.library import stored_run

# --- the vector (1, ε) ----------------------------------------------------------------------------------------------

EPSILONS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)
DELTAS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5)


AS_CURVES, IN_NUMBERS, IN_THE_PLANE = VECTOR_VIEWS = ("The norms", "In numbers", "In the plane")


def vector_panel(*, asks: Mapping[str, str], says: str) -> None:
    """x = (1, ε) shortened by δ along either axis: the norms as curves, as formulas with the numbers put in, and in the
    plane. asks: what the student is to find out in each of VECTOR_VIEWS. says: the answer, folded away."""
    figure, side = steps.side_by_side()
    with figure:
        shown = steps.views(VECTOR_VIEWS, key="vector_view")
    with side:
        epsilon = controls.stop("ε, the small entry", EPSILONS, 0.2, key="epsilon")
        delta = controls.stop("δ, what is taken away", DELTAS, 0.1, key="delta")
        for view in shown:
            st.markdown(asks[view])
        with steps.fold("Answer"):
            st.markdown(says)
    with figure:
        if AS_CURVES in shown:
            _norm_curves(epsilon, delta)
        if IN_NUMBERS in shown:
            start = {"L1": 1 + epsilon, "L2": 1 + epsilon**2}
            st.table([_norm_row(name, epsilon, delta, start[name[:2]]) for name in NORMS])
        if IN_THE_PLANE in shown:
            _moved(epsilon, delta)
        for note in _kink_notes(epsilon, delta):
            st.warning(note)


def _norm_curves(epsilon: float, delta: float) -> None:
    for place, which in zip(st.columns(2), ("L2", "L1"), strict=True):
        from_large, from_small = (NORMS[f"{which}, from the {end}"].value(epsilon, delta) for end in ("large", "small"))
        norm = "Squared L2 norm" if which == "L2" else "L1 norm"
        with place:
            captioned(
                shortened_figure(which, epsilon, delta),
                alt_text=f"{norm} of x − v and of x − d over δ from 0 to 1.5, ε = {epsilon:g}. At δ = {delta:g} they "
                f"are {from_large:.3g} and {from_small:.3g}.",
                key=f"shortened_{which}",
            )
    st.caption(
        "The dots mark your δ. Up to δ = ε the two lines of L1 coincide. *The notebook*, the lesson notebook that this "
        "course grew out of, writes 1 − δ + ε for both of them at every δ. At an open square that stops holding; *In "
        "numbers* has what holds beyond."
    )


def _moved(epsilon: float, delta: float) -> None:
    points = {"x": (1.0, epsilon), "x − v": (1 - delta, epsilon), "x − d": (1.0, epsilon - delta)}
    captioned(
        moves_figure(epsilon, delta),
        alt_text=f"x = (1, {epsilon:g}) with x − v and x − d, and both balls through x.",
        caption="x and the two shortened vectors. On the square that stands on a corner the L1 norm is as large as "
        "that of x, and on the circle the L2 norm is. Inside either of them its norm is smaller.",
        rows=[{"vector": name, "x₁": round(a, 6), "x₂": round(b, 6)} for name, (a, b) in points.items()],
        key="moves",
    )


def price_panel(*, asks: str, says: str) -> None:
    """What the next bit of shortening brings, at either entry of (1, ε), under either norm: the slope of each."""
    figure, side = steps.side_by_side()
    with side:
        epsilon = controls.stop("ε, the small entry", EPSILONS, 0.1, key="price_epsilon")
        gained = gradients(epsilon)
        st.table(
            [
                {
                    "norm": r"$\|x\|_2^2$",
                    "gained per unit from the 1": f"2·1 = {gained['L2'][0]:g}",
                    "gained per unit from the ε": f"2·ε = {gained['L2'][1]:g}",
                },
                {"norm": r"$\|x\|_1$", "gained per unit from the 1": "1", "gained per unit from the ε": "1"},
            ]
        )
        st.markdown(asks)
        with steps.fold("Answer"):
            st.markdown(says)
    with figure:
        slopes_picture({"L1": L1, "L2": L2}, epsilon, key="price", height=390)


def slopes_picture(penalties: Mapping[str, Penalty], at: float | None = None, *, key: str, height: int) -> None:
    """The slope of each penalty over the size of a weight."""
    captioned(
        slopes_figure(penalties, at),
        key=f"{key}_slopes",
        height=height,
        alt_text=f"The slopes of {', '.join(penalties)} over the size of a weight, from 0 to 2.",
    )


def _norm_row(name: str, epsilon: float, delta: float, start: float) -> dict[str, str]:
    norm = NORMS[name]
    kink = norm.kink(epsilon)
    holds = kink is None or delta <= kink
    formula = norm.formula if holds else norm.beyond
    put_in = formula.replace(r"\delta", f"({delta:g})").replace(r"\varepsilon", f"({epsilon:g})")
    value = float(norm.value(epsilon, delta))
    return {
        "norm": f"${{{norm.tex}}}$",
        "formula": f"${formula}$",
        "numbers put in": f"${put_in}$",
        "is": f"{value:.6g}",
        "change": f"{value - start:+.6g}".replace("-", "−") if value != start else "0",
    }


def _kink_notes(epsilon: float, delta: float) -> list[str]:
    notes = []
    if delta > epsilon:
        notes.append(
            f"δ = {delta:g} is more than ε = {epsilon:g}. The notebook's formula ‖x − d‖₁ = 1 − δ + ε has stopped "
            "holding. The small entry has passed 0 and grows on the other side, so the norm **rises**: it is 1 + δ − ε "
            f"= {1 + delta - epsilon:.6g}."
        )
    if delta > 1:
        notes.append(
            f"δ = {delta:g} is more than 1. The large entry has passed 0 too, and ‖x − v‖₁ rises: it is δ − 1 + ε = "
            f"{delta - 1 + epsilon:.6g}."
        )
    return notes


# --- a third penalty ------------------------------------------------------------------------------------------------

KINDS = ("Lp", "elastic net")
POWERS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)

Penalties = dict[str, Penalty]


def third_penalty(*, first: bool = False) -> Penalties:
    """The widgets of a penalty of the student's choice; L1, L2 and it by name. Several steps have them, each where it
    is called. first: of these steps this is the first, and the only one that has them where the whole lesson is read;
    a change there runs all of it again."""
    if frame.is_whole() and not first:
        return st.session_state["_third"]
    kind = controls.choice("A third penalty", KINDS, key="third")
    if kind == KINDS[0]:
        p = controls.stop("p of |w|^p", POWERS, 0.5, key="power")
        name, third = f"p = {p:g}", Penalty(p)
    else:
        alpha = controls.stop("α of α|w| + (1 − α)w²", SHARES, 0.5, key="share")
        name, third = f"elastic net, α = {alpha:g}", Penalty(alpha=alpha)
    penalties = {"L1": L1, "L2": L2, name: third}
    before = st.session_state.get("_third")
    st.session_state["_third"] = penalties
    if frame.is_whole() and before not in (None, penalties):
        st.rerun()
    return penalties


# --- the plane ------------------------------------------------------------------------------------------------------

PLACES = (-2.0, -1.5, -1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0, 1.5, 2.0)
TILTS = (0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0, 105.0, 120.0, 135.0, 150.0, 165.0)
STRETCHES = (1.0, 1.5, 2.0, 3.0, 4.0)
STRENGTHS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)
TRIALS = 2000


ONE_LOSS, THOUSANDS = PLANE_VIEWS = ("One loss", "Thousands of losses")


def plane_panel(*, asks: Mapping[str, str], says: str) -> None:
    """A quadratic loss whose centre, tilt and stretch are moved, its optimum under each penalty; and thousands of
    random ones. asks: what the student is to find out in each of PLANE_VIEWS. says: the answer, folded away."""
    figure, side = steps.side_by_side()
    with figure:
        shown = steps.views(PLANE_VIEWS, key="plane_view")
    with side:
        strength = controls.stop("λ", STRENGTHS, 0.5, key="plane_lambda")
        penalties = third_penalty(first=True)
        loss = _loss_controls() if ONE_LOSS in shown else None
        for view in shown:
            st.markdown(asks[view])
        with steps.fold("Answer"):
            st.markdown(says)
            if THOUSANDS in shown:
                st.markdown(_zeros_in_words())
    with figure:
        if loss:
            _optima(loss, strength, penalties)
        if THOUSANDS in shown:
            _random_losses(strength, penalties)


def _loss_controls() -> Losses:
    """The widgets of one loss: its centre, its tilt and its stretch."""
    with st.container(horizontal=True):
        centre = (
            controls.stop("Centre, w₁", PLACES, 1.5, key="c1"),
            controls.stop("Centre, w₂", PLACES, 0.5, key="c2"),
        )
        tilt = controls.stop("Tilt (degrees)", TILTS, 30, key="tilt")
        stretch = controls.stop("Stretch", STRETCHES, 2, key="stretch")
    return one_loss(centre, tilt, stretch)


def _optimum(losses: Losses, strength: float, name: str, penalty: Penalty, *, told: bool = True) -> None:
    """The minimum of a loss under one penalty. told: as numbers above the picture as well."""
    found = minimisers(losses, strength, penalty)[0]
    if told:
        st.markdown(f"**{name}**: w = ({_number(found[0])}, {_number(found[1])})")
    alt = f"{name}: the optimum is ({found[0]:.3f}, {found[1]:.3f})."
    chart(optimum_figure(losses, found, name, penalty), alt=alt)


def _optima(losses: Losses, strength: float, penalties: Penalties) -> None:
    for place, (name, penalty) in zip(st.columns(3), penalties.items(), strict=True):
        with place:
            _optimum(losses, strength, name, penalty)
    st.caption(
        "On a grey ellipse the loss is equal; the grey dot is its minimum. The orange dot is the minimum of loss + "
        "λ·penalty, and a ring around it says that a weight is exactly 0. The coloured curve is the penalty's ball."
    )
    with steps.fold("What is drawn"):
        st.markdown(
            "The minima are found exactly, and for p other than 1 and 2 to a millionth. The ball is drawn through the "
            "orange dot, and the ellipse that touches it there is drawn in a thicker line. It is no accident that the "
            "minimum "
            "of the sum is also the lowest loss *within the ball*: a point with a lower loss and no larger penalty "
            "would make the sum smaller."
        )


def slope_panel(*, asks: Mapping[str, str], says: str) -> None:
    """The slope of each penalty, and what the third one makes of the loss that the plane's sliders were left at. asks:
    what the student is to find out with each of KINDS as the third. says: the answer, folded away."""
    figure, side = steps.side_by_side()
    with side:
        penalties = third_penalty()
        if frame.is_whole():
            strength = _kept("plane_lambda", STRENGTHS, 0.5)
        else:
            strength = controls.stop("λ", STRENGTHS, 0.5, key="plane_lambda")
        _, third = _third(penalties)
        st.markdown(asks[KINDS[0] if third.alpha is None else KINDS[1]])
        st.markdown(slope_in_words(third, strength))
        with steps.fold("The three cases"):
            st.markdown(says)
    with figure:
        left, right = st.columns(2)
        with left:
            slopes_picture(penalties, key="slope", height=300)
        with right, st.container(key="square"):
            _optimum(_kept_loss(), strength, *_third(penalties), told=not frame.is_whole())
        st.caption("Left: the slopes. Right: the loss of the step before, under the third penalty.")


def slope_in_words(penalty: Penalty, strength: float) -> str:
    """Whether a penalty holds a weight at 0, and against which pull of the loss."""
    held, alpha = float(slope(0.0, penalty)), penalty.alpha
    called = f"$|w|^{{{penalty.p:g}}}$" if alpha is None else f"the elastic net (α = {alpha:g})"
    begin = f"Next to 0 the slope of {called} is"
    if np.isinf(held):
        return f"{begin} infinite: it holds a weight at 0 against every pull."
    if held == 0:
        return f"{begin} 0: it holds nothing, and the smallest pull moves a weight off 0."
    return (
        f"{begin} {held:g}: it holds a weight at 0 while the loss pulls with at most {held:g}·λ = {held * strength:g}."
    )


def _third(penalties: Penalties) -> tuple[str, Penalty]:
    return [*penalties.items()][-1]


def _kept_loss() -> Losses:
    """The loss of the plane, as its sliders were left."""
    centre = _kept("c1", PLACES, 1.5), _kept("c2", PLACES, 0.5)
    return one_loss(centre, _kept("tilt", TILTS, 30), _kept("stretch", STRETCHES, 2))


def _kept(key: str, stops: Sequence[float], default: float) -> float:
    """What another step's slider was left at; before it was drawn, what the address gives for it."""
    texts, asked = controls.texts_of(stops), st.session_state.get(key) or st.query_params.get(key)
    return stops[texts.index(asked)] if asked in texts else default


def _random_losses(strength: float, penalties: Penalties) -> None:
    shares = {name: _zero_shares(penalty, strength) for name, penalty in penalties.items()}
    captioned(
        zeros_figure(shares),
        alt_text="Shares of random losses with no, one or two entries exactly 0 at the optimum.",
        caption=f"How often is an entry of the optimum **exactly** 0? These are {TRIALS:,} random losses at your λ: "
        "centres anywhere up to ±2, any tilt, and a stretch from 1 to 4 whose logarithm is uniform.",
        rows=[
            {"penalty": name, "none is 0": percent(none), "one is 0": percent(one), "both are 0": percent(both)}
            for name, (none, one, both) in shares.items()
        ],
        key="zeros",
    )


def _zeros_in_words() -> str:
    """How often L1 and L2 make an entry 0 at the smallest and the largest λ that are offered."""
    low, high = STRENGTHS[1], STRENGTHS[-1]
    few, many = (percent(1 - _zero_shares(L1, strength)[0]) for strength in (low, high))
    l2 = percent(1 - _zero_shares(L2, high)[0])
    return (
        f"Of the random losses L1 makes an entry 0 in {few} at λ = {low:g}, and in {many} at λ = {high:g}. With a "
        f"small λ the ellipse mostly touches an edge of the ball. L2 does so in {l2}, even at λ = {high:g}."
    )


def _number(x: float) -> str:
    return "**0**" if x == 0 else f"{x:.3f}".replace("-", "−")


@st.cache_resource(max_entries=256, show_spinner=False)
def _zero_shares(penalty: Penalty, strength: float) -> tuple[float, float, float]:
    """Of TRIALS random losses, the shares with no, one, two exact zeros. For a penalty without a kink at 0 a coordinate
    is 0 only where the loss alone puts it there, which no random loss does: nothing needs to be searched."""
    if strength == 0 or not penalty.makes_zeros:
        return 1.0, 0.0, 0.0
    counted = count_zeros(rough_minimisers(random_losses(TRIALS), strength, penalty))
    return counted.none / TRIALS, counted.one / TRIALS, counted.both / TRIALS


# --- one weight -----------------------------------------------------------------------------------------------------

WEIGHTS = (-2.0, -1.0, -0.5, -0.3, -0.1, 0.0, 0.1, 0.3, 0.5, 1.0, 2.0)


def maps_panel(*, asks: str, says: str) -> None:
    """One proximal step of each penalty: what becomes of a weight."""
    figure, side = steps.side_by_side()
    with side:
        w = controls.stop("A weight", WEIGHTS, 0.3, key="map_w")
        strength = controls.stop("Step size × λ", STRENGTHS, 0.5, key="map_lambda")
        penalties = third_penalty()
        st.markdown(asks)
        with steps.fold("Answer"):
            st.markdown(says)
    before = np.linspace(-2, 2, 401)
    curves = {name: (before, proximal(before, strength, penalty)) for name, penalty in penalties.items()}
    with figure:
        captioned(maps_figure(curves, w), alt_text=f"Proximal maps of {', '.join(penalties)}.", key="maps")
        st.table(
            [
                {
                    "penalty": name,
                    "before": f"{w:g}",
                    "after": _plain(float(proximal(w, strength, penalty))),
                    "exactly 0 for |w| up to": _band(zero_band(strength, penalty)),
                }
                for name, penalty in penalties.items()
            ]
        )


def _band(reach: float) -> str:
    return f"{reach:.3f}" if reach else "0: only 0 itself"


def _plain(x: float) -> str:
    return "0" if x == 0 else f"{x:.3f}".replace("-", "−")


TIMES = np.linspace(0, 6, 61)
STARTS = (0.2, 0.5, 1.0, 1.5, 2.0)
BOWLS = ("no loss", "with a loss")
CENTRES = (-1.0, -0.5, 0.0, 0.2, 0.5, 1.0, 2.0)
PLAY_SECONDS = 0.4


def flow_panel(*, asks: str, says: str) -> None:
    """A weight under each penalty over time, which the student moves or plays."""
    playing = st.session_state.get("_playing", False)
    failures.fragment(_flow_panel, run_every=PLAY_SECONDS if playing else None)(asks, says)


def _flow_panel(asks: str, says: str) -> None:
    stops = tuple(round(float(t), 1) for t in TIMES)
    figure, side = steps.side_by_side()
    with side:
        _play_button(controls.texts_of(stops))
        time = controls.stop("Time", stops, 2, key="time")
        kind = controls.choice("The weight feels", BOWLS, key="flow_loss")
        centre = 0.0
        if kind == BOWLS[1]:
            centre = controls.stop("c, where the loss ½(w − c)² is lowest", CENTRES, 0.2, key="flow_centre")
        st.markdown(asks)
        with steps.fold("Start, λ and a third penalty"):
            w0 = controls.stop("It starts at", STARTS, 1, key="flow_w0")
            strength = controls.stop("λ", STRENGTHS[1:], 0.5, key="flow_lambda")
            penalties = third_penalty()
        with steps.fold("Answer"):
            st.markdown(says)
    if kind == BOWLS[0]:
        curves = {name: flow(w0, strength, TIMES, penalty) for name, penalty in penalties.items()}
        met = {name: arrival(w0, strength, penalty) for name, penalty in penalties.items()}
    else:
        curves, met = _flows_in_bowl(w0, strength, Bowl(1.0, centre), penalties)
    with figure:
        _flows(curves, met, stops.index(time), w0)


def _flows(curves: dict[str, np.ndarray], met: dict[str, float], now: int, w0: float) -> None:
    captioned(
        flows_figure(curves, TIMES, now, met, title="A weight over time"),
        alt_text=f"A weight from {w0:g} over time under {', '.join(curves)}.",
        rows=_flow_rows(curves),
        key="flows",
    )
    st.table(
        [
            {
                "penalty": name,
                f"at time {TIMES[now]:g}": _plain(float(curve[now])),
                "first at 0": f"{met[name]:.3g}"
                if met[name] <= TIMES[-1]
                else "never"
                if np.isinf(met[name])
                else "later",
                "then": ("stays" if curve[-1] == 0 else "goes on") if met[name] <= TIMES[-1] else "–",
            }
            for name, curve in curves.items()
        ]
    )


def arriving() -> None:
    """A weight under L1 and under L2 without a loss: the lesson's figure to remember."""
    curves = {name: flow(1.0, 0.5, TIMES, penalty) for name, penalty in (("L1", L1), ("L2", L2))}
    met = {"L1": arrival(1.0, 0.5, L1)}
    captioned(
        flows_figure(curves, TIMES, len(TIMES) - 1, met, title="A weight over time"),
        alt_text="A weight that starts at 1 falls in a straight line to 0 under L1; under L2 it halves again and "
        "again.",
        caption="The weight starts at 1, and λ is 0.5. The circle marks where L1 arrives.",
        rows=_flow_rows(curves),
        key="arriving",
    )


def _flow_rows(curves: dict[str, np.ndarray]) -> list[dict[str, float]]:
    """Where each weight is at each time, to four places after the point."""
    return [
        {"time": round(float(t), 1), **{name: round(float(curve[i]), 4) for name, curve in curves.items()}}
        for i, t in enumerate(TIMES)
    ]


def _flows_in_bowl(
    w0: float, strength: float, bowl: Bowl, penalties: Penalties
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The weight at TIMES under each penalty and the loss, and when it first meets 0: L1 and L2 in closed form, the
    third by small steps."""
    curves = {which: flow_in_bowl(w0, strength, TIMES, bowl, which) for which in ("L1", "L2")}
    met = {which: arrival_in_bowl(w0, strength, bowl, which) for which in ("L1", "L2")}
    for name in penalties.keys() - curves.keys():
        fine = flow_by_steps(w0, strength, float(TIMES[-1]), bowl, penalties[name])
        curves[name] = np.interp(TIMES, np.arange(len(fine)) * STEP, fine)
        there = np.flatnonzero(fine * w0 <= 0)
        late = arrival_by_speed(w0, strength, bowl, penalties[name])
        met[name] = float(there[0] * STEP) if len(there) else max(late, float(TIMES[-1]) + STEP)
    return curves, met


def _play_button(times: tuple[str, ...]) -> None:
    """Starts and ends the ticking; while it ticks, every redraw moves the time slider on, until its end."""
    playing, now = st.session_state.get("_playing", False), st.session_state.get("time", times[0])
    label, icon = ("Pause", ":material/pause:") if playing else ("Play", ":material/play_arrow:")
    pressed, at_end = st.button(label, key="play", icon=icon), now == times[-1]
    if playing and not (pressed or at_end):
        st.session_state.time = times[min(times.index(now) + 2, len(times) - 1)]
    elif playing or pressed:
        st.session_state._playing = not playing
        if at_end and not playing:
            st.session_state.time = times[0]
        st.rerun()  # of the whole page: only that starts or ends the ticking


# --- the network ----------------------------------------------------------------------------------------------------

NETWORK_STRENGTHS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
BIN, TICK = 0.005, 0.05
"""Widths of the histograms' bins, and of what the axis is rounded up to."""


@dataclass(frozen=True)
class _Sizes:
    """Many weights by their distinct sizes |w|, and how many weights have each, above 0 and below: kept in 16 bits, the
    weights of a layer have few."""

    sizes: np.ndarray
    above: np.ndarray
    below: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        return self.above + self.below


@st.cache_resource(show_spinner=False)
def _first_layer() -> _Sizes | None:
    """The weights of the plain network's first layer; None where the run is not stored."""
    run = stored_run(FULL)
    if run is None or run.weights is None:
        return None
    w = run.weights["linear1.weight"].astype(np.float64).ravel()
    sizes, which = np.unique(np.abs(w), return_inverse=True)
    above = np.bincount(which[w >= 0], minlength=len(sizes))
    return _Sizes(sizes, above, np.bincount(which[w < 0], minlength=len(sizes)))


def network_panel(*, asks: str, says: str) -> None:
    """One proximal step of each penalty on real weights: histograms, zeros, size."""
    figure, side = steps.side_by_side()
    with side:
        strength = controls.stop("Step size × λ", NETWORK_STRENGTHS, 0.01, key="network_lambda")
        penalties = third_penalty()
        st.markdown(asks)
    layer = _first_layer()
    with side, steps.fold("Answer"):
        st.markdown(says if layer is None else f"{_half_in_words(layer)}\n\n{says}")
    with figure:
        if layer is None:
            st.info("The network's weights are missing: `python -m core.precompute` trains it.")
            return
        _mapped(layer, strength, penalties)
        take_home({"the network": FULL}, key="network")


def _mapped(layer: _Sizes, strength: float, penalties: Penalties) -> None:
    w, n = layer.sizes, layer.counts
    edges = _edges(layer)
    # Every map is odd, so what it makes of |w| is enough.
    mapped = {"before": w} | {name: proximal(w, strength, penalty) for name, penalty in penalties.items()}
    captioned(
        mapped_figure({name: _histogram(some, layer, edges) for name, some in mapped.items()}, edges),
        alt_text="Histograms of the weights before and after each map.",
        key="mapped",
        height=300,
    )
    st.table(
        [
            {
                "": name,
                "exactly 0": percent(n[some == 0].sum() / n.sum(), 2),
                "Σ|w| left": percent((n @ some) / (n @ w), 2),
                "Σw² left": percent((n @ some**2) / (n @ w**2)),
                "largest |w|": f"{some.max():.3f}",
            }
            for name, some in mapped.items()
        ]
    )
    st.caption(f"These are all {n.sum():,} weights of the plain network's first layer (60,000 images, seed 0).")


def _half_in_words(layer: _Sizes) -> str:
    """What makes half of the weights zero under L1, and what the same does under L2."""
    half = float(layer.sizes[np.searchsorted(np.cumsum(layer.counts), layer.counts.sum() / 2)])
    return (
        f"L1 makes half of the weights zero at a step size × λ of about {half:.2g}, the median size of a weight. The "
        f"same step of L2 divides each weight by {1 + 2 * half:.3g} and makes none of them zero."
    )


def _edges(layer: _Sizes) -> np.ndarray:
    """The edges of the bins, as far on either side of 0 as the largest weight reaches; a map only shortens."""
    bins = int(np.floor(layer.sizes[-1] / TICK) + 1) * round(TICK / BIN)
    return np.arange(-bins, bins + 1) * BIN


def _histogram(sizes: np.ndarray, layer: _Sizes, edges: np.ndarray) -> np.ndarray:
    """How many weights lie in each bin, once those of each size have gone to another one."""
    values, counts = np.concatenate([sizes, -sizes]), np.concatenate([layer.above, layer.below])
    return np.histogram(values, edges, weights=counts)[0]
