"""Training in a process of its own, both ends of it.

Importing torch holds Python's global lock for seconds, and a training step takes it a thousand times a second: in the
server's process every page would feel it. So the server starts `python -m core.jobs.worker` when a step that can train
is opened, or when something is first to be computed, and talks to it in lines of JSON: a request down, progress and
parts up, the result as a file. The process ends when the server does, or when it had nothing to do for a while, and
gives its memory back. Where memory is short it is not started, and whoever asks for something is told so.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.data import DataError
from core.folders import given_folders
from core.jobs import memory
from core.jobs.queue import Cancelled, Job
from core.results import measurement, store
from core.results.measurement import Spec, spec_from_dict, spec_to_dict
from core.results.run import EpochRecord, Outcome, Run

log = logging.getLogger(__name__)

IDLE_SECONDS = 600
"""After so long without a request the process ends."""

REPORT_SECONDS = 0.05
"""Steps are reported no more often than this."""

PREPARE_SECONDS = 60
"""A process that ends is not prepared again sooner: one that cannot live must not be started at every redraw."""

START_BYTES, TRAIN_BYTES = 450 * memory.MB, 150 * memory.MB
"""Memory that must be free to start the process, and for what it computes once it is there (`python -m bench.live`)."""

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "core.jobs.worker")


class WorkerError(RuntimeError):
    """The computation failed in the worker's process; the message is the one it gave, and what to try."""


class WorkerFault(WorkerError):
    """What nobody foresaw failed in the worker's process. The message is that of a library: for the log, not for a
    reader."""


class NotEnoughMemory(WorkerError):
    """There is too little memory to compute; says what goes on and what to try."""

    def __init__(self, free: int | None = None):
        numbers = f" ({free // memory.MB} MB are free, PyTorch takes {START_BYTES // memory.MB} MB)" if free else ""
        super().__init__(
            f"This server has too little memory to train right now{numbers}. Everything that is computed already is "
            "shown as before. Try again in a few minutes, with fewer training images if it happens twice, or run the "
            "app on a machine of your own."
        )


NO_ROOM = (
    "The result could not be written, most likely because this server's disk is full. Everything that is computed "
    "already is shown as before. Whoever runs the server finds the cause in its log."
)

NO_TORCH = (
    "PyTorch cannot be loaded on this server, so nothing can be trained now. Everything that is computed already is "
    "shown as before. Whoever runs the server finds the cause in its log."
)

WORDED: dict[str, Callable[[str], Exception]] = {
    "DataError": DataError,
    "DivergenceError": WorkerError,
    "ArithmeticError": WorkerError,
    "MemoryError": lambda message: NotEnoughMemory(),
    "OSError": lambda message: WorkerError(NO_ROOM),
    "no PyTorch": lambda message: WorkerError(NO_TORCH),
}
"""What failed in the worker's process, where it can be worded for a reader → the error that says so."""


# --- the server's end -----------------------------------------------------------------------------------------------


