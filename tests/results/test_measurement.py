"""The one form in which measurements are kept: they come back as they were, and nothing else passes for one."""

import io
import pkgutil
import sys
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import core.engine
import core.results
from core import precompute
from core.config import RunConfig
from core.folders import PRECOMPUTED
from core.jobs import worker
from core.results import library, measurement, store
from core.results.activations import Activations, ActivationSpec
from core.results.averaged import Averaged, AveragedSpec
from core.results.batches import Batches, BatchesSpec
from core.results.calibration import Calibration, CalibrationSpec
from core.results.displaced import Displaced, DisplacedSpec
from core.results.drift import Drift, DriftSpec
from core.results.ensemble import Ensemble, EnsembleSpec
from core.results.followed import Followed, FollowSpec
from core.results.path import PathSpec, TrainingPath
from core.results.probe import Probe, ProbeSpec
from core.results.shift import Shifted, ShiftSpec
from core.results.sparsity import Sparsity, SparsitySpec
from core.results.watched import Watched, WatchedSpec
from core.results.weight_sizes import WeightSizes, WeightSizesSpec

RUN = RunConfig(dataset="digits", n_train=60, dropout=0.5, l1=1e-3)
KINDS = [
    (Sparsity, SparsitySpec(RUN)),
    (Sparsity, SparsitySpec(RUN, with_map=True)),
    (Activations, ActivationSpec(RUN)),
    (Ensemble, EnsembleSpec(RUN, n_shown=2)),
    (Followed, FollowSpec(RUN, steps=5)),
    (Displaced, DisplacedSpec(RUN)),
    (Batches, BatchesSpec(RUN)),
    (Calibration, CalibrationSpec(RUN)),
    (Drift, DriftSpec(RUN, steps=4, every=2)),
    (Probe, ProbeSpec(RUN, steps=4, every=2)),
    (Shifted, ShiftSpec(replace(RUN, norm="batch"))),
    (WeightSizes, WeightSizesSpec(RUN)),
    (Watched, WatchedSpec(replace(RUN, epochs=3))),
    (Averaged, AveragedSpec(replace(RUN, epochs=3))),
    (TrainingPath, PathSpec(replace(RUN, epochs=3), resolution=3)),
]


def made_up(kind, spec):
    rng = np.random.default_rng(0)
    return kind(spec, **{name: rng.random(shape) for name, shape in spec.shapes.items()})


@pytest.mark.parametrize(("kind", "spec"), KINDS)
def test_a_measurement_comes_back_from_its_file(kind, spec):
    result = made_up(kind, spec)
    assert measurement.load(spec) is None
    measurement.to_file(result, store.runs_folder() / spec.file_name)
    again = measurement.load(spec)
    assert again.spec == spec and spec.file_name.startswith(f"{spec.kind}-")
    for name in spec.shapes:
        assert np.array_equal(getattr(again, name), getattr(result, name))
    assert measurement.load(replace(spec, run=replace(spec.run, seed=1))) is None


@pytest.mark.parametrize(("kind", "spec"), KINDS)
def test_arrays_of_another_shape_are_neither_written_nor_read(kind, spec, tmp_path):
    result = made_up(kind, spec)
    name = next(name for name, shape in spec.shapes.items() if shape)
    wrong = replace(result, **{name: np.zeros(3 + len(getattr(result, name)))})
    with pytest.raises(ValueError, match="shapes"):
        measurement.to_file(wrong, tmp_path / "x.npz")
    arrays = {n: getattr(wrong, n) for n in spec.shapes}
    told = {f.name: getattr(spec, f.name) for f in fields(spec) if f.name != "run"}
    meta = {"kind": spec.kind, "spec": {**told, "run": spec.run.to_dict()}}
    store.write_npz(tmp_path / "x.npz", meta, arrays)
    with pytest.raises(store.StoreError, match=spec.kind):
        measurement.from_file(spec.kind, tmp_path / "x.npz")


@pytest.mark.parametrize(
    "change",
    [
        lambda meta, arrays: meta.update(kind="activations"),
        lambda meta, arrays: meta["spec"].update(surprise=1),
        lambda meta, arrays: meta["spec"]["run"].update(lr="fast"),
        lambda meta, arrays: meta["spec"].pop("run"),
        lambda meta, arrays: meta.pop("spec"),
        lambda meta, arrays: arrays.update(mean=np.array([np.nan, 0.0])),
        lambda meta, arrays: arrays.update(mean=np.array(["a", "b"])),
        lambda meta, arrays: arrays.pop("own"),
        lambda meta, arrays: arrays.update(more=np.zeros(1)),
    ],
)
def test_a_file_that_holds_something_else_is_refused(change, tmp_path):
    spec = DisplacedSpec(RUN)
    meta = {"kind": spec.kind, "spec": {"run": RUN.to_dict()}}
    arrays = {name: np.ones(shape) for name, shape in spec.shapes.items()}
    store.write_npz(tmp_path / "good.npz", meta, arrays)
    assert measurement.from_file(spec.kind, tmp_path / "good.npz").spec == spec
    change(meta, arrays)
    store.write_npz(tmp_path / "bad.npz", meta, arrays)
    with pytest.raises(store.StoreError):
        measurement.from_file(spec.kind, tmp_path / "bad.npz")


