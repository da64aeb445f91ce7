"""The exercises in which code is typed: some hundred texts and their verdicts, the same code in PyTorch, and fuzz."""

import ast
import random
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import core.typed_code.exercises
from core.config import RunConfig
from core.course.baseline import LR
from core.course.syllabus import lessons, typed_code_of
from core.typed_code.exercises import ByValue, Exercise, Verdict, judge, values_of, weights_of
from core.typed_code.interpreter import interpret
from core.typed_code.layers import Model, forward, start
from core.typed_code.network_check import GIVEN, ByNetwork
from core.typed_code.syntax import LONGEST_TEXT, SnippetError, read

sys.path.insert(0, str(Path(__file__).parent))
from submissions import HOSTILE, RIGHT, WRONG  # noqa: E402

EXERCISES: dict[str, Exercise] = {name: code for lesson in lessons() for name, code in typed_code_of(lesson).items()}
CHECKS = {name: exercise.verdict.__self__ for name, exercise in EXERCISES.items()}
BY_VALUE = [name for name, check in CHECKS.items() if isinstance(check, ByValue)]
BY_NETWORK = [name for name, check in CHECKS.items() if isinstance(check, ByNetwork)]
LONGEST_WAIT = 1.0
"""Seconds of computing that a verdict may take."""
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::SyntaxWarning")
"""PyTorch's, about what the corpus does wrong on purpose, and Python's, about odd literals."""


def timed(exercise: Exercise, text: str) -> tuple[Verdict, float]:
    """A verdict that was not given before, and the seconds of this thread's own work that it took."""
    core.typed_code.exercises._judged.cache_clear()
    begin = time.thread_time()
    verdict = judge(exercise, text)
    return verdict, time.thread_time() - begin


def is_worded(verdict: Verdict) -> bool:
    return isinstance(verdict, Verdict) and isinstance(verdict.says, str) and len(verdict.says.strip()) > 5


# --- the exercises themselves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_the_template_alone_is_wrong_and_told_that_its_blank_is_there(name):
    verdict = judge(EXERCISES[name], EXERCISES[name].template)
    assert not verdict.right and "the blank `...` is still here" in verdict.says


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right_and_short_enough_to_be_typed(name):
    exercise = EXERCISES[name]
    assert judge(exercise, exercise.solution).right
    assert len(exercise.hints) == 3 and all(exercise.hints) and len(exercise.solution) < LONGEST_TEXT / 4
    assert exercise.title and exercise.asks.count("**") % 2 == 0


def test_there_are_nineteen_exercises_under_names_of_their_own():
    assert len(EXERCISES) == sum(len(typed_code_of(lesson)) for lesson in lessons()) == 19


@pytest.mark.parametrize("name", BY_VALUE)
def test_every_mistake_gets_its_own_text_and_is_not_shadowed(name):
    """That of another mistake, or of an accepted answer, would be a false thing to say."""
    check = CHECKS[name]
    says = [judge(EXERCISES[name], mistake.text) for mistake in check.mistakes]
    assert [verdict.says for verdict in says] == [mistake.says for mistake in check.mistakes]
    assert not any(verdict.right for verdict in says)


@pytest.mark.parametrize("name", BY_VALUE)
def test_every_accepted_text_is_right_with_what_is_said_of_it(name):
    for accepted in CHECKS[name].accepted:
        assert judge(EXERCISES[name], accepted.text) == Verdict(True, accepted.says, accepted.config)


def test_what_a_right_answer_trains_is_a_run_of_that_technique():
    def trained(name: str) -> RunConfig:
        return judge(EXERCISES[name], EXERCISES[name].solution).config

    assert (trained("batch-norm-layers").norm, trained("layer-norm-layers").norm) == ("batch", "layer")
    assert trained("dropout-layers").dropout == 0.5 and trained("perceptron").norm == "none"
    assert (
        trained("l1-branch").l1 == 1e-3 and trained("l1-branch").penalised == "all" and trained("l2-branch").l2 == 1e-3
    )
    assert trained("proximal-step").l1_method == "proximal" and trained("l1-loss") is None
    after = judge(EXERCISES["batch-norm-layers"], RIGHT["batch-norm-layers"][4]).config
    assert (
        after.norm_position == "after"
        and judge(EXERCISES["batch-norm-layers"], RIGHT["batch-norm-layers"][5]).config is None
    )
    weights_only = judge(EXERCISES["l1-branch"], RIGHT["l1-branch"][10]).config
    assert weights_only.penalised == "weights"


