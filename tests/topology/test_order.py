"""Choices by order: the smallest values, the steepest cells, as many in each column; against sorting."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from netsci.topology import order
from netsci.topology.fan_in import constant_fan_in, steepest_of_columns
from netsci.topology.order import gradient_at_links, smallest, steepest_missing
from netsci.topology.view import ArrayView
from tests.views import SlopedView, sloped

VALUES = st.lists(st.integers(-3, 3), max_size=12)


@given(VALUES, st.integers(-1, 13))
def test_the_smallest_are_those_of_a_stable_sort(values, k):
    chosen = np.zeros(len(values), bool)
    chosen[np.argsort(values, kind="stable")[: max(k, 0)]] = True
    assert smallest(np.array(values, float), k).tolist() == chosen.tolist()


@pytest.mark.parametrize("block", [1, 7, 20, 2**19])
@pytest.mark.parametrize("k", [0, 1, 9, 40, 1000])
def test_the_steepest_missing_cells_are_those_of_a_sort(monkeypatch, block, k):
    monkeypatch.setattr(order, "IN_BLOCK", block)
    rng = np.random.default_rng(k)
    mask, slope = rng.random((9, 7)) < 0.4, rng.integers(-4, 5, (9, 7)).astype(np.float32)
    keys = np.where(mask, -1.0, np.abs(slope)).ravel()
    known = np.sort(np.argsort(-keys, kind="stable")[: min(k, int((~mask).sum()))])
    assert steepest_missing(sloped(slope, mask, slope), k).tolist() == known.tolist()


def test_no_more_than_a_block_of_the_gradient_is_formed_at_once(monkeypatch):
    monkeypatch.setattr(order, "IN_BLOCK", 100)
    asked, slope = [], np.random.default_rng(1).normal(size=(60, 20))
    view = SlopedView("a", sp.csr_array((60, 20), dtype=bool), None, 1, slope, asked)
    steepest_missing(view, 50)
    assert asked == [5] * 12
    links = sp.csr_array(np.abs(slope) > 1)
    values = gradient_at_links(SlopedView("a", links, None, 1, slope, asked))
    assert asked == [5] * 24
    np.testing.assert_array_equal(values, slope[links.toarray()])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_refused(wrong):
    slope = np.ones((3, 4))
    slope[1, 2] = wrong
    view = sloped(slope, np.eye(3, 4), slope)
    for choose in (lambda: steepest_missing(view, 2), lambda: steepest_of_columns(view, np.ones(4, int))):
        with pytest.raises(ValueError, match="gradient of layer 'a' must be finite: lower lr, or set clip"):
            choose()
    with pytest.raises(ValueError, match="has no gradient"):
        steepest_missing(ArrayView("a", view.links), 2)


@pytest.mark.parametrize("block", [1, 12, 2**19])
def test_each_column_gets_its_steepest_cells(monkeypatch, block):
    from netsci.topology import fan_in

    monkeypatch.setattr(fan_in, "IN_BLOCK", block)
    rng = np.random.default_rng(block)
    for _ in range(10):
        mask, slope = rng.random((8, 5)) < 0.4, rng.integers(-3, 4, (8, 5)).astype(float)
        need = np.minimum(rng.integers(0, 5, 5), (~mask).sum(0))
        known = np.zeros((8, 5), bool)
        for column in range(5):
            keys = np.where(mask[:, column], -1.0, np.abs(slope[:, column]))
            known[np.argsort(-keys, kind="stable")[: need[column]], column] = True
        found = steepest_of_columns(sloped(slope, mask, slope), need)
        assert found.tolist() == np.flatnonzero(known).tolist()


def test_a_column_keeps_its_strongest_links():
    links = sp.csr_array([[1, 1], [1, 0], [1, 1]], dtype=bool)
    strength, keep = np.array([2.0, 1.0, 2.0, 3.0, 1.0]), np.array([1, 1, 1, 1, 1], bool)
    assert constant_fan_in(links, strength, keep, 2).tolist() == [False, True, True, True, True]
    assert constant_fan_in(links, strength, keep, 1).tolist() == [False, False, False, True, True]
    keep[3] = False
    assert constant_fan_in(links, strength, keep, 1).tolist() == [False, False, True, False, True]
