"""Choose links so that every column has a wanted number of them: columns are outputs, rows their inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.topology.cells import cells_of
from netsci.topology.order import IN_BLOCK
from netsci.topology.view import LayerView


def constant_fan_in(
    links: sp.csr_array, strength: NDArray[Any], keep: NDArray[np.bool_], most: int
) -> NDArray[np.bool_]:
    """Return which of the kept links stay if a column may hold at most some, its strongest.

    links : bool CSR. strength, keep : of every link, in CSR order. Among equal ones the lowest rows go first.

    Examples
    --------
    >>> links = sp.csr_array(np.ones((3, 2), bool))
    >>> constant_fan_in(links, np.array([1, 6, 5, 2, 3, 4]), np.ones(6, bool), 2).tolist()
    [False, True, True, False, True, True]
    """
    places = np.flatnonzero(keep)
    rank = _rank(links.indices[places], -np.asarray(strength, np.float64)[places], -places)
    left = np.zeros(len(keep), bool)
    left[places[rank < most]] = True
    return left


def steepest_of_columns(view: LayerView, need: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each column, its missing cells with the largest |gradient|, ascending cells in all.

    need : int [columns], how many cells of each. The gradient is formed in blocks of rows; memory is one
    block beside the chosen cells. Among equal ones the lowest rows are taken. Raises ValueError if the
    gradient was not kept, or is infinite or NaN.
    """
    rows, columns = view.links.shape
    present, step = cells_of(view.links), max(1, IN_BLOCK // max(1, columns))
    need = np.maximum(need, 0)
    least = np.where(need > 0, -1.0, np.inf)  # of a full column: later cells must be steeper
    cells, slopes = np.zeros(0, np.int64), np.zeros(0)
    for first in range(0, rows if need.any() else 0, step):
        block = np.arange(first, min(first + step, rows))
        slope = np.abs(view.gradient(block))
        if not slope.max(initial=0.0) < np.inf:
            raise ValueError(f"the gradient of layer {view.name!r} must be finite: lower lr, or set clip")
        begin, flat = first * columns, slope.ravel()
        low, high = np.searchsorted(present, (begin, begin + len(flat)))
        flat[present[low:high] - begin] = -1.0
        new = np.flatnonzero(slope > least)
        cells, slopes = np.concatenate([cells, new + begin]), np.concatenate([slopes, flat[new]])
        column = cells % columns
        best = _rank(column, -slopes, cells) < need[column]
        cells, slopes, column = cells[best], slopes[best], column[best]
        full = np.bincount(column, minlength=columns) >= need
        lowest = np.full(columns, np.inf)
        np.minimum.at(lowest, column, slopes)
        least = np.where(full, lowest, least)
    return np.sort(cells)


def _rank(column: NDArray[Any], first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rank of each entry within its column, by two keys, the lowest first."""
    order = np.lexsort((second, first, column))
    sizes = np.bincount(column) if len(column) else np.zeros(0, np.int64)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    rank = np.empty(len(column), np.int64)
    rank[order] = np.arange(len(column)) - starts
    return rank
