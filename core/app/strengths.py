"""A technique with one strength: its slider in either setting, its runs at the slider's stop and along all of them."""

from __future__ import annotations

import streamlit as st

from core.app import controls
from core.app.comparisons import course_chart, outcomes_of
from core.app.panels import captioned, numbers_table
from core.app.take_home import take_home
from core.config import FULL, SMALL_AND_NOISY, RunConfig
from core.course.claims import LAST_ACCURACY, LAST_LOSS, MEMORISED, TRAIN_ACCURACY, Measure
from core.course.over_seeds import runs_at
from core.figures.compare import course_of
from core.figures.weights import path_figure
from core.techniques import PLAIN, Path, Technique

SETTINGS = {"60,000 images": FULL, "2,000 images, 20 % wrong labels": SMALL_AND_NOISY}
"""The two settings that every strength is shown in."""


def strength_controls(of: Technique) -> tuple[RunConfig, float]:
    """The widgets: which setting, and how strong."""
    setting = controls.choice("Trained on", tuple(SETTINGS), key=f"{of.key}_on")
    strength = controls.stop(of.label, of.stops, of.default, key=of.key)
    return SETTINGS[setting], strength


# --- at one stop ----------------------------------------------------------------------------------------------------


def networks_at(technique: str, plain: RunConfig, config: RunConfig) -> dict[str, RunConfig]:
    """The plain network and the technique's; the plain one alone where the strength is 0."""
    return {PLAIN.name: plain} if config == plain else {PLAIN.name: plain, technique: config}


def curves_beside_plain(
    technique: str, plain: RunConfig, config: RunConfig, *, key: str, penalty: bool = False
) -> None:
    """Loss and accuracy of a technique's network and of the plain one over all seeds; its penalty apart."""
    outcomes = outcomes_of(networks_at(technique, plain, config))
    places = st.columns(3 if penalty else 2)
    for place, what in zip(places, ("loss", "accuracy"), strict=False):
        held_out, train = (
            {name: course_of(found, f"{images}_{what}") for name, found in outcomes.items()}
            for images in ("held_out", "train")
        )
        with place:
            course_chart(held_out, dashed=train, what=what, x="epoch", percent=what == "accuracy", key=f"{key}_{what}")
    if penalty:
        with places[2]:
            if config == plain:
                st.info("At strength 0 there is no penalty.")
            else:
                course_chart(
                    {technique: course_of(outcomes[technique], "penalty")},
                    what="penalty",
                    x="epoch",
                    log_y=True,
                    key=f"{key}_penalty",
                )


def stop_table(named: dict[str, RunConfig], measures: tuple[Measure, ...] = (TRAIN_ACCURACY, LAST_ACCURACY, LAST_LOSS)):
    """A row for each network: what it is, and mean ± standard deviation over seeds of each measure."""
    noisy = all(config.label_noise for config in named.values())
    shown = (*measures, MEMORISED) if noisy else measures
    numbers_table(
        [{"network": name, **{m.label: m.over(runs_at(config)) for m in shown}} for name, config in named.items()]
    )


@st.fragment
def technique_panel(of: Technique) -> None:
    """A technique's slider in either setting: its numbers and curves beside the plain network's, and its whole path."""
    plain, strength = strength_controls(of)
    path = of.path(plain)
    named = networks_at(of.name, plain, path[strength])
    stop_table(named)
    curves_beside_plain(of.name, plain, path[strength], key=of.key)
    accuracy_path(of, path, strength, title="Accuracy, last epoch", key=f"{of.key}_path")
    st.caption(
        "The line is the mean of five seeds, in a band from the lowest to the highest. Solid: held-out images; dashed: "
        "training images. Below are all strengths, with a dot for each seed; the bar marks yours."
    )
    take_home(named, key=of.key)


# --- along the path -------------------------------------------------------------------------------------------------


FLOOR = 0.5
"""Where the accuracy axis of a path begins at the lowest: networks that only guess would flatten all others."""


def accuracy_path(of: Technique, path: Path, current: float, *, title: str, key: str, narrow: bool = False) -> None:
    """Training and held-out accuracy of the last epoch at every stop, over seeds."""
    runs = {stop: runs_at(config) for stop, config in path.items()}
    lines = {
        "held-out images": {stop: list(map(LAST_ACCURACY.of, found)) for stop, found in runs.items()},
        "training images": {stop: list(map(TRAIN_ACCURACY.of, found)) for stop, found in runs.items()},
    }
    rows = [
        {
            of.symbol: f"{stop:g}",
            "held-out accuracy": LAST_ACCURACY.over(found),
            "training accuracy": TRAIN_ACCURACY.over(found),
            "seeds": len(found),
        }
        for stop, found in runs.items()
    ]
    captioned(
        path_figure(lines, current, colour=of.colour, x_title=of.symbol, title=title, floor=FLOOR, narrow=narrow),
        alt_text=f"Training and held-out accuracy against {of.symbol}.",
        rows=rows,
        key=key,
    )
