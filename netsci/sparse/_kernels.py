"""Compiled loops of a sparse layer on arrays with one row for each neuron and one column for each sample.

`start` and `index` hold the links as a CSR matrix does: those of row r are start[r] to start[r + 1]. Every
kernel treats rows first to last on one thread and releases the interpreter lock. What it writes belongs to
these rows alone, and each sum runs in the order of the links, so the split into threads changes no bit.
Products may be fused with the sum that they enter; a sum over samples is taken in vector lanes.

Links are taken four at a time: a quarter of the passes over the row that is written. Elements are indexed in
place, for a view of each row costs as much as a link with twenty samples.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from netsci.compiling import njit

BLOCK = 1024  # samples that `gather` treats together, so that the rows which it reads again stay near
Kernel = Callable[..., Any]


def compile_sum(kernel: Kernel) -> Kernel:
    """Compile a kernel that adds up links."""
    made: Kernel = njit(cache=True, nogil=True, fastmath={"contract"})(kernel)
    return made


def compile_in_lanes(kernel: Kernel) -> Kernel:
    """Compile a kernel that adds up samples, in an order that suits vector registers, always the same."""
    made: Kernel = njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})(kernel)
    return made


@compile_sum
def gather(
    first: int, last: int, start: Any, index: Any, place: Any, values: Any, offset: Any, x: Any, y: Any
) -> None:
    """Set y[r] to offset[r] plus the sum over the links k of row r of values[place[k]] x[index[k]]."""
    for begin in range(0, y.shape[1], BLOCK):
        # Unsigned: numba then knows that places do not count from the end, and the loops fill vectors.
        o, width = np.uint64(begin), np.uint64(min(BLOCK, y.shape[1] - begin))
        for r in range(first, last):
            k, stop = start[r], start[r + 1]
            fours = k + (stop - k) % 4
            if fours == k:  # links beyond fours come first, in the pass that fills the row
                for n in range(width):
                    y[r, o + n] = offset[r]
            elif fours == k + 1:
                wa, a = values[place[k]], index[k]
                for n in range(width):
                    y[r, o + n] = offset[r] + wa * x[a, o + n]
            elif fours == k + 2:
                wa, wb, a, b = values[place[k]], values[place[k + 1]], index[k], index[k + 1]
                for n in range(width):
                    y[r, o + n] = offset[r] + (wa * x[a, o + n] + wb * x[b, o + n])
            else:
                wa, wb, wc = values[place[k]], values[place[k + 1]], values[place[k + 2]]
                a, b, c = index[k], index[k + 1], index[k + 2]
                for n in range(width):
                    y[r, o + n] = (offset[r] + wa * x[a, o + n]) + (wb * x[b, o + n] + wc * x[c, o + n])
            for k in range(fours, stop, 4):
                wa, wb = values[place[k]], values[place[k + 1]]
                wc, wd = values[place[k + 2]], values[place[k + 3]]
                a, b, c, d = index[k], index[k + 1], index[k + 2], index[k + 3]
                for n in range(width):
                    early = wa * x[a, o + n] + wb * x[b, o + n]
                    y[r, o + n] += early + (wc * x[c, o + n] + wd * x[d, o + n])


@compile_in_lanes
def dots(first: int, last: int, start: Any, index: Any, x: Any, g: Any, dw: Any) -> None:
    """Set dw[k] = x[r] . g[index[k]] for the links k of each row r, and for no other pair."""
    zero = dw.dtype.type(0)
    for r in range(first, last):
        stop = start[r + 1]
        fours = start[r] + (stop - start[r]) % 4
        for k in range(start[r], fours):
            one, a = zero, index[k]
            for n in range(x.shape[1]):
                one += x[r, n] * g[a, n]
            dw[k] = one
        for k in range(fours, stop, 4):
            a, b, c, d = index[k], index[k + 1], index[k + 2], index[k + 3]
            one, two, three, four = zero, zero, zero, zero
            for n in range(x.shape[1]):
                one += x[r, n] * g[a, n]
                two += x[r, n] * g[b, n]
                three += x[r, n] * g[c, n]
                four += x[r, n] * g[d, n]
            dw[k], dw[k + 1], dw[k + 2], dw[k + 3] = one, two, three, four


@compile_in_lanes
def gather_and_dots(
    first: int, last: int, start: Any, index: Any, values: Any, x: Any, g: Any, dx: Any, dw: Any
) -> None:
    """Set dx[r] to the sum of values[k] g[index[k]] and dw as `dots` does; each row of g is read for both."""
    zero = dw.dtype.type(0)
    for r in range(first, last):
        stop = start[r + 1]
        fours = start[r] + (stop - start[r]) % 4
        for n in range(x.shape[1]):
            dx[r, n] = zero
        for k in range(start[r], fours):
            one, wa, a = zero, values[k], index[k]
            for n in range(x.shape[1]):
                one += x[r, n] * g[a, n]
                dx[r, n] += wa * g[a, n]
            dw[k] = one
        for k in range(fours, stop, 4):
            wa, wb, wc, wd = values[k], values[k + 1], values[k + 2], values[k + 3]
            a, b, c, d = index[k], index[k + 1], index[k + 2], index[k + 3]
            one, two, three, four = zero, zero, zero, zero
            for n in range(x.shape[1]):
                one += x[r, n] * g[a, n]
                two += x[r, n] * g[b, n]
                three += x[r, n] * g[c, n]
                four += x[r, n] * g[d, n]
                dx[r, n] += (wa * g[a, n] + wb * g[b, n]) + (wc * g[c, n] + wd * g[d, n])
            dw[k], dw[k + 1], dw[k + 2], dw[k + 3] = one, two, three, four
