"""DPAP's rules against loops, and what they must and must not read."""

import numpy as np
import pytest
import scipy.sparse as sp

from netsci.topology import plasticity as dp

BATCH, PRE, POST = 3, 4, 5


def batches(count=6, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.random((BATCH, PRE)), rng.random((BATCH, POST))) for _ in range(count)]


def seen(pairs):
    activity = dp.Activity.of(BATCH, PRE, POST)
    for before, after in pairs:
        activity = dp.add_batch(activity, before, after)
    return activity


def test_activity_is_a_few_loops():
    bcm, theta = np.zeros((PRE, POST)), np.zeros((BATCH, POST))
    pairs = batches()
    for number, (before, after) in enumerate(pairs, 1):
        for k, i, j in np.ndindex(BATCH, PRE, POST):
            bcm[i, j] += before[k, i] * after[k, j] * (after[k, j] - theta[k, j])
        theta += (after - theta) / number
    found = seen(pairs)
    np.testing.assert_allclose(found.bcm, bcm, atol=1e-12)
    np.testing.assert_allclose(found.theta, np.mean([after for _, after in pairs], axis=0), atol=1e-12)
    np.testing.assert_allclose(found.trace, sum(after.sum(0) for _, after in pairs), atol=1e-12)
    total, trace = bcm.sum(0), found.trace
    known = (total - total.min()) / np.ptp(total) * (trace - trace.min()) / np.ptp(trace)
    np.testing.assert_allclose(dp.dendrite(found), known, atol=1e-12)


def test_theta_is_kept_by_place_in_the_batch():
    """The same samples in another order give another BCM from the second batch on."""
    pairs = batches()
    turned = [(b[::-1], a[::-1]) if number else (b, a) for number, (b, a) in enumerate(pairs)]
    np.testing.assert_allclose(seen(turned[:1]).bcm, seen(pairs[:1]).bcm)
    assert not np.allclose(seen(turned).bcm, seen(pairs).bcm)
    with pytest.raises(
        ValueError, match=r"got \[2, 5\] and \[2, 4\]: leave out a last batch that is smaller"
    ):
        dp.add_batch(seen(pairs), np.ones((2, PRE)), np.ones((2, POST)))


def test_nothing_dies_before_epoch_11_and_25():
    for kind, first in (("linear", 11), ("conv", 25)):
        survival = np.full(8, dp.FIRST_SURVIVAL)
        x = np.array([0.0, 0, 0, 0, 1, 1, 1, 1])
        died = []
        for epoch in range(60):
            survival = dp.survive(survival, x, kind, epoch)
            died.append(np.flatnonzero(survival < 0).tolist())
        assert died[first - 1] == []
        assert died[first] == [0, 1, 2, 3]
        assert np.all(survival[4:] > 10)


def test_survival_is_a_few_lines():
    x = np.random.default_rng(3).normal(size=(6, 7))
    for kind, off, more, tau in (("conv", 0.65, 5, 12), ("linear", 1.5, 2, 13)):
        for epoch in (5, 5 + tau - 1, 5 + tau, 40):
            u = np.clip((x - x.min()) / (np.percentile(x, 75) - x.min()), 0, 1)
            d = 2 * u - off
            d[d > 0] += more
            known = 0.999 * 4 + d * np.exp(-int((epoch - 5) / tau))
            np.testing.assert_allclose(dp.survive(np.full((6, 7), 4.0), x, kind, epoch), known, atol=1e-12)
    assert np.array_equal(dp.survive(x, x, "conv", 4), x)
    flat = dp.survive(np.full(3, 10.0), np.ones(3), "linear", 5)
    assert flat.tolist() == [9.99 - 0.5] * 3


@pytest.mark.parametrize(("kind", "edge"), [("linear", 0.75), ("conv", 0.325)])
def test_what_is_at_the_edge_gets_nothing_added(kind, edge):
    """u = edge makes d = 0: R falls by the thousandth alone. Just above it, the bonus comes on top."""
    x = np.array([0.0, edge, 1.0, 1.0, 1.0])
    survival = dp.survive(np.full(5, 10.0), x, kind, 5)
    assert survival[1] == pytest.approx(9.99, abs=1e-12)
    more = dp.survive(np.full(5, 10.0), np.where(x == edge, edge + 1e-9, x), kind, 5)
    assert more[1] == pytest.approx(9.99 + {"linear": 2.0, "conv": 5.0}[kind], abs=1e-6)


def test_links_survive_with_their_unit_and_their_synapse():
    rng = np.random.default_rng(5)
    links = sp.csr_array(rng.random((PRE, POST)) < 0.6)
    units, synapses = rng.normal(size=POST), rng.normal(size=(PRE, POST))
    units[0], synapses[0] = 0.0, 0.0
    known = links.toarray() & (units >= 0) & (synapses >= 0)
    assert np.array_equal(dp.surviving(links, units, synapses).toarray(), known)
    assert np.array_equal(dp.surviving(links, units).toarray(), links.toarray() & (units >= 0))
    assert dp.surviving(links, np.full(POST, -1.0)).nnz == 0


def test_empty_layers():
    empty = dp.Activity.of(2, 0, 0)
    assert dp.dendrite(dp.add_batch(empty, np.ones((2, 0)), np.ones((2, 0)))).shape == (0,)
    assert dp.survive(np.zeros((0, 3)), np.zeros((0, 3)), "linear", 9).shape == (0, 3)
