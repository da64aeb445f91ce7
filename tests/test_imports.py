"""Which module may import what: the engine knows no page, and no page loads what takes a second to load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"torch", "torchvision", "numpy", "plotly"}
LIGHT_MODULES = (
    "course.claims", "config", "data", "results.drift", "course.syllabus", "jobs.queue", "maths.normalisation",
    "precompute", "results.probe", "results.run", "results.shift", "results.store", "results.surface",
)  # fmt: skip


def imported(source: str) -> set[str]:
    """The top-level packages that a module imports anywhere in it, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            found |= {str(ast.literal_eval(argument)).split(".")[0] for argument in node.args[:1]}
    return found


@pytest.mark.parametrize(
    "source",
    ["import torch", "import torch.nn as nn", "from torch import nn", "def f():\n    from torch.nn import functional",
     "import os, torch", "importlib.import_module('torch.nn')", "if x:\n    __import__('torch')"],
)  # fmt: skip
def test_an_import_is_found_however_it_is_written(source):
    assert "torch" in imported(source) and "torch" not in imported(source.replace("torch", "torches"))


def engine() -> list[Path]:
    return [path for path in (ROOT / "core").rglob("*.py") if ROOT / "core" / "app" not in path.parents]


@pytest.mark.parametrize("path", engine(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_engine_does_not_know_streamlit(path):
    source = path.read_text(encoding="utf-8")
    assert "streamlit" not in imported(source) and "core.app" not in source


@pytest.mark.parametrize(
    "path", [ROOT / "streamlit_app.py", *(ROOT / "pages").glob("*.py")], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_page_does_no_arithmetic_and_draws_no_figure_of_its_own(path):
    assert not imported(path.read_text(encoding="utf-8")) & HEAVY


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_what_a_page_needs_at_once_loads_without_torch(module):
    heavy = ("torch", "torchvision", "streamlit", "sklearn")
    code = f"import core.{module}, sys; print([name for name in {heavy} if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, cwd=ROOT, text=True) == "[]\n"
