"""The lessons of the course and their exercises, found in the modules of this room: nothing is entered here.

A lesson is a module that asks questions. Its exercises are its questions, faults and typed code, each in the module's
order; an exercise's id is "lesson/name", and students' saved files hold these ids.
"""

from __future__ import annotations

from functools import cache
from pkgutil import iter_modules, resolve_name
from types import ModuleType
from typing import TypeVar

import core.course
from core.course.faults import Fault
from core.course.questions import Question
from core.typed_code.exercises import Exercise

T = TypeVar("T")


@cache
def lessons() -> dict[str, ModuleType]:
    """Name → module, in the order of the course, which each module's NUMBER tells."""
    modules = {
        info.name: resolve_name(f"core.course.{info.name}")
        for info in iter_modules(core.course.__path__)
        if info.name != "syllabus"
    }
    found = {name: module for name, module in modules.items() if hasattr(module, "NUMBER")}
    return dict(sorted(found.items(), key=lambda entry: entry[1].NUMBER))


def _of_kind(lesson: str, kind: type[T]) -> dict[str, T]:
    """A lesson's exercises of one kind by name, in the order in which its module has them; none for another page."""
    module = lessons().get(lesson)
    found = [value for value in vars(module).values() if isinstance(value, kind)] if module else []
    return {exercise.name: exercise for exercise in found}


def questions_of(lesson: str) -> dict[str, Question]:
    return _of_kind(lesson, Question)


def faults_of(lesson: str) -> dict[str, Fault]:
    return _of_kind(lesson, Fault)


def typed_code_of(lesson: str) -> dict[str, Exercise]:
    return _of_kind(lesson, Exercise)


@cache
def exercises() -> dict[str, tuple[str, ...]]:
    """Lesson → the names of its exercises: questions, then faults, then typed code."""
    return {
        lesson: (
            *questions_of(lesson),
            *(f"fault-{name}" for name in faults_of(lesson)),
            *(f"code-{name}" for name in typed_code_of(lesson)),
        )
        for lesson in lessons()
    }
