"""Computing on a Dask cluster, both ends of it, when REGLAB_DASK names its scheduler.

`Cluster` takes the place of core.jobs.worker.Worker: the same requests, progress and results, so that a queue with
more threads (`jobs_at_once`) is all that is needed besides. What a Dask worker runs is the process of
core/jobs/worker.py, on its own machine: the same program with the same threads, hence the same bits; the images are
those of its REGLAB_DATA or cache folder. Two servers that ask for the same share one computation, which ends when
neither wants it any more.

Where the cluster cannot be used (nobody answers, it has no workers, they run other code) the work is done on this
machine instead, one job at a time, and the log says why.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import queue
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.data import DataError
from core.jobs.queue import Cancelled, Job
from core.jobs.worker import Worker, WorkerError, WorkerFault
from core.results.run import EpochRecord

log = logging.getLogger(__name__)

JOBS_AT_ONCE = 8
"""Jobs that one server hands to the cluster at once; the scheduler divides them among the workers there are."""

PATIENCE = 3.0
"""Seconds within which the scheduler has to answer."""

REST = 30.0
"""Seconds for which a cluster that failed is not tried again."""

WORKERLESS = 10.0
"""Seconds for which a cluster may have no worker (it is being started, or grows on demand) before it is given up."""

SILENCE = 90.0
"""Seconds without a word after which a computation that had begun counts as lost."""

REPORT_SECONDS = 0.2
"""Steps are reported over the network no more often than this."""

ERRORS = {"DataError": DataError, "WorkerError": WorkerError, "WorkerFault": WorkerFault}
"""What a computation may fail with → the same here. A WorkerError of another kind comes as one."""

RECORDS, STEPS = "reglab records", "reglab steps"
"""The scheduler's topics. It keeps the last thousand of each; who joins a computation late reads its records there."""


class ClusterError(RuntimeError):
    """The cluster cannot be used: says why. The work can be done elsewhere."""


def worker_or_cluster() -> Worker | Cluster:
    """What computes for this server: the cluster of REGLAB_DASK, else a process on this machine."""
    address = os.environ.get("REGLAB_DASK", "").strip()
    return Cluster(address, Worker()) if address else Worker()


def trains_elsewhere() -> bool:
    """Whether a run that was not precomputed may come from another machine."""
    return any(os.environ.get(name, "").strip() for name in ("REGLAB_DASK", "REGLAB_STORE"))


def jobs_at_once() -> int:
    """How many jobs the queue may have running at a time."""
    return JOBS_AT_ONCE if os.environ.get("REGLAB_DASK", "").strip() else 1


# --- the server's end -----------------------------------------------------------------------------------------------


