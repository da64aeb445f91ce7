"""The overview in a browser: what a newcomer meets first, on a screen and on a phone."""

import time

import pytest
from playwright.sync_api import expect
from plot_share import plots

GAP = "[data-testid=stVegaLiteChart]"


def opened(chromium, url, width, height):
    page = chromium.new_page(viewport={"width": width, "height": height})
    page.goto(url)
    expect(page.locator(".st-key-try_p input[type=range]")).to_be_visible()
    expect(page.locator(f".st-key-step_figure {GAP} svg")).to_be_visible()
    return page


def box(page, selector):
    return page.locator(selector).first.bounding_box()


def ends_at(found):
    return found["y"] + found["height"]


def test_the_charts_are_mostly_plot(server, chromium):
    page = opened(chromium, server.url, 1280, 720)
    expect(page.locator(f".st-key-card_norm_math {GAP} svg")).to_be_visible()
    measured = [plot for plot in plots(page) if plot.share is not None]
    assert len(measured) > 3
    assert not [plot for plot in measured if plot.share < 0.65]
    page.close()


@pytest.mark.parametrize("address", ["", "?present=true"])
def test_title_controls_and_figure_are_in_view_without_scrolling(server, chromium, address):
    page = opened(chromium, f"{server.url}/{address}", 1280, 720)
    for what in ("h1", ".st-key-try", ".st-key-try_p", f".st-key-step_figure {GAP}"):
        assert box(page, what)["y"] >= 0 and ends_at(box(page, what)) <= 720
    assert box(page, f".st-key-step_figure {GAP}")["width"] > 1.8 * box(page, ".st-key-try_p")["width"]
    page.close()


def test_on_a_phone_the_figure_stands_above_its_slider_in_one_view(server, chromium):
    page = opened(chromium, server.url, 390, 844)
    figure, slider = box(page, f".st-key-step_figure {GAP}"), box(page, ".st-key-try_p")
    assert figure["y"] >= 0 and ends_at(figure) <= slider["y"] and ends_at(slider) <= 844
    glossary = box(page, ".st-key-glossary button")
    assert glossary["x"] + glossary["width"] <= 390
    page.close()


def test_one_movement_of_the_slider_closes_the_gap_within_seconds(server, chromium):
    page = opened(chromium, server.url, 1280, 720)
    said = page.locator("[data-testid=stMarkdown]", has_text="The gap goes from")
    expect(said).to_have_count(0)
    begun = time.monotonic()
    page.locator(".st-key-try_p input[type=range]").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("higher")
    expect(page.locator(f".st-key-step_figure {GAP}")).to_contain_text("without a regularizer")
    assert time.monotonic() - begun < 10
    page.close()


def test_a_picture_of_the_map_is_told_in_words(server, chromium):
    page = opened(chromium, server.url, 1280, 720)
    for name in ("baseline", "batch_norm", "layer_norm", "dropout", "l1_l2", "norm_math"):
        picture = page.locator(f".st-key-card_{name} {GAP}")
        expect(picture.locator("svg, canvas").first).to_be_visible()
        labels = picture.locator("[aria-label]:not(button)").evaluate_all(
            "els => els.map((el) => el.getAttribute('aria-label'))"
        )
        assert any(len(label.split()) > 5 for label in labels)
    page.close()


def test_the_glossary_is_filtered_while_one_types(server, chromium):
    page = opened(chromium, server.url, 1280, 720)
    page.locator(".st-key-glossary button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("softmax", exact=True)).to_be_visible()
    dialog.get_by_role("textbox").press_sequentially("soft thresh", delay=30)
    expect(dialog.get_by_text("softmax", exact=True)).to_have_count(0)
    expect(dialog.get_by_text("soft thresholding", exact=True)).to_be_visible()
    page.close()


def test_a_word_of_the_glossary_leads_to_its_step(server, chromium):
    page = opened(chromium, server.url, 1280, 720)
    page.locator(".st-key-glossary button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").press_sequentially("inverted", delay=30)
    expect(dialog.get_by_text("softmax", exact=True)).to_have_count(0)
    dialog.get_by_role("link", name="Dropout").first.click()
    page.wait_for_function("location.pathname === '/dropout' && location.search.includes('step=conventions')")
    expect(page.locator(".st-key-step")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.close()
