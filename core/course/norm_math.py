"""Lesson 6: the mathematics of norms. Its questions, faults and typed code; it trains nothing of its own."""

from __future__ import annotations

import numpy as np

from core.config import FULL, RunConfig
from core.course.claims import NotStored, percent
from core.course.faults import Fault
from core.course.over_seeds import run_of
from core.course.pictures import GREY, Panel, Picture
from core.course.questions import Choice, Curve, Drawing, Option, question
from core.figures.faults import lines_figure
from core.figures.shrinkage import flows_figure
from core.maths.shrinkage import L1, L2, Bowl, arrival_in_bowl, flow, flow_in_bowl
from core.maths.shrinkage import arrival as arrival_alone
from core.maths.small_vector import NORMS
from core.techniques import COLOURS
from core.typed_code.exercises import Accepted, ByValue, Exercise, Inputs, Mistake, draw_numbers, mistakes, variable

NUMBER = 6
"""Of the lesson in the course."""
PLANS = {
    15: ("which-entry", "vector", "slope"),
    45: ("which-entry", "vector", "price", "plane", "slope", "maps", "flow", "network", "now-you-can"),
}
"""Minutes → the steps that fill them, by their names in the address."""

WITH_WEIGHTS: frozenset[RunConfig] = frozenset()


def runs() -> set[RunConfig]:
    """None: its real weights are those of the baseline."""
    return set()


def measurements() -> list:
    return []


def measurements_of(run: RunConfig) -> list:
    return []


# --- questions -------------------------------------------------------------------------------------------------------

EPSILON, SHORTENED = 0.2, (0.0, 0.1, 0.2, 0.4, 0.6)
"""The small entry, and the δ at which the student draws the norm."""


@question("vector")
def draw_kink() -> Drawing:
    return Drawing(
        (
            "First make a prediction. Take ε = 0.2 and shorten the *small* entry. **Draw ‖x − d‖₁ for each δ**, then "
            "commit."
        ),
        Curve(
            "δ",
            "‖x − d‖₁",
            tuple(f"{delta:g}" for delta in SHORTENED),
            tuple(float(NORMS["L1, from the small"].value(EPSILON, delta)) for delta in SHORTENED),
            0.6,
            1.6,
            0.08,
            percent=False,
        ),
        (
            "The norm falls from 1.2 to 1 at δ = ε = 0.2, and then it rises again, because the entry has passed 0 and "
            "grows on the other side."
        ),
    )


@question()
def a_tenth() -> Choice:
    return Choice(
        "Take x = (1, 0.1) and subtract 0.1 from the small entry. By how much do ‖x‖²₂ and ‖x‖₁ fall?",
        (
            Option(
                "Both by 0.1",
                "The L1 norm does, but the square falls only from 1.01 to 1.",
            ),
            Option(
                "By 0.01 and by 0.1",
                (
                    "At the *large* entry they would fall by 0.19 and by 0.1. L2 gains nineteen times as much there, "
                    "and L1 gains just as much."
                ),
                right=True,
            ),
            Option(
                "By 0.19 and by 0.1",
                "That is what you gain by taking 0.1 from the *large* entry.",
            ),
            Option(
                "By 0.01 and by 0.01",
                "The L1 norm counts the size itself, so 1.1 becomes 1.",
            ),
        ),
    )


@question()
def always_an_axis() -> Choice:
    return Choice(
        "Does the L1 optimum of a bowl always lie on an axis?",
        (
            Option(
                "Yes, its ball has corners there",
                (
                    "An ellipse may also touch the ball on an edge. In the step *Two weights and a loss*, move the "
                    "centre far from both axes, or make λ small."
                ),
            ),
            Option(
                "Only if the bowl is not tilted",
                (
                    "The tilt does not decide it. Look at the random trials of *Two weights and a loss*, at a small "
                    "and at a large λ."
                ),
            ),
            Option(
                "No: only where the loss pulls on a weight with at most λ",
                (
                    "With a small λ both weights often stay. The random trials of *Two weights and a loss* count how "
                    "often."
                ),
                right=True,
            ),
        ),
    )


