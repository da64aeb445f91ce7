"""Normalisation by hand: the steps of batch norm, running statistics, and which numbers share a mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.app import controls
from core.app.panels import captioned
from core.course.batch_norm import REFUSED
from core.figures.norms import cells_figure, cells_table, features_figure, running_figure
from core.maths.normalisation import Axis, Normalised, Running, normalise, running_course
from core.seeds import seeded
from core.techniques import BATCH_NORM, LAYER_NORM

MODES = ("training", "evaluation")

# --- the transform, step by step ------------------------------------------------------------------------------------

START = {"feature 1": [1.0, 2.0, 3.0, 6.0], "feature 2": [10.0, -20.0, 40.0, 10.0], "feature 3": [0.1, 0.3, 0.2, 0.2]}
LARGEST = 1e6
GAMMAS, BETAS = (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0), (-2.0, -1.0, 0.0, 1.0, 2.0)
BIASES = (-10.0, -5.0, -1.0, 0.0, 1.0, 5.0, 10.0)
STEPS_SEEN = (0, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Transform:
    """How the edited batch is normalised. seen: the training steps on this batch that evaluation mode has behind it."""

    mode: str
    gamma: float
    beta: float
    bias: float
    seen: int


def transform_controls() -> Transform:
    """The widgets of the mode, of γ and β, of a bias before the batch norm, and of the steps taken so far."""
    mode = controls.choice("Mode", MODES, key="mode")
    gamma = controls.stop("γ (scale)", GAMMAS, 1, key="gamma")
    beta = controls.stop("β (shift)", BETAS, 0, key="beta")
    bias = controls.stop("Bias b, added to all of x", BIASES, 0, key="bias")
    seen = controls.stop(
        "Training steps on this batch so far",
        STEPS_SEEN,
        10,
        key="seen",
        help_text="In evaluation mode batch norm knows only what it has learned in these steps.",
    )
    return Transform(mode, gamma, beta, bias, int(seen))


def usable_batch() -> np.ndarray | None:
    """The table of the batch, which a student edits, as (B, 3) numbers; None, and a word, where there is nothing to
    normalise."""
    x = _edited_batch()
    if x is not None and len(x) < 2:
        st.error(
            f"One sample has no variance. In training mode PyTorch stops with a ValueError: *{REFUSED.split(',')[0]}*. "
            "Add a row."
        )
        return None
    return x


def _edited_batch() -> np.ndarray | None:
    """The table as (B, 3) numbers, None (and a word) where it holds none."""
    column = st.column_config.NumberColumn(min_value=-LARGEST, max_value=LARGEST, required=True)
    if "batch" not in st.session_state:  # drawn anew: it goes on from what it was left with
        st.session_state["_batch_began"] = st.session_state.get("_batch", START)
    began = st.session_state["_batch_began"]
    edited = st.data_editor(began, num_rows="dynamic", key="batch", column_config=dict.fromkeys(START, column))
    st.session_state["_batch"] = edited
    rows = list(zip(*(edited[name] for name in START), strict=True))
    if not rows or len(rows) > 16:
        st.error("The table needs between 1 and 16 rows.")
        return None
    if any(not isinstance(v, int | float) or not abs(v) <= LARGEST for row in rows for v in row):
        st.error(f"Every cell needs a number between {-LARGEST:,.0f} and {LARGEST:,.0f}.")
        return None
    return np.array(rows, np.float64)


@dataclass(frozen=True)
class Transformed:
    """The batch with its bias, z (B, 3), and what batch norm makes of it: in both modes, and in the one that is
    shown."""

    z: np.ndarray
    shown: Normalised
    in_training: Normalised
    in_evaluation: Normalised


def transformed(x: np.ndarray, by: Transform) -> Transformed:
    """Every step of batch norm on x (B, 3), in training and in evaluation mode."""
    z, gammas, betas = x + by.bias, np.full(x.shape[1], by.gamma), np.full(x.shape[1], by.beta)
    in_training = normalise(z, gammas, betas, "batch")
    in_evaluation = running_course([z] * by.seen, features=x.shape[1])[0][-1].normalise(z, gammas, betas)
    return Transformed(z, in_training if by.mode == "training" else in_evaluation, in_training, in_evaluation)


def transform_figure(out: Transformed, mode: str) -> None:
    """The three features before and after: a strip for each feature, a dot for each sample."""
    captioned(
        features_figure({"x": out.z, "y": out.shown.y}),
        key="transform",
        alt_text=f"The three features before and after batch norm in {mode} mode.",
    )


def first_cell(out: Transformed, by: Transform) -> None:
    """The arithmetic of the first sample's first feature."""
    z, shown = out.z, out.shown
    st.latex(
        r"y_{11} = \gamma\,\frac{x_{11} - \mu_1}{\sqrt{\sigma^2_1 + \varepsilon}} + \beta = "
        rf"{by.gamma:g} \cdot "
        rf"\frac{{{_tex(z[0, 0])} - {_tex(shown.mean[0][0], True)}}}"
        rf"{{\sqrt{{{_tex(shown.variance[0][0])} + 10^{{-5}}}}}} + {_tex(by.beta, True)} = {_tex(shown.y[0, 0])}"
    )


