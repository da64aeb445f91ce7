"""How much memory this process may still take, as the kernel sees it: of the machine, and of the cgroups that it lives
in (a container, a service with a limit). Linux only; elsewhere nothing is known, and nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MB = 10**6


def available(root: Path = Path("/")) -> int | None:
    """Bytes that may still be taken before something is swapped or killed; None where the kernel does not say.

    The least of what the machine has (MemAvailable) and what each cgroup around this process leaves, v1 and v2: its
    limit less what it uses, where file pages that were not read lately count as free. root: where proc and sys are.
    """
    found = [bytes_ for bytes_ in (_of_machine(root), *_of_groups(root)) if bytes_ is not None]
    return max(0, min(found)) if found else None


def _of_machine(root: Path) -> int | None:
    kib = _numbers(root / "proc/meminfo").get("MemAvailable:")
    return None if kib is None else 1024 * kib


def _of_groups(root: Path) -> Iterator[int | None]:
    """Of every group that this process is in, from its own outwards: each may have a limit. In a container the path is
    the one outside, and the group itself is mounted as the outermost."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        inside = PurePosixPath(path.lstrip("/"))
        for group in (inside, *inside.parents):
            if "memory" in controllers.split(","):
                yield _left(root / "sys/fs/cgroup/memory" / group, V1)
            elif number == "0":
                yield _left(root / "sys/fs/cgroup" / group, V2)


V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
V2 = ("memory.max", "memory.current", "inactive_file")


def _left(group: Path, names: tuple[str, str, str]) -> int | None:
    limit, used = (_text(group / name).strip() for name in names[:2])
    if not (limit.isdigit() and used.isdigit()):  # no such group, or no limit ("max")
        return None
    return int(limit) - int(used) + _numbers(group / "memory.stat").get(names[2], 0)


def _numbers(path: Path) -> dict[str, int]:
    """The lines of a file that say a name and a number."""
    rows = (line.split() for line in _text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
