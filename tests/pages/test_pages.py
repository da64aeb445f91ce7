"""Every page through AppTest: it opens, it answers its widgets and its address, it shows failures and survives them."""

import threading
from dataclasses import replace

import altair
import pytest
import streamlit as st
from page_reader import PAGES, ROOT, charts, drawn_rows, metrics, open_page

from core.app import runs
from core.config import FULL, SMALL_AND_NOISY
from core.data import DataError
from core.jobs.worker import train_with
from core.results import library, store
from core.results.run import Diverged

BASELINE = "pages/1_baseline.py"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("params", [{}, {"present": "true"}])
def test_a_page_opens_with_a_title_and_only_valid_charts(path, params):
    app = open_page(path, **params)
    assert len(app.title) == 1
    assert not app.error
    for chart in charts(app):
        altair.Chart.from_dict(chart.specification)  # raises where Vega-Lite's schema does not allow it


def test_every_file_in_pages_is_in_the_menu_and_the_other_way_round():
    files = {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")}
    assert files == set(PAGES[1:])


def test_the_baseline_shows_its_stored_runs_and_trains_nothing():
    app = open_page(BASELINE)
    full, small = store.load_run(FULL), store.load_run(SMALL_AND_NOISY)
    shown = metrics(app)
    assert ("Training accuracy", f"{100 * full.last.train_accuracy:.1f} %") in shown
    assert ("Validation accuracy", f"{100 * small.last.held_out_accuracy:.1f} %") in shown
    assert not runs.job_queue()._jobs


def test_an_address_opens_the_run_it_names():
    app = open_page(BASELINE, seed="3", radius="0.5", view="contours")
    run = store.load_run(replace(SMALL_AND_NOISY, seed=3))
    assert metrics(app)[8:] == [
        ("Training accuracy", f"{100 * run.last.train_accuracy:.1f} %"),
        ("Validation accuracy", f"{100 * run.last.held_out_accuracy:.1f} %"),
        ("Accuracy gap", f"{100 * run.gap:.1f} points"),
        ("Best epoch", f"{run.best_epoch} of 60"),
    ]
    assert app.select_slider(key="radius").value == "0.5"
    assert not app.warning


@pytest.mark.parametrize(
    ("name", "junk"),
    [
        ("n_train", "55000"),
        ("n_train", "3000"),
        ("label_noise", "junk"),
        ("lr", "nan"),
        ("epochs", "1e999"),
        ("seed", "9" * 500),
        ("batch_size", "<script>alert(1)</script>"),
        ("radius", "[x](javascript:alert(1))"),
        ("view", "4-D"),
        ("log_z", "1"),
        ("directions", "7"),
        ("lr", "3e-4"),
        ("seed", "1.0"),
        ("seed", ""),
    ],
)
def test_a_junk_parameter_falls_back_to_the_default_and_is_named(name, junk):
    app = open_page(BASELINE, **{name: junk})
    assert len(app.warning) == 1
    assert f"`{name}`" in app.warning[0].value
    assert metrics(app) == metrics(open_page(BASELINE))


def test_the_presets_move_all_sliders():
    app = open_page(BASELINE)
    app.button(key="preset_full").click().run()
    assert app.select_slider(key="n_train").value == "60000"
    assert app.select_slider(key="lr").value == "0.0003"
    app.button(key="preset_small").click().run()
    assert app.select_slider(key="n_train").value == "2000"


def test_the_test_accuracy_is_hidden_until_it_is_opened():
    app = open_page(BASELINE)
    hidden = f"{100 * store.load_run(SMALL_AND_NOISY).test_best.accuracy:.1f} %"
    assert not any("played no part" in m.value for m in app.markdown)
    app.session_state["yours_test"] = True
    app.run()
    assert any("played no part" in m.value and hidden in m.value for m in app.markdown)


def test_a_run_that_is_not_stored_shows_progress_and_then_its_curves(monkeypatch):
    started, go_on = threading.Event(), threading.Event()
    run = store.load_run(replace(SMALL_AND_NOISY, seed=1))

    def slow_training(worker, config, job):
        job.add(run.records[0])
        job.step(1, 10)
        started.set()
        assert go_on.wait(30)
        return replace(run, config=config)

    monkeypatch.setattr(runs, "train_with", slow_training)
    app = open_page(BASELINE, seed="1", lr="0.003")
    assert started.wait(10)
    app.run()
    assert any("Step 1 of 10" in p.proto.text for p in app.get("progress"))
    assert any(button.label == "Cancel" for button in app.button)
    assert len(metrics(app)) == 8
    go_on.set()
    runs.job_queue()._executor.shutdown(wait=True)
    app.run()
    assert len(metrics(app)) == 12
    assert any("Trained live" in caption.value for caption in app.caption)


def test_a_cancelled_run_stays_cancelled_until_it_is_asked_for_again(monkeypatch):
    started, go_on = threading.Event(), threading.Event()

    def slow_training(worker, config, job):
        started.set()
        while not go_on.wait(0.01):
            job.step(1, 10)

    monkeypatch.setattr(runs, "train_with", slow_training)
    app = open_page(BASELINE, seed="1", lr="0.003")
    assert started.wait(10)
    app.run()
    job = next(iter(runs.job_queue()._jobs.values()))
    runs.job_queue().watch(job, "another session")  # for whom it goes on
    next(button for button in app.button if button.label == "Cancel").click().run()
    app.run()
    assert any("Training was stopped" in info.value for info in app.info)
    assert not any(button.label == "Cancel" for button in app.button)
    assert job.snapshot().is_live
    next(button for button in app.button if button.label == "Train this network").click().run()
    assert any(button.label == "Cancel" for button in app.button)
    go_on.set()


def test_a_slider_that_is_moved_on_leaves_the_run_of_the_stop_it_passed(monkeypatch):
    started, go_on = threading.Event(), threading.Event()

    def slow_training(worker, config, job):
        started.set()
        while not go_on.wait(0.01):
            job.step(1, 10)

    monkeypatch.setattr(runs, "train_with", slow_training)
    app = open_page(BASELINE, seed="1", lr="0.003")
    assert started.wait(10)
    for seed in ("2", "3"):
        app.select_slider(key="seed").set_value(seed).run()
    *passed, last = runs.job_queue()._jobs.values()
    assert len(passed) == 2 and all(job.cancelled for job in passed) and not last.cancelled
    go_on.set()


def test_a_long_run_waits_to_be_asked_for(monkeypatch):
    monkeypatch.setattr(runs, "train_with", lambda *_: pytest.fail("it started by itself"))
    app = open_page(BASELINE, n_train="60000", epochs="100", lr="0.01")
    assert any("Training it takes about" in info.value for info in app.info)
    assert any(button.label == "Train this network" for button in app.button)
    assert not runs.job_queue()._jobs


def test_a_failed_run_shows_its_error_and_the_curves_so_far(monkeypatch):
    run = store.load_run(SMALL_AND_NOISY)

    def failing(worker, config, job):
        job.add(run.records[0])
        raise ArithmeticError("The loss is no longer a finite number at step 7")

    monkeypatch.setattr(runs, "train_with", failing)
    app = open_page(BASELINE, seed="1", lr="0.003")
    runs.job_queue()._executor.shutdown(wait=True)
    app.run()
    assert any("step 7" in error.value for error in app.error)
    assert any(button.label == "Try again" for button in app.button)


def test_without_the_images_the_same_is_trained_on_the_bundled_digits(monkeypatch):
    def offline(worker, config, job):
        if config.dataset == "fashion-mnist":
            raise DataError("train-images could not be downloaded. Check the network connection.")
        return train_with(worker, config, job)

    monkeypatch.setattr(runs, "train_with", offline)
    app = open_page(BASELINE, seed="1", lr="0.003")
    for _ in range(600):
        job = next((j for j in runs.job_queue()._jobs.values() if j.state == "done"), None)
        app.run()
        if job:
            break
        threading.Event().wait(0.1)
    app.run()
    assert any("digits: 300 real images" in warning.value for warning in app.warning)
    assert len(metrics(app)) == 12
    runs.worker().close()


def test_images_that_could_not_be_had_are_not_asked_for_by_every_run(monkeypatch):
    """To ask may take minutes, in which nobody else is computed for."""
    asked = []

    def offline(worker, config, job):
        asked.append(config)
        if config.dataset == "fashion-mnist":
            raise DataError("train-images could not be downloaded. Check the network connection.")
        raise ArithmeticError("not of interest here")

    monkeypatch.setattr(runs, "train_with", offline)
    apps = []
    for seed in ("1", "2", "3"):
        apps.append(open_page(BASELINE, seed=seed, lr="0.003"))
        runs.job_queue()._executor.submit(int).result()
        apps[-1].run()
        runs.job_queue()._executor.submit(int).result()
        apps[-1].run()
        assert any("digits: 300 real images" in warning.value for warning in apps[-1].warning)
    assert [config.dataset for config in asked] == ["fashion-mnist", "digits", "digits", "digits"]
    next(button for button in apps[-1].button if button.label == "Try Fashion-MNIST again").click().run()
    runs.job_queue()._executor.submit(int).result()
    assert [config.dataset for config in asked].count("fashion-mnist") == 2
    for error in runs.no_images():
        runs.no_images()[error] -= runs.ASK_AGAIN_SECONDS
    open_page(BASELINE, seed="4", lr="0.003")
    runs.job_queue()._executor.submit(int).result()
    assert [config.dataset for config in asked].count("fashion-mnist") == 3


def test_a_machine_without_the_images_names_the_classes_and_says_what_to_do():
    app = open_page(PAGES[0])
    app.session_state["the_data"] = True
    app.run()
    assert any("REGLAB_DATA" in info.value for info in app.info)
    assert any("9 Ankle boot" in m.value for m in app.markdown)
    assert any("Download" in button.label for button in app.button)


def test_the_presentation_goes_from_page_to_page_and_into_the_address():
    app = open_page(PAGES[0], present="true")
    assert app.toggle(key="present").value
    app.switch_page(BASELINE).run()
    assert app.toggle(key="present").value
    assert app.query_params["present"] == "true"
    app.toggle(key="present").set_value(False).run()
    app.switch_page(PAGES[0]).run()
    assert not app.toggle(key="present").value
    assert "present" not in app.query_params


def test_a_training_that_diverges_says_why_shows_its_curves_and_is_remembered(monkeypatch):
    config = replace(SMALL_AND_NOISY, seed=1, lr=0.003)
    records, calls = store.load_run(SMALL_AND_NOISY).records[:4], []

    def diverging(worker, asked, job):
        calls.append(asked)
        return Diverged(asked, 70, records, "The loss is no longer a finite number at step 70.")

    monkeypatch.setattr(runs, "train_with", diverging)
    open_page(BASELINE, seed="1", lr="0.003")
    runs.job_queue()._executor.shutdown(wait=True)
    st.cache_resource.clear()  # as after a restart of the server: it is stored
    library.forget()
    app = open_page(BASELINE, seed="1", lr="0.003")
    assert calls == [config] and store.load_outcome(config).step == 70
    assert any("step 70" in error.value for error in app.error)
    assert len(metrics(app)) == 8
    assert [row for row in drawn_rows(app) if row.get("value") == records[3].held_out_loss]
