"""Lesson 5: L1 and L2, which put a price on weights."""

import streamlit as st

from core.app import (
    by_heart,
    code,
    faults,
    panels,
    penalty_arithmetic,
    penalty_measurements,
    questions,
    steps,
    strengths,
    watching,
)
from core.config import FULL, SMALL_AND_NOISY, RunConfig
from core.course.binding import binding_in_words
from core.course.claimed import l1_l2 as claimed
from core.course.claimed.baseline import STOPPED_SMALL
from core.course.claims import LAST_ACCURACY, sentence
from core.course.l1_l2 import (
    L2_THEIRS,
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
    left_without_silent_units,
    pruned_accuracy,
    spread_of_weights,
    steps_to_zero,
    units_alive,
)
from core.course.over_seeds import runs_at, small_weights
from core.course.same_spread import decay_in_words
from core.course.strengths import reach_in_words
from core.techniques import L1, L2, MAX_NORM

MILD = l1_path(FULL)[3e-5]

lesson = steps.lesson("pages/5_l1_l2.py")


@lesson.step(
    "Two prices on a weight",
    say="A penalty puts a price on the size of the weights. What matters is not the price but its slope: how hard "
    "does it still pull on a weight that is nearly zero?",
    ask="A weight of 0.001 is of little use. Which of the two penalties still pulls on it?",
    trap="Many expect L2 to be the stronger one because it squares. Below 1 the square is the smaller of the two.",
    minutes=3,
)
def prices() -> None:
    figure, side = steps.side_by_side()
    with side:
        st.markdown(
            "The loss asks how wrong the network is. A **penalty** adds a second question: how large are its weights? "
            "L1 charges each weight its size, and L2 charges the square of its size.\n"
            "\n"
            "**Look at the pull in the right picture. A weight of 0.001 is of little use: which penalty still pulls "
            "on it?**"
        )
        with steps.fold("Answer"):
            st.markdown(
                "L1 pulls with the same force however small the weight is. L2's pull fades as the weight shrinks. So "
                "the L1 penalty *can* hold a weight at exactly zero, while L2 only makes it smaller. Whether a weight "
                "really arrives at zero also depends on the optimizer; two steps further on we shall see that the "
                "usual one never gets it there."
            )
    with figure:
        penalty_measurements.penalties_picture("penalties")
        with steps.fold("Predict first: what does each λ₁ cost?"):
            questions.at("l1_l2", "strength")
        with steps.fold("The formula, and the code"):
            _formula()


def _formula() -> None:
    st.latex(r"J(\theta) = L(\theta) + \lambda_1 \sum_i |w_i| + \lambda_2 \sum_i w_i^2")
    st.latex(
        r"\frac{\partial J}{\partial w_i} = \frac{\partial L}{\partial w_i} + \lambda_1 \text{sign}(w_i) + 2 \lambda_2 "
        r"w_i"
    )
    st.markdown(
        "Training minimises $J$. $L$ is the cross-entropy, and $w_i$ is each weight of the three linear layers; the "
        "biases are left out here, although the notebook from which this course grew penalises them too. "
        "$\\lambda_1$ and $\\lambda_2$ are the strengths. $\\text{sign}(w)$ is 1 or −1. At 0, where $|w|$ has a kink "
        "and no derivative, we take 0, which is one of the slopes that fit under the kink; such a slope is called a "
        "**subgradient**. How strong a given λ is depends on the scale of the data. Here pixels lie in [0, 1], and the "
        "penalties are sums over the weights, not means."
    )
    st.code(
        "l1 = lambda_1 * sum(layer.weight.abs().sum() for layer in linear_layers)\n"
        "l2 = lambda_2 * sum((layer.weight ** 2).sum() for layer in linear_layers)\n"
        "loss = cross_entropy(model(x), y) + l1 + l2",
        language="python",
    )


