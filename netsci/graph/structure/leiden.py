"""Leiden's search for modules, by igraph, with random numbers that a seed fixes.

It moves single nodes as Louvain's search does, but splits a module into well-connected parts before modules
become nodes. So a later pass can undo a wrong merge.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.graph.structure.modularity import Ends

FIRST_PASSES, LAST_PASSES = 2, 10  # of every search, and the further ones of the best
_IGRAPH = threading.Lock()


@contextmanager
def seed_igraph(seed: int) -> Iterator[None]:
    """Give igraph random numbers of this seed, and afterwards Python's module `random` again, its default.

    igraph has one source of random numbers for the whole process, so one thread at a time may set it. The
    state of `random` does not change. If another thread calls igraph meanwhile, without this function, it
    draws from the seeded source.

    Examples
    --------
    >>> import igraph
    >>> with seed_igraph(7):
    ...     first = igraph.Graph.Erdos_Renyi(9, 0.5).get_edgelist()
    >>> with seed_igraph(7):
    ...     assert igraph.Graph.Erdos_Renyi(9, 0.5).get_edgelist() == first
    """
    import igraph

    with _IGRAPH:
        igraph.set_random_number_generator(random.Random(seed))
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)


def search_leiden(
    ends: Ends, *, searches: int, start: NDArray[np.int64] | None, seed: int
) -> NDArray[np.int64]:
    """Return the best division found, int64 [nodes].

    igraph maximises the sum over i, j of one module of (A[i, j] - s_i r_j / M): s and r are its weights of
    nodes. Between two populations s is 0 for receivers and r is 0 for senders, so no other pairs count.

    Parameters
    ----------
    ends : at least one link. searches : how many start from single nodes; the best goes on where it ended.
    start : a division to go on from if none of the searches is better, or None.
    seed : fixes the result, whatever other threads draw.

    Examples
    --------
    >>> ends = Ends(np.array([0, 1]), np.array([2, 3]), 4, undirected=False)
    >>> search_leiden(ends, searches=1, start=None, seed=7).tolist()
    [0, 1, 0, 1]

    Source: Traag, Waltman and van Eck, Scientific Reports 9, 5233 (2019).
    """
    network, options = _as_igraph(ends)

    def go_on(module: NDArray[np.int64] | None, passes: int) -> NDArray[np.int64]:
        begin = None if module is None else module.tolist()
        found = network.community_leiden(initial_membership=begin, n_iterations=passes, **options)
        return np.array(found.membership, np.int64)

    with seed_igraph(seed):
        divisions = [go_on(None, FIRST_PASSES) for _ in range(searches)]
        if start is not None:
            divisions.insert(0, start)
        best = max(divisions, key=ends.quality)
        return max([best, go_on(best, LAST_PASSES)], key=ends.quality)


def _as_igraph(ends: Ends) -> tuple[Any, dict[str, Any]]:
    """Return the igraph network and the options that make its score M Q."""
    import igraph

    pairs = np.column_stack([ends.senders, ends.receivers])
    options = {"objective_function": "CPM", "resolution": 1 / len(pairs)}
    if ends.undirected:
        network = igraph.Graph(ends.nodes, pairs[ends.senders < ends.receivers])
        return network, options | {"node_weights": ends.sending.tolist()}
    network = igraph.Graph(ends.nodes, pairs, directed=True)
    weights = {"node_weights": ends.sending.tolist(), "node_in_weights": ends.receiving.tolist()}
    return network, options | weights
