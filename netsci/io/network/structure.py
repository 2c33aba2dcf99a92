"""From the values of a layer to its links, one block of rows at a time so that large layers cost little.

Structure is an explicit mask, or what a sparse matrix stores, or where a dense array differs from zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

_BLOCK = 2**20  # places looked at together


def structure(values: Any, mask: Any) -> tuple[sp.csr_array, sp.csr_array | None]:
    """Return the links of a layer as canonical bool CSR, and its weights on the same pattern, or None.

    values, mask : [presynaptic, postsynaptic], dense or sparse, or None; boolean values are a mask.
    Weights are float32 where that holds them exactly (up to 16 bits, float32), else float64.
    """
    if mask is None and values is not None and not sp.issparse(values):
        weights = compress(values)
        return _ones_like(weights), None if values.dtype == bool else weights
    links = pattern(values, stored=True) if mask is None else pattern(mask)
    return links, None if values is None or values.dtype == bool else values_on(values, links)


def compress(dense: NDArray[Any]) -> sp.csr_array:
    """Return the values different from zero (NaN too) as canonical CSR with the smallest index type."""
    rows, columns = dense.shape
    dtype = weight_dtype(dense.dtype)
    counts = np.zeros(rows + 1, np.int64)
    places, values = [], []
    step = max(1, _BLOCK // max(columns, 1))
    for first in range(0, rows, step):
        block = np.ascontiguousarray(dense[first : first + step])
        present = block != 0
        counts[first + 1 : first + 1 + len(block)] = np.count_nonzero(present, axis=1)
        places.append(np.nonzero(present)[1].astype(np.int32))  # a side is at most 10^7
        values.append(block[present].astype(dtype, copy=False))
    indptr = np.cumsum(counts)
    indptr = indptr.astype(np.int32) if indptr[-1] < 2**31 else indptr
    matrix = sp.csr_array((_join(values, dtype), _join(places, np.dtype(np.int32)), indptr), dense.shape)
    matrix.has_canonical_format = True
    return matrix


def pattern(matrix: Any, *, stored: bool = False) -> sp.csr_array:
    """Return canonical bool CSR: where a mask differs from zero, or all that a sparse matrix stores."""
    if not sp.issparse(matrix):
        return _ones_like(compress(matrix))
    coo = sp.coo_array(matrix)
    rows, columns = coo.row, coo.col
    if not stored:
        rows, columns = rows[coo.data != 0], columns[coo.data != 0]
    links = sp.csr_array(sp.coo_array((np.ones(len(rows), np.int32), (rows, columns)), shape=coo.shape))
    links.sum_duplicates()
    return _ones_like(links)


def values_on(values: Any, links: sp.csr_array) -> sp.csr_array:
    """Return values at the links as CSR: 0 where a sparse matrix stores none; duplicates add up."""
    dtype = weight_dtype(values.dtype)
    if sp.issparse(values):
        from netsci.graph.projection import values_at

        summed = sp.csr_array(values.astype(dtype))
        summed.sum_duplicates()
        return values_at(summed, links)
    data = np.empty(links.nnz, dtype)
    step = max(1, _BLOCK // max(links.shape[1], 1))
    for first in range(0, links.shape[0], step):
        ends = links.indptr[first : first + step + 1]
        rows = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        data[ends[0] : ends[-1]] = values[first : first + step][rows, links.indices[ends[0] : ends[-1]]]
    return sp.csr_array((data, links.indices, links.indptr), shape=links.shape)


def weight_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return bool for bool, float32 for all that float32 holds exactly, else float64."""
    if dtype.kind == "b":
        return np.dtype(bool)
    exact = dtype.itemsize <= 2 or dtype == np.float32
    return np.dtype(np.float32 if exact else np.float64)


def in_groups(matrix: Any, groups: int) -> sp.csr_array:
    """Return a grouped convolution's [rows of one group, out] as CSR [rows of all groups, out].

    Column j belongs to group j // (out / groups), whose rows follow those of the groups before.
    """
    weights = matrix if sp.issparse(matrix) else compress(matrix)
    coo = sp.coo_array(weights)
    rows, columns = weights.shape
    group = coo.col.astype(np.int64) // (columns // groups)
    shape = (rows * groups, columns)
    return sp.csr_array(sp.coo_array((coo.data, (coo.row + group * rows, coo.col)), shape=shape))


def channels_first(matrix: Any, channels: int) -> Any:
    """Return rows flattened as position x channel in the order channel x position."""
    rows = matrix.shape[0]
    order = np.arange(rows).reshape(rows // channels, channels).T.ravel()
    return sp.csr_array(matrix)[order] if sp.issparse(matrix) else matrix[order]


def _ones_like(matrix: sp.csr_array) -> sp.csr_array:
    links = sp.csr_array(
        (np.ones(matrix.nnz, bool), matrix.indices, matrix.indptr), shape=matrix.shape, copy=False
    )
    links.has_canonical_format = True
    return links


def _join(parts: list[NDArray[Any]], dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)
