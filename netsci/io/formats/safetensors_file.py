"""safetensors files: a JSON header and the bytes of the tensors, mapped and never executed."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.spiking_file import SPIKING, read_spiking
from netsci.io.limits import MAX_HEADER, check_arrays, check_count
from netsci.io.network.arrays import bitmask
from netsci.io.network.arrays.bitmask import find_bitmasks, with_bitmasks
from netsci.io.network.contents import Contents
from netsci.io.network.linked import PARTS, find_linked_layers, with_linked
from netsci.io.seal import find_damage_of, is_ours

UNFOLDED = (
    "sparse convolutions are read by the rows of their unfolded kernels: the network.safetensors that a "
    "finished run leaves keeps their shape"
)
UNCHECKED = "it holds no checksum (an older version wrote it), so that damage would not be seen"
TRAINING, MODEL = "netsci training checkpoint", "model."  # format, and names, of `netsci.train.checkpoint`
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "F8_E4M3": "u1", "F8_E5M2": "u1",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2",
    "U8": "u1", "BOOL": "?",
}  # fmt: skip


def read_safetensors(path: Path) -> Contents:
    """Read the tensors of two or more dimensions; bf16 and fp8 become float32, which holds them exactly.

    Sparse layers of this library become matrices; of a checkpoint of its training the network is read.
    """
    header, start = _header(path)
    _second_opinion(path)
    unchecked = _check_seal(path, header, start)
    metadata = header.pop("__metadata__", {})
    check_count(path, len(header), "tensors")
    training = isinstance(metadata, dict) and str(metadata.get("format", "")).startswith(TRAINING)
    if training:
        header = {name[len(MODEL) :]: entry for name, entry in header.items() if name.startswith(MODEL)}
    linked = find_linked_layers(name for name, entry in header.items() if len(entry["shape"]) == 1)
    masked = find_bitmasks(header)
    parts = {layer + part for layer in linked for part in PARTS}
    parts |= {layer + part for layer in masked for part in bitmask.PARTS}
    arrays: dict[str, Any] = {}
    small: set[str] = set()
    wanted = {n: entry for n, entry in header.items() if len(entry["shape"]) >= 2 or n in parts}
    held = path.stat().st_size - start
    check_arrays(path, sum(e["data_offsets"][1] - e["data_offsets"][0] for e in wanted.values()), held)
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=start) if held else np.zeros(0, np.uint8)
    for name, entry in header.items():
        if name not in wanted:
            small.add(name)
            continue
        arrays[name] = _decode(path, name, entry, data)
    lengths = {name: header[name]["shape"][0] for name in small if len(header[name]["shape"]) == 1}
    arrays = with_bitmasks(path, with_linked(path, arrays, linked, lengths), masked)
    kind = "checkpoint of a training run" if training else "safetensors"
    if isinstance(metadata, dict) and metadata.get("format") in ("pt", "np", "tf", "flax", "mlx"):
        kind += f" ({metadata['format']})"
    spiking = read_spiking(path, metadata, arrays)
    if spiking is not None:
        kind, uses = spiking
        arrays = {name: arrays[name] for name in [*uses, *(one for one in arrays if one not in uses)]}
        return Contents(kind, arrays, "out_in", True, small, unchecked, lengths, uses, set(header))
    notes = [UNFOLDED] if training and '"model": "resnet18"' in str(metadata.get("content", "")) else []
    return Contents(kind, arrays, "out_in", False, small, unchecked + notes, lengths, stored=set(header))


def _check_seal(path: Path, header: dict[str, Any], start: int) -> list[str]:
    """Raise CheckpointError if a file of ours does not fit its checksum; say so where it has none."""
    with open(path, "rb") as stream:
        stream.seek(start)
        damage = find_damage_of(header, stream)
    if damage:
        metadata = header.get("__metadata__", {})
        spikes = isinstance(metadata, dict) and str(metadata.get("format", "")).startswith(SPIKING)
        raise CheckpointError(
            path,
            f"{damage}: damaged",
            f"make it again: give the `netsci {'convert' if spikes else 'train'}` command again",
        )
    return [UNCHECKED] if damage is None and is_ours(header) else []


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the JSON header and the place where the data begins."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        length = struct.unpack("<Q", stream.read(8))[0]
        if length > MAX_HEADER or length + 8 > size:
            raise CheckpointError(
                path,
                f"its safetensors header claims {length:,} bytes, more than the file or the format allows",
                "the file is truncated or damaged: fetch or save it again",
            )
        header = json.loads(stream.read(length), object_pairs_hook=lambda pairs: _once(path, pairs))
    if not isinstance(header, dict):
        raise CheckpointError(path, "its safetensors header is not a JSON object", "save it again")
    return header, 8 + length


def _once(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object whose names all differ: readers disagree on which of two to take."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise CheckpointError(
                path,
                f"its safetensors header names {printable(name)} twice",
                "save it again, each tensor under a name of its own",
            )
        found[name] = value
    return found


def _second_opinion(path: Path) -> None:
    """Let the format's own library check names, holes and overlaps."""
    import safetensors

    with safetensors.safe_open(path, framework="numpy"):
        pass


def _decode(path: Path, name: str, entry: dict[str, Any], data: NDArray[np.uint8]) -> NDArray[Any]:
    shape, (first, last) = [int(side) for side in entry["shape"]], entry["data_offsets"]
    code = entry["dtype"]
    if code not in _DTYPES:
        raise CheckpointError(
            path,
            f"{printable(name)} has numbers of type {printable(code)}, which are not read",
            "save its real part, or another matrix of real numbers"
            if code in ("C64", "C128")
            else "save it as float16 or float32",
        )
    dtype = np.dtype(_DTYPES[code])
    if not 0 <= first <= last <= len(data) or last - first != math.prod(shape) * dtype.itemsize:
        raise CheckpointError(
            path,
            f"{printable(name)} of shape {shape} lies outside the file or has another size",
            "the file is truncated or damaged: fetch or save it again",
        )
    raw = np.frombuffer(data[first:last].tobytes(), dtype=dtype)
    if code == "BF16":
        raw = (raw.astype(np.uint32) << 16).view(np.float32)
    elif code.startswith("F8"):
        raw = _float8(4 if "E4" in code else 5)[raw]
    return raw.reshape(shape)


def _float8(exponent_bits: int) -> NDArray[np.float32]:
    """Return the value of each of the 256 bit patterns (E4M3 has no infinities, E5M2 is a short float16)."""
    codes = np.arange(256, dtype=np.uint16)
    if exponent_bits == 5:
        return (codes << 8).view(np.float16).astype(np.float32)
    exponent, fraction = (codes >> 3) & 15, (codes & 7) / 8.0
    values = np.where(exponent == 0, fraction * 2.0**-6, (1 + fraction) * 2.0 ** (exponent.astype(float) - 7))
    values = np.where((codes & 127) == 127, np.nan, values)
    return np.where(codes & 128, -values, values).astype(np.float32)
