"""Hostile values at the doors of the core: each is refused in words, or is a value in its range; nothing is executed,
nothing comes back as markup, and no work is without bound. What stands on the pages is in pages/test_hostile_pages.py.
"""

from __future__ import annotations

import ast
import json
import random
import re
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hostile import ALL, CANARY, JSON_TEXTS, OTHER_TYPES, spoilt, texts
from hypothesis import given
from hypothesis import strategies as st

from core.app import address, share, take_home
from core.config import FIELDS, FULL, SMALL_AND_NOISY, ConfigError, RunConfig
from core.course.glossary import matching
from core.course.progress import LARGEST_FILE, Answer, Progress, ProgressError, from_text, to_text
from core.course.syllabus import exercises, lessons, questions_of, typed_code_of
from core.data import DataError, read_idx
from core.export.document import file_name, to_notebook, to_script
from core.figures.curves import curve_table
from core.results.library import stored_outcome
from core.typed_code.exercises import judge

ROOT = Path(__file__).resolve().parent.parent

CODE = [(lesson, exercise) for lesson in lessons() for exercise in typed_code_of(lesson).values()]
OF_FIELDS, OF_CODE, OF_FILES, OF_IDX, OF_ADDRESSES, OF_SEARCHES = 200, 360, 600, 300, 300, 200
"""How many cases there are of each."""


def test_these_are_more_than_six_thousand():
    of_fields = len(FIELDS) * (len(texts(OF_FIELDS)) + len(OTHER_TYPES))
    assert len(ALL) > 120
    assert of_fields + OF_CODE + OF_FILES + len(JSON_TEXTS) + OF_IDX + OF_ADDRESSES + OF_SEARCHES > 6_000


# --- settings -------------------------------------------------------------------------------------------------------


def is_in_range(field, value) -> bool:
    return value in field.choices if field.kind == "choice" else field.low <= value <= field.high


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_a_setting_takes_no_text_past_its_range(field):
    for text in texts(OF_FIELDS, seed=len(field.name)):
        try:
            value = field.parse(text)
        except ConfigError as error:
            assert error.field == field.name and len(str(error)) < 400 and str(error).isprintable(), text
        else:
            assert is_in_range(field, value) and type(value) is type(field.default), text


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_a_config_takes_no_value_of_another_type_or_past_its_range(field):
    """Whatever comes to a training comes as a config."""
    for value in OTHER_TYPES:
        try:
            config = RunConfig(**{field.name: value})
        except ConfigError as error:
            assert len(str(error)) < 400, value
        else:
            assert is_in_range(field, getattr(config, field.name)), value


# --- files that are loaded, and what the browser keeps ----------------------------------------------------------------


def a_progress() -> Progress:
    """With an answer to every exercise."""
    drawn = {
        f"{lesson}/{name}": Answer((1.0, 2.5), False) if name in questions_of(lesson) else Answer("x = 1\n", True)
        for lesson, names in exercises().items()
        for name in names
    }
    return Progress(drawn, dict.fromkeys(drawn, 5), {f"{lesson}/a-step": 7 for lesson in lessons()}, 3)


FILE = to_text(a_progress()).encode()


def read_or_refused(content: bytes) -> Progress | None:
    try:
        found, unknown = from_text(content)
    except ProgressError as error:
        assert re.match(r"This (file|is not)", str(error)) and len(str(error)) < 200 and str(error).isprintable()
        assert CANARY not in str(error)
        return None
    assert unknown >= 0
    return found


def test_a_spoilt_file_is_refused_in_words_or_holds_what_could_have_been_saved():
    kept = [found for content in spoilt(FILE, OF_FILES) if (found := read_or_refused(content))]
    assert 10 < len(kept) < OF_FILES - 100
    for found in kept:
        to_text(found).encode()  # what is kept can be shown and saved again
        assert from_text(to_text(found).encode())[0] == found


