"""Typed code, read: the small part of Python that an exercise's answer may be written in.

`read` parses a text and refuses every construct that is not listed, before anything is looked at. Length, number and
depth of its parts are limited. No name may begin with `_`, except `_` itself, for a value that is not needed: so what
Python keeps behind such names, and what an exercise keeps, is out of reach.
"""

from __future__ import annotations

import ast
from typing import Any

LONGEST_TEXT = 4_000
MOST_NODES = 900
DEEPEST = 40
LARGEST_NUMBER = 1e12
TOO_DEEP = "This is longer, or nested deeper, than any answer here needs to be."


class SnippetError(ValueError):
    """Why a snippet cannot be read or run, worded for who typed it. line: where, from 1; 0: as a whole."""

    def __init__(self, message: str, line: int = 0):
        super().__init__(f"Line {line}: {message}" if line else message)
        self.line = line


# --- reading --------------------------------------------------------------------------------------------------------

STATEMENTS = (
    ast.Module,
    ast.Assign,
    ast.AugAssign,
    ast.Expr,
    ast.For,
    ast.Break,
    ast.Continue,
    ast.If,
    ast.FunctionDef,
    ast.Return,
    ast.Pass,
)
EXPRESSIONS = (
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.Call,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.BoolOp,
    ast.IfExp,
    ast.List,
    ast.Tuple,
    ast.Subscript,
    ast.Slice,
    ast.ListComp,
    ast.GeneratorExp,
)
PARTS = (
    ast.Load,
    ast.Store,
    ast.keyword,
    ast.arguments,
    ast.arg,
    ast.comprehension,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
    ast.boolop,
)
ADVICE = {
    ast.Import: "nothing needs to be imported: torch, nn and F are there",
    ast.ImportFrom: "nothing needs to be imported: torch, nn and F are there",
    ast.ClassDef: "no class is needed here: write what stands inside it alone",
    ast.AnnAssign: "write this without the type: `name = value`",
    ast.Lambda: "no lambda is needed here: write the expression itself",
    ast.While: "no while is needed here: loop over the parameters with for",
    ast.With: "no with is needed here. (Under torch.no_grad() nothing would be learned.)",
    ast.Try: "no try is needed here",
    ast.JoinedStr: "no text is needed here",
    ast.Dict: "no dictionary is needed here",
    ast.DictComp: "no dictionary is needed here",
    ast.Set: "no set is needed here",
    ast.SetComp: "no set is needed here",
    ast.Starred: "no star is needed here: write the values one by one",
    ast.Delete: "nothing needs to be deleted",
    ast.Global: "global names are not needed here",
    ast.Nonlocal: "outer names are not needed here",
    ast.Assert: "no assert is needed here: the check below does it",
    ast.Raise: "nothing needs to be raised",
    ast.NamedExpr: "assign on a line of its own",
    ast.Await: "nothing waits here",
    ast.Yield: "no yield is needed here: return the value",
}


BINARY = (
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.FloorDiv,
    ast.Mod,
    ast.Pow,
    ast.MatMult,
    ast.BitAnd,
    ast.BitOr,
)
UNARY = (ast.USub, ast.UAdd, ast.Not, ast.Invert)
MOST_LOOPS = 3
"""Loops in one pair of brackets."""


