"""What lies inside a file that only wraps another one: gzip, or the sheet of an Excel workbook.

What is inside goes to a file without a name, in memory where the system can, and is then read as any other.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from netsci.io.errors import CheckpointError
from netsci.io.limits import ANY_RATIO_BYTES, MAX_BYTES, MAX_COMPRESSION

GZIP = b"\x1f\x8b"
_BLOCK = 2**20
_AGAIN = "fetch or save it again"


class Unpacked(type(Path())):  # type: ignore[misc]
    """The path of a file without a name, which is called like the file that it was packed in."""

    shown: Path

    @property
    def name(self) -> str:
        """The name to show."""
        return self.shown.name

    @property
    def stem(self) -> str:
        """The name to show, without its suffix."""
        return self.shown.stem


@contextlib.contextmanager
def unpack(path: Path, select: str | None) -> Iterator[tuple[Path, str, str | None]]:
    """Yield the file to read, what it was packed in ("" for nothing), and what is still to be selected.

    `select` names the sheet of a workbook.
    """
    if path.is_dir():
        yield path, "", select
        return
    with open(path, "rb") as stream:
        head = stream.read(4)
    if head.startswith(GZIP):
        with _nameless_file() as (out, place):
            _inflate(path, out)
            yield (
                _call(place, path.with_suffix("") if path.suffix == ".gz" else path),
                "gzip-compressed",
                select,
            )
        return
    if head == b"PK\x03\x04":
        from netsci.io.formats.wrapped.workbook import is_workbook, write_sheet

        if is_workbook(path):
            with _nameless_file() as (out, place):
                write_sheet(path, out, select)
                yield _call(place, path), "Excel workbook", None
            return
    yield path, "", select


def _call(place: str, shown: Path) -> Path:
    found = Unpacked(place)
    found.shown = shown
    return found


@contextlib.contextmanager
def _nameless_file() -> Iterator[tuple[IO[bytes], str]]:
    """Yield a file to write, and the path at which it can be read as long as it is open."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("netsci"), "w+b") as stream:
            yield stream, f"/proc/self/fd/{stream.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as stream:
            yield stream, stream.name


def _inflate(path: Path, out: IO[bytes]) -> None:
    """Write what a gzip file of one or more parts holds; check sizes and checksums, and refuse a zip bomb."""
    size = path.stat().st_size
    most = min(MAX_BYTES, max(ANY_RATIO_BYTES, MAX_COMPRESSION * size))
    written, whole = 0, False
    with open(path, "rb") as stream:
        inflater = zlib.decompressobj(wbits=31)
        data = b""
        try:
            while data or (data := stream.read(_BLOCK)):
                if whole and not data.strip(b"\0"):  # what pads a tape
                    data = b""
                    continue
                if whole:
                    inflater, whole = zlib.decompressobj(wbits=31), False
                block = inflater.decompress(data, _BLOCK)
                written += len(block)
                if written > most:
                    raise CheckpointError(
                        path,
                        f"it unpacks {size:,} bytes to more than {most:,}, like a zip bomb",
                        "if the file is yours, unpack it and give the file inside",
                    )
                out.write(block)
                whole = inflater.eof
                data = inflater.unused_data if whole else inflater.unconsumed_tail
        except zlib.error as error:
            raise CheckpointError(path, "it is a damaged gzip file", _AGAIN) from error
    if not whole:
        raise CheckpointError(path, "it is a gzip file that ends early: truncated", _AGAIN)
    if not written:
        raise CheckpointError(path, "it is a gzip file with nothing inside", _AGAIN)
    out.flush()
