"""Reductions of a tensor, under PyTorch's names and with its meanings: sums, means, variances, norms, extremes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from core.typed_code.arguments import (
    Array,
    Dim,
    Refused,
    axes_of,
    by_torchs_names,
    flag,
    is_number,
    numbers_of,
    real,
    tensor_of,
)


@by_torchs_names
def _sum(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return numbers_of(input).sum(axis=axes_of(dim), keepdims=flag(keepdim, "keepdim"))


def average(a: Array, axes: tuple[int, ...] | None, keepdim: bool, less: float = 0) -> Array:
    """The mean along axes; less: what is taken off the number that it divides by. (numpy's own prints a warning where
    it divides by 0.)"""
    total = np.asarray(a.sum(axis=axes, keepdims=flag(keepdim, "keepdim")))
    n = a.size / total.size if total.size else 0
    return total / max(n - less, 0)


@by_torchs_names
def _mean(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return average(real(input, "the mean"), axes_of(dim), keepdim)


@by_torchs_names
def _var(
    input: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Array:
    """As in PyTorch the default divides by n − 1, and `x.var(False)` is one variance, the biased one."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = int(flag(unbiased, "unbiased"))
    elif not is_number(correction):
        raise Refused("correction is a number: 0 for the biased variance, 1 for the unbiased one")
    a, axes = real(input, "the variance"), axes_of(dim)
    return average((a - average(a, axes, True)) ** 2, axes, keepdim, correction)


@by_torchs_names
def _std(
    input: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Array:
    return np.sqrt(_var(input, dim, unbiased, keepdim, correction=correction))


@by_torchs_names
def _var_mean(
    input: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> tuple[Array, Array]:
    variance = _var(input, dim, unbiased, keepdim, correction=correction)
    return variance, _mean(input, None if isinstance(dim, bool) else dim, keepdim)


def norm(input: Array, p: Any = "fro", dim: Dim = None, keepdim: bool = False) -> Array:
    """The p-norm of all elements, or along dim."""
    order = 2 if p is None or isinstance(p, str) and p == "fro" else p
    if not is_number(order):
        raise Refused("the order of a norm is a number")
    size, axes, keepdim = np.abs(real(input, "the norm")), axes_of(dim), flag(keepdim, "keepdim")
    if order in (math.inf, -math.inf):
        return (size.max if order > 0 else size.min)(axis=axes, keepdims=keepdim)
    if order == 0:
        return (size > 0).sum(axis=axes, keepdims=keepdim).astype(np.float64)
    return (size**order).sum(axis=axes, keepdims=keepdim) ** (1 / order)


@by_torchs_names
def _vector_norm(x: Array, ord: Any = 2, dim: Dim = None, keepdim: bool = False) -> Array:
    if isinstance(ord, str):
        raise Refused("the order of a vector norm is a number")
    return norm(x, ord, dim, keepdim)


@by_torchs_names
def _linalg_norm(A: Array, ord: Any = None, dim: Dim = None, keepdim: bool = False) -> Array:  # noqa: N803
    """With an order and a matrix this is a norm of the *matrix*: of order 1 the largest column sum, and so on."""
    a, axes = real(A, "the norm"), axes_of(dim)
    if ord is None:
        return norm(a, 2, dim, keepdim)
    if not is_number(ord) and not (isinstance(ord, str) and ord in ("fro", "nuc")):
        raise Refused("the order of a norm is a number, 'fro' or 'nuc'")
    if axes is None and a.ndim not in (1, 2) or axes is not None and len(axes) > 2:
        raise Refused("a norm with an order takes vectors or matrices")
    if ord in (2, -2, "nuc") and a.size > 400:
        raise Refused("that norm of so large a matrix is not computed here")
    axis = axes[0] if axes is not None and len(axes) == 1 else axes
    return np.linalg.norm(a, ord, axis, flag(keepdim, "keepdim"))


@by_torchs_names
def _amax(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return numbers_of(input).max(axis=axes_of(dim), keepdims=flag(keepdim, "keepdim"))


@by_torchs_names
def _amin(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return numbers_of(input).min(axis=axes_of(dim), keepdims=flag(keepdim, "keepdim"))


def _extreme(name: str, pick: Callable, between: Callable) -> Callable:
    @by_torchs_names
    def extreme(input: Array, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Array:
        if dim is not None or is_number(other):
            raise Refused(
                f"with a number {name} goes along that dimension, and gives the values and their places. For the "
                f"values alone there is a{name}; to cut at a number, clamp"
            )
        return pick(numbers_of(input)) if other is None else between(numbers_of(input), numbers_of(other))

    return extreme


REDUCED: dict[str, Callable] = {
    "sum": _sum,
    "mean": _mean,
    "var": _var,
    "std": _std,
    "norm": norm,
    "amax": _amax,
    "amin": _amin,
    "max": _extreme("max", np.max, np.maximum),
    "min": _extreme("min", np.min, np.minimum),
    "numel": lambda input: int(tensor_of(input).size),
}
"""Reached as methods of a tensor and as functions of `torch`."""

VAR_MEAN: dict[str, Callable] = {"var_mean": _var_mean}

LINALG: dict[str, Callable] = {"norm": _linalg_norm, "vector_norm": _vector_norm}
"""The functions of `torch.linalg`."""
