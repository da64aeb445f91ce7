"""The steps of a lesson as its page's source declares them, without running it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def _declared(lesson: str) -> dict[str, ast.Call]:
    """A step's name in the address → the call that declares it, in the order of the lesson."""
    (page,) = (ROOT / "pages").glob(f"*_{lesson}.py")
    return {
        node.name.strip("_").replace("_", "-"): by
        for node in ast.parse(page.read_text(encoding="utf-8")).body
        for by in getattr(node, "decorator_list", ())
        if isinstance(by, ast.Call) and getattr(by.func, "attr", "") == "step"
    }


def steps_of(lesson: str) -> dict[str, str]:
    """A step's name in the address → its title, in the order of the lesson."""
    return {name: declared.args[0].value for name, declared in _declared(lesson).items()}


def minutes_of(lesson: str) -> dict[str, float]:
    """A step's name in the address → how many minutes its notes give it."""
    return {
        name: next(given.value.value for given in declared.keywords if given.arg == "minutes")
        for name, declared in _declared(lesson).items()
    }
