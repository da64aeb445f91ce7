"""Lesson 2: batch norm, from the arithmetic of one batch to what it does to training."""

import streamlit as st

from core import techniques
from core.app import (
    code,
    comparisons,
    diagrams,
    faults,
    frame,
    landscapes,
    norm_arithmetic,
    norm_measurements,
    panels,
    questions,
    runs,
)
from core.config import FULL
from core.course.batch_norm import (
    BATCH_NORM,
    BATCH_NORM_AFTER,
    BATCH_SIZES,
    LARGE_STEPS,
    LEARNING_RATES,
    OWN_BATCH,
    SMALL_BATCHES,
    VARIANTS,
    accuracy_under,
    at_batch_size,
    at_learning_rate,
    probe_ratio,
)
from core.course.claims import (
    BEST_ACCURACY,
    BEST_EPOCH,
    BEST_LOSS,
    FIRST_EPOCH,
    FIVE_EPOCHS,
    GAP,
    LAST_ACCURACY,
    LAST_LOSS,
    RISE,
    TRAIN_ACCURACY,
    verdict,
)
from core.course.layer_norm import why_it_is_faster
from core.course.norms import OWN_SETTINGS
from core.course.over_seeds import edge_rise, edge_verdict
from core.results import library
from core.results.surface import SurfaceSpec, notebook_spec
from core.techniques import LAYER_NORM, PLAIN

HERE = "pages/2_batch_norm.py"
NETWORKS = {PLAIN.name: FULL, techniques.BATCH_NORM.name: BATCH_NORM}

lesson = frame.begin(HERE)
found = comparisons.runs_of({**NETWORKS, "batch norm after ReLU": BATCH_NORM_AFTER})
plain, batch, after = found.values()

frame.title(lesson, "Batch norm: every feature on one scale")

# --- the picture ----------------------------------------------------------------------------------------------------

frame.section("One network, with and without")
frame.text(
    "The same network as in the last lesson, on all 60,000 images, by Adam at a learning rate of 0.0003 in batches "
    "of 128, from the same first weights and in the same order. The only difference: between each hidden linear "
    "layer and its ReLU stands a **batch norm**. **Who is ahead after the first epoch, and who at the end?** Then "
    "look at the loss: whose turns first?"
)
comparisons.curves_over_seeds(
    NETWORKS,
    key="picture",
    caption="Line: mean of 5 seeds. Band: from the lowest to the highest seed. The held-out images are the test "
    "images here, so nothing may be chosen by these curves.",
)
frame.text(
    "The network with batch norm against the plain one:\n"
    f"- **Accuracy after one epoch**: {verdict(FIRST_EPOCH, plain, batch, 'ahead', 'behind')}.\n"
    f"- **Accuracy after twenty epochs**: {verdict(LAST_ACCURACY, plain, batch, 'ahead', 'behind')}.\n"
    "\n"
    f"Its loss is lowest at epoch {BEST_EPOCH.over(batch)} (plain: {BEST_EPOCH.over(plain)}) and then rises: batch "
    "norm **trains faster, and overfits faster**. It is an aid to optimisation first. Whatever it regularizes is a "
    "side effect of the noise in its batches. (An interval like this is Student's, over five differences: each seed "
    "with batch norm against the same seed without.)"
)

# --- the formula, on a batch that can be edited ---------------------------------------------------------------------

