"""From lengths of links to a few coordinates of every node, by eigenvectors.

Four reductions look at path lengths D, along all links or along the minimum spanning tree (mce, ncmce), the
fifth (le) at the links alone. Every function takes symmetric lengths [n, n], CSR of one component, and the
dimension. Formulas: `coalescent_embedding`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.geometry.laplacian import FULL_SPECTRUM, eigenmaps, lanczos

MOST_COLUMNS = 3
ONE_COLUMN = ("mce", "ncmce")  # reductions whose one coordinate is the angle


@dataclass(frozen=True, eq=False)
class Reduced:
    """Coordinates of every node and the eigenvalues behind them.

    columns : float64 [n, dimension]; the largest entry of each is positive, the first of equals.
    spectrum : float64 [first + dimension + 1], leading |lambda|, of le the smallest lambda above 0.
    first : position in the spectrum of the first column's eigenvalue.
    alike : difference up to which two eigenvalues count as one.
    one_tree : whether the spanning tree behind the columns is the only one of its length.
    """

    columns: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    first: int
    alike: float
    one_tree: bool = True

    def arbitrary(self, used: int) -> bool:
        """Return whether one of the first columns shares its eigenvalue with a vector that is not used."""
        own = self.spectrum[self.first : self.first + used]
        others = np.delete(self.spectrum, np.s_[self.first : self.first + used])
        return bool((np.abs(others[:, None] - own) <= self.alike).any())


def _isomap(lengths: sp.csr_array, dimension: int, threads: int | None = None) -> Reduced:
    return _leading_coordinates(_centre(_all_distances(lengths, threads)), 0, dimension)


def _isomap_not_centred(lengths: sp.csr_array, dimension: int, threads: int | None = None) -> Reduced:
    # the first vector of uncentred distances only tells how far a node is from all others
    return _leading_coordinates(_all_distances(lengths, threads), 1, dimension)


def _curvilinear(lengths: sp.csr_array, dimension: int, threads: int | None = None) -> Reduced:
    return _by_tree(lengths, centred=True, threads=threads)


def _curvilinear_not_centred(lengths: sp.csr_array, dimension: int, threads: int | None = None) -> Reduced:
    return _by_tree(lengths, centred=False, threads=threads)


def _by_tree(lengths: sp.csr_array, *, centred: bool, threads: int | None) -> Reduced:
    from netsci.graph.geometry.spanning_tree import is_unique, minimum_spanning_tree  # brings numba

    tree = minimum_spanning_tree(lengths)
    return replace(along_tree(tree, centred=centred, threads=threads), one_tree=is_unique(lengths, tree))


def along_tree(tree: sp.csr_array, *, centred: bool, threads: int | None = None) -> Reduced:
    """Return the one column of mce (centred) or ncmce from a spanning tree with its lengths."""
    distances = _all_distances(tree, threads)
    return (
        _leading_coordinates(_centre(distances), 0, 1) if centred else _leading_coordinates(distances, 1, 1)
    )


def _eigenmaps(lengths: sp.csr_array, dimension: int, threads: int | None = None) -> Reduced:
    values, vectors = eigenmaps(lengths, MOST_COLUMNS + 1)
    # Above rounding, but below the gaps of long, nearly one-dimensional networks
    return Reduced(_positive(vectors[:, :dimension]), values[: dimension + 1], 0, 1e-12)


def _all_distances(lengths: sp.csr_array, threads: int | None) -> NDArray[np.float64]:
    from netsci.graph.structure.shortest_paths import all_distances  # brings numba

    return all_distances(lengths, threads=threads)


def _centre(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return -1/2 J (D o D) J in the place of D."""
    kernel = np.square(distances, out=distances)
    mean = kernel.mean(axis=0)  # of rows as well: the matrix is symmetric
    kernel -= mean[:, None]
    kernel -= mean[None, :] - mean.mean()
    kernel *= -0.5
    return kernel


def _leading_coordinates(matrix: NDArray[np.float64], skip: int, dimension: int) -> Reduced:
    """Return eigenvectors times sqrt|lambda| by decreasing |lambda|, the first ones skipped.

    As many as in 3-D are computed in any case: else the last digits, and with them the order of equal
    angles, would depend on the dimension.
    """
    count, wanted = len(matrix), min(skip + MOST_COLUMNS + 1, len(matrix))
    if count <= FULL_SPECTRUM:
        values, vectors = np.linalg.eigh(matrix)
    else:
        # not a vector of ones: centring maps it to zero
        start = np.sin(np.arange(1.0, count + 1.0))
        values, vectors = lanczos(matrix, k=wanted, which="LM", v0=start, tol=0)
    order = np.argsort(-np.abs(values), kind="stable")[: skip + dimension + 1]
    spectrum = np.abs(values[order])
    kept = order[skip : skip + dimension]
    columns = _positive(vectors[:, kept] * np.sqrt(np.abs(values[kept])))
    return Reduced(columns, spectrum, skip, 1e-9 * float(spectrum[0]))


def _positive(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = columns[np.argmax(np.abs(columns), axis=0), np.arange(columns.shape[1])]
    return np.asarray(columns * np.where(largest < 0, -1.0, 1.0))


REDUCTIONS: dict[str, Callable[[sp.csr_array, int, int | None], Reduced]] = {
    "iso": _isomap,
    "nciso": _isomap_not_centred,
    "mce": _curvilinear,
    "ncmce": _curvilinear_not_centred,
    "le": _eigenmaps,
}
