"""The line between two networks, against the networks themselves and one between."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from core.engine.evaluation import as_pixels, evaluate
from core.engine.landscape import parameters_of
from core.engine.line import measure
from core.engine.models import model_of
from core.results.line import LineSpec
from tests.engine.networks import brute_force, images_of, run_of


@pytest.mark.parametrize("settings", [{}, {"norm": "batch"}, {"norm": "layer", "norm_position": "after"}], ids=str)
def test_a_line_runs_from_one_networks_loss_to_the_others_through_the_weights_between(digits, settings):
    start, end = run_of(**settings), run_of(**settings, seed=1)
    spec = LineSpec(start.config, end.config, points=5, n_images=80)
    line = measure(spec, digits, [start, end])
    x, y = images_of(start, digits, 80)
    with torch.no_grad():
        ends = [cross_entropy(model_of(run)(x), y).item() for run in (start, end)]
    assert [line.loss[0], line.loss[-1]] == pytest.approx(ends, rel=1e-5)
    a, b = parameters_of(start), parameters_of(end)
    nowhere = {name: torch.zeros_like(w) for name, w in a.items()}
    quarter = {name: 0.75 * a[name] + 0.25 * b[name] for name in a}
    assert line.loss[1] == pytest.approx(brute_force(start.config, quarter, nowhere, nowhere, 0, 0, x, y), rel=1e-4)


def test_the_line_from_a_network_to_itself_is_flat(digits):
    run = run_of()
    line = measure(LineSpec(run.config, run.config, points=5), digits, [run, run])
    assert len(set(line.loss)) == 1 and line.barrier == 0
    x, y = images_of(run, digits)
    assert line.loss[0] == pytest.approx(evaluate(model_of(run), (x * 255).round().to(torch.uint8), y).loss, rel=1e-5)
    assert torch.equal(as_pixels((x * 255).round().to(torch.uint8)), x)