frame.section("What it computes, step by step")
frame.text(
    "Take one feature: the number that one unit of the layer before gives to each of the $B$ images in the batch. "
    "Batch norm measures the mean and the variance of these $B$ numbers, puts them on one scale, and then lets "
    "training choose another scale. It does so for each feature by itself. (In a convolution a feature is a "
    "channel, and the mean runs over all its positions as well.)"
)
st.latex(r"\mu_j = \frac{1}{B}\sum_{i=1}^{B} x_{ij} \qquad \sigma_j^2 = \frac{1}{B}\sum_{i=1}^{B} (x_{ij} - \mu_j)^2")
st.latex(r"\hat x_{ij} = \frac{x_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \varepsilon}}")
st.latex(r"y_{ij} = \gamma_j \hat x_{ij} + \beta_j")
frame.text(
    "$x_{ij}$: feature $j$ of sample $i$. $B$: samples in the batch. $\\mu_j$, $\\sigma_j^2$: mean and *biased* "
    "variance (divided by $B$) of feature $j$ over the batch. $\\varepsilon = 10^{-5}$ keeps the root away from 0. "
    "$\\gamma_j$, $\\beta_j$: a scale and a shift for each feature, trained like weights; they begin at 1 and 0."
)
frame.text(
    "**Before you touch it, guess:** if you make one number of feature 1 a hundred times larger, what happens to "
    "the other three samples of feature 1? And to feature 2?"
)
norm_arithmetic.transform_panel()
st.code(
    """nn.Linear(784, 392, bias=False), nn.BatchNorm1d(392), nn.ReLU()   # one hidden layer

model.train()   # batch statistics; the running statistics are updated
model.eval()    # running statistics; nothing is updated""",
    language="python",
)
frame.text(
    "**Why the bias before it is redundant.** A bias adds the same $b_j$ to a whole column. The mean grows by $b_j$ "
    "and takes it away again; the variance never saw it. What the bias did, $\\beta_j$ does. So the layer before "
    "may be built with `bias=False` ([Ioffe & Szegedy 2015](https://arxiv.org/abs/1502.03167), section 3.2)."
)

frame.section("Two modes: where the statistics come from")
frame.text(
    "In **training mode** a sample is normalised by its batch: its output depends on the company it is in. To "
    "classify one image there is no batch. So during training batch norm also keeps **running statistics**, and in "
    "**evaluation mode** it uses those: every sample is treated alike, alone or in company."
)
st.latex(r"r \leftarrow (1 - m)\, r + m\, s_{\text{batch}}")
frame.text(
    "$r$: the running mean or variance; it begins at 0 or 1. $s_{\\text{batch}}$: the batch's mean, or its *unbiased* "
    "variance (divided by $B - 1$). $m$: PyTorch's `momentum`, 0.1 unless told otherwise. It is the weight of the "
    "*new* value and has nothing to do with the momentum of an optimizer; Keras calls $1 - m$ momentum. **What do "
    "you pay for a large $m$, and what for a small one?**"
)
norm_arithmetic.running_panel()
frame.text(
    "A small $m$ still remembers its arbitrary start after a hundred steps. A large one hardly averages: it follows "
    "the last batch. With batches of two, single batches are often far from the truth."
)

# --- the two shifts -------------------------------------------------------------------------------------------------

frame.section("Two shifts with almost the same name")
left, right = st.columns(2)
with left, st.container(border=True):
    st.subheader("Covariate shift")
    st.markdown(
        "The inputs change **between training and use**, and the rule does not: $P(x)$ is another, $P(y \\mid x)$ "
        "is the same. A speech recogniser trained on one region's accent meets another region's speakers. The words "
        "mean what they meant; they sound different."
    )
with right, st.container(border=True):
    st.subheader("Internal covariate shift")
    st.markdown(
        "The inputs of a hidden layer change **during training**, because the layers before it learn too. Nothing "
        "about the data changes. This is what Ioffe & Szegedy wanted batch norm to reduce; the accent is no example "
        "of it."
    )
