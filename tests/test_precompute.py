from __future__ import annotations

from collections import Counter
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from core import precompute
from core.config import FIELDS, FULL, SMALL_AND_NOISY
from core.course import baseline
from core.course.baseline import BARRIER
from core.course.batch_norm import BATCH_NORM, OWN_BATCH, drifts, shifted_networks
from core.course.dropout import OWN_DROPOUT, SMALL_DROPOUT, activations, ensembles
from core.course.l1_l2 import DISPLACED, FOLLOWED_L1, NOTEBOOK_L1, NOTEBOOK_L2, OWN_PENALTY, SMALL_L1, followed
from core.course.layer_norm import LAYER_NORM, OWN_LAYER
from core.course.minima import between_of, path_of
from core.course.norms import BATCH_SIZES, LEARNING_RATES, OWN_SETTINGS, at_batch_size, at_learning_rate, probes
from core.course.over_seeds import DIRECTION_SEEDS, sparsities
from core.course.syllabus import lessons
from core.precompute import MAIN, Shipped, is_good, main, measurements_of, plan, with_weights
from core.results import measurement, store
from core.results.activations import Activations
from core.results.batches import Batches
from core.results.displaced import Displaced
from core.results.drift import DriftSpec
from core.results.ensemble import N_SHOWN, Ensemble
from core.results.followed import Followed
from core.results.line import LineSpec
from core.results.probe import ProbeSpec
from core.results.run import Diverged
from core.results.shift import ShiftSpec
from core.results.sparsity import Sparsity
from core.results.store import outcome_from_file, run_from_file, run_name, run_to_file
from core.results.surface import RADII, SurfaceSpec
from core.techniques import ADAMW, TECHNIQUES

SURFACES = [s for lesson in lessons().values() for s in lesson.measurements() if isinstance(s, SurfaceSpec)]
SLIDERS = ("lr", "epochs", "batch_size", "n_train", "label_noise", "seed")


# --- the plan -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [FULL, SMALL_AND_NOISY], ids=["full", "small and noisy"])
@pytest.mark.parametrize("name", SLIDERS)
def test_every_stop_of_every_slider_of_the_baseline_is_in_the_plan(base, name):
    names = {item.name for item in plan()}
    for stop in FIELDS[name].stops:
        assert run_name(replace(base, **{name: stop})) in names


def test_each_number_of_images_is_in_the_plan_with_each_share_of_wrong_labels():
    runs = baseline.runs()
    for n in FIELDS["n_train"].stops:
        for share in FIELDS["label_noise"].stops:
            assert replace(SMALL_AND_NOISY, n_train=n, label_noise=share) in runs


def test_every_range_and_pair_of_directions_has_its_surface():
    for run in (FULL, SMALL_AND_NOISY, BATCH_NORM, LAYER_NORM):
        for radius in RADII:
            for seed in DIRECTION_SEEDS:
                spec = SurfaceSpec(run, radius=radius, direction_seed=seed)
                assert spec in SURFACES and replace(spec, statistics="batch") in SURFACES
        assert [spec.method for spec in SURFACES if spec.run == run].count("notebook") == 1


def test_no_file_is_planned_twice_and_names_tell_the_kinds_apart():
    items = plan()
    assert len({item.name for item in items}) == len(items)
    kinds = {
        "surface",
        "relative_steps",
        "variance_shift",
        "watched",
        "averaged",
        "line",
        "probe",
        "drift",
        "shift",
        "sparsity",
        "activations",
        "ensemble",
        "followed",
        "by_heart",
        "calibration",
        "weight_sizes",
        "sharpness",
        "path",
        "between",
    }
    assert {item.name.split("-")[0] for item in items} == {"run", "displaced", "batches", *kinds}
    for item in items:
        kind = item.name.split("-")[0]
        assert item.read is outcome_from_file if kind == "run" else item.read.args == (kind,)


def test_what_a_surface_or_the_line_needs_is_planned_before_it_with_its_weights():
    order = {item.name: i for i, item in enumerate(plan())}
    for spec in SURFACES:
        assert order[run_name(spec.run)] < order[spec.file_name] and spec.run in with_weights()
    for config in (BARRIER.start, BARRIER.end):
        assert order[run_name(config)] < order[BARRIER.file_name] and config in with_weights()


