"""Find the fault: one exercise at a time, what its code draws, and what the mended code draws after the answer."""

from __future__ import annotations

import streamlit as st

from core.app import frame
from core.app.controls import one_of
from core.app.pictures import draw_picture
from core.app.questions import choose
from core.course.faults import Fault
from core.course.questions import Choice
from core.course.syllabus import faults_of


def find_the_fault(lesson: str) -> None:
    """A lesson's faults, one at a time; which one stands in the address as `fault`."""
    faults = faults_of(lesson)
    for fault in faults.values() if frame.is_whole() else [one_of(faults, key="fault")]:
        _find(lesson, fault)


def _find(lesson: str, fault: Fault) -> None:
    choose(
        f"{lesson}/fault-{fault.name}",
        Choice(f"**{fault.title}{'' if fault.title[-1] in '?!' else '.'}** {fault.says}", fault.options),
        asks=fault.asks,
        show=lambda: _before(fault),
        reveal=lambda: _after(fault),
        hidden_as="faults",
    )


def _before(fault: Fault) -> None:
    draw_picture(fault.picture(), key=f"fault_{fault.name}", height=240)
    st.code(fault.code, language="python")


def _after(fault: Fault) -> None:
    left, right = st.columns([11, 9], gap="medium")
    with left:
        draw_picture(fault.mended_picture(), key=f"fault_{fault.name}_mended")
    with right:
        st.markdown(f"**Mended.** {fault.after}")
        st.code(fault.mended, language="python")
