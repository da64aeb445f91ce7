from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from core.config import DIGITS, FULL, SMALL_AND_NOISY, RunConfig, sweep
from core.engine.models import build_model
from core.results import store
from core.results.run import (
    RECORD_FIELDS,
    EpochRecord,
    Evaluation,
    Run,
    expected_seconds,
    layer_matrices,
    parameter_counts,
    total_parameters,
)


def run_with(held_out_losses: list[float], **others: list[float]) -> Run:
    """A run whose records have these held-out losses, and 0.5 in every other place."""
    half = dict.fromkeys(RECORD_FIELDS, 0.5)
    records = []
    for i, loss in enumerate(held_out_losses):
        told = {name: values[i] for name, values in others.items()}
        records.append(EpochRecord(**{**half, **told, "epoch": i + 1, "held_out_loss": loss}))
    result = Evaluation(0.5, 0.5)
    return Run(DIGITS, tuple(records), result, result, None, seconds=1.0, device="cpu", threads=1)


@pytest.mark.parametrize(
    ("losses", "best"),
    [([3, 2, 1], 3), ([1, 2, 3], 1), ([3, 1, 2], 2), ([2, 1, 1, 2], 2), ([1], 1)],
    ids=["falls", "rises", "turns", "first of equals", "one epoch"],
)
def test_the_best_epoch_is_the_first_with_the_lowest_held_out_loss(losses, best):
    run = run_with([float(loss) for loss in losses])
    assert run.best_epoch == best and run.best.epoch == best and run.best.held_out_loss == min(losses)
    assert run.last.epoch == len(losses)


def test_the_gap_is_training_minus_held_out_accuracy_of_the_last_epoch():
    run = run_with([1.0, 2.0], train_accuracy=[0.5, 0.95], held_out_accuracy=[0.6, 0.75])
    assert run.gap == pytest.approx(0.2)


def test_a_curve_is_one_number_of_every_record_in_order():
    run = run_with([3.0, 1.0, 2.0], memorised=[math.nan, 0.5, 1.0])
    assert run.curve("held_out_loss").tolist() == [3.0, 1.0, 2.0] and run.curve("held_out_loss").dtype == np.float64
    assert np.array_equal(run.curve("memorised"), [math.nan, 0.5, 1.0], equal_nan=True)
    with pytest.raises(AttributeError, match="accuracy_of_what"):
        run.curve("accuracy_of_what")


def test_a_trained_run_is_plain_data_only(trained):
    run = trained(norm="batch", dropout=0.5)
    assert all(type(w) is np.ndarray and w.dtype.kind in "fi" for w in run.weights.values())
    assert all(type(getattr(r, name)) in (float, int) for r in run.records for name in RECORD_FIELDS)
    assert {type(n) for e in (run.test_last, run.test_best) for n in (e.loss, e.accuracy)} == {float}


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("base", [FULL, DIGITS], ids=["fashion-mnist", "digits"])
def test_parameters_are_counted_as_they_are_in_the_network(base, norm):
    config = replace(base, norm=norm)
    model = build_model(config)
    assert total_parameters(config) == sum(w.numel() for w in model.parameters())
    linear = [layer for name, layer in model.named_children() if name.startswith("linear")]
    assert parameter_counts(config) == {
        f"{layer.in_features} → {layer.out_features}": (layer.weight.numel(), layer.bias.numel()) for layer in linear
    }


def test_the_notebooks_network_has_its_known_number_of_parameters():
    """784·392 + 392 + 392·196 + 196 + 196·10 + 10."""
    assert total_parameters(RunConfig()) == 386_718


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_the_layer_matrices_are_the_weights_of_the_linear_layers(trained, norm):
    matrices = layer_matrices(trained(norm=norm).weights)
    assert {name: w.shape for name, w in matrices.items()} == {
        "linear1.weight": (256, 64),
        "linear2.weight": (128, 256),
        "linear3.weight": (10, 128),
    }


def test_the_expected_time_of_the_shipped_runs_is_right_within_a_factor_of_two_on_the_whole():
    """Each was computed on a machine that did other things too: the median must fit, no single one."""
    configs = [c for base in (FULL, SMALL_AND_NOISY) for name in ("n_train", "batch_size") for c in sweep(base, name)]
    ratios = [store.load_run(config).seconds / expected_seconds(config) for config in configs]
    assert 0.5 < np.median(ratios) < 2
