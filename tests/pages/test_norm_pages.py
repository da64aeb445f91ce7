"""The two normalisation lessons: their sliders, what they say, and that it follows from the shipped runs."""

from dataclasses import replace

import numpy as np
import pytest
from page_reader import drawn_rows, open_at, open_page
from scipy import stats

from core.app import draw
from core.app.norm_arithmetic import _normalised_cells, example_batch, first_sample_moves, row_by_hand
from core.config import FULL, SMALL_AND_NOISY, seeds_of
from core.course.batch_norm import BATCH_NORM, REFUSED, drifts, probe_ratio
from core.course.claims import FIRST_EPOCH, LAST_ACCURACY, compare
from core.course.layer_norm import LAYER_NORM, OWN_LAYER, by_batch_size, learns_up_to, why_it_is_faster
from core.course.norms import BATCH_SIZES, LEARNING_RATES, at_batch_size, at_learning_rate, probes
from core.figures import norms
from core.figures.specifications import specification
from core.maths.normalisation import EPS
from core.results import measurement, store
from core.results.shift import Shift, ShiftSpec

BATCH, LAYER = "pages/2_batch_norm.py", "pages/3_layer_norm.py"


def texts(app):
    return " ".join(m.value for m in app.markdown)


def shipped(config):
    return [run for seed in seeds_of(config) if (run := store.load_run(seed))]


# --- batch norm -----------------------------------------------------------------------------------------------------


def test_the_first_epochs_lead_is_that_of_the_shipped_runs():
    lead = compare(FIRST_EPOCH, shipped(FULL), shipped(BATCH_NORM))
    assert lead.n == 5 and lead.low > 0
    assert f"higher (+{100 * lead.mean:.1f} points" in texts(open_page(BATCH))


def test_a_learning_rate_at_which_the_plain_network_diverges_says_so():
    app = open_page(BATCH, sgd_lr="3")
    assert any("The plain network **diverged** in 4 of 5 seeds" in w.value for w in app.warning)
    app.select_slider(key="sgd_lr").set_value("0.5").run()
    assert not app.warning


@pytest.mark.parametrize("lr", LEARNING_RATES)
def test_batch_norm_works_at_every_learning_rate_and_the_plain_network_does_not(lr):
    runs = {name: shipped(config) for name, config in at_learning_rate(lr).items()}
    assert len(runs["batch norm"]) == 5 and all(LAST_ACCURACY.of(run) > 0.8 for run in runs["batch norm"])
    assert all(LAST_ACCURACY.of(run) > 0.8 for run in runs["plain"]) == (lr < 1)


@pytest.mark.parametrize("size", [2, 128])
def test_batch_norm_breaks_at_batches_of_two_and_the_others_do_not(size):
    runs = {name: shipped(config) for name, config in at_batch_size(size).items()}
    assert all(len(found) == 5 for found in runs.values())
    broken = compare(LAST_ACCURACY, runs["plain"], runs["batch norm"]).mean < -0.1
    assert broken == (size == 2)
    assert abs(compare(LAST_ACCURACY, runs["plain"], runs["layer norm"]).mean) < 0.05


def test_effective_beta_under_adam_is_at_least_three_times_smaller_with_batch_norm_in_every_seed():
    found = {name: [measurement.load(spec) for spec in specs] for name, specs in probes("adam").items()}
    for plain, batch in zip(found["plain"], found["batch norm"], strict=True):
        assert list(plain.spec.at_steps) == list(range(0, 400, 20))
        late = plain.spec.at_steps >= 100
        ratio = plain.effective_beta[late].mean() / batch.effective_beta[late].mean()
        assert ratio > 3
    plain, batch = (np.mean([p.effective_beta[5:].mean() for p in found[name]]) for name in ("plain", "batch norm"))
    assert probe_ratio("adam", "effective_beta", digits=4) == f"{plain / batch:.4f}"


