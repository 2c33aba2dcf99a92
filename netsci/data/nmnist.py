"""N-MNIST: MNIST seen by an event camera that makes three saccades, 34 x 34 pixels, about 0.3 s.

A .bin file is a run of 5-byte events in the order of time. Byte 0 is x, byte 1 is y (downwards), the top bit
of byte 2 is the polarity, and the other 23 bits of bytes 2 to 4, big-endian, are the time in microseconds.
Files are `Train/<digit>/NNNNN.bin` and `Test/<digit>/NNNNN.bin`, NNNNN being the number of the MNIST image,
counted from 1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netsci.data.archives import open_files
from netsci.data.dataset import DataSet
from netsci.data.errors import DataError, check_regular, printable
from netsci.data.events import Events, labelled_frames
from netsci.data.registry import register

SIDE = 34
SPAN = (0, 312_000)  # microseconds, the three saccades; 6 of 100,000 real events come later
PARTS = ("Train", "Test")
SMALL = "n-mnist/n-mnist-small.zip"
_EVENT = 5  # bytes
_NAME = re.compile(r"([0-9])/([0-9]{5})\.bin")
_MEND = "put the official files as n-mnist/Train/<digit>/NNNNN.bin and n-mnist/Test/<digit>/NNNNN.bin there"
CLASSES = tuple(map(str, range(10)))


@dataclass(frozen=True, eq=False)
class Recording:
    """One file: its part ("Train" or "Test"), digit, number of the MNIST image (from 1), and its events."""

    part: str
    digit: int
    number: int
    events: Events


def read_bin(path: str | Path) -> Events:
    """Read one .bin file: the events of 34 x 34 pixels, times in microseconds.

    Raises
    ------
    DataError
        If the file is missing, cut off, holds a pixel outside the sensor or times that fall.
    """
    path = Path(path)
    check_regular(path)
    try:
        return decode(path.read_bytes(), path)
    except OSError as error:
        raise DataError(path, f"it cannot be read ({error.strerror or error})", _MEND) from error


def decode(data: bytes, path: str | Path) -> Events:
    """Return the events that the bytes of a .bin file hold; `path` names the file in errors.

    Examples
    --------
    >>> events = decode(bytes([33, 2, 0b1000_0001, 0, 7]), "00001.bin")
    >>> [int(v[0]) for v in (events.t, events.x, events.y, events.p)]
    [65543, 33, 2, 1]
    """
    if not data:
        raise DataError(path, "it is empty (0 bytes)", "fetch it again")
    if len(data) % _EVENT:
        raise DataError(
            path,
            f"it is truncated: its {len(data)} bytes are not a whole number of 5-byte events",
            "fetch it again",
        )
    raw = np.frombuffer(data, np.uint8).reshape(-1, _EVENT)
    high = raw[:, 2].astype(np.int64)
    time = ((high & 0x7F) << 16) | (raw[:, 3].astype(np.int64) << 8) | raw[:, 4]
    try:
        return Events(time, raw[:, 0], raw[:, 1], raw[:, 2] >> 7, (SIDE, SIDE))
    except ValueError as error:
        raise DataError(path, f"it is not an N-MNIST recording ({error})", "fetch it again") from error


def encode(events: Events) -> bytes:
    """Return the bytes of a .bin file; decode(encode(events), path) gives the events back.

    Raises
    ------
    ValueError
        If the sensor is wider or higher than 34 pixels, or a time needs more than 23 bits.

    Examples
    --------
    >>> list(encode(Events([65543], [33], [2], [1], (34, 34))))
    [33, 2, 129, 0, 7]
    """
    if max(events.size) > SIDE:
        raise ValueError(f"events must come from at most {SIDE} x {SIDE} pixels; their size is {events.size}")
    if len(events) and events.t[-1] >= 1 << 23:
        raise ValueError(
            f"events must end before {1 << 23} us; the last is at {events.t[-1]}: subtract the start time"
        )
    columns = (events.x, events.y, events.p.astype(np.int64) << 7 | events.t >> 16, events.t >> 8, events.t)
    return np.stack([np.asarray(c, np.int64) & 0xFF for c in columns], axis=1).astype(np.uint8).tobytes()


def write_bin(path: str | Path, events: Events) -> None:
    """Write one .bin file; see `encode` for what it raises."""
    Path(path).write_bytes(encode(events))


def recordings(folder: str | Path, part: str | None = None) -> Iterator[Recording]:
    """Yield the recordings of a data folder, Train before Test, each by the number of the MNIST image.

    Looked for, the first that is there: n-mnist/Train/ and n-mnist/Test/ (unpacked), n-mnist/Train.zip and
    n-mnist/Test.zip (as published), n-mnist/n-mnist-small.zip (the first 1,000 and 100 recordings).

    Parameters
    ----------
    folder : the data folder.
    part : "Train" or "Test"; both by default.

    Raises
    ------
    ValueError
        If part is no part.
    DataError
        If files are missing, damaged or have impossible names.
    """
    if part is not None and part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}; got {part!r}")
    wanted = PARTS if part is None else (part,)
    for path, prefix, kind in _sources(Path(folder), wanted):
        files = open_files(path)
        for number, digit, name in _by_number(files.names(), prefix, path):
            yield Recording(kind, digit, number, decode(files.read(name), path / name))


def nmnist(
    folder: Path,
    *,
    steps: int = 8,
    how: str = "time",
    binary: bool = False,
    pooling: int = 1,
    span: tuple[int, int] | None = SPAN,
) -> DataSet:
    """Return N-MNIST as frames uint8 [n, T, 2, 34 / k, 34 / k], in the order of the MNIST images.

    The checksum is that of digit, number and events of all files, Train before Test, by number.

    Parameters
    ----------
    folder : the data folder; see `recordings`.
    steps, how, binary, span : as for `netsci.data.events.frames`. span is (0, 312000) microseconds, so that a
        bin lies at the same place of the saccades in every recording; events after it are left out.
    pooling : k, dividing 34; S0's networks use 2, so that 2 x 17 x 17 = 578 inputs are left.

    Raises
    ------
    DataError
        If files are missing or damaged, or a part holds no recording.
    """
    digest = hashlib.sha256()
    (x_train, y_train), (x_test, y_test) = (
        labelled_frames(
            digest_recordings(recordings(folder, part), digest),
            steps,
            how=how,
            binary=binary,
            span=span,
            pooling=pooling,
        )
        for part in PARTS
    )
    whole = (len(y_train), len(y_test)) == (60_000, 10_000)
    kind = "" if whole else ", a subset with uneven classes"
    return DataSet(
        name="n-mnist",
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        classes=CLASSES,
        source=f"N-MNIST, {len(y_train)} + {len(y_test)} real recordings{kind}",
        checksum=digest.hexdigest(),
        full=1,
    )


def digest_recordings(stream: Iterator[Recording], digest: hashlib._Hash) -> Iterator[tuple[int, Events]]:
    """Yield label and events of recordings, and add part, label, number and events to a checksum."""
    for recording in stream:
        digest.update(f"{recording.part}/{recording.digit}/{recording.number:05d}".encode())
        digest.update(encode(recording.events))
        yield recording.digit, recording.events


def _sources(folder: Path, wanted: tuple[str, ...]) -> list[tuple[Path, str, str]]:
    """Where each wanted part is: a folder or archive, what its names begin with, and the part."""
    base = folder / "n-mnist"
    for ending in ("", ".zip"):
        paths = [base / f"{part}{ending}" for part in wanted]
        if all(path.exists() for path in paths):
            return [(path, "", part) for path, part in zip(paths, wanted, strict=True)]
    if (folder / SMALL).exists():
        return [(folder / SMALL, f"{part}/", part) for part in wanted]
    raise DataError(base, f"it has neither {', '.join(wanted)} nor n-mnist-small.zip", _MEND)


def _by_number(names: list[str], prefix: str, path: Path) -> list[tuple[int, int, str]]:
    """Number of the MNIST image, digit and name of each recording below the prefix, by number."""
    found: dict[int, tuple[int, int, str]] = {}
    for name in names:
        if not name.startswith(prefix) or not name.endswith(".bin"):
            continue
        match = _NAME.fullmatch(name[len(prefix) :])
        if match is None:
            raise DataError(path / printable(name), "its name is not <digit>/NNNNN.bin", _MEND)
        digit, number = int(match[1]), int(match[2])
        if number in found:
            raise DataError(path / name, f"image {number} is also {found[number][2]}", "keep one of them")
        found[number] = (number, digit, name)
    if not found:
        raise DataError(path, f"it holds no recording{' of ' + prefix[:-1] if prefix else ''}", _MEND)
    return [found[number] for number in sorted(found)]


register(
    "n-mnist",
    nmnist,
    needs=[(SMALL, "n-mnist/Train", "n-mnist/Train.zip"), (SMALL, "n-mnist/Test", "n-mnist/Test.zip")],
    help="N-MNIST (Orchard et al. 2015): put its Train.zip and Test.zip into n-mnist/, unpacked or not.",
)
