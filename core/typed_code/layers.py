"""The layers that an exercise's code may build: what each takes and gives, and what it does in both modes.

A layer is plain data. `trace` says at which layer a shape does not fit; `forward` computes, in numpy, what PyTorch's
layer of that name computes (the tests compare them). Needs no torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from core.typed_code.arguments import Refused

LARGEST_WIDTH = 4096


@dataclass(frozen=True)
class Layer:
    """One layer: its PyTorch name and its settings. n_in, n_out: numbers per image; None: whatever comes."""

    kind: str
    n_in: int | None = None
    n_out: int | None = None
    p: float = 0.0
    eps: float = 1e-5
    momentum: float = 0.1
    affine: bool = True
    tracks: bool = True
    bias: bool = True

    def __str__(self) -> str:
        return {"Linear": f"Linear({self.n_in}, {self.n_out})", "Dropout": f"Dropout({self.p:g})"}.get(
            self.kind, f"{self.kind}({self.n_in})" if self.kind in NORMALISATIONS else f"{self.kind}()"
        )


@dataclass(frozen=True)
class Model:
    """A Sequential: its layers in a row, nested ones taken apart."""

    layers: tuple[Layer, ...]


NORMALISATIONS = ("BatchNorm1d", "LayerNorm")


# --- what is typed --------------------------------------------------------------------------------------------------


def _width(n: object, what: str) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, float)):
        raise Refused(f"{what} is a whole number")
    if isinstance(n, float):
        raise Refused(f"{what} must be a whole number, not {n!r}: in Python 3 `/` gives a fraction, `//` does not")
    if not 1 <= n <= LARGEST_WIDTH:
        raise Refused(f"{what} must be from 1 to {LARGEST_WIDTH}, not {n}")
    return n


def _number(x: object, what: str, low: float, high: float) -> float:
    if isinstance(x, bool) or not isinstance(x, (int, float)) or not low <= x <= high:
        raise Refused(f"{what} must be a number from {low:g} to {high:g}")
    return float(x)


def _flag(value: object, what: str) -> bool:
    if not isinstance(value, (bool, int)):
        raise Refused(f"{what} is True or False")
    return bool(value)


def flatten(start_dim: int = 1, end_dim: int = -1) -> Layer:
    if (start_dim, end_dim) != (1, -1):
        raise Refused("Flatten needs no settings here: dimension 0 is the batch and stays")
    return Layer("Flatten")


def linear(in_features, out_features, bias: bool = True, device=None, dtype=None) -> Layer:
    return Layer(
        "Linear", _width(in_features, "in_features"), _width(out_features, "out_features"), bias=_flag(bias, "bias")
    )


def relu(inplace: bool = False) -> Layer:
    return Layer("ReLU")


def identity(*_: object, **__: object) -> Layer:
    return Layer("Identity")


def dropout(p=0.5, inplace: bool = False) -> Layer:
    return Layer("Dropout", p=_number(p, "p, the probability to switch a unit off,", 0, 1))


def batch_norm(
    num_features, eps=1e-5, momentum=0.1, affine: bool = True, track_running_stats: bool = True, device=None, dtype=None
) -> Layer:
    if momentum is None:
        raise Refused("momentum=None averages over all batches ever seen; this course keeps a number")
    return Layer(
        "BatchNorm1d",
        _width(num_features, "num_features"),
        eps=_number(eps, "eps", 0, 1e3),
        momentum=_number(momentum, "momentum", 0, 1),
        affine=_flag(affine, "affine"),
        tracks=_flag(track_running_stats, "track_running_stats"),
    )


def layer_norm(
    normalized_shape, eps=1e-5, elementwise_affine: bool = True, bias: bool = True, device=None, dtype=None
) -> Layer:
    if isinstance(normalized_shape, (list, tuple)):
        if len(normalized_shape) != 1:
            raise Refused("after Flatten an image is one row of numbers: LayerNorm takes one size")
        normalized_shape = normalized_shape[0]
    return Layer(
        "LayerNorm",
        _width(normalized_shape, "normalized_shape"),
        eps=_number(eps, "eps", 0, 1e3),
        affine=_flag(elementwise_affine, "elementwise_affine"),
    )


def sequential(*parts: Layer | Model) -> Model:
    layers: list[Layer] = []
    for i, part in enumerate(parts):
        if isinstance(part, list):
            raise Refused("Sequential takes the layers one by one, separated by commas, not a list")
        if not isinstance(part, (Layer, Model)):
            name = getattr(part, "name", None)
            made = f"nn.{name}(…)" if name in CONSTRUCTORS else "nn.ReLU()"
            raise Refused(
                f"part {i} of Sequential is no layer but {name or 'something else'}: a layer is made by "
                f"calling it, {made}"
            )
        layers += part.layers if isinstance(part, Model) else [part]
    if len(layers) > 40:
        raise Refused("more than 40 layers are too many here")
    return Model(tuple(layers))


CONSTRUCTORS = {
    "Flatten": flatten,
    "Linear": linear,
    "ReLU": relu,
    "Identity": identity,
    "Dropout": dropout,
    "BatchNorm1d": batch_norm,
    "LayerNorm": layer_norm,
    "Sequential": sequential,
}

OTHER_LAYERS = {
    "BatchNorm2d": "is for images with channels, (N, C, H, W). After Flatten an image is a row: BatchNorm1d",
    "BatchNorm3d": "is for volumes. After Flatten an image is a row: BatchNorm1d",
    "InstanceNorm1d": "normalises each channel of each sample, another technique",
    "GroupNorm": "normalises groups of channels, another technique",
    "RMSNorm": "leaves out the mean; this exercise is about the norm that subtracts it",
    "Dropout1d": "switches whole channels off; for single units it is Dropout",
    "Dropout2d": "switches whole channels off; for single units it is Dropout",
    "AlphaDropout": "belongs to SELU networks; here it is Dropout",
    "Softmax": "is not needed: CrossEntropyLoss takes logits, and applies it itself",
    "CrossEntropyLoss": "is the loss, computed after the network; it is no layer of it",
    **dict.fromkeys(("LazyLinear", "LazyBatchNorm1d"), "finds its size when data comes; here the sizes are asked for"),
    **dict.fromkeys(("L1Loss", "MSELoss"), "is a layer; the function is F.l1_loss or F.mse_loss"),
    **dict.fromkeys(("Module", "ModuleList"), "is not needed here: nn.Sequential does it"),
    "LogSoftmax": "is not needed: CrossEntropyLoss takes logits, and applies it itself",
    **dict.fromkeys(
        ("Tanh", "Sigmoid", "LeakyReLU", "GELU", "ELU", "SELU", "SiLU"),
        "is another non-linearity; keep the notebook's ReLU, so that only one thing changes",
    ),
}
"""Layers of PyTorch that a student may reach for, and why they are not the one."""


# --- what fits ------------------------------------------------------------------------------------------------------


def trace(model: Model, n_inputs: int) -> tuple[int, ...]:
    """The numbers per image after each layer. Raises Refused at the first layer that does not fit, naming it."""
    width, is_flat, widths = n_inputs, False, []
    for i, layer in enumerate(model.layers):
        if layer.kind == "Flatten":
            is_flat = True
        elif not is_flat and layer.kind in ("Linear", *NORMALISATIONS):
            raise Refused(
                f"layer {i} (counted from 0), {layer}, gets images of 28 × 28: first nn.Flatten() must make rows of "
                "them"
            )
        if layer.n_in is not None and layer.n_in != width:
            linear_ = [before for before in model.layers[:i] if before.kind == "Linear"]
            given = f"{linear_[-1]} before it gives {width}" if linear_ else f"an image has {width}"
            raise Refused(f"layer {i} (counted from 0), {layer}, takes {layer.n_in} numbers per image, but {given}")
        width = layer.n_out or width
        widths.append(width)
    return tuple(widths)


# --- what is computed -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameters:
    """What a model's layers hold: for each layer weight and bias, or running mean and variance."""

    linear: dict[int, tuple[np.ndarray, np.ndarray]]
    running: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


