"""What a chart's lines and points say, in words: for readers who do not see it, of the rows that it is drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.figures.theme import Row, Spec

MOST_NAMED = 6
"""Lines that are told one by one; of more, only the range."""
MOST_ROWS = 5000

DRAWN = ("line", "point", "circle", "bar", "tick")
"""Marks that carry numbers. Bands, rules and labels repeat or explain those."""

WORDS = ("nominal", "ordinal")


def in_words(spec: Spec, rows: Mapping[str, Sequence[Row]]) -> str:
    """A sentence for each line and each group of points of a Vega-Lite specification in layers; empty where it has
    none over two fields. rows: by the names of its data."""
    if not any(_title(layer, "x") for layer in spec["layer"]):
        return ""  # a drawing, of which places are no numbers
    said: dict[str, str] = {}
    for layer in spec["layer"]:
        for name, points, axes in _groups(layer, rows):
            dash = layer["mark"].get("strokeDash")
            dashed = isinstance(dash, Sequence) and any(dash[1::2])
            name = f"{name} (dashed)" if dashed and name else name or ("dashed" if dashed else "")
            said.setdefault(name, _course(points) + axes)  # points on a line repeat it
    if len(said) > 1:
        said.pop("", None)  # lines beside named ones that help the eye: contours, a stop that is chosen
    named = list(said.items())
    if len(named) > MOST_NAMED:
        named = named[:MOST_NAMED] + [("", f"And {len(said) - MOST_NAMED} more")]
    return " ".join(f"{name}: {words}." if name else f"{words[0].upper()}{words[1:]}." for name, words in named)


def _groups(layer: Spec, rows: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, list[tuple[Any, float]], str]]:
    """The lines, or groups of points, of a layer: name, (x, y) in the order of the rows, and what the axes are."""
    mark, encoding = layer.get("mark"), layer.get("encoding", {})
    x, y = encoding.get("x", {}), encoding.get("y", {})
    some = rows.get(layer.get("data", {}).get("name", ""), ())
    drawn = isinstance(mark, Mapping) and mark["type"] in DRAWN and x.get("field") and y.get("field")
    lying = y.get("type") in WORDS and x.get("type") == "quantitative"  # names down the side, numbers along
    if not drawn or len(some) > MOST_ROWS or not (lying or y.get("type") == "quantitative"):
        return
    value, at = (x["field"], None) if lying else (y["field"], x["field"])
    by = [encoding[channel]["field"] for channel in ("color", "strokeDash", "detail") if _is_named(encoding, channel)]
    by += [y["field"]] if lying else []
    groups: dict[tuple[str, ...], list[tuple[Any, float]]] = {}
    for row in some:
        if isinstance(row.get(value), int | float):
            name = dict.fromkeys(row[field] for field in by if isinstance(row.get(field), str))
            groups.setdefault(tuple(name), []).append((at and row.get(at), row[value]))
    titles = [title for title in (_title(layer, "y"), _title(layer, "x")) if title]
    axes = f" ({' against '.join(titles)})" if len(titles) == 2 or lying and titles else ""
    for name, points in groups.items():
        yield ", ".join(name), points, axes
        axes = ""  # said once


def _title(layer: Spec, axis: str) -> str:
    """The name of an axis, where a layer has one."""
    title = layer.get("encoding", {}).get(axis, {}).get("title")
    return title if isinstance(title, str) else ""


def _is_named(encoding: Spec, channel: str) -> bool:
    """Whether a channel tells lines apart by a word, and not by a colour's number."""
    field = encoding.get(channel)
    return isinstance(field, Mapping) and bool(field.get("field")) and field.get("type") in WORDS


def _course(points: Sequence[tuple[Any, float]]) -> str:
    """From where to where the values go, and their highest and lowest where these are not at the ends."""
    (first_x, first), (last_x, last) = points[0], points[-1]
    low, high = min(y for _, y in points), max(y for _, y in points)
    if first_x is None:
        return f"{_number(low)} to {_number(high)}" if low < high else _number(low)
    if low == high and first_x == last_x:
        return f"{_number(first)} at {_number(first_x)}"
    if len({x for x, _ in points}) == 1:
        return f"{_number(low)} to {_number(high)} at {_number(first_x)}"
    words = f"{_number(first)} at {_number(first_x)} to {_number(last)} at {_number(last_x)}"
    for what, pick in (("lowest", min), ("highest", max)):
        x, value = pick(points, key=lambda point: point[1])
        if value not in (first, last):
            words += f", {what} {_number(value)} at {_number(x)}"
    return words


def _number(value: Any) -> str:
    return f"{value + 0.0:.3g}".replace("-", "−") if isinstance(value, int | float) else str(value)
