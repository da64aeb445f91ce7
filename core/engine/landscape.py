"""Around a trained network: directions, points, and the loss at each point of a plane.

θ* is read, never written: each point's weights are computed beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import batch_norm, cross_entropy, layer_norm

from core.config import RunConfig
from core.data import Images, split_images
from core.engine.evaluation import as_pixels
from core.engine.measurement import OnStep, unheard
from core.engine.models import build_model, linear, with_plain_linear
from core.maths.normalisation import EPS
from core.results.run import Run
from core.seeds import seeded

Parameters = Mapping[str, Tensor]
"""Tensors by layer name, float32: "linear1.weight" (out, in), "linear1.bias" (out,), "norm1.weight" (out,), …"""


def parameters_of(run: Run) -> dict[str, Tensor]:
    """A run's parameters and running statistics in float32. Raises ValueError where it kept none."""
    if run.weights is None:
        raise ValueError("this run kept its numbers only, not its weights")
    return {name: torch.from_numpy(np.array(w, np.float32)) for name, w in run.weights.items() if w.dtype.kind == "f"}


def filter_normalised_direction(theta: Parameters, seed: int, which: str) -> dict[str, Tensor]:
    """A Gaussian direction in which each row of a weight matrix has the norm of the row it belongs to.

    d_i ← d_i / ‖d_i‖ · ‖w_i‖ for each filter i, the weights into one unit (Li et al. 2018, §4). Biases, normalisation
    parameters and running statistics get 0. seed and `which` ("u", "v") fix it; every matrix draws from its own
    generator.
    """
    direction = {}
    for name, w in theta.items():
        if w.ndim != 2:
            direction[name] = torch.zeros_like(w)
            continue
        d = torch.from_numpy(seeded(seed, f"direction {which} {name}").standard_normal(w.shape, dtype=np.float32))
        direction[name] = d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)
    return direction


def notebook_direction(theta: Parameters, seed: int) -> dict[str, Tensor]:
    """The source notebook's direction: U[0, 1) for every parameter, each tensor drawn from the start of one and the
    same stream, nothing normalised. Running statistics, which are no parameters, get 0."""
    return {
        name: torch.zeros_like(w)
        if "running" in name
        else torch.rand(w.shape, generator=torch.Generator().manual_seed(seed))
        for name, w in theta.items()
    }


def inner_product(a: Parameters, b: Parameters) -> float:
    return sum((a[name].double() * b[name].double()).sum().item() for name in a)


def norm_of(a: Parameters) -> float:
    return math.sqrt(inner_product(a, a))


def moved(theta: Parameters, u: Parameters, v: Parameters, alpha: float, beta: float) -> dict[str, Tensor]:
    """θ + α·u + β·v as new tensors."""
    return {name: w + alpha * u[name] + beta * v[name] for name, w in theta.items()}


def training_images(config: RunConfig, images: Images, n: int | None = None) -> tuple[Tensor, Tensor]:
    """The first n training images of a config's split (None: all), as pixels (n, side, side) in [0, 1], with the labels
    (n,) they were trained on."""
    split = split_images(images, config)
    return as_pixels(torch.from_numpy(split.train_x[:n])), torch.from_numpy(split.train_y[:n])


