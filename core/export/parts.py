"""The steps of a training as plain PyTorch: the text that core/export/document.py makes a script or a notebook of.

The text draws every random number as core/ does, so that it gives the app's numbers up to rounding, and it holds only
the lines that its config needs. Whatever is put into it comes from a validated RunConfig, as the repr of a number or as
one of our own words.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from core.config import DIGITS, FIELDS, FULL, SMALL_AND_NOISY, RunConfig
from core.results.run import SMALL_RUN, TRAIN_SUBSET, Diverged, Outcome, Run, expected_seconds
from core.results.surface import SurfaceSpec
from core.techniques import COLOURS, technique_of

SURFACE_POINTS = 21
"""Along an axis. Every second one of the app's 41: the same picture in a quarter of the time."""


@dataclass(frozen=True)
class Part:
    """One step of the text: a cell of explanation and a cell of code. The first part has no code."""

    key: str
    title: str
    words: str
    """Short paragraphs, a blank line between them; they must read well as comments and as Markdown."""
    code: str


def parts(config: RunConfig, expected: Outcome | None = None) -> tuple[Part, ...]:
    """The text in reading order. Raises ValueError where `expected` is the outcome of another config."""
    if expected is not None and expected.config != config:
        raise ValueError("these numbers belong to another config")
    written = (
        _head(config, expected),
        _imports(config),
        _settings(config),
        _random_numbers(),
        _data(config),
        *([_label_noise()] if config.label_noise else []),
        _network(config),
        *([_penalties(config)] if config.l1 or config.l2 else []),
        _optimizer(config),
        *([_proximal(config)] if _is_proximal(config) else []),
        _evaluation(config),
        _training(config),
        _results(config, expected),
        _numbers(),
        _curves(config),
        _weights(config),
        _surface(config),
    )
    return tuple(Part(part.key, part.title, part.words.strip(), part.code.strip("\n")) for part in written)


# --- templates -------------------------------------------------------------------------------------------------------


def _fill(template: str, **values: str) -> str:
    """`template` with each $name replaced.

    A line of nothing but $name becomes the lines of the value, indented as it was, or is left out where that is empty.
    So a template looks like the code that it becomes.
    """
    lines = []
    for line in template.strip("\n").split("\n"):
        alone = re.fullmatch(r"( *)\$(\w+)", line)
        if alone is None:
            lines.append(re.sub(r"\$(\w+)", lambda found: values[found[1]], line))
        elif values[alone[2]]:
            lines.append(textwrap.indent(values[alone[2]].strip("\n"), alone[1]))
    return "\n".join(lines)


def _literal(value: int | float) -> str:
    """A number as Python writes it, thousands apart."""
    return f"{value:_}" if isinstance(value, int) else repr(value)


def _told(config: RunConfig, name: str) -> str:
    """A setting's value as the app writes it."""
    return FIELDS[name].format(getattr(config, name))


# --- what a config is called ----------------------------------------------------------------------------------------


def stem(config: RunConfig) -> str:
    """The technique, the images, what is not as in the full or the small setting, the seed. No two configs share it."""
    techniques = [
        config.norm != "none" and f"{config.norm}-norm" + ("-after" if config.norm_position == "after" else ""),
        config.dropout and f"dropout-{_told(config, 'dropout')}",
        config.l1 and f"l1-{_told(config, 'l1')}" + ("-proximal" if config.l1_method == "proximal" else ""),
        config.l2 and f"l2-{_told(config, 'l2')}" + ("-decoupled" if config.l2_method == "decoupled" else ""),
        config.penalised == "all" and "biases-too",
    ]
    base = DIGITS if config.dataset == "digits" else SMALL_AND_NOISY if config.n_train <= SMALL_RUN else FULL
    others = {
        "label_noise": f"noise-{_told(config, 'label_noise')}",
        "epochs": _count(config.epochs, "epoch").replace(" ", "-"),
        "batch_size": f"batch-{config.batch_size}",
        "lr": f"lr-{_told(config, 'lr')}",
        "optimizer": config.optimizer,
    }
    others = [text for name, text in others.items() if getattr(config, name) != getattr(base, name)]
    images = f"{config.n_train}-{'digits' if config.dataset == 'digits' else 'images'}"
    named = [name for name in techniques if name] or ["plain"]
    return "_".join((*named, images, *others, f"seed-{config.seed}"))


