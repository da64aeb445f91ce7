from __future__ import annotations

import json
import math
import os
import stat
import tempfile
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import DATASETS, RunConfig
from core.folders import cache_folder as cache_folder_now
from core.folders import replace_atomically
from core.results import store
from core.results.run import RECORD_FIELDS, Diverged, EpochRecord, Evaluation, Run
from core.results.store import (
    StoreError,
    is_precomputed,
    keep_within,
    load_outcome,
    load_run,
    outcome_from_file,
    outcome_to_file,
    places,
    read_npz,
    run_from_file,
    run_name,
    run_to_file,
    runs_folder,
    save_run,
    write_npz,
)

SMALL = RunConfig(dataset="digits", n_train=100, epochs=2)


def make_run(config: RunConfig = SMALL, *, weights: bool = True, seed: int = 0, **settings) -> Run:
    """A run that nobody trained: random numbers of the right shapes."""
    random = np.random.default_rng(seed)
    records = [EpochRecord(i + 1, *map(float, random.random(len(RECORD_FIELDS) - 1))) for i in range(config.epochs)]
    sizes = (config.facts.n_inputs, *config.facts.widths, 10)
    arrays = {}
    for i, (n_in, n_out) in enumerate(pairwise(sizes), start=1):
        arrays[f"linear{i}.weight"] = random.standard_normal((n_out, n_in)).astype(np.float16)
        arrays[f"linear{i}.bias"] = random.standard_normal(n_out).astype(np.float32)
    told = {"seconds": 1.5, "device": "cpu", "threads": 2, "versions": {"torch": "2"}, "date": "2026-01-01"} | settings
    return Run(config, tuple(records), Evaluation(0.3, 0.9), Evaluation(0.2, 0.95), arrays if weights else None, **told)


def assert_same(one: Run, other: Run):
    assert replace(one, weights=None, records=()) == replace(other, weights=None, records=())
    for name in RECORD_FIELDS:
        assert np.array_equal(one.curve(name), other.curve(name), equal_nan=True)
    assert [type(r.epoch) for r in other.records] == [int] * len(other.records)
    assert (one.weights is None) == (other.weights is None)
    for name, w in (one.weights or {}).items():
        assert np.array_equal(w, other.weights[name]) and w.dtype == other.weights[name].dtype


# --- there and back -------------------------------------------------------------------------------------------------

NUMBER = st.floats(allow_nan=True, allow_infinity=True)


@given(st.from_type(RunConfig).filter(lambda c: c.epochs <= 20), st.booleans(), st.data())
def test_a_run_comes_back_from_its_file_with_every_bit_nan_included(config, weights, data):
    run = make_run(config, weights=weights and config.dataset == "digits", seed=config.seed)
    first = replace(run.records[0], memorised=math.nan, gradient_norm=data.draw(NUMBER), train_loss=data.draw(NUMBER))
    run = replace(run, records=(first, *run.records[1:]), date=data.draw(st.text(st.characters(codec="utf-8"))))
    with tempfile.TemporaryDirectory() as folder:
        run_to_file(run, Path(folder) / "run.npz")
        assert_same(run, run_from_file(Path(folder) / "run.npz"))


@pytest.mark.parametrize("settings", [{}, {"norm": "batch"}, {"norm": "layer", "label_noise": 0.0}], ids=str)
def test_a_trained_run_is_found_again_by_its_config(trained, settings):
    run = trained(**settings)
    assert load_run(run.config) is None
    path = save_run(run)
    assert path == runs_folder() / run_name(run.config) and run.config.digest in path.name
    assert_same(run, load_run(run.config))
    assert load_run(replace(run.config, seed=9)) is None


def test_an_empty_date_and_no_versions_are_fine(tmp_path):
    run = make_run(date="", versions={}, weights=False)
    run_to_file(run, tmp_path / "run.npz")
    assert_same(run, run_from_file(tmp_path / "run.npz"))


# --- files that cannot be used --------------------------------------------------------------------------------------


