"""Lesson 6: why L1 makes zeros and L2 shrinks."""

import streamlit as st

from core.app import code, faults, norm_math, questions, steps

lesson = steps.lesson("pages/6_norm_math.py")

THIRD = ("third", "power", "share")


@lesson.step(
    "Which entry would you shorten?",
    say="This is the whole question in two numbers: one large, one small, and a little to take away.",
    ask="You may shorten the vector by δ, at one of its two entries. Which makes the norm smaller?",
    trap="Most answer for L2 and believe it for both norms.",
    minutes=3,
)
def which_entry() -> None:
    left, right = steps.side_by_side(1, 1)
    with left:
        st.markdown(
            "Take a vector with a large and a small entry, $x = (1, \\varepsilon)$ with a small $\\varepsilon > 0$. "
            "You may shorten it by $\\delta$ at one entry: either at the large one, by $v = (\\delta, 0)$, or at the "
            "small one, by $d = (0, \\delta)$.\n"
            "\n"
            "Its size is measured by a **norm**. The L1 norm adds up the sizes of the entries, and the square of the "
            "L2 norm adds up their squares:"
        )
        st.latex(r"\|x\|_1 = |x_1| + |x_2| \qquad \|x\|_2^2 = x_1^2 + x_2^2")
        st.markdown("**Which of the two moves makes the norm smaller?**")
    with right:
        questions.at("norm_math", "vector")


@lesson.step(
    "A vector with a large and a small entry",
    settings=("epsilon", "delta", "vector_view"),
    say="Move δ from 0 to the right. On the left the square, on the right the sum of sizes.",
    ask="Where do the two lines of L1 part, and why there?",
    trap="The notebook's formula is used past the point where it holds. Let δ pass ε.",
    minutes=5,
)
def vector() -> None:
    norm_math.vector_panel(
        asks={
            norm_math.AS_CURVES: "A solid line takes δ from the 1, a dashed one from the ε. **Which line falls faster "
            "under each norm? And what happens at δ = ε?**",
            norm_math.IN_NUMBERS: "The move v takes δ from the 1, and d takes it from the ε. **Which of them makes "
            "each norm smaller? And which formula is another one once δ is past ε?**",
            norm_math.IN_THE_PLANE: "To x − v the vector has moved to the left, and to x − d downwards. **Which of the "
            "two lies deeper inside the circle of L2? And inside the square of L1?**",
        },
        says="**The square.** $\\|x - v\\|_2^2$ falls by $2\\delta - \\delta^2$, and $\\|x - d\\|_2^2$ only by "
        "$2\\delta\\varepsilon - \\delta^2$. L2 gains most at the *large* entry. Beyond $\\delta = 2\\varepsilon$, "
        "shortening the small entry even makes it grow.\n"
        "\n"
        "**The sum of sizes.** Both fall by $\\delta$: it makes no difference to L1 where δ is taken from, until the "
        "small entry is at zero. There, at $\\delta = \\varepsilon$, is a **kink**, which the notebook leaves out. "
        "Beyond it the entry grows on the other side of zero and the norm is $1 + \\delta - \\varepsilon$, which "
        "rises. Going on is of no use, so zero is where an L1-penalised weight stops.",
    )


@lesson.step(
    "The marginal price",
    settings=("price_epsilon",),
    say="What counts is not how large a penalty is but what the next bit of shortening brings: its slope.",
    ask="At ε = 0.01, how much more does L2 gain at the large entry than at the small one?",
    trap="“L1 pays no attention to magnitude” is true of the slope, not of the norm.",
    minutes=4,
)
def price() -> None:
    norm_math.price_panel(
        asks="What counts is not how large a penalty *is*, but what the next bit of shortening *brings*: its slope, "
        "the **marginal price**. **Make ε small. Under which norm is it still worth shortening?**",
        says="Under L2, shortening a weight of 0.01 brings a hundredth of what shortening a weight of 1 brings. Long "
        "before the small weight is at zero, it pays more to shorten another. Under L1 the last hundredth is worth as "
        "much as the first.\n"
        "\n"
        "But nobody minimises the norm alone. A network minimises **loss plus penalty**, and a weight stays where the "
        "loss pulls as hard as the penalty.",
    )
    with steps.fold("The formula, and what holds at zero"):
        st.latex(
            r"\frac{\partial \|x\|_2^2}{\partial x_i} = 2 x_i \qquad "
            r"\frac{\partial \|x\|_1}{\partial x_i} = \text{sign}(x_i)"
        )
        st.markdown(
            "$x_i$ is one entry. The second formula holds for $x_i \\ne 0$. At 0, where the norm has its kink, every "
            "slope from −1 to 1 fits under it; such a slope is called a **subgradient**. The notebook concludes that "
            "L1 pays no attention to magnitude. That is true of the slope, which is what the next bit brings, but not "
            "of the norm."
        )


