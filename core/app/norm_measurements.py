"""What was measured of normalised networks: under covariate shift, unit by unit, and along the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.app import controls
from core.app.comparisons import course_chart
from core.app.draw import chart
from core.app.gallery import shifted_gallery
from core.app.panels import captioned, numbers_table
from core.course.batch_norm import FROM_STEP, PRESETS, VARIANTS, drifts, probe_ratio, probes_of, shifted_networks
from core.course.claims import spread
from core.course.over_seeds import measured
from core.figures.compare import Course, dots_figure
from core.figures.norms import pixels_figure, unit_figure
from core.results.library import stored
from core.results.probe import Probe
from core.results.shift import BRIGHTNESS, CONTRAST, NOISE, Shift, Shifted
from core.techniques import BATCH_NORM, PLAIN

# --- covariate shift ------------------------------------------------------------------------------------------------


@st.fragment
def shift_panel() -> None:
    """Brightness, contrast and noise on the test images, and what they cost each network."""
    with st.container(horizontal=True):
        for name, preset in PRESETS.items():
            st.button(name, key=f"shift_{name}", on_click=_set_shift, args=(preset,))
    with st.grid(3, min_column_width=220):
        shift = Shift(
            controls.stop("Brightness (added)", BRIGHTNESS, 0, key="brightness"),
            controls.stop("Contrast (around mid-grey)", CONTRAST, 1, key="contrast"),
            controls.stop("Noise (standard deviation)", NOISE, 0, key="noise"),
        )
    found = _shifted()
    if not all(found.values()):
        st.info("The accuracies under shift are missing: `python -m core.precompute` computes them.")
        return
    shifted_gallery(shift)
    left, right = st.columns([3, 2])
    with left:
        _shift_accuracies(found, shift)
    with right:
        counts = found[PLAIN.name][0].pixel_counts
        chart(
            pixels_figure(Shift().histogram(counts), shift.histogram(counts)),
            alt="Histogram of the pixel values before and after the shift.",
        )
        st.caption("P(x), pixel by pixel: what the network was trained on, and what it gets.")


def _shifted() -> dict[str, list[Shifted]]:
    return {name: measured(specs) for name, specs in shifted_networks().items()}


def _set_shift(shift: Shift) -> None:
    for name, value in (("brightness", shift.brightness), ("contrast", shift.contrast), ("noise", shift.noise)):
        st.session_state[name] = f"{value:g}"


def _shift_accuracies(found: Mapping[str, Sequence[Shifted]], shift: Shift) -> None:
    values = {name: [s.at(shift, statistics) for s in found[net]] for name, (net, statistics) in VARIANTS.items()}
    clean = {name: [s.at(Shift(), statistics) for s in found[net]] for name, (net, statistics) in VARIANTS.items()}
    captioned(
        dots_figure(
            values,
            {name: net for name, (net, _) in VARIANTS.items()},
            x_title="accuracy on the test images",
            x_range=(0, 1),
        ),
        alt_text="Accuracy of each network on the shifted test images, one dot a seed.",
        caption=f"One dot for each of {len(found[PLAIN.name])} seeds, and a bar at the mean; 10,000 test images. "
        "Guessing gives 10 %.",
        rows=[
            {"network": name, "shifted": spread(v).percent(), "as in training": spread(clean[name]).percent()}
            for name, v in values.items()
        ],
        key="shift",
    )


# --- internal covariate shift ---------------------------------------------------------------------------------------

UNITS = tuple(range(12))


@st.fragment
def drift_panel() -> None:
    """The input of one unit's non-linearity over the first training steps, without and with batch norm."""
    found = {name: drift for name, spec in drifts().items() if (drift := stored(spec))}
    if len(found) < len(drifts()):
        st.info("The unit inputs are missing: `python -m core.precompute` computes them.")
        return
    unit = int(controls.stop("Unit of the second hidden layer", UNITS, 0, key="unit"))
    low = min(d.percentiles[:, unit].min() for d in found.values())
    high = max(d.percentiles[:, unit].max() for d in found.values())
    for place, (name, drift) in zip(st.columns(2), found.items(), strict=True):
        figure = unit_figure(drift, unit, name, (float(low), float(high)))
        chart(figure, into=place, alt=f"Percentiles of the input of unit {unit} over {drift.spec.steps} steps: {name}.")
    plain, batch = found[PLAIN.name], found[BATCH_NORM.name]
    st.caption(
        "Line: the median over 1,024 training images; band: from the 15th to the 85th percentile; the first 400 "
        f"steps of Adam. The largest way of a unit's median, mean ± standard deviation over all {len(plain.way)} units "
        "of one seed, without and with batch norm.\n"
        f"- As it is: {spread(plain.way).plain(2)} and {spread(batch.way).plain(2)}.\n"
        "- In widths of the unit's band at the last step: "
        f"{spread(plain.last_travel).plain(2)} and {spread(batch.last_travel).plain(2)}.\n"
        "- In widths of its band at the first step, which is thin in the plain network: "
        f"{spread(plain.travel).plain(1)} and {spread(batch.travel).plain(2)}."
    )


