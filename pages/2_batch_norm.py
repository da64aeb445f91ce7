"""Lesson 2: batch norm, from the arithmetic of one batch to what it does to training."""

import streamlit as st

from core import techniques
from core.app import (
    code,
    comparisons,
    controls,
    diagrams,
    faults,
    frame,
    landscapes,
    norm_arithmetic,
    norm_measurements,
    panels,
    questions,
    runs,
    steps,
)
from core.app.take_home import take_home
from core.config import FULL
from core.course.batch_norm import (
    BATCH_NORM,
    BATCH_NORM_AFTER,
    OWN_BATCH,
    REFUSED,
    VARIANTS,
    accuracy_under,
    probe_ratio,
)
from core.course.claim import if_so
from core.course.claimed import batch_norm as claimed
from core.course.claims import (
    BEST_EPOCH,
    BEST_LOSS,
    FIRST_EPOCH,
    FIVE_EPOCHS,
    GAP,
    LAST_ACCURACY,
    LAST_LOSS,
    RISE,
    TRAIN_ACCURACY,
)
from core.course.layer_norm import learns_up_to, why_it_is_faster
from core.course.norms import (
    BATCH_SIZES,
    LARGE_STEPS,
    LEARNING_RATES,
    OWN_SETTINGS,
    SMALL_BATCHES,
    at_batch_size,
    at_learning_rate,
)
from core.course.over_seeds import edge_rise
from core.results import library
from core.results.surface import SurfaceSpec, notebook_spec
from core.techniques import LAYER_NORM, PLAIN

BATCH = techniques.BATCH_NORM.name
NETWORKS = {PLAIN.name: FULL, BATCH: BATCH_NORM}
PLACED = {**NETWORKS, "batch norm after ReLU": BATCH_NORM_AFTER}
RUNNING, ANEW = "batch norm, running", "batch norm, re-estimated"
UNFOLD = ":material/unfold_more:"

lesson = steps.lesson("pages/2_batch_norm.py")

# --- the picture ----------------------------------------------------------------------------------------------------

PLACEMENT = "Before or after ReLU?"


@lesson.step(
    "One network, with and without batch norm",
    settings=("picture_on", "picture_view"),
    say="The two networks have the same first weights and see the same images in the same order. One of them has a "
    "batch norm before each ReLU.",
    ask="Whose accuracy is higher after the first epoch, and whose at the end? Whose loss turns upwards first?",
    trap="The class will call batch norm a regularizer. Here it overfits sooner than the plain network does.",
    minutes=5,
)
def picture() -> None:
    figure, side = steps.side_by_side()
    with side:
        measured_on = comparisons.images_choice("picture")
        st.markdown(
            "The second network is the first one with a **batch norm** between each hidden linear layer and its ReLU. "
            "The line is the mean of five seeds, and the band reaches from the lowest to the highest. **Whose accuracy "
            "is higher after one epoch, and whose at the end? Whose loss rises first?**"
        )
        with steps.fold("What five seeds say"):
            _first_and_last()
    with figure:
        shown = steps.views((*comparisons.CURVES[::-1], PLACEMENT), key="picture_view")
        curves = [name for name in shown if name in comparisons.CURVES]
        if curves:
            comparisons.curves_figures(NETWORKS, measured_on, key="picture", height=370, shown=curves)
        if PLACEMENT in shown:
            _placements()
            with steps.fold("Does the place matter? What five seeds say"):
                _before_or_after()
        with steps.fold("All measures of the two networks"):
            _measures()
        take_home(NETWORKS, key="picture")


def _first_and_last() -> None:
    plain, batch = comparisons.runs_of(NETWORKS).values()
    st.markdown(
        "This is how batch norm differs from the plain network, paired seed by seed:\n"
        f"- **Accuracy after one epoch**: {claimed.FIRST.told}.\n"
        f"- **Accuracy after twenty epochs**: {claimed.LAST.told}.\n"
        "\n"
        f"Its test loss is lowest at epoch {BEST_EPOCH.over(batch)}, and the plain network's is lowest at epoch "
        f"{BEST_EPOCH.over(plain)}. After that both losses rise. "
        f"{if_so('So batch norm **trains faster and overfits sooner**.', claimed.FIRST, claimed.SOONER)} "
        "It is first of all an aid to optimisation. If it also regularizes, that is a side effect of the noise in its "
        "batches."
    )


