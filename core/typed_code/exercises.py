"""Exercises in which code is typed: what is asked, and a verdict on what was typed, by what it does.

A typed text is interpreted (core/typed_code/interpreter.py), never executed. Two kinds of check: `ByValue` runs it
beside a solution on several inputs and compares values and derivatives; `ByNetwork` builds the typed network and looks
at what it does in training and in evaluation mode. The lessons (core/course/) have the exercises themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.config import RunConfig
from core.typed_code.arguments import Array
from core.typed_code.interpreter import Interpreter, interpret
from core.typed_code.names import Bound, Function, uncalled
from core.typed_code.syntax import TOO_DEEP, SnippetError, check_length, read

RUNS = 4
"""Inputs that a text is tried on."""

MOST_STEPS_OF_A_DERIVATIVE = 60_000
"""Steps of the interpreter, in all the runs that a derivative takes."""

STEP, CLOSE = 1e-6, 1e-5
"""Of the numerical derivative: the shift to either side, and how far it may be off, relative to the largest."""


@dataclass(frozen=True)
class Verdict:
    """What is said to an answer, in Markdown. config: what to train, where the answer is right and can be trained.
    is_read: whether the text is of the part of Python that can be read here; what it does is not known else."""

    right: bool
    says: str
    config: RunConfig | None = None
    is_read: bool = True


@dataclass(frozen=True)
class Accepted:
    """A text that is right, what is said of it, and the training that it stands for, if any."""

    text: str
    says: str = ""
    config: RunConfig | None = None


@dataclass(frozen=True)
class Mistake:
    """A text that is wrong in a usual way, and what is said of it."""

    text: str
    says: str


def mistakes(template: str, says: Mapping[str, str]) -> tuple[Mistake, ...]:
    """Mistakes of an exercise with one blank: what may be typed into the template → what is said of it."""
    return tuple(Mistake(template.format(typed), words) for typed, words in says.items())


Inputs = dict[str, Array]


def draw_numbers(rng: np.random.Generator, *shape: int) -> Array:
    """Normal numbers of some shape with three decimals, for an exercise's inputs."""
    return np.round(rng.normal(0, 1, shape), 3)


def variable(name: str) -> Callable[[Interpreter], Any]:
    """Reads a variable after the run."""

    def find(run: Interpreter) -> Any:
        if name not in run.names:
            raise SnippetError(f"The variable `{name}` is never set.")
        return run.names[name]

    return find


def returned(name: str, *arguments: str) -> Callable[[Interpreter], Any]:
    """Calls the defined function with the given names' values (`self` stands for the model)."""

    def find(run: Interpreter) -> Any:
        function = run.names.get(name)
        if not isinstance(function, Function):
            raise SnippetError(f"The function `{name}` is not defined.")
        value = run.call_function(function, *(run.names[a] for a in arguments))
        if value is None:
            raise SnippetError(f"`{name}` returns nothing: its last line needs `return`.")
        return value

    return find


