"""The glossary: complete, in order, short, and leading to places that exist."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core.app import frame, steps
from core.config import FULL, SMALL_AND_NOISY
from core.course.glossary import TERMS, Term, matching
from core.course.reading import how_to_read_the_numbers
from core.results import store

NEEDED = """
logit, softmax, cross-entropy, nat, weight, bias, unit, layer, ReLU, epoch, batch, step, seed, learning rate, SGD, Adam,
momentum, training images, validation images, test images, held-out images, overfitting, gap, early stopping,
label noise, learned by heart, memorised, regularization, penalty, λ, L1, L2, norm, p-norm, subgradient, proximal step,
soft thresholding, sparsity, weight decay, AdamW, elastic net, max-norm, ridge regression, lasso, dropout, mask,
inverted dropout, thinned network, weight scaling, Monte Carlo, ensemble, geometric mean, batch norm, layer norm,
group norm, γ, β, running statistics, training mode, evaluation mode, pre-activation, covariate shift,
internal covariate shift, loss surface, direction, filter-normalised, convex, barrier, effective β,
effective learning rate, augmentation, label smoothing, Student's t, 95 % interval, paired comparison,
standard deviation, higher, lower, no clear difference, full, small and noisy, the notebook's training loss, spy plot
"""
NAMES = [name for term in TERMS for name in (term.term, *term.also)]


@pytest.mark.parametrize("word", [" ".join(word.split()) for word in NEEDED.split(",")])
def test_every_word_that_the_lessons_use_is_explained(word):
    assert word in NAMES


def test_terms_are_in_alphabetical_order():
    names = [term.term.casefold() for term in TERMS]
    assert names == sorted(names)


def test_no_name_means_two_things():
    assert len({name.casefold() for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.term)
def test_a_definition_is_short_and_leads_to_a_lesson(term):
    assert 4 <= len(term.definition.split()) <= 60
    assert len(re.findall(r"[.:;](?= [A-Z])|\.$", term.definition)) <= 3  # sentences
    assert term.definition.endswith(".")
    lesson = next(lesson for lesson in frame.LESSONS[1:] if lesson.name == term.lesson)
    if term.step:
        assert term.step in [heading.name for heading in steps.headings(lesson.path)]


CAT = Term("cat", "A small animal.", "baseline", also=("kitten",))
CATALOGUE = Term("a catalogue", "A list.", "baseline")
HOTDOG = Term("dog in a roll", "Something to eat.", "baseline")
DOG = Term("dog", "An animal that a cat avoids.", "baseline")


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("", [CATALOGUE, CAT, HOTDOG, DOG]),
        (" CAT ", [CAT, CATALOGUE, DOG]),
        ("kit", [CAT]),
        ("dog", [DOG, HOTDOG]),
        ("animal", [CAT, DOG]),
        ("horse", []),
    ],
)
def test_a_search_finds_names_first_and_definitions_after(sought, found):
    assert matching(sought, [CATALOGUE, CAT, HOTDOG, DOG]) == found


def test_how_large_a_difference_of_single_runs_must_be_is_computed():
    """Against the textbook's formula, from the accuracies as stored; 2.776 is Student's t for five values."""
    for config in (FULL, SMALL_AND_NOISY):
        last = [store.load_run(replace(config, seed=seed)).last.held_out_accuracy for seed in range(5)]
        mean = sum(last) / 5
        sd = (sum((x - mean) ** 2 for x in last) / 4) ** 0.5
        assert f"{100 * 2.776 * 2**0.5 * sd:.1f} points" in how_to_read_the_numbers()