def _measures() -> None:
    plain, batch = comparisons.runs_of(NETWORKS).values()
    comparisons.measure_table(
        {PLAIN.name: plain, BATCH: batch},
        (FIRST_EPOCH, FIVE_EPOCHS, LAST_ACCURACY, BEST_LOSS, LAST_LOSS, RISE, GAP),
    )
    st.caption(
        "These networks were trained on all 60,000 images for 20 epochs, by Adam at a learning rate of 0.0003 in "
        "batches of 128. The table gives the mean ± standard deviation over seeds, and losses are in nats. The "
        "held-out images are the test images here, so nothing may be chosen by these curves."
    )
    st.markdown(
        "This is how batch norm differs from the plain network:\n"
        f"- **Mean accuracy of the first five epochs**: {claimed.FIVE.told}.\n"
        f"- **Accuracy at the last epoch**: {claimed.LAST.told}.\n"
        f"- **Loss at the best epoch**: {claimed.BEST.told}.\n"
        "- **Overfitting**, which is the rise of the loss from the best to the last epoch: "
        f"{claimed.OVERFITS.told}.\n"
        "\n"
        "Each interval comes from five differences, one for each seed, between the run with batch norm and the run "
        "without. (It is computed with Student's $t$ distribution, as in the lesson on the baseline.)"
    )


def _placements() -> None:
    for place, (name, (diagram, shows)) in zip(st.columns(3), diagrams.PLACEMENTS.items(), strict=True):
        with place:
            st.markdown(f"**{name}**")
            st.mermaid_chart(diagram, alt=shows)


def _before_or_after() -> None:
    found = comparisons.runs_of(PLACED)
    st.markdown(
        "The authors of batch norm put it *before* the non-linearity. Others found it better *after*, and it depends "
        "on the network. A **skip connection** adds the input $x$ of a block of layers to its output. With skip "
        "connections the usual order is batch norm, ReLU, and then the layer, with nothing on the skip itself, so that "
        "$x$ passes unchanged ([He et al. 2016](https://arxiv.org/abs/1603.05027)).\n"
        "\n"
        "In this network, batch norm after the ReLU differs from batch norm before it as follows:\n"
        f"- **Accuracy at the last epoch**: {claimed.PLACED_ACCURACY.told}.\n"
        f"- **Loss at the last epoch**: {claimed.PLACED_LOSS.told}.\n"
        f"- **Loss at the best epoch**: {claimed.PLACED_BEST.told}.\n"
        f"- **Accuracy gap**: {claimed.PLACED_GAP.told}.\n"
        "\n"
        "Where there is *no clear difference*, five seeds cannot tell the two places apart."
    )
    comparisons.measure_table(
        found, (FIRST_EPOCH, LAST_ACCURACY, TRAIN_ACCURACY, BEST_EPOCH, BEST_LOSS, LAST_LOSS, GAP)
    )


# --- the formula, on a batch that can be edited ---------------------------------------------------------------------


@lesson.step(
    "What it computes: edit a batch",
    settings=("mode", "gamma", "beta", "bias", "seen"),
    say="Each column is one feature, which is what one unit gives to each image. Batch norm puts each column on one "
    "scale, by the mean and the variance of that column.",
    ask="I make one number of feature 1 a hundred times larger. What happens to the other three samples of feature 1? "
    "And to feature 2?",
    trap="Many expect the other samples to stay where they are, because their numbers did not change.",
    minutes=6,
)
def arithmetic() -> None:
    figure, side = steps.side_by_side()
    with side:
        by = norm_arithmetic.transform_controls()
        with steps.fold("The formula"):
            _formula()
        with steps.fold("Why is the bias before it redundant?"):
            st.markdown(
                "A bias adds the same $b_j$ to a whole column. The mean grows by $b_j$ and is subtracted again, and "
                "the variance does not change at all. $\\beta_j$ now does what the bias did. So the layer before may "
                "be built with `bias=False` ([Ioffe & Szegedy 2015](https://arxiv.org/abs/1502.03167), section 3.2)."
            )
    with figure:
        st.markdown(
            "The table is a batch of four samples with three features. **Guess first: if you make one number of "
            "feature 1 a hundred times larger, what happens to its other three samples, and to feature 2?** Then "
            "change it in the table."
        )
        table, strips = st.columns([5, 4]) if frame.is_presenting() else (st.container(), st.container())
        with table:
            x = norm_arithmetic.usable_batch()
        if x is None:
            return
        out = norm_arithmetic.transformed(x, by)
        with strips:
            norm_arithmetic.transform_figure(out, by.mode)
        with steps.fold("One cell by hand, and every step as a number"):
            norm_arithmetic.first_cell(out, by)
            norm_arithmetic.transform_tables(out, by)
            norm_arithmetic.transform_says(x, out, by)
            st.caption(
                "In the figure there is one strip for each feature and one dot for each sample. In training mode the "
                "orange dots of all features share one scale, whatever you type: their mean is β and their standard "
                "deviation is |γ|, unless a feature's values are all alike. To take a row away, click at its left edge "
                "and press Delete. The empty line adds one. A copied link opens the batch as it came."
            )


