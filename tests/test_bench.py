"""What gathers measurements: a printed requirement is read back whole, and a file that is replaced counts twice."""

import pytest

from bench.__main__ import COMMANDS, LINE, Row
from bench.classroom import Files, high
from bench.report import at_most, verdict, within
from core.folders import replace_atomically


def test_a_requirement_is_read_back_as_it_was_printed(capsys):
    requirements = [at_most("a slider answered, 95th percentile", 0.123, 0.5, " s"), within("accuracy", 0.9, 0.1, 0.2)]
    assert verdict(requirements) == 1
    found = [LINE.match(line) for line in capsys.readouterr().out.splitlines() if line]
    assert [(match[1], match["what"], match["measured"]) for match in found] == [
        ("PASS", "a slider answered, 95th percentile: at most 0.5 s", "0.123 s"),
        ("FAIL", "accuracy: from 0.1 to 0.2", "0.9000"),
    ]


@pytest.mark.parametrize(
    ("measured", "units"),
    [("0.5 s", "2"), ("250 ms", "1"), ("12.3 MB", ""), ("3", ""), ("1,250 s", "5e+03"), ("some", "")],
)
def test_times_are_told_in_units_of_work_and_nothing_else_is(measured, units):
    assert Row("steps", "what", measured, True, unit=0.25).in_units == units


def test_every_command_is_there():
    from importlib.util import find_spec

    assert all(find_spec(f"bench.{name}") for name in COMMANDS)


def test_a_file_that_is_written_again_counts_twice(tmp_path):
    files = Files(tmp_path)
    for name in ("run-a.npz", "run-b.npz", "run-a.npz"):
        with replace_atomically(tmp_path / name) as partial:
            partial.write_text(name)
        files.look()
        files.look()
    assert files.times_written() == {"run-a.npz": 2, "run-b.npz": 1}


def test_the_95th_percentile_is_one_of_the_high_ones():
    assert high([1.0] * 90 + [5.0] * 10) == 5.0 and high([1.0] * 99 + [5.0]) == 1.0 and high([2.0]) == 2.0
