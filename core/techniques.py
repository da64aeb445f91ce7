"""The one table of techniques: what each is called, its colour, what it sets, how strong, and in which lesson.

Legends, colours, sliders, paths, titles of exports and the pages read it. To add a technique: a row here, its setting
in core/config.py, what it does in one of the four places of core/engine/training.py, and its lines in the export.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from core.config import FIELDS, FULL, RunConfig, Value

Path = dict[float, RunConfig]
"""A strength's stops → config, everything else the same: the path along which a technique's slider moves."""


@dataclass(frozen=True, eq=False)
class Technique:
    """One row. A technique has one strength, or none (`strength` empty): then it is on or off.

    strength: the setting that holds it; scale: what a strength on the slider is multiplied by to become the setting.
    settings: what it sets besides. own_stops: the slider's stops where they are not the setting's own, from nothing to
    the strongest. default, small: the strengths that the course speaks of in the full and in the small and noisy
    setting. anywhere: whether it can join in every run that a student sets up.
    """

    name: str
    """As printed in legends, titles and tables."""
    colour: str
    lesson: str
    """The lesson that treats it, as in the address."""
    says: str
    """What it does, in one sentence."""
    strength: str = ""
    settings: Mapping[str, Value] = field(default_factory=dict)
    scale: float = 1.0
    own_stops: tuple[float, ...] = ()
    default: float = 0.0
    small: float = 0.0
    symbol: str = ""
    label: str = ""
    """Of its slider."""
    key: str = ""
    """Of its slider, in the address."""
    anywhere: bool = False
    loose: bool = False
    """Whether any one of its settings alone is this technique already."""

    @property
    def stops(self) -> tuple[float, ...]:
        """The strengths that its slider offers; the first is none at all."""
        return self.own_stops or FIELDS[self.strength].stops

    @property
    def fields(self) -> tuple[str, ...]:
        """The settings that it sets."""
        return (*((self.strength,) if self.strength else ()), *self.settings)

    def at(self, base: RunConfig, strength: float) -> RunConfig:
        """`base` with this technique at a strength; at 0 without it."""
        if strength == 0:
            return replace(base, **{name: FIELDS[name].default for name in self.fields})
        return replace(base, **{**self.settings, self.strength: strength * self.scale})

    def on(self, base: RunConfig) -> RunConfig:
        """`base` with a technique that has no strength."""
        return replace(base, **self.settings)

    def path(self, base: RunConfig) -> Path:
        """Every stop of its strength around `base`."""
        return _path(self, base)

    def strength_for(self, base: RunConfig) -> float:
        """The strength that the course speaks of in a setting."""
        return self.default if base.n_train == FULL.n_train else self.small

    def in_setting(self, base: RunConfig) -> RunConfig:
        """`base` with this technique as the course speaks of it there: at that strength, where it has one."""
        return self.at(base, self.strength_for(base)) if self.strength else self.on(base)

    def strength_in(self, config: RunConfig) -> float:
        """The strength that a config has of it, on the slider's scale."""
        return getattr(config, self.strength) / self.scale

    def is_in(self, config: RunConfig) -> bool:
        """Whether a config applies it."""
        if self.loose:
            return any(getattr(config, name) != FIELDS[name].default for name in self.fields)
        set_so = all(getattr(config, name) == value for name, value in self.settings.items())
        return set_so and (not self.strength or getattr(config, self.strength) != FIELDS[self.strength].default)


@cache
def _path(technique: Technique, base: RunConfig) -> Path:
    return {strength: technique.at(base, strength) for strength in technique.stops}


