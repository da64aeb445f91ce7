"""The conventions of L2, converted into each other."""

from __future__ import annotations

import streamlit as st

from core.app import controls, failures
from core.app.panels import percent
from core.config import FULL
from core.maths.conventions import ADAMW, CONVENTIONS, pull, shrinkage, strength_of

NAMES = tuple(convention.name for convention in CONVENTIONS)
RATES = (1e-4, 3e-4, 1e-3, 1e-2, 0.1)
LARGEST = 100.0


@failures.fragment
def calculator() -> None:
    """A strength in one convention, and the same in all; what it does to a weight that the data leave alone."""
    name = controls.choice("You have", NAMES, key="written")
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        strength = st.number_input(
            "Its number", value=1e-3, step=1e-3, format="%.6g", key="calc_number", persist_state="session"
        )
    with right:
        lr = controls.stop("Learning rate", RATES, 3e-4, key="calc_lr")
    if not 0 <= strength <= LARGEST:
        st.warning(f"Please give a strength from 0 to {LARGEST:g}, not {strength:g}.")
        return
    c = pull(strength, CONVENTIONS[NAMES.index(name)])
    st.latex(rf"\text{{pull on a weight: }} c\,w = {_latex(c)}\,w")
    kept = f"{1 - lr * c:.12g}"
    st.markdown("A step of SGD or AdamW, where the data do not pull:")
    st.latex(rf"w \leftarrow (1 - {_latex(lr)} \cdot {_latex(c)})\,w")
    st.latex(rf"= {kept}\,w")
    st.table(
        [
            {
                "convention": convention.name,
                "number": f"{strength_of(c, convention):.6g}",
                "pulls": "in the gradient" if convention.in_gradient else "separately",
                "in PyTorch": f"`{convention.code.format(strength=f'{strength_of(c, convention):.6g}', lr=f'{lr:g}')}`",
            }
            for convention in CONVENTIONS
        ]
    )
    if lr * c > 2:
        st.warning("Learning rate × c is above 2: each step throws the weight further to the other side, and it grows.")
    else:
        st.markdown(
            f"A weight whose data gradient is 0 keeps, after the {FULL.steps:,} steps of the full setting, "
            f"**{percent(abs(shrinkage(c, lr, FULL.steps)))}** of its size under SGD or AdamW."
        )
    st.markdown(
        f"The first three rows are the same step under any optimizer. *{ADAMW.name}* makes the same step under plain "
        f"SGD, but under Adam **no number makes it equal to the other three**. `weights` are the weights of the "
        f"linear layers; the "
        "biases go to the optimizer as a second group: `[{'params': weights, 'weight_decay': …}, {'params': biases}]`. "
        "With `model.parameters()` the optimizer decays the biases too, and the γ and β of a norm."
    )


def _latex(x: float) -> str:
    """A number in LaTeX: 0.0003, 2·10⁻⁷."""
    text = f"{x:.4g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
