import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph.geometry.agreement import (
    concordance_score,
    hd_correlation,
    hyperbolic_distance_3d,
    points_of,
)
from netsci.graph.geometry.embedding import Embedding, coalescent_embedding
from netsci.graph.geometry.hyperbolic import hyperbolic_distance
from netsci.graph.geometry.separation import angular_separation, angular_separation_index
from tests.graph.geometry.coalescent import CASES, GOLDEN, SCORES


def radii(name):
    with np.load(GOLDEN / f"{name}.npz") as stored:
        return stored["radial"]


def random_disk(seed, n=40):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 8, n)


@pytest.mark.parametrize(("name", "case", "angles"), CASES)
def test_golden_agreement(name, case, angles):
    golden, expected = SCORES[name], SCORES[name]["cases"][case][angles]
    coordinates = (*map(np.array, expected["angles"]), radii(name))
    if "HD_corr" in expected:
        true = tuple(map(np.array, golden["coords_true"]))
        assert hd_correlation(coordinates, true) == pytest.approx(expected["HD_corr"], abs=1e-7)
        slack = 1e-12 if angles == "original" else 1 / (len(true[0]) - 1)
        assert concordance_score(coordinates[0], true[0]) == pytest.approx(expected["C_score"], abs=slack)
    if angles == "3d":
        ball = angular_separation(coordinates[0], golden["labels"], elevation=coordinates[1])
        assert ball.mistakes.tolist() == expected["ASI_3d_mistakes"]
        assert (ball.worst, math.isnan(ball.index)) == (None, True)
    else:
        disk = angular_separation(coordinates[0], golden["labels"])
        assert disk.mistakes.tolist() == expected["ASI_mistakes"]
        assert disk.worst is not None
        assert disk.worst.tolist() == expected["ASI_theoretical_worst"]
        assert disk.index == pytest.approx(expected["ASI_index"], rel=1e-12)
        assert angular_separation_index(coordinates[0], golden["labels"]) == disk.index


def test_distance_in_the_ball_by_hand():
    assert float(hyperbolic_distance_3d(3, 0, math.pi / 2, 2, 1, -math.pi / 2)) == pytest.approx(5, rel=1e-14)
    assert float(hyperbolic_distance_3d(3, 1, 0.4, 2, 1, 0.4)) == pytest.approx(1, rel=1e-14)
    right = math.acosh(math.cosh(2) * math.cosh(3))  # a right angle: hyperbolic Pythagoras
    assert float(hyperbolic_distance_3d(2, 0.3, 0, 3, 5.0, math.pi / 2)) == pytest.approx(right, rel=1e-14)
    near = hyperbolic_distance_3d(2 * math.log(20_000), 0.0, 0.5, 2 * math.log(20_000), 0.0, 0.5 + 1e-8)
    assert float(near) == pytest.approx(1.76, abs=0.005)  # where the usual law of cosines gives 0
    assert float(hyperbolic_distance_3d(700, 0, 0, 700, math.pi, 0)) == pytest.approx(1400, rel=1e-12)


@given(
    st.lists(
        st.tuples(st.floats(0, 5), st.floats(-7, 7), st.floats(-math.pi / 2, math.pi / 2)),
        min_size=2,
        max_size=2,
    )
)
def test_distance_in_the_ball_equals_the_law_of_cosines(two):
    (r, a, e), (s, b, f) = two
    vectors = [
        np.array([math.cos(y) * math.cos(x), math.cos(y) * math.sin(x), math.sin(y)])
        for x, y in ((a, e), (b, f))
    ]
    cosh = math.cosh(r) * math.cosh(s) - math.sinh(r) * math.sinh(s) * float(vectors[0] @ vectors[1])
    assert math.cosh(float(hyperbolic_distance_3d(r, a, e, s, b, f))) == pytest.approx(cosh, rel=1e-9)
    flat = hyperbolic_distance_3d(r, a, 0, s, b, 0)
    assert float(flat) == pytest.approx(float(hyperbolic_distance(r, a, s, b)), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", [5, 64, 150])
def test_correlation_against_numpy(n):
    (t, r), (a, s) = random_disk(1, n), random_disk(2, n)
    e = np.random.default_rng(3).uniform(-1.5, 1.5, n)
    i, j = np.triu_indices(n, 1)
    first = hyperbolic_distance(r[i], t[i], r[j], t[j])
    for other, second in (
        ((a, s), hyperbolic_distance(s[i], a[i], s[j], a[j])),
        ((a, e, s), hyperbolic_distance_3d(s[i], a[i], e[i], s[j], a[j], e[j])),
    ):
        assert hd_correlation((t, r), other) == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.floats(0, 6))
def test_turning_and_mirroring_change_nothing(seed, turn):
    theta, radius = random_disk(seed, 9)
    other = random_disk(seed + 1, 9)
    before = hd_correlation((theta, radius), other)
    assert -1 <= before <= 1
    assert hd_correlation((turn - theta, radius), other) == pytest.approx(before, abs=1e-9)
    score = concordance_score(theta, other[0])
    assert 0.5 <= score <= 1
    assert concordance_score(turn - theta, other[0]) == pytest.approx(score)
    assert concordance_score(other[0], theta) == pytest.approx(score)
    assert concordance_score(theta, theta + turn) == 1.0


