"""The exercises' tensor operations against PyTorch's own: every listed one has a case here, or a test fails."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from core.typed_code import tensors
from core.typed_code.interpreter import interpret
from core.typed_code.syntax import SnippetError, read

RNG = np.random.default_rng(0)
GIVEN = {
    "w": RNG.normal(0, 1, (2, 3)),
    "m": RNG.normal(0, 1, (3, 2)),
    "v": RNG.normal(0, 1, 4),
    "u": RNG.normal(0, 1, 4),
    "s": np.array(-1.5),
    "x": RNG.normal(0, 1, (2, 3, 4)),
    "one": RNG.normal(0, 1, (3, 1)),
}
"""Tensors by name: two matrices, two vectors, a single number, one of three dimensions, a column."""


def here(code: str):
    """What the engine makes of an expression."""
    return interpret(read(f"out = {code}"), GIVEN).names["out"]


def pytorch(code: str):
    """What PyTorch makes of it. (The expressions are this file's own.)"""
    given = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in GIVEN.items()}
    return eval(code, {"torch": torch, "F": F, "nn": torch.nn, **given})


def plain(value):
    """Either side's value as nested tuples and arrays of plain numbers."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    return tuple(plain(part) for part in value) if isinstance(value, (tuple, list)) else value


def same(a, b) -> bool:
    if isinstance(a, tuple) or isinstance(b, tuple):
        return isinstance(a, tuple) and len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)
    return a == b or math.isclose(a, b)


def split(cases: str) -> tuple[str, ...]:
    return tuple(case.strip() for case in cases.split(";"))


ALIKE = {  # of a name that is both a method and a function of torch: what follows the tensor
    "abs": "w.#(); s.#()",
    "absolute": "w.#()",
    "square": "w.#(); (w > 0).float().#()",
    "sqrt": "w.abs().#(); w.#()",
    "exp": "w.#()",
    "log": "w.abs().#(); w.#(); torch.zeros(2).#()",
    "sign": "w.#(); torch.zeros(2).#()",
    "sgn": "w.#()",
    "neg": "w.#()",
    "negative": "w.#()",
    "reciprocal": "w.#(); torch.zeros(2).#()",
    "rsqrt": "w.abs().#()",
    "relu": "w.#()",
    "tanh": "w.#()",
    "pow": "w.#(2); w.#(3.0); w.abs().#(w); w.#(0.5); w.#(exponent=-1); s.#(w)",
    "clamp": "w.#(0); w.#(-0.2, 0.3); w.#(min=0.1); w.#(max=0.1); w.#(min=1, max=0); w.#(min=w * w); w.#(None, 0.2)",
    "clip": "w.#(0, 1); w.#(max=0)",
    "clamp_min": "w.#(0); w.#(min=0.5)",
    "clamp_max": "w.#(0.1); w.#(max=-1)",
    "add": "w.#(1); w.#(w); w.#(w, alpha=2); w.#(one.T, alpha=-0.5); w.#(other=2); s.#(s, alpha=2)",
    "sub": "w.#(1); w.#(w * 2); w.#(w, alpha=3); s.#(s, alpha=0.5)",
    "subtract": "w.#(2)",
    "mul": "w.#(2); w.#(w); w.#(one.T); w.#(w > 0)",
    "multiply": "w.#(w)",
    "div": "w.#(2); w.#(w); w.#(0)",
    "divide": "w.#(s)",
    "maximum": "w.#(-w); w.#(one.T)",
    "minimum": "w.#(-w)",
    "lerp": "w.#(w * 3, 0.1); w.#(w * 3, w)",
    "masked_fill": "w.#(w > 0, 0); w.#(w > 9, 1.5)",
    "logical_not": "w.#(); (w > 0).#()",
    "copysign": "w.#(-w); w.#(2.0)",
    "sum": "w.#(); w.#(0); w.#(1, True); w.#(dim=-1); w.#(dim=(0, 1)); w.#(dim=[0]); w.#(axis=0, keepdims=True);"
    "x.#((0, 2)); x.#(dim=(0, -1), keepdim=True); (w > 0).#(); s.#(); w.#(dim=None)",
    "mean": "w.#(); w.#(0); w.#(1, keepdim=True); x.#(dim=(1, 2)); w.#(axis=1); s.#()",
    "var": "w.#(); w.#(0); w.#(0, False); w.#(False); w.#(unbiased=False); w.#(1, True, True); x.#(dim=(0, 1));"
    "w.#(dim=0, correction=0); w.#(1, correction=2, keepdim=True); w.#(axis=0); w.#(correction=0.5); s.#();"
    "one.#(1)",
    "std": "w.#(); w.#(0); w.#(1, False); w.#(False); w.#(dim=1, unbiased=False, keepdim=True);"
    "w.#(0, correction=0); s.#()",
    "norm": "w.#(); w.#(1); w.#(2); w.#(p=1); w.#('fro'); w.#(p='fro', dim=1); w.#(dim=1); w.#(2, 0); w.#(0); w.#(3.5);"
    "w.#(torch.inf); w.#(float('inf')); w.#(-torch.inf); w.#(-1); w.#(p=1, dim=1, keepdim=True);"
    "w.#(1, dim=(0, 1));"
    "s.#(); x.#(1); x.#(p=2, dim=(0, 2)); v.#(None)",
    "amax": "w.#(); w.#(0); w.#(dim=(0, 1)); w.#(1, True); w.#(axis=0)",
    "amin": "w.#(); w.#(-1, keepdim=True)",
    "max": "w.#(); w.#(-w); s.#(); w.#(other=w)",
    "min": "w.#(); w.#(-w)",
    "numel": "w.#(); s.#()",
    "dot": "v.#(u)",
    "matmul": "w.#(m); v.#(u); w.#(w[0]); v.#(torch.ones(4, 2, dtype=torch.float64))",
    "mm": "w.#(m)",
    "flatten": "w.#(); x.#(1); x.#(start_dim=1, end_dim=2); s.#(); x.#(-2); x.#(0, 1)",
    "ravel": "w.#(); s.#()",
    "squeeze": "one.#(); one.#(1); one.#(0); one.#(dim=-1)",
    "unsqueeze": "w.#(0); w.#(-1); w.#(dim=1)",
    "t": "w.#(); v.#(); s.#()",
    "transpose": "w.#(0, 1); x.#(0, -1); x.#(dim0=1, dim1=2)",
    "clone": "w.#()",
}
METHODS = {
    "reshape": "w.reshape(-1); w.reshape((3, 2)); w.reshape(3, 2); w.reshape(2, -1); w.t().reshape(-1); s.reshape(1)",
    "view": "w.view(-1); w.view(3, 2); w.view((1, 6)); w[0].view(3, 1); w.t().view(3, 2)",
    "size": "w.size(); w.size(1); x.size(dim=-1)",
    "dim": "w.dim(); s.dim()",
    "nelement": "w.nelement()",
    "where": "w.where(w > 0, 0); w.where(w > 0, -w)",
    "bool": "w.bool(); (w > 0).bool()",
    "float": "(w > 0).float()",
    "double": "w.double()",
    "to": "w.to('cpu'); w.to(device='cpu')",
    "cpu": "w.cpu()",
    "contiguous": "w.t().contiguous().view(-1); s.contiguous()",
    "type_as": "w.type_as(m)",
    "detach": "w.detach()",
    "item": "s.item(); w[0, 0].item(); one[0].item(); (s < 0).item()",
    "tolist": "w.tolist(); s.tolist()",
    "numpy": "w.detach().numpy()",
}
ATTRIBUTES = {
    "shape": "w.shape; s.shape; x.shape[1:]; w.shape == (2, 3); 2 in w.shape",
    "ndim": "x.ndim",
    "T": "w.T; v.T",
    "data": "w.data",
    "requires_grad": "w.requires_grad",
    "device": "w.to(w.device)",
    "dtype": "w.to(w.dtype).sum() * 0",
}
TORCH = {
    "reshape": "torch.reshape(w, (-1,)); torch.reshape(w, [3, 2])",
    "var_mean": "torch.var_mean(w, 0); torch.var_mean(w, dim=0, unbiased=False); torch.var_mean(w, False);"
    "torch.var_mean(w, 1, keepdim=True, correction=0)",
    "where": "torch.where(w > 0, w, 0); torch.where(w > 0, 1.5, w); torch.where(one > 0, one, m)",
    "cat": "torch.cat([w, w]); torch.cat((w, w), 1); torch.cat([w, w], dim=-1); torch.cat([w, w], axis=1)",
    "concat": "torch.concat([w, w])",
    "stack": "torch.stack([w, w]); torch.stack((s, s)); torch.stack([w, w], dim=-1)",
    "zeros_like": "torch.zeros_like(w)",
    "ones_like": "torch.ones_like(w)",
    "zeros": "torch.zeros(2, 3); torch.zeros((2, 3)); torch.zeros(2, device='cpu'); torch.zeros([]); torch.zeros(0)",
    "ones": "torch.ones(3); torch.ones([2, 1])",
    "tensor": "torch.tensor(1.5); torch.tensor([1.0, 2.0]); torch.tensor([[1.0], [s]]); torch.tensor([s, s]);"
    "torch.tensor(w.tolist()); torch.tensor(2.0, requires_grad=True); torch.tensor([])",
}
LINALG = {
    "norm": "torch.linalg.norm(w); torch.linalg.norm(w, 1); torch.linalg.norm(w, ord=-1);"
    "torch.linalg.norm(w, torch.inf);"
    "torch.linalg.norm(w, 2); torch.linalg.norm(w, 'fro'); torch.linalg.norm(w, 'nuc');"
    "torch.linalg.norm(v, 1);"
    "torch.linalg.norm(w, dim=1); torch.linalg.norm(w, 1, dim=0); torch.linalg.norm(w, 2, (0, 1));"
    "torch.linalg.norm(x);"
    "torch.linalg.norm(w, dim=1, keepdim=True); torch.linalg.norm(v, 0); torch.linalg.norm(s)",
    "vector_norm": "torch.linalg.vector_norm(w); torch.linalg.vector_norm(w, 1);"
    "torch.linalg.vector_norm(w, ord=0.5, dim=1);"
    "torch.linalg.vector_norm(x, 2, (0, 1), True); torch.linalg.vector_norm(w, torch.inf)",
}
FUNCTIONAL = {
    "relu": "F.relu(w); nn.functional.relu(w)",
    "softshrink": "F.softshrink(w); F.softshrink(w, 0.2); F.softshrink(w, lambd=0)",
    "hardshrink": "F.hardshrink(w); F.hardshrink(w, lambd=0.2)",
    "normalize": "F.normalize(w); F.normalize(w, dim=0); F.normalize(w, p=1.0, dim=1); F.normalize(torch.zeros(2, 2))",
    "l1_loss": "F.l1_loss(w, m.T); F.l1_loss(w, m.T, reduction='sum'); F.l1_loss(w, w, reduction='none')",
    "mse_loss": "F.mse_loss(w, m.T); F.mse_loss(w, m.T, reduction='sum'); F.mse_loss(s, s + 1)",
}


def as_function(case: str, name: str) -> str:
    """`w.#(1)` as `torch.name(w, 1)`."""
    tensor, rest = case.rsplit(".#(", 1)
    return f"torch.{name}({tensor}{', ' if rest != ')' else ''}{rest}"


def cases() -> list[tuple[str, str, str]]:
    """(table, name, expression) of every entry of every table. An entry without a case here raises KeyError."""
    found = []
    for name in tensors.METHODS:
        shown = ALIKE[name].replace("#", name) if name in ALIKE else METHODS[name]
        found += [("method", name, case) for case in split(shown)]
    for name in tensors.TORCH:
        shown = [as_function(case, name) for case in split(ALIKE[name])] if name in ALIKE else split(TORCH[name])
        found += [("torch", name, case) for case in shown]
    for table, own, listed in (
        ("attribute", ATTRIBUTES, tensors.ATTRIBUTES),
        ("linalg", LINALG, tensors.LINALG),
        ("functional", FUNCTIONAL, tensors.FUNCTIONAL),
    ):
        found += [(table, name, case) for name in listed for case in split(own[name])]
    return found


CASES = cases()


@pytest.fixture(scope="module", autouse=True)
def numbers_of_double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
"""PyTorch's own, about the variance of one number and the like."""


