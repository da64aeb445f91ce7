"""Lesson 5: L1 and L2, which put a price on weights."""

import streamlit as st

from core.app import (
    code,
    faults,
    frame,
    panels,
    penalty_arithmetic,
    penalty_measurements,
    questions,
    strengths,
)
from core.config import FULL, SMALL_AND_NOISY
from core.course.claims import LAST_ACCURACY, LAST_FIVE, verdict
from core.course.l1_l2 import (
    L2_THEIRS,
    NOTEBOOK_L1,
    NOTEBOOK_L2,
    OWN_PENALTY,
    PROXIMAL,
    SMALL_L1,
    THEIRS,
    decay_path,
    exact_zeros,
    jitter,
    l1_path,
    l2_path,
    largest_weight,
    proximal_verdict,
    pruned_accuracy,
    spread_of_weights,
    steps_to_zero,
    units_alive,
)
from core.course.over_seeds import against_plain, runs_at, small_weights
from core.techniques import DROPOUT, L1, L2, MAX_NORM

HERE = "pages/5_l1_l2.py"
MILD = l1_path(FULL)[3e-5]

lesson = frame.begin(HERE)
frame.title(lesson, "L1 and L2: a price on weights")

# --- the picture ----------------------------------------------------------------------------------------------------

frame.section("Two prices")
frame.text(
    "The loss asks: how wrong is the network? A penalty adds: and how large are its weights? L1 charges each weight "
    "its size, L2 the square of its size. **Look at the pull, the right picture. A weight of 0.001 is of little "
    "use: which of the two still pulls on it?**"
)
penalty_measurements.penalties_picture()
frame.text(
    "L1 pulls with the same force however small the weight is; L2's pull fades with it. So L1 can bring a weight "
    "all the way to zero, and L2 can only make it smaller. That is the whole idea; the rest of this page is what "
    "becomes of it in a real network, with a real optimizer."
)

# --- the formula ----------------------------------------------------------------------------------------------------

frame.section("The formula")
st.latex(r"J(\theta) = L(\theta) + \lambda_1 \sum_i |w_i| + \lambda_2 \sum_i w_i^2")
st.latex(
    r"\frac{\partial J}{\partial w_i} = \frac{\partial L}{\partial w_i} + \lambda_1 \text{sign}(w_i) + 2 \lambda_2 w_i"
)
frame.text(
    "$J$: what is minimised. $L$: the cross-entropy. $w_i$: each weight of the three linear layers; not the biases, "
    "which the notebook penalises too. $\\lambda_1, \\lambda_2$: the strengths. $\\text{sign}(w)$: 1, −1, and 0 at 0, "
    "where $|w|$ has no derivative (a *subgradient*). The strengths belong to this data's scale: pixels in [0, 1], "
    "sums over weights, not means."
)
st.code(
    "l1 = lambda_1 * sum(layer.weight.abs().sum() for layer in linear_layers)\n"
    "l2 = lambda_2 * sum((layer.weight ** 2).sum() for layer in linear_layers)\n"
    "loss = cross_entropy(model(x), y) + l1 + l2",
    language="python",
)

# --- L1 -------------------------------------------------------------------------------------------------------------

frame.section("L1: move λ₁")
frame.text(
    "Move λ₁ from 0 to the right and watch the first layer. **Where do most of its weights become small, while the "
    "accuracy still holds? And are any of them exactly 0?** Then apply the same λ₁ as a proximal step."
)
questions.at("l1_l2", "strength")
penalty_measurements.l1_panel()
frame.text(
    f"- **λ₁ = 0.001 is the notebook's.** {small_weights(THEIRS, 1e-4)} of the first layer's weights are at or below "
    f"0.0001. Accuracy: {LAST_ACCURACY.over(runs_at(THEIRS))}; against the plain network: "
    f"{against_plain(LAST_ACCURACY, FULL, THEIRS, 'higher', 'lower')}. Only "
    f"{units_alive(THEIRS, 1e-3)} units have a weight above 0.001. **It is too much**: sparse, and worse. At 0.003 it "
    f"hangs on the seed whether anything is learned ({LAST_ACCURACY.over(runs_at(l1_path(FULL)[3e-3]))}), at 0.01 all "
    f"seeds guess ({LAST_ACCURACY.over(runs_at(l1_path(FULL)[1e-2]))}).\n"
    f"- **λ₁ = 0.00003 (3e-05 on the slider) is a better place**: {small_weights(MILD, 1e-3)} at or below 0.001, "
    f"accuracy {LAST_ACCURACY.over(runs_at(MILD))}. Set the small ones to 0 and {pruned_accuracy(MILD, 1e-3)} of the "
    "test images are still right.\n"
    f"- **Exact zeros**: with the subgradient {exact_zeros(l1_path(FULL))}, at any λ₁ and seed. With the proximal step "
    f"at 0.001: {small_weights(PROXIMAL, 0.0)} of the first layer. Accuracy: "
    f"{LAST_ACCURACY.over(runs_at(PROXIMAL))}; against the subgradient: {proximal_verdict(1e-3)}.\n"
    "- **Which pixels?** Look at the small picture: what L1 gives up first are the corners, which are black in nearly "
    "every image."
)

