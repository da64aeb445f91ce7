"""The weights after every epoch of a training, the plane in which they moved most, and the loss there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.data import Images, split_images
from core.engine.landscape import (
    Parameters,
    inner_product,
    loss_grid,
    moved,
    network_at,
    norm_of,
    training_images,
)
from core.engine.measurement import OnStep, unheard
from core.engine.retraining import after_epochs
from core.engine.training import fix_threads
from core.results.path import PathSpec, TrainingPath, axis_over
from core.results.run import Run


@dataclass(frozen=True)
class Plane:
    """Two orthogonal directions of length 1 over all trained parameters, 0 in running statistics; and the share of the
    variance along each, (2,)."""

    u: Parameters
    v: Parameters
    explained: np.ndarray

    def coordinates(self, away: Parameters) -> tuple[float, float]:
        """Of the point of the plane that is nearest to θₙ + away."""
        return inner_product(away, self.u), inner_product(away, self.v)


def principal_plane(checkpoints: Sequence[Parameters]) -> Plane:
    """The first two principal components of all checkpoints but the last, whose own place only moves the origin.

    By the eigenvectors a of the n × n products of the centred rows X: the components are Xᵀa/√λ. The parameters are far
    too many for their own covariance. A component's sign is such that the first checkpoint is not on its negative side.
    Two components must have a variance above 0.
    """
    names = [name for name in checkpoints[-1] if "running" not in name]

    def rows(name: str) -> Tensor:
        stacked = torch.stack([c[name].flatten() for c in checkpoints[:-1]]).double()
        return stacked - stacked.mean(0)

    products = sum(rows(name) @ rows(name).T for name in names).numpy()
    values, vectors = np.linalg.eigh(products)  # in rising order
    components = []
    for k in (-1, -2):
        weights = torch.from_numpy(vectors[:, k] / np.sqrt(values[k]))
        component = {name: torch.zeros_like(w) for name, w in checkpoints[-1].items()}
        component |= {name: (weights @ rows(name)).view_as(component[name]).float() for name in names}
        sign = np.sign(inner_product(_away(checkpoints, 0), component)) or 1.0
        components.append({name: float(sign) * w for name, w in component.items()})
    return Plane(*components, explained=values[[-1, -2]] / values.sum())


def _away(checkpoints: Sequence[Parameters], i: int) -> dict[str, Tensor]:
    """θᵢ − θₙ over the trained parameters: running statistics are no coordinates."""
    end = checkpoints[-1]
    return {name: w - end[name] for name, w in checkpoints[i].items() if "running" not in name}


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and running statistics as they are now, float32."""
    return {name: t.clone() for name, t in model.state_dict().items() if t.is_floating_point()}


def measure(spec: PathSpec, images: Images, runs: Sequence[Run] = (), on_step: OnStep = unheard) -> TrainingPath:
    """Train as `train` does, keep the weights after every epoch, and evaluate them, their shadows and the grid."""
    done, total = count(1), spec.run.steps + spec.run.epochs + 1 + spec.resolution

    def advance(*_) -> None:
        on_step(next(done), total)

    split = split_images(images, spec.run)
    checkpoints = [_snapshot(model) for _, model in after_epochs(spec.run, split, advance)]
    fix_threads()
    return _seen_in_plane(spec, images, checkpoints, advance)


@torch.no_grad()
def _seen_in_plane(spec: PathSpec, images: Images, checkpoints: Sequence[Parameters], advance) -> TrainingPath:
    x, y = training_images(spec.run, images, spec.n_images)
    logits, plane, end = network_at(spec.run, spec.statistics), principal_plane(checkpoints), checkpoints[-1]
    coordinates, distances, loss, shadow_loss = [], [], [], []
    for i, theta in enumerate(checkpoints):
        away = _away(checkpoints, i)
        distances.append(norm_of(away))
        coordinates.append(plane.coordinates(away))
        loss.append(cross_entropy(logits(theta, x), y).item())
        shadow = moved(end, plane.u, plane.v, *coordinates[-1])
        shadow_loss.append(cross_entropy(logits(shadow, x), y).item())
        advance()
    alphas, betas = (axis_over(along, spec.resolution) for along in np.array(coordinates).T)
    grid = loss_grid(end, plane.u, plane.v, alphas, betas, x, y, spec.run, spec.statistics, advance)
    return TrainingPath(
        spec,
        coordinates=np.array(coordinates),
        distances=np.array(distances),
        explained=plane.explained,
        loss=np.array(loss),
        shadow_loss=np.array(shadow_loss),
        alphas=alphas,
        betas=betas,
        grid=grid.astype(np.float32),
    )
