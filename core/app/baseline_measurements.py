"""The panels of the baseline lesson: trainings with their spread over seeds, the network, accuracy against the data,
and one network's loss surface with its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from core.app import controls, landscapes, panels, steps
from core.app.draw import scene
from core.app.frame import is_presenting
from core.app.runs import measured_or_computing, needed_run, run_or_training
from core.app.take_home import take_home
from core.config import FULL, SMALL_AND_NOISY, RunConfig, sweep
from core.course.baseline import BARRIER, OWN_SETTINGS
from core.course.claims import TRAIN_ACCURACY, NotStored, spread
from core.course.over_seeds import runs_at
from core.course.pictures import describe_surface
from core.figures.curves import (
    ACCURACY,
    LOSS,
    Curves,
    curve_table,
    shared_range,
    sweep_figure,
    sweep_table,
)
from core.figures.surfaces import line_figure, slice_figure, surface_figure, surface_table
from core.results.library import stored, stored_runs
from core.results.run import Run, parameter_counts, total_parameters
from core.results.surface import Surface, SurfaceSpec, notebook_spec

CURVES = {"Loss": LOSS, "Accuracy": ACCURACY}

# --- trainings ------------------------------------------------------------------------------------------------------


def two_trainings(settings: Mapping[str, RunConfig]) -> None:
    """A column for each of two settings: its curves on the axes that both share, and its numbers."""
    runs = {name: needed_run(config, key=f"two_{config.digest}") for name, config in settings.items()}
    for shown in steps.views(tuple(CURVES), key="picture_view"):
        _beside_each_other(runs, CURVES[shown], height=205 if is_presenting() else 265)
    for place, run in zip(st.columns(len(runs)), runs.values(), strict=True):
        with place:
            panels.headline(run, narrow=True)


def _beside_each_other(runs: Mapping[str, Run], curves: Curves, *, height: int) -> None:
    shared = shared_range([one for run in runs.values() for one in runs_at(run.config)], curves)
    for place, (name, run) in zip(st.columns(len(runs)), runs.items(), strict=True):
        with place:
            st.markdown(f"**{name}**")
            panels.curves_chart(run, curves, y_range=shared, height=height)


def trainings_in_full(settings: Mapping[str, RunConfig], *, key: str) -> None:
    """How each of several settings was trained, its numbers as a table, and its files."""
    for name, config in settings.items():
        run = needed_run(config, key=f"full_{config.digest}")
        st.markdown(f"- **{name}**: {panels.settings_in_words(config)}.")
        panels.table(
            curve_table(run.records, config), key=f"{key}_{config.digest}", label=f"Numbers behind the curves: {name}"
        )
    take_home(settings, key=key)


def one_training(config: RunConfig, *, key: str, height: int = 380) -> Run:
    """Loss and accuracy of one setting beside each other, in the band of its seeds; and the run that the lines are."""
    run = needed_run(config, key=f"{key}_run")
    for place, curves in zip(st.columns(2), CURVES.values(), strict=True):
        with place:
            panels.curves_chart(run, curves, height=height)
    panels.table(curve_table(run.records, config), key=f"{key}_one")
    return run


def spread_of_seeds(settings: Mapping[str, RunConfig]) -> None:
    """The accuracy of each setting in the band of its seeds, each on its own axis, and the table of all seeds."""
    for place, (name, config) in zip(st.columns(len(settings)), settings.items(), strict=True):
        with place:
            st.markdown(f"**{name}**")
            panels.curves_chart(needed_run(config, key=f"seeds_{config.digest}"), ACCURACY, height=270)
    seed_table({name: runs_at(config) for name, config in settings.items()})


def parameter_table(config: RunConfig) -> None:
    """The parameters of a config's network, layer by layer."""
    rows = [
        {"layer": f"Linear {name}", "weights": f"{w:,}", "biases": f"{b:,}", "together": f"{w + b:,}"}
        for name, (w, b) in parameter_counts(config).items()
    ]
    counts = parameter_counts(config).values()
    weights, biases = sum(w for w, _ in counts), sum(b for _, b in counts)
    rows.append(
        {
            "layer": "all",
            "weights": f"{weights:,}",
            "biases": f"{biases:,}",
            "together": f"{total_parameters(config):,}",
        }
    )
    st.table(rows)


