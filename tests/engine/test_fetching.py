"""What is nowhere yet is downloaded whole or not at all, whatever a server, a disk or who waits for it does."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from torchvision.datasets import FashionMNIST
from torchvision.datasets.mnist import read_image_file, read_label_file

from core import data
from core.data import FASHION_FILES, RAW, DataError, data_state, folder_problems
from core.engine import fetching
from core.engine.fetching import fetch, find_or_fetch, load_images
from tests.fashion_files import fill

# --- downloads ------------------------------------------------------------------------------------------------------


class Server:
    """An HTTP server on this machine: `answers[path]` is what it does with each request, the last one for ever."""

    def __init__(self):
        self.answers, self.asked, self.closing = {}, [], threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                answers = outer.answers.get(self.path, [not_found])
                (answers.pop(0) if len(answers) > 1 else answers[0])(self, outer.closing)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


def right(content: bytes, promised: int | None = None):
    def answer(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised or len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def not_found(handler, _):
    handler.send_error(404)


def silent(handler, closing):
    closing.wait(5)


def nonsense(handler, _):
    handler.wfile.write(b"this is no HTTP\r\n\r\n")


def dripping(handler, closing):
    """A byte every 10 ms for three seconds: no read waits long, and yet the file would take for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _ in range(300):
        if closing.wait(0.01):
            return
        try:
            handler.wfile.write(b"x")
        except OSError:  # the other side hung up, as it should
            return


def dripping_headers(handler, closing):
    """The same before the answer has begun."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(300):
        if closing.wait(0.01):
            return
        try:
            handler.wfile.write(b"x")
        except OSError:
            return


def endless(handler, closing):
    """Never says how much there is, and never ends."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while not closing.is_set():
            handler.wfile.write(b"x" * (1 << 20))


