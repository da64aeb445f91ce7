"""The names that typed code may use: torch, nn, F, a part of Python's own functions, and how an exercise gives others.

Every name stands in a table made by hand; a typed name is only ever looked up there.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.typed_code import layers, tensors
from core.typed_code.arguments import Array, Refused, check_broadcast
from core.typed_code.layers import Layer, Model

LONGEST_LIST = 1_000


@dataclass(frozen=True)
class Function:
    """A function that the student defined."""

    node: ast.FunctionDef


@dataclass(frozen=True)
class Bound:
    """A method or a function from a table, ready to be called."""

    name: str
    call: Callable
    detaches: bool = False
    owner: tuple[Any, ...] = ()
    """What the method belongs to; nothing for a function."""


@dataclass(frozen=True)
class Namespace:
    """`torch`, `nn`, `F`: a name's table. missing: what is said about a name that it has not."""

    name: str
    table: Mapping[str, Any]
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Thing:
    """An object that an exercise gives: its attributes and methods, all listed, and what it does when it is called.
    Keys that begin with `_` are the exercise's own: no typed name reaches them."""

    name: str
    table: Mapping[str, Any]
    call: Callable | None = None


BY_HAND = "does all of it at once: here it is to be written by hand"
F = Namespace(
    "F",
    {name: Bound(name, call) for name, call in tensors.FUNCTIONAL.items()},
    {
        **dict.fromkeys(("batch_norm", "layer_norm"), BY_HAND),
        "dropout": "draws a mask of its own. As a layer it is nn.Dropout; by hand the mask is given",
    },
)
NN = Namespace(
    "nn",
    {**{name: Bound(name, call) for name, call in layers.CONSTRUCTORS.items()}, "functional": F},
    layers.OTHER_LAYERS,
)
LINALG = Namespace("torch.linalg", {name: Bound(name, call) for name, call in tensors.LINALG.items()})
NO_RANDOM = dict.fromkeys(
    ("rand", "randn", "rand_like", "randn_like", "bernoulli", "manual_seed"),
    "draws random numbers; what is random is given here",
)
TORCH = Namespace(
    "torch",
    {
        **{name: Bound(name, call, name in tensors.DETACHING) for name, call in tensors.TORCH.items()},
        "nn": NN,
        "linalg": LINALG,
        "float32": "float32",
        "float64": "float64",
        "inf": math.inf,
    },
    {**NO_RANDOM, "no_grad": "is not needed here: under it nothing would be learned"},
)
MISSING = {
    **dict.fromkeys(("np", "numpy"), "is not known here: write it with torch. (numpy's functions keep no gradient.)"),
    "math": "is not known here: write it with torch",
    "optimizer": "is not known here: the optimizer is called opt",
}
"""Names that a student may expect, and what is said of them."""


# --- Python's own functions -----------------------------------------------------------------------------------------


def rows(items: Array) -> list[Array]:
    """The elements along the first dimension, each a tensor too."""
    if not items.ndim or len(items) > LONGEST_LIST:
        raise Refused("a tensor of one number has no elements" if not items.ndim else "that tensor is too long here")
    return [np.asarray(row) for row in items]


def _listed(items: Any, name: str) -> list[Any]:
    """A list, or a tensor's rows, as a list of its own."""
    if isinstance(items, Bound):
        raise Refused(uncalled(items))
    if not isinstance(items, (list, tuple, Array)):
        raise Refused(f"{name} takes a list")
    return rows(items) if isinstance(items, Array) else list(items)


def _sum(iterable: Any, start: Any = 0) -> Any:
    items = _listed(iterable, "sum")
    if not all(isinstance(item, (Array, int, float)) for item in (start, *items)):
        raise Refused("sum takes numbers and tensors")
    total = start
    for item in items:
        check_broadcast([x for x in (total, item) if isinstance(x, Array)])
        total = total + item
    return total


def _range(*bounds: Any) -> list[int]:
    if not 1 <= len(bounds) <= 3 or not all(isinstance(b, int) for b in bounds) or 0 in bounds[2:]:
        raise Refused("range takes whole numbers")
    found = range(*bounds)
    if len(found) > LONGEST_LIST:
        raise Refused("that range is too long here")
    return list(found)


