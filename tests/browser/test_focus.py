"""The order in which Tab walks through a step follows the eye, shows where it is, and comes out again."""

import pytest
from steps_seen import open_step

FOCUSED = """() => {
  const el = document.activeElement;
  if (!el || el === document.body) return null;
  const box = ({ left, top, right, bottom }) => [left, top, right, bottom];
  const regions = { bar: '.st-key-step_bar', title: 'h1', step: '.st-key-step' };
  const region = Object.keys(regions).find((name) => el.closest(regions[name])) ?? 'elsewhere';
  // A slider's and a choice's own input is drawn by what stands around it.
  const drawn = el.closest('[data-baseweb=slider], [data-testid=stSlider], [role=radiogroup] label, '
    + '[data-testid=stCheckbox]') ?? el;
  let opacity = 1;
  for (let at = drawn; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
  const columns = [];
  for (let at = el.closest('[data-testid=stColumn]'); at; at = at.parentElement.closest('[data-testid=stColumn]')) {
    columns.unshift(box(at.getBoundingClientRect()));
  }
  const hidden = Boolean(el.closest('[aria-hidden=true], [inert]'));
  const name = (el.getAttribute('aria-label') || el.textContent).trim().slice(0, 60);
  const visible = !hidden && getComputedStyle(drawn).visibility === 'visible' && opacity > 0.5;
  return { name, region, box: box(drawn.getBoundingClientRect()), columns, visible };
}"""


STEPS = ["l1_l2?step=lambda1", "baseline?step=surface", "dropout?step=masks"]


@pytest.fixture
def small(page):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(reduced_motion="reduce")  # what the focus brings to light is there at once
    return page


def walked(page, most: int = 120) -> list[dict]:
    """What has the focus after each press of Tab, until it has left the page."""
    stops = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            return stops
        stops.append(stop)
    raise AssertionError(f"Tab does not come out: {[stop['name'] for stop in stops[-5:]]}")


def follows(before: dict, after: dict) -> bool:
    """Whether the eye goes from one to the other: down, or to the right in one row, or to a column further right."""
    left, top, right, bottom = before["box"]
    if before["columns"] != after["columns"]:
        inner, outer = before["columns"][-1:] or [before["box"]], after["columns"][-1:] or [after["box"]]
        return outer[0][0] >= inner[0][2] - 1 or after["box"][1] >= top - 1
    in_one_row = after["box"][1] < bottom - 1 and after["box"][3] > top + 1
    inside = left <= after["box"][0] and after["box"][2] <= right + 1  # buttons of a scene, help beside a label
    return after["box"][1] >= bottom - 1 or in_one_row and (after["box"][0] >= left - 1 or inside)


def test_an_order_against_the_eye_is_found():
    upper = {"box": [0, 0, 10, 10], "columns": []}
    lower, beside = {"box": [0, 20, 10, 30], "columns": []}, {"box": [20, 0, 30, 10], "columns": []}
    assert follows(upper, lower) and follows(upper, beside)
    assert not follows(lower, upper) and not follows(beside, upper)
    left, right = {**upper, "columns": [[0, 0, 10, 99]]}, {**beside, "columns": [[20, 0, 30, 99]]}
    assert follows({**lower, "columns": left["columns"]}, right)
    assert not follows({**right, "box": [20, 20, 30, 30]}, left)


@pytest.mark.parametrize("step", STEPS)
def test_tab_goes_through_the_bar_and_then_the_step_as_it_is_read_and_nothing_unseen_has_the_focus(server, small, step):
    open_step(small, f"{server.url}/{step}")
    stops = walked(small)
    regions = [stop["region"] for stop in stops]
    ours = [region for region in regions if region in ("bar", "step")]
    assert ours == sorted(ours) and ours.count("bar") >= 5 and ours.count("step") >= 8
    assert regions[-len(ours) :] == ours, "between the bar and the end there is nothing else"
    assert not [stop["name"] for stop in stops if not stop["visible"]]
    outside = [stop["name"] for stop in stops if stop["box"][1] < -1 or stop["box"][3] > 721]
    assert not outside, "what has the focus is scrolled into the window"
    parts = [stop for stop in stops if stop["region"] in ("bar", "step")]
    pairs = zip(parts, parts[1:], strict=False)
    assert not [f"{a['name']} → {b['name']}" for a, b in pairs if not follows(a, b)]


def test_on_a_new_step_the_focus_is_on_its_title_and_tab_goes_on_into_the_step(server, small):
    open_step(small, f"{server.url}/l1_l2?step=prices")
    small.locator(".st-key-step_next button").click()
    small.wait_for_function("window.reglabStep === 'l1_l2/lambda1'")
    assert small.evaluate(FOCUSED)["region"] == "title"
    assert small.evaluate("document.activeElement.textContent") == small.locator("h1").text_content()
    small.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')")
    small.keyboard.press("Tab")
    assert small.evaluate(FOCUSED)["region"] == "step"
