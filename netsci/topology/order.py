"""Choose by value, the same links on every machine: among equal values those of the lowest cell go first.

The number of a cell is row * columns + column. Methods that read weights or gradients choose so; draws by
chance are in `netsci.topology.sampling`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.topology.streamed import best_of_rows
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
    beside some k numbers. Among equal ones the lowest cells are taken.

    view : with a gradient. k : number of cells; all missing ones if there are fewer. int64 [k].

    Raises ValueError if the gradient was not kept, or is infinite or NaN.

    Source: RigL (Evci et al., ICML 2020), whose dense gradient this is.
    """
    rows, columns = view.links.shape
    missing = rows * columns - view.links.nnz
    return best_of_rows(lambda: _slopes(view), view.links, max(0, min(k, missing)), rng=None)[0]


def _slopes(view: LayerView) -> Iterator[tuple[sp.csr_array, NDArray[Any]]]:
    """Yield the links of some rows at a time, and |gradient| of all their cells."""
    rows, columns = view.links.shape
    step = max(1, IN_BLOCK // max(1, columns))
    for first in range(0, rows, step):
        yield view.links[first : first + step], _slope(view, np.arange(first, min(first + step, rows)))


def _slope(view: LayerView, rows: _Cells) -> NDArray[Any]:
    slope: NDArray[Any] = np.abs(view.gradient(rows))
    if not slope.max(initial=0.0) < np.inf:
        raise ValueError(f"the gradient of layer {view.name!r} must be finite: lower lr, or set clip")
    return slope


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
