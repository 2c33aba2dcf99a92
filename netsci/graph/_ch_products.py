"""Path-based Cannistraci-Hebb scores of a dense layer as matrix products, one a row in the middle of paths.

A path u-z1-z2-v weighs g[u, z2] h[z1, v]. With N(z2) the columns of the row z2 and A the links as 0 and 1,

    score[u, v] = sum over z2 of g[u, z2] * (sum over z1 in N(z2) of A[u, z1] h[z1, v]),  v in N(z2)

and the inner sum, for all u at once and the v in N(z2), is one product of [m, d] with [d, d], d = d(z2). For
a layer of density p that takes 1 / p times as many multiplications as there are paths, but a matrix library
does about 10 of them in the time of one step along a path.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from netsci.graph.processors import one_blas_thread

if TYPE_CHECKING:
    from netsci.graph.ch import Lists, Weights

_Floats = NDArray[np.float64]

# Multiplications that may stand for one path: about half of those that take as long.
_FOR_A_PATH = 6
_LEAST_PATHS = 1e6  # of a row on average: fewer take no longer than the calls of numpy
_MOST_BYTES = 2**28  # for the three whole matrices
LANES = 64  # rows u of one product, empty ones included, so that every sum goes in one order


def pays(links: sp.csr_array, paths: float) -> bool:
    """Return whether products are at least twice as fast as walking these paths, by an estimate of both."""
    m, n = links.shape
    degrees = np.diff(links.indptr).astype(np.float64)
    multiplications = m * float(degrees @ degrees)
    fits = 8 * (m * n + n * n + m * m) <= _MOST_BYTES
    return bool(fits and paths > _LEAST_PATHS * m and _FOR_A_PATH * paths > multiplications)


@dataclass(frozen=True)
class Products:
    """A layer as whole matrices."""

    of_row: "Lists"
    by_column: _Floats  # [n, m], 0 and 1
    g: _Floats  # [m, m], weight of row z2 on a path that starts at row u, as [z2, u]
    h: _Floats  # [n, n], weight of column z1 on a path that ends at column v, as [v, z1]

    @classmethod
    def of(
        cls, links: sp.csr_array, of_row: "Lists", row_weights: "Weights", column_weights: "Weights"
    ) -> "Products":
        """Return the matrices of a layer."""
        by_column = np.ascontiguousarray(links.toarray().T, dtype=np.float64)
        return cls(
            of_row,
            by_column,
            _weights(by_column.T @ by_column, row_weights),
            np.ascontiguousarray(_weights(by_column @ by_column.T, column_weights).T),
        )

    def add_paths(self, rows: NDArray[np.int64], scores: _Floats) -> None:
        """Add to scores[i, v] the sum over the paths from rows[i]; at links it is without meaning."""
        for first in range(0, len(rows), 4 * LANES):
            some = rows[first : first + 4 * LANES]
            padded = np.zeros((2, self.by_column.shape[0], -(-len(some) // LANES) * LANES))
            near, sums = padded
            near[:, : len(some)] = self.by_column[:, some]
            g = np.zeros((len(self.g), padded.shape[2]))
            g[:, : len(some)] = self.g[:, some]
            with one_blas_thread():  # the rows are what threads share
                _add_products(self.of_row, near, g, self.h, sums)
            scores[first : first + len(some)] += sums[:, : len(some)].T


def _weights(shared: _Floats, weights: "Weights") -> _Floats:
    """Return the weight of node z with shared[z, y] internal links."""
    return weights.value[weights.start[:, None] + shared.astype(np.int64)]  # counts, exact


@njit(cache=True, nogil=True)
def _add_products(of_row: "Lists", near: _Floats, g: _Floats, h: _Floats, sums: _Floats) -> None:
    """Add to sums[v, u] what the paths from u, with links near[:, u] and weights g[:, u], bring."""
    widest = 0
    for z2 in range(of_row.start.size - 1):
        widest = max(widest, of_row.start[z2 + 1] - of_row.start[z2])
    weights = np.empty(widest * widest)
    linked, through = np.empty((widest, LANES)), np.empty((widest, LANES))
    for z2 in range(of_row.start.size - 1):
        columns = of_row.node[of_row.start[z2] : of_row.start[z2 + 1]]
        d = columns.size
        if d == 0:
            continue
        inner = weights[: d * d].reshape(d, d)
        for i in range(d):
            line = h[columns[i]]
            for k in range(d):
                inner[i, k] = line[columns[k]]
        for first in range(0, near.shape[1], LANES):
            for k in range(d):
                linked[k] = near[columns[k], first : first + LANES]
            np.dot(inner, linked[:d], through[:d])
            factor = g[z2, first : first + LANES]
            for i in range(d):
                total, product = sums[columns[i], first : first + LANES], through[i]
                for u in range(LANES):
                    total[u] += factor[u] * product[u]
