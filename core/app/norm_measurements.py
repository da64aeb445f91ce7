"""What was measured of normalised networks: under covariate shift, unit by unit, and along the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.app import controls, failures
from core.app.comparisons import course_chart
from core.app.gallery import shifted_gallery
from core.app.panels import captioned, numbers_table
from core.course.batch_norm import VARIANTS, drifts, probe_ratio, probes_of, shifted_networks
from core.course.claims import spread
from core.course.norms import FROM_STEP, PRESETS
from core.course.over_seeds import measured
from core.figures.compare import Course, dots_figure
from core.figures.norms import pixels_figure, unit_figure, unit_table
from core.results.library import stored
from core.results.probe import Probe
from core.results.shift import BRIGHTNESS, CONTRAST, NOISE, Shift, Shifted
from core.techniques import BATCH_NORM, PLAIN

# --- covariate shift ------------------------------------------------------------------------------------------------


SHIFT_VIEWS = ("Accuracy", "Pixels")


def shift_controls() -> Shift:
    """The widgets of brightness, contrast and noise, and buttons that set all three."""
    with st.container(horizontal=True, gap="small"):
        for name, preset in PRESETS.items():
            st.button(name, key=f"shift_{name}", on_click=_set_shift, args=(preset,))
    return Shift(
        controls.stop("Brightness (added)", BRIGHTNESS, 0, key="brightness"),
        controls.stop("Contrast (around mid-grey)", CONTRAST, 1, key="contrast"),
        controls.stop("Noise (standard deviation)", NOISE, 0, key="noise"),
    )


def shift_figures(shift: Shift, shown: Sequence[str], *, height: int | None = None) -> None:
    """The shifted images, and some of SHIFT_VIEWS: what the shift costs each network, and what it does to the
    pixels."""
    found = _shifted()
    if not all(found.values()):
        st.info("The accuracies under shift are missing: `python -m core.precompute` computes them.")
        return
    shifted_gallery(shift)
    if "Accuracy" in shown:
        _shift_accuracies(found, shift, height=height)
    if "Pixels" in shown:
        counts = found[PLAIN.name][0].pixel_counts
        captioned(
            pixels_figure(Shift().histogram(counts), shift.histogram(counts)),
            alt_text="Histogram of the pixel values before and after the shift.",
            caption="This is P(x), the distribution of the pixel values, of the images that the network was trained on "
            "and of those that it gets now.",
            key="pixels",
            height=height,
        )


def _shifted() -> dict[str, list[Shifted]]:
    return {name: measured(specs) for name, specs in shifted_networks().items()}


@failures.callback
def _set_shift(shift: Shift) -> None:
    for name, value in (("brightness", shift.brightness), ("contrast", shift.contrast), ("noise", shift.noise)):
        st.session_state[name] = f"{value:g}"


def _shift_accuracies(found: Mapping[str, Sequence[Shifted]], shift: Shift, *, height: int | None) -> None:
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
        caption=f"There is one dot for each of {len(found[PLAIN.name])} seeds, and a bar at their mean. Guessing "
        "gives 10 %.",
        rows=[
            {"network": name, "shifted": spread(v).percent(), "as in training": spread(clean[name]).percent()}
            for name, v in values.items()
        ],
        key="shift",
        height=height,
    )


# --- internal covariate shift ---------------------------------------------------------------------------------------

UNITS = tuple(range(12))


def unit_control() -> int:
    """The widget of the unit whose input is watched."""
    return int(controls.stop("Unit of the second hidden layer", UNITS, 0, key="unit"))


def drift_figures(unit: int, *, height: int | None = None) -> None:
    """The input of one unit's non-linearity over the first training steps, without and with batch norm."""
    found = {name: drift for name, spec in drifts().items() if (drift := stored(spec))}
    if len(found) < len(drifts()):
        st.info("The unit inputs are missing: `python -m core.precompute` computes them.")
        return
    low = min(d.percentiles[:, unit].min() for d in found.values())
    high = max(d.percentiles[:, unit].max() for d in found.values())
    for place, (name, drift) in zip(st.columns(2, gap="small"), found.items(), strict=True):
        figure = unit_figure(drift, unit, name, (float(low), float(high)))
        alt = f"Percentiles of the input of unit {unit} over {drift.spec.steps} steps: {name}."
        with place:
            captioned(figure, alt_text=alt, rows=unit_table(drift, unit), key=f"drift_{name}", height=height)


def drift_says() -> None:
    """How far the units' medians move without and with batch norm, on three scales."""
    found = {name: drift for name, spec in drifts().items() if (drift := stored(spec))}
    if len(found) < len(drifts()):
        return
    plain, batch = found[PLAIN.name], found[BATCH_NORM.name]
    rows = {
        "in the unit's own numbers": (spread(plain.way).plain(2), spread(batch.way).plain(2)),
        "in widths of its band at the last step": (
            spread(plain.last_travel).plain(2),
            spread(batch.last_travel).plain(2),
        ),
        "in widths of its band at the first step": (spread(plain.travel).plain(1), spread(batch.travel).plain(2)),
    }
    st.markdown(
        "At each step we ask how far a unit's median is from where it began. The table gives the largest such "
        f"distance, as mean ± standard deviation over all {len(plain.way)} units of one network of each kind (seed 0)."
    )
    st.table([{"largest distance": name, PLAIN.name: p, BATCH_NORM.name: b} for name, (p, b) in rows.items()])
    st.markdown(
        "The last row exaggerates, because in the plain network the band is thin at the first step. On every one of "
        "the three scales the plain network's units move further."
    )


# --- Santurkar's measures -------------------------------------------------------------------------------------------

MEASURES = {
    "loss_range": "loss range along the gradient (nats)",
    "gradient_change": "change of the gradient (its norm)",
    "effective_beta": "effective β",
}


OPTIMIZERS = ("adam", "sgd")


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
        f"At every {spec.every}th of the first {spec.steps} steps, {spec.eta_count} step sizes η from {spec.eta_low:g} "
        f"to {spec.eta_high:g} were tried along the gradient of the batch, with batch norm in training mode. The line "
        f"is the mean of {len(found[PLAIN.name])} seeds, and the band reaches from the lowest to the highest. The "
        "vertical axes are logarithmic."
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
    st.caption(f"The table gives means over steps {FROM_STEP} to {spec.steps}, ± standard deviation over seeds.")


def _mean_after(found: Sequence[Probe], measure: str) -> str:
    return spread([probe.mean_after(measure, FROM_STEP) for probe in found]).plain(2)
