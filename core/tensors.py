"""The tensor operations that an exercise's code may use, in numpy, under PyTorch's names and with its meanings.

A tensor is a numpy array of float64 (or of bool, from a comparison). Every function here is listed by hand in METHODS,
TORCH or FUNCTIONAL; nothing else can be reached from typed code. The tests run the same code through PyTorch itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

LARGEST_TENSOR = 20_000
"""Numbers. The tensors that exercises give have some dozens."""

Array = np.ndarray
Dim = int | tuple[int, ...] | None


class Refused(ValueError):
    """An operation that cannot be done, in words for the student."""


def tensor(value: Any) -> Array:
    """Numbers, and lists of them, as a tensor. Raises Refused for anything else, and for too much of it."""
    try:
        made = np.array(value, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise Refused("a tensor is made of numbers, or of lists of equal length of them") from error
    return checked(made)


def checked(a: Array) -> Array:
    if a.size > LARGEST_TENSOR:
        raise Refused(f"a tensor of {a.size:,} numbers is too large here")
    return a


def _shape(*shape: Any) -> tuple[int, ...]:
    """A shape given as numbers or as one list of them."""
    if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
        shape = tuple(shape[0])
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in shape):
        raise Refused("a shape is made of whole numbers")
    if math.prod(abs(n) for n in shape) > LARGEST_TENSOR:
        raise Refused("that shape has too many numbers")
    return tuple(shape)


def _axes(dim: Dim) -> Dim:
    return tuple(dim) if isinstance(dim, list) else dim


# --- reductions -----------------------------------------------------------------------------------------------------


def _sum(a: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return a.sum(axis=_axes(dim), keepdims=keepdim)


def _mean(a: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return a.mean(axis=_axes(dim), keepdims=keepdim)


def _var(
    a: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> Array:
    """As in PyTorch the default divides by n − 1."""
    ddof = int(unbiased) if correction is None else correction
    return a.var(axis=_axes(dim), ddof=ddof, keepdims=keepdim)


def _std(
    a: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> Array:
    return np.sqrt(_var(a, dim, unbiased, keepdim, correction=correction))


def _norm(a: Array, p: Any = 2, dim: Dim = None, keepdim: bool = False) -> Array:
    """The p-norm of all elements, or along dim."""
    order = 2 if p in ("fro", None) else p
    if not isinstance(order, (int, float)) or isinstance(order, bool):
        raise Refused("the order of a norm is a number")
    size, axes = np.abs(a), _axes(dim)
    if order == math.inf:
        return size.max(axis=axes, keepdims=keepdim)
    if order == 0:
        return (size > 0).sum(axis=axes, keepdims=keepdim).astype(np.float64)
    return (size**order).sum(axis=axes, keepdims=keepdim) ** (1 / order)


def _vector_norm(a: Array, ord: Any = 2, dim: Dim = None, keepdim: bool = False) -> Array:  # noqa: A002
    return _norm(a, ord, dim, keepdim)


def _amax(a: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return a.max(axis=_axes(dim), keepdims=keepdim)


def _amin(a: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return a.min(axis=_axes(dim), keepdims=keepdim)


def _largest(a: Array, other: Array | None = None) -> Array:
    return a.max() if other is None else np.maximum(a, other)


def _smallest(a: Array, other: Array | None = None) -> Array:
    return a.min() if other is None else np.minimum(a, other)


# --- element by element ---------------------------------------------------------------------------------------------


def _clamp(a: Array, min: float | None = None, max: float | None = None) -> Array:  # noqa: A002
    if min is None and max is None:
        raise Refused("clamp needs a min or a max")
    return np.clip(a, min, max)


def _pow(a: Array, exponent: float) -> Array:
    return np.power(a, exponent)


def _add(a: Array, other: Any, *, alpha: float = 1) -> Array:
    return a + alpha * other


def _sub(a: Array, other: Any, *, alpha: float = 1) -> Array:
    return a - alpha * other


def _where(condition: Array, a: Any, b: Any) -> Array:
    return np.where(condition, a, b)


def _softshrink(a: Array, lambd: float = 0.5) -> Array:
    return np.sign(a) * np.maximum(np.abs(a) - lambd, 0)


def _loss_of(error: Array, reduction: str) -> Array:
    if reduction not in ("mean", "sum", "none"):
        raise Refused("reduction is 'mean', 'sum' or 'none'")
    return error if reduction == "none" else error.sum() if reduction == "sum" else error.mean()


def _l1_loss(a: Array, target: Array, *, reduction: str = "mean") -> Array:
    return _loss_of(np.abs(a - target), reduction)


def _mse_loss(a: Array, target: Array, *, reduction: str = "mean") -> Array:
    return _loss_of((a - target) ** 2, reduction)


def matmul(a: Array, b: Array) -> Array:
    """a @ b, for at most two dimensions each."""
    if not (isinstance(a, Array) and isinstance(b, Array)) or not (0 < a.ndim <= 2 and 0 < b.ndim <= 2):
        raise Refused("a matrix product takes tensors of one or two dimensions")
    if math.prod(a.shape[:-1]) * math.prod(b.shape[1:]) > LARGEST_TENSOR:
        raise Refused("that product is too large here")
    return a @ b


# --- shapes ---------------------------------------------------------------------------------------------------------


def _view(a: Array, *shape: Any) -> Array:
    wanted = _shape(*shape)
    try:
        return a.reshape(wanted)
    except ValueError as error:
        raise Refused(f"{a.size} numbers do not fill the shape {wanted}") from error


def _flatten(a: Array, start_dim: int = 0) -> Array:
    return a.reshape(*a.shape[:start_dim], -1)


def _size(a: Array, dim: int | None = None) -> Any:
    return a.shape if dim is None else a.shape[dim]


def _transposed(a: Array) -> Array:
    if a.ndim > 2:
        raise Refused("t() takes a tensor of at most two dimensions")
    return a.T


def _unsqueeze(a: Array, dim: int) -> Array:
    return np.expand_dims(a, dim)


def _squeeze(a: Array, dim: int | None = None) -> Array:
    return np.squeeze(a, axis=dim) if dim is None or a.shape[dim] == 1 else a


def _joined(join: Callable[..., Array]) -> Callable[..., Array]:
    def joined(tensors: Sequence[Array], dim: int = 0) -> Array:
        if not isinstance(tensors, (list, tuple)) or not tensors or not all(isinstance(t, Array) for t in tensors):
            raise Refused("this takes a list of tensors")
        if sum(t.size for t in tensors) > LARGEST_TENSOR:
            raise Refused("those tensors are too large together")
        return join(tensors, axis=dim)

    return joined


def _concatenated(tensors: Sequence[Array], axis: int) -> Array:
    if any(t.ndim == 0 for t in tensors):
        raise Refused("torch.cat cannot join single numbers (zero dimensions); torch.stack can")
    return np.concatenate(tensors, axis=axis)


def _zeros(*shape: Any) -> Array:
    return np.zeros(_shape(*shape))


def _ones(*shape: Any) -> Array:
    return np.ones(_shape(*shape))


def _same(a: Array, *_: Any) -> Array:
    """`to`, `float`, `cpu`: another device or type, the same numbers."""
    return a


def _as_number(a: Array) -> float:
    if a.size != 1:
        raise Refused(f"item() is for a tensor of one number; this one has {a.size}")
    return float(a.reshape(()))


# --- what may be reached by which name ------------------------------------------------------------------------------

_ELEMENTWISE: dict[str, Callable] = {
    "abs": np.abs, "absolute": np.abs, "square": np.square, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
    "sign": np.sign, "sgn": np.sign, "neg": np.negative, "negative": np.negative, "reciprocal": np.reciprocal,
    "rsqrt": lambda a: 1 / np.sqrt(a), "relu": lambda a: np.maximum(a, 0), "tanh": np.tanh,
    "pow": _pow, "clamp": _clamp, "clip": _clamp, "clamp_min": lambda a, min: np.maximum(a, min),
    "clamp_max": lambda a, max: np.minimum(a, max), "add": _add, "sub": _sub, "subtract": _sub,
    "mul": lambda a, other: a * other, "multiply": lambda a, other: a * other, "div": lambda a, other: a / other,
    "divide": lambda a, other: a / other, "maximum": np.maximum, "minimum": np.minimum,
}  # fmt: skip
_REDUCED: dict[str, Callable] = {
    "sum": _sum, "mean": _mean, "var": _var, "std": _std, "norm": _norm, "amax": _amax, "amin": _amin,
    "max": _largest, "min": _smallest, "numel": lambda a: int(a.size),
}  # fmt: skip
_PRODUCTS: dict[str, Callable] = {
    "dot": matmul, "matmul": matmul, "mm": matmul, "flatten": _flatten, "ravel": lambda a: a.reshape(-1),
    "squeeze": _squeeze, "unsqueeze": _unsqueeze, "t": _transposed, "reshape": _view,
}  # fmt: skip

METHODS: dict[str, Callable] = {
    **_ELEMENTWISE, **_REDUCED, **_PRODUCTS, "view": _view, "size": _size, "dim": lambda a: int(a.ndim),
    "float": lambda a: a.astype(np.float64), "double": lambda a: a.astype(np.float64), "to": _same, "cpu": _same,
    "clone": lambda a: a.copy(), "contiguous": _same, "type_as": _same,
    "detach": _same, "item": _as_number, "tolist": lambda a: a.tolist(), "numpy": _same,
}  # fmt: skip
"""The methods of a tensor."""

ATTRIBUTES: dict[str, Callable[[Array], Any]] = {
    "shape": lambda a: a.shape, "ndim": lambda a: int(a.ndim), "T": _transposed, "data": _same,
    "requires_grad": lambda a: True, "device": lambda a: "cpu",
}  # fmt: skip

DETACHING = frozenset({"detach", "item", "tolist", "numpy", "data", "tensor"})
"""What hands on numbers and forgets where they came from: no gradient flows through it."""

TORCH: dict[str, Callable] = {
    **_ELEMENTWISE, **_REDUCED, **_PRODUCTS, "where": _where, "cat": _joined(_concatenated),
    "concat": _joined(_concatenated), "stack": _joined(np.stack), "zeros_like": np.zeros_like,
    "ones_like": np.ones_like, "zeros": _zeros, "ones": _ones, "tensor": tensor, "clone": lambda a: a.copy(),
}  # fmt: skip
"""The functions of `torch`."""

LINALG: dict[str, Callable] = {"norm": _vector_norm, "vector_norm": _vector_norm}
"""Those of `torch.linalg`."""

FUNCTIONAL: dict[str, Callable] = {
    "relu": lambda a: np.maximum(a, 0), "softshrink": _softshrink, "l1_loss": _l1_loss, "mse_loss": _mse_loss,
}  # fmt: skip
"""Those of `torch.nn.functional`, also as F."""