def _formula() -> None:
    st.latex(r"\mu_j = \frac{1}{B}\sum_{i=1}^{B} x_{ij}")
    st.latex(r"\sigma_j^2 = \frac{1}{B}\sum_{i=1}^{B} (x_{ij} - \mu_j)^2")
    st.latex(r"\hat x_{ij} = \frac{x_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \varepsilon}}")
    st.latex(r"y_{ij} = \gamma_j \hat x_{ij} + \beta_j")
    st.markdown(
        "$x_{ij}$ is feature $j$ of sample $i$, which is the **pre-activation** of unit $j$, the number that it gives "
        "to its ReLU. $B$ is the "
        "number of samples in the batch. $\\mu_j$ and $\\sigma_j^2$ are the mean and the *biased* variance (divided by "
        "$B$) of the feature over the batch. $\\varepsilon = 10^{-5}$ keeps the root away from 0. $\\gamma_j$ and "
        "$\\beta_j$ are a scale and a shift, which are trained like weights and begin at 1 and 0. In a convolution a "
        "feature is a channel, and the mean runs over all its positions as well."
    )
    st.code("nn.Linear(784, 392, bias=False)\nnn.BatchNorm1d(392)\nnn.ReLU()", language="python", wrap_lines=True)


# --- two modes ------------------------------------------------------------------------------------------------------


@lesson.step(
    "What does it do with one image?",
    settings=("momentum", "stream"),
    say="One image has no batch. So during training batch norm keeps running statistics, and in evaluation mode it "
    "uses them.",
    ask="What is wrong with a large momentum, and what with a small one?",
    trap="PyTorch's momentum is the weight of the new value. It has nothing to do with an optimizer's momentum, and "
    "Keras counts the other way round.",
    minutes=6,
)
def two_modes() -> None:
    figure, side = steps.side_by_side()
    with side:
        momentum, size = norm_arithmetic.running_controls()
        st.markdown(
            "In **training mode** an image is normalised by its batch, and a single image is refused. In **evaluation "
            "mode** it is normalised by **running statistics**, which were collected in training. The **momentum** $m$ "
            "is the weight of the newest batch in them. **What is wrong with a large momentum, and what with a small "
            "one?**"
        )
        with steps.fold("Answer"):
            st.markdown(
                "With a small $m$ the running statistics still depend on their arbitrary start after a hundred steps. "
                "With a large one they hardly average anything and follow the last batch. The smaller the batches are, "
                "the further the statistics of a single batch may be from the true ones."
            )
        with steps.fold("The formula"):
            st.latex(r"r \leftarrow (1 - m)\, r + m\, s_{\text{batch}}")
            st.markdown(
                "$r$ is the running mean, which begins at 0, or the running variance, which begins at 1. "
                "$s_{\\text{batch}}$ is the batch's mean, or its *unbiased* variance (divided by $B - 1$). $m$ is "
                "PyTorch's `momentum`, which is 0.1 unless you say otherwise. It is the weight of the *new* value and "
                "has nothing to do with the momentum of an optimizer. What Keras calls momentum is $1 - m$."
            )
    with figure:
        norm_arithmetic.running_figures(momentum, size, height=320)
        with steps.fold("What PyTorch says to one image"):
            st.code(
                f"model.train()       # batch statistics; the running statistics are updated\nmodel(x[:1])\n"
                f"ValueError: {REFUSED}\n\n"
                "model.eval()        # running statistics; nothing is updated\nmodel(x[:1])        # works",
                language="python",
            )
            st.markdown(
                "The mean of a single image is the image itself, so $\\hat x$ would be 0 whatever it shows. That is "
                "why training mode stops. The same happens when the last batch of an epoch holds one image, and then "
                "`drop_last=True` in the data loader leaves it out."
            )


# --- the two shifts -------------------------------------------------------------------------------------------------


@lesson.step(
    "Covariate shift: does batch norm protect?",
    settings=("brightness", "contrast", "noise", "shift_view"),
    say="These networks were trained on clear images. Now the light changes, and nothing else does. Press Fog and read "
    "the two rows of batch norm.",
    ask="Batch norm normalises. So does it protect the network when the images turn foggy?",
    trap="Running statistics describe the training images. The fog is removed only if they are measured again.",
    minutes=6,
)
def covariate_shift() -> None:
    figure, side = steps.side_by_side()
    with side:
        shift = norm_measurements.shift_controls()
        st.markdown(
            "In a **covariate shift** the images change between training and use. **Press *Fog*: does batch norm "
            "protect the network?** For *re-estimated* its statistics are measured again on the shifted images, "
            "without labels or training."
        )
        with steps.fold("What was measured"):
            _under_shift()
        with steps.fold("Why does that undo the fog?"):
            _undoing_fog()
        with steps.fold("Why is fog better than clear images?"):
            _better_than_clear()
    with figure:
        shown = steps.views(norm_measurements.SHIFT_VIEWS, key="shift_view")
        norm_measurements.shift_figures(shift, shown, height=240 if frame.is_presenting() else None)


