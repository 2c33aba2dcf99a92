"""Find modules of a network by modularity, in undirected networks and between two populations.

With up to 8 nodes that have links, try all divisions. In large sparse networks, search by Leiden's algorithm
(`netsci.graph.structure.leiden`), which finds the higher Q. In small and dense ones either may find it:
search by Louvain's as well, and start Leiden's from the best division. Louvain's moves single nodes, makes
modules into nodes, and repeats both until Q stops rising. Run it last, so that no move of a single node
raises Q. To find the best Q is NP-hard: the Q found is a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import as_count
from netsci.graph.structure.leiden import search_leiden
from netsci.graph.structure.modularity import Ends

RUNS = 10
EIGENVECTOR_STEPS = 150  # of power iteration: signs matter, not digits
LARGEST_RERUNS = 20
TINY = 8  # nodes with links; they have 4,140 divisions
SMALL, DENSE = 1000, 16  # nodes with links, and links a node, where Louvain's search is worth its time


@dataclass(frozen=True, eq=False)
class Modules:
    """A division of the nodes: membership int64 [nodes], the largest is 0, and its modularity Q."""

    membership: NDArray[np.int64]
    modularity: float


def find_modules(
    links: sp.csr_array, offset: tuple[int, int], nodes: int, *, runs: int = RUNS, rng: np.random.Generator
) -> Modules:
    """Return modules of high modularity of links between nodes numbered 0 to nodes - 1.

    Parameters
    ----------
    links : bool CSR [senders, receivers]; an undirected network as its symmetric adjacency, no loops.
    offset : numbers of the nodes that the first row and the first column stand for.
    nodes : number of nodes. runs : amount of search, at least 1: 1 + runs // 4 searches by Leiden
        and, if at most 1,000 nodes have links or a node has more than 16 on average, `runs` searches by
        Louvain. The best division is kept; with at most 8 nodes that have links it is the best of all.
    rng : numpy Generator; the result depends on its state only.

    Raises
    ------
    ValueError, TypeError
        If runs is not a whole number of at least 1.

    Returns
    -------
    Modules; modularity in [-1/2, 1], NaN and every node its own module if there is no link.

    Examples
    --------
    >>> found = find_modules(sp.csr_array(np.eye(2, dtype=bool)), (0, 2), 4, rng=np.random.default_rng(7))
    >>> found.membership.tolist(), found.modularity
    ([0, 1, 0, 1], 0.5)

    Source: Traag, Waltman and van Eck, Scientific Reports 9, 5233 (2019); Blondel, Guillaume, Lambiotte and
    Lefebvre, J. Stat. Mech. P10008 (2008); Barber, Physical Review E 76, 066102 (2007).
    """
    as_count(runs, "runs", 1)
    if not links.nnz:
        return Modules(np.arange(nodes, dtype=np.int64), float("nan"))
    ends = Ends.of(links, offset, nodes)
    state = rng.integers(0, 2**64, 1, dtype=np.uint64)
    linked = np.flatnonzero(ends.sending + ends.receiving)
    best = _try_all(ends, linked) if len(linked) <= TINY else _search(ends, len(linked), runs, state)
    sizes = np.bincount(best)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return Modules(rank[best], ends.quality(best))


def quick_modularity(
    links: sp.csr_array, offset: tuple[int, int], nodes: int, *, rng: np.random.Generator
) -> float:
    """Return the modularity that one run of Louvain's search finds; NaN without links.

    For comparisons of a network with many others, searched alike: a twentieth of the time of `find_modules`,
    and a Q that is a little lower. Parameters as there; with at most 8 nodes that have links it is the
    highest.

    Examples
    --------
    >>> quick_modularity(sp.csr_array(np.eye(2, dtype=bool)), (0, 2), 4, rng=np.random.default_rng(7))
    0.5
    """
    if not links.nnz:
        return float("nan")
    ends = Ends.of(links, offset, nodes)
    linked = np.flatnonzero(ends.sending + ends.receiving)
    if len(linked) <= TINY:
        return ends.quality(_try_all(ends, linked))
    state = rng.integers(0, 2**64, 1, dtype=np.uint64)
    return ends.quality(_one_run(_weigh_ties(ends), ends.sending, ends.receiving, np.arange(nodes), state))


def bisect_modularity(
    links: sp.csr_array, offset: tuple[int, int], nodes: int, *, rng: np.random.Generator
) -> float:
    """Return the modularity of a good division in at most two modules; NaN without links.

    The signs of the leading eigenvector of the modularity matrix divide the nodes; then single nodes move
    where that raises Q. It sees two blocks of a sparse network that the best of many modules drowns in noise.
    Parameters as `find_modules`.

    Examples
    --------
    >>> bisect_modularity(sp.csr_array(np.eye(4, dtype=bool)), (0, 4), 8, rng=np.random.default_rng(7))
    0.5

    Source: Newman, PNAS 103, 8577 (2006), spectral division with refinement.
    """
    from netsci.graph.structure._module_kernels import divide_in_two

    if not links.nnz:
        return float("nan")
    ends = Ends.of(links, offset, nodes)
    ties, state = _weigh_ties(ends), rng.integers(0, 2**64, 1, dtype=np.uint64)
    total = float(ends.sending.sum())
    start = divide_in_two(
        ties.indptr, ties.indices, ties.data, ends.sending, ends.receiving, total, EIGENVECTOR_STEPS
    )
    return ends.quality(_one_run(ties, ends.sending, ends.receiving, start, state))


def _try_all(ends: Ends, linked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the best of all divisions. Of equally good ones, return the one with most modules."""
    gain = np.zeros((len(linked), len(linked)))
    gain[np.searchsorted(linked, ends.senders), np.searchsorted(linked, ends.receivers)] = 1
    total = gain.sum()
    gain = gain / total - np.outer(gain.sum(1), gain.sum(0)) / total**2
    divisions = _all_divisions(len(linked))
    same = divisions[:, :, None] == divisions[:, None, :]
    quality = np.sum(same * gain, axis=(1, 2))
    equal = np.flatnonzero(quality > quality.max() - 1e-12)
    module = len(linked) + np.arange(ends.nodes)
    module[linked] = divisions[equal[np.argmax(divisions[equal].max(1))]]
    return module


