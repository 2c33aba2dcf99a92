"""Compiled loops of the integrate-and-fire recursion over time, forward and in reverse.

Arrays are [rows, T, columns], a time series for each (row, column); a constant current is [rows, 1, columns].
Rows are neurons and columns samples, or there is one row and the columns are all neurons of all samples: the
series are independent, and the inner loops run along columns, which lie side by side. Blocks of columns keep
a series in the nearest cache. Nothing here is reordered, so parts of the rows or columns may run on several
threads with the same result.

A block is `width` columns from `first`. Places are unsigned: numba then knows that they do not count from the
end, and a slice for each line would cost more than the line.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.spiking._compiling import compile_exact

BLOCK = 256  # columns that are treated together
SURROGATE_CODES = {"rect": 0, "atan": 1}
ZERO = np.uint64(0)


@compile_exact
def integrate(
    row: Any, first: np.uint64, width: np.uint64, carry: Any, membranes: Any, alpha: Any, theta: Any
) -> None:
    """Put the membranes before the reset of all steps into membranes [T, from 0], from a row of currents.

    carry [width] is room for what is left of a membrane after reset and leak.
    """
    rest = row.dtype.type(0)
    varying = 1 if row.shape[0] > 1 else 0
    carry[:] = rest
    for t in range(membranes.shape[0]):
        now = t * varying
        for i in range(width):
            v = carry[i] + row[now, first + i]
            membranes[t, i] = v
            carry[i] = rest if v >= theta else alpha * v


@compile_exact
def integrate_and_fire(
    row: Any,
    first: np.uint64,
    width: np.uint64,
    carry: Any,
    spikes: Any,
    place: np.uint64,
    alpha: Any,
    theta: Any,
) -> None:
    """Put the spikes of all steps into spikes [T, from place], from a row of currents."""
    rest = row.dtype.type(0)
    zero, one = spikes.dtype.type(0), spikes.dtype.type(1)
    varying = 1 if row.shape[0] > 1 else 0
    carry[:] = rest
    for t in range(spikes.shape[0]):
        now = t * varying
        for i in range(width):
            v = carry[i] + row[now, first + i]
            fired = v >= theta
            spikes[t, place + i] = one if fired else zero
            carry[i] = rest if fired else alpha * v


@compile_exact
def threshold(membranes: Any, width: np.uint64, theta: Any, spikes: Any) -> None:
    """Put 1 where a membrane reaches theta, else 0; both [T, from 0]."""
    zero, one = spikes.dtype.type(0), spikes.dtype.type(1)
    for t in range(membranes.shape[0]):
        for i in range(width):
            spikes[t, i] = one if membranes[t, i] >= theta else zero


@compile_exact
def reverse_atan(
    membranes: Any, of_spikes: Any, t: Any, place: Any, later: Any, alpha: Any, theta: Any, through_reset: Any
) -> None:
    """Turn `later`, the gradient of v[t+1], into that of v[t].

    dv[t] = (dz[t] - alpha v[t] dv[t+1]) slope(v[t] - theta) + (1 - z[t]) alpha dv[t+1]
    """
    zero, one, pi = later.dtype.type(0), later.dtype.type(1), later.dtype.type(np.pi)
    for i in range(np.uint64(later.size)):
        v, back = membranes[t, i], alpha * later[i]
        scaled = pi * (v - theta)
        slope = one / (one + scaled * scaled)
        of_spike = of_spikes[t, place + i] - through_reset * (v * back)
        later[i] = of_spike * slope + (zero if v >= theta else back)


@compile_exact
def reverse_rect(
    membranes: Any, of_spikes: Any, t: Any, place: Any, later: Any, alpha: Any, theta: Any, through_reset: Any
) -> None:
    """Do what `reverse_atan` does with the other slope."""
    zero, one, half = later.dtype.type(0), later.dtype.type(1), later.dtype.type(0.5)
    for i in range(np.uint64(later.size)):
        v, back = membranes[t, i], alpha * later[i]
        slope = one if abs(v - theta) < half else zero
        of_spike = of_spikes[t, place + i] - through_reset * (v * back)
        later[i] = of_spike * slope + (zero if v >= theta else back)


@compile_exact
def put(line: Any, row: Any, t: Any, first: Any) -> None:
    """Put a line into step t of a row, or add it to the only one that there is for a constant current."""
    if row.shape[0] > 1:
        for i in range(np.uint64(line.size)):
            row[t, first + i] = line[i]
    else:
        for i in range(np.uint64(line.size)):
            row[ZERO, first + i] += line[i]


@compile_exact
def reverse(
    membranes: Any,
    of_spikes: Any,
    place: np.uint64,
    later: Any,
    of_row: Any,
    first: np.uint64,
    alpha: Any,
    theta: Any,
    surrogate: int,
    through_reset: Any,
) -> None:
    """Put the gradient of a row of currents, summed over time if it is constant, from that of the spikes.

    Membranes lie from 0, of_spikes from place, of_row from first; later [width] is room for dv, and dI = dv.
    surrogate is one of SURROGATE_CODES; through_reset is 1, or 0 to leave the reset out.
    """
    later[:] = 0
    steps = np.uint64(membranes.shape[0])
    if of_row.shape[0] == 1:
        for i in range(np.uint64(later.size)):
            of_row[ZERO, first + i] = 0
    for passed in range(steps):
        t = steps - np.uint64(1) - passed
        if surrogate == 0:
            reverse_rect(membranes, of_spikes, t, place, later, alpha, theta, through_reset)
        else:
            reverse_atan(membranes, of_spikes, t, place, later, alpha, theta, through_reset)
        put(later, of_row, t, first)


@compile_exact
def scan(
    current: NDArray[Any], spikes: NDArray[Any], alpha: Any, theta: Any, rows: Any, columns: Any
) -> None:
    """Fill spikes [rows, T, columns] within the given ranges of rows and columns."""
    carry = np.empty(BLOCK, current.dtype)
    for r in range(rows[0], rows[1]):
        for start in range(columns[0], columns[1], BLOCK):
            first, width = np.uint64(start), np.uint64(min(BLOCK, columns[1] - start))
            integrate_and_fire(current[r], first, width, carry, spikes[r], first, alpha, theta)


@compile_exact
def scan_membranes(
    current: NDArray[Any], membranes: NDArray[Any], alpha: Any, theta: Any, rows: Any, columns: Any
) -> None:
    """Fill membranes [rows, T, columns], before the reset, within the given ranges."""
    carry = np.empty(BLOCK, current.dtype)
    found = np.empty((membranes.shape[1], BLOCK), current.dtype)
    for r in range(rows[0], rows[1]):
        for start in range(columns[0], columns[1], BLOCK):
            width = min(BLOCK, columns[1] - start)
            integrate(current[r], np.uint64(start), np.uint64(width), carry, found, alpha, theta)
            membranes[r, :, start : start + width] = found[:, :width]


@compile_exact
def scan_back(
    current: NDArray[Any],
    of_spikes: NDArray[Any],
    of_current: NDArray[Any],
    alpha: Any,
    theta: Any,
    surrogate: int,
    through_reset: Any,
    rows: Any,
    columns: Any,
) -> None:
    """Fill the gradient of the current (summed over time if that is constant) from that of the spikes.

    The membranes are computed again from the current: that costs less than to write them and read them back.
    """
    membranes = np.empty((of_spikes.shape[1], BLOCK), current.dtype)
    room = np.empty(BLOCK, current.dtype)
    for r in range(rows[0], rows[1]):
        for start in range(columns[0], columns[1], BLOCK):
            first, width = np.uint64(start), min(BLOCK, columns[1] - start)
            later = room[:width]
            integrate(current[r], first, np.uint64(width), later, membranes, alpha, theta)
            reverse(
                membranes,
                of_spikes[r],
                first,
                later,
                of_current[r],
                first,
                alpha,
                theta,
                surrogate,
                through_reset,
            )