def transform_tables(out: Transformed, by: Transform) -> None:
    """Every step as numbers: mean, variance and root of each feature, x̂, γ, β and y."""
    shown, width = out.shown, out.z.shape[1]
    mu, sigma = (
        ("mean μ of the batch", "variance σ², biased")
        if by.mode == "training"
        else ("running mean", "running variance")
    )
    left, right = st.columns(2)
    named = {mu: shown.mean[0], sigma: shown.variance[0], "√(σ² + ε)": shown.std[0]}
    named |= {f"x̂ of sample {i + 1}": values for i, values in enumerate(shown.x_hat)}
    left.table([_row(name, values) for name, values in named.items()])
    named = {"γ": np.full(width, by.gamma), "β": np.full(width, by.beta)}
    named |= {f"y of sample {i + 1}": values for i, values in enumerate(shown.y)}
    right.table([_row(name, values) for name, values in named.items()])


def transform_says(x: np.ndarray, out: Transformed, by: Transform) -> None:
    """What the bias changes in training mode, and how far the two modes are apart."""
    ones = np.ones(x.shape[1])
    without = normalise(x, by.gamma * ones, by.beta * ones, "batch")
    moved = float(np.abs(without.y - out.in_training.y).max())
    apart = float(np.abs(out.in_evaluation.y - out.in_training.y).max())
    st.markdown(
        f"{_bias_says(by.bias, moved)}\n"
        "\n"
        f"The outputs of training mode and evaluation mode differ by {apart:.2g} at most. After more training steps "
        "a small difference remains, because the running variance is the *unbiased* one, divided by $B - 1$."
    )


def _bias_says(bias: float, moved: float) -> str:
    why = "because the bias is part of every μ and is subtracted with it."
    if not bias:
        return f"Move the slider of the bias. In training mode the outputs will not change, {why}"
    number = f"{bias:g}".replace("-", "−")
    return f"In training mode the bias of {number} changes the outputs by {moved:.1g} at most, which is rounding, {why}"


def _row(name: str, values: np.ndarray) -> dict[str, str]:
    return {"": name, **{c: f"{v:.4g}".replace("-", "−") for c, v in zip(START, values, strict=True)}}


def _tex(value: float, in_brackets: bool = False) -> str:
    text = f"{value:.3g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return f"({text})" if in_brackets and value < 0 else text


# --- running statistics ---------------------------------------------------------------------------------------------

MOMENTA = (0.01, 0.05, 0.1, 0.3, 1.0)
STREAM_SIZES = (2, 8, 32, 128)
TRUE_MEAN, TRUE_VARIANCE = 2.0, 9.0
STREAM_STEPS = 100


def running_controls() -> tuple[float, int]:
    """The widgets of the momentum and of the samples in a batch."""
    momentum = controls.stop("Momentum m", MOMENTA, 0.1, key="momentum")
    return momentum, int(controls.stop("Samples in a batch", STREAM_SIZES, 8, key="stream"))


