"""Check the global heaps of an HDF5 file before the HDF5 library reads them: it never ends on a damaged one.

Texts of any length are stored in collections of objects. The library steps from object to object by their
sizes. It never ends if a size is 0, or so large that the step overflows. It also allocates the size of a
collection before it compares that with the size of the file.
"""

from __future__ import annotations

import re
import struct
from typing import Any

_SIGNATURE = re.compile(rb"GCOL\x01")
_LENGTH = {2: "<H", 4: "<I", 8: "<Q"}


def is_heap_damaged(data: Any, length_bytes: int) -> bool:
    """Return whether a global heap is larger than the file, or would be read without end.

    Parameters
    ----------
    data : bytes, or an object that acts like them (a map of the file).
    length_bytes : how many bytes a length takes in this file, as its superblock says.
    """
    if length_bytes not in _LENGTH:
        return True
    # Objects take at least 8 bytes each and share none: the file cannot hold more than this.
    left = len(data) // 8
    for found in _SIGNATURE.finditer(data):
        steps = _steps(data, found.start(), length_bytes)
        left -= steps
        if steps < 0 or left < 0:
            return True
    return False


def are_references_damaged(data: Any, begin: int, count: int, address_bytes: int) -> bool:
    """Return whether `count` references to texts, from `begin` on, need more bytes than the file holds.

    A reference is a length (4 bytes), the address of a heap and the number of an object in it (4 bytes).
    """
    size = 8 + address_bytes
    if begin + count * size > len(data):
        return True
    places = range(begin, begin + count * size, size)
    claimed: int = sum(struct.unpack_from("<I", data, place)[0] for place in places)
    return claimed > len(data)


def _steps(data: Any, begin: int, length_bytes: int) -> int:
    """Count the objects of one collection: -1 if it must not be read, 0 if it is no collection."""
    code = _LENGTH[length_bytes]
    header, object_header = _align(8 + length_bytes), _align(8 + length_bytes)
    if begin + header > len(data):
        return 0
    end = begin + struct.unpack_from(code, data, begin + 8)[0]
    if end > len(data):
        return -1
    place, steps = begin + header, 0
    while place + object_header <= end:
        number = struct.unpack_from("<H", data, place)[0]
        size = struct.unpack_from(code, data, place + 8)[0]
        # Number 0 is free space, whose size counts its header.
        step = size if number == 0 else object_header + _align(size)
        if step == 0 or step >= 2**63:
            return -1
        place, steps = place + step, steps + 1
    return steps


def _align(size: int) -> int:
    return (size + 7) // 8 * 8