@pytest.mark.parametrize("text", JSON_TEXTS, ids=lambda text: repr(text[:12]))
def test_odd_json_is_refused_in_words(text):
    assert read_or_refused(text.encode("utf-8", "surrogatepass")) is None
    entry = f'{{"version": 2, "answers": {text}, "visited": {{}}, "forgotten": 0}}'
    found = read_or_refused(entry.encode("utf-8", "surrogatepass"))
    assert found is None or not found.answers


@pytest.mark.parametrize("given", ["\ud800", "a\udfffb", "\ud83d", ["\ud800"]])
def test_half_a_character_is_refused(given):
    told = json.loads(FILE)
    told["answers"]["l1_l2/code-l1-branch"] = {"given": given, "right": True, "at": 1}
    assert read_or_refused(json.dumps(told).encode()) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_that_an_editor_saved_in_another_form_of_unicode_loads(encoding):
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    assert from_text(marks.get(encoding, b"") + FILE.decode().encode(encoding))[0] == a_progress()


BOMBS = {
    "lists": b"[" + b"[]," * 333_000 + b"[]]",
    "deep lists": b"[" * 500_000 + b"]" * 500_000,
    "deep tables": b'{"answers":' * 90_000,
    "one text": b'{"answers": {"a": "' + b"\\u0041" * 166_000 + b'"}}',
    "many answers": json.dumps({"version": 1, "answers": {str(i): i for i in range(60_000)}}).encode(),
    "many steps": json.dumps({"version": 2, "answers": {}, "visited": {f"a/{i}": 1 for i in range(60_000)}}).encode(),
    "numbers": b"[" + b"1e9," * 249_000 + b"1]",
    "one number": b"1" * 999_999,
}


@pytest.mark.parametrize("name", BOMBS)
def test_the_memory_and_the_time_that_a_file_takes_are_bounded(name):
    assert len(BOMBS[name]) < 1.2 * LARGEST_FILE
    tracemalloc.start()
    began = time.thread_time()
    found = read_or_refused(BOMBS[name])
    seconds, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is None or not found.answers
    assert peak < 60 * LARGEST_FILE and seconds < 5


# --- data files -----------------------------------------------------------------------------------------------------


def test_a_header_that_promises_anything_is_refused_or_kept(tmp_path):
    """Also one whose sizes multiply to what is there once 64 bits overflow."""
    rng, path, read = random.Random(0), tmp_path / "images", 0
    sizes = (0, 1, 2, 3, 24, 255, 65_536, 2**31 - 1, 2**31, 2**32 - 1)
    for _ in range(OF_IDX):
        shape = [rng.choice(sizes) for _ in range(rng.choice((1, 1, 2, 3, 4, 9, 255)))]
        head = bytes([rng.choice((0, 0, 0, 1)), 0, rng.choice((8, 8, 8, 13)), len(shape)])
        path.write_bytes(head + struct.pack(f">{len(shape)}I", *shape) + bytes(rng.choice((0, 1, 2, 24))))
        try:
            found = read_idx(path)
        except DataError as error:
            assert str(tmp_path) not in str(error)
        else:
            read += 1
            assert found.size == path.stat().st_size - 4 - 4 * len(shape)
    assert read >= 2


# --- typed code -----------------------------------------------------------------------------------------------------


def test_typed_texts_are_judged_in_words_without_markup_soon_and_in_little_memory():
    tracemalloc.start()
    began = time.thread_time()
    for i, text in enumerate(texts(OF_CODE, seed=5)):
        lesson, exercise = CODE[i % len(CODE)]
        verdict = judge(exercise, exercise.template.replace("...", text, 1) if i % 2 else text)
        assert len(verdict.says) < 1_000, (lesson, text)
        outside_code = "".join(verdict.says.split("`")[::2])
        assert not re.search(r"<\w|\]\(|!\[|javascript:", outside_code), (lesson, text)
    seconds, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 0.2 * OF_CODE and peak < 60e6


