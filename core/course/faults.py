"""Find the fault: faults of the source notebook as short exercises, with the code, the options, and the mended code.

core/app/faults.py draws what each code gives, before and after it is mended.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.course.questions import Option


@dataclass(frozen=True)
class Fault:
    """One exercise. says: what the faulty code's figure is said to show. asks: the question below the figure. mended:
    the code without the fault. after: what to see in the mended figure (numbers are added where it is drawn)."""

    name: str
    title: str
    code: str
    says: str
    asks: str
    options: tuple[Option, ...]
    mended: str
    after: str


# --- baseline -------------------------------------------------------------------------------------------------------

DIRECTIONS = Fault(
    "directions",
    "Two random directions",
    """\
def direction(model, seed):
    found = []
    for w in model.parameters():
        torch.manual_seed(seed)
        found.append(torch.rand_like(w))
    return found

w1, w2 = direction(model, 1), direction(model, 2)""",
    "The loss landscape of the plain network, in the plane of these two directions.",
    "What is wrong with the directions?",
    (
        Option("They should be "
               "gradients", "A landscape may be drawn along any directions. What matters is whether they "
               "are fair to every weight."),
        Option("A seed makes them equal for every network: they are not random any more",
               "A seed is what makes a picture reproducible. But look where it is set, and how often."),
        Option("They point into one corner: no entry is negative, and each tensor repeats the same numbers",
               "`rand_like` draws from [0, 1): every weight is pushed *up*. The seed is set anew for each tensor, so "
               "all begin with the same numbers. The two directions are hardly different, and far longer than the "
               "weights themselves.", right=True),
        Option("There should be three of them for a picture in 3-D", "Two for the plane; the third axis is the loss."),
    ),
    """\
def direction(model, generator):          # one generator for all tensors
    found = []
    for w in model.parameters():
        if w.ndim < 2:
            found.append(torch.zeros_like(w))
            continue
        d = torch.randn(w.shape, generator=generator)
        found.append(d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True))
    return found""",
    "Gaussian, drawn once, each row as long as the weights of its unit (Li et al. 2018).",
)  # fmt: skip

FRESH_BATCHES = Fault(
    "fresh-batches",
    "The loss at each point",
    """\
for alpha in alphas:
    move_weights(model, theta, alpha * u)
    for x, y in train_loader:              # shuffle=True
        losses.append(loss_func(model(x), y).item())
        break                              # one batch is enough""",
    "The loss along one direction through the trained network, computed three times.",
    "Three computations of the same curve. What is wrong with the code?",
    (
        Option("Each point is measured on other "
               "images", "The loader is started anew, and shuffled, at every point: the "
               "curve mixes what the weights do with which 128 images came up.", right=True),
        Option("One batch is too small: take a larger "
               "one", "That would help, but only by the root of its size. Another "
               "thing is cheaper: look at which images each point gets."),
        Option("The network is not deterministic", "In evaluation mode it is. What changes from point to point is its "
               "input."),
        Option("The loss landscape really is that rough", "Then all three curves would be rough in the same places."),
    ),
    """\
x, y = first_images(train_set, 1024)       # the same for every point and every network
for alpha in alphas:
    move_weights(model, theta, alpha * u)
    losses.append(loss_func(model(x), y).item())""",
    "On the same images at every point the curve is smooth.",
)  # fmt: skip

EVEN_GRID = Fault(
    "even-grid",
    "The grid",
    """\
alphas = torch.linspace(-0.25, 0.25, 40)
losses = [loss_at(theta, alpha * u) for alpha in alphas]
print("loss of the trained network:", min(losses))""",
    "The dots are what the code computes: a cut through the landscape near the trained network, enlarged.",
    "Which point is missing?",
    (
        Option("The edges, −0.25 and 0.25", "`linspace` includes both ends."),
        Option("The trained network "
               "itself", "Forty points lie in pairs around the middle: α = 0 is between two of them. "
               "The one point that was trained is never evaluated.", right=True),
        Option("None: forty points are enough for any curve",
               "For the curve, yes. But go from −0.25 to 0.25 in 39 equal steps: where is 0?"),
    ),
    """\
alphas = torch.linspace(-0.25, 0.25, 41)   # odd: the middle one is 0
losses = [loss_at(theta, alpha * u) for alpha in alphas]
print("loss of the trained network:", losses[20])""",
    "With an odd number the middle point is θ* itself.",
)  # fmt: skip

