"""The store that several machines share: what one leaves there another finds, and no fault of it is felt by a page."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import pytest

from core.results import library, shared, store
from core.results.run import Run
from core.results.shared import MAX_ASKING, SharedStore, SharedStoreError

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["file", "memory"])
def address(request, tmp_path):
    """A folder that nobody has made yet, at an address of either kind."""
    if request.param == "file":
        yield f"file://{tmp_path}/shared"
    else:
        yield "memory://reglab-test"
        fsspec.filesystem("memory").store.clear()


@pytest.fixture(autouse=True)
def nothing_opened():
    yield
    shared._opened.cache_clear()
    library.forget()


def opened(address: str, **more) -> SharedStore:
    return SharedStore(address, 2**20, **more)


def another_machine(monkeypatch, tmp_path, name: str) -> None:
    """From here on a process of another machine: a cache folder of its own, and nothing remembered."""
    monkeypatch.setenv("REGLAB_CACHE", str(tmp_path / name))
    shared._opened.cache_clear()
    library.forget()


def file_at(address: str, name: str):
    files, folder = fsspec.core.url_to_fs(address)
    return files, f"{folder}/schema-{store.SCHEMA}-{name}"


# --- bytes by name --------------------------------------------------------------------------------------------------


def test_what_is_put_is_got_by_another_and_what_was_not_is_absent(address):
    one, other = opened(address), opened(address)
    assert other.get("a", now=True) is None and other.get("a") is None
    assert one.put("a", b"content") and one.put("a", b"content anew")
    assert one.get("a") == other.get("a", now=True) == b"content anew"
    assert other.get("b", now=True) is None


def test_what_is_absent_costs_a_page_no_question_until_the_list_is_old(address, monkeypatch):
    clock, asked = Clock(), []
    one, other = opened(address), opened(address, clock=clock, fresh=10.0)
    listing = other._list
    monkeypatch.setattr(other, "_list", lambda: asked.append("list") or listing())
    monkeypatch.setattr(other, "_read", lambda name: pytest.fail("asked for a file that is in no list"))
    assert [other.get(f"run-{i}") for i in range(50)] == [None] * 50 and asked == ["list"]
    one.put("run-7", b"there")
    clock.now += 9.0
    assert other.get("run-7") is None and asked == ["list"]
    monkeypatch.undo()
    clock.now += 2.0
    assert until(lambda: other.get("run-7")) == b"there"  # the list is renewed behind the page's back


def until(found, seconds: float = 10.0):
    end = time.monotonic() + seconds
    while not (answer := found()) and time.monotonic() < end:
        time.sleep(0.01)
    return answer


@pytest.mark.parametrize("now", [True, False])
def test_a_file_that_is_too_large_is_not_read(address, now, caplog):
    files, folder = fsspec.core.url_to_fs(address)
    files.makedirs(folder, exist_ok=True)
    files.pipe_file(f"{folder}/big", bytes(1001))
    files.pipe_file(f"{folder}/just", bytes(1000))
    one = SharedStore(address, 1000)
    assert one.get("just", now=now) == bytes(1000)
    assert one.get("big", now=now) is None and one.get("big", now=now) is None
    assert len(caplog.records) == (1 if now else 0)  # known from the list, else refused after one byte too many


def test_a_file_that_cannot_be_used_is_not_fetched_again_until_it_is_put_anew(address):
    clock = Clock()
    one = opened(address, clock=clock)
    one.put("a", b"bad")
    one.refuse("a")
    assert one.get("a") is None and one.get("a", now=True) is None
    clock.now += shared.REFUSED + 1
    assert one.get("a", now=True) == b"bad"
    one.refuse("a")
    one.put("a", b"good")
    assert one.get("a") == b"good"


# --- what is wrong with an address ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nosuch://bucket/x", "is no address"),
        ("shared/folder", "is no address"),
        ("s3://bucket/x", "needs a package that is not installed"),
        ("sftp://anna:secret@host/x?token=secret", "needs a package that is not installed"),
    ],
)
def test_an_address_that_cannot_be_used_is_an_error_of_ours_without_its_secrets(address, words):
    with pytest.raises(SharedStoreError, match="REGLAB_STORE") as caught:
        opened(address)
    assert words in str(caught.value) and "secret" not in str(caught.value)


def test_without_fsspec_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(SharedStoreError, match="requirements-cluster"):
        opened("memory://x")


def test_fsspec_is_not_imported_where_no_store_is_named():
    code = (
        "import sys; from core.results import store; from core.config import SMALL_AND_NOISY as c;"
        "assert store.load_outcome(c); print('fsspec' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True) == "False\n"


@pytest.mark.parametrize("address", ["nosuch://x", "s3://bucket/x", "relative/folder"])
def test_where_the_address_cannot_be_used_the_log_says_so_once_and_all_goes_on(address, trained, monkeypatch, caplog):
    monkeypatch.setenv("REGLAB_STORE", address)
    run = trained()
    assert store.load_run(run.config) is None
    store.save_run(run)
    assert store.load_run(run.config).config == run.config
    assert [record.levelname for record in caplog.records] == ["ERROR"]


# --- a store that fails ---------------------------------------------------------------------------------------------


class Failing:
    """Stands in for a file system: every question ends in `fault`."""

    protocol = "failing"

    def __init__(self, fault):
        self.fault, self.asked = fault, 0

    def __getattr__(self, name):
        def ask(*args, **more):
            if name != "invalidate_cache":
                self.asked += 1
                self.fault()

        return ask


def raising(error):
    def fault():
        raise error

    return fault


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError("refused"), OSError(28, "No space left"), PermissionError("read-only"), KeyError("x")],
)
def test_a_store_that_fails_is_said_once_left_alone_and_asked_again_later(error, caplog):
    clock = Clock()
    one = opened("memory://x", clock=clock, rest=30.0)
    one._files = failing = Failing(raising(error))
    assert not one.put("a", b"x") and failing.asked == 1
    assert one.get("a") is None and one.get("a", now=True) is None and not one.put("b", b"x")
    assert failing.asked == 1
    clock.now += 31
    assert not one.put("a", b"x") and failing.asked == 2
    assert [type(error).__name__ in record.message for record in caplog.records] == [True]
    clock.now += 31
    assert not one.put("a", b"x") and failing.asked == 2  # it rests for twice as long now
    clock.now += 31
    one._files = fsspec.filesystem("memory")
    one.put("a", b"x")
    assert "answers again" in caplog.records[-1].message and len(caplog.records) == 2


def test_a_store_that_hangs_holds_a_page_no_longer_than_its_patience_and_few_threads(caplog):
    clock, release = Clock(), threading.Event()
    one = opened("memory://x", clock=clock, patience=0.05)
    one._files = failing = Failing(lambda: release.wait(30))
    before, begun = threading.active_count(), time.monotonic()
    for _ in range(4 * MAX_ASKING):
        assert one.get("a") is None and one.get("a", now=True) is None and not one.put("a", b"x")
        clock.now += shared.LONGEST_REST + 1
    seconds, threads = time.monotonic() - begun, threading.active_count() - before
    release.set()
    assert failing.asked == MAX_ASKING == threads
    assert seconds < 2.0  # 4 questions waited for 0.05 s each; 2 s leaves room for a busy machine
    assert len(caplog.records) == 1


def test_a_real_folder_that_cannot_be_written_to_costs_no_result(trained, monkeypatch, caplog):
    monkeypatch.setenv("REGLAB_STORE", "file:///proc/reglab")
    run = trained()
    store.save_run(run)
    assert store.load_run(run.config).test_last == run.test_last
    assert len([r for r in caplog.records if "shared store" in r.message]) == 1


# --- runs -----------------------------------------------------------------------------------------------------------


def test_a_run_trained_on_one_machine_is_found_on_another_and_kept_there(address, trained, monkeypatch, tmp_path):
    monkeypatch.setenv("REGLAB_STORE", address)
    run = trained()
    another_machine(monkeypatch, tmp_path, "one")
    store.save_run(run)
    another_machine(monkeypatch, tmp_path, "two")
    found = library.stored_run(run.config)
    assert found.records == run.records and np.array_equal(
        found.weights["linear1.weight"], run.weights["linear1.weight"]
    )
    monkeypatch.delenv("REGLAB_STORE")
    library.forget()
    assert library.stored_run(run.config).records == run.records


def test_a_run_is_found_with_its_weights_by_what_measures_it(address, trained, monkeypatch, tmp_path):
    monkeypatch.setenv("REGLAB_STORE", address)
    run = trained()
    store.outcome_to_file(replace(run, weights=None), store.runs_folder() / store.run_name(run.config))
    assert store.load_with_weights(run.config) is None
    another_machine(monkeypatch, tmp_path, "one")
    store.save_run(run)
    monkeypatch.setenv("REGLAB_CACHE", str(tmp_path / "cache"))
    assert store.load_with_weights(run.config).weights.keys() == run.weights.keys()


def test_a_cache_folder_that_takes_nothing_is_no_hindrance_to_sharing(address, trained, monkeypatch, tmp_path):
    monkeypatch.setenv("REGLAB_STORE", address)
    run = trained()
    another_machine(monkeypatch, tmp_path, "one")
    monkeypatch.setenv("REGLAB_CACHE", "/proc/reglab")
    with pytest.raises(OSError):
        store.save_run(run)
    assert store.load_run(run.config).records == run.records  # from the shared store, and not kept
    another_machine(monkeypatch, tmp_path, "two")
    assert store.load_run(run.config).records == run.records


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("records.npy", bytes(store.MAX_BYTES + 1))
    return buffer.getvalue()


def pickled() -> bytes:
    return npz(meta=np.array([{"schema": store.SCHEMA}], dtype=object))


def of_another_schema(content: bytes) -> bytes:
    with np.load(io.BytesIO(content)) as file:
        arrays = {name: file[name] for name in file.files}
    meta = json.loads(arrays["meta"].tobytes()) | {"schema": store.SCHEMA + 1}
    return npz(**arrays | {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)})


HOSTILE = {
    "empty": lambda content: b"",
    "half written": lambda content: content[: len(content) // 2],
    "one bit turned": lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:],
    "a bomb": lambda content: bomb(),
    "a pickle": lambda content: pickled(),
    "text": lambda content: b"<html>not found</html>",
    "of another schema": of_another_schema,
}


@pytest.mark.parametrize("damage", HOSTILE.values(), ids=HOSTILE)
def test_a_file_of_the_store_is_checked_as_any_other_and_put_right_by_who_trains_anew(
    address, damage, trained, monkeypatch, tmp_path, caplog
):
    monkeypatch.setenv("REGLAB_STORE", address)
    run = trained()
    store.save_run(run)
    files, path = file_at(address, store.run_name(run.config))
    files.pipe_file(path, damage(files.cat_file(path)))
    another_machine(monkeypatch, tmp_path, "two")
    assert store.load_outcome(run.config, now=True) is None and len(caplog.records) == 1
    assert store.load_outcome(run.config) is None and len(caplog.records) == 1  # not fetched again
    assert not store.runs_folder().exists()  # nor kept
    store.save_run(run)
    another_machine(monkeypatch, tmp_path, "three")
    assert store.load_run(run.config).records == run.records


def test_a_file_under_anothers_name_is_not_taken(address, trained, monkeypatch, tmp_path):
    monkeypatch.setenv("REGLAB_STORE", address)
    run, other = trained(), trained(seed=1)
    store.save_run(run)
    files, path = file_at(address, store.run_name(run.config))
    files.cp_file(path, file_at(address, store.run_name(other.config))[1])
    another_machine(monkeypatch, tmp_path, "two")
    assert store.load_run(other.config) is None and isinstance(store.load_run(run.config), Run)


WRITER = """
import sys
from core.results.shared import SharedStore
store = SharedStore(sys.argv[1], 2**24, patience=30.0)
for turn in range(40):
    assert store.put("a", bytes([int(sys.argv[2]) + turn % 2]) * 300_000)
    content = store.get("a", now=True)
    assert len(content) == 300_000 and len(set(content)) == 1, (len(content), set(content))
"""


def test_two_processes_that_write_one_file_at_once_leave_it_whole_at_every_moment(tmp_path):
    address = f"file://{tmp_path}/shared"
    both = [
        subprocess.Popen([sys.executable, "-c", WRITER, address, first], cwd=ROOT, stderr=subprocess.PIPE)
        for first in ("1", "3")
    ]
    assert [(process.communicate()[1], process.returncode) for process in both] == [(b"", 0)] * 2
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["a"]


@pytest.mark.parametrize(("address", "code", "words"), [("memory://x", 0, "written and read back"), ("", 2, "not set")])
def test_a_command_says_whether_the_store_works(address, code, words, monkeypatch, capsys):
    monkeypatch.setenv("REGLAB_STORE", address)
    assert shared.main() == code and words in capsys.readouterr().out


def test_the_log_has_no_credentials(caplog):
    with caplog.at_level(logging.DEBUG):
        one = opened("memory://anna:secret@x/y")
        one._files = Failing(raising(OSError("refused")))
        one.put("a", b"x")
    assert caplog.records and "secret" not in caplog.text
