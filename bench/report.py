"""How a measurement is printed: aligned tables, then one PASS or FAIL line per requirement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """Something that must hold, what was measured, and whether it holds."""

    what: str
    measured: str
    holds: bool


def at_least(what: str, value: float, bound: float, unit: str = "") -> Requirement:
    return Requirement(f"{what}: at least {bound:g}{unit}", f"{value:,.4g}{unit}", value >= bound)


def at_most(what: str, value: float, bound: float, unit: str = "") -> Requirement:
    return Requirement(f"{what}: at most {bound:g}{unit}", f"{value:,.4g}{unit}", value <= bound)


def within(what: str, value: float, low: float, high: float) -> Requirement:
    return Requirement(f"{what}: from {low:g} to {high:g}", f"{value:.4f}", low <= value <= high)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> None:
    """The first column to the left, the others to the right, the notes below."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (f"{cell:{'>' if i else '<'}{widths[i]}}" for i, cell in enumerate(cells))
        return "  ".join((first, *others)).rstrip()

    print(f"\n{title}\n")
    for cells in (header, ["-" * width for width in widths], *rows):
        print(line(cells))
    for note in notes:
        print(f"  {note}")


def verdict(requirements: Sequence[Requirement]) -> int:
    """Print every requirement with PASS or FAIL. 0 where all hold, else 1: the exit status."""
    print()
    width = max(len(r.what) for r in requirements)
    for r in requirements:
        print(f"{'PASS' if r.holds else 'FAIL'}  {r.what:<{width}}  measured {r.measured}", flush=True)
    return 0 if all(r.holds for r in requirements) else 1