# --- zero -----------------------------------------------------------------------------------------------------------

frame.section("Subgradient or proximal step: which reaches zero?")
frame.text(
    "Follow single weights from the first step on. A corner pixel is black in nearly every image, so the data have "
    "no opinion on its weights, and λ₁ alone moves them. **How many steps do they take to zero, by either method? "
    "And what do they do there?**"
)
penalty_measurements.zero_panel()
frame.text(
    "**Subgradient.** Each step goes down by a fixed amount. Just above 0 that amount is too long: the weight lands "
    "below, is pulled up, lands above. It jitters in a band that its steps set. With SGD a step is learning rate × "
    f"λ₁ = 0.1 × 0.001 = 0.0001: the corner's weights are there after {steps_to_zero('sgd', 1e-3)} steps, |w|/0.0001 "
    f"each, and stay within {jitter('sgd', 1e-3)}. Adam divides by the usual size of the gradient, so λ₁ "
    "cancels and a step is about the learning rate, 0.0003, whatever λ₁ is: there after "
    f"{steps_to_zero('adam', 1e-3)} steps at 0.001 and {steps_to_zero('adam', 3e-3)} at 0.003, then within "
    f"{jitter('adam', 1e-4)} at λ₁ = 0.0001 and {jitter('adam', 3e-3)} at 0.003. (The slow waves are "
    "Adam's momentum, which carries a weight past 0.) So the notebook's threshold of 0.0001 says as much about its "
    "learning rate as about L1: it happens to be as wide as the band."
)
frame.text(
    "**Proximal step.** The loss is left without λ₁. After each step of the optimizer on it, every weight is moved "
    "towards zero, *but not past it*:"
)
st.latex(r"w \leftarrow \text{sign}(w)\,\max(|w| - s \lambda_1,\, 0)")
st.latex(r"\text{after SGD: } s = \eta")
st.latex(r"\text{after Adam: } s = \frac{\eta}{\sqrt{\hat v} + \epsilon}")
frame.text(
    "$s$: the step size. $\\eta$: the learning rate. $\\hat v$: Adam's running mean of the weight's squared gradient. "
    "$\\epsilon = 10^{-8}$. Adam steps each weight by a step size of its own, and the proximal step must use the same "
    "one, so that λ₁ means what it means in the loss ([Yun, Lozano & Yang 2020](https://arxiv.org/abs/2007.07484)). "
    "A weight within reach of zero becomes exactly 0, and stays until the data pull harder than λ₁. After SGD that "
    f"takes as long as before: {steps_to_zero('sgd', 1e-3, 'proximal')} steps to 0's neighbourhood, and one more. "
    "After Adam it takes **one step**: a corner pixel is black in all images of the batch, so its gradient and "
    "$\\hat v$ are 0, the step size is $\\eta/\\epsilon$ = 30,000, and the whole weight is within reach."
)

# --- L2 -------------------------------------------------------------------------------------------------------------

frame.section("L2: move λ₂")
frame.text(
    "Now the square. **Does the spy plot empty as it did with L1? What happens to the histogram, and to the largest "
    "weight?**"
)
penalty_measurements.l2_panel()
frame.text(
    f"- **The largest weight** falls from {largest_weight(FULL)} to {largest_weight(L2_THEIRS)} at the notebook's λ₂ = "
    "0.001. *L2 prohibits weights from being too big*, says the notebook: here it is.\n"
    f"- **Exact zeros**: {exact_zeros(l2_path(FULL))}, at any λ₂ and seed, by coincidence. But small weights there "
    f"are: {small_weights(L2_THEIRS, 1e-3)} at or below 0.001, against {small_weights(FULL, 1e-3)} in the plain "
    "network. *L2 never makes weights tiny* would be wrong: under Adam a weight that the data leave alone is brought "
    "down at Adam's pace, not at its own.\n"
    f"- **Accuracy against plain** at 0.001: {against_plain(LAST_ACCURACY, FULL, L2_THEIRS, 'higher', 'lower')}. At "
    f"0.0001: {against_plain(LAST_ACCURACY, FULL, l2_path(FULL)[1e-4], 'higher', 'lower')}. At 0.0001 over the last "
    "five epochs, which jitter less than the last alone: "
    f"{against_plain(LAST_FIVE, FULL, l2_path(FULL)[1e-4], 'higher', 'lower')}."
)
frame.text(
    "Do not compare L1 and L2 at *the same* λ: |w| and w² are different currencies. For |w| < 1 the square is the "
    "smaller. Compare them at the same accuracy, or each at its best."
)

