"""What a chart's lines and points say, in words and as a table: for readers who do not see it, of the rows that it is
drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.figures.theme import Row, Spec

MOST_NAMED = 6
"""Lines that are told one by one; of more, only the range."""
MOST_ROWS = 5000

DRAWN = ("line", "point", "circle", "bar", "tick", "area")
"""Marks that carry numbers. Bands, rules and labels repeat or explain those."""

WORDS = ("nominal", "ordinal")


@dataclass(frozen=True)
class _Line:
    """A line, or a group of points: (x, y) in the order of the rows; x is None where names stand along that axis."""

    name: str
    points: list[tuple[Any, float]]
    x_title: str
    y_title: str

    @property
    def axes(self) -> str:
        """What the axes are, where there is something to say."""
        titles = [title for title in (self.y_title, self.x_title) if title]
        lying = self.points[0][0] is None
        return f" ({' against '.join(titles)})" if len(titles) == 2 or lying and titles else ""


def in_words(spec: Spec, rows: Mapping[str, Sequence[Row]]) -> str:
    """A sentence for each line and each group of points of a Vega-Lite specification in layers; empty where it has
    none over two fields. rows: by the names of its data."""
    said: dict[str, str] = {}
    for layer in _lines_of(spec, rows):
        for i, line in enumerate(layer):
            said.setdefault(line.name, _course(line.points) + ("" if i else line.axes))  # the axes are said once
    named = list(_without_aids(said).items())
    if len(named) > MOST_NAMED:
        named = named[:MOST_NAMED] + [("", f"And {len(named) - MOST_NAMED} more")]
    return " ".join(f"{name}: {words}." if name else f"{words[0].upper()}{words[1:]}." for name, words in named)


def in_numbers(spec: Spec, rows: Mapping[str, Sequence[Row]]) -> list[dict[str, Any]]:
    """The same lines as a table: a row for each place along x and a column for each line, or, where a line has several
    numbers at one place, a row for each number."""
    lines: dict[str, _Line] = {}
    for layer in _lines_of(spec, rows):
        for line in layer:
            lines.setdefault(line.name, line)
    lines = _without_aids(lines)
    if not lines:
        return []
    first = next(iter(lines.values()))
    x, y = first.x_title or "x", first.y_title or "value"
    if all(line.points[0][0] is None for line in lines.values()):  # names down the side, numbers along
        return [{"": name, x: value} for name, line in lines.items() for _, value in line.points]
    if any(len({at for at, _ in line.points}) < len(line.points) for line in lines.values()):
        return [{"": name, x: at, y: value} for name, line in lines.items() for at, value in line.points]
    by_place = {name: dict(line.points) for name, line in lines.items()}
    places = list(dict.fromkeys(at for line in lines.values() for at, _ in line.points))
    if not any(isinstance(at, str) for at in places):
        places.sort()
    return [{x: at, **{name or y: some.get(at) for name, some in by_place.items()}} for at in places]


def _without_aids(lines: dict[str, Any]) -> dict[str, Any]:
    """Without lines that help the eye beside those with names: contours, a stop that is chosen."""
    return {name: line for name, line in lines.items() if name or len(lines) == 1}


def _lines_of(spec: Spec, rows: Mapping[str, Sequence[Row]]) -> Iterator[list[_Line]]:
    """The lines of each layer; none of a drawing, of which places are no numbers."""
    if not any(_title(layer, "x") for layer in spec["layer"]):
        return
    for layer in spec["layer"]:
        data = layer.get("data") or spec.get("data", {})  # that of a single layer is the whole chart's
        yield list(_lines_in(layer, rows.get(data.get("name", ""), ())))


def _lines_in(layer: Spec, some: Sequence[Row]) -> Iterator[_Line]:
    mark, encoding = layer.get("mark"), layer.get("encoding", {})
    x, y = encoding.get("x", {}), encoding.get("y", {})
    drawn = isinstance(mark, Mapping) and mark["type"] in DRAWN and x.get("field") and y.get("field")
    is_band = isinstance(mark, Mapping) and mark["type"] == "area" and "field" in encoding.get("y2", {})
    lying = y.get("type") in WORDS and x.get("type") == "quantitative"  # names down the side, numbers along
    if not drawn or is_band or len(some) > MOST_ROWS or not (lying or y.get("type") == "quantitative"):
        return
    value, at = (x["field"], None) if lying else (y["field"], x["field"])
    by = [encoding[channel]["field"] for channel in ("color", "strokeDash", "detail") if _is_named(encoding, channel)]
    by += [y["field"]] if lying else []
    dash = mark.get("strokeDash")
    dashed = isinstance(dash, Sequence) and any(dash[1::2])
    groups: dict[str, list[tuple[Any, float]]] = {}
    for row in some:
        if isinstance(row.get(value), int | float):
            name = ", ".join(dict.fromkeys(row[field] for field in by if isinstance(row.get(field), str)))
            name = f"{name} (dashed)" if dashed and name else name or ("dashed" if dashed else "")
            groups.setdefault(name, []).append((at and row.get(at), row[value]))
    for name, points in groups.items():
        yield _Line(name, points, _title(layer, "x"), _title(layer, "y"))


def _title(layer: Spec, axis: str) -> str:
    """The name of an axis, where a layer has one."""
    title = layer.get("encoding", {}).get(axis, {}).get("title")
    return title if isinstance(title, str) else ""


def _is_named(encoding: Spec, channel: str) -> bool:
    """Whether a channel tells lines apart by a word, and not by a colour's number or by the colour itself."""
    field = encoding.get(channel)
    if not isinstance(field, Mapping) or not field.get("field"):
        return False
    return field.get("type") in WORDS and field.get("scale", {}) is not None


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
