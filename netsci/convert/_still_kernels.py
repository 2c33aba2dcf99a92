"""Compiled products of a layer with numbers, sums in registers: of sparse layers, and with sparse images.

Sums of a sparse layer run in the order of `netsci.sparse._kernels.scatter_of`, so they are the same to the
last bit. That one goes from input to output, as training needs it; here links lie by output.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netsci.compiling import njit
from netsci.sparse._lanes import add, load, multiply, spread, store

WIDE, NARROW = 32, 4  # samples that are treated together
OUTPUTS = 64  # of a dense layer that are treated together
BLOCK = 16  # inputs that are turned together, a line of memory


@njit(cache=True, nogil=True)
def turn(x: Any, first: int, rows: Any) -> None:
    """Fill rows [inputs, samples] with the samples of x [n, inputs] from `first` on."""
    for block in range(0, rows.shape[0], BLOCK):
        end = min(block + BLOCK, rows.shape[0])
        for o in range(np.uint64(rows.shape[1])):
            for i in range(np.uint64(block), np.uint64(end)):
                rows[i, o] = x[np.uint64(first) + o, i]


@njit(cache=True, nogil=True)
def gather_wide(
    start: Any, index: Any, values: Any, offset: Any, x: Any, out: Any, first: int, n: int, rows: Any
) -> None:
    """Set out[r] to offset[r] plus the sum over the links k of row r of values[k] x[index[k]].

    x, out : flat, [inputs, WIDE] and [outputs, n] numbers; of out, WIDE samples from `first` on.
    """
    for r in range(rows[0], rows[1]):
        sums = spread(offset[r], WIDE)
        for k in range(np.uint64(start[r]), np.uint64(start[r + 1])):
            sums = add(sums, multiply(values[k], load(x, np.uint64(index[k]) * np.uint64(WIDE), WIDE)))
        store(out, np.uint64(r) * np.uint64(n) + np.uint64(first), sums)


@njit(cache=True, nogil=True)
def gather_rest(
    start: Any, index: Any, values: Any, offset: Any, x: Any, out: Any, first: int, n: int, rows: Any
) -> None:
    """Do what `gather_wide` does for the samples from `first` to n, fewer than WIDE; x is [inputs, these]."""
    width = np.uint64(n - first)
    fours = width - width % np.uint64(NARROW)
    for r in range(rows[0], rows[1]):
        here = np.uint64(r) * np.uint64(n) + np.uint64(first)
        for o in range(np.uint64(0), fours, np.uint64(NARROW)):
            sums = spread(offset[r], NARROW)
            for k in range(np.uint64(start[r]), np.uint64(start[r + 1])):
                sums = add(sums, multiply(values[k], load(x, np.uint64(index[k]) * width + o, NARROW)))
            store(out, here + o, sums)
        for o in range(fours, width):
            one = spread(offset[r], 1)
            for k in range(np.uint64(start[r]), np.uint64(start[r + 1])):
                one = add(one, multiply(values[k], load(x, np.uint64(index[k]) * width + o, 1)))
            store(out, here + o, one)


@njit(cache=True, nogil=True)
def gather(start: Any, index: Any, values: Any, offset: Any, x: Any, out: Any, rows: Any) -> None:
    """Set out[r] to offset[r] plus the sum over the links k of row r of values[k] x[:, index[k]].

    x [n, inputs], out [outputs, n].
    """
    n, flat = x.shape[0], out.reshape(-1)
    wide = np.empty((x.shape[1], WIDE), x.dtype)
    for first in range(0, n - n % WIDE, WIDE):
        turn(x, first, wide)
        gather_wide(start, index, values, offset, wide.reshape(-1), flat, first, n, rows)
    if n % WIDE:
        rest = np.empty((x.shape[1], n % WIDE), x.dtype)
        turn(x, n - n % WIDE, rest)
        gather_rest(start, index, values, offset, rest.reshape(-1), flat, n - n % WIDE, n, rows)


@njit(cache=True, nogil=True)
def list_numbers(x: Any, which: Any, ends: Any) -> None:
    """List the inputs of each sample that are not 0: which[s, : ends[s]] of x [n, inputs]."""
    one, none, zero = np.uint32(1), np.uint32(0), x.dtype.type(0)
    for s in range(x.shape[0]):
        end = none
        for i in range(np.uint64(x.shape[1])):
            which[s, end] = i  # the next one is written over it unless it is a number
            end += one if x[s, i] != zero else none
        ends[s] = end


@njit(cache=True, nogil=True)
def add_weights(table: Any, offset: Any, x: Any, which: Any, ends: Any, out: Any, samples: Any) -> None:
    """Fill out [outputs, n] with the offsets plus the weights of the inputs that are not 0.

    table [tiles, inputs, OUTPUTS], offset [tiles, OUTPUTS]: weights in tiles of outputs, 0 behind the last.
    """
    rows, numbers = table.reshape(-1), offset.reshape(-1)
    block = np.empty((WIDE, OUTPUTS), x.dtype)
    flat = block.reshape(-1)
    for tile in range(table.shape[0]):
        corner, o = np.uint64(tile * table.shape[1]), np.uint64(tile * OUTPUTS)
        for begin in range(samples[0], samples[1], WIDE):
            first, width = np.uint64(begin), np.uint64(min(WIDE, samples[1] - begin))
            for s in range(width):
                sums = load(numbers, o, OUTPUTS)
                for k in range(np.uint64(ends[first + s])):
                    i = np.uint64(which[first + s, k])
                    row = load(rows, (corner + i) * np.uint64(OUTPUTS), OUTPUTS)
                    sums = add(sums, multiply(x[first + s, i], row))
                store(flat, s * np.uint64(OUTPUTS), sums)
            for c in range(np.uint64(min(OUTPUTS, out.shape[0] - tile * OUTPUTS))):
                for s in range(width):
                    out[o + c, first + s] = block[s, c]
