"""Lesson 3: layer norm, which takes its statistics along the other axis."""

import streamlit as st

from core import techniques
from core.app import (
    code,
    comparisons,
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
from core.course.batch_norm import BATCH_NORM, at_batch_size, at_learning_rate, probe_ratio
from core.course.claims import (
    BEST_EPOCH,
    BEST_LOSS,
    FIRST_EPOCH,
    FIVE_EPOCHS,
    GAP,
    LAST_ACCURACY,
    LAST_LOSS,
    RISE,
    verdict,
)
from core.course.layer_norm import LAYER_NORM, OWN_LAYER
from core.course.norms import OWN_SETTINGS
from core.course.over_seeds import edge_rise, edge_verdict, normalised
from core.results import library
from core.results.surface import SurfaceSpec, notebook_spec
from core.techniques import PLAIN

HERE = "pages/3_layer_norm.py"
NETWORKS = normalised(FULL)

lesson = frame.begin(HERE)
found = comparisons.runs_of(NETWORKS)
plain, batch, layer = found.values()

frame.title(lesson, "Layer norm: the other axis")

# --- the picture ----------------------------------------------------------------------------------------------------

frame.section("Which numbers share a mean?")
frame.text(
    "A batch is a table: a row for each sample, a column for each feature. Batch norm takes its mean down a column, "
    "over the **batch**. Layer norm takes it along a row, over the **features of one sample**. Switch between the "
    "two. The framed cell is normalised with the cells that stay bright. **Then multiply the last sample by 5: "
    "whose outputs change?**"
)
norm_arithmetic.cells_panel()
frame.text(
    "With batch norm, stretching the last sample moves the outputs of sample 1, which nobody touched, by up to "
    f"**{norm_arithmetic.first_sample_moves(techniques.BATCH_NORM.name):.2f}**; with layer norm by "
    f"**{norm_arithmetic.first_sample_moves(techniques.LAYER_NORM.name):.2f}**. And the last sample's own outputs "
    "under layer "
    "norm? They stay as well: a sample that is stretched as a whole is scaled back as a whole. Now set the batch to "
    "one sample, in both modes."
)

# --- the formula ----------------------------------------------------------------------------------------------------

frame.section("The formula")
st.latex(r"\mu_i = \frac{1}{D}\sum_{j=1}^{D} x_{ij} \qquad \sigma_i^2 = \frac{1}{D}\sum_{j=1}^{D} (x_{ij} - \mu_i)^2")
st.latex(r"y_{ij} = \gamma_j\,\frac{x_{ij} - \mu_i}{\sqrt{\sigma_i^2 + \varepsilon}} + \beta_j")
frame.text(
    "$x_{ij}$: feature $j$ of sample $i$. $D$: features, that is units of the layer (392, then 196). $\\mu_i$, "
    "$\\sigma_i^2$: mean and biased variance of *sample* $i$ over its features. $\\varepsilon = 10^{-5}$. $\\gamma_j$, "
    "$\\beta_j$: gain and bias of each *unit*, trained. They still belong to the column; only the statistics were "
    "transposed ([Ba, Kiros & Hinton 2016](https://arxiv.org/abs/1607.06450))."
)
frame.text(
    "In PyTorch: `nn.LayerNorm(392)` after `nn.Linear(784, 392)`. The number is the width of what comes *out* of "
    "the linear layer. There are no running statistics, so **training and evaluation mode are the same "
    "computation**."
)

st.code("nn.Linear(784, 392), nn.LayerNorm(392), nn.ReLU()   # one hidden layer", language="python")

frame.section("What layer norm repairs, and what it does not")
frame.text("The notebook lists three drawbacks of batch norm. Here they are, as they are:")
frame.text(
    "- **It ties a sample to its batch.** True. Outputs depend on the company, batches of 1 cannot be trained on, "
    "small ones train badly, and two modes can disagree. Layer norm has none of this.\n"
    "- **“It cannot be used in recurrent networks.”** It can: [Cooijmans et al. "
    "2016](https://arxiv.org/abs/1603.09025) normalise the step from hidden state to hidden state, and gain by it. But "
    "it is awkward: the statistics differ from time step to time step, so each step needs its own, and a longer "
    "sequence than any in training has none.\n"
    "- **“It suits language less.”** Sentences of different lengths fill a batch with padding, and word statistics "
    "change from batch to batch. Transformers use layer norm or a relative of it.\n"
    "- **What layer norm gives up:** the scale of each feature over the data. One feature that is always large stays "
    "large in every row. In convolutional networks for images batch norm is often still the better one."
)
questions.at("layer_norm", "rates")
small = comparisons.runs_of(at_batch_size(2))
large = comparisons.runs_of(at_learning_rate(1.0))
frame.text(
    "Measured in the last lesson's experiments: with batches of 2 layer norm reaches "
    f"{LAST_ACCURACY.over(small[techniques.LAYER_NORM.name])}, batch norm "
    f"{LAST_ACCURACY.over(small[techniques.BATCH_NORM.name])}. With SGD at a "
    f"learning rate of 1 layer norm reaches {LAST_ACCURACY.over(large[techniques.LAYER_NORM.name])}, batch norm "
    f"{LAST_ACCURACY.over(large[techniques.BATCH_NORM.name])}, the plain network "
    f"{LAST_ACCURACY.over(large[PLAIN.name])}."
)

# --- training -------------------------------------------------------------------------------------------------------

frame.section("Three networks over twenty epochs")
frame.text(
    "The notebook ends its chapter with this figure: the held-out loss of the three networks on a logarithmic axis, "
    "one run each. It concludes: *layer normalization provided the best performance*. Here are five seeds of each. "
    "**Would you sign that sentence?**"
)
comparisons.curves_over_seeds(
    NETWORKS,
    key="compare",
    log_loss=True,
    caption="Line: mean of 5 seeds; band: from the lowest to the highest. The loss axis is logarithmic, so equal "
    "distances are equal ratios. Test images: with all 60,000 images trained on, nothing else is left.",
)
comparisons.measure_table(found, (FIRST_EPOCH, FIVE_EPOCHS, LAST_ACCURACY, BEST_EPOCH, BEST_LOSS, LAST_LOSS, RISE, GAP))
st.caption("Mean ± standard deviation over seeds; losses in nats per image. The gap is training minus test accuracy.")
st.subheader("What may be concluded")
frame.text(
    "Layer norm, paired seed by seed:\n"
    f"- **First epoch**, against plain: {verdict(FIRST_EPOCH, plain, layer, 'ahead', 'behind')}.\n"
    f"- **Loss at the best epoch**, against plain: {verdict(BEST_LOSS, plain, layer, 'higher', 'lower')}; against "
    f"batch norm: {verdict(BEST_LOSS, batch, layer, 'higher', 'lower')}.\n"
    f"- **Loss at the last epoch**, against plain: {verdict(LAST_LOSS, plain, layer, 'higher', 'lower')}; against "
    f"batch norm: {verdict(LAST_LOSS, batch, layer, 'higher', 'lower')}.\n"
    f"- **Accuracy at the last epoch**, against plain: {verdict(LAST_ACCURACY, plain, layer, 'higher', 'lower')}; "
    f"against batch norm: {verdict(LAST_ACCURACY, batch, layer, 'higher', 'lower')}."
)
frame.text(
    "So *best* depends on what is counted, and when one stops. Where it says *no clear difference*, five seeds cannot "
    "tell the networks apart; that does not make them equal. **What may not be concluded:** that layer norm is "
    "better in general, or on other data, or at another learning rate. And the best epoch was found on the images "
    "that it is judged by."
)

# --- the landscape --------------------------------------------------------------------------------------------------

frame.section("The loss surface")
frame.text(
    "Plain and layer norm on one loss axis; batch norm with its batch's statistics beside them. **At range 1: who "
    "is steeper? And at range 2?**"
)
SPECS = {
    PLAIN.name: SurfaceSpec(FULL),
    techniques.LAYER_NORM.name: SurfaceSpec(LAYER_NORM),
    "batch norm, batch statistics": SurfaceSpec(BATCH_NORM, statistics="batch"),
}
landscapes.landscape_panel(SPECS, key="landscape")
frame.text(
    "The rise from the trained network to the edge, mean ± standard deviation over three pairs of directions, around "
    "one network of each kind (seed 0):\n"
    + "\n".join(
        f"- **Range {radius:g}**: plain {edge_rise(SPECS[PLAIN.name], radius)}, layer norm "
        f"{edge_rise(SPECS[techniques.LAYER_NORM.name], radius)}. Layer norm against plain: "
        f"{edge_verdict(SPECS[PLAIN.name], SPECS[techniques.LAYER_NORM.name], radius)}."
        for radius in (1.0, 2.0)
    )
    + "\n\n"
    "Whatever the first two layers compute far out, its scale is put right before the next layer sees it."
)
frame.text(
    "Along the gradient, during training: the three measures of the last lesson, now with an eye on the green line. "
    "**Does it hold under both optimizers?**"
)
norm_measurements.smoothness_panel()
at_same_rate = comparisons.runs_of(at_learning_rate(0.1))
by_sgd = at_same_rate[PLAIN.name], at_same_rate[techniques.LAYER_NORM.name]
frame.text(
    "Under Adam layer norm smooths too, less than batch norm: the plain network's effective β is "
    f"{probe_ratio('adam', 'effective_beta', techniques.LAYER_NORM.name)} times layer norm's. Under SGD the "
    f"factor is {probe_ratio('sgd', 'effective_beta', techniques.LAYER_NORM.name, digits=2)}: no smoothing at all. Is "
    "it slower there, then? SGD at the same learning rate, in the last lesson's experiment, layer norm against plain:\n"
    f"- **Accuracy after one epoch**: {verdict(FIRST_EPOCH, *by_sgd, 'ahead', 'behind')}.\n"
    f"- **Accuracy after five epochs**: {verdict(LAST_ACCURACY, *by_sgd, 'ahead', 'behind')}.\n"
    "\n"
    "So smoothing along the gradient cannot be all that makes it train faster at first."
)

# --- try it ---------------------------------------------------------------------------------------------------------

frame.section("Try it: your own run")
frame.text(
    "2,000 images, so that it trains in seconds. Stops around this setting are precomputed; anything else is "
    "trained while you watch. **Set the wrong labels to 0.2: does layer norm keep the network from learning them by "
    "heart?**"
)
panels.own_run(OWN_SETTINGS, OWN_LAYER, says="")

# --- find the fault ---------------------------------------------------------------------------------------------------

faults.find_the_fault("layer_norm")

# --- the notebook ---------------------------------------------------------------------------------------------------

frame.section("What the notebook did")
own = library.stored_run(LAYER_NORM)
theirs = runs.measured_or_computing(notebook_spec(LAYER_NORM), own, key="theirs") if own else None
ours = runs.measured_or_computing(SurfaceSpec(LAYER_NORM), own, key="ours") if own else None
far = library.stored(notebook_spec(FULL))
if theirs and ours and far:
    landscapes.surfaces_side_by_side(
        {"The notebook's method": (theirs, True), "Filter-normalised, fixed images": (ours, False)},
        key="notebook",
        log_z=False,
        same_z=False,
    )
    frame.text(
        f"- **Its surface** ends at {theirs.range[1]:.0f}, its picture of the plain network at {far.range[1]:,.0f}, "
        "and it compares their shapes. Layer norm cannot let the activations explode, however far one walks: the "
        "height of the picture says that, and nothing about training."
    )
frame.text(
    "- **“Layer normalization provided the best performance”**: one run of each, read off the test images. The table "
    "above is what remains of it.\n"
    "- **“Cannot be used in recurrent networks”**: see above.\n"
    "- **Its blank asks for `nn.LayerNorm()`** after a layer from 784 to 392. It takes the width that comes out: 392."
)

# --- exercises, reading ---------------------------------------------------------------------------------------------

code.fill_in("layer_norm")

questions.check_yourself("layer_norm")

frame.section("What to read")
st.markdown(
    "- Ba, Kiros & Hinton 2016, *Layer Normalization*, [arXiv:1607.06450](https://arxiv.org/abs/1607.06450).\n"
    "- Cooijmans, Ballas, Laurent, Gülçehre & Courville 2016, *Recurrent Batch Normalization*, "
    "[arXiv:1603.09025](https://arxiv.org/abs/1603.09025).\n"
    "- Wu & He 2018, *Group Normalization*, [arXiv:1803.08494](https://arxiv.org/abs/1803.08494): between the two "
    "axes.\n"
    "- Santurkar, Tsipras, Ilyas & Mądry 2018, [arXiv:1805.11604](https://arxiv.org/abs/1805.11604): the three "
    "measures.\n"
    "- Bouthillier et al. 2021, *Accounting for Variance in Machine Learning Benchmarks*, "
    "[arXiv:2103.03098](https://arxiv.org/abs/2103.03098): what one run of each says, and what it does not."
)

frame.end(HERE)