def test_the_seeds_of_the_main_settings_are_computed_first():
    runs = [item.name for item in plan() if item.name.startswith("run-")]
    assert {*runs[: 5 * len(MAIN)]} == {run_name(replace(c, seed=seed)) for c in MAIN for seed in range(5)}


def test_each_network_of_the_norm_lessons_is_planned_over_five_seeds_at_every_stop():
    names = {item.name for item in plan()}
    networks = [at_learning_rate(lr) for lr in LEARNING_RATES] + [at_batch_size(size) for size in BATCH_SIZES]
    configs = {config for by_name in networks for config in by_name.values()} | {*MAIN}
    for config in configs:
        assert all(run_name(replace(config, seed=seed)) in names for seed in range(5))
    assert {(config.norm, config.norm_position) for config in MAIN} == {
        ("none", "before"),
        ("batch", "before"),
        ("batch", "after"),
        ("layer", "before"),
    }
    for own in (OWN_BATCH, OWN_LAYER):
        for name in OWN_SETTINGS:
            for stop in FIELDS[name].stops or FIELDS[name].choices:
                assert run_name(replace(own, **{name: stop})) in names


def test_every_measurement_that_a_lesson_shows_is_planned():
    names = {item.name for item in plan()}
    measured = [*drifts().values(), *(spec for specs in shifted_networks().values() for spec in specs)]
    measured += [spec for optimizer in ("adam", "sgd") for specs in probes(optimizer).values() for spec in specs]
    assert len(measured) == 2 + 15 + 30
    assert {spec.file_name for spec in measured} <= names


@pytest.mark.parametrize("base", [FULL, SMALL_AND_NOISY], ids=["full", "small and noisy"])
def test_every_stop_of_every_strength_is_planned_over_five_seeds_with_what_is_measured_of_it(base):
    order = {item.name: i for i, item in enumerate(plan())}
    by_field = {"dropout": [{}], "l1": [{}, {"l1_method": "proximal"}], "l2": [{}]}
    for name, methods in by_field.items():
        for stop in FIELDS[name].stops:
            for method in methods:
                config = replace(base, **{name: stop}, **method)
                measured = [*sparsities(config), *(activations(config) if name == "dropout" else [])]
                measured += ensembles(config) if config.dropout else []
                for seed in range(5):
                    assert run_name(replace(config, seed=seed)) in order
                for spec in measured:
                    assert order[run_name(spec.run)] < order[spec.file_name]
                if base == FULL:
                    assert config in with_weights()  # one seed of every stop
    for decay in ADAMW.stops:
        for spec in sparsities(replace(base, l2=decay / 2, l2_method="decoupled")):
            assert order[run_name(spec.run)] < order[spec.file_name]


def test_what_shows_single_weights_and_the_notebooks_own_strengths_is_planned():
    names = {item.name for item in plan()}
    specs = [spec for o in ("adam", "sgd") for strength in FOLLOWED_L1 for spec in followed(o, strength).values()]
    assert len({spec.file_name for spec in specs}) == 16 and {spec.file_name for spec in specs} <= names
    assert DISPLACED.file_name in names
    for config in (NOTEBOOK_L1, NOTEBOOK_L2):
        assert all(run_name(replace(config, seed=seed)) in names for seed in range(5))
    for own, sliders in ((SMALL_DROPOUT, OWN_DROPOUT), (SMALL_L1, OWN_PENALTY)):
        for name in sliders:
            for stop in FIELDS[name].stops or FIELDS[name].choices:
                assert run_name(replace(own, **{name: stop})) in names, (name, stop)


def test_only_the_first_seed_keeps_the_maps_and_single_images_that_take_room():
    assert [spec.with_map for spec in sparsities(FULL)] == [True, False, False, False, False]
    assert [spec.n_shown for spec in ensembles(SMALL_DROPOUT)] == [N_SHOWN, 0, 0, 0, 0]
    # of the first seed also the pictures: surfaces side by side, every epoch, and dropout's own with its path
    of_all = ["calibration", "weight_sizes", "sharpness"]
    pictures = ["surface"] * 3 + ["watched"]
    second = replace(SMALL_DROPOUT, seed=1)
    for config, own, first in (
        (BATCH_NORM, ["probe"], []),
        (SMALL_DROPOUT, ["sparsity", "activations", "ensemble"], ["path"]),
    ):
        kinds = Counter(spec.kind for spec in measurements_of(config))
        assert kinds == Counter([*of_all, *own, *pictures, *first])
    assert not {"surface", "watched", "path"} & {spec.kind for spec in measurements_of(second)}


