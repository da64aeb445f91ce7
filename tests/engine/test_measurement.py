"""Any measurement, computed by its name: what it needs, how it tells how far it is, and that it can be ended."""

from dataclasses import replace

import pytest

from core.engine.measurement import measured, outcome_with_weights, run_with_weights
from core.results import store
from core.results.activations import ActivationSpec
from core.results.averaged import AveragedSpec
from core.results.batches import BatchesSpec
from core.results.between import BetweenSpec
from core.results.calibration import CalibrationSpec
from core.results.displaced import DisplacedSpec
from core.results.drift import DriftSpec
from core.results.ensemble import EnsembleSpec
from core.results.followed import FollowSpec
from core.results.line import LineSpec
from core.results.measurement import RunSpec
from core.results.path import PathSpec
from core.results.probe import ProbeSpec
from core.results.run import Diverged
from core.results.sharpness import SharpnessSpec
from core.results.shift import ShiftSpec
from core.results.sparsity import SparsitySpec
from core.results.surface import SurfaceSpec
from core.results.watched import WatchedSpec
from core.results.weight_sizes import WeightSizesSpec


class Enough(Exception):
    pass


@pytest.mark.parametrize(
    "spec_of",
    [
        lambda run: SurfaceSpec(run, resolution=3, n_images=20),
        lambda run: SurfaceSpec(run, method="notebook", resolution=4, n_images=20),
        lambda run: LineSpec(run, run, points=3, n_images=20),
        lambda run: ProbeSpec(replace(run, dropout=0.0), steps=4, every=2),
        lambda run: DriftSpec(run, steps=4, every=2),
        lambda run: FollowSpec(run, steps=4),
        lambda run: ShiftSpec(run, n_images=5),
        SparsitySpec,
        lambda run: ActivationSpec(run, n_images=50, draws=1),
        lambda run: EnsembleSpec(run, n_images=50),
        DisplacedSpec,
        BatchesSpec,
        CalibrationSpec,
        WeightSizesSpec,
        lambda run: SharpnessSpec(run, n_images=20, lanczos_steps=2, probes=2, directions=2),
        lambda run: AveragedSpec(replace(run, epochs=1)),
        WatchedSpec,
        lambda run: PathSpec(run, resolution=3, n_images=20),
        lambda run: BetweenSpec(run, run, points=3, n_images=20),
    ],
)
def test_every_measurement_counts_its_steps_to_the_end_and_ends_where_the_counter_says_so(spec_of, trained, digits):
    run, steps = trained(dropout=0.5), []

    def count(done, total):
        steps.append((done, total))
        if len(steps) == enough:
            raise Enough

    spec, enough = spec_of(run.config), None
    result = measured(spec, digits, count, [run])
    assert result.spec == spec
    total = steps[-1][1]
    assert steps == [(i, total) for i in range(1, total + 1)]
    assert not store.runs_folder().exists()  # the run was at hand: none was trained
    steps.clear()
    enough = 1
    with pytest.raises(Enough):
        measured(spec, digits, count, [run])
    assert len(steps) == 1


def test_a_run_that_is_stored_without_its_weights_is_trained_once(precomputed, trained, digits, monkeypatch):
    run = trained()
    store.run_to_file(replace(run, weights=None), precomputed / store.run_name(run.config))
    assert store.load_with_weights(run.config) is None
    again = run_with_weights(run.config, digits)
    assert again.records[-1].train_loss == run.records[-1].train_loss and again.weights is not None
    monkeypatch.setattr("core.engine.training.train", None)
    assert run_with_weights(run.config, digits).weights.keys() == run.weights.keys()


def test_a_disk_that_is_full_does_not_cost_the_training(trained, tiny, digits, monkeypatch):
    def full(outcome):
        raise OSError("No space left on device")

    monkeypatch.setattr(store, "save_run", full)
    assert outcome_with_weights(tiny, digits).test_last == trained().test_last


def test_of_a_training_that_diverged_nothing_is_measured(tiny, digits):
    store.save_run(Diverged(tiny, 5, (), "The loss is no longer a finite number."))
    with pytest.raises(ValueError, match="no longer a finite number"):
        measured(SparsitySpec(tiny), digits)


def test_what_no_module_measures_is_refused(tiny, digits):
    class NowhereSpec(RunSpec):
        kind = "nowhere"

    with pytest.raises(ValueError, match="no measurement 'nowhere'"):
        measured(NowhereSpec(tiny), digits)
