"""Lesson 1: the unregularized perceptron, its overfitting, and the loss surface around it."""

import streamlit as st

from core.app import code, controls, faults, frame, landscapes, panels, questions, runs, strengths, take_home
from core.config import FULL, SMALL_AND_NOISY, seeds_of, sweep
from core.course.baseline import BARRIER, OWN_SETTINGS
from core.course.claims import LAST_ACCURACY, MEMORISED, TRAIN_ACCURACY
from core.course.over_seeds import against_plain, runs_at
from core.figures.curves import sweep_figure, sweep_table
from core.figures.surfaces import line_figure
from core.results import library
from core.results.surface import SurfaceSpec, notebook_spec
from core.techniques import AUGMENTATION, LABEL_SMOOTHING

HERE = "pages/1_baseline.py"
NETWORKS = ("full", "small and noisy", "yours")

lesson = frame.begin(HERE)
full, small = runs.needed_run(FULL, key="full"), runs.needed_run(SMALL_AND_NOISY, key="small")

frame.title(lesson, "Baseline: a network without regularization")

# --- the picture ----------------------------------------------------------------------------------------------------

frame.section("One network, trained twice")
frame.text(
    "Here is the same network, trained twice: on all 60,000 images, and on 2,000 of them with every fifth label "
    "wrong, for longer and in larger steps. Look at the dashed lines first: both trainings go well. Then look at "
    "the solid lines, which are measured on images that the network never trained on. **Where do the two lines "
    "part, and which of them would you trust?**"
)
panels.runs_side_by_side({"Full: 60,000 images": full, "Small and noisy: 2,000 images": small}, key="picture")
st.caption(
    "Same vertical axes left and right. Loss is cross-entropy; guessing among ten classes costs ln 10 ≈ 2.30 nats. "
    "On the right the dashed lines start worse than the solid ones: they are measured with the labels that the "
    "network is given, and every fifth is wrong."
)

frame.section("What overfitting is")
frame.text(
    f"The small network gets **{panels.percent(small.last.train_accuracy)}** of its training images right, as they "
    f"are labelled, and **{panels.percent(small.last.held_out_accuracy)}** of the validation images. It even gives "
    f"back **{panels.percent(small.last.memorised, 0)}** of the *wrong* labels it was trained on. There is no rule "
    "that says a particular coat is a sandal; those can only be learned by heart."
)
frame.text(
    f"Its validation loss was lowest after epoch **{small.best_epoch}** of {SMALL_AND_NOISY.epochs} and has risen "
    "since. From there on it still learns its list, and unlearns the rule. **Overfitting** is this: the loss on the "
    "training images goes on falling while the loss on new images rises."
)

# --- the formula ----------------------------------------------------------------------------------------------------

frame.section("The network and what it minimises")
frame.text("A multilayer perceptron: flatten the image, then three linear layers with ReLU between them.")
panels.parameter_table(FULL)
st.latex(r"L(\theta) = \frac{1}{n}\sum_{i=1}^{n} -\log p_\theta(y_i \mid x_i)")
frame.text(
    "$\\theta$: all weights and biases together. $n$: the number of training images. $x_i$: image $i$, its pixels "
    "scaled to $[0, 1]$. $y_i$: its label. $p_\\theta(y_i \\mid x_i)$: the probability that the network gives to "
    "that label, by a softmax over its ten outputs. $\\log$ is the natural logarithm, so $L$, the "
    "**cross-entropy**, is in nats per image."
)
frame.text(
    "The **generalisation gap** is training accuracy minus held-out accuracy, both in evaluation mode. Adam "
    "minimises $L$ on batches of images; nothing in $L$ speaks of new images, so nothing keeps the gap small."
)

# --- try it ---------------------------------------------------------------------------------------------------------

