"""The norm maths lesson: its sliders, its formulas with the numbers put in, its kinks, its play button."""

import numpy as np
import pytest
from page_reader import charts, drawn_rows, open_page

from core.app import norm_math
from core.config import FULL
from core.maths.shrinkage import L1, L2, Penalty
from core.results import store

PAGE = "pages/6_norm_math.py"


def table_with(app, column):
    return next(t.value for t in app.table if column in t.value.columns)


def rows_of(app, column):
    return [row for row in drawn_rows(app) if column in row]


@pytest.mark.parametrize(
    ("epsilon", "delta", "values", "changes"),
    [
        ("0.2", "0.1", ["0.85", "1.1", "1.01", "1.1"], ["−0.19", "−0.1", "−0.03", "−0.1"]),
        ("0.2", "0.2", ["0.68", "1", "1", "1"], ["−0.36", "−0.2", "−0.04", "−0.2"]),
        ("0.1", "0.3", ["0.5", "0.8", "1.04", "1.2"], ["−0.51", "−0.3", "+0.03", "+0.1"]),
        ("1", "1.2", ["1.04", "1.2", "1.04", "1.2"], ["−0.96", "−0.8", "−0.96", "−0.8"]),
        ("0.5", "0", ["1.25", "1.5", "1.25", "1.5"], ["0", "0", "0", "0"]),
    ],
)
def test_the_four_norms_by_hand(epsilon, delta, values, changes):
    table = table_with(open_page(PAGE, epsilon=epsilon, delta=delta), "numbers put in")
    assert [*table["is"]] == values
    assert [float(c.replace("−", "-")) for c in table["change"]] == pytest.approx(
        [float(c.replace("−", "-")) for c in changes], abs=1e-9
    )


def test_past_a_kink_the_page_says_so_and_shows_the_other_formula():
    app = open_page(PAGE, epsilon="0.2", delta="0.2")
    assert not app.warning
    app.select_slider(key="delta").set_value("0.3").run()
    assert len(app.warning) == 1 and "has stopped holding" in app.warning[0].value
    table = table_with(app, "numbers put in")
    assert [*table["formula"]][3] == r"$1 + \delta - \varepsilon$"
    app.select_slider(key="delta").set_value("1.5").run()
    assert len(app.warning) == 2 and "more than 1" in app.warning[1].value


def test_the_optima_are_said_and_exact_zeros_are_bold():
    app = open_page(PAGE, c1="1.5", c2="0.2", tilt="0", stretch="1", plane_lambda="0.5")
    said = [m.value for m in app.markdown if ": w = (" in m.value]
    assert said[0] == "**L1**: w = (1.000, **0**)" and said[1] == "**L2**: w = (0.750, 0.100)"
    assert said[2].startswith("**p = 0.5**")


@pytest.mark.parametrize(
    ("third", "name"),
    [({"third": "Lp", "power": "3"}, "p = 3"), ({"third": "elastic net", "share": "0.25"}, "elastic net, α = 0.25")],
)
def test_the_third_penalty_reaches_every_section(third, name):
    app = open_page(PAGE, **third)
    assert any(m.value.startswith(f"**{name}**") for m in app.markdown)
    assert sum(name in [*t.value.get("penalty", [])] for t in app.table) == 2
    assert {row["penalty"] for row in rows_of(app, "share")} == {"L1", "L2", name}
    assert name in {row["which"] for row in rows_of(app, "which")}


def test_only_penalties_with_a_kink_make_exact_zeros_of_random_losses():
    for penalty, zeros in (
        (L1, True),
        (L2, False),
        (Penalty(1.25), False),
        (Penalty(0.5), True),
        (Penalty(alpha=0.25), True),
        (Penalty(alpha=0.0), False),
    ):
        none, one, both = norm_math._zero_shares(penalty, 0.5)
        assert none + one + both == pytest.approx(1) and (none < 1) == zeros


@pytest.mark.parametrize(
    ("third", "words"),
    [
        ({"power": "0.5"}, "infinite: it holds a weight at 0 against every pull"),
        ({"power": "1.25"}, "0: it holds nothing"),
        ({"third": "elastic net", "share": "0.25"}, "with at most 0.25·λ = 0.2."),
    ],
)
def test_the_slope_next_to_zero_says_whether_a_weight_is_held(third, words):
    """And the loss beside it is the one that the plane's sliders were left at."""
    app = open_page(PAGE, step="slope", plane_lambda="0.8", c1="-2", **third)
    assert any(words in m.value for m in app.markdown)
    (without,) = [row for row in rows_of(app, "what") if row["what"] == "without penalty"]
    assert (without["w1"], without["w2"]) == (-2, 0.5)


