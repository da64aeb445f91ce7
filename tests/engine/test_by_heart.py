"""What a network answers to its wrong-labelled images, against the run that training gives and against a slow count."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.config import DIGITS, FULL
from core.data import split_images
from core.engine.by_heart import measure
from core.engine.models import build_model
from core.engine.training import train
from core.results.by_heart import EPOCHS, LABEL, ByHeartSpec

CONFIG = replace(DIGITS, n_train=120, label_noise=0.25, epochs=EPOCHS[-1], batch_size=40, lr=3e-3, dropout=0.2)


@pytest.fixture(scope="module")
def asked(digits):
    return measure(ByHeartSpec(CONFIG), digits), train(CONFIG, digits)


def test_the_share_of_wrong_labels_is_the_one_that_training_records(asked):
    found, run = asked
    assert [run.records[epoch - 1].memorised for epoch in EPOCHS] == [*found.shares[:, LABEL]]
    assert np.allclose(found.shares.sum(axis=1), 1, atol=1e-12)
    assert found.shares[0, LABEL] < found.shares[-1, LABEL]


def test_the_last_answers_are_those_of_the_trained_network(asked, digits):
    """Weights are kept in float16, and so are the probabilities."""
    found, run = asked
    model = build_model(CONFIG)
    model.load_state_dict({name: torch.from_numpy(w).float() for name, w in run.weights.items()})
    x = torch.from_numpy(found.images.reshape(len(found.images), -1)).float() / 255
    with torch.no_grad():
        expected = model.eval()(x).softmax(1).numpy()
    assert np.allclose(found.probabilities[-1], expected, atol=5e-3)


def test_the_pictures_are_the_first_of_each_class_with_a_wrong_label(asked, digits):
    found, _ = asked
    split = split_images(digits, CONFIG)
    expected = []
    for c in range(10):
        kept = 0
        for image, label, true in zip(split.train_x, split.train_y, split.train_true_y, strict=True):
            if true == c and label != c and kept < 2:
                expected.append((image.tolist(), int(label), c))
                kept += 1
    shown = zip(found.images, found.labels, found.classes, strict=True)
    assert [(image.ravel().tolist(), int(label), int(c)) for image, label, c in shown] == expected


@pytest.mark.parametrize("run", [FULL, replace(CONFIG, label_noise=0.0), replace(CONFIG, epochs=20)])
def test_it_asks_for_wrong_labels_and_enough_epochs(run):
    with pytest.raises(ValueError, match="it needs wrong labels and 60 epochs"):
        ByHeartSpec(run)
