"""No number of a result is typed into a text: it is computed from the stored results, or it is cited.

A text keeps its number when the results change. So every text of the pages, of the lessons and of what they draw is
searched for numbers that look like results, and each of these must be a setting of the course or a phrase of `ALLOWED`,
which says why it may stand.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from core.config import DATASETS, FIELDS, FULL, SMALL_AND_NOISY
from core.results.run import total_parameters
from core.techniques import TECHNIQUES

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / "streamlit_app.py",
    *sorted((ROOT / "pages").glob("*.py")),
    *sorted((ROOT / "core/app").glob("*.py")),
    *sorted((ROOT / "core/course").glob("*.py")),
]

# --- texts ----------------------------------------------------------------------------------------------------------

COMPUTED = "□"
"""Stands for what an f-string computes."""

NOT_READ = re.compile(r"\$[^$]*\$|`[^`]*`|\]\([^)]*\)|arXiv:[\d.]+")
"""Formulas, code, addresses: closed forms and names, not results."""

CODE_KEYWORDS = {"code", "mended", "solution", "start"}
"""Arguments that hold code that is shown, not prose."""
CODE_CALLS = {"code", "latex"}


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string of several words that is no docstring and no code; what an f-string computes is
    COMPUTED."""
    tree = ast.parse(source)
    passed_over: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed_over.add(id(node.value))
        elif isinstance(node, ast.keyword) and node.arg in CODE_KEYWORDS:
            passed_over |= set(map(id, ast.walk(node.value)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CODE_CALLS:
            passed_over |= {id(part) for argument in node.args for part in ast.walk(argument)}
        elif isinstance(node, ast.JoinedStr):
            passed_over |= set(map(id, node.values))
    for node in ast.walk(tree):
        if id(node) in passed_over:
            continue
        text = _text_of(node)
        if len(text.split()) >= 3:
            yield node.lineno, " ".join(text.split())


def _text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else COMPUTED for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


# --- numbers that look like results ---------------------------------------------------------------------------------

RESULT_UNIT = r"%|per cent|percent|(?:\w+ )?points?\b|nats?\b|times\b|tenths?\b|hundredths?\b"
COUNT_UNIT = r"images?|epochs?|seeds?|steps?|units?|weights?|networks?|masks?"
HEDGE = r"near|nearly|about|around|roughly|almost|some|only|under|over|below|above|up to|at most|at least|reach(?:es)?"
NUMBER = r"(?<![\w.,{□^])[−-]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?![\w{□])"
WORDS = "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty hundred"
NUMBER_WORD = rf"\b(?:{WORDS.replace(' ', '|')})\b"

WITH_RESULT_UNIT = re.compile(rf"(?:{NUMBER}|{NUMBER_WORD}) ?(?:{RESULT_UNIT})")
WITH_COUNT_UNIT = re.compile(rf"({NUMBER}) (?:\w+ )?({COUNT_UNIT})\b")
HEDGED = re.compile(rf"\b(?:{HEDGE}) ({NUMBER})")
FRACTION = re.compile(r"(?<![\w.,{□^])\d+\.\d+(?:e-?\d+)?(?![\w{□])")


@cache
def settings() -> frozenset[float]:
    """Every number that a setting of the course may be: stops, defaults, sizes of the data and of the network."""
    found: set[float] = {total_parameters(FULL), len(FIELDS["seed"].stops)}
    for field in FIELDS.values():
        found |= {value for value in (*field.stops, field.default) if not isinstance(value, str)}
    for technique in TECHNIQUES:
        found |= set(technique.stops if technique.strength else ())
    for data in DATASETS.values():
        found |= {data.side, data.n_inputs, data.n_pool, data.n_all or 0, data.n_validation, data.n_test, *data.widths}
    for config in (FULL, SMALL_AND_NOISY):
        found |= {config.lr, config.epochs, config.batch_size, config.n_train}
    return frozenset(map(float, found))


def is_setting(number: str) -> bool:
    return abs(float(number.replace("−", "-").replace(",", ""))) in settings()


def like_results(text: str) -> list[str]:
    """The numbers of a text that look like results and are no settings, each with its surroundings."""
    read = NOT_READ.sub(" ", text)
    found: dict[int, str] = {}
    for match in WITH_RESULT_UNIT.finditer(read):
        found[match.start()] = match.group()
    for match in WITH_COUNT_UNIT.finditer(read):
        if not is_setting(match.group(1)):
            found[match.start()] = match.group()
    for pattern, group in ((HEDGED, 1), (FRACTION, 0)):
        for match in pattern.finditer(read):
            if not is_setting(match.group(group)):
                found.setdefault(match.start(), match.group())
    return [f"{read[max(0, at - 40) : at]}{what}{read[at + len(what) :][:25]}" for at, what in sorted(found.items())]


# --- what may stand -------------------------------------------------------------------------------------------------

CLOSED_FORM = "computed by hand in the text itself, from numbers that it names"
SETTING = "a setting, in other words than its stop"
CITED = "cited, with the place"
SECTION = "a section of a cited text"
DEFINITION = "what a word of the course means"

ALLOWED: dict[str, str] = {
    "386,000 weights": "a size of the network, rounded",
    "An interval of 95 % leaves out 0 by chance once in twenty times": DEFINITION,
    "even one of them is called clear at or below 5 %": DEFINITION,
    "[83.5 %  of 1,000 test images": CITED + ": the repository of Fashion-MNIST",
    "ln 10 ≈ 2.30 nats": CLOSED_FORM,
    "Guessing among ten classes costs ln 10 nats": CLOSED_FORM,
    "ten times the images": SETTING,
    "20 % of the training labels are wrong": SETTING,
    "the rule alone could reach about 80 %": CLOSED_FORM,
    "a hundred times larger": SETTING + ": what the reader does to a number",
    "a hundred times too": "an answer to choose, and a wrong one",
    "section 3.2": SECTION,
    "more than ten points against group norm ([Wu & He 2018": CITED,
    "392 + 196 = 588 hidden units": "a size of the network",
    "§5.1": SECTION,
    "§6.5.2": SECTION,
    "§3.4": SECTION,
    "p = 1.25 makes small weights": SETTING,
    "tell p = 1.25 from p = 1": SETTING,
    "width:100%": "markup",
    "95 % interval": DEFINITION,
    "interval, 95 %": DEFINITION,
    "95 % of such ranges": DEFINITION,
    "any two points it never lies above": "no result: points of a curve",
    "was trained five times": "the number of seeds",
    "δ from 0 to 1.5": "a range of an axis",
    "over w from −1.5 to 1.5": "a range of an axis",
    "1,024 training images": SETTING + ": of the measurement",
    "the same 1,024 images": SETTING + ": of the measurement",
    "Guessing gives 10 %": CLOSED_FORM,
    "20 % wrong labels": SETTING,
    "lowest of the 40 points": SETTING + ": of the notebook's grid",
    "ten points in the middle of 40": SETTING + ": of the notebook's grid",
    "−0.25 to 0.25": SETTING + ": of the notebook's grid",
    "−0.25 and 0.25": SETTING + ": of the notebook's grid",
    "forty points": SETTING + ": of the notebook's grid",
    "in 39 equal steps": SETTING + ": of the notebook's grid",
    "three times": "how often it is drawn",
    "39 · 256 + 16, so each of those 16 images": CLOSED_FORM,
    "L2 pulls a hundred times harder on the 1": CLOSED_FORM,
    "λ₂ = 0.002": CLOSED_FORM,
    "λ₂ = 0.004": CLOSED_FORM,
    "brought the 1 down to 0.99, it has brought the 0.01 down to 0": CLOSED_FORM,
    "For a weight of 0.03, |w| is 0.03 but w² is 0.0009": CLOSED_FORM,
    "deviation grow five times as well": CLOSED_FORM,
    "The norm falls from 1.2 to 1 at δ = ε = 0.2": CLOSED_FORM,
    "the square falls only from 1.01 to 1": CLOSED_FORM,
    "they would fall by 0.19 and by 0.1. L2 gains nineteen times": CLOSED_FORM,
    "By 0.19 and by 0.1": CLOSED_FORM,
    "1.1 becomes 1": CLOSED_FORM,
    "at 0.184 under L2": CLOSED_FORM,
    "0.5·e⁻¹ = 0.184": CLOSED_FORM,
    "At 0.184 under L1": CLOSED_FORM,
    "at 0.25 under L2": CLOSED_FORM,
}
"""Phrase → why its number may be typed. A phrase is taken out of a text before numbers are looked for."""


def without_allowed(text: str) -> str:
    read = NOT_READ.sub(" ", text)
    for phrase in ALLOWED:
        read = read.replace(phrase, " ")
    return read


# --- tests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_number_of_a_result_is_typed(file):
    found = [
        f"{file.name}:{line}: {where}"
        for line, text in texts(file.read_text(encoding="utf-8"))
        for where in like_results(without_allowed(text))
    ]
    assert not found, "\n".join(["compute these, or cite them and add the phrase to ALLOWED:", *found])


def test_every_allowed_phrase_is_still_somewhere():
    everything = "\n".join(
        NOT_READ.sub(" ", text) for file in FILES for _, text in texts(file.read_text(encoding="utf-8"))
    )
    assert [phrase for phrase in ALLOWED if phrase not in everything] == []


@pytest.mark.parametrize(
    "typed",
    [
        "The plain network ends near 81 % of the test images.",
        "The plain network ends near 81 and stays there.",
        "Dropout is ahead by 7.1 points after the last epoch.",
        "Dropout is ahead by three points after the last epoch.",
        "The loss rises by 0.35 from the best epoch on.",
        "It takes 27 masks until the mean is better.",
        "This costs two tenths of a point at most.",
        "The plain network's loss range is 14 times batch norm's.",
        "About 96 % of the first layer's weights are below 0.0001.",
    ],
)
def test_a_typed_result_is_found(typed):
    for source in (f"say({typed!r})", f"say(f{typed + ' {run.gap}'!r})"):
        assert [where for _, text in texts(source) for where in like_results(without_allowed(text))]


@pytest.mark.parametrize(
    "fine",
    [
        "Trained on 60,000 images for 20 epochs, then on 2,000 images for 60 epochs.",
        "At p = 0.5 and λ₁ = 0.001, by Adam at a learning rate of 0.0003 in batches of 128.",
        "The first layer leads from 784 pixels to 392 units.",
        "A fifth of the labels is wrong, and five seeds were trained of each.",
        "Ioffe & Szegedy 2015, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).",
        "With $\\varepsilon = 10^{-5}$ and $x = 0.37$, as in `nn.Dropout(0.37)`, nothing happens.",
        "It takes a dozen of them or so.",
    ],
)
def test_settings_formulas_and_code_are_no_results(fine):
    assert [where for _, text in texts(f"say({fine!r})") for where in like_results(without_allowed(text))] == []


def test_what_is_computed_docstrings_and_code_are_not_read():
    source = """
def page():
    'The plain network reaches 81.3 % here.'
    say(f"It ends at {percent(run.last)} % of them, {gap} points lower.")
    st.code("x = 81.3 * points  # 81.3 %")
    Fault(code="print(81.3, 'points and more')")
"""
    assert [where for _, text in texts(source) for where in like_results(text)] == []
