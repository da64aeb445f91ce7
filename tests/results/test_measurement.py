"""The one form in which measurements are kept: they come back as they were, and nothing else passes for one."""

from dataclasses import fields, replace

import numpy as np
import pytest

from core.config import RunConfig
from core.results import measurement, store
from core.results.activations import Activations, ActivationSpec
from core.results.batches import Batches, BatchesSpec
from core.results.displaced import Displaced, DisplacedSpec
from core.results.drift import Drift, DriftSpec
from core.results.ensemble import Ensemble, EnsembleSpec
from core.results.followed import Followed, FollowSpec
from core.results.probe import Probe, ProbeSpec
from core.results.shift import Shifted, ShiftSpec
from core.results.sparsity import Sparsity, SparsitySpec

RUN = RunConfig(dataset="digits", n_train=60, dropout=0.5, l1=1e-3)
KINDS = [
    (Sparsity, SparsitySpec(RUN)), (Sparsity, SparsitySpec(RUN, with_map=True)), (Activations, ActivationSpec(RUN)),
    (Ensemble, EnsembleSpec(RUN, n_shown=2)), (Followed, FollowSpec(RUN, steps=5)), (Displaced, DisplacedSpec(RUN)),
    (Batches, BatchesSpec(RUN)),
    (Drift, DriftSpec(RUN, steps=4, every=2)), (Probe, ProbeSpec(RUN, steps=4, every=2)),
    (Shifted, ShiftSpec(replace(RUN, norm="batch"))),
]  # fmt: skip


def made_up(kind, spec):
    rng = np.random.default_rng(0)
    return kind(spec, **{name: rng.random(shape) for name, shape in spec.shapes.items()})


@pytest.mark.parametrize(("kind", "spec"), KINDS)
def test_a_measurement_comes_back_from_its_file(kind, spec):
    result = made_up(kind, spec)
    assert measurement.load(kind, spec) is None
    measurement.to_file(result, store.runs_folder() / spec.file_name)
    again = measurement.load(kind, spec)
    assert again.spec == spec and spec.file_name.startswith(f"{spec.kind}-")
    for name in spec.shapes:
        assert np.array_equal(getattr(again, name), getattr(result, name))
    assert measurement.load(kind, replace(spec, run=replace(spec.run, seed=1))) is None


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
        measurement.from_file(kind, tmp_path / "x.npz")


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
    assert measurement.from_file(Displaced, tmp_path / "good.npz").spec == spec
    change(meta, arrays)
    store.write_npz(tmp_path / "bad.npz", meta, arrays)
    with pytest.raises(store.StoreError):
        measurement.from_file(Displaced, tmp_path / "bad.npz")


def test_two_settings_of_a_measurement_have_two_files():
    names = [SparsitySpec(RUN).file_name, SparsitySpec(RUN, with_map=True).file_name, EnsembleSpec(RUN).file_name,
             EnsembleSpec(RUN, n_shown=3).file_name, EnsembleSpec(replace(RUN, seed=1)).file_name]  # fmt: skip
    assert len({*names}) == 5
