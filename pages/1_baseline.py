"""Lesson 1: the unregularized perceptron, its overfitting, and the loss surface around it."""

import streamlit as st

from core.app import baseline_measurements, by_heart, code, controls, faults, panels, questions, steps, strengths
from core.config import FULL, SMALL_AND_NOISY
from core.course.baseline import OWN_SETTINGS
from core.course.claim import if_so
from core.course.claimed import baseline as claimed
from core.course.claims import LAST_ACCURACY, MEMORISED, TRAIN_ACCURACY
from core.course.over_seeds import runs_at
from core.course.reading import one_run_margin
from core.course.strengths import reach_in_words
from core.results.surface import Surface
from core.techniques import AUGMENTATION, LABEL_SMOOTHING

SETTINGS = {"Full: 60,000 images": FULL, "Small and noisy: 2,000 images": SMALL_AND_NOISY}

lesson = steps.lesson("pages/1_baseline.py")


@lesson.step(
    "One network, trained twice",
    settings=("picture_view",),
    say="It is the same network on both sides. Only the training differs: many images with right labels, or few images "
    "and a fifth of the labels wrong.",
    ask="Where do the dashed and the solid line part? Which of the two would you trust?",
    trap="The class will praise the falling dashed line on the right. It says how well the network knows its training "
    "images, and nothing about new ones.",
    minutes=4,
)
def picture() -> None:
    figure, side = steps.side_by_side()
    with figure:
        baseline_measurements.two_trainings(SETTINGS)
        with steps.fold("How they were trained, and their numbers"):
            baseline_measurements.trainings_in_full(SETTINGS, key="picture")
    with side:
        st.markdown(
            "A network learns to tell ten kinds of clothes apart, on the left from 60,000 images and on the right "
            "from only 2,000, a fifth of which have a **wrong label**.\n"
            "\n"
            "The **loss** is low where the network is sure of the right answer. An **epoch** is one pass over all "
            "training images. **Dashed lines** are measured on the images it trains on, **solid lines** on images it "
            "never trained on.\n"
            "\n"
            "**Where do the two kinds of line part? Which would you trust?**"
        )
        with steps.fold("How to read the curves"):
            st.markdown(
                "Both pictures have the same vertical axis. Each line is one training, and the band around it reaches "
                "from the lowest to the highest of five, which start from different random numbers. The dotted "
                "upright line marks the epoch with the lowest loss on new images. The numbers below the curves are "
                "those of the line.\n"
                "\n"
                "Images that the network never trains on are **held out**. The **validation images** may be used for "
                "choices, such as when to stop. The **test images** should be looked at once, when everything has been "
                "chosen. With all 60,000 images in training, only the test images are left.\n"
                "\n"
                "The loss is the *cross-entropy*, measured in **nats**, the unit of the natural logarithm. Guessing "
                "among ten classes costs ln 10 ≈ 2.30 nats. On the right the dashed line of the loss starts higher "
                "than the solid one, because it is measured with the labels that the network was given, and a fifth of "
                "those are wrong."
            )


@lesson.step(
    "What is overfitting?",
    say="Follow the dashed line down, and then the solid one. From the marked epoch on, the network gets better at "
    "its training images and worse at new ones.",
    ask="At which epoch would you have stopped?",
    trap="Overfitting is not a high training accuracy. It is that new images get worse while the training images get "
    "better.",
    minutes=4,
)
def overfitting() -> None:
    small = runs_at(SMALL_AND_NOISY)
    figure, side = steps.side_by_side()
    with figure:
        run = baseline_measurements.one_training(SMALL_AND_NOISY, key="overfitting")
    with side:
        st.markdown(
            "This is the small training again. The loss on its training images falls to the end. On new images it is "
            f"lowest after epoch **{run.best_epoch}** of this run, and then it rises. The network goes on improving on "
            "its training images while it gets worse on new ones, and this is called **overfitting**.\n"
            "\n"
            f"At the end it is right about **{TRAIN_ACCURACY.over(small)}** of its training images, as they are "
            f"labelled, and about **{LAST_ACCURACY.over(small)}** of the new ones (over {len(small)} seeds)."
        )
        with steps.fold("And the wrong labels?"):
            st.markdown(
                f"The network even reproduces **{MEMORISED.over(small)}** of the *wrong* labels that it was trained "
                "on. No rule says that one particular coat is a sandal, so such a label can only be learned by heart."
            )
        with steps.fold("What does ± mean?"):
            st.markdown(
                f"The network was trained {len(small)} times. Each training started from another **seed**, which is "
                "the number that all randomness comes from. The first number is the mean of these trainings, and the "
                "number after ± is their standard deviation."
            )