def _under_shift() -> None:
    fog = {name: accuracy_under("Fog", name) for name in VARIANTS}
    st.markdown(
        f"{_no_protection()} "
        f"In *Dark* it reaches {accuracy_under('Dark', RUNNING)}, and the plain network "
        f"{accuracy_under('Dark', PLAIN.name)}. In *Fog* every network fails: the plain one reaches {fog[PLAIN.name]}, "
        f"layer norm {fog[LAYER_NORM.name]} and batch norm {fog[RUNNING]}. With statistics measured again on the foggy "
        f"images, batch norm reaches **{fog[ANEW]}**. (There are five seeds of each network, measured on 10,000 test "
        "images.)\n\nMeasuring them again is a way to *use* a network ([Nado et al. "
        "2020](https://arxiv.org/abs/2006.10963), [Schneider et al. 2020](https://arxiv.org/abs/2006.16971)). It "
        "needs many new images at once, and batch norm was not made for it."
    )


def _no_protection() -> str:
    return if_so(
        "Batch norm with its running statistics is no reliable protection, because they describe the training images.",
        unless=[claimed.IN_THE_DARK],
    )


def _undoing_fog() -> None:
    st.markdown(
        "Fog turns every pixel $x$ into $a x + b$, with the same $a$ and $b$ everywhere. Each weighted sum of pixels "
        "in the first layer then becomes $a$ times itself plus a constant. Subtracting the mean removes the constant, "
        "and dividing by the standard deviation removes $a$.\n"
        "\n"
        "Noise is different for every pixel, so it is not of that form. That is why *Grainy* is mended only in part "
        f"(from {accuracy_under('Grainy', RUNNING)} to {accuracy_under('Grainy', ANEW)}). *Dark* is mended only in "
        "part as well, because pixels that would become darker than black are cut off at black, and what was "
        "cut off cannot be restored."
    )


def _better_than_clear() -> None:
    clear = "As in training"
    st.markdown(
        f"Foggy images with re-estimated statistics give {accuracy_under('Fog', ANEW)}, but clear images with running "
        f"statistics give {accuracy_under(clear, RUNNING)}. The statistics help, and not the fog. If they are measured "
        f"again on *clear* images, the accuracy is {accuracy_under(clear, ANEW)}. Compared with the running ones that "
        f"is {claimed.CLEAR_ANEW.told}.\n"
        "\n"
        "Running statistics are an average over roughly the last ten batches, while the weights were still moving. "
        "Statistics over all 10,000 images at once belong to the final weights and hardly depend on chance."
    )


@lesson.step(
    "Internal covariate shift: whose input moves?",
    settings=("unit",),
    say="The name is almost the same, but this is something else. Here the images stay as they are, and the earlier "
    "layers change.",
    ask="In which of the two networks does the band travel? Try a few units.",
    trap="A change of light, or of a speaker's accent, is covariate shift. It is no example of the internal kind.",
    minutes=5,
)
def internal_shift() -> None:
    figure, side = steps.side_by_side()
    with side:
        unit = norm_measurements.unit_control()
        st.markdown(
            "A hidden layer's inputs change **during training**, because the layers before it learn too. Ioffe & "
            "Szegedy called this *internal* covariate shift and made batch norm to reduce it. **In which network does "
            "the band travel?**"
        )
        with steps.fold("Answer: how far do the units move?"):
            norm_measurements.drift_says()
            st.markdown(
                "With batch norm the mean of the unit's input is $\\beta$, and the width of its band follows "
                "$\\gamma$. So the band can only move as fast as these two are trained."
            )
        with steps.fold("The two shifts, side by side"):
            st.markdown(
                "**Covariate shift** happens between training and use. The inputs change and the rule does not. The "
                "distribution $P(x)$ of the inputs is another one, but $P(y \\mid x)$, which says how likely each "
                "class is for a given input, stays the same. For example, a speech recogniser that was trained on one "
                "region's accent meets speakers from another region, whose words mean the same and sound "
                "different.\n\n**Internal covariate shift** happens during training and inside the network. Nothing "
                "about the data changes."
            )
        with steps.fold("Is that why training is faster?"):
            st.markdown(
                "Santurkar and colleagues ([2018](https://arxiv.org/abs/1805.11604)) added noise after batch norm, "
                "until the inputs were less stable than in the plain network. The network with this noise still "
                "trained about as well as without it. So stable inputs do not explain the speed."
            )
    with figure:
        norm_measurements.drift_figures(unit, height=330)
        st.caption(
            "This is what reaches the ReLU of one unit in the first 400 steps of Adam. The line is the median over "
            "1,024 training images, and the band reaches from the 15th to the 85th percentile."
        )


# --- what it buys, and what it costs --------------------------------------------------------------------------------


