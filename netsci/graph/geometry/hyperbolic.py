"""Geometry of the hyperbolic disk: distances in native coordinates, geodesics in the Poincare picture.

Native polar coordinates (r, theta) hold the hyperbolic distance r to the centre, curvature -1; the Poincare
disk shows the same point at the Euclidean radius rho = tanh(r/2) < 1, and there geodesics are circular arcs
that meet the boundary circle at right angles.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netsci.arguments import as_count, check_number, read_array, read_numbers

LARGEST_RADIUS = 700.0  # sinh leaves float64 at 710
LARGEST_RHO = math.nextafter(1.0, 0.0)


def hyperbolic_distance(r1: ArrayLike, t1: ArrayLike, r2: ArrayLike, t2: ArrayLike) -> NDArray[np.float64]:
    """Return the hyperbolic distance (curvature -1) between points in native polar coordinates.

    d = 2 asinh sqrt(sinh^2((r1 - r2)/2) + sinh r1 sinh r2 sin^2((t1 - t2)/2)), which is the hyperbolic law
    of cosines in a form without a difference of large terms: it is exact for near and for far points.

    Parameters
    ----------
    r1, r2 : radii in [0, 700], hyperbolic length. t1, t2 : angles in radians, any branch. All broadcast.

    Returns
    -------
    float64 array of the broadcast shape (0-d for numbers), at least |r1 - r2| and at most r1 + r2.

    Raises
    ------
    TypeError
        If a value is no real number.
    ValueError
        If a radius lies outside [0, 700] or a value is NaN or infinite.

    Examples
    --------
    >>> float(hyperbolic_distance(3.0, 0.0, 2.0, np.pi).round(12))
    5.0

    Source: S1 section 4.2 and Appendix D (hyperbolic law of cosines).
    """
    first, second = _radii(r1, "r1"), _radii(r2, "r2")
    t1, t2 = _angles(t1, "t1"), _angles(t2, "t2")
    _check_broadcast(("r1", "t1", "r2", "t2"), first, t1, second, t2)
    turn = t1 - t2
    radial = np.sinh((first - second) / 2)
    # Square roots first: the product of two sinh would overflow from r = 355 on.
    angular = np.sqrt(np.sinh(first)) * np.sqrt(np.sinh(second)) * np.abs(np.sin(turn / 2))
    return np.asarray(2 * np.arcsinh(np.hypot(radial, angular)))


def to_poincare(
    r: ArrayLike, theta: ArrayLike, *, scale: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Cartesian coordinates of native polar points in the Poincare disk.

    rho = tanh(scale r / 2), x = rho cos theta, y = rho sin theta. Beyond r = 37 rho rounds to 1 in float64;
    it is then cut to the largest number below 1, so a point never leaves the disk. Only scale = 1
    gives the Poincare disk. A smaller scale (say 0.2 for radii up to 20) moves points away from the boundary
    so that the eye can tell them apart; distances in that picture have no meaning.

    Parameters
    ----------
    r : radii, at least 0. theta : angles in radians. Both broadcast. scale : positive number.

    Returns
    -------
    x, y : float64 arrays of the broadcast shape, x^2 + y^2 <= 1.

    Raises
    ------
    ValueError
        If a radius is negative, a value is NaN or infinite, or scale is not positive.

    Examples
    --------
    >>> x, y = to_poincare(2 * np.arctanh(0.5), np.pi)
    >>> round(float(x), 12), abs(round(float(y), 12))
    (-0.5, 0.0)

    Source: S1 section 4.2 (Poincare disk).
    """
    check_number(scale, "scale")
    if not 0 < scale < math.inf:
        raise ValueError(f"scale must be a positive number (1.0 keeps distances as they are); got {scale!r}")
    radius = _radii(r, "r", largest=math.inf)
    angle = _angles(theta, "theta")
    _check_broadcast(("r", "theta"), radius, angle)
    rho = np.minimum(np.tanh(scale * radius / 2), LARGEST_RHO)
    return np.asarray(rho * np.cos(angle)), np.asarray(rho * np.sin(angle))


