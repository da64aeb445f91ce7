"""What a visitor sees of a step that fails, and what the server's log has of it."""

import re
from pathlib import Path

from playwright.sync_api import expect
from steps_used import go_to

from core.app import failures

ROOT = Path(__file__).resolve().parents[2]
BROKEN = "from core.app import questions\nquestions.check_yourself = lambda lesson: open('/nowhere/at all')\n"


def test_a_step_that_fails_is_one_sentence_and_the_lesson_goes_on(serve, page, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    log = tmp_path / "log"
    server = serve(log=log, PYTHONPATH=f"{tmp_path}:{ROOT}")
    page.goto(f"{server.url}/l1_l2?step=check-yourself&hide=solutions")
    alert = page.get_by_text(failures.PART)
    expect(alert).to_be_visible()
    number = re.search(r"number ([0-9a-f]{8})", alert.inner_text())[1]
    seen = page.content()
    assert "Traceback" not in seen and "nowhere" not in seen and str(ROOT) not in seen
    expect(page.get_by_role("link", name="Dropout", exact=True)).to_be_visible()  # the menu
    go_to(page, "now-you-can")
    expect(page.get_by_text(failures.PART)).to_have_count(0)
    told = log.read_text()
    assert f"failure {number} in session" in told and "step=check-yourself" in told and "hide=solutions" in told
    assert "Traceback" in told and "/nowhere/at all" in told
