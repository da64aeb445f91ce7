"""Find the fault: one exercise at a time, what its code draws, and what the mended code draws after the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from core.app.comparisons import course_chart, outcomes_of
from core.app.controls import labels_of, one_of
from core.app.draw import chart, scene
from core.app.frame import is_presenting, part
from core.app.landscapes import describe_surface, surfaces_side_by_side
from core.app.panels import percent
from core.app.questions import choose
from core.app.strengths import runs_at
from core.app.weight_pictures import first_layer, spies
from core.config import FULL, RunConfig
from core.course.claims import LAST_ACCURACY
from core.course.experiments import (
    BATCH_NORM,
    BATCHES,
    DISPLACED,
    dropout_path,
    l1_path,
    l2_path,
    normalised,
)
from core.course.faults import FAULTS, Fault
from core.figures.compare import course_of, courses_figure, dots_figure, stops_figure
from core.figures.curves import LOSS, NOTEBOOK_LOSS, Curves, learning_curves
from core.figures.faults import batches_figure, lines_figure, own_range_figure
from core.figures.shrinkage import flows_figure
from core.figures.surfaces import surface_figure
from core.figures.weights import displaced_figure, weights_figure
from core.maths.shrinkage import L1, L2, Bowl, arrival, arrival_in_bowl, flow, flow_in_bowl
from core.maths.small_vector import NORMS
from core.results.batches import POINTS, Batches, positions
from core.results.displaced import BINS, HIGH, LOW, Displaced
from core.results.library import stored, stored_run
from core.results.surface import Surface, SurfaceSpec, notebook_spec
from core.techniques import COLOURS


def choices(lesson: str) -> dict[str, tuple[str, ...]]:
    """The parameter in the address, and what it may be."""
    return {"fault": labels_of(fault.name for fault in FAULTS[lesson])}


def find_the_fault(lesson: str) -> None:
    """A lesson's faults, one at a time; which one stands in the address as `fault`."""
    says = (
        "Code as in the lesson notebook that this course grew out of, shortened, and what it gives. **Look at the "
        "figure, then at the code: what is wrong?** The mended code comes after your answer."
    )
    if part("faults", "Find the fault", says):
        _faults(lesson)


@st.fragment
def _faults(lesson: str) -> None:
    fault = one_of({fault.name: fault for fault in FAULTS[lesson]}, key="fault")
    pictures = PICTURES[fault.name]
    choose(
        f"{lesson}/fault-{fault.name}",
        f"**{fault.title}{'' if fault.title[-1] in '?!' else '.'}** {fault.says}",
        fault.options,
        asks=fault.asks,
        show=lambda: _before(fault, pictures),
        reveal=lambda: _after(fault, pictures),
        hidden_as="faults",
    )


def _before(fault: Fault, pictures: Pictures) -> None:
    st.code(fault.code, language="python")
    pictures.before()


def _after(fault: Fault, pictures: Pictures) -> None:
    st.markdown(f"**Mended.** {fault.after}")
    st.code(fault.mended, language="python")
    pictures.after()


@dataclass(frozen=True)
class Pictures:
    """What a fault's code draws, and what the mended code draws."""

    before: Callable[[], None]
    after: Callable[[], None]


def _missing() -> None:
    st.info("What this figure needs is missing: `python -m core.precompute` computes it.")


# --- landscapes -----------------------------------------------------------------------------------------------------


def _surface(spec: SurfaceSpec, *, key: str, view: str = "3-D", swapped: bool = False) -> Surface | None:
    surface = stored(spec)
    if surface is None:
        _missing()
        return None
    figure = surface_figure(surface, view=view, as_in_notebook=swapped)
    scene(figure, key=f"fault_{key}", alt=describe_surface(surface), height=540 if is_presenting() else 400)
    return surface


def _directions_before() -> None:
    surface = _surface(notebook_spec(FULL), key="rand_like", swapped=True)
    if surface:
        st.caption(
            f"Cosine between the two directions: {surface.cosine:.2f}, an angle of {surface.angle:.0f}°. They are "
            f"{surface.direction_norms[0]:.0f} long, the weights {surface.weight_norm:.0f}."
        )


def _directions_after() -> None:
    surface = _surface(SurfaceSpec(FULL), key="randn")
    if surface:
        st.caption(
            f"Cosine between the two directions: {surface.cosine:.3f}. They are {surface.direction_norms[0]:.0f} long, "
            f"as long as the weights that they move."
        )