SWAPPED_AXES = Fault(
    "swapped-axes",
    "Which axis is which",
    """\
for i, alpha in enumerate(alphas):
    for j, beta in enumerate(betas):
        z[i, j] = loss_at(theta + alpha * u + beta * v)

A, B = np.meshgrid(alphas, betas)
go.Surface(x=A, y=B, z=z)""",
    "Contours of the plain network's loss, as this code draws them.",
    "The labels say α to the right and β upwards. Do they tell the truth?",
    (
        Option("Yes: x gets A and y gets B", "Look at the rows: z[i] is a row of *one* α, but a row of A holds *all* "
               "alphas."),
        Option("No: the picture is mirrored at its "
               "diagonal", "`meshgrid` lets x run along the columns, but the loop lets "
               "β run along them. Both ranges are equal, so nobody notices.", right=True),
        Option("No: the picture is turned by 180°", "That would need both axes reversed."),
        Option("It cannot be told: the landscape is symmetric", "It nearly never is. Compare two opposite corners."),
    ),
    """\
A, B = np.meshgrid(alphas, betas, indexing="ij")
go.Surface(x=A, y=B, z=z)""",
    "With `indexing='ij'` rows belong to α. A test with two different ranges would have found it.",
)  # fmt: skip

BATCH_MEANS = Fault(
    "batch-means",
    "The accuracy of 10,000 images",
    """\
for x, y in test_loader:                   # batch_size=256
    y_pred = model(x).argmax(1)
    accuracies.append((y_pred == y).float().mean().item())

print(np.mean(accuracies))""",
    "The accuracy of each of the 40 test batches of the plain network. The larger a dot, the more images are in it.",
    "What is wrong with the printed number?",
    (
        Option("Accuracies cannot be averaged", "They can, if each counts for as many images as it stands for."),
        Option("The test images should be shuffled", "The order of the images does not change which are right."),
        Option("The last batch is small and counts like the others", "10,000 = 39 · 256 + 16. Each of those 16 images "
               "counts sixteen times as much as any other.", right=True),
        Option("Nothing: the mean of the batches is the mean of the images", "Only if all batches have the same size. "
               "10,000 is not a multiple of 256."),
    ),
    """\
for x, y in test_loader:
    right += (model(x).argmax(1) == y).sum().item()

print(right / len(test_set))""",
    "A small error here, but an error; with the same habit in the loss, too.",
)  # fmt: skip

# --- batch norm -----------------------------------------------------------------------------------------------------

STALE_STATISTICS = Fault(
    "stale-statistics",
    "The landscape of batch norm",
    """\
model_bn.eval()
for i, alpha in enumerate(alphas):
    for j, beta in enumerate(betas):
        move_weights(model_bn, theta, alpha * u + beta * v)
        z[i, j] = loss_func(model_bn(x), y).item()""",
    "The plain network, and batch norm by this code.",
    "Batch norm looks much steeper than the plain network. What is wrong?",
    (
        Option("Nothing: batch norm makes the loss "
               "steeper", "In this picture. But which network stands at each point?"),
        Option("In evaluation mode the statistics are those of the trained weights, not of the moved ones",
               "Each layer's output has changed, and is still scaled by the old mean and variance. Nobody would ever "
               "use such a network.", right=True),
        Option("The directions must also move γ and β", "They are left alone on purpose, as biases are: their scale is "
               "another one."),
        Option("`loss_func` must be averaged over the batch", "It is: cross-entropy is a mean by default."),
    ),
    """\
        move_weights(model_bn, theta, alpha * u + beta * v)
        model_bn.train()                   # statistics of these images, at this point
        z[i, j] = loss_func(model_bn(x), y).item()
        # (and put the running statistics back: training mode moves them)""",
    "With the statistics computed anew at each point the two bowls are alike.",
)  # fmt: skip

