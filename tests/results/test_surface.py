from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.config import DIGITS, FULL
from core.results import measurement, store, surface
from core.results.surface import Surface, SurfaceSpec, notebook_spec, share_curving_down, slice_at

BATCH = replace(DIGITS, norm="batch")


def surface_of(function, radius: float = 1.0, resolution: int = 21) -> Surface:
    """The surface with loss[i, j] = function(α_i, β_j)."""
    spec = SurfaceSpec(DIGITS, radius=radius, resolution=resolution)
    a, b = np.meshgrid(spec.coordinates, spec.coordinates, indexing="ij")
    return Surface(spec, function(a, b), 0.01, (2.0, 3.0), 4.0, 0.05, 6.0, {"torch": "2"})


# --- specs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"radius": 0},
        {"radius": -1},
        {"radius": 11},
        {"radius": float("nan")},
        {"resolution": 40},
        {"resolution": 1},
        {"resolution": 203},
        {"method": "notebook", "resolution": 202},
        {"method": "notebook", "resolution": 2},
    ],
    ids=str,
)
def test_a_surface_that_cannot_be_computed_is_refused_by_name_and_value(settings):
    with pytest.raises(ValueError, match=r"^(radius|resolution) must .*not -?[\dn]"):
        SurfaceSpec(DIGITS, **settings)


@pytest.mark.parametrize("radius", surface.RADII)
@pytest.mark.parametrize("resolution", [21, 41, 51, 101])
def test_the_trained_point_is_exactly_on_the_grids_that_the_app_offers(radius, resolution):
    assert SurfaceSpec(DIGITS, radius=radius, resolution=resolution).coordinates[resolution // 2] == 0.0


@given(st.floats(0.01, 10), st.integers(1, 100))
def test_coordinates_run_from_minus_to_plus_radius_with_the_trained_point_in_the_middle(radius, half):
    at = SurfaceSpec(DIGITS, radius=radius, resolution=2 * half + 1).coordinates
    assert (at[0], at[-1], len(at)) == (-radius, radius, 2 * half + 1) and abs(at[half]) < 1e-15 * radius
    assert np.diff(at) == pytest.approx(np.full(2 * half, radius / half))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"radius": 1}, {"radius": 1.0}),
        ({"n_images": 300}, {"n_images": 5000}),
        ({"statistics": "running"}, {"statistics": "batch"}),
    ],
    ids=str,
)
def test_specs_of_the_same_surface_are_one(one, other):
    one, other = SurfaceSpec(DIGITS, **one), SurfaceSpec(DIGITS, **other)
    assert one == other and one.file_name == other.file_name


def test_every_part_of_a_spec_is_part_of_its_digest():
    base = SurfaceSpec(BATCH, n_images=100)
    changes = [
        {"run": replace(BATCH, seed=1)},
        {"radius": 2.0},
        {"resolution": 21},
        {"n_images": 200},
        {"statistics": "batch"},
        {"direction_seed": 1},
        {"method": "notebook"},
    ]
    assert {name for change in changes for name in change} == {field.name for field in fields(base)}
    assert len({base.file_name, *(replace(base, **change).file_name for change in changes)}) == len(changes) + 1


def test_the_notebooks_picture_is_an_even_grid_of_40_without_the_trained_point():
    spec = notebook_spec(FULL)
    assert (spec.method, spec.resolution, spec.n_images, spec.radius) == ("notebook", 40, 128, 1.0)
    loss = np.ones((40, 40))
    assert Surface(spec, loss, 0, (1, 1), 1, 0, 0).centre is None and 0.0 not in spec.coordinates


def test_a_spec_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        SurfaceSpec(DIGITS).radius = 2.0


# --- what is read from a surface ------------------------------------------------------------------------------------


def test_centre_and_range_are_the_loss_at_the_trained_point_and_its_extremes():
    bowl = surface_of(lambda a, b: 0.5 + a**2 + 2 * b**2)
    assert bowl.centre == 0.5 and bowl.range == (0.5, 3.5)


def test_worse_than_chance_is_the_share_of_points_above_ln_10():
    flat = surface_of(lambda a, b: np.where(a > 0, 2.31, 2.30) + 0 * b)
    assert flat.worse_than_chance == pytest.approx(10 / 21)


@given(st.floats(-1.5, 1.5))
def test_a_slice_is_the_curve_at_the_nearest_grid_value_of_the_other_coordinate(value):
    tilted = surface_of(lambda a, b: a + 10 * b)
    nearest = min(tilted.coordinates, key=lambda c: abs(c - value))
    at, along_a = slice_at(tilted, "α", value)
    assert abs(at - value) == pytest.approx(abs(nearest - value))  # halfway between two either will do
    np.testing.assert_allclose(along_a, tilted.coordinates + 10 * at)
    at, along_b = slice_at(tilted, "β", value)
    np.testing.assert_allclose(along_b, at + 10 * tilted.coordinates)


