"""The Vega-Lite specifications of figures: built with Altair, once, or read from those that are shipped.

Altair takes 0.2 s to be imported and 10 ms to build a chart, which the first visitor of a server would wait for. So the
charts that pages open with are shipped in specifications.json, each by its kind, look and options. Whoever changes what
a kind builds writes the file anew with the app's keep_specifications.py: until then the old chart is shown, and the
test fails that rebuilds all that is in the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.figures.theme import NORMAL, Figure, Look

if TYPE_CHECKING:
    import altair as alt

Kind = Callable[..., "alt.LayerChart"]
Options = tuple[tuple[str, Hashable], ...]

SHIPPED = Path(__file__).with_name("specifications.json")


def specification(figure: Figure, look: Look = NORMAL) -> str:
    """A figure's Vega-Lite specification as JSON, with its data by name only."""
    return _specification(figure.kind, figure.options, look)


@lru_cache(maxsize=1024)  # 2 to 4 kB each
def _specification(kind: Kind, options: Options, look: Look) -> str:
    return shipped().get(key(kind, options, look)) or built(kind, options, look)


def built(kind: Kind, options: Options, look: Look) -> str:
    from altair.utils.schemapi import debug_mode

    with debug_mode(False):  # Altair's checks would take three times as long; the tests run them on every kind
        return json.dumps(kind(look, **dict(options)).to_dict(validate=False))


def key(kind: Kind, options: Options, look: Look) -> str:
    """What a specification is shipped under, from which a test can build it again."""
    return f"{kind.__module__} {kind.__name__} {(look.font, look.height, look.stroke)!r} {options!r}"


@lru_cache(maxsize=1)
def shipped() -> dict[str, str]:
    """Key → specification."""
    return json.loads(SHIPPED.read_text(encoding="utf-8"))


def ship(figures: dict[str, tuple[Kind, Options, Look]]) -> None:
    """Write the specifications of these figures as the file that is shipped, a line each."""
    entries = {name: built(*asked) for name, asked in sorted(figures.items())}
    SHIPPED.write_text(json.dumps(entries, indent=0, ensure_ascii=False) + "\n")
