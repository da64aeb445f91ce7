"""The parts that several lessons share: a captioned figure, a run's curves and numbers, the student's own run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.app import steps
from core.app.controls import config_from_widgets, toggle
from core.app.draw import chart, numbers_of
from core.app.frame import is_presenting
from core.app.runs import run_or_training
from core.app.take_home import take_home
from core.config import RunConfig
from core.course.claim import NOTEBOOK
from core.course.claims import percent
from core.course.over_seeds import runs_at
from core.course.together import cautions
from core.figures.curves import ACCURACY, LOSS, NOTEBOOK_LOSS, Curves, curve_table, learning_curves
from core.figures.theme import Figure
from core.results.run import Run

# --- one figure -----------------------------------------------------------------------------------------------------


def captioned(
    figure: Figure,
    *,
    alt_text: str,
    key: str,
    caption: str = "",
    rows: Sequence[Mapping] | None = None,
    height: int | None = None,
) -> None:
    """A chart, a caption that says what to see, and the table behind it. rows: the table; where none is given, the
    numbers of the chart's lines and points."""
    chart(figure, alt=alt_text, height=height)
    if caption:
        st.caption(caption)
    if rows is None:
        table(lambda: numbers_of(figure), key=key)
    elif rows:
        table(rows, key=key)


def table(
    rows: Sequence[Mapping] | Callable[[], Sequence[Mapping]], *, key: str, label: str = "Numbers behind this figure"
) -> None:
    """A table that is only made when it is opened."""
    behind = st.expander(label, key=f"{key}_numbers", on_change="rerun", icon=":material/table:")
    if behind.open:
        some = rows() if callable(rows) else rows
        # five digits, however small a number is: Streamlit would leave four after the point
        measured = {name for row in some for name, value in row.items() if isinstance(value, float)}
        formats = {name: st.column_config.NumberColumn(format="%.5g") for name in measured}
        behind.dataframe(some, hide_index=True, column_config=formats)


def numbers_table(rows: Sequence[Mapping]) -> None:
    """A short table of results: one that can be sorted and taken along, or, presented, one in the page's large type."""
    if is_presenting():
        st.table(rows)
    else:
        st.dataframe(rows, hide_index=True)


# --- a run ----------------------------------------------------------------------------------------------------------


EXPLAINED = {
    "Accuracy gap": "Training minus held-out accuracy at the last epoch. With wrong labels it can be below 0: "
    "the training accuracy counts a right answer to a wrong label as a mistake.",
    "Best epoch": "The epoch with the lowest loss on the held-out images.",
}


def headline(run: Run, *, narrow: bool = False) -> None:
    """The three numbers of a run at its last epoch, and its best epoch."""
    held_out = run.config.held_out
    places = st.grid(2 if narrow else 4, min_column_width=120)
    numbers = {
        "Training accuracy": percent(run.last.train_accuracy),
        f"{held_out.capitalize()} accuracy": percent(run.last.held_out_accuracy),
        "Accuracy gap": f"{100 * run.gap:.1f} points".replace("-", "−"),
        "Best epoch": f"{run.best_epoch} of {run.config.epochs}",
    }
    for label, value in numbers.items():
        places.metric(label, value, help=EXPLAINED.get(label))


NOTEBOOK_LOSS_IS = (
    "The notebook's training loss is the mean of the loss over an epoch's batches. It is taken in training mode, while "
    "the weights are still changing, and any penalty is added to it. The other curves are measured after the epoch, in "
    "evaluation mode and without a penalty, so the two kinds cannot be compared."
)


def run_curves(run: Run, *, key: str, height: int | None = None) -> None:
    """Loss and accuracy of one run side by side, with its table; the notebook's own training loss on request."""
    places = st.columns(2)
    with_notebook = toggle("Show the notebook's training loss too", key="notebook_loss", help_text=NOTEBOOK_LOSS_IS)
    for place, curves in zip(places, (NOTEBOOK_LOSS if with_notebook else LOSS, ACCURACY), strict=True):
        with place:
            curves_chart(run, curves, height=height)
    if with_notebook:
        st.caption(NOTEBOOK_LOSS_IS)
    table(curve_table(run.records, run.config), key=key)


def curves_chart(
    run: Run, curves: Curves, *, y_range: tuple[float, float] | None = None, height: int | None = None
) -> None:
    """A run's loss or accuracy over its epochs, in the band of all seeds of the same training that are stored."""
    seeds = [other.records for other in runs_at(run.config) if other.config != run.config]
    figure = learning_curves(run.records, run.config, curves, seeds=seeds, y_range=y_range)
    band = f" In a band from the lowest to the highest of {len(seeds) + 1} seeds." if seeds else ""
    alt = f"{curves.title} over {run.config.epochs} epochs. Best epoch: {run.best_epoch}.{band}"
    chart(figure, alt=alt, height=height)


def settings_in_words(config: RunConfig) -> str:
    """What a run was trained on and how, in a line."""
    noise = f"{percent(config.label_noise, 0)} wrong labels" if config.label_noise else "no wrong labels"
    return f"{noise} · {config.epochs} epochs · learning rate {config.lr:g}"


def test_accuracy(run: Run, *, key: str) -> None:
    """The test images, opened by the student after choosing; where the curves are the test's already, that is said."""
    if run.config.held_out == "test":
        st.caption(
            "With all 60,000 training images nothing is left to validate on: these curves are measured on the test "
            "images. So nothing may be chosen by them."
        )
        return
    drawer = st.expander("Test accuracy: open it once, when you have chosen", key=f"{key}_test", on_change="rerun")
    if drawer.open:
        drawer.markdown(
            f"On {run.config.facts.n_test:,} images that played no part so far: "
            f"**{percent(run.test_last.accuracy)}** after the last epoch, and **{percent(run.test_best.accuracy)}** "
            f"with the weights of epoch {run.best_epoch}, the best by validation loss."
        )


def notebook_claims_link() -> None:
    """The way to all that the notebook claims, and what was measured of it."""
    st.page_link(
        "pages/7_compare.py",
        label="All that the notebook claims, and what was measured",
        icon=":material/arrow_forward:",
        query_params={"step": "claimed", "claim_by": NOTEBOOK},
    )


# --- the student's own run ------------------------------------------------------------------------------------------


def own_run(
    settings: Sequence[str], base: RunConfig, *, says: str, first: Sequence[str] = (), key: str = "yours"
) -> None:
    """Widgets for some settings around `base`, and beside them the run that they ask for: stored, or trained while one
    watches. says: above the widgets. first: the settings that stand open (none named: the first three); the others are
    folded away."""
    first = first or settings[:3]
    figure, side = steps.side_by_side()
    with side:
        st.markdown(says)
        config = config_from_widgets(first, base, columns=1)
        with steps.fold("Other settings"):
            config = config_from_widgets([name for name in settings if name not in first], config, columns=1)
    with figure:
        warn_of_pairs(config)
        report(run_or_training(config, key=key), key=key)


def warn_of_pairs(config: RunConfig) -> None:
    """What a student should know who has set two techniques that get in each other's way."""
    for caution in cautions(config):
        st.warning(caution, icon=":material/join_inner:")


def report(run: Run | None, *, key: str, height: int | None = None) -> None:
    """Everything about one run, where there is one: its numbers, its curves, and its test accuracy behind a click.
    height: of the curves."""
    if run:
        headline(run)
        run_curves(run, key=key, height=height)
        test_accuracy(run, key=key)
        take_home({"your run": run.config}, key=key)
