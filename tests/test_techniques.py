"""The table of techniques: what it promises to legends, sliders and paths."""

from dataclasses import replace

import pytest

from core.config import FIELDS, FULL, SMALL_AND_NOISY, RunConfig
from core.techniques import (
    ADAMW,
    BATCH_NORM,
    DROPOUT,
    L1,
    L1_PROXIMAL,
    L2,
    LAYER_NORM,
    PLAIN,
    TECHNIQUES,
    technique_of,
    techniques_in,
)

WITH_STRENGTH = [technique for technique in TECHNIQUES if technique.strength]


def test_names_and_colours_tell_techniques_apart():
    assert len({t.name for t in TECHNIQUES}) == len({t.colour for t in TECHNIQUES}) == len(TECHNIQUES)


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda t: t.name)
def test_a_row_sets_settings_that_there_are_to_values_that_they_may_have(technique):
    assert all(FIELDS[name].clean(value) == value for name, value in technique.settings.items())
    assert set(technique.fields) <= set(FIELDS)
    assert technique.says.endswith(".") and technique.lesson


@pytest.mark.parametrize("base", [FULL, SMALL_AND_NOISY], ids=["full", "small"])
@pytest.mark.parametrize("technique", WITH_STRENGTH, ids=lambda t: t.name)
def test_a_path_begins_at_the_plain_network_and_moves_nothing_but_its_own_settings(technique, base):
    path = technique.path(base)
    assert tuple(path) == technique.stops and path[technique.stops[0]] == base
    for strength, config in path.items():
        assert set(config.to_params(base=base)) <= set(technique.fields)
        assert technique.strength_in(config) == pytest.approx(strength, rel=1e-12)
        assert technique_of(config) is (technique if strength else PLAIN)
    assert technique.strength_for(base) in path
    assert len(set(path.values())) == len(path)


def test_a_variant_stands_in_the_place_of_what_it_varies():
    assert techniques_in(replace(FULL, l1=1e-3)) == (L1,)
    assert techniques_in(replace(FULL, l1=1e-3, l1_method="proximal")) == (L1_PROXIMAL,)
    assert techniques_in(replace(FULL, l2=1e-3)) == (L2,)
    assert techniques_in(ADAMW.at(FULL, 0.01)) == (ADAMW,)


def test_of_several_techniques_the_first_of_the_table_gives_name_and_colour():
    both = RunConfig(norm="batch", dropout=0.5, l1=1e-3, l1_method="proximal", l2=1e-3)
    assert techniques_in(both) == (BATCH_NORM, DROPOUT, L1_PROXIMAL, L2)
    assert technique_of(both) is BATCH_NORM and technique_of(RunConfig(norm="layer")) is LAYER_NORM
    assert techniques_in(FULL) == ()


def test_adamw_s_weight_decay_is_twice_the_decoupled_strength():
    """PyTorch's AdamW: w ← w − lr·weight_decay·w; RunConfig: w ← w − lr·2λ₂·w."""
    assert ADAMW.at(FULL, 0.3).l2 == pytest.approx(0.15) and ADAMW.at(FULL, 0.3).l2_method == "decoupled"