@lesson.step(
    "Two weights and a loss",
    settings=("plane_lambda", *THIRD, "c1", "c2", "tilt", "stretch", "plane_view"),
    say="The loss is a bowl, and the penalty is a ball. Where an ellipse first touches the ball is the optimum.",
    ask="How often does the orange dot sit on an axis, under each penalty?",
    trap="L1's optimum is not always on an axis. Make λ small, and look at thousands of losses.",
    minutes=7,
)
def plane() -> None:
    norm_math.plane_panel(
        asks={
            norm_math.ONE_LOSS: "**Move the centre and λ. How often does the orange dot sit on an axis, under each "
            "penalty?**",
            norm_math.THOUSANDS: "Here centre, tilt and stretch are random. **Move λ. Under which penalties is an "
            "entry of the optimum exactly 0, and does L1 always make one?**",
        },
        says="L1's ball has **corners on the axes**. An ellipse that grows until it touches the ball meets a corner "
        "from many directions, and at a corner a weight is exactly 0. L2's ball is round: the touching point lies on "
        "an axis only if the ellipse happens to come from exactly there. The next step "
        "says what decides in general.",
    )
    with steps.fold("The formula"):
        st.latex(r"\min_w\; \tfrac12 (w - c)^\top A\, (w - c) + \lambda \sum_i g(w_i)")
        st.markdown(
            "$w = (w_1, w_2)$ are the weights and $c$ is the centre. $A = R\\,\\text{diag}(1/s, s)\\,R^\\top$ is the "
            "bowl, stretched by $s$ along an axis that $R$ turns by the tilt. $\\lambda$ is the price of weights. "
            "$g(w)$ is $|w|$, $w^2$ (without ½), $|w|^p$, or the *elastic net* $\\alpha|w| + (1-\\alpha)w^2$. In "
            "linear models, a penalty of $w^2$ is called **ridge regression**, and one of $|w|$ the **lasso**.\n"
            "\n"
            "When would one take the elastic net instead of L1? Where features are strongly correlated: of such a "
            "group the lasso tends to keep one feature, hardly caring which, whereas the square makes correlated "
            "features share the weight, so that they stay or go together (Zou & Hastie 2005)."
        )


@lesson.step(
    "What decides is the slope next to zero",
    settings=(*THIRD, "plane_lambda"),
    say="Move p past 1, and watch where its line meets the left edge of the picture.",
    ask="A ball with p a little above 1 looks pointed. Does it make zeros?",
    trap="The eye cannot tell p = 1.25 from p = 1. The numbers above the right picture can.",
    minutes=5,
)
def slope() -> None:
    norm_math.slope_panel(
        asks={
            "Lp": "**Move p past 1. Where does its line meet the left edge?**",
            "elastic net": "**Move α. Where does its line meet the left edge, and at which α does it hold nothing?**",
        },
        says="The loss pulls at a weight. What can hold the weight at 0 is the slope of the penalty $g$ next to 0.\n"
        "- **A kink** (L1, or an elastic net with $\\alpha > 0$) has a finite slope next to 0. It holds the weight "
        "against any pull of the loss up to λ times that slope: $|\\partial L/\\partial w_i| \\le \\lambda$ for L1.\n"
        "- **A slope of 0** ($p > 1$) holds against nothing, so p = 1.25 makes small weights and no zeros. Look at "
        "the numbers, for the eye cannot tell.\n"
        "- **An infinite slope** ($p < 1$) holds against every pull. Then 0 is always *a* minimum, and there may be "
        "another one further out; the dot is at the lower of the two. These penalties make the most zeros, but a "
        "descent that only looks around itself may stay in the wrong minimum.",
    )


