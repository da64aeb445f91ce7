"""The images of a data set for who computes: Fashion-MNIST is downloaded where it is nowhere yet.

Addresses, checksums and unpacking are torchvision's, which is imported only to fetch.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from core.data import (
    FASHION_FILES,
    RAW,
    DataError,
    Images,
    data_state,
    digits,
    file_problem,
    folder_problems,
    images_in,
)
from core.download import DownloadError, Progress, download, in_words
from core.folders import cache_folder, replace_atomically

log = logging.getLogger(__name__)

LARGEST_FILE = 64_000_000
"""Bytes of an archive that are downloaded at most; the largest one has 26 million."""


def load_images(dataset: str, progress: Progress | None = None) -> Images:
    """The images of a data set by name, read once per process. Raises DataError where they cannot be had."""
    return digits() if dataset == "digits" else images_in(find_or_fetch(progress))


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
