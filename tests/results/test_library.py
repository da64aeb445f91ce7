"""The library reads a file once, remembers what it found, and never remembers that something was missing."""

from dataclasses import replace

from core.results import library, store
from core.results.run import Diverged


def test_a_run_is_read_once_and_without_weights_where_hundreds_are_asked_for(trained, tiny):
    assert library.stored_outcome(tiny) is None and library.stored_runs([tiny]) == []
    store.save_run(trained())
    run = library.stored_run(tiny)
    assert run.config == tiny and run.weights is not None
    (store.runs_folder() / store.run_name(tiny)).unlink()
    assert library.stored_run(tiny) is run
    library.forget()
    assert library.stored_run(tiny) is None


def test_of_several_only_those_that_are_stored_come_back(trained, tiny):
    diverged = Diverged(replace(tiny, seed=1), 5, (), "It diverged.")
    store.save_run(trained())
    store.save_run(diverged)
    asked = [replace(tiny, seed=2), diverged.config, tiny]
    assert [outcome.config for outcome in library.stored_outcomes(asked)] == asked[1:]
    assert [run.weights for run in library.stored_runs(asked)] == [None]
    assert library.stored_run(diverged.config) is None
