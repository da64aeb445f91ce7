"""Tensors made, multiplied and given another shape, under PyTorch's names and with its meanings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.typed_code.arguments import (
    LARGEST_TENSOR,
    MOST_DIMENSIONS,
    Array,
    Refused,
    by_torchs_names,
    checked,
    dim_of,
    numbers_of,
    shape_of,
    shape_text,
    tensor_of,
)

# --- made of numbers ------------------------------------------------------------------------------------------------


def tensor(data: Any, *, dtype=None, device=None, requires_grad=False) -> Array:
    """Numbers, and lists of them, as a tensor. Raises Refused for anything else, and for too much of it."""
    waiting, n = [(data, 0)], 0
    while waiting:  # a list may hold another many times over, or itself: count before numpy unfolds it
        value, depth = waiting.pop()
        n += value.size if isinstance(value, Array) else 1
        if n > 2 * LARGEST_TENSOR or depth > MOST_DIMENSIONS:
            raise Refused("a tensor of so many numbers is too large here")
        if isinstance(value, (list, tuple)):
            waiting += [(item, depth + 1) for item in value[: LARGEST_TENSOR + 1]]
        elif not isinstance(value, (int, float)) and not (isinstance(value, Array) and (not depth or value.ndim == 0)):
            raise Refused(
                "torch.tensor takes numbers, and lists of them; torch.stack joins tensors"
                if isinstance(value, Array)
                else "a tensor is made of numbers, or of lists of numbers"
            )
    try:
        return checked(np.array(data, dtype=np.float64))
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused("a tensor is made of numbers, or of lists of equal length of them") from error


def _zeros(*size: Any, dtype=None, device=None, requires_grad=False) -> Array:
    return np.zeros(_some_shape(*size))


def _ones(*size: Any, dtype=None, device=None, requires_grad=False) -> Array:
    return np.ones(_some_shape(*size))


def _some_shape(*size: Any) -> tuple[int, ...]:
    if not size or any(n < 0 for n in shape_of(*size)):
        raise Refused("a new tensor's shape is made of whole numbers from 0")
    return shape_of(*size)


# --- products -------------------------------------------------------------------------------------------------------


def matmul(input: Array, other: Array) -> Array:
    """a @ b, for at most two dimensions each."""
    if not (isinstance(input, Array) and isinstance(other, Array)):
        raise Refused("a matrix product takes two tensors")
    if not (0 < input.ndim <= 2 and 0 < other.ndim <= 2):
        raise Refused("a matrix product takes tensors of one or two dimensions")
    if math.prod(input.shape[:-1]) * math.prod(other.shape[1:]) > LARGEST_TENSOR:
        raise Refused("that product is too large here")
    return numbers_of(input) @ numbers_of(other)


def _mm(input: Array, mat2: Array) -> Array:
    if not tensor_of(input).ndim == tensor_of(mat2).ndim == 2:
        raise Refused("mm multiplies two matrices")
    return matmul(input, mat2)


def _dot(input: Array, other: Array) -> Array:
    if not tensor_of(input).ndim == tensor_of(other).ndim == 1:
        raise Refused("dot takes two vectors (one dimension each): flatten() makes a vector of a matrix")
    return matmul(input, other)


# --- shapes ---------------------------------------------------------------------------------------------------------


def _reshape(input: Array, *shape: Any) -> Array:
    wanted = shape_of(*shape)
    try:
        if any(n < -1 for n in wanted):
            raise ValueError
        return tensor_of(input).reshape(wanted)
    except ValueError as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"{input.size} numbers do not fill the shape {wanted}") from error


def _reshape_function(input: Array, shape: Any) -> Array:
    if not isinstance(shape, (list, tuple)):
        raise Refused("torch.reshape takes the shape in brackets: (-1,)")
    return _reshape(input, shape)


def _view(input: Array, *shape: Any) -> Array:
    """Like reshape, of numbers that lie in that order already."""
    seen = _reshape(input, *shape)
    if not np.may_share_memory(seen, input) and input.size:
        raise Refused("view cannot put numbers into another order (after t() or T): reshape can")
    return seen


def _flatten(input: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    a = tensor_of(input)
    if not a.ndim:
        return a.reshape(1)
    first, last = (range(a.ndim)[dim_of(d)] for d in (start_dim, end_dim))
    if first > last:
        raise Refused("start_dim comes before end_dim")
    return a.reshape(*a.shape[:first], math.prod(a.shape[first : last + 1]), *a.shape[last + 1 :])


def _ravel(input: Array) -> Array:
    return tensor_of(input).reshape(-1)


def _size(input: Array, dim: int | None = None) -> Any:
    return input.shape if dim is None else input.shape[dim_of(dim)]


def _transposed(input: Array) -> Array:
    if tensor_of(input).ndim > 2:
        raise Refused("t() takes a tensor of at most two dimensions")
    return input.T


def _transpose(input: Array, dim0: int, dim1: int) -> Array:
    return np.swapaxes(tensor_of(input), dim_of(dim0), dim_of(dim1))


def _unsqueeze(input: Array, dim: int) -> Array:
    return np.expand_dims(tensor_of(input), dim_of(dim))


def _squeeze(input: Array, dim: int | None = None) -> Array:
    a = tensor_of(input)
    return np.squeeze(a, axis=dim) if dim is None or a.shape[dim_of(dim)] == 1 else a


def _joined(join: Callable[..., Array]) -> Callable[..., Array]:
    @by_torchs_names
    def joined(tensors: Sequence[Array], dim: int = 0) -> Array:
        if not isinstance(tensors, (list, tuple)) or not tensors or not all(isinstance(t, Array) for t in tensors):
            raise Refused("this takes a list of tensors")
        if sum(t.size for t in tensors) > LARGEST_TENSOR:
            raise Refused("those tensors are too large together")
        try:
            return join(tensors, axis=dim_of(dim))
        except ValueError as error:
            if isinstance(error, (Refused, IndexError)):  # IndexError: no such dimension
                raise
            shapes = " and ".join(dict.fromkeys(shape_text(t.shape) for t in tensors))
            raise Refused(f"{shapes[:200]} cannot be joined") from error

    return joined


def _stacked(tensors: Sequence[Array], axis: int) -> Array:
    return np.stack(tensors, axis=axis)


def _concatenated(tensors: Sequence[Array], axis: int) -> Array:
    if any(t.ndim == 0 for t in tensors):
        raise Refused("torch.cat cannot join single numbers (zero dimensions); torch.stack can")
    return np.concatenate(tensors, axis=axis)


def _same(input: Array, *_: Any, **__: Any) -> Array:
    """`to`, `float`, `cpu`: another device or type, the same numbers."""
    return input


def _floats(input: Array) -> Array:
    return numbers_of(input)


def _copy(input: Array) -> Array:
    return tensor_of(input).copy()


def _in_order(input: Array) -> Array:
    return np.array(input, order="C")


def _as_number(input: Array) -> float | bool:
    if input.size != 1:
        raise Refused(f"item() is for a tensor of one number; this one has {input.size}")
    return input.reshape(-1)[0].item()


SHAPED: dict[str, Callable] = {
    "dot": _dot,
    "matmul": matmul,
    "mm": _mm,
    "flatten": _flatten,
    "ravel": _ravel,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "t": _transposed,
    "transpose": _transpose,
    "clone": _copy,
}
"""Reached as methods of a tensor and as functions of `torch`."""


METHODS: dict[str, Callable] = {
    "view": _view,
    "reshape": _reshape,
    "size": _size,
    "dim": lambda input: int(input.ndim),
    "nelement": lambda input: int(input.size),
    "bool": lambda input: input != 0,
    "float": _floats,
    "double": _floats,
    "to": _same,
    "cpu": _same,
    "contiguous": _in_order,
    "type_as": _same,
    "detach": _same,
    "item": _as_number,
    "tolist": lambda input: input.tolist(),
    "numpy": _same,
}
"""Reached as methods of a tensor only."""

ATTRIBUTES: dict[str, Callable[[Array], Any]] = {
    "shape": lambda input: input.shape,
    "ndim": lambda input: int(input.ndim),
    "T": _transposed,
    "data": _same,
    "requires_grad": lambda input: True,
    "device": lambda input: "cpu",
    "dtype": lambda input: "bool" if input.dtype == bool else "float32",
}

FUNCTIONS: dict[str, Callable] = {
    "reshape": _reshape_function,
    "cat": _joined(_concatenated),
    "concat": _joined(_concatenated),
    "stack": _joined(_stacked),
    "zeros_like": lambda input: np.zeros(tensor_of(input).shape),
    "ones_like": lambda input: np.ones(tensor_of(input).shape),
    "zeros": _zeros,
    "ones": _ones,
    "tensor": tensor,
}
"""Reached as functions of `torch` only."""
