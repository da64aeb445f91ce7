"""Pictures of penalties on one weight and on two: norms of a shortened vector, optima in the plane, maps and flows."""

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
    dots,
    figure,
    layered,
    number_axis,
    rows_of,
    short,
    squares,
    strokes,
    told,
)
from core.maths.plane import Losses, ball
from core.maths.shrinkage import Penalty, slope
from core.maths.small_vector import NORMS
from core.techniques import COLOURS, L1, L2

PENALTIES = (L1.name, L2.name)
THIRD = "#8E6BBF"
"""Of the penalty that the student chooses."""
LARGEST_DELTA = 1.5
"""Where the curves over δ end: past the vector's large coordinate."""


def colour_of(penalty: str) -> str:
    return COLOURS.get(penalty, THIRD)


def _by_penalty(field: str = "penalty", *, before: bool = False):
    """Colours of L1, L2 and the third penalty. Their names are left to the rows, which Vega sorts (capitals first): so
    the chart is the same whatever the third is called. before: "before" is among them."""
    import altair as alt

    shades = [COLOURS[PENALTIES[0]], COLOURS[PENALTIES[1]], *([MARK] if before else []), THIRD]
    return alt.Color(field, type="nominal", scale=alt.Scale(range=shades), legend=strokes())


# --- the vector (1, ε) ----------------------------------------------------------------------------------------------

FROM = {"large": "δ from the 1", "small": "δ from the ε"}


def shortened_figure(which: str, epsilon: float, delta: float) -> Figure:
    """One norm ("L1" or "L2") of x − v and of x − d over δ: solid where δ is taken from the 1, dashed from the ε. A
    rule at the current δ, a dot on either line, an open square at a kink."""
    at = np.linspace(0, LARGEST_DELTA, 151)
    values, marks, kinks = [], [], []
    for place, label in FROM.items():
        norm = NORMS[f"{which}, from the {place}"]
        curve = norm.value(epsilon, at)
        values += [{"delta": short(d), "norm": short(n), "line": label} for d, n in zip(at, curve, strict=True)]
        marks.append({"delta": delta, "norm": short(float(norm.value(epsilon, delta))), "line": label})
        kink = norm.kink(epsilon)
        if kink is not None:
            kinks.append({"delta": short(kink), "norm": short(float(norm.value(epsilon, kink)))})
    rows = {"here": [{"delta": delta}], "curves": values, "kinks": kinks, "marks": marks}
    return figure(_shortened_chart, rows, which=which)


def _shortened_chart(look: Look, *, which):
    import altair as alt

    x = alt.X("delta:Q", title="δ", scale=alt.Scale(nice=False))
    y = alt.Y("norm:Q", title=None, scale=alt.Scale(zero=False), axis=number_axis())
    place = {"x": x, "y": y}
    tooltip, colour = [alt.Tooltip("delta:Q", title="δ"), told("norm", format=".4f")], COLOURS[which]
    dash = by_dash("line", list(FROM.values()), ["solid", "dashed"])
    kinks = rows_of("kinks").mark_point(shape="square", size=120, color=MARK, strokeWidth=2)
    marks = rows_of("marks").mark_point(filled=True, size=110, color=colour, opacity=1)
    return layered(
        look,
        rows_of("here").mark_rule(color=MARK, strokeWidth=2).encode(x=x),
        rows_of("curves")
        .mark_line(color=colour, strokeWidth=look.stroke)
        .encode(**place, strokeDash=dash, tooltip=tooltip),
        kinks.encode(**place),
        marks.encode(**place, tooltip=tooltip),
        title="Square of the L2 norm" if which == "L2" else "L1 norm",
    )


MOVES = {"x": MARK, "x − v": COLOURS["batch norm"], "x − d": COLOURS["layer norm"]}


def moves_figure(epsilon: float, delta: float) -> Figure:
    """x = (1, ε) in the plane with x − v and x − d, and the curves on which either norm is that of x."""
    curves = {"L1": ball(Penalty(1.0), 1 + epsilon), "L2": ball(Penalty(2.0), 1 + epsilon**2)}
    reach = 1.06 * (1 + epsilon)  # a little past the corners of L1's ball
    inside, outside = 0.4 * (1 + epsilon), 0.8 * np.sqrt(1 + epsilon**2)  # of the square's edge, of the circle
    points = dict(zip(MOVES, ((1.0, epsilon), (1 - delta, epsilon), (1.0, epsilon - delta)), strict=True))
    rows = {
        **ZERO_LINES,
        "corners": [{"w1": at, "w2": at} for at in (-reach, reach)],
        "balls": _path_rows(curves),
        "curves": [
            {"w1": short(-at), "w2": short(-at), "penalty": name}
            for name, at in zip(PENALTIES, (inside, outside), strict=True)
        ],
        "moves": [{"w1": 1.0, "w2": short(epsilon), "to1": short(a), "to2": short(b)} for a, b in points.values()],
        "points": [{"w1": short(a), "w2": short(b), "name": name} for name, (a, b) in points.items()],
    }
    return figure(_moves_chart, rows)