def _techniques(config: RunConfig) -> str:
    """What is added to the plain network, in words that go on after a comma."""
    where = "biases too" if config.penalised == "all" else "weights only"
    l1 = "a proximal step" if config.l1_method == "proximal" else "a term of the loss"
    l2 = "decoupled from the gradient" if config.l2_method == "decoupled" else "a term of the loss"
    named = [
        config.norm != "none" and f"{config.norm} norm {config.norm_position} the ReLU",
        config.dropout and f"dropout (p = {_told(config, 'dropout')})",
        config.l1 and f"L1 (λ₁ = {_told(config, 'l1')}, {where}, {l1})",
        config.l2 and f"L2 (λ₂ = {_told(config, 'l2')}, {where}, {l2})",
    ]
    named = [name for name in named if name]
    return f"with {_listed(named)}" if named else "without regularization"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _duration(config: RunConfig) -> str:
    """How long the text takes: the app's time threefold, since another machine may be slow or busy, and a quarter of a
    minute for the surface and the figures."""
    minutes = 3 * expected_seconds(config) / 60 + 0.25
    if minutes < 0.8:
        return "less than a minute"
    if minutes < 90:
        return f"about {_count(math.ceil(minutes), 'minute')}"
    return f"about {_count(math.ceil(minutes / 60), 'hour')}"


def packages(config: RunConfig) -> tuple[str, ...]:
    return ("torch", "scikit-learn" if config.dataset == "digits" else "torchvision", "numpy", "matplotlib")


def _in_loss(config: RunConfig) -> list[str]:
    """The penalties that are a term of the loss, as functions of the text."""
    l1 = config.l1 and config.l1_method == "subgradient"
    l2 = config.l2 and config.l2_method == "loss"
    return [name for name, is_there in (("l1_penalty()", l1), ("l2_penalty()", l2)) if is_there]


def _is_proximal(config: RunConfig) -> bool:
    return config.l1 > 0 and config.l1_method == "proximal"


def _is_decoupled(config: RunConfig) -> bool:
    return config.l2 > 0 and config.l2_method == "decoupled"


# --- the parts ------------------------------------------------------------------------------------------------------


def _head(config: RunConfig, expected: Outcome | None) -> Part:
    facts = config.facts
    sizes = "-".join(map(str, (facts.n_inputs, *facts.widths, len(facts.class_names))))
    noise = f", {100 * config.label_noise:.15g} % of their labels wrong" if config.label_noise else ""
    optimizer = "Adam" if config.optimizer == "adam" else "SGD"
    drawn = [
        *(["images"] if config.held_out == "validation" else []),
        *(["wrong labels"] if config.label_noise else []),
        *("first weights", "batches"),
        *(["dropout masks"] if config.dropout else []),
    ]
    words = (
        f"A perceptron {sizes} learns from {config.n_train:,} images{noise}, {_techniques(config)}. "
        f"{optimizer} trains it at a learning rate of {_told(config, 'lr')} for {_count(config.epochs, 'epoch')}, in "
        f"batches of {config.batch_size:,}. On an ordinary processor that takes {_duration(config)}. It is "
        "plain PyTorch, to be read, run and changed.\n\n"
        f"It draws the same {_listed(drawn)} as the app “Regularization, seen” that wrote it. Its numbers are the "
        "app's up to rounding: the app multiplies matrices by another library, oneDNN, which adds in another order. So "
        f"the last digits differ, and each step makes the difference larger. {_agreement(config)}\n\n"
    )
    if isinstance(expected, Run):
        width = max(map(len, _app_numbers(expected)))
        rows = [f"    {name:<{width}}  {_shown(value)}" for name, value in _app_numbers(expected).items()]
        words += "The app's numbers, to expect here:\n\n" + "\n".join(rows)
    elif isinstance(expected, Diverged):
        words += (
            f"In the app this training diverged: its loss was no finite number at step {expected.step:,} of "
            f"{config.steps:,}. Expect the same here."
        )
    short = {"norm": f"{config.norm} norm", "dropout": "dropout", "l1": "L1", "l2": "L2"}
    added = [word for name, word in short.items() if getattr(config, name) != FIELDS[name].default]
    title = f"{facts.label}, {config.n_train:,} images, {_listed(added) or 'no regularization'}."
    return Part("head", title, words, "")


