"""The overview: what the course is, the map of its lessons, the data."""

import streamlit as st

from core.app import frame, progress
from core.app.gallery import class_gallery
from core.app.glossary import glossary_button

HERE = "streamlit_app.py"
frame.begin(HERE)

st.title("Regularization, seen")
frame.text(
    "A neural network with 386,000 weights can learn 2,000 images by heart, wrong labels and all. "
    "**Regularization** is everything we do so that it learns the rule instead of the list. In this course you move "
    "a slider and see what each technique does to a real network: to its learning curves, its weights and its loss "
    "surface."
)

st.header("The lessons")
for lesson in frame.LESSONS[1:]:
    with st.container(border=True):
        st.page_link(lesson.path, label=f"**{lesson.title}**", icon=":material/arrow_forward:")
        st.markdown(lesson.question)
        if done := progress.tally_words(lesson.name):
            st.caption(done)
frame.text("In preparation: a page that compares all techniques. It joins the menu when it is finished.")

st.header("Your answers")
frame.text(
    "Each lesson has questions to commit to, faults to find and code to fill in. Your answers stay in this browser tab "
    "and nowhere else: there is no account, and nothing is tracked. Reloading or closing the tab forgets them, so save "
    "them first."
)
progress.progress_panel()

st.header("The data")
frame.text(
    "**Fashion-MNIST**: 70,000 grey photographs of clothes, 28 × 28 pixels each, in ten classes ([Xiao, Rasul & "
    "Vollgraf 2017](https://arxiv.org/abs/1708.07747)). 60,000 are for training and 10,000 for testing. It is small "
    "enough to train on in seconds, and not easy: people without training in fashion got [83.5 "
    "%](https://github.com/zalandoresearch/fashion-mnist) of 1,000 test images right."
)
class_gallery()

st.header("How to use it")
frame.text(
    "- **Scroll.** Each lesson asks a question and answers it with a figure. The formula comes after it.\n"
    "- **Move a slider.** Many stops are precomputed: the answer is there at once. Anything else is trained live, for "
    "real, while you watch.\n"
    "- **Share.** The address holds every setting. Copy it, and the reader sees your figures.\n"
    "- **Project.** The *Presentation* switch in the menu makes everything large and puts the menu away.\n"
    "- **Commit.** Answer before you look. You may be wrong as often as you like; what is said to a wrong answer is "
    "half of the lesson.\n"
    "- **Take it home.** Below the figures of a network: the same training as a script or a notebook of your own."
)
with st.expander("For instructors: links that set a page up"):
    frame.text(
        "The address holds what is set: move the sliders, copy it, and the class opens your figures. Add to it\n"
        "- `present=true` for large type and no menu;\n"
        "- `hide=` and a list of `questions` (the drawn predictions too), `faults`, `code`, `solutions` (the worked "
        "solutions of the code exercises, and their last hint), `downloads`: what is named is left out, on every page "
        "that is opened from there. `hide=none` brings all back;\n"
        "- `fault=` or `exercise=` and the name on its button, to open that one; `#find-the-fault`, "
        "`#fill-in-the-code` or `#check-yourself` at the end scrolls there.\n"
        "\n"
        "For example `/l1_l2?lambda1=0.001&exercise=l1+branch&hide=solutions,questions#fill-in-the-code`."
    )
frame.text(
    "Two settings come back in every lesson. **Full**: all 60,000 images, right labels, 20 epochs: the notebook's "
    "setting, in which a network of this size overfits only a little. **Small and noisy**: 2,000 images, every "
    "fifth label wrong, 60 epochs. There it overfits badly, and you see it in seconds."
)

glossary_button()

frame.end(HERE)
