"""Compiled loops of a sparse layer on arrays with one row for each neuron and one column for each sample.

`start` and `column` hold the links by input as a CSR matrix does: those of input r are start[r] to
start[r + 1]. Both are unsigned: numba then knows that places do not count from the end. Arrays [neuron,
sample] come flat, with their number of samples, and a kernel treats `width` samples from sample o on, which
stay in registers (`_lanes`). Every kernel runs on one thread and releases the interpreter lock. What it
writes belongs to `first` to `last` alone, and each sum runs in the order of the links, so the split into
threads changes no bit; nor does that into samples change a product.

Of a convolution (`shifted`) the inputs are windows, of which many share their memory: the samples of input r
begin at places[r] of x and of dx, which is 0 before. `places` is not read otherwise.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from netsci.compiling import njit
from netsci.sparse._lanes import add, load, multiply, multiply_and_fold, spread, store, total, totals

ROWS_AT_ONCE = 2**19  # bytes of the outputs that `scatter` treats together: they stay in the second cache
Kernel = Callable[..., Any]
_compile = njit(cache=True, nogil=True)
_1, _2, _3, _4 = (np.uint64(n) for n in range(1, 5))


@cache
def scatter_of(shifted: bool, width: int) -> Kernel:
    """Return the product with the weights, for so many samples at a time."""

    def scatter(
        first: int, last: int, start: Any, column: Any, values: Any, offset: Any, places: Any, x: Any, y: Any,
        n: int, o: int, more: bool,
    ) -> None:  # fmt: skip
        """Set y[j] to offset[j] plus the sum of values[k] x[r] over the links k from r to j, for some j."""
        samples, from_sample = np.uint64(n), np.uint64(o)
        at = start[:-1].copy()  # the next link of each input
        if first:
            for r in range(at.size):
                at[r] += np.searchsorted(column[start[r] : start[r + 1]], first)
        block = max(1, ROWS_AT_ONCE // (width * y.itemsize))
        for begin in range(first, last, block):
            end = min(begin + block, last)
            for j in range(begin, end):
                store(y, np.uint64(j) * samples + from_sample, spread(offset[j], width))
            for r in range(at.size):
                k, stop = np.uint64(at[r]), np.uint64(start[r + 1])
                if end < offset.size:
                    whole, stop = stop, k
                    while stop < whole and column[stop] < end:
                        stop += _1
                    at[r] = stop
                if k == stop:
                    continue
                here = places[r] if shifted else np.uint64(r) * samples
                lanes = load(x, here + from_sample, width)
                for link in range(k, stop):
                    place = column[link] * samples + from_sample
                    store(y, place, add(load(y, place, width), multiply(values[link], lanes)))

    made: Kernel = _compile(scatter)
    return made


@cache
def back_of(of_inputs: bool, of_values: bool, shifted: bool, width: int) -> Kernel:
    """Return the gradients of inputs, of values or of both, for so many samples at a time."""

    def back(
        first: int, last: int, start: Any, column: Any, values: Any, dw: Any, places: Any, x: Any, g: Any,
        dx: Any, n: int, o: int, more: bool,
    ) -> None:  # fmt: skip
        """Set dx[r] to the sum of values[k] g[column[k]] and dw[k] to x[r] . g[column[k]], for links k of r.

        Each row of g is read once for both. The product is added to dw where there is `more`.
        """
        samples, from_sample = np.uint64(n), np.uint64(o)
        for r in range(first, last):
            k, stop = np.uint64(start[r]), np.uint64(start[r + 1])
            if shifted and k == stop:
                continue
            fours = k + (stop - k) % _4
            here = (places[r] if shifted else np.uint64(r) * samples) + from_sample
            lanes = load(x, here, width)
            sums = spread(dw.dtype.type(0), width)
            for link in range(k, fours):
                a = load(g, column[link] * samples + from_sample, width)
                if of_inputs:
                    sums = add(sums, multiply(values[link], a))
                if of_values:
                    one = total(multiply(lanes, a))
                    dw[link] = dw[link] + one if more else one
            for link in range(fours, stop, _4):  # one after another: four rows of g fill all registers
                a = load(g, column[link] * samples + from_sample, width)
                if of_inputs:
                    sums = add(sums, multiply(values[link], a))
                p = multiply_and_fold(lanes, a)
                b = load(g, column[link + _1] * samples + from_sample, width)
                if of_inputs:
                    sums = add(sums, multiply(values[link + _1], b))
                q = multiply_and_fold(lanes, b)
                c = load(g, column[link + _2] * samples + from_sample, width)
                if of_inputs:
                    sums = add(sums, multiply(values[link + _2], c))
                s = multiply_and_fold(lanes, c)
                d = load(g, column[link + _3] * samples + from_sample, width)
                if of_inputs:
                    sums = add(sums, multiply(values[link + _3], d))
                if of_values:
                    four = totals(p, q, s, multiply_and_fold(lanes, d))
                    store(dw, link, add(load(dw, link, 4), four) if more else four)
            if of_inputs:
                store(dx, here, add(load(dx, here, width), sums) if shifted else sums)

    made: Kernel = _compile(back)
    return made
