"""Sentences on a watched training: they say what its numbers are at the epoch."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import SMALL_AND_NOISY, RunConfig
from core.course.watched import (
    WATCHED,
    Training,
    at_epoch,
    extremes_in_words,
    measurements_of,
    mistakes_in_words,
    parting_in_words,
    trainings,
    watched_of,
    when,
    zeros_in_words,
)
from core.results.watched import Watched, WatchedSpec
from core.techniques import BATCH_NORM, L1, PLAIN


@pytest.fixture
def seen():
    """Three epochs of 64 pixels, of which only the last one has something to tell."""
    spec = WatchedSpec(RunConfig(dataset="digits", n_train=60, epochs=3))
    arrays = {name: np.zeros(shape, np.uint8 if "bits" in name else np.uint16) for name, shape in spec.shapes.items()}
    units, pixels = spec.matrix
    arrays["confusion"][:, range(10), range(10)] = 30
    arrays["confusion"][3, 4] = 0
    arrays["confusion"][3, 4, [4, 9]] = 10, 20
    arrays["small"][3, 0], arrays["small"][3, 36] = units, units // 2
    arrays["zero"][3, 0] = units // 2
    small, zero = np.zeros((2, units, pixels), bool)
    small[:, 0], small[: units // 2, 36], zero[: units // 2, 0] = True, True, True
    arrays["small_bits"] = np.stack(
        [np.packbits(small) if e == 3 else np.packbits(zero & ~zero) for e in spec.pictured]
    )
    arrays["zero_bits"] = np.stack([np.packbits(zero & small if e == 3 else zero & ~zero) for e in spec.pictured])
    return Watched(spec, **arrays)


def test_an_epoch_is_told_in_words():
    assert [when(epoch) for epoch in (0, 1, 2)] == ["before training", "after 1 epoch", "after 2 epochs"]


def test_the_table_has_what_each_network_comes_to(seen, trained):
    rows = at_epoch({"plain": Training(trained(), seen)}, 3)
    assert rows == [
        {"after 3 epochs": "|w| ≤ 0.001", "plain": f"{100 * 1.5 / 64:.1f} %"},
        {"after 3 epochs": "exactly 0", "plain": f"{100 * 0.5 / 64:.1f} %"},
        {"after 3 epochs": "right, validation", "plain": f"{100 * 280 / 300:.1f} %"},
    ]
    assert at_epoch({"plain": Training(trained(), seen)}, 0)[0]["plain"] == "0.0 %"


def test_pictures_are_told_in_words(seen):
    assert extremes_in_words(seen, 3) == (
        "from 0 % to 100 % of a pixel's weights, 100 % at the upper left corner and 50 % in the middle"
    )
    assert zeros_in_words(seen, 3) == "2.3 % of the weights have |w| up to 0.001, 0.8 % are exactly 0"
    assert mistakes_in_words(seen, 3) == "93.3 % are right; most often “4” is taken for “9”, 20 times of 30"


def test_what_has_changed_since_the_best_epoch_is_told(seen, trained):
    """Epoch 1 is the best one, so its thirty right answers for each class are what epoch 3 is compared with."""
    run = trained()
    at_best = replace(run, records=tuple(replace(r, held_out_loss=float(r.epoch)) for r in run.records))
    assert at_best.best_epoch == 1
    told = parting_in_words({"plain": Training(at_best, seen)})
    last = at_best.config.epochs
    assert told == (
        "- **Plain**: the loss on validation images is lowest after 1 epoch. Of these images 100.0 % are right then, "
        f"and 93.3 % after {last} epochs. The mistakes that have grown most: “4” is taken for “9” in 20 of 30 images, "
        "up from 0."
    )
    still = replace(run, records=tuple(replace(r, held_out_loss=-float(r.epoch)) for r in run.records))
    assert parting_in_words({"plain": Training(still, seen)}).endswith(f"lowest after {last} epochs, the last one.")


def test_watched_are_the_networks_of_the_first_seed_in_both_settings():
    specs = measurements_of(BATCH_NORM.on(SMALL_AND_NOISY))
    assert specs == [watched_of(BATCH_NORM, SMALL_AND_NOISY)]
    assert not measurements_of(RunConfig(seed=1)) and not measurements_of(RunConfig(epochs=3))
    assert len(WATCHED) == 7


def test_what_is_not_stored_is_left_out(precomputed):
    named = {technique.name: watched_of(technique, SMALL_AND_NOISY) for technique in (PLAIN, L1)}
    assert trainings(named) == {}
