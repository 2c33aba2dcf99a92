import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph.geometry.alignment import align, circular_correlation
from netsci.graph.geometry.embedding import coalescent_embedding

FULL_CIRCLE = 2 * math.pi
HUBS = nx.to_numpy_array(nx.barabasi_albert_graph(40, 2, seed=7))
DISK = coalescent_embedding(HUBS)
BALL = coalescent_embedding(HUBS, dimension=3)


def disk_at(theta, nodes=None):
    n = len(theta)
    return replace(
        DISK,
        nodes=np.arange(n) if nodes is None else np.asarray(nodes),
        theta=np.asarray(theta) % FULL_CIRCLE,
        radius=np.ones(n),
    )


def apart(first, second):
    return np.abs((first - second + math.pi) % FULL_CIRCLE - math.pi)


def points(ball):
    flat = np.cos(ball.elevation)
    return np.stack([flat * np.cos(ball.azimuth), flat * np.sin(ball.azimuth), np.sin(ball.elevation)], 1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("turn", [0.0, 1.0, 3.0, 6.0])
def test_undoes_a_turn_and_a_reflection(sign, turn):
    moved = replace(DISK, theta=(turn + sign * DISK.theta) % FULL_CIRCLE)
    back = align(moved, DISK)
    assert apart(back.theta, DISK.theta).max() < 1e-12
    assert ((back.theta >= 0) & (back.theta < FULL_CIRCLE)).all()
    assert back.radius is moved.radius
    assert back.notes == moved.notes


def test_by_hand():
    """A turn by a quarter fits three nodes exactly; the fourth is no part of the reference."""
    quarter = math.pi / 2
    found = align(
        disk_at([0.0, 1.0, 2.0, 5.0]), disk_at([quarter, 1 + quarter, 2 + quarter], nodes=[0, 1, 2])
    )
    np.testing.assert_allclose(found.theta, [quarter, 1 + quarter, 2 + quarter, (5 + quarter) % FULL_CIRCLE])


def test_nodes_are_matched_by_number():
    reference = disk_at([0.3, 1.0, 2.5], nodes=[4, 7, 9])
    found = align(disk_at([2.0, 0.8, 1.5, 3.0], nodes=[1, 4, 7, 9]), reference)
    np.testing.assert_allclose(found.theta[1:], [0.3, 1.0, 2.5])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(3, 12))
def test_no_other_turn_is_better(seed, n):
    rng = np.random.default_rng(seed)
    theta, aims = rng.random((2, n)) * FULL_CIRCLE
    found = align(disk_at(theta), disk_at(aims)).theta
    best = max(
        np.cos(aims - turn - sign * theta).mean()
        for sign in (1, -1)
        for turn in np.linspace(0, FULL_CIRCLE, 720)
    )
    assert np.cos(aims - found).mean() >= best - 1e-12
    assert np.cos(aims - found).mean() <= best + 1e-4


def test_ball_is_turned_and_reflected():
    rng = np.random.default_rng(7)
    matrix, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    for sign in (1, -1):
        x, y, z = (points(BALL) @ matrix * sign).T
        moved = replace(
            BALL, azimuth=np.arctan2(y, x) % FULL_CIRCLE, elevation=np.arcsin(z), theta=1.0 - BALL.theta
        )
        back = align(moved, BALL)
        np.testing.assert_allclose(points(back), points(BALL), atol=1e-12)
        assert apart(back.theta, BALL.theta).max() < 1e-12
        assert (back.azimuth >= 0).all()


def brute_correlation(a, b):
    first, second = np.sin(a[:, None] - a), np.sin(b[:, None] - b)
    return (first * second).sum() / math.sqrt((first**2).sum() * (second**2).sum())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(3, 30), st.floats(-9, 9))
def test_correlation_equals_the_sum_over_pairs(seed, n, turn):
    rng = np.random.default_rng(seed)
    a, b = rng.random((2, n)) * FULL_CIRCLE
    r = circular_correlation(a, b)
    assert r == pytest.approx(brute_correlation(a, b), abs=1e-9)
    assert -1 <= r <= 1
    assert circular_correlation(b, a) == pytest.approx(r, abs=1e-9)
    assert circular_correlation(a + turn, b) == pytest.approx(r, abs=1e-9)
    assert circular_correlation(-a, b) == pytest.approx(-r, abs=1e-9)
    assert circular_correlation(a, turn + a) == pytest.approx(1)
    assert circular_correlation(a, turn - a) == pytest.approx(-1)


def test_correlation_of_equidistant_and_of_close_angles():
    even = FULL_CIRCLE * np.arange(12) / 12
    assert circular_correlation(even, even + 0.7) == pytest.approx(1)
    close = 1e-5 * np.random.default_rng(7).normal(size=50)
    assert circular_correlation(2 + close, 5 + 3 * close) == pytest.approx(1)
    assert circular_correlation(2 + close, 5 - close) == pytest.approx(-1)


def test_control_independent_angles_do_not_correlate():
    rng = np.random.default_rng(7)
    found = [circular_correlation(*(rng.random((2, 200)) * FULL_CIRCLE)) for _ in range(200)]
    assert abs(np.mean(found)) < 0.01
    assert np.abs(found).max() < 0.25


def test_undefined_correlations_are_nan():
    some = np.array([0.1, 2.0, 3.0])
    for none in ([1.0, 1.0, 1.0], [1.0, 1.0 + math.pi, 1.0], [1.0, 1.0 + FULL_CIRCLE, 1.0]):
        assert math.isnan(circular_correlation(none, some))
        assert math.isnan(circular_correlation(some, none))
    assert math.isnan(circular_correlation([1.0], [2.0]))
    assert math.isnan(circular_correlation([], []))


def test_refuses_what_cannot_be_aligned():
    with pytest.raises(ValueError, match="at least 2 nodes in common; they share 1"):
        align(disk_at([1.0, 2.0]), disk_at([1.0, 2.0], nodes=[1, 2]))
    with pytest.raises(ValueError, match="both be 2-D or both 3-D"):
        align(DISK, BALL)
    with pytest.raises(TypeError, match="reference must be an Embedding"):
        align(DISK, DISK.theta)
    with pytest.raises(ValueError, match="the same length"):
        circular_correlation([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="NaN"):
        circular_correlation([1.0, math.nan], [1.0, 2.0])
