"""Exercises in which code is typed: what is asked, and a verdict on what was typed, by what it does.

A typed text is interpreted (core/snippets.py), never executed. Two kinds of check: `ByValue` runs it beside a solution
on several inputs and compares values and derivatives; `ByNetwork` builds the typed network and looks at what it does in
training and in evaluation mode. core/fill_in.py has the exercises themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.config import RunConfig
from core.snippet_names import Function
from core.snippet_syntax import SnippetError, read
from core.snippets import Interpreter, interpret
from core.tensors import Array

RUNS = 4
"""Inputs that a text is tried on."""

STEP, CLOSE = 1e-6, 1e-5
"""Of the numerical derivative: the shift to either side, and how far it may be off, relative to the largest."""


@dataclass(frozen=True)
class Verdict:
    """What is said to an answer, in Markdown; config: what to train, where the answer is right and can be trained."""

    right: bool
    says: str
    config: RunConfig | None = None


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


Inputs = dict[str, Array]


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
    cut off (item, detach, torch.tensor) stay as they are when an input moves.
    """

    inputs: Callable[[np.random.Generator], Inputs]
    result: Callable[[Interpreter], Any]
    accepted: tuple[Accepted, ...]
    mistakes: tuple[Mistake, ...] = ()
    names: Callable[[Inputs], Mapping[str, Any]] = dict
    gradients: tuple[str, ...] = ()

    def verdict(self, tree: ast.Module) -> Verdict:
        found = [self._value(tree, inputs) for inputs in self._tries()]
        for accepted in self.accepted:
            if _alike(found, self._values_of(accepted.text)):
                problem = self._gradient_problem(tree, accepted.text)
                return Verdict(False, problem) if problem else Verdict(True, accepted.says, accepted.config)
        for mistake in self.mistakes:
            if _alike(found, self._values_of(mistake.text)):
                return Verdict(False, mistake.says)
        return Verdict(False, _difference(found, self._values_of(self.accepted[0].text)))

    def _tries(self) -> list[Inputs]:
        return [self.inputs(np.random.default_rng(seed)) for seed in range(RUNS)]

    def _values_of(self, text: str) -> list[Array]:
        return [self._value(read(text), inputs) for inputs in self._tries()]

    def _value(self, tree: ast.Module, inputs: Inputs) -> Array:
        return _as_array(self.result(interpret(tree, self.names(dict(inputs)))))

    def _gradient_problem(self, tree: ast.Module, text: str) -> str:
        for name in self.gradients:
            inputs = self._tries()[0]
            mine, right = (self._derivative(t, inputs, name) for t in (tree, read(text)))
            if not np.abs(mine).max() and np.abs(right).max():
                return (
                    f"The value is right, but **no gradient flows** through it to `{name}`: `.item()`, `.detach()`, "
                    "`.data`, `float()` and `torch.tensor()` give plain numbers that forget where they came from. "
                    "`backward()` would then change nothing."
                )
            if not np.allclose(mine, right, rtol=0, atol=CLOSE * max(1.0, np.abs(right).max())):
                return f"The value is right, but its derivative by `{name}` is not: part of it is cut off the gradient."
        return ""

    def _derivative(self, tree: ast.Module, inputs: Inputs, name: str) -> Array:
        """Of the result's sum by each number of an input, by central differences."""
        base = interpret(tree, self.names(dict(inputs)))
        self.result(base)
        slopes = np.zeros(inputs[name].size)
        for i in range(inputs[name].size):
            ends = []
            for sign in (1, -1):
                moved = inputs[name].copy()
                moved.reshape(-1)[i] += sign * STEP
                run = interpret(tree, self.names({**inputs, name: moved}), base.detached)
                ends.append(float(_as_array(self.result(run)).sum()))
            slopes[i] = (ends[0] - ends[1]) / (2 * STEP)
        return slopes


def _as_array(value: Any) -> Array:
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, (Array, int, float)) for v in value):
        raise SnippetError("The result is a list; it should be one tensor: sum it, or join it.")
    if not isinstance(value, (Array, int, float)) or isinstance(value, bool):
        raise SnippetError("The result is no number and no tensor.")
    return np.asarray(value, dtype=np.float64)


def _alike(found: list[Array], wanted: list[Array]) -> bool:
    return all(
        f.shape == w.shape and np.allclose(f, w, rtol=1e-7, atol=1e-9, equal_nan=True)
        for f, w in zip(found, wanted, strict=True)
    )


def _difference(found: list[Array], wanted: list[Array]) -> str:
    """What is off, where no usual mistake explains it."""
    for f, w in zip(found, wanted, strict=True):
        if f.shape != w.shape:
            return f"The result has the shape {f.shape}; it should have {w.shape or 'none: one number'}."
        if not np.isfinite(f).all():
            return "The result is not a finite number: something is divided by 0, or a root of a negative number taken."
        if not np.allclose(f, w, rtol=1e-7, atol=1e-9):
            at = np.unravel_index(np.abs(f - w).argmax(), f.shape)
            return f"Not yet: on a test input this gives {f[at]:.4g} where {w[at]:.4g} is right."
    return "Not yet."


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


@lru_cache(maxsize=512)
def judge(exercise: Exercise, text: str) -> Verdict:
    """The verdict on a typed text. What cannot be read or run is a verdict too, with the line and the reason."""
    try:
        return exercise.verdict(read(text))
    except SnippetError as error:
        return Verdict(False, str(error))
