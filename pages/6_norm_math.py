"""Lesson 6: why L1 makes zeros and L2 shrinks."""

import streamlit as st

from core.app import code, faults, frame, norm_math, questions

HERE = "pages/6_norm_math.py"

lesson = frame.begin(HERE)
frame.title(lesson, "Norm maths: why L1 makes zeros and L2 shrinks")

frame.section("A vector with a large and a small entry")
frame.text(
    "Take $x = (1, \\varepsilon)$ with a small $\\varepsilon > 0$. You may shorten it by $\\delta$: from the large "
    "entry, $v = (\\delta, 0)$, or from the small one, $d = (0, \\delta)$. **Which of the two makes the norm "
    "smaller? Try δ = 0.1 with both norms.**"
)
questions.at("norm_math", "vector")
norm_math.vector_panel()
frame.text(
    "**The square.** $\\|x - v\\|_2^2$ falls by $2\\delta - \\delta^2$, and $\\|x - d\\|_2^2$ only by "
    "$2\\delta\\varepsilon - \\delta^2$: L2 gains most at the *large* entry. Beyond $\\delta = 2\\varepsilon$ "
    "shortening the small one even makes it grow. **The sum of sizes.** Both fall by $\\delta$: L1 does not care "
    "where it is taken from, until the small entry is at zero. There, at $\\delta = \\varepsilon$, is the kink that "
    "the lesson notebook, from which this course grew, leaves out. Going on is of no use, so zero is where an "
    "L1-penalised weight stops."
)

# --- what it means --------------------------------------------------------------------------------------------------

frame.section("What it means: the marginal price")
st.latex(
    r"\frac{\partial \|x\|_2^2}{\partial x_i} = 2 x_i \qquad \frac{\partial \|x\|_1}{\partial x_i} = \text{sign}(x_i)"
)
frame.text(
    "$x_i$: one entry. The second holds for $x_i \\ne 0$; at 0, where the norm has its kink, any slope from −1 to 1 "
    "touches it. What counts is not how large a penalty *is* but what the next bit of shortening *brings*: its "
    "derivative. Under L2 a weight of 0.01 brings a hundredth of what a weight of 1 brings: long before it is at zero "
    "there is something better to do. Under L1 the last hundredth is worth as much as the first. That L1 pays no "
    "attention to magnitude, as the notebook concludes, is true of *that weight*, at the margin."
)
frame.text(
    "One more step is missing in the notebook: nobody minimises the norm. A network minimises **loss plus "
    "penalty**, and a weight stays where the loss pulls as hard as the penalty. So let a loss come in."
)

# --- the plane ------------------------------------------------------------------------------------------------------

frame.section("Two weights and a loss")
frame.text(
    "The loss is a bowl: its contours are ellipses around the weights that it would like best. λ is the price of "
    "weights. **Move the centre and the tilt. How often does the orange dot sit on an axis, under each penalty? "
    "Then choose a third one, which the rest of this page uses too: p below 1, p a little above 1, an elastic net.**"
)
penalties = norm_math.third_penalty()
norm_math.plane_panel(penalties)
st.latex(r"\min_w\; \tfrac12 (w - c)^\top A\, (w - c) + \lambda \sum_i g(w_i)")
frame.text(
    "$w = (w_1, w_2)$: the weights. $c$: the centre. $A = R\\,\\text{diag}(1/s, s)\\,R^\\top$: the bowl, stretched by "
    "$s$ along an axis that $R$ turns by the tilt. $g(w)$: $|w|$, $w^2$ (without ½), $|w|^p$, or $\\alpha|w| + "
    "(1-\\alpha)w^2$. L1's ball has **corners on the axes**. An ellipse that grows until it touches the ball meets "
    "a corner from many directions, and at a corner a weight is exactly 0. L2's ball is round: the touching point "
    "is on an axis only if the ellipse happens to come from exactly there."
)
frame.text(
    "What decides is the slope of $g$ next to 0, for that is what holds a weight there. **A kink** (L1, or an "
    "elastic net with $\\alpha > 0$) holds it against any pull of the loss up to its height: $|\\partial "
    "L/\\partial w_i| \\le \\lambda$ for L1. **A slope of 0** ($p > 1$) holds against nothing: the smallest pull "
    "moves the weight off 0. So p = 1.25 makes small weights and no zeros; look at the numbers, the eye cannot "
    "tell. **An infinite slope** ($p < 1$) holds against every pull. Then 0 is always *a* minimum, and there may be "
    "another one further out; the dot is at the lower of them. That is why these penalties make the most zeros, and "
    "why a descent that only looks around itself may stay in the wrong one."
)

# --- one weight -----------------------------------------------------------------------------------------------------