frame.section("Try it: open and close the gap")
frame.text(
    "Before you move a slider, guess: what does more for the validation accuracy of the small and noisy setting, "
    "ten times the images or a third of the epochs? Stops around the two "
    "settings above are precomputed. Anything else is trained while you watch."
)
with st.container(horizontal=True):
    st.button(
        "Small and noisy",
        on_click=controls.set_widgets,
        args=(SMALL_AND_NOISY, OWN_SETTINGS),
        icon=":material/restart_alt:",
    )
    st.button("Full", on_click=controls.set_widgets, args=(FULL, OWN_SETTINGS), icon=":material/database:")
config = controls.config_from_widgets(OWN_SETTINGS, SMALL_AND_NOISY)
yours = runs.run_or_training(config, key="yours")
panels.report(yours, key="yours")

questions.at("baseline", "images")

# --- measured -------------------------------------------------------------------------------------------------------

frame.section("What was measured")
frame.text(
    "Five seeds of each setting: other first weights, another order, and in the small setting other images drawn. "
    "Mean ± standard deviation."
)
by_setting = {
    "full": library.stored_runs(seeds_of(FULL)),
    "small and noisy": library.stored_runs(seeds_of(SMALL_AND_NOISY)),
}
panels.seed_table(by_setting)
frame.text(
    "The cheapest regularizer needs no formula: **stop at the best epoch**. On the test images of the small and "
    f"noisy setting that is {panels.early_stopping_verdict(by_setting['small and noisy'])}. On the full setting: "
    f"{panels.early_stopping_verdict(by_setting['full'])}; but there the best epoch was picked by the test images "
    "themselves, so even that number flatters."
)
by_noise = library.stored_runs(sweep(SMALL_AND_NOISY, "label_noise"))
left, right = st.columns(2)
with left:
    panels.captioned(
        sweep_figure(
            library.stored_runs(sweep(SMALL_AND_NOISY, "n_train")),
            "n_train",
            "training images (log scale)",
            log=True,
        ),
        alt_text="Training and held-out accuracy against the number of training images.",
        caption="More images: the lines close in. 20 % of the training labels are wrong throughout, so the rule alone "
        "could reach about 80 % on the dashed line; what is above is learned by heart. One seed; at 60,000 the "
        "solid line is the test images.",
        rows=sweep_table(library.stored_runs(sweep(SMALL_AND_NOISY, "n_train")), "n_train"),
        key="images",
    )
with right:
    panels.captioned(
        sweep_figure(
            by_noise,
            "label_noise",
            "share of wrong labels",
            log=False,
        ),
        alt_text="Training and held-out accuracy against the share of wrong labels.",
        caption="More wrong labels: up to half of what the dashed line counts is wrong, and still it is at "
        f"{TRAIN_ACCURACY.over(by_noise[-1:])} in the end, against {TRAIN_ACCURACY.over(by_noise[:1])} with none. The "
        "solid line pays for it. One seed.",
        rows=sweep_table(by_noise, "label_noise"),
        key="noise",
    )
take_home.take_home(
    {f"{c.n_train:,} images": c for c in sweep(SMALL_AND_NOISY, "n_train")}
    | {f"{100 * c.label_noise:g} % wrong labels": c for c in sweep(SMALL_AND_NOISY, "label_noise")},
    key="sweeps",
)

frame.section("More images for nothing")
frame.text(
    "A shirt that is moved by a pixel is still a shirt. **Augmentation** shows the network each training image shifted "
    "by up to some pixels, and mirrored half of the time, anew in every epoch (LeCun, Bottou, Bengio & Haffner 1998 "
    "distorted digits for the same reason). What is learned by heart would have to hold for all versions of an image. "
    "The training accuracy below is of the images as they are. **Raise the shifts: how many wrong labels does the "
    "network still learn by heart? And what happens with all 60,000 images?**"
)
strengths.technique_panel(AUGMENTATION, asks="", says="")
frame.text(
    "Held-out accuracy with shifts by up to one pixel and flips, against the plain network, paired over five seeds:\n"
    "- **2,000 images, a fifth of the labels wrong**: "
    f"{against_plain(LAST_ACCURACY, SMALL_AND_NOISY, AUGMENTATION.at(SMALL_AND_NOISY, 1), 'higher', 'lower')}.\n"
    "- **60,000 images, right labels**: "
    f"{against_plain(LAST_ACCURACY, FULL, AUGMENTATION.at(FULL, 1), 'higher', 'lower')}. The clothes lie in the middle "
    "of their images, and shoes all point the same way, in the test images too. What is learned about other places "
    "is of no use there."
)

