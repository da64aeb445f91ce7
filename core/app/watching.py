"""Two trainings side by side at the same epoch, which a slider moves and a button plays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

import streamlit as st

from core.app import controls, steps
from core.app.draw import chart, numbers_of
from core.app.panels import table
from core.app.player import played_stop
from core.app.strengths import SETTINGS
from core.config import FULL, RunConfig
from core.course.claims import MISSING
from core.course.watched import (
    WATCHED,
    Training,
    at_epoch,
    extremes_in_words,
    mistakes_in_words,
    trainings,
    watched_of,
    when,
    zeros_in_words,
)
from core.figures.theme import Figure
from core.figures.watched import confusion_figure, confusion_table, growing_figure, small_figure, small_table
from core.figures.weights import spy_figure, weights_figure
from core.results.library import stored
from core.results.sparsity import BIN_WIDTH, BINS
from core.results.watched import THRESHOLD, Watched, WatchedSpec
from core.techniques import Technique

PIXELS, MATRIX, HISTOGRAM, MISTAKES = "Small weights", "All weights", "Histogram", "Mistakes"
VIEWS = (PIXELS, MATRIX, HISTOGRAM, MISTAKES)

Pair = tuple[Technique, Technique]
Found = Mapping[str, Training]
"""What is stored of the two, by name."""

SMALL = f"|w| up to {THRESHOLD:g}"
CAPTIONS = {
    PIXELS: f"Below: the image plane, and at each pixel the share of its weights that are small ({SMALL}).",
    MATRIX: f"Below: a row is a unit, a column a pixel. Pale orange: small ({SMALL}). White: exactly 0. Of six epochs "
    "there is a picture; it is the last one so far.",
    HISTOGRAM: f"Below: the weights of the first layer in bins of {BIN_WIDTH:g}.",
    MISTAKES: "Below: a row is a class, and a column what its images are taken for, in per cent and in the same order. "
    "The diagonal is right.",
}


def settings_of(key: str, *more: str) -> tuple[str, ...]:
    """The keys of a panel's controls: setting and epoch, and more of them where it has a choice of views ("view") or of
    techniques ("left", "right")."""
    return tuple(f"{key}_{name}" for name in ("on", "epoch", "epoch_full", *more))


def watch_panel(
    first: Pair,
    *,
    asks: str,
    key: str,
    choosing: bool = False,
    opens: str = PIXELS,
    says: Callable[[Found], str] | None = None,
) -> None:
    """Two techniques, `first` where none are chosen, at one epoch of their trainings. choosing: whether others can be
    chosen. opens: the view that it opens with. says: the answer, made of both trainings and folded away."""
    views = (opens, *(view for view in VIEWS if view != opens))
    watch_in(*steps.side_by_side(), first, asks=asks, key=key, choosing=choosing, views=views, says=says)


def watch_in(
    figure,
    side,
    first: Pair,
    *,
    asks: str | Callable[[RunConfig], str],
    key: str,
    choosing: bool = False,
    views: Sequence[str],
    says: Callable[[Found], str] | None = None,
) -> None:
    """The same in places that are there already. asks: also by the setting. views: those that are offered."""
    with side:
        base, epoch = epoch_controls(key)
        st.markdown(asks if isinstance(asks, str) else asks(base))
        numbers = st.container()
        pair = _chosen(first, key) if choosing else first
    with figure:
        found = draw_epoch(pair, base, epoch, key=key, views=views)
    if found:
        numbers.table(at_epoch(found, epoch))
    if found and says:
        with numbers, steps.fold("Answer"):
            st.markdown(says(found))


def epoch_controls(key: str) -> tuple[RunConfig, int]:
    """The widgets of the setting and of the epoch, with the buttons that play it. Each setting keeps its own epoch,
    since one has more of them than the other."""
    base = SETTINGS[controls.choice("Trained on", tuple(reversed(SETTINGS)), key=f"{key}_on")]
    its_own = "_full" if base.n_train == FULL.n_train else ""
    return base, played_stop("Epoch", range(base.epochs + 1), base.epochs, key=f"{key}_epoch{its_own}")


def _chosen(first: Pair, key: str) -> Pair:
    """The widgets of the two techniques; each opens with its own."""
    left, right = st.columns(2)
    chosen = []
    for place, own, which in ((left, first[0], "left"), (right, first[1], "right")):
        names = {technique.name: technique for technique in (own, *(t for t in WATCHED if t is not own))}
        with place:
            chosen.append(names[controls.pick(which.capitalize(), tuple(names), key=f"{key}_{which}")])
    return chosen[0], chosen[1]


# --- what is drawn ---------------------------------------------------------------------------------------------------


def draw_epoch(
    pair: Sequence[Technique], base: RunConfig, epoch: int, *, key: str, views: Sequence[str] = VIEWS
) -> dict[str, Training]:
    """The curves up to an epoch, and one of some views of both networks at it. Returns what is stored of them."""
    found = trainings({technique.name: watched_of(technique, base) for technique in pair})
    if len(found) < len({technique.name for technique in pair}):
        st.info(f"{MISSING.capitalize()}.")
        return {}
    seen = {name: one.seen for name, one in found.items()}
    curves = growing_figure({name: one.run for name, one in found.items()}, epoch)
    chart(curves, alt=f"The losses of {' and '.join(found)} up to epoch {epoch} of {base.epochs}.", height=140)
    for view in steps.views(views, key=f"{key}_view") if len(views) > 1 else views:
        _draw_view(view, seen, epoch)
        st.caption(f"Dashed: loss on training images. Solid: on {base.held_out} images. {CAPTIONS[view]} Seed 0.")
        table(partial(numbers_of, curves), key=f"{key}_{view}_curves", label="Numbers behind the curves")
        table(partial(_rows, view, seen, epoch), key=f"{key}_{view}", label="Numbers behind the lower figure")
    return found


def _draw_view(view: str, seen: Mapping[str, Watched], epoch: int) -> None:
    if view == HISTOGRAM:
        alt = f"Histograms of the weights of {' and '.join(seen)} {when(epoch)}, in {BINS} bins."
        chart(_histogram(seen, epoch), alt=alt, height=250)
        return
    with st.container(key="square") if view == PIXELS else st.container():
        places = st.columns(len(seen))
    for place, (name, one) in zip(places, seen.items(), strict=True):
        with place:
            if view == PIXELS:
                figure = small_figure(one.small_by_pixel(epoch), title=name)
                chart(figure, alt=f"Small weights with {name} {when(epoch)}: {extremes_in_words(one, epoch)}.")
            elif view == MATRIX:
                at = one.pictured_at(epoch)
                figure = _matrix(one.spec, at, f"{name}, {when(at)}")
                chart(figure, alt=f"The weights of {name} {when(at)}: {zeros_in_words(one, at)}.", height=250)
            else:
                figure = confusion_figure(one.confusion[epoch], one.spec.run.facts.class_names, title=name)
                alt = f"What {name} takes the classes for {when(epoch)}: {mistakes_in_words(one, epoch)}."
                chart(figure, alt=alt, height=240)


@lru_cache(maxsize=128)
def _matrix(spec: WatchedSpec, epoch: int, title: str) -> Figure:
    """The picture of the whole matrix, which takes longer to be packed than all else: kept, as while playing it stays
    the same for many epochs."""
    return spy_figure(stored(spec).levels(epoch), 1, title=title)


def _histogram(seen: Mapping[str, Watched], epoch: int) -> Figure:
    highest = max(int(one.histogram.max()) for one in seen.values())
    return weights_figure({name: one.histogram[epoch] for name, one in seen.items()}, log=True, highest=highest)


def _rows(view: str, seen: Mapping[str, Watched], epoch: int) -> Sequence[Mapping]:
    if view == PIXELS:
        return small_table({name: one.small_by_pixel(epoch) for name, one in seen.items()})
    if view == MATRIX:
        return [
            {
                "network": name,
                "epoch": at,
                "small": round(float((one.levels(at) < 2).mean()), 4),
                "exactly 0": round(float((one.levels(at) == 0).mean()), 4),
            }
            for name, one in seen.items()
            for at in one.spec.pictured
        ]
    if view == HISTOGRAM:
        return numbers_of(_histogram(seen, epoch))
    names = next(iter(seen.values())).spec.run.facts.class_names
    return confusion_table({name: one.confusion[epoch] for name, one in seen.items()}, names)
