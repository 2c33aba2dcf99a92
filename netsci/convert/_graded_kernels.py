"""Compiled loops of the multi-threshold neurons in `netsci.convert.dcgs_neuron`, over [samples, units]."""

from __future__ import annotations

from typing import Any

import numpy as np

from netsci.spiking._compiling import compile_exact

BLOCK = 512  # neurons that are treated together, so that what is known of them stays in the nearest cache
POSITIVE, WITH_NEG, LINE = 0, 1, 2


@compile_exact
def fire(
    membrane: Any, total: Any, theta: Any, share: Any, n: int, kind: int, width: Any, spikes: Any
) -> None:
    """Fill spikes with the spikes of the first `width` membranes; total is all that was said so far."""
    half, zero = spikes.dtype.type(0.5), spikes.dtype.type(0)
    scale = spikes.dtype.type(1)
    for i in range(width):
        spikes[i] = theta[i]
    for _ in range(n - 1):  # a spike is halved for as long as it is too large
        for i in range(width):
            bound = theta[i] * scale
            size = abs(membrane[i])
            much = size < share * theta[i] * scale
            if kind == WITH_NEG:
                much = much | ((membrane[i] < zero) & (total[i] < bound))
            spikes[i] = spikes[i] * half if much else spikes[i]
        scale *= half
    for i in range(width):
        negative = membrane[i] < zero
        fires = (abs(membrane[i]) >= share * theta[i] * scale) & (theta[i] > zero)
        if kind == POSITIVE:
            fires = fires & (not negative)
        elif kind == WITH_NEG:
            fires = fires & ((not negative) | (total[i] >= theta[i] * scale))
        signed = -spikes[i] if negative else spikes[i]
        spikes[i] = signed if fires else zero


@compile_exact
def put(
    heard: Any, said: Any, shot: Any, width: Any, first: int, membrane: Any, total: Any, spikes: Any
) -> None:
    """Put spikes, and membranes and totals after them, into the rows of a sample, from `first` on."""
    for i in range(width):
        at = np.uint64(first) + i
        spikes[at] = shot[i]
        membrane[at] = heard[i] - shot[i]
        total[at] = said[i] + shot[i]


@compile_exact
def step_rate(
    current: Any, theta: Any, share: Any, n: int, kind: int, membrane: Any, total: Any, spikes: Any,
    new_membrane: Any, new_total: Any,
) -> None:  # fmt: skip
    """Fill spikes, membranes and totals of one step in rate coding."""
    heard, said = np.empty(BLOCK, spikes.dtype), np.empty(BLOCK, spikes.dtype)
    shot, bounds = np.empty(BLOCK, spikes.dtype), np.empty(BLOCK, spikes.dtype)
    for s in range(spikes.shape[0]):
        for first in range(0, spikes.shape[1], BLOCK):
            last = min(first + BLOCK, spikes.shape[1])
            width = np.uint64(last - first)
            for i in range(width):
                at = np.uint64(first) + i
                heard[i] = membrane[s, at] + current[s, at]
                said[i] = total[s, at]
                bounds[i] = theta[at]
            fire(heard, said, bounds, share, n, kind, width, shot)
            put(heard, said, shot, width, first, new_membrane[s], new_total[s], spikes[s])


@compile_exact
def step_differential(
    current: Any, theta: Any, share: Any, n: int, kind: int, time: Any, bias: Any, membrane: Any, total: Any,
    phi_in: Any, phi_out: Any, spikes: Any, new_membrane: Any, new_total: Any, new_in: Any, new_out: Any,
) -> None:  # fmt: skip
    """Fill spikes, membranes, totals and decoded values of one step in differential coding."""
    heard, said = np.empty(BLOCK, spikes.dtype), np.empty(BLOCK, spikes.dtype)
    shot, bounds = np.empty(BLOCK, spikes.dtype), np.empty(BLOCK, spikes.dtype)
    for s in range(spikes.shape[0]):
        for first in range(0, spikes.shape[1], BLOCK):
            last = min(first + BLOCK, spikes.shape[1])
            width = np.uint64(last - first)
            for i in range(width):
                at = np.uint64(first) + i
                change = current[s, at] - bias[s, at]
                heard[i] = ((membrane[s, at] + change) + phi_in[s, at]) - phi_out[s, at]
                said[i] = total[s, at] + phi_out[s, at]
                bounds[i] = theta[at]
                new_in[s, at] = phi_in[s, at] + change / time
            fire(heard, said, bounds, share, n, kind, width, shot)
            put(heard, said, shot, width, first, new_membrane[s], new_total[s], spikes[s])
            for i in range(width):
                at = np.uint64(first) + i
                new_out[s, at] = phi_out[s, at] + shot[i] / time
