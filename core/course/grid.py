"""When does which regularizer help? Every technique over the number of images and the share of wrong labels, at the
best of its strengths: chosen on the validation images, told of the test images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from core.config import FIELDS, SMALL_AND_NOISY, RunConfig, seeds_of
from core.course.claims import LAST_FIVE, MISSING, Difference, Measure, paired_difference, percent, signed
from core.course.over_seeds import measured
from core.course.strengths import at_strength
from core.results.averaged import SETS, AveragedSpec
from core.results.library import stored_runs
from core.results.run import Run
from core.techniques import (
    ADAMW,
    AUGMENTATION,
    BATCH_NORM,
    DROPOUT,
    L1,
    L1_PROXIMAL,
    L2,
    LABEL_SMOOTHING,
    LAYER_NORM,
    MAX_NORM,
    PLAIN,
    Technique,
)

# --- the places -----------------------------------------------------------------------------------------------------

IMAGES = (500, 1000, 2000, 5000, 20_000)
"""How many images, at the small and noisy setting's share of wrong labels."""
WRONG_LABELS = FIELDS["label_noise"].stops
"""Which share of wrong labels, at the small and noisy setting's number of images."""

STRENGTHS: dict[Technique, tuple[float, ...]] = {
    PLAIN: (),
    BATCH_NORM: (),
    LAYER_NORM: (),
    DROPOUT: (0.2, 0.5, 0.7),
    L1: (1e-4, 3e-4, 1e-3),
    L1_PROXIMAL: (1e-4, 3e-4, 1e-3),
    L2: (1e-3, 3e-3, 1e-2),
    ADAMW: (1.0, 3.0, 10.0),
    MAX_NORM: (2.0, 1.0, 0.5),
    LABEL_SMOOTHING: (0.1, 0.2, 0.5),
    AUGMENTATION: (1, 2),
}
"""The strengths among which the validation images choose, at every place of the grid; none where there is none. Outside
of the setting that the course speaks of, the first seed chooses for all."""


@dataclass(frozen=True)
class Place:
    """One place of the grid: so many images, of which such a share has a wrong label. Everything else, the 60 epochs
    too, is as in the small and noisy setting."""

    n_train: int = SMALL_AND_NOISY.n_train
    label_noise: float = SMALL_AND_NOISY.label_noise

    @property
    def plain(self) -> RunConfig:
        """The plain network there."""
        return replace(SMALL_AND_NOISY, n_train=self.n_train, label_noise=self.label_noise)

    @property
    def in_words(self) -> str:
        return f"{self.n_train:,} images, {percent(self.label_noise, 0)} wrong labels"

    @property
    def seeds(self) -> int:
        """Over how many seeds it is measured: all of them at the setting that the course speaks of."""
        return len(FIELDS["seed"].stops) if self == Place() else 3

    @property
    def choosing(self) -> int:
        """How many seeds choose the strength: all of them at the setting that the course speaks of, else the first."""
        return self.seeds if self == Place() else 1


OVER_IMAGES = {n: Place(n_train=n) for n in IMAGES}
OVER_WRONG_LABELS = {share: Place(label_noise=share) for share in WRONG_LABELS}
"""The two rows of places, by what is moved."""
PLACES = tuple(dict.fromkeys([*OVER_IMAGES.values(), *OVER_WRONG_LABELS.values()]))


@cache
def candidates(technique: Technique, place: Place) -> dict[float | None, tuple[RunConfig, ...]]:
    """Strength → the runs with a technique at a place, one a seed; the one key None where it has no strength."""
    if technique in (PLAIN, BATCH_NORM, LAYER_NORM):
        return {None: seeds_of(technique.on(place.plain))[: place.seeds]}
    return {s: seeds_of(technique.at(place.plain, s))[: place.seeds] for s in STRENGTHS[technique]}


def grid_runs() -> set[RunConfig]:
    """Every run of the grid: all strengths with the seeds that choose, and the chosen strength with all seeds. Where
    runs that choose are not stored yet, the others are not known yet."""
    return {run for place in PLACES for technique in STRENGTHS for run in _needed(technique, place)}


def _needed(technique: Technique, place: Place) -> list[RunConfig]:
    among = candidates(technique, place)
    first = [run for runs in among.values() for run in runs[: place.choosing]]
    best = best_strength(technique, place)
    return first + list(among.get(best, ()))


# --- what was measured on the grid ----------------------------------------------------------------------------------

TEST: Measure[Run] = Measure("test accuracy", lambda run: run.test_last.accuracy, "%", 100)
STOPPED: Measure[Run] = Measure("test accuracy, stopped early", lambda run: run.test_best.accuracy, "%", 100)
"""With the weights of the epoch whose validation loss was lowest."""
TEST_COLUMN = SETS.index("test")

EARLY_STOPPING, AVERAGED_WEIGHTS, MORE_IMAGES = "early stopping", "averaged weights", "more images"
"""What stands beside the techniques: the plain network stopped early, with its weights averaged over the last steps,
and on the next larger number of images."""


def averaged_of(run: RunConfig) -> list[AveragedSpec]:
    """The averaged weights of a run, where it is a plain one of the grid: over about its last hundred steps."""
    plain = {one for place in PLACES for one in candidates(PLAIN, place)[None]}
    return [AveragedSpec(run)] if run in plain else []


@dataclass(frozen=True)
class Chosen:
    """What one way to regularize came to at a place. strength: the one that validation chose, None where there is none
    to choose. accuracies: on the test images, one for each seed, in the order of the seeds."""

    name: str
    strength: float | None
    accuracies: tuple[float, ...]


