"""The lessons on dropout, L1 and L2: their sliders, what they say, and that it follows from the shipped runs."""

import math

import numpy as np
import pytest
from page_reader import charts, drawn_rows, metrics, open_page

from core.app.strengths import SETTINGS
from core.config import FULL, SMALL_AND_NOISY, seeds_of
from core.course.claims import GAP, LAST_ACCURACY, compare, spread
from core.course.dropout import SMALL_DROPOUT, activations, dropout_path, ensembles
from core.course.l1_l2 import DISPLACED, SMALL_L1, SMALL_L2, followed, l1_path, l2_path
from core.course.over_seeds import paths_of, sparsities
from core.results import measurement, store
from core.techniques import ADAMW, DROPOUT, L1, L2

DROPOUT_PAGE, PENALTY_PAGE = "pages/4_dropout.py", "pages/5_l1_l2.py"


def texts(app):
    return " ".join(m.value for m in app.markdown)


def shipped(config):
    return [run for seed in seeds_of(config) if (run := store.load_run(seed))]


def measured(config):
    return [s for spec in sparsities(config) if (s := measurement.load(spec))]


def rows_of(app, column):
    return [row for row in drawn_rows(app) if column in row]


# --- what is shipped ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [FULL, SMALL_AND_NOISY], ids=["full", "small and noisy"])
def test_every_stop_is_shipped_over_five_seeds_with_its_first_layer(base):
    for path in (dropout_path(base), *paths_of("l1_l2", base)):
        for config in path.values():
            assert len(shipped(config)) == len(measured(config)) == 5, config.to_params()


def test_a_shipped_first_layer_is_that_of_the_shipped_weights():
    for config in (FULL, l1_path(FULL, "proximal")[1e-3], l2_path(FULL)[1e-3], dropout_path(FULL)[0.5], SMALL_L1):
        w = store.load_run(config).weights["linear1.weight"].astype(np.float64)
        found = measured(config)[0]
        for threshold in found.spec.thresholds:
            assert found.share_small(threshold) == (np.abs(w) <= threshold).mean()
            assert np.array_equal(found.levels > found.index(threshold), np.abs(w) > threshold)
        assert float(found.spread) == pytest.approx(w.std(), rel=1e-6)
        # weights are kept in float16: a few images of 10,000 may fall on the other side
        assert found.accuracy[0] == pytest.approx(store.load_run(config).test_last.accuracy, abs=5e-4)


# --- the lessons' claims --------------------------------------------------------------------------------------------


def test_the_notebooks_l1_is_sparse_by_threshold_and_dear_and_the_proximal_one_truly_sparse_at_equal_accuracy():
    theirs, proximal = l1_path(FULL)[1e-3], l1_path(FULL, "proximal")[1e-3]
    for s in measured(theirs):
        assert s.share_small(1e-4) > 0.9 and s.share_zero == 0
    for s in measured(proximal):
        assert s.share_zero > 0.9
    assert 0.81 < spread([run.test_last.accuracy for run in shipped(theirs)]).mean < 0.83
    assert abs(compare(LAST_ACCURACY, shipped(theirs), shipped(proximal)).mean) < 0.01
    assert "strength, and it is too much.**" in texts(open_page(PENALTY_PAGE))


@pytest.mark.parametrize("config", [SMALL_DROPOUT, SMALL_L1, SMALL_L2], ids=["dropout", "L1", "L2"])
def test_at_small_and_noisy_each_technique_gains_more_than_twice_the_standard_error(config):
    gains = [
        b.test_last.accuracy - a.test_last.accuracy
        for a, b in zip(shipped(SMALL_AND_NOISY), shipped(config), strict=True)
    ]
    gain = spread(gains)
    assert gain.n == 5 and gain.mean > 2 * gain.sd / math.sqrt(5)


