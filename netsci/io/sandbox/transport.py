"""A network carried from one process to another in a file: a JSON header and raw arrays, never a pickle.

Layout: 8 bytes (little endian) with the length of the header; the header; the arrays one after the other, in
the byte order of the machine. Either the header describes a network, or it is the refusal of a file. The
receiver believes nothing: sizes, types and every index are checked.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Population, Projection
from netsci.io.errors import MAX_TEXT, CheckpointError
from netsci.io.network.labels import check_total
from netsci.io.network.pointers import check_pointers

_LENGTH = struct.Struct("<Q")
_INDICES = ("int32", "int64")
_WEIGHTS = ("float32", "float64")


def send_network(
    stream: BinaryIO, graph: LayeredGraph, kind: str, notes: Sequence[str], guesses: Sequence[str] = ()
) -> None:
    """Write a network, what its file is and the notes and guesses on it, from the stream's place onwards."""
    arrays: list[NDArray[Any]] = []
    projections = []
    for projection in graph.projections:
        links, weights = projection.links, projection.weights
        arrays += [links.indptr, links.indices] + ([] if weights is None else [weights.data])
        projections.append(
            {
                "source": projection.source,
                "target": projection.target,
                "name": projection.name,
                "rows_per_unit": projection.rows_per_unit,
                "undirected": projection.undirected,
                "shape": projection.shape,
                "links": int(links.nnz),
                "pointers": str(links.indptr.dtype),
                "indices": str(links.indices.dtype),
                "weights": None if weights is None else str(weights.dtype),
            }
        )
    populations = [[p.name, p.size, p.labels, p.needs] for p in graph.populations]
    header: dict[str, Any] = {"kind": kind, "notes": list(notes), "guesses": list(guesses)}
    header |= {"populations": populations, "projections": projections}
    _write_header(stream, header)
    for array in arrays:
        _write(stream, np.ascontiguousarray(array).view(np.uint8).data)


def send_refusal(stream: BinaryIO, reason: str, mend: str) -> None:
    """Write, in place of a network, why the file is not read and what to do."""
    _write_header(stream, {"refused": [reason, mend]})


def receive(stream: BinaryIO, path: Path) -> tuple[LayeredGraph, str, tuple[str, ...], tuple[str, ...]]:
    """Return the network that was sent, its kind, notes and guesses; `path` is the file it was read from.

    Raises
    ------
    CheckpointError
        If a refusal was sent, or what was sent is neither a network nor a refusal.
    """
    try:
        header = _read_header(stream)
        refused = header.get("refused")
        if refused is None:
            notes, guesses = (tuple(map(_text, header[name])) for name in ("notes", "guesses"))
            return _graph(stream, header, path), _text(header["kind"]), notes, guesses
        reason, mend = map(_text, refused)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            path,
            "the process that read it answered with something that is not a network",
            "fetch or save the file again",
        ) from error
    raise CheckpointError(path, reason, mend)


def _graph(stream: BinaryIO, header: dict[str, Any], path: Path) -> LayeredGraph:
    populations = tuple(
        Population(_text(name), _whole(size), _labels(labels), _text(needs))
        for name, size, labels, needs in header["populations"]
    )
    check_total(populations)
    projections = tuple(_projection(stream, record, path) for record in header["projections"])
    if stream.read(1):
        raise ValueError("what was sent holds bytes after its last array: read the file again")
    return LayeredGraph(populations, projections)


def _projection(stream: BinaryIO, record: dict[str, Any], path: Path) -> Projection:
    rows, columns = map(_whole, record["shape"])
    count, code = _whole(record["links"]), record["weights"]
    pointers = _read_array(stream, _one_of(record["pointers"], _INDICES), rows + 1)
    indices = _read_array(stream, _one_of(record["indices"], _INDICES), count)
    values = None if code is None else _read_array(stream, _one_of(code, _WEIGHTS), count)
    check_pointers(path, "that was sent", pointers, indices, (rows, columns))
    links = sp.csr_array((np.ones(count, bool), indices, pointers), shape=(rows, columns))
    if not links.has_canonical_format:
        raise ValueError("links are not sorted, or stored twice")
    weights = None if values is None else sp.csr_array((values, indices, pointers), shape=links.shape)
    if type(record["undirected"]) is not bool:
        raise TypeError(
            f"what was sent must have undirected True or False; got {record['undirected']!r}: read the file "
            "again"
        )
    return Projection(
        _text(record["source"]),
        _text(record["target"]),
        links,
        weights,
        _whole(record["rows_per_unit"]),
        _text(record["name"]),
        record["undirected"],
    )


def _write_header(stream: BinaryIO, header: dict[str, Any]) -> None:
    text = json.dumps(header).encode("ascii")
    _write(stream, memoryview(_LENGTH.pack(len(text)) + text))


def _read_header(stream: BinaryIO) -> dict[str, Any]:
    length = _LENGTH.unpack(_read(stream, _LENGTH.size))[0]
    header = json.loads(_read(stream, length))
    if not isinstance(header, dict):
        raise TypeError("the header is not an object")
    return header


def _write(stream: BinaryIO, data: memoryview) -> None:
    while data.nbytes:  # an unbuffered file takes at most 2 GiB at once
        data = data[stream.write(data) :]


def _read(stream: BinaryIO, length: int) -> bytes:
    _check_left(stream, length)
    data = stream.read(length)
    if len(data) != length:
        raise ValueError("what was sent ends early: read the file again")
    return data


def _read_array(stream: BinaryIO, dtype: str, count: int) -> NDArray[Any]:
    """Return `count` numbers, in memory of their own; allocated only after the file is seen to hold them."""
    _check_left(stream, count * np.dtype(dtype).itemsize)
    array = np.empty(count, dtype)
    rest = array.view(np.uint8).data
    while rest.nbytes:
        done = stream.readinto(rest)  # type: ignore[attr-defined]
        if not done:
            raise ValueError("what was sent ends early: read the file again")
        rest = rest[done:]
    return array


def _check_left(stream: BinaryIO, length: int) -> None:
    here = stream.tell()
    left = stream.seek(0, 2) - here
    stream.seek(here)
    if length > left:
        raise ValueError(
            f"what was sent ends early, {length} bytes must follow and {left} do: read the file again"
        )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {type(value).__name__}")
    return value


def _labels(value: Any) -> list[str] | None:
    """Return the labels of a population, checked one by one: they end on terminals and in XML."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise TypeError("labels are a list")  # of one entry for each unit, as Population checks
    for label in map(_text, value):
        if len(label) > MAX_TEXT or not label.isprintable():
            raise ValueError("a label is too long or not plain text")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**62:
        raise TypeError("a whole number was expected")
    return value


def _one_of(value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError("numbers of an unknown type")
    return str(value)
