"""No two names are one method: on one layer with fixed inputs all masks differ, each that of a loop."""

from itertools import combinations

import numpy as np
import pytest

from netsci.prune import ABOUT, METHODS, InputStatistics, PruneMethod, prune_mask, sparsegpt
from netsci.registry import Registry

SHARE = 0.6
CHOOSING = ("magnitude", "ri", "ria", "wanda")


def layer(seed=0, shape=(24, 14), samples=60):
    """Weights [pre, post] and inputs [samples, pre] of uneven strength."""
    rng = np.random.default_rng(seed)
    strength = np.exp(rng.normal(size=shape[0]))
    mix = np.eye(shape[0]) + 0.3 * rng.normal(size=(shape[0], shape[0]))
    return rng.normal(size=shape), rng.normal(size=(samples, shape[0])) @ mix * strength


def remove_by_hand(scores, count):
    """The mask of what stays: sort all cells by score and number."""
    order = sorted(range(scores.size), key=lambda cell: (scores.ravel()[cell], cell))
    kept = np.ones(scores.size, bool)
    kept[order[:count]] = False
    return kept.reshape(scores.shape)


def mask_by_hand(name, w, x):
    a, c = np.abs(w), (x**2).sum(0) / len(x)
    ri = np.array(
        [
            [a[i, j] / a[i].sum() + a[i, j] / a[:, j].sum() for j in range(w.shape[1])]
            for i in range(w.shape[0])
        ]
    )
    scores = {"magnitude": a, "ri": ri, "ria": ri * c[:, None] ** 0.25, "wanda": a * c[:, None] ** 0.5}[name]
    if name == "wanda":
        own = int(SHARE * len(w))
        return np.stack([remove_by_hand(scores[:, j], own) for j in range(w.shape[1])], axis=1)
    return remove_by_hand(scores, int(SHARE * w.size))


def sparsegpt_by_hand(w, x, kept=None):
    """The released order of steps, input by input; one block."""
    w, h = w.copy(), 2 / len(x) * x.T @ x
    h += 0.01 * np.diag(h).mean() * np.eye(len(h))
    upper = np.linalg.cholesky(np.linalg.inv(h)).T
    if kept is None:
        kept = remove_by_hand(w**2 / np.diag(upper)[:, None] ** 2, int(SHARE * w.size))
    for i in range(len(w)):
        error = np.where(kept[i], 0, w[i]) / upper[i, i]
        w[i + 1 :] -= np.outer(upper[i, i + 1 :], error)
        w[i] *= kept[i]
    return w, kept


def masks_of(w, x):
    found = {name: prune_mask(w, name, SHARE, inputs=x) for name in CHOOSING}
    return {**found, "sparsegpt": sparsegpt(w, InputStatistics().add(x), SHARE)[1]}


def test_all_masks_differ_and_are_those_of_loops():
    w, x = layer()
    masks = masks_of(w, x)
    for one, other in combinations(masks, 2):
        assert not np.array_equal(masks[one], masks[other]), (one, other)
    for name in CHOOSING:
        assert np.array_equal(masks[name], mask_by_hand(name, w, x)), name
    weights, kept = sparsegpt_by_hand(w, x)
    assert np.array_equal(masks["sparsegpt"], kept)
    np.testing.assert_allclose(sparsegpt(w, x, SHARE)[0], weights, atol=1e-12)


def test_permuted_features_change_what_reads_inputs_and_nothing_else():
    w, x = layer(1)
    before, after = masks_of(w, x), masks_of(w, x[:, np.random.default_rng(2).permutation(len(w))])
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"ria", "wanda", "sparsegpt"}


@pytest.mark.parametrize("name", ["ria", "wanda"])
def test_reconstruction_keeps_the_mask_and_changes_weights(name):
    w, x = layer(3)
    mask = prune_mask(w, name, SHARE, inputs=x)
    weights, kept = sparsegpt(w, x, None, kept=mask)
    assert np.array_equal(kept, mask)
    assert np.array_equal(weights != 0, mask)
    np.testing.assert_allclose(weights, sparsegpt_by_hand(w, x, mask)[0], atol=1e-12)
    plain, made_up = (np.linalg.norm(x @ (one - w)) for one in (w * mask, weights))
    assert made_up < 0.95 * plain  # the outputs are nearer to those of the dense layer


def test_every_method_has_a_line_and_a_source():
    assert isinstance(METHODS, Registry)
    assert set(METHODS.built_in) == set(ABOUT)
    assert all(isinstance(METHODS[name], PruneMethod) for name in METHODS)
    assert all(line and source for line, source in ABOUT.values())
    assert len(set(ABOUT.values())) == len(ABOUT)


def test_a_method_of_a_user(monkeypatch):
    monkeypatch.setattr(METHODS, "_objects", dict(METHODS._objects))
    METHODS.register("largest", PruneMethod(lambda weight, moments: 1 / (1 + np.abs(weight))))
    assert prune_mask([[1.0, 2.0]], "largest", 0.5).tolist() == [[True, False]]
    METHODS.register("broken", PruneMethod(lambda weight, moments: weight * np.nan))
    with pytest.raises(ValueError, match=r"scores .* NaN"):
        prune_mask([[1.0, 2.0]], "broken", 0.5)
    METHODS.register("short", PruneMethod(lambda weight, moments: weight[0]))
    with pytest.raises(ValueError, match=r"scores of a method must be \[pre, post\]"):
        prune_mask([[1.0, 2.0]], "short", 0.5)
    with pytest.raises(ValueError, match="reads must be 'hessian'"):
        PruneMethod(None)
    with pytest.raises(TypeError, match="score must be a function"):
        PruneMethod("magnitude")