def test_the_paths_and_the_lines_between_seeds_are_planned():
    names = {item.name for item in plan()}
    specs = [spec for technique in TECHNIQUES for spec in (path_of(technique), between_of(technique))]
    assert len(specs) == 22 and {spec.file_name for spec in specs} <= names


def test_a_config_is_the_same_in_whichever_lesson_it_is_shown():
    """The union of the lessons' runs would otherwise hold one network under two names."""
    runs = [config for lesson in lessons().values() for config in lesson.runs()]
    assert len({config.digest for config in runs}) == len(set(runs))


# --- the command, on a small plan -----------------------------------------------------------------------------------


@pytest.fixture
def small_plan(precomputed, trained, monkeypatch):
    """Three runs of digits, and the names of those that were computed."""
    computed = []

    def item(seed: int) -> Shipped:
        run = trained(seed=seed)

        def write(path):
            computed.append(seed)
            run_to_file(run, path)

        return Shipped(run_name(run.config), f"seed {seed}", run_from_file, write)

    items = [item(seed) for seed in range(3)]
    monkeypatch.setattr(precompute, "plan", lambda: items)
    return items, computed


def test_what_is_missing_is_listed_and_not_computed(small_plan, precomputed, capsys):
    items, computed = small_plan
    items[1].write(precomputed / items[1].name)
    assert main(["--list"]) == 1
    out = capsys.readouterr().out
    assert "3 files in the plan, 2 missing, 0 that" in out and computed == [1]
    assert [item.name in out for item in items] == [True, False, True]


def test_what_is_missing_is_computed_once(small_plan, precomputed, capsys):
    items, computed = small_plan
    assert main([]) == 0 and main([]) == 0 and main(["--list"]) == 0
    assert computed == [0, 1, 2] and {path.name for path in precomputed.iterdir()} == {item.name for item in items}
    assert "0 missing" in capsys.readouterr().out


