"""Where the notebook's loop leaves a network, against adding its directions by hand."""

import numpy as np
import pytest
import torch

from core.engine.displaced import measure
from core.results.displaced import HIGH, LOW, DisplacedSpec


def test_the_notebooks_loop_leaves_the_weights_with_two_uniform_numbers_added(trained, digits):
    run = trained()
    found = measure(DisplacedSpec(run.config), digits, [run])
    w = torch.tensor(run.weights["linear1.weight"].astype(np.float32))
    for seed in (1, 2):  # as the notebook draws them: torch.manual_seed before every tensor
        torch.manual_seed(seed)
        w = w + torch.rand_like(w)
    expected, edges = np.histogram(w.numpy().clip(LOW, HIGH), len(found.displaced), (LOW, HIGH))
    # a weight on the edge of a bin may fall to either side
    assert np.abs(np.cumsum(found.displaced) - np.cumsum(expected)).max() <= 2
    assert found.mean[1] == pytest.approx(float(w.mean()), abs=1e-5)
    assert found.own.sum() == w.numel() and abs(found.mean[0]) < 0.1 and found.accuracy[1] < found.accuracy[0]
