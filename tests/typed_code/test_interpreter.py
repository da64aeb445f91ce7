"""The interpreter of typed code: what it lets through means what it means in Python; all else is refused in words."""

import ast
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.typed_code import syntax as snippet_syntax
from core.typed_code.interpreter import _BINARY, _COMPARE, _UNARY, MOST_STEPS, interpret
from core.typed_code.names import BUILTINS, GIVEN, Bound, Namespace, Thing
from core.typed_code.syntax import ADVICE, EXPRESSIONS, PARTS, STATEMENTS, SnippetError, read

PROGRAMS = {
    "a loop with continue, break and else": """
out = []
for i in range(10):
    if i % 2:
        continue
    if i > 6:
        break
    out.append(i)
else:
    out.append("never")
for i in []:
    pass
else:
    out.append("always")
for i in range(2):
    for j in range(3):
        if j == 1:
            break
        out.append((i, j))
""",
    "a function with defaults, keywords and an early return": """
def f(a, b=2, c=3):
    "text"
    if a > 5:
        return a
    for i in range(9):
        if i == c:
            return [a, b, c, i]
def g(a):
    a = a + 1
a = 1
def h(self, function, node, call):
    return (self, function, node, call)
out = [h(call=1, node=2, function=3, self=4)]
out += [f(1), f(7), f(1, 4), f(1, c=5), f(a=2, c=1), f(1, c=20), g(3), a]
""",
    "a function that calls another, and leaves the names outside alone": """
def double(x):
    y = 2 * x
    return y
def twice(x):
    return double(double(x))
y = 5
out = [twice(3), y, [double(y) for y in range(3)], y]
""",
    "unpacking": """
(a, b), c = (1, 2), [3]
[d, e] = "f", 4
x = y = 5
out = [a, b, c, d, e, x, y]
""",
    "and, or, not give what decides, and look no further": """
def boom():
    return 1 / 0
out = [0 or 3, 2 and 0, 1 and 2, [] or 'x', not [], not 3, False and boom(), True or boom(), 1 if [] else 2]
""",
    "chained comparisons": """
out = [1 < 2 < 3, 3 > 2 > 2, 1 == 1.0, 'a' in 'abc', 'z' not in 'abc', 2 in (1, 2), None is None, 0 < -1 < 5]
""",
    "comprehensions": """
out = [(i, j) for i in range(4) if i % 2 if i > 0 for j in range(i)] + [sum(k * k for k in range(4))]
""",
    "numbers": """
out = [7 // 2, -7 // 2, 7 % 3, -7 % 3, 2 ** 10, 2 ** -1, 2 ** 0.5, 4 ** 0, 1e3, +3, -3, 784 // 2 ** 2, True + 1]
""",
    "lists": """
a = [1, 2, 3]
b = a
b.append(4)
a.extend((5, 6))
c = a + [7]
out = [a, b, c, a[0], a[-1], a[1:3], a[::-1], a[:2], (1, 2, 3)[1], len(c)]
a += [8]
""",
    "Python's own functions": """
out = [max(1, 2), min([3, 1]), abs(-2), float(3), int(2.7), sum([1, 2], 3), pow(2, 5), len('ab' and [1])]
out += [list(zip([1, 2], [3, 4, 5])), list(enumerate(['a'], 1)), list((1, 2)), tuple([1])]
""",
    "a name that is not needed": "out = []\nfor _, x in [(1, 2), (3, 4)]:\n    out.append(x)",
    "an assignment that adds": "out = 1\nout += 2\nout *= 5\nout -= 1\nout /= 2\nout **= 2\nout //= 3\nout %= 4",
    "texts": """
out = ['a.weight'.endswith('weight'), 'a'.startswith('b'), 'a' == 'a', 'a' < 'b', 'x' if 'b' in 'ab' else 'y']
""",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_what_is_let_through_means_what_it_means_in_python(program):
    names: dict = {}
    exec(program, names)  # this file's own programs
    assert interpret(read(program), {}).names["out"] == names["out"]


NUMBERS = st.one_of(st.integers(-9, 9), st.sampled_from([0.5, 2.0, 1e6]), st.booleans()).map(repr)
EXPRESSION = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", "and", "or", ">"]),
            inner,
        ),
        st.builds("({} ** {})".format, inner, st.sampled_from(["2", "0.5", "-1", "0"])),
        st.builds("({}{})".format, st.sampled_from(["-", "+", "not "]), inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{}, {}][{}]".format, inner, inner, st.sampled_from(["0", "1", "-1"])),
        st.builds("sum([x * {} for x in range(3) if x != {}])".format, inner, inner),
        st.builds("max({}, {})".format, inner, inner),
        st.builds("abs({})".format, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(EXPRESSION)
def test_an_expression_has_pythons_value_or_is_refused(code):
    try:
        found = interpret(read(f"out = {code}"), {}).names["out"]
    except SnippetError as error:
        assert re.match(r"Line 1: .", str(error))
        return
    wanted = eval(code)  # a few numbers and operators, drawn above
    assert (
        found == wanted and isinstance(found, bool) == isinstance(wanted, bool) or found != found and wanted != wanted
    )


@pytest.mark.parametrize("pasted", snippet_syntax.TYPOGRAPHY, ids=lambda c: f"U+{ord(c):04X}")
def test_a_character_of_a_printed_text_is_named_with_what_to_type(pasted):
    for code in (f"x = 2 {pasted} 1", f"x = 1\ny = {pasted}a{pasted}"):
        try:
            read(code)
        except SnippetError as error:
            assert f"U+{ord(pasted):04X}" in str(error) and "in its place" in str(error)
            assert snippet_syntax.TYPOGRAPHY[pasted].strip() in str(error) and "bracket" not in str(error)
        else:
            assert pasted == "\u00b7" and code.endswith("a\u00b7")  # Python takes it for a letter
    assert interpret(read("x = 'a − b' != \"a ’ b\""), {}).names["x"]


# --- what is out of reach -------------------------------------------------------------------------------------------


def test_every_kind_of_node_in_python_is_either_listed_or_refused():
    for name, kind in vars(ast).items():
        if isinstance(kind, type) and issubclass(kind, (ast.stmt, ast.expr)) and kind not in (ast.stmt, ast.expr):
            listed = issubclass(kind, (*STATEMENTS, *EXPRESSIONS, *PARTS))
            assert not (listed and kind in ADVICE), name
    assert not {ast.Lambda, ast.Import, ast.ClassDef, ast.While, ast.With, ast.Try, ast.JoinedStr, ast.Starred} & {
        *STATEMENTS,
        *EXPRESSIONS,
        *PARTS,
    }


def test_every_operator_that_is_let_through_can_be_computed():
    assert set(snippet_syntax.BINARY) == set(_BINARY)
    assert set(snippet_syntax.UNARY) == {*_UNARY, ast.Not}
    assert {ast.In, ast.NotIn, ast.Is, ast.IsNot} | set(_COMPARE) == set(ast.cmpop.__subclasses__())


@pytest.mark.parametrize(
    "code",
    [
        "{}",
        "w.{}",
        "torch.{}",
        "nn.{}",
        "F.{}",
        "model.{}",
        "w.sum().{}",
        "'a'.{}",
        "[].{}",
        "print.{}",
        "f({}=1)",
        "def {}():\n    pass",
        "def f({}):\n    pass",
        "{} = 1",
        "for {} in [1]:\n    pass",
        "x = [1 for {} in [1]]",
        "{} += 1",
        "nn.ReLU().{}",
    ],
)
@pytest.mark.parametrize("name", ["__class__", "_weights", "_state", "_value", "__dict__", "_x", "__"])
def test_no_name_that_begins_with_an_underscore_can_be_typed(code, name):
    with pytest.raises(SnippetError, match=r"names that begin with _ are not for exercises: _"):
        read(code.format(name))


@settings(max_examples=40)
@given(st.text(alphabet="＿_﹍﹎﹏a𝗮ª", min_size=1, max_size=8))
def test_no_way_to_write_an_underscore_gets_round_that(name):
    """Python turns each of these letters into _ or a, once it has read it."""
    for code in (f"x.a{name}", f"x.{name}", name):
        try:
            tree = read(code)
        except SnippetError:
            continue
        for node in ast.walk(tree):
            assert not getattr(node, "attr", "a").startswith("_")
            assert getattr(node, "id", "a") == "_" or not getattr(node, "id", "a").startswith("_")


def test_no_known_name_begins_with_an_underscore_but_an_exercises_own():
    waiting, seen = [GIVEN], 0
    while waiting:
        for name, value in waiting.pop().items():
            seen += 1
            assert not name.startswith("_")
            waiting += [value.table] if isinstance(value, (Namespace, Thing)) else []
    assert seen > 100


def test_an_exercises_own_bookkeeping_is_not_even_suggested():
    thing = Thing("thing", {"_value": 1, "_weights": 2, "value_": 3})
    for code in ("x = weights", "x = thing.weights", "x = state", "x = thing._value"):
        with pytest.raises(SnippetError) as error:
            interpret(read(code), {"thing": thing, "_weights": [], "_state": {}})
        assert "Did you mean _" not in str(error.value)


REACHED = (int, float, bool, str, type(None), list, tuple, np.ndarray, Bound, Namespace, Thing)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize(
    "value",
    [
        "w",
        "[1]",
        "(1,)",
        "'a'",
        "1",
        "1.5",
        "True",
        "None",
        "print",
        "torch",
        "nn",
        "F",
        "nn.ReLU()",
        "nn.Sequential()",
        "torch.sum",
        "f",
        "thing",
    ],
)
def test_of_every_value_only_what_is_listed_can_be_reached(value):
    """All attributes that Python knows of such a value are tried, and some more."""
    python = {"w": np.ones(2), "[1]": [], "(1,)": (), "'a'": "", "1": 1, "1.5": 1.0}.get(value, print)
    names = {
        *dir(python),
        *dir(np),
        "table",
        "call",
        "owner",
        "layers",
        "kind",
        "node",
        "missing",
        "item",
        "gi_frame",
        "f_globals",
        "mro",
        "func_globals",
    }
    given_ = {"w": np.ones(2), "thing": Thing("thing", {"a": 1})}
    for name in sorted(names):
        try:
            found = interpret(read(f"def f():\n    pass\nx = {value}.{name}"), given_).names["x"]
        except SnippetError:
            continue
        assert type(found) in REACHED and (not isinstance(found, Bound) or found.name == name), name


# --- limits ---------------------------------------------------------------------------------------------------------


def test_steps_are_counted_across_loops_and_functions():
    code = "def f(n):\n    return sum([i for i in range(n)])\nx = [f(90) for i in range({})]"
    assert interpret(read(code.format(9)), {}).steps < MOST_STEPS
    with pytest.raises(SnippetError, match="too many steps"):
        interpret(read(code.format(90)), {})


def test_the_first_thing_that_is_not_understood_is_the_one_that_is_told():
    with pytest.raises(SnippetError, match="Line 1: no lambda"):
        read("x = lambda: 1\nimport os\nwhile 1:\n    pass")


@pytest.mark.parametrize("text", ["", "   ", "\n\n\t\n"])
def test_an_empty_text_is_told_so(text):
    with pytest.raises(SnippetError, match="nothing here yet"):
        read(text)


def test_a_list_that_was_cut_off_the_gradient_is_not_shared_between_runs():
    tree = read("a = w.tolist()\na.append(1)\nout = len(a)")
    first = interpret(tree, {"w": np.ones(2)})
    again = interpret(tree, {"w": np.ones(2)}, first.detached)
    assert (first.names["out"], again.names["out"]) == (3, 3)


def test_every_function_of_pythons_that_is_given_says_no_in_words():
    odd = [
        "",
        "None",
        "torch",
        "'a'",
        "[None]",
        "[[1], 'a']",
        "nn.ReLU()",
        "print",
        "w",
        "1, 2, 3, 4",
        "start=3",
        "[w, w.T]",
    ]
    for name in BUILTINS:
        for arguments in odd:
            try:
                interpret(read(f"x = {name}({arguments})"), {"w": np.ones((2, 3))})
            except SnippetError as error:
                assert re.fullmatch(r"Line 1: \S.*", str(error))
