"""How well embedded coordinates agree with known ones: distances, circular order, separation of groups.

Coordinates are an `Embedding` (the ball if it has azimuth and elevation, else the disk), or a tuple of
vectors of one length: (theta, radius) in the disk, (azimuth, elevation, radius) in the ball.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netsci.arguments import read_array
from netsci.graph.checks import as_vector
from netsci.graph.geometry.angles import one_turn
from netsci.graph.geometry.embedding import Embedding
from netsci.graph.geometry.hyperbolic import LARGEST_RADIUS
from netsci.graph.processors import processors

ROWS = 64  # a block is the same on every machine, so that sums do not depend on the number of cores
FLAT = 1e-13  # distances that vary less, relatively, vary by rounding only


def hyperbolic_distance_3d(
    r1: ArrayLike, azimuth1: ArrayLike, elevation1: ArrayLike,
    r2: ArrayLike, azimuth2: ArrayLike, elevation2: ArrayLike,
) -> NDArray[np.float64]:  # fmt: skip
    """Return the hyperbolic distance (curvature -1) between points of the ball in native coordinates.

    d = 2 asinh sqrt(sinh^2((r1 - r2)/2) + sinh r1 sinh r2 s), with s = sin^2(half the angle between the
    directions) = sin^2((e1 - e2)/2) + cos e1 cos e2 sin^2((a1 - a2)/2): no large terms
    are subtracted, and no argument can leave the domain of its function. At elevation 0 this is
    `hyperbolic_distance`.

    Parameters
    ----------
    r1, r2 : radii in [0, 700]. azimuth1, azimuth2 : radians, any branch. elevation1, elevation2 : radians
        from the equator, in [-pi/2, pi/2]. All broadcast.

    Returns
    -------
    float64 array of the broadcast shape (0-d for numbers), at least |r1 - r2| and at most r1 + r2. Raises
    TypeError or ValueError if a value is not a finite number or a radius or an elevation is out of range.

    Examples
    --------
    >>> float(hyperbolic_distance_3d(3.0, 0.0, np.pi / 2, 2.0, 1.0, -np.pi / 2).round(12))
    5.0

    Source: Muscoloni et al., Nature Communications 8, 1615 (2017), embedding in the ball.
    Reading: the authors' program sets all angles of a row to 0 where rounding lifts one cosine above 1.
    """
    first, second = _point(r1, azimuth1, elevation1, "1"), _point(r2, azimuth2, elevation2, "2")
    try:
        np.broadcast_shapes(*(part.shape for part in (*first[:3], *second[:3])))
    except ValueError:
        raise ValueError("radii and angles must have one shape, or be single numbers") from None
    turn, tilt = np.sin((first[1] - second[1]) / 2), np.sin((first[2] - second[2]) / 2)
    chord = np.hypot(tilt, np.sqrt(first[3] * second[3]) * turn)
    return np.asarray(
        2 * np.arcsinh(np.hypot(np.sinh((first[0] - second[0]) / 2), first[4] * second[4] * chord))
    )


def hd_correlation(coordinates: Any, reference: Any) -> float:
    """Return the Pearson correlation of all pairwise hyperbolic distances with those of the reference.

    Parameters
    ----------
    coordinates, reference : each an `Embedding`, or a tuple of vectors [n], (theta, radius) in the disk or
        (azimuth, elevation, radius) in the ball, angles in radians; a disk and a ball may be compared.
        Both list the nodes in the same order. If coordinates are an Embedding of some nodes and the reference
        is a tuple for the whole network, only those nodes are compared.

    Returns
    -------
    float in [-1, 1]; NaN if all distances of one set are equal, as for 2 nodes. O(n) memory.

    Raises
    ------
    TypeError, ValueError
        If coordinates are not as described, hold NaN or negative radii, differ in number or are fewer than 2.

    Examples
    --------
    >>> round(hd_correlation(([0.0, 1.0, 2.5], [0.5, 2.0, 3.0]), ([1.0, 2.0, 3.5], [0.5, 2.0, 3.0])), 12)
    1.0

    Source: Muscoloni et al. (2017), HD-correlation; the spec's evaluation of embeddings.
    """
    points, other = points_of(coordinates, "coordinates"), points_of(reference, "reference")
    same = True
    if isinstance(coordinates, Embedding):
        if isinstance(reference, Embedding):
            same = np.array_equal(coordinates.nodes, reference.nodes)
        elif other.shape[1] > coordinates.nodes.max():
            other = np.ascontiguousarray(other[:, coordinates.nodes])
    if points.shape != other.shape or not same:
        raise ValueError(
            f"coordinates ({points.shape[1]} nodes) and reference ({other.shape[1]}) must place the same "
            "nodes in the same order; Embedding.nodes lists the embedded nodes"
        )
    from netsci.graph.geometry._navigation_kernels import merge_moments, pair_moments

    total = np.zeros(6)
    for part in over_blocks(lambda start, stop: pair_moments(points, other, start, stop), points.shape[1]):
        merge_moments(total, part)
    count, mean_x, mean_y, xx, yy, xy = total.tolist()
    if xx <= count * (FLAT * mean_x) ** 2 or yy <= count * (FLAT * mean_y) ** 2:
        return math.nan
    return float(np.clip(xy / math.sqrt(xx) / math.sqrt(yy), -1, 1))


def concordance_score(theta: ArrayLike, reference_theta: ArrayLike) -> float:
    """Return the C-score: the share of node pairs in the same circular order, for the better direction.

    A pair i < j is counter-clockwise if theta_j - theta_i mod 2 pi < pi. With s the share of pairs
    that are so in both circles or in neither, the score is max(s, 1 - s): a mirror image is the same
    embedding.

    Parameters
    ----------
    theta, reference_theta : angles [n] in radians (t and t + 2 pi are the same), of the same nodes in the
        same order.

    Returns
    -------
    float in [0.5, 1]; about 0.5 for unrelated angles. O(n^2) time.

    Raises
    ------
    TypeError, ValueError
        If the angles are not finite vectors of one length of at least 2.

    Examples
    --------
    >>> concordance_score([0.1, 1.0, 2.0], [-0.1, -1.0, -2.0])
    1.0

    Source: Muscoloni et al. (2017), C-score.
    Reading: angles equal within rounding count as in node order. Exactly opposite nodes have no order:
    rounding decides, so equidistant angles of an even number of nodes leave an uncertainty of 1/(n - 1).
    """
    first = one_turn(as_vector(theta, "theta"))
    second = one_turn(as_vector(reference_theta, "reference_theta"))
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(
            "theta and reference_theta must be angles of the same nodes, at least 2; "
            f"got {len(first)} and {len(second)}"
        )
    from netsci.graph.geometry._navigation_kernels import same_order

    same = sum(over_blocks(lambda start, stop: same_order(first, second, start, stop), len(first)))
    share = same / (len(first) * (len(first) - 1) / 2)
    return float(max(share, 1 - share))


def points_of(coordinates: Any, name: str) -> NDArray[np.float64]:
    """Return float64 [7, n]: r, azimuth, elevation, its cosine, sqrt(sinh r), cosh r, sinh r."""
    if isinstance(coordinates, Embedding):
        disk = coordinates.azimuth is None
        angles = (coordinates.theta,) if disk else (coordinates.azimuth, coordinates.elevation)
        coordinates = (*angles, coordinates.radius)
    if not isinstance(coordinates, (tuple, list)) or len(coordinates) not in (2, 3):
        raise TypeError(
            f"{name} must be an Embedding, (theta, radius) or (azimuth, elevation, radius); got "
            f"{type(coordinates).__name__}"
        )
    vectors = [np.asarray(vector) for vector in coordinates]
    if any(v.ndim != 1 or v.shape != vectors[0].shape for v in vectors):
        raise ValueError(
            f"{name} must hold vectors of the same length; their shapes are "
            f"{[v.shape for v in vectors]}: pass the columns of an array [n, 2] one by one"
        )
    if len(vectors[0]) < 2:
        raise ValueError(f"{name} must place at least 2 nodes; it places {len(vectors[0])}")
    elevation = vectors[1] if len(vectors) == 3 else np.zeros(len(vectors[0]))
    point = _point(vectors[-1], vectors[0], elevation, f" of {name}")
    # Ties of distances depend on the last digit of these two: long double rounds them alike on all.
    radius = point[0].astype(np.longdouble)
    return np.stack([*point, np.cosh(radius).astype(np.float64), np.sinh(radius).astype(np.float64)])


def over_blocks(kernel: Callable[[int, int], Any], count: int) -> list[Any]:
    """Return kernel(start, stop) of all blocks of rows, in order, worked off over the processor's cores."""
    starts = range(0, count, ROWS)
    with ThreadPoolExecutor(max(1, min(processors(), len(starts)))) as pool:
        return list(pool.map(lambda start: kernel(start, min(start + ROWS, count)), starts))


