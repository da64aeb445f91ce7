"""The four norms of the notebook's demonstration, against numpy's own, on both sides of their kinks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.maths.small_vector import NORMS, gradients

EPSILONS, DELTAS = st.floats(1e-6, 1), st.floats(0, 3)


def vectors(epsilon, delta):
    x = np.array([1.0, epsilon])
    return {"large": x - np.array([delta, 0.0]), "small": x - np.array([0.0, delta])}


@given(EPSILONS, DELTAS)
def test_the_norms_are_numpys(epsilon, delta):
    moved = vectors(epsilon, delta)
    for name, norm in NORMS.items():
        rest = moved["large" if "large" in name else "small"]
        expected = np.linalg.norm(rest, 1) if name.startswith("L1") else np.linalg.norm(rest, 2) ** 2
        assert float(norm.value(epsilon, delta)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(EPSILONS, DELTAS)
def test_the_formula_holds_up_to_its_kink_and_the_other_one_beyond(epsilon, delta):
    def read(tex):
        text = tex.replace(r"2\delta\varepsilon", "2*d*e").replace(r"2\delta", "2*d")
        return eval(
            text.replace(r"\delta", "d").replace(r"\varepsilon", "e").replace("^", "**"), {"d": delta, "e": epsilon}
        )  # our own text, not a reader's

    for norm in NORMS.values():
        kink = norm.kink(epsilon)
        formula = norm.formula if kink is None or delta <= kink else norm.beyond
        assert read(formula) == pytest.approx(float(norm.value(epsilon, delta)), rel=1e-9, abs=1e-9)
        assert (norm.beyond == "") == (kink is None)


@given(st.floats(1e-3, 1))
def test_the_gradients_are_the_first_gains_per_unit(epsilon):
    step = 1e-7
    for name, (large, small) in gradients(epsilon).items():
        for gain, where in ((large, "large"), (small, "small")):
            norm = NORMS[f"{name}, from the {where}"].value
            assert (norm(epsilon, 0.0) - norm(epsilon, step)) / step == pytest.approx(gain, abs=1e-5)
