"""Damage to files: bits, lengths, cuts, numbers in text; of archives also inside, under new checksums.

Every case is drawn from a generator of its own, so that a format, a seed and a number name one file.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from tests.io.samples import FC2, npy_bytes
from tests.io.seeds import SEEDS


def seeds(name: str, folder: Path) -> list[bytes]:
    """Return the valid files of a format."""
    found = []
    for number, write in enumerate(SEEDS[name]):
        path = folder / f"{name}{number}"
        write(path)
        found.append(path.read_bytes())
    return found


def case(files: list[bytes], name: str, seed: int, number: int) -> bytes:
    """Return the damaged file of this number, made from the valid files of a format."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
    data, other = files[number % len(files)], files[(number + 1) % len(files)]
    if data[:2] == b"PK" and rng.random() < 0.6:
        return _inside(data, rng)  # else nearly every damage stops at a checksum
    return _damaged(data, other, rng)


def _damaged(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    for _ in range((1, 1, 1, 2, 3)[rng.integers(5)]):
        way = _WAYS[rng.integers(len(_WAYS))]
        data = way(bytearray(data), rng, other) if data else data
    return data


def _inside(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage a member of an archive, and pack it with a checksum that holds."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(packed, "w") as fresh:
        members = archive.infolist()
        chosen = rng.integers(len(members))
        for number, member in enumerate(members):
            content = archive.read(member)
            if number == chosen or rng.random() < 0.1:
                content = _damaged(content, npy_bytes(FC2), rng)
            plain = zipfile.ZipInfo(member.filename)  # dated 1980, not now
            fresh.writestr(plain, content, compress_type=member.compress_type)
    return packed.getvalue()


def _span(data: bytes | bytearray, rng: np.random.Generator, longest: int) -> slice:
    begin = int(rng.integers(len(data)))
    return slice(begin, begin + int(rng.integers(1, longest + 1)))


def _bits(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    for _ in range(rng.integers(1, 9)):
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return bytes(data)


def _run(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    span = _span(data, rng, 16)
    length = len(data[span])
    data[span] = [b"\xff" * length, b"\x80" * length, rng.bytes(length)][rng.integers(3)]
    return bytes(data)


def _zeros(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    span = _span(data, rng, max(1, len(data) // 4))
    data[span] = bytes(len(data[span]))
    return bytes(data)


def _cut(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    return bytes(data[: rng.integers(len(data))])


def _drop(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    del data[_span(data, rng, 64)]
    return bytes(data)


def _insert(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    here = int(rng.integers(len(data)))
    copied = bytes(data[_span(data, rng, 256)])
    data[here:here] = copied if rng.random() < 0.5 else rng.bytes(int(rng.integers(1, 64)))
    return bytes(data)


def _splice(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    return bytes(data[: rng.integers(len(data))]) + other[int(rng.integers(len(other))) :]


def _swap(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    length = int(rng.integers(1, max(2, len(data) // 4)))
    a, b = (int(place) for place in rng.integers(0, max(1, len(data) - length), 2))
    data[a : a + length], data[b : b + length] = data[b : b + length], data[a : a + length]
    return bytes(data)


def _length(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    """Inflate a field that looks like a length: a small number of 1, 2, 4 or 8 bytes."""
    code = "BHIQ"[rng.integers(4)]
    order = "<>"[rng.integers(2)]
    size = struct.calcsize(code)
    places = [i for i in range(len(data) - size + 1) if 0 < _number(data, i, order + code) <= 4 * len(data)]
    if places:
        place = places[rng.integers(len(places))]
        held, largest = _number(data, place, order + code), 2 ** (8 * size)
        new = [held + 1, held * 2, held * 1024, held << 31, largest // 2 - 1, largest // 2, largest - 1, 0]
        struct.pack_into(order + code, data, place, new[rng.integers(len(new))] % largest)
    return bytes(data)


def _number(data: bytearray, place: int, code: str) -> int:
    number: int = struct.unpack_from(code, data, place)[0]
    return number


def _text_number(data: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    """Inflate a number written in digits."""
    places = [found.span() for found in re.finditer(rb"\d+", bytes(data))]
    if places:
        begin, end = places[rng.integers(len(places))]
        data[begin:end] = _NUMBERS[rng.integers(len(_NUMBERS))]
    return bytes(data)


_NUMBERS = [
    b"-1", b"0", b"99", b"70000", b"2147483648", b"99999999999", b"1e308", b"1e999", b"nan", b"9" * 30,
    b"9" * 5000, b"0x10", b"1_0", b"-9223372036854775809", "٣".encode(), b"1" + b"0" * 400, b"",
]  # fmt: skip
_WAYS = [_bits, _bits, _run, _zeros, _cut, _drop, _insert, _splice, _swap, _length, _length, _text_number]
