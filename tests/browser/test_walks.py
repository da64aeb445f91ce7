"""Each lesson as a student walks it, from its first step to a reload; and a training that several windows watch."""

import json
import re

import pytest
from lesson_steps import steps_of
from playwright.sync_api import expect
from steps_seen import all_drawn
from steps_used import DRAWN, code_field, copied, drawn_at_rest, go_to, move, slider

from core.course.syllabus import lessons, typed_code_of

MOVED = {
    "baseline": ("augmentation", "augment"),
    "batch_norm": ("covariate-shift", "contrast"),
    "layer_norm": ("which-numbers", "stretch"),
    "dropout": ("how-much", "p"),
    "l1_l2": ("lambda1", "lambda1"),
    "norm_math": ("vector", "delta"),
    "compare": ("first", "wrong"),
}
"""Lesson → the step and the slider of it that are moved, and then shared and presented."""

FAULT = "[data-testid=stException], [data-testid=stAlertContentError]"
PROGRESS, TRAINED = "[data-testid=stProgress]", "Trained live on this machine in"


@pytest.mark.parametrize("lesson", lessons())
def test_a_lesson_is_walked_from_its_first_step_to_a_reload(server, sharing, stranger, lesson):
    step, key = MOVED[lesson]
    sharing.goto(f"{server.url}/{lesson}")
    turn_to_the_last(sharing, lesson)
    go_to(sharing, step)
    move_and_see(sharing, key)
    share(sharing, stranger, step)
    present_and_come_back(sharing, step, key)
    go_to(sharing, "check-yourself")
    commit(sharing)
    go_to(sharing, "fill-in-the-code")
    exercise = next(iter(typed_code_of(lesson).values()))
    fill_in(sharing, f"{lesson}/code-{exercise.name}", exercise.solution)
    if "own-run" in steps_of(lesson):
        go_to(sharing, "own-run")
        cancel_one_training_and_see_another_through(sharing)
    sharing.reload()
    sharing.wait_for_function("window.reglabStep && window.reglabKeeping?.session")  # the answers are handed over
    drawn_at_rest(sharing)
    if "own-run" in steps_of(lesson):
        expect(sharing.get_by_text(TRAINED)).to_be_visible()
    go_to(sharing, "check-yourself")
    expect(sharing.get_by_role("button", name="Answer again")).to_be_visible()
    go_to(sharing, "fill-in-the-code")
    expect(code_field(sharing, f"{lesson}/code-{exercise.name}")).to_have_value(exercise.solution)
    expect(sharing.get_by_text("Right.", exact=True)).to_be_visible()


def turn_to_the_last(page, lesson):
    """By Next, and every step is there, with its title and its place, and says of no fault."""
    steps = steps_of(lesson)
    for place, (name, title) in enumerate(steps.items(), start=1):
        page.wait_for_function(f"window.reglabStep === '{lesson}/{name}'")
        expect(page.locator("h1")).to_have_text(title)
        expect(page.locator(".st-key-step_bar")).to_contain_text(f"step {place} of {len(steps)}")
        all_drawn(page)
        expect(page.locator(FAULT)).to_have_count(0)
        if place < len(steps):
            page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("button", name="Next", exact=True)).to_have_count(0)


def move_and_see(page, key):
    """The figure changes, and so does what is told of it, in a text or in numbers."""
    before = drawn_at_rest(page)
    move(page, key)
    page.wait_for_function(
        f"before => JSON.stringify(({DRAWN})().charts) !== JSON.stringify(before)", arg=before["charts"]
    )
    after = drawn_at_rest(page)
    assert after["sliders"] != before["sliders"]
    assert any(after[told] != before[told] for told in ("told", "numbers", "tables"))


def present_and_come_back(page, step, key):
    stands, title = slider(page, key).get_attribute("aria-valuetext"), page.locator("h1").text_content()
    menu, switch = page.get_by_test_id("stSidebar"), page.locator(".st-key-present label").first
    expect(menu).to_be_visible()
    for presenting in (True, False):
        switch.click()
        page.wait_for_function(f"new URLSearchParams(location.search).has('present') === {json.dumps(presenting)}")
        expect(menu).to_be_visible(visible=not presenting)
        expect(page.locator("h1")).to_have_text(title)
        expect(slider(page, key)).to_have_attribute("aria-valuetext", stands)
        page.wait_for_function(
            f"window.reglabStep.endsWith('/{step}') && reglabPresenting === {json.dumps(presenting)}"
        )


def share(page, stranger, step):
    """What the button copies opens the step as it stands here, in a browser that knows nothing of this one."""
    drawn, address = drawn_at_rest(page), copied(page)
    stranger.goto(address)
    stranger.wait_for_function(f"window.reglabStep?.endsWith('/{step}')")
    all_drawn(stranger)
    expect(stranger.locator("h1")).to_have_text(page.locator("h1").text_content())
    assert drawn_at_rest(stranger) == drawn


