from __future__ import annotations

import math
import random
import threading
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot
from torchvision.transforms.functional import to_tensor

from core.config import FIELDS, RunConfig
from core.data import split_images
from core.engine import evaluation, training
from core.engine.evaluation import as_pixels, evaluate
from core.engine.models import build_model, model_of, torch_generator
from core.engine.penalties import penalised_parameters
from core.engine.training import DivergenceError, batches, build_optimizer, train
from core.results.run import Evaluation

SETTINGS = [
    {"optimizer": "sgd", "lr": 0.1},
    {"optimizer": "sgd", "lr": 0.1, "l1": 3e-3, "l1_method": "proximal", "l2": 1e-2, "l2_method": "decoupled"},
    {},
    {"norm": "batch"},
    {"norm": "batch", "norm_position": "after", "dropout": 0.2},
    {"norm": "layer"},
    {"dropout": 0.5},
    {"l1": 1e-3},
    {"l1": 1e-2, "penalised": "all"},
    {"l1": 1e-3, "l1_method": "proximal"},
    {"max_norm": 0.5},
    {"shift": 1, "flip": "on"},
    {"shift": 2, "norm": "layer"},
    {"label_smoothing": 0.2, "l2": 1e-2},
    {"l1": 1e-3, "l1_method": "proximal", "l2": 1e-2, "l2_method": "decoupled", "norm": "layer"},
    {"l2": 1e-2},
    {"l2": 1e-2, "penalised": "all", "norm": "batch"},
    {"l2": 1e-1, "l2_method": "decoupled"},
    {"l2": 1.0, "l2_method": "decoupled", "penalised": "all", "norm": "layer"},
    {"l1": 1e-3, "l2": 1e-2, "label_noise": 0.0, "seed": 3},
]


def numbers(run) -> np.ndarray:
    """Everything that a run's records say, but for the time it took."""
    return np.array([[v for k, v in asdict(record).items() if k != "seconds"] for record in run.records])


def same_bits(one, other) -> bool:
    return (
        np.array_equal(numbers(one), numbers(other), equal_nan=True)
        and (one.test_last, one.test_best) == (other.test_last, other.test_best)
        and all(np.array_equal(w, other.weights[name]) for name, w in one.weights.items())
    )


# --- against a second implementation --------------------------------------------------------------------------------


def with_pytorchs_own_layers(model: nn.Module) -> nn.Module:
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            layer.__class__ = nn.Linear  # ours differ in how they compute the products
    return model


def augmented_by_hand(x: torch.Tensor, config: RunConfig, moves: torch.Generator) -> torch.Tensor:
    """Each image rolled over a black frame, then mirrored, one by one."""
    k, side = config.shift, config.facts.side
    if k == 0 and config.flip == "off":
        return x
    found = torch.zeros_like(x)
    for i, (u, v, w) in enumerate(torch.rand((len(x), 3), generator=moves).tolist()):
        framed = nn.functional.pad(x[i].view(side, side), (k, k, k, k))
        down, right = k - int(u * (2 * k + 1)), k - int(v * (2 * k + 1))
        image = framed.roll((down, right), (0, 1))[k : k + side, k : k + side]
        found[i] = (image.flip(1) if config.flip == "on" and w < 0.5 else image).reshape(-1)
    return found


