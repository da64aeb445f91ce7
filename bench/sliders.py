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
from functools import wraps
from pathlib import Path

import streamlit as st
from playwright.sync_api import sync_playwright
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from bench.app import CHROMIUM, free_port, open_as_soon_as_possible, start_server
from bench.report import Requirement, at_most, print_table, verdict
from core.app.frame import LESSONS
from core.config import FIELDS

ROOT = Path(__file__).resolve().parent.parent
IN_BROWSER = {
    "batch_norm": ("sgd_lr", "contrast"),
    "dropout": ("p", "masks_p", "image", "masks", "units_p"),
    "l1_l2": ("lambda1", "l1_threshold", "steps_lambda", "lambda2", "decay", "three_lambda"),
    "norm_math": ("delta", "c1", "plane_lambda", "map_w", "time", "network_lambda"),
}
"""Page → the keys of its sliders that are timed in Chromium."""
BOUNDS = {"pages/6_norm_math.py": 0.1}
"""Seconds at the server; 0.2 for the other pages."""


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
    """Median seconds of the section of each slider, and of its page's whole script, after a move to a precomputed stop.

    The student's own run, whose stops may have to be trained first, is left out.
    """
    from streamlit.testing.v1 import AppTest

    sections: Sections = []
    timed_fragments(sections)
    app, rows, slowest = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run(), [], {}
    for path in [lesson.path for lesson in LESSONS[2:]]:
        app.switch_page(path).run()
        for key in [slider.key for slider in app.select_slider if slider.key not in FIELDS]:
            options, start = app.select_slider(key=key).options, app.select_slider(key=key).value
            whole, section = [], []
            for i in range(moves):
                app.select_slider(key=key).set_value(options[i % len(options)])
                sections.clear()
                started = time.perf_counter()
                app.run()
                whole.append(time.perf_counter() - started)
                around = [(len(keys), seconds) for keys, seconds in sections if key in keys]
                section.append(min(around)[1] if around else whole[-1])
            app.select_slider(key=key).set_value(start).run()
            if app.exception:
                raise RuntimeError(f"{path} failed with its slider {key}")
            rows.append((f"{path} {key}", f"{statistics.median(section):.3f}", f"{statistics.median(whole):.3f}"))
            slowest[path] = max(slowest.get(path, 0), statistics.median(section))
    print_table("Seconds of a slider, at the server (median)", ("slider", "its section", "whole page"), rows)
    return [at_most(f"{path}, slowest slider", s, BOUNDS.get(path, 0.2), " s") for path, s in slowest.items()]


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
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                open_as_soon_as_possible(page, f"http://127.0.0.1:{port}/{path}")
                page.locator("hr").last.wait_for()
                page.evaluate(WATCH)
                page.wait_for_timeout(4000)
                for key in keys:
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
