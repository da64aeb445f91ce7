"""What only a real browser can show: deep links on a cold server, the camera, the address, a phone, a live run."""

import re

import pytest
from playwright.sync_api import expect

SCENE = ".reglab-scene"


def drawn(page, nth=0):
    """Wait until the nth scene has its surface."""
    page.wait_for_function(
        f"document.querySelectorAll('{SCENE}')[{nth}]?._fullLayout?.scene?._scene?.glplot", timeout=60_000
    )
    return page.locator(SCENE).nth(nth)


def camera(scene):
    return scene.evaluate("el => el._fullLayout.scene._scene.getCamera().eye")


def slider(page, key):
    return page.locator(f".st-key-{key} input[type=range]")


def address(page):
    return page.evaluate("location.search")


def test_a_deep_link_opened_first_after_a_cold_start_shows_its_page_its_menu_and_its_settings(cold_server, page):
    page.goto(f"{cold_server.url}/baseline?whole=true&seed=3&radius=0.5&view=contours")
    expect(page.locator("h1")).to_have_text("Baseline")
    expect(page).to_have_title("Baseline · Regularization, seen")
    menu = page.locator("[data-testid=stSidebar]")
    expect(menu.get_by_role("link", name="Overview")).to_be_visible()
    expect(menu.get_by_role("link", name="Baseline")).to_be_visible()
    expect(page.locator("[data-testid=stSidebarNav]")).to_have_count(0)
    expect(page.locator(".st-key-seed")).to_contain_text("3")
    expect(page.locator(".st-key-radius")).to_contain_text("0.5")
    page.wait_for_function(f"document.querySelector('{SCENE}')?.data?.[0]?.type === 'contour'")
    assert page.locator(SCENE).first.evaluate("el => Math.max(...el.data[0].x)") == 0.5


def test_the_camera_stays_when_the_surface_changes(server, page):
    page.goto(f"{server.url}/baseline?step=surface")
    scene = drawn(page)
    scene.evaluate("el => Plotly.relayout(el, {'scene.camera.eye': {x: 0.3, y: 2.1, z: 0.4}})")
    before = camera(scene)
    top = scene.evaluate("el => el.data[0].cmax")
    slider(page, "radius").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"top => document.querySelector('{SCENE}').data[0].cmax !== top", arg=top)
    assert camera(scene) == pytest.approx(before, abs=1e-6)
    assert before["y"] == pytest.approx(2.1, abs=0.01)


def test_the_camera_that_the_mouse_turned_stays_over_a_change_and_over_the_contour_view(server, page):
    page.goto(f"{server.url}/baseline?step=surface")
    scene = drawn(page)
    scene.scroll_into_view_if_needed()
    start = camera(scene)
    box = scene.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 150, box["y"] + box["height"] / 2 + 20, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)
    turned = camera(scene)
    assert turned != pytest.approx(start, abs=0.1)
    page.get_by_role("radio", name="contours").or_(page.get_by_role("button", name="contours")).first.click()
    page.wait_for_function(f"document.querySelector('{SCENE}').data[0].type === 'contour'")
    page.get_by_role("radio", name="3-D").or_(page.get_by_role("button", name="3-D")).first.click()
    page.wait_for_function(f"document.querySelector('{SCENE}').data[0].type === 'surface'")
    assert camera(drawn(page)) == pytest.approx(turned, abs=1e-6)


def test_scenes_side_by_side_turn_together(server, page):
    page.goto(f"{server.url}/baseline?step=notebook")
    left, right = drawn(page, 0), drawn(page, 1)  # the notebook's picture and ours
    left.evaluate("el => Plotly.relayout(el, {'scene.camera': {eye: {x: -1, y: 1.5, z: 1.2}}})")
    page.wait_for_function(
        f"Math.abs(document.querySelectorAll('{SCENE}')[1]._fullLayout.scene._scene.getCamera().eye.x + 1) < 0.01"
    )
    assert camera(right)["y"] == pytest.approx(1.5, abs=0.01)


def test_a_slider_moves_the_address_and_the_pasted_address_opens_the_same_figures(server, page, chromium):
    page.goto(f"{server.url}/baseline?step=own-run")
    gap = page.locator("[data-testid=stMetric]", has_text="gap")
    expect(gap).to_be_visible()
    before = gap.text_content()
    slider(page, "epochs").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("location.search.includes('epochs=')")
    expect(gap).not_to_have_text(before)
    other = chromium.new_page()
    other.goto(page.url.split("?")[0] + address(page))
    expect(other.locator("[data-testid=stMetric]", has_text="gap")).to_have_text(gap.text_content())
    other.close()


