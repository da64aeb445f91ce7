"""Techniques compared over seeds: curves with bands, a number against a setting, tables, verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.app import controls
from core.app.panels import captioned, numbers_table
from core.course.claims import Measure, NotStored
from core.course.over_seeds import Networks, over_seeds
from core.figures.compare import Course, course_of, course_table, courses_figure, stops_figure
from core.results.library import stored_outcomes, stored_runs
from core.results.run import Diverged, Outcome, Run

MEASURED_ON = {
    "held-out images": ("held_out_loss", "held_out_accuracy"),
    "training images": ("train_loss", "train_accuracy"),
}


def outcomes_of(networks: Networks) -> dict[str, list[Outcome]]:
    """What the trainings of each network came to, over all seeds."""
    return {name: stored_outcomes(configs) for name, configs in over_seeds(networks).items()}


def runs_of(networks: Networks) -> dict[str, list[Run]]:
    """The runs of each network over all seeds, without those that diverged."""
    return {name: stored_runs(configs) for name, configs in over_seeds(networks).items()}


def images_choice(key: str) -> str:
    """The widget of the images that curves are measured on: a name of MEASURED_ON."""
    return controls.choice("Measured on", tuple(MEASURED_ON), key=f"{key}_on")


CURVES = ("Loss", "Accuracy")


def curves_figures(
    networks: Networks,
    measured_on: str,
    *,
    key: str,
    log_loss: bool = False,
    height: int | None = None,
    shown: Sequence[str] = CURVES,
) -> None:
    """Loss and accuracy of several networks, mean and range over seeds. measured_on: a name of MEASURED_ON. shown:
    which of CURVES, side by side."""
    outcomes, fields = outcomes_of(networks), dict(zip(CURVES, MEASURED_ON[measured_on], strict=True))
    for place, name in zip(st.columns(len(shown)), shown, strict=True):
        field, percent = fields[name], name == "Accuracy"
        courses = {name: course_of(found, field) for name, found in outcomes.items()}
        with place:
            course_chart(
                courses,
                what="accuracy" if percent else "loss",
                x="epoch",
                percent=percent,
                log_y=log_loss and not percent,
                key=f"{key}_{field}",
                height=height,
            )


def course_chart(
    courses: Mapping[str, Course],
    *,
    what: str,
    x: str,
    key: str,
    percent: bool = False,
    log_y: bool = False,
    narrow: bool = False,
    dashed: Mapping[str, Course] | None = None,
    height: int | None = None,
    colours: Mapping[str, str] | None = None,
) -> None:
    """One quantity over time for several techniques, with a table behind it. dashed: a second one. colours: a name that
    is no technique's → the technique whose colour it has."""
    y_title = "nats per image" if what == "loss" else ""  # a title says the rest, and fits a projector
    figure = courses_figure(
        courses,
        x_title=x,
        y_title=y_title,
        title=what.capitalize(),
        percent=percent,
        log_y=log_y,
        legend_columns=2 if narrow else 0,
        dashed=dashed,
        colours=colours,
    )
    seeds = max((len(course.values) for course in courses.values()), default=0)
    captioned(
        figure,
        rows=course_table(courses, x),
        key=key,
        height=height,
        alt_text=f"{what.capitalize()} over each {x}: mean and range over {seeds} seeds of {', '.join(courses)}.",
    )


def measure_table(runs: Mapping[str, Sequence[Run]], measures: Sequence[Measure]) -> None:
    """A row for each measure, a column for each setting: mean ± standard deviation over seeds."""
    names = {name: f"{name} ({len(found)} seeds)" for name, found in runs.items()}
    numbers_table(
        [{"measure": m.label, **{names[name]: m.over(found) for name, found in runs.items()}} for m in measures]
    )


def stop_curves(networks: Networks, *, key: str, height: int | None = None) -> None:
    """The held-out accuracy of the networks at one stop, epoch by epoch, and a word where trainings diverged."""
    found = outcomes_of(networks)
    courses = {name: course_of(outcomes, "held_out_accuracy") for name, outcomes in found.items()}
    course_chart(courses, what="accuracy", x="epoch", percent=True, narrow=True, key=f"{key}_curve", height=height)
    for note in filter(None, (diverged_note(name, outcomes) for name, outcomes in found.items())):
        st.warning(note)


def all_stops(
    at: Callable[[float], Networks],
    stops: Sequence[float],
    current: float,
    *,
    x_title: str,
    key: str,
    height: int | None = None,
) -> None:
    """The accuracy of several networks at every stop of a setting, over seeds. current: the stop that is marked."""
    values = {
        name: {stop: [_last_accuracy(o) for o in outcomes_of(at(stop))[name]] for stop in stops} for name in at(current)
    }
    captioned(
        stops_figure(values, current, x_title=x_title, title="Accuracy, last epoch"),
        alt_text=f"Accuracy at the last epoch against {x_title}, for {', '.join(values)}.",
        rows=_stop_rows(values, x_title),
        key=key,
        height=height,
    )


def _last_accuracy(outcome: Outcome) -> float | None:
    return None if isinstance(outcome, Diverged) else outcome.last.held_out_accuracy


def _stop_rows(values: Mapping[str, Mapping[float, Sequence[float | None]]], x_title: str) -> list[dict]:
    return [
        {
            "technique": name,
            x_title: stop,
            **{f"seed {i}": "diverged" if v is None else f"{100 * v:.1f} %" for i, v in enumerate(seeds)},
        }
        for name, by_stop in values.items()
        for stop, seeds in by_stop.items()
    ]


def diverged_note(name: str, outcomes: Sequence[Outcome]) -> str:
    """That some of a network's trainings ended early, and when; empty where none did."""
    lost = [outcome for outcome in outcomes if isinstance(outcome, Diverged)]
    if not lost:
        return ""
    first, last = min(o.step for o in lost), max(o.step for o in lost)
    when = f"step {first}" if first == last else f"steps {first} to {last}"
    return (
        f"The {name} network **diverged** in {len(lost)} of {len(outcomes)} seeds, at {when} of "
        f"{lost[0].config.steps:,}: its loss was no longer a finite number. "
        + ("There is nothing to draw of it." if len(lost) == len(outcomes) else "Only the others are drawn.")
    )


def best_stop(
    at: Callable[[float], Networks], stops: Sequence[float], name: str, measure: Measure
) -> tuple[float, str]:
    """The stop at which a network's mean is highest, and that mean in words. Raises NotStored where none has a run."""
    runs = {stop: stored_runs(over_seeds(at(stop))[name]) for stop in stops}
    if not any(runs.values()):
        raise NotStored(f"there are no runs of {name}")
    best = max((s for s in stops if runs[s]), key=lambda s: sum(map(measure.of, runs[s])) / len(runs[s]))
    return best, measure.over(runs[best])