def answering(status: bytes):
    return lambda handler, _: handler.wfile.write(status)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(fetching, "LARGEST_FILE", 2_000_000)
    monkeypatch.setattr(fetching, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    server = Server()
    yield server
    server.close()


CONTENT = np.random.default_rng(2).bytes(200_000)
ARCHIVE = gzip.compress(CONTENT, mtime=0)
RESOURCE = ("file.gz", hashlib.md5(ARCHIVE).hexdigest())
FAULTS = {
    "truncated": (right(ARCHIVE[:-500], promised=len(ARCHIVE)), "broke off"),
    "another file": (right(b"<html>please log in</html>"), "wrong checksum"),
    "not found": (not_found, "404"),
    "silent": (silent, "timed out"),
    "dripping": (dripping, "took longer than"),
    "no HTTP": (nonsense, "no HTTP"),
    "dripping before it begins": (dripping_headers, "took longer than"),
    "endless": (endless, "larger than 2,000,000 bytes"),
    "huge by its own word": (right(b"", promised=10**15), "larger than"),
    "no number of bytes": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), "invalid literal"),
    "a line without end": (answering(b"HTTP/1.1 200 " + b"x" * 70_000), "line"),
    "hung up": (answering(b""), "closed connection"),
    "round in a circle": (answering(b"HTTP/1.1 302 Found\r\nLocation: /file.gz\r\n\r\n"), "infinite loop"),
    "a file of ours": (answering(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n"), "not allowed"),
}
HURRIED, PATIENT = {"timeout": 0.3, "time_limit": 0.5}, {"timeout": 10.0, "time_limit": 20.0}
LIMITS = {
    fault: HURRIED if cause in ("timed out", "took longer than") else PATIENT for fault, (_, cause) in FAULTS.items()
}
"""Short where time is what runs out."""


def test_a_download_is_unpacked_with_its_progress_told_and_nothing_left_over(server, tmp_path):
    server.answers["/file.gz"] = [right(ARCHIVE)]
    told = []
    fetch([RESOURCE], [server.url], tmp_path, lambda done, total: told.append((done, total)))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": CONTENT}
    assert [done for done, _ in told] == sorted({done for done, _ in told}) and len(told) > 1
    assert told[-1] == (len(ARCHIVE), len(ARCHIVE)) and {total for _, total in told} == {len(ARCHIVE)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_download_that_fails_is_an_error_with_file_cause_and_remedy(server, tmp_path, fault):
    answer, cause = FAULTS[fault]
    server.answers["/file.gz"] = [answer]
    started = time.monotonic()
    with pytest.raises(DataError, match=cause) as caught:
        fetch([RESOURCE], [server.url], tmp_path, **LIMITS[fault])
    if LIMITS[fault] is HURRIED:
        assert time.monotonic() - started < 2.5  # two attempts at the time limit, and no third second of dripping
    assert "file.gz" in str(caught.value) and "REGLAB_DATA" in str(caught.value)
    assert len({*server.asked}) == 1 and len(server.asked) >= 2 and not list(tmp_path.iterdir())
    assert str(tmp_path) not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("fault", FAULTS)
def test_a_download_is_tried_again(server, tmp_path, fault):
    server.answers["/file.gz"] = [FAULTS[fault][0], right(ARCHIVE)]
    fetch([RESOURCE], [server.url], tmp_path, **LIMITS[fault])
    assert (tmp_path / "file").read_bytes() == CONTENT


class FullFile:
    """An open file that cannot be written."""

    def __init__(self, write):
        self.write = write

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def test_nothing_is_tried_again_once_patience_is_over(server, tmp_path):
    server.answers["/file.gz"] = [dripping]
    with pytest.raises(DataError, match="took longer"):
        fetch([RESOURCE], [server.url] * 3, tmp_path, **HURRIED, patience=0.2)
    assert len(server.asked) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("at", ["folder", "file", "writing", "unpacking", "replacing"])
def test_a_disk_that_is_full_or_closed_is_told_once_and_leaves_nothing(server, tmp_path, monkeypatch, number, at):
    def full(*_, **__):
        raise OSError(number, os.strerror(number), str(tmp_path))

    server.answers["/file.gz"] = [right(ARCHIVE)]
    with monkeypatch.context() as broken:
        if at == "writing":
            broken.setattr("core.download.Path.open", lambda *_: FullFile(full))
        else:
            broken.setattr(
                {
                    "folder": "core.data.Path.mkdir",
                    "file": "core.folders.tempfile.mkstemp",
                    "unpacking": "torchvision.datasets.utils.extract_archive",
                    "replacing": "core.folders.Path.replace",
                }[at],
                full,
            )
        with pytest.raises(DataError, match="cannot be put into the cache folder") as caught:
            fetch([RESOURCE], [server.url], tmp_path)
    assert os.strerror(number) in str(caught.value) and "REGLAB_CACHE" in str(caught.value)
    assert str(tmp_path) not in str(caught.value) and len(server.asked) == (at not in ("folder", "file"))
    fetch([RESOURCE], [server.url], tmp_path)  # there is room again
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": CONTENT}


def test_another_mirror_is_asked_where_the_first_has_nothing(server, tmp_path):
    server.answers["/second/file.gz"] = [right(ARCHIVE)]
    fetch([RESOURCE], [server.url + "first/", server.url + "second/"], tmp_path)
    assert (tmp_path / "file").read_bytes() == CONTENT and server.asked == ["/first/file.gz", "/second/file.gz"]


def test_what_the_progress_raises_ends_the_download_without_a_trace(server, tmp_path):
    class Enough(Exception):
        pass

    def progress(done, total):
        raise Enough

    server.answers["/file.gz"] = [right(ARCHIVE)]
    with pytest.raises(Enough):
        fetch([RESOURCE], [server.url], tmp_path, progress)
    assert not list(tmp_path.iterdir()) and len(server.asked) == 1


def test_who_no_longer_waits_for_a_server_that_is_silent_is_free_after_one_try(server, tmp_path):
    class Enough(Exception):
        pass

    def progress(done, total):
        raise Enough

    server.answers["/file.gz"] = [silent]
    with pytest.raises(Enough):
        fetch([RESOURCE], [server.url] * 4, tmp_path, progress, **HURRIED)
    assert not list(tmp_path.iterdir()) and len(server.asked) == 1


@pytest.fixture
def mirror(server, fashion, monkeypatch):
    """torchvision's mirror and checksums, replaced by the small files on this machine."""
    archives = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in fashion.items()}
    server.answers |= {f"/{name}": [right(archive)] for name, archive in archives.items()}
    monkeypatch.setattr(FashionMNIST, "mirrors", [server.url])
    monkeypatch.setattr(FashionMNIST, "resources", [(n, hashlib.md5(a).hexdigest()) for n, a in archives.items()])
    return server


def test_fashion_mnist_is_fetched_once_into_the_cache(mirror, cache_folder, fashion):
    assert find_or_fetch() == find_or_fetch() == cache_folder / RAW
    assert len(mirror.asked) == len(fashion) and data_state().source == "cache"
    assert {path.name: path.read_bytes() for path in (cache_folder / RAW).iterdir()} == fashion


def test_only_the_files_that_are_not_good_are_fetched(mirror, cache_folder, fashion):
    first, second, *_ = fashion
    fill(cache_folder / RAW, fashion | {first: b"nonsense"})
    (cache_folder / RAW / second).unlink()
    find_or_fetch()
    assert mirror.asked == [f"/{first}.gz", f"/{second}.gz"] and folder_problems(cache_folder / RAW) == ()


def test_downloaded_files_that_are_not_the_published_ones_are_refused(mirror, fashion, monkeypatch):
    name = next(iter(fashion))
    monkeypatch.setitem(FASHION_FILES, name, replace(FASHION_FILES[name], sha256="0" * 64))
    with pytest.raises(DataError, match=f"not the published ones.*{name}"):
        find_or_fetch()


def test_where_the_folder_in_reglab_data_is_corrupt_the_cache_is_read(
    mirror, tmp_path, cache_folder, fashion, monkeypatch
):
    monkeypatch.setenv("REGLAB_DATA", str(tmp_path / "given"))
    fill(tmp_path / "given" / RAW, fashion | {next(iter(fashion)): b"nonsense"})
    fill(cache_folder / RAW, fashion)
    assert find_or_fetch() == cache_folder / RAW and not mirror.asked


# --- what is loaded -------------------------------------------------------------------------------------------------


def test_files_that_are_gone_after_they_were_verified_are_an_error_without_a_path(cache_folder, fashion, monkeypatch):
    folder = fill(cache_folder / RAW, fashion)
    data._fashion_mnist.cache_clear()
    monkeypatch.setattr(fetching, "find_or_fetch", lambda progress: folder)
    next(folder.iterdir()).unlink()
    with pytest.raises(DataError, match=r"cannot be read \(No such file or directory\)\.$"):
        load_images("fashion-mnist")


def test_the_images_of_verified_files_are_loaded_with_whole_number_classes(cache_folder, fashion):
    folder = fill(cache_folder / RAW, fashion)
    images = load_images("fashion-mnist")
    for part, prefix in (("train", "train"), ("test", "t10k")):
        x, y = getattr(images, f"{part}_x"), getattr(images, f"{part}_y")
        assert np.array_equal(x, read_image_file(str(folder / f"{prefix}-images-idx3-ubyte")).numpy())
        assert np.array_equal(y, read_label_file(str(folder / f"{prefix}-labels-idx1-ubyte")).numpy())
        assert (x.dtype, y.dtype) == (np.uint8, np.int64)
