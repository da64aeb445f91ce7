"""Find the fault: faults of the source notebook as short exercises, with the code, the options, and the mended code.

A lesson's faults stand in its module, in the order of its page, each with functions that make the picture of what its
code gives, before and after it is mended. core/app/faults.py draws them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.course.pictures import Picture
from core.course.questions import Option


@dataclass(frozen=True)
class Fault:
    """One exercise. says: what the faulty code's picture is said to show. asks: the question below the picture. mended:
    the code without the fault. after: what to see in the mended picture, whose caption adds the numbers."""

    name: str
    title: str
    code: str
    picture: Callable[[], Picture]
    says: str
    asks: str
    options: tuple[Option, ...]
    mended: str
    mended_picture: Callable[[], Picture]
    after: str
