"""Lesson 4: dropout, which trains many networks in one."""

import streamlit as st

from core.app import (
    by_heart,
    code,
    dropout_arithmetic,
    dropout_measurements,
    faults,
    panels,
    questions,
    steps,
    watching,
)
from core.config import FULL, SMALL_AND_NOISY
from core.course.claim import if_so
from core.course.claimed import dropout as claimed
from core.course.claimed.baseline import STOPPED_SMALL
from core.course.claims import LAST_ACCURACY, MEMORISED, sentence
from core.course.dropout import (
    HALF,
    OWN_DROPOUT,
    SMALL_DROPOUT,
    accuracy_without,
    active_share,
    agreement,
    alone,
    averages_to_beat_scaling,
    dropout_path,
    gain_without_wrong_labels,
    less_extreme,
    scores,
)
from core.course.over_seeds import runs_at, small_weights
from core.course.strengths import reach_in_words
from core.course.watched import parting_in_words
from core.techniques import DROPOUT, PLAIN

lesson = steps.lesson("pages/4_dropout.py")


@lesson.step(
    "What happens to a unit?",
    settings=("dropout_mode", "toy_p", "convention", "toy_view"),
    say="In every training step each hidden unit may be switched off, anew for every image. Draw a few masks and watch "
    "the output jump.",
    ask="In evaluation nothing is switched off. How is it made up for, and by which of the two conventions?",
    trap="Many believe that dropout removes units for good. The units come back at the next image.",
    minutes=5,
)
def masks() -> None:
    dropout_arithmetic.network_panel(
        asks={
            dropout_arithmetic.DRAWN: "In every training step each hidden unit is switched off with some probability, "
            "anew for every image. The pattern is called a **mask**. **Draw a few: how much does the output jump? Then "
            "switch to evaluation, where all units work together. How are the missing units made up for?**",
            dropout_arithmetic.AVERAGED: "Each mask gives another output. **Move p: does the mean over many masks come "
            "to what evaluation gives, for one hidden unit and for the output?**",
        },
        says="One hidden unit keeps its expected value exactly: what is lost when it is off is put back when it is "
        "on. The mean of the output differs a little from what evaluation gives, because a ReLU of the second layer "
        "cuts some thinned networks at 0, and evaluation, which uses all units, does not see that.\n\nNow set p to "
        "0.2 and change the convention. **The same 0.2 switches off a fifth of the units in PyTorch, and four fifths "
        "of them in the paper.** Check which one a text means before you copy its number.",
    )