def test_only_the_proximal_step_and_never_l2_or_the_subgradient_gives_exact_zeros():
    """A weight may be 0 by coincidence; one in 300,000 is no zero that a penalty makes."""
    for path, most in ((l1_path(FULL), 0), (l2_path(FULL), 2), (dropout_path(FULL), 0)):
        assert all(s.small[0] <= most for config in path.values() for s in measured(config))
    zeros = [spread([s.share_zero for s in measured(c)]).mean for c in l1_path(FULL, "proximal").values()]
    assert zeros == sorted(zeros) and zeros[0] == 0


def test_dropout_narrows_the_gap_and_does_not_make_weights_sparse():
    half = dropout_path(FULL)[0.5]
    assert compare(GAP, shipped(FULL), shipped(half)).high < 0
    shares = [spread([s.share_small(1e-4) for s in measured(c)]).mean for c in (FULL, half)]
    assert all(share < 0.01 for share in shares)


def test_under_sgd_the_dead_weights_stay_in_a_band_of_learning_rate_times_strength():
    for strength in (1e-3, 3e-3):
        found = {method: measurement.load(spec) for method, spec in followed("sgd", strength).items()}
        band = found["subgradient"].band("corner", 100)
        assert (band > 0).all() and (band <= 0.1 * strength * 1.1).all()
        assert (found["proximal"].band("corner", 100) == 0).all()


def test_the_thinned_networks_of_the_page_are_the_shipped_ones():
    app = open_page(DROPOUT_PAGE, image="3", masks="100", masks_p="0.3")
    e = measurement.load(ensembles(dropout_path(FULL)[0.3])[0])
    mean = e.probabilities[3].astype(float).mean(axis=0)
    bars = [row for row in rows_of(app, "probability") if row.get("which") == "mean of the masks"]
    assert [row["probability"] for row in bars] == pytest.approx(list(mean), abs=1e-4)
    assert f"{int((e.probabilities[3].argmax(axis=1) == e.classes[3]).sum())} of 100 thinned networks" in texts(app)


def test_dropout_and_stopping_early_are_compared_on_the_same_images():
    plain, dropout = shipped(SMALL_AND_NOISY), shipped(SMALL_DROPOUT)
    last, best, masked = (
        np.array([which.accuracy for which in found])
        for found in (
            [run.test_last for run in plain],
            [run.test_best for run in plain],
            [run.test_last for run in dropout],
        )
    )
    page = open_page(DROPOUT_PAGE, step="how-much")
    (told,) = (m.value for m in page.markdown if "network stopped early has" in m.value)
    for before, after in ((last, best), (last, masked), (best, masked)):
        points = f"{100 * (after - before).mean():+.1f}".replace("-", "−")
        assert f"({points} points, 95 % interval" in told
    assert last.shape == (5,) and len({f"{x.mean():.3f}" for x in (last, best, masked)}) == 3


def test_averaged_masks_have_a_lower_or_a_higher_loss_and_never_a_better_one():
    told = texts(open_page(DROPOUT_PAGE, step="thinned"))
    for n in (10, 100):
        found = [measurement.load(spec) for spec in ensembles(dropout_path(FULL)[0.5])]
        change = np.array([e.loss[n - 1] - e.scaled[1] for e in found])
        quantile = 2.776  # Student's t, 4 degrees of freedom, 97.5 %
        half = quantile * change.std(ddof=1) / math.sqrt(5)
        word = "no clear difference" if abs(change.mean()) <= half else "lower" if change.mean() < 0 else "higher"
        numbers = f"({change.mean():+.3f} nats".replace("-", "−")
        verb = "shows" if word == "no clear difference" else "is"
        assert f"of {n} masks {verb} {word} {numbers}" in told, (n, word, numbers)


