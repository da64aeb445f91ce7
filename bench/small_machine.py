"""The app on one core with one gigabyte: `python -m bench.small_machine`, as root on Linux, with Fashion-MNIST at hand.

The server runs in a control group of its own, bound to one core and to so much memory. Every step of every lesson is
opened; then a network is trained live in the small and noisy setting. Printed are the peaks of memory before and after,
and what PyTorch alone takes in a process of its own, since builds of it differ in that.

    python -m bench.small_machine --megabytes 1000
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.app import ROOT, free_port
from bench.classroom import STEPS, megabytes_of, wait_for
from bench.report import Requirement, at_most, print_table, verdict
from bench.sessions import Session, connected

GROUPS = Path("/sys/fs/cgroup")
RUN = "step=own-run&batch_size=512&lr=0.0003"
"""A network of the small and noisy setting that does not come with the app."""


@dataclass(frozen=True)
class Group:
    """A control group with a bound on memory, of either version of Linux's interface."""

    folder: Path

    @property
    def is_second(self) -> bool:
        return (self.folder / "memory.max").exists()

    def bound(self, megabytes: int) -> None:
        name = "memory.max" if self.is_second else "memory.limit_in_bytes"
        (self.folder / name).write_text(str(megabytes * 10**6))

    @property
    def most(self) -> float:
        """The largest use so far, in MB: the processes' memory and the files that the system keeps for them."""
        name = "memory.peak" if self.is_second else "memory.max_usage_in_bytes"
        return int((self.folder / name).read_text()) / 1e6

    @property
    def killed(self) -> bool:
        """Whether a process was ended for want of memory."""
        name = "memory.events" if self.is_second else "memory.oom_control"
        return dict(line.split() for line in (self.folder / name).read_text().splitlines()).get("oom_kill", "0") != "0"


@contextmanager
def control_group(megabytes: int) -> Iterator[Group]:
    """A group that is there for a while. Raises OSError where this user may make none."""
    parent = GROUPS / "memory" if (GROUPS / "memory").is_dir() else GROUPS
    folder = parent / f"reglab-{free_port()}"
    folder.mkdir()
    try:
        group = Group(folder)
        group.bound(megabytes)
        yield group
    finally:
        for _ in range(50):  # its processes are gone when the system has noticed
            try:
                folder.rmdir()
                break
            except OSError:
                time.sleep(0.1)


def start_in(group: Group, port: int, cache: str) -> subprocess.Popen:
    """The server in the group, bound to the first core."""
    enter = f'echo $$ > "{group.folder}/cgroup.procs"; exec "$@"'
    server = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    command = ["sh", "-c", enter, "sh", "env", f"REGLAB_CACHE={cache}", "taskset", "-c", "0", *server]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def open_every_step(port: int) -> tuple[list[float], list[str]]:
    """Seconds and faults of opening each step once."""
    seconds, faults = [], []
    async with connected(port) as session:
        for lesson, step in STEPS:
            drawn = await session.open(lesson, f"step={step}")
            seconds.append(drawn.seconds)
            faults += [f"{lesson}/{step}: {fault}" for fault in drawn.faults]
    return seconds, faults


async def train_live(port: int, patience: float = 300) -> tuple[float, str]:
    """Seconds until a network is trained, and what the page said where it was not."""
    begun = time.perf_counter()
    async with connected(port) as session:
        drawn = await session.open("baseline", RUN)
        while time.perf_counter() - begun < patience:
            if any("Trained live" in text for text in drawn.texts):
                return time.perf_counter() - begun, ""
            if not drawn.repeats:
                return time.perf_counter() - begun, " ".join(drawn.texts)[-300:]
            drawn = await _follow(session, drawn.repeats)
    return patience, "it was not trained in time"


async def _follow(session: Session, repeats: dict[str, float]):
    """What the page shows after one more look at the progress."""
    fragment, interval = next(iter(repeats.items()))
    await asyncio.sleep(interval)
    seen = await session.again(fragment)
    return seen if seen.repeats or any("Trained live" in text for text in seen.texts) else await session.again()


def torch_alone() -> float:
    """MB that a process holds that has only imported PyTorch."""
    ask = "import torch; print(open('/proc/self/statm').read().split()[1])"
    pages = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout
    return int(pages) * 4096 / 1e6


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.small_machine", description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as cache, control_group(options.megabytes) as group:
        port = free_port()
        server = start_in(group, port, cache)
        try:
            wait_for(port)
            seconds, faults = asyncio.run(open_every_step(port))
            without = group.most, megabytes_of(server.pid)
            trained, why_not = asyncio.run(train_live(port))
            with_torch = group.most, megabytes_of(server.pid)
            again, faults_after = asyncio.run(open_every_step(port))
            killed = group.killed
        finally:
            server.terminate()
            server.wait()
    rows = [
        ("every step opened", f"{without[0]:.0f}", f"{without[1]:.0f}"),
        ("a network trained", f"{with_torch[0]:.0f}", f"{with_torch[1]:.0f}"),
    ]
    title = f"Memory in MB, of {options.megabytes:,} on one core"
    print_table(title, ("", "most, all processes and files", "the server's process"), rows)
    print(f"\nPyTorch imported, in a process of its own: {torch_alone():.0f} MB")
    for fault in (*faults, *faults_after, why_not):
        if fault:
            print(f"  {fault}")
    return verdict(
        [
            at_most("steps that did not open", len(faults) + len(faults_after), 0),
            at_most("the slowest step, first visit", max(seconds), 5, " s"),
            at_most("the slowest step, beside PyTorch", max(again), 5, " s"),
            Requirement("a network trained live", why_not or f"{trained:.0f} s", not why_not),
            Requirement("processes ended for want of memory", "some" if killed else "none", not killed),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
