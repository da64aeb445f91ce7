"""Runs and surfaces for a page: from the store at once, or computed in the background while the page shows how far it
is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.app import failures
from core.app.draw import chart
from core.app.frame import data_on_this_machine, session_name
from core.config import RunConfig
from core.data import DataError, DataState
from core.figures.curves import ACCURACY, LOSS, learning_curves
from core.jobs.cluster import Cluster, jobs_at_once, trains_elsewhere, worker_or_cluster
from core.jobs.limits import Allowance, LimitReached, limit_in_force
from core.jobs.queue import Job, JobQueue, QueueFull, Snapshot, Threads
from core.jobs.worker import Worker, WorkerError, WorkerFault, fetch_with, measured_with, train_with
from core.results import measurement, store
from core.results.library import stored, stored_outcome, stored_run
from core.results.measurement import Spec
from core.results.run import Diverged, Outcome, Run, digits_twin, expected_seconds

log = logging.getLogger(__name__)

QUICK_SECONDS = 12
"""A run that is expected to take no longer starts by itself; a longer one when it is asked for."""

POLL_SECONDS = 0.5

ASK_AGAIN_SECONDS = 300
"""For so long no other run asks for images that could not be had: a network that does not answer costs minutes, and
while one job waits for it, the others do."""

NOT_KEPT = "It could not be stored: the cache folder cannot be written to, so it will have to be trained again later."


@st.cache_resource(show_spinner=False)
def job_queue() -> JobQueue:
    return JobQueue(executor=Threads(jobs_at_once()))


@st.cache_resource(show_spinner=False)
def allowance() -> Allowance:
    return Allowance(limit_in_force())


# --- what the jobs do: on the queue's thread, in the worker's process, without streamlit -----------------------------


@st.cache_resource(show_spinner=False)
def worker() -> Worker | Cluster:
    return worker_or_cluster()


def _training(config: RunConfig) -> Callable[[Job], Outcome]:
    at = worker()

    def work(job: Job) -> Outcome:
        elsewhere = store.load_outcome(config, now=True)  # another process may have trained it meanwhile
        return elsewhere or _stored(store.save_run, train_with(at, config, job))

    return work


def _measurement(spec: Spec, runs: Sequence[Run]) -> Callable[[Job], Any]:
    at = worker()

    def work(job: Job) -> Any:
        elsewhere = measurement.load(spec, now=True)
        return elsewhere or _stored(measurement.save, measured_with(at, spec, job, runs))

    return work


def _fetching() -> Callable[[Job], None]:
    at = worker()
    return lambda job: fetch_with(at, job)


def _stored(save: Callable[[Any], Any], result: Any) -> Any:
    """Store a result. On a disk that is full or read-only it is still shown: the job itself keeps it for a while."""
    try:
        save(result)
    except OSError as error:
        log.warning("a result could not be stored: %s", error)
    return result


# --- what a page calls ----------------------------------------------------------------------------------------------


def run_or_training(config: RunConfig, *, key: str) -> Run | None:
    """The run of a config, or None while it is being trained; then the page shows progress, growing curves and cancel.

    A quick run starts by itself, a long one on request. Where Fashion-MNIST cannot be had, the same is trained on the
    bundled digits, and the page says so. key: the place on the page. As a step that shows this can train, PyTorch is
    started beside it.
    """
    worker().prepare()
    kept = stored_outcome(config)
    outcome = kept or _result(_run_key(config))
    if isinstance(outcome, Diverged):
        return _say_divergence(outcome)
    if outcome:
        _say_origin(outcome, kept=kept is not None)
        return outcome
    if error := _data_error(config):
        return _on_digits_instead(config, error, key)
    job = _training_job(config, key)
    if job is None:
        return None
    _leave_what_was_passed(job, config, key)
    return _follow(job, config, key)


def measured_or_computing(spec: Spec, *runs: Run, key: str) -> Any | None:
    """The result of any measurement (a surface, a line, a probe, …), or None while it is computed; then the page shows
    how far it is. runs: those that it needs and the page has at hand. key: the place on the page."""
    result = stored(spec) or _result(spec.file_name)
    if result:
        return result
    job = _computing(spec.file_name, _measurement(spec, runs), key)
    return _follow(job, None, key) if job else None


def needed_run(config: RunConfig, *, key: str) -> Run:
    """A run without which this part of the page cannot go on. It comes with the app; should its file be damaged, it is
    trained first. Raises Said while there is none."""
    run = stored_run(config) or run_or_training(config, key=key)
    if run is None:
        raise failures.Said
    return run


def data_or_download(*, key: str) -> DataState | None:
    """The state of the Fashion-MNIST files where they are there; else None, and the page offers to fetch them."""
    state = data_on_this_machine()
    if state.folder:
        return state
    st.info(
        "The images of Fashion-MNIST are not on this machine. Everything precomputed is shown without them. To "
        "train on them, and to see them, download them once (31 MB), or set REGLAB_DATA to a folder that holds "
        "FashionMNIST/raw."
    )
    job = job_queue().find("fetch")
    if job and (job.cancelled or not job.snapshot().is_live and job.state != "failed"):
        # Cancelled, or done and the files are gone again: it may be asked for once more.
        job_queue().forget("fetch")
        if job.state == "done":
            data_on_this_machine.clear()
            if data_on_this_machine().folder:
                st.rerun()
        job = None
    if job is None and st.button("Download Fashion-MNIST", key=f"{key}_fetch", icon=":material/download:"):
        job = _submit("fetch", _fetching(), seconds=None)
    if job:
        _follow(job, None, key)
    return None


def _run_key(config: RunConfig) -> str:
    return f"run-{config.digest}"


def _result(key: str) -> Any:
    job = job_queue().find(key)
    return job.result if job and job.state == "done" else None


def _submit(job_key: str, work: Callable[[Job], Any], *, seconds: float | None = 0.0) -> Job | None:
    """The job of this key, new or there. seconds: how long it is expected to take; None for what is no
    computing. A new one is charged to the session; where that has had enough, or the queue is full, the page says so
    and there is no job."""
    session, account = session_name(), allowance()
    try:
        if seconds is not None and not job_queue().has(job_key):
            account.check(session, seconds)
            work = account.charged(session, work)
        return job_queue().submit(job_key, work, session=session)
    except (QueueFull, LimitReached) as error:
        st.warning(str(error))
        return None


def _stopped_here(job_key: str, key: str) -> bool:
    """Whether this session stopped this job at this place of the page; it may go on for another session."""
    return st.session_state.get(f"_{key}_stopped") == job_key


def _computing(job_key: str, work: Callable[[Job], Any], key: str) -> Job | None:
    """The job of something quick: started at once, unless this session stopped it."""
    if not _stopped_here(job_key, key):
        return _submit(job_key, work)
    st.info("This computation was stopped.")
    if st.button("Compute it", key=f"{key}_compute", icon=":material/play_arrow:"):
        st.session_state.pop(f"_{key}_stopped")
        st.rerun()
    return None


def _training_job(config: RunConfig, key: str) -> Job | None:
    """The job that trains a config, started if that is quick or asked for."""
    job_key = _run_key(config)
    job, stopped = job_queue().find(job_key), _stopped_here(job_key, key)
    if job and not job.cancelled and (job.state == "failed" or job.snapshot().is_live and not stopped):
        return job
    seconds = expected_seconds(config)
    if seconds <= QUICK_SECONDS and not stopped:
        return _submit(job_key, _training(config), seconds=seconds)
    st.info(
        ("Training was stopped. " if stopped else "This run is not precomputed. ")
        + f"Training it takes about {_in_words(seconds)} on two processor cores."
    )
    if st.button("Train this network", key=f"{key}_train", type="primary", icon=":material/play_arrow:"):
        st.session_state.pop(f"_{key}_stopped", None)
        if _submit(job_key, _training(config), seconds=seconds):
            st.rerun()  # without the button and its note
    return None


def _leave_what_was_passed(job: Job, config: RunConfig, key: str) -> None:
    """Who moves a slider on no longer wants the quick run that started at the stop before; else the stops passed would
    queue up before the last one. A long run, which was asked for by its button, goes on."""
    passed = st.session_state.get(f"_{key}_quick")
    if passed and passed != job.key and (old := job_queue().find(passed)):
        job_queue().leave(old, session_name())
    st.session_state[f"_{key}_quick"] = job.key if expected_seconds(config) <= QUICK_SECONDS else None


@st.cache_resource(show_spinner=False)
def no_images() -> dict[DataError, float]:
    """Why the images could not be had when somebody asked last → when that was, by the monotonic clock."""
    return {}


def _data_error(config: RunConfig) -> DataError | None:
    """Why a config cannot be trained on its images: it was tried for this config, or for another one a moment ago."""
    if config.dataset == "digits":
        return None
    job = job_queue().find(_run_key(config))
    if job and isinstance(job.error, DataError):
        no_images().setdefault(job.error, time.monotonic())
        return job.error
    if job or data_on_this_machine().folder:
        return None
    lately = (error for error, at in no_images().items() if time.monotonic() - at < ASK_AGAIN_SECONDS)
    return next(lately, None)


def _on_digits_instead(config: RunConfig, error: DataError, key: str) -> Run | None:
    twin = digits_twin(config)
    st.warning(
        f"{error}\n"
        "\n"
        f"Until then the same settings are trained on scikit-learn's digits: {twin.n_train} real images of 8 × 8 "
        "pixels, and a smaller network (64-256-128-10)."
    )
    if st.button("Try Fashion-MNIST again", key=f"{key}_again"):
        job_queue().forget(_run_key(config))
        no_images().clear()
        data_on_this_machine.clear()
        st.rerun()
    return run_or_training(twin, key=f"{key}_digits")


def _say_origin(run: Run, *, kept: bool) -> None:
    if store.is_precomputed(run.config):
        st.caption(f":material/inventory_2: Precomputed: trained by this code on {run.date} in {run.seconds:.0f} s.")
        return
    where = "" if trains_elsewhere() else " on this machine"
    told = f":material/memory: Trained live{where} in {run.seconds:.1f} s."
    st.caption(told if kept else told + f" {NOT_KEPT}")


def _say_divergence(outcome: Diverged) -> None:
    """A training that ended early: why, and its curves up to there."""
    st.error(outcome.message)
    if outcome.records:
        _growing_curves(outcome.records, outcome.config)


def _follow(job: Job, config: RunConfig | None, key: str) -> None:
    """Show a job while it lives, and run the page again when it ends."""
    live = job.snapshot().is_live

    def progress() -> None:
        job_queue().watch(job, session_name())
        now = job.snapshot()
        if live and not now.is_live:
            data_on_this_machine.clear()  # the work may have fetched the images
            st.rerun()
        _show(now, job, config, key)

    failures.fragment(progress, run_every=POLL_SECONDS if live else None)()


def _show(now: Snapshot, job: Job, config: RunConfig | None, key: str) -> None:
    if now.state == "failed":
        st.error(_reason(now.error))
        if config and now.parts:
            _growing_curves(now.parts, config)
        if st.button("Try again", key=f"{key}_retry"):
            job_queue().forget(job.key)
            st.rerun()
        return
    if not now.is_live:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(now.done / now.total if now.total else 0.0, text=_progress_text(now))
        if st.button("Cancel", key=f"{key}_cancel", icon=":material/stop:"):
            job_queue().leave(job, session_name())
            st.session_state[f"_{key}_stopped"] = job.key
            st.rerun()
    if config:
        _growing_curves(now.parts, config)


def _reason(error: Exception) -> str:
    """Why a job failed: in its own words where it was worded for a reader, else where the log has it."""
    if isinstance(error, (DataError, ArithmeticError, WorkerError)) and not isinstance(error, WorkerFault):
        return str(error)
    return failures.same_sentence(failures.WORK, error)


def _growing_curves(records, config: RunConfig) -> None:
    """The curves so far, on axes that stay, so that they grow in place."""
    for place, curves, y_range in zip(st.columns(2), (LOSS, ACCURACY), ((0, 2.5), (0, 1)), strict=True):
        figure = learning_curves(records, config, curves, y_range=y_range, finished=False)
        chart(figure, into=place, alt=f"{curves.title} so far: {len(records)} of {config.epochs} epochs.")


def _progress_text(now: Snapshot) -> str:
    if now.state == "waiting":
        before = "another computation" if now.position == 1 else f"{now.position} other computations"
        return f"Waiting for {before}" if now.position else "About to start"
    if not now.total:
        return now.note or "About to start"
    left = "" if now.seconds_left is None else f", about {_in_words(now.seconds_left)} left"
    return f"Step {now.done:,} of {now.total:,}{left}"


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} minutes"
