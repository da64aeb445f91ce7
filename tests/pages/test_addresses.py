"""An address that somebody has copied opens what it opened then: one a page, many settings moved off their defaults.

What is expected was read off the pages as they were at commit 29b7978, before the charts were built another way (the
compare page came later). So it is looked for wherever it may stand: a number in the rows of some chart, a text in a
table, a caption or a paragraph.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from page_reader import PAGES, drawn_rows, metrics, open_at, open_page

from core.app import frame

Numbers = tuple[str | float, ...]

SMALL_AND_NOISY = "2,000 images, 20 % wrong labels"


@dataclass(frozen=True)
class Opened:
    """An address's parameters, and what is seen with them and not without them.

    metrics: beside each other, in this order. rows: each is part of one row behind some chart. counts: for a name in a
    legend or at an axis, the number of different rows that hold it. texts: in tables, captions, paragraphs, formulas.
    """

    path: str
    address: Mapping[str, str]
    rows: tuple[Numbers, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    metrics: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()


BASELINE = Opened(
    "pages/1_baseline.py",
    {
        "n_train": "5000",
        "network": "small and noisy",
        "radius": "0.5",
        "directions": "2",
        "view": "contours",
        "log_z": "true",
        "along": "β",
        "at": "0.3",
        "same_z": "true",
        "notebook_loss": "true",
        "fault": "swapped axes",
        "exercise": "training step",
    },
    metrics=(
        ("Training accuracy", "94.0 %"),
        ("Validation accuracy", "74.1 %"),
        ("Accuracy gap", "19.9 points"),
        ("Best epoch", "15 of 60"),
    ),
    rows=(
        ("the notebook's training loss", 60, 0.239674),
        ("validation images", 59, 0.7429),
        (-0.5, 0.338374),  # the slice through the surface, from edge to edge
        (0.475, 0.231697),
        (0.5, 0.256631),
    ),
    # A line of the run and a band of its seeds, which are stored since the compare page tells of them.
    counts={"the notebook's training loss": 2 * 60, "lowest loss: epoch 15": 1, "validation images": 360 + 2 * 60},
    texts=("0.075 ± 0.008",),  # the loss of the network in the middle of its surface
)

BATCH_NORM = Opened(
    "pages/2_batch_norm.py",
    {
        "picture_on": "training images",
        "mode": "evaluation",
        "gamma": "2",
        "beta": "-1",
        "bias": "5",
        "seen": "2",
        "momentum": "0.3",
        "stream": "2",
        "brightness": "0.2",
        "contrast": "0.5",
        "noise": "0.1",
        "unit": "3",
        "sgd_lr": "1",
        "small_batch": "4",
        "radius": "2",
        "directions": "1",
        "log_z": "true",
        "probe_optimizer": "sgd",
        "seed": "2",
        "notebook_loss": "true",
        "fault": "own axes",
        "exercise": "running mean",
    },
    metrics=(
        ("Training accuracy", "100.0 %"),
        ("Validation accuracy", "82.8 %"),
        ("Accuracy gap", "17.2 points"),
        ("Best epoch", "5 of 60"),
    ),
    rows=(
        ("batch norm", 20, 0.076784, 0.052839, 0.09986),  # loss on the training images
        ("batch norm", 20, 0.97172, 0.9623, 0.9825),  # and accuracy
        ("feature 3", 8.3526),
        ("running", 100, 3.112962),
        ("of each batch", 100, 0.09311),
        ("batch norm, re-estimated", 0.79764),
        ("batch norm, running", 0.16572),
        ("shifted", 0.96875, 1, 0.041164),
        (400, 0.264, 1.959, 4.853),  # the unit's input, plain
        (400, -0.9756, -0.1621, 1.32),  # and with batch norm
        ("layer norm", 4, 0.85402, 0.8488, 0.8628),  # at the learning rate
        ("layer norm", 9, 0.80288, 0.7661, 0.827),  # at the batch size
        ("layer norm", 380, 1.2022, 0.54253, 1.9001),  # along the gradient, by SGD
        ("the notebook's training loss", 60, 0.000513628),
    ),
    counts={"the notebook's training loss": 120, "lowest loss: epoch 5": 1},
    texts=("1.697", "114.8", "5.879", "8.353", "= 5.88", "1.18 ± 0.19"),
)

LAYER_NORM = Opened(
    "pages/3_layer_norm.py",
    {
        "axis": "layer norm",
        "cells_mode": "evaluation",
        "samples": "4",
        "sample": "2",
        "feature": "5",
        "stretch": "5",
        "compare_on": "training images",
        "radius": "0.5",
        "directions": "2",
        "log_z": "true",
        "probe_optimizer": "sgd",
        "seed": "2",
        "notebook_loss": "true",
        "exercise": "layer norm by hand",
    },
    metrics=(
        ("Training accuracy", "99.1 %"),
        ("Validation accuracy", "81.7 %"),
        ("Accuracy gap", "17.3 points"),
        ("Best epoch", "8 of 60"),
    ),
    rows=(
        ("4", -7.15),  # the last sample, multiplied by 5
        ("2", "5", 0.3628, True),  # the picked cell, normalised
        ("4", -1.66, 4.4926),  # mean and deviation of the stretched row
        ("layer norm", 20, 0.12999, 0.12294, 0.13276),  # loss on the training images
        ("layer norm", 20, 0.95006, 0.9473, 0.9521),
        ("layer norm", 380, 8.0067, 5.6047, 10.922),
        ("the notebook's training loss", 60, 0.0170929),
        ("validation images", 41, 0.719176),
    ),
    counts={"the notebook's training loss": 120, "lowest loss: epoch 8": 1, "−7.15": 1},
    texts=(r"\frac{0.8 - 0.282}{1.43} = 0.363", "17.00 ± 1.11"),
)

DROPOUT = Opened(
    "pages/4_dropout.py",
    {
        "convention": "paper",
        "toy_p": "0.8",
        "dropout_mode": "evaluation",
        "p": "0.3",
        "p_on": SMALL_AND_NOISY,
        "masks_on": SMALL_AND_NOISY,
        "masks_p": "0.3",
        "image": "5",
        "masks": "30",
        "units_on": SMALL_AND_NOISY,
        "units_p": "0.7",
        "spy_unit": "in learning rates",
        "spy_rates": "0.3",
        "units_layer": "2",
        "dropout": "0.3",
        "notebook_loss": "true",
        "fault": "masked loss",
        "exercise": "dropout by hand",
    },
    metrics=(
        ("Training accuracy", "94.3 %"),
        ("Validation accuracy", "77.5 %"),
        ("Accuracy gap", "16.8 points"),
        ("Best epoch", "25 of 60"),
    ),
    rows=(
        ("mean over all masks", 1.48),
        (300, 0.80435),  # the output over 300 draws
        ("Trouser ✓", "mean of the masks", 0.7823),
        ("mean of the masks", 100, 0.76318, 0.7462, 0.7716),
        ("geometric mean", 100, 0.83612, 0.80981, 0.88134),
        ("weight scaling", 0.840874),
        ("dropout", 60, 0.81555, 0.78473, 0.87961),  # held-out loss
        ("dropout", 59, 0.76148, 0.7446, 0.7756),  # held-out accuracy
        (3.9, 3.5714e-06),  # the share of activations in a bin
        ("dropout", 0.9, 0.47655, 0.4663, 0.49153),
        ("the notebook's training loss", 60, 0.352036),
        ("validation images", 59, 0.7562),
    ),
    counts={"Trouser ✓": 32, "the notebook's training loss": 120, "lowest loss: epoch 25": 1},
    texts=("**0.790**", "**Trouser**. 29 of 30", "72.8 ± 1.0 %", "0.3 times the learning rate", "76.6 ± 1.2 %"),
)

L1_L2 = Opened(
    "pages/5_l1_l2.py",
    {
        "lambda1": "0.0003",
        "lambda1_on": SMALL_AND_NOISY,
        "l1_by": "proximal",
        "l1_threshold": "0.01",
        "l1_log": "true",
        "steps_by": "sgd",
        "steps_lambda": "0.0001",
        "lambda2": "0.001",
        "l2_unit": "in learning rates",
        "l2_rates": "3",
        "decay": "0.1",
        "decay_on": SMALL_AND_NOISY,
        "coupled": "0.001",
        "decay_log": "true",
        "written": "weight_decay of AdamW",
        "calc_lr": "0.01",
        "three_p": "0.3",
        "three_lambda": "0.0001",
        "three_threshold": "0.01",
        "l1": "0.001",
        "notebook_loss": "true",
        "fault": "own bins",
        "exercise": "proximal step",
    },
    metrics=(
        ("Exactly 0", "87.2 %"),
        ("Up to 0.01", "96.6 %"),
        ("Units alive", "99 of 392"),
        ("Test accuracy", "77.6 %"),
        ("If pruned", "78.7 %"),
        ("Largest |w|", "0.354"),
        ("Exactly 0", "0.0 %"),
        ("Up to 0.0009", "25.7 %"),
        ("Units alive", "366 of 392"),
        ("Test accuracy", "87.2 %"),
        ("If pruned", "87.2 %"),
        ("Largest |w|", "0.251"),
        ("Training accuracy", "65.8 %"),
        ("Validation accuracy", "76.1 %"),
        ("Accuracy gap", "−10.2 points"),
        ("Best epoch", "59 of 60"),
    ),
    rows=(
        ("L1", 60, 0.76459, 0.73374, 0.80767),  # held-out loss
        ("L1", 60, 0.26542, 0.23872, 0.27855),  # its penalty
        ("L1", 0.0625, 166),  # weights in a bin
        ("|w| ≤ 0.01", "1e-06", 0.30559),
        ("exactly 0", "0.001", 0.98065),
        ("centre 5", 800, -0.04768),
        ("edge 5", 785, 2.253e-06),
        ("L2", 20, 0.3546, 0.34725, 0.36505),
        ("|w| ≤ 0.0009", "0.01", 0.52025),
        (27, 22, 276),  # weights above the threshold at a pixel
        ("AdamW", 0.1725, 158),
        ("AdamW", "0.1", 0.052707, 0.71782),
        ("the notebook's training loss", 60, 1.548487),
    ),
    counts={"|w| ≤ 0.01": 44, "the notebook's training loss": 120},
    texts=(
        "L2 in the loss, λ₂ = 0.001",
        "weight_decay = 0.1",
        "71.8 ± 1.5 %",
        "lr=0.01, weight_decay=0.001",
        r"(1 - 0.01 \cdot 0.001)",
        "**96.5 %** up to 0.01",
        "**91.0 %**",
    ),
)

NORM_MATHS = Opened(
    "pages/6_norm_math.py",
    {
        "epsilon": "0.5",
        "delta": "0.3",
        "third": "elastic net",
        "share": "0.25",
        "c1": "-1",
        "c2": "0.2",
        "tilt": "60",
        "stretch": "4",
        "plane_lambda": "0.8",
        "map_w": "-0.5",
        "map_lambda": "0.2",
        "flow_loss": "with a loss",
        "flow_w0": "2",
        "flow_lambda": "0.3",
        "flow_centre": "0.5",
        "time": "4",
        "network_lambda": "0.003",
        "fault": "norm alone",
        "exercise": "l1 zeroes",
    },
    rows=(
        ("δ from the 1", 1.49, 0.4901),
        ("with penalty", -0.84482, 0),  # the optimum under L1
        ("with penalty", -0.61965, 0.30676),  # under L2
        ("with penalty", -0.65146, 0.25276),  # under the third penalty
        ("elastic net, α = 0.25", "both are 0", 0.0135),
        ("elastic net, α = 0.25", -0.5, -0.34615),
        ("elastic net, α = 0.25", 4, 0.29825),
        ("elastic net, α = 0.25", 0.165, 139),  # the network's weights in a bin
    ),
    counts={"elastic net, α = 0.25": 1012},
    texts=("(−0.845, **0**)", "(−0.620, 0.307)", "(−0.651, 0.253)", "−0.357", "0.511", "92.25 %", "98.8 %"),
)

COMPARE = Opened(
    "pages/7_compare.py",
    {
        "move": "Images",
        "images": "5000",
        "axes_on": "60,000 images",
        "numbers_on": "60,000 images",
        "number": "Calibration error",
        "against": "dropout",
        "holm": "true",
        "pair": "batch norm and L2",
        "with_batch_norm_l2": "0.003",
        "watch_epoch": "10",
        "watch_left": "L2",
        "watch_right": "dropout",
        "sure_on": "60,000 images",
        "sharp_on": "60,000 images",
        "path_of": "dropout",
        "path_epoch": "20",
        "between_on": "Training images",
        "between_adamw": "true",
        "claim": "overfitting prevented by L1",
        "claim_by": "the notebook",
        "fault": "luckiest",
        "exercise": "early stopping",
    },
    rows=(
        ("L2", 0.0275, 298),  # the watched weights in a bin, after epoch 10
        ("Ankle boot", 889, 0.87071),  # what the watched network is right about
        ("at its nearest point in the plane", 47, 0.64006),
        ("batch norm", 17, 0.0070875, 0.0062304, 0.0081658),  # relative steps
        ("AdamW", 1, 1.3182),  # where the line between two networks ends
    ),
    texts=(
        "AdamW at weight_decay = 3 (+7.4)",
        "gains most: +9.3 points",
        "**1 of 10 differences are clear.**",
        "length of 7.54 ± 0.17",
        "its mean confidence is 91.7 ± 0.1 %",
        "After epoch 20 the weights are 17.45 from those at the end",
        "AdamW (0.53)",
        "(the notebook)\n\n**This holds**",
    ),
)

OPENED = (BASELINE, BATCH_NORM, LAYER_NORM, DROPOUT, L1_L2, NORM_MATHS, COMPARE)


def is_same(value, expected) -> bool:
    if isinstance(expected, str) or not isinstance(value, int | float):
        return value == expected
    # rows carry five digits or more, and so do the numbers above
    return math.isclose(value, expected, rel_tol=2e-5, abs_tol=1e-9)


def holds(row: Mapping, expected: Numbers) -> bool:
    return all(any(is_same(value, one) for value in row.values()) for one in expected)


def different_rows(rows: list[dict], name: str) -> int:
    """Those that hold a name: a chart may draw the same rows twice."""
    found = {tuple(sorted(map(repr, row.values()))) for row in rows if name in row.values()}
    return len(found)


def texts_of(app) -> list[str]:
    cells = [str(cell) for t in (*app.table, *app.dataframe) for column in t.value for cell in t.value[column]]
    return [*cells, *(e.value for kind in (app.markdown, app.caption, app.latex) for e in kind)]


def is_seen(one: Opened, app) -> dict[str, bool]:
    """Of each thing that is expected, whether the page shows it."""
    rows, numbers, texts = drawn_rows(app), metrics(app), texts_of(app)
    n = len(one.metrics)
    seen = {f"row {row}": any(holds(r, row) for r in rows) for row in one.rows}
    seen |= {f"{count} rows {name}": different_rows(rows, name) == count for name, count in one.counts.items()}
    seen |= {f"text {text}": any(text in t for t in texts) for text in one.texts}
    if one.metrics:
        seen["metrics"] = any(tuple(numbers[i : i + n]) == one.metrics for i in range(len(numbers) - n + 1))
    return seen


ONE_AT_A_TIME = {"fault", "exercise"}
"""Chosen where a lesson is read in steps; where it is read as a whole all of them are there."""


@pytest.mark.parametrize("one", OPENED, ids=lambda one: one.path)
def test_an_address_opens_what_it_opened_before(one):
    app = open_page(one.path, **one.address)
    assert not [w.value for w in app.warning if "address" in w.value]
    asked = {key: True if value == "true" else value for key, value in one.address.items() if key not in ONE_AT_A_TIME}
    assert {key: app.session_state[key] for key in asked} == asked
    lesson = next(lesson.name for lesson in frame.LESSONS if lesson.path == one.path)
    for key in ONE_AT_A_TIME & one.address.keys():
        opened = open_at(one.path, **{key: one.address[key]})
        assert opened.session_state[key] == one.address[key]
        name, shown = one.address[key].replace(" ", "-"), [field.key for field in (*opened.radio, *opened.text_area)]
        assert f"{lesson}/{'fault' if key == 'fault' else 'code'}-{name}{'?' if key == 'fault' else '='}" in shown
    assert [what for what, shown in is_seen(one, app).items() if not shown] == []


@pytest.mark.parametrize("one", OPENED, ids=lambda one: one.path)
def test_without_its_address_a_page_shows_other_things(one):
    """Else an address could be ignored, and the test above would not notice."""
    assert [what for what, shown in is_seen(one, open_page(one.path)).items() if shown] == []


def test_a_link_to_the_overview_sets_the_lessons_up_that_are_opened_from_there():
    app = open_page(PAGES[0], present="true", hide="faults,code")
    assert app.session_state["present"] and not app.sidebar.children
    app.switch_page(BASELINE.path).run()
    assert not app.exception and app.session_state["present"] and not app.sidebar.children
    listed = {button.key for button in app.button}
    assert "to_check-yourself" in listed and not listed & {"to_find-the-fault", "to_fill-in-the-code"}
    assert {*app.query_params["hide"].split(",")} == {"faults", "code"} and app.query_params["present"] == "true"


def test_every_page_has_an_address_here():
    assert [PAGES[0], *(one.path for one in OPENED)] == PAGES
