"""Computing on a Dask cluster: a scheduler, two workers in processes of their own, and two servers' queues."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from distributed import Client, LocalCluster

from core.config import FULL
from core.data import DataError
from core.engine.training import train
from core.jobs import cluster
from core.jobs.cluster import RECORDS, Cluster
from core.jobs.queue import JobQueue, Threads
from core.jobs.worker import Worker, WorkerError, measured_with, train_with
from core.results import store
from core.results.ensemble import EnsembleSpec
from core.results.surface import SurfaceSpec


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    environment = {"REGLAB_CACHE": str(tmp_path_factory.mktemp("dask")), "REGLAB_DATA": ""}
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", env=environment) as running:
        yield running


@pytest.fixture(scope="module")
def onlooker(dask):
    with Client(dask.scheduler_address, set_as_default=False) as client:
        yield client


@pytest.fixture(scope="module")
def local():
    worker = Worker()
    close, worker.close = worker.close, lambda: None  # one process for all of these tests
    yield worker
    close()


class NotHere:
    """In the place of the process on this machine, where nothing should be computed on it."""

    def call(self, request, job):
        raise AssertionError("computed on this machine")

    def close(self):
        pass


class Server:
    """What one server of the app has: a queue, and the cluster's end."""

    def __init__(self, address: str, local=None):
        self.cluster = Cluster(address, local or NotHere())
        self.queue = JobQueue(executor=Threads(4))

    def train(self, config):
        return self.submit(f"run {config.digest}", lambda job: train_with(self.cluster, config, job))

    def measure(self, spec, runs=()):
        return self.submit(spec.file_name, lambda job: measured_with(self.cluster, spec, job, runs))

    def submit(self, key, work):
        return self.queue.submit(key, work, session="a")

    def close(self):
        self.cluster.close()
        self.queue._executor.shutdown(wait=False)


@pytest.fixture
def server(dask):
    server = Server(dask.scheduler_address)
    yield server
    server.close()


@pytest.fixture
def other(dask):
    server = Server(dask.scheduler_address)
    yield server
    server.close()


def finished(job):
    job.future.result(timeout=180)
    return job.snapshot()


