"""The images: found, verified, read, and split the way a RunConfig asks for.

Fashion-MNIST (Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747) is read from the IDX files that torchvision keeps. Every
file is checked against its SHA-256 before it is used. What is nowhere yet is fetched by core/engine/fetching.py.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from core.config import DATASETS, RunConfig
from core.download import in_words
from core.folders import cache_folder, given_folder
from core.seeds import seeded


@dataclass(frozen=True)
class IdxFile:
    size: int
    sha256: str


FASHION_FILES: dict[str, IdxFile] = {
    "train-images-idx3-ubyte": IdxFile(47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    "train-labels-idx1-ubyte": IdxFile(60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    "t10k-images-idx3-ubyte": IdxFile(7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    "t10k-labels-idx1-ubyte": IdxFile(10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
}

RAW = Path("FashionMNIST") / "raw"
"""Where torchvision keeps the files below its root folder."""


class DataError(RuntimeError):
    """The images cannot be had: says which file, what is wrong with it, and what to do. Pages show it, so it names no
    path; the log does."""


@dataclass(frozen=True)
class Images:
    """A data set as it lies in its files: `x` (N, side, side) uint8 pixels 0…255, `y` (N,) int64 classes 0…9."""

    name: str
    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


@dataclass(frozen=True)
class Split:
    """What one run learns from and is measured on. `x` (N, pixels) uint8, `y` (N,) int64.

    `train_y` carries the label noise; `train_true_y` does not. `held_out_*` are the validation images, or the test
    images where every training image is trained on.
    """

    train_x: np.ndarray
    train_y: np.ndarray
    train_true_y: np.ndarray
    held_out_x: np.ndarray
    held_out_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


@dataclass(frozen=True)
class DataState:
    """Where the Fashion-MNIST files are, for the page to say. `folder` is None where there are none.

    problems: what is wrong with the folders that were looked into, with their paths, for the log. given: the same of
    the folder in REGLAB_DATA without its path, for a page.
    """

    folder: Path | None
    source: Literal["REGLAB_DATA", "cache", "none"]
    problems: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


def file_problem(path: Path, expected: IdxFile) -> str | None:
    """What is wrong with one file, in words and without its folder; None where it is the published one, bit for bit."""
    try:
        if not path.is_file():
            return f"{path.name} is missing"
        size = path.stat().st_size
        if size != expected.size:
            return f"{path.name} has {size:,} bytes instead of {expected.size:,}: it is truncated or another file"
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        return f"{path.name} cannot be read ({in_words(error)})"
    if digest.hexdigest() != expected.sha256:
        return f"{path.name} is corrupt: its SHA-256 is not the published one"
    return None


def folder_problems(folder: Path, files: dict[str, IdxFile] = FASHION_FILES) -> tuple[str, ...]:
    """The problems of all files in a raw folder, without its path; empty where every one is good."""
    problems = (file_problem(folder / name, expected) for name, expected in files.items())
    return tuple(problem for problem in problems if problem)


def read_idx(path: Path) -> np.ndarray:
    """The array in an IDX file of unsigned bytes, mapped, not copied. Raises DataError where the header is not one.

    The format: two zero bytes, 0x08 for unsigned bytes, the number of dimensions, each dimension as a big-endian int32.
    """
    with path.open("rb") as file:
        magic = file.read(4)
        if len(magic) != 4 or magic[:3] != b"\x00\x00\x08":
            raise DataError(f"{path.name} is not an IDX file of bytes. Delete it; it is fetched again.")
        sizes = file.read(4 * magic[3])
        if len(sizes) != 4 * magic[3]:
            raise DataError(f"{path.name} ends inside its header. Delete it; it is fetched again.")
        shape = tuple(int(n) for n in np.frombuffer(sizes, dtype=">i4"))
    offset = 4 + 4 * magic[3]
    if min(shape, default=0) < 1 or path.stat().st_size != offset + math.prod(shape):
        raise DataError(
            f"{path.name} does not hold the {shape} bytes its header promises. Delete it; it is fetched again."
        )
    return np.memmap(path, dtype=np.uint8, mode="r", offset=offset, shape=shape)


def data_state() -> DataState:
    """Where the Fashion-MNIST files are: the folder in REGLAB_DATA, else the cache folder. Verifies every file (0.1
    s)."""
    given, problems = (), ()
    if named := given_folder("REGLAB_DATA"):
        folder = named / RAW
        given = folder_problems(folder)
        if not given:
            return DataState(folder, "REGLAB_DATA")
        problems = _in(folder, given)
        if folder_problems(folder.parents[1] / "raw") == ():
            given = ("it is one level too deep: set REGLAB_DATA to the folder that holds FashionMNIST",)
    folder = cache_folder() / RAW
    found = folder_problems(folder)
    if not found:
        return DataState(folder, "cache", problems, given)
    if os.path.isdir(folder):  # a cache that was never filled is no problem to report
        problems += _in(folder, found)
    return DataState(None, "none", problems, given)


def _in(folder: Path, problems: Sequence[str]) -> tuple[str, ...]:
    """The problems with the folder that they are in."""
    return tuple(f"{problem}, in {folder}" for problem in problems)


def images_in(folder: Path) -> Images:
    """The images of a folder of verified files, read once per process; nothing is fetched. Raises DataError where they
    cannot be read."""
    try:
        return _fashion_mnist(folder)
    except OSError as error:
        raise DataError(f"The images of Fashion-MNIST cannot be read ({in_words(error)}).") from error


@lru_cache(maxsize=1)
def _fashion_mnist(folder: Path) -> Images:
    """The test images are copied: a page shows some of them, and to read from a mapped file that is cut short
    meanwhile ends the process."""
    train_x, train_y, test_x, test_y = (read_idx(folder / name) for name in FASHION_FILES)
    return Images("fashion-mnist", train_x, train_y.astype(np.int64), np.array(test_x), test_y.astype(np.int64))


@lru_cache(maxsize=1)
def digits() -> Images:
    """scikit-learn's digits (Alpaydin & Kaynak, UCI 1998): 1,797 images of 8×8, shuffled once in a fixed order.

    They lie in the order of their 13 writers (pages of a form), hence the shuffle. Pixels 0…16 become 0…255.
    """

    from sklearn.datasets import load_digits

    bunch = load_digits()
    facts = DATASETS["digits"]
    order = np.random.default_rng(0).permutation(len(bunch.target))
    x = np.rint(bunch.images[order] * (255 / 16)).astype(np.uint8)
    y = bunch.target[order].astype(np.int64)
    n_train = facts.n_pool + facts.n_validation
    return Images("digits", x[:n_train], y[:n_train], x[n_train:], y[n_train:])


def noisy_labels(labels: np.ndarray, share: float, seed: int, n_classes: int = 10) -> np.ndarray:
    """A copy of `labels` (N,) in which round(share·N) are replaced by a wrong class, drawn evenly from the others.

    With one seed the labels that are wrong at a smaller share are wrong, in the same way, at a larger one.
    """
    generator = seeded(seed, "label noise")
    order = generator.permutation(len(labels))
    offsets = generator.integers(1, n_classes, size=len(labels))
    wrong = order[: round(share * len(labels))]
    noisy = labels.copy()
    noisy[wrong] = (labels[wrong] + offsets[wrong]) % n_classes
    return noisy


def split_images(images: Images, config: RunConfig) -> Split:
    """The split of a config. The training subset is drawn by the seed; a smaller one lies inside a larger one."""
    facts = config.facts
    if config.held_out == "test":
        chosen = np.arange(facts.n_all)
        held_out_x, held_out_y = images.test_x, images.test_y
    else:
        order = seeded(config.seed, "split").permutation(facts.n_pool)
        chosen = np.sort(order[: config.n_train])
        held_out_x = images.train_x[facts.n_pool :][: facts.n_validation]
        held_out_y = images.train_y[facts.n_pool :][: facts.n_validation]
    true_y = images.train_y[chosen]
    return Split(
        train_x=_flat(images.train_x[chosen]),
        train_y=noisy_labels(true_y, config.label_noise, config.seed),
        train_true_y=true_y,
        held_out_x=_flat(held_out_x),
        held_out_y=held_out_y,
        test_x=_flat(images.test_x),
        test_y=images.test_y,
    )


def _flat(x: np.ndarray) -> np.ndarray:
    """(N, side, side) to (N, pixels), copied out of the read-only file: torch takes writable arrays only."""
    return np.array(x).reshape(len(x), -1)


def examples_per_class(images: Images, n_per_class: int) -> np.ndarray:
    """The first test images of each class: (classes, n_per_class, side, side) uint8."""
    classes = range(len(DATASETS[images.name].class_names))
    return np.stack([images.test_x[np.flatnonzero(images.test_y == c)[:n_per_class]] for c in classes])
