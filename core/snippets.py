"""Typed code, interpreted over a small part of Python. It is never executed as Python.

`interpret` walks the tree that `read` let through (core/snippet_syntax.py): each name is looked up among those that are
given (core/snippet_names.py), each attribute in a table for the kind of its value. Nothing is ever taken from a Python
object by a typed name. Steps and sizes are limited.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core import tensors
from core.layers import Layer, Model
from core.snippet_names import GIVEN, LONGEST_LIST, Bound, Function, Namespace, Thing, append, extend, kind_of
from core.snippet_syntax import LARGEST_NUMBER, SnippetError
from core.tensors import Array, Refused

MOST_STEPS = 20_000
MOST_ELEMENTS = 2_000_000
"""Numbers that a snippet's tensor operations may touch in all."""

_BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.MatMult: tensors.matmul,
}  # fmt: skip
_COMPARE = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
_UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_}


class _Returned(Exception):
    """Carries a function's value out of its statements."""

    def __init__(self, value: Any):
        self.value = value


class Interpreter:
    """One run of a snippet: its names, what is left of its budget, and the numbers that it cut out of the gradient.

    constants: the numbers that detaching operations gave in an earlier run of the same snippet, in their order. They
    are handed out again, whatever the inputs are now: so a numerical derivative sees what autograd would see.
    """

    def __init__(self, names: Mapping[str, Any], constants: Sequence[Any] | None = None):
        self.names: dict[str, Any] = {**GIVEN, **names}
        self.steps, self.elements, self.depth = 0, 0, 0
        self.detached: list[Any] = []
        self._constants = constants

    # statements

    def run(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self._spend(statement)
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self._assign(target, value)
        elif isinstance(node, ast.AugAssign):
            self._assign(node.target, self._binary(node, self.value(_loaded(node.target)), self.value(node.value)))
        elif isinstance(node, ast.Expr):
            if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):  # a docstring
                self.value(node.value)
        elif isinstance(node, ast.For):
            for item in self._items(node.iter):
                self._spend(node)
                self._assign(node.target, item)
                self.run(node.body)
            self.run(node.orelse)
        elif isinstance(node, ast.If):
            self.run(node.body if self._is_true(node.test) else node.orelse)
        elif isinstance(node, ast.FunctionDef):
            self.names[node.name] = Function(node)
        elif isinstance(node, ast.Return):
            if not self.depth:
                raise SnippetError("`return` belongs into a function", node.lineno)
            raise _Returned(None if node.value is None else self.value(node.value))

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            return
        if not isinstance(target, (ast.Tuple, ast.List)):
            raise SnippetError("only names can be assigned to", target.lineno)
        if not isinstance(value, (list, tuple)) or len(value) != len(target.elts):
            raise SnippetError(f"{len(target.elts)} names need {len(target.elts)} values", target.lineno)
        for part, item in zip(target.elts, value, strict=True):
            self._assign(part, item)

    def call_function(self, function: Function, *arguments: Any) -> Any:
        """The value that a defined function returns for these arguments; names that it assigns stay inside."""
        node = function.node
        names = [argument.arg for argument in node.args.args]
        if node.args.defaults or node.args.kwonlyargs or node.args.posonlyargs or len(names) != len(arguments):
            takes = ", ".join(names) or "nothing"
            raise SnippetError(f"{node.name} takes {takes}; it is called with {len(arguments)} value(s)", node.lineno)
        if self.depth >= 4:
            raise SnippetError("functions call each other too deeply", node.lineno)
        outer, self.names, self.depth = self.names, {**self.names, **dict(zip(names, arguments, strict=True))}, \
            self.depth + 1  # fmt: skip
        try:
            self.run(node.body)
        except _Returned as returned:
            return returned.value
        finally:
            self.names, self.depth = outer, self.depth - 1
        return None

    # expressions

    def value(self, node: ast.expr) -> Any:
        self._spend(node)
        kind = type(node)
        if kind is ast.Constant:
            if node.value is ...:
                raise SnippetError("the blank `...` is still here", node.lineno)
            return node.value
        if kind is ast.Name:
            return self._name(node)
        if kind is ast.Attribute:
            return self._attribute(node)
        if kind is ast.Call:
            return self._call(node)
        if kind is ast.BinOp:
            return self._binary(node, self.value(node.left), self.value(node.right))
        if kind is ast.UnaryOp:
            return self._guard(node, _UNARY[type(node.op)], self._operand(node, self.value(node.operand)))
        if kind is ast.Compare:
            return self._comparison(node)
        if kind is ast.BoolOp:
            values = [self._is_true(part) for part in node.values]
            return all(values) if isinstance(node.op, ast.And) else any(values)
        if kind is ast.IfExp:
            return self.value(node.body if self._is_true(node.test) else node.orelse)
        if kind in (ast.List, ast.Tuple):
            items = [self.value(item) for item in node.elts]
            return items if kind is ast.List else tuple(items)
        if kind is ast.Subscript:
            return self._element(node)
        if kind in (ast.ListComp, ast.GeneratorExp):
            return self._comprehension(node)
        raise SnippetError("this is not understood here", node.lineno)

    def _name(self, node: ast.Name) -> Any:
        if node.id not in self.names:
            raise SnippetError(f"the name {node.id} is not known here. {_similar(node.id, self.names)}", node.lineno)
        return self.names[node.id]

    def _attribute(self, node: ast.Attribute) -> Any:
        owner, name = self.value(node.value), node.attr
        if isinstance(owner, (Namespace, Thing)):
            if name in owner.table:
                return owner.table[name]
            why = owner.missing.get(name) if isinstance(owner, Namespace) else None
            if why:
                raise SnippetError(f"{owner.name}.{name} {why}", node.lineno)
            raise SnippetError(f"{owner.name} has no {name} here. {_similar(name, owner.table)}", node.lineno)
        if isinstance(owner, Array):
            if name in tensors.ATTRIBUTES:
                found = self._guard(node, tensors.ATTRIBUTES[name], owner)
                return self._cut(found) if name in tensors.DETACHING else found
            if name in tensors.METHODS:
                return Bound(name, tensors.METHODS[name], name in tensors.DETACHING, (owner,))
            raise SnippetError(f"a tensor has no {name} here. {_similar(name, tensors.METHODS)}", node.lineno)
        if isinstance(owner, list) and name in ("append", "extend"):
            return Bound(name, append(owner) if name == "append" else extend(owner))
        if isinstance(owner, str) and name in ("endswith", "startswith"):
            return Bound(name, owner.endswith if name == "endswith" else owner.startswith)
        if isinstance(owner, (Model, Layer)) and name in ("to", "cuda", "cpu", "float", "train", "eval"):
            return Bound(name, lambda *_: owner)
        raise SnippetError(f"{kind_of(owner)} has no {name} here", node.lineno)

    def _call(self, node: ast.Call) -> Any:
        function = self.value(node.func)
        arguments = [self.value(argument) for argument in node.args]
        if any(keyword.arg is None for keyword in node.keywords):
            raise SnippetError("no star is needed here", node.lineno)
        keywords = {keyword.arg: self.value(keyword.value) for keyword in node.keywords}
        if isinstance(function, Function):
            if keywords:
                raise SnippetError(f"call {function.node.name} with plain values", node.lineno)
            return self.call_function(function, *arguments)
        if not isinstance(function, Bound):
            raise SnippetError(f"{kind_of(function)} cannot be called", node.lineno)
        found = self._guard(node, function.call, *function.owner, *arguments, **keywords)
        return self._cut(found) if function.detaches else found

    def _binary(self, node: ast.BinOp | ast.AugAssign, a: Any, b: Any) -> Any:
        if isinstance(node.op, ast.Add) and isinstance(a, list) and isinstance(b, list):
            if len(a) + len(b) > LONGEST_LIST:
                raise SnippetError("this list becomes too long", node.lineno)
            return a + b
        a, b = self._operand(node, a), self._operand(node, b)
        numbers = not isinstance(a, Array) and not isinstance(b, Array)
        return self._guard(node, _power if numbers and isinstance(node.op, ast.Pow) else _BINARY[type(node.op)], a, b)

    def _operand(self, node: ast.AST, value: Any) -> Any:
        if isinstance(value, (Array, int, float)):
            return value
        if isinstance(value, (list, tuple)):
            raise SnippetError("a list is no number: sum it, or join it to a tensor (torch.stack)", node.lineno)
        if value is None:
            raise SnippetError("one side of this is None: did a function forget to return?", node.lineno)
        raise SnippetError(f"{kind_of(value)} is no number", node.lineno)

    def _comparison(self, node: ast.Compare) -> Any:
        left, found = self.value(node.left), True
        for kind, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.value(comparator)
            if isinstance(kind, (ast.In, ast.NotIn)) and isinstance(left, str) and isinstance(right, str):
                now = (left in right) == isinstance(kind, ast.In)
            elif isinstance(kind, (ast.Is, ast.IsNot)) and (left is None or right is None):
                now = (left is right) == isinstance(kind, ast.Is)
            elif type(kind) not in _COMPARE:
                raise SnippetError("this comparison is not needed here", node.lineno)
            elif isinstance(left, (str, tuple)) and type(left) is type(right):
                now = self._guard(node, _COMPARE[type(kind)], left, right)
            else:
                now = self._guard(node, _COMPARE[type(kind)], self._operand(node, left), self._operand(node, right))
            if isinstance(now, Array) and len(node.ops) > 1:
                raise SnippetError("compare tensors one by one", node.lineno)
            found = now if found is True else found and now
            left = right
        return found

    def _element(self, node: ast.Subscript) -> Any:
        owner, index = self.value(node.value), self._index(node.slice)
        if not isinstance(owner, (Array, list, tuple)):
            raise SnippetError(f"{kind_of(owner)} has no elements", node.lineno)
        if isinstance(owner, (list, tuple)) and not isinstance(index, (int, slice)):
            raise SnippetError("a list's element is picked by a whole number", node.lineno)
        return self._guard(node, operator.getitem, owner, index)

    def _index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Slice):
            return slice(*(None if part is None else self._whole(part) for part in (node.lower, node.upper, node.step)))
        if isinstance(node, ast.Tuple):
            return tuple(self._index(part) for part in node.elts)
        if isinstance(node, ast.Constant) and node.value in (None, ...):
            return node.value
        index = self.value(node)
        return index if isinstance(index, Array) and index.dtype == bool else self._whole_value(node, index)

    def _whole(self, node: ast.expr) -> int:
        return self._whole_value(node, self.value(node))

    def _whole_value(self, node: ast.expr, value: Any) -> int:
        if not isinstance(value, int):
            raise SnippetError("an index is a whole number", node.lineno)
        return value

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> list:
        outer, found = dict(self.names), []

        def walk(generators: Sequence[ast.comprehension]) -> None:
            if not generators:
                if len(found) >= LONGEST_LIST:
                    raise SnippetError("this list becomes too long", node.lineno)
                found.append(self.value(node.elt))
                return
            first, *rest = generators
            for item in self._items(first.iter):
                self._spend(node)
                self._assign(first.target, item)
                if all(self._is_true(test) for test in first.ifs):
                    walk(rest)

        walk(node.generators)
        self.names = outer
        return found

    def _items(self, node: ast.expr) -> list:
        value = self.value(node)
        if isinstance(value, Array) and value.ndim:
            return list(value[:LONGEST_LIST])
        if isinstance(value, Bound):
            raise SnippetError(f"{value.name} must be called: {value.name}()", node.lineno)
        if isinstance(value, Thing) and "parameters" in value.table:
            raise SnippetError(f"loop over {value.name}.parameters()", node.lineno)
        if not isinstance(value, (list, tuple)):
            raise SnippetError(f"{kind_of(value)} cannot be looped over", node.lineno)
        return list(value)

    def _is_true(self, node: ast.expr) -> bool:
        value = self.value(node)
        if isinstance(value, Array) and value.size != 1:
            raise SnippetError("a condition needs one truth value, not a tensor of them", node.lineno)
        return bool(value)

    # limits

    def _spend(self, node: ast.AST) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise SnippetError("this takes too many steps: is a loop too long?", getattr(node, "lineno", 0))

    def _touch(self, *values: Any) -> None:
        """Count the numbers that an operation takes or gives. Raises Refused where they are too many."""
        self.elements += sum(v.size for v in values if isinstance(v, Array))
        if self.elements > MOST_ELEMENTS:
            raise Refused("this computes too much")

    def _cut(self, value: Any) -> Any:
        """The value of a detaching operation: in a later run with other inputs, what it was in the first."""
        if self._constants is not None and len(self.detached) < len(self._constants):
            value = self._constants[len(self.detached)]
        self.detached.append(value)
        return value

    def _guard(self, node: ast.AST, call: Callable, *arguments: Any, **keywords: Any) -> Any:
        """Call a listed function. What it refuses is told with the line."""
        try:
            self._touch(*arguments, *keywords.values())
            _check_broadcast([v for v in (*arguments, *keywords.values()) if isinstance(v, Array)])
            with np.errstate(all="ignore"):
                found = call(*arguments, **keywords)
            found = np.asarray(found) if isinstance(found, np.generic) else found
            self._touch(found)
        except Refused as error:
            raise SnippetError(f"{error}", node.lineno) from error
        except TypeError as error:
            raise SnippetError(_wrong_call(call, arguments, keywords), node.lineno) from error
        except (ValueError, IndexError, ZeroDivisionError, OverflowError) as error:
            raise SnippetError(_wrong_values(error, arguments), node.lineno) from error
        if isinstance(found, (int, float)) and not abs(found) <= LARGEST_NUMBER:
            raise SnippetError("this number becomes too large", node.lineno)
        return found