class Trap:
    """What a malicious file would have unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("trap",))


def rewritten(path: Path, meta=None, drop: str = "", **arrays):
    """The same file with parts of its JSON text or its arrays replaced, or one left out; `w1` are the first weights."""
    with np.load(path) as file:
        contents = {name: file[name] for name in file.files if name != drop}
    text = json.loads(contents["meta"].tobytes()) | (meta or {})
    contents["meta"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    names = {"w1": "weights/linear1.weight"}
    np.savez_compressed(path.with_suffix(""), **(contents | {names.get(name, name): a for name, a in arrays.items()}))


def bomb(path: Path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("records.npy", "w") as member:
        for _ in range(store.MAX_BYTES // 2**20 + 1):
            member.write(bytes(2**20))


W1 = np.zeros((256, 64), np.float16)
DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "no zip": lambda path: path.write_bytes(b"PK\x03\x04 nonsense" * 50),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "one byte short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "a flipped byte": lambda path: path.write_bytes(flipped(path.read_bytes())),
    "a pickled object": lambda path: rewritten(path, records=np.array([[Trap()] * len(RECORD_FIELDS)] * 2, object)),
    "a bomb": bomb,
    "another schema": lambda path: rewritten(path, {"schema": store.SCHEMA + 1}),
    "another kind": lambda path: rewritten(path, {"kind": "surface"}),
    "another config": lambda path: run_to_file(make_run(replace(SMALL, seed=1)), path),
    "no config": lambda path: rewritten(path, {"config": None}),
    "a bad config": lambda path: rewritten(path, {"config": SMALL.to_dict() | {"lr": "fast"}}),
    "an unknown field": lambda path: rewritten(path, {"config": SMALL.to_dict() | {"warp": 9}}),
    "other columns": lambda path: rewritten(path, {"record_fields": RECORD_FIELDS[::-1]}),
    "an epoch short": lambda path: rewritten(path, records=np.zeros((1, len(RECORD_FIELDS)))),
    "no records": lambda path: rewritten(path, drop="records"),
    "no meta": lambda path: np.savez(path.with_suffix(""), records=np.zeros((2, len(RECORD_FIELDS)))),
    "infinite weights": lambda path: rewritten(path, w1=W1 + np.float16("inf")),
    "a weight that is nan": lambda path: rewritten(path, w1=W1 * np.float16("nan")),
    "words for weights": lambda path: rewritten(path, w1=W1.astype(str)),
    "another network": lambda path: rewritten(path, w1=W1.T),
    "no last layer": lambda path: rewritten(path, drop="weights/linear3.weight"),
}


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.fixture(params=DAMAGES)
def damage(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a trap would spring

    def apply(path: Path):
        DAMAGES[request.param](path)
        assert path.exists()

    return apply


def test_a_cached_file_that_cannot_be_used_is_no_run_and_is_set_aside(damage, precomputed, tmp_path, caplog):
    path = save_run(make_run())
    damage(path)
    content = path.read_bytes()
    assert load_run(SMALL) is None
    assert not path.exists() and path.with_name(path.name + ".unusable").read_bytes() == content
    assert path.name in caplog.text and "computed again" in caplog.text and not (tmp_path / "trap").exists()
    save_run(make_run())
    assert_same(make_run(), load_run(SMALL))


def test_a_precomputed_file_that_cannot_be_used_is_passed_over_untouched(damage, precomputed, tmp_path):
    path = precomputed / run_name(SMALL)
    run_to_file(make_run(), path)
    damage(path)
    content = path.read_bytes()
    assert load_run(SMALL) is None
    save_run(make_run(date="from the cache"))
    assert load_run(SMALL).date == "from the cache"
    assert [p.name for p in precomputed.iterdir()] == [path.name] and path.read_bytes() == content
    assert not (tmp_path / "trap").exists()


def test_a_bomb_is_refused_unread(tmp_path, monkeypatch):
    bomb(tmp_path / "bomb.npz")
    assert (tmp_path / "bomb.npz").stat().st_size < 2**20
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(StoreError, match=r"bomb\.npz would unpack to [\d,]{10,} bytes"):
        read_npz(tmp_path / "bomb.npz")


def test_a_missing_file_is_a_store_error(tmp_path):
    with pytest.raises(StoreError, match="nowhere.npz"):
        read_npz(tmp_path / "nowhere.npz")


def test_a_folder_that_cannot_be_written_to_still_serves_its_runs(monkeypatch, caplog):
    def refuse(*_, **__):
        raise PermissionError("read-only")

    path = save_run(make_run())
    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    assert_same(make_run(), load_run(SMALL))
    path.write_bytes(b"nonsense")
    assert load_run(SMALL) is None and "cannot be set aside" in caplog.text


# --- places ---------------------------------------------------------------------------------------------------------


def test_what_comes_with_the_app_is_read_first(precomputed):
    save_run(make_run(date="from the cache"))
    assert not is_precomputed(SMALL) and load_run(SMALL).date == "from the cache"
    run_to_file(make_run(date="with the app"), precomputed / run_name(SMALL))
    assert is_precomputed(SMALL) and load_run(SMALL).date == "with the app"


def test_the_cache_folder_is_the_given_one_else_the_users(cache_folder, monkeypatch, tmp_path):
    assert runs_folder() == cache_folder / "results" == places("x")[1].parent
    monkeypatch.setenv("REGLAB_CACHE", "~/there")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder_now() == tmp_path / "there"
    monkeypatch.delenv("REGLAB_CACHE")
    assert cache_folder_now().name == "reglab" and cache_folder_now().is_absolute()


# --- writing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there_before", [True, False])
def test_a_write_that_fails_leaves_what_was_there_and_nothing_half(cache_folder, there_before):
    if there_before:
        save_run(make_run(date="before"))
    write = Path.write_bytes

    def half(path, content):
        write(path, content[: len(content) // 2])
        raise OSError("no space left on device")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="no space"):
        patch.setattr(Path, "write_bytes", half)
        save_run(make_run(date="after"))
    assert len(list(cache_folder.rglob("*.*"))) == there_before
    assert (load_run(SMALL).date == "before") if there_before else (load_run(SMALL) is None)


def test_an_interrupted_replacement_keeps_the_old_content(tmp_path):
    path = tmp_path / "new folder" / "file"
    with replace_atomically(path) as partial:
        partial.write_text("old")
        assert not path.exists() and partial.parent == path.parent  # one file system, so that the replacement is atomic
    with pytest.raises(KeyboardInterrupt), replace_atomically(path) as partial:
        partial.write_text("ne")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_an_array_of_objects_or_a_number_that_json_lacks_cannot_be_written(tmp_path):
    for meta, arrays in (({}, {"a": np.array([Trap()], object)}), ({"loss": math.nan}, {})):
        with pytest.raises(ValueError):
            write_npz(tmp_path / "file.npz", meta, arrays)
    assert not list(tmp_path.glob("*.npz"))


# --- the bound of the cache -----------------------------------------------------------------------------------------


def aged(folder: Path, **ages: int) -> None:
    """Files of 100 bytes that were used so many seconds ago."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, age in ages.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))