@lesson.step(
    "One step: subtract or divide",
    settings=("map_w", "map_lambda", *THIRD),
    say="Let the penalty act once on a single weight. L1 subtracts, L2 divides.",
    ask="What does each penalty do to 2, and what to 0.1?",
    trap="L1 also shortens the large weights. That bias is its price.",
    minutes=5,
)
def maps() -> None:
    norm_math.maps_panel(
        asks="Let the penalty act once on a single weight: that is its *proximal map*. **What does each penalty do to "
        "2, and what to 0.1?**",
        says="The proximal map gives the point $u$ that best balances two wishes, to stay near $w$ and to have a small "
        "penalty:\n"
        "\n"
        "$$\\text{prox}(w) = \\arg\\min_u\\; \\tfrac12 (u - w)^2 + \\eta\\lambda\\, g(u)$$\n"
        "\n"
        "where $\\eta$ is the step size. Only the product $\\eta\\lambda$ matters: half the step with twice the "
        "λ is the same map. L1 **subtracts** $\\eta\\lambda$ from the size of every weight and stops at 0, which is "
        "called *soft thresholding*: $\\text{sign}(w)\\max(|w| - \\eta\\lambda, 0)$. L2 **divides** every "
        "weight by $1 + 2\\eta\\lambda$: small ones lose little, and none that was not 0 becomes 0. A p below 1 cuts "
        "small weights off, with a jump, and hardly touches large ones. L1 shortens the large ones too, which is its "
        "price.\n"
        "\n"
        "**Where is the jump?** With $p < 1$ the sum may have two minima: one at 0, and one further out, where $u - w "
        "+ \\eta\\lambda p\\, u^{p-1} = 0$. The map takes the lower one. They are level at $u = "
        "(2\\eta\\lambda(1-p))^{1/(2-p)}$, and that is where\n"
        "\n"
        "$$|w| = \\frac{2-p}{2(1-p)}\\,\\bigl(2\\eta\\lambda(1-p)\\bigr)^{1/(2-p)}$$\n"
        "\n"
        "Up to this size the weight becomes 0. The last column of the table has the number.",
    )


@lesson.step(
    "Many small steps: arriving or not",
    settings=("time", "flow_loss", "flow_centre", "flow_w0", "flow_lambda", *THIRD),
    say="Press play. Then switch the loss on and move c.",
    ask="Which weight arrives at zero, and when? With a loss, for which c does L1 still arrive?",
    trap="Halving again and again never arrives. It looks like zero after a while, which is why the numbers stand "
    "below.",
    minutes=6,
)
def flow() -> None:
    norm_math.flow_panel(
        asks="Now the penalty acts all the time. **Press play: which weight arrives at zero, and when? Then let a "
        "loss pull the other way: for which c does L1 still arrive?**",
        says="Without a loss:\n"
        "\n"
        "$$\\text{L1: } |w(t)| = \\max(|w_0| - \\lambda t,\\, 0) \\qquad \\text{L2: } w(t) = w_0\\, e^{-2\\lambda "
        "t}$$\n"
        "\n"
        "$w_0$ is the start, and $t$ is time: the number of steps times the step size. L1 falls in a straight line and "
        "**arrives at $t = |w_0|/\\lambda$**. L2 halves again and again and never arrives. When nothing pulls the "
        "other way, every other $p < 2$ arrives as well, at $|w_0|^{2-p} / (\\lambda p (2-p))$.\n"
        "\n"
        "Arriving is not staying. With the loss $\\tfrac12(w - c)^2$ a weight stays at 0 only where a kink or a "
        "steeper slope holds it, so a p between 1 and 2 arrives without a loss and does not stay with one. L1 ends at "
        "0 when $|c| \\le \\lambda$ (at $c = \\lambda$ only in the limit), and otherwise at $c$ shortened by "
        "$\\lambda$. L2 ends at $c/(1 + 2\\lambda)$, and goes *through* 0 if $c$ is on the other side.\n"
        "\n"
        "Real training takes steps, and a step along $\\lambda\\,\\text{sign}(w)$ jumps over 0 again and again, as the "
        "lesson on L1 and L2 shows. The proximal map is the step that stops there.",
    )


