"""The images: found, verified, downloaded where needed, and split the way a RunConfig asks for.

Fashion-MNIST (Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747) is read from the IDX files that torchvision keeps. Every
file is checked against its SHA-256 before it is used. Nothing here needs torch; torchvision is imported only to fetch.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from core.config import DATASETS, RunConfig
from core.download import DownloadError, Progress, download, in_words
from core.folders import cache_folder, given_folder, replace_atomically
from core.seeds import seeded

log = logging.getLogger(__name__)


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

LARGEST_FILE = 64_000_000
"""Bytes of an archive that are downloaded at most; the largest one has 26 million."""

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


def find_or_fetch(progress: Progress | None = None) -> Path:
    """The folder of the verified Fashion-MNIST files, downloaded into the cache folder where they are nowhere yet.

    Raises DataError where they cannot be had.
    """
    state = data_state()
    for problem in state.problems:
        log.warning("%s", problem)
    if state.folder:
        return state.folder
    folder = cache_folder() / RAW
    fetch_fashion_mnist(folder, progress)
    remaining = folder_problems(folder)
    if remaining:
        raise DataError("The downloaded files are not the published ones: " + "; ".join(remaining))
    return folder


def fetch_fashion_mnist(folder: Path, progress: Progress | None = None) -> None:
    """Download, check and unpack the files that are not good yet, from torchvision's mirrors with its checksums."""
    from torchvision.datasets import FashionMNIST

    resources = [
        (name, md5)
        for name, md5 in FashionMNIST.resources
        if file_problem(folder / name.removesuffix(".gz"), FASHION_FILES[name.removesuffix(".gz")])
    ]
    fetch(resources, FashionMNIST.mirrors, folder, progress)


def fetch(
    resources: Sequence[tuple[str, str]],
    mirrors: Sequence[str],
    folder: Path,
    progress: Progress | None = None,
    *,
    attempts: int = 2,
    timeout: float = 20.0,
    time_limit: float = 600.0,
    patience: float = 1200.0,
) -> None:
    """Download each (name.gz, md5) into `folder` and unpack it.

    timeout: seconds without an answer; time_limit: seconds for one file; patience: seconds in all, after which nothing
    is tried again. Each mirror is tried `attempts` times, with a pause between. Raises DataError, naming the file and
    the last cause, where none gives the file with its checksum, and where it cannot be written.
    """
    until = time.monotonic() + patience
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, md5 in resources:
            with replace_atomically(folder / name) as partial:
                _download_from_any(
                    [mirror + name for mirror in mirrors] * attempts,
                    partial,
                    lambda url, to, md5=md5: download(
                        url, to, md5, progress, timeout=timeout, time_limit=time_limit, largest=LARGEST_FILE
                    ),
                    until,
                    progress,
                )
            _unpack(folder, name)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"Fashion-MNIST cannot be put into the cache folder ({in_words(error)}). Make room there, or set "
            "REGLAB_CACHE to a folder that can be written to."
        ) from error


def _download_from_any(
    urls: Sequence[str], to: Path, one: Callable[[str, Path], None], until: float, progress: Progress | None
) -> None:
    """The first address that gives its file, with a pause after each that does not. Raises DataError after the last
    one, or once the clock stands at `until`; and what `progress` raises, which is asked before each new try."""
    for i, url in enumerate(urls):
        try:
            return one(url, to)
        except DownloadError as error:
            cause = str(error)
        if time.monotonic() > until:
            break
        if i + 1 < len(urls):
            time.sleep(min(2.0, 0.5 * (i + 1)))
            if progress:
                progress(0, 0)
    raise DataError(
        f"{url.rpartition('/')[2]} could not be downloaded ({cause}). Check the network connection, or put the four "
        f"files of Fashion-MNIST into a folder {RAW} and set REGLAB_DATA to the folder above it."
    )


def _unpack(folder: Path, name: str) -> None:
    """The file in an archive of the folder, in the archive's place."""
    from torchvision.datasets.utils import extract_archive

    with replace_atomically(folder / name.removesuffix(".gz")) as unpacked:
        # extract_archive names its target after the archive; the folder of our own keeps a half-written one apart
        extracted = Path(extract_archive(str(folder / name), str(_emptied(folder / "unpacking"))))
        extracted.replace(unpacked)
    (folder / "unpacking").rmdir()
    (folder / name).unlink()


def _emptied(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for leftover in folder.iterdir():
        leftover.unlink()
    return folder


def load_images(dataset: str, progress: Progress | None = None) -> Images:
    """The images of a data set by name, read once per process. Raises DataError where they cannot be had."""
    return _digits() if dataset == "digits" else images_in(find_or_fetch(progress))


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
def _digits() -> Images:
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
