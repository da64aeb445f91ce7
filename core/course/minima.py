"""Where training ends with each technique: how sure its network is, how sharp its minimum, on which way training came
there, and what lies between the networks of two seeds. What is measured, and sentences that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.config import SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claims import MISSING, Measure, paired_difference, percent
from core.course.over_seeds import Networks, measured
from core.results.between import KEPT, RECOMPUTED, Between, BetweenSpec
from core.results.calibration import Calibration, CalibrationSpec
from core.results.library import stored
from core.results.line import above_chord
from core.results.path import PathSpec, TrainingPath
from core.results.probe import Probe, ProbeSpec
from core.results.sharpness import Sharpness, SharpnessSpec
from core.results.weight_sizes import WeightSizes, WeightSizesSpec
from core.techniques import TECHNIQUES, Technique


def measurements() -> list[BetweenSpec]:
    """What is not of one run: the lines between the networks of two seeds, in the small and noisy setting only."""
    return [between_of(technique) for technique in TECHNIQUES]


def measurements_of(run: RunConfig) -> list[PathSpec]:
    """The path of a training in the small and noisy setting, of the first seed."""
    return [spec for technique in TECHNIQUES if (spec := path_of(technique)).run == run]


def path_of(technique: Technique) -> PathSpec:
    """Batch norm's statistics are measured anew at each point: of the plane's points no training has left any."""
    return PathSpec(technique.in_setting(SMALL_AND_NOISY), statistics="batch")


def between_of(technique: Technique) -> BetweenSpec:
    return BetweenSpec(*seeds_of(technique.in_setting(SMALL_AND_NOISY))[:2])


# --- how sure --------------------------------------------------------------------------------------------------------


CALIBRATION_ERROR: Measure[Calibration] = Measure("expected calibration error", lambda c: c.error, "points", 100)
CONFIDENCE: Measure[Calibration] = Measure("mean confidence", lambda c: c.accuracy + c.overconfidence, "%", 100)
ACCURACY: Measure[Calibration] = Measure("test accuracy", lambda c: c.accuracy, "%", 100)
LOSS: Measure[Calibration] = Measure("test loss", lambda c: float(c.loss), "nats", digits=3)


def calibrations(named: Networks) -> dict[str, list[Calibration]]:
    """What is stored of each network over all seeds; those of which nothing is stored are left out."""
    return _over_seeds(named, CalibrationSpec)


def by_chance(found: Calibration) -> float:
    """The expected calibration error that chance alone would give a network of these confidences if it were perfectly
    calibrated: Σ over bins of √(2/π)·√(n·c·(1 − c)) / N, the mean size of a normal deviation of so many right answers.

    n: images in the bin, c: their mean confidence; that the confidences in a bin differ makes it a little smaller.
    """
    some = found.count > 0
    n, c = found.count[some], found.mean_confidence[some]
    return float(np.sqrt(2 / np.pi) * np.sqrt(n * c * (1 - c)).sum() / found.count.sum())


def how_sure(name: str, found: Sequence[Calibration]) -> str:
    """Whether a network is too sure, not sure enough, or neither by what the seeds show: in a sentence."""
    if len(found) < 2:
        return f"{MISSING.capitalize()}."
    surer = paired_difference([c.accuracy for c in found], [c.accuracy + c.overconfidence for c in found])
    told = "neither too sure nor too unsure on average"
    if surer.is_clear:
        told = "too sure" if surer.mean > 0 else "not sure enough"
    return (
        f"The {name} network is **{told}**: its mean confidence is {CONFIDENCE.over(found)}, and it is right in "
        f"{ACCURACY.over(found)}."
    )


def calibration_order(named: Mapping[str, Sequence[Calibration]]) -> str:
    """Whose confidence can be trusted most and least, and whether that is the order of accuracy: in sentences."""
    if len(named) < 2:
        return f"{MISSING.capitalize()}."
    best, *_, worst = order(named, CALIBRATION_ERROR)
    accurate = order(named, ACCURACY)[-1]
    told = (
        f"Of {len(named)} networks, **{best}** has the smallest expected calibration error, "
        f"{CALIBRATION_ERROR.over(named[best])}, and {worst} the largest, {CALIBRATION_ERROR.over(named[worst])}. "
    )
    if accurate == best:
        return f"{told}It is also the most accurate one."
    return f"{told}The most accurate one is {accurate}, with an error of {CALIBRATION_ERROR.over(named[accurate])}."


# --- how sharp -------------------------------------------------------------------------------------------------------

TOP: Measure[Sharpness] = Measure("largest eigenvalue", lambda s: s.top, digits=None)
TRACE: Measure[Sharpness] = Measure("trace", lambda s: s.trace, digits=None)
RISE: Measure[Sharpness] = Measure("filter-normalised rise", lambda s: s.rise, "nats", digits=None)
GRADIENT: Measure[Sharpness] = Measure("norm of the gradient", lambda s: s.gradient_norm, digits=None)
SHARPNESSES = (TOP, TRACE, RISE)
FROM_STEP = 100
"""The first steps, in which every network changes fast, are left out of the mean along the gradient."""
BETA: Measure[Probe] = Measure(
    "effective β along the gradient", lambda p: p.mean_after("effective_beta", FROM_STEP), digits=None
)


def sharpnesses(named: Networks) -> dict[str, list[Sharpness]]:
    """What is stored of each network over all seeds, batch norm with the statistics that training left."""
    return _over_seeds(named, SharpnessSpec)


def along_gradients(named: Networks) -> dict[str, list[Probe]]:
    """What is stored along the gradients of each network's training, over all seeds. With dropout none is measured:
    each step size would meet other masks."""
    return _over_seeds({name: config for name, config in named.items() if not config.dropout}, ProbeSpec)


def order(named: Mapping[str, Sequence], measure: Measure) -> list[str]:
    """Networks by the mean of a measure over seeds, the smallest first."""
    return sorted(named, key=lambda name: measure.mean(named[name]))


def widest(named: Mapping[str, Sequence], measure: Measure) -> str:
    """Whose seeds differ most, relative to the smallest: in a sentence, empty where nothing is stored. The measure is
    positive."""
    if not named:
        return ""
    ratios = {name: max(map(measure.of, found)) / min(map(measure.of, found)) for name, found in named.items()}
    name = max(ratios, key=ratios.get)
    return f"The seeds of {name} differ most: the largest of its values is {ratios[name]:.1f} times the smallest."


def turned_round(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of names that two orders of the same names have the other way round, as the first order has them."""
    return [(a, b) for a, b in combinations(first, 2) if second.index(a) > second.index(b)]


