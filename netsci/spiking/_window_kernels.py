"""Compiled loops that read a few steps of each sample from series [neurons, T, batch]: its target window."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.spiking._compiling import compile_exact


@compile_exact
def window_of(series: NDArray[Any], first: NDArray[np.int64], out: NDArray[Any]) -> None:
    """Fill out[n, k, b] with series[n, first[b] + k, b]."""
    for n in range(out.shape[0]):
        for k in range(out.shape[1]):
            for b in range(out.shape[2]):
                out[n, k, b] = series[n, first[b] + k, b]


@compile_exact
def traces_of(
    series: NDArray[Any], first: NDArray[np.int64], starting: NDArray[np.int64], alpha: Any, out: NDArray[Any]
) -> None:
    """Fill out as `window_of` does, from the trace r[t] = alpha r[t-1] + series[n, t] of each neuron.

    `starting` are the samples in the order of their first steps, so that each step knows whose window it is.
    """
    steps, width = series.shape[1], out.shape[1]
    trace = np.empty(series.shape[2], out.dtype)
    for n in range(out.shape[0]):
        trace[:] = 0
        over, begun = 0, 0  # of `starting`, those whose windows are over and those that have begun
        for t in range(steps):
            line = series[n, t]
            for b in range(trace.size):
                trace[b] = alpha * trace[b] + line[b]
            while begun < starting.size and first[starting[begun]] <= t:
                begun += 1
            while over < begun and first[starting[over]] + width <= t:
                over += 1
            for i in range(over, begun):
                b = starting[i]
                out[n, t - first[b], b] = trace[b]
