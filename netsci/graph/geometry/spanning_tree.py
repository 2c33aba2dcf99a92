"""The minimum spanning tree of a network, unique also where lengths tie."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.compiling import njit

TIE = 1e-10  # relative difference up to which two lengths count as equal


def minimum_spanning_tree(lengths: sp.csr_array) -> sp.csr_array:
    """Return the spanning tree of smallest total length, by Kruskal's rule.

    Links i < j are taken by increasing length, equal lengths by i and then j, wherever they close no cycle.
    Lengths whose sorted neighbours differ by at most 1e-10 of their size count as equal: edge betweenness
    that is equal in theory comes out of a computer with other last digits.

    Parameters
    ----------
    lengths : symmetric CSR [n, n] of positive lengths, finite, without self-loops.

    Returns
    -------
    symmetric CSR [n, n], float64: the links of the tree (of a forest, if not connected) and their lengths.

    Examples
    --------
    >>> triangle = sp.csr_array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    >>> minimum_spanning_tree(triangle).toarray()[0].tolist()
    [0.0, 1.0, 1.0]

    Source: Muscoloni et al., Nature Communications 8, 1615 (2017), minimum curvilinear embedding.
    Reading: the paper leaves open which of several smallest trees is meant; the order above decides.
    """
    upper = sp.triu(lengths, k=1, format="csr")
    upper.sort_indices()
    links = upper.tocoo()
    order = np.argsort(_levels(links.data), kind="stable")
    first, second = links.row.astype(np.int64), links.col.astype(np.int64)
    kept = _kruskal(first, second, order, lengths.shape[0])
    return tree_of(lengths, np.stack([first[kept], second[kept]], axis=1))


def is_unique(lengths: sp.csr_array, tree: sp.csr_array) -> bool:
    """Return whether no other spanning tree is as short, equal lengths as in `minimum_spanning_tree`.

    Another one is as short if some link outside of the tree is as long as the longest link on the tree's path
    between its ends: they can change places. Such a link exists if, taking all links of one length at once,
    fewer of them are needed than lie between two parts of the forest of shorter ones.

    Examples
    --------
    >>> triangle = sp.csr_array([[0.0, 1.0, 2.0], [1.0, 0.0, 2.0], [2.0, 2.0, 0.0]])
    >>> is_unique(triangle, minimum_spanning_tree(triangle))
    False
    """
    links = sp.triu(lengths, k=1, format="coo")
    levels = _levels(links.data)
    order = np.argsort(levels, kind="stable")
    useful = _count_useful(
        links.row.astype(np.int64), links.col.astype(np.int64), levels, order, lengths.shape[0]
    )
    return bool(int(useful) == tree.nnz // 2)


def tree_of(lengths: sp.csr_array, links: NDArray[np.int64]) -> sp.csr_array:
    """Return the symmetric CSR of some links [k, 2] of a network with their lengths.

    Examples
    --------
    >>> path = sp.csr_array([[0.0, 2.0, 0.0], [2.0, 0.0, 5.0], [0.0, 5.0, 0.0]])
    >>> tree_of(path, np.array([[1, 2]])).toarray()[2].tolist()
    [0.0, 5.0, 0.0]
    """
    ends = np.concatenate([links, links[:, ::-1]]).T
    kept = sp.coo_array((np.ones(2 * len(links)), (ends[0], ends[1])), shape=lengths.shape)
    return sp.csr_array(lengths.multiply(kept))


def _levels(lengths: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rank of every length, one rank for those that count as equal."""
    order = np.argsort(lengths, kind="stable")
    ascending = lengths[order]
    level = np.zeros(len(lengths), dtype=np.int64)
    level[order[1:]] = np.cumsum(np.diff(ascending) > TIE * ascending[1:])
    return level


@njit(cache=True, nogil=True)
def _count_useful(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    levels: NDArray[np.int64],
    order: NDArray[np.int64],
    count: int,
) -> int:
    """Return how many links join two trees of the forest of all shorter links."""
    parent = np.arange(count)
    useful = 0
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and levels[order[end]] == levels[order[begin]]:
            if _root(parent, first[order[end]]) != _root(parent, second[order[end]]):
                useful += 1
            end += 1
        for k in range(begin, end):
            a, b = _root(parent, first[order[k]]), _root(parent, second[order[k]])
            parent[b] = a
        begin = end
    return useful


@njit(cache=True, nogil=True)
def _root(parent: NDArray[np.int64], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def _kruskal(
    first: NDArray[np.int64], second: NDArray[np.int64], order: NDArray[np.int64], count: int
) -> NDArray[np.bool_]:
    """Return which links, taken in the order given, join two trees of the forest so far."""
    parent = np.arange(count)
    kept = np.zeros(len(order), dtype=np.bool_)
    for link in order:
        a, b = _root(parent, first[link]), _root(parent, second[link])
        if a != b:
            parent[b] = a
            kept[link] = True
    return kept