@dataclass(frozen=True)
class ByValue:
    """Compares the result of a typed text with that of an accepted one, on RUNS inputs.

    inputs: draws the tensors. names: makes of them what the text is given (fresh for every run). gradients: those of
    the inputs by which the result must have the right derivative too, as autograd would find it: numbers that the text
    cut off (item, detach, torch.tensor) stay as they are when an input moves. parts: where the result puts several
    variables together along its first axis, each of them a blank of its own, their names in that order.
    """

    inputs: Callable[[np.random.Generator], Inputs]
    result: Callable[[Interpreter], Any]
    accepted: tuple[Accepted, ...]
    mistakes: tuple[Mistake, ...] = ()
    names: Callable[[Inputs], Mapping[str, Any]] = dict
    gradients: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    def verdict(self, tree: ast.Module) -> Verdict:
        found = [self._value(tree, inputs) for inputs in self._tries()]
        for accepted in self.accepted:
            if alike(found, values_of(self, accepted.text)):
                problem = self._gradient_problem(tree, accepted.text)
                return Verdict(False, problem) if problem else Verdict(True, accepted.says, accepted.config)
        for mistake in self.mistakes:
            if alike(found, values_of(self, mistake.text)):
                return Verdict(False, mistake.says)
        wanted = values_of(self, self.accepted[0].text)
        if unlike := _unlike(found, wanted):
            return Verdict(False, unlike)
        return Verdict(False, _part_by_part(self, found, wanted) if self.parts else _difference(self, found, wanted))

    def _tries(self) -> list[Inputs]:
        drawn = (self.inputs(np.random.default_rng(seed)) for seed in range(RUNS))
        return [{name: np.asarray(value) for name, value in inputs.items()} for inputs in drawn]

    def _value(self, tree: ast.Module, inputs: Inputs) -> Array:
        return _as_array(self.result(interpret(tree, self.names(dict(inputs)))))

    def _gradient_problem(self, tree: ast.Module, text: str) -> str:
        inputs = self._tries()[0]
        for name in self.gradients:
            mine, right = (self.derivative(t, inputs, name) for t in (tree, read(text)))
            if not np.abs(mine).max() and np.abs(right).max():
                return (
                    f"The value is right, but **no gradient flows** through it to `{name}`: `.item()`, `.detach()`, "
                    "`.data`, `float()` and `torch.tensor()` give plain numbers that forget where they came from. "
                    "`backward()` would then change nothing."
                )
            if not np.allclose(mine, right, rtol=0, atol=CLOSE * max(1.0, np.abs(right).max())):
                return f"The value is right, but its derivative by `{name}` is not: part of it is cut off the gradient."
        return ""

    def derivative(self, tree: ast.Module, inputs: Inputs, name: str) -> Array:
        """Of a weighted sum of the result by each number of an input, by central differences. (Of the plain sum it
        would not do: a normalised batch adds up to 0, whatever the input is.)"""
        base = interpret(tree, self.names(dict(inputs)))
        shape = _as_array(self.result(base)).shape
        if base.steps * 2 * inputs[name].size > MOST_STEPS_OF_A_DERIVATIVE:
            raise SnippetError("This takes too many steps: is a loop too long?")
        slopes = np.zeros(inputs[name].size)
        for i in range(inputs[name].size):
            ends = []
            for sign in (1, -1):
                moved = inputs[name].copy()
                moved.reshape(-1)[i] += sign * STEP
                run = interpret(tree, self.names({**inputs, name: moved}), base.detached)
                ends.append(float((weights_of(shape) * _as_array(self.result(run))).sum()))
            slopes[i] = (ends[0] - ends[1]) / (2 * STEP)
        return slopes


def weights_of(shape: tuple[int, ...]) -> Array:
    """The weights of a result's numbers in the sum whose derivative is compared."""
    return np.random.default_rng(0).uniform(0.5, 1.5, shape)


@lru_cache(maxsize=512)
def values_of(check: ByValue, text: str) -> list[Array]:
    """What one of the exercise's own texts gives on its inputs."""
    return [check._value(read(text), inputs) for inputs in check._tries()]


def _as_array(value: Any) -> Array:
    if isinstance(value, Bound):
        raise SnippetError(f"The result is a function: {uncalled(value)}.")
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, (Array, int, float)) for v in value):
        if isinstance(value, tuple):
            raise SnippetError("The result is several values, not one tensor: is there a comma too many?")
        raise SnippetError("The result is a list; it should be one tensor: sum it, or join it.")
    if not isinstance(value, (Array, int, float)) or isinstance(value, bool):
        raise SnippetError("The result is no number and no tensor.")
    return np.asarray(value, dtype=np.float64)


def alike(found: list[Array], wanted: list[Array]) -> bool:
    return all(
        f.shape == w.shape and np.allclose(f, w, rtol=1e-7, atol=1e-9, equal_nan=True)
        for f, w in zip(found, wanted, strict=True)
    )


def _unlike(found: list[Array], wanted: list[Array]) -> str:
    """That a result has another shape than the right one, or is no number; empty where neither is so."""
    for f, w in zip(found, wanted, strict=True):
        if f.shape != w.shape:
            some = "" if w.shape else " (`.sum()` adds up all numbers; Python's `sum`, or a `dim`, only some.)"
            return f"The result is {_described(f.shape)}; it should be {_described(w.shape)}.{some}"
        if not np.isfinite(f).all():
            return "The result is not a finite number: something is divided by 0, or a root of a negative number taken."
    return ""


