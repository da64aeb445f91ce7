"""Proximal maps against a grid and a numerical optimiser; flows against an ODE solver and their own equation."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from core.maths import shrinkage
from core.maths.shrinkage import (
    L1,
    L2,
    Bowl,
    Penalty,
    arrival,
    arrival_by_speed,
    arrival_in_bowl,
    flow,
    flow_by_steps,
    flow_in_bowl,
    proximal,
    soft_threshold,
    zero_band,
)

WEIGHTS = st.floats(-5, 5)
STRENGTHS = st.just(0.0) | st.floats(1e-3, 5)
PENALTIES = st.sampled_from([0.5, 0.7, 0.99, 1.0, 1.01, 1.5, 2.0, 3.0, 4.0]).map(Penalty) | st.sampled_from(
    [0.0, 0.3, 1.0]
).map(lambda alpha: Penalty(alpha=alpha))


@given(st.floats(0.05, 3), PENALTIES)
def test_a_slope_is_the_difference_quotient_of_the_penalty(size, penalty):
    step = 1e-5
    quotient = (penalty(size + step) - penalty(size - step)) / (2 * step)
    # the quotient's own error, g‴·step²/6, is below 1e-6 for these sizes and powers
    assert float(shrinkage.slope(size, penalty)) == pytest.approx(float(quotient), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("penalty", "held"),
    [(L1, 1), (L2, 0), (Penalty(1.25), 0), (Penalty(0.5), np.inf), (Penalty(alpha=0.3), 0.3), (Penalty(alpha=0.0), 0)],
)
def test_next_to_zero_a_slope_is_what_holds_a_weight_there(penalty, held):
    assert float(shrinkage.slope(0.0, penalty)) == held
    assert penalty.makes_zeros == (held > 0)


@given(WEIGHTS, STRENGTHS, PENALTIES)
def test_a_proximal_map_is_no_worse_than_any_point_of_a_grid_or_what_an_optimiser_finds(w, strength, penalty):
    def objective(u):
        return (u - w) ** 2 / 2 + strength * penalty(u)

    found = float(proximal(w, strength, penalty))
    others = np.append(np.linspace(-6, 6, 4001), [0.0, w])
    best = minimize_scalar(objective, bounds=(min(w, 0) - 1e-9, max(w, 0) + 1e-9), method="bounded").fun
    assert objective(found) <= min(objective(others).min(), best) + 1e-12
    assert abs(found) <= abs(w) and found * w >= 0


@given(WEIGHTS, STRENGTHS)
def test_l1_takes_a_constant_off_and_makes_zeros_l2_scales_and_makes_none(w, strength):
    soft, scaled = float(proximal(w, strength, L1)), float(proximal(w, strength, L2))
    assert (soft == 0) == (abs(w) <= strength) and soft == soft_threshold(w, strength)
    assert scaled == pytest.approx(w / (1 + 2 * strength)) and (scaled == 0) == (w == 0)


@given(st.floats(0.01, 5), st.floats(0.01, 3))
def test_the_neighbours_of_l1_and_l2_in_p_are_close_to_them(w, strength):
    assume(abs(w - strength) > 1e-3)
    for p, whole in ((1.0001, L1), (0.9999, L1), (1.9999, L2), (2.0001, L2)):
        assert float(proximal(w, strength, Penalty(p))) == pytest.approx(float(proximal(w, strength, whole)), abs=0.01)
    assert float(proximal(w, strength, Penalty(alpha=1.0))) == float(proximal(w, strength, L1))
    assert float(proximal(w, strength, Penalty(alpha=0.0))) == float(proximal(w, strength, L2))


def test_maps_work_on_arrays_with_one_strength_or_one_each():
    w, strengths = np.linspace(-2, 2, 9), np.linspace(0, 1, 9)
    for penalty in (L1, L2, Penalty(0.5), Penalty(3.0), Penalty(alpha=0.5)):
        each = [float(proximal(a, s, penalty)) for a, s in zip(w, strengths, strict=True)]
        assert np.allclose(proximal(w, strengths, penalty), each, atol=1e-12)
    assert proximal(np.zeros(3), 1.0, Penalty(0.5)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("p", "alpha"), [(0.4, None), (4.1, None), (float("nan"), None), (2.0, -0.1), (2.0, 1.1)])
def test_a_penalty_outside_its_range_is_refused(p, alpha):
    with pytest.raises(ValueError, match="must lie in"):
        Penalty(p, alpha)


def slope(w, penalty):
    if penalty.alpha is not None:
        return penalty.alpha * np.sign(w) + 2 * (1 - penalty.alpha) * w
    return penalty.p * np.sign(w) * np.abs(w) ** (penalty.p - 1)


@given(st.floats(0.2, 3) | st.floats(-3, -0.2), st.floats(0.05, 2), PENALTIES)
def test_the_flow_is_that_of_an_ode_solver_until_it_arrives(w0, strength, penalty):
    end = min(2.0, 0.9 * arrival(w0, strength, penalty))
    solved = solve_ivp(lambda _, w: -strength * slope(w, penalty), (0, end), [w0], rtol=1e-9, atol=1e-11)
    assert float(flow(w0, strength, end, penalty)) == pytest.approx(solved.y[0, -1], rel=1e-5, abs=1e-7)


@given(WEIGHTS, st.floats(0.05, 3), PENALTIES)
def test_it_arrives_when_it_says_and_stays_or_never_arrives(w0, strength, penalty):
    assume(w0 == 0 or abs(w0) > 1e-3)
    at = arrival(w0, strength, penalty)
    if np.isfinite(at):
        assert np.allclose(flow(w0, strength, np.array([at * (1 + 1e-9), at + 1, at + 100]), penalty), 0, atol=1e-6)
        assert w0 == 0 or flow(w0, strength, 0.9 * at, penalty) != 0
    else:
        later = flow(w0, strength, np.array([1.0, 5.0]), penalty)
        assert (later != 0).all() and abs(later[1]) < abs(later[0]) < abs(w0)
    assert float(flow(w0, strength, 0.0, penalty)) == pytest.approx(w0)


@given(st.floats(-3, 3), st.floats(0.05, 3), st.floats(0.2, 4), st.floats(-2, 2), st.floats(0, 4))
def test_the_flow_in_a_bowl_is_that_of_small_steps(w0, strength, steepness, centre, t):
    """Against 20,000 small steps, for L1 proximal ones, which cannot jump over 0. First order: an error of about dt."""
    bowl, n = Bowl(steepness, centre), 20_000
    dt = t / n
    one, two = w0, w0
    for _ in range(n if t > 0 else 0):
        one = one - dt * steepness * (one - centre)
        one = np.sign(one) * max(abs(one) - dt * strength, 0)
        two = two - dt * (steepness * (two - centre) + 2 * strength * two)
    assert float(flow_in_bowl(w0, strength, t, bowl, "L1")) == pytest.approx(one, abs=5e-3)
    assert float(flow_in_bowl(w0, strength, t, bowl, "L2")) == pytest.approx(two, abs=5e-3)


@given(st.floats(0.1, 3), st.floats(0.1, 3), st.floats(0.2, 4), st.floats(-2, 2))
def test_it_ends_at_the_minimum_of_loss_and_penalty(w0, strength, steepness, centre):
    assume(abs(centre) > 1e-9)
    bowl = Bowl(steepness, centre)
    ends = {which: float(flow_in_bowl(w0, strength, 1e3, bowl, which)) for which in ("L1", "L2")}
    assert ends["L1"] == pytest.approx(float(soft_threshold(centre, strength / steepness)), abs=1e-9)
    assert ends["L2"] == pytest.approx(steepness * centre / (steepness + 2 * strength), abs=1e-9)
    crossed = arrival_in_bowl(w0, strength, bowl, "L2")
    assert np.isfinite(crossed) == (centre < 0)
    if np.isfinite(crossed):
        assert float(flow_in_bowl(w0, strength, crossed, bowl, "L2")) == pytest.approx(0, abs=1e-9)
    met = arrival_in_bowl(w0, strength, bowl)
    assert np.isfinite(met) == (steepness * centre < strength)
    if np.isfinite(met):
        assert float(flow_in_bowl(w0, strength, met * (1 - 1e-9), bowl, "L1")) == pytest.approx(0, abs=1e-6)


@given(st.floats(0.1, 2) | st.floats(-2, -0.1), st.floats(0.1, 2), st.floats(-1.5, 1.5))
def test_the_flow_by_steps_is_the_closed_form_for_l1_and_l2(w0, strength, centre):
    bowl, times = Bowl(1.0, centre), np.linspace(0, 3, 3001)
    for which, penalty in (("L1", L1), ("L2", L2)):
        found = flow_by_steps(w0, strength, 3.0, bowl, penalty)
        assert np.abs(found - flow_in_bowl(w0, strength, times, bowl, which)).max() < 5e-3


@pytest.mark.parametrize("penalty", [Penalty(1.5), Penalty(3.0), Penalty(4.0), Penalty(alpha=0.5), Penalty(0.5)])
@pytest.mark.parametrize(("w0", "strength", "centre"), [(1.0, 0.5, 0.8), (2.0, 0.3, 1.5), (0.5, 0.2, 1.0)])
def test_the_flow_by_steps_is_that_of_an_ode_solver_while_it_is_away_from_zero(penalty, w0, strength, centre):
    found = flow_by_steps(w0, strength, 2.0, Bowl(1.0, centre), penalty)
    positive = int(np.argmax(found < 0.05)) or len(found)
    end = (positive - 1) * 1e-3
    solved = solve_ivp(lambda _, w: -(w - centre) - strength * slope(w, penalty), (0, end), [w0], rtol=1e-9)
    assert found[positive - 1] == pytest.approx(solved.y[0, -1], abs=2e-2 if penalty.p < 1 else 3e-3)


def test_what_holds_a_weight_at_zero():
    """A cusp holds against any pull, a kink up to its height, a smooth penalty not at all."""
    for penalty, centre, stays in (
        (Penalty(0.5), -2.0, True),
        (L1, -0.4, True),
        (L1, -0.6, False),
        (Penalty(alpha=0.5), -0.2, True),
        (Penalty(alpha=0.5), -0.4, False),
        (Penalty(1.5), -0.1, False),
        (L2, -0.1, False),
    ):
        end = flow_by_steps(0.3, 0.5, 6.0, Bowl(1.0, centre), penalty)[-1]
        assert (end == 0) == stays and end <= 0, (penalty, centre)


@pytest.mark.parametrize(
    "penalty", [Penalty(0.5), L1, Penalty(1.25), Penalty(1.5), L2, Penalty(3.0), Penalty(alpha=0.5)]
)
@pytest.mark.parametrize("centre", [-1.0, 0.0, 0.2, 0.5, 1.0])
def test_whether_and_when_a_weight_meets_zero_is_what_the_steps_do(penalty, centre):
    bowl, strength, end = Bowl(1.0, centre), 0.5, 20.0
    steps = flow_by_steps(1.0, strength, end, bowl, penalty)
    there = np.flatnonzero(steps <= 0)
    predicted = arrival_by_speed(1.0, strength, bowl, penalty)
    assert np.isfinite(predicted) == (len(there) > 0)
    if len(there):
        assert predicted == pytest.approx(there[0] * 1e-3, rel=0.02, abs=5e-3)
        assert arrival_by_speed(-1.0, strength, Bowl(1.0, -centre), penalty) == pytest.approx(predicted)


def test_without_a_pull_a_smooth_penalty_below_two_brings_a_weight_to_zero_and_there_it_stays():
    for p in (1.25, 1.5):
        steps = flow_by_steps(1.0, 0.5, 6.0, Bowl(1.0, 0.0), Penalty(p))
        assert steps[-1] == 0 and (steps >= 0).all()
    assert flow_by_steps(1.0, 0.5, 6.0, Bowl(1.0, 0.0), Penalty(2.0))[-1] > 0


@given(st.floats(0.01, 3), PENALTIES)
def test_the_zero_band_is_where_the_proximal_map_is_zero(strength, penalty):
    edge = zero_band(strength, penalty)
    if edge == 0:
        assert float(proximal(1e-3, strength, penalty)) > 0 or penalty.p > 1
        assert not penalty.makes_zeros
    else:
        assert float(proximal(edge * (1 - 1e-6), strength, penalty)) == 0
        assert float(proximal(edge * (1 + 1e-6), strength, penalty)) > 0
