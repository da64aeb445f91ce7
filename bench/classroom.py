"""A class on one server: `python -m bench.classroom`, with Fashion-MNIST at hand (REGLAB_DATA).

Sixty sessions arrive within twenty seconds, read steps of the lessons and move sliders every two to six seconds. Five
of them train networks of their own, two and two the same one. When the class has gone the next one comes: three
waves, after each of which the server's memory is read. Server and sessions share the machine. About seven minutes.

    python -m bench.classroom --sessions 60 --seconds 90 --waves 3
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.app import free_port, start_server
from bench.report import Requirement, at_most, print_table, verdict
from bench.sessions import Drawn, Session, connected
from core.app.frame import LESSONS
from core.app.steps import headings

ARRIVE = 20
"""Seconds within which all sessions of a wave arrive."""
TURN = 45
"""Mean seconds that a session stays at a step."""
TRAINING = 5
"""Sessions of a wave that train."""
SESSION_TTL = 5
"""Seconds after which the server forgets a session that is gone; the app's own setting is a minute."""
RATES = ("0.0003", "0.003", "0.01")
"""With batches of 512 no network of these learning rates comes with the app."""
STEPS = [(lesson.name, step.name) for lesson in LESSONS[1:] for step in headings(lesson.path)]


@dataclass
class Wave:
    """What one class met. Seconds at the client."""

    opened: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    trained: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    megabytes_most: float = 0.0
    megabytes_after: float = 0.0


async def student(port: int, chance: random.Random, end: float, wave: Wave) -> None:
    """Read steps and move sliders until the lesson ends."""
    await asyncio.sleep(ARRIVE * chance.random())
    async with connected(port) as session:
        while time.perf_counter() < end:
            lesson, step = chance.choice(STEPS)
            drawn = await session.open(lesson, f"step={step}")
            wave.opened.append(drawn.seconds)
            wave.faults += drawn.faults
            await _move_sliders(
                session, drawn, chance, min(end, time.perf_counter() + TURN * (0.5 + chance.random())), wave
            )


async def _move_sliders(session: Session, drawn: Drawn, chance: random.Random, until: float, wave: Wave) -> None:
    while time.perf_counter() < until:
        await asyncio.sleep(2 + 4 * chance.random())
        if drawn.sliders:
            slider = chance.choice(drawn.sliders)
            answer = await session.move(slider, chance.choice(slider.stops))
            wave.moved.append(answer.seconds)
            wave.faults += answer.faults


async def trainer(port: int, query: str, wave: Wave) -> None:
    """Ask for a network that is not stored, and watch until it is trained."""
    await asyncio.sleep(ARRIVE / 2)
    begun = time.perf_counter()
    async with connected(port) as session:
        drawn = await session.open("baseline", query)
        while not any("Trained live" in text for text in drawn.texts):
            wave.faults += drawn.faults
            if not drawn.repeats:  # nothing is being computed, and it is not there either
                wave.faults.append(f"nothing is trained at {query}")
                return
            fragment, interval = next(iter(drawn.repeats.items()))
            await asyncio.sleep(interval)
            following = await session.again(fragment)
            # while it trains, the fragment is asked again; the page that it asks for at the end has other fragments
            drawn = following if following.repeats or following.texts else drawn
            if time.perf_counter() - begun > 300:
                wave.faults.append(f"not trained after five minutes: {query}")
                return
            if not following.repeats and not any("Trained live" in text for text in following.texts):
                drawn = await session.again()
    wave.trained.append(time.perf_counter() - begun)


async def class_of(port: int, server: int, number: int, sessions: int, seconds: float, results: Files) -> Wave:
    wave, end = Wave(), time.perf_counter() + seconds
    rate = RATES[number % len(RATES)]
    asked = [f"step=own-run&batch_size=512&lr={rate}&seed={i // 2}" for i in range(TRAINING)]
    chances = [random.Random(1000 * number + i) for i in range(sessions - TRAINING)]
    tasks = [student(port, chance, end, wave) for chance in chances] + [trainer(port, query, wave) for query in asked]
    watching = asyncio.create_task(_watch(server, wave, results))
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):  # a lost session is a result
            wave.faults.append(repr(outcome)[:120])
    await asyncio.sleep(SESSION_TTL + 10)
    watching.cancel()
    wave.megabytes_after = megabytes_of(server)
    return wave