def _agreement(config: RunConfig) -> str:
    """How far the numbers agree, as measured (`python -m bench.export`)."""
    if config.norm == "batch":
        return (
            "With batch norm it grows fast: after some dozens of steps the losses agree to about three digits, after a "
            "thousand hardly to one, and the accuracies to some percentage points."
        )
    return (
        "After some dozens of steps the losses agree to four digits or more, after a thousand to one or two, and the "
        "accuracies to about a percentage point."
    )


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _app_numbers(run: Run) -> dict[str, float]:
    """A run's numbers under the names that the text prints its own with."""
    numbers = {
        "training loss": run.last.train_loss,
        "training accuracy": run.last.train_accuracy,
        f"{run.config.held_out} loss": run.last.held_out_loss,
        f"{run.config.held_out} accuracy": run.last.held_out_accuracy,
        "test loss": run.test_last.loss,
        "test accuracy": run.test_last.accuracy,
        "best epoch": run.best_epoch,
        "test loss at the best epoch": run.test_best.loss,
        "test accuracy at the best epoch": run.test_best.accuracy,
    }
    return {name: value if isinstance(value, int) else float(value) for name, value in numbers.items()}


def _imports(config: RunConfig) -> Part:
    digits = config.dataset == "digits"
    code = _fill(
        """
import copy
import csv
import math
$os
from collections import OrderedDict

import numpy as np
import torch
$sklearn
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
$torchvision
""",
        os="" if digits else "import os",
        sklearn="from sklearn.datasets import load_digits" if digits else "",
        torchvision="" if digits else "from torchvision.datasets import FashionMNIST",
    )
    needed_for = "scikit-learn only for the images" if digits else "torchvision only for the images"
    return Part("imports", "Imports", f"PyTorch and numpy; {needed_for}.", code)


def _settings(config: RunConfig) -> Part:
    threads = "1" if config.n_train <= SMALL_RUN else "min(2, os.cpu_count() or 1)"
    settings = [
        f'name = "{stem(config)}"',
        f"seed = {_literal(config.seed)}",
        config.held_out == "validation"
        and f"n_train = {_literal(config.n_train)}  # images to learn from, up to {config.facts.n_pool:,}",
        config.label_noise
        and f"label_noise = {_literal(config.label_noise)}  # share of the training labels that is wrong",
        config.dropout and f"p = {_literal(config.dropout)}  # probability to switch a hidden unit off",
        config.l1 and f"lambda_1 = {_literal(config.l1)}  # strength of L1, λ₁·Σ|w|",
        config.l2 and f"lambda_2 = {_literal(config.l2)}  # strength of L2, λ₂·Σw²",
        f"epochs = {_literal(config.epochs)}",
        f"batch_size = {_literal(config.batch_size)}",
        f"lr = {_literal(config.lr)}  # learning rate",
    ]
    words = (
        "Everything to play with. `name` is what the names of the written files begin with. The number of threads is "
        "fixed as well: with another number PyTorch adds in another order."
    )
    code = "\n".join(line for line in settings if line) + f"\n\ntorch.set_num_threads({threads})"
    return Part("settings", "Settings", words, code)


def _random_numbers() -> Part:
    words = (
        "Every purpose (the split, the first weights, the order of the batches, …) has a generator of its own, made "
        "from the seed and the purpose's name. So two runs that differ in one setting share all the rest."
    )
    code = '''
def seeded(seed, purpose):
    """A numpy generator for one purpose."""
    return np.random.default_rng([seed, *purpose.encode()])


def torch_seeded(seed, purpose):
    """A torch generator for one purpose."""
    return torch.Generator().manual_seed(int(seeded(seed, purpose).integers(2**62)))
'''
    return Part("random-numbers", "Random numbers", words, code)