# --- the corpus -----------------------------------------------------------------------------------------------------


def test_the_corpus_has_texts_of_each_kind_for_every_exercise():
    assert set(RIGHT) == set(WRONG) == set(EXERCISES)
    assert sum(map(len, RIGHT.values())) > 150 and sum(map(len, WRONG.values())) > 200 and len(HOSTILE) > 150


@pytest.mark.parametrize("name", EXERCISES)
def test_a_right_answer_is_right_however_it_is_written(name):
    refused = {
        text: judge(EXERCISES[name], text).says for text in RIGHT[name] if not judge(EXERCISES[name], text).right
    }
    assert not refused


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(name):
    verdicts = {text: (judge(EXERCISES[name], text), says) for text, says in WRONG[name]}
    assert not {text: v for text, (v, says) in verdicts.items() if v.right or v.config or says not in v.says}


@pytest.mark.parametrize("name", ["l1-loss", "perceptron"])
def test_a_hostile_text_is_a_wrong_answer_in_words_and_in_no_time(name):
    for text, says in HOSTILE:
        verdict, seconds = timed(EXERCISES[name], text)
        wanted = (says,) if isinstance(says, str) else says
        assert not verdict.right and is_worded(verdict) and any(one in verdict.says for one in wanted), (
            text[:80],
            verdict,
        )
        assert seconds < LONGEST_WAIT, (text[:80], seconds)
        assert len(verdict.says) < 400, text[:80]


def test_no_text_is_executed_and_none_opens_or_imports_anything(monkeypatch):
    """Python's own record of what happens in it, kept while the texts are judged."""
    happened, watching = [], [False]
    watched = {"exec", "open", "import", "os.system", "subprocess.Popen", "socket.connect", "os.listdir"}
    sys.addaudithook(lambda event, _: happened.append(event) if watching[0] and event in watched else None)
    exercise = EXERCISES["l2-loss"]
    for _ in range(2):  # the first time round numpy loads what it needs
        happened.clear()
        core.typed_code.exercises._judged.cache_clear()
        watching[0] = True
        try:
            for text, _says in HOSTILE[:90]:
                judge(exercise, text)
        finally:
            watching[0] = False
    assert happened == []


def test_the_bookkeeping_of_the_training_step_cannot_be_written_to():
    cheats = (
        "_weights = []",
        "_state['w'] = 1",
        "opt._state",
        "weights.append(1)",
        "opt.step.call()",
        "model(1).value",
    )
    for cheat in cheats:
        verdict = judge(EXERCISES["training-step"], f"for x, y in batches:\n    {cheat}\n")
        assert not verdict.right and "_weights?" not in verdict.says and "_value?" not in verdict.says


def test_what_is_no_text_at_all_is_answered_too():
    for given_ in (0, 1.5, None, (1.0, 2.0), ["x"]):  # a progress file may hold numbers where a text belongs
        assert is_worded(judge(EXERCISES["l1-loss"], given_)) and not judge(EXERCISES["l1-loss"], given_).right


def test_a_right_answer_that_takes_long_is_told_so_before_its_derivatives_are_computed():
    text = RIGHT["l1-branch"][0] + "for i in range({}):\n    x = i\n"
    verdict, seconds = timed(EXERCISES["l1-branch"], text.format(300))
    assert verdict.right and seconds < LONGEST_WAIT
    verdict, seconds = timed(EXERCISES["l1-branch"], text.format(900))
    assert not verdict.right and "too many steps" in verdict.says and seconds < LONGEST_WAIT


def test_a_text_that_is_far_too_long_is_not_remembered():
    core.typed_code.exercises._judged.cache_clear()
    assert "10,000,000 characters long" in judge(EXERCISES["l1-loss"], "w" * 10_000_000).says
    assert core.typed_code.exercises._judged.cache_info().currsize == 0


