"""How unequal are the entries of a weight array: the sparsity index I(W), also known as the PQ index."""

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def sparsity_index(w: Any, *, p: float = 0.5, q: float = 1.0) -> float:
    """Return the sparsity index I(W), which is 0 when all magnitudes are equal and grows towards 1.

    I(W) = 1 - d^(1/q - 1/p) ||W||_p / ||W||_q with ||W||_r = (sum |w|^r)^(1/r), over all d entries,
    zeros included. One entry of d alone gives 1 - d^(1/q - 1/p); k equal entries among d give
    1 - (k/d)^(1/p - 1/q). Multiplying all entries by a number, permuting them or repeating the whole
    array leaves the value unchanged; appending zeros raises it.

    Parameters
    ----------
    w : array of real numbers or booleans, any shape (flattened), or a scipy sparse matrix, whose absent
        entries count as zeros. For the index of the existing links alone pass their weights only.
    p, q : finite orders with 0 < p < q, no unit.

    Returns
    -------
    float in [0, 1 - d^(1/q - 1/p)], no unit; 1.0 by definition when every entry is zero, where the formula
    gives 0/0.

    Raises
    ------
    TypeError
        If the entries are not real numbers.
    ValueError
        If w is empty or holds NaN or infinite values, or unless 0 < p < q < infinity.

    Examples
    --------
    >>> sparsity_index([10, 0, 0, 0])
    0.75
    >>> sparsity_index([[5.0, 5.0], [0.0, 0.0]])
    0.5

    Source: S3, the sparsity index I(W); Diao et al., ICLR 2023 (the PQ index).
    Reading: S3 A.2 prints 2^(1/p - 1/q) < 1; it is > 1, and only then does its conclusion follow. The
    authors of the PQ index give a zero array 0; here it is wholly sparse, hence 1.
    """
    if not (0 < p < q < math.inf):
        raise ValueError(f"p and q must satisfy 0 < p < q < infinity; got p={p!r}, q={q!r}")
    magnitudes, count = _magnitudes(w)
    largest = float(magnitudes.max(initial=0.0))
    if largest == 0.0:
        return 1.0
    scaled = magnitudes[magnitudes > 0] / largest  # else p-th powers underflow for tiny weights
    # Power means instead of norms: d enters each mean, so neither factor can overflow for small p.
    mean_p = float(np.sum(scaled**p)) / count
    mean_q = float(np.sum(scaled**q)) / count
    index: float = 1.0 - mean_p ** (1.0 / p) / mean_q ** (1.0 / q)
    return max(0.0, index)  # equal magnitudes may round to -1e-16; the power-mean inequality forbids it


def _magnitudes(w: Any) -> tuple[NDArray[np.float64], int]:
    """Return the stored magnitudes as a float64 vector and the number of entries they stand for."""
    if sp.issparse(w):
        stored = sp.coo_array(w)
        stored.sum_duplicates()
        values, count = stored.data, math.prod(stored.shape)
    else:
        values = np.asarray(w).ravel()
        count = values.size
    if count == 0:
        raise ValueError("w is empty; the sparsity index needs at least one entry")
    if values.dtype.kind not in "biuf":
        raise TypeError(f"w must hold booleans or real numbers; its dtype is {values.dtype}")
    # float64 before abs: the magnitude of the lowest integer of a type does not fit that type
    magnitudes = np.abs(values.astype(np.float64))
    if not np.isfinite(magnitudes).all():
        raise ValueError("w holds NaN or infinite values; replace or drop them first")
    return magnitudes, count