@lesson.step(
    "One letter, two conventions",
    say="PyTorch's p switches off; the paper's p keeps. Both make the expected value right, one in training and the "
    "other in evaluation.",
    ask="Why does PyTorch scale in training and not in evaluation?",
    trap="A p of 0.8 in the paper is a p of 0.2 in the code.",
    minutes=4,
)
def conventions() -> None:
    st.markdown(
        "**Is $p$ the probability to switch a unit off, or the probability to keep it?** In PyTorch it switches off; "
        "in the paper that introduced dropout it keeps. From here on, $p$ is PyTorch's."
    )
    left, right = st.columns(2)
    with left:
        st.markdown("**PyTorch** (*inverted* dropout)")
        st.latex(r"\tilde h_j = \frac{m_j}{1-p}\,h_j, \quad m_j \sim \text{Bernoulli}(1-p)")
        st.latex(r"\text{evaluation: } \tilde h_j = h_j")
    with right:
        st.markdown("**The paper**")
        st.latex(r"\tilde h_j = m_j\,h_j, \quad m_j \sim \text{Bernoulli}(p)")
        st.latex(r"\text{evaluation: } \tilde h_j = p\,h_j")
    st.markdown(
        "$h_j$ is the activation of hidden unit $j$; $m_j$ is its mask, 1 or 0, drawn anew for every image and step; "
        "$\\tilde h_j$ is what the next layer gets. $\\text{Bernoulli}(q)$ is 1 with probability $q$ and 0 otherwise. "
        "Either way the expected value in training is what evaluation gives."
    )
    st.code(
        "nn.Linear(784, 392), nn.ReLU(), nn.Dropout(0.2)   # one hidden layer\n"
        "model.train()   # masks are drawn\n"
        "model.eval()    # all units, nothing scaled",
        language="python",
    )
    with steps.fold("Why the expected values agree, and how much noise a mask adds"):
        st.markdown(
            "In PyTorch's convention $\\mathbb E[m_j]\\,h_j/(1-p) = h_j$, and in the paper's $\\mathbb E[m_j]\\,h_j = "
            "p\\,h_j$. The paper multiplies the outgoing weights by $p$ instead, which is the same. PyTorch scales in "
            "training so that evaluation costs nothing.\n\nThe mean stays, but the mask adds noise, and the more of it "
            "the larger $p$ is: since $m_j$ has the variance $p(1-p)$, in PyTorch's convention $\\text{Var}(\\tilde "
            "h_j) = \\frac{p(1-p)}{(1-p)^2}\\,h_j^2 = \\frac{p}{1-p}\\,h_j^2$. That is $h_j^2$ at $p = 0.5$ and "
            "$9\\,h_j^2$ at $p = 0.9$."
        )
    with steps.fold("Where dropout stands: on the input, beside batch norm, and not after the last layer"):
        st.markdown(
            "On the **input** a smaller rate is usual. On MNIST the authors keep an input with probability 0.8 and a "
            "hidden unit with 0.5 ([Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html)), which "
            "are PyTorch's $p$ = 0.2 and 0.5.\n\n**Before batch norm** dropout gets in the way of the variance that "
            "batch norm keeps. The page *Compare* measures that.\n\n**No dropout follows the last layer.** Its outputs "
            "are the *logits* $z_k$, one for each class, from which the softmax makes probabilities. A logit that is "
            "switched off becomes 0. Whenever that happens to a class, it gets the probability $e^0 / \\sum_k "
            "e^{z_k}$, whatever the image shows, and no later layer makes up for it."
        )
        st.page_link(
            "pages/7_compare.py",
            label="Dropout before batch norm",
            icon=":material/arrow_forward:",
            query_params={"step": "at-once", "pair": "batch norm and dropout"},
        )


@lesson.step(
    "Why would one do that?",
    say="Ten doctors are better than one if their errors differ. Dropout trains very many networks at once, which "
    "share their weights.",
    ask="How many thinned networks must be averaged until they beat one pass with all units?",
    trap="The thinned networks are not independent, as ten doctors would be: they share every weight.",
    minutes=4,
)
def why() -> None:
    left, right = steps.side_by_side(1, 1)
    with left:
        st.markdown(
            "Ask ten doctors and take the mean: their errors differ and partly cancel. Training ten large networks is "
            "expensive, however. Dropout is a cheap imitation. A mask over this network's 392 + 196 = 588 hidden "
            "units leaves one **thinned network**. There are $2^{588}$ of them, all sharing their weights, and each "
            "step trains one of them for each image.\n\nAt the end one may average many masks (*Monte Carlo dropout*: "
            "averaging over random draws), or use all units in one pass (*weight scaling*), which stands for the "
            "average."
        )
        with steps.fold("Why not train ten networks?"):
            st.markdown(
                "Training one large network is expensive, and good hyperparameters must be found for each anew. There "
                "is often data for one network, but not for ten different ones. When the networks are used, ten "
                "answers must be waited for.\n\nThe thinned networks of dropout cost no more than one network, but "
                "they are *not* independent, as ten doctors would be: they share every weight."
            )
        with steps.fold("How good a stand-in is weight scaling?"):
            st.markdown(
                "With unlimited computing one would average the predictions of *all* settings of the weights, each "
                "weighted by how probable it is given the data. Nobody can do that.\n\nWeight scaling equals an "
                "average exactly in one case only: when there is nothing nonlinear between the masks and the softmax. "
                "The average is then not the ordinary mean but the **geometric mean** of the thinned networks' "
                "probabilities (multiply all $n$ of them and take the $n$-th root), divided by its sum over the "
                "classes so that it adds up to 1. With a ReLU in between, as here, it is an approximation."
            )
    with right:
        questions.at("dropout", "masks")


