"""What the kernel says of free memory: machine, cgroups v1 and v2, nested, in a container, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs.memory import available

MEMINFO = "MemTotal:  2000 kB\nMemFree: 10 kB\nMemAvailable:    1000 kB\nHugePages_Total:       0\n"
NO_LIMIT = "9223372036854771712\n"


@pytest.fixture
def kernel(tmp_path):
    """kernel(path, text, …): a folder that looks like / on a machine with these files."""

    def lay_out(files: dict[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return lay_out


def v1(group: str, limit: str, used: int, inactive: int = 0) -> dict[str, str]:
    folder = f"sys/fs/cgroup/memory/{group}".rstrip("/")
    return {
        f"{folder}/memory.limit_in_bytes": f"{limit}\n",
        f"{folder}/memory.usage_in_bytes": f"{used}\n",
        f"{folder}/memory.stat": f"cache 999\ninactive_file 77777777\ntotal_inactive_file {inactive}\n",
    }


def v2(group: str, limit: str, used: int, inactive: int = 0) -> dict[str, str]:
    folder = f"sys/fs/cgroup/{group}".rstrip("/")
    return {
        f"{folder}/memory.max": f"{limit}\n",
        f"{folder}/memory.current": f"{used}\n",
        f"{folder}/memory.stat": f"anon 999\ninactive_file {inactive}\nactive_file 55555\n",
    }


def test_where_the_kernel_says_nothing_nothing_is_known(kernel):
    assert available(kernel({})) is None


def test_a_machine_without_limits_has_what_it_calls_available(kernel):
    assert available(kernel({"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/\n"})) == 1000 * 1024


def test_an_old_kernel_that_knows_of_no_available_memory_leaves_it_to_the_groups(kernel):
    files = {"proc/meminfo": "MemFree: 10 kB\n", "proc/self/cgroup": "4:memory:/a\n", **v1("a", "5000", 1000)}
    assert available(kernel(files)) == 4000


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (v2("a.slice/b.service", "500000", 200_000), 300_000),
        (v2("a.slice/b.service", "500000", 200_000, inactive=50_000), 350_000),  # what was read once is given up first
        (v2("a.slice/b.service", "max", 200_000), 1000 * 1024),
        (v2("a.slice", "400000", 390_000) | v2("a.slice/b.service", "500000", 200_000), 10_000),  # the narrowest counts
        (v2("a.slice", "900000", 390_000) | v2("a.slice/b.service", "500000", 200_000), 300_000),
        (v2("a.slice/b.service", "500000", 600_000), 0),
        (v2("a.slice/b.service", "5000000", 1), 1000 * 1024),  # the machine has less than the group may have
        (v2("", "500000", 100_000), 400_000),  # in a container: the path is the one outside
    ],
)
def test_a_group_of_version_2_leaves_its_limit_less_its_use(kernel, groups, expected):
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/a.slice/b.service\n", **groups}
    assert available(kernel(files)) == expected


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (v1("docker/1", "500000", 200_000, inactive=50_000), 350_000),
        (v1("docker/1", NO_LIMIT.strip(), 200_000), 1000 * 1024),
        (v1("docker", "400000", 390_000) | v1("docker/1", "500000", 200_000), 10_000),
        (v1("", "500000", 100_000), 400_000),
    ],
)
def test_a_group_of_version_1_leaves_its_limit_less_its_use(kernel, groups, expected):
    files = {"proc/self/cgroup": "7:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n0::/elsewhere\n", **groups}
    assert available(kernel({"proc/meminfo": MEMINFO, **files})) == expected


def test_a_name_with_a_colon_and_files_that_hold_something_else_are_no_error(kernel):
    files = {"proc/meminfo": "MemAvailable: a lot\n\n", "proc/self/cgroup": "0::/a:b\n", **v2("a:b", "600", 100)}
    assert available(kernel(files)) == 500
    assert available(kernel({"sys/fs/cgroup/a:b/memory.current": "\n"})) is None


def test_this_machine_has_some():
    found = available()
    assert found is None or 0 < found < 1e14
