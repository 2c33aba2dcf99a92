"""Compiled loops of the neurons in `netsci.convert.neurons`, over [T, series] with a threshold for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from netsci.spiking._compiling import compile_exact

BLOCK = 1024  # series that are treated together, so that their membranes stay in the nearest cache


@compile_exact
def scan_if(currents: Any, theta: Any, membrane: Any, spikes: Any) -> None:
    """Fill spikes with 0 and 1, and renew the membranes: soft reset."""
    series = currents.shape[1]
    zero = np.float32(0)
    for start in range(0, series, BLOCK):
        first, width = np.uint64(start), np.uint64(min(BLOCK, series - start))
        for t in range(currents.shape[0]):
            for k in range(width):
                i = first + k
                v = membrane[i] + currents[t, i]
                fired = (v >= theta[i]) & (theta[i] > zero)
                spikes[t, i] = np.int8(1) if fired else np.int8(0)
                membrane[i] = v - theta[i] if fired else v


@compile_exact
def scan_snm(currents: Any, theta: Any, membrane: Any, total: Any, spikes: Any, compat: bool) -> None:
    """Fill spikes with -1, 0 and 1, and renew membranes and sums: of spikes, or (compat) of theta spikes."""
    series = currents.shape[1]
    zero = np.float32(0)
    for start in range(0, series, BLOCK):
        for t in range(currents.shape[0]):
            for i in range(start, min(start + BLOCK, series)):
                v, bound = membrane[i] + currents[t, i], theta[i]
                s = np.int8(0)
                if bound > zero:
                    if v >= bound:
                        s = np.int8(1)
                    elif v <= -bound and total[i] > 0:
                        s = np.int8(-1)
                if s > 0:
                    v -= bound
                    total[i] += bound if compat else 1
                elif s < 0:
                    v += bound
                    total[i] -= bound if compat else 1
                spikes[t, i] = s
                membrane[i] = v


@compile_exact
def fill_constant(current: Any, theta: Any, start: float, first: int, spikes: Any) -> None:
    """Fill spikes [T, series] of steps first + 1 to first + T under constant currents."""
    for i in range(current.shape[0]):
        share = np.float64(current[i]) / np.float64(theta[i]) if theta[i] > 0 else 0.0
        before = min(max(np.floor(start + first * share), 0.0), np.float64(first))
        for t in range(spikes.shape[0]):
            after = min(max(np.floor(start + (first + t + 1) * share), 0.0), np.float64(first + t + 1))
            spikes[t, i] = np.int8(1) if after > before else np.int8(0)
            before = after


@compile_exact
def count_events(values: Any, leaving: Any, by_unit: Any, by_step: Any) -> None:
    """Add the events of values [T, images, units] to by_unit, and events times leaving links to by_step [T]."""
    none, one = np.int64(0), np.int64(1)
    zero = values.dtype.type(0)
    for t in range(values.shape[0]):
        total = none
        for n in range(values.shape[1]):
            for u in range(np.uint64(values.shape[2])):
                event = values[t, n, u] != zero
                by_unit[u] += one if event else none
                total += leaving[u] if event else none
        by_step[t] += total
