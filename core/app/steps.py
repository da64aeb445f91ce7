"""A lesson as steps: one idea on one screen, its figure, and the controls that change it beside the figure.

A page declares its steps in order and shows them:

    lesson = steps.lesson("pages/4_dropout.py")

    @lesson.step("What happens to a unit?", settings=("p",), say="…", ask="…", trap="…", minutes=3)
    def masks() -> None: ...

    lesson.show()

Only the step that is shown is computed. Its name stands in the address as `step`; `whole=true` shows all of them on one
page, to read, to search and to print.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path

import streamlit as st

from core.app import address, controls, embedding, failures, frame, paper, progress, projecting, share, speaker_notes
from core.app.glossary import glossary_button
from core.course.plans import around

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_suffix(".js")
STYLE = Path(__file__).with_suffix(".css")


@dataclass(frozen=True)
class Notes:
    """For an instructor: what to say at a step, what to ask, where the class will be wrong, how many minutes it
    takes."""

    say: str
    ask: str
    trap: str
    minutes: float


@dataclass(frozen=True)
class Step:
    """One screen of a lesson. settings: the keys of its controls, by which an address finds it. part: what an
    instructor may hide it as (frame.HIDEABLE), or nothing."""

    name: str
    title: str
    draw: Callable[[], None]
    settings: tuple[str, ...]
    part: str
    notes: Notes


class Steps:
    """The steps of one lesson, in the order in which its page declares them."""

    def __init__(self, about: frame.Lesson):
        self.about = about
        self.declared: list[Step] = []

    def step(
        self, title: str, *, say: str, ask: str, trap: str, minutes: float, settings: tuple[str, ...] = (), part=""
    ) -> Callable:
        """Declares the decorated function as the next step; its name, with hyphens, is the one in the address.

        say, ask, trap, minutes: its notes. Raises ValueError where two steps have one name.
        """

        def declare(draw: Callable[[], None]) -> Callable[[], None]:
            name = _name_of(draw.__name__)
            if any(step.name == name for step in self.declared):
                raise ValueError(f"two steps are called {name}")
            self.declared.append(Step(name, title, draw, settings, part, Notes(say, ask, trap, minutes)))
            return draw

        return declare

    @property
    def shown(self) -> list[Step]:
        """The steps that the instructor's address does not hide."""
        return [step for step in self.declared if not (step.part and frame.is_hidden(step.part))]

    def show(self) -> None:
        """Draw the step that the address asks for, or all of them. Called last by the page."""
        style()
        paper.for_paper()
        if embedding.is_embedded():
            embedding.style()
        if notes := speaker_notes.asked():
            self._show_notes(notes)
        elif frame.is_whole():
            self._show_whole()
        else:
            self._show_one(self._asked())
        frame.end(self.about.path, with_neighbours=frame.is_whole() and not embedding.is_embedded())

    def _asked(self) -> Step:
        """The step of the address: by its name; else the one of a named exercise or fault; else the earliest that owns
        a named setting; else the first."""
        steps, given = self.shown, st.query_params.to_dict()
        name = address.usable("step", tuple(step.name for step in steps))
        if name:
            return next(step for step in steps if step.name == name)
        for keys in ({"exercise"}, {"fault"}, {*given}):
            for step in steps:
                if keys & {*given} & {*step.settings}:
                    return step
        return steps[0]

    def _show_one(self, step: Step) -> None:
        progress.visit(self.about.name, step.name)
        if embedding.is_embedded():
            with st.container(horizontal=True, vertical_alignment="center", key="embedded_title"):
                st.title(step.title, anchor=False, width="stretch")
                share.link_to_the_course(step.name, step.settings)
        else:
            with failures.apart():
                self._bar(step)
            st.title(step.title, anchor=False)
        with st.container(key="step"):
            failures.fragment(share.telling_what_it_keeps(_until_turned(step)))()
        _at_browser(lesson=self.about.name, step=step.name, presenting=frame.is_presenting())
        if frame.is_presenting():
            projecting.follow(self.about.name, step.name, tuple(step.name for step in self.shown))

    def _show_notes(self, notes: str) -> None:
        """The notes instead of the lesson: of one step, or of all ("all")."""
        if notes == "all":
            speaker_notes.show_handout(self)
            return
        step = self._asked()
        speaker_notes.show_step(self, step)
        _at_browser(lesson=self.about.name, step=step.name, presenting=True)

    def turned(self, step: Step) -> tuple[int, int]:
        """The places of the steps that back and next turn to: those of the plan where the address names one."""
        names = [shown.name for shown in self.shown]
        return around(names, names.index(step.name), projecting.planned(self.about.name))

    def bar_of_notes(self, step: Step) -> None:
        """The place in the lesson, the handout, back and next."""
        back, forward = self.turned(step)
        with st.container(horizontal=True, vertical_alignment="center", key="step_bar"):
            at = self.shown.index(step) + 1
            st.caption(f"**{self.about.title}** · step {at} of {len(self.shown)}", width="stretch")
            st.page_link(self.about.path, label="All notes", icon=":material/article:", query_params={"notes": "all"})
            self._turn("Back", "step_back", back, ":material/arrow_back:")
            self._turn("Next", "step_next", forward, ":material/arrow_forward:")

    def _bar(self, step: Step) -> None:
        """The place in the lesson, the steps by name, the glossary, back and next."""
        steps = self.shown
        at = steps.index(step)
        with st.container(horizontal=True, vertical_alignment="center", key="step_bar"):
            st.caption(f"**{self.about.title}** · step {at + 1} of {len(steps)}", width="stretch")
            if frame.is_presenting():
                frame.presentation_switch()
                share.qr_code(step.name, step.settings)
            share.copy_button(step.name, step.settings)
            if step.settings:
                st.button(
                    "Reset",
                    key="step_reset",
                    icon=":material/restart_alt:",
                    type="tertiary",
                    on_click=controls.set_back,
                    args=(step.settings,),
                )
            glossary_button()
            if frame.is_presenting():
                projecting.notes_button()
            with st.popover("Steps", icon=":material/list:", type="tertiary", key="step_list"):
                self._list(at)
            back, forward = self.turned(step)
            self._turn("Back", "step_back", back, ":material/arrow_back:")
            self._turn("Next", "step_next", forward, ":material/arrow_forward:")

    def _turn(self, label: str, key: str, to: int, icon: str) -> None:
        """A button to a neighbouring step; at either end of the lesson a link to the neighbouring lesson."""
        if 0 <= to < len(self.shown):
            st.button(label, key=key, icon=icon, on_click=go, args=(self.shown[to].name,))
            return
        previous, following = frame.neighbours(self.about.path)
        lesson = previous if to < 0 else following
        if lesson:
            with st.container(key=key, width="content"):
                st.page_link(lesson.path, label=lesson.title, icon=icon, query_params=projecting.kept() or None)

    def _list(self, at: int) -> None:
        seen = progress.visited(self.about.name)
        for i, step in enumerate(self.shown):
            st.button(
                f"{i + 1}. {step.title}{projecting.in_plans(self.about.name, step.name)}",
                key=f"to_{step.name}",
                icon=":material/check:" if step.name in seen else ":material/radio_button_unchecked:",
                type="tertiary",
                disabled=i == at,
                on_click=go,
                args=(step.name,),
            )
        st.page_link(
            self.about.path,
            label="The whole lesson on one page",
            icon=":material/article:",
            query_params={"whole": "true"},
        )

    def _show_whole(self) -> None:
        st.title(self.about.title, anchor=False)
        frame.text(f"*{self.about.question}*")
        if frame.is_presenting():
            frame.presentation_switch()
        projecting.follow_from_elsewhere()
        st.page_link(self.about.path, label="Step by step", icon=":material/view_carousel:")
        for step in self.shown:
            progress.visit(self.about.name, step.name)
            st.header(step.title, anchor=step.name)
            failures.fragment(step.draw)()


