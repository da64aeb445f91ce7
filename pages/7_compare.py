"""Lesson 7: which regularizer, and when?"""

import streamlit as st

from core.app import code, compare, faults, questions, steps

lesson = steps.lesson("pages/7_compare.py")


@lesson.step(
    "My network overfits. What should I try first?",
    settings=("move", "wrong", "images"),
    say="This is the question with which people come from practice. Begin where the course has been: 2,000 images, a "
    "fifth of the labels wrong. Then move to no wrong labels.",
    ask="Which of these ways needs no new code at all?",
    trap="“The best technique” without saying for how many images and how many wrong labels.",
    minutes=5,
)
def first() -> None:
    compare.gains_at_a_place(
        asks="Every way to regularize, against the plain network on the same images. **Which gains most? Take the "
        "wrong labels away: which gains are left?**",
    )


@lesson.step(
    "How much does it gain when there are more images?",
    settings=compare.switches("images"),
    say="All lines rise. What closes is the distance between them.",
    ask="What would you rather have: dropout, or twice the images?",
    trap="A regularizer does not replace data. Read off how many more images its gain is worth.",
    minutes=4,
)
def more_images() -> None:
    compare.accuracy_over(
        "Images",
        asks="A fifth of the labels is wrong at every point. **Where do the lines come together?**",
    )


@lesson.step(
    "Predict: what is dropout worth?",
    say="Let everybody draw before anybody looks.",
    ask="Where is the gain 0? Why there?",
    trap="A gain at 0 wrong labels as large as at 0.5.",
    minutes=3,
)
def predict() -> None:
    questions.at("compare", "gain")


@lesson.step(
    "How much does it gain when more labels are wrong?",
    settings=compare.switches("wrong"),
    say="At 0 there is little to gain. The more labels are wrong, the more it pays not to believe them.",
    ask="Which line falls least?",
    trap="The labels are wrong in training only: the test labels are right.",
    minutes=4,
)
def wrong_labels() -> None:
    compare.accuracy_over(
        "Wrong labels",
        asks="2,000 images at every point. **Which technique loses least as the labels get worse?**",
    )


@lesson.step(
    "All techniques on the same axes",
    settings=("axes_on", "axes_view", *compare.switches("axes")),
    say="Switch lines on and off. First the loss, then the accuracy: they do not rank the techniques alike.",
    ask="Which technique has the smallest gap? Is it the one with the highest accuracy?",
    trap="The smallest gap is not the best network: one that learns nothing has none.",
    minutes=5,
)
def same_axes() -> None:
    compare.same_axes(
        asks="**Does the technique with the lowest loss also have the highest accuracy? And the smallest gap?**"
    )


@lesson.step(
    "Is a difference clear, among so many?",
    settings=("numbers_on", "number", "against", "holm"),
    say="Every technique less one of them. Then switch the correction on, and see which differences are still clear.",
    ask="Compare with dropout instead of the plain network. Which differences are still clear?",
    trap="Every further comparison is one more chance to be wrong.",
    minutes=6,
)
def numbers() -> None:
    compare.numbers(
        asks="A difference is called clear where its interval leaves out 0. **How many are clear on 60,000 images? How "
        "many with Holm's correction?**"
    )


@lesson.step(
    "Find the fault",
    settings=("fault",),
    part="faults",
    say="The code is from nobody in particular, and from everybody.",
    ask="How much of a number that was chosen for being high is luck?",
    trap="“More seeds would help”: the highest of more numbers is higher still.",
    minutes=4,
)
def find_the_fault() -> None:
    faults.find_the_fault("compare")


@lesson.step(
    "Fill in the code: early stopping",
    settings=("exercise",),
    part="code",
    say="Two conditions. Let them say in words what `waited` counts before they type.",
    ask="Which weights are kept: those of the epoch at which training ends?",
    trap="Keeping the last weights instead of the best.",
    minutes=6,
)
def fill_in_the_code() -> None:
    code.fill_in("compare")


@lesson.step(
    "Check yourself",
    settings=("question",),
    part="questions",
    say="Commit before you look.",
    ask="Which of these would you have answered differently an hour ago?",
    trap="The smallest gap, once more.",
    minutes=5,
)
def check_yourself() -> None:
    questions.check_yourself("compare")


@lesson.step(
    "What you can now do",
    say="One figure to take away: the gains at one place, in their order, with their intervals.",
    ask="Your neighbour's network overfits. What do you ask before you advise anything?",
    trap="To advise a technique before asking for the number of images and the labels.",
    minutes=3,
)
def now_you_can() -> None:
    figure, side = steps.side_by_side()
    with figure:
        compare.gains_to_remember()
    with side:
        st.markdown(
            "You can now\n1. say which regularizer to try first, and for how many images and how many wrong labels "
            "that holds;\n2. compare techniques fairly: each at its own best strength, chosen on validation images, "
            "told of test images, over seeds;\n3. read a paired difference and its interval;\n4. say how many "
            "differences are clear by chance, and what Holm's correction does about it;\n5. stop a training early, "
            "and say which weights to keep."
        )


lesson.show()
