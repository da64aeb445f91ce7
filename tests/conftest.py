"""What every test starts from: an empty cache folder, no data folder, and a network small enough to train in a test."""

from __future__ import annotations

import hashlib
import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: threads that spin starve each other on busy cores

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import gettempdir

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from core.config import DATASETS, DIGITS, FIELDS, RunConfig
from core.data import FASHION_FILES, IdxFile, Images
from core.engine.fetching import load_images
from core.results import library
from core.results.run import Run
from tests.fashion_files import idx_bytes

hypothesis.configuration.set_hypothesis_home_dir(Path(gettempdir()) / "hypothesis")
hypothesis.settings.register_profile("fast", deadline=None, max_examples=60, derandomize=True, database=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

TINY = replace(DIGITS, n_train=60, batch_size=16, epochs=3)
"""A run of a few milliseconds: 60 digits, a last batch of 12, 3 epochs, 12 steps."""


@st.composite
def configs(draw) -> RunConfig:
    """Any valid RunConfig. Floats have the 15 digits that an address bar carries."""
    told = {}
    for name, field in FIELDS.items():
        if field.kind == "choice":
            told[name] = draw(st.sampled_from(field.choices))
        elif field.kind == "int":
            told[name] = draw(st.integers(int(field.low), int(field.high)))
        else:
            told[name] = draw(st.floats(field.low, field.high).map(lambda x: float(f"{x:.15g}")))
    facts = DATASETS[told["dataset"]]
    sizes = st.integers(10, facts.n_pool)
    told["n_train"] = draw(sizes | st.just(facts.n_all) if facts.n_all else sizes)
    if told["norm"] == "batch":
        told["batch_size"] = max(2, told["batch_size"])
    return RunConfig(**told)


st.register_type_strategy(RunConfig, configs())


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """The cache folder of this test alone; what was read from it is forgotten with it."""
    monkeypatch.setenv("REGLAB_CACHE", str(tmp_path / "cache"))
    for name in ("REGLAB_DATA", "REGLAB_STORE", "REGLAB_DASK"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path / "cache"
    if (tmp_path / "cache").exists():
        library.forget()


@pytest.fixture
def precomputed(tmp_path, monkeypatch) -> Iterator[Path]:
    """An empty folder in the place of precomputed/; nothing that was read before or meanwhile is remembered."""
    folder = tmp_path / "precomputed"
    folder.mkdir()
    for module in ("core.folders", "core.results.store", "core.precompute"):
        monkeypatch.setattr(f"{module}.PRECOMPUTED", folder)
    library.forget()
    yield folder
    library.forget()


@pytest.fixture(scope="session")
def digits() -> Images:
    return load_images("digits")


@pytest.fixture(scope="session")
def tiny() -> RunConfig:
    return TINY


@pytest.fixture(scope="session")
def trained(digits) -> Callable[..., Run]:
    """trained(l1=1e-3, …): the run of TINY with these settings, trained once however many tests ask."""

    @cache
    def run_of(config: RunConfig) -> Run:
        from core.engine.training import train

        return train(config, digits)

    return lambda **settings: run_of(replace(TINY, **settings))


@pytest.fixture
def fashion(monkeypatch) -> dict[str, bytes]:
    """Four small files in the place of Fashion-MNIST's, whose checksums are expected instead of the real ones."""
    random = np.random.default_rng(0)
    files = {
        name: idx_bytes(random.integers(0, 256, (n, 28, 28)) if "images" in name else random.integers(0, 10, n))
        for name, n in zip(FASHION_FILES, (6, 6, 4, 4), strict=True)
    }
    for name, content in files.items():
        monkeypatch.setitem(FASHION_FILES, name, IdxFile(len(content), hashlib.sha256(content).hexdigest()))
    return files
