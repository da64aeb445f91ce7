"""Augmentation against one image at a time, moved pixel by pixel."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.config import DIGITS, FULL
from core.engine.augmentation import augment

SIDE = FULL.facts.side


def images(n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(1, 256, (n, SIDE * SIDE), generator=generator, dtype=torch.uint8)


def moved(image: np.ndarray, down: int, right: int, mirrored: bool) -> np.ndarray:
    """One image (side, side), mirrored, then moved, pixel by pixel."""
    image = image[:, ::-1] if mirrored else image
    found = np.zeros_like(image)
    for i in range(len(image)):
        for j in range(len(image)):
            if 0 <= i - down < len(image) and 0 <= j - right < len(image):
                found[i, j] = image[i - down, j - right]
    return found


def matches(before: np.ndarray, after: np.ndarray, shift: int, flips: bool) -> list[tuple[int, int, bool]]:
    """The moves that make one image of another."""
    ways = range(-shift, shift + 1)
    return [
        (down, right, mirrored)
        for down in ways
        for right in ways
        for mirrored in ((False, True) if flips else (False,))
        if np.array_equal(moved(before, down, right, mirrored), after)
    ]


@pytest.mark.parametrize(("shift", "flip"), [(2, "on"), (1, "off"), (0, "on")])
def test_each_image_is_one_of_its_shifts_and_mirror_images_and_all_of_them_occur(shift, flip):
    config, x = replace(FULL, shift=shift, flip=flip), images(300)
    after = augment(x, config, torch.Generator().manual_seed(1)).numpy()
    assert after.shape == x.shape and after.dtype == np.uint8
    before, after = x.numpy().reshape(-1, SIDE, SIDE), after.reshape(-1, SIDE, SIDE)
    found = [matches(one, other, shift, flip == "on") for one, other in zip(before, after, strict=True)]
    assert all(len(ways) == 1 for ways in found)
    counts = {way: sum(way in ways for ways in found) for ways in found for way in ways}
    n_ways = (2 * shift + 1) ** 2 * (2 if flip == "on" else 1)
    assert len(counts) == n_ways
    # 300 images over n ways: each count is binomial, and more than five standard deviations off is no chance
    share = 1 / n_ways
    assert all(abs(n - 300 * share) < 5 * np.sqrt(300 * share * (1 - share)) for n in counts.values())


def test_without_augmentation_the_images_are_the_same_and_nothing_is_drawn():
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    x = images(3)
    assert augment(x, FULL, generator) is x and torch.equal(generator.get_state(), before)


def test_flips_leave_the_shifts_of_each_image_as_they_are():
    x = images(50)
    without = augment(x, replace(FULL, shift=2), torch.Generator().manual_seed(3)).view(-1, SIDE, SIDE)
    both = augment(x, replace(FULL, shift=2, flip="on"), torch.Generator().manual_seed(3)).view(-1, SIDE, SIDE)
    same = sum(torch.equal(one, other) for one, other in zip(without, both, strict=True))
    assert 10 < same < 40  # those that were not mirrored: half of 50, four standard deviations either way


def test_the_digits_have_images_of_their_own_size():
    x = torch.randint(1, 256, (4, 64), dtype=torch.uint8)
    assert augment(x, replace(DIGITS, shift=1), torch.Generator().manual_seed(0)).shape == (4, 64)
