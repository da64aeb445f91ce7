"""What a network makes of images: logits, cross-entropy and accuracy in evaluation mode; and the held-out images, which
are measured after every epoch while training goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.config import RunConfig
from core.data import Images
from core.engine.models import build_model
from core.results.run import Evaluation

EVALUATION_BATCH = 2048

MOST_WAITING = 4
"""Copies of the weights that may wait for their evaluation, 1.5 MB each; then training waits for the oldest."""


def as_pixels(x: Tensor) -> Tensor:
    """uint8 0…255 of any shape to float32 in [0, 1], as torchvision's ToTensor does."""
    return x.to(torch.float32).div_(255)


def evaluation_images(images: Images, n: int | None = None) -> tuple[Tensor, Tensor]:
    """The first n test images (None: all) as pixels (N, side, side) in [0, 1], and their classes (N,)."""
    return as_pixels(torch.tensor(images.test_x[:n])), torch.tensor(images.test_y[:n])


@torch.no_grad()
def logits_of(model: nn.Module, x: Tensor) -> Tensor:
    """(N, 10) logits in evaluation mode for images (N, …), uint8 or pixels; the model is left in the mode it was in."""
    was_training = model.training
    model.eval()
    batches = x.split(EVALUATION_BATCH)
    logits = torch.cat([model(b if b.is_floating_point() else as_pixels(b)) for b in batches])
    model.train(was_training)
    return logits


def evaluate(model: nn.Module, x: Tensor, y: Tensor) -> Evaluation:
    """Cross-entropy (nats) and accuracy of a model over images x (N, …), uint8 or pixels in [0, 1], with classes y
    (N,), each image counting once."""
    return evaluate_logits(logits_of(model, x), y)


def evaluate_logits(logits: Tensor, y: Tensor) -> Evaluation:
    losses = cross_entropy(logits, y, reduction="none").double()
    return Evaluation(loss=losses.mean().item(), accuracy=(logits.argmax(1) == y).double().mean().item())


State = Mapping[str, Tensor]
"""A network's parameters and running statistics, copied."""


class HeldOut:
    """The held-out images, and the copies of a network's weights that are measured on them, in the order given.

    beside: on a thread of their own, while training goes on. For a run that trains with one thread, whose evaluations
    took two thirds of its time: the second core then does them. It computes with one thread too, on weights that nobody
    changes, so what it finds does not depend on when it comes to it. Holds the images as float32 then, 31 MB for
    10,000, which converts them once. Not beside: measured in place, by all the threads there are.
    """

    def __init__(self, config: RunConfig, x: Tensor, y: Tensor, *, beside: bool):
        self._model = build_model(config).eval()
        self._x, self._y = as_pixels(x) if beside else x, y
        self._thread = ThreadPoolExecutor(1, "held-out", torch.set_num_threads, (1,)) if beside else None
        self._given: deque[tuple[State, Future[Evaluation]]] = deque()

    def __enter__(self) -> HeldOut:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread:
            self._thread.shutdown(cancel_futures=True)

    def give(self, model: nn.Module) -> None:
        """Have the model's weights measured as they are now."""
        state = {name: t.detach().clone() for name, t in model.state_dict().items()}
        if self._thread:
            self._given.append((state, self._thread.submit(self._measured, state)))
            return
        self._given.append((state, Future()))
        self._given[-1][1].set_result(self._measured(state))

    def _measured(self, state: State) -> Evaluation:
        self._model.load_state_dict(state)
        return evaluate(self._model, self._x, self._y)

    def measured(self, *, rest: bool = False) -> Iterator[tuple[State, Evaluation]]:
        """What has been measured and not been taken yet, in the order given. rest: waits for all of it. Waits for the
        oldest where too many are waiting."""
        while self._given and (rest or len(self._given) > MOST_WAITING or self._given[0][1].done()):
            state, found = self._given.popleft()
            yield state, found.result()