class Cluster:
    """The server's end of the cluster at `address`; `local` computes what the cluster cannot."""

    def __init__(self, address: str, local: Worker):
        self.address, self.local = address, local
        self._client: Any = None
        self._loop: Any = None
        self._lock = threading.Lock()
        self._listeners: dict[str, list[queue.SimpleQueue]] = {}
        self._resting_until = -float("inf")
        self._said: str | None = None

    def prepare(self) -> None:
        """Nothing: PyTorch is there already, on the cluster's workers."""

    def call(self, request: dict[str, Any], job: Job) -> None:
        """Send one request and pass what comes back on to `job`, until the work is done; as Worker.call.

        Raises Cancelled where the job ended it, DataError or WorkerError where it failed.
        """
        watched = _Watched(job)
        if request["do"] != "fetch":  # which is about this machine's images
            try:
                return self._call_there(request, watched)
            except ClusterError as error:
                self._say(str(error))
        return self.local.call(request, watched)

    def close(self) -> None:
        """Let go of the scheduler, and end the process on this machine, if there are any."""
        with self._lock:
            self._forget_client()
        self.local.close()

    def _call_there(self, request: dict[str, Any], job: _Watched) -> None:
        job.say("Asking the cluster")
        client = self._connected()
        folder = Path(request["folder"])
        runs = [(folder / f"run-{i}.npz").read_bytes() for i in range(request.get("runs", 0))]
        task = {name: told for name, told in request.items() if name != "folder"}
        key = _key_of(task)
        while True:
            end = self._computed(client, key, (task, runs, about_this_machine()), job)
            if end["event"] == "done":
                (folder / "result.npz").write_bytes(end["content"])
                return
            if end["event"] == "refused":
                raise ClusterError(end["message"])
            if end["event"] == "failed":
                raise ERRORS.get(end["kind"], WorkerError)(end["message"])
            time.sleep(0.1)  # it ended because nobody wanted it: just before we did

    def _computed(self, client: Any, key: str, told: tuple, job: _Watched) -> dict[str, Any]:
        """How the computation of this key ended. Raises Cancelled, and ClusterError where it cannot be known."""
        from distributed import KilledWorker

        with self._listening(key) as events:
            future = client.submit(_compute, key, *told, key=key, pure=False)
            try:
                for event in _history(client, key):
                    job.hear(event)
                self._wait(client, future, events, job)
                return future.result(timeout=PATIENCE * 10)
            except KilledWorker as error:
                raise WorkerError(
                    "The cluster's workers ended while they computed this, one after the other. Most likely they ran "
                    "out of memory. Try again, with fewer training images if it happens twice."
                ) from error
            except (Cancelled, ClusterError):
                raise
            except Exception as error:  # lost, or something that the worker there could not load
                raise ClusterError(f"a computation was lost there ({type(error).__name__}: {error})") from error
            finally:
                with suppress(Exception):
                    future.release()  # nobody else wants it: the worker there sees that, and ends

    def _wait(self, client: Any, future: Any, events: queue.SimpleQueue, job: _Watched) -> None:
        """Pass events on until the future is finished."""
        begun, heard, workers_seen, next_look = False, time.monotonic(), time.monotonic(), 0.0
        while not future.done():
            try:
                event = events.get(timeout=0.1)
            except queue.Empty:
                job.go_on("Waiting for a worker of the cluster")
                now = time.monotonic()
                if begun and now - heard > SILENCE:
                    raise ClusterError(f"nothing was heard for {SILENCE:.0f} s") from None
                if not begun and now > next_look:
                    next_look = now + PATIENCE
                    if _workers(client):
                        workers_seen = time.monotonic()
                    elif time.monotonic() - workers_seen > WORKERLESS:
                        raise ClusterError("it has no workers") from None
                continue
            begun, heard = True, time.monotonic()
            _hear(client, event, job)
        with suppress(queue.Empty):
            while True:
                _hear(client, events.get_nowait(), job)

    @contextmanager
    def _listening(self, key: str) -> Iterator[queue.SimpleQueue]:
        events: queue.SimpleQueue = queue.SimpleQueue()
        with self._lock:
            self._listeners.setdefault(key, []).append(events)
        try:
            yield events
        finally:
            with self._lock:
                self._listeners[key].remove(events)
                if not self._listeners[key]:
                    del self._listeners[key]

    def _on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        for events in self._listeners.get(event[1]["key"], ()):
            events.put(event[1])

    def _connected(self) -> Any:
        with self._lock:
            if self._client is not None and self._client.status == "running":
                return self._client
            self._forget_client()
            if time.monotonic() < self._resting_until:
                raise ClusterError(self._said or "it did not answer a moment ago")
            try:
                self._client = self._new_client()
            except ClusterError:
                self._resting_until = time.monotonic() + REST
                raise
            if self._said:
                self._said = None
                log.warning("the cluster %s answers again", self.address)
            return self._client

    def _new_client(self) -> Any:
        try:
            from distributed import Client
            from distributed.utils import LoopRunner
        except ImportError as error:
            raise ClusterError("the package distributed is missing: pip install -r requirements-cluster.txt") from error
        if self._loop is None:
            self._loop = LoopRunner()  # one thread for all clients: each would leave its own when it cannot connect
            self._loop.start()
        client = Client.__new__(Client)
        try:
            client.__init__(self.address, loop=self._loop.loop, timeout=PATIENCE, set_as_default=False, name="reglab")
        except Exception as error:  # refused, no such host, no address, another version's protocol
            # Closed now: else it closes itself when it is collected, which can be while the next one is made, under the
            # lock that closing asks for, and both wait for ever.
            _close(client)
            raise ClusterError(f"it does not answer ({type(error).__name__}: {error})") from error
        for topic in (RECORDS, STEPS):
            client.subscribe_topic(topic, self._on_event)
        return client

    def _forget_client(self) -> None:
        if self._client is not None:
            _close(self._client)
            self._client = None

    def _say(self, why: str) -> None:
        if why != self._said:  # once, until it works again
            self._said = why
            log.warning("the cluster %s cannot be used: %s. Computing on this machine.", self.address, why)


def _close(client: Any) -> None:
    with suppress(Exception):  # it did not get far enough, or the scheduler is gone
        client.close(timeout=PATIENCE)


class _Watched:
    """A job as the cluster reports to it: an epoch that was told before is not told again. When a worker dies, another
    begins from the first epoch, and so does this machine when the cluster is lost; the records are the same."""

    def __init__(self, job: Job):
        self._job, self._epoch, self._at = job, 0, (0, 0)

    def say(self, note: str) -> None:
        self._job.say(note)

    def step(self, done: int, total: int) -> None:
        self._at = (done, total)
        self._job.step(done, total)

    def add(self, record: EpochRecord) -> None:
        if record.epoch > self._epoch:
            self._epoch = record.epoch
            self._job.add(record)

    def lacks_before(self, event: dict[str, Any]) -> bool:
        """Whether an epoch is missing between those that were told and the one of this event."""
        return event["event"] == "record" and event["record"]["epoch"] > self._epoch + 1

    def go_on(self, note: str) -> None:
        """Raise Cancelled where the job should end; `note` is what it waits for, while it has not begun."""
        if self._at[1]:
            self._job.step(*self._at)
        else:
            self._job.say(note)

    def hear(self, event: dict[str, Any]) -> None:
        if event["event"] == "step":
            self.step(event["done"], event["total"])
        elif event["event"] == "record":
            self.add(EpochRecord(**event["record"]))
        elif event["event"] == "note":
            self.say(event["note"])