async def _watch(server: int, wave: Wave, results: Files) -> None:
    while True:
        wave.megabytes_most = max(wave.megabytes_most, megabytes_of(server))
        results.look()
        await asyncio.sleep(0.2)


class Files:
    """The files of a folder, each counted as often as it was written: a file that is replaced is another one."""

    def __init__(self, folder: Path):
        self._folder, self._seen = folder, set()

    def look(self) -> None:
        if self._folder.is_dir():
            self._seen |= {(path.name, path.stat().st_ino) for path in self._folder.glob("run-*.npz")}

    def times_written(self) -> dict[str, int]:
        return Counter(name for name, _ in self._seen)


def megabytes_of(pid: int) -> float:
    """Memory that a process holds now, in MB, without that of its children."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def high(seconds: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else max(seconds, default=float("nan"))


def told(seconds: list[float]) -> tuple[str, ...]:
    if not seconds:
        return "0", "", "", ""
    return (str(len(seconds)), *(f"{x:.2f}" for x in (statistics.median(seconds), high(seconds), max(seconds))))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.classroom", description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=90, help="of a wave")
    parser.add_argument("--waves", type=int, default=3, choices=range(1, len(RATES) + 1))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as cache:
        port = free_port()
        server = start_server(port, cache, "--server.disconnectedSessionTTL", str(SESSION_TTL))
        try:
            wait_for(port)
            empty, results = megabytes_of(server.pid), Files(Path(cache) / "results")
            waves = [
                asyncio.run(class_of(port, server.pid, number, options.sessions, options.seconds, results))
                for number in range(options.waves)
            ]
        finally:
            server.terminate()
            server.wait()
    return _report(waves, empty, options.sessions, results)


def wait_for(port: int) -> None:
    """Until the server of this port has drawn its first page. Raises TimeoutError where it does not start."""

    async def ask() -> None:
        async with connected(port) as session:
            await session.open("")

    for _ in range(100):
        try:
            return asyncio.run(ask())
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not start")


def _report(waves: list[Wave], empty: float, sessions: int, results: Files) -> int:
    rows = [
        (f"wave {number}: {what}", *told(seconds))
        for number, wave in enumerate(waves, start=1)
        for what, seconds in (("step opened", wave.opened), ("slider moved", wave.moved), ("trained", wave.trained))
    ]
    print_table("Seconds at the client", ("", "number", "median", "95 %", "largest"), rows)
    before = [empty, *(wave.megabytes_after for wave in waves)]
    memory = [
        (
            f"wave {n}",
            f"{first:.0f}",
            f"{w.megabytes_most:.0f}",
            f"{w.megabytes_after:.0f}",
            f"{(w.megabytes_most - first) / sessions:.2f}",
        )
        for n, (w, first) in enumerate(zip(waves, before, strict=False), start=1)
    ]
    print_table("The server's memory, MB", ("", "before", "most", "after", "most, per session"), memory)
    faults = [fault for wave in waves for fault in wave.faults]
    for fault in faults[:5]:
        print(f"  {fault}")
    written, asked = results.times_written(), len(waves) * -(-TRAINING // 2)
    grown = waves[-1].megabytes_after - waves[-2].megabytes_after if len(waves) > 1 else 0.0
    return verdict(
        [
            at_most("a step opened, 95th percentile", high([s for w in waves for s in w.opened]), 1, " s"),
            at_most("a slider answered, 95th percentile", high([s for w in waves for s in w.moved]), 0.5, " s"),
            at_most("faults", len(faults), 0),
            at_most("times that a network was trained", max(written.values(), default=99), 1),
            # or more: a slider that a student moves at one's own run may train another
            Requirement(f"networks trained: at least {asked}", f"{len(written)}", len(written) >= asked),
            at_most("memory grown from the last wave but one to the last", grown, 10, " MB"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
