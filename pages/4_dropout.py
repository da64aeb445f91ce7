"""Lesson 4: dropout, which trains many networks in one."""

import streamlit as st

from core.app import code, dropout_arithmetic, dropout_measurements, faults, frame, panels, questions
from core.config import FULL, SMALL_AND_NOISY
from core.course.claims import GAP, LAST_ACCURACY, LAST_FIVE, LAST_LOSS, MEMORISED
from core.course.dropout import (
    FULL_DROPOUT,
    FULL_WITH_MAX_NORM,
    HALF,
    OWN_DROPOUT,
    SMALL_DROPOUT,
    WITH_MAX_NORM,
    accuracy_without,
    active_share,
    agreement,
    alone,
    correlation_verdict,
    dropout_path,
    scaling_against_masks,
    scores,
)
from core.course.over_seeds import against_plain, runs_at, small_weights
from core.techniques import DROPOUT

HERE = "pages/4_dropout.py"

lesson = frame.begin(HERE)
frame.title(lesson, "Dropout: a different network at every step")

# --- the picture ----------------------------------------------------------------------------------------------------

frame.section("What happens to a unit?")
frame.text(
    "In every training step, each hidden unit is switched off with some probability, anew for every image. What is "
    "left is a thinner network, and that one is trained for this step. In evaluation all units work together. "
    "**Draw a few masks. How much does the output jump? Then switch to evaluation: how do they make up for the "
    "missing units?**"
)
dropout_arithmetic.network_panel()
frame.text(
    "One hidden unit keeps its expected value exactly: what is lost when it is off is put back when it is on. The "
    "output's mean is a little off what evaluation gives: a ReLU of the second layer cuts some thinned networks at "
    "0, and evaluation does not know of it. Now set p to 0.2 and flip the convention: **the same 0.2 switches off a "
    "fifth of the units in PyTorch, and four fifths in the paper.** Check which one a text means before you copy "
    "its number."
)

# --- the formula ----------------------------------------------------------------------------------------------------

frame.section("The formula, in both conventions")
left, right = st.columns(2)
with left:
    st.markdown("**PyTorch** (*inverted* dropout): $p$ switches off")
    st.latex(r"\tilde h_j = \frac{m_j}{1-p}\,h_j, \quad m_j \sim \text{Bernoulli}(1-p)")
    st.latex(r"\text{evaluation: } \tilde h_j = h_j")
with right:
    st.markdown("**The paper**: $p$ keeps")
    st.latex(r"\tilde h_j = m_j\,h_j, \quad m_j \sim \text{Bernoulli}(p)")
    st.latex(r"\text{evaluation: } \tilde h_j = p\,h_j")
frame.text(
    "$h_j$: the activation of hidden unit $j$. $m_j$: its mask, 1 or 0, drawn anew for every image and step. "
    "$\\tilde h_j$: what the next layer gets. In either convention its expected value in training is what "
    "evaluation gives: $\\mathbb E[m_j]\\,h_j/(1-p) = h_j$, and $\\mathbb E[m_j]\\,h_j = p\\,h_j$. The paper "
    "multiplies the outgoing weights by $p$ instead, which is the same. PyTorch scales in training so that "
    "evaluation costs nothing. **From here on p is PyTorch's.**"
)
st.code(
    "nn.Linear(784, 392), nn.ReLU(), nn.Dropout(0.2)   # one hidden layer\n"
    "model.train()   # masks are drawn\n"
    "model.eval()    # all units, nothing scaled",
    language="python",
)
frame.text(
    "No dropout follows the last layer. A logit that is switched off becomes 0: that class then gets "
    "$e^0 / \\sum_k e^{z_k}$ at random, whatever the image shows, and there is no later layer to make up for it."
)

# --- the ensemble ---------------------------------------------------------------------------------------------------

