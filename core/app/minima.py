"""Where training ends with each technique, on a page: how sure, how sharp, on which way, and what lies between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.app import controls, steps
from core.app.compare import switches, which
from core.app.draw import chart, scene
from core.app.landscapes import DIRECTIONS_HELP, how_it_was_computed, landscape_figures, surfaces_there
from core.app.panels import captioned, numbers_table, table
from core.app.strengths import SETTINGS
from core.config import RunConfig
from core.course.claims import LAST_ACCURACY, MISSING, Measure, percent, spread
from core.course.compare import RADIUS, networks
from core.course.minima import (
    ACCURACY,
    BETA,
    CALIBRATION_ERROR,
    CONFIDENCE,
    IMAGES,
    KEPT,
    LOSS,
    RISE,
    TOP,
    TRACE,
    WAYS,
    Wall,
    along_gradients,
    between_of,
    by_chance,
    calibration_order,
    calibrations,
    checkpoint,
    flat_and_accurate,
    flattest,
    how_sure,
    not_minima,
    order,
    plane_explains,
    sharpnesses,
    statistics_in_words,
    training_path,
    walls,
    walls_in_words,
    widest,
)
from core.course.over_seeds import DIRECTION_SEEDS, Networks, runs_at
from core.figures.calibration import reliability_figure, reliability_rows
from core.figures.paths import between_figure, losses_figure, path_figure
from core.figures.sharpness import Estimate, sharpness_figure
from core.results.path import TrainingPath
from core.results.surface import SurfaceSpec
from core.techniques import BATCH_NORM, DROPOUT, L1, L2, LABEL_SMOOTHING, LAYER_NORM, PLAIN, TECHNIQUES

SURE_FIRST = (PLAIN, DROPOUT, L2, LABEL_SMOOTHING)
"""The techniques that the reliability figure opens with: more dots cannot be told apart."""


def _trained_on(key: str) -> RunConfig:
    """The widget of the setting, the small and noisy one first: its plain network."""
    return SETTINGS[controls.choice("Trained on", tuple(reversed(SETTINGS)), key=key)]


def _is_missing(found: Mapping | Sequence | object) -> bool:
    """Says so where nothing is stored."""
    if not found:
        st.info(f"{MISSING.capitalize()}.")
    return not found


# --- how sure --------------------------------------------------------------------------------------------------------

SURE_SETTINGS = ("sure_on", "sure_view", *switches("sure"))


def calibration_panel(*, asks: str, says: str) -> None:
    """Accuracy against confidence for some techniques, and what all come to in a table."""
    figure, side = steps.side_by_side()
    with side:
        st.markdown(asks)
        base = _trained_on("sure_on")
        shown = [technique.name for technique in which(key="sure", first=SURE_FIRST)]
    found = calibrations(networks(base))
    with figure:
        if _is_missing(found):
            return
        some = {name: found[name] for name in shown if name in found}
        views = steps.views(("Figure", "All techniques in numbers"), key="sure_view")
        if "Figure" in views:
            captioned(
                reliability_figure(some),
                alt_text="The share of right answers against the mean confidence, in bins of confidence.",
                caption=f"Test images in bins of equal width, over {_seeds(found)} seeds. The larger a dot, the more "
                "images it stands for. On the dashed line, confidence and share are equal.",
                rows=[row for name in some for row in reliability_rows(name, some[name])],
                key="sure",
                height=360,
            )
        if "All techniques in numbers" in views:
            numbers_table([_calibration_row(name, results) for name, results in found.items()])
            st.caption("Means over seeds. Confidence, accuracy and error are in per cent, the loss is in nats.")
    with side:
        st.markdown(how_sure(PLAIN.name, found.get(PLAIN.name, [])))
        with steps.fold("What was measured"):
            st.markdown(f"{calibration_order(found)}\n\n{says}{_chance(found)}")


def _seeds(found: Mapping[str, Sequence]) -> int:
    return max(map(len, found.values()))


def _chance(found: Mapping) -> str:
    results = found.get(PLAIN.name)
    if not results:
        return ""
    expected = spread(list(map(by_chance, results))).mean
    return f" For the plain network's confidences that would be {100 * expected:.1f} points."


def _calibration_row(name: str, found: Sequence) -> dict:
    def mean(measure: Measure) -> float:
        return measure.scale * measure.mean(found)

    return {
        "technique": name,
        "confidence": round(mean(CONFIDENCE), 1),
        "accuracy": round(mean(ACCURACY), 1),
        "calibration error": round(mean(CALIBRATION_ERROR), 1),
        "± seeds": round(100 * spread([c.error for c in found]).sd, 2),
        "loss": round(mean(LOSS), 3),
    }


# --- how sharp -------------------------------------------------------------------------------------------------------

PICTURES = "Pictures"
SHARP_SETTINGS = ("sharp_view", "sharp_on", "sharp_directions", "sharp_log", *switches("surface"))
MOST_SURFACES = 4
"""So many stand beside each other."""


@dataclass(frozen=True)
class SharpView:
    """One measure of sharpness as a figure. results: of networks by name, over seeds. error: a result's standard
    error."""

    measure: Measure
    error: Callable[[Any], float]
    x_title: str
    caption: str
    results: Callable[[Networks], dict[str, list]] = sharpnesses


SHARP_VIEWS: dict[str, SharpView] = {
    "Steepest": SharpView(
        TOP,
        lambda s: 0.0,
        "largest eigenvalue of the Hessian",
        "The curvature of the loss in the direction in which it curves most.",
    ),
    "All directions": SharpView(
        TRACE,
        lambda s: s.trace_error,
        "trace of the Hessian",
        "The sum of the curvatures in all directions. It is estimated, and each dot's line is one standard error long "
        "to either side.",
    ),
    "Scaled steps": SharpView(
        RISE,
        lambda s: s.rise_error,
        "rise of the loss (nats)",
        "How far the loss rises when each unit's weights are moved by their own length in a random direction, over ten "
        "directions. Each dot's line is one standard error long to either side.",
    ),
    "Along the gradient": SharpView(
        BETA,
        lambda p: 0.0,
        "effective β",
        "In the first 400 steps of training: how much the gradient changes per distance along itself, at most "
        "([Santurkar et al. 2018](https://arxiv.org/abs/1805.11604)). Dropout's masks make it no measure there.",
        along_gradients,
    ),
}


def sharpness_panel(*, asks: str, why: str) -> None:
    """Measures of sharpness of all techniques, the flattest first; and the surfaces of some."""
    figure, side = steps.side_by_side()
    with side:
        st.markdown(asks)
        base = _trained_on("sharp_on")
    found = sharpnesses(networks(base))
    with figure:
        if _is_missing(found):
            return
        shown = steps.views((*SHARP_VIEWS, PICTURES), key="sharp_view")
        for view in shown:
            if view == PICTURES:
                _surfaces(base, side)
            else:
                _sharp_chart(SHARP_VIEWS[view], base)
    with side:
        if PICTURES not in shown:
            st.markdown(flattest(found))
        with steps.fold("Why do they disagree?"):
            st.markdown(why)
        with steps.fold("How it was measured"):
            st.markdown(f"{MEASURED}\n\n{not_minima(found)} {AT_NO_MINIMUM}")
        with steps.fold("Is the flattest the best?"):
            accuracies = {name: LAST_ACCURACY.mean(runs_at(networks(base)[name])) for name in found}
            st.markdown(flat_and_accurate(found, accuracies))


def _sharp_chart(view: SharpView, base: RunConfig) -> None:
    """One measure of every network of which it is stored, the flattest first."""
    found = view.results(networks(base))
    ordered = order(found, view.measure)
    values: dict[str, list[Estimate]] = {
        name: [(view.measure.of(s), view.error(s)) for s in found[name]] for name in ordered
    }
    captioned(
        sharpness_figure(values, x_title=view.x_title),
        alt_text=f"{view.x_title.capitalize()} of every technique, the flattest first.",
        caption=f"{view.caption} Dots are seeds, and the tick is their mean. {widest(found, view.measure)}",
        rows=[{"technique": name, view.x_title: view.measure.over(found[name])} for name in ordered],
        key=f"sharp_{view.measure.label}",
    )


def _surfaces(base: RunConfig, side) -> None:
    """The surfaces of up to four networks, along the same random numbers, with one camera and one loss axis."""
    with side:
        pairs = tuple(map(str, DIRECTION_SEEDS))
        directions = int(controls.choice("Directions", pairs, key="sharp_directions", help_text=DIRECTIONS_HELP))
        log_z = controls.toggle("Log loss", key="sharp_log", default=True)
        with steps.fold("Which networks"):
            chosen = [technique.name for technique in which(key="surface", first=SURFACES_FIRST)]
        if len(chosen) > MOST_SURFACES:
            st.caption(f"Four stand beside each other. Left out: {', '.join(chosen[MOST_SURFACES:])}.")
    shown = chosen[:MOST_SURFACES]
    specs = {name: SurfaceSpec(networks(base)[name]) for name in shown}
    found = surfaces_there(specs, RADIUS, directions)
    for row in (shown[:2], shown[2:]) if len(shown) == MOST_SURFACES else (shown,):
        landscape_figures(found, row, log_z=log_z, key="sharp", height=200 if len(shown) > 3 else None)
    if found:
        st.caption(how_it_was_computed(next(iter(found.values()))))


SURFACES_FIRST = (PLAIN, BATCH_NORM, DROPOUT, L2)

MEASURED = (
    "The loss is the cross-entropy on the training images with the labels that the network was trained on, without "
    "any penalty, in evaluation mode. Batch norm therefore uses the statistics that training left, as constants. With "
    "the statistics of the images themselves its numbers would be others."
)
AT_NO_MINIMUM = (
    "A network with a penalty is at a minimum of the loss and the penalty together, and one that was trained for a "
    "fixed number of epochs need not have arrived."
)


# --- which way -------------------------------------------------------------------------------------------------------

ONE_TRAINING, TWO_NETWORKS = WAYS_SHOWN = ("One training", "Between two networks")

PATH_SETTINGS = ("path_of", "path_epoch")


def path_panel(*, asks: str, says: str) -> None:
    """The path of one technique's training in its own plane, and the true losses beside those of the plane."""
    figure, side = steps.side_by_side()
    with side:
        named = {technique.name: technique for technique in TECHNIQUES}
        technique = named[controls.pick("Technique", tuple(named), key="path_of")]
        last = path_epochs()
        epoch = int(controls.stop("Epoch", range(last + 1), last, key="path_epoch"))
        st.markdown(asks)
    found = training_path(technique)
    with figure:
        if _is_missing(found):
            return
        name = technique.name
        scene(path_figure(found, epoch), key="path", alt=_path_alt(name, found), height=290)
        chart(
            losses_figure(found, epoch, technique.colour),
            alt=f"The loss of {name} at every checkpoint, and at its nearest point in the plane.",
            height=190,
        )
        table(_path_rows(found), key="path")
    with side:
        st.markdown(f"{plane_explains(found)} {checkpoint(found, epoch)}")
        with steps.fold("How it was measured"):
            st.markdown(says)