def _check_broadcast(given: Sequence[Array]) -> None:
    """Raises Refused where tensors that are combined element by element would make a huge one of small ones."""
    try:
        size = math.prod(np.broadcast_shapes(*(a.shape for a in given)))
    except ValueError:
        return  # they do not go together, or are multiplied as matrices; the operation itself will say so
    if size > tensors.LARGEST_TENSOR:
        raise Refused(f"the shapes {' and '.join(str(a.shape) for a in given)} together give too many numbers")


def _power(a: float, b: float) -> float:
    """A power of two numbers. Python's own integers would grow without end."""
    return a**b if isinstance(a, int) and b in (1, 2, 3) else math.pow(a, b)


def _loaded(target: ast.expr) -> ast.expr:
    if not isinstance(target, ast.Name):
        raise SnippetError("only names can be assigned to", target.lineno)
    return ast.copy_location(ast.Name(target.id, ast.Load()), target)


def _similar(name: str, among: Mapping[str, Any]) -> str:
    import difflib

    close = difflib.get_close_matches(name, among, n=1)
    return f"Did you mean {close[0]}?" if close else ""


def _wrong_call(call: Callable, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    if any(isinstance(a, list) for a in arguments) and not keywords:
        return "this takes a tensor, not a list: join the list first (torch.cat, torch.stack), or use Python's sum"
    return "this is called with something missing, or with something that it does not take"


def _wrong_values(error: Exception, arguments: Sequence[Any]) -> str:
    shapes = [a.shape for a in arguments if isinstance(a, Array)]
    if isinstance(error, ZeroDivisionError):
        return "this divides by 0"
    if isinstance(error, OverflowError):
        return "this number becomes too large"
    if len(shapes) == 2:
        return f"the shapes {shapes[0]} and {shapes[1]} do not go together"
    if isinstance(error, IndexError):
        return "there is no such element or dimension"
    return "these values do not go together"


def interpret(tree: ast.Module, names: Mapping[str, Any], constants: Sequence[Any] | None = None) -> Interpreter:
    """Run a snippet that `read` let through, with the names that its exercise gives; its own names are in `.names`.

    Raises SnippetError, with the line, for whatever goes wrong in it.
    """
    run = Interpreter(names, constants)
    run.run(tree.body)
    return run