@lesson.step(
    "Many networks, one answer",
    settings=("masks_on", "masks", "image", "masks_p", "masks_view"),
    say="Each tick is one thinned network. Some images divide them, others do not.",
    ask="Find an image on which the thinned networks disagree. Is their majority right?",
    trap="Agreement is not proof: at some images most of them agree on the same wrong class.",
    minutes=5,
)
def thinned() -> None:
    dropout_measurements.ensemble_panel(
        asks={
            dropout_measurements.ONE_IMAGE: "Each tick is one thinned network. **Find an image on which they disagree. "
            "Is their majority right?** The second view is of all test images.",
            dropout_measurements.ALL_IMAGES: "**Average more and more thinned networks. When does their mean beat one "
            "pass with all units: in loss? In accuracy?**",
        },
        says="At p = 0.5 on all 60,000 images, mean ± standard deviation over five seeds of the network:\n"
        f"- one thinned network: {alone(HALF)};\n"
        f"- the mean of 10: {scores(HALF, 10)};\n"
        f"- the mean of 100: {scores(HALF, 100)};\n"
        f"- weight scaling, one pass: {scores(HALF, 0)}.\n"
        "\n"
        "How many must be averaged until their mean has a lower loss than weight scaling? It takes "
        f"{averages_to_beat_scaling(HALF)}.\n"
        "\n"
        "These are the test losses of averaged masks, compared with that of weight scaling:\n"
        f"- **60,000 images, p = 0.5.** {sentence('The loss of 10 masks', claimed.MASKS[10].told)}. "
        f"{sentence('That of 100 masks', claimed.MASKS[100].told)}.\n"
        "- **2,000 noisy images, p = 0.5.** "
        f"{sentence('The loss of 100 masks', claimed.SMALL_MASKS[0.5].told)}.\n"
        "- **2,000 noisy images, p = 0.2.** "
        f"{sentence('The loss of 100 masks', claimed.SMALL_MASKS[0.2].told)}. That network is far "
        "too sure of itself, and averaging tempers it.\n"
        "\n"
        f"**Why the loss, and hardly the accuracy?** {less_extreme(HALF, 100)} The loss punishes confident mistakes "
        "most of all, so it gains where a network is too sure of itself. The accuracy asks only which class comes "
        "first, and that hardly ever changes.\n"
        "\n"
        "In accuracy at p = 0.5 the masks only match weight scaling, which takes a single pass. What the masks add is "
        "a measure of how sure the network is. At 60,000 images and p = 0.5, look at image 12, where "
        f"{agreement(HALF, 12)} thinned networks name the right class. Agreement is no proof, though: only "
        f"{agreement(HALF, 23)} do so at image 23, and most of the others agree on one wrong class.",
    )


@lesson.step(
    "Draw it first: accuracy against p",
    say="Let each student draw before the slider is moved.",
    ask="Where do you expect the best p, and what happens at 0.9?",
    trap="Few expect the middle to be so broad.",
    minutes=3,
    part="questions",
)
def predict() -> None:
    questions.at("dropout", "p")


@lesson.step(
    "How much dropout?",
    settings=("p", "p_on", "p_view"),
    say="Set it to 2,000 images first. Watch the dashed line come down and the solid one go up.",
    ask="Which p would you choose for 2,000 noisy images, and which for 60,000 clean ones?",
    trap="With 60,000 images the gap narrows and the accuracy hardly moves. A narrower gap is not yet a better "
    "network.",
    minutes=6,
)
def how_much() -> None:
    dropout_measurements.p_panel(
        asks="Set *Trained on* to 2,000 images and move p. **Where is the held-out accuracy highest? And does dropout "
        "help at all with 60,000 images?**",
        says=_how_much_was_measured(),
        beside=_beside_dropout(),
    )


NARROWS = "So dropout narrows the gap between training and held-out images."


