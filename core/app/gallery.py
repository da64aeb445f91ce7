"""The data set's images on a page."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.app.frame import data_on_this_machine
from core.app.runs import data_or_download
from core.config import DATASETS
from core.data import DataError, Images, examples_per_class, images_in
from core.results.ensemble import N_SHOWN
from core.results.shift import Shift
from core.seeds import seeded

PER_CLASS = 8
SCALE = 2
"""Screen pixels per image pixel, so that a browser need not blur them."""


def _images() -> Images | None:
    """The images, read where they were found; None where they are not on this machine, or no longer."""
    folder = data_on_this_machine().folder
    try:
        return images_in(folder) if folder else None
    except DataError:
        data_on_this_machine.clear()
        return None


@st.cache_resource(show_spinner=False)
def _strips(per_class: int, _of: Images) -> list[np.ndarray]:
    """For each class a row of its first test images, dark on light: (side, per_class·side) uint8, enlarged."""
    examples = examples_per_class(_of, per_class)
    rows = [np.concatenate(list(images), axis=1) for images in examples]
    return [np.kron(255 - row, np.ones((SCALE, SCALE), np.uint8)) for row in rows]


def class_gallery() -> None:
    """The ten classes with images of each, or their names alone where the images are not on this machine."""
    names = DATASETS["fashion-mnist"].class_names
    if data_or_download(key="gallery") and (images := _images()):
        cells = st.grid(2, min_column_width=300)
        for i, (name, strip) in enumerate(zip(names, _strips(PER_CLASS, images), strict=True)):
            with cells:
                alt = f"{PER_CLASS} images of class {i}, {name}."
                st.image(strip, caption=f"{i}: {name}", alt=alt, width="stretch")
    else:
        st.markdown("The ten classes: " + ", ".join(f"{i} {name}" for i, name in enumerate(names)) + ".")


@st.cache_resource(show_spinner=False)
def _examples(_of: Images) -> tuple[np.ndarray, np.ndarray]:
    """One test image of each class beside each other, (side, 10·side) pixels in [0, 1], and fixed noise for them."""
    row = np.concatenate([images[0] for images in examples_per_class(_of, 1)], axis=1)
    return row / 255, seeded(0, "noise of the shown examples").standard_normal(row.shape)


def shifted_gallery(shift: Shift) -> None:
    """One test image of each class as it is and as shifted, white on black as the network sees it; nothing where the
    images are not on this machine."""
    images = _images()
    if images is None:
        st.caption("The images themselves are shown here where Fashion-MNIST is on the machine.")
        return
    pixels, epsilon = _examples(images)
    both = np.concatenate([pixels, shift.applied(pixels, epsilon)], axis=0)
    enlarged = np.kron(np.rint(255 * both).astype(np.uint8), np.ones((4, 4), np.uint8))
    caption = "The upper row is as in training. The lower row is what the network meets now."
    st.image(enlarged, caption=caption, alt=f"One test image of each class, in two rows. {caption}", width="stretch")


@st.cache_resource(show_spinner=False)
def _first_test_images(_of: Images) -> np.ndarray:
    """(N_SHOWN, side, side), dark on light, enlarged."""
    return np.kron(255 - _of.test_x[:N_SHOWN], np.ones((1, 6, 6), np.uint8))


def one_image(index: int) -> None:
    """One of the first N_SHOWN test images, enlarged, dark on light; a word where they are not on this machine."""
    images = _images()
    if images is None:
        st.caption("The image is shown here where Fashion-MNIST is on the machine.")
        return
    name = DATASETS["fashion-mnist"].class_names[int(images.test_y[index])]
    st.image(_first_test_images(images)[index], alt=f"Test image {index}: {name}.", width=168)