def test_the_third_penalty_is_kept_from_step_to_step():
    app = open_page(PAGE, step="slope", power="3")
    for _ in range(3):
        app.button(key="step_next").click().run()
        assert app.select_slider(key="power").value == "3"
        assert "p = 3" in [*table_with(app, "exactly 0" if "Σ" in str(app.table[0].value) else "penalty").iloc[:, 0]]


def test_a_fault_of_the_address_is_the_one_that_is_drawn():
    app = open_page(PAGE, step="find-the-fault", fault="norm alone")
    assert {"time": 5.95, "weight": 0.0026058, "penalty": "L2", "later": False} in drawn_rows(app)
    assert len(charts(app)) == 1


def test_half_of_the_layer_is_zero_where_the_answer_says():
    app = open_page(PAGE, step="network")
    (answer,) = [m.value for m in app.markdown if "makes half of the weights zero" in m.value]
    w = np.abs(store.load_run(FULL).weights["linear1.weight"].astype(float))
    # two digits are shown
    assert float(answer.split("about ")[1].split(",")[0]) == pytest.approx(np.median(w), rel=0.05)


def test_the_maps_on_real_weights_are_counted_on_the_shipped_layer():
    app = open_page(PAGE, network_lambda="0.01")
    table = table_with(app, "Σ|w| left").set_index("")
    w = np.abs(store.load_run(FULL).weights["linear1.weight"].astype(float))
    # a sample of 20,000: standard error 0.3 points
    assert float(table["exactly 0"]["L1"].rstrip(" %")) == pytest.approx(100 * (w <= 0.01).mean(), abs=1.2)
    assert table["exactly 0"]["L2"] == "0.00 %" and table["Σ|w| left"]["before"] == "100.00 %"


def test_times_of_arrival_are_those_of_the_formula():
    app = open_page(PAGE, flow_w0="1", flow_lambda="0.5", time="2")
    table = table_with(app, "first at 0").set_index("penalty")
    assert table["first at 0"]["L1"] == "2" and table["first at 0"]["L2"] == "never"
    assert table["at time 2"]["L2"] == f"{np.exp(-2):.3f}" and table["at time 2"]["L1"] == "0"
    app.segmented_control(key="flow_loss").set_value("with a loss").run()
    table = table_with(app, "first at 0").set_index("penalty")
    assert table["first at 0"]["L1"] == f"{np.log1p(1 / 0.3):.3g}" and table["then"]["L1"] == "stays"
    assert table["first at 0"]["L2"] == "never"
    app.select_slider(key="flow_centre").set_value("-1").run()
    table = table_with(app, "first at 0").set_index("penalty")
    assert table["then"]["L1"] == table["then"]["L2"] == "goes on"  # c = −1 pulls through 0
    assert table["first at 0"]["L2"] == f"{np.log(3) / 2:.3g}"
    assert table["then"]["p = 0.5"] == "stays"


def test_it_plays_to_the_end_and_pauses():
    app = open_page(PAGE, time="5.6")
    app.button(key="play").click().run()
    assert app.button(key="play").label == "Pause" and app.select_slider(key="time").value == "5.8"
    app.run()
    assert app.select_slider(key="time").value == "6"
    app.run()
    assert app.button(key="play").label == "Play" and app.select_slider(key="time").value == "6"
    app.button(key="play").click().run()  # from the beginning again
    assert app.button(key="play").label == "Pause" and float(app.select_slider(key="time").value) < 0.5
    app.button(key="play").click().run()
    assert app.button(key="play").label == "Play"


@pytest.mark.parametrize(
    ("name", "junk"),
    [
        ("epsilon", "0"),
        ("delta", "-1"),
        ("power", "5"),
        ("third", "L7"),
        ("tilt", "7"),
        ("time", "inf"),
        ("c1", "nan"),
        ("network_lambda", "1e9"),
    ],
)
def test_a_junk_parameter_is_named_and_replaced(name, junk):
    app = open_page(PAGE, **{name: junk})
    assert len(app.warning) == 1 and f"`{name}`" in app.warning[0].value


def test_no_torch_is_needed(monkeypatch):
    """A page is a script in the tests' own process, in which others have imported torch; so read what it imports."""
    import subprocess
    import sys

    code = "import core.app.norm_math, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=norm_math.__file__.split("/core/")[0]).returncode == 0
