"""The exact address of a step: copied at a press, as a QR code on a projector, or as a link out of a page that embeds
the step.

Settings travel in the address bar, which the browser keeps up to date while a control redraws only its step. So the
browser itself builds what is copied (share.js), and the server builds the same for the QR code, from the address that
came with the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from core.app import controls, frame

ONLY_HERE = ("localhost", "127.0.0.1", "::1")
"""Names that every machine has for itself: no phone reaches this one by them."""


LONGEST_CODED = 1_500
"""Characters of an address that a code can show to a phone across a room; beyond 2,953 there is no code."""


def address_of(page: str, step: str, settings: Sequence[str], given: Mapping[str, str], kept: Mapping[str, str]) -> str:
    """The address that opens a step as it is set now, in the look that the receiver has.

    page: the address of the lesson's page. settings: the step's keys. given: what the address bar says, in which a
    control that stands at its default is left out. kept: settings of other steps that this one's figures are made of.
    """
    said = {"step": step, **{key: given[key] for key in settings if key in given}, **kept}
    if "hide" in given:
        said["hide"] = given["hide"]
    return f"{page}?{urlencode(said)}"


def copy_button(step: str, settings: Sequence[str]) -> None:
    """Copies the address of the step, in the look of the sender."""
    _browser("copy", step, settings)


def link_to_the_course(step: str, settings: Sequence[str]) -> None:
    """From a step that another page embeds: the same step, as it is set, in the whole lesson, in a new tab."""
    _browser("leave", step, settings)


def qr_code(step: str, settings: Sequence[str]) -> None:
    """A code that a class scans from the projector, made when it is opened."""
    opened = st.popover("QR", icon=":material/qr_code_2:", type="tertiary", key="step_qr", on_change="rerun")
    if not opened.open:
        return
    address = address_of(st.context.url or "", step, settings, st.query_params.to_dict(), controls.kept_here())
    if len(address) > LONGEST_CODED:
        opened.caption("This address is too long for a code. Copy it instead.")
        return
    with opened, st.container(key="qr_code", horizontal_alignment="center"):
        st.image(code_of(address), alt=f"QR code of {address}")
        if urlsplit(address).hostname in ONLY_HERE:
            st.caption("This address works on this computer only. Open the app by its network address for the class.")
        st.caption(address)


@lru_cache(maxsize=64)
def code_of(address: str) -> str:
    """The QR code of an address as SVG: black on white also in a dark room, with the quiet margin that readers need,
    and as few and so as large modules as the address allows."""
    return segno.make(address, error="l", micro=False).svg_inline(border=4, dark="#000", light="#fff", omitsize=True)


def telling_what_it_keeps(draw: Callable[[], None]) -> Callable[[], None]:
    """A step that also tells the browser which settings of other steps its figures are made of."""

    @wraps(draw)  # to Streamlit a fragment is the name of its function
    def drawn() -> None:
        controls.forget_kept()
        draw()
        if kept := controls.kept_here():
            _kept_component()(key="step_kept", data={"kept": kept}, height=1)

    return drawn


@lru_cache(maxsize=1)
def _component():
    return st.components.v2.component(
        "reglab_share",
        html='<div class="reglab-share"></div>',
        js=Path(__file__).with_suffix(".js").read_text("utf-8"),
        css=Path(__file__).with_suffix(".css").read_text("utf-8"),
        isolate_styles=False,
    )


@lru_cache(maxsize=1)
def _kept_component():
    return st.components.v2.component(
        "reglab_kept",
        js="export default function ({ data }) {\n"
        "  window.reglabKept = data.kept;\n"
        "  return () => { window.reglabKept = {}; };\n"
        "}",
    )


def _browser(does: str, step: str, settings: Sequence[str]) -> None:
    data = {"does": does, "step": step, "settings": list(settings), "presenting": frame.is_presenting()}
    _component()(key="step_share", data=data, width="content", height="content")