def test_undefined_correlation_is_nan():
    triangle = (np.arange(3) * 2 * np.pi / 3, np.full(3, 2.0))
    assert math.isnan(hd_correlation(triangle, random_disk(1, 3)))
    assert math.isnan(hd_correlation(random_disk(1, 3), triangle))
    assert math.isnan(hd_correlation(random_disk(1, 2), random_disk(2, 2)))


def test_concordance_by_hand():
    """Counter-clockwise pairs of 0, 1, 2, 4 are 01, 02, 12, 13, 23, but not 03; exchange nodes 2 and 3."""
    assert concordance_score([0, 1, 2, 4], [0, 1, 4, 2]) == 0.5
    assert concordance_score([0, 1, 2, 3], [0, 2, 1, 3]) == pytest.approx(5 / 6)
    assert concordance_score([0, 0, 0], [0, 1, 2]) == 1.0  # equal angles stand in node order
    assert concordance_score([1, 1 - 1e-16, 1 - 4e-16], [0, 1, 2]) == 1.0


def test_separation_by_hand():
    found = angular_separation([6.2, 0.1, 0.2, 3.0, 3.1, 0.15], ["b", "b", "b", "a", "a", "a"])
    assert found.groups.tolist() == ["a", "b"]
    assert found.mistakes.tolist() == [
        1,
        1,
    ]  # a reaches from .15 to 3.1 over one b, b from 6.2 to .2 over one a
    assert found.worst.tolist() == [2, 2]
    assert found.index == 0.5
    assert math.isnan(angular_separation_index([1, 2, 3], [7, 7, 7]))
    assert math.isnan(angular_separation_index([1, 2, 3], [7, 8, 9]))
    assert angular_separation([1, 2, 3, 4, 5], [0, 0, 1, 1, 1]).worst.tolist() == [
        2,
        2,
    ]  # 3/2 and 4/3 rounded up


def test_separation_on_the_sphere_by_hand():
    """A square over azimuth 0 with one node in its middle, one above it and one on its border.

    The hull of the others reaches from (0, .1) and (0, .5) to (3, 0), over one corner of the square.
    """
    azimuth = np.array([-0.2, -0.2, 0.2, 0.2, 0.0, 0.0, 0.2, 3.0]) % (2 * np.pi)
    height = np.array([-0.3, 0.3, 0.3, -0.3, 0.1, 0.5, 0.1, 0.0])
    found = angular_separation(azimuth, [0] * 4 + [1] * 4, elevation=height)
    assert found.mistakes.tolist() == [2, 1]
    assert (
        angular_separation(azimuth[:6], [0, 0, 1, 1, 1, 1], elevation=height[:6]).mistakes[0] == 0
    )  # flat hull


def test_embeddings_are_coordinates():
    ring = np.roll(np.eye(8), 1, axis=1) + np.roll(np.eye(8), -1, axis=1)
    ring[0, 4] = ring[4, 0] = 1
    network = np.zeros((10, 10))
    network[1:9, 1:9] = ring
    disk = coalescent_embedding(network, gamma=2.5)
    ball = coalescent_embedding(network, gamma=2.5, dimension=3)
    assert isinstance(disk, Embedding)
    assert points_of(disk, "x").shape == (7, 8)
    assert (points_of(disk, "x")[2] == 0).all()
    assert np.array_equal(points_of(ball, "x")[2], ball.elevation)
    theta, radius = random_disk(4, 10)
    inside = hd_correlation(disk, (theta[1:9], radius[1:9]))
    assert hd_correlation(disk, (theta, radius)) == inside
    assert hd_correlation((disk.theta, disk.radius), (theta[1:9], radius[1:9])) == inside
    assert hd_correlation(disk, disk) == pytest.approx(1)
    with pytest.raises(ValueError, match="same nodes"):
        hd_correlation(disk, coalescent_embedding(ring, gamma=2.5))


@pytest.mark.parametrize(
    ("coordinates", "error", "message"),
    [
        (np.zeros((4, 2)), TypeError, "must be an Embedding"),
        (([0.0, 1.0],), TypeError, "must be an Embedding"),
        (([0.0], [1.0]), ValueError, "at least 2 nodes"),
        (([0.0, 1.0], [1.0]), ValueError, "the same length"),
        (([0.0, 1.0], [1.0, math.nan]), ValueError, "pass gamma"),
        (([0.0, 1.0], [1.0, -1.0]), ValueError, "radius of coordinates"),
        (([0.0, math.inf], [1.0, 1.0]), ValueError, "finite radians"),
        (([0.0, 1.0], [1.0, 1.6], [1.0, 1.0]), ValueError, "inclination"),
        ((["a", "b"], [1.0, 1.0]), TypeError, "real numbers"),
    ],
)
def test_refuses_bad_coordinates(coordinates, error, message):
    with pytest.raises(error, match=message):
        hd_correlation(coordinates, ([0.0, 1.0], [1.0, 1.0]))


def test_refuses_what_does_not_match():
    with pytest.raises(ValueError, match="same nodes"):
        hd_correlation(([0.0, 1.0], [1.0, 1.0]), random_disk(1, 3))
    with pytest.raises(ValueError, match="same nodes, at least 2; got 3 and 2"):
        concordance_score([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="got 1 and 1"):
        concordance_score([1], [1])
    with pytest.raises(ValueError, match="theta holds NaN"):
        concordance_score([1, math.nan], [1, 2])
    with pytest.raises(ValueError, match="one entry for each node"):
        angular_separation([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="one entry for each node"):
        angular_separation([], [])
    with pytest.raises(ValueError, match="labels must not hold None or NaN"):
        angular_separation([1, 2], [1, math.nan])