def _point(
    r: ArrayLike, azimuth: ArrayLike, elevation: ArrayLike, which: str
) -> tuple[NDArray[np.float64], ...]:
    values = [read_array(v, f"radius and angles{which}") for v in (r, azimuth, elevation)]
    if any(value.dtype.kind not in "biuf" for value in values):
        raise TypeError(
            f"radius and angles{which} must be real numbers; got {[v.dtype.name for v in values]}"
        )
    radius, turn, tilt = (v.astype(np.float64) for v in values)
    if not (np.isfinite(radius) & (radius >= 0) & (radius <= LARGEST_RADIUS)).all():
        raise ValueError(
            f"radius{which} must be finite, from 0 to {LARGEST_RADIUS:g} (a tuple has theta first, radius "
            "last); an embedding has NaN radii where the degree exponent is undefined: pass gamma to it"
        )
    if not (np.isfinite(turn).all() and (np.abs(tilt) <= np.pi / 2 + 1e-9).all()):
        raise ValueError(
            f"angles{which} must be finite radians, elevations in [-pi/2, pi/2], 0 at the equator (an "
            "inclination from the pole is pi/2 minus the elevation)"
        )
    return radius, turn, tilt, np.maximum(np.cos(tilt), 0.0), np.sqrt(np.sinh(radius))
