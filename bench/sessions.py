"""Sessions of the app as a browser holds them, without a browser: one websocket each, in Streamlit's own messages.

What a browser does and a plain HTTP client cannot: run a page, move a slider (its fragment is run again, or the page
where it has none), and ask a fragment again that reports progress. Needs `websockets`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE = 120
"""Seconds after which a silent server counts as a fault."""


@dataclass(frozen=True)
class Slider:
    """A slider with names for its stops, as it was drawn; fragment: the one to run when it is moved, or nothing."""

    id: str
    fragment: str
    stops: tuple[str, ...]


@dataclass
class Drawn:
    """What came of running a page or a fragment. seconds: until the server said that it was done."""

    seconds: float = 0.0
    sliders: list[Slider] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """Paragraphs, and what the charts show, in words."""
    faults: list[str] = field(default_factory=list)
    repeats: dict[str, float] = field(default_factory=dict)
    """Fragment → the seconds after which a browser would run it again."""
    asks_for_page: bool = False
    """Whether the fragment asked for the whole page to be run again, and it was."""


class Session:
    """One visitor of one page after the other."""

    def __init__(self, socket):
        self._socket = socket
        self._states: dict[str, str] = {}
        self._page, self._query = "", ""

    async def open(self, page: str, query: str = "") -> Drawn:
        """Open a page, by its name in the address."""
        self._page, self._query, self._states = page, query, {}
        return await self._run("")

    async def move(self, slider: Slider, stop: str) -> Drawn:
        self._states[slider.id] = stop
        return await self._run(slider.fragment)

    async def again(self, fragment: str = "") -> Drawn:
        """Run a fragment again, or the page."""
        return await self._run(fragment)

    async def _run(self, fragment: str) -> Drawn:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = self._page, self._query
        if fragment:
            message.rerun_script.fragment_id = fragment
        for widget, stop in self._states.items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id = widget
            state.string_array_value.data.append(stop)
        drawn, begun = Drawn(), time.perf_counter()
        await self._socket.send(message.SerializeToString())
        while not _take(await self._next(), drawn):
            pass
        drawn.seconds = time.perf_counter() - begun
        return drawn

    async def _next(self) -> ForwardMsg:
        answer = ForwardMsg()
        answer.ParseFromString(await asyncio.wait_for(self._socket.recv(), PATIENCE))
        return answer


def _take(answer: ForwardMsg, drawn: Drawn) -> bool:
    """Note one message of the server; whether it was the last one of the run."""
    kind = answer.WhichOneof("type")
    if kind == "script_finished":
        # a rerun that the script asked for goes on by itself, and ends with a message of its own
        return answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
    if kind == "auto_rerun":
        drawn.repeats[answer.auto_rerun.fragment_id] = answer.auto_rerun.interval
    if kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
        element = answer.delta.new_element
        shown = element.WhichOneof("type")
        if shown == "slider" and len(element.slider.options) > 1:
            drawn.sliders.append(Slider(element.slider.id, answer.delta.fragment_id, tuple(element.slider.options)))
        elif shown == "markdown":
            drawn.texts.append(element.markdown.body)
        elif shown == "vega_lite_chart":
            drawn.texts.append(element.vega_lite_chart.alt)
        elif shown == "exception":
            drawn.faults.append(element.exception.message[:120])
    return False


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Session]:
    """A session of the app that listens on this port of this machine."""
    async with websockets.connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        origin=f"http://127.0.0.1:{port}",
        subprotocols=["streamlit"],
        max_size=None,
        ping_interval=None,
    ) as socket:
        yield Session(socket)