frame.section("Why would one do that?")
frame.text(
    "Ask ten doctors and take the mean: their errors differ, and partly cancel. With unlimited computing one would "
    "average the predictions of *all* settings of the weights, each weighted by how probable it is given the data. "
    "Nobody can: training one large network is dear, its hyperparameters must be found for each anew, there is data "
    "for one and not for a hundred, and at test time a hundred answers must be waited for."
)
frame.text(
    "Dropout is a cheap imitation. A mask over this network's 392 + 196 = 588 hidden units is one **thinned "
    "network**; there are $2^{588}$ of them, all sharing their weights. Each step trains one of them for each image. "
    "They are *not* independent, as ten doctors would be. At the end one averages many of them (*Monte Carlo "
    "dropout*), or uses all units at once (*weight scaling*), which stands for the average and costs one pass. It "
    "is exact only where nothing nonlinear lies between the masks and the softmax, and then for the **geometric** "
    "mean of the probabilities, brought back to a sum of 1. **How many masks does it take until their mean beats "
    "weight scaling: in loss? In accuracy?**"
)
questions.at("dropout", "masks")
dropout_measurements.ensemble_panel()
frame.text(
    "At p = 0.5 on all images, mean ± standard deviation over five seeds of the network:\n"
    f"- one thinned network: {alone(HALF)};\n"
    f"- the mean of 10: {scores(HALF, 10)};\n"
    f"- the mean of 100: {scores(HALF, 100)};\n"
    f"- weight scaling, one pass: {scores(HALF, 0)}.\n"
    "\n"
    "In loss, against weight scaling:\n"
    f"- **60,000 images, p = 0.5, the mean of 10**: {scaling_against_masks(HALF, 10)}.\n"
    f"- **60,000 images, p = 0.5, the mean of 100**: {scaling_against_masks(HALF, 100)}.\n"
    f"- **2,000 noisy images, p = 0.5, the mean of 100**: {scaling_against_masks(SMALL_DROPOUT, 100)}.\n"
    f"- **2,000 noisy images, p = 0.2, the mean of 100**: "
    f"{scaling_against_masks(DROPOUT.at(SMALL_AND_NOISY, 0.2), 100)}. That network is far too sure of itself, and "
    "averaging tempers it.\n"
    "\n"
    "In accuracy, at p = 0.5, the masks only come up to it. So weight scaling is a good bargain. What the masks add "
    "is an opinion on how sure the network is. At 60,000 images and p = 0.5, look at image 12, where "
    f"{agreement(HALF, 12)} thinned networks name the right class. Agreement is no proof of it, though: "
    f"{agreement(HALF, 23)} do so at image 23, and most of the others agree on one wrong class."
)

# --- p --------------------------------------------------------------------------------------------------------------

frame.section("How much dropout?")
frame.text(
    "Set *Trained on* to 2,000 images and move p. **How much of the wrong labels does it still learn by heart? "
    " Where is the held-out accuracy best? And does dropout help at all with 60,000 images?**"
)
by_p = {p: runs_at(config) for p, config in dropout_path(SMALL_AND_NOISY).items()}
questions.at("dropout", "p")
dropout_measurements.p_panel()
frame.text(
    "Paired over five seeds, against the plain network:\n"
    "- **60,000 images, p = 0.2**: accuracy "
    f"{against_plain(LAST_ACCURACY, FULL, dropout_path(FULL)[0.2], 'higher', 'lower')}; loss "
    f"{against_plain(LAST_LOSS, FULL, dropout_path(FULL)[0.2], 'higher', 'lower')}. This p is one of "
    "nine, and was seen on the test images. Accuracy over the last five epochs, which jitter less than the last alone: "
    f"{against_plain(LAST_FIVE, FULL, dropout_path(FULL)[0.2], 'higher', 'lower')}.\n"
    f"- **60,000 images, p = 0.5**: accuracy {against_plain(LAST_ACCURACY, FULL, HALF, 'higher', 'lower')}; gap "
    f"{against_plain(GAP, FULL, HALF, 'wider', 'narrower')}.\n"
    "- **2,000 images, a fifth of the labels wrong, p = 0.5**: accuracy "
    f"{against_plain(LAST_ACCURACY, SMALL_AND_NOISY, SMALL_DROPOUT, 'higher', 'lower')}."
)
small = by_p
frame.text(
    "At the small setting the *wrong* labels tell who learns by heart: no rule leads to them. Of these the network "
    f"gives back {MEMORISED.over(small[0.0])} without dropout, {MEMORISED.over(small[0.5])} at p = 0.5, "
    f"{MEMORISED.over(small[0.6])} at 0.6 and {MEMORISED.over(small[0.8])} at 0.8. The held-out accuracy is best in "
    f"between: {LAST_ACCURACY.over(small[0.6])} at 0.6 and {LAST_ACCURACY.over(small[0.7])} at 0.7."
)
frame.text(
    "So dropout narrows the gap between training and held-out images. Whether that *gains* accuracy depends on how "
    "much there is to overfit: little with 60,000 right labels and 20 epochs, a lot with 2,000 of which 400 are "
    "wrong. At p = 0.9 too little of the network is left at a time, and both accuracies fall. Early stopping, the "
    "free regularizer, for comparison: at the small setting the plain network is "
    f"{panels.early_stopping_verdict(runs_at(SMALL_AND_NOISY))} on the test images, the epoch chosen on validation "
    "images."
)
frame.text(
    "Its authors advise a limit on the weights beside it: after each step, the weights into a hidden unit are scaled "
    "back to a norm $c$ (*max-norm*; [Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html), §5.1; "
    "the next lesson has the formula). Held-out accuracy of the pair against dropout alone, paired over five seeds:\n"
    "- **2,000 images, a fifth of the labels wrong, p = 0.5, $c$ = 0.5**: "
    f"{against_plain(LAST_ACCURACY, SMALL_DROPOUT, WITH_MAX_NORM[0.5], 'higher', 'lower')}.\n"
    "- **60,000 images, p = 0.2, $c$ = 2**: "
    f"{against_plain(LAST_ACCURACY, FULL_DROPOUT, FULL_WITH_MAX_NORM, 'higher', 'lower')}."
)
frame.text(
    "A trap: the notebook's training loss is taken *during* the epoch, with masks. Then the training loss can lie "
    "above the held-out loss, which looks like a mistake and is none: one is measured with units missing. (Wrong "
    "labels do the same, since only the training images have them.) The dashed lines here are measured without "
    "masks. Compare both in your own run below, with the wrong labels at 0."
)

