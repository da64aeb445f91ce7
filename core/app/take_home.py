"""Take it home: a configuration as a script or a notebook in plain PyTorch, its numbers as a table.

Figures need nothing here: each chart's own toolbar saves it as PNG, each table's as CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

import streamlit as st

from core.app import failures
from core.app.frame import is_hidden, is_presenting
from core.config import RunConfig
from core.export.document import file_name, to_notebook, to_script
from core.figures.curves import curve_table
from core.results.library import stored_outcome

SAYS = (
    "The training as plain PyTorch, without a line of this app: same images, same first weights, same order, and so "
    "the app's numbers up to rounding. It draws the curves, the weights and the loss surface, and is yours to change. "
    "A chart is saved as PNG by the button above its top right corner, a table as CSV."
)


def take_home(named: Mapping[str, RunConfig], *, key: str) -> None:
    """A drawer with the files of one of several networks, made only when it is opened. Left out while presenting."""
    if named and not is_hidden("downloads") and not is_presenting():
        _drawer(dict(named), key)


@failures.fragment
def _drawer(named: dict[str, RunConfig], key: str) -> None:
    drawer = st.expander("Take it home", key=f"{key}_home", on_change="rerun", icon=":material/download:")
    if not drawer.open:
        return
    with drawer:
        st.caption(SAYS)
        names = list(named)
        name = (
            names[0]
            if len(names) == 1
            else st.selectbox("Which network", names, len(names) - 1, key=f"{key}_home_which", persist_state="session")
        )
        _files(named[name], key)


def _files(config: RunConfig, key: str) -> None:
    outcome = stored_outcome(config)
    with st.container(horizontal=True):
        _button("Script (.py)", "text/x-python", lambda: to_script(config, outcome), file_name(config, "py"), key)
        notebook = file_name(config, "ipynb")
        _button("Notebook (.ipynb)", "application/x-ipynb+json", lambda: to_notebook(config, outcome), notebook, key)
        if outcome and outcome.records:
            name = file_name(config, "py").removesuffix(".py") + ".csv"
            _button("Numbers (.csv)", "text/csv", lambda: _as_csv(curve_table(outcome.records, config)), name, key)


def _button(label: str, mime: str, make: Callable[[], str], name: str, key: str) -> None:
    """A button whose file is made when it is pressed."""
    st.download_button(
        label, make, file_name=name, mime=mime, key=f"{key}_home_{label}", on_click="ignore", icon=":material/download:"
    )


def _as_csv(rows: list[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
