"""What every page has: its title, our own menu, the presentation switch, the way on.

Streamlit runs each file of pages/ as a page of its own, so every page calls `begin` first and `end` last. Our own menu
replaces the automatic one, which knows nothing of titles, order and presentation (`client.showSidebarNavigation`).
"""

from __future__ import annotations

import logging
import re
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st

from core.app import address, embedding, failures, keeping
from core.app.access import access_rules, figures_to_take_along
from core.app.uploads import bound_uploads
from core.data import DataState, data_state
from core.figures.theme import NORMAL, PROJECTED, Look

log = logging.getLogger(__name__)

COURSE = "Regularization, seen"


@dataclass(frozen=True)
class Lesson:
    """One page of the course: its file, its name in the menu, and the question that it answers."""

    path: str
    title: str
    question: str

    @property
    def name(self) -> str:
        """As in the address and in the names of its exercises: "batch_norm" for pages/2_batch_norm.py."""
        return re.sub(r"^(?:.*/)?(?:\d+_)?(.*)\.py$", r"\1", self.path)


LESSONS = (
    Lesson("streamlit_app.py", "Overview", "What is this course, and where do I begin?"),
    Lesson("pages/1_baseline.py", "Baseline", "A network gets nearly every training image right. What has it learned?"),
    Lesson("pages/2_batch_norm.py", "Batch norm", "Put every feature on one scale: what does training gain, and pay?"),
    Lesson("pages/3_layer_norm.py", "Layer norm", "Normalise along the other axis: what changes, and is it better?"),
    Lesson("pages/4_dropout.py", "Dropout", "Switch units off at random while training: why would that help?"),
    Lesson("pages/5_l1_l2.py", "L1 and L2", "Put a price on large weights: which become zero, and what does it cost?"),
    Lesson("pages/6_norm_math.py", "Norm maths", "Why does L1 make weights exactly zero, and L2 only small?"),
    Lesson("pages/7_compare.py", "Compare", "My network overfits: what should I try first, and when does it help?"),
)
"""The pages that work, in the order of the course."""


def lesson_named(name: str) -> Lesson:
    """The page of a lesson, by its name in the address. Raises StopIteration for none."""
    return next(lesson for lesson in LESSONS if lesson.name == name)


SIDEBAR = 230
"""Width of the menu in pixels: room for the figures beside it."""

TEXT_WIDTH = 760
"""Of a paragraph, in pixels: about 90 characters a line."""


def begin(path: str, *, has_bar: bool = False) -> Lesson:
    """Set the page up and draw the menu. Called first by every page, with the page's path as in LESSONS. has_bar:
    whether the page has a bar of its own, which then holds the way out of a presentation."""
    failures.watch_page()
    bound_uploads()
    session_name()
    lesson = next(lesson for lesson in LESSONS if lesson.path == path)
    title = COURSE if path == LESSONS[0].path else f"{lesson.title} · {COURSE}"
    st.set_page_config(page_title=title, layout="wide", initial_sidebar_state=SIDEBAR)
    address.arrive(path)
    _carry_presentation(path)
    _carry_hidden()
    if is_presenting():
        if not has_bar:
            _present(lesson)
    elif not embedding.is_embedded():
        with st.sidebar, failures.apart():
            _menu()
    _style()
    st.session_state._note = st.empty()
    return lesson


def end(path: str, *, with_neighbours: bool = True) -> None:
    """What goes to the top, the note on the address, and the way to the neighbouring lessons. Called last by every
    page."""
    address.say_what_was_wrong(st.session_state.pop("_note"))
    failures.say_what_could_not_be_done()
    _anchor()(key="anchor", height=1)
    keeping.at_browser()
    figures_to_take_along()
    if not with_neighbours:
        return
    st.divider()
    previous, following = neighbours(path)
    left, right = st.columns(2)
    if previous:
        with left:
            st.page_link(previous.path, label=f"Back: {previous.title}", icon=":material/arrow_back:")
    if following:
        with right:
            st.page_link(following.path, label=f"Next: {following.title}", icon=":material/arrow_forward:")


@lru_cache(maxsize=1)
def _anchor():
    """What keeps the section that a link names in view while the page above it is still being drawn."""
    return st.components.v2.component("reglab_anchor", js=Path(__file__).with_name("anchor.js").read_text("utf-8"))


def look() -> Look:
    """The sizes that figures are drawn in: larger ones while presenting."""
    return PROJECTED if is_presenting() else NORMAL


def text(body: str) -> None:
    """A paragraph in Markdown, no wider than is good to read."""
    st.markdown(body, width="stretch" if is_presenting() else TEXT_WIDTH)


@st.cache_resource(ttl=600, show_spinner=False)
def data_on_this_machine() -> DataState:
    """Where the images are; looked up, and every file verified, at most once in ten minutes."""
    state = data_state()
    for problem in state.problems:
        log.warning("%s", problem)
    return state


