"""Compiled loops of the neurons in `netsci.convert.neurons`, over [T, series] with a threshold for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from netsci.spiking._bit_kernels import pack_row
from netsci.spiking._compiling import compile_exact

BYTES = 32  # that are counted together
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
def clip_share(current: Any, theta: Any) -> Any:
    """Return current / theta within [0, 1], 0 where theta is 0."""
    share = np.float64(current) / np.float64(theta) if theta > 0 else 0.0
    return min(max(share, 0.0), 1.0)


@compile_exact
def fill_constant(current: Any, theta: Any, start: float, first: int, spikes: Any) -> None:
    """Fill spikes [T, series] of steps first + 1 to first + T under constant currents.

    With the share within [0, 1] the count floor(start + t share) lies within [0, t] and rises by 0 or 1.
    """
    for i in range(current.shape[0]):
        share = clip_share(current[i], theta[i])
        before = np.floor(start + first * share)
        for t in range(spikes.shape[0]):
            after = np.floor(start + (first + t + 1) * share)
            spikes[t, i] = np.int8(1) if after > before else np.int8(0)
            before = after


@compile_exact
def scan_if_rows(currents: Any, theta: Any, membrane: Any, spikes: Any) -> None:
    """Do what `scan_if` does over [units, T, images], membranes [units, images], thresholds [units]."""
    zero, one = np.int8(0), np.int8(1)
    for u in range(currents.shape[0]):
        bound = theta[u] if theta[u] > 0 else np.float32(np.inf)
        for t in range(currents.shape[1]):
            for i in range(np.uint64(currents.shape[2])):
                v = membrane[u, i] + currents[u, t, i]
                fired = v >= bound
                spikes[u, t, i] = one if fired else zero
                membrane[u, i] = v - bound if fired else v


@compile_exact
def fill_constant_row(
    current: Any, theta: Any, start: float, first: int, share: Any, before: Any, spikes: Any
) -> None:
    """Do what `fill_constant` does over [T, images] of one unit; share and before [images] are room."""
    images, zero, one = np.uint64(current.shape[0]), np.uint8(0), np.uint8(1)
    for i in range(images):
        share[i] = clip_share(current[i], theta)
        before[i] = np.floor(start + first * share[i])
    for t in range(spikes.shape[0]):
        now = np.float64(first + t + 1)
        for i in range(images):
            after = np.floor(start + now * share[i])
            spikes[t, i] = one if after > before[i] else zero
            before[i] = after


@compile_exact
def fill_constant_rows(current: Any, theta: Any, start: float, first: int, spikes: Any) -> None:
    """Do what `fill_constant` does over [units, T, images], currents [units, images]."""
    share, before = np.empty(current.shape[1]), np.empty(current.shape[1])
    for u in range(current.shape[0]):
        fill_constant_row(current[u], theta[u], start, first, share, before, spikes[u])


@compile_exact
def fill_constant_bits(current: Any, theta: Any, start: float, first: int, steps: int, bits: Any) -> None:
    """Do what `fill_constant_rows` does, into the bits [units, bytes] of the rows [T x images]."""
    share, before = np.empty(current.shape[1]), np.empty(current.shape[1])
    row = np.zeros(8 * bits.shape[1], np.uint8)
    spikes = row[: steps * current.shape[1]].reshape(steps, current.shape[1])
    for u in range(current.shape[0]):
        fill_constant_row(current[u], theta[u], start, first, share, before, spikes)
        pack_row(row, bits[u])


@compile_exact
def count_images_first(values: Any, counts: Any) -> None:
    """Add the events of values [T, images, units] to counts [T, units]."""
    none, one = np.int64(0), np.int64(1)
    zero = values.dtype.type(0)
    for t in range(values.shape[0]):
        for n in range(values.shape[1]):
            for u in range(np.uint64(values.shape[2])):
                counts[t, u] += one if values[t, n, u] != zero else none


@compile_exact
def count_units_first(values: Any, counts: Any) -> None:
    """Add the events of values [units, T, images] to counts [T, units]."""
    none, one = np.int32(0), np.int32(1)
    zero = values.dtype.type(0)
    for u in range(values.shape[0]):
        for t in range(values.shape[1]):
            found = none
            for i in range(np.uint64(values.shape[2])):
                found += one if values[u, t, i] != zero else none
            counts[t, u] += found


@intrinsic  # type: ignore[untyped-decorator]
def count_bytes(_: Any, array: Any, place: Any, skip: Any) -> tuple[Any, Callable[..., Any]]:
    """Return how many of the BYTES bytes of an array from `place` on are not 0, without the first `skip`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        flat = context.make_array(signature.args[0])(context, builder, arguments[0])
        kind, word = ir.VectorType(ir.IntType(8), BYTES), ir.IntType(BYTES)
        first = builder.gep(flat.data, [context.cast(builder, arguments[1], signature.args[1], types.uintp)])
        found = builder.load(builder.bitcast(first, kind.as_pointer()), align=1)
        said = builder.bitcast(builder.icmp_signed("!=", found, ir.Constant(kind, [0] * BYTES)), word)
        left = builder.lshr(said, context.cast(builder, arguments[2], signature.args[2], types.uint32))
        return builder.ctpop(left)

    return types.uint32(array, place, skip), code


@compile_exact
def count_bytes_units_first(values: Any, counts: Any) -> None:
    """Do what `count_units_first` does with bytes of at least BYTES images."""
    flat, images = values.reshape(-1), np.uint64(values.shape[2])
    width, none = np.uint64(BYTES), np.uint32(0)
    rest = images % width
    skip = np.uint32(width - rest)
    for u in range(values.shape[0]):
        for t in range(values.shape[1]):
            start = np.uint64(u * values.shape[1] + t) * images
            found = count_bytes(flat, start + images - width, skip) if rest else none
            for i in range(np.uint64(0), images - rest, width):
                found += count_bytes(flat, start + i, none)
            counts[t, u] += np.int64(found)


@compile_exact
def fill_mean_rows(current: Any, theta: Any, start: float, steps: int, means: Any) -> None:
    """Fill means [units, images] with theta n(T) / T, n the spikes under constant currents of this shape."""
    for u in range(current.shape[0]):
        scale = np.float64(theta[u]) / steps
        for i in range(np.uint64(current.shape[1])):
            share = clip_share(current[u, i], theta[u])
            means[u, i] = np.float32(np.floor(start + steps * share) * scale)


@compile_exact
def add_steps_rows(spikes: Any, sums: Any) -> None:
    """Add spikes [units, T, images] over T to sums int32 [units, images]."""
    for u in range(spikes.shape[0]):
        for t in range(spikes.shape[1]):
            for i in range(np.uint64(spikes.shape[2])):
                sums[u, i] += np.int32(spikes[u, t, i])
