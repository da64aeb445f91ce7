"""Typed networks: whether the layers fit, and whether they do in training and in evaluation mode what was asked."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.config import DATASETS, RunConfig
from core.typed_code.arguments import Refused
from core.typed_code.exercises import Verdict
from core.typed_code.interpreter import interpret
from core.typed_code.layers import NORMALISATIONS, Layer, Model, forward, start, trace
from core.typed_code.syntax import SnippetError

FACTS = DATASETS["fashion-mnist"]
N_INPUTS, WIDTHS, N_CLASSES = FACTS.n_inputs, FACTS.widths, len(FACTS.class_names)
GIVEN = {"input_shape": N_INPUTS, "num_classes": N_CLASSES, "input_channels": 1}
"""The notebook's names, and their values."""
BATCH = 64


@dataclass(frozen=True)
class ByNetwork:
    """Checks the last Sequential of a typed text. technique: "", or the layer that was asked for in each hidden block.
    base: the training that a right answer is put into."""

    technique: str
    base: RunConfig

    def verdict(self, tree: ast.Module) -> Verdict:
        run = interpret(tree, GIVEN)
        models = [value for value in run.names.values() if isinstance(value, Model)]
        if not models:
            raise SnippetError("There is no nn.Sequential(…) here that is given a name.")
        model = models[-1]  # the one that was assigned last
        try:
            trace(model, N_INPUTS)
        except Refused as error:
            return Verdict(False, f"The shapes do not fit: {error}.")
        problem = _form_problem(model) or self._technique_problem(model) or _behaviour_problem(model, self.technique)
        return Verdict(False, problem) if problem else self._right(model)

    def _technique_problem(self, model: Model) -> str:
        """What is wrong with where the asked layers stand."""
        others = {*NORMALISATIONS, "Dropout"} - {self.technique}
        foreign = next((layer for layer in model.layers if layer.kind in others), None)
        if foreign:
            return _foreign(foreign, self.technique)
        if not self.technique:
            return ""
        first, *_ = blocks = _blocks(model)
        if self.technique in NORMALISATIONS and any(layer.kind == self.technique for layer in first):
            return f"A {self.technique} stands before the first linear layer: it normalises pixels, not a hidden layer."
        for i, block in enumerate(blocks[1:-1], start=1):
            n = sum(layer.kind == self.technique for layer in block)
            if n != 1:
                has = f"no {self.technique}" if n == 0 else f"{n} × {self.technique}"
                return f"Hidden layer {i} (the one of {WIDTHS[i - 1]} units) has {has}; it needs one."
        return ""

    def _right(self, model: Model) -> Verdict:
        hidden = _blocks(model)[1:-1]
        if self.technique == "Dropout":
            return self._dropout(model, hidden)
        if not self.technique:
            return Verdict(True, "The shapes fit, and the non-linearities are where they belong.", self.base)
        places = {_place(block, self.technique) for block in hidden}
        says = [f"Each hidden layer is normalised {' and '.join(sorted(places))} its ReLU."]
        norms = [layer for layer in model.layers if layer.kind == self.technique]
        if self.technique == "BatchNorm1d":
            linear = [layer for layer in model.layers if layer.kind == "Linear"][:-1]
            if places == {"before"} and not any(layer.bias for layer in linear):
                says.append("`bias=False` before a batch norm loses nothing: the batch's mean takes any bias out.")
        if any((n.eps, n.momentum, n.affine) != (1e-5, 0.1, True) for n in norms):
            says.append("The app trains it with PyTorch's defaults for eps, momentum and affine.")
        if len(places) > 1:
            return Verdict(True, " ".join(says) + " The app itself trains one place for both, so not this mixture.")
        norm = {"BatchNorm1d": "batch", "LayerNorm": "layer"}[self.technique]
        return Verdict(True, " ".join(says), replace(self.base, norm=norm, norm_position=places.pop()))

    def _dropout(self, model: Model, hidden: list[list[Layer]]) -> Verdict:
        rates = [layer.p for block in hidden for layer in block if layer.kind == "Dropout"]
        shares = " and ".join(f"{100 * p:g}%" for p in dict.fromkeys(rates))
        says = [f"In training {shares} of the hidden units are off on average, in evaluation none."]
        if max(rates) > 0.5:
            says.append("That is a lot: PyTorch's p switches off, the paper's p keeps.")
        at_input = any(layer.kind == "Dropout" for layer in _blocks(model)[0])
        if at_input or len(set(rates)) > 1 or not 0 < rates[0] <= 0.95:
            says.append("The app itself trains one p from 0 to 0.95 for both hidden layers, so not this one.")
            return Verdict(True, " ".join(says))
        return Verdict(True, " ".join(says), replace(self.base, dropout=rates[0]))


def _blocks(model: Model) -> list[list[Layer]]:
    """The layers before the first linear layer, between each two, and after the last."""
    blocks: list[list[Layer]] = [[]]
    for layer in model.layers:
        if layer.kind == "Linear":
            blocks.append([])
        else:
            blocks[-1].append(layer)
    return blocks


def _place(block: list[Layer], technique: str) -> str:
    kinds = [layer.kind for layer in block]
    return "before" if kinds.index(technique) < kinds.index("ReLU") else "after"


def _foreign(layer: Layer, technique: str) -> str:
    if technique == "LayerNorm" and layer.kind == "BatchNorm1d":
        return "BatchNorm1d normalises each unit over the batch. Asked for is the norm over the units of one image."
    if technique == "BatchNorm1d" and layer.kind == "LayerNorm":
        return "LayerNorm normalises each image over its units. Asked for is the norm of each unit over the batch."
    return f"{layer} is another technique: change one thing at a time, or you cannot tell what did it."