@lesson.step(
    "How large a learning rate does it cope with?",
    settings=("sgd_lr",),
    say="These networks are trained by plain SGD, because Adam rescales its steps and would hide what a learning rate "
    "does. Move the rate up.",
    ask="Which network fails first, and how? Does it learn nothing, or is its loss no longer a number?",
    trap="Each network's best rate was picked on the images that it is judged by, so its accuracy there is too good.",
    minutes=6,
)
def learning_rates() -> None:
    figure, side = steps.side_by_side()
    with side:
        lr = controls.stop("Learning rate of SGD", LEARNING_RATES, 0.1, key="sgd_lr")
        st.markdown(
            "These networks are trained by plain gradient descent on batches (**SGD**) on all images for "
            f"{LARGE_STEPS.epochs} epochs, with five seeds of each. (The next lesson explains layer norm.) **Move the "
            "rate up: which network fails first, and how?** A cross on the floor marks a seed whose loss was no longer "
            "a number."
        )
        with steps.fold("Where is each best, and where does it break?"):
            _rates()
        with steps.fold("Why? It brakes itself"):
            _brake()
    with figure:
        _beside_all_stops(at_learning_rate, LEARNING_RATES, lr, x_title="learning rate", key="sgd_lr")


def _beside_all_stops(at, stops, current, *, x_title: str, key: str) -> None:
    """The networks at the current stop, epoch by epoch, and beside them at all stops."""
    left, right = st.columns(2, gap="small")
    with right:
        comparisons.all_stops(at, stops, current, x_title=x_title, key=key, height=350)
    with left:
        comparisons.stop_curves(at(current), key=key, height=350)
    take_home({f"{name}, {x_title} {current:g}": config for name, config in at(current).items()}, key=key)


def _rates() -> None:
    plain_lr, best = comparisons.best_stop(at_learning_rate, LEARNING_RATES, PLAIN.name, LAST_ACCURACY)
    norm_lr, norm_best = comparisons.best_stop(at_learning_rate, LEARNING_RATES, BATCH, LAST_ACCURACY)
    st.markdown(
        f"With every seed, the plain network learns up to a rate of {learns_up_to(PLAIN.name)}, and batch norm up to "
        f"{learns_up_to(BATCH)}, which is the largest that we tried. The plain network is best at {plain_lr:g} "
        f"({best}), and batch norm is best at {norm_lr:g} ({norm_best}).\n"
        "\n"
        "This is how batch norm's accuracy at each other rate differs from its best:\n"
        + "\n".join(f"- **At {lr:g}**: {claim.told}." for lr, claim in claimed.AT_RATE.items())
        + "\n\n"
        "So batch norm loses little over a factor of a hundred in the rate. Each best rate was picked on the same test "
        "images on which its accuracy is given here, so both best accuracies look somewhat too good."
    )


def _brake() -> None:
    st.markdown(
        "Multiply all the weights $w$ of a unit by $c > 0$. The unit's pre-activations, their mean and their standard "
        "deviation all become $c$ times as large. So $\\hat x$ stays the same (apart from the tiny $\\varepsilon$), "
        "and so does the loss. The derivative of both sides with respect to $w$ shows what happens to the gradient."
    )
    st.latex(r"L(c\,w) = L(w)")
    st.latex(r"\Rightarrow\ \nabla L(c\,w) = \frac{1}{c}\,\nabla L(w)")
    st.markdown(
        "**Large weights get small gradients.** Since the loss does not change along $w$, the gradient $g$ is "
        "perpendicular to $w$. By Pythagoras a step of SGD with learning rate $\\eta$ can then only make the weights "
        "longer."
    )
    st.latex(r"\|w - \eta g\|^2 = \|w\|^2 + \eta^2 \|g\|^2")
    st.markdown(
        "**A step that is too large makes the weights long, and long weights make the next steps small.** In the plain "
        "network nothing brakes. There longer weights change the output, and the gradients of the other layers grow "
        "with them."
    )


@lesson.step(
    "What does it cost? It needs a batch",
    settings=("small_batch",),
    say="The batches get smaller and smaller. Compare the networks at one batch size, and not one network across them, "
    "because small batches take more steps in an epoch.",
    ask="At which batch size does batch norm break, and why just there?",
    trap="The class will say that small batches are noisy. At two it is worse than noise, because only a sign is left.",
    minutes=6,
)
def small_batches() -> None:
    figure, side = steps.side_by_side()
    with side:
        size = controls.stop("Batch size", BATCH_SIZES, 2, key="small_batch")
        st.markdown(
            f"These networks are trained on {SMALL_BATCHES.n_train:,} images for {SMALL_BATCHES.epochs} epochs of "
            "Adam, with five seeds of each. **At which batch size does batch norm break, and why there?**"
        )
        with steps.fold("What five seeds say"):
            _batches()
        with steps.fold("Why does it break at two?"):
            _two_samples()
    with figure:
        with steps.fold("Predict first: draw the accuracy"):
            questions.at("batch_norm", "batches")
        _beside_all_stops(at_batch_size, BATCH_SIZES, size, x_title="batch size", key="small_batch")


