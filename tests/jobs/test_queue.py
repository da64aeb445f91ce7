from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from core.jobs import queue as jobs
from core.jobs.queue import Cancelled, JobQueue, QueueFull


class ByHand(Executor):
    """An executor that works when told to, on the caller's thread: what happens when is then up to the test."""

    def __init__(self):
        self.waiting = []

    def submit(self, work):
        self.waiting.append((Future(), work))
        return self.waiting[-1][0]

    def run(self, n: int = 1):
        for _ in range(n):
            future, work = self.waiting.pop(0)
            if future.set_running_or_notify_cancel():
                future.set_result(work())


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def worker() -> ByHand:
    return ByHand()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(worker, clock) -> JobQueue:
    return JobQueue(executor=worker, clock=clock, max_waiting=4, max_per_session=3, kept=3, grace=15.0)


def submit(queue, keys: str, session: str = "ann", work=lambda job: job.key):
    """A job for each letter."""
    return [queue.submit(key, work, session=session) for key in keys]


def states(submitted) -> list[str]:
    return [job.snapshot().state for job in submitted]


class Work:
    """Work of `total` steps that calls `between` after each; remembers how often it began and how far it came."""

    def __init__(self, total: int = 3, between=lambda job, done: None):
        self.total, self.between, self.begun, self.done = total, between, 0, 0

    def __call__(self, job):
        self.begun += 1
        for done in range(1, self.total + 1):
            self.done = done
            job.step(done, self.total)
            self.between(job, done)
        return "result"


# --- one job per key ------------------------------------------------------------------------------------------------


def test_many_sessions_that_ask_for_one_key_share_one_job(queue, worker):
    work = Work()
    shared = {id(queue.submit("a", work, session=f"session {i}")) for i in range(30)}
    worker.run()
    assert len(shared) == 1 and work.begun == 1 and not worker.waiting
    assert queue.find("a").snapshot().result == "result"


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for(queue, worker):
    order = []
    submitted = submit(queue, "cab", work=lambda job: order.append(job.key))
    assert [job.snapshot().position for job in submitted] == [0, 1, 2]
    worker.run()
    assert [job.snapshot().position for job in submitted] == [0, 0, 1]
    worker.run(2)
    assert order == ["c", "a", "b"] and states(submitted) == ["done"] * 3


def test_a_result_is_kept_and_not_computed_again(queue, worker):
    work = Work()
    (job,) = submit(queue, "a", "ann", work)
    worker.run()
    assert submit(queue, "a", "bob", work) == [job] and work.begun == 1 and not worker.waiting


def test_a_result_that_its_only_watcher_left_is_still_kept(queue, worker):
    work = Work()
    (job,) = submit(queue, "a", "ann", work)
    worker.run()
    queue.leave(job, "ann")
    assert job.snapshot().state == "done"
    assert submit(queue, "a", "bob", work) == [job] and not worker.waiting


def test_only_the_last_finished_jobs_are_remembered(queue, worker):
    for i, key in enumerate("abcde"):
        submit(queue, key, f"session {i}")
        worker.run()
    submit(queue, "f", "another")
    assert [key for key in "abcdef" if queue.find(key)] == list("cdef")


def test_a_finished_job_can_be_forgotten_and_a_live_one_not(queue, worker):
    (waiting,) = submit(queue, "a")
    queue.forget("a")
    assert queue.find("a") is waiting
    worker.run()
    queue.forget("a")
    queue.forget("unheard of")
    assert queue.find("a") is None and submit(queue, "a") != [waiting]


# --- progress -------------------------------------------------------------------------------------------------------


