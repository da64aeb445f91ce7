from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.config import DIGITS, FULL
from core.results import store, surface
from core.results.surface import (
    Line,
    LineSpec,
    Surface,
    SurfaceSpec,
    line_from_file,
    line_to_file,
    load_line,
    load_surface,
    notebook_spec,
    save_surface,
    share_curving_down,
    slice_at,
    surface_from_file,
    surface_to_file,
)

BATCH = replace(DIGITS, norm="batch")


def surface_of(function, radius: float = 1.0, resolution: int = 21) -> Surface:
    """The surface with loss[i, j] = function(α_i, β_j)."""
    spec = SurfaceSpec(DIGITS, radius=radius, resolution=resolution)
    a, b = np.meshgrid(spec.coordinates, spec.coordinates, indexing="ij")
    return Surface(spec, function(a, b), 0.01, (2.0, 3.0), 4.0, 0.05, 6.0, {"torch": "2"})


# --- specs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{"radius": 0}, {"radius": -1}, {"radius": 11}, {"radius": float("nan")}, {"resolution": 40}, {"resolution": 1},
     {"resolution": 203}, {"method": "notebook", "resolution": 202}, {"method": "notebook", "resolution": 2}],
    ids=str,
)  # fmt: skip
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
    changes = [{"run": replace(BATCH, seed=1)}, {"radius": 2.0}, {"resolution": 21}, {"n_images": 200},
               {"statistics": "batch"}, {"direction_seed": 1}, {"method": "notebook"}]  # fmt: skip
    assert {name for change in changes for name in change} == set(base.__dataclass_fields__)
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


def test_the_chord_is_subtracted_from_a_line_and_the_barrier_is_what_stands_above():
    def line(losses):
        return Line(LineSpec(DIGITS, BATCH, points=len(losses)), np.array(losses))

    assert line([1.0, 4.0, 3.0]).barrier == pytest.approx(2.0)
    assert line([1.0, 1.5, 2.0]).barrier == pytest.approx(0.0)
    assert line([3.0, 0.0, 0.0, 0.0]).barrier == pytest.approx(0.0)
    assert line([0.0, 0.0, 3.0, 0.0, 4.0]).barrier == pytest.approx(1.0)  # 3 − 2 at t = ½


# --- files ----------------------------------------------------------------------------------------------------------


@given(st.floats(0.1, 10), st.integers(1, 10), st.sampled_from(["running", "batch"]), st.integers(0, 2**32))
def test_a_surface_comes_back_from_its_file_in_float32(tmp_path_factory, radius, half, statistics, seed):
    path = tmp_path_factory.mktemp("surface") / "surface.npz"
    spec = SurfaceSpec(BATCH, radius=radius, resolution=2 * half + 1, statistics=statistics, direction_seed=seed)
    loss = np.random.default_rng(seed).random((spec.resolution, spec.resolution))
    written = Surface(spec, loss, 0.01, (2.0, 3.5), 4.0, 0.05, 6.0, {"torch": "2"})
    surface_to_file(written, path)
    read = surface_from_file(path)
    assert np.array_equal(read.loss, loss.astype(np.float32))
    assert replace(read, loss=None) == replace(written, loss=None)


def test_a_line_comes_back_from_its_file(tmp_path):
    written = Line(LineSpec(DIGITS, BATCH, points=5, n_images=64), np.array([1, 2, 3, 2, 0.5], np.float32))
    line_to_file(written, tmp_path / "line.npz")
    read = line_from_file(tmp_path / "line.npz")
    assert read.spec == written.spec and np.array_equal(read.loss, written.loss)


def test_two_lines_have_one_file_only_if_they_are_one():
    base = LineSpec(DIGITS, BATCH)
    others = [LineSpec(BATCH, DIGITS), replace(base, points=5), replace(base, n_images=64), replace(base, end=FULL)]
    assert len({base.file_name, *(other.file_name for other in others)}) == 5
    assert base.file_name == LineSpec(replace(BATCH, norm="none"), replace(DIGITS, norm="batch")).file_name


@pytest.mark.parametrize("read", [surface_from_file, line_from_file])
@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"spec": None},
        {"spec": []},
        {"spec": {"run": {}}},
        {"spec": {"run": {"lr": "fast"}}},
        {"spec": {"points": 3}},
    ],
    ids=str,
)
def test_a_file_without_the_right_numbers_is_named(tmp_path, read, meta):
    store.write_npz(tmp_path / "odd.npz", meta, {"loss": np.zeros(3)})
    with pytest.raises(store.StoreError, match="odd.npz"):
        read(tmp_path / "odd.npz")


@pytest.mark.parametrize(
    "loss", [np.zeros((21, 20)), np.full((21, 21), np.nan), np.zeros(3)], ids=["shape", "nan", "line"]
)
def test_a_surface_of_another_shape_or_not_finite_is_refused(tmp_path, loss):
    surface_to_file(replace(surface_of(lambda a, b: a + b), loss=loss), tmp_path / "odd.npz")
    with pytest.raises(store.StoreError, match="odd.npz"):
        surface_from_file(tmp_path / "odd.npz")


def test_a_saved_surface_is_found_again_and_another_spec_has_none(precomputed):
    bowl = surface_of(lambda a, b: a**2 + b**2)
    assert load_surface(bowl.spec) is None
    save_surface(bowl)
    assert load_surface(bowl.spec).spec == bowl.spec
    assert load_surface(replace(bowl.spec, direction_seed=1)) is None


def test_a_surface_under_anothers_name_is_set_aside(precomputed):
    bowl = surface_of(lambda a, b: a**2 + b**2)
    other = replace(bowl.spec, direction_seed=1)
    path = save_surface(bowl).rename(store.runs_folder() / other.file_name)
    assert load_surface(other) is None and not path.exists()


def test_a_line_is_found_by_its_two_runs(precomputed):
    line = Line(LineSpec(DIGITS, BATCH, points=3), np.array([1.0, 2.0, 1.0], np.float32))
    assert load_line(line.spec) is None
    store.save(line.spec.file_name, lambda path: surface.line_to_file(line, path))
    assert (
        load_line(line.spec).loss.tolist() == [1.0, 2.0, 1.0] and load_line(LineSpec(BATCH, DIGITS, points=3)) is None
    )
