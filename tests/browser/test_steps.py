"""Steps in a real browser: keys that turn them, one entry of the history each, kept settings, the top of the page."""

from playwright.sync_api import expect
from steps_used import at_step, go_to, press_free, query


def open_step(page, address):
    """Open a page and wait until its keys are listened to."""
    page.goto(address)
    page.wait_for_function("window.reglabStep")


def move_right(page, key):
    page.locator(f".st-key-{key} input[type=range]").focus()
    page.keyboard.press("ArrowRight")


def test_arrow_keys_turn_steps_but_not_while_a_slider_has_the_focus(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1")
    slider = page.locator(".st-key-lambda1 input[type=range]")
    before = slider.get_attribute("aria-valuetext")
    move_right(page, "lambda1")
    expect(slider).not_to_have_attribute("aria-valuetext", before)
    assert query(page)["step"] == ["lambda1"]
    press_free(page, "ArrowRight")
    at_step(page, "zero")
    press_free(page, "ArrowLeft")
    at_step(page, "lambda1")


def test_back_once_is_the_previous_step_with_its_settings(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1")
    expect(page.locator("h1")).to_be_visible()
    move_right(page, "lambda1")
    page.wait_for_function("new URLSearchParams(location.search).has('lambda1')")
    chosen = query(page)["lambda1"]
    press_free(page, "ArrowRight")
    at_step(page, "zero")
    page.wait_for_function("!new URLSearchParams(location.search).has('lambda1')")
    page.go_back()
    at_step(page, "lambda1")
    assert query(page)["lambda1"] == chosen
    expect(page.locator(".st-key-lambda1")).to_contain_text(chosen[0])


def test_what_is_set_in_a_step_is_still_set_when_one_comes_back_to_it(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1&lambda1=0.001")
    expect(page.locator(".st-key-lambda1")).to_contain_text("0.001")
    page.get_by_role("button", name="Next").click()
    at_step(page, "zero")
    page.get_by_role("button", name="Back").click()
    at_step(page, "lambda1")
    expect(page.locator(".st-key-lambda1")).to_contain_text("0.001")
    page.wait_for_function("new URLSearchParams(location.search).get('lambda1') === '0.001'")


def test_a_new_step_begins_at_its_top_with_the_focus_on_its_title(server, page):
    page.set_viewport_size({"width": 390, "height": 700})
    open_step(page, f"{server.url}/l1_l2?step=lambda1")
    expect(page.locator("h1")).to_be_visible()
    page.locator("[data-testid=stMain]").evaluate("el => el.scrollTo({top: 300})")
    press_free(page, "ArrowRight")
    at_step(page, "zero")
    page.wait_for_function("document.activeElement?.tagName === 'H1'")
    assert page.locator("[data-testid=stMain]").evaluate("el => el.scrollTop") == 0


def test_the_list_of_steps_closes_when_one_is_chosen(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1")
    go_to(page, "weight-decay")
    expect(page.locator(".st-key-to_lambda1")).to_have_count(0)
    page.wait_for_function("document.activeElement?.tagName === 'H1'")
    go_to(page, "lambda1")
    expect(page.locator("h1")).to_have_text("Move λ₁: which weights become small?")


def test_a_change_and_next_that_leave_the_browser_in_one_message_turn_the_step(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1")
    expect(page.locator(".st-key-l1_view [role=radio]").nth(1)).to_be_visible()
    page.wait_for_timeout(500)  # until what is drawn is listened to
    page.evaluate("""() => {
        document.querySelectorAll('.st-key-l1_view [role=radio]')[1].click();
        Promise.resolve().then(() => document.querySelector('.st-key-step_next button').click());
    }""")
    at_step(page, "zero")
