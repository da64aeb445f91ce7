"""The exported text, executed: it must give the app's numbers, and read as if written for its config.

In most tests a stand-in that remembers the saved files takes matplotlib's place, which would take longer than all the
rest; `test_draws_with_matplotlib` uses the real one.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import product
from types import ModuleType
from unittest.mock import MagicMock

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from core.config import DIGITS, FULL, SMALL_AND_NOISY, ConfigError, RunConfig
from core.data import Images, split_images
from core.engine import models, surface
from core.engine.evaluation import as_pixels
from core.engine.training import fix_threads, train, train_or_diverge
from core.export.document import cells as text_cells
from core.export.document import file_name, to_notebook, to_script
from core.export.values import LEAST_TORCH, SURFACE_POINTS
from core.results.run import TRAIN_SUBSET
from core.results.surface import SurfaceSpec

TINY = replace(DIGITS, n_train=60, batch_size=16, epochs=3)
SETTINGS = [
    {},
    {"label_noise": 0.0, "seed": 3},
    {"optimizer": "sgd", "lr": 0.1},
    {"dropout": 0.5},
    {"norm": "batch"},
    {"norm": "batch", "norm_position": "after", "dropout": 0.2},
    {"norm": "batch", "n_train": 65},  # a last batch of one image
    {"norm": "layer"},
    {"norm": "layer", "norm_position": "after"},
    {"l1": 1e-3},
    {"l1": 1e-2, "penalised": "all"},
    {"l1": 1e-3, "l1_method": "proximal"},
    {"l1": 1e-2, "l1_method": "proximal", "optimizer": "sgd", "lr": 0.1},
    {"l1": 1e-3, "l1_method": "proximal", "l2": 1e-2, "l2_method": "decoupled", "norm": "layer"},
    {"l2": 1e-2},
    {"l2": 1e-2, "penalised": "all", "norm": "batch"},
    {"l2": 1e-1, "l2_method": "decoupled"},
    {"l2": 1e-1, "l2_method": "decoupled", "optimizer": "sgd", "lr": 0.1, "penalised": "all"},
    {"l1": 1e-3, "l2": 1e-2},
    {"max_norm": 0.5},
    {"shift": 1, "flip": "on"},
    {"flip": "on", "label_smoothing": 0.1, "norm": "batch"},
    {"label_smoothing": 0.2},
    {"max_norm": 0.3, "dropout": 0.5, "l1": 1e-3, "l1_method": "proximal"},
    {"l1": 1e-3, "l2": 1e-2, "l2_method": "decoupled", "dropout": 0.5},
]
COLUMNS = {
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "validation_loss": "held_out_loss",
    "validation_accuracy": "held_out_accuracy",
    "running_loss": "notebook_loss",
    "penalty": "penalty",
    "memorised": "memorised",
}
"""The text's names of an epoch's numbers → the app's."""


@pytest.fixture
def saved(monkeypatch, tmp_path) -> list[str]:
    """The names of the figures that are saved; matplotlib's place is taken, the current folder is this test's."""
    names: list[str] = []

    def figure(**_):
        made = MagicMock()
        made.savefig = lambda path, **_: names.append(path)
        return made

    package, pyplot, colors = map(ModuleType, ("matplotlib", "matplotlib.pyplot", "matplotlib.colors"))
    pyplot.figure = figure
    pyplot.subplots = lambda rows, columns, **_: (figure(), [MagicMock() for _ in range(rows * columns)])
    colors.ListedColormap = MagicMock()
    package.pyplot, package.colors = pyplot, colors
    for module in (package, pyplot, colors):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    return names


def execute(code: str) -> dict:
    """The names that are there after the code has run."""
    names = {"__name__": "__main__"}
    exec(compile(code, "exported text", "exec"), names)
    return names


def cells(config: RunConfig, kind: str = "code") -> dict[str, str]:
    """The notebook's cells of a kind by their id."""
    notebook = json.loads(to_notebook(config))
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind}


def executed(config: RunConfig) -> dict:
    """What the notebook's code leaves behind; without the surface, which takes longer than all the rest."""
    return execute("\n".join(code for key, code in cells(config).items() if key != "surface"))


