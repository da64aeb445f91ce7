"""Files of the cache folder when a server is killed while it writes one, and when two write the same at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.results import store
from core.results.store import load_run, save_run

ROOT = Path(__file__).resolve().parents[2]


def program(body: str, cache: Path) -> subprocess.Popen:
    """A second server's process, as far as it stores results, in the same cache folder. `run` is one of TINY's."""
    source = (
        "import sys, time, pathlib\n"
        "from dataclasses import replace\n"
        "from core.results import store\n"
        "run = store.run_from_file(pathlib.Path(sys.argv[1]))\n"
        f"{body}\n"
    )
    command = [sys.executable, "-c", source, str(cache.parent / "given.npz")]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "REGLAB_CACHE": str(cache)}, stdout=subprocess.PIPE)


@pytest.fixture
def run(trained, cache_folder):
    run = trained()
    store.run_to_file(run, cache_folder.parent / "given.npz")
    return run


def same(one, other) -> bool:
    return replace(one, weights=None, records=()) == replace(other, weights=None, records=()) and all(
        np.array_equal(w, other.weights[name]) for name, w in one.weights.items()
    )


HALF = (
    "whole = pathlib.Path.write_bytes\n"
    "def half(path, content):\n"
    "    whole(path, content[: len(content) // 2])\n"
    "    print('half', flush=True)\n"
    "    time.sleep(60)\n"
    "pathlib.Path.write_bytes = half\n"
    "store.save_run(replace(run, seconds=99.0))"
)


@pytest.mark.parametrize("was_there", [False, True])
def test_a_server_that_is_killed_while_it_writes_leaves_the_file_as_it_was(run, cache_folder, was_there, caplog):
    if was_there:
        save_run(run)
    killed = program(HALF, cache_folder)
    assert killed.stdout.readline() == b"half\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    half = [path for path in store.runs_folder().iterdir() if path.name.endswith(".partial")]
    assert len(half) == 1 and half[0].stat().st_size > 100  # it was in the middle
    found = load_run(run.config)
    assert same(found, run) if was_there else found is None
    assert not caplog.text  # nothing was set aside
    save_run(replace(run, seconds=3.0))  # the server that is started again
    assert load_run(run.config).seconds == 3.0


def test_a_file_that_two_servers_write_at_once_is_whole_whenever_it_is_read(run, cache_folder, caplog):
    body = "for i in range(150):\n    store.save_run(replace(run, seconds=float({} + i)))"
    save_run(run)
    writers = [program(body.format(first), cache_folder) for first in (1000, 2000)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        found = load_run(run.config)
        assert same(replace(found, seconds=run.seconds), run)
        seen.add(found.seconds)
        time.sleep(0.001)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert min(seen) < 2000 <= max(seen)  # of both, or the test saw nothing
    assert [path.name for path in store.runs_folder().iterdir()] == [store.run_name(run.config)]
    assert "unusable" not in caplog.text and "computed again" not in caplog.text


def test_two_servers_that_keep_one_full_folder_within_its_bound_do_not_trip_over_each_other(run, cache_folder):
    body = (
        "store.CACHE_BYTES = 4 * pathlib.Path(sys.argv[1]).stat().st_size\n"
        "for i in range(60):\n"
        "    store.save_run(replace(run, config=replace(run.config, lr=({} + i) / 1e5)))"
    )
    writers = [program(body.format(first), cache_folder) for first in (1, 1001)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    left = list(store.runs_folder().iterdir())
    assert 1 <= len(left) <= 5 and all(store.run_from_file(path) for path in left)


def test_what_is_being_written_is_left_alone_and_what_a_killed_server_left_goes_first(run, cache_folder):
    whole = save_run(run)
    size, half = whole.stat().st_size, [whole.with_name(f".{name}.partial") for name in ("new", "old")]
    for path in half:
        path.write_bytes(b"x" * size)
    os.utime(half[1], (time.time() - store.ABANDONED - 5,) * 2)
    store.keep_within(store.runs_folder(), size)
    assert whole.exists() and [path.exists() for path in half] == [True, False]
