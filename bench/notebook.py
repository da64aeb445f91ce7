"""The source notebook's two loops in plain PyTorch, as it runs them: what ours are measured against.

Nothing of core/ is used here. The data loaders, the network, the optimizer, and when and on what is evaluated are the
notebook's; so is what is wasteful in them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.datasets import FashionMNIST
from torchvision.transforms import ToTensor

BATCH, TEST_BATCH, WORKERS = 128, 256, 2


def data_loader(root: Path, *, train: bool) -> DataLoader:
    """Fashion-MNIST from torchvision's folder `root`, each image converted when its batch is put together."""
    dataset = FashionMNIST(str(root), train=train, transform=ToTensor(), download=False)
    return DataLoader(dataset, batch_size=BATCH if train else TEST_BATCH, shuffle=train, num_workers=WORKERS)


def network() -> nn.Sequential:
    """784-392-196-10 with ReLU, at PyTorch's initialisation."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 392),
        nn.ReLU(),
        nn.Linear(392, 196),
        nn.ReLU(),
        nn.Linear(196, 10),
    )


@dataclass(frozen=True)
class Epoch:
    """Seconds of one epoch with its evaluation; test accuracy after it, the mean over the test batches."""

    seconds: float
    accuracy: float


def training(root: Path, seed: int) -> Iterator[Epoch]:
    """Train without end: each epoch is run when it is asked for."""
    torch.manual_seed(seed)
    train_batches, test_batches = data_loader(root, train=True), data_loader(root, train=False)
    model, loss_function = network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-4)
    while True:
        started = time.perf_counter()
        train_losses, test_losses, accuracies = [], [], []
        model.train()
        for x, y in train_batches:
            optimizer.zero_grad()
            loss = loss_function(model(x), y)
            loss.backward()
            optimizer.step()
            train_losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            for x, y in test_batches:
                logits = model(x)
                test_losses.append(loss_function(logits, y).item())
                accuracies.append((logits.argmax(1) == y).double().mean().item())
        yield Epoch(time.perf_counter() - started, sum(accuracies) / len(accuracies))


def surface_points(
    model: nn.Module, batches: DataLoader, coordinates: Sequence[float], n_points: int
) -> tuple[float, list[float]]:
    """Seconds for the first n_points of the notebook's picture of `model`, and the losses there.

    For each point the parameters are set to θ* + α·w₂ + β·w₁ and the loss is that of one fresh batch, the first of a
    new pass over the shuffled loader. Afterwards the parameters are θ* again.
    """
    model.eval()
    loss_function = nn.CrossEntropyLoss()
    trained = [w.data for w in model.parameters()]
    w1, w2 = (_uniform_direction(trained, seed) for seed in (1, 2))
    losses = []
    started = time.perf_counter()
    for alpha, beta in list(product(coordinates, coordinates))[:n_points]:
        for w, theta, along_w1, along_w2 in zip(model.parameters(), trained, w1, w2, strict=True):
            w.data = theta + alpha * along_w2 + beta * along_w1
        for x, y in batches:
            losses.append(loss_function(model(x), y).item())
            break
    seconds = time.perf_counter() - started
    for w, theta in zip(model.parameters(), trained, strict=True):
        w.data = theta
    return seconds, losses


def _uniform_direction(parameters: list[Tensor], seed: int) -> list[Tensor]:
    """U[0, 1) for every parameter, each tensor from the start of the same stream."""
    return [torch.rand(w.shape, generator=torch.Generator().manual_seed(seed)) for w in parameters]
