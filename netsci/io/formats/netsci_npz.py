"""Our own npz of a network: its parts as arrays that numpy reads, with a header that says how they fit.

`netsci` is the header, JSON as bytes; layer i has the arrays `i.indptr` and `i.indices` (CSR, its rows are
presynaptic) and, with weights, `i.data`; the labels of population i are the texts `labels.i`.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.numpy_file import read_member
from netsci.io.limits import MAX_UNITS, check_members
from netsci.io.network.pointers import check_pointers

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Population, Projection

_WEIGHTS = {"float32": np.float32, "float64": np.float64}
_AGAIN = "write it again with netsci export"


def write_netsci_npz(graph: LayeredGraph, stream: IO[bytes]) -> None:
    """Write a network, nothing lost."""
    arrays: dict[str, Any] = {}
    for i, population in enumerate(graph.populations):
        if population.labels is not None:
            arrays[f"labels.{i}"] = np.array(population.labels, dtype=np.str_)
    projections = []
    for i, p in enumerate(graph.projections):
        arrays[f"{i}.indptr"], arrays[f"{i}.indices"] = p.links.indptr, p.links.indices
        if p.weights is not None:
            arrays[f"{i}.data"] = p.weights.data
        projections.append(
            {
                "source": p.source,
                "target": p.target,
                "name": p.name,
                "rows_per_unit": p.rows_per_unit,
                "undirected": p.undirected,
                "weights": None if p.weights is None else str(p.weights.dtype),
            }
        )
    populations = [[p.name, p.size] for p in graph.populations]
    every = [p.name for p in graph.populations if p.needs == "every"]
    marks = {"every": every} if every else {}
    header = json.dumps({"populations": populations, "projections": projections} | marks).encode("ascii")
    np.savez_compressed(stream, netsci=np.frombuffer(header, np.uint8), **arrays)


def read_netsci_npz(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read a network that `write_netsci_npz` wrote, and no notes; every size and index is checked first."""
    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Population

    with zipfile.ZipFile(path) as archive:
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        check_members(path, archive.infolist(), path.stat().st_size)
        if len(members) < len(archive.infolist()):
            raise _wrong(path, "it holds an array twice")
        left = set(members)

        def read(name: str, kinds: str) -> Any:
            if name not in members:
                raise _wrong(path, f"its array {name} is missing")
            left.discard(name)
            array = read_member(path, archive, members[name])
            if array.ndim != 1 or array.dtype.kind not in kinds:
                raise _wrong(path, f"its array {name} is of another kind")
            return array

        try:
            header = json.loads(read("netsci", "u").astype(np.uint8).tobytes())
            if type(header) is not dict:
                raise TypeError("the header is no JSON object")
            every = _names(header["every"]) if "every" in header else []
            populations: list[Population] = []
            for i, (name, size) in enumerate(header["populations"]):
                labels = read(f"labels.{i}", "U").tolist() if f"labels.{i}" in members else None
                needs = "every" if printable(name) in every else "any"
                populations.append(Population(printable(name), _whole(size), labels, needs))
            sizes = {p.name: p.size for p in populations}
            projections = [_read_layer(path, read, i, x, sizes) for i, x in enumerate(header["projections"])]
            if left or not set(every) <= set(sizes):
                raise ValueError(f"nothing reads {min(left or set(every) - set(sizes))}")
            return LayeredGraph(tuple(populations), tuple(projections)), []
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise _wrong(path, f"its header and its arrays do not fit ({printable(error)})") from error


def _read_layer(path: Path, read: Any, i: int, entry: dict[str, Any], sizes: dict[str, int]) -> Projection:
    import scipy.sparse as sp

    from netsci.graph.projection import Projection

    source, target, rows_per_unit = (
        printable(entry["source"]),
        printable(entry["target"]),
        entry["rows_per_unit"],
    )
    shape = (_whole(sizes[source] * _whole(rows_per_unit)), sizes[target])
    pointers, indices = read(f"{i}.indptr", "i"), read(f"{i}.indices", "i")
    check_pointers(path, printable(entry["name"]), pointers, indices, shape)
    links = sp.csr_array((np.ones(len(indices), bool), indices, pointers), shape=shape)
    if not links.has_canonical_format:
        raise ValueError("links are not sorted, or stored twice")
    weights = None
    if entry["weights"] is not None:
        values = read(f"{i}.data", "f").astype(_WEIGHTS[entry["weights"]])
        if len(values) != len(indices) or not np.isfinite(values).all():
            raise ValueError("weights are missing or not finite")
        weights = sp.csr_array((values, indices, pointers), shape=shape)
    if type(entry["undirected"]) is not bool:
        raise TypeError("undirected is not true or false")
    return Projection(
        source, target, links, weights, rows_per_unit, printable(entry["name"]), entry["undirected"]
    )


def _names(every: Any) -> list[str]:
    if type(every) is not list:
        raise TypeError("every is no list of populations")
    return [printable(name) for name in every]


def _whole(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_UNITS:
        raise ValueError(f"{value!r} is no number of units")
    return value


def _wrong(path: Path, what: str) -> CheckpointError:
    return CheckpointError(path, f"a network of netsci, but {what}: damaged", _AGAIN)