def test_a_snapshot_shows_state_progress_parts_and_note_at_its_moment(queue, worker):
    seen = []

    def work(job):
        job.say("Reading the images")
        seen.append(job.snapshot())
        for epoch in (1, 2):
            job.step(epoch, 2)
            job.add(f"record {epoch}")
            seen.append(job.snapshot())
        return 42

    (job,) = submit(queue, "a", work=work)
    seen.append(job.snapshot())
    worker.run()
    seen.append(job.snapshot())
    assert [(s.state, s.done, s.total, s.note, s.parts, s.result) for s in seen] == [
        ("waiting", 0, 0, "", (), None),
        ("running", 0, 0, "Reading the images", (), None),
        ("running", 1, 2, "", ("record 1",), None),
        ("running", 2, 2, "", ("record 1", "record 2"), None),
        ("done", 2, 2, "", ("record 1", "record 2"), 42),
    ]
    assert [s.is_live for s in seen] == [True, True, True, True, False]


def test_the_time_left_follows_the_pace_of_the_steps(queue, worker, clock):
    """A step every 2 seconds: once two are done, the pace is known and n more take 2n seconds."""
    left = []

    def tick(job, _):
        left.append(job.snapshot().seconds_left)
        clock.now += 2.0

    (job,) = submit(queue, "a", work=Work(5, tick))
    assert job.snapshot().seconds_left is None
    worker.run()
    assert left == [None, pytest.approx(6.0), pytest.approx(4.0), pytest.approx(2.0), pytest.approx(0.0)]


def test_a_page_sees_the_progress_of_a_job_that_runs_on_another_thread():
    stepped, go_on = threading.Event(), threading.Event()

    def work(job):
        job.step(3, 10)
        stepped.set()
        assert go_on.wait(5)
        return threading.current_thread()

    with ThreadPoolExecutor(1) as executor:
        job = JobQueue(executor=executor).submit("a", work, session="ann")
        assert stepped.wait(5)
        assert (job.snapshot().state, job.snapshot().done, job.snapshot().total) == ("running", 3, 10)
        go_on.set()
        job.future.result(5)
    assert job.snapshot().state == "done" and job.snapshot().result is not threading.current_thread()


def test_one_thread_works_for_all_where_no_executor_is_given():
    queue = JobQueue()
    at_work, most = [], []

    def work(job):
        at_work.append(job.key)
        most.append(len(at_work))
        at_work.remove(job.key)
        return threading.current_thread().name

    submitted = [queue.submit(str(i), work, session=f"session {i}") for i in range(6)]
    for job in submitted:
        job.future.result(5)
    assert most == [1] * 6 and len({job.result for job in submitted}) == 1
    queue._executor.shutdown()


# --- cancelling -----------------------------------------------------------------------------------------------------


def test_a_job_that_one_of_two_watchers_leaves_goes_on(queue, worker):
    work = Work(3, lambda job, done: queue.leave(job, "ann") if done == 1 else None)
    (job,) = submit(queue, "a", "ann", work)
    submit(queue, "a", "bob", work)
    worker.run()
    assert job.snapshot().state == "done" and job.snapshot().result == "result"


def test_a_running_job_that_its_last_watcher_leaves_ends_at_its_next_step(queue, worker):
    def leave(job, done):
        if done == 2:
            queue.leave(job, "ann")
            queue.leave(job, "bob")

    work = Work(10, leave)
    (job,) = submit(queue, "a", "ann", work)
    submit(queue, "a", "bob", work)
    worker.run()
    assert job.snapshot().state == "cancelled" and work.done == 3 and job.snapshot().error is None


def test_a_running_job_that_is_left_ends_at_its_next_word_too(queue, worker):
    def work(job):
        queue.leave(job, "ann")
        job.say("Unpacking")
        pytest.fail("it went on")

    (job,) = submit(queue, "a", work=work)
    worker.run()
    assert job.snapshot().state == "cancelled"


def test_a_waiting_job_that_its_last_watcher_leaves_never_begins(queue, worker):
    work = Work()
    first, second = submit(queue, "ab", work=work)
    queue.leave(second, "ann")
    assert states([first, second]) == ["waiting", "cancelled"]
    worker.run(2)
    assert states([first, second]) == ["done", "cancelled"] and work.begun == 1


