"""Lesson 7: which regularizer, and when?"""

import streamlit as st

from core.app import claims, code, compare, faults, minima, questions, steps, together, watching
from core.techniques import L1, PLAIN

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
        asks="**Which way gains most over the plain network? Take the wrong labels away: which gains are left?**",
    )


@lesson.step(
    "When does which technique help?",
    settings=("when", *compare.when_switches("wrong"), *compare.when_switches("images")),
    say="Let everybody draw before anybody looks. Then the measured lines: over wrong labels, and over images.",
    ask="What would you rather have: dropout, or twice the images?",
    trap="A gain at 0 wrong labels as large as at 0.5. Labels are wrong in training only, and right in the test.",
    minutes=6,
)
def when() -> None:
    shown = steps.views(compare.WHEN, key="when")
    if compare.PREDICT in shown:
        questions.at("compare", "gain")
    if compare.WRONG_LABELS in shown:
        compare.accuracy_over(
            compare.WRONG_LABELS,
            asks="2,000 images at every point. **Which technique loses least as the labels get worse?**",
        )
    if compare.IMAGES in shown:
        compare.accuracy_over(
            compare.IMAGES,
            asks="A fifth of the labels is wrong at every point. **Where do the lines come together?**",
        )


@lesson.step(
    "All techniques on the same axes",
    settings=("axes_on", "axes_view", *compare.switches("axes")),
    say="Switch lines on and off. First the loss, then the accuracy: they do not rank the techniques alike.",
    ask="Which technique has the smallest gap? Is it the one with the highest accuracy?",
    trap="The smallest gap is not the best network: one that learns nothing has none.",
    minutes=4,
)
def same_axes() -> None:
    compare.same_axes(
        asks="**Does the technique with the lowest loss also have the highest accuracy? And the smallest gap?**"
    )


@lesson.step(
    "Is a difference clear, among so many?",
    settings=("numbers_on", "number", "against", "holm", "numbers_view"),
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
    "Two techniques at once: do the gains add up?",
    settings=together.SETTINGS,
    say="First guess: is the gain of both the sum of the two? Then pick a pair and read the line with the interval.",
    ask="Batch norm and L2: what can a penalty on the weights do where their length does not matter?",
    trap="“More regularization is better.” Each of them may have done the work of the other already.",
    minutes=6,
)
def at_once() -> None:
    together.panel(
        asks="**Is the gain of both the sum of the two gains, or less?**",
        says={
            "dropout and max-norm": "A limit on the weights into each unit was proposed together with dropout, so that "
            "the learning rate can be large without the weights growing ([Srivastava et al. 2014]"
            "(https://jmlr.org/papers/v15/srivastava14a.html), §5.1). Here the learning rate is the usual one.",
            "batch norm and L2": "Multiply the weights into a unit by 2: batch norm divides by the spread of the "
            "unit's input, so nothing changes. A penalty on their length therefore cannot make the network simpler "
            "there. It makes the weights shorter, so that a step of the same length turns them further: the "
            "*effective learning rate* rises ([van Laarhoven 2017](https://arxiv.org/abs/1706.05350)). The last layer "
            "has no norm after it, and there L2 acts as usual.",
            "batch norm and dropout": "In training, masks raise the variance of what reaches the next norm. In "
            "evaluation mode the masks are gone, but batch norm still divides by the variance of training. This is "
            "called *variance shift* ([Li et al. 2019](https://arxiv.org/abs/1801.05134)).",
            "dropout and L2": "Both keep the network from learning the wrong labels by heart. What one of them has "
            "prevented, the other cannot prevent again.",
            "dropout and augmentation": "Both keep the network from learning single images by heart: one changes the "
            "images, the other the network.",
        },
    )


@lesson.step(
    "Watch it happen",
    settings=watching.settings_of("watch", "view", "left", "right"),
    say="Press play. On the left and on the right are two trainings at the same epoch. Then choose two others.",
    ask="Where in the image do weights become small first? Why there?",
    trap="“L1 removes what is useless at the end.” Look how early it is done.",
    minutes=5,
)
def watch() -> None:
    watching.watch_panel(
        (PLAIN, L1),
        asks="Press **Play**. **Where do weights become small first, and is the loss better by then?** Then watch two "
        "others.",
        key="watch",
        choosing=True,
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
    "Which way did training go, and what lies between two networks?",
    settings=("way", *minima.PATH_SETTINGS, *minima.BETWEEN_SETTINGS),
    say="Of all planes this one shows the most of the way. Then two seeds, two networks: mix their weights, and watch "
    "the loss on the way from one to the other.",
    ask="The loss is high in the middle for one technique and not for another. Which network would you rather average?",
    trap="Reading a checkpoint's loss off the map: the map has the loss at its shadow.",
    minutes=7,
)
def ways() -> None:
    shown = steps.views(minima.WAYS_SHOWN, key="way")
    if minima.ONE_TRAINING in shown:
        minima.path_panel(
            asks="The map shows the plane in which the weights moved most. **Is the loss on the map that of the "
            "checkpoint?**",
            says="The weights after every epoch are points in a space of many dimensions. The axes are their first two "
            "principal components, and both count distance between weights. A dot is the point of the plane that is "
            "nearest to a checkpoint. Losses are on training images in evaluation mode, without penalty. Batch norm's "
            "statistics are those of the images, measured anew at each point.",
        )
    if minima.TWO_NETWORKS in shown:
        minima.between_panel(
            asks="Go straight from the network of one seed to that of another. **Whose loss rises on the way? Does the "
            "accuracy fall?**",
            says="A **wall**, or barrier, is how far the loss rises above the straight line between its two ends. "
            "Where there is one, the loss is not convex. Where there is none on this line, nothing is shown. The loss "
            "can be low halfway although fewer answers are right, because mistakes of which a network is not sure "
            "cost little. The units of two networks stand in different orders, and nothing here puts them into the "
            "same order first.",
        )


@lesson.step(
    "What is claimed, and what was measured",
    settings=claims.SETTINGS,
    say="Every claim about results of this course is a row: what the notebook says, what is often said, what a lesson "
    "states. The verdict follows from the interval by one rule.",
    ask="Choose the notebook's claims. Which of them would you have signed?",
    trap="“Not shown” is not “wrong”: five seeds cannot tell.",
    minutes=5,
)
def claimed() -> None:
    claims.claims_panel(
        asks="Each row is a claim about results, and what was measured of it. **Choose the notebook's: which would you "
        "have signed?**",
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
    "Fill in the code",
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
