"""Runs and surfaces on disk, named by digest: what comes with the app first, then this machine's cache folder, then the
store that several machines share, if there is one.

A file is an npz without pickled objects: one JSON text (config, numbers, versions) and plain arrays. Reading one cannot
run code. A file that cannot be used is set aside, reported in the log, and computed again by whoever asks.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import logging
import math
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from core.config import RunConfig
from core.folders import PRECOMPUTED, cache_folder, replace_atomically
from core.results.run import RECORD_FIELDS, Diverged, EpochRecord, Evaluation, Outcome, Run
from core.results.shared import SharedStore, shared_store

log = logging.getLogger(__name__)

SCHEMA = 1
"""Raised whenever the meaning of a stored number changes; files of another number are computed again."""

MAX_BYTES = 64 * 2**20
"""No file of ours unpacks to more; a larger one is refused unread."""

CACHE_BYTES = 400 * 2**20
"""The cache folder's bound; the files that were read longest ago go first."""

T = TypeVar("T")


class StoreError(ValueError):
    """A stored file that cannot be used: says which and why."""


def file_name(kind: str, told: object) -> str:
    """The name of the file that holds a result of this kind: 16 hexadecimal digits of what fixes it, as JSON."""
    text = json.dumps(told, sort_keys=True)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"


# --- one file -------------------------------------------------------------------------------------------------------


