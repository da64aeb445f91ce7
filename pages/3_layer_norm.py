"""Lesson 3: layer norm, which takes its statistics along the other axis."""

from collections.abc import Mapping
from dataclasses import replace

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
    steps,
)
from core.app.take_home import take_home
from core.config import FULL, SMALL_AND_NOISY
from core.course.batch_norm import BATCH_NORM, probe_ratio
from core.course.claim import Claim
from core.course.claimed import layer_norm as claimed
from core.course.claims import (
    BEST_EPOCH,
    BEST_LOSS,
    FIRST_EPOCH,
    FIVE_EPOCHS,
    GAP,
    LAST_ACCURACY,
    LAST_LOSS,
    LOSS_GAP,
    MEMORISED,
    RISE,
    sentence,
)
from core.course.layer_norm import LAYER_NORM, OWN_LAYER, by_batch_size, learns_up_to, why_it_is_faster
from core.course.norms import BATCH_SIZES, LEARNING_RATES, OWN_SETTINGS, at_batch_size, at_learning_rate
from core.course.over_seeds import edge_rise, normalised
from core.results import library
from core.results.surface import SurfaceSpec, notebook_spec
from core.techniques import PLAIN

NETWORKS = normalised(FULL)
UNFOLD = ":material/unfold_more:"
BATCH, LAYER = techniques.BATCH_NORM.name, techniques.LAYER_NORM.name

lesson = steps.lesson("pages/3_layer_norm.py")

# --- the picture and the formula ------------------------------------------------------------------------------------


@lesson.step(
    "Which numbers share a mean?",
    settings=("axis", "cells_mode", "samples", "stretch", "sample", "feature"),
    say="A batch is a table. Batch norm takes its mean down a column, and layer norm takes it along a row. Everything "
    "else in this lesson follows from that.",
    ask="I multiply the last sample by 5. Whose outputs change under batch norm, and whose under layer norm?",
    trap="Most expect the stretched sample's own outputs to change under layer norm. They stay as they are, because "
    "the whole row is scaled back.",
    minutes=6,
)
def which_numbers() -> None:
    figure, side = steps.side_by_side()
    with side:
        axis, mode, samples, stretch = norm_arithmetic.cells_controls()
        st.markdown(
            "A batch is a table with a row for each sample and a column for each feature. The bright cells share one "
            "mean μ and one standard deviation σ. **Switch the axis. Then multiply the last sample by 5: whose "
            "outputs change?** Finally, set the batch to one sample."
        )
        with steps.fold("Look at another cell"):
            picked = norm_arithmetic.picked_cell()
        with steps.fold("Answer: who depends on whom?"):
            _company()
    with figure:
        norm_arithmetic.cells_figures(axis, mode, samples, stretch, picked, key="cells")


def _company() -> None:
    st.markdown(
        "**Batch norm**: stretching the last sample by 5 moves the outputs of sample 1, which nobody touched, by up to "
        f"**{norm_arithmetic.first_sample_moves(BATCH):.2f}**. A sample's output depends on the other samples.\n"
        "\n"
        f"**Layer norm**: it moves them by **{norm_arithmetic.first_sample_moves(LAYER):.2f}**. The last sample's own "
        "outputs stay as well, because a row that is stretched as a whole is scaled back as a whole.\n"
        "\n"
        "**With one sample** batch norm has nothing to compare it with. In training mode PyTorch raises an error. In "
        "evaluation mode it uses the *running statistics*, the means and variances that it collected during training. "
        "Layer norm computes the same in both modes and for any number of samples.\n"
        "\n"
        "Between the two axes lies **group norm**. It splits the features of one sample into groups and normalises "
        "each group by itself ([Wu & He 2018](https://arxiv.org/abs/1803.08494)). With a single group it is layer "
        "norm, and with any number of groups it does not depend on the batch."
    )


