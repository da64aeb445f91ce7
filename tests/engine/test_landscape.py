from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cosine_similarity, cross_entropy

from core.config import DIGITS, RunConfig
from core.data import split_images
from core.engine.landscape import (
    filter_normalised_direction,
    inner_product,
    line_between,
    logits_at,
    loss_grid,
    moved,
    norm_of,
    notebook_direction,
    parameters_of,
    surface,
)
from core.engine.models import Dropout, build_model, model_of
from core.engine.training import as_pixels, evaluate
from core.results.run import Evaluation, Run
from core.results.surface import LineSpec, SurfaceSpec, notebook_spec

KINDS = [
    (settings, statistics)
    for settings in (
        {},
        {"dropout": 0.5},
        *({"norm": norm, "norm_position": at} for norm in ("batch", "layer") for at in ("before", "after")),
        {"norm": "batch", "dropout": 0.5},
    )
    for statistics in (("running", "batch") if settings.get("norm") == "batch" else ("running",))
]
KIND_IDS = [f"{statistics} {settings}" for settings, statistics in KINDS]


def run_of(**settings) -> Run:
    """A run of digits whose weights are random, biases, γ, β and running statistics too, and none at its default."""
    config = replace(DIGITS, n_train=100, **settings)
    model = build_model(config)
    generator = torch.Generator().manual_seed(config.seed)
    for name, tensor in model.state_dict().items():
        if tensor.ndim == 1:
            low = 0.5 if name.endswith(("norm1.weight", "norm2.weight", "running_var")) else -0.5
            tensor.uniform_(low, low + 1, generator=generator)
    weights = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    nothing = Evaluation(0.0, 0.0)
    return Run(config, (), nothing, nothing, weights, seconds=0.0, device="cpu", threads=1)