class Worker:
    """The server's end of the worker's process, which is started by `prepare` or by the first call, and again after it
    ended."""

    def __init__(self):
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()  # held while the process is started, and while it works
        self._has_answered = False
        self._prepared = -math.inf
        self._ends = weakref.finalize(self, int)  # the process ends when its pipe is closed: with this, at the latest

    def prepare(self) -> None:
        """Start the process if there is none and memory allows, so that PyTorch is there when something is to be
        computed. Returns at once: the process starts beside the page that asks."""
        if not self._is_alive() and time.monotonic() - self._prepared > PREPARE_SECONDS:
            threading.Thread(target=self._prepare, name="prepare", daemon=True).start()

    def _prepare(self) -> None:
        if not self._lock.acquire(blocking=False):
            return  # it is being started, or at work
        try:
            if not self._is_alive() and time.monotonic() - self._prepared > PREPARE_SECONDS:
                self._prepared = time.monotonic()
                self._start()
        except WorkerError as error:  # nobody has asked for anything yet
            log.info("the process that computes is not started beforehand: %s", error)
        finally:
            self._lock.release()

    def call(self, request: dict[str, Any], job: Job) -> None:
        """Send one request and pass what comes back on to `job`, until the work is done.

        Raises Cancelled where the job ended it, DataError or WorkerError where it failed.
        """
        with self._lock:
            for last_try in (False, True):
                process, heard = self._started(job), False
                self._send(process, request)
                for line in process.stdout:
                    heard = self._has_answered = True
                    if not line.endswith("\n"):  # it was killed in the middle of a word
                        break
                    if self._is_end(json.loads(line), process, job):
                        return
                code = process.wait()
                # A process that said nothing had ended before the request reached it.
                if heard or last_try:
                    log.warning("the process that computes ended with exit code %s", code)
                    raise WorkerError(
                        "The process that computes ended unexpectedly. Most likely this server ran out of memory. Try "
                        "again, with fewer training images if it happens twice."
                    )

    def _is_end(self, event: dict[str, Any], process: subprocess.Popen, job: Job) -> bool:
        """Whether the work is done with this event; raises what it failed with. Other events go on to the job."""
        if event["event"] == "done":
            return True
        if event["event"] == "cancelled":
            raise Cancelled
        if event["event"] == "failed":
            raise WORDED.get(event["kind"], WorkerFault)(event["message"])
        try:
            _pass_on(event, job)
        except Cancelled:
            self._send(process, {"do": "cancel"})
        return False

    def _started(self, job: Job) -> subprocess.Popen:
        if not self._is_alive():
            self._start()
        elif (free := memory.available()) is not None and free < TRAIN_BYTES:
            raise NotEnoughMemory(free)
        if not self._has_answered:
            job.say("Starting PyTorch")
        return self._process

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self) -> None:
        free = memory.available()
        if free is not None and free < START_BYTES:
            raise NotEnoughMemory(free)
        # A thread that waits for another spins a little, then sleeps: spinning on would take the processor from the
        # pages, and sleeping at once doubles the time of an epoch.
        environment = {"GOMP_SPINCOUNT": "20000", **os.environ, **given_folders()}
        try:
            self._process = subprocess.Popen(
                COMMAND,
                cwd=ROOT,
                env=environment,
                text=True,
                bufsize=1,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            log.warning("the process that computes cannot be started: %s", error)
            raise WorkerError(
                "This server cannot start another process now, so nothing can be trained. Everything that is computed "
                "already is shown as before. Try again in a few minutes."
            ) from error
        self._has_answered = False
        self._ends.detach()
        self._ends = weakref.finalize(self, self._process.stdin.close)
        # Whoever ends is collected at once, and not when somebody next asks for it.
        threading.Thread(target=self._process.wait, name="reap", daemon=True).start()

    @staticmethod
    def _send(process: subprocess.Popen, request: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):  # it ended meanwhile; reading its output says so
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None and self._process.poll() is None:
            self._process.stdin.close()
            self._process.wait(timeout=10)


def _pass_on(event: dict[str, Any], job: Job) -> None:
    if event["event"] == "step":
        job.step(event["done"], event["total"])
    elif event["event"] == "record":
        job.add(EpochRecord(**{name: float("nan") if x is None else x for name, x in event["record"].items()}))
    elif event["event"] == "note":
        job.say(event["note"])


def _computed(
    worker: Worker, job: Job, request: dict[str, Any], read: Callable[[Path], Any], runs: Sequence[Run] = ()
) -> Any:
    """The result of a request, through files in a folder that is deleted afterwards. `runs`: what the request is
    about."""
    try:
        with tempfile.TemporaryDirectory(prefix="reglab-") as folder:
            for i, run in enumerate(runs):
                store.run_to_file(run, Path(folder) / f"run-{i}.npz")
            worker.call({**request, "folder": folder}, job)
            return read(Path(folder) / "result.npz")
    except OSError as error:
        log.warning("a result could not be handed over: %s", error)
        raise WorkerError(NO_ROOM) from error


def train_with(worker: Worker, config: RunConfig, job: Job) -> Outcome:
    """Train a config in the worker's process; epochs are added to the job as they are done."""
    return _computed(worker, job, {"do": "train", "config": config.to_dict()}, store.outcome_from_file)


def measured_with(worker: Worker, spec: Spec, job: Job, runs: Sequence[Run] = ()) -> Any:
    """The result of any measurement. runs: those at hand, with their weights; what else it needs is taken from the
    store, or trained first."""
    request = {"do": "measure", "kind": spec.kind, "spec": spec_to_dict(spec), "runs": len(runs)}
    return _computed(worker, job, request, partial(measurement.from_file, spec.kind), runs)


def fetch_with(worker: Worker, job: Job) -> None:
    """Download Fashion-MNIST, if it is nowhere yet."""
    worker.call({"do": "fetch"}, job)


# --- the process's end ----------------------------------------------------------------------------------------------


class _Channel:
    """Where the work reports to; step() raises Cancelled once the server has asked for it."""

    def __init__(self, out):
        self._out, self._last = out, 0.0
        self.cancelled = threading.Event()

    def send(self, event: str, **more: Any) -> None:
        self._out.write(json.dumps({"event": event, **more}) + "\n")
        self._out.flush()

    def step(self, done: int, total: int) -> None:
        if self.cancelled.is_set():
            raise Cancelled
        now = time.monotonic()
        if now - self._last >= REPORT_SECONDS or done == total:
            self._last = now
            self.send("step", done=done, total=total)

    def record(self, record: EpochRecord) -> None:
        numbers = asdict(record)
        self.send("record", record={name: None if x != x else x for name, x in numbers.items()})  # JSON has no nan

    def images(self, dataset: str):
        def progress(done: int, total: int) -> None:
            if self.cancelled.is_set():
                raise Cancelled
            if time.monotonic() - self._last >= REPORT_SECONDS:
                self._last = time.monotonic()
                self.send("note", note=f"Downloading: {done / 1e6:.0f} of {total / 1e6:.0f} MB of a file")

        self.send("note", note="Reading the images")
        from core.engine.fetching import load_images

        return load_images(dataset, progress)


def _train(request: dict[str, Any], channel: _Channel) -> None:
    config = RunConfig(**request["config"])
    images = channel.images(config.dataset)
    from core.engine.training import train_or_diverge

    outcome = train_or_diverge(config, images, channel.record, on_step=channel.step)
    store.outcome_to_file(outcome, Path(request["folder"]) / "result.npz")


def _measure(request: dict[str, Any], channel: _Channel) -> None:
    spec, folder = spec_from_dict(request["kind"], request["spec"]), Path(request["folder"])
    at_hand = [store.run_from_file(folder / f"run-{i}.npz") for i in range(request["runs"])]
    images = channel.images(spec.dataset)
    from core.engine.measurement import measured

    measurement.to_file(measured(spec, images, channel.step, at_hand), folder / "result.npz")


def _fetch(request: dict[str, Any], channel: _Channel) -> None:
    channel.images("fashion-mnist")


TASKS: dict[str, Callable[[dict[str, Any], _Channel], None]] = {
    "train": _train,
    "measure": _measure,
    "fetch": _fetch,
}


def _read_requests(channel: _Channel, requests: queue.Queue) -> None:
    """Pass requests on; a request to cancel is heard while another is at work. When the server is gone, so are we."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "cancel":
            channel.cancelled.set()
        else:
            channel.cancelled.clear()
            requests.put(request)
    os._exit(0)


def main() -> None:
    # What libraries print must not get between the lines of JSON.
    channel = _Channel(os.fdopen(os.dup(1), "w"))
    os.dup2(2, 1)
    _give_way()
    requests: queue.Queue = queue.Queue()
    threading.Thread(target=_read_requests, args=(channel, requests), daemon=True).start()
    try:
        import core.engine.training  # noqa: F401  torch, while the first request is on its way
    except Exception:  # a library that is missing or broken, no memory to map it: whoever asks first is told
        traceback.print_exc()
        with contextlib.suppress(queue.Empty):
            requests.get(timeout=IDLE_SECONDS)
            channel.send("failed", kind="no PyTorch", message="")
        os._exit(1)
    while True:
        try:
            request = requests.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            os._exit(0)  # at once: a request must not fall into a process that is still tidying up
        _do(request, channel)


def _give_way() -> None:
    """Pages come first: at the processor, and where memory is so short that the kernel ends a process."""
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: not on Windows
        os.nice(5)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _do(request: dict[str, Any], channel: _Channel) -> None:
    """Do one task and say how it ended; the process goes on whatever it was."""
    try:
        TASKS[request["do"]](request, channel)
    except Cancelled:
        channel.send("cancelled")
    except Exception as error:  # the server shows it
        kind = "MemoryError" if _is_out_of_memory(error) else type(error).__name__
        if kind not in WORDED or kind in ("MemoryError", "OSError"):
            traceback.print_exc()
        channel.send("failed", kind=kind, message=str(error))
    else:
        channel.send("done")


def _is_out_of_memory(error: Exception) -> bool:
    """Python's own error, or the RuntimeError of PyTorch's allocator."""
    return isinstance(error, MemoryError) or "not enough memory" in str(error) or "can't allocate memory" in str(error)


if __name__ == "__main__":
    main()
