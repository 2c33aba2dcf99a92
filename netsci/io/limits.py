"""Limits on the size of files, checked before memory is allocated.

A file of a kilobyte can ask for terabytes: by compression, by a tensor whose strides are 0, by a header that
merely says so. Honest files stay far below these limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipInfo

from netsci.io.errors import CheckpointError

MAX_BYTES = 16 * 2**30  # of a file, of its content unpacked, and of its arrays taken together
MAX_UNITS = 10_000_000  # rows or columns of one layer
MAX_ENTRIES = 200_000  # members of an archive, arrays of a file
MAX_XML = 2**30  # bytes of a graph file: its graph takes many times that
MAX_HEADER = 100_000_000  # bytes of a safetensors header: the format's own limit
FREE_BYTES = 16 * 2**20  # below this nobody asks what a file stores
ANY_RATIO_BYTES = 2**30  # unpacked: below this a file may pack as well as it likes; a machine has as much
MAX_COMPRESSION = 500  # a matrix that is 99.9 % zeros packs about 350 to 1, nothing but zeros 1,030 to 1
MAX_SHARING = 8  # tied weights count twice; a tensor with strides of 0 counts millions of times


def check_file_size(path: Path, size: int) -> None:
    """Raise CheckpointError for an empty file or one above the limit."""
    if size == 0:
        raise CheckpointError(path, "the file is empty (0 bytes)", "save or download it again")
    if size > MAX_BYTES:
        raise CheckpointError(
            path, _above(f"the file has {size:,} bytes"), "save each layer in a file of its own"
        )


def check_unpacked(path: Path, unpacked: int, packed: int) -> None:
    """Raise CheckpointError where an archive unpacks to more than the limit, or like a zip bomb."""
    if unpacked > MAX_BYTES:
        raise CheckpointError(
            path, _above(f"the archive unpacks to {unpacked:,} bytes"), "save each layer in a file of its own"
        )
    if unpacked > ANY_RATIO_BYTES and unpacked > MAX_COMPRESSION * packed:
        raise CheckpointError(
            path,
            f"the archive unpacks {packed:,} bytes to {unpacked:,}, like a zip bomb",
            "if the file is yours, store it without compression",
        )


def check_members(path: Path, members: Sequence[ZipInfo], size: int) -> None:
    """Raise CheckpointError where the members of a zip archive claim more than it may or can hold."""
    # A reader asks for all the packed bytes at once, and memory for them is taken before they are missed.
    packed = sum(member.compress_size for member in members)
    if packed > size:
        raise CheckpointError(
            path,
            f"its members claim {packed:,} bytes where it has {size:,}: truncated or damaged",
            "fetch or save it again",
        )
    check_unpacked(path, sum(member.file_size for member in members), size)


def check_arrays(path: Path, logical: int, stored: int) -> None:
    """Raise CheckpointError if arrays have more numbers than the limit or than the file can hold."""
    # First, because an expanded tensor is mended otherwise than a large one.
    if logical > FREE_BYTES and logical > MAX_SHARING * stored:
        raise CheckpointError(
            path,
            f"its arrays claim {logical:,} bytes, but it stores {stored:,} (expanded or shared tensors)",
            "if the file is yours, save tensor.clone() of each, or only the layers that differ",
        )
    if logical > MAX_BYTES:
        raise CheckpointError(
            path, _above(f"its arrays have {logical:,} bytes"), "save each layer in a file of its own"
        )


def check_matrix(path: Path, name: str, shape: Sequence[int]) -> None:
    """Raise CheckpointError where a layer has more rows or columns than the limit."""
    rows, columns = shape[0], math.prod(shape[1:])
    if max(rows, columns) > MAX_UNITS:
        raise CheckpointError(
            path,
            f"{name} is {rows:,} x {columns:,}, above the limit of {MAX_UNITS:,} a side",
            "split the layer",
        )


def check_count(path: Path, count: int, what: str) -> None:
    """Raise CheckpointError where there are too many members, arrays or the like."""
    if count > MAX_ENTRIES:
        raise CheckpointError(
            path, f"it has {count:,} {what}, above the limit of {MAX_ENTRIES:,}", "split the file"
        )


def _above(what: str) -> str:
    return f"{what}, above the limit of {MAX_BYTES:,} bytes"
