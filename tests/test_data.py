from __future__ import annotations

import errno
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.datasets.mnist import read_image_file, read_label_file

from core import data
from core.config import DATASETS, DIGITS, RunConfig
from core.data import (
    FASHION_FILES,
    RAW,
    DataError,
    Images,
    data_state,
    examples_per_class,
    folder_problems,
    noisy_labels,
    read_idx,
    split_images,
)
from core.seeds import seeded
from tests.fashion_files import fill, idx_bytes

# --- IDX files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 28, 28), (1, 5, 2), (17,), (1,)], ids=str)
def test_an_idx_file_is_read_as_torchvision_reads_it(tmp_path, shape):
    path = tmp_path / "file"
    path.write_bytes(idx_bytes(np.random.default_rng(1).integers(0, 256, shape)))
    theirs = read_image_file(str(path)) if len(shape) == 3 else read_label_file(str(path))
    assert np.array_equal(read_idx(path), theirs.numpy()) and read_idx(path).shape == shape


GOOD = idx_bytes(np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    "content",
    [b"", GOOD[:3], GOOD[:6], GOOD[:8], GOOD[:-1], GOOD + b"\0", b"\x1f\x8b" + GOOD, GOOD[:2] + b"\x0d" + GOOD[3:]],
    ids=[
        "empty",
        "half a magic",
        "half a size",
        "one size of three",
        "one byte short",
        "one byte long",
        "gzip",
        "floats",
    ],
)
def test_a_file_that_is_no_idx_file_of_bytes_is_named(tmp_path, content):
    (tmp_path / "labels-idx1").write_bytes(content)
    with pytest.raises(DataError, match="labels-idx1"):
        read_idx(tmp_path / "labels-idx1")


@pytest.fixture
def closed(monkeypatch):
    """Files and folders of mode 0 are closed to us, also where the tests run as root."""
    really = Path.open

    def opened(path, *more, **and_more):
        if path.exists() and not path.stat().st_mode & 0o444:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return really(path, *more, **and_more)

    monkeypatch.setattr(Path, "open", opened)


# --- where the files are --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "truncated"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\xff"), "corrupt"),
        (lambda path: path.chmod(0), "cannot be read (Permission denied)"),
        (lambda path: (path.unlink(), path.mkdir()), "is missing"),
        (lambda path: (path.unlink(), path.symlink_to(path)), "is missing"),
    ],
    ids=["missing", "truncated", "corrupt", "unreadable", "folder", "circle"],
)
@pytest.mark.parametrize("name", FASHION_FILES)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, fashion, damage, words, name, closed, monkeypatch):
    folder = fill(tmp_path / "given" / RAW, fashion)
    assert folder_problems(folder) == ()
    damage(folder / name)
    (problem,) = folder_problems(folder)
    assert name in problem and words in problem and str(tmp_path) not in problem
    monkeypatch.setenv("REGLAB_DATA", str(tmp_path / "given"))
    state = data_state()
    assert state.problems == (f"{problem}, in {folder}",) and state.given == (problem,)


def test_the_folder_in_reglab_data_comes_before_the_cache(tmp_path, cache_folder, fashion, monkeypatch):
    fill(cache_folder / RAW, fashion)
    assert data_state() == data.DataState(cache_folder / RAW, "cache")
    monkeypatch.setenv("REGLAB_DATA", str(tmp_path / "given"))
    fill(tmp_path / "given" / RAW, fashion)
    assert data_state() == data.DataState(tmp_path / "given" / RAW, "REGLAB_DATA")


def test_a_corrupt_folder_in_reglab_data_is_reported_and_the_cache_used(tmp_path, cache_folder, fashion, monkeypatch):
    monkeypatch.setenv("REGLAB_DATA", str(tmp_path / "given"))
    name = next(iter(fashion))
    fill(tmp_path / "given" / RAW, fashion | {name: b"nonsense"})
    nowhere = data_state()
    assert (nowhere.folder, nowhere.source) == (None, "none") and name in nowhere.problems[0]
    fill(cache_folder / RAW, fashion)
    state = data_state()
    assert (state.folder, state.source) == (cache_folder / RAW, "cache") and state.problems == nowhere.problems


def test_an_empty_cache_is_no_problem_but_a_half_filled_one_is(cache_folder, fashion):
    assert data_state() == data.DataState(None, "none")
    name, *others = fashion
    fill(cache_folder / RAW, {other: fashion[other] for other in others})
    assert [name in problem for problem in data_state().problems] == [True]