def _data(config: RunConfig) -> Part:
    facts = config.facts
    n_pool, n_trained = facts.n_pool, facts.n_pool + facts.n_validation
    labels = "true_y" if config.label_noise else "train_y"
    if config.dataset == "digits":
        words = (
            "The 1,797 digits that come with scikit-learn, 8×8 pixels. They lie in the order of the people who wrote "
            f"them, so they are shuffled once. Of the first {n_trained:,} images the last {facts.n_validation} "
            f"validate, and the seed draws the training images from the other {n_pool}. The rest are for the test."
        )
        source = f"""
digits = load_digits()
order = np.random.default_rng(0).permutation(len(digits.target))
images = np.rint(digits.images[order] * (255 / 16))  # pixels 0…16 become whole numbers 0…255
images = torch.from_numpy(images).float() / 255
labels = torch.from_numpy(digits.target[order])
test_x, test_y = images[{_literal(n_trained)}:], labels[{_literal(n_trained)}:]
"""
        validation = f"{_literal(n_pool)}:{_literal(n_trained)}"
    else:
        words = (
            "Fashion-MNIST: 28×28 pixels, ten kinds of clothing. torchvision downloads it once into the folder `data`, "
            "or uses the one that the environment variable `REGLAB_DATA` names. Pixels 0…255 become 0…1. "
        ) + (
            "All 60,000 training images are trained on. Nothing is left to validate on: the curves are measured on the "
            "test images."
            if config.held_out == "test"
            else f"The last {facts.n_validation:,} training images validate, and the seed draws the training images "
            f"from the other {n_pool:,}."
        )
        source = """
folder = os.environ.get("REGLAB_DATA") or "data"
train_set = FashionMNIST(folder, train=True, download=True)
test_set = FashionMNIST(folder, train=False, download=True)
images, labels = train_set.data.float() / 255, train_set.targets
test_x, test_y = test_set.data.float() / 255, test_set.targets
"""
        validation = f"{_literal(n_pool)}:"
    split = f"""
chosen = np.sort(seeded(seed, "split").permutation({_literal(n_pool)})[:n_train])
train_x, $labels = images[chosen], labels[chosen]
validation_x, validation_y = images[{validation}], labels[{validation}]
"""
    whole = "train_x, $labels = images, labels"
    chosen = whole if config.held_out == "test" else split
    return Part("data", "Data", words, source + "\n" + _fill(chosen, labels=labels))


def _label_noise() -> Part:
    words = (
        "Some training labels are replaced by a wrong class, drawn evenly from the other nine. Validation and test "
        "labels stay right."
    )
    code = """
generator = seeded(seed, "label noise")
order = generator.permutation(len(true_y))
offsets = generator.integers(1, 10, size=len(true_y))  # to add to the class, modulo 10
wrong = order[: round(label_noise * len(true_y))]
train_y = true_y.clone()
train_y[wrong] = (true_y[wrong] + torch.from_numpy(offsets[wrong])) % 10
is_wrong = train_y != true_y
"""
    return Part("label-noise", "Wrong labels", words, code)


NORM_LAYERS = {"batch": "nn.BatchNorm1d", "layer": "nn.LayerNorm"}

_DROPOUT = '''
class Dropout(nn.Module):
    """What nn.Dropout(p) does, with random numbers from a generator of its own."""

    def __init__(self, p, generator):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x):
        if not self.training:
            return x
        keep = 1 - self.p
        mask = torch.empty_like(x).bernoulli_(keep, generator=self.generator)
        return x * (mask / keep)


'''

_NETWORK = '''
model = nn.Sequential(
    OrderedDict(
        flatten=nn.Flatten(),
        $layers
    )
)
linear_layers = [layer for layer in model if isinstance(layer, nn.Linear)]

for i, layer in enumerate(linear_layers, start=1):
    generator = torch_seeded(seed, f"initialisation {i}")
    bound = 1 / math.sqrt(layer.in_features)
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
'''  # fmt: skip


def _network(config: RunConfig) -> Part:
    facts = config.facts
    sizes = (facts.n_inputs, *facts.widths, len(facts.class_names))
    layers = []
    for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
        layers.append(f"linear{i}=nn.Linear({n_in}, {n_out}),")
        if i == len(sizes) - 1:
            break
        block = [f"relu{i}=nn.ReLU(),"]
        if config.norm != "none":
            norm = f"norm{i}={NORM_LAYERS[config.norm]}({n_out}),"
            block.insert(0 if config.norm_position == "before" else 1, norm)
        if config.dropout:
            block.append(f'dropout{i}=Dropout(p, torch_seeded(seed, "dropout {i}")),')
        layers += block
    words = "The layers in their order, and PyTorch's own first weights, drawn evenly from ±1/√inputs."
    if config.norm == "batch":
        words += (
            " Batch norm takes mean and variance of each unit over the batch in training, and running averages of them "
            "(momentum 0.1) in evaluation."
        )
    if config.norm == "layer":
        words += " Layer norm takes mean and variance of each image over the units, in training and in evaluation."
    if config.dropout:
        words += (
            " Dropout switches units off in training only, and divides the others by 1 − p, so that the mean stays. "
            "The class is here for its generator: the masks are the app's."
        )
    code = _fill(_NETWORK, layers="\n".join(layers))
    return Part("network", "Network", words, (_DROPOUT if config.dropout else "") + code)


