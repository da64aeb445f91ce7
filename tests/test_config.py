from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.config import (
    DATASETS,
    DIGITS,
    FIELDS,
    FULL,
    SMALL_AND_NOISY,
    ConfigError,
    RunConfig,
    seeds_of,
    sweep,
)

A_CONFIG = st.from_type(RunConfig)
HOSTILE = st.text() | st.sampled_from(
    [
        "nan",
        "inf",
        "-inf",
        "1e999",
        "-0.0",
        "1_000",
        "0x10",
        "1e3",
        "٣",
        "9" * 5000,
        "True",
        "None",
        "",
        " ",
        "0.5.5",
        "batch",
        "BATCH",
        "<script>",
        "\x00",
        "\ud800",
        "60000.5",
        "-1",
        "1e-400",
    ]
)


def test_the_table_describes_exactly_the_fields_of_a_config_with_their_defaults():
    assert {f.name: f.default for f in fields(RunConfig)} == {name: field.default for name, field in FIELDS.items()}


@pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
def test_a_default_and_every_stop_are_values_of_their_field(field):
    for value in (field.default, *field.stops, *field.choices):
        assert field.clean(value) == value == field.parse(field.format(value))


def read(params: dict[str, str], base: RunConfig = FULL) -> RunConfig:
    """The config that an address's parameters ask for."""
    return replace(base, **{name: FIELDS[name].parse(text) for name, text in params.items()})


@given(A_CONFIG)
def test_a_config_comes_back_from_the_address_bar(config):
    assert read(config.to_params()) == config


@given(A_CONFIG, A_CONFIG)
def test_a_config_comes_back_from_the_address_bar_of_a_page_with_other_defaults(config, base):
    assert read(config.to_params(base=base), base) == config


@given(A_CONFIG)
def test_the_address_bar_names_only_what_differs_and_to_dict_names_all(config):
    assert set(config.to_params()) == {name for name in FIELDS if getattr(config, name) != FIELDS[name].default}
    assert RunConfig(**config.to_dict()) == config and set(config.to_dict()) == set(FIELDS)


@given(st.floats(0.0, 10.0))
def test_a_link_carries_every_digit_of_a_strength(strength):
    config = replace(FULL, l2=strength)
    assert read(config.to_params()) == config


@given(st.sampled_from([*FIELDS.values()]), HOSTILE)
def test_a_hostile_text_is_a_value_of_its_field_or_an_error_of_a_line_that_names_the_field(field, text):
    try:
        value = field.parse(text)
    except ConfigError as error:
        assert error.field == field.name and field.allowed in str(error) and len(str(error)) < 400
    else:
        assert field.clean(value) == value
        assert value in field.choices if field.kind == "choice" else field.low <= value <= field.high


@pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
@pytest.mark.parametrize("text", ["rubbish", "nan", "1e999", ""])
def test_a_bad_text_is_named_with_its_field_and_what_it_may_be(field, text):
    with pytest.raises(ConfigError) as problem:
        field.parse(text)
    assert problem.value.field == field.name and repr(text) in str(problem.value)
    assert field.allowed in str(problem.value)


def test_values_that_are_fine_alone_but_not_together_are_refused_by_the_field_to_blame():
    with pytest.raises(ConfigError) as problem:
        read({"norm": "batch", "batch_size": "1", "seed": "3"}, SMALL_AND_NOISY)
    assert problem.value.field == "batch_size"


@pytest.mark.parametrize("name", [name for name in FIELDS if FIELDS[name].used is not FIELDS["seed"].used])
@given(config=A_CONFIG)
def test_a_setting_without_effect_takes_its_default(name, config):
    field = FIELDS[name]
    assert field.used(config) or getattr(config, name) == field.default


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.low == 0 and field.kind == "float"])
def test_every_way_to_write_zero_is_one_config(name):
    written = [RunConfig(**{name: zero}) for zero in (0, 0.0, -0.0, np.float64(0), np.int64(0))]
    written += [read({name: text}) for text in ("0", "-0", "0.0", "-0.0", "0e5")]
    assert {(c, c.digest, str(c.to_dict())) for c in written} == {(FULL, FULL.digest, str(FULL.to_dict()))}


@given(A_CONFIG, A_CONFIG)
def test_two_configs_have_one_digest_only_if_they_are_equal(one, other):
    assert (one.digest == other.digest) == (one == other)


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_is_part_of_the_digest(name):
    base = RunConfig(n_train=100, batch_size=2, norm="batch", l1=1e-3, l2=1e-3, label_noise=0.1, dropout=0.1)
    field = FIELDS[name]
    others = [v for v in (*field.choices, *field.stops) if v != getattr(base, name)]
    changed = [replace(base, **{name: value}) for value in others]
    assert len({base.digest, *(c.digest for c in changed)}) == len(others) + 1