def random_direction(theta, seed: int):
    """A direction over every parameter, biases and normalisation too; running statistics stay where they are."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.zeros_like(w) if "running" in name else 0.1 * torch.randn(w.shape, generator=generator)
        for name, w in theta.items()
    }


def images_of(run: Run, digits, n: int | None = None):
    split = split_images(digits, run.config)
    return torch.tensor(split.train_x[:n] / 255.0, dtype=torch.float32), torch.tensor(split.train_y[:n])


def brute_force(config: RunConfig, theta, u, v, alpha, beta, x, y, statistics="running") -> float:
    """The loss at θ + αu + βv by the network itself, with these weights set."""
    model = build_model(config)
    point = {name: w + alpha * u[name] + beta * v[name] for name, w in theta.items()}
    model.load_state_dict(point, strict=False)
    model.train(statistics == "batch")
    for layer in model.modules():
        if isinstance(layer, Dropout):
            layer.eval()
        elif isinstance(layer, nn.Linear):
            layer.__class__ = nn.Linear  # PyTorch's own: ours differs in how it computes the products
    with torch.no_grad():
        return cross_entropy(model(x), y).item()


def flat(direction) -> torch.Tensor:
    return torch.cat([w.flatten().double() for w in direction.values()])


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
        torch.testing.assert_close(logits_at(theta, x, run.config, statistics), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("settings", [{}, {"norm": "batch"}, {"norm": "layer", "norm_position": "after"}], ids=str)
def test_neither_the_weights_nor_the_random_numbers_are_touched(digits, settings):
    run = run_of(**settings)
    before = {name: w.copy() for name, w in run.weights.items()}
    state = torch.get_rng_state()
    for spec in (SurfaceSpec(run.config, resolution=3), replace(notebook_spec(run.config), resolution=4)):
        surface(spec, run, digits)
    line_between(LineSpec(run.config, run.config, points=3), run, run, digits)
    assert all(np.array_equal(w, before[name]) for name, w in run.weights.items())
    assert torch.equal(torch.get_rng_state(), state)


def test_theta_and_directions_are_only_read(digits):
    run = run_of(norm="batch")
    theta, (x, y) = parameters_of(run), images_of(run, digits)
    u, v = random_direction(theta, 1), random_direction(theta, 2)
    before = [{name: w.clone() for name, w in d.items()} for d in (theta, u, v, {"x": x})]
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


# --- surfaces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "statistics"), KINDS, ids=KIND_IDS)
def test_a_surface_reports_what_a_plain_evaluation_finds(digits, settings, statistics):
    run = run_of(**settings)
    spec = SurfaceSpec(run.config, radius=0.5, resolution=3, n_images=70, direction_seed=4, statistics=statistics)
    found = surface(spec, run, digits)
    theta, (x, y) = parameters_of(run), images_of(run, digits, 70)
    u, v = (filter_normalised_direction(theta, 4, which) for which in "uv")
    for i, j in ((0, 0), (0, 2), (1, 1), (2, 1)):
        alpha, beta = spec.coordinates[i], spec.coordinates[j]
        expected = brute_force(run.config, theta, u, v, alpha, beta, x, y, statistics)
        assert found.loss[i, j] == pytest.approx(expected, rel=1e-4)
    model = model_of(run)
    if statistics == "running":
        plain = evaluate(model, *map(torch.tensor, (x.mul(255).round().to(torch.uint8).numpy(), y.numpy())))
        assert found.centre == pytest.approx(plain.loss, rel=1e-5)
        with torch.no_grad():
            each = cross_entropy(model(x), y, reduction="none")
        assert found.standard_error == pytest.approx(each.std().item() / 70**0.5, rel=1e-4)
    assert found.cosine == pytest.approx(cosine_similarity(flat(u), flat(v), dim=0).item(), abs=1e-6)
    assert found.direction_norms == pytest.approx((flat(u).norm().item(), flat(v).norm().item()), rel=1e-6)
    trained = dict(model.named_parameters())
    assert found.weight_norm == pytest.approx(flat(trained).norm().item(), rel=1e-6)


def test_a_surface_is_the_same_each_time_and_another_with_other_directions(digits):
    run = run_of()
    spec = SurfaceSpec(run.config, resolution=5)
    one, again, other = (surface(s, run, digits).loss for s in (spec, spec, replace(spec, direction_seed=1)))
    assert np.array_equal(one, again) and one[2, 2] == other[2, 2] and (one != other).sum() == 24


def test_a_trained_network_lies_lower_than_what_surrounds_it(trained, digits):
    run = trained(epochs=30)
    found = surface(SurfaceSpec(run.config, resolution=5, radius=2), run, digits)
    assert (
        found.centre == found.range[0] == pytest.approx(run.last.train_loss, rel=2e-3)
    )  # the run's 60 images, in float16


def test_the_notebooks_surface_lies_along_its_own_directions_with_its_axes_in_our_order(digits):
    run = run_of(norm="batch")
    spec = replace(notebook_spec(run.config), resolution=4, radius=0.3)
    assert (
        spec.n_images == 100
    )  # all that there are: "fresh" images at each point are then the same ones in another order
    found = surface(spec, run, digits)
    theta, (x, y) = parameters_of(run), images_of(run, digits)
    w1, w2 = notebook_direction(theta, 1), notebook_direction(theta, 2)
    expected = [
        [brute_force(run.config, theta, w2, w1, a, b, x, y) for b in spec.coordinates] for a in spec.coordinates
    ]
    np.testing.assert_allclose(found.loss, expected, rtol=1e-4)
    assert found.cosine == pytest.approx(0.75, abs=0.02) and found.centre is None


def test_the_notebooks_surface_takes_fresh_images_at_each_point(digits):
    run = run_of()
    spec = SurfaceSpec(run.config, method="notebook", radius=1e-9, resolution=4, n_images=20)
    one, again = surface(spec, run, digits).loss, surface(spec, run, digits).loss
    assert np.array_equal(one, again) and len(set(one.flat)) == 16  # all at θ*, and yet all different


@pytest.mark.parametrize("method", ["filter", "notebook"])
def test_rows_are_counted_and_what_the_counter_raises_ends_the_surface(digits, method):
    class Enough(Exception):
        pass

    rows = []

    def on_row(done, total):
        rows.append((done, total))
        if done == enough:
            raise Enough

    run, enough = run_of(), None
    spec = SurfaceSpec(run.config, method=method, resolution=5, n_images=10)
    surface(spec, run, digits, on_row)
    assert rows == [(i, 5) for i in range(1, 6)]
    rows.clear()
    enough = 2
    with pytest.raises(Enough):
        surface(spec, run, digits, on_row)
    assert len(rows) == 2


@pytest.mark.parametrize("method", ["filter", "notebook"])
def test_a_run_without_weights_has_no_surface(digits, method):
    run = replace(run_of(), weights=None)
    with pytest.raises(ValueError, match="not its weights"):
        surface(SurfaceSpec(run.config, method=method), run, digits)


# --- lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"norm": "batch"}, {"norm": "layer", "norm_position": "after"}], ids=str)
def test_a_line_runs_from_one_networks_loss_to_the_others_through_the_weights_between(digits, settings):
    start, end = run_of(**settings), run_of(**settings, seed=1)
    spec = LineSpec(start.config, end.config, points=5, n_images=80)
    line = line_between(spec, start, end, digits)
    x, y = images_of(start, digits, 80)
    with torch.no_grad():
        ends = [cross_entropy(model_of(run)(x), y).item() for run in (start, end)]
    assert [line.loss[0], line.loss[-1]] == pytest.approx(ends, rel=1e-5)
    a, b = parameters_of(start), parameters_of(end)
    nowhere = {name: torch.zeros_like(w) for name, w in a.items()}
    quarter = {name: 0.75 * a[name] + 0.25 * b[name] for name in a}
    assert line.loss[1] == pytest.approx(brute_force(start.config, quarter, nowhere, nowhere, 0, 0, x, y), rel=1e-4)


def test_the_line_from_a_network_to_itself_is_flat(digits):
    run = run_of()
    line = line_between(LineSpec(run.config, run.config, points=5), run, run, digits)
    assert len(set(line.loss)) == 1 and line.barrier == 0
    x, y = images_of(run, digits)
    assert line.loss[0] == pytest.approx(evaluate(model_of(run), (x * 255).round().to(torch.uint8), y).loss, rel=1e-5)
    assert torch.equal(as_pixels((x * 255).round().to(torch.uint8)), x)