EXECUTES = {"eval", "exec", "compile", "__import__", "pickle", "marshal", "shelve", "os.system", "os.popen"}


@pytest.mark.parametrize("path", [*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/*.py")], ids=lambda path: path.name)
def test_nothing_that_is_typed_can_reach_what_executes_or_unpickles(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert name not in EXECUTES and name.split(".")[0] not in EXECUTES, node.lineno
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            assert "shell" not in keywords and "unsafe_allow_html" not in keywords, node.lineno
            if name == "np.load":
                assert ast.unparse(keywords["allow_pickle"]) == "False"


# --- what comes back ------------------------------------------------------------------------------------------------


def test_a_text_of_an_address_comes_back_as_code_and_short():
    for text in texts(OF_ADDRESSES, seed=1):
        shown = address.as_text(text)
        assert shown.isprintable() and len(shown) <= address.LONGEST_SHOWN + 2, text
        assert shown == "an empty text" or re.fullmatch(r"`[^`]+`", shown), text


def test_an_address_that_is_shared_is_an_address_and_its_code_a_picture():
    for i, text in enumerate(texts(OF_ADDRESSES, seed=2)):
        given = {"lambda1": text, "hide": text, "other": text}
        made = share.address_of("https://example.org/l1_l2", "lambda1", ("lambda1",), given, {"kept": text})
        page, _, query = made.partition("?")
        assert page == "https://example.org/l1_l2" and re.fullmatch(r"[\w%.=&+~-]*", query) and "other" not in query
        if i % 10 == 0 and len(made) <= share.LONGEST_CODED:
            assert CANARY not in share.code_of(made)


def test_the_glossary_is_searched_for_anything():
    began = time.thread_time()
    assert all(isinstance(matching(text), list) for text in texts(OF_SEARCHES, seed=3))
    assert time.thread_time() - began < 0.02 * OF_SEARCHES


@given(st.from_type(RunConfig))
def test_a_file_to_take_home_has_a_plain_name(config):
    for ending in ("py", "ipynb"):
        assert re.fullmatch(r"[\w.+-]+\.(py|ipynb)", file_name(config, ending)) and ".." not in file_name(
            config, ending
        )


def test_no_cell_of_a_table_to_take_home_is_a_formula():
    for config in (FULL, SMALL_AND_NOISY):
        text = take_home._as_csv(curve_table(stored_outcome(config).records, config))
        cells = [cell for line in text.splitlines() for cell in line.split(",")]
        assert len(cells) > 100
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "|"))]
        assert all(float(cell) < 0 for cell in cells if cell.startswith("-"))


def test_a_script_to_take_home_holds_nothing_but_what_its_config_says():
    """Its settings are numbers in their ranges and names of ours, so no text of a visitor can come into it."""
    for field in FIELDS.values():
        for text in ALL:
            try:
                told = {field.name: field.parse(text)}
            except ConfigError:
                continue
            assert isinstance(told[field.name], (int, float)) or told[field.name] in field.choices
    script, notebook = to_script(SMALL_AND_NOISY), json.loads(to_notebook(SMALL_AND_NOISY))
    compile(script, "script", "exec")
    assert "<script" not in script and all(cell["cell_type"] in ("code", "markdown") for cell in notebook["cells"])


NOT_TEXT = re.compile(r"\.(innerHTML|outerHTML)\b|insertAdjacentHTML|document\.write|\beval\(|new Function")


@pytest.mark.parametrize("path", sorted((ROOT / "core/app").glob("*.js")), ids=lambda path: path.name)
def test_scripts_write_markup_of_their_own_only(path):
    """What is put in as markup is a constant, but for names of icons in the same file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if NOT_TEXT.search(line):
            assert re.fullmatch(
                r"\s*\w+\.innerHTML = (\"[^\"]*\"|`[^`$]*(\$\{icon\(\"\w+\"\)\}[^`$]*)*`)( \+)?;?", line
            ), line
