"""A lesson on a projector in a real browser: sizes, contrast, keys, the blank screen, the notes that follow."""

import pytest
from lesson_steps import steps_of
from playwright.sync_api import expect
from steps_seen import open_step, seen
from steps_used import at_step, press_free, query

from core.app import frame

LESSONS = [lesson.name for lesson in frame.LESSONS[1:]]
SIZES = [(1280, 720), (1920, 1080), (3840, 2160)]
STEPS = ["l1_l2?step=lambda1", "dropout?step=own-run", "dropout?step=thinned"]

TEXT = """() => {
  // Of every text that is shown: its words, its size on the screen in pixels, its contrast with what is behind it.
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (css) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = css;
    paint.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = paint.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (top, under) => under.map((c, i) => top[i] * top[3] + c * (1 - top[3]));
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const parents = (el) => el ? [...parents(el.parentElement), el] : [];
  const found = [];
  const texts = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const el = texts.currentNode.parentElement;
    const inChart = el instanceof SVGElement;
    if (!texts.currentNode.textContent.trim() || el.closest('style, .katex, [disabled], details:not([open])')) continue;
    if (!el.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || el.offsetWidth < 2) continue;
    if (inChart && el.closest('.role-mark')) continue; // it may stand on a mark
    const style = getComputedStyle(el), chain = parents(el);
    const zoom = chain.reduce((z, parent) => z * getComputedStyle(parent).zoom, 1);
    // The number of a slider belongs to its knob, and stands above it.
    const behind = chain.filter((parent) => !parent.closest('[data-testid=stSlider]'))
      .reduce((under, parent) => over(rgba(getComputedStyle(parent).backgroundColor), under), [255, 255, 255]);
    const colour = rgba(inChart ? style.fill : style.color);
    colour[3] *= chain.reduce((opacity, parent) => opacity * getComputedStyle(parent).opacity, 1);
    const [dark, light] = [luminance(over(colour, behind)), luminance(behind)].sort((a, b) => a - b);
    found.push({
      words: el.textContent.trim().slice(0, 40), inChart, inTable: !!el.closest('[data-testid=stTable]'),
      isBody: !!el.closest('.st-key-step p, .st-key-step li') && !el.closest('label, button, summary, '
        + '[data-testid=stCaptionContainer], [data-testid=stTable], [data-testid=stMetric], '
        + '[data-testid=stWidgetLabel], [data-testid=stSlider], sub, sup, code'),
      size: parseFloat(style.fontSize) * zoom, contrast: (light + 0.05) / (dark + 0.05),
    });
  }
  return found;
}"""


CROWDED = """() => {
  // The numbers along horizontal axes that stand in their neighbours.
  const found = [];
  for (const axis of document.querySelectorAll('svg.marks .role-axis .role-axis-label')) {
    const seen = [...axis.querySelectorAll('text')].filter((text) => getComputedStyle(text).opacity !== '0');
    const boxes = seen.map((text) => text.getBoundingClientRect()).filter((box) => box.width);
    if (boxes.length < 2 || boxes[0].top !== boxes.at(-1).top) continue;
    boxes.sort((a, b) => a.left - b.left);
    if (boxes.some((box, i) => i && box.left < boxes[i - 1].right - 1)) {
      found.push('crowded: ' + seen.map((text) => text.textContent).join(' '));
    }
  }
  return found;
}"""


ALL_FRESH = """() => [...document.querySelectorAll('[data-testid=stElementContainer]')]
  .every((el) => el.dataset.stale !== 'true' && getComputedStyle(el).opacity === '1')"""


def texts_of(page):
    page.wait_for_function(ALL_FRESH)  # what is being drawn again is pale until it is there
    return page.evaluate(TEXT)


def too_small(texts, scale: float = 1) -> list[str]:
    """The texts that are not read from the last row: running text under 24 px, a chart's and a table's under 18 px, on
    a screen that is so many times as high as 720 px."""
    least = [(text, 24 if text["isBody"] else 18 if text["inChart"] or text["inTable"] else 0) for text in texts]
    return [f"{text['words']}: {text['size']:.0f} px" for text, size in least if text["size"] < size * scale - 0.1]