# --- its numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_gives_the_apps_numbers(settings, digits, saved, monkeypatch):
    config = replace(TINY, **settings)
    own = executed(config)

    # In 12 steps the order in which products add shows in the fifth digit at most. Batch norm divides by the spread of
    # each unit; where that is small it shows in the third, and one image or two may change sides.
    if config.norm == "batch":
        agrees(own, train(config, digits), tolerance=1e-3, images=2)
    else:
        agrees(own, train(config, digits), tolerance=1e-4)

    # With PyTorch's own products instead of oneDNN's nothing is left to differ. (On our machines, not one bit does.)
    monkeypatch.setattr(models, "HAS_ONEDNN", False)
    run = train(config, digits)
    agrees(own, run, tolerance=1e-6)
    weights = own["model"].state_dict()
    assert weights.keys() == run.weights.keys()
    for name, w in run.weights.items():
        np.testing.assert_allclose(weights[name], w, rtol=1e-3, atol=1e-7)  # the app keeps float16


def agrees(own: dict, run, tolerance: float, images: int = 0) -> None:
    """Every epoch's numbers, and those on the test images. tolerance: of losses, relative. images: so many may be
    classified otherwise."""
    config, facts = run.config, run.config.facts
    measured_on = {
        "train_accuracy": config.n_train,
        "validation_accuracy": facts.n_validation,
        "memorised": max(1, round(config.label_noise * config.n_train)),
        "test_accuracy": facts.n_test,
        "best_test_accuracy": facts.n_test,
    }

    def check(value, expected, name):
        slack = {"abs": images / measured_on[name] + 1e-9} if name in measured_on else {"rel": tolerance}
        assert value == pytest.approx(expected, **slack), name

    assert len(own["history"]) == len(run.records)
    for row, record in zip(own["history"], run.records, strict=True):
        assert row["epoch"] == record.epoch
        for name in row.keys() & COLUMNS.keys():
            check(row[name], getattr(record, COLUMNS[name]), name)
    columns = own["history"][0].keys()
    assert ("penalty" in columns, "memorised" in columns) == (config.l1 + config.l2 > 0, config.label_noise > 0)
    assert own["best_epoch"] == run.best_epoch
    for name, apps in (("test", run.test_last), ("best_test", run.test_best)):
        check(own[f"{name}_loss"], apps.loss, f"{name}_loss")
        check(own[f"{name}_accuracy"], apps.accuracy, f"{name}_accuracy")


@pytest.mark.parametrize(
    "settings", [{"dropout": 0.5}, {"norm": "batch", "l1": 1e-3, "l1_method": "proximal"}], ids=str
)
def test_the_script_draws_the_apps_surface(settings, digits, trained, saved, tmp_path, capsys):
    config = replace(TINY, **settings)
    run = trained(**settings)
    own = execute(to_script(config, run))
    name = file_name(config, "py").removesuffix(".py")

    apps = surface.measure(SurfaceSpec(config, resolution=SURFACE_POINTS), digits, [run])
    np.testing.assert_allclose(own["surface"], apps.loss, rtol=5e-3)  # the app's weights are rounded to 11 bits
    np.testing.assert_allclose(np.loadtxt(tmp_path / f"{name}_surface.csv", delimiter=","), own["surface"])
    middle = SURFACE_POINTS // 2
    assert own["surface"][middle, middle] == pytest.approx(run.last.train_loss, rel=5e-3)
    loss, _ = own["evaluate"](own["model"], own["train_x"], own["train_y"])
    assert loss == own["history"][-1]["train_loss"], "the network is left as it was trained"

    assert saved == [f"{name}_{figure}.png" for figure in ("curves", "weights", "surface")]
    table = (tmp_path / f"{name}.csv").read_text().splitlines()
    assert len(table) == 1 + config.epochs
    assert table[0].split(",") == [*own["history"][0]]
    assert "test accuracy at the best epoch" in capsys.readouterr().out


def test_a_training_that_diverges_in_the_app_stops_here_too(digits, saved):
    config = replace(TINY, optimizer="sgd", lr=10.0, l2=10.0)
    outcome = train_or_diverge(config, digits)
    assert f"at step {outcome.step} of {config.steps}" in " ".join(to_script(config, outcome).split())
    with pytest.raises(ArithmeticError, match="no finite number"):
        executed(config)


