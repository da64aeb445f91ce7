"""Training in a process of its own, both ends of it.

Importing torch holds Python's global lock for seconds, and a training step takes it a thousand times a second: in the
server's process every page would feel it. So the server starts `python -m core.jobs.worker` when something is first to
be computed, and talks to it in lines of JSON: a request down, progress and parts up, the result as a file. The process
ends when the server does, or when it had nothing to do for a while, and gives its memory back.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.data import DataError, load_images
from core.jobs.queue import Cancelled, Job
from core.results import measurement, store
from core.results.measurement import Spec, spec_from_dict, spec_to_dict
from core.results.run import EpochRecord, Outcome, Run

IDLE_SECONDS = 600
"""After so long without a request the process ends."""

REPORT_SECONDS = 0.05
"""Steps are reported no more often than this."""

ROOT = Path(__file__).resolve().parents[2]


class WorkerError(RuntimeError):
    """The computation failed in the worker's process; the message is the one it gave, and what to try."""


class WorkerFault(WorkerError):
    """What nobody foresaw failed in the worker's process. The message is that of a library: for the log, not for a
    reader."""


WORDED = {"DataError": DataError, "DivergenceError": WorkerError, "ArithmeticError": WorkerError}
"""Kinds of errors in the worker's process whose messages are worded for a reader → what the server makes of them."""


# --- the server's end -----------------------------------------------------------------------------------------------


class Worker:
    """The server's end of the worker's process, which is started by the first call and again after it ended."""

    def __init__(self):
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()

    def call(self, request: dict[str, Any], job: Job) -> None:
        """Send one request and pass what comes back on to `job`, until the work is done.

        Raises Cancelled where the job ended it, DataError or WorkerError where it failed.
        """
        with self._lock:
            for last_try in (False, True):
                process, heard = self._started(job), False
                self._send(process, request)
                for line in process.stdout:
                    heard = True
                    if not line.endswith("\n"):  # it was killed in the middle of a word
                        break
                    if self._is_end(json.loads(line), process, job):
                        return
                # A process that said nothing had ended before the request reached it.
                if heard or last_try:
                    raise WorkerError(
                        f"The process that computes ended unexpectedly (exit code {process.wait()}). Most likely this "
                        "machine ran out of memory. Try again, with fewer training images if it happens twice."
                    )
                process.wait()

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
        if self._process is None or self._process.poll() is not None:
            job.say("Starting PyTorch")
            # A thread that waits for another spins a little, then sleeps: spinning on would take the processor from
            # the pages, and sleeping at once doubles the time of an epoch.
            environment = {"GOMP_SPINCOUNT": "20000", **os.environ}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "core.jobs.worker"],
                cwd=ROOT,
                env=environment,
                text=True,
                bufsize=1,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process

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
    with tempfile.TemporaryDirectory(prefix="reglab-") as folder:
        for i, run in enumerate(runs):
            store.run_to_file(run, Path(folder) / f"run-{i}.npz")
        worker.call({**request, "folder": folder}, job)
        return read(Path(folder) / "result.npz")


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
    with contextlib.suppress(OSError):
        os.nice(5)  # pages first
    requests: queue.Queue = queue.Queue()
    threading.Thread(target=_read_requests, args=(channel, requests), daemon=True).start()
    import core.engine.training  # noqa: F401  torch, while the first request is on its way

    while True:
        try:
            request = requests.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            os._exit(0)  # at once: a request must not fall into a process that is still tidying up
        try:
            TASKS[request["do"]](request, channel)
        except Cancelled:
            channel.send("cancelled")
        except Exception as error:  # the server shows it; the process goes on
            if not isinstance(error, (DataError, ArithmeticError)):
                traceback.print_exc()
            channel.send("failed", kind=type(error).__name__, message=str(error))
        else:
            channel.send("done")


if __name__ == "__main__":
    main()
