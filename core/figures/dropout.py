"""Pictures of dropout: a drawn network with its masks, the word of many thinned networks, hidden units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.figures.theme import (
    MARK,
    Figure,
    Look,
    Row,
    by_colour,
    by_dash,
    figure,
    in_rows,
    layered,
    number_axis,
    rows_of,
    short,
    squares,
    strokes,
    told,
)
from core.maths.masks import WIDTHS, Pass, network
from core.results.activations import ACTIVATION_BINS, ACTIVATION_TOP
from core.techniques import BATCH_NORM, COLOURS, DROPOUT

NAMES = ("input", "hidden layer 1", "hidden layer 2", "output")


def network_figure(shown: Pass, masks: tuple[np.ndarray, ...] | None) -> Figure:
    """The drawn network during one forward pass: each unit with what it hands on; units that are off are crossed out,
    and their connections gone."""
    x, _ = network()
    layers = [x, *shown.handed_on, np.array([shown.output])]
    on = [np.ones(3, bool), *(masks or [np.ones(n, bool) for n in WIDTHS[1:-1]]), np.ones(1, bool)]
    places = [((n - 1) / 2 - np.arange(n)) for n in WIDTHS]  # the first unit on top
    connections = [
        {"x": i, "y": float(places[i][a]), "x2": i + 1, "y2": float(places[i + 1][b])}
        for i in range(len(WIDTHS) - 1)
        for a in range(WIDTHS[i])
        for b in range(WIDTHS[i + 1])
        if on[i][a] and on[i + 1][b]
    ]
    units = [
        {
            "x": i,
            "y": float(places[i][j]),
            "text": f"{layers[i][j]:.2f}".replace("-", "−") if on[i][j] else "off",
            "state": "on" if on[i][j] else "off",
        }
        for i in range(len(WIDTHS))
        for j in range(WIDTHS[i])
    ]
    off = [unit for unit in units if unit["state"] == "off"]
    names = [{"x": i, "y": -2.75, "text": name} for i, name in enumerate(NAMES)]
    return figure(_network_chart, {"connections": connections, "units": units, "off": off, "names": names})


def network_table(shown: Pass, masks: tuple[np.ndarray, ...] | None) -> list[Row]:
    """The numbers of `network_figure`: what each unit hands on, from the top; "off" for one that is switched off."""
    hidden = masks or [np.ones(n, bool) for n in WIDTHS[1:-1]]
    layers = zip(NAMES, [network()[0], *shown.handed_on, [shown.output]], [[True] * 3, *hidden, [True]], strict=True)
    return [
        {"layer": name, "unit": j + 1, "hands on": f"{value:.4f}".replace("-", "−") if on else "off"}
        for name, values, are_on in layers
        for j, (value, on) in enumerate(zip(values, are_on, strict=True))
    ]


def _network_chart(look: Look):
    import altair as alt

    place = {
        "x": alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.35, 3.35], nice=False)),
        "y": alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-3.0, 2.6], nice=False)),
    }
    is_on, size = "datum.state == 'on'", 100 * look.font
    units = rows_of("units").mark_point(shape="circle", filled=True, opacity=1, size=size)
    cross = rows_of("off").mark_point(shape="cross", angle=45, size=size / 1.3, filled=True, color=MARK, opacity=0.45)
    return layered(
        look,
        rows_of("connections").mark_rule(color=MARK, opacity=0.6).encode(**place, x2="x2", y2="y2"),
        units.encode(
            **place,
            fill=alt.condition(is_on, alt.value("#FBE3D3"), alt.value("#E4E6EA")),
            stroke=alt.condition(is_on, alt.value(DROPOUT.colour), alt.value(MARK)),
            strokeWidth=alt.value(2),
        ),
        cross.encode(**place),
        rows_of("units").mark_text(fontSize=look.font, color="#1B1F24").encode(**place, text="text:N"),
        rows_of("names").mark_text(fontSize=look.font, color=MARK).encode(**place, text="text:N"),
    )


EVALUATED, EXPECTED = "evaluation mode", "mean over all masks"


def expectation_figure(means: np.ndarray, evaluated: float, expected: float, *, title: str) -> Figure:
    """The mean over the first 1, 2, … masks; as rules, the number that evaluation mode gives and the mean over all
    masks."""
    picked = sorted({*range(1, 21), *range(20, len(means) + 1, 5)})
    so_far = [{"masks": t, "value": short(means[t - 1])} for t in picked]
    goals = [{"value": evaluated, "is": EVALUATED}, {"value": float(f"{expected:.6g}"), "is": EXPECTED}]
    return figure(_expectation_chart, {"goals": goals, "means": so_far}, title=title)


def _expectation_chart(look: Look, *, title):
    import altair as alt

    x = alt.X("masks:Q", title="masks so far", scale=alt.Scale(nice=False, zero=False))
    y = alt.Y("value:Q", title="mean so far", scale=alt.Scale(zero=False), axis=number_axis())
    rules = rows_of("goals").mark_rule(color=MARK, strokeWidth=look.stroke)
    line = rows_of("means").mark_line(color=DROPOUT.colour, strokeWidth=look.stroke)
    dash = by_dash("is", [EVALUATED, EXPECTED], ("dashed", "dotted"))
    return layered(look, rules.encode(y=y, strokeDash=dash), line.encode(x=x, y=y), title=title)


MEANS = ("mean of the masks", "weight scaling")
VOTE = "#9A78C8"
"""Of a single thinned network: to be seen on both bars, on light and on dark."""


def votes_figure(votes: np.ndarray, scaled: np.ndarray, class_names: Sequence[str], right: int) -> Figure:
    """The class probabilities of one image: each thinned network's as a dot, their mean and weight scaling's as bars.

    votes: (T, classes); scaled: (classes,). The right class is named in the axis.
    """
    names = [f"{name}{' ✓' if i == right else ''}" for i, name in enumerate(class_names)]
    single = [{"class": names[c], "probability": round(float(v), 4)} for row in votes for c, v in enumerate(row)]
    bars = [
        {"class": names[c], "probability": round(float(p), 4), "which": which}
        for which, some in zip(MEANS, (votes.mean(axis=0), scaled), strict=True)
        for c, p in enumerate(some)
    ]
    return figure(_votes_chart, {"means": bars, "single": single}, names=names)


def votes_table(votes: np.ndarray, scaled: np.ndarray, class_names: Sequence[str]) -> list[Row]:
    """The numbers of `votes_figure`: for each class how many thinned networks answer it, and both bars."""
    answers = votes.argmax(axis=1)
    return [
        {"class": name, "networks that say so": int((answers == c).sum()), **dict(zip(MEANS, both, strict=True))}
        for c, (name, both) in enumerate(
            zip(class_names, zip(map(short, votes.mean(axis=0)), map(short, scaled), strict=True), strict=True)
        )
    ]


def _votes_chart(look: Look, *, names):
    import altair as alt

    x = alt.X("probability:Q", title="probability", scale=alt.Scale(domain=[0, 1]), axis=number_axis("%"))
    y = alt.Y("class:N", sort=list(names), title=None, axis=alt.Axis(labelLimit=200))
    means = (
        rows_of("means")
        .mark_bar(opacity=0.85)
        .encode(
            x=x,
            y=y,
            yOffset=alt.YOffset("which:N", sort=list(MEANS)),
            color=by_colour("which", list(zip(MEANS, (DROPOUT.colour, MARK), strict=True)), squares(columns=1)),
            tooltip=[told("class"), told("which"), told("probability", format=".1%")],
        )
    )
    single = rows_of("single").mark_tick(color=VOTE, opacity=0.7, size=16).encode(x=x, y=y)
    return layered(look, means, single, height=look.font * 32)


SCALED = "weight scaling"
_BAND = {"mean": np.mean, "low": np.min, "high": np.max}


def masks_figure(
    lines: Mapping[str, np.ndarray], scaled: Sequence[float], current: int, *, title: str, percent: bool
) -> Figure:
    """A number against how many thinned networks are averaged: line's name → (seeds, T). Line: mean over seeds; band:
    from the lowest to the highest; dashed rule: weight scaling, mean over seeds."""
    n = next(iter(lines.values())).shape[1]
    values = [
        {"masks": t + 1, "which": name, **{key: short(of(some[:, t])) for key, of in _BAND.items()}}
        for name, some in lines.items()
        for t in range(n)
    ]
    rows = {
        "here": [{"masks": current}],
        "lines": values,
        "scaled": [{"value": float(np.mean(scaled)), "which": SCALED}],
    }
    return figure(_masks_chart, rows, names=list(lines), title=title, percent=percent)


def _masks_chart(look: Look, *, names, title, percent):
    import altair as alt

    ticks = alt.Axis(values=[1, 2, 5, 10, 20, 50, 100])
    x = alt.X("masks:Q", title="thinned networks averaged", scale=alt.Scale(type="log", nice=False), axis=ticks)
    place = {"title": None, "scale": alt.Scale(zero=False), "axis": number_axis(".1%" if percent else ".2f")}
    colours = [*zip(names, (DROPOUT.colour, BATCH_NORM.colour), strict=False), (SCALED, MARK)]
    colour = by_colour("which", colours, strokes(in_rows(look, [name for name, _ in colours])))
    here = rows_of("here").mark_rule(color=MARK, strokeWidth=12, opacity=0.25)
    band = rows_of("lines").mark_area(opacity=0.2)
    line = rows_of("lines").mark_line(strokeWidth=look.stroke)
    tooltip = [
        alt.Tooltip("masks:Q", title="networks"),
        told("which"),
        told("mean", title, ".2%" if percent else ".4f"),
    ]
    rule = rows_of("scaled").mark_rule(strokeWidth=look.stroke, strokeDash=[6, 4])
    return layered(
        look,
        here.encode(x=x),
        band.encode(x=x, y=alt.Y("low:Q", **place), y2="high:Q", color=colour),
        line.encode(x=x, y=alt.Y("mean:Q", **place), color=colour, tooltip=tooltip),
        rule.encode(y=alt.Y("value:Q", title=None), color=colour),
        title=title,
    )


def activations_figure(histograms: Mapping[str, np.ndarray], *, title: str) -> Figure:
    """How the positive activations of a layer are distributed: technique → shares (1 + bins,), of which the first, the
    zeros, is left out and told beside its name."""
    edges = np.linspace(0, ACTIVATION_TOP, ACTIVATION_BINS + 1)
    values = [
        {"activation": float(f"{left:.4g}"), "share": short(share), "technique": name}
        for name, shares in histograms.items()
        for left, share in zip(edges, (*shares[1:], shares[-1]), strict=True)
    ]
    zeros = [
        {"technique": name, "line": i, "told": f"{name}: {100 * shares[0]:.0f} % are 0"}
        for i, (name, shares) in enumerate(histograms.items())
    ]
    return figure(
        _activations_chart,
        {"shares": values, "zeros": zeros},
        names=list(histograms),
        last=float(edges[-2]),
        title=title,
    )


def _activations_chart(look: Look, *, names, last, title):
    import altair as alt

    colour = by_colour("technique", [(name, COLOURS[name]) for name in names], None)
    shares = rows_of("shares").mark_area(interpolate="step-after", opacity=0.4, line={"strokeWidth": 1})
    x = alt.X("activation:Q", title=f"activation above 0; the last bin: all from {last:g} on", scale={"nice": False})
    y = alt.Y("share:Q", title="share of all activations", stack=None, axis=number_axis("%"))
    # The names, with what is not drawn, stand inside at the right, where activations are rare.
    below = alt.expr(f"datum.line * {1.4 * look.font}")
    zeros = rows_of("zeros").mark_text(align="right", baseline="top", fontSize=look.font, fontWeight="bold", dy=below)
    at = {"x": alt.value("width"), "y": alt.value(4)}
    return layered(
        look,
        shares.encode(x=x, y=y, color=colour),
        zeros.encode(**at, text="told:N", color=colour),
        title=title,
    )