# --- decoupled ------------------------------------------------------------------------------------------------------

frame.section("L2 in the loss, or weight decay?")
frame.text(
    "With plain SGD, a term λ₂Σw² in the loss and a shrinking of each weight by a factor in every step are one and "
    "the same. Under Adam they are not: Adam divides the whole gradient, penalty included, by its usual size. "
    "**Weights with large gradients are then shrunk less.** AdamW shrinks beside the step, all by the same factor "
    "([Loshchilov & Hutter](https://arxiv.org/abs/1711.05101)):"
)
st.latex(r"w \leftarrow w - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon} - \eta\,c\,w")
frame.text(
    "$\\hat m, \\hat v$: Adam's running means of the gradient and of its square; $c$: `weight_decay`. **Which decay "
    "comes nearest to the spread of weights that λ₂ = 0.0003 gives? What differs in the histogram?**"
)
penalty_measurements.decay_panel()
frame.text(
    "PyTorch's default is `weight_decay=0.01`. It is multiplied by the learning rate, 0.0003, and hardly touches "
    f"the weights: their standard deviation is {spread_of_weights(decay_path(FULL)[0.01])}, without it "
    f"{spread_of_weights(FULL)}. A decay of 1 brings it to {spread_of_weights(decay_path(FULL)[1.0])}, of 3 to "
    f"{spread_of_weights(decay_path(FULL)[3.0])}; λ₂ = 0.0003 lies between, at "
    f"{spread_of_weights(l2_path(FULL)[3e-4])}. Even "
    "so the histograms differ: L2 in the loss has a peak at zero, weights without much of a gradient of their own, "
    "brought down at Adam's pace; decay shrinks the bell as a whole, useful weights and useless ones alike. That "
    "may be why, in the right picture, it costs more accuracy at the same spread. On this network, at these "
    "strengths."
)
st.subheader("One strength, four ways to write it")
penalty_arithmetic.calculator()

# --- a limit --------------------------------------------------------------------------------------------------------

frame.section("A limit instead of a price: max-norm")
frame.text(
    "L1 and L2 charge for every weight. A limit costs nothing until it is reached. After each step, the weights $w$ "
    "into a hidden unit are scaled back to the limit $c$ if their Euclidean norm $\\|w\\|_2$ has become larger "
    "([Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html), §5.1). **Lower $c$: from where on does "
    "the limit bind?**"
)
st.latex(r"w \leftarrow w \cdot \min\left(1, \frac{c}{\|w\|_2}\right)")
strengths.technique_panel(MAX_NORM)
frame.text(
    "Held-out accuracy at $c$ = 0.5 against the plain network, paired over five seeds:\n"
    "- **2,000 images, a fifth of the labels wrong**: "
    f"{against_plain(LAST_ACCURACY, SMALL_AND_NOISY, MAX_NORM.at(SMALL_AND_NOISY, 0.5), 'higher', 'lower')}.\n"
    "- **60,000 images**: "
    f"{against_plain(LAST_ACCURACY, FULL, MAX_NORM.at(FULL, 0.5), 'higher', 'lower')}.\n"
    "\n"
    "The authors of max-norm advise it together with dropout. The dropout lesson measures that pair."
)

# --- three spy plots ------------------------------------------------------------------------------------------------

frame.section("Plain, dropout, L1: one threshold for all")
frame.text(
    "The notebook draws the first layer after dropout and after L1, with `precision=1e-4`, and says: *l1 works!* "
    "Here the plain network stands beside them. **Move the threshold down to 0.00001: does L1 still work?**"
)
penalty_measurements.three_spies()
frame.text(
    "Dropout's plot is as full as the plain one's, as the last lesson explains. L1's is nearly empty at 0.0001 and "
    f"fills up again at 0.00001. Weights at or below: {small_weights(THEIRS, 1e-4)} against "
    f"{small_weights(THEIRS, 1e-5)}. Nothing about the network changes between the two pictures; only our ruler does. "
    "Better questions than *how many are below*: how many are exactly 0 (proximal), and what is left of the accuracy "
    f"without them ({pruned_accuracy(THEIRS, 1e-4)}, from {pruned_accuracy(THEIRS, 0.0)})."
)

# --- measured -------------------------------------------------------------------------------------------------------