def session_name() -> str:
    """A name for this visitor's session that other sessions cannot guess, for the queue to tell them apart."""
    return st.session_state.setdefault("_session", uuid.uuid4().hex)


def is_presenting() -> bool:
    """Whether the page is shown on a projector."""
    return bool(st.session_state.get("present", False))


def _carry_presentation(path: str) -> None:
    """Keep the presentation switch, and its place in the address, from page to page.

    Not by `bind`: a widget's value stays behind when its page is left, and a value given to a bound widget before it is
    first drawn does not reach the address. A link that says ?present=… decides; without one, what the last page had.
    """
    told = address.usable("present", address.SWITCH)
    if st.session_state.get("_page") != path:
        st.session_state.present = told == "true" if told else st.session_state.get("_presenting", False)
        st.session_state._page = path
    st.session_state._presenting = is_presenting()
    _put_back("present", "true" if is_presenting() else "")


def is_whole() -> bool:
    """Whether the whole lesson stands on one page (`whole=true`), to read, to search and to print."""
    return st.query_params.get("whole", "").lower() == "true"


HIDEABLE = ("questions", "code", "solutions", "faults", "downloads")
"""The parts of a lesson that an instructor may hide by the address: ?hide=solutions,faults."""


def is_hidden(part: str) -> bool:
    """Whether the address that this session came by hides a part."""
    return part in st.session_state.get("_hidden", ())


def _carry_hidden() -> None:
    """What an instructor's link hides stays hidden on the other pages, and stays in the address. `hide=none`, or any
    other that names no part, shows all again. Read as it is meant: `hide=Solutions, code` hides both."""
    given = st.query_params.get_all("hide")
    if given:
        named = [name.strip().lower() for name in ",".join(given).split(",")]
        st.session_state._hidden = tuple(part for part in HIDEABLE if part in named)
        unknown = [name for name in named if name and name not in (*HIDEABLE, "none")]
        if unknown or not any(named):
            shown = address.as_text(unknown[0] if unknown else "")
            address.note("hide", f"must be a list of {', '.join(HIDEABLE)}, or none, not {shown}")
    _put_back("hide", ",".join(st.session_state.get("_hidden", ())))


def _put_back(key: str, value: str) -> None:
    """Make the address say what the session has; nothing where that is empty."""
    given = st.query_params.get_all(key)
    if value and given != [value]:
        st.query_params[key] = value
    elif given and not value:
        del st.query_params[key]


def presentation_switch() -> None:
    """In and out of the presentation: in the menu, or, as that is put away then, in the bar of the page."""
    st.toggle(
        "Presentation",
        key="present",
        help="Large type, large figures, no menu: for a projector. The address keeps it, so a link opens like this.",
    )


def _menu() -> None:
    st.markdown(f"### {COURSE}")
    for lesson in LESSONS:
        st.page_link(lesson.path, label=lesson.title, help=lesson.question)
    st.divider()
    presentation_switch()
    _data_note()


def _data_note() -> None:
    """Which images live training has on this machine."""
    state = data_on_this_machine()
    if state.source == "REGLAB_DATA":
        st.caption(":material/database: Fashion-MNIST is here, in the folder of REGLAB_DATA, and verified.")
    elif state.source == "cache":
        st.caption(":material/database: Fashion-MNIST is here, in the cache folder, and verified.")
    else:
        st.caption(
            ":material/database: Fashion-MNIST is not on this machine. What is precomputed needs no images; live "
            "training fetches them first, or takes scikit-learn's digits."
        )
    if state.given:
        st.caption(f"The folder of REGLAB_DATA cannot be used: {'; '.join(state.given)}.")


def _present(lesson: Lesson) -> None:
    """The bar of a presented page: the neighbouring lessons, and the way out. PageDown scrolls, as a clicker should."""
    previous, following = neighbours(lesson.path)
    with st.container(horizontal=True, vertical_alignment="center"):
        presentation_switch()
        if previous:
            st.page_link(previous.path, label=previous.title, icon=":material/arrow_back:")
        if following:
            st.page_link(following.path, label=following.title, icon=":material/arrow_forward:")


def neighbours(path: str) -> tuple[Lesson | None, Lesson | None]:
    at = [lesson.path for lesson in LESSONS].index(path)
    return (LESSONS[at - 1] if at else None), (LESSONS[at + 1] if at + 1 < len(LESSONS) else None)


def _style() -> None:
    """What Streamlit has no setting for: the width of a wide page, type for a projector, and for typed code."""
    rules = ".stMainBlockContainer{max-width:72rem;padding-top:3rem}"
    if is_presenting():
        rules = (
            "html{font-size:24px !important}"
            "section[data-testid=stSidebar],[data-testid=stExpandSidebarButton]{display:none !important}"
            ".stMainBlockContainer{max-width:none;padding:2rem 3rem}"
        )
    st.html(f"<style>{rules}.stTextArea textarea{{font-family:monospace}}{access_rules()}</style>")
