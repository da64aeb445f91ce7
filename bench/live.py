"""Live training: `python -m bench.live`, on Linux, with Fashion-MNIST at hand. About two minutes on two quiet cores.

Shipped small runs are trained again: their weights must come out bit by bit, their recorded numbers within 1e-6. Then,
on servers that have not trained yet, the time from asking until the first point of a curve can be drawn and until the
run is whole, once when the step has been open for a while and once when its address names what is not stored. What the
process that computes costs beforehand is printed too: memory, processor time, and how pages open beside its start.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.accuracy import described, difference
from bench.app import free_port, start_server
from bench.classroom import wait_for
from bench.report import Requirement, at_most, print_table, verdict
from bench.sessions import Drawn, Session, connected
from core.config import SMALL_AND_NOISY, RunConfig
from core.engine.fetching import load_images
from core.results.store import load_run

AGAIN = (
    SMALL_AND_NOISY,
    replace(SMALL_AND_NOISY, dropout=0.5),
    replace(SMALL_AND_NOISY, norm="batch"),
    replace(SMALL_AND_NOISY, l1=1e-3),
)
"""Shipped runs: plain, dropout, batch norm, L1."""

LARGEST_DIFFERENCE = 1e-6
FIRST_POINT, WHOLE_RUN = 3.0, 8.0
"""Seconds that are allowed for, on two cores."""

UNSEEN = ("lr=0.003&seed=1", "lr=0.003&seed=2", "lr=0.003&seed=3")
"""Small and noisy runs that do not come with the app."""

SETTLED = 8.0
"""Seconds after which a step that was opened has its PyTorch beside it."""


# --- the same runs --------------------------------------------------------------------------------------------------


def train_again(config: RunConfig) -> tuple[tuple[str, ...], list[Requirement], float]:
    """A row of the table, what is required of it, and the seconds that it took."""
    from core.engine.training import train

    stored, images = load_run(config), load_images(config.dataset)
    begun = time.perf_counter()
    run = train(config, images)
    seconds = time.perf_counter() - begun
    numbers = difference(replace(stored, weights=None), replace(run, weights=None))
    weights = difference(stored, run).size if stored.weights else None
    told = "not shipped" if weights is None else "bit by bit" if weights <= numbers.size else f"{weights:.1e}"
    row = (described(config), f"{seconds:.1f}", f"{stored.seconds:.1f}", f"{numbers.size:.1e}", told)
    requirements = [at_most(f"{config.digest} again, largest difference of a number", numbers.size, LARGEST_DIFFERENCE)]
    if weights is not None:
        requirements.append(Requirement(f"{config.digest} again, weights bit by bit", told, told == "bit by bit"))
    return row, requirements, seconds


# --- the process that computes --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Process:
    """A process as the kernel accounts for it: memory of its own and of files, in MB, and processor seconds."""

    own: float
    files: float
    seconds: float


def process(pid: int) -> Process:
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    own, files = (int(told[name].split()[0]) / 1000 for name in ("RssAnon", "RssFile"))
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return Process(own, files, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))


def children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


# --- a server and its visitors --------------------------------------------------------------------------------------


@contextmanager
def server() -> Iterator[tuple[int, subprocess.Popen]]:
    """A server that has trained nothing, its port and its process."""
    with tempfile.TemporaryDirectory() as cache:
        port = free_port()
        started = start_server(port, cache)
        try:
            wait_for(port)
            yield port, started
        finally:
            started.terminate()
            started.wait()


def _has_points(drawn: Drawn) -> bool:
    """Whether a growing curve has a point, or the run is whole."""
    return _is_whole(drawn) or any("so far:" in text and "so far: 0 of" not in text for text in drawn.texts)


def _is_whole(drawn: Drawn) -> bool:
    return any("Trained live" in text for text in drawn.texts)


async def ask(session: Session, query: str) -> tuple[float, float]:
    """Seconds from asking for a run, by the address of its step, until a curve has a point, and until it is whole."""
    begun = time.perf_counter()
    drawn, first = await session.open("baseline", f"step=own-run&{query}"), 0.0
    while not _is_whole(drawn):
        first = first or (time.perf_counter() - begun if _has_points(drawn) else 0.0)
        if not drawn.repeats or time.perf_counter() - begun > 120:
            raise TimeoutError("the run did not come: " + " ".join(drawn.texts)[-300:])
        fragment, interval = next(iter(drawn.repeats.items()))
        await asyncio.sleep(interval)
        drawn = await session.again(fragment)
        drawn = drawn if drawn.repeats or _is_whole(drawn) else await session.again()
    whole = time.perf_counter() - begun
    return first or whole, whole


async def asked_after_opening(port: int, pid: int) -> tuple[tuple[float, float], tuple[float, float], Process, Process]:
    """The step is opened, and a while later a run is asked for, and another: their seconds, and the process that
    computes before the first and after the second."""
    async with connected(port) as visitor:
        await visitor.open("baseline", "step=own-run")
        await asyncio.sleep(SETTLED)
        (worker,) = children(pid)
        idle = process(worker)
        return await asked(port, UNSEEN[0]), await asked(port, UNSEEN[1]), idle, process(worker)


async def asked(port: int, query: str) -> tuple[float, float]:
    """Seconds of a run that a new visitor's address asks for, until its first point and until it is whole."""
    async with connected(port) as session:
        return await ask(session, query)


