"""A page as a test reads it: opened through AppTest, its numbers and its charts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from streamlit.testing.v1 import AppTest

from core.app import address, frame

ROOT = Path(__file__).resolve().parents[2]
PAGES = [lesson.path for lesson in frame.LESSONS]


def open_at(path, **params):
    """A page as a browser opens it, with its address's parameters."""
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params.update(params)
    app.session_state["_is_loaded"] = True  # there is no browser here to hand over what it kept
    app.run()
    if path != PAGES[0]:
        app.switch_page(path)
        app.query_params.update(params)
        app.run()
    assert not app.exception, app.exception[0].value
    return app


def open_page(path, **params):
    """As open_at; a lesson as a whole where no step is named."""
    return open_at(path, **({} if path == PAGES[0] or "step" in params else {"whole": "true"}), **params)


def keys_of(monkeypatch, path, **params):
    """The keys that the controls of a page ask its address for, with what each offers; not those of the frame."""
    asked = {}
    real = address.usable

    def usable(key, offered):
        if address._arrival().path == path:  # the overview is opened first
            asked[key] = tuple(offered)
        return real(key, offered)

    with monkeypatch.context() as patched:
        for module in ("core.app.address", "core.app.controls"):
            patched.setattr(f"{module}.usable", usable)
        open_page(path, **params)
    return {key: offered for key, offered in asked.items() if key not in address.FRAME_KEYS}


def metrics(app):
    return [(m.label, m.value) for m in app.metric]


@dataclass(frozen=True)
class Drawn:
    """A chart as it went to the browser: its specification, and its rows by the names of their data sets."""

    specification: dict
    rows: dict[str, list[dict]]


def charts(app):
    return [_read(chart.proto) for chart in app.get("vega_lite_chart")]


def _read(proto):
    rows = {dataset.name: pa.ipc.open_stream(dataset.data.data).read_all().to_pylist() for dataset in proto.datasets}
    return Drawn(json.loads(proto.spec), rows)


def drawn_rows(app):
    """All rows of all charts of a page."""
    return [row for chart in charts(app) for rows in chart.rows.values() for row in rows]
