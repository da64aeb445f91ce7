"""The process that computes: what goes down the pipe comes back the same, whatever happens in between."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from core.config import FULL
from core.engine import line, surface
from core.engine.training import train
from core.jobs.queue import JobQueue
from core.jobs.worker import Worker, WorkerError, measured_with, train_with
from core.results import store
from core.results.ensemble import EnsembleSpec
from core.results.line import LineSpec
from core.results.run import Diverged
from core.results.surface import SurfaceSpec


@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def queue():
    queue = JobQueue()
    yield queue
    queue._executor.shutdown(wait=True)


def finished(job):
    job.future.result(timeout=60)
    return job.snapshot()


def test_the_worker_returns_the_run_that_training_here_returns(worker, queue, tiny, digits):
    job = queue.submit("run", lambda job: train_with(worker, tiny, job), session="a")
    now, here = finished(job), train(tiny, digits)
    assert now.state == "done", now.error
    assert [r.held_out_loss for r in now.parts] == [r.held_out_loss for r in now.result.records]
    assert now.result.config == here.config and now.result.test_last == here.test_last
    assert all(np.array_equal(w, now.result.weights[name]) for name, w in here.weights.items())
    assert now.done == now.total == tiny.steps


def test_a_training_that_diverges_comes_back_as_a_result_with_its_records(worker, queue, tiny):
    config = replace(tiny, lr=0.11, l2=10.0, l2_method="decoupled", epochs=100)
    now = finished(queue.submit("run", lambda job: train_with(worker, config, job), session="a"))
    assert now.state == "done", now.error
    assert isinstance(now.result, Diverged) and now.result.records == tuple(now.parts) and len(now.parts) > 3


def test_the_worker_returns_the_surface_that_is_computed_here(worker, queue, trained, digits):
    run = trained()
    spec = SurfaceSpec(run.config, resolution=5, n_images=40)
    now = finished(queue.submit("surface", lambda job: measured_with(worker, spec, job, [run]), session="a"))
    assert now.state == "done", now.error
    assert np.allclose(now.result.loss, surface.measure(spec, digits, [run]).loss, rtol=1e-6, atol=0)


def test_a_line_between_networks_that_are_stored_nowhere_trains_them_first(worker, queue, tiny, trained, digits):
    spec = LineSpec(replace(tiny, seed=7), replace(tiny, seed=8), points=3, n_images=10)
    now = finished(queue.submit("line", lambda job: measured_with(worker, spec, job), session="a"))
    assert now.state == "done", now.error
    expected = line.measure(spec, digits, [trained(seed=7), trained(seed=8)])
    assert now.result.spec == spec and np.allclose(now.result.loss, expected.loss, rtol=1e-6, atol=0)
    assert now.done == now.total == spec.points


def test_a_request_that_fails_says_why_and_the_next_one_works(queue, worker, tiny):
    without_dropout = EnsembleSpec(tiny)
    job = queue.submit("ensemble", lambda job: measured_with(worker, without_dropout, job), session="a")
    now = finished(job)
    assert now.state == "failed" and isinstance(now.error, WorkerError)
    assert "without dropout" in str(now.error)
    again = finished(queue.submit("run", lambda job: train_with(worker, tiny, job), session="a"))
    assert again.state == "done"


def test_a_cancelled_run_ends_and_the_next_one_is_whole(queue, worker, tiny):
    long = replace(tiny, epochs=200, batch_size=1, seed=3)
    going = threading.Event()

    def work(job):
        step = job.step
        job.step = lambda done, total: (going.set(), step(done, total))
        return train_with(worker, long, job)

    job = queue.submit("long", work, session="a")
    assert going.wait(60)
    queue.leave(job, "a")
    assert finished(job).state == "cancelled"
    again = finished(queue.submit("run", lambda job: train_with(worker, tiny, job), session="a"))
    assert again.state == "done" and len(again.result.records) == tiny.epochs


def test_a_process_that_was_killed_is_reported_and_replaced(queue, tiny):
    worker, going = Worker(), threading.Event()

    def work(job):
        step = job.step
        job.step = lambda done, total: (going.set(), step(done, total))
        return train_with(worker, replace(tiny, epochs=200, batch_size=1), job)

    job = queue.submit("killed", work, session="a")
    assert going.wait(60)
    worker._process.kill()
    now = finished(job)
    assert now.state == "failed" and "memory" in str(now.error)
    again = finished(queue.submit("run", lambda job: train_with(worker, tiny, job), session="a"))
    assert again.state == "done"
    worker.close()


def test_a_process_that_ended_before_the_request_reached_it_is_replaced_without_a_word(queue, tiny):
    worker = Worker()
    assert finished(queue.submit("one", lambda job: train_with(worker, tiny, job), session="a")).state == "done"
    worker._process.kill()
    now = finished(queue.submit("two", lambda job: train_with(worker, tiny, job), session="a"))
    worker.close()
    assert now.state == "done", now.error


def test_without_the_images_the_error_says_what_to_do(queue, monkeypatch, tmp_path):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody listens there: no network, whatever the machine has
    worker = Worker()
    now = finished(queue.submit("run", lambda job: train_with(worker, replace(FULL, epochs=1), job), session="a"))
    worker.close()
    assert now.state == "failed" and type(now.error).__name__ == "DataError"
    assert "REGLAB_DATA" in str(now.error)
    assert store.load_run(replace(FULL, epochs=1)) is None


def test_a_folder_that_is_named_from_where_the_server_started_is_the_same_for_the_process(tmp_path, monkeypatch):
    """It starts in the app's own folder."""
    begun = {}

    def start(command, *, cwd, env, **_):
        begun.update(env, cwd=cwd)
        raise OSError("enough is known")

    monkeypatch.setattr("core.jobs.worker.subprocess.Popen", start)
    monkeypatch.setattr("core.jobs.worker.memory.available", lambda: None)
    monkeypatch.chdir(tmp_path)
    for name, given in (("REGLAB_DATA", "data/here"), ("REGLAB_CACHE", "../cache")):
        monkeypatch.setenv(name, given)
    with pytest.raises(WorkerError, match="cannot start another process"):
        Worker()._start()
    assert begun["cwd"] != tmp_path
    assert begun["REGLAB_DATA"] == f"{tmp_path}/data/here" and begun["REGLAB_CACHE"] == f"{tmp_path}/../cache"
