"""Dropout by hand: a drawn network whose masks the student redraws, in both conventions."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.app import controls, failures, steps
from core.app.draw import chart
from core.app.panels import captioned, table
from core.figures.dropout import expectation_figure, network_figure, network_table
from core.maths.masks import CONVENTIONS, draw_masks, expected_output, forward, keep_probability, mean_outputs

MODES = ("training", "evaluation")
STOPS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
DRAWS = 300


STEPS = {
    ("PyTorch", "training"): "Each hidden unit is switched off with probability p = {p:g}. Those that stay are "
    "**divided by 1 − p = {keep:g}**.",
    ("PyTorch", "evaluation"): "All units stay, and **nothing is scaled**: the layer does nothing.",
    ("paper", "training"): "Each hidden unit is kept with probability p = {p:g}. **Nothing is scaled.**",
    ("paper", "evaluation"): "All units stay, and each is **multiplied by p = {keep:g}**.",
}


DRAWN, AVERAGED = VIEWS = ("The network", "The average over masks")


def network_panel(*, asks: Mapping[str, str], says: str) -> None:
    """A small network with dropout in its hidden layers: masks to redraw, training and evaluation, both
    conventions. asks: what the student is to find out in each of VIEWS. says: the answer, folded away."""
    figure, side = steps.side_by_side()
    with figure:
        shown = steps.views(VIEWS, key="toy_view")
    with side:
        # the averages are of training, whatever the mode
        mode = controls.choice("Mode", MODES, key="dropout_mode") if DRAWN in shown else MODES[0]
        p = controls.stop("p", STOPS, 0.5, key="toy_p")
        convention = controls.choice("Convention", CONVENTIONS, key="convention")
        if DRAWN in shown:
            evaluated = mode == MODES[1]
            st.button("Draw new masks", key="redraw", on_click=_redraw, icon=":material/casino:", disabled=evaluated)
        for view in shown:
            st.markdown(asks[view])
        with steps.fold("Answer"):
            st.markdown(says)
    with figure:
        if DRAWN in shown:
            _network(p, convention, mode)
        if AVERAGED in shown:
            _averages(p, convention)


def _network(p: float, convention: str, mode: str) -> None:
    draw = st.session_state.get("_draw", 0)
    masks = draw_masks(p, convention, draw) if mode == MODES[0] else None
    shown, evaluated = forward(p, convention, masks), forward(p, convention, None)
    chart(network_figure(shown, masks), alt=_describe(masks, shown.output))
    st.markdown(STEPS[convention, mode].format(p=p, keep=keep_probability(p, convention)))
    if masks:
        st.markdown(f"Output now: **{shown.output:.3f}**. In evaluation: {evaluated.output:.3f}.")
        st.caption(
            f"Each circle shows what its unit hands on. This is draw {draw + 1}; the input is always the same, and a "
            "copied link opens at draw 1."
        )
    else:
        st.markdown(f"Output: **{shown.output:.3f}**, the same each time.")
        st.caption("Each circle shows what its unit hands on. Nothing is drawn at random, and the input is the same.")
    table(network_table(shown, masks), key="network")


def _averages(p: float, convention: str) -> None:
    evaluated = forward(p, convention, None)
    unit, output = mean_outputs(p, convention, DRAWS)
    first = float(evaluated.handed_on[0][0])
    expected = expected_output(p, convention)
    for place, means, goals, what in zip(
        st.columns(2),
        (unit, output),
        ((first, first), (evaluated.output, expected)),
        ("The first hidden unit (on top)", "The output"),
        strict=True,
    ):
        with place:
            captioned(
                expectation_figure(means, *goals, title=what),
                alt_text=f"{what}: the mean over 1 to {DRAWS} masks; {goals[0]:.3f} in evaluation, {goals[1]:.3f} over "
                "all masks.",
                key=f"expectation_{what}",
            )
    st.caption(
        f"What is handed on in training, averaged over up to {DRAWS} draws. Nine units have 2⁹ = 512 masks, so the "
        "mean over all of them, each weighted by its probability, is exact. For the unit it equals what evaluation "
        f"gives. For the output it is {expected:.4g}, against {evaluated.output:.4g} in evaluation."
    )


@failures.callback
def _redraw() -> None:
    st.session_state._draw = st.session_state.get("_draw", 0) + 1


def _describe(masks, output: float) -> str:
    if masks is None:
        return f"The drawn network in evaluation mode: all units are on, the output is {output:.3f}."
    on = " and ".join(f"{int(mask.sum())} of {len(mask)}" for mask in masks)
    return f"The drawn network in training: {on} hidden units are on, the output is {output:.3f}."