@pytest.mark.parametrize("n_train", [12_000, 60_000])
def test_draws_fashion_mnist_as_the_app_does(n_train, monkeypatch):
    """With images of four pixels: only which ones are taken, and their labels, is compared."""
    generator = np.random.default_rng(1)
    images = Images(
        "fashion-mnist",
        *(generator.integers(0, 256, (60_000, 2, 2), np.uint8), generator.integers(0, 10, 60_000)),
        *(generator.integers(0, 256, (10_000, 2, 2), np.uint8), generator.integers(0, 10, 10_000)),
    )
    asked = []

    class FashionMNIST:
        def __init__(self, root, train, download):
            asked.append((root, download))
            x, y = (images.train_x, images.train_y) if train else (images.test_x, images.test_y)
            self.data, self.targets = torch.from_numpy(x), torch.from_numpy(y)

    monkeypatch.setattr("torchvision.datasets.FashionMNIST", FashionMNIST)
    config = RunConfig(n_train=n_train, label_noise=0.3, seed=2)
    wanted = ("imports", "settings", "random-numbers", "data", "label-noise")
    own = execute("\n".join(cell.code for cell in text_cells(config) if cell.key in wanted))
    assert asked == [("data", True)] * 2
    split = split_images(images, config)
    held_out = config.held_out
    for ours, apps in (("train", "train"), (held_out, "held_out"), ("test", "test")):
        x = as_pixels(torch.from_numpy(getattr(split, f"{apps}_x")))
        assert torch.equal(own[f"{ours}_x"].flatten(1), x)
        assert np.array_equal(own[f"{ours}_y"], getattr(split, f"{apps}_y"))
    assert np.array_equal(own["is_wrong"], split.train_y != split.train_true_y)
    monkeypatch.setenv("REGLAB_DATA", "elsewhere")
    execute("\n".join(cell.code for cell in text_cells(config) if cell.key in wanted))
    assert asked[-1] == ("elsewhere", True)
    fix_threads()


@pytest.mark.parametrize(
    "settings",
    [
        {"norm": "batch", "dropout": 0.2},
        {"l1": 1e-3, "l1_method": "proximal", "l2": 1e-2, "l2_method": "decoupled"},
        {"l1": 1e-3, "l2": 1e-2, "optimizer": "sgd", "lr": 0.1},
    ],
    ids=str,
)
def test_the_training_cell_starts_afresh_each_time(settings, saved):
    """A notebook's reader changes the learning rate in the settings, and runs the training's cell again."""
    config = replace(TINY, **settings)
    changed = replace(config, lr=config.lr / 4)
    code = cells(config)
    own = executed(config)
    first = own["history"]
    exec(code["training"], own)
    assert own["history"] == first
    exec(cells(changed)["settings"], own)
    exec(code["training"], own)
    assert own["history"] == executed(changed)["history"]
    assert own["history"] != first


@pytest.mark.parametrize(
    ("version", "is_enough"),
    [("1.13.1", False), ("2.3.1+cpu", False), ("2.4.0", True), ("2.4.0a0+git1234", True), ("2.10.0", True)],
)
def test_an_older_pytorch_is_named_in_words(version, is_enough, monkeypatch):
    """Fused optimizers run on a processor since PyTorch 2.4."""
    monkeypatch.setattr(torch, "__version__", version)
    code = cells(TINY)["imports"]
    if is_enough:
        execute(code)
    else:
        with pytest.raises(ImportError, match=rf"needs PyTorch 2\.4 or later, not {re.escape(version)}"):
            execute(code)


def test_the_least_pytorch_is_told_at_the_top():
    assert LEAST_TORCH == (2, 4)
    for text in (to_script(TINY).split('"""')[1], cells(TINY, "markdown")["head"]):
        assert "PyTorch (2.4 or later)" in " ".join(text.split())
        assert 'pip install "torch>=2.4" scikit-learn numpy matplotlib' in text


def test_draws_with_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    execute(to_script(TINY))
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".png", ".csv"}
    assert len([*tmp_path.glob("*.png")]) == 3


# --- its text -------------------------------------------------------------------------------------------------------


def test_writes_without_torch():
    code = "import sys, core.export; print({'torch', 'streamlit'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@hypothesis.given(config=st.from_type(RunConfig))
def test_any_config_gives_a_text_that_compiles(config):
    script = to_script(config)
    tree = ast.parse(script)
    added = (config.max_norm > 0) + (config.label_smoothing > 0) + (config.shift > 0 or config.flip == "on")
    assert len(script.splitlines()) < 400 + 15 * added  # nothing but its own lines for each
    assert imported(tree) <= {
        "copy",
        "csv",
        "math",
        "os",
        "collections",
        "numpy",
        "torch",
        "sklearn",
        "torchvision",
        "matplotlib",
    }
    code = "\n".join(cells(config).values())
    assert ast.dump(ast.parse(code)) == ast.dump(ast.Module(tree.body[1:], [])), "script and notebook are one text"
    assert re.fullmatch(r"[a-z0-9._+-]+\.py", file_name(config, "py"))
    assert len(file_name(config, "ipynb")) < 255

    settings = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(cells(config)["settings"]).body
        if isinstance(node, ast.Assign)
    }
    assert settings.pop("name") == file_name(config, "py").removesuffix(".py")
    told = {"seed": config.seed, "epochs": config.epochs, "batch_size": config.batch_size, "lr": config.lr}
    told |= {"n_train": config.n_train} if config.held_out == "validation" else {}
    optional = {"label_noise": config.label_noise, "p": config.dropout, "lambda_1": config.l1, "lambda_2": config.l2}
    optional |= {"c": config.max_norm, "epsilon": config.label_smoothing}
    if config.shift or config.flip == "on":
        told |= {"shift": config.shift, "flips": config.flip == "on"}
    assert settings == told | {name: value for name, value in optional.items() if value}


