r"""Recordings of event cameras in the AEDAT formats 2.0 and 3.1.

AEDAT 2.0. Text lines that begin with '#' and end with a line feed, the first being #!AER-DAT2.0; then events
of 8 bytes, big-endian: a 32-bit address and a 32-bit time in microseconds. In the address of a DVS128 bit 0
is the polarity (0: brighter), bits 1 to 7 are x from the right, bits 8 to 14 are y, and bit 15 marks an
external event, which has no pixel and is left out. The higher bits are 0, so no event looks like a header
line; a file that sets them comes from another camera.

AEDAT 3.1. Text lines from #!AER-DAT3.1 to #!END-HEADER; then packets, little-endian: a header of 28 bytes
(type and source int16; size of an event, offset of the time in it, overflow of the time, capacity, number of
events, valid events int32) and the events. A polarity event (type 1) has 8 bytes: 32 bits with valid mark
(bit 0), polarity (bit 1, 1: brighter), y (bits 2 to 16) and x (bits 17 to 31), both from the upper left
corner, and the lower 31 bits of the time in microseconds; the overflow holds the higher ones. Packets of
other types and events without the valid mark are left out.

Reading: the AEDAT 1.0 page says that polarity 1 of a DVS128 is an increase; the script that comes with
CIFAR10-DVS and the tools built on it take 0 for the increase, and so does this module.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.data.errors import DataError, check_regular
from netsci.data.events import Events

DVS128 = (128, 128)
ORIENTATIONS = ("upright", "sensor")
UNORDERED = ("raise", "sort")
_PACKET = struct.Struct("<hhiiiiii")
_POLARITY = 1
_AGAIN = "fetch it again"


def read_aedat(path: str | Path, **options: Any) -> Events:
    """Read a recording of a 128 x 128 camera, AEDAT 2.0 or 3.1, as its first line says.

    Parameters
    ----------
    path : the file.
    options : those of `decode_aedat2` or `decode_aedat3`.

    Raises
    ------
    DataError
        If the file is missing, of another format or damaged.
    """
    path = Path(path)
    check_regular(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            path, f"it cannot be read ({error.strerror or error})", "put the file there"
        ) from error
    if data.startswith(b"#!AER-DAT3.1"):
        return decode_aedat3(data, path, **options)
    return decode_aedat2(data, path, **options)


def decode_aedat2(
    data: bytes, path: str | Path, *, orientation: str = "upright", unordered: str = "raise"
) -> Events:
    """Return the events of an AEDAT 2.0 recording of a DVS128: 128 x 128 pixels, p = 1 brighter.

    Parameters
    ----------
    data : the bytes of the file. path : its name, for errors.
    orientation : "upright" gives x = 127 - y and y = 127 - x of the address, as the common tools read
        CIFAR10-DVS (its camera lay on its side); "sensor" gives x = 127 - x and y of the address, as the
        script that comes with that set does.
    unordered : "raise" where times fall, or "sort" the events by time, those of one time in their order.

    Raises
    ------
    ValueError
        If an option is none of these.
    DataError
        If the header is another one, the last event is cut off, the camera is no DVS128, or times fall.

    Examples
    --------
    >>> data = b"#!AER-DAT2.0\\r\\n" + bytes([0, 0, 2, 6, 0, 0, 1, 1])
    >>> events = decode_aedat2(data, "cifar10_cat_0.aedat", orientation="sensor")
    >>> [int(v[0]) for v in (events.t, events.x, events.y, events.p)]
    [257, 124, 2, 1]
    """
    if orientation not in ORIENTATIONS:
        raise ValueError(f"orientation must be one of {', '.join(ORIENTATIONS)}; got {orientation!r}")
    body = data[_header_2(data, path) :]
    if len(body) % 8:
        raise DataError(path, f"it is truncated: {len(body)} bytes of events are not a multiple of 8", _AGAIN)
    address, time = np.frombuffer(body, ">u4").reshape(-1, 2).T.astype(np.int64)
    wrong = np.flatnonzero(address >> 16)
    if len(wrong):
        raise DataError(
            path,
            f"event {wrong[0]} has the address {address[wrong[0]]:#x}, but a DVS128 has none above 0xffff",
            "use recordings of a DVS128, such as CIFAR10-DVS",
        )
    pixel = (address >> 15) == 0
    address, time = address[pixel], time[pixel]
    across, along = 127 - (address >> 1 & 127), address >> 8 & 127
    x, y = (127 - along, across) if orientation == "upright" else (across, along)
    return _events(path, time, x, y, 1 - (address & 1), unordered)


def decode_aedat3(data: bytes, path: str | Path, *, unordered: str = "raise") -> Events:
    """Return the polarity events of an AEDAT 3.1 recording of 128 x 128 pixels, p = 1 brighter.

    Parameters
    ----------
    data : the bytes of the file. path : its name, for errors.
    unordered : as for `decode_aedat2`.

    Raises
    ------
    ValueError
        If unordered is neither.
    DataError
        If the header is another one, a packet is cut off or impossible, a pixel lies outside, or times fall.
    """
    at = _header_3(data, path)
    fields: list[NDArray[np.int64]] = []
    while at < len(data):
        number, body, overflow, at = _packet(data, at, path)
        if number:
            word, time = np.frombuffer(body, "<u4").reshape(-1, 2).T.astype(np.int64)
            if (time >> 31).any():
                raise DataError(path, f"a packet before byte {at} has negative times", _AGAIN)
            marked = (word & 1) == 1
            fields.append(
                np.stack([overflow << 31 | time, word >> 17, word >> 2 & 0x7FFF, word >> 1 & 1])[:, marked]
            )
    time, x, y, polarity = np.concatenate(fields, axis=1) if fields else np.zeros((4, 0), np.int64)
    return _events(path, time, x, y, polarity, unordered)


def _packet(data: bytes, at: int, path: str | Path) -> tuple[int, bytes, int, int]:
    """Number of polarity events at this place, their bytes, the overflow of the time, and the next place."""
    if at + _PACKET.size > len(data):
        raise DataError(path, f"it is truncated: the packet at byte {at} has no whole header", _AGAIN)
    kind, _, size, offset, overflow, capacity, number, valid = _PACKET.unpack_from(data, at)
    if not (size > 0 and overflow >= 0 and 0 <= valid <= number == capacity):
        raise DataError(
            path,
            f"the packet at byte {at} is impossible (size {size}, overflow {overflow}, capacity {capacity}, "
            f"number {number}, valid {valid})",
            _AGAIN,
        )
    start = at + _PACKET.size
    stop = start + number * size
    if stop > len(data):
        raise DataError(path, f"it is truncated: the packet at byte {at} promises {number} events", _AGAIN)
    if kind != _POLARITY:
        return 0, b"", 0, stop
    if (size, offset) != (8, 4):
        raise DataError(path, f"the packet at byte {at} has events of {size} bytes, and polarity 8", _AGAIN)
    return number, data[start:stop], overflow, stop


def _header_2(data: bytes, path: str | Path) -> int:
    """Return where the first event is."""
    at = 0
    while data[at : at + 1] == b"#":
        end = data.find(b"\n", at)
        line = data[at:end].strip() if end >= 0 else b""
        if end < 0 or (at == 0 and line != b"#!AER-DAT2.0"):
            break
        at = end + 1
    else:
        if at:
            return at
    raise DataError(
        path,
        f"it begins with {data[:14]!r} and has no complete header of AEDAT 2.0",
        "put an AEDAT 2.0 file there",
    )


def _header_3(data: bytes, path: str | Path) -> int:
    at = 0
    while data[at : at + 1] == b"#":
        end = data.find(b"\n", at)
        line = data[at:end].strip() if end >= 0 else b""
        if end < 0 or (at == 0 and line != b"#!AER-DAT3.1"):
            break
        if line.startswith(b"#Format:") and line != b"#Format: RAW":
            raise DataError(path, f"its header says {line[:40]!r}", "use a recording of the format RAW")
        at = end + 1
        if line == b"#!END-HEADER":
            return at
    raise DataError(
        path,
        f"it begins with {data[:14]!r} and has no header of AEDAT 3.1 that ends with #!END-HEADER",
        "put an AEDAT 3.1 file there",
    )


def _events(path: str | Path, time: Any, x: Any, y: Any, polarity: Any, unordered: str) -> Events:
    if unordered not in UNORDERED:
        raise ValueError(f"unordered must be one of {', '.join(UNORDERED)}; got {unordered!r}")
    if unordered == "sort":
        order = np.argsort(time, kind="stable")
        time, x, y, polarity = time[order], x[order], y[order], polarity[order]
    try:
        return Events(time, x, y, polarity, DVS128)
    except ValueError as error:
        mend = "fetch it again, or pass unordered='sort' if times may fall in it"
        raise DataError(path, f"its events are impossible ({error})", mend) from error
