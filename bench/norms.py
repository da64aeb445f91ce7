"""What the norm lessons show: `python -m bench.norms`. The shipped numbers in their bands. Trains nothing."""

from __future__ import annotations

import sys

from bench.report import Requirement, at_least, at_most, print_table, verdict, within
from core.config import FULL, seeds_of
from core.course.batch_norm import BATCH_NORM, BATCH_NORM_AFTER, shifted_networks
from core.course.claims import BEST_EPOCH, BEST_LOSS, FIRST_EPOCH, LAST_ACCURACY, LAST_LOSS, compare, spread
from core.course.layer_norm import LAYER_NORM
from core.course.norms import at_batch_size, at_learning_rate, probes
from core.results import measurement
from core.results.run import Run
from core.results.shift import Shift
from core.results.store import load_run

NETWORKS = {"plain": FULL, "batch norm": BATCH_NORM, "batch norm after": BATCH_NORM_AFTER, "layer norm": LAYER_NORM}
ACCURACY, LOSS, NOTEBOOK_LOSS = (0.865, 0.905), (0.355, 0.44), (0.074, 0.085)
"""Bands of batch norm at the full setting after 20 epochs, for each seed."""
FROM_STEP = 100


def runs_of(config) -> list[Run]:
    return [run for seed in seeds_of(config) if (run := load_run(seed))]


def check_networks() -> list[Requirement]:
    runs = {name: runs_of(config) for name, config in NETWORKS.items()}
    measures = (FIRST_EPOCH, LAST_ACCURACY, BEST_EPOCH, BEST_LOSS, LAST_LOSS)
    rows = [(name, *(measure.over(found) for measure in measures)) for name, found in runs.items()]
    print_table("Full setting, ± over seeds", ("", *(m.label for m in measures)), rows)
    lead = compare(FIRST_EPOCH, runs["plain"], runs["batch norm"])
    return [
        *(at_least(f"{name}: seeds shipped", len(found), 5) for name, found in runs.items()),
        *(
            within(f"batch norm, seed {r.config.seed}, accuracy", r.test_last.accuracy, *ACCURACY)
            for r in runs["batch norm"]
        ),
        *(within(f"batch norm, seed {r.config.seed}, loss", r.last.held_out_loss, *LOSS) for r in runs["batch norm"]),
        *(
            within(f"batch norm, seed {r.config.seed}, notebook loss", r.last.notebook_loss, *NOTEBOOK_LOSS)
            for r in runs["batch norm"]
        ),
        at_least("batch norm's lead after the first epoch, lower end of the 95 % interval", 100 * lead.low, 0),
    ]


def check_sweeps() -> list[Requirement]:
    at_one, at_two = (
        {name: runs_of(c) for name, c in at(value).items()}
        for at, value in ((at_learning_rate, 1.0), (at_batch_size, 2))
    )
    rows = [(name, LAST_ACCURACY.over(at_one[name]), LAST_ACCURACY.over(at_two[name])) for name in at_one]
    print_table("Last accuracy", ("", "SGD, learning rate 1", "batches of 2"), rows)
    lost = compare(LAST_ACCURACY, at_two["plain"], at_two["batch norm"])
    return [
        at_least("batch norm at learning rate 1, worst seed", min(map(LAST_ACCURACY.of, at_one["batch norm"])), 0.8),
        at_most("plain at learning rate 1, best seed", max(map(LAST_ACCURACY.of, at_one["plain"])), 0.5),
        at_most("batch norm against plain at batches of 2", 100 * lost.mean, -10, " points"),
    ]


def check_smoothness() -> list[Requirement]:
    """Santurkar's effective β under Adam, plain against batch norm, seed by seed."""
    found = {name: [measurement.load(spec) for spec in specs] for name, specs in probes("adam").items()}
    betas = {name: [p.mean_after("effective_beta", FROM_STEP) for p in some] for name, some in found.items()}
    ratios = [plain / batch for plain, batch in zip(betas["plain"], betas["batch norm"], strict=True)]
    rows = [(name, *(f"{b:.1f}" for b in values), spread(values).plain(1)) for name, values in betas.items()]
    header = ("", *(f"seed {i}" for i in range(len(ratios))), "mean ± sd")
    print_table(f"Effective β, Adam, steps {FROM_STEP} to 400", header, rows)
    return [at_least(f"plain / batch norm, seed {i}", ratio, 3) for i, ratio in enumerate(ratios)]


def check_shift() -> list[Requirement]:
    """The lesson's presets, and that weights kept in float16 give each run its own test accuracy again."""
    from core.app.norm_measurements import PRESETS, VARIANTS

    found = {name: [measurement.load(spec) for spec in specs] for name, specs in shifted_networks().items()}
    rows = [
        (variant, *(spread([s.at(shift, statistics) for s in found[name]]).percent() for shift in PRESETS.values()))
        for variant, (name, statistics) in VARIANTS.items()
    ]
    print_table("Test accuracy under covariate shift", ("", *PRESETS), rows)
    apart = max(abs(s.at(Shift()) - load_run(s.spec.run).test_last.accuracy) for some in found.values() for s in some)
    return [at_most("unshifted accuracy against the run's own", apart, 5e-4)]


def main() -> int:
    return verdict(check_networks() + check_sweeps() + check_smoothness() + check_shift())


if __name__ == "__main__":
    sys.exit(main())
