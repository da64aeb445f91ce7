"""What a step's button copies, and the code that a class scans from the projector, open what stands on the screen."""

import io
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect
from steps_seen import open_step
from steps_used import copied, drawn_at_rest, move


def test_what_is_copied_opens_the_same_figures_elsewhere(server, sharing, stranger):
    open_step(sharing, f"{server.url}/l1_l2?step=lambda1&hide=solutions&threshold=0.01&junk=1")
    opened = drawn_at_rest(sharing)
    move(sharing, "lambda1")
    drawn = drawn_at_rest(sharing)
    address = copied(sharing)
    assert set(parse_qs(urlsplit(address).query)) == {"step", "lambda1", "hide"}, "this step's keys and no others"
    assert drawn["charts"] and all(drawn["told"]) and drawn["charts"] != opened["charts"], "the slider moved a figure"
    open_step(stranger, address)
    assert drawn_at_rest(stranger) == drawn


def test_a_step_made_of_what_was_set_in_another_takes_that_along(server, sharing, stranger):
    open_step(sharing, f"{server.url}/baseline?step=own-run&lr=0.001&epochs=10")
    sharing.get_by_role("button", name="Steps").click()
    sharing.get_by_role("button", name="The loss surface around a trained network").click()
    sharing.wait_for_function("window.reglabStep?.endsWith('/surface')")
    sharing.locator(".st-key-network").get_by_text("yours", exact=True).click()
    sharing.wait_for_function("window.reglabKept?.epochs")
    drawn_at_rest(sharing)
    address = copied(sharing)
    assert "network=yours" in address and "epochs=10" in address and "lr=0.001" in address
    open_step(stranger, address)
    stranger.wait_for_function("window.reglabKept?.epochs === '10' && window.reglabKept?.lr === '0.001'")


def test_where_a_page_may_not_copy_the_address_is_shown_selected(server, page):
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")  # as by plain http
    open_step(page, f"{server.url}/dropout?step=masks&present=true")
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_label("Copy this address")
    expect(field).to_have_value(f"{server.url}/dropout?step=masks&present=true")
    expect(field).to_be_focused()
    assert page.evaluate("getSelection().toString()") == field.input_value()
    assert page.locator(".reglab-said").text_content() == "", "nothing was copied, and nothing else is said"
    field.press("Escape")
    expect(field).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_class_scans_the_step_as_it_is_set_from_the_projector(server, chromium, scheme):
    page = chromium.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
    page.set_default_timeout(60_000)
    open_step(page, f"{server.url}/l1_l2?step=lambda1&present=true")
    move(page, "lambda1")
    drawn_at_rest(page)
    chosen = parse_qs(urlsplit(page.url).query)["lambda1"][0]
    page.locator(".st-key-step_qr button").click()
    code = page.locator(".st-key-qr_code img")
    expect(code).to_be_visible()
    page.wait_for_timeout(500)  # it grows
    box = code.bounding_box()
    assert box["height"] >= 0.6 * 720 and box["y"] >= 0 and box["y"] + box["height"] <= 720
    seen = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    assert [found.text for found in seen] == [f"{server.url}/l1_l2?step=lambda1&lambda1={chosen}"]
    expect(page.locator(".st-key-qr_code")).to_contain_text("works on this computer only")
    page.close()
