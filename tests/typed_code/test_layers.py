"""The layers that typed code builds, against PyTorch's: what they give in both modes, where a shape does not fit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.typed_code.arguments import Refused
from core.typed_code.interpreter import interpret
from core.typed_code.layers import CONSTRUCTORS, OTHER_LAYERS, Layer, Model, forward, start, trace
from core.typed_code.syntax import SnippetError, read

BUILT = {
    "Flatten": "nn.Flatten()",
    "Linear": "nn.Linear(6, 4)",
    "ReLU": "nn.ReLU(inplace=False)",
    "Identity": "nn.Identity()",
    "Dropout": "nn.Dropout(0.25)",
    "BatchNorm1d": "nn.BatchNorm1d(6, eps=1e-3, momentum=0.3)",
    "LayerNorm": "nn.LayerNorm([6], 1e-4)",
    "Sequential": "nn.Sequential(nn.ReLU(), nn.Linear(6, 2))",
}
"""A layer of each listed kind, for rows of six numbers."""
BATCH = 9


def typed(code: str) -> Model:
    """The model that the engine builds of a layer."""
    return interpret(read(f"model = nn.Sequential({code})"), {}).names["model"]


def pytorchs(code: str, held) -> nn.Sequential:
    """PyTorch's model of the same text (this file's own), with the same weights and biases."""
    model = eval(f"nn.Sequential({code})", {"nn": nn}).double()
    flat = [layer for layer in model.modules() if not isinstance(layer, nn.Sequential)]
    with torch.no_grad():
        for i, (weight, bias) in held.linear.items():
            flat[i].weight.copy_(torch.from_numpy(weight))
            if flat[i].bias is not None:
                flat[i].bias.copy_(torch.from_numpy(bias))
    return model


def batch(seed: int, width: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(1, 3, (BATCH, width))


def test_every_listed_layer_has_a_case_here():
    assert set(BUILT) == set(CONSTRUCTORS)


CODES = (
    *BUILT.values(),
    "nn.Linear(in_features=6, out_features=3, bias=False)",
    "nn.BatchNorm1d(6, affine=False)",
    "nn.BatchNorm1d(num_features=6, momentum=1.0)",
    "nn.BatchNorm1d(6, track_running_stats=False)",
    "nn.Dropout(p=0)",
    "nn.LayerNorm(6, elementwise_affine=False)",
    "nn.LayerNorm(6, bias=False)",
    "nn.Dropout(1)",
    "nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4)), nn.Linear(4, 2)",
)


@pytest.mark.parametrize("code", CODES)
def test_a_layer_gives_what_pytorchs_gives_in_training_and_in_evaluation(code):
    model, rng = typed(code), np.random.default_rng(0)
    held = start(model, rng)
    theirs = pytorchs(code, held)
    for seed in range(3):  # three batches, so that running statistics move more than once
        given = batch(seed)
        outputs, held = forward(model, held, given, training=True, rng=rng)
        wanted = theirs.train()(torch.from_numpy(given)).detach().numpy()
        dropped = [layer for layer in model.layers if layer.kind == "Dropout" and layer.p]
        if not dropped:
            assert np.allclose(outputs[-1], wanted, rtol=1e-10, atol=1e-12)
    given = batch(9)
    outputs, after = forward(model, held, given, training=False)
    assert np.allclose(outputs[-1], theirs.eval()(torch.from_numpy(given)).detach().numpy(), rtol=1e-10, atol=1e-12)
    assert all(np.array_equal(after.running[i][0], held.running[i][0]) for i in held.running)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_in_training_switches_off_about_p_and_scales_the_rest_as_pytorch_does(p):
    ones = np.ones((100, 100))
    (ours,), _ = forward(
        typed(f"nn.Dropout({p})"),
        start(Model(()), np.random.default_rng(0)),
        ones,
        training=True,
        rng=np.random.default_rng(1),
    )
    theirs = nn.Dropout(p)(torch.from_numpy(ones)).numpy()
    assert np.allclose(np.unique(ours), np.unique(theirs)) and abs((ours == 0).mean() - p) < 0.02


def test_the_first_weights_are_spread_as_pytorchs():
    held = start(typed("nn.Linear(50, 200)"), np.random.default_rng(0))
    theirs = nn.Linear(50, 200)
    for ours, pytorchs_ in zip(held.linear[0], (theirs.weight, theirs.bias), strict=True):
        assert np.isclose(ours.std(), pytorchs_.detach().std().item(), rtol=0.15) and np.abs(ours).max() <= 50**-0.5


def layers_of(widths: list[int]) -> st.SearchStrategy:
    width = st.sampled_from(widths)
    return st.one_of(
        st.builds("nn.Linear({}, {})".format, width, width),
        st.builds("nn.BatchNorm1d({})".format, width),
        st.builds("nn.LayerNorm({})".format, width),
        st.sampled_from(["nn.ReLU()", "nn.Dropout()", "nn.Flatten()"]),
    )


@settings(max_examples=150)
@given(st.lists(layers_of([784, 6, 4]), min_size=1, max_size=6), st.booleans())
def test_a_shape_is_refused_at_the_layer_at_which_pytorch_refuses_it(layers, flattened):
    code = ", ".join([*["nn.Flatten()"] * flattened, *layers])
    images = torch.zeros(2, 1, 28, 28)
    wrong = None
    for i, layer in enumerate(eval(f"nn.Sequential({code})", {"nn": nn})):
        try:
            images = layer(images)
        except (RuntimeError, ValueError):
            wrong = i
            break
    try:
        widths = trace(typed(code), 784)
    except Refused as error:
        assert str(error).startswith(f"layer {wrong} (counted from 0), ")
    else:
        assert wrong is None and (images.ndim > 2 or widths[-1] == images.shape[1])


@pytest.mark.parametrize(
    "code, says",
    [
        ("nn.Linear(6)", "something is missing in the brackets"),
        ("nn.Linear(6, 4, 3, 2, 1, 0)", "does not take"),
        ("nn.Linear(6, 4.0)", "`//` does not"),
        ("nn.Linear(0, 4)", "from 1 to"),
        ("nn.Linear('6', 4)", "whole number"),
        ("nn.Linear(True, 4)", "whole number"),
        ("nn.Linear(6, 4, bias=[])", "True or False"),
        ("nn.BatchNorm1d(6, momentum=None)", "keeps a number"),
        ("nn.BatchNorm1d(6, eps=-1)", "from 0 to"),
        ("nn.BatchNorm1d(6, eps='a')", "from 0 to"),
        ("nn.LayerNorm([6, 6])", "takes one size"),
        ("nn.LayerNorm([])", "takes one size"),
        ("nn.Dropout(1.5)", "from 0 to 1"),
        ("nn.Dropout(float('nan'))", "from 0 to 1"),
        ("nn.Flatten(0)", "stays"),
        ("nn.ReLU", "made by calling it"),
        ("3", "no layer"),
        ("[nn.ReLU()]", "not a list"),
        ("'nn.ReLU()'", "no layer"),
        (", ".join(["nn.ReLU()"] * 41), "too many"),
        ("nn.Conv2d(1, 2, 3)", "nn has no Conv2d"),
        ("nn.Linear(6, 4, width=3)", "does not take `width`"),
    ],
)
def test_a_layer_that_cannot_be_is_refused_in_words(code, says):
    with pytest.raises(SnippetError) as error:
        typed(code)
    assert says in str(error.value)


@pytest.mark.parametrize("name", OTHER_LAYERS)
def test_another_layer_of_pytorchs_is_told_why_it_is_not_the_one(name):
    assert hasattr(nn, name)
    with pytest.raises(SnippetError, match=f"nn.{name} [a-z]"):
        typed(f"nn.{name}(6)")


@pytest.mark.parametrize("code", [code for code in BUILT.values() if "Sequential" not in code])
def test_a_layer_is_printed_by_pytorchs_name(code):
    (layer,) = typed(code).layers
    assert isinstance(layer, Layer) and str(layer).startswith(code.removeprefix("nn.").split("(")[0])
