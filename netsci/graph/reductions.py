"""From lengths of links to a few coordinates of every node, by eigenvectors of path lengths.

Every function takes symmetric lengths [n, n], CSR of one component, and the dimension, and returns float64
coordinates [n, dimension] and the leading |lambda|, one more than the vectors looked at.
"""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

FULL_SPECTRUM = 400  # nodes up to which all eigenpairs together cost no more than the few needed


def _isomap(lengths: sp.csr_array, dimension: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kernel = _all_distances(lengths) ** 2
    mean = kernel.mean(axis=0)  # of rows as well: the matrix is symmetric
    kernel -= mean[:, None] + mean[None, :] - mean.mean()
    kernel *= -0.5
    return _leading_columns(kernel, 0, dimension)


def _isomap_not_centred(
    lengths: sp.csr_array, dimension: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # the first vector of uncentred distances only tells how far a node is from all others
    return _leading_columns(_all_distances(lengths), 1, dimension)


def _all_distances(lengths: sp.csr_array) -> NDArray[np.float64]:
    from netsci.graph.shortest_paths import all_distances  # brings numba

    return all_distances(lengths)


def _leading_columns(
    matrix: NDArray[np.float64], skip: int, dimension: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return eigenvectors times sqrt|lambda| by decreasing |lambda|, and the leading |lambda|.

    The first ones are skipped. The largest entry of each column is positive, the first of equals.
    """
    count, wanted = len(matrix), min(skip + dimension + 1, len(matrix))
    if count <= FULL_SPECTRUM:
        values, vectors = np.linalg.eigh(matrix)
    else:
        from scipy.sparse.linalg import eigsh

        # not a vector of ones: centring maps it to zero
        start = np.sin(np.arange(1.0, count + 1.0))
        values, vectors = eigsh(matrix, k=wanted, which="LM", v0=start, tol=0)
    order = np.argsort(-np.abs(values), kind="stable")[:wanted]
    spectrum = np.abs(values[order])
    kept = order[skip : skip + dimension]
    columns = vectors[:, kept] * np.sqrt(np.abs(values[kept]))
    columns *= np.sign(columns[np.argmax(np.abs(columns), axis=0), np.arange(dimension)])
    return columns, spectrum


REDUCTIONS: dict[str, Callable[[sp.csr_array, int], tuple[NDArray[np.float64], NDArray[np.float64]]]] = {
    "iso": _isomap,
    "nciso": _isomap_not_centred,
}
