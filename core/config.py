"""RunConfig: everything a training run depends on, in one frozen and validated value.

A field of RunConfig is the single description of a setting: its default, its range, its stops and its words. Widgets,
the address bar, the digest and the validation all read it (as `FIELDS`), so a new setting is one field.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, cached_property
from typing import Any, Literal

Value = int | float | str


class ConfigError(ValueError):
    """A setting that cannot be used: names the field, what it may be, and what it was."""

    def __init__(self, field: str, allowed: str, value: object):
        self.field, self.allowed, self.value = field, allowed, value
        shown = repr(value)
        super().__init__(f"{field} must be {allowed}, not {shown if len(shown) <= 40 else shown[:37] + '...'}")


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a data set without reading it. Sizes are numbers of images, `side` is in pixels."""

    label: str
    side: int
    n_pool: int
    """Training images when the last `n_validation` of them are held out."""
    n_all: int | None
    """All training images; then nothing is left to validate on and the curves are measured on the test images."""
    n_validation: int
    n_test: int
    widths: tuple[int, int]
    """Hidden widths of the network that this data set is trained with."""
    class_names: tuple[str, ...]
    n_train_stops: tuple[int, ...]

    @property
    def n_inputs(self) -> int:
        return self.side * self.side


DATASETS: dict[str, DatasetFacts] = {
    "fashion-mnist": DatasetFacts(
        label="Fashion-MNIST",
        side=28,
        n_pool=50_000,
        n_all=60_000,
        n_validation=10_000,
        n_test=10_000,
        widths=(392, 196),
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        n_train_stops=(500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 60_000),
    ),
    "digits": DatasetFacts(
        label="scikit-learn digits",
        side=8,
        n_pool=997,
        n_all=None,
        n_validation=400,
        n_test=400,
        widths=(256, 128),
        class_names=tuple("0123456789"),
        n_train_stops=(100, 200, 300, 500, 997),
    ),
}


@dataclass(frozen=True)
class Field:
    """One setting: its default, what it may be, and the words that explain it.

    A field has either `choices` (names) or a range [`low`, `high`]. `stops` are the values that a slider offers inside
    the range; a configuration written by hand may lie between them. `used` tells whether the setting has an effect in
    a config.
    """

    name: str
    kind: Literal["int", "float", "choice"]
    default: Value
    label: str
    meaning: str
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    stops: tuple[Value, ...] = ()
    choices: tuple[str, ...] = ()
    used: Callable[[RunConfig], bool] = lambda config: True

    @property
    def allowed(self) -> str:
        """The range in words, as errors print it."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        noun = "a whole number" if self.kind == "int" else "a number"
        return f"{noun} from {self.format(self.low)} to {self.format(self.high)}"

    def clean(self, value: object) -> Value:
        """`value` in the field's own type; raises ConfigError where it cannot be. 0, 0.0 and -0.0 become one value."""
        if self.kind == "choice":
            if isinstance(value, str) and value in self.choices:
                return value
            raise ConfigError(self.name, self.allowed, value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) and not hasattr(value, "__float__"):
            raise ConfigError(self.name, self.allowed, value)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise ConfigError(self.name, self.allowed, value) from None
        if not self.low <= number <= self.high:  # also refuses nan
            raise ConfigError(self.name, self.allowed, value)
        if self.kind == "int":
            if number != int(number):
                raise ConfigError(self.name, self.allowed, value)
            return int(number)
        return float(f"{number:.15g}") + 0.0  # what an address can carry; and -0.0 + 0.0 is 0.0

    def parse(self, text: str) -> Value:
        """The value that `text`, from an address bar, stands for; raises ConfigError where it is none."""
        if self.kind == "choice":
            return self.clean(text)
        if len(text) > 40:  # no setting is longer; int() of a huge text would take its time
            raise ConfigError(self.name, self.allowed, text)
        try:
            return self.clean(float(text))
        except ValueError:
            raise ConfigError(self.name, self.allowed, text) from None

    def format(self, value: Value) -> str:
        """The text of a value, the same on a slider and in an address bar."""
        return value if isinstance(value, str) else f"{value:.15g}"


def setting(default: Value, label: str, meaning: str, **more: Any) -> Any:
    """A field of RunConfig with its default and all else that `Field` says of it."""
    return dataclasses.field(default=default, metadata={"label": label, "meaning": meaning, **more})