def _batches() -> Batches | None:
    found = stored(BATCHES)
    if found is None:
        _missing()
    return found


LOSS_TITLE, ALPHA = "training loss (nats)", "α"


def _fresh_before() -> None:
    if found := _batches():
        names = ("first time", "second time", "third time")
        colours = (COLOURS["plain"], COLOURS["batch norm"], COLOURS["layer norm"])
        lines = {name: (positions(POINTS), curve) for name, curve in zip(names, found.fresh, strict=True)}
        chart(
            lines_figure(lines, x_title=ALPHA, y_title=LOSS_TITLE, colours=colours),
            alt="The loss over α on fresh batches, three times: three ragged curves.",
        )


def _fresh_after() -> None:
    if found := _batches():
        lines = {"a fresh batch at each point": (positions(POINTS), found.fresh[0]),
                 "the same 1,024 images": (positions(POINTS), found.fixed)}  # fmt: skip
        y_range = (float(found.fresh.min()) * 0.95, float(found.fresh.max()) * 1.05)
        figure = lines_figure(
            lines, x_title=ALPHA, y_title=LOSS_TITLE, colours=("#9aa1ab", COLOURS["plain"]), y_range=y_range
        )
        chart(figure, alt="The loss over α: ragged on fresh batches, smooth on fixed images.")
        st.caption(
            f"Without moving at all, {len(found.at_centre)} fresh batches give {found.at_centre.mean():.3f} ± "
            f"{found.at_centre.std(ddof=1):.3f} nats: the standard deviation of one point, by the luck of its batch."
        )


