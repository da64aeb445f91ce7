"""Optima in the plane against a numerical optimiser, brute force over a grid, and their own optimality conditions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from core.maths.plane import (
    Zeros,
    ball,
    count_zeros,
    losses_of,
    minimisers,
    objective,
    one_loss,
    random_losses,
    rough_minimisers,
)
from core.maths.shrinkage import L1, L2, Penalty

CENTRES = st.tuples(st.floats(-2, 2), st.floats(-2, 2))
TILTS, STRETCHES, STRENGTHS = st.floats(0, 180), st.floats(1, 4), st.floats(0, 3)
CONVEX = [L1, L2, Penalty(1.5), Penalty(3.0), Penalty(4.0), Penalty(alpha=0.0), Penalty(alpha=0.4), Penalty(alpha=1.0)]


@given(CENTRES, TILTS, STRETCHES)
def test_a_loss_has_its_centre_tilt_and_stretch(centre, tilt, stretch):
    losses = one_loss(centre, tilt, stretch)
    values, vectors = np.linalg.eigh(losses.matrices[0])
    assert np.allclose(values, [1 / stretch, stretch], rtol=1e-9)
    assert losses.at(np.array([centre])) == pytest.approx(0, abs=1e-12)
    along = np.array([np.cos(np.radians(tilt)), np.sin(np.radians(tilt))])  # the long axis of the ellipse
    assert losses.at(np.array([centre]) + along)[0] == pytest.approx(1 / stretch / 2, rel=1e-9)


@given(CENTRES, TILTS, STRETCHES, STRENGTHS, st.sampled_from(CONVEX))
def test_a_convex_minimum_is_not_beaten_by_an_optimiser(centre, tilt, stretch, strength, penalty):
    losses = one_loss(centre, tilt, stretch)
    found = minimisers(losses, strength, penalty)

    def value(w):
        return float(objective(losses, np.array([w]), strength, penalty)[0])

    ours = value(found[0])
    for start in (centre, (0.1, -0.1), found[0]):
        assert ours <= minimize(value, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).fun + 1e-7


@given(CENTRES, TILTS, STRETCHES, st.floats(0.01, 3), st.sampled_from([0.5, 0.75, 0.9]))
def test_where_there_are_several_minima_the_lowest_of_a_grid_is_not_lower(centre, tilt, stretch, strength, p):
    losses, penalty = one_loss(centre, tilt, stretch), Penalty(p)
    found = minimisers(losses, strength, penalty)
    at = np.linspace(-5, 5, 401)
    grid = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 1, 2)
    lowest = (losses.at(grid) + strength * penalty(grid).sum(axis=-1)).min()
    assert float(objective(losses, found, strength, penalty)[0]) <= lowest + 1e-6


@given(CENTRES, TILTS, STRETCHES, st.floats(0.01, 3), st.sampled_from([0.3, 1.0]))
def test_the_elastic_nets_minimum_meets_its_conditions(centre, tilt, stretch, strength, alpha):
    """0 must lie in the subdifferential: gradient = −λα·sign(w) where w is not 0, within ±λα where it is."""
    losses = one_loss(centre, tilt, stretch)
    w = minimisers(losses, strength, Penalty(alpha=alpha))[0]
    gradient = losses.matrices[0] @ (w - np.array(centre)) + 2 * strength * (1 - alpha) * w
    limit = strength * alpha
    for g, coordinate in zip(gradient, w, strict=True):
        if coordinate == 0:
            assert abs(g) <= limit + 1e-9
        else:
            assert g == pytest.approx(-limit * np.sign(coordinate), abs=1e-8)


def test_many_at_once_are_each_ones_own():
    losses = random_losses(20)
    for penalty in (*CONVEX, Penalty(0.5)):
        together = minimisers(losses, 0.7, penalty)
        for i in range(20):
            alone = minimisers(type(losses)(losses.matrices[i : i + 1], losses.centres[i : i + 1]), 0.7, penalty)
            assert np.allclose(together[i], alone[0], atol=2e-4)
            assert ((together[i] == 0) == (alone[0] == 0)).all()


def test_l1_makes_zeros_in_many_of_random_losses_and_l2_in_none():
    losses = random_losses(2000)
    counted = {
        name: count_zeros(minimisers(losses, 0.5, penalty))
        for name, penalty in {"L1": L1, "L2": L2, "half": Penalty(0.5), "elastic": Penalty(alpha=0.5)}.items()
    }
    assert all(c.none + c.one + c.both == 2000 for c in counted.values())
    assert counted["L2"] == Zeros(2000, 0, 0)
    assert counted["half"].none < counted["L1"].none < counted["elastic"].none < 2000


def test_zeros_of_l1_are_those_of_proximal_gradient_descent():
    """An algorithm that knows nothing of sign patterns, run until it stands still."""
    losses = random_losses(200, seed=3)
    steepest = np.linalg.eigvalsh(losses.matrices)[:, -1:]
    w = losses.centres.copy()
    for _ in range(4000):
        step = w - np.einsum("nij,nj->ni", losses.matrices, w - losses.centres) / steepest
        w = np.sign(step) * np.maximum(np.abs(step) - 0.5 / steepest, 0)
    found = minimisers(losses, 0.5, L1)
    assert np.allclose(w, found, atol=1e-9) and ((w == 0) == (found == 0)).all()


@given(st.floats(0.1, 4), st.sampled_from([*CONVEX, Penalty(0.5)]))
def test_a_ball_is_the_level_set_with_its_corners_on_the_axes(level, penalty):
    curve = ball(penalty, level)
    assert np.allclose(penalty(curve).sum(axis=-1), level, rtol=1e-9)
    assert np.allclose(curve[0], curve[-1]) and curve[0, 1] == 0 and curve[90, 0] == 0 and curve[180, 1] == 0


def test_without_strength_the_minimum_is_the_centre_and_under_a_great_one_the_origin():
    losses = losses_of(np.array([[1.0, -0.5], [0.0, 0.0]]), np.array([30.0, 0.0]), np.array([3.0, 1.0]))
    for penalty in (*CONVEX, Penalty(0.5)):
        assert np.allclose(minimisers(losses, 0.0, penalty), losses.centres, atol=1e-5)
    assert (minimisers(losses, 100.0, L1) == 0).all() and (minimisers(losses, 100.0, Penalty(0.5)) == 0).all()
    assert (minimisers(losses, 100.0, L2)[0] != 0).all()


@pytest.mark.parametrize("p", [0.5, 0.75])
@pytest.mark.parametrize("strength", [0.1, 0.5, 2.0])
def test_a_rough_search_counts_the_zeros_of_the_exact_one(p, strength):
    losses = random_losses(400, seed=1)
    exact, rough = (count_zeros(of(losses, strength, Penalty(p))) for of in (minimisers, rough_minimisers))
    # two minima that are level to a thousandth may be taken for each other
    assert abs(exact.none - rough.none) <= 4 and abs(exact.both - rough.both) <= 4