@lesson.step(
    "Move λ₁: which weights become small?",
    settings=(
        "lambda1",
        "lambda1_on",
        "l1_by",
        "l1_view",
        "l1_unit",
        "l1_threshold",
        "l1_rates",
        "l1_log",
    ),
    say="Start at 0 and move right. Each row of the picture is a hidden unit and each column a pixel. The numbers "
    "above count what the picture shows.",
    ask="How many weights become small, and what happens to the accuracy meanwhile? Are any of them exactly zero?",
    trap="The class will call a pale weight zero. Ask them to read the number under *Exactly 0*, then switch to "
    "proximal.",
    minutes=6,
)
def lambda1() -> None:
    penalty_measurements.l1_panel(
        asks="Move λ₁ from 0 to the right. **How many weights become small, and what happens to the accuracy "
        "meanwhile? Is any weight exactly 0?** Then apply the same λ₁ as a *proximal step*, which the next step "
        "explains.",
        says=f"- {reach_in_words(L1, FULL)}\n"
        f"- {reach_in_words(L1, SMALL_AND_NOISY)}\n"
        f"- **λ₁ = 0.001 is the notebook's strength, and it is too much.** {small_weights(THEIRS, 1e-4)} of the first "
        f"layer's weights are at or below 0.0001, and only {units_alive(THEIRS, 1e-3)} units have a weight above "
        f"0.001. The accuracy is {LAST_ACCURACY.over(runs_at(THEIRS))}. At 0.003 it depends on the seed whether "
        f"anything is learned ({LAST_ACCURACY.over(runs_at(l1_path(FULL)[3e-3]))}), and at 0.01 every network only "
        "guesses.\n"
        f"- **λ₁ = 0.00003 is milder**: {small_weights(MILD, 1e-3)} of the weights are at or below 0.001. "
        f"Compared with the plain network's, {sentence('the accuracy', claimed.MILD.told)}. With the small "
        f"weights set to 0, {pruned_accuracy(MILD, 1e-3)} of the test images are still classified correctly.\n"
        f"- **Exact zeros**: with the subgradient we counted {exact_zeros(l1_path(FULL))}, at any λ₁ and seed. With "
        f"the proximal step at 0.001, {small_weights(PROXIMAL, 0.0)} of the first layer are exactly 0. Compared with "
        f"the subgradient's, {sentence('its accuracy', claimed.PROXIMAL_ACCURACY.told)}.\n"
        "- **White rows**: a unit whose weights are all exactly 0 has gone silent. Whatever the image, it passes on "
        "the same number, the ReLU of its bias. It can be removed without changing an answer, once that number is "
        "worked into the biases of the next layer. With the proximal step at 0.001 only "
        f"{units_alive(PROXIMAL, 0.0)} units are left, and with them {left_without_silent_units(PROXIMAL)} of the "
        "network's parameters. A single 0 in a row that is not white saves nothing in an ordinary matrix product.",
    )


@lesson.step(
    "Why does the usual step never reach zero?",
    settings=("steps_by", "steps_lambda", "steps_view", *watching.settings_of("zero")),
    say="These are single weights from the first training step on. The corner pixel is black in nearly every image, so "
    "only the penalty moves its weights. The lower pictures enlarge the end. *Epoch by epoch* plays the whole layer.",
    ask="What do the corner's weights do once they are close to zero: rest, or jump?",
    trap="A class that has met the lasso expects zeros from the L1 term itself. The term can make them; a step of "
    "fixed length jumps over them.",
    minutes=6,
)
def zero() -> None:
    penalty_measurements.zero_panel(
        asks="A corner pixel is black in nearly every image, so λ₁ alone moves its weights. **What do they do when "
        "they come close to 0?**",
        asks_of_epochs=lambda base: (
            f"λ₁ is {L1.strength_for(base):g} in both pictures, applied on the left as a subgradient and on the right "
            "as a proximal step. **Press Play: which of them fills the layer with weights that are exactly 0, and "
            "when?**"
        ),
        explained=_both_explained,
    )


def _both_explained() -> None:
    with steps.fold("The subgradient: it jumps over zero"):
        _subgradient()
    with steps.fold("The proximal step: it stops at zero"):
        _proximal()