OWN_AXES = Fault(
    "own-axes",
    "Smoother?",
    """\
for losses in (losses_plain, losses_bn):
    fig = go.Figure(go.Surface(x=A, y=B, z=losses))
    fig.update_layout(width=500, height=500)
    fig.show()""",
    "The plain network and the one with batch norm, by the notebook's own method. *The landscape became a little "
    "smoother*, it says.",
    "Why may you not say so from these two pictures?",
    (
        Option("Each has its own loss axis: both fill their box, whatever their height", "The eye compares shapes in a "
               "box; the boxes have different scales. Look at the numbers on the axes.", right=True),
        Option("A 3-D picture always lies; use contours", "Contours with two scales lie as well."),
        Option("The networks have different numbers of weights", "Nearly the same, and it would not matter here."),
        Option("You may: one has fewer bumps", "Bumps in a box of another height. Look at the numbers on the axes."),
    ),
    """\
logs = [np.log10(losses) for losses in (losses_plain, losses_bn)]
z_range = [min(z.min() for z in logs), max(z.max() for z in logs)]
for z in logs:
    fig = go.Figure(go.Surface(x=A, y=B, z=z))
    fig.update_layout(scene_zaxis_range=z_range)
    fig.show()""",
    "On one loss axis; logarithmic, or the lower one would be a flat sheet.",
)  # fmt: skip

LAST_NUMBER = Fault(
    "last-number",
    "No effect to see?",
    """\
for name, history in results.items():
    print(name, history["val_accuracy"][-1])
# about the same: batch norm has no effect""",
    "The test accuracy after epoch 20. A dot for each of five seeds.",
    "*We cannot see the effect of batch norm.* Is the conclusion right?",
    (
        Option("Yes: five seeds each, and no difference", "No difference *in this number*. Batch norm is an aid to "
               "training: look at the training."),
        Option("No: it looks only at the end, and batch norm acts at the beginning", "It learns faster, stands larger "
               "learning rates, and fails at small batches. The last accuracy shows none of this.", right=True),
        Option("No: the accuracy should be measured on training images", "There it is higher, but that is overfitting, "
               "not the point."),
    ),
    """\
for name, history in results.items():
    plt.plot(history["val_accuracy"], label=name)""",
    "The whole curves: after the first epoch batch norm is ahead by more than the seeds differ.",
)  # fmt: skip

# --- layer norm -----------------------------------------------------------------------------------------------------

ONE_RUN = Fault(
    "one-run",
    "The best network",
    """\
plt.semilogy(val_loss_ln, label="layer norm")
plt.semilogy(val_loss_bn, label="batch norm")
plt.semilogy(val_loss_plain, label="plain")
# layer norm provided the best performance""",
    "One training of each network, as in the notebook.",
    "Which network is best?",
    (
        Option("Layer norm: its curve is "
               "lowest", "For most epochs of this training; at the last one it is not. Would it "
               "be so in the next training?"),
        Option("That cannot be said from one run "
               "each", "Another seed, another order. A difference counts if it is larger "
               "than what seeds do.", right=True),
        Option("The plain one: it is simplest", "A fine rule between equals; but whether they are equals is the "
               "question."),
        Option("Whichever has the lowest loss at the last "
               "epoch", "The caption tells which, in this training. By how much "
               "would it differ with another seed?"),
    ),
    """\
for name, histories in runs.items():       # five seeds each
    losses = np.array([h["val_loss"] for h in histories])
    plt.plot(losses.mean(0), label=name)
    plt.fill_between(epochs, losses.min(0), losses.max(0), alpha=0.2)""",
    "Five seeds each: mean, and from the lowest to the highest.",
)  # fmt: skip

# --- dropout --------------------------------------------------------------------------------------------------------

TWO_CONVENTIONS = Fault(
    "two-conventions",
    "Dropout by hand",
    """\
class Dropout(nn.Module):                  # p: probability to turn a unit off
    def forward(self, h):
        if self.training:
            return h * (torch.rand_like(h) > self.p)
        return h * self.p""",
    "What the next layer gets, on average, from a unit that gives 1.",
    "What is wrong?",
    (
        Option("The mask keeps a unit with probability "
               "p", "`rand > p` is true with probability 1 − p: p switches off, as "
               "the comment says."),
        Option("Nothing may be scaled in "
               "evaluation", "That is PyTorch's way, and then training must scale. This training "
               "does not, so evaluation must; but by which number?"),
        Option("In evaluation the factor must be 1 − p", "The mean in training is 1 − p. The notebook's figure is the "
               "paper's, where p *keeps*; its text says p turns off. Mixed, they agree at 0.5 only.", right=True),
        Option("The mask must be the same for all images", "Each image draws its own; that is as it should be."),
    ),
    """\
    def forward(self, h):
        if self.training:
            return h * (torch.rand_like(h) > self.p)
        return h * (1 - self.p)            # what training hands on, on average

# nn.Dropout divides by 1 - p in training instead, and hands h on in evaluation""",
    "Now both modes hand on 1 − p on average. In PyTorch's way, which scales in training, both hand on 1.",
)  # fmt: skip

