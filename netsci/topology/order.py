"""Choose by value, the same links on every machine: among equal values those of the lowest cell go first.

The number of a cell is row * columns + column. Methods that read weights or gradients choose so; draws by
chance are in `netsci.topology.sampling`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.topology.cells import cells_of
from netsci.topology.view import LayerView

IN_BLOCK = 2**19  # cells whose gradient is formed at once
_Cells = NDArray[np.int64]


def smallest(values: NDArray[Any], k: int) -> NDArray[np.bool_]:
    """Return which of the values are the k smallest; among equal ones the first count as smaller.

    values : real numbers [n], without NaN. k : whole number, taken as 0 below 0 and as n above n. Returns
    bool [n].

    Examples
    --------
    >>> smallest(np.array([2.0, 1.0, 3.0, 1.0, 1.0]), 2).tolist()
    [False, True, False, True, False]
    """
    if k <= 0 or k >= len(values):
        return np.full(len(values), k > 0)
    last = np.partition(values, k - 1)[k - 1]
    chosen = np.asarray(values < last)
    chosen[np.flatnonzero(values == last)[: k - int(np.count_nonzero(chosen))]] = True
    return chosen


def steepest_missing(view: LayerView, k: int) -> _Cells:
    """Return the k missing cells with the largest |gradient of the loss|, ascending.

    The gradient is that of a dense layer. It is formed for a block of rows at a time: memory is one block
    beside k numbers. Among equal ones the lowest cells are taken.

    view : with a gradient. k : number of cells; all missing ones if there are fewer. int64 [k].

    Raises ValueError if the gradient was not kept, or is infinite or NaN.

    Source: RigL (Evci et al., ICML 2020), whose dense gradient this is.
    """
    rows, columns = view.links.shape
    present, step = cells_of(view.links), max(1, IN_BLOCK // max(1, columns))
    cells, slopes, least = np.zeros(0, np.int64), np.zeros(0), -1.0
    for first in range(0, rows if k > 0 else 0, step):
        block = np.arange(first, min(first + step, rows))
        slope = np.abs(view.gradient(block)).ravel()
        if not slope.max(initial=0.0) < np.inf:
            raise ValueError(f"the gradient of layer {view.name!r} must be finite: lower lr, or set clip")
        begin = first * columns
        low, high = np.searchsorted(present, (begin, begin + len(slope)))
        slope[present[low:high] - begin] = -1.0
        new = np.flatnonzero(slope > least)  # an equal one in a later cell stays behind
        cells, slopes = np.concatenate([cells, new + begin]), np.concatenate([slopes, slope[new]])
        if len(cells) > k:
            best = smallest(-slopes, k)
            cells, slopes = cells[best], slopes[best]
            least = float(slopes.min())
    return cells


def gradient_at_links(view: LayerView) -> NDArray[np.float64]:
    """Return the gradient of the loss at every link, float64 [links] in CSR order, by blocks of rows.

    Raises ValueError if the gradient was not kept.
    """
    links = view.links
    rows, columns = links.shape
    step, found = max(1, IN_BLOCK // max(1, columns)), np.zeros(links.nnz)
    for first in range(0, rows, step):
        block = np.arange(first, min(first + step, rows))
        slope = view.gradient(block)
        begin, end = links.indptr[first], links.indptr[block[-1] + 1]
        row = np.repeat(np.arange(len(block)), np.diff(links.indptr[first : block[-1] + 2]))
        found[begin:end] = slope[row, links.indices[begin:end]]
    return found
