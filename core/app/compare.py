"""The compare page: every way to regularize at one place of the grid, and over a row of places."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.app import controls, steps
from core.app.comparisons import course_chart, outcomes_of
from core.app.frame import is_presenting
from core.app.panels import captioned, numbers_table
from core.app.strengths import SETTINGS
from core.config import RunConfig
from core.course.claims import Measure, percent, spread
from core.course.compare import MEASURES, Told, against, networks, setting_in_words
from core.course.family import Family
from core.course.grid import (
    AVERAGED_WEIGHTS,
    EARLY_STOPPING,
    OVER_IMAGES,
    OVER_WRONG_LABELS,
    STRENGTHS,
    Place,
    gains,
    guide,
    leaders,
    ways,
)
from core.figures.compare import course_of, stops_figure
from core.figures.gains import gains_figure
from core.maths.comparisons import LEVEL
from core.techniques import AUGMENTATION, DROPOUT, L1, L2, PLAIN, Technique

PREDICT, WRONG_LABELS, IMAGES = WHEN = ("Predict first", "Wrong labels", "Images")
"""What the step on when a technique helps shows."""
ROWS = {WRONG_LABELS: OVER_WRONG_LABELS, IMAGES: OVER_IMAGES}
"""Which of its two numbers a place is moved along → the places there are along it."""
X_TITLES = {"Wrong labels": "share of wrong labels", "Images": "training images"}

BESIDE = (EARLY_STOPPING, AVERAGED_WEIGHTS)
"""What can be shown over places beside the techniques."""
SHOWN_FIRST = (PLAIN, DROPOUT, L1, L2, AUGMENTATION)
"""The techniques that a figure over places opens with: eleven lines at once cannot be read."""


def gains_at_a_place(*, asks: str) -> None:
    """The gains of every way at one place, which the widgets choose."""
    figure, side = steps.side_by_side()
    with side:
        st.markdown(asks)
        place = _place()
    with figure:
        _gains(place, key="gains")
    first, *others = guide(place)
    with side:
        st.markdown(first)
        if not is_presenting():
            st.markdown("\n\n".join(others))
        elif others:
            with steps.fold("And the others?"):
                st.markdown("\n\n".join(others))


def gains_to_remember() -> None:
    """The gains in the small and noisy setting."""
    _gains(Place(), key="remember")


def _gains(place: Place, *, key: str) -> None:
    found = gains(place)
    rows = [
        {
            "way": gain.of.name,
            "strength": "" if gain.of.strength is None else f"{gain.of.strength:g}",
            **{name: round(value, 1) for name, value in zip(ENDS, gain.change.interval(100), strict=True)},
            "seeds": gain.change.n,
        }
        for gain in found
    ]
    captioned(
        gains_figure(
            {gain.of.name: gain.change.interval(100) for gain in found},
            x_title="points above the plain network",
            title="Test accuracy, gain",
        ),
        alt_text=f"How far each way is above the plain network in test accuracy, with {place.in_words}.",
        caption=f"**{place.in_words}**, {place.seeds} seeds: means with 95 % intervals. Strengths were chosen on "
        "validation images.",
        rows=rows,
        key=key,
    )


ENDS = ("points", "from", "to")
"""A difference and the ends of its interval, as a table names them."""


def _place() -> Place:
    along = controls.choice("Move", tuple(ROWS), key="move")
    places = ROWS[along]
    at_first = next(at for at, place in places.items() if place == Place())
    label, key = {"Wrong labels": ("Share of wrong labels", "wrong"), "Images": ("Training images", "images")}[along]
    return places[controls.stop(label, tuple(places), at_first, key=key)]


def accuracy_over(row: str, *, asks: str) -> None:
    """The test accuracy of several techniques over a row of places. row: a key of ROWS."""
    places, x_title, key = ROWS[row], X_TITLES[row], row.split()[0].lower()
    figure, side = steps.side_by_side()
    with side:
        st.markdown(asks)
        names = [technique.name for technique in which(key=key)]
        with st.grid(2, min_column_width=120):
            names += [name for name in BESIDE if controls.toggle(name, key=_key(key, name))]
        with steps.fold("What was measured"):
            st.markdown(leaders(places.values()))
    found = {at: {way.name: list(way.accuracies) for way in ways(place)} for at, place in places.items()}
    values = {name: {at: there[name] for at, there in found.items() if name in there} for name in names}
    with figure:
        captioned(
            stops_figure(
                values,
                next(at for at, place in places.items() if place == Place()),
                x_title=x_title,
                title="Test accuracy",
            ),
            alt_text=f"Test accuracy against {x_title}, for {', '.join(values)}.",
            caption="Each dot is a seed, and the line is their mean. The bar marks the course's small and noisy "
            "setting.",
            rows=[
                {"technique": name, x_title: at, "mean accuracy": percent(spread(some).mean)}
                for name, by_stop in values.items()
                for at, some in by_stop.items()
            ],
            key=f"over_{row}",
        )


def which(*, key: str, first: Sequence[Technique] = SHOWN_FIRST) -> list[Technique]:
    """A switch for each technique, those of `first` on at the beginning; the plain network where all are off."""
    with st.grid(2, min_column_width=120):
        on = [controls.toggle(t.name, key=_key(key, t.name), default=t in first) for t in STRENGTHS]
    return [technique for technique, is_on in zip(STRENGTHS, on, strict=True) if is_on] or [PLAIN]


def switches(key: str) -> tuple[str, ...]:
    """The keys of the switches of `which`."""
    return tuple(_key(key, technique.name) for technique in STRENGTHS)


def when_switches(key: str) -> tuple[str, ...]:
    """The keys of the switches of `accuracy_over`."""
    return (*switches(key), *(_key(key, name) for name in BESIDE))


def _key(key: str, name: str) -> str:
    return f"{key}_{name.replace(' ', '_').replace('-', '_').lower()}"


# --- all techniques on the same axes ----------------------------------------------------------------------------------

VIEWS = {"Loss": "held_out_loss", "Accuracy": "held_out_accuracy", "Gap": "gap"}
"""What is drawn over the epochs → its field of a record."""


def same_axes(*, asks: str) -> None:
    """The curves of any techniques in one figure."""
    figure, side = steps.side_by_side()
    with side:
        st.markdown(asks)
        base = SETTINGS[controls.choice("Trained on", tuple(reversed(SETTINGS)), key="axes_on")]
        shown = which(key="axes")
    named = {technique.name: networks(base)[technique.name] for technique in shown}
    with figure:
        outcomes = outcomes_of(named)
        for view in steps.views(tuple(VIEWS), key="axes_view"):
            course_chart(
                {name: course_of(found, VIEWS[view]) for name, found in outcomes.items()},
                what=view.lower() if view != "Gap" else "gap, held-out minus training loss",
                x="epoch",
                percent=view == "Accuracy",
                log_y=view == "Loss",
                key=f"axes_{view.lower()}",
            )
        st.caption("Each line is the mean over the seeds, in a band from the lowest to the highest.")
    with side, steps.fold("How it was measured"):
        st.markdown(setting_in_words(base))


def numbers(*, asks: str) -> None:
    """A number of every technique, and how far it is from that of any one of them: paired over seeds, with its
    interval, and with Holm's correction where the student wants it."""
    figure, side = steps.side_by_side()
    with side:
        st.markdown(asks)
        base = SETTINGS[controls.choice("Trained on", tuple(reversed(SETTINGS)), key="numbers_on")]
        named = controls.pick("Number", tuple(MEASURES), key="number")
        baseline = controls.pick("Compared with", [t.name for t in STRENGTHS], key="against")
        corrected = controls.toggle("Holm's correction", key="holm", help_text=HOLM)
    told, family = MEASURES[named], against(baseline, base, MEASURES[named])
    measure, clear = told.measure, family.clear(corrected=corrected)
    with figure:
        for view in steps.views(NUMBERS_VIEWS, key="numbers_view"):
            if view == "Figure":
                captioned(
                    gains_figure(
                        {name: change.interval(measure.scale) for name, change in family.differences.items()},
                        x_title=f"difference from {baseline}, in {_unit(measure)}",
                        title=measure.label.capitalize(),
                    ),
                    alt_text=f"{measure.label.capitalize()} of every technique, less that of {baseline}.",
                    key="numbers",
                )
            else:
                numbers_table([_number(name, base, told, family, clear) for name in networks(base)])
    with side:
        st.markdown(
            f"**{len(clear)} of {len(family.differences)} differences are clear.** If there were none at all, "
            f"{family.by_chance:.1f} would be expected to have an interval without 0."
        )
        with steps.fold("How it was measured"):
            st.markdown(f"After the last epoch. {setting_in_words(base)}")


NUMBERS_VIEWS = ("Figure", "Table")


def _unit(measure: Measure) -> str:
    return "points" if measure.unit == "%" else measure.unit or measure.label


def _number(name: str, base: RunConfig, told: Told, family: Family[str], clear: list[str]) -> dict:
    """A row of the table: numbers, so that it can be sorted by any of them."""
    values = [told.measure.scale * told.measure.of(result) for result in told.results_at(networks(base)[name])]
    if not values:
        return {"technique": name}
    found = spread(values)
    row = {"technique": name, "mean": round(found.mean, 3), "± seeds": round(found.sd, 3)}
    if change := family.differences.get(name):
        mean, low, high = (round(end, 3) for end in change.interval(told.measure.scale))
        row |= {"difference": mean, "from": low, "to": high, "clear": name in clear}
    return row


HOLM = (
    "Among many differences that are not there, some have an interval without 0 by chance. Holm's correction holds the "
    f"chance of even one such mistake, among all that are compared here, to {percent(LEVEL, 0)}."
)
