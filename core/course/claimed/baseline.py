"""What lesson 1 states or asks: stopping early, augmentation, label smoothing."""

from __future__ import annotations

from core.config import FULL, SMALL_AND_NOISY
from core.course.claim import Claim, across, between
from core.course.claims import LAST_ACCURACY, MEMORISED, TEST_BEST, TEST_LAST
from core.techniques import AUGMENTATION, LABEL_SMOOTHING

LESSON = "baseline"
EPOCHS = "best epoch", "last epoch"

STOPPED_SMALL = Claim(
    "stopping early, few images",
    LESSON,
    "On few noisy images, the plain network's test accuracy is higher at the epoch with the lowest validation loss "
    "than at the last.",
    f"{LESSON}/one-run",
    across(TEST_LAST, SMALL_AND_NOISY, TEST_BEST, SMALL_AND_NOISY, names=EPOCHS),
    "higher",
)
STOPPED_FULL = Claim(
    "stopping early, all images",
    LESSON,
    "On all images, the plain network's test accuracy is higher at the epoch with the lowest loss than at the last.",
    f"{LESSON}/one-run",
    across(TEST_LAST, FULL, TEST_BEST, FULL, names=EPOCHS),
    "higher",
    "The epoch was chosen on the test images themselves, because no others are left, so this accuracy looks somewhat "
    "too good.",
)
SHIFTED_SMALL = Claim(
    "augmentation, few images",
    LESSON,
    "On few noisy images, shifts by one pixel and flips raise the accuracy.",
    f"{LESSON}/augmentation",
    between(LAST_ACCURACY, SMALL_AND_NOISY, AUGMENTATION.at(SMALL_AND_NOISY, 1)),
    "higher",
)
SHIFTED_FULL = Claim(
    "augmentation, all images",
    LESSON,
    "On all images, shifts by one pixel and flips raise the accuracy.",
    f"{LESSON}/augmentation",
    between(LAST_ACCURACY, FULL, AUGMENTATION.at(FULL, 1)),
    "higher",
)
SMOOTHED_SMALL = Claim(
    "label smoothing, few images",
    LESSON,
    "On few noisy images, label smoothing with ε = 0.5 raises the accuracy.",
    f"{LESSON}/smoothing",
    between(LAST_ACCURACY, SMALL_AND_NOISY, LABEL_SMOOTHING.at(SMALL_AND_NOISY, 0.5)),
    "higher",
)
SMOOTHED_FULL = Claim(
    "label smoothing, all images",
    LESSON,
    "On all images, label smoothing with ε = 0.1 raises the accuracy.",
    f"{LESSON}/smoothing",
    between(LAST_ACCURACY, FULL, LABEL_SMOOTHING.at(FULL, 0.1)),
    "higher",
)
SMOOTHED_LABELS = Claim(
    "label smoothing and wrong labels",
    LESSON,
    "Label smoothing with ε = 0.5 keeps wrong labels from being learned by heart.",
    f"{LESSON}/smoothing",
    between(MEMORISED, SMALL_AND_NOISY, LABEL_SMOOTHING.at(SMALL_AND_NOISY, 0.5)),
    "lower",
)