@question()
def other_sign() -> Choice:
    return Choice(
        "The bowl is tilted, and its centre has w₂ > 0. Can the L1 optimum have w₂ < 0?",
        (
            Option(
                "Yes",
                (
                    "When w₁ is shortened, the tilted bowl is lowest at another w₂, which may be negative. In *Two "
                    "weights and a loss*, try the centre (2, 0.2), a tilt of 30° and a stretch of 4, and move λ."
                ),
                right=True,
            ),
            Option(
                "No: a penalty only shortens",
                (
                    "The penalty acts on each weight by itself, but the loss ties the two together. In *Two weights "
                    "and a loss*, try the centre (2, 0.2), a tilt of 30° and a stretch of 4."
                ),
            ),
            Option(
                "Only under L2",
                (
                    "It happens under L1 too. In *Two weights and a loss*, try the centre (2, 0.2), a tilt of 30° and "
                    "a stretch of 4, and move λ."
                ),
            ),
        ),
    )


@question()
def elastic_net() -> Choice:
    return Choice(
        "Why does an elastic net with α = 0.5 make fewer zeros than L1 at the same λ?",
        (
            Option(
                "Its L2 part pushes weights away from zero",
                "L2 pulls towards zero as well. It only has no force at zero itself.",
            ),
            Option(
                "Its kink at 0 is half as high",
                "A weight is held at 0 only while the loss pulls with at most αλ = λ/2.",
                right=True,
            ),
            Option(
                "It has no kink, as the square rounds it off",
                "The |w| in it keeps its kink, although the kink is only half as high.",
            ),
        ),
    )


@question()
def arrival() -> Choice:
    return Choice(
        "A weight starts at 0.5, with λ = 0.5 and no loss. Where is it at t = 1?",
        (
            Option(
                "At 0 under L1, at 0.184 under L2",
                "Under L1 it is at 0.5 − 0.5·1 = 0. Under L2 it is at 0.5·e⁻¹ = 0.184, and it never arrives.",
                right=True,
            ),
            Option(
                "At 0 under both",
                "L2's pull fades with the weight, so the weight halves again and again.",
            ),
            Option(
                "At 0.184 under L1, at 0 under L2",
                "It is the other way round: L1 is the straight line.",
            ),
            Option(
                "At 0 under L1, at 0.25 under L2",
                "L2 falls by the factor e^(−2λt) = e⁻¹, which is less than a half.",
            ),
        ),
    )


@question()
def p_above_one() -> Choice:
    return Choice(
        "The penalty is |w|^1.25, and the loss is a bowl. How many weights does it make exactly zero?",
        (
            Option(
                "Fewer than L1, but some",
                (
                    "Its ball looks nearly pointed, but nearly is not enough. The numbers in *What decides is the "
                    "slope next to zero* are small, and not 0."
                ),
            ),
            Option(
                "As many as L1",
                "Its slope at 0 is 0, so nothing holds a weight there.",
            ),
            Option(
                "None, but for chance",
                "For every p > 1 the slope at 0 is 0, so the smallest pull of the loss moves the weight off it.",
                right=True,
            ),
        ),
    )


def _zeroed(amount: float) -> str:
    """The share of the plain network's first layer that one soft threshold of this amount makes 0 (seed 0)."""
    run = run_of(FULL)
    if run.weights is None:
        raise NotStored("the weights of the plain network are not stored")
    return percent(np.mean(np.abs(run.weights["linear1.weight"].astype(np.float64)) <= amount), 4)


@question()
def half_the_network() -> Choice:
    return Choice(
        (
            "Take the real first layer, and set step size × λ so that L1's map makes about half of the weights zero. "
            "What has L2's map done to them?"
        ),
        (
            Option(
                "Zeroed about half as many",
                "It zeroed none, because it divides each weight by the same number.",
            ),
            Option(
                "Scaled them by a few per cent, and zeroed none",
                "L2 divides by 1 + 2ηλ. When ηλ is a few hundredths, that can hardly be seen.",
                right=True,
            ),
            Option(
                "Halved all of them",
                f"That would need ηλ = 0.5, at which L1 would have zeroed {_zeroed(0.5)} of the weights.",
            ),
        ),
    )


