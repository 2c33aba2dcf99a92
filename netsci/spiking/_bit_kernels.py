"""Sums over links of spikes as bits: 16 samples of an input are one mask register of the processor.

A processor without them shifts each bit to the sign of a lane; both ways give the same sums to the last bit.

Bits come in tiles of WIDTH samples, bit 0 of byte 0 first. `gather_bits` treats a tile of all outputs at a
time, so it takes [tiles, inputs, WIDTH / 8 bytes]: the spikes of all inputs to a tile lie near each other.
`gather_and_fire` treats all samples of an output at a time, so it takes [inputs, tiles x WIDTH / 8 bytes].
Bytes (`_fused_kernels.gather_spikes`) give the same sums, too.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from netsci.sparse._lanes import spread, store
from netsci.spiking._compiling import compile_exact

WIDTH = 64  # samples of a tile: their sums stay in four registers
_REGISTER = 16
_FEW = 8
_Code = tuple[Any, Callable[..., Any]]


@cache
def has_masks() -> bool:
    """Return whether this processor has mask registers."""
    return bool(binding.get_host_cpu_features().get("avx512f", False))


def pack(spikes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return bytes 0 and 1 [inputs, samples] as bits [tiles, inputs, WIDTH / 8], the last tile filled with 0.

    Examples
    --------
    >>> pack(np.array([[1, 0, 1]], np.uint8)).tolist()
    [[[5, 0, 0, 0, 0, 0, 0, 0]]]
    """
    rows = pack_rows(spikes)
    return np.ascontiguousarray(rows.reshape(len(rows), -1, WIDTH // 8).transpose(1, 0, 2))


def pack_rows(spikes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return bytes 0 and 1 [inputs, samples] as bits [inputs, tiles x WIDTH / 8], filled with 0.

    Examples
    --------
    >>> pack_rows(np.array([[1, 0, 1]], np.uint8)).tolist()
    [[5, 0, 0, 0, 0, 0, 0, 0]]
    """
    bits = np.packbits(spikes, axis=1, bitorder="little")
    whole = np.zeros((len(spikes), bytes_of(spikes.shape[1])), np.uint8)
    whole[:, : bits.shape[1]] = bits
    return whole


def bytes_of(samples: int) -> int:
    """Return how many bytes the bits of so many samples take, in whole tiles."""
    return -(-samples // WIDTH) * WIDTH // 8


def add_masked(builder: Any, sums: Any, first: Any, weight: Any) -> Iterator[Any]:
    """Yield the sums of a register at a time: 16 bits are its mask."""
    kind = ir.VectorType(sums.type.element, _REGISTER)
    words, lanes = builder.bitcast(first, ir.IntType(_REGISTER).as_pointer()), _spread(builder, weight, kind)
    for part in range(sums.type.count // _REGISTER):
        word = builder.load(builder.gep(words, [ir.IntType(64)(part)]), align=1)
        mask = builder.bitcast(word, ir.VectorType(ir.IntType(1), _REGISTER))
        before = _pick(builder, sums, sums, range(_REGISTER * part, _REGISTER * (part + 1)))
        yield builder.select(mask, builder.fadd(before, lanes), before)


def add_blended(builder: Any, sums: Any, first: Any, weight: Any) -> Iterator[Any]:
    """Yield the sums of a few lanes at a time: each bit is shifted to the sign that chooses its lane."""
    number = sums.type.element
    size = 32 if isinstance(number, ir.FloatType) else 64
    kind, whole = ir.VectorType(number, _FEW), ir.VectorType(ir.IntType(size), _FEW)
    words, lanes = builder.bitcast(first, whole.element.as_pointer()), _spread(builder, weight, kind)
    for start in range(0, sums.type.count, size):
        word = builder.load(builder.gep(words, [ir.IntType(64)(start // size)]), align=1)
        bits = _spread(builder, word, whole)
        for lane in range(0, size, _FEW):
            shift = ir.Constant(whole, [size - 1 - lane - one for one in range(_FEW)])
            set_ = builder.icmp_signed("<", builder.shl(bits, shift), ir.Constant(whole, [0] * _FEW))
            before = _pick(builder, sums, sums, range(start + lane, start + lane + _FEW))
            yield builder.select(set_, builder.fadd(before, lanes), before)


def adding(way: Callable[[Any, Any, Any, Any], Iterator[Any]]) -> Any:
    """Return the operation `add_where`, by one of the two ways above."""

    @intrinsic  # type: ignore[untyped-decorator]
    def add_where(_: Any, lanes: Any, bits: Any, place: Any, weight: Any) -> _Code:
        """Return lanes, plus the weight where a bit is set. place : that of the first byte of the bits."""

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            sums, place = arguments[0], context.cast(builder, arguments[2], signature.args[2], types.uintp)
            array = context.make_array(signature.args[1])(context, builder, arguments[1])
            parts = list(way(builder, sums, builder.gep(array.data, [place]), arguments[3]))
            while len(parts) > 1:
                parts = [
                    _pick(builder, left, right, range(2 * left.type.count))
                    for left, right in zip(parts[::2], parts[1::2], strict=True)
                ]
            return parts[0]

        return lanes(lanes, bits, place, weight), code

    return add_where


def _spread(builder: Any, number: Any, kind: Any) -> Any:
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.IntType(32)(0))
    return _pick(builder, one, one, [0] * kind.count)


def _pick(builder: Any, left: Any, right: Any, lanes: Any) -> Any:
    places = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
    return builder.shuffle_vector(left, right, places)


add_where = adding(add_masked if has_masks() else add_blended)


@compile_exact
def sum_tile(
    start: Any, index: Any, values: Any, r: Any, inputs: Any, place: Any, step: Any, zero: Any
) -> Any:
    """Return the sums of row r over a tile: values[k] of the links k whose input index[k] has its bit set.

    The bits of input i to the tile begin at byte place + i step of the inputs.
    """
    sums = spread(zero, WIDTH)
    for k in range(np.uint64(start[r]), np.uint64(start[r + 1])):
        sums = add_where(sums, inputs, np.uint64(index[k]) * step + place, values[k])
    return sums


@compile_exact
def gather_bits(
    start: NDArray[Any],
    index: NDArray[Any],
    values: NDArray[Any],
    bits: NDArray[Any],
    out: NDArray[Any],
    rows: Any,
) -> None:
    """Set out[r] to the sum over the links k of row r of values[k] where input index[k] has its bit set."""
    samples = np.uint64(out.shape[1])
    flat, rest = out.reshape(-1), np.empty(WIDTH, out.dtype)
    none, step = np.uint64(0), np.uint64(WIDTH // 8)
    for tile in range(bits.shape[0]):
        inputs, o = bits[tile].reshape(-1), np.uint64(tile * WIDTH)
        for r in range(rows[0], rows[1]):
            sums = sum_tile(start, index, values, r, inputs, none, step, out.dtype.type(0))
            if samples - o >= np.uint64(WIDTH):
                store(flat, np.uint64(r) * samples + o, sums)
            else:
                store(rest, np.uint64(0), sums)
                for i in range(samples - o):
                    out[r, o + np.uint64(i)] = rest[i]


@compile_exact
def sum_row(start: Any, index: Any, values: Any, r: Any, bits: Any, currents: Any) -> None:
    """Fill currents [tiles x WIDTH] with the sums of row r over all samples, bits [inputs, bytes]."""
    flat, step = bits.reshape(-1), np.uint64(bits.shape[1])
    for place in range(0, bits.shape[1], WIDTH // 8):
        sums = sum_tile(start, index, values, r, flat, np.uint64(place), step, values.dtype.type(0))
        store(currents, np.uint64(8 * place), sums)


@compile_exact
def fire_row(currents: Any, offset: Any, theta: Any, membrane: Any, spikes: Any) -> None:
    """Fill spikes [T, images] of a neuron with soft reset, and renew its membranes [images].

    currents : [T x images] without the offset. A neuron whose threshold is 0 never fires.
    """
    silent, fire = np.uint8(0), np.uint8(1)
    images = np.uint64(spikes.shape[1])
    bound = theta if theta > 0 else currents.dtype.type(np.inf)
    for t in range(spikes.shape[0]):
        o = np.uint64(t) * images
        for i in range(images):
            v = membrane[i] + (currents[o + i] + offset)
            fired = v >= bound
            spikes[t, i] = fire if fired else silent
            membrane[i] = v - bound if fired else v


@compile_exact
def gather_and_fire(
    start: NDArray[Any],
    index: NDArray[Any],
    values: NDArray[Any],
    offset: NDArray[Any],
    bits: NDArray[Any],
    theta: NDArray[Any],
    membrane: NDArray[Any],
    spikes: NDArray[Any],
    rows: Any,
) -> None:
    """Fill spikes [outputs, T, images] of neurons with soft reset behind a layer, and renew their membranes.

    Currents are the sums over samples [T x images] plus the offset; they stay in the cache.
    """
    currents = np.empty(8 * bits.shape[1], values.dtype)
    for r in range(rows[0], rows[1]):
        sum_row(start, index, values, r, bits, currents)
        fire_row(currents, offset[r], theta[r], membrane[r], spikes[r])


@compile_exact
def gather_and_count(
    start: NDArray[Any],
    index: NDArray[Any],
    values: NDArray[Any],
    offset: NDArray[Any],
    bits: NDArray[Any],
    theta: NDArray[Any],
    membrane: NDArray[Any],
    counts: NDArray[Any],
    steps: int,
    rows: Any,
) -> None:
    """Do what `gather_and_fire` does, but add the spikes of all steps to counts int32 [outputs, images]."""
    currents = np.empty(8 * bits.shape[1], values.dtype)
    spikes = np.empty((steps, counts.shape[1]), np.uint8)
    for r in range(rows[0], rows[1]):
        sum_row(start, index, values, r, bits, currents)
        fire_row(currents, offset[r], theta[r], membrane[r], spikes)
        for t in range(steps):
            for i in range(np.uint64(counts.shape[1])):
                counts[r, i] += np.int32(spikes[t, i])


@compile_exact
def pack_row(spikes: NDArray[Any], bits: NDArray[Any]) -> None:
    """Fill bits [bytes] with the bytes 0 and 1 of a row [8 x bytes]."""
    eights, at = spikes.view(np.uint64), np.uint64(56)
    for b in range(np.uint64(bits.size)):
        bits[b] = np.uint8((eights[b] * np.uint64(0x0102040810204080)) >> at)  # the low bits, side by side
