"""Page tests share what they read of precomputed/, and nothing else."""

import inspect
from functools import cache
from unittest.mock import patch

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from core.app import failures, frame, runs
from core.jobs.worker import Worker
from core.results import library


@pytest.fixture(autouse=True, scope="session")
def packages_are_looked_through_once():
    """Streamlit looks for components in all installed packages whenever an app is opened: most of the time that a test
    of a page takes. They do not change while the tests run."""
    with patch.object(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)):
        yield


@pytest.fixture(autouse=True)
def fresh_caches(request, cache_folder):
    """No test sees another's queue, worker or data state. What was read of precomputed/ is kept for the next one, which
    saves half of the time, unless the test puts something in its place or trains."""
    alters = {"monkeypatch", "precomputed"} & {*inspect.signature(request.function).parameters}
    if alters:
        st.cache_resource.clear()
        library.forget()
    for cached in (runs.job_queue, runs.worker, runs.no_images, runs.allowance, frame.data_on_this_machine):
        cached.clear()
    with patch.object(Worker, "prepare"):  # or every other test would start PyTorch
        yield
    if alters or cache_folder.exists():
        st.cache_resource.clear()
        library.forget()


@pytest.fixture(autouse=True)
def nothing_fails_unseen(request):
    """A page says of an unexpected failure that there was one, and goes on. Here it raises, as a test has to see it;
    only those of failures.py see what a visitor sees."""
    with pytest.MonkeyPatch.context() as patched:
        if "seen_by_a_visitor" not in request.fixturenames:
            patched.setattr(failures, "sentence", _raised)
        yield


def _raised(what, error):
    raise error


@pytest.fixture
def seen_by_a_visitor():
    """Failures are told, not raised."""