# --- find the fault --------------------------------------------------------------------------------------------------


DELTAS = np.linspace(0, 1.5, 151)


def _no_kink(*, mended: bool) -> Picture:
    found = {"as the code has it": (DELTAS, 1 - DELTAS + EPSILON)}
    if mended:
        found["‖x − d‖₁"] = DELTAS, NORMS["L1, from the small"].value(EPSILON, DELTAS)
    colours = (GREY, COLOURS["L1"]) if mended else (COLOURS["L1"],)
    figure = lines_figure(found, x_title="δ", y_title="L1 norm", colours=colours, y_range=(-0.4, 2.4))
    return Picture((Panel(figure, "The L1 norm over δ."),))


TIMES, STRENGTH, BOWL = np.linspace(0, 6, 121), 0.5, Bowl(1.0, 0.3)


def _norm_alone(*, with_loss: bool) -> Picture:
    if with_loss:
        curves = {name: flow_in_bowl(1.0, STRENGTH, TIMES, BOWL, name) for name in ("L1", "L2")}
        met = {name: arrival_in_bowl(1.0, STRENGTH, BOWL, name) for name in ("L1", "L2")}
    else:
        penalties = {"L1": L1, "L2": L2}
        curves = {name: flow(1.0, STRENGTH, TIMES, penalty) for name, penalty in penalties.items()}
        met = {name: arrival_alone(1.0, STRENGTH, penalty) for name, penalty in penalties.items()}
    figure = flows_figure(curves, TIMES, len(TIMES) - 1, met, title="A weight over time")
    ends = "; ".join(f"{name} ends at {curve[-1]:.3f}" for name, curve in curves.items())
    return Picture((Panel(figure, "A weight over time under L1 and under L2."),), f"{ends}.")


NO_KINK = Fault(
    name="no-kink",
    title="A formula for the L1 norm",
    code="""\
# x = (1, epsilon), d = (0, delta)
def l1_norm_of_x_minus_d(delta, epsilon):
    return 1 - delta + epsilon""",
    picture=lambda: _no_kink(mended=False),
    says="This is the function against δ, at ε = 0.2.",
    asks="Something must be wrong. What is it?",
    options=(
        Option(
            "It should be 1 − δ·ε",
            "The norm is |1| + |ε − δ|, which contains a difference and not a product.",
        ),
        Option(
            "It holds only up to δ = ε, for no size is negative",
            (
                "Beyond δ = ε the size |ε − δ| is δ − ε, and the norm rises again. A norm that falls below 1 here "
                "would mean a negative size."
            ),
            right=True,
        ),
        Option(
            "It should be squared",
            "The L1 norm adds up sizes. It is the L2 norm that squares.",
        ),
        Option(
            "Nothing, an L1 norm can be as small as one likes",
            "It cannot be, for the first coordinate alone has size 1.",
        ),
    ),
    mended="""\
def l1_norm_of_x_minus_d(delta, epsilon):
    return 1 + abs(epsilon - delta)""",
    mended_picture=lambda: _no_kink(mended=True),
    after=(
        "With the size of the second coordinate, the norm falls to 1 at δ = ε and then rises again. That kink is why "
        "L1 stops at zero."
    ),
)

NO_LOSS = Fault(
    name="norm-alone",
    title="Making the norm small",
    code="""\
w = 1.0
for step in range(steps):
    # the gradient: sign(w) for L1, 2 * w for L2
    w -= lr * strength * gradient_of_norm(w)""",
    picture=lambda: _norm_alone(with_loss=False),
    says="A weight follows the slope of either norm down, with strength 0.5.",
    asks="Both end at or near zero. What does this say about which weights of a *network* become zero?",
    options=(
        Option(
            "All of them, under either norm",
            "Then the network could no longer classify anything. Something holds on to weights.",
        ),
        Option(
            "None under L2, all under L1",
            "Under L1, too, some weights stay: those that the data need.",
        ),
        Option(
            "Nothing, because the loss is missing",
            (
                "Nobody minimises the norm alone. A network minimises loss *plus* penalty. A weight stays where both "
                "pull equally hard."
            ),
            right=True,
        ),
    ),
    mended="""\
for step in range(steps):
    pull = strength * gradient_of_norm(w)
    w -= lr * (gradient_of_loss(w) + pull)""",
    mended_picture=lambda: _norm_alone(with_loss=True),
    after=(
        "Here the loss is ½(w − 0.3)², and the steps are so small that they make a curve. L1 still takes the weight "
        "to 0, because at 0 the loss pulls with less than λ. (Larger steps would jitter around 0, and a proximal step "
        "lands on it.) Under L2 the weight stays at 0.3/(1 + 2λ)."
    ),
)

