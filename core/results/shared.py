"""The store that several machines share: a folder at any address that fsspec knows, given in REGLAB_STORE.

Beside the cache folder, never in its place: what one process trained, another finds here. Nothing here may cost a page
more than a moment. A store that is out of reach, slow, full or read-only is said so in the log once, left alone for a
while, and the rest goes on without it. What a store holds is bytes that strangers may have written: they are bounded
before they are read, and checked as every file is by whoever reads them (core/results/store.py).
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from core.folders import replace_atomically

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds that a page waits for an answer."""

REST, LONGEST_REST = 30.0, 600.0
"""Seconds for which a store that failed, or took too long, is not asked again: twice as long after each failure."""

FRESH = 10.0
"""Seconds for which the list of what is there holds. A page looks names up in the list, and asks nobody."""

REFUSED = 300.0
"""Seconds for which a file that could not be used is not fetched again."""

MAX_ASKING = 4
"""Questions to a store that may be open at once: a store that hangs holds no more threads than these."""

T = TypeVar("T")


class SharedStoreError(RuntimeError):
    """REGLAB_STORE cannot be used at all: says what is wrong with the address, or which package it needs."""


class _Busy(TimeoutError):
    """As many questions are open already as may be."""


class SharedStore:
    """The files in one folder of any file system, by name. Every answer is bounded in time, and none raises.

    address: as fsspec takes it, file:///srv/reglab, s3://bucket/folder, …; credentials come from the file system's own
    configuration. max_bytes: no larger file is read. Raises SharedStoreError where the address is none, or its file
    system needs a package that is not installed.
    """

    def __init__(
        self,
        address: str,
        max_bytes: int,
        *,
        patience: float = PATIENCE,
        rest: float = REST,
        fresh: float = FRESH,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.said = _without_credentials(address)
        self._files, self._folder = _file_system(address, self.said)
        self.max_bytes, self.patience, self.rest, self.fresh, self.clock = max_bytes, patience, rest, fresh, clock
        self._lock = threading.Lock()
        self._asking = threading.Semaphore(MAX_ASKING)
        self._sizes: dict[str, int | None] | None = None  # None: never listed
        self._listed = -float("inf")
        self._refused: dict[str, float] = {}
        self._resting_until = -float("inf")
        self._failures = 0

    def get(self, name: str, *, now: bool = False) -> bytes | None:
        """The content of a file, None where there is none, or none to be had at the moment.

        now: ask the store itself. Otherwise its list is looked in, which may be `fresh` seconds old and is renewed
        behind the page's back, so that what is absent costs a page nothing.
        """
        if self._is_refused(name) or not (now or self._is_listed(name)):
            return None
        content = self._ask(lambda: self._read(name))
        if content is not None and len(content) > self.max_bytes:
            log.warning("%s in %s has more than %s bytes and is not read", name, self.said, f"{self.max_bytes:,}")
            self.refuse(name)
            return None
        return content

    def put(self, name: str, content: bytes) -> bool:
        """Write a file, whole or not at all as far as the file system can. Whether it is there now; where that takes
        long, it is written on behind the caller's back."""
        return self._ask(lambda: self._write(name, content)) is not None

    def refuse(self, name: str) -> None:
        """Remember that this file cannot be used. Who computes it anew puts a good one in its place."""
        with self._lock:
            now = self.clock()
            self._refused = {other: until for other, until in self._refused.items() if until > now}
            self._refused[name] = now + REFUSED

    def _is_refused(self, name: str) -> bool:
        return self._refused.get(name, -float("inf")) > self.clock()

    def _is_listed(self, name: str) -> bool:
        if self._sizes is None:
            self._ask(self._list)  # the first time, a page waits for it
        elif self.clock() - self._listed > self.fresh and not self._is_resting():
            self._listed = self.clock()  # one page asks for it, the others go by the old list meanwhile
            self._ask(self._list, patience=0)
        sizes = self._sizes or {}
        return name in sizes and (sizes[name] is None or sizes[name] <= self.max_bytes)

    # what is asked, on a thread of its own

    def _list(self) -> bool:
        self._files.invalidate_cache()
        try:
            found = self._files.ls(self._folder, detail=True)
        except FileNotFoundError:  # nobody has put anything there yet
            found = []
        self._sizes = {entry["name"].rstrip("/").rpartition("/")[2]: entry.get("size") for entry in found}
        self._listed = self.clock()
        return True

    def _read(self, name: str) -> bytes | None:
        """At most one byte more than may be read: whoever asked sees that it is too much."""
        try:
            return self._files.cat_file(f"{self._folder}/{name}", start=0, end=self.max_bytes + 1)
        except FileNotFoundError:
            return None

    def _write(self, name: str, content: bytes) -> bool:
        if self._is_local():
            with replace_atomically(Path(self._folder) / name) as partial:
                partial.write_bytes(content)
        else:
            self._files.makedirs(self._folder, exist_ok=True)
            # One request in an object store, which shows a file when it is whole. Elsewhere a reader may meet half of
            # one, finds it damaged, and takes it for absent.
            self._files.pipe_file(f"{self._folder}/{name}", content)
        with self._lock:
            self._refused.pop(name, None)
            if self._sizes is not None:
                self._sizes[name] = len(content)
        return True

    def _is_local(self) -> bool:
        protocol = self._files.protocol
        return "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    # asking

    def _is_resting(self) -> bool:
        return self.clock() < self._resting_until

    def _ask(self, question: Callable[[], T], patience: float | None = None) -> T | None:
        """The answer; None where there is none in time, or the store fails. patience: 0 to not wait for it."""
        if self._is_resting():
            return None
        try:
            answer = self._asked(question)
            if patience == 0:
                return None
            result = answer.result(self.patience)
        except TimeoutError as error:
            self._begin_rest("it does not answer" if not isinstance(error, _Busy) else "it hangs")
            return None
        except Exception as error:  # a file system raises what it likes
            self._begin_rest(f"{type(error).__name__}: {error}")
            return None
        if self._failures:
            self._failures = 0
            log.warning("the shared store %s answers again", self.said)
        return result

    def _asked(self, question: Callable[[], T]) -> Future[T]:
        if not self._asking.acquire(blocking=False):
            raise _Busy
        answer: Future[T] = Future()

        def work() -> None:
            try:
                answer.set_result(question())
            except BaseException as error:  # whoever waits for it gets it
                answer.set_exception(error)
            finally:
                self._asking.release()

        threading.Thread(target=work, name="shared store", daemon=True).start()
        return answer

    def _begin_rest(self, why: str) -> None:
        self._resting_until = self.clock() + min(self.rest * 2**self._failures, LONGEST_REST)
        self._failures = min(self._failures + 1, 10)
        if self._failures == 1:  # said once, until it works again
            log.warning("the shared store %s cannot be used at the moment (%s); going on without it", self.said, why)


def _without_credentials(address: str) -> str:
    """An address as it may stand in a log: without what is before the @, and what is after the ?."""
    try:
        told = urlsplit(address)
        if not told.scheme:
            return told.path
        return f"{told.scheme}://{told.netloc.rpartition('@')[2]}{told.path}"
    except ValueError:
        return "(an address that cannot be read)"


def _file_system(address: str, said: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        raise SharedStoreError(
            "REGLAB_STORE is set, but the package fsspec is not installed: pip install -r requirements-cluster.txt"
        ) from error
    told = f"REGLAB_STORE is {said}, which"
    if "://" not in address and not Path(address).is_absolute():
        raise SharedStoreError(f"{told} is no address such as file:///srv/reglab or s3://bucket/folder")
    try:
        files, folder = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise SharedStoreError(f"{told} needs a package that is not installed: {error}") from error
    except Exception as error:  # each file system refuses an address in its own way
        raise SharedStoreError(f"{told} is no address that can be used: {error}") from error
    return files, folder.rstrip("/")


@lru_cache(maxsize=1)
def _opened(address: str, max_bytes: int) -> SharedStore | None:
    try:
        return SharedStore(address, max_bytes)
    except SharedStoreError as error:
        log.error("%s Going on without a shared store.", error)
        return None


def shared_store(max_bytes: int) -> SharedStore | None:
    """The store of REGLAB_STORE; None where it is not set, or cannot be used at all, which the log says once."""
    address = os.environ.get("REGLAB_STORE", "").strip()
    return _opened(address, max_bytes) if address else None


def main() -> int:
    """`python -m core.results.shared`: say whether REGLAB_STORE can be written to and read from."""
    address = os.environ.get("REGLAB_STORE", "").strip()
    if not address:
        print("REGLAB_STORE is not set.")
        return 2
    try:
        store = SharedStore(address, 2**20, patience=20.0)
    except SharedStoreError as error:
        print(error)
        return 1
    content, begun = os.urandom(16), time.perf_counter()
    works = store.put("check", content) and store.get("check", now=True) == content
    seconds = time.perf_counter() - begun
    print(f"{store.said}: written and read back in {seconds:.2f} s." if works else f"{store.said} cannot be used.")
    return 0 if works else 1


if __name__ == "__main__":
    sys.exit(main())
