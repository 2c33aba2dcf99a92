"""Convert links to numbers of cells, row * columns + column, and back."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import as_whole, check_iterable


def cells_of(links: sp.csr_array) -> NDArray[np.int64]:
    """Return the cell of every stored link of a canonical CSR matrix, int64, ascending."""
    rows = np.repeat(np.arange(links.shape[0], dtype=np.int64), np.diff(links.indptr))
    return np.asarray(rows * links.shape[1] + links.indices, np.int64)


def links_of(cells: NDArray[Any], shape: tuple[int, int]) -> sp.csr_array:
    """Return the bool canonical CSR matrix with links at these different cells, in any order."""
    rows, columns = np.divmod(np.sort(cells), shape[1])
    start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return sp.csr_array((np.ones(len(cells), bool), columns, start), shape=shape)


def check_shape(shape: tuple[int, int], links: int) -> tuple[tuple[int, int], int]:
    """Return both as plain integers; raise ValueError unless the links fit into the shape."""
    check_iterable(shape, "shape", "(rows, columns)")
    sides = [as_whole(side, "rows and columns of shape") for side in shape]
    if len(sides) != 2 or min(sides) < 1:
        raise ValueError(f"shape must be (rows, columns), both at least 1; got {shape!r}")
    count = as_whole(links, "links")
    if not 0 <= count <= sides[0] * sides[1]:
        raise ValueError(
            f"links must lie in [0, {sides[0] * sides[1]}], the cells of {shape}; got {links}: links_at "
            "counts them"
        )
    return (sides[0], sides[1]), count