def running_figures(momentum: float, size: int, *, height: int | None = None) -> None:
    """The running statistics of one feature over training steps, for a momentum and a batch size."""
    draws = seeded(0, "stream").normal(TRUE_MEAN, TRUE_VARIANCE**0.5, (STREAM_STEPS, size, 1))
    course, batches = running_course(list(draws), momentum)
    for place, what, value in zip(
        st.columns(2, gap="small"), ("mean", "variance"), (course[-1].mean[0], course[-1].variance[0]), strict=True
    ):
        figure = running_figure(course, batches, (TRUE_MEAN, TRUE_VARIANCE), what=what)
        alt = f"Running {what} over {STREAM_STEPS} steps, ending at {value:.2f}."
        with place:
            captioned(figure, alt_text=alt, key=f"running_{what}", height=height)
    st.caption(
        f"The values of one feature are drawn with mean {TRUE_MEAN:g} and variance {TRUE_VARIANCE:g} (dashed). The "
        f"grey dots are each batch's own statistics, and the orange line is PyTorch's running statistics. They end at "
        f"{course[-1].mean[0]:.2f} and {course[-1].variance[0]:.2f}."
    )


# --- which numbers share a mean -------------------------------------------------------------------------------------

AXES: dict[str, Axis] = {BATCH_NORM.name: "batch", LAYER_NORM.name: "layer"}
N_SAMPLES, N_FEATURES = 6, 5
FEATURE_MEANS, FEATURE_STDS = np.array([0.0, 1.0, 3.0, -2.0, 0.5]), np.array([1.0, 0.5, 2.0, 1.0, 0.3])
STRETCHES = (0.5, 1.0, 2.0, 3.0, 5.0)


def example_batch(samples: int, stretch: float) -> np.ndarray:
    """(samples, 5) activations whose features live on different scales; the last sample multiplied by `stretch`."""
    x = FEATURE_MEANS + FEATURE_STDS * seeded(1, "example batch").standard_normal((N_SAMPLES, N_FEATURES))
    x = np.round(x[:samples], 2)
    return np.concatenate([x[:-1], stretch * x[-1:]])


def cells_controls() -> tuple[str, str, int, float]:
    """The axis, the mode, the samples of the batch, and what its last one is multiplied by."""
    axis = controls.choice("Normalise as", tuple(AXES), key="axis")
    mode = controls.choice("Mode", MODES, key="cells_mode")
    samples = int(controls.stop("Samples in the batch", range(1, N_SAMPLES + 1), N_SAMPLES, key="samples"))
    return axis, mode, samples, controls.stop("Multiply the last sample by", STRETCHES, 1, key="stretch")


def picked_cell() -> tuple[int, int]:
    """The sample and the feature whose company is looked at, counted from 0."""
    sample = int(controls.stop("Look at sample", range(1, N_SAMPLES + 1), 1, key="sample"))
    return sample - 1, int(controls.stop("and feature", range(1, N_FEATURES + 1), 3, key="feature")) - 1


def cells_figures(axis: str, mode: str, samples: int, stretch: float, picked: tuple[int, int], *, key: str) -> None:
    """A batch as a grid, before and after: which cells share a mean under either normalisation, and what comes out."""
    picked = min(picked[0], samples - 1), picked[1]
    x = example_batch(samples, stretch)
    along = AXES[axis]
    shown = {"samples": N_SAMPLES, "along": None if along == "batch" and mode == "evaluation" else along}
    out = _normalised_cells(x, along, mode)
    before, after = st.columns(2, gap="small")
    statistics = out and (out.mean, out.std)
    with before:
        captioned(
            cells_figure(x, picked, title="x, before", limit=6, statistics=statistics, **shown),
            alt_text=f"The batch before: {samples} samples of {N_FEATURES} features. {_group_says(statistics, picked)}",
            rows=cells_table(x, statistics),
            key=f"{key}_before",
        )
    if out is None:
        after.error(
            "With a single sample every feature is its own mean, and nothing is left to normalise. PyTorch stops with "
            f"the error *{REFUSED.split(',')[0]}*. Switch to layer norm, or to evaluation "
            "mode."
        )
        return
    moved = _moved(samples, stretch, along, mode)
    statistics = _left_over(out.x_hat, along)
    with after:
        captioned(
            cells_figure(out.x_hat, picked, title="x̂, after", limit=2, statistics=statistics, moved=moved, **shown),
            alt_text=f"The batch after {axis} in {mode} mode. {_group_says(statistics, picked)} The last sample's "
            f"stretching changes {moved.sum()} outputs.",
            rows=cells_table(out.x_hat, statistics),
            key=f"{key}_after",
        )
    _cells_numbers(x, out, picked, axis, mode, with_dots=bool(moved.any()))


