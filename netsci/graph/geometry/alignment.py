"""Turning one embedding so that it can be compared with another: only angles between nodes have a meaning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netsci.graph.checks import as_vector
from netsci.graph.geometry.angles import one_turn
from netsci.graph.geometry.embedding import Embedding


def align(embedding: Embedding, reference: Embedding) -> Embedding:
    """Rotate an embedding, and reflect it if that is better, to fit a reference.

    Of all theta -> turn + theta and theta -> turn - theta, take the one with the largest mean
    cos(theta_reference - theta) over the nodes in both; if both are equal, do not reflect. In 3-D also rotate
    the points on the sphere by the orthogonal matrix with the largest mean cosine of the angles between
    corresponding points (orthogonal Procrustes).

    Parameters
    ----------
    embedding, reference : with the same node numbering, both 2-D or both 3-D, with at least 2 common nodes.

    Returns
    -------
    Embedding with new theta (3-D: azimuth, elevation) and the same radii, columns and notes. Equidistant
    angles stay equidistant; the first need not be 0.

    Raises
    ------
    TypeError
        If an argument is not an Embedding.
    ValueError
        If there are fewer than 2 common nodes, or one is 2-D and the other 3-D.

    Examples
    --------
    >>> from netsci.graph import coalescent_embedding
    >>> ring = np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)
    >>> disk = coalescent_embedding(ring, weighting="none", reduction="iso", gamma=2.5)
    >>> bool(np.allclose(align(replace(disk, theta=1.0 - disk.theta), disk).theta, disk.theta))
    True

    Source: the invariances of coalescent embedding, Muscoloni et al., Nature Communications 8, 1615 (2017).
    Reading: the mean cosine decides. A circular correlation is blind to rotations, so it cannot choose one.
    """
    for name, value in (("embedding", embedding), ("reference", reference)):
        if not isinstance(value, Embedding):
            raise TypeError(f"{name} must be an Embedding; got {type(value).__name__}")
    if (embedding.azimuth is None) != (reference.azimuth is None):
        raise ValueError(
            "embedding and reference must both be 2-D or both 3-D; make both with the same dimension"
        )
    _, own, other = np.intersect1d(embedding.nodes, reference.nodes, return_indices=True)
    if len(own) < 2:
        raise ValueError(
            f"embedding and reference must have at least 2 nodes in common; they share {len(own)} (nodes are "
            "indices into the adjacency, which must number them alike in both)"
        )
    turned = replace(embedding, theta=_turn(embedding.theta, own, reference.theta[other]))
    if embedding.azimuth is None:
        return turned
    points, aims = _points(embedding), _points(reference)
    left, _, right = np.linalg.svd(points[own].T @ aims[other])
    x, y, z = (points @ left @ right).T
    return replace(turned, azimuth=one_turn(np.arctan2(y, x)), elevation=np.arctan2(z, np.hypot(x, y)))


def circular_correlation(theta_a: ArrayLike, theta_b: ArrayLike) -> float:
    """Return the correlation of two sets of angles, the same for any rotation of either.

    r = sum_ij sin(a_i - a_j) sin(b_i - b_j) / sqrt(sum_ij sin^2(a_i - a_j) sum_ij sin^2(b_i - b_j)). It is 1
    for a rotated copy, -1 for a reflected copy and about 0 for independent angles; |r| measures the agreement
    up to rotation and reflection.

    Parameters
    ----------
    theta_a, theta_b : float [n], radians, any branch, of the same nodes in the same order.

    Returns
    -------
    float in [-1, 1]; NaN if all angles of one set are equal or opposite, or there are fewer than 2.

    Raises
    ------
    TypeError, ValueError
        If they are not vectors of finite numbers, or not of one length.

    Examples
    --------
    >>> theta = np.array([0.1, 2.0, 3.0, 5.0])
    >>> round(circular_correlation(theta, theta + 1.0), 9), round(circular_correlation(theta, -theta), 9)
    (1.0, -1.0)

    Source: Fisher and Lee, Biometrika 70, 327 (1983), T-linear association.
    Reading: the correlation of Jammalamadaka and SenGupta takes deviations from the mean directions, which
    equidistant angles do not have; this one takes differences of pairs and needs none.
    """
    a, b = _centre(as_vector(theta_a, "theta_a")), _centre(as_vector(theta_b, "theta_b"))
    if len(a) != len(b):
        raise ValueError(
            f"theta_a and theta_b must have the same length; got {len(a)} and {len(b)}: pass the angles of "
            "the nodes in both, in one order"
        )
    scale = _products(a, a) * _products(b, b)
    spread = len(a) ** 4 * np.finfo(float).eps ** 2  # of angles that differ by rounding only
    if len(a) < 2 or not scale > spread:
        return float("nan")
    return float(np.clip(_products(a, b) / np.sqrt(scale), -1.0, 1.0))


def _products(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return half of sum_ij sin(a_i - a_j) sin(b_i - b_j) from single sums."""
    sines, cosines = np.sin(a) @ np.sin(b), np.cos(a) @ np.cos(b)
    return float(sines * cosines - (np.sin(a) @ np.cos(b)) * (np.cos(a) @ np.sin(b)))


def _centre(theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angles about their common axis, where the sums of close angles do not cancel."""
    return np.asarray(theta - np.angle(np.exp(2j * theta).sum()) / 2)


def _turn(
    theta: NDArray[np.float64], own: NDArray[np.intp], aims: NDArray[np.float64]
) -> NDArray[np.float64]:
    as_is = np.exp(1j * (aims - theta[own])).sum()
    reflected = np.exp(1j * (aims + theta[own])).sum()
    if abs(reflected) > abs(as_is) * (1 + 1e-12):
        return one_turn(np.angle(reflected) - theta)
    return one_turn(np.angle(as_is) + theta)


def _points(embedding: Embedding) -> NDArray[np.float64]:
    """Return the unit vectors [n, 3] to the nodes on the sphere."""
    azimuth, elevation = np.asarray(embedding.azimuth), np.asarray(embedding.elevation)
    flat = np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=1)