def geodesic_arc(p: ArrayLike, q: ArrayLike, points: int = 32) -> NDArray[np.float64]:
    """Return points along the geodesic of the Poincare disk from p to q.

    Parameters
    ----------
    p, q : Cartesian coordinates [2] in the closed unit disk. points : number of points, at least 2.

    Returns
    -------
    float64 [points, 2], equally spaced along the circle, both ends included; see `geodesic_arcs`.

    Raises
    ------
    ValueError
        If a point lies outside the unit disk, is not finite or has not two coordinates, or points < 2.

    Examples
    --------
    >>> geodesic_arc([-0.5, 0.0], [0.5, 0.0], points=3).tolist()  # through the centre: straight
    [[-0.5, 0.0], [0.0, 0.0], [0.5, 0.0]]

    Source: S1 section 4.2 (Poincare disk).
    """
    pair = [read_numbers(p, "p"), read_numbers(q, "q")]
    if pair[0].shape != (2,) or pair[1].shape != (2,):
        raise ValueError(
            f"p and q must hold two coordinates each; their shapes are {pair[0].shape}, {pair[1].shape}"
        )
    ends = np.stack(pair)
    arc: NDArray[np.float64] = geodesic_arcs(ends[:, 0], ends[:, 1], [0], [1], points)[0]
    return arc


def geodesic_arcs(
    x: ArrayLike, y: ArrayLike, sources: ArrayLike, targets: ArrayLike, points: int = 32
) -> NDArray[np.float64]:
    """Return points along the Poincare geodesics of many links at once.

    With the chord's half length h, unit direction e, unit normal n and midpoint m, the arc through p and q
    that meets the boundary at right angles subtends 2 alpha, tan alpha = 2 h (n . m) / (1 - p . q). Its
    points at u in [-1, 1] are m + h [e sin(u alpha) - 2 n sin((1+u) alpha/2) sin((1-u) alpha/2)] / sin alpha:
    the formula has no centre and no radius, so a chord through the origin (alpha = 0) is a straight line
    without loss of digits, and points on the boundary are allowed.

    Parameters
    ----------
    x, y : float [nodes], in the closed unit disk. sources, targets : int [links], indices of nodes.
    points : number of points of each arc, at least 2.

    Returns
    -------
    float64 [links, points, 2], equally spaced along each circle; the first and last are exactly
    the two nodes. If both nodes are at the same point, all points are this point.

    Raises
    ------
    ValueError
        If a node lies outside the unit disk, an index names no node, shapes differ, or points < 2.

    Examples
    --------
    >>> geodesic_arcs([0.0, 0.5, 0.0], [0.0, 0.0, 0.5], [0, 1], [1, 2], points=5).shape
    (2, 5, 2)

    Source: S1 section 4.2 (Poincare disk).
    """
    nodes = _disk_points(x, y)
    ends = _link_ends(sources, targets, len(nodes))
    points = as_count(points, "points", 2)  # the two ends of an arc
    p, q = nodes[ends[0]], nodes[ends[1]]
    middle, chord = (p + q) / 2, q - p
    half = np.hypot(chord[:, 0], chord[:, 1]) / 2
    apart = half > 0
    direction = np.divide(chord, 2 * half[:, None], out=np.zeros_like(chord), where=apart[:, None])
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    # 1 - p.q from the small distances themselves: for close points at the rim it would cancel
    gap = 2 * half**2 + (_rim_distance(p) + _rim_distance(q)) / 2
    alpha = np.arctan2(2 * half * np.sum(normal * middle, axis=1), gap)[:, None]
    u = np.linspace(-1.0, 1.0, points)[None, :]
    straight = np.abs(alpha) < 1e-9
    sine = np.where(straight, 1.0, np.sin(alpha))
    along = np.where(straight, u, np.sin(u * alpha) / sine)
    across = np.where(straight, 0.0, 2 * np.sin((1 + u) * alpha / 2) * np.sin((1 - u) * alpha / 2) / sine)
    offset = along[:, :, None] * direction[:, None, :] - across[:, :, None] * normal[:, None, :]
    arcs = middle[:, None, :] + half[:, None, None] * offset
    arcs[:, 0], arcs[:, -1] = p, q
    return np.asarray(arcs, dtype=np.float64)