def _moves_chart(look: Look):
    place, by_penalty = _axes("x"), by_colour("penalty", [(name, COLOURS[name]) for name in PENALTIES], None)
    layers = [
        rows_of("corners").mark_point(opacity=0).encode(**place),  # they give both axes their range
        *_zero_lines(place),
        _paths(place, look).encode(color=by_penalty),
        rows_of("curves").mark_text(fontSize=look.font, color=MARK).encode(**place, text="penalty:N"),
        rows_of("moves").mark_rule(color=MARK, strokeWidth=look.stroke).encode(**place, x2="to1", y2="to2"),
        rows_of("points")
        .mark_point(filled=True, size=60, opacity=1)
        .encode(**place, color=by_colour("name", list(MOVES.items()), dots(columns=3))),
    ]
    return _square(look, layers)


# --- the slope ------------------------------------------------------------------------------------------------------

HIGHEST_SLOPE = 3.0
"""Where the axis of slopes ends; p < 1 has no highest one."""


def slopes_figure(penalties: Mapping[str, Penalty], at: float | None = None) -> Figure:
    """The slope of each penalty over the size of a weight, from 0 to 2; a dot on each at the size `at`."""
    sizes = np.concatenate([[1e-4, 1e-3, 3e-3], np.linspace(0.01, 2, 200)])
    rows = {
        "here": [] if at is None else [{"size": at}],
        "slopes": [
            {"size": short(w), "slope": short(g), "penalty": name}
            for name, penalty in penalties.items()
            for w, g in zip(sizes, slope(sizes, penalty), strict=True)
        ],
        "marks": [
            {"size": at, "slope": short(float(slope(at, penalty))), "penalty": name}
            for name, penalty in penalties.items()
            if at is not None
        ],
    }
    return figure(_slopes_chart, rows)


def _slopes_chart(look: Look):
    import altair as alt

    x = alt.X("size:Q", title="size of the weight, |w|", scale=alt.Scale(domain=[0, 2], nice=False), axis=number_axis())
    scale = alt.Scale(domain=[0, HIGHEST_SLOPE], nice=False)
    place = {"x": x, "y": alt.Y("slope:Q", title="slope of the penalty", scale=scale, axis=number_axis())}
    colour = _by_penalty()
    marks = rows_of("marks").mark_point(filled=True, size=110, opacity=1, clip=True)
    return layered(
        look,
        rows_of("here").mark_rule(color=MARK).encode(x=x),
        rows_of("slopes").mark_line(strokeWidth=look.stroke, clip=True).encode(**place, color=colour),
        marks.encode(**place, color=colour, tooltip=[told("penalty"), told("slope", format=".4f")]),
    )


# --- the plane ------------------------------------------------------------------------------------------------------


def _axes(letter: str, reach: float | None = None) -> dict:
    """Both coordinates' axes, of one length. letter: what they are called. reach: where they end; else the rows
    say."""
    import altair as alt

    scale = alt.Scale(domain=[-reach, reach], nice=False) if reach else alt.Scale(nice=False, zero=False)
    return {
        "x": alt.X("w1:Q", title=f"{letter}₁", scale=scale, axis=number_axis()),
        "y": alt.Y("w2:Q", title=f"{letter}₂", scale=scale, axis=number_axis()),
    }


ZERO_LINES: dict[str, list[Row]] = {"w1 = 0": [{"w1": 0}], "w2 = 0": [{"w2": 0}]}


def _zero_lines(place: dict) -> list:
    lines = [rows_of(name).mark_rule(color=MARK) for name in ZERO_LINES]
    return [line.encode(**{channel: place[channel]}) for line, channel in zip(lines, "xy", strict=True)]


def _path_rows(curves: Mapping[str, np.ndarray]) -> list[Row]:
    return [
        {"w1": short(a), "w2": short(b), "penalty": name, "order": i}
        for name, curve in curves.items()
        for i, (a, b) in enumerate(curve[::3])
    ]


def _paths(place: dict, look: Look, **mark):
    line = rows_of("balls").mark_line(strokeWidth=look.stroke, clip=True, interpolate="linear-closed", **mark)
    return line.encode(**place, order="order:Q")