def flattest(named: Mapping[str, Sequence[Sharpness]]) -> str:
    """Who is flattest by each measure, how many pairs two of them order the other way round, and the network on which
    they differ most: in sentences."""
    if len(named) < 2:
        return f"{MISSING.capitalize()}."
    by_top, by_trace, by_rise = (order(named, measure) for measure in SHARPNESSES)
    first = f"**{by_top[0]}** by the {TOP.label}, **{by_trace[0]}** by the {TRACE.label}"
    pairs = len(named) * (len(named) - 1) // 2
    return (
        f"By its mean over seeds, the flattest of {len(named)} is {first}, and **{by_rise[0]}** by the {RISE.label}. "
        f"Eigenvalue and rise put {len(turned_round(by_top, by_rise))} of {pairs} pairs in opposite orders. "
        f"{_furthest(by_top, by_rise)}"
    )


def _furthest(by_top: Sequence[str], by_rise: Sequence[str]) -> str:
    """The network whose places in two orders are furthest apart."""
    name = max(by_top, key=lambda name: abs(by_top.index(name) - by_rise.index(name)))
    at = by_top.index(name) + 1, by_rise.index(name) + 1
    return f"{name[0].upper()}{name[1:]} is number {at[0]} by the eigenvalue and number {at[1]} by the rise."


def flat_and_accurate(named: Mapping[str, Sequence[Sharpness]], accuracies: Mapping[str, float]) -> str:
    """In how many pairs of networks the flatter one is the more accurate one, by each measure: in a sentence.
    accuracies: by name, those of all that are in `named`."""
    if len(named) < 2:
        return f"{MISSING.capitalize()}."
    accurate_first = sorted(named, key=lambda name: -accuracies[name])
    pairs = len(named) * (len(named) - 1) // 2
    told = [
        f"{pairs - len(turned_round(order(named, measure), accurate_first))} by the {measure.label}"
        for measure in SHARPNESSES
    ]
    return (
        f"Of {pairs} pairs of networks, the flatter one is also the more accurate one in {told[0]}, {told[1]}, and "
        f"{told[2]}. Half of them would be chance."
    )


def not_minima(named: Mapping[str, Sequence[Sharpness]]) -> str:
    """How large the gradient still is where training ended: in a sentence."""
    if not named:
        return f"{MISSING.capitalize()}."
    steep = order(named, GRADIENT)
    return (
        f"At a minimum the gradient of the loss would be 0. Here its norm is from {GRADIENT.over(named[steep[0]])} "
        f"({steep[0]}) to {GRADIENT.over(named[steep[-1]])} ({steep[-1]})."
    )


# --- how large the weights are ---------------------------------------------------------------------------------------

NORM: Measure[WeightSizes] = Measure("norm of the weights", lambda w: w.norm)
ABSOLUTE: Measure[WeightSizes] = Measure("sum of |w|", lambda w: w.l1_norm, digits=0)
ZEROS: Measure[WeightSizes] = Measure("weights exactly 0", lambda w: w.share_zero, "%", 100)
WEIGHTS = {"Norm": NORM, "Sum of |w|": ABSOLUTE, "Exact zeros": ZEROS}
"""What is told of every technique's weights, by name."""


def weight_sizes(named: Networks) -> dict[str, list[WeightSizes]]:
    """What is stored of each network over all seeds."""
    return _over_seeds(named, WeightSizesSpec)


# --- which way -------------------------------------------------------------------------------------------------------


