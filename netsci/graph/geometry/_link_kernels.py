"""The compiled loop over the links of a network; imported where needed, as it brings numba."""

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit


@njit(cache=True, nogil=True)
def common_neighbours(indptr: NDArray[np.int64], neighbours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for every stored link of a symmetric CSR how many neighbours its two ends share.

    The end of larger degree marks its neighbours and the other end counts the marked ones, so a link costs
    the smaller of its degrees and hubs cost no more than others.
    """
    count = len(indptr) - 1
    common = np.zeros(len(neighbours), dtype=np.int64)
    marked = np.full(count, -1, dtype=np.int64)
    for node in range(count):
        for link in range(indptr[node], indptr[node + 1]):
            marked[neighbours[link]] = node
        degree = indptr[node + 1] - indptr[node]
        for link in range(indptr[node], indptr[node + 1]):
            other = neighbours[link]
            other_degree = indptr[other + 1] - indptr[other]
            if other_degree < degree or (other_degree == degree and other < node):
                shared = 0
                back = -1
                for step in range(indptr[other], indptr[other + 1]):
                    if neighbours[step] == node:
                        back = step
                    elif marked[neighbours[step]] == node:
                        shared += 1
                common[link] = shared
                common[back] = shared
    return common