@lesson.step(
    "From the toy to the network",
    settings=("network_lambda", *THIRD),
    say="The same maps on all the weights of a real layer.",
    ask="How large must step size × λ be until L1 makes half of them zero? What has L2 done to them by then?",
    trap="One step is not a training: in training the loss pulls the needed weights back.",
    minutes=5,
)
def network() -> None:
    norm_math.network_panel(
        asks="These are real weights. **How large must step size × λ be until L1 makes half of them zero? What has L2 "
        "done to them by then?**",
        says="Read the two columns *exactly 0* and *Σw² left*. L2 leaves no weight at 0 at any strength. One step is "
        "not a training, however. In training the loss pulls back, and the weights that are needed hold out; the "
        "lesson on L1 and L2 shows which ones those are. There the same soft threshold, applied after every step of "
        "Adam, leaves a network with most of its first layer at exactly 0.\n"
        "\n"
        "The λ of the steps before is for one or two weights, against a loss whose curvature is about 1. "
        "In a network the loss is a mean over images and hardly depends on most single weights, while the penalty adds "
        "up all of them, so a λ of that size would leave nothing. The lesson *L1 and L2* shows which λ a network "
        "bears.",
    )


@lesson.step(
    "Find the fault",
    settings=("fault",),
    part="faults",
    say="This is the notebook's reasoning, and what it leads to. Let the class read the figure before the code.",
    ask="What is wrong?",
    trap="Each formula is right somewhere. Ask where.",
    minutes=5,
)
def find_the_fault() -> None:
    faults.find_the_fault("norm_math")
    with steps.fold("What the notebook did"):
        st.markdown(
            "- **Its ‖x − d‖₁ = 1 − δ + ε** holds for δ ≤ ε only, and its ‖x − v‖₁ = 1 − δ + ε for δ ≤ 1 only. Beyond, "
            "they are 1 + δ − ε and δ − 1 + ε, and both rise.\n"
            "- **It compares two moves of the same length** and concludes that L2 *is prone to reduce the bigger "
            "weights*. That is right, by the marginal price: 2·1 against 2·ε.\n"
            "- **It updates x to make the norm small**, as if x were the loss. Without a loss everything goes to 0 "
            "under either norm. What differs is how, and what a loss can hold on to."
        )


@lesson.step(
    "Fill in the code",
    settings=("exercise",),
    part="code",
    say="Each norm and each minimum is one line of code.",
    ask="Which of your lines makes a zero?",
    trap="Many take the root. What is penalised is the square of the L2 norm.",
    minutes=6,
)
def fill_in_the_code() -> None:
    code.fill_in("norm_math")


@lesson.step(
    "Check yourself",
    settings=("question",),
    part="questions",
    say="Let everyone commit to an answer before the reply is opened.",
    ask="Which of these would you have answered differently an hour ago?",
    trap="An L1 optimum is not always on an axis.",
    minutes=5,
)
def check_yourself() -> None:
    questions.check_yourself("norm_math")


@lesson.step(
    "What you can now do",
    say="One figure to take away: a line that arrives, and a curve that never does.",
    ask="Explain to your neighbour, in two sentences, what holds a weight at zero.",
    trap="Small is not zero.",
    minutes=3,
)
def now_you_can() -> None:
    figure, side = steps.side_by_side()
    with figure:
        norm_math.arriving()
    with side:
        st.markdown(
            "You can now\n"
            "1. say for the vector (1, ε) which entry each norm would shorten, and until where;\n"
            "2. explain a penalty by its marginal price, the slope;\n"
            "3. read the picture of the ball and the ellipse, and say when L1's optimum is *not* on an axis;\n"
            "4. write the proximal maps of L1 and L2: one subtracts, the other divides;\n"
            "5. say what holds a weight at zero: a kink, or a steeper slope.\n"
            "\n"
            "**Remember this figure**: L1 arrives at zero, L2 only comes closer."
        )
        with steps.fold("What to read"):
            st.markdown(
                "- Tibshirani 1996, *Regression Shrinkage and Selection via the Lasso*, JRSS B 58: the picture of "
                "the ball and the ellipse.\n"
                "- Hastie, Tibshirani & Friedman, *The Elements of Statistical Learning*, §3.4: [free "
                "online](https://hastie.su.domains/ElemStatLearn/).\n"
                "- Parikh & Boyd 2014, *Proximal Algorithms*, "
                "[web.stanford.edu/~boyd](https://web.stanford.edu/~boyd/papers/prox_algs.html).\n"
                "- Zou & Hastie 2005, *Regularization and Variable Selection via the Elastic Net*, JRSS B 67."
            )


lesson.show()