def training_path(technique: Technique) -> TrainingPath | None:
    return stored(path_of(technique))


def plane_explains(path: TrainingPath) -> str:
    """How much of the checkpoints' variance the plane has, in a sentence."""
    u, v = (percent(float(share), 0) for share in path.explained)
    return f"The two axes explain **{u} and {v}** of the variance of the weights over the epochs."


def checkpoint(path: TrainingPath, epoch: int) -> str:
    """Where one checkpoint lies, and its loss beside that of its place in the plane: in sentences."""
    if epoch == len(path.loss) - 1:
        return f"The plane goes through the weights at the end, where the loss is **{path.loss[-1]:.3f}** nats."
    where = "Before training" if epoch == 0 else f"After epoch {epoch}"
    return (
        f"{where} the weights are {path.distances[epoch]:.2f} from those at the end and {path.off_plane[epoch]:.2f} "
        f"from the plane. Their loss is **{path.loss[epoch]:.3f}** nats; at the nearest point of the plane it is "
        f"**{path.shadow_loss[epoch]:.3f}**."
    )


# --- what lies between -----------------------------------------------------------------------------------------------

IMAGES = {"Test images": "test", "Training images": "train"}
"""What the losses on a line are told of, by name. The training images are those of both runs at once."""


@dataclass(frozen=True)
class Wall:
    """What lies between the networks of two seeds, on one set of images and with one way to have statistics.

    name: the technique's. way: how batch norm's statistics come about, empty for other networks. barrier: how far the
    loss rises above the straight line between its ends, in nats; 0 where it does nowhere. at_ends: the mean accuracy of
    the two networks. lowest: the lowest accuracy on the way, both ends counted.
    """

    name: str
    way: str
    loss: np.ndarray
    accuracy: np.ndarray
    barrier: float
    at_ends: float
    lowest: float


WAYS = {RECOMPUTED: "statistics measured anew", KEPT: "statistics interpolated"}


def walls(images: str) -> list[Wall]:
    """What is stored of every technique, batch norm both ways. images: a value of IMAGES."""
    found = [(technique.name, stored(between_of(technique))) for technique in TECHNIQUES]
    return [
        _wall(name, line, way, images)
        for name, line in found
        if line
        for way in (WAYS if line.spec.has_statistics else (KEPT,))
    ]


def _wall(name: str, line: Between, way: int, images: str) -> Wall:
    pick = np.s_[way, 2] if images == "test" else np.s_[way, :2]
    loss, accuracy = (np.atleast_2d(of[pick]).mean(axis=0) for of in (line.loss, line.accuracy))
    return Wall(
        name,
        WAYS[way] if line.spec.has_statistics else "",
        loss,
        accuracy,
        barrier=float(above_chord(line.spec.positions, loss)),
        at_ends=float((accuracy[0] + accuracy[-1]) / 2),
        lowest=float(accuracy.min()),
    )


def walls_in_words(found: Sequence[Wall]) -> str:
    """Between whose networks the loss rises above the straight line between its ends, how high its ends are where it
    does not, and whose accuracy falls most: in sentences."""
    if not found:
        return f"{MISSING.capitalize()}."
    own = [wall for wall in found if wall.way != WAYS[KEPT]]
    high = sorted((wall for wall in own if wall.barrier >= SEEN), key=lambda wall: -wall.barrier)
    level = [wall for wall in own if wall.barrier < SEEN]
    lines = []
    if high:
        heights = [f"{wall.name} ({wall.barrier:.2f}{'' if i else ' nats high'})" for i, wall in enumerate(high)]
        lines.append(f"**A wall in the loss:** {', '.join(heights)}.")
    if level:
        ends = [
            f"{wall.name} ({wall.loss[[0, -1]].mean():.2f}{'' if i else ' nats at its ends'})"
            for i, wall in enumerate(level)
        ]
        lines.append(f"**None:** {', '.join(ends)}.")
    falls = max(own, key=lambda wall: wall.at_ends - wall.lowest)
    lines.append(
        f"The accuracy falls most for {falls.name}: from {percent(falls.at_ends)} at the ends to "
        f"{percent(falls.lowest)}."
    )
    return "\n\n".join(lines)


def statistics_in_words(found: Sequence[Wall]) -> str:
    """What batch norm's statistics do to the network halfway, in a sentence; empty where either way is missing."""
    halfway = {wall.way: wall.loss[len(wall.loss) // 2] for wall in found if wall.way}
    if len(halfway) < 2:
        return ""
    anew, kept = (halfway[WAYS[way]] for way in (RECOMPUTED, KEPT))
    return (
        f"Halfway between the two networks with batch norm the loss is {kept:.2f} nats where their statistics are "
        f"interpolated like the weights, and {anew:.2f} where they are measured anew."
    )


SEEN = 0.005
"""Nats: below it a barrier rounds to 0.00 and is called none."""


def _over_seeds(named: Networks, spec: type) -> dict[str, list]:
    found = {name: measured(spec(run) for run in seeds_of(config)) for name, config in named.items()}
    return {name: some for name, some in found.items() if some}
