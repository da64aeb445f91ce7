"""Our optimizers against the classes of torch.optim: the same bits, without loading PyTorch's compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.engine.optimizers import Optimizer


def parameters() -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((40, 30), (40,), (10, 40), (10,))]


@pytest.mark.parametrize(
    ("kind", "theirs"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_the_bits_are_those_of_the_classes(kind, theirs, decay):
    ours, others = parameters(), parameters()
    groups = [
        [{"params": ws[:2], "weight_decay": 0.0}, {"params": ws[2:], "weight_decay": decay}] for ws in (ours, others)
    ]
    one, other = Optimizer(kind, groups[0], lr=0.01), theirs(groups[1], lr=0.01, fused=True)
    generator = torch.Generator().manual_seed(2)
    for _ in range(30):
        one.zero_grad()
        other.zero_grad()
        assert all(w.grad is None for w in ours)
        for w, v in zip(ours, others, strict=True):
            w.grad = torch.randn(w.shape, generator=generator)
            v.grad = w.grad.clone()
        one.step()
        other.step()
    assert all(torch.equal(w, v) for w, v in zip(ours, others, strict=True))
    assert not torch.equal(ours[0], parameters()[0])
    if kind != "sgd":
        for w, v in zip(ours, others, strict=True):
            assert all(torch.equal(one.state[w][name], other.state[v][name]) for name in one.state[w])


SETTINGS = (
    {},
    {"optimizer": "sgd"},
    {"l1": 1e-3, "l1_method": "proximal", "norm": "batch", "dropout": 0.5},
    {"l2": 1e-3, "l2_method": "decoupled", "shift": 1, "max_norm": 1.0, "norm": "layer"},
)

PROGRAM = f"""
import sys
from dataclasses import replace
from core.config import DIGITS
from core.engine.fetching import load_images
from core.engine.training import train

for settings in {SETTINGS}:
    train(replace(DIGITS, n_train=60, epochs=1, **settings), load_images("digits"))
print("torch._dynamo" in sys.modules)
import torch._dynamo
print("torch._dynamo" in sys.modules)
"""


def test_training_does_not_load_pytorchs_compiler():
    """It takes a second and 80 MB. Loading it at the end shows that the test would see it."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROGRAM]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.split() == ["False", "True"]
