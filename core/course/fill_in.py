"""The exercises in which code is typed: the notebook's blanks, and our own, lesson by lesson."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from core.config import SMALL_AND_NOISY
from core.typed_code.exercises import Accepted, ByValue, Exercise, Inputs, Mistake, returned, variable
from core.typed_code.names import Bound, Thing
from core.typed_code.network_check import ByNetwork
from core.typed_code.syntax import SnippetError
from core.typed_code.tensors import METHODS, Array, Refused

CLEAN = replace(SMALL_AND_NOISY, label_noise=0.0)


def _draw(rng: np.random.Generator, *shape: int) -> Array:
    return np.round(rng.normal(0, 1, shape), 3)


# --- baseline -------------------------------------------------------------------------------------------------------

_PERCEPTRON = """\
model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(input_shape, {first}),
    nn.ReLU(),
    nn.Linear({second}, input_shape // 4),
    nn.ReLU(),
    nn.Linear(input_shape // 4, {third}),
).to(device)
"""

PERCEPTRON = Exercise(
    "perceptron",
    "The perceptron",
    "Images have 28 × 28 = 784 = `input_shape` pixels. The first hidden layer has half as many units, the second a "
    "quarter, and there is an output for each of the `num_classes` classes. **Fill in the three sizes.**",
    _PERCEPTRON.format(first="...", second="...", third="..."),
    ("`nn.Linear(a, b)` takes a numbers for each image and gives b.",
     "A layer must take what the one before gives: the first gives `input_shape // 2`.",
     "The last one gives a logit for each class: `num_classes`."),
    _PERCEPTRON.format(first="input_shape // 2", second="input_shape // 2", third="num_classes"),
    ByNetwork("", SMALL_AND_NOISY).verdict,
)  # fmt: skip

LR, N_BATCHES = 0.1, 3


def _training(inputs: Inputs) -> dict[str, Any]:
    """Three batches for a model with one weight: prediction w·x, loss (w·x − y)². What the weight was after each step
    is kept out of reach."""
    state = {"w": float(inputs["w"]), "gradient": 0.0}
    weights: list[float] = []

    def predict(x: float) -> Thing:
        if not isinstance(x, (Array, float)) or np.size(x) != 1:
            raise Refused("model takes a batch's x")
        return Thing("the prediction", {"_value": state["w"] * float(x), "_x": float(x)})

    def loss(prediction: Thing, y: float) -> Thing:
        if not isinstance(prediction, Thing) or "_value" not in prediction.table:
            raise Refused("loss_func takes the prediction first, then y")
        if not isinstance(y, (Array, float)) or np.size(y) != 1:
            raise Refused("loss_func takes the prediction, then y")
        x, error = prediction.table["_x"], prediction.table["_value"] - float(y)

        def backward() -> None:
            state["gradient"] += 2 * error * x

        return Thing("the loss", {"backward": Bound("backward", backward),
                                  "item": Bound("item", lambda: error * error)})  # fmt: skip

    def step() -> None:
        state["w"] -= LR * state["gradient"]
        weights.append(state["w"])

    def zero_grad(set_to_none: bool = True) -> None:
        state["gradient"] = 0.0

    clear = Bound("zero_grad", zero_grad)
    modes = {name: Bound(name, lambda: None) for name in ("train", "eval")}
    return {
        "batches": [(float(x), float(y)) for x, y in zip(inputs["x"], inputs["y"], strict=True)],
        "model": Thing("model", {"zero_grad": clear, **modes}, predict), "loss_func": Thing("loss_func", {}, loss),
        "opt": Thing("opt", {"zero_grad": clear, "step": Bound("step", step)}), "_weights": weights, "_state": state,
    }  # fmt: skip


def _steps_taken(run: Any) -> Array:
    """The weight after each step of the optimizer, and at the end."""
    weights = run.names["_weights"]
    if len(weights) not in (0, N_BATCHES):
        raise SnippetError(f"`opt.step()` is called {len(weights)} time{'s'[: len(weights) != 1]} for {N_BATCHES} "
                           "batches. It belongs into the loop, once for each batch.")  # fmt: skip
    return np.array([*weights, run.names["_state"]["w"]])


_STEP = "for x, y in batches:\n    {a}\n    loss = loss_func(model(x), y)\n    {b}\n    {c}\n"

TRAINING_STEP = Exercise(
    "training-step",
    "One step of training",
    "Three lines are missing: one clears the old gradients, one computes the new ones, one moves the weights. "
    "**Put them where they belong.** The check follows a network of one weight over three batches.",
    _STEP.format(a="...", b="...", c="..."),
    ("The optimizer `opt` has `zero_grad()` and `step()`; the `loss` has `backward()`.",
     "`backward()` *adds* to the gradients that are there. So they must be cleared before it, in every step.",
     "The order is: clear, compute the loss, `backward()`, `step()`."),
    _STEP.format(a="opt.zero_grad()", b="loss.backward()", c="opt.step()"),
    ByValue(
        inputs=lambda rng: {"w": _draw(rng), "x": _draw(rng, N_BATCHES) + 2, "y": _draw(rng, N_BATCHES)},
        names=_training, result=_steps_taken,
        accepted=(Accepted(_STEP.format(a="opt.zero_grad()", b="loss.backward()", c="opt.step()"),
                           "Each step uses the gradient of its own batch, and only that."),),
        mistakes=(
            Mistake(_STEP.format(a="pass", b="loss.backward()", c="opt.step()"),
                    "The gradients are not cleared in every step. `backward()` adds to them, so the third step moves "
                    "by the sum of three batches' gradients. (Once before the loop is not enough.)"),
            Mistake(_STEP.format(a="opt.zero_grad()", b="opt.step()", c="loss.backward()"),
                    "Nothing moves: when `step()` comes, the gradients have just been cleared, or were never computed. "
                    "`backward()` belongs between `zero_grad()` and `step()`."),
            Mistake(_STEP.format(a="pass", b="opt.step()", c="loss.backward()"),
                    "`step()` comes before `backward()`: each step uses the gradients of the batches before, and they "
                    "are never cleared."),
            Mistake(_STEP.format(a="opt.step()", b="opt.zero_grad()", c="loss.backward()"),
                    "`step()` comes before the batch's own `backward()`: each step uses the gradient of the batch "
                    "before, and the last one's is never used."),
            Mistake(_STEP.format(a="opt.zero_grad()", b="loss.backward()", c="pass"),
                    "Without `opt.step()` the gradients are computed and never used."),
            Mistake(_STEP.format(a="opt.zero_grad()", b="loss.backward()\n    loss.backward()", c="opt.step()"),
                    "`backward()` is called twice, so each gradient counts twice. (PyTorch would complain.)"),
        ),
    ).verdict,
)  # fmt: skip

_DIRECTION = "u = {}\n"

DIRECTION = Exercise(
    "filter-normalised",
    "A fair direction",
    "A random direction `d` has the shape of a layer's weights `w`: a row for each unit. To compare landscapes of "
    "different networks, each row of the direction gets the length of the same row of `w` (Li et al. 2018). **Write "
    "the normalised direction `u`.**",
    _DIRECTION.format("..."),
    ("A row's length is `w.norm(dim=1, keepdim=True)`; `keepdim` keeps it a column that fits beside the rows.",
     "Divide each row of `d` by its own length first: it is then 1 long.",
     "Then multiply by the length of the row of `w`."),
    _DIRECTION.format("d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)"),
    ByValue(
        inputs=lambda rng: {"d": _draw(rng, 3, 4), "w": _draw(rng, 3, 4) * 2}, result=variable("u"),
        accepted=(Accepted(_DIRECTION.format("d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)"),
                           "Each row of u now has the length of that unit's weights."),),
        mistakes=(
            Mistake(_DIRECTION.format("d / d.norm() * w.norm()"),
                    "This gives the whole matrix the right length, not each row: a unit with small weights would be "
                    "moved far, relative to them."),
            Mistake(_DIRECTION.format("d * w.norm(dim=1, keepdim=True)"),
                    "The rows of `d` keep their own lengths as well: divide by them first."),
            Mistake(_DIRECTION.format("d / d.norm(dim=1, keepdim=True)"), "Each row is 1 long now. It should be as "
                    "long as the row of `w`."),
            Mistake(_DIRECTION.format("d / w.norm(dim=1, keepdim=True) * d.norm(dim=1, keepdim=True)"),
                    "The two lengths are the wrong way round."),
            Mistake(_DIRECTION.format("d / d.norm(dim=0, keepdim=True) * w.norm(dim=0, keepdim=True)"),
                    "dim=0 runs down the columns: that is the length of a pixel's weights. A unit is a row: dim=1."),
            Mistake(_DIRECTION.format("w"), "That is the network itself: the direction was to be random."),
        ),
    ).verdict,
)  # fmt: skip

# --- norms ----------------------------------------------------------------------------------------------------------

_NORM_LAYERS = """\
model_{short} = nn.Sequential(
    nn.Flatten(),
    nn.Linear(input_shape, {first}),
    {one}
    nn.ReLU(),
    nn.Linear({first}, {second}),
    {two}
    nn.ReLU(),
    nn.Linear({second}, num_classes),
).to(device)
"""

BATCH_NORM_LAYERS = Exercise(
    "batch-norm-layers",
    "Batch norm, in layers",
    "The notebook's blank: **put `nn.BatchNorm1d` into both hidden layers, and fill in the sizes** "
    "(`input_shape // 2` and `input_shape // 4`).",
    _NORM_LAYERS.format(short="bn", first="...", second="...", one="...,", two="...,"),
    ("`nn.BatchNorm1d(n)` normalises each of n units over the batch: n is what the layer before gives.",
     "The first linear layer gives `input_shape // 2` numbers, so its norm is `nn.BatchNorm1d(input_shape // 2)`.",
     "The second gives `input_shape // 4`. Nothing follows the last layer."),
    _NORM_LAYERS.format(short="bn", first="input_shape // 2", second="input_shape // 4",
                        one="nn.BatchNorm1d(input_shape // 2),", two="nn.BatchNorm1d(input_shape // 4),"),
    ByNetwork("BatchNorm1d", CLEAN).verdict,
)  # fmt: skip

_BY_HAND = "x_hat = {}\n"
_BATCH_NORMED = "(x - x.mean(dim=0)) / torch.sqrt(x.var(dim=0, unbiased=False) + eps)"
_ROWS_NORMED = "(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True) + eps)"
_EPS = {"eps": 1e-3}


def _batch(rng: np.random.Generator) -> Inputs:
    """Five images with three units each, of different sizes."""
    return {"x": _draw(rng, 5, 3) * np.array([1.0, 10.0, 0.1]) + np.array([0.0, 5.0, -1.0])}


def _with_eps(inputs: Inputs) -> dict[str, Any]:
    return {**inputs, **_EPS}


BATCH_NORM_BY_HAND = Exercise(
    "batch-norm-by-hand",
    "Batch norm, by hand",
    "`x` is a batch: a row for each image, a column for each unit. **Write $\\hat x$ in training mode, without γ and "
    "β:** mean and *biased* variance over the batch, and `eps` under the root.",
    _BY_HAND.format("..."),
    ("Over the batch means along dimension 0: `x.mean(dim=0)` has a number for each unit.",
     "`x.var(dim=0)` divides by n − 1. Batch norm divides by n: `unbiased=False`.",
     "`(x - mean) / torch.sqrt(variance + eps)`."),
    _BY_HAND.format(_BATCH_NORMED),
    ByValue(
        inputs=_batch, names=_with_eps, result=variable("x_hat"), gradients=("x",),
        accepted=(Accepted(_BY_HAND.format(_BATCH_NORMED),
                           "Value and gradient are those of `nn.BatchNorm1d`: the gradient flows through mean and "
                           "variance too."),),
        mistakes=(
            Mistake(_BY_HAND.format("(x - x.mean()) / torch.sqrt(x.var(dim=0, unbiased=False) + eps)"),
                    "One mean for the whole table mixes the units: `x.mean()` needs dim=0, as the variance has it."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=0)) / torch.sqrt(x.var(dim=0) + eps)"),
                    "The variance here divides by n − 1. Batch norm normalises with the biased one: `unbiased=False`. "
                    "(Its running variance, for evaluation, is the unbiased one.)"),
            Mistake(_BY_HAND.format(_ROWS_NORMED),
                    "This normalises each image over its units: that is layer norm. The batch is dimension 0."),
            Mistake(_BY_HAND.format("(x - x.mean()) / torch.sqrt(x.var(unbiased=False) + eps)"),
                    "One mean and one variance for the whole table mix the units. Each unit has its own: dim=0."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=0)) / (x.var(dim=0, unbiased=False) + eps)"),
                    "This divides by the variance. The root is missing: the result must have variance 1."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=0)) / (x.std(dim=0, unbiased=False) + eps)"),
                    "Close: eps stands beside the root here. Batch norm adds it to the variance, under the root."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=0)) / torch.sqrt(x.var(dim=0, unbiased=False))"),
                    "eps is missing: a unit that is the same for the whole batch would be divided by 0."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=0)) / (x.std(dim=0) + eps)"),
                    "Two things: `std` divides by n − 1 unless `unbiased=False`, and eps belongs under the root, added "
                    "to the variance."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=0)) / x.std(dim=0)"),
                    "Two things: `std` divides by n − 1 unless `unbiased=False`, and eps is missing under the root."),
            Mistake(_BY_HAND.format("x - x.mean(dim=0) / torch.sqrt(x.var(dim=0, unbiased=False) + eps)"),
                    "Brackets: only the mean is divided here. It is (x − mean) that is."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=0)) / torch.sqrt(x.var(dim=0, unbiased=False)) + eps"),
                    "Brackets: eps is added to the result here. It belongs under the root."),
            Mistake(_BY_HAND.format("x / torch.sqrt(x.var(dim=0, unbiased=False) + eps)"),
                    "The mean is not subtracted."),
            Mistake(_BY_HAND.format("x - x.mean(dim=0)"), "The mean is gone, the variance is not 1 yet."),
        ),
    ).verdict,
)  # fmt: skip

_RUNNING = "running_mean = {}\n"

RUNNING_MEAN = Exercise(
    "running-mean",
    "The running mean",
    "After each batch the running mean takes a step towards the batch's. **Write the new `running_mean`** from the old "
    "one, the batch `x`, and `momentum` as PyTorch means it (0.1 by default).",
    _RUNNING.format("..."),
    ("PyTorch's momentum is the weight of what is *new*: 0.1 of the batch.",
     "So 1 − momentum is the weight of what was there.",
     "`(1 - momentum) * running_mean + momentum * x.mean(dim=0)`"),
    _RUNNING.format("(1 - momentum) * running_mean + momentum * x.mean(dim=0)"),
    ByValue(
        inputs=lambda rng: {**_batch(rng), "running_mean": _draw(rng, 3)},
        names=lambda inputs: {**inputs, "momentum": 0.1}, result=variable("running_mean"),
        accepted=(Accepted(_RUNNING.format("(1 - momentum) * running_mean + momentum * x.mean(dim=0)"),
                           "A tenth of the way towards the batch's mean, in each step."),),
        mistakes=(
            Mistake(_RUNNING.format("momentum * running_mean + (1 - momentum) * x.mean(dim=0)"),
                    "The weights are the other way round. That is how Keras counts; PyTorch's momentum is the share of "
                    "the new batch."),
            Mistake(_RUNNING.format("running_mean + momentum * x.mean(dim=0)"),
                    "Nothing of the old mean is given up: this grows without end."),
            Mistake(_RUNNING.format("x.mean(dim=0)"), "This forgets everything but the last batch."),
            Mistake(_RUNNING.format("(1 - momentum) * running_mean + momentum * x.mean()"),
                    "One mean for all units: each unit has its own, dim=0."),
            Mistake(_RUNNING.format("(1 - momentum) * running_mean + momentum * x.var(dim=0)"),
                    "That is the batch's variance; the running *mean* was asked for."),
            Mistake(_RUNNING.format("running_mean - momentum * (x.mean(dim=0) - running_mean)"),
                    "The sign: this moves away from the batch's mean."),
            Mistake(_RUNNING.format("(1 - momentum) * running_mean + momentum * x.sum(dim=0)"),
                    "That is the batch's sum: it would grow with the size of the batch."),
            Mistake(_RUNNING.format("momentum * x.mean(dim=0)"), "Of the old mean nothing is left here: it keeps the "
                                                                 "weight 1 − momentum."),
            Mistake(_RUNNING.format("running_mean"), "The running mean has not moved."),
        ),
    ).verdict,
)  # fmt: skip

LAYER_NORM_LAYERS = Exercise(
    "layer-norm-layers",
    "Layer norm, in layers",
    "The notebook's blank: **put `nn.LayerNorm` into both hidden layers** and fill in the sizes.",
    _NORM_LAYERS.format(short="ln", first="...", second="...", one="...,", two="...,"),
    ("`nn.LayerNorm(n)` normalises the n units of one image: n is what the layer before gives.",
     "After the first linear layer that is `input_shape // 2` = 392, not 784.",
     "After the second it is `input_shape // 4`. Nothing follows the last layer."),
    _NORM_LAYERS.format(short="ln", first="input_shape // 2", second="input_shape // 4",
                        one="nn.LayerNorm(input_shape // 2),", two="nn.LayerNorm(input_shape // 4),"),
    ByNetwork("LayerNorm", CLEAN).verdict,
)  # fmt: skip

LAYER_NORM_BY_HAND = Exercise(
    "layer-norm-by-hand",
    "Layer norm, by hand",
    "The same `x`: a row for each image, a column for each unit. **Write $\\hat x$ of layer norm**, biased variance, "
    "`eps` under the root.",
    _BY_HAND.format("..."),
    ("Now mean and variance run over the units of one image: `dim=1` (or −1).",
     "`x.mean(dim=1)` has one number for each image, in a row; `keepdim=True` makes it a column that fits beside x.",
     "`(x - mean) / torch.sqrt(variance + eps)` with both taken along dim=1, keepdim=True."),
    _BY_HAND.format(_ROWS_NORMED),
    ByValue(
        inputs=_batch, names=_with_eps, result=variable("x_hat"), gradients=("x",),
        accepted=(Accepted(_BY_HAND.format(_ROWS_NORMED), "Value and gradient are those of `nn.LayerNorm`. The same "
                           "line serves in training and in evaluation."),),
        mistakes=(
            Mistake(_BY_HAND.format(_BATCH_NORMED),
                    "This normalises each unit over the batch: that is batch norm. The units are dimension 1."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, keepdim=True) + eps)"),
                    "The variance here divides by n − 1; layer norm divides by n: `unbiased=False`."),
            Mistake(_BY_HAND.format("(x - x.mean()) / torch.sqrt(x.var(unbiased=False) + eps)"),
                    "One mean for the whole table: an image would depend on the others again."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=1, keepdim=True)) / (x.var(dim=1, unbiased=False, keepdim=True) "
                                    "+ eps)"), "This divides by the variance: the root is missing."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=1, keepdim=True)) / (x.std(dim=1, unbiased=False, keepdim=True) "
                                    "+ eps)"), "Close: eps belongs under the root, added to the variance."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=1, keepdim=True)) / (x.std(dim=1, keepdim=True) + eps)"),
                    "Two things: `std` divides by n − 1 unless `unbiased=False`, and eps belongs under the root, added "
                    "to the variance."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)"),
                    "Two things: `std` divides by n − 1 unless `unbiased=False`, and eps is missing under the root."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, unbiased=False, "
                                    "keepdim=True))"),
                    "eps is missing: an image whose units are all the same would be divided by 0."),
            Mistake(_BY_HAND.format("x - x.mean(dim=1, keepdim=True) / torch.sqrt(x.var(dim=1, unbiased=False, "
                                    "keepdim=True) + eps)"),
                    "Brackets: only the mean is divided here. It is (x − mean) that is."),
            Mistake(_BY_HAND.format("(x - x.mean(dim=1, keepdim=True)) / torch.sqrt(x.var(dim=1, unbiased=False, "
                                    "keepdim=True)) + eps"),
                    "Brackets: eps is added to the result here. It belongs under the root."),
            Mistake(_BY_HAND.format("x / torch.sqrt(x.var(dim=1, unbiased=False, keepdim=True) + eps)"),
                    "The mean is not subtracted."),
            Mistake(_BY_HAND.format("x - x.mean(dim=1, keepdim=True)"), "The mean is gone, the variance is not 1 yet."),
        ),
    ).verdict,
)  # fmt: skip

# --- dropout --------------------------------------------------------------------------------------------------------

_DROPOUT_LAYERS = """\
model_do = nn.Sequential(
    nn.Flatten(),
    nn.Linear(input_shape, input_shape // 2),
    nn.ReLU(),
    {one}
    nn.Linear(input_shape // 2, input_shape // 4),
    nn.ReLU(),
    {two}
    nn.Linear(input_shape // 4, num_classes),
).to(device)
"""

DROPOUT_LAYERS = Exercise(
    "dropout-layers",
    "Dropout, in layers",
    "The notebook's blank: **switch off the units of both hidden layers in training.** Which p is yours to choose.",
    _DROPOUT_LAYERS.format(one="...,", two="...,"),
    ("`nn.Dropout(p)` switches each number that reaches it off with probability p.",
     "It takes no size: it works on whatever shape comes.",
     "`nn.Dropout(0.5)` after each ReLU."),
    _DROPOUT_LAYERS.format(one="nn.Dropout(0.5),", two="nn.Dropout(0.5),"),
    ByNetwork("Dropout", SMALL_AND_NOISY).verdict,
)  # fmt: skip

_MASKED = "h_train = {}\n"

DROPOUT_BY_HAND = Exercise(
    "dropout-by-hand",
    "Dropout, by hand",
    "`h`: activations. `mask`: 1 for units that stay and 0 for those that are off, each off with probability `p`. "
    "**Write what PyTorch's dropout hands on in training**, so that evaluation need not change anything.",
    _MASKED.format("..."),
    ("Switching off is a product: `h * mask`.",
     "On average only 1 − p of it is left. The expected value must be `h`.",
     "So divide by `1 - p`."),
    _MASKED.format("h * mask / (1 - p)"),
    ByValue(
        inputs=lambda rng: {"h": _draw(rng, 3, 4), "mask": (rng.random((3, 4)) > 0.25).astype(float)},
        names=lambda inputs: {**inputs, "p": 0.25}, result=variable("h_train"), gradients=("h",),
        accepted=(Accepted(_MASKED.format("h * mask / (1 - p)"),
                           "The expected value is h: (1 − p) · h / (1 − p). Evaluation hands on h as it is."),),
        mistakes=(
            Mistake(_MASKED.format("h * mask"), "This is the paper's way: nothing is scaled in training, and "
                                                "evaluation multiplies by 1 − p. PyTorch scales in training."),
            Mistake(_MASKED.format("h * mask / p"), "p is the probability to be *off*. What stays is 1 − p of it."),
            Mistake(_MASKED.format("h * mask * (1 - p)"), "This shrinks twice: once by the mask, once by 1 − p. "
                                                          "Divide."),
            Mistake(_MASKED.format("h / (1 - p)"), "Nothing is switched off: the mask is not used."),
            Mistake(_MASKED.format("h * (1 - mask) / (1 - p)"), "The mask is turned round: 1 means *stays* here."),
            Mistake(_MASKED.format("h * mask * p"), "p is the probability to be off, and the sum must grow, not "
                                                    "shrink: divide by 1 − p."),
            Mistake(_MASKED.format("h * mask + (1 - mask)"), "Units that are off should hand on 0, not 1."),
            Mistake(_MASKED.format("h * mask / mask.mean()"), "This divides by the share of ones in *this* mask. "
                    "PyTorch divides by 1 − p, the expected share."),
            Mistake(_MASKED.format("h * mask / 1 - p"), "Brackets: this divides by 1, and then subtracts p. "
                                                       "`/ (1 - p)`."),
            Mistake(_MASKED.format("mask / (1 - p)"), "That is the scaled mask; multiply `h` by it."),
        ),
    ).verdict,
)  # fmt: skip

# --- L1 and L2 ------------------------------------------------------------------------------------------------------

_L1 = "def compute_l1_loss(self, w):\n    return {}\n"
_L2 = "def compute_l2_loss(self, w):\n    return {}\n"


def _weights(rng: np.random.Generator) -> Inputs:
    return {"w": _draw(rng, 2, 3) * 2}


def _with_self(inputs: Inputs) -> dict[str, Any]:
    return {**inputs, "self": Thing("self", {})}


_MEAN = "This is the mean: the penalty would depend on how large the layer is. The course's λ goes with the sum."

L1_LOSS = Exercise(
    "l1-loss",
    "compute_l1_loss",
    "The notebook's blank: `w` is one layer's weights, a tensor of any shape. **Return its L1 penalty, Σ|w|**, one "
    "number.",
    _L1.format("..."),
    ("`w.abs()` takes the size of each weight.", "`.sum()` adds up all numbers of a tensor.", "`w.abs().sum()`"),
    _L1.format("w.abs().sum()"),
    ByValue(
        inputs=_weights, names=_with_self, result=returned("compute_l1_loss", "self", "w"), gradients=("w",),
        accepted=(Accepted(_L1.format("w.abs().sum()"), "Value Σ|w|, gradient sign(w)."),),
        mistakes=(
            Mistake(_L1.format("w.sum()"), "Positive and negative weights cancel here: the sizes are to be added, "
                                           "|w|."),
            Mistake(_L1.format("w.square().sum()"), "This squares: that is L2's penalty."),
            Mistake(_L1.format("w.abs().mean()"), _MEAN),
            Mistake(_L1.format("w.abs()"), "This has a number for each weight. A penalty is one number: add them up."),
            Mistake(_L1.format("w.norm()"), "`w.norm()` is the 2-norm, the root of Σw². For L1: `w.norm(p=1)`."),
            Mistake(_L1.format("torch.linalg.norm(w, 1)"), "For a matrix `torch.linalg.norm(w, 1)` is the largest "
                    "column sum, a norm of the matrix. `torch.linalg.vector_norm(w, 1)` adds up all sizes."),
            Mistake(_L1.format("-w.abs().sum()"), "The sign: this would reward large weights."),
            Mistake(_L1.format("w.abs().sum().square()"), "The sum is squared once more."),
            Mistake(_L1.format("w.abs().max()"), "This is only the largest weight (the ∞-norm)."),
            Mistake(_L1.format("w.sum().abs()"), "First the sizes, then the sum: here weights of opposite sign "
                                                 "cancel."),
            Mistake(_L1.format("w.sign().sum()"), "This counts signs; the sizes are missing. (sign(w) is the "
                                                  "*gradient* of |w|.)"),
        ),
    ).verdict,
)  # fmt: skip

L2_LOSS = Exercise(
    "l2-loss",
    "compute_l2_loss",
    "**Return the L2 penalty of `w`, Σw²**, one number. (λ stands elsewhere, and there is no ½ in the notebook.)",
    _L2.format("..."),
    ("`w ** 2` or `w.square()` squares each weight.", "`.sum()` adds them up.", "`w.square().sum()`"),
    _L2.format("w.square().sum()"),
    ByValue(
        inputs=_weights, names=_with_self, result=returned("compute_l2_loss", "self", "w"), gradients=("w",),
        accepted=(Accepted(_L2.format("w.square().sum()"), "Value Σw², gradient 2w."),),
        mistakes=(
            Mistake(_L2.format("w.norm()"), "This is the *root* of Σw². Its gradient has the length 1 whatever w is: "
                    "small weights would be pulled as hard as large ones. Square it, or leave the root out."),
            Mistake(_L2.format("w.square().sum() / 2"), "½Σw² is what `weight_decay` means. The notebook's penalty "
                                                        "has no ½."),
            Mistake(_L2.format("w.abs().sum()"), "This is L1's penalty: the square is missing."),
            Mistake(_L2.format("w.square().mean()"), _MEAN),
            Mistake(_L2.format("w.square()"), "This has a number for each weight. A penalty is one number: add them "
                                              "up."),
            Mistake(_L2.format("w.sum().square()"), "First square, then add: here weights of opposite sign cancel."),
            Mistake(_L2.format("-w.square().sum()"), "The sign: this would reward large weights."),
            Mistake(_L2.format("w.sum()"), "The square is missing, and so positive and negative weights cancel."),
            Mistake(_L2.format("2 * w"), "2w is the *gradient* of Σw²; the penalty itself was asked for."),
            Mistake(_L2.format("torch.linalg.norm(w, 2) ** 2"), "For a matrix `torch.linalg.norm(w, 2)` is its largest "
                    "singular value. Without the 2, or as `torch.linalg.vector_norm(w)`, it is the root of Σw²."),
            Mistake(_L2.format("2 * w.sum()"), "2w is the *gradient* of w²; the penalty itself was asked for."),
            Mistake(_L2.format("w.square().sum().square()"), "Squared twice."),
            Mistake(_L2.format("w.square().sum() * 2"), "There is a factor 2 too much."),
        ),
    ).verdict,
)  # fmt: skip

_BRANCH = """\
{name}_weight = 0.001
{name}_parameters = []
for parameter in model.parameters():
    {loop}
{name} = {total}
loss += {name}
"""
SIZES = {"linear1.weight": (3, 4), "linear1.bias": (3,), "linear2.weight": (2, 3), "linear2.bias": (2,)}
STRENGTH = 1e-3


def _small_model(inputs: Inputs) -> dict[str, Any]:
    """A model of two layers, by the names that the notebook's class gives it, and a loss of one number."""
    held = {name: inputs[name] for name in SIZES}
    by_layer = [
        Thing(f"linear{i}", {"weight": held[f"linear{i}.weight"], "bias": held[f"linear{i}.bias"]}) for i in (1, 2)
    ]
    methods = {
        "parameters": Bound("parameters", lambda: list(held.values())),
        "named_parameters": Bound("named_parameters", lambda: list(held.items())),
        "compute_l1_loss": Bound("compute_l1_loss", lambda w: METHODS["abs"](w).sum()),
        "compute_l2_loss": Bound("compute_l2_loss", lambda w: METHODS["square"](w).sum()),
        "layers": by_layer,
    }
    return {"model": Thing("model", methods), "loss": inputs["loss"]}


def _model_inputs(rng: np.random.Generator) -> Inputs:
    return {**{name: _draw(rng, *shape) for name, shape in SIZES.items()}, "loss": np.abs(_draw(rng)) + 1}


def _branch(name: str, one: str, wrong_one: str, wrong_says: str) -> Exercise:
    """The L1 or the L2 branch of the notebook's training loop. one: the penalty of one parameter."""
    term = f"model.compute_{name}_loss(parameter)"

    def text(loop: str = "", total: str = "") -> str:
        return _BRANCH.format(name=name, loop=loop or f"{name}_parameters.append({term})",
                              total=total or f"{name}_weight * sum({name}_parameters)")  # fmt: skip

    weights_only = text(loop=f"if parameter.dim() > 1:\n        {name}_parameters.append({term})")
    field = {name: STRENGTH}
    return Exercise(
        f"{name}-branch",
        f"The {name.upper()} branch of the training loop",
        f"The notebook's blank, for every batch: collect the {name.upper()} penalties of all parameters, add them up, "
        f"weigh them, and add them to the loss. `model.compute_{name}_loss(w)` gives {one} of one tensor. **Fill in "
        "the two blanks.**",
        text(loop=f"{name}_parameters.append(...)", total="..."),
        (f"In the loop: append `model.compute_{name}_loss(parameter)`, one number for each parameter.",
         f"After it: `sum({name}_parameters)` adds the list up.",
         f"And λ: `{name} = {name}_weight * sum({name}_parameters)`."),
        text(),
        ByValue(
            inputs=_model_inputs, names=_small_model, result=variable("loss"), gradients=("loss", *SIZES),
            accepted=(
                Accepted(text(), "λ times the sum over all parameters, the biases included, as in the notebook. (The "
                         "course's sliders leave the biases out.)",
                         replace(SMALL_AND_NOISY, penalised="all", **field)),
                Accepted(weights_only, "λ times the sum over the weight matrices; the biases are left out, as is "
                                       "usual.",
                         replace(SMALL_AND_NOISY, **field)),
            ),
            mistakes=(
                Mistake(text(total=f"sum({name}_parameters)"),
                        f"λ is missing: `{name}_weight` is never used, so the penalty is a thousand times too strong."),
                Mistake(text(total=f"{name}_weight * {name}_parameters[-1]"),
                        "Only the last parameter is penalised: the sum over the list is missing."),
                Mistake(text(total=f"{name}_weight * {name}_parameters[0]"), "Only the first parameter is penalised."),
                Mistake(text(total=f"{name}_weight * sum({name}_parameters) / len({name}_parameters)"),
                        "This is the mean over the parameter tensors, not their sum."),
                Mistake(text(total=f"-{name}_weight * sum({name}_parameters)"),
                        "The sign: the penalty is subtracted, so large weights would be rewarded."),
                Mistake(text(loop=f"{name}_parameters.append({wrong_one})"), wrong_says),
                Mistake(text(loop=f"{name}_parameters.append(parameter.sum())"),
                        f"The parameters are summed with their signs: {one} was asked for."),
                Mistake(text(loop="if parameter.dim() == 1:\n        " + f"{name}_parameters.append({term})"),
                        "These are the biases alone; it is the weights that are penalised."),
                Mistake(text(total="0"), "Nothing is added to the loss."),
                *(Mistake(text().replace("0.001", other), f"λ was to stay 0.001; here it is {other}.")
                  for other in ("0.0001", "0.01", "0.1", "0.00001")),
                Mistake(text().replace("loss +=", "loss ="), "The loss itself is gone: the penalty takes its place "
                        "instead of being added."),
                Mistake(text() + f"loss += {name}\n", "The penalty is added twice."),
                Mistake(text(total=f"{name}_weight * sum({name}_parameters) / 2"), "There is a ½ that the notebook has "
                        "not."),
                Mistake(text(total=f"{name}_weight * (sum({name}_parameters) - {name}_parameters[-1])"),
                        "The last parameter is missing from the sum."),
                Mistake(text(total=f"{name}_weight ** 2 * sum({name}_parameters)"), "λ is squared."),
                *((Mistake(text(total=f"{name}_weight * sum({name}_parameters) ** 0.5"),
                           "The root of Σw² is its 2-norm; the penalty is Σw² itself."),
                   Mistake(text(loop=f"{name}_parameters.append(parameter.norm())"),
                           "These are the 2-norms, the roots of Σw²: they are not squared."),) if name == "l2" else ()),
            ),
        ).verdict,
    )  # fmt: skip


L1_BRANCH = _branch("l1", "Σ|w|", "model.compute_l2_loss(parameter)", "These are squares: that is the L2 penalty.")
L2_BRANCH = _branch(
    "l2", "Σw²", "model.compute_l1_loss(parameter)", "These are sizes, not squares: that is the L1 penalty."
)

_PROXIMAL = "w_new = {}\n"
_SOFT = "w.sign() * (w.abs() - t).clamp(min=0)"
_SOFT_MISTAKES = (
    (
        "w - t * w.sign()",
        "This is the subgradient's step: where |w| < t the weight is thrown past 0 and changes its "
        "sign. Cut the size |w| − t at 0.",
    ),
    ("(w.abs() - t).clamp(min=0)", "The sign of w is lost: negative weights come back positive."),
    ("(w - t).clamp(min=0)", "This is right for positive weights only; negative ones all become 0."),
    ("torch.where(w.abs() > t, w, 0)", "This is *hard* thresholding: large weights are not shrunk at all."),
    ("w * (1 - t)", "This scales, as L2 does: no weight ever becomes 0."),
    ("w / (1 + 2 * t)", "That is L2's proximal map: it scales, and nothing becomes 0."),
    ("w.clamp(min=-t, max=t)", "This cuts large weights down to t, the other way round."),
    ("w - w.clamp(min=-t, max=t) * 2", "Twice too far."),
    ("w + t * w.sign()", "The sign: this moves every weight away from 0."),
    ("w - t", "This moves every weight down by t, the negative ones away from 0."),
)

PROXIMAL_STEP = Exercise(
    "proximal-step",
    "The proximal step",
    "After a step of SGD every weight is moved towards 0 by `t` = learning rate × λ₁, **but not past it**. `w`: a "
    "tensor of weights. **Write `w_new`.**",
    _PROXIMAL.format("..."),
    ("The size becomes |w| − t, or 0 where that is negative.",
     "`.clamp(min=0)` cuts negative numbers to 0.",
     "Multiply by `w.sign()` to give the sign back."),
    _PROXIMAL.format(_SOFT),
    ByValue(
        inputs=lambda rng: {"w": np.concatenate([_draw(rng, 5), [0.05, -0.05, 0.0]])},
        names=lambda inputs: {**inputs, "t": 0.3}, result=variable("w_new"),
        accepted=(Accepted(_PROXIMAL.format(_SOFT), "This is soft thresholding: weights within t of 0 are exactly 0.",
                           replace(SMALL_AND_NOISY, l1=STRENGTH, l1_method="proximal")),),
        mistakes=tuple(Mistake(_PROXIMAL.format(text), says) for text, says in _SOFT_MISTAKES),
    ).verdict,
)  # fmt: skip

# --- norm maths -----------------------------------------------------------------------------------------------------

_TWO_NORMS = "l2 = {}\nl1 = {}\nboth = torch.stack([l2, l1])\n"


def _short_vector(rng: np.random.Generator) -> Inputs:
    """x = (1, ε) and d = (0, δ), δ past ε; and ε and δ by their names in the text."""
    epsilon, delta = np.array(rng.uniform(0.05, 0.5)), np.array(rng.uniform(0.6, 1.5))
    return {"x": np.array([1.0, epsilon]), "d": np.array([0.0, delta]), "epsilon": epsilon, "delta": delta}


NORMS_OF_X = Exercise(
    "norms-of-x",
    "The two norms",
    "`x` is the vector (1, ε), `d` the move (0, δ); `epsilon` and `delta` are there too. **Write ‖x − d‖²₂ and ‖x − "
    "d‖₁**, so that they hold for every δ, also past ε. (The last line only hands both to the check.)",
    _TWO_NORMS.format("...", "..."),
    ("`x - d` is the vector (1, ε − δ).",
     "The squared L2 norm adds up squares, the L1 norm sizes.",
     "`((x - d) ** 2).sum()` and `(x - d).abs().sum()`"),
    _TWO_NORMS.format("((x - d) ** 2).sum()", "(x - d).abs().sum()"),
    ByValue(
        inputs=_short_vector, result=variable("both"),
        accepted=(Accepted(_TWO_NORMS.format("((x - d) ** 2).sum()", "(x - d).abs().sum()"),
                           "And past δ = ε the L1 norm rises again: 1 + δ − ε."),),
        mistakes=(
            Mistake(_TWO_NORMS.format("((x - d) ** 2).sum()", "(x - d).sum()"),
                    "This is the notebook's 1 − δ + ε. Past δ = ε the second coordinate is negative, and its size is "
                    "δ − ε: take the absolute values."),
            Mistake(_TWO_NORMS.format("(x - d).norm()", "(x - d).abs().sum()"),
                    "The L2 norm was to be squared: leave the root out."),
            Mistake(_TWO_NORMS.format("(x - d).abs().sum()", "((x - d) ** 2).sum()"), "The two are interchanged."),
            Mistake(_TWO_NORMS.format("(x ** 2 - d ** 2).sum()", "(x - d).abs().sum()"),
                    "(x − d)² is not x² − d²: subtract first, then square."),
            Mistake(_TWO_NORMS.format("((x + d) ** 2).sum()", "(x + d).abs().sum()"), "The move is subtracted: x − d."),
            Mistake(_TWO_NORMS.format("(x ** 2).sum()", "x.abs().sum()"), "These are the norms of x itself: d is not "
                    "subtracted."),
        ),
    ).verdict,
)  # fmt: skip

_SHRUNK = "w_l2 = {}\n"

RIDGE = Exercise(
    "l2-shrinks",
    "What L2 makes of a weight",
    "The loss wants a weight at `a`: it is ½(w − a)². Add the penalty λw², with λ = `lam`. **Where is the minimum?** "
    "Write `w_l2` for a tensor `a` of such wishes.",
    _SHRUNK.format("..."),
    ("At the minimum the derivative is 0: (w − a) + 2λw = 0.",
     "Solve for w: w(1 + 2λ) = a.",
     "`a / (1 + 2 * lam)`"),
    _SHRUNK.format("a / (1 + 2 * lam)"),
    ByValue(
        inputs=lambda rng: {"a": _draw(rng, 5)}, names=lambda inputs: {**inputs, "lam": 0.7}, result=variable("w_l2"),
        accepted=(Accepted(_SHRUNK.format("a / (1 + 2 * lam)"),
                           "Every weight is scaled by the same factor, and none but a = 0 becomes 0."),),
        mistakes=(
            Mistake(_SHRUNK.format("a / (1 + lam)"), "That is for the penalty (λ/2)w². Here it is λw², whose "
                                                     "derivative is 2λw."),
            Mistake(_SHRUNK.format("a * (1 - 2 * lam)"), "This is one gradient step of length 1, not the minimum."),
            Mistake(_SHRUNK.format("a.sign() * (a.abs() - lam).clamp(min=0)"), "That is L1's answer: soft "
                                                                               "thresholding."),
            Mistake(_SHRUNK.format("a / (2 * lam)"), "The loss's own curvature, 1, is missing from the denominator."),
            Mistake(_SHRUNK.format("a"), "That is where the loss alone wants the weight."),
            Mistake(_SHRUNK.format("a - 2 * lam"), "The pull 2λw depends on w; this subtracts the same from all."),
            Mistake(_SHRUNK.format("a / 1 + 2 * lam"), "Brackets: this divides by 1, and then adds 2λ."),
            Mistake(_SHRUNK.format("a / (1 - 2 * lam)"), "The sign: the penalty pulls towards 0."),
        ),
    ).verdict,
)  # fmt: skip

_L1_MINIMUM = "w_l1 = {}\n"

LASSO = Exercise(
    "l1-zeroes",
    "What L1 makes of it",
    "The same loss ½(w − a)², now with the penalty λ|w|. **Where is the minimum?** For small wishes it is exactly 0.",
    _L1_MINIMUM.format("..."),
    ("For w > 0 the derivative is (w − a) + λ: zero at w = a − λ, if that is positive.",
     "For w < 0 it is zero at w = a + λ, if that is negative. Else the minimum is the kink, 0.",
     "In one line: `a.sign() * (a.abs() - lam).clamp(min=0)`"),
    _L1_MINIMUM.format("a.sign() * (a.abs() - lam).clamp(min=0)"),
    ByValue(
        inputs=lambda rng: {"a": np.concatenate([_draw(rng, 5), [0.2, -0.2]])},
        names=lambda inputs: {**inputs, "lam": 0.4}, result=variable("w_l1"),
        accepted=(Accepted(_L1_MINIMUM.format("a.sign() * (a.abs() - lam).clamp(min=0)"),
                           "Every wish is cut by λ, and those within λ of 0 are exactly 0."),),
        mistakes=(
            Mistake(_L1_MINIMUM.format("a - lam"), "This moves every wish down by λ, the negative ones away from 0."),
            Mistake(_L1_MINIMUM.format("a - lam * a.sign()"), "Where |a| < λ this lands on the other side of 0; there "
                    "the minimum is the kink, 0 itself."),
            Mistake(_L1_MINIMUM.format("(a.abs() - lam).clamp(min=0)"), "The sign of a is lost."),
            Mistake(_L1_MINIMUM.format("(a - lam).clamp(min=0)"), "Right for positive wishes; negative ones all "
                                                                  "become 0."),
            Mistake(_L1_MINIMUM.format("torch.where(a.abs() > lam, a, 0)"), "The large ones are shrunk by λ too: this "
                                                                            "is "
                    "hard thresholding."),
            Mistake(_L1_MINIMUM.format("a / (1 + 2 * lam)"), "That is L2's answer: it scales, and nothing becomes 0."),
            Mistake(_L1_MINIMUM.format("a.sign() * (a.abs() - 2 * lam).clamp(min=0)"),
                    "The derivative of λ|w| is λ sign(w): there is no 2."),
        ),
    ).verdict,
)  # fmt: skip

FILL_IN: dict[str, tuple[Exercise, ...]] = {
    "baseline": (PERCEPTRON, TRAINING_STEP, DIRECTION),
    "batch_norm": (BATCH_NORM_LAYERS, BATCH_NORM_BY_HAND, RUNNING_MEAN),
    "layer_norm": (LAYER_NORM_LAYERS, LAYER_NORM_BY_HAND),
    "dropout": (DROPOUT_LAYERS, DROPOUT_BY_HAND),
    "l1_l2": (L1_LOSS, L2_LOSS, L1_BRANCH, L2_BRANCH, PROXIMAL_STEP),
    "norm_math": (NORMS_OF_X, RIDGE, LASSO),
}
"""Lesson → its exercises, in the order of the page."""
