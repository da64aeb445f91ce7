"""A step inside another page: alone, within 600 pixels, and with a way to the whole lesson."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from steps_seen import BESIDE_A_SLIDER, open_step, seen

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture
def framed(chromium):
    page = chromium.new_page(viewport={"width": 600, "height": 700})
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.mark.parametrize("step", ["l1_l2?step=lambda1", "baseline?step=surface", "dropout?step=fill-in-the-code"])
def test_a_step_stands_alone_and_fits_a_narrow_frame(server, framed, step):
    open_step(framed, f"{server.url}/{step}&embed=true")
    for put_away in ("stSidebar", "stExpandSidebarButton", "stToolbar"):
        expect(framed.get_by_test_id(put_away)).to_have_count(0)
    expect(framed.locator(".st-key-step_bar")).to_have_count(0)
    found = seen(framed)
    assert not found.sideways
    left, top, right, _ = found.heading
    assert left <= 16 and top <= 24, "no space is wasted above the title"
    assert all(box[0] >= 0 and box[2] <= 600 for box in found.controls)
    shown = framed.evaluate(BESIDE_A_SLIDER)
    assert shown is None or shown >= 0.8, "the figure is in view while its slider is moved"
    assert framed.locator("[data-testid=stMain]").evaluate("el => el.scrollWidth") <= 600


def test_the_link_opens_the_step_as_it_is_set_in_the_whole_lesson(server, framed):
    open_step(framed, f"{server.url}/l1_l2?step=lambda1&embed=true")
    slider = framed.locator(".st-key-lambda1 input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    framed.wait_for_function("new URLSearchParams(location.search).has('lambda1')")
    chosen = slider.get_attribute("aria-valuetext")
    with framed.expect_popup() as opened:
        framed.get_by_role("link", name="The whole lesson").click()
    lesson = opened.value
    lesson.set_viewport_size({"width": 1280, "height": 720})
    expect(lesson.locator(".st-key-step_bar")).to_be_visible()
    expect(lesson.get_by_test_id("stSidebar")).to_be_visible()
    expect(lesson.locator(".st-key-lambda1 input[type=range]")).to_have_attribute("aria-valuetext", chosen)
    lesson.close()


def test_the_frame_of_the_readme_shows_its_step(server, page):
    frame = re.search(r"<iframe .*?</iframe>", README.read_text(encoding="utf-8"), re.DOTALL).group()
    page.goto(f"{server.url}/_stcore/health")
    page.set_content(frame.replace("https://YOUR-APP", server.url))
    step = page.frame_locator("iframe")
    expect(step.locator("h1")).to_be_visible()
    expect(step.locator(".st-key-lambda1")).to_contain_text("0.001")
    expect(step.get_by_test_id("stSidebar")).to_have_count(0)
