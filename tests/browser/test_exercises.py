"""Every exercise answered by hand in a real Chromium; answers saved and loaded; files taken home."""

import json

import pytest
from playwright.sync_api import expect
from steps_used import code_field

from core.course.questions import shown_order
from core.course.syllabus import faults_of, lessons, questions_of, typed_code_of


def opened(page, address):
    page.goto(address)
    page.locator("[data-testid=stMain] hr, .st-key-step").last.wait_for()
    page.wait_for_timeout(1500)


def pick(page, name):
    """Press the button of one fault or code exercise."""
    page.get_by_role("radio", name=name.replace("-", " "), exact=True).or_(
        page.get_by_role("button", name=name.replace("-", " "), exact=True)
    ).first.click()


@pytest.mark.parametrize("lesson", lessons())
def test_every_code_exercise_takes_a_wrong_and_a_right_answer(server, page, lesson):
    opened(page, f"{server.url}/{lesson}?step=fill-in-the-code")
    for exercise in typed_code_of(lesson).values():
        pick(page, exercise.name)
        field = code_field(page, f"{lesson}/code-{exercise.name}")
        expect(field).to_have_value(exercise.template)
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.get_by_text("Not yet.", exact=True)).to_be_visible()
        field.fill(exercise.solution)
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.get_by_text("Right.", exact=True)).to_be_visible()
        expect(page.get_by_text("Not yet.", exact=True)).to_have_count(0)


@pytest.mark.parametrize("lesson", lessons())
def test_every_fault_is_found_and_mended(server, page, lesson):
    opened(page, f"{server.url}/{lesson}?step=find-the-fault")
    for fault in faults_of(lesson).values():
        pick(page, fault.name)
        order = shown_order(f"{lesson}/fault-{fault.name}", len(fault.options))
        right = next(place for place, i in enumerate(order) if fault.options[i].right)
        options = page.locator(f"[class*='st-key-{lesson}-fault-{fault.name}-'] [role=radiogroup] label")
        expect(options).to_have_count(len(fault.options))
        options.nth(right).click()
        page.get_by_role("button", name="Commit", exact=True).click()
        expect(page.get_by_text("Right.", exact=True)).to_be_visible()
        expect(page.get_by_text("Mended.", exact=True)).to_be_visible()


def test_who_was_wrong_about_a_fault_sees_it_mended_when_the_answer_is_asked_for(server, page):
    opened(page, f"{server.url}/dropout?step=find-the-fault")
    fault = next(iter(faults_of("dropout").values()))
    wrong = next(
        place
        for place, i in enumerate(shown_order(f"dropout/fault-{fault.name}", len(fault.options)))
        if not fault.options[i].right
    )
    page.locator(f"[class*='st-key-dropout-fault-{fault.name}-'] [role=radiogroup] label").nth(wrong).click()
    page.get_by_role("button", name="Commit", exact=True).click()
    mended = page.get_by_text("Mended.", exact=True)
    expect(page.get_by_text("Not quite.", exact=True)).to_be_visible()
    expect(mended).to_have_count(0)
    page.get_by_text("Show the answer", exact=True).click()
    expect(mended).to_be_visible()
    page.get_by_role("button", name="Answer again", exact=True).click()
    expect(mended).to_have_count(0)


@pytest.mark.parametrize("lesson", lessons())
def test_every_question_can_be_committed_to(server, page, lesson):
    opened(page, f"{server.url}/{lesson}?whole=true&hide=faults,code")
    commit = page.get_by_role("button", name="Commit", exact=True)
    left = len(questions_of(lesson))
    expect(commit).to_have_count(left)
    groups = page.get_by_role("radiogroup", name="Your answer")
    for i in range(groups.count()):
        groups.nth(i).locator("label").first.click()
        question = groups.nth(i).locator("xpath=ancestor::*[@data-testid='stVerticalBlock'][1]")
        own = question.get_by_role("button", name="Commit", exact=True)
        expect(own).to_be_enabled()  # as a student waits for it
        own.click()
        left -= 1
        expect(commit).to_have_count(left)
    while left:  # those that are drawn
        commit.first.click()
        left -= 1
        expect(commit).to_have_count(left)
    said = page.get_by_text("Right.", exact=True).or_(page.get_by_text("Not quite.", exact=True))
    drawn = page.get_by_text("You are off by")
    assert said.count() + drawn.count() == len(questions_of(lesson))