LARGEST_SQUARE = 222
"""Pixels of the plot: three with large numbers still stand beside each other on a projected screen."""


def _square(look: Look, layers: Sequence):
    """A picture in which a circle is one."""
    side = min(int(0.62 * look.height), LARGEST_SQUARE)
    return layered(look, *layers, plot=(side, side)).resolve_scale(color="independent")


CONTOURS = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
"""The losses whose ellipses are drawn."""
REACH = 2.6


def optimum_figure(losses: Losses, found: np.ndarray, name: str, penalty: Penalty) -> Figure:
    """One loss's contours around its centre, the minimum of loss and penalty, and the penalty's ball that touches the
    contour there, ringed where a coordinate is exactly 0. found: (2,)."""
    turn = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    half = np.linalg.inv(np.linalg.cholesky(losses.matrices[0])).T  # maps the unit circle to the contour of loss ½
    centre = losses.centres[0]
    at_optimum = float(losses.at(found[None])[0])
    levels = [*CONTOURS, *([at_optimum] if at_optimum > 1e-6 else [])]
    ellipses = [
        {"w1": short(a), "w2": short(b), "level": short(level), "order": i, "touching": level == at_optimum}
        for level in levels
        for i, (a, b) in enumerate(centre + np.sqrt(2 * level) * circle @ half.T)
    ]
    level = float(penalty(found).sum())
    minima = ((WITHOUT, centre), (WITH, found))
    rows = {
        **ZERO_LINES,
        "ellipses": ellipses,
        "balls": _path_rows({name: ball(penalty, level)}) if level > 1e-9 else [],
        "minima": [{"w1": short(a), "w2": short(b), "what": what} for what, (a, b) in minima],
        "zeros": [{"w1": short(found[0]), "w2": short(found[1])}] if (found == 0).any() else [],
    }
    return figure(_optimum_chart, rows, colour=colour_of(name))


WITHOUT, WITH = "without penalty", "with penalty"


def _optimum_chart(look: Look, *, colour):
    import altair as alt

    place = _axes("w", REACH)
    contours = rows_of("ellipses").mark_line(color=MARK, strokeWidth=1.2, clip=True)
    minima = rows_of("minima").mark_point(filled=True, size=110, opacity=1, clip=True)
    ring = rows_of("zeros").mark_point(size=420, strokeWidth=2, filled=False, color=COLOURS["dropout"], opacity=1)
    layers = [
        *_zero_lines(place),
        contours.encode(
            **place,
            detail="level:Q",
            opacity=alt.condition("datum.touching", alt.value(0.95), alt.value(0.35)),
            order="order:Q",
        ),
        _paths(place, look, color=colour),
        minima.encode(
            **place,
            color=by_colour("what", [(WITHOUT, MARK), (WITH, COLOURS["dropout"])], None),
            tooltip=[told("what"), told("w1", "w₁", ".4f"), told("w2", "w₂", ".4f")],
        ),
        ring.encode(**place),
    ]
    return _square(look, layers)


ZEROS = {"none is 0": "#B8BDC6", "one is 0": COLOURS["batch norm"], "both are 0": COLOURS["dropout"]}


def zeros_figure(shares: Mapping[str, tuple[float, float, float]]) -> Figure:
    """Of many random losses: the shares whose optimum has no, one, two coordinates that are exactly 0, for each
    penalty."""
    values = [
        {"penalty": name, "zeros": label, "share": short(share), "order": i}
        for name, some in shares.items()
        for i, (label, share) in enumerate(zip(ZEROS, some, strict=True))
    ]
    return figure(_zeros_chart, {"shares": values})


def _zeros_chart(look: Look):
    import altair as alt

    x = alt.X("share:Q", title="share of the random losses", axis=number_axis("%"), scale=alt.Scale(domain=[0, 1]))
    bars = (
        rows_of("shares")
        .mark_bar()
        .encode(
            y=alt.Y("penalty:N", sort=None, title=None),
            x=x,
            color=by_colour("zeros", list(ZEROS.items()), squares()),
            order="order:Q",
            tooltip=[told("penalty"), told("zeros"), told("share", format=".1%")],
        )
    )
    return layered(look, bars, height=look.font * 18)


# --- one weight -----------------------------------------------------------------------------------------------------


