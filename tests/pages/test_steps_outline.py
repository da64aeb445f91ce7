"""The steps of a lesson, read from its page's source, are those that the page declares when it runs."""

import pytest
from page_reader import PAGES, open_page

from core.app import steps

IN_STEPS = [path for path in PAGES[1:] if steps.headings(path)]


def test_steps_are_read_from_a_source_in_their_order():
    source = """
lesson = steps.lesson("pages/9_x.py")

@lesson.step("What is it" "?", say="", ask="", trap="", minutes=1)
def what_is_it() -> None: ...

@other
def helper(): ...

@lesson.step("Check yourself", part="questions", say="", ask="", trap="", minutes=1)
def check_(): ...
"""
    first, second = steps.headings_in(source)
    assert first == steps.Heading("what-is-it", "What is it?", "")
    assert second == steps.Heading("check", "Check yourself", "questions")


@pytest.mark.parametrize("path", IN_STEPS)
def test_the_page_declares_the_same(path):
    app = open_page(path)
    declared = [(header.anchor, header.value) for header in app.header]
    assert declared == [(heading.name, heading.title) for heading in steps.headings(path)]
