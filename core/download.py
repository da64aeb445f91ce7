"""One file from the network to the disk, in bounded time and of bounded size, whatever the other side does."""

from __future__ import annotations

import errno
import hashlib
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all."""


OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)
"""What the system says where a file cannot be written; with errors of the network urllib gives no such number."""


class DownloadError(RuntimeError):
    """A file that could not be had: says why, without the path that it was meant for."""


def download(
    url: str, path: Path, md5: str, progress: Progress | None, *, timeout: float, time_limit: float, largest: int
) -> None:
    """Stream one file to disk.

    timeout: seconds without an answer. time_limit: seconds in all, the answer's headers too. largest: bytes. Raises
    DownloadError where one of them is passed, and where the file is refused, cut short or has another checksum; OSError
    where it cannot be written.
    """
    try:
        with _in_time(time_limit) as opened, opened(url, timeout) as response, path.open("wb") as file:
            digest = hashlib.md5(usedforsecurity=False)
            total, done = int(response.headers.get("Content-Length") or 0), 0
            while max(done, total) <= largest and (block := response.read1(1 << 16)):
                done += len(block)
                file.write(block)
                digest.update(block)
                if progress:
                    progress(done, total)
            if max(done, total) > largest:
                raise DownloadError(f"it is larger than {largest:,} bytes")
            if total and done != total:
                raise DownloadError(f"the download broke off after {done:,} of {total:,} bytes")
            if digest.hexdigest() != md5:
                raise DownloadError("the downloaded file has the wrong checksum")
    except (OSError, HTTPException, ValueError) as error:  # urllib's own errors are OSErrors; a size may be no number
        if getattr(error, "errno", None) in OF_THE_DISK:
            raise
        raise DownloadError(in_words(error)) from error


def in_words(error: Exception) -> str:
    """What an error says, without the file that the system names."""
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def _in_time(seconds: float) -> Iterator[Callable]:
    """A way to open addresses whose connections are cut after so many seconds: a timeout of the socket begins anew with
    each byte. Raises DownloadError then."""
    sockets: list[socket.socket] = []
    over = threading.Event()

    def cut() -> None:
        over.set()
        for at in sockets:
            with suppress(OSError):
                at.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield _opener(sockets, over)
    except (OSError, HTTPException, ValueError, DownloadError) as error:
        if over.is_set() and getattr(error, "errno", None) not in OF_THE_DISK:
            raise DownloadError(f"the download took longer than {seconds:g} seconds") from error
        raise
    finally:
        timer.cancel()


def _opener(sockets: list[socket.socket], over: threading.Event) -> Callable:
    """Opens an address; each connection that is made for it, also after a redirection, is put into `sockets`."""

    class Known:
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)
            if over.is_set():
                raise TimeoutError

    class Plain(Known, HTTPConnection):
        pass

    class Secure(Known, HTTPSConnection):
        pass

    class Handler(urllib.request.HTTPHandler):
        def http_open(self, request):
            return self.do_open(Plain, request)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, request):
            return self.do_open(Secure, request)

    opener = urllib.request.build_opener(Handler, SecureHandler)
    return lambda url, timeout: opener.open(url, timeout=timeout)
