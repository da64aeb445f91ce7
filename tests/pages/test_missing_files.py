"""Files that are not there, or cannot be written: what is missing is said, and the rest goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from page_reader import PAGES, charts, metrics, open_page

from core.app import frame, runs
from core.config import SMALL_AND_NOISY
from core.data import DataError
from core.folders import PRECOMPUTED as SHIPPED
from core.results import library, store


@pytest.fixture
def without_images(monkeypatch):
    """Nothing can be trained either, which is said at once."""

    def refuse(*_):
        raise DataError("The images cannot be had.")

    for name in ("train_with", "measured_with"):
        monkeypatch.setattr(runs, name, refuse)


def said(app) -> str:
    return "\n".join(element.value for kind in (app.info, app.warning, app.error) for element in kind)


@pytest.mark.parametrize("path", PAGES)
def test_without_precomputed_a_page_says_what_is_missing_and_how_it_is_made(path, precomputed, without_images):
    precomputed.rmdir()
    app = open_page(path)
    assert "core.precompute" in said(app) or "not precomputed" in said(app)
    assert len(app.title) == 1 and len(app.get("page_link")) >= len(frame.LESSONS) - 1
    assert charts(app) or path == PAGES[1]  # what is drawn from formulas; the first lesson has nothing of the kind


@pytest.mark.parametrize("path", PAGES)
def test_with_half_of_precomputed_the_other_half_is_shown(path, precomputed, without_images):
    for i, file in enumerate(sorted(SHIPPED.iterdir())):
        if i % 2:
            (precomputed / file.name).symlink_to(file)
    app = open_page(path)
    assert len(app.title) == 1 and len(charts(app)) > 1


@pytest.mark.parametrize("path", [PAGES[0], PAGES[1]])
def test_files_that_are_damaged_count_as_missing_and_are_left_where_they_are(path, precomputed, without_images, caplog):
    names = [file.name for file in SHIPPED.iterdir()]
    for name in names:
        (precomputed / name).write_bytes(b"PK\x03\x04 half of a file")
    app = open_page(path)
    assert "core.precompute" in said(app) or "not precomputed" in said(app)
    assert {file.name for file in precomputed.iterdir()} == {*names} and "is damaged" in caplog.text


UNUSABLE = {
    "no folder can be made there": "/proc/reglab",
    "a file": __file__,
    "below a file": f"{__file__}/cache",
    "a name too long": "/tmp/" + "x" * 300,
    "nobody's home": "~nosuchuser/cache",
    "a device": "/dev/null",
}


@pytest.mark.parametrize("folder", UNUSABLE.values(), ids=UNUSABLE)
def test_a_cache_folder_that_cannot_be_used_costs_nothing_but_the_keeping(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("REGLAB_CACHE", folder)
    monkeypatch.chdir(tmp_path)
    if folder.startswith("~"):
        Path(tmp_path / "~nosuchuser").write_text("so that it is none")
    run = store.load_run(SMALL_AND_NOISY)
    monkeypatch.setattr(runs, "train_with", lambda worker, config, job: replace(run, config=config))
    open_page(PAGES[1], seed="1", lr="0.003")
    runs.job_queue()._executor.shutdown(wait=True)
    app = open_page(PAGES[1], seed="1", lr="0.003")
    assert any("Trained live" in caption.value and runs.NOT_KEPT in caption.value for caption in app.caption)
    assert len(metrics(app)) == 12 and not app.error


def test_what_is_kept_says_nothing_of_it(monkeypatch):
    run = store.load_run(SMALL_AND_NOISY)
    monkeypatch.setattr(runs, "train_with", lambda worker, config, job: replace(run, config=config))
    open_page(PAGES[1], seed="1", lr="0.003")
    runs.job_queue()._executor.shutdown(wait=True)
    app = open_page(PAGES[1], seed="1", lr="0.003")
    assert any("Trained live on this machine" in caption.value for caption in app.caption)
    assert not any(runs.NOT_KEPT in caption.value for caption in app.caption)


def test_a_run_that_another_machine_trained_is_shown_without_training(monkeypatch, tmp_path):
    monkeypatch.setenv("REGLAB_STORE", f"file://{tmp_path}/shared")
    run = replace(store.load_run(SMALL_AND_NOISY), config=replace(SMALL_AND_NOISY, seed=1, lr=0.003))
    store.save_run(run)
    monkeypatch.setenv("REGLAB_CACHE", str(tmp_path / "another machine"))
    monkeypatch.setattr(runs, "train_with", lambda *_: pytest.fail("it was trained again"))
    library.forget()
    st.cache_resource.clear()
    app = open_page(PAGES[1], seed="1", lr="0.003")
    assert len(metrics(app)) == 12
    assert any(caption.value.startswith(":material/memory: Trained live in") for caption in app.caption)