def _middle(found: Batches, values: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """The points around the middle of a grid."""
    at, half = positions(len(values)), len(values) // 2
    part = slice(half - reach, half + reach + len(values) % 2)
    return at[part], values[part]


def _grid_before() -> None:
    if found := _batches():
        points = {"points of the grid": _middle(found, found.fixed, 5)}
        chart(
            lines_figure(points, x_title=ALPHA, y_title=LOSS_TITLE, colours=(COLOURS["plain"],), dotted=points),
            alt="Ten grid points around the trained network; none at α = 0.",
        )
        st.caption(f"The ten points in the middle of 40; α from −0.25 to 0.25. The smallest: {found.fixed.min():.4f}.")


def _grid_after() -> None:
    if found := _batches():
        centre = float(found.odd[POINTS // 2])
        points = {"41 points": _middle(found, found.odd, 5), "θ*, the trained network": ([0.0], [centre])}
        colours = (COLOURS["plain"], COLOURS["dropout"])
        chart(
            lines_figure(points, x_title=ALPHA, y_title=LOSS_TITLE, colours=colours, dotted=points),
            alt="Eleven grid points; the middle one is the trained network.",
        )
        st.caption(
            f"θ* has {centre:.4f}. The smallest of the 40 points was {found.fixed.min():.4f}: of another network, and "
            "lower by chance, since 1,024 images are not all that it was trained on."
        )


def _axes_before() -> None:
    surface = _surface(SurfaceSpec(FULL), key="swapped", view="contours", swapped=True)
    if surface:
        st.caption(f"Read off the picture at α = 1, β = −1: {surface.loss[0, -1]:.2f} nats.")


def _axes_after() -> None:
    surface = _surface(SurfaceSpec(FULL), key="unswapped", view="contours")
    if surface:
        st.caption(
            f"Computed at α = 1, β = −1: {surface.loss[-1, 0]:.2f} nats. The faulty picture showed "
            f"{surface.loss[0, -1]:.2f} there, which belongs to α = −1, β = 1."
        )


def _means_before() -> None:
    if found := _batches():
        chart(batches_figure(found, {}), alt="The accuracy of 40 test batches; the last is a small dot.")
        st.caption(f"Printed: {found.mean_of_batches:.4f}.")


def _means_after() -> None:
    if found := _batches():
        means = {"mean of the batches": found.mean_of_batches, "share of all images": found.accuracy}
        chart(batches_figure(found, means), alt="The same, with both means as lines.")
        st.caption(
            f"Of all images {found.accuracy:.4f} are right, printed was {found.mean_of_batches:.4f}. The last batch "
            f"has {int(found.sizes[-1])} images, of which {found.accuracies[-1]:.1%} are right."
        )


def _side_by_side(named: dict[str, SurfaceSpec], *, key: str, log_z: bool, same_z: bool, swapped: bool = False) -> None:
    found = {name: (surface, swapped) for name, spec in named.items() if (surface := stored(spec))}
    if len(found) < len(named):
        _missing()
        return
    surfaces_side_by_side(found, key=f"fault_{key}", log_z=log_z, same_z=same_z)


PLAIN_SURFACE = SurfaceSpec(FULL)


def _stale_before() -> None:
    named = {"plain": PLAIN_SURFACE, "batch norm, evaluation mode": SurfaceSpec(BATCH_NORM)}
    _side_by_side(named, key="stale", log_z=False, same_z=True)


def _stale_after() -> None:
    anew = SurfaceSpec(BATCH_NORM, statistics="batch")
    _side_by_side({"plain": PLAIN_SURFACE, "batch norm, statistics anew": anew}, key="anew", log_z=False, same_z=True)
    if (plain := stored(PLAIN_SURFACE)) and (norm := stored(anew)) and (stale := stored(SurfaceSpec(BATCH_NORM))):
        st.caption(
            f"Rise from the trained network to the edge: plain {plain.edge_rise:.2f} nats, batch norm "
            f"{norm.edge_rise:.2f}; with the stale statistics it was {stale.edge_rise:.2f}. (One pair of directions.)"
        )


def _own_axes(*, same_z: bool) -> None:
    named = {"plain": notebook_spec(FULL), "batch norm": notebook_spec(BATCH_NORM)}
    _side_by_side(named, key=f"axes_{same_z}", log_z=same_z, same_z=same_z, swapped=True)
    tops = {name: surface.range[1] for name, spec in named.items() if (surface := stored(spec))}
    if same_z and len(tops) == 2:
        st.caption(
            f"The highest point: plain {tops['plain']:,.0f} nats, batch norm {tops['batch norm']:,.0f}. In this "
            f"picture batch norm's is {tops['batch norm'] / tops['plain']:.0f} times as high. What smoothness means, "
            "and where batch norm has it, stands in the section on smoothness above."
        )


# --- runs -----------------------------------------------------------------------------------------------------------


def _last_accuracies(named: dict[str, RunConfig], colours: dict[str, str]) -> None:
    values = {name: [LAST_ACCURACY.of(run) for run in runs_at(config)] for name, config in named.items()}
    if not all(values.values()):
        _missing()
        return
    chart(
        dots_figure(values, colours, x_title="test accuracy, last epoch"),
        alt=f"Test accuracy of five seeds each: {', '.join(values)}.",
    )
    st.caption("; ".join(f"{name}: {LAST_ACCURACY.over(runs_at(config))}" for name, config in named.items()) + ".")


BATCH_AND_PLAIN = {"plain": FULL, "batch norm": BATCH_NORM}


def _whole_curves() -> None:
    courses = {name: course_of(found, "held_out_accuracy") for name, found in outcomes_of(BATCH_AND_PLAIN).items()}
    course_chart(courses, what="test accuracy", x="epoch", percent=True, key="fault_curves")


def _one_run_each() -> None:
    named = {name: stored_run(config) for name, config in normalised(FULL).items()}
    if not all(named.values()):
        _missing()
        return
    courses = {name: course_of([run], "held_out_loss") for name, run in named.items()}
    chart(
        courses_figure(courses, x_title="epoch", y_title="nats per image", title="Test loss", log_y=True),
        alt="The test loss of one training of each network.",
    )
    st.caption(
        "Seed 0. Last epoch: " + "; ".join(f"{n} {run.last.held_out_loss:.3f}" for n, run in named.items()) + "."
    )


def _five_runs_each() -> None:
    courses = {name: course_of(found, "held_out_loss") for name, found in outcomes_of(normalised(FULL)).items()}
    course_chart(courses, what="test loss", x="epoch", log_y=True, key="fault_five")
    lowest = [_lowest_at_the_end(seed) for seed in range(5)]
    st.caption("Lowest at the last epoch, seed 0 to 4: " + ", ".join(lowest) + ".")


def _lowest_at_the_end(seed: int) -> str:
    found = {name: run for name, c in normalised(FULL).items() if (run := stored_run(replace(c, seed=seed)))}
    return min(found, key=lambda name: found[name].last.held_out_loss) if found else "not computed here"


MASKED_RUN = dropout_path(FULL)[0.8]
THEIRS_AND_HELD_OUT = Curves(LOSS.title, LOSS.unit, {"notebook_loss": "the recorded training loss",
                                                     "held_out_loss": "{held out} images"})  # fmt: skip


def _curves(config: RunConfig, curves: Curves, says: str) -> None:
    run = stored_run(config)
    if run is None:
        _missing()
        return
    chart(learning_curves(run.records, run.config, curves), alt=says)
    end = run.last
    st.caption(
        f"Last epoch: recorded training loss {end.notebook_loss:.3f}, {config.held_out} loss {end.held_out_loss:.3f}"
        + (f", training loss measured afterwards {end.train_loss:.3f}" if "train_loss" in curves.lines else "")
        + (f", penalty {end.penalty:.3f}" if end.penalty and "train_loss" in curves.lines else "")
        + "."
    )


def _both_strengths() -> None:
    values = {
        name: {stop: [LAST_ACCURACY.of(run) for run in runs_at(config)] for stop, config in path.items()}
        for name, path in (("L1", l1_path(FULL)), ("L2", l2_path(FULL)))
    }
    chart(
        stops_figure(values, 1e-3, x_title="λ", title="Test accuracy, last epoch"),
        alt="Test accuracy over λ for L1 and for L2.",
    )
    st.caption("The bar marks 0.001, where the code compared them. Each dot is a seed.")


# --- weights --------------------------------------------------------------------------------------------------------

L1_THEIRS, L1_PROXIMAL = l1_path(FULL)[1e-3], l1_path(FULL, "proximal")[1e-3]
L2_THEIRS, DROPOUT_HALF = l2_path(FULL)[1e-3], dropout_path(FULL)[0.5]


def _displaced_before() -> None:
    found: Displaced | None = stored(DISPLACED)
    if found is None:
        _missing()
        return
    edges = np.linspace(LOW, HIGH, BINS + 1)
    chart(
        displaced_figure(found.own, found.displaced, edges),
        alt="The network's own weights around 0, and those of the notebook's histogram around 1.",
    )


def _displaced_after() -> None:
    found: Displaced | None = stored(DISPLACED)
    if found is None:
        _missing()
        return
    own = first_layer(FULL)
    if own:
        chart(
            weights_figure({"plain": own.histogram}, log=False),
            alt="The plain network's own first-layer weights, around 0.",
        )
    st.caption(
        f"Mean of the weights in the notebook's histogram: {found.mean[1]:.2f}; of the network's own: "
        f"{found.mean[0]:.3f}. The displaced network gets {percent(found.accuracy[1])} of the test images right, the "
        f"trained one {percent(found.accuracy[0])}: L2 was compared with no trained network at all."
    )


def _own_bins_before() -> None:
    named = {"plain": stored_run(FULL), "L2": stored_run(L2_THEIRS)}
    if not all(run and run.weights for run in named.values()):
        _missing()
        return
    for place, (name, run) in zip(st.columns(2), named.items(), strict=True):
        figure = own_range_figure(run.weights["linear1.weight"].astype(float).ravel(), name)
        chart(figure, into=place, alt=f"Histogram of the first layer's weights over their own range, {name}.")


def _own_bins_after() -> None:
    found = {"plain": first_layer(FULL), "L2": first_layer(L2_THEIRS)}
    if not all(found.values()):
        _missing()
        return
    chart(
        weights_figure({name: s.histogram for name, s in found.items()}, log=True),
        alt="Both histograms over the same bins, counts logarithmic: L2's is much narrower.",
    )
    st.caption(
        "Standard deviation: " + ", ".join(f"{name} {float(s.spread):.4f}" for name, s in found.items())
        + "; largest |w|: " + ", ".join(f"{name} {float(s.largest):.2f}" for name, s in found.items()) + "."
    )  # fmt: skip


# --- formulas -------------------------------------------------------------------------------------------------------


def _conventions(train: Callable, evaluate: Callable) -> None:
    p = np.linspace(0.05, 0.95, 19)
    lines = {"training, on average": (p, train(p)), "evaluation": (p, evaluate(p))}
    chart(lines_figure(lines, x_title="p", y_title="what is handed on", colours=(COLOURS["dropout"], COLOURS["plain"]),
                       dotted=["evaluation"], y_range=(0, 1.2)),
          alt="What a unit that gives 1 hands on, over p, in training and in evaluation.")  # fmt: skip


EPSILON, DELTAS = 0.2, np.linspace(0, 1.5, 151)


def _norm_over_delta(*, mended: bool) -> None:
    found = {"as the code has it": (DELTAS, 1 - DELTAS + EPSILON)}
    if mended:
        found["‖x − d‖₁"] = DELTAS, NORMS["L1, from the small"].value(EPSILON, DELTAS)
    chart(
        lines_figure(
            found,
            x_title="δ",
            y_title="L1 norm",
            colours=("#9aa1ab", COLOURS["L1"]) if mended else (COLOURS["L1"],),
            y_range=(-0.4, 2.4),
        ),
        alt="The L1 norm over δ.",
    )


TIMES, STRENGTH, BOWL = np.linspace(0, 6, 121), 0.5, Bowl(1.0, 0.3)


def _flows(*, with_loss: bool) -> None:
    if with_loss:
        curves = {name: flow_in_bowl(1.0, STRENGTH, TIMES, BOWL, name) for name in ("L1", "L2")}
        met = {name: arrival_in_bowl(1.0, STRENGTH, BOWL, name) for name in ("L1", "L2")}
    else:
        penalties = {"L1": L1, "L2": L2}
        curves = {name: flow(1.0, STRENGTH, TIMES, penalty) for name, penalty in penalties.items()}
        met = {name: arrival(1.0, STRENGTH, penalty) for name, penalty in penalties.items()}
    chart(
        flows_figure(curves, TIMES, len(TIMES) - 1, met, title="A weight over time"),
        alt="A weight over time under L1 and under L2.",
    )
    st.caption("; ".join(f"{name} ends at {curve[-1]:.3f}" for name, curve in curves.items()) + ".")


PICTURES: dict[str, Pictures] = {
    "directions": Pictures(_directions_before, _directions_after),
    "fresh-batches": Pictures(_fresh_before, _fresh_after),
    "even-grid": Pictures(_grid_before, _grid_after),
    "swapped-axes": Pictures(_axes_before, _axes_after),
    "batch-means": Pictures(_means_before, _means_after),
    "stale-statistics": Pictures(_stale_before, _stale_after),
    "own-axes": Pictures(lambda: _own_axes(same_z=False), lambda: _own_axes(same_z=True)),
    "last-number": Pictures(
        lambda: _last_accuracies(BATCH_AND_PLAIN, {name: name for name in BATCH_AND_PLAIN}), _whole_curves
    ),
    "one-run": Pictures(_one_run_each, _five_runs_each),
    "two-conventions": Pictures(
        lambda: _conventions(lambda p: 1 - p, lambda p: p), lambda: _conventions(lambda p: 1 - p, lambda p: 1 - p)
    ),
    "masked-loss": Pictures(
        lambda: _curves(MASKED_RUN, THEIRS_AND_HELD_OUT, "The recorded training loss lies above the validation loss."),
        lambda: _curves(MASKED_RUN, NOTEBOOK_LOSS, "The same, and the training loss in evaluation mode, below both."),
    ),
    "layer-by-number": Pictures(
        lambda: spies({"dropout, p = 0.5": DROPOUT_HALF}, 1e-4),
        lambda: spies({"plain": FULL, "dropout, p = 0.5": DROPOUT_HALF}, 1e-4),
    ),
    "penalty-in-loss": Pictures(
        lambda: _curves(L1_THEIRS, THEIRS_AND_HELD_OUT, "The recorded training loss lies far above the test loss."),
        lambda: _curves(L1_THEIRS, NOTEBOOK_LOSS, "The same, and the cross-entropy of the training images."),
    ),
    "one-threshold": Pictures(
        lambda: spies({"L1, λ₁ = 0.001, up to 0.0001": L1_THEIRS}, 1e-4),
        lambda: spies({"the same, up to 0.00001": L1_THEIRS, "by proximal step, up to 0.00001": L1_PROXIMAL}, 1e-5),
    ),
    "moved-weights": Pictures(_displaced_before, _displaced_after),
    "own-bins": Pictures(_own_bins_before, _own_bins_after),
    "same-strength": Pictures(
        lambda: _last_accuracies({"L1, λ = 0.001": L1_THEIRS, "L2, λ = 0.001": L2_THEIRS},
                                 {"L1, λ = 0.001": "L1", "L2, λ = 0.001": "L2"}),
        _both_strengths,
    ),
    "no-kink": Pictures(lambda: _norm_over_delta(mended=False), lambda: _norm_over_delta(mended=True)),
    "norm-alone": Pictures(lambda: _flows(with_loss=False), lambda: _flows(with_loss=True)),
}  # fmt: skip
"""Fault → its figures."""
