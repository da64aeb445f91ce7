"""axe-core on the overview, on every step of every lesson, light and dark, and on a step as it is presented, embedded,
told in notes and lies under the glossary: nothing serious or critical."""

from pathlib import Path

import axe_playwright_python
import pytest
from lesson_steps import steps_of
from steps_seen import open_step

from core.app import frame

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
LESSONS = [lesson.name for lesson in frame.LESSONS[1:]]

OF_STREAMLIT: dict[str, str] = {}
"""Selector of what in Streamlit's own markup we cannot change → the rule that finds it, and why."""

FOUND = """async ({ rules }) => {
  // A drawing has thousands of parts, and no rule of colours looks at them.
  const where = rules ? { include: [['body']], exclude: [['svg.marks']] } : document;
  const which = rules ? { runOnly: { type: 'rule', values: rules } } : {};
  const { violations } = await axe.run(where, { resultTypes: ['violations'], ...which });
  return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).flatMap(({ id, nodes }) =>
    nodes.map((node) => [id, String(node.target), node.html.slice(0, 120), node.failureSummary]));
}"""
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules whose findings can differ between light and dark."""


def found(page, rules: list[str] | None = None) -> list[str]:
    """What axe finds, a line each, without what is Streamlit's own."""
    if not page.evaluate("window.axe !== undefined"):
        page.evaluate(AXE)
    every = page.evaluate(FOUND, {"rules": rules})
    own = {
        selector: page.locator(selector).evaluate_all("els => els.map(e => e.outerHTML)") for selector in OF_STREAMLIT
    }
    known = {html[:120] for htmls in own.values() for html in htmls}
    return [" | ".join(one) for one in every if one[2] not in known]


def unfolded(page) -> None:
    """Open all folds, and wait until figures.js has looked at them."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    looked_at(page)


def looked_at(page) -> None:
    """Wait until figures.js has given drawn marks their names: it does 150 ms after the last change."""
    page.wait_for_timeout(400)
    page.wait_for_function("!document.querySelector('svg.marks g[role=graphics-symbol]:not([aria-label])')")


SCHEME = "getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark' ? 'dark' : 'light'"


def in_both_schemes(page) -> list[str]:
    """What axe finds with the folds open: all in light, and in dark what its colours do. It begins with the scheme that
    is there and leaves the other: to change it takes as long as to look."""
    unfolded(page)
    faults, now = [], page.evaluate(SCHEME)
    for scheme in sorted(("light", "dark"), key=lambda scheme: scheme != now):
        if scheme != now:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(f"({SCHEME}) === '{scheme}'")
            looked_at(page)  # charts are drawn anew; with less motion nothing fades
        faults += [f"{scheme}: {fault}" for fault in found(page, COLOURS if scheme == "dark" else None)]
    return faults


@pytest.fixture
def small(page):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return page


def test_axe_finds_pale_text_a_picture_without_a_text_and_a_button_without_a_name(small):
    """The rules that the tests below rely on do find something."""
    small.set_content("<p style='color:#aaa;background:#fff'>pale</p><img src='data:,'><button></button>")
    assert {line.split(" | ")[0] for line in found(small)} >= {"color-contrast", "image-alt", "button-name"}


def test_nothing_serious_on_the_overview(server, small):
    small.goto(server.url)
    small.locator("svg.marks").nth(5).wait_for()
    assert not in_both_schemes(small)


@pytest.mark.parametrize("lesson", LESSONS)
def test_nothing_serious_on_any_step(server, small, lesson):
    faults = {}
    names = list(steps_of(lesson))
    open_step(small, f"{server.url}/{lesson}?step={names[0]}")
    for i, step in enumerate(names):
        if i:
            small.locator(".st-key-step_next button").click()
            small.wait_for_function("shown => window.reglabStep === shown", arg=f"{lesson}/{step}")
            small.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')")
        if problems := in_both_schemes(small):
            faults[step] = problems
    assert not faults


ELSEWHERE = {"presented": "present=true", "embedded": "embed=true", "notes": "notes=true", "all notes": "notes=all"}


@pytest.mark.parametrize("shown", ELSEWHERE)
def test_nothing_serious_where_a_step_is_shown_otherwise(server, small, shown):
    small.goto(f"{server.url}/l1_l2?step=lambda1&{ELSEWHERE[shown]}")
    small.get_by_test_id("stHeading").first.wait_for()
    small.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')")
    unfolded(small)
    assert not found(small)


def test_nothing_serious_in_the_glossary(server, small):
    open_step(small, f"{server.url}/l1_l2?step=lambda1")
    small.locator(".st-key-glossary button").click()
    small.get_by_role("dialog").get_by_role("link").nth(10).wait_for()
    small.wait_for_timeout(250)
    assert not found(small)