def test_what_a_network_keeps_without_some_units_is_what_is_stored():
    app = open_page(DROPOUT_PAGE, step="weights-and-units", units_view="Units off", units_p="0.3")
    for name, config in (("plain", FULL), ("dropout", dropout_path(FULL)[0.3])):
        kept = np.mean([measurement.load(spec).accuracy_without for spec in activations(config)], axis=0)
        drawn = [row["mean"] for row in drawn_rows(app) if row.get("technique") == name]
        assert drawn == pytest.approx(list(kept), abs=1e-4)


def test_the_notebooks_histogram_is_of_a_network_that_guesses():
    found = measurement.load(DISPLACED)
    assert found.mean[1] == pytest.approx(1.0, abs=0.01) and found.accuracy[1] < 0.15 < found.accuracy[0]
    app = open_page(PENALTY_PAGE, fault="moved weights")
    app.radio(key="l1_l2/fault-moved-weights?").set_value(2).run()
    app.button(key="l1_l2/fault-moved-weights!").click().run()
    told = " ".join(caption.value for caption in app.caption)
    assert f"The mean of the weights is {found.mean[1]:.2f} in the notebook's histogram" in told


# --- the sliders ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "strength"), [(DROPOUT_PAGE, DROPOUT), (PENALTY_PAGE, L1), (PENALTY_PAGE, L2), (PENALTY_PAGE, ADAMW)]
)
def test_another_setting_leaves_the_slider_where_it_stands(path, strength):
    app = open_page(path)
    full, small = SETTINGS
    assert app.select_slider(key=strength.key).value == f"{strength.strength_for(FULL):g}"
    app.segmented_control(key=f"{strength.key}_on").set_value(small).run()
    assert app.select_slider(key=strength.key).value == f"{strength.strength_for(FULL):g}"
    assert not app.exception and not app.info


@pytest.mark.parametrize("strength", ["0", "1e-06", "0.001", "0.01"])
@pytest.mark.parametrize("method", ["subgradient", "proximal"])
def test_the_numbers_beside_lambda_are_those_of_its_first_layer(strength, method):
    app = open_page(PENALTY_PAGE, lambda1=strength, l1_by=method, l1_threshold="0.0001")
    s = measured(l1_path(FULL, method)[float(strength)])[0]
    k = s.index(1e-4)
    assert metrics(app)[:6] == [
        ("Exactly 0", f"{100 * s.share_zero:.1f} %"),
        ("Up to 0.0001", f"{100 * s.share_small(1e-4):.1f} %"),
        ("Units alive", f"{s.alive[k]} of 392"),
        ("Test accuracy", f"{100 * s.accuracy[0]:.1f} %"),
        ("If pruned", f"{100 * s.accuracy[k]:.1f} %"),
        ("Largest |w|", f"{float(s.largest):.3g}"),
    ]
    assert not app.info or strength == "0"


def test_a_threshold_in_learning_rates_is_that_many_of_the_settings():
    app = open_page(PENALTY_PAGE, l1_unit="in learning rates", l1_rates="0.3")
    assert any(label == "Up to 9e-05" for label, _ in metrics(app))
    app.segmented_control(key="lambda1_on").set_value([*SETTINGS][1]).run()
    assert any(label == "Up to 0.0003" for label, _ in metrics(app))


def test_new_masks_are_drawn_by_the_button_and_not_by_anything_else():
    app = open_page(DROPOUT_PAGE)
    before = texts(app)
    app.select_slider(key="p").set_value("0.6").run()
    outputs = [m.value for m in app.markdown if m.value.startswith("Output now")]
    assert outputs[0] in before
    app.button(key="redraw").click().run()
    assert [m.value for m in app.markdown if m.value.startswith("Output now")] != outputs
    app.segmented_control(key="dropout_mode").set_value("evaluation").run()
    assert app.button(key="redraw").disabled


