"""The measurements in one table: `python -m bench`, with Fashion-MNIST and Chromium at hand. Under fifteen minutes.

Each command runs by itself, as it would by hand, and its requirements are gathered. Seconds differ from machine to
machine and from hour to hour. So each is also told in units of one fixed piece of work, timed just before the command:
these numbers can be compared between machines, and with each other. Ratios to the source notebook's loops are
bench.engine's own: both take turns there.

    python -m bench              all of them
    python -m bench steps app    some
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.report import print_table

COMMANDS: dict[str, tuple[str, ...]] = {
    "engine": (),
    "accuracy": (),
    "norms": (),
    "penalties": (),
    "steps": (),
    "app": (),
    "classroom": ("--waves", "2", "--seconds", "60"),
    "small_machine": (),
}
"""The commands, with what they are called with here; bench.sliders and bench.export take longer and stand alone."""

LINE = re.compile(r"^(PASS|FAIL)\s+(?P<what>.*?)\s+measured (?P<measured>.*)$")
SECONDS = re.compile(r"^(?P<number>[\d.,]+) (?P<unit>s|ms)\b")


@dataclass(frozen=True)
class Row:
    """One requirement of a command, as it was printed. unit: seconds of the fixed piece of work."""

    command: str
    what: str
    measured: str
    holds: bool
    unit: float

    @property
    def in_units(self) -> str:
        """What was measured in units of the fixed work; nothing where it is no time."""
        found = SECONDS.match(self.measured)
        if not found:
            return ""
        seconds = float(found["number"].replace(",", "")) * (1e-3 if found["unit"] == "ms" else 1)
        return f"{seconds / self.unit:,.3g}"


def unit_of_work() -> float:
    """Seconds of the fixed piece of work, the median of five: numpy multiplies matrices, and Python sorts words."""
    rng = np.random.default_rng(0)
    matrix, text = rng.standard_normal((700, 700)), [str(x) for x in rng.integers(0, 10**9, 100_000)]
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(5):
            matrix = np.tanh(matrix @ matrix / 700)
        {word: len(word) for word in sorted(text)}
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def rows_of(command: str) -> list[Row]:
    """Run one command, showing what it prints, and gather its requirements. A command that fails is one that fails."""
    unit = unit_of_work()
    print(f"\n=== python -m bench.{command} (unit of work: {unit:.3f} s)", flush=True)
    started, rows = time.perf_counter(), []
    process = subprocess.Popen(
        [sys.executable, "-m", f"bench.{command}", *COMMANDS[command]], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        print(line, end="", flush=True)
        if found := LINE.match(line):
            rows.append(Row(command, found["what"], found["measured"], line.startswith("PASS"), unit))
    if process.wait() and all(row.holds for row in rows):
        rows.append(Row(command, "the command itself", f"exit status {process.returncode}", False, unit))
    print(f"{time.perf_counter() - started:.0f} s", flush=True)
    return rows


def main(names: Sequence[str]) -> int:
    if unknown := set(names) - COMMANDS.keys():
        print(f"There is no {', '.join(sorted(unknown))}. There are: {', '.join(COMMANDS)}.")
        return 2
    rows = [row for command in names or COMMANDS for row in rows_of(command)]
    print_table(
        "All measurements",
        ("", "measured", "in units of work", ""),
        [(f"{row.command}: {row.what}", row.measured, row.in_units, "PASS" if row.holds else "FAIL") for row in rows],
    )
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
