"""Lesson 7: which regularizer, and when?"""

from core.app import compare, steps

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
    trap="Ten comparisons at the 95 % level are ten chances to be wrong.",
    minutes=6,
)
def numbers() -> None:
    compare.numbers(
        asks="A difference is called clear where its interval leaves out 0. **How many are clear on 60,000 images? How "
        "many with Holm's correction?**"
    )


lesson.show()