MASKED_LOSS = Fault(
    "masked-loss",
    "A training loss above the held-out loss",
    """\
model.train()
for x, y in train_loader:
    loss = loss_func(model(x), y)
    ...
    losses.append(loss.item())
train_loss.append(np.mean(losses))         # then model.eval() for the validation loss""",
    "Dropout with p = 0.8, all 60,000 images: this training loss, and the held-out loss.",
    "The network seems to be better on images that it never saw. Why?",
    (
        Option("Dropout makes it generalise that well", "Nice, but look at what is compared: two losses in two modes."),
        Option("The held-out images are easier", "They are no different: other photographs of the same ten classes."),
        Option("The training loss is measured with units switched off, and while the weights still move",
               "The mean runs over an epoch in training mode; the held-out loss is taken after it, in evaluation "
               "mode.", right=True),
        Option("Some held-out images are also in the training set", "They are not: the two sets are apart."),
    ),
    """\
model.eval()
with torch.no_grad():                      # both after the epoch, in evaluation mode
    train_loss.append(loss_over(model, train_set))
    val_loss.append(loss_over(model, val_set))""",
    "In evaluation mode the training loss is the lower one, as it should be.",
)  # fmt: skip

LAYER_BY_NUMBER = Fault(
    "layer-by-number",
    "The first layer's weights",
    """\
model_do = nn.Sequential(nn.Flatten(), nn.Linear(784, 392), nn.ReLU(), nn.Dropout(0.5), ...)

plt.spy(model_do[1].weight.detach(), precision=1e-4)   # what dropout does to the weights""",
    "The picture that this code draws.",
    "The code runs, and the layer is the right one. What is missing before anything may be said about dropout?",
    (
        Option("A smaller precision", "Any ruler will do, as long as two networks are measured by the same one."),
        Option("The plain network's picture beside "
               "it", "Without it nobody can tell what *dropout* did. (And `model_do[1]` "
               "is fragile: with dropout on the input, layer 1 is the dropout, which has no weight.)", right=True),
        Option("The biases", "A spy plot is of a matrix; the biases would add nothing here."),
        Option("The weights of the last "
               "layer", "The first is where the question was. What is missing is a comparison."),
    ),
    """\
fig, axes = plt.subplots(1, 2)
for ax, (name, model) in zip(axes, {"plain": model, "dropout": model_do}.items()):
    first = next(m for m in model if isinstance(m, nn.Linear))   # by kind, not by number
    ax.spy(first.weight.detach(), precision=1e-4)
    ax.set_title(name)""",
    "Side by side: dropout's first layer is as full as the plain one's.",
)  # fmt: skip

# --- L1 and L2 ------------------------------------------------------------------------------------------------------

PENALTY_IN_LOSS = Fault(
    "penalty-in-loss",
    "Two loss curves",
    """\
loss = loss_func(model(x), y)
loss += l1_weight * sum(l1_parameters)
loss.backward()
opt.step()
ep_train_loss.append(loss.item())

# validation: loss_func(model(x), y).item()""",
    "The two curves of L1 at 0.001, all images, as this code records them.",
    "The training loss stays far above the test loss. Is that underfitting?",
    (
        Option("Yes: L1 is so strong that the network cannot learn its training "
               "images", "It is strong, but the curves do "
               "not show it: they are of two different quantities."),
        Option("The training curve contains the penalty, the test curve does "
               "not", "`loss += …` changes what is recorded. "
               "The distance between the curves is mostly λΣ|w|.", right=True),
        Option("The optimizer has not converged yet", "Twenty epochs are enough; the curves are level."),
        Option("The learning rate is too high", "Nothing jumps. Look at what is appended."),
    ),
    """\
loss = loss_func(model(x), y)
penalty = l1_weight * sum(l1_parameters)
(loss + penalty).backward()
opt.step()
# recorded apart, after the epoch, in evaluation mode: the loss, and the penalty""",
    "The cross-entropy alone: training and test images are close, as they are for a network that is held back.",
)  # fmt: skip

