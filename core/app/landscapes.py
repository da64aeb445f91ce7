"""Loss surfaces on a page: one with all its controls, or several beside each other on one loss axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import streamlit as st

from core.app import controls
from core.app.draw import scene
from core.app.frame import is_presenting
from core.app.panels import percent, table
from core.course.claims import spread
from core.course.over_seeds import over_directions
from core.course.pictures import describe_surface
from core.figures.surfaces import shared_z_range, surface_figure, surface_table
from core.results.library import stored
from core.results.surface import RADII, Surface, SurfaceSpec, share_curving_down

AT_SHARES = tuple(tenths / 10 for tenths in range(-10, 11))
RADIUS_HELP = "How far from the trained network the picture reaches. At 1 each unit's weights move by their own length."
DIRECTIONS_HELP = (
    "Three pairs of random directions. What all three show is a property of the network; the rest is chance."
)


def place_controls(a, b, c) -> tuple[float, int, bool]:
    """The widgets, in three columns, of which part of a surface is seen: its radius, its pair of directions, and
    whether z is logarithmic."""
    with a:
        radius = controls.stop("Range of α and β", RADII, 1, key="radius", help_text=RADIUS_HELP)
    with b:
        directions = controls.choice("Directions", ("0", "1", "2"), key="directions", help_text=DIRECTIONS_HELP)
    with c:
        log_z = controls.toggle("Log loss", key="log_z", help_text="Shows the floor of the bowl as well as its rim.")
    return radius, int(directions), log_z


def slice_controls(place) -> tuple[str, float]:
    """Where the surface is cut: the axis that the cut runs along, and its place on the other, as a share of it."""
    with place:
        along = controls.choice("Cut along", ("α", "β"), key="along")
        at = controls.stop(
            "at this share of the other axis",
            AT_SHARES,
            0,
            key="at",
            help_text="0 goes through the trained network; 1 is the edge of the picture.",
        )
    return along, at


def surface_caption(surface: Surface) -> str:
    """What the picture was computed from: points, images, how sure, how orthogonal."""
    spec = surface.spec
    return (
        f"The surface has {spec.resolution} × {spec.resolution} points, and each is the mean loss over the same "
        f"{spec.n_images:,} training images. At θ\\* that is {surface.centre:.3f} ± {surface.standard_error:.3f} nats, "
        f"where the ± is the error of taking {spec.n_images:,} images for all. The cosine between the two directions "
        f"is {surface.cosine:.3f}, so they are nearly at right angles. The share of the inner points at which the loss "
        f"curves down in some direction of the picture is {percent(share_curving_down(surface), 0)}. (A logarithmic "
        "axis would change how the picture curves, so the loss itself is asked.)"
    )


def surfaces_side_by_side(
    named: Mapping[str, tuple[Surface, bool]],
    *,
    key: str,
    log_z: bool,
    same_z: bool,
    height: int | None = None,
    scale_of: Iterable[Surface] = (),
    narrow: bool = False,
) -> None:
    """Several surfaces with one camera. Each comes with whether the notebook's swapped axes are kept. same_z: on one
    loss axis, which those of scale_of fit on as well. height: in pixels. narrow: with fewer numbers at
    their axes, as three always are."""
    z_range = shared_z_range([*(s for s, _ in named.values()), *scale_of], log_z) if same_z else None
    narrow = narrow or len(named) > 2
    height = height or (300 if narrow and not is_presenting() else 400)
    for place, (name, (surface, swapped)) in zip(st.columns(len(named)), named.items(), strict=True):
        with place:
            st.markdown(f"**{name}**")
            figure = surface_figure(surface, log_z=log_z, z_range=z_range, as_in_notebook=swapped, narrow=narrow)
            scene(figure, key=f"{key}_{name}", alt=describe_surface(surface), group=key, height=height)
            table(partial(surface_table, surface, as_in_notebook=swapped), key=f"{key}_{name}")


# --- several networks on one loss axis ------------------------------------------------------------------------------


def surfaces_there(named: Mapping[str, SurfaceSpec], radius: float, directions: int) -> dict[str, Surface]:
    """Which of several networks' surfaces are stored, at a range and along a pair of directions."""
    return {name: found for name, spec in named.items() if (found := stored(_at(spec, radius, directions)))}


def landscape_figures(
    found: Mapping[str, Surface], shown: Iterable[str], *, log_z: bool, key: str, height: int | None = None
) -> None:
    """Some of several surfaces beside each other, with one camera, on the loss axis of them all."""
    if missing := [name for name in shown if name not in found]:
        st.info(f"Not computed here: {', '.join(missing)}. `python -m core.precompute` computes it.")
    beside = {name: (found[name], False) for name in shown if name in found}
    if beside:
        surfaces_side_by_side(beside, key=key, log_z=log_z, same_z=True, height=height, scale_of=found.values())


def how_it_was_computed(surface: Surface) -> str:
    """Points and images of surfaces that are drawn beside each other, in a sentence."""
    spec = surface.spec
    return (
        f"Each surface has {spec.resolution} × {spec.resolution} points, and each point is the mean over the same "
        f"{spec.n_images:,} training images. All networks are moved along the same random numbers."
    )


def edge_table(named: Mapping[str, SurfaceSpec], radius: float) -> None:
    """How far each surface rises to its edge, over three pairs of directions."""
    st.table(_edge_rows(named, radius))


def _at(spec: SurfaceSpec, radius: float, directions: int) -> SurfaceSpec:
    return SurfaceSpec(spec.run, radius=radius, direction_seed=directions, statistics=spec.statistics)


def _edge_rows(named: Mapping[str, SurfaceSpec], radius: float) -> list[dict[str, str]]:
    return [
        {
            "network": name,
            "loss at the trained network": f"{found[0].centre:.3f}",  # the same point, whatever the directions
            "rise to the edge (nats)": spread([s.edge_rise for s in found]).plain(2),
        }
        for name, spec in named.items()
        if (found := over_directions(spec, radius))
    ]