def _batches() -> None:
    st.markdown(
        "This is how batch norm's validation accuracy after the last epoch differs from the plain network's:\n"
        + "\n".join(f"- **Batches of {size}**: {claim.told}." for size, claim in claimed.AT_SIZE.items())
        + "\n\n"
        "That holds for this learning rate, and at the end of training. Earlier, with batches of 128, the comparison "
        "gives another result:\n"
        f"- **After the first epoch**: {claimed.FIRST_OF_128.told}.\n"
        f"- **Each at its best epoch**: {claimed.BEST_OF_128.told}.\n"
        "\n"
        "Smaller batches take more steps in an epoch. So compare the networks at one batch size, and not one network "
        "across them."
    )


def _two_samples() -> None:
    st.markdown(
        "Two unequal samples $a$ and $b$ have the mean $(a + b)/2$, and each is $|a - b|/2$ away from it. So $\\hat x$ "
        "is $+1$ and $-1$, **whatever $a$ and $b$ were** (as long as $\\varepsilon$ is small beside their variance). "
        "All that is left of a feature is which of the two had more of it. You can see it in the step with the table, "
        "if you delete two of its rows.\n"
        "\n"
        "Evaluation mode then divides by the running variance. Now $\\hat x$ takes values between and beyond $\\pm 1$, "
        "which the next layer never met in training. On ResNet-50, batches of 2 cost batch norm more than ten points "
        "against group norm ([Wu & He 2018](https://arxiv.org/abs/1803.08494)), which normalises each image over "
        "groups of its own channels and needs no batch."
    )


# --- smoother? ------------------------------------------------------------------------------------------------------

SPECS = {
    PLAIN.name: SurfaceSpec(FULL),
    "batch norm, running statistics": SurfaceSpec(BATCH_NORM),
    "batch norm, batch statistics": SurfaceSpec(BATCH_NORM, statistics="batch"),
}


@lesson.step(
    "Is its loss surface smoother?",
    settings=("radius", "directions", "log_z", "beside"),
    say="The notebook wrote that the landscape became a little smoother. Here are the surfaces on one loss axis. Ask "
    "first which statistics the network uses once its weights have been moved.",
    ask="Which of the two surfaces of batch norm would you compare with the plain network's?",
    trap="Running statistics belong to the trained weights. At any other point nobody would use them.",
    minutes=5,
)
def surface() -> None:
    figure, side = steps.side_by_side()
    with side:
        st.markdown(
            "α and β lead away from the trained network in two random directions. On the way batch norm either keeps "
            "its **running statistics**, or it measures the **batch's statistics** again at each point, as training "
            "would. **Which would you compare with the plain network?**"
        )
        beside = steps.views(tuple(SPECS)[1:], key="beside", label="Beside the plain network")
        radius, directions, log_z = landscapes.place_controls(*(st.container() for _ in range(3)))
        with steps.fold("How far each rises"):
            _rises()
    found = landscapes.surfaces_there(SPECS, radius, directions)
    with figure:
        landscapes.landscape_figures(found, (PLAIN.name, *beside), log_z=log_z, key="landscape", height=400)
        with steps.fold("The numbers, and how they were computed"):
            landscapes.edge_table(SPECS, radius)
            if found:
                st.caption(landscapes.how_it_was_computed(next(iter(found.values()))))
            st.caption("If you turn one surface, the others turn too. *Log loss* shows the bottoms of the bowls.")
        take_home({name: spec.run for name, spec in SPECS.items()}, key="landscape")
    drawn = st.expander(
        "What the notebook drew and concluded",
        key="notebook_drew",
        on_change="rerun",
        expanded=frame.is_whole(),
        icon=UNFOLD,
    )
    if drawn.open:
        with drawn:
            _notebook()
            panels.notebook_claims_link()


def _rises() -> None:
    st.markdown(
        "From the trained network to the edge at range 1 the loss rises by\n"
        + "\n".join(f"- {edge_rise(spec)} ({name})" for name, spec in SPECS.items())
        + "\n\nThis is the mean ± standard deviation over three pairs of directions, around one network of each kind "
        "(seed 0). The rise of batch norm's loss differs from that of the plain network's as follows:\n"
        + "\n".join(
            f"- **{claimed.STATISTICS[statistics].capitalize()}, range {radius:g}**: {claim.told}."
            for (statistics, radius), claim in claimed.SURFACE.items()
        )
        + "\n\n**So the answer depends on the statistics and on how far one looks.** Such a picture cannot settle "
        "whether batch norm makes the loss smoother."
    )


