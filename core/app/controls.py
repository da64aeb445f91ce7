"""Widgets made from the field table, bound to the address bar, and what was wrong with an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

from core.config import FIELDS, RunConfig, Value

T = TypeVar("T")


def setting(name: str, base: RunConfig) -> Value:
    """The widget of one field: a slider over its stops, or a choice. `base` gives the default. Its key is the field's
    name."""
    field = FIELDS[name]
    help_text = f"{field.meaning} Address: `{name}`."
    if field.kind == "choice":
        return st.segmented_control(
            field.label, field.choices, default=getattr(base, name), key=name, bind="query-params", required=True,
            help=help_text,
        )  # fmt: skip
    return st.select_slider(
        field.label,
        options=[field.format(stop) for stop in field.stops],
        value=field.format(getattr(base, name)),
        key=name,
        bind="query-params",
        help=help_text,
    )


def stop(label: str, stops: Sequence[float], default: float, *, key: str, help_text: str = "") -> float:
    """A slider over the stops of something that is no field of a config. Its key is its name in the address."""
    texts = texts_of(stops)
    chosen = st.select_slider(
        label, texts, value=f"{default:g}", key=key, bind="query-params", help=help_text or None
    )  # fmt: skip
    return stops[texts.index(chosen)]


def texts_of(stops: Sequence[float]) -> tuple[str, ...]:
    """The stops as a slider and an address show them."""
    return tuple(f"{value:g}" for value in stops)


def choice(
    label: str, names: Sequence[str], *, key: str, help_text: str = "", on_change: Callable[[], None] | None = None
) -> str:
    """One of a few names; the first is the default. Its key is its name in the address. on_change: called before the
    page is drawn with another one."""
    return st.segmented_control(
        label, names, default=names[0], key=key, bind="query-params", required=True, help=help_text or None,
        on_change=on_change,
    )  # fmt: skip


def one_of(named: Mapping[str, T], *, key: str) -> T:
    """A choice among named things, the first by default. Streamlit keeps in the address what it shows, so the names are
    shown as they are, but with spaces: `labels_of` says what the address may hold."""
    labels = dict(zip(labels_of(named), named.values(), strict=True))
    first = next(iter(labels))
    chosen = st.segmented_control(
        key.capitalize(), labels, default=first, key=key, bind="query-params", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    return labels[chosen]


def labels_of(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.replace("-", " ") for name in names)


def config_from_widgets(names: Sequence[str], base: RunConfig, columns: int = 3) -> RunConfig:
    """The widgets of several fields, at most so many beside each other, and the config that they make out of `base`."""
    with st.grid(columns, min_column_width=220):
        told: dict[str, Any] = {name: FIELDS[name].parse(setting(name, base)) for name in names}
    return replace(base, **told)


def set_widgets(config: RunConfig, names: Sequence[str]) -> None:
    """Move the widgets of several fields to a config's values: for the callback of a preset's button."""
    for name in names:
        st.session_state[name] = FIELDS[name].format(getattr(config, name))


def say_what_was_wrong(names: Sequence[str], choices: Mapping[str, Sequence[str]]) -> None:
    """Name the address's values that cannot be used, before the widgets drop them. Called before the widgets.

    names: the config's fields on the page; choices: its other parameters with what they may be. The note stays until
    the address changes, that is until a setting does.
    """
    given = st.query_params.to_dict()
    allowed = {name: _offered(name) for name in names} | dict(choices)
    problems = {name: problem for name, texts in allowed.items() if (problem := _problem(name, texts))}
    if problems:
        kept = {name: value for name, value in given.items() if name not in problems}
        st.session_state["_address"] = kept, tuple(problems.values())
    kept, shown = st.session_state.get("_address", ({}, ()))
    if shown and (problems or given.items() <= kept.items()):
        st.warning(
            "Part of this address could not be used; the defaults take its place.\n\n"
            + "\n".join(f"- {p}" for p in shown)
        )


def _offered(name: str) -> tuple[str, ...]:
    field = FIELDS[name]
    return tuple(field.format(stop) for stop in field.stops) or field.choices


def _problem(name: str, texts: Sequence[str]) -> str | None:
    """What is wrong with the address's value of one parameter, in Markdown; None where nothing is, or it has none.

    As Streamlit does, this compares texts: 3e-4 is not the 0.0003 that the slider offers.
    """
    given = st.query_params.get_all(name)
    if not given or (len(given) == 1 and given[0] in texts):
        return None
    value = next((text for text in given if text not in texts), given[0])
    how = "one of" if len(given) == 1 else "given once, as one of"
    return f"`{name}` must be {how} {', '.join(texts)}, not {_as_text(value)}"


def _as_text(value: str) -> str:
    """A text from an address, in Markdown: as code, in which nothing is a link, an icon or markup."""
    shown = "".join(c for c in value if c.isprintable()).replace("`", "'")
    return f"`{shown if len(shown) <= 40 else shown[:37] + '...'}`" if shown.strip() else "an empty text"
