"""Pictures of a lesson's exercises as plain data: what is drawn, what it shows in words, what stands beside it.

core/app/pictures.py draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.config import RunConfig
from core.course.claims import LAST_ACCURACY
from core.course.over_seeds import first_layer, runs_at
from core.figures.compare import Course, course_table, courses_figure, dots_figure
from core.figures.curves import LOSS, Curves, learning_curves
from core.figures.surfaces import shared_z_range, surface_figure, surface_table
from core.figures.theme import Figure, Spec
from core.figures.weights import spy_figure, spy_table
from core.results.library import stored, stored_run
from core.results.run import EpochRecord
from core.results.surface import Surface, SurfaceSpec


@dataclass(frozen=True)
class Panel:
    """One figure: a chart, or a surface as a Plotly figure. alt: what it shows, for a screen reader. title and caption
    stand above and below it, rows in the table behind it; without them a chart's own numbers stand there."""

    figure: Figure | Spec
    alt: str
    title: str = ""
    caption: str = ""
    rows: Sequence[Mapping[str, object]] = ()


@dataclass(frozen=True)
class Picture:
    """Panels beside each other, with a caption below them all. No panel: what it needs is not stored."""

    panels: tuple[Panel, ...] = ()
    caption: str = ""


MISSING = Picture()

GREY = "#9aa1ab"
"""Of what faulty code gives, beside the right curve."""


# --- what several lessons draw --------------------------------------------------------------------------------------


def describe_surface(surface: Surface) -> str:
    """What a loss surface shows, for a screen reader: from where to where it goes, and where it is lowest."""
    low, high = surface.range
    i, j = divmod(int(surface.loss.argmin()), surface.loss.shape[1])
    deepest = f"lowest at α = {surface.coordinates[i]:.2f}, β = {surface.coordinates[j]:.2f}".replace("-", "−")
    centre = f", {surface.centre:.3f} at the trained network" if surface.centre is not None else ""
    radius = surface.spec.radius
    return f"Loss surface over α and β from {-radius:g} to {radius:g}: from {low:.3f} to {high:.3g}{centre}, {deepest}."


def surface_panel(surface: Surface, *, title: str = "", **how: object) -> Panel:
    """A loss surface. how: as core.figures.surfaces.surface_figure takes it."""
    rows = surface_table(surface, as_in_notebook=bool(how.get("as_in_notebook")))
    return Panel(surface_figure(surface, **how), describe_surface(surface), title=title, rows=rows)


def one_surface(spec: SurfaceSpec, caption: Callable[[Surface], str], **how: object) -> Picture:
    """A stored surface, with a caption that reads numbers from it."""
    surface = stored(spec)
    return Picture((surface_panel(surface, **how),), caption(surface)) if surface else MISSING


def surfaces_side_by_side(
    named: Mapping[str, SurfaceSpec], *, log_z: bool = False, same_z: bool = True, as_in_notebook: bool = False
) -> tuple[Panel, ...]:
    """Stored surfaces with one camera, on one loss axis or each on its own; none where one is missing."""
    found = {name: surface for name, spec in named.items() if (surface := stored(spec))}
    if len(found) < len(named):
        return ()
    z_range = shared_z_range(list(found.values()), log_z) if same_z else None
    how = {"log_z": log_z, "z_range": z_range, "as_in_notebook": as_in_notebook}
    return tuple(surface_panel(surface, title=name, **how) for name, surface in found.items())


def spies(named: Mapping[str, RunConfig], threshold: float) -> Picture:
    """Spy plots of first layers beside each other, with the count below each."""
    found = {name: layer for name, config in named.items() if (layer := first_layer(config))}
    if len(found) < len(named):
        return MISSING
    panels = []
    for name, layer in found.items():
        k = layer.index(threshold)
        small, zero = (f"{100 * share:.1f} %" for share in (layer.share_small(threshold), layer.share_zero))
        alt = f"Spy plot, {name}: {small} of the first layer's weights are small, {zero} exactly 0."
        counts = f"**{small}** up to {threshold:g} · **{zero}** exactly 0"
        alive = f"{int(layer.alive[k])} of {layer.spec.matrix[0]} units alive"
        rows = spy_table(layer)
        panels.append(Panel(spy_figure(layer.levels, k, title=name), alt, caption=f"{counts} · {alive}", rows=rows))
    return Picture(tuple(panels))


def last_accuracies(named: Mapping[str, RunConfig], colours: Mapping[str, str]) -> Picture:
    """The test accuracy of every seed of several networks as dots, and their means in words."""
    runs = {name: runs_at(config) for name, config in named.items()}
    if not all(runs.values()):
        return MISSING
    values = {name: [LAST_ACCURACY.of(run) for run in found] for name, found in runs.items()}
    figure = dots_figure(values, dict(colours), x_title="test accuracy, last epoch")
    caption = "; ".join(f"{name}: {LAST_ACCURACY.over(found)}" for name, found in runs.items())
    return Picture((Panel(figure, f"Test accuracy of five seeds each: {', '.join(values)}."),), f"{caption}.")


def courses_panel(
    courses: Mapping[str, Course], *, what: str, y_title: str = "", percent: bool = False, log_y: bool = False
) -> Panel:
    """One quantity over the epochs for several techniques, with a table behind it."""
    figure = courses_figure(
        courses, x_title="epoch", y_title=y_title, title=what.capitalize(), percent=percent, log_y=log_y
    )
    seeds = max((len(course.values) for course in courses.values()), default=0)
    alt = f"{what.capitalize()} over each epoch: mean and range over {seeds} seeds of {', '.join(courses)}."
    return Panel(figure, alt, rows=course_table(courses, "epoch"))


THEIRS_AND_HELD_OUT = Curves(
    LOSS.title, LOSS.unit, {"notebook_loss": "the recorded training loss", "held_out_loss": "{held out} images"}
)
"""The two losses that the source notebook records."""


def loss_curves(config: RunConfig, curves: Curves, alt: str) -> Picture:
    """The losses of one stored run epoch by epoch, and what they come to at the last."""
    run = stored_run(config)
    if run is None:
        return MISSING
    panel = Panel(learning_curves(run.records, run.config, curves), alt)
    return Picture((panel,), f"Last epoch: {_losses(run.last, curves, config.held_out)}.")


def _losses(end: EpochRecord, curves: Curves, held_out: str) -> str:
    told = [f"recorded training loss {end.notebook_loss:.3f}", f"{held_out} loss {end.held_out_loss:.3f}"]
    if "train_loss" in curves.lines:
        told.append(f"training loss measured afterwards {end.train_loss:.3f}")
        if end.penalty:
            told.append(f"penalty {end.penalty:.3f}")
    return ", ".join(told)