PLAIN = Technique("plain", "#0072B2", "baseline", "The network without regularization.")
BATCH_NORM = Technique(
    "batch norm",
    "#E69F00",
    "batch_norm",
    "Each unit's input is put on one scale over the images of a batch.",
    settings={"norm": "batch"},
)
LAYER_NORM = Technique(
    "layer norm",
    "#009E73",
    "layer_norm",
    "Each image's inputs to a layer are put on one scale over the layer's units.",
    settings={"norm": "layer"},
)
DROPOUT = Technique(
    "dropout",
    "#D55E00",
    "dropout",
    "In each training step, hidden units are switched off at random.",
    strength="dropout",
    default=0.2,
    small=0.5,
    symbol="p",
    label="p: the probability to switch a hidden unit off",
    key="p",
)
L1 = Technique(
    "L1",
    "#CC79A7",
    "l1_l2",
    "Every weight is charged its size, as a term of the loss.",
    strength="l1",
    default=3e-5,
    small=3e-4,
    symbol="λ₁",
    label="λ₁, the strength of L1",
    key="lambda1",
)
L1_PROXIMAL = Technique(
    "L1 proximal",
    "#8C4A72",
    "l1_l2",
    "Every weight is moved towards zero after each step, but not past it.",
    strength="l1",
    settings={"l1_method": "proximal"},
    default=3e-5,
    small=3e-4,
    symbol="λ₁",
    label="λ₁, the strength of L1's proximal step",
    key="lambda1",
)
L2 = Technique(
    "L2",
    "#56B4E9",
    "l1_l2",
    "Every weight is charged the square of its size, as a term of the loss.",
    strength="l2",
    default=1e-4,
    small=1e-2,
    symbol="λ₂",
    label="λ₂, the strength of L2",
    key="lambda2",
)
ADAMW = Technique(
    "AdamW",
    "#9A78C8",
    "l1_l2",
    "Every weight is shrunk by the same factor beside each step of Adam.",
    strength="l2",
    settings={"l2_method": "decoupled"},
    scale=0.5,  # w ← w − lr·2λ₂·w: the config's λ₂ is half of PyTorch's weight_decay
    own_stops=(0.0, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0),  # it is multiplied by the learning rate; 0.01 is PyTorch's default
    default=1.0,
    small=10.0,
    symbol="weight_decay",
    label="weight_decay of AdamW",
    key="decay",
)

MAX_NORM = Technique(
    "max-norm",
    "#A6761D",
    "l1_l2",
    "After each step, weights into a unit that have grown too large together are scaled back to a limit.",
    strength="max_norm",
    default=2.0,
    small=0.5,
    symbol="c",
    label="c, the largest norm of a unit's weights (0: no limit)",
    key="limit",
    anywhere=True,
)

LABEL_SMOOTHING = Technique(
    "label smoothing",
    "#66A61E",
    "baseline",
    "The loss asks for a little of every class, so that no label is to be believed entirely.",
    strength="label_smoothing",
    default=0.1,
    small=0.5,
    symbol="ε",
    label="ε, the share of each label that is spread over all classes",
    key="smoothing",
    anywhere=True,
)

AUGMENTATION = Technique(
    "augmentation",
    "#5E6C84",
    "baseline",
    "Each training image is shifted, and mirrored half of the time, anew in every epoch.",
    strength="shift",
    settings={"flip": "on"},
    default=1,
    small=1,
    symbol="pixels",
    label="Largest shift in pixels, with flips (0 means neither)",
    key="augment",
    anywhere=True,
    loose=True,
)

TECHNIQUES = (
    PLAIN,
    BATCH_NORM,
    LAYER_NORM,
    DROPOUT,
    L1,
    L1_PROXIMAL,
    L2,
    ADAMW,
    MAX_NORM,
    LABEL_SMOOTHING,
    AUGMENTATION,
)
"""In the order of legends and tables."""

COLOURS = {technique.name: technique.colour for technique in TECHNIQUES}
"""Okabe & Ito's palette, which colour-blind readers can tell apart, and shades for the variants. By printed name."""


def techniques_in(config: RunConfig) -> tuple[Technique, ...]:
    """All that a config applies, a variant in the place of what it varies; empty for the plain network."""
    found = [technique for technique in TECHNIQUES[1:] if technique.is_in(config)]
    varied = {technique.strength for technique in found if technique.strength and technique.settings}
    return tuple(t for t in found if t.settings or t.strength not in varied)


def technique_of(config: RunConfig) -> Technique:
    """What a config adds to the plain network, for legends and colours; the first of several."""
    return next(iter(techniques_in(config)), PLAIN)
