"""What the lessons say of wrong-labelled images follows from the shipped answers, and these from the shipped runs."""

import numpy as np
import pytest

from core.course.by_heart import BY_LESSON, by_heart, networks, shares, shares_in_words
from core.figures.by_heart import KINDS, by_heart_figure, by_heart_table
from core.results import measurement, store
from core.results.by_heart import EPOCHS, LABEL, OTHER, TRUTH, kinds_of

CONFIGS = {name: config for lesson in BY_LESSON for name, config in networks(lesson).items()}
NAMES = tuple("abcdefghij")


@pytest.mark.parametrize("name", CONFIGS)
def test_the_shipped_shares_are_those_that_the_shipped_runs_recorded(name):
    for spec in by_heart(CONFIGS[name]):
        found, run = measurement.load(spec), store.load_run(spec.run)
        assert [run.records[epoch - 1].memorised for epoch in EPOCHS] == [*found.shares[:, LABEL]]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_sentence_gives_the_mean_and_the_spread_of_five_seeds(name):
    found = [measurement.load(spec) for spec in by_heart(CONFIGS[name])]
    of = 100 * np.array([one.shares[-1, LABEL] for one in found])
    assert shares(CONFIGS[name], 60, LABEL) == f"{of.mean():.0f} ± {of.std(ddof=1):.0f} %"
    assert f"**{of.mean():.0f} ± {of.std(ddof=1):.0f} %**" in shares_in_words(name, CONFIGS[name], 60)


def test_an_answer_is_the_label_the_truth_or_another():
    answers, labels, classes = np.array([1, 2, 3]), np.array([1, 1, 1]), np.array([2, 2, 2])
    assert [*kinds_of(answers, labels, classes)] == [LABEL, TRUTH, OTHER]


def test_the_figure_has_every_image_once_and_a_line_for_each_network():
    found = measurement.load(by_heart(CONFIGS["plain"])[0])
    drawn = by_heart_figure({"plain": found, "other": found}, 60, NAMES)
    assert len(drawn.rows["images"]) == len(drawn.rows["line 0"]) == len(drawn.rows["line 1"]) == len(found.images)
    for i, row in enumerate(drawn.rows["line 0"]):
        answer = int(found.probabilities[-1, i].argmax())
        assert row["answer"].endswith(f" {NAMES[answer]}") and row["answer"].startswith("plain: ")
        is_label = answer == found.labels[i]
        assert (row["kind"] == [*KINDS][LABEL]) == is_label


def test_the_table_behind_the_figure_has_each_images_class_label_and_answers():
    found = measurement.load(by_heart(CONFIGS["plain"])[0])
    table = by_heart_table({"plain": found}, 60, NAMES)
    assert len(table) == len(found.images)
    for i, row in enumerate(table):
        sure = found.probabilities[-1, i].astype(float)
        assert row == {
            "shows": NAMES[found.classes[i]],
            "label given": NAMES[found.labels[i]],
            "plain answers": f"{NAMES[sure.argmax()]} ({100 * sure.max():.0f} %)",
        }
