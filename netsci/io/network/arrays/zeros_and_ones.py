"""What the values of an array tell: zeros and ones, full triangles, empty diagonals, pairs of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.io.network.arrays.naming import is_numeric


def is_binary(array: Any) -> bool:
    """Whether an array holds zeros and ones alone, both of them unless it is boolean."""
    if sp.issparse(array) or not is_numeric(array) or array.ndim < 2:
        return False
    if array.dtype.kind == "b":
        return True
    if not np.isin(array.ravel()[:64], (0, 1)).all():  # nearly every weight ends here
        return False
    return bool(((array == 0) | (array == 1)).all()) and bool((array == 0).any()) and bool((array == 1).any())


def is_correlation(array: Any) -> bool:
    """Whether a dense square matrix holds no number on its diagonal, and numbers everywhere else."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.shape[0] != array.shape[1]:
        return False
    if len(array) < 3 or np.isfinite(array.diagonal()).any():
        return False
    return int(np.count_nonzero(~np.isfinite(array))) == len(array)


def may_be_pairs(array: Any) -> bool:
    """Whether a dense array of two or three columns (or rows) could hold node numbers."""
    if not isinstance(array, np.ndarray) or not {2, 3} & set(array.shape) or array.dtype.kind not in "iuf":
        return False
    whole = array.size and np.isfinite(array).all() and (array == np.floor(array)).all()
    return bool(whole and array.min() >= 0 and array.max() > 1)


def is_triangle(array: Any) -> bool:
    """Whether a square array holds one value below its diagonal, on it or not, and another elsewhere."""
    if sp.issparse(array) or array.dtype.kind not in "biuf" or array.ndim < 2:
        return False
    n = array.shape[-1]
    if n < 3 or array.shape[-2] != n or array.size != n * n:
        return False
    square = array.reshape(n, n)
    low, high = square[-1, 0], square[0, -1]
    if low == high or square[1, 0] != low or square[0, 1] != high or square[0, 0] not in (low, high):
        return False
    if not {float(low), float(high)} & {0.0} and not np.isinf([low, high]).any():
        return False
    below = np.tri(n, k=0 if square[0, 0] == low else -1, dtype=bool)
    return bool((square[below] == low).all()) and bool((square[~below] == high).all())
