"""What the template core/export/script.py.j2 is filled with: a RunConfig's values, and what it is called in words.

Every number comes from the config or from the constants that the training itself reads. Needs no torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from core.config import DIGITS, FIELDS, FULL, SMALL_AND_NOISY, RunConfig
from core.results.run import SMALL_RUN, TRAIN_SUBSET, Diverged, Outcome, Run, expected_seconds
from core.results.surface import SurfaceSpec
from core.techniques import ADAMW, AUGMENTATION, PLAIN, Technique, technique_of, techniques_in

SURFACE_POINTS = 21
"""Along an axis. Every second one of the app's 41: the same picture in a quarter of the time."""

LEAST_TORCH = (2, 4)
"""The first PyTorch whose optimizers with `fused=True` run on a processor; the app's numbers are made with them."""

LONGEST_STEM = 200
"""Characters. File systems take 255 with the ending; every technique at once, in all its digits, would be longer."""

NORM_LAYERS = {"none": "", "batch": "nn.BatchNorm1d", "layer": "nn.LayerNorm"}


def values(config: RunConfig, expected: Outcome | None) -> dict[str, Any]:
    """The template's names with their values. expected: what the config's training came to in the app."""
    facts = config.facts
    sizes = (facts.n_inputs, *facts.widths, len(facts.class_names))
    n_trained = facts.n_pool + facts.n_validation
    digits, many = config.dataset == "digits", config.n_train > TRAIN_SUBSET
    in_loss = _in_loss(config)
    app_numbers = _app_numbers(expected) if isinstance(expected, Run) else {}
    return {
        "config": config,
        "facts": facts,
        "told": partial(told, config),
        "count": _count,
        "thousands": "{:,}".format,
        "stem": stem(config),
        # in words
        "added": _added(config),
        "techniques": _techniques(config),
        "wrong_share": f", {100 * config.label_noise:.15g} % of their labels wrong" if config.label_noise else "",
        "drawn": _drawn(config),
        "augmented": AUGMENTATION.is_in(config),
        "duration": _duration(config),
        "at_rest": _at_rest(config),
        # numbers
        "least_torch": LEAST_TORCH,
        "one_thread": config.n_train <= SMALL_RUN,
        "n_images": n_trained + facts.n_test,
        "n_trained": n_trained,
        "n_classes": sizes[-1],
        "sizes": sizes,
        "hidden": list(zip(sizes[:-2], sizes[1:-1], strict=True)),
        "train_subset": TRAIN_SUBSET,
        "surface": SurfaceSpec(config),
        "surface_points": SURFACE_POINTS,
        "app_numbers": app_numbers,
        "app_width": max(map(len, app_numbers), default=0),
        "diverged_at": expected.step if isinstance(expected, Diverged) else 0,
        # which lines, and what is called how in them
        "digits": digits,
        "adam": config.optimizer == "adam",
        "proximal": config.l1 > 0 and config.l1_method == "proximal",
        "decoupled": _is_decoupled(config),
        "in_loss": in_loss,
        "many": many,
        "validates": config.held_out == "validation",
        "held_out": config.held_out,
        "validation": f"{literal(facts.n_pool)}:{literal(n_trained) if digits else ''}",
        "drawn_labels": "true_y" if config.label_noise else "train_y",
        "norm_layer": NORM_LAYERS[config.norm],
        "optimizer": "SGD" if config.optimizer == "sgd" else ADAMW.name if _is_decoupled(config) else "Adam",
        "minimised": "objective" if in_loss else "loss",
        "measured": "measured" if many else "train",
        "colour": technique_of(config).colour,
    }


def literal(value: int | float) -> str:
    """A number as Python writes it, thousands apart."""
    return f"{value:_}" if isinstance(value, int) else repr(value)


def told(config: RunConfig, name: str) -> str:
    """A setting's value as the app writes it."""
    return FIELDS[name].format(getattr(config, name))


