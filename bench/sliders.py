"""How long the sliders of the lessons take: `python -m bench.sliders`, with Chromium installed.

At the server, without a browser: what a slider redraws, that is the innermost fragment that it stands in, and beside it
the page's whole script, which runs when a page is opened.
In Chromium: the sliders that move the most, from the key press until nothing on the page changes any more.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import wraps
from pathlib import Path

import streamlit as st
from playwright.sync_api import sync_playwright
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from bench.app import CHROMIUM, free_port, open_as_soon_as_possible, start_server
from bench.report import Requirement, at_most, print_table, verdict
from bench.steps import steps_of
from core.app.frame import LESSONS
from core.config import FIELDS

ROOT = Path(__file__).resolve().parent.parent
IN_BROWSER = {
    "batch_norm": ("sgd_lr", "contrast"),
    "dropout": ("p", "masks_p", "image", "masks", "units_p"),
    "l1_l2": ("lambda1", "steps_lambda", "lambda2", "decay", "three_lambda"),
    "norm_math": ("delta", "c1", "plane_lambda", "map_w", "time", "network_lambda"),
}
"""Lesson → the keys of its sliders that are timed in Chromium, each in the step that an address with it opens."""
BOUND = 0.1
"""Seconds at the server."""


Sections = list[tuple[frozenset[str], float]]
"""Of one run of a page: each fragment's widgets by key, and the seconds that it took."""


def timed_fragments(sections: Sections) -> None:
    """Make Streamlit's fragments write down, at each run, which widgets they hold and how long they take. To be called
    before the modules with fragments are imported."""
    fragment = st.fragment

    def timed(function):
        @wraps(function)
        def run(*arguments, **named):
            keys = get_script_run_ctx().shared.widget_user_keys_this_run.snapshot
            before, started = keys(), time.perf_counter()
            found = function(*arguments, **named)
            sections.append((keys() - before, time.perf_counter() - started))
            return found

        return run

    def timing_fragment(function=None, **settings):
        if function is None:
            return lambda given: fragment(timed(given), **settings)
        return fragment(timed(function), **settings)

    st.fragment = timing_fragment


def at_server(moves: int = 6) -> list[Requirement]:
    """Median seconds of the fragment of each slider, and of its step's whole script, after a move to a precomputed
    stop.

    The student's own run, whose stops may have to be trained first, is left out.
    """
    from streamlit.testing.v1 import AppTest

    sections: Sections = []
    timed_fragments(sections)
    app, rows, slowest = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run(), [], {}
    for lesson in LESSONS[1:]:
        app.query_params.clear()
        for step in steps_of(app.switch_page(lesson.path).run()):
            app.query_params["step"] = step
            app.run()
            for key in [slider.key for slider in app.select_slider if slider.key not in FIELDS]:
                options = app.select_slider(key=key).options
                section, whole = seconds_of(app, "select_slider", key, options, sections, moves)
                rows.append((f"{lesson.name}/{step} {key}", f"{section:.3f}", f"{whole:.3f}"))
                slowest[lesson.name] = max(slowest.get(lesson.name, 0), section)
            if lesson.name == SWITCHED:
                for kind, key, options in switches_of(app):
                    section, whole = seconds_of(app, kind, key, options, sections, 4)
                    rows.append((f"{lesson.name}/{step} {key}", f"{section:.3f}", f"{whole:.3f}"))
                    slowest["switches"] = max(slowest.get("switches", 0), section)
    print_table("Seconds of a slider or switch, at the server (median)", ("", "its fragment", "whole step"), rows)
    return [at_most(f"{lesson}, the slowest", seconds, BOUND, " s") for lesson, seconds in slowest.items()]


SWITCHED = "compare"
"""The lesson whose switches and lists, of techniques and numbers, are timed as well."""


def switches_of(app) -> list[tuple[str, str, list]]:
    """The switches and lists of the step that is open: kind of widget, key, values. Those of the frame and of exercises
    are left out."""
    own = [("toggle", one.key, [not one.value, one.value]) for one in app.toggle if one.key != "present"]
    return own + [("selectbox", one.key, one.options) for one in app.selectbox]


def seconds_of(app, kind: str, key: str, options: Sequence, sections: Sections, moves: int) -> tuple[float, float]:
    """Median seconds of the innermost fragment around a widget, and of the whole script, after each of so many moves
    through its values. kind: of widget, as AppTest calls it."""
    start = getattr(app, kind)(key=key).value
    whole, section = [], []
    for i in range(moves):
        getattr(app, kind)(key=key).set_value(options[i % len(options)])
        sections.clear()
        started = time.perf_counter()
        app.run()
        whole.append(time.perf_counter() - started)
        around = [(len(keys), seconds) for keys, seconds in sections if key in keys]
        section.append(min(around)[1] if around else whole[-1])
    getattr(app, kind)(key=key).set_value(start).run()
    if app.exception or app.error:
        raise RuntimeError(f"the widget {key} failed")
    return statistics.median(section), statistics.median(whole)


WATCH = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const seen = () => { window.lastChange = performance.now(); };
  new MutationObserver(seen).observe(main, {subtree: true, childList: true, attributes: true, characterData: true});
  document.addEventListener('keydown', () => { window.pressed = performance.now(); }, {capture: true});
}"""
QUIET = "performance.now() - Math.max(window.lastChange ?? 0, window.pressed ?? 0) > 700"


def seconds_in_browser(page, key: str, moves: int = 9) -> list[float]:
    """Seconds from each key press on a slider until the last change of the page's content: numbers, charts, tables. The
    first move, which may fill caches, is left out. The page must have been given WATCH."""
    slider = page.locator(f".st-key-{key} input[type=range]")
    slider.scroll_into_view_if_needed()
    page.wait_for_function(QUIET)
    slider.focus()
    seconds = []
    for i in range(moves + 1):
        page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
        page.wait_for_function(QUIET, polling=100)
        seconds.append(page.evaluate("(window.lastChange - window.pressed) / 1000"))
    return seconds[1:]


def in_browser() -> list[Requirement]:
    rows, slowest = [], {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as cache:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        port = free_port()
        server = start_server(port, cache)
        try:
            for path, keys in IN_BROWSER.items():
                for key in keys:
                    page = browser.new_page(viewport={"width": 1280, "height": 800})
                    open_as_soon_as_possible(
                        page, f"http://127.0.0.1:{port}/{path}?{key}=-"
                    )  # not usable, and so named; but it opens the step
                    page.wait_for_function("window.reglabStep")
                    page.evaluate(WATCH)
                    page.wait_for_timeout(2000)
                    median = statistics.median(seconds_in_browser(page, key))
                    rows.append((f"{path} {key}", f"{median:.3f}"))
                    slowest[path] = max(slowest.get(path, 0), median)
                    page.close()
        finally:
            server.terminate()
            browser.close()
    print_table("Seconds of a slider in Chromium, until nothing changes (median)", ("slider", "seconds"), rows)
    return [at_most(f"{path}, slowest slider in Chromium", s, 0.5, " s") for path, s in slowest.items()]


def main() -> int:
    return verdict(at_server() + in_browser())


if __name__ == "__main__":
    sys.exit(main())
