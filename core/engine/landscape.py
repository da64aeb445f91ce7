"""The loss around a trained network: directions, planes, surfaces.

L(θ* + α·u + β·v) for every (α, β) of a grid, on a fixed set of images. θ* is read, never written: each point's weights
are computed beside it. The first layer is linear in its weights, x(W + αU + βV)ᵀ = xWᵀ + α·xUᵀ + β·xVᵀ, so its three
products serve the whole grid.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import batch_norm, cross_entropy, layer_norm

from core.config import RunConfig
from core.data import Images, seeded, split_images
from core.engine.models import linear, torch_generator
from core.engine.training import as_pixels, fix_threads, test_tensors, versions
from core.maths.normalisation import EPS
from core.results.displaced import BINS, HIGH, LOW, Displaced, DisplacedSpec
from core.results.run import Run
from core.results.surface import Line, LineSpec, Surface, SurfaceSpec

Parameters = Mapping[str, Tensor]
"""Tensors by layer name, float32: "linear1.weight" (out, in), "linear1.bias" (out,), "norm1.weight" (out,), …"""

OnRow = Callable[[int, int], None]
"""Called with grid rows done and rows in all; what it raises ends the computation."""


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
        if self.statistics == "batch":
            return batch_norm(h, None, None, scale, shift, training=True, eps=EPS)
        factor = scale * torch.rsqrt(p[f"norm{i}.running_var"] + EPS)
        return torch.addcmul(shift - p[f"norm{i}.running_mean"] * factor, h, factor)


def logits_at(p: Parameters, x: Tensor, config: RunConfig, statistics: str = "running") -> Tensor:
    """(N, 10) logits of the config's network with parameters p, in evaluation mode, for pixels x (N, inputs) in [0,
    1]."""
    return _after_first(linear(x, p["linear1.weight"], p["linear1.bias"]), p, _Hidden(config, statistics))


def _after_first(h: Tensor, p: Parameters, hidden: _Hidden) -> Tensor:
    """Logits from the first layer's pre-activation h, which is overwritten."""
    h = hidden(h, p, 1)
    h = hidden(linear(h, p["linear2.weight"], p["linear2.bias"]), p, 2)
    return linear(h, p["linear3.weight"], p["linear3.bias"])


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
    on_row: OnRow | None = None,
) -> np.ndarray:
    """loss[i, j] = mean cross-entropy over (x, y) at θ + alphas[i]·u + betas[j]·v, (A, B) float64.

    x: (N, inputs) pixels in [0, 1]; y: (N,) classes. Any directions over θ's parameters; any network of the app.
    """
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
        if on_row:
            on_row(i + 1, len(alphas))
    return grid


def _training_images(run: RunConfig, images: Images, n: int | None = None) -> tuple[Tensor, Tensor]:
    """The first n training images of a run's split, as pixels, with the labels they were trained on."""
    split = split_images(images, run)
    return as_pixels(torch.from_numpy(split.train_x[:n])), torch.from_numpy(split.train_y[:n])


def surface(spec: SurfaceSpec, run: Run, images: Images, on_row: OnRow | None = None) -> Surface:
    """Compute the surface that `spec` describes around `run`. Raises ValueError where the run kept no weights."""
    if spec.method == "notebook":
        return notebook_surface(spec, run, images, on_row)
    fix_threads()
    started = time.perf_counter()
    theta = parameters_of(run)
    u, v = (filter_normalised_direction(theta, spec.direction_seed, which) for which in "uv")
    x, y = _training_images(run.config, images, spec.n_images)
    grid = loss_grid(theta, u, v, spec.coordinates, spec.coordinates, x, y, run.config, spec.statistics, on_row)
    return _finished(spec, grid, theta, u, v, x, y, started)


@torch.no_grad()
def notebook_surface(spec: SurfaceSpec, run: Run, images: Images, on_row: OnRow | None = None) -> Surface:
    """The notebook's method, its faults included: positive, repeated, unnormalised directions over all parameters, a
    grid that misses θ*, fresh shuffled images at each point, running statistics that belong to θ*.

    Two of its faults are left out, since they are no part of the picture: it leaves the network at the grid's last
    corner, and it draws its axes swapped (the figure does that, where it is asked to).
    """
    fix_threads()
    started = time.perf_counter()
    theta = parameters_of(run)
    w1, w2 = notebook_direction(theta, 1), notebook_direction(theta, 2)
    x, y = _training_images(run.config, images)
    shuffle = torch_generator(run.config.seed, "notebook batches")
    grid = np.empty((spec.resolution, spec.resolution))
    for i, alpha in enumerate(spec.coordinates):
        for j, beta in enumerate(spec.coordinates):
            batch = torch.randperm(len(x), generator=shuffle)[: spec.n_images]
            point = moved(theta, w2, w1, float(alpha), float(beta))
            grid[i, j] = cross_entropy(logits_at(point, x[batch], run.config), y[batch]).item()
        if on_row:
            on_row(i + 1, spec.resolution)
    batch = slice(spec.n_images)
    return _finished(spec, grid, theta, w2, w1, x[batch], y[batch], started)


@torch.no_grad()
def displaced_by_notebook(spec: DisplacedSpec, run: Run, images: Images) -> Displaced:
    """Where the notebook's loop leaves a network, the last corner of its grid: the first layer's weights, and what is
    left of the accuracy. Raises ValueError where the run kept no weights."""
    fix_threads()
    theta = parameters_of(run)
    corner = moved(theta, notebook_direction(theta, 1), notebook_direction(theta, 2), 1.0, 1.0)
    x, y = test_tensors(images)
    first = [p["linear1.weight"].double().numpy() for p in (theta, corner)]
    own, displaced = (np.histogram(w.clip(LOW, HIGH), BINS, (LOW, HIGH))[0] for w in first)
    accuracy = [(logits_at(p, x.flatten(1), run.config).argmax(1) == y).double().mean().item() for p in (theta, corner)]
    return Displaced(spec, own, displaced, np.array([w.mean() for w in first]), np.array(accuracy))


@torch.no_grad()
def _finished(spec, grid, theta, u, v, x, y, started) -> Surface:
    trained = {name: w for name, w in theta.items() if "running" not in name}
    norms = norm_of(u), norm_of(v)
    at_theta = cross_entropy(logits_at(theta, x, spec.run, spec.statistics), y, reduction="none")
    return Surface(
        spec=spec,
        loss=grid,
        cosine=inner_product(u, v) / (norms[0] * norms[1]),
        direction_norms=norms,
        weight_norm=norm_of(trained),
        standard_error=at_theta.std().item() / math.sqrt(len(x)),
        seconds=time.perf_counter() - started,
        versions=versions(),
    )


def line_between(spec: LineSpec, start: Run, end: Run, images: Images) -> Line:
    """The loss along the straight line between two trained networks of one shape, biases included."""
    fix_threads()
    a, b = parameters_of(start), parameters_of(end)
    x, y = _training_images(start.config, images, spec.n_images)
    toward = {name: b[name] - w for name, w in a.items()}
    nowhere = {name: torch.zeros_like(w) for name, w in a.items()}
    grid = loss_grid(a, toward, nowhere, spec.positions, np.zeros(1), x, y, start.config)
    return Line(spec, grid[:, 0])
