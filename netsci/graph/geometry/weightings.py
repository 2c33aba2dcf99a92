"""Lengths of links before an embedding: repulsion between hubs, attraction by common neighbours, or traffic.

Every function takes the boolean links [N, N], symmetric, canonical CSR without self-loops, and returns the
positive lengths of the same links, float64. Formulas: `coalescent_embedding`.
"""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def _unit_lengths(links: sp.csr_array) -> sp.csr_array:
    return _with_lengths(links, np.ones(links.nnz))


def _repulsion_attraction_1(links: sp.csr_array) -> sp.csr_array:
    first, second, common = _link_degrees(links)
    return _with_lengths(links, (first + second + first * second) / (1 + common))


def _repulsion_attraction_2(links: sp.csr_array) -> sp.csr_array:
    first, second, common = _link_degrees(links)
    outside_first, outside_second = first - common - 1, second - common - 1
    return _with_lengths(
        links, (1 + outside_first + outside_second + outside_first * outside_second) / (1 + common)
    )


def _edge_betweenness(links: sp.csr_array) -> sp.csr_array:
    import igraph

    upper = sp.triu(links, format="coo")
    graph = igraph.Graph(n=links.shape[0], edges=np.column_stack([upper.row, upper.col]).tolist())
    values = np.asarray(graph.edge_betweenness(directed=False))
    half = sp.coo_array((values, (upper.row, upper.col)), shape=links.shape)
    return sp.csr_array(half + half.T)


def _link_degrees(
    links: sp.csr_array,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the degrees of both ends and the common neighbours of every stored link."""
    from netsci.graph.geometry._link_kernels import common_neighbours

    degrees = np.diff(links.indptr).astype(np.float64)
    rows = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    common = common_neighbours(links.indptr.astype(np.int64), links.indices.astype(np.int64))
    return degrees[rows], degrees[links.indices], common.astype(np.float64)


def _with_lengths(links: sp.csr_array, lengths: NDArray[np.float64]) -> sp.csr_array:
    return sp.csr_array((lengths, links.indices, links.indptr), shape=links.shape)


WEIGHTINGS: dict[str, Callable[[sp.csr_array], sp.csr_array]] = {
    "none": _unit_lengths,
    "ra1": _repulsion_attraction_1,
    "ra2": _repulsion_attraction_2,
    "ebc": _edge_betweenness,
}