@lesson.step(
    "What it learned by heart, in pictures",
    settings=by_heart.SETTINGS,
    say="These training images were given a wrong label on purpose. Go back to epoch 5, and then forward to 60.",
    ask="After epoch 5 the network often names the true class of an image whose label it was told wrongly. What "
    "happened by epoch 60?",
    trap="At epoch 5 it looks as if the network ignored wrong labels. It has just not learned them yet.",
    minutes=4,
)
def learned_by_heart() -> None:
    by_heart.by_heart_panel(
        "baseline",
        asks="The quoted word is the wrong label that the network was given, and its answer stands below each image. "
        "**Go back to epoch 5: does it already repeat the wrong labels?**",
    )


@lesson.step(
    "What does the training minimise?",
    say="The formula is a mean over the training images. Look for the new images in it: they are not there.",
    ask="Which term of the formula keeps the gap small?",
    trap="None does. Regularization is what one adds because of that.",
    minutes=4,
)
def network() -> None:
    left, right = steps.side_by_side(1, 1)
    with left:
        st.markdown(
            "**The network** is a multilayer perceptron. It has three linear layers with a ReLU after the first "
            "two, which sets every negative value to 0."
        )
        baseline_measurements.parameter_table(FULL)
    with right:
        st.markdown("**Training** minimises the mean **cross-entropy** over the training images.")
        st.latex(r"L(\theta) = \frac{1}{n}\sum_{i=1}^{n} -\log p_\theta(y_i \mid x_i)")
        st.markdown(
            "Here $\\theta$ are all weights and biases, $n$ is the number of training images, and $p_\\theta(y_i \\mid "
            "x_i)$ is the probability that the network gives to the label $y_i$ of image $x_i$.\n"
            "\n"
            "**Which term of $L$ speaks of new images?**"
        )
        with steps.fold("Answer, and the gap"):
            st.markdown(
                "No term does, so nothing in $L$ keeps the loss on new images close to the loss on training images. "
                "The difference, held-out loss minus training loss, is called the **generalisation gap**. The "
                "*accuracy gap* is training accuracy minus held-out accuracy. With wrong labels it can be negative, "
                "because a right answer to a wrong label counts as a training mistake. Both are measured after the "
                "last epoch and in **evaluation mode**, in which the network only answers and does not learn."
            )
        with steps.fold("The details"):
            st.markdown(
                "The image is flattened into 784 pixels, which are scaled to $[0, 1]$. The ten outputs of the last "
                "layer are called **logits**, and a **softmax** turns them into ten probabilities that sum to 1. "
                "$\\log$ is the natural logarithm, so $L$ is in nats per image. The optimizer is Adam, which takes "
                "its steps on batches of images."
            )


@lesson.step(
    "Try it: open and close the gap",
    settings=(*OWN_SETTINGS, "notebook_loss", "own_view"),
    say="Let the class guess before anybody moves a slider. The stops around the two settings are stored, and "
    "anything else is trained while you watch.",
    ask="What does more for the validation accuracy: ten times the images, or a third of the epochs?",
    trap="Nearly everybody says the images. Stopping early costs nothing and does about as much.",
    minutes=7,
)
def own_run() -> None:
    figure, side = steps.side_by_side()
    with side:
        st.markdown(
            "**Guess first: what does more for the validation accuracy, ten times the images or a third of the "
            "epochs?** Then move the sliders."
        )
        config = baseline_measurements.own_controls()
    with figure:
        with steps.fold("Predict first: how much do more images help?"):
            questions.at("baseline", "images")
        baseline_measurements.own_figures(config)