@pytest.mark.parametrize("table", ["method", "torch", "attribute", "linalg", "functional"])
def test_every_listed_operation_gives_what_pytorch_gives(table):
    wrong = [
        (case, plain(here(case)), plain(pytorch(case)))
        for its, _, case in CASES
        if its == table and not same(plain(here(case)), plain(pytorch(case)))
    ]
    assert not wrong


def test_no_case_is_left_of_an_operation_that_is_gone():
    assert set(ALIKE) <= set(tensors.METHODS) & set(tensors.TORCH)
    for own, listed in (
        (METHODS, tensors.METHODS),
        (TORCH, tensors.TORCH),
        (ATTRIBUTES, tensors.ATTRIBUTES),
        (LINALG, tensors.LINALG),
        (FUNCTIONAL, tensors.FUNCTIONAL),
    ):
        assert set(own) <= set(listed)


def test_every_case_uses_the_operation_that_it_is_for():
    assert not [case for _, name, case in CASES if f".{name}" not in case]


OPERATORS = split(
    "w + 1; 1 + w; w - w * 2; 2 - w; w * m.T; w / 2; 2 / w; w // 0.3; w % 0.4; -w; +w; w ** 2; w ** 3; 2 ** w; w ** -1;"
    "w @ m; v @ u; abs(w); w > 0; 0 > w; w <= m.T; w == w; w != 0; (w > 0) * w; (w > 0) * 2; (w > 0) + 1; w * (w > 0);"
    "(w > 0) & (w < 1); (w > 1) | (w < 0); ~(w > 0); (w > 0).sum() / 2; not s; sum(w); sum([s, s]); sum(v); len(w);"
    "w[0]; w[0, 1]; w[-1]; w[:, 1]; w[None].shape; w[:, None, 0:2]; w[..., 0]; w[w > 0]; w[1:]; v[::2]; x[0, :, 1:3];"
    "max(s, 0); min(s, s + 1); float(s); int(s); [float(a) for a in v]; [a + b for a, b in zip(v, u)];"
    "v[0] if s > 0 else v[1];"
    "[i * a for i, a in enumerate(v)]; list(v)[0]; pow(w, 2); pow(2, 3); s and 2; s or 2; 1 < 2 < 3; 7 // 2 ** 1;"
    "10 ** 2;"
    "w.abs().sum() > 1; [row.sum() for row in w]; [a for row in w for a in row if a > 0]; torch.inf; float('-inf')"
)


