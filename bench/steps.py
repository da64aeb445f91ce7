"""How long a step takes at the server: `python -m bench.steps`, without a browser.

Every step of every lesson is opened twice in one process, in the order of the course: the first time what it needs is
read from precomputed/, the second time most of it is at hand.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from bench.report import Requirement, at_most, print_table, verdict
from core.app.frame import LESSONS

ROOT = Path(__file__).resolve().parent.parent
AGAIN = 5
"""Visits of which the median counts as "again"."""


def steps_of(app) -> list[str]:
    """The names of the steps of the lesson that is open, from its list."""
    return [button.key.removeprefix("to_") for button in app.button if button.key and button.key.startswith("to_")]


def seconds_of(app, step: str) -> float:
    """Seconds of the whole script with this step."""
    app.query_params["step"] = step
    started = time.perf_counter()
    app.run()
    seconds = time.perf_counter() - started
    if app.exception or app.error:
        raise RuntimeError(f"{step} failed: {(*app.exception, *app.error)[0].value}")
    return seconds


def at_server() -> list[Requirement]:
    from streamlit.testing.v1 import AppTest

    app, rows, first, again = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run(), [], [], []
    for lesson in LESSONS[1:]:
        app.query_params.clear()
        for step in steps_of(app.switch_page(lesson.path).run()):
            first.append(seconds_of(app, step))
            again.append(statistics.median(seconds_of(app, step) for _ in range(AGAIN)))
            rows.append((f"{lesson.name}/{step}", f"{first[-1]:.3f}", f"{again[-1]:.3f}"))
    print_table("Seconds of a step, at the server", ("step", "first", "again"), rows)
    slowest = statistics.quantiles(again, n=20)[-1]
    return [
        at_most("a step opened first, median", 1000 * statistics.median(first), 60, " ms"),
        at_most("a step opened again, median", 1000 * statistics.median(again), 40, " ms"),
        at_most("a step opened again, 95th percentile", 1000 * slowest, 150, " ms"),
    ]


if __name__ == "__main__":
    sys.exit(verdict(at_server()))