def _subgradient() -> None:
    st.markdown(
        "Each step takes the weight down by a fixed amount. Just above 0 that amount is too long: the weight lands "
        "below zero, is pulled up again, and lands above. It jitters in a band around 0 whose width depends on the "
        "length of the steps.\n"
        "\n"
        "**With SGD** a step is learning rate × λ₁ = 0.1 × 0.001 = 0.0001. The corner's weights need "
        f"{steps_to_zero('sgd', 1e-3)} steps to arrive, which is |w|/0.0001 for each, and then stay within "
        f"{jitter('sgd', 1e-3)}.\n"
        "\n"
        "**Adam** divides by the usual size of the gradient. That cancels λ₁, so a step is about as long as the "
        f"learning rate, 0.0003, whatever λ₁ is. At λ₁ = 0.001 the weights arrive after {steps_to_zero('adam', 1e-3)} "
        f"steps, and at λ₁ = 0.003 after {steps_to_zero('adam', 3e-3)}. They then stay within {jitter('adam', 1e-4)} "
        f"at λ₁ = 0.0001, and within {jitter('adam', 3e-3)} at λ₁ = 0.003. The slow waves come from Adam's momentum, "
        "which carries a weight past 0.\n"
        "\n"
        "So the notebook's threshold of 0.0001 says as much about its learning rate as about L1: it happens to be "
        "about as wide as the band. A larger learning rate makes the band wider, as SGD with its rate of 0.1 shows."
    )


def _proximal() -> None:
    st.markdown(
        "Here λ₁ is left out of the loss. After each step of the optimizer, every weight is moved towards zero, **but "
        "not past it**:"
    )
    st.latex(r"\begin{aligned} w \leftarrow {} & \text{sign}(w) \\ & \cdot \max(|w| - s \lambda_1,\, 0) \end{aligned}")
    st.latex(r"\text{after SGD: } s = \eta")
    st.latex(r"\text{after Adam: } s = \frac{\eta}{\sqrt{\hat v} + \epsilon}")
    st.markdown(
        "$s$ is the step size, $\\eta$ the learning rate, $\\hat v$ Adam's running mean of the weight's squared "
        "gradient, and $\\epsilon = 10^{-8}$. Adam gives each weight a step size of its own, and the proximal step "
        "must use the same one, so that λ₁ means what it means in the loss ([Yun, Lozano & Yang "
        "2020](https://arxiv.org/abs/2007.07484)). A weight within reach of zero becomes exactly 0, and it stays there "
        "until the data pull harder than λ₁.\n"
        "\n"
        f"After SGD that takes {steps_to_zero('sgd', 1e-3, 'proximal')} steps to the neighbourhood of 0, and one more. "
        "After Adam it takes **one step**. A corner pixel is black in all images of the batch, so its gradient and "
        "$\\hat v$ are 0, the step size is $\\eta/\\epsilon$ = 30,000, and the whole weight is within reach."
    )


@lesson.step(
    "Move λ₂: smaller, but not sparse",
    settings=("lambda2", "lambda2_on", "l2_view", "l2_unit", "l2_threshold", "l2_rates", "l2_log"),
    say="The same picture for the square. Watch the largest weight and the histogram rather than the zeros.",
    ask="Does the picture empty as it did with L1? What happens to the largest weight?",
    trap="Some weights do become very small under L2, because Adam shrinks weights that the data leave alone. Small is "
    "still not zero.",
    minutes=5,
)
def lambda2() -> None:
    penalty_measurements.l2_panel(
        asks="Now charge the square. **Does the picture empty as it did with L1? What happens to the largest weight, "
        "and to the histogram?**",
        says=f"- {reach_in_words(L2, FULL)}\n"
        f"- {reach_in_words(L2, SMALL_AND_NOISY)}\n"
        f"- **The largest weight** falls from {largest_weight(FULL)} to {largest_weight(L2_THEIRS)} at the notebook's "
        "λ₂ = 0.001. The notebook says that L2 prohibits weights from being too big, and here it is.\n"
        f"- **Exact zeros**: {exact_zeros(l2_path(FULL))} weights, at any λ₂ and seed; a single one is a coincidence. "
        f"There are small weights, however: {small_weights(L2_THEIRS, 1e-3)} are at or below 0.001, against "
        f"{small_weights(FULL, 1e-3)} in the plain network. The optimizer makes them. Where the data give a weight no "
        "gradient, Adam rescales L2's small pull to steps of about the learning rate, and so the weight shrinks as "
        "fast as under L1.\n"
        "- **At λ₂ = 0.0001**, over the last five epochs and compared with the plain network's, "
        f"{sentence('the accuracy', claimed.L2_MILD_FIVE.told)}. In the last epoch alone, whose "
        f"accuracy jitters more, {sentence('it', claimed.L2_MILD_LAST.told)}.\n"
        "- **Do not compare L1 and L2 at the same λ.** |w| and w² are different currencies, and for |w| < 1 the "
        "square is the smaller of the two. Compare them at the same accuracy, or each at its best.",
    )