def test_operators_and_pythons_own_functions_give_what_they_give_with_pytorch():
    wrong = [case for case in OPERATORS if not same(plain(here(case)), plain(pytorch(case)))]
    assert not wrong


REFUSED = split(
    "w.max(0) + 1; w.min(dim=1) + 1; torch.maximum(w, 0); w.dot(w); torch.mm(v, u); torch.reshape(w, -1); w @ w;"
    "w + v; w.view(4); w.t().view(-1);"
    "w[::-1]; w[5]; w[0.5]; w.sum(2); w.sum(dim=(0, 0)); w.sum(0, 1); w.norm(axis=0); w.norm('nuc2');"
    "torch.sum([1, 2]);"
    "torch.abs(3); torch.where(w, w, 0); 1 - (w > 0); w - (w > 0); -(w > 0); (w > 0).mean(); (w > 0).norm();"
    "(w > 0).std();"
    "torch.linalg.norm(w, 0); torch.linalg.norm(x, 1); torch.linalg.vector_norm(w, 'fro'); torch.cat([s, s]);"
    "torch.cat([w, m]); torch.stack([w, m]); torch.stack([]); torch.tensor([v]); torch.tensor([[1], [1, 2]]);"
    "torch.zeros();"
    "torch.zeros(-1); w.clamp(); w.item(); w.reshape(-2); w.reshape(-1, -1); w.t(1); x.t(); w.abs(1); w.abs(out=1);"
    "w.mul();"
    "w.unsqueeze((0, 1)); w.flatten(1, 0); w.size(5); w.masked_fill(w, 0); w.lerp(w); F.l1_loss(w, 0);"
    "F.mse_loss(w, w, reduction='max'); F.softshrink(w, -1); if_; w.nothing(); torch.nothing(w); w ^ 2;"
    "bool(w) if w else 0; len(s); sum(s); [a for a in s]; max(w, 0); w & w; ~w; w.add(w, alpha='a');"
    "w.var(0, unbiased=3)"
)