def _penalties(config: RunConfig) -> Part:
    everything = config.penalised == "all"
    words = [
        "Penalised are the weight matrices and the biases." if everything else "Penalised are the weight matrices."
    ]
    if config.norm != "none":
        words.append("Never the normalisation's own scale and shift.")
    if config.l1:
        words.append(
            "L1 is no term of the loss here: a step of its own, below, applies it."
            if _is_proximal(config)
            else "L1 is a term of the loss: its subgradient λ₁·sign(w) pulls each weight to 0 with the same force, but "
            "hardly ever lands on it."
        )
    if config.l2:
        words.append(
            "L2 is no term of the loss here: the optimizer applies it beside the gradient."
            if _is_decoupled(config)
            else "L2 is a term of the loss: its gradient 2·λ₂·w pulls a weight the more the larger it is."
        )
    l1 = """
def l1_penalty():
    return lambda_1 * sum(w.abs().sum() for w in penalised)
"""
    l2 = '''
def l2_penalty():
    return lambda_2 * sum(w.square().sum() for w in penalised)
'''  # fmt: skip
    code = "penalised = [layer.weight for layer in linear_layers]"
    if everything:
        code += "\npenalised += [layer.bias for layer in linear_layers]"
    functions = [text.strip("\n") for text, strength in ((l1, config.l1), (l2, config.l2)) if strength]
    return Part("penalties", "Penalties", " ".join(words), "\n\n\n".join([code, *functions]))


def _optimizer(config: RunConfig) -> Part:
    adam, decoupled = config.optimizer == "adam", _is_decoupled(config)
    kind = "SGD" if not adam else "AdamW" if decoupled else "Adam"
    words = {
        "SGD": "Plain stochastic gradient descent, without momentum.",
        "Adam": "Adam with PyTorch's β₁ = 0.9 and β₂ = 0.999.",
        "AdamW": "AdamW: Adam, and beside its step each penalised weight shrinks, w ← w − lr·2λ₂·w.",
    }[kind]
    if decoupled and not adam:
        words += " Its weight decay is 2·λ₂: each penalised weight shrinks beside the step, w ← w − lr·2λ₂·w."
    words += " `fused` computes the step of all weights at once; it changes the time, and the last digits."
    grouped = f"""
decayed = {{id(w) for w in penalised}}
others = [w for w in model.parameters() if id(w) not in decayed]
groups = [
    {{"params": others, "weight_decay": 0.0}},
    {{"params": penalised, "weight_decay": 2 * lambda_2}},
]
optimizer = torch.optim.{kind}(groups, lr=lr, fused=True)
"""
    plain = f"optimizer = torch.optim.{kind}(model.parameters(), lr=lr, fused=True)"
    return Part("optimizer", "Optimizer", words, grouped if decoupled else plain)


def _proximal(config: RunConfig) -> Part:
    words = (
        "After each step of the optimizer every weight moves to 0 by λ₁ times its step size, and stops there: exact "
        "zeros."
    )
    soft = '''
def soft_threshold(w, threshold):
    return w.sign() * (w.abs() - threshold).clamp_min(0)


@torch.no_grad()
def proximal_step():
    $loop
'''  # fmt: skip
    sgd = """
for w in penalised:
    w.copy_(soft_threshold(w, lr * lambda_1))
"""
    adam = """
beta_2, eps = optimizer.defaults["betas"][1], optimizer.defaults["eps"]
for w in penalised:
    state = optimizer.state[w]
    v_hat = state["exp_avg_sq"] / (1 - beta_2 ** state["step"].item())
    step_size = lr / (v_hat.sqrt() + eps)
    w.copy_(soft_threshold(w, step_size * lambda_1))
"""
    if config.optimizer == "adam":
        words += (
            " Adam has a step size for each weight, lr/(√v̂ + ε) with v̂ its mean squared gradient. The proximal step "
            "must use the same, or it would solve another problem than λ₁·Σ|w|."
        )
    return Part(
        "proximal-step", "L1's proximal step", words, _fill(soft, loop=adam if config.optimizer == "adam" else sgd)
    )