def test_a_preset_moves_the_three_sliders_and_the_accuracies_are_the_shipped_ones():
    app = open_page(BATCH)
    app.session_state["shift_numbers"] = True
    app.button(key="shift_Fog").click().run()
    assert [app.select_slider(key=k).value for k in ("brightness", "contrast", "noise")] == ["0.1", "0.25", "0"]
    spec = ShiftSpec(BATCH_NORM)
    shifted = measurement.load(spec)
    again = shifted.at(Shift(0.1, 0.25, 0.0), "batch")
    dots = [row for row in drawn_rows(app) if row.get("name") == "batch norm, re-estimated"]
    assert any(row["value"] == pytest.approx(again, abs=1e-4) for row in dots)


def test_unshifted_images_give_each_run_its_own_test_accuracy():
    for config in (FULL, BATCH_NORM, LAYER_NORM):
        for seed in seeds_of(config):
            run, shifted = store.load_run(seed), measurement.load(ShiftSpec(seed))
            # weights are kept in float16: a few images of 10,000 may fall on the other side
            assert shifted.at(Shift()) == pytest.approx(run.test_last.accuracy, abs=5e-4)


def test_the_biased_variance_is_used_and_the_bias_of_the_layer_changes_nothing():
    app = open_page(BATCH, bias="10", gamma="2", beta="-1")
    tables = [table.value for table in app.table]
    first = tables[0].set_index("")["feature 1"]
    assert first["mean μ of the batch"] == "13" and first["variance σ², biased"] == "3.5"
    second = tables[1].set_index("")["feature 1"]
    expected = 2 * (1 - 3) / np.sqrt(3.5 + EPS) - 1
    assert float(second["y of sample 1"].replace("−", "-")) == pytest.approx(expected, rel=1e-3)
    assert float(first["x̂ of sample 1"].replace("−", "-")) == pytest.approx((expected + 1) / 2, rel=1e-3)


def test_one_image_in_training_mode_is_refused_in_the_words_that_the_lesson_shows():
    said = " ".join(block.value for block in open_at(BATCH, step="two-modes").code)
    assert f"ValueError: {REFUSED}" in said


def test_the_fog_is_no_help_and_measuring_the_statistics_again_is():
    """What the lesson says of why foggy images come out better than clear ones holds as long as this does."""
    found = [measurement.load(ShiftSpec(seed)) for seed in seeds_of(BATCH_NORM)]
    running = [s.at(Shift()) for s in found]
    anew, foggy = ([s.at(shift, "batch") for s in found] for shift in (Shift(), Shift(0.1, 0.25, 0.0)))
    low, high = stats.ttest_rel(anew, running).confidence_interval()
    assert low > 0
    assert foggy == pytest.approx(anew, abs=1e-3)  # ε alone tells them apart: a few images of 10,000
    mean = np.mean(np.subtract(anew, running))
    said = texts(open_at(BATCH, step="covariate-shift"))
    numbers = f"+{100 * mean:.1f} points, 95 % interval +{100 * low:.1f} to +{100 * high:.1f}"
    assert f"Compared with the running ones that is higher ({numbers}" in said


def test_the_plain_networks_units_move_further_on_every_scale_that_the_lesson_names():
    plain, batch = (measurement.load(spec) for spec in drifts().values())
    for moved in ("way", "last_travel", "travel"):
        assert getattr(plain, moved).mean() > 1.5 * getattr(batch, moved).mean()


def test_evaluation_mode_without_a_training_step_leaves_the_numbers():
    app = open_page(BATCH, mode="evaluation", seen="0")
    first = app.table[0].value.set_index("")["feature 2"]
    assert first["running mean"] == "0" and first["running variance"] == "1"


@pytest.mark.parametrize(
    ("path", "name", "junk"),
    [
        (BATCH, "sgd_lr", "2"),
        (BATCH, "small_batch", "x"),
        (BATCH, "mode", "both"),
        (BATCH, "contrast", "1e9"),
        (BATCH, "unit", "99"),
        (BATCH, "norm", "group"),
        (LAYER, "axis", "<b>"),
        (LAYER, "samples", "0"),
        (LAYER, "probe_optimizer", "lion"),
        (LAYER, "stretch", "nan"),
        (LAYER, "norm_position", "between"),
    ],
)
def test_a_junk_parameter_is_named_and_replaced(path, name, junk):
    app = open_page(path, **{name: junk})
    assert len(app.warning) == 1 and f"`{name}`" in app.warning[0].value