def seed_table(runs_by_name: Mapping[str, Sequence[Run]]) -> None:
    """What several seeds of each setting gave: mean ± standard deviation."""
    rows = []
    for name, runs in runs_by_name.items():
        if not runs:
            continue
        rows.append(
            {
                "setting": name,
                "training accuracy": spread([r.last.train_accuracy for r in runs]).percent(),
                "held-out accuracy": spread([r.last.held_out_accuracy for r in runs]).percent(),
                "gap (points)": spread([100 * r.gap for r in runs]).plain(1),
                "best epoch": spread([r.best_epoch for r in runs]).plain(1),
                "seeds": str(len(runs)),
            }
        )
    panels.numbers_table(rows)


# --- the student's own run ------------------------------------------------------------------------------------------

OWN = "Your run"
IMAGES, NOISE = "Numbers of images", "Shares of wrong labels"


def own_controls() -> RunConfig:
    """The sliders of the data and of the length, the two settings of the lesson as buttons, the rest folded away."""
    first = ("n_train", "label_noise", "epochs")
    config = controls.config_from_widgets(first, SMALL_AND_NOISY, columns=1)
    with st.container(horizontal=True):
        for label, key, preset in (("Small and noisy", "preset_small", SMALL_AND_NOISY), ("Full", "preset_full", FULL)):
            st.button(label, key=key, on_click=controls.set_widgets, args=(preset, OWN_SETTINGS))
    with steps.fold("Other settings"):
        return controls.config_from_widgets([name for name in OWN_SETTINGS if name not in first], config, columns=1)


def own_figures(config: RunConfig) -> None:
    """The run of the sliders, or the accuracy along one of them."""
    shown = steps.views((OWN, IMAGES, NOISE), key="own_view")
    if OWN in shown:
        panels.report(run_or_training(config, key="yours"), key="yours", height=250 if is_presenting() else None)
    if IMAGES in shown:
        _over_images()
    if NOISE in shown:
        _over_noise()
    if OWN not in shown or len(shown) > 1:
        take_home(
            {f"{c.n_train:,} images": c for c in sweep(SMALL_AND_NOISY, "n_train")}
            | {f"{100 * c.label_noise:g} % wrong labels": c for c in sweep(SMALL_AND_NOISY, "label_noise")},
            key="sweeps",
        )


def _swept(setting: str) -> list[Run]:
    if runs := stored_runs(sweep(SMALL_AND_NOISY, setting)):
        return runs
    raise NotStored(f"there are no runs over {setting}")


def _over_images() -> None:
    runs = _swept("n_train")
    panels.captioned(
        sweep_figure(runs, "n_train", "training images (log scale)", log=True),
        alt_text="Training and held-out accuracy against the number of training images.",
        caption="With more images the lines approach each other. 20 % of the training labels are wrong throughout, so "
        "the rule alone could reach about 80 % on the dashed line, and what lies above that is learned by heart. Each "
        "dot is one run of 60 epochs. At 60,000 the solid line is measured on the test images.",
        rows=sweep_table(runs, "n_train"),
        key="images",
        height=330,
    )


def _over_noise() -> None:
    runs = _swept("label_noise")
    panels.captioned(
        sweep_figure(runs, "label_noise", "share of wrong labels", log=False),
        alt_text="Training and held-out accuracy against the share of wrong labels.",
        caption="The dashed line counts the labels as they were given, and up to half of them are wrong. It still ends "
        f"at {TRAIN_ACCURACY.over(runs[-1:])}, against {TRAIN_ACCURACY.over(runs[:1])} without wrong labels. The solid "
        "line falls in return. Each dot is one run.",
        rows=sweep_table(runs, "label_noise"),
        key="noise",
        height=330,
    )


