import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.graph.geometry.hyperbolic import (
    geodesic_arc,
    geodesic_arcs,
    hyperbolic_distance,
    native_arcs,
    to_poincare,
)

radii = st.floats(0, 25)
angles = st.floats(-7, 7)
native = st.tuples(radii, angles)
inner = st.tuples(st.floats(0, 0.95), st.floats(0, 2 * math.pi)).map(
    lambda polar: (polar[0] * math.cos(polar[1]), polar[0] * math.sin(polar[1]))
)


def test_close_angles_at_large_radius():
    """Two nodes at the rim of a network of 20,000: the law of cosines as usually written gives 0 here."""
    r = 2 * math.log(20_000)
    usual = math.cosh(r) ** 2 - math.sinh(r) ** 2 * math.cos(1e-8)
    assert usual < 1.01 or math.acosh(usual) != pytest.approx(1.76, abs=0.01)
    d = float(hyperbolic_distance(r, 0.0, r, 1e-8))
    assert d == pytest.approx(1.76, abs=0.005)
    assert d == pytest.approx(math.acosh(1 + 2 * math.sinh(r) ** 2 * math.sin(0.5e-8) ** 2), rel=1e-9)


@given(st.tuples(st.floats(0, 5), angles), st.tuples(st.floats(0, 5), angles))
def test_equals_the_law_of_cosines_where_that_is_stable(p, q):
    (r1, t1), (r2, t2) = p, q
    cosh = math.cosh(r1) * math.cosh(r2) - math.sinh(r1) * math.sinh(r2) * math.cos(t1 - t2)
    assert math.cosh(float(hyperbolic_distance(r1, t1, r2, t2))) == pytest.approx(cosh, rel=1e-9)


@given(native, native)
def test_symmetric_and_bounded(p, q):
    d = float(hyperbolic_distance(*p, *q))
    assert d == float(hyperbolic_distance(*q, *p))
    assert abs(p[0] - q[0]) - 1e-9 <= d <= p[0] + q[0] + 1e-9
    assert float(hyperbolic_distance(*p, *p)) == 0.0


@given(native, native, native)
def test_triangle_inequality(p, q, s):
    direct = float(hyperbolic_distance(*p, *q))
    detour = float(hyperbolic_distance(*p, *s)) + float(hyperbolic_distance(*s, *q))
    assert direct <= detour * (1 + 1e-9) + 1e-7


def test_known_distances():
    assert float(hyperbolic_distance(3, 0, 2, math.pi)) == pytest.approx(5, rel=1e-14)
    assert float(hyperbolic_distance(3, 1.5, 2, 1.5)) == pytest.approx(1, rel=1e-14)
    assert float(hyperbolic_distance(0, 4.0, 2, 1.5)) == pytest.approx(2, rel=1e-14)
    assert float(hyperbolic_distance(1e-9, 0.0, 1e-9, math.pi)) == pytest.approx(2e-9, rel=1e-12)
    assert float(hyperbolic_distance(700, 0, 700, math.pi)) == pytest.approx(1400, rel=1e-12)


def test_distances_broadcast():
    r, t = np.linspace(0, 5, 4), np.linspace(0, 6, 4)
    matrix = hyperbolic_distance(r[:, None], t[:, None], r, t)
    assert matrix.shape == (4, 4)
    assert matrix[1, 2] == hyperbolic_distance(r[1], t[1], r[2], t[2])


@given(st.tuples(st.floats(0, 8), angles), st.tuples(st.floats(0, 8), angles))
def test_poincare_coordinates_keep_distances(p, q):
    """The Poincare formula sinh^2(d/2) = |p - q|^2 / ((1 - |p|^2)(1 - |q|^2)) is an independent route."""
    (x1, y1), (x2, y2) = to_poincare(*p), to_poincare(*q)
    apart = (x1 - x2) ** 2 + (y1 - y2) ** 2
    other = 2 * math.asinh(math.sqrt(apart / ((1 - x1**2 - y1**2) * (1 - x2**2 - y2**2))))
    assert float(hyperbolic_distance(*p, *q)) == pytest.approx(other, rel=1e-6, abs=1e-6)