def native_arcs(
    radius: ArrayLike, theta: ArrayLike, sources: ArrayLike, targets: ArrayLike, points: int = 32
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points along the geodesics of many links, in native polar coordinates.

    On the hyperboloid the geodesic of length d from p to q is [p sinh(d - s) + q sinh(s)] / sinh(d). The
    native disk draws a point at its native radius. So it shows the depth of networks with radii of 10 to 20,
    which the Poincare disk draws at its boundary. The points are equally far apart on the geodesic.

    Parameters
    ----------
    radius, theta : float [nodes], native radii and angles in radians. sources, targets : int [links],
        indices of nodes. points : number of points of each arc, at least 2.

    Returns
    -------
    radius, theta : float64 [links, points], the first and last points being the two nodes; theta in
        (-pi, pi].

    Raises
    ------
    ValueError
        If a radius is not in [0, 700], an index names no node, shapes differ, or points < 2.

    Examples
    --------
    >>> radius, _ = native_arcs([2.0, 2.0], [0.0, np.pi], [0], [1], points=5)  # through the centre
    >>> radius.round(6).tolist()
    [[2.0, 1.0, 0.0, 1.0, 2.0]]

    Source: S1 section 4.2 (native representation of the hyperbolic disk).
    """
    r, angle = _radii(radius, "radius"), _angles(theta, "theta")
    if r.ndim != 1 or r.shape != angle.shape:
        raise ValueError(
            f"radius and theta must be vectors of the same length; got {r.shape} and {angle.shape}"
        )
    first, second = _link_ends(sources, targets, len(r))
    points = as_count(points, "points", 2)  # the two ends of an arc
    length = hyperbolic_distance(r[first], angle[first], r[second], angle[second])[:, None]
    u = np.linspace(0.0, 1.0, points)[None, :]
    apart = length > 0
    whole = np.where(apart, np.expm1(-2 * length), -1.0)
    x, y = np.zeros((2, *np.broadcast_shapes(length.shape, u.shape)))
    for node, way in ((first, u), (second, 1 - u)):
        # sinh(r) sinh((1 - way) d) / sinh(d), each sinh z as exp(z) (1 - exp(-2 z)) / 2: the exponents are
        # added first, or sinh(d) would overflow from d = 710 on, at radii of 355
        rest = np.where(apart, np.expm1(-2 * length * (1 - way)) / whole, 1 - way)
        share = np.exp(r[node, None] - length * way) * rest * -np.expm1(-2 * r[node, None]) / 2
        x += share * np.cos(angle[node, None])
        y += share * np.sin(angle[node, None])
    return np.asarray(np.arcsinh(np.hypot(x, y))), np.asarray(np.arctan2(y, x))


def _rim_distance(point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - |point|^2, never below zero: rounding may lift a point of the rim above 1."""
    return np.asarray(np.maximum(0.0, 1.0 - np.sum(point**2, axis=1)))


def _disk_points(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    horizontal, vertical = read_numbers(x, "x"), read_numbers(y, "y")
    if horizontal.ndim != 1 or horizontal.shape != vertical.shape:
        raise ValueError(
            "x and y must be vectors of the same length; their shapes are "
            f"{horizontal.shape}, {vertical.shape}"
        )
    nodes = np.stack([horizontal, vertical], axis=1)
    inside = np.hypot(horizontal, vertical) <= 1.0 + 1e-12
    if not inside.all():  # NaN compares false, so it is caught here too
        raise ValueError(
            f"points of the Poincare disk need x^2 + y^2 <= 1; node {int(np.argmin(inside))} is at "
            f"{nodes[np.argmin(inside)].tolist()} (convert native radii with to_poincare first)"
        )
    return nodes


def _link_ends(sources: ArrayLike, targets: ArrayLike, count: int) -> NDArray[np.int64]:
    first, second = read_array(sources, "sources"), read_array(targets, "targets")
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(
            "sources and targets must be vectors of the same length; their shapes are "
            f"{first.shape}, {second.shape}"
        )
    ends = np.stack([first, second])
    if ends.size and ends.dtype.kind not in "iu":
        raise TypeError(f"sources and targets must be integers; their dtype is {ends.dtype}")
    if ends.size and (ends.min() < 0 or ends.max() >= count):
        raise ValueError(f"sources and targets must lie in [0, {count - 1}], the numbers of the nodes")
    return ends.astype(np.int64)


def _numbers(values: ArrayLike, name: str) -> NDArray[np.float64]:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} is a numpy masked array; pass its .compressed()")
    numbers = read_array(values, name)
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers; its dtype is {numbers.dtype}")
    return numbers.astype(np.float64)


def _check_broadcast(names: tuple[str, ...], *arrays: NDArray[np.float64]) -> None:
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(names, arrays, strict=True))
        raise ValueError(f"all must have one shape, or be single numbers; got {shapes}") from None


def _radii(values: ArrayLike, name: str, largest: float = LARGEST_RADIUS) -> NDArray[np.float64]:
    radii = _numbers(values, name)
    if not (np.isfinite(radii) & (radii >= 0) & (radii <= largest)).all():
        raise ValueError(
            f"{name} must hold finite radii from 0 to {largest:g}; an embedding has NaN radii where the "
            "degree exponent is undefined: pass gamma to it"
        )
    return radii


def _angles(values: ArrayLike, name: str) -> NDArray[np.float64]:
    angles = _numbers(values, name)
    if not np.isfinite(angles).all():
        raise ValueError(f"{name} must hold finite angles in radians; it holds NaN or infinite values")
    return angles
