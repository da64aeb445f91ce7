"""What a watched training keeps, and that the shipped ones are those of the shipped runs."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import FULL, SMALL_AND_NOISY, RunConfig
from core.course.watched import WATCHED, watched_of
from core.results.library import stored, stored_run
from core.results.sparsity import SparsitySpec
from core.results.watched import PICTURES, THRESHOLD, Watched, WatchedSpec

SHIPPED = [watched_of(technique, base) for base in (SMALL_AND_NOISY, FULL) for technique in WATCHED]
CLASSES = 1000
"""Of the test images there are as many of each class; of the validation images not exactly."""


@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 20, 60, 200])
def test_pictures_are_kept_of_the_start_the_end_and_some_epochs_between(epochs):
    pictured = WatchedSpec(replace(FULL, epochs=epochs)).pictured
    assert pictured[0] == 0 and pictured[-1] == epochs and len(pictured) <= PICTURES
    assert [*pictured] == sorted({*pictured})
    assert len(pictured) == PICTURES or epochs < 16
    if epochs >= 20:
        growth = np.array(pictured[2:]) / np.array(pictured[1:-1])
        assert growth.max() < 1.6 * growth.min()  # whole epochs


def test_an_epoch_without_a_picture_shows_the_one_before_and_has_none_of_its_own():
    spec = WatchedSpec(RunConfig(dataset="digits", n_train=60, epochs=20))
    found = Watched(spec, **{name: np.zeros(shape, np.uint8) for name, shape in spec.shapes.items()})
    assert spec.pictured == (0, 1, 2, 4, 9, 20)
    assert [found.pictured_at(epoch) for epoch in (0, 1, 3, 8, 9, 19, 20)] == [0, 1, 2, 4, 9, 9, 20]
    with pytest.raises(ValueError, match="epoch 3"):
        found.levels(3)


@pytest.mark.parametrize("spec", SHIPPED, ids=lambda spec: f"{spec.run.to_params()}")
def test_what_is_shipped_is_the_training_of_the_shipped_run(spec):
    found, run = stored(spec), stored_run(spec.run)
    assert np.array_equal(found.accuracy[1:], run.curve("held_out_accuracy"))
    of_each_class = found.confusion.sum(axis=2)
    assert (of_each_class == of_each_class[0]).all() and of_each_class[0].sum() == 10_000
    assert spec.run.held_out != "test" or (of_each_class == CLASSES).all()
    assert (found.histogram.sum(axis=1) == 784 * 392).all()
    assert (found.zero <= found.small).all() and found.small.max() <= 392
    for epoch in spec.pictured:
        levels = found.levels(epoch)
        assert np.array_equal((levels < 2).sum(axis=0), found.small[epoch])
        assert np.array_equal((levels == 0).sum(axis=0), found.zero[epoch])
    if first_layer := stored(SparsitySpec(spec.run, with_map=True)):
        assert np.array_equal(392 - found.small[-1].reshape(28, 28), first_layer.kept_by_pixel(THRESHOLD))
        assert np.array_equal(found.histogram[-1], first_layer.histogram)
        assert found.share_zero[-1] == first_layer.share_zero