st.subheader("The first, live: change the light")
frame.text(
    "These networks were trained on clean images. Change brightness, contrast and noise of the **test** images. "
    "**Does batch norm protect against covariate shift?** Look at its running statistics first, then at the last "
    "row: there mean and variance are measured again on the shifted images, without any labels and without training."
)
norm_measurements.shift_panel()
fog = {name: accuracy_under("Fog", name) for name in VARIANTS}
frame.text(
    "With its running statistics batch norm is no reliable protection: they describe the training images, and "
    "belong to them. In *Dark* it does worse than the plain network, in *Fog* everything fails: plain "
    f"{fog[PLAIN.name]}, layer norm {fog[LAYER_NORM.name]}, batch norm {fog['batch norm, running']}. Measured again "
    "on the "
    f"foggy images, the statistics bring batch norm back to **{fog['batch norm, re-estimated']}**. **Why all the "
    "way?** Fog maps every pixel to $a x + b$ with the same $a$ and $b$. Each sum in the first layer then becomes "
    "$a$ times itself plus a constant of its own, and taking away mean and scale over the batch removes exactly "
    "that. Noise is no such map, and *Grainy* is only mended in part; nor is *Dark*, which cuts off what would be "
    "blacker than black."
)
frame.text(
    "This is a way to *deploy* a network ([Nado et al. 2020](https://arxiv.org/abs/2006.10963), [Schneider et al. "
    "2020](https://arxiv.org/abs/2006.16971)), and it needs many new images at once. It is not what batch norm was "
    "made for."
)
st.subheader("The second, watched: one unit's input during training")
frame.text(
    "What reaches the ReLU of one unit, over the first 400 steps, as Ioffe & Szegedy drew it. **In which network "
    "does the band travel?**"
)
norm_measurements.drift_panel()
frame.text(
    "With batch norm the mean of what the unit gets is $\\beta$ (the line is its median), and the width of the band "
    "follows $\\gamma$: it can only move as fast as these two are trained. So far the motive. Is it also the *reason* "
    "why training is faster? Santurkar and colleagues ([2018](https://arxiv.org/abs/1805.11604)) added noise after "
    "batch norm, until the inputs were less stable than in the plain network. It still did about as well as without "
    "the noise. Their own explanation, a smoother loss, is measured below. It cannot be the whole reason either."
)

# --- where to put it ------------------------------------------------------------------------------------------------

frame.section("Where to put it")
for place, (name, (diagram, shows)) in zip(st.columns(3), diagrams.PLACEMENTS.items(), strict=True):
    with place:
        st.markdown(f"**{name}**")
        st.mermaid_chart(diagram, alt=shows)
frame.text(
    "The authors put it *before* the non-linearity. Others found *after* better, and which one wins depends on the "
    "network. With skip connections the answer is clearer: batch norm, ReLU, then the layer, and nothing on the "
    "skip itself, so that it carries $x$ on unchanged ([He et al. 2016](https://arxiv.org/abs/1603.05027)). "
    "**Before or after: which do you expect to win here?**"
)
comparisons.measure_table(found, (FIRST_EPOCH, LAST_ACCURACY, TRAIN_ACCURACY, BEST_EPOCH, BEST_LOSS, LAST_LOSS, GAP))
frame.text(
    "After against before:\n"
    f"- **Accuracy, last epoch**: {verdict(LAST_ACCURACY, batch, after, 'higher', 'lower')}.\n"
    f"- **Loss, last epoch**: {verdict(LAST_LOSS, batch, after, 'higher', 'lower')}.\n"
    f"- **Loss, best epoch**: {verdict(BEST_LOSS, batch, after, 'higher', 'lower')}.\n"
    f"- **Gap**: {verdict(GAP, batch, after, 'wider', 'narrower')}.\n"
    "\n"
    "Where it says *no clear difference*, five seeds cannot tell the two places apart."
)

# --- larger steps ---------------------------------------------------------------------------------------------------