def _history(client: Any, key: str) -> list[dict[str, Any]]:
    """The records of a computation that another server asked for before."""
    told = client.sync(client.scheduler.events, topic=RECORDS, callback_timeout=PATIENCE)
    return [event for _, event in told if event["key"] == key]


def _hear(client: Any, event: dict[str, Any], job: _Watched) -> None:
    """Pass one event on, after the records that were told between the look into the history and the first that came by
    itself: that the scheduler should tell us is a message of its own, which may be slower than the look."""
    if job.lacks_before(event):
        for told in _history(client, event["key"]):
            job.hear(told)
    job.hear(event)


def _workers(client: Any) -> int:
    return len(client.sync(client.scheduler.ncores, workers=None, callback_timeout=PATIENCE))


def _key_of(task: dict[str, Any]) -> str:
    """One name for the same computation by the same code, whoever asks."""
    text = json.dumps([task, about_this_machine()], sort_keys=True)
    return f"reglab-{task['do']}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


# --- the Dask worker's end ------------------------------------------------------------------------------------------


@cache
def about_this_machine() -> dict[str, str]:
    """What the bits of a result depend on besides what is asked for: the code, and the versions of what it calls."""
    core = Path(__file__).resolve().parents[1]
    sources = [core / f"{name}.py" for name in ("config", "data", "seeds")]
    for room in ("engine", "results", "jobs"):
        sources += sorted((core / room).glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    return {"the course": digest, **{name: _version(name) for name in ("torch", "numpy", "scikit-learn")}}


def _version(package: str) -> str:
    try:
        return version(package).partition("+")[0]  # the same release, whatever it was built for
    except PackageNotFoundError:
        return "none"


class _Reporter:
    """The job of a computation in a Dask worker: reports to whoever listens, and ends it when nobody wants it."""

    def __init__(self, key: str, dask_worker: Any):
        self._key, self._worker, self._last = key, dask_worker, 0.0

    def _send(self, topic: str, event: str, **more: Any) -> None:
        self._worker.log_event(topic, {"key": self._key, "event": event, **more})

    def _check(self) -> None:
        task = self._worker.state.tasks.get(self._key)
        unwanted = task is None or task.state in ("cancelled", "released", "forgotten")
        if unwanted or self._worker.status.name in ("closing", "closed", "failed"):
            raise Cancelled

    def say(self, note: str) -> None:
        self._check()
        self._send(STEPS, "note", note=note)

    def step(self, done: int, total: int) -> None:
        self._check()
        if time.monotonic() - self._last >= REPORT_SECONDS or done == total:
            self._last = time.monotonic()
            self._send(STEPS, "step", done=done, total=total)

    def add(self, record: EpochRecord) -> None:
        self._send(RECORDS, "record", record=asdict(record))


_idle: queue.SimpleQueue = queue.SimpleQueue()
"""The processes of this Dask worker that have nothing to do: as many as it has threads at most."""


@contextmanager
def _one_process() -> Iterator[Worker]:
    # Dask tells its workers' libraries to use one thread; how many a run takes is the run's own (engine.training).
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.pop(name, None)
    try:
        worker = _idle.get_nowait()
    except queue.Empty:
        worker = Worker()
    try:
        yield worker
    finally:
        _idle.put(worker)


def _compute(key: str, task: dict[str, Any], runs: list[bytes], expected: dict[str, str]) -> dict[str, Any]:
    """Run in a Dask worker: do the task, and say how it ended. runs: the files of those that the task is about."""
    from distributed import get_worker

    here, name = about_this_machine(), get_worker().address
    if differing := [what for what in expected if here.get(what) != expected[what]]:
        told = ", ".join(f"{what} {here.get(what)} instead of {expected[what]}" for what in differing)
        return {"event": "refused", "message": f"its worker {name} has {told}; install and start the same there"}
    with tempfile.TemporaryDirectory(prefix="reglab-") as folder, _one_process() as worker:
        for i, content in enumerate(runs):
            (Path(folder) / f"run-{i}.npz").write_bytes(content)
        try:
            worker.call({**task, "folder": folder}, _Reporter(key, get_worker()))
        except Cancelled:
            return {"event": "cancelled"}
        except (DataError, WorkerError) as error:
            return {"event": "failed", "kind": type(error).__name__, "message": str(error)}
        return {"event": "done", "content": (Path(folder) / "result.npz").read_bytes()}