ONE_THRESHOLD = Fault(
    "one-threshold",
    "l1 works!",
    """\
w = model_l1.layers[1].weight.detach()
plt.spy(w, precision=1e-4)
# nearly empty: l1 makes weights zero""",
    "The first layer at λ₁ = 0.001, as this code draws it.",
    "Has L1 made the weights zero?",
    (
        Option("Yes: what is not drawn is zero", "`precision=1e-4` leaves out all that is *smaller* than 0.0001."),
        Option("It cannot be seen: the threshold is as wide as the band in which Adam's steps jitter",
               "A step is about the learning rate, 0.0003, whatever λ is; the weights stay within a part of that "
               "around zero. The ruler was as coarse as the jitter.", right=True),
        Option("No: L1 only shrinks, as L2 "
               "does", "L1 has a kink at 0 that can hold a weight there; but a subgradient's "
               "step jumps over it."),
        Option("Yes, but only because λ is so large", "Even at this λ, how many are *equal* to 0?"),
    ),
    """\
print((w == 0).float().mean())             # exact zeros
for precision in (1e-4, 1e-5):
    plt.spy(w, precision=precision)
# exact zeros come from a proximal step after opt.step(), not from the loss""",
    "The same weights by a finer ruler, and the network of the proximal step by the same one.",
)  # fmt: skip

MOVED_WEIGHTS = Fault(
    "moved-weights",
    "The unregularized weights",
    """\
for alpha in alphas:
    for beta in betas:
        for i, w in enumerate(model.parameters()):
            w.data = params[i] + alpha * w2[i] + beta * w1[i]
        losses.append(loss_func(model(x), y).item())

# … many cells later
plt.hist(model[1].weight.detach().flatten(), bins=1000)""",
    "In grey the histogram that the notebook shows as its unregularized network; in blue the weights that this network "
    "really has.",
    "What happened?",
    (
        Option("Without regularization weights grow that "
               "large", "The blue ones are those of the same network, and small."),
        Option("The histogram has too many bins", "Bins change how rough it looks, not where it lies."),
        Option("The loop leaves the network at the last corner of its grid", "It writes into the parameters, point by "
               "point, and never puts θ back. At α = β = 1 two random numbers from [0, 1) have been added to every "
               "weight.", right=True),
        Option("The histogram is of the "
               "biases", "`model[1].weight` is the first layer's weights; but of which network?"),
    ),
    """\
theta = {name: w.clone() for name, w in model.named_parameters()}
point = {name: theta[name] + alpha * u[name] + beta * v[name] for name in theta}
loss = loss_func(torch.func.functional_call(model, point, x), y)   # the model is only read""",
    "The weights are read, and never written: the network is the same before and after.",
)  # fmt: skip

OWN_BINS = Fault(
    "own-bins",
    "Two histograms",
    """\
plt.hist(model[1].weight.detach().flatten(), bins=1000)
plt.show()
plt.hist(model_l2[1].weight.detach().flatten(), bins=1000)
plt.show()""",
    "The plain network's first layer, and that of λ₂ = 0.001 (this time the right weights).",
    "By how much has L2 narrowed the weights? Why is it hard to say?",
    (
        Option("Each picture has its own range and its own bins", "Both fill their width, whatever it is. Read the "
               "numbers below: one axis is much longer than the other.", right=True),
        Option("A histogram cannot show weights near zero", "It can, with bins that are fine enough; these are."),
        Option("The networks have different numbers of weights", "Both first layers have 784 × 392."),
        Option("They are not normalised to area "
               "1", "Both have the same number of weights, so that would change nothing."),
    ),
    """\
bins = np.linspace(-0.5, 0.5, 200)
for name, model in models.items():
    plt.hist(model[1].weight.detach().flatten(), bins=bins, alpha=0.4, label=name)
plt.yscale("log")                          # or the rare large weights are not seen
plt.legend()""",
    "One axis, the same bins.",
)  # fmt: skip