def imported(tree: ast.Module) -> set[str]:
    """The packages that a module imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names


WORDS = {
    "dropout": ("dropout", "mask", "p = "),
    "norm": ("norm1", "norm2", "len(batch) == 1", "running averages", "running_mean"),
    "l1": ("lambda_1", "l1_penalty", "λ₁", ".abs().sum()"),
    "l2": ("lambda_2", "l2_penalty", "λ₂", ".square()"),
    "label_noise": ("label_noise", "wrong", "memorised", "true_y"),
    "max_norm": ("max_norm", "max-norm", "renorm"),
    "label_smoothing": ("label_smoothing", "smoothed", "epsilon"),
}
"""Field → what the text of a config without it has no reason to say, in any case of letters."""


@pytest.mark.parametrize("settings", [*SETTINGS, {"label_noise": 0.0, "norm": "batch"}], ids=str)
def test_says_nothing_that_its_config_does_not_need(settings):
    config = replace(TINY, **settings)
    text = to_script(config).lower()
    for name, words in WORDS.items():
        is_there = getattr(config, name) not in (0, "none")
        found = [word for word in words if word in text]
        assert bool(found) == is_there, (name, found)
    decoupled, proximal = config.l2_method == "decoupled", config.l1_method == "proximal"
    assert ("penalised" in text) == (config.l1 + config.l2 > 0)
    assert ("objective" in text) == ((config.l1 > 0 and not proximal) or (config.l2 > 0 and not decoupled))
    assert ("proximal" in text and "soft_threshold" in text) == proximal
    assert ("weight_decay" in text) == decoupled
    assert ("v_hat" in text) == (proximal and config.optimizer == "adam")
    assert ("adam" in text) == (config.optimizer == "adam")
    assert ("batchnorm1d" in text, "layernorm" in text) == (config.norm == "batch", config.norm == "layer")
    assert ("layer.bias for" in text) == (config.penalised == "all")
    assert ("augment" in text) == (config.shift > 0 or config.flip == "on")
    assert "fashion" not in text
    assert not re.search(r"\bos\b", text)


def test_measures_a_part_of_many_training_images():
    first = f"[:{TRAIN_SUBSET:_}]"
    assert first in to_script(replace(FULL, n_train=20_000))
    assert first not in to_script(replace(FULL, n_train=10_000))
    assert "validat" not in cells(FULL)["training"]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """A folder with a script of every combination of choices."""
    folder = tmp_path_factory.mktemp("scripts")
    choices = {
        "n_train": (10_000, 20_000, 60_000),
        "norm": ("none", "batch"),
        "l1_method": ("subgradient", "proximal"),
        "l2_method": ("loss", "decoupled"),
        "optimizer": ("adam", "sgd"),
        "label_noise": (0.0, 0.2),
    }
    configs = [
        replace(FULL, l1=0.1, l2=0.1, **dict(zip(choices, values, strict=True)))
        for values in product(*choices.values())
    ]
    configs += [
        replace(base, **settings) for base in (FULL, DIGITS) for settings in SETTINGS if "n_train" not in settings
    ]
    for i, config in enumerate(configs):
        (folder / f"{i:03}.py").write_text(to_script(config), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["check", "--select", "E,F,B,C4,PIE,RET,SIM,UP,W", "--ignore", "E402,E501"],  # E402: figures import matplotlib
        ["format", "--check"],
    ],
    ids=["lint", "format"],
)
def test_reads_as_written_by_hand(command, scripts):
    """No unused name or import, and the formatter would write it no other way."""
    options = ["--isolated", "--no-cache", "--quiet", "--line-length=100", "--target-version=py311"]
    done = subprocess.run([sys.executable, "-m", "ruff", *command, *options, scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[:2000] + done.stderr[:2000]


def test_the_notebook_is_one():
    """The rules of nbformat 4.5 that concern what is written here."""
    config = replace(TINY, dropout=0.5, l1=1e-3)
    notebook = json.loads(to_notebook(config))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook.keys() == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert notebook["metadata"]["kernelspec"].keys() == {"display_name", "language", "name"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
        common = {"cell_type", "id", "metadata", "source"}
        assert cell.keys() == (common if cell["cell_type"] == "markdown" else common | {"execution_count", "outputs"})
        if cell["cell_type"] == "code":
            assert (cell["execution_count"], cell["outputs"]) == (None, [])
        assert cell["source"] and all(line.endswith("\n") for line in cell["source"][:-1])
        assert not cell["source"][-1].endswith("\n")


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_scripts_cells_are_the_notebooks(settings):
    """Read back at its rules, the script holds each cell of the notebook: its title, words and code."""
    config = replace(TINY, **settings)
    _, *pieces = re.split(r"^# --- (.*?) -+\n", to_script(config), flags=re.MULTILINE)
    words, codes = cells(config, "markdown"), cells(config)
    assert len(pieces) == 2 * len(codes)
    for (key, code), title, text in zip(codes.items(), pieces[::2], pieces[1::2], strict=True):
        assert text.strip("\n").endswith("\n" + code)
        comment = " ".join(line.removeprefix("# ") for line in text.strip("\n").removesuffix(code).split("\n"))
        assert words[f"{key}-words"].split() == f"## {title} {comment}".split()


def test_script_and_notebook_explain_alike():
    script = " ".join(to_script(TINY).replace("\n#", "\n").split())
    head, *explained = cells(TINY, "markdown").values()
    for text in explained:
        title, words = text.removeprefix("## ").split("\n\n", 1)
        assert title in script and " ".join(words.split()) in script
    assert "# scikit-learn digits, 60 images, no regularization." in head


def test_tells_the_numbers_to_expect(trained, saved, capsys):
    run = trained(dropout=0.5)
    script = to_script(run.config, run)
    assert f"validation loss                  {run.last.held_out_loss:.4f}" in script
    assert repr(run.test_last.loss) in script and repr(run.test_last.loss) in to_notebook(run.config, run)
    execute("\n".join(cell.code for cell in text_cells(run.config, run) if cell.key != "surface"))
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("validation accuracy"))
    assert row.split()[2:4] == [f"{run.last.held_out_accuracy:.4g}"] * 2
    with pytest.raises(ValueError, match="another config"):
        to_script(replace(run.config, seed=1), run)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (FULL, "plain_60000-images_seed-0.py"),
        (replace(SMALL_AND_NOISY, dropout=0.5), "dropout-0.5_2000-images_seed-0.py"),
        (
            replace(SMALL_AND_NOISY, norm="batch", norm_position="after", lr=3e-3, label_noise=0.0, seed=4),
            "batch-norm-after_2000-images_noise-0_lr-0.003_seed-4.py",
        ),
        (
            replace(DIGITS, l1=1e-5, l1_method="proximal", l2=1e-4, penalised="all", optimizer="sgd", epochs=1),
            "l1-1e-05-proximal_l2-0.0001_biases-too_300-digits_1-epoch_sgd_seed-0.py",
        ),
    ],
)
def test_the_files_name_tells_the_run(config, name):
    assert file_name(config, "py") == name


@pytest.mark.parametrize(
    ("settings", "added"),
    [
        ({}, "no regularization"),
        ({"norm": "batch", "dropout": 0.5}, "batch norm and dropout"),
        ({"norm": "layer", "l1": 1e-3, "l2": 1e-2}, "layer norm, L1 and L2"),
        ({"l1": 1e-3, "l1_method": "proximal", "l2": 1e-2, "l2_method": "decoupled"}, "L1 proximal and AdamW"),
        ({"l2": 1e-2, "l2_method": "decoupled", "optimizer": "sgd"}, "decoupled L2"),
    ],
    ids=str,
)
def test_the_title_names_the_techniques_as_the_app_prints_them(settings, added):
    head, *_ = cells(replace(TINY, **settings), "markdown").values()
    assert head.startswith(f"# scikit-learn digits, 60 images, {added}.\n")


@hypothesis.given(config=st.from_type(RunConfig), other=st.from_type(RunConfig), data=st.data())
def test_no_two_configs_share_a_name(config, other, data):
    """`other` is `config` but for some fields."""
    names = data.draw(st.sets(st.sampled_from([*config.to_dict()]), max_size=2))
    try:
        other = replace(config, **{name: getattr(other, name) for name in names})
    except ConfigError:
        hypothesis.assume(False)
    assert (file_name(config, "py") == file_name(other, "py")) == (config == other)
