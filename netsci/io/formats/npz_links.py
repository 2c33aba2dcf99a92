"""Links in an npz, kept as several arrays: a network of nodes, as graph neural networks save it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import printable
from netsci.io.formats.matlab.matrices import build_matrices
from netsci.io.formats.numpy_file import read_headers, read_numbers
from netsci.io.guess import Guess
from netsci.io.limits import check_count, check_members
from netsci.io.network.arrays.coordinates import Group, assemble, find_groups
from netsci.io.network.arrays.naming import list_names
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph


def read_npz_links(path: Path, hints: Hints) -> tuple[str, LayeredGraph, list[str]] | None:
    """Return kind, graph and notes of links between nodes, or None where an npz holds layers.

    A square matrix in parts is a network if it is the only one or its name says so, pairs of nodes always.
    """
    with zipfile.ZipFile(path) as archive:
        check_count(path, len(archive.infolist()), "arrays")
        check_members(path, archive.infolist(), path.stat().st_size)
        headers = read_headers(path, archive)
        if {"format", "shape", "data"} <= set(headers):
            return None  # scipy's own
        groups = [group for group in find_groups(headers) if not group.is_aside]
        if not groups or hints.format == "matrix":
            return None
        matrices = {_name_group(group): _read(path, archive, group) for group in groups}
    square = {name for name, matrix in matrices.items() if matrix.shape[0] == matrix.shape[1]}
    known = [group for group in groups if group.is_graph and _name_group(group) in square]
    if not known and not (len(groups) == 1 and square):
        return None
    wanted = [_name_group(group) for group in known or groups]
    used = {part for group in groups for part in group.parts.values() if _name_group(group) in wanted}
    rest = [printable(name) for name in headers if name not in used]
    graph, notes = build_matrices(path, "npz", {name: matrices[name] for name in wanted}, [])
    if rest:
        notes.append(f"left out: {list_names(rest)}")
    layout = Guess(f"links are read from several arrays: {list_names(sorted(map(printable, used)))}")
    return "npz of links", graph, [layout, *notes]


def _name_group(group: Group) -> str:
    return group.name or "nodes"


def _read(path: Path, archive: zipfile.ZipFile, group: Group) -> Any:
    return assemble(path, group, {name: read_numbers(archive, name) for name in group.parts.values()})