@cache
def best_strength(technique: Technique, place: Place) -> float | None:
    """The strength whose accuracy on the validation images is highest, over the seeds that choose and the last five
    epochs. None where there is none to choose, or a run that chooses is missing."""
    found = {s: stored_runs(runs[: place.choosing]) for s, runs in candidates(technique, place).items()}
    if any(len(runs) < place.choosing for runs in found.values()):
        return None
    return max(found, key=lambda strength: LAST_FIVE.mean(found[strength]))


def chosen(technique: Technique, place: Place) -> Chosen | None:
    """A technique at its best strength by the validation images, on the test images. None where a run is missing."""
    best = best_strength(technique, place)
    runs = stored_runs(candidates(technique, place).get(best, ()))
    if len(runs) < place.seeds:
        return None
    return Chosen(technique.name, best, tuple(map(TEST.of, runs)))


def beside(place: Place) -> list[Chosen]:
    """What needs no technique: stopping the plain network early, averaging its weights, and more images with the same
    share of wrong labels, where there are more on the grid."""
    plain = stored_runs(candidates(PLAIN, place)[None])
    ways = [Chosen(EARLY_STOPPING, None, tuple(map(STOPPED.of, plain)))] if len(plain) == place.seeds else []
    averaged = measured(AveragedSpec(run) for run in candidates(PLAIN, place)[None])
    if len(averaged) == place.seeds:
        ways.append(Chosen(AVERAGED_WEIGHTS, None, tuple(float(found.accuracy[-1, TEST_COLUMN]) for found in averaged)))
    larger = [n for n in IMAGES if n > place.n_train]
    if larger and place.label_noise == SMALL_AND_NOISY.label_noise:
        more = stored_runs(seeds_of(Place(n_train=larger[0]).plain)[: place.seeds])
        if len(more) == place.seeds:
            ways.append(Chosen(f"{larger[0]:,} images, plain", None, tuple(map(TEST.of, more))))
    return ways


@cache
def ways(place: Place) -> tuple[Chosen, ...]:
    """Every way at a place: the techniques, plain first, and what stands beside them. Those whose runs are not all
    there are left out."""
    techniques = [way for technique in STRENGTHS if (way := chosen(technique, place))]
    return (*techniques, *beside(place))


@dataclass(frozen=True)
class Gain:
    """How far one way to regularize is above the plain network on the test images, paired over seeds."""

    of: Chosen
    change: Difference


@cache
def gains(place: Place) -> tuple[Gain, ...]:
    """Every way at a place but the plain network, the largest mean gain first."""
    plain, *others = ways(place) or (None,)
    if plain is None or plain.name != PLAIN.name:
        return ()
    found = [Gain(way, paired_difference(plain.accuracies, way.accuracies)) for way in others]
    return tuple(sorted(found, key=lambda gain: -gain.change.mean))


# --- in words -------------------------------------------------------------------------------------------------------


LITTLE = 0.01
"""A gain in accuracy, one point, up to which a way is said to gain little or nothing."""


def guide(place: Place) -> list[str]:
    """What helped most at a place, what else did, where the seeds are too few to tell, what gains little or nothing,
    what costs accuracy: sentences in Markdown, each from the paired differences."""
    found = gains(place)
    if not found:
        return [f"{MISSING.capitalize()}."]
    first, *others = [gain for gain in found if gain.change.low > 0] or [None]
    unclear = [gain for gain in found if not gain.change.is_clear]
    told = [
        f"**{_named(first).capitalize()} gains most: {points(first.change)}.**" if first else NOTHING_HELPS,
        _listed(others, "Then come"),
        _listed([g for g in unclear if g.change.high > LITTLE], f"{place.seeds} seeds are too few to tell for"),
        _listed([g for g in unclear if g.change.high <= LITTLE], "Little or nothing is gained by"),
        _listed([gain for gain in found if gain.change.high < 0], "Accuracy is lost with"),
    ]
    return [sentence for sentence in told if sentence]


NOTHING_HELPS = "**Nothing raises the accuracy clearly here.**"


def leaders(places: Iterable[Place]) -> str:
    """What gains most at each of several places, and how many techniques gain or lose clearly there: a list in
    Markdown."""
    return "\n".join(f"- **{place.in_words}**: {_leader(gains(place))}" for place in places)


def _leader(found: Sequence[Gain]) -> str:
    techniques = [gain for gain in found if gain.of.name in {technique.name for technique in STRENGTHS}]
    if not techniques:
        return f"{MISSING}."
    first = techniques[0]
    higher = sum(gain.change.low > 0 for gain in techniques)
    lower = sum(gain.change.high < 0 for gain in techniques)
    most = f"{_named(first)} has the highest mean, {points(first.change)}"
    return f"{most}. Of {len(techniques)} techniques {higher} are clearly higher than plain, {lower} clearly lower."


def _listed(some: list[Gain], says: str) -> str:
    return f"{says} {and_list([_with_mean(gain) for gain in some])}." if some else ""


def _with_mean(gain: Gain) -> str:
    return f"{_named(gain)} ({mean_points(gain.change)})"


def _named(gain: Gain) -> str:
    """A way by its name, and by the strength that validation chose."""
    technique = next((t for t in STRENGTHS if t.name == gain.of.name), None)
    if technique is None or gain.of.strength is None:
        return gain.of.name
    return f"{gain.of.name} {at_strength(technique, gain.of.strength)}"


def mean_points(change: Difference) -> str:
    """The mean of a difference of accuracies, in points and with its sign."""
    return signed(100 * change.mean)


def points(change: Difference) -> str:
    """A difference of accuracies in points, with its interval."""
    low, high = (signed(100 * x) for x in (change.low, change.high))
    return f"{mean_points(change)} points (95 % interval {low} to {high}, {change.n} seeds)"


def and_list(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
