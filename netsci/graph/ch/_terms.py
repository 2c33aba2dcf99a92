"""Compiled loops that draw the terms of node-based scores: origins o, their two-step neighbours y, ends x.

An origin is a row u, y a row z2 that shares columns with it, x a column next to z2; or an origin is a column
and all sides are turned. `Lists` hold neighbours as a CSR matrix holds its columns.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit
from netsci.graph.ch._kernels import count_shared

if TYPE_CHECKING:
    from netsci.graph.ch.inputs import Lists, Weights

_Floats = NDArray[np.float64]
_Bits = NDArray[np.uint64]


@njit(cache=True, nogil=True)
def draw_arrivals(
    origins: NDArray[np.int64],
    near: "Lists",
    back: "Lists",
    bits: _Bits,
    slope: float,
    totals: _Floats,
    begin: float,
    end: float,
    steps: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], _Floats]:
    """Draw the missing cells that arrive between the times `begin` and `end`, and these times.

    Of the origin o every term y arrives at the rate 1 + slope c, c = T[o, y] its shared neighbours, if
    0 < c < d(y), and brings a random one of the d(y) - c ends next to y that o is not linked to. The cell of
    origin o and end x is o steps[0] + x steps[1].

    near: o -> x, back: x -> o. bits : one word of near in each row, [words, origins], or of no rows to walk.
    totals : rate of each origin, -1 until it is known; an origin without arrivals is then left out.
    """
    size = near.start.size - 1
    counts, touched = np.zeros(size, np.uint32), np.arange(size).astype(np.uint32)
    shares, stacked = np.zeros(size, np.uint64), np.empty(size)
    stamp = np.zeros(back.start.size - 1, np.int64)
    cells, times, found = np.empty(1024, np.int64), np.empty(1024), 0
    for o in origins:
        gap = rng.standard_exponential()
        if totals[o] == 0.0 or (totals[o] > 0.0 and begin + gap / totals[o] >= end):
            continue
        linked = near.node[near.start[o] : near.start[o + 1]]
        if bits.shape[0]:
            met = size
            total = _stack_bits(o, bits, near, slope, shares, stacked)
        else:
            met = count_shared(linked, back, counts, touched)
            total = _stack_lists(touched[:met], near, slope, counts, stacked)
        totals[o] = total
        if total == 0.0 or begin + gap / total >= end:
            continue
        for x in linked:
            stamp[x] = o + 1
        time = begin + gap / total
        while time < end:
            place = np.searchsorted(stacked[:met], rng.random() * total, side="right")
            y = touched[min(place, met - 1)]
            first, degree = near.start[y], near.start[y + 1] - near.start[y]
            x = near.node[first + np.int64(rng.random() * degree)]
            while stamp[x] == o + 1:  # d(y) - c of the ends are no link of o
                x = near.node[first + np.int64(rng.random() * degree)]
            if found == cells.size:
                cells, times = _double(cells, 0), _double(times, 0.0)
            cells[found] = o * steps[0] + np.int64(x) * steps[1]
            times[found] = time
            found += 1
            time += rng.standard_exponential() / total
    return cells[:found], times[:found]


@njit(cache=True, nogil=True)
def _stack_lists(
    touched: NDArray[np.uint32], near: "Lists", slope: float, counts: NDArray[np.uint32], stacked: _Floats
) -> float:
    """Fill `stacked` with the running sum of the rates of the terms touched; clear the counts."""
    total = 0.0
    for i in range(touched.size):
        y = touched[i]
        shared = np.int64(counts[y])
        counts[y] = 0
        if shared < near.start[y + 1] - near.start[y]:
            total += 1.0 + slope * shared
        stacked[i] = total
    return total


@njit(cache=True, nogil=True)
def _stack_bits(
    o: int, bits: _Bits, near: "Lists", slope: float, shares: NDArray[np.uint64], stacked: _Floats
) -> float:
    """Fill `stacked` with the running sum of the rates of all nodes, from the bits that they share with o."""
    shares[:] = 0
    for w in range(bits.shape[0]):
        own, line = bits[w, o], bits[w]
        if own:
            for y in range(line.size):
                both = own & line[y]
                both -= (both >> np.uint64(1)) & np.uint64(0x5555555555555555)
                both = (both & np.uint64(0x3333333333333333)) + (
                    (both >> np.uint64(2)) & np.uint64(0x3333333333333333)
                )
                both = (both + (both >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
                shares[y] += (both * np.uint64(0x0101010101010101)) >> np.uint64(56)
    total = 0.0
    for y in range(shares.size):
        shared = np.int64(shares[y])
        if 0 < shared < near.start[y + 1] - near.start[y]:
            total += 1.0 + slope * shared
        stacked[y] = total
    return total


@njit(cache=True, nogil=True)
def _double(array: Any, fill: Any) -> Any:
    """Return the array in one of twice its length."""
    longer = np.full(2 * array.size, fill, array.dtype)
    longer[: array.size] = array
    return longer


@njit(cache=True, nogil=True)
def set_bits(near: "Lists", bits: _Bits) -> None:
    """Set bit x % 64 of bits[x // 64, o] for every link of an origin o to x."""
    for o in range(near.start.size - 1):
        for k in range(near.start[o], near.start[o + 1]):
            x = np.int64(near.node[k])
            bits[x >> 6, o] |= np.uint64(1) << np.uint64(x & 63)


@njit(cache=True, nogil=True)
def add_terms(
    origins: NDArray[np.int64],
    ends: NDArray[np.int64],
    near: "Lists",
    back: "Lists",
    weights: "Weights",
    scores: _Floats,
) -> None:
    """Add to scores[i] the weights of the y next to ends[i] that share neighbours with origins[i].

    Equal origins follow each other. near: o -> x, back: x -> y.
    """
    counts = np.zeros(near.start.size - 1, np.uint32)
    touched = np.empty(counts.size, np.uint32)
    met, last = 0, -1
    for i in range(origins.size):
        o, v = origins[i], ends[i]
        if o != last:
            for y in touched[:met]:
                counts[y] = 0
            met, last = count_shared(near.node[near.start[o] : near.start[o + 1]], back, counts, touched), o
        for k in range(back.start[v], back.start[v + 1]):
            y = back.node[k]
            scores[i] += weights.value[weights.start[y] + counts[y]]
