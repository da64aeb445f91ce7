"""The data set's images on a page."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.app.runs import data_or_download
from core.config import DATASETS
from core.data import examples_per_class, load_images

PER_CLASS = 8
SCALE = 2
"""Screen pixels per image pixel, so that a browser need not blur them."""


@st.cache_resource(show_spinner=False)
def _strips(per_class: int) -> list[np.ndarray]:
    """For each class a row of its first test images, dark on light: (side, per_class·side) uint8, enlarged."""
    examples = examples_per_class(load_images("fashion-mnist"), per_class)
    rows = [np.concatenate(list(images), axis=1) for images in examples]
    return [np.kron(255 - row, np.ones((SCALE, SCALE), np.uint8)) for row in rows]


def class_gallery() -> None:
    """The ten classes with images of each, or their names alone where the images are not on this machine."""
    names = DATASETS["fashion-mnist"].class_names
    if data_or_download(key="gallery"):
        cells = st.grid(2, min_column_width=300)
        for i, (name, strip) in enumerate(zip(names, _strips(PER_CLASS), strict=True)):
            with cells:
                st.image(strip, caption=f"{i}: {name}", width="stretch")
    else:
        st.markdown("The ten classes: " + ", ".join(f"{i} {name}" for i, name in enumerate(names)) + ".")
