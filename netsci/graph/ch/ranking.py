"""Ranks of node pairs by Cannistraci-Hebb score, ties broken by how alike two nodes see the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from netsci.arguments import check_choice, check_flag
from netsci.graph.ch.unipartite import ch_scores_unipartite
from netsci.graph.checks import as_links

_Floats = NDArray[np.float64]
_Pairs = NDArray[np.int64]

# Neighbours in order that differ by no more are equal: the order of a sum changes its last digits.
_SAME_SCORE = 1e-12  # relative
_SAME_CORRELATION = 1e-10  # absolute


def ch_ranking(
    adjacency: Any,
    rule: str = "ch3_l3",
    *,
    local_community: str = "path",
    subranking: bool = True,
    existing: str | None = None,
) -> tuple[_Pairs, _Floats, NDArray[np.int64]]:
    """Return the node pairs of an undirected network with their scores and ranks; a higher rank is likelier.

    rank        = 1 + number of pairs with a lower score or, of the same score, a lower sub-ranking
    sub-ranking = Pearson correlation of the rows u and v of the path lengths between all nodes
    length of a link = highest + lowest positive - its own score, the extremes over all pairs of nodes

    Pairs with equal score and equal sub-ranking share the lowest of their ranks. Path lengths and
    correlations are those of the component. Pairs in two components have no correlation: they rank below all
    other pairs of their score. If no score is positive, every link has the length 1.

    Parameters
    ----------
    adjacency, rule, local_community : as in `ch_scores_unipartite`.
    subranking : True breaks ties by correlation; False ranks by the score alone.
    existing : None ranks the missing links; "leave_one_out" ranks all pairs: an existing link gets the score
        that it would have if only this link were removed. The lengths are the same.

    Returns
    -------
    pairs : int64 [k, 2], u < v, row by row. scores : float64 [k]. ranks : int64 [k], within 1 to k.
    Memory O(n^2); time as the scores, and n^3 for the correlations.

    Raises
    ------
    TypeError, ValueError
        As `ch_scores_unipartite`.

    Examples
    --------
    >>> path = np.diag([1, 1, 1], 1) + np.diag([1, 1, 1], -1)  # 0 - 1 - 2 - 3
    >>> pairs, scores, ranks = ch_ranking(path)
    >>> pairs.tolist(), ranks.tolist()
    ([[0, 2], [0, 3], [1, 3]], [1, 3, 1])

    Source: Muscoloni, Michieli, Zhang and Cannistraci (2022), the network automaton CHA.
    Reading: the paper has the length 1/(1 + score), Spearman's correlation and dense ranks. The laboratory's
    later code does what stands above: its ranks of the karate club rule out each of the three, and extremes
    over existing links alone. It compares floats as they are, so its order within our ties is rounding.
    """
    check_choice(existing, (None, "leave_one_out"), "existing")
    pairs, scores = ch_scores_unipartite(
        adjacency, rule, local_community=local_community, existing="leave_one_out"
    )
    links = as_links(adjacency, "adjacency")
    linked = links.toarray()[pairs[:, 0], pairs[:, 1]]
    keys = [_number_values(scores, _SAME_SCORE * scores)]
    check_flag(subranking, "subranking")
    if subranking:
        lengths = np.ones(int(linked.sum()))
        if (scores > 0).any():
            lengths = scores.max() + scores[scores > 0].min() - scores[linked]
        alike = _correlations(links.shape[0], pairs[linked], lengths)[pairs[:, 0], pairs[:, 1]]
        keys.append(_number_values(alike, np.full(len(alike), _SAME_CORRELATION)))
    if existing is None:
        pairs, scores, keys = pairs[~linked], scores[~linked], [key[~linked] for key in keys]
    return pairs, scores, _ranks(keys)


def _correlations(n: int, ends: _Pairs, lengths: _Floats) -> _Floats:
    """Pearson correlations of the rows of path lengths, [n, n]; -2 between components."""
    from netsci.graph.structure.shortest_paths import all_distances

    both = np.concatenate([ends, ends[:, ::-1]])
    network = sp.coo_array((np.tile(lengths, 2), (both[:, 0], both[:, 1])), shape=(n, n)).tocsr()
    found = np.full((n, n), -2.0)
    for nodes in _components(network):
        if len(nodes) < 2:
            continue
        rows = all_distances(sp.csr_array(network[nodes][:, nodes]))
        # no row is constant: it holds 0 at its own node and lengths above 0 elsewhere
        rows -= rows.mean(axis=1, keepdims=True)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        found[np.ix_(nodes, nodes)] = rows @ rows.T
    return found


def _components(network: sp.csr_array) -> list[NDArray[np.int64]]:
    count, label = connected_components(network, directed=False)
    order = np.argsort(label, kind="stable")
    return np.split(order, np.cumsum(np.bincount(label, minlength=count))[:-1])


def _number_values(values: _Floats, same: _Floats) -> NDArray[np.int64]:
    """Number the different values upwards; the next larger one is different if it exceeds the gap `same`."""
    order = np.argsort(values, kind="stable")
    number = np.zeros(len(values), np.int64)
    number[order[1:]] = np.cumsum(np.diff(values[order]) > same[order[1:]])
    return number


def _ranks(keys: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Rank by the first key, then by the second; equals share the lowest rank."""
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), dtype=bool)
    for key in keys:
        new[1:] |= np.diff(key[order]) > 0
    first = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = first + 1
    return ranks
