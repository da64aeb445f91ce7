"""What the overview opens with: the sentence says what the stored runs say, and every technique closes the gap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from core.config import SMALL_AND_NOISY
from core.course.opening import OFFERED, runs_with, what_happened
from core.results import store
from core.techniques import DROPOUT, L1, L2

PLAIN = [store.load_run(replace(SMALL_AND_NOISY, seed=seed)) for seed in range(5)]


def ends(runs):
    """Held-out minus training loss, and held-out accuracy, of each seed's last epoch."""
    last = [run.records[-1] for run in runs]
    return [r.held_out_loss - r.train_loss for r in last], [r.held_out_accuracy for r in last]


@pytest.mark.parametrize("technique", OFFERED, ids=lambda technique: technique.name)
def test_every_slider_begins_at_the_plain_network_and_closes_at_least_half_of_its_gap(technique):
    assert technique.stops[0] == 0
    assert technique.at(SMALL_AND_NOISY, 0) == SMALL_AND_NOISY
    gap = np.mean(ends(PLAIN)[0])
    assert min(abs(np.mean(ends(runs_with(technique, stop))[0])) for stop in technique.stops) <= gap / 2


@pytest.mark.parametrize("technique", OFFERED, ids=lambda technique: technique.name)
def test_every_stop_says_the_gap_the_accuracy_and_how_sure_the_change_is(technique):
    before = ends(PLAIN)
    for stop in technique.stops[1:]:
        runs = [store.load_run(replace(technique.at(SMALL_AND_NOISY, stop), seed=seed)) for seed in range(5)]
        told, (gaps, accuracies) = what_happened(technique, stop), ends(runs)
        assert f"from {np.mean(before[0]):.2f} to **{np.mean(gaps):.2f} nats**".replace("-", "−") in told
        assert f"from {100 * np.mean(before[1]):.1f} % to **{100 * np.mean(accuracies):.1f} %**" in told
        change = np.subtract(accuracies, before[1])
        low, high = stats.t.interval(0.95, 4, loc=change.mean(), scale=stats.sem(change))
        verdict = "higher" if low > 0 else "lower" if high < 0 else "no clear difference"
        assert f"**{verdict}** (means over 5 seeds)" in told
        assert ("not enough" in told) == (high < 0)
        assert ("below 0" in told) == (np.mean(gaps) < 0 and high >= 0)


def test_at_strength_0_the_sentence_is_of_the_plain_network_whatever_the_technique():
    gap, accuracy = (np.mean(numbers) for numbers in ends(PLAIN))
    told = {what_happened(technique, 0) for technique in (DROPOUT, L1, L2)}
    assert len(told) == 1
    assert f"{gap:.2f} nats" in (only := told.pop()) and f"{100 * accuracy:.1f} %" in only