frame.section("Do not believe a label entirely")
frame.text(
    "Another cheap regularizer changes the labels. With **label smoothing** ([Szegedy et al. "
    "2016](https://arxiv.org/abs/1512.00567), §7) the loss asks for the labelled class with probability $1 - ε + ε/10$ "
    "and for every other one with $ε/10$. So there is nothing to gain from being entirely sure. The curves below are "
    "the "
    "plain cross-entropy, without the smoothing. **Raise ε: are fewer wrong labels learned by heart? What becomes of "
    "the "
    "accuracy?**"
)
strengths.technique_panel(LABEL_SMOOTHING, asks="", says="")
frame.text(
    "Held-out accuracy against the plain network, paired over five seeds:\n"
    "- **2,000 images, a fifth of the labels wrong, ε = 0.5**: "
    f"{against_plain(LAST_ACCURACY, SMALL_AND_NOISY, LABEL_SMOOTHING.at(SMALL_AND_NOISY, 0.5), 'higher', 'lower')}.\n"
    "- **60,000 images, right labels, ε = 0.1**: "
    f"{against_plain(LAST_ACCURACY, FULL, LABEL_SMOOTHING.at(FULL, 0.1), 'higher', 'lower')}.\n"
    "\n"
    "So it does matter against wrong labels, but not by keeping them out. Of the wrong labels the network reproduces "
    f"{MEMORISED.over(runs_at(LABEL_SMOOTHING.at(SMALL_AND_NOISY, 0.5)))} at ε = 0.5, and "
    f"{MEMORISED.over(runs_at(SMALL_AND_NOISY))} without smoothing."
)

# --- the loss surface -----------------------------------------------------------------------------------------------

frame.section("The loss surface around the trained network")
frame.text(
    "The loss is a function of 386,000 weights. We can only look at a slice of it: choose two random directions $u$ "
    "and $v$ in the space of weights, walk from the trained network $\\theta^*$ by $\\alpha$ along one and $\\beta$ "
    "along the other, and measure the loss at each place. **Which of the two networks sits in the steeper bowl?** "
    "Turn it, change the range, switch the network."
)
st.latex(r"f(\alpha, \beta) = L(\theta^* + \alpha\,u + \beta\,v)")
st.latex(r"\|u_i\| = \|v_i\| = \|w_i\| \text{ for every unit } i")
network = controls.choice("Network", NETWORKS, key="network")
shown = {"full": full, "small and noisy": small, "yours": yours}[network]
landscapes.surface_panel(
    shown,
    key="surface",
    missing="Your network's surface appears here once it is trained on this machine: of most precomputed runs only the "
    "numbers were kept, not the weights. Move a slider off the stops, or choose another network.",
)
frame.text(
    "$w_i$ is the row of a weight matrix that leads into unit $i$. Each random row is scaled to the length of the "
    "row that it moves: a **filter-normalised** direction ([Li et al. 2018](https://arxiv.org/abs/1712.09913)). "
    "Without it a network with larger weights would look flatter for no better reason than that. Biases stay where "
    "they are."
)

# --- find the fault ---------------------------------------------------------------------------------------------------

faults.find_the_fault("baseline")

# --- the notebook ---------------------------------------------------------------------------------------------------

