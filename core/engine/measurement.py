"""Any measurement, computed: the module of this folder that has the kind's name measures it.

Such a module has one function measure(spec, images, runs, on_step) → result. images: those of spec.dataset. runs: those
of spec.needed_runs, with their weights. on_step: called with (steps done, steps in all); what it raises ends the work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from core.config import RunConfig
from core.data import Images
from core.engine.training import train_or_diverge
from core.results import store
from core.results.measurement import Spec, result_type
from core.results.run import Outcome, Run

log = logging.getLogger(__name__)

OnStep = Callable[[int, int], None]


def unheard(done: int, total: int) -> None:
    """An on_step that nobody listens to."""


def measured(spec: Spec, images: Images, on_step: OnStep = unheard, at_hand: Iterable[Run] = ()) -> Any:
    """The result of a spec. at_hand: runs that need not be looked for; what is stored nowhere with its weights is
    trained first. Raises ValueError where there is no such measurement, or a training that it needs diverged."""
    result_type(spec.kind)
    module = import_module(f"core.engine.{spec.kind}")
    known = {run.config: run for run in at_hand}
    runs = [known.get(config) or run_with_weights(config, images, on_step) for config in spec.needed_runs]
    return module.measure(spec, images, runs, on_step)


def run_with_weights(config: RunConfig, images: Images, on_step: OnStep = unheard) -> Run:
    """A run whose weights something is measured of. Raises ValueError where its training diverged."""
    outcome = outcome_with_weights(config, images, on_step)
    if not isinstance(outcome, Run):
        raise ValueError(outcome.message)
    return outcome


def outcome_with_weights(config: RunConfig, images: Images, on_step: OnStep = unheard) -> Outcome:
    """What a training came to, with all weights: as it is stored, or trained now and kept in the cache folder for what
    is measured of it next."""
    if outcome := store.load_with_weights(config):
        return outcome
    outcome = train_or_diverge(config, images, on_step=on_step)
    try:
        store.save_run(outcome)
    except OSError as error:
        log.warning("a run could not be stored: %s", error)
    return outcome