SAME_STRENGTH = Fault(
    "same-strength",
    "One strength for both",
    """\
l1_weight = 0.001
l2_weight = 0.001
...
print(val_accuracy_l1[-1], val_accuracy_l2[-1])""",
    "The test accuracy of both, a dot for each of five seeds.",
    "May L1 and L2 be compared like this?",
    (
        Option("Yes: everything but the norm is "
               "equal", "The number is equal, what it does is not: w² of a weight of 0.03 "
               "is 0.0009, |w| is 0.03."),
        Option("Yes, if the biases are left out", "They hardly matter here. What matters is what 0.001 means to each."),
        Option("No: the same number is a different strength for |w| and for "
               "w²", "At 0.001 L1 is far beyond its best, L2 "
               "is not. Compare along all strengths, each at its best, or at equal accuracy.", right=True),
        Option("No: L1 needs another optimizer", "For exact zeros a proximal step, yes; but that is not why this "
               "comparison fails."),
    ),
    """\
for strength in (0, 1e-5, 1e-4, 3e-4, 1e-3, ...):
    for penalty in ("l1", "l2"):
        train(penalty, strength)""",
    "Accuracy along all strengths of each.",
)  # fmt: skip

# --- norm maths -----------------------------------------------------------------------------------------------------

NO_KINK = Fault(
    "no-kink",
    "A formula for the L1 norm",
    """\
def l1_norm_of_x_minus_d(delta, epsilon):  # x = (1, epsilon), d = (0, delta)
    return 1 - delta + epsilon""",
    "The function over δ, at ε = 0.2.",
    "Something must be wrong: what?",
    (
        Option("It should be 1 − δ·ε", "|1| + |ε − δ|: a difference, not a product."),
        Option("It holds only up to δ = ε: the size of a coordinate cannot be "
               "negative", "Beyond, |ε − δ| = δ − ε, and the "
               "norm rises again. A norm that falls below 1 here would mean a negative size.", right=True),
        Option("It should be squared", "The L1 norm adds sizes; squares are for L2."),
        Option("Nothing: an L1 norm can be as small as one likes", "The first coordinate alone has size 1."),
    ),
    """\
def l1_norm_of_x_minus_d(delta, epsilon):
    return 1 + abs(epsilon - delta)""",
    "With the size of the second coordinate: down to 1 at δ = ε, then up again. That kink is why L1 stops at zero.",
)  # fmt: skip

NO_LOSS = Fault(
    "norm-alone",
    "Making the norm small",
    """\
w = 1.0
for step in range(steps):
    w -= lr * strength * gradient_of_norm(w)   # sign(w) for L1, 2 * w for L2""",
    "A weight that runs down either norm, with strength 0.5.",
    "Both end at (or near) zero. So what does this say about which weights of a *network* become zero?",
    (
        Option("All of them, under either "
               "norm", "In a network the accuracy would be gone. Something holds on to weights."),
        Option("None under L2, all under L1", "Under L1 too some weights stay, those that the data need."),
        Option("Nothing: nobody minimises the norm alone; a loss is "
               "missing", "A network minimises loss *plus* penalty. A "
               "weight stays where both pull equally hard.", right=True),
    ),
    """\
for step in range(steps):
    w -= lr * (gradient_of_loss(w) + strength * gradient_of_norm(w))""",
    "With a loss ½(w − 0.3)², in steps small enough to be a curve: L1 still goes to 0, since the loss pulls with less "
    "than λ there (single steps would jitter around it; a proximal step lands on it); L2 stays at 0.3/(1 + 2λ).",
)  # fmt: skip

FAULTS: dict[str, tuple[Fault, ...]] = {
    "baseline": (DIRECTIONS, FRESH_BATCHES, EVEN_GRID, SWAPPED_AXES, BATCH_MEANS),
    "batch_norm": (STALE_STATISTICS, OWN_AXES, LAST_NUMBER),
    "layer_norm": (ONE_RUN,),
    "dropout": (TWO_CONVENTIONS, MASKED_LOSS, LAYER_BY_NUMBER),
    "l1_l2": (PENALTY_IN_LOSS, ONE_THRESHOLD, MOVED_WEIGHTS, OWN_BINS, SAME_STRENGTH),
    "norm_math": (NO_KINK, NO_LOSS),
}
"""Lesson → its faults, in the order of the page."""