def _notebook() -> None:
    theirs = {
        name: runs.measured_or_computing(notebook_spec(config), run, key=f"theirs_{name}")
        for name, config in NETWORKS.items()
        if (run := library.stored_run(config))
    }
    if all(theirs.values()) and len(theirs) == len(NETWORKS):
        landscapes.surfaces_side_by_side(
            {f"{name}, the notebook's method": (found, True) for name, found in theirs.items()},
            key="notebook",
            log_z=False,
            same_z=False,
        )
        st.markdown(
            "- **“The landscape became a little smoother.”** Read the axes. The plain network's ends at "
            f"{theirs[PLAIN.name].range[1]:,.0f}, and batch norm's at {theirs[BATCH].range[1]:,.0f}. Each picture has "
            "its own scale, so the eye compares two shapes that cannot be compared. Both reach far beyond where any "
            "training goes, and the running statistics belong to another point."
        )
    st.markdown(
        "- **“Our data and model are simple, so we cannot see the effect.”** The notebook looked only at the last "
        "accuracy. The effect is in the first epochs, in the learning rates that work, in small batches and along the "
        "gradient.\n"
        "- **It explains batch norm by the dialect example**, which is covariate shift, and it calls it *covariant*. "
        "Batch norm was made for the internal kind.\n"
        "- **“With skip connections it is better to use BN before the layer.”** That is true of pre-activation "
        "residual networks, which is where the sentence comes from. This network has no skip connections.\n"
        "- **Its exercise asks to “fill in the model with dropout”** where batch norm is meant."
    )


MEASURES = {"Effective β": "effective_beta", "Change of gradient": "gradient_change", "Loss range": "loss_range"}


@lesson.step(
    "Is the loss smoother along the gradient?",
    settings=("probe_optimizer", "gradient_view"),
    say="Training does not walk in random directions. It walks along the gradient, from the beginning. So stop at a "
    "training step, try steps of several sizes, and measure how much changes.",
    ask="Is batch norm's line lower than the plain network's from the first step on, and under both optimizers?",
    trap="A smoother loss is a good story, but in the next lesson layer norm trains faster under SGD without it.",
    minutes=6,
)
def along_the_gradient() -> None:
    figure, side = steps.side_by_side()
    with side:
        optimizer = norm_measurements.optimizer_choice()
        st.markdown(
            "Training follows the gradient. Stop at a step and move along the gradient. How much the gradient changes "
            "for the distance moved is the **effective β**, and a small one means a smooth loss. **Is batch norm's "
            "line lower from the first step on? Is it lower under SGD too?**"
        )
        with steps.fold("What was measured"):
            st.markdown(
                "From step 100 on, under Adam, the plain network's loss range is "
                f"**{probe_ratio('adam', 'loss_range', digits=0)} times** batch norm's, and its effective β is "
                f"**{probe_ratio('adam', 'effective_beta')} times** batch norm's. Under SGD they are "
                f"{probe_ratio('sgd', 'loss_range')} and {probe_ratio('sgd', 'effective_beta')} times. (These are "
                "means over five seeds.) At step 0 the plain network's are smaller, because its outputs are still near "
                "0 for every image, and there is little to change.\n"
                "\n"
                "So after the first steps *smoother* is true, **along the gradient and during training**. How much "
                "smoother depends on the optimizer and on how far one looks."
            )
        with steps.fold("So why does it train faster?"):
            st.markdown(why_it_is_faster())
    with figure:
        shown = steps.views(tuple(MEASURES), key="gradient_view")
        norm_measurements.smoothness_figures(optimizer, [MEASURES[name] for name in shown], height=370)
    with steps.fold("The formulas, the numbers, and how they were measured"):
        _santurkar()
        norm_measurements.smoothness_numbers(optimizer)


def _santurkar() -> None:
    for place, formula in zip(
        st.columns(3),
        (
            r"\max_\eta L(\theta - \eta g) - \min_\eta L(\theta - \eta g)",
            r"\max_\eta \|\nabla L(\theta) - \nabla L(\theta - \eta g)\|",
            r"\beta_\mathrm{eff} = \max_\eta \frac{\|\nabla L(\theta) - \nabla L(\theta - \eta g)\|}{\eta\,\|g\|}",
        ),
        strict=True,
    ):
        place.latex(formula)
    st.markdown(
        "The measures are those of [Santurkar et al. 2018](https://arxiv.org/abs/1805.11604). $\\theta$ are the "
        "weights at a training step, $L$ is the loss on the batch, $g = \\nabla L(\\theta)$ is its gradient, and "
        "$\\eta$ is the size of a step that is tried. The **loss range** is how much the loss varies along the step. "
        "The **change of the gradient** is how far the gradient at the end of the step differs from the one at its "
        "beginning. The **effective β** is that change per distance moved. The letter is the paper's and has nothing "
        "to do with batch norm's shift. $\\|\\cdot\\|$ is the Euclidean norm over all parameters. For all three, a "
        "small value means a smooth loss."
    )


