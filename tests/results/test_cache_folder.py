"""The cache folder under real faults: a disk that is full, and several servers at work at once."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, folder: Path, *before: str, **more) -> subprocess.Popen:
    environment = {**os.environ, "REGLAB_CACHE": str(folder)}
    return subprocess.Popen(
        [*before, sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def can_mount() -> bool:
    tried = ["unshare", "--mount", "mount", "--types", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True).returncode == 0


FILL = """
import subprocess
import numpy as np
from core.results import store
folder = store.runs_folder()
folder.mkdir(parents=True)
subprocess.run(["mount", "--types", "tmpfs", "--options", "size=64k", "tmpfs", str(folder)], check=True)
large = {"a": np.random.default_rng(0).random(9999)}
(folder / "filler").write_bytes(bytes(60_000))
try:
    store.save("run-large.npz", lambda path: store.write_npz(path, {}, large))
except OSError as error:
    print(error.errno, sorted(path.name for path in folder.iterdir()))
(folder / "filler").unlink()
store.save("run-small.npz", lambda path: store.write_npz(path, {}, {}))
print(sorted(path.name for path in folder.iterdir()))
"""


@pytest.mark.skipif(not can_mount(), reason="needs root and mount namespaces")
def test_a_disk_that_is_really_full_is_an_oserror_and_keeps_nothing_half(tmp_path):
    process = python(FILL, tmp_path, "unshare", "--mount")
    told, errors = process.communicate(timeout=60)
    assert told.splitlines() == [f"{errno.ENOSPC} ['filler']", "['run-small.npz']"], errors


AT_ONCE = """
import sys
from dataclasses import replace
from core.config import SMALL_AND_NOISY
from core.results import store
run = store.load_run(SMALL_AND_NOISY)
lost = 0
for turn in range(30):
    one = replace(run, config=replace(SMALL_AND_NOISY, seed=turn % 3, lr=0.00312))
    store.save_run(one)
    found = store.load_run(one.config)
    assert found is None or found.records == run.records
    lost += found is None
    store.keep_within(store.runs_folder(), 20_000)
print(lost)
"""


def test_processes_that_write_read_and_tidy_one_folder_at_once_never_read_half_a_file(tmp_path):
    processes = [python(AT_ONCE, tmp_path) for _ in range(3)]
    for process in processes:
        told, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert not errors  # a file that was deleted between looking and reading is no damaged one
    assert not list(tmp_path.rglob("*.unusable")) and not list(tmp_path.rglob("*.partial"))