@lesson.step(
    "How much is one run worth?",
    say="These are trainings of one and the same network. Only the seed differs. Nothing was improved, and still the "
    "numbers differ.",
    ask="Your new trick gains half a point in one run with 60,000 images. What do you know?",
    trap="A new seed alone can make a difference as large as the band is wide.",
    minutes=4,
)
def one_run() -> None:
    figure, side = steps.side_by_side()
    with figure:
        baseline_measurements.spread_of_seeds(SETTINGS)
    with side:
        st.markdown(
            "Another **seed** gives the network other first weights and another order of the images, and the same "
            "training ends elsewhere. Each band spans five seeds.\n"
            "\n"
            "**How large must a difference between two single runs be before it means anything?** In accuracy it must "
            f"be larger than about **{one_run_margin(FULL)}** with 60,000 images, and larger than about "
            f"**{one_run_margin(SMALL_AND_NOISY)}** in the small and noisy setting."
        )
        with steps.fold("Where these margins come from"):
            st.markdown(
                "The spread of the five seeds tells how far apart two runs of equally good networks usually lie. In 95 "
                "of 100 such pairs the difference is smaller than the margin, which is $t\\sqrt 2$ times the standard "
                "deviation. Here $t$ is a quantile of Student's $t$ distribution, which allows for a standard "
                "deviation that is itself estimated from only five runs. In the small setting another seed also draws "
                "other images.\n"
                "\n"
                "That is why this course trains everything that it compares from five seeds, and compares seed by "
                "seed. A **95 % interval** of such a comparison is the range of mean differences that agree with the "
                "five. If it leaves out 0 we say *higher* or *lower*, and otherwise *no clear difference*."
            )
        with steps.fold("The cheapest regularizer: stop in time"):
            st.markdown(
                "Keep the weights of the epoch with the lowest held-out loss. This is how the test accuracy at that "
                "epoch differs from the one after the last epoch:\n"
                f"- **Small and noisy**: {claimed.STOPPED_SMALL.told}.\n"
                f"- **Full**: {claimed.STOPPED_FULL.told}. Here the epoch was chosen on the test "
                "images themselves, because no others are left, so this accuracy looks somewhat too good."
            )


CHOSEN = (
    "\n\nWith 60,000 images only the test images are left to choose a strength on. It was picked by hand by someone "
    "who had seen the accuracy on them, so a small gain there looks somewhat too good. With 2,000 images the strength "
    "was picked on validation images."
)


@lesson.step(
    "More images for nothing: augmentation",
    settings=("augment", "augment_on", "augment_view"),
    say="A shirt that is moved by a pixel is still a shirt. The network sees another version of each image in every "
    "epoch.",
    ask="With 2,000 images, how many wrong labels does the network still reproduce with shifts by one pixel?",
    trap="What helps on few images need not help on many. Switch to 60,000.",
    minutes=4,
)
def augmentation() -> None:
    strengths.technique_panel(
        AUGMENTATION,
        asks="A shirt that is moved by a pixel is still a shirt. **Augmentation** shifts each training image by a few "
        "pixels, and mirrors it half of the time, anew in every epoch. **Choose 2,000 images and raise the shifts: how "
        "many wrong labels does the network still reproduce? What happens with 60,000 images?**",
        says="This is how the held-out accuracy after the last epoch differs from the plain network's, paired over "
        "seeds, with shifts by up to one pixel and flips:\n"
        "- **2,000 images, a fifth of the labels wrong**: "
        f"{claimed.SHIFTED_SMALL.told}.\n"
        "- **60,000 images, right labels**: "
        f"{claimed.SHIFTED_FULL.told}.\n"
        "\n"
        "A network that learns an image by heart would now have to learn all versions of it, and that is harder. But "
        "the clothes lie in the middle of their images, and all shoes point the same way, in the test images too. What "
        "the network learns about other places is of no use there.\n"
        "\n"
        "Over the whole slider, by the mean accuracy of the last five epochs:\n"
        f"- {reach_in_words(AUGMENTATION, FULL)}\n"
        f"- {reach_in_words(AUGMENTATION, SMALL_AND_NOISY)}\n"
        "\nThe training accuracy is measured on the images without shifts and flips. LeCun, Bottou, Bengio & Haffner "
        "(1998) distorted "
        "digits for the same reason." + CHOSEN,
    )


@lesson.step(
    "Do not believe a label entirely: label smoothing",
    settings=("smoothing", "smoothing_on", "smoothing_view"),
    say="Smoothing takes a little of each label away and spreads it over all classes, so being entirely sure no longer "
    "pays.",
    ask="Does label smoothing keep the wrong labels out?",
    trap="It raises the accuracy without keeping the wrong labels out. Let the class look at the table.",
    minutes=4,
)
def smoothing() -> None:
    smoothed = LABEL_SMOOTHING.at(SMALL_AND_NOISY, 0.5)
    strengths.technique_panel(
        LABEL_SMOOTHING,
        asks="With **label smoothing** the loss asks for the labelled class with probability $1 - ε + ε/10$, and for "
        "every other class with $ε/10$. Being entirely sure no longer pays. **Choose 2,000 images and raise ε: does "
        "the network reproduce fewer wrong labels? What happens to the accuracy?**",
        says="This is how the held-out accuracy after the last epoch differs from the plain network's, paired over "
        "seeds:\n"
        "- **2,000 images, a fifth of the labels wrong, ε = 0.5**: "
        f"{claimed.SMOOTHED_SMALL.told}.\n"
        "- **60,000 images, right labels, ε = 0.1**: "
        f"{claimed.SMOOTHED_FULL.told}.\n"
        "\n"
        f"{_not_by_keeping_them_out()} The network reproduces "
        f"{MEMORISED.over(runs_at(smoothed))} of them at ε = 0.5, and {MEMORISED.over(runs_at(SMALL_AND_NOISY))} "
        "without smoothing.\n"
        "\n"
        "Over the whole slider, by the mean accuracy of the last five epochs:\n"
        f"- {reach_in_words(LABEL_SMOOTHING, FULL)}\n"
        f"- {reach_in_words(LABEL_SMOOTHING, SMALL_AND_NOISY)}\n"
        "\n"
        "The curves show the plain cross-entropy, without the smoothing. The method is from [Szegedy et al. "
        "2016](https://arxiv.org/abs/1512.00567), §7." + CHOSEN,
    )