# --- typed code ------------------------------------------------------------------------------------------------------

_TWO_NORMS = "l2 = {}\nl1 = {}\nboth = torch.stack([l2, l1])\n"


def _short_vector(rng: np.random.Generator) -> Inputs:
    """x = (1, ε) and d = (0, δ), δ past ε; and ε and δ by their names in the text."""
    epsilon, delta = np.array(rng.uniform(0.05, 0.5)), np.array(rng.uniform(0.6, 1.5))
    return {"x": np.array([1.0, epsilon]), "d": np.array([0.0, delta]), "epsilon": epsilon, "delta": delta}


NORMS_OF_X = Exercise(
    name="norms-of-x",
    title="The two norms",
    asks=(
        "`x` is the vector (1, ε), and `d` is the move (0, δ). You may also use `epsilon` and `delta`. **Write ‖x − "
        "d‖²₂ and ‖x − d‖₁** so that they hold for every δ, also past ε. (The last line only hands both to the check.)"
    ),
    template=_TWO_NORMS.format("...", "..."),
    hints=(
        "`x - d` is the vector (1, ε − δ).",
        "The squared L2 norm adds up squares, and the L1 norm adds up sizes.",
        "`((x - d) ** 2).sum()` and `(x - d).abs().sum()`",
    ),
    solution=_TWO_NORMS.format("((x - d) ** 2).sum()", "(x - d).abs().sum()"),
    verdict=ByValue(
        inputs=_short_vector,
        result=variable("both"),
        parts=("l2", "l1"),
        accepted=(
            Accepted(
                _TWO_NORMS.format("((x - d) ** 2).sum()", "(x - d).abs().sum()"),
                "Both hold for every δ. Past δ = ε the L1 norm is 1 + δ − ε, which rises again.",
            ),
        ),
        mistakes=(
            Mistake(
                _TWO_NORMS.format("((x - d) ** 2).sum()", "(x - d).sum()"),
                (
                    "This is the notebook's 1 − δ + ε. Past δ = ε the second coordinate is negative, and its size is "
                    "δ − ε. Take the absolute values."
                ),
            ),
            Mistake(
                _TWO_NORMS.format("(x - d).norm()", "(x - d).abs().sum()"),
                "The L2 norm should be squared. Leave the root out.",
            ),
            Mistake(
                _TWO_NORMS.format("(x - d).abs().sum()", "((x - d) ** 2).sum()"),
                "The two are interchanged.",
            ),
            Mistake(
                _TWO_NORMS.format("(x ** 2 - d ** 2).sum()", "(x - d).abs().sum()"),
                "(x − d)² is not x² − d². Subtract first, then square.",
            ),
            Mistake(
                _TWO_NORMS.format("((x + d) ** 2).sum()", "(x + d).abs().sum()"),
                "The move has to be subtracted, as in x − d.",
            ),
            Mistake(
                _TWO_NORMS.format("(x ** 2).sum()", "x.abs().sum()"),
                "These are the norms of x itself. d is not subtracted.",
            ),
        ),
    ).verdict,
)

_SHRUNK = "w_l2 = {}\n"