@pytest.mark.parametrize(
    ("function", "share"),
    [
        (lambda a, b: a**2 + 3 * b**2, 0),
        (lambda a, b: a**2 - b**2, 1),
        (lambda a, b: a * b, 1),
        (lambda a, b: -(a**2) - b**2, 1),
        (lambda a, b: (a + b) ** 2, 0),
        (lambda a, b: a**2 + 0 * b, 0),
        (lambda a, b: a**4 - 0.24 * a**2 + b**2, 3 / 19),  # 12a² + 2h² < 0.48 at −0.1, 0 and 0.1
    ],
    ids=["bowl", "saddle", "turned saddle", "hill", "turned valley", "valley", "two wells"],
)
def test_the_share_that_curves_down_is_known_for_known_surfaces(function, share):
    assert share_curving_down(surface_of(function)) == pytest.approx(share)


@given(*[st.floats(-2, 2)] * 3, st.floats(0.25, 2))
def test_a_quadratic_curves_down_where_its_hessian_has_a_negative_eigenvalue(p, q, r, radius):
    low, high = np.linalg.eigvalsh([[2 * p, r], [r, 2 * q]])
    assume(abs(low) > 0.01 and abs(high) > 0.01)  # else too near to call, after differences of rounded numbers
    found = share_curving_down(surface_of(lambda a, b: p * a**2 + q * b**2 + r * a * b + a - b + 7, radius=radius))
    assert found == (low < 0)


# --- files ----------------------------------------------------------------------------------------------------------


@given(st.floats(0.1, 10), st.integers(1, 10), st.sampled_from(["running", "batch"]), st.integers(0, 2**32))
def test_a_surface_comes_back_from_its_file_as_it_was(tmp_path_factory, radius, half, statistics, seed):
    path = tmp_path_factory.mktemp("surface") / "surface.npz"
    spec = SurfaceSpec(BATCH, radius=radius, resolution=2 * half + 1, statistics=statistics, direction_seed=seed)
    loss = np.random.default_rng(seed).random((spec.resolution, spec.resolution), np.float32)
    written = Surface(spec, loss, 0.01, (2.0, 3.5), 4.0, 0.05, 6.0, {"torch": "2"})
    measurement.to_file(written, path)
    read = measurement.from_file("surface", path)
    assert read.loss.dtype == np.float32 and np.array_equal(read.loss, loss)
    assert replace(read, loss=None) == replace(written, loss=None)


@pytest.mark.parametrize(
    "loss", [np.zeros((21, 20)), np.full((21, 21), np.nan), np.zeros(3)], ids=["shape", "nan", "line"]
)
def test_a_surface_of_another_shape_or_not_finite_is_refused(tmp_path, loss):
    good = surface_of(lambda a, b: a + b)
    with pytest.raises(ValueError, match="shapes|finite"):
        measurement.to_file(replace(good, loss=loss), tmp_path / "odd.npz")
    measurement.to_file(good, tmp_path / "good.npz")
    meta, arrays = store.read_npz(tmp_path / "good.npz")
    assert np.array_equal(measurement.from_file("surface", tmp_path / "good.npz").loss, arrays["loss"])
    store.write_npz(tmp_path / "odd.npz", meta, {"loss": loss})
    with pytest.raises(store.StoreError, match="odd.npz"):
        measurement.from_file("surface", tmp_path / "odd.npz")


def test_a_saved_surface_is_found_again_and_another_spec_has_none(precomputed):
    bowl = surface_of(lambda a, b: a**2 + b**2)
    assert measurement.load(bowl.spec) is None
    measurement.save(bowl)
    assert measurement.load(bowl.spec).spec == bowl.spec
    assert measurement.load(replace(bowl.spec, direction_seed=1)) is None


def test_a_surface_under_anothers_name_is_set_aside(precomputed):
    bowl = surface_of(lambda a, b: a**2 + b**2)
    other = replace(bowl.spec, direction_seed=1)
    path = measurement.save(bowl).rename(store.runs_folder() / other.file_name)
    assert measurement.load(other) is None and not path.exists()


@pytest.mark.parametrize(
    "change",
    [{"cosine": None}, {"cosine": "near 0"}, {"direction_norms": [1.0]}, {"direction_norms": 2.0}, {"versions": []}],
    ids=str,
)
def test_a_surface_whose_numbers_are_something_else_is_refused(tmp_path, change):
    measurement.to_file(surface_of(lambda a, b: a + b), tmp_path / "odd.npz")
    meta, arrays = store.read_npz(tmp_path / "odd.npz")
    store.write_npz(tmp_path / "odd.npz", {**meta, **change}, arrays)
    with pytest.raises(store.StoreError, match="odd.npz"):
        measurement.from_file("surface", tmp_path / "odd.npz")
    for name in change:
        meta.pop(name)
    store.write_npz(tmp_path / "odd.npz", meta, arrays)
    with pytest.raises(store.StoreError, match=name):
        measurement.from_file("surface", tmp_path / "odd.npz")
