"""Walk every path u-z1-z2-v and add its weight to the score of (u, v).

For one z1 the paths on from it are the same whatever u. The internal links B[z1, v] of all of them are
written beside each other in the order of the walk, one small number each, so that walks read memory in
order. In this form they need links times degree bytes, held for some columns z1 at a time.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit
from netsci.graph.ch._kernels import count_shared
from netsci.graph.ch.inputs import Lists

if TYPE_CHECKING:
    from netsci.graph.ch.inputs import Weights

_ONE = np.uint64(1)


def add_paths(
    near: Lists,
    of_column: Lists,
    of_row: Lists,
    row_weights: "Weights",
    column_weights: "Weights",
    most_bytes: int,
    scores: NDArray[np.float64],
) -> None:
    """Add g[u, z2] h[z1, v] to scores[i, v] for every path u-z1-z2-v; u is the i-th row of `near`.

    most_bytes : for internal links that are held at a time; one column may take more.
    """
    if scores.shape[1] <= 2**16:  # half the bytes of the lists, which are read out of order
        of_row = Lists(of_row.start, of_row.node.astype(np.uint16))
    columns = np.unique(near.node)
    ahead = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.diff(of_row.start)[of_column.node])])
    paths = (ahead[of_column.start[1:]] - ahead[of_column.start[:-1]])[columns]  # on from each column
    counter = np.min_scalar_type(int(np.diff(of_column.start).max(initial=0)))
    ends, first = np.cumsum(paths), 0
    while first < len(columns):
        done = ends[first] - paths[first]
        last = max(first + 1, int(np.searchsorted(ends, done + most_bytes // counter.itemsize, "right")))
        place = np.full(len(of_column.start) - 1, -1, np.int64)
        place[columns[first:last]] = ends[first:last] - paths[first:last] - done
        shared = np.empty(ends[last - 1] - done, counter)
        _list_internal(place, of_column, of_row, shared)
        _walk(near, of_column, of_row, place, shared, row_weights, column_weights, scores)
        first = last


@njit(cache=True, nogil=True)
def _list_internal(place: NDArray[np.int64], of_column: Lists, of_row: Lists, shared: NDArray[Any]) -> None:
    """Set shared[place[z1] + k] to the links that z1 and the end of its k-th path z1-z2-v share."""
    row, one = np.zeros(place.size, shared.dtype), shared.dtype.type(1)
    for z1 in range(place.size):
        if place[z1] < 0:
            continue
        near = of_column.node[of_column.start[z1] : of_column.start[z1 + 1]]
        for z2 in near:
            for k in range(of_row.start[z2], of_row.start[z2 + 1]):
                row[of_row.node[k]] += one
        p = np.uint64(place[z1])
        for z2 in near:
            for k in range(of_row.start[z2], of_row.start[z2 + 1]):
                shared[p] = row[of_row.node[k]]
                p += _ONE
        for z2 in near:
            for k in range(of_row.start[z2], of_row.start[z2 + 1]):
                row[of_row.node[k]] = 0


@njit(cache=True, nogil=True)
def _walk(
    window: Lists,
    of_column: Lists,
    of_row: Lists,
    place: NDArray[np.int64],
    shared: NDArray[Any],
    row_weights: "Weights",
    column_weights: "Weights",
    scores: NDArray[np.float64],
) -> None:
    """Add the paths over the columns z1 with place[z1] >= 0, where their numbers in `shared` start."""
    counts = np.zeros(of_row.start.size - 1, np.uint32)
    touched = np.empty(counts.size, np.uint32)
    g = np.zeros(counts.size)
    node, value = of_row.node, column_weights.value
    for i in range(window.start.size - 1):
        near = window.node[window.start[i] : window.start[i + 1]]
        met = count_shared(near, of_column, counts, touched)
        for z2 in touched[:met]:
            g[z2] = row_weights.value[row_weights.start[z2] + counts[z2]]
            counts[z2] = 0
        line = scores[i]
        for z1 in near:
            if place[z1] < 0:
                continue
            p, h = np.uint64(place[z1]), np.uint64(column_weights.start[z1])
            for e in range(of_column.start[z1], of_column.start[z1 + 1]):
                z2 = of_column.node[e]
                weight, first = g[z2], np.uint64(of_row.start[z2])
                degree = np.uint64(of_row.start[z2 + 1]) - first
                for k in range(degree):
                    line[node[first + k]] += weight * value[h + shared[p + k]]
                p += degree
