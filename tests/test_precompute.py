from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core import precompute, store
from core.config import FIELDS, FULL, SMALL_AND_NOISY
from core.precompute import BARRIER, DIRECTION_SEEDS, Shipped, baseline_runs, is_good, main, plan, surfaces
from core.store import run_from_file, run_name, run_to_file
from core.surface import RADII, LineSpec, SurfaceSpec, line_from_file, surface_from_file

SLIDERS = ("lr", "epochs", "batch_size", "n_train", "label_noise", "seed")


# --- the plan -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [FULL, SMALL_AND_NOISY], ids=["full", "small and noisy"])
@pytest.mark.parametrize("name", SLIDERS)
def test_every_stop_of_every_slider_of_the_baseline_is_in_the_plan(base, name):
    names = {item.name for item in plan()}
    for stop in FIELDS[name].stops:
        assert run_name(replace(base, **{name: stop})) in names


def test_each_number_of_images_is_in_the_plan_with_each_share_of_wrong_labels():
    runs = baseline_runs()
    for n in FIELDS["n_train"].stops:
        for share in FIELDS["label_noise"].stops:
            assert replace(SMALL_AND_NOISY, n_train=n, label_noise=share) in runs


def test_every_range_and_pair_of_directions_has_its_surface():
    for run in (FULL, SMALL_AND_NOISY):
        for radius in RADII:
            for seed in DIRECTION_SEEDS:
                assert SurfaceSpec(run, radius=radius, direction_seed=seed) in surfaces()
        assert [spec.method for spec in surfaces() if spec.run == run].count("notebook") == 1


def test_no_file_is_planned_twice_and_names_tell_the_kinds_apart():
    items = plan()
    assert len({item.name for item in items}) == len(items) == len(baseline_runs()) + len(surfaces()) + 1
    readers = {"run": run_from_file, "surface": surface_from_file, "line": line_from_file}
    assert all(item.read is readers[item.name.split("-")[0]] for item in items)


def test_what_a_surface_or_the_line_needs_is_planned_before_it_with_its_weights():
    order = {item.name: i for i, item in enumerate(plan())}
    runs = baseline_runs()
    for spec in surfaces():
        assert order[run_name(spec.run)] < order[spec.file_name] and runs[spec.run]
    for config in (BARRIER.start, BARRIER.end):
        assert order[run_name(config)] < order[BARRIER.file_name] and runs[config]


def test_the_seeds_of_both_settings_are_computed_first():
    first = {item.name for item in plan()[:10]}
    assert first == {run_name(replace(c, seed=seed)) for c in (FULL, SMALL_AND_NOISY) for seed in range(5)}


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
def test_a_shipped_run_is_what_training_gives_with_its_weights_or_without(on_digits, trained, keep):
    run = trained()
    precompute._run_writer(run.config, keep)(on_digits / run_name(run.config))
    shipped = store.load_run(run.config)
    assert [replace(r, seconds=0) for r in shipped.records] == [replace(r, seconds=0) for r in run.records]
    assert (shipped.test_last, shipped.test_best) == (run.test_last, run.test_best)
    assert (shipped.weights is not None) is keep
    assert not keep or all(np.array_equal(w, shipped.weights[name]) for name, w in run.weights.items())


def test_shipped_surfaces_and_lines_are_those_of_the_shipped_runs(on_digits, digits, trained, monkeypatch):
    from core import landscape

    one, other = trained(), trained(seed=1)
    for run in (one, other):
        run_to_file(run, on_digits / run_name(run.config))
    spec, line = SurfaceSpec(one.config, resolution=3), LineSpec(one.config, other.config, points=3)
    precompute._surface_writer(spec)(on_digits / spec.file_name)
    expected = landscape.surface(spec, one, digits).loss.astype(np.float32)
    assert np.array_equal(surface_from_file(on_digits / spec.file_name).loss, expected)
    monkeypatch.setattr(precompute, "BARRIER", line)
    precompute._write_barrier(on_digits / line.file_name)
    expected = landscape.line_between(line, one, other, digits).loss.astype(np.float32)
    assert np.array_equal(line_from_file(on_digits / line.file_name).loss, expected)