NOT_ALL_SEEN: dict[str, str] = {}
"""Lesson/step → why its main figure does not stand in the projected window as a whole."""


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_projected_step_has_its_title_and_its_figure_in_the_window_and_is_read_from_the_last_row(
    server, page, lesson
):
    page.set_viewport_size({"width": 1280, "height": 720})
    faults = {}
    for step in steps_of(lesson):
        open_step(page, f"{server.url}/{lesson}?step={step}&present=true")
        found, texts = seen(page), texts_of(page)
        parts = ("title",) if f"{lesson}/{step}" in NOT_ALL_SEEN else ("title", "figure")
        outside = [part for part in found.outside(1280, 720) if part.startswith(parts)]
        pale = [f"{text['words']}: {text['contrast']:.1f} to 1" for text in texts if text["contrast"] < 7]
        sideways = ["scrolls sideways"] * found.sideways
        if problems := outside + too_small(texts) + pale + sideways + page.evaluate(CROWDED):
            faults[step] = problems
    assert not faults


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_presented_type_is_read_from_the_last_row_and_the_step_fits_the_window(server, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    scale, faults = height / 720, {}
    for address in STEPS:
        open_step(page, f"{server.url}/{address}&present=true")
        found, texts = seen(page), texts_of(page)
        body = [text for text in texts if text["isBody"]]
        labels = [text for text in texts if text["inChart"]]
        assert body and (labels or "thinned" in address), address
        outside = [part for part in found.outside(width, height) if part.startswith(("title", "figure", "control 1 "))]
        if problems := too_small(texts, scale) + outside + ["scrolls sideways"] * found.sideways:
            faults[address] = problems
    assert not faults


@pytest.mark.parametrize(("width", "height"), SIZES[1:])
def test_a_chart_grows_with_the_window_and_stays_in_its_place(server, page, width, height):
    widths = {}
    for size in (SIZES[0], (width, height)):
        page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        open_step(page, f"{server.url}/l1_l2?step=lambda2&present=true")
        page.wait_for_function(
            "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every((el) => Math.abs("
            "el.querySelector('svg.marks').getBoundingClientRect().width - "
            "el.closest('[data-testid=stElementContainer]').getBoundingClientRect().width) < 3)"
        )
        boxes = page.locator("[data-testid=stVegaLiteChart]").all()
        widths[size] = [box.bounding_box()["height"] for box in boxes]
    before, after = widths.values()
    # Their heights are set, not measured: larger in proportion, but for rounding.
    assert after == pytest.approx([height / 720 * tall for tall in before], rel=0.02)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_presented_text_has_a_contrast_of_seven(server, page, scheme):
    page.emulate_media(color_scheme=scheme)
    pale = {}
    for address in [*STEPS, "layer_norm?step=find-the-fault", "l1_l2?step=fill-in-the-code"]:
        open_step(page, f"{server.url}/{address}&present=true")
        if found := [(text["words"], round(text["contrast"], 1)) for text in texts_of(page) if text["contrast"] < 7]:
            pale[address] = found
    assert not pale


def test_without_presenting_captions_are_paler_than_that(server, page):
    """What the contrast is measured with sees a pale text."""
    open_step(page, f"{server.url}/l1_l2?step=lambda1")
    assert any(text["contrast"] < 7 for text in texts_of(page))


def test_there_is_no_menu_and_a_clicker_turns_the_steps(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1&present=true")
    expect(page.locator("[data-testid=stSidebar]")).not_to_be_visible()
    press_free(page, "PageDown")
    at_step(page, "zero")
    press_free(page, "PageUp")
    at_step(page, "lambda1")


def test_a_clicker_turns_the_step_after_the_mouse_has_moved_a_slider(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1&present=true")
    knob = page.locator(".st-key-lambda1 input[type=range]")
    box = page.locator(".st-key-lambda1 [data-testid=stSlider]").bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.85 * box["height"])
    page.wait_for_function("new URLSearchParams(location.search).has('lambda1')")
    expect(knob).not_to_be_focused()
    page.keyboard.press("PageDown")
    at_step(page, "zero")


@pytest.mark.parametrize("key", ["b", "."])
def test_a_key_blanks_the_screen_and_brings_it_back(server, page, key):
    open_step(page, f"{server.url}/l1_l2?step=lambda1&present=true")
    page.wait_for_function("window.reglabHall?.data")
    press_free(page, key)
    cover = page.locator(".reglab-blank")
    expect(cover).to_have_css("background-color", "rgb(0, 0, 0)")
    assert cover.bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 900}
    page.keyboard.press(key)
    expect(cover).to_have_count(0)


@pytest.mark.parametrize("address", ["?present=true", "l1_l2?whole=true&present=true"])
def test_a_key_blanks_the_screen_where_there_are_no_steps(server, page, address):
    page.goto(f"{server.url}/{address}")
    page.wait_for_function("window.reglabHall?.data")
    press_free(page, "b")
    cover = page.locator(".reglab-blank")
    expect(cover).to_have_css("background-color", "rgb(0, 0, 0)")
    page.keyboard.press("b")
    expect(cover).to_have_count(0)


def test_a_key_blanks_nothing_where_it_is_typed_or_where_nobody_presents(server, page):
    open_step(page, f"{server.url}/l1_l2?step=fill-in-the-code&present=true")
    page.wait_for_function("window.reglabHall?.data")
    page.locator("textarea").first.press("b")
    expect(page.locator(".reglab-blank")).to_have_count(0)
    open_step(page, f"{server.url}/l1_l2?step=lambda1")
    press_free(page, "b")
    expect(page.locator(".reglab-blank")).to_have_count(0)


@pytest.fixture
def windows(server, page):
    """A presented step, and its notes in the window that the button opens."""
    page.set_viewport_size({"width": 1280, "height": 720})
    open_step(page, f"{server.url}/l1_l2?step=lambda1&present=true&hide=code")
    page.wait_for_function("window.reglabHall?.data")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open the notes").click()
    notes = opened.value
    notes.set_default_timeout(60_000)
    notes.wait_for_function("window.reglabHall?.data")
    yield page, notes
    notes.close()


def test_the_notes_open_at_the_step_and_follow_and_lead(windows):
    screen, notes = windows
    expect(notes.locator("h1")).to_have_text("Move λ₁: which weights become small?")
    assert query(notes)["hide"] == ["code"]
    press_free(screen, "PageDown")
    at_step(notes, "zero")
    expect(notes.locator("h1")).to_have_text("Why does the usual step never reach zero?")
    press_free(notes, "PageDown")
    at_step(screen, "lambda2")
    notes.get_by_role("button", name="Back").click()
    at_step(screen, "zero")
    at_step(notes, "zero")


def test_quick_turns_end_at_one_step_in_both_windows(windows):
    screen, notes = windows
    for step in ("zero", "lambda2", "weight-decay"):
        press_free(screen, "PageDown")
        at_step(screen, step)
    at_step(notes, "weight-decay")
    screen.wait_for_timeout(1000)  # a window that answers late would turn back now
    assert [query(window)["step"] for window in windows] == [["weight-decay"]] * 2


def test_the_notes_follow_into_another_lesson(windows):
    screen, notes = windows
    open_step(screen, screen.url.replace("l1_l2?", "norm_math?").replace("step=lambda1", "step=plane"))
    notes.wait_for_url("**/norm_math?**")
    at_step(notes, "plane")
    assert query(notes)["notes"] == ["true"]


def test_the_notes_lead_back_from_the_overview(server, windows):
    screen, notes = windows
    screen.goto(f"{server.url}/?present=true")
    screen.wait_for_function("window.reglabHall?.data && !window.reglabHall.data.step")
    press_free(notes, "b")
    expect(screen.locator(".reglab-blank")).to_be_visible()
    press_free(notes, "b")
    press_free(notes, "PageDown")
    screen.wait_for_url("**/l1_l2?**")
    at_step(screen, "zero")


def test_the_notes_blank_the_screen(windows):
    screen, notes = windows
    press_free(notes, "b")
    expect(screen.locator(".reglab-blank")).to_be_visible()
    expect(notes.locator(".reglab-blank")).to_have_text("The screen is blank: b brings it back.")
    press_free(notes, "b")
    expect(screen.locator(".reglab-blank")).to_have_count(0)


def test_the_clock_counts_and_is_set_to_nought(windows):
    _, notes = windows
    clock = notes.locator(".reglab-clock")
    expect(clock).to_contain_text("of 6:00")
    notes.wait_for_function("/start: 0:0[2-9]/.test(document.querySelector('.reglab-clock').textContent)")
    press_free(notes, "PageDown")
    at_step(notes, "zero")
    expect(clock).to_contain_text("This step: 0:00")
    notes.get_by_role("button", name="Set the clock to 0").click()
    expect(clock).to_contain_text("start: 0:00")


def test_with_a_plan_next_and_back_go_through_its_steps_only(server, page):
    open_step(page, f"{server.url}/l1_l2?step=lambda1&present=true&plan=15")
    press_free(page, "PageDown")
    at_step(page, "lambda2")
    press_free(page, "PageUp")
    at_step(page, "lambda1")
    assert query(page)["plan"] == ["15"]
