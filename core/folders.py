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
    given = os.environ.get("REGLAB_CACHE")
    if not given:
        return user_cache_path("reglab", appauthor=False)
    try:
        return Path(given).expanduser()
    except RuntimeError:  # ~nobody-of-that-name
        return Path(given)


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