def test_poincare_stays_in_the_disk_and_scales():
    x, y = to_poincare([0.0, 20.0, 50.0, 1e6], [0.0, 1.0, 2.0, 3.0])
    assert np.hypot(x, y)[:2] == pytest.approx([0.0, math.tanh(10)], rel=1e-15)
    assert (np.hypot(x, y) <= 1).all()
    assert float(to_poincare(20.0, 0.0, scale=0.1)[0]) == pytest.approx(math.tanh(1))


def test_right_angle_by_hand():
    """Between equal points on the axes the arc has its centre on the diagonal."""
    arc = geodesic_arc([0.5, 0.0], [0.0, 0.5], points=5)
    centre = np.full(2, (1 + 0.25) / 2 / 0.5)
    radius = math.sqrt(centre @ centre - 1)
    np.testing.assert_allclose(np.hypot(*(arc - centre).T), radius, rtol=1e-14)
    assert arc[2, 0] == pytest.approx(arc[2, 1])
    assert np.hypot(*arc[2]) < math.sqrt(0.5) / 2  # bent towards the centre of the disk


@given(inner, inner)
def test_arcs_are_geodesics(p, q):
    """Distances along a geodesic add up, and only along a geodesic."""
    arc = geodesic_arc(p, q, points=9)
    assert arc[0].tolist() == list(p)
    assert arc[-1].tolist() == list(q)
    r, t = 2 * np.arctanh(np.hypot(*arc.T)), np.arctan2(arc[:, 1], arc[:, 0])
    total = hyperbolic_distance(r[0], t[0], r[-1], t[-1])
    steps = hyperbolic_distance(r[:-1], t[:-1], r[1:], t[1:])
    assert steps.sum() == pytest.approx(float(total), rel=1e-6, abs=1e-7)
    chords = np.hypot(*np.diff(arc, axis=0).T)
    assert chords.max() - chords.min() <= 1e-9


def test_straight_through_the_origin():
    p = np.array([0.3, 0.4])
    arc = geodesic_arc(p, -1.5 * p, points=7)
    np.testing.assert_allclose(arc[:, 0] * 0.4, arc[:, 1] * 0.3, atol=1e-16)
    tilted = geodesic_arc(p, -1.5 * p + [0.0, 1e-12], points=7)
    np.testing.assert_allclose(tilted, arc, atol=2e-12)


def test_ends_on_the_boundary():
    x, y = to_poincare([60.0, 60.0, 60.0, 20.0], [0.0, math.pi / 2, 1e-7, 1e-7])
    arcs = geodesic_arcs(x, y, [0, 0, 2, 1], [1, 2, 3, 1], points=11)
    assert np.isfinite(arcs).all()
    assert (np.hypot(arcs[..., 0], arcs[..., 1]) <= 1 + 1e-12).all()
    # ideal points a quarter apart: centre (1, 1), radius 1, so the middle is at 1 - sqrt(1/2)
    np.testing.assert_allclose(arcs[0, 5], 1 - math.sqrt(0.5), atol=1e-12)
    # ideal points 1e-7 apart: a half circle that dips half that far into the disk
    assert 1 - np.hypot(*arcs[1, 5]) == pytest.approx(0.5e-7, rel=1e-3)
    assert (arcs[3] == [x[1], y[1]]).all()


def test_many_arcs_equal_single_ones():
    rng = np.random.default_rng(7)
    x, y = to_poincare(rng.uniform(0, 12, 30), rng.uniform(0, 6.3, 30))
    sources, targets = rng.integers(0, 30, 50), rng.integers(0, 30, 50)
    arcs = geodesic_arcs(x, y, sources, targets, 6)
    assert arcs.shape == (50, 6, 2)
    for arc, i, j in zip(arcs, sources, targets, strict=True):
        np.testing.assert_array_equal(arc, geodesic_arc([x[i], y[i]], [x[j], y[j]], 6))
    assert geodesic_arcs(x, y, [], [], 6).shape == (0, 6, 2)


