"""Shortest paths of a plain undirected network, counted in links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import as_links, check_generator

EXACT_NODES = 20_000
SAMPLED_SOURCES = 1024


@dataclass(frozen=True)
class PathStatistics:
    """Statistics of the distances in the largest component; NaN if this is a single node.

    nodes : number of nodes of the component.
    length : mean distance of its pairs (the characteristic path length), in links.
    diameter : largest distance.
    closeness : mean over nodes of the sum of 1 / distance to all other nodes.
    betweenness : mean over nodes of the shortest paths through a node, counted in both directions (networkx's
        unnormalised betweenness counts one direction).
    edge_betweenness : mean over links of the shortest paths along a link, counted in one direction.
    radiality : diameter + 1 - length.
    exact : True if paths from all nodes were searched. False if paths from a sample of nodes were searched;
        then the diameter is a lower bound.

    Reading: closeness is harmonic, betweenness counts ordered pairs and edge betweenness unordered ones, as
    the code of the coalescent embedding's authors prints them.
    """

    nodes: int
    length: float
    diameter: float
    closeness: float
    betweenness: float
    edge_betweenness: float
    radiality: float
    exact: bool


def path_statistics(adjacency: Any, *, rng: np.random.Generator | None = None) -> PathStatistics:
    """Return the statistics of the shortest paths in the largest component.

    All follow from the number of pairs at each distance: a shortest path between two nodes at distance d has
    d - 1 inner nodes and d links, and the shortest paths of a pair share its weight of 1.

    Parameters
    ----------
    adjacency : symmetric matrix [nodes, nodes], dense (a link where it is not 0) or sparse (stored pattern);
        self-loops are ignored.
    rng : Generator, required above EXACT_NODES = 20,000 nodes, where paths start from SAMPLED_SOURCES = 1024
        random nodes.

    Raises
    ------
    TypeError, ValueError
        If adjacency is not symmetric, or rng is missing for a network that large.

    Returns
    -------
    PathStatistics, with length, diameter, closeness, betweenness and others; NaN for a single node.

    Examples
    --------
    >>> paths = path_statistics([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> round(paths.length, 3), paths.diameter, round(paths.betweenness, 3)
    (1.333, 2.0, 0.667)

    Source: Watts and Strogatz, Nature 393, 440 (1998); Freeman, Sociometry 40, 35 (1977).
    """
    return measure_paths(as_undirected(adjacency), rng)


def measure_paths(links: sp.csr_array, rng: np.random.Generator | None) -> PathStatistics:
    """Return `path_statistics` of a symmetric bool CSR without self-loops, unchecked.

    Examples
    --------
    >>> measure_paths(as_undirected([[0, 1], [1, 0]]), None).length
    1.0
    """
    links = _largest(links)
    nodes = links.shape[0]
    if nodes < 2:
        nothing = float("nan")
        return PathStatistics(nodes, nothing, nothing, nothing, nothing, nothing, nothing, True)
    counts, sources = _distances(links, rng)
    far = np.arange(1, len(counts))
    length = float(far @ counts[1:] / (sources * (nodes - 1)))
    return PathStatistics(
        nodes=nodes,
        length=length,
        diameter=float(far[-1]),
        closeness=float((counts[1:] / far).sum() / sources),
        betweenness=(nodes - 1) * (length - 1),
        edge_betweenness=nodes * (nodes - 1) * length / links.nnz,
        radiality=float(far[-1]) + 1 - length,
        exact=sources == nodes,
    )


def path_length(adjacency: Any, *, rng: np.random.Generator | None = None) -> float:
    """Return the characteristic path length: the mean distance, in links, of pairs of the largest component.

    adjacency : symmetric matrix [nodes, nodes]; weights play no part. rng : numpy Generator, required above
    20,000 nodes, where paths start from a sample of nodes. Errors are those of `path_statistics`. NaN if the
    component is a single node.

    Examples
    --------
    >>> path_length([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    1.0

    Source: Watts and Strogatz, Nature 393, 440 (1998).
    """
    return path_statistics(adjacency, rng=rng).length


def global_efficiency(adjacency: Any, *, rng: np.random.Generator | None = None) -> float:
    """Return the mean of 1 / distance over all pairs of nodes, 0 for a pair without a path; in [0, 1].

    Parameters and errors are those of `path_statistics`: rng is required above 20,000 nodes, where paths
    start from a sample of nodes. NaN below 2 nodes.

    Examples
    --------
    >>> round(global_efficiency([[0, 1, 0], [1, 0, 1], [0, 1, 0]]), 3)
    0.833

    Source: Latora and Marchiori, Physical Review Letters 87, 198701 (2001).
    """
    links = as_undirected(adjacency)
    nodes = links.shape[0]
    if nodes < 2:
        return float("nan")
    counts, sources = _distances(links, rng)
    return float((counts[1:] / np.arange(1, len(counts))).sum() / (sources * (nodes - 1)))


def local_efficiency(adjacency: Any) -> float:
    """Return the mean over nodes of the global efficiency among their neighbours, in [0, 1].

    Nodes with fewer than 2 neighbours count 0. The paths run through neighbours only. NaN without nodes.

    adjacency, errors : as in `path_statistics`.

    Examples
    --------
    >>> local_efficiency([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    1.0

    Source: Latora and Marchiori, Physical Review Letters 87, 198701 (2001).
    """
    links = as_undirected(adjacency)
    if not links.shape[0]:
        return float("nan")
    values = np.zeros(links.shape[0])
    place = np.full(links.shape[0], -1)
    for node in range(links.shape[0]):
        near = links.indices[links.indptr[node] : links.indptr[node + 1]]
        if len(near) > 1:
            place[near] = np.arange(len(near))
            lists = [place[links.indices[links.indptr[i] : links.indptr[i + 1]]] for i in near]
            place[near] = -1
            kept = [line[line >= 0] for line in lists]
            indptr = np.concatenate([[0], np.cumsum([len(line) for line in kept])])
            indices = np.concatenate(kept)
            inner = sp.csr_array((np.ones(len(indices), bool), indices, indptr), shape=(len(near), len(near)))
            counts, _ = _distances(inner, None)
            pairs = len(near) * (len(near) - 1)
            values[node] = (counts[1:] / np.arange(1, len(counts))).sum() / pairs
    return float(values.mean())


def as_undirected(adjacency: Any) -> sp.csr_array:
    """Return the links of a plain undirected network as symmetric bool CSR without self-loops.

    Raises
    ------
    ValueError
        If the matrix is not square or not symmetric. TypeError as `as_links`.

    Examples
    --------
    >>> as_undirected([[1, 1], [1, 0]]).toarray().tolist()
    [[False, True], [True, False]]
    """
    links = as_links(adjacency, "adjacency")
    if links.shape[0] != links.shape[1]:
        raise ValueError(
            f"adjacency must be square; got {links.shape}. A biadjacency goes to bipartite_measures"
        )
    if (links != links.T).nnz:
        raise ValueError(
            "adjacency must be symmetric, a plain undirected network; pass adjacency + adjacency.T to ignore "
            "the directions"
        )
    coo = links.tocoo()
    off = coo.row != coo.col
    if off.all():
        return links
    plain = sp.coo_array((np.ones(off.sum(), bool), (coo.row[off], coo.col[off])), shape=links.shape)
    return as_links(plain)


def _largest(links: sp.csr_array) -> sp.csr_array:
    """Return the network of the largest component, the first of equals."""
    if not links.shape[0]:
        return links
    count, labels = sp.csgraph.connected_components(links, directed=False)
    if count == 1:
        return links
    inside = labels == np.argmax(np.bincount(labels))
    return links[inside][:, inside]


def _distances(links: sp.csr_array, rng: np.random.Generator | None) -> tuple[NDArray[np.int64], int]:
    """Return the number of (source, node) pairs at each distance, none behind the largest, and of sources."""
    from netsci.graph.structure._structure_kernels import distance_histogram

    nodes = links.shape[0]
    sources = np.arange(nodes)
    if nodes > EXACT_NODES:
        if rng is None:
            raise ValueError(
                f"rng is needed for {nodes} nodes: above {EXACT_NODES} paths start from a random sample of "
                f"{SAMPLED_SOURCES}; pass rng=numpy.random.default_rng(7)"
            )
        check_generator(rng)
        sources = np.sort(rng.choice(nodes, SAMPLED_SOURCES, replace=False))
    counts = distance_histogram(links.indptr, links.indices, sources)
    return counts[: np.flatnonzero(counts)[-1] + 1], len(sources)