def _how_much_was_measured() -> str:
    small = {p: runs_at(config) for p, config in dropout_path(SMALL_AND_NOISY).items()}
    return (
        "In these two paragraphs the accuracy is the mean of the last five epochs, which jitters less than that of the "
        "last one:\n"
        f"- {reach_in_words(DROPOUT, FULL)}\n"
        f"- {reach_in_words(DROPOUT, SMALL_AND_NOISY)}\n"
        "\n"
        "Here single values of p are compared with the plain network, after the last epoch:\n"
        f"- **60,000 images, p = 0.2.** {sentence('The accuracy', claimed.FIFTH_ACCURACY.told)}. "
        f"{sentence('The loss', claimed.FIFTH_LOSS.told)}. "
        f"{sentence('The accuracy over the last five epochs', claimed.FIFTH_LAST_FIVE.told)}. {claimed.CHOSEN}\n"
        f"- **60,000 images, p = 0.5.** {sentence('The accuracy', claimed.HALF_ACCURACY.told)}. "
        f"{sentence('The gap between training and held-out accuracy', claimed.HALF_GAP.told)}.\n"
        "- **2,000 images, a fifth of the labels wrong, p = 0.5.** "
        f"{sentence('The accuracy', claimed.SMALL_ACCURACY.told)}.\n"
        "\n"
        "**Wrong labels** show who learns by heart, for no rule leads to them. Of these the network reproduces "
        f"{MEMORISED.over(small[0.0])} without dropout, {MEMORISED.over(small[0.5])} at p = 0.5, "
        f"{MEMORISED.over(small[0.6])} at 0.6 and {MEMORISED.over(small[0.8])} at 0.8. The usual explanation is that "
        "a network learns a single image by heart with units that work together on that image, and that with masks "
        "these units are hardly ever all on.\n"
        "\n"
        "The held-out accuracy after the last epoch is highest in between. It is "
        f"{LAST_ACCURACY.over(small[0.6])} at 0.6 and {LAST_ACCURACY.over(small[0.7])} at 0.7; compared with the one "
        f"at 0.6, {sentence('the one at 0.7', claimed.MORE.told)}.\n"
        "\n"
        f"{if_so(NARROWS, claimed.HALF_GAP, claimed.SMALL_GAP)} Whether that *gains* accuracy depends on "
        "how much there is to overfit: little with 60,000 right labels and 20 epochs, much with 2,000 images of which "
        "400 have a wrong label. At p = 0.9 too little of the network is left at a time, and both accuracies fall."
    )


def _beside_dropout() -> str:
    return (
        "**Stopping early** is the regularizer that costs nothing. All three comparisons are on the test images, in "
        "the small and noisy setting. The plain network stopped early has the weights of its best epoch, chosen on "
        "validation images; the network with dropout, at p = 0.5, has those of its last.\n"
        "- Compared with the plain network's last epoch, "
        f"{sentence('the accuracy when stopped early', STOPPED_SMALL.told)}.\n"
        "- Compared with the plain network's last epoch, "
        f"{sentence('the accuracy with dropout', claimed.TESTED_LAST.told)}.\n"
        "- Compared with the plain network stopped early, "
        f"{sentence('the accuracy with dropout', claimed.AGAINST_STOPPED.told)}.\n"
        "\n"
        "With dropout no epoch has to be chosen.\n"
        "\n"
        "**Max-norm** is a limit $c$ on the length of the weights into each unit: after each step, weights beyond it "
        "are scaled back to it. The authors of dropout recommend it beside dropout ([Srivastava et al. "
        "2014](https://jmlr.org/papers/v15/srivastava14a.html), §5.1; the next lesson has the formula). Here the pair "
        "is compared with dropout alone, after the last epoch:\n"
        "- **2,000 images, p = 0.5, $c$ = 0.5.** "
        f"{sentence('The held-out accuracy', claimed.SMALL_LIMITED.told)}.\n"
        "- **60,000 images, p = 0.2, $c$ = 2.** "
        f"{sentence('The held-out accuracy', claimed.FULL_LIMITED.told)}."
    )


@lesson.step(
    "Watch the two part",
    settings=watching.settings_of("watch", "view"),
    say="Press play, and follow the two solid lines. Then go back to the epoch at which they part.",
    ask="At which epoch would you have stopped the plain network? And the one with dropout?",
    trap="In the first epochs the network with dropout is behind. It is slower, not worse.",
    minutes=4,
)
def watch() -> None:
    watching.watch_panel(
        (PLAIN, DROPOUT),
        asks="Press **Play**. **When does the plain network begin to get worse on new images? Which classes does it "
        "confuse more than before?**",
        key="watch",
        opens=watching.MISTAKES,
        says=parting_in_words,
    )


