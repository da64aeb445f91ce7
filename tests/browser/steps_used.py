"""What a student does at a step, in the browser: turns it, moves a slider, copies its address, answers."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

DRAWN = """() => {
  const step = document.querySelector('.st-key-step');
  const marks = [...step.querySelectorAll('svg.marks, canvas.marks')].filter((el) => el.parentElement.offsetHeight);
  const lines = (svg) => [...svg.querySelectorAll('path, line, image, text')].map((el) =>
    ['d', 'transform', 'x2', 'y2', 'href'].map((name) => el.getAttribute(name)) + el.textContent).join(' ');
  const texts = (selector) => [...step.querySelectorAll(selector)].map((el) => el.textContent);
  return {
    charts: marks.map((el) => el.tagName === 'CANVAS' ? el.toDataURL() : lines(el)),
    told: marks.map((el) => el.closest('[aria-label]')?.getAttribute('aria-label') ?? null),
    numbers: texts('[data-testid=stMetric]'),
    tables: texts('[data-testid=stTable]'),
    sliders: [...step.querySelectorAll('input[type=range]')].map((el) => el.getAttribute('aria-valuetext')),
  };
}"""
"""The figures of a step, what is told of them, its numbers, and where its sliders stand."""

STILL = f"""() => {{
  const busy = document.querySelector('[data-testid=stStatusWidget], [data-stale=true]');
  const before = window.reglabSeen;
  window.reglabSeen = busy ? null : JSON.stringify(({DRAWN})());
  return window.reglabSeen !== null && window.reglabSeen === before;
}}"""


def query(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


# --- turning --------------------------------------------------------------------------------------------------------


def at_step(page, name: str) -> None:
    """Wait until a step is drawn to its end, and the address says so."""
    page.wait_for_function(f"window.reglabStep?.endsWith('/{name}')")
    page.wait_for_function(f"new URLSearchParams(location.search).get('step') === '{name}'")


def go_to(page, name: str) -> None:
    """Turn to a step by its name in the list of steps."""
    page.get_by_role("button", name="Steps", exact=True).click()
    page.locator(f".st-key-to_{name} button").click()
    at_step(page, name)


def press_free(page, key: str) -> None:
    """Press a key while no widget has the focus."""
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press(key)


# --- moving ---------------------------------------------------------------------------------------------------------


def slider(page, key: str):
    return page.locator(f".st-key-{key} input[type=range]")


def move(page, key: str, by: str = "ArrowRight") -> None:
    """Move a slider by one of its keys, and wait until the address has where it stands now."""
    before = page.url
    slider(page, key).focus()
    slider(page, key).press(by)
    page.wait_for_function("before => location.href !== before", arg=before)


def drawn_at_rest(page) -> dict[str, list[str]]:
    """DRAWN, once nothing is computed or redrawn any more."""
    page.wait_for_function(STILL, polling=300)
    return json.loads(page.evaluate("window.reglabSeen"))


# --- sharing and answering ------------------------------------------------------------------------------------------


def copied(page) -> str:
    """The address that the step's button copies."""
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".reglab-said")).to_have_text("Copied")
    return page.evaluate("navigator.clipboard.readText()")


def code_field(page, exercise: str):
    """The text field of one code exercise, by its id."""
    return page.locator(f"[class*='st-key-{exercise.replace('/', '-')}-'] textarea")
