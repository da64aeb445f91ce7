"""The worker's process when something is wrong: with its memory, its libraries, the disk, or itself. It is the real one
here, but for PyTorch, which is not loaded, and for what its task does."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.config import DIGITS
from core.jobs import memory, worker
from core.jobs.queue import Cancelled
from core.jobs.worker import NotEnoughMemory, Worker, WorkerError, WorkerFault, train_with

PLENTY = 10**10


@dataclass
class Watching:
    """A job that notes what is told of it."""

    told: list = field(default_factory=list)
    cancelled: bool = False

    def step(self, done, total):
        self.told.append((done, total))
        if self.cancelled:
            raise Cancelled

    def add(self, part):
        self.told.append(part)

    def say(self, note):
        self.told.append(note)


@pytest.fixture(autouse=True)
def free(monkeypatch) -> list[int]:
    """What is free, to be changed by the test."""
    found = [PLENTY]
    monkeypatch.setattr(memory, "available", lambda: found[0])
    return found


@pytest.fixture
def started(monkeypatch) -> list[subprocess.Popen]:
    """Every process that the server starts from now on."""
    found, popen = [], subprocess.Popen

    def noted(*arguments, **more):
        found.append(popen(*arguments, **more))
        return found[-1]

    monkeypatch.setattr(worker.subprocess, "Popen", noted)
    return found


@pytest.fixture
def at_work(monkeypatch):
    """at_work(body): a Worker whose process does `body` (with `request` and `channel`) when it is to train."""
    made = []

    def make(body: str = "pass", *, before: str = "", torch: str = "types.ModuleType('torch')") -> Worker:
        program = (
            "import os, sys, time, types, errno\n"
            "import core.jobs.worker as worker\n"
            f"sys.modules['core.engine.training'] = {torch}\n"
            f"def task(request, channel):\n    {body}\n"
            "worker.TASKS['train'] = task\n"
            f"{before}\n"
            "worker.main()\n"
        )
        monkeypatch.setattr(worker, "COMMAND", (sys.executable, "-c", program))
        made.append(Worker())
        return made[-1]

    yield make
    for one in made:
        one.close()


def ask(of: Worker, job=None):
    of.call({"do": "train"}, job or Watching())


def failure(of: Worker, kind=WorkerError) -> str:
    """What a request fails with; every such message is for a reader."""
    with pytest.raises(kind) as caught:
        ask(of)
    assert not isinstance(caught.value, WorkerFault)
    said = str(caught.value)
    assert not re.search(r"/\w|\.py|Traceback|Errno|exit code|[a-z]Error", said), said
    assert re.search(r"Try again|as before|finds the cause", said)
    return said


def until(holds, seconds=30.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def exists(pid: int) -> bool:
    """Whether the process is there; one that has ended is there until it is reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- started beforehand ---------------------------------------------------------------------------------------------


def test_a_process_that_is_prepared_is_the_one_that_computes(at_work, started):
    prepared = at_work()
    assert not started  # not by itself
    prepared.prepare()
    assert until(lambda: started)
    ask(prepared)
    assert len(started) == 1


def test_whoever_prepares_does_not_wait_and_many_at_once_start_one_process(at_work, started, monkeypatch):
    prepared, popen, go_on = at_work(), worker.subprocess.Popen, threading.Event()

    def slow(*arguments, **more):
        assert go_on.wait(30)
        return popen(*arguments, **more)

    monkeypatch.setattr(worker.subprocess, "Popen", slow)
    threads = [threading.Thread(target=prepared.prepare) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads) and not started
    go_on.set()
    assert until(lambda: started)
    prepared.prepare()
    ask(prepared)
    assert len(started) == 1


def test_a_process_at_work_is_neither_disturbed_nor_doubled_nor_waited_for(at_work, started):
    busy = at_work("channel.send('note', note='at work'); time.sleep(1)")
    job = Watching()
    thread = threading.Thread(target=ask, args=(busy, job))
    thread.start()
    assert until(lambda: "at work" in job.told)
    begun = time.monotonic()
    busy.prepare()
    assert time.monotonic() - begun < 0.5 and thread.is_alive()
    thread.join(30)
    assert len(started) == 1


def test_a_process_that_cannot_live_is_not_prepared_at_every_redraw(at_work, started, monkeypatch):
    short = at_work(before="os._exit(3)")
    for _ in range(3):
        short.prepare()
        assert until(lambda: started and started[-1].poll() is not None)
    assert len(started) == 1
    monkeypatch.setattr(worker, "PREPARE_SECONDS", -1)
    short.prepare()
    assert until(lambda: len(started) == 2)


def test_pytorch_is_said_to_start_until_it_has(at_work):
    fresh = at_work("channel.send('note', note='at work')")
    first, second = Watching(), Watching()
    ask(fresh, first)
    ask(fresh, second)
    assert (first.told, second.told) == (["Starting PyTorch", "at work"], ["at work"])


# --- short of memory ------------------------------------------------------------------------------------------------


def test_where_memory_is_short_nothing_is_prepared_and_whoever_asks_is_told(at_work, started, free):
    short, free[0] = at_work(), 210 * 10**6
    short.prepare()
    said = failure(short, NotEnoughMemory)
    assert "too little memory to train right now (210 MB are free" in said and not started
    free[0] = PLENTY
    ask(short)
    assert len(started) == 1


