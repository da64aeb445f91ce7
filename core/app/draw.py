"""Figures in the browser: charts by Vega-Lite, surfaces by a component that keeps the camera when its data change.

The component is a thin one over Plotly.react: st.plotly_chart builds the scene anew with every change and loses the
camera (streamlit#8882). plotly.min.js is the one of the installed plotly package, put into static/ when it is first
needed, from where Streamlit serves it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.figures.theme import Spec
from core.folders import replace_atomically

STATIC = Path(__file__).resolve().parents[2] / "static"

JS = """
let loading;
function plotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  loading ??= new Promise((ready, failed) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => ready(window.Plotly);
    script.onerror = () => { loading = undefined; failed(new Error("plotly.js could not be loaded")); };
    document.head.appendChild(script);
  });
  return loading;
}

// Figures of one group show the same view: turning one turns the others.
const groups = (window.reglabGroups ??= new Map());
function turnOthers(P, group, from, update) {
  const camera = update["scene.camera"];
  if (!camera) return;
  for (const el of groups.get(group) ?? []) {
    if (el === from || !el.isConnected || el.turning || !el._fullLayout?.scene) continue;
    el.turning = true;
    P.relayout(el, { "scene.camera": structuredClone(camera) }).finally(() => { el.turning = false; });
  }
}

export default function ({ data, parentElement }) {
  const el = parentElement.querySelector(".reglab-scene");
  el.setAttribute("aria-label", data.alt);
  el.style.height = data.height + "px";
  const style = getComputedStyle(parentElement);
  const text = style.getPropertyValue("--st-text-color") || style.color;
  const grid = "#9aa1ab"; // to be seen on light and dark
  const layout = structuredClone(data.spec.layout);
  layout.font = { ...layout.font, color: text, family: style.getPropertyValue("--st-font") || "sans-serif" };
  const axes = [layout.xaxis, layout.yaxis, layout.scene?.xaxis, layout.scene?.yaxis, layout.scene?.zaxis];
  for (const axis of axes) if (axis) Object.assign(axis, { gridcolor: grid, zerolinecolor: grid, linecolor: grid });
  // The wheel scrolls the page; zooming a scene is done with the right button or two fingers.
  // Nothing is sent to a server: the button that would upload a chart is left out.
  const config = { displaylogo: false, responsive: true, scrollZoom: false,
                   modeBarButtonsToRemove: ["sendChartToCloud"],
                   toImageButtonOptions: { format: "png", scale: 2, filename: "surface" } };
  // A rerun that changed something else comes here too; drawing the same scene again would cost a phone its battery.
  const told = JSON.stringify([data.spec, text]);
  const isNew = el.told !== told;
  el.told = told;
  let left = false;
  plotly(data.plotly).then(async (P) => {
    if (left) return;
    // Plotly's uirevision keeps only what the mouse did; a view taken over from another scene is kept here.
    el.view = el._fullLayout?.scene?._scene?.getCamera() ?? el.view;
    if (layout.scene && el.view) layout.scene.camera = el.view;
    if (isNew) await P.react(el, structuredClone(data.spec.data), layout, config);
    if (!data.group) return;
    if (!groups.has(data.group)) groups.set(data.group, new Set());
    groups.get(data.group).add(el);
    el.removeAllListeners?.("plotly_relayout");
    el.on("plotly_relayout", (update) => { if (!el.turning) turnOthers(P, data.group, el, update); });
  }).catch((error) => {
    el.textContent = `This figure cannot be drawn: ${error.message}. The table below has its numbers.`;
  });
  return () => { left = true; groups.get(data.group)?.delete(el); };
}
"""


@lru_cache(maxsize=1)
def _component():
    return st.components.v2.component(
        "reglab_scene",
        html='<div class="reglab-scene" role="img" style="width:100%"></div>',
        js=JS,
        isolate_styles=False,
    )


@lru_cache(maxsize=1)
def plotly_url() -> str:
    """The address of the installed plotly package's plotly.min.js, relative to a page's; copies the file where
    needed."""
    package = Path(importlib.util.find_spec("plotly").submodule_search_locations[0])
    source, target = package / "package_data" / "plotly.min.js", STATIC / "plotly.min.js"
    size = source.stat().st_size
    if not target.is_file() or target.stat().st_size != size:
        with replace_atomically(target) as partial:
            partial.write_bytes(source.read_bytes())
    return f"./app/static/plotly.min.js?size={size}"


def chart(spec: Spec, *, alt: str, into=st) -> None:
    """Draw a Vega-Lite chart, which Streamlit updates in place. alt: what it shows, for a screen reader. into: a
    column. A chart with a width of its own keeps it; the others are as wide as their place."""
    into.vega_lite_chart(
        spec=_with_datasets(spec), alt=alt, width="stretch" if spec["width"] == "container" else "content"
    )


def _with_datasets(spec: Spec) -> Spec:
    """The chart with its rows apart, as named data sets. Where only rows change, the browser then puts the new ones
    into the chart that is there, instead of building another: a slider is answered in three quarters of the time."""
    layers = [{**layer, "data": {"name": f"rows{i}"}} for i, layer in enumerate(spec["layer"])]
    datasets = {f"rows{i}": _as_arrow(layer["data"]["values"]) for i, layer in enumerate(spec["layer"])}
    return {**spec, "layer": layers, "datasets": datasets}


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


def scene(spec: Spec, *, key: str, alt: str, group: str = "", height: int = 460) -> None:
    """Draw a Plotly figure (JSON values only) that keeps its camera over reruns.

    key: its identity on the page. alt: what it shows, for a screen reader. group: scenes of one group turn together.
    """
    data = {"spec": spec, "plotly": plotly_url(), "alt": alt, "group": group, "height": height}
    _component()(key=key, data=data, height=height)
