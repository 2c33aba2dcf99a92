"""Compiled loops of the classical measures: shared neighbours, local communities, path lengths.

Matrices come as the indptr and indices of a CSR matrix without values, columns sorted within each row.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit

_ONE = np.uint64(1)
_ZERO = np.uint64(0)


@njit(cache=True, nogil=True)
def pair_sums(
    indptr: NDArray[Any], indices: NDArray[Any], t_indptr: NDArray[Any], t_indices: NDArray[Any]
) -> tuple[int, float, NDArray[np.float64]]:
    """Return sums over pairs of rows of a biadjacency, given with its transpose.

    squares : sum over pairs of s (s - 1) / 2, s the columns they share.
    nested : sum over pairs of different degree of s / (the smaller degree).
    overlap : float64 [rows], mean of s / (size of the union) over the rows that share a column, 0 if none.
    """
    rows = len(indptr) - 1
    shared = np.zeros(rows, np.int64)
    touched = np.empty(rows, np.int64)
    overlap = np.zeros(rows)
    squares, nested = 0, 0.0
    for i in range(rows):
        degree, met = indptr[i + 1] - indptr[i], 0
        for e in range(indptr[i], indptr[i + 1]):
            column = indices[e]
            for k in range(t_indptr[column], t_indptr[column + 1]):
                j = t_indices[k]
                if shared[j] == 0:
                    touched[met] = j
                    met += 1
                shared[j] += 1
        total = 0.0
        for k in range(met):
            j = touched[k]
            count = shared[j]
            shared[j] = 0
            if j == i:
                continue
            other = indptr[j + 1] - indptr[j]
            total += count / (degree + other - count)
            if j > i:
                squares += count * (count - 1) // 2
                if degree != other:
                    nested += count / min(degree, other)
        if met > 1:
            overlap[i] = total / (met - 1)
    return squares, nested, overlap


@njit(cache=True, nogil=True)
def link_communities(
    indptr: NDArray[Any], indices: NDArray[Any], with_links: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for every stored link of a symmetric matrix, its common neighbours and the links among them.

    The second is left 0 unless asked for, and is given at the link's first place (row < column) only.
    """
    nodes = len(indptr) - 1
    common = np.zeros(len(indices), np.int64)
    inner = np.zeros(len(indices), np.int64)
    near = np.zeros(nodes, np.bool_)
    inside = np.zeros(nodes, np.bool_)
    members = np.empty(nodes, np.int64)
    for i in range(nodes):
        for e in range(indptr[i], indptr[i + 1]):
            near[indices[e]] = True
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            size = 0
            for k in range(indptr[j], indptr[j + 1]):
                if near[indices[k]]:
                    members[size] = indices[k]
                    size += 1
            common[e] = size
            if not with_links or j < i or size < 2:
                continue
            for k in range(size):
                inside[members[k]] = True
            twice = 0
            for k in range(size):
                for h in range(indptr[members[k]], indptr[members[k] + 1]):
                    twice += inside[indices[h]]
            inner[e] = twice // 2
            for k in range(size):
                inside[members[k]] = False
        for e in range(indptr[i], indptr[i + 1]):
            near[indices[e]] = False
    return common, inner


