"""Widgets made from the field table, bound to the address bar, and what was wrong with an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.config import FIELDS, ConfigError, RunConfig, Value


def setting(name: str, base: RunConfig, *, stops: Sequence[Value] | None = None) -> Value:
    """The widget of one field: a slider over its stops, or a choice. `base` gives the default. Its key is the field's name."""
    field = FIELDS[name]
    help_text = f"{field.meaning} Address: `{name}`."
    if field.kind == "choice":
        return st.segmented_control(
            field.label, field.choices, default=getattr(base, name), key=name, bind="query-params", required=True,
            help=help_text,
        )  # fmt: skip
    return st.select_slider(
        field.label,
        options=[field.format(stop) for stop in stops or field.stops],
        value=field.format(getattr(base, name)),
        key=name,
        bind="query-params",
        help=help_text,
    )


def config_from_widgets(names: Sequence[str], base: RunConfig, columns: int = 3) -> RunConfig:
    """The widgets of several fields in columns, and the config that they make out of `base`."""
    places = st.columns(columns)
    told: dict[str, Any] = {}
    for i, name in enumerate(names):
        with places[i % columns]:
            told[name] = FIELDS[name].parse(setting(name, base))
    return replace(base, **told)


def set_widgets(config: RunConfig, names: Sequence[str]) -> None:
    """Move the widgets of several fields to a config's values: for the callback of a preset's button."""
    for name in names:
        st.session_state[name] = FIELDS[name].format(getattr(config, name))


def say_what_was_wrong(names: Sequence[str], choices: Mapping[str, Sequence[str]], base: RunConfig) -> None:
    """Name the address's values that cannot be used, before the widgets drop them. Called before the widgets.

    names: the config's fields on the page; choices: its other parameters with what they may be. The note stays until a
    setting is changed.
    """
    problems = [*_config_problems(names, base), *_choice_problems(choices)]
    if problems:
        st.session_state["_address_problems"] = problems
        st.session_state["_address_settings"] = None
    shown = st.session_state.get("_address_problems")
    if not shown:
        return
    settings = {key: st.session_state.get(key) for key in (*names, *choices)}
    before = st.session_state.get("_address_settings")
    if not problems and before is not None and before != settings:
        st.session_state.pop("_address_problems")
        return
    if not problems:
        st.session_state["_address_settings"] = settings
    st.warning("Some of this address could not be used; its defaults are shown instead.\n\n" + "\n".join(f"- {p}" for p in shown))


def _config_problems(names: Sequence[str], base: RunConfig) -> list[str]:
    problems = []
    for name in names:
        if name not in st.query_params:
            continue
        field, given = FIELDS[name], st.query_params[name]
        offered = [field.format(stop) for stop in field.stops or field.choices]
        try:
            if field.format(field.parse(given)) not in offered:
                problems.append(_readable(str(ConfigError(name, "one of " + ", ".join(offered), given))))
        except ConfigError as error:
            problems.append(_readable(str(error)))
    return problems


def _choice_problems(choices: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        _readable(str(ConfigError(name, "one of " + ", ".join(allowed), st.query_params[name])))
        for name, allowed in choices.items()
        if name in st.query_params and st.query_params[name] not in allowed
    ]


def _readable(message: str) -> str:
    """A message as plain text in Markdown: what came from an address must not be read as markup."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-!|~$:&" else c for c in message if c.isprintable())
