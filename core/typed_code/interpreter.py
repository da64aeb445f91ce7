"""Typed code, interpreted over a small part of Python. It is never executed as Python.

`interpret` walks the tree that `read` let through (core/typed_code/syntax.py): each name is looked up among those that
are given (core/typed_code/names.py), each attribute in a table for the kind of its value. Nothing is ever taken from a
Python object by a typed name. Steps and sizes are limited.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.typed_code import tensors
from core.typed_code.arguments import Array, Refused, check_broadcast, checked, shape_text
from core.typed_code.elementwise import NO_MINUS
from core.typed_code.layers import Layer, Model
from core.typed_code.names import (
    GIVEN,
    LONGEST_LIST,
    MISSING,
    Bound,
    Function,
    Namespace,
    Thing,
    append,
    extend,
    kind_of,
    power,
    rows,
    uncalled,
)
from core.typed_code.shapes import matmul
from core.typed_code.syntax import LARGEST_NUMBER, SnippetError

MOST_STEPS = 5_000
MOST_ELEMENTS = 200_000
"""Numbers and list elements that a snippet's operations may touch in all."""
MOST_CALLS = 3
"""Functions of the student's that may be inside each other."""

_BINARY = {
    ast.Add: operator.add,
    ast.Sub: tensors.METHODS["sub"],
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
    ast.MatMult: matmul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}
_COMPARE = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert}


class _Returned(Exception):
    """Carries a function's value out of its statements."""

    def __init__(self, value: Any):
        self.value = value


class _Break(Exception):
    """Ends a loop."""


class _Continue(Exception):
    """Ends one pass of a loop."""


