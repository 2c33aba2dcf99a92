"""npy and npz files, pickles refused; scipy.sparse npz files keep their stored pattern."""

from __future__ import annotations

import contextlib
import io
import math
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.guess import Guess
from netsci.io.limits import MAX_ENTRIES, check_matrix, check_members
from netsci.io.network.arrays.coordinates import find_groups, with_parts
from netsci.io.network.arrays.zeros_and_ones import may_be_pairs
from netsci.io.network.contents import Contents
from netsci.io.network.pointers import check_pointers

if TYPE_CHECKING:
    import scipy.sparse as sp

_PERHAPS_PAIRS = Guess("whole numbers, read as a layer; --format edges (format= in load) reads links")
_SPARSE = {"csr", "csc", "coo"}


def read_npy(path: Path) -> Contents:
    """Read one dense matrix, rows presynaptic; raises CheckpointError unless it is two-dimensional."""
    with open(path, "rb") as stream:
        _refuse_several(path, stream)
        shape, dtype = _header(path, stream, path.stat().st_size, "the array")
        if dtype.hasobject:
            raise _objects(path, "the array")
        if len(shape) != 2:
            raise CheckpointError(
                path,
                f"it holds an array of shape {list(shape)}",
                "a layer is a matrix [presynaptic, postsynaptic]; several layers go into an npz",
            )
        check_matrix(path, "the array", shape)
        stream.seek(0)
        matrix = np.load(stream, allow_pickle=False)
    notes: list[str] = [_PERHAPS_PAIRS] if may_be_pairs(matrix) else []
    return Contents("npy matrix", {printable(path.stem): matrix}, "in_out", False, notes=notes)


def read_npz(path: Path) -> Contents:
    """Read the matrices of an npz, or the one sparse matrix that `scipy.sparse.save_npz` wrote."""
    arrays: dict[str, Any] = {}
    small: set[str] = set()
    notes: list[str] = []
    lengths: dict[str, int] = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        check_members(path, members, path.stat().st_size)
        names = [m.filename.removesuffix(".npy") for m in members]
        if {"format", "shape", "data"} <= set(names):
            return _read_sparse(path, archive)
        headers = read_headers(path, archive)
        groups = find_groups(headers)
        parts = {part for group in groups for part in group.parts.values()}
        for member, name in zip(members, names, strict=True):
            shape, dtype = headers[name]
            if dtype.hasobject:
                notes.append(f"{printable(name)} holds pickled Python objects, which are not opened")
                small.add(name)
            elif len(shape) < 2 and name not in parts:
                small.add(name)
                lengths.update({name: shape[0]} if shape else {})
            else:
                arrays[name] = _read_member(archive, member)
    arrays = with_parts(path, arrays, groups)
    return Contents("npz", arrays, "by_name", False, small, notes, lengths)


def _refuse_several(path: Path, stream: IO[bytes]) -> None:
    """Raise CheckpointError for several arrays in one file, else leave the stream at its beginning."""
    size = path.stat().st_size
    shapes: list[str] = []
    with contextlib.suppress(Exception):  # damaged: what reads the first array says so
        while len(shapes) < MAX_ENTRIES and stream.tell() < size:
            shape, dtype = _read_header(stream)
            stream.seek(stream.tell() + math.prod(shape) * dtype.itemsize)
            shapes.append(" x ".join(map(str, shape)) or "a number")
            if dtype.hasobject or min(shape, default=0) < 0:
                break
    if len(shapes) > 1:
        more = f" and {len(shapes) - 6} more" if len(shapes) > 6 else ""
        raise CheckpointError(
            path,
            f"it holds {len(shapes)} arrays one after the other and no names, as Equinox (.eqx) and repeated "
            f"numpy.save write them: {', '.join(shapes[:6])}{more}",
            "save them as npz, each under the name of its layer: numpy.savez(file, **{name: array})",
        )
    stream.seek(0)


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype


def read_headers(path: Path, archive: zipfile.ZipFile) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Return shape and type of each array of an npz by its name."""
    headers = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in headers:
            raise CheckpointError(path, f"it holds {printable(name)!r} twice", "save it again")
        with archive.open(member) as stream:
            headers[name] = _header(path, stream, member.file_size, printable(name))
    return headers


def read_numbers(archive: zipfile.ZipFile, name: str) -> Any:
    """Return an array of an npz by its name, without its suffix."""
    found = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    return _read_member(archive, found[name])


def read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    """Return an array of an npz, once its header is seen to promise what is there, and no objects."""
    name = printable(member.filename.removesuffix(".npy"))
    with archive.open(member) as stream:
        _, dtype = _header(path, stream, member.file_size, name)
    if dtype.hasobject:
        raise _objects(path, name)
    return _read_member(archive, member)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    return np.load(io.BytesIO(archive.read(member)), allow_pickle=False)


def _header(path: Path, stream: IO[bytes], size: int, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read an npy header and check that the file holds as many bytes as it promises."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise CheckpointError(path, f"{name} has npy format version {version}", "save it with plain dtypes")
    promised, held = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if promised != held and not dtype.hasobject:
        raise CheckpointError(
            path,
            f"{name} promises {promised:,} bytes and holds {held:,}: truncated or damaged",
            "fetch or save it again",
        )
    return shape, dtype


def _objects(path: Path, name: str) -> CheckpointError:
    return CheckpointError(
        path,
        f"{name} holds pickled Python objects, which can run code when opened, so it is not opened",
        "save numbers: numpy.asarray(matrix, dtype=float)",
    )


def _read_sparse(path: Path, archive: zipfile.ZipFile) -> Contents:
    """Read scipy's own layout, every index checked before scipy's compiled code sees it."""
    parts: dict[str, Any] = {}
    for member in archive.infolist():
        parts[member.filename.removesuffix(".npy")] = read_member(path, archive, member)
    layout = parts["format"].item()
    layout = layout.decode("ascii") if isinstance(layout, bytes) else str(layout)
    sides = tuple(int(side) for side in parts["shape"].tolist())
    if layout not in _SPARSE or len(sides) != 2 or min(sides) < 0:
        raise CheckpointError(
            path,
            f"it holds a sparse {printable(layout)} array of shape {list(sides)}",
            "save a matrix: scipy.sparse.save_npz(file, scipy.sparse.csr_array(matrix))",
        )
    shape = (sides[0], sides[1])
    check_matrix(path, "the matrix", shape)
    matrix = _assemble(path, layout, parts, shape)
    return Contents("scipy.sparse npz", {printable(path.stem): matrix}, "in_out", False)


def _assemble(path: Path, layout: str, parts: dict[str, Any], shape: tuple[int, int]) -> sp.csr_array:
    import scipy.sparse as sp

    if layout == "coo":
        return sp.coo_array((parts["data"], (parts["row"], parts["col"])), shape=shape).tocsr()
    order = shape if layout == "csr" else (shape[1], shape[0])
    check_pointers(path, printable(path.stem), parts["indptr"], parts["indices"], order)
    build = sp.csr_array if layout == "csr" else sp.csc_array
    matrix = build((parts["data"], parts["indices"], parts["indptr"]), shape=shape)
    matrix.check_format(full_check=True)
    return sp.csr_array(matrix)