@lesson.step(
    "The formula, along a row",
    say="The formula is that of batch norm with i and j exchanged in the mean. The gain γ did not move: it still "
    "belongs to the column.",
    ask="Why is there a γ for each unit and not for each sample?",
    trap="The number in nn.LayerNorm is the width of what comes out of the layer before it, and not of what goes in.",
    minutes=4,
)
def formula() -> None:
    figure, side = steps.side_by_side(6, 4)
    with figure:
        st.latex(
            r"\mu_i = \frac{1}{D}\sum_{j=1}^{D} x_{ij} \qquad "
            r"\sigma_i^2 = \frac{1}{D}\sum_{j=1}^{D} (x_{ij} - \mu_i)^2"
        )
        st.latex(r"y_{ij} = \gamma_j\,\frac{x_{ij} - \mu_i}{\sqrt{\sigma_i^2 + \varepsilon}} + \beta_j")
        st.caption("The first sample of the last step, before γ and β:")
        st.table(norm_arithmetic.row_by_hand())
        st.code("nn.Linear(784, 392), nn.LayerNorm(392), nn.ReLU()", language="python")
    with side:
        st.markdown(
            "**Mean and variance** are those of *sample* $i$, over its $D$ features. A feature is what one unit "
            "passes on before the ReLU: its **pre-activation**.\n\n**The gain** $\\gamma_j$ **and the bias** "
            "$\\beta_j$ are trained. They give *unit* $j$ a scale and a shift of its own again. Only the statistics "
            "have changed their axis.\n\nThere are no running statistics. **Training mode and evaluation mode are the "
            "same computation.**"
        )
        with steps.fold("The symbols, and the source"):
            st.markdown(
                "$x_{ij}$ is feature $j$ of sample $i$. $D$ is the number of units of the layer: 392 in the first "
                "hidden layer, and 196 in the second. $\\sigma_i^2$ is the biased variance, divided by $D$ and not by "
                "$D - 1$. $\\varepsilon = 10^{-5}$ keeps the root away from 0. The formula is that of [Ba, Kiros & "
                "Hinton 2016](https://arxiv.org/abs/1607.06450).\n"
                "\n"
                "In PyTorch it is `nn.LayerNorm(392)` after `nn.Linear(784, 392)`. The number is the width of what "
                "comes *out* of the linear layer. The notebook's blank asks for `nn.LayerNorm()` there, without saying "
                "so."
            )


# --- what it repairs ------------------------------------------------------------------------------------------------

REPAIRS = {
    "Batch size": (at_batch_size, BATCH_SIZES, 2, "batch size"),
    "Learning rate": (at_learning_rate, LEARNING_RATES, 1.0, "learning rate"),
}


@lesson.step(
    "What does layer norm repair?",
    settings=("repairs",),
    say="The notebook lists three drawbacks of batch norm. One of them is true as it stands, and we can measure it: "
    "small batches.",
    ask="Which network would you take if only two images fit into memory at once?",
    trap="Layer norm copes with small batches, but that does not make it the better one at large learning rates.",
    minutes=6,
)
def repairs() -> None:
    figure, side = steps.side_by_side()
    with side:
        shown = steps.views(tuple(REPAIRS), key="repairs", label="Accuracy against")
        st.markdown(
            "The notebook lists three drawbacks of batch norm. **At which batch size does batch norm break? Does "
            "layer norm break there too?** Each dot is one of five seeds."
        )
        with steps.fold("What the seeds say"):
            _limits()
        with steps.fold("“It cannot be used in recurrent networks”"):
            st.markdown(
                "It can be. A recurrent network reads a sequence, such as a sentence, one element at a time, and hands "
                "its hidden units on from each time step to the next. [Cooijmans et al. "
                "2016](https://arxiv.org/abs/1603.09025) normalise these hidden units and gain by it. But it is "
                "awkward. The statistics differ from one time step to the next, so each step needs statistics of its "
                "own, and for a sequence longer than any in training there are none."
            )
        with steps.fold("“It suits language less”"):
            st.markdown(
                "There is something in it. The sentences of a batch have different lengths, and the shorter ones are "
                "filled up with empty words (*padding*), which spoil the mean over the batch. The statistics of words "
                "also change from batch to batch. Transformers, the networks behind today's language models, use "
                "layer norm or a relative of it."
            )
        with steps.fold("What layer norm gives up"):
            st.markdown(
                "It gives up that each feature is put on one scale over the data. A feature that is always large stays "
                "large in every row. In convolutional networks for images batch norm is often still the better choice."
            )
    with figure:
        with steps.fold("Predict first: which learning rates does it cope with?"):
            questions.at("layer_norm", "rates")
        for name in shown:
            at, stops, current, x_title = REPAIRS[name]
            comparisons.all_stops(at, stops, current, x_title=x_title, key=f"repairs_{x_title}", height=370)