@lesson.step(
    "What it learned by heart, in pictures",
    settings=by_heart.SETTINGS,
    say="The same wrong-labelled training images, for the plain network and with dropout.",
    ask="Which of the two networks repeats the wrong labels at the end, and which names what it sees?",
    trap="With dropout the network names the true class of images whose label it was told wrongly, sixty times over.",
    minutes=4,
)
def learned_by_heart() -> None:
    by_heart.by_heart_panel(
        "dropout",
        asks="The quoted word is the wrong label that both networks were given. Of the two answers under each image, "
        "the upper one is the plain network's and the lower one that of the network with dropout. **Move from epoch 5 "
        "to 60: does dropout keep the wrong labels out?**",
    )


NOT_SPARSE = "**Dropout does not make weights sparse**: nothing in it makes a weight exactly 0."


@lesson.step(
    "Does dropout make weights zero?",
    settings=("units_on", "units_p", "spy_unit", "spy_threshold", "spy_rates", "units_layer", "units_view"),
    say="The notebook shows dropout's weights beside those of L1, and leaves it at that. The plain network belongs "
    "beside them.",
    ask="Predict: how many weights are below 0.0001 with dropout, compared with the plain network?",
    trap="Dropout makes the *activations* sparser, and that is often taken for sparse weights.",
    minutes=5,
)
def weights_and_units() -> None:
    dropout_measurements.units_panel(
        asks="**With dropout, are more weights below the threshold, or about as many?** Then look at the other two "
        "views: dropout changes what the units do.",
        says=f"The share of weights up to 0.0001 is {small_weights(HALF, 1e-4)} at p = 0.5, and without dropout it is "
        f"{small_weights(FULL, 1e-4)}. {if_so(NOT_SPARSE, unless=[claimed.SPARSE_WEIGHTS])} (In a linear model it acts "
        "as an L2 penalty that is scaled by the data; see §9 of the paper. L2 shrinks weights and does not zero them.) "
        "What it changes is what the units do:\n"
        f"- *Sparser activations.* Of the first layer's units {active_share(HALF, 1)} are active for an image, against "
        f"{active_share(FULL, 1)} in the plain network.\n"
        "- *Less dependence on each other.* Units are *co-adapted* when one is of use only together with certain "
        "others, and the authors say that dropout breaks this. With half of its hidden units switched off, the network "
        f"trained with dropout still gets {accuracy_without(HALF, 0.5)} of the test images right, and the plain one "
        f"{accuracy_without(FULL, 0.5)}. No unit can count on another one being there.\n"
        "- *Is that less correlation between units?* Two units are correlated when they tend to be active for "
        "the same images. Compared with the plain network, "
        f"{sentence('the mean correlation in the first layer', claimed.CORRELATED[1].told)}, and "
        f"{sentence('that in the second layer', claimed.CORRELATED[2].told)}. To be co-adapted and to be "
        "correlated are two different things.",
    )


@lesson.step(
    "Your own run",
    settings=(*OWN_DROPOUT, "notebook_loss"),
    say="Everything on the stops is stored; anything else is trained while you watch.",
    ask="Set the wrong labels to 0. How much does dropout gain now?",
    trap="The notebook's training loss lies above the held-out loss in the first epochs. It is measured with units "
    "missing.",
    minutes=5,
)
def own_run() -> None:
    panels.own_run(
        OWN_DROPOUT,
        SMALL_DROPOUT,
        first=(OWN_DROPOUT[0], "label_noise", "epochs"),
        says="**Set the wrong labels to 0, and compare p = 0 with p = 0.5: how much does dropout gain now?** Then show "
        "the training loss as *the notebook* took it, the lesson notebook that this course grew out of. **It begins "
        "above the held-out loss: why is that no mistake?** Whatever is not stored is trained in seconds.",
    )
    with steps.fold("Answer"):
        st.markdown(
            f"**The gain.** {gain_without_wrong_labels()}\n\n**A training loss above the held-out loss.** The "
            "notebook takes its training loss *during* the epoch, with masks, and so with units missing. The held-out "
            "loss is measured after the epoch and without masks. That one lies above the other therefore says nothing "
            "about overfitting, nor about a mistake: the two must not be compared. (Wrong labels have the same effect, "
            "since only the training images have them.) The dashed lines of this course are measured without masks, "
            "and may be compared with the solid ones."
        )