def plain_training(config: RunConfig, images):
    """The same training, written out once more: torch's unfused optimizers, penalties and averages by hand.

    Returns the records as dicts, and the model after the last epoch.
    """
    split = split_images(images, config)
    x, y = torch.tensor(split.train_x / 255.0, dtype=torch.float32), torch.tensor(split.train_y)
    model = with_pytorchs_own_layers(build_model(config))
    kinds = ("weight", "bias") if config.penalised == "all" else ("weight",)
    penalised = [w for n, w in model.named_parameters() if n.startswith("linear") and n.endswith(kinds)]
    others = [w for w in model.parameters() if all(w is not p for p in penalised)]
    decoupled = config.l2_method == "decoupled"
    groups = [{"params": penalised, "weight_decay": 2 * config.l2 * decoupled}, {"params": others, "weight_decay": 0}]
    adam = torch.optim.AdamW if decoupled else torch.optim.Adam
    kind = torch.optim.SGD if config.optimizer == "sgd" else adam
    optimizer = kind(groups, lr=config.lr, foreach=False, fused=False)
    order, moves = (torch_generator(config.seed, purpose) for purpose in ("batch order", "augmentation"))
    records = []
    for _ in range(config.epochs):
        model.train()
        objectives, norms = [], []
        shuffled = torch.randperm(len(x), generator=order)
        for i in range(0, len(x), config.batch_size):
            chosen = shuffled[i : i + config.batch_size]
            if config.norm == "batch" and len(chosen) == 1:
                continue
            log_p = model(augmented_by_hand(x[chosen], config, moves)).log_softmax(1)
            labels = (1 - config.label_smoothing) * one_hot(y[chosen], 10) + config.label_smoothing / 10
            loss = -(labels * log_p).sum() / len(chosen)
            if config.l1_method == "subgradient":
                loss = loss + config.l1 * sum(w.abs().sum() for w in penalised)
            if not decoupled:
                loss = loss + config.l2 * sum((w**2).sum() for w in penalised)
            optimizer.zero_grad()
            loss.backward()
            objectives.append(loss.item())
            norms.append(torch.nn.utils.get_total_norm([w.grad for w in model.parameters()]).item())
            optimizer.step()
            if config.l1_method == "proximal":
                with torch.no_grad():
                    for w in penalised:
                        if config.optimizer == "sgd":
                            w.copy_((w.abs() - config.lr * config.l1).clamp(min=0) * w.sign())
                            continue
                        v = optimizer.state[w]["exp_avg_sq"] / (1 - 0.999 ** int(optimizer.state[w]["step"]))
                        shrunk = (w.abs() - config.lr * config.l1 / (v.sqrt() + 1e-8)).clamp(min=0)
                        w.copy_(shrunk * w.sign())
            if config.max_norm:
                for w in (model.linear1.weight.data, model.linear2.weight.data):
                    long = w.norm(dim=1) > config.max_norm
                    w[long] *= config.max_norm / w[long].norm(dim=1, keepdim=True)
        train_loss, train_accuracy, answers = averages(model, x, y)
        held_out = averages(model, torch.tensor(split.held_out_x / 255.0, dtype=torch.float32), split.held_out_y)
        wrong = split.train_y != split.train_true_y
        records.append(
            {
                "epoch": len(records) + 1,
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                "memorised": (answers[wrong] == split.train_y[wrong]).mean() if wrong.any() else math.nan,
                "notebook_loss": sum(objectives) / len(objectives),
                "penalty": sum(config.l1 * w.abs().sum().item() + config.l2 * (w**2).sum().item() for w in penalised),
                "held_out_loss": held_out[0],
                "held_out_accuracy": held_out[1],
                "gradient_norm": sum(norms) / len(norms),
            }
        )
    return records, model


def averages(model, x, y, batch: int = 37):
    """Loss and accuracy in evaluation mode, batch by batch, each image counting once; and the classes answered."""
    model.eval()
    loss, answers = 0.0, []
    with torch.no_grad():
        for i in range(0, len(x), batch):
            logits = model(x[i : i + batch])
            loss += cross_entropy(logits, torch.as_tensor(y[i : i + batch]), reduction="sum").item()
            answers.append(logits.argmax(1).numpy())
    answers = np.concatenate(answers)
    return loss / len(x), (answers == np.asarray(y)).mean(), answers


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_run_is_what_a_second_implementation_makes_of_its_config(trained, digits, settings):
    run = trained(**settings)
    records, model = plain_training(run.config, digits)
    # a bias before batch norm has no gradient but rounding, of which Adam makes whole steps, and an image may tip over
    rel, tipped = (1e-3, 0.02) if run.config.norm == "batch" else (2e-4, 1e-6)
    for ours, theirs in zip(run.records, records, strict=True):
        for name, value in theirs.items():
            tolerance = tipped if "accuracy" in name else 1e-6
            assert getattr(ours, name) == pytest.approx(value, rel=rel, abs=tolerance, nan_ok=True), name
    x = as_pixels(torch.tensor(digits.test_x))
    with torch.no_grad():
        torch.testing.assert_close(model_of(run)(x), model.eval()(x), rtol=0, atol=5e-3)  # float16 keeps 11 bits
    if run.config.norm != "batch":
        for name, tensor in model.state_dict().items():
            assert np.allclose(run.weights[name].astype(float), tensor.numpy(), rtol=1e-3, atol=2e-5), name
    loss, accuracy, _ = averages(model, x, digits.test_y)
    assert run.test_last.loss == pytest.approx(loss, rel=rel)
    assert run.test_last.accuracy == pytest.approx(accuracy, abs=tipped)


