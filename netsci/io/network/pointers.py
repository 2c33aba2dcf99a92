"""The indices of compressed sparse matrices, checked before compiled code follows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netsci.indices import find_wrong_index
from netsci.io.errors import CheckpointError


def check_pointers(path: Path, name: str, pointers: Any, places: Any, shape: tuple[int, int]) -> None:
    """Raise CheckpointError unless pointers and places are those of a matrix in CSR form.

    Parameters
    ----------
    pointers : whole numbers [rows + 1] that begin with 0, never fall and end with the number of places.
    places : whole numbers [entries], columns from 0.
    shape : rows and columns; of CSC columns and rows, of blocks the numbers of them.
    """
    wrong = find_wrong_index(np.asarray(pointers), np.asarray(places), *shape)
    if wrong:
        raise CheckpointError(
            path, f"the sparse matrix {name} is damaged: {wrong}", "fetch it again, or save it as CSR again"
        )
