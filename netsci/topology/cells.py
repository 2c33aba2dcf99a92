"""Convert links to numbers of cells, row * columns + column, and back."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def cells_of(links: sp.csr_array) -> NDArray[np.int64]:
    """Return the cell of every stored link of a canonical CSR matrix, int64, ascending."""
    rows = np.repeat(np.arange(links.shape[0], dtype=np.int64), np.diff(links.indptr))
    return np.asarray(rows * links.shape[1] + links.indices, np.int64)


def links_of(cells: NDArray[Any], shape: tuple[int, int]) -> sp.csr_array:
    """Return the bool canonical CSR matrix with links at these different cells, in any order."""
    rows, columns = np.divmod(np.sort(cells), shape[1])
    start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return sp.csr_array((np.ones(len(cells), bool), columns, start), shape=shape)