def lesson(path: str) -> Steps:
    """Set a lesson's page up. Called first by the page, with its path as in frame.LESSONS."""
    return Steps(frame.begin(path, has_bar=True))


def _until_turned(step: Step) -> Callable[[], None]:
    """A step that gives way when the address has turned to another one. A slider's change and a press on *Next* that
    leave the browser in one message redraw the step alone; then the page would stay as it was."""

    asked = st.query_params.get("step")

    @wraps(step.draw)  # to Streamlit a fragment is the name of its function
    def drawn() -> None:
        if st.query_params.get("step") != asked:
            st.rerun()
        step.draw()

    return drawn


@failures.callback
def go(step: str) -> None:
    """Turn to a step of the page, by its name; what is set in the others stays set."""
    st.query_params["step"] = step


# --- the steps of a page that does not run ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Heading:
    """A step as its page declares it: its name in the address, its title, and what it may be hidden as."""

    name: str
    title: str
    part: str


@lru_cache(maxsize=32)
def headings(path: str) -> tuple[Heading, ...]:
    """The steps that a lesson's page declares, by its path as in frame.LESSONS, read from its source: so they can be
    counted and named elsewhere. None for a page that has no steps."""
    return headings_in(_file(ROOT / path))


def headings_in(source: str) -> tuple[Heading, ...]:
    """The steps that a page's source declares, in their order."""
    found = []
    for function in ast.parse(source).body:
        for call in getattr(function, "decorator_list", ()):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".step"):
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                part = ast.literal_eval(given["part"]) if "part" in given else ""
                found.append(Heading(_name_of(function.name), ast.literal_eval(call.args[0]), part))
    return tuple(found)


def _name_of(function: str) -> str:
    """A step's name in the address, from that of its function."""
    return function.strip("_").replace("_", "-")


# --- what a step is laid out with -----------------------------------------------------------------------------------


def style() -> None:
    """The rules of steps.css, for a page that is laid out as a step is."""
    st.html(f"<style>{_file(STYLE)}{projecting.style() if frame.is_presenting() else ''}</style>")


def side_by_side(figure: int = 7, side: int = 3):
    """The place of the figure, and that of its controls and of what is said of it; the numbers are their widths. On a
    phone the controls stand below the figure, which stays in view while they are moved."""
    left, right = st.columns([figure, side], gap="medium")
    return left.container(key="step_figure") if not frame.is_whole() else left, right


def fold(label: str, *, icon: str = ":material/unfold_more:"):
    """What a step has beyond its one idea: folded away, open where the whole lesson is read."""
    return st.expander(label, icon=icon, expanded=frame.is_whole())


def link_to(lesson: str, step: str) -> None:
    """The way to a step of any lesson, both by their names in the address."""
    about = frame.lesson_named(lesson)
    title = next(heading.title for heading in headings(about.path) if heading.name == step)
    label = f"{about.title}: {title}"
    st.page_link(about.path, label=label, icon=":material/arrow_forward:", query_params={"step": step})


def views(names: Sequence[str], *, key: str, label: str = "Show") -> Sequence[str]:
    """Which of several figures of one place are to be drawn: the one that is chosen, the first by default; all where
    the whole lesson is read. Called where the choice is to stand."""
    return names if frame.is_whole() else (controls.choice(label, names, key=key, bare=True),)


# --- the browser's side ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _file(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _component():
    return st.components.v2.component("reglab_steps", js=_file(SCRIPT))


def _at_browser(**data: object) -> None:
    """Keys, history, scroll and focus: core/app/steps.js."""
    _component()(key="steps_script", data=data, height=1)
