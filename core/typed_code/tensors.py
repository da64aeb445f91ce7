"""The tensor operations that an exercise's code may use, in numpy, under PyTorch's names and with its meanings.

A tensor is a numpy array of float64, or of bool, from a comparison. Every function here is listed by hand in METHODS,
TORCH, LINALG or FUNCTIONAL; nothing else can be reached from typed code. Each looks at what it is given before numpy
sees it: numpy itself would take lists of lists without end, its own keywords (`out`, `dtype`, `shape`), and more. The
tests run the same code through PyTorch itself.
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


# --- what is given --------------------------------------------------------------------------------------------------


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


def _tensor(a: Any) -> Array:
    if isinstance(a, (list, tuple)):
        raise Refused(
            "this takes a tensor, not a list: join the list first (torch.cat, torch.stack), or use Python's sum"
        )
    if not isinstance(a, Array):
        raise Refused("this takes a tensor")
    return a


def _numbers(a: Any) -> Array:
    """A tensor of numbers; truth values count as 0 and 1."""
    a = _tensor(a)
    return a.astype(np.float64) if a.dtype == bool else a


def _real(a: Any, what: str) -> Array:
    if _tensor(a).dtype == bool:
        raise Refused(f"PyTorch takes {what} of numbers only, not of truth values: make numbers of them with .float()")
    return a


def _operand(value: Any) -> Any:
    """The other side of an operation: a tensor or a number."""
    if isinstance(value, (int, float)):
        return value
    return _numbers(value)


def _axes(dim: Any) -> tuple[int, ...] | None:
    if dim is None:
        return None
    dims = tuple(dim) if isinstance(dim, (list, tuple)) else (dim,)
    if not dims or not all(is_whole(d) for d in dims):
        raise Refused("dim is a whole number, or several in brackets")
    return dims


def _dim(dim: Any) -> int:
    if not is_whole(dim):
        raise Refused("dim is a whole number")
    return dim


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{name} is True or False")
    return value


def _shape(*shape: Any) -> tuple[int, ...]:
    """A shape given as numbers or as one list of them."""
    if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
        shape = tuple(shape[0])
    if not all(is_whole(n) for n in shape):
        raise Refused("a shape is made of whole numbers")
    if math.prod(abs(n) for n in shape) > LARGEST_TENSOR:
        raise Refused("that shape has too many numbers")
    return tuple(shape)


def _numpys_names(call: Callable) -> Callable:
    """The function, with numpy's names for dim and keepdim as well: PyTorch takes both."""

    @functools.wraps(call)
    def renamed(*arguments: Any, **keywords: Any) -> Any:
        for numpys, torchs in (("axis", "dim"), ("keepdims", "keepdim")):
            if numpys in keywords and torchs not in keywords:
                keywords[torchs] = keywords.pop(numpys)
        return call(*arguments, **keywords)

    return renamed


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
    if not size or any(n < 0 for n in _shape(*size)):
        raise Refused("a new tensor's shape is made of whole numbers from 0")
    return _shape(*size)


# --- reductions -----------------------------------------------------------------------------------------------------


