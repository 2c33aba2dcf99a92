"""The one place that decides which entries of a weight array count, and what a legal entry is."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import read_array
from netsci.indices import check_stored


class Cells(NamedTuple):
    """The stored entries of a matrix that count, and how many places count in each row and column."""

    magnitudes: NDArray[np.float64]
    rows: NDArray[np.integer[Any]]
    columns: NDArray[np.integer[Any]]
    counted_in_rows: NDArray[np.integer[Any]]
    counted_in_columns: NDArray[np.integer[Any]]


def as_array(w: Any, name: str = "w") -> Any:
    """Return a coo_array without duplicates or a numpy array; raise unless it holds real numbers."""
    if sp.issparse(w):
        check_stored(w, name)
        stored = sp.coo_array(w)  # a new object: what follows leaves w as it was
        stored.sum_duplicates()
        _check_type(stored.dtype, name)
        return stored
    if isinstance(w, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a numpy masked array; pass {name}.filled(0) with mask=~numpy.ma.getmaskarray({name})"
        )
    dense = read_array(w, name)
    if dense.size:  # an empty list has no type of its own
        _check_type(dense.dtype, name)
    return dense


def select_entries(w: Any, mask: Any = None, name: str = "w") -> tuple[NDArray[np.float64], int]:
    """Return the magnitudes of the entries that count, zeros in part left out, and how many entries count."""
    array = as_array(w, name)
    if mask is None:
        values, count = (array.data if sp.issparse(array) else array.ravel()), int(np.prod(array.shape))
    else:
        kept = _as_mask(mask, array, name)
        values, count = _under(array, kept)[0], int(kept.sum())
    if count == 0:
        why = "is empty" if mask is None else "has no entry that the mask keeps"
        raise ValueError(f"{name} {why}; the sparsity index needs at least one entry")
    return magnitudes(values, name), count


def cells(w: Any, mask: Any = None, name: str = "w") -> Cells:
    """Return the entries of a matrix that count, with the numbers of places in every row and column."""
    array = as_array(w, name)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must be a matrix [presynaptic, postsynaptic] (2-D) to have rows and columns; "
            f"its shape is {array.shape}"
        )
    n_rows, n_columns = array.shape
    if not n_rows or not n_columns:
        raise ValueError(f"{name} must have rows and columns; its shape is {array.shape}: leave it out")
    if mask is None:
        kept = sp.coo_array(array)
        values, (rows, columns) = kept.data, kept.coords
        in_rows, in_columns = np.full(n_rows, n_columns), np.full(n_columns, n_rows)
    else:
        alive = _as_mask(mask, array, name)
        values, (rows, columns) = _under(array, alive)
        counted_rows, counted_columns = alive.coords if sp.issparse(alive) else alive.nonzero()
        in_rows = np.bincount(counted_rows, minlength=n_rows)
        in_columns = np.bincount(counted_columns, minlength=n_columns)
    return Cells(magnitudes(values, name), rows, columns, in_rows, in_columns)


def magnitudes(values: NDArray[Any], name: str = "w") -> NDArray[np.float64]:
    """Return absolute values as float64, or explain why they cannot be had."""
    # float64 before abs: the magnitude of the lowest integer of a type does not fit that type
    found = np.abs(values.astype(np.float64))
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds NaN or infinite values; replace or drop them first")
    return found


def _check_type(dtype: np.dtype[Any], name: str) -> None:
    if dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold booleans or real numbers; its dtype is {dtype}")


def _as_mask(mask: Any, array: Any, name: str) -> Any:
    """Return a boolean numpy array, or a csr_array of true entries only, of the array's shape."""
    kept: Any = mask if sp.issparse(mask) else read_array(mask, "mask")
    if kept.dtype != np.bool_:
        raise TypeError(
            f"mask must be boolean, true where an entry counts; its dtype is {kept.dtype}. "
            "Write mask != 0 to count nonzero entries"
        )
    if kept.shape != array.shape:
        turned = "; it seems transposed" if kept.shape[::-1] == array.shape else ""
        raise ValueError(f"mask must have the shape of {name}, {array.shape}; it has {kept.shape}{turned}")
    if not sp.issparse(mask):
        return kept
    check_stored(kept, "mask")
    stored = sp.coo_array(kept)
    stored.sum_duplicates()
    stored.eliminate_zeros()
    return stored


def _under(array: Any, kept: Any) -> tuple[NDArray[Any], tuple[NDArray[Any], ...]]:
    """Return the entries under the mask and their places; of a sparse array the stored ones only."""
    if not sp.issparse(array):
        places = kept.coords if sp.issparse(kept) else kept.nonzero()
        return array[places], places
    if sp.issparse(kept):  # not a product with the mask: NaN times False would stay NaN
        here, there = (np.ravel_multi_index(found.coords, array.shape) for found in (array, kept))
        alive = np.isin(here, there)
    else:
        alive = kept[array.coords]
    return array.data[alive], tuple(places[alive] for places in array.coords)