frame.section("Does it help?")
frame.text(
    "Every technique of this and the last lesson at one strength, against the plain network, five seeds. The "
    "strengths of the small setting were chosen on these very validation images, by hand, so take them as mild "
    "optimists:"
)
penalty_measurements.defaults_table()
frame.text(
    "The free regularizer for comparison: the plain network of the small and noisy setting, stopped at the epoch "
    "with the lowest validation loss. On the test images it is "
    f"{panels.early_stopping_verdict(runs_at(SMALL_AND_NOISY))}. **And the others, at their last epoch, against "
    "that?**\n"
    + "\n".join(
        f"- **{of.name}, {of.symbol} = {of.small:g}**: "
        f"{panels.against_early_stopping(runs_at(SMALL_AND_NOISY), runs_at(of.at(SMALL_AND_NOISY, of.small)))}."
        for of in (DROPOUT, L1, L2)
    )
    + "\n\n"
    "What helps a network that overfits is not yet better than stopping in time."
)

# --- try it ---------------------------------------------------------------------------------------------------------

frame.section("Try it: your own run")
frame.text(
    "2,000 images. Both penalties at once is called an *elastic net* (Zou & Hastie 2005). Stops around this setting "
    "are precomputed; anything else is trained while you watch. **Show the notebook's training loss: what does the "
    "penalty do to it?**"
)
panels.own_run(OWN_PENALTY, SMALL_L1)

# --- find the fault ---------------------------------------------------------------------------------------------------

faults.find_the_fault("l1_l2")

# --- the notebook ---------------------------------------------------------------------------------------------------

frame.section("What the notebook did")
frame.text(
    "- **One λ for both, 0.001, and no accuracy beside it.** Against plain, L1 at 0.001 is "
    f"{against_plain(LAST_ACCURACY, FULL, NOTEBOOK_L1, 'higher', 'lower')}. L2 "
    f"{against_plain(LAST_ACCURACY, FULL, NOTEBOOK_L2, 'higher', 'lower')}. (With its biases penalised, as it does.)\n"
    "- **Its two histograms** are not of an unregularized network and of L2's: the first is of a network that its "
    "landscape loop had left at the last corner of the grid, with weights around 1. And each has a range and bins of "
    "its own.\n"
    "- **“l1 works!”** by a threshold as wide as the jitter. No weight is zero.\n"
    "- **The penalty is in its training loss and not in its validation loss**, so its two curves cannot be compared, "
    "and the gap looks inverted. Here the penalty has a curve of its own.\n"
    "- **λΣw² or λ/2 Σw²?** It leaves the ½ to whoever fills in `compute_l2_loss`, and does not say that it matters: "
    "as Σw², its 0.001 is `weight_decay=0.002`.\n"
    "- **L2 in the loss under Adam** is presented as in linear models, where it is ridge regression. See above.\n"
    "- **Biases penalised too**: unusual. Accuracy at λ₁ = 0.001, with against without: "
    f"{verdict(LAST_ACCURACY, runs_at(THEIRS), runs_at(NOTEBOOK_L1), 'higher', 'lower')}. With biases: "
    f"{LAST_ACCURACY.over(runs_at(NOTEBOOK_L1))}, without {LAST_ACCURACY.over(runs_at(THEIRS))}. "
    "That is the accuracy only: which weights end small, and which units die, may still differ."
)

# --- exercises, reading ---------------------------------------------------------------------------------------------

code.fill_in("l1_l2")

questions.check_yourself("l1_l2")
with st.expander("To think about: you halve the number of images and keep λ. Is it the same regularization?"):
    st.markdown(
        "The loss here is a mean over images, the penalty a sum over weights: their ratio stays in each step. But "
        "an epoch has half the steps. If the loss were a sum over images, you would have to halve λ as well."
    )
with st.expander("To think about: batch norm follows each linear layer. What does λ₂ do to the function?"):
    st.markdown(
        "Nearly nothing: batch norm undoes the scale of the weights into it. What L2 changes is the effective "
        "learning rate ([van Laarhoven 2017](https://arxiv.org/abs/1706.05350)). This app never penalises batch "
        "norm's own γ and β."
    )

frame.section("What to read")
st.markdown(
    "- Tibshirani 1996, *Regression Shrinkage and Selection via the Lasso*, JRSS B 58: L1 in linear models.\n"
    "- Parikh & Boyd 2014, *Proximal Algorithms*, "
    "[web.stanford.edu/~boyd](https://web.stanford.edu/~boyd/papers/prox_algs.html): §6.5.2 is soft thresholding.\n"
    "- Yun, Lozano & Yang 2020, *A General Family of Stochastic Proximal Gradient Methods for Deep Learning*, "
    "[arXiv:2007.07484](https://arxiv.org/abs/2007.07484): the proximal step after Adam.\n"
    "- Loshchilov & Hutter 2019, *Decoupled Weight Decay Regularization*, "
    "[arXiv:1711.05101](https://arxiv.org/abs/1711.05101).\n"
    "- Zou & Hastie 2005, *Regularization and Variable Selection via the Elastic Net*, JRSS B 67."
)

frame.end(HERE)
