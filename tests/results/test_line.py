"""The line between two networks: its barrier, its file and what passes for one."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import DIGITS, FULL
from core.results import measurement, store
from core.results.line import Line, LineSpec

BATCH = replace(DIGITS, norm="batch")


def test_the_chord_is_subtracted_from_a_line_and_the_barrier_is_what_stands_above():
    def line(losses):
        return Line(LineSpec(DIGITS, BATCH, points=len(losses)), np.array(losses))

    assert line([1.0, 4.0, 3.0]).barrier == pytest.approx(2.0)
    assert line([1.0, 1.5, 2.0]).barrier == pytest.approx(0.0)
    assert line([3.0, 0.0, 0.0, 0.0]).barrier == pytest.approx(0.0)
    assert line([0.0, 0.0, 3.0, 0.0, 4.0]).barrier == pytest.approx(1.0)  # 3 − 2 at t = ½


def test_a_line_comes_back_from_its_file(tmp_path):
    written = Line(LineSpec(DIGITS, BATCH, points=5, n_images=64), np.array([1, 2, 3, 2, 0.5], np.float32))
    measurement.to_file(written, tmp_path / "line.npz")
    read = measurement.from_file("line", tmp_path / "line.npz")
    assert read.spec == written.spec and np.array_equal(read.loss, written.loss)


def test_two_lines_have_one_file_only_if_they_are_one():
    base = LineSpec(DIGITS, BATCH)
    others = [LineSpec(BATCH, DIGITS), replace(base, points=5), replace(base, n_images=64), replace(base, end=FULL)]
    assert len({base.file_name, *(other.file_name for other in others)}) == 5
    assert base.file_name == LineSpec(replace(BATCH, norm="none"), replace(DIGITS, norm="batch")).file_name


@pytest.mark.parametrize("kind", ["surface", "line"])
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
def test_a_file_without_the_right_numbers_is_named(tmp_path, kind, meta):
    store.write_npz(tmp_path / "odd.npz", {"kind": kind, **meta}, {"loss": np.zeros(3)})
    with pytest.raises(store.StoreError, match="odd.npz"):
        measurement.from_file(kind, tmp_path / "odd.npz")


def test_a_line_is_found_by_its_two_runs(precomputed):
    line = Line(LineSpec(DIGITS, BATCH, points=3), np.array([1.0, 2.0, 1.0], np.float32))
    assert measurement.load(line.spec) is None
    measurement.save(line)
    assert measurement.load(line.spec).loss.tolist() == [1.0, 2.0, 1.0]
    assert measurement.load(LineSpec(BATCH, DIGITS, points=3)) is None