def test_a_verdict_does_not_depend_on_the_stack_that_is_left():
    def deeper(n: int, text: str) -> Verdict:
        core.typed_code.exercises._judged.cache_clear()
        return deeper(n - 1, text) if n else judge(EXERCISES["l1-loss"], text)

    text = "def compute_l1_loss(self, w):\n    return " + "(" * 15 + "w.abs().sum()" + " + 0 * w.sum())" * 15 + "\n"
    assert deeper(0, text).right and is_worded(deeper(400, text))
    for n in range(0, 900, 60):
        try:
            assert is_worded(deeper(n, text))
        except RecursionError:  # the test's own calls do not fit
            assert n > 500


# --- the same code in PyTorch ---------------------------------------------------------------------------------------


class Notebooks(nn.Module):
    """The model of the branch exercises, as the notebook writes it."""

    def __init__(self, held):
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(4, 3), nn.Linear(3, 2)
        for name, value in held.items():
            layer, part = name.split(".")
            setattr(getattr(self, layer), part, nn.Parameter(value.detach().clone()))
        self.layers = [self.linear1, self.linear2]

    def compute_l1_loss(self, w):
        return w.abs().sum()

    def compute_l2_loss(self, w):
        return w.square().sum()


def in_pytorch(name: str, text: str, inputs) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Executes a text of this corpus: the result that its exercise compares, and the tensors it may be derived by."""
    given_ = {key: torch.tensor(value, dtype=torch.float64) for key, value in inputs.items()}
    by = {key: given_[key].requires_grad_() for key in CHECKS[name].gradients}
    numbers = {key: value for key, value in CHECKS[name].names(dict(inputs)).items() if isinstance(value, float)}
    names = {"torch": torch, "nn": nn, "F": F, "device": "cpu", **given_, **numbers, "self": None}
    if name.endswith("-branch"):
        model = Notebooks({key: value for key, value in given_.items() if key != "loss"})
        by = {"loss": given_["loss"], **dict(model.named_parameters())}
        names |= {"model": model, "loss": given_["loss"] + 0}  # a computed loss may be added to in place
    exec(text, names)
    if name == "early-stopping":
        return torch.tensor([names["kept"], names["epoch"]]), by
    function = name.replace("-", "_").replace("l1_loss", "compute_l1_loss").replace("l2_loss", "compute_l2_loss")
    variable = {
        "filter-normalised": "u",
        "batch-norm-by-hand": "x_hat",
        "layer-norm-by-hand": "x_hat",
        "running-mean": "running_mean",
        "dropout-by-hand": "h_train",
        "l1-branch": "loss",
        "l2-branch": "loss",
        "proximal-step": "w_new",
        "norms-of-x": "both",
        "l2-shrinks": "w_l2",
        "l1-zeroes": "w_l1",
    }.get(name)
    return (names[variable] if variable else names[function](None, names["w"])), by


@pytest.fixture
def numbers_of_double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def result_here(name: str, text: str) -> list[np.ndarray] | None:
    """What the engine finds on the exercise's inputs; None where it refuses the text."""
    try:
        return values_of(CHECKS[name], text)
    except SnippetError:
        return None


@pytest.mark.usefixtures("numbers_of_double_precision")
@pytest.mark.parametrize("name", [name for name in BY_VALUE if name != "training-step"])
def test_a_text_gives_in_pytorch_what_it_gives_here(name):
    """Right and wrong ones, wherever the engine finds a value, on every input."""
    check = CHECKS[name]
    texts = [*RIGHT[name], *(text for text, _ in WRONG[name]), *(mistake.text for mistake in check.mistakes)]
    compared = 0
    for text in texts:
        found = result_here(name, text)
        if found is None:
            continue
        for value, inputs in zip(found, check._tries(), strict=True):
            wanted = in_pytorch(name, text, inputs)[0]
            assert np.allclose(value, torch.as_tensor(wanted).detach().numpy(), rtol=1e-7, atol=1e-9), text
            compared += 1
    assert compared >= 4 * len(RIGHT[name])


