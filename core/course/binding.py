"""When a limit on the weights begins to bind, read off the runs: until then they are those of the plain network."""

from __future__ import annotations

from core.config import RunConfig
from core.course.claims import MISSING
from core.course.grid import and_list
from core.course.over_seeds import runs_at
from core.results.run import EpochRecord, Run
from core.techniques import Technique


def binds_from(plain: RunConfig, limited: RunConfig) -> list[int | None]:
    """The epoch in which a limit begins to bind, for each seed that has both runs; None where it never does. Until then
    the training with the limit is the plain one, bit for bit."""
    ours = {run.config.seed: run for run in runs_at(limited)}
    return [first_difference(run, ours[run.config.seed]) for run in runs_at(plain) if run.config.seed in ours]


def first_difference(one: Run, other: Run) -> int | None:
    """The first epoch after which two runs have other losses; None where they have the same after each."""
    pairs = zip(one.records, other.records, strict=True)
    return next((a.epoch for a, b in pairs if _losses(a) != _losses(b)), None)


def _losses(record: EpochRecord) -> tuple[float, float]:
    return record.train_loss, record.held_out_loss


def binding_in_words(of: Technique, plain: RunConfig) -> str:
    """Where each limit of a slider begins to bind, as a part of a sentence: "c = 2 begins to bind in epochs 7 to 9,
    c = 1 in epoch 2 and c = 0.5 in epoch 1"."""
    told = []
    for stop, limited in of.path(plain).items():
        if not stop:
            continue
        epochs = binds_from(plain, limited)
        if not epochs:
            return MISSING
        verb = "" if told else "begins to bind "
        told.append(f"{of.symbol} = {stop:g} {verb}{_in_epochs(epochs)}")
    return and_list(told)


def _in_epochs(epochs: list[int | None]) -> str:
    found = sorted(epoch for epoch in epochs if epoch is not None)
    if not found:
        return "in no epoch"
    some = "" if len(found) == len(epochs) else f" with {len(found)} of {len(epochs)} seeds"
    return (f"in epoch {found[0]}" if found[0] == found[-1] else f"in epochs {found[0]} to {found[-1]}") + some