def commit(page):
    page.get_by_role("radiogroup", name="Your answer").locator("label").first.click()
    own = page.get_by_role("button", name="Commit", exact=True)
    expect(own).to_be_enabled()
    own.click()
    said = page.get_by_text("Right.", exact=True).or_(page.get_by_text("Not quite.", exact=True))
    expect(said.first).to_be_visible()


def fill_in(page, exercise, solution):
    field = code_field(page, exercise)
    expect(field).to_be_visible()
    field.fill(solution)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("Right.", exact=True)).to_be_visible()
    page.wait_for_function(  # the browser has it, as it will after a while
        "([exercise, text]) => localStorage.getItem('reglab.progress')?.includes(exercise)"
        " && localStorage.getItem('reglab.progress').includes(text)",
        arg=[exercise, json.dumps(solution)],
    )


# --- training while one watches -------------------------------------------------------------------------------------


def ask_for_a_long_training(page):
    """One that lasts: without the images, of two digits at a time. The settings are no stops of this step. It begins by
    itself where it is known already that there are no images."""
    page.get_by_text("Other settings", exact=True).click()
    move(page, "batch_size", "Home")
    move(page, "epochs", "End")
    button, bar = page.get_by_role("button", name="Train this network"), page.locator(PROGRESS)
    expect(button.or_(bar).first).to_be_visible()
    if button.count():
        button.click()
    expect(bar).to_contain_text(re.compile("^Step "), timeout=60_000)


def cancel_one_training_and_see_another_through(page):
    ask_for_a_long_training(page)
    expect(page.get_by_text("Until then the same settings are trained on scikit-learn's digits")).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("Training was stopped.")).to_be_visible()
    expect(page.locator(PROGRESS)).to_have_count(0)
    expect(page.get_by_text(TRAINED)).to_have_count(0)
    move(page, "batch_size", "End")
    expect(page.get_by_text(TRAINED)).to_be_visible(timeout=60_000)
    expect(page.locator(PROGRESS)).to_have_count(0)
    expect(page.locator("[data-testid=stMetric]")).to_have_count(4)
    expect(page.locator(FAULT)).to_have_count(0)


WRITE_DOWN = f"""window.reglabProgress = [];
  new MutationObserver(() => {{
    const said = document.querySelector('{PROGRESS}')?.textContent;
    if (said && said !== window.reglabProgress.at(-1)) window.reglabProgress.push(said);
  }}).observe(document, {{ subtree: true, childList: true, characterData: true }});"""


def steps_told(page):
    """The steps of training that a window has shown since it was opened, in its order. Fails on anything else that its
    bar said: that it waits, or begins."""
    said = page.evaluate("reglabProgress")
    assert all(text.startswith("Step ") for text in said), said
    return [int(text.split()[1].replace(",", "")) for text in said]


def trained_in(page):
    """How long the training took, as a window says it once it has ended."""
    line = page.get_by_text(TRAINED)
    expect(line).to_be_visible(timeout=120_000)
    expect(page.locator(PROGRESS)).to_have_count(0)
    return re.search(r"in ([\d.]+) s", line.text_content()).group(1)


def runs_stored(server):
    return {path.name: path.stat().st_mtime_ns for path in server.cache.rglob("run-*")}


def begin_training(page, server, seed):
    """Let a window train a network, another one with each seed, and wait until it is under way."""
    page.add_init_script(WRITE_DOWN)
    page.goto(f"{server.url}/baseline?step=own-run&seed={seed}")
    ask_for_a_long_training(page)
    page.evaluate("reglabProgress.splice(0, reglabProgress.findLastIndex((text) => !text.startsWith('Step ')) + 1)")
    page.wait_for_function("reglabProgress.length >= 2")


def test_two_sessions_that_ask_for_one_run_train_it_once(server, windows_of):
    stored, first, second = runs_stored(server), windows_of(server), windows_of(server)
    begin_training(first, server, seed=1)
    second.add_init_script(WRITE_DOWN)
    before = steps_told(first)[-1]
    second.goto(first.url)
    second.wait_for_function("reglabProgress.length >= 2")
    took = [trained_in(first), trained_in(second)]
    assert took[0] == took[1]
    assert steps_told(second)[0] >= before, "it joined what was running"
    assert steps_told(first) == sorted(steps_told(first)), "and did not begin it again"
    assert len(runs_stored(server).items() - stored.items()) == 1


def test_a_reload_while_it_trains_finds_the_training_again(server, windows_of):
    stored, page = runs_stored(server), windows_of(server)
    begin_training(page, server, seed=2)
    before = steps_told(page)[-1]
    page.reload()
    page.wait_for_function("reglabProgress.length >= 2")
    took = trained_in(page)
    assert steps_told(page)[0] >= before and steps_told(page) == sorted(steps_told(page))
    after = runs_stored(server)
    assert len(after.items() - stored.items()) == 1
    page.reload()
    assert trained_in(page) == took and steps_told(page) == []
    assert runs_stored(server) == after, "it ended once"