def _form_problem(model: Model) -> str:
    """What is wrong with the perceptron itself."""
    linear = [layer for layer in model.layers if layer.kind == "Linear"]
    widths = tuple(layer.n_out for layer in linear)
    if not linear:
        return "The network needs nn.Flatten() and then linear layers."
    if widths[-1] != N_CLASSES:
        return (
            f"The last linear layer gives {widths[-1]} for each image; there are {N_CLASSES} classes, a logit for each."
        )
    if widths != (*WIDTHS, N_CLASSES):
        return (
            f"The linear layers give {', '.join(map(str, widths))}; the notebook's give "
            f"{', '.join(map(str, (*WIDTHS, N_CLASSES)))}. Keep them, so that the networks can be compared."
        )
    before, *hidden, after = _blocks(model)
    if any(layer.kind == "ReLU" for layer in before) and not any(layer.kind in NORMALISATIONS for layer in before):
        return "A ReLU before the first linear layer does nothing: no pixel is negative."
    after = [layer for layer in after if layer.kind != "Identity"]
    if after:
        return AFTER_LAST.get(after[0].kind, f"{after[0]} after the last layer is not needed.")
    for i, block in enumerate(hidden, start=1):
        n = sum(layer.kind == "ReLU" for layer in block)
        if n != 1:
            return _relu_problem(block, i, n)
    return ""


def _relu_problem(block: list[Layer], i: int, n: int) -> str:
    """What is wrong with n ReLUs after linear layer i. (Layer norm is not linear, and between two ReLUs a norm moves
    numbers below 0: then the usual reasons would be false.)"""
    if n == 0:
        why = (
            ""
            if any(layer.kind == "LayerNorm" for layer in block)
            else ": two linear layers in a row are no more than one"
        )
        return f"No ReLU after linear layer {i}{why}."
    why = "keep one, as in the notebook" if any(layer.kind in NORMALISATIONS for layer in block) else "one does all"
    return f"After linear layer {i} there are {n} ReLUs: {why}."


AFTER_LAST = {
    "BatchNorm1d": "A norm after the last layer rescales the logits over the batch: in training one image's logits "
    "then depend on the others in its batch. Norms belong to the hidden layers.",
    "LayerNorm": "A norm after the last layer gives the ten logits of every image the same spread (before γ and β): "
    "the network can hardly be surer of one image than of another. Norms belong to the hidden layers.",
    "Dropout": "Dropout after the last layer sets logits to 0 at random in training: classes come and go. It belongs "
    "to the hidden layers.",
    "ReLU": "A ReLU after the last layer cuts every negative logit to 0. Cross-entropy takes logits as they are.",
}


# --- what it does ---------------------------------------------------------------------------------------------------


def _behaviour_problem(model: Model, technique: str) -> str:
    """What is wrong in training or in evaluation mode, found by running a batch through."""
    rng = np.random.default_rng(0)
    held = start(model, rng)
    x = rng.uniform(0, 1, (BATCH, N_INPUTS))
    check = {"BatchNorm1d": _batch_norm_problem, "LayerNorm": _layer_norm_problem, "Dropout": _dropout_problem}
    problem = check.get(technique, lambda *_: "")(model, held, x)
    return problem or _mode_problem(model, held, x)


def _mode_problem(model, held, x) -> str:
    """In evaluation an image's logits may not depend on chance, nor on the images beside it."""
    alone, _ = forward(model, held, x[:1], training=False)
    together, _ = forward(model, held, x, training=False)
    if not np.allclose(alone[-1][0], together[-1][0], atol=1e-9):
        return (
            "In evaluation mode an image's logits change with the images beside it. With `track_running_stats=False` "
            "batch norm has no running statistics to use."
        )
    return ""


def _outputs_of(kind: str, model: Model, outputs: list[np.ndarray]) -> list[tuple[Layer, np.ndarray]]:
    return [(layer, h) for layer, h in zip(model.layers, outputs, strict=True) if layer.kind == kind]


def _normalised(axis: int) -> Callable[[np.ndarray], bool]:
    """Whether the variance along an axis is about 1, for most: after a ReLU some units vary so little that even the
    usual eps tells."""
    return lambda h: bool(abs(np.median(h.var(axis)) - 1) < 0.25)


def _batch_norm_problem(model, held, x) -> str:
    outputs, after = forward(model, held, x, training=True)
    for layer, h in _outputs_of("BatchNorm1d", model, outputs):
        if not _normalised(0)(h):
            return f"With eps = {layer.eps:g} the normalised units do not have variance 1: eps only guards against 0."
    moved = [i for i in held.running if not np.allclose(held.running[i][0], after.running[i][0], atol=1e-9)]
    if len(moved) < len(held.running) and all(layer.tracks for layer in model.layers if layer.kind == "BatchNorm1d"):
        return "With momentum = 0 the running statistics never move: evaluation would use mean 0 and variance 1."
    return ""


def _layer_norm_problem(model, held, x) -> str:
    outputs, _ = forward(model, held, x, training=True)
    for layer, h in _outputs_of("LayerNorm", model, outputs):
        if not _normalised(1)(h):
            return f"With eps = {layer.eps:g} the normalised units do not have variance 1: eps only guards against 0."
    return ""


def _dropout_problem(model, held, x) -> str:
    rates = [layer.p for layer in model.layers if layer.kind == "Dropout"]
    if min(rates) == 0:
        return "Dropout(0) switches nothing off."
    if max(rates) == 1:
        return "Dropout(1) switches every unit off: nothing of the image comes through, and nothing can be learned."
    rng = np.random.default_rng(1)
    first, second = (forward(model, held, x, training=True, rng=rng)[0][-1] for _ in range(2))
    return "" if not np.allclose(first, second) else "In training mode nothing is switched off."