def test_a_process_that_is_there_needs_less_but_some(at_work, started, free):
    short = at_work()
    ask(short)
    free[0] = 300 * 10**6
    ask(short)
    free[0] = 50 * 10**6
    assert "50 MB are free" in failure(short, NotEnoughMemory)
    free[0] = None  # a system that does not say
    ask(short)
    assert len(started) == 1


@pytest.mark.parametrize(
    "error",
    [
        "MemoryError()",
        "RuntimeError('[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: not enough memory: you tried 9 bytes')",
        'RuntimeError("DefaultCPUAllocator: can\'t allocate memory: you tried to allocate 9 bytes")',
    ],
)
def test_a_computation_that_runs_out_of_memory_says_so_and_the_process_goes_on(at_work, started, error):
    short = at_work(f"raise {error}")
    assert "too little memory" in failure(short, NotEnoughMemory)
    failure(short, NotEnoughMemory)
    assert len(started) == 1


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="the kernel chooses otherwise")
def test_where_the_kernel_must_end_a_process_it_ends_the_worker_before_the_server(at_work):
    said = Watching()
    ask(at_work("channel.send('note', note=open('/proc/self/oom_score_adj').read().strip())"), said)
    assert int(said.told[-1]) > int(Path("/proc/self/oom_score_adj").read_text())


# --- libraries, disk, the system ------------------------------------------------------------------------------------


def test_a_pytorch_that_cannot_be_loaded_is_named_as_the_cause_and_tried_again(at_work, started):
    broken = at_work(torch="None")  # an import of it is an ImportError then
    broken.prepare()
    for _ in range(2):
        assert "PyTorch cannot be loaded on this server" in failure(broken)
        assert until(lambda: started[-1].poll() is not None)
    assert len(started) == 2


def test_a_system_that_starts_no_process_is_told_in_plain_words(at_work, monkeypatch):
    def refusing(*arguments, **more):
        raise OSError(12, "Cannot allocate memory", "/usr/bin/python")

    refused = at_work()
    monkeypatch.setattr(worker.subprocess, "Popen", refusing)
    refused.prepare()  # raises nothing, now or later
    assert "cannot start another process" in failure(refused)


def test_a_full_disk_is_named_whichever_side_meets_it(at_work, monkeypatch):
    full = at_work("raise OSError(errno.ENOSPC, 'No space left on device', '/tmp/x')")
    assert "disk is full" in failure(full)

    def none_left(*arguments, **more):
        raise OSError(28, "No space left on device", "/tmp/x")

    monkeypatch.setattr(worker.tempfile, "TemporaryDirectory", none_left)
    with pytest.raises(WorkerError, match="disk is full") as caught:
        train_with(full, DIGITS, Watching())
    assert "/tmp" not in str(caught.value)


# --- the end of the process -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_a_process_that_is_killed_in_the_middle_says_what_to_try_and_the_next_one_works(at_work, started, name):
    killed = at_work(f"channel.step(1, 9); os.kill(os.getpid(), {int(getattr(signal, name))})")
    assert "ended unexpectedly" in failure(killed)
    at_work()  # what the next process does
    ask(killed)
    assert len(started) == 2 and not exists(started[0].pid)


def test_a_process_that_has_idled_ends_and_is_reaped_though_nobody_asks_for_it(at_work, started):
    idle = at_work(before="worker.IDLE_SECONDS = 0.1")
    ask(idle)
    assert until(lambda: not exists(started[0].pid))  # a zombie would still be there
    ask(idle)
    assert len(started) == 2


def test_a_worker_that_nobody_holds_any_more_ends_its_process(at_work, started):
    at_work()
    dropped = Worker()
    ask(dropped)
    pid = started.pop().pid
    del dropped
    gc.collect()
    assert until(lambda: not exists(pid))


def test_a_request_that_is_cancelled_ends_at_its_next_step(at_work):
    long = at_work("[(channel.step(i, 10**6), time.sleep(0.06)) for i in range(10**6)]")
    job = Watching(cancelled=True)
    with pytest.raises(Cancelled):
        ask(long, job)
    assert len(job.told) < 100


SERVER = """
import sys, time
from test_faults import Watching
import core.jobs.worker as worker
worker.COMMAND = (sys.executable, "-c", sys.argv[1])
worker.memory.available = lambda: None
one = worker.Worker()
one.call({"do": "train"}, Watching())
print(one._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks the kernel for the state of a process")
def test_a_server_that_is_killed_takes_the_process_with_it(at_work):
    at_work()
    paths = os.pathsep.join([str(worker.ROOT), str(Path(__file__).parent)])
    command = [sys.executable, "-c", SERVER, worker.COMMAND[-1]]
    environment = {**os.environ, "PYTHONPATH": paths}
    server = subprocess.Popen(command, cwd=worker.ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    pid = int(server.stdout.readline())
    assert exists(pid)
    server.kill()
    server.wait(30)

    def is_gone() -> bool:  # or waits for its new parent, which is none of ours
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] in "ZX"

    assert until(is_gone)
