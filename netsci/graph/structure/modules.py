"""Modules of a network by modularity, for undirected networks and for two populations alike.

With links A[i, j] from sending nodes i to receiving nodes j, M of them, s_i and r_j the links that a node
sends and receives, Q = 1/M sum over i, j of one module of (A[i, j] - s_i r_j / M). An undirected link counts
in both directions, which gives Newman's modularity; links from one population to another give Barber's.

The search is Louvain's: single nodes move, modules become nodes, and so on; it is run again from where it
ended until nothing improves, so that no single node can gain by a move at the end. The best Q is hard to find
(NP-hard); what is found is a lower bound, close to it on networks where it is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import as_whole

RUNS = 10
LARGEST_RERUNS = 20


@dataclass(frozen=True, eq=False)
class Modules:
    """A division of the nodes: membership int64 [nodes], numbered from 0 by size, and its modularity Q."""

    membership: NDArray[np.int64]
    modularity: float


def find_modules(
    links: sp.csr_array, offset: tuple[int, int], nodes: int, *, runs: int = RUNS, rng: np.random.Generator
) -> Modules:
    """Return modules of high modularity of links between nodes numbered 0 to nodes - 1.

    Parameters
    ----------
    links : bool CSR [senders, receivers]; an undirected network as its symmetric adjacency, no loops.
    offset : number of the node that the first row, and the first column, stands for.
    nodes : how many nodes there are. runs : searches from single nodes, at least 1, the best of which is
        kept. rng : a Generator; the order of the moves is drawn from it.

    Raises
    ------
    ValueError, TypeError
        If runs is not a whole number of at least 1.

    Returns
    -------
    Modules; modularity in [-1/2, 1], NaN and every node its own module where there is no link.

    Examples
    --------
    >>> found = find_modules(sp.csr_array(np.eye(2, dtype=bool)), (0, 2), 4, rng=np.random.default_rng(7))
    >>> found.membership.tolist(), found.modularity
    ([0, 1, 0, 1], 0.5)

    Source: Blondel, Guillaume, Lambiotte and Lefebvre, J. Stat. Mech. P10008 (2008); Barber, Physical Review
    E 76, 066102 (2007).
    """
    if as_whole(runs, "runs") < 1:
        raise ValueError(f"runs must be at least 1; got {runs}")
    if not links.nnz:
        return Modules(np.arange(nodes, dtype=np.int64), float("nan"))
    coo = links.tocoo()
    rows, columns = coo.row.astype(np.int64) + offset[0], coo.col.astype(np.int64) + offset[1]
    sending = np.bincount(rows, minlength=nodes).astype(np.float64)
    receiving = np.bincount(columns, minlength=nodes).astype(np.float64)
    both = np.concatenate([rows, columns]), np.concatenate([columns, rows])
    ties = sp.coo_array((np.ones(2 * len(rows)), both), shape=(nodes, nodes)).tocsr()
    state = rng.integers(0, 2**64, 1, dtype=np.uint64)

    def quality(module: NDArray[np.int64]) -> float:
        inside = np.count_nonzero(module[rows] == module[columns]) / len(rows)
        sends = np.bincount(module, sending) / len(rows)
        receives = np.bincount(module, receiving) / len(rows)
        return float(inside - sends @ receives)

    best, highest = np.arange(nodes), -1.0
    for _ in range(runs):
        module, reached = np.arange(nodes), -1.0
        for _ in range(LARGEST_RERUNS):
            found = _one_run(ties, sending, receiving, module, state)
            value = quality(found)
            if value <= reached + 1e-12:
                break
            module, reached = found, value
        if reached > highest:
            best, highest = module, reached
    sizes = np.bincount(best)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return Modules(rank[best], highest)


def _one_run(
    ties: sp.csr_array,
    sending: NDArray[np.float64],
    receiving: NDArray[np.float64],
    start: NDArray[np.int64],
    state: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """Move nodes from the modules they are in, then modules as nodes of a smaller network, and so on."""
    from netsci.graph.structure._module_kernels import move_nodes

    total = float(sending.sum())
    member, module = np.arange(len(start)), start.copy()
    while True:
        move_nodes(ties.indptr, ties.indices, ties.data, sending, receiving, total, module, state)
        kept, module = np.unique(module, return_inverse=True)
        module = module.astype(np.int64)
        member = module[member]
        if len(kept) == len(sending):
            return np.asarray(member, np.int64)
        sending = np.bincount(module, sending).astype(np.float64)
        receiving = np.bincount(module, receiving).astype(np.float64)
        coo = ties.tocoo()
        pairs = module[coo.row], module[coo.col]
        ties = sp.coo_array((coo.data, pairs), shape=(len(kept), len(kept))).tocsr()
        module = np.arange(len(kept), dtype=np.int64)