Logits = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""(N, 10) logits at parameters by layer name, for pixels x (N, …) in [0, 1]."""


def network_at(config: RunConfig, statistics: str = "running", *, twice_differentiable: bool = False) -> Logits:
    """The network of a config as a function of its parameters, in evaluation mode. statistics "batch": batch norm takes
    mean and variance over the images it is given, layer by layer. It can be differentiated once, or, somewhat slower,
    twice."""
    model = build_model(config).eval()
    if twice_differentiable:
        model = with_plain_linear(model)
    if statistics == "batch":
        for layer in model.modules():
            layer.train(isinstance(layer, nn.BatchNorm1d))

    def logits(p: Parameters, x: Tensor) -> Tensor:
        # batch norm in training mode moves the running statistics that it is given
        point = {name: w.clone() if "running" in name else w for name, w in p.items()}
        return functional_call(model, point, x)

    return logits


@torch.no_grad()
def with_statistics_of(x: Tensor, theta: Parameters, config: RunConfig) -> dict[str, Tensor]:
    """θ with the running statistics that it has over pixels x (N, …): mean and unbiased variance of each batch norm's
    input, when the layers before it normalise by those of x too. As a training would leave them after long enough on
    x in one batch, but without dropout. N at least 2."""
    model = build_model(config).eval()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.train()
            layer.momentum = 1.0  # PyTorch's: the new value takes the place of the old one
    point = {name: w.clone() if "running" in name else w for name, w in theta.items()}
    functional_call(model, point, x)
    return point


# --- the loss over a plane ------------------------------------------------------------------------------------------


@torch.no_grad()
def loss_grid(
    theta: Parameters,
    u: Parameters,
    v: Parameters,
    alphas: np.ndarray,
    betas: np.ndarray,
    x: Tensor,
    y: Tensor,
    config: RunConfig,
    statistics: str = "running",
    on_row: OnStep = unheard,
) -> np.ndarray:
    """loss[i, j] = mean cross-entropy over (x, y) at θ + alphas[i]·u + betas[j]·v, (A, B) float64.

    The first layer is linear in its weights, x(W + αU + βV)ᵀ = xWᵀ + α·xUᵀ + β·xVᵀ, so its three products serve the
    whole grid; that is why the network is written out here once more, which `network_at` is not.

    x: (N, …) pixels in [0, 1]; y: (N,) classes. Any directions over θ's parameters; any network of the app.
    """
    x = x.flatten(1)
    products = [linear(x, d["linear1.weight"], d["linear1.bias"]) for d in (theta, u, v)]
    # what no direction moves is not computed again at each point; the first layer's part is in `products`
    moving = [n for n in theta if not n.startswith("linear1") and bool(u[n].any() or v[n].any())]
    hidden, point = _Hidden(config, statistics), dict(theta)
    h = torch.empty_like(products[0])
    grid = np.empty((len(alphas), len(betas)))
    for i, alpha in enumerate(alphas):
        along_u = torch.add(products[0], products[1], alpha=float(alpha))
        row = {n: theta[n] + float(alpha) * u[n] for n in moving}
        for j, beta in enumerate(betas):
            for n in moving:
                point[n] = torch.add(row[n], v[n], alpha=float(beta))
            torch.add(along_u, products[2], alpha=float(beta), out=h)
            grid[i, j] = cross_entropy(_after_first(h, point, hidden), y).item()
        on_row(i + 1, len(alphas))
    return grid


class _Hidden:
    """What happens to a pre-activation h (N, units) of hidden layer i: normalisation and ReLU, in the config's
    order."""

    def __init__(self, config: RunConfig, statistics: str):
        self.config, self.statistics = config, statistics

    def __call__(self, h: Tensor, p: Parameters, i: int) -> Tensor:
        if self.config.norm == "none":
            return h.relu_()
        if self.config.norm_position == "before":
            return self._normalise(h, p, i).relu_()
        return self._normalise(h.relu_(), p, i)

    def _normalise(self, h: Tensor, p: Parameters, i: int) -> Tensor:
        scale, shift = p[f"norm{i}.weight"], p[f"norm{i}.bias"]
        if self.config.norm == "layer":
            return layer_norm(h, (h.shape[1],), scale, shift, EPS)
        if self.config.norm != "batch":
            raise ValueError(f"no way is known to normalise by {self.config.norm!r}")
        if self.statistics == "batch":
            return batch_norm(h, None, None, scale, shift, training=True, eps=EPS)
        factor = scale * torch.rsqrt(p[f"norm{i}.running_var"] + EPS)
        return torch.addcmul(shift - p[f"norm{i}.running_mean"] * factor, h, factor)


def _after_first(h: Tensor, p: Parameters, hidden: _Hidden) -> Tensor:
    """Logits from the first layer's pre-activation h, which is overwritten."""
    h = hidden(h, p, 1)
    h = hidden(linear(h, p["linear2.weight"], p["linear2.bias"]), p, 2)
    return linear(h, p["linear3.weight"], p["linear3.bias"])