def check_length(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise SnippetError(f"This is {len(text):,} characters long; an answer here needs at most {LONGEST_TEXT:,}.")


def read(text: str) -> ast.Module:
    """The tree of a typed text. Raises SnippetError for what is no Python, too long, too deep, or not listed above."""
    check_length(text)
    if not text.strip():
        raise SnippetError("There is nothing here yet. *Start again* brings the template back.")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise SnippetError(_syntax(error, text), error.lineno or 0) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SnippetError("This cannot be read as Python.") from error
    _check(tree)
    return tree


TYPOGRAPHY = {
    **dict.fromkeys("\u2212\u2013\u2014\u2010\u2011", "-"),
    **dict.fromkeys("\u00d7\u00b7\u22c5\u2217", "*"),
    **dict.fromkeys("\u2018\u2019\u201a\u00b4", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u200b\ufeff", " "),
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u00f7": "/",
    "\u2026": "...",
}
"""Characters that books and word processors have, and that are pasted from there → what Python has for them."""


def _pasted(line: str) -> str:
    """What is said of the first character of a line that Python does not have; nothing where it has all."""
    found = next((c for c in line if c in TYPOGRAPHY), "")
    if not found:
        return ""
    shown = f"the character {found}" if found.isprintable() and not found.isspace() else "a space that Python has not"
    needed = f"`{TYPOGRAPHY[found]}`" if TYPOGRAPHY[found].strip() else "a plain space"
    return f"{shown} (U+{ord(found):04X}) stands here, perhaps from a text that was pasted: type {needed} in its place"


def _syntax(error: SyntaxError, text: str) -> str:
    lines = text.splitlines()
    line = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
    if "character" in error.msg and (pasted := _pasted(line)):
        return pasted
    if "...." in line.replace(" ", "") or (".." in line and "..." not in line):
        return "the dots still stand here: put your code in their place"
    return f"Python cannot read this ({error.msg}). Is a bracket, a comma or a colon missing, here or just above?"


def _check(tree: ast.AST) -> None:
    """Every node is of a listed kind, and there are not too many, nor too deep."""
    waiting, n = [(tree, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        n += 1
        line = getattr(node, "lineno", 0)
        if n > MOST_NODES or depth > DEEPEST:
            raise SnippetError(TOO_DEEP)
        if not isinstance(node, (*STATEMENTS, *EXPRESSIONS, *PARTS)):
            raise SnippetError(ADVICE.get(type(node), "this is not needed here, and not understood"), line)
        _check_form(node, line)
        if isinstance(node, ast.Constant):
            _check_constant(node.value, line)
        # Last comes first off the list: so the parts are looked at in the order in which they were typed.
        waiting += [(child, depth + 1) for child in reversed(list(ast.iter_child_nodes(node)))]


def _check_form(node: ast.AST, line: int) -> None:
    for name in (getattr(node, key, None) for key in ("id", "attr", "arg", "name")):
        if isinstance(name, str) and name.startswith("_") and not (isinstance(node, ast.Name) and name == "_"):
            raise SnippetError(f"names that begin with _ are not for exercises: {name[:40]}", line)
    if isinstance(node, ast.FunctionDef) and (node.decorator_list or node.args.vararg or node.args.kwarg):
        raise SnippetError("write the function plainly, without decorators and stars", line)
    if isinstance(node, ast.arguments) and len({arg.arg for arg in node.args}) < len(node.args):
        raise SnippetError("two parameters of a function have the same name", node.args[0].lineno)
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        raise SnippetError("nothing can be assigned to an attribute here", line)
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        raise SnippetError("nothing can be assigned to an element here", line)
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.BitXor):
        raise SnippetError("in Python a power is written `**`; `^` is another operator", line)
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) not in BINARY:
        raise SnippetError("this operator is not needed here", line)
    if isinstance(node, ast.UnaryOp) and type(node.op) not in UNARY:
        raise SnippetError("this operator is not needed here", line)
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and len(node.generators) > MOST_LOOPS:
        raise SnippetError("these are more loops than any answer here needs", line)
    if isinstance(node, ast.comprehension) and node.is_async:
        raise SnippetError("nothing waits here: a plain for will do", node.target.lineno)
    if isinstance(node, ast.keyword) and node.arg is None:
        raise SnippetError(ADVICE[ast.Starred], line)


def _check_constant(value: Any, line: int) -> None:
    if isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:
        raise SnippetError("this number is too large", line)
    if isinstance(value, (bytes, complex)):
        raise SnippetError("this kind of value is not needed here", line)