def test_the_presentation_stays_over_pages_and_hides_the_menu(server, page):
    page.goto(f"{server.url}/?present=true")
    expect(page.locator("[data-testid=stSidebar]")).to_be_hidden()
    page.get_by_role("link", name="Baseline").first.click()
    expect(page.locator("h1")).to_have_text("One network, trained twice")
    page.wait_for_function("location.pathname === '/baseline' && location.search === '?present=true'")
    page.wait_for_function("getComputedStyle(document.documentElement).fontSize === '24px'")


@pytest.mark.parametrize(
    "path", ["", "baseline", "batch_norm", "layer_norm", "dropout", "l1_l2", "norm_math", "compare"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_every_page_without_scrolling_sideways(server, chromium, path, scheme):
    page = chromium.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.goto(f"{server.url}/{path}")
    page.locator("h1").wait_for()
    page.wait_for_timeout(3000)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    page.close()


@pytest.mark.parametrize(
    ("path", "key"), [("l1_l2?step=lambda1", "lambda1"), ("batch_norm?step=covariate-shift", "contrast")]
)
def test_a_slider_that_is_moved_faster_than_it_is_answered_ends_at_its_last_place(server, page, path, key):
    """Streamlit's cache of messages dies of this, unless it is switched off (.streamlit/config.toml)."""
    page.goto(f"{server.url}/{path}")
    slider(page, key).wait_for()
    page.wait_for_timeout(2000)
    slider(page, key).focus()
    start = slider(page, key).input_value()
    for _ in range(9):
        for move in ("ArrowRight", "ArrowLeft"):
            for _ in range(2):  # neither slider meets its end
                page.keyboard.press(move)
                page.wait_for_timeout(35)
    page.wait_for_timeout(1500)
    assert page.get_by_text("Connection error").count() == 0
    assert slider(page, key).input_value() == start and slider(page, key).is_enabled()


def test_markup_in_an_address_is_shown_as_text(server, page):
    page.goto(f"{server.url}/baseline?lr=%3Cimg%20src=x%20onerror=alert(1)%3E&seed=**x**")
    note = page.locator("[data-testid=stAlert]").first
    expect(note).to_contain_text("<img src=x onerror=alert(1)>")
    expect(note).to_contain_text("**x**")
    assert note.locator("img, strong").count() == 0


def test_offline_a_run_off_the_stops_is_trained_on_the_digits_while_the_page_watches(server, page):
    page.goto(f"{server.url}/baseline?seed=4&lr=0.003")
    expect(page.get_by_text("the same settings are trained on scikit-learn's digits")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Trained live on this machine")).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stMetric]")).to_have_count(4)


# --- the norm lessons -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "scenes"), [("batch_norm", 5), ("layer_norm", 5)])
def test_a_norm_lesson_draws_all_its_surfaces_on_one_loss_axis(server, page, path, scenes):
    page.goto(f"{server.url}/{path}?whole=true")
    for i in range(scenes):
        drawn(page, i)
    ranges = page.evaluate(
        f"[...document.querySelectorAll('{SCENE}')].slice(0, 3).map(e => e.layout.scene.zaxis.range)"
    )
    assert ranges[0] == ranges[1] == ranges[2]


def test_the_batch_in_the_table_can_be_edited_and_the_steps_follow(server, page):
    page.goto(f"{server.url}/batch_norm?step=arithmetic")
    page.get_by_text("One cell by hand").click()
    steps = page.locator("[data-testid=stTable]").first
    expect(steps).to_contain_text("3.5")
    grid = page.locator("[data-testid=stDataFrame] canvas").first
    cell = page.locator("#portal input, #portal textarea")
    for _ in range(10):  # what is drawn above it may still move it
        page.wait_for_timeout(1000)
        if cell.count():
            break
        grid.scroll_into_view_if_needed()
        box = grid.bounding_box()
        page.mouse.dblclick(box["x"] + 80, box["y"] + 52)  # feature 1 of sample 1
    cell.first.fill("101")
    cell.first.press("Enter")
    expect(steps).to_contain_text("28")  # the mean of 101, 2, 3, 6


def test_a_preset_changes_the_light_and_its_accuracies(server, page):
    page.goto(f"{server.url}/batch_norm?step=covariate-shift")
    page.get_by_role("button", name="Fog").click()
    page.wait_for_function("location.search.includes('contrast=0.25')")
    expect(page.locator(".st-key-contrast")).to_contain_text("0.25")


def test_a_learning_rate_in_the_address_opens_on_what_diverged(server, page):
    page.goto(f"{server.url}/batch_norm?sgd_lr=3")
    expect(page.get_by_text("in 4 of 5 seeds")).to_be_visible()


def test_the_diagrams_of_the_placements_are_drawn(server, page):
    page.goto(f"{server.url}/batch_norm?step=picture&picture_view=Before+or+after+ReLU?")
    diagrams = page.locator("[data-testid=stMermaidChart] img")
    expect(diagrams).to_have_count(3)
    assert diagrams.evaluate_all("all => all.every(img => img.naturalWidth > 50 && img.alt)")


def test_the_list_of_steps_leads_there_and_keeps_the_settings(server, page):
    page.goto(f"{server.url}/batch_norm?sgd_lr=1")
    expect(page.locator("h1")).to_have_text("How large a learning rate does it cope with?")
    page.get_by_role("button", name="Steps").click()
    page.get_by_role("button", name="What does it cost? It needs a batch").click()
    expect(page.locator("h1")).to_have_text("What does it cost? It needs a batch")
    page.wait_for_function("location.search.includes('step=small-batches')")
    page.locator(".st-key-step_back button").click()
    expect(page.locator("h1")).to_have_text("How large a learning rate does it cope with?")
    page.wait_for_function("location.search.includes('sgd_lr=1')")
    assert len(page.context.pages) == 1


# --- dropout, L1 and L2 ---------------------------------------------------------------------------------------------


def test_a_spy_plot_is_drawn_and_follows_the_strength(server, page):
    page.goto(f"{server.url}/l1_l2?step=lambda1")
    spy = page.locator("[aria-label^='Spy plot, L1:']")
    image = spy.first.locator("image")
    expect(image).to_have_attribute("href", re.compile("^data:image/png;base64,"))  # rows come after the chart
    picture, said = image.get_attribute("href"), spy.first.get_attribute("aria-label")
    assert image.bounding_box()["width"] > 100
    slider(page, "lambda1").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('lambda1=0.0001')")
    expect(spy.first).not_to_have_attribute("aria-label", said)
    expect(image).not_to_have_attribute("href", picture)


def test_the_drawn_network_gets_new_masks_by_the_button(server, page):
    page.goto(f"{server.url}/dropout")
    told = page.get_by_text("Output now:")
    expect(told).to_be_visible()
    before = told.text_content()
    for _ in range(4):  # a new mask may be the old one
        page.get_by_role("button", name="Draw new masks").click()
        page.wait_for_timeout(700)
    expect(told).not_to_have_text(before)
    page.get_by_text("evaluation", exact=True).first.click()
    expect(page.get_by_role("button", name="Draw new masks")).to_be_disabled()


def test_a_strength_in_the_address_opens_on_its_numbers(server, page):
    page.goto(f"{server.url}/l1_l2?lambda1=0.001&l1_by=proximal&l1_threshold=0.0001")
    zeros = page.locator("[data-testid=stMetric]", has_text="Exactly 0").first
    expect(zeros).to_contain_text("98.")


def test_the_weight_over_time_plays_and_its_time_goes_into_the_address(server, page):
    page.goto(f"{server.url}/norm_math?time=5")
    play = page.get_by_role("button", name="Play")
    play.scroll_into_view_if_needed()
    play.click()
    page.wait_for_function("location.search.includes('time=6')")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_bowl_is_dragged_onto_an_axis_under_l1_and_not_under_l2(server, page):
    page.goto(f"{server.url}/norm_math?c1=1.5&c2=0.2&tilt=0&stretch=1")
    expect(page.get_by_text("L1: w = (1.000, 0)")).to_be_visible()
    slider(page, "c2").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("L1: w = (1.000, 0.500)")).to_be_visible()
    expect(page.get_by_text("L2: w = (0.750, 0.500)")).to_be_visible()
