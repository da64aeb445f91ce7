"""A training that is played in a real browser: it goes on by itself, ends by itself, and can be stopped."""

import re

from playwright.sync_api import expect
from steps_seen import open_step
from steps_used import at_step, query

PLAY, BACK, ON = ".reglab-play", ".reglab-back", ".reglab-on"


def knob(page, key="watch_epoch"):
    return page.locator(f".st-key-{key} input[type=range]")


def stands_at(page, epoch, key="watch_epoch"):
    expect(knob(page, key)).to_have_attribute("aria-valuetext", re.compile(f"^{epoch}$"))


def test_play_goes_on_from_the_slider_and_pause_ends_it(server, page):
    open_step(page, f"{server.url}/compare?step=watch&watch_epoch=3")
    page.locator(PLAY).focus()
    page.keyboard.press("Space")
    expect(page.locator(PLAY)).to_have_text("Pause")
    stands_at(page, 5)
    expect(page.locator(PLAY)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(PLAY)).to_have_text("Play")
    page.wait_for_timeout(2500)  # what was on its way has arrived
    stood = knob(page).get_attribute("aria-valuetext")
    page.wait_for_timeout(2500)
    stands_at(page, stood)
    assert query(page)["watch_epoch"] == [stood]


def test_it_ends_at_the_last_epoch_and_begins_anew_from_there(server, page):
    open_step(page, f"{server.url}/compare?step=watch&watch_epoch=58")
    page.locator(PLAY).click()
    stands_at(page, 60)
    expect(page.locator(PLAY)).to_have_text("Play")
    expect(page.locator(ON)).to_be_disabled()
    page.locator(PLAY).click()
    stands_at(page, 1)


def test_single_steps_go_one_epoch_back_and_on(server, page):
    open_step(page, f"{server.url}/compare?step=watch&watch_epoch=3")
    page.get_by_role("button", name="One epoch on").click()
    stands_at(page, 4)
    page.get_by_role("button", name="One epoch back").click()
    stands_at(page, 3)


def test_a_step_that_is_left_plays_no_further(server, page):
    open_step(page, f"{server.url}/compare?step=watch&watch_epoch=3")
    page.locator(PLAY).click()
    stands_at(page, 4)
    page.locator(".st-key-step_next button").click()
    at_step(page, "calibration")
    page.locator(".st-key-step_back button").click()
    at_step(page, "watch")
    expect(page.locator(PLAY)).to_have_text("Play")
    stood = knob(page).get_attribute("aria-valuetext")
    page.wait_for_timeout(2500)
    stands_at(page, stood)


def test_with_less_motion_nothing_plays_and_single_steps_do(server, page):
    page.emulate_media(reduced_motion="reduce")
    open_step(page, f"{server.url}/l1_l2?step=zero&steps_view=Epoch+by+epoch&zero_epoch=3")
    expect(page.locator(PLAY)).to_be_hidden()
    page.locator(ON).click()
    stands_at(page, 4, "zero_epoch")


def test_one_epoch_at_most_is_on_its_way(server, page):
    """However slow the server is: the next one is asked for when the one before has come."""
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    open_step(page, f"{server.url}/compare?step=watch&watch_epoch=3")
    page.wait_for_timeout(1500)
    before = len(sent)
    page.locator(PLAY).click()
    stands_at(page, 9)
    assert len(sent) - before <= 9  # six epochs, and what the page itself may say