@dataclass(frozen=True)
class RunConfig:
    """Everything a run depends on. Two equal configs give the same bits on one machine at one thread count.

    Constructing one validates it: raises ConfigError, naming field, range and value. A field that has no effect (the
    method of a penalty whose strength is 0, the place of a normalisation that is not there) takes its default, so that
    configs that train the same network are one config.
    """

    dataset: str = setting(
        "fashion-mnist",
        "Data set",
        "Which images the network learns from.",
        choices=tuple(DATASETS),
    )
    n_train: int = setting(
        60_000,
        "Training images",
        "How many images the network may learn from. Up to 50,000 the last 10,000 training images validate; "
        "with all 60,000 nothing is left for that and the curves are measured on the test images.",
        unit="images",
        low=10,
        high=60_000,
        stops=DATASETS["fashion-mnist"].n_train_stops,
    )
    label_noise: float = setting(
        0.0,
        "Wrong labels",
        "The share of the training labels that is replaced by a wrong class, drawn evenly from the other "
        "nine. Validation and test labels stay right.",
        low=0.0,
        high=0.9,
        stops=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    )
    norm: str = setting(
        "none",
        "Normalisation",
        "Which normalisation follows each hidden linear layer.",
        choices=("none", "batch", "layer"),
    )
    norm_position: str = setting(
        "before",
        "Place of the normalisation",
        "Before or after the non-linearity.",
        choices=("before", "after"),
        used=lambda config: config.norm != "none",
    )
    dropout: float = setting(
        0.0,
        "Dropout p",
        "The probability to switch a hidden unit off in a training step (PyTorch's p).",
        low=0.0,
        high=0.95,
        stops=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    )
    l1: float = setting(
        0.0,
        "L1 strength λ₁",
        "The penalty added to the loss is λ₁·Σ|w|.",
        low=0.0,
        high=10.0,
        stops=(0.0, 1e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    )
    l1_method: str = setting(
        "subgradient",
        "How L1 is applied",
        "As a term of the loss, by its subgradient, or as a proximal step after the optimizer's step, which "
        "makes exact zeros.",
        choices=("subgradient", "proximal"),
        used=lambda config: config.l1 > 0,
    )
    l2: float = setting(
        0.0,
        "L2 strength λ₂",
        "The penalty added to the loss is λ₂·Σw² (PyTorch's weight_decay is 2·λ₂).",
        low=0.0,
        high=10.0,
        stops=(0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    )
    l2_method: str = setting(
        "loss",
        "How L2 is applied",
        "As a term of the loss, or decoupled from the gradient as in AdamW: w ← w − lr·2λ₂·w.",
        choices=("loss", "decoupled"),
        used=lambda config: config.l2 > 0,
    )
    penalised: str = setting(
        "weights",
        "What is penalised",
        "The weight matrices only, or every parameter of the linear layers with the biases, as in the "
        "notebook. Never the normalisation's own.",
        choices=("weights", "all"),
        used=lambda config: config.l1 > 0 or config.l2 > 0,
    )
    max_norm: float = setting(
        0.0,
        "Max-norm limit c",
        "After each step, the weights into a hidden unit are scaled back to the norm c where theirs is larger. "
        "0 is no limit.",
        low=0.0,
        high=100.0,
        stops=(0.0, 2.0, 1.0, 0.5),
    )
    label_smoothing: float = setting(
        0.0,
        "Label smoothing ε",
        "The share of each training label that is spread evenly over all classes, in the loss that a step descends.",
        low=0.0,
        high=0.9,
        stops=(0.0, 0.1, 0.2, 0.5),
    )
    shift: int = setting(
        0,
        "Random shifts",
        "By up to how many pixels each training image is moved up or down and left or right, anew in every epoch.",
        unit="pixels",
        low=0,
        high=8,
        stops=(0, 1, 2),
    )
    flip: str = setting(
        "off",
        "Random flips",
        "Whether each training image is mirrored left to right with probability 1/2, anew in every epoch.",
        choices=("off", "on"),
    )
    epochs: int = setting(
        20,
        "Epochs",
        "How many times the network sees each training image.",
        unit="epochs",
        low=1,
        high=200,
        stops=(5, 10, 20, 30, 60, 100),
    )
    batch_size: int = setting(
        128,
        "Batch size",
        "How many images one step averages its gradient over.",
        unit="images",
        low=1,
        high=4096,
        stops=(2, 4, 8, 32, 128, 512),
    )
    lr: float = setting(
        3e-4,
        "Learning rate",
        "The step size of the optimizer.",
        low=1e-7,
        high=10.0,
        stops=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    )
    optimizer: str = setting(
        "adam",
        "Optimizer",
        "Adam, or plain stochastic gradient descent without momentum.",
        choices=("adam", "sgd"),
    )
    seed: int = setting(
        0,
        "Seed",
        "Fixes which images are drawn, which labels are wrong, the first weights and the order of the batches.",
        low=0,
        high=2**31 - 1,
        stops=(0, 1, 2, 3, 4),
    )

    def __post_init__(self):
        for name, field in FIELDS.items():
            object.__setattr__(self, name, field.clean(getattr(self, name)))
        self._check_sizes()
        for name, field in FIELDS.items():
            if not field.used(self):
                object.__setattr__(self, name, field.default)

    def _check_sizes(self) -> None:
        facts = self.facts
        if self.n_train > facts.n_pool and self.n_train != facts.n_all:
            allowed = f"a whole number from 10 to {facts.n_pool}"
            if facts.n_all:
                allowed += f", or {facts.n_all}"
            raise ConfigError("n_train", f"{allowed}, for {facts.label}", self.n_train)
        if self.norm == "batch" and self.batch_size < 2:
            raise ConfigError("batch_size", "at least 2 with batch normalisation (one image has no variance)", 1)

    @property
    def facts(self) -> DatasetFacts:
        return DATASETS[self.dataset]

    @property
    def held_out(self) -> Literal["validation", "test"]:
        """What the curves are measured on: the test images only where every training image is trained on."""
        return "test" if self.n_train == self.facts.n_all else "validation"

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole run. A last batch of one image is left out where batch norm could not use it."""
        full, rest = divmod(self.n_train, self.batch_size)
        last = rest > (1 if self.norm == "batch" else 0)
        return self.epochs * (full + last)

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that name this config in files and queues.

        Only what differs from the defaults is hashed, so a field added later leaves the names of stored runs alone; a
        default that changes must therefore come with a new name for the field.
        """
        told = {name: getattr(self, name) for name, field in FIELDS.items() if getattr(self, name) != field.default}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Value]:
        return asdict(self)

    def to_params(self, *, base: RunConfig | None = None) -> dict[str, str]:
        """The address-bar parameters of what differs from `base` (the page's defaults)."""
        base = base or RunConfig()
        return {
            name: field.format(getattr(self, name))
            for name, field in FIELDS.items()
            if getattr(self, name) != getattr(base, name)
        }


def _described(of: dataclasses.Field) -> Field:
    kind = "choice" if "choices" in of.metadata else {"int": "int", "float": "float"}[of.type]
    return Field(name=of.name, kind=kind, default=of.default, **of.metadata)


FIELDS: dict[str, Field] = {of.name: _described(of) for of in fields(RunConfig)}
"""Every setting by its name: the single description that widgets, the address, the digest and the validation read."""

FULL = RunConfig()
"""The notebook's setting: all 60,000 images, 20 epochs."""
SMALL_AND_NOISY = RunConfig(n_train=2000, label_noise=0.2, epochs=60, lr=1e-3)
"""2,000 images, 20 % of the labels wrong: the setting in which overfitting shows in seconds."""
DIGITS = RunConfig(dataset="digits", n_train=300, label_noise=0.2, epochs=60, lr=1e-3)
"""The same on the data set that comes with scikit-learn, for a machine that cannot get Fashion-MNIST."""


@cache
def seeds_of(config: RunConfig) -> tuple[RunConfig, ...]:
    """The same run at every seed that the app offers."""
    return tuple(replace(config, seed=seed) for seed in FIELDS["seed"].stops)


def sweep(config: RunConfig, name: str) -> tuple[RunConfig, ...]:
    """The same run at every stop of one field's slider, or with each of its choices."""
    field = FIELDS[name]
    stops = config.facts.n_train_stops if name == "n_train" else field.stops or field.choices
    return tuple(replace(config, **{name: stop}) for stop in stops)
