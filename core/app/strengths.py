"""A technique with one strength: its slider in either setting, its runs at the slider's stop and along all of them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.app import controls, steps
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
    technique: str, plain: RunConfig, config: RunConfig, *, key: str, height: int | None = None
) -> None:
    """Loss and accuracy of a technique's network and of the plain one over all seeds."""
    outcomes = outcomes_of(networks_at(technique, plain, config))
    for place, what in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        held_out, train = (
            {name: course_of(found, f"{images}_{what}") for name, found in outcomes.items()}
            for images in ("held_out", "train")
        )
        with place:
            course_chart(
                held_out,
                dashed=train,
                what=what,
                x="epoch",
                percent=what == "accuracy",
                key=f"{key}_{what}",
                height=height,
            )


def penalty_curve(technique: str, plain: RunConfig, config: RunConfig, *, key: str) -> None:
    """The penalty of a technique's network over the epochs, over all seeds."""
    if config == plain:
        st.info("At strength 0 there is no penalty.")
        return
    course = course_of(outcomes_of({technique: config})[technique], "penalty")
    course_chart({technique: course}, what="penalty", x="epoch", log_y=True, key=f"{key}_penalty")


LAST_EPOCH = ", last epoch"


def stop_table(named: dict[str, RunConfig], measures: tuple[Measure, ...] = (TRAIN_ACCURACY, LAST_ACCURACY, LAST_LOSS)):
    """A row for each network: what it is, and mean ± standard deviation over seeds of each measure. Where all are of
    the last epoch, the first column's header says so for all of them, and they fit beside each other."""
    noisy = all(config.label_noise for config in named.values())
    shown = (*measures, MEMORISED) if noisy else measures
    of_last = all(measure.label.endswith(LAST_EPOCH) for measure in shown)
    first = "at the last epoch" if of_last else "network"
    by_header = {measure.label.removesuffix(LAST_EPOCH) if of_last else measure.label: measure for measure in shown}
    numbers_table(
        [
            {first: name, **{header: measure.over(runs_at(config)) for header, measure in by_header.items()}}
            for name, config in named.items()
        ]
    )


CURVES_CAPTION = (
    "Each line is the mean of five seeds, in a band from the lowest to the highest. Solid lines are measured on "
    "held-out images, dashed ones on training images."
)
PATH_CAPTION = "Each dot is a seed, and the line is their mean. The bar marks your strength."


CHART_HEIGHT = 240
"""Of a panel's chart: so that the table below it is still on the screen."""


def technique_panel(
    of: Technique,
    *,
    asks: str,
    says: str,
    answers: Callable[[RunConfig], None] | None = None,
    explained: Callable[[], None] | None = None,
) -> None:
    """A technique's slider in either setting; beside it its curves and numbers, or its whole path. asks: what the
    student is to look for. answers: draws the answer for a setting, folded away. says: what was measured, folded
    away. explained: draws what stands below that."""
    figure, side = steps.side_by_side()
    with side:
        plain, strength = strength_controls(of)
        st.markdown(asks)
        if answers:
            with steps.fold("Answer"):
                answers(plain)
        with steps.fold("What was measured"):
            st.markdown(says)
        if explained:
            explained()
    path = of.path(plain)
    named = networks_at(of.name, plain, path[strength])
    with figure:
        shown = steps.views(("Curves", "All strengths"), key=f"{of.key}_view")
        if "Curves" in shown:
            curves_beside_plain(of.name, plain, path[strength], key=of.key, height=CHART_HEIGHT)
            st.caption(CURVES_CAPTION)
        if "All strengths" in shown:
            accuracy_path(of, path, strength, title="Accuracy, last epoch", key=f"{of.key}_path", height=CHART_HEIGHT)
            st.caption(PATH_CAPTION)
        stop_table(named)
        take_home(named, key=of.key)


# --- along the path -------------------------------------------------------------------------------------------------


FLOOR = 0.5
"""Where the accuracy axis of a path begins at the lowest: networks that only guess would flatten all others."""


def falls_below_floor(path: Path) -> bool:
    """Whether a network along a path has an accuracy that `accuracy_path` leaves out of the picture."""
    found = (run for config in path.values() for run in runs_at(config))
    return any(min(LAST_ACCURACY.of(run), TRAIN_ACCURACY.of(run)) < FLOOR for run in found)


def accuracy_path(
    of: Technique, path: Path, current: float, *, title: str, key: str, narrow: bool = False, height: int | None = None
) -> None:
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
        height=height,
    )