@pytest.mark.usefixtures("numbers_of_double_precision")
@pytest.mark.parametrize("name", [name for name in BY_VALUE if CHECKS[name].gradients])
def test_the_derivatives_that_are_compared_are_those_of_autograd(name):
    check = CHECKS[name]
    inputs = check._tries()[0]
    for text in [*RIGHT[name], *(text for text, says in WRONG[name] if "gradient" in says or "cut off" in says)]:
        if result_here(name, text) is None:
            continue
        result, by = in_pytorch(name, text, inputs)
        if not isinstance(result, torch.Tensor) or not result.requires_grad:
            assert "no gradient flows" in judge(EXERCISES[name], text).says, text
            continue
        weights = torch.from_numpy(np.asarray(weights_of(tuple(result.shape))))
        gradients = torch.autograd.grad((weights * result).sum(), list(by.values()), allow_unused=True)
        for (key, value), wanted in zip(by.items(), gradients, strict=True):
            wanted = torch.zeros_like(value) if wanted is None else wanted
            found = check.derivative(read(text), inputs, key)
            assert np.allclose(found, wanted.numpy().reshape(-1), rtol=1e-5, atol=1e-5 * max(1, wanted.abs().max())), (
                text
            )


class Watched(torch.optim.SGD):
    """SGD that keeps the weight after each step."""

    def __init__(self, model):
        super().__init__(model.parameters(), lr=LR)
        self.weight, self.weights = model.weight, []

    def step(self):
        super().step()
        self.weights.append(self.weight.item())


@pytest.mark.usefixtures("numbers_of_double_precision")
def test_a_training_step_moves_the_weight_as_pytorchs_optimizer_does():
    check, n = CHECKS["training-step"], 0
    for text in [*RIGHT["training-step"], *(text for text, _ in WRONG["training-step"])]:
        found = result_here("training-step", text)
        if found is None or text.count("loss.backward()") > 1:  # PyTorch refuses the second one
            continue
        for value, inputs in zip(found, check._tries(), strict=True):
            model = nn.Linear(1, 1, bias=False)
            with torch.no_grad():
                model.weight.fill_(float(inputs["w"]))
            batches = [(torch.tensor([x]), torch.tensor([y])) for x, y in zip(inputs["x"], inputs["y"], strict=True)]
            opt = Watched(model)
            exec(text, {"batches": batches, "model": model, "opt": opt, "loss_func": F.mse_loss})
            assert np.allclose(value, [*opt.weights, model.weight.item()]), text
            n += 1
    assert n >= 4 * len(RIGHT["training-step"])


@pytest.mark.usefixtures("numbers_of_double_precision")
@pytest.mark.parametrize("name", BY_NETWORK)
def test_a_right_network_computes_in_pytorch_what_it_computes_here(name):
    images = np.random.default_rng(1).uniform(0, 1, (4, 784))
    for text in RIGHT[name]:
        names = {"nn": nn, "torch": torch, "device": "cpu", **GIVEN}
        exec(text, names)
        theirs = [value for value in names.values() if isinstance(value, nn.Sequential)][-1]
        model = [value for value in interpret(read(text), GIVEN).names.values() if isinstance(value, Model)][-1]
        held = start(model, np.random.default_rng(0))
        flat = [layer for layer in theirs.modules() if not isinstance(layer, nn.Sequential)]
        with torch.no_grad():
            for i, (weight, bias) in held.linear.items():
                flat[i].weight.copy_(torch.from_numpy(weight))
                if flat[i].bias is not None:
                    flat[i].bias.copy_(torch.from_numpy(bias))
        theirs.eval()
        wanted = theirs(torch.from_numpy(images.reshape(-1, 1, 28, 28))).detach().numpy()
        assert np.allclose(forward(model, held, images, training=False)[0][-1], wanted), text


# --- fuzz -----------------------------------------------------------------------------------------------------------