def _limits() -> None:
    small, large = comparisons.runs_of(at_batch_size(2)), comparisons.runs_of(at_learning_rate(1.0))
    st.markdown(
        "**Batch norm ties a sample to its batch.** That drawback is true. Against the plain network, the validation "
        f"accuracy of batch norm {by_batch_size(BATCH)}. That of layer norm {by_batch_size(LAYER)}. With batches of 2, "
        f"batch norm reaches {LAST_ACCURACY.over(small[BATCH])} and layer norm {LAST_ACCURACY.over(small[LAYER])}. "
        "(These are 2,000 images and ten epochs of Adam.)\n"
        "\n"
        "**Learning rates of SGD.** With every seed, the plain network learns up to a rate of "
        f"{learns_up_to(PLAIN.name)}, layer norm up to {learns_up_to(LAYER)}, and batch norm up to "
        f"{learns_up_to(BATCH)}. At a rate of 1 layer norm reaches {LAST_ACCURACY.over(large[LAYER])}, batch norm "
        f"{LAST_ACCURACY.over(large[BATCH])}, and the plain network {LAST_ACCURACY.over(large[PLAIN.name])} of the "
        "test images. (These are 60,000 images and five epochs.)"
    )


# --- training -------------------------------------------------------------------------------------------------------


@lesson.step(
    "Three networks, five seeds: is layer norm best?",
    settings=("compare_on", "compare_view"),
    say="This is the figure that ends the notebook's chapter, but with five trainings of each network and not one.",
    ask="The notebook concludes that layer normalization provided the best performance. Would you sign that?",
    trap="No clear difference does not mean that the networks are equal. It means that five seeds cannot tell.",
    minutes=6,
)
def three_networks() -> None:
    figure, side = steps.side_by_side()
    with side:
        measured_on = comparisons.images_choice("compare")
        st.markdown(
            "The notebook shows one run of each network and concludes: *layer normalization provided the best "
            "performance*. Here are five seeds of each. The line is their mean, and the band reaches from the lowest "
            "to the highest. **Would you sign that sentence?**"
        )
        with steps.fold("What may be concluded"):
            _concluded()
        with steps.fold("What may not be concluded"):
            st.markdown(
                "Where it says *no clear difference*, five seeds cannot tell the networks apart. That does not make "
                "them equal. Nothing here says that layer norm is better in general, on other data, or at another "
                "learning rate. And the best epoch was chosen on the very images that it is judged by: with all 60,000 "
                "images used for training, only the test images are left to measure on."
            )
    with figure:
        shown = steps.views(comparisons.CURVES, key="compare_view")
        comparisons.curves_figures(NETWORKS, measured_on, key="compare", log_loss=True, height=370, shown=shown)
        with steps.fold("The measures of all three"):
            comparisons.measure_table(
                comparisons.runs_of(NETWORKS),
                (FIRST_EPOCH, FIVE_EPOCHS, LAST_ACCURACY, BEST_EPOCH, BEST_LOSS, LAST_LOSS, RISE, LOSS_GAP, GAP),
            )
            st.caption(
                "The numbers are means ± standard deviations over seeds. Losses are in nats per image. The last row "
                "is the gap of the accuracies, training minus test. On the logarithmic loss axis equal distances are "
                "equal ratios."
            )
        take_home(NETWORKS, key="compare")


