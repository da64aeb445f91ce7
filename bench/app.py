"""The app's speed in a real browser: `python -m bench.app`, with Fashion-MNIST at hand (REGLAB_DATA) and Chromium
installed.

Prints, in one run: the time from starting the server to the first page in the browser; the time a slider takes, at the
server alone and in the browser; and a live small-and-noisy run while another session goes on using the app.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.report import Requirement, at_most, verdict

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
H1 = "document.querySelector('h1')?.innerText"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start_server(port: int, cache: str, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port), *options]
    environment = {**os.environ, "REGLAB_CACHE": cache}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def open_as_soon_as_possible(page, url: str) -> None:
    """Go to a page of a server that is still starting, as soon as it listens."""
    port = int(url.split(":")[2].split("/")[0])
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
    page.goto(url)


def cold_start(browser, path: str) -> tuple[float, float, bool]:
    """Seconds from the server's start until the page's title, and until its last element is there; whether torch is
    loaded."""
    with tempfile.TemporaryDirectory() as cache:
        port = free_port()
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto("about:blank")
        started = time.perf_counter()
        server = start_server(port, cache)
        try:
            open_as_soon_as_possible(page, f"http://127.0.0.1:{port}/{path}")
            page.locator("h1").wait_for()
            title = time.perf_counter() - started
            page.wait_for_function("window.reglabStep || document.querySelector('hr')")  # a lesson's step, the overview
            page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
            whole = time.perf_counter() - started
            torch = "libtorch" in Path(f"/proc/{server.pid}/maps").read_text()
        finally:
            page.close()
            server.terminate()
            server.wait()
    return title, whole, torch


def server_redraw(moves: int = 20) -> float:
    """Median seconds of the baseline page's script when a slider moves to a precomputed stop, without a browser."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    app.switch_page("pages/1_baseline.py")
    app.query_params["step"] = "own-run"
    app.run()
    seconds = []
    for i in range(moves):
        app.select_slider(key="seed").set_value(str(i % 5))
        started = time.perf_counter()
        app.run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


GAP = "[...document.querySelectorAll('[data-testid=stMetric]')].filter(m => m.innerText.includes('gap'))[0]?.innerText"


def open_settings(page) -> None:
    """Wait until the student's own run is there, and unfold the settings that stand folded away."""
    page.wait_for_function(f"{GAP} !== undefined")
    page.get_by_text("Other settings").click()
    page.wait_for_timeout(3000)


def browser_redraw(page, moves: int = 12, key: str = "") -> list[float]:
    """Seconds from each key press on the seed's slider until the numbers of the new run are there."""
    seconds = []
    page.locator(".st-key-seed input[type=range]").focus()
    for i in range(moves):
        before = page.evaluate(GAP)
        started = time.perf_counter()
        page.keyboard.press(key or ("ArrowLeft" if i % 2 else "ArrowRight"))
        page.wait_for_function(f"before => {GAP} !== before", arg=before, polling=5)
        seconds.append(time.perf_counter() - started)
        page.wait_for_timeout(300)
    return seconds


def live_run(page, other, url: str, seed: int) -> tuple[float, list[float]]:
    """Seconds from moving the learning rate to a stop that is not stored until the run's curves are done, while another
    session moves a slider every second and a half; and the seconds that its moves took."""
    page.goto(f"{url}/baseline?seed={seed}")
    open_settings(page)
    page.locator(".st-key-lr input[type=range]").focus()
    started = time.perf_counter()
    page.keyboard.press("ArrowRight")
    done, seconds = page.get_by_text("Trained live on this machine"), []
    while done.count() == 0:
        if time.perf_counter() - started > 60:
            raise TimeoutError("the live run did not end within a minute")
        if len(seconds) < (time.perf_counter() - started) / 1.5:
            seconds += browser_redraw(other, 1, "ArrowLeft" if len(seconds) % 2 else "ArrowRight")
        page.wait_for_timeout(50)
    finished = time.perf_counter() - started
    if len(seconds) % 2:
        seconds += browser_redraw(other, 1, "ArrowLeft")  # back to where the next run expects the slider
    return finished, seconds


def main() -> int:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as cache:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        cold_start(browser, "")  # fills the operating system's file cache, as any second start finds it
        overview = [cold_start(browser, "") for _ in range(5)]
        baseline = [cold_start(browser, "baseline") for _ in range(3)]
        at_server = server_redraw()
        port = free_port()
        server = start_server(port, cache)
        url = f"http://127.0.0.1:{port}"
        page, other = browser.new_page(), browser.new_page()
        open_as_soon_as_possible(other, f"{url}/baseline?step=own-run")
        open_settings(other)
        in_browser = browser_redraw(other)
        first, _ = live_run(page, other, url, 1)
        lives = [live_run(page, other, url, seed) for seed in (2, 3, 4)]
        server.terminate()
        browser.close()
    title, whole = statistics.median(t for t, _, _ in overview), statistics.median(w for _, w, _ in overview)
    lesson = statistics.median(t for t, _, _ in baseline), statistics.median(w for _, w, _ in baseline)
    live = statistics.median(seconds for seconds, _ in lives)
    beside = statistics.median([s for _, seconds in lives for s in seconds])
    print(f"cold start to the overview in Chromium: title {title:.2f} s, whole page {whole:.2f} s (median of 5)")
    print(
        f"cold start to the baseline in Chromium: title {lesson[0]:.2f} s, whole page {lesson[1]:.2f} s (median of 3)"
    )
    print(
        f"slider to a precomputed run: {at_server:.3f} s at the server, {statistics.median(in_browser):.3f} s in "
        f"Chromium"
    )
    print(
        f"live small-and-noisy run: {live:.1f} s (median of 3), {first:.1f} s the first time, PyTorch's start included"
    )
    print(f"another session's slider meanwhile: {beside:.3f} s in Chromium (median)")
    torch_loaded = any(torch for _, _, torch in (*overview, *baseline))
    return verdict(
        [
            at_most("first page from a cold start of the server", whole, 2, " s"),
            Requirement("torch in the server's process: no", "yes" if torch_loaded else "no", not torch_loaded),
            at_most("slider to a precomputed run, at the server", at_server, 0.2, " s"),
            at_most("live small-and-noisy run beside another session, PyTorch running", live, 8, " s"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