def test_answers_are_saved_to_a_file_and_loaded_from_it_in_another_tab(server, page, chromium, tmp_path):
    opened(page, f"{server.url}/dropout?exercise=dropout+by+hand")
    code_field(page, "dropout/code-dropout-by-hand").fill("h_train = h * mask / (1 - p)")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("Right.", exact=True)).to_be_visible()
    page.get_by_role("link", name="Overview").first.click()
    expect(page.get_by_text("1 right, 1 answered")).to_be_visible()
    page.get_by_text("Your answers", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my answers").click()
    kept = tmp_path / "answers.json"
    download.value.save_as(kept)
    assert list(json.loads(kept.read_text())["answers"]) == ["dropout/code-dropout-by-hand"]

    other = chromium.new_page()
    other.set_default_timeout(60_000)
    opened(other, server.url)
    other.get_by_text("Your answers", exact=True).click()
    chosen = other.locator("[data-testid=stFileUploader] input[type=file]")
    broken = tmp_path / "broken.json"
    broken.write_text("[" * 1000)
    chosen.set_input_files(broken)
    expect(other.get_by_text("This is not a progress file")).to_be_visible()
    chosen.set_input_files(kept)
    expect(other.get_by_text("1 answers are loaded").or_(other.get_by_text("1 answer is loaded"))).to_be_visible()
    other.get_by_role("link", name="Dropout").first.click()
    other.wait_for_function("location.pathname === '/dropout'")
    other.get_by_role("button", name="Steps").click()
    other.get_by_role("button", name="Fill in the code").click()
    other.get_by_role("radio", name="dropout by hand").or_(
        other.get_by_role("button", name="dropout by hand")
    ).first.click()
    expect(code_field(other, "dropout/code-dropout-by-hand")).to_have_value("h_train = h * mask / (1 - p)")
    expect(other.get_by_text("Right.", exact=True)).to_be_visible()
    other.close()


def test_a_link_opens_at_its_exercise(server, page):
    opened(page, f"{server.url}/l1_l2?exercise=l2+branch&hide=questions")
    expect(page.get_by_role("heading", name="Fill in the code")).to_be_in_viewport()
    expect(code_field(page, "l1_l2/code-l2-branch")).to_be_visible()


def test_a_network_is_taken_home_as_script_notebook_and_numbers(server, page, tmp_path):
    opened(page, f"{server.url}/dropout?p_on=2,000+images,+20+%25+wrong+labels&p=0.5")
    page.get_by_text("Take it home").first.click()
    found = {}
    for label in ("Script (.py)", "Notebook (.ipynb)", "Numbers (.csv)"):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).first.click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        found[path.suffix] = path
    assert found[".py"].name == "dropout-0.5_2000-images_seed-0.py"
    compile(found[".py"].read_text(), "taken home", "exec")
    assert json.loads(found[".ipynb"].read_text())["nbformat"] == 4
    assert len(found[".csv"].read_text().splitlines()) == 61


def test_a_right_answer_is_trained(server, page):
    opened(page, f"{server.url}/l1_l2?exercise=l2+branch")
    solution = typed_code_of("l1_l2")["l2-branch"].solution
    code_field(page, "l1_l2/code-l2-branch").fill(solution)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Train the network with it").click()
    # no images on this machine: the same is trained on the digits
    expect(page.get_by_text("the same settings are trained on scikit-learn's digits")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("This is your network (L2), with seed 0")).to_be_visible(timeout=90_000)
