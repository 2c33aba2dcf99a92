"""All shortest weighted paths of an undirected graph: one Dijkstra search a source, sources in parallel."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.compiling import njit
from netsci.graph.processors import worker_count

STRIPE = 64  # sources, or rows of a tile, that a thread takes at a time


def all_distances(weights: sp.csr_array, *, threads: int | None = None) -> NDArray[np.float64]:
    """Return the weighted path lengths between all nodes of an undirected graph.

    Parameters
    ----------
    weights : symmetric CSR [N, N] of positive lengths, finite, without self-loops.
    threads : how many threads search, at least 1; None takes one a processor. The result is the same.

    Returns
    -------
    float64 [N, N], exactly symmetric, zero diagonal, infinity between components.

    Raises
    ------
    TypeError, ValueError
        If threads is not a whole number or below 1.

    Examples
    --------
    >>> path = sp.csr_array([[0.0, 2.0, 0.0], [2.0, 0.0, 5.0], [0.0, 5.0, 0.0]])
    >>> all_distances(path, threads=1)[0].tolist()
    [0.0, 2.0, 7.0]
    """
    workers = worker_count(threads)
    count = weights.shape[0]
    # Unsigned indices: numba adds a test for negative ones to each access of a signed index.
    indptr, neighbours = weights.indptr.astype(np.uint32), weights.indices.astype(np.uint32)
    lengths = weights.data.astype(np.float64)
    distances = np.empty((count, count))
    search: Any = _dijkstra_rows
    mirror: Any = _smaller_of_both_ways
    # Plain threads over kernels that free the interpreter lock: numba's own parallel loops abort the
    # process when two threads of a scheduler enter them at once.
    _in_stripes(lambda a, b: search(indptr, neighbours, lengths, distances, a, b), count, workers)
    # A path and its reverse add the same lengths in another order: the last digit may differ.
    _in_stripes(lambda a, b: mirror(distances, a, b), count, workers)
    return distances


def _in_stripes(work: Callable[[int, int], None], count: int, workers: int) -> None:
    """Call work(start, stop) for stripes of rows, the last ones first, which the mirror finds longest."""
    starts = range(0, count, STRIPE)[::-1]
    if workers == 1 or len(starts) < 2:
        for start in starts:
            work(start, min(start + STRIPE, count))
        return
    with ThreadPoolExecutor(min(workers, len(starts))) as pool:
        for job in [pool.submit(work, start, min(start + STRIPE, count)) for start in starts]:
            job.result()


@njit(cache=True, nogil=True)
def _smaller_of_both_ways(distances: NDArray[np.float64], start: int, stop: int) -> None:
    """Give entries (i, j) and (j, i), start <= i < stop, j < i, the smaller of their values.

    In square tiles, so that the entries across the diagonal stay in the cache.
    """
    for left in range(0, stop, STRIPE):
        for i in range(start, stop):
            for j in range(left, min(left + STRIPE, i)):
                smaller = min(distances[i, j], distances[j, i])
                distances[i, j] = smaller
                distances[j, i] = smaller


@njit(cache=True, nogil=True)
def _dijkstra_rows(
    indptr: NDArray[np.uint32],
    neighbours: NDArray[np.uint32],
    lengths: NDArray[np.float64],
    distances: NDArray[np.float64],
    start: int,
    stop: int,
) -> None:
    """Fill rows start to stop of the distances."""
    count = len(indptr) - 1
    # A heap of four children a node is half as deep as a binary one. Keys past its end stay infinite, so
    # the smallest of four children is found by plain comparisons also where fewer than four exist.
    nodes = np.zeros(count + 4, dtype=np.uint32)
    keys = np.full(count + 4, np.inf)
    place = np.empty(count, dtype=np.int32)  # where a node sits in the heap, -1 before it is met
    for source in range(start, stop):
        row = distances[source]
        place[:] = -1
        row[:] = np.inf
        row[source] = 0.0
        nodes[0], keys[0], place[source] = source, 0.0, 0
        size = 1
        while size > 0:
            node, reached = nodes[0], keys[0]
            size -= 1
            last, key = nodes[size], keys[size]
            keys[size] = np.inf
            if size > 0:
                _sift_down(nodes, keys, place, size, last, key)
            for link in range(indptr[node], indptr[node + 1]):
                other = neighbours[link]
                length = reached + lengths[link]
                if length < row[other]:  # never true for a settled node, as lengths are positive
                    row[other] = length
                    position = place[other]
                    if position == -1:
                        position = size
                        size += 1
                    _sift_up(nodes, keys, place, position, other, length)


@njit(cache=True, nogil=True)
def _sift_down(
    nodes: NDArray[np.uint32],
    keys: NDArray[np.float64],
    place: NDArray[np.int32],
    size: int,
    node: int,
    key: float,
) -> None:
    """Let the node sink from the root to where no child is nearer."""
    position = 0
    while True:
        child = 4 * position + 1
        if child >= size:
            break
        first = child + (keys[child + 1] < keys[child])
        second = child + 2 + (keys[child + 3] < keys[child + 2])
        nearest = second if keys[second] < keys[first] else first
        if keys[nearest] >= key:
            break
        nodes[position], keys[position] = nodes[nearest], keys[nearest]
        place[nodes[position]] = position
        position = nearest
    nodes[position], keys[position] = node, key
    place[node] = position


@njit(cache=True, nogil=True)
def _sift_up(
    nodes: NDArray[np.uint32],
    keys: NDArray[np.float64],
    place: NDArray[np.int32],
    position: int,
    node: int,
    key: float,
) -> None:
    """Let the node rise from a place in the heap to below a nearer parent."""
    while position > 0:
        parent = (position - 1) >> 2
        if keys[parent] <= key:
            break
        nodes[position], keys[position] = nodes[parent], keys[parent]
        place[nodes[position]] = position
        position = parent
    nodes[position], keys[position] = node, key
    place[node] = position