def _evaluation(config: RunConfig) -> Part:
    changes = _listed(
        [
            name
            for name, is_there in (
                ("dropout rests", config.dropout),
                ("batch norm uses its running averages", config.norm == "batch"),
            )
            if is_there
        ]
    )
    words = (
        "Cross-entropy (nats) and accuracy, each image counting once"
        + (f". In evaluation mode {changes}" if changes else "")
        + (". The penalty is not part of it" if config.l1 or config.l2 else "")
        + "."
    )
    code = """
@torch.no_grad()
def evaluate(x, y):
    model.eval()
    logits = torch.cat([model(batch) for batch in x.split(2048)])
    loss = cross_entropy(logits, y, reduction="none").double().mean().item()
    accuracy = (logits.argmax(1) == y).double().mean().item()
    return loss, accuracy
"""
    return Part("evaluation", "Evaluation", words, code)


_TRAINING = """
$measured
batch_order = torch_seeded(seed, "batch order")
history = []
best_loss = math.inf
for epoch in range(1, epochs + 1):
    model.train()
    losses = []
    for batch in torch.randperm(len(train_x), generator=batch_order).split(batch_size):
        $skip
        optimizer.zero_grad()
        loss = cross_entropy(model(train_x[batch]), train_y[batch])
        $objective
        $name.backward()
        optimizer.step()
        $proximal
        losses.append($name.item())

    running_loss = sum(losses) / len(losses)
    train_loss, train_accuracy = evaluate($x, $y)
    $held_out_loss, $held_out_accuracy = evaluate($held_out_x, $held_out_y)
    $measure_memorised
    if not math.isfinite(running_loss + train_loss + $held_out_loss):
        raise ArithmeticError(f"The loss is no finite number in epoch {epoch}: try a smaller lr.")
    history.append(
        {
            "epoch": epoch,
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "$held_out_loss": $held_out_loss,
            "$held_out_accuracy": $held_out_accuracy,
            "running_loss": running_loss,
            $penalty
            $memorised
        }
    )
    if $held_out_loss < best_loss:
        best_epoch, best_loss = epoch, $held_out_loss
        best_state = copy.deepcopy(model.state_dict())
    print(
        f"epoch {epoch:3}   training: loss {train_loss:.4f}, accuracy {train_accuracy:.4f}   "
        f"$held_out: loss {$held_out_loss:.4f}, accuracy {$held_out_accuracy:.4f}"
    )
"""


def _training(config: RunConfig) -> Part:
    in_loss = _in_loss(config)
    many = config.n_train > TRAIN_SUBSET
    held_out = config.held_out
    subset = f"[:{_literal(TRAIN_SUBSET)}]"
    penalties = [f"l{i}_penalty()" for i, strength in ((1, config.l1), (2, config.l2)) if strength]
    total = " + ".join(penalties)
    total = f"({total})" if len(penalties) > 1 else total
    x, y = ("measured_x", "measured_y") if many else ("train_x", "train_y")
    measured = f"measured_x, measured_y = train_x{subset}, train_y{subset}"
    if config.label_noise:
        measured += f"\nis_wrong = is_wrong{subset}"
    words = [
        f"After each epoch the network is measured in evaluation mode, on the "
        f"{f'first {TRAIN_SUBSET:,} ' if many else ''}training images and on the {held_out} images.",
        "The running loss is what many training loops print: the mean over the epoch's batches, in training mode, "
        "while the weights move" + (", the penalty included." if in_loss else "."),
    ]
    if config.label_noise:
        words.append("Memorised is the share of the wrong labels that the network gives back.")
    if config.norm == "batch":
        words.append("A last batch of one image is left out: it has no variance.")
    words.append(f"The epoch with the lowest {held_out} loss is kept: what early stopping would have taken.")
    skip = """
if len(batch) == 1:
    continue
"""
    code = _fill(
        _TRAINING,
        skip=skip if config.norm == "batch" else "",
        objective=f"objective = loss + {' + '.join(in_loss)}" if in_loss else "",
        name="objective" if in_loss else "loss",
        proximal="proximal_step()" if _is_proximal(config) else "",
        measured=measured if many else "",
        x=x,
        y=y,
        held_out=held_out,
        held_out_x=f"{held_out}_x",
        held_out_y=f"{held_out}_y",
        held_out_loss=f"{held_out}_loss",
        held_out_accuracy=f"{held_out}_accuracy",
        penalty=f'"penalty": {total}.item(),' if penalties else "",
        measure_memorised=f"_, memorised = evaluate({x}[is_wrong], {y}[is_wrong])" if config.label_noise else "",
        memorised='"memorised": memorised,' if config.label_noise else "",
    )
    return Part("training", "Training", " ".join(words), code)


