"""What a student did is still there: after a reload, on another server, beside another tab, with storage that fails."""

import json

import pytest
from conftest import Server
from playwright.sync_api import expect

from core.course.questions import shown_order
from core.course.syllabus import exercises, questions_of

KEY = "reglab.progress"
QUESTION = next(name for name, q in questions_of("dropout").items() if not q.place and hasattr(q.make(), "options"))
CODE = "dropout/code-dropout-by-hand"
TEXT = "h_train = h * mask / (1 - p)"
THERE_ARE = len(exercises()["dropout"])


@pytest.fixture
def profile(chromium):
    """One browser's storage: its pages are tabs, and share it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    context.failures = []
    context.on("weberror", lambda error: context.failures.append(str(error.error)))
    yield context
    assert not context.failures
    context.close()


def code_step(tab, server):
    tab.goto(f"{server.url}/dropout?exercise=dropout+by+hand")
    expect(field(tab)).to_be_visible()
    handed_over(tab)


def handed_over(tab):
    tab.wait_for_function("window.reglabKeeping && window.reglabKeeping.session")
    tab.wait_for_timeout(500)  # the one run that follows


def field(tab):
    return tab.locator(f"[class*='st-key-{CODE.replace('/', '-')}-'] textarea")


def check(tab, text):
    field(tab).fill(text)
    tab.get_by_role("button", name="Check", exact=True).click()
    tab.wait_for_timeout(500)
    if stores(tab):
        tab.wait_for_function("([key, text]) => localStorage.getItem(key).includes(text)", arg=[KEY, json.dumps(text)])


def stores(tab):
    """Whether this tab has a store that takes anything."""
    script = "() => { try { localStorage.setItem('_', ''); return true } catch { return false } }"
    return tab.evaluate(script)


def options(tab):
    return tab.locator(f"[class*='st-key-dropout-{QUESTION}-'] [role=radiogroup] label")


def commit(tab, server, place):
    tab.goto(f"{server.url}/dropout?step=check-yourself")
    handed_over(tab)
    options(tab).nth(place).click()
    own = tab.locator(f"[class*='st-key-dropout-{QUESTION}-'] button")
    expect(own).to_be_enabled()
    own.click()
    expect(again(tab)).to_be_visible()
    tab.wait_for_function(f"localStorage.getItem('{KEY}').includes('dropout/{QUESTION}')")


def again(tab):
    return tab.get_by_role("button", name="Answer again").first


def stored(tab):
    return json.loads(tab.evaluate(f"localStorage.getItem('{KEY}')") or "{}")


def tally(tab, server, words):
    tab.goto(server.url)
    expect(tab.locator(".st-key-card_dropout").get_by_text(words)).to_be_visible()


def test_answers_steps_and_place_survive_a_reload(server, profile):
    tab = profile.new_page()
    commit(tab, server, 1)
    code_step(tab, server)
    check(tab, TEXT)
    expect(tab.get_by_text("Right.", exact=True)).to_be_visible()
    tab.reload()
    expect(field(tab)).to_have_value(TEXT)
    expect(tab.get_by_text("Right.", exact=True)).to_be_visible()
    expect(tab.get_by_text("You have changed the code")).to_have_count(0)

    tab.goto(f"{server.url}/dropout?step=check-yourself")
    expect(again(tab)).to_be_visible()
    expect(options(tab).nth(1).locator("input")).to_be_checked()  # the widget shows it too
    assert (
        stored(tab)["answers"][f"dropout/{QUESTION}"]["given"]
        == shown_order(f"dropout/{QUESTION}", options(tab).count())[1]
    )

    tab.goto(f"{server.url}/dropout?step=masks")
    handed_over(tab)
    tally(tab, server, f"2 answered, of {THERE_ARE} exercises")
    go_on = tab.get_by_role("link", name="Go on at: Dropout, step")
    expect(go_on).to_be_visible()
    go_on.click()
    tab.wait_for_url("**/dropout?*step=masks*")
    assert not profile.cookies() or all("reglab" not in cookie["name"] for cookie in profile.cookies())


def test_a_drawn_prediction_is_restored_with_its_sliders(server, profile):
    tab = profile.new_page()
    tab.goto(f"{server.url}/baseline?step=own-run")
    handed_over(tab)
    tab.get_by_text("Predict first").first.click()
    knob = tab.locator("[class*='st-key-baseline-draw-'] input[type=range]").first
    knob.focus()
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    moved = knob.input_value()
    tab.wait_for_timeout(500)
    tab.locator("[class*='st-key-baseline-draw-'] button").first.click()
    expect(tab.get_by_text("You are off by")).to_be_visible()
    tab.wait_for_function(f"localStorage.getItem('{KEY}').includes('baseline/draw-')")
    tab.reload()
    handed_over(tab)
    tab.get_by_text("Predict first").first.click()
    expect(tab.get_by_text("You are off by")).to_be_visible()
    expect(knob).to_have_value(moved)
    expect(tab.locator("[data-testid=stMain] [data-testid=stAlert]")).to_have_count(0)


def test_a_server_that_restarts_is_handed_the_answers_anew(tmp_path, profile):
    first = Server(tmp_path / "one")
    tab = profile.new_page()
    try:
        code_step(tab, first)
        check(tab, TEXT)
        expect(tab.get_by_text("Right.", exact=True)).to_be_visible()
    finally:
        first.stop()
    second = Server(tmp_path / "two", first.port)
    try:
        tab.locator("[data-testid=stConnectionStatus]").wait_for(state="detached")
        tab.wait_for_timeout(3000)  # the tab that stayed open has found the new server
        expect(tab.get_by_text("Right.", exact=True)).to_be_visible()
        tally(tab, second, f"1 right, 1 answered, of {THERE_ARE} exercises")
        assert CODE in stored(tab)["answers"]
    finally:
        second.stop()


def test_two_tabs_do_not_overwrite_each_others_newer_answers(server, profile):
    one, two = profile.new_page(), profile.new_page()
    code_step(one, server)
    code_step(two, server)
    check(one, "h_train = h * mask")
    expect(one.get_by_text("Not yet.", exact=True)).to_be_visible()
    commit(one, server, 0)
    two.bring_to_front()
    expect(field(two)).to_have_value("h_train = h * mask")  # learnt without a reload
    check(two, TEXT)
    expect(two.get_by_text("Right.", exact=True)).to_be_visible()
    one.bring_to_front()
    one.goto(f"{server.url}/dropout?step=check-yourself")  # a tab that writes again
    expect(again(one)).to_be_visible()
    kept = stored(one)["answers"]
    assert kept[CODE]["given"] == TEXT and f"dropout/{QUESTION}" in kept

    again(one).click()
    expect(again(one)).to_have_count(0)
    one.wait_for_timeout(500)
    two.bring_to_front()
    two.get_by_role("button", name="Steps").click()
    two.get_by_role("button", name="What happens to a unit").or_(
        two.locator("[class*='st-key-to_'] button")
    ).first.click()
    two.wait_for_timeout(1500)  # the tab that once had it writes
    assert set(stored(two)["answers"][f"dropout/{QUESTION}"]) == {"at"}
    tally(two, server, f"1 right, 1 answered, of {THERE_ARE} exercises")


WRITTEN_HERE = """() => {
  window.writtenHere = [];
  const write = Storage.prototype.setItem;
  Storage.prototype.setItem = function (key, text) {
    if (key === 'reglab.progress') window.writtenHere.push(text);
    return write.call(this, key, text);
  };
}"""


def test_what_is_forgotten_stays_forgotten_in_every_tab(server, profile):
    one, two = profile.new_page(), profile.new_page()
    code_step(two, server)
    check(two, TEXT)
    expect(two.get_by_text("Right.", exact=True)).to_be_visible()
    tally(one, server, "1 right, 1 answered")
    one.get_by_text("Your answers", exact=True).click()
    one.get_by_role("button", name="Forget my answers").click()
    one.get_by_role("button", name="No, keep them").click()
    expect(one.get_by_role("button", name="Forget my answers")).to_be_visible()
    assert CODE in stored(one)["answers"]
    one.get_by_role("button", name="Forget my answers").click()
    # what this tab writes itself; the other one may see the step that stands open in it anew at any moment
    one.evaluate(WRITTEN_HERE)
    one.get_by_role("button", name="Yes, forget them").click()
    expect(one.get_by_role("button", name="Forget my answers")).to_be_disabled()
    expect(one.get_by_text("Go on at")).to_have_count(0)
    forgotten = json.loads(one.evaluate("window.writtenHere[0]"))
    assert forgotten["answers"] == {} and forgotten["visited"] == {}
    assert stored(one)["answers"] == {}
    assert {*stored(one)["visited"]} <= {"dropout/fill-in-the-code"}
    two.bring_to_front()
    expect(two.get_by_text("Right.", exact=True)).to_have_count(0)
    tally(two, server, f"{THERE_ARE} exercises")
    expect(two.get_by_text("answered, of")).to_have_count(0)
    assert CODE not in stored(two)["answers"]


FULL = "Storage.prototype.setItem = () => { throw new DOMException('no room', 'QuotaExceededError') }"
FORBIDDEN = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('not here', 'SecurityError') } })"
)


@pytest.mark.parametrize(
    ("script", "words"),
    [(FULL, "storage is full"), (FORBIDDEN, "does not let the course keep")],
    ids=["full", "forbidden"],
)
def test_a_store_that_takes_nothing_is_said_and_breaks_nothing(server, profile, script, words):
    tab = profile.new_page()
    tab.add_init_script(script)
    code_step(tab, server)
    check(tab, TEXT)
    expect(tab.get_by_text("Right.", exact=True)).to_be_visible()
    expect(tab.locator(".st-key-step").get_by_text(words)).to_be_visible()
    tab.get_by_role("link", name="Overview").first.click()
    expect(tab.get_by_text("1 right, 1 answered")).to_be_visible()
    expect(tab.locator("[data-testid=stMain] [data-testid=stAlert]").get_by_text(words)).to_be_visible()


BAD_ANSWER = {"version": 2, "answers": {CODE: {"given": -7, "right": True, "at": 1}}, "visited": {}, "forgotten": 0}


@pytest.mark.parametrize(
    "junk",
    ["", "{", "null", "[[[", '{"version": 9, "answers": {}}', json.dumps(BAD_ANSWER), '"' + "x" * 1_100_000 + '"'],
    ids=["empty", "cut", "null", "deep", "version", "answer", "long"],
)
def test_junk_in_the_store_is_said_and_replaced(server, profile, junk):
    tab = profile.new_page()
    tab.goto(f"{server.url}/_stcore/health")
    tab.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEY, junk])
    tab.goto(server.url)
    expect(tab.locator("[data-testid=stMain] [data-testid=stAlert]").get_by_text("could not be read")).to_be_visible()
    expect(tab.locator(".st-key-card_dropout").get_by_text(f"{THERE_ARE} exercises")).to_be_visible()
    tab.get_by_role("link", name="Dropout").first.click()
    expect(tab.locator(".st-key-step")).to_be_visible()
    tab.wait_for_timeout(1000)
    assert len(stored(tab)["visited"]) == 1 and stored(tab)["answers"] == {}
    tab.goto(server.url)
    expect(tab.get_by_role("link", name="Go on at: Dropout, step 1")).to_be_visible()
    expect(tab.get_by_text("could not be read")).to_have_count(0)


def test_the_start_costs_one_run_more_and_a_turned_step_none(server, profile):
    tab = profile.new_page()
    runs = []
    tab.on("websocket", lambda socket: socket.on("framesent", lambda frame: runs.append(frame)))
    tab.goto(f"{server.url}/dropout?step=masks")
    handed_over(tab)
    tab.wait_for_timeout(1500)
    assert len(runs) == 2  # the page's own, and the one that hands over
    tab.locator(".st-key-step_next button").click()
    tab.wait_for_timeout(1500)
    assert len(runs) == 3
    assert len(stored(tab)["visited"]) == 2
