"""Where files lie, and how one is written so that nobody ever reads half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

PRECOMPUTED = Path(__file__).resolve().parent.parent / "precomputed"
"""Runs and surfaces that come with the app."""


def cache_folder() -> Path:
    """The folder for what this machine computes and downloads: REGLAB_CACHE, else the user's cache folder."""
    return given_folder("REGLAB_CACHE") or user_cache_path("reglab", appauthor=False)


GIVEN = ("REGLAB_DATA", "REGLAB_CACHE")
"""Variables of the environment that name folders."""


def given_folder(variable: str) -> Path | None:
    """The folder that a variable of the environment names, from the root on; None where it names none."""
    given = os.environ.get(variable)
    if not given:
        return None
    try:
        return Path(given).expanduser().absolute()
    except RuntimeError:  # ~nobody-of-that-name
        return Path(given).absolute()


def given_folders() -> dict[str, str]:
    """The same of all such variables, for the environment of a process that starts in another folder than this one."""
    return {name: str(folder) for name in GIVEN if (folder := given_folder(name))}


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and is removed when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)  # mkstemp's 0600 would hide a shared cache from other users
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
