"""What a network learned by heart, in pictures: training images with a wrong label, and what it answers to them."""

from __future__ import annotations

import streamlit as st

from core.app import controls, steps
from core.app.draw import chart
from core.app.panels import numbers_table, table
from core.config import DATASETS, RunConfig
from core.course.by_heart import by_heart, networks, shares, shares_in_words
from core.figures.by_heart import by_heart_figure, by_heart_table
from core.results.by_heart import EPOCHS, LABEL, OTHER, TRUTH
from core.results.library import stored

SETTINGS = ("asked_after", "beside_plain")
"""The keys of the panel's controls."""
NAMES = DATASETS["fashion-mnist"].class_names


def by_heart_panel(lesson: str, *, asks: str) -> None:
    """A lesson's step: images whose label was wrong, and the plain network's answers after 5, 20 and 60 epochs; beside
    them those of one of the lesson's techniques. asks: what the student is to look for."""
    of = networks(lesson)
    figure, side = steps.side_by_side()
    with side:
        epoch = int(controls.stop("Asked after epoch", EPOCHS, EPOCHS[-1], key=SETTINGS[0]))
        shown = of
        if len(of) > 2:
            beside = controls.choice("Beside the plain network", tuple(of)[1:], key=SETTINGS[1])
            shown = {name: of[name] for name in (next(iter(of)), beside)}
        st.markdown(asks)
        for name, config in shown.items():
            st.markdown(shares_in_words(name, config, epoch))
        with steps.fold("How these images were chosen"):
            st.markdown(
                "They are the first two training images of each class whose label was made wrong, in the order of the "
                "training images, so nobody picked them. The small quoted word is the label that the network was "
                "given. The shares are those of *all* 400 wrong-labelled images, over five seeds; the pictures are of "
                "seed 0. The images are Fashion-MNIST's, © 2017 Zalando SE, under the MIT licence."
            )
            _all_shares(shown)
    with figure:
        _pictures(shown, epoch)


def _pictures(shown: dict[str, RunConfig], epoch: int) -> None:
    found = {name.split(",")[0]: stored(by_heart(config)[0]) for name, config in shown.items()}
    if not all(found.values()):
        st.info("These answers are missing: `python -m core.precompute` asks the network.")
        return
    said = [
        f"{name}: {(kinds == LABEL).sum()} answered with the wrong label, {(kinds == TRUTH).sum()} with the true class"
        for name, kinds in ((name, one.kinds(epoch)) for name, one in found.items())
    ]
    n = len(next(iter(found.values())).images)
    alt = f"{n} training images with a wrong label, asked after epoch {epoch}. {'; '.join(said)}."
    chart(by_heart_figure(found, epoch, NAMES), alt=alt)
    table(by_heart_table(found, epoch, NAMES), key="by_heart")


def _all_shares(shown: dict[str, RunConfig]) -> None:
    numbers_table(
        [
            {
                "network": name,
                "after epoch": epoch,
                "the wrong label": shares(config, epoch, LABEL),
                "the true class": shares(config, epoch, TRUTH),
                "another class": shares(config, epoch, OTHER),
            }
            for name, config in shown.items()
            for epoch in EPOCHS
        ]
    )
