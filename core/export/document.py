"""A RunConfig as plain PyTorch to take home: one Python script, or one notebook, that needs nothing of this project.

Both are made of the cells of core/export/script.py.j2, filled with core/export/values.py. Needs no torch: it writes
text.
"""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.config import RunConfig
from core.export.values import literal, packages, stem, values
from core.results.run import Outcome

LINE_LENGTH = 100
"""Of the written text."""


@dataclass(frozen=True)
class Cell:
    """One step of the text: an explanation and its code. The first cell, the head, has no code."""

    key: str
    title: str
    words: str
    """Paragraphs of one line each, a blank line between them, as Markdown; indented lines are a table."""
    code: str


def cells(config: RunConfig, expected: Outcome | None = None) -> tuple[Cell, ...]:
    """The text in reading order. Raises ValueError where `expected` is the outcome of another config."""
    if expected is not None and expected.config != config:
        raise ValueError("these numbers belong to another config")
    text = _environment().get_template("script.py.j2").render(values(config, expected))
    # ["", key, title, text, key, title, text, …]
    pieces = re.split(r"^# %% ([\w-]+): (.*)\n", text, flags=re.MULTILINE)
    return tuple(_cell(*pieces[i : i + 3]) for i in range(1, len(pieces), 3))


def to_script(config: RunConfig, expected: Outcome | None = None) -> str:
    """A Python script that trains the network of `config` and draws its figures.

    expected: what the config's training came to in the app; its numbers are then told at the top, and printed beside
    the script's own. Raises ValueError where it is the outcome of another config.
    """
    head, *rest = cells(config, expected)
    install = f"pip install {' '.join(packages(config))}"
    run = textwrap.indent(f"{install}\npython {file_name(config, 'py')}", "    ")
    docstring = f"{head.title}\n\n{_wrapped(head.words)}\n\nTo run it:\n\n{run}"
    return f'"""{docstring}\n"""\n\n' + "\n\n\n".join(_with_comments(cell) for cell in rest) + "\n"


def to_notebook(config: RunConfig, expected: Outcome | None = None) -> str:
    """The same as `to_script`, as a notebook: JSON of nbformat 4.5, without outputs."""
    head, *rest = cells(config, expected)
    install = f"Install what it needs with `pip install {' '.join(packages(config))} jupyter`."
    made = [_json_cell("markdown", head.key, f"# {head.title}\n\n{head.words}\n\n{install}")]
    for cell in rest:
        made.append(_json_cell("markdown", f"{cell.key}-words", f"## {cell.title}\n\n{cell.words}"))
        made.append(_json_cell("code", cell.key, cell.code))
    notebook = {
        "cells": made,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def file_name(config: RunConfig, ending: Literal["py", "ipynb"]) -> str:
    """A short name that tells the run, such as dropout-0.5_2000-images_seed-0.py."""
    return f"{stem(config)}.{ending}"


# --- the template ---------------------------------------------------------------------------------------------------


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # it writes Python, not HTML
        # not {{ … }}: in a script's f-strings braces stand side by side
        variable_start_string="«",
        variable_end_string="»",
    )
    environment.filters["literal"] = literal
    return environment


def _cell(key: str, title: str, text: str) -> Cell:
    """The comment that a cell's text begins with is its explanation, the rest its code."""
    lines = text.strip("\n").split("\n")
    n_comments = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    comments = [line.removeprefix("#").removeprefix(" ") for line in lines[:n_comments]]
    return Cell(key, title, _unwrapped("\n".join(comments)), "\n".join(lines[n_comments:]).strip("\n"))


def _unwrapped(words: str) -> str:
    """Paragraphs on one line each. Indented ones are tables, and stay as they are."""
    paragraphs = words.split("\n\n")
    return "\n\n".join(p if p.startswith("    ") else " ".join(p.split("\n")) for p in paragraphs)


# --- the two forms --------------------------------------------------------------------------------------------------


def _wrapped(words: str, prefix: str = "") -> str:
    """Paragraphs within the line length. Indented ones are tables, and stay as they are."""
    lines = []
    for paragraph in words.split("\n\n"):
        if lines:
            lines.append(prefix.rstrip())
        if paragraph.startswith("    "):
            lines += [prefix + line for line in paragraph.split("\n")]
        else:
            lines += textwrap.wrap(
                paragraph, LINE_LENGTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
            )
    return "\n".join(lines)


def _with_comments(cell: Cell) -> str:
    rule = f"# --- {cell.title} "
    return f"{rule:-<{LINE_LENGTH}}\n{_wrapped(cell.words, '# ')}\n{cell.code}"


def _json_cell(kind: Literal["markdown", "code"], key: str, text: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": key, "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}