def path_epochs() -> int:
    """How many epochs the trainings have that are followed."""
    return SETTINGS[next(reversed(SETTINGS))].epochs


def _path_alt(name: str, path: TrainingPath) -> str:
    return (
        f"The path of training with {name} in its own plane. It begins {path.distances[0]:.0f} from its end, where the "
        f"loss is {path.loss[-1]:.2f}."
    )


def _path_rows(path: TrainingPath) -> list[dict]:
    return [
        {
            "epoch": e,
            "first axis": round(float(path.coordinates[e, 0]), 2),
            "second axis": round(float(path.coordinates[e, 1]), 2),
            "from the plane": round(float(path.off_plane[e]), 2),
            "loss": round(float(path.loss[e]), 4),
            "loss in the plane": round(float(path.shadow_loss[e]), 4),
        }
        for e in range(len(path.loss))
    ]


# --- what lies between -----------------------------------------------------------------------------------------------

BETWEEN_SETTINGS = ("between_on", "between_view", *switches("between"))
BETWEEN_FIRST = (PLAIN, BATCH_NORM, LAYER_NORM, DROPOUT, L1, L2)
"""The techniques that the figure opens with: eleven lines at once cannot be read."""
WALL_VIEWS = ("Loss", "Accuracy")


def between_panel(*, asks: str, says: str) -> None:
    """Loss and accuracy between the networks of two seeds: a line for each technique that is chosen, all in numbers."""
    figure, side = steps.side_by_side()
    with side:
        st.markdown(asks)
        images = controls.choice("Measured on", tuple(IMAGES), key="between_on")
        words = st.container()
        with steps.fold("Which networks"):
            chosen = {technique.name for technique in which(key="between", first=BETWEEN_FIRST)}
    found = walls(IMAGES[images])
    shown = [wall for wall in found if wall.name in chosen]
    with figure:
        if _is_missing(found):
            return
        for view in steps.views((*WALL_VIEWS, "Numbers"), key="between_view"):
            if view == "Numbers":
                numbers_table([_wall_row(wall) for wall in found])
            else:
                _between_chart(shown, view, images)
    with side:
        words.markdown(walls_in_words(shown))
        with steps.fold("What that says"):
            st.markdown(f"{says}\n\n{statistics_in_words(found)}")


def _between_chart(found: Sequence[Wall], view: str, images: str) -> None:
    kept = {WAYS[KEPT]}
    solid, dashed = (
        {wall.name: getattr(wall, view.lower()) for wall in found if (wall.way in kept) == is_kept}
        for is_kept in (False, True)
    )
    captioned(
        between_figure(
            solid,
            dashed,
            between_of(PLAIN).positions,
            title=f"{view}, {images.lower()}",
            percent=view == "Accuracy",
        ),
        alt_text=f"{view} on the {images.lower()} along the straight line between the networks of two seeds.",
        caption="One pair of networks for each technique, trained on 2,000 images with a fifth of the labels wrong. "
        "Dashed: batch norm with its statistics interpolated like the weights.",
        key=f"between_{view.lower()}",
        height=380,
    )


def _wall_row(wall: Wall) -> dict:
    return {
        "technique": f"{wall.name}, {wall.way}" if wall.way else wall.name,
        "wall (nats)": round(wall.barrier, 3),
        "accuracy at the ends": percent(wall.at_ends),
        "lowest on the way": percent(wall.lowest),
    }