@pytest.mark.parametrize(
    ("limit", "left"), [(1000, "abcd"), (400, "abcd"), (399, "abc"), (250, "ab"), (100, "a"), (99, ""), (0, "")]
)
def test_the_files_used_longest_ago_go_first_until_the_rest_fits(tmp_path, limit, left):
    aged(tmp_path, c=3, a=1, d=4, b=2)
    keep_within(tmp_path, limit)
    assert "".join(sorted(path.name for path in tmp_path.iterdir())) == left


def test_set_aside_files_go_before_all_others(tmp_path):
    aged(tmp_path, old=9, run__npz__unusable=1)
    keep_within(tmp_path, 100)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_reading_a_run_keeps_it_and_saving_one_lets_another_go(monkeypatch):
    configs = [replace(SMALL, seed=seed) for seed in range(4)]
    for age, config in enumerate(configs[:3]):
        path = save_run(make_run(config))
        os.utime(path, (1e9 - age, 1e9 - age))
    assert load_run(configs[2]) is not None  # the oldest, until now
    size = max(path.stat().st_size for path in runs_folder().iterdir())
    monkeypatch.setattr(store, "CACHE_BYTES", int(3.5 * size))
    save_run(make_run(configs[3]))
    assert [load_run(config) is not None for config in configs] == [True, False, True, True]


def test_a_file_that_another_process_deletes_meanwhile_is_no_error(tmp_path):
    aged(tmp_path, a=1, b=2)
    look = Path.stat

    def gone(path, **kwargs):
        if path.name == "b":
            raise FileNotFoundError(path)
        return look(path, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "stat", gone)
        keep_within(tmp_path, 100)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_every_data_set_has_weights_that_are_checked(tmp_path):
    for dataset in DATASETS:
        config = RunConfig(dataset=dataset, n_train=100, epochs=1)
        run_to_file(make_run(config), tmp_path / "run.npz")
        assert_same(make_run(config), run_from_file(tmp_path / "run.npz"))


# --- trainings that diverged ----------------------------------------------------------------------------------------


@pytest.fixture
def diverged():
    run = make_run(weights=False)
    return Diverged(run.config, 2, run.records[:-1], "The loss is no longer a finite number.")


def test_a_divergence_is_found_by_its_config_and_is_no_run(diverged):
    path = save_run(diverged)
    assert path.name == run_name(diverged.config)
    assert load_outcome(diverged.config) == diverged
    assert load_run(diverged.config) is None and path.is_file()
    with pytest.raises(StoreError, match="run"):
        run_from_file(path)


def test_a_divergence_before_the_first_epoch_has_no_records(diverged):
    save_run(replace(diverged, records=()))
    assert load_outcome(diverged.config).records == ()


def test_a_run_is_an_outcome_too(trained):
    run = trained()
    save_run(run)
    assert_same(run, load_outcome(run.config))


@pytest.mark.parametrize(
    "change", [{"step": 0}, {"step": 10**9}, {"step": "x"}, {"message": 7}, {"config": {"lr": -1}}], ids=str
)
def test_a_divergence_that_cannot_be_is_refused(diverged, change, tmp_path):
    path = tmp_path / "run-x.npz"
    outcome_to_file(diverged, path)
    meta, arrays = read_npz(path)
    del meta["schema"]
    write_npz(path, {**meta, **change}, arrays)
    with pytest.raises(StoreError):
        outcome_from_file(path)


def test_a_divergence_with_all_its_epochs_is_refused(diverged, tmp_path):
    whole = make_run(weights=False)
    outcome_to_file(replace(diverged, records=whole.records), tmp_path / "run-x.npz")
    with pytest.raises(StoreError, match="diverged"):
        outcome_from_file(tmp_path / "run-x.npz")