def write_npz(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write `meta` (JSON values) and `arrays` (no objects) to `path`, atomically and compressed."""
    text = json.dumps({"schema": SCHEMA, **meta}, allow_nan=False, sort_keys=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, meta=np.frombuffer(text.encode(), np.uint8), **arrays)
    with replace_atomically(path) as partial:
        partial.write_bytes(buffer.getvalue())


def read_npz(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What `write_npz` wrote. Raises StoreError where the file is damaged, too large or of another schema."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MAX_BYTES:
            raise StoreError(f"{path.name} would unpack to {unpacked:,} bytes")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays.pop("meta").tobytes())
        found = meta["schema"]
    except StoreError:
        raise
    except Exception as error:  # zipfile, zlib, numpy and json raise a dozen kinds for a damaged file
        raise StoreError(f"{path.name} is damaged ({type(error).__name__}: {error})") from error
    if found != SCHEMA:
        raise StoreError(f"{path.name} has schema {found!r}, this code reads {SCHEMA}")
    return meta, arrays


# --- runs -----------------------------------------------------------------------------------------------------------


def run_to_file(run: Run, path: Path) -> None:
    """Write one run. NaN, which JSON lacks, only occurs in the records, which are stored as an array."""
    weights = {f"weights/{name}": w for name, w in (run.weights or {}).items()}
    meta = {
        "kind": "run",
        "config": run.config.to_dict(),
        "record_fields": RECORD_FIELDS,
        "test_last": dataclasses.asdict(run.test_last),
        "test_best": dataclasses.asdict(run.test_best),
        "seconds": run.seconds,
        "device": run.device,
        "threads": run.threads,
        "versions": dict(run.versions),
        "date": run.date,
        "has_weights": run.weights is not None,
    }
    write_npz(path, meta, {"records": _rows(run.records), **weights})


def outcome_to_file(outcome: Outcome, path: Path) -> None:
    """Write a run, or where and how a training diverged."""
    if isinstance(outcome, Run):
        return run_to_file(outcome, path)
    meta = {
        "kind": "diverged",
        "config": outcome.config.to_dict(),
        "record_fields": RECORD_FIELDS,
        "step": outcome.step,
        "message": outcome.message,
    }
    return write_npz(path, meta, {"records": _rows(outcome.records)})


def _rows(records: tuple[EpochRecord, ...]) -> np.ndarray:
    return np.array([[getattr(r, name) for name in RECORD_FIELDS] for r in records]).reshape(-1, len(RECORD_FIELDS))


def _records(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray], path: Path) -> tuple[EpochRecord, ...]:
    columns, rows = tuple(meta["record_fields"]), arrays["records"]
    if columns != RECORD_FIELDS or rows.shape[1:] != (len(columns),):
        raise StoreError(f"{path.name} does not hold today's numbers")
    return tuple(
        EpochRecord(**{**dict(zip(columns, map(float, row), strict=True)), "epoch": int(row[0])}) for row in rows
    )


def outcome_from_file(path: Path) -> Outcome:
    """Read a run, or a training that diverged. Raises StoreError where the file is neither."""
    meta, arrays = read_npz(path)
    if meta.get("kind") != "diverged":
        return _run(meta, arrays, path)
    try:
        records, message = _records(meta, arrays, path), meta["message"]
        config, step = RunConfig(**meta["config"]), int(meta["step"])
        if not isinstance(message, str) or len(records) >= config.epochs or not 1 <= step <= config.steps:
            raise StoreError(f"{path.name} does not hold a training that diverged")
        return Diverged(config, step, records, message)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path.name} does not hold a training that diverged ({error})") from error


def run_from_file(path: Path) -> Run:
    """Read one run. Raises StoreError where the file is no run that this code wrote."""
    return _run(*read_npz(path), path)


def _run(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray], path: Path) -> Run:
    try:
        if meta["kind"] != "run":
            raise StoreError(f"{path.name} does not hold a run")
        config, records = RunConfig(**meta["config"]), _records(meta, arrays, path)
        if len(records) != config.epochs:
            raise StoreError(f"{path.name} holds {len(records)} records")
        weights = {name.removeprefix("weights/"): w for name, w in arrays.items() if name != "records"}
        if meta["has_weights"]:
            _check_weights(weights, config, path)
        return Run(
            config=config,
            records=records,
            test_last=Evaluation(**meta["test_last"]),
            test_best=Evaluation(**meta["test_best"]),
            weights=weights if meta["has_weights"] else None,
            seconds=float(meta["seconds"]),
            device=meta["device"],
            threads=int(meta["threads"]),
            versions=meta["versions"],
            date=meta["date"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path.name} does not hold a run ({error})") from error


def _check_weights(weights: Mapping[str, np.ndarray], config: RunConfig, path: Path) -> None:
    """The matrices must be those of the config's network, and every number finite."""
    sizes = (config.facts.n_inputs, *config.facts.widths, len(config.facts.class_names))
    for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
        w = weights.get(f"linear{i}.weight")
        if w is None or w.shape != (n_out, n_in):
            raise StoreError(f"{path.name} has no weight matrix linear{i} of shape {(n_out, n_in)}")
    if not all(np.isfinite(w).all() for w in weights.values()):
        raise StoreError(f"{path.name} holds weights that are not finite")


# --- by digest ------------------------------------------------------------------------------------------------------


def runs_folder() -> Path:
    return cache_folder() / "results"


def places(name: str) -> tuple[Path, Path]:
    """Where a file called `name` may be, in the order in which to look: with the app, then in the cache folder."""
    return PRECOMPUTED / name, runs_folder() / name


def is_precomputed(config: RunConfig) -> bool:
    """Whether a run comes with the app. Looks at the file's name only."""
    return (PRECOMPUTED / run_name(config)).is_file()


def run_name(config: RunConfig) -> str:
    return f"run-{config.digest}.npz"


def load_outcome(config: RunConfig, *, now: bool = False) -> Outcome | None:
    """What a config's training came to, None where nothing is stored that can be used. now: as `load` means it."""
    return load(run_name(config), outcome_from_file, lambda outcome: outcome.config == config, now=now)


def load_run(config: RunConfig) -> Run | None:
    """The stored run of a config, None where there is none that can be used, or where its training diverged."""
    outcome = load_outcome(config)
    return outcome if isinstance(outcome, Run) else None


def load_with_weights(config: RunConfig) -> Outcome | None:
    """A config's run with its weights, or how it diverged; None where no usable file holds either. A run may be shipped
    without its weights and lie in the cache folder, or in the shared store, with them."""
    name = run_name(config)
    for path in places(name):
        outcome = _load_from((path,), outcome_from_file, lambda outcome: outcome.config == config)
        if _is_whole(outcome):
            return outcome
    outcome = _load_shared(name, outcome_from_file, lambda outcome: outcome.config == config, now=True)
    return outcome if _is_whole(outcome) else None


def _is_whole(outcome: Outcome | None) -> bool:
    return isinstance(outcome, Diverged) or (outcome is not None and outcome.weights is not None)


def save_run(outcome: Outcome) -> Path:
    """Put a run (or a divergence) into the cache folder, under its digest, and keep the folder within its bound."""
    return save(run_name(outcome.config), lambda path: outcome_to_file(outcome, path))


def load(name: str, read: Callable[[Path], T], is_right: Callable[[T], bool], *, now: bool = False) -> T | None:
    """What `read` makes of the file called `name`, None where no usable file has the name.

    A cached file that raises StoreError, or is not what its name says, is set aside. One that comes with the app is
    only passed over: the installation is not ours to change. now: ask the shared store itself, as before a long
    computing; otherwise its list of some seconds ago is enough (core/results/shared.py).
    """
    return _load_from(places(name), read, is_right) or _load_shared(name, read, is_right, now=now)


def _load_from(paths: Iterable[Path], read: Callable[[Path], T], is_right: Callable[[T], bool]) -> T | None:
    for path in paths:
        if not _is_there(path):
            continue
        try:
            result = read(path)
            if not is_right(result):
                raise StoreError(f"{path.name} holds something else than its name says")
        except StoreError as error:
            if not _is_there(path):  # another process has just deleted it
                continue
            log.warning("%s. It is computed again.", error)
            if path.parent != PRECOMPUTED:
                _set_aside(path)
            continue
        if path.parent != PRECOMPUTED:
            _touch(path)
        return result
    return None


def save(name: str, write: Callable[[Path], None]) -> Path:
    """Write the file called `name` into the cache folder, keep the folder within its bound, and share the file. Raises
    OSError where the cache folder does not take it; it is shared all the same."""
    path = runs_folder() / name
    try:
        write(path)
        keep_within(runs_folder(), CACHE_BYTES)
    except OSError:
        _share(name, path, write)
        raise
    _share(name, path, write)
    return path


# --- by digest, in the store that several machines share -------------------------------------------------------------


def _shared() -> SharedStore | None:
    return shared_store(MAX_BYTES)


def _shared_name(name: str) -> str:
    """Versions of this code that do not read each other's files do not write over them either."""
    return f"schema-{SCHEMA}-{name}"


def _load_shared(name: str, read: Callable[[Path], T], is_right: Callable[[T], bool], *, now: bool) -> T | None:
    """A file of the shared store, checked as any other, and then kept in the cache folder too."""
    shared = _shared()
    content = shared.get(_shared_name(name), now=now) if shared else None
    if content is None:
        return None
    result = None
    try:
        with tempfile.TemporaryDirectory(prefix="reglab-") as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            result = _load_from((path,), read, is_right)
            if result is None:  # left where it is: whoever computes it anew puts it right
                shared.refuse(_shared_name(name))
                return None
        with replace_atomically(runs_folder() / name) as copy:
            copy.write_bytes(content)
        keep_within(runs_folder(), CACHE_BYTES)
    except OSError as error:
        log.warning("%s of the shared store could not be kept: %s", name, error)
    return result


def _share(name: str, path: Path, write: Callable[[Path], None]) -> None:
    """Put a file into the shared store, if there is one; written anew where the cache folder did not take it."""
    shared = _shared()
    if not shared:
        return
    try:
        if _is_there(path):
            content = path.read_bytes()
        else:
            with tempfile.TemporaryDirectory(prefix="reglab-") as folder:
                write(Path(folder) / name)
                content = (Path(folder) / name).read_bytes()
    except OSError as error:
        log.warning("%s could not be shared: %s", name, error)
        return
    shared.put(_shared_name(name), content)


# --- the cache folder's housekeeping ---------------------------------------------------------------------------------


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # a name too long for the file system, a folder that may not be looked into
        log.debug("%s cannot be looked for: %s", path, error)
        return False


def _touch(path: Path) -> None:
    """Mark a cached file as just used. A folder that cannot be written to needs no such marks."""
    try:
        path.touch()
    except OSError:
        log.debug("cannot mark %s as used", path)


def _set_aside(path: Path) -> None:
    """Rename a file that cannot be used, so that its place is free."""
    try:
        path.replace(path.with_name(path.name + ".unusable"))
    except OSError as error:
        log.warning("%s cannot be set aside: %s", path, error)


ABANDONED = 600.0
"""Seconds after which a file that is still half written has no writer any more."""

_trimming = threading.Lock()


def keep_within(folder: Path, limit: int) -> None:
    """Delete the files of `folder` that were used longest ago until the rest has at most `limit` bytes."""
    with _trimming:
        used = []
        for path in folder.iterdir():
            try:
                stat = path.stat()
            except FileNotFoundError:  # another process trims the same folder
                continue
            is_partial = path.suffix == ".partial"
            if is_partial and time.time() - stat.st_mtime < ABANDONED:
                continue  # another process is writing it
            # set-aside files, and what a killed process left half written, go first: nothing reads them
            is_dead = is_partial or path.suffix == ".unusable"
            used.append((-math.inf if is_dead else stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in used)
        for _, size, path in sorted(used, key=lambda entry: entry[0]):
            if total <= limit:
                return
            path.unlink(missing_ok=True)
            total -= size
