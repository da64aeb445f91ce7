"""How long the sliders of the lessons take: `python -m bench.sliders`, with Chromium installed.

At the server: every slider, the page's whole script, without a browser; in the app a slider redraws its section only.
In Chromium: the sliders that move the most, from the key press until nothing on the page changes any more.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

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


def at_server(moves: int = 6) -> list[Requirement]:
    """Median seconds of each page's whole script after one of its sliders has moved to a stop that is precomputed.

    The student's own run, whose stops may have to be trained first, is left out.
    """
    from streamlit.testing.v1 import AppTest

    app, rows, slowest = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run(), [], {}
    for path in [lesson.path for lesson in LESSONS[2:]]:
        app.switch_page(path).run()
        for key in [slider.key for slider in app.select_slider if slider.key not in FIELDS]:
            options, start, seconds = app.select_slider(key=key).options, app.select_slider(key=key).value, []
            for i in range(moves):
                app.select_slider(key=key).set_value(options[i % len(options)])
                started = time.perf_counter()
                app.run()
                seconds.append(time.perf_counter() - started)
            app.select_slider(key=key).set_value(start).run()
            if app.exception:
                raise RuntimeError(f"{path} failed with its slider {key}")
            rows.append((f"{path} {key}", f"{statistics.median(seconds):.3f}"))
            slowest[path] = max(slowest.get(path, 0), statistics.median(seconds))
    print_table("Seconds of a slider, at the server (median)", ("slider", "seconds"), rows)
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