@_numpys_names
def _sum(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return _numbers(input).sum(axis=_axes(dim), keepdims=_flag(keepdim, "keepdim"))


def _average(a: Array, axes: tuple[int, ...] | None, keepdim: bool, less: float = 0) -> Array:
    """The mean along axes; less: what is taken off the number that it divides by. (numpy's own prints a warning where
    it divides by 0.)"""
    total = np.asarray(a.sum(axis=axes, keepdims=_flag(keepdim, "keepdim")))
    n = a.size / total.size if total.size else 0
    return total / max(n - less, 0)


@_numpys_names
def _mean(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return _average(_real(input, "the mean"), _axes(dim), keepdim)


@_numpys_names
def _var(
    input: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Array:
    """As in PyTorch the default divides by n − 1, and `x.var(False)` is one variance, the biased one."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = int(_flag(unbiased, "unbiased"))
    elif not is_number(correction):
        raise Refused("correction is a number: 0 for the biased variance, 1 for the unbiased one")
    a, axes = _real(input, "the variance"), _axes(dim)
    return _average((a - _average(a, axes, True)) ** 2, axes, keepdim, correction)


@_numpys_names
def _std(
    input: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Array:
    return np.sqrt(_var(input, dim, unbiased, keepdim, correction=correction))


@_numpys_names
def _var_mean(
    input: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> tuple[Array, Array]:
    variance = _var(input, dim, unbiased, keepdim, correction=correction)
    return variance, _mean(input, None if isinstance(dim, bool) else dim, keepdim)


def _norm(input: Array, p: Any = "fro", dim: Dim = None, keepdim: bool = False) -> Array:
    """The p-norm of all elements, or along dim."""
    order = 2 if p is None or isinstance(p, str) and p == "fro" else p
    if not is_number(order):
        raise Refused("the order of a norm is a number")
    size, axes, keepdim = np.abs(_real(input, "the norm")), _axes(dim), _flag(keepdim, "keepdim")
    if order in (math.inf, -math.inf):
        return (size.max if order > 0 else size.min)(axis=axes, keepdims=keepdim)
    if order == 0:
        return (size > 0).sum(axis=axes, keepdims=keepdim).astype(np.float64)
    return (size**order).sum(axis=axes, keepdims=keepdim) ** (1 / order)


@_numpys_names
def _vector_norm(x: Array, ord: Any = 2, dim: Dim = None, keepdim: bool = False) -> Array:
    if isinstance(ord, str):
        raise Refused("the order of a vector norm is a number")
    return _norm(x, ord, dim, keepdim)


@_numpys_names
def _linalg_norm(A: Array, ord: Any = None, dim: Dim = None, keepdim: bool = False) -> Array:  # noqa: N803
    """With an order and a matrix this is a norm of the *matrix*: of order 1 the largest column sum, and so on."""
    a, axes = _real(A, "the norm"), _axes(dim)
    if ord is None:
        return _norm(a, 2, dim, keepdim)
    if not is_number(ord) and not (isinstance(ord, str) and ord in ("fro", "nuc")):
        raise Refused("the order of a norm is a number, 'fro' or 'nuc'")
    if axes is None and a.ndim not in (1, 2) or axes is not None and len(axes) > 2:
        raise Refused("a norm with an order takes vectors or matrices")
    if ord in (2, -2, "nuc") and a.size > 400:
        raise Refused("that norm of so large a matrix is not computed here")
    axis = axes[0] if axes is not None and len(axes) == 1 else axes
    return np.linalg.norm(a, ord, axis, _flag(keepdim, "keepdim"))


@_numpys_names
def _amax(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return _numbers(input).max(axis=_axes(dim), keepdims=_flag(keepdim, "keepdim"))


@_numpys_names
def _amin(input: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return _numbers(input).min(axis=_axes(dim), keepdims=_flag(keepdim, "keepdim"))


def _extreme(name: str, pick: Callable, between: Callable) -> Callable:
    @_numpys_names
    def extreme(input: Array, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Array:
        if dim is not None or is_number(other):
            raise Refused(
                f"with a number {name} goes along that dimension, and gives the values and their places. For the "
                f"values alone there is a{name}; to cut at a number, clamp"
            )
        return pick(_numbers(input)) if other is None else between(_numbers(input), _numbers(other))

    return extreme


# --- element by element ---------------------------------------------------------------------------------------------


def _each(call: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of each number, without the other arguments that numpy's would take."""
    return lambda input: call(_numbers(input))


def _with(call: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Array]:
    """A function of two tensors, or of a tensor and a number."""

    def both(input: Any, other: Any) -> Array:
        a, b = _operand(input), _operand(other)
        if not isinstance(a, Array) and not isinstance(b, Array):
            raise Refused("this takes a tensor")
        return call(a, b)

    return both


def _pair(call: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """A function of two tensors."""

    def both(input: Array, other: Array) -> Array:
        if is_number(other):
            raise Refused("this takes two tensors; to cut at a number there is clamp(min=…)")
        return call(_numbers(input), _numbers(other))

    return both


def _pow(input: Any, exponent: Any) -> Array:
    return _with(np.power)(input, exponent)


def _clamp(input: Array, min: Any = None, max: Any = None) -> Array:
    if min is None and max is None:
        raise Refused("clamp needs a min or a max")
    return np.clip(_numbers(input), *(None if end is None else _operand(end) for end in (min, max)))


def _clamp_min(input: Array, min: Any) -> Array:
    return _clamp(input, min)


def _clamp_max(input: Array, max: Any) -> Array:
    return _clamp(input, None, max)


def _times(other: Any, alpha: Any) -> Any:
    if not is_number(alpha):
        raise Refused("alpha is a number")
    return np.asarray(other * alpha) if isinstance(other, Array) else other * alpha


def _add(input: Any, other: Any, *, alpha: float = 1) -> Array:
    return _with(np.add)(input, _times(_operand(other), alpha))


def _sub(input: Any, other: Any, *, alpha: float = 1) -> Array:
    if any(isinstance(x, Array) and x.dtype == bool for x in (input, other)):
        raise Refused(NO_MINUS)
    return _with(np.subtract)(input, _times(_operand(other), alpha))


NO_MINUS = "PyTorch subtracts no truth values: make numbers of them with .float(), or turn them round with ~"


def _lerp(input: Array, end: Array, weight: Any) -> Array:
    return _numbers(input) + _operand(weight) * (_numbers(end) - _numbers(input))


def _truths(condition: Any) -> Array:
    if _tensor(condition).dtype != bool:
        raise Refused("the condition is made of truth values here, as in PyTorch: mask == 1, or mask.bool()")
    return condition


def _where(condition: Array, input: Any, other: Any) -> Array:
    return np.where(_truths(condition), _operand(input), _operand(other))


def _where_method(input: Array, condition: Array, other: Any) -> Array:
    return _where(condition, input, other)


def _masked_fill(input: Array, mask: Array, value: Any) -> Array:
    if not is_number(value):
        raise Refused("masked_fill fills in a number")
    return np.where(_truths(mask), value, _numbers(input))


def _relu(input: Array) -> Array:
    return np.maximum(_numbers(input), 0)


def _softshrink(input: Array, lambd: float = 0.5) -> Array:
    a, t = _numbers(input), _positive(lambd)
    return np.sign(a) * np.maximum(np.abs(a) - t, 0)


def _hardshrink(input: Array, lambd: float = 0.5) -> Array:
    a, t = _numbers(input), _positive(lambd)
    return np.where(np.abs(a) > t, a, 0.0)


def _positive(lambd: Any) -> float:
    if not is_number(lambd) or not lambd >= 0:
        raise Refused("lambd is a number from 0")
    return lambd


def _normalize(input: Array, p: Any = 2.0, dim: Any = 1, eps: float = 1e-12) -> Array:
    if not is_number(eps):
        raise Refused("eps is a number")
    return _numbers(input) / np.maximum(_norm(input, p, dim, True), eps)


def _loss_of(error: Array, reduction: str) -> Array:
    if reduction not in ("mean", "sum", "none"):
        raise Refused("reduction is 'mean', 'sum' or 'none'")
    return error if reduction == "none" else error.sum() if reduction == "sum" else _average(error, None, False)


def _l1_loss(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    return _loss_of(np.abs(_numbers(input) - _numbers(target)), reduction)


def _mse_loss(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    return _loss_of((_numbers(input) - _numbers(target)) ** 2, reduction)


# --- products -------------------------------------------------------------------------------------------------------


def matmul(input: Array, other: Array) -> Array:
    """a @ b, for at most two dimensions each."""
    if not (isinstance(input, Array) and isinstance(other, Array)):
        raise Refused("a matrix product takes two tensors")
    if not (0 < input.ndim <= 2 and 0 < other.ndim <= 2):
        raise Refused("a matrix product takes tensors of one or two dimensions")
    if math.prod(input.shape[:-1]) * math.prod(other.shape[1:]) > LARGEST_TENSOR:
        raise Refused("that product is too large here")
    return _numbers(input) @ _numbers(other)


def _mm(input: Array, mat2: Array) -> Array:
    if not _tensor(input).ndim == _tensor(mat2).ndim == 2:
        raise Refused("mm multiplies two matrices")
    return matmul(input, mat2)


def _dot(input: Array, other: Array) -> Array:
    if not _tensor(input).ndim == _tensor(other).ndim == 1:
        raise Refused("dot takes two vectors (one dimension each): flatten() makes a vector of a matrix")
    return matmul(input, other)


# --- shapes ---------------------------------------------------------------------------------------------------------


def _reshape(input: Array, *shape: Any) -> Array:
    wanted = _shape(*shape)
    try:
        if any(n < -1 for n in wanted):
            raise ValueError
        return _tensor(input).reshape(wanted)
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
    a = _tensor(input)
    if not a.ndim:
        return a.reshape(1)
    first, last = (range(a.ndim)[_dim(d)] for d in (start_dim, end_dim))
    if first > last:
        raise Refused("start_dim comes before end_dim")
    return a.reshape(*a.shape[:first], math.prod(a.shape[first : last + 1]), *a.shape[last + 1 :])


def _ravel(input: Array) -> Array:
    return _tensor(input).reshape(-1)


def _size(input: Array, dim: int | None = None) -> Any:
    return input.shape if dim is None else input.shape[_dim(dim)]


def _transposed(input: Array) -> Array:
    if _tensor(input).ndim > 2:
        raise Refused("t() takes a tensor of at most two dimensions")
    return input.T


def _transpose(input: Array, dim0: int, dim1: int) -> Array:
    return np.swapaxes(_tensor(input), _dim(dim0), _dim(dim1))


def _unsqueeze(input: Array, dim: int) -> Array:
    return np.expand_dims(_tensor(input), _dim(dim))


def _squeeze(input: Array, dim: int | None = None) -> Array:
    a = _tensor(input)
    return np.squeeze(a, axis=dim) if dim is None or a.shape[_dim(dim)] == 1 else a


def _joined(join: Callable[..., Array]) -> Callable[..., Array]:
    @_numpys_names
    def joined(tensors: Sequence[Array], dim: int = 0) -> Array:
        if not isinstance(tensors, (list, tuple)) or not tensors or not all(isinstance(t, Array) for t in tensors):
            raise Refused("this takes a list of tensors")
        if sum(t.size for t in tensors) > LARGEST_TENSOR:
            raise Refused("those tensors are too large together")
        try:
            return join(tensors, axis=_dim(dim))
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
    return _numbers(input)


def _copy(input: Array) -> Array:
    return _tensor(input).copy()


def _in_order(input: Array) -> Array:
    return np.array(input, order="C")


def _as_number(input: Array) -> float | bool:
    if input.size != 1:
        raise Refused(f"item() is for a tensor of one number; this one has {input.size}")
    return input.reshape(-1)[0].item()


# --- what may be reached by which name ------------------------------------------------------------------------------

_ELEMENTWISE: dict[str, Callable] = {
    "abs": _each(np.abs),
    "absolute": _each(np.abs),
    "square": _each(np.square),
    "sqrt": _each(np.sqrt),
    "exp": _each(np.exp),
    "log": _each(np.log),
    "sign": _each(np.sign),
    "sgn": _each(np.sign),
    "neg": _each(np.negative),
    "negative": _each(np.negative),
    "reciprocal": _each(np.reciprocal),
    "rsqrt": _each(lambda a: 1 / np.sqrt(a)),
    "relu": _relu,
    "tanh": _each(np.tanh),
    "pow": _pow,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": _clamp_min,
    "clamp_max": _clamp_max,
    "add": _add,
    "sub": _sub,
    "subtract": _sub,
    "mul": _with(np.multiply),
    "multiply": _with(np.multiply),
    "div": _with(np.divide),
    "divide": _with(np.divide),
    "maximum": _pair(np.maximum),
    "minimum": _pair(np.minimum),
    "lerp": _lerp,
    "masked_fill": _masked_fill,
    "logical_not": _each(np.logical_not),
    "copysign": _with(np.copysign),
}
_REDUCED: dict[str, Callable] = {
    "sum": _sum,
    "mean": _mean,
    "var": _var,
    "std": _std,
    "norm": _norm,
    "amax": _amax,
    "amin": _amin,
    "max": _extreme("max", np.max, np.maximum),
    "min": _extreme("min", np.min, np.minimum),
    "numel": lambda input: int(_tensor(input).size),
}
_SHAPED: dict[str, Callable] = {
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

METHODS: dict[str, Callable] = {
    **_ELEMENTWISE,
    **_REDUCED,
    **_SHAPED,
    "view": _view,
    "reshape": _reshape,
    "size": _size,
    "dim": lambda input: int(input.ndim),
    "nelement": lambda input: int(input.size),
    "where": _where_method,
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
"""The methods of a tensor."""

ATTRIBUTES: dict[str, Callable[[Array], Any]] = {
    "shape": lambda input: input.shape,
    "ndim": lambda input: int(input.ndim),
    "T": _transposed,
    "data": _same,
    "requires_grad": lambda input: True,
    "device": lambda input: "cpu",
    "dtype": lambda input: "bool" if input.dtype == bool else "float32",
}

DETACHING = frozenset({"detach", "item", "tolist", "numpy", "data", "tensor"})
"""What hands on numbers and forgets where they came from: no gradient flows through it."""

TORCH: dict[str, Callable] = {
    **_ELEMENTWISE,
    **_REDUCED,
    **_SHAPED,
    "reshape": _reshape_function,
    "var_mean": _var_mean,
    "where": _where,
    "cat": _joined(_concatenated),
    "concat": _joined(_concatenated),
    "stack": _joined(_stacked),
    "zeros_like": lambda input: np.zeros(_tensor(input).shape),
    "ones_like": lambda input: np.ones(_tensor(input).shape),
    "zeros": _zeros,
    "ones": _ones,
    "tensor": tensor,
}
"""The functions of `torch`."""

LINALG: dict[str, Callable] = {"norm": _linalg_norm, "vector_norm": _vector_norm}
"""Those of `torch.linalg`."""

FUNCTIONAL: dict[str, Callable] = {
    "relu": _relu,
    "softshrink": _softshrink,
    "hardshrink": _hardshrink,
    "normalize": _normalize,
    "l1_loss": _l1_loss,
    "mse_loss": _mse_loss,
}
"""Those of `torch.nn.functional`, also as F."""
