"""The names that typed code may use: torch, nn, F, a part of Python's own functions, and how an exercise gives others.

Every name stands in a table made by hand; a typed name is only ever looked up there.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core import layers, tensors
from core.layers import Layer, Model
from core.tensors import Array, Refused

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
    """An object that an exercise gives: its attributes and methods, all listed."""

    name: str
    table: Mapping[str, Any]


F = Namespace("F", {name: Bound(name, call) for name, call in tensors.FUNCTIONAL.items()})
NN = Namespace("nn", {**{name: Bound(name, call) for name, call in layers.CONSTRUCTORS.items()}, "functional": F},
               layers.OTHER_LAYERS)  # fmt: skip
LINALG = Namespace("torch.linalg", {name: Bound(name, call) for name, call in tensors.LINALG.items()})
NO_RANDOM = dict.fromkeys(("rand", "randn", "rand_like", "randn_like", "bernoulli", "manual_seed"),
                          "draws random numbers; what is random is given here")  # fmt: skip
TORCH = Namespace(
    "torch",
    {**{name: Bound(name, call, name in tensors.DETACHING) for name, call in tensors.TORCH.items()}, "nn": NN,
     "linalg": LINALG, "float32": "float32", "inf": math.inf},
    NO_RANDOM,
)  # fmt: skip

# --- Python's own functions -----------------------------------------------------------------------------------------


def _sum(items: Any, start: Any = 0) -> Any:
    if isinstance(items, Array):
        items = list(items)
    if not isinstance(items, (list, tuple)):
        raise Refused("sum takes a list, or a loop in brackets")
    total = start
    for item in items:
        if not isinstance(item, (Array, int, float)):
            raise Refused("sum takes numbers and tensors")
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
    if not isinstance(items, (list, tuple, Array)) or isinstance(items, Array) and not items.ndim:
        raise Refused("len takes a list or a tensor")
    return len(items)


def _float(value: Any) -> float:
    if isinstance(value, Array):
        return tensors.METHODS["item"](value)
    if not isinstance(value, (int, float)):
        raise Refused("float takes a number")
    return float(value)


def _int(value: Any) -> int:
    number = _float(value)
    if not math.isfinite(number):
        raise Refused("int takes a finite number")
    return int(number)


def _absolute(value: Any) -> Any:
    if not isinstance(value, (Array, int, float)):
        raise Refused("abs takes a number or a tensor")
    return abs(value)


def _extreme(pick: Callable) -> Callable:
    def extreme(*values: Any) -> Any:
        items = values[0] if len(values) == 1 and isinstance(values[0], (list, tuple)) else values
        if not items or not all(isinstance(v, (int, float)) or isinstance(v, Array) and v.size == 1 for v in items):
            raise Refused("max and min take single numbers here; torch.maximum and clamp work element by element")
        return pick(items)

    return extreme


def _zip(*lists: Any) -> list[tuple]:
    if not all(isinstance(items, (list, tuple)) for items in lists):
        raise Refused("zip takes lists")
    return list(zip(*lists, strict=False))


def _enumerate(items: Any) -> list[tuple]:
    if not isinstance(items, (list, tuple)):
        raise Refused("enumerate takes a list")
    return list(enumerate(items))


def _list(items: Any = ()) -> list:
    if not isinstance(items, (list, tuple)):
        raise Refused("list takes a list")
    return list(items)


BUILTINS: dict[str, Bound] = {
    name: Bound(name, call, detaches)
    for name, call, detaches in (
        ("sum", _sum, False), ("range", _range, False), ("len", _len, False), ("float", _float, True),
        ("int", _int, True), ("abs", _absolute, False), ("max", _extreme(max), False), ("min", _extreme(min), False),
        ("zip", _zip, False), ("enumerate", _enumerate, False), ("list", _list, False),
        ("print", lambda *_: None, False),
    )
}  # fmt: skip


def append(items: list) -> Callable:
    def add(item: Any) -> None:
        if len(items) >= LONGEST_LIST:
            raise Refused("this list becomes too long")
        items.append(item)

    return add


def extend(items: list) -> Callable:
    def add(more: Any) -> None:
        if not isinstance(more, (list, tuple)) or len(items) + len(more) > LONGEST_LIST:
            raise Refused("this takes a list, and not too long a one")
        items.extend(more)

    return add


GIVEN: dict[str, Any] = {**BUILTINS, "torch": TORCH, "nn": NN, "F": F, "device": "cpu"}


def kind_of(value: Any) -> str:
    if isinstance(value, (Namespace, Thing, Bound)):
        return value.name
    names = {Layer: "a layer", Model: "a model", list: "a list", tuple: "a tuple", str: "a text", type(None): "None",
             Function: "a function", bool: "a truth value", int: "a number", float: "a number"}  # fmt: skip
    return "a tensor" if isinstance(value, Array) else names.get(type(value), "this")
