"""Two processes behind nginx, as deploy/serve.sh starts them."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
COOKIE = "reglab_process"


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody listens on."""
    while True:
        first = random.randrange(20_000, 30_000)
        try:
            for port in range(first, first + count):
                with socket.socket() as trial:
                    trial.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


class Served:
    """deploy/serve.sh with two processes, an empty cache folder and no images."""

    def __init__(self, folder: Path):
        self.port, self.cache = free_ports(3), folder / "cache"
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "run").mkdir()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("REGLAB")},
            "PYTHON": sys.executable,
            "REGLAB_CACHE": str(self.cache),
            "RUNTIME_DIRECTORY": str(folder / "run"),
        }
        command = ["deploy/serve.sh", "2", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        for port in (self.port, self.port + 1, self.port + 2):
            self.wait_for(port)

    def wait_for(self, port: int):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("it did not start within a minute")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    if not (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()):
        pytest.fail("install nginx first (Debian: apt-get install nginx)")
    served = Served(tmp_path_factory.mktemp("served"))
    yield served
    served.stop()


@pytest.fixture
def visitor(windows_of, served):
    """Makes visitors of a process of their own; 0: of whichever they are sent to."""

    def window(process: int = 0):
        page = windows_of(served)
        if process:
            page.context.add_cookies([{"name": COOKIE, "value": str(process), "url": served.url}])
        return page

    return window


def answered(url: str, **headers: str):
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return urllib.request.urlopen(request, timeout=20)


def test_newcomers_are_spread_over_the_processes_and_stay_where_they_are(served):
    sent = [answered(served.url, Sec_Fetch_Dest="document").headers["Set-Cookie"] for _ in range(40)]
    assert {told.partition(";")[0] for told in sent} == {f"{COOKIE}=1", f"{COOKIE}=2"}
    assert "Set-Cookie" not in answered(served.url, Cookie=f"{COOKIE}=2").headers
    assert {answered(served.url).headers["Set-Cookie"] for _ in range(10)} <= set(sent)  # no cookie: by address, one


def test_the_servers_numbers_are_not_for_visitors(served):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        answered(f"{served.url}/_stcore/metrics")
    assert answered(f"http://127.0.0.1:{served.port + 1}/_stcore/metrics").status == 200


@pytest.mark.parametrize("process", [1, 2])
def test_pages_and_uploads_reach_the_process_of_their_session(served, visitor, process, tmp_path):
    page = visitor(process)
    page.goto(f"{served.url}/batch_norm?whole=true")
    page.wait_for_function("document.querySelector('.reglab-scene')?._fullLayout", timeout=60_000)
    page.goto(served.url)
    page.get_by_text("Your answers", exact=True).click()
    broken = tmp_path / "broken.json"
    broken.write_text("[" * 1000)
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(broken)
    expect(page.get_by_text("This is not a progress file")).to_be_visible()
    assert [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == COOKIE] == [str(process)]


def test_a_run_trained_by_one_process_is_found_by_the_other(served, visitor):
    address, seconds = f"{served.url}/baseline?seed=4&lr=0.003", []
    for process in (1, 2):
        page = visitor(process)
        page.goto(address)
        line = page.get_by_text("Trained live on this machine")
        expect(line).to_be_visible(timeout=120_000)
        seconds.append(re.search(r"in ([\d.]+) s", line.text_content()).group(1))
        if process == 1:
            stored = {path: path.stat().st_mtime_ns for path in served.cache.rglob("run-*.npz")}
    assert len(stored) == 1 and seconds[0] == seconds[1]
    assert [path.name for path in served.cache.rglob("run-*.npz")] == [path.name for path in stored]


def test_when_a_process_ends_its_visitors_go_on_at_another_and_it_is_started_again(served, visitor):
    page = visitor(2)
    page.goto(f"{served.url}/dropout")
    expect(page.locator("h1")).to_be_visible()
    listening = subprocess.run(["pgrep", "-f", f"server.port {served.port + 2}$"], capture_output=True, text=True)
    os.kill(int(listening.stdout.split()[0]), signal.SIGKILL)
    page.goto(f"{served.url}/l1_l2")
    expect(page.locator("h1")).to_be_visible()
    served.wait_for(served.port + 2)
    assert answered(f"{served.url}/_stcore/health", Cookie=f"{COOKIE}=2").status == 200
