"""Lesson 7: which regularizer, and when?"""

import streamlit as st

from core.app import code, compare, faults, minima, questions, steps

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
    "How sure is each network, and is it right to be?",
    settings=minima.SURE_SETTINGS,
    say="A network names a class and how sure it is of it. Among all answers of one confidence, that share should be "
    "right.",
    ask="A dot far below the dashed line: is that network too sure, or not sure enough?",
    trap="“The more accurate, the better calibrated.” Compare the two orders in the table.",
    minutes=5,
)
def calibration() -> None:
    minima.calibration_panel(
        asks="Confidence is the probability that a network gives its own answer. **Whose dots lie below the dashed "
        "line, and whose above?**",
        says="The expected calibration error is the distance from the dashed line, averaged over the test images. It "
        "is never quite 0: even in the bins of a perfectly calibrated network the share of right answers differs from "
        "the confidence by chance.",
    )


@lesson.step(
    "Who has the flattest minimum?",
    settings=minima.SHARP_SETTINGS,
    say="Flat minima are said to generalise better. So let us ask three measures of flatness who is flattest.",
    ask="The measures disagree. Which of them changes if you double the weights of one layer and halve those of the "
    "next?",
    trap="To read “flat” as a property of the network. It is one of the network and of a ruler.",
    minutes=6,
)
def sharpness() -> None:
    minima.sharpness_panel(
        asks="Each view measures how sharp the minimum is at which training ended, and has the flattest on top. **Does "
        "the order stay the same?**",
        why="Multiply the weights and biases of a layer by 2 and the next layer's weights by ½. A ReLU network still "
        "computes the same, but its Hessian is another one: curvature depends on the size of the weights ([Dinh et al. "
        "2017](https://arxiv.org/abs/1703.04933)). A network with small weights, as a penalty makes them, is changed a "
        "lot by a step of fixed length, and so it looks sharp. The rise is measured in steps as long as the weights "
        "themselves ([Li et al. 2018](https://arxiv.org/abs/1712.09913)), so that such a change of scale leaves it as "
        "it was.",
    )


@lesson.step(
    "Which way did training go?",
    settings=minima.PATH_SETTINGS,
    say="Of all planes this one shows the most of the way. Move the epoch, and compare the two losses.",
    ask="Where do the two curves below part? What does the plane leave out there?",
    trap="Reading a checkpoint's loss off the map: the map has the loss at its shadow.",
    minutes=5,
)
def path() -> None:
    minima.path_panel(
        asks="The map shows the plane in which the weights moved most. **Is the loss on the map that of the "
        "checkpoint?**",
        says="The weights after every epoch are points in a space of many dimensions. The axes are their first two "
        "principal components, and both count distance between weights. A dot is the point of the plane that is "
        "nearest to a checkpoint. Losses are on training images in evaluation mode, without penalty. Batch norm's "
        "statistics are those of the images, measured anew at each point.",
    )


@lesson.step(
    "Is there a wall between two networks?",
    settings=minima.BETWEEN_SETTINGS,
    say="Two seeds, two networks. Mix their weights, and watch the loss on the way from one to the other.",
    ask="The loss is high in the middle for one technique and not for another. Which network would you rather average?",
    trap="“No wall in the loss” as “the same valley”: look at the accuracy too.",
    minutes=5,
)
def between() -> None:
    minima.between_panel(
        asks="Go straight from the network of one seed to that of another. **Whose loss rises on the way? Does the "
        "accuracy fall?**",
        says="A **wall**, or barrier, is how far the loss rises above the straight line between its two ends. Where "
        "there is one, the loss is not convex. Where there is none on this line, nothing is shown. The loss can be low "
        "halfway although fewer answers are right, because mistakes of which a network is not sure cost little. The "
        "units of two networks stand in different orders, and nothing here puts them into the same order first.",
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