@lesson.step(
    "L2 in the loss, or weight decay?",
    settings=("decay", "decay_on", "coupled", "decay_log", "written", "calc_lr"),
    say="Under plain SGD the two are the same thing. Under Adam they are not, and that is why AdamW exists.",
    ask="Which decay gives the weights the same spread as λ₂ = 0.0003? What still differs in the histogram?",
    trap="Students believe that weight_decay of Adam and of AdamW are the same option. They are not.",
    minutes=5,
)
def weight_decay() -> None:
    penalty_measurements.decay_panel(
        asks="AdamW shrinks every weight by the same factor, separately from the gradient step. L2 in the loss goes "
        "through Adam, which rescales its pull. **Which decay gives the weights the same spread as λ₂ = 0.0003? What "
        "still differs in the histogram?**",
        explained=_decay_explained,
        below=_four_ways,
    )


def _four_ways() -> None:
    with steps.fold("One strength, four ways to write it"):
        penalty_arithmetic.calculator()


def _decay_explained(plain: RunConfig) -> None:
    with steps.fold("The formula, and what was measured"):
        _decoupled(plain)


def _decoupled(plain: RunConfig) -> None:
    st.markdown(
        "With plain SGD, a term $\\lambda_2 \\sum w^2$ in the loss is the same as shrinking each weight by a factor "
        "in every step. In a linear model this is called **ridge regression**. Under Adam the two differ, because "
        "Adam divides the whole gradient, penalty included, by its usual size: **weights with large gradients are "
        "then shrunk less.** AdamW shrinks the weights separately from the gradient step ([Loshchilov & "
        "Hutter](https://arxiv.org/abs/1711.05101)):"
    )
    st.latex(r"w \leftarrow w - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon} - \eta\,c\,w")
    st.markdown(
        "$\\hat m$ and $\\hat v$ are Adam's running means of the gradient and of its square, and $c$ is "
        "`weight_decay`.\n"
        "\n"
        "PyTorch's default is `weight_decay=0.01`. It is multiplied by the learning rate, 0.0003, and hardly touches "
        f"the weights: their standard deviation is {spread_of_weights(decay_path(FULL)[0.01])}, and without it "
        f"{spread_of_weights(FULL)}. A decay of 1 brings it to {spread_of_weights(decay_path(FULL)[1.0])}, and a "
        f"decay of 3 to {spread_of_weights(decay_path(FULL)[3.0])}. λ₂ = 0.0003 lies between them, at "
        f"{spread_of_weights(l2_path(FULL)[3e-4])}. Even so the histograms differ. L2 in the loss has a peak at zero, "
        "made of weights that hardly have a gradient of their own. Decay shrinks the bell as a whole, useful weights "
        "and useless ones alike.\n"
        "\n"
        f"What this does to the accuracy is seen in the right picture. {decay_in_words(plain)} (L2's accuracy at that "
        "spread is read off its line, seed by seed.)"
    )


