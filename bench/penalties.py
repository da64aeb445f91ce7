"""What the lessons on dropout, L1 and L2 show: `python -m bench.penalties`. The shipped numbers in their bands, what
they gain, and the size of what is shipped. Trains nothing."""

from __future__ import annotations

import math
import sys

from bench.report import Requirement, at_least, at_most, print_table, verdict, within
from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claims import LAST_ACCURACY, compare, spread
from core.course.dropout import SMALL_DROPOUT, dropout_path
from core.course.l1_l2 import SMALL_L1, SMALL_L2, l1_path, l2_path
from core.course.over_seeds import paths_of, sparsities
from core.folders import PRECOMPUTED
from core.results import measurement
from core.results.run import Run
from core.results.sparsity import Sparsity
from core.results.store import load_run


def runs_of(config: RunConfig) -> list[Run]:
    return [run for seed in seeds_of(config) if (run := load_run(seed))]


def sparsities_of(config: RunConfig) -> list[Sparsity]:
    return [s for spec in sparsities(config) if (s := measurement.load(spec))]


def check_paths() -> list[Requirement]:
    """Five seeds of every stop, and the folder's size."""
    requirements = []
    for setting, base in (("full", FULL), ("small and noisy", SMALL_AND_NOISY)):
        stops = {config for path in (dropout_path(base), *paths_of("l1_l2", base)) for config in path.values()}
        fewest = min(min(len(runs_of(config)), len(sparsities_of(config))) for config in stops)
        requirements.append(at_least(f"{setting}: seeds at each of {len(stops)} stops", fewest, 5))
    size = sum(path.stat().st_size for path in PRECOMPUTED.iterdir()) / 2**20
    return [*requirements, at_most("precomputed/", size, 70, " MB")]


def check_l1() -> list[Requirement]:
    theirs, proximal = l1_path(FULL)[1e-3], l1_path(FULL, "proximal")[1e-3]
    rows = []
    for name, path in (("L1", l1_path(FULL)), ("L1 proximal", l1_path(FULL, "proximal")), ("L2", l2_path(FULL))):
        for strength, config in path.items():
            found = sparsities_of(config)
            rows.append(
                (
                    f"{name} {strength:g}",
                    LAST_ACCURACY.over(runs_of(config)),
                    spread([s.share_small(1e-4) for s in found]).percent(),
                    spread([s.share_zero for s in found]).percent(),
                    spread([float(s.spread) for s in found]).plain(4),
                )
            )
    print_table("Full setting, first layer", ("", "accuracy", "|w| ≤ 1e-4", "exactly 0", "sd of w"), rows)
    difference = compare(LAST_ACCURACY, runs_of(theirs), runs_of(proximal))
    return [
        *(
            at_least(f"L1 0.001, seed {s.spec.run.seed}: share ≤ 1e-4", s.share_small(1e-4), 0.9)
            for s in sparsities_of(theirs)
        ),
        *(
            within(f"L1 0.001, seed {r.config.seed}: accuracy", r.test_last.accuracy, 0.810, 0.830)
            for r in runs_of(theirs)
        ),
        *(
            at_least(f"proximal 0.001, seed {s.spec.run.seed}: exact zeros", s.share_zero, 0.9)
            for s in sparsities_of(proximal)
        ),
        within("proximal against subgradient, points", 100 * difference.mean, -1, 1),
        *(
            within(f"L2 0.0001, seed {s.spec.run.seed}: sd of w", float(s.spread), 0.0286 * 0.97, 0.0286 * 1.03)
            for s in sparsities_of(l2_path(FULL)[1e-4])
        ),
        *(
            within(f"dropout 0.2, seed {r.config.seed}: accuracy", r.test_last.accuracy, 0.884, 0.901)
            for r in runs_of(dropout_path(FULL)[0.2])
        ),
    ]


def check_benefit() -> list[Requirement]:
    """At small-and-noisy: the paired gain over the plain network, against its standard error."""
    plain, rows, requirements = runs_of(SMALL_AND_NOISY), [], []
    for name, config in (("dropout 0.5", SMALL_DROPOUT), ("L1 0.0003", SMALL_L1), ("L2 0.01", SMALL_L2)):
        runs = runs_of(config)
        gains = [b.test_last.accuracy - a.test_last.accuracy for a, b in zip(plain, runs, strict=True)]
        gain = spread(gains)
        errors = gain.mean / (gain.sd / math.sqrt(gain.n))
        rows.append((name, LAST_ACCURACY.over(runs), gain.points(), f"{errors:.1f}"))
        requirements.append(at_least(f"{name}: test gain in standard errors", errors, 2))
    print_table(f"Small and noisy; plain {LAST_ACCURACY.over(plain)}", ("", "validation", "test gain", "in SE"), rows)
    return requirements


def main() -> int:
    return verdict(check_paths() + check_l1() + check_benefit())


if __name__ == "__main__":
    sys.exit(main())
