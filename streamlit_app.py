"""The overview: a gap to close, the map of the lessons, the data, how to use it."""

import streamlit as st

from core.app import frame, keeping, opening, progress, projecting, steps
from core.app.gallery import class_gallery
from core.app.glossary import glossary_button
from core.app.lesson_map import go_on, lesson_map

HERE = "streamlit_app.py"
frame.begin(HERE)
steps.style()

with st.container(horizontal=True, vertical_alignment="center", key="step_bar"):
    st.title("Regularization, seen", anchor=False, width="stretch")
    glossary_button()
st.markdown(
    "This network learns 2,000 images by heart, wrong labels and all. Its loss, which says how wrong it is, falls on "
    "them and rises on new ones: a **gap** opens. **Regularization** makes it learn the rule instead. **Move the "
    "slider until the gap closes.**"
)
opening.gap_panel()

st.header("The lessons", anchor=False)
with st.container():  # what comes and goes here must not close what is open below
    if keeping.trouble():
        st.warning(keeping.trouble(), icon=":material/save:")
    go_on()
lesson_map()

data = st.expander("The data", icon=":material/unfold_more:", key="the_data", on_change="rerun")
if data.open:  # eighty pictures
    with data:
        frame.text(
            "**Fashion-MNIST** has 70,000 grey photographs of clothes, 28 × 28 pixels each, in ten classes ([Xiao, "
            "Rasul & Vollgraf 2017](https://arxiv.org/abs/1708.07747)). 60,000 are for training and 10,000 for "
            "testing. It is small enough to train on in seconds, and it is not easy: people without training in "
            "fashion got [83.5 %](https://github.com/zalandoresearch/fashion-mnist) of 1,000 test images right."
        )
        class_gallery()
        frame.text(
            "Two settings come back in every lesson. **Full** means all 60,000 images with right labels for 20 "
            "epochs. This is the notebook's setting, in which a network of this size overfits only a little. **Small "
            "and noisy** means 2,000 images, every fifth label wrong, for 60 epochs. The network overfits badly "
            "there, and you see it in seconds."
        )

with steps.fold("How to use it"):
    frame.text(
        "- **Step through.** A lesson is a list of steps, one idea on one screen. Turn them with *Next* and *Back*, "
        "or with the arrow keys ← and →. *Steps* lists them all, and leads to the whole lesson on one page.\n- **Move "
        "a slider.** Most stops are computed beforehand, so the answer is there at once. Anything else is trained "
        "live while you watch.\n- **Commit.** Answer before you look. You may be wrong as often as you like; the "
        "reply to a wrong answer is half of the lesson.\n- **Look words up.** The *Glossary* in the bar of every step "
        "explains each term, and how to read the numbers.\n- **Share.** The address holds the step and its settings. "
        "Copy it, and the reader sees your figure.\n- **Take it home.** The fold *Take it home*, beside a network's "
        "figures, has the same training as a script or a notebook of your own."
    )

with steps.fold("For instructors"):
    frame.text(
        "The *Presentation* switch in the menu makes everything large and puts the menu away. The address holds what "
        "is set: turn to a step, move its sliders, copy the address, and the class opens your figure. You can add\n"
        "- `step=` and the name of a step to open it, or `whole=true` for the whole lesson on one page;\n"
        "- `present=true` for large type and no menu;\n"
        "- `hide=` and a list of `questions` (the drawn predictions too), `faults`, `code`, `solutions` (the worked "
        "solutions of the code exercises, and their last hint) and `downloads`. What is named is left out on every "
        "page that is opened from there, until `hide=none` shows everything again;\n"
        "- `fault=` or `exercise=` and the name on its button, to open that one.\n"
        "\n"
        "For example `/l1_l2?exercise=l1+branch&hide=solutions,questions`."
    )

with steps.fold("Your answers"):
    frame.text(
        "Each lesson has questions to commit to, faults to find and code to fill in. This browser keeps your answers "
        "and the steps that you have seen, on this machine only, so that you can close the tab and go on another day. "
        "There is no account, and nothing is tracked; the server forgets them when you leave. Save them to a file to "
        "go on in another browser, and forget them here if others use this machine."
    )
    progress.progress_panel()

projecting.follow_from_elsewhere()
frame.end(HERE)
