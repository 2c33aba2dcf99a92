"""The indices of compressed sparse matrices, checked before compiled code follows them.

Not left to `check_format` of scipy: where no entry is stored it does not look at the order of the pointers,
and a conversion then reads and writes outside its arrays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netsci.io.errors import CheckpointError


def check_pointers(path: Path, name: str, pointers: Any, places: Any, shape: tuple[int, int]) -> None:
    """Raise CheckpointError unless pointers and places are those of a matrix in CSR form.

    Parameters
    ----------
    pointers : whole numbers [rows + 1] that begin with 0, never fall and end with the number of places.
    places : whole numbers [entries], columns from 0.
    shape : rows and columns; of CSC columns and rows, of blocks the numbers of them.
    """
    wrong = _wrong(np.asarray(pointers), np.asarray(places), *shape)
    if wrong:
        raise CheckpointError(
            path, f"the sparse matrix {name} is damaged: {wrong}", "fetch it again, or save it as CSR again"
        )


def _wrong(pointers: Any, places: Any, rows: int, columns: int) -> str:
    if pointers.dtype.kind not in "iu" or places.dtype.kind not in "iu":
        return "its indices are not whole numbers"
    if pointers.shape != (rows + 1,) or places.ndim != 1:
        return f"it has {pointers.size:,} pointers for {rows:,} rows"
    # Compared and not subtracted: unsigned differences are never negative.
    if pointers[0] != 0 or (pointers[1:] < pointers[:-1]).any() or pointers[-1] != len(places):
        return f"its pointers do not run from 0 to its {len(places):,} entries"
    if len(places) and not (places.min() >= 0 and places.max() < columns):
        return "an index points outside it"
    return ""