def test_a_cancelled_key_can_be_asked_for_again(queue, worker):
    work = Work()
    (old,) = submit(queue, "a", work=work)
    queue.leave(old, "ann")
    (new,) = submit(queue, "a", work=work)
    worker.run(2)
    assert new is not old and states([old, new]) == ["cancelled", "done"] and work.begun == 1


def test_a_key_that_is_asked_for_again_while_its_cancelled_job_still_runs_gets_a_job_of_its_own(queue, worker):
    new = []

    def leave_and_ask(job, done):
        if done == 1:
            queue.leave(job, "ann")
            new.extend(submit(queue, "a", "bob", Work()))

    (old,) = submit(queue, "a", "ann", Work(5, leave_and_ask))
    worker.run(2)
    assert states([old, *new]) == ["cancelled", "done"] and queue.find("a") is new[0] is not old


def test_a_program_that_ends_does_not_wait_for_its_jobs():
    program = (
        "import time; from core.jobs.queue import JobQueue; q = JobQueue();"
        "[q.submit(k, lambda job: time.sleep(60), session='a') for k in 'ab']; time.sleep(0.2)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], timeout=20, check=True)


def test_a_queue_of_jobs_that_everybody_left_takes_a_newcomer():
    now, started, go_on = [0.0], threading.Event(), threading.Event()
    queue = JobQueue(max_waiting=2, clock=lambda: now[0])
    queue.submit("a", lambda job: (started.set(), go_on.wait(30)), session="gone")
    assert started.wait(30)
    for key in "bc":
        queue.submit(key, lambda job: None, session="gone")
    now[0] = jobs.GRACE + 1
    job = queue.submit("d", lambda job: "done", session="new")
    go_on.set()
    job.future.result(timeout=30)
    assert job.snapshot().result == "done"


# --- failing --------------------------------------------------------------------------------------------------------


def test_a_failure_is_kept_with_its_error_and_not_repeated_until_asked(queue, worker, caplog):
    begun = []

    def work(job):
        begun.append(job)
        job.step(1, 2)
        raise ZeroDivisionError("the loss is no number")

    (job,) = submit(queue, "a", work=work)
    (other,) = submit(queue, "b")
    worker.run(2)
    snapshot = queue.find("a").snapshot()
    assert snapshot.state == "failed" and isinstance(snapshot.error, ZeroDivisionError) and not snapshot.is_live
    assert len(begun) == 1 and not worker.waiting and "the loss is no number" in caplog.text
    assert other.snapshot().state == "done"  # the worker survives
    (again,) = submit(queue, "a", work=lambda job: "well")
    worker.run()
    assert again is not job and again.snapshot().result == "well" and job.snapshot().error is snapshot.error


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_a_full_queue_refuses_another_key_but_not_one_that_it_has(queue, worker):
    for i, key in enumerate("abcd"):
        submit(queue, key, f"session {i}")
    with pytest.raises(QueueFull, match=r"^4 computations are waiting already"):
        submit(queue, "e", "late")
    assert submit(queue, "a", "late")[0] is queue.find("a") and queue.find("e") is None
    worker.run()
    (let_in,) = submit(queue, "e", "late")
    worker.run(4)
    assert let_in.snapshot().state == "done"


def test_a_running_job_does_not_count_as_waiting(queue, worker):
    def fill(job, done):
        for i, key in enumerate("bcde" if done == 1 else ""):
            submit(queue, key, f"session {i}")

    (job,) = submit(queue, "a", work=Work(1, fill))
    worker.run()
    assert states([job, *map(queue.find, "bcde")]) == ["done"] + ["waiting"] * 4


def test_waiting_jobs_that_nobody_watches_any_more_leave_room(queue, clock):
    for i, key in enumerate("abcd"):
        submit(queue, key, f"session {i}")
    clock.now += 16
    queue.watch(queue.find("a"), "session 0")
    assert submit(queue, "e", "late")[0].snapshot().state == "waiting"


def test_a_session_that_asks_for_too_much_leaves_its_oldest(queue, worker):
    first, second, third = submit(queue, "abc")
    (fourth,) = submit(queue, "d")
    assert states([first, second, third, fourth]) == ["cancelled", "waiting", "waiting", "waiting"]
    assert submit(queue, "b") == [second]  # one that it has already is no further one
    worker.run(4)
    assert states([first, second, third, fourth]) == ["cancelled", "done", "done", "done"]


def test_what_a_session_leaves_for_another_job_stays_with_those_who_share_it(queue, worker):
    (shared,) = submit(queue, "a", "ann")
    submit(queue, "a", "bob")
    submit(queue, "bcd", "ann")
    worker.run()
    assert shared.snapshot().state == "done"


def test_finished_jobs_do_not_count_for_a_session(queue, worker):
    done = submit(queue, "abc")
    worker.run(3)
    more = submit(queue, "def")
    assert states([*done, *more]) == ["done"] * 3 + ["waiting"] * 3


# --- abandoned jobs -------------------------------------------------------------------------------------------------


def gone_after(clock, step: int):
    def between(job, done):
        if done == step:
            clock.now += 16  # more than the grace, and no heartbeat

    return between


def test_an_abandoned_job_finishes_on_an_idle_machine(queue, worker, clock):
    (job,) = submit(queue, "a", work=Work(5, gone_after(clock, 2)))
    worker.run()
    assert job.snapshot().state == "done"


def test_an_abandoned_job_stops_as_soon_as_somebody_waits_for_another(queue, worker, clock):
    def gone_and_another_comes(job, done):
        if done == 2:
            clock.now += 16
            submit(queue, "b", "bob")

    work = Work(10, gone_and_another_comes)
    (job,) = submit(queue, "a", "ann", work)
    worker.run(2)
    assert states([job, queue.find("b")]) == ["cancelled", "done"] and work.done == 3


def test_an_abandoned_job_goes_on_where_the_others_that_wait_are_abandoned_too(queue, worker, clock):
    (job, other) = submit(queue, "ab", work=Work(5, gone_after(clock, 2)))
    worker.run()
    assert states([job, other]) == ["done", "waiting"]


def test_a_heartbeat_keeps_a_job_while_others_wait(queue, worker, clock):
    def heartbeat(job, done):
        clock.now += 14
        queue.watch(job, "ann")
        if done < 5:
            queue.watch(queue.find("b"), "bob")

    (job,) = submit(queue, "a", "ann", Work(5, heartbeat))
    submit(queue, "b", "bob")
    worker.run()
    assert job.snapshot().state == "done"


def test_a_waiting_job_that_was_abandoned_gives_way_before_it_begins(queue, worker, clock):
    work = Work()
    submit(queue, "a", "ann", work)
    clock.now += 16
    submit(queue, "b", "bob")
    worker.run(2)
    assert states([queue.find("a"), queue.find("b")]) == ["cancelled", "done"] and work.begun == 0


def test_work_that_ends_itself_is_cancelled_and_no_failure(queue, worker):
    def work(job):
        raise Cancelled

    (job,) = submit(queue, "a", work=work)
    worker.run()
    assert job.snapshot().state == "cancelled" and job.snapshot().error is None


def test_many_threads_may_ask_watch_and_leave_at_once():
    begun, lock = [], threading.Lock()

    def work(job):
        with lock:
            begun.append(job.key)
        job.step(1, 1)

    with ThreadPoolExecutor(1) as executor:
        queue = JobQueue(executor=executor, max_waiting=1000, max_per_session=1000)
        gate = threading.Barrier(8)

        def session(name):
            gate.wait(5)
            for i in range(20):
                job = queue.submit(str(i), work, session=name)
                queue.watch(job, name)
                job.snapshot()

        threads = [threading.Thread(target=session, args=(f"session {n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for i in range(20):
            if job := queue.find(str(i)):
                job.future.result(5)
    assert sorted(begun) == sorted(map(str, range(20)))