def test_the_convention_decides_what_the_same_p_means():
    app = open_page(DROPOUT_PAGE, toy_p="0.2")
    assert "switched off with probability p = 0.2" in texts(app) and "divided by 1 − p = 0.8" in texts(app)
    app.segmented_control(key="convention").set_value("paper").run()
    assert "kept with probability p = 0.2" in texts(app)


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("λ Σw²", ["0.001", "0.002", "0.002", "0.002"]),
        ("λ/2 Σw²", ["0.0005", "0.001", "0.001", "0.001"]),
        ("weight_decay of AdamW", ["0.0005", "0.001", "0.001", "0.001"]),
    ],
)
def test_the_calculator_gives_every_convention(written, numbers):
    app = open_page(PENALTY_PAGE, written=written)
    table = next(t.value for t in app.table if "convention" in t.value.columns)
    assert [*table["number"]] == numbers
    app.number_input[0].set_value(100.0).run()
    app.select_slider(key="calc_lr").set_value("0.1").run()
    assert not app.exception and any("it grows" in w.value for w in app.warning)
    for unusable in (-1.0, 101.0, 1e300):
        app.number_input[0].set_value(unusable).run()
        assert any("a strength from 0 to 100" in w.value for w in app.warning)
        assert not any("convention" in t.value.columns for t in app.table)
    app.number_input[0].set_value(1e-6).run()
    assert any(r"\cdot 10^{-6}" in latex.value for latex in app.latex)


@pytest.mark.parametrize(
    ("path", "name", "junk"),
    [
        (DROPOUT_PAGE, "p", "1"),
        (DROPOUT_PAGE, "p_on", "x"),
        (DROPOUT_PAGE, "masks_p", "0"),
        (DROPOUT_PAGE, "image", "24"),
        (DROPOUT_PAGE, "masks", "7"),
        (DROPOUT_PAGE, "convention", "<b>"),
        (DROPOUT_PAGE, "dropout", "0.95"),
        (DROPOUT_PAGE, "spy_threshold", "1e99"),
        (DROPOUT_PAGE, "units_layer", "3"),
        (PENALTY_PAGE, "lambda1", "nan"),
        (PENALTY_PAGE, "lambda2", "-1"),
        (PENALTY_PAGE, "l1_by", "magic"),
        (PENALTY_PAGE, "l1", "11"),
        (PENALTY_PAGE, "decay", "2"),
        (PENALTY_PAGE, "steps_by", "lion"),
        (PENALTY_PAGE, "l2_threshold", "0"),
        (PENALTY_PAGE, "written", "L3"),
        (PENALTY_PAGE, "three_p", "half"),
    ],
)
def test_a_junk_parameter_is_named_and_replaced(path, name, junk):
    app = open_page(path, **{name: junk})
    assert len(app.warning) == 1 and f"`{name}`" in app.warning[0].value


def test_a_control_that_another_choice_draws_reports_once_it_is_drawn():
    assert not open_page(PENALTY_PAGE, l2_rates="0").warning
    app = open_page(PENALTY_PAGE, l2_unit="in learning rates", l2_rates="0")
    assert len(app.warning) == 1 and "`l2_rates`" in app.warning[0].value


@pytest.mark.parametrize("path", [DROPOUT_PAGE, PENALTY_PAGE])
def test_missing_measurements_are_said_and_the_page_goes_on(path, monkeypatch):
    real = store.places
    kinds = ("sparsity", "activations", "ensemble", "followed", "displaced")
    monkeypatch.setattr(store, "places", lambda name: () if name.startswith(kinds) else real(name))
    app = open_page(path)
    assert sum("python -m core.precompute" in info.value for info in app.info) >= 2
    assert len(app.title) == 1


def test_the_students_own_run_begins_at_a_shipped_one_with_either_penalty():
    for path, params in (
        (DROPOUT_PAGE, {"epochs": "30"}),
        (PENALTY_PAGE, {"l2": "0.001"}),
        (PENALTY_PAGE, {"penalised": "all"}),
        (PENALTY_PAGE, {"l1_method": "proximal"}),
    ):
        app = open_page(path, **params)
        assert any("Precomputed" in caption.value for caption in app.caption), params


