"""train(config, images, on_epoch) -> Run: the training loop, and the evaluation that its records come from."""

from __future__ import annotations

import datetime
import math
import os
import platform
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count, islice

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.config import FIELDS, RunConfig
from core.data import Images, Split, split_images
from core.engine.augmentation import augment
from core.engine.evaluation import HeldOut, State, as_pixels, evaluate, evaluate_logits, logits_of
from core.engine.models import build_model, torch_generator, weights_of
from core.engine.optimizers import Optimizer
from core.engine.penalties import l1_penalty, l2_penalty, limit_norms, penalised_parameters, proximal_step
from core.results.run import SMALL_RUN, TRAIN_SUBSET, Diverged, EpochRecord, Evaluation, Outcome, Run

THREADS = min(2, os.cpu_count() or 1)
"""Threads of a large run and of a surface. Another number gives other last bits, and so, after some epochs, another
run."""


class DivergenceError(ArithmeticError):
    """The loss stopped being a finite number. `outcome` keeps where, and the records of the epochs before."""

    def __init__(self, config: RunConfig, step: int, records: tuple[EpochRecord, ...]):
        name, remedy = _likely_cause(config)
        field = FIELDS[name]
        super().__init__(
            f"The loss is no longer a finite number at step {step:,} of {config.steps:,}, with {field.label.lower()} "
            f"{field.format(getattr(config, name))}. {remedy}"
        )
        self.outcome = Diverged(config, step, records, str(self))


def _likely_cause(config: RunConfig) -> tuple[str, str]:
    """The setting to blame first, and what to try."""
    if config.lr > 1e-2:
        return "lr", "Each step overshoots. Try a tenth of this learning rate, or less."
    for name in ("l1", "l2"):
        if getattr(config, name) > 1e-1:
            return name, "The penalty outweighs the loss. Try a strength of 0.01 or less."
    return "lr", "Try a smaller learning rate or a larger batch."


def threads_of(config: RunConfig) -> int:
    """The number of threads that a run is trained with; part of what its bits depend on, and recorded in it."""
    return 1 if config.n_train <= SMALL_RUN else THREADS


def fix_threads(threads: int = THREADS) -> None:
    """Make torch compute with so many threads from now on."""
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def batches(n: int, config: RunConfig, generator: torch.Generator) -> Iterator[Tensor]:
    """The shuffled index batches of one epoch. A last batch of one image is left out with batch norm, which cannot use
    it."""
    smallest = 2 if config.norm == "batch" else 1
    for batch in torch.randperm(n, generator=generator).split(config.batch_size):
        if len(batch) >= smallest:
            yield batch


def build_optimizer(model: nn.Module, config: RunConfig) -> Optimizer:
    """The config's optimizer, with its decoupled decay of the penalised parameters: w ← w − lr·2λ₂·w beside the step.

    Adam becomes AdamW then; for plain SGD a decay in the gradient and a decoupled one are the same step.
    """
    decayed = penalised_parameters(model, config.penalised) if config.l2_method == "decoupled" else []
    chosen = {id(w) for w in decayed}
    groups = [{"params": [w for w in model.parameters() if id(w) not in chosen], "weight_decay": 0.0}]
    if decayed:
        groups.append({"params": decayed, "weight_decay": 2 * config.l2})
    return Optimizer("adamw" if decayed and config.optimizer == "adam" else config.optimizer, groups, lr=config.lr)


def penalty_of(parameters: list[nn.Parameter], config: RunConfig, *, in_loss: bool) -> Tensor | float:
    """The config's penalties, a scalar. in_loss: only those that are a term of the loss (0.0 where there is none)."""
    terms = []
    if config.l1 and not (in_loss and config.l1_method == "proximal"):
        terms.append(l1_penalty(parameters, config.l1))
    if config.l2 and not (in_loss and config.l2_method == "decoupled"):
        terms.append(l2_penalty(parameters, config.l2))
    return sum(terms, 0.0)


@dataclass(frozen=True)
class Training:
    """A network while it is trained: itself, its optimizer, and the generators that its batches are drawn by."""

    config: RunConfig
    model: nn.Module
    optimizer: Optimizer
    penalised: list[nn.Parameter]
    order: torch.Generator
    augmentation: torch.Generator