@pytest.mark.parametrize(
    ("method", "strength", "optimizer"), [("loss", 1e-2, torch.optim.Adam), ("decoupled", 1.0, torch.optim.AdamW)]
)
def test_l2_is_pytorchs_own_weight_decay_of_twice_its_strength(trained, digits, method, strength, optimizer):
    run = trained(l2=strength, penalised="all", l2_method=method)
    split, model = split_images(digits, run.config), with_pytorchs_own_layers(build_model(run.config))
    theirs = optimizer(model.parameters(), lr=run.config.lr, weight_decay=2 * strength)
    order = torch_generator(run.config.seed, "batch order")
    for _ in range(run.config.epochs):
        for batch in batches(len(split.train_x), run.config, order):
            theirs.zero_grad()
            logits = model(as_pixels(torch.tensor(split.train_x))[batch])
            cross_entropy(logits, torch.tensor(split.train_y)[batch]).backward()
            theirs.step()
    loss, _, _ = averages(model, as_pixels(torch.tensor(digits.test_x)), digits.test_y)
    assert run.test_last.loss == pytest.approx(loss, rel=1e-5)
    assert run.test_last.loss != pytest.approx(trained().test_last.loss, rel=1e-4)


def test_a_proximal_run_has_exact_zeros_and_a_subgradient_run_has_none(trained):
    zeros = {
        method: sum((w == 0).sum() for w in trained(l1=3e-3, l1_method=method).weights.values() if w.ndim == 2)
        for method in FIELDS["l1_method"].choices
    }
    assert zeros["subgradient"] == 0 < zeros["proximal"]


def test_the_notebooks_loss_has_the_penalty_and_the_dropout_that_the_others_leave_out(digits, tiny):
    """At a step size of next to nothing the network stays where it is, so the two differ by just that."""
    config = replace(tiny, lr=1e-7, batch_size=60, epochs=1, l2=1e-2)
    record = train(config, digits).last
    assert record.notebook_loss - record.train_loss == pytest.approx(record.penalty, rel=1e-4)
    assert record.penalty > 0.1
    dropped = train(replace(config, l2=0.0, dropout=0.5), digits).last
    assert abs(dropped.notebook_loss - dropped.train_loss) > 1e-3
    assert dropped.train_loss == pytest.approx(record.train_loss, rel=1e-5)


# --- the same config, the same bits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"norm": "batch", "dropout": 0.5, "l1": 1e-3}], ids=str)
def test_the_same_config_gives_the_same_bits(trained, digits, settings):
    run = trained(**settings)
    torch.manual_seed(1)
    assert same_bits(train(run.config, digits), run)


def test_what_else_the_machine_computes_changes_no_bit(trained, digits):
    run = trained(dropout=0.5, norm="layer")
    ended = threading.Event()

    def burn():
        x = torch.rand(200, 200)
        while not ended.is_set():
            x = (x @ x).softmax(1).bernoulli()

    other = threading.Thread(target=burn)
    other.start()
    try:
        assert same_bits(train(run.config, digits), run)
    finally:
        ended.set()
        other.join()


def test_two_runs_at_once_do_not_disturb_each_other(trained, digits):
    runs = [trained(dropout=0.5), trained(norm="batch")]
    again = [None, None]

    def repeat(i):
        again[i] = train(runs[i].config, digits)

    threads = [threading.Thread(target=repeat, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same_bits(*pair) for pair in zip(runs, again, strict=True))


def test_training_leaves_every_global_random_number_alone(digits, tiny):
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    train(replace(tiny, dropout=0.5, norm="batch", label_noise=0.2), digits)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1]) and random.getstate() == before[2]


def test_a_run_uses_and_records_the_number_of_threads_of_its_size(digits, tiny):
    used = []
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run = train(tiny, digits, lambda _: used.append(torch.get_num_threads()))
    finally:
        torch.set_num_threads(before)
    assert set(used) == {1} == {run.threads}
    assert training.threads_of(RunConfig()) == training.THREADS


@pytest.fixture
def orders(monkeypatch):
    """The batches of each training, by the name given to the next one."""
    seen = []

    def recorded(*arguments):
        for batch in batches(*arguments):
            seen.append(batch.tolist())
            yield batch

    monkeypatch.setattr(training, "batches", recorded)
    return seen