def start(model: Model, rng: np.random.Generator) -> Parameters:
    """Weights and biases U(−1/√n_in, 1/√n_in), as PyTorch draws them; running mean 0 and variance 1."""
    linear_, running = {}, {}
    for i, layer in enumerate(model.layers):
        if layer.kind == "Linear":
            bound = 1 / math.sqrt(layer.n_in)
            weight = rng.uniform(-bound, bound, (layer.n_out, layer.n_in))
            linear_[i] = weight, rng.uniform(-bound, bound, layer.n_out) if layer.bias else np.zeros(layer.n_out)
        if layer.kind == "BatchNorm1d":
            running[i] = np.zeros(layer.n_in), np.ones(layer.n_in)
    return Parameters(linear_, running)


def forward(
    model: Model, held: Parameters, x: np.ndarray, *, training: bool, rng: np.random.Generator | None = None
) -> tuple[list[np.ndarray], Parameters]:
    """What every layer gives for a batch x (B, 784), and the parameters afterwards, with moved running statistics.

    Scales and shifts of norms are 1 and 0, as at the start. rng: draws dropout's masks in training mode.
    """
    outputs, running = [], dict(held.running)
    for i, layer in enumerate(model.layers):
        if layer.kind == "Linear":
            weight, bias = held.linear[i]
            x = x @ weight.T + bias
        elif layer.kind == "ReLU":
            x = np.maximum(x, 0)
        elif layer.kind == "LayerNorm":
            x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + layer.eps)
        elif layer.kind == "BatchNorm1d":
            x, running[i] = _batch_normed(layer, x, running[i], training)
        elif layer.kind == "Dropout" and training and layer.p:
            keep = 1 - layer.p
            x = x * (rng.random(x.shape) < keep) / keep if keep else np.zeros_like(x)
        outputs.append(x)
    return outputs, replace(held, running=running)


def _batch_normed(layer: Layer, x, running, training: bool):
    mean, variance = running
    if training or not layer.tracks:
        batch = x.mean(0), x.var(0)
        if training and layer.tracks:
            m, n = layer.momentum, len(x)
            # What is stored is the unbiased variance, what normalises is the biased one (PyTorch's documentation).
            running = (1 - m) * mean + m * batch[0], (1 - m) * variance + m * batch[1] * n / (n - 1)
        mean, variance = batch
    return (x - mean) / np.sqrt(variance + layer.eps), running