def test_a_reglab_data_folder_that_is_not_there_is_reported(tmp_path, fashion, monkeypatch):
    monkeypatch.setenv("REGLAB_DATA", str(tmp_path / "nowhere"))
    assert len(data_state().problems) == len(FASHION_FILES)


NAMES = (
    "x" * 300,
    "~nosuchuser",
    "~nosuchuser/data",
    "/dev/null",
    "/dev/null/x",
    "/proc/self/mem",
    "\n",
    "*",
    "a/" * 3000,
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:20]))
def test_whatever_reglab_data_names_is_reported_and_the_cache_used(cache_folder, fashion, monkeypatch, name):
    monkeypatch.setenv("REGLAB_DATA", name)
    fill(cache_folder / RAW, fashion)
    state = data_state()
    assert state.source == "cache" and len(state.given) == len(FASHION_FILES)
    assert all(re.match(r"\S+-ubyte (is missing|cannot be read \(File name too long\))$", told) for told in state.given)


def test_a_folder_that_is_closed_to_us_is_reported(cache_folder, fashion, monkeypatch, tmp_path):
    def refused(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setenv("REGLAB_DATA", str(tmp_path))
    monkeypatch.setattr(Path, "is_file", refused)
    state = data_state()
    assert state.source == "none" and all(told.endswith("cannot be read (Permission denied)") for told in state.given)


def test_a_folder_one_level_too_deep_is_told_as_such(fashion, monkeypatch, tmp_path):
    fill(tmp_path / RAW, fashion)
    monkeypatch.setenv("REGLAB_DATA", str(tmp_path / "FashionMNIST"))
    (told,) = data_state().given
    assert "one level too deep" in told
    monkeypatch.setenv("REGLAB_DATA", str(tmp_path))
    assert data_state() == data.DataState(tmp_path / RAW, "REGLAB_DATA")


def test_a_file_that_is_cut_short_after_it_was_verified_ends_no_process(cache_folder, fashion):
    """The test images are what the server itself reads."""
    folder = fill(cache_folder / RAW, fashion)
    images = data.images_in(folder)
    for name in FASHION_FILES:
        (folder / name).write_bytes(b"")
    assert images.test_x.sum() and len(images.train_y) == 6
    data._fashion_mnist.cache_clear()
    with pytest.raises(DataError, match="not an IDX file"):
        data.images_in(folder)


# --- digits ---------------------------------------------------------------------------------------------------------


def test_the_digits_are_scikit_learns_each_once_with_its_own_label(digits):
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    ours_x = np.concatenate([digits.train_x, digits.test_x]).reshape(-1, 64)
    ours_y = np.concatenate([digits.train_y, digits.test_y])

    def rows(x, y):
        return sorted((*row, label) for row, label in zip(x.tolist(), y.tolist(), strict=True))

    assert rows(np.rint(ours_x * (16 / 255)), ours_y) == rows(x, y)
    assert ours_x.min() == 0 and ours_x.max() == 255


def test_the_digits_have_the_sizes_that_the_table_states_and_every_class_in_each_part(digits):
    facts = DATASETS["digits"]
    assert digits.train_x.shape == (facts.n_pool + facts.n_validation, facts.side, facts.side)
    assert digits.test_x.shape == (facts.n_test, facts.side, facts.side)
    for y in (digits.train_y[: facts.n_pool], digits.train_y[facts.n_pool :], digits.test_y):
        assert np.bincount(y, minlength=10).min() > len(y) / 20


def test_examples_are_the_first_test_images_of_each_class(digits):
    examples = examples_per_class(digits, 3)
    assert examples.shape == (10, 3, 8, 8)
    for c in range(10):
        of_class = [x for x, y in zip(digits.test_x, digits.test_y, strict=True) if y == c]
        assert np.array_equal(examples[c], of_class[:3])


# --- label noise and splits -----------------------------------------------------------------------------------------

LABELS = st.lists(st.integers(0, 9), min_size=1, max_size=300).map(np.array)
SHARE = st.floats(0, 0.9)
SEED = st.integers(0, 2**31 - 1)


@given(LABELS, SHARE, SEED)
def test_label_noise_makes_exactly_its_share_wrong_always_with_another_class(labels, share, seed):
    before = labels.copy()
    noisy = noisy_labels(labels, share, seed)
    assert (noisy != labels).sum() == round(share * len(labels))
    assert noisy.min() >= 0 and noisy.max() <= 9 and noisy.dtype == labels.dtype
    assert np.array_equal(labels, before)


@given(LABELS, SHARE, SHARE, SEED)
def test_what_is_wrong_at_a_smaller_share_is_wrong_in_the_same_way_at_a_larger_one(labels, one, other, seed):
    less, more = (noisy_labels(labels, share, seed) for share in sorted((one, other)))
    wrong = less != labels
    assert np.array_equal(less[wrong], more[wrong])


def test_wrong_labels_fall_evenly_on_the_other_classes_and_move_with_the_seed():
    labels = np.full(90_000, 4)
    noisy = noisy_labels(labels, 0.9, seed=1)
    counts = np.bincount(noisy[noisy != 4], minlength=10)
    assert counts[4] == 0 and np.abs(np.delete(counts, 4) - 9_000).max() < 5 * np.sqrt(9_000)  # 5 σ of a count
    again, other = noisy_labels(labels, 0.9, seed=1), noisy_labels(labels, 0.9, seed=2)
    assert np.array_equal(noisy, again) and (noisy != other).any()


@pytest.fixture(scope="module")
def numbered() -> Images:
    """Images in the place of digits whose first two pixels are their number, test images after training images."""
    x = np.zeros((1797, 8, 8), np.uint8)
    x[:, 0, 0], x[:, 0, 1] = np.divmod(np.arange(1797), 256)
    y = np.arange(1797, dtype=np.int64) % 10
    return Images("digits", x[:1397], y[:1397], x[1397:], y[1397:])


def numbers(x: np.ndarray) -> np.ndarray:
    return x[:, 0].astype(int) * 256 + x[:, 1]


@given(st.integers(10, 997), st.integers(10, 997), SEED)
def test_smaller_training_sets_lie_in_larger_ones_apart_from_validation_and_test(numbered, one, other, seed):
    small, large = (split_images(numbered, replace(DIGITS, n_train=n, seed=seed)) for n in sorted((one, other)))
    assert set(numbers(small.train_x)) <= set(numbers(large.train_x)) <= set(range(997))
    assert len(set(numbers(large.train_x))) == max(one, other)
    for split in (small, large):
        assert set(numbers(split.held_out_x)) == set(range(997, 1397)) and len(split.held_out_x) == 400
        assert set(numbers(split.test_x)) == set(range(1397, 1797))


@given(st.from_type(RunConfig).filter(lambda c: c.dataset == "digits"))
def test_only_training_labels_are_noisy_and_every_image_keeps_its_label(numbered, config):
    split = split_images(numbered, config)
    for x, y in (
        (split.train_x, split.train_true_y),
        (split.held_out_x, split.held_out_y),
        (split.test_x, split.test_y),
    ):
        assert np.array_equal(numbers(x) % 10, y)
    assert np.array_equal(split.train_y, noisy_labels(split.train_true_y, config.label_noise, config.seed))


def test_the_split_depends_on_nothing_but_size_and_seed_and_both_matter(numbered):
    def drawn(**settings):
        return numbers(split_images(numbered, replace(DIGITS, **settings)).train_x).tolist()

    same = {"label_noise": 0.5, "norm": "batch", "dropout": 0.5, "batch_size": 8, "lr": 1e-2, "epochs": 1, "l1": 1e-3}
    same["optimizer"] = "sgd"
    assert all(drawn(**{name: value}) == drawn() for name, value in same.items())
    assert drawn(seed=1) != drawn() != drawn(n_train=301)


def test_all_training_images_are_trained_on_where_the_test_images_are_held_out():
    train_x, test_x = (np.arange(n, dtype=np.uint16).reshape(-1, 1, 1) for n in (60_000, 10_000))
    images = Images("fashion-mnist", train_x, train_x[:, 0, 0] % 10, test_x, test_x[:, 0, 0] % 10)
    split = split_images(images, RunConfig())
    assert np.array_equal(split.train_x[:, 0], np.arange(60_000))
    assert np.array_equal(split.held_out_x, split.test_x) and np.array_equal(split.held_out_y, split.test_y)
    smaller = split_images(images, RunConfig(n_train=50_000))
    assert np.array_equal(smaller.train_x[:, 0], np.arange(50_000))
    assert np.array_equal(smaller.held_out_x[:, 0], np.arange(50_000, 60_000))


def test_a_split_can_be_written_to_and_leaves_the_images_alone(digits):
    split = split_images(digits, DIGITS)
    before = digits.test_x.copy()
    for x in (split.train_x, split.held_out_x, split.test_x):
        torch.from_numpy(x).zero_()
    assert np.array_equal(digits.test_x, before) and digits.train_x.any()


def test_the_random_numbers_of_one_purpose_are_no_others():
    draws = [seeded(*of).random() for of in ((0, "a"), (0, "b"), (0, "ab"), (0, "ba"), (1, "a"))]
    assert len(set(draws)) == len(draws) and seeded(0, "a").random() == draws[0]
