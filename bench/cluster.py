"""Two servers and a Dask cluster on one machine: `python -m bench.cluster`, with Fashion-MNIST at hand (REGLAB_DATA).

A scheduler and two workers, started as README says, and two servers with a cache folder each and a shared store. Four
sessions train three networks at once, one of them asked for at both servers. Then each server is asked for what the
other trained. For comparison, one server trains the same three networks by itself. About two minutes.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client

from bench.app import ROOT, free_port
from bench.classroom import Wave, trainer, wait_for
from bench.report import Requirement, at_most, print_table, verdict
from core.config import SMALL_AND_NOISY
from core.jobs.cluster import RECORDS

QUERY = "step=own-run&batch_size=512&lr=0.003&epochs=20&seed={}"
"""A network that does not come with the app."""
BOTH, FIRST, SECOND = 0, 1, 2
"""Seeds of the networks that both servers, the first and the second one are asked for."""


@contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen]:
    """A Python module as a program, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def server(cache: Path, **environment: str) -> Iterator[int]:
    """A server of the app, which has drawn its first page; its port."""
    port = free_port()
    command = ("streamlit", "run", "streamlit_app.py", "--server.port", str(port))
    with running(*command, REGLAB_CACHE=str(cache), **environment):
        wait_for(port)
        yield port


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """A scheduler and its workers, each with a cache folder of its own; the scheduler's address."""
    address = f"tcp://127.0.0.1:{free_port()}"
    where = ("--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--dashboard-address", ":0")
    with ExitStack() as stack:
        stack.enter_context(running("dask", "scheduler", *where))
        for number in range(workers):
            options = ("--nthreads", "1", "--memory-limit", "0", "--no-dashboard")
            of_its_own = {"REGLAB_CACHE": str(folder / f"worker-{number}")}
            stack.enter_context(running("dask", "worker", address, *options, **of_its_own))
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address


def trained(*asked: tuple[int, int]) -> list[float]:
    """Seconds from asking until each of these (port, seed) was trained, all asked for at once; none if one failed."""
    wave = Wave()

    async def all_at_once() -> None:
        await asyncio.gather(*(trainer(port, QUERY.format(seed), wave) for port, seed in asked))

    asyncio.run(all_at_once())
    for fault in wave.faults:
        print(f"  {fault}")
    return wave.trained if not wave.faults else []


def trainings(address: str) -> Counter:
    """How often each computation began, by the first epoch that it told."""
    with Client(address, timeout=20, set_as_default=False) as client:
        return Counter(event["key"] for _, event in client.get_events(RECORDS) if event["record"]["epoch"] == 1)


def main() -> int:
    with tempfile.TemporaryDirectory() as here, ExitStack() as stack:
        folder = Path(here)
        address = stack.enter_context(cluster(folder, workers=2))
        both = {"REGLAB_DASK": address, "REGLAB_STORE": f"file://{folder / 'store'}"}
        one, two = (stack.enter_context(server(folder / name, **both)) for name in ("one", "two"))
        on_cluster = trained((one, BOTH), (two, BOTH), (one, FIRST), (two, SECOND))
        found = trained((two, FIRST), (one, SECOND))
        counted = trainings(address)
        stored = sorted(path.name for path in (folder / "store").iterdir())
    with tempfile.TemporaryDirectory() as here, server(Path(here)) as alone:
        by_itself = trained(*((alone, seed) for seed in (BOTH, FIRST, SECOND)))
    rows = [
        ("two workers, two servers", "4", "3", f"{max(on_cluster, default=0):.1f}"),
        ("what the other server trained", "2", "0", f"{max(found, default=0):.1f}"),
        ("one server by itself", "3", "3", f"{max(by_itself, default=0):.1f}"),
    ]
    header = ("", "asked for", "networks", "longest wait, s")
    note = f"A network: {SMALL_AND_NOISY.n_train:,} images, 20 epochs; PyTorch is started first."
    print_table("Trainings of two servers", header, rows, [note])
    return verdict(
        [
            Requirement("all asked for were trained", f"{len(on_cluster)} of 4", len(on_cluster) == 4),
            Requirement("networks trained on the cluster", f"{len(counted)}", len(counted) == 3),
            at_most("times that one of them was trained", max(counted.values(), default=99), 1),
            Requirement("runs in the shared store", f"{len(stored)}", len(stored) == 3),
            Requirement("runs found by the other server", f"{len(found)} of 2", len(found) == 2),
            at_most("until such a run is shown", max(found, default=99), 3, " s"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
