"""The indices of sparse matrices, checked before compiled code follows them: a wrong one ends the process."""

from typing import Any

import scipy.sparse as sp
from numpy.typing import NDArray


def check_stored(matrix: Any, name: str) -> None:
    """Raise ValueError if an index of a sparse matrix points outside of it: compiled code would follow it.

    Examples
    --------
    >>> matrix = sp.csr_array([[0, 1], [1, 1]])
    >>> matrix.indices += 1
    >>> check_stored(matrix, "mask")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: mask is no legal sparse matrix of 2 x 2: an index points outside of it...
    """
    wrong = ""
    if matrix.ndim != 2:
        raise ValueError(f"{name} must be a matrix (2-D); its shape is {matrix.shape}")
    if matrix.format not in ("csr", "csc", "bsr", "coo"):
        matrix = sp.coo_array(matrix)
    if matrix.format != "coo":
        sides = [side // block for side, block in zip(matrix.shape, _block(matrix), strict=True)]
        last = int(matrix.indptr[-1]) if len(matrix.indptr) else 0
        places = matrix.indices[: max(last, 0)]  # scipy allows room for more after the last one
        rows, columns = sides[::-1] if matrix.format == "csc" else sides
        wrong = find_wrong_index(matrix.indptr, places, rows, columns)
        if not wrong and len(matrix.data) < last:
            wrong = f"it has {len(matrix.data):,} values for {last:,} indices"
    else:
        for side, places in zip(matrix.shape, matrix.coords, strict=True):
            if len(places) != len(matrix.data):
                wrong = f"it has {len(matrix.data):,} values for {len(places):,} indices"
            elif _leave(places, side):
                wrong = "an index points outside of it"
    if wrong:
        rows, columns = matrix.shape
        raise ValueError(
            f"{name} is no legal sparse matrix of {rows} x {columns}: {wrong}. Indices count from 0 ("
            "subtract 1 where they count from 1); make or read the matrix again"
        )


def find_wrong_index(pointers: Any, places: Any, rows: int, columns: int) -> str:
    """Return what is wrong with the indices of a matrix in CSR form; "" if nothing is.

    Not left to `check_format` of scipy: where no entry is stored it does not look at the order of the
    pointers, and a conversion then reads and writes outside its arrays.

    pointers : whole numbers [rows + 1] that begin with 0, never fall and end with the number of places.
    places : whole numbers [entries], columns from 0.
    """
    if pointers.dtype.kind not in "iu" or places.dtype.kind not in "iu":
        return "its indices are not whole numbers"
    if pointers.shape != (rows + 1,) or places.ndim != 1:
        return f"it has {pointers.size:,} pointers for {rows:,} rows"
    # Compared and not subtracted: unsigned differences are never negative.
    if pointers[0] != 0 or (pointers[1:] < pointers[:-1]).any() or pointers[-1] != len(places):
        return f"its pointers do not run from 0 to its {len(places):,} entries"
    return "an index points outside of it" if _leave(places, columns) else ""


def _leave(places: NDArray[Any], side: int) -> bool:
    """Return whether an index lies outside of [0, side)."""
    if not len(places):
        return False
    if places.dtype.kind not in "iu":
        return True
    # Seen as unsigned, a negative index is a large one: one look at each.
    return int(places.view(places.dtype.str.replace("i", "u")).max()) >= side


def _block(matrix: Any) -> tuple[int, int]:
    return matrix.blocksize if matrix.format == "bsr" else (1, 1)
