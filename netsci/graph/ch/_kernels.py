"""Compiled loops of the Cannistraci-Hebb scores: they walk paths and add weights, they know no formula.

`Lists` hold neighbours, as a CSR matrix holds its columns; `Weights` hold one value per node and number of
internal links. Both arrive as arrays of unsigned indices, which spares numba the test for negative ones.
Every kernel runs on one thread and releases the interpreter lock; `in_order` runs several at once.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit

if TYPE_CHECKING:
    from netsci.graph.ch.inputs import Lists, Weights

LANES = 64  # origins that `sum_nodes` treats together; a constant lets the compiler use vector registers


def in_order(
    score: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    blocks: Iterator[NDArray[np.int64]],
    threads: int,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Yield (rows, their scores) block by block; several threads are at work on as many blocks ahead."""
    if threads == 1:
        yield from ((rows, score(rows)) for rows in blocks)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque((rows, pool.submit(score, rows)) for rows in islice(blocks, threads))
        while waiting:
            rows, job = waiting.popleft()
            scores = job.result()
            waiting.extend((further, pool.submit(score, further)) for further in islice(blocks, 1))
            yield rows, scores


def tabulate(
    degrees: NDArray[np.int64],
    weight: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Tabulate the weight for each degree that occurs: as many values as links and nodes at most.

    Where there is no internal link there is no path; where all are internal, z has no neighbour outside
    N(u), thus none that u could be linked to. Both weigh 0, which also keeps 1/0 out.
    """
    kinds, kind = np.unique(degrees, return_inverse=True)
    start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(kinds + 1)])
    degree = np.repeat(kinds, kinds + 1)
    internal = np.arange(start[-1]) - np.repeat(start[:-1], kinds + 1)
    value = np.zeros(len(degree))
    inside = (internal > 0) & (internal < degree)
    value[inside] = weight(internal[inside].astype(np.float64), degree[inside].astype(np.float64))
    return value, start[:-1][kind]


@njit(cache=True, nogil=True)
def count_shared(near: Any, back: "Lists", counts: Any, touched: Any) -> int:
    """Fill counts[y] with the number of neighbours x in `near` that lead back to y; list the y met."""
    met = 0
    for x in near:
        for k in range(back.start[x], back.start[x + 1]):
            y = back.node[k]
            if counts[y] == 0:
                touched[met] = y
                met += 1
            counts[y] += 1
    return met


def node_sums(
    near: "Lists", back: "Lists", ends: "Lists", weights: "Weights"
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield one sum of a node-based score as [ends, origins] for a slice of origins at a time."""
    origins = len(near.start) - 1
    table = np.empty((len(weights.start), LANES))
    sums = np.empty((len(ends.start) - 1, LANES))
    for first in range(0, origins, LANES):
        last = min(first + LANES, origins)
        sum_nodes(first, near, back, ends, weights, table, sums)
        yield slice(first, last), sums[:, : last - first]


@njit(cache=True, nogil=True)
def add_internal(
    columns: NDArray[np.uint32], of_column: "Lists", of_row: "Lists", internal: NDArray[Any]
) -> None:
    """Add to internal[i, v] the links that columns[i] and v share: rows `columns` of B = A^T A."""
    one = internal.dtype.type(1)
    for i in range(columns.size):
        line = internal[i]
        z1 = columns[i]
        for e in range(of_column.start[z1], of_column.start[z1 + 1]):
            z2 = of_column.node[e]
            for k in range(of_row.start[z2], of_row.start[z2 + 1]):
                line[of_row.node[k]] += one


@njit(cache=True, nogil=True)
def add_paths_without_link(
    window: "Lists",
    rows: NDArray[np.int64],
    of_column: "Lists",
    place: NDArray[np.int64],
    internal: NDArray[Any],
    row_weights: "Weights",
    column_weights: "Weights",
    scores: NDArray[np.float64],
) -> None:
    """Add to scores[k], k-th link (u, v) of the window, its path sum in the graph that lacks this link.

    Without (u, v) both T[u, z2] and B[z1, v] are one less, and z1 = v and z2 = u have left the paths: what
    remains for a row z2 are the pairs z1, v among the columns that it shares with u.
    """
    counts = np.zeros(row_weights.start.size, np.uint32)
    touched = np.empty(counts.size, np.uint32)
    end = np.zeros(counts.size, np.int64)
    shared_columns = np.empty(of_column.node.size, np.uint32)
    link = np.zeros(place.size, np.int64)
    for i in range(window.start.size - 1):
        near = window.node[window.start[i] : window.start[i + 1]]
        met = count_shared(near, of_column, counts, touched)
        counts[rows[i]] = 0
        size = 0
        for z2 in touched[:met]:
            end[z2] = size
            size += counts[z2]
        for k in range(window.start[i], window.start[i + 1]):
            z1 = window.node[k]
            link[z1] = k
            for e in range(of_column.start[z1], of_column.start[z1 + 1]):
                z2 = of_column.node[e]
                if counts[z2] > 1:
                    shared_columns[end[z2]] = z1
                    end[z2] += 1
        for z2 in touched[:met]:
            shares = counts[z2]
            counts[z2] = 0
            if shares < 2:
                continue
            weight = row_weights.value[row_weights.start[z2] + shares - 1]
            both = shared_columns[end[z2] - shares : end[z2]]
            for z1 in both:
                if place[z1] < 0:
                    continue
                shared = internal[place[z1]]
                h = column_weights.value[column_weights.start[z1] :]
                for v in both:
                    if v != z1:
                        scores[link[v]] += weight * h[shared[v] - 1]


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def sum_nodes(
    first: int,
    near: "Lists",
    back: "Lists",
    ends: "Lists",
    weights: "Weights",
    table: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Set sums[v, o] to the weights of the y next to v that share a neighbour with origin first + o.

    near: origin -> x, back: x -> y, ends: v -> y. LANES origins are summed side by side, for all v: one of
    the two sums of a node-based score. The table [y, LANES] is scratch; lanes past the last origin get 0.
    """
    counts = np.zeros(table.shape, np.uint32)
    for o in range(min(LANES, near.start.size - 1 - first)):
        for e in range(near.start[first + o], near.start[first + o + 1]):
            x = near.node[e]
            for k in range(back.start[x], back.start[x + 1]):
                counts[back.node[k], o] += 1
    for y in range(table.shape[0]):
        start = weights.start[y]
        for o in range(LANES):
            table[y, o] = weights.value[start + counts[y, o]]
    for v in range(sums.shape[0]):
        line = sums[v]
        line[:] = 0.0
        begin, stop = ends.start[v], ends.start[v + 1]
        fours = begin + (stop - begin) // 4 * 4
        for k in range(begin, fours, 4):  # four at a time: a quarter of the passes over the line
            a, b = table[ends.node[k]], table[ends.node[k + 1]]
            c, d = table[ends.node[k + 2]], table[ends.node[k + 3]]
            for o in range(LANES):
                line[o] += (a[o] + b[o]) + (c[o] + d[o])
        for k in range(fours, stop):
            a = table[ends.node[k]]
            for o in range(LANES):
                line[o] += a[o]


@njit(cache=True, nogil=True)
def scatter_nodes(
    window: "Lists",
    of_column: "Lists",
    of_row: "Lists",
    row_weights: "Weights",
    column_weights: "Weights",
    scores: NDArray[np.float64],
) -> None:
    """Add to scores[i, v] both sums of a node-based score, over the nodes that paths from u meet.

    u is the i-th row of the window. The order of each sum follows from u alone.
    """
    shares, rows = np.zeros(of_row.start.size - 1, np.uint32), np.empty(of_row.start.size - 1, np.uint32)
    counts, ends = np.zeros(of_column.start.size - 1, np.uint32), np.empty(scores.shape[1], np.uint32)
    for i in range(window.start.size - 1):
        near, line = window.node[window.start[i] : window.start[i + 1]], scores[i]
        met = count_shared(near, of_column, shares, rows)
        for z2 in rows[:met]:
            weight = row_weights.value[row_weights.start[z2] + shares[z2]]
            shares[z2] = 0
            for k in range(of_row.start[z2], of_row.start[z2 + 1]):
                line[of_row.node[k]] += weight
        for z1 in near:
            back = of_column.node[of_column.start[z1] : of_column.start[z1 + 1]]
            met = count_shared(back, of_row, counts, ends)
            weights = column_weights.value[column_weights.start[z1] :]
            for v in ends[:met]:
                line[v] += weights[counts[v]]
                counts[v] = 0


@njit(cache=True, nogil=True)
def add_nodes_without_link(
    window: "Lists",
    origins: NDArray[np.int64],
    near: "Lists",
    back: "Lists",
    weights: "Weights",
    scores: NDArray[np.float64],
) -> None:
    """Add to scores[k], k-th link (u, v) of the window, the weights of y next to v in the graph without it.

    window: origins u -> ends v, near: u -> x for the same origins, back: v -> y. Each y has lost the
    neighbour v that it shared with u, and u is no longer next to v.
    """
    counts = np.zeros(weights.start.size, np.uint32)
    touched = np.empty(counts.size, np.uint32)
    for i in range(window.start.size - 1):
        met = count_shared(near.node[near.start[i] : near.start[i + 1]], back, counts, touched)
        for k in range(window.start[i], window.start[i + 1]):
            v = window.node[k]
            for e in range(back.start[v], back.start[v + 1]):
                y = back.node[e]
                if y != origins[i]:
                    scores[k] += weights.value[weights.start[y] + counts[y] - 1]
        counts[touched[:met]] = 0