def begin(config: RunConfig, model: nn.Module | None = None) -> Training:
    """The training of a config before its first step. model: one fresh from build_model, if the caller has it."""
    model = build_model(config) if model is None else model
    return Training(
        config=config,
        model=model,
        optimizer=build_optimizer(model, config),
        penalised=penalised_parameters(model, config.penalised),
        order=torch_generator(config.seed, "batch order"),
        augmentation=torch_generator(config.seed, "augmentation"),
    )


# --- the four places where a technique acts --------------------------------------------------------------------------
# The data: `epoch` below. The layers: build_model. The objective, and after the step: the two functions after it.


def epoch(training: Training, x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of one epoch over uint8 images x (N, pixels) with classes y (N,): pixels (B, pixels) in [0, 1], and
    classes (B,), as the network is trained on them."""
    for batch in batches(len(x), training.config, training.order):
        chosen = augment(x.index_select(0, batch), training.config, training.augmentation)
        yield as_pixels(chosen), y[batch]


def objective(training: Training, logits: Tensor, y: Tensor) -> Tensor:
    """What a step descends, a scalar: the cross-entropy of logits (B, 10) for classes y (B,), and the penalties that
    are a term of it. With label smoothing ε: the cross-entropy for (1 − ε)·label + ε/10 (Szegedy et al. 2016, §7)."""
    config = training.config
    data_loss = cross_entropy(logits, y, label_smoothing=config.label_smoothing)
    return data_loss + penalty_of(training.penalised, config, in_loss=True)


def after_step(training: Training) -> None:
    """What is done to the weights, in place, when the optimizer has moved them."""
    config = training.config
    if config.l1 and config.l1_method == "proximal":
        proximal_step(training.optimizer, training.penalised, config.l1)
    if config.max_norm:
        limit_norms(training.model, config.max_norm)


def step(training: Training, x: Tensor, y: Tensor) -> tuple[float, float]:
    """One step on a batch of `epoch`, in training mode; the objective before it, and the norm of its gradient."""
    training.model.train()
    training.optimizer.zero_grad()
    descended = objective(training, training.model(x), y)
    descended.backward()
    norm = torch.stack(torch._foreach_norm([w.grad for w in training.model.parameters()])).norm().item()
    training.optimizer.step()
    after_step(training)
    return descended.item(), norm


# --- the loop -------------------------------------------------------------------------------------------------------


class _Tensors:
    """A Split as tensors, with the fixed subset that the training loss is measured on."""

    def __init__(self, split: Split):
        self.train_x, self.train_y = torch.from_numpy(split.train_x), torch.from_numpy(split.train_y)
        self.held_out_x, self.held_out_y = torch.from_numpy(split.held_out_x), torch.from_numpy(split.held_out_y)
        self.test_x, self.test_y = torch.from_numpy(split.test_x), torch.from_numpy(split.test_y)
        self.probe_x, self.probe_y = self.train_x[:TRAIN_SUBSET], self.train_y[:TRAIN_SUBSET]
        self.probe_wrong = self.probe_y != torch.from_numpy(split.train_true_y[:TRAIN_SUBSET])


def train(
    config: RunConfig,
    images: Images,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    *,
    on_step: Callable[[int, int], None] | None = None,
) -> Run:
    """Train the network of `config` on `images` with Adam and return the Run.

    on_epoch: called with each epoch's record, in order, as soon as its held-out images have been measured: in a small
    run some steps into the next epoch. on_step: called with (steps done, steps in all) after every step. Both on the
    caller's thread; what either raises ends the training. The same config gives the same bits on one machine, whatever
    else runs. Raises DivergenceError, with the records so far, where the loss stops being finite.
    """
    threads = threads_of(config)
    fix_threads(threads)
    started = time.perf_counter()
    tensors = _Tensors(split_images(images, config))
    training = begin(config)
    history = _History(config, on_epoch)
    with HeldOut(config, tensors.held_out_x, tensors.held_out_y, beside=threads < THREADS) as held_out:
        for number in range(1, config.epochs + 1):
            epoch_started = time.perf_counter()
            losses, norms = [], []
            for x, y in epoch(training, tensors.train_x, tensors.train_y):
                loss, norm = step(training, x, y)
                losses.append(loss)
                norms.append(norm)
                done = (number - 1) * (config.steps // config.epochs) + len(losses)
                history.take(held_out.measured(rest=not math.isfinite(loss)))
                if not math.isfinite(loss):
                    raise DivergenceError(config, done, tuple(history.records))
                if on_step:
                    on_step(done, config.steps)
            held_out.give(training.model)
            history.begin(_record(number, training, tensors, losses, norms), epoch_started)
            history.take(held_out.measured(rest=number == config.epochs))
    weights = weights_of(training.model)
    test_last = evaluate(training.model, tensors.test_x, tensors.test_y)
    training.model.load_state_dict(history.best)
    return Run(
        config=config,
        records=tuple(history.records),
        test_last=test_last,
        test_best=evaluate(training.model, tensors.test_x, tensors.test_y),
        weights=weights,
        seconds=time.perf_counter() - started,
        device="cpu",
        threads=threads,
        versions=versions(),
        date=datetime.date.today().isoformat(),
    )


def train_or_diverge(
    config: RunConfig,
    images: Images,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    *,
    on_step: Callable[[int, int], None] | None = None,
) -> Outcome:
    """`train`, but a training that diverges is a result as well: that it does is a property of its config."""
    try:
        return train(config, images, on_epoch, on_step=on_step)
    except DivergenceError as error:
        return error.outcome


def first_steps(model: nn.Module, config: RunConfig, split: Split, n: int) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Train `model`, fresh from build_model, for the first n steps of `train`.

    Yields (step from 0, pixels, classes) of each batch before the step on it, so that the caller can look at the model
    there; leaves the model after the last step.
    """
    train_x, train_y = torch.from_numpy(split.train_x), torch.from_numpy(split.train_y)
    training = begin(config, model)
    batches_of_all_epochs = chain.from_iterable(epoch(training, train_x, train_y) for _ in count())
    for i, (x, y) in enumerate(islice(batches_of_all_epochs, n)):
        yield i, x, y
        step(training, x, y)


@torch.no_grad()
def _record(number, training, tensors, losses, norms) -> EpochRecord:
    """An epoch's record without what the held-out images say, which is nan."""
    logits = logits_of(training.model, tensors.probe_x)
    train = evaluate_logits(logits, tensors.probe_y)
    given_back = (logits.argmax(1) == tensors.probe_y)[tensors.probe_wrong]
    return EpochRecord(
        epoch=number,
        train_loss=train.loss,
        train_accuracy=train.accuracy,
        memorised=given_back.double().mean().item() if len(given_back) else math.nan,
        notebook_loss=float(np.mean(losses)),
        penalty=float(penalty_of(training.penalised, training.config, in_loss=False)),
        held_out_loss=math.nan,
        held_out_accuracy=math.nan,
        gradient_norm=float(np.mean(norms)),
        seconds=math.nan,
    )


class _History:
    """The records of a training in their order, each told to on_epoch when it is there, and the weights of the best
    epoch."""

    def __init__(self, config: RunConfig, on_epoch: Callable[[EpochRecord], None] | None):
        self.config, self.on_epoch = config, on_epoch
        self.records: list[EpochRecord] = []
        self.best: State = {}
        self._begun: deque[tuple[EpochRecord, float]] = deque()
        self._best_loss, self._told = math.inf, 0.0

    def begin(self, record: EpochRecord, started: float) -> None:
        """Keep an epoch's record until its held-out images have been measured. started: when the epoch began."""
        self._begun.append((record, started))

    def take(self, measured: Iterable[tuple[State, Evaluation]]) -> None:
        """Complete the oldest records by the weights and the held-out evaluation of their epochs. Raises
        DivergenceError at an epoch whose loss is not finite."""
        for state, held_out in measured:
            record, started = self._begun.popleft()
            if not math.isfinite(record.train_loss + held_out.loss):
                done = record.epoch * (self.config.steps // self.config.epochs)
                raise DivergenceError(self.config, done, tuple(self.records))
            now = time.perf_counter()
            record = replace(
                record,
                held_out_loss=held_out.loss,
                held_out_accuracy=held_out.accuracy,
                seconds=now - max(started, self._told),  # epochs that overlap do not count twice
            )
            self._told = now
            self.records.append(record)
            if held_out.loss < self._best_loss:
                self._best_loss, self.best = held_out.loss, state
            if self.on_epoch:
                self.on_epoch(record)


def versions() -> dict[str, str]:
    """What the bits of a run depend on besides its config."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    }
