"""The words of the course: each explained in at most three sentences, with the lesson that explains it first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.techniques import (
    ADAMW,
    AUGMENTATION,
    BATCH_NORM,
    DROPOUT,
    L1,
    L2,
    LABEL_SMOOTHING,
    LAYER_NORM,
    MAX_NORM,
    PLAIN,
)


@dataclass(frozen=True)
class Term:
    """A word and what it means in this course.

    lesson: where it is explained first, by its name in the address; step: the step of that lesson, by its name in the
    address, or nothing. also: other spellings, and names for the same thing. source: whose word it is, in Markdown.
    """

    term: str
    definition: str
    lesson: str
    step: str = ""
    also: tuple[str, ...] = ()
    source: str = ""


def matching(text: str, terms: Sequence[Term] | None = None) -> list[Term]:
    """The terms whose name, other spelling or definition holds `text`, whatever its case; those whose name begins with
    it come first. All of them, in their order, for an empty text."""
    sought = text.strip().casefold()
    found = [
        term
        for term in (TERMS if terms is None else terms)
        if any(sought in words.casefold() for words in (term.term, *term.also, term.definition))
    ]
    return sorted(found, key=lambda term: _rank(term, sought)) if sought else found


def _rank(term: Term, sought: str) -> int:
    """0 for the very name that is sought, 1 for one that begins so, 2 for one that holds it, 3 if only the definition
    does."""
    names = [name.casefold() for name in (term.term, *term.also)]
    if sought in names:
        return 0
    return 1 if any(name.startswith(sought) for name in names) else 2 if any(sought in name for name in names) else 3


IOFFE = "[Ioffe & Szegedy 2015](https://arxiv.org/abs/1502.03167)"
BA = "[Ba, Kiros & Hinton 2016](https://arxiv.org/abs/1607.06450)"
SANTURKAR = "[Santurkar et al. 2018](https://arxiv.org/abs/1805.11604)"
SRIVASTAVA = "[Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html)"
LI = "[Li et al. 2018](https://arxiv.org/abs/1712.09913)"
LOSHCHILOV = "[Loshchilov & Hutter 2019](https://arxiv.org/abs/1711.05101)"
KINGMA = "[Kingma & Ba 2015](https://arxiv.org/abs/1412.6980)"

TERMS: tuple[Term, ...] = (
    Term(
        "accuracy",
        "The share of images for which the largest of the network's ten answers is the label. It counts mistakes; the "
        "loss also counts how sure the network was.",
        "baseline",
    ),
    Term(
        "accuracy gap",
        "Training accuracy minus held-out accuracy, in percentage points. With wrong labels it can be negative, "
        "because a right answer to a wrong label counts as a training mistake. So this course means the losses "
        "when it says gap.",
        "baseline",
        also=("gap in accuracy",),
    ),
    Term(
        "Adam",
        "An optimizer that divides each weight's step by the recent size of that weight's gradient. All weights "
        "therefore move at a similar pace, whether their gradients are large or small.",
        "baseline",
        source=KINGMA,
    ),
    Term(
        ADAMW.name,
        "Adam with weight decay applied separately from the gradient step, not inside the loss. Every weight is "
        "multiplied by the same factor just below 1, however large its gradients are.",
        "l1_l2",
        step="weight-decay",
        source=LOSHCHILOV,
    ),
    Term(
        AUGMENTATION.name,
        "Training on altered copies of the images. Here each image is shifted by a few pixels and mirrored half of the "
        "time, anew in every epoch, while its label stays.",
        "baseline",
        also=("data augmentation",),
    ),
    Term(
        "averaged weights",
        "The mean of the weights that training passed through, the latest ones counting most. Training does not "
        "notice; the network with the average is evaluated beside it.",
        "compare",
        step="first",
        also=("exponential moving average", "EMA", "weight averaging"),
        source="[Polyak & Juditsky 1992](https://doi.org/10.1137/0330046)",
    ),
    Term(
        "barrier",
        "The height by which the loss rises above a straight ramp on the way from one trained network to another. "
        "If there is a barrier, the loss is not convex.",
        "baseline",
    ),
    Term(
        "batch",
        "The images whose average gradient makes one step; 128 unless a slider says otherwise.",
        "baseline",
        also=("mini-batch", "batch size"),
    ),
    Term(
        BATCH_NORM.name,
        "A layer that shifts and scales each unit's pre-activation so that it has mean 0 and variance 1 over the "
        "images of a batch, then applies γ and β. In evaluation mode running statistics take the batch's place.",
        "batch_norm",
        also=("batch normalization", "batch normalisation", "BN"),
        source=IOFFE,
    ),
    Term(
        "bias",
        "The number that a unit adds to its weighted sum. This course does not penalise biases unless a switch says "
        "so.",
        "baseline",
    ),
    Term(
        "calibration error",
        "The distance between how sure a network is and how often it is right, averaged over images in bins of equal "
        "confidence.",
        "compare",
        step="calibration",
        also=("expected calibration error", "ECE", "calibration"),
        source="[Guo et al. 2017](https://arxiv.org/abs/1706.04599)",
    ),
    Term(
        "co-adaptation",
        "Units are co-adapted when one is of use only together with certain others. Dropout was invented to prevent "
        "it, for under a mask no unit can count on another.",
        "dropout",
        step="weights-and-units",
        also=("co-adapted",),
        source=SRIVASTAVA,
    ),
    Term(
        "convex",
        "Said of a loss that curves upwards everywhere, like a bowl. Between any two points it "
        "never lies above the straight chord, so every minimum is a lowest point.",
        "baseline",
        also=("convexity", "not convex"),
    ),
    Term(
        "covariate shift",
        "A change in the images themselves between training and use, for example worse light, while the same image "
        "would still get the same label.",
        "batch_norm",
        source="[Shimodaira 2000](https://doi.org/10.1016/S0378-3758(00)00115-4)",
        step="covariate-shift",
    ),
    Term(
        "cross-entropy",
        "The loss of this course: minus the logarithm of the probability that the network gives to the label, averaged "
        "over images. It is 0 for a network that is sure and right, and grows without limit for one that is sure "
        "and wrong.",
        "baseline",
        also=("loss", "cross entropy", "negative log-likelihood"),
    ),
    Term(
        "direction",
        "A change of all weights at once, as one long vector. A picture of the loss surface shows the losses that are "
        "met when the trained weights are moved along two random directions.",
        "baseline",
    ),
    Term(
        DROPOUT.name,
        "In each training step every hidden unit is switched off with probability p, independently for each image. "
        "In evaluation mode all units take part.",
        "dropout",
        step="masks",
        source=SRIVASTAVA,
    ),
    Term(
        "early stopping",
        "Keeping the weights of the epoch whose loss on the validation images was lowest. It is a regularizer that "
        "costs nothing, so others must be compared with it.",
        "baseline",
    ),
    Term(
        "effective learning rate",
        "How far a step turns a layer's weights, in proportion to their size. Where normalisation follows a layer, "
        "only the weights' direction matters, so a penalty that keeps them small makes each step turn them further.",
        "l1_l2",
        step="check-yourself",
        source="[van Laarhoven 2017](https://arxiv.org/abs/1706.05350)",
    ),
    Term(
        "effective β",
        "How quickly the gradient changes along its own direction: the largest change of the gradient, divided by the "
        "distance moved, over a range of step lengths. A small one means a smooth loss. It has nothing to do with the "
        "β of batch norm.",
        "batch_norm",
        also=("effective beta", "smoothness", "effective smoothness"),
        source=SANTURKAR,
        step="along-the-gradient",
    ),
    Term(
        "elastic net",
        "A penalty that mixes L1 and L2: α·|w| + (1 − α)·w². As long as α is above 0 it has L1's kink at zero, so it "
        "can still hold a weight there.",
        "norm_math",
        step="plane",
        source="[Zou & Hastie 2005](https://doi.org/10.1111/j.1467-9868.2005.00503.x)",
    ),
    Term(
        "ensemble",
        "Several networks whose predictions are averaged. Dropout can be seen as training an ensemble of thinned "
        "networks that share their weights.",
        "dropout",
        step="why",
    ),
    Term(
        "epoch",
        "One pass through all training images. The losses and accuracies of the curves are measured after each epoch.",
        "baseline",
    ),
    Term(
        "filter-normalised",
        "Said of a direction that is rescaled unit by unit until its part for each unit is as long as that unit's "
        "incoming weights. It makes pictures of the loss surface comparable between networks with small and large "
        "weights.",
        "baseline",
        also=("filter normalisation", "filter-normalized"),
        source=LI,
    ),
    Term(
        "full",
        "One of the two settings of the course: all 60,000 training images with their right labels for 20 epochs, as "
        "in the notebook. A network of this size overfits only a little there.",
        "baseline",
        also=("full setting", "60,000 images"),
    ),
    Term(
        "generalisation gap",
        "Held-out loss minus training loss, both measured in evaluation mode and without the penalty. It says how much "
        "worse the network does on images that it has not been fitted to. The difference of the accuracies is called "
        "the accuracy gap.",
        "baseline",
        also=("gap", "generalization gap"),
    ),
    Term(
        "geometric mean",
        "The n-th root of a product of n numbers, which is the ordinary mean taken of their logarithms. Averaging "
        "logits amounts to a geometric mean of the probabilities, scaled back to a sum of 1.",
        "dropout",
        step="why",
    ),
    Term(
        "gradient",
        "The vector of the loss's slopes with respect to every weight. A step of training goes against it.",
        "baseline",
    ),
    Term(
        "group norm",
        "Normalisation over groups of units within one image. With a single group it is layer norm. Like layer "
        "norm it does not depend on the batch.",
        "layer_norm",
        step="which-numbers",
        also=("group normalisation", "group normalization"),
        source="[Wu & He 2018](https://arxiv.org/abs/1803.08494)",
    ),
    Term(
        "held-out images",
        "Images that the network is not trained on and that are used to measure it. In the full setting they are the "
        "test images; with fewer training images they are validation images.",
        "baseline",
        also=("held out", "unseen images"),
    ),
    Term(
        "Hessian",
        "All second derivatives of the loss. Its largest eigenvalue is the curvature in the steepest direction, and "
        "its trace is the sum of the curvatures in all directions.",
        "compare",
        step="sharpness",
        also=("eigenvalue", "trace", "curvature"),
    ),
    Term(
        "higher / lower / no clear difference",
        "The three verdicts of the course. It says higher or lower when the 95 % interval of the paired differences "
        "leaves out 0. No clear difference means that the seeds cannot tell the two apart, which does not make them "
        "equal.",
        "baseline",
        also=("higher", "lower", "no clear difference", "verdict"),
    ),
    Term(
        "Holm's correction",
        "A rule for many comparisons at once. Without any true difference, it keeps the chance that even one of them "
        "is called clear at or below 5 %.",
        "compare",
        step="numbers",
        also=("Holm", "multiple comparisons", "Bonferroni"),
        source="[Holm 1979](https://www.jstor.org/stable/4615733)",
    ),
    Term(
        "internal covariate shift",
        "The change in the distribution of a layer's inputs while the layers before it are being trained. Batch norm "
        "was invented to reduce it; later experiments found that this does not explain why batch norm helps.",
        "batch_norm",
        source=f"{IOFFE}; {SANTURKAR}",
        step="internal-shift",
    ),
    Term(
        "interval, 95 %",
        "A range computed from the differences of the five seeds with Student's t. If the whole experiment were "
        "repeated many times, 95 % of such ranges would contain the true mean difference.",
        "baseline",
        also=("95 % interval", "confidence interval"),
    ),
    Term(
        "inverted dropout",
        "The form of dropout that PyTorch uses: during training the units that stay are multiplied by 1/(1 − p). "
        "Nothing then has to be rescaled in evaluation mode.",
        "dropout",
        step="conventions",
    ),
    Term(
        L1.name,
        "The penalty λ·Σ|w|: every weight is charged its size. It pulls with the same force on small and large "
        "weights, so it can hold a weight at exactly 0.",
        "l1_l2",
        step="prices",
        also=("L1 penalty", "L1 regularization", "λ₁"),
    ),
    Term(
        L2.name,
        "The penalty λ·Σw²: every weight is charged its square. Its pull is proportional to the weight, so large "
        "weights shrink most and small ones are left almost alone.",
        "l1_l2",
        step="prices",
        also=("L2 penalty", "L2 regularization", "λ₂"),
    ),
    Term(
        "label noise",
        "Wrong labels among the training images, put there on purpose: each is replaced by another class at random. "
        "Held-out images keep their right labels.",
        "baseline",
        also=("wrong labels", "noisy labels"),
    ),
    Term(
        LABEL_SMOOTHING.name,
        "Training towards a softened label: a share ε of the probability is spread evenly over all classes. The "
        "network no longer gains by being entirely sure.",
        "baseline",
        source="[Szegedy et al. 2016](https://arxiv.org/abs/1512.00567)",
    ),
    Term(
        "lasso",
        "Linear regression with an L1 penalty, which sets some of the coefficients to exactly 0.",
        "norm_math",
        step="plane",
        source="[Tibshirani 1996](https://doi.org/10.1111/j.2517-6161.1996.tb02080.x)",
    ),
    Term(
        "layer",
        "A row of units that all read the same inputs. The network of this course has three: 784 pixels lead to 392 "
        "units, these to 196, and these to 10 logits.",
        "baseline",
        also=("hidden layer", "linear layer"),
    ),
    Term(
        LAYER_NORM.name,
        "A layer that shifts and scales the pre-activations of one image so that they have mean 0 and variance 1 over "
        "the units, then applies γ and β. It does the same in training and evaluation mode.",
        "layer_norm",
        step="which-numbers",
        also=("layer normalization", "layer normalisation", "LN"),
        source=BA,
    ),
    Term(
        "learned by heart",
        "Said of a wrong label that the network reproduces. No rule leads from the image to that label, so the network "
        "must have stored this image's own answer.",
        "baseline",
        also=("memorised", "memorized", "memorisation"),
    ),
    Term(
        "learning rate",
        "The factor by which the optimizer multiplies its direction to make a step. Too small a rate learns slowly; "
        "too large a one overshoots.",
        "baseline",
        also=("lr", "step size", "η"),
    ),
    Term(
        "logit",
        "One of the ten numbers that the last layer gives for an image, one for each class, before softmax turns them "
        "into probabilities. Only the differences between logits matter.",
        "baseline",
        also=("logits",),
    ),
    Term(
        "loss surface",
        "The loss as a function of all the weights. Pictures show a slice of it: the losses on a plane through the "
        "trained network.",
        "baseline",
        also=("loss landscape", "surface", "landscape"),
        source=LI,
    ),
    Term(
        "mask",
        "The zeros and ones that say which units dropout keeps in one training step. A new mask is drawn for every "
        "image of every batch.",
        "dropout",
        step="masks",
    ),
    Term(
        MAX_NORM.name,
        "A limit on the length of each unit's incoming weights. After every step, weights that have grown beyond it "
        "are scaled back to it.",
        "l1_l2",
        step="limit",
        source=SRIVASTAVA,
    ),
    Term(
        "momentum",
        "A running mean of past gradients, which an optimizer follows in place of the newest gradient. Batch norm's "
        "momentum is something else: the share by which each batch moves the running statistics.",
        "batch_norm",
        step="two-modes",
    ),
    Term(
        "Monte Carlo",
        "Estimating a mean by drawing at random many times and averaging. Monte Carlo dropout leaves dropout on while "
        "predicting and averages the probabilities over many masks.",
        "dropout",
        step="why",
        also=("MC dropout", "Monte Carlo dropout"),
        source="[Gal & Ghahramani 2016](https://arxiv.org/abs/1506.02142)",
    ),
    Term(
        "nat",
        "The unit of cross-entropy when the logarithm is the natural one. Guessing among ten classes costs ln 10 nats "
        "per image.",
        "baseline",
        also=("nats",),
    ),
    Term(
        "norm",
        "A measure of the length of a vector. The L2 norm is the ordinary length, and the L1 norm is the sum of the "
        "absolute values. Batch norm and layer norm are called so because they normalise, not because they are norms.",
        "norm_math",
        step="vector",
    ),
    Term(
        "notebook",
        "The lesson notebook that this course grew out of, written in PyTorch and using the same images. Each lesson "
        "shows what it did, and where it was wrong.",
        "baseline",
        also=("the notebook",),
    ),
    Term(
        "notebook's training loss",
        "The training loss as the notebook computed it: the mean over an epoch's batches, in training mode, with the "
        "penalty added, while the weights are still moving. It cannot be compared with a held-out loss.",
        "baseline",
        also=("the notebook's training loss", "notebook loss", "running loss"),
    ),
    Term(
        "overfitting",
        "Continuing to improve on the training images while the held-out images get worse. The network is then "
        "learning its training images by heart.",
        "baseline",
        also=("overfit", "overfits"),
    ),
    Term(
        "p-norm",
        "The family of norms (Σ|w|ᵖ)^(1/p): p = 1 gives L1, p = 2 the ordinary length. As a penalty the course uses "
        "the sum Σ|w|ᵖ itself. Below p = 1 it is not convex.",
        "norm_math",
        step="plane",
        also=("p norm", "Lp"),
    ),
    Term(
        "paired comparison",
        "Comparing two techniques seed by seed: both start from the same weights and see the same images, so each seed "
        "gives one difference. What the seed does to both cancels.",
        "baseline",
        also=("paired", "paired difference"),
    ),
    Term(
        "parameter",
        "A number that training changes: a weight, a bias, or a normalisation layer's γ or β. A penalty falls on the "
        "weights alone unless a switch says that it falls on all parameters.",
        "baseline",
        also=("parameters",),
    ),
    Term(
        "penalty",
        "A term added to the loss that grows with the weights. The optimizer then has to trade fit against size. "
        "Curves in this course show the loss without it, and the penalty apart.",
        "l1_l2",
        step="prices",
    ),
    Term(
        "plain network",
        "The network of the course without any regularization. All others are compared with it.",
        "baseline",
        also=(PLAIN.name,),
    ),
    Term(
        "pre-activation",
        "The weighted sum that a unit computes, bias included, before ReLU is applied to it.",
        "batch_norm",
        also=("preactivation",),
        step="arithmetic",
    ),
    Term(
        "proximal step",
        "A step that solves a small problem exactly: stay near the present weight, but pay the penalty. For L1 it is "
        "soft thresholding, which reaches exactly 0 where ordinary steps jump across it.",
        "l1_l2",
        step="zero",
        also=("proximal map", "proximal", "prox"),
        source="[Parikh & Boyd 2014](https://web.stanford.edu/~boyd/papers/prox_algs.html)",
    ),
    Term(
        "regularization",
        "Everything done in training so that a network does better on images it has not seen, even if it then fits its "
        "training images less closely.",
        "baseline",
        also=("regularisation", "regularizer", "regulariser"),
    ),
    Term(
        "ReLU",
        "The function max(0, x), applied to every pre-activation: it passes positive numbers and turns negative ones "
        "into 0.",
        "baseline",
        also=("rectified linear unit",),
    ),
    Term(
        "ridge regression",
        "Linear regression with an L2 penalty: it shrinks all coefficients and makes none of them exactly 0.",
        "l1_l2",
        step="weight-decay",
        also=("ridge", "Tikhonov regularization"),
    ),
    Term(
        "running statistics",
        "The mean and the variance of each unit that batch norm gathers during training as moving averages. In "
        "evaluation mode they stand in for the batch's own.",
        "batch_norm",
        also=("running mean", "running variance"),
        step="two-modes",
    ),
    Term(
        "seed",
        "The number that fixes everything random in a training: first weights, order of the images, wrong labels, "
        "masks. The same settings with another seed give another network.",
        "baseline",
        also=("seeds", "random seed"),
    ),
    Term(
        "SGD",
        "Stochastic gradient descent: each step is the learning rate times the gradient of one batch, without any "
        "rescaling.",
        "batch_norm",
        also=("stochastic gradient descent",),
        step="learning-rates",
    ),
    Term(
        "sharpness",
        "How fast the loss rises around the trained network. It depends on how distance between weights is measured, "
        "so two measures of it need not agree.",
        "compare",
        step="sharpness",
        also=("flatness", "flat minimum", "sharp minimum"),
        source="[Dinh et al. 2017](https://arxiv.org/abs/1703.04933)",
    ),
    Term(
        "small and noisy",
        "One of the two settings of the course: 2,000 training images, every fifth label wrong, 60 epochs. The network "
        "overfits badly there, so regularizers have something to do.",
        "baseline",
        also=("small and noisy setting", "2,000 images"),
    ),
    Term(
        "soft thresholding",
        "Subtracting the same amount from the size of every weight, and stopping at 0: sign(w)·max(|w| − ηλ, 0). It is "
        "the proximal step of L1.",
        "norm_math",
        step="maps",
        also=("soft threshold",),
    ),
    Term(
        "softmax",
        "The function that turns logits into probabilities: each is the exponential of its logit, divided by the sum "
        "of all the exponentials.",
        "baseline",
    ),
    Term(
        "sparsity",
        "The share of weights that are zero, or too small to matter. The course says which threshold it counts by, "
        "because an optimizer seldom leaves a weight at exactly 0.",
        "l1_l2",
        step="lambda1",
        also=("sparse",),
    ),
    Term(
        "spy plot",
        "A picture of a weight matrix with a dot for every weight whose size exceeds a threshold, and nothing for the "
        "others. A sparse matrix looks empty.",
        "l1_l2",
        step="lambda1",
        also=("spy",),
    ),
    Term(
        "standard deviation",
        "The typical distance of values from their mean. A number after ± in this course is the standard deviation "
        "over seeds.",
        "baseline",
        also=("±", "spread", "sd"),
    ),
    Term(
        "step",
        "One change of the weights, made from one batch. An epoch has as many steps as there are batches.",
        "baseline",
        also=("optimizer step", "training step"),
    ),
    Term(
        "strength λ",
        "The factor in front of a penalty: how much the size of the weights counts against fitting the images. At 0 "
        "the network is the plain one.",
        "l1_l2",
        step="lambda1",
        also=("λ", "lambda", "strength"),
    ),
    Term(
        "Student's t",
        "The distribution used for an interval when the spread has to be estimated from only a few values. With five "
        "seeds its intervals are wider than those of the normal distribution.",
        "baseline",
        also=("t interval", "t distribution"),
    ),
    Term(
        "subgradient",
        "A slope for a function with a kink. For |w| at 0 every slope from −1 to 1 is a subgradient, and PyTorch "
        "takes 0. Elsewhere it is the ordinary gradient.",
        "l1_l2",
        step="prices",
    ),
    Term(
        "test images",
        "The 10,000 images that are kept for the end. After an epoch or a strength has been chosen on the validation "
        "images, they say what the choice is worth.",
        "baseline",
        also=("test set",),
    ),
    Term(
        "thinned network",
        "What is left of a network when one mask has switched some of its units off.",
        "dropout",
        step="masks",
    ),
    Term(
        "training and evaluation mode",
        "A layer's two ways to work. While training, dropout draws masks and batch norm uses the statistics of the "
        "batch. In evaluation mode, dropout does nothing and batch norm uses its running statistics.",
        "batch_norm",
        also=("training mode", "evaluation mode", "eval mode", "train mode"),
        step="two-modes",
    ),
    Term(
        "training images",
        "The images that the weights are fitted to. Only among these are there wrong labels.",
        "baseline",
        also=("training set",),
    ),
    Term(
        "unit",
        "One number of a hidden layer: the weighted sum of the layer's inputs plus a bias, passed through ReLU.",
        "baseline",
        also=("hidden unit", "neuron"),
    ),
    Term(
        "validation images",
        "Held-out images on which an epoch or a strength is chosen: 10,000 images of the training file that are not "
        "trained on.",
        "baseline",
        also=("validation set",),
    ),
    Term(
        "variance shift",
        "What dropout before batch norm does: masks raise the variance that batch norm keeps, and in evaluation mode "
        "the masks are gone.",
        "compare",
        step="at-once",
        source="[Li et al. 2019](https://arxiv.org/abs/1801.05134)",
    ),
    Term(
        "weight",
        "A number by which a unit multiplies one of its inputs. Training changes the weights, and the biases with "
        "them.",
        "baseline",
        also=("weights",),
    ),
    Term(
        "weight decay",
        "Multiplying every weight by a factor just below 1 at each step. Under plain SGD this is the same as an L2 "
        "penalty; under Adam it is not, which is why there is AdamW.",
        "l1_l2",
        step="weight-decay",
        also=("weight_decay", "decoupled weight decay"),
        source=LOSHCHILOV,
    ),
    Term(
        "weight scaling",
        "Predicting once with all units on, the outputs scaled by the probability that a unit is kept, in place of "
        "averaging over masks. It approximates the geometric mean of the thinned networks' predictions.",
        "dropout",
        step="why",
        source=SRIVASTAVA,
    ),
    Term(
        "γ and β",
        "The scale and the shift that batch norm and layer norm learn for every unit. They let the network undo the "
        "normalisation where that is useful.",
        "batch_norm",
        also=("gamma", "beta", "γ", "β", "gain"),
        step="arithmetic",
    ),
)
"""In alphabetical order, whatever the case of their letters; Greek ones last."""