def _not_by_keeping_them_out() -> str:
    return if_so(
        "So label smoothing does matter against wrong labels, but not by keeping them out.",
        claimed.SMOOTHED_SMALL,
        unless=[claimed.SMOOTHED_LABELS],
    )


@lesson.step(
    "The loss surface around a trained network",
    settings=("network", "radius", "directions", "view", "log_z", "along", "at"),
    say="The loss is a function of all weights. We cut a plane through the trained network and look at the loss above "
    "it.",
    ask="Which of the two networks lies in the steeper bowl? Is it the same with other directions?",
    trap="This is a picture of two directions out of hundreds of thousands. What one pair shows may be chance.",
    minutes=6,
)
def surface() -> None:
    baseline_measurements.surface_panel(
        asks="The loss depends on 386,000 weights and biases. Start at the trained network θ*, go by α along one "
        "random direction and by β along another, and measure the loss there. **Which network lies in the steeper "
        "bowl, the full one or the small and noisy one?**"
    )
    with steps.fold("The formula: which directions?"):
        st.latex(r"f(\alpha, \beta) = L(\theta^* + \alpha\,u + \beta\,v)")
        st.latex(r"\|u_i\| = \|v_i\| = \|w_i\| \text{ for every unit } i")
        st.markdown(
            "$w_i$ is the row of a weight matrix that leads into unit $i$. Each random row is scaled to the length of "
            "the row that it moves. Such a direction is called **filter-normalised** ([Li et al. "
            "2018](https://arxiv.org/abs/1712.09913)). A raw direction would make large weights look flat, because a "
            "step of the same length changes a large weight by a smaller share of itself than a small one. Biases stay "
            "where they are.\n"
            "\n"
            "The grid has an odd number of points along each axis, so that the middle one is θ* itself. With an even "
            "number θ* would lie between two of them and be left out."
        )


@lesson.step(
    "Is the loss convex? The notebook's proof, and a better one",
    settings=("same_z", "notebook_view"),
    say="The notebook draws the left surface and concludes that the loss is not convex. The conclusion is right, and "
    "the picture does not prove it.",
    ask="What is on the notebook's vertical axis?",
    trap="A slice that looks like a bowl proves nothing. One that is not convex does, if it is a slice of the loss.",
    minutes=6,
)
def notebook() -> None:
    figure, side = steps.side_by_side(8, 3)
    with side:
        st.markdown(
            "This course grew out of a teaching notebook. It draws the left surface and concludes that the loss is "
            "not **convex**. (A convex surface curves upwards everywhere.) **What is on the vertical axis?**\n\nOne "
            "slice that is not convex proves that the loss is not. A slice that looks convex proves nothing. **Then "
            "look between two networks.**"
        )
        same_z = controls.toggle("One logarithmic axis", key="same_z")
    found = None
    with figure:
        shown = steps.views(("Two surfaces", "Between two networks"), key="notebook_view")
        if "Two surfaces" in shown:
            found = baseline_measurements.notebook_surfaces(same_z)
        if "Between two networks" in shown:
            baseline_measurements.between_two_networks()
    with side:
        if found:
            with steps.fold("What is wrong with the notebook's picture"):
                _what_is_wrong(*found)
                panels.notebook_claims_link()
        with steps.fold("What a slice can say"):
            st.markdown(
                "A random direction mixes thousands of curvatures, and few directions bend down where many bend up. "
                "That is why our slices look like bowls near the trained network.\n\nNow take two networks that were "
                "trained from two seeds. Both are good. If the loss were convex, every network on the straight line "
                "between them would have a loss on or below the **chord**, the straight line between their two "
                "losses. The loss is higher there, so it is not convex. Swapping two hidden units of a network gives "
                "another that computes the same function, so there are very many such pairs."
            )