def _results(config: RunConfig, expected: Outcome | None) -> Part:
    held_out = config.held_out
    is_test = held_out == "test"
    words = "The test images are looked at once, at the end: with the weights of the last epoch, and of the best one."
    if is_test:
        words = (
            "The test images, with the weights of the last epoch, and of the best one. The best epoch was picked by "
            "the same images, so its accuracy flatters a little."
        )
    code = _fill(
        """
test_loss, test_accuracy = evaluate(test_x, test_y)
last_state = copy.deepcopy(model.state_dict())
model.load_state_dict(best_state)
best_test_loss, best_test_accuracy = evaluate(test_x, test_y)
model.load_state_dict(last_state)  # the figures show the network of the last epoch

results = {
    "training loss": train_loss,
    "training accuracy": train_accuracy,
    $held_out
    "test loss": test_loss,
    "test accuracy": test_accuracy,
    "best epoch": best_epoch,
    "test loss at the best epoch": best_test_loss,
    "test accuracy at the best epoch": best_test_accuracy,
}
""",
        held_out="" if is_test else '"validation loss": validation_loss,\n"validation accuracy": validation_accuracy,',
    )
    if isinstance(expected, Run):
        words += " Beside them stand the app's numbers, for the settings as they were exported."
        rows = "\n".join(f'    "{name}": {value!r},' for name, value in _app_numbers(expected).items())
        code += f"\napp = {{\n{rows}\n}}"
        code += """
print(f"{'':32}{'here':>10}{'app':>10}{'difference':>14}")
for key, value in results.items():
    print(f"{key:32}{value:10.4g}{app[key]:10.4g}{value - app[key]:14.1e}")"""
    else:
        code += """
for key, value in results.items():
    print(f"{key:32}{value:10.4g}")"""
    return Part("results", "Results", words, code)


def _numbers() -> Part:
    words = "The numbers of all epochs as a table, for a spreadsheet or for pandas."
    code = """
with open(f"{name}.csv", "w", newline="") as file:
    table = csv.DictWriter(file, fieldnames=history[0])
    table.writeheader()
    table.writerows(history)
"""
    return Part("numbers", "Numbers as a file", words, code)


def _curves(config: RunConfig) -> Part:
    held_out, name, in_loss = config.held_out, technique_of(config).name, _in_loss(config)
    running = (
        "The running loss is left to the table: it has the penalty in it. "
        if in_loss
        else "Dotted is the running loss. "
    )
    words = (
        f"Dashed for the training images, solid for the {held_out} images. {running}Where the dashed line goes on "
        "improving and the solid one turns, the network learns its training images by heart."
    )
    code = _fill(
        """
import matplotlib.pyplot as plt  # here, since only the figures need it

colour = "$colour"


def draw_curve(axis, key, style, label):
    values = [row[key] for row in history]
    axis.plot(range(1, len(values) + 1), values, $style, color=colour, label=label)


figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
draw_curve(left, "train_loss", "--", "training images")
draw_curve(left, "$held_out_loss", "-", "$held_out images")
$running
draw_curve(right, "train_accuracy", "--", "training images")
draw_curve(right, "$held_out_accuracy", "-", "$held_out images")
left.set(xlabel="epoch", ylabel="cross-entropy (nats per image)", title="Loss")
right.set(xlabel="epoch", ylabel="share classified as labelled", title="Accuracy")
for axis in (left, right):
    axis.axvline(best_epoch, color="0.7", zorder=0, label=f"best epoch, {best_epoch}")
    axis.set_xlim(0, epochs + 1)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend()
figure.savefig(f"{name}_curves.png", dpi=150)
""",
        colour=COLOURS[name],
        held_out=held_out,
        held_out_loss=f"{held_out}_loss",
        held_out_accuracy=f"{held_out}_accuracy",
        style='style, marker="."' if config.epochs < 10 else "style",
        running="" if in_loss else 'draw_curve(left, "running_loss", ":", "running loss")',
    )
    return Part("curves", "Learning curves", words, code)


