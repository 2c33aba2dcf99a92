"""The sweep against the released order of steps, and its special cases."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.prune import InputStatistics, prune, prune_mask, sparsegpt
from netsci.prune.factor import factor_of
from tests.prune.test_methods import layer


def count(share, n):
    return int(np.floor(share * n + 1e-9))


def released(w, x, share, block):
    """Cholesky, inverse, Cholesky; column after column, as published, with exact counts."""
    w = torch.from_numpy(w.T.copy())
    x = torch.from_numpy(x).to(w.dtype)
    h = 2 / len(x) * x.T @ x
    h += 0.01 * torch.diag(h).mean() * torch.eye(len(h), dtype=h.dtype)
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(h)), upper=True)
    for first in range(0, w.shape[1], block):
        own = upper[first : first + block, first : first + block]
        part = w[:, first : first + block].clone()
        cost = (part / torch.diag(own)) ** 2
        gone = torch.zeros(cost.numel(), dtype=torch.bool)
        gone[cost.T.flatten().argsort(stable=True)[: count(share, cost.numel())]] = True
        gone = gone.reshape(cost.T.shape).T
        errors = torch.zeros_like(part)
        for i in range(part.shape[1]):
            errors[:, i] = torch.where(gone[:, i], part[:, i], 0) / own[i, i]
            part[:, i:] -= errors[:, i, None] * own[i, i:]
        w[:, first : first + block] = torch.where(gone, 0, part)
        w[:, first + block :] -= errors @ upper[first : first + block, first + block :]
    return w.numpy().T


def independent(seed, shape, dtype):
    """A layer whose Hessian is far from singular, so that float32 has six digits."""
    rng = np.random.default_rng(seed)
    w, x = rng.normal(size=shape), rng.normal(size=(8 * shape[0], shape[0]))
    return w.astype(dtype), x.astype(dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-12)])
@pytest.mark.parametrize(("inputs", "block"), [(300, 128), (50, 7), (16, 128), (33, 32)])
def test_the_faster_sweep_gives_the_same_weights(dtype, tolerance, inputs, block):
    w, x = independent(5, (inputs, 40), dtype)
    weights, kept = sparsegpt(w, InputStatistics().add(x), 0.7, block=block)
    wanted = released(w, x, 0.7, block)
    assert weights.dtype == dtype
    assert np.array_equal(weights != 0, kept)
    assert np.array_equal(kept, wanted != 0)
    assert np.abs(weights - wanted).max() <= tolerance * np.abs(w).max()


def test_float32_of_many_inputs(monkeypatch):
    """Beyond 1,024 inputs float32 is summed as such; the bound is lowered here."""
    monkeypatch.setattr("netsci.prune.statistics.PRECISE", 8)
    w, x = independent(6, (160, 20), np.float32)
    statistics = InputStatistics().add(x)
    assert statistics.hessian.dtype == np.float32
    assert np.abs(sparsegpt(w, statistics, 0.7)[0] - released(w, x, 0.7, 128)).max() <= 1e-6 * np.abs(w).max()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 0.99, 1.0])
def test_exactly_as_many_of_a_block_go(share):
    w, x = layer(7, (37, 11))
    weights, kept = sparsegpt(w, x, share, block=16)
    for first in (0, 16, 32):
        part = kept[first : first + 16]
        assert (~part).sum() == count(share, part.size)
    assert not weights[~kept].any()
    if share == 0.0:
        assert np.array_equal(weights, w)


@pytest.mark.parametrize("n_m", [(2, 4), (1, 4), (4, 8), (8, 8)])
def test_every_group_keeps_n(n_m):
    w, x = layer(8, (48, 9), 100)
    weights, kept = sparsegpt(w, x, None, n_m=n_m, block=16)
    assert (kept.reshape(-1, n_m[1], 9).sum(1) == n_m[0]).all()
    assert np.array_equal(weights != 0, kept)


def test_groups_are_chosen_when_the_sweep_reaches_them():
    w, x = layer(9, (16, 30), 40)
    first = sparsegpt(w, x, None, n_m=(2, 4))[1]
    upper = InputStatistics().add(x).factor(0.01, float).upper
    at_once = prune_mask(w / np.diagonal(upper)[:, None], "magnitude", None, n_m=(2, 4))
    assert np.array_equal(first[:4], at_once[:4])
    assert not np.array_equal(first, at_once)


def test_dead_inputs_lose_their_weights_and_go_first():
    w, x = layer(10)
    x[:, [3, 20]] = 0.0
    weights, kept = sparsegpt(w, x, 0.5)
    assert not weights[[3, 20]].any()
    assert not kept[[3, 20]].any()
    assert (~kept).sum() == count(0.5, w.size)
    everything = np.ones(w.shape, bool)
    for weights, kept in (sparsegpt(w, x, None, kept=everything), sparsegpt(w, x, 0.0)):
        assert kept.all()
        assert not weights[[3, 20]].any()
        assert np.array_equal(np.delete(weights, [3, 20], 0), np.delete(w, [3, 20], 0))


def test_a_module_with_dead_inputs_keeps_their_links_at_sparsity_0():
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2)), torch.rand(20, 6)
    x[:, 2] = 0.0
    found = prune(net, "sparsegpt", 0.0, x)
    assert found.masks["0"].all()
    assert not found[0].weight[:, 2].any()
    assert torch.equal(found[0](x), net[0](x))


@pytest.mark.parametrize("x", [np.ones((9, 24)), np.zeros((9, 24)), np.eye(24)[:3], np.ones((1, 24))])
def test_singular_inputs_give_finite_weights(x):
    w, _ = layer(11)
    for dtype in (np.float32, np.float64):
        weights, kept = sparsegpt(w.astype(dtype), x.astype(dtype), 0.6)
        assert np.isfinite(weights).all()
        assert (~kept).sum() == count(0.6, w.size)


def test_damping_is_raised_once_where_there_is_no_factorisation():
    gram = np.array([[1.0, 1.05], [1.05, 1.0]])  # not positive below a damping of 0.05
    tried = factor_of(gram, 1.0, 0.01).upper
    assert np.array_equal(np.triu(tried), np.triu(factor_of(gram, 1.0, 0.1).upper))
    with pytest.raises(ValueError, match=r"damping of 0\.1: give a larger damping"):
        factor_of(gram * [[1, 2], [2, 1]], 1.0, 0.01)
    with pytest.raises(ValueError, match=r"damping of 0\.2"):
        factor_of(gram * [[1, 2], [2, 1]], 1.0, 0.2)


def test_released_choice_takes_one_more_of_each_block():
    w, x = layer(12, (32, 10))
    kept = sparsegpt(w, x, 0.5, block=16, compat=True)[1]
    assert [(~kept[:16]).sum(), (~kept[16:]).sum()] == [81, 81]


def test_layers_with_one_input_share_a_factorisation(monkeypatch):
    made = []
    real = factor_of
    monkeypatch.setattr(
        "netsci.prune.statistics.factor_of", lambda *given: made.append(given) or real(*given)
    )
    w, x = layer(13)
    statistics = InputStatistics().add(x)
    for _ in range(3):
        sparsegpt(w, statistics, 0.5)
    assert len(made) == 1
    sparsegpt(w, statistics.add(x), 0.5)
    assert len(made) == 2


def test_what_is_given_does_not_change():
    w, x = layer(14)
    mask = prune_mask(w, "magnitude", 0.5)
    before = w.copy(), x.copy(), mask.copy()
    statistics = InputStatistics().add(x)
    kept = sparsegpt(torch.from_numpy(w), statistics, 0.5, kept=torch.from_numpy(mask))[1]
    hessian = statistics.hessian
    sparsegpt(w, statistics, 0.5)
    assert np.array_equal(hessian, statistics.hessian)
    assert kept is not mask
    assert all(np.array_equal(a, b) for a, b in zip(before, (w, x, mask), strict=True))


W, X = layer(15)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"weight": W * np.nan}, ValueError, "weight must be finite"),
        ({"weight": W.T}, ValueError, "statistics must have one column for each input of weight, 14"),
        ({"statistics": X * np.nan}, ValueError, "x must be finite"),
        ({"statistics": None}, TypeError, "x must hold real numbers"),
        ({"statistics": InputStatistics()}, ValueError, "at least one sample"),
        ({"statistics": InputStatistics(hessian=False).add(X)}, ValueError, "hold no hessian"),
        ({"sparsity": 1.5}, ValueError, r"sparsity must lie in \[0, 1\]"),
        ({"sparsity": None}, TypeError, "sparsity must be a number"),
        ({"kept": W.T > 0}, ValueError, "kept must have the shape of weight.*[Tt]ranspose"),
        ({"kept": W}, TypeError, "kept must be a mask"),
        ({"kept": W > 0, "n_m": (2, 4)}, ValueError, "n_m must be None where kept"),
        ({"block": 0}, ValueError, "block must be at least 1"),
        ({"block": 6, "n_m": (2, 4)}, ValueError, "block must be a multiple of 4"),
        ({"damping": -1.0}, ValueError, "damping must be at least 0"),
        ({"damping": "much"}, TypeError, "damping must be a number"),
        ({"n_m": (8, 16), "sparsity": 0.5}, ValueError, "24 inputs; groups of 2, 4, 8 would fit"),
    ],
)
def test_what_is_refused(change, error, match):
    with pytest.raises(error, match=match):
        sparsegpt(**{"weight": W, "statistics": X, "sparsity": 0.5, **change})
