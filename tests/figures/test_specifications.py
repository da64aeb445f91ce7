"""Specifications that are shipped are those that Altair builds; who uses them imports no Altair."""

import ast
import importlib
import json
import subprocess
import sys

from core.figures.compare import stops_figure
from core.figures.specifications import built, key, shipped, specification
from core.figures.theme import NORMAL, PROJECTED, Look

COMMAND = "python -m core.app.keep_specifications"


def asked(name):
    """A key taken apart again: kind, options, look."""
    module, function, rest = name.split(" ", 2)
    look, end = next((look, end) for look in (NORMAL, PROJECTED) if rest.startswith(end := _sizes(look)))
    return getattr(importlib.import_module(module), function), ast.literal_eval(rest[len(end) + 1 :]), look


def _sizes(look):
    return repr((look.font, look.height, look.stroke))


def test_what_is_shipped_is_what_altair_builds():
    assert shipped()
    for name, kept in shipped().items():
        kind, options, look = asked(name)
        assert key(kind, options, look) == name
        assert json.loads(built(kind, options, look)) == json.loads(kept), f"run {COMMAND}"


def test_both_looks_are_shipped():
    looks = {asked(name)[2] for name in shipped()}
    assert looks == {NORMAL, PROJECTED}


def test_a_shipped_chart_is_drawn_without_importing_altair():
    name = next(iter(shipped()))
    code = (
        "import ast, importlib, sys\n"
        "from core.figures.specifications import specification\n"
        "from core.figures.theme import Figure, Look\n"
        "module, kind, options, look = ast.literal_eval(sys.argv[1])\n"
        "figure = Figure(getattr(importlib.import_module(module), kind), options, {})\n"
        "print(len(specification(figure, Look(*look))), 'altair' in sys.modules)\n"
    )
    kind, options, look = asked(name)
    told = repr((kind.__module__, kind.__name__, options, (look.font, look.height, look.stroke)))
    done = subprocess.run([sys.executable, "-c", code, told], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(shipped()[name])), "False"]


def test_a_chart_that_is_not_shipped_is_built_in_the_look_that_is_asked_for():
    figure = stops_figure({"plain": {0.1: [0.5]}}, 0.1, x_title="a title of no page", title="")
    look = Look(font=31)
    assert key(figure.kind, figure.options, look) not in shipped()
    assert json.loads(specification(figure, look))["config"]["axis"]["labelFontSize"] == 31
