"""Without WebGL, without a mouse, with less motion, enlarged twice; and what can be taken along."""

import base64
import re
import shutil

import pytest
from conftest import CHROMIUM
from playwright.sync_api import expect
from steps_seen import open_step, seen

SCENE = ".reglab-scene"
CAMERA = "el => el._fullLayout.scene._scene.getCamera().eye"


def in_space(page):
    """The scenes of a step, once they are drawn in space."""
    page.wait_for_function(f"document.querySelector('{SCENE}')?._fullLayout?.scene?._scene?.glplot")
    return page.locator(SCENE)


# --- without WebGL --------------------------------------------------------------------------------------------------


WITHOUT_WEBGL = """
  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return kind.includes('webgl') ? null : getContext.call(this, kind, ...more);
  };
"""


def test_without_webgl_surfaces_are_contours_of_the_same_losses_and_it_is_said_why(server, page):
    page.goto(f"{server.url}/layer_norm?step=surface")
    space = in_space(page).evaluate_all("els => els.map(e => [e.data[0].z, e.layout.scene.zaxis.range])")
    page.add_init_script(WITHOUT_WEBGL)
    page.goto(f"{server.url}/layer_norm?step=surface")
    page.wait_for_function(f"document.querySelectorAll('{SCENE} .contourlayer path').length > 20")
    flat = page.locator(SCENE).evaluate_all("els => els.map(e => [e.data[0].z, [e.data[0].zmin, e.data[0].zmax]])")
    assert flat == space and len(flat) == 2
    says = page.locator(".reglab-flat")
    expect(says.first).to_contain_text("no WebGL")
    assert says.count() == 2
    ticks = page.locator(SCENE).first.evaluate("el => el.data[0].colorbar.tickvals")
    low, high = flat[0][1]
    assert 3 <= len(ticks) <= 8 and all(low <= tick <= high for tick in ticks)


def test_a_browser_that_was_started_without_3d_shows_contours_too(server, chromium):
    browser = chromium.browser_type.launch(executable_path=chromium_path(), args=[*CHROMIUM, "--disable-3d-apis"])
    try:
        page = browser.new_page()
        page.goto(f"{server.url}/baseline?step=surface&log_z=true")
        page.wait_for_function(f"document.querySelector('{SCENE}')?.data?.[0]?.type === 'contour'", timeout=60_000)
        assert page.locator(SCENE).evaluate("el => el.data[0].colorbar.ticktext.length") >= 3  # of the logarithmic axis
        expect(page.locator(".reglab-flat")).to_be_visible()
    finally:
        browser.close()


def chromium_path() -> str:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


# --- keys -----------------------------------------------------------------------------------------------------------


def test_keys_turn_a_scene_and_bring_it_nearer_and_its_neighbour_follows(server, page):
    page.goto(f"{server.url}/layer_norm?step=surface")
    scene = in_space(page).first
    page.wait_for_timeout(500)
    start = scene.evaluate(CAMERA)
    scene.focus()
    for key in ("ArrowLeft", "ArrowUp", "+"):
        before = scene.evaluate(CAMERA)
        page.keyboard.press(key)
        page.wait_for_function(
            f"old => Math.abs(({CAMERA})(document.querySelector('{SCENE}')).y - old) > 1e-3", arg=before["y"]
        )
    end = scene.evaluate(CAMERA)
    far = [sum(eye[axis] ** 2 for axis in "xyz") ** 0.5 for eye in (start, end)]
    assert end["x"] < start["x"] and far[1] < far[0]
    assert page.locator(SCENE).nth(1).evaluate(CAMERA) == pytest.approx(end, abs=0.01)
    assert scene.evaluate("el => getComputedStyle(el).outlineStyle") == "solid"
    assert "step=surface" in page.url  # the arrow turned the scene and not the page


def test_a_slider_is_moved_by_keys_and_shows_that_it_has_the_focus(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1")
    slider = page.locator(".st-key-lambda1 input[type=range]")
    plain = page.locator(".st-key-lambda1").screenshot()
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(500)
    assert page.locator(".st-key-lambda1").screenshot() != plain
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('lambda1=')")


def test_with_less_motion_nothing_plays_and_nothing_fades(server, page):
    page.emulate_media(reduced_motion="reduce")
    open_step(page, f"{server.url}/norm_math?step=flow")
    expect(page.locator(".st-key-time")).to_be_visible()
    expect(page.locator(".st-key-play")).to_be_hidden()
    durations = "els => els.map(e => getComputedStyle(e).transitionDuration).filter(d => !/^0s/.test(d))"
    assert page.locator("button").evaluate_all(durations) == []
    page.emulate_media(reduced_motion="no-preference")
    expect(page.locator(".st-key-play")).to_be_visible()


@pytest.mark.parametrize("path", ["l1_l2?step=lambda1", "layer_norm?step=surface", "norm_math?step=plane"])
def test_enlarged_twice_a_step_does_not_scroll_sideways(server, page, path):
    page.set_viewport_size({"width": 640, "height": 360})  # 1280 × 720 at 200 %
    open_step(page, f"{server.url}/{path}")
    assert not seen(page).sideways


# --- to take along --------------------------------------------------------------------------------------------------


def pressed(page, button) -> tuple[str, bytes]:
    """The file that a press of a button makes: its name and its bytes."""
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_a_chart_is_taken_along_as_png_and_as_svg(server, page):
    open_step(page, f"{server.url}/l1_l2?step=prices")
    chart = page.locator("[data-testid=stVegaLiteChart]").first
    chart.hover()
    png = pressed(page, page.get_by_role("button", name=re.compile("^Download as PNG")).first)
    assert png[0].endswith(".png") and png[1].startswith(b"\x89PNG")
    name, svg = pressed(page, page.locator(".reglab-svg").first)
    assert name == "l1_l2-prices-chart-1.svg"
    there = "el => [el.querySelectorAll('path').length, el.textContent]"
    drawn = chart.locator("svg.marks").evaluate(there)
    page.goto("data:image/svg+xml;base64," + base64.b64encode(svg).decode())  # by itself, and with all that was there
    assert page.evaluate(f"({there})(document.documentElement)") == drawn
    assert drawn[0] > 2 and page.evaluate("document.documentElement.tagName") == "svg"


def test_a_surface_is_taken_along_as_png(server, page):
    page.goto(f"{server.url}/baseline?step=surface")
    in_space(page).hover()
    name, png = pressed(page, page.locator(".modebar-btn[data-title*=PNG]").first)
    assert name == "surface.png" and png.startswith(b"\x89PNG") and len(png) > 20_000  # a blank pane has 5 kB


def test_tables_are_taken_along_as_csv(server, page):
    open_step(page, f"{server.url}/norm_math?step=price")
    table = page.locator("[data-testid=stTable]").first
    table.hover()
    name, text = pressed(page, page.locator(".reglab-csv").first)
    rows = [line.split(",") for line in text.decode("utf-8-sig").split("\r\n")]
    cells = table.locator("tr").evaluate_all("rows => rows.map(r => [...r.cells].map(c => c.textContent.trim()))")
    assert name == "norm_math-price-table-1.csv" and rows[0] == cells[0] and len(rows) == len(cells) >= 3
    assert [row[1:] for row in rows] == [row[1:] for row in cells]
    assert rows[1][0] == r"\|x\|_2^2"  # a formula's source, once