frame.section("What it buys: larger steps")
frame.text(
    f"Plain gradient descent (SGD) on all images, {LARGE_STEPS.epochs} epochs. SGD, because Adam rescales its steps "
    "and would hide what the learning rate does. **Move it up: which network gives up first, and how?**"
)
comparisons.stops_panel(
    at_learning_rate,
    LEARNING_RATES,
    0.1,
    label="Learning rate of SGD",
    x_title="learning rate",
    key="sgd_lr",
    caption="Left: mean and range over 5 seeds. Right: one dot a seed at every learning rate, the current one "
    "shaded; a cross on the floor means that seeds diverged. Test images.",
)
best_lr, best = comparisons.best_stop(at_learning_rate, LEARNING_RATES, PLAIN.name, LAST_ACCURACY)
norm_lr, norm_best = comparisons.best_stop(at_learning_rate, LEARNING_RATES, techniques.BATCH_NORM.name, LAST_ACCURACY)
norm_at = {lr: comparisons.runs_of(at_learning_rate(lr))[techniques.BATCH_NORM.name] for lr in LEARNING_RATES}
frame.text(
    f"The plain network does best at {best_lr:g} ({best}), and falls apart above it. Batch norm does best at "
    f"{norm_lr:g} ({norm_best}). Its accuracy at the other rates, against that one:\n"
    + "\n".join(
        f"- **{lr:g}**: {verdict(LAST_ACCURACY, norm_at[norm_lr], found, 'higher', 'lower')}."
        for lr, found in norm_at.items()
        if lr != norm_lr
    )
    + "\n\n"
    "Each network's best rate was picked on the test images that it is shown on, so both numbers flatter. Still, the "
    "slider spans a factor of a hundred."
)
frame.text(
    "Why does batch norm mind so little? Make all weights of a unit twice as large: $\\hat x$ stays the same, so the "
    "output does, and the gradient halves. A step that is too large makes the weights large; large weights make the "
    "next steps small. It brakes itself, where the plain network's next step is larger still."
)

# --- small batches --------------------------------------------------------------------------------------------------

frame.section("What it costs: it needs a batch")
frame.text(
    f"{SMALL_BATCHES.n_train:,} images, {SMALL_BATCHES.epochs} epochs of Adam, batches of 128 down to 2. **At which "
    "batch size does batch norm break, and why there?**"
)
questions.at("batch_norm", "batches")
comparisons.stops_panel(
    at_batch_size,
    BATCH_SIZES,
    2,
    label="Batch size",
    x_title="batch size",
    key="small_batch",
    caption="Left: mean and range over 5 seeds. Right: one dot a seed at every batch size, the current one shaded. "
    "Validation images. Smaller batches take more steps in an epoch, so compare the networks at one batch size, not "
    "one network across them.",
)
by_size = {size: comparisons.runs_of(at_batch_size(size)) for size in (2, 4, 128)}
behind = {
    size: verdict(LAST_ACCURACY, of[PLAIN.name], of[techniques.BATCH_NORM.name], "ahead", "behind")
    for size, of in by_size.items()
}
of_128 = by_size[128][PLAIN.name], by_size[128][techniques.BATCH_NORM.name]
frame.text(
    "Batch norm against plain, accuracy after the last epoch:\n"
    f"- **Batches of 128**: {behind[128]}.\n"
    f"- **Batches of 4**: {behind[4]}.\n"
    f"- **Batches of 2**: {behind[2]}. Here it breaks.\n"
    "\n"
    "That is at this learning rate, and at the end. Earlier, with batches of 128:\n"
    f"- **After the first epoch**: {verdict(FIRST_EPOCH, *of_128, 'ahead', 'behind')}.\n"
    f"- **Each at its best epoch**: {verdict(BEST_ACCURACY, *of_128, 'ahead', 'behind')}."
)
frame.text(
    "Two samples $a$ and $b$, unequal, have the mean $(a + b)/2$, and each is $|a - b|/2$ away from it: $\\hat x$ "
    "is $+1$ and $-1$ (as long as $\\varepsilon$ is small beside their variance), **whatever $a$ and $b$ were**. "
    "All that is left of a feature is which of the two had more of it. Delete two rows in the table above, and see. "
    "Evaluation mode then divides by the running variance, and $\\hat x$ takes values beyond and between $\\pm 1$, "
    "which the next layer never met in training. On ResNet-50, batches of 2 cost batch norm more than ten points "
    "against group norm ([Wu & He 2018](https://arxiv.org/abs/1803.08494))."
)

# --- smoother? ------------------------------------------------------------------------------------------------------

