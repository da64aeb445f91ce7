"""Widgets made from the field table, bound to the address bar, and what was wrong with an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.config import FIELDS, ConfigError, RunConfig, Value


def setting(name: str, base: RunConfig, *, stops: Sequence[Value] | None = None) -> Value:
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
        options=[field.format(stop) for stop in stops or field.stops],
        value=field.format(getattr(base, name)),
        key=name,
        bind="query-params",
        help=help_text,
    )


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
    problems = _config_problems(names, given) | _choice_problems(choices, given)
    if problems:
        kept = {name: value for name, value in given.items() if name not in problems}
        st.session_state["_address"] = kept, tuple(problems.values())
    kept, shown = st.session_state.get("_address", ({}, ()))
    if shown and (problems or given.items() <= kept.items()):
        st.warning(
            "Part of this address could not be used; the defaults take its place.\n\n"
            + "\n".join(f"- {p}" for p in shown)
        )


def _config_problems(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the given values of the config's fields, by field. A value between two stops is wrong too."""
    problems = {}
    for name in (name for name in names if name in given):
        field = FIELDS[name]
        offered = [field.format(stop) for stop in field.stops or field.choices]
        try:
            if field.format(field.parse(given[name])) not in offered:
                raise ConfigError(name, "one of " + ", ".join(offered), given[name])
        except ConfigError as error:
            problems[name] = _readable(error)
    return problems


def _choice_problems(choices: Mapping[str, Sequence[str]], given: Mapping[str, str]) -> dict[str, str]:
    return {
        name: _readable(ConfigError(name, "one of " + ", ".join(choices[name]), given[name]))
        for name in choices
        if name in given and given[name] not in choices[name]
    }


def _readable(error: ConfigError) -> str:
    """A message as plain text in Markdown: what came from an address must not be read as markup."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-!|~$:&" else c for c in str(error) if c.isprintable())
