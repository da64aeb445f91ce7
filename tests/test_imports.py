"""Which module may import what, for every module there is: the arrows between the rooms of core/ run one way, and
nothing that a page needs at once loads what takes a second to load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*(ROOT / "core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "streamlit_app.py"])
PAGES = [path for path in MODULES if path.parent.name == "pages" or path.parent == ROOT]

BASE = {"config", "techniques", "data", "download", "folders", "seeds"}
"""The modules that lie in core/ itself."""
MAY_IMPORT = {
    "config": set(),
    "techniques": {"config"},
    "folders": set(),
    "seeds": set(),
    "download": set(),
    "data": {"config", "download", "folders", "seeds"},
    "results": {"config", "techniques", "folders"},
    "maths": {"config", "seeds"},
    "typed_code": {"config"},
    "engine": {*BASE, "maths", "results"},
    "export": {"config", "techniques", "results"},
    "figures": {"config", "techniques", "maths", "results"},
    "course": {"config", "techniques", "maths", "results", "typed_code", "figures"},  # a fault stands with its picture
    "jobs": {*BASE, "results", "engine"},
    "precompute": {*BASE, "results", "engine", "course"},
    "app": {*BASE, "maths", "results", "typed_code", "export", "figures", "course", "jobs"},
    "pages": {"app", "config", "techniques", "course", "results", "figures"},
    "streamlit_app": {"app", "config", "techniques", "course", "results", "figures"},
}
"""Room (a folder of core/, or a module that is in none) → the rooms of core/ that it may import, apart from itself."""

MAY_LOAD = {
    "torch": ("core/engine",),
    "torchvision": ("core/engine",),
    "streamlit": ("core/app", "pages", "streamlit_app.py"),
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "core" and len(parts) > 1 else parts[0]


def imported(source: str) -> set[str]:
    """The modules that a source imports anywhere in it, inside functions too, by their dotted names."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            found |= {_named(argument) for argument in node.args[:1]}
    return found


def _named(argument: ast.expr) -> str:
    """The module that an argument names; of an f-string the part before its first gap."""
    first = argument.values[0] if isinstance(argument, ast.JoinedStr) else argument
    return str(first.value) if isinstance(first, ast.Constant) else "?"


def packages(source: str) -> set[str]:
    return {name.split(".")[0] for name in imported(source)}


@pytest.mark.parametrize(
    "source",
    [
        "import torch",
        "import torch.nn as nn",
        "from torch import nn",
        "def f():\n    from torch.nn import functional",
        "import os, torch",
        "importlib.import_module('torch.nn')",
        "importlib.import_module(f'torch.{name}')",
        "if x:\n    __import__('torch')",
    ],
)
def test_an_import_is_found_however_it_is_written(source):
    assert "torch" in packages(source) and "torch" not in packages(source.replace("torch", "torches"))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_arrows_between_the_rooms_run_one_way(path):
    room = room_of(path)
    names = imported(path.read_text(encoding="utf-8"))
    found = {name.split(".")[1] for name in names if name.startswith("core.")} - {room}
    if path.name == "__init__.py" and not found:
        return
    assert found <= MAY_IMPORT[room]


def test_the_arrows_close_no_circle():
    reached = {room: set(others) for room, others in MAY_IMPORT.items()}
    for _ in reached:
        reached = {room: others.union(*(reached[other] for other in others)) for room, others in reached.items()}
    assert not [room for room, others in reached.items() if room in others]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
@pytest.mark.parametrize("package", MAY_LOAD)
def test_torch_and_streamlit_stay_in_their_rooms(path, package):
    if not name_of(path).startswith(MAY_LOAD[package]):
        assert package not in packages(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_does_no_arithmetic_and_draws_no_figure_of_its_own(path):
    assert not packages(path.read_text(encoding="utf-8")) & {"torch", "torchvision", "numpy", "plotly", "altair"}


def test_all_but_the_engine_and_the_app_loads_without_torch_or_streamlit():
    light = [path for path in MODULES if path not in PAGES and room_of(path) not in ("engine", "app")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in light]
    assert len(names) > 40
    code = (
        f"import importlib, sys\nfor name in {names}:\n    importlib.import_module(name)\n"
        "print([name for name in ('torch', 'torchvision', 'streamlit', 'sklearn') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, cwd=ROOT, text=True) == "[]\n"
