"""The seal of our own safetensors files: a SHA-256 of all the rest, in their metadata.

safetensors itself has no checksum: a flipped bit in a weight is read as another weight. The sum is that of
the header without its seal, as JSON with sorted keys, followed by the bytes of the tensors.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

SEAL = "netsci_sha256"
_SEALED = {"sealed_by": SEAL}  # a seal that is lost, as its name was damaged, is missed
_METADATA = "__metadata__"
_LENGTH = struct.Struct("<Q")
_MASK = ".weight_mask"


def seal(data: bytes) -> bytes:
    """Return a safetensors file with its seal in place of one that it may have had."""
    header, start = _read_header(io.BytesIO(data), len(data))
    stream = io.BytesIO(data)
    stream.seek(start)
    known = {**header.pop(_METADATA, {}), **_SEALED}
    known.pop(SEAL, None)
    metadata = dict(sorted(known.items()))  # the library's own order differs from file to file
    header = {_METADATA: metadata, **header}
    metadata[SEAL] = _digest(header, stream)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at multiples of 8
    return _LENGTH.pack(len(text)) + text + data[start:]


def find_damage(path: Path) -> str | None:
    """Return what is wrong with a sealed file: "" if nothing is, None if it has no seal.

    Raises OSError if the file cannot be read.
    """
    with open(path, "rb") as stream:
        try:
            header, _ = _read_header(stream, path.stat().st_size)
        except (ValueError, TypeError, RecursionError, struct.error):
            return "it is no safetensors file any more"
        return find_damage_of(header, stream)


def find_damage_of(header: dict[str, Any], stream: BinaryIO) -> str | None:
    """Return what is wrong with a sealed file, as `find_damage`; the stream is at its tensors."""
    metadata = header.get(_METADATA)
    known = metadata if isinstance(metadata, dict) else {}
    if SEAL not in known:
        return "its checksum is missing" if _SEALED.items() <= known.items() else None
    if _digest(header, stream) != known[SEAL]:
        return "its checksum does not fit its content"
    return ""


def is_ours(header: dict[str, Any]) -> bool:
    """Return whether a file without a seal seems to be of an older version of this library."""
    metadata = header.get(_METADATA)
    if isinstance(metadata, dict) and str(metadata.get("format", "")).startswith("netsci"):
        return True
    masks = [name for name in header if name.endswith(_MASK)]
    return not metadata and bool(masks) and all(header[name].get("dtype") == "BOOL" for name in masks)


def _digest(header: dict[str, Any], stream: BinaryIO) -> str:
    metadata = {name: text for name, text in header[_METADATA].items() if name != SEAL}
    rest = header | {_METADATA: metadata}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode())
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _read_header(stream: BinaryIO, size: int) -> tuple[dict[str, Any], int]:
    (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
    if length > size:
        raise ValueError("the header is longer than the file")
    header = json.loads(stream.read(length))
    if not isinstance(header, dict) or not isinstance(header.get(_METADATA, {}), dict):
        raise TypeError("the header is not a JSON object")
    return header, _LENGTH.size + length