async def opening(port: int, beside: str = "") -> float:
    """Median seconds in which a step opens that cannot train. beside: what another visitor has just opened."""
    async with connected(port) as session, connected(port) as other:
        for _ in range(3):
            await session.open("baseline", "step=question")
        if beside:
            await other.open("baseline", f"step=own-run&{beside}")
        return statistics.median([(await session.open("baseline", "step=question")).seconds for _ in range(25)])


def main() -> int:
    rows, requirements, seconds = zip(*(train_again(config) for config in AGAIN), strict=True)
    print_table("Trained again", ("run", "seconds", "when shipped", "largest difference", "weights"), rows)
    with server() as (port, started):
        first, second, idle, trained = asyncio.run(asked_after_opening(port, started.pid))
    with server() as (port, _):
        cold = asyncio.run(asked(port, UNSEEN[2]))
    with server() as (port, _):
        alone, starting = asyncio.run(opening(port)), asyncio.run(opening(port, "lr=0.001"))
        time.sleep(SETTLED)
        training = asyncio.run(opening(port, UNSEEN[0]))
    rows = [
        ("the step was open before", *(f"{x:.1f}" for x in first)),
        ("the next run", *(f"{x:.1f}" for x in second)),
        ("the address asks for it on a fresh server", *(f"{x:.1f}" for x in cold)),
    ]
    print_table("Seconds from asking, over the websocket", ("", "first point", "whole run"), rows)
    rows = [
        (name, f"{p.own:.0f}", f"{p.files:.0f}", f"{p.seconds:.1f}")
        for name, p in (("started, and nothing asked for", idle), ("after two runs", trained))
    ]
    print_table("The process that computes", ("", "own memory, MB", "files, MB", "processor seconds"), rows)
    print(
        f"\nanother visitor's step opens in {alone:.3f} s, while PyTorch starts in {starting:.3f} s, while a run is "
        f"trained in {training:.3f} s (medians of 25)"
    )
    return verdict(
        [
            *(requirement for some in requirements for requirement in some),
            at_most("a small and noisy run, trained", statistics.median(seconds), WHOLE_RUN, " s"),
            at_most("first point, step open before", first[0], FIRST_POINT, " s"),
            at_most("first point, fresh server", cold[0], FIRST_POINT, " s"),
            at_most("whole run, step open before", first[1], WHOLE_RUN, " s"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
