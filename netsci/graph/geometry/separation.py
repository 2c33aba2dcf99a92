"""How well groups of nodes keep together on the circle, or on the sphere, of an embedding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netsci.arguments import read_array
from netsci.graph.checks import as_vector
from netsci.graph.geometry.angles import one_turn


@dataclass(frozen=True, eq=False)
class AngularSeparation:
    """How far groups of nodes lie apart on the circle or on the sphere, one entry a group.

    groups : the distinct labels, sorted. mistakes : int64, nodes of other groups within the group's extent.
    worst : int64, mistakes to expect of evenly mixed angles, ceil((n - m)(m - 1)/m), m the group's size; None
        on the sphere, where it has no closed form.
    index : 1 - sum(mistakes)/sum(worst), 1 if all groups are apart; NaN if worst is None or all 0.
    """

    groups: NDArray[Any]
    mistakes: NDArray[np.int64]
    worst: NDArray[np.int64] | None
    index: float


def angular_separation(
    theta: ArrayLike, labels: ArrayLike, *, elevation: ArrayLike | None = None
) -> AngularSeparation:
    """Count the nodes of other groups within the extent of each group.

    On the circle a gap lies between neighbouring members of the group; the widest gap holds the most other
    nodes. The extent is the circle without the widest gap: mistakes_k = (n - n_k) - nodes in the widest gap.
    On the sphere theta is the azimuth, cut open at the same gap, and the extent is the convex hull of the
    members in the plane of azimuth and elevation, with its border.

    Parameters
    ----------
    theta : radians, any branch, [n]; equal angles are in node order. labels : [n], numbers or texts.
    elevation : radians [n] on the sphere, None on the circle.

    Returns
    -------
    AngularSeparation: groups, mistakes and worst have one entry a group; index is 1 if all groups are apart.

    Raises TypeError or ValueError if angles are not finite vectors, if there is not one label for each node,
    or if a label is None or NaN.

    Examples
    --------
    >>> angular_separation([0.1, 0.2, 0.3, 3.0, 3.1, 3.2], list("aababb")).mistakes.tolist()
    [1, 1]

    Source: the angular separation index of the coalescent embedding's authors, from their program's values.
    Reading: among gaps that hold equally many other nodes, the first after azimuth 0 is the one cut open.
    """
    azimuth, names = one_turn(as_vector(theta, "theta")), read_array(labels, "labels")
    height = None if elevation is None else as_vector(elevation, "elevation")
    if (
        len(azimuth) == 0
        or names.shape != azimuth.shape
        or (height is not None and len(height) != len(azimuth))
    ):
        raise ValueError(
            "theta, labels and elevation must be vectors with one entry for each node, at least "
            "one; the shapes are "
            f"{azimuth.shape}, {names.shape}" + ("" if height is None else f", {height.shape}")
        )
    if any(label is None or label != label for label in names.tolist()):
        raise ValueError(
            "labels must not hold None or NaN; give nodes without a group a label of their own, or drop them"
        )
    groups, group, sizes = np.unique(names, return_inverse=True, return_counts=True)
    n, order = len(names), np.argsort(azimuth, kind="stable")
    mistakes = np.zeros(len(groups), np.int64)
    for k, size in enumerate(sizes.tolist()):
        places = np.flatnonzero(group[order] == k)
        gaps = np.diff(np.append(places, places[0] + n)) - 1
        widest = int(np.argmax(gaps))
        if height is None:
            mistakes[k] = n - size - gaps[widest]
            continue
        start = azimuth[order[places[(widest + 1) % size]]]
        plane = np.column_stack([np.mod(azimuth - start, 2 * np.pi), height])
        mistakes[k] = _inside_hull(plane[group == k], plane[group != k])
    if height is not None:
        return AngularSeparation(groups, mistakes, None, math.nan)
    worst = ((n - sizes) * (sizes - 1) + sizes - 1) // sizes  # rounded up
    index = 1 - float(mistakes.sum() / worst.sum()) if worst.any() else math.nan
    return AngularSeparation(groups, mistakes, worst.astype(np.int64), index)


def angular_separation_index(theta: ArrayLike, labels: ArrayLike) -> float:
    """Return the index of `angular_separation`: 1 for separate groups, about 0 for mixed, NaN for one group.

    theta, labels, errors : as there, on the circle.

    Examples
    --------
    >>> angular_separation_index([0.1, 0.2, 0.3, 3.0, 3.1, 3.2], list("aabbbb"))
    1.0

    Source: as `angular_separation`.
    """
    return angular_separation(theta, labels).index


def _inside_hull(members: NDArray[np.float64], others: NDArray[np.float64]) -> int:
    """Return how many of the others lie in the convex hull of the members; a flat hull holds none."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        sides = ConvexHull(members).equations
    except QhullError:  # fewer than 3 members, or all on a line
        return 0
    return int((others @ sides[:, :2].T + sides[:, 2] <= 1e-12).all(axis=1).sum())
