"""Path-based Cannistraci-Hebb scores of a dense layer as matrix products, one a row in the middle of paths.

A path u-z1-z2-v weighs g[z2, u] h[v, z1]. With N(z2) the columns of the row z2 and A the links as 0 and 1,

    score[u, v] = sum over z2 of g[z2, u] * (sum over z1 in N(z2) of h[v, z1] A[u, z1]),  v in N(z2)

and the inner sum, for the v in N(z2) and many u at once, is a product of [d, d] with [d, rows], d = d(z2).
In a layer of density p that takes 1 / p times as many multiplications as there are paths, of which about 12
take the time of one step along a path. The products are loops of our own: as fast as those of a library at
this shape, and their sums go in one order whatever the rows and the threads.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.compiling import njit
from netsci.graph.processors import one_blas_thread

if TYPE_CHECKING:
    from netsci.graph.ch.inputs import Lists, Weights

_Floats = NDArray[np.float64]

_FOR_A_PATH = 6  # multiplications that may stand for one path: half of those that take as long
_FOR_A_WEIGHT = 300  # multiplications that take as long as an entry of g or h
_MOST_BYTES = 2**28  # for the three whole matrices
_TOGETHER = 64  # rows u of one product: their lines stay in the first cache


def pays(links: sp.csr_array, paths: float) -> bool:
    """Return whether products are at least twice as fast as walking these paths, by an estimate of both."""
    m, n = links.shape
    degrees = np.diff(links.indptr).astype(np.float64)
    multiplications = m * float(degrees @ degrees) + _FOR_A_WEIGHT * (m * m + n * n)
    return bool(8 * (m * n + n * n + m * m) <= _MOST_BYTES and _FOR_A_PATH * paths > multiplications)


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
        with one_blas_thread():
            g, h = by_column.T @ by_column, by_column @ by_column.T  # internal links: counts, exact
        _weigh(g, row_weights, False)
        _weigh(h, column_weights, True)
        return cls(of_row, by_column, g, h)

    def add_paths(self, rows: NDArray[np.int64], scores: _Floats) -> None:
        """Add to scores[i, v] the sum over the paths from rows[i]; at links it is without meaning."""
        linked, g = (np.take(matrix, rows, axis=1) for matrix in (self.by_column, self.g))
        sums = np.zeros(scores.shape[::-1])
        _add_products(self.of_row, linked, g, self.h, sums)
        scores += sums.T


@njit(cache=True, nogil=True)
def _weigh(shared: _Floats, weights: "Weights", by_column: bool) -> None:
    """Put the weight of node z in the place of shared[z, y] internal links, or of shared[y, z]."""
    for i in range(shared.shape[0]):
        line = shared[i]
        for j in range(line.size):
            z = j if by_column else i
            line[j] = weights.value[weights.start[z] + np.int64(line[j])]


@njit(cache=True, nogil=True)
def _add_products(of_row: "Lists", linked: _Floats, g: _Floats, h: _Floats, sums: _Floats) -> None:
    """Add to sums[v, u] what the paths from u, with links linked[:, u] and weights g[:, u], bring."""
    widest = 0
    for z2 in range(of_row.start.size - 1):
        widest = max(widest, of_row.start[z2 + 1] - of_row.start[z2])
    widest = -(-widest // 4) * 4
    left, right = np.empty(widest * widest), np.zeros((widest, _TOGETHER))
    product = np.empty((widest, _TOGETHER))
    for z2 in range(of_row.start.size - 1):
        columns = of_row.node[of_row.start[z2] : of_row.start[z2 + 1]]
        d = columns.size
        whole = -(-d // 4) * 4  # the last weights are 0, whatever the last lines of `right` hold
        inner = left[: whole * whole].reshape(whole, whole)
        inner[:] = 0.0
        for i in range(d):
            line = h[columns[i]]
            for k in range(d):
                inner[i, k] = line[columns[k]]
        for first in range(0, linked.shape[1], _TOGETHER):
            count = min(_TOGETHER, linked.shape[1] - first)
            for k in range(d):
                right[k, :count] = linked[columns[k], first : first + count]
            _multiply(inner, right, count, product)
            factor = g[z2, first : first + count]
            for i in range(d):
                total, part = sums[columns[i], first : first + count], product[i]
                for u in range(count):
                    total[u] += factor[u] * part[u]


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def _multiply(left: _Floats, right: _Floats, count: int, product: _Floats) -> None:
    """Set product[i, u] = sum over k of left[i, k] right[k, u] for the first `count` u; four by four."""
    for i in range(0, left.shape[0], 4):
        p, q, r, s = product[i], product[i + 1], product[i + 2], product[i + 3]
        a, b, c, d = left[i], left[i + 1], left[i + 2], left[i + 3]
        product[i : i + 4] = 0.0
        for k in range(0, left.shape[0], 4):
            a0, a1, a2, a3 = a[k], a[k + 1], a[k + 2], a[k + 3]
            b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
            c0, c1, c2, c3 = c[k], c[k + 1], c[k + 2], c[k + 3]
            d0, d1, d2, d3 = d[k], d[k + 1], d[k + 2], d[k + 3]
            for u in range(count):
                w, x, y, z = right[k, u], right[k + 1, u], right[k + 2, u], right[k + 3, u]
                p[u] += (a0 * w + a1 * x) + (a2 * y + a3 * z)
                q[u] += (b0 * w + b1 * x) + (b2 * y + b3 * z)
                r[u] += (c0 * w + c1 * x) + (c2 * y + c3 * z)
                s[u] += (d0 * w + d1 * x) + (d2 * y + d3 * z)
