"""The multilayer perceptron of a RunConfig.

For Fashion-MNIST: Flatten, Linear(784, 392), ReLU, Linear(392, 196), ReLU, Linear(196, 10). With normalisation at
`norm_position` "before": Linear, norm, ReLU; "after": Linear, ReLU, norm. Dropout comes last in each hidden block.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from core.config import RunConfig
from core.results.run import Run
from core.seeds import seeded

NORM_LAYERS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


def torch_generator(seed: int, purpose: str) -> torch.Generator:
    """A torch generator for one purpose of one seed, independent of every other purpose and of the global one."""
    return torch.Generator().manual_seed(int(seeded(seed, purpose).integers(2**62)))


class Dropout(nn.Module):
    """Inverted dropout (Srivastava et al. 2014) whose masks come from a generator of its own.

    Training: each element of x, of any shape, is 0 with probability p and x/(1−p) otherwise. Evaluation: the identity.
    Differs from torch.nn.Dropout only in the source of its random numbers, which nothing else can move.
    """

    def __init__(self, p: float, generator: torch.Generator):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        keep = 1 - self.p
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.generator).div_(keep)


HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def linear(x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
    """x wᵀ + b for x (N, in), w (out, in), b (out,) or None, by oneDNN where this build of PyTorch has it.

    PyTorch itself sends float32 products to MKL, which on AMD processors reaches about half of what oneDNN does there
    (`python -m bench.engine` prints both rates). Not differentiable; `Linear` is.
    """
    if HAS_ONEDNN:
        return torch.ops.mkldnn._linear_pointwise(x, w, b, "none", [], "")
    return x @ w.T if b is None else torch.addmm(b, x, w.T)


class _LinearFunction(torch.autograd.Function):
    """y = x wᵀ + b, and the three products of its derivative."""

    @staticmethod
    def forward(ctx, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(x, w)
        return linear(x, w, b)

    @staticmethod
    @once_differentiable
    def backward(ctx, g: Tensor):
        x, w = ctx.saved_tensors
        gradient_x = linear(g, w.T, None) if ctx.needs_input_grad[0] else None
        return gradient_x, linear(g.T, x.T, None), g.sum(0)


class Linear(nn.Linear):
    """torch.nn.Linear, its products computed by `linear`; once differentiable. The same in training and evaluation."""

    def forward(self, x: Tensor) -> Tensor:
        return _LinearFunction.apply(x, self.weight, self.bias)


def with_plain_linear(model: nn.Sequential) -> nn.Sequential:
    """`model` itself, PyTorch's own linear layers put in the place of ours, for what is differentiated twice. They are
    not initialised: for calls that bring their own parameters."""
    for name, layer in model.named_children():
        if isinstance(layer, Linear):
            setattr(model, name, nn.utils.skip_init(nn.Linear, layer.in_features, layer.out_features))
    return model


def _linear(n_in: int, n_out: int, generator: torch.Generator) -> Linear:
    """A Linear with PyTorch's own initialisation U(−1/√n_in, 1/√n_in), drawn from `generator`."""
    layer = nn.utils.skip_init(Linear, n_in, n_out)
    bound = 1 / math.sqrt(n_in)
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return layer


def build_model(config: RunConfig) -> nn.Sequential:
    """The network of a config, freshly initialised from its seed: (B, …) pixels in [0, 1] to (B, 10) logits.

    Layers are named flatten, linear1, norm1, relu1, dropout1, linear2, …, linear3. Each linear layer draws from a
    generator of its own, so networks that differ in normalisation or dropout start from the same weights.
    """
    facts = config.facts
    sizes = (facts.n_inputs, *facts.widths, len(facts.class_names))
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
        layers[f"linear{i}"] = _linear(n_in, n_out, torch_generator(config.seed, f"initialisation {i}"))
        if i == len(sizes) - 1:
            break
        block = {f"relu{i}": nn.ReLU()}
        if config.norm != "none":
            norm = {f"norm{i}": NORM_LAYERS[config.norm](n_out)}
            block = norm | block if config.norm_position == "before" else block | norm
        if config.dropout > 0:
            block[f"dropout{i}"] = Dropout(config.dropout, torch_generator(config.seed, f"dropout {i}"))
        layers.update(block)
    return nn.Sequential(layers)


@contextmanager
def in_training_mode(model: nn.Module) -> Iterator[None]:
    """The model in training mode for a while; then its running statistics and its mode are put back, bit by bit."""
    was_training, buffers = model.training, {name: b.clone() for name, b in model.named_buffers()}
    model.train()
    try:
        yield
    finally:
        with torch.no_grad():
            for name, b in model.named_buffers():
                b.copy_(buffers[name])
        model.train(was_training)


def model_of(run: Run) -> nn.Sequential:
    """The trained network of a run that kept its weights, in evaluation mode. Raises ValueError where it did not."""
    if run.weights is None:
        raise ValueError("this run kept its numbers only, not its weights")
    model = build_model(run.config)
    model.load_state_dict({name: torch.from_numpy(_writable32(w)) for name, w in run.weights.items()})
    return model.eval()


def _writable32(w: np.ndarray) -> np.ndarray:
    return np.array(w, dtype=np.float32 if w.dtype.kind == "f" else w.dtype)


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and running statistics as numpy: matrices in float16 (half the file), everything else as it is."""
    state: Mapping[str, Tensor] = model.state_dict()
    return {
        name: to_float16(t.numpy()) if t.ndim == 2 and t.abs().max() < FLOAT16_LIMIT else t.numpy().copy()
        for name, t in state.items()
    }


FLOAT16_LIMIT = 65_504
"""The largest float16. A matrix with larger weights, on the way to divergence, is kept in float32."""


def to_float16(w: np.ndarray) -> np.ndarray:
    """`w` rounded to float16, except that what is not exactly 0 does not become 0: it stops at ±6e-8, the smallest
    float16.

    An L2-penalised weight of 1e-9 is tiny and still not zero; counts of exact zeros must keep the difference.
    """
    rounded = w.astype(np.float16)
    smallest = np.copysign(np.finfo(np.float16).smallest_subnormal, w).astype(np.float16)
    return np.where((rounded == 0) & (w != 0), smallest, rounded)