def test_an_interrupted_computation_goes_on_where_it_stopped(small_plan, precomputed, monkeypatch):
    items, computed = small_plan

    def interrupted(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(precompute, "plan", lambda: [items[0], replace(items[1], write=interrupted), items[2]])
        main([])
    assert computed == [0] and main([]) == 0 and computed == [0, 1, 2]


def test_a_damaged_file_is_named_and_computed_again(small_plan, precomputed, capsys):
    items, computed = small_plan
    main([])
    (precomputed / items[1].name).write_bytes(b"nonsense")
    assert not is_good(items[1]) and items[1].name in capsys.readouterr().err
    main([])
    assert computed == [0, 1, 2, 1] and is_good(items[1])


def test_files_that_the_plan_does_not_name_go_only_when_asked(small_plan, precomputed, capsys):
    items, _ = small_plan
    (precomputed / "run-of-yesterday.npz").write_bytes(b"old")
    (precomputed / "README.md").write_text("kept")
    main([])
    main(["--list", "--prune"])
    assert (
        precomputed / "run-of-yesterday.npz"
    ).exists() and "1 that the plan does not name" in capsys.readouterr().out
    main(["--prune"])
    assert {path.name for path in precomputed.iterdir()} == {"README.md", *(item.name for item in items)}


# --- what is written ------------------------------------------------------------------------------------------------


@pytest.fixture
def on_digits(precomputed, digits, monkeypatch):
    monkeypatch.setattr(precompute, "_images", lambda: digits)
    return precomputed


@pytest.mark.parametrize("keep", [True, False])
def test_a_shipped_run_is_what_training_gives_with_its_weights_or_without(on_digits, trained, keep, monkeypatch):
    run = trained()
    monkeypatch.setattr(precompute, "with_weights", lambda: {run.config} if keep else {})
    precompute._run(run.config).write(on_digits / run_name(run.config))
    shipped = store.load_run(run.config)
    assert [replace(r, seconds=0) for r in shipped.records] == [replace(r, seconds=0) for r in run.records]
    assert (shipped.test_last, shipped.test_best) == (run.test_last, run.test_best)
    assert (shipped.weights is not None) is keep
    assert not keep or all(np.array_equal(w, shipped.weights[name]) for name, w in run.weights.items())


def test_shipped_surfaces_and_lines_are_those_of_the_shipped_runs(on_digits, digits, trained):
    from core.engine import line as lines
    from core.engine import surface

    one, other = trained(), trained(seed=1)
    for run in (one, other):
        run_to_file(run, on_digits / run_name(run.config))
    spec, line = SurfaceSpec(one.config, resolution=3), LineSpec(one.config, other.config, points=3)
    precompute._measurement(spec).write(on_digits / spec.file_name)
    expected = surface.measure(spec, digits, [one]).loss
    assert np.array_equal(measurement.from_file("surface", on_digits / spec.file_name).loss, expected)
    precompute._measurement(line).write(on_digits / line.file_name)
    expected = lines.measure(line, digits, [one, other]).loss
    assert np.array_equal(measurement.from_file("line", on_digits / line.file_name).loss, expected)


def test_a_training_that_diverges_is_shipped_as_what_it_is(on_digits, tiny):
    config = replace(tiny, lr=0.11, l2=10.0, l2_method="decoupled", epochs=100)
    precompute._run(config).write(on_digits / run_name(config))
    outcome = store.load_outcome(config)
    assert isinstance(outcome, Diverged) and outcome.config == config and 3 < len(outcome.records) < 100
    assert store.load_run(config) is None and is_good(precompute._run(config))


def test_a_measurement_that_needs_weights_trains_the_run_once_and_keeps_it_apart(
    on_digits, digits, trained, monkeypatch
):
    from core.engine.measurement import run_with_weights

    run = trained()
    run_to_file(replace(run, weights=None), on_digits / run_name(run.config))
    again = run_with_weights(run.config, digits)
    assert all(np.array_equal(w, again.weights[name]) for name, w in run.weights.items())
    monkeypatch.setattr("core.engine.training.train", None)
    kept = run_with_weights(run.config, digits)
    assert all(np.array_equal(w, kept.weights[name]) for name, w in run.weights.items())


@pytest.mark.parametrize("kind", [Sparsity, Activations, Ensemble, Followed, Displaced, Batches])
def test_what_is_measured_of_a_run_that_ships_without_weights_is_measured_of_the_run(kind, on_digits, digits, trained):
    run = trained(dropout=0.5)
    run_to_file(replace(run, weights=None), on_digits / run_name(run.config))
    spec = kind.spec_type(run.config, **({"steps": 7} if kind is Followed else {}))
    runs = [] if kind is Followed else [run]
    expected = import_module(f"core.engine.{spec.kind}").measure(spec, digits, runs)
    item = precompute._measurement(spec)
    item.write(on_digits / spec.file_name)
    found = item.read(on_digits / spec.file_name)
    assert is_good(item) and found.spec == spec
    assert all(np.array_equal(getattr(found, name), getattr(expected, name)) for name in spec.shapes)


@pytest.mark.parametrize("kind", ["probe", "drift", "shift"])
def test_shipped_measurements_are_those_of_their_module(on_digits, digits, trained, kind, monkeypatch):
    run = trained(norm="batch")
    monkeypatch.setattr("core.results.shift.BRIGHTNESS", (0.0,))
    run_to_file(run, on_digits / run_name(run.config))
    spec, column, runs = {
        "probe": (ProbeSpec(run.config, steps=4, every=2), "losses", []),
        "drift": (DriftSpec(run.config, steps=4, every=2, n_images=32), "percentiles", []),
        "shift": (ShiftSpec(run.config, n_images=50), "accuracy", [run]),
    }[kind]
    item, expected = precompute._measurement(spec), import_module(f"core.engine.{kind}").measure(spec, digits, runs)
    item.write(on_digits / spec.file_name)
    found = item.read(on_digits / spec.file_name)
    assert found.spec == spec and is_good(item)
    assert np.array_equal(getattr(found, column), getattr(expected, column).astype(getattr(found, column).dtype))
