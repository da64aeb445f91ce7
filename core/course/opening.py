"""What the course opens with: the small and noisy network, the techniques that close its gap, and what they did."""

from __future__ import annotations

from core.config import SMALL_AND_NOISY
from core.course.claims import LAST_ACCURACY, LOSS_GAP, Difference, compare, percent
from core.course.over_seeds import runs_at
from core.results.run import Run
from core.techniques import AUGMENTATION, DROPOUT, L1, L2, LABEL_SMOOTHING, MAX_NORM, Technique

OFFERED = (DROPOUT, L1, L2, MAX_NORM, LABEL_SMOOTHING, AUGMENTATION)
"""Techniques with one strength that close the gap of the small and noisy network, at least half of it."""


def runs_with(technique: Technique, strength: float) -> list[Run]:
    """The small and noisy network with a technique at a strength, over all seeds."""
    return runs_at(technique.at(SMALL_AND_NOISY, strength))


def what_happened(technique: Technique, strength: float) -> str:
    """In Markdown: the gap and the accuracy on new images, without the technique and with it, paired over seeds."""
    plain, runs = runs_with(technique, 0), runs_with(technique, strength)
    seeds = f"means over {len(plain)} seeds"
    gap, accuracy = LOSS_GAP.mean(plain), LAST_ACCURACY.mean(plain)
    if not strength:
        return (
            f"Without a regularizer the gap is **{gap:.2f} nats**. Of the images that it has never seen, the network "
            f"gets **{percent(accuracy)}** right ({seeds})."
        )
    new_gap, change = LOSS_GAP.mean(runs), compare(LAST_ACCURACY, plain, runs)
    told = (
        f"The gap goes from {gap:.2f} to **{_signed(new_gap)} nats**. The accuracy on images that the network has "
        f"never seen goes from {percent(accuracy)} to **{percent(LAST_ACCURACY.mean(runs))}**, which is "
        f"**{_verdict(change)}** ({seeds})."
    )
    return " ".join((told, *_remarks(new_gap, change)))


def _signed(x: float) -> str:
    return f"{x:.2f}".replace("-", "−")


def _verdict(change: Difference) -> str:
    if not change.is_clear:
        return "no clear difference"
    return "higher" if change.mean > 0 else "lower"


def _remarks(gap: float, change: Difference) -> list[str]:
    """What a newcomer would stumble over: a gap below 0, and one that closes because nothing is learned any more."""
    remarks = []
    if change.is_clear and change.mean < 0:
        remarks.append("A small gap alone is not enough.")
    elif gap < 0:
        remarks.append(
            "A gap below 0 comes from the wrong labels: they count in the training loss, and the network no longer "
            "fits them."
        )
    return remarks
