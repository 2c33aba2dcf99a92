"""Compiled loops between neurons and the layer after them, whose spikes never become a tensor.

Arrays are as in `_scan_kernels`, one row a neuron. In reverse, spikes and membranes of one neuron at a time
are computed again and live in the nearest cache only.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.spiking._compiling import compile_contracting, compile_exact, compile_in_lanes
from netsci.spiking._lanes import LANES, add_lanes
from netsci.spiking._scan_kernels import ZERO, integrate, reverse, threshold

AT_ONCE = 4096  # spikes of a neuron that `gather_spikes` treats together, so that lines read again stay near

NEAR = 32  # columns whose sums of all steps fit the nearest cache


@compile_contracting
def gather_spikes(
    start: NDArray[Any],
    index: NDArray[Any],
    place: NDArray[Any],
    values: NDArray[Any],
    spikes: NDArray[Any],
    out: NDArray[Any],
    rows: Any,
) -> None:
    """Set out[r] to the sum over the links k of row r of values[place[k]] spikes[index[k]], each a byte."""
    zero = out.dtype.type(0)
    for first in range(0, out.shape[1], AT_ONCE):
        o, width = np.uint64(first), np.uint64(min(AT_ONCE, out.shape[1] - first))
        for r in range(rows[0], rows[1]):
            stop = start[r + 1]
            fours = start[r] + (stop - start[r]) % 4
            for i in range(width):
                out[r, o + i] = zero
            for k in range(start[r], fours):
                wa, a = values[place[k]], index[k]
                for i in range(width):
                    out[r, o + i] += wa if spikes[a, o + i] else zero
            for k in range(fours, stop, 4):
                wa, wb = values[place[k]], values[place[k + 1]]
                wc, wd = values[place[k + 2]], values[place[k + 3]]
                a, b, c, d = index[k], index[k + 1], index[k + 2], index[k + 3]
                for i in range(width):
                    early = (out[r, o + i] + (wa if spikes[a, o + i] else zero)) + (
                        wb if spikes[b, o + i] else zero
                    )
                    late = (early + (wc if spikes[c, o + i] else zero)) + (wd if spikes[d, o + i] else zero)
                    out[r, o + i] = late


@compile_in_lanes
def dot_and_sum(w: Any, g: Any, spikes: Any, of_spikes: Any) -> Any:
    """Add w g to of_spikes and return spikes . g: what one link contributes to both gradients."""
    a = spikes.dtype.type(0)
    for i in range(spikes.size):
        a += spikes[i] * g[i]
        of_spikes[i] += w * g[i]
    return a


@compile_in_lanes
def dots_and_sum(
    wa: Any, wb: Any, wc: Any, wd: Any, ga: Any, gb: Any, gc: Any, gd: Any, spikes: Any, of_spikes: Any
) -> Any:
    """Do what `dot_and_sum` does for four links at a time."""
    zero = spikes.dtype.type(0)
    a, b, c, d = zero, zero, zero, zero
    for i in range(spikes.size):
        z = spikes[i]
        a += z * ga[i]
        b += z * gb[i]
        c += z * gc[i]
        d += z * gd[i]
        of_spikes[i] += (wa * ga[i] + wb * gb[i]) + (wc * gc[i] + wd * gd[i])
    return a, b, c, d


@compile_exact
def scan_back_from_links(
    current: NDArray[Any],
    start: NDArray[Any],
    index: NDArray[Any],
    values: NDArray[Any],
    of_out: NDArray[Any],
    of_values: NDArray[Any],
    of_current: NDArray[Any],
    alpha: Any,
    theta: Any,
    surrogate: int,
    through_reset: Any,
    rows: Any,
) -> None:
    """Fill the gradients of the values and of the current of the rows, from of_out [out, T x columns].

    Neuron n leads to outputs index[k] with weights values[k], start[n] <= k < start[n + 1].
    """
    width = np.uint64(current.shape[2])
    steps = of_out.shape[1] // current.shape[2]
    membranes = np.empty((steps, current.shape[2]), current.dtype)
    fired, of_fired = np.empty_like(membranes), np.empty_like(membranes)
    spikes, of_spikes = fired.reshape(-1), of_fired.reshape(-1)
    later = np.empty(current.shape[2], current.dtype)
    for n in range(rows[0], rows[1]):
        integrate(current[n], ZERO, width, later, membranes, alpha, theta)
        threshold(membranes, width, theta, fired)
        of_spikes[:] = 0
        fours = start[n] + (start[n + 1] - start[n]) % 4
        for k in range(start[n], fours):
            of_values[k] = dot_and_sum(values[k], of_out[index[k]], spikes, of_spikes)
        for k in range(fours, start[n + 1], 4):
            wa, wb, wc, wd = values[k], values[k + 1], values[k + 2], values[k + 3]
            ga, gb = of_out[index[k]], of_out[index[k + 1]]
            gc, gd = of_out[index[k + 2]], of_out[index[k + 3]]
            found = dots_and_sum(wa, wb, wc, wd, ga, gb, gc, gd, spikes, of_spikes)
            of_values[k], of_values[k + 1], of_values[k + 2], of_values[k + 3] = found
        reverse(
            membranes,
            of_fired,
            ZERO,
            later,
            of_current[n],
            ZERO,
            alpha,
            theta,
            surrogate,
            through_reset,
        )


@compile_exact
def reaches(current: Any, step: int, alpha: Any, theta: Any) -> Any:
    """Return whether a constant current lifts a resting membrane to theta by this step, as a scan adds."""
    v = current
    for _ in range(step):
        v = alpha * v + current
    return v >= theta


@lru_cache(maxsize=64)
def least_currents(steps: int, alpha: Any, theta: Any, kind: str) -> NDArray[Any]:
    """Return for each step the least constant current that reaches theta by then, to the last bit.

    Rounding keeps the order of numbers: a larger current never has a lower membrane, and a later step never a
    higher bound. So the positive floats, which are ordered as their bits are, can be halved.
    """
    bits = np.int32 if kind == "float32" else np.int64
    cuts = np.empty(steps, kind)
    high = int(np.array([theta]).view(bits)[0])  # theta itself reaches theta at once
    for step in range(steps):
        low = 0  # the bits of 0.0, which never reaches
        while high - low > 1:
            middle = (low + high) // 2
            if reaches(np.array([middle], bits).view(kind)[0], step, alpha, theta):
                high = middle
            else:
                low = middle
        cuts[step] = np.array([high], bits).view(kind)[0]
    return cuts


@compile_exact
def add_by_first_step(
    current: NDArray[Any], cuts: NDArray[Any], weights: NDArray[Any], sums: NDArray[Any], columns: Any
) -> None:
    """Add weights[n] to sums[k, i] for every neuron n and column i that first fires at step k.

    current [neurons, 1, columns], weights [neurons, LANES], sums [T + 1, columns, LANES]: at T are those that
    never fire, NaN among them. A neuron that first fires at step k, counted from 0, fires again every k + 1
    steps: nothing is scanned.
    """
    if weights.shape[1] != LANES or sums.shape[2] != LANES:  # LANES as it was when this was compiled
        raise ValueError("weights are not of this kernel's width: delete the __pycache__ folders of netsci")
    found = np.empty(NEAR, np.uint32)
    one, zero, kind = np.uint32(1), np.uint32(0), sums.dtype.type(0)
    line = LANES * sums.itemsize
    for start in range(columns[0], columns[1], NEAR):
        first, width = np.uint64(start), np.uint64(min(NEAR, columns[1] - start))
        for n in range(current.shape[0]):
            for i in range(width):
                found[i] = cuts.size
            for t in range(cuts.size):  # bounds fall from step to step
                for i in range(width):
                    found[i] -= one if current[n, 0, first + i] >= cuts[t] else zero
            row, corner = weights.ctypes.data + n * line, sums.ctypes.data + start * line
            for i in range(width):
                place = np.int64(found[i]) * sums.shape[1] + np.int64(i)
                add_lanes(corner + place * line, row, kind)


@compile_exact
def give_to_multiples(sums: NDArray[Any], out: NDArray[Any]) -> None:
    """Fill out [outputs, T, columns] with sums [T + 1, columns, LANES] by first step and with its repeats."""
    for o in range(out.shape[0]):
        out[o] = 0
        for k in range(out.shape[1]):
            for t in range(k, out.shape[1], k + 1):
                for i in range(np.uint64(out.shape[2])):
                    out[o, t, i] += sums[k, i, o]