# --- Santurkar's measures -------------------------------------------------------------------------------------------

MEASURES = {
    "loss_range": "loss range along the gradient (nats)",
    "gradient_change": "change of the gradient (its norm)",
    "effective_beta": "effective β",
}


OPTIMIZERS = ("adam", "sgd")


@st.fragment
def smoothness_panel() -> None:
    """Loss range, gradient predictiveness and effective β-smoothness over the first training steps, over seeds."""
    optimizer = optimizer_choice()
    smoothness_figures(optimizer, tuple(MEASURES))
    smoothness_numbers(optimizer)


def optimizer_choice() -> str:
    """The widget of the optimizer under which the loss was probed: a name of OPTIMIZERS."""
    return controls.choice("Trained by", OPTIMIZERS, key="probe_optimizer", help_text="Adam at 0.0003, or SGD at 0.1.")


def smoothness_figures(optimizer: str, measures: Sequence[str], *, height: int | None = None) -> None:
    """Some of MEASURES beside each other, over the first training steps and over seeds."""
    found = probes_of(optimizer)
    if not all(found.values()):
        st.info("The measurements are missing: `python -m core.precompute` makes them.")
        return
    for place, measure in zip(st.columns(len(measures)), measures, strict=True):
        courses = {
            name: Course(some[0].spec.at_steps, np.array([getattr(p, measure) for p in some]))
            for name, some in found.items()
        }
        with place:
            course_chart(
                courses,
                what=MEASURES[measure],
                x="step",
                log_y=True,
                narrow=len(measures) > 1,
                key=f"probe_{measure}",
                height=height,
            )


def smoothness_numbers(optimizer: str) -> None:
    """Every measure's mean, how many times larger it is without normalisation, and how all of it was measured."""
    found = probes_of(optimizer)
    if not all(found.values()):
        return
    spec = found[PLAIN.name][0].spec
    st.caption(
        f"Every {spec.every} of the first {spec.steps} steps: {spec.eta_count} step sizes η from {spec.eta_low:g} to "
        f"{spec.eta_high:g} along the gradient of the batch, batch norm in training mode. Line: mean of "
        f"{len(found[PLAIN.name])} seeds; band: from the lowest to the highest. Logarithmic axes."
    )
    numbers_table(
        [
            {
                "measure": label,
                **{name: _mean_after(some, measure) for name, some in found.items()},
                **{f"plain / {name}": probe_ratio(optimizer, measure, name) for name in found if name != PLAIN.name},
            }
            for measure, label in MEASURES.items()
        ]
    )
    st.caption(f"Means over steps {FROM_STEP} to {spec.steps}, ± standard deviation over seeds.")


def _mean_after(found: Sequence[Probe], measure: str) -> str:
    return spread([probe.mean_after(measure, FROM_STEP) for probe in found]).plain(2)
