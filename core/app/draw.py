"""Figures in the browser: charts by Vega-Lite, surfaces by a component that keeps the camera when its data change.

The component (scene.js) is a thin one over Plotly.react: st.plotly_chart builds the scene anew with every change and
loses the camera (streamlit#8882). plotly.min.js is the installed plotly package's, served from there: nothing is
written into the app's own folder, which may be read-only.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components import v1 as served_components

from core.app.frame import look
from core.figures.in_words import in_numbers, in_words
from core.figures.specifications import specification
from core.figures.theme import NORMAL, Figure, Spec, sized


def chart(figure: Figure, *, alt: str, into=st, height: int | None = None) -> None:
    """Draw a chart, which Streamlit updates in place: its rows travel beside its specification as named data sets, so
    where only rows change, the browser puts the new ones into the chart that is there.

    alt: what it shows, for a screen reader; the course of its lines is said after it. into: a column. height: in
    pixels, where the look's own does not fit; larger in proportion while presenting. A chart with a size of its own
    keeps it; the others are as wide as their place.
    """
    _import_altair_soon()
    spec = json.loads(specification(figure, look()))
    if height and spec["width"] == "container":
        spec["height"] = round(height * look().height / NORMAL.height)
    spec["datasets"] = {name: _as_arrow(rows) for name, rows in figure.rows.items()}
    alt = f"{alt} {in_words(spec, figure.rows)}".strip()
    into.vega_lite_chart(spec=spec, alt=alt, width="stretch" if spec["width"] == "container" else "content")


def numbers_of(figure: Figure) -> list[dict[str, Any]]:
    """The numbers of a chart's lines and points as the rows of a table."""
    return in_numbers(json.loads(specification(figure, look())), figure.rows)


@lru_cache(maxsize=1)
def _import_altair_soon() -> None:
    """Charts that pages open with are shipped; the first other one needs Altair, and finds it imported where the server
    had a moment's rest since its first page."""
    timer = threading.Timer(5, importlib.import_module, ["altair"])
    timer.daemon = True
    timer.start()


def _as_arrow(values: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows in Arrow's stream format. Whole numbers become floats, as in JavaScript: 64-bit ones would be BigInts."""
    import pyarrow as pa

    columns = {
        name: pa.array([row.get(name) for row in values]) for name in dict.fromkeys(k for r in values for k in r)
    }
    whole = {name for name, column in columns.items() if pa.types.is_integer(column.type)}
    table = pa.table({name: c.cast(pa.float64()) if name in whole else c for name, c in columns.items()})
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue().to_pybytes()


@lru_cache(maxsize=1)
def _component():
    return st.components.v2.component(
        "reglab_scene",
        html='<div class="reglab-scene" style="width:100%"></div>',
        js="\n".join(Path(__file__).with_name(f"{name}.js").read_text("utf-8") for name in ("scene_access", "scene")),
        isolate_styles=False,
    )


@lru_cache(maxsize=1)
def plotly_url() -> str:
    """The address of the installed plotly package's plotly.min.js, relative to a page's. To be called in a script run.

    Streamlit serves the folder of any component of its first kind; this one is declared for its folder alone.
    """
    package = Path(importlib.util.find_spec("plotly").submodule_search_locations[0])
    folder = served_components.declare_component("plotly", path=package / "package_data")
    return f"./component/{folder.name}/plotly.min.js?version={importlib.metadata.version('plotly')}"


def scene(spec: Spec, *, key: str, alt: str, group: str = "", height: int = 460) -> None:
    """Draw a Plotly figure (JSON values only) that keeps its camera over reruns.

    key: its identity on the page. alt: what it shows, for a screen reader. group: scenes of one group turn together.
    """
    data = {"spec": sized(spec, look()), "plotly": plotly_url(), "alt": alt, "group": group, "height": height}
    _component()(key=key, data=data, height=height)