def until(holds, seconds: float = 120.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def long(tiny, seed: int):
    """A run of some ten seconds."""
    return replace(tiny, epochs=200, batch_size=1, seed=seed)


def test_a_run_of_the_cluster_is_the_run_that_is_trained_here_bit_by_bit(server, tiny, digits):
    now, here = finished(server.train(tiny)), train(tiny, digits)
    assert now.state == "done", now.error
    assert [replace(r, seconds=0) for r in now.result.records] == [replace(r, seconds=0) for r in here.records]
    assert now.result.test_last == here.test_last and now.result.threads == here.threads
    assert all(np.array_equal(w, now.result.weights[name]) for name, w in here.weights.items())
    assert [r.held_out_loss for r in now.parts] == [r.held_out_loss for r in here.records]
    assert now.done == now.total == tiny.steps


def test_a_measurement_is_handed_the_runs_that_it_is_about(server, trained, digits):
    run = trained()
    now = finished(server.measure(SurfaceSpec(run.config, resolution=5, n_images=40), [run]))
    assert now.state == "done", now.error
    assert now.result.spec.run == run.config and now.result.loss.shape == (5, 5)


def test_what_was_told_before_the_scheduler_knew_of_the_listener_is_read_afterwards(server, tiny, monkeypatch):
    looked, history = [], cluster._history

    def at_first_nothing(client, key):
        looked.append(key)
        return history(client, key) if len(looked) > 1 else []

    monkeypatch.setattr(cluster, "_history", at_first_nothing)
    listen = server.cluster._on_event

    def late(event):
        if event[1].get("record", {}).get("epoch", 9) >= 4:
            listen(event)

    monkeypatch.setattr(server.cluster, "_on_event", late)
    now = finished(server.train(replace(tiny, epochs=12, batch_size=4, seed=12)))
    assert now.state == "done", now.error
    assert now.parts == now.result.records and len(looked) == 2


def test_what_two_servers_ask_for_at_once_is_trained_once_and_seen_by_both(server, other, onlooker, tiny):
    config = replace(tiny, epochs=60, batch_size=4, seed=11)
    first = server.train(config)
    until(lambda: len(first.snapshot().parts) > 5)
    second = other.train(config)
    until(lambda: len(second.snapshot().parts) > 5)
    one, two = finished(first), finished(second)
    assert one.state == two.state == "done", (one.error, two.error)
    assert one.result.records == two.result.records  # their seconds too: it is one computation
    assert one.parts == two.parts == one.result.records
    key = cluster._key_of({"do": "train", "config": config.to_dict()})
    told = [event["record"]["epoch"] for _, event in onlooker.get_events(RECORDS) if event["key"] == key]
    assert told == list(range(1, 61))


def test_a_run_that_one_of_two_servers_cancels_goes_on_and_ends_when_both_have(server, other, onlooker, tiny):
    one, two = server.train(long(tiny, 12)), other.train(long(tiny, 12))
    until(lambda: one.snapshot().done and two.snapshot().done)
    server.queue.leave(one, "a")
    assert finished(one).state == "cancelled"
    before = two.snapshot().done
    until(lambda: two.snapshot().done > before + 100)
    other.queue.leave(two, "a")
    assert finished(two).state == "cancelled"
    until(lambda: not any(onlooker.processing().values()) and not executing(onlooker))
    assert finished(server.train(replace(tiny, seed=12))).state == "done"


def executing(onlooker) -> int:
    """Computations that the workers still have on a thread, cancelled ones too."""
    return sum(onlooker.run(lambda dask_worker: len(dask_worker.active_threads)).values())


def test_a_cancelled_run_that_is_asked_for_again_at_once_is_whole(server, tiny):
    config = replace(tiny, epochs=30, batch_size=2, seed=13)
    first = server.train(config)
    until(lambda: first.snapshot().done)
    server.queue.leave(first, "a")
    second = finished(server.train(config))
    assert second.state == "done", second.error
    assert [r.epoch for r in second.parts] == list(range(1, 31))


def test_as_many_jobs_run_at_once_as_there_are_workers_and_the_next_one_waits(server, tiny):
    jobs = [server.train(long(tiny, seed)) for seed in (21, 22, 23)]
    until(lambda: sum(job.snapshot().done > 0 for job in jobs) == 2)
    before = [job.snapshot().done for job in jobs]
    until(lambda: sum(job.snapshot().done > old for job, old in zip(jobs, before, strict=True)) == 2)
    waiting = next(job for job in jobs if not job.snapshot().done)
    until(lambda: waiting.snapshot().note == "Waiting for a worker of the cluster")
    for job in jobs:
        server.queue.leave(job, "a")
    assert [finished(job).state for job in jobs] == ["cancelled"] * 3


def test_what_fails_there_says_why_as_it_would_here(server, tiny):
    now = finished(server.measure(EnsembleSpec(tiny)))
    assert now.state == "failed" and isinstance(now.error, WorkerError) and "without dropout" in str(now.error)


def test_images_are_those_of_the_worker_and_their_absence_is_said(server, monkeypatch):
    monkeypatch.setattr("core.engine.fetching.load_images", lambda *_: pytest.fail("the server read the images"))
    now = finished(server.train(replace(FULL, epochs=1)))
    assert now.state == "failed" and isinstance(now.error, DataError) and "REGLAB_DATA" in str(now.error)


def test_a_found_run_needs_no_training(server, other, tiny, monkeypatch, tmp_path):
    monkeypatch.setenv("REGLAB_STORE", f"file://{tmp_path}/shared")
    config = replace(tiny, seed=31)
    store.save_run(finished(server.train(config)).result)
    monkeypatch.setenv("REGLAB_CACHE", str(tmp_path / "another"))
    assert store.load_outcome(config, now=True).config == config


def test_a_run_whose_worker_is_killed_is_trained_by_another_and_no_epoch_is_told_twice(server, onlooker, tiny):
    config = replace(tiny, epochs=60, batch_size=2, seed=14)
    job = server.train(config)
    until(lambda: len(job.snapshot().parts) > 3)
    at = next(address for address, keys in onlooker.processing().items() if keys)
    os.kill(onlooker.run(os.getpid, workers=[at])[at], signal.SIGKILL)
    now = finished(job)
    assert now.state == "done", now.error
    assert [r.epoch for r in now.parts] == list(range(1, 61))
    assert [r.held_out_loss for r in now.parts] == [r.held_out_loss for r in now.result.records]


# --- a cluster that cannot be used: this machine computes, and the log says why ---------------------------------------


def loops() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "IO loop"}


