"""The one place that decides what a legal matrix of links is."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import (
    as_count,
    as_whole,
    check_choice,
    check_flag,
    check_fraction,
    check_generator,
    check_number,
    read_array,
)
from netsci.indices import check_stored

__all__ = [
    "as_count",
    "as_links",
    "as_vector",
    "as_whole",
    "check_choice",
    "check_flag",
    "check_fraction",
    "check_generator",
    "check_graph",
    "check_number",
    "rows_at_once",
]
_BLOCK = 2**20  # places of a dense matrix looked at together


def as_links(matrix: Any, name: str = "links") -> sp.csr_array:
    """Return a boolean, canonical CSR matrix of links, rows presynaptic and columns postsynaptic.

    A sparse matrix keeps its stored pattern, explicit zeros included (a regrown link may weigh exactly
    0 and still exists); a dense array has a link wherever it differs from zero.

    Parameters
    ----------
    matrix : 2-D array or scipy sparse matrix, boolean or numeric, finite.
    name : what the caller calls it, for the error.

    Raises
    ------
    TypeError
        If the argument is not a numeric matrix.
    ValueError
        If it is not two-dimensional, holds NaN or infinite values, or an index of a sparse matrix points
        outside of it.

    Examples
    --------
    >>> as_links([[0.0, -2.0], [0.0, 0.0]]).toarray().tolist()
    [[False, True], [False, False]]
    """
    if sp.issparse(matrix):
        return _find_stored(matrix, name)
    _refuse_graph(matrix, name)
    _refuse_masked(matrix, name)
    dense = read_array(matrix, name)
    if dense.ndim != 2:
        raise ValueError(
            f"{name} must be a matrix [presynaptic, postsynaptic] (2-D); its shape is {dense.shape}"
        )
    _check_values(dense, name)
    return _nonzero_pattern(dense)


def rows_at_once(columns: int) -> int:
    """Return how many rows of so many columns are worked on together: few megabytes, few turns."""
    return max(1, _BLOCK // max(1, columns))


def _find_stored(matrix: Any, name: str) -> sp.csr_array:
    """Return where a sparse matrix stores something, each place once."""
    if matrix.ndim != 2:
        raise ValueError(f"{name} must be a matrix (2-D); its shape is {matrix.shape}")
    stored = matrix if matrix.format in ("csr", "csc", "bsr", "coo") else sp.coo_array(matrix)
    check_stored(stored, name)
    _check_values(stored.data, name)
    stored = stored.tocsr()
    # The structure alone: values that add up to something else, or to zero, are links all the same.
    links = sp.csr_array(
        (np.ones(stored.nnz, dtype=bool), stored.indices[: stored.nnz].copy(), stored.indptr.copy()),
        shape=stored.shape,
    )
    links.sum_duplicates()  # of booleans: any of them
    return links


def _nonzero_pattern(dense: NDArray[Any]) -> sp.csr_array:
    """Return where a dense matrix differs from zero, block by block: 5 bytes a link and no more."""
    rows, columns = dense.shape
    per_row = np.count_nonzero(dense, axis=1)
    indptr = np.concatenate([[0], np.cumsum(per_row)])
    small = max(columns, int(indptr[-1])) < 2**31
    indices = np.empty(int(indptr[-1]), dtype=np.int32 if small else np.int64)
    step = rows_at_once(columns)
    for first in range(0, rows, step):
        last = min(first + step, rows)
        indices[indptr[first] : indptr[last]] = np.nonzero(dense[first:last])[1]
    ones = np.ones(len(indices), dtype=bool)
    return sp.csr_array((ones, indices, indptr.astype(indices.dtype)), shape=dense.shape)


def as_vector(values: Any, name: str) -> NDArray[np.float64]:
    """Return a one-dimensional float64 array of finite numbers, or explain why it cannot be one."""
    _refuse_masked(values, name)
    vector = read_array(values, name)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional; its shape is {vector.shape}")
    _check_values(vector, name)
    return vector.astype(np.float64)


def check_graph(graph: Any) -> None:
    """Raise TypeError unless the argument is a LayeredGraph, and say how to make one."""
    from netsci.graph.layered import LayeredGraph

    if not isinstance(graph, LayeredGraph):
        raise TypeError(
            f"graph must be a LayeredGraph; got {type(graph).__name__}: make one from masks with "
            "LayeredGraph.from_masks, or from an adjacency with LayeredGraph.from_adjacency"
        )


def _refuse_graph(value: Any, name: str) -> None:
    from netsci.graph.layered import LayeredGraph

    mend = ""
    if isinstance(value, LayeredGraph):
        mend = "graph.adjacency(directed=False), or of one layer projection.links"
    elif type(value).__module__.partition(".")[0] == "networkx":
        mend = "networkx.to_scipy_sparse_array(graph), or LayeredGraph by from_networkx"
    elif type(value).__module__.partition(".")[0] == "igraph":
        mend = "graph.get_adjacency_sparse()"
    if mend:
        raise TypeError(f"{name} must be a matrix; got a {type(value).__name__}: pass {mend}")


def _refuse_masked(values: Any, name: str) -> None:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} must be a plain array; numpy would drop the mask of a masked one. Pass its "
            ".filled(0) where masked entries are absent, or its .compressed()"
        )


def _check_values(values: NDArray[Any], name: str) -> None:
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold booleans or real numbers; its dtype is {values.dtype}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{name} holds NaN or infinite values; replace or drop them first")
