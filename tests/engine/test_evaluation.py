"""The held-out images are measured on a thread of their own while a small run trains: same numbers, same order, and a
training that can still be ended."""

from __future__ import annotations

import threading
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from core.engine import evaluation, training
from core.engine.evaluation import MOST_WAITING, HeldOut, evaluate
from core.engine.models import build_model
from core.engine.training import train


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(training, "THREADS", 2)


@pytest.fixture
def slow(monkeypatch, two_cores):
    """Evaluations that wait until they may go on, and the threads that they were made on."""
    gate, threads = threading.Event(), []

    def waiting(model, x, y):
        threads.append(threading.current_thread())
        if threads[-1] is not threading.main_thread():
            assert gate.wait(30)
        return evaluate(model, x, y)

    monkeypatch.setattr(evaluation, "evaluate", waiting)
    yield gate, threads
    gate.set()


def numbers(records) -> list[dict]:
    return [{name: x for name, x in asdict(record).items() if name != "seconds"} for record in records]


@pytest.mark.parametrize("settings", [{}, {"norm": "batch", "dropout": 0.5}, {"l1": 1e-3, "l1_method": "proximal"}])
def test_a_run_that_is_measured_beside_its_training_has_the_bits_of_one_measured_in_place(
    digits, tiny, monkeypatch, settings
):
    config, runs = replace(tiny, lr=2e-2, epochs=20, label_noise=0.4, **settings), []
    for cores in (1, 2):
        monkeypatch.setattr(training, "THREADS", cores)
        runs.append(train(config, digits))
    one, other = runs
    assert one.best_epoch < config.epochs  # or the best weights were the last ones
    np.testing.assert_equal(numbers(one.records), numbers(other.records))  # nan is equal to nan there
    assert (one.test_last, one.test_best) == (other.test_last, other.test_best)
    assert all(np.array_equal(w, other.weights[name]) for name, w in one.weights.items())


def test_training_goes_on_while_an_epoch_is_measured_and_the_records_come_in_order(digits, tiny, slow):
    gate, threads = slow
    told, steps_before = [], []

    def on_step(done, total):
        if not told:
            steps_before.append(done)
        if done == 10:  # in the third epoch
            gate.set()

    run = train(replace(tiny, epochs=6), digits, told.append, on_step=on_step)
    assert steps_before[:10] == list(range(1, 11))
    assert [record.epoch for record in told] == [1, 2, 3, 4, 5, 6] and tuple(told) == run.records
    assert len({*threads}) == 1 and threads[0] is not threading.main_thread()
    assert sum(record.seconds for record in told) <= run.seconds  # of epochs that overlap, nothing counts twice


def test_only_so_many_copies_of_the_weights_wait_and_then_training_does(digits, tiny, slow):
    gate, _ = slow
    steps, ended = [], threading.Event()

    def work():
        train(replace(tiny, epochs=20), digits, on_step=lambda done, _: steps.append(done))
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert not ended.wait(1.5)
    assert len(steps) == 4 * (MOST_WAITING + 1)  # 4 steps an epoch, and one copy is being measured
    gate.set()
    thread.join(30)
    assert ended.is_set() and len(steps) == 80


def test_a_training_that_is_ended_does_not_measure_what_was_waiting(digits, tiny, slow):
    gate, threads = slow

    class Enough(Exception):
        pass

    def on_step(done, total):
        if done == 10:
            gate.set()
            raise Enough

    with pytest.raises(Enough):
        train(tiny, digits, on_step=on_step)
    assert len(threads) <= 2 and not threads[0].is_alive()


def test_an_error_while_measuring_ends_the_training(digits, tiny, monkeypatch, two_cores):
    def failing(model, x, y):
        raise MemoryError("no room")

    monkeypatch.setattr(evaluation, "evaluate", failing)
    with pytest.raises(MemoryError, match="no room"):
        train(tiny, digits)


@pytest.mark.parametrize("beside", [False, True])
def test_what_is_measured_are_the_weights_that_were_given_whatever_becomes_of_them(digits, tiny, beside):
    config = replace(tiny, norm="batch", dropout=0.5)
    model, expected = build_model(config), []
    x, y = torch.tensor(digits.test_x[:99]).flatten(1), torch.tensor(digits.test_y[:99])
    with HeldOut(config, x, y, beside=beside) as held_out:
        for i in range(3):
            with torch.no_grad():
                model.linear1.weight.mul_(1.5 + i)
                model.norm1.running_mean.add_(0.1)
            expected.append(evaluate(model, x, y))
            held_out.give(model)
        with torch.no_grad():
            model.linear1.weight.zero_()
        found = list(held_out.measured(rest=True))
        assert list(held_out.measured(rest=True)) == []
    assert [measured for _, measured in found] == expected and len({e.loss for e in expected}) == 3
    model.load_state_dict(found[1][0])
    assert evaluate(model, x, y) == expected[1]
    assert model.training