class Interpreter:
    """One run of a snippet: its names, what is left of its budget, and the numbers that it cut out of the gradient.

    constants: the numbers that detaching operations gave in an earlier run of the same snippet, in their order. They
    are handed out again, whatever the inputs are now: so a numerical derivative sees what autograd would see.
    """

    def __init__(self, names: Mapping[str, Any], constants: Sequence[Any] | None = None):
        self.names: dict[str, Any] = {**GIVEN, **{name: _as_tensor(value) for name, value in names.items()}}
        self.steps, self.elements, self.calls, self.loops = 0, 0, 0, 0
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
            self._augment(node)
        elif isinstance(node, ast.Expr):
            value = self.value(node.value)
            if isinstance(value, Bound):
                raise SnippetError(uncalled(value), node.lineno)
        elif isinstance(node, ast.For):
            self._loop(node)
        elif isinstance(node, ast.If):
            self.run(node.body if self._is_true(node.test) else node.orelse)
        elif isinstance(node, ast.FunctionDef):
            self.names[node.name] = Function(node)
        elif isinstance(node, ast.Return):
            if not self.calls:
                raise SnippetError("`return` belongs into a function", node.lineno)
            raise _Returned(None if node.value is None else self.value(node.value))
        elif isinstance(node, (ast.Break, ast.Continue)):
            if not self.loops:
                raise SnippetError("`break` and `continue` belong into a loop", node.lineno)
            raise _Break if isinstance(node, ast.Break) else _Continue

    def _loop(self, node: ast.For) -> None:
        self.loops += 1
        try:
            for item in self._items(node.iter):
                self._spend(node)
                self._assign(node.target, item)
                try:
                    self.run(node.body)
                except _Continue:
                    continue
                except _Break:
                    return
        finally:
            self.loops -= 1
        self.run(node.orelse)

    def _augment(self, node: ast.AugAssign) -> None:
        if not isinstance(node.target, ast.Name):
            raise SnippetError("only names can be assigned to", node.lineno)
        old = self.value(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
        added = self.value(node.value)
        if isinstance(old, list) and isinstance(node.op, ast.Add):  # the list itself grows, under all its names
            if not isinstance(added, (list, tuple)):
                raise SnippetError("+= joins a list to a list; append adds one element to it", node.lineno)
            self._guard(node, extend(old), added)
            return
        new = self._binary(node, old, added)
        if isinstance(old, Array) and new.shape != old.shape:
            shapes = f"{shape_text(old.shape)} cannot become {shape_text(new.shape)}"
            raise SnippetError(
                f"this writes into the tensor that is there, and {shapes}: is a sum missing?", node.lineno
            )
        self._assign(node.target, new)

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names.pop(target.id, None)  # so that the names stand in the order in which they were last assigned
            self.names[target.id] = value
            return
        if not isinstance(target, (ast.Tuple, ast.List)):
            raise SnippetError("only names can be assigned to", target.lineno)
        if isinstance(value, Array) and value.ndim:
            value = self._guard(target, rows, value)
        if not isinstance(value, (list, tuple)) or len(value) != len(target.elts):
            raise SnippetError(f"{len(target.elts)} names need {len(target.elts)} values", target.lineno)
        for part, item in zip(target.elts, value, strict=True):
            self._assign(part, item)

    def call_function(self, function: Function, /, *arguments: Any, **keywords: Any) -> Any:
        """The value that a defined function returns for these arguments; names that it assigns stay inside."""
        node = function.node
        if self.calls >= MOST_CALLS:
            raise SnippetError("functions call each other too deeply", node.lineno)
        given = self._parameters(node, arguments, keywords)
        outer = self.names, self.calls, self.loops
        self.names, self.calls, self.loops = {**self.names, **given}, self.calls + 1, 0
        try:
            self.run(node.body)
        except _Returned as returned:
            return returned.value
        finally:
            self.names, self.calls, self.loops = outer
        return None

    def _parameters(self, node: ast.FunctionDef, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict:
        """The values of a function's parameters in a call."""
        names = [argument.arg for argument in node.args.args]
        if node.args.kwonlyargs or node.args.posonlyargs:
            raise SnippetError("write the function's parameters plainly, without * and /", node.lineno)
        given = {**dict(zip(names, arguments, strict=False)), **keywords}
        optional = dict(zip(reversed(names), reversed(node.args.defaults), strict=False))
        missing = [name for name in names if name not in given and name not in optional]
        twice = any(name in names[: len(arguments)] for name in keywords)
        if len(arguments) > len(names) or missing or twice or not set(keywords) <= set(names):
            n = len(arguments) + len(keywords)
            raise SnippetError(
                f"{node.name[:40]} takes {', '.join(names)[:80] or 'nothing'}; here it is called with {n} "
                f"value{'' if n == 1 else 's'}",
                node.lineno,
            )
        return {**{name: self.value(optional[name]) for name in names if name not in given}, **given}

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
            return self._unary(node)
        if kind is ast.Compare:
            return self._comparison(node)
        if kind is ast.BoolOp:
            return self._either(node)
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
            why = MISSING.get(node.id, f"is not known here.{_similar(node.id, self.names)}")
            raise SnippetError(f"the name {node.id[:40]} {why}", node.lineno)
        return self.names[node.id]

    def _attribute(self, node: ast.Attribute) -> Any:
        owner, name = self.value(node.value), node.attr
        if isinstance(owner, (Namespace, Thing)):
            if name in owner.table:
                return owner.table[name]
            why = owner.missing.get(name) if isinstance(owner, Namespace) else None
            if why:
                raise SnippetError(f"{owner.name}.{name} {why}", node.lineno)
            raise SnippetError(f"{owner.name} has no {name[:40]} here.{_similar(name, owner.table)}", node.lineno)
        if isinstance(owner, Array):
            if name in tensors.ATTRIBUTES:
                found = self._guard(node, tensors.ATTRIBUTES[name], owner)
                return self._cut(found) if name in tensors.DETACHING else found
            if name in tensors.METHODS:
                return Bound(name, tensors.METHODS[name], name in tensors.DETACHING, (owner,))
            if name.endswith("_") and name[:-1] in tensors.METHODS:
                raise SnippetError(f"{name} changes the tensor itself; here {name[:-1]} gives a new one", node.lineno)
            raise SnippetError(f"a tensor has no {name[:40]} here.{_similar(name, tensors.METHODS)}", node.lineno)
        if isinstance(owner, list) and name in ("append", "extend"):
            return Bound(name, append(owner) if name == "append" else extend(owner))
        if isinstance(owner, str) and name in ("endswith", "startswith"):
            return Bound(name, owner.endswith if name == "endswith" else owner.startswith)
        if isinstance(owner, (Model, Layer)) and name in ("to", "cuda", "cpu", "float", "train", "eval"):
            return Bound(name, _moved(owner))
        if isinstance(owner, Bound):
            raise SnippetError(uncalled(owner), node.lineno)
        raise SnippetError(f"{kind_of(owner)} has no {name[:40]} here", node.lineno)

    def _call(self, node: ast.Call) -> Any:
        function = self.value(node.func)
        arguments = [self.value(argument) for argument in node.args]
        keywords = {keyword.arg: self.value(keyword.value) for keyword in node.keywords}
        if len(keywords) < len(node.keywords):
            raise SnippetError("the same setting stands here twice", node.lineno)
        if isinstance(function, Function):
            return self.call_function(function, *arguments, **keywords)
        if isinstance(function, Thing) and function.call:
            return self._guard(node, function.call, *arguments, **keywords)
        if isinstance(function, (Layer, Model)):
            raise SnippetError(
                "a layer is only built here. Its function does the same to a tensor: F.relu(x)", node.lineno
            )
        if not isinstance(function, Bound):
            raise SnippetError(f"{kind_of(function)} cannot be called", node.lineno)
        found = self._guard(node, function.call, *function.owner, *arguments, **keywords)
        return self._cut(found) if function.detaches else found

    def _binary(self, node: ast.BinOp | ast.AugAssign, a: Any, b: Any) -> Any:
        if isinstance(node.op, ast.Add) and isinstance(a, list) and isinstance(b, list):
            if len(a) + len(b) > LONGEST_LIST:
                raise SnippetError("this list becomes too long", node.lineno)
            return self._guard(node, operator.add, a, b)
        a, b = self._operand(node, a), self._operand(node, b)
        if isinstance(node.op, (ast.BitAnd, ast.BitOr)) and not (_is_truths(a) and _is_truths(b)):
            raise SnippetError("& and | join truth values of tensors; in an if write `and`, `or`", node.lineno)
        if isinstance(node.op, ast.Sub) and not isinstance(a, Array) and not isinstance(b, Array):
            return self._guard(node, operator.sub, a, b)
        return self._guard(node, _BINARY[type(node.op)], a, b)

    def _unary(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return not self._is_true(node.operand)
        value = self._operand(node, self.value(node.operand))
        if isinstance(node.op, ast.Invert) and not _is_truths(value):
            raise SnippetError("~ turns truth values round: ~(mask == 1), ~mask.bool()", node.lineno)
        if isinstance(node.op, ast.USub) and _is_truths(value):
            raise SnippetError(NO_MINUS, node.lineno)
        return self._guard(node, _UNARY[type(node.op)], value)

    def _operand(self, node: ast.AST, value: Any) -> Any:
        if isinstance(value, (Array, int, float)):
            return value
        if isinstance(value, (list, tuple)):
            raise SnippetError(
                f"{kind_of(value)} is no number: sum it, or join it to a tensor (torch.stack)", node.lineno
            )
        if value is None:
            raise SnippetError("one side of this is None: did a function forget to return?", node.lineno)
        if isinstance(value, Bound):
            raise SnippetError(uncalled(value), node.lineno)
        raise SnippetError(f"{kind_of(value)} is no number", node.lineno)

    def _comparison(self, node: ast.Compare) -> Any:
        left, found = self.value(node.left), True
        for kind, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.value(comparator)
            texts = isinstance(left, str) and isinstance(right, str)
            if isinstance(kind, (ast.In, ast.NotIn)) and (texts or _is_plain(left) and _are_plain(right)):
                now = (left in right) == isinstance(kind, ast.In)
            elif isinstance(kind, (ast.Is, ast.IsNot)) and (left is None or right is None):
                now = (left is right) == isinstance(kind, ast.Is)
            elif type(kind) not in _COMPARE:
                raise SnippetError("this comparison is not needed here", node.lineno)
            elif texts or _are_plain(left) and _are_plain(right):
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
            if isinstance(owner, Bound):
                raise SnippetError(uncalled(owner), node.lineno)
            raise SnippetError(f"{kind_of(owner)} has no elements", node.lineno)
        if isinstance(owner, (list, tuple)) and not isinstance(index, (int, slice)):
            raise SnippetError("a list's element is picked by a whole number", node.lineno)
        if isinstance(owner, Array) and any(
            isinstance(part, slice) and part.step is not None and part.step < 1
            for part in (index if isinstance(index, tuple) else (index,))
        ):
            raise SnippetError("PyTorch's slices go forwards only", node.lineno)
        return self._guard(node, operator.getitem, owner, index)

    def _index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Slice):
            return slice(*(None if part is None else self._bound(part) for part in (node.lower, node.upper, node.step)))
        if isinstance(node, ast.Tuple):
            return tuple(self._index(part) for part in node.elts)
        if isinstance(node, ast.Constant) and (node.value is None or node.value is ...):
            return node.value
        index = self.value(node)
        return index if _is_truths(index) else self._whole(node, index)

    def _bound(self, node: ast.expr) -> int | None:
        value = self.value(node)
        return None if value is None else self._whole(node, value)

    def _whole(self, node: ast.expr, value: Any) -> int:
        if not isinstance(value, int):
            raise SnippetError("an index is a whole number, a slice, or a tensor of truth values", node.lineno)
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
            return self._guard(node, rows, value)
        if isinstance(value, Bound):
            raise SnippetError(uncalled(value), node.lineno)
        if isinstance(value, Thing) and "parameters" in value.table:
            raise SnippetError(f"loop over {value.name}.parameters()", node.lineno)
        if not isinstance(value, (list, tuple)):
            raise SnippetError(f"{kind_of(value)} cannot be looped over", node.lineno)
        return list(value)

    def _either(self, node: ast.BoolOp) -> Any:
        """`and`, `or`: the first value that decides, as in Python."""
        value = None
        for part in node.values:
            value = self.value(part)
            if self._truth(part, value) == isinstance(node.op, ast.Or):
                break
        return value

    def _is_true(self, node: ast.expr) -> bool:
        return self._truth(node, self.value(node))

    def _truth(self, node: ast.expr, value: Any) -> bool:
        if isinstance(value, Array) and value.size != 1:
            raise SnippetError("a condition needs one truth value, not a tensor of them", node.lineno)
        if isinstance(value, Bound):
            raise SnippetError(uncalled(value), node.lineno)
        return bool(value)

    # limits

    def _spend(self, node: ast.AST) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise SnippetError("this takes too many steps: is a loop too long?", getattr(node, "lineno", 0))

    def _touch(self, *values: Any) -> None:
        """Count the numbers that an operation takes or gives. Raises Refused where they are too many."""
        for value in values:
            if isinstance(value, Array):
                self.elements += value.size
            elif isinstance(value, (list, tuple)):
                self.elements += len(value) + sum(item.size for item in value if isinstance(item, Array))
        if self.elements > MOST_ELEMENTS:
            raise Refused("this computes too much")

    def _cut(self, value: Any) -> Any:
        """The value of a detaching operation: in a later run with other inputs, what it was in the first."""
        if self._constants is not None and len(self.detached) < len(self._constants):
            value = self._constants[len(self.detached)]
        self.detached.append(_copied(value))  # a list may be appended to later on
        return _copied(value)

    def _guard(self, node: ast.AST, call: Callable, /, *arguments: Any, **keywords: Any) -> Any:
        """Call a listed function. What it refuses is told with the line."""
        try:
            self._touch(*arguments, *keywords.values())
            check_broadcast([v for v in (*arguments, *keywords.values()) if isinstance(v, Array)])
            with np.errstate(all="ignore"):
                found = call(*arguments, **keywords)
            found = _as_tensor(found)
            self._touch(found)
        except Refused as error:
            raise SnippetError(f"{error}", node.lineno) from error
        except TypeError as error:
            raise SnippetError(_wrong_call(call, arguments, keywords), node.lineno) from error
        except (ValueError, IndexError, ZeroDivisionError, OverflowError) as error:
            raise SnippetError(_wrong_values(error, arguments), node.lineno) from error
        if isinstance(found, Array):
            self._small(node, found)
        elif isinstance(found, int) and abs(found) > LARGEST_NUMBER:
            raise SnippetError("this number becomes too large", node.lineno)
        return found

    def _small(self, node: ast.AST, found: Array) -> None:
        try:
            checked(found)
        except Refused as error:
            raise SnippetError(f"{error}", node.lineno) from error


def _moved(layers: Layer | Model) -> Callable:
    """`to(device)` and its like: the same layers."""

    def moved(device: Any = "cpu") -> Layer | Model:
        if not isinstance(device, (str, bool)):
            raise Refused("this takes a device or a number type, as to(device)")
        return layers

    return moved


def _as_tensor(found: Any) -> Any:
    """What numpy gives, as a tensor: of truth values, or else of float64."""
    if not isinstance(found, (Array, np.generic)):
        return found
    found = np.asarray(found)
    return found if found.dtype in (np.float64, bool) else found.astype(np.float64)


def _copied(value: Any) -> Any:
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _is_truths(value: Any) -> bool:
    return isinstance(value, Array) and value.dtype == bool


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _are_plain(values: Any) -> bool:
    """A shape, or a list of names: what Python may compare by itself, for it holds no lists again."""
    return isinstance(values, (list, tuple)) and all(_is_plain(value) for value in values)


def _similar(name: str, among: Mapping[str, Any]) -> str:
    """A known name like this one. What begins with _ is an exercise's own bookkeeping."""
    known = [known for known in among if not known.startswith("_")]
    close = difflib.get_close_matches(name[:40], known, n=1, cutoff=0.7)
    return f" Did you mean {close[0]}?" if close else ""


def _wrong_call(call: Callable, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    try:
        takes = inspect.signature(call).parameters
    except (TypeError, ValueError):
        takes = dict.fromkeys(keywords)
    # axis comes last: where it is an alias of dim, it is not what is wrong
    unknown = next((name for name in sorted(keywords, key=NUMPYS_NAMES.__contains__) if name not in takes), None)
    if unknown:
        return f"this does not take `{unknown[:40]}` here"
    needed = [name for name, p in takes.items() if p and p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    left_out = [name for name in needed[len(arguments) :] if name not in keywords]
    if left_out:
        return f"something is missing in the brackets: `{left_out[0]}`"
    return "this is called with something that it does not take"


NUMPYS_NAMES = ("axis", "keepdims")
"""PyTorch's tensors take them for dim and keepdim."""


def _wrong_values(error: Exception, arguments: Sequence[Any]) -> str:
    shapes = [a.shape for a in arguments if isinstance(a, Array)]
    if isinstance(error, ZeroDivisionError):
        return "this divides by 0"
    if isinstance(error, OverflowError):
        return "this number becomes too large"
    if len(shapes) == 2:
        says = f"{shape_text(shapes[0])} and {shape_text(shapes[1])} do not go together"
        few, many = sorted(shapes, key=len)
        if len(few) == 1 and len(many) == 2 and few[0] == many[0]:
            says += ". One number for each row must be a column to fit beside the rows: keepdim=True keeps it one"
        return says
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
