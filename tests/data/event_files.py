"""Writers of synthetic recordings in the official formats, byte by byte and apart from the readers' code."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np

HEADER_2 = (
    b"#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n"
    b"# Data format is int32 address, int32 timestamp (8 bytes total), repeated for each event\r\n"
    b"# Timestamps tick is 1 us\r\n"
)
HEADER_3 = (
    b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n"
    b"#Start-Time: 2016-06-01 10:00:00 (TZ+0000)\r\n#!END-HEADER\r\n"
)


def nmnist_bytes(rows):
    """rows of (t, x, y, p)."""
    out = bytearray()
    for t, x, y, p in rows:
        out += bytes([x, y, p * 128 + t // 65536, t // 256 % 256, t % 256])
    return bytes(out)


def aedat2_bytes(rows, header=HEADER_2):
    """rows of (t, column, row, p) as the sensor stands, column from the left, row upwards, p = 1 brighter."""
    out = bytearray(header)
    for t, column, row, p in rows:
        out += struct.pack(">II", row * 256 + (127 - column) * 2 + (0 if p else 1), t)
    return bytes(out)


def packet(
    rows, *, kind=1, size=8, offset=4, overflow=0, marked=None, capacity=None, number=None, valid=None
):
    """rows of (t, x, y, p), t below 2^31; marked says which carry the valid mark."""
    marked = [True] * len(rows) if marked is None else marked
    n = len(rows)
    head = struct.pack(
        "<hhiiiiii",
        kind,
        1,
        size,
        offset,
        overflow,
        n if capacity is None else capacity,
        n if number is None else number,
        sum(marked) if valid is None else valid,
    )
    body = b""
    for (t, x, y, p), mark in zip(rows, marked, strict=True):
        body += struct.pack("<Ii", x * 2**17 + y * 4 + p * 2 + int(mark), t) + b"\0" * (size - 8)
    return head + body


def aedat3_bytes(*packets, header=HEADER_3):
    return header + b"".join(packets)


def events_of(rng, n, *, size, stop):
    """n events (t, x, y, p) of random pixels with times that never fall."""
    times = np.sort(rng.integers(0, stop, n))
    return [(int(t), int(rng.integers(size)), int(rng.integers(size)), int(rng.integers(2))) for t in times]


def write_nmnist(folder, numbers, rng, *, form="folders"):
    """Files of N-MNIST: numbers is {"Train": {number: digit}, "Test": ...}; returns the rows by file name."""
    base = Path(folder) / "n-mnist"
    base.mkdir(parents=True)
    rows = {}
    for part, digits in numbers.items():
        for number, digit in digits.items():
            rows[f"{part}/{digit}/{number:05d}.bin"] = events_of(rng, 40, size=34, stop=300_000)
    if form == "folders":
        for name, found in rows.items():
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_bytes(nmnist_bytes(found))
    elif form == "small":
        write_zip(base / "n-mnist-small.zip", {name: nmnist_bytes(found) for name, found in rows.items()})
    else:
        for part in numbers:
            inside = {name: nmnist_bytes(found) for name, found in rows.items() if name.startswith(part)}
            write_zip(base / f"{part}.zip", inside)
    return rows


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def idx_bytes(array):
    return (
        struct.pack(">BBBB", 0, 0, 8, array.ndim)
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


def write_mnist(folder, x_train, y_train, x_test, y_test):
    base = Path(folder) / "mnist"
    base.mkdir(parents=True)
    for name, array in (
        ("train-images-idx3", x_train),
        ("train-labels-idx1", y_train),
        ("t10k-images-idx3", x_test),
        ("t10k-labels-idx1", y_test),
    ):
        (base / f"{name}-ubyte").write_bytes(idx_bytes(np.asarray(array, np.uint8)))


def npy_bytes(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()
