"""Find the fault: one exercise at a time, what its code draws, and what the mended code draws after the answer."""

from __future__ import annotations

import streamlit as st

from core.app.controls import one_of
from core.app.frame import part
from core.app.pictures import draw_picture
from core.app.questions import choose
from core.course.faults import Fault
from core.course.questions import Choice
from core.course.syllabus import faults_of


def find_the_fault(lesson: str) -> None:
    """A lesson's faults, one at a time; which one stands in the address as `fault`."""
    says = (
        "Code as in the lesson notebook that this course grew out of, shortened, and what it gives. **Look at the "
        "figure, then at the code: what is wrong?** The mended code comes after your answer."
    )
    if part("faults", "Find the fault", says):
        _faults(lesson)


@st.fragment
def _faults(lesson: str) -> None:
    fault = one_of(faults_of(lesson), key="fault")
    choose(
        f"{lesson}/fault-{fault.name}",
        Choice(f"**{fault.title}{'' if fault.title[-1] in '?!' else '.'}** {fault.says}", fault.options),
        asks=fault.asks,
        show=lambda: _before(fault),
        reveal=lambda: _after(fault),
        hidden_as="faults",
    )


def _before(fault: Fault) -> None:
    st.code(fault.code, language="python")
    draw_picture(fault.picture(), key=f"fault_{fault.name}")


def _after(fault: Fault) -> None:
    st.markdown(f"**Mended.** {fault.after}")
    st.code(fault.mended, language="python")
    draw_picture(fault.mended_picture(), key=f"fault_{fault.name}_mended")
