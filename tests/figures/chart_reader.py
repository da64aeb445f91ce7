"""A figure as a test reads it: its chart built with all checks, and its specification."""

import json

import altair

from core.figures.specifications import specification
from core.figures.theme import NORMAL, PROJECTED


def valid(figure):
    """The figure, once both looks of its chart were built with Altair's own checks, named exactly the tables that come
    with it, and asked of none for a column that it does not have."""
    for look in (NORMAL, PROJECTED):
        built = figure.kind(look, **dict(figure.options)).to_dict(validate=True)
        assert built == spec_of(figure, look)
        altair.Chart.from_dict(built)
    shared = built.get("data", {}).get("name")
    asked = [(layer.get("data", {}).get("name", shared), fields_of(layer["encoding"])) for layer in built["layer"]]
    assert {name for name, _ in asked} == set(figure.rows)
    for name, fields in asked:
        for row in figure.rows[name]:
            assert fields <= set(row), (name, fields, row)
    return figure


def fields_of(encoding):
    told = [each for channel in encoding.values() for each in (channel if isinstance(channel, list) else [channel])]
    return {each["field"] for each in told if "field" in each}


def spec_of(figure, look=NORMAL):
    return json.loads(specification(figure, look))
