"""What the overview opens with: a network that overfits, and one slider that closes its gap."""

from __future__ import annotations

import streamlit as st

from core.app import controls, failures, frame, steps
from core.app.draw import chart
from core.app.panels import table
from core.course.opening import OFFERED, runs_with, what_happened
from core.figures.opening import gap_figure, gap_table
from core.techniques import PLAIN

HEIGHT, PROJECTED_HEIGHT = 390, 330
"""Of the figure, in pixels, the second one before it is enlarged: with the title above it, it fits a window of 720, and
with its slider below it a phone."""

READING = (
    "The network has 784 inputs, one for each pixel, two hidden layers of 392 and 196 units, and ten outputs, one for "
    "each class. The lines are means over five seeds, that is over five trainings from different random starts. An "
    "epoch is one pass through the training images. The loss is the cross-entropy, in nats. Guessing among ten "
    "classes costs ln 10 nats.\n\nAt first the dashed line is the higher one, because every fifth of its labels is "
    "wrong and no rule predicts those. Later the plain network learns even them by heart. The images that it has "
    "never seen are 10,000 validation images, all with their right labels."
)


@failures.fragment
def gap_panel() -> None:
    """The small and noisy network's two losses and its gap; a choice of technique, and its strength, from none on."""
    figure, side = steps.side_by_side()
    with side:
        named = {technique.name: technique for technique in OFFERED}
        technique = named[controls.choice("Regularizer", tuple(named), key="try")]
        strength = controls.stop(technique.label, technique.stops, 0, key=f"try_{technique.key}")
        told = what_happened(technique, strength)
        st.markdown(told)
        st.caption(technique.says)
        lesson = frame.lesson_named(technique.lesson)
        st.page_link(lesson.path, label=f"How it works: {lesson.title}", icon=":material/arrow_forward:")
        with steps.fold("How to read the figure"):
            st.markdown(READING)
        plain, runs = runs_with(technique, 0), runs_with(technique, strength)
        table(gap_table(runs), key="opening")
    with figure:
        chart(
            gap_figure(plain, runs, colour=technique.colour if strength else PLAIN.colour),
            alt="The loss on training images and on new ones over the epochs, and the gap between them. "
            + told.replace("*", ""),
            height=PROJECTED_HEIGHT if frame.is_presenting() else HEIGHT,
        )