frame.section("The notebook's picture, and what is wrong with it")
frame.text(
    "This course grew out of a teaching notebook that draws the surface on the left. It concludes: *not convex*. "
    "**Before you read on: what is on its vertical axis?**"
)
theirs = runs.measured_or_computing(notebook_spec(FULL), full, key="theirs")
ours = runs.measured_or_computing(SurfaceSpec(FULL), full, key="ours")
same_z = controls.toggle("Same logarithmic loss axis for both", key="same_z")
if theirs and ours:
    landscapes.surfaces_side_by_side(
        {"The notebook's method": (theirs, True), "Filter-normalised, fixed images": (ours, False)},
        key="notebook",
        log_z=same_z,
        same_z=same_z,
    )
    frame.text(
        f"- **It looks from too far away.** Its directions are {theirs.direction_norms[0]:.0f} long, the network's "
        f"weights {theirs.weight_norm:.0f}. {panels.percent(theirs.worse_than_chance)} of its points are worse than "
        f"guessing; its top is a loss of {theirs.range[1]:,.0f}.\n"
        "- **Its directions are not random enough.** Every entry is drawn from $[0, 1)$, so both mostly add a constant "
        f"to every weight. The cosine between them is {theirs.cosine:.2f} (ours: {ours.cosine:.3f}): the axes it draws "
        f"at right angles are only {theirs.angle:.0f}° apart. And each layer restarts the same random numbers.\n"
        "- **Each point is measured on other images**: a fresh batch of 128. What is a ripple of the loss and what is "
        "luck of the batch cannot be told apart.\n"
        "- **The trained network is not in it.** Forty points from −1 to 1 leave out 0.\n"
        "- **Its axes are swapped**, α for β. Nobody notices, because both have the same range.\n"
        "- **It leaves the network ruined**: the loop overwrites the weights and stops at the last corner of the grid. "
        "Everything that is drawn of this network afterwards is drawn of the wrong weights."
    )

# --- convexity ------------------------------------------------------------------------------------------------------

frame.section("Is the loss convex? What a slice can say")
frame.text(
    "If a slice is not convex, the whole is not convex. If a slice *looks* convex, that says nothing: a random "
    "direction mixes thousands of curvatures, and the few that bend down drown among the many that bend up. Near "
    "the trained network our slices look like bowls. **Is the loss convex, then?**"
)
frame.text(
    "Take two networks, trained from two seeds. Both are good. On a convex loss every network on the straight line "
    "between them would be at least as good as the chord between their losses."
)
line = runs.measured_or_computing(BARRIER, key="line")
if line:
    panels.captioned(
        line_figure(line),
        alt_text=f"The loss along the line between two trained networks rises {line.barrier:.2f} nats above the chord.",
        caption=f"The loss rises {line.barrier:.2f} nats above the chord: the loss is not convex. Swapping "
        "hidden units gives other networks that compute the same; between them lie ridges like this one.",
    )

# --- exercises, reading ---------------------------------------------------------------------------------------------

code.fill_in("baseline")

questions.check_yourself("baseline")

frame.section("What to read")
st.markdown(
    "- Zhang, Bengio, Hardt, Recht & Vinyals 2017, *Understanding deep learning requires rethinking generalization*, "
    "[arXiv:1611.03530](https://arxiv.org/abs/1611.03530): networks that learn random labels by heart.\n"
    "- Li, Xu, Taylor, Studer & Goldstein 2018, *Visualizing the Loss Landscape of Neural Nets*, "
    "[arXiv:1712.09913](https://arxiv.org/abs/1712.09913): filter-normalised directions.\n"
    "- Dinh, Pascanu, Bengio & Bengio 2017, *Sharp Minima Can Generalize for Deep Nets*, "
    "[arXiv:1703.04933](https://arxiv.org/abs/1703.04933): why a raw measure of sharpness means little.\n"
    "- Xiao, Rasul & Vollgraf 2017, *Fashion-MNIST*, [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)."
)
frame.end(HERE)