def test_the_digest_hashes_only_what_differs_from_the_defaults():
    """A field added later must not rename the runs that are stored already."""
    assert FULL.digest == hashlib.sha256(b"{}").hexdigest()[:16]
    assert RunConfig(seed=3, norm="layer").digest == hashlib.sha256(b'{"norm": "layer", "seed": 3}').hexdigest()[:16]


def test_the_digest_is_the_same_in_another_process():
    code = "from core.config import DIGITS; print(DIGITS.digest, end='')"
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True) == DIGITS.digest


@pytest.mark.parametrize(
    ("unused", "used"),
    [
        ({"norm_position": "after"}, {"norm": "layer"}),
        ({"l1_method": "proximal"}, {"l1": 1e-3}),
        ({"l2_method": "decoupled"}, {"l2": 1e-3}),
        ({"penalised": "all"}, {"l1": 1e-3}),
        ({"penalised": "all"}, {"l2": 1e-3}),
    ],
    ids=str,
)
def test_a_setting_without_effect_takes_its_default_and_one_with_effect_is_kept(unused, used):
    assert RunConfig(**unused) == RunConfig()
    assert RunConfig(**unused, **used) != RunConfig(**used)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"dropout": float("nan")}, "dropout"),
        ({"dropout": "0.5"}, "dropout"),
        ({"dropout": None}, "dropout"),
        ({"dropout": True}, "dropout"),
        ({"dropout": np.zeros(2)}, "dropout"),
        ({"lr": 0}, "lr"),
        ({"lr": float("inf")}, "lr"),
        ({"lr": 10**400}, "lr"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 2.5}, "epochs"),
        ({"seed": 2**31}, "seed"),
        ({"norm": "Batch"}, "norm"),
        ({"norm": 0}, "norm"),
        ({"dataset": "mnist"}, "dataset"),
        ({"n_train": 9}, "n_train"),
        ({"n_train": 50_001}, "n_train"),
        ({"n_train": 59_999}, "n_train"),
        ({"dataset": "digits", "n_train": 998}, "n_train"),
        ({"dataset": "digits"}, "n_train"),
        ({"norm": "batch", "batch_size": 1}, "batch_size"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_used_is_refused_by_name_range_and_value(settings, field):
    with pytest.raises(ConfigError) as caught:
        RunConfig(**settings)
    error = caught.value
    assert error.field == field and str(error).startswith(f"{field} must be {error.allowed}, not ")
    assert repr(error.value)[:30] in str(error)


def test_an_error_shows_a_long_value_shortened():
    with pytest.raises(ConfigError, match=r"not 'a+\.\.\.$") as caught:
        RunConfig(norm="a" * 10_000)
    assert len(str(caught.value)) < 120


def test_a_config_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        FULL.lr = 1.0


@given(A_CONFIG)
def test_numbers_have_their_fields_own_type(config):
    kinds = {"int": int, "float": float, "choice": str}
    assert all(type(getattr(config, name)) is kinds[field.kind] for name, field in FIELDS.items())


@given(A_CONFIG)
@example(RunConfig(n_train=257, batch_size=128))
@example(RunConfig(n_train=257, batch_size=128, norm="batch"))
def test_steps_are_the_batches_counted_one_by_one(config):
    sizes = [min(config.batch_size, config.n_train - i) for i in range(0, config.n_train, config.batch_size)]
    usable = [size for size in sizes if size > 1 or config.norm != "batch"]
    assert config.steps == config.epochs * len(usable)


def test_curves_are_measured_on_the_test_images_only_where_all_others_are_trained_on():
    assert FULL.held_out == "test"
    assert {replace(FULL, n_train=n).held_out for n in (10, 50_000)} == {DIGITS.held_out} == {"validation"}


@pytest.mark.parametrize("facts", DATASETS.values(), ids=list(DATASETS))
def test_the_parts_of_a_data_set_add_up(facts):
    assert facts.n_all in (None, facts.n_pool + facts.n_validation) and len(facts.class_names) == 10
    dataset = next(name for name, other in DATASETS.items() if other is facts)
    assert all(RunConfig(dataset=dataset, n_train=n).n_train == n for n in facts.n_train_stops)


def test_seeds_and_sweeps_differ_in_one_field_and_cover_its_stops():
    assert [c.seed for c in seeds_of(DIGITS)] == list(FIELDS["seed"].stops)
    swept = sweep(SMALL_AND_NOISY, "label_noise")
    assert [c.label_noise for c in swept] == list(FIELDS["label_noise"].stops)
    assert all(set(c.to_params(base=SMALL_AND_NOISY)) <= {"label_noise"} for c in swept)