@lesson.step(
    "Find the fault",
    settings=("fault",),
    part="faults",
    say="This is code from the notebook, shortened, and what it gives. Let the class read the figure before the code.",
    ask="What is wrong?",
    trap="Each of these programs runs without an error. What is wrong shows in the figure only.",
    minutes=5,
)
def find_the_fault() -> None:
    faults.find_the_fault("dropout")
    with steps.fold("What the notebook did"):
        st.markdown(
            "- **Its figure is the paper's, and its code is PyTorch's.** The figure multiplies by p at test time; "
            "`nn.Dropout` divides by 1 − p in training. It writes *p, probability to turn off a neuron*, which is "
            "PyTorch's.\n- **“Prevents overfitting.”** Dropout narrows the gap. With 60,000 images and p = 0.5, "
            "compared with the plain network, "
            f"{sentence('the accuracy after the last epoch', claimed.HALF_ACCURACY.told)}.\n"
            "- **Its prompt *fill in the model with dropout* also stands in the batch norm chapter**, where it was "
            "copied to.\n- **It has one spy plot of dropout, and one of L1 next, but none of the plain network.** It "
            "draws `model_do[1]`, which is the "
            "first layer as long as no dropout comes before it. With dropout on the input, index 1 is the dropout "
            "layer and the line fails. Here layers are picked by name.\n- **Its training loss is measured with "
            "masks**, and its validation loss without."
        )
        panels.notebook_claims_link()


@lesson.step(
    "Fill in the code",
    settings=("exercise",),
    part="code",
    say="Let them run both modes before they look at a hint.",
    ask="Where does the factor 1/(1 − p) belong?",
    trap="Scaling in evaluation as well: the factor is applied twice.",
    minutes=8,
)
def fill_in_the_code() -> None:
    code.fill_in("dropout")


@lesson.step(
    "Check yourself",
    settings=("question",),
    part="questions",
    say="Commit before you look.",
    ask="Which of these would you have answered differently an hour ago?",
    trap="Sparse weights, once more.",
    minutes=5,
)
def check_yourself() -> None:
    questions.check_yourself("dropout")


@lesson.step(
    "What you can now do",
    say="One figure to take away: the gap that closes, and the accuracy that rises only where there was a gap.",
    ask="Explain to your neighbour, in two sentences, what p = 0.5 does to one image in one step.",
    trap="“Dropout prevents overfitting” is too short: ask where there was any.",
    minutes=3,
)
def now_you_can() -> None:
    figure, side = steps.side_by_side()
    with figure:
        dropout_measurements.p_in_the_small_setting()
    with side:
        st.markdown(
            "You can now\n1. say what a mask does to one image in one step, and what evaluation does instead;\n2. "
            "translate a p between the paper and PyTorch;\n3. explain what a thinned network is, and what weight "
            "scaling stands for;\n4. predict where dropout gains accuracy, and where it only narrows the gap;\n5. say "
            "what it changes in the units, and that it makes no weight zero.\n\n**Remember this figure**: with a "
            "fifth of the labels wrong, the training accuracy falls as p grows, and the held-out accuracy rises until "
            "p is too large."
        )
        with steps.fold("What to read"):
            st.markdown(
                "- Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, *Dropout: A Simple Way to Prevent "
                "Neural Networks from Overfitting*, [JMLR 15](https://jmlr.org/papers/v15/srivastava14a.html): §7 on "
                "features and sparse activations, §9 on linear models.\n- Gal & Ghahramani 2016, *Dropout as a "
                "Bayesian Approximation*, [arXiv:1506.02142](https://arxiv.org/abs/1506.02142): averaging masks at "
                "test time.\n- Li, Chen, Hu & Yang 2018, *Understanding the Disharmony between Dropout and Batch "
                "Normalization by Variance Shift*, [arXiv:1801.05134](https://arxiv.org/abs/1801.05134): why dropout "
                "before batch norm is a bad pair.\n- PyTorch, "
                "[`nn.Dropout`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html)."
            )


lesson.show()