@pytest.mark.parametrize(
    "settings",
    [
        {"dropout": 0.5},
        {"norm": "batch"},
        {"norm": "layer"},
        {"l1": 1e-3, "l1_method": "proximal"},
        {"label_noise": 0.5},
    ],
    ids=str,
)
def test_runs_that_differ_in_one_setting_see_the_same_batches(orders, digits, tiny, settings):
    train(tiny, digits)
    plain = orders.copy()
    orders.clear()
    train(replace(tiny, **settings), digits)
    assert orders == plain
    orders.clear()
    train(replace(tiny, seed=1), digits)
    assert orders != plain


def test_an_epoch_sees_each_image_once_and_in_another_order_than_the_one_before(orders, digits, tiny):
    train(tiny, digits)
    per_epoch = [[image for batch in orders[i : i + 4] for image in batch] for i in (0, 4, 8)]
    assert [len(batch) for batch in orders] == [16, 16, 16, 12] * 3
    assert (
        all(sorted(epoch) == list(range(60)) for epoch in per_epoch) and len({str(epoch) for epoch in per_epoch}) == 3
    )


@pytest.mark.parametrize(
    ("norm", "sizes"), [("none", [16, 16, 16, 1]), ("layer", [16, 16, 16, 1]), ("batch", [16] * 3)]
)
def test_a_last_batch_of_one_is_left_out_with_batch_norm_only_and_the_steps_say_so(orders, digits, tiny, norm, sizes):
    counted = []
    config = replace(tiny, n_train=49, norm=norm)
    train(config, digits, on_step=lambda *at: counted.append(at))
    assert [len(batch) for batch in orders] == sizes * config.epochs
    assert counted == [(i, config.steps) for i in range(1, len(sizes) * config.epochs + 1)]
    assert config.steps == counted[-1][0]


# --- records and hooks ----------------------------------------------------------------------------------------------


def test_a_longer_run_begins_as_the_shorter_one(trained):
    short, long = trained(norm="batch", lr=1e-2, epochs=2), trained(norm="batch", lr=1e-2, epochs=6)
    assert np.array_equal(numbers(long)[:2], numbers(short))


@pytest.mark.parametrize("settings", [{"norm": "batch"}, {"norm": "batch", "dropout": 0.2}], ids=str)
def test_the_best_test_result_is_that_of_a_run_that_ended_at_the_best_epoch(trained, settings):
    run = trained(**settings, lr=2e-2, epochs=8, label_noise=0.4)
    assert run.best_epoch < 8 and run.test_best != run.test_last  # or this run would show nothing
    stopped = trained(**settings, lr=2e-2, epochs=run.best_epoch, label_noise=0.4)
    assert run.test_best == stopped.test_last == stopped.test_best


def test_the_stored_weights_are_those_of_the_last_epoch(trained, digits):
    run = trained(norm="batch", lr=2e-2, epochs=8, label_noise=0.4)
    last = evaluate(model_of(run), torch.tensor(digits.test_x), torch.tensor(digits.test_y))
    assert last.loss == pytest.approx(run.test_last.loss, rel=2e-3)  # float16
    assert last.loss != pytest.approx(run.test_best.loss, rel=2e-2)


def test_the_training_loss_is_measured_on_the_first_images_only_where_there_are_many(digits, trained, monkeypatch):
    monkeypatch.setattr(training, "TRAIN_SUBSET", 20)
    run = train(trained().config, digits)
    split = split_images(digits, run.config)
    _, model = plain_training(run.config, digits)
    loss, accuracy, _ = averages(model, as_pixels(torch.tensor(split.train_x[:20])), split.train_y[:20])
    assert run.last.train_loss == pytest.approx(loss, rel=1e-4) and run.last.train_accuracy == accuracy
    assert run.last.held_out_loss == trained().last.held_out_loss


def test_nothing_is_memorised_where_no_label_is_wrong(trained):
    assert np.isnan(trained(label_noise=0.0).curve("memorised")).all()
    assert not np.isnan(trained().curve("memorised")).any()


def test_each_epochs_record_is_told_when_it_is_there(trained, digits):
    told = []
    run = train(trained().config, digits, lambda record: told.append(record))
    assert tuple(told) == run.records and [record.epoch for record in told] == [1, 2, 3]
    assert sum(record.seconds for record in told) <= run.seconds


class Enough(Exception):
    pass


def test_what_on_step_raises_ends_the_training_at_that_step(digits, tiny):
    steps = []

    def on_step(done, total):
        steps.append(done)
        if done == 5:
            raise Enough

    with pytest.raises(Enough):
        train(tiny, digits, on_step=on_step)
    assert steps == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("cores", [1, 2])
