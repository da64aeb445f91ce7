"""The overview: what it opens with, the map of the lessons, and how little has to be read before a slider is moved."""

import re
from dataclasses import replace

import pytest
from page_reader import PAGES, charts, open_at, open_page

from core.app import frame, steps
from core.config import SMALL_AND_NOISY, seeds_of
from core.course.opening import OFFERED, what_happened
from core.results.library import stored_runs
from core.techniques import DROPOUT, MAX_NORM

MOST_WORDS = 120


def opening_chart(app):
    return next(chart for chart in charts(app) if "gap" in chart.rows)


def gap_label(p):
    """Held-out minus training loss of the last epoch, the mean over the stored seeds."""
    last = [run.records[-1] for run in stored_runs(seeds_of(replace(SMALL_AND_NOISY, dropout=p)))]
    return f"gap {sum(r.held_out_loss - r.train_loss for r in last) / len(last):.2f}"


def test_it_opens_with_the_plain_network_and_its_gap():
    app = open_page(PAGES[0])
    assert what_happened(DROPOUT, 0) in [m.value for m in app.markdown]
    drawn = opening_chart(app)
    assert drawn.rows["gap"][0]["label"] == gap_label(0) and not drawn.rows["before"]


def test_one_slider_closes_the_gap_and_the_plain_network_stays_behind():
    app = open_page(PAGES[0])
    app.select_slider(key="try_p").set_value("0.5").run()
    assert what_happened(DROPOUT, 0.5) in [m.value for m in app.markdown]
    drawn = opening_chart(app)
    assert drawn.rows["gap"][0]["label"] == gap_label(0.5) != gap_label(0) and drawn.rows["before"]


@pytest.mark.parametrize("technique", OFFERED, ids=lambda technique: technique.name)
def test_every_technique_begins_at_none_and_leads_to_its_lesson(technique):
    app = open_page(PAGES[0], **{"try": technique.name})
    assert app.select_slider(key=f"try_{technique.key}").value == "0"
    assert technique.says in [c.value for c in app.caption]
    assert not app.warning


def test_an_address_opens_a_technique_at_a_strength():
    app = open_page(PAGES[0], **{"try": MAX_NORM.name, "try_limit": "0.5"})
    assert what_happened(MAX_NORM, 0.5) in [m.value for m in app.markdown]


def test_what_an_address_cannot_open_is_named_and_the_plain_network_stands():
    app = open_page(PAGES[0], **{"try": "", "try_p": "0.55"})
    assert all(f"`{key}`" in app.warning[0].value for key in ("try", "try_p"))
    assert what_happened(DROPOUT, 0) in [m.value for m in app.markdown]


def test_the_map_has_a_question_and_what_is_done_for_every_lesson():
    app = open_page(PAGES[0])
    shown = [m.value for m in app.markdown]
    assert all(lesson.question in shown for lesson in frame.LESSONS[1:])
    done = [c.value for c in app.caption if "exercises" in c.value]
    assert len(done) == len(frame.LESSONS[1:])


IN_STEPS = [lesson for lesson in frame.LESSONS[1:] if steps.headings(lesson.path)]


@pytest.mark.parametrize("lesson", IN_STEPS, ids=lambda lesson: lesson.name)
def test_the_map_counts_the_steps_that_were_seen_of_those_that_are_shown(lesson):
    there_are = steps.headings(lesson.path)
    for opened, seen in ((open_at, 1), (open_page, len(there_are))):  # one step, and the whole lesson
        app = opened(lesson.path)
        app.switch_page(PAGES[0]).run()
        assert any(f"{seen} of {len(there_are)} steps seen" in c.value for c in app.caption)
    hidden = [step for step in there_are if step.part == "questions"]
    app = open_page(PAGES[0], hide="questions")
    assert any(f"0 of {len(there_are) - len(hidden)} steps seen" in c.value for c in app.caption)


def words_before_the_folds(node):
    """The words of the paragraphs and captions below a node, without those in cards and in what is folded away."""
    if hasattr(node, "children"):
        if node.type == "expander" or "-card_" in (getattr(node.proto, "id", "") or ""):
            return []
        return [word for child in node.children.values() for word in words_before_the_folds(child)]
    return re.findall(r"\w[\w.,%−-]*", node.value) if node.type in ("markdown", "caption") else []


@pytest.mark.parametrize("technique", OFFERED, ids=lambda technique: technique.name)
def test_little_has_to_be_read(technique):
    strongest = f"{technique.stops[-1]:g}"
    app = open_page(PAGES[0], **{"try": technique.name, f"try_{technique.key}": strongest})
    assert 40 < len(words_before_the_folds(app.main)) <= MOST_WORDS
