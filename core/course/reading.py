"""How the numbers of the course are to be read: a text, with what it says of the seeds computed from the runs."""

from __future__ import annotations

from functools import cache

from core.config import FULL, SMALL_AND_NOISY, RunConfig
from core.course.claims import LAST_ACCURACY, single_run_margin
from core.course.over_seeds import runs_at
from core.results.run import TRAIN_SUBSET


@cache
def how_to_read_the_numbers() -> str:
    """In Markdown, a list item for each kind of number."""
    return "\n".join(
        f"- {item}" for item in (*_IMAGES, *_OVER_SEEDS, _one_run(), *_STRENGTHS, *_INTERVALS, _THE_NOTEBOOK)
    )


_IMAGES = (
    (
        "**Training images** are those that the weights are fitted to. Only among these are there wrong labels. Where "
        f"there are more than {TRAIN_SUBSET:,} of them, training loss and training accuracy are measured on the first "
        f"{TRAIN_SUBSET:,}."
    ),
    (
        "**Held-out images** are others, on which the network is measured after every epoch. With 60,000 training "
        "images these are the 10,000 **test images**, as in the notebook. With fewer they are 10,000 **validation "
        "images**, which were left out of the training file. A strength or an epoch is then chosen on the validation "
        "images, and the test images are kept for the end."
    ),
    (
        "**The gap** is the held-out loss minus the training loss, both after the last epoch and without the penalty. "
        "The *accuracy gap* is training accuracy minus held-out accuracy. It can be negative with wrong labels, "
        "because a right answer to a wrong label counts as a training mistake."
    ),
)

_OVER_SEEDS = (
    (
        "**± over seeds**: every network was trained five times, each time from another random start. The page shows "
        "the mean and the standard deviation of the five."
    ),
)


def _one_run() -> str:
    """How large a difference between two single runs must be before it says anything of the techniques."""
    return (
        "**One run alone** says little, because two runs of the same network differ as well when their seeds do. A "
        "difference between the final accuracies of two single runs means something only if it is larger than about "
        f"{one_run_margin(FULL)} with 60,000 images, or {one_run_margin(SMALL_AND_NOISY)} with 2,000 images and wrong "
        "labels. These margins come from the spread of the plain network's five seeds; in pairs of equally good "
        "networks, 95 of 100 differ by less."
    )


def one_run_margin(plain: RunConfig) -> str:
    """How far apart the final accuracies of two single runs of the same network must be expected to lie, in words: no
    further in 95 of 100 pairs. From the spread of the seeds."""
    return f"{100 * single_run_margin([LAST_ACCURACY.of(run) for run in runs_at(plain)]):.1f} points"


_STRENGTHS = (
    (
        "**Strengths at 60,000 images** were chosen by hand from the stops of each slider, by someone who had seen the "
        "accuracy on the test images, because no other images were left. A small gain that a page reports there is "
        "therefore flattered: the best of several stops is partly the luckiest. With fewer images, strengths were "
        "chosen on the validation images."
    ),
)

_INTERVALS = (
    (
        "**A 95 % interval** belongs to the difference between two techniques. They are compared seed by seed, and "
        "Student's t of the five differences gives the interval. Where it leaves out 0, the page says *higher* or "
        "*lower*. Elsewhere it says *no clear difference*: five seeds cannot tell the two apart, which does not make "
        "them equal."
    ),
    (
        "**Many intervals** stand in this course, so a few will leave out 0 by chance alone. The page *Compare* lists "
        "the claims that rest on them, says how many that would be, and can correct for their number; elsewhere none "
        "is corrected. All seeds are measured on the same held-out images; what another sample of images would change "
        "comes on top."
    ),
)

_THE_NOTEBOOK = (
    "**The notebook** is the lesson notebook that this course grew out of, in PyTorch and on the same images. Where it "
    "was wrong, the pages say so."
)