@pytest.mark.parametrize("case", REFUSED)
def test_what_pytorch_refuses_is_refused_with_the_line(case):
    with pytest.raises(Exception):  # noqa: B017 PyTorch has an error of its own for each
        pytorch(case)
    with pytest.raises(SnippetError, match="^Line 1: ."):
        here(case)


@pytest.mark.parametrize("name", sorted(tensors.DETACHING))
def test_what_cuts_the_gradient_here_cuts_it_in_pytorch(name):
    code = {
        "item": "s.item()",
        "tolist": "w.tolist()",
        "numpy": "w.detach().numpy()",
        "data": "w.data",
        "detach": "w.detach()",
        "tensor": "torch.tensor([s, s])",
    }[name]
    assert not getattr(pytorch(code), "requires_grad", False)
    tree = read(f"out = {code}")
    first = interpret(tree, GIVEN)
    moved = interpret(tree, {key: value + 1 for key, value in GIVEN.items()}, first.detached)
    assert same(plain(moved.names["out"]), plain(first.names["out"]))


def test_no_other_method_cuts_the_gradient_in_pytorch():
    """Of those whose result depends smoothly on the tensor."""
    for table, name, case in CASES:
        if table == "attribute" or name in {*tensors.DETACHING, "bool", "logical_not"}:
            continue
        value = pytorch(case)
        if isinstance(value, torch.Tensor) and not any(made in case for made in ("zeros", "ones", "(w > 0)")):
            assert value.requires_grad, case