def _len(items: Any) -> int:
    if isinstance(items, Array) and not items.ndim or not isinstance(items, (list, tuple, Array)):
        raise Refused("len takes a list or a tensor")
    return len(items)


def _float(value: Any) -> float:
    if isinstance(value, Array):
        return float(tensors.METHODS["item"](value))
    if isinstance(value, str) and value.strip("+-") in ("inf", "nan"):
        return float(value)
    if not isinstance(value, (int, float)):
        raise Refused("float takes a number")
    return float(value)


def _int(value: Any) -> int:
    number = _float(value)
    if not math.isfinite(number):
        raise Refused("int takes a finite number")
    return int(number)


def _absolute(value: Any) -> Any:
    return tensors.METHODS["abs"](value) if isinstance(value, Array) else abs(_number(value, "abs"))


def _number(value: Any, name: str) -> int | float:
    if not isinstance(value, (int, float)):
        raise Refused(f"{name} takes a number or a tensor")
    return value


def _extreme(pick: Callable) -> Callable:
    def extreme(*values: Any) -> Any:
        items = values[0] if len(values) == 1 and isinstance(values[0], (list, tuple)) else values
        if not items or not all(isinstance(v, (int, float)) or isinstance(v, Array) and v.size == 1 for v in items):
            raise Refused("Python's max and min take single numbers; torch.maximum and clamp work element by element")
        return pick(items)

    return extreme


def power(a: Any, b: Any) -> Any:
    """a ** b. Python's own whole numbers would grow without end."""
    if isinstance(a, Array) or isinstance(b, Array):
        return tensors.METHODS["pow"](a, b)
    a, b = _number(a, "pow"), _number(b, "pow")
    if isinstance(a, int) and isinstance(b, int) and 0 <= b <= 64 and a.bit_length() * b <= 64:
        return a**b
    return math.pow(a, b)


def _zip(*lists: Any) -> list[tuple]:
    return list(zip(*(_listed(items, "zip") for items in lists), strict=False))


def _enumerate(iterable: Any, start: int = 0) -> list[tuple]:
    if not isinstance(start, int):
        raise Refused("enumerate starts at a whole number")
    return list(enumerate(_listed(iterable, "enumerate"), start))


BUILTINS: dict[str, Bound] = {
    name: Bound(name, call, name in ("float", "int"))
    for name, call in {
        "sum": _sum,
        "range": _range,
        "len": _len,
        "float": _float,
        "int": _int,
        "abs": _absolute,
        "pow": power,
        "max": _extreme(max),
        "min": _extreme(min),
        "zip": _zip,
        "enumerate": _enumerate,
        "list": lambda items=(): _listed(items, "list"),
        "tuple": lambda items=(): tuple(_listed(items, "tuple")),
        "print": lambda *_, **__: None,
    }.items()
}


def append(items: list) -> Callable:
    def add(item: Any) -> None:
        if isinstance(item, Bound):
            raise Refused(uncalled(item))
        if len(items) >= LONGEST_LIST:
            raise Refused("this list becomes too long")
        items.append(item)

    return add


def extend(items: list) -> Callable:
    def add(more: Any) -> None:
        more = _listed(more, "extend")
        if len(items) + len(more) > LONGEST_LIST:
            raise Refused("this list becomes too long")
        items.extend(more)

    return add


GIVEN: dict[str, Any] = {**BUILTINS, "torch": TORCH, "nn": NN, "F": F, "device": "cpu"}


def uncalled(bound: Bound) -> str:
    return f"`{bound.name}` is only named here, not called: `{bound.name}(…)`"


def kind_of(value: Any) -> str:
    if isinstance(value, (Namespace, Thing, Bound)):
        return value.name
    names = {
        Layer: "a layer",
        Model: "a model",
        list: "a list",
        tuple: "a tuple",
        str: "a text",
        type(None): "None",
        Function: "a function",
        bool: "a truth value",
        int: "a number",
        float: "a number",
    }
    return "a tensor" if isinstance(value, Array) else names.get(type(value), "this")