def test_what_on_epoch_raises_ends_the_training_after_that_epoch(digits, tiny, monkeypatch, cores):
    """At once where the evaluation is done in place; beside the training, a few epochs later at most."""
    monkeypatch.setattr(training, "THREADS", cores)
    steps, told = [], []

    def on_epoch(record):
        told.append(record.epoch)
        if record.epoch == 2:
            raise Enough

    with pytest.raises(Enough):
        train(replace(tiny, epochs=30), digits, on_epoch, on_step=lambda done, _: steps.append(done))
    assert told == [1, 2]
    assert steps[-1] == 8 if cores == 1 else 8 <= steps[-1] <= 4 * (2 + evaluation.MOST_WAITING)


def test_a_run_says_on_what_it_was_computed(trained):
    run = trained()
    assert (
        run.device == "cpu" and run.versions["torch"] == torch.__version__ and run.versions["numpy"] == np.__version__
    )
    assert run.date.count("-") == 2


# --- evaluation -----------------------------------------------------------------------------------------------------


def test_pixels_are_scaled_as_torchvision_does_it():
    x = np.random.default_rng(0).integers(0, 256, (8, 8, 1), dtype=np.uint8)
    assert torch.equal(as_pixels(torch.tensor(x[None, :, :, 0])), to_tensor(x))


@pytest.mark.parametrize("batch", [1, 7, 64, 2048])
@pytest.mark.parametrize("training_mode", [True, False])
def test_an_evaluation_counts_each_image_once_and_leaves_the_model_as_it_was(
    digits, tiny, monkeypatch, batch, training_mode
):
    monkeypatch.setattr(evaluation, "EVALUATION_BATCH", batch)
    model = build_model(replace(tiny, norm="batch", dropout=0.5)).train(training_mode)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    x, y = torch.tensor(digits.test_x[:99]), torch.tensor(digits.test_y[:99])
    result = evaluate(model, x, y)
    assert model.training is training_mode
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    loss, accuracy, _ = averages(model, x / 255, y)
    assert result.loss == pytest.approx(loss, rel=1e-6) and result.accuracy == pytest.approx(accuracy)


# --- divergence -----------------------------------------------------------------------------------------------------

DIVERGING = {"lr": 0.11, "l2": 10.0, "l2_method": "decoupled", "epochs": 100}
"""Each step multiplies every weight by 1 − 0.11·20 = −1.2, which no gradient stops."""


def test_a_diverging_run_ends_with_step_setting_and_the_records_so_far(digits, tiny):
    config, steps, told = replace(tiny, **DIVERGING), [], []
    with pytest.raises(DivergenceError) as caught:
        train(config, digits, told.append, on_step=lambda done, _: steps.append(done))
    error = caught.value.outcome
    assert error.config == config and error.message == str(caught.value)
    assert error.records == tuple(told) and len(told) > 3
    assert error.step in (steps[-1], steps[-1] + 1) and 4 * len(told) < error.step <= 4 * (len(told) + 1)
    assert f"step {error.step:,} of {config.steps:,}" in error.message and "learning rate 0.11" in error.message
    assert np.array_equal(numbers(train(replace(config, epochs=3), digits)), numbers(error)[:3])


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_loss_that_is_finite_in_training_but_not_in_evaluation_is_a_divergence(digits, tiny, monkeypatch, bad):
    results = iter([0.5, bad])
    monkeypatch.setattr(evaluation, "evaluate", lambda *_: Evaluation(next(results), 0.5))
    with pytest.raises(DivergenceError) as caught:
        train(tiny, digits)
    assert len(caught.value.outcome.records) == 1 and caught.value.outcome.step == 8


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"lr": 3.0, "l1": 5.0}, "learning rate 3."),
        ({"l1": 5.0}, "l1 strength λ₁ 5."),
        ({"l2": 5.0}, "l2 strength λ₂ 5."),
        ({"l2": 1e-3}, "learning rate 0.0003."),
    ],
    ids=str,
)
def test_a_divergence_blames_the_setting_that_is_out_of_the_ordinary(settings, named):
    assert named in str(DivergenceError(RunConfig(**settings), 7, ()))


def test_the_optimizer_decays_the_penalised_parameters_only(tiny):
    config = replace(tiny, l2=0.05, l2_method="decoupled", norm="batch")
    model = build_model(config)
    decay = {
        id(w): group["weight_decay"] for group in build_optimizer(model, config).param_groups for w in group["params"]
    }
    penalised = {id(w) for w in penalised_parameters(model, "weights")}
    assert decay == {id(w): 0.1 if id(w) in penalised else 0.0 for w in model.parameters()}
