"""Eigenvalue and trace against the whole Hessian: of quadratics with a known spectrum, and of networks of 400 to 430
parameters, written out once more in float64 and differentiated by autograd."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch.autograd.functional import hessian
from torch.nn.functional import cross_entropy

from core.config import DATASETS
from core.engine.hessian import curved_loss, top_eigenvalue, trace_samples
from core.engine.landscape import filter_normalised_direction, parameters_of
from core.engine.sharpness import measure
from core.results import measurement
from core.results.sharpness import Sharpness, SharpnessSpec
from tests.engine.networks import brute_force, images_of, run_of

# --- quadratics -----------------------------------------------------------------------------------------------------


def quadratic(eigenvalues, seed: int = 0) -> torch.Tensor:
    """A symmetric matrix with these eigenvalues and random eigenvectors."""
    n = len(eigenvalues)
    turned, _ = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)))
    return turned @ torch.diag(torch.tensor(eigenvalues, dtype=torch.float64)) @ turned.T


def start(n: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "eigenvalues",
    [[*np.linspace(0, 1, 59), 7.0], [-50.0, *np.linspace(-1, 2, 38), 7.0], [-3.0, -2.0, -1.0], [4.0], [0.0, 0.0, 5.0]],
    ids=["separated", "a larger negative one", "all negative", "a number", "rank one"],
)
def test_the_top_eigenvalue_of_a_quadratic_is_its_largest(eigenvalues):
    h = quadratic(eigenvalues)
    found = top_eigenvalue(lambda v: h @ v, start(len(h)), 40)
    assert found.value == pytest.approx(max(eigenvalues), abs=1e-9)
    assert found.residual < 1e-7 and found.vector.norm() == pytest.approx(1, abs=1e-12)
    assert torch.allclose(h @ found.vector, found.value * found.vector, atol=1e-7)


def test_a_search_that_is_cut_short_says_how_far_off_it_may_be():
    """Eigenvalues so close together that few steps cannot tell them apart."""
    eigenvalues = torch.linspace(0, 1, 200, dtype=torch.float64)
    h, last = quadratic(eigenvalues.tolist()), 0.0
    for steps in (2, 5, 10, 20):
        found = top_eigenvalue(lambda v: h @ v, start(200), steps)
        assert last < found.value <= 1 + 1e-12
        assert (eigenvalues - found.value).abs().min() <= found.residual + 1e-12
        assert found.residual == pytest.approx((h @ found.vector - found.value * found.vector).norm().item())
        last = found.value
    assert 1 - last < 0.02


def test_a_step_is_one_product():
    calls, told = [], []
    h = quadratic(np.linspace(0, 1, 50))
    top_eigenvalue(lambda v: calls.append(1) or h @ v, start(50), 12, lambda: told.append(1))
    assert len(calls) == 13 and len(told) == 12  # and one for the residual


def test_trace_samples_have_the_trace_as_their_mean_and_hutchinsons_variance():
    h = quadratic(np.linspace(-1, 3, 30))
    generator = torch.Generator().manual_seed(0)
    samples = np.array([*trace_samples(lambda v: h @ v, start(30), 4000, generator)])
    off_diagonal = h - torch.diag(h.diagonal())
    assert abs(samples.mean() - 30) < 4 * stats.sem(samples)  # Σ of 30 even steps from −1 to 3; a chance of 6e-5
    assert samples.var() == pytest.approx(2 * (off_diagonal**2).sum().item(), rel=0.15)
    diagonal = torch.diag(torch.arange(5.0))
    assert [*trace_samples(lambda v: diagonal @ v, torch.zeros(5), 3, generator)] == [10, 10, 10]


# --- networks -------------------------------------------------------------------------------------------------------

KINDS = [
    ({}, "running"),
    ({"norm": "layer"}, "running"),
    ({"norm": "batch", "norm_position": "after", "dropout": 0.5}, "running"),
    ({"norm": "batch"}, "batch"),
]


@pytest.fixture
def small(monkeypatch):
    """Networks of 64-5-4-10 units for the digits."""
    monkeypatch.setitem(DATASETS, "digits", replace(DATASETS["digits"], widths=(5, 4)))


def by_hand(run, x, y, statistics):
    """The trained parameters end to end, (P,) float64, and the loss as a function of such a vector."""
    theta = {name: torch.tensor(w, dtype=torch.float64) for name, w in run.weights.items()}
    trained = [name for name in theta if "running" not in name and "batches" not in name]

    def normalised(h, p, i):
        if run.config.norm == "layer":
            mean, var = h.mean(1, keepdim=True), h.var(1, unbiased=False, keepdim=True)
        elif statistics == "batch":
            mean, var = h.mean(0), h.var(0, unbiased=False)
        else:
            mean, var = p[f"norm{i}.running_mean"], p[f"norm{i}.running_var"]
        return (h - mean) / (var + 1e-5).sqrt() * p[f"norm{i}.weight"] + p[f"norm{i}.bias"]

    def loss(vector):
        parts = vector.split([theta[name].numel() for name in trained])
        p = theta | {name: part.view_as(theta[name]) for name, part in zip(trained, parts, strict=True)}
        h = x.double()
        for i in (1, 2):
            h = h @ p[f"linear{i}.weight"].T + p[f"linear{i}.bias"]
            if run.config.norm == "none":
                h = h.relu()
            elif run.config.norm_position == "before":
                h = normalised(h, p, i).relu()
            else:
                h = normalised(h.relu(), p, i)
        return cross_entropy(h @ p["linear3.weight"].T + p["linear3.bias"], y)

    return torch.cat([theta[name].flatten() for name in trained]), loss


@pytest.fixture(params=KINDS, ids=str)
def both(request, small, digits):
    """A measurement, and the loss, gradient, Hessian, weights and images that autograd has for the same network."""
    settings, statistics = request.param
    run = run_of(**settings)
    x, y = images_of(run, digits, 80)
    spec = SharpnessSpec(run.config, statistics, n_images=80, lanczos_steps=40, probes=100, directions=3, radius=0.5)
    vector, loss = by_hand(run, x, y, statistics)
    vector.requires_grad_()
    gradient = torch.autograd.grad(loss(vector), vector)[0]
    whole = hessian(loss, vector.detach(), vectorize=True)
    return measure(spec, digits, [run]), loss(vector).item(), gradient, whole, run, (x, y)


def test_the_top_eigenvalue_is_that_of_the_whole_hessian(both):
    found, loss, gradient, whole, *_ = both
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.gradient_norm == pytest.approx(gradient.norm().item(), rel=1e-4)
    eigenvalues = torch.linalg.eigvalsh(whole)
    assert found.top == pytest.approx(eigenvalues[-1].item(), rel=1e-4)  # products are in float32
    assert (eigenvalues - found.top).abs().min() <= found.residual + 1e-5 * found.top
    assert found.residual < 1e-2 * found.top


def test_the_trace_is_that_of_the_whole_hessian_within_its_standard_error(both):
    found, _, _, whole, *_ = both
    assert abs(found.trace - whole.trace().item()) < 4 * found.trace_error  # seeds are fixed: no chance is taken twice
    off_diagonal = whole - torch.diag(whole.diagonal())
    expected = (2 * (off_diagonal**2).sum() / found.spec.probes).sqrt().item()
    assert found.trace_error == pytest.approx(expected, rel=0.3)  # of 100 samples
    assert found.trace_error == pytest.approx(stats.sem(found.trace_samples))


def test_a_product_is_that_of_the_whole_hessian(both):
    found, _, _, whole, run, (x, y) = both
    product = curved_loss(parameters_of(run), x, y, run.config, found.spec.statistics).product
    v = start(len(whole))
    torch.testing.assert_close(product(v.float()).double(), whole @ v, rtol=1e-3, atol=1e-4 * (whole @ v).norm().item())


def test_the_rise_is_what_the_network_itself_loses_at_the_radius(both):
    found, loss, _, _, run, (x, y) = both
    theta = parameters_of(run)
    for seed, rises in enumerate(found.rises):
        u = filter_normalised_direction(theta, seed, "u")
        for rise, radius in zip(rises, (-0.5, 0.5), strict=True):
            there = brute_force(run.config, theta, u, u, radius, 0, x, y, found.spec.statistics)
            assert rise == pytest.approx(there - loss, abs=1e-4 * there)
    assert found.rise == pytest.approx(np.mean(found.rises))
    assert found.rise_error == pytest.approx(stats.sem([np.mean(pair) for pair in found.rises]))


def test_a_rescaled_network_has_another_hessian_and_the_same_rise(small, digits):
    """Dinh et al. 2017: one layer times 4, the next divided by 4. ReLU lets the factor through: the same function."""
    run = run_of()
    factors = {"linear1.weight": 4, "linear1.bias": 4, "linear2.weight": 0.25}
    other = replace(run, weights={name: w * factors.get(name, 1) for name, w in run.weights.items()})
    spec = SharpnessSpec(run.config, n_images=80, probes=2, directions=3)
    one, two = (measure(spec, digits, [r]) for r in (run, other))
    assert two.loss == pytest.approx(one.loss, rel=1e-5) and np.allclose(one.rises, two.rises, rtol=1e-3)
    assert abs(np.log(two.top / one.top)) > 0.5


# --- the app's own --------------------------------------------------------------------------------------------------


def test_the_loss_is_the_plain_one_on_the_labels_trained_on(trained, digits):
    run = trained(label_smoothing=0.2, l2=1e-2)
    found = measure(SharpnessSpec(run.config, lanczos_steps=1, probes=2, directions=2), digits, [run])
    assert found.spec.n_images == 60
    assert found.loss == pytest.approx(run.last.train_loss, rel=1e-3)  # matrices are kept in float16


def test_it_comes_back_from_its_file(tiny, tmp_path):
    spec = SharpnessSpec(replace(tiny, norm="batch"), "batch", probes=3, directions=2)
    written = Sharpness(spec, 0.1, 0.2, 3.0, 0.01, np.arange(3.0), np.ones((2, 2)))
    measurement.to_file(written, tmp_path / "x.npz")
    read = measurement.from_file("sharpness", tmp_path / "x.npz")
    assert (read.spec, read.top, read.trace, read.rise) == (spec, 3.0, 1.0, 1.0)
    assert SharpnessSpec(tiny, "batch").file_name == SharpnessSpec(tiny).file_name != spec.file_name


@pytest.mark.parametrize(
    "odd", [{"n_images": 0}, {"lanczos_steps": 0}, {"probes": 1}, {"directions": 1}, {"radius": 0}]
)
def test_settings_without_a_meaning_are_refused(tiny, odd):
    with pytest.raises(ValueError, match=f"{[*odd][0]} must be"):
        SharpnessSpec(tiny, **odd)
