"""Choose the links with the smallest scores: in a layer, for each output, or in groups of inputs.

Exactly `count` go; of equal scores those with the smaller number of cell, input * outputs + output. The
threshold is found by partition, which takes linear time. "released" is the rule of the published codes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 2**17  # scores partitioned at a time, which stay in the cache
Scores = NDArray[Any]
Mask = NDArray[np.bool_]


def count_of(sparsity: float, cells: int) -> int:
    """Return floor(s n + 1e-9): how many of n links go.

    Examples
    --------
    >>> count_of(0.7, 10), count_of(0.29, 100), count_of(1 / 3, 10)
    (7, 29, 3)
    """
    return min(cells, int(np.floor(sparsity * cells + 1e-9)))


def find_smallest(scores: Scores, count: int) -> Mask:
    """Return True [pre, post] at the `count` smallest scores of a layer.

    Examples
    --------
    >>> find_smallest(np.array([[1.0, 0.0], [1.0, 2.0]]), 2).tolist()
    [[True, True], [False, False]]
    """
    if count <= 0 or count >= scores.size:
        return np.full(scores.shape, count > 0)
    threshold = _partition(scores.ravel(order="K"), count - 1)[count - 1]
    found: Mask = scores <= threshold
    surplus = int(np.count_nonzero(found)) - count
    if surplus:
        equal = scores == threshold
        rows, columns = np.nonzero(equal)  # in the order of their cells
        found[rows[-surplus:], columns[-surplus:]] = False
    return found


def find_smallest_of_outputs(scores: Scores, count: int) -> Mask:
    """Return True [pre, post] at the `count` smallest scores of each output.

    Examples
    --------
    >>> find_smallest_of_outputs(np.array([[1.0, 0.0], [1.0, 2.0]]), 1).tolist()
    [[True, True], [False, False]]
    """
    if count <= 0 or count >= len(scores):
        return np.full(scores.shape, count > 0)
    rows = np.ascontiguousarray(scores.T)
    found: Mask = np.empty(rows.shape, bool)
    step = max(1, _AT_ONCE // rows.shape[1])
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        np.less_equal(
            part, _partition(part, count - 1)[:, count - 1 : count], out=found[first : first + step]
        )
    if np.count_nonzero(found) != count * len(found):
        many = np.flatnonzero(np.count_nonzero(found, axis=1) != count)
        order = np.argsort(rows[many], axis=1, kind="stable")[:, :count]
        some = np.zeros((len(many), rows.shape[1]), bool)
        np.put_along_axis(some, order, True, axis=1)
        found[many] = some
    return found.T


def find_smallest_of_groups(scores: Scores, kept: int, of: int) -> Mask:
    """Return True [pre, post] at the of - kept smallest scores of each group of `of` inputs of an output.

    Examples
    --------
    >>> find_smallest_of_groups(np.array([[1.0], [3.0], [2.0], [0.0]]), 1, 2).ravel().tolist()
    [True, False, False, True]
    """
    groups = np.ascontiguousarray(scores.T).reshape(scores.shape[1], -1, of)
    order = np.argsort(groups, axis=2, kind="stable")[:, :, : of - kept]
    found = np.zeros(groups.shape, bool)
    np.put_along_axis(found, order, True, axis=2)
    return found.reshape(scores.shape[1], -1).T


def find_released(scores: Scores, sparsity: float) -> Mask:
    """Return True where score <= the value at place int(s n) of all sorted scores, NaN last.

    So one more goes than int(s n), and every equal one; NaN stays.

    Examples
    --------
    >>> find_released(np.array([[1.0, 0.0], [1.0, 2.0]]), 0.5).tolist()
    [[True, True], [True, False]]
    """
    place = min(int(scores.size * sparsity), scores.size - 1)
    return np.asarray(scores <= np.partition(scores.ravel(order="K"), place)[place])


def _partition(scores: Scores, place: int) -> Scores:
    """Return a copy whose last axis has the value of this place there, smaller ones before it."""
    part = scores.copy()
    part.partition(place, axis=-1)
    return part
