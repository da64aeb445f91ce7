"""The queue of everything that takes long: one job per key however many sessions ask for it.

One thread works, or several where a cluster computes (core/jobs/cluster.py), through the interface of
concurrent.futures. Sessions watch jobs by a heartbeat; nothing here knows what a session is beyond its name, and
nothing here imports torch.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Literal

log = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "failed", "cancelled"]

GRACE = 15.0
"""Seconds without a heartbeat after which a session counts as gone."""


class QueueFull(RuntimeError):
    """Too much is waiting already; says what to do instead."""


class Cancelled(Exception):
    """Raised inside a job's work to end it."""


@dataclass(frozen=True)
class Snapshot:
    """What a page shows of a job at one moment."""

    state: State
    done: int
    total: int
    """Steps, or whatever the work counts; 0 before it has begun."""
    seconds_left: float | None
    """At the pace so far; None before there is one."""
    position: int
    """How many jobs are before this one; 0 for the one that runs."""
    parts: tuple[Any, ...]
    """What the work has reported so far: epoch records."""
    note: str
    """What the work is at, where it is not yet counting: "Reading the images"."""
    error: BaseException | None
    result: Any

    @property
    def is_live(self) -> bool:
        return self.state in ("waiting", "running")


class Job:
    """One piece of work, its progress and its watchers. The work gets the job itself to report to."""

    def __init__(self, key: str, work: Callable[[Job], Any], queue: JobQueue):
        self.key, self._work, self._queue = key, work, queue
        self.future: Future | None = None
        self.state: State = "waiting"
        self.cancelled = False
        self.watchers: dict[str, float] = {}
        self._done, self._total, self._note, self._parts = 0, 0, "", []
        self._started: float | None = None
        self._first = 0
        self.result: Any = None
        self.error: BaseException | None = None

    # called by the work, on the worker's thread

    def step(self, done: int, total: int) -> None:
        """Report progress. Raises Cancelled where the work should end."""
        if self._started is None or total != self._total:
            self._started, self._first = self._queue.clock(), done
        self._done, self._total, self._note = done, total, ""
        if self._queue.should_stop(self):
            raise Cancelled

    def add(self, part: Any) -> None:
        """Report a part of the result, to be shown before the rest is there."""
        self._parts.append(part)

    def say(self, note: str) -> None:
        """Report what the work is doing before it counts steps. Raises Cancelled where the work should end."""
        self._note = note
        if self._queue.should_stop(self):
            raise Cancelled

    def run(self) -> None:
        """Do the work; what it raises is kept for the pages, never lost and never repeated by itself."""
        try:
            if self._queue.should_stop(self):
                raise Cancelled
            self.state = "running"
            self.result = self._work(self)
            self.state = "done"
        except Cancelled:
            self.state = "cancelled"
        except Exception as error:  # a page shows it; a thread that dies of it would lose it
            expected = isinstance(error, (RuntimeError, ArithmeticError))  # ours, worded for the reader
            log.warning("job %s failed: %s", self.key, error, exc_info=not expected)
            self.error, self.state = error, "failed"

    # called by pages

    def snapshot(self) -> Snapshot:
        left = None
        if self._started is not None and self._done > self._first:
            pace = (self._queue.clock() - self._started) / (self._done - self._first)
            left = pace * (self._total - self._done)
        return Snapshot(
            state=self.state,
            done=self._done,
            total=self._total,
            seconds_left=left,
            position=self._queue.position(self),
            parts=tuple(self._parts),
            note=self._note,
            error=self.error,
            result=self.result,
        )


