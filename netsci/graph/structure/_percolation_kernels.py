"""Compiled loops of the percolation curve: a network taken apart is built up backwards by union-find."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit


@njit(cache=True, nogil=True)
def largest_without_nodes(
    indptr: NDArray[Any], indices: NDArray[Any], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the size of the largest component after the first 0, 1, ..., all nodes of `order` are gone."""
    nodes = len(order)
    sizes = np.zeros(nodes + 1, np.int64)
    parent = np.full(nodes, -1, np.int64)  # a root holds minus the size of its component
    present = np.zeros(nodes, np.bool_)
    largest = 0
    for left in range(nodes - 1, -1, -1):
        node = order[left]
        present[node] = True
        largest = max(largest, 1)
        for e in range(indptr[node], indptr[node + 1]):
            if present[indices[e]]:
                largest = max(largest, _join(parent, node, indices[e]))
        sizes[left] = largest
    return sizes


@njit(cache=True, nogil=True)
def largest_without_links(
    sources: NDArray[np.int64], targets: NDArray[np.int64], nodes: int, order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the size of the largest component after the first 0, 1, ..., all links of `order` are gone."""
    sizes = np.empty(len(order) + 1, np.int64)
    parent = np.full(nodes, -1, np.int64)
    largest = min(nodes, 1)
    sizes[len(order)] = largest
    for left in range(len(order) - 1, -1, -1):
        link = order[left]
        largest = max(largest, _join(parent, sources[link], targets[link]))
        sizes[left] = largest
    return sizes


@njit(cache=True, nogil=True)
def _join(parent: NDArray[np.int64], one: int, other: int) -> int:
    """Unite the components of two nodes, the smaller under the larger; return the size."""
    first, second = _root(parent, one), _root(parent, other)
    if first == second:
        return int(-parent[first])
    if parent[first] > parent[second]:
        first, second = second, first
    parent[first] += parent[second]
    parent[second] = first
    return int(-parent[first])


@njit(cache=True, nogil=True)
def _root(parent: NDArray[np.int64], node: int) -> int:
    """Return the root of a node's component; every second node on the way skips its parent afterwards."""
    while parent[node] >= 0:
        above = parent[node]
        if parent[above] >= 0:
            parent[node] = parent[above]
        node = above
    return node