frame.section("Is the loss surface smoother?")
frame.text(
    "The notebook looked at batch norm's surface and wrote that it had become *a little smoother*. Here are three, "
    "on one loss axis. As in the last lesson, $\\alpha$ and $\\beta$ lead away from the trained network in two "
    "random directions. The middle one keeps the **running statistics** of the trained network while its weights "
    "are moved away from them. The right one measures the **batch's statistics** again at each point, as training "
    "would. **Which of the two would you compare with the plain network?**"
)
SPECS = {
    PLAIN.name: SurfaceSpec(FULL),
    "batch norm, running statistics": SurfaceSpec(BATCH_NORM),
    "batch norm, batch statistics": SurfaceSpec(BATCH_NORM, statistics="batch"),
}
landscapes.landscape_panel(SPECS, key="landscape")
frame.text(
    "From the trained network to the edge at range 1 the loss rises by "
    + ", ".join(f"{edge_rise(spec)} ({name})" for name, spec in SPECS.items())
    + ": mean ± standard deviation over three pairs of directions, around one network of each kind (seed 0). Batch "
    "norm against plain:\n"
    + "\n".join(
        f"- **{statistics.capitalize()} statistics, range {radius:g}**: "
        f"{edge_verdict(SPECS[PLAIN.name], SPECS[f'batch norm, {statistics} statistics'], radius)}."
        for statistics in ("running", "batch")
        for radius in (1.0, 2.0)
    )
    + "\n\n"
    "**So the answer depends on the statistics and on how far one looks.** Such a picture cannot settle the claim."
)
st.subheader("Smoother along the gradient: Santurkar's test")
frame.text(
    "Perhaps it is the wrong kind of picture. Training does not walk in random directions around the end; it walks "
    "along the gradient, from the beginning. So stop at a training step, with weights $\\theta$ and the batch's "
    "gradient $g = \\nabla L(\\theta)$. Try steps of several sizes $\\eta$ along it, and measure three things:"
)
st.latex(r"\max_\eta L(\theta - \eta g) - \min_\eta L(\theta - \eta g)")
st.latex(r"\max_\eta \|\nabla L(\theta) - \nabla L(\theta - \eta g)\|")
st.latex(r"\beta_\mathrm{eff} = \max_\eta \frac{\|\nabla L(\theta) - \nabla L(\theta - \eta g)\|}{\eta\,\|g\|}")
frame.text(
    "The **loss range**: how much the loss varies along the step. The **change of the gradient**: how far the "
    "gradient over there differs from the one that the step was chosen by. The **effective β**: that change per "
    "distance moved (the paper's letter; neither batch norm's shift nor the axis above). Small is smooth, in all "
    "three. $\\|\\cdot\\|$ is the Euclidean norm over all parameters, $L$ the loss on the batch."
)
norm_measurements.smoothness_panel()
frame.text(
    "Under Adam, from step 100 on, the plain network's loss range is "
    f"**{probe_ratio('adam', 'loss_range', digits=0)} times** batch norm's, and its effective β "
    f"**{probe_ratio('adam', 'effective_beta')} times**. Under SGD it is "
    f"{probe_ratio('sgd', 'loss_range')} and "
    f"{probe_ratio('sgd', 'effective_beta')} times. At step 0 it is the other way round: the "
    "plain network hardly answers yet, so there is little to change. After that *smoother* is true, **along the "
    "gradient, during training**, and by how much depends on the optimizer and on how far one looks."
)
frame.text(why_it_is_faster())

# --- try it ---------------------------------------------------------------------------------------------------------

frame.section("Try it: your own run")
frame.text(
    "2,000 images, so that it trains in seconds. Stops around this setting are precomputed; anything else is "
    "trained while you watch. Can you find a setting in which batch norm is better at the *end*? One run of each "
    "is little: change the seed before you believe it."
)
panels.own_run(OWN_SETTINGS, OWN_BATCH, says="")

# --- measured -------------------------------------------------------------------------------------------------------