@lesson.step(
    "A limit instead of a price: max-norm",
    settings=("limit", "limit_on", "limit_view"),
    say="L1 and L2 charge for every weight. A limit costs nothing until it is reached.",
    ask="From which c on does the limit change the curves?",
    trap="A smaller c is the stronger limit: the slider runs the other way than λ.",
    minutes=4,
)
def limit() -> None:
    strengths.technique_panel(
        MAX_NORM,
        asks="After each step, the weights into a hidden unit are scaled back whenever their length, the Euclidean "
        "norm, has become larger than the limit $c$. The slider begins at 0, which stands for *no limit*; further "
        "right, $c$ falls from 2 to 0.5. **Move right: where does the limit begin to bind?**",
        answers=_where_it_binds,
        explained=_limit_and_price,
        says="The rule is ([Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html), §5.1)\n"
        "\n"
        "$$w \\leftarrow w \\cdot \\min\\left(1, \\frac{c}{\\|w\\|_2}\\right)$$\n"
        "\n"
        "where $w$ is the row of weights into one hidden unit. At $c$ = 0.5, compared with the plain network's:\n"
        "- **2,000 images, a fifth of the labels wrong**: "
        f"{sentence('the held-out accuracy', claimed.LIMIT_SMALL.told)};\n"
        f"- **60,000 images**: {sentence('it', claimed.LIMIT_FULL.told)}.\n"
        "\n"
        "The authors recommend max-norm together with dropout.",
    )


def _where_it_binds(plain: RunConfig) -> None:
    st.markdown(
        "As long as no unit reaches the limit, training is the same as without one, bit for bit. So a limit begins to "
        f"bind in the first epoch that comes out differently. On {plain.n_train:,} images, "
        f"{binding_in_words(MAX_NORM, plain)}. Where two epochs are given, the five seeds lie between them.\n"
        "\n"
        "A unit starts with a length of $1/\\sqrt 3 \\approx 0.58$, because PyTorch draws its $n$ weights between "
        "$-1/\\sqrt n$ and $1/\\sqrt n$. A limit of 0.5 therefore binds from the first step on.\n"
        "\n"
        f"A limit that binds need not change the accuracy. {reach_in_words(MAX_NORM, plain)}"
    )


def _limit_and_price() -> None:
    with steps.fold("How is a limit related to a price?"):
        st.markdown(
            "They are two sides of one thing. Minimise the loss plus $\\lambda\\|w\\|^2$, and the weights that you "
            "find have some length. Among all weights of at most that length none has a lower loss, so **a price is a "
            "limit** whose size you did not choose. The other way round, **a limit is a price** that is 0 until the "
            "limit is reached, and then as high as it takes to hold the weights there (the *Lagrange multiplier*). "
            "Max-norm limits each unit by itself, so each pays a price of its own."
        )
        steps.link_to("norm_math", "plane")


@lesson.step(
    "What it learned by heart, in pictures",
    settings=by_heart.SETTINGS,
    say="The same wrong-labelled training images, for the plain network and under a penalty.",
    ask="Do L1 and L2 keep the wrong labels out as dropout does?",
    trap="A penalty forbids nothing: learning an image by heart needs large weights, and these now cost something.",
    minutes=4,
)
def learned_by_heart() -> None:
    by_heart.by_heart_panel(
        "l1_l2",
        asks="The quoted word is the wrong label that both networks were given; below each image stand their two "
        "answers. **Move from epoch 5 to 60: does a price on weights keep the wrong labels out?**",
    )


@lesson.step(
    "Does it help?",
    say="This is the question that a practitioner asks. Read the two tables, and then the row about stopping early.",
    ask="Which technique would you try first on 2,000 noisy images, and which on 60,000 clean ones?",
    trap="A gain over a network that overfits is not a gain over the same network stopped in time.",
    minutes=5,
)
def helps() -> None:
    figure, side = steps.side_by_side(2, 1)
    with figure:
        penalty_measurements.defaults_table()
    with side:
        st.markdown(
            "**Which technique helps, and where?** Each is shown at one strength, over five seeds. The strengths "
            "of the small setting were chosen by hand on these same validation images, which flatters them a little.\n"
            "\n"
            "There is also a free regularizer: stop the plain network at the epoch with the lowest validation loss."
        )
        with steps.fold("And against stopping in time?"):
            st.markdown(
                "In the small and noisy setting, compared with its last epoch, "
                f"{sentence('the test accuracy of the plain network at its best epoch', STOPPED_SMALL.told)}. Compared "
                "with that stopped network, at their last epoch:\n"
                + "\n".join(
                    f"- **{of.name}, {of.symbol} = {of.small:g}**: {sentence('the test accuracy', claim.told)}"
                    for of, claim in claimed.AGAINST_STOPPED.items()
                )
                + "\n\nA technique that helps a network which overfits is not yet better than stopping in time."
            )


