"""What the operations of typed code are given: looked at before numpy sees it, refused in words for the student.

numpy itself would take lists of lists without end, keywords of its own (`out`, `dtype`, `shape`), and more.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

LARGEST_TENSOR = 10_000
"""Numbers. The tensors that exercises give have some dozens."""
MOST_DIMENSIONS = 8
"""And the most lists in lists that a tensor may be made of."""

Array = np.ndarray
Dim = int | tuple[int, ...] | None


class Refused(ValueError):
    """An operation that cannot be done, in words for the student."""


def checked(a: Array) -> Array:
    if a.size > LARGEST_TENSOR:
        raise Refused(f"a tensor of {a.size:,} numbers is too large here")
    if a.ndim > MOST_DIMENSIONS:
        raise Refused(f"a tensor of {a.ndim} dimensions is not needed here")
    return a


def check_broadcast(given: Sequence[Array]) -> None:
    """Raises Refused where tensors that are combined element by element would make a huge one of small ones."""
    try:
        size = math.prod(np.broadcast_shapes(*(a.shape for a in given)))
    except ValueError:
        return  # they do not go together, or are multiplied as matrices; the operation itself will say so
    if size > LARGEST_TENSOR:
        raise Refused(f"{' and '.join(shape_text(a.shape) for a in given)} together give too many numbers")


def shape_text(shape: tuple[int, ...]) -> str:
    return f"the shape {shape}" if shape else "one number"


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def tensor_of(a: Any) -> Array:
    if isinstance(a, (list, tuple)):
        raise Refused(
            "this takes a tensor, not a list: join the list first (torch.cat, torch.stack), or use Python's sum"
        )
    if not isinstance(a, Array):
        raise Refused("this takes a tensor")
    return a


def numbers_of(a: Any) -> Array:
    """A tensor of numbers; truth values count as 0 and 1."""
    a = tensor_of(a)
    return a.astype(np.float64) if a.dtype == bool else a


def real(a: Any, what: str) -> Array:
    if tensor_of(a).dtype == bool:
        raise Refused(f"PyTorch takes {what} of numbers only, not of truth values: make numbers of them with .float()")
    return a


def operand(value: Any) -> Any:
    """The other side of an operation: a tensor or a number."""
    if isinstance(value, (int, float)):
        return value
    return numbers_of(value)


def axes_of(dim: Any) -> tuple[int, ...] | None:
    if dim is None:
        return None
    dims = tuple(dim) if isinstance(dim, (list, tuple)) else (dim,)
    if not dims or not all(is_whole(d) for d in dims):
        raise Refused("dim is a whole number, or several in brackets")
    return dims


def dim_of(dim: Any) -> int:
    if not is_whole(dim):
        raise Refused("dim is a whole number")
    return dim


def flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{name} is True or False")
    return value


def shape_of(*shape: Any) -> tuple[int, ...]:
    """A shape given as numbers or as one list of them."""
    if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
        shape = tuple(shape[0])
    if not all(is_whole(n) for n in shape):
        raise Refused("a shape is made of whole numbers")
    if math.prod(abs(n) for n in shape) > LARGEST_TENSOR:
        raise Refused("that shape has too many numbers")
    return tuple(shape)


def by_torchs_names(call: Callable) -> Callable:
    """The function, with numpy's names for dim and keepdim as well: PyTorch takes both."""

    @functools.wraps(call)
    def renamed(*arguments: Any, **keywords: Any) -> Any:
        for numpys, torchs in (("axis", "dim"), ("keepdims", "keepdim")):
            if numpys in keywords and torchs not in keywords:
                keywords[torchs] = keywords.pop(numpys)
        return call(*arguments, **keywords)

    return renamed