def test_own_runs_at_the_stops_are_precomputed():
    for path, norm in ((BATCH, "batch"), (LAYER, "layer")):
        app = open_page(path, lr="0.003")
        assert any("Precomputed" in caption.value for caption in app.caption), norm


# --- layer norm -----------------------------------------------------------------------------------------------------


def test_a_batch_of_one_stops_batch_norm_in_training_only():
    app = open_at(LAYER, samples="1")
    assert any("more than 1 value per channel" in error.value for error in app.error)
    for change in ({"axis": "layer norm"}, {"cells_mode": "evaluation"}):
        assert not open_at(LAYER, samples="1", **change).error


@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_layer_norm_is_the_same_in_both_modes_and_alone(mode):
    whole = _normalised_cells(example_batch(6, 1.0), "layer", mode).x_hat
    alone = _normalised_cells(example_batch(6, 1.0)[:1], "layer", mode).x_hat
    assert np.array_equal(whole[:1], alone)
    assert np.array_equal(whole, _normalised_cells(example_batch(6, 1.0), "layer", "training").x_hat)


def test_stretching_the_last_sample_moves_the_first_under_batch_norm_only():
    assert first_sample_moves("batch norm") > 0.5 and first_sample_moves("layer norm") == 0.0


@pytest.mark.parametrize(
    ("axis", "mode", "moved"),
    [
        ("batch norm", "training", {*"123456"}),
        ("batch norm", "evaluation", {"6"}),
        ("layer norm", "training", set()),
        ("layer norm", "evaluation", set()),
    ],
)
def test_a_dot_marks_the_rows_whose_outputs_the_stretching_has_changed(axis, mode, moved):
    app = open_at(LAYER, axis=axis, cells_mode=mode, stretch="5")
    assert {row["sample"] for row in drawn_rows(app) if row.get("dot")} == moved
    assert any("A dot marks" in caption.value for caption in app.caption) == bool(moved)


def test_the_strip_holds_each_groups_mean_and_deviation_below_its_column_or_beside_its_row():
    x = example_batch(4, 5.0)
    for axis, over, place in (("batch norm", 0, "sample"), ("layer norm", 1, "feature")):
        app = open_at(LAYER, axis=axis, samples="4", stretch="5")
        strips = [row for row in drawn_rows(app) if row.get(place) == "strip"]
        before = strips[: x.shape[1 - over]]
        assert [row["mean"] for row in before] == pytest.approx(x.mean(over), abs=1e-4)
        assert [row["deviation"] for row in before] == pytest.approx(np.sqrt(x.var(over) + EPS), abs=1e-4)
        after = strips[len(before) :]
        assert [row["mean"] for row in after] == pytest.approx([0] * len(before), abs=1e-4)
        assert [row["deviation"] for row in after] == pytest.approx([1] * len(before), abs=1e-4)


def test_no_slider_of_the_grid_builds_a_chart_anew(monkeypatch):
    seen = set()

    def noted(figure, look):
        if figure.kind is norms._cells_chart:
            seen.add(figure.options)
        return specification(figure, look)

    monkeypatch.setattr(draw, "specification", noted)
    addresses = ({}, {"axis": "layer norm"}, {"samples": "3"}, {"stretch": "5"}, {"cells_mode": "evaluation"})
    for address in addresses:
        open_at(LAYER, step="which-numbers", **address)
    assert len(seen) == 2  # before and after