@cache
def _all_divisions(nodes: int) -> NDArray[np.int64]:
    """Return the labels of all divisions of the nodes, [divisions, nodes]."""
    found = [[0]]
    for _ in range(nodes - 1):
        found = [[*labels, label] for labels in found for label in range(max(labels) + 2)]
    return np.array(found, np.int64)


def _search(ends: Ends, linked: int, runs: int, state: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the best division that Leiden's and, in small and dense networks, Louvain's searches find."""
    seed = int(state[0])
    ties = _weigh_ties(ends)
    start = None
    if linked <= SMALL or len(ends.senders) * (1 if ends.undirected else 2) > DENSE * linked:
        single = np.arange(ends.nodes)
        start = max((_search_louvain(ends, ties, single, state) for _ in range(runs)), key=ends.quality)
    found = search_leiden(ends, searches=1 + runs // 4, start=start, seed=seed)
    return _search_louvain(ends, ties, found, state)


def _weigh_ties(ends: Ends) -> sp.csr_array:
    """Count the links between each pair of nodes, in both directions."""
    both = np.concatenate([ends.senders, ends.receivers]), np.concatenate([ends.receivers, ends.senders])
    return sp.coo_array((np.ones(len(both[0])), both), shape=(ends.nodes, ends.nodes)).tocsr()


def _search_louvain(
    ends: Ends, ties: sp.csr_array, start: NDArray[np.int64], state: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return a division at least as good as the start, from which no single node gains by moving."""
    module, reached = start, ends.quality(start)
    for _ in range(LARGEST_RERUNS):
        found = _one_run(ties, ends.sending, ends.receiving, module, state)
        value = ends.quality(found)
        if value <= reached + 1e-12:
            break
        module, reached = found, value
    return module


def _one_run(
    ties: sp.csr_array,
    sending: NDArray[np.float64],
    receiving: NDArray[np.float64],
    start: NDArray[np.int64],
    state: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """Move nodes between modules, then make modules the nodes of a smaller network, and repeat."""
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
