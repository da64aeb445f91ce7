"""A RunConfig as plain PyTorch to take home: one Python script, or one notebook, that needs nothing of this project.

Both are written from the parts of core/export/parts.py. Needs no torch: it writes text.
"""

from __future__ import annotations

import json
import textwrap
from typing import Any, Literal

from core.config import RunConfig
from core.export.parts import Part, packages, parts, stem
from core.results.run import Outcome

LINE_LENGTH = 100
"""Of the written text."""


def to_script(config: RunConfig, expected: Outcome | None = None) -> str:
    """A Python script that trains the network of `config` and draws its figures.

    expected: what the config's training came to in the app; its numbers are then told at the top, and printed beside
    the script's own. Raises ValueError where it is the outcome of another config.
    """
    head, *rest = parts(config, expected)
    install = f"pip install {' '.join(packages(config))}"
    run = textwrap.indent(f"{install}\npython {file_name(config, 'py')}", "    ")
    docstring = f"{head.title}\n\n{_wrapped(head.words)}\n\nTo run it:\n\n{run}"
    return f'"""{docstring}\n"""\n\n' + "\n\n\n".join(_with_comments(part) for part in rest) + "\n"


def to_notebook(config: RunConfig, expected: Outcome | None = None) -> str:
    """The same as `to_script`, as a notebook: JSON of nbformat 4.5, without outputs."""
    head, *rest = parts(config, expected)
    install = f"Install what it needs with `pip install {' '.join(packages(config))} jupyter`."
    cells = [_cell("markdown", head.key, f"# {head.title}\n\n{head.words}\n\n{install}")]
    for part in rest:
        cells.append(_cell("markdown", f"{part.key}-words", f"## {part.title}\n\n{part.words}"))
        cells.append(_cell("code", part.key, part.code))
    notebook = {
        "cells": cells,
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


def _with_comments(part: Part) -> str:
    rule = f"# --- {part.title} "
    return f"{rule:-<{LINE_LENGTH}}\n{_wrapped(part.words, '# ')}\n{part.code}"


def _cell(kind: Literal["markdown", "code"], key: str, text: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": key, "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}