# --- the loss surface -----------------------------------------------------------------------------------------------

YOURS = "yours"
NETWORKS = {"full": FULL, "small and noisy": SMALL_AND_NOISY, YOURS: None}
NO_WEIGHTS = (
    "Your network's surface appears here once it has been trained on this machine. Of most precomputed runs only the "
    "numbers were kept, and not the weights. Move a slider of your own run off the stops, or choose another network."
)


def surface_panel(*, asks: str) -> None:
    """One network's loss surface; beside it its controls, and a cut through it. asks: what the student is to look for.

    The controls are drawn in any case: a widget that is left out for a moment loses its place in the address.
    """
    figure, side = steps.side_by_side()
    with side:
        st.markdown(asks)
        network = controls.choice("Network", tuple(NETWORKS), key="network", bare=True)
        radius, directions, log_z = landscapes.place_controls(*[st.container()] * 3)
        view = controls.choice("View", ("3-D", "contours"), key="view", bare=True)
    config = NETWORKS[network] or controls.kept_config(OWN_SETTINGS, SMALL_AND_NOISY)
    spec = SurfaceSpec(config, radius=radius, direction_seed=directions)
    with figure:
        surface = _surface(spec, network)
        if surface:
            drawn = surface_figure(surface, view=view, log_z=log_z)
            height = 520 if is_presenting() else 440
            scene(drawn, key="surface_scene", alt=describe_surface(surface), height=height)
            panels.table(partial(surface_table, surface), key="surface")
    with steps.fold("Cut through it"):
        _cut(surface, radius, log_z)
    if surface:
        with steps.fold("What was computed, and how"):
            st.caption(landscapes.surface_caption(surface))


def _surface(spec: SurfaceSpec, network: str) -> Surface | None:
    """The surface of a run, or None where it is being computed or cannot be; then that is said."""
    if kept := stored(spec):
        return kept
    run = run_or_training(spec.run, key="surface_run") if network == YOURS else needed_run(spec.run, key="surface_run")
    if run is None or run.weights is None:
        st.info(NO_WEIGHTS)
        return None
    return measured_or_computing(spec, run, key="surface")


def _cut(surface: Surface | None, radius: float, log_z: bool) -> None:
    left, right = st.columns([2, 5], vertical_alignment="center")
    along, at = landscapes.slice_controls(left)
    if surface:
        figure = slice_figure(surface, along, at * radius, log_z=log_z)
        alt = f"The loss along {along}, the other coordinate held at {at * radius:.2f}."
        with right:
            panels.captioned(figure, alt_text=alt, key="cut", height=220)


# --- the notebook's surface, and the line between two networks -------------------------------------------------------


def notebook_surfaces(log_z: bool, *, height: int = 340) -> tuple[Surface, Surface] | None:
    """The notebook's surface of the full network beside ours; both, where they are there. log_z: on one logarithmic
    loss axis."""
    full = needed_run(FULL, key="notebook_run")
    theirs = measured_or_computing(notebook_spec(FULL), full, key="theirs")
    ours = measured_or_computing(SurfaceSpec(FULL), full, key="ours")
    if not (theirs and ours):
        return None
    landscapes.surfaces_side_by_side(
        {"The notebook's method": (theirs, True), "Filter-normalised, fixed images": (ours, False)},
        key="notebook",
        log_z=log_z,
        same_z=log_z,
        height=500 if is_presenting() else height,
        narrow=True,
    )
    return theirs, ours


def between_two_networks(*, height: int = 400) -> None:
    """The loss on the straight line from one trained network to another."""
    line = measured_or_computing(BARRIER, key="line")
    if line:
        panels.captioned(
            line_figure(line),
            alt_text=f"The loss along the line between two trained networks rises {line.barrier:.2f} nats above the "
            "chord.",
            caption=f"Between the two networks the loss rises {line.barrier:.2f} nats above the chord, so it is not "
            "convex. This is one pair of seeds, and one pair is enough to refute convexity.",
            key="between",
            height=height,
        )
