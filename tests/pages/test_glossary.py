"""The glossary over a page: drawn when it is opened, and filtered by what is typed."""

from page_reader import PAGES, open_page

from core.course.glossary import TERMS


def opened(sought=""):
    app = open_page(PAGES[0])
    assert not [field for field in app.text_input if field.key == "glossary_sought"]
    app.button(key="glossary").click().run()
    return search(app, sought) if sought else app


def search(app, sought):
    """AppTest reruns the whole page, which closes a dialog: the button opens it again in the same run."""
    app.text_input(key="glossary_sought").set_value(sought)
    app.button(key="glossary").click().run()
    assert not app.exception
    return app


def entries(app):
    return [m.value for m in app.markdown if m.value.startswith("**") and " · " in m.value]


def test_it_lists_every_word_with_its_definition_and_a_way_to_its_lesson():
    app = opened()
    shown = entries(app)
    assert len(shown) == len(TERMS)
    for entry, term in zip(shown, TERMS, strict=True):
        assert entry.startswith(f"**{term.term}**") and term.definition in entry


def test_typing_leaves_the_words_that_match():
    app = opened("thresholding")
    shown = entries(app)
    assert shown[0].startswith("**soft thresholding**")
    assert 1 < len(shown) < 10 and all("threshold" in entry for entry in shown)
    assert entries(search(app, "no such word")) == []


def test_how_to_read_the_numbers_is_the_other_tab():
    app = opened()
    assert not any("One run alone" in m.value for m in app.markdown)
    app.session_state["glossary_tab"] = "How to read the numbers"
    app.button(key="glossary").click().run()
    assert any("One run alone" in m.value for m in app.markdown) and not entries(app)
