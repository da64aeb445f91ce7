"""The averaged weights against the sum in closed form over the weights of every step; the trained network against the
run that training gives."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from core.config import DATASETS
from core.data import split_images
from core.engine.averaged import MovingAverage, measure
from core.engine.evaluation import as_pixels
from core.engine.models import build_model
from core.engine.training import DivergenceError, first_steps, fix_threads, threads_of, train
from core.results.averaged import AveragedSpec

SETTINGS = [{}, {"norm": "batch", "dropout": 0.2}, {"l1": 1e-3, "l1_method": "proximal", "shift": 1}]


def state_of(model):
    return {name: t.double().numpy() for name, t in model.state_dict().items() if t.is_floating_point()}


def states(config, digits):
    """The state after each step of the training, and the split: [{name: float64 array}]."""
    fix_threads(threads_of(config))
    model, found, split = build_model(config), [], split_images(digits, config)
    for i, _, _ in first_steps(model, config, split, config.steps):
        if i:
            found.append({name: t.copy() for name, t in state_of(model).items()})
    return [*found, state_of(model)], split


def in_closed_form(found, decay):
    """Σᵢ d^(t − i)·θᵢ over the states so far, divided by the sum of the factors."""
    factors = decay ** np.arange(len(found))[::-1].astype(float)
    return {name: sum(f * s[name] for f, s in zip(factors, found, strict=True)) / factors.sum() for name in found[0]}


def of(config, state, x, y):
    """Loss and accuracy of a network in this state on uint8 images."""
    model = build_model(config)
    model.load_state_dict({name: torch.tensor(t, dtype=torch.float32) for name, t in state.items()}, strict=False)
    with torch.no_grad():
        logits = model.eval()(as_pixels(torch.tensor(x)))
    y = torch.tensor(y)
    return cross_entropy(logits, y).item(), (logits.argmax(1) == y).double().mean().item()


@pytest.mark.parametrize("decay", [0.5, 0.9])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_losses_are_those_of_the_average_in_closed_form(settings, decay, tiny, digits):
    config = replace(tiny, **settings)
    found = measure(AveragedSpec(config, decay), digits)
    passed, split = states(config, digits)
    per_epoch = config.steps // config.epochs
    for row in range(config.epochs):
        state = in_closed_form(passed[: (row + 1) * per_epoch], decay)
        for column, (x, y) in enumerate([(split.held_out_x, split.held_out_y), (split.test_x, split.test_y)]):
            loss, accuracy = of(config, state, x, y)
            assert found.loss[row, column] == pytest.approx(loss, rel=1e-5)  # averaged in float32
            assert found.accuracy[row, column] == pytest.approx(accuracy, abs=1 / 400)
    assert np.abs(found.loss - found.own_loss).min() > 1e-4


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_network_itself_is_that_of_the_run_bit_by_bit(settings, trained, digits):
    run = trained(**settings)
    found = measure(AveragedSpec(run.config), digits)
    assert np.array_equal(found.own_loss[:, 0], run.curve("held_out_loss"))
    assert np.array_equal(found.own_accuracy[:, 0], run.curve("held_out_accuracy"))
    assert (found.own_loss[-1, 1], found.own_accuracy[-1, 1]) == (run.test_last.loss, run.test_last.accuracy)
    assert found.best_epoch == 1 + found.loss[:, 0].argmin()


def test_without_decay_the_average_is_the_network(tiny, digits):
    found = measure(AveragedSpec(tiny, 0), digits)
    assert np.array_equal(found.loss, found.own_loss) and np.array_equal(found.accuracy, found.own_accuracy)


def test_an_average_of_many_states_is_the_sum_in_closed_form(tiny):
    """300 random states, for which 0.99³⁰⁰ is 5 %: neither the start nor the division may be left out."""
    generator = torch.Generator().manual_seed(0)
    model, passed = build_model(replace(tiny, norm="batch")), []
    average = MovingAverage(build_model(replace(tiny, norm="batch", seed=9)), 0.99)
    for _ in range(300):
        for name in ("linear3.weight", "norm1.running_mean", "norm2.weight"):
            model.state_dict()[name].normal_(generator=generator)
        average.update(model)
        passed.append({name: t.copy() for name, t in state_of(model).items() if name.startswith(("linear3", "norm"))})
    expected, found = in_closed_form(passed, 0.99), state_of(average.model)
    assert all(np.allclose(found[name], t, atol=1e-6) for name, t in expected.items())


def test_a_training_that_diverges_says_so(tiny, digits):
    with pytest.raises(DivergenceError, match="no longer a finite number"):
        measure(AveragedSpec(replace(tiny, optimizer="sgd", lr=10.0, l2=10.0)), digits)


@pytest.mark.parametrize("decay", [1.0, -0.1, 2, float("nan")])
def test_a_decay_is_from_0_to_below_1(tiny, decay):
    with pytest.raises(ValueError, match="decay must be"):
        AveragedSpec(tiny, decay)
    assert AveragedSpec(tiny).reach == pytest.approx(100)


def test_where_all_images_are_trained_on_both_columns_are_of_the_test_images(tiny, digits, monkeypatch):
    everything = len(digits.train_y)
    monkeypatch.setitem(DATASETS, "digits", replace(DATASETS["digits"], n_all=everything))
    config = replace(tiny, n_train=everything, batch_size=512, epochs=2)
    found, run = measure(AveragedSpec(config, 0.5), digits), train(config, digits)
    assert config.held_out == "test"
    assert np.array_equal(found.own_loss, np.stack([run.curve("held_out_loss")] * 2, axis=1))
    assert np.array_equal(found.loss[:, 0], found.loss[:, 1]) and found.loss[-1, 0] != found.own_loss[-1, 0]
