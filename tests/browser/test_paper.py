"""A lesson on paper: what a screen needs is gone, what a reader needs is there."""

import re

import pytest
from playwright.sync_api import expect
from steps_seen import open_step

A4 = (595, 842)
"""Points."""

CONTROLS = (
    "[data-testid=stSidebar], [data-testid=stHeader], .st-key-step_bar, [data-testid=stSlider], "
    "[data-testid=stButtonGroup], [data-testid=stCheckbox], [data-testid=stSelectbox], [data-testid=stMain] button, "
    "[data-testid=stMain] input:not([type=radio]), [data-testid=stPageLink], .modebar, [data-testid=stElementToolbar]"
)


@pytest.fixture(scope="module")
def printed(chromium, server):
    """The lesson with surfaces, links, questions and code, as a printer gets it; and how many controls it had."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/baseline?whole=true")
    page.wait_for_function("document.querySelectorAll('h2').length >= 12")
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')")
    page.wait_for_function(
        "[...document.querySelectorAll('.reglab-scene')].every(el => el._fullLayout) "
        "&& document.querySelector('.reglab-scene')"
    )
    page.controls = page.evaluate(SHOWN, CONTROLS)
    page.emulate_media(media="print")
    page.wait_for_selector(".reglab-printed")
    yield page
    page.close()


SHOWN = "selector => [...document.querySelectorAll(selector)].filter((el) => el.getClientRects().length).length"


def test_menu_controls_and_buttons_are_not_printed(printed):
    assert printed.controls > 20, "they stand on the screen"
    assert printed.evaluate(SHOWN, CONTROLS) == 0


def test_a_single_step_is_printed_without_its_bar(server, page):
    open_step(page, f"{server.url}/baseline?step=surface")
    assert page.evaluate(SHOWN, CONTROLS) > 8
    page.wait_for_function("document.querySelector('.reglab-scene')?._fullLayout")
    pdf = page.pdf()  # as a printer does: it tells the page twice
    assert b"/Subtype /Image" in pdf, "the surface"
    page.emulate_media(media="print")
    page.wait_for_function("document.querySelector('.reglab-printed')?.width > 100")
    assert page.evaluate(SHOWN, CONTROLS) == 0


def test_titles_of_steps_are_headings_and_folds_are_open(printed):
    assert printed.evaluate(SHOWN, "h1, h2") >= 12
    folds = printed.evaluate(
        """() => [...document.querySelectorAll('details')].filter((el) => el.getClientRects().length).map((el) => ({
            label: el.querySelector('summary').textContent, open: el.open,
            text: el.querySelector('[data-testid=stExpanderDetails]')?.getBoundingClientRect().height ?? 0}))"""
    )
    assert len(folds) >= 5
    assert [fold["label"] for fold in folds if not fold["open"] or fold["text"] < 15] == []


def test_a_link_says_where_it_leads(printed):
    links = printed.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain] p a[href], [data-testid=stMain] li a[href]')]
            .filter((el) => el.getClientRects().length)
            .map((el) => [el.href, getComputedStyle(el, '::after').content])"""
    )
    assert len(links) >= 3
    assert [(href, said) for href, said in links if href not in said] == []


def test_figures_fit_the_paper_and_are_not_cut(printed):
    printed.set_viewport_size({"width": 688, "height": 1000})  # A4 less its margins
    assert printed.evaluate("document.documentElement.scrollWidth") <= 688
    figures = printed.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart], .reglab-printed')]
            .filter((el) => el.getClientRects().length)
            .map((el) => [getComputedStyle(el).breakInside, el.getBoundingClientRect().right])"""
    )
    assert len(figures) >= 10
    assert all(inside == "avoid" and right <= 689 for inside, right in figures)


def test_a_surface_is_printed_as_a_picture_of_what_stands_there(printed):
    expect(printed.locator(".reglab-printed").first).to_be_visible()
    colours = printed.evaluate(
        """() => {
            const picture = document.querySelector('.reglab-printed');
            const { data } = picture.getContext('2d').getImageData(0, 0, picture.width, picture.height);
            const seen = new Set();
            for (let i = 0; i < data.length; i += 4) seen.add(data.slice(i, i + 3).join());
            return seen.size;
        }"""
    )
    assert colours > 200, "a surface has many shades, an empty picture one"


def test_the_printer_gets_pages_of_a4(printed):
    pdf = printed.pdf(prefer_css_page_size=True)
    pages = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert len(pages) >= 5
    assert all(abs(float(w) - A4[0]) < 1 and abs(float(h) - A4[1]) < 1 for w, h in pages)
