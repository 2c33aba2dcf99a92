"""Counts, ties, groups and refusals of the choice of links."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from netsci.prune import InputStatistics, prune_mask
from netsci.prune.smallest import find_smallest, find_smallest_of_groups, find_smallest_of_outputs

NAMES = ("magnitude", "ri", "ria", "wanda")
RNG = np.random.default_rng(0)
W, X = RNG.normal(size=(12, 7)), RNG.normal(size=(20, 12))


def count(share, n):
    return int(np.floor(share * n + 1e-9))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.29, 0.5, 0.7, 0.75, 0.99, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exactly_as_many_go_as_asked_for(name, share, dtype):
    w = W.astype(dtype)
    layer = prune_mask(w, name, share, inputs=X, per="layer")
    assert (~layer).sum() == count(share, w.size)
    output = prune_mask(w, name, share, inputs=X, per="output")
    assert ((~output).sum(0) == count(share, len(w))).all()
    assert np.array_equal(prune_mask(w, name, share, inputs=X), output if name == "wanda" else layer)


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 1), st.integers(1, 4), st.booleans(), st.booleans())
def test_ties_go_by_cell_number(rows, columns, share, values, turned, single):
    scores = np.random.default_rng(rows * 10 + columns).integers(0, values, (rows, columns)).astype(float)
    scores = scores.astype(np.float32) if single else scores
    scores = np.asfortranarray(scores) if turned else scores
    n = count(share, scores.size)
    wanted = np.zeros(scores.size, bool)
    wanted[np.argsort(scores.ravel(), kind="stable")[:n]] = True
    assert np.array_equal(find_smallest(scores, n), wanted.reshape(scores.shape))
    n = count(share, rows)
    wanted = np.zeros((rows, columns), bool)
    np.put_along_axis(wanted, np.argsort(scores, axis=0, kind="stable")[:n], True, axis=0)
    assert np.array_equal(find_smallest_of_outputs(scores, n), wanted)


@pytest.mark.parametrize("n_m", [(2, 4), (1, 4), (3, 4), (4, 8), (4, 4), (1, 2)])
@pytest.mark.parametrize("name", NAMES)
def test_every_group_keeps_n(name, n_m):
    kept, of = n_m
    w, x = RNG.normal(size=(16, 5)), RNG.normal(size=(9, 16))
    mask = prune_mask(w, name, 1 - kept / of, inputs=x, n_m=n_m)
    assert (mask.reshape(-1, of, 5).sum(1) == kept).all()
    assert np.array_equal(mask, prune_mask(w, name, None, inputs=x, n_m=n_m))


def test_groups_keep_the_largest_and_of_equal_ones_the_later():
    scores = np.array([[1.0, 5.0], [2.0, 5.0], [0.0, 5.0], [3.0, 5.0]])
    gone = find_smallest_of_groups(scores, 2, 4)
    assert gone.tolist() == [[True, True], [False, True], [True, False], [False, False]]


def test_rows_of_zeros_go_first_and_stay_as_released():
    w = W.copy()
    w[3] = 0.0
    w[:, 2] = 0.0
    zero = w == 0
    for name in ("ri", "ria"):
        mask = prune_mask(w, name, 0.5, inputs=X)
        assert (~mask).sum() == count(0.5, w.size)
        assert not mask[zero].any()
        released = prune_mask(w, name, 0.5, inputs=X, compat=True)
        assert released[zero].all()  # NaN is never below the threshold
    assert not prune_mask(np.zeros((4, 4)), "ri", 0.5)[:2].any()
    assert prune_mask(np.zeros((4, 4)), "ri", 0.5)[2:].all()


def test_released_threshold_takes_one_more_and_all_equal_ones():
    assert (~prune_mask(W, "magnitude", 0.5, compat=True)).sum() == count(0.5, W.size) + 1
    assert not prune_mask(np.ones((4, 4)), "magnitude", 0.5, compat=True).any()
    assert (~prune_mask(np.ones((4, 4)), "magnitude", 0.5)).sum() == 8
    assert (~prune_mask(W, "wanda", 0.5, inputs=X, compat=True)).sum(0).tolist() == [6] * 7


def test_dead_and_constant_inputs():
    x = X.copy()
    x[:, 4] = 0.0
    for name in ("ria", "wanda"):
        mask = prune_mask(W, name, 0.5, inputs=x)
        assert not mask[4].any()
        assert (~mask).sum() == 42
        assert (~prune_mask(W, name, 0.5, inputs=np.zeros((5, 12)))).sum() == 42
    constant = prune_mask(W, "wanda", 0.5, inputs=np.ones((5, 12)))
    assert np.array_equal(constant, prune_mask(W, "magnitude", 0.5, per="output"))


def test_tensors_arrays_and_statistics_give_the_same():
    wanted = prune_mask(W.astype(np.float32), "ria", 0.7, inputs=X)
    tensor = torch.from_numpy(W.astype(np.float32))
    for w in (tensor, tensor.T.contiguous().T, tensor.requires_grad_()):
        for x in (torch.from_numpy(X), InputStatistics().add(X), X.reshape(4, 5, 12)):
            found = prune_mask(w, "ria", 0.7, inputs=x)
            assert isinstance(found, np.ndarray)
            assert found.dtype == bool
            assert np.array_equal(found, wanted)
    assert prune_mask(tensor.bfloat16(), "magnitude", 0.5).sum() == 42
    assert prune_mask(np.arange(1, 5).reshape(2, 2), "magnitude", 0.5).tolist() == [[False] * 2, [True] * 2]


def test_what_is_given_does_not_change():
    w, x = W.copy(), X.copy()
    for name in NAMES:
        prune_mask(w, name, 0.5, inputs=x)
    assert np.array_equal(w, W)
    assert np.array_equal(x, X)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"weight": np.where(W > 2, np.nan, W)}, ValueError, "weight must be finite"),
        ({"weight": np.where(W > 1, np.inf, W)}, ValueError, "weight must be finite"),
        ({"weight": W[0]}, ValueError, r"weight must be a matrix \[presynaptic, postsynaptic\]"),
        ({"weight": np.ones((4, 3, 2, 2))}, ValueError, r"of a convolution pass weight.reshape"),
        ({"weight": np.ones((0, 3))}, ValueError, "with a cell"),
        ({"weight": W * 1j}, TypeError, "weight must hold real numbers"),
        ({"weight": W.T}, ValueError, r"one column for each input of weight, 7 .* torch's weight.T"),
        ({"method": "wandas"}, ValueError, "did you mean 'wanda'"),
        ({"method": "sparsegpt"}, ValueError, r"call sparsegpt\(\)"),
        ({"method": "ria_rec"}, ValueError, "changes weights"),
        ({"sparsity": 1.1}, ValueError, r"sparsity must lie in \[0, 1\]"),
        ({"sparsity": -0.1}, ValueError, r"sparsity must lie in \[0, 1\]"),
        ({"sparsity": float("nan")}, ValueError, r"sparsity must lie in \[0, 1\]"),
        ({"sparsity": None}, TypeError, "sparsity must be a number"),
        ({"inputs": None}, ValueError, "inputs must be given for wanda"),
        ({"inputs": np.where(X > 1, np.nan, X)}, ValueError, "x must be finite"),
        ({"inputs": X[:, :5]}, ValueError, "one column for each input"),
        ({"inputs": X[:0]}, ValueError, "at least one sample"),
        ({"inputs": X[0]}, ValueError, r"inputs must be \[samples, pre\]"),
        ({"inputs": InputStatistics()}, ValueError, "at least one sample"),
        ({"per": "row"}, ValueError, "per must be one of None, layer, output"),
        ({"per": "layer", "n_m": (2, 4)}, ValueError, "per must be None where n_m"),
        ({"compat": 1}, TypeError, "compat must be True or False"),
        ({"n_m": (2, 5), "sparsity": None}, ValueError, "12 inputs; groups of 2, 4 would fit"),
        ({"n_m": (5, 4)}, ValueError, "1 <= kept <= of"),
        ({"n_m": (1, 4)}, ValueError, r"sparsity must be 0.75 where 1 of 4"),
        ({"n_m": 4}, TypeError, r"n_m must be \(kept, of\)"),
        ({"n_m": (2, 4, 8)}, ValueError, r"n_m must be \(kept, of\)"),
    ],
)
def test_what_is_refused(change, error, match):
    given = {"weight": W, "method": "wanda", "sparsity": 0.5, "inputs": X, **change}
    with pytest.raises(error, match=match):
        prune_mask(**given)