@lesson.step(
    "Your own run",
    settings=(*OWN_PENALTY, "notebook_loss"),
    say="Everything on the stops is stored; anything else is trained while you watch.",
    ask="Switch on the notebook's training loss. What does the penalty do to it?",
    trap="The recorded loss stays far above the held-out loss. That is not underfitting: one contains the penalty.",
    minutes=5,
)
def own_run() -> None:
    panels.own_run(
        OWN_PENALTY,
        SMALL_L1,
        says="These are 2,000 images, a fifth of them with a wrong label. Both penalties at once are called an "
        "*elastic net* (Zou & Hastie 2005). **Show the notebook's training loss: what does the penalty do to it?**",
    )


@lesson.step(
    "The notebook's proof: one threshold for all",
    settings=("three_p", "three_lambda", "three_unit", "three_threshold", "three_rates"),
    say="The notebook draws dropout and L1 with one threshold and concludes that L1 works. We add the plain network, "
    "and we move the threshold.",
    ask="Move the threshold to 0.00001. Does L1 still work?",
    trap="Nothing about the network changes between the two pictures. Only the ruler does.",
    minutes=4,
)
def notebook() -> None:
    penalty_measurements.three_spies(
        asks="The notebook draws the first layer with `precision=1e-4` and says: *l1 works!* **Move the threshold "
        "down to 0.00001. Does L1 still work?**",
        says="Dropout's picture is as full as the plain network's, as the dropout lesson explains. L1's is nearly "
        f"empty at 0.0001 and fills up again at 0.00001: {small_weights(THEIRS, 1e-4)} of the weights are at or below "
        f"the first, and {small_weights(THEIRS, 1e-5)} at or below the second. Nothing about the network changes "
        "between the two pictures; only our ruler does. There are better questions than how many weights lie below a "
        "threshold: how many are exactly 0, after a proximal step, and how much accuracy is left without the small "
        f"ones ({pruned_accuracy(THEIRS, 1e-4)} of the test images, from {pruned_accuracy(THEIRS, 0.0)}).",
    )
    with steps.fold("What else the notebook did"):
        _notebook()
        panels.notebook_claims_link()


def _notebook() -> None:
    st.markdown(
        "- **It uses one λ for both, 0.001, and gives no accuracy beside it.** With the biases penalised, as it does, "
        f"and compared with the plain network's, {sentence('the accuracy of L1 at 0.001', claimed.L1_AS_THEY.told)}; "
        f"{sentence('that of L2', claimed.L2_AS_THEY.told)}.\n"
        "- **Its two histograms** are not those of an unregularized network and of L2's. The first is of a network "
        "that its landscape loop had left at the last corner of the grid, with weights around 1. Each also has a "
        "range and bins of its own.\n"
        "- **“l1 works!”** rests on a threshold that is as wide as the jitter. No weight is zero.\n"
        "- **The penalty is in its training loss and not in its validation loss.** The two curves cannot be "
        "compared, and the gap looks inverted. Here the penalty has a curve of its own.\n"
        "- **Is it λΣw² or λ/2 Σw²?** The notebook leaves the ½ to whoever fills in `compute_l2_loss`, and does not "
        "say that it matters: with Σw², its 0.001 is `weight_decay=0.002`.\n"
        "- **L2 in the loss under Adam** is presented as in linear models, where it is ridge regression. Under Adam "
        "it is something else.\n"
        "- **It penalises the biases too**, which is unusual. Compared with the accuracy without, "
        f"{sentence('the accuracy with the biases penalised, at λ₁ = 0.001,', claimed.L1_BIASES.told)}. This "
        "says nothing about which weights end up small and which units die; they may still differ."
    )