def test_refuses_bad_input():
    for radius in (-1.0, math.nan, 701.0):
        with pytest.raises(ValueError, match="r1 must hold finite radii"):
            hyperbolic_distance(radius, 0.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="t2 must hold finite angles"):
        hyperbolic_distance(1.0, 0.0, 1.0, math.inf)
    with pytest.raises(ValueError, match="scale"):
        to_poincare(1.0, 0.0, scale=0.0)
    with pytest.raises(ValueError, match="to_poincare"):
        geodesic_arc([3.0, 0.0], [0.0, 0.5])
    with pytest.raises(ValueError, match="two coordinates"):
        geodesic_arc([0.1], [0.2])
    with pytest.raises(ValueError, match="points"):
        geodesic_arc([0.1, 0.0], [0.2, 0.0], points=1)
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        geodesic_arcs([0.0, 0.1], [0.0, 0.1], [0], [2])
    with pytest.raises(ValueError, match="the same length"):
        geodesic_arcs([0.0, 0.1], [0.0, 0.1], [0], [0, 1])
    with pytest.raises(TypeError, match="integers"):
        geodesic_arcs([0.0, 0.1], [0.0, 0.1], [0.0], [1.0])


@given(native, native)
def test_native_arcs_are_the_shortest_way(p, q):
    """The parts of a geodesic add up to its length, evenly; its ends are the nodes."""
    radius, theta = native_arcs([p[0], q[0]], [p[1], q[1]], [0], [1], points=9)
    length = float(hyperbolic_distance(*p, *q))
    parts = hyperbolic_distance(radius[0, :-1], theta[0, :-1], radius[0, 1:], theta[0, 1:])
    # an angle is rounded, which moves a place by so much; eight parts have two ends each
    rounded = 16 * np.spacing(2 * np.pi) * np.sinh(max(p[0], q[0]))
    assert parts.sum() == pytest.approx(length, rel=1e-6, abs=1e-5 + rounded)
    assert parts.max() - parts.min() <= 1e-5 + 1e-6 * length
    assert radius[0, [0, -1]] == pytest.approx([p[0], q[0]], abs=1e-9)


@given(st.tuples(st.floats(0, 5), angles), st.tuples(st.floats(0, 5), angles))
def test_native_arcs_lie_on_the_arcs_of_the_poincare_disk(p, q):
    radius, theta = native_arcs([p[0], q[0]], [p[1], q[1]], [0], [1], points=3)
    x, y = to_poincare(radius[0], theta[0])
    fine = geodesic_arcs(x[[0, 2]], y[[0, 2]], [0], [1], points=2001)[0]
    assert np.hypot(fine[:, 0] - x[1], fine[:, 1] - y[1]).min() < 2e-3


def test_native_arcs_hold_up_to_the_largest_radius():
    """Between opposite points at 500 and 700 the way leads through the centre, 1200 long."""
    radius, theta = native_arcs([500.0, 700.0, 700.0], [0.0, math.pi, 1e-6], [0, 1], [1, 2], points=13)
    np.testing.assert_allclose(radius[0], np.abs(500 - 100.0 * np.arange(13)), atol=1e-9)
    np.testing.assert_allclose(np.abs(theta[0, [0, 4, 6, 12]]), [0, 0, math.pi, math.pi], atol=1e-9)
    parts = hyperbolic_distance(radius[:, :-1], theta[:, :-1], radius[:, 1:], theta[:, 1:])
    assert np.isfinite(parts).all()
    np.testing.assert_allclose(radius[1, [0, -1]], 700, rtol=1e-12)


def test_native_arcs_refuse_what_names_no_node():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        native_arcs([1.0, 1.0], [0.0, 1.0], [0], [2])
    with pytest.raises(ValueError, match="the same length"):
        native_arcs([1.0], [0.0, 1.0], [0], [1])
    with pytest.raises(ValueError, match="at least 2"):
        native_arcs([1.0, 1.0], [0.0, 1.0], [0], [1], points=1)
