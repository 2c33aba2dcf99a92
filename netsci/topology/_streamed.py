"""Compiled loop that picks the high scores of a block of rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit


@njit(cache=True, nogil=True)
def pick_missing(
    scores: NDArray[Any],
    start: NDArray[Any],
    column: NDArray[Any],
    low: float,
    strict: bool,
    first: int,
    row: int,
    cells: NDArray[np.int64],
    values: NDArray[np.float64],
    found: int,
) -> tuple[int, int]:
    """Write the missing cells with a score above `low`, or equal to it unless strict, after those `found`.

    start, column : the links of these rows, as a CSR matrix holds them. first : number of the first cell.
    Begins with `row` and ends where another row might not fit. Returns the next row and the number found, or
    row -1 if a score is negative or not finite.
    """
    while row < scores.shape[0] and found + scores.shape[1] <= cells.size:
        line = scores[row]
        begin = 0
        for k in range(start[row], start[row + 1] + 1):
            end = int(column[k]) if k < start[row + 1] else line.size
            for j in range(begin, end):
                score = line[j]
                if not (score >= 0.0 and score < np.inf):
                    return -1, found
                if score > low or (score == low and not strict):
                    cells[found] = first + row * line.size + j
                    values[found] = score
                    found += 1
            begin = int(end) + 1
        row += 1
    return row, found