RIDGE = Exercise(
    name="l2-shrinks",
    title="What L2 makes of a weight",
    asks=(
        "The loss ½(w − a)² is lowest where the weight is at `a`. Add the penalty λw², with λ = `lam`. **Where is the "
        "minimum of the sum?** Write `w_l2` for a whole tensor `a` of such targets."
    ),
    template=_SHRUNK.format("..."),
    hints=(
        "At the minimum the derivative is 0: (w − a) + 2λw = 0.",
        "Solve for w: w(1 + 2λ) = a.",
        "`a / (1 + 2 * lam)`",
    ),
    solution=_SHRUNK.format("a / (1 + 2 * lam)"),
    verdict=ByValue(
        inputs=lambda rng: {"a": draw_numbers(rng, 5)},
        names=lambda inputs: {**inputs, "lam": 0.7},
        result=variable("w_l2"),
        accepted=(
            Accepted(
                _SHRUNK.format("a / (1 + 2 * lam)"),
                "Every weight is scaled by the same factor, and none but a = 0 becomes 0.",
            ),
        ),
        mistakes=mistakes(
            _SHRUNK,
            {
                "a / (1 + lam)": (
                    "That would be the minimum for the penalty (λ/2)w². Here the penalty is λw², whose derivative is "
                    "2λw."
                ),
                "a * (1 - 2 * lam)": "This is one gradient step of length 1, not the minimum.",
                "a.sign() * (a.abs() - lam).clamp(min=0)": "That is L1's answer, which is called soft thresholding.",
                "a / (2 * lam)": "The loss's own curvature, 1, is missing from the denominator.",
                "a": "That is where the loss alone wants the weight.",
                "a - 2 * lam": "The pull 2λw depends on w, but this subtracts the same amount from every weight.",
                "a / 1 + 2 * lam": "The brackets are missing. This divides by 1 and then adds 2λ.",
                "a / (1 - 2 * lam)": "The sign is wrong, for the penalty pulls towards 0.",
            },
        ),
    ).verdict,
)

_L1_MINIMUM = "w_l1 = {}\n"

LASSO = Exercise(
    name="l1-zeroes",
    title="What L1 makes of it",
    asks=(
        "Take the same loss ½(w − a)², now with the penalty λ|w|. **Where is the minimum?** When `a` is close enough "
        "to 0, it is exactly 0."
    ),
    template=_L1_MINIMUM.format("..."),
    hints=(
        "For w > 0 the derivative is (w − a) + λ. It is zero at w = a − λ, if that is positive.",
        "For w < 0 it is zero at w = a + λ, if that is negative. Otherwise the minimum is at the kink, 0.",
        "In one line this is `a.sign() * (a.abs() - lam).clamp(min=0)`.",
    ),
    solution=_L1_MINIMUM.format("a.sign() * (a.abs() - lam).clamp(min=0)"),
    verdict=ByValue(
        inputs=lambda rng: {"a": np.concatenate([draw_numbers(rng, 5), [0.2, -0.2]])},
        names=lambda inputs: {**inputs, "lam": 0.4},
        result=variable("w_l1"),
        accepted=(
            Accepted(
                _L1_MINIMUM.format("a.sign() * (a.abs() - lam).clamp(min=0)"),
                "Every `a` is shortened by λ, and those within λ of 0 become exactly 0.",
            ),
        ),
        mistakes=mistakes(
            _L1_MINIMUM,
            {
                "a - lam": "This moves every `a` down by λ, and so the negative ones away from 0.",
                "a - lam * a.sign()": (
                    "Where |a| < λ, this lands on the other side of 0. There the minimum is at the kink, at 0 itself."
                ),
                "(a.abs() - lam).clamp(min=0)": "The sign of `a` is lost.",
                "(a - lam).clamp(min=0)": "This is right where `a` is positive. All negative ones become 0.",
                "torch.where(a.abs() > lam, a, 0)": "This is hard thresholding. L1 shortens the large ones by λ too.",
                "a / (1 + 2 * lam)": "That is L2's answer. It scales, and nothing becomes 0.",
                "a.sign() * (a.abs() - 2 * lam).clamp(min=0)": "The derivative of λ|w| is λ sign(w), without a 2.",
            },
        ),
    ).verdict,
)

"""Lesson → its exercises, in the order of the page."""
