"""A real server and a real Chromium. Run by `python -m pytest tests/browser --override-ini addopts=-q`."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

expect.set_options(timeout=20_000)  # a machine that is busy answers late, not wrongly

ROOT = Path(__file__).resolve().parents[2]

# No connection but to the server under test; software drawing, since a test machine has no graphics card.
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Server:
    """`streamlit run` as README says, with an empty cache folder and no images. log: where its log goes, if not beside
    that of the tests; more: variables of its environment."""

    def __init__(self, cache: Path, port: int = 0, log: Path | None = None, **more: str):
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", port))
            self.port = free.getsockname()[1]
        self.cache = cache
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {**os.environ, "REGLAB_CACHE": str(cache), **more}
        environment.pop("REGLAB_DATA", None)
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(self.port)]
        with contextlib.nullcontext() if log is None else log.open("w") as stderr:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=stderr
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1)
                return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("the server did not start within a minute")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture
def cold_server(tmp_path):
    """A server that nobody has opened a page of yet."""
    server = Server(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def serve(tmp_path):
    """Makes servers of their own kind: serve(log=…, VARIABLE=…)."""
    servers = []

    def start(**more) -> Server:
        servers.append(Server(tmp_path / f"cache-{len(servers)}", **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("cache"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "install Chromium first (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.failures = []
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    yield page
    assert not page.failures
    page.close()


@pytest.fixture
def windows_of(chromium):
    """Makes windows of browsers that know nothing of each other. They may read what was copied."""
    contexts, failures = [], []

    def window(server: Server):
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
        context.set_default_timeout(60_000)
        context.on("weberror", lambda error: failures.append(str(error.error)))
        contexts.append(context)
        return context.new_page()

    yield window
    assert not failures
    for context in contexts:
        context.close()


@pytest.fixture
def sharing(windows_of, server):
    """The window of somebody who copies an address."""
    return windows_of(server)


@pytest.fixture
def stranger(windows_of, server):
    """Somebody else's browser, which knows nothing of the sender's session."""
    return windows_of(server)