def _what_is_wrong(theirs: Surface, ours: Surface) -> None:
    st.markdown(
        f"- **It looks from too far away.** Its directions are {theirs.direction_norms[0]:.0f} long, and the network's "
        f"weights are {theirs.weight_norm:.0f} long. {panels.percent(theirs.worse_than_chance)} of its points are "
        f"worse than guessing, and the highest loss is {theirs.range[1]:,.0f} nats.\n"
        "- **Its directions are not random enough.** Every entry is drawn from $[0, 1)$, so both directions mostly add "
        f"a constant to every weight. The cosine between them is {theirs.cosine:.2f} (ours: {ours.cosine:.3f}), so the "
        f"axes that it draws at right angles are only {theirs.angle:.0f}° apart. Each layer also restarts the same "
        "random numbers.\n- **Each point is measured on other images**, a fresh batch of 128. So a ripple may come "
        "from the loss or from the choice of the batch.\n- **The trained network is not in it.** Forty points from −1 "
        "to 1 leave out 0. With an odd number the middle one would be 0.\n- **Its axes are swapped**, so α stands "
        "where β belongs. Nobody notices, because both have the same range.\n- **It leaves the network ruined.** The "
        "loop overwrites the weights and stops at the last corner of the grid. Everything that is drawn of this "
        "network afterwards is drawn of the wrong weights."
    )


@lesson.step(
    "Find the fault",
    settings=("fault",),
    part="faults",
    say="This is shortened code from the notebook, with what it gives. Let the class read the figure before the code.",
    ask="What is wrong?",
    trap="The code runs without an error. That is why nobody noticed.",
    minutes=5,
)
def find_the_fault() -> None:
    faults.find_the_fault("baseline")


@lesson.step(
    "Fill in the code",
    settings=("exercise",),
    part="code",
    say="The blanks are the sizes of the layers, one step of training, and a fair random direction.",
    ask="What happens if the gradients are not cleared?",
    trap="backward() adds to the gradients that are there.",
    minutes=8,
)
def fill_in_the_code() -> None:
    code.fill_in("baseline")


@lesson.step(
    "Check yourself",
    settings=("question",),
    part="questions",
    say="Commit before you look.",
    ask="Which of these would you have answered differently an hour ago?",
    trap="A loss can rise while the accuracy stays: it also counts how sure the network is.",
    minutes=5,
)
def check_yourself() -> None:
    questions.check_yourself("baseline")


@lesson.step(
    "What you can now do",
    say="One figure to take away: the dashed line falls, and the solid one turns. All the other lessons try to keep "
    "the two together.",
    ask="Explain to your neighbour, in two sentences, how you would recognise overfitting.",
    trap="“The training accuracy is high” is not the answer, because it says nothing about new images.",
    minutes=3,
)
def now_you_can() -> None:
    figure, side = steps.side_by_side()
    with figure:
        baseline_measurements.one_training(SMALL_AND_NOISY, key="remembered", height=400)
    with side:
        st.markdown(
            "You can now\n"
            "1. read learning curves, and say where overfitting begins;\n"
            "2. explain why a network can reproduce wrong labels;\n"
            "3. say how large a difference between two single runs must be before it means anything;\n"
            "4. name four remedies: more images, augmentation, label smoothing, and stopping in time;\n"
            "5. ask of a loss surface which directions, which images and which axis it was drawn with.\n"
            "\n"
            "**Remember this picture**: the dashed line falls, and the solid one turns."
        )
        with steps.fold("What to read"):
            st.markdown(
                "- Zhang, Bengio, Hardt, Recht & Vinyals 2017, *Understanding deep learning requires rethinking "
                "generalization*, [arXiv:1611.03530](https://arxiv.org/abs/1611.03530): networks that learn random "
                "labels by heart.\n"
                "- Li, Xu, Taylor, Studer & Goldstein 2018, *Visualizing the Loss Landscape of Neural Nets*, "
                "[arXiv:1712.09913](https://arxiv.org/abs/1712.09913): filter-normalised directions.\n"
                "- Dinh, Pascanu, Bengio & Bengio 2017, *Sharp Minima Can Generalize for Deep Nets*, "
                "[arXiv:1703.04933](https://arxiv.org/abs/1703.04933): why a raw measure of sharpness means little.\n"
                "- Xiao, Rasul & Vollgraf 2017, *Fashion-MNIST*, "
                "[arXiv:1708.07747](https://arxiv.org/abs/1708.07747)."
            )


lesson.show()