def _difference(check: ByValue, found: list[Array], wanted: list[Array]) -> str:
    """What is off, where no usual mistake explains it."""
    factor = _factor(found, wanted)
    if factor is not None:
        return f"This is everywhere {_short(factor)} times what is right. Is there a factor too much, or missing?"
    k = _worst_run(found, wanted)
    return f"On {_input(check, k)} this gives {_where_off(found[k], wanted[k])}."


def _part_by_part(check: ByValue, found: list[Array], wanted: list[Array]) -> str:
    """Which of the blanks are wrong, and by how much on one input."""
    of_parts = {name: ([f[i] for f in found], [w[i] for w in wanted]) for i, name in enumerate(check.parts)}
    wrong = {name: values for name, values in of_parts.items() if not alike(*values)}
    right = [f"`{name}`" for name in of_parts if name not in wrong]
    k = _worst_run(found, wanted)
    told = " and ".join(f"`{name}` is {_where_off(f[k], w[k])}" for name, (f, w) in wrong.items())
    begin = f"{' and '.join(right)} {'is' if len(right) == 1 else 'are'} right. " if right else ""
    return f"{begin}On {_input(check, k)} {told}."


def _worst_run(found: list[Array], wanted: list[Array]) -> int:
    return int(np.argmax([np.abs(f - w).max() for f, w in zip(found, wanted, strict=True)]))


def _input(check: ByValue, k: int) -> str:
    """One of the inputs that a text is tried on, with those of its values that are single numbers."""
    given = [f"`{name}` = {_short(float(value))}" for name, value in check._tries()[k].items() if not value.ndim]
    return f"a test input ({', '.join(given)})" if given else "a test input"


def _where_off(found: Array, wanted: Array) -> str:
    """A number that is off the most, and the right one: as many digits of both as tell them apart, four at least."""
    at = np.unravel_index(np.abs(found - wanted).argmax(), found.shape)
    pairs = ((_short(found[at], digits), _short(wanted[at], digits)) for digits in (4, 6, 9, 12, 17))
    is_, right = next(pair for pair in pairs if pair[0] != pair[1] or found[at] == wanted[at])
    return f"{is_} where {right} is right"


def _short(x: float, digits: int = 4) -> str:
    return f"{x:.{digits}g}".replace("-", "−")


def _described(shape: tuple[int, ...]) -> str:
    return f"a tensor of shape {shape}" if shape else "one number"


def _factor(found: list[Array], wanted: list[Array]) -> float | None:
    """The number by which all results are too large, if there is one, and it is not 0."""
    f, w = (np.concatenate([a.reshape(-1) for a in arrays]) for arrays in (found, wanted))
    with np.errstate(all="ignore"):
        factor = float(f @ w / (w @ w)) if w.any() else 0.0
        return factor if factor and np.allclose(f, factor * w, rtol=1e-7, atol=1e-9 * abs(factor)) else None


@dataclass(frozen=True)
class Exercise:
    """One exercise: its name, what it asks (Markdown), the text to begin with, three hints, a solution, its check."""

    name: str
    title: str
    asks: str
    template: str
    hints: tuple[str, str, str]
    solution: str
    verdict: Callable[[ast.Module], Verdict]


def judge(exercise: Exercise, text: str) -> Verdict:
    """The verdict on a typed text. What cannot be read or run is a verdict too, with the line and the reason."""
    if not isinstance(text, str):  # a progress file may hold anything
        return Verdict(False, "There is no code here.")
    try:
        check_length(text)
    except SnippetError as error:
        return Verdict(False, str(error), is_read=False)
    return _judged(exercise, text)


@lru_cache(maxsize=512)
def _judged(exercise: Exercise, text: str) -> Verdict:
    try:
        tree = read(text)
    except SnippetError as error:
        return Verdict(False, str(error), is_read=False)
    try:
        return exercise.verdict(tree)
    except SnippetError as error:
        return Verdict(False, str(error))
    except RecursionError:  # the stack that is left differs from caller to caller, so no limit of ours can count it
        return Verdict(False, TOO_DEEP)