class Threads(Executor):
    """An executor of a few daemon threads. ThreadPoolExecutor's threads keep a program alive until their work is done,
    and a server that is told to end must not finish a training first."""

    def __init__(self, count: int = 1):
        self._work: queue.SimpleQueue = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._loop, name=f"jobs {i}", daemon=True) for i in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future:
        future: Future = Future()
        self._work.put((future, fn, args, more))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work. wait: until what was submitted is done."""
        for _ in self._threads:
            self._work.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _loop(self) -> None:
        while work := self._work.get():
            future, fn, args, more = work
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(fn(*args, **more))
            except BaseException as error:  # whoever asks for the result gets it
                future.set_exception(error)


class JobQueue:
    """Bounded, first come first served, one job per key.

    max_waiting: jobs that may wait; a further one raises QueueFull. max_per_session: jobs that one session may have
    waiting or running; asking for more leaves its oldest. kept: finished jobs that are remembered.
    """

    def __init__(
        self,
        *,
        executor: Executor | None = None,
        max_waiting: int = 12,
        max_per_session: int = 8,
        kept: int = 32,
        grace: float = GRACE,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._executor = executor or Threads()
        self._jobs: dict[str, Job] = {}  # in the order in which they were asked for
        self._lock = threading.RLock()
        self.max_waiting, self.max_per_session, self.kept = max_waiting, max_per_session, kept
        self.grace, self.clock = grace, clock

    def submit(self, key: str, work: Callable[[Job], Any], *, session: str) -> Job:
        """The job of this key: the one that waits, runs or is done, else a new one. Raises QueueFull."""
        with self._lock:
            job = self._jobs[key] if self.has(key) else self._new_job(key, work)
            self.watch(job, session)
            self._leave_oldest(session)
            return job

    def has(self, key: str) -> bool:
        """Whether `submit` answers with a job that is there: waiting, running or done."""
        job = self._jobs.get(key)
        return job is not None and not job.cancelled and job.state not in ("failed", "cancelled")

    def _new_job(self, key: str, work: Callable[[Job], Any]) -> Job:
        waiting = [j for j in self._live() if j.state == "waiting" and not j.cancelled and self._is_watched(j)]
        if len(waiting) >= self.max_waiting:
            raise QueueFull(
                f"{len(waiting)} computations are waiting already, which is as many as this machine takes. Try again "
                "in a minute, or go back to a setting that is there already."
            )
        self._jobs.pop(key, None)
        job = self._jobs[key] = Job(key, work, self)
        job.watchers["(submitted)"] = self.clock()  # until the page's first heartbeat
        job.future = self._executor.submit(job.run)
        self._forget_old()
        return job

    def _forget_old(self) -> None:
        finished = [key for key, job in self._jobs.items() if job.state not in ("waiting", "running")]
        for key in finished[: max(0, len(finished) - self.kept)]:
            del self._jobs[key]

    def _leave_oldest(self, session: str) -> None:
        watched = [job for job in self._live() if session in job.watchers]
        for job in watched[: max(0, len(watched) - self.max_per_session)]:
            self.leave(job, session)

    def _live(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.state in ("waiting", "running")]

    def find(self, key: str) -> Job | None:
        """The job of this key, finished or not; None where nobody asked for it lately."""
        return self._jobs.get(key)

    def watch(self, job: Job, session: str) -> None:
        """A heartbeat: this session wants the job's result."""
        with self._lock:
            job.watchers[session] = self.clock()
            job.watchers.pop("(submitted)", None)

    def leave(self, job: Job, session: str) -> None:
        """This session wants the job no longer. It ends unless another still watches it."""
        with self._lock:
            job.watchers.pop(session, None)
            if job.state in ("waiting", "running") and not self._is_watched(job):
                job.cancelled = True
                if job.future and job.future.cancel():
                    job.state = "cancelled"

    def forget(self, key: str) -> None:
        """Drop a finished job, so that the next submit tries again."""
        with self._lock:
            job = self._jobs.get(key)
            if job and job.state not in ("waiting", "running"):
                del self._jobs[key]

    def _is_watched(self, job: Job) -> bool:
        deadline = self.clock() - self.grace
        return any(seen >= deadline for seen in job.watchers.values())

    def should_stop(self, job: Job) -> bool:
        """Whether a job should end: cancelled, or left by all while others wait.

        A job that everybody left still finishes on an idle machine: its result is stored for the next visitor.
        """
        if job.cancelled:
            return True
        with self._lock:
            if self._is_watched(job):
                return False
            return any(other is not job and self._is_watched(other) for other in self._live())

    def position(self, job: Job) -> int:
        with self._lock:
            live = self._live()
            return live.index(job) if job in live else 0