@njit(cache=True, nogil=True)
def square_communities(
    indptr: NDArray[Any], indices: NDArray[Any], t_indptr: NDArray[Any], t_indices: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for every link u - v of a biadjacency, the nodes z1, z2 on paths u - z1 - z2 - v, and z1 - z2.

    common : number of different z1 (columns other than v) and z2 (rows other than u) on such paths.
    inner : number of links z1 - z2.
    """
    rows = len(indptr) - 1
    common = np.zeros(len(indices), np.int64)
    inner = np.zeros(len(indices), np.int64)
    shared = np.zeros(rows, np.int64)  # columns that a row shares with u
    touched = np.empty(rows, np.int64)
    holder = np.full(rows, -1, np.int64)  # the link for which a row is next to v
    for u in range(rows):
        met = 0
        for e in range(indptr[u], indptr[u + 1]):
            for k in range(t_indptr[indices[e]], t_indptr[indices[e] + 1]):
                row = t_indices[k]
                if shared[row] == 0:
                    touched[met] = row
                    met += 1
                shared[row] += 1
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            for k in range(t_indptr[v], t_indptr[v + 1]):
                row = t_indices[k]
                if row != u:
                    holder[row] = e
                    if shared[row] > 1:  # v itself and a column besides
                        common[e] += 1
                        inner[e] += shared[row] - 1
            for h in range(indptr[u], indptr[u + 1]):
                z1 = indices[h]
                if z1 == v:
                    continue
                for k in range(t_indptr[z1], t_indptr[z1 + 1]):
                    if holder[t_indices[k]] == e:
                        common[e] += 1
                        break
        for k in range(met):
            shared[touched[k]] = 0
    return common, inner


@njit(cache=True, nogil=True)
def distance_histogram(
    indptr: NDArray[Any], indices: NDArray[Any], sources: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how many (source, node) pairs lie 0, 1, 2, ... links apart, int64 [nodes].

    Breadth-first searches from 64 sources at once, one bit of a word each.
    """
    nodes = len(indptr) - 1
    counts = np.zeros(nodes, np.int64)
    seen = np.empty(nodes, np.uint64)
    front = np.zeros(nodes, np.uint64)
    ahead = np.zeros(nodes, np.uint64)
    active = np.empty(nodes, np.int64)
    touched = np.empty(nodes, np.int64)
    for start in range(0, len(sources), 64):
        seen[:] = _ZERO
        size, distance = 0, 0
        for k in range(start, min(start + 64, len(sources))):
            node = sources[k]
            seen[node] = front[node] = _ONE << np.uint64(k - start)
            active[size] = node
            size += 1
        counts[0] += size
        while size > 0:
            distance += 1
            if 4 * size > nodes:
                met = _pull(indptr, indices, seen, front, ahead, touched)
            else:
                met = _push(indptr, indices, active[:size], front, ahead, touched)
            for node in active[:size]:
                front[node] = _ZERO
            size = 0
            for node in touched[:met]:
                fresh = ahead[node] & ~seen[node]
                ahead[node] = _ZERO
                if fresh != _ZERO:
                    seen[node] |= fresh
                    front[node] = fresh
                    counts[distance] += _bits(fresh)
                    active[size] = node
                    size += 1
    return counts


@njit(cache=True, nogil=True)
def _push(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    active: NDArray[np.int64],
    front: NDArray[np.uint64],
    ahead: NDArray[np.uint64],
    touched: NDArray[np.int64],
) -> int:
    """Pass the bits of the active nodes on to their neighbours; return how many of those there are."""
    met = 0
    for node in active:
        for e in range(indptr[node], indptr[node + 1]):
            other = indices[e]
            if ahead[other] == _ZERO:
                touched[met] = other
                met += 1
            ahead[other] |= front[node]
    return met


@njit(cache=True, nogil=True)
def _pull(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    seen: NDArray[np.uint64],
    front: NDArray[np.uint64],
    ahead: NDArray[np.uint64],
    touched: NDArray[np.int64],
) -> int:
    """Let every node that not all sources have seen read its neighbours: faster where most are active."""
    met = 0
    for node in range(len(seen)):
        if ~seen[node] != _ZERO:
            word = _ZERO
            for e in range(indptr[node], indptr[node + 1]):
                word |= front[indices[e]]
            if word & ~seen[node] != _ZERO:
                ahead[node] = word
                touched[met] = node
                met += 1
    return met


@njit(cache=True, nogil=True)
def _bits(word: Any) -> int:
    """Return how many bits of a 64-bit word are set."""
    count = 0
    while word != _ZERO:
        word &= word - _ONE
        count += 1
    return count