def stem(config: RunConfig) -> str:
    """The technique, the images, what is not as in the full or the small setting, the seed. No two configs share it."""
    techniques = [
        config.norm != "none" and f"{config.norm}-norm" + ("-after" if config.norm_position == "after" else ""),
        config.dropout and f"dropout-{told(config, 'dropout')}",
        config.l1 and f"l1-{told(config, 'l1')}" + ("-proximal" if config.l1_method == "proximal" else ""),
        config.l2 and f"l2-{told(config, 'l2')}" + ("-decoupled" if config.l2_method == "decoupled" else ""),
        config.penalised == "all" and "biases-too",
        *("-".join((one.key, *(told(config, name) for name in one.fields))) for one in _others(config)),
    ]
    base = DIGITS if config.dataset == "digits" else SMALL_AND_NOISY if config.n_train <= SMALL_RUN else FULL
    others = {
        "label_noise": f"noise-{told(config, 'label_noise')}",
        "epochs": _count(config.epochs, "epoch").replace(" ", "-"),
        "batch_size": f"batch-{config.batch_size}",
        "lr": f"lr-{told(config, 'lr')}",
        "optimizer": config.optimizer,
    }
    others = [text for name, text in others.items() if getattr(config, name) != getattr(base, name)]
    images = f"{config.n_train}-{'digits' if config.dataset == 'digits' else 'images'}"
    named = [name for name in techniques if name] or [PLAIN.name]
    told_all = "_".join((*named, images, *others, f"seed-{config.seed}"))
    return told_all if len(told_all) <= LONGEST_STEM else f"{told_all[: LONGEST_STEM - 17]}_{config.digest}"


def _techniques(config: RunConfig) -> str:
    """What is added to the plain network, in words that go on after a comma."""
    where = "biases too" if config.penalised == "all" else "weights only"
    l1 = "a proximal step" if config.l1_method == "proximal" else "a term of the loss"
    l2 = "decoupled from the gradient" if config.l2_method == "decoupled" else "a term of the loss"
    named = [
        config.norm != "none" and f"{config.norm} norm {config.norm_position} the ReLU",
        config.dropout and f"dropout (p = {told(config, 'dropout')})",
        config.l1 and f"L1 (λ₁ = {told(config, 'l1')}, {where}, {l1})",
        config.l2 and f"L2 (λ₂ = {told(config, 'l2')}, {where}, {l2})",
        *(f"{one.name} ({_settings_of(one, config)})" for one in _others(config)),
    ]
    named = [name for name in named if name]
    return f"with {_listed(named)}" if named else "without regularization"


def _settings_of(technique: Technique, config: RunConfig) -> str:
    return ", ".join(f"{FIELDS[name].label.lower()}: {told(config, name)}" for name in technique.fields)


def _others(config: RunConfig) -> list[Technique]:
    """What is added of which there is no more to say than its strength."""
    return [one for one in techniques_in(config) if one.strength not in ("", "dropout", "l1", "l2")]


def packages(config: RunConfig) -> tuple[str, ...]:
    """What pip is to install, as it stands on a command line."""
    torch = f'"torch>={".".join(map(str, LEAST_TORCH))}"'
    return (torch, "scikit-learn" if config.dataset == "digits" else "torchvision", "numpy", "matplotlib")


def _added(config: RunConfig) -> str:
    """What is added to the plain network, for a title."""
    is_sgd = config.optimizer == "sgd"  # then a name with Adam in it would be wrong
    added = ["decoupled L2" if t is ADAMW and is_sgd else t.name for t in techniques_in(config)]
    return _listed(added) or "no regularization"


def _drawn(config: RunConfig) -> str:
    """What the seed draws."""
    drawn = {
        "images": config.held_out == "validation",
        "wrong labels": config.label_noise,
        "first weights": True,
        "batches": True,
        "dropout masks": config.dropout,
        "shifts and flips": AUGMENTATION.is_in(config),
    }
    return _listed([name for name, is_drawn in drawn.items() if is_drawn])


def _at_rest(config: RunConfig) -> str:
    """What evaluation mode changes."""
    changes = {"dropout rests": config.dropout, "batch norm uses its running averages": config.norm == "batch"}
    return _listed([name for name, is_there in changes.items() if is_there])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _duration(config: RunConfig) -> str:
    """How long the text takes: the app's time threefold, since another machine may be slow or busy, and a quarter of a
    minute for the surface and the figures."""
    minutes = 3 * expected_seconds(config) / 60 + 0.25
    if minutes < 0.8:
        return "less than a minute"
    if minutes < 90:
        return f"about {_count(math.ceil(minutes), 'minute')}"
    return f"about {_count(math.ceil(minutes / 60), 'hour')}"


def _in_loss(config: RunConfig) -> list[str]:
    """The penalties that are a term of the loss, as the text calls them."""
    l1 = config.l1 and config.l1_method == "subgradient"
    l2 = config.l2 and config.l2_method == "loss"
    return [name for name, is_there in (("l1_penalty(model)", l1), ("l2_penalty(model)", l2)) if is_there]


def _is_decoupled(config: RunConfig) -> bool:
    return config.l2 > 0 and config.l2_method == "decoupled"


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