def test_two_settings_of_a_measurement_have_two_files():
    specs = [SparsitySpec(RUN), SparsitySpec(RUN, with_map=True), EnsembleSpec(RUN), EnsembleSpec(RUN, n_shown=3)]
    assert len({spec.file_name for spec in (*specs, EnsembleSpec(replace(RUN, seed=1)))}) == 5


def shipped() -> dict[str, list[Path]]:
    """The files of precomputed/ by kind, runs apart."""
    found: dict[str, list[Path]] = {}
    for path in sorted(PRECOMPUTED.glob("*.npz")):
        found.setdefault(path.name.split("-")[0], []).append(path)
    found.pop("run")
    return found


@pytest.mark.parametrize("kind", shipped())
def test_a_shipped_file_written_again_has_its_name_and_the_same_arrays_bit_by_bit(kind, tmp_path):
    paths = shipped()[kind]
    for path in paths[:: -(-len(paths) // 40)]:
        result, again = measurement.from_file(kind, path), tmp_path / path.name
        assert result.spec.file_name == path.name
        measurement.to_file(result, again)
        assert measurement.from_file(kind, again).spec == result.spec
        (meta, arrays), (meta_again, arrays_again) = store.read_npz(path), store.read_npz(again)
        assert [*arrays] == [*arrays_again]
        for name, array in arrays.items():
            assert array.dtype == arrays_again[name].dtype and array.tobytes() == arrays_again[name].tobytes()
        # the spec may have got a setting since, at its default
        assert all(meta[name] == meta_again[name] for name in meta_again if name != "spec")


def test_every_kind_is_a_module_of_its_name_here_and_in_the_engine():
    here = {module.name for module in pkgutil.iter_modules(core.results.__path__)}
    kinds = here - {"library", "measurement", "run", "shared", "store"}
    assert kinds >= {*shipped()}
    assert kinds <= {module.name for module in pkgutil.iter_modules(core.engine.__path__)}
    for kind in kinds:
        of = measurement.result_type(kind)
        assert of.spec_type.kind == kind and of.__module__ == f"core.results.{kind}"
        assert callable(import_module(f"core.engine.{kind}").measure)


@pytest.mark.parametrize("kind", ["store", "measurement", "nothing", "../surface", "surface.x", "", "os", None, 3])
def test_a_name_that_is_no_measurement_is_refused(kind, tmp_path):
    with pytest.raises(ValueError, match="no measurement"):
        measurement.result_type(kind)
    store.write_npz(tmp_path / "odd.npz", {"kind": kind, "spec": {}}, {})
    with pytest.raises(store.StoreError, match="no measurement"):
        measurement.from_file(kind, tmp_path / "odd.npz")


WHAT = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from core.results.measurement import RunSpec

@dataclass(frozen=True)
class BiasSpec(RunSpec):
    layer: str = "linear1"
    kind: ClassVar[str] = "biases"

    @property
    def shapes(self):
        return {"values": (self.run.facts.widths[0],)}

@dataclass(frozen=True)
class Biases:
    spec: BiasSpec
    values: np.ndarray
    note: str
    spec_type: ClassVar[type] = BiasSpec
"""
HOW = """
from core.results.biases import Biases

def measure(spec, images, runs, on_step):
    (run,) = runs
    on_step(1, 1)
    return Biases(spec, run.weights[f"{spec.layer}.bias"], f"{len(images.test_y)} test images")
"""


@pytest.fixture
def two_new_files(tmp_path, monkeypatch):
    """A measurement that is nowhere mentioned: two files of one name."""
    for package, text in ((core.results, WHAT), (core.engine, HOW)):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / "biases.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    measurement.result_type.cache_clear()
    yield import_module("core.results.biases")
    measurement.result_type.cache_clear()
    for package in (core.results, core.engine):
        sys.modules.pop(f"{package.__name__}.biases", None)
        vars(package).pop("biases", None)


def test_two_files_are_enough_for_a_measurement_to_be_computed_shipped_and_read(
    two_new_files, precomputed, trained, digits, tmp_path, monkeypatch
):
    run, spec = trained(), two_new_files.BiasSpec(trained().config)
    store.save_run(run)
    monkeypatch.setattr("core.precompute._images", lambda: digits)
    item = precompute._measurement(spec)
    item.write(precomputed / item.name)
    found = library.stored(spec)
    assert precompute.is_good(item) and item.name.startswith("biases-") and found.spec == spec
    assert np.array_equal(found.values, run.weights["linear1.bias"]) and found.note == "400 test images"

    sent = io.StringIO()
    request = {"kind": "biases", "spec": measurement.spec_to_dict(spec), "runs": 0, "folder": str(tmp_path)}
    worker._measure(request, worker._Channel(sent))
    live = measurement.from_file("biases", tmp_path / "result.npz")
    assert np.array_equal(live.values, found.values) and '"done": 1, "total": 1' in sent.getvalue()