def _weights(config: RunConfig) -> Part:
    words = (
        "Left the weight matrix of the first layer, a row for each unit and a column for each pixel: blue where a "
        "weight is above the threshold, pale orange where it is smaller, white where it is exactly 0. Right how its "
        "weights are distributed, on a logarithmic axis; the outermost bins hold what lies beyond them."
    )
    code = """
from matplotlib.colors import ListedColormap

threshold = 1e-4
weights = model.linear1.weight.detach().numpy()
levels = np.where(np.abs(weights) > threshold, 2, np.where(weights != 0, 1, 0))
three_colours = ListedColormap(["white", "#F3C9A5", "#004B87"])

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
left.imshow(levels, cmap=three_colours, vmin=0, vmax=2, aspect="auto", interpolation="nearest")
left.set(
    xlabel="pixel of the image",
    ylabel="unit",
    title=f"{(levels < 2).sum():,} of {levels.size:,} weights within ±{threshold:g},\\n"
    f"{(levels == 0).sum():,} of them exactly 0",
)
right.hist(weights.clip(-0.4, 0.4).ravel(), bins=161, range=(-0.4025, 0.4025), color=colour)
right.set(xlabel="weight of the first layer", ylabel="weights", yscale="log")
figure.savefig(f"{name}_weights.png", dpi=150)
"""
    return Part("weights", "Weights of the first layer", words, code)


def _surface(config: RunConfig) -> Part:
    spec = SurfaceSpec(config)
    words = (
        f"The loss L(θ* + α·u + β·v) around the trained weights θ*, on the first {spec.n_images:,} training images. u "
        "and v are random, but each row of a matrix gets the length of the weights it is added to (Li et al. 2018, "
        "arXiv:1712.09913): otherwise the same step would be large for a network with small weights and small for one "
        "with large ones. Biases stay where they are"
        + (", and so do the normalisation's scale and shift" if config.norm != "none" else "")
        + (" and running averages" if config.norm == "batch" else "")
        + ". `functional_call` computes the network with other weights and leaves its own alone. The app looks at "
        f"{spec.resolution} × {spec.resolution} points, and at weights rounded to 16 bits."
    )
    code = _fill(
        '''
direction_seed = $seed
radius = $radius
n_points = $points  # along an axis; odd, so that θ* is one of them
x, y = train_x[:$n_images], train_y[:$n_images]


def random_direction(which):
    """A filter-normalised direction over the weight matrices."""
    direction = {}
    for key, w in model.named_parameters():
        if w.ndim == 2:
            generator = seeded(direction_seed, f"direction {which} {key}")
            d = torch.from_numpy(generator.standard_normal(w.shape, dtype=np.float32))
            direction[key] = d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)
    return direction


coordinates = np.linspace(-radius, radius, n_points)
surface = np.empty((n_points, n_points))
model.eval()
with torch.no_grad():
    theta = dict(model.named_parameters())
    u, v = random_direction("u"), random_direction("v")
    for i, alpha in enumerate(coordinates.tolist()):
        for j, beta in enumerate(coordinates.tolist()):
            moved = {key: theta[key] + alpha * u[key] + beta * v[key] for key in u}
            surface[i, j] = cross_entropy(functional_call(model, moved, (x,)), y).item()
np.savetxt(f"{name}_surface.csv", surface, delimiter=",")  # a row for each α, a column for each β

ticks = np.linspace(-radius, radius, 5)
figure = plt.figure(figsize=(11, 4.5), layout="constrained")
left = figure.add_subplot(1, 2, 1, projection="3d")
left.plot_surface(*np.meshgrid(coordinates, coordinates), surface.T, cmap="viridis")
left.set(xlabel="α", ylabel="β", xticks=ticks, yticks=ticks, title="Loss around θ*")
right = figure.add_subplot(1, 2, 2)
contours = right.contourf(coordinates, coordinates, surface.T, levels=20, cmap="viridis")
right.plot(0, 0, "o", color="white")
right.annotate("θ*", (0, 0), xytext=(6, 6), textcoords="offset points", color="white")
right.set(xlabel="α", ylabel="β", xticks=ticks, yticks=ticks, aspect="equal")
figure.colorbar(contours, label="cross-entropy (nats per image)")
figure.savefig(f"{name}_surface.png", dpi=150)
''',
        seed=_literal(spec.direction_seed),
        radius=_literal(spec.radius),
        points=_literal(SURFACE_POINTS),
        n_images=_literal(spec.n_images),
    )
    return Part("surface", "Loss surface", words, code)
