"""Requests that mean harm, at a real server: paths that lead out, files and messages that are too large, addresses with
markup and with bytes that are no text."""

import http.client
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
OUT = (
    "../../../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252f..%252fetc%252fpasswd",
    "..\\..\\..\\..\\etc\\passwd",
    "%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "....//....//....//etc/passwd",
    "streamlit_app.py",
    "../streamlit_app.py",
    "core/config.py%00.js",
    "%00",
    "%ff%fe",
    ".streamlit/config.toml",
    ".git/config",
    "a" * 6_000,
)


def answer(server, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(method, path, skip_host=False)
    for name, value in {**headers, **({"Content-Length": str(len(body))} if body else {})}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


PLOTLY = "/component/core.app.draw.plotly/"
FOLDERS = ("/", PLOTLY, "/component/", "/static/", "/app/static/", "/media/", "/_stcore/", "/l1_l2/")


@pytest.fixture(scope="module")
def serving(server, chromium):
    """The server, once it serves the folder of plotly.min.js too, which a page with a surface asks for."""
    page = chromium.new_page()
    with page.expect_response("**/plotly.min.js*", timeout=60_000):
        page.goto(f"{server.url}/baseline?step=surface")
    page.close()
    assert answer(server, f"{PLOTLY}plotly.min.js")[0] == 200
    return server


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_path_leads_out_of_what_is_served(serving, folder):
    server = serving
    for path in OUT:
        status, body = answer(server, folder + path)
        assert b"root:" not in body and b"frame.begin" not in body and b"maxUploadSize" not in body, path
        assert b"Traceback" not in body and str(ROOT).encode() not in body and status < 500, path


def test_a_file_past_the_limit_is_not_taken(server, page, tmp_path):
    large = tmp_path / "<img src=x onerror=harmed=1>.json"
    large.write_bytes(b"[" + b" " * 1_500_000 + b"]")
    page.goto(server.url)
    page.get_by_text("Your answers", exact=True).click()
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(large)
    expect(page.locator("[data-testid=stFileUploader]")).to_contain_text("1.0MB", ignore_case=True)
    assert page.evaluate("window.harmed") is None
    for method in ("PUT", "POST"):
        status, _ = answer(server, "/_stcore/upload_file/some-session/some-file", method, b"x" * 2_000_000)
        assert status >= 400


def test_a_file_that_is_none_is_refused_in_words_and_its_name_is_text(server, page, tmp_path):
    odd = tmp_path / "<img src=x onerror=harmed=1>.json"
    odd.write_text(json.dumps({"answers": {"<img src=x onerror=harmed=1>": 1}, "version": "<b>x</b>"}))
    page.goto(server.url)
    page.get_by_text("Your answers", exact=True).click()
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(odd)
    expect(page.get_by_text("This file is of another version of the course")).to_be_visible()
    assert page.evaluate("window.harmed") is None and page.locator("img[src=x]").count() == 0


ADDRESSES = (
    "l1_l2?lambda1=%00%ff%fe&step=%F0%9F&whole=%00&hide=%ed%a0%80",
    "l1_l2?step=lambda1&lambda1=<img src=x onerror=harmed=1>&present=<svg/onload=harmed=1>",
    'l1_l2?step=<img src=x onerror=harmed=1>&notes="><script>harmed=1</script>',
    "dropout?step=masks&toy_p=`<img src=x onerror=harmed=1>`&p=[x](javascript:harmed=1)",
    "?try=<script>harmed=1</script>&hide=<b>x</b>",
    "nowhere?x=<img src=x onerror=harmed=1>",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_markup_in_an_address_stays_text(server, page, address):
    page.goto(f"{server.url}/{address}")
    expect(page.locator("h1").first).to_be_visible()
    page.wait_for_timeout(500)
    assert page.evaluate("window.harmed") is None and page.locator("img[src=x]").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0
    assert "Traceback" not in page.content() and str(ROOT) not in page.content()


TELL = """(size) => new Promise((ended) => {
  const socket = new WebSocket(`ws://${location.host}/_stcore/stream`, ["streamlit"]);
  socket.onopen = () => socket.send(new Uint8Array(size).fill(255));
  socket.onclose = ({code}) => ended(code);
  setTimeout(() => ended("open"), 15000);
})"""


def test_a_message_that_is_none_or_too_large_ends_its_own_connection_only(server, page):
    page.goto(f"{server.url}/l1_l2?step=now-you-can")
    expect(page.locator("h1").first).to_be_visible()
    assert page.evaluate(TELL, 100) in (1002, 1006)
    assert page.evaluate(TELL, 9_000_000) in (1009, 1006)
    page.locator(".st-key-step_back button").click()
    expect(page.locator(".st-key-step_next button")).to_be_visible()
    assert answer(server, "/_stcore/health")[0] == 200