def trained_here(server, tiny, caplog, *words, times: int = 1):
    for seed in range(2):
        now = finished(server.train(replace(tiny, seed=seed)))
        assert now.state == "done", now.error
        assert [r.epoch for r in now.parts] == list(range(1, tiny.epochs + 1))
    said = [record.getMessage() for record in caplog.records if record.name == cluster.__name__]
    assert len(said) == times and all(word in said[0] for word in ("Computing on this machine", *words))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp://no.such.host.invalid:8786", "nonsense://x", "tcp://"])
def test_a_scheduler_that_does_not_answer_is_asked_once_in_a_while(address, local, tiny, caplog, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.3)
    monkeypatch.setattr(cluster, "REST", 3600.0)
    server, asked = Server(address, local), []
    connect = server.cluster._new_client
    monkeypatch.setattr(server.cluster, "_new_client", lambda: asked.append(time.monotonic()) or connect())
    before, clients, begin = loops(), [], Client.__init__
    monkeypatch.setattr(Client, "__init__", lambda self, *a, **k: clients.append(self) or begin(self, *a, **k))
    trained_here(server, tiny, caplog, "does not answer")
    assert len(asked) == 1
    server.cluster._resting_until = time.monotonic()
    finished(server.train(replace(tiny, seed=5)))
    assert len(asked) == 2
    assert len(loops() - before) == 1  # what could not connect leaves no thread behind
    # Closed at once, not whenever it is collected: that could be under the lock that closing asks for.
    assert len(clients) == 2 and all(client.status in ("closed", "newly-created") for client in clients)
    server.close()


def test_a_scheduler_without_workers(local, tiny, caplog, monkeypatch):
    monkeypatch.setattr(cluster, "WORKERLESS", 0.2)
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with LocalCluster(n_workers=0, dashboard_address=":0") as empty:
        server = Server(empty.scheduler_address, local)
        trained_here(server, tiny, caplog, "no workers")
        server.close()


def test_workers_of_another_version(dask, local, tiny, caplog, monkeypatch):
    ours = cluster.about_this_machine()
    monkeypatch.setattr(cluster, "about_this_machine", lambda: {**ours, "torch": "1.0"})
    server = Server(dask.scheduler_address, local)
    finished(server.train(tiny))
    assert f"torch {ours['torch']} instead of 1.0; install and start the same" in caplog.text
    server.close()


def test_without_the_package_the_log_says_what_to_install(local, tiny, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    server = Server("tcp://127.0.0.1:9", local)
    trained_here(server, tiny, caplog, "requirements-cluster.txt")
    server.close()


class Stuck:
    """In the place of a Dask worker's process: tells these records and then goes on for ever."""

    def __init__(self, records):
        self.records, self.ended = records, threading.Event()

    def call(self, request, job):
        for record in self.records:
            job.add(record)
        try:
            while True:
                job.step(1, 10)
                time.sleep(0.02)
        finally:
            self.ended.set()


def test_a_run_goes_on_here_when_the_scheduler_is_gone(local, tiny, trained, caplog):
    stuck = Stuck(trained().records[:2])
    cluster._idle.put(stuck)
    running = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0")
    server = Server(running.scheduler_address, local)
    job = server.train(tiny)
    until(lambda: len(job.snapshot().parts) == 2)
    running.close()
    now = finished(job)
    assert now.state == "done", now.error
    assert [r.held_out_loss for r in now.parts] == [r.held_out_loss for r in trained().records]
    assert now.parts[:2] == tuple(stuck.records)  # what was told is not told again
    assert "Computing on this machine" in caplog.text
    assert stuck.ended.wait(60), "the worker there goes on for nobody"
    cluster._idle.get_nowait()
    server.close()


def test_the_images_of_the_page_are_fetched_on_this_machine(dask):
    asked = []

    class Local(NotHere):
        def call(self, request, job):
            asked.append(request)

    server = Server(dask.scheduler_address, Local())
    finished(server.submit("fetch", lambda job: server.cluster.call({"do": "fetch"}, job)))
    assert asked == [{"do": "fetch"}]
    server.close()


@pytest.mark.parametrize(("address", "kind", "jobs"), [("", Worker, 1), ("tcp://x:1", Cluster, cluster.JOBS_AT_ONCE)])
def test_the_address_alone_decides_what_computes(address, kind, jobs, monkeypatch):
    monkeypatch.setenv("REGLAB_DASK", address)
    assert type(cluster.worker_or_cluster()) is kind and cluster.jobs_at_once() == jobs
