"""Every widget that is bound to the address: made here, so that each says what it cannot use and has a default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

from core.app import failures
from core.app.address import SWITCH, usable
from core.config import FIELDS, RunConfig, Value

T = TypeVar("T")


def setting(name: str, base: RunConfig) -> Value:
    """The widget of one field: a slider over its stops, or a choice. `base` gives the default. Its key is the field's
    name."""
    field = FIELDS[name]
    default, help_text = field.format(getattr(base, name)), f"{field.meaning} Address: `{name}`."
    if field.kind == "choice":
        chosen = _segments(field.label, field.choices, default, key=name, help_text=help_text)
    else:
        chosen = _slider(field.label, [field.format(stop) for stop in field.stops], default, name, help_text)
    return field.parse(chosen)


def stop(label: str, stops: Sequence[float], default: float, *, key: str, help_text: str = "") -> float:
    """A slider over the stops of something that is no field of a config. Its key is its name in the address."""
    texts = texts_of(stops)
    return stops[texts.index(_slider(label, texts, f"{default:g}", key, help_text))]


def texts_of(stops: Sequence[float]) -> tuple[str, ...]:
    """The stops as a slider and an address show them."""
    return tuple(f"{value:g}" for value in stops)


def choice(
    label: str,
    names: Sequence[str],
    *,
    key: str,
    help_text: str = "",
    bare: bool = False,
    on_change: Callable[[], None] | None = None,
) -> str:
    """One of a few names; the first is the default. Its key is its name in the address. bare: without its label, where
    the names say enough. on_change: called before the page is drawn with another one."""
    visibility = "collapsed" if bare else "visible"
    changed = failures.callback(on_change) if on_change else None
    return _segments(
        label, names, names[0], key=key, help_text=help_text, on_change=changed, label_visibility=visibility
    )


def pick(label: str, names: Sequence[str], *, key: str) -> str:
    """One of many names, from a list that opens; the first is the default. Its key is its name in the address."""
    usable(key, names)
    _remember(key, names[0])
    chosen = st.selectbox(label, names, key=key, bind="query-params", persist_state="session")
    return chosen if chosen in names else names[0]


def one_of(named: Mapping[str, T], *, key: str) -> T:
    """A choice among named things, the first by default. Streamlit keeps in the address what it shows, so the names are
    shown as they are, but with spaces: `labels_of` says what the address may hold."""
    labels = dict(zip(labels_of(named), named.values(), strict=True))
    first = next(iter(labels))
    return labels[_segments(key.capitalize(), tuple(labels), first, key=key, label_visibility="collapsed")]


def labels_of(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.replace("-", " ") for name in names)


def toggle(label: str, *, key: str, default: bool = False, help_text: str = "") -> bool:
    """A switch. Its key is its name in the address, where it is true or false."""
    usable(key, SWITCH)
    _remember(key, default)
    return st.toggle(
        label, value=default, key=key, bind="query-params", persist_state="session", help=help_text or None
    )


def config_from_widgets(names: Sequence[str], base: RunConfig, columns: int = 3) -> RunConfig:
    """The widgets of several fields, at most so many beside each other, and the config that they make out of `base`."""
    with st.grid(columns, min_column_width=220):
        told: dict[str, Any] = {name: setting(name, base) for name in names}
    return replace(base, **told)


def kept_config(names: Sequence[str], base: RunConfig) -> RunConfig:
    """The config that the widgets of several fields make out of `base`, where they stand on another step: as they were
    left there, or as the address has them."""
    told: dict[str, Any] = {}
    for name in names:
        field = FIELDS[name]
        offered = field.choices if field.kind == "choice" else [field.format(stop) for stop in field.stops]
        kept = st.session_state.get(name, st.query_params.get(name))
        if kept in offered:
            told[name] = field.parse(kept)
            st.session_state.setdefault("_kept_here", {})[name] = kept
    return replace(base, **told)


def kept_here() -> dict[str, str]:
    """What the step that is shown has taken over from the widgets of another one, by key, as an address has it."""
    return dict(st.session_state.get("_kept_here", {}))


def forget_kept() -> None:
    """Called before a step is drawn: it takes over what it needs itself."""
    st.session_state.pop("_kept_here", None)


@failures.callback
def set_widgets(config: RunConfig, names: Sequence[str]) -> None:
    """Move the widgets of several fields to a config's values: for the callback of a preset's button."""
    for name in names:
        st.session_state[name] = FIELDS[name].format(getattr(config, name))


@failures.callback
def set_back(keys: Iterable[str]) -> None:
    """Move widgets back to their defaults, as far as they have been drawn: for the callback of a button."""
    defaults = st.session_state.get("_defaults", {})
    for key in keys:
        if key in defaults:
            st.session_state[key] = defaults[key]


def _remember(key: str, default: str | bool) -> None:
    st.session_state.setdefault("_defaults", {})[key] = default


def _slider(label: str, texts: Sequence[str], default: str, key: str, help_text: str) -> str:
    usable(key, texts)
    _remember(key, default)
    chosen = st.select_slider(
        label, texts, value=default, key=key, bind="query-params", persist_state="session", help=help_text or None
    )
    return chosen if chosen in texts else default


def _segments(label: str, names: Sequence[str], default: str, *, key: str, help_text: str = "", **rest: Any) -> str:
    """A required choice. To Streamlit an empty value in the address clears even that, and then it answers None."""
    usable(key, names)
    _remember(key, default)
    chosen = st.segmented_control(
        label,
        names,
        default=default,
        key=key,
        bind="query-params",
        persist_state="session",
        required=True,
        help=help_text or None,
        **rest,
    )
    return chosen if chosen in names else default
