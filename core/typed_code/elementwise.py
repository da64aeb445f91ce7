"""Operations element by element, with PyTorch's names, broadcasting and meanings; the losses that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.typed_code.arguments import (
    Array,
    Refused,
    is_number,
    numbers_of,
    operand,
    tensor_of,
)
from core.typed_code.reductions import average, norm


def _each(call: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of each number, without the other arguments that numpy's would take."""
    return lambda input: call(numbers_of(input))


def _with(call: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Array]:
    """A function of two tensors, or of a tensor and a number."""

    def both(input: Any, other: Any) -> Array:
        a, b = operand(input), operand(other)
        if not isinstance(a, Array) and not isinstance(b, Array):
            raise Refused("this takes a tensor")
        return call(a, b)

    return both


def _pair(call: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """A function of two tensors."""

    def both(input: Array, other: Array) -> Array:
        if is_number(other):
            raise Refused("this takes two tensors; to cut at a number there is clamp(min=…)")
        return call(numbers_of(input), numbers_of(other))

    return both


def _pow(input: Any, exponent: Any) -> Array:
    return _with(np.power)(input, exponent)


def _clamp(input: Array, min: Any = None, max: Any = None) -> Array:
    if min is None and max is None:
        raise Refused("clamp needs a min or a max")
    return np.clip(numbers_of(input), *(None if end is None else operand(end) for end in (min, max)))


def _clamp_min(input: Array, min: Any) -> Array:
    return _clamp(input, min)


def _clamp_max(input: Array, max: Any) -> Array:
    return _clamp(input, None, max)


def _times(other: Any, alpha: Any) -> Any:
    if not is_number(alpha):
        raise Refused("alpha is a number")
    return np.asarray(other * alpha) if isinstance(other, Array) else other * alpha


def _add(input: Any, other: Any, *, alpha: float = 1) -> Array:
    return _with(np.add)(input, _times(operand(other), alpha))


def _sub(input: Any, other: Any, *, alpha: float = 1) -> Array:
    if any(isinstance(x, Array) and x.dtype == bool for x in (input, other)):
        raise Refused(NO_MINUS)
    return _with(np.subtract)(input, _times(operand(other), alpha))


NO_MINUS = "PyTorch subtracts no truth values: make numbers of them with .float(), or turn them round with ~"


def _lerp(input: Array, end: Array, weight: Any) -> Array:
    return numbers_of(input) + operand(weight) * (numbers_of(end) - numbers_of(input))


def _truths(condition: Any) -> Array:
    if tensor_of(condition).dtype != bool:
        raise Refused("the condition is made of truth values here, as in PyTorch: mask == 1, or mask.bool()")
    return condition


def _where(condition: Array, input: Any, other: Any) -> Array:
    return np.where(_truths(condition), operand(input), operand(other))


def _where_method(input: Array, condition: Array, other: Any) -> Array:
    return _where(condition, input, other)


def _masked_fill(input: Array, mask: Array, value: Any) -> Array:
    if not is_number(value):
        raise Refused("masked_fill fills in a number")
    return np.where(_truths(mask), value, numbers_of(input))


def _relu(input: Array) -> Array:
    return np.maximum(numbers_of(input), 0)


def _softshrink(input: Array, lambd: float = 0.5) -> Array:
    a, t = numbers_of(input), _positive(lambd)
    return np.sign(a) * np.maximum(np.abs(a) - t, 0)


def _hardshrink(input: Array, lambd: float = 0.5) -> Array:
    a, t = numbers_of(input), _positive(lambd)
    return np.where(np.abs(a) > t, a, 0.0)


def _positive(lambd: Any) -> float:
    if not is_number(lambd) or not lambd >= 0:
        raise Refused("lambd is a number from 0")
    return lambd


def _normalize(input: Array, p: Any = 2.0, dim: Any = 1, eps: float = 1e-12) -> Array:
    if not is_number(eps):
        raise Refused("eps is a number")
    return numbers_of(input) / np.maximum(norm(input, p, dim, True), eps)


def _loss_of(error: Array, reduction: str) -> Array:
    if reduction not in ("mean", "sum", "none"):
        raise Refused("reduction is 'mean', 'sum' or 'none'")
    return error if reduction == "none" else error.sum() if reduction == "sum" else average(error, None, False)


def _l1_loss(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    return _loss_of(np.abs(numbers_of(input) - numbers_of(target)), reduction)


def _mse_loss(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    return _loss_of((numbers_of(input) - numbers_of(target)) ** 2, reduction)


ELEMENTWISE: dict[str, Callable] = {
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
"""Reached as methods of a tensor and as functions of `torch`."""

WHERE_METHOD: dict[str, Callable] = {"where": _where_method}
WHERE_FUNCTION: dict[str, Callable] = {"where": _where}

FUNCTIONAL: dict[str, Callable] = {
    "relu": _relu,
    "softshrink": _softshrink,
    "hardshrink": _hardshrink,
    "normalize": _normalize,
    "l1_loss": _l1_loss,
    "mse_loss": _mse_loss,
}
"""The functions of `torch.nn.functional`, also as F."""