frame.section("What was measured")
comparisons.measure_table(
    {PLAIN.name: plain, techniques.BATCH_NORM.name: batch},
    (FIRST_EPOCH, FIVE_EPOCHS, LAST_ACCURACY, BEST_LOSS, LAST_LOSS, RISE, GAP),
)
st.caption("All 60,000 images, Adam at 0.0003, 20 epochs; mean ± standard deviation over seeds; losses in nats.")
frame.text(
    f"- **First five epochs:** {verdict(FIVE_EPOCHS, plain, batch, 'ahead of plain', 'behind plain')}.\n"
    f"- **Last accuracy:** {verdict(LAST_ACCURACY, plain, batch, 'higher than plain', 'lower than plain')}.\n"
    f"- **Loss at the best epoch:** {verdict(BEST_LOSS, plain, batch, 'higher than plain', 'lower than plain')}.\n"
    "- **Overfitting**, the rise from the best to the last epoch: "
    f"{verdict(RISE, plain, batch, 'larger than plain', 'smaller than plain')}."
)

# --- find the fault ---------------------------------------------------------------------------------------------------

faults.find_the_fault("batch_norm")

# --- the notebook ---------------------------------------------------------------------------------------------------

frame.section("What the notebook did")
theirs = {
    name: runs.measured_or_computing(notebook_spec(config), library.stored_run(config), key=f"theirs_{name}")
    for name, config in NETWORKS.items()
    if library.stored_run(config)
}
if all(theirs.values()) and len(theirs) == len(NETWORKS):
    landscapes.surfaces_side_by_side(
        {f"{name}, the notebook's method": (surface, True) for name, surface in theirs.items()},
        key="notebook",
        log_z=False,
        same_z=False,
    )
    frame.text(
        "- **“The landscape became a little smoother.”** Read the axes: plain ends at "
        f"{theirs[PLAIN.name].range[1]:,.0f}, batch norm at {theirs[techniques.BATCH_NORM.name].range[1]:,.0f}. Each "
        "picture has its "
        "own scale, so the eye compares two shapes that cannot be compared, far outside of where any training goes, "
        "with running statistics that belong to another point."
    )
frame.text(
    "- **“Our data and model are simple, so we cannot see the effect.”** It looked at the last accuracy only. The "
    "effect is in the first epochs, in the learning rates that work, in small batches and along the gradient.\n"
    "- **It explains batch norm by the dialect example**, which is covariate shift, and calls it *covariant*. Batch "
    "norm was made for the internal kind. Why it works is not settled, as said above.\n"
    "- **“With skip connections it is better to use BN before the layer.”** True of pre-activation residual "
    "networks, which is where the sentence comes from; this network has no skips.\n"
    "- **Its exercise asks to “fill in the model with dropout”** where batch norm is meant."
)

# --- exercises, reading ---------------------------------------------------------------------------------------------

code.fill_in("batch_norm")

questions.check_yourself("batch_norm")

frame.section("What to read")
st.markdown(
    "- Ioffe & Szegedy 2015, *Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate "
    "Shift*, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).\n"
    "- Santurkar, Tsipras, Ilyas & Mądry 2018, *How Does Batch Normalization Help Optimization?*, "
    "[arXiv:1805.11604](https://arxiv.org/abs/1805.11604): the three measures, and the noisy batch norm.\n"
    "- He, Zhang, Ren & Sun 2016, *Identity Mappings in Deep Residual Networks*, "
    "[arXiv:1603.05027](https://arxiv.org/abs/1603.05027): pre-activation.\n"
    "- Wu & He 2018, *Group Normalization*, [arXiv:1803.08494](https://arxiv.org/abs/1803.08494): small batches.\n"
    "- van Laarhoven 2017, *L2 Regularization versus Batch and Weight Normalization*, "
    "[arXiv:1706.05350](https://arxiv.org/abs/1706.05350): why a penalty on weights before a batch norm only changes "
    "the learning rate.\n"
    "- Nado et al. 2020, [arXiv:2006.10963](https://arxiv.org/abs/2006.10963), and Schneider et al. 2020, "
    "[arXiv:2006.16971](https://arxiv.org/abs/2006.16971): statistics of the shifted images."
)

frame.end(HERE)