# --- what is said follows the setting -------------------------------------------------------------------------------

FEW = [*SETTINGS][1]


def test_what_decay_costs_at_the_same_spread_is_said_of_the_setting_that_is_chosen():
    many, few = (texts(open_page(PENALTY_PAGE, step="weight-decay", **on)) for on in ({}, {"decay_on": FEW}))
    assert "On 60,000 images and at the same spread" in many and "On 2,000 images and at the same spread" in few
    assert "is lower at a decay of" in many and "is higher at a decay of" in few


@pytest.mark.parametrize(
    ("step", "view"), [("lambda1", "l1_view"), ("lambda2", "l2_view")], ids=["λ₁ guesses at its end", "λ₂ never does"]
)
def test_what_is_out_of_the_picture_is_said_only_where_something_is(step, view):
    app = open_page(PENALTY_PAGE, step=step, **{view: "All strengths"})
    path = (l1_path if step == "lambda1" else l2_path)(FULL)
    lowest = min(
        accuracy
        for config in path.values()
        for run in shipped(config)
        for accuracy in (run.last.held_out_accuracy, run.last.train_accuracy)
    )
    said = any("out of the picture" in caption.value for caption in app.caption)
    assert said == (lowest < 0.5) == (step == "lambda1")


@pytest.mark.parametrize(("optimizer", "lines"), [("sgd", {0.0, 1e-4, -1e-4}), ("adam", {0.0})])
def test_every_dashed_line_of_the_followed_weights_is_named(optimizer, lines):
    app = open_page(PENALTY_PAGE, step="zero", steps_by=optimizer, steps_lambda="0.001")
    rules = [chart.rows["rules"] for chart in charts(app) if "rules" in chart.rows]
    assert len(rules) == 4
    for upper, lower in (rules[:2], rules[2:]):  # a column holds both of its pictures
        assert {row["y"] for row in upper} == {0.0}
        assert sorted(row["y"] for row in lower) == pytest.approx(sorted(lines))
    drawn = next(m.value for m in app.markdown if "dashed line" in m.value)
    assert ("= ±0.0001" in drawn) == (optimizer == "sgd") and ("In all four" in drawn) == (optimizer == "adam")


def test_the_limit_s_question_has_an_answer_in_either_setting():
    for on, images in (({}, "60,000"), ({"limit_on": FEW}, "2,000")):
        told = texts(open_page(PENALTY_PAGE, step="limit", **on))
        assert f"On {images} images, c = 2 begins to bind in epoch" in told and "c = 0.5 in epoch 1." in told


def test_a_table_s_headers_are_short_and_the_first_says_the_epoch_of_all():
    app = open_page(PENALTY_PAGE, step="limit", limit_on=FEW)
    (table,) = (frame.value for frame in app.dataframe)
    of_each = ["training accuracy", "accuracy", "loss", "wrong labels reproduced"]
    assert [*table.columns] == ["at the last epoch", *of_each]
    few = shipped(SMALL_AND_NOISY)
    for header, of in (
        ("loss", lambda run: run.last.held_out_loss),
        ("accuracy", lambda run: run.last.held_out_accuracy),
    ):
        values = np.array([of(run) for run in few]) * (1 if header == "loss" else 100)
        digits = 3 if header == "loss" else 1
        assert table[header][0].startswith(f"{values.mean():.{digits}f} ± {values.std(ddof=1):.{digits}f}")


def test_a_threshold_of_one_learning_rate_is_said_to_equal_it():
    for threshold, said in (
        ("0.0003", "0.0003 equals the learning rate."),
        ("0.001", "0.001 is 3.3 times the learning"),
    ):
        app = open_page(PENALTY_PAGE, step="lambda1", l1_threshold=threshold)
        assert any(caption.value.startswith(said) for caption in app.caption)
