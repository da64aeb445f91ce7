"""When a limit on the weights begins to bind: against a training that is watched step by step, and as it is told."""

from dataclasses import replace
from itertools import pairwise

import pytest
from torch import nn

from core.config import FULL
from core.course.binding import binding_in_words, binds_from, first_difference
from core.engine import training
from core.techniques import MAX_NORM


@pytest.mark.parametrize(("limit", "expected"), [(0.6, 1), (0.8, 2), (1.0, 3), (50.0, None)])
def test_two_runs_part_in_the_epoch_in_which_a_unit_first_reaches_the_limit(
    trained, tiny, digits, monkeypatch, limit, expected
):
    config = replace(tiny, max_norm=limit, epochs=4, lr=0.01)
    steps_before, reached = [], []
    real = training.limit_norms

    def watched(model, c):
        *hidden, _ = (layer for layer in model.modules() if isinstance(layer, nn.Linear))
        if any((layer.weight.norm(dim=1) > c).any() for layer in hidden):
            reached.append(len(steps_before))
        steps_before.append(c)
        real(model, c)

    monkeypatch.setattr(training, "limit_norms", watched)
    limited = training.train(config, digits)
    assert len(steps_before) == config.steps
    epoch = reached[0] // (config.steps // config.epochs) + 1 if reached else None
    assert first_difference(trained(epochs=4, lr=0.01), limited) == epoch == expected


def test_the_plain_network_has_no_limit_and_a_tighter_one_binds_no_later():
    epochs = [binds_from(FULL, config) for config in MAX_NORM.path(FULL).values()]
    assert epochs[0] == [None] * 5
    for wide, tight in pairwise(epochs[1:]):
        assert all(later <= earlier for earlier, later in zip(wide, tight, strict=True))
    assert epochs[-1] == [1] * 5


def test_the_epochs_are_told_with_their_range(monkeypatch):
    told = {2.0: [7, 9, None], 1.0: [2, 2, 2], 0.5: [None, None, None]}
    monkeypatch.setattr("core.course.binding.binds_from", lambda plain, config: told[config.max_norm])
    assert binding_in_words(MAX_NORM, FULL) == (
        "c = 2 begins to bind in epochs 7 to 9 with 2 of 3 seeds, c = 1 in epoch 2 and c = 0.5 in no epoch"
    )
