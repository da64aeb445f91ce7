"""The map of the lessons: a card each, with a picture, the question, and how much of it is done."""

from __future__ import annotations

import streamlit as st

from core.app import failures, frame, progress, steps
from core.app.draw import chart
from core.course.cards import sketch
from core.figures.cards import HEIGHT, card_figure


def lesson_map() -> None:
    """A card for each lesson, as many beside each other as there is room for."""
    with st.grid(2 if frame.is_presenting() else 3, min_column_width=260):
        for lesson in frame.LESSONS[1:]:
            _card(lesson)


def _card(lesson: frame.Lesson) -> None:
    with st.container(border=True, key=f"card_{lesson.name}", height="stretch"):
        with failures.apart():
            picture = sketch(lesson.name)
            chart(card_figure(picture), alt=picture.alt, height=HEIGHT)
        st.page_link(lesson.path, label=f"**{lesson.title}**", icon=":material/arrow_forward:")
        st.markdown(lesson.question)
        seen = "" if progress.is_loading() else steps_seen(lesson)
        hidden = [part for part in frame.HIDEABLE if frame.is_hidden(part)]
        answered = progress.tally_words(lesson.name, hidden)
        st.caption(" · ".join(done for done in (seen, answered) if done))


def steps_seen(lesson: frame.Lesson) -> str:
    """How many of a lesson's steps were seen; empty for a page that has none."""
    shown = {step.name for step in _shown(lesson)}
    return f"{len(shown & progress.visited(lesson.name))} of {len(shown)} steps seen" if shown else ""


def go_on() -> None:
    """A link to the step that was seen last; nothing for a student who has just come."""
    if progress.is_loading():
        return
    lessons = {lesson.name: lesson for lesson in frame.LESSONS[1:]}
    for name, step_name in progress.last_visited():
        titles = {step.name: step.title for step in _shown(lessons[name])} if name in lessons else {}
        if step_name in titles:  # what the browser kept may be of another version of the course
            number = list(titles).index(step_name) + 1
            st.page_link(
                lessons[name].path,
                label=f"Go on at: {lessons[name].title}, step {number}: {titles[step_name]}",
                icon=":material/resume:",
                query_params={"step": step_name},
            )
            return


def _shown(lesson: frame.Lesson) -> list[steps.Heading]:
    """The steps of a lesson that no address hides."""
    return [step for step in steps.headings(lesson.path) if not (step.part and frame.is_hidden(step.part))]