def maps_figure(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], w: float) -> Figure:
    """Proximal maps: name → (w before (K,), w after (K,)); a dot on each at the current weight, and a dashed line where
    nothing is changed."""
    values = [
        {"before": short(a), "after": short(b), "penalty": name}
        for name, (before, after) in curves.items()
        for a, b in zip(before, after, strict=True)
    ]
    reach = max(float(np.abs(before).max()) for before, _ in curves.values())
    marks = [
        {"before": w, "after": short(float(np.interp(w, before, after))), "penalty": name}
        for name, (before, after) in curves.items()
    ]
    rows = {
        "unchanged": [{"before": -reach, "after": -reach}, {"before": reach, "after": reach}],
        "here": [{"before": w}],
        "maps": values,
        "marks": marks,
    }
    return figure(_maps_chart, rows)


def _maps_chart(look: Look):
    import altair as alt

    x = alt.X("before:Q", title="weight before")
    place = {"x": x, "y": alt.Y("after:Q", title="weight after", axis=number_axis())}
    colour = _by_penalty()
    marks = rows_of("marks").mark_point(filled=True, size=100, opacity=1)
    return layered(
        look,
        rows_of("unchanged").mark_line(color=MARK, strokeDash=[4, 4]).encode(**place),
        rows_of("here").mark_rule(color=MARK).encode(x=x),
        rows_of("maps").mark_line(strokeWidth=look.stroke).encode(**place, color=colour),
        marks.encode(**place, color=colour, tooltip=[told("penalty"), told("after", format=".4f")]),
        title="One proximal step",
    )


def flows_figure(
    curves: Mapping[str, np.ndarray], at: np.ndarray, now: int, arrivals: Mapping[str, float], *, title: str
) -> Figure:
    """A weight over time under each penalty: name → (T,) at the times `at`. Drawn up to the time of index `now` in
    full and beyond in pale; an open circle where 0 is reached."""
    values = [
        {"time": short(t), "weight": short(w), "penalty": name, "later": later}
        for name, curve in curves.items()
        for later, part in ((False, slice(None, now + 1)), (True, slice(now, None)))
        for t, w in zip(at[part], curve[part], strict=True)
    ]
    rows = {
        "zero": [{"weight": 0}],
        "flows": values,
        "arrivals": [{"time": short(t), "weight": 0, "penalty": name} for name, t in arrivals.items() if t <= at[-1]],
        "now": [{"time": short(at[now]), "weight": short(c[now]), "penalty": name} for name, c in curves.items()],
    }
    return figure(_flows_chart, rows, end=float(at[-1]), title=title)


def _flows_chart(look: Look, *, end, title):
    import altair as alt

    x = alt.X("time:Q", title="time", scale=alt.Scale(domain=[0, end], nice=False))
    y = alt.Y("weight:Q", title="weight", axis=number_axis())
    place = {"x": x, "y": y, "color": _by_penalty()}
    flows = rows_of("flows").mark_line(strokeWidth=look.stroke)
    arrivals = rows_of("arrivals").mark_point(size=160, strokeWidth=2, filled=False)
    return layered(
        look,
        rows_of("zero").mark_rule(color=MARK).encode(y=y),
        flows.encode(**place, opacity=alt.condition("datum.later", alt.value(0.3), alt.value(1)), detail="later:N"),
        arrivals.encode(**place, tooltip=[told("penalty"), told("time", "reaches 0 at", ".3f")]),
        rows_of("now")
        .mark_point(filled=True, size=90, opacity=1)
        .encode(**place, tooltip=[told("penalty"), told("weight", format=".4f")]),
        title=title,
    )


def mapped_figure(histograms: Mapping[str, np.ndarray], edges: np.ndarray) -> Figure:
    """Histograms of the network's weights before (name "before") and after each map, counts on a logarithmic axis."""
    values = [
        {"weight": short(left), "count": max(int(count), 0.5), "which": name}
        for name, counts in histograms.items()
        for left, count in zip(edges, (*counts, counts[-1]), strict=True)
    ]
    rows = {"before": [v for v in values if v["which"] == "before"], "all": values}
    return figure(_mapped_chart, rows)


def _mapped_chart(look: Look):
    import altair as alt

    x = alt.X("weight:Q", title="weight of the first layer", scale=alt.Scale(nice=False))
    y = alt.Y(
        "count:Q",
        title="weights (logarithmic)",
        scale=alt.Scale(type="log", domainMin=0.5),
        axis=number_axis("~s"),
    )
    before = rows_of("before").mark_area(interpolate="step-after", color=MARK, opacity=0.35, clip=True)
    lines = rows_of("all").mark_line(interpolate="step-after", strokeWidth=look.stroke, clip=True)
    return layered(
        look,
        before.encode(x=x, y=y, y2=alt.datum(0.5)),
        lines.encode(x=x, y=y, color=_by_penalty("which", before=True)),
    )