def _group_says(statistics: tuple[np.ndarray, np.ndarray] | None, picked: tuple[int, int]) -> str:
    """Mean and standard deviation of the picked cell's group, in a sentence; empty where it has none."""
    if statistics is None:
        return ""
    mean, deviation = statistics
    of_rows = mean.shape[1] == 1
    at = picked[0] if of_rows else picked[1]
    group = f"{'sample' if of_rows else 'feature'} {at + 1}"
    numbers = f"mean {mean.flat[at]:.2f}, standard deviation {deviation.flat[at]:.2f}"
    return f"Of {group}: {numbers}.".replace("-", "−")


def _moved(samples: int, stretch: float, along: Axis, mode: str) -> np.ndarray:
    """(samples, features): whether an output is another one than without the stretching, by more than ε makes it."""
    now, unstretched = (_normalised_cells(example_batch(samples, by), along, mode).x_hat for by in (stretch, 1.0))
    return np.abs(now - unstretched) > 1e-3


def _left_over(x_hat: np.ndarray, along: Axis) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each group after it was normalised: 0 and 1, unless by running statistics."""
    axis = 0 if along == "batch" else 1
    return x_hat.mean(axis=axis, keepdims=True), x_hat.std(axis=axis, keepdims=True)


def _normalised_cells(x: np.ndarray, along: Axis, mode: str) -> Normalised | None:
    """Every step of the normalisation; None where batch norm has no batch to take a variance of."""
    ones, zeros = np.ones(x.shape[1]), np.zeros(x.shape[1])
    if along == "batch" and mode == "evaluation":
        return Running(FEATURE_MEANS, FEATURE_STDS**2).normalise(x, ones, zeros)
    return None if along == "batch" and len(x) < 2 else normalise(x, ones, zeros, along)


def _cells_numbers(
    x: np.ndarray, out: Normalised, picked: tuple[int, int], axis: str, mode: str, *, with_dots: bool
) -> None:
    """The picked cell's arithmetic, and whose mean and standard deviation it takes."""
    i, j = picked
    at = tuple(min(index, size - 1) for index, size in zip(picked, out.mean.shape, strict=True))
    mean, std = float(out.mean[at]), float(out.std[at])
    st.latex(
        rf"\rule{{0pt}}{{2em}}\hat x_{{{i + 1}{j + 1}}} = \frac{{x_{{{i + 1}{j + 1}}} - \mu}}{{\sigma}} = "
        rf"\frac{{{_tex(x[i, j])} - {_tex(mean, True)}}}{{{_tex(std)}}} = {_tex(float(out.x_hat[i, j]))}"
    )
    if axis == LAYER_NORM.name:
        company = f"of the {x.shape[1]} features of sample {i + 1}"
    elif mode == "training":
        company = f"of feature {j + 1} over the {len(x)} samples of the batch"
    else:
        company = f"of feature {j + 1}, collected in training"
    dots = " A dot marks each output that the stretching has changed." if with_dots else ""
    st.caption(f"The mean μ, and the standard deviation σ below it, are those {company}.{dots}")


def row_by_hand() -> list[dict[str, str]]:
    """The first sample of the example batch under layer norm, step by step, as a table: a column for each feature."""
    x = example_batch(N_SAMPLES, 1.0)[:1]
    out = _normalised_cells(x, "layer", "training")
    mean, std = float(out.mean[0, 0]), float(out.std[0, 0])
    named = {"x": x[0], f"x − {mean:.2f}": x[0] - mean, f"divided by {std:.2f}": out.x_hat[0]}
    return [
        {"": name, **{f"unit {j + 1}": f"{v:.2f}".replace("-", "−") for j, v in enumerate(values)}}
        for name, values in named.items()
    ]


def first_sample_moves(axis: str) -> float:
    """How far the outputs of the first sample move when the last one of the batch is multiplied by 5."""
    outs = [_normalised_cells(example_batch(N_SAMPLES, stretch), AXES[axis], "training") for stretch in (1.0, 5.0)]
    return float(np.abs(outs[0].x_hat[0] - outs[1].x_hat[0]).max())