def _concluded() -> None:
    def of_layer_norm(what: str, claim: Claim) -> str:
        return sentence(f"layer norm's {what}", claim.told)

    def against_both(what: str, claims: Mapping[str, Claim]) -> str:
        return (
            f"Compared with the plain network's, {of_layer_norm(what, claims[PLAIN.name])}. Compared with batch "
            f"norm's, {of_layer_norm(what, claims[BATCH])}"
        )

    st.markdown(
        "Layer norm is compared here with each of the others, paired seed by seed:\n"
        "- **After the first epoch.** Compared with the plain network's, "
        f"{of_layer_norm('accuracy', claimed.FIRST)}.\n"
        f"- **At the best epoch.** {against_both('loss', claimed.BEST_AGAINST)}.\n"
        f"- **At the last epoch.** {against_both('loss', claimed.LAST_AGAINST)}.\n"
        f"- **Accuracy at the last epoch.** {against_both('accuracy', claimed.ACCURACY_AGAINST)}.\n"
        "\n"
        "So *best* depends on what is counted, and on when one stops."
    )


# --- smoothness -----------------------------------------------------------------------------------------------------

SPECS = {
    PLAIN.name: SurfaceSpec(FULL),
    LAYER: SurfaceSpec(LAYER_NORM),
    BATCH: SurfaceSpec(BATCH_NORM, statistics="batch"),
}