@lesson.step(
    "Find the fault",
    settings=("fault",),
    part="faults",
    say="This is shortened code from the notebook, and what it draws. Let the class read the figure before the code.",
    ask="What is wrong?",
    trap="The code runs without an error. That is why nobody noticed.",
    minutes=5,
)
def find_the_fault() -> None:
    faults.find_the_fault("l1_l2")


@lesson.step(
    "Fill in the code",
    settings=("exercise",),
    part="code",
    say="The blanks are the two penalties, the branches of the training loop, and the proximal step.",
    ask="What is the gradient of your penalty at a weight of 0.001?",
    trap="A mean instead of a sum makes the penalty depend on how large the layer is.",
    minutes=8,
)
def fill_in_the_code() -> None:
    code.fill_in("l1_l2")


@lesson.step(
    "Check yourself",
    settings=("question",),
    part="questions",
    say="Let everyone commit to an answer before the reply is opened.",
    ask="Which of these would you have answered differently an hour ago?",
    trap="Weight decay in Adam and in AdamW is mixed up once more.",
    minutes=5,
)
def check_yourself() -> None:
    questions.check_yourself("l1_l2")
    with steps.fold("To think about: you halve the number of images and keep λ. Is it the same regularization?"):
        st.markdown(
            "The loss here is a mean over images, and the penalty is a sum over weights, so their ratio stays the "
            "same in each step. But an epoch has half the steps. If the loss were a sum over images, you would have "
            "to halve λ as well."
        )
    with steps.fold("To think about: batch norm follows each linear layer. What does λ₂ do to the function?"):
        st.markdown(
            "It does nearly nothing, because batch norm undoes the scale of the weights that lead into it. What L2 "
            "changes is the *effective learning rate*: the length of a step relative to the length of the weights "
            "([van Laarhoven 2017](https://arxiv.org/abs/1706.05350)). This app never penalises batch norm's own γ "
            "and β."
        )


@lesson.step(
    "What you can now do",
    say="One figure to take away: the pull. Everything else in this lesson follows from it.",
    ask="Explain to your neighbour, in two sentences, why L1 can make zeros and L2 cannot.",
    trap="“L1 makes zeros” is only half of it: the optimizer must let it.",
    minutes=3,
)
def now_you_can() -> None:
    figure, side = steps.side_by_side()
    with figure:
        penalty_measurements.penalties_picture("remembered")
    with side:
        st.markdown(
            "You can now\n"
            "1. say why L1's pull can hold a weight at zero, and why L2's cannot;\n"
            "2. explain why a subgradient step jitters around zero, and get exact zeros with a proximal step;\n"
            "3. convert λΣw², λ/2 Σw² and `weight_decay` into each other, and say where AdamW differs;\n"
            "4. choose a strength on held-out images, and say what it costs;\n"
            "5. ask of any sparse picture which threshold it was drawn with.\n"
            "\n"
            "**Remember the right picture**: near zero, L1 still pulls and L2 no longer does."
        )
        with steps.fold("What to read"):
            st.markdown(
                "- Tibshirani 1996, *Regression Shrinkage and Selection via the Lasso*, JRSS B 58: L1 in linear "
                "models.\n"
                "- Parikh & Boyd 2014, *Proximal Algorithms*, "
                "[web.stanford.edu/~boyd](https://web.stanford.edu/~boyd/papers/prox_algs.html): §6.5.2 is soft "
                "thresholding.\n"
                "- Yun, Lozano & Yang 2020, *A General Family of Stochastic Proximal Gradient Methods for Deep "
                "Learning*, [arXiv:2007.07484](https://arxiv.org/abs/2007.07484): the proximal step after Adam.\n"
                "- Loshchilov & Hutter 2019, *Decoupled Weight Decay Regularization*, "
                "[arXiv:1711.05101](https://arxiv.org/abs/1711.05101).\n"
                "- Zou & Hastie 2005, *Regularization and Variable Selection via the Elastic Net*, JRSS B 67."
            )


lesson.show()