ALL_TEXTS = [
    (name, text)
    for name in EXERCISES
    for text in (EXERCISES[name].solution, *RIGHT[name], *(text for text, _ in WRONG[name]))
]
TOKENS = [
    *"()[]{},.:=+-*/%@<>~&|^\\\n'\"_#;!",
    "\n    ",
    "**",
    "//",
    "==",
    "+=",
    "...",
    "for ",
    " in ",
    "if ",
    "else ",
    "not ",
    "def ",
    "return ",
    "and ",
    "or ",
    "lambda ",
    "import ",
    "None",
    "True",
    "0",
    "1",
    "2",
    "0.5",
    "1e12",
    "10**9",
    "w",
    "x",
    "self",
    "torch",
    "nn",
    "F",
    "model",
    "loss",
    "sum",
    "abs",
    "range",
    "zip",
    "max",
    "float",
    "len",
    "list",
    "print",
    ".sum",
    ".mean",
    ".norm",
    ".var",
    ".abs",
    ".item",
    ".view",
    ".max",
    ".T",
    ".shape",
    ".append",
    "dim",
    "keepdim",
    "eps",
    "nn.Linear",
    "nn.ReLU",
    "nn.Sequential",
    "torch.zeros",
    "torch.stack",
    "torch.tensor",
    "torch.linalg.norm",
    "'fro'",
    "\0",
    "\ud800",
    "＿",
    "é",
    "\t",
    "\r",
    "\ufeff",
    "𝐱",
    "node",
    "call",
    "function",
]


def survives(name: str, text: str) -> None:
    verdict, seconds = timed(EXERCISES[name], text)
    assert is_worded(verdict) and seconds < LONGEST_WAIT, (name, text, verdict, seconds)


@settings(max_examples=400)
@given(st.sampled_from(list(EXERCISES)), st.lists(st.sampled_from(TOKENS), max_size=25))
def test_a_soup_of_tokens_gets_a_verdict(name, tokens):
    survives(name, "".join(tokens))


def mutated(text: str, rng: random.Random) -> str:
    """A text with a few of its tokens or letters deleted, doubled, exchanged, or replaced."""
    pieces = list(text) if rng.random() < 0.2 else re.findall(r"\w+|\s+|\*\*|//|[^\w\s]", text)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
        if not pieces:
            break
        i, j = rng.randrange(len(pieces)), rng.randrange(len(pieces))
        kind = rng.choice(["delete", "double", "exchange", "replace", "insert"])
        if kind == "delete":
            del pieces[i]
        elif kind == "double":
            pieces.insert(i, pieces[j])
        elif kind == "exchange":
            pieces[i], pieces[j] = pieces[j], pieces[i]
        elif kind == "replace":
            pieces[i] = rng.choice(TOKENS)
        else:
            pieces.insert(i, rng.choice(TOKENS))
    return "".join(pieces)


@settings(max_examples=500)
@given(st.sampled_from(ALL_TEXTS), st.integers(0, 2**32 - 1))
def test_a_mutated_answer_gets_a_verdict(entry, seed):
    name, text = entry
    survives(name, mutated(text, random.Random(seed)))


class Swapped(ast.NodeTransformer):
    """Puts at some places of a tree an expression of another text there."""

    def __init__(self, rng: random.Random, others: list[ast.expr]):
        self.rng, self.others = rng, others

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if (
            isinstance(node, ast.expr)
            and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
            and self.rng.random() < 0.08
        ):
            return self.rng.choice(self.others)
        return node


PARSED = {}
for _name, _text in ALL_TEXTS:
    try:
        PARSED[_text] = (_name, ast.parse(_text))
    except SyntaxError:
        continue
PIECES = [
    node
    for _, tree in PARSED.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
]


@settings(max_examples=400)
@given(st.sampled_from(list(PARSED)), st.integers(0, 2**32 - 1))
def test_a_tree_with_parts_of_other_answers_in_it_gets_a_verdict(text, seed):
    name, _ = PARSED[text]
    rng = random.Random(seed)
    swapped = Swapped(rng, PIECES).visit(ast.parse(text))
    try:
        survives(name, ast.unparse(ast.fix_missing_locations(swapped)))
    except (RecursionError, ValueError):  # unparse itself
        return
