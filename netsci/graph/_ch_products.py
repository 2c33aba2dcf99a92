"""Path-based Cannistraci-Hebb scores of a dense layer as matrix products, one a row.

For a row u with columns N(u), with g the weights of the rows z2 and h those of the columns z1,

    score[u, v] = sum over z1 in N(u) of h[z1, v] * (sum over z2 of A[z2, z1] g[u, z2] A[z2, v])

and the inner sum for all z1 and v is one product of [d(u), m] with [m, missing links of u]. That takes
d(u) m (n - d(u)) multiplications, many times the paths, but a library of matrix products does about 20 of
them in the time of one step along a path: of a density of about 0.27 on it is more than twice as fast.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

if TYPE_CHECKING:
    from netsci.graph.ch import Weights

_Floats = NDArray[np.float64]

# Multiplications that may stand for one path. Twice as many as break even: below, nothing is changed for
# less than half the time.
_FOR_A_PATH = 10
_LEAST_PATHS = 1e6  # of a row on average: fewer take no longer than the calls of numpy
_MOST_BYTES = 2**28  # for A and h as whole matrices


def pays(links: sp.csr_array, paths: float) -> bool:
    """Return whether products are at least twice as fast as walking these paths, by an estimate of both."""
    m, n = links.shape
    degrees = np.diff(links.indptr).astype(np.float64)
    multiplications = m * float(degrees @ (n - degrees))
    fits = 8 * (m + n) * n <= _MOST_BYTES
    return bool(fits and paths > _LEAST_PATHS * m and _FOR_A_PATH * paths > multiplications)


@dataclass(frozen=True)
class Products:
    """A layer as whole matrices."""

    by_column: _Floats  # [n, m], 0 and 1
    row_weights: "Weights"
    h: _Floats  # [n, n], weight of column z1 on a path that ends at column v

    @classmethod
    def of(cls, links: sp.csr_array, row_weights: "Weights", column_weights: "Weights") -> "Products":
        """Return the matrices of a layer."""
        by_column = np.ascontiguousarray(links.toarray().T, dtype=np.float64)
        internal = (by_column @ by_column.T).astype(np.int64)  # counts, exact
        internal += column_weights.start[:, None]
        return cls(by_column, row_weights, column_weights.value[internal])

    def add_paths(self, rows: NDArray[np.int64], scores: _Floats) -> None:
        """Add to scores[i, v] the sum over the paths from rows[i], at its missing links only."""
        for i, u in enumerate(rows):
            linked = self.by_column[:, u] > 0
            near, missing = np.flatnonzero(linked), np.flatnonzero(~linked)
            beside = self.by_column[near]
            shared = beside.sum(axis=0).astype(np.int64)
            g = self.row_weights.value[self.row_weights.start + shared]
            through = (beside * g) @ self.by_column[missing].T
            scores[i, missing] += np.einsum("zv,zv->v", through, self.h[near][:, missing])
