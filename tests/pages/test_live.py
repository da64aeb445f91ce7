"""Live training from a page: PyTorch is started when a step that can train is opened, an hour's share is kept, what is
stored meanwhile is not trained again, and where memory is short the page goes on."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from page_reader import metrics, open_page

from core.app import runs
from core.config import SMALL_AND_NOISY
from core.jobs.limits import Allowance, Limit
from core.jobs.worker import NotEnoughMemory, Worker
from core.results import store

BASELINE = "pages/1_baseline.py"
ASKED = replace(SMALL_AND_NOISY, seed=1, lr=0.003)
"""What nobody has computed beforehand."""
ADDRESS = {"seed": "1", "lr": "0.003"}


@pytest.fixture
def calls(monkeypatch) -> list:
    """The configs that were trained; each training gives a stored run's numbers at once."""
    found, run = [], store.load_run(replace(SMALL_AND_NOISY, seed=1))

    def trained(worker, config, job):
        found.append(config)
        return replace(run, config=config)

    monkeypatch.setattr(runs, "train_with", trained)
    return found


def wait_for_the_queue():
    """Until all that was asked for is done; the queue takes more afterwards."""
    runs.job_queue().forget("last")
    runs.job_queue().submit("last", lambda job: None, session="the test").future.result(timeout=30)


def said(app) -> str:
    return " ".join(note.value for note in (*app.error, *app.warning, *app.info))


@pytest.mark.parametrize(
    ("step", "can_train"), [("own-run", True), ("question", False), ("notebook", False)], ids=lambda x: str(x)
)
def test_pytorch_is_started_when_a_step_that_can_train_is_opened_and_by_no_other(step, can_train):
    app = open_page(BASELINE, step=step)
    assert not app.exception
    assert Worker.prepare.called is can_train


def test_the_overview_starts_nothing():
    open_page("streamlit_app.py")
    assert not Worker.prepare.called


def test_a_run_that_is_stored_while_it_waits_is_shown_and_not_trained(calls):
    """As when another server's process, with the same cache folder, has trained it meanwhile."""
    held, go_on = threading.Event(), threading.Event()
    runs.job_queue().submit("before", lambda job: (held.set(), go_on.wait(30)), session="another")
    assert held.wait(30)
    app = open_page(BASELINE, step="own-run", **ADDRESS)
    assert any("Waiting for another computation" in bar.proto.text for bar in app.get("progress"))
    theirs = replace(store.load_run(replace(SMALL_AND_NOISY, seed=1)), config=ASKED, seconds=123.4)
    store.save_run(theirs)
    go_on.set()
    wait_for_the_queue()
    app.run()
    assert not calls and any("in 123.4 s" in caption.value for caption in app.caption)
    assert len(metrics(app)) == 4


def test_a_session_that_has_had_its_hours_share_is_told_and_sees_what_is_computed(calls, monkeypatch):
    allowance = Allowance(Limit(computations=1, seconds=1000))
    monkeypatch.setattr(runs, "allowance", lambda: allowance)
    app = open_page(BASELINE, step="own-run", **ADDRESS)
    wait_for_the_queue()
    app.run()
    assert calls == [ASKED] and len(metrics(app)) == 4
    app.select_slider(key="seed").set_value("2").run()
    assert "at most 1 computations" in said(app) and "You can train again in 60 minutes" in said(app)
    assert not metrics(app) and calls == [ASKED] and not app.exception
    app.select_slider(key="seed").set_value("1").run()  # what it has had trained costs nothing
    assert len(metrics(app)) == 4 and "train again" not in said(app)
    other = open_page(BASELINE, step="own-run", seed="3", lr="0.003")  # nor does another session pay for it
    wait_for_the_queue()
    other.run()
    assert len(metrics(other)) == 4 and len(calls) == 2


def test_a_training_that_is_longer_than_the_hours_share_never_begins(calls, monkeypatch):
    allowance = Allowance(Limit(seconds=5))
    monkeypatch.setattr(runs, "allowance", lambda: allowance)
    app = open_page(BASELINE, step="own-run", n_train="60000", epochs="100", lr="0.01")
    next(button for button in app.button if button.label == "Train this network").click().run()
    assert "fewer epochs" in said(app) and not runs.job_queue()._jobs and not calls


def test_where_memory_is_short_the_page_says_so_and_shows_what_is_precomputed(monkeypatch):
    def short(worker, config, job):
        raise NotEnoughMemory(120 * 10**6)

    monkeypatch.setattr(runs, "train_with", short)
    app = open_page(BASELINE, step="own-run", **ADDRESS)
    wait_for_the_queue()
    app.run()
    assert "too little memory to train right now (120 MB are free" in said(app)
    assert any(button.label == "Try again" for button in app.button) and not app.exception
    app.select_slider(key="lr").set_value("0.001").run()
    assert len(metrics(app)) == 4 and "memory" not in said(app)
