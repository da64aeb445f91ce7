"""Units without a weight other than 0: removing them changes no answer, and leaves as many parameters as is told."""

import numpy as np

from core.config import seeds_of
from core.course.l1_l2 import PROXIMAL, left_without_silent_units
from core.course.over_seeds import first_layers
from core.results import store


def _answers(x, layers):
    for i, (w, b) in enumerate(layers):
        x = x @ w.T + b
        x = np.maximum(x, 0) if i + 1 < len(layers) else x
    return x


def test_the_network_without_its_silent_units_answers_the_same_with_so_many_parameters():
    weights = {name: w.astype(np.float64) for name, w in store.load_run(PROXIMAL).weights.items()}
    layers = [(weights[f"linear{i}.weight"], weights[f"linear{i}.bias"]) for i in (1, 2, 3)]
    (w1, b1), (w2, b2), last = layers
    kept = (w1 != 0).any(axis=1)
    smaller = [(w1[kept], b1[kept]), (w2[:, kept], b2 + w2[:, ~kept] @ np.maximum(b1[~kept], 0)), last]
    x = np.random.default_rng(0).random((50, w1.shape[1]))
    np.testing.assert_allclose(_answers(x, smaller), _answers(x, layers), rtol=1e-9, atol=1e-12)  # sums reordered

    sizes = [sum(w.size + b.size for w, b in some) for some in (smaller, layers)]
    (layer,) = (one for one in first_layers(PROXIMAL) if one.spec.run == PROXIMAL)
    assert int(layer.alive[0]) == kept.sum() < 30
    of_a_unit = (sizes[1] - sizes[0]) / (~kept).sum()
    shares = [100 * (1 - (len(kept) - int(one.alive[0])) * of_a_unit / sizes[1]) for one in first_layers(PROXIMAL)]
    assert len(shares) == len(seeds_of(PROXIMAL))
    assert left_without_silent_units(PROXIMAL) == f"{np.mean(shares):.1f} ± {np.std(shares, ddof=1):.1f} %"
