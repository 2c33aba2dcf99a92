"""Moments and second derivatives of inputs, in any split into batches."""

import numpy as np
import pytest
import torch

from netsci.prune import InputStatistics

X = np.random.default_rng(0).normal(size=(12, 5, 9))


def test_sums_by_hand():
    found = InputStatistics().add(X)
    rows = X.reshape(-1, 9)
    np.testing.assert_allclose(found.moments, (rows**2).sum(0) / 12, rtol=1e-14)
    np.testing.assert_allclose(found.hessian, 2 / 12 * rows.T @ rows, rtol=1e-12, atol=1e-13)
    assert np.array_equal(found.hessian, found.hessian.T)
    assert found.sequences == 12


@pytest.mark.parametrize("splits", [[6], [1, 2, 3], list(range(1, 12)), [0, 12, 12]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_split_gives_the_same(splits, dtype):
    x = X.astype(dtype)
    whole, parts = InputStatistics().add(x), InputStatistics()
    for part in np.split(x, splits):
        parts.add(part)
    np.testing.assert_allclose(parts.moments, whole.moments, rtol=1e-13)
    np.testing.assert_allclose(parts.hessian, whole.hessian, rtol=1e-12, atol=1e-12)
    assert parts.sequences == whole.sequences


def test_types():
    assert InputStatistics().add(torch.ones(2, 3, dtype=torch.bfloat16)).hessian.tolist() == [[2.0] * 3] * 3
    assert InputStatistics().add(np.ones((2, 3), bool)).moments.tolist() == [1.0] * 3
    assert InputStatistics().add(torch.ones(2, 3, requires_grad=True)).moments.tolist() == [1.0] * 3
    mixed = InputStatistics().add(X[:6].astype(np.float32)).add(X[6:])
    np.testing.assert_allclose(mixed.hessian, InputStatistics().add(X).hessian, atol=1e-6)


def test_wide_float32_may_change_to_float64(monkeypatch):
    monkeypatch.setattr("netsci.prune.statistics.PRECISE", 0)
    found = InputStatistics().add(X[:6].astype(np.float32))
    assert found.hessian.dtype == np.float32
    assert found.add(X[6:]).hessian.dtype == np.float64
    np.testing.assert_allclose(found.hessian, InputStatistics().add(X).hessian, atol=1e-5)


@pytest.mark.parametrize(
    ("x", "error", "match"),
    [
        (np.ones(3), ValueError, "x must be"),
        (np.ones((2, 0)), ValueError, "x must be"),
        (np.ones((2, 4)), ValueError, "x must have 3 inputs, as before"),
        ([[1.0, 2.0, np.nan]], ValueError, "x must be finite"),
        ([[1.0, 2.0, np.inf]], ValueError, "x must be finite"),
        (np.array([["a", "b", "c"]]), TypeError, "x must hold real numbers"),
        ([[1.0], [2.0, 3.0]], TypeError, "x must be an array"),
        (np.ones((1, 3)) * 1j, TypeError, "x must hold real numbers"),
    ],
)
def test_what_is_refused_changes_nothing(x, error, match):
    found = InputStatistics().add([[1.0, 2.0, 3.0]])
    before = found.hessian
    with pytest.raises(error, match=match):
        found.add(x)
    assert found.sequences == 1
    assert np.array_equal(found.hessian, before)


def test_empty_statistics_are_refused():
    for name in ("moments", "hessian"):
        with pytest.raises(ValueError, match=r"add\(x\) first"):
            getattr(InputStatistics(), name)
    with pytest.raises(TypeError, match="hessian must be True or False"):
        InputStatistics(hessian="no")