frame.section("One step: subtract or divide")
frame.text(
    "Take a single weight and let the penalty act once: the *proximal map*, the point that is best between staying "
    "and being cheap. **What does each penalty do to 2, and what to 0.1?**"
)
st.latex(r"\text{prox}(w) = \arg\min_u\; \tfrac12 (u - w)^2 + \eta\lambda\, g(u)")
norm_math.maps_panel(penalties)
frame.text(
    "$\\eta$: the step size. L1 **subtracts** $\\eta\\lambda$ from every weight and stops at 0 (*soft thresholding*): "
    "$\\text{sign}(w)\\max(|w| - \\eta\\lambda, 0)$. L2 **divides** every weight by $1 + 2\\eta\\lambda$: small ones "
    "lose little, and none is ever 0. A p below 1 cuts small weights off, with a jump, and hardly touches large "
    "ones; L1 shortens the large ones too, which is its price."
)

# --- flow -----------------------------------------------------------------------------------------------------------

frame.section("Many small steps: arriving or not")
frame.text(
    "Now let it act all the time: the weight runs down the penalty. **Play it. Which arrives at zero, and when? "
    "Then let a loss pull the other way: for which c does L1 still arrive?**"
)
norm_math.flow_panel(penalties)
st.latex(r"\text{L1: } |w(t)| = \max(|w_0| - \lambda t,\, 0)")
st.latex(r"\text{L2: } w(t) = w_0\, e^{-2\lambda t}")
frame.text(
    "$w_0$: the start. $t$: time, that is steps times step size. L1 falls in a straight line and **arrives at "
    "$t = |w_0|/\\lambda$**. L2 halves again and again and never arrives. Every other $p < 2$ arrives too, at "
    "$|w_0|^{2-p} / (\\lambda p (2-p))$: without a loss, that is. With the loss $\\tfrac12(w - c)^2$ a weight stays at "
    "0 only where something holds it. L1 ends at 0 when $|c| \\le \\lambda$ (at $c = \\lambda$ only in the limit), "
    "and at $c$ shortened by $\\lambda$ otherwise; L2 ends at $c/(1 + 2\\lambda)$, and goes *through* 0 if $c$ is "
    "on the other side. **Choose p = 1.5 with a loss: does it still stay?**"
)
frame.text(
    "Real training takes steps, and a step of the optimizer along $\\lambda\\,\\text{sign}(w)$ jumps over 0 again and "
    "again; the lesson on L1 and L2 shows it. The proximal map is the step that stops there."
)

# --- the network ----------------------------------------------------------------------------------------------------

frame.section("From the toy to the network")
frame.text(
    "The same maps on real weights: the first layer of the plain network. **How large must step size × λ be "
    "until L1 makes half of them zero? What has L2 done to them by then?**"
)
norm_math.network_panel(penalties)
frame.text(
    "One step is not a training. In training the loss pulls back, and the weights that are needed hold out: the "
    "lesson on L1 and L2 shows which ones those are. There the same soft threshold, applied after every step of Adam, "
    "leaves a network with most of its first layer at exactly 0."
)

# --- find the fault ---------------------------------------------------------------------------------------------------

faults.find_the_fault("norm_math")

# --- the notebook ---------------------------------------------------------------------------------------------------

frame.section("What the notebook did")
frame.text(
    "- **Its ‖x − d‖₁ = 1 − δ + ε** holds for δ ≤ ε only, and its ‖x − v‖₁ for δ ≤ 1. Beyond, the norm rises.\n"
    "- **It compares two moves of the same length** and concludes that L2 *is prone to reduce the bigger weights*. "
    "Right, by the margin: 2·1 against 2·ε.\n"
    "- **It updates x to make the norm small**, as if x were the loss. Without a loss everything goes to 0 under "
    "either norm; what differs is how, and what a loss can hold on to."
)

# --- exercises, reading ---------------------------------------------------------------------------------------------

code.fill_in("norm_math")

questions.check_yourself("norm_math")

frame.section("What to read")
st.markdown(
    "- Tibshirani 1996, *Regression Shrinkage and Selection via the Lasso*, JRSS B 58: the picture of the ball and the "
    "ellipse.\n"
    "- Hastie, Tibshirani & Friedman, *The Elements of Statistical Learning*, §3.4: [free "
    "online](https://hastie.su.domains/ElemStatLearn/).\n"
    "- Parikh & Boyd 2014, *Proximal Algorithms*, "
    "[web.stanford.edu/~boyd](https://web.stanford.edu/~boyd/papers/prox_algs.html).\n"
    "- Zou & Hastie 2005, *Regularization and Variable Selection via the Elastic Net*, JRSS B 67."
)

frame.end(HERE)
