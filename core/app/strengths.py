"""A technique with one strength: its slider in either setting, its runs at the slider's stop and along all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.app import controls
from core.app.comparisons import course_chart, outcomes_of
from core.app.panels import captioned, numbers_table
from core.config import FULL, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claims import LAST_ACCURACY, LAST_LOSS, MEMORISED, TRAIN_ACCURACY, Measure, verdict
from core.course.experiments import RegularizationPath, decay_path, dropout_path, l1_path, l2_path, sparsities
from core.figures.compare import course_of
from core.figures.theme import COLOURS
from core.figures.weights import path_figure
from core.results.library import stored, stored_runs
from core.results.run import Run
from core.results.sparsity import Sparsity

SETTINGS = {"60,000 images": FULL, "2,000 images, 20 % wrong labels": SMALL_AND_NOISY}
"""The two settings that every strength is shown in."""


@dataclass(frozen=True)
class Strength:
    """A technique's one strength: what its slider is called, which runs it moves along, where it stands at first."""

    technique: str
    """Its name in legends."""
    label: str
    symbol: str
    key: str
    path: Callable[[RunConfig], RegularizationPath]
    default: float
    """Where its slider stands at first."""
    small: float
    """The strength that the course speaks of at the small and noisy setting."""

    def named_in(self, setting: str) -> float:
        """The strength that the course speaks of in a setting."""
        return self.default if SETTINGS[setting] == FULL else self.small

    @property
    def stops(self) -> tuple[float, ...]:
        return tuple(self.path(FULL))

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The parameters in the address, and what each may be."""
        return {f"{self.key}_on": tuple(SETTINGS), self.key: controls.texts_of(self.stops)}


DROPOUT = Strength("dropout", "p: the probability to switch a hidden unit off", "p", "p", dropout_path, 0.2, 0.5)
L1 = Strength("L1", "λ₁, the strength of L1", "λ₁", "lambda1", l1_path, 3e-5, 3e-4)
L2 = Strength("L2", "λ₂, the strength of L2", "λ₂", "lambda2", l2_path, 1e-4, 1e-2)
DECAY = Strength("L2", "weight_decay of AdamW", "weight_decay", "decay", decay_path, 1.0, 10.0)


def strength_controls(of: Strength) -> tuple[RunConfig, float]:
    """The widgets: which setting, and how strong."""
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        setting = controls.choice("Trained on", tuple(SETTINGS), key=f"{of.key}_on")
    with right:
        strength = controls.stop(of.label, of.stops, of.default, key=of.key)
    return SETTINGS[setting], strength


# --- at one stop ----------------------------------------------------------------------------------------------------


def networks_at(technique: str, plain: RunConfig, config: RunConfig) -> dict[str, RunConfig]:
    """The plain network and the technique's; the plain one alone where the strength is 0."""
    return {"plain": plain} if config == plain else {"plain": plain, technique: config}


def curves_beside_plain(
    technique: str, plain: RunConfig, config: RunConfig, *, key: str, penalty: bool = False
) -> None:
    """Loss and accuracy of a technique's network and of the plain one over all seeds; its penalty apart."""
    outcomes = outcomes_of(networks_at(technique, plain, config))
    places = st.columns(3 if penalty else 2)
    for place, what in zip(places, ("loss", "accuracy"), strict=False):
        held_out, train = ({name: course_of(found, f"{images}_{what}") for name, found in outcomes.items()}
                           for images in ("held_out", "train"))  # fmt: skip
        with place:
            course_chart(held_out, dashed=train, what=what, x="epoch", percent=what == "accuracy", key=f"{key}_{what}")
    if penalty:
        with places[2]:
            if config == plain:
                st.info("At strength 0 there is no penalty.")
            else:
                course_chart({technique: course_of(outcomes[technique], "penalty")}, what="penalty", x="epoch",
                             log_y=True, key=f"{key}_penalty")  # fmt: skip


def runs_at(config: RunConfig) -> list[Run]:
    return stored_runs(seeds_of(config))


def against_plain(measure: Measure, plain: RunConfig, config: RunConfig, higher: str, lower: str) -> str:
    """How a network differs from the plain one, paired over seeds, in words."""
    return verdict(measure, runs_at(plain), runs_at(config), higher, lower)


def stop_table(named: dict[str, RunConfig], measures: tuple[Measure, ...] = (TRAIN_ACCURACY, LAST_ACCURACY, LAST_LOSS)):
    """A row for each network: what it is, and mean ± standard deviation over seeds of each measure."""
    noisy = all(config.label_noise for config in named.values())
    shown = (*measures, MEMORISED) if noisy else measures
    numbers_table(
        [{"network": name, **{m.label: m.over(runs_at(config)) for m in shown}} for name, config in named.items()]
    )


# --- along the path -------------------------------------------------------------------------------------------------


FLOOR = 0.5
"""Where the accuracy axis of a path begins at the lowest: networks that only guess would flatten all others."""


def accuracy_path(
    of: Strength, path: RegularizationPath, current: float, *, title: str, key: str, narrow: bool = False
) -> None:
    """Training and held-out accuracy of the last epoch at every stop, over seeds."""
    runs = {stop: runs_at(config) for stop, config in path.items()}
    lines = {
        "held-out images": {stop: list(map(LAST_ACCURACY.of, found)) for stop, found in runs.items()},
        "training images": {stop: list(map(TRAIN_ACCURACY.of, found)) for stop, found in runs.items()},
    }
    rows = [
        {of.symbol: f"{stop:g}", "held-out accuracy": LAST_ACCURACY.over(found),
         "training accuracy": TRAIN_ACCURACY.over(found), "seeds": len(found)}
        for stop, found in runs.items()
    ]  # fmt: skip
    captioned(
        path_figure(lines, current, colour=COLOURS[of.technique], x_title=of.symbol, title=title, floor=FLOOR,
                    narrow=narrow),
        alt_text=f"Training and held-out accuracy against {of.symbol}.", rows=rows, key=key,
    )  # fmt: skip


def sparsities_along(path: RegularizationPath) -> dict[float, list[Sparsity]]:
    """The stored measurements of the first layer at every stop, over seeds."""
    return {stop: [s for s in map(stored, sparsities(config)) if s] for stop, config in path.items()}