# --- try it ---------------------------------------------------------------------------------------------------------


@lesson.step(
    "Your own run",
    settings=(*OWN_SETTINGS, "notebook_loss"),
    say="Everything at the stops is stored. Anything else is trained while you watch, in a few seconds.",
    ask="Can you find a setting in which batch norm's accuracy is higher at the end? Is it higher with another seed?",
    trap="One run of each proves little: on 2,000 images two seeds differ by more than most techniques do.",
    minutes=5,
)
def own_run() -> None:
    panels.own_run(
        OWN_SETTINGS,
        OWN_BATCH,
        first=("norm", "n_train", "seed"),
        says="This network learns from 2,000 images, so that a run takes seconds. **Can you find a setting in which "
        "the accuracy is higher with batch norm at the end?** One run of each proves little, so change the seed before "
        "you believe it.",
    )


# --- the notebook's faults, exercises, reading ----------------------------------------------------------------------


@lesson.step(
    "Find the fault",
    settings=("fault",),
    part="faults",
    say="There are three pieces of code. Each of them runs, and each leads to a wrong conclusion.",
    ask="Which statistics does the network use at this point?",
    trap="A fault need not be in the code. It may be in what is concluded from it.",
    minutes=5,
)
def find_the_fault() -> None:
    faults.find_the_fault("batch_norm")


@lesson.step(
    "Fill in the code",
    settings=("exercise",),
    part="code",
    say="There are three blanks: batch norm in layers, batch norm by hand, and the running mean.",
    ask="Over which dimension does the mean run, and by what is the variance divided?",
    trap="x.var divides by n − 1 unless it is told otherwise. Batch norm normalises with the biased variance.",
    minutes=8,
)
def fill_in_the_code() -> None:
    code.fill_in("batch_norm")


@lesson.step(
    "Check yourself",
    settings=("question",),
    part="questions",
    say="Commit before you look.",
    ask="Which of these would you have answered differently an hour ago?",
    trap="Most of the wrong answers come from forgetting that an output depends on the other images of its batch.",
    minutes=5,
)
def check_yourself() -> None:
    questions.check_yourself("batch_norm")


@lesson.step(
    "What you can now do",
    say="Take one picture away: the accuracy is higher in the first epochs, and there is no clear difference at the "
    "end.",
    ask="Tell your neighbour in two sentences what differs between training mode and evaluation mode.",
    trap="Batch norm is an aid to optimisation. It is not the regularizer that the chapter's heading promises.",
    minutes=3,
)
def now_you_can() -> None:
    figure, side = steps.side_by_side()
    with figure:
        comparisons.curves_figures(NETWORKS, "held-out images", key="remember", height=370, shown=("Accuracy",))
    with side:
        st.markdown(
            "You can now\n"
            "1. normalise a batch by hand, feature by feature;\n"
            "2. say what training mode and evaluation mode do, and what happens to a single image;\n"
            "3. tell covariate shift from internal covariate shift;\n"
            "4. say what batch norm buys (speed, large learning rates) and what it costs (it needs a batch);\n"
            "5. say where the loss is smoother, and where one cannot tell.\n"
            "\n"
            "**Remember the first epochs**: batch norm trains faster and overfits sooner."
        )
        with steps.fold("What to read"):
            _reading()


def _reading() -> None:
    st.markdown(
        "- Ioffe & Szegedy 2015, *Batch Normalization: Accelerating Deep Network Training by Reducing Internal "
        "Covariate Shift*, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).\n"
        "- Santurkar, Tsipras, Ilyas & Mądry 2018, *How Does Batch Normalization Help Optimization?*, "
        "[arXiv:1805.11604](https://arxiv.org/abs/1805.11604): the three measures, and the noisy batch norm.\n"
        "- He, Zhang, Ren & Sun 2016, *Identity Mappings in Deep Residual Networks*, "
        "[arXiv:1603.05027](https://arxiv.org/abs/1603.05027): pre-activation.\n"
        "- Wu & He 2018, *Group Normalization*, [arXiv:1803.08494](https://arxiv.org/abs/1803.08494): small batches.\n"
        "- van Laarhoven 2017, *L2 Regularization versus Batch and Weight Normalization*, "
        "[arXiv:1706.05350](https://arxiv.org/abs/1706.05350): why a penalty on weights before a batch norm only "
        "changes the learning rate.\n"
        "- Nado et al. 2020, [arXiv:2006.10963](https://arxiv.org/abs/2006.10963), and Schneider et al. 2020, "
        "[arXiv:2006.16971](https://arxiv.org/abs/2006.16971): statistics of the shifted images."
    )


lesson.show()