def test_what_layer_norm_repairs_is_said_as_the_seeds_have_it():
    verdicts = {}
    for size in BATCH_SIZES:
        runs = {name: shipped(config) for name, config in at_batch_size(size).items()}
        low, high = stats.ttest_rel(
            *([LAST_ACCURACY.of(r) for r in runs[n]] for n in ("plain", "batch norm"))
        ).confidence_interval()
        verdicts.setdefault("lower" if low > 0 else "higher" if high < 0 else "none", []).append(f"{size:g}")
    said = by_batch_size("batch norm")
    assert "higher" not in verdicts and "is lower at " + " and ".join(verdicts["lower"]) in said.replace(", ", " and ")
    assert all(size in said.split("no clear difference at ")[1] for size in verdicts["none"])
    rates = {"plain": "0.5", "layer norm": "1", "batch norm": "3"}
    for name, rate in rates.items():
        able = [lr for lr in LEARNING_RATES if _all_learn(shipped(at_learning_rate(lr)[name]))]
        assert learns_up_to(name) == f"{max(able):g}" == rate


def test_layer_norm_is_no_smoother_under_sgd_and_faster_all_the_same():
    """What the lessons say of why normalisation speeds training up holds as long as this does."""
    found = {name: [measurement.load(spec) for spec in specs] for name, specs in probes("sgd").items()}
    beta = {
        name: np.mean([p.effective_beta[p.spec.at_steps >= 100].mean() for p in some]) for name, some in found.items()
    }
    assert beta["plain"] / beta["layer norm"] < 1 < beta["plain"] / beta["batch norm"]
    runs = {name: shipped(config) for name, config in at_learning_rate(0.1).items()}
    lead = compare(FIRST_EPOCH, runs["plain"], runs["layer norm"])
    assert lead.low > 0
    said = why_it_is_faster()
    assert f"{beta['plain'] / beta['layer norm']:.2f} times layer norm's" in said
    assert f"is higher (+{100 * lead.mean:.1f} points" in said
    assert said in texts(open_page(LAYER)) and said in texts(open_page(BATCH))


def test_layer_norm_does_not_keep_wrong_labels_out():
    layer = store.load_run(replace(OWN_LAYER, label_noise=SMALL_AND_NOISY.label_noise))
    plain = store.load_run(SMALL_AND_NOISY)
    assert layer.last.memorised > 0.9 and plain.last.memorised > 0.9
    said = texts(open_at(LAYER, step="own-run"))
    assert f"reproduces {100 * layer.last.memorised:.1f} % of them" in said
    assert f"the plain network {100 * plain.last.memorised:.1f} %" in said


def test_a_row_by_hand_is_numpys():
    row = example_batch(6, 1.0)[0]
    given, centred, divided = ([float(cell.replace("−", "-")) for cell in list(r.values())[1:]] for r in row_by_hand())
    assert given == pytest.approx(row)
    assert centred == pytest.approx(row - row.mean(), abs=0.0051)  # two digits are shown
    assert divided == pytest.approx((row - row.mean()) / np.sqrt(row.var() + EPS), abs=0.0051)


def _all_learn(runs):
    return len(runs) == 5 and min(LAST_ACCURACY.of(run) for run in runs) > 0.5


def test_evaluation_mode_of_batch_norm_does_not_depend_on_the_company():
    one = _normalised_cells(example_batch(6, 1.0), "batch", "evaluation").x_hat
    other = _normalised_cells(example_batch(6, 5.0), "batch", "evaluation").x_hat
    assert np.array_equal(one[0], other[0]) and not np.array_equal(one[-1], other[-1])


def test_the_verdict_on_accuracy_is_that_of_five_paired_seeds():
    difference = compare(LAST_ACCURACY, shipped(FULL), shipped(LAYER_NORM))
    assert difference.n == 5 and not difference.is_clear
    said = "Compared with the plain network's, layer norm's accuracy shows no clear difference"
    assert said in texts(open_page(LAYER)).split("**Accuracy at the last epoch.**")[1]


def test_missing_measurements_are_said_and_the_page_goes_on(monkeypatch):
    real = store.places

    def places(name):
        missing = name.startswith(("probe", "shift", "drift", "surface"))
        return () if missing else real(name)

    monkeypatch.setattr(store, "places", places)
    monkeypatch.setattr("core.app.runs.measured_with", lambda *_: (_ for _ in ()).throw(ArithmeticError("not here")))
    app = open_page(BATCH)
    assert sum("python -m core.precompute" in info.value for info in app.info) >= 4
    assert len(app.title) == 1