@given(st.lists(st.integers(0, 3), max_size=3), st.lists(st.integers(0, 3), max_size=3), st.sampled_from("+-*@/"))
def test_shapes_go_together_where_they_do_in_pytorch(a, b, operator):
    given = {"a": np.ones(a), "b": np.ones(b)}
    try:
        wanted = eval(f"a {operator} b", {name: torch.tensor(value) for name, value in given.items()}).shape
    except RuntimeError:
        wanted = None
    try:
        found = interpret(read(f"out = a {operator} b"), given).names["out"].shape
    except SnippetError:
        found = None
    assert found == wanted or operator == "@" and 3 in (len(a), len(b)) and found is None


@given(st.lists(st.integers(-1, 4), max_size=4), st.booleans())
def test_views_fit_where_they_do_in_pytorch(shape, transposed):
    given = {"a": np.arange(12.0).reshape(3, 4), "shape": tuple(shape)}
    code = f"a{'.t()' if transposed else ''}.view(shape)"
    try:
        wanted = eval(code, {**given, "a": torch.tensor(given["a"])}).numpy()
    except RuntimeError:
        wanted = None
    try:
        found = interpret(read(f"out = {code}"), given).names["out"]
    except SnippetError:
        found = None
    assert (found is None) == (wanted is None) and (found is None or np.array_equal(found, wanted))


def test_no_operation_changes_what_it_is_given():
    before = {name: value.copy() for name, value in GIVEN.items()}
    for _, _, case in CASES:
        here(case)
    assert all(np.array_equal(before[name], value) for name, value in GIVEN.items())


def test_results_are_of_float64_or_of_truth_values_and_never_numpys_own_scalars():
    for _, _, case in CASES:
        value = here(case)
        assert not isinstance(value, np.generic)
        assert not isinstance(value, np.ndarray) or value.dtype in (np.float64, bool)
