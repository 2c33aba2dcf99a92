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


SPLITS = {
    "one row": range(1, 2500),
    "about a block": (1, 1023, 1024, 1025, 2049),
    "uneven": (7, 900, 900, 1950),
    "after a block": (1024, 2048),
}


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize(("precise", "dtype"), [(1024, np.float32), (1024, np.float64), (8, np.float32)])
def test_any_split_gives_the_same_to_the_bit(monkeypatch, name, precise, dtype):
    """Also beyond the number of inputs up to which products are float64; the bound is lowered here."""
    monkeypatch.setattr("netsci.prune.statistics.PRECISE", precise)
    x = np.random.default_rng(1).normal(size=(2500, 33)).astype(dtype)
    x *= np.exp(4 * np.random.default_rng(2).normal(size=(2500, 1))).astype(dtype)  # so that order matters
    whole, parts = InputStatistics().add(x), InputStatistics()
    for number, part in enumerate(np.split(x, list(SPLITS[name]))):
        parts.add(part)
        if number % 100 == 3:  # what is read in between changes nothing
            assert np.isfinite(parts.hessian).all()
    assert np.array_equal(parts.hessian, whole.hessian)
    assert np.array_equal(parts.moments, whole.moments)
    assert np.array_equal(parts.factor(0.01, dtype).upper, whole.factor(0.01, dtype).upper)
    assert whole.hessian.dtype == (np.float32 if precise == 8 else np.float64)
    wanted = 2 / 2500 * x.T.astype(np.float64) @ x
    assert np.abs(whole.hessian - wanted).max() <= (3e-7 if precise == 8 else 1e-13) * wanted.max()


def test_rows_that_wait_for_their_block_are_copies():
    x = X.copy()
    found = InputStatistics().add(x)
    before = found.hessian
    x[:] = 7.0
    assert np.array_equal(found.hessian, before)


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