@lesson.step(
    "The loss surface: who is steeper?",
    settings=("radius", "directions", "log_z", "beside"),
    say="All networks stand on one loss axis. First compare them near the trained network, then go further out. The "
    "notebook compared shapes whose axes differ by orders of magnitude.",
    ask="At range 1, which of the two rises more? And at range 2?",
    trap="A surface far from the trained network says little about training, which never goes there.",
    minutes=4,
)
def surface() -> None:
    figure, side = steps.side_by_side()
    with side:
        st.markdown(
            "Here are the losses around two trained networks, on one loss axis. **Which of them rises more at range 1? "
            "And which at range 2?** Turn one, and the other turns as well."
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
            st.caption(
                "The rise to the edge is the mean loss along the edge of the square minus the loss of the trained "
                "network. *Log loss* shows the floors of the bowls. Batch norm is drawn with the statistics of a batch "
                "at each point; the batch norm lesson explains the difference."
            )
        take_home({name: spec.run for name, spec in SPECS.items()}, key="landscape")
    drawn = st.expander(
        "What the notebook drew", key="notebook_drew", on_change="rerun", expanded=frame.is_whole(), icon=UNFOLD
    )
    if drawn.open:
        with drawn:
            _notebook()
            panels.notebook_claims_link()


def _notebook() -> None:
    own, far = library.stored_run(LAYER_NORM), library.stored(notebook_spec(FULL))
    theirs = runs.measured_or_computing(notebook_spec(LAYER_NORM), own, key="theirs") if own else None
    ours = runs.measured_or_computing(SurfaceSpec(LAYER_NORM), own, key="ours") if own else None
    if theirs and ours and far:
        landscapes.surfaces_side_by_side(
            {"The notebook's method": (theirs, True), "Filter-normalised, fixed images": (ours, False)},
            key="notebook",
            log_z=False,
            same_z=False,
        )
        st.markdown(
            f"The notebook's surface of layer norm ends at {theirs.range[1]:.0f}, and its surface of the plain network "
            f"at {far.range[1]:,.0f}. It compares the shapes of the two. But layer norm cannot let the activations "
            "explode, however far one walks. That is all that the height of its picture says, and it says nothing "
            "about training."
        )


def _rises() -> None:
    st.markdown(
        "These are the rises from the trained network to the edge. Each is the mean ± standard deviation over three "
        "pairs of directions around one network of each kind, seed 0.\n"
        + "\n".join(
            f"- **Range {radius:g}**: {edge_rise(SPECS[PLAIN.name], radius)} for the plain network, and "
            f"{edge_rise(SPECS[LAYER], radius)} for layer norm. Compared with the plain network's, "
            + sentence("layer norm's rise", claim.told)
            + "."
            for radius, claim in claimed.SURFACE.items()
        )
        + "\n\nLayer norm acts as a brake on the way out. Whatever the first two layers compute there, its scale is "
        "put right before the next layer sees it."
    )


MEASURES = {"Effective β": "effective_beta", "Change of gradient": "gradient_change", "Loss range": "loss_range"}


@lesson.step(
    "Along the gradient: is that why it trains faster?",
    settings=("probe_optimizer", "gradient_view"),
    say="Training does not walk in random directions. It follows the gradient. So look along the gradient, while the "
    "network is being trained, under two optimizers.",
    ask="Is layer norm's line below the plain network's under both optimizers?",
    trap="A smoother loss is a good story for batch norm. Layer norm under SGD shows that it cannot be the whole one.",
    minutes=5,
)
def along_the_gradient() -> None:
    figure, side = steps.side_by_side()
    with side:
        optimizer = norm_measurements.optimizer_choice()
        st.markdown(
            "Take a step along the gradient and ask how much the gradient changes on the way, per distance: the "
            "**effective β**. A small one means a smooth loss. **Is layer norm's line below the plain network's? Is it "
            "under SGD too?**"
        )
        with steps.fold("What was measured"):
            st.markdown(
                "These are ratios of means over five seeds. Under Adam layer norm smooths the loss too, but less than "
                "batch norm does. The plain network's "
                f"effective β is {probe_ratio('adam', 'effective_beta', LAYER)} times layer norm's, and "
                f"{probe_ratio('adam', 'effective_beta', BATCH)} times batch norm's. Under SGD the plain network's is "
                f"{probe_ratio('sgd', 'effective_beta', LAYER, digits=2)} times layer norm's."
            )
        with steps.fold("So why does it train faster?"):
            st.markdown(why_it_is_faster())
    with figure:
        shown = steps.views(tuple(MEASURES), key="gradient_view")
        norm_measurements.smoothness_figures(optimizer, [MEASURES[name] for name in shown], height=370)
    with steps.fold("The numbers, and how they were measured"):
        st.markdown(
            "The *change of gradient* is the largest change of the gradient over the steps that were tried. The "
            "*effective β* is the largest change per distance moved. The *loss range* is how much the loss varies over "
            "these steps. The batch norm lesson has the formulas, and the measures come from [Santurkar et al. "
            "2018](https://arxiv.org/abs/1805.11604)."
        )
        norm_measurements.smoothness_numbers(optimizer)


# --- try it ---------------------------------------------------------------------------------------------------------


@lesson.step(
    "Your own run",
    settings=(*OWN_SETTINGS, "notebook_loss"),
    say="Everything at the stops is stored. Anything else is trained while you watch, in a few seconds.",
    ask="Set the wrong labels to 0.2. Does layer norm keep the network from learning them by heart?",
    trap="A network that trains faster also learns wrong labels faster. Normalisation is not a cure for overfitting.",
    minutes=5,
)
def own_run() -> None:
    panels.own_run(
        OWN_SETTINGS,
        OWN_LAYER,
        first=("norm", "label_noise", "n_train"),
        says="These are 2,000 images, so that a run takes seconds. **Set the wrong labels to 0.2: does layer norm keep "
        "the network from learning them by heart?** This is one run of each; change the seed before you believe it.",
    )
    with steps.fold("Answer: does it keep the network from learning wrong labels?"):
        _wrong_labels()


def _wrong_labels() -> None:
    noisy = replace(OWN_LAYER, label_noise=SMALL_AND_NOISY.label_noise)
    layer, plain = library.stored_run(noisy), library.stored_run(SMALL_AND_NOISY)
    st.markdown(
        "It does not. With a fifth of the labels wrong, the network with layer norm reproduces "
        f"{MEMORISED.over([layer] if layer else [])} of them at the last epoch, and the plain network "
        f"{MEMORISED.over([plain] if plain else [])}. These are single runs with seed 0. Normalisation makes training "
        "faster at first; it is not a cure for overfitting."
    )


# --- the notebook's fault -------------------------------------------------------------------------------------------


@lesson.step(
    "Find the fault",
    settings=("fault",),
    part="faults",
    say="This is the conclusion of the notebook's chapter: three curves, and a winner.",
    ask="What would you have to see before you believed it?",
    trap="The code is right. The fault is in what is concluded from it.",
    minutes=4,
)
def find_the_fault() -> None:
    faults.find_the_fault("layer_norm")


# --- exercises, reading ---------------------------------------------------------------------------------------------


@lesson.step(
    "Fill in the code",
    settings=("exercise",),
    part="code",
    say="There are two blanks: layer norm in layers, and layer norm by hand.",
    ask="Over which dimension does the mean run?",
    trap="Without keepdim=True the means form a row, and PyTorch subtracts them from the columns or stops.",
    minutes=8,
)
def fill_in_the_code() -> None:
    code.fill_in("layer_norm")


@lesson.step(
    "Check yourself",
    settings=("question",),
    part="questions",
    say="Commit before you look.",
    ask="Which of these would you have answered differently an hour ago?",
    trap="The number at the best epoch was chosen, so it is too good.",
    minutes=5,
)
def check_yourself() -> None:
    questions.check_yourself("layer_norm")


@lesson.step(
    "What you can now do",
    say="One picture to take away: the bright row. No other sample has a part in it.",
    ask="Tell your neighbour in two sentences what changes when the axis is switched.",
    trap="Layer norm is neither newer and therefore better, nor a regularizer.",
    minutes=3,
)
def now_you_can() -> None:
    figure, side = steps.side_by_side()
    with figure:
        norm_arithmetic.cells_figures(LAYER, "training", norm_arithmetic.N_SAMPLES, 1.0, (0, 2), key="remembered")
    with side:
        st.markdown(
            "You can now\n"
            "1. point at the numbers that share a mean, in batch norm and in layer norm;\n"
            "2. say why layer norm needs no batch and has only one mode;\n"
            "3. put `nn.LayerNorm` in its place, with the right width;\n"
            "4. say what it repairs, and what it gives up;\n"
            "5. ask of any winner over how many seeds it won.\n"
            "\n"
            "**Remember the bright row**: a sample is normalised by itself."
        )
        with steps.fold("What to read"):
            st.markdown(
                "- Ba, Kiros & Hinton 2016, *Layer Normalization*, "
                "[arXiv:1607.06450](https://arxiv.org/abs/1607.06450).\n"
                "- Cooijmans, Ballas, Laurent, Gülçehre & Courville 2016, *Recurrent Batch Normalization*, "
                "[arXiv:1603.09025](https://arxiv.org/abs/1603.09025).\n"
                "- Wu & He 2018, *Group Normalization*, [arXiv:1803.08494](https://arxiv.org/abs/1803.08494): between "
                "the two axes.\n"
                "- Santurkar, Tsipras, Ilyas & Mądry 2018, *How Does Batch Normalization Help Optimization?*, "
                "[arXiv:1805.11604](https://arxiv.org/abs/1805.11604): the three measures.\n"
                "- Bouthillier et al. 2021, *Accounting for Variance in Machine Learning Benchmarks*, "
                "[arXiv:2103.03098](https://arxiv.org/abs/2103.03098): what one run of each says, and what it does not."
            )


lesson.show()
