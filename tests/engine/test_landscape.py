"""The loss over a plane against the network itself with its weights set; directions against their definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity

from core.engine.landscape import (
    filter_normalised_direction,
    inner_product,
    loss_grid,
    moved,
    network_at,
    norm_of,
    notebook_direction,
    parameters_of,
)
from core.engine.models import Dropout, model_of
from tests.engine.networks import KIND_IDS, KINDS, brute_force, flat, images_of, random_direction, run_of

# --- the grid -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "statistics"), KINDS, ids=KIND_IDS)
@pytest.mark.parametrize("directions", ["filter", "all"])
def test_the_grid_is_what_the_network_itself_gives_at_each_point(digits, settings, statistics, directions):
    run = run_of(**settings)
    theta, (x, y) = parameters_of(run), images_of(run, digits)
    if directions == "filter":
        u, v = (filter_normalised_direction(theta, 3, which) for which in "uv")
    else:
        u, v = random_direction(theta, 1), random_direction(theta, 2)
    alphas, betas = np.array([-1.3, 0.0, 0.7]), np.array([0.0, 0.4, -2.0, 1.1])
    grid = loss_grid(theta, u, v, alphas, betas, x, y, run.config, statistics)
    expected = [[brute_force(run.config, theta, u, v, a, b, x, y, statistics) for b in betas] for a in alphas]
    np.testing.assert_allclose(grid, expected, rtol=1e-4)  # rows are α, columns are β
    assert len({f"{loss:.4f}" for loss in grid.flat}) == grid.size  # no two alike, or a swapped axis might go unseen


@pytest.mark.parametrize("scale", [0, 1], ids=["nothing moves", "one layer moves"])
@pytest.mark.parametrize("layer", ["linear1.bias", "linear2.weight", "norm2.bias", "linear3.bias"])
def test_a_direction_may_move_any_one_layer_or_none(digits, layer, scale):
    run = run_of(norm="layer")
    theta, (x, y) = parameters_of(run), images_of(run, digits)
    nowhere = {name: torch.zeros_like(w) for name, w in theta.items()}
    w = theta[layer]
    u = nowhere | {layer: scale * torch.linspace(-1, 1, w.numel()).reshape(w.shape)}
    grid = loss_grid(theta, nowhere, u, np.array([0.5]), np.array([0.0, 0.3]), x, y, run.config)
    expected = [brute_force(run.config, theta, nowhere, u, 0.5, b, x, y) for b in (0.0, 0.3)]
    np.testing.assert_allclose(grid, [expected], rtol=1e-5)
    assert (grid[0, 0] == grid[0, 1]) == (scale == 0)


@pytest.mark.parametrize(("settings", "statistics"), KINDS, ids=KIND_IDS)
def test_logits_are_the_networks(digits, settings, statistics):
    run = run_of(**settings)
    theta, (x, _) = parameters_of(run), images_of(run, digits)
    model = model_of(run).train(statistics == "batch")
    for layer in model.modules():
        if isinstance(layer, Dropout):
            layer.eval()
    with torch.no_grad():
        torch.testing.assert_close(network_at(run.config, statistics)(theta, x), model(x), rtol=1e-4, atol=1e-5)


def test_theta_and_directions_are_only_read(digits):
    run = run_of(norm="batch")
    theta, (x, y) = parameters_of(run), images_of(run, digits)
    u, v = random_direction(theta, 1), random_direction(theta, 2)
    before = [{name: w.clone() for name, w in d.items()} for d in (theta, u, v, {"x": x})]
    with torch.no_grad():
        network_at(run.config, "batch")(theta, x)
    loss_grid(theta, u, v, np.linspace(-1, 1, 3), np.linspace(-1, 1, 3), x, y, run.config, "batch")
    for now, then in zip((theta, u, v, {"x": x}), before, strict=True):
        assert all(torch.equal(w, then[name]) for name, w in now.items())


# --- directions -----------------------------------------------------------------------------------------------------


def test_each_row_of_a_filter_direction_has_the_norm_of_its_own_and_nothing_else_moves():
    theta = parameters_of(run_of(norm="batch"))
    theta["linear2.weight"][5] = 0.0  # a dead unit has no direction
    u = filter_normalised_direction(theta, 0, "u")
    for name, w in theta.items():
        if w.ndim == 2:
            torch.testing.assert_close(u[name].norm(dim=1), w.norm(dim=1), rtol=1e-5, atol=0)
        else:
            assert not u[name].any()
    assert {name for name, w in theta.items() if w.ndim == 1} > {"linear1.bias", "norm1.weight", "norm2.running_var"}


def test_a_filter_direction_is_gaussian_before_it_is_normalised():
    u = filter_normalised_direction(parameters_of(run_of()), 0, "u")["linear2.weight"]
    d = (u / u.norm(dim=1, keepdim=True)).flatten().double() * u.shape[1] ** 0.5
    n = len(d)
    assert (
        abs(d.mean()) < 5 / n**0.5 and abs((d**4).mean() - 3 * 256 / 258) < 5 * (96 / n) ** 0.5
    )  # 4th moment on a sphere


def test_directions_are_fixed_by_their_seed_and_name_and_nearly_orthogonal():
    theta = parameters_of(run_of())
    drawn = {(seed, which): flat(filter_normalised_direction(theta, seed, which)) for seed in (0, 1) for which in "uv"}
    assert torch.equal(drawn[0, "u"], flat(filter_normalised_direction(theta, 0, "u")))
    pairs = [(a, b) for a in drawn for b in drawn if a < b]
    for a, b in pairs:
        assert abs(cosine_similarity(drawn[a], drawn[b], dim=0)) < 0.05  # 5 σ would be 5/√50,000


def test_notebook_directions_are_positive_and_the_same_numbers_in_every_layer():
    theta = parameters_of(run_of(norm="batch"))
    w1, w2 = notebook_direction(theta, 1), notebook_direction(theta, 2)
    stream = torch.rand(256 * 128, generator=torch.Generator().manual_seed(1))
    for name, w in w1.items():
        assert torch.equal(w.flatten(), torch.zeros(w.numel()) if "running" in name else stream[: w.numel()])
    assert cosine_similarity(flat(w1), flat(w2), dim=0) == pytest.approx(0.75, abs=0.02)  # E[uv]/E[u²] = ¼ / ⅓


def test_inner_products_and_norms_are_those_of_the_flattened_vectors():
    theta = parameters_of(run_of(norm="layer"))
    a, b = random_direction(theta, 1), random_direction(theta, 2)
    assert inner_product(a, b) == pytest.approx((flat(a) @ flat(b)).item(), rel=1e-9)
    assert norm_of(a) == pytest.approx(flat(a).norm().item(), rel=1e-9)
    torch.testing.assert_close(
        flat(moved(theta, a, b, 2.0, -0.5)), flat(theta) + 2 * flat(a) - 0.5 * flat(b), rtol=0, atol=1e-6
    )


def test_an_unknown_normalisation_is_refused(digits):
    run = run_of(norm="layer")
    theta, (x, y) = parameters_of(run), images_of(run, digits, 5)
    unknown = replace(run.config)
    object.__setattr__(unknown, "norm", "group")
    with pytest.raises(ValueError, match="group"):
        loss_grid(theta, theta, theta, np.zeros(1), np.zeros(1), x, y, unknown)