# --- weights and units ----------------------------------------------------------------------------------------------

frame.section("Does dropout make weights zero?")
frame.text(
    "The notebook draws the first layer's weights of its dropout network and, next, of its L1 network, and leaves "
    "it at that. Here is the plain network beside it. **Predict: how many weights are below 0.0001 with dropout, "
    "compared to without?**"
)
dropout_measurements.units_panel()
frame.text(
    f"Weights up to 0.0001 at p = 0.5: {small_weights(HALF, 1e-4)}, without dropout {small_weights(FULL, 1e-4)}. "
    "**Dropout does not make weights sparse**: nothing in it makes a weight exactly 0. (In a linear model it acts as "
    "an L2 penalty that is scaled by the data; see §9 of the paper. L2 shrinks, it does not zero.) What it changes is "
    "what the units do:\n"
    f"- *Sparser activations.* Of the first layer's units {active_share(HALF, 1)} are active for an image, against "
    f"{active_share(FULL, 1)} in the plain network.\n"
    "- *Less dependence on each other* (Srivastava et al. call it breaking co-adaptation). With half of its hidden "
    f"units switched off, the network trained with dropout still gets {accuracy_without(HALF, 0.5)} of the test images "
    f"right, the plain one {accuracy_without(FULL, 0.5)}. No unit can count on another one being there.\n"
    f"- Is that less correlation between units? In the first layer it is {correlation_verdict(HALF, FULL, 1)}; in the "
    f"second {correlation_verdict(HALF, FULL, 2)}. *Co-adapted* and *correlated* are two different words."
)

# --- try it ---------------------------------------------------------------------------------------------------------

frame.section("Try it: your own run")
frame.text(
    "2,000 images, so that it trains in seconds. Stops around this setting are precomputed; anything else is trained "
    "while you watch. **Set the wrong labels to 0, and compare p = 0 and p = 0.5: how much does dropout gain now? Then "
    "show the notebook's training loss: is it above the held-out loss, and above our training loss?**"
)
panels.own_run(OWN_DROPOUT, SMALL_DROPOUT, says="")

# --- find the fault ---------------------------------------------------------------------------------------------------

faults.find_the_fault("dropout")

# --- the notebook ---------------------------------------------------------------------------------------------------

frame.section("What the notebook did")
frame.text(
    "- **Its figure is the paper's, its code is PyTorch's.** The figure multiplies by p at test time; `nn.Dropout` "
    "divides by 1 − p in training. It writes *p, probability to turn off a neuron*, which is PyTorch's.\n"
    "- **“Prevents overfitting.”** It narrows the gap. With 60,000 images, at p = 0.5, accuracy against the "
    f"plain network: {against_plain(LAST_ACCURACY, FULL, HALF, 'higher', 'lower')}.\n"
    "- **Its prompt *fill in the model with dropout* stood in the batch norm chapter too**, by copying.\n"
    "- **One spy plot, with nothing beside it.** It draws `model_do[1]`, the first layer as long as no dropout is put "
    "before it; with dropout on the input, index 1 is the dropout layer and the line fails. Here layers are picked by "
    "name.\n"
    "- **Its training loss is measured with masks**, its validation loss without."
)

# --- exercises, reading ---------------------------------------------------------------------------------------------

code.fill_in("dropout")

questions.check_yourself("dropout")

frame.section("What to read")
st.markdown(
    "- Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, *Dropout: A Simple Way to Prevent Neural "
    "Networks from Overfitting*, [JMLR 15](https://jmlr.org/papers/v15/srivastava14a.html): §7 on features and sparse "
    "activations, §9 on linear models.\n"
    "- Gal & Ghahramani 2016, *Dropout as a Bayesian Approximation*, "
    "[arXiv:1506.02142](https://arxiv.org/abs/1506.02142): averaging masks at test time.\n"
    "- Li, Chen, Hu & Yang 2018, *Understanding the Disharmony between Dropout and Batch Normalization by Variance "
    "Shift*, [arXiv:1801.05134](https://arxiv.org/abs/1801.05134): why dropout before batch norm is a bad pair.\n"
    "- PyTorch, [`nn.Dropout`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html)."
)

frame.end(HERE)
