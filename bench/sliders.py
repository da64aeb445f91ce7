"""How long a slider of a page takes: at the server, without a browser, and in Chromium until nothing moves any more."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from bench.report import Requirement, at_most, print_table

ROOT = Path(__file__).resolve().parent.parent


def slider_requirements(paths: Sequence[str], moves: int = 6) -> list[Requirement]:
    """Median seconds of each page's whole script after one of its sliders has moved; in the app a slider redraws its
    section only."""
    from streamlit.testing.v1 import AppTest

    app, rows, slowest = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run(), [], {}
    for path in paths:
        app.switch_page(path).run()
        for key in [slider.key for slider in app.select_slider]:
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
    return [at_most(f"{path}, slowest slider", seconds, 0.2, " s") for path, seconds in slowest.items()]


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
