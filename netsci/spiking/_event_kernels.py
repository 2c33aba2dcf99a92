"""Compiled loops of dense layers on few spikes: rows of weights are added where a neuron fires.

Spikes are bytes [neurons, samples]. A table [tiles, rows, WIDE] holds a matrix [rows, columns] in tiles of
WIDE columns, so that those of one tile stay in the second cache. Parts of the samples may run on several
threads with the same result: every sum is one thread's, in rising order.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.spiking._compiling import compile_exact
from netsci.spiking._lanes import WIDE, sum_rows

TOGETHER = 64  # samples whose firing neurons are listed at a time


@compile_exact
def list_firing(spikes: NDArray[Any], first: np.uint64, width: np.uint64, which: Any, ends: Any) -> None:
    """List the neurons that fire in each sample: which[s, : ends[s]] for sample first + s."""
    one, zero = np.uint32(1), np.uint32(0)
    for s in range(width):
        ends[s] = 0
    for n in range(spikes.shape[0]):
        for s in range(width):
            which[s, ends[s]] = n  # the next one is written over it unless it fires
            ends[s] += one if spikes[n, first + s] else zero


@compile_exact
def apply_to_spikes(spikes: NDArray[Any], table: NDArray[Any], out: NDArray[Any], samples: Any) -> None:
    """Fill out [outputs, samples] with the sums of the rows of the neurons that fire."""
    if table.shape[2] != WIDE or table.shape[1] != spikes.shape[0]:  # WIDE as it was when this was compiled
        raise ValueError("table is not of this kernel's width: delete the __pycache__ folders of netsci")
    which = np.empty((TOGETHER, spikes.shape[0] + 1), np.uint32)
    ends, sums = np.empty(TOGETHER, np.uint32), np.empty((TOGETHER, WIDE), table.dtype)
    kind = table.dtype.type(0)
    for start in range(samples[0], samples[1], TOGETHER):
        first, width = np.uint64(start), np.uint64(min(TOGETHER, samples[1] - start))
        list_firing(spikes, first, width, which, ends)
        for tile in range(table.shape[0]):
            corner = table.ctypes.data + tile * table.shape[1] * WIDE * table.itemsize
            for place in range(np.int64(width)):
                into = sums.ctypes.data + place * WIDE * table.itemsize
                listed = which.ctypes.data + place * which.shape[1] * 4
                sum_rows(into, corner, listed, np.int64(ends[place]), kind)
            o = np.uint64(tile * WIDE)
            for c in range(np.uint64(min(WIDE, out.shape[0] - tile * WIDE))):
                for s in range(width):
                    out[o + c, first + s] = sums[s, c]
